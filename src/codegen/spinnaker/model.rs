//! Point neurons of any kind as a neuron model for SpiNNaker: one description, from which the C header is printed and the
//! emulation runs.

use std::collections::BTreeMap;

use crate::codegen::names::{C_PLUS_PLUS, Names, short_names};
use crate::codegen::syntax::comparison;
use crate::codegen::tidy::{constant_names, tidy};
use crate::codegen::units::{UnitSystem, in_units};
use crate::dynamics::interpret::Instance;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::eval::{binary, compare};
use crate::expr::{BinaryOp, Expr, Function};
use crate::hardware::spinnaker::Accum;
use crate::model::PointCell;
use crate::units::Dimension;

/// sPyNNaker's units: with mV and ms, conductances in µS and currents in nA.
pub(super) const UNITS: UnitSystem = UnitSystem {
    named: &[
        (Dimension::CONDUCTANCE, "uS", -6),
        (Dimension::CAPACITANCE, "nF", -9),
        (Dimension::RESISTANCE, "Mohm", 6),
        (Dimension::CONCENTRATION, "mM", 0),
    ],
    ..UnitSystem::USUAL
};

/// Words of the files that include the header.
const OWN: &[&str] = &["accum", "REAL", "expk", "neuron", "params", "state", "time_step", "input", "fires"];

/// The largest whole exponent that becomes a product.
const MOST_FACTORS: f64 = 8.0;

/// A neuron model in s16.15.
#[derive(Debug, Clone)]
pub struct FixedModel {
    /// Identifier of the type.
    pub name: String,
    /// Parameters: identifier, value, unit.
    pub(super) parameters: Vec<(String, f64, String)>,
    /// States: identifier, value at the start, unit.
    pub(super) states: Vec<(String, f64, String)>,
    /// What never changes and is computed once.
    pub(super) constants: Vec<(String, Expr)>,
    /// What is computed from states and input.
    derived: Vec<(String, Expr)>,
    /// Derivatives: state and right-hand side, per ms.
    rates: Vec<(usize, Expr)>,
    conditions: Vec<Condition>,
    /// The state that is the time, if one is needed.
    time: Option<usize>,
    /// The state that is the potential.
    pub(super) potential: usize,
}

#[derive(Debug, Clone)]
struct Condition {
    test: Expr,
    assignments: Vec<(usize, Expr)>,
    fires: bool,
}

/// The identifier of the current that flows in, nA.
const INPUT: &str = "input";

impl FixedModel {
    /// The model of a point neuron; its synapses are sPyNNaker's own.
    ///
    /// # Errors
    /// What the model has that cannot be said: random numbers, events that change the cell itself, functions but exp.
    pub fn of(cell: &PointCell) -> Result<FixedModel> {
        let source = &cell.dynamics;
        let unsupported =
            |what: String| Error::new(ErrorKind::Unsupported, format!("{}: {what}", source.component_type));
        if !source.events.is_empty() {
            return Err(unsupported(
                "events that change the cell itself have no place in a neuron model of sPyNNaker".into(),
            ));
        }
        if !source.kinetic_schemes.is_empty() {
            return Err(unsupported("kinetic schemes are not written for SpiNNaker".into()));
        }
        let flat = tidy(source, &["v"], &[], &[]);
        let potential = flat.exposed("v").and_then(|v| flat.state(v));
        let potential =
            potential.ok_or_else(|| unsupported("it has no potential 'v' that is a state".into()))?;
        let input = flat.inputs.iter().find(|i| i.name.starts_with("synapses"));
        let is_known = |name: &str| name == "t" || input.is_some_and(|i| i.name == name);
        if let Some(other) = flat.inputs.iter().find(|i| !is_known(&i.name)) {
            return Err(unsupported(format!("it reads '{}'", other.name)));
        }
        // Names.
        let mut paths: Vec<&str> = flat.states.iter().map(|s| s.name.as_str()).collect();
        paths.extend(flat.parameters.iter().map(|p| p.name.as_str()));
        paths.extend(flat.derived.iter().map(|d| d.name.as_str()));
        let mut names = Names::new(&[C_PLUS_PLUS, OWN].concat());
        let mut short = short_names(&paths, &mut names);
        if let Some(input) = input {
            short.insert(input.name.clone(), INPUT.to_string());
        }
        let needs_time = flat.inputs.iter().any(|i| i.name == "t");
        let clock = names.claim("t");
        short.insert("t".to_string(), clock.clone());
        // Units.
        let mut dimensions: BTreeMap<&str, Dimension> = BTreeMap::new();
        dimensions.extend(flat.states.iter().map(|s| (s.name.as_str(), s.dimension)));
        dimensions.extend(flat.parameters.iter().map(|p| (p.name.as_str(), p.dimension)));
        dimensions.extend(flat.derived.iter().map(|d| (d.name.as_str(), d.dimension)));
        dimensions.extend(flat.inputs.iter().map(|i| (i.name.as_str(), i.dimension)));
        let power = |name: &str| dimensions.get(name).map_or(0, |d| UNITS.power(*d));
        let said = |expr: &Expr, wanted: i32| -> Result<Expr> {
            if expr.calls_random() {
                return Err(unsupported(
                    "random numbers are not drawn in a neuron model of sPyNNaker".into(),
                ));
            }
            let named = in_units(expr, &power, wanted)
                .map_names(&|name| Expr::name(short.get(name).map_or(name, String::as_str)));
            Ok(products(&named))
        };
        let constant = constant_names(&flat);
        let (mut constants, mut derived) = (Vec::new(), Vec::new());
        for d in &flat.derived {
            let list = if constant.contains(&d.name) { &mut constants } else { &mut derived };
            list.push((short[&d.name].clone(), said(&d.value, UNITS.power(d.dimension))?));
        }
        let per_ms = UNITS.power(Dimension::TIME);
        let rates: Result<Vec<(usize, Expr)>> = flat
            .derivatives
            .iter()
            .map(|(state, value)| {
                Ok((*state, said(value, UNITS.power(flat.states[*state].dimension) - per_ms)?))
            })
            .collect();
        let of_state = |state: usize| UNITS.power(flat.states[state].dimension);
        let conditions: Result<Vec<Condition>> = flat
            .conditions
            .iter()
            .map(|c| {
                let assignments: Result<Vec<(usize, Expr)>> =
                    c.assignments.iter().map(|a| Ok((a.state, said(&a.value, of_state(a.state))?))).collect();
                Ok(Condition {
                    test: said(&c.test, 0)?,
                    assignments: assignments?,
                    fires: !c.sends.is_empty(),
                })
            })
            .collect();
        let start = Instance::new(&flat, &[])?.states();
        let number = |si: f64, dimension: Dimension| UNITS.value(si, dimension).parse().unwrap_or(si);
        let mut states: Vec<(String, f64, String)> = flat
            .states
            .iter()
            .zip(start)
            .map(|(s, x)| (short[&s.name].clone(), number(x, s.dimension), UNITS.symbol(s.dimension, "^")))
            .collect();
        let time = needs_time.then_some(states.len());
        if needs_time {
            states.push((clock, 0.0, "ms".to_string()));
        }
        Ok(FixedModel {
            name: crate::codegen::names::identifier(&source.name),
            parameters: flat
                .parameters
                .iter()
                .map(|p| {
                    (short[&p.name].clone(), number(p.value, p.dimension), UNITS.symbol(p.dimension, "^"))
                })
                .collect(),
            states,
            constants,
            derived,
            rates: rates?,
            conditions: conditions?,
            time,
            potential,
        })
    }

    /// What the host writes for one cell: names and values of parameters and states.
    pub fn host_values(&self) -> Vec<(&str, f64)> {
        self.parameters.iter().chain(&self.states).map(|(name, value, _)| (name.as_str(), *value)).collect()
    }

    /// Statements of C: (for the constants, to derive, for the rates, to test the conditions).
    ///
    /// # Errors
    /// Functions that the chip has not.
    pub(super) fn statements(&self) -> Result<[Vec<String>; 4]> {
        let field =
            |name: &str| Expr::name(if name == INPUT { name.to_string() } else { format!("neuron->{name}") });
        let text = |expr: &Expr| c_text(&expr.map_names(&field), false);
        let assign = |(name, value): &(String, Expr)| Ok(format!("neuron->{name} = {};", text(value)?));
        let constants: Result<Vec<String>> = self.constants.iter().map(assign).collect();
        let derived: Result<Vec<String>> = self.derived.iter().map(assign).collect();
        let rates: Result<Vec<String>> = self.rates.iter().map(|(_, value)| text(value)).collect();
        let mut conditions = Vec::new();
        for condition in &self.conditions {
            conditions.push(format!("if ({}) {{", text(&condition.test)?));
            for (state, value) in &condition.assignments {
                conditions.push(format!("    neuron->{} = {};", self.states[*state].0, text(value)?));
            }
            if condition.fires {
                conditions.push("    fires = true;".to_string());
            }
            conditions.push("}".to_string());
        }
        if let Some(time) = self.time {
            let clock = &self.states[time].0;
            conditions.insert(0, format!("neuron->{clock} += neuron->time_step;"));
        }
        Ok([constants?, derived?, rates?, conditions])
    }

    /// The states with a derivative, in order.
    pub(super) fn integrated(&self) -> Vec<String> {
        self.rates.iter().map(|(state, _)| self.states[*state].0.clone()).collect()
    }

    /// Names of the derived variables.
    pub(super) fn derived_names(&self) -> Vec<String> {
        self.derived.iter().map(|(name, _)| name.clone()).collect()
    }
}

/// Whole powers as products.
fn products(expr: &Expr) -> Expr {
    expr.map(&|e| match &e {
        Expr::Binary(BinaryOp::Pow, a, b) => match **b {
            Expr::Number(n) if n.fract() == 0.0 && (1.0..=MOST_FACTORS).contains(&n) => (1..n as u32)
                .fold((**a).clone(), |product, _| Expr::binary(BinaryOp::Mul, product, (**a).clone())),
            _ => e,
        },
        _ => e,
    })
}

/// `expr` in C. Products and quotients are functions on whole numbers: of fixed-point operators compilers make others that
/// round elsewhere (gcc 12 turns a·(b/c) into (a·b)/c from -O1 on). Sums are in parentheses where `tight`.
fn c_text(expr: &Expr, tight: bool) -> Result<String> {
    let inner = |e: &Expr| c_text(e, false);
    let within = |text: String| if tight { format!("({text})") } else { text };
    Ok(match expr {
        Expr::Number(x) => {
            let text = crate::units::shifted(*x, 0);
            let point = if text.contains(['.', 'e']) { "" } else { ".0" };
            let text = format!("{text}{point}k");
            if *x < 0.0 { format!("({text})") } else { text }
        }
        Expr::Name(name) => name.clone(),
        Expr::Negate(a) => within(format!("-{}", c_text(a, true)?)),
        Expr::Binary(BinaryOp::Add, a, b) => within(format!("{} + {}", inner(a)?, c_text(b, true)?)),
        Expr::Binary(BinaryOp::Sub, a, b) => within(format!("{} - {}", inner(a)?, c_text(b, true)?)),
        Expr::Binary(BinaryOp::Mul, a, b) => format!("mulk({}, {})", inner(a)?, inner(b)?),
        Expr::Binary(BinaryOp::Div, a, b) => format!("divk({}, {})", inner(a)?, inner(b)?),
        Expr::Binary(BinaryOp::Pow, ..) => {
            return Err(Error::new(ErrorKind::Unsupported, "SpiNNaker has no powers but small whole ones"));
        }
        Expr::Call(Function::Exp, a) => format!("expk({})", inner(a)?),
        Expr::Call(function, _) => {
            let name = crate::expr::print::function_name(*function);
            return Err(Error::new(ErrorKind::Unsupported, format!("SpiNNaker has no function {name}()")));
        }
        Expr::Compare(op, a, b) => {
            within(format!("{} {} {}", c_text(a, true)?, comparison(*op), c_text(b, true)?))
        }
        Expr::And(a, b) => within(format!("{} && {}", c_text(a, true)?, c_text(b, true)?)),
        Expr::Or(a, b) => within(format!("{} || {}", c_text(a, true)?, c_text(b, true)?)),
        Expr::Not(a) => format!("!{}", c_text(a, true)?),
        Expr::Select(c, a, b) => {
            within(format!("{} ? {} : {}", c_text(c, true)?, c_text(a, true)?, c_text(b, true)?))
        }
    })
}

/// One cell of a [`FixedModel`] as the chip would step it.
#[derive(Debug, Clone)]
pub struct FixedCell<'a> {
    model: &'a FixedModel,
    values: BTreeMap<&'a str, Accum>,
    step: Accum,
}

impl<'a> FixedCell<'a> {
    /// A cell at its start, for steps of `step_ms`.
    ///
    /// # Errors
    /// Numbers that do not fit into s16.15.
    pub fn new(model: &'a FixedModel, step_ms: f64) -> Result<FixedCell<'a>> {
        let mut values = BTreeMap::new();
        for (name, value, _) in model.parameters.iter().chain(&model.states) {
            values.insert(name.as_str(), Accum::from_host(*value).map_err(|e| e.about(name))?);
        }
        values.insert(INPUT, Accum(0));
        let mut cell = FixedCell { model, values, step: Accum::from_host(step_ms)? };
        for (name, value) in &model.constants {
            let value = cell.value(value);
            cell.values.insert(name, value);
        }
        Ok(cell)
    }

    /// The potential, mV.
    pub fn potential(&self) -> Accum {
        self.values[self.model.states[self.model.potential].0.as_str()]
    }

    /// One step with `input` (nA); whether the cell fires.
    ///
    /// By the midpoint rule, as the header does.
    pub fn step(&mut self, input: Accum) -> bool {
        let model = self.model;
        self.values.insert(INPUT, input);
        let begin: Vec<Accum> =
            model.rates.iter().map(|(s, _)| self.values[model.states[*s].0.as_str()]).collect();
        let half = Accum(self.step.0 >> 1);
        for part in [half, self.step] {
            self.derive();
            let rates: Vec<Accum> = model.rates.iter().map(|(_, rate)| self.value(rate)).collect();
            for (((state, _), begin), rate) in model.rates.iter().zip(&begin).zip(rates) {
                self.values.insert(model.states[*state].0.as_str(), *begin + part * rate);
            }
        }
        if let Some(time) = model.time {
            let clock = model.states[time].0.as_str();
            let now = self.values[clock] + self.step;
            self.values.insert(clock, now);
        }
        self.derive();
        let mut fires = false;
        for condition in &model.conditions {
            if self.holds(&condition.test) {
                for (state, value) in &condition.assignments {
                    let value = self.value(value);
                    self.values.insert(model.states[*state].0.as_str(), value);
                }
                fires |= condition.fires;
            }
        }
        fires
    }

    fn derive(&mut self) {
        for (name, value) in &self.model.derived {
            let value = self.value(value);
            self.values.insert(name, value);
        }
    }

    fn value(&self, expr: &Expr) -> Accum {
        match expr {
            Expr::Number(x) => Accum::literal(*x),
            Expr::Name(name) => self.values.get(name.as_str()).copied().unwrap_or_default(),
            Expr::Negate(a) => match &**a {
                Expr::Number(x) => Accum::literal(-*x),
                a => -self.value(a),
            },
            Expr::Binary(op, a, b) => {
                let (a, b) = (self.value(a), self.value(b));
                match op {
                    BinaryOp::Add => a + b,
                    BinaryOp::Sub => a - b,
                    BinaryOp::Mul => a * b,
                    BinaryOp::Div => a / b,
                    BinaryOp::Pow => Accum::literal(binary(BinaryOp::Pow, a.value(), b.value())),
                }
            }
            Expr::Call(_, a) => self.value(a).exp(),
            Expr::Select(c, a, b) => self.value(if self.holds(c) { a } else { b }),
            test => Accum::literal(f64::from(u8::from(self.holds(test)))),
        }
    }

    fn holds(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Compare(op, a, b) => compare(*op, f64::from(self.value(a).0), f64::from(self.value(b).0)),
            Expr::And(a, b) => self.holds(a) && self.holds(b),
            Expr::Or(a, b) => self.holds(a) || self.holds(b),
            Expr::Not(a) => !self.holds(a),
            other => self.value(other).0 != 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::c_text;
    use crate::expr::parse;

    #[test]
    fn formulas_in_fixed_point_c() {
        let text = |formula: &str| c_text(&parse(formula).unwrap(), false).unwrap();
        assert_eq!(text("a1*(2 - x_2)/3.5e-4 + y"), "divk(mulk(a1, 2.0k - x_2), 0.00035k) + y");
        assert_eq!(text("a - (b - c)"), "a - (b - c)");
        assert_eq!(text("if(x > 0.5 .and. y < 1, a + b, -a)"), "((x > 0.5k) && (y < 1.0k)) ? (a + b) : (-a)");
        assert!(c_text(&parse("sin(x)").unwrap(), false).unwrap_err().to_string().contains("sin()"));
    }
}
