//! `[cell.NAME]`: cells with and without a shape.

use std::sync::Arc;

use super::components::Components;
use super::membrane::{self, Site};
use super::node::{Node, Table};
use super::pynn;
use super::shape;
use super::values::{self, Body};
use crate::error::ErrorKind;
use crate::lems::Component;
use crate::model::{CableCell, Discretisation, Placed, PointCell, PopulationCell, Rule};
use crate::select::{Points, Region};
use crate::units::Dimension;

/// A cell as it stands in the file, before a population takes it.
#[derive(Debug)]
pub(super) struct ReadCell {
    pub name: String,
    pub cell: PopulationCell,
    /// Whether the cell itself says its potential at the start.
    pub has_initial_v: bool,
    /// What a point neuron was made from.
    pub component: Option<Component>,
    /// What its pools and synapses were made from, by name.
    pub parts: Vec<(String, Component)>,
    /// Where and at what voltage it spikes.
    pub spike: Option<(Option<Points>, f64)>,
}

impl ReadCell {
    /// Its receptors and synapses.
    pub(super) fn synapses(&self) -> &[Placed] {
        match &self.cell {
            PopulationCell::Cable(cell) => &cell.synapses,
            PopulationCell::Point(cell) => &cell.synapses,
            PopulationCell::SpikeTimes(_) => &[],
        }
    }
}

/// Reads one `[cell.NAME]`.
pub(super) fn read(name: &str, node: &Node<'_>, components: &Components) -> Option<ReadCell> {
    let table = node.table()?;
    match table.get("neuron") {
        Some(neuron) => point(name, &table, &neuron, components),
        None => cable(name, &table, components),
    }
}

fn point(name: &str, table: &Table<'_>, neuron: &Node<'_>, components: &Components) -> Option<ReadCell> {
    let synapses = membrane::synapses(table.get("synapses").as_ref(), components, Site::Point);
    // Everything else is a parameter of the neuron.
    let made = components.instance(table, neuron, neuron.text()?, false)?;
    let (mut synapses, parts) = synapses?;
    let own = pynn::receptors(neuron, &made, components)?;
    // Receptors of the file's own under these names stand for the cell's.
    synapses.splice(
        0..0,
        own.into_iter().filter(|o| !synapses.iter().any(|s| s.name == o.name)).collect::<Vec<_>>(),
    );
    let mut dynamics = made.dynamics;
    dynamics.name = name.to_string();
    table.source().note(format!("cell {name}: a point neuron, {}", dynamics.component_type));
    let cell = PointCell { dynamics: Arc::new(dynamics), source: Some(Arc::new(made.source)), synapses };
    Some(ReadCell {
        name: name.to_string(),
        cell: PopulationCell::Point(Arc::new(cell)),
        has_initial_v: true,
        component: Some(made.component),
        parts,
        spike: Some((None, 0.0)),
    })
}

fn cable(name: &str, table: &Table<'_>, components: &Components) -> Option<ReadCell> {
    let morphology = table.need("morphology", "\"cell.swc\"").and_then(|n| shape::morphology(&n, name));
    let body = morphology.as_ref().map(Body::new);
    let body = body.as_ref();
    let field = |key: &str, dimension: Dimension, example: &str| {
        let node = table.need(key, example)?;
        let field = values::field(&node, dimension, body)?;
        field.as_constant().inspect(|si| values::doubt(&node, *si, dimension));
        Some(field)
    };
    let capacitance = field("capacitance", Dimension::SPECIFIC_CAPACITANCE, "\"1 uF/cm2\"");
    let resistivity = field("axial_resistivity", Dimension::RESISTIVITY, "\"150 ohm cm\"");
    let initial_v = table.get("initial_v").map(|n| values::field(&n, Dimension::VOLTAGE, body));
    let discretisation = match table.get("discretisation") {
        Some(node) => discretisation(&node, body),
        None => {
            table.source().defaulted(format!("cell.{name}.discretisation"), D_LAMBDA.to_string());
            Some(Discretisation { rules: vec![(Region::All, D_LAMBDA)] })
        }
    };
    let densities = membrane::channels(table.get("channels").as_ref(), components, body);
    let pools = membrane::pools(table.get("ions").as_ref(), components, body);
    let synapses = membrane::synapses(table.get("synapses").as_ref(), components, Site::Cable(body));
    let spike = table.get("spike").map(|n| spike(&n, body));
    table.finish();
    let (densities, (pools, mut parts)) = (densities?, pools?);
    let (synapses, of_synapses) = synapses?;
    parts.extend(of_synapses);
    membrane::check_ions(table, &densities, &pools, &synapses)?;
    let has_initial_v = initial_v.is_some();
    let cell = CableCell {
        morphology: morphology?,
        discretisation: discretisation?,
        specific_capacitance: capacitance?,
        axial_resistivity: resistivity?,
        initial_v: match initial_v {
            Some(field) => field?,
            None => values::constant(0.0, Dimension::VOLTAGE),
        },
        densities,
        pools,
        synapses,
    };
    Some(ReadCell {
        name: name.to_string(),
        cell: PopulationCell::Cable(Arc::new(cell)),
        has_initial_v,
        component: None,
        parts,
        spike: match spike {
            Some(spike) => Some(spike?),
            None => None,
        },
    })
}

/// `spike = { at = "…", threshold = "…" }`
fn spike(node: &Node<'_>, body: Option<&Body>) -> Option<(Option<Points>, f64)> {
    let table = node.table()?;
    let at = table.need("at", "\"soma\"").and_then(|n| values::points(&n, body));
    let threshold = table.need("threshold", "\"-20 mV\"").and_then(|n| n.quantity(Dimension::VOLTAGE));
    table.finish();
    Some((Some(at?), threshold?))
}

/// The rule where nothing is said (Hines & Carnevale 2001).
const D_LAMBDA: Rule = Rule::DLambda { fraction: 0.1, frequency_hz: 100.0 };

/// A rule for all, or a table of regions and rules.
fn discretisation(node: &Node<'_>, body: Option<&Body>) -> Option<Discretisation> {
    let mut rules = vec![(Region::All, D_LAMBDA)];
    let regions = node.is_table().then(|| node.table()).flatten();
    match regions {
        Some(table) if ["max_length", "d_lambda", "frequency"].iter().all(|key| table.get(key).is_none()) => {
            let table = node.table()?;
            for (region, node) in table.rest() {
                let parsed = values::region_of(&node, &region, body);
                let rule = rule(&node);
                rules.push((parsed?, rule?));
            }
        }
        _ => rules = vec![(Region::All, rule(node)?)],
    }
    Some(Discretisation { rules })
}

fn rule(node: &Node<'_>) -> Option<Rule> {
    if node.is_number() {
        let count = node.count()?;
        return match u32::try_from(count) {
            Ok(count @ 1..=1_000_000) => Some(Rule::PerSection(count)),
            _ => {
                node.wrong(
                    ErrorKind::Value,
                    format!("{count} compartments in a section"),
                    "a number from 1 to 1000000",
                );
                None
            }
        };
    }
    if node.is_table() {
        let table = node.table()?;
        let length = table.get("max_length").map(|n| n.positive(Dimension::LENGTH));
        let fraction = table.get("d_lambda").map(|n| n.positive(Dimension::NONE));
        let frequency = table.get("frequency").map(|n| n.positive(Dimension::PER_TIME));
        table.finish();
        return match (length, fraction, frequency) {
            (Some(length), None, None) => Some(Rule::MaxLength(length? * 1e6)),
            (None, Some(fraction), frequency) => Some(Rule::DLambda {
                fraction: fraction?,
                frequency_hz: match frequency {
                    Some(hz) => hz?,
                    None => 100.0,
                },
            }),
            _ => {
                node.wrong(
                    ErrorKind::Syntax,
                    "not a rule for compartments",
                    "{ max_length = \"20 um\" } or { d_lambda = 0.1, frequency = \"100 Hz\" }",
                );
                None
            }
        };
    }
    match node.as_text() {
        Some("d_lambda") => Some(D_LAMBDA),
        Some("per_segment") => Some(Rule::PerSegment),
        _ => {
            node.wrong(
                ErrorKind::Syntax,
                "not a rule for compartments",
                "a number per section, \"d_lambda\", \"per_segment\", { max_length = \"20 um\" }, \
                 or a table of regions: { soma = 1, dendrites = 50 }",
            );
            None
        }
    }
}
