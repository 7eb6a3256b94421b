//! Where to put compartments, when nobody says: where the potential follows least from that of those there are.

use faer::Mat;

use super::chosen::with_branch_points;
use super::detailed::Detailed;
use crate::error::Result;

/// Frequency at which the impedances are looked at, Hz: that of synaptic potentials.
const FREQUENCY_HZ: f64 = 20.0;
/// Nodes looked at, at most.
const MOST: usize = 1500;

/// `count` nodes, branch points between them included: the soma first, then each time the node that explains most of what
/// those before it leave of the impedances of the membrane (Cholesky's decomposition with such pivots).
pub(super) fn best(full: &Detailed, count: usize) -> Result<Vec<usize>> {
    let mut cell = full.linear.clone();
    // A conductance as large as the admittance of the membrane at that frequency.
    let omega = std::f64::consts::TAU * FREQUENCY_HZ;
    for node in 0..cell.len() {
        cell.leak_s[node] = cell.leak_s[node].max(0.0).hypot(omega * cell.capacitance_f[node]);
    }
    let soma = full.soma();
    let every = cell.len().div_ceil(MOST);
    let mut candidates: Vec<usize> = (0..cell.len()).step_by(every).collect();
    if !candidates.contains(&soma) {
        candidates.push(soma);
        candidates.sort_unstable();
    }
    let eliminated = cell.at(0.0)?;
    let mut residual = eliminated.steady_matrix(&candidates);
    // An error counts by the membrane that has it.
    let weight: Vec<f64> = candidates.iter().map(|&node| full.plan.area_m2[node]).collect();
    let index = |node: usize| candidates.iter().position(|c| *c == node);
    let mut nodes = vec![soma];
    if let Some(at) = index(soma) {
        eliminate(&mut residual, at);
    }
    while nodes.len() < count.min(cell.len()) {
        let mut order: Vec<(f64, usize)> = (0..candidates.len())
            .filter(|i| residual[(*i, *i)] > 0.0 && !nodes.contains(&candidates[*i]))
            .map(|i| {
                let explained: f64 =
                    (0..candidates.len()).map(|j| weight[j] * residual[(j, i)].powi(2)).sum();
                (explained / residual[(i, i)], i)
            })
            .collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0));
        // The best that, with the branch point it may need, is not one too many.
        let fitting = order.iter().find_map(|(_, i)| {
            let mut more = nodes.clone();
            more.push(candidates[*i]);
            let more = with_branch_points(&full.linear, &more);
            (more.len() <= count).then_some(more)
        });
        let Some(more) = fitting else { break };
        for node in more.iter().filter(|node| !nodes.contains(node)) {
            if let Some(at) = index(*node) {
                eliminate(&mut residual, at);
            }
        }
        nodes = more;
    }
    nodes.sort_unstable();
    Ok(nodes)
}

/// Takes from the residual what follows from the potential at `at`.
fn eliminate(residual: &mut Mat<f64>, at: usize) {
    let pivot = residual[(at, at)];
    if pivot <= 0.0 {
        return;
    }
    let column: Vec<f64> = (0..residual.nrows()).map(|i| residual[(i, at)]).collect();
    for j in 0..residual.ncols() {
        let share = column[j] / pivot;
        if share != 0.0 {
            for i in 0..residual.nrows() {
                residual[(i, j)] -= column[i] * share;
            }
        }
    }
}
