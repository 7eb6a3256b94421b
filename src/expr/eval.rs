//! Plain evaluation: what an expression means, with no thought of speed. Everything faster is checked
//! against this.

use super::{BinaryOp, CompareOp, Expr, Function};
use crate::error::{Error, ErrorKind, Result};

/// The value of `expr`, with the values of names from `names`. Conditions give 1 and 0.
///
/// Of a [`Expr::Select`] only the chosen side is evaluated.
///
/// # Errors
/// If a name has no value, or the expression asks for a random number.
pub fn evaluate(expr: &Expr, names: &dyn Fn(&str) -> Option<f64>) -> Result<f64> {
    evaluate_random(expr, names, &mut || None)
}

/// The value of `expr`, with `random` giving uniform numbers in [0, 1).
///
/// # Errors
/// If a name has no value, or `random` gives none when it is asked.
pub fn evaluate_random(
    expr: &Expr,
    names: &dyn Fn(&str) -> Option<f64>,
    random: &mut dyn FnMut() -> Option<f64>,
) -> Result<f64> {
    let truth = |holds: bool| f64::from(u8::from(holds));
    Ok(match expr {
        Expr::Number(x) => *x,
        Expr::Name(name) => names(name)
            .ok_or_else(|| Error::new(ErrorKind::Name, format!("nothing is called '{name}' here")))?,
        Expr::Negate(a) => -evaluate_random(a, names, random)?,
        Expr::Binary(op, a, b) => {
            let a = evaluate_random(a, names, random)?;
            binary(*op, a, evaluate_random(b, names, random)?)
        }
        Expr::Call(Function::Random, a) => {
            let none = || Error::new(ErrorKind::Unsupported, "random() is not possible here");
            evaluate_random(a, names, random)? * random().ok_or_else(none)?
        }
        Expr::Call(function, a) => call(*function, evaluate_random(a, names, random)?),
        Expr::Compare(op, a, b) => {
            let a = evaluate_random(a, names, random)?;
            truth(compare(*op, a, evaluate_random(b, names, random)?))
        }
        Expr::And(a, b) => {
            truth(evaluate_random(a, names, random)? != 0.0 && evaluate_random(b, names, random)? != 0.0)
        }
        Expr::Or(a, b) => {
            truth(evaluate_random(a, names, random)? != 0.0 || evaluate_random(b, names, random)? != 0.0)
        }
        Expr::Not(a) => truth(evaluate_random(a, names, random)? == 0.0),
        Expr::Select(c, a, b) => {
            let chosen = if evaluate_random(c, names, random)? != 0.0 { a } else { b };
            evaluate_random(chosen, names, random)?
        }
    })
}

/// `a op b`.
pub fn binary(op: BinaryOp, a: f64, b: f64) -> f64 {
    match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => a / b,
        BinaryOp::Pow => libm::pow(a, b),
    }
}

/// Whether `a op b` holds. Nothing holds of NaN but `!=`.
pub fn compare(op: CompareOp, a: f64, b: f64) -> bool {
    match op {
        CompareOp::Lt => a < b,
        CompareOp::Le => a <= b,
        CompareOp::Gt => a > b,
        CompareOp::Ge => a >= b,
        CompareOp::Eq => a == b,
        CompareOp::Ne => a != b,
    }
}

/// `function(x)`. [`Function::Random`] gives NaN: it has no value of its own.
pub fn call(function: Function, x: f64) -> f64 {
    match function {
        Function::Exp => libm::exp(x),
        Function::Ln => libm::log(x),
        Function::Log10 => libm::log10(x),
        Function::Sqrt => x.sqrt(),
        Function::Sin => libm::sin(x),
        Function::Cos => libm::cos(x),
        Function::Tan => libm::tan(x),
        Function::Sinh => libm::sinh(x),
        Function::Cosh => libm::cosh(x),
        Function::Tanh => libm::tanh(x),
        Function::Abs => x.abs(),
        Function::Floor => x.floor(),
        Function::Ceil => x.ceil(),
        Function::Heaviside if x.is_nan() => x,
        Function::Heaviside => f64::from(u8::from(x >= 0.0)),
        Function::Random => f64::NAN,
        Function::Factorial => factorial(x),
    }
}

/// `x!` of a whole number from 0 on, infinite beyond 170, else NaN.
fn factorial(x: f64) -> f64 {
    if !(x >= 0.0 && x.fract() == 0.0) {
        f64::NAN
    } else if x > 170.0 {
        f64::INFINITY
    } else {
        (2..=x as u32).map(f64::from).product()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::parse;

    #[test]
    fn the_side_not_chosen_is_not_evaluated() {
        let expr = parse("if(x .eq. 0, 1, missing / x)").unwrap();
        assert_eq!(evaluate(&expr, &|name| (name == "x").then_some(0.0)).unwrap(), 1.0);
        assert!(evaluate(&expr, &|name| (name == "x").then_some(1.0)).is_err());
    }

    #[test]
    fn random_is_scaled_or_refused() {
        let expr = parse("random(8)").unwrap();
        assert!(evaluate(&expr, &|_| None).unwrap_err().to_string().contains("random"));
        assert_eq!(evaluate_random(&expr, &|_| None, &mut || Some(0.25)).unwrap(), 2.0);
    }

    #[test]
    fn factorials() {
        let values: Vec<f64> = [0.0, 1.0, 5.0, 171.0].iter().map(|x| factorial(*x)).collect();
        assert_eq!(values, [1.0, 1.0, 120.0, f64::INFINITY]);
        assert!(factorial(-1.0).is_nan() && factorial(1.5).is_nan() && factorial(f64::NAN).is_nan());
        assert!(factorial(170.0).is_finite());
    }

    #[test]
    fn nan_compares_as_nothing() {
        assert!(!compare(CompareOp::Le, f64::NAN, 0.0) && compare(CompareOp::Ne, f64::NAN, f64::NAN));
    }
}
