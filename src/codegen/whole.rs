//! A cell without a shape and all that is attached to it as one system of equations, for targets in which a neuron is one
//! model.

use std::collections::BTreeMap;

use super::part::{add, in_order, part, sum_up};
use crate::dynamics::{Derived, Dynamics, Variable};
use crate::engine::{given, sums};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::Expr;
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
        let part = hosted(&mut out, own, name, dynamics)?;
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
        sum_up(&mut out, &mut first, sum.input, terms);
    }
    first.append(&mut out.derived);
    out.derived = in_order(first);
    Ok(out)
}

/// `dynamics` as the part `name` of the whole `out`, reading what its host shows. Outside events the weight of what belongs to
/// the cell is 1.
fn hosted(out: &mut Dynamics, host: &Dynamics, name: &str, dynamics: &Dynamics) -> Result<Dynamics> {
    let mut read: BTreeMap<&str, Expr> = BTreeMap::new();
    for input in &dynamics.inputs {
        let value = match input.name.as_str() {
            "weight" => Expr::Number(1.0),
            known @ ("t" | "temperature") => Expr::name(known),
            other => host.exposed(other).map(Expr::name).ok_or_else(|| {
                let message = format!("'{name}' reads '{other}', which '{}' does not show", host.name);
                Error::new(ErrorKind::Unsupported, message)
            })?,
        };
        let is_free = matches!(input.name.as_str(), "t" | "temperature" | "weight");
        if is_free && !out.inputs.contains(input) {
            out.inputs.push(input.clone());
        }
        read.insert(&input.name, value);
    }
    Ok(part(dynamics, name, &|input| read.get(input).cloned().unwrap_or_else(|| Expr::name(input))))
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
