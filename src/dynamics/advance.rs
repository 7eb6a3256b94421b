//! One time step of the states of a dynamics, as graph nodes: what can be integrated exactly is.
//!
//! * `x' = f0 + k x` with `f0`, `k` free of `x`: the exact exponential step, everything else held
//!   (Rush & Larsen 1978; NEURON's `cnexp`).
//! * Kinetic schemes: a linear system, implicit Euler (NEURON's `sparse`) or, in second order, the
//!   implicit trapezoidal rule, one equation replaced by conservation.
//! * Anything else: the exponential Rosenbrock–Euler step `x + h f φ(h ∂f/∂x)` (Hochbruck &
//!   Ostermann 2010, eq. 2.40), first order and stable on stiff decay.

use super::graph::{Graph, Kind, NodeId, StepRule};
use super::scope::Scope;
use crate::error::Result;

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

/// One step of `x' = f`.
fn scalar_step(graph: &mut Graph, x: NodeId, f: NodeId, h: f64) -> NodeId {
    let k = graph.derivative(f, x);
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
