//! `junction = "gap_junction"` of a projection: cells that are coupled.

use super::components::Components;
use super::node::{Node, Table};
use super::population::{self, ReadPopulation};
use super::values;
use crate::dynamics::Dynamics;
use crate::error::ErrorKind;
use crate::model::Cells;
use crate::select::Points;
use crate::units::Dimension;

/// The equations at each end.
pub(super) fn dynamics(table: &Table<'_>, node: &Node<'_>, components: &Components) -> Option<Dynamics> {
    let dynamics = components.instance(table, node, node.text()?, false)?.dynamics;
    let reads_peer = dynamics.inputs.iter().any(|input| input.name == "peer/v");
    if reads_peer && dynamics.exposed("i").is_some() {
        return Some(dynamics);
    }
    let message = format!("`{}` does not couple two cells", dynamics.component_type);
    node.wrong(ErrorKind::Name, message, "such as \"gap_junction\"");
    None
}

/// What weights may be written in: plain factors on the junction's own conductance, or a conductance.
pub(super) fn units(dynamics: &Dynamics) -> Vec<(Dimension, f64)> {
    let own = dynamics.parameter("conductance").filter(|p| p.value != 0.0);
    let plain = std::iter::once((Dimension::NONE, 1.0));
    plain.chain(own.map(|p| (p.dimension, 1.0 / p.value))).collect()
}

/// Where a junction is on the cells of one end; nothing on point neurons.
pub(super) fn end(
    node: Option<&Node<'_>>,
    of: &Node<'_>,
    cells: &Cells,
    populations: &[ReadPopulation],
    key: &str,
) -> Option<Option<Points>> {
    let body = cells.parts.iter().find_map(|(p, _)| population::body(&populations[*p]));
    if let Some((p, _)) = cells.parts.iter().find(|(p, _)| populations[*p].cell.is_none()) {
        let message = format!("`{}` is a source of spikes", populations[*p].population.name);
        of.wrong(ErrorKind::Value, message, "couple populations of cells");
        return None;
    }
    match (node, body) {
        (None, None) => Some(None),
        (Some(node), Some(body)) => values::points(node, Some(&body)).map(Some),
        (Some(node), None) => {
            values::no_places(node, &format!("`{key}`"));
            None
        }
        (None, Some(_)) => {
            let help = format!("add it, such as: {key} = \"soma\"");
            of.wrong(
                ErrorKind::Name,
                format!("`{key}` is missing: where is the junction on these cells?"),
                help,
            );
            None
        }
    }
}
