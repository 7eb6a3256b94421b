//! A cell without a shape and all that is attached to it as one system of equations, for targets in which a neuron is one
//! model.

use std::collections::BTreeMap;

use crate::dynamics::{Assignment, Derived, Dynamics, OnCondition, OnEvent, Variable};
use crate::engine::{given, sums};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{BinaryOp, Expr};
use crate::model::PointCell;
use crate::units::Dimension;

/// The input of injected current of a [`whole`] cell, A.
pub(crate) const INJECTED: &str = "I_stim";

/// What is attached to a cell: the name it goes by, and its equations.
pub(crate) type Attached<'a> = (&'a str, &'a Dynamics);

/// `cell` with its own synapses and what is `attached` beside them; with `injected`, a current [`INJECTED`] goes into it.
///
/// Everything of an attached NAME is called `NAME/x`, its ports too. Conditions of the cell come first.
///
/// # Errors
/// If something attached reads what the cell does not show, or has no place on it.
pub(crate) fn whole(cell: &PointCell, attached: &[Attached<'_>], injected: bool) -> Result<Dynamics> {
    let own = &*cell.dynamics;
    let sums = sums(own);
    let mut terms: Vec<Vec<Expr>> = vec![Vec::new(); sums.len()];
    let mut out = own.clone();
    let mut first: Vec<Derived> = Vec::new();
    let all = cell.synapses.iter().map(|s| (s.name.as_str(), &*s.dynamics)).chain(attached.iter().copied());
    for (name, dynamics) in all {
        for (exposure, array) in given(own, dynamics, None)? {
            let at = sums.iter().position(|sum| sum.array == array);
            let variable = dynamics.exposed(&exposure);
            if let (Some(at), Some(variable)) = (at, variable) {
                terms[at].push(Expr::name(format!("{name}/{variable}")));
            }
        }
        let part = renamed(own, name, dynamics)?;
        add(&mut out, &mut first, part);
    }
    if injected {
        let current = sums.iter().position(|sum| sum.array.is_none());
        let at = current.ok_or_else(|| {
            Error::new(ErrorKind::Unsupported, format!("no current can be injected into '{}'", own.name))
        })?;
        terms[at].push(Expr::name(INJECTED));
        out.inputs.push(Variable { name: INJECTED.into(), dimension: Dimension::CURRENT });
    }
    for (sum, terms) in sums.iter().zip(terms) {
        let value = terms.into_iter().reduce(|a, b| Expr::binary(BinaryOp::Add, a, b));
        let at = out.inputs.iter().position(|input| input.name == sum.input);
        let dimension = at.map_or(Dimension::NONE, |at| out.inputs.remove(at).dimension);
        first.push(Derived { name: sum.input.into(), dimension, value: value.unwrap_or(Expr::Number(0.0)) });
    }
    first.append(&mut out.derived);
    out.derived = in_order(first);
    Ok(out)
}

/// `dynamics` as part of the whole: its names begin with `name`, what it reads from its host is the host's.
fn renamed(host: &Dynamics, name: &str, dynamics: &Dynamics) -> Result<Dynamics> {
    let mut read: BTreeMap<&str, String> = BTreeMap::new();
    for input in &dynamics.inputs {
        let variable = match input.name.as_str() {
            known @ ("t" | "temperature" | "weight") => known.to_string(),
            other => host.exposed(other).map(str::to_string).ok_or_else(|| {
                let message = format!("'{name}' reads '{other}', which '{}' does not show", host.name);
                Error::new(ErrorKind::Unsupported, message)
            })?,
        };
        read.insert(&input.name, variable);
    }
    let path = |inner: &str| read.get(inner).cloned().unwrap_or_else(|| format!("{name}/{inner}"));
    let expr = |e: &Expr| e.map_names(&|inner| Expr::name(path(inner)));
    // Outside events the weight of what belongs to the cell is 1.
    let timeless = |e: &Expr| {
        e.map_names(&|inner| if inner == "weight" { Expr::Number(1.0) } else { Expr::name(path(inner)) })
    };
    let assignments = |list: &[Assignment], expr: &dyn Fn(&Expr) -> Expr| -> Vec<Assignment> {
        list.iter().map(|a| Assignment { state: a.state, value: expr(&a.value) }).collect()
    };
    let mut out = dynamics.clone();
    out.parameters.iter_mut().for_each(|p| p.name = path(&p.name));
    out.states.iter_mut().for_each(|s| s.name = path(&s.name));
    for derived in &mut out.derived {
        derived.name = path(&derived.name);
        derived.value = timeless(&derived.value);
    }
    out.derivatives.iter_mut().for_each(|(_, value)| *value = timeless(value));
    out.on_start = assignments(&dynamics.on_start, &timeless);
    out.conditions = dynamics
        .conditions
        .iter()
        .map(|c| OnCondition {
            test: timeless(&c.test),
            assignments: assignments(&c.assignments, &timeless),
            sends: Vec::new(),
        })
        .collect();
    out.events = dynamics
        .events
        .iter()
        .map(|e| OnEvent {
            port: format!("{name}/{}", e.port),
            test: e.test.as_ref().map(expr),
            assignments: assignments(&e.assignments, &expr),
            sends: Vec::new(),
        })
        .collect();
    out.exposures.iter_mut().for_each(|(exposed, variable)| {
        *exposed = format!("{name}/{exposed}");
        *variable = path(variable);
    });
    out.inputs.retain(|input| matches!(input.name.as_str(), "t" | "temperature" | "weight"));
    Ok(out)
}

/// Adds `part` to `out`, its derived variables to `derived`.
fn add(out: &mut Dynamics, derived: &mut Vec<Derived>, part: Dynamics) {
    let shift = out.states.len();
    let moved = |mut list: Vec<Assignment>| {
        list.iter_mut().for_each(|a| a.state += shift);
        list
    };
    out.parameters.extend(part.parameters);
    for input in part.inputs {
        if !out.inputs.contains(&input) {
            out.inputs.push(input);
        }
    }
    out.states.extend(part.states);
    derived.extend(part.derived);
    out.derivatives.extend(part.derivatives.into_iter().map(|(state, value)| (state + shift, value)));
    out.on_start.extend(moved(part.on_start));
    out.conditions
        .extend(part.conditions.into_iter().map(|c| OnCondition { assignments: moved(c.assignments), ..c }));
    out.events.extend(part.events.into_iter().map(|e| OnEvent { assignments: moved(e.assignments), ..e }));
    out.exposures.extend(part.exposures);
    out.kinetic_schemes.extend(
        part.kinetic_schemes.into_iter().map(|scheme| scheme.into_iter().map(|s| s + shift).collect()),
    );
}

/// Each derived variable after those that it reads, otherwise as they are.
fn in_order(mut waiting: Vec<Derived>) -> Vec<Derived> {
    let mut out: Vec<Derived> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let names: Vec<String> = waiting.iter().map(|d| d.name.clone()).collect();
        let (mut ready, mut later) = (Vec::new(), Vec::new());
        for derived in waiting {
            let mut waits = false;
            derived.value.visit_names(&mut |name| waits |= names.iter().any(|n| n == name));
            if waits { later.push(derived) } else { ready.push(derived) }
        }
        // A circle: LEMS has refused it before.
        if ready.is_empty() {
            out.append(&mut later);
        }
        out.append(&mut ready);
        waiting = later;
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::Placed;
    use crate::select::{Points, Region};

    #[test]
    fn a_cell_with_a_synapse_is_one_system() {
        let set = crate::library::set().unwrap();
        let cell = Arc::new(set.flatten(set.component("lif").unwrap()).unwrap());
        let mut synapse = Placed::synapse("exp_syn", Points::At(Region::All, 0.5)).unwrap();
        synapse.name = "fast".into();
        let cell = PointCell { dynamics: cell, source: None, synapses: vec![synapse] };
        let whole = whole(&cell, &[], true).unwrap();
        let names: Vec<&str> = whole.states.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["v", "lastSpikeTime", "regime", "fast/g"]);
        let sum = whole.derived.iter().find(|d| d.name == "synapses[*]/i").unwrap();
        assert_eq!(sum.value.to_string(), "{fast/i} + I_stim");
        assert_eq!(whole.in_ports(), ["fast/in"]);
        assert!(
            whole.derivatives.iter().any(|(state, value)| *state == 3 && value.to_string().contains("fast"))
        );
    }
}
