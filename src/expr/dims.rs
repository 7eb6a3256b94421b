//! Dimensions of expressions.

use std::cell::RefCell;

use super::print::{comparison_sign, function_name, operator_sign};
use super::{BinaryOp, Expr, Function};
use crate::error::{Error, ErrorKind, Result};
use crate::units::Dimension;

/// What is known of a value's dimension.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Found {
    /// The number 0, which may stand for 0 of any dimension.
    Any,
    /// This one.
    Of(Dimension),
}

impl Found {
    fn dimension(self) -> Dimension {
        match self {
            Found::Any => Dimension::NONE,
            Found::Of(dimension) => dimension,
        }
    }
}

/// The dimension of `expr`, given those of its names. Conditions have none.
///
/// The rules are those of LEMS: both sides of a sum or a comparison have equal dimensions, `exp` and
/// its like take plain numbers, a bare 0 is of any dimension. Beyond LEMS, `abs` and `random` keep
/// the dimension, `sqrt` halves it, and `H` takes any, as only the sign matters.
///
/// `literals` are the dimensions of the numbers in order of writing, as
/// [`parse_with_dimensions`](super::parse::parse_with_dimensions) gives them; with `None` all numbers are plain.
///
/// # Errors
/// If two sides do not match, naming both and the part of the expression they meet in; if a name is
/// unknown; if a quantity with a dimension is raised to a power that is not a constant.
pub fn dimension_of(
    expr: &Expr,
    names: &dyn Fn(&str) -> Option<Dimension>,
    literals: Option<&[Dimension]>,
) -> Result<Dimension> {
    Checker { names, literals, next: 0, slips: None, free: &|_| false }.found(expr).map(Found::dimension)
}

/// Checks that `expr` is of dimension `wanted`.
///
/// # Errors
/// As [`dimension_of`], and if the dimension is another.
pub fn check(expr: &Expr, wanted: Dimension, names: &dyn Fn(&str) -> Option<Dimension>) -> Result<()> {
    let slips = slips(expr, Some(wanted), names)?;
    match slips.into_iter().next() {
        None => Ok(()),
        Some(slip) => Err(Error::new(ErrorKind::Dimension, slip)),
    }
}

/// Where in `expr` a plain number stands for a quantity, or a quantity for a plain number, as if the
/// quantity were its number in SI units: a sentence for each such place. `wanted` is the dimension
/// that the whole should have, if it matters.
///
/// # Errors
/// As [`dimension_of`] and [`check`], but for these places: if two different dimensions meet, neither of
/// them a plain number.
pub fn slips(
    expr: &Expr,
    wanted: Option<Dimension>,
    names: &dyn Fn(&str) -> Option<Dimension>,
) -> Result<Vec<String>> {
    slips_beside(expr, wanted, names, &|_| false)
}

/// As [`slips`], where names that are `free` may be of any dimension.
///
/// # Errors
/// As [`slips`].
pub fn slips_beside(
    expr: &Expr,
    wanted: Option<Dimension>,
    names: &dyn Fn(&str) -> Option<Dimension>,
    free: &dyn Fn(&str) -> bool,
) -> Result<Vec<String>> {
    let slips = RefCell::new(Vec::new());
    let found = (Checker { names, literals: None, next: 0, slips: Some(&slips), free }).found(expr)?;
    let mut slips = slips.into_inner();
    if let (Found::Of(found), Some(wanted)) = (found, wanted)
        && found != wanted
    {
        let message = format!("expected {}, but '{}' is {}", noun(wanted), shown(expr), noun(found));
        if !found.is_none() && !wanted.is_none() {
            return Err(Error::new(ErrorKind::Dimension, message));
        }
        slips.push(message);
    }
    Ok(slips)
}

fn noun(dimension: Dimension) -> String {
    if dimension.is_none() { "a plain number".to_string() } else { format!("[{dimension}]") }
}

/// The text of `expr`, cut to what fits in a message.
fn shown(expr: &Expr) -> String {
    let text = expr.to_string();
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

struct Checker<'a> {
    names: &'a dyn Fn(&str) -> Option<Dimension>,
    literals: Option<&'a [Dimension]>,
    next: usize,
    /// Where to note that a number and a quantity meet; with `None` that is an error.
    slips: Option<&'a RefCell<Vec<String>>>,
    /// Names that may be of any dimension.
    free: &'a dyn Fn(&str) -> bool,
}

impl Checker<'_> {
    /// A number and a quantity meet.
    fn slip(&self, message: String) -> Result<()> {
        match self.slips {
            None => Err(Error::new(ErrorKind::Dimension, message)),
            Some(slips) => {
                slips.borrow_mut().push(message);
                Ok(())
            }
        }
    }

    fn found(&mut self, expr: &Expr) -> Result<Found> {
        match expr {
            Expr::Number(x) => {
                let written =
                    self.literals.and_then(|l| l.get(self.next).copied()).unwrap_or(Dimension::NONE);
                self.next += 1;
                Ok(if *x == 0.0 && written.is_none() { Found::Any } else { Found::Of(written) })
            }
            Expr::Name(name) if (self.free)(name) => Ok(Found::Any),
            Expr::Name(name) => match (self.names)(name) {
                Some(dimension) => Ok(Found::Of(dimension)),
                None => Err(Error::new(ErrorKind::Name, format!("nothing is called '{name}' here"))),
            },
            Expr::Negate(a) => self.found(a),
            Expr::Binary(op, a, b) => {
                let (left, right) = (self.found(a)?, self.found(b)?);
                self.binary(*op, (a, left), (b, right), expr)
            }
            Expr::Call(function, a) => {
                let argument = self.found(a)?;
                self.call(*function, argument, expr)
            }
            Expr::Compare(op, a, b) => {
                let (left, right) = (self.found(a)?, self.found(b)?);
                self.same(left, right, comparison_sign(*op), expr)?;
                Ok(Found::Of(Dimension::NONE))
            }
            Expr::And(a, b) | Expr::Or(a, b) => {
                self.found(a)?;
                self.found(b)?;
                Ok(Found::Of(Dimension::NONE))
            }
            Expr::Not(a) => {
                self.found(a)?;
                Ok(Found::Of(Dimension::NONE))
            }
            Expr::Select(c, a, b) => {
                self.found(c)?;
                let (left, right) = (self.found(a)?, self.found(b)?);
                self.same(left, right, "if", expr)
            }
        }
    }

    fn same(&self, left: Found, right: Found, sign: &str, whole: &Expr) -> Result<Found> {
        match (left, right) {
            (Found::Any, other) | (other, Found::Any) => Ok(other),
            (Found::Of(a), Found::Of(b)) if a == b => Ok(left),
            (Found::Of(a), Found::Of(b)) => {
                let message =
                    format!("the sides of '{sign}' are {} and {} in '{}'", noun(a), noun(b), shown(whole));
                if !a.is_none() && !b.is_none() {
                    return Err(Error::new(ErrorKind::Dimension, message));
                }
                self.slip(message)?;
                Ok(if a.is_none() { right } else { left })
            }
        }
    }

    fn binary(&self, op: BinaryOp, a: (&Expr, Found), b: (&Expr, Found), whole: &Expr) -> Result<Found> {
        let beyond = || {
            let message = format!("the dimension of '{}' is beyond what can be held", shown(whole));
            Error::new(ErrorKind::Dimension, message)
        };
        match (op, a.1, b.1) {
            (BinaryOp::Add | BinaryOp::Sub, left, right) => self.same(left, right, operator_sign(op), whole),
            (BinaryOp::Mul, Found::Any, _) | (BinaryOp::Mul | BinaryOp::Div, _, Found::Any) => Ok(Found::Any),
            (BinaryOp::Div, Found::Any, _) => Ok(Found::Any),
            (BinaryOp::Mul, Found::Of(x), Found::Of(y)) => x.times(y).map(Found::Of).ok_or_else(beyond),
            (BinaryOp::Div, Found::Of(x), Found::Of(y)) => x.over(y).map(Found::Of).ok_or_else(beyond),
            (BinaryOp::Pow, base, exponent) => {
                let (base, exponent) = (base.dimension(), exponent.dimension());
                if !exponent.is_none() {
                    let message = format!(
                        "an exponent must be a plain number, but '{}' is {}",
                        shown(b.0),
                        noun(exponent)
                    );
                    return Err(Error::new(ErrorKind::Dimension, message));
                }
                if base.is_none() {
                    return Ok(Found::Of(Dimension::NONE));
                }
                let power = constant(b.0).and_then(|p| fractional_power(base, p));
                power.map(Found::Of).ok_or_else(|| {
                    let message = format!(
                        "'{}' is {} and cannot be raised to the power '{}'",
                        shown(a.0),
                        noun(base),
                        shown(b.0)
                    );
                    Error::new(ErrorKind::Dimension, message).help("divide it by a unit first")
                })
            }
        }
    }

    fn call(&self, function: Function, argument: Found, whole: &Expr) -> Result<Found> {
        let plain = Found::Of(Dimension::NONE);
        let dimension = match argument {
            Found::Any => return Ok(plain),
            Found::Of(dimension) if dimension.is_none() => return Ok(plain),
            Found::Of(dimension) => dimension,
        };
        let message = || {
            format!(
                "'{}' takes a plain number, not {}, in '{}'",
                function_name(function),
                noun(dimension),
                shown(whole)
            )
        };
        match function {
            Function::Abs | Function::Random => Ok(argument),
            Function::Heaviside => Ok(plain),
            Function::Sqrt => match fractional_power(dimension, 0.5) {
                Some(root) => Ok(Found::Of(root)),
                None => Err(Error::new(ErrorKind::Dimension, message())),
            },
            _ => self.slip(message()).map(|()| plain),
        }
    }
}

/// `dimension` to a power that leaves whole exponents.
fn fractional_power(dimension: Dimension, power: f64) -> Option<Dimension> {
    let mut out = [0; 7];
    for (to, from) in out.iter_mut().zip(dimension.0) {
        let exponent = f64::from(from) * power;
        if exponent.fract() != 0.0 || exponent.abs() > 127.0 {
            return None;
        }
        *to = exponent as i8;
    }
    Some(Dimension(out))
}

/// The value of an expression without names.
fn constant(expr: &Expr) -> Option<f64> {
    super::eval::evaluate(expr, &|_| None).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::parse;
    use crate::expr::parse::parse_with_dimensions;

    fn names(name: &str) -> Option<Dimension> {
        Some(match name {
            "v" | "vHalf" | "k" => Dimension::VOLTAGE,
            "i" => Dimension::CURRENT,
            "g" => Dimension::CONDUCTANCE,
            "tau" => Dimension::TIME,
            "rate" => Dimension::PER_TIME,
            "n" | "q" => Dimension::NONE,
            "area" => Dimension::AREA,
            "temperature" => Dimension::TEMPERATURE,
            _ => return None,
        })
    }

    #[test]
    fn expressions_of_models() {
        for (text, wanted) in [
            ("g * (v - vHalf)", Dimension::CURRENT),
            ("rate * exp(-(v - vHalf) / k)", Dimension::PER_TIME),
            ("(1 - q) / tau", Dimension::PER_TIME),
            ("q ^ n", Dimension::NONE),
            ("v ^ 2 / v ^ 2", Dimension::NONE),
            ("area ^ 0.5", Dimension::LENGTH),
            ("sqrt(area)", Dimension::LENGTH),
            ("abs(v)", Dimension::VOLTAGE),
            ("H(v - vHalf)", Dimension::NONE),
            ("v + 0", Dimension::VOLTAGE),
            ("0 - v", Dimension::VOLTAGE),
            ("1 / v ^ -1", Dimension::VOLTAGE),
            ("if(v .gt. 0, v, 0)", Dimension::VOLTAGE),
            ("if(v .gt. 0 .and. .not. n .eq. 1, 2, 3)", Dimension::NONE),
            ("3 ^ ((temperature - temperature) / temperature)", Dimension::NONE),
        ] {
            assert_eq!(dimension_of(&parse(text).unwrap(), &names, None).unwrap(), wanted, "{text}");
        }
    }

    #[test]
    fn zero_is_of_any_dimension() {
        for wanted in [Dimension::VOLTAGE, Dimension::NONE, Dimension::TIME] {
            for text in ["0", "-0", "0 * tau", "0 / tau + 0"] {
                check(&parse(text).unwrap(), wanted, &names).unwrap();
            }
        }
        assert!(check(&parse("1").unwrap(), Dimension::VOLTAGE, &names).is_err());
    }

    #[test]
    fn errors_name_both_sides_and_the_place() {
        for (text, message) in [
            ("1 + (v + i) * 2", "the sides of '+' are [voltage] and [current] in 'v + i'"),
            ("v .gt. tau", "the sides of '.gt.' are [voltage] and [time] in 'v .gt. tau'"),
            ("v - 1", "the sides of '-' are [voltage] and a plain number in 'v - 1'"),
            ("exp(v / tau)", "'exp' takes a plain number, not [kg m^2 s^-4 A^-1], in 'exp(v / tau)'"),
            ("q ^ v", "an exponent must be a plain number, but 'v' is [voltage]"),
            ("v ^ n", "'v' is [voltage] and cannot be raised to the power 'n' (divide it by a unit first)"),
            (
                "v ^ 0.5",
                "'v' is [voltage] and cannot be raised to the power '0.5' (divide it by a unit first)",
            ),
            ("floor(v)", "'floor' takes a plain number, not [voltage], in 'floor(v)'"),
            ("w", "nothing is called 'w' here"),
            ("if(v .gt. 0, v, i)", "the sides of 'if' are [voltage] and [current] in 'if(v .gt. 0, v, i)'"),
        ] {
            let error = dimension_of(&parse(text).unwrap(), &names, None).unwrap_err();
            assert_eq!(error.to_string(), message, "{text}");
        }
        let error = check(&parse("g * v").unwrap(), Dimension::VOLTAGE, &names).unwrap_err();
        assert_eq!(error.to_string(), "expected [voltage], but 'g * v' is [current]");
        assert!(dimension_of(&parse("v^100").unwrap(), &names, None).is_err());
    }

    #[test]
    fn a_number_for_a_quantity_is_a_slip_two_dimensions_are_an_error() {
        let found = |text: &str, wanted| slips(&parse(text).unwrap(), Some(wanted), &names);
        let one = |text: &str, wanted| found(text, wanted).unwrap().join("; ");
        assert_eq!(
            one("-q / 150", Dimension::PER_TIME),
            "expected [rate (per time)], but '-q / 150' is a plain number"
        );
        assert_eq!(one("v", Dimension::NONE), "expected a plain number, but 'v' is [voltage]");
        let inside = "the sides of '-' are [voltage] and a plain number in 'v - 1'";
        assert_eq!(one("g * (v - 1)", Dimension::CURRENT), inside);
        assert_eq!(one("exp(v)", Dimension::NONE), "'exp' takes a plain number, not [voltage], in 'exp(v)'");
        assert_eq!(one("g * v", Dimension::CURRENT), "");
        let error = found("-q * tau", Dimension::PER_TIME).unwrap_err().to_string();
        assert_eq!(error, "expected [rate (per time)], but '-q * tau' is [time]");
        assert!(found("v + i", Dimension::VOLTAGE).is_err());
    }

    #[test]
    fn literals_carry_their_dimensions() {
        let parsed = parse_with_dimensions("3 mS + 2 * 4 nA / 5 mV", &crate::units::unit).unwrap();
        let found = dimension_of(&parsed.expr, &|_| None, Some(&parsed.literals)).unwrap();
        assert_eq!(found, Dimension::CONDUCTANCE);
        let parsed = parse_with_dimensions("0 mV + 1 nA", &crate::units::unit).unwrap();
        assert!(dimension_of(&parsed.expr, &|_| None, Some(&parsed.literals)).is_err());
    }
}
