//! What differs between the cells of a population: `parameters` and `initial`.

use std::sync::Arc;

use super::cell::ReadCell;
use super::components::Components;
use super::node::{Node, Table, suggestion};
use super::{drawn, pynn};
use crate::dynamics::Dynamics;
use crate::error::ErrorKind;
use crate::model::{PointCell, Population, PopulationCell, name_key};
use crate::rng::Purpose;
use crate::units::Dimension;

/// A number for each cell, by name.
type Columns = Vec<(String, Vec<f64>)>;

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
        initial_of(&node, population, seed)?;
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
    let (PopulationCell::Point(point), Some(component)) = (&population.cell, &cell.component) else {
        let help = "make another [cell.NAME] for each kind of cell";
        node.wrong(ErrorKind::Unsupported, "parameters that differ between cells with a shape", help);
        return None;
    };
    let point = Arc::clone(point);
    let mut own: Columns = Vec::new();
    let mut of_synapses: Columns = Vec::new();
    for (key, node) in node.table()?.rest() {
        let key = pynn::of_receptor(&point.dynamics, &key).unwrap_or(key);
        let dynamics = match key.split_once('.') {
            None => &point.dynamics,
            Some((name, _)) => match point.synapses.iter().find(|s| s.name == name) {
                Some(synapse) => &synapse.dynamics,
                None => {
                    let known: Vec<&str> = point.synapses.iter().map(|s| s.name.as_str()).collect();
                    let message = format!("the cell `{}` has no synapse `{name}`", cell.name);
                    node.wrong(ErrorKind::Name, message, suggestion(name, &known));
                    return None;
                }
            },
        };
        let name = key.split_once('.').map_or(key.as_str(), |parts| parts.1);
        let Some(parameter) = dynamics.parameters.iter().find(|p| p.name == name) else {
            let known: Vec<&str> = dynamics.parameters.iter().map(|p| p.name.as_str()).collect();
            let message = format!("{} has no parameter `{name}`", dynamics.component_type);
            node.wrong(ErrorKind::Name, message, suggestion(name, &known));
            return None;
        };
        let units = units(dynamics, name, parameter.dimension);
        let values = values(&node, &units, population, (seed, Purpose::Parameter, &key))?;
        if key.contains('.') { of_synapses.push((key, values)) } else { own.push((key, values)) }
    }
    if !own.is_empty() {
        let names: Vec<String> = own.iter().map(|(name, _)| name.clone()).collect();
        let mut dynamics = components.open(node, component, &names)?;
        dynamics.name.clone_from(&point.dynamics.name);
        for (name, values) in &own {
            let open = dynamics.parameters.iter_mut().find(|p| p.name == *name);
            if let (Some(parameter), Some(first)) = (open, values.first()) {
                parameter.value = *first;
            }
        }
        let cell = PointCell { dynamics: Arc::new(dynamics), ..PointCell::clone(&point) };
        population.cell = PopulationCell::Point(Arc::new(cell));
    }
    own.append(&mut of_synapses);
    population.parameters = own;
    Some(())
}

fn initial_of(node: &Node<'_>, population: &mut Population, seed: u64) -> Option<()> {
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
        let PopulationCell::Point(point) = &population.cell else {
            node.wrong(
                ErrorKind::Name,
                format!("`{key}` of a cell with a shape"),
                "`v` can be set at the start",
            );
            return None;
        };
        let name = point.dynamics.exposed(&key).unwrap_or(&key);
        let Some(state) = point.dynamics.state(name) else {
            let known: Vec<&str> = point.dynamics.states.iter().map(|s| s.name.as_str()).collect();
            let message = format!("{} has no state `{key}`", point.dynamics.component_type);
            node.wrong(ErrorKind::Name, message, suggestion(&key, &known));
            return None;
        };
        let (name, dimension) = (name.to_string(), point.dynamics.states[state].dimension);
        let units = [(dimension, 1.0)];
        let drawn = values(&node, &units, population, (seed, Purpose::InitialValue, &key))?;
        population.initial.push((name, drawn));
    }
    Some(())
}

/// What a parameter may be written in.
fn units(dynamics: &Dynamics, name: &str, dimension: Dimension) -> Vec<(Dimension, f64)> {
    match pynn::is_standard(dynamics) {
        true => pynn::units(&dynamics.component_type, name),
        false => vec![(dimension, 1.0)],
    }
}

/// One value for each cell; formulas know its index and its place.
fn values(
    node: &Node<'_>,
    units: drawn::Units<'_>,
    population: &Population,
    (seed, purpose, what): (u64, Purpose, &str),
) -> Option<Vec<f64>> {
    let at = |i: usize| {
        let [x, y, z] = population.positions.get(i).copied().unwrap_or([i as f64, 0.0, 0.0]);
        let distance = (x * x + y * y + z * z).sqrt();
        [distance * 1e-6, x * 1e-6, y * 1e-6, z * 1e-6, i as f64, i as f64]
    };
    let key = (seed, purpose, name_key(&population.name), what);
    drawn::each(node, units, (population.size, "cells"), key, &at)
}
