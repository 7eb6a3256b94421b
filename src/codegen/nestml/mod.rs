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
use crate::error::Result;
use neuron::Text;

/// Values for the template of a model.
#[derive(Serialize)]
struct ModelPage<'a> {
    model: &'a Text,
    made_by: String,
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
