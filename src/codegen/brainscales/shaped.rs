//! Cells with a shape, laid out as trees of circuits: their synapses and recordings by the labels of compartments.

use std::collections::BTreeMap;

use super::tree::{Tree, label_at, tree};
use crate::codegen::Job;
use crate::codegen::names::identifier;
use crate::codegen::points::{Heard, Shaped};
use crate::codegen::standard::receptor_of;
use crate::engine::CellPlan;
use crate::error::Result;
use crate::model::{CableCell, Draws, PopulationCell, Site, Use};
use crate::select::{Cable, Points};

/// Lays out the cells with a shape; what can't be goes to [`Job::cannot`] later, as no standard cell.
pub(super) fn lay_out(
    job: &mut Job<'_>,
    trees: &mut BTreeMap<usize, Tree>,
    shaped: &mut BTreeMap<usize, Option<Shaped>>,
) -> Result<()> {
    let model = job.model;
    let draws = Draws::of(model);
    for (index, population) in model.populations.iter().enumerate() {
        let PopulationCell::Cable(cell) = &population.cell else { continue };
        let mut told = Vec::new();
        let class: String = format!("{}Cell", identifier(&population.name));
        let made = tree(cell, &class, &mut |error| told.push(error));
        let made = made.and_then(|tree| {
            let receptors: Vec<_> = cell.synapses.iter().map(receptor_of).collect::<Result<_>>()?;
            let mut shaped = Shaped::default();
            for at in 0..population.size {
                let draw = |synapse: usize| draws.at((index, at), Use::Synapse(synapse));
                let places = places(cell, &tree, &draw)?;
                for (synapse, (places, receptor)) in places.into_iter().zip(&receptors).enumerate() {
                    for (point, compartment) in places.into_iter().enumerate() {
                        let heard = Heard {
                            receptor: receptor.name.to_string(),
                            weight: receptor.weight,
                            compartment,
                        };
                        shaped.synapses.insert((at, synapse as u32, point as u32), heard);
                    }
                }
            }
            Ok((shaped, tree))
        });
        match made {
            Ok((cells, tree)) => {
                shaped.insert(index, Some(cells));
                trees.insert(index, tree);
                job.out.differences.push(format!(
                    "population '{}': the settings of its compartments have to be found on the chip; the script says the time \
                     constants that are wanted",
                    population.name
                ));
            }
            Err(error) => {
                shaped.insert(index, None);
                told.push(error);
            }
        }
        for error in told {
            job.cannot(error.in_element(format!("population '{}'", population.name)));
        }
    }
    Ok(())
}

/// The compartments of the points of each synapse of a cell.
fn places(
    cell: &CableCell,
    tree: &Tree,
    draw: &dyn Fn(usize) -> crate::select::Draw,
) -> Result<Vec<Vec<String>>> {
    let plan = CellPlan::new(cell, &[])?;
    let cable = Cable::new(&cell.morphology, &plan.geometry);
    let of_synapse = |(at, synapse): (usize, &crate::model::Placed)| -> Result<Vec<String>> {
        let locations = synapse.points.evaluate(&cable, &draw(at))?;
        Ok(locations.into_iter().map(|l| label_at(tree, &plan, l).to_string()).collect())
    };
    cell.synapses.iter().enumerate().map(of_synapse).collect()
}

/// Recorded potentials of cells with a shape: population, cell, compartment.
pub(super) fn traces(job: &Job<'_>, trees: &BTreeMap<usize, Tree>) -> Result<Vec<(usize, usize, String)>> {
    let model = job.model;
    let draws = Draws::of(model);
    let mut found = Vec::new();
    for (at, recording) in model.recordings.iter().enumerate() {
        let population = recording.population;
        let (Some(tree), PopulationCell::Cable(cell)) =
            (trees.get(&population), &model.populations[population].cell)
        else {
            continue;
        };
        let points: &Points = match &recording.site {
            Site::Points(points) if recording.variables.iter().any(|v| v == "v") => points,
            _ => continue,
        };
        let plan = CellPlan::new(cell, &[])?;
        let cable = Cable::new(&cell.morphology, &plan.geometry);
        for index in recording.cells.indices(model.populations[population].size) {
            let draw = draws.at((population, index), Use::Recording(at));
            for location in points.evaluate(&cable, &draw)? {
                found.push((population, index, label_at(tree, &plan, location).to_string()));
            }
        }
    }
    Ok(found)
}
