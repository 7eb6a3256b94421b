//! `[[projection]]`: cells connected to cells by a rule.

use std::sync::Arc;

use super::cell::ReadCell;
use super::cells::Selections;
use super::components::Components;
use super::connect::{spiking, synapse_index};
use super::connector::ListedParameter;
use super::node::{Node, Table};
use super::population::ReadPopulation;
use super::receptor::{dynamics, own_port, port_called, strength, wanted_sign};
use super::{connector, drawn, junction, plasticity, pynn, space, values};
use crate::error::ErrorKind;
use crate::model::{
    CellSet, Cells, Connector, Contacts, Junction, Placed, PopulationCell, Projection, Receptor, Run,
    SelfConnections, Sender, Space, Value,
};
use crate::units::Dimension;

/// All `[[projection]]` of the file. What they place on cells themselves goes to the populations.
pub(super) fn read_all(
    root: &Table<'_>,
    cells: &[ReadCell],
    populations: &mut [ReadPopulation],
    selections: &Selections,
    components: &Components,
    run: Option<Run>,
) -> Option<Vec<Projection>> {
    let mut projections: Vec<Projection> = Vec::new();
    let mut sound = true;
    if let Some(node) = root.get("projection") {
        for item in node.list()? {
            let with = (selections, components, run);
            let Some(projection) = read(&item, cells, populations, with, &projections) else {
                sound = false;
                continue;
            };
            if projections.iter().any(|p| p.name == projection.name) {
                let message = format!("two projections are called `{}`", projection.name);
                item.wrong(ErrorKind::Name, message, "give them different names with `name`");
                sound = false;
            }
            item.source.named(format!("projection '{}'", projection.name), item.place());
            projections.push(projection);
        }
    }
    sound.then_some(projections)
}

fn read(
    node: &Node<'_>,
    cells: &[ReadCell],
    populations: &mut [ReadPopulation],
    (selections, components, run): (&Selections, &Components, Option<Run>),
    before: &[Projection],
) -> Option<Projection> {
    let table = node.table()?;
    let ends = |key: &str| table.need(key, "\"exc\"").and_then(|n| selections.cells(&n).map(|c| (n, c)));
    let (from, to) = (ends("from"), ends("to"));
    let name = table.get("name").map(|n| n.text());
    let synapse = table.get("synapse");
    let at = table.get("at");
    let contacts = table.get("points");
    let connector = table.need("connector", "{ fixed_probability = 0.1 }");
    let weight = table.get("weight");
    let delay = table.get("delay");
    let plasticity = table.get("plasticity");
    let junction = table.get("junction");
    let from_at = table.get("from_at");
    let self_connections = match table.get("self_connections") {
        Some(node) => self_connections(&node),
        None => Some(SelfConnections::Allowed),
    };
    let space = match table.get("space") {
        Some(node) => space::space(&node),
        None => Some(Space::default()),
    };
    table.finish();
    let ((from_node, source), (to_node, target)) = (from?, to?);
    let name = match name {
        Some(name) => name?.to_string(),
        None => free_name(&from_node, &to_node, junction.as_ref().or(synapse.as_ref()), before),
    };
    let size = |cells: &Cells| {
        let of = |(p, set): &(usize, CellSet)| set.indices(populations[*p].population.size).len();
        cells.parts.iter().map(of).sum::<usize>()
    };
    let sizes = (size(&source), size(&target));
    // What spikes and junctions have in common; the rest follows.
    let mut projection = Projection {
        name,
        receptors: Vec::new(),
        source,
        sender: Sender::Cell,
        target,
        contacts: Contacts::All,
        connector: Connector::AllToAll,
        self_connections: self_connections?,
        space: space?,
        weight: Value::Constant(1.0),
        delay_s: Value::Constant(0.0),
        rule: None,
        recordings: Vec::new(),
        sign: None,
        contacts_file: None,
        junction: None,
    };
    if let Some(junction) = junction {
        if let Some(node) = [&synapse, &contacts, &delay, &plasticity].into_iter().flatten().next() {
            node.wrong(ErrorKind::Syntax, "a junction carries no spikes", "leave this out, or `junction`");
            return None;
        }
        let dynamics = junction::dynamics(&table, &junction, components)?;
        let units = junction::units(&dynamics);
        let connector = connector?;
        let (delays, listed) =
            connect(&mut projection, &connector, weight.as_ref(), (sizes, &units), before)?;
        if delays.is_some() || !listed.is_empty() {
            connector.wrong(
                ErrorKind::Syntax,
                "the list says more than the weights of a junction",
                "a junction carries no spikes: it has no delays and no rule",
            );
            return None;
        }
        projection.receptors = vec![Receptor { synapse: None, port: 0 }; projection.target.parts.len()];
        projection.junction = Some(Junction {
            dynamics: Arc::new(dynamics),
            source_at: junction::end(
                from_at.as_ref(),
                &from_node,
                &projection.source,
                populations,
                "from_at",
            )?,
            target_at: junction::end(at.as_ref(), &to_node, &projection.target, populations, "at")?,
        });
        return Some(projection);
    }
    if let Some(node) = from_at {
        node.wrong(
            ErrorKind::Syntax,
            "`from_at` without `junction`",
            "where a cell spikes, it says itself: `spike`",
        );
        return None;
    }
    for (population, _) in &projection.source.parts {
        spiking(&from_node, *population, cells, populations);
    }
    let placed_for = (at.as_ref(), projection.name.as_str());
    let receptors =
        receptors(&to_node, synapse.as_ref(), placed_for, &projection.target, cells, populations)?;
    let units = strength(&receptors, &projection.target, populations);
    let connector_node = connector;
    let (listed_delays, listed) =
        connect(&mut projection, connector_node.as_ref()?, weight.as_ref(), (sizes, &units), before)?;
    if let Some(node) = contacts {
        projection.contacts = points(&node)?;
    }
    projection.sign = wanted_sign(&receptors, &projection.target, populations);
    // Weights may stand in the list of connections too.
    if let Some(node) = weight.as_ref().or(connector_node.as_ref()) {
        pynn::check_sign(node, &projection.weight, projection.sign)?;
    }
    projection.delay_s = match (delay, listed_delays) {
        (Some(node), Some(_)) => {
            node.wrong(ErrorKind::Syntax, "the list of connections has delays already", "leave `delay` out");
            return None;
        }
        (Some(node), None) => {
            // The longest of those that hear it.
            let steps = projection.target.parts.iter().map(|(p, _)| populations[*p].step_s(run));
            self::delay(&node, steps.fold(0.0, f64::max))?
        }
        (None, Some(listed)) => listed,
        (None, None) => {
            table.need("delay", "\"1 ms\"");
            return None;
        }
    };
    if let Some(node) = plasticity {
        let of_target = receptors.first().zip(projection.target.parts.first());
        let receptor = of_target.and_then(|(receptor, part)| dynamics(receptor, &populations[part.0]));
        let rule = plasticity::read(&node, components, &units, receptor, &listed)?;
        if rule.dynamics.in_ports().contains(&"post") {
            for (population, _) in &projection.target.parts {
                spiking(&to_node, *population, cells, populations);
            }
        }
        projection.rule = Some(rule);
    } else if let (Some(column), Some(node)) = (listed.first(), connector_node) {
        let message = format!("the column `{}` is no weight and no delay", column.name);
        node.wrong(ErrorKind::Name, message, "parameters of connections need `plasticity = { rule = … }`");
        return None;
    }
    projection.receptors = receptors;
    Some(projection)
}

/// Reads who is connected and how strongly; gives the delays and the parameters that are in the list of connections.
fn connect(
    projection: &mut Projection,
    connector: &Node<'_>,
    weight: Option<&Node<'_>>,
    (sizes, units): ((usize, usize), drawn::Units<'_>),
    before: &[Projection],
) -> Option<(Option<Value>, Vec<ListedParameter>)> {
    let read = connector::read(connector, sizes, units, before)?;
    projection.connector = read.connector;
    match (weight, read.weight) {
        (Some(node), Some(_)) => {
            node.wrong(
                ErrorKind::Syntax,
                "the list of connections has weights already",
                "leave `weight` out",
            );
            return None;
        }
        (Some(node), None) => projection.weight = drawn::value(node, units)?,
        (None, Some(listed)) => projection.weight = listed,
        (None, None) => {}
    }
    Some((read.delay_s, read.parameters))
}

/// A delay of at least one time step of the cells that it leads to, as far as it is known beforehand.
fn delay(node: &Node<'_>, dt_s: f64) -> Option<Value> {
    let value = drawn::value(node, &[(Dimension::TIME, 1.0)])?;
    if let Value::Constant(delay) = value
        && delay < dt_s * (1.0 - 1e-9)
    {
        let message = format!("the delay is shorter than the time step of {} ms", dt_s * 1e3);
        node.wrong(ErrorKind::Value, message, "lengthen the delay or shorten the step");
        return None;
    }
    Some(value)
}

/// `exc to inh, AMPA`, with a number if that is taken.
fn free_name(from: &Node<'_>, to: &Node<'_>, synapse: Option<&Node<'_>>, before: &[Projection]) -> String {
    let text = |node: &Node<'_>| {
        let items = node.one_or_more().unwrap_or_default();
        items.iter().filter_map(Node::as_text).collect::<Vec<_>>().join(" and ")
    };
    let mut name = format!("{} to {}", text(from), text(to));
    if let Some(synapse) = synapse.and_then(Node::as_text) {
        name = format!("{name}, {synapse}");
    }
    let mut free = name.clone();
    let mut number = 1;
    while before.iter().any(|p| p.name == free) {
        number += 1;
        free = format!("{name} ({number})");
    }
    free
}

fn self_connections(node: &Node<'_>) -> Option<SelfConnections> {
    match (node.as_bool(), node.as_text()) {
        (Some(true), _) => Some(SelfConnections::Allowed),
        (Some(false), _) => Some(SelfConnections::Forbidden),
        (None, Some("not_mutual")) => Some(SelfConnections::NotMutual),
        _ => {
            node.wrong(ErrorKind::Syntax, "not an answer", "true, false or \"not_mutual\"");
            None
        }
    }
}

/// `points = "all"`, `3`, `[0, 2]`, `{ random = 1 }` or `{ within = "apical_dendrites" }`.
fn points(node: &Node<'_>) -> Option<Contacts> {
    if node.as_text() == Some("all") {
        return Some(Contacts::All);
    }
    if node.is_table() {
        let table = node.table()?;
        let (random, within) = (table.get("random"), table.get("within"));
        table.finish();
        return match (random, within) {
            (Some(node), None) => {
                let count = node.count()?;
                Some(Contacts::Random(u32::try_from(count).unwrap_or(u32::MAX)))
            }
            (None, Some(node)) => values::region(&node, None).map(Contacts::Within),
            _ => {
                node.wrong(
                    ErrorKind::Syntax,
                    "not a choice of points",
                    "{ random = 1 } or { within = \"soma\" }",
                );
                None
            }
        };
    }
    let list: Option<Vec<u32>> = node
        .one_or_more()?
        .iter()
        .map(|item| item.count().map(|n| u32::try_from(n).unwrap_or(u32::MAX)))
        .collect();
    list.map(Contacts::Listed)
}

/// What receives in each of the target's populations.
fn receptors(
    to: &Node<'_>,
    synapse: Option<&Node<'_>>,
    (at, name): (Option<&Node<'_>>, &str),
    target: &Cells,
    cells: &[ReadCell],
    populations: &mut [ReadPopulation],
) -> Option<Vec<Receptor>> {
    let mut receptors = Vec::with_capacity(target.parts.len());
    for (population, _) in &target.parts {
        let its = &mut populations[*population];
        let Some(cell) = its.cell.map(|i| &cells[i]) else {
            let message = format!("`{}` is a source of spikes and has no synapses", its.population.name);
            to.wrong(ErrorKind::Value, message, "connect to a population of cells");
            return None;
        };
        let Some(synapse) = synapse else {
            receptors.push(own_port(to, &its.population.cell, &its.population.name)?);
            continue;
        };
        if let Some(port) = port_called(synapse, &its.population.cell) {
            receptors.push(Receptor { synapse: None, port });
            continue;
        }
        let index = synapse_index(synapse, cell)?;
        let number = match at {
            None => index,
            Some(at) => place(at, &mut its.population.cell, index, name)?,
        };
        receptors.push(Receptor { synapse: Some(number as u32), port: 0 });
    }
    Some(receptors)
}

/// Puts another set of synapse `index` on the cells, at the points that the projection names.
fn place(at: &Node<'_>, cell: &mut PopulationCell, index: usize, name: &str) -> Option<usize> {
    let PopulationCell::Cable(cable) = cell else {
        values::no_places(at, "`at`");
        return None;
    };
    let body = values::Body::new(&cable.morphology);
    let points = values::points(at, Some(&body))?;
    let cable = Arc::make_mut(cable);
    let like = &cable.synapses[index];
    let placed = Placed { name: format!("{} of {name}", like.name), points, ..like.clone() };
    cable.synapses.push(placed);
    Some(cable.synapses.len() - 1)
}
