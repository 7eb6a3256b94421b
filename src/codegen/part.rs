//! Things on a cell as parts of its equations: their names begin with that of the part.

use std::collections::BTreeSet;

use crate::dynamics::{Assignment, Derived, Dynamics, OnCondition, OnEvent};
use crate::expr::{BinaryOp, Expr};

/// `dynamics` as the part `name`: what is its own is called `NAME/x`, its ports too; what it reads is what `read` gives for
/// the input, but in events the weight is that of the event. It has no inputs, and what it sends goes nowhere.
pub(crate) fn part(dynamics: &Dynamics, name: &str, read: &dyn Fn(&str) -> Expr) -> Dynamics {
    let path = |inner: &str| format!("{name}/{inner}");
    let is_input = |inner: &str| dynamics.inputs.iter().any(|input| input.name == inner);
    let named = |inner: &str| if is_input(inner) { read(inner) } else { Expr::name(path(inner)) };
    let by = |e: &Expr| e.map_names(&named);
    let in_event =
        |e: &Expr| e.map_names(&|inner| if inner == "weight" { Expr::name("weight") } else { named(inner) });
    let assignments = |list: &[Assignment], by: &dyn Fn(&Expr) -> Expr| -> Vec<Assignment> {
        list.iter().map(|a| Assignment { state: a.state, value: by(&a.value) }).collect()
    };
    let mut out = dynamics.clone();
    out.inputs.clear();
    out.parameters.iter_mut().for_each(|p| p.name = path(&p.name));
    out.states.iter_mut().for_each(|s| s.name = path(&s.name));
    for derived in &mut out.derived {
        derived.name = path(&derived.name);
        derived.value = by(&derived.value);
    }
    out.derivatives.iter_mut().for_each(|(_, value)| *value = by(value));
    out.on_start = assignments(&dynamics.on_start, &by);
    let condition = |c: &OnCondition| OnCondition {
        test: by(&c.test),
        assignments: assignments(&c.assignments, &by),
        sends: Vec::new(),
    };
    out.conditions = dynamics.conditions.iter().map(condition).collect();
    let event = |e: &OnEvent| OnEvent {
        port: path(&e.port),
        test: e.test.as_ref().map(in_event),
        assignments: assignments(&e.assignments, &in_event),
        sends: Vec::new(),
    };
    out.events = dynamics.events.iter().map(event).collect();
    out.exposures.iter_mut().for_each(|(exposed, variable)| {
        *exposed = path(exposed);
        *variable = path(variable);
    });
    out
}

/// Adds `part` to `out`, its derived variables to `derived`.
pub(crate) fn add(out: &mut Dynamics, derived: &mut Vec<Derived>, part: Dynamics) {
    let shift = out.states.len();
    let moved = |mut list: Vec<Assignment>| {
        list.iter_mut().for_each(|a| a.state += shift);
        list
    };
    out.parameters.extend(part.parameters);
    out.states.extend(part.states);
    derived.extend(part.derived);
    out.derivatives.extend(part.derivatives.into_iter().map(|(state, value)| (state + shift, value)));
    out.on_start.extend(moved(part.on_start));
    out.conditions
        .extend(part.conditions.into_iter().map(|c| OnCondition { assignments: moved(c.assignments), ..c }));
    out.events.extend(part.events.into_iter().map(|e| OnEvent { assignments: moved(e.assignments), ..e }));
    out.exposures.extend(part.exposures);
    let schemes = part.kinetic_schemes.into_iter();
    out.kinetic_schemes.extend(schemes.map(|scheme| scheme.into_iter().map(|s| s + shift).collect()));
}

/// The input of `out` that sums something up over its parts becomes the sum of `terms`.
pub(crate) fn sum_up(out: &mut Dynamics, derived: &mut Vec<Derived>, input: &str, terms: Vec<Expr>) {
    let Some(at) = out.inputs.iter().position(|i| i.name == input) else { return };
    let input = out.inputs.remove(at);
    let value = sum(terms).unwrap_or(Expr::Number(0.0));
    derived.push(Derived { name: input.name, dimension: input.dimension, value });
}

/// The sum of several.
pub(crate) fn sum(terms: impl IntoIterator<Item = Expr>) -> Option<Expr> {
    terms.into_iter().reduce(|a, b| Expr::binary(BinaryOp::Add, a, b))
}

/// Each derived variable after those that it reads, otherwise as they are.
pub(crate) fn in_order(mut waiting: Vec<Derived>) -> Vec<Derived> {
    let mut out = Vec::with_capacity(waiting.len());
    let mut names: BTreeSet<String> = waiting.iter().map(|d| d.name.clone()).collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut later = Vec::new();
        for derived in waiting {
            let mut waits = false;
            derived.value.visit_names(&mut |name| waits |= names.contains(name));
            if waits {
                later.push(derived);
            } else {
                names.remove(&derived.name);
                out.push(derived);
            }
        }
        if later.len() == before {
            // A ring, which LEMS has refused before.
            out.append(&mut later);
        }
        waiting = later;
    }
    out
}
