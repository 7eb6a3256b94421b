//! Networks and simulations: what there is, how much of it, what is kept of a run.

use std::collections::BTreeMap;

use super::formula::{number, quantity};
use crate::lems::{Component, Set};
use crate::units::Dimension;

/// How many cells a population has.
fn size(population: &Component) -> usize {
    let listed = population.in_slot("instances").count();
    let written = population.parameter("size").or_else(|| population.text("size")?.parse().ok());
    if listed > 0 { listed } else { written.map_or(0, |size| size as usize) }
}

/// A heading and rows of columns.
pub(super) struct Block {
    /// What the rows are.
    pub(super) heading: String,
    /// The rows.
    pub(super) rows: Vec<Vec<String>>,
}

fn name(component: &Component) -> String {
    component.id.clone().unwrap_or_else(|| component.component_type.clone())
}

fn named<'a>(component: &'a Component, name: &str) -> &'a str {
    component.reference(name).or_else(|| component.text(name)).unwrap_or("?")
}

/// `3 cells`, `1 cell`.
pub(super) fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// What a network is made of.
pub(super) fn network(network: &Component, set: &Set) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut block = |heading: String, rows: Vec<Vec<String>>| {
        if !rows.is_empty() {
            blocks.push(Block { heading, rows });
        }
    };
    let populations: Vec<&Component> = network.in_slot("populations").collect();
    let cells: usize = populations.iter().map(|p| size(p)).sum();
    let rows = populations.iter().map(|p| {
        let component = named(p, "component");
        let of = set.component(component).map_or("", |c| c.component_type.as_str());
        vec![name(p), count(size(p), "cell"), format!("{component} ({of})")]
    });
    block(
        format!("{} with {}", count(populations.len(), "population"), count(cells, "cell")),
        rows.collect(),
    );

    let mut connections = 0;
    let mut rows = Vec::new();
    for projection in &network.children {
        let is = |base: &str| set.is_a(&projection.component_type, base);
        if !is("projection") && !is("electricalProjection") && !is("continuousProjection") {
            continue;
        }
        connections += projection.children.len();
        let ends = format!(
            "{} → {}",
            named(projection, "presynapticPopulation"),
            named(projection, "postsynapticPopulation")
        );
        rows.push(vec![
            name(projection),
            ends,
            count(projection.children.len(), "connection"),
            through(projection),
            spread(projection),
        ]);
    }
    block(format!("{} with {}", count(rows.len(), "projection"), count(connections, "connection")), rows);

    let single = network.children.iter().filter(|c| set.is_a(&c.component_type, "explicitConnection"));
    let mut alike: BTreeMap<String, usize> = BTreeMap::new();
    for connection in single {
        let pop = |path: &str| {
            path.split(['[', '/']).find(|p| !p.is_empty() && *p != "..").unwrap_or("?").to_string()
        };
        let ends = format!("{} → {}", pop(named(connection, "from")), pop(named(connection, "to")));
        *alike.entry(format!("{ends}\t{}", named(connection, "synapse"))).or_default() += 1;
    }
    let rows: Vec<Vec<String>> = alike
        .iter()
        .map(|(key, n)| {
            let (ends, synapse) = key.split_once('\t').unwrap_or((key, ""));
            vec![ends.to_string(), count(*n, "connection"), synapse.to_string()]
        })
        .collect();
    block("single connections".to_string(), rows);

    let mut rows: Vec<Vec<String>> = Vec::new();
    for input in &network.children {
        if set.is_a(&input.component_type, "inputList") {
            let n = input.children.len();
            rows.push(vec![
                name(input),
                format!("{} into {}", count(n, "input"), named(input, "population")),
                named(input, "component").to_string(),
            ]);
        } else if set.is_a(&input.component_type, "explicitInput") {
            let into = format!("into {}", named(input, "target"));
            rows.push(vec!["single input".to_string(), into, named(input, "input").to_string()]);
        }
    }
    let hidden = rows.len().saturating_sub(30);
    rows.truncate(30);
    if hidden > 0 {
        rows.push(vec![format!("and {hidden} more")]);
    }
    block("inputs".to_string(), rows);
    blocks
}

/// The synapses of a projection.
fn through(projection: &Component) -> String {
    if let Some(synapse) = projection.reference("synapse") {
        return synapse.to_string();
    }
    let mut found: Vec<&str> = Vec::new();
    for connection in &projection.children {
        for slot in ["synapse", "preComponent", "postComponent"] {
            if let Some(id) = connection.reference(slot).filter(|id| !found.contains(id)) {
                found.push(id);
            }
        }
        if found.len() > 4 {
            break;
        }
    }
    found.join(", ")
}

/// Weights and delays of connections, from the least to the greatest.
fn spread(projection: &Component) -> String {
    let range = |name: &str, dimension: Dimension| {
        let values = projection.children.iter().filter_map(|c| c.parameter(name));
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
        let text = |x| quantity(x, dimension);
        match low.partial_cmp(&high)? {
            std::cmp::Ordering::Less => Some(format!("{name} {} to {}", text(low), text(high))),
            std::cmp::Ordering::Equal => Some(format!("{name} {}", text(low))),
            std::cmp::Ordering::Greater => None,
        }
    };
    let found = [range("weight", Dimension::NONE), range("delay", Dimension::TIME)];
    found.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What a simulation runs and keeps.
pub(super) fn simulation(simulation: &Component) -> Vec<Block> {
    let value = |name: &str| simulation.parameter(name).unwrap_or(f64::NAN);
    let (length, step) = (value("length"), value("step"));
    let mut rows = vec![
        vec!["runs".to_string(), named(simulation, "target").to_string()],
        vec![
            "for".to_string(),
            format!(
                "{} in steps of {}, {} steps",
                quantity(length, Dimension::TIME),
                quantity(step, Dimension::TIME),
                number((length / step).round())
            ),
        ],
    ];
    if let Some(seed) = simulation.text("seed") {
        rows.push(vec!["seed".to_string(), seed.to_string()]);
    }
    let mut blocks = vec![Block { heading: String::new(), rows }];
    for file in simulation.in_slot("outputs") {
        let rows = file.children.iter().map(|c| vec![name(c), named(c, "quantity").to_string()]);
        blocks.push(listed(format!("writes {}", named(file, "fileName")), rows.collect()));
    }
    for file in simulation.in_slot("events") {
        let rows = file.children.iter().map(|c| vec![name(c), named(c, "select").to_string()]);
        blocks.push(listed(format!("writes events to {}", named(file, "fileName")), rows.collect()));
    }
    for display in simulation.in_slot("displays") {
        let title = display.text("title").unwrap_or_default();
        let rows = display.children.iter().map(|c| vec![name(c), named(c, "quantity").to_string()]);
        blocks.push(listed(format!("plots \"{title}\""), rows.collect()));
    }
    blocks
}

/// A block of not too many rows.
fn listed(heading: String, mut rows: Vec<Vec<String>>) -> Block {
    const SHOWN: usize = 12;
    let hidden = rows.len().saturating_sub(SHOWN);
    rows.truncate(SHOWN);
    if hidden > 0 {
        rows.push(vec![format!("and {hidden} more")]);
    }
    Block { heading, rows }
}
