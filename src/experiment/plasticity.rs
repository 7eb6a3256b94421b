//! `plasticity = { rule = "stdp_additive", … }`: what the connections of a projection do themselves.

use std::sync::Arc;

use super::components::Components;
use super::connector::ListedParameter;
use super::drawn;
use super::node::Node;
use crate::dynamics::Dynamics;
use crate::error::ErrorKind;
use crate::model::{ConnectionRule, Value};
use crate::units::{Dimension, Quantity};

/// Parameters that are weights, and may be written as weights are.
const WEIGHTS: [&str; 3] = ["w_min", "w_max", "eta"];

/// Release sites of a connection at most.
const MAX_SITES: u64 = 1000;

/// Reads the rule. `units` is what weights may be written in, `receptor` what receives the events, `listed` what the list of
/// connections says of its parameters.
pub(super) fn read(
    node: &Node<'_>,
    components: &Components,
    units: drawn::Units<'_>,
    receptor: Option<&Dynamics>,
    listed: &[ListedParameter],
) -> Option<ConnectionRule> {
    let table = node.table()?;
    let written = table.keys();
    let rule = table.need("rule", "\"stdp_additive\"")?;
    let name = rule.text()?;
    let fraction = match table.get("dendritic_delay_fraction") {
        Some(node) => {
            let fraction = node.number()?;
            if !(0.0..=1.0).contains(&fraction) {
                node.wrong(ErrorKind::Value, format!("{fraction} is no share of the delay"), "from 0 to 1");
                return None;
            }
            fraction
        }
        None => 1.0,
    };
    let sites = match table.get("sites") {
        Some(node) => match node.count()? {
            n @ 1..=MAX_SITES => n as u32,
            n => {
                node.wrong(ErrorKind::Value, format!("{n} release sites"), format!("from 1 to {MAX_SITES}"));
                return None;
            }
        },
        None => 1,
    };
    let weights: Vec<(&str, Node<'_>)> =
        WEIGHTS.iter().filter_map(|key| Some((*key, table.get(key)?))).collect();
    // Distributions and formulas are for each connection; all else is the component's.
    let drawn: Vec<(String, Node<'_>)> = table
        .keys()
        .into_iter()
        .filter_map(|key| table.peek(&key).map(|node| (key, node)))
        .filter(|(_, node)| node.is_table())
        .collect();
    drawn.iter().for_each(|(key, _)| drop(table.get(key)));
    let has_tau = table.peek("tau_syn").is_some();
    let mut instance = components.instance(&table, &rule, name, false)?;
    if !instance.dynamics.is_a("basePlasticConnection") {
        let message = format!("`{name}` is no rule for connections");
        rule.wrong(
            ErrorKind::Name,
            message,
            "`neuropil channels` lists them; own ones extend basePlasticConnection",
        );
        return None;
    }
    let mut parameters = Vec::new();
    for (key, node) in weights.into_iter().chain(drawn.iter().map(|(key, node)| (key.as_str(), node.clone())))
    {
        let Some(parameter) = instance.dynamics.parameters.iter_mut().find(|p| p.name == key) else {
            return unknown(&node, &instance.dynamics, key);
        };
        let own = [(parameter.dimension, 1.0)];
        let units = if WEIGHTS.contains(&key) { units } else { &own };
        match drawn::value(&node, units)? {
            Value::Constant(value) => parameter.value = value,
            value => parameters.push((key.to_string(), value)),
        }
    }
    for column in listed {
        let Some(parameter) = instance.dynamics.parameters.iter().find(|p| p.name == column.name) else {
            return unknown(node, &instance.dynamics, &column.name);
        };
        if parameters.iter().any(|(known, _)| *known == column.name) || written.contains(&column.name) {
            let message = format!("`{}` stands in the list of connections too", column.name);
            node.wrong(ErrorKind::Syntax, message, "leave it out here");
            return None;
        }
        parameters.push((column.name.clone(), values(node, column, parameter.dimension)?));
    }
    // The resources that a spike takes are active for as long as the receptor is.
    if let (false, Some(tau), Some(own)) = (
        has_tau,
        receptor.and_then(time_constant),
        instance.dynamics.parameters.iter_mut().find(|p| p.name == "tau_syn"),
    ) {
        own.value = tau;
    }
    Some(ConnectionRule {
        dynamics: Arc::new(instance.dynamics),
        source: Some(Arc::new(instance.source)),
        parameters,
        sites,
        dendritic_delay_fraction: fraction,
    })
}

fn unknown<T>(node: &Node<'_>, rule: &Dynamics, key: &str) -> Option<T> {
    let message = format!("a {} has no parameter `{key}`", rule.component_type);
    node.wrong(ErrorKind::Name, message, "see `neuropil channels NAME` for its parameters");
    None
}

/// The values of a listed parameter of `dimension`, SI.
fn values(node: &Node<'_>, column: &ListedParameter, dimension: Dimension) -> Option<Value> {
    let si = |quantity: &Quantity| match dimension {
        Dimension::TIME if column.in_pynn_units => Ok(quantity.si * 1e-3),
        dimension => quantity.expect(dimension),
    };
    let read: crate::Result<Vec<f64>> = column.values.iter().map(si).collect();
    let values = node.accept(read.map_err(|e| e.about(format_args!("the column `{}`", column.name))))?;
    Some(Value::Listed(values.into()))
}

/// The decay time of a receptor, s.
fn time_constant(receptor: &Dynamics) -> Option<f64> {
    let named = |name: &str| receptor.parameters.iter().find(|p| p.name == name);
    let parameter = named("tauDecay").or_else(|| named("tau_syn"))?;
    // PyNN's own types count in ms.
    Some(if parameter.dimension == Dimension::TIME { parameter.value } else { parameter.value * 1e-3 })
}
