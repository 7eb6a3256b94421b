//! A time step of fourth order for states that read each other.
//!
//! The exponential Runge–Kutta method of Cox & Matthews (2002, J Comput Phys 176:430, eqs. 26–29), with the
//! linear part taken anew at every step: of each state, how it decays by itself. With `f = k x + N`, `z = h k`
//! and the functions `φ₁ = (eᶻ − 1)/z`, `φ₂ = (φ₁ − 1)/z`, `φ₃ = (φ₂ − ½)/z`
//!
//! ```text
//! a  = x + ½h φ₁(z/2) f(x)
//! b  = a + ½h φ₁(z/2) (N(a) − N(x))
//! c  = a + ½h φ₁(z/2) (k a + 2 N(b) − N(x))
//! x⁺ = x + h φ₁ f(x) + 2h (φ₂ − 2φ₃) (N(a) + N(b) − 2 N(x)) + h (4φ₃ − φ₂) (N(c) − N(x))
//! ```
//!
//! Without decay this is the classical Runge–Kutta method; what is linear in itself, all else at rest, it steps
//! exactly; stiff decay stays stable. A state that grows by itself counts as one without a linear part.

use super::graph::{Graph, NodeId};
use super::scope::Scope;
use crate::error::Result;
use crate::expr::{CompareOp, Function};

/// The values of a dynamics' names: for given states, at this part of the step.
pub type ScopeAt<'s, 'd> = dyn FnMut(&mut Graph, &[NodeId], f64) -> Result<Scope<'d>> + 's;

/// The states after a step of `h` seconds, of fourth order. There must be no kinetic schemes.
///
/// # Errors
/// If an equation uses a name that nothing carries.
pub fn advance_fourth<'d>(
    graph: &mut Graph,
    scope: &mut ScopeAt<'_, 'd>,
    states: &[NodeId],
    h: NodeId,
) -> Result<Vec<NodeId>> {
    let f = slopes(graph, scope, states, 0.0)?;
    let mut decay = Vec::with_capacity(f.len());
    let mut weights = Vec::with_capacity(f.len());
    for &(i, slope) in &f {
        let k = own_decay(graph, slope, states[i]);
        decay.push(k);
        weights.push(Weights::new(graph, k, h));
    }
    // N(y) − N(x) of the `at`-th equation.
    let departure = |graph: &mut Graph, at: usize, slope: NodeId, y: NodeId| {
        let (i, start) = f[at];
        let moved = graph.sub(y, states[i]);
        let linear = graph.mul(decay[at], moved);
        graph.sum(0.0, &[(slope, 1.0), (start, -1.0), (linear, -1.0)])
    };
    let mut a = states.to_vec();
    for (&(i, slope), w) in f.iter().zip(&weights) {
        a[i] = advanced(graph, states[i], &[(w.half, slope, 1.0)]);
    }
    let at_a = slopes(graph, scope, &a, 0.5)?;
    let mut b = states.to_vec();
    let mut from_a = Vec::with_capacity(f.len());
    for (at, (&(i, slope), w)) in at_a.iter().zip(&weights).enumerate() {
        from_a.push(departure(graph, at, slope, a[i]));
        b[i] = advanced(graph, a[i], &[(w.half, from_a[at], 1.0)]);
    }
    let at_b = slopes(graph, scope, &b, 0.5)?;
    let mut c = states.to_vec();
    let mut from_b = Vec::with_capacity(f.len());
    for (at, (&(i, slope), w)) in at_b.iter().zip(&weights).enumerate() {
        from_b.push(departure(graph, at, slope, b[i]));
        // k a + 2 N(b) − N(x) = f(x) + k (a − x) + 2 (N(b) − N(x)).
        let moved = graph.sub(a[i], states[i]);
        let linear = graph.mul(decay[at], moved);
        let drive = graph.sum(0.0, &[(f[at].1, 1.0), (linear, 1.0), (from_b[at], 2.0)]);
        c[i] = advanced(graph, a[i], &[(w.half, drive, 1.0)]);
    }
    let at_c = slopes(graph, scope, &c, 1.0)?;
    let mut next = states.to_vec();
    for (at, (&(i, slope), w)) in at_c.iter().zip(&weights).enumerate() {
        let from_c = departure(graph, at, slope, c[i]);
        let middle = graph.add(from_a[at], from_b[at]);
        next[i] = advanced(
            graph,
            states[i],
            &[(w.whole, f[at].1, 1.0), (w.middle, middle, 1.0), (w.end, from_c, 1.0)],
        );
    }
    Ok(next)
}

/// The right-hand sides at `states`.
fn slopes<'d>(
    graph: &mut Graph,
    scope: &mut ScopeAt<'_, 'd>,
    states: &[NodeId],
    part: f64,
) -> Result<Vec<(usize, NodeId)>> {
    let mut now = scope(graph, states, part)?;
    let derivatives = now.dynamics().derivatives.iter();
    derivatives.map(|(state, value)| Ok((*state, now.expression(graph, value)?))).collect()
}

/// `x + Σ s w d`, as a value of its own.
fn advanced(graph: &mut Graph, x: NodeId, parts: &[(NodeId, NodeId, f64)]) -> NodeId {
    let mut terms = vec![(x, 1.0)];
    for &(weight, drive, sign) in parts {
        terms.push((graph.mul(weight, drive), sign));
    }
    let sum = graph.sum(0.0, &terms);
    graph.opaque(sum)
}

/// ∂f/∂x where it is negative, else 0.
fn own_decay(graph: &mut Graph, slope: NodeId, x: NodeId) -> NodeId {
    let k = graph.derivative(slope, x);
    let rate = graph.scale(k, -1.0);
    if graph.is_positive(rate) {
        return graph.opaque(k);
    }
    let zero = graph.constant(0.0);
    let negative = graph.compare(CompareOp::Lt, k, zero);
    let chosen = graph.select(negative, k, zero);
    graph.opaque(chosen)
}

/// What the stages of one state are multiplied with, in s.
struct Weights {
    /// ½h φ₁(z/2)
    half: NodeId,
    /// h φ₁
    whole: NodeId,
    /// 2h (φ₂ − 2φ₃)
    middle: NodeId,
    /// h (4φ₃ − φ₂)
    end: NodeId,
}

impl Weights {
    /// For the decay `k`, at most 0, and the step `h`.
    fn new(graph: &mut Graph, k: NodeId, h: NodeId) -> Weights {
        let z = graph.mul(k, h);
        let (half, phi1, phi3) = match graph.value(z) {
            Some(z) => [phi1(0.5 * z), phi1(z), phi3(z)].map(|phi| graph.constant(phi)).into(),
            None => {
                let z = graph.opaque(z);
                let half_z = graph.scale(z, 0.5);
                let exprel = graph.exprel(half_z);
                let one = graph.constant(1.0);
                let half = graph.div(one, exprel);
                let half = graph.opaque(half);
                // φ₁(z) = φ₁(z/2) (1 + e^(z/2))/2.
                let root = graph.call(Function::Exp, half_z);
                let mean = graph.sum(0.5, &[(root, 0.5)]);
                let phi1 = graph.mul(half, mean);
                let phi1 = graph.opaque(phi1);
                (half, phi1, phi3_node(graph, z, phi1))
            }
        };
        let z_phi3 = graph.mul(z, phi3);
        let phi2 = graph.sum(0.5, &[(z_phi3, 1.0)]);
        let middle = graph.sum(0.0, &[(phi2, 2.0), (phi3, -4.0)]);
        let end = graph.sum(0.0, &[(phi3, 4.0), (phi2, -1.0)]);
        let half_h = graph.scale(h, 0.5);
        let mut times = |factor: NodeId, h: NodeId| {
            let product = graph.mul(factor, h);
            graph.opaque(product)
        };
        Weights {
            half: times(half, half_h),
            whole: times(phi1, h),
            middle: times(middle, h),
            end: times(end, h),
        }
    }
}

/// From here on up, φ₃ is its Taylor series.
const SERIES_FROM: f64 = -0.3;

/// φ₃ = Σ zʲ/(j + 3)!: to 10⁻¹¹ with these terms where it is used.
const SERIES: [f64; 8] = [
    1.0 / 6.0,
    1.0 / 24.0,
    1.0 / 120.0,
    1.0 / 720.0,
    1.0 / 5040.0,
    1.0 / 40320.0,
    1.0 / 362_880.0,
    1.0 / 3_628_800.0,
];

/// φ₁ of a number.
fn phi1(z: f64) -> f64 {
    if z == 0.0 { 1.0 } else { libm::expm1(z) / z }
}

/// φ₃ of a number.
fn phi3(z: f64) -> f64 {
    if z > SERIES_FROM {
        return SERIES.iter().rev().fold(0.0, |sum, term| sum * z + term);
    }
    ((phi1(z) - 1.0) / z - 0.5) / z
}

/// φ₃ of a node.
fn phi3_node(graph: &mut Graph, z: NodeId, phi1: NodeId) -> NodeId {
    let above = graph.sum(-1.0, &[(phi1, 1.0)]);
    let phi2 = graph.div(above, z);
    let phi2 = graph.opaque(phi2);
    let above = graph.sum(-0.5, &[(phi2, 1.0)]);
    let formula = graph.div(above, z);
    let mut series = graph.constant(SERIES[SERIES.len() - 1]);
    for &term in SERIES.iter().rev().skip(1) {
        let product = graph.mul(series, z);
        series = graph.sum(term, &[(product, 1.0)]);
        series = graph.opaque(series);
    }
    let limit = graph.constant(SERIES_FROM);
    let small = graph.compare(CompareOp::Gt, z, limit);
    let chosen = graph.select(small, series, formula);
    graph.opaque(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::{Dynamics, Variable};
    use crate::expr::parse;
    use crate::units::Dimension;
    use crate::vm::{Leaf, Outputs, lower, run_lane};

    /// The states after `steps` steps over one second of time; the length of a step being a number in the
    /// program, or one of its uniforms.
    fn run(equations: &[(&str, &str)], start: &[f64], steps: u32, fixed: bool) -> Vec<f64> {
        let variable = |name: &str| Variable { name: name.into(), dimension: Dimension::NONE };
        let dynamics = Dynamics {
            inputs: vec![variable("t")],
            states: equations.iter().map(|(name, _)| variable(name)).collect(),
            derivatives: equations.iter().enumerate().map(|(i, (_, f))| (i, parse(f).unwrap())).collect(),
            ..Dynamics::default()
        };
        let n = start.len() as u32;
        let step = 1.0 / f64::from(steps);
        let mut graph = Graph::new();
        let states: Vec<NodeId> = (0..n).map(|i| graph.symbol(i)).collect();
        let (time, length) = (graph.symbol(n), graph.symbol(n + 1));
        let h = if fixed { graph.constant(step) } else { length };
        let mut scope = |graph: &mut Graph, own: &[NodeId], part: f64| {
            let mut scope = Scope::new(&dynamics, own);
            let at = graph.sum(0.0, &[(time, 1.0), (h, part)]);
            scope.bind("t", at);
            Ok(scope)
        };
        let next = advance_fourth(&mut graph, &mut scope, &states, h).unwrap();
        let mut leaves: Vec<Leaf> = (0..n as u16).map(Leaf::Array).collect();
        leaves.extend([Leaf::Uniform(1), Leaf::Uniform(0)]);
        let stores = next.iter().enumerate().map(|(i, &node)| (node, (i as u32 + n) as u16)).collect();
        let program = lower(&graph, &leaves, &Outputs { stores, ..Outputs::default() }).unwrap();
        let n = start.len();
        let offsets: Vec<usize> = (0..2 * n).collect();
        let mut arena = [start, start].concat();
        for i in 0..steps {
            let uniforms = [step, f64::from(i) * step];
            run_lane(&program, &offsets, 0, &[], &mut arena, &uniforms, &mut Vec::new());
            arena.copy_within(n.., 0);
        }
        arena[..n].to_vec()
    }

    #[test]
    fn states_that_read_each_other_are_stepped_to_fourth_order() {
        type System = (&'static [(&'static str, &'static str)], &'static [f64]);
        let systems: [System; 5] = [
            (&[("x", "y"), ("y", "-sin(x)")], &[1.0, 0.0]),
            (&[("x", "-5*x"), ("y", "5*(x - y)")], &[1.0, 0.0]),
            (&[("x", "x - x^3/3 - y + 0.8"), ("y", "0.08 * (x + 0.7 - 0.8*y)")], &[-1.0, 0.3]),
            // A gate with rates that move, and a growing state.
            (&[("v", "v * (1 - g)"), ("g", "exp(v) * (1 - g) - 3 * exp(-v) * g")], &[0.5, 0.1]),
            (&[("x", "cos(7*t) - x * (2 + sin(5*t))")], &[0.3]),
        ];
        for (equations, start) in systems {
            for fixed in [true, false] {
                let fine = run(equations, start, 2000, fixed);
                let error = |steps| {
                    let got = run(equations, start, steps, fixed);
                    got.iter().zip(&fine).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
                };
                let order = (error(20) / error(40)).log2();
                assert!((order - 4.0).abs() < 0.35, "{equations:?}: order {order}");
                assert!(error(40) < 3e-6, "{equations:?}: {}", error(40));
            }
        }
    }

    #[test]
    fn what_is_linear_in_itself_is_exact_and_stiff_decay_is_stable() {
        for (rate, steps) in [(0.02, 1), (0.9, 1), (3.0, 1), (20.0, 3), (2000.0, 5), (1e7, 4)] {
            let exact = 2.0 + (0.5 - 2.0) * f64::exp(-rate);
            for fixed in [true, false] {
                let got = run(&[("x", &format!("{rate} * (2 - x)"))], &[0.5], steps, fixed)[0];
                assert!((got - exact).abs() < 1e-9, "{rate}: {got}, not {exact}");
            }
        }
        // Rates that move and are fast: the state follows its steady state, 1/(1 + e^sin t).
        let got = run(&[("x", "1e4 * ((1 - x) - exp(sin(t)) * x)")], &[0.0], 50, false)[0];
        let want = 1.0 / (1.0 + 1_f64.sin().exp());
        assert!((got - want).abs() < 1e-3, "{got}, not {want}");
        // At rest stays at rest, to the last bit.
        assert_eq!(run(&[("x", "3 * (0.7 - x)")], &[0.7], 7, true)[0], 0.7);
    }

    #[test]
    fn functions_of_the_step_are_right_on_both_sides_of_the_series() {
        for z in [-1e-9, -0.1, -0.29999, -0.30001, -2.0, -40.0] {
            // φ₃ by its integral, ∫ e^((1−s)z) s²/2 ds over 0..1, by Simpson's rule.
            let n = 20_000;
            let weight = |i: i32| if i == 0 || i == n { 1.0 } else { 2.0 + 2.0 * f64::from(i % 2) };
            let at = |i: i32| f64::from(i) / f64::from(n);
            let term = |i: i32| weight(i) * ((1.0 - at(i)) * z).exp() * at(i).powi(2) / 2.0;
            let integral: f64 = (0..=n).map(term).sum::<f64>() / (3.0 * f64::from(n));
            assert!((phi3(z) - integral).abs() < 1e-10 * integral, "{z}: {} {integral}", phi3(z));
        }
    }
}
