//! Derivatives of expressions, as expressions.

use crate::dynamics::Dynamics;
use crate::expr::{BinaryOp, Expr, Function};

/// The derivative of `expr` by the name `by`, through the derived variables of `dynamics`; `None` if there is none in closed
/// form. What a choice depends on counts as constant.
pub(crate) fn slope(expr: &Expr, by: &str, dynamics: &Dynamics) -> Option<Expr> {
    Some(simplified(&raw(expr, by, dynamics, 64)?))
}

fn number(x: f64) -> Expr {
    Expr::Number(x)
}

fn raw(expr: &Expr, by: &str, dynamics: &Dynamics, depth: usize) -> Option<Expr> {
    use BinaryOp::{Add, Div, Mul, Pow, Sub};
    if depth == 0 {
        return None;
    }
    let of = |e: &Expr| raw(e, by, dynamics, depth - 1).map(|e| simplified(&e));
    let times = |a: Expr, b: Expr| Expr::binary(Mul, a, b);
    Some(match expr {
        Expr::Number(_) | Expr::Compare(..) | Expr::And(..) | Expr::Or(..) | Expr::Not(_) => number(0.0),
        Expr::Name(name) if name == by => number(1.0),
        Expr::Name(name) => match dynamics.derived.iter().find(|d| d.name == *name) {
            Some(derived) => of(&derived.value)?,
            None => number(0.0),
        },
        Expr::Negate(a) => Expr::Negate(Box::new(of(a)?)),
        Expr::Binary(op @ (Add | Sub), a, b) => Expr::binary(*op, of(a)?, of(b)?),
        Expr::Binary(Mul, a, b) => {
            Expr::binary(Add, times(of(a)?, (**b).clone()), times((**a).clone(), of(b)?))
        }
        Expr::Binary(Div, a, b) => {
            let (da, db) = (of(a)?, of(b)?);
            if db == number(0.0) {
                return Some(Expr::binary(Div, da, (**b).clone()));
            }
            let falling =
                Expr::binary(Div, times((**a).clone(), db), Expr::binary(Pow, (**b).clone(), number(2.0)));
            Expr::binary(Sub, Expr::binary(Div, da, (**b).clone()), falling)
        }
        Expr::Binary(Pow, a, b) => {
            let (da, db) = (of(a)?, of(b)?);
            if db != number(0.0) {
                return None;
            }
            let less = match &**b {
                Expr::Number(n) => number(n - 1.0),
                b => Expr::binary(Sub, b.clone(), number(1.0)),
            };
            times(times((**b).clone(), Expr::binary(Pow, (**a).clone(), less)), da)
        }
        Expr::Call(function, a) => {
            let inner = of(a)?;
            if inner == number(0.0) {
                return Some(number(0.0));
            }
            let call = |f: Function| Expr::Call(f, a.clone());
            let outer = match function {
                Function::Exp => expr.clone(),
                Function::Ln => Expr::binary(Div, number(1.0), (**a).clone()),
                Function::Sqrt => Expr::binary(Div, number(0.5), expr.clone()),
                Function::Sin => call(Function::Cos),
                Function::Cos => Expr::Negate(Box::new(call(Function::Sin))),
                Function::Tanh => {
                    Expr::binary(Sub, number(1.0), Expr::binary(Pow, expr.clone(), number(2.0)))
                }
                Function::Sinh => call(Function::Cosh),
                Function::Cosh => call(Function::Sinh),
                Function::Heaviside | Function::Floor | Function::Ceil => return Some(number(0.0)),
                _ => return None,
            };
            times(outer, inner)
        }
        Expr::Select(c, a, b) => {
            let (a, b) = (of(a)?, of(b)?);
            if a == b { a } else { Expr::Select(c.clone(), Box::new(a), Box::new(b)) }
        }
    })
}

/// Without products and sums with 0 and 1.
fn simplified(expr: &Expr) -> Expr {
    use BinaryOp::{Add, Div, Mul, Pow, Sub};
    let is = |e: &Expr, x: f64| matches!(e, Expr::Number(n) if *n == x);
    expr.map(&|e| match e {
        Expr::Binary(Mul, a, b) if is(&a, 0.0) || is(&b, 0.0) => number(0.0),
        Expr::Binary(Div, a, _) if is(&a, 0.0) => number(0.0),
        Expr::Binary(Mul, a, b) if is(&a, 1.0) => *b,
        Expr::Binary(Mul | Div | Pow, a, b) if is(&b, 1.0) => *a,
        Expr::Binary(Pow, _, b) if is(&b, 0.0) => number(1.0),
        Expr::Binary(Add, a, b) if is(&a, 0.0) => *b,
        Expr::Binary(Sub, a, b) if is(&a, 0.0) => negative(*b),
        Expr::Binary(Add | Sub, a, b) if is(&b, 0.0) => *a,
        Expr::Binary(Mul, a, b) if is(&b, -1.0) => negative(*a),
        Expr::Negate(a) => negative(*a),
        Expr::Select(_, a, b) if a == b => *a,
        e => e,
    })
}

fn negative(expr: Expr) -> Expr {
    match expr {
        Expr::Number(x) => number(if x == 0.0 { 0.0 } else { -x }),
        Expr::Negate(a) => *a,
        e => Expr::Negate(Box::new(e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{eval, parse};

    #[test]
    fn slopes_are_those_of_small_differences() {
        let dynamics = Dynamics::default();
        for text in [
            "g*(e - v)",
            "exp((v - 3)/2)*v^3/(1 + v)",
            "if(v > 0, v^2, -v)",
            "ln(1 + exp(-v)) + tanh(v/5)*sqrt(v + 7)",
            "sin(2*v)/(v + 4)^2",
        ] {
            let expr = parse(text).unwrap();
            let derivative = slope(&expr, "v", &dynamics).unwrap();
            let at = |expr: &Expr, v: f64| {
                let value = |name: &str| match name {
                    "v" => Some(v),
                    "g" => Some(2.5),
                    "e" => Some(-1.0),
                    _ => None,
                };
                eval::evaluate(expr, &value).unwrap()
            };
            for v in [0.3, 1.7] {
                let wanted = (at(&expr, v + 1e-6) - at(&expr, v - 1e-6)) / 2e-6;
                let found = at(&derivative, v);
                assert!((found - wanted).abs() < 1e-6 * (1.0 + wanted.abs()), "{text}: {found} {wanted}");
            }
        }
        let linear = slope(&parse("(e - v)/tau + i/c").unwrap(), "v", &dynamics).unwrap();
        assert_eq!(linear.to_string(), parse("(-1)/tau").unwrap().to_string());
    }
}
