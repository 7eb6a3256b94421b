//! SONATA: nodes and edges, their types, components, configurations; a script that runs them in BMTK.
//!
//! The format leaves names and units of models to the simulator that a circuit is for. Networks of standard cells are for
//! NEST, those with cells with a shape for NEURON.

mod biophysical;
mod cells;
mod circuit;
mod nest;
mod results;
mod tables;

use serde::Serialize;

use super::python::{number, quoted};
use super::{Job, unsupported};
use crate::error::Result;
use crate::model::{PopulationCell, Position};
use biophysical::Made;
use circuit::{Populations, ms, spikes_file};
use results::ResultsText;
use tables::Edges;

/// What `run.py` is filled in with.
#[derive(Serialize)]
struct Run<'a> {
    made_by: String,
    title: &'a str,
    dt_ms: String,
    steps: u64,
    /// How much longer the simulator runs, ms, for what it tells late.
    longer_ms: String,
    /// Files of spikes that are given.
    given: Vec<String>,
    /// Point processes that are synapses.
    synapses: Vec<String>,
    /// NEURON's way of stepping.
    secondorder: u8,
    has_starts: bool,
    /// Populations whose nodes have parameters of their own.
    differing: Vec<String>,
    results: ResultsText,
    command: &'static str,
}

pub(super) fn generate(job: &mut Job<'_>) -> Result<()> {
    let model = job.model;
    let names = Populations::new(model);
    if !model.event_recordings.is_empty() {
        let message = "events beside the spikes of cells are recorded, which SONATA's spikes do not have";
        job.cannot(unsupported(message.to_string()));
    }
    let has_shapes = model.populations.iter().any(|p| matches!(p.cell, PopulationCell::Cable(_)));
    let (made, template, command) = match has_shapes {
        true => {
            let made = biophysical::circuit(job, &names)?;
            let command = "(cd components/mechanisms && nrnivmodl) && python run.py";
            (made, "sonata/run_bionet.py", command)
        }
        false => {
            let (circuit, results) = nest::circuit(job, &names)?;
            let made = Made { circuit, results, synapses: Vec::new(), secondorder: 0, has_starts: false };
            (made, "sonata/run_pointnet.py", "python run.py")
        }
    };
    let longest = made.circuit.edges.iter().flat_map(|e| &e.edges).map(|e| e.delay_ms).fold(0.0, f64::max);
    let differing = made.circuit.nodes.iter().filter(|nodes| !nodes.dynamics.is_empty());
    let run = Run {
        made_by: job.made_by(),
        title: &model.name,
        dt_ms: number(ms(model.run.dt_s)),
        steps: (model.run.duration_s / model.run.dt_s).round() as u64,
        longer_ms: number(longest + 2.0 * ms(model.run.dt_s)),
        given: made.circuit.given.iter().map(|(name, _)| quoted(&spikes_file(name))).collect(),
        synapses: made.synapses.iter().map(|name| quoted(name)).collect(),
        secondorder: made.secondorder,
        has_starts: made.has_starts,
        differing: differing.map(|nodes| quoted(&nodes.name)).collect(),
        results: made.results,
        command,
    };
    let text = job.fill(template, &run)?;
    made.circuit.write(job)?;
    job.out.text("run.py", text);
    job.out.command = command.to_string();
    Ok(())
}

/// Places of nodes, µm, if they have some.
fn positions(places: &[Position]) -> Vec<(&'static str, Vec<f64>)> {
    if places.is_empty() {
        return Vec::new();
    }
    ["x", "y", "z"]
        .into_iter()
        .enumerate()
        .map(|(k, axis)| (axis, places.iter().map(|p| p[k]).collect()))
        .collect()
}

/// The population of edges between two of nodes, a new one if there is none yet.
fn between(
    all: &mut Vec<Edges>,
    source: (String, usize),
    target: (String, usize),
    has_places: bool,
) -> &mut Edges {
    let at = all.iter().position(|edges| edges.source == source && edges.target == target);
    let at = at.unwrap_or_else(|| {
        let name = format!("{}_to_{}", source.0, target.0);
        all.push(Edges { name, source, target, has_places, ..Edges::default() });
        all.len() - 1
    });
    &mut all[at]
}
