//! Populations, what sits at points, who sends spikes to whom.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::super::Job;
use super::super::layout::Layout;
use super::super::merge::Merged;
use super::super::network::{Trains, detector_number, detector_outputs, has_own_step, spike_rows};
use super::super::nmodl::UNITS;
use super::super::nmodl::library::{Library, in_population};
use super::super::python::quoted;
use super::cells::{CellText, fraction};
use super::noise::noise;
use super::points::{PointCells, Row};
use super::rules::Rules;
use crate::engine::own_port;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Connection, Model, PopulationCell, Receiver, Sender};
use crate::units::{Dimension, push_shifted};

/// Rows of a table up to which it stands in the script.
const SHORT: usize = 40;

/// The network as `run.py` takes it.
#[derive(Default, Serialize)]
pub(super) struct NetworkText {
    /// Populations of cells with a shape: name, function, how many.
    populations: Vec<(String, String, usize)>,
    /// Potentials at the start by cell: population, list.
    starts: Vec<(String, String)>,
    /// Populations of cells without a shape: name, mechanism, how many.
    point_populations: Vec<(String, String, usize)>,
    /// Numbers that differ between them: population, variable, list.
    values: Vec<String>,
    /// States at the start that differ between them.
    states: Vec<String>,
    /// Populations that only send: name, how many.
    sources: Vec<(String, usize)>,
    /// Whether there are any.
    pub(super) has_sources: bool,
    /// What sits at points, as rows; empty if it stands in a file.
    points: Vec<String>,
    points_in_file: bool,
    /// Pairs of points that read each other's potential.
    couplings: Vec<String>,
    /// Spike detectors: population, section, x, threshold, for all its cells or for one.
    detectors: Vec<String>,
    connections: Vec<String>,
    connections_in_file: bool,
    /// Connections with equations of their own.
    rules: Vec<String>,
    rules_in_file: bool,
    /// Whether noise is played.
    noise: bool,
    /// Whether a section is needed that things sit on.
    hub: bool,
    spike_times: Vec<String>,
    spike_times_in_file: bool,
    values_in_file: bool,
    /// Numbers of the first cells of populations.
    first_cells: Vec<(String, u64)>,
    /// Files beside the script.
    #[serde(skip)]
    pub(super) tables: Vec<(&'static str, String)>,
}

/// What the network is made from.
#[derive(Clone, Copy)]
pub(super) struct All<'a> {
    pub(super) model: &'a Model,
    pub(super) layout: &'a Layout,
    pub(super) library: &'a Library,
    pub(super) points: &'a PointCells,
    pub(super) cells: &'a [CellText],
}

pub(super) fn network(
    job: &mut Job<'_>,
    all: &All<'_>,
    given: &[Option<Trains>],
    connections: &[Connection],
    rules: &Rules,
) -> Result<NetworkText> {
    let All { model, layout, library, points: point_cells, cells } = *all;
    let mut out = NetworkText::default();
    for ((p, population), first) in model.populations.iter().enumerate().zip(model.first_cells()) {
        let name = quoted(&population.name);
        out.first_cells.push((name.clone(), first));
        if let Some(times) = &given[p] {
            out.sources.push((name.clone(), population.size));
            out.spike_times.extend(spike_rows(&name, times));
            continue;
        }
        let laid = &layout.populations[p];
        if has_own_step(model, p) {
            let message = "NEURON has one time step for all cells, not one for each population";
            job.cannot(in_population(Error::new(ErrorKind::Unsupported, message), model, p));
        }
        let Some(shape) = laid.shape else {
            if let Some((mechanism, _)) = point_cells.of(p) {
                out.point_populations.push((name.clone(), mechanism.name.clone(), population.size));
                out.values.extend(point_cells.values(model, layout, p).iter().map(Row::text));
                out.states.extend(point_cells.starts(model, layout, p).iter().map(Row::text));
            }
            continue;
        };
        out.populations.push((name.clone(), cells[shape].class.clone(), population.size));
        if laid.cells.iter().any(|cell| cell.initial_v.is_some()) {
            let own = |cell: &super::super::layout::LaidCell| {
                cell.initial_v.map_or("None".to_string(), |v| UNITS.value(v, Dimension::VOLTAGE))
            };
            let list: Vec<String> = laid.cells.iter().map(own).collect();
            out.starts.push((name.clone(), format!("[{}]", list.join(", "))));
        }
        if laid.differs() {
            let message = "parameters or states at the start that differ between cells with a shape are not made for NEURON";
            job.cannot(in_population(Error::new(ErrorKind::Unsupported, message), model, p));
        }
        points(&mut out, model, layout, library, p);
        detectors(&mut out, model, layout, p);
    }
    out.has_sources = !out.sources.is_empty();
    for coupling in &model.couplings {
        let end = |(list, contact): (u32, u32)| -> Option<String> {
            let attachments = model.attachments.get(list as usize)?;
            let cell = attachments.contacts.get(contact as usize)?.cell as usize;
            let (slot, instance) = layout.contact(list, contact)?;
            let (name, first) =
                layout.populations.get(attachments.population)?.cells.get(cell)?.names.get(slot)?;
            let population = quoted(&model.populations.get(attachments.population)?.name);
            Some(format!("({population}, {cell}, {}, {})", quoted(name), first + instance))
        };
        if let (Some(one), Some(other)) = (end(coupling.one), end(coupling.other)) {
            out.couplings.push(format!("({one}, {other})"));
        }
    }
    connect(job, &mut out, all, connections);
    out.rules = rules.rows(job, all);
    if let Some(text) = noise(job, all) {
        out.tables.push(("noise.txt", text));
        out.noise = true;
    }
    out.hub = !out.point_populations.is_empty() || !out.rules.is_empty();
    to_files(&mut out);
    Ok(out)
}

fn points(out: &mut NetworkText, model: &Model, layout: &Layout, library: &Library, p: usize) {
    let population = &model.populations[p];
    let laid = &layout.populations[p];
    let Some(shape) = laid.shape.map(|s| &layout.shapes[s]) else { return };
    for (c, cell) in laid.cells.iter().enumerate() {
        for (placed, (name, _)) in cell.placed.iter().zip(&cell.names) {
            let (Some(mechanism), Some(kind)) = (library.point(placed.kind), layout.kinds.get(placed.kind))
            else {
                continue;
            };
            for (instance, node) in placed.nodes.iter().enumerate() {
                let (section, x) = shape.place(*node);
                out.points.push(format!(
                    "({}, {c}, {}, {}, {}, {}, {{{}}})",
                    quoted(&population.name),
                    quoted(name),
                    quoted(&mechanism.name),
                    quoted(&shape.sections[section].name),
                    fraction(x),
                    mechanism.own_values(kind, placed, instance)
                ));
            }
        }
    }
}

/// The spike detectors of a population: one row if they are at one place on all cells.
fn detectors(out: &mut NetworkText, model: &Model, layout: &Layout, p: usize) {
    let laid = &layout.populations[p];
    let Some(shape) = laid.shape.map(|s| &layout.shapes[s]) else { return };
    let is_output = detector_outputs(model, p);
    let name = quoted(&model.populations[p].name);
    for (number, output) in is_output.iter().enumerate() {
        let places: Vec<Option<(usize, f64, f64)>> = laid
            .cells
            .iter()
            .map(|cell| {
                cell.detectors.get(number).map(|(node, threshold, _)| {
                    let (section, x) = shape.place(*node);
                    (section, x, *threshold)
                })
            })
            .collect();
        let output = if *output { "True" } else { "False" };
        let row = |cells: &str, (section, x, threshold): (usize, f64, f64)| {
            format!(
                "({name}, {cells}, {number}, {}, {}, {}, {output})",
                quoted(&shape.sections[section].name),
                fraction(x),
                UNITS.value(threshold, Dimension::VOLTAGE)
            )
        };
        match places.first() {
            Some(Some(first)) if places.iter().all(|place| *place == Some(*first)) => {
                out.detectors.push(row(&format!("range({})", places.len()), *first));
            }
            _ => {
                for (cell, place) in places.iter().enumerate() {
                    out.detectors.extend(place.map(|place| row(&format!("[{cell}]"), place)));
                }
            }
        }
    }
}

/// Where a connection leads: name and instance of a point; a port.
pub(super) fn receiver(all: &All<'_>, c: &Connection) -> Option<(String, usize, usize)> {
    let (population, cell) = c.target;
    let laid = all.layout.populations.get(population)?.cells.get(cell)?;
    let (slot, instance) = match c.receiver {
        Receiver::Synapse { synapse, point } => (synapse as usize, point as usize),
        Receiver::Contact { attachments, contact } => all.layout.contact(attachments, contact)?,
        Receiver::Cell => {
            let (mechanism, _) = all.points.of(population)?;
            let PopulationCell::Point(point) = &all.model.populations.get(population)?.cell else {
                return None;
            };
            let port = *point.dynamics.in_ports().get(usize::from(c.port))?;
            let number = mechanism.ports.iter().position(|known| known == port)?;
            return Some((String::new(), 0, number));
        }
    };
    if let Some((mechanism, merged)) = all.points.of(population) {
        let part = merged.part(cell, slot, instance)?;
        let kind = all.layout.kinds.get(part.kind)?;
        let port = Merged::inside(part, kind.dynamics.in_ports().get(usize::from(c.port))?);
        // What an event does to something that nobody looks at is nothing.
        let number = mechanism.ports.iter().position(|known| *known == port).unwrap_or(mechanism.ports.len());
        return Some((String::new(), 0, number));
    }
    let (name, first) = laid.names.get(slot)?;
    Some((name.clone(), first + instance, usize::from(c.port)))
}

/// The number of the detector that sends a connection's spikes.
pub(super) fn sender(model: &Model, c: &Connection) -> Option<usize> {
    match c.sender {
        Sender::Cell => Some(0),
        Sender::Detector(d) => Some(detector_number(model, c.source.0, d)),
        Sender::Port(port) => {
            let PopulationCell::Point(cell) = &model.populations.get(c.source.0)?.cell else { return None };
            (own_port(&cell.dynamics) == Some(usize::from(port))).then_some(0)
        }
        Sender::Contact { .. } => None,
    }
}

/// About how long the text of a connection is.
const ROW: usize = 80;

fn connect(job: &mut Job<'_>, out: &mut NetworkText, all: &All<'_>, connections: &[Connection]) {
    let model = all.model;
    let mut missing: BTreeMap<usize, usize> = BTreeMap::new();
    let labels: Vec<String> = model.populations.iter().map(|p| quoted(&p.name)).collect();
    for c in connections {
        let (population, cell) = c.target;
        let (Some((name, instance, port)), Some(detector)) = (receiver(all, c), sender(model, c)) else {
            *missing.entry(population).or_default() += 1;
            continue;
        };
        let of = |p: usize| labels.get(p).map(String::as_str).unwrap_or_default();
        let mut row = String::with_capacity(ROW);
        let name = if name.is_empty() { "None".to_string() } else { quoted(&name) };
        let _ = write!(
            row,
            "({}, {}, {detector}, {}, {cell}, {name}, {instance}, {port}, ",
            of(c.source.0),
            c.source.1,
            of(population),
        );
        push_shifted(&mut row, c.weight, 0);
        row.push_str(", ");
        push_shifted(&mut row, c.delay_s, -3);
        row.push(')');
        out.connections.push(row);
    }
    for (population, count) in missing {
        let message = format!("{count} connections to it have ends that NEURON's code lacks");
        job.cannot(in_population(Error::new(ErrorKind::Unsupported, message), model, population));
    }
}

/// Long tables go into files.
fn to_files(out: &mut NetworkText) {
    let csv = |header: &str, rows: &[String]| {
        let size: usize = rows.iter().map(|row| row.len() + 1).sum();
        let mut text = String::with_capacity(header.len() + 1 + size);
        text.push_str(header);
        text.push('\n');
        for row in rows {
            text.push_str(row.trim_start_matches('(').trim_end_matches(')'));
            text.push('\n');
        }
        text
    };
    if out.points.len() > SHORT {
        let rows = std::mem::take(&mut out.points);
        out.tables
            .push(("points.txt", csv("# population, cell, name, mechanism, section, x, values", &rows)));
        out.points_in_file = true;
    }
    if out.connections.len() > SHORT {
        let rows = std::mem::take(&mut out.connections);
        let header = "# source population, cell, detector, target population, cell, name, instance, port, weight, delay (ms)";
        out.tables.push(("connections.txt", csv(header, &rows)));
        out.connections_in_file = true;
    }
    if out.rules.len() > SHORT {
        let rows = std::mem::take(&mut out.rules);
        let header = "# as RULES in run.py";
        out.tables.push(("rules.txt", csv(header, &rows)));
        out.rules_in_file = true;
    }
    let numbers: usize = out.values.iter().chain(&out.states).map(|row| row.matches(',').count()).sum();
    if numbers > 5 * SHORT {
        let header = "# population, variable, a value for each cell";
        out.tables.push(("values.txt", csv(header, &std::mem::take(&mut out.values))));
        out.tables.push(("states.txt", csv(header, &std::mem::take(&mut out.states))));
        out.values_in_file = true;
    }
    let times: usize = out.spike_times.iter().map(|row| row.matches(',').count()).sum();
    if times > 5 * SHORT {
        let rows = std::mem::take(&mut out.spike_times);
        let header = "# (population, cell): times (ms)\n";
        let size: usize = rows.iter().map(|row| row.len() + 1).sum();
        let mut text = String::with_capacity(header.len() + size);
        text.push_str(header);
        for row in rows {
            text.push_str(&row);
            text.push('\n');
        }
        out.tables.push(("spike_times.txt", text));
        out.spike_times_in_file = true;
    }
}
