//! `[population.NAME]`: cells of a kind, and sources of given, regular or random spikes.

use std::sync::Arc;

use super::cell::ReadCell;
use super::cells::Selections;
use super::components::Components;
use super::node::{Node, Table, suggestion};
use super::values::Body;
use super::{differing, source, space};
use crate::error::ErrorKind;
use crate::model::{CableCell, CellSet, Population, PopulationCell, Run};
use crate::units::Dimension;

/// Cells in one population at most; a slip of the keyboard should not fill the memory.
const MAX_SIZE: u64 = 10_000_000;

/// A population and the cell it was made from.
#[derive(Debug)]
pub(super) struct ReadPopulation {
    pub population: Population,
    /// Index into the cells of the file; none for spike sources.
    pub cell: Option<usize>,
}

impl ReadPopulation {
    /// Its time step, s; 0 if the run has none.
    pub fn step_s(&self, run: Option<Run>) -> f64 {
        self.population.dt_s.or(run.map(|run| run.dt_s)).unwrap_or(0.0)
    }
}

/// What spike sources need to know of the run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub seed: u64,
    pub duration_s: f64,
}

/// Reads one `[population.NAME]`.
pub(super) fn read(
    name: &str,
    node: &Node<'_>,
    (cells, components): (&[ReadCell], &Components),
    clock: Clock,
) -> Option<ReadPopulation> {
    let table = node.table()?;
    let size = size(&table);
    let positions = size.and_then(|size| space::positions(&table, name, size, clock.seed));
    let given: Vec<Node<'_>> = source::KINDS.iter().filter_map(|key| table.get(key)).collect();
    let cell = if given.is_empty() { table.need("cell", "\"ball_and_stick\"") } else { table.get("cell") };
    if given.len() + usize::from(cell.is_some()) > 1 {
        table.node.wrong(
            ErrorKind::Syntax,
            "a population is either cells or a source of spikes",
            format!("give one of `cell`, `{}`", source::KINDS.join("`, `")),
        );
        return None;
    }
    let read = match (cell, given.first()) {
        (Some(cell), _) => of_cells(name, &table, &cell, cells, size),
        (None, Some(source)) => {
            size.and_then(|size| source::spikes(source, size, (clock, name))).map(|times| ReadPopulation {
                population: Population {
                    name: name.to_string(),
                    size: times.len(),
                    cell: PopulationCell::SpikeTimes(Arc::new(times)),
                    dt_s: None,
                    initial_v: Vec::new(),
                    positions: Vec::new(),
                    parameters: Vec::new(),
                    initial: Vec::new(),
                },
                cell: None,
            })
        }
        (None, None) => None,
    };
    let dt_s = own_step(&table, read.as_ref());
    let mut read = read.zip(positions).zip(dt_s).map(|((mut read, positions), dt_s)| {
        read.population.positions = positions;
        read.population.dt_s = dt_s;
        read
    });
    if let Some((population, cell)) = read.as_mut().and_then(|r| Some((&mut r.population, r.cell?))) {
        let differing = differing::read(&table, &cells[cell], components, population, clock.seed);
        read = read.filter(|_| differing.is_some());
    }
    table.finish();
    read
}

/// `dt`: the step of these cells, if it is not that of the run; none if it is wrong.
fn own_step(table: &Table<'_>, read: Option<&ReadPopulation>) -> Option<Option<f64>> {
    let Some(node) = table.get("dt") else { return Some(None) };
    let dt_s = node.positive(Dimension::TIME)?;
    if read.is_some_and(|read| read.cell.is_none()) {
        node.wrong(ErrorKind::Value, "a source of spikes has no time step", "leave `dt` out");
        return None;
    }
    Some(Some(dt_s))
}

fn size(table: &Table<'_>) -> Option<usize> {
    let Some(node) = table.get("size") else { return Some(1) };
    if node.is_list() {
        let help = "give their number, and structure = { grid2d = { aspect_ratio = 1 } } or { grid3d = … }";
        node.wrong(ErrorKind::Syntax, "a grid is no size", help);
        return None;
    }
    match node.count()? {
        size @ 1..=MAX_SIZE => Some(size as usize),
        size => {
            node.wrong(ErrorKind::Limit, format!("a population of {size} cells"), "from 1 to 10 million");
            None
        }
    }
}

fn of_cells(
    name: &str,
    table: &Table<'_>,
    node: &Node<'_>,
    cells: &[ReadCell],
    size: Option<usize>,
) -> Option<ReadPopulation> {
    let initial_v = table.get("initial_v");
    let wanted = node.text()?;
    let Some(index) = cells.iter().position(|c| c.name == wanted) else {
        let known: Vec<&str> = cells.iter().map(|c| c.name.as_str()).collect();
        node.wrong(ErrorKind::Name, format!("no cell is called `{wanted}`"), suggestion(wanted, &known));
        return None;
    };
    let (cell, size) = (&cells[index], size?);
    let initial_v = match initial_v {
        None => {
            let among_states = table.get("initial").filter(Node::is_table).and_then(|node| node.table());
            if !cell.has_initial_v && among_states.is_none_or(|states| states.get("v").is_none()) {
                table.node.wrong(
                    ErrorKind::Name,
                    "`initial_v` is missing: neither the cell nor the population says it",
                    "add it, such as: initial_v = \"-65 mV\"",
                );
                return None;
            }
            Vec::new()
        }
        Some(node) if node.is_list() => {
            let items = node.list()?;
            let values: Option<Vec<f64>> = items.iter().map(|n| n.quantity(Dimension::VOLTAGE)).collect();
            let values = values?;
            if values.len() != size {
                node.wrong(
                    ErrorKind::Value,
                    format!("{} values for {size} cells", values.len()),
                    "one value for all, or a list with one for each cell",
                );
                return None;
            }
            values
        }
        Some(node) => {
            let v = node.quantity(Dimension::VOLTAGE)?;
            super::values::doubt(&node, v, Dimension::VOLTAGE);
            vec![v; size]
        }
    };
    let population = Population {
        name: name.to_string(),
        size,
        cell: settle(&cell.cell, cell.has_initial_v, &initial_v),
        dt_s: None,
        initial_v,
        positions: Vec::new(),
        parameters: Vec::new(),
        initial: Vec::new(),
    };
    Some(ReadPopulation { population, cell: Some(index) })
}

/// The cell with a potential at the start, also where only the population gives one.
fn settle(cell: &PopulationCell, has_initial_v: bool, initial_v: &[f64]) -> PopulationCell {
    match (cell, initial_v.first()) {
        (PopulationCell::Cable(cable), Some(v)) if !has_initial_v => {
            let cable = CableCell {
                initial_v: super::values::constant(*v, Dimension::VOLTAGE),
                ..CableCell::clone(cable)
            };
            PopulationCell::Cable(Arc::new(cable))
        }
        _ => cell.clone(),
    }
}

/// `population = "…"` of a stimulus, recording or connection: its index.
pub(super) fn named(node: &Node<'_>, populations: &[ReadPopulation]) -> Option<usize> {
    let name = node.text()?;
    let found = populations.iter().position(|p| p.population.name == name);
    if found.is_none() {
        let known: Vec<&str> = populations.iter().map(|p| p.population.name.as_str()).collect();
        node.wrong(ErrorKind::Name, format!("no population is called `{name}`"), suggestion(name, &known));
    }
    found
}

/// The shape of a population's cells, if they have one.
pub(super) fn body(population: &ReadPopulation) -> Option<Body> {
    match &population.population.cell {
        PopulationCell::Cable(cell) => Some(Body::new(&cell.morphology)),
        _ => None,
    }
}

/// `population`, which may be left out when there is only one with cells.
pub(super) fn which(table: &Table<'_>, populations: &[ReadPopulation]) -> Option<usize> {
    if let Some(node) = table.get("population") {
        return named(&node, populations);
    }
    let mut with_cells = (0..populations.len()).filter(|i| populations[*i].cell.is_some());
    match (with_cells.next(), with_cells.next()) {
        (Some(only), None) => Some(only),
        _ => {
            table.need("population", "\"cells\"");
            None
        }
    }
}

/// The cells that a stimulus or a recording is about: `population`, which may name a view or an assembly, and `cells`.
pub(super) fn targets(
    table: &Table<'_>,
    populations: &[ReadPopulation],
    selections: &Selections,
) -> Option<Vec<(usize, CellSet)>> {
    let mut parts = match table.get("population") {
        Some(node) => selections.cells(&node)?.parts,
        None => vec![(which(table, populations)?, CellSet::All)],
    };
    if let Some(node) = table.get("cells") {
        let [(population, set @ CellSet::All)] = parts.as_mut_slice() else {
            let help = "a view or an assembly says which cells already";
            node.wrong(ErrorKind::Syntax, "`cells` of cells that are chosen already", help);
            return None;
        };
        if node.as_text() != Some("all") {
            let its = &populations[*population].population;
            let of = node.path.split('[').next().unwrap_or_default();
            *set = CellSet::Indices(selections.some(&node, its.size, (of, &its.name))?);
        }
    }
    Some(parts)
}

/// The index of a cell in a population of `size`.
pub(super) fn cell_index(node: &Node<'_>, size: usize) -> Option<usize> {
    let index = node.count()?;
    if index < size as u64 {
        return Some(index as usize);
    }
    let help = format!("the population has {size} cells, counted from 0");
    node.wrong(ErrorKind::Value, format!("no cell {index}"), help);
    None
}
