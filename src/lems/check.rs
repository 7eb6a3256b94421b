//! Checking the equations of a component type: names, dimensions, ports, regimes.

use std::collections::BTreeSet;

use super::dynamics::misplaced;
use super::raw::Origin;
use super::types::{Action, ComponentType, Direction, Handler, Source, TimeDerivative, Trigger};
use super::vocabulary::Vocabulary;
use crate::error::{Error, ErrorKind, MAX_ERRORS, Result, Warning, nearest};
use crate::expr::{Expr, dims};
use crate::units::Dimension;

/// Checks all of `component_type`. Gives what is doubtful in it.
///
/// # Errors
/// All that are found, joined.
pub(super) fn check(component_type: &ComponentType, vocabulary: &Vocabulary) -> Result<Vec<Warning>> {
    let mut checker = Checker { of: component_type, vocabulary, errors: Vec::new(), warnings: Vec::new() };
    checker.everything();
    match Error::join(checker.errors) {
        None => Ok(checker.warnings),
        Some(error) => Err(error),
    }
}

struct Checker<'a> {
    of: &'a ComponentType,
    vocabulary: &'a Vocabulary,
    errors: Vec<Error>,
    warnings: Vec<Warning>,
}

impl Checker<'_> {
    fn label(&self) -> String {
        format!("<ComponentType name=\"{}\">", self.of.name)
    }

    fn fail(&mut self, error: Error, what: &str, origin: &Origin) {
        let named = error.about(what).in_element(self.label()).at(origin.place());
        self.errors.push(named);
    }

    /// The dimension of a name within the type's expressions.
    fn dimension(&self, name: &str) -> Option<Dimension> {
        self.of
            .quantity(name)
            .or_else(|| self.vocabulary.global(name).map(|c| c.dimension))
            .or_else(|| (name == "t").then_some(Dimension::TIME))
    }

    /// Checks `expr` against `wanted`; with `None` any dimension will do.
    fn expression(&mut self, expr: &Expr, wanted: Option<Dimension>, what: &str, origin: &Origin) {
        let mut unknown: BTreeSet<&str> = BTreeSet::new();
        expr.visit_names(&mut |name| {
            if unknown.len() < MAX_ERRORS && self.dimension(name).is_none() {
                unknown.insert(name);
            }
        });
        let missing: Vec<Error> = unknown
            .iter()
            .map(|name| {
                let names = self.of.quantity_names();
                let error = Error::new(ErrorKind::Name, format!("nothing is called '{name}' here"));
                match nearest(name, names.iter().copied()) {
                    Some(near) => error.help(format!("did you mean '{near}'?")),
                    None => error.help("declare it, as a Requirement if it comes from around"),
                }
            })
            .collect();
        if !missing.is_empty() {
            for error in missing {
                self.fail(error, what, origin);
            }
            return;
        }
        let result = dims::slips(expr, wanted, &|name: &str| self.dimension(name));
        match result {
            Err(error) => match self.excuse(expr, wanted) {
                None => self.fail(error, what, origin),
                Some(excuse) => {
                    let message = format!("{}: {what}: {}; {excuse}", self.label(), error.message());
                    self.warnings.push(Warning::new("dimension-mismatch", message, origin.place()));
                }
            },
            Ok(slips) => {
                for slip in slips {
                    let message = format!("{}: {what}: {slip}; numbers are taken in SI units", self.label());
                    self.warnings.push(Warning::new("dimension-mismatch", message, origin.place()));
                }
            }
        }
    }

    /// Why two different dimensions that meet in `expr` need not mean a wrong number, if there is a reason: constants of one
    /// second, one volt and the like, put there to make dimensions agree, leave every number in SI units as it is.
    fn excuse(&self, expr: &Expr, wanted: Option<Dimension>) -> Option<&'static str> {
        let own = |name: &str| self.of.constants.iter().find(|c| c.name == name).map(|c| c.value);
        let is_one = |name: &str| {
            let global = || self.vocabulary.global(name).map(|c| c.value);
            own(name).or_else(|| if self.of.quantity(name).is_none() { global() } else { None }) == Some(1.0)
        };
        let agrees = dims::slips_beside(expr, wanted, &|name: &str| self.dimension(name), &is_one).is_ok();
        agrees.then_some("the constants in it that are 1 in SI units change no number")
    }

    fn everything(&mut self) {
        // Some models have it; jLEMS does not know it either.
        let written = std::sync::Arc::clone(&self.of.written);
        for parameter in written.children.iter().filter(|c| c.name == "Parameter") {
            let keys = ["default", "defaultValue", "value"].into_iter();
            for key in keys.filter(|key| parameter.get(key).is_some()) {
                let message = format!(
                    "{}: the attribute '{key}' of the parameter '{}' means nothing: every component has to set it",
                    self.label(),
                    parameter.get("name").unwrap_or_default()
                );
                self.warnings.push(Warning::new("unknown-attribute", message, parameter.origin.place()));
            }
        }
        let of = self.of;
        for element in misplaced(&of.written) {
            let message = format!(
                "{}: a <{}> among actions means nothing, in jLEMS too: it is passed over",
                self.label(),
                element.name
            );
            self.warnings.push(Warning::new("misplaced-element", message, element.origin.place()));
        }
        for derived in of.derived_parameters.iter().chain(&of.dynamics.derived) {
            if let Source::Value(expr) = &derived.source {
                self.expression(
                    expr,
                    Some(derived.dimension),
                    &format!("'{}'", derived.name),
                    &derived.origin,
                );
            }
            if let Some(exposure) = &derived.exposure {
                self.exposure(exposure, derived.dimension, &derived.name, &derived.origin);
            }
        }
        for state in &of.dynamics.states {
            if let Some(exposure) = &state.exposure {
                self.exposure(exposure, state.dimension, &state.name, &of.origin);
            }
        }
        for (name, origin) in &of.dynamics.computed {
            let message = format!(
                "{}: '{name}' is both a state variable and a derived one: it is computed, and what is said of \
                 the state is not used",
                self.label()
            );
            self.warnings.push(Warning::new("computed-state", message, origin.place()));
        }
        for derivative in &of.dynamics.derivatives {
            self.derivative(derivative);
        }
        self.actions(&of.dynamics.on_start, "OnStart");
        for handler in &of.dynamics.handlers {
            self.handler(handler);
        }
        for regime in &of.dynamics.regimes {
            for derivative in &regime.derivatives {
                self.derivative(derivative);
            }
            self.actions(&regime.on_entry, "OnEntry");
            for handler in &regime.handlers {
                self.handler(handler);
            }
        }
        if of.dynamics.regimes.iter().filter(|r| r.initial).count() > 1 {
            let error = Error::new(ErrorKind::Name, "more than one regime is initial");
            self.fail(error, "Dynamics", &of.origin);
        }
    }

    fn exposure(&mut self, exposure: &str, dimension: Dimension, name: &str, origin: &Origin) {
        let found = self.of.exposures.iter().find(|e| e.name == exposure);
        match found {
            None => {
                let error = Error::new(ErrorKind::Name, format!("there is no exposure '{exposure}'"));
                self.fail(error, &format!("'{name}'"), origin);
            }
            // What reads the exposure gets the number that the variable is, in SI units.
            Some(known) if known.dimension != dimension => {
                let message = format!(
                    "{}: the exposure '{exposure}' is [{}], its variable '{name}' is [{dimension}]; numbers are taken \
                     in SI units",
                    self.label(),
                    known.dimension
                );
                self.warnings.push(Warning::new("exposure-dimension", message, origin.place()));
            }
            Some(_) => {}
        }
    }

    /// The dimension of a state variable; an error is noted if there is none of that name.
    fn state(&mut self, name: &str, what: &str, origin: &Origin) -> Option<Dimension> {
        let states = &self.of.dynamics.states;
        if let Some(state) = states.iter().find(|s| s.name == name) {
            return Some(state.dimension);
        }
        let error = Error::new(ErrorKind::Name, format!("there is no state variable '{name}'"));
        let error = match nearest(name, states.iter().map(|s| s.name.as_str())) {
            Some(near) => error.help(format!("did you mean '{near}'?")),
            None => error,
        };
        self.fail(error, what, origin);
        None
    }

    fn derivative(&mut self, derivative: &TimeDerivative) {
        let what = format!("TimeDerivative of '{}'", derivative.variable);
        let dimension = self.state(&derivative.variable, &what, &derivative.origin);
        let Some(dimension) = dimension.and_then(|d| d.times(Dimension::PER_TIME)) else { return };
        self.expression(&derivative.value, Some(dimension), &what, &derivative.origin);
    }

    fn handler(&mut self, handler: &Handler) {
        match &handler.trigger {
            Trigger::Condition(test) => {
                self.expression(test, None, "OnCondition", &handler.origin);
                self.actions(&handler.actions, "OnCondition");
            }
            Trigger::Event(port) => {
                self.port(port, Direction::In, "OnEvent", &handler.origin);
                self.actions(&handler.actions, "OnEvent");
            }
        }
    }

    fn port(&mut self, port: &str, direction: Direction, what: &str, origin: &Origin) {
        let ports = &self.of.event_ports;
        if ports.iter().any(|p| p.name == port && p.direction == direction) {
            return;
        }
        let way = if direction == Direction::In { "in" } else { "out" };
        let error =
            Error::new(ErrorKind::Name, format!("there is no event port '{port}' with direction '{way}'"));
        let error =
            match nearest(port, ports.iter().filter(|p| p.direction == direction).map(|p| p.name.as_str())) {
                Some(near) => error.help(format!("did you mean '{near}'?")),
                None => error,
            };
        self.fail(error, what, origin);
    }

    fn actions(&mut self, actions: &[Action], what: &str) {
        for action in actions {
            match action {
                Action::Assign { variable, value, origin } => {
                    let what = format!("{what}: '{variable}'");
                    let dimension = self.state(variable, &what, origin);
                    if dimension.is_some() {
                        self.expression(value, dimension, &what, origin);
                    }
                }
                Action::Send { port, origin } => self.port(port, Direction::Out, what, origin),
                Action::Transition { regime, origin } => {
                    let regimes = &self.of.dynamics.regimes;
                    if !regimes.iter().any(|r| r.name == *regime) {
                        let error = Error::new(ErrorKind::Name, format!("there is no regime '{regime}'"));
                        let error = match nearest(regime, regimes.iter().map(|r| r.name.as_str())) {
                            Some(near) => error.help(format!("did you mean '{near}'?")),
                            None => error,
                        };
                        self.fail(error, what, origin);
                    }
                }
            }
        }
    }
}
