//! One dynamics as lines of Brian's equations.

use std::collections::{BTreeMap, BTreeSet};

use super::units::{declared, literal, quantity, text};
use crate::codegen::names::{Names, short_names};
use crate::dynamics::{Assignment, Dynamics};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{BinaryOp, Expr, eval};
use crate::units::Dimension;

/// Constants of the script, each of one name.
#[derive(Debug, Default)]
pub(super) struct Constants {
    names: Names,
    /// Name wanted and value → name.
    known: BTreeMap<(String, u64), String>,
    /// Names and values, in order.
    pub(super) lines: Vec<(String, String)>,
}

impl Constants {
    pub(super) fn new(reserved: &[&str]) -> Constants {
        Constants { names: Names::new(reserved), ..Constants::default() }
    }

    /// The name of a constant that is called `wanted`, and by no name that `own` has.
    fn of(&mut self, wanted: &str, si: f64, dimension: Dimension, own: &mut Names) -> String {
        let key = (wanted.to_string(), si.to_bits());
        if let Some(known) = self.known.get(&key) {
            let known = known.clone();
            if own.claim(&known) == known {
                return known;
            }
        }
        let name = own.claim_with(&mut self.names, wanted);
        self.known.insert(key, name.clone());
        self.lines.push((name.clone(), quantity(si, dimension)));
        name
    }

    /// A name for something of the script.
    pub(super) fn claim(&mut self, wanted: &str) -> String {
        self.names.claim(wanted)
    }
}

/// What a dynamics is called in the equations of a group.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// The equations, tidied.
    pub(super) dynamics: Dynamics,
    /// What stands for each name.
    pub(super) named: BTreeMap<String, Expr>,
    /// Parameters that differ between places: name in the dynamics, in the group.
    pub(super) varying: Vec<(String, String)>,
    dimensions: BTreeMap<String, Dimension>,
}

impl Piece {
    /// Names everything in `dynamics`: `suffix` at the end of each name, `varying` parameters as variables, `input` for what it
    /// reads.
    ///
    /// # Errors
    /// If it reads what nobody gives.
    pub(super) fn new(
        dynamics: Dynamics,
        suffix: &str,
        varying: &[String],
        input: &dyn Fn(&str) -> Option<Expr>,
        names: &mut Names,
        constants: &mut Constants,
    ) -> Result<Piece> {
        let values = constant_values(&dynamics, varying);
        let mut piece =
            Piece { named: BTreeMap::new(), varying: Vec::new(), dimensions: BTreeMap::new(), dynamics };
        let d = &piece.dynamics;
        let dimensions = d.states.iter().chain(&d.inputs).map(|v| (v.name.clone(), v.dimension));
        let derived = d.derived.iter().map(|v| (v.name.clone(), v.dimension));
        let parameters = d.parameters.iter().map(|p| (p.name.clone(), p.dimension));
        piece.dimensions = dimensions.chain(derived).chain(parameters).collect();
        for variable in &d.inputs {
            let given = match variable.name.strip_prefix("random(") {
                Some(_) => Some(Expr::name("rand()")),
                None => input(&variable.name),
            };
            let given = given.ok_or_else(|| {
                let message = format!("'{}' reads '{}', which is not made for Brian", d.name, variable.name);
                Error::new(ErrorKind::Unsupported, message)
            })?;
            piece.named.insert(variable.name.clone(), given);
        }
        let states = d.states.iter().map(|s| s.name.as_str());
        let derived = d.derived.iter().map(|v| v.name.as_str()).filter(|name| !values.contains_key(*name));
        let open =
            d.parameters.iter().map(|p| p.name.as_str()).filter(|name| varying.iter().any(|v| v == name));
        let paths: Vec<&str> = states.chain(derived).chain(open).collect();
        let short = short_names(&paths, &mut Names::default());
        for path in &paths {
            let short = &short[*path];
            // The potential of a cell is v.
            let wanted = if suffix.is_empty() {
                short.clone()
            } else {
                format!("{}_{suffix}", short.trim_end_matches('_'))
            };
            let name = names.claim(&wanted);
            if varying.iter().any(|v| v == path) {
                piece.varying.push(((*path).to_string(), name.clone()));
            }
            piece.named.insert((*path).to_string(), Expr::Name(name));
        }
        // What is known already is written as its value; only what the rest reads needs a name.
        let used = used(d, &values);
        for (name, value) in values.iter().filter(|(name, _)| used.contains(*name)) {
            let dimension = piece.dimensions.get(name).copied().unwrap_or(Dimension::NONE);
            let is_parameter = d.parameters.iter().any(|p| p.name == *name);
            // What belongs to the mechanism itself has a name; numbers of its inner parts stand where they are used.
            let expr = if is_parameter && !name.contains('/') && value.is_finite() {
                let wanted = if suffix.is_empty() { name.clone() } else { format!("{name}_{suffix}") };
                Expr::Name(constants.of(&wanted, *value, dimension, names))
            } else {
                literal(*value, dimension)
            };
            piece.named.insert(name.clone(), expr);
        }
        Ok(piece)
    }

    fn dimension(&self, name: &str) -> Dimension {
        self.dimensions.get(name).copied().unwrap_or(Dimension::NONE)
    }

    /// The name in the group of a state or a derived variable; nothing if it never changes.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        match self.named.get(name) {
            Some(Expr::Name(found)) => Some(found),
            _ => None,
        }
    }

    /// The text of an expression in SI units, `change` made to what stands for each name.
    ///
    /// # Errors
    /// If Brian has no word for something in it.
    pub(super) fn text_with(
        &self,
        expr: &Expr,
        wanted: Dimension,
        change: &dyn Fn(&str, Expr) -> Expr,
    ) -> Result<String> {
        let named =
            |name: &str| change(name, self.named.get(name).cloned().unwrap_or_else(|| Expr::name(name)));
        text(expr, wanted, &|name| self.dimension(name), &named)
    }

    /// The same as it is.
    ///
    /// # Errors
    /// As [`Piece::text_with`].
    pub(super) fn text(&self, expr: &Expr, wanted: Dimension) -> Result<String> {
        self.text_with(expr, wanted, &|_, expr| expr)
    }

    /// The lines of the equations; `flags` of derived variables by their name in the dynamics.
    ///
    /// # Errors
    /// As [`Piece::text_with`].
    pub(super) fn lines(&self, flag: &dyn Fn(&str) -> &'static str) -> Result<Vec<String>> {
        let d = &self.dynamics;
        let mut lines = Vec::new();
        for derived in &d.derived {
            let Some(Expr::Name(name)) = self.named.get(&derived.name) else { continue };
            let value = self.text(&derived.value, derived.dimension)?;
            lines.push(format!("{name} = {value} : {}{}", declared(derived.dimension), flag(&derived.name)));
        }
        lines.extend(self.state_lines()?);
        Ok(lines)
    }

    /// The lines of states and of parameters that differ.
    ///
    /// # Errors
    /// As [`Piece::text_with`].
    pub(super) fn state_lines(&self) -> Result<Vec<String>> {
        let d = &self.dynamics;
        let mut lines = Vec::new();
        for (at, state) in d.states.iter().enumerate() {
            let Some(name) = self.variable(&state.name) else { continue };
            let unit = declared(state.dimension);
            match d.derivatives.iter().find(|(of, _)| *of == at) {
                Some((_, rate)) => {
                    let per_time = state.dimension.over(Dimension::TIME).unwrap_or(Dimension::NONE);
                    lines.push(format!("d{name}/dt = {} : {unit}", self.text(rate, per_time)?));
                }
                None => lines.push(format!("{name} : {unit}")),
            }
        }
        for (path, name) in &self.varying {
            lines.push(format!("{name} : {} (constant)", declared(self.dimension(path))));
        }
        Ok(lines)
    }

    /// The derived variables that `read` are made of, as statements in order. Brian works out what equations derive before states have
    /// decayed to the time of an event, if one is made of another.
    ///
    /// # Errors
    /// As [`Piece::text_with`].
    pub(super) fn derived_for<'e>(&self, read: impl IntoIterator<Item = &'e Expr>) -> Result<Vec<String>> {
        let mut wanted: BTreeSet<String> = BTreeSet::new();
        let note = |expr: &Expr, wanted: &mut BTreeSet<String>| {
            expr.visit_names(&mut |name| {
                wanted.insert(name.to_string());
            });
        };
        read.into_iter().for_each(|expr| note(expr, &mut wanted));
        let mut lines = Vec::new();
        // Each is made of those before it.
        for derived in self.dynamics.derived.iter().rev().filter(|d| self.variable(&d.name).is_some()) {
            if wanted.contains(&derived.name)
                && let Some(name) = self.variable(&derived.name)
            {
                note(&derived.value, &mut wanted);
                lines.push(format!("{name} = {}", self.text(&derived.value, derived.dimension)?));
            }
        }
        lines.reverse();
        Ok(lines)
    }

    /// Values of states at the start: name in the group, text.
    ///
    /// # Errors
    /// As [`Piece::text_with`].
    pub(super) fn starts(&self) -> Result<Vec<(String, String)>> {
        let d = &self.dynamics;
        let mut out = Vec::new();
        for assignment in &d.on_start {
            let Some(state) = d.states.get(assignment.state) else { continue };
            let Some(name) = self.variable(&state.name) else { continue };
            if assignment.value == Expr::Number(0.0) {
                continue;
            }
            out.push((name.to_string(), self.text(&assignment.value, state.dimension)?));
        }
        Ok(out)
    }

    /// Assignments as statements; a state's name is followed by `ending` (`_post`), `change` is made to names.
    ///
    /// # Errors
    /// As [`Piece::text_with`].
    pub(super) fn statements(
        &self,
        assignments: &[Assignment],
        test: Option<&Expr>,
        ending: &str,
        change: &dyn Fn(&str, Expr) -> Expr,
    ) -> Result<Vec<String>> {
        let mut out = Vec::new();
        for assignment in assignments {
            let Some(state) = self.dynamics.states.get(assignment.state) else { continue };
            let Some(name) = self.variable(&state.name) else { continue };
            let added = added(&assignment.value, &state.name);
            let value = self.text_with(added.unwrap_or(&assignment.value), state.dimension, change)?;
            let test = test.map(|test| self.text_with(test, Dimension::NONE, change)).transpose()?;
            out.push(match (added.is_some(), test) {
                (true, None) => format!("{name}{ending} += {value}"),
                (true, Some(test)) => format!("{name}{ending} += int({test})*({value})"),
                (false, None) => format!("{name}{ending} = {value}"),
                (false, Some(test)) => {
                    format!("{name}{ending} += int({test})*({value} - {name}{ending})")
                }
            });
        }
        Ok(out)
    }
}

/// The names that formulas read which are no constants.
fn used(dynamics: &Dynamics, values: &BTreeMap<String, f64>) -> BTreeSet<String> {
    let mut out: BTreeSet<String> = dynamics.exposures.iter().map(|(_, name)| name.clone()).collect();
    let mut read = |expr: &Expr| {
        expr.visit_names(&mut |name| {
            out.insert(name.to_string());
        });
    };
    dynamics.derived.iter().filter(|v| !values.contains_key(&v.name)).for_each(|v| read(&v.value));
    dynamics.derivatives.iter().for_each(|(_, rate)| read(rate));
    dynamics.on_start.iter().for_each(|a| read(&a.value));
    for condition in &dynamics.conditions {
        read(&condition.test);
        condition.assignments.iter().for_each(|a| read(&a.value));
    }
    for event in &dynamics.events {
        event.test.iter().for_each(&mut read);
        event.assignments.iter().for_each(|a| read(&a.value));
    }
    out
}

/// What is added to `state` by `state + x`.
fn added<'e>(value: &'e Expr, state: &str) -> Option<&'e Expr> {
    let Expr::Binary(BinaryOp::Add, a, b) = value else { return None };
    let is_it = |e: &Expr| matches!(e, Expr::Name(name) if name == state);
    let rest = if is_it(a) {
        b
    } else if is_it(b) {
        a
    } else {
        return None;
    };
    (!rest.reads(state)).then_some(&**rest)
}

/// Parameters that do not differ, and what follows from them alone, with their values.
pub(super) fn constant_values(dynamics: &Dynamics, varying: &[String]) -> BTreeMap<String, f64> {
    let mut values: BTreeMap<String, f64> = dynamics
        .parameters
        .iter()
        .filter(|p| !varying.contains(&p.name))
        .map(|p| (p.name.clone(), p.value))
        .collect();
    for derived in &dynamics.derived {
        if derived.value.calls_random() {
            continue;
        }
        if let Ok(value) = eval::evaluate(&derived.value, &|name| values.get(name).copied()) {
            values.insert(derived.name.clone(), value);
        }
    }
    values
}
