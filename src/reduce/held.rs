//! Concentrations of a reduced cell at rest.
//!
//! They follow the currents per area of its own compartments, not those of the detailed cell, and channels that read them or
//! whose reversal potential follows them carry currents accordingly. So that it rests where the detailed cell does, it is
//! held there until they come to rest.

use super::compartments::Compartments;
use super::rest::rest;
use crate::engine::CellPlan;
use crate::error::Result;

/// Potentials are held by leaks so many times all other conductances.
const HOLD: f64 = 1e6;

/// Works out the concentrations of `cell` with each compartment at its potential of rest.
///
/// # Errors
/// If the compartments make no cell, or it cannot be run.
pub(super) fn settle(cell: &mut Compartments, temperature_k: f64) -> Result<()> {
    if cell.pools.is_empty() {
        return Ok(());
    }
    let mut held = cell.clone();
    let total: f64 = held.compartments.iter().map(|c| c.coupling_s + c.rest_conductance_s.abs()).sum();
    for compartment in &mut held.compartments {
        compartment.leak_s = HOLD * total;
        compartment.leak_reversal_v = compartment.rest_v;
    }
    let held = held.to_cell()?;
    let plan = CellPlan::new(&held, &[])?;
    let found = rest(&held, &plan, temperature_k)?;
    let tree = &plan.discretisation;
    // Each compartment is a section, in the same order.
    for (compartment, section) in cell.compartments.iter_mut().zip(held.morphology.section_ids()) {
        let Some(cv) = tree.cvs_of(section).next() else { continue };
        let node = tree.cvs[cv].node as usize;
        let at = |(ion, values): (&String, &Vec<Option<(f64, f64)>>)| Some((ion.clone(), values[node]?));
        compartment.concentrations = found.concentrations.iter().filter_map(at).collect();
    }
    Ok(())
}
