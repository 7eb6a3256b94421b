//! Quantities as Brian writes them: numbers with units, every expression of one dimension.

use crate::codegen::syntax::{Power, Select, Syntax};
use crate::codegen::units::UnitSystem;
use crate::error::Result;
use crate::expr::{BinaryOp, CompareOp, Expr, Function, parse};
use crate::units::Dimension;

/// Expressions of Brian's equations.
pub(super) const SYNTAX: Syntax = Syntax {
    language: "Brian",
    power: Power::Stars,
    renamed: &[(Function::Abs, "abs")],
    missing: &[],
    linoid: Some(("1/exprel(-(", "))")),
    select: Select::Sum,
    logic: ["and", "or", "not"],
};

/// Units in which people read values.
const SHOWN: UnitSystem = UnitSystem {
    amount: ("mole", 0),
    temperature: ("kelvin", 0),
    named: &[
        (Dimension::CONDUCTANCE, "nS", -9),
        (Dimension::CAPACITANCE, "pF", -12),
        (Dimension::RESISTANCE, "Mohm", 6),
        (Dimension::CONDUCTANCE_DENSITY, "mS/cm^2", 1),
        (Dimension::SPECIFIC_CAPACITANCE, "uF/cm^2", -2),
        (Dimension::RESISTIVITY, "ohm*cm", -2),
        (Dimension::CURRENT_DENSITY, "uA/cm^2", -2),
        (Dimension::CONCENTRATION, "mmolar", 0),
    ],
    ..UnitSystem::USUAL
};

/// SI units, as equations declare them.
const DECLARED: UnitSystem = UnitSystem {
    voltage: ("volt", 0),
    current: ("amp", 0),
    time: ("second", 0),
    length: ("meter", 0),
    amount: ("mole", 0),
    temperature: ("kelvin", 0),
    named: &[
        (Dimension::CONDUCTANCE, "siemens", 0),
        (Dimension::CAPACITANCE, "farad", 0),
        (Dimension::RESISTANCE, "ohm", 0),
        (Dimension::CONDUCTANCE_DENSITY, "siemens/meter**2", 0),
        (Dimension::PER_TIME, "hertz", 0),
    ],
};

/// The unit of a declaration.
pub(super) fn declared(dimension: Dimension) -> String {
    match DECLARED.symbol(dimension, "**") {
        none if none.is_empty() => "1".to_string(),
        symbol => symbol,
    }
}

/// A value with its unit, as part of an expression.
pub(super) fn literal(si: f64, dimension: Dimension) -> Expr {
    let number = Expr::Number(SHOWN.value(si, dimension).parse().unwrap_or(si));
    let symbol = SHOWN.symbol(dimension, "^");
    if dimension.is_none() || !si.is_finite() {
        return Expr::Number(si);
    }
    match symbol.strip_prefix("1/").map(parse) {
        Some(Ok(below)) => Expr::binary(BinaryOp::Div, number, below),
        _ => match parse(&symbol) {
            Ok(unit) if number == Expr::Number(1.0) => unit,
            // 3 mV/ms is (3 mV)/ms.
            Ok(Expr::Binary(BinaryOp::Div, a, b)) => {
                Expr::binary(BinaryOp::Div, Expr::binary(BinaryOp::Mul, number, *a), *b)
            }
            Ok(unit) => Expr::binary(BinaryOp::Mul, number, unit),
            Err(_) => number,
        },
    }
}

/// A value with its unit, as text.
pub(super) fn quantity(si: f64, dimension: Dimension) -> String {
    if si < 0.0 {
        return format!("-{}", quantity(-si, dimension));
    }
    SYNTAX
        .print(&literal(si, dimension))
        .unwrap_or_else(|_| if si > 0.0 { "inf".into() } else { "-inf".into() })
}

/// The unit in which values of a dimension are shown, in SI units.
pub(super) fn scale(dimension: Dimension) -> f64 {
    10f64.powi(SHOWN.power(dimension))
}

/// Several values with their unit.
pub(super) fn quantities(si: &[f64], dimension: Dimension) -> String {
    let numbers: Vec<String> = si.iter().map(|x| SHOWN.value(*x, dimension)).collect();
    let symbol = SHOWN.symbol(dimension, "**").replace('^', "**");
    match symbol.as_str() {
        "" => format!("[{}]", numbers.join(", ")),
        symbol => match symbol.strip_prefix("1/") {
            Some(below) => format!("[{}]/{below}", numbers.join(", ")),
            None => format!("[{}]*{symbol}", numbers.join(", ")),
        },
    }
}

/// The text of `expr` (SI), which should be of dimension `wanted`: names replaced by `named`, plain numbers where a quantity
/// belongs given its unit.
///
/// # Errors
/// If Brian has no word for something in it.
pub(super) fn text(
    expr: &Expr,
    wanted: Dimension,
    dimension_of: &dyn Fn(&str) -> Dimension,
    named: &dyn Fn(&str) -> Expr,
) -> Result<String> {
    let (mut expr, dimension) = dimensioned(expr, dimension_of);
    if dimension.is_none() {
        expr = with_unit(expr, wanted);
    }
    let expr = neat(&expr.map_names(named));
    SYNTAX.print(&expr)
}

/// A bare number as a quantity.
fn with_unit(expr: Expr, dimension: Dimension) -> Expr {
    match expr {
        Expr::Number(x) => literal(x, dimension),
        Expr::Negate(a) => Expr::Negate(Box::new(with_unit(*a, dimension))),
        expr if dimension.is_none() => expr,
        expr => Expr::binary(BinaryOp::Mul, expr, literal(1.0, dimension)),
    }
}

/// The expression with units at its bare numbers, and its dimension; none if it is a bare number that can be anything.
fn dimensioned(expr: &Expr, of: &dyn Fn(&str) -> Dimension) -> (Expr, Option<Dimension>) {
    let inner = |e: &Expr| dimensioned(e, of);
    let boxed = |e: &Expr| Box::new(dimensioned(e, of).0);
    let together = |a: &Expr, b: &Expr| {
        let ((a, of_a), (b, of_b)) = (inner(a), inner(b));
        match (of_a, of_b) {
            (None, Some(d)) => (with_unit(a, d), b, Some(d)),
            (Some(d), None) => (a, with_unit(b, d), Some(d)),
            (of_a, _) => (a, b, of_a),
        }
    };
    let none = Some(Dimension::NONE);
    match expr {
        Expr::Number(_) => (expr.clone(), None),
        Expr::Name(name) => (expr.clone(), Some(of(name))),
        Expr::Negate(a) => {
            let (a, dimension) = inner(a);
            (Expr::Negate(Box::new(a)), dimension)
        }
        Expr::Binary(op @ (BinaryOp::Add | BinaryOp::Sub), a, b) => {
            let (a, b, dimension) = together(a, b);
            (Expr::binary(*op, a, b), dimension)
        }
        Expr::Binary(op @ (BinaryOp::Mul | BinaryOp::Div), a, b) => {
            let ((a, of_a), (b, of_b)) = (inner(a), inner(b));
            let dimension = match (of_a, of_b) {
                (None, None) => None,
                (of_a, of_b) => {
                    let (x, y) = (of_a.unwrap_or(Dimension::NONE), of_b.unwrap_or(Dimension::NONE));
                    if *op == BinaryOp::Mul { x.times(y) } else { x.over(y) }
                }
            };
            (Expr::binary(*op, a, b), dimension)
        }
        Expr::Binary(BinaryOp::Pow, a, b) => {
            let ((a, of_a), (b, _)) = (inner(a), inner(b));
            let power = match &b {
                Expr::Number(n) if n.fract() == 0.0 && n.abs() < 20.0 => Some(*n as i32),
                _ => None,
            };
            let dimension = match (of_a, power) {
                (None, _) => None,
                (Some(d), Some(n)) => d.power(n),
                _ => none,
            };
            (Expr::binary(BinaryOp::Pow, a, b), dimension)
        }
        Expr::Call(Function::Abs | Function::Random, a) => {
            let (a, dimension) = inner(a);
            let Expr::Call(function, _) = expr else { return (expr.clone(), dimension) };
            (Expr::Call(*function, Box::new(a)), dimension)
        }
        // A step: 1 from 0 on.
        Expr::Call(Function::Heaviside, a) => {
            let (a, b, _) = together(a, &Expr::Number(0.0));
            let test = Expr::Compare(CompareOp::Ge, Box::new(a), Box::new(b));
            (Expr::Select(Box::new(test), Box::new(Expr::Number(1.0)), Box::new(Expr::Number(0.0))), none)
        }
        Expr::Call(function, a) => (Expr::Call(*function, boxed(a)), none),
        Expr::Compare(op, a, b) => {
            let (a, b, _) = together(a, b);
            (Expr::Compare(*op, Box::new(a), Box::new(b)), none)
        }
        Expr::And(a, b) => (Expr::And(boxed(a), boxed(b)), none),
        Expr::Or(a, b) => (Expr::Or(boxed(a), boxed(b)), none),
        Expr::Not(a) => (Expr::Not(boxed(a)), none),
        Expr::Select(c, a, b) => {
            let (a, b, dimension) = together(a, b);
            let test = without_unit_of_zero(inner(c).0);
            (Expr::Select(Box::new(test), Box::new(a), Box::new(b)), dimension)
        }
    }
}

/// Comparisons with a zero that has a unit as such of plain numbers: Brian works equations over, and 0 loses its unit.
fn without_unit_of_zero(test: Expr) -> Expr {
    test.map(&|e| match e {
        Expr::Compare(op, a, b) => match (unit_of_zero(&a), unit_of_zero(&b)) {
            (_, Some(unit)) => {
                let plain = Expr::binary(BinaryOp::Div, *a, unit);
                Expr::Compare(op, Box::new(plain), Box::new(Expr::Number(0.0)))
            }
            (Some(unit), None) => {
                let plain = Expr::binary(BinaryOp::Div, *b, unit);
                Expr::Compare(op, Box::new(Expr::Number(0.0)), Box::new(plain))
            }
            (None, None) => Expr::Compare(op, a, b),
        },
        e => e,
    })
}

/// The unit of a zero that has one.
fn unit_of_zero(expr: &Expr) -> Option<Expr> {
    match expr {
        Expr::Binary(BinaryOp::Mul, a, unit) if **a == Expr::Number(0.0) => Some((**unit).clone()),
        Expr::Binary(BinaryOp::Div, a, below) => {
            let above = if **a == Expr::Number(0.0) { Expr::Number(1.0) } else { unit_of_zero(a)? };
            Some(Expr::binary(BinaryOp::Div, above, (**below).clone()))
        }
        _ => None,
    }
}

/// As a person would write it: no factors of 1, no terms of 0, no minus of a minus; a choice of which one side is 0 as a factor.
fn neat(expr: &Expr) -> Expr {
    let is = |e: &Expr, x: f64| matches!(e, Expr::Number(n) if *n == x);
    expr.map(&|e| match e {
        Expr::Binary(BinaryOp::Mul, a, b) if is(&a, 1.0) => *b,
        Expr::Binary(BinaryOp::Mul | BinaryOp::Div, a, b) if is(&b, 1.0) => *a,
        Expr::Binary(BinaryOp::Mul, a, b) if is(&a, 0.0) || is(&b, 0.0) => {
            if is(&a, 0.0) {
                Expr::Binary(BinaryOp::Mul, a, b)
            } else {
                Expr::Binary(BinaryOp::Mul, b, a)
            }
        }
        Expr::Binary(BinaryOp::Add, a, b) if is_zero(&a) => *b,
        Expr::Binary(BinaryOp::Add | BinaryOp::Sub, a, b) if is_zero(&b) => *a,
        Expr::Binary(BinaryOp::Sub, a, b) => match negative(&b) {
            Some(positive) => Expr::Binary(BinaryOp::Add, a, Box::new(positive)),
            None => Expr::Binary(BinaryOp::Sub, a, b),
        },
        Expr::Binary(BinaryOp::Add, a, b) => match negative(&b) {
            Some(positive) => Expr::Binary(BinaryOp::Sub, a, Box::new(positive)),
            None => Expr::Binary(BinaryOp::Add, a, b),
        },
        Expr::Select(c, a, b) if bounded(&c, &a, &b).is_some() => {
            Expr::Name(bounded(&c, &a, &b).unwrap_or_default())
        }
        Expr::Select(c, a, b) if is_zero(&b) => chosen(*c, *a),
        Expr::Select(c, a, b) if is_zero(&a) => chosen(Expr::Not(c), *b),
        e => e,
    })
}

/// The text of a value between two bounds, which models write as a choice within a choice.
fn bounded(test: &Expr, value: &Expr, rest: &Expr) -> Option<String> {
    let Expr::Select(inner, second, x) = rest else { return None };
    // The bound, and whether it is the upper one, if the test is whether `x` is beyond it.
    let bound = |test: &Expr, value: &Expr| match test {
        Expr::Compare(op @ (CompareOp::Gt | CompareOp::Lt), a, b) if **a == **x && **b == *value => {
            Some(*op == CompareOp::Gt)
        }
        _ => None,
    };
    let (low, high) = match (bound(test, value)?, bound(inner, second)?) {
        (true, false) => (&**second, value),
        (false, true) => (value, &**second),
        _ => return None,
    };
    let text = |e: &Expr| SYNTAX.print(e).ok();
    Some(format!("clip({}, {}, {})", text(x)?, text(low)?, text(high)?))
}

/// `value` if `test` holds, else 0.
fn chosen(test: Expr, value: Expr) -> Expr {
    let mask = match SYNTAX.print(&test) {
        Ok(text) => Expr::Name(format!("int({text})")),
        Err(_) => return Expr::Select(Box::new(test), Box::new(value), Box::new(Expr::Number(0.0))),
    };
    if value == Expr::Number(1.0) { mask } else { Expr::binary(BinaryOp::Mul, mask, value) }
}

fn is_zero(expr: &Expr) -> bool {
    match expr {
        Expr::Number(x) => *x == 0.0,
        Expr::Binary(BinaryOp::Mul | BinaryOp::Div, a, _) => is_zero(a),
        _ => false,
    }
}

/// The opposite of a number below 0, with its unit.
fn negative(expr: &Expr) -> Option<Expr> {
    match expr {
        Expr::Number(x) if *x < 0.0 => Some(Expr::Number(-x)),
        Expr::Binary(op @ (BinaryOp::Mul | BinaryOp::Div), a, b) => {
            Some(Expr::Binary(*op, Box::new(negative(a)?), b.clone()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(expr: &str, wanted: Dimension) -> String {
        let of = |name: &str| match name {
            "v" | "e" => Dimension::VOLTAGE,
            "t" => Dimension::TIME,
            "g" => Dimension::CONDUCTANCE,
            _ => Dimension::NONE,
        };
        let named = |name: &str| match name {
            "e" => literal(-0.04, Dimension::VOLTAGE),
            _ => Expr::name(name),
        };
        text(&parse(expr).unwrap(), wanted, &of, &named).unwrap()
    }

    #[test]
    fn numbers_get_the_units_that_belong_there() {
        assert_eq!(shown("(v - e) / 2", Dimension::VOLTAGE), "(v + 40*mV)/2");
        assert_eq!(
            shown("if(v > 0, g * (e - v), 0)", Dimension::CURRENT),
            "int(v/mV > 0)*(g*((-40)*mV - v))"
        );
        assert_eq!(shown("0", Dimension::CURRENT), "0*nA");
        assert_eq!(quantity(1200.0, Dimension::CONDUCTANCE_DENSITY), "120*mS/cm**2");
        assert_eq!(quantity(100.0, Dimension::PER_TIME), "0.1/ms");
        assert_eq!(declared(Dimension::CURRENT_DENSITY), "amp/meter**2");
        assert_eq!(quantities(&[0.001, 0.002], Dimension::TIME), "[1, 2]*ms");
    }
}
