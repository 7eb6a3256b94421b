//! What a channel answers to small changes of the potential, its states moving: a conductance that depends on frequency
//! (Koch 1984, Biol Cybern 50:15).

use faer::linalg::solvers::Solve;
use faer::{Mat, c64};

use super::membrane::{SLOPE_V, Surroundings, settled};
use crate::dynamics::Dynamics;
use crate::error::Result;

/// A channel of amount 1 around a steady state, linearised.
#[derive(Debug, Clone)]
pub(super) struct Admittance {
    /// Conductance with the states held, S/m².
    held: f64,
    /// Slopes of the states: by each other (1/s), by the potential, and of the current by them.
    by_states: Mat<f64>,
    by_v: Vec<f64>,
    of_current: Vec<f64>,
    /// Whether no state depends on another.
    is_diagonal: bool,
}

impl Admittance {
    /// That of `dynamics` at `place`.
    ///
    /// # Errors
    /// If its equations have no value there.
    pub fn of(dynamics: &Dynamics, place: &Surroundings) -> Result<Admittance> {
        let mut instance = settled(dynamics, place)?;
        let states: Vec<usize> = dynamics.derivatives.iter().map(|(state, _)| *state).collect();
        let n = states.len();
        let mut all = |v: f64| -> Result<(f64, Vec<f64>)> {
            if dynamics.inputs.iter().any(|input| input.name == "v") {
                instance.set_input("v", v)?;
            }
            let slopes = instance.derivatives()?;
            Ok((instance.value("iDensity")?, states.iter().map(|s| slopes[*s]).collect()))
        };
        let (low, high) = (all(place.v - SLOPE_V)?, all(place.v + SLOPE_V)?);
        all(place.v)?;
        let per_volt = |low: f64, high: f64| (high - low) / (2.0 * SLOPE_V);
        let by_v: Vec<f64> = low.1.iter().zip(&high.1).map(|(a, b)| per_volt(*a, *b)).collect();
        let mut by_states = Mat::zeros(n, n);
        let mut of_current = vec![0.0; n];
        let start = instance.states();
        for (column, &state) in states.iter().enumerate() {
            let step = 1e-6 * (start[state].abs() + 1e-3);
            let mut at = |value: f64| -> Result<(f64, Vec<f64>)> {
                instance.set_state(&dynamics.states[state].name, value)?;
                Ok((instance.value("iDensity")?, instance.derivatives()?))
            };
            let (low, high) = (at(start[state] - step)?, at(start[state] + step)?);
            at(start[state])?;
            of_current[column] = (high.0 - low.0) / (2.0 * step);
            for (row, &other) in states.iter().enumerate() {
                by_states[(row, column)] = (high.1[other] - low.1[other]) / (2.0 * step);
            }
        }
        let is_diagonal = (0..n).all(|i| (0..n).all(|j| i == j || by_states[(i, j)] == 0.0));
        Ok(Admittance { held: -per_volt(low.0, high.0), by_states, by_v, of_current, is_diagonal })
    }

    /// S/m² at `omega` (1/s): g − ∂i/∂x (iω − J)⁻¹ ∂f/∂v, where the states x change by f and J is ∂f/∂x.
    pub fn at(&self, omega: f64) -> c64 {
        let n = self.by_v.len();
        // A scheme has a state that does not decay: it is not asked for its answer to what never changes.
        let turning = c64::new(0.0, omega.max(1e-3));
        let mut sum = c64::new(self.held, 0.0);
        if self.is_diagonal {
            for i in 0..n {
                sum -= self.of_current[i] * self.by_v[i] / (turning - self.by_states[(i, i)]);
            }
            return sum;
        }
        let matrix = Mat::from_fn(n, n, |i, j| {
            let own = if i == j { turning } else { c64::new(0.0, 0.0) };
            own - self.by_states[(i, j)]
        });
        let right = Mat::from_fn(n, 1, |i, _| c64::new(self.by_v[i], 0.0));
        let x = matrix.partial_piv_lu().solve(&right);
        (0..n).fold(sum, |sum, i| sum - x[(i, 0)] * self.of_current[i])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Density;
    use crate::select::Region;

    #[test]
    fn the_delayed_rectifier_answers_as_hodgkin_and_huxley_say() {
        let kdr = Density::ohmic("kdr", Region::All, 360.0, -0.077).unwrap();
        let place =
            Surroundings { v: -0.055, temperature_k: 279.45, area_m2: 1e-9, ..Surroundings::default() };
        let found = Admittance::of(&kdr.dynamics, &place).unwrap();
        // n′ = α (1 − n) − β n with α = 0.01 (55 + v) / (1 − exp(−(55 + v)/10)), β = 0.125 exp(−(v + 65)/80), per ms and mV.
        let v = -55.0 + 1e-9;
        let rates = |v: f64| {
            let x = 0.1 * (v + 55.0);
            let alpha = if x.abs() < 1e-6 { 0.1 * (1.0 + x / 2.0) } else { 0.1 * x / (1.0 - (-x).exp()) };
            (alpha, 0.125 * (-(v + 65.0) / 80.0).exp())
        };
        let (alpha, beta) = rates(v);
        let n = alpha / (alpha + beta);
        let slope = |h: f64| {
            let ((a, b), (c, d)) = (rates(v - h), rates(v + h));
            ((c - a) * (1.0 - n) - (d - b) * n) / (2.0 * h)
        };
        let by_v = slope(1e-3) * 1e6; // 1/(s V)
        let tau = 1e-3 / (alpha + beta);
        for omega in [0.0, 100.0, 1000.0] {
            let i_by_n = 360.0 * 4.0 * n.powi(3) * (-0.055 + 0.077);
            let exact = 360.0 * n.powi(4) + i_by_n * by_v / (c64::new(0.0, omega) + 1.0 / tau);
            let error = (found.at(omega) - exact).norm() / exact.norm();
            assert!(error < 1e-4, "{omega}: {} {exact}", found.at(omega));
        }
    }
}
