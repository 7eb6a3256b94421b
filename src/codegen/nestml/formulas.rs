//! Formulas of compartmental models: single expressions without derived variables, and gates by what they go to and how fast.

use std::collections::BTreeMap;

use super::super::slope::slope;
use super::super::tidy::step_as_choice;
use super::words::unsupported;
use crate::dynamics::Dynamics;
use crate::error::Result;
use crate::expr::{BinaryOp, CompareOp, Expr};

/// Keeps `x / (1 - exp(-x))` from its hole at 0, where it is off by half of this.
const HAIR: f64 = 1e-7;

/// `expr` without derived variables.
pub(super) fn expanded(expr: &Expr, dynamics: &Dynamics) -> Expr {
    let mut known: BTreeMap<&str, Expr> = BTreeMap::new();
    let resolve = |e: &Expr, known: &BTreeMap<&str, Expr>| {
        e.map_names(&|name| known.get(name).cloned().unwrap_or_else(|| Expr::name(name)))
    };
    for derived in &dynamics.derived {
        let value = resolve(&derived.value, &known);
        known.insert(&derived.name, value);
    }
    resolve(expr, &known)
}

/// `expr` without choices.
pub(super) fn plain(expr: &Expr, of: &str) -> Result<Expr> {
    let out = simplest(&shifted_holes(expr));
    let mut chooses = false;
    out.visit(&mut |e| chooses |= matches!(e, Expr::Select(..) | Expr::Compare(..)));
    if chooses {
        return Err(unsupported(of, "choice in an equation of a compartmental model"));
    }
    Ok(out)
}

/// The values of `expr` by the choices in it: each with the test that leads there if none before did. `None` if there are more
/// than `most`.
pub(super) fn cases(expr: &Expr, most: usize) -> Option<Vec<(Option<Expr>, Expr)>> {
    let mut test = None;
    expr.visit(&mut |e| {
        if let Expr::Select(c, ..) = e {
            test.get_or_insert_with(|| (**c).clone());
        }
    });
    let Some(test) = test else { return Some(vec![(None, expr.clone())]) };
    if most < 2 {
        return None;
    }
    let taken = |holds: bool| {
        expr.map(&|e| match e {
            Expr::Select(c, a, b) if *c == test => *(if holds { a } else { b }),
            e => e,
        })
    };
    let [yes, no] = [taken(true), taken(false)].map(|branch| cases(&branch, most - 1));
    let both = |inner: Option<Expr>| match inner {
        Some(inner) => Expr::And(Box::new(test.clone()), Box::new(inner)),
        None => test.clone(),
    };
    let mut all: Vec<(Option<Expr>, Expr)> = yes?.into_iter().map(|(t, e)| (Some(both(t)), e)).collect();
    all.extend(no?);
    (all.len() <= most).then_some(all)
}

/// `expr` where what has a case of its own for `x = 0`, such as `x / (1 - exp(-x))`, is taken by a hair beside it.
pub(super) fn shifted_holes(expr: &Expr) -> Expr {
    let zero = Expr::Number(0.0);
    expr.map(&step_as_choice).map(&|e| {
        let Expr::Select(test, a, b) = &e else { return e };
        let (x, elsewhere) = match &**test {
            Expr::Compare(CompareOp::Eq, x, other) if **other == zero => (x, b),
            Expr::Compare(CompareOp::Ne, x, other) if **other == zero => (x, a),
            _ => return e,
        };
        let beside = Expr::binary(BinaryOp::Add, (**x).clone(), Expr::Number(HAIR));
        let shifted = elsewhere.map(&|part| if part == **x { beside.clone() } else { part });
        if shifted == **elsewhere { e } else { shifted }
    })
}

/// Products with 1 and sums with 0 are left out.
pub(super) fn simplest(expr: &Expr) -> Expr {
    expr.map(&|e| match e {
        Expr::Binary(BinaryOp::Mul, a, b) if *a == Expr::Number(1.0) => *b,
        Expr::Binary(BinaryOp::Mul, a, b) if *b == Expr::Number(1.0) => *a,
        Expr::Binary(BinaryOp::Mul, a, b) if *a == Expr::Number(0.0) || *b == Expr::Number(0.0) => {
            Expr::Number(0.0)
        }
        Expr::Binary(BinaryOp::Div, a, _) if *a == Expr::Number(0.0) => Expr::Number(0.0),
        Expr::Binary(BinaryOp::Add, a, b) if *a == Expr::Number(0.0) => *b,
        Expr::Binary(BinaryOp::Add | BinaryOp::Sub, a, b) if *b == Expr::Number(0.0) => *a,
        Expr::Negate(a) if *a == Expr::Number(0.0) => Expr::Number(0.0),
        e => e,
    })
}

/// What the state `x` with the derivative `rate` goes to, and its time constant: `x' = (target - x) / time`.
pub(super) fn relaxation(rate: &Expr, x: &str, dynamics: &Dynamics) -> Option<(Expr, Expr)> {
    use BinaryOp::{Add, Div, Mul, Sub};
    let is_x = |e: &Expr| matches!(e, Expr::Name(name) if name == x);
    if let Expr::Binary(Div, above, time) = rate
        && let Expr::Binary(Sub, target, own) = &**above
        && is_x(own)
        && !depends(target, x, dynamics)
        && !depends(time, x, dynamics)
    {
        return Some(((**target).clone(), (**time).clone()));
    }
    // -x / time
    let decay = match rate {
        Expr::Negate(inner) => match &**inner {
            Expr::Binary(Div, own, time) if is_x(own) => Some(time),
            _ => None,
        },
        Expr::Binary(Div, own, time) if matches!(&**own, Expr::Negate(own) if is_x(own)) => Some(time),
        _ => None,
    };
    if let Some(time) = decay.filter(|time| !depends(time, x, dynamics)) {
        return Some((Expr::Number(0.0), (**time).clone()));
    }
    // alpha (1 - x) - beta x
    if let Expr::Binary(Sub, opening, closing) = rate
        && let Expr::Binary(Mul, alpha, rest) = &**opening
        && let Expr::Binary(Sub, one, own) = &**rest
        && **one == Expr::Number(1.0)
        && is_x(own)
        && let Expr::Binary(Mul, beta, own) = &**closing
        && is_x(own)
        && !depends(alpha, x, dynamics)
        && !depends(beta, x, dynamics)
    {
        let sum = Expr::binary(Add, (**alpha).clone(), (**beta).clone());
        let target = Expr::binary(Div, (**alpha).clone(), sum.clone());
        return Some((target, Expr::binary(Div, Expr::Number(1.0), sum)));
    }
    // Anything else that is linear: by its slope, and its value where x is 0.
    let slope = slope(rate, x, dynamics)?;
    if slope == Expr::Number(0.0) || depends(&slope, x, dynamics) {
        return None;
    }
    let at_zero = expanded(rate, dynamics)
        .map_names(&|name| if name == x { Expr::Number(0.0) } else { Expr::name(name) });
    let falling = Expr::Negate(Box::new(expanded(&slope, dynamics)));
    let target = Expr::binary(Div, simplest(&at_zero), falling.clone());
    Some((simplest(&target), Expr::binary(Div, Expr::Number(1.0), falling)))
}

pub(super) fn depends(expr: &Expr, name: &str, dynamics: &Dynamics) -> bool {
    expanded(expr, dynamics).reads(name)
}
