//! From what a method worked out to compartments: leaks that make the cell rest where it rests, names, pools.

use std::collections::BTreeMap;

use super::compartments::{Compartment, Compartments};
use super::detailed::Detailed;
use super::held;
use super::reduced::Reduced;
use crate::error::Result;
use crate::morph::SectionKind;

/// The least leak, as a share of the leak of what a compartment stands for.
const LEAST_LEAK: f64 = 0.2;
/// The least area and capacitance, as a share of what an average compartment has: branch points between compartments that
/// are all kept have none of their own.
const LEAST_SIZE: f64 = 1e-4;
/// How often concentrations are worked out, at most: channels that give way to others change them.
const ROUNDS: usize = 3;

/// Compartments as a method leaves them, parents before children.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// The node that each stands for, whose name and place it gets.
    pub nodes: Vec<usize>,
    pub parents: Vec<Option<usize>>,
    pub couplings_s: Vec<f64>,
    pub areas_m2: Vec<f64>,
    pub capacitances_f: Vec<f64>,
    /// Conductance to ground at rest, leak and channels.
    pub grounds_s: Vec<f64>,
    /// Leak conductance of the membrane that each stands for.
    pub leaks_s: Vec<f64>,
    /// Potential at rest, V.
    pub rest_v: Vec<f64>,
    /// Current that is not balanced there: nothing in a cell that rests.
    pub unbalanced_a: Vec<f64>,
    /// For each channel that is no leak the amount in each compartment.
    pub amounts: Vec<Vec<f64>>,
    /// Whether conductances to ground are to come out whatever channels it costs.
    pub keeps_grounds: bool,
    /// For each node of the detailed cell its compartment.
    pub home: Vec<usize>,
}

/// Makes the compartments of `plan`.
///
/// # Errors
/// If a channel has no value at rest, or the compartments have no impedance.
pub(super) fn assemble(full: &Detailed, plan: Plan) -> Result<Reduced> {
    let cell = compartments(full, &plan)?;
    Reduced::new(full, cell, plan.home)
}

/// The compartments of `plan` alone.
///
/// # Errors
/// If a channel has no value at rest.
pub(super) fn compartments(full: &Detailed, plan: &Plan) -> Result<Compartments> {
    let mut cell = bare(full, plan)?;
    for _ in 0..ROUNDS {
        // Without channels nothing fills a pool.
        if !plan.amounts.is_empty() {
            held::settle(&mut cell, full.temperature_k)?;
        }
        if !balance(full, plan, &mut cell)? {
            break;
        }
    }
    Ok(cell)
}

/// The compartments without a leak.
fn bare(full: &Detailed, plan: &Plan) -> Result<Compartments> {
    let areas = floored(&plan.areas_m2);
    let capacitances = floored(&plan.capacitances_f);
    let compartment = |at: usize| Compartment {
        parent: plan.parents[at],
        coupling_s: plan.couplings_s[at],
        capacitance_f: capacitances[at],
        area_m2: areas[at],
        rest_v: plan.rest_v[at],
        rest_conductance_s: plan.grounds_s[at],
        channels: plan.amounts.iter().map(|amounts| amounts[at]).collect(),
        ..described(full, plan.nodes[at])
    };
    let mut cell = Compartments {
        name: format!("{}_reduced", full.cell.morphology.name),
        compartments: (0..plan.nodes.len()).map(compartment).collect(),
        channels: full.gated().map(|(spread, _)| spread.channel.clone()).collect(),
        pools: Vec::new(),
        resistivity_ohm_m: 1.0,
    };
    name(&mut cell);
    super::pools::place(full, &plan.home, &mut cell)?;
    Ok(cell)
}

/// Gives each compartment the leak with which its conductance at rest comes out, and the reversal potential with which the
/// cell rests where `plan` says, its concentrations as they are. Whether channels had to give way for that.
fn balance(full: &Detailed, plan: &Plan, cell: &mut Compartments) -> Result<bool> {
    let n = cell.compartments.len();
    let (mut open, mut carried) = (vec![0.0; n], vec![0.0; n]);
    for ((spread, _), amounts) in full.gated().zip(&plan.amounts) {
        let there: Vec<usize> = (0..n).filter(|at| amounts[*at] > 0.0).collect();
        let place = |at: &usize| (plan.nodes[*at], cell.surroundings(*at, full.temperature_k));
        let found = spread.steady_at(&full.plan, &there.iter().map(place).collect::<Vec<_>>())?;
        for (at, steady) in there.into_iter().zip(found) {
            open[at] += amounts[at] * steady.conductance;
            carried[at] += amounts[at] * steady.current;
        }
    }
    let axial = cell.axial_currents();
    let mean_ground = plan.grounds_s.iter().map(|g| g.abs()).sum::<f64>() / n.max(1) as f64;
    let mut gave_way = false;
    for (at, compartment) in cell.compartments.iter_mut().enumerate() {
        let least = LEAST_LEAK * plan.leaks_s[at].max(LEAST_SIZE * mean_ground);
        let leak_s = (plan.grounds_s[at] - open[at]).max(least);
        // Channels that are together more than there is room for, each a little less.
        let room = plan.grounds_s[at] - leak_s;
        let crowded = plan.keeps_grounds && room > 0.0 && open[at] > room;
        let share = if crowded { room / open[at] } else { 1.0 };
        gave_way |= crowded;
        // Currents add up as they do in the detailed cell: to nothing where it rests.
        let missing = plan.unbalanced_a[at] - share * carried[at] - axial[at];
        compartment.channels = plan.amounts.iter().map(|amounts| share * amounts[at]).collect();
        compartment.leak_s = leak_s;
        compartment.leak_reversal_v = plan.rest_v[at] + missing / leak_s;
        compartment.rest_conductance_s = leak_s + share * open[at];
    }
    Ok(gave_way)
}

/// Gives compartments of the same section different names.
fn name(cell: &mut Compartments) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for compartment in &mut cell.compartments {
        let count = counts.entry(compartment.name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            compartment.name = format!("{}_at_{count}", compartment.name);
        }
    }
}

/// A compartment for `node` with the name, the kind and the place that it has.
fn described(full: &Detailed, node: usize) -> Compartment {
    let place = full.location(node);
    let section = full.cell.morphology.section(place.section);
    let point = full.plan.geometry.point_at(place.section, place.fraction);
    Compartment {
        name: section.name.clone(),
        kind: if node == full.soma() { SectionKind::Soma } else { section.kind },
        place,
        position_um: [point.x, point.y, point.z],
        parent: None,
        coupling_s: 0.0,
        capacitance_f: 0.0,
        area_m2: 0.0,
        leak_s: 0.0,
        leak_reversal_v: 0.0,
        rest_v: full.rest.v[node],
        rest_conductance_s: 0.0,
        channels: Vec::new(),
        pools: Vec::new(),
        concentrations: BTreeMap::new(),
    }
}

/// Not less than a small share of the mean.
fn floored(values: &[f64]) -> Vec<f64> {
    let least = LEAST_SIZE * values.iter().sum::<f64>() / values.len().max(1) as f64;
    values.iter().map(|value| value.max(least)).collect()
}
