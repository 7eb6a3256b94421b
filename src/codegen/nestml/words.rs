//! Names, units and expressions of NESTML.

use std::collections::BTreeMap;

use super::super::names::{C_PLUS_PLUS, Names, short_names};
use super::super::regimes::visit;
use super::super::syntax::{Power, Select, Syntax};
use super::super::tidy::step_as_choice;
use super::super::units::{UnitSystem, in_units, rounded};
use crate::dynamics::Dynamics;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::dims::dimension_of;
use crate::expr::eval::binary;
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
        let expr = if self.typed { expr } else { self.with_numbers(&expr) };
        read_well(&expr)?;
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

    /// With names that stand for numbers as these, and what only numbers make as one number.
    fn with_numbers(&self, expr: &Expr) -> Expr {
        let number = |name: &str| self.name(name).trim_matches(['(', ')']).parse::<f64>().ok();
        folded(&expr.map_names(&|name| number(name).map_or_else(|| Expr::name(name), Expr::Number)))
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

/// Whether NESTML 9.0.0 writes `x` wrongly into its C++: `4.3e-10` becomes `4.3e-1` (`constant_printer.py`).
fn is_misread(x: f64) -> bool {
    x != 0.0 && !(1e-4..1e9).contains(&x.abs()) && (x.abs().log10().floor() as i32) % 10 == 0
}

/// # Errors
/// If NESTML would misread a number.
fn read_well(expr: &Expr) -> Result<()> {
    let mut misread = None;
    expr.visit(&mut |e| {
        if let Expr::Number(x) = e
            && is_misread(*x)
        {
            misread = Some(*x);
        }
    });
    misread.map_or(Ok(()), |x| {
        let message =
            format!("NESTML 9.0.0 misreads the number {x:e}: it cuts zeros off the ends of exponents");
        Err(Error::new(ErrorKind::Unsupported, message))
    })
}

/// `expr` with what only numbers make as one number.
fn folded(expr: &Expr) -> Expr {
    use BinaryOp::{Add, Div, Mul, Pow, Sub};
    let is = |e: &Expr, x: f64| matches!(e, Expr::Number(n) if *n == x);
    expr.map(&|e| match e {
        Expr::Negate(a) => match *a {
            Expr::Number(x) => Expr::Number(-x),
            a => Expr::Negate(Box::new(a)),
        },
        Expr::Binary(op, a, b) => match (op, *a, *b) {
            (op, Expr::Number(x), Expr::Number(y)) => Expr::Number(rounded(binary(op, x, y))),
            (Mul, a, b) if is(&a, 1.0) => b,
            (Mul | Div | Pow, a, b) if is(&b, 1.0) => a,
            (Add, a, b) if is(&a, 0.0) => b,
            (Add | Sub, a, b) if is(&b, 0.0) => a,
            (Add, a, Expr::Number(y)) if y < 0.0 => Expr::binary(Sub, a, Expr::Number(-y)),
            (Sub, a, Expr::Number(y)) if y < 0.0 => Expr::binary(Add, a, Expr::Number(-y)),
            // a / (b / c), (a / b) / c, a (b c), (a b) / c with numbers a and c, or b and c.
            (Div, Expr::Number(x), Expr::Binary(Div, b, c)) if matches!(*c, Expr::Number(_)) => {
                let Expr::Number(y) = *c else { return Expr::Number(f64::NAN) };
                Expr::binary(Div, Expr::Number(rounded(x * y)), *b)
            }
            (Div, Expr::Binary(Div, a, b), Expr::Number(y)) if matches!(*b, Expr::Number(_)) => {
                let Expr::Number(x) = *b else { return Expr::Number(f64::NAN) };
                Expr::binary(Div, *a, Expr::Number(rounded(x * y)))
            }
            (Mul, Expr::Number(x), Expr::Binary(Mul, b, c)) if matches!(*b, Expr::Number(_)) => {
                let Expr::Number(y) = *b else { return Expr::Number(f64::NAN) };
                Expr::binary(Mul, Expr::Number(rounded(x * y)), *c)
            }
            (op, a, b) => Expr::binary(op, a, b),
        },
        e => e,
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::parse;

    #[test]
    fn numbers_are_folded_and_those_that_are_misread_refused() {
        let mut words = Words::default();
        words.call("c", Dimension::NONE, "c_ca");
        words.call("half", Dimension::NONE, "4.3e-10");
        words.call("v0", Dimension::NONE, "(-40)");
        let text = |formula: &str| words.expr(&parse(formula).unwrap(), Dimension::NONE);
        assert_eq!(text("1 / (1 + (half / (c / 1000000))^4.8)").unwrap(), "1/(1 + (0.00043/c_ca)**4.8)");
        assert_eq!(text("(c - v0) / 10 / 2 + 0 * 3").unwrap(), "(c_ca + 40)/20");
        let error = text("c + half").unwrap_err().to_string();
        assert!(error.contains("4.3e-10") && error.contains("misreads"), "{error}");
        assert!([1e-11, 4.3e-9, 1e8, 1e-7, 0.0, 1.0, 12.0].iter().all(|x| !is_misread(*x)));
        assert!([1e-10, 9.9e-10, 1e-20, 2e10].iter().all(|x| is_misread(*x)));
    }
}
