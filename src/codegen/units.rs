//! What a target counts in: every unit is an SI unit times a power of ten, so that conversions move decimal points and
//! nothing else.

use crate::expr::{BinaryOp, Expr, Function};
use crate::units::{Dimension, shifted};

/// A base unit: how the target writes it, and its power of ten.
pub(crate) type Unit = (&'static str, i32);

/// The units of a target: base units, from which others are put together, and those that it counts otherwise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnitSystem {
    /// Of voltage, V.
    pub(crate) voltage: Unit,
    /// Of current, A.
    pub(crate) current: Unit,
    /// Of time, s.
    pub(crate) time: Unit,
    /// Of length, m.
    pub(crate) length: Unit,
    /// Of amount, mol.
    pub(crate) amount: Unit,
    /// Of temperature, K.
    pub(crate) temperature: Unit,
    /// Quantities with a unit of their own: dimension, how the target writes it, its power of ten.
    pub(crate) named: &'static [(Dimension, &'static str, i32)],
}

impl UnitSystem {
    /// The base units that most targets count in.
    pub(crate) const USUAL: UnitSystem = UnitSystem {
        voltage: ("mV", -3),
        current: ("nA", -9),
        time: ("ms", -3),
        length: ("um", -6),
        amount: ("mol", 0),
        temperature: ("K", 0),
        named: &[],
    };

    /// The powers of the base units in `dimension`, with a voltage in place of a mass: 1 kg = 1 V A s³/m².
    pub(crate) fn parts(&self, dimension: Dimension) -> Vec<(Unit, i32)> {
        let [mass, length, time, current, temperature, amount, _] = dimension.0.map(i32::from);
        let powers = [
            (self.voltage, mass),
            (self.current, current + mass),
            (self.time, time + 3 * mass),
            (self.length, length - 2 * mass),
            (self.amount, amount),
            (self.temperature, temperature),
        ];
        powers.into_iter().filter(|(_, power)| *power != 0).collect()
    }

    /// The power of ten of the unit of `dimension` in SI units.
    pub(crate) fn power(&self, dimension: Dimension) -> i32 {
        match self.named.iter().find(|(known, ..)| *known == dimension) {
            Some((_, _, power)) => *power,
            None => self.parts(dimension).iter().map(|((_, ten), power)| ten * power).sum(),
        }
    }

    /// The unit of `dimension` with `/` and powers behind `power_sign`: `mV/ms`, `1/mV`, `um^2`. Empty without a
    /// dimension.
    pub(crate) fn symbol(&self, dimension: Dimension, power_sign: &str) -> String {
        if let Some((_, symbol, _)) = self.named.iter().find(|(known, ..)| *known == dimension) {
            return (*symbol).to_string();
        }
        let raised = |(name, _): Unit, power: i32| match power {
            1 => name.to_string(),
            _ => format!("{name}{power_sign}{power}"),
        };
        let parts = self.parts(dimension);
        let above: Vec<String> = parts.iter().filter(|p| p.1 > 0).map(|p| raised(p.0, p.1)).collect();
        let below: Vec<String> = parts.iter().filter(|p| p.1 < 0).map(|p| raised(p.0, -p.1)).collect();
        if above.is_empty() && below.is_empty() {
            return String::new();
        }
        let above = if above.is_empty() { "1".to_string() } else { above.join("*") };
        below.iter().fold(above, |text, unit| format!("{text}/{unit}"))
    }

    /// The number that stands for `si` (SI units), as text.
    pub(crate) fn value(&self, si: f64, dimension: Dimension) -> String {
        shifted(si, self.power(dimension))
    }
}

/// With 15 digits: the last ones are noise of unit conversion.
pub(crate) fn rounded(x: f64) -> f64 {
    quickly_rounded(x).unwrap_or_else(|| format!("{x:.14e}").parse().unwrap_or(x))
}

/// As [`rounded`], where products and quotients that round tell which digits these are: powers of ten are exact up to 22, and so is
/// a whole number of 15 digits. A product below 10¹⁵ is off by 1/16 at most.
fn quickly_rounded(x: f64) -> Option<f64> {
    const SCALES: [f64; 20] = [
        1e20, 1e19, 1e18, 1e17, 1e16, 1e15, 1e14, 1e13, 1e12, 1e11, 1e10, 1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3,
        1e2, 1e1,
    ];
    let size = x.abs();
    if !(1e-6..1e14).contains(&size) {
        return None;
    }
    let at = SCALES.partition_point(|ten| size * ten >= 1e15);
    let ten = *SCALES.get(at)?;
    let scaled = size * ten;
    let whole = scaled.round();
    let is_clear = (scaled.fract() - 0.5).abs() > 0.07 && (1e14..1e15).contains(&whole);
    is_clear.then(|| (whole / ten).copysign(x))
}

/// `expr`, which is in SI units, for names that stand for numbers in units of their own: `power_of` gives the power of ten of
/// each, and the result is in units of ten to the `wanted`.
///
/// Units cancel where they can; what is left goes into a literal, or is a factor of its own.
pub(crate) fn in_units(expr: &Expr, power_of: &dyn Fn(&str) -> i32, wanted: i32) -> Expr {
    let found = scaled(expr, power_of);
    found.to(wanted)
}

/// An expression whose value in SI units is ten to the `power` times what it says.
struct Scaled {
    expr: Expr,
    power: i32,
}

impl Scaled {
    fn to(self, wanted: i32) -> Expr {
        times_ten(self.expr, self.power - wanted)
    }

    fn is_literal(&self) -> bool {
        matches!(&self.expr, Expr::Number(_))
            || matches!(&self.expr, Expr::Negate(a) if matches!(**a, Expr::Number(_)))
    }
}

/// Two sides in one unit: a literal takes that of the other.
fn together(a: Scaled, b: Scaled) -> (Expr, Expr, i32) {
    let power = if a.is_literal() { b.power } else { a.power };
    (a.to(power), b.to(power), power)
}

fn scaled(expr: &Expr, power_of: &dyn Fn(&str) -> i32) -> Scaled {
    let inner = |e: &Expr| scaled(e, power_of);
    let plain = |expr| Scaled { expr, power: 0 };
    match expr {
        Expr::Number(x) => plain(Expr::Number(*x)),
        Expr::Name(name) => Scaled { expr: expr.clone(), power: power_of(name) },
        Expr::Negate(a) => {
            let a = inner(a);
            Scaled { expr: Expr::Negate(Box::new(a.expr)), power: a.power }
        }
        Expr::Binary(op @ (BinaryOp::Add | BinaryOp::Sub), a, b) => {
            let (a, b, power) = together(inner(a), inner(b));
            Scaled { expr: Expr::binary(*op, a, b), power }
        }
        Expr::Binary(BinaryOp::Mul, a, b) => {
            let (a, b) = (inner(a), inner(b));
            Scaled { expr: Expr::binary(BinaryOp::Mul, a.expr, b.expr), power: a.power + b.power }
        }
        Expr::Binary(BinaryOp::Div, a, b) => {
            let (a, b) = (inner(a), inner(b));
            Scaled { expr: Expr::binary(BinaryOp::Div, a.expr, b.expr), power: a.power - b.power }
        }
        Expr::Binary(BinaryOp::Pow, a, b) => {
            let (a, exponent) = (inner(a), inner(b).to(0));
            match exponent {
                Expr::Number(n) if n.fract() == 0.0 && n.abs() < 100.0 => Scaled {
                    power: a.power * n as i32,
                    expr: Expr::binary(BinaryOp::Pow, a.expr, Expr::Number(n)),
                },
                exponent => plain(Expr::binary(BinaryOp::Pow, a.to(0), exponent)),
            }
        }
        Expr::Call(function @ (Function::Abs | Function::Random), a) => {
            let a = inner(a);
            Scaled { expr: Expr::Call(*function, Box::new(a.expr)), power: a.power }
        }
        Expr::Call(Function::Sqrt, a) => {
            let a = inner(a);
            let even = a.power.div_euclid(2) * 2;
            Scaled { expr: Expr::Call(Function::Sqrt, Box::new(a.to(even))), power: even / 2 }
        }
        Expr::Call(function, a) => plain(Expr::Call(*function, Box::new(inner(a).to(0)))),
        Expr::Compare(op, a, b) => {
            let (a, b, _) = together(inner(a), inner(b));
            plain(Expr::Compare(*op, Box::new(a), Box::new(b)))
        }
        Expr::And(a, b) => plain(Expr::And(Box::new(inner(a).expr), Box::new(inner(b).expr))),
        Expr::Or(a, b) => plain(Expr::Or(Box::new(inner(a).expr), Box::new(inner(b).expr))),
        Expr::Not(a) => plain(Expr::Not(Box::new(inner(a).expr))),
        Expr::Select(c, a, b) => {
            let (a, b, power) = together(inner(a), inner(b));
            Scaled { expr: Expr::Select(Box::new(inner(c).expr), Box::new(a), Box::new(b)), power }
        }
    }
}

/// `expr` times ten to the `power`: into a literal factor if it has one.
fn times_ten(expr: Expr, power: i32) -> Expr {
    if power == 0 {
        return expr;
    }
    let moved = |x: f64, power: i32| shifted(x, -power).parse().unwrap_or(x);
    match expr {
        Expr::Number(x) => Expr::Number(moved(x, power)),
        Expr::Negate(a) => Expr::Negate(Box::new(times_ten(*a, power))),
        Expr::Binary(BinaryOp::Mul, a, b) if matches!(*a, Expr::Number(_)) => {
            match (times_ten(*a, power), *b) {
                (Expr::Number(1.0), b) => b,
                (a, b) => Expr::binary(BinaryOp::Mul, a, b),
            }
        }
        Expr::Binary(BinaryOp::Mul, a, b) if has_literal_factor(&a) => {
            Expr::binary(BinaryOp::Mul, times_ten(*a, power), *b)
        }
        Expr::Binary(BinaryOp::Div, a, b) if matches!(*b, Expr::Number(_)) => {
            match (*a, times_ten(*b, -power)) {
                (a, Expr::Number(1.0)) => a,
                (a, b) => Expr::binary(BinaryOp::Div, a, b),
            }
        }
        Expr::Binary(BinaryOp::Div, a, b) if has_literal_factor(&a) => {
            Expr::binary(BinaryOp::Div, times_ten(*a, power), *b)
        }
        Expr::Select(c, a, b) => {
            Expr::Select(c, Box::new(times_ten(*a, power)), Box::new(times_ten(*b, power)))
        }
        expr if power > 0 => Expr::binary(BinaryOp::Mul, Expr::Number(moved(1.0, power)), expr),
        expr => Expr::binary(BinaryOp::Div, expr, Expr::Number(moved(1.0, -power))),
    }
}

fn has_literal_factor(expr: &Expr) -> bool {
    match expr {
        Expr::Number(_) => true,
        Expr::Binary(BinaryOp::Mul, a, _) => has_literal_factor(a),
        Expr::Binary(BinaryOp::Div, a, b) => has_literal_factor(a) || matches!(**b, Expr::Number(_)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::expr::{eval, parse};

    proptest! {
        #[test]
        fn rounding_quickly_is_rounding(x in prop::num::f64::NORMAL, near in -1e6f64..1e6, power in -9i32..14) {
            for x in [x, near, near.trunc() * 0.1, near * 10f64.powi(power), 10f64.powi(power)] {
                if let Some(found) = quickly_rounded(x) {
                    prop_assert_eq!(found.to_bits(), format!("{x:.14e}").parse::<f64>().unwrap().to_bits());
                }
            }
        }
    }

    fn converted(text: &str, wanted: i32) -> String {
        let power_of = |name: &str| match name {
            "v" | "e" | "s" => -3,
            "g" => -6,
            "tau" => -3,
            _ => 0,
        };
        in_units(&parse(text).unwrap(), &power_of, wanted).to_string()
    }

    #[test]
    fn decimal_points_move_into_literals() {
        assert_eq!(converted("g * (e - v)", -9), "g * (e - v)");
        assert_eq!(converted("(v + 0.04) / 0.01", 0), "(v + 40) / 10");
        assert_eq!(converted("exp(v / s)", 0), "exp(v / s)");
        assert_eq!(converted("exp(v)", 0), "exp(v / 1000)");
        assert_eq!(converted("x / tau", 3), "x / tau");
        assert_eq!(converted("v > -0.02", 0), "v .gt. -20");
        assert_eq!(converted("if(v > 0, 2 * v, 0)", -3), "if(v .gt. 0, 2 * v, 0)");
    }

    #[test]
    fn values_stay() {
        for text in
            ["g*(e-v) + 3e-9*x", "sqrt(tau*g) / (v + e^2/s)", "abs(v)*x^3/(1 + exp((v-e)/s)) - 0.07*e"]
        {
            let expr = parse(text).unwrap();
            let si = |name: &str| {
                Some(match name {
                    "v" => -0.061,
                    "e" => 0.055,
                    "s" => 0.0075,
                    "g" => 3.3e-6,
                    "tau" => 0.0021,
                    _ => 0.37,
                })
            };
            let power_of = |name: &str| match name {
                "v" | "e" | "s" | "tau" => -3,
                "g" => -6,
                _ => 0,
            };
            let shown = |name: &str| si(name).map(|x| x / 10f64.powi(power_of(name)));
            let before = eval::evaluate(&expr, &si).unwrap();
            let after = eval::evaluate(&in_units(&expr, &power_of, -2), &shown).unwrap() * 1e-2;
            assert!((before - after).abs() <= 1e-14 * before.abs(), "{text}: {before} {after}");
        }
    }

    const NEURON: UnitSystem =
        UnitSystem { named: &[(Dimension::CONDUCTANCE, "uS", -6)], ..UnitSystem::USUAL };

    #[test]
    fn units_are_put_together() {
        assert_eq!(NEURON.symbol(Dimension::VOLTAGE, "^"), "mV");
        assert_eq!(NEURON.symbol(Dimension::PER_TIME, "^"), "1/ms");
        assert_eq!(NEURON.symbol(Dimension::AREA, "^"), "um^2");
        assert_eq!(NEURON.power(Dimension::RESISTANCE), 6);
        assert_eq!(NEURON.value(-0.065, Dimension::VOLTAGE), "-65");
        assert_eq!(NEURON.power(Dimension::CAPACITANCE), -9);
    }
}
