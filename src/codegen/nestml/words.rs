//! Names, units and expressions of NESTML.

use std::collections::BTreeMap;

use super::super::names::{C_PLUS_PLUS, Names, short_names};
use super::super::regimes::visit;
use super::super::syntax::{Power, Select, Syntax};
use super::super::tidy::step_as_choice;
use super::super::units::{UnitSystem, in_units};
use crate::dynamics::Dynamics;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::dims::dimension_of;
use crate::expr::{BinaryOp, CompareOp, Expr, Function};
use crate::units::Dimension;

/// Units of NEST: mV, pA, ms, and what follows from them.
pub(super) const UNITS: UnitSystem = UnitSystem {
    voltage: ("mV", -3),
    current: ("pA", -12),
    time: ("ms", -3),
    length: ("um", -6),
    amount: ("amol", -18),
    temperature: ("K", 0),
    named: &[
        (Dimension::CONDUCTANCE, "nS", -9),
        (Dimension::CAPACITANCE, "pF", -12),
        (Dimension::RESISTANCE, "GOhm", 9),
    ],
};

const SYNTAX: Syntax = Syntax {
    language: "NESTML",
    power: Power::Stars,
    renamed: &[(Function::Ln, "ln"), (Function::Abs, "abs")],
    missing: &[Function::Sqrt],
    linoid: Some(("linoid(", ")")),
    select: Select::Question,
    logic: ["and", "or", "not"],
};

/// `x / (1 - exp(-x))`, with its value at 0.
pub(super) const LINOID: [&str; 4] = [
    "function linoid(x real) real:",
    "    if abs(x) < 1e-6:",
    "        return 1 + x / 2",
    "    return x / (1 - exp(-x))",
];

/// Words of NESTML, its functions and constants, units that the text uses, and names of the C++ that it becomes.
const RESERVED: &[&str] = &[
    "integer",
    "real",
    "string",
    "boolean",
    "function",
    "elif",
    "in",
    "step",
    "inf",
    "recordable",
    "kernel",
    "model",
    "state",
    "parameters",
    "internals",
    "update",
    "equations",
    "input",
    "output",
    "continuous",
    "onReceive",
    "onCondition",
    "spike",
    "inhibitory",
    "excitatory",
    "exp",
    "ln",
    "log10",
    "expm1",
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "tanh",
    "erf",
    "erfc",
    "ceil",
    "floor",
    "round",
    "abs",
    "min",
    "max",
    "clip",
    "delta",
    "convolve",
    "steps",
    "resolution",
    "timestep",
    "random_normal",
    "random_uniform",
    "random_poisson",
    "emit_spike",
    "integrate_odes",
    "print",
    "println",
    "info",
    "warning",
    "t",
    "e",
    "pi",
    "linoid",
    "weight",
    "s",
    "ms",
    "mV",
    "pA",
    "nS",
    "pF",
    "GOhm",
    "um",
    "amol",
    "K",
    "log",
    "sqrt",
    "pow",
    "nest",
    "Time",
    "V_",
    "P_",
    "S_",
    "B_",
];

/// How the quantities of a system are called, and what they count in.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    names: BTreeMap<String, String>,
    dimensions: BTreeMap<String, Dimension>,
    /// Names for more.
    pub(super) free: Names,
    /// Whether quantities have units, or are plain numbers that count in them.
    pub(super) typed: bool,
}

impl Words {
    /// Short names for all in `dynamics`.
    pub(super) fn of(dynamics: &Dynamics) -> Words {
        let mut words =
            Words { free: Names::new(&[C_PLUS_PLUS, RESERVED].concat()), typed: true, ..Words::default() };
        words.add(dynamics);
        words
    }

    /// Those of `dynamics` too.
    pub(super) fn add(&mut self, dynamics: &Dynamics) {
        let mut paths: Vec<&str> = Vec::new();
        let mut know = |name: &str, dimension: Dimension| {
            self.dimensions.insert(name.to_string(), dimension);
        };
        for variable in dynamics.states.iter() {
            know(&variable.name, variable.dimension);
            paths.push(&variable.name);
        }
        for derived in &dynamics.derived {
            know(&derived.name, derived.dimension);
            paths.push(&derived.name);
        }
        for parameter in &dynamics.parameters {
            know(&parameter.name, parameter.dimension);
            paths.push(&parameter.name);
        }
        for input in &dynamics.inputs {
            know(&input.name, input.dimension);
        }
        self.names.extend(short_names(&paths, &mut self.free));
    }

    /// Calls `path` (of a dimension) `word`, whatever that is.
    pub(super) fn call(&mut self, path: &str, dimension: Dimension, word: &str) {
        self.names.insert(path.to_string(), word.to_string());
        self.dimensions.insert(path.to_string(), dimension);
    }

    /// What `path` is called.
    pub(super) fn name<'a>(&'a self, path: &'a str) -> &'a str {
        self.names.get(path).map_or(path, String::as_str)
    }

    /// The type of a quantity of `dimension`.
    pub(super) fn kind(&self, dimension: Dimension) -> String {
        if dimension.is_none() || !self.typed { "real".to_string() } else { UNITS.symbol(dimension, "**") }
    }

    /// A number in SI units.
    pub(super) fn number(&self, si: f64, dimension: Dimension) -> String {
        let number = UNITS.value(si, dimension);
        if dimension.is_none() || !self.typed { number } else { format!("{number} {}", self.kind(dimension)) }
    }

    fn power_of(&self, name: &str) -> i32 {
        self.dimensions.get(name).map_or(0, |dimension| UNITS.power(*dimension))
    }

    fn dimension_of(&self, expr: &Expr) -> Dimension {
        dimension_of(expr, &|name| self.dimensions.get(name).copied(), None).unwrap_or(Dimension::NONE)
    }

    /// The text of `expr`, of dimension `wanted`.
    ///
    /// # Errors
    /// If NESTML has no word for something in it.
    pub(super) fn expr(&self, expr: &Expr, wanted: Dimension) -> Result<String> {
        // Powers of units are known for names as they are: units first, names then.
        let expr = expr.map(&plain_functions);
        let expr = in_units(&expr, &|name| self.power_of(name), UNITS.power(wanted));
        let expr = if self.typed { self.with_units(&expr, wanted) } else { expr };
        let expr = expr.map_names(&|name| Expr::name(self.name(name)));
        let expr = expr.map(&|e| random_in_words(e));
        SYNTAX.print(&expr)
    }

    /// The text of a condition.
    ///
    /// # Errors
    /// As [`Words::expr`].
    pub(super) fn test(&self, expr: &Expr) -> Result<String> {
        self.expr(expr, Dimension::NONE)
    }

    /// Literals that stand beside quantities get their units.
    fn with_units(&self, expr: &Expr, wanted: Dimension) -> Expr {
        let own = |e: &Expr| Box::new(self.with_units(e, self.dimension_of(e)));
        let same = |e: &Expr| Box::new(self.with_units(e, wanted));
        match expr {
            Expr::Number(x) if !wanted.is_none() => {
                Expr::name(format!("{} {}", crate::units::shifted(*x, 0), self.kind(wanted)))
            }
            Expr::Number(_) | Expr::Name(_) => expr.clone(),
            Expr::Negate(a) => Expr::Negate(same(a)),
            Expr::Binary(op @ (BinaryOp::Add | BinaryOp::Sub), a, b) => Expr::Binary(*op, same(a), same(b)),
            Expr::Binary(BinaryOp::Pow, a, b) => Expr::Binary(BinaryOp::Pow, own(a), b.clone()),
            Expr::Binary(op, a, b) => {
                let part = |e: &Expr| if matches!(e, Expr::Number(_)) { Box::new(e.clone()) } else { own(e) };
                Expr::Binary(*op, part(a), part(b))
            }
            Expr::Call(function, a) => Expr::Call(*function, own(a)),
            Expr::Compare(op, a, b) => {
                let sides = (self.dimension_of(a), self.dimension_of(b));
                let both = if sides.0.is_none() { sides.1 } else { sides.0 };
                Expr::Compare(*op, Box::new(self.with_units(a, both)), Box::new(self.with_units(b, both)))
            }
            Expr::And(a, b) => Expr::And(own(a), own(b)),
            Expr::Or(a, b) => Expr::Or(own(a), own(b)),
            Expr::Not(a) => Expr::Not(own(a)),
            Expr::Select(c, a, b) => Expr::Select(own(c), same(a), same(b)),
        }
    }
}

/// Functions that NESTML lacks by those that it has.
fn plain_functions(expr: Expr) -> Expr {
    match expr {
        Expr::Call(Function::Sqrt, a) => Expr::Binary(BinaryOp::Pow, a, Box::new(Expr::Number(0.5))),
        e => step_as_choice(e),
    }
}

/// `random(x)` as NESTML has it.
fn random_in_words(expr: Expr) -> Expr {
    match expr {
        Expr::Call(Function::Random, a) if *a == Expr::Number(1.0) => Expr::name("random_uniform(0, 1)"),
        Expr::Call(Function::Random, a) => {
            Expr::binary(BinaryOp::Mul, Expr::name("random_uniform(0, 1)"), *a)
        }
        e => e,
    }
}

/// Whether two sides are compared for equality: the solver of equations has no such words.
pub(super) fn compares_for_equality(expr: &Expr) -> bool {
    let mut found = false;
    visit(expr, &mut |e| found |= matches!(e, Expr::Compare(CompareOp::Eq | CompareOp::Ne, ..)));
    found
}

/// What cannot be said in NESTML, with the name of what has it.
pub(super) fn unsupported(of: &str, what: &str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("{of}: NESTML has no {what}"))
}
