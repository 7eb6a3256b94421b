//! Cells of a few passive compartments in a row, as BrainScaleS-2 joins circuits (Kaiser et al. 2022, Neuroscience 489:290).
//!
//! Each compartment is one circuit, or two between neighbours: one is on the shared line with the next compartment directly,
//! the other reaches the line with the one before through its conductance.

use serde::Serialize;

use crate::cable::NONE;
use crate::codegen::names::identifier;
use crate::codegen::tidy::tidy;
use crate::codegen::units::rounded;
use crate::engine::CellPlan;
use crate::error::{Error, ErrorKind, Result};
use crate::hardware::brainscales::bss2;
use crate::model::CableCell;
use crate::select::Location;

/// Columns of circuits without a border between quadrants.
const COLUMNS: usize = 128;

/// A cell as the template has it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Chain {
    pub(super) class: String,
    compartments: Vec<Compartment>,
    links: Vec<Link>,
    /// Circuits that it takes.
    pub(super) circuits: usize,
    /// Label of each compartment, by its index in the discretisation.
    #[serde(skip)]
    pub(super) labels: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
struct Compartment {
    label: String,
    positions: Vec<usize>,
    /// The circuit on the line to the next.
    direct: Option<usize>,
    /// The circuit that reaches the line to the one before, and its conductance, 0 to 1022.
    conductance: Option<(usize, u32)>,
    /// Membrane time constant, ms of biology.
    tau_m: f64,
    /// Time constant to the compartment before, ms of biology; 0 for the first.
    tau_icc: f64,
}

#[derive(Debug, Clone, Serialize)]
struct Link {
    start: usize,
    stop: usize,
}

/// Lays out `cell` as a chain called `class`; what of it the chip can't hold is told to `cannot`.
///
/// # Errors
/// If it is none: branches, active channels, pools, too many compartments.
pub(super) fn chain(cell: &CableCell, class: &str, cannot: &mut dyn FnMut(Error)) -> Result<Chain> {
    let unsupported = |message: String| Error::new(ErrorKind::Unsupported, message);
    if !cell.pools.is_empty() {
        return Err(unsupported("ion concentrations: a circuit has none".to_string()));
    }
    for density in &cell.densities {
        let flat = tidy(&density.dynamics, &["iDensity"], &[], &[]);
        if !flat.states.is_empty()
            || flat.parameter("condDensity").is_none()
            || flat.parameter("erev").is_none()
        {
            let message = format!(
                "channel '{}': a circuit has a leak, an exponential term and an adaptation, no ion channels",
                density.name
            );
            return Err(unsupported(message).help("reduce the cell to passive compartments first"));
        }
    }
    let plan = CellPlan::new(cell, &[])?;
    let cut = &plan.discretisation;
    // Neighbours: forks without area join the compartments around them; with two around it a fork is a resistor.
    let n = cut.cvs.len();
    if cut.node_cv.contains(&NONE) || n > COLUMNS / 2 + 1 {
        let what = if n > COLUMNS / 2 + 1 { format!("{n} compartments") } else { "branches".to_string() };
        let message = format!("{what}: only chains of at most {} compartments are laid out", COLUMNS / 2 + 1);
        return Err(unsupported(message).help("reduce the cell first: neuropil reduce"));
    }
    let mut neighbours: Vec<Vec<(usize, f64)>> = vec![Vec::new(); n];
    for (node, parent) in cut.node_parent.iter().enumerate().filter(|(_, parent)| **parent != NONE) {
        let (a, b) = (cut.node_cv[node] as usize, cut.node_cv[*parent as usize] as usize);
        neighbours[a].push((b, plan.axial_s[node]));
        neighbours[b].push((a, plan.axial_s[node]));
    }
    if neighbours.iter().any(|list| list.len() > 2) {
        return Err(
            unsupported("branches: only chains are laid out".to_string()).help("reduce the cell first")
        );
    }
    let end = (0..n).find(|cv| neighbours[*cv].len() < 2).unwrap_or(0);
    let mut order = vec![(end, 0.0)];
    while let Some((next, g)) = neighbours[order[order.len() - 1].0]
        .iter()
        .find(|(cv, _)| order.len() < 2 || *cv != order[order.len() - 2].0)
        .copied()
        .filter(|_| order.len() < n)
    {
        order.push((next, g));
    }
    let mut leak = vec![0.0; n];
    for spread in &plan.mechanisms {
        let dynamics = &spread.mechanism.dynamics;
        let uniform = dynamics.parameter("condDensity").map_or(0.0, |p| p.value);
        let at = spread.mechanism.varying.iter().position(|name| name == "condDensity");
        for (cv, leak) in leak.iter_mut().enumerate() {
            let density = at.map_or(uniform, |column| spread.values[column][cv]);
            *leak += density * spread.cover[cv] * cut.cvs[cv].area_m2;
        }
    }
    let capacitance = |cv: usize| plan.capacitance_f[cut.cvs[cv].node as usize];
    let strongest = order.iter().map(|(cv, g)| g / capacitance(*cv)).fold(0.0_f64, f64::max);
    let mut labels = vec![String::new(); n];
    let mut compartments = Vec::with_capacity(n);
    for (place, (cv, g)) in order.iter().enumerate() {
        let section = &cell.morphology.section(cut.cvs[*cv].section).name;
        let label = format!("{}_{}", identifier(section), place);
        labels[*cv].clone_from(&label);
        let left = (place > 0).then(|| 2 * place - 1);
        let right = (place + 1 < n).then_some(2 * place);
        let mut positions: Vec<usize> = left.into_iter().chain(right).collect();
        if positions.is_empty() {
            positions.push(0);
        }
        let tau_m = rounded(capacitance(*cv) / leak[*cv] * 1e3);
        let tau_icc = if place == 0 { 0.0 } else { rounded(capacitance(*cv) / g * 1e3) };
        for (what, value, range) in
            [("tau_m", tau_m, bss2::CALIBRATED[0]), ("tau_icc", tau_icc, bss2::BETWEEN_COMPARTMENTS)]
        {
            if (what == "tau_m" || place > 0) && !range.holds(value) {
                cannot(unsupported(format!(
                    "{what} of compartment {label} = {value} ms; BrainScaleS-2 takes {} to {} ms, the nearest is {}",
                    range.least,
                    range.greatest,
                    range.nearest(value)
                )));
            }
        }
        let share = g / capacitance(*cv) / strongest;
        compartments.push(Compartment {
            label,
            positions,
            direct: right,
            conductance: left
                .map(|circuit| (circuit, (share * f64::from(bss2::CAPMEM)).round().max(1.0) as u32)),
            tau_m,
            tau_icc,
        });
    }
    let links = (0..n.saturating_sub(1)).map(|i| Link { start: 2 * i, stop: 2 * i + 1 }).collect();
    Ok(Chain {
        class: class.to_string(),
        compartments,
        links,
        circuits: (2 * n).saturating_sub(2).max(1),
        labels,
    })
}

/// The label of the compartment that holds `location` of a cell laid out by [`chain`].
pub(super) fn label_at<'c>(chain: &'c Chain, plan: &CellPlan, location: Location) -> &'c str {
    let cv = plan.discretisation.cv_at(location.section, location.fraction) as usize;
    chain.labels.get(cv).map_or("", String::as_str)
}
