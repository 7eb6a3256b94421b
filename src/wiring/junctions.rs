//! Projections that couple cells, drawn out into contacts at both ends.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Member, Row, Wiring, Work};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Attachments, Connector, Contact, Coupling, Junction, Model, PopulationCell, Projection, cell_key,
    name_key,
};
use crate::morph::Geometry;
use crate::select::{Cable, Draw, Location, Points};
use crate::simd::Level;

/// `model` with its junctions as contacts and couplings, one by one, and without the projections that said so.
///
/// # Errors
/// If such a projection can not be drawn, or its places do not exist.
pub fn with_junctions(model: &Model) -> Result<Cow<'_, Model>> {
    if model.projections.iter().all(|projection| projection.junction.is_none()) {
        return Ok(Cow::Borrowed(model));
    }
    let mut drawn = model.clone();
    for (number, projection) in model.projections.iter().enumerate() {
        let Some(junction) = &projection.junction else { continue };
        let named = |e: Error| e.in_element(format!("projection '{}'", projection.name));
        couple(model, number, junction, &mut drawn).map_err(named)?;
    }
    // Those that take the pairs of others name them by their number.
    let numbers: Vec<usize> = kept_before(model);
    for projection in drawn.projections.iter_mut().filter(|projection| projection.junction.is_none()) {
        let Connector::Clone(other) = &mut projection.connector else { continue };
        if model.projections.get(*other).is_some_and(|other| other.junction.is_some()) {
            let message = "it takes the pairs of a junction: let the junction take those of the projection";
            let error = Error::new(ErrorKind::Unsupported, message);
            return Err(error.in_element(format!("projection '{}'", projection.name)));
        }
        *other = numbers.get(*other).copied().unwrap_or(*other);
    }
    drawn.projections.retain(|projection| projection.junction.is_none());
    Ok(Cow::Owned(drawn))
}

/// For each projection how many before it are no junctions.
fn kept_before(model: &Model) -> Vec<usize> {
    let kept = |count: &mut usize, projection: &Projection| {
        let before = *count;
        *count += usize::from(projection.junction.is_none());
        Some(before)
    };
    model.projections.iter().scan(0, kept).collect()
}

/// Told both ends of a coupling and its weight.
pub(super) type EachCoupling<'a> = &'a mut dyn FnMut([(Member, Option<Location>); 2], f64) -> Result<()>;

/// Tells `each` both ends of every coupling of projection `number`, which is `junction`: the cell and the place on it, none on
/// point cells; and the weight.
///
/// # Errors
/// If the projection can not be drawn, or its places do not exist, and what `each` says.
pub(super) fn each_coupling(
    model: &Model,
    number: usize,
    junction: &Junction,
    each: EachCoupling<'_>,
) -> Result<()> {
    let wiring = Wiring::new(model, number, Level::fastest())?;
    let use_id = name_key(&model.projections[number].name);
    let mut places = Places { use_id, geometries: BTreeMap::new() };
    let (mut work, mut row) = (Work::default(), Row::default());
    for i in 0..wiring.sources.len() as u32 {
        wiring.row(i, &mut work, &mut row)?;
        let one = wiring.sources[i as usize];
        for (&j, &weight) in row.targets.iter().zip(&row.weights) {
            let other = wiring.targets[j as usize];
            let [one, other] = [(one, &junction.source_at), (other, &junction.target_at)]
                .map(|(member, at)| places.location(model, member, at.as_ref()).map(|at| (member, at)));
            each([one?, other?], weight)?;
        }
    }
    Ok(())
}

/// Puts contacts on the cells of projection `number` and couples them: a list for each population that has some.
fn couple(model: &Model, number: usize, junction: &Junction, drawn: &mut Model) -> Result<()> {
    let mut lists: BTreeMap<u32, usize> = BTreeMap::new();
    each_coupling(model, number, junction, &mut |ends, weight| {
        let [one, other] = ends.map(|(member, location)| {
            let list = *lists.entry(member.population).or_insert_with(|| {
                drawn.attachments.push(Attachments {
                    name: junction.dynamics.name.clone(),
                    population: member.population as usize,
                    list: None,
                    dynamics: Arc::clone(&junction.dynamics),
                    contacts: Vec::new(),
                });
                drawn.attachments.len() - 1
            });
            let contacts = &mut drawn.attachments[list].contacts;
            contacts.push(Contact { cell: member.index, location, weight });
            (list as u32, contacts.len() as u32 - 1)
        });
        drawn.couplings.push(Coupling { one, other });
        Ok(())
    })
}

/// Where the ends of one projection are.
struct Places {
    /// What random places at its ends are drawn by.
    use_id: u64,
    geometries: BTreeMap<u32, Geometry>,
}

impl Places {
    fn location(&mut self, model: &Model, member: Member, at: Option<&Points>) -> Result<Option<Location>> {
        let population = &model.populations[member.population as usize];
        let PopulationCell::Cable(cell) = &population.cell else { return Ok(None) };
        let Some(points) = at else {
            let message = format!("where on the cells of '{}' is not said", population.name);
            return Err(Error::new(ErrorKind::Value, message));
        };
        let geometry =
            self.geometries.entry(member.population).or_insert_with(|| Geometry::of(&cell.morphology));
        let cable = Cable::new(&cell.morphology, geometry);
        let cell = cell_key(&population.name, member.index as usize);
        let found = points.evaluate(&cable, &Draw { seed: model.seed, cell, use_id: self.use_id })?;
        Ok(found.first().copied())
    }
}
