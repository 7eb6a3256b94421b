//! NESTML 9: models of neurons and synapses, and a Python script that builds them for NEST and makes the network.
//!
//! A kind of cells without a shape is one neuron model with its synapses as ports for spikes; one with a shape is a compartmental model
//! with its synapses as receptors.

mod cable;
mod cells;
mod formulas;
mod membrane;
mod network;
mod neuron;
mod synapse;
mod words;

use serde::Serialize;

use super::Job;
use super::played::Played;
use super::units::rounded;
use crate::error::Result;
use crate::model::Model;
use neuron::Text;

/// Values for the template of a model.
#[derive(Serialize)]
struct ModelPage<'a> {
    model: &'a Text,
    made_by: String,
}

/// What the scripts of both kinds of networks begin with, and what builds their models.
#[derive(Debug, Serialize)]
struct Head {
    title: String,
    made_by: String,
    command: String,
    dt: String,
    duration: String,
    models: Vec<String>,
    module: String,
    /// What of NESTML compiles the models.
    compiler: &'static str,
    /// Options of the compiler: which neurons hear which synapses, and what is the weight of a synapse, as JSON.
    pairs: String,
    weights: String,
}

impl Head {
    /// The head for `model`, whose neurons and synapses are `models`, none of them paired.
    fn of(job: &Job<'_>, model: &Model, models: &[Text], compiler: &'static str) -> Head {
        Head {
            title: model.name.clone(),
            made_by: job.made_by(),
            command: "python3 run.py results".into(),
            dt: crate::units::shifted(model.run.dt_s, -3),
            duration: crate::units::shifted(model.run.duration_s, -3),
            models: models.iter().map(|text| text.name.clone()).collect(),
            module: format!("{}_module", job.options.stem()),
            compiler,
            pairs: "[]".into(),
            weights: "{}".into(),
        }
    }
}

/// The given spikes of each cell, in ms.
fn in_ms(times_s: &[Vec<f64>]) -> Vec<Vec<f64>> {
    times_s.iter().map(|list| list.iter().map(|t| rounded(t * 1e3)).collect()).collect()
}

/// The steps at which a played current changes, and what it then is, pA.
fn changes(played: &Played) -> (Vec<u64>, Vec<f64>) {
    played.iter().map(|(step, amplitude)| (*step, rounded(amplitude * 1e12))).unzip()
}

pub(super) fn generate(job: &mut Job<'_>) -> Result<()> {
    if cable::has_shapes(job.model) {
        return cable::generate(job);
    }
    let network = network::Network::of(job)?;
    for model in &network.models {
        let page = ModelPage { model, made_by: job.made_by() };
        let text = job.fill("nestml/model.nestml", &page)?;
        job.out.text(format!("{}.nestml", model.name), format!("{}\n", text.trim_end()));
    }
    let script = network.script(job)?;
    job.out.text("connections.csv", network.table());
    job.out.text("data.json", network.data()?);
    if !network.models.is_empty() {
        let build = job.fill("nestml/build.py", &script)?;
        job.out.text("build.py", build);
    }
    let run = job.fill("nestml/run.py", &script)?;
    job.out.text("run.py", run);
    job.out.command = "python3 run.py results".into();
    Ok(())
}
