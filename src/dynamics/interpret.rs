//! The plain interpreter of [`Dynamics`]: slow, obvious, and what everything faster is checked
//! against. Every expression is evaluated by [`crate::expr::eval`], from names, one at a time.

use std::collections::BTreeMap;

use super::{Assignment, Dynamics};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::Expr;
use crate::expr::eval::evaluate_random;

/// One running instance of a dynamical system.
///
/// ```
/// use neuropil::dynamics::{Dynamics, Variable, interpret::Instance};
/// use neuropil::units::Dimension;
/// let decay = Dynamics {
///     states: vec![Variable { name: "x".into(), dimension: Dimension::NONE }],
///     derivatives: vec![(0, neuropil::expr::parse("1 - x")?)],
///     ..Dynamics::default()
/// };
/// let mut instance = Instance::new(&decay, &[])?;
/// for _ in 0..1000 {
///     instance.rk4(1e-3)?;
/// }
/// assert!((instance.value("x")? - (1.0 - (-1.0f64).exp())).abs() < 1e-12);
/// # Ok::<(), neuropil::Error>(())
/// ```
pub struct Instance<'a> {
    dynamics: &'a Dynamics,
    values: BTreeMap<&'a str, f64>,
    random: Option<Box<dyn FnMut() -> f64 + 'a>>,
}

impl<'a> Instance<'a> {
    /// An instance with values for its inputs, started: start assignments done in order, kinetic
    /// schemes at their steady state. Inputs that are not given are 0, states begin at 0.
    ///
    /// # Errors
    /// If an input is unknown, or an expression names what is not there.
    pub fn new(dynamics: &'a Dynamics, inputs: &[(&str, f64)]) -> Result<Instance<'a>> {
        Instance::with_random(dynamics, inputs, None)
    }

    /// An instance whose `random` draws uniform numbers in [0, 1) from `random`.
    ///
    /// # Errors
    /// As [`Instance::new`].
    pub fn with_random(
        dynamics: &'a Dynamics,
        inputs: &[(&str, f64)],
        random: Option<Box<dyn FnMut() -> f64 + 'a>>,
    ) -> Result<Instance<'a>> {
        let mut values: BTreeMap<&str, f64> = BTreeMap::new();
        values.extend(dynamics.parameters.iter().map(|p| (p.name.as_str(), p.value)));
        values.extend(dynamics.inputs.iter().map(|i| (i.name.as_str(), 0.0)));
        values.extend(dynamics.states.iter().map(|s| (s.name.as_str(), 0.0)));
        let mut instance = Instance { dynamics, values, random };
        for (name, value) in inputs {
            instance.set_input(name, *value)?;
        }
        // Once more after the schemes: a start value may depend on an occupancy.
        for _ in 0..2 {
            instance.update()?;
            instance.assign(&dynamics.on_start)?;
            instance.start_schemes()?;
        }
        Ok(instance)
    }

    /// Sets an input. Derived variables follow at the next [`Instance::update`] or step.
    ///
    /// # Errors
    /// If there is no such input.
    pub fn set_input(&mut self, name: &str, value: f64) -> Result<()> {
        match self.dynamics.inputs.iter().find(|i| i.name == name) {
            Some(input) => {
                self.values.insert(&input.name, value);
                Ok(())
            }
            None => Err(unknown(name)),
        }
    }

    /// Sets a state.
    ///
    /// # Errors
    /// If there is no such state.
    pub fn set_state(&mut self, name: &str, value: f64) -> Result<()> {
        match self.dynamics.states.iter().find(|s| s.name == name) {
            Some(state) => {
                self.values.insert(&state.name, value);
                self.update()
            }
            None => Err(unknown(name)),
        }
    }

    /// The value of a parameter, input, state, derived variable or exposure, in SI units.
    ///
    /// # Errors
    /// If there is none of that name.
    pub fn value(&self, name: &str) -> Result<f64> {
        let behind = self.dynamics.exposed(name).unwrap_or(name);
        self.values.get(name).or_else(|| self.values.get(behind)).copied().ok_or_else(|| unknown(name))
    }

    /// The states, in order.
    pub fn states(&self) -> Vec<f64> {
        self.dynamics
            .states
            .iter()
            .map(|s| self.values.get(s.name.as_str()).copied().unwrap_or(0.0))
            .collect()
    }

    fn set_states(&mut self, states: &[f64]) {
        for (state, value) in self.dynamics.states.iter().zip(states) {
            self.values.insert(&state.name, *value);
        }
    }

    /// Computes the derived variables anew.
    ///
    /// # Errors
    /// If an expression names what is not there.
    pub fn update(&mut self) -> Result<()> {
        for derived in &self.dynamics.derived {
            let value = self
                .evaluate(&derived.value)
                .map_err(|error| error.about(format_args!("'{}'", derived.name)))?;
            self.values.insert(&derived.name, value);
        }
        Ok(())
    }

    fn evaluate(&mut self, expr: &Expr) -> Result<f64> {
        let values = &self.values;
        let random = &mut self.random;
        evaluate_random(expr, &|name| values.get(name).copied(), &mut || random.as_mut().map(|draw| draw()))
    }

    /// Assigns one after the other; each sees what those before it did.
    fn assign(&mut self, assignments: &[Assignment]) -> Result<()> {
        for assignment in assignments {
            let value = self.evaluate(&assignment.value)?;
            if let Some(state) = self.dynamics.states.get(assignment.state) {
                self.values.insert(&state.name, value);
            }
            self.update()?;
        }
        Ok(())
    }

    /// The time derivatives of all states, 0 for those without one.
    ///
    /// # Errors
    /// If an expression names what is not there.
    pub fn derivatives(&mut self) -> Result<Vec<f64>> {
        self.update()?;
        let mut out = vec![0.0; self.dynamics.states.len()];
        for (state, value) in &self.dynamics.derivatives {
            let value = self.evaluate(value)?;
            if let Some(to) = out.get_mut(*state) {
                *to = value;
            }
        }
        Ok(out)
    }

    /// One forward Euler step of `dt` seconds with the inputs as they are.
    ///
    /// # Errors
    /// If an expression names what is not there.
    pub fn euler(&mut self, dt: f64) -> Result<()> {
        let slope = self.derivatives()?;
        let next: Vec<f64> = self.states().iter().zip(&slope).map(|(x, s)| x + dt * s).collect();
        self.set_states(&next);
        self.update()
    }

    /// One step of `dt` seconds by the classical fourth-order method of Runge and Kutta. The inputs
    /// stay as they are, except `t`, which takes its values within the step and is not changed.
    ///
    /// # Errors
    /// If an expression names what is not there.
    pub fn rk4(&mut self, dt: f64) -> Result<()> {
        let start = self.states();
        let time = self.dynamics.inputs.iter().any(|i| i.name == "t").then(|| self.value("t")).transpose()?;
        let mut total = vec![0.0; start.len()];
        let mut slope = vec![0.0; start.len()];
        for (within, weight) in [(0.0, 1.0), (0.5, 2.0), (0.5, 2.0), (1.0, 1.0)] {
            let point: Vec<f64> = start.iter().zip(&slope).map(|(x, s)| x + within * dt * s).collect();
            self.set_states(&point);
            if let Some(t) = time {
                self.set_input("t", t + within * dt)?;
            }
            slope = self.derivatives()?;
            total.iter_mut().zip(&slope).for_each(|(sum, s)| *sum += weight * s);
        }
        if let Some(t) = time {
            self.set_input("t", t)?;
        }
        let next: Vec<f64> = start.iter().zip(&total).map(|(x, sum)| x + dt / 6.0 * sum).collect();
        self.set_states(&next);
        self.update()
    }

    /// Does what the conditions ask for, in order: each is judged after those before it have acted.
    /// Gives the out ports on which events leave.
    ///
    /// # Errors
    /// If an expression names what is not there.
    pub fn conditions(&mut self) -> Result<Vec<usize>> {
        let mut sent = Vec::new();
        self.update()?;
        for condition in &self.dynamics.conditions {
            if self.evaluate(&condition.test)? != 0.0 {
                self.assign(&condition.assignments)?;
                sent.extend(&condition.sends);
            }
        }
        Ok(sent)
    }

    /// An event arrives at `port`. Gives the out ports on which events leave.
    ///
    /// # Errors
    /// If nothing receives at that port, or an expression names what is not there.
    pub fn event(&mut self, port: &str) -> Result<Vec<usize>> {
        let mut sent = Vec::new();
        let mut found = false;
        self.update()?;
        for event in self.dynamics.events.iter().filter(|e| e.port == port) {
            found = true;
            let holds = match &event.test {
                Some(test) => self.evaluate(test)? != 0.0,
                None => true,
            };
            if holds {
                self.assign(&event.assignments)?;
                sent.extend(&event.sends);
            }
        }
        if found { Ok(sent) } else { Err(unknown(port)) }
    }

    /// Puts the occupancies of kinetic schemes to where their derivatives are 0 and their sum is 1.
    fn start_schemes(&mut self) -> Result<()> {
        for scheme in &self.dynamics.kinetic_schemes {
            let n = scheme.len();
            let mut states = self.states();
            // The derivatives are linear: their matrix, column by column.
            let mut matrix = vec![vec![0.0; n + 1]; n];
            for (column, state) in scheme.iter().enumerate() {
                scheme.iter().for_each(|s| states[*s] = 0.0);
                states[*state] = 1.0;
                self.set_states(&states);
                let slopes = self.derivatives()?;
                for (row, s) in scheme.iter().enumerate() {
                    matrix[row][column] = slopes[*s];
                }
            }
            // They add up to 0, so one row says nothing new: the sum of occupancies takes its place.
            if let Some(last) = matrix.last_mut() {
                last.fill(1.0);
            }
            let steady = solve(matrix).ok_or_else(|| {
                Error::new(ErrorKind::Numerics, "a kinetic scheme has no single steady state to start from")
            })?;
            for (state, value) in scheme.iter().zip(steady) {
                states[*state] = value;
            }
            self.set_states(&states);
            self.update()?;
        }
        Ok(())
    }
}

fn unknown(name: &str) -> Error {
    Error::new(ErrorKind::Name, format!("nothing is called '{name}' here"))
}

/// Solves the system of equations in `rows` (coefficients, then the right side) by elimination with
/// pivots.
fn solve(mut rows: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let n = rows.len();
    for column in 0..n {
        let pivot = (column..n).max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()))?;
        rows.swap(column, pivot);
        let top = rows[column].clone();
        if top[column] == 0.0 || !top[column].is_finite() {
            return None;
        }
        for row in rows.iter_mut().skip(column + 1) {
            let factor = row[column] / top[column];
            row.iter_mut().zip(&top).for_each(|(x, t)| *x -= factor * t);
        }
    }
    let mut out = vec![0.0; n];
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|k| rows[row][k] * out[k]).sum();
        out[row] = (rows[row][n] - known) / rows[row][row];
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::{Derived, OnCondition, OnEvent, Parameter, Variable};
    use crate::expr::parse;
    use crate::units::Dimension;

    fn variable(name: &str) -> Variable {
        Variable { name: name.to_string(), dimension: Dimension::NONE }
    }

    fn relaxation() -> Dynamics {
        Dynamics {
            parameters: vec![Parameter { name: "tau".into(), dimension: Dimension::NONE, value: 2.0 }],
            inputs: vec![variable("drive"), variable("t")],
            states: vec![variable("x"), variable("count")],
            derived: vec![Derived {
                name: "gap".into(),
                dimension: Dimension::NONE,
                value: parse("drive - x").unwrap(),
            }],
            derivatives: vec![(0, parse("gap / tau").unwrap())],
            on_start: vec![Assignment { state: 0, value: parse("drive / 2").unwrap() }],
            conditions: vec![OnCondition {
                test: parse("x > 0.9").unwrap(),
                assignments: vec![
                    Assignment { state: 0, value: parse("0").unwrap() },
                    Assignment { state: 1, value: parse("count + gap").unwrap() },
                ],
                sends: vec![0],
            }],
            events: vec![OnEvent {
                port: "in".into(),
                test: Some(parse("x < 0.5").unwrap()),
                assignments: vec![Assignment { state: 0, value: parse("x + 0.25").unwrap() }],
                sends: vec![],
            }],
            out_ports: vec!["spike".into()],
            exposures: vec![("shown".into(), "gap".into())],
            ..Dynamics::default()
        }
    }

    #[test]
    fn start_step_and_order_of_accuracy() {
        let dynamics = relaxation();
        let exact = 1.0 - 0.5 * (-0.5f64).exp();
        let error = |steps: u32, rk4: bool| {
            let mut instance = Instance::new(&dynamics, &[("drive", 1.0)]).unwrap();
            assert_eq!(instance.value("x").unwrap(), 0.5);
            for _ in 0..steps {
                let dt = 1.0 / f64::from(steps);
                if rk4 { instance.rk4(dt).unwrap() } else { instance.euler(dt).unwrap() }
            }
            (instance.value("x").unwrap() - exact).abs()
        };
        let euler = error(64, false) / error(128, false);
        let rk4 = error(8, true) / error(16, true);
        assert!((euler.log2() - 1.0).abs() < 0.05, "order of Euler's method {}", euler.log2());
        assert!((rk4.log2() - 4.0).abs() < 0.1, "order of Runge-Kutta {}", rk4.log2());
    }

    #[test]
    fn assignments_follow_each_other_and_events_are_gated() {
        let dynamics = relaxation();
        let mut instance = Instance::new(&dynamics, &[("drive", 1.0)]).unwrap();
        assert!(instance.conditions().unwrap().is_empty());
        instance.event("in").unwrap();
        assert_eq!(instance.value("x").unwrap(), 0.5);
        instance.set_state("x", 0.25).unwrap();
        instance.event("in").unwrap();
        assert_eq!(instance.value("x").unwrap(), 0.5);
        instance.set_state("x", 0.95).unwrap();
        assert_eq!(instance.conditions().unwrap(), [0]);
        // The second assignment sees the first one's effect on the derived variable.
        assert_eq!((instance.value("x").unwrap(), instance.value("count").unwrap()), (0.0, 1.0));
        assert_eq!(instance.value("shown").unwrap(), 1.0);
    }

    #[test]
    fn wrong_names_are_errors() {
        let dynamics = relaxation();
        assert!(Instance::new(&dynamics, &[("nothing", 1.0)]).is_err());
        let mut instance = Instance::new(&dynamics, &[]).unwrap();
        assert!(instance.event("out").is_err() && instance.value("y").is_err());
        assert!(instance.set_state("y", 1.0).is_err());
    }

    #[test]
    fn schemes_start_at_their_steady_state() {
        let dynamics = Dynamics {
            states: vec![variable("c"), variable("o"), variable("i")],
            derivatives: vec![
                (0, parse("-3*c + 1*o").unwrap()),
                (1, parse("3*c - 1*o - 2*o + 4*i").unwrap()),
                (2, parse("2*o - 4*i").unwrap()),
            ],
            kinetic_schemes: vec![vec![0, 1, 2]],
            ..Dynamics::default()
        };
        let mut instance = Instance::new(&dynamics, &[]).unwrap();
        let states = instance.states();
        assert!((states.iter().sum::<f64>() - 1.0).abs() < 1e-15);
        assert!(instance.derivatives().unwrap().iter().all(|d| d.abs() < 1e-15));
        assert!((states[1] / states[0] - 3.0).abs() < 1e-14 && (states[1] / states[2] - 2.0).abs() < 1e-14);
    }

    #[test]
    fn random_numbers_come_from_the_caller() {
        let dynamics = Dynamics {
            states: vec![variable("x")],
            on_start: vec![Assignment { state: 0, value: parse("random(4)").unwrap() }],
            ..Dynamics::default()
        };
        assert!(Instance::new(&dynamics, &[]).is_err());
        let instance = Instance::with_random(&dynamics, &[], Some(Box::new(|| 0.5))).unwrap();
        assert_eq!(instance.value("x").unwrap(), 2.0);
    }
}
