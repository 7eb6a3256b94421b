//! The recipe: populations, what sits at points, connections, what is recorded.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::super::Job;
use super::super::columns::{Columns, TableText};
use super::super::layout::Layout;
use super::super::network::{Trains, detector_number, detector_outputs, has_own_step, spike_rows};
use super::super::nmodl::UNITS;
use super::super::nmodl::library::{Library, in_population};
use super::super::python::quoted;
use super::cells::CellText;
use super::clamps::{clamp, is_clamp};
use crate::engine::{What, threshold_v};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Connection, Model, Receiver, Sender};
use crate::output::DisplayUnit;
use crate::units::{Dimension, shifted};

/// Rows of a table up to which it stands in the script.
const SHORT: usize = 40;

/// What the recipe is made from.
pub(super) struct All<'a> {
    pub(super) model: &'a Model,
    pub(super) layout: &'a Layout,
    pub(super) library: &'a Library,
    pub(super) cells: &'a [CellText],
    pub(super) given: &'a [Option<Trains>],
}

/// What `run.py` is filled in with.
#[derive(Default, Serialize)]
pub(super) struct RunText {
    made_by: String,
    title: String,
    dt_ms: String,
    steps: u64,
    kelvin: String,
    ions: Vec<(String, i32)>,
    /// Populations: name, cell file or none for sources, how many, number of the first.
    populations: Vec<(String, String, usize, u64)>,
    starts: Vec<String>,
    points: Vec<String>,
    clamps: Vec<String>,
    detectors: Vec<String>,
    connections: Vec<String>,
    spike_times: Vec<String>,
    in_files: bool,
    tables_recorded: Vec<TableText<Probed>>,
    /// Files beside the script.
    #[serde(skip)]
    pub(super) tables: Vec<(&'static str, String)>,
}

/// A part of a column: number of the cell, probe, factor.
type Probed = (u64, String, String);

pub(super) fn recipe(job: &mut Job<'_>, all: &All<'_>, connections: &[Connection]) -> Result<RunText> {
    let (model, layout) = (all.model, all.layout);
    let mut ions: Vec<(String, i32)> = Vec::new();
    for ion in all.cells.iter().flat_map(|cell| &cell.ions) {
        if !ions.contains(ion) {
            ions.push(ion.clone());
        }
    }
    let mut out = RunText {
        made_by: job.made_by(),
        title: model.name.clone(),
        dt_ms: shifted(model.run.dt_s, -3),
        steps: (model.run.duration_s / model.run.dt_s).round() as u64,
        kelvin: shifted(model.temperature_k, 0),
        ions,
        ..RunText::default()
    };
    let mut unsupported = |p: usize, message: String| {
        job.cannot(in_population(Error::new(ErrorKind::Unsupported, message), model, p));
    };
    for ((p, population), first) in model.populations.iter().enumerate().zip(model.first_cells()) {
        let name = quoted(&population.name);
        if let Some(times) = &all.given[p] {
            out.populations.push((name.clone(), "None".to_string(), population.size, first));
            out.spike_times.extend(spike_rows(&name, times));
            continue;
        }
        let laid = &layout.populations[p];
        let Some(shape) = laid.shape else {
            unsupported(
                p,
                "Arbor has no cells without a shape but its own leaky and adaptive ones".to_string(),
            );
            continue;
        };
        if has_own_step(model, p) {
            unsupported(p, "Arbor has one time step for all cells, not one for each population".to_string());
        }
        if laid.differs() {
            let message =
                "parameters or states at the start that differ between cells are not made for Arbor";
            unsupported(p, message.to_string());
        }
        out.populations.push((name.clone(), quoted(&all.cells[shape].name), population.size, first));
        let branches = &all.cells[shape].branches;
        let shape = &layout.shapes[shape];
        let location = |node: u32| {
            let (section, x) = shape.place(node);
            branches.location(section, x)
        };
        for (c, cell) in laid.cells.iter().enumerate() {
            if let Some(v) = cell.initial_v {
                out.starts.push(format!("({name}, {c}): {}", UNITS.value(v, Dimension::VOLTAGE)));
            }
            for (placed, (label, first)) in cell.placed.iter().zip(&cell.names) {
                let Some(kind) = layout.kinds.get(placed.kind) else { continue };
                for (instance, node) in placed.nodes.iter().enumerate() {
                    let place = quoted(&location(*node));
                    let value = |parameter: &str| {
                        let at = kind.varying.iter().position(|known| known == parameter)?;
                        placed.values.get(at)?.get(instance).copied()
                    };
                    if is_clamp(&kind.dynamics) {
                        let mut own = (*kind.dynamics).clone();
                        for parameter in &mut own.parameters {
                            parameter.value = value(&parameter.name).unwrap_or(parameter.value);
                        }
                        if let Some(text) = clamp(&own, value("weight").unwrap_or(1.0)) {
                            out.clamps.push(format!("({name}, {c}, {}, {place}, {text})", quoted(label)));
                        }
                        continue;
                    }
                    let Some(mechanism) = all.library.point(placed.kind) else { continue };
                    out.points.push(format!(
                        "({name}, {c}, {}, {}, {}, {place}, {{{}}})",
                        quoted(label),
                        first + instance,
                        quoted(&mechanism.name),
                        mechanism.own_values(kind, placed, instance)
                    ));
                }
            }
            let is_output = detector_outputs(model, p);
            for (number, (node, threshold, _)) in cell.detectors.iter().enumerate() {
                out.detectors.push(format!(
                    "({name}, {c}, {number}, {}, {}, {})",
                    quoted(&location(*node)),
                    UNITS.value(*threshold, Dimension::VOLTAGE),
                    if is_output.get(number) == Some(&true) { "True" } else { "False" }
                ));
            }
        }
    }
    if !model.couplings.is_empty() {
        let message = format!(
            "{} contacts that read each other (gap junctions, graded synapses) are not made for Arbor",
            model.couplings.len()
        );
        job.cannot(Error::new(ErrorKind::Unsupported, message));
    }
    for projection in model.projections.iter().filter(|p| p.rule.is_some() || !p.recordings.is_empty()) {
        let message = "connections with equations of their own (plasticity) are not made for Arbor";
        let named = format!("projection '{}'", projection.name);
        job.cannot(Error::new(ErrorKind::Unsupported, message).in_element(named));
    }
    connect(job, &mut out, all, connections);
    record(job, &mut out, all);
    to_files(&mut out);
    Ok(out)
}

fn connect(job: &mut Job<'_>, out: &mut RunText, all: &All<'_>, connections: &[Connection]) {
    let model = all.model;
    let mut missing: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    for c in connections {
        let (population, cell) = c.target;
        let laid = &all.layout.populations[population];
        let Some(one) = laid.cells.get(cell).filter(|_| laid.shape.is_some()) else { continue };
        let slot = match c.receiver {
            Receiver::Synapse { synapse, point } => Some((synapse as usize, point as usize)),
            Receiver::Contact { attachments, contact } => all.layout.contact(attachments, contact),
            Receiver::Cell => None,
        };
        let detector = match c.sender {
            Sender::Cell => Some(0),
            Sender::Detector(d) => Some(detector_number(model, c.source.0, d)),
            Sender::Port(_) | Sender::Contact { .. } => None,
        };
        let named = slot
            .and_then(|(slot, instance)| one.names.get(slot).map(|(name, first)| (name, first + instance)));
        let (Some((name, instance)), Some(detector)) = (named, detector) else {
            *missing.entry((population, "have ends that Arbor's code lacks")).or_default() += 1;
            continue;
        };
        if c.port > 0 {
            *missing
                .entry((population, "lead to a second port, and Arbor's synapses have one"))
                .or_default() += 1;
            continue;
        }
        if c.delay_s <= 0.0 {
            *missing.entry((population, "have no delay, which Arbor needs")).or_default() += 1;
            continue;
        }
        let of = |p: usize| model.populations.get(p).map(|p| quoted(&p.name)).unwrap_or_default();
        out.connections.push(format!(
            "({}, {}, {detector}, {}, {cell}, {}, {instance}, {}, {})",
            of(c.source.0),
            c.source.1,
            of(population),
            quoted(name),
            shifted(c.weight, 0),
            shifted(c.delay_s, -3)
        ));
    }
    for ((population, what), count) in missing {
        let message = format!("{count} connections to it {what}");
        job.cannot(in_population(Error::new(ErrorKind::Unsupported, message), model, population));
    }
}

fn record(job: &mut Job<'_>, out: &mut RunText, all: &All<'_>) {
    let (model, layout) = (all.model, all.layout);
    let mut columns: Columns<Probed> = Columns::new(layout);
    for ((p, laid), first) in layout.populations.iter().enumerate().zip(model.first_cells()) {
        let Some(s) = laid.shape else { continue };
        for (c, cell) in laid.cells.iter().enumerate() {
            for (table, column, node, what) in &cell.recorded {
                let known = &layout.tables[*table].columns[*column];
                let place = columns.at(*table, *column);
                if let What::Fixed(value) = what {
                    place.1 += DisplayUnit::of(known.dimension).display(*value);
                    continue;
                }
                let above = match what {
                    What::Mechanism(_, variable) => threshold_v(variable),
                    _ => None,
                };
                if let Some((threshold, (probe, _))) = above.zip(probe(all, (p, c, s), *node, &What::V)) {
                    let factor = format!("above({})", UNITS.value(threshold, Dimension::VOLTAGE));
                    place.0.push((first + c as u64, probe, factor));
                    continue;
                }
                match probe(all, (p, c, s), *node, what) {
                    Some((probe, sign)) => {
                        let scale =
                            10f64.powi(UNITS.power(known.dimension)) / DisplayUnit::of(known.dimension).scale;
                        let scale = if (scale - 1.0).abs() < 1e-9 { sign } else { sign * scale };
                        place.0.push((first + c as u64, probe, shifted(scale, 0)));
                    }
                    None => {
                        let message = format!("'{}' is not recorded in Arbor", known.name);
                        job.cannot(in_population(Error::new(ErrorKind::Unsupported, message), model, p));
                    }
                }
            }
        }
    }
    out.tables_recorded = columns.texts(layout);
}

/// The probe that is `what`, and its sign.
fn probe(all: &All<'_>, (p, c, s): (usize, usize, usize), node: u32, what: &What) -> Option<(String, f64)> {
    let shape = &all.layout.shapes[s];
    let (section, x) = shape.place(node);
    let place = quoted(&all.cells[s].branches.location(section, x));
    match what {
        What::V => Some((format!("A.cable_probe_membrane_voltage({place}, "), 1.0)),
        What::Mechanism(index, variable) => {
            let mechanism = all.library.spread(s, *index)?;
            let (name, outward) = mechanism.recorded.get(variable)?;
            let own = &shape.plan.mechanisms.get(*index)?.mechanism;
            if own.is_pool && *name == format!("{}i", own.ion.as_deref()?) {
                let ion = quoted(own.ion.as_deref()?);
                return Some((format!("A.cable_probe_ion_int_concentration({place}, {ion}, "), 1.0));
            }
            let is_state = mechanism.states.iter().any(|q| q.name == *name);
            let text = format!(
                "A.cable_probe_density_state({place}, {}, {}, ",
                quoted(&mechanism.name),
                quoted(name)
            );
            (is_state && !outward).then_some((text, 1.0))
        }
        What::Placed(slot, instance, variable) => {
            let cell = all.layout.populations[p].cells.get(c)?;
            let mechanism = all.library.point(cell.placed.get(*slot)?.kind)?;
            let (name, outward) = mechanism.recorded.get(variable)?;
            let (label, first) = cell.names.get(*slot)?;
            let target = quoted(&format!("{label}[{}]", first + instance));
            let is_state = mechanism.states.iter().any(|q| q.name == *name);
            let text = format!(
                "A.cable_probe_point_state({target}, {}, {}, ",
                quoted(&mechanism.name),
                quoted(name)
            );
            (is_state && !outward).then_some((text, 1.0))
        }
        What::Cell(_) | What::Fixed(_) => None,
    }
}

/// Long tables go into files.
fn to_files(out: &mut RunText) {
    let times: usize = out.spike_times.iter().map(|row| row.matches(',').count()).sum();
    if out.points.len().max(out.connections.len()).max(times / 5) <= SHORT {
        return;
    }
    out.in_files = true;
    for (name, header, rows) in [
        ("points.txt", "# population, cell, name, instance, mechanism, place, values", &mut out.points),
        (
            "connections.txt",
            "# source population, cell, detector, target population, cell, name, instance, weight, delay (ms)",
            &mut out.connections,
        ),
        ("spike_times.txt", "# (population, cell): times (ms)", &mut out.spike_times),
    ] {
        let mut text = format!("{header}\n");
        for row in rows.drain(..) {
            let _ = writeln!(text, "{row}");
        }
        out.tables.push((name, text));
    }
}
