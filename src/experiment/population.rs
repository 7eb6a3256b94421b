//! `[population.NAME]`: cells of a kind, and sources of given, regular or random spikes.

use std::sync::Arc;

use super::cell::ReadCell;
use super::cells::{self, Selections};
use super::components::Components;
use super::node::{Node, Table, suggestion};
use super::values::Body;
use super::{differing, space};
use crate::error::ErrorKind;
use crate::model::{CableCell, CellSet, Population, PopulationCell};
use crate::rng::{Purpose, Stream};
use crate::units::Dimension;

/// Cells in one population at most; a slip of the keyboard should not fill the memory.
const MAX_SIZE: u64 = 10_000_000;
/// Spikes of one source at most.
const MAX_SPIKES: usize = 100_000_000;

/// A population and the cell it was made from.
#[derive(Debug)]
pub(super) struct ReadPopulation {
    pub population: Population,
    /// Index into the cells of the file; none for spike sources.
    pub cell: Option<usize>,
}

/// What spike sources need to know of the run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub seed: u64,
    pub duration_s: f64,
}

/// Reads one `[population.NAME]`, the `index`-th of the file.
pub(super) fn read(
    name: &str,
    node: &Node<'_>,
    (cells, components): (&[ReadCell], &Components),
    index: usize,
    clock: Clock,
) -> Option<ReadPopulation> {
    let table = node.table()?;
    let size = size(&table);
    let positions = size.and_then(|size| space::positions(&table, name, size, clock.seed));
    let sources = ["spike_times", "regular", "poisson"];
    let given: Vec<Node<'_>> = sources.iter().filter_map(|key| table.get(key)).collect();
    let cell = if given.is_empty() { table.need("cell", "\"ball_and_stick\"") } else { table.get("cell") };
    if given.len() + usize::from(cell.is_some()) > 1 {
        table.node.wrong(
            ErrorKind::Syntax,
            "a population is either cells or a source of spikes",
            "give one of `cell`, `spike_times`, `regular`, `poisson`",
        );
        return None;
    }
    let read = match (cell, given.first()) {
        (Some(cell), _) => of_cells(name, &table, &cell, cells, size),
        (None, Some(source)) => {
            let seed = (clock, index as u64);
            size.and_then(|size| spikes(source, size, seed)).map(|times| ReadPopulation {
                population: Population {
                    name: name.to_string(),
                    size: times.len(),
                    cell: PopulationCell::SpikeTimes(Arc::new(times)),
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
    let mut read = read.zip(positions).map(|(mut read, positions)| {
        read.population.positions = positions;
        read
    });
    if let Some((population, cell)) = read.as_mut().and_then(|r| Some((&mut r.population, r.cell?))) {
        let differing = differing::read(&table, &cells[cell], components, population, clock.seed);
        read = read.filter(|_| differing.is_some());
    }
    table.finish();
    read
}

fn size(table: &Table<'_>) -> Option<usize> {
    let Some(node) = table.get("size") else { return Some(1) };
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
            if !cell.has_initial_v {
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

/// The spike times of each of `size` sources.
fn spikes(node: &Node<'_>, size: usize, (clock, index): (Clock, u64)) -> Option<Vec<Vec<f64>>> {
    if node.path.ends_with(".spike_times") {
        return given(node, size);
    }
    let table = node.table()?;
    let start = match table.get("start") {
        Some(node) => node.not_negative(Dimension::TIME),
        None => Some(0.0),
    };
    let stop = match table.get("stop") {
        Some(node) => node.not_negative(Dimension::TIME),
        None => Some(clock.duration_s),
    };
    if node.path.ends_with(".regular") {
        let interval = table.need("interval", "\"20 ms\"").and_then(|n| n.positive(Dimension::TIME));
        let count = table.get("count").map(|n| n.count());
        table.finish();
        let (start, stop, interval) = (start?, stop?, interval?);
        let limit = match count {
            Some(count) => count? as usize,
            None => usize::MAX,
        };
        // Multiples, not sums: no error adds up.
        let times = (0..limit).map(|i| start + i as f64 * interval).take_while(|t| *t < stop);
        let times: Vec<f64> = times.take(MAX_SPIKES).collect();
        return Some(vec![times; size]);
    }
    let rate = table.need("rate", "\"20 Hz\"").and_then(|n| n.not_negative(Dimension::PER_TIME));
    table.finish();
    let (start, stop, rate) = (start?, stop?, rate?);
    if (stop - start) * rate * size as f64 > MAX_SPIKES as f64 {
        node.wrong(ErrorKind::Limit, "more than 100 million spikes", "a lower rate or fewer sources");
        return None;
    }
    Some((0..size as u64).map(|cell| poisson(clock.seed, [index, cell], start, stop, rate)).collect())
}

fn poisson(seed: u64, key: [u64; 2], start: f64, stop: f64, rate: f64) -> Vec<f64> {
    let mut times = Vec::new();
    if rate > 0.0 {
        let mut stream = Stream::new(seed, Purpose::SpikeSource, key);
        let mut time = start;
        loop {
            time += stream.exponential() / rate;
            if time >= stop {
                break;
            }
            times.push(time);
        }
    }
    times
}

/// One list for all sources, or a list of lists, one for each.
fn given(node: &Node<'_>, size: usize) -> Option<Vec<Vec<f64>>> {
    let items = node.list()?;
    if !items.iter().any(Node::is_list) {
        return Some(vec![ascending(node, &items)?; size]);
    }
    if items.len() != size {
        node.wrong(
            ErrorKind::Value,
            format!("{} lists of spike times for {size} sources", items.len()),
            "one list for all, or one for each",
        );
        return None;
    }
    items.iter().map(|item| ascending(item, &item.list()?)).collect()
}

fn ascending(node: &Node<'_>, items: &[Node<'_>]) -> Option<Vec<f64>> {
    let times: Option<Vec<f64>> = items.iter().map(|n| n.not_negative(Dimension::TIME)).collect();
    let times = times?;
    if times.windows(2).any(|pair| pair[0] > pair[1]) {
        node.wrong(ErrorKind::Value, "spike times that go back", "write them in ascending order");
        return None;
    }
    Some(times)
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
            let size = populations[*population].population.size;
            *set =
                CellSet::Indices(cells::members(&node, size, &mut Stream::new(0, Purpose::Other, [0, 0]))?);
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
