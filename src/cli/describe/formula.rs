//! Equations as people write them, with the values of parameters in place of their names.

use crate::expr::print::{function_name, operator_sign};
use crate::expr::{BinaryOp, CompareOp, Expr};
use crate::lems::types::{Action, ComponentType, DerivedValue, Handler, Reduce, Source, Trigger};
use crate::lems::{Component, Set};
use crate::output::DisplayUnit;
use crate::units::Dimension;

/// A quantity in the unit that it is read in: `-65 mV`, `0.1/ms`.
pub(super) fn quantity(si: f64, dimension: Dimension) -> String {
    // A tenth of a room's temperature is a difference of two.
    if dimension == Dimension::TEMPERATURE && si.abs() < 100.0 {
        return format!("{} K", number(si));
    }
    let small = [
        (Dimension::CONDUCTANCE, "pS", 1e-12, 1e-11),
        (Dimension::CONDUCTANCE, "nS", 1e-9, 1e-7),
        (Dimension::CURRENT, "pA", 1e-12, 1e-11),
    ];
    let fits =
        |(of, _, _, below): &&(Dimension, &str, f64, f64)| *of == dimension && si.abs() < *below && si != 0.0;
    let unit = match small.iter().find(fits) {
        Some((_, label, scale, _)) => DisplayUnit::new(*label, *scale),
        None => DisplayUnit::of(dimension),
    };
    let value = number(unit.display(si));
    match unit.label.strip_prefix("1/") {
        Some(per) => format!("{value}/{per}"),
        None => format!("{value} {}", unit.label).trim_end().to_string(),
    }
}

/// A number without what a conversion of units adds in its last digits.
pub(super) fn number(x: f64) -> String {
    let tidy: f64 = format!("{x:.9e}").parse().unwrap_or(x);
    let size = tidy.abs();
    if tidy != 0.0 && !(1e-4..1e7).contains(&size) { format!("{tidy:e}") } else { tidy.to_string() }
}

/// How tightly a text binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Logic,
    Sum,
    Product,
    Unit,
    Power,
    Atom,
}

struct Piece {
    text: String,
    level: Level,
}

impl Piece {
    fn at(self, least: Level) -> String {
        if self.level < least { format!("({})", self.text) } else { self.text }
    }
}

/// The text of expressions in which names stand for values or for other names.
pub(super) struct Writer<'a> {
    /// What to write for a name; `None` leaves it.
    pub(super) names: &'a dyn Fn(&str) -> Option<String>,
}

impl Writer<'_> {
    /// The text of `expr`.
    pub(super) fn write(&self, expr: &Expr) -> String {
        self.piece(expr).text
    }

    fn piece(&self, expr: &Expr) -> Piece {
        let piece = |text: String, level| Piece { text, level };
        match expr {
            Expr::Number(x) => value(number(*x)),
            Expr::Name(name) => match (self.names)(name) {
                Some(text) => value(text),
                None => piece(name.clone(), Level::Atom),
            },
            Expr::Negate(a) => piece(format!("-{}", self.piece(a).at(Level::Product)), Level::Sum),
            Expr::Binary(op, a, b) => self.binary(*op, a, b),
            Expr::Call(function, a) => {
                piece(format!("{}({})", function_name(*function), self.write(a)), Level::Atom)
            }
            Expr::Compare(op, a, b) => {
                let sign = match op {
                    CompareOp::Lt => "<",
                    CompareOp::Le => "≤",
                    CompareOp::Gt => ">",
                    CompareOp::Ge => "≥",
                    CompareOp::Eq => "=",
                    CompareOp::Ne => "≠",
                };
                let (a, b) = (self.piece(a).at(Level::Sum), self.piece(b).at(Level::Sum));
                piece(format!("{a} {sign} {b}"), Level::Logic)
            }
            Expr::And(a, b) => piece(format!("{} and {}", self.write(a), self.write(b)), Level::Logic),
            Expr::Or(a, b) => piece(format!("({} or {})", self.write(a), self.write(b)), Level::Logic),
            Expr::Not(a) => piece(format!("not ({})", self.write(a)), Level::Logic),
            Expr::Select(c, a, b) => {
                // A last case of 0 is what there is when no case is written.
                let (a, c) = (self.write(a), self.write(c));
                piece(format!("{a} if {c}, else {}", self.write(b)), Level::Logic)
            }
        }
    }

    fn binary(&self, op: BinaryOp, a: &Expr, b: &Expr) -> Piece {
        let (left, right) = (self.piece(a), self.piece(b));
        let level = match op {
            BinaryOp::Add | BinaryOp::Sub => Level::Sum,
            BinaryOp::Mul | BinaryOp::Div => Level::Product,
            BinaryOp::Pow => Level::Power,
        };
        let text = match op {
            BinaryOp::Add | BinaryOp::Sub => {
                // A difference of a negative value is a sum.
                let (sign, right) = match right.text.strip_prefix('-') {
                    Some(rest)
                        if right.level == Level::Sum && !rest.contains([' ', '(']) || is_quantity(&right) =>
                    {
                        let sign = if op == BinaryOp::Add { "-" } else { "+" };
                        (sign, rest.to_string())
                    }
                    _ => {
                        let least = if op == BinaryOp::Sub { Level::Product } else { Level::Sum };
                        (operator_sign(op), right.at(least))
                    }
                };
                format!("{} {sign} {right}", left.at(Level::Sum))
            }
            BinaryOp::Mul if left.text == "1" => return right,
            BinaryOp::Mul if right.text == "1" => return left,
            BinaryOp::Mul => format!("{} · {}", left.at(Level::Product), right.at(Level::Product)),
            BinaryOp::Div if right.text == "1" => return left,
            BinaryOp::Div => format!("{} / {}", left.at(Level::Product), right.at(Level::Power)),
            BinaryOp::Pow => format!("{}^{}", left.at(Level::Atom), right.at(Level::Atom)),
        };
        Piece { text, level }
    }
}

/// Whether the piece is a value with a unit, and nothing else.
fn is_quantity(piece: &Piece) -> bool {
    let mut words = piece.text.split(' ');
    let number = words.next().is_some_and(|word| word.parse::<f64>().is_ok());
    number && words.next().is_some_and(|unit| unit.starts_with(char::is_alphabetic)) && words.next().is_none()
}

fn value(text: String) -> Piece {
    let level = match (text.starts_with('-'), text.contains([' ', '/'])) {
        (true, _) => Level::Sum,
        (false, true) => Level::Unit,
        (false, false) => Level::Atom,
    };
    Piece { text, level }
}

/// The value that `component` has for `name`, in its unit: parameter, fixed value or constant.
fn value_of(component: &Component, of: &ComponentType, name: &str) -> Option<String> {
    if let Some(constant) = of.constants.iter().find(|c| c.name == name) {
        return Some(quantity(constant.value, constant.dimension));
    }
    let dimension = of.parameter(name)?;
    let fixed = of.fixed.iter().find(|f| f.name == name).map(|f| f.value);
    component.parameter(name).or(fixed).map(|si| quantity(si, dimension))
}

/// Names and values of the parameters of a component, in one line.
pub(super) fn parameters(component: &Component, set: &Set) -> String {
    let Some(of) = set.component_type(&component.component_type) else { return String::new() };
    let shown = of.parameters.iter().filter_map(|p| {
        let value = component.parameter(&p.name)?;
        Some(format!("{} = {}", p.name, quantity(value, p.dimension)))
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// The equations of `component` alone, a line each, with the values of its parameters.
///
/// `rename` gives other names to its quantities and to those of its children (`forwardRate/r`).
pub(super) fn equations(
    component: &Component,
    set: &Set,
    rename: &dyn Fn(&str) -> Option<String>,
    with_values: bool,
) -> Vec<String> {
    let Some(of) = set.component_type(&component.component_type) else { return Vec::new() };
    let names = |name: &str| {
        rename(name)
            .or_else(|| value_of(component, of, name).filter(|_| with_values || is_constant(of, name)))
    };
    let writer = Writer { names: &names };
    let called = |name: &str| rename(name).unwrap_or_else(|| name.to_string());
    let mut lines = Vec::new();
    let derived = |d: &DerivedValue| match &d.source {
        Source::Value(expr) => Some(format!("{} = {}", called(&d.name), writer.write(expr))),
        Source::Select { path, reduce, .. } => {
            let what = match reduce {
                Some(Reduce::Add) => format!("sum of {path}"),
                Some(Reduce::Multiply) => format!("product of {path}"),
                None => rename(path).unwrap_or_else(|| path.clone()),
            };
            (called(&d.name) != what).then(|| format!("{} = {what}", called(&d.name)))
        }
    };
    lines.extend(of.derived_parameters.iter().filter_map(derived));
    lines.extend(of.dynamics.derived.iter().filter_map(derived));
    for derivative in &of.dynamics.derivatives {
        lines.push(format!("d{}/dt = {}", called(&derivative.variable), writer.write(&derivative.value)));
    }
    if !of.dynamics.on_start.is_empty() {
        lines.push(format!("at the start: {}", actions(&of.dynamics.on_start, &writer)));
    }
    let handlers = of.dynamics.handlers.iter().filter(|handler| !handler.actions.is_empty());
    lines.extend(handlers.map(|handler| event(handler, &writer)));
    for regime in &of.dynamics.regimes {
        let first = if regime.initial { ", the first" } else { "" };
        lines.push(format!("regime {}{first}", regime.name));
        for derivative in &regime.derivatives {
            lines.push(format!(
                "  d{}/dt = {}",
                called(&derivative.variable),
                writer.write(&derivative.value)
            ));
        }
        if !regime.on_entry.is_empty() {
            lines.push(format!("  on entry: {}", actions(&regime.on_entry, &writer)));
        }
        lines.extend(regime.handlers.iter().map(|handler| format!("  {}", event(handler, &writer))));
    }
    for scheme in &of.dynamics.schemes {
        lines.push(format!("kinetic scheme over {} with {}", scheme.nodes, scheme.edges));
    }
    lines
}

fn is_constant(of: &ComponentType, name: &str) -> bool {
    of.constants.iter().any(|c| c.name == name)
}

fn event(handler: &Handler, writer: &Writer<'_>) -> String {
    let when = match &handler.trigger {
        Trigger::Condition(test) => format!("when {}", writer.write(test)),
        Trigger::Event(port) => format!("on an event at {port}"),
    };
    format!("{when}: {}", actions(&handler.actions, writer))
}

fn actions(actions: &[Action], writer: &Writer<'_>) -> String {
    let each = actions.iter().map(|action| match action {
        Action::Assign { variable, value, .. } => {
            let variable = (writer.names)(variable).unwrap_or_else(|| variable.clone());
            format!("{variable} := {}", writer.write(value))
        }
        Action::Send { port, .. } => format!("send {port}"),
        Action::Transition { regime, .. } => format!("go to {regime}"),
    });
    each.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::parse;

    fn written(text: &str) -> String {
        let names = |name: &str| match name {
            "rate" => Some("0.1/ms".to_string()),
            "midpoint" => Some("-40 mV".to_string()),
            "scale" => Some("10 mV".to_string()),
            "one" => Some("1".to_string()),
            _ => None,
        };
        Writer { names: &names }.write(&parse(text).unwrap())
    }

    #[test]
    fn formulas_read_as_people_write_them() {
        assert_eq!(written("rate * exp((v - midpoint) / scale)"), "0.1/ms · exp((v + 40 mV) / (10 mV))");
        assert_eq!(
            written("one / (1 + exp(-(v - midpoint) / scale))"),
            "1 / (1 + exp(-(v + 40 mV) / (10 mV)))"
        );
        assert_eq!(written("one * x / (1 - exp(0 - x))"), "x / (1 - exp(0 - x))");
        assert_eq!(written("a - (b - c)"), "a - (b - c)");
        assert_eq!(written("(a + b)^2 .gt. 3"), "(a + b)^2 > 3");
    }

    #[test]
    fn quantities_have_the_unit_that_they_are_read_in() {
        assert_eq!(quantity(-0.065, Dimension::VOLTAGE), "-65 mV");
        assert_eq!(quantity(100.0, Dimension::PER_TIME), "0.1/ms");
        assert_eq!(quantity(279.45, Dimension::TEMPERATURE), "6.3 °C");
        assert_eq!(quantity(10.0, Dimension::TEMPERATURE), "10 K");
        assert_eq!(quantity(5e-10, Dimension::CONDUCTANCE), "0.5 nS");
        assert_eq!(quantity(1e-11, Dimension::CONDUCTANCE), "0.01 nS");
        assert_eq!(quantity(2e-7, Dimension::CONDUCTANCE), "0.2 µS");
        assert_eq!(number(1e-12), "1e-12");
    }
}
