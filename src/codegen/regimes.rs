//! Regimes: they come as a state that takes whole numbers, and what moves depends on it.

use std::collections::BTreeSet;

use super::tidy::linoid;
use crate::dynamics::{Assignment, Dynamics};
use crate::expr::{BinaryOp, CompareOp, Expr, eval};

/// The square of a number that counts as 0 beside 1.
const NEXT_TO_NOTHING: f64 = 1e-14;

/// What moves when.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Motion {
    /// The derivative of each state that ever moves; those that stand still in a regime are what they are in the others.
    pub(crate) rates: Vec<(usize, Expr)>,
    /// The state that says in which regime the system is, if not everything moves in all of them.
    pub(crate) regime: Option<usize>,
    /// For the values of that state what moves: lists of states.
    pub(crate) moving: Vec<(i64, Vec<usize>)>,
}

/// Everything that conditions, events and the start assign.
fn assignments(dynamics: &Dynamics) -> impl Iterator<Item = &Assignment> {
    let conditions = dynamics.conditions.iter().flat_map(|c| &c.assignments);
    conditions.chain(dynamics.events.iter().flat_map(|e| &e.assignments)).chain(&dynamics.on_start)
}

/// States that only ever take whole numbers, as regimes do.
pub(crate) fn whole_numbered(dynamics: &Dynamics) -> BTreeSet<usize> {
    let moves = |state: usize| {
        dynamics.derivatives.iter().any(|(s, _)| *s == state)
            || dynamics.kinetic_schemes.iter().flatten().any(|s| *s == state)
    };
    let is_whole = |e: &Expr| matches!(e, Expr::Number(x) if x.fract() == 0.0 && x.abs() < 1e6);
    (0..dynamics.states.len())
        .filter(|state| dynamics.states[*state].dimension.is_none() && !moves(*state))
        .filter(|state| assignments(dynamics).any(|a| a.state == *state))
        .filter(|state| assignments(dynamics).filter(|a| a.state == *state).all(|a| is_whole(&a.value)))
        .collect()
}

/// The numbers that such a state is given.
pub(crate) fn given(dynamics: &Dynamics, state: usize) -> BTreeSet<i64> {
    let own = assignments(dynamics).filter(|a| a.state == state);
    own.filter_map(|a| if let Expr::Number(x) = a.value { Some(x as i64) } else { None }).collect()
}

/// What moves in which regime of `dynamics`.
pub(crate) fn motion(dynamics: &Dynamics) -> Motion {
    let whole = whole_numbered(dynamics);
    let regime = whole.iter().copied().find(|state| {
        let name = &dynamics.states[*state].name;
        dynamics.derivatives.iter().any(|(_, rate)| !compared(rate, name).is_empty())
    });
    let plain = || dynamics.derivatives.clone();
    let Some(regime) = regime else { return Motion { rates: plain(), ..Motion::default() } };
    let name = &dynamics.states[regime].name;
    let mut values: BTreeSet<i64> =
        dynamics.derivatives.iter().flat_map(|(_, r)| compared(r, name)).collect();
    values.extend(given(dynamics, regime));
    let mut out = Motion { regime: Some(regime), ..Motion::default() };
    for value in &values {
        out.moving.push((*value, Vec::new()));
    }
    for (state, rate) in &dynamics.derivatives {
        let each: Vec<Expr> = values.iter().map(|value| within(rate, name, *value)).collect();
        let mut moving = each.iter().filter(|e| **e != Expr::Number(0.0));
        let Some(first) = moving.next() else { continue };
        if moving.all(|e| e == first) {
            for ((_, states), rate) in out.moving.iter_mut().zip(&each) {
                if *rate != Expr::Number(0.0) {
                    states.push(*state);
                }
            }
            out.rates.push((*state, first.clone()));
        } else {
            out.moving.iter_mut().for_each(|(_, states)| states.push(*state));
            out.rates.push((*state, rate.clone()));
        }
    }
    if out.moving.windows(2).all(|pair| pair[0].1 == pair[1].1) {
        out.regime = None;
        out.moving.clear();
    }
    out
}

/// The numbers that `name` is compared with.
fn compared(expr: &Expr, name: &str) -> BTreeSet<i64> {
    let mut found = BTreeSet::new();
    visit(expr, &mut |e| {
        if let Some(value) = comparison(e, name) {
            found.insert(value);
        }
    });
    found
}

fn comparison(expr: &Expr, name: &str) -> Option<i64> {
    match expr {
        Expr::Compare(CompareOp::Eq, a, b) => match (&**a, &**b) {
            (Expr::Name(n), Expr::Number(x)) | (Expr::Number(x), Expr::Name(n))
                if n == name && x.fract() == 0.0 =>
            {
                Some(*x as i64)
            }
            _ => None,
        },
        _ => None,
    }
}

/// `expr` where the state `name` is `value`: what that decides is decided, and a test that is so is the number 1 or 0.
pub(crate) fn within(expr: &Expr, name: &str, value: i64) -> Expr {
    let truth = |holds: bool| Expr::Number(f64::from(u8::from(holds)));
    let decided = |e: &Expr| if let Expr::Number(x) = e { Some(*x != 0.0) } else { None };
    let value = value as f64;
    expr.map(&|e| match e {
        Expr::Compare(op, a, b) => match (&*a, &*b) {
            (Expr::Name(n), Expr::Number(x)) if n == name => truth(eval::compare(op, value, *x)),
            (Expr::Number(x), Expr::Name(n)) if n == name => truth(eval::compare(op, *x, value)),
            _ => Expr::Compare(op, a, b),
        },
        Expr::And(a, b) => match (decided(&a), decided(&b)) {
            (Some(false), _) | (_, Some(false)) => truth(false),
            (Some(true), _) => *b,
            (_, Some(true)) => *a,
            _ => Expr::And(a, b),
        },
        Expr::Or(a, b) => match (decided(&a), decided(&b)) {
            (Some(true), _) | (_, Some(true)) => truth(true),
            (Some(false), _) => *b,
            (_, Some(false)) => *a,
            _ => Expr::Or(a, b),
        },
        Expr::Not(a) => decided(&a).map_or(Expr::Not(a), |holds| truth(!holds)),
        Expr::Select(c, a, b) => match decided(&c) {
            Some(true) => *a,
            Some(false) => *b,
            None => Expr::Select(c, a, b),
        },
        Expr::Binary(BinaryOp::Mul, a, b) if *a == Expr::Number(0.0) || *b == Expr::Number(0.0) => {
            Expr::Number(0.0)
        }
        e => e,
    })
}

/// Choices without comparing for equality, which the solver of equations has no words for: by a whole-numbered state on which side of
/// a half it is, by a number whether its square is next to nothing.
pub(crate) fn by_order(expr: &Expr, whole: &[&str]) -> Expr {
    expr.map(&|e| {
        let Expr::Select(c, a, b) = &e else { return e };
        let Some((name, value)) = whole.iter().find_map(|name| Some((*name, comparison(c, name)?))) else {
            let Expr::Compare(CompareOp::Eq, x, zero) = &**c else { return e };
            if **zero != Expr::Number(0.0) || linoid(&e).is_some() {
                return e;
            }
            let square = Box::new(Expr::Binary(BinaryOp::Mul, x.clone(), x.clone()));
            let near = Expr::Compare(CompareOp::Lt, square, Box::new(Expr::Number(NEXT_TO_NOTHING)));
            return Expr::Select(Box::new(near), a.clone(), b.clone());
        };
        let side = |op, limit: f64| {
            Box::new(Expr::Compare(op, Box::new(Expr::name(name)), Box::new(Expr::Number(limit))))
        };
        let below = Expr::Select(side(CompareOp::Lt, value as f64 + 0.5), a.clone(), b.clone());
        match value {
            0 => below,
            _ => Expr::Select(side(CompareOp::Lt, value as f64 - 0.5), b.clone(), Box::new(below)),
        }
    })
}

/// Goes through all parts of `expr`, but for the choice in `x / (1 - exp(-x))`, which targets have a way of their own for.
pub(crate) fn visit(expr: &Expr, see: &mut dyn FnMut(&Expr)) {
    if let Some((rate, x)) = linoid(expr) {
        visit(rate, see);
        visit(x, see);
        return;
    }
    see(expr);
    expr.parts().for_each(|part| visit(part, see));
}
