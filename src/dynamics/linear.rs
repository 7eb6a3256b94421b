//! States whose equations are linear in each other, stepped together exactly.
//!
//! With numbers for coefficients, `x' = M x + g` goes over a step of `h` to `e^(Mh) x + h φ₁(Mh) g`, `g` held
//! (Rotter & Diesmann 1999, Biol Cybern 81:381). What a potential that decays by itself makes of a current that
//! states give while they move is that of one steady current, [`steady_current`]: a sum of the states as they are
//! at the start of the step, so that a leaky cell with current synapses is exact too.

use super::graph::{Graph, Kind, NodeId};
use crate::expr::Function;

/// States that are stepped together.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Their indices.
    pub members: Vec<usize>,
    /// Their equations are linear where this test holds, or where it does not; `None`: always.
    pub when: Option<(NodeId, bool)>,
    coefficients: Coefficients,
}

#[derive(Debug, Clone, PartialEq)]
enum Coefficients {
    /// `M`, row by row.
    Numbers(Vec<Vec<f64>>),
    /// `x' = p x`, `y' = q x + r y + …`, with `p`, `q`, `r` that are the same over the step.
    Chain { p: NodeId, q: NodeId, r: NodeId },
}

/// More states than this are not looked at together.
const MOST: usize = 16;

/// The states, of those with `slopes`, that read each other and are linear in each other: in blocks of two or more.
pub fn blocks(graph: &mut Graph, slopes: &[(usize, NodeId)], states: &[NodeId]) -> Vec<Block> {
    let moving: Vec<NodeId> = slopes.iter().map(|&(state, _)| states[state]).collect();
    let coupled = |graph: &Graph, &(state, slope): &(usize, NodeId)| {
        moving.iter().any(|&other| other != states[state] && graph.depends(slope, other))
    };
    if slopes.len() < 2 || slopes.len() > MOST || !slopes.iter().any(|slope| coupled(graph, slope)) {
        return Vec::new();
    }
    let test = slopes.iter().find_map(|&(_, slope)| choice(graph, slope, &moving));
    let Some(test) = test else { return of_branch(graph, slopes, states, None) };
    let mut found = Vec::new();
    for holds in [true, false] {
        let value = f64::from(u8::from(holds));
        let branch: Vec<(usize, NodeId)> =
            slopes.iter().map(|&(state, f)| (state, graph.substitute(f, &[(test, value)]))).collect();
        found.extend(of_branch(graph, &branch, states, Some((test, holds))));
    }
    found
}

/// A test within `node` that depends on none of `moving`.
fn choice(graph: &Graph, node: NodeId, moving: &[NodeId]) -> Option<NodeId> {
    let mut waiting = vec![node];
    let mut seen = vec![false; graph.len()];
    while let Some(node) = waiting.pop() {
        if std::mem::replace(&mut seen[node.0 as usize], true) {
            continue;
        }
        if let Kind::Select(test, ..) = *graph.kind(node)
            && !moving.iter().any(|&x| graph.depends(test, x))
        {
            return Some(test);
        }
        if !matches!(graph.kind(node), Kind::Step(..) | Kind::Opaque(_)) {
            graph.operands(node, &mut |operand| waiting.push(operand));
        }
    }
    None
}

/// Whether `node` jumps with one of `over`, which no derivative sees: by a comparison or a rounding.
fn jumps(graph: &Graph, node: NodeId, over: &[NodeId]) -> bool {
    let mut waiting = vec![node];
    let mut seen = vec![false; graph.len()];
    while let Some(node) = waiting.pop() {
        if std::mem::replace(&mut seen[node.0 as usize], true)
            || !over.iter().any(|&x| graph.depends(node, x))
        {
            continue;
        }
        match graph.kind(node) {
            Kind::Compare(..) | Kind::Call(Function::Floor | Function::Ceil | Function::Heaviside, _) => {
                return true;
            }
            Kind::Step(..) | Kind::Opaque(_) => {}
            _ => graph.operands(node, &mut |operand| waiting.push(operand)),
        }
    }
    false
}

fn of_branch(
    graph: &mut Graph,
    slopes: &[(usize, NodeId)],
    states: &[NodeId],
    when: Option<(NodeId, bool)>,
) -> Vec<Block> {
    let mut members: Vec<usize> = (0..slopes.len()).collect();
    // Who is not linear in the others leaves, until all that are left are.
    let matrix = loop {
        let own: Vec<NodeId> = members.iter().map(|&m| states[slopes[m].0]).collect();
        let rows: Vec<Option<Vec<f64>>> =
            members.iter().map(|&m| affine(graph, slopes[m].1, &own).map(|(row, _)| row)).collect();
        if rows.iter().all(Option::is_some) {
            break rows.into_iter().flatten().collect::<Vec<Vec<f64>>>();
        }
        let linear = members.iter().zip(&rows).filter(|(_, row)| row.is_some());
        members = linear.map(|(&m, _)| m).collect();
    };
    let mut found = Vec::new();
    for part in components(&matrix) {
        let rows = part.iter().map(|&i| part.iter().map(|&j| matrix[i][j]).collect()).collect();
        found.push(Block {
            members: part.iter().map(|&i| slopes[members[i]].0).collect(),
            when,
            coefficients: Coefficients::Numbers(rows),
        });
    }
    let taken: Vec<usize> = found.iter().flat_map(|block| block.members.clone()).collect();
    let free: Vec<(usize, NodeId)> =
        slopes.iter().filter(|(state, _)| !taken.contains(state)).copied().collect();
    found.extend(chain(graph, &free, slopes, states, when));
    found
}

/// `slope` as `Σ k x + rest` over `states`, the factors being numbers and the rest free of them.
fn affine(graph: &mut Graph, slope: NodeId, states: &[NodeId]) -> Option<(Vec<f64>, NodeId)> {
    let mut row = Vec::with_capacity(states.len());
    for &x in states {
        let k = graph.derivative(slope, x);
        row.push(graph.value(k).filter(|k| k.is_finite())?);
    }
    let zeros: Vec<(NodeId, f64)> = states.iter().map(|&x| (x, 0.0)).collect();
    let rest = graph.substitute(slope, &zeros);
    // The derivative does not see jumps: put together again it must be the same.
    let mut terms: Vec<(NodeId, f64)> = states.iter().copied().zip(row.iter().copied()).collect();
    terms.push((rest, 1.0));
    let again = graph.sum(0.0, &terms);
    let left = graph.sub(slope, again);
    let is_small = |k: f64| k.abs() <= 1e-12 * row.iter().fold(0.0, |most: f64, k| most.max(k.abs()));
    let (_, left) = graph.as_sum(left);
    left.iter().all(|(x, k)| states.contains(x) && is_small(*k)).then_some((row, rest))
}

/// The members that read each other, directly or through others, in groups of two or more.
fn components(matrix: &[Vec<f64>]) -> Vec<Vec<usize>> {
    let n = matrix.len();
    let mut of: Vec<usize> = (0..n).collect();
    for i in 0..n {
        for j in (0..n).filter(|&j| matrix[i][j] != 0.0) {
            let (a, b) = (of[i].min(of[j]), of[i].max(of[j]));
            of.iter_mut().filter(|c| **c == b).for_each(|c| *c = a);
        }
    }
    let group = |c: usize| (0..n).filter(|&i| of[i] == c).collect::<Vec<usize>>();
    (0..n).map(group).filter(|part| part.len() > 1).collect()
}

/// A pair of which one decays by itself and drives the other, with coefficients that no state moves.
fn chain(
    graph: &mut Graph,
    free: &[(usize, NodeId)],
    slopes: &[(usize, NodeId)],
    states: &[NodeId],
    when: Option<(NodeId, bool)>,
) -> Option<Block> {
    let reads = |graph: &Graph, node: NodeId, allowed: &[NodeId]| {
        let mut moving = slopes.iter().map(|&(state, _)| states[state]);
        moving.any(|x| !allowed.contains(&x) && graph.depends(node, x))
    };
    for &(first, f) in free {
        let x = states[first];
        let at_zero = graph.substitute(f, &[(x, 0.0)]);
        let p = graph.derivative(f, x);
        if graph.value(at_zero) != Some(0.0)
            || reads(graph, f, &[x])
            || reads(graph, p, &[])
            || jumps(graph, f, &[x])
        {
            continue;
        }
        for &(second, f) in free.iter().filter(|(second, _)| *second != first) {
            let y = states[second];
            let (q, r) = (graph.derivative(f, x), graph.derivative(f, y));
            if graph.value(q) == Some(0.0) || reads(graph, f, &[x, y]) || jumps(graph, f, &[x, y]) {
                continue;
            }
            if !reads(graph, q, &[]) && !reads(graph, r, &[]) {
                let coefficients = Coefficients::Chain { p, q, r };
                return Some(Block { members: vec![first, second], when, coefficients });
            }
        }
    }
    None
}

impl Block {
    /// The members after a step of `h` seconds from `states`; `rest` is what their slopes are without them.
    pub fn step(&self, graph: &mut Graph, states: &[NodeId], rest: &[NodeId], h: f64) -> Vec<NodeId> {
        let own: Vec<NodeId> = self.members.iter().map(|&state| states[state]).collect();
        match &self.coefficients {
            Coefficients::Numbers(matrix) => {
                let (e, reach) = propagators(matrix, h);
                let row = |(e, reach): (&Vec<f64>, &Vec<f64>)| {
                    let mut terms: Vec<(NodeId, f64)> = own.iter().copied().zip(e.iter().copied()).collect();
                    terms.extend(rest.iter().copied().zip(reach.iter().copied()));
                    let next = graph.sum(0.0, &terms);
                    graph.opaque(next)
                };
                e.iter().zip(&reach).map(row).collect()
            }
            &Coefficients::Chain { p, q, r } => {
                let (first, _) = decayed(graph, p, h);
                let (second, reach) = decayed(graph, r, h);
                let both = growing(graph, p, r, h);
                let x = graph.mul(own[0], first);
                let driven = graph.product(1.0, &[(own[0], 1), (q, 1), (both, 1)]);
                let kept = graph.mul(own[1], second);
                let pushed = graph.mul(rest[1], reach);
                let y = graph.sum(0.0, &[(kept, 1.0), (driven, 1.0), (pushed, 1.0)]);
                vec![graph.opaque(x), graph.opaque(y)]
            }
        }
    }
}

/// `e^(kh)` and `h φ₁(kh)`.
fn decayed(graph: &mut Graph, k: NodeId, h: f64) -> (NodeId, NodeId) {
    let zero = graph.constant(0.0);
    (exp(graph, k, h), growing(graph, k, zero, h))
}

fn exp(graph: &mut Graph, k: NodeId, h: f64) -> NodeId {
    let z = graph.scale(k, h);
    graph.call(crate::expr::Function::Exp, z)
}

/// `∫ e^(r (h − s)) e^(p s) ds` over the step: `h e^(rh) φ₁((p − r) h)`.
fn growing(graph: &mut Graph, p: NodeId, r: NodeId, h: f64) -> NodeId {
    let grown = exp(graph, r, h);
    let difference = graph.sub(p, r);
    let z = graph.scale(difference, h);
    let inverse = graph.exprel(z);
    graph.product(h, &[(grown, 1), (inverse, -1)])
}

/// The steady current, over a step of `h` seconds, that moves a potential with `v' = rate v + …` as far as
/// `current` does, while the states go by `slopes`. `rate` is in 1/s.
///
/// `None` if the current is no linear function of states whose equations are linear.
pub fn steady_current(
    graph: &mut Graph,
    current: NodeId,
    slopes: &[(usize, NodeId)],
    states: &[NodeId],
    rate: f64,
    h: f64,
) -> Option<NodeId> {
    // The states that it depends on, through others too.
    let mut members: Vec<usize> = Vec::new();
    let mut waiting = vec![current];
    while let Some(node) = waiting.pop() {
        for (at, &(state, slope)) in slopes.iter().enumerate() {
            if !members.contains(&at) && graph.depends(node, states[state]) {
                members.push(at);
                waiting.push(slope);
            }
        }
    }
    if members.is_empty() || members.len() > MOST {
        return None;
    }
    let own: Vec<NodeId> = members.iter().map(|&at| states[slopes[at].0]).collect();
    if let (&[at], Some(single)) = (&members[..], own.first()) {
        return of_one(graph, current, slopes[at].1, *single, rate, h);
    }
    // The states, what is constant in their slopes, and the potential.
    let n = own.len();
    let mut matrix = vec![vec![0.0; n + 2]; n + 2];
    for (row, &at) in members.iter().enumerate() {
        let (factors, rest) = affine(graph, slopes[at].1, &own)?;
        matrix[row][..n].copy_from_slice(&factors);
        matrix[row][n] = graph.value(rest)?;
    }
    let (factors, rest) = affine(graph, current, &own)?;
    matrix[n + 1][..n].copy_from_slice(&factors);
    matrix[n + 1][n + 1] = rate;
    let (e, _) = propagators(&matrix, h);
    let reach = if rate == 0.0 { h } else { libm::expm1(rate * h) / rate };
    let weights = e[n + 1].iter().map(|weight| weight / reach);
    let mut terms: Vec<(NodeId, f64)> = own.iter().copied().zip(weights).collect();
    terms.push((rest, 1.0));
    Some(graph.sum(e[n + 1][n] / reach, &terms))
}

/// [`steady_current`] of a current that follows one state, whose rate may be anything.
fn of_one(graph: &mut Graph, current: NodeId, slope: NodeId, x: NodeId, rate: f64, h: f64) -> Option<NodeId> {
    let factor = graph.derivative(current, x);
    let decay = graph.derivative(slope, x);
    let [rest, push] = [current, slope].map(|node| graph.substitute(node, &[(x, 0.0)]));
    // A jump is no derivative: it would be left behind here.
    let linear = graph.mul(factor, x);
    let left = graph.sum(0.0, &[(current, 1.0), (linear, -1.0), (rest, -1.0)]);
    let is_linear = ![factor, decay, left].iter().any(|&node| graph.depends(node, x));
    if !is_linear || graph.value(push) != Some(0.0) {
        return None;
    }
    let kernel = graph.constant(rate);
    let (_, reach) = decayed(graph, kernel, h);
    let grown = growing(graph, decay, kernel, h);
    let weight = graph.div(grown, reach);
    let mean = graph.product(1.0, &[(factor, 1), (x, 1), (weight, 1)]);
    Some(graph.add(mean, rest))
}

/// `e^(Mh)` and `∫ e^(Ms) ds` over `h`, by scaling and squaring of the Taylor series.
fn propagators(matrix: &[Vec<f64>], h: f64) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    const TERMS: u32 = 18;
    let n = matrix.len();
    let size = |row: &Vec<f64>| row.iter().map(|k| (k * h).abs()).sum::<f64>();
    let norm = matrix.iter().map(size).fold(0.0, f64::max);
    let halvings = if norm > 0.5 { (norm / 0.5).log2().ceil().min(1000.0) as u32 } else { 0 };
    let part = h * 0.5f64.powi(halvings as i32);
    let identity = |i: usize, j: usize| f64::from(u8::from(i == j));
    // Above the diagonal block the integral: e^[[M, 1], [0, 0]].
    let mut series: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| identity(i, j)).collect()).collect();
    for k in (1..=TERMS).rev() {
        // 1 + (M part / k) (…), which ends at k = 1 in the exponential.
        let product = times(matrix, &series);
        for (i, row) in series.iter_mut().enumerate() {
            for (j, entry) in row.iter_mut().enumerate() {
                *entry = identity(i, j) + part / f64::from(k) * product[i][j];
            }
        }
    }
    let mut e = series;
    // ∫ = part (1 + M part/2 (1 + M part/3 (…))).
    let mut reach: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| identity(i, j)).collect()).collect();
    for k in (2..=TERMS).rev() {
        let product = times(matrix, &reach);
        for (i, row) in reach.iter_mut().enumerate() {
            for (j, entry) in row.iter_mut().enumerate() {
                *entry = identity(i, j) + part / f64::from(k) * product[i][j];
            }
        }
    }
    reach.iter_mut().flatten().for_each(|entry| *entry *= part);
    for _ in 0..halvings {
        // ∫ over 2s = ∫ over s + e^(Ms) ∫ over s.
        let later = times(&e, &reach);
        reach.iter_mut().flatten().zip(later.iter().flatten()).for_each(|(entry, more)| *entry += more);
        e = times(&e, &e);
    }
    (e, reach)
}

fn times(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let entry = |row: &Vec<f64>, j: usize| row.iter().zip(b).map(|(x, other)| x * other[j]).sum();
    a.iter().map(|row| (0..b.len()).map(|j| entry(row, j)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn propagators_are_those_on_paper() {
        // A rotation, and an alpha function with a rate from slow to stiff.
        let (e, reach) = propagators(&[vec![0.0, -3.0], vec![3.0, 0.0]], 0.7);
        let (sin, cos) = 2.1f64.sin_cos();
        let wanted = [[cos, -sin], [sin, cos]];
        let integral = [[sin / 3.0, (cos - 1.0) / 3.0], [(1.0 - cos) / 3.0, sin / 3.0]];
        for i in 0..2 {
            for j in 0..2 {
                assert!((e[i][j] - wanted[i][j]).abs() < 1e-14);
                assert!((reach[i][j] - integral[i][j]).abs() < 1e-14);
            }
        }
        for rate in [1e-3, 0.7, 30.0, 5000.0] {
            let (e, reach) = propagators(&[vec![-rate, 0.0], vec![2.0 * rate, -rate]], 1.0);
            let decay = (-rate).exp();
            assert!((e[0][0] - decay).abs() < 1e-14 && (e[1][1] - decay).abs() < 1e-14, "{rate}: {e:?}");
            assert!(
                (e[1][0] - 2.0 * rate * decay).abs() < 1e-14 * (1.0 + 2.0 * rate * decay),
                "{rate}: {e:?}"
            );
            let to_rest = -libm::expm1(-rate) / rate;
            assert!((reach[0][0] / to_rest - 1.0).abs() < 1e-12, "{rate}: {reach:?}");
        }
    }

    #[test]
    fn a_block_is_found_however_it_is_written() {
        let mut graph = Graph::new();
        let [x, y, z, regime, drive]: [NodeId; 5] = std::array::from_fn(|i| graph.symbol(i as u32));
        let states = [x, y, z, regime];
        let sum = |graph: &mut Graph, terms: &[(NodeId, f64)]| graph.sum(0.0, terms);
        let decay = sum(&mut graph, &[(x, -2.0)]);
        let driven = sum(&mut graph, &[(x, 3.0), (y, -2.0), (drive, 1.0)]);
        let square = graph.mul(z, z);
        let zero = graph.constant(0.0);
        let members = |blocks: &[Block]| blocks.iter().map(|b| b.members.clone()).collect::<Vec<_>>();
        // z is not linear in itself and goes by itself.
        assert_eq!(members(&blocks(&mut graph, &[(0, decay), (1, driven), (2, square)], &states)), [[0, 1]]);
        // In one regime only.
        let test = graph.compare(crate::expr::CompareOp::Gt, regime, zero);
        let chosen = graph.select(test, driven, zero);
        let found = blocks(&mut graph, &[(0, decay), (1, chosen)], &states);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].when, Some((test, true)));
        // A jump in x is not linear.
        let jump = graph.compare(crate::expr::CompareOp::Gt, x, zero);
        let jumping = sum(&mut graph, &[(driven, 1.0), (jump, 1.0)]);
        assert_eq!(
            members(&blocks(&mut graph, &[(0, decay), (1, jumping)], &states)),
            Vec::<Vec<usize>>::new()
        );
        // Coefficients that are given by the lane.
        let [p, q] = [drive, z];
        let decay = graph.mul(p, x);
        let fed = graph.mul(q, x);
        let own = graph.mul(p, y);
        let driven = graph.add(fed, own);
        let found = blocks(&mut graph, &[(0, decay), (1, driven)], &states);
        assert_eq!(members(&found), [[0, 1]]);
        let next = found[0].step(&mut graph, &states, &[zero, zero], 0.1);
        let values = [(x, 0.4), (y, 0.3), (p, -3.0), (q, 5.0)];
        let y_next = match *graph.kind(next[1]) {
            Kind::Opaque(inner) => graph.substitute(inner, &values),
            _ => next[1],
        };
        let wanted = (-0.3f64).exp() * (0.3 + 5.0 * 0.4 * 0.1);
        assert!((graph.value(y_next).unwrap() - wanted).abs() < 1e-15);
    }

    #[test]
    fn a_steady_current_does_what_the_moving_one_does() {
        // v' = -50 v + i with i = 3 x + y: x' = -200 x, y' = 400 x - 100 y + 7. Against small steps.
        let mut graph = Graph::new();
        let [x, y] = [graph.symbol(0), graph.symbol(1)];
        let current = graph.sum(0.5, &[(x, 3.0), (y, 1.0)]);
        let dx = graph.sum(0.0, &[(x, -200.0)]);
        let dy = graph.sum(7.0, &[(x, 400.0), (y, -100.0)]);
        let h = 0.01;
        let steady = steady_current(&mut graph, current, &[(0, dx), (1, dy)], &[x, y], -50.0, h).unwrap();
        let steady = graph.substitute(steady, &[(x, 0.2), (y, -0.1)]);
        let steady = graph.value(steady).unwrap();
        let f = |s: [f64; 3]| {
            [-200.0 * s[0], 400.0 * s[0] - 100.0 * s[1] + 7.0, -50.0 * s[2] + 3.0 * s[0] + s[1] + 0.5]
        };
        let mut s = [0.2, -0.1, 0.0];
        let n = 2000;
        let d = h / f64::from(n);
        for _ in 0..n {
            let add = |s: [f64; 3], k: [f64; 3], by: f64| std::array::from_fn(|i| s[i] + by * k[i]);
            let k1 = f(s);
            let k2 = f(add(s, k1, 0.5 * d));
            let k3 = f(add(s, k2, 0.5 * d));
            let k4 = f(add(s, k3, d));
            s = std::array::from_fn(|i| s[i] + d / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]));
        }
        let wanted = s[2] * -50.0 / libm::expm1(-50.0 * h);
        assert!((steady - wanted).abs() < 1e-12, "{steady}, not {wanted}");
        // One state, whose rate is a number of the lane.
        let rate = graph.symbol(2);
        let slope = graph.mul(rate, x);
        let steady = steady_current(&mut graph, current, &[(0, slope)], &[x], -50.0, h).unwrap();
        let steady = graph.substitute(steady, &[(x, 0.2), (y, 0.0), (rate, -200.0)]);
        let wanted =
            0.5 + 3.0 * 0.2 * ((-2.0f64).exp() - (-0.5f64).exp()) / -150.0 * -50.0 / libm::expm1(-0.5);
        assert!((graph.value(steady).unwrap() - wanted).abs() < 1e-13);
        // Not linear: none.
        let square = graph.mul(x, x);
        assert!(steady_current(&mut graph, square, &[(0, dx)], &[x], -50.0, h).is_none());
    }
}
