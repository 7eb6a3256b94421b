//! `random(x)` in equations: each place where it is written becomes an input of its own, a number
//! uniform in [0, 1), so that whoever runs the equations decides when it is drawn anew.

use std::borrow::Cow;

use super::{Dynamics, Variable};
use crate::expr::{BinaryOp, Expr, Function};
use crate::units::Dimension;

/// The name of draw `number`: no name in a model has such brackets.
pub fn draw_name(number: usize) -> String {
    format!("random({number})")
}

/// The number of the draw called `name`, if it is one.
pub fn draw_number(name: &str) -> Option<usize> {
    name.strip_prefix("random(")?.strip_suffix(')')?.parse().ok()
}

/// Which moments a draw is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The start alone.
    Start,
    /// Every step.
    Step,
    /// Whenever the condition of this index holds.
    Condition(usize),
    /// Every event at the port of this index among those that receive.
    Event(usize),
}

/// `dynamics` with an input for each place where `random` is called, in order of writing, and for
/// what moments each of these is.
pub fn with_draws(dynamics: &Dynamics) -> (Cow<'_, Dynamics>, Vec<Moment>) {
    if !dynamics.expressions().any(Expr::calls_random) {
        return (Cow::Borrowed(dynamics), Vec::new());
    }
    let mut out = dynamics.clone();
    let mut moments = Vec::new();
    let ports: Vec<String> = dynamics.in_ports().into_iter().map(str::to_string).collect();
    let mut name = |expr: &mut Expr, moment: Moment| replace(expr, &mut moments, moment);
    out.on_start.iter_mut().for_each(|a| name(&mut a.value, Moment::Start));
    out.derived.iter_mut().for_each(|d| name(&mut d.value, Moment::Step));
    out.derivatives.iter_mut().for_each(|(_, value)| name(value, Moment::Step));
    for (number, condition) in out.conditions.iter_mut().enumerate() {
        name(&mut condition.test, Moment::Step);
        condition.assignments.iter_mut().for_each(|a| name(&mut a.value, Moment::Condition(number)));
    }
    for event in &mut out.events {
        let port = ports.iter().position(|p| *p == event.port).unwrap_or(0);
        event.test.iter_mut().for_each(|test| name(test, Moment::Event(port)));
        event.assignments.iter_mut().for_each(|a| name(&mut a.value, Moment::Event(port)));
    }
    let input = |number| Variable { name: draw_name(number), dimension: Dimension::NONE };
    out.inputs.extend((0..moments.len()).map(input));
    (Cow::Owned(out), moments)
}

/// Makes `random(x)` in `expr` the product of `x` and a draw.
fn replace(expr: &mut Expr, moments: &mut Vec<Moment>, moment: Moment) {
    match expr {
        Expr::Number(_) | Expr::Name(_) => {}
        Expr::Call(function, a) => {
            replace(a, moments, moment);
            if *function == Function::Random {
                let range = std::mem::replace(&mut **a, Expr::Number(0.0));
                let draw = Expr::Name(draw_name(moments.len()));
                moments.push(moment);
                *expr = Expr::binary(BinaryOp::Mul, range, draw);
            }
        }
        Expr::Negate(a) | Expr::Not(a) => replace(a, moments, moment),
        Expr::Binary(_, a, b) | Expr::Compare(_, a, b) | Expr::And(a, b) | Expr::Or(a, b) => {
            replace(a, moments, moment);
            replace(b, moments, moment);
        }
        Expr::Select(c, a, b) => {
            replace(c, moments, moment);
            replace(a, moments, moment);
            replace(b, moments, moment);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::{Assignment, OnCondition};
    use crate::expr::parse;

    #[test]
    fn each_call_becomes_a_draw_of_its_moment() {
        let assign = |text: &str| vec![Assignment { state: 0, value: parse(text).unwrap() }];
        let dynamics = Dynamics {
            states: vec![Variable { name: "x".into(), dimension: Dimension::NONE }],
            on_start: assign("random(2) + random(3 * random(1))"),
            conditions: vec![
                OnCondition { test: parse("x < 1").unwrap(), assignments: assign("0"), sends: vec![] },
                OnCondition {
                    test: parse("random(1) < 0.5").unwrap(),
                    assignments: assign("x - random(4)"),
                    sends: vec![],
                },
            ],
            ..Dynamics::default()
        };
        let (drawn, moments) = with_draws(&dynamics);
        use Moment::{Condition, Start, Step};
        assert_eq!(moments, [Start, Start, Start, Step, Condition(1)]);
        assert_eq!(drawn.inputs.len(), 5);
        assert_eq!(draw_number(&drawn.inputs[4].name), Some(4));
        assert!(!drawn.expressions().any(Expr::calls_random));
        let plain = Dynamics { on_start: assign("2"), ..Dynamics::default() };
        assert!(matches!(with_draws(&plain), (Cow::Borrowed(_), moments) if moments.is_empty()));
    }
}
