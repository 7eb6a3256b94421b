//! Where to put compartments, when nobody says: where the potential follows least from that of those there are, all over the
//! cell at the frequency of synaptic potentials, and around the soma at that of spikes.

use faer::Mat;

use super::chosen::with_branch_points;
use super::detailed::Detailed;
use crate::error::{Error, ErrorKind, Result};

/// Frequency at which the impedances are looked at, Hz: that of synaptic potentials.
const FREQUENCY_HZ: f64 = 20.0;
/// Frequency at which the load of the soma is looked at, Hz: that of spikes.
const FAST_HZ: f64 = 1000.0;
/// Nodes looked at, at most.
const MOST: usize = 1500;

/// `count` nodes, branch points between them included: the soma and those of `given` first, then each time the node that
/// explains most of what those before it leave of the impedances of the membrane (Cholesky's decomposition with such pivots).
pub(super) fn best(full: &Detailed, given: &[usize], count: usize) -> Result<Vec<usize>> {
    let soma = full.soma();
    let mut nodes = vec![soma];
    if !given.is_empty() {
        nodes.extend(given.iter().copied().filter(|node| *node != soma));
        nodes = with_branch_points(&full.linear, &nodes);
    }
    if nodes.len() > count {
        let message = format!(
            "{count} compartments are too few: the places, the soma and the branch points between them are {}",
            nodes.len()
        );
        return Err(Error::new(ErrorKind::Value, message)
            .help("ask for more with --compartments, or for fewer places"));
    }
    let every = full.linear.len().div_ceil(MOST);
    let mut candidates: Vec<usize> = (0..full.linear.len()).step_by(every).collect();
    candidates.extend(&nodes);
    candidates.sort_unstable();
    candidates.dedup();
    let mut views =
        [View::new(full, &candidates, FREQUENCY_HZ, false)?, View::new(full, &candidates, FAST_HZ, true)?];
    let index = |node: usize| candidates.iter().position(|c| *c == node);
    let mut first = Vec::new();
    for &node in std::iter::once(&soma).chain(nodes.iter().filter(|node| **node != soma)) {
        if let Some(at) = index(node) {
            views.iter_mut().for_each(|view| eliminate(&mut view.residual, at));
        }
        if first.is_empty() {
            let most = |view: &View| (0..candidates.len()).map(|i| view.explained(i)).fold(0.0, f64::max);
            first = views.iter().map(most).collect();
        }
    }
    while nodes.len() < count.min(full.linear.len()) {
        let mut order: Vec<(f64, usize)> = (0..candidates.len())
            .filter(|i| !nodes.contains(&candidates[*i]))
            .map(|i| (views[0].explained(i) / first[0] + views[1].explained(i) / first[1], i))
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
                views.iter_mut().for_each(|view| eliminate(&mut view.residual, at));
            }
        }
        nodes = more;
    }
    nodes.sort_unstable();
    Ok(nodes)
}

/// The impedances that are left to explain at one frequency.
struct View {
    residual: Mat<f64>,
    /// How much an error at each candidate counts.
    weight: Vec<f64>,
}

impl View {
    /// All impedances between `candidates` at `frequency_hz`; an error counts by the membrane that has it, and if
    /// `for_soma` by what of it reaches the soma.
    fn new(full: &Detailed, candidates: &[usize], frequency_hz: f64, for_soma: bool) -> Result<View> {
        let mut cell = full.linear.clone();
        // A conductance as large as the admittance of the membrane at that frequency.
        let omega = std::f64::consts::TAU * frequency_hz;
        for node in 0..cell.len() {
            cell.leak_s[node] = cell.leak_s[node].max(0.0).hypot(omega * cell.capacitance_f[node]);
        }
        let soma = full.soma();
        let eliminated = cell.at(0.0)?;
        let heard = eliminated.from(soma);
        let share = |node: usize| if for_soma { (heard[node].re / heard[soma].re).powi(2) } else { 1.0 };
        let weight = candidates.iter().map(|&node| full.plan.area_m2[node] * share(node)).collect();
        Ok(View { residual: eliminated.steady_matrix(candidates), weight })
    }

    /// How much of what is left the potential at candidate `i` explains.
    fn explained(&self, i: usize) -> f64 {
        let own = self.residual[(i, i)];
        if own <= 0.0 {
            return 0.0;
        }
        (0..self.weight.len()).map(|j| self.weight[j] * self.residual[(j, i)].powi(2)).sum::<f64>() / own
    }
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
