//! What sits on the membrane: `channels`, `ions`, `synapses` of a cell.

use std::sync::Arc;

use super::components::{Components, DensityKind};
use super::node::{Node, Table};
use super::values::{self, Body};
use crate::error::ErrorKind;
use crate::lems::Component;
use crate::model::{Density, Placed, Pool};
use crate::select::Points;
use crate::units::Dimension;

/// Conductance densities above this are more likely a slip of the unit than a channel, S/m²
/// (10 S/cm²; the nodes of Ranvier reach about 3).
const SUSPICIOUS_DENSITY: f64 = 1e5;

/// Reads each entry of a table of named tables.
fn entries<T>(
    node: Option<&Node<'_>>,
    mut read: impl FnMut(&str, &Table<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    let Some(node) = node else { return Some(Vec::new()) };
    let mut items = Vec::new();
    let mut sound = true;
    for (name, node) in node.table()?.rest() {
        let item = match super::check_name(&name, &node) {
            true => node.table().and_then(|table| read(&name, &table)),
            false => None,
        };
        sound &= item.is_some();
        items.extend(item);
    }
    sound.then_some(items)
}

/// Where synapses may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Site<'a> {
    /// On a cell with a shape, if that could be read.
    Cable(Option<&'a Body>),
    /// On a point neuron.
    Point,
}

/// `channels`
pub(super) fn channels(
    node: Option<&Node<'_>>,
    components: &Components,
    body: Option<&Body>,
) -> Option<Vec<Density>> {
    entries(node, |name, table| channel(name, table, components, body))
}

fn channel(name: &str, table: &Table<'_>, components: &Components, body: Option<&Body>) -> Option<Density> {
    let given = table.get("channel");
    let region = table.need("on", "\"soma\"").and_then(|n| values::region(&n, body));
    let ion = table.get("ion").map(|n| n.text());
    let reversal = table.need("reversal", "\"-77 mV\"");
    let conductance = table.get("g");
    let permeability = table.get("permeability");
    let reversal = reversal?;
    let kind = match (reversal.as_text(), &conductance, &permeability) {
        (Some("ghk"), None, Some(_)) => DensityKind::GhkPermeability,
        (Some("ghk"), Some(_), None) => DensityKind::GhkConductance,
        (Some("ghk"), ..) => {
            let message = "`reversal = \"ghk\"` needs either `permeability` or `g`";
            table.node.wrong(ErrorKind::Name, message, "such as: permeability = \"1e-4 cm/s\"");
            return None;
        }
        (_, _, Some(permeability)) => {
            permeability.wrong(
                ErrorKind::Syntax,
                "`permeability` without `reversal = \"ghk\"`",
                "an ohmic channel has a conductance density: g = \"1 mS/cm2\"",
            );
            return None;
        }
        (Some("nernst"), ..) => DensityKind::Nernst,
        _ => {
            let si = reversal.quantity(Dimension::VOLTAGE)?;
            values::doubt(&reversal, si, Dimension::VOLTAGE);
            DensityKind::Ohmic(si)
        }
    };
    let (amount, dimension) = match &permeability {
        Some(node) => (node.clone(), Dimension::PERMEABILITY),
        None => (table.need("g", "\"0.12 S/cm2\"")?, Dimension::CONDUCTANCE_DENSITY),
    };
    let strength = values::field(&amount, dimension, body)?;
    if let Some(si) = strength.as_constant() {
        if si < 0.0 {
            amount.wrong(ErrorKind::Value, format!("this {dimension} is negative"), "check the sign");
            return None;
        }
        if dimension == Dimension::CONDUCTANCE_DENSITY && si > SUSPICIOUS_DENSITY {
            let message = format!("{} is {} S/cm2, more than any membrane has", amount.path, si * 1e-4);
            table.source().warn("large-density", message, amount.place());
        }
    }
    let channel_name = match &given {
        Some(node) => node.text()?,
        None => name,
    };
    let at = given.as_ref().unwrap_or(&table.node);
    let ion = match ion {
        Some(ion) => Some(ion?.to_string()),
        None => components.ion_of(channel_name),
    };
    let mut instance = components.density(table, at, channel_name, kind, strength, ion.as_deref())?;
    instance.dynamics.name = name.to_string();
    Some(Density {
        name: name.to_string(),
        dynamics: Arc::new(instance.dynamics),
        source: Some(Arc::new(instance.source)),
        region: region?,
        parameters: instance.fields,
        ion,
    })
}

/// What entries of a table were made from, by name.
pub(super) type Parts = Vec<(String, Component)>;

/// `ions`
pub(super) fn pools(
    node: Option<&Node<'_>>,
    components: &Components,
    body: Option<&Body>,
) -> Option<(Vec<Pool>, Parts)> {
    let read = entries(node, |ion, table| {
        let region = table.need("on", "\"all\"").and_then(|n| values::region(&n, body));
        let concentration = |key: &str, example: &str| {
            let node = table.need(key, example)?;
            values::field(&node, Dimension::CONCENTRATION, body)
        };
        let inside = concentration("inside", "\"50 nM\"");
        let outside = concentration("outside", "\"2 mM\"");
        let pool = table.get("pool");
        let starts = [("initialConcentration", inside?), ("initialExtConcentration", outside?)];
        let mut instance = components.pool(table, pool.as_ref(), ion, starts)?;
        instance.dynamics.name = ion.to_string();
        let part = (ion.to_string(), instance.component);
        let pool = Pool {
            ion: ion.to_string(),
            dynamics: Arc::new(instance.dynamics),
            source: Some(Arc::new(instance.source)),
            region: region?,
            parameters: instance.fields,
        };
        Some((pool, part))
    });
    read.map(|read| read.into_iter().unzip())
}

/// `synapses`; those of a point neuron have no place.
pub(super) fn synapses(
    node: Option<&Node<'_>>,
    components: &Components,
    site: Site<'_>,
) -> Option<(Vec<Placed>, Parts)> {
    let read = entries(node, |name, table| {
        let points = match (site, table.get("at")) {
            (Site::Cable(body), _) => table.need("at", "\"soma\"").and_then(|n| values::points(&n, body)),
            (Site::Point, None) => Some(Points::Root),
            (Site::Point, Some(at)) => {
                values::no_places(&at, "`at`");
                None
            }
        };
        let synapse = table.get("synapse");
        let component = match &synapse {
            Some(node) => node.text()?,
            None => name,
        };
        let at = synapse.as_ref().unwrap_or(&table.node);
        let mut instance = components.instance(table, at, component, matches!(site, Site::Cable(_)))?;
        instance.dynamics.name = name.to_string();
        let part = (name.to_string(), instance.component);
        let placed = Placed {
            name: name.to_string(),
            dynamics: Arc::new(instance.dynamics),
            source: Some(Arc::new(instance.source)),
            points: points?,
            parameters: instance.fields,
        };
        Some((placed, part))
    });
    read.map(|read| read.into_iter().unzip())
}

/// Reports channels that read a concentration which nobody gives, and names that stand twice.
pub(super) fn check_ions(
    table: &Table<'_>,
    densities: &[Density],
    pools: &[Pool],
    synapses: &[Placed],
) -> Option<()> {
    let mut sound = true;
    for density in densities {
        let reads_calcium =
            density.dynamics.inputs.iter().any(|i| i.name == "caConc" || i.name == "caConcExt");
        if reads_calcium && !pools.iter().any(|p| p.ion == "ca") {
            let message =
                format!("`{}` depends on calcium, and the cell has no calcium concentration", density.name);
            let help =
                "add it to `ions`, such as: ca = { on = \"all\", inside = \"50 nM\", outside = \"2 mM\" }";
            table.node.wrong(ErrorKind::Name, message, help);
            sound = false;
        }
    }
    let mut names: Vec<&str> = densities.iter().map(|d| d.name.as_str()).collect();
    names.extend(pools.iter().map(|p| p.ion.as_str()));
    names.extend(synapses.iter().map(|s| s.name.as_str()));
    names.sort_unstable();
    for pair in names.windows(2).filter(|pair| pair[0] == pair[1]) {
        let message = format!("`{}` is the name of two things on this cell", pair[0]);
        table.node.wrong(ErrorKind::Name, message, "rename one: it is what they are recorded by");
        sound = false;
    }
    sound.then_some(())
}
