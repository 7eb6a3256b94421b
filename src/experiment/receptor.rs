//! What receives spikes on a cell: a synapse, or the cell itself by a port; what its weights are written in, and their sign.

use super::node::Node;
use super::population::ReadPopulation;
use super::pynn;
use crate::dynamics::Dynamics;
use crate::error::ErrorKind;
use crate::model::{CellSet, Cells, PopulationCell, Receptor, Sign};
use crate::units::Dimension;

/// The port of a point cell that `synapse` names, where no synapse is called so.
pub(super) fn port_called(synapse: &Node<'_>, cell: &PopulationCell) -> Option<u16> {
    let PopulationCell::Point(cell) = cell else { return None };
    let name = synapse.as_text()?;
    if cell.synapses.iter().any(|s| s.name == name) {
        return None;
    }
    let port = cell.dynamics.in_ports().iter().position(|port| *port == name)?;
    u16::try_from(port).ok()
}

/// The port by which a point cell itself receives.
pub(super) fn own_port(to: &Node<'_>, cell: &PopulationCell, name: &str) -> Option<Receptor> {
    match cell {
        PopulationCell::Point(cell) if !cell.dynamics.in_ports().is_empty() => {
            Some(Receptor { synapse: None, port: 0 })
        }
        _ => {
            let message = format!("`synapse` is missing: cells of `{name}` do not receive spikes themselves");
            to.wrong(ErrorKind::Name, message, "add it, such as: synapse = \"AMPA\"");
            None
        }
    }
}

/// The equations of what receives.
pub(super) fn dynamics<'a>(receptor: &Receptor, population: &'a ReadPopulation) -> Option<&'a Dynamics> {
    match (&population.population.cell, receptor.synapse) {
        (PopulationCell::Cable(cell), Some(synapse)) => {
            cell.synapses.get(synapse as usize).map(|s| &*s.dynamics)
        }
        (PopulationCell::Point(cell), Some(synapse)) => {
            cell.synapses.get(synapse as usize).map(|s| &*s.dynamics)
        }
        (PopulationCell::Point(cell), None) => Some(&cell.dynamics),
        _ => None,
    }
}

/// What weights may be written in: plain factors on the synapse's own strength, or that strength itself.
pub(super) fn strength(
    receptors: &[Receptor],
    target: &Cells,
    populations: &[ReadPopulation],
) -> Vec<(Dimension, f64)> {
    let mut units = vec![(Dimension::NONE, 1.0)];
    let of = |(receptor, (population, _)): (&Receptor, &(usize, CellSet))| {
        let dynamics = dynamics(receptor, &populations[*population])?;
        if dynamics.is_a("basePynnSynapse") {
            // Their weight is a plain number of µS or nA.
            return match dynamics.exposed("g").is_some() {
                true => Some((Dimension::CONDUCTANCE, 1e6)),
                false => Some((Dimension::CURRENT, 1e9)),
            };
        }
        if receptor.synapse.is_none() && pynn::is_standard(dynamics) {
            return Some((Dimension::VOLTAGE, 1e3));
        }
        let own = dynamics.parameters.iter().find(|p| matches!(p.name.as_str(), "gbase" | "ibase"))?;
        (own.value != 0.0).then(|| (own.dimension, 1.0 / own.value))
    };
    let mut found = receptors.iter().zip(&target.parts).map(of);
    if let Some(Some(first)) = found.next()
        && found.all(|other| other == Some(first))
    {
        units.push(first);
    }
    units
}

/// The sign that weights must have, if any of the receptors minds.
pub(super) fn wanted_sign(
    receptors: &[Receptor],
    target: &Cells,
    populations: &[ReadPopulation],
) -> Option<Sign> {
    receptors.iter().zip(&target.parts).find_map(|(receptor, (population, _))| {
        let dynamics = dynamics(receptor, &populations[*population])?;
        let ports = dynamics.in_ports();
        let name = match receptor.synapse {
            Some(_) => dynamics.name.as_str(),
            None => ports.get(usize::from(receptor.port)).copied().unwrap_or_default(),
        };
        pynn::wanted_sign(name, dynamics)
    })
}
