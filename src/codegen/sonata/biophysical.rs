//! Networks of cells with a shape, in the names and units of NEURON.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::layout::{LaidCell, Layout};
use super::super::network::{detector_number, detector_outputs, has_own_step, source_spikes};
use super::super::nmodl::library::{Library, in_population};
use super::super::nmodl::{Dialect, Mechanism, UNITS};
use super::super::units::rounded;
use super::super::{Job, unsupported};
use super::cells::{Numbered, cell};
use super::circuit::{Circuit, NEURON, Populations, ms, pretty};
use super::results::{Part, Results, ResultsText, Stride};
use super::tables::{Edge, Nodes, Row};
use crate::dynamics::Dynamics;
use crate::engine::{PlacedAt, PointKind, What};
use crate::error::Result;
use crate::model::{Connection, Method, Model, PopulationCell, Receiver, Sender};
use crate::morph::swc;
use crate::units::Dimension;
use crate::wiring;

/// Synapses whose current from several connections is the sum of those from each.
const LINEAR: [&str; 6] = [
    "expOneSynapse",
    "expTwoSynapse",
    "expThreeSynapse",
    "alphaSynapse",
    "alphaCurrentSynapse",
    "expCondSynapse",
];

/// Steps after which BMTK writes what it has.
const STEPS_IN_BLOCK: u32 = 5000;

/// The circuit, where its results are, and the point processes that are synapses.
pub(super) struct Made {
    pub(super) circuit: Circuit,
    pub(super) results: ResultsText,
    pub(super) synapses: Vec<String>,
    pub(super) secondorder: u8,
    /// Whether nodes have a potential at the start of their own.
    pub(super) has_starts: bool,
}

/// What all parts are made from.
struct All<'a> {
    model: &'a Model,
    layout: &'a Layout,
    library: &'a Library,
    /// For each shape the numbers of its sections.
    numbered: &'a [Numbered],
    names: &'a Populations,
}

/// # Errors
/// If the model itself can't be drawn.
pub(super) fn circuit(job: &mut Job<'_>, names: &Populations) -> Result<Made> {
    let model = wiring::with_junctions(job.model)?;
    let model = &*model;
    if !model.couplings.is_empty() {
        job.cannot(unsupported("gap junctions and graded synapses are not said in SONATA's words".into()));
    }
    let layout = Layout::new(model)?;
    // All that is spread over membranes, and what hears spikes.
    let is_spread = |dynamics: &crate::dynamics::Dynamics| {
        let mut all = layout.shapes.iter().flat_map(|shape| &shape.plan.mechanisms);
        all.any(|spread| std::ptr::eq(&*spread.mechanism.dynamics, dynamics))
    };
    let written = |dynamics: &crate::dynamics::Dynamics| is_spread(dynamics) || hears(dynamics);
    let mut library = Library::new(job, model, &layout, Dialect::Neuron, &written)?;
    let numbered: Vec<Numbered> = layout.shapes.iter().map(Numbered::new).collect();
    let mut out = Circuit::new(NEURON);
    let given = source_spikes(model)?;
    let mut templates = Vec::new();
    for (s, shape) in layout.shapes.iter().enumerate() {
        let class = library.names.claim(super::super::neuron::cells::name(model, shape.population));
        let text = cell(&class, s, shape, &numbered[s], &library);
        let values = json!({ "cell": text, "made_by": job.made_by(), "title": model.name });
        let text = job.fill("sonata/cell.hoc", &values)?;
        out.component("templates_dir", &class, ".hoc", text);
        if !numbered[s].has_soma {
            let line = format!("'{class}' has no soma: its first section is called so");
            job.out.differences.push(line);
        }
        let mut morphology = None;
        if let PopulationCell::Cable(cell) = &model.populations[shape.population].cell {
            let (text, warnings) = swc::to_text(&cell.morphology);
            job.out.differences.extend(warnings.iter().map(|w| format!("morphology '{class}': {w}")));
            // Where a section goes on without a fork, or one begins within another, who reads the shape counts otherwise.
            let read =
                swc::read_str(&text, "morphology.swc").map_or(0, |read| read.morphology.sections.len());
            if read != shape.sections.len() {
                let line = format!(
                    "sections are counted as in the template of '{class}', which has {}; its SWC file, read by its forks, has {read}",
                    shape.sections.len()
                );
                job.out.differences.push(line);
            }
            morphology = Some(out.component("morphologies_dir", &class, ".swc", text));
        }
        let morphology = morphology.unwrap_or_default();
        templates.push((class, morphology.trim_end_matches(".swc").to_string()));
    }
    let all = All { model, layout: &layout, library: &library, numbered: &numbered, names };
    for (p, population) in model.populations.iter().enumerate() {
        let laid = &layout.populations[p];
        let name = names.of(p).to_string();
        if let Some(times) = &given[p] {
            let in_ms = |of: &Vec<f64>| of.iter().map(|t| ms(*t)).collect();
            out.give(&name, p, times.iter().map(in_ms).collect());
            continue;
        }
        let Some(shape) = laid.shape else {
            let message =
                "cells without a shape stand beside cells with one: SONATA names those of NEURON alone";
            let error = unsupported(message.into()).help("choose the target neuron");
            job.cannot(in_population(error, model, p));
            continue;
        };
        if has_own_step(model, p) {
            let error = unsupported("it has a time step of its own".into()).help("give all one step");
            job.cannot(in_population(error, model, p));
        }
        if laid.differs() {
            let message = "parameters or states at the start that differ between cells with a shape are not made for SONATA";
            job.cannot(in_population(unsupported(message.into()), model, p));
        }
        let (class, morphology) = &templates[shape];
        let of_type: Row = vec![
            ("model_type", "biophysical".into()),
            ("model_template", format!("hoc:{class}")),
            ("morphology", morphology.clone()),
        ];
        out.nodes.push(Nodes {
            name,
            size: population.size,
            type_id: p as u64,
            of_type,
            columns: super::positions(&population.positions),
            dynamics: Vec::new(),
        });
        clamps(&mut out, job, &all, p);
    }
    let has_starts = starts(&mut out, job, &all);
    thresholds(&mut out, job, &all);
    connect(&mut out, job, &all)?;
    let mut results = Results::new(job.model, &layout);
    record(&mut out, job, &all, &mut results);
    let results = results.finish(&mut out, names);
    for mechanism in library.written() {
        let values = json!({ "mechanism": mechanism, "made_by": job.made_by() });
        let text = job.fill("neuron/mechanism.mod", &values)?;
        out.component("mechanisms_dir", &mechanism.name, ".mod", text);
    }
    if !out.given.is_empty() {
        let text = job.fill("neuron/spike_source.mod", &json!({ "made_by": job.made_by() }))?;
        out.component("mechanisms_dir", "spike_source", ".mod", text);
    }
    out.run.insert("nsteps_block".into(), json!(STEPS_IN_BLOCK));
    let secondorder = if model.run.method == Method::BackwardEuler { 0 } else { 2 };
    if secondorder > 0 {
        out.run.insert("integration_method".into(), json!(secondorder));
    }
    if model.run.method == Method::DampedCrankNicolson {
        job.out.differences.push("Crank-Nicolson is not damped: NEURON's secondorder = 2".to_string());
    }
    let synapses = library.written().iter().filter(|m| m.is_point).map(|m| m.name.clone()).collect();
    Ok(Made { circuit: out, results, synapses, secondorder, has_starts })
}

/// Whether something at a point is a synapse: spikes do something to it.
fn hears(dynamics: &Dynamics) -> bool {
    dynamics.events.iter().any(|event| !event.assignments.is_empty())
}

/// The potential at the start (mV): one for all, or else one of each node. Whether nodes have their own.
fn starts(out: &mut Circuit, job: &mut Job<'_>, all: &All<'_>) -> bool {
    let mut own: Vec<(usize, Vec<f64>)> = Vec::new();
    for (p, laid) in all.layout.populations.iter().enumerate() {
        let Some(shape) = laid.shape.map(|s| &all.layout.shapes[s]) else { continue };
        let of_kind = &shape.plan.initial_v;
        let first = of_kind.first().copied().unwrap_or(f64::NAN);
        let takes_kind = laid.cells.iter().any(|cell| cell.initial_v.is_none());
        if takes_kind && of_kind.iter().any(|v| *v != first) {
            let message = "the potential at the start differs along a cell: SONATA has one for each";
            job.cannot(in_population(unsupported(message.into()), all.model, p));
        }
        let of = |cell: &LaidCell| rounded(cell.initial_v.unwrap_or(first) * 1e3);
        own.push((p, laid.cells.iter().map(of).collect()));
    }
    let Some(first) = own.iter().flat_map(|(_, each)| each).next().copied() else { return false };
    out.conditions.insert("v_init".into(), json!(first));
    if own.iter().flat_map(|(_, each)| each).all(|v| *v == first) {
        return false;
    }
    for (p, each) in own {
        let nodes = out.nodes.iter_mut().find(|nodes| nodes.name == all.names.of(p));
        nodes.into_iter().for_each(|nodes| nodes.columns.push(("v_init", each.clone())));
    }
    let line = "run.py starts each cell with the v_init of its node; BMTK alone takes one for all";
    job.out.differences.push(line.to_string());
    true
}

/// The threshold of spikes, which is one for all, at the middle of the soma.
fn thresholds(out: &mut Circuit, job: &mut Job<'_>, all: &All<'_>) {
    let mut known: Option<f64> = None;
    for (p, laid) in all.layout.populations.iter().enumerate() {
        let Some(s) = laid.shape else { continue };
        let (shape, numbered) = (&all.layout.shapes[s], &all.numbered[s]);
        let mut cannot = |message: &str| job.cannot(in_population(unsupported(message.into()), all.model, p));
        if detector_outputs(all.model, p).iter().skip(1).any(|is_output| *is_output) {
            cannot("its cells have several spike detectors: SONATA has one, at the soma");
        }
        let soma = numbered.soma();
        let middle = shape.sections.get(soma).map(|section| section.cvs.start + section.cvs.len() / 2);
        let in_middle = |node: u32| {
            all.layout.shapes[s].plan.discretisation.node_cv.get(node as usize).map(|cv| *cv as usize)
                == middle
        };
        let firsts: Vec<_> = laid.cells.iter().map(|cell| cell.detectors.first()).collect();
        if firsts.iter().flatten().any(|(node, ..)| !in_middle(*node)) {
            cannot(
                "its spikes are detected elsewhere than at the middle of the soma: SONATA has no place for them",
            );
        }
        if firsts.iter().flatten().any(|(_, v, _)| *known.get_or_insert(*v) != *v) {
            cannot("thresholds of spikes differ: SONATA has one for all cells");
        }
        if firsts.iter().any(Option::is_none) {
            let name = &all.model.populations[p].name;
            let line = format!("spikes of '{name}', where neuropil detects none, are in the output");
            job.out.differences.push(line);
        }
    }
    if let Some(v) = known {
        out.run.insert("spike_threshold".into(), json!(rounded(v * 1e3)));
        job.out.differences.push(
            "a spike has the time of the end of the step in which the threshold is passed, not the one between"
                .to_string(),
        );
    }
}

/// What instance `instance` has as the value of a parameter, SI.
fn own_value(kind: &PointKind, placed: &PlacedAt, instance: usize, name: &str) -> Option<f64> {
    let varies = kind.varying.iter().position(|known| known == name);
    match varies.and_then(|k| placed.values.get(k)) {
        Some(column) => column.get(instance).copied(),
        None => kind.dynamics.parameter(name).map(|p| p.value),
    }
}

/// Steps of current into cells of population `p`; those that are alike are one input.
fn clamps(out: &mut Circuit, job: &mut Job<'_>, all: &All<'_>, p: usize) {
    let laid = &all.layout.populations[p];
    let Some(s) = laid.shape else { return };
    let (shape, numbered) = (&all.layout.shapes[s], &all.numbered[s]);
    let mut found: Vec<(String, Value, Vec<usize>)> = Vec::new();
    let mut refused: BTreeMap<String, &str> = BTreeMap::new();
    for (c, cell) in laid.cells.iter().enumerate() {
        for (placed, (name, _)) in cell.placed.iter().zip(&cell.names) {
            let Some(kind) = all.layout.kinds.get(placed.kind).filter(|kind| !hears(&kind.dynamics)) else {
                continue;
            };
            if !kind.dynamics.is_a("pulseGenerator") {
                refused.insert(name.clone(), &kind.dynamics.component_type);
                continue;
            }
            for (instance, node) in placed.nodes.iter().enumerate() {
                let of = |name: &str| own_value(kind, placed, instance, name);
                let weight = of("weight").unwrap_or(1.0);
                let (section, x) = numbered.place(shape, *node);
                let (array, index) = numbered.section(section);
                let (delay, duration) = (of("delay").unwrap_or(0.0), of("duration").unwrap_or(0.0));
                // A pulse without an end is one up to the end of the run.
                let duration = duration.min((all.model.run.duration_s - delay).max(0.0));
                let value = json!({
                    "input_type": "current_clamp",
                    "module": "IClamp",
                    "delay": ms(delay),
                    "duration": ms(duration),
                    "amp": rounded(weight * of("amplitude").unwrap_or(0.0) * 1e9),
                    "section_name": array,
                    "section_index": index,
                    "section_dist": rounded(x),
                });
                match found
                    .iter_mut()
                    .find(|(n, v, cells)| n == name && *v == value && cells.last() != Some(&c))
                {
                    Some((.., cells)) => cells.push(c),
                    None => found.push((name.clone(), value, vec![c])),
                }
            }
        }
    }
    for (name, kind) in refused {
        let message = format!("stimulus '{name}' ({kind}): SONATA injects steps of current alone");
        job.cannot(in_population(unsupported(message), all.model, p));
    }
    for (wanted, mut value, cells) in found {
        let set = out.set(&wanted, all.names.of(p), &cells, laid.cells.len());
        value["node_set"] = json!(set);
        let name = out.claim(&wanted);
        out.clamps.push((name, value));
    }
}

fn connect(out: &mut Circuit, job: &mut Job<'_>, all: &All<'_>) -> Result<()> {
    let model = all.model;
    let mut parts = vec![("connections".to_string(), model.connections.clone())];
    for (number, projection) in model.projections.iter().enumerate() {
        if projection.rule.is_some() {
            let error = unsupported("plasticity of connections is not said in SONATA's words yet".into());
            job.cannot(error.in_element(format!("projection '{}'", projection.name)));
            continue;
        }
        let own = wiring::connections_of(model, number, wiring::MOST_LISTED)?;
        parts.push((projection.name.clone(), own));
    }
    // How many connections an instance of a synapse that is not linear hears.
    let mut heard: BTreeMap<(usize, usize, usize, usize), (usize, String)> = BTreeMap::new();
    for (label, connections) in &parts {
        let mut missing: BTreeMap<String, usize> = BTreeMap::new();
        for c in connections {
            match received(all, c) {
                Ok(at) => {
                    if !LINEAR.contains(&at.kind.dynamics.component_type.as_str()) {
                        let key = (c.target.0, c.target.1, at.slot, at.instance);
                        heard.entry(key).or_insert_with(|| (0, at.kind.name.clone())).0 += 1;
                    }
                    lead(out, all, label, c, &at);
                }
                Err(reason) => *missing.entry(reason).or_default() += 1,
            }
        }
        for (reason, count) in missing {
            let error = unsupported(format!("{count} of its connections {reason}"));
            job.cannot(error.in_element(format!("projection '{label}'")));
        }
    }
    let mut shared: Vec<String> = heard.into_values().filter(|(n, _)| *n > 1).map(|(_, name)| name).collect();
    shared.sort();
    shared.dedup();
    for name in shared {
        job.out.differences.push(format!(
            "each connection has a '{name}' of its own, where neuropil has one for all that arrive at a place"
        ));
    }
    Ok(())
}

/// Where a connection leads.
struct Received<'a> {
    kind: &'a PointKind,
    mechanism: &'a Mechanism,
    placed: &'a PlacedAt,
    slot: usize,
    instance: usize,
    place: (usize, f64),
}

/// Where a connection leads; or what is wrong with it.
fn received<'a>(all: &All<'a>, c: &Connection) -> std::result::Result<Received<'a>, String> {
    let sends = match c.sender {
        Sender::Cell | Sender::Port(_) => true,
        Sender::Detector(d) => detector_number(all.model, c.source.0, d) == 0,
        Sender::Contact { .. } => false,
    };
    if !sends {
        return Err("begin at another place than the soma".to_string());
    }
    let of = || -> Option<Received<'a>> {
        let laid = all.layout.populations.get(c.target.0)?;
        let s = laid.shape?;
        let cell: &LaidCell = laid.cells.get(c.target.1)?;
        let (slot, instance) = match c.receiver {
            Receiver::Synapse { synapse, point } => (synapse as usize, point as usize),
            Receiver::Contact { attachments, contact } => all.layout.contact(attachments, contact)?,
            Receiver::Cell => return None,
        };
        let placed = cell.placed.get(slot)?;
        let (kind, mechanism) = (all.layout.kinds.get(placed.kind)?, all.library.point(placed.kind)?);
        let place = all.numbered[s].place(&all.layout.shapes[s], *placed.nodes.get(instance)?);
        Some(Received { kind, mechanism, placed, slot, instance, place })
    };
    let found = of().ok_or("end at what is no synapse on a cell with a shape")?;
    match c.port {
        0 => Ok(found),
        _ => Err("end at a second port of their synapse".to_string()),
    }
}

/// Adds an edge, and its type if that is new.
fn lead(out: &mut Circuit, all: &All<'_>, label: &str, c: &Connection, at: &Received<'_>) {
    let mechanism = at.mechanism;
    let mut parameters = Map::new();
    for (name, known) in &mechanism.names {
        let Some(parameter) = at.kind.dynamics.parameter(name) else { continue };
        if mechanism.range.contains(known)
            && let Some(si) = own_value(at.kind, at.placed, at.instance, name)
            && let Ok(value) = UNITS.value(si, parameter.dimension).parse::<f64>()
        {
            parameters.insert(known.clone(), json!(value));
        }
    }
    let text = pretty(&Value::Object(parameters));
    let file = out.component("synaptic_models_dir", &mechanism.name, ".json", text);
    let row: Row = vec![
        ("model_template", mechanism.name.clone()),
        ("dynamics_params", file),
        ("projection", label.to_string()),
    ];
    let end = |p: usize| (all.names.of(p).to_string(), all.model.populations[p].size);
    let edges = super::between(&mut out.edges, end(c.source.0), end(c.target.0), true);
    let kind = edges.types.iter().position(|known| *known == row).unwrap_or_else(|| {
        edges.types.push(row);
        edges.types.len() - 1
    });
    edges.edges.push(Edge {
        source: c.source.1 as u32,
        target: c.target.1 as u32,
        kind,
        weight: c.weight,
        delay_ms: ms(c.delay_s),
        place: (at.place.0, rounded(at.place.1)),
    });
}

fn record(out: &mut Circuit, job: &mut Job<'_>, all: &All<'_>, results: &mut Results<'_>) {
    for (p, laid) in all.layout.populations.iter().enumerate() {
        let Some(s) = laid.shape else { continue };
        let (shape, numbered) = (&all.layout.shapes[s], &all.numbered[s]);
        let mut refused: Vec<&str> = Vec::new();
        for (c, cell) in laid.cells.iter().enumerate() {
            for (table, column, node, what) in &cell.recorded {
                let known = match what {
                    What::V => {
                        let start = cell.initial_v.or(shape.plan.initial_v.get(*node as usize).copied());
                        Some(("v".to_string(), 1.0, start))
                    }
                    What::Mechanism(index, variable) => spread(all, s, *index, variable),
                    _ => None,
                };
                let of = all.layout.tables.get(*table).and_then(|t| t.columns.get(*column));
                let Some((variable, sign, start)) = known else {
                    refused.extend(of.map(|column| column.name.as_str()));
                    continue;
                };
                let dimension = of.map_or(Dimension::NONE, |column| column.dimension);
                let unit = sign * 10f64.powi(UNITS.power(dimension));
                let place = numbered.place(shape, *node);
                let place = (place.0, rounded(place.1));
                let start = start.map(|si| rounded(si / unit));
                let part =
                    Part { population: all.names.of(p), cell: c, variable: &variable, place, unit, start };
                results.add(out, (*table, *column), &part, Stride::EveryStep);
            }
        }
        if let Some(first) = refused.first() {
            let message =
                format!("{} columns, such as '{first}', are not reported in SONATA's words", refused.len());
            let help = "potentials, and what channels and pools have are";
            job.cannot(in_population(unsupported(message).help(help), all.model, p));
        }
    }
}

/// What NEURON calls a variable of a mechanism on a section; its sign there; its value at the start is not known.
fn spread(all: &All<'_>, s: usize, index: usize, variable: &str) -> Option<(String, f64, Option<f64>)> {
    let mechanism = all.library.spread(s, index)?;
    let (name, outward) = mechanism.recorded.get(variable)?;
    let sign = if *outward { -1.0 } else { 1.0 };
    if mechanism.range.contains(name) {
        return Some((format!("{name}_{}", mechanism.name), sign, None));
    }
    // Concentrations are variables of the segment.
    mechanism.states.iter().any(|s| s.name == *name).then(|| (name.clone(), sign, None))
}
