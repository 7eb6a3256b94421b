//! Which contacts there are on target cells, and which of them a projection takes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::junctions::each_coupling;
use super::{Member, Row, Wiring, Work};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Connection, Contacts, Draws, Junction, Model, PopulationCell, Position, Receiver, Sender, Use,
};
use crate::morph::Geometry;
use crate::select::{Cable, Location};
use crate::simd::Level;

/// Told the shape of a target (none for point cells), the name of the synapse and its contacts there.
type Look<'l, T> = &'l mut dyn FnMut(Option<&Cable<'_>>, &str, &[Location]) -> Result<T>;

impl Wiring<'_> {
    /// The contacts of each target that lie in the region of [`Contacts::Within`]; empty for other choices.
    ///
    /// # Errors
    /// If a target has none there.
    pub fn within(&self, model: &Model) -> Result<Vec<Vec<u32>>> {
        let Contacts::Within(region) = &self.projection.contacts else { return Ok(Vec::new()) };
        self.on_targets(model, &mut |cable, name, locations| {
            let Some(cable) = cable else { return Ok(vec![0]) };
            let cover = region.evaluate(cable).map_err(|e| self.named(e))?;
            let inside = locations.iter().enumerate().filter(|(_, location)| cover.contains(**location));
            let list: Vec<u32> = inside.map(|(at, _)| at as u32).collect();
            if list.is_empty() {
                let message = format!("none of the {} contacts of {name} lies in {region}", locations.len());
                return Err(self.wrong(ErrorKind::Value, message));
            }
            Ok(list)
        })
    }

    /// What `look` says of the contacts on each target; of cells that are all alike it is asked once.
    fn on_targets<T: Clone>(&self, model: &Model, look: Look<'_, T>) -> Result<Vec<T>> {
        let draws = Draws::of(model);
        let mut found: Vec<T> = Vec::with_capacity(self.targets.len());
        let mut last: Option<(u32, Geometry)> = None;
        for member in &self.targets {
            let Member { part, population, index } = *member;
            let receptor = self.projection.receptors.get(part as usize);
            let (PopulationCell::Cable(cell), Some(synapse)) =
                (&model.populations[population as usize].cell, receptor.and_then(|r| r.synapse))
            else {
                last = None;
                found.push(look(None, "", &[])?);
                continue;
            };
            let Some(synapse_on) = cell.synapses.get(synapse as usize) else {
                return Err(self.wrong(ErrorKind::Name, format!("there is no synapse {synapse}")));
            };
            let is_new = last.as_ref().is_none_or(|(known, _)| *known != part);
            if is_new {
                last = Some((part, Geometry::of(&cell.morphology)));
            } else if !synapse_on.points.is_random()
                && let Some(same) = found.last().cloned()
            {
                found.push(same);
                continue;
            }
            let Some((_, geometry)) = &last else { continue };
            let cable = Cable::new(&cell.morphology, geometry);
            let draw = draws.at((population as usize, index as usize), Use::Synapse(synapse as usize));
            let locations = synapse_on.points.evaluate(&cable, &draw)?;
            found.push(look(Some(&cable), &synapse_on.name, &locations)?);
        }
        Ok(found)
    }
}

/// Connections at most that are listed one by one, for who takes no others.
pub const MOST_LISTED: usize = 20_000_000;

/// The connections of a model's projections, one by one.
///
/// # Errors
/// If a projection can not be drawn, or makes more than `most`.
pub fn one_by_one(model: &Model, most: usize) -> Result<Vec<Connection>> {
    let mut connections = Vec::new();
    let carries_events = |number: &usize| model.projections[*number].junction.is_none();
    for number in (0..model.projections.len()).filter(carries_events) {
        let left = most - connections.len();
        connections.extend(connections_of(model, number, left)?);
    }
    Ok(connections)
}

/// The connections of projection `number` of a model, one by one.
///
/// # Errors
/// If it can not be drawn, or makes more than `most`.
pub fn connections_of(model: &Model, number: usize, most: usize) -> Result<Vec<Connection>> {
    let wiring = Wiring::new(model, number, Level::fastest())?;
    let mut connections = Vec::new();
    wiring.each(model, &mut |connection, _, _| {
        if connections.len() >= most {
            return Err(wiring.wrong(ErrorKind::Limit, format!("more than {most} connections")));
        }
        connections.push(*connection);
        Ok(())
    })?;
    Ok(connections)
}

/// Where a contact is on a cell with a shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ContactSite {
    /// Section and fraction of its length.
    pub location: Location,
    /// Index of the segment in the morphology.
    pub segment: u32,
    /// Distance from the soma along the cable, µm.
    pub distance_um: f64,
    /// Place on the shape, moved to where the cell is if its population has places, µm.
    pub position_um: Position,
}

/// Tells `each` every connection of projection `number` with its contact on the target, none for point cells, in the order in
/// which the engine makes them; of a junction both ends, each as the target once. Nothing is kept but the sites on one target
/// after the other.
///
/// # Errors
/// If the projection can not be drawn, and what `each` says.
pub fn each_contact(
    model: &Model,
    number: usize,
    each: &mut dyn FnMut(&Connection, Option<&ContactSite>) -> Result<()>,
) -> Result<()> {
    let wiring = Wiring::new(model, number, Level::fastest())?;
    if let Some(junction) = &wiring.projection.junction {
        return each_end(model, number, junction, each);
    }
    let sites: Vec<Arc<[ContactSite]>> = wiring.on_targets(model, &mut |cable, _, locations| {
        Ok(cable.map_or_else(Vec::new, |cable| locations.iter().map(|l| site(cable, *l)).collect()).into())
    })?;
    wiring.each(model, &mut |connection, j, point| {
        let site = sites.get(j as usize).and_then(|sites| sites.get(point as usize));
        each(connection, site.map(|site| moved(site, model, connection.target)).as_ref())
    })
}

/// The contacts at both ends of a junction, as connections there and back without a delay.
fn each_end(
    model: &Model,
    number: usize,
    junction: &Junction,
    each: &mut dyn FnMut(&Connection, Option<&ContactSite>) -> Result<()>,
) -> Result<()> {
    let mut geometries: BTreeMap<u32, Geometry> = BTreeMap::new();
    each_coupling(model, number, junction, &mut |[one, other], weight| {
        for ((source, _), (target, location)) in [(one, other), (other, one)] {
            let [source, target] = [source, target].map(|end| (end.population as usize, end.index as usize));
            let site = match (&model.populations[target.0].cell, location) {
                (PopulationCell::Cable(cell), Some(location)) => {
                    let known = geometries.entry(target.0 as u32);
                    let geometry = known.or_insert_with(|| Geometry::of(&cell.morphology));
                    Some(moved(&site(&Cable::new(&cell.morphology, geometry), location), model, target))
                }
                _ => None,
            };
            let connection = Connection {
                source,
                sender: Sender::Cell,
                target,
                receiver: Receiver::Cell,
                port: 0,
                weight,
                delay_s: 0.0,
            };
            each(&connection, site.as_ref())?;
        }
        Ok(())
    })
}

/// `site` where the cell is.
fn moved(site: &ContactSite, model: &Model, (population, cell): (usize, usize)) -> ContactSite {
    let own = model.populations[population].positions.get(cell).copied().unwrap_or_default();
    ContactSite { position_um: std::array::from_fn(|axis| site.position_um[axis] + own[axis]), ..*site }
}

fn site(cable: &Cable<'_>, location: Location) -> ContactSite {
    let Location { section, fraction } = location;
    let segments = cable.morphology.section(section).segments.clone();
    let reaches = |nth: &usize| cable.geometry.segment_span(section, *nth).1 >= fraction;
    let nth = (0..segments.len()).find(reaches).unwrap_or(segments.len().saturating_sub(1));
    let point = cable.geometry.point_at(section, fraction);
    ContactSite {
        location,
        segment: segments.start + nth as u32,
        distance_um: cable.geometry.path_distance_um(section, fraction),
        position_um: [point.x, point.y, point.z],
    }
}

/// The step nearest to a time, half-way ones to the earlier: as NEURON, which hands over events up to t + dt/2.
pub fn nearest_step(time_s: f64, dt_s: f64) -> f64 {
    // The greater of 0 and −0 may be either: adding 0 makes it the one.
    (time_s / dt_s - 0.5 - 1e-9).ceil().max(0.0) + 0.0
}

/// A delay in whole steps, s: [`nearest_step`].
pub fn whole_steps(delay_s: f64, dt_s: f64) -> f64 {
    nearest_step(delay_s, dt_s) * dt_s
}

impl Wiring<'_> {
    /// Tells `each` every connection, with the index of its target and the number of the contact there.
    fn each(&self, model: &Model, each: &mut dyn FnMut(&Connection, u32, u32) -> Result<()>) -> Result<()> {
        let counts = self.on_targets(model, &mut |cable, _, locations| {
            Ok(if cable.is_some() { locations.len() as u32 } else { 1 })
        })?;
        if let Some(count) = counts.iter().find(|count| !self.has_contacts(**count)) {
            let message = format!("its points are not among the {count} that a target cell has");
            return Err(self.wrong(ErrorKind::Value, message));
        }
        let within = self.within(model)?;
        let (mut work, mut row, mut chosen) = (Work::default(), Row::default(), Vec::new());
        for i in 0..self.sources.len() as u32 {
            self.row(i, &mut work, &mut row)?;
            for ((&j, &weight), &delay_s) in row.targets.iter().zip(&row.weights).zip(&row.delays_s) {
                match within.get(j as usize) {
                    Some(list) => chosen.clone_from(list),
                    None => self.contacts((i, j), counts[j as usize], &mut chosen),
                }
                let (from, to) = (self.sources[i as usize], self.targets[j as usize]);
                let dt_s = model.delay_step_s(from.population as usize, to.population as usize);
                let receptor = self.projection.receptors[to.part as usize];
                for &point in &chosen {
                    let connection = Connection {
                        source: (from.population as usize, from.index as usize),
                        sender: self.projection.sender,
                        target: (to.population as usize, to.index as usize),
                        receiver: match receptor.synapse {
                            Some(synapse) => Receiver::Synapse { synapse, point },
                            None => Receiver::Cell,
                        },
                        port: receptor.port,
                        weight,
                        delay_s: whole_steps(delay_s, dt_s),
                    };
                    each(&connection, j, point)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn wrong(&self, kind: ErrorKind, message: String) -> Error {
        self.named(Error::new(kind, message))
    }

    fn named(&self, error: Error) -> Error {
        error.in_element(format!("projection '{}'", self.projection.name))
    }
}
