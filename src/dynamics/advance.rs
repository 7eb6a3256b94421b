//! One time step of the states of a dynamics, as graph nodes: what can be integrated exactly is.
//!
//! * `x' = f0 + k x` with `f0`, `k` free of `x`: the exact exponential step, everything else held
//!   (Rush & Larsen 1978; NEURON's `cnexp`).
//! * Kinetic schemes: a linear system, implicit Euler (NEURON's `sparse`) or, in second order, the
//!   implicit trapezoidal rule, one equation replaced by conservation.
//! * Anything else: the exponential Rosenbrock–Euler step `x + h f φ(h ∂f/∂x)` (Hochbruck &
//!   Ostermann 2010, eq. 2.40), first order and stable on stiff decay; second order for an equation
//!   that reads nothing else that moves.
//!
//! [`advance_together`] steps states that read each other exactly where they are linear in each other
//! ([`super::linear`]), else to second order.

use super::graph::{Graph, Kind, NodeId, StepRule};
use super::linear::blocks;
use super::scope::Scope;
use crate::error::Result;
use crate::expr::CompareOp;

/// Whether steps are to be of first or second order in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// First.
    First,
    /// Second.
    Second,
}

/// The states after a step of `h` seconds, from the values in `scope`.
///
/// # Errors
/// If an equation uses a name that nothing carries.
pub fn advance(
    graph: &mut Graph,
    scope: &mut Scope<'_>,
    states: &[NodeId],
    h: f64,
    order: Order,
) -> Result<Vec<NodeId>> {
    let dynamics = scope.dynamics();
    let mut slopes = vec![None; states.len()];
    for (state, value) in &dynamics.derivatives {
        slopes[*state] = Some(scope.expression(graph, value)?);
    }
    let mut next = states.to_vec();
    let mut in_scheme = vec![false; states.len()];
    for scheme in &dynamics.kinetic_schemes {
        let members: Vec<NodeId> = scheme.iter().map(|&i| states[i]).collect();
        let zero = graph.constant(0.0);
        let rates: Vec<NodeId> = scheme.iter().map(|&i| slopes[i].unwrap_or(zero)).collect();
        for (&i, x) in scheme.iter().zip(kinetic_step(graph, &members, &rates, h, order)) {
            next[i] = graph.opaque(x);
            in_scheme[i] = true;
        }
    }
    for (i, slope) in slopes.into_iter().enumerate() {
        if let (Some(f), false) = (slope, in_scheme[i]) {
            next[i] = scalar_step(graph, states[i], f, h);
        }
    }
    Ok(next)
}

/// The states after a step like [`advance`]'s, but to second order also where states read each other:
/// each is stepped with the others at the middle of the step, half-way to where [`advance`] takes
/// them (the exponential midpoint rule). Those that are linear in each other are stepped exactly. `scope` gives the names their values for given states.
/// Where no state reads another one that moves, this is [`advance`].
///
/// # Errors
/// As [`advance`].
pub fn advance_together<'d>(
    graph: &mut Graph,
    scope: &mut dyn FnMut(&mut Graph, &[NodeId]) -> Result<Scope<'d>>,
    states: &[NodeId],
    h: f64,
    order: Order,
) -> Result<Vec<NodeId>> {
    let mut now = scope(graph, states)?;
    let dynamics = now.dynamics();
    let next = advance(graph, &mut now, states, h, order)?;
    let mut slopes = Vec::with_capacity(dynamics.derivatives.len());
    for (state, value) in &dynamics.derivatives {
        slopes.push((*state, now.expression(graph, value)?, value));
    }
    let still = |slope: NodeId, graph: &Graph| graph.value(slope) == Some(0.0);
    let moving: Vec<usize> =
        slopes.iter().filter(|(_, slope, _)| !still(*slope, graph)).map(|(state, ..)| *state).collect();
    let mut after = next.clone();
    let mut middle: Option<Vec<NodeId>> = None;
    let in_scheme = |state: usize| dynamics.kinetic_schemes.iter().flatten().any(|member| *member == state);
    let free: Vec<(usize, NodeId)> = slopes
        .iter()
        .filter(|(state, ..)| moving.contains(state) && !in_scheme(*state))
        .map(|&(state, slope, _)| (state, slope))
        .collect();
    let blocks = blocks(graph, &free, states);
    let always: Vec<usize> =
        blocks.iter().filter(|block| block.when.is_none()).flat_map(|block| block.members.clone()).collect();
    for &(state, slope, value) in &slopes {
        if in_scheme(state) || always.contains(&state) {
            continue;
        }
        let mut others = moving.iter().filter(|&&other| other != state);
        if !others.any(|&other| graph.depends(slope, states[other])) {
            continue;
        }
        let mut held = match &middle {
            Some(middle) => middle.clone(),
            None => middle.insert(halfway(graph, states, &next, &slopes, h)).clone(),
        };
        held[state] = states[state];
        let mut scope = scope(graph, &held)?;
        let slope = scope.expression(graph, value)?;
        after[state] = scalar_step(graph, states[state], slope, h);
    }
    for block in &blocks {
        let reads_others = |graph: &Graph| {
            let own = free.iter().filter(|(state, _)| block.members.contains(state));
            let others = |slope| {
                free.iter()
                    .any(|&(state, _)| !block.members.contains(&state) && graph.depends(slope, states[state]))
            };
            own.map(|&(_, slope)| slope).any(others)
        };
        let mut held = match (&middle, reads_others(graph)) {
            (_, false) => states.to_vec(),
            (Some(middle), true) => middle.clone(),
            (None, true) => middle.insert(halfway(graph, states, &next, &slopes, h)).clone(),
        };
        let zero = graph.constant(0.0);
        block.members.iter().for_each(|&member| held[member] = zero);
        let mut scope = scope(graph, &held)?;
        let mut rest = Vec::with_capacity(block.members.len());
        for &member in &block.members {
            let Some((.., value)) = slopes.iter().find(|(state, ..)| *state == member) else { continue };
            let slope = scope.expression(graph, value)?;
            rest.push(match block.when {
                Some((test, holds)) => graph.substitute(slope, &[(test, f64::from(u8::from(holds)))]),
                None => slope,
            });
        }
        for (&member, exact) in block.members.iter().zip(block.step(graph, states, &rest, h)) {
            after[member] = match block.when {
                None => exact,
                Some((test, true)) => graph.select(test, exact, after[member]),
                Some((test, false)) => graph.select(test, after[member], exact),
            };
            after[member] = graph.opaque(after[member]);
        }
    }
    Ok(after)
}

/// The states in the middle of the step from `states` to `next`. One that grows by more than a factor e
/// within the step, as a potential that only the threshold of a spike stops, is left where it was: where it
/// leads says nothing.
fn halfway(
    graph: &mut Graph,
    states: &[NodeId],
    next: &[NodeId],
    slopes: &[(usize, NodeId, &crate::expr::Expr)],
    h: f64,
) -> Vec<NodeId> {
    let mut middle = states.to_vec();
    for &(state, slope, _) in slopes {
        let (x, after) = (states[state], next[state]);
        let mean = graph.sum(0.0, &[(x, 0.5), (after, 0.5)]);
        let mean = graph.opaque(mean);
        let growth = graph.derivative(slope, x);
        let decay = graph.scale(growth, -1.0);
        middle[state] = if graph.is_positive(decay) || graph.value(growth) == Some(0.0) {
            mean
        } else {
            let limit = graph.constant(1.0 / h);
            let slow = graph.compare(CompareOp::Lt, growth, limit);
            let chosen = graph.select(slow, mean, x);
            graph.opaque(chosen)
        };
    }
    middle
}

/// One step of `x' = f`.
fn scalar_step(graph: &mut Graph, x: NodeId, f: NodeId, h: f64) -> NodeId {
    let k = graph.derivative(f, x);
    // Each regime by itself, where that leaves nothing to compute but sums.
    if let Kind::Select(test, a, b) = *graph.kind(f)
        && !graph.depends(test, x)
        && [a, b].iter().all(|&side| {
            let k = graph.derivative(side, x);
            graph.value(k).is_some()
        })
    {
        let (a, b) = (scalar_step(graph, x, a, h), scalar_step(graph, x, b, h));
        let next = graph.select(test, a, b);
        return graph.opaque(next);
    }
    if graph.depends(k, x) {
        return graph.step(StepRule::Exponential, x, f, k);
    }
    let f0 = graph.substitute(f, &[(x, 0.0)]);
    if let Some(k) = graph.value(k) {
        let growth = libm::expm1(k * h);
        let reach = if k == 0.0 { h } else { growth / k };
        // Opaque, as the state after the step is no function of the potential any more: the slope of a
        // current by v is at constant gates.
        let next = graph.sum(0.0, &[(x, 1.0 + growth), (f0, reach)]);
        return graph.opaque(next);
    }
    let rate = graph.scale(k, -1.0);
    // These two divide by the rate; where it may vanish the general rule holds.
    match graph.kind(rate) {
        // α(1 − x) − βx: the rate is α + β, and taking α = f0 off it leaves β.
        Kind::Sum(..) if graph.is_positive(rate) => {
            let closing = graph.sub(rate, f0);
            graph.step(StepRule::Rates, x, f0, closing)
        }
        Kind::Product(factors) if factors.iter().all(|(_, e)| *e < 0) => {
            let inf = graph.div(f0, rate);
            let one = graph.constant(1.0);
            let tau = graph.div(one, rate);
            graph.step(StepRule::Tau, x, inf, tau)
        }
        _ => graph.step(StepRule::Exponential, x, f, k),
    }
}

/// The matrix `∂f_i/∂x_j`, row by row.
fn jacobian(graph: &mut Graph, x: &[NodeId], f: &[NodeId]) -> Vec<Vec<NodeId>> {
    f.iter().map(|&fi| x.iter().map(|&xj| graph.derivative(fi, xj)).collect()).collect()
}

fn kinetic_step(graph: &mut Graph, x: &[NodeId], f: &[NodeId], h: f64, order: Order) -> Vec<NodeId> {
    // (1 − θ h J) x⁺ = x + (1 − θ) h f, θ = 1 or ½; the last row is Σ x⁺ = Σ x = 1.
    let theta = if order == Order::First { 1.0 } else { 0.5 };
    let j = jacobian(graph, x, f);
    let one = graph.constant(1.0);
    let n = x.len();
    let mut rows = Vec::with_capacity(n);
    for i in 0..n {
        let last = i + 1 == n;
        let mut row: Vec<NodeId> = (0..n)
            .map(|c| match (last, i == c) {
                (true, _) => one,
                (false, diagonal) => graph.sum(f64::from(u8::from(diagonal)), &[(j[i][c], -theta * h)]),
            })
            .collect();
        row.push(if last { one } else { graph.sum(0.0, &[(x[i], 1.0), (f[i], (1.0 - theta) * h)]) });
        rows.push(row);
    }
    eliminate(graph, rows)
}

/// The steady state of a kinetic scheme: `J x = 0`, `Σ x = 1`.
pub fn kinetic_steady_state(graph: &mut Graph, x: &[NodeId], f: &[NodeId]) -> Vec<NodeId> {
    let j = jacobian(graph, x, f);
    let (one, zero) = (graph.constant(1.0), graph.constant(0.0));
    let n = x.len();
    let mut rows: Vec<Vec<NodeId>> = j.into_iter().take(n.saturating_sub(1)).collect();
    for row in &mut rows {
        row.push(zero);
    }
    rows.push(vec![one; n + 1]);
    eliminate(graph, rows)
}

/// Solves a linear system given as rows of coefficients and right-hand side, by Gaussian elimination
/// without pivoting: kinetic matrices are diagonally dominant.
fn eliminate(graph: &mut Graph, mut rows: Vec<Vec<NodeId>>) -> Vec<NodeId> {
    let n = rows.len();
    for p in 0..n {
        for i in p + 1..n {
            if graph.value(rows[i][p]) == Some(0.0) {
                continue;
            }
            let factor = graph.div(rows[i][p], rows[p][p]);
            let (above, below) = rows.split_at_mut(i);
            for (entry, &pivot) in below[0].iter_mut().zip(&above[p]).skip(p) {
                let take = graph.mul(factor, pivot);
                *entry = graph.sub(*entry, take);
            }
        }
    }
    let mut x = vec![graph.constant(0.0); n];
    for i in (0..n).rev() {
        let mut top = rows[i][n];
        for c in i + 1..n {
            let take = graph.mul(rows[i][c], x[c]);
            top = graph.sub(top, take);
        }
        x[i] = graph.div(top, rows[i][i]);
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::{Dynamics, Variable};
    use crate::expr::parse;
    use crate::units::Dimension;
    use crate::vm::{Leaf, Outputs, lower, run_lane};

    const H: f64 = 0.1;

    /// States `names` with their derivatives, reading `v`.
    fn system(states: &[(&str, &str)]) -> Dynamics {
        let variable = |name: &str| Variable { name: name.into(), dimension: Dimension::NONE };
        Dynamics {
            inputs: vec![variable("v")],
            states: states.iter().map(|(name, _)| variable(name)).collect(),
            derivatives: states.iter().enumerate().map(|(i, (_, f))| (i, parse(f).unwrap())).collect(),
            ..Dynamics::default()
        }
    }

    /// The graph, `v`, the states and the states after a step.
    fn stepped(dynamics: &Dynamics, order: Order) -> (Graph, NodeId, Vec<NodeId>) {
        let mut graph = Graph::new();
        let v = graph.symbol(0);
        let states: Vec<NodeId> = (1..=dynamics.states.len() as u32).map(|i| graph.symbol(i)).collect();
        let mut scope = Scope::new(dynamics, &states);
        scope.bind("v", v);
        let next = advance(&mut graph, &mut scope, &states, H, order).unwrap();
        (graph, v, next)
    }

    /// The states after one step from `values`, `v` first.
    fn step(dynamics: &Dynamics, order: Order, values: &[f64]) -> Vec<f64> {
        let (graph, _, next) = stepped(dynamics, order);
        let n = values.len();
        let leaves: Vec<Leaf> = (0..n as u16).map(Leaf::Array).collect();
        let stores = next.iter().enumerate().map(|(i, &node)| (node, (n + i) as u16)).collect();
        let program = lower(&graph, &leaves, &Outputs { stores, ..Outputs::default() }).unwrap();
        let offsets: Vec<usize> = (0..2 * n).collect();
        let mut arena = [values, &vec![0.0; n][..]].concat();
        run_lane(&program, &offsets, 0, &[], &mut arena, &[H], &mut Vec::new());
        arena[n..n + next.len()].to_vec()
    }

    #[test]
    fn linear_equations_are_stepped_exactly_however_they_are_written() {
        let exact = |x: f64, rate: f64, inf: f64| inf + (x - inf) * (-rate * H).exp();
        for (f, rate, inf) in [
            ("exp(v) * (1 - x) - 3 * x", 2f64.exp() + 3.0, 2f64.exp() / (2f64.exp() + 3.0)),
            ("(v - x) / (1 + v^2)", 0.2, 2.0),
            ("(0.25 - x) / 0.05", 20.0, 0.25),
            ("-x / v", 0.5, 0.0),
            ("7 * exp(-v) - 4 * x", 4.0, 7.0 * (-2f64).exp() / 4.0),
        ] {
            let got = step(&system(&[("x", f)]), Order::First, &[2.0, 0.8])[0];
            let want = exact(0.8, rate, inf);
            assert!((got - want).abs() < 1e-14, "{f}: {got}, not {want}");
        }
        // No decay at all.
        assert!((step(&system(&[("x", "3 * v")]), Order::First, &[2.0, 0.8])[0] - 1.4).abs() < 1e-15);
    }

    #[test]
    fn a_state_at_rest_on_one_side_of_a_choice_stays() {
        let choice = |inside: &str| {
            let mut dynamics = system(&[("x", inside), ("on", "0")]);
            let [(_, f), _] = &mut dynamics.derivatives[..] else { panic!("two states") };
            *f = crate::expr::Expr::Select(
                Box::new(parse("on > 0").unwrap()),
                Box::new(f.clone()),
                Box::new(parse("0").unwrap()),
            );
            dynamics
        };
        for f in ["(v - x) / 4", "v * (1 - x) - 2 * x", "v - v * x"] {
            let dynamics = choice(f);
            assert_eq!(step(&dynamics, Order::First, &[2.0, 0.5, 0.0])[0], 0.5, "{f}");
            let always = step(&system(&[("x", f)]), Order::First, &[2.0, 0.5])[0];
            let chosen = step(&dynamics, Order::First, &[2.0, 0.5, 1.0])[0];
            assert!((chosen - always).abs() < 1e-14, "{f}: {chosen}, not {always}");
        }
    }

    #[test]
    fn states_after_a_step_are_no_functions_of_the_potential() {
        let mut scheme = system(&[("c", "x * 2 - v * c"), ("x", "v * c - x * 2")]);
        scheme.kinetic_schemes = vec![vec![0, 1]];
        let fixed = system(&[("x", "(1 / (1 + exp(-v)) - x) / 5")]);
        let rates = system(&[("x", "exp(v) * (1 - x) - x")]);
        for dynamics in [scheme, fixed, rates] {
            let (mut graph, v, next) = stepped(&dynamics, Order::First);
            for node in next {
                let slope = graph.derivative(node, v);
                assert_eq!(graph.value(slope), Some(0.0), "{dynamics:?}");
            }
        }
    }

    #[test]
    fn schemes_keep_their_sum_rest_at_their_steady_state_and_are_of_their_order() {
        let mut scheme =
            system(&[("a", "2 * b - v * a"), ("b", "v * a - 2 * b - 5 * b + c"), ("c", "5 * b - c")]);
        scheme.kinetic_schemes = vec![vec![0, 1, 2]];
        let (mut graph, _, _) = stepped(&scheme, Order::First);
        let x: Vec<NodeId> = (1..4).map(|i| graph.symbol(i)).collect();
        let v = graph.symbol(0);
        let mut scope = Scope::new(&scheme, &x);
        scope.bind("v", v);
        let f: Vec<NodeId> =
            scheme.derivatives.iter().map(|(_, f)| scope.expression(&mut graph, f).unwrap()).collect();
        let steady: Vec<f64> = kinetic_steady_state(&mut graph, &x, &f)
            .into_iter()
            .map(|node| {
                let number = graph.substitute(node, &[(v, 3.0)]);
                graph.value(number).unwrap()
            })
            .collect();
        assert!((steady.iter().sum::<f64>() - 1.0).abs() < 1e-15);
        assert!((steady[1] / steady[0] - 1.5).abs() < 1e-14 && (steady[2] / steady[1] - 5.0).abs() < 1e-14);
        for order in [Order::First, Order::Second] {
            let still = step(&scheme, order, &[3.0, steady[0], steady[1], steady[2]]);
            assert!(still.iter().zip(&steady).all(|(a, b)| (a - b).abs() < 1e-15), "{order:?}");
            let moved = step(&scheme, order, &[3.0, 0.5, 0.3, 0.2]);
            assert!((moved.iter().sum::<f64>() - 1.0).abs() < 1e-15);
            // (1 − θ h J) x⁺ = (1 + (1 − θ) h J) x, row by row.
            let slope =
                |x: &[f64]| [2.0 * x[1] - 3.0 * x[0], 3.0 * x[0] - 7.0 * x[1] + x[2], 5.0 * x[1] - x[2]];
            let theta = if order == Order::First { 1.0 } else { 0.5 };
            let (before, after) = (slope(&[0.5, 0.3, 0.2]), slope(&moved));
            for (i, x) in [0.5, 0.3, 0.2].into_iter().enumerate() {
                let want = x + H * (theta * after[i] + (1.0 - theta) * before[i]);
                assert!((moved[i] - want).abs() < 1e-15, "{order:?}, state {i}");
            }
        }
    }

    #[test]
    fn states_that_read_each_other_are_stepped_to_second_order() {
        // A pendulum, a chain (solved by t e^−t) and FitzHugh's equations, over one unit of time.
        type System = (&'static [(&'static str, &'static str)], [f64; 2]);
        let systems: [System; 3] = [
            (&[("x", "y"), ("y", "-sin(x)")], [1.0, 0.0]),
            (&[("x", "-x"), ("y", "x - y")], [1.0, 0.0]),
            (&[("x", "x - x^3/3 - y + 0.8"), ("y", "0.08 * (x + 0.7 - 0.8*y)")], [-1.0, 0.3]),
        ];
        for (equations, start) in systems {
            let dynamics = system(equations);
            let run = |steps: u32| {
                let h = 1.0 / f64::from(steps);
                let mut graph = Graph::new();
                let v = graph.symbol(0);
                let states = [graph.symbol(1), graph.symbol(2)];
                let mut scope = |_: &mut Graph, own: &[NodeId]| {
                    let mut scope = Scope::new(&dynamics, own);
                    scope.bind("v", v);
                    Ok(scope)
                };
                let next = advance_together(&mut graph, &mut scope, &states, h, Order::First).unwrap();
                let stores = vec![(next[0], 3), (next[1], 4)];
                let leaves: Vec<Leaf> = (0..3).map(Leaf::Array).collect();
                let program = lower(&graph, &leaves, &Outputs { stores, ..Outputs::default() }).unwrap();
                let mut arena = vec![0.0, start[0], start[1], 0.0, 0.0];
                for _ in 0..steps {
                    run_lane(&program, &[0, 1, 2, 3, 4], 0, &[], &mut arena, &[h], &mut Vec::new());
                    arena.copy_within(3..5, 1);
                }
                [arena[1], arena[2]]
            };
            let fine = run(20_000);
            let error = |steps| run(steps).iter().zip(fine).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            // Linear ones are stepped exactly: what differs are the roundings of 20,000 steps.
            if equations[1].1 == "x - y" {
                assert!(error(20) < 2e-12, "{equations:?}: {}", error(20));
                continue;
            }
            let order = (error(20) / error(40)).log2();
            assert!((order - 2.0).abs() < 0.15, "{equations:?}: order {order}");
            assert!(error(100) < 1e-4, "{equations:?}: {}", error(100));
        }
    }

    #[test]
    fn what_is_not_linear_is_stepped_by_its_slope() {
        // x' = −x³ from 1: x = 1/√(1 + 2t). One exponential Rosenbrock–Euler step.
        let got = step(&system(&[("x", "-x^3")]), Order::First, &[0.0, 1.0])[0];
        let want = 1.0 - H * ((-3.0 * H).exp_m1() / (-3.0 * H));
        assert!((got - want).abs() < 1e-14, "{got}, not {want}");
    }
}
