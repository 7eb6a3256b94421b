//! Ions whose concentrations the membrane depends on.

use std::sync::Arc;

use super::densities::Spread;
use super::regions::{Part, Places};
use super::report::{Report, some_of};
use crate::dynamics::{Dynamics, Parameter};
use crate::error::ErrorKind;
use crate::lems::{Component, Set};
use crate::model::{Pool, Source, concentration_input};
use crate::units::Dimension;

/// A pool and the segments it is on.
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) pool: Pool,
    pub(super) part: Part,
}

/// The species of `inside`, an `intracellularProperties`.
pub(super) fn pools(set: &Set, inside: &Component, places: Places<'_>, report: &mut Report) -> Vec<Filled> {
    let mut filled: Vec<Filled> = Vec::new();
    for species in inside.in_slot("speciesList") {
        let Some(part) = places.of(species, report) else { continue };
        let model = species.reference("concentrationModel").and_then(|id| set.component(id));
        let ion = species.text("ion").or(model.and_then(|model| model.text("ion"))).or(species.id.as_deref());
        let Some(ion) = ion else {
            report.errors.push(species.error(ErrorKind::Syntax, "attribute 'ion' is missing"));
            continue;
        };
        let Some(mut dynamics) = report.accept(species, set.flatten(species)) else { continue };
        dynamics.name = species.id.clone().unwrap_or_else(|| ion.to_string());
        if part.members.is_empty() {
            report.warn("no-place", species, "it lands on no compartment: its group has no segments");
            continue;
        }
        if let Some(twice) = filled.iter().find(|f| f.pool.ion == ion && overlap(&f.part, &part).is_some()) {
            let at = overlap(&twice.part, &part).map_or(0, |index| places.segments.list[index].id);
            let message = format!("a second species of the ion '{ion}' on segment {at}");
            report.errors.push(species.error(ErrorKind::Value, message));
            continue;
        }
        let pool = Pool {
            ion: ion.to_string(),
            dynamics: Arc::new(dynamics),
            source: model.map(|model| Arc::new(Source::of(set, model))),
            region: part.region.clone(),
            parameters: Vec::new(),
        };
        filled.push(Filled { pool, part });
    }
    filled
}

/// The first segment that is in both.
fn overlap(one: &Part, other: &Part) -> Option<usize> {
    one.members.iter().copied().find(|index| other.members.binary_search(index).is_ok())
}

/// Adds pools that stay at 0 where something reads a concentration that no species gives, as LEMS
/// sums over no species.
pub(super) fn add_missing(
    spreads: &[Spread<'_>],
    filled: &mut Vec<Filled>,
    places: Places<'_>,
    report: &mut Report,
) {
    let mut wanted: Vec<(String, Vec<bool>, &Component)> = Vec::new();
    for spread in spreads {
        let ions = spread.density.dynamics.inputs.iter().filter_map(|input| concentration_input(&input.name));
        for (ion, _) in ions {
            let at = match wanted.iter().position(|(known, ..)| *known == ion) {
                Some(at) => at,
                None => {
                    wanted.push((ion, vec![false; places.segments.list.len()], spread.component));
                    wanted.len() - 1
                }
            };
            spread.part.members.iter().for_each(|&index| wanted[at].1[index] = true);
        }
    }
    for (ion, mut here, component) in wanted {
        for known in filled.iter().filter(|known| known.pool.ion == ion) {
            known.part.members.iter().for_each(|&index| here[index] = false);
        }
        let members: Vec<usize> = (0..here.len()).filter(|&index| here[index]).collect();
        if members.is_empty() {
            continue;
        }
        let ids: Vec<u64> = members.iter().map(|&index| places.segments.list[index].id).collect();
        let message = format!(
            "it reads the concentration of '{ion}', and no species gives it on segments {}: taken as 0 inside and outside",
            some_of(&ids)
        );
        report.warn("no-species", component, message);
        report.assume(format!("concentrations of {ion} where no species gives them: 0"));
        let part = if members.len() == here.len() { places.all() } else { places.part(members) };
        let pool = Pool {
            dynamics: Arc::new(nothing(&ion)),
            source: None,
            region: part.region.clone(),
            parameters: Vec::new(),
            ion,
        };
        filled.push(Filled { pool, part });
    }
}

/// A pool in which there is nothing, ever.
fn nothing(ion: &str) -> Dynamics {
    let names = ["concentration", "extConcentration"];
    let parameter =
        |name: &str| Parameter { name: name.to_string(), dimension: Dimension::CONCENTRATION, value: 0.0 };
    Dynamics {
        name: format!("{ion}_missing"),
        component_type: "concentrationModel".to_string(),
        parameters: names.iter().map(|name| parameter(name)).collect(),
        exposures: names.iter().map(|name| (name.to_string(), name.to_string())).collect(),
        ..Dynamics::default()
    }
}
