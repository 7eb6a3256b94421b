//! Steady states and time constants of a channel's gates, worked out from its equations.

use std::collections::BTreeMap;

use crate::dynamics::Dynamics;
use crate::error::Result;
use crate::expr::eval::evaluate;
use crate::plot::GateCurve;

/// Where the gates are looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Conditions {
    /// Temperature, K.
    pub temperature_k: f64,
    /// Calcium inside, mol/m³.
    pub calcium_mm: f64,
}

/// The values of all names at one membrane potential.
struct Values<'a> {
    dynamics: &'a Dynamics,
    fixed: BTreeMap<&'a str, f64>,
}

impl<'a> Values<'a> {
    fn new(dynamics: &'a Dynamics, v: f64, conditions: Conditions) -> Values<'a> {
        let mut fixed: BTreeMap<&str, f64> =
            dynamics.parameters.iter().map(|p| (p.name.as_str(), p.value)).collect();
        for input in &dynamics.inputs {
            let value = match input.name.as_str() {
                "v" => v,
                "temperature" => conditions.temperature_k,
                "caConc" | "caConc2" => conditions.calcium_mm,
                "caConcExt" | "caConcExt2" => 2.0,
                "mgConc" => 1.0,
                "weight" => 1.0,
                _ => 0.0,
            };
            fixed.insert(input.name.as_str(), value);
        }
        Values { dynamics, fixed }
    }

    /// All names when the states have these values.
    fn all(&self, states: &[f64]) -> Result<BTreeMap<&'a str, f64>> {
        let mut values = self.fixed.clone();
        for (state, value) in self.dynamics.states.iter().zip(states) {
            values.insert(state.name.as_str(), *value);
        }
        for derived in &self.dynamics.derived {
            let value = evaluate(&derived.value, &|name| values.get(name).copied())?;
            values.insert(derived.name.as_str(), value);
        }
        Ok(values)
    }

    /// The rate of change of the `derivative`-th state when the states have these values.
    fn rate(&self, derivative: usize, states: &[f64]) -> Result<f64> {
        let values = self.all(states)?;
        match self.dynamics.derivatives.get(derivative) {
            Some((_, expr)) => evaluate(expr, &|name| values.get(name).copied()),
            None => Ok(0.0),
        }
    }
}

/// The curves of all gates of `dynamics` from -120 to 60 mV.
///
/// A gate is a state that relaxes to a value of its own: dq/dt = a - b q, so its steady state is
/// a/b and its time constant 1/b. States that depend on each other (kinetic schemes) are left out.
/// Gates without a state, which follow the potential at once, have no time constant.
pub(super) fn curves(dynamics: &Dynamics, conditions: Conditions) -> Result<Vec<GateCurve>> {
    // Off the round numbers, where a formula such as x/(exp(x) - 1) may be 0/0.
    let potentials: Vec<f64> = (0..=360).map(|i| -120.0 + 0.5 * f64::from(i) + 1e-6).collect();
    let n = dynamics.states.len();
    let mut curves = Vec::new();
    for (index, (state, _)) in dynamics.derivatives.iter().enumerate() {
        let mut curve = GateCurve { name: gate_name(&dynamics.states[*state].name), ..GateCurve::default() };
        let mut relaxes = true;
        for v_mv in &potentials {
            let values = Values::new(dynamics, v_mv * 1e-3, conditions);
            let at = |own: f64, others: f64| {
                let mut states = vec![others; n];
                states[*state] = own;
                values.rate(index, &states)
            };
            let (zero, one, half) = (at(0.0, 0.0)?, at(1.0, 0.0)?, at(0.5, 0.0)?);
            let b = zero - one;
            let linear = (half - 0.5 * (zero + one)).abs() <= 1e-9 * (zero.abs() + one.abs());
            let alone = n == 1 || (at(0.0, 0.25)? - zero).abs() <= 1e-9 * zero.abs().max(1e-300);
            relaxes &= b.is_finite() && b > 0.0 && linear && alone;
            curve.v_mv.push(*v_mv);
            curve.steady.push(zero / b);
            curve.tau_ms.push(1e3 / b);
        }
        if relaxes {
            curves.push(curve);
        }
    }
    for derived in dynamics.derived.iter().filter(|d| d.name.ends_with("/q")) {
        let mut curve = GateCurve { name: gate_name(&derived.name), ..GateCurve::default() };
        for v_mv in &potentials {
            let values = Values::new(dynamics, v_mv * 1e-3, conditions).all(&vec![0.0; n])?;
            curve.v_mv.push(*v_mv);
            curve.steady.push(values.get(derived.name.as_str()).copied().unwrap_or(f64::NAN));
        }
        if curve.steady.iter().all(|x| x.is_finite()) {
            curves.push(curve);
        }
    }
    Ok(curves)
}

/// `m/q` is the gate `m`.
fn gate_name(state: &str) -> String {
    state.strip_suffix("/q").unwrap_or(state).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::{Parameter, Variable};
    use crate::expr::parse;
    use crate::units::Dimension;

    use crate::expr::{BinaryOp, Expr};

    /// dq/dt = (inf - q)/tau with inf a sigmoid of v and tau 5 ms.
    fn gate() -> Dynamics {
        let variable = |name: &str, dimension| Variable { name: name.into(), dimension };
        let binary = |op, a: Expr, b: Expr| Expr::Binary(op, Box::new(a), Box::new(b));
        let inf = parse("1 / (1 + exp(-(v + 0.04) / 0.005))").unwrap();
        // Paths such as `m/q` are one name in a flat system, and a quotient in a text.
        let difference = binary(BinaryOp::Sub, inf, Expr::Name("m/q".into()));
        Dynamics {
            parameters: vec![Parameter { name: "tau".into(), dimension: Dimension::TIME, value: 5e-3 }],
            inputs: vec![variable("v", Dimension::VOLTAGE)],
            states: vec![variable("m/q", Dimension::NONE)],
            derivatives: vec![(0, binary(BinaryOp::Div, difference, Expr::Name("tau".into())))],
            ..Dynamics::default()
        }
    }

    const CONDITIONS: Conditions = Conditions { temperature_k: 279.45, calcium_mm: 1e-4 };

    #[test]
    fn a_relaxing_state_is_a_gate_with_its_curves() {
        let curves = curves(&gate(), CONDITIONS).unwrap();
        assert_eq!(curves.len(), 1);
        assert_eq!(curves[0].name, "m");
        let at = curves[0].v_mv.iter().position(|v| (v + 40.0).abs() < 0.1).unwrap();
        assert!((curves[0].steady[at] - 0.5).abs() < 1e-3);
        assert!(curves[0].tau_ms.iter().all(|tau| (tau - 5.0).abs() < 1e-9));
    }

    #[test]
    fn a_state_that_grows_is_no_gate() {
        let mut dynamics = gate();
        dynamics.derivatives[0].1 = Expr::Name("m/q".into());
        assert!(curves(&dynamics, CONDITIONS).unwrap().is_empty());
    }
}
