//! What differs between the cells of a population: `parameters` and `initial`.

use std::sync::Arc;

use super::cell::ReadCell;
use super::components::Components;
use super::node::{Node, Table, suggestion};
use super::{drawn, pynn};
use crate::dynamics::{Dynamics, Variable};
use crate::error::ErrorKind;
use crate::lems::Component;
use crate::model::{Population, PopulationCell, name_key};
use crate::rng::Purpose;
use crate::units::Dimension;

/// A number for each cell, by name.
type Columns = Vec<(String, Vec<f64>)>;

/// The same of what stands on the cells: its name, the name of the parameter.
type PartColumns = Vec<(String, String, Vec<f64>)>;

/// What stands before parameters of its channel among those of a density.
const CHANNEL_OF_DENSITY: &str = "ionChannel/";

/// Reads both into `population`, whose cells are of kind `cell` and have their places already.
pub(super) fn read(
    table: &Table<'_>,
    cell: &ReadCell,
    components: &Components,
    population: &mut Population,
    seed: u64,
) -> Option<()> {
    let (parameters, initial) = (table.get("parameters"), table.get("initial"));
    if let Some(node) = parameters {
        parameters_of(&node, cell, components, population, seed)?;
    }
    if let Some(node) = initial {
        initial_of(&node, cell, population, seed)?;
    }
    Some(())
}

fn parameters_of(
    node: &Node<'_>,
    cell: &ReadCell,
    components: &Components,
    population: &mut Population,
    seed: u64,
) -> Option<()> {
    // The name in the model, of what it is a parameter, and its own name.
    let mut own: Columns = Vec::new();
    let mut of_parts = PartColumns::new();
    for (key, node) in node.table()?.rest() {
        let key = match &population.cell {
            PopulationCell::Point(point) => pynn::of_receptor(&point.dynamics, &key).unwrap_or(key),
            _ => key,
        };
        let Some((part, name)) = key.split_once('.') else {
            let units = match &population.cell {
                PopulationCell::Point(point) => own_units(&node, &point.dynamics, &key)?,
                _ => vec![(of_cable(&node, &key)?, 1.0)],
            };
            let values = values(&node, &units, population, (seed, Purpose::Parameter, &key))?;
            own.push((key, values));
            continue;
        };
        let (dynamics, is_density) = part_of(&node, cell, &population.cell, part)?;
        let name = if is_density { of_density(&node, dynamics, part, name)? } else { name.to_string() };
        let units = own_units(&node, dynamics, &name)?;
        let values = values(&node, &units, population, (seed, Purpose::Parameter, &key))?;
        of_parts.push((part.to_string(), name, values));
    }
    reopen(node, cell, components, population, (&own, &of_parts))?;
    own.extend(of_parts.into_iter().map(|(part, name, values)| (format!("{part}.{name}"), values)));
    population.parameters = own;
    Some(())
}

/// What may differ of a cell with a shape itself.
fn of_cable(node: &Node<'_>, key: &str) -> Option<Dimension> {
    const KNOWN: [(&str, Dimension); 2] =
        [("capacitance", Dimension::SPECIFIC_CAPACITANCE), ("axial_resistivity", Dimension::RESISTIVITY)];
    let found = KNOWN.iter().find(|(known, _)| *known == key);
    if found.is_none() {
        let help = "`capacitance`, `axial_resistivity`, or in quotes what stands on the cell: \"na.g\", \"AMPA.tauDecay\"";
        node.wrong(ErrorKind::Name, format!("`{key}` is no parameter of a cell with a shape"), help);
    }
    found.map(|(_, dimension)| *dimension)
}

/// The name in its equations of what a page calls `name` of a channel: of the density, or as `describe` lists them of the channel.
fn of_density(node: &Node<'_>, dynamics: &Dynamics, part: &str, name: &str) -> Option<String> {
    let inner = match name {
        "g" => "condDensity",
        "reversal" => "erev",
        name => name,
    };
    let mut known = dynamics.parameters.iter().map(|p| p.name.as_str());
    let found = known.clone().find(|known| *known == inner).or_else(|| {
        known.find(|known| known.strip_prefix(CHANNEL_OF_DENSITY).is_some_and(|known| known == inner))
    });
    if found.is_none() {
        let channel = dynamics.parameters.iter().filter_map(|p| p.name.strip_prefix(CHANNEL_OF_DENSITY));
        let known: Vec<&str> = ["g", "permeability", "reversal"].into_iter().chain(channel).collect();
        let message = format!("the channel `{part}` has no number for `{name}`");
        node.wrong(ErrorKind::Name, message, suggestion(name, &known));
    }
    found.map(str::to_string)
}

/// What is called `part` on the cells, and whether it is a channel.
fn part_of<'a>(
    node: &Node<'_>,
    cell: &ReadCell,
    cells: &'a PopulationCell,
    part: &str,
) -> Option<(&'a Dynamics, bool)> {
    let (synapses, cable) = match cells {
        PopulationCell::Cable(cable) => (&cable.synapses[..], Some(cable)),
        PopulationCell::Point(point) => (&point.synapses[..], None),
        PopulationCell::SpikeTimes(_) => return None,
    };
    let pools = cable.iter().flat_map(|c| &c.pools).map(|p| (p.ion.as_str(), &*p.dynamics, false));
    let densities = cable.iter().flat_map(|c| &c.densities).map(|d| (d.name.as_str(), &*d.dynamics, true));
    let all: Vec<(&str, &Dynamics, bool)> = synapses
        .iter()
        .map(|s| (s.name.as_str(), &*s.dynamics, false))
        .chain(pools)
        .chain(densities)
        .collect();
    let found = all.iter().find(|(name, ..)| *name == part);
    if found.is_none() {
        let known: Vec<&str> = all.iter().map(|(name, ..)| *name).collect();
        let what = if cable.is_some() { "nothing that is called" } else { "no synapse" };
        let message = format!("the cell `{}` has {what} `{part}`", cell.name);
        node.wrong(ErrorKind::Name, message, suggestion(part, &known));
    }
    found.map(|(_, dynamics, is_density)| (*dynamics, *is_density))
}

/// What a parameter of `dynamics` may be written in.
fn own_units(node: &Node<'_>, dynamics: &Dynamics, name: &str) -> Option<Vec<(Dimension, f64)>> {
    let Some(parameter) = dynamics.parameters.iter().find(|p| p.name == name) else {
        let known: Vec<&str> = dynamics.parameters.iter().map(|p| p.name.as_str()).collect();
        let message = format!("{} has no parameter `{name}`", dynamics.component_type);
        node.wrong(ErrorKind::Name, message, suggestion(name, &known));
        return None;
    };
    Some(units(dynamics, name, parameter.dimension))
}

/// Leaves open in the equations of the cells what differs: other parameters may follow from it.
fn reopen(
    node: &Node<'_>,
    cell: &ReadCell,
    components: &Components,
    population: &mut Population,
    (own, of_parts): (&Columns, &PartColumns),
) -> Option<()> {
    let opened = |component: &Component, old: &Dynamics, columns: &[(&str, f64)]| {
        let names: Vec<String> = columns.iter().map(|(name, _)| (*name).to_string()).collect();
        let mut dynamics = components.open(node, component, &names)?;
        dynamics.name.clone_from(&old.name);
        for parameter in &mut dynamics.parameters {
            // What a page gives beside the component, such as where a concentration starts, stays.
            let first = columns.iter().find(|(name, _)| *name == parameter.name).map(|(_, first)| *first);
            if let Some(value) =
                first.or_else(|| Some(old.parameters.iter().find(|p| p.name == parameter.name)?.value))
            {
                parameter.value = value;
            }
        }
        for parameter in &old.parameters {
            if dynamics.parameter(&parameter.name).is_none()
                && dynamics.inputs.iter().any(|i| i.name == parameter.name)
            {
                dynamics.inputs.retain(|input| input.name != parameter.name);
                dynamics.parameters.push(parameter.clone());
            }
        }
        Some(Arc::new(dynamics))
    };
    let firsts = |part: &str| -> Vec<(&str, f64)> {
        let of = of_parts.iter().filter(|(of, ..)| of == part);
        of.filter_map(|(_, name, values)| Some((name.as_str(), *values.first()?))).collect()
    };
    let part = |name: &str| {
        let columns = firsts(name);
        let made = cell.parts.iter().find(|(part, _)| part == name).filter(|_| !columns.is_empty());
        made.map(|(_, component)| (component, columns))
    };
    match &mut population.cell {
        PopulationCell::Point(point) => {
            let point = Arc::make_mut(point);
            if let (Some(component), false) = (&cell.component, own.is_empty()) {
                let columns: Vec<(&str, f64)> =
                    own.iter().filter_map(|(name, values)| Some((name.as_str(), *values.first()?))).collect();
                point.dynamics = opened(component, &point.dynamics, &columns)?;
            }
            for synapse in &mut point.synapses {
                let Some((component, columns)) = part(&synapse.name) else { continue };
                synapse.dynamics = opened(component, &synapse.dynamics, &columns)?;
            }
        }
        PopulationCell::Cable(cable) if !of_parts.is_empty() => {
            let cable = Arc::make_mut(cable);
            for synapse in &mut cable.synapses {
                let Some((component, columns)) = part(&synapse.name) else { continue };
                synapse.dynamics = opened(component, &synapse.dynamics, &columns)?;
            }
            for pool in &mut cable.pools {
                let Some((component, columns)) = part(&pool.ion) else { continue };
                pool.dynamics = opened(component, &pool.dynamics, &columns)?;
            }
        }
        _ => {}
    }
    Some(())
}

fn initial_of(node: &Node<'_>, cell: &ReadCell, population: &mut Population, seed: u64) -> Option<()> {
    for (key, node) in node.table()?.rest() {
        if key == "v" {
            if !population.initial_v.is_empty() {
                node.wrong(ErrorKind::Syntax, "both `initial_v` and `initial.v`", "give one of the two");
                return None;
            }
            let mut units = vec![(Dimension::VOLTAGE, 1.0)];
            if let PopulationCell::Point(point) = &population.cell
                && pynn::is_standard(&point.dynamics)
            {
                units.push((Dimension::NONE, 1e-3));
            }
            let drawn = values(&node, &units, population, (seed, Purpose::InitialValue, &key))?;
            population.initial_v = drawn;
            continue;
        }
        let path = pynn::initial(&population.cell, &key).unwrap_or_else(|| key.clone());
        let (dynamics, part, name) = match (path.split_once('.'), &population.cell) {
            (Some((part, name)), cells) => (part_of(&node, cell, cells, part)?.0, Some(part), name),
            (None, PopulationCell::Point(point)) => (&*point.dynamics, None, path.as_str()),
            (None, _) => {
                let help = "`v`, or in quotes what stands on the cell: \"na.m\", \"AMPA.g\"";
                node.wrong(ErrorKind::Name, format!("`{key}` of a cell with a shape"), help);
                return None;
            }
        };
        let Some(state) = state_called(dynamics, name) else {
            let known: Vec<&str> = dynamics.states.iter().map(|s| s.name.as_str()).collect();
            let message = format!("{} has no state `{name}`", dynamics.component_type);
            node.wrong(ErrorKind::Name, message, suggestion(name, &known));
            return None;
        };
        let Variable { name, dimension } = state.clone();
        let units = match pynn::is_standard(dynamics) {
            true => pynn::state_units(&name, dimension),
            false => vec![(dimension, 1.0)],
        };
        let name = part.map_or(name.clone(), |part| format!("{part}.{name}"));
        let drawn = values(&node, &units, population, (seed, Purpose::InitialValue, &key))?;
        population.initial.push((name, drawn));
    }
    Some(())
}

/// The state that a page means: its own name, what it is exposed as, or a gate by its name.
fn state_called<'a>(dynamics: &'a Dynamics, name: &str) -> Option<&'a Variable> {
    let exact = dynamics.exposed(name).unwrap_or(name);
    let found = dynamics.states.iter().find(|state| state.name == exact);
    found.or_else(|| {
        let endings = [format!("/{name}/q"), format!("/{name}")];
        endings.iter().find_map(|ending| {
            let mut matching = dynamics.states.iter().filter(|state| state.name.ends_with(ending));
            matching.next().filter(|_| matching.next().is_none())
        })
    })
}

/// What a parameter may be written in.
fn units(dynamics: &Dynamics, name: &str, dimension: Dimension) -> Vec<(Dimension, f64)> {
    match pynn::is_standard(dynamics) {
        true => pynn::units(&dynamics.component_type, name),
        false => vec![(dimension, 1.0)],
    }
}

/// What formulas know of a cell: distance from the origin, place (m), index.
pub(super) fn place(population: &Population, i: usize) -> [f64; 6] {
    let [x, y, z] = population.positions.get(i).copied().unwrap_or([i as f64, 0.0, 0.0]);
    let distance = (x * x + y * y + z * z).sqrt();
    [distance * 1e-6, x * 1e-6, y * 1e-6, z * 1e-6, i as f64, i as f64]
}

/// One value for each cell; formulas know its index and its place.
fn values(
    node: &Node<'_>,
    units: drawn::Units<'_>,
    population: &Population,
    (seed, purpose, what): (u64, Purpose, &str),
) -> Option<Vec<f64>> {
    let at = |i: usize| place(population, i);
    let key = (seed, purpose, name_key(&population.name), what);
    drawn::each(node, units, (population.size, "cells"), key, &at)
}
