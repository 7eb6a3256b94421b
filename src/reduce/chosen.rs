//! Reduction to chosen compartments by fits of impedance matrices (Wybo et al. 2021, eLife 10:e60936).
//!
//! A compartment stands at each chosen place and at the branch points between them. Conductances and couplings solve
//! G Z = 1 for the impedance matrix Z between these places in least squares. Since what lies between neighbours is
//! unbranched, the solution with the structure of the tree is exact. The amount of each channel solves the same equations
//! with the channel open to several degrees, capacitances let the slowest modes decay as they do, and the reversal
//! potentials of the leaks make the cell rest where it rests.

use faer::Mat;

use super::assemble::{Plan, compartments};
use super::compartments::Compartments;
use super::detailed::{Detailed, gathered};
use super::impedance::{Linear, inverse};
use super::membrane::{Spread, Surroundings, steady};
use super::modes;
use super::reduced::Reduced;
use super::refine::refine;
use crate::error::{Error, ErrorKind, Result};

/// Potentials at which channels are held for the fit of their amounts, V.
const HOLDING_V: [f64; 5] = [-0.075, -0.055, -0.035, -0.015, 0.005];
/// A channel whose open fraction changes less than this between the holding potentials is not opened by the potential.
const STAYS: f64 = 1e-2;
/// Amounts less than this share of the largest are left out.
const LEAST_AMOUNT: f64 = 1e-4;
/// How many modes capacitances are fitted to, at most.
const MODES: usize = 8;

/// `nodes` with the branch points between them, ascending: parents come before children.
pub(super) fn with_branch_points(cell: &Linear, nodes: &[usize]) -> Vec<usize> {
    let mut below = vec![0_u32; cell.len()];
    let mut chosen = vec![false; cell.len()];
    for &node in nodes {
        chosen[node] = true;
    }
    // How many children lead to a chosen node.
    let mut leads = chosen.clone();
    for node in (0..cell.len()).rev() {
        if below[node] >= 2 {
            chosen[node] = true;
        }
        leads[node] |= below[node] > 0;
        if leads[node]
            && let Some(parent) = cell.parent_of(node)
        {
            below[parent] += 1;
        }
    }
    (0..cell.len()).filter(|node| chosen[*node]).collect()
}

/// For each of `nodes`, which are closed under branch points, the index of the one above it.
pub(super) fn parents(cell: &Linear, nodes: &[usize]) -> Vec<Option<usize>> {
    let mut index = vec![None; cell.len()];
    for (at, &node) in nodes.iter().enumerate() {
        index[node] = Some(at);
    }
    let above = |node: &usize| {
        let mut up = cell.parent_of(*node);
        while let Some(node) = up {
            if index[node].is_some() {
                return index[node];
            }
            up = cell.parent_of(node);
        }
        None
    };
    nodes.iter().map(above).collect()
}

/// Reduces `full` to compartments at `nodes` and the branch points between them, refined for synapses at `sites`.
///
/// # Errors
/// If the cell has no impedances.
pub(super) fn reduce(full: &Detailed, nodes: &[usize], sites: &[usize]) -> Result<Reduced> {
    let nodes = with_branch_points(&full.linear, nodes);
    let (mut cell, home) = made(full, &nodes, true)?;
    let sites: Vec<usize> =
        sites.iter().filter_map(|site| nodes.iter().position(|node| node == site)).collect();
    if !sites.is_empty() {
        refine(full, &mut cell, home[full.soma()], &nodes, &sites)?;
    }
    Reduced::new(full, cell, home)
}

/// Reduces `full` to passive compartments at `nodes`, which are closed under branch points: what of channels is open at rest is leak.
///
/// # Errors
/// As [`reduce`].
pub(super) fn passive(full: &Detailed, nodes: &[usize]) -> Result<Reduced> {
    let (cell, home) = made(full, nodes, false)?;
    Ok(Reduced::new(full, cell, home)?.passive())
}

/// The compartments at `nodes`, which are closed under branch points, with channels or none, and for each node its own.
fn made(full: &Detailed, nodes: &[usize], with_channels: bool) -> Result<(Compartments, Vec<usize>)> {
    let parents = parents(&full.linear, nodes);
    if nodes.is_empty() || parents.iter().skip(1).any(Option::is_none) {
        return Err(Error::new(ErrorKind::Value, "no place is chosen for a compartment"));
    }
    let n = nodes.len();
    // At rest: couplings, and what leads out of each compartment.
    let at_rest = inverse(&full.linear.at(0.0)?.steady_matrix(nodes));
    let mut couplings = vec![0.0; n];
    let mut grounds: Vec<f64> = (0..n).map(|i| at_rest[(i, i)]).collect();
    for (at, parent) in parents.iter().enumerate() {
        if let Some(parent) = *parent {
            couplings[at] = -0.5 * (at_rest[(at, parent)] + at_rest[(parent, at)]);
            grounds[at] -= couplings[at];
            grounds[parent] -= couplings[at];
        }
    }
    let even = full.linear.interpolation(nodes, false)?;
    let leaky = full.linear.interpolation(nodes, true)?;
    let amounts = if with_channels { amounts(full, nodes, &at_rest)? } else { Vec::new() };
    let plan = Plan {
        areas_m2: areas(full, &leaky, gathered(&even, &full.plan.area_m2), &amounts),
        rest_v: nodes.iter().map(|node| full.rest.v[*node]).collect(),
        capacitances_f: capacitances(full, nodes, &at_rest, &even)?,
        leaks_s: gathered(&leaky, &full.leaks()),
        unbalanced_a: gathered(&leaky, &full.unbalanced()),
        amounts,
        keeps_grounds: true,
        home: nearest(&leaky),
        couplings_s: couplings,
        grounds_s: grounds,
        parents,
        nodes: nodes.to_vec(),
    };
    Ok((compartments(full, &plan)?, plan.home))
}

/// The membrane areas. Concentrations follow currents per area, so where a current of an ion with a pool flows, the area is
/// such that its channels are as dense as they are on the detailed cell where the concentration is read: on average over the
/// channels that it opens, or where there are none over those that carry the current. Elsewhere it is that of the membrane
/// around, `lumped`. `weights` lead from the nodes to the compartments.
fn areas(full: &Detailed, weights: &Mat<f64>, lumped: Vec<f64>, amounts: &[Vec<f64>]) -> Vec<f64> {
    let (mut carried, mut by_area) = (vec![0.0; lumped.len()], vec![0.0; lumped.len()]);
    for ion in full.rest.concentrations.keys() {
        let carries = |spread: &Spread| spread.channel.ion.as_ref() == Some(ion);
        let all = |wanted: &dyn Fn(&Spread) -> bool| {
            let mut sum = vec![0.0; full.linear.len()];
            for (spread, _) in full.gated().filter(|(spread, _)| wanted(spread)) {
                sum.iter_mut().zip(&spread.amounts).for_each(|(all, own)| *all += own);
            }
            sum
        };
        let carriers = all(&carries);
        let readers = all(&|spread| !carries(spread) && spread.channel.reads(ion));
        let density = carriers.iter().zip(&full.plan.area_m2);
        let density: Vec<f64> = density.map(|(g, area)| if *area > 0.0 { g / area } else { 0.0 }).collect();
        // On average over the first of these of which there is any.
        let seen_by: Vec<(Vec<f64>, Vec<f64>)> = [&readers, &carriers]
            .map(|by| {
                let seen: Vec<f64> = by.iter().zip(&density).map(|(by, density)| by * density).collect();
                (gathered(weights, by), gathered(weights, &seen))
            })
            .into();
        for at in 0..lumped.len() {
            let mut own = full.gated().zip(amounts).filter(|((spread, _), _)| carries(spread));
            let here: f64 = own.by_ref().map(|(_, amounts)| amounts[at]).sum();
            let seen = seen_by.iter().find(|(by, seen)| by[at] > 0.0 && seen[at] > 0.0);
            if let Some((by, seen)) = seen.filter(|_| here > 0.0) {
                carried[at] += here;
                by_area[at] += here * here * by[at] / seen[at];
            }
        }
    }
    let area = |(at, lumped): (usize, f64)| {
        let area = by_area[at] / carried[at];
        if area > 0.0 && area.is_finite() { area } else { lumped }
    };
    lumped.into_iter().enumerate().map(area).collect()
}

/// For each node the compartment that its potential follows most.
fn nearest(weights: &Mat<f64>) -> Vec<usize> {
    let of = |row: usize| {
        let best = (0..weights.ncols()).max_by(|a, b| weights[(row, *a)].total_cmp(&weights[(row, *b)]));
        best.unwrap_or(0)
    };
    (0..weights.nrows()).map(of).collect()
}

/// Capacitances such that the slowest modes of the cell are modes of the reduced one: G φ = C φ / τ in least squares.
fn capacitances(full: &Detailed, nodes: &[usize], g: &Mat<f64>, even: &Mat<f64>) -> Result<Vec<f64>> {
    let lumped = gathered(even, &full.linear.capacitance_f);
    let modes = modes::slowest(&full.linear, MODES.min(nodes.len()))?;
    let n = nodes.len();
    let fit = |at: usize| {
        let (mut top, mut bottom) = (0.0, 0.0);
        for mode in &modes {
            let flows: f64 = (0..n).map(|j| g[(at, j)] * mode.shape[nodes[j]]).sum();
            // Every mode counts by the charge that it holds.
            top += mode.tau_s * flows * mode.shape[nodes[at]];
            bottom += mode.shape[nodes[at]] * mode.shape[nodes[at]];
        }
        if bottom > 0.0 { top / bottom } else { lumped[at] }
    };
    // A compartment holds neither nothing nor many times what lies around it.
    Ok((0..n).map(|at| fit(at).clamp(0.2 * lumped[at], 5.0 * lumped[at])).collect())
}

/// For each channel that is no leak its amount in each compartment: with the channel held open as far as it is at several
/// potentials, all others as at rest, (G + Δw g) Z = 1 in least squares, where Δw is how much further it is open than at rest.
/// Each degree counts alike, however much current it lets through.
fn amounts(full: &Detailed, nodes: &[usize], at_rest: &Mat<f64>) -> Result<Vec<Vec<f64>>> {
    let mut out = Vec::new();
    for (spread, own) in full.gated() {
        let n = spread.amounts.len();
        let most = (0..n).max_by(|a, b| spread.amounts[*a].total_cmp(&spread.amounts[*b]));
        let Some(most) = most.filter(|most| spread.amounts[*most] > 0.0) else {
            out.push(vec![0.0; nodes.len()]);
            continue;
        };
        let place = full.surroundings(most);
        let mut degrees = Vec::with_capacity(HOLDING_V.len());
        for v in HOLDING_V {
            degrees.push(steady(&spread.channel.dynamics, &Surroundings { v, ..place.clone() })?.conductance);
        }
        let mut widest = degrees.iter().map(|d| (d - own[most].conductance).abs()).fold(0.0, f64::max);
        if widest < STAYS {
            // The potential does not open it (but calcium may): any degree tells.
            degrees = vec![own[most].conductance + STAYS, own[most].conductance + 10.0 * STAYS];
            widest = 10.0 * STAYS;
        }
        let at_places = spread.steady_at(&full.plan, &full.places(nodes.iter().copied()))?;
        let (mut top, mut bottom) = (vec![0.0; nodes.len()], vec![0.0; nodes.len()]);
        for degree in degrees {
            // What hardly differs from rest is lost in rounding; slopes of gates that follow at once may be negative.
            if (degree - own[most].conductance).abs() < 1e-3 * widest || degree < 0.0 {
                continue;
            }
            let mut open = full.linear.clone();
            for (node, amount) in spread.amounts.iter().enumerate().filter(|(_, amount)| **amount != 0.0) {
                open.leak_s[node] += (degree - own[node].conductance) * amount;
            }
            let Ok(eliminated) = open.at(0.0) else { continue };
            let z = eliminated.steady_matrix(nodes);
            let gz = at_rest * &z;
            for i in 0..nodes.len() {
                let further = degree - at_places[i].conductance;
                for j in 0..nodes.len() {
                    let unit = if i == j { 1.0 } else { 0.0 };
                    let weight = 1.0 / (further * further).max(1e-6 * widest * widest);
                    top[i] += weight * further * z[(i, j)] * (unit - gz[(i, j)]);
                    bottom[i] += weight * (further * z[(i, j)]).powi(2);
                }
            }
        }
        let amount = |(top, bottom): (&f64, &f64)| if *bottom > 0.0 { (top / bottom).max(0.0) } else { 0.0 };
        let mut amounts: Vec<f64> = top.iter().zip(&bottom).map(amount).collect();
        let most = amounts.iter().copied().fold(0.0, f64::max);
        amounts.iter_mut().filter(|a| **a < LEAST_AMOUNT * most).for_each(|a| *a = 0.0);
        out.push(amounts);
    }
    Ok(out)
}
