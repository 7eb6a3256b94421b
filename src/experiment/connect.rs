//! `[[connection]]`: spikes of one population to synapses of another, or to its cells themselves.

use std::collections::BTreeMap;

use super::cell::ReadCell;
use super::node::{Node, Table, suggestion};
use super::population::{self, ReadPopulation};
use super::receptor::{own_port, port_called, strength, wanted_sign};
use super::values::no_places;
use super::{drawn, pynn};
use crate::error::ErrorKind;
use crate::machine;
use crate::model::{
    Cells, Connection, Placed, PopulationCell, Receiver, Receptor, Run, Sender, Use, Value, cell_key,
};
use crate::morph::{Geometry, Morphology};
use crate::select::{Cable, Draw};
use crate::units::Dimension;

/// Connections at most, written one by one in memory.
const MAX_CONNECTIONS: usize = 100_000_000;
/// About what a connection takes in the model and when it runs, bytes.
const BYTES: f64 = 250.0;

/// Reads one `[[connection]]` into `out`.
pub(super) fn read(
    node: &Node<'_>,
    cells: &[ReadCell],
    populations: &[ReadPopulation],
    (seed, run): (u64, Option<Run>),
    out: &mut Vec<Connection>,
) -> Option<()> {
    let table = node.table()?;
    let named = |key: &str, example: &str| {
        table.need(key, example).and_then(|n| population::named(&n, populations).map(|p| (n, p)))
    };
    let from = named("from", "\"input\"");
    let to = named("to", "\"cells\"");
    let synapse = table.get("synapse");
    let pairs = table.need("pairs", "\"all_to_all\"");
    let points = table.get("points");
    let weight = table.get("weight");
    let delay = table.need("delay", "\"1 ms\"").and_then(|n| n.not_negative(Dimension::TIME));
    table.finish();
    let ((from_node, from), (to_node, to)) = (from?, to?);
    spiking(&from_node, from, cells, populations);
    let Some(target) = populations[to].cell.map(|i| &cells[i]) else {
        to_node.wrong(
            ErrorKind::Value,
            format!("`{}` is a source of spikes and has no synapses", populations[to].population.name),
            "connect to a population of cells",
        );
        return None;
    };
    let its = &populations[to].population;
    let receptor = match &synapse {
        None => own_port(&to_node, &its.cell, &its.name)?,
        Some(synapse) => match port_called(synapse, &its.cell) {
            Some(port) => Receptor { synapse: None, port },
            None => Receptor { synapse: Some(synapse_index(synapse, target)? as u32), port: 0 },
        },
    };
    let pairs = read_pairs(&pairs?, &populations[from], &populations[to])?;
    let (receptors, cells) = ([receptor], Cells::all(to));
    let weight = match weight {
        Some(node) => {
            let weight = drawn::quantity(&node, &strength(&receptors, &cells, populations))?;
            let sign = wanted_sign(&receptors, &cells, populations);
            pynn::check_sign(&node, &Value::Constant(weight), sign)?;
            weight
        }
        None => 1.0,
    };
    let (delay_s, dt_s) = (delay?, populations[to].step_s(run));
    // Given spikes are known beforehand and may arrive at once.
    if populations[from].cell.is_some() && delay_s < dt_s * (1.0 - 1e-9) {
        let message = format!("the delay is shorter than the time step of {} ms", dt_s * 1e3);
        node.wrong(ErrorKind::Value, message, "lengthen the delay or shorten the step");
        return None;
    }
    let port = receptor.port;
    let mut push = |source: usize, sink: usize, receiver: Receiver| {
        if out.len() >= MAX_CONNECTIONS {
            node.wrong(ErrorKind::Limit, "more than 100 million connections", "connect fewer cells");
            return None;
        }
        let (source, target, sender) = ((from, source), (to, sink), Sender::Cell);
        out.push(Connection { source, sender, target, receiver, port, weight, delay_s });
        Some(())
    };
    let Some(synapse) = receptor.synapse else {
        if let Some(node) = points {
            no_places(&node, "`points`");
            return None;
        }
        return pairs.into_iter().try_for_each(|(source, sink)| push(source, sink, Receiver::Cell));
    };
    let mut counts = Counts::new(&its.name, synapse as usize, target, seed);
    for (source, sink) in pairs {
        let count = counts.of(node, sink)?;
        for point in chosen(points.as_ref(), count)? {
            push(source, sink, Receiver::Synapse { synapse, point: point as u32 })?;
        }
    }
    Some(())
}

/// Reports a source of which nobody says when it spikes.
pub(super) fn spiking(node: &Node<'_>, index: usize, cells: &[ReadCell], populations: &[ReadPopulation]) {
    if let Some(cell) = populations[index].cell.map(|i| &cells[i])
        && cell.spike.is_none()
    {
        node.wrong(
            ErrorKind::Value,
            format!("the cell `{}` does not say where and when it spikes", cell.name),
            format!("add to [cell.{}]: spike = {{ at = \"soma\", threshold = \"-20 mV\" }}", cell.name),
        );
    }
}

pub(super) fn synapse_index(node: &Node<'_>, target: &ReadCell) -> Option<usize> {
    let name = node.text()?;
    let found = target.synapses().iter().position(|s| s.name == name);
    if found.is_none() {
        let known: Vec<&str> = target.synapses().iter().map(|s| s.name.as_str()).collect();
        let help = match known.is_empty() {
            true => format!("add it to [cell.{}.synapses]", target.name),
            false => suggestion(name, &known),
        };
        node.wrong(ErrorKind::Name, format!("the cell `{}` has no synapse `{name}`", target.name), help);
    }
    found
}

/// Which source cell goes to which target cell.
fn read_pairs(node: &Node<'_>, from: &ReadPopulation, to: &ReadPopulation) -> Option<Vec<(usize, usize)>> {
    let (sources, targets) = (from.population.size, to.population.size);
    match node.as_text() {
        Some("all_to_all") => {
            if sources.saturating_mul(targets) > MAX_CONNECTIONS {
                node.wrong(ErrorKind::Limit, "more than 100 million connections", "connect fewer cells");
                return None;
            }
            let count = sources * targets;
            let room = machine::has_room(count as f64 * BYTES, || format!("{count} connections"));
            if let Err(error) = room {
                node.wrong(ErrorKind::Limit, error.message(), "connect fewer cells");
                return None;
            }
            return Some((0..targets).flat_map(|t| (0..sources).map(move |s| (s, t))).collect());
        }
        Some("one_to_one") => {
            if sources != targets {
                node.wrong(
                    ErrorKind::Value,
                    format!("one_to_one between {sources} and {targets} cells"),
                    "the populations must be of one size; or list the pairs",
                );
                return None;
            }
            return Some((0..targets).map(|i| (i, i)).collect());
        }
        Some(text) => {
            let known = ["all_to_all", "one_to_one"];
            node.wrong(
                ErrorKind::Name,
                format!("`{text}` is no rule of connection"),
                suggestion(text, &known),
            );
            return None;
        }
        None => {}
    }
    if !node.is_list() {
        node.wrong(
            ErrorKind::Syntax,
            "expected which cells are connected",
            "\"all_to_all\", \"one_to_one\" or a list of pairs: [[0, 0], [0, 1]]",
        );
        return None;
    }
    let mut pairs = Vec::new();
    for item in node.list()? {
        let pair = item.list()?;
        let [source, target] = pair.as_slice() else {
            item.wrong(ErrorKind::Value, "not a pair", "[source cell, target cell], counted from 0");
            return None;
        };
        pairs.push((population::cell_index(source, sources)?, population::cell_index(target, targets)?));
    }
    Some(pairs)
}

/// How many points a synapse has on each cell of a population.
struct Counts<'a> {
    population: &'a str,
    synapse: usize,
    placed: &'a Placed,
    /// Shape of the cells, if they have one.
    shape: Option<(&'a Morphology, Geometry)>,
    seed: u64,
    known: BTreeMap<usize, usize>,
}

impl<'a> Counts<'a> {
    fn new(population: &'a str, synapse: usize, target: &'a ReadCell, seed: u64) -> Counts<'a> {
        let shape = match &target.cell {
            PopulationCell::Cable(cell) => Some((&*cell.morphology, Geometry::of(&cell.morphology))),
            _ => None,
        };
        let placed = &target.synapses()[synapse];
        Counts { population, synapse, placed, shape, seed, known: BTreeMap::new() }
    }

    fn of(&mut self, node: &Node<'_>, cell: usize) -> Option<usize> {
        let Some((morphology, geometry)) = &self.shape else { return Some(1) };
        // Places without chance are the same on every cell.
        let key = if self.placed.points.is_random() { cell } else { 0 };
        if let Some(count) = self.known.get(&key) {
            return Some(*count);
        }
        let use_id = Use::Synapse(self.synapse).id();
        let draw = Draw { seed: self.seed, cell: cell_key(self.population, cell), use_id };
        let points = node.accept(self.placed.points.evaluate(&Cable::new(morphology, geometry), &draw))?;
        self.known.insert(key, points.len());
        Some(points.len())
    }
}

/// `points = "all"`, `points = 3` or `points = [0, 3]`; all when not given.
fn chosen(node: Option<&Node<'_>>, count: usize) -> Option<Vec<usize>> {
    let Some(node) = node else { return Some((0..count).collect()) };
    if node.as_text() == Some("all") {
        return Some((0..count).collect());
    }
    node.one_or_more()?
        .iter()
        .map(|item| {
            let point = item.count()?;
            if point < count as u64 {
                return Some(point as usize);
            }
            let help = format!("there are {count} points with this synapse on the cell, counted from 0");
            item.wrong(ErrorKind::Value, format!("no point {point}"), help);
            None
        })
        .collect()
}

/// All `[[connection]]` of the file.
pub(super) fn read_all(
    root: &Table<'_>,
    cells: &[ReadCell],
    populations: &[ReadPopulation],
    (seed, run): (u64, Option<Run>),
) -> Option<Vec<Connection>> {
    let mut connections = Vec::new();
    let mut sound = true;
    if let Some(node) = root.get("connection") {
        for item in node.list()? {
            sound &= read(&item, cells, populations, (seed, run), &mut connections).is_some();
        }
    }
    sound.then_some(connections)
}
