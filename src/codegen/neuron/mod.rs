//! NEURON: NMODL files, cells and network in Python, connections in a table.

pub(super) mod cells;
mod network;
mod noise;
mod points;
mod record;
mod rules;

use serde::Serialize;

use super::Job;
use super::layout::Layout;
use super::network::source_spikes;
use super::nmodl::Dialect;
use super::nmodl::library::Library;
use crate::error::Result;
use crate::model::{Method, PointStep};
use crate::wiring;
use cells::CellText;
use network::NetworkText;
use points::PointCells;
use record::RecordText;
use rules::Rules;

/// What `run.py` is filled in with.
#[derive(Serialize)]
struct RunText<'a> {
    made_by: String,
    title: &'a str,
    dt_ms: String,
    steps: u64,
    celsius: String,
    secondorder: u8,
    network: NetworkText,
    record: RecordText,
    classes: Vec<String>,
}

pub(super) fn generate(job: &mut Job<'_>) -> Result<()> {
    let model = wiring::with_junctions(job.model)?;
    let model = &*model;
    let layout = Layout::new(model)?;
    let mut library = Library::new(job, model, &layout, Dialect::Neuron, &|_| true)?;
    let cells: Vec<CellText> = cells::cells(model, &layout, &library);
    let given = source_spikes(model)?;
    let sources: Vec<bool> = given.iter().map(Option::is_some).collect();
    let points = PointCells::new(job, model, &layout, &sources, &mut library)?;
    let rules = Rules::new(job, model, &mut library)?;
    let connections = rules.others(model)?;
    let all = network::All { model, layout: &layout, library: &library, points: &points, cells: &cells };
    let network = network::network(job, &all, &given, &connections, &rules)?;
    let record = record::record(job, &all);
    for mechanism in library.written().iter().chain(rules.written()) {
        let values = serde_json::json!({ "mechanism": mechanism, "made_by": job.made_by() });
        let text = job.fill("neuron/mechanism.mod", &values)?;
        job.out.text(format!("mod/{}.mod", mechanism.name), text);
    }
    for cell in points.written() {
        let values = serde_json::json!({ "cell": cell, "made_by": job.made_by() });
        let text = job.fill("neuron/cell.mod", &values)?;
        job.out.text(format!("mod/{}.mod", cell.name), text);
    }
    if network.has_sources {
        let values = serde_json::json!({ "made_by": job.made_by() });
        let text = job.fill("neuron/spike_source.mod", &values)?;
        job.out.text("mod/spike_source.mod", text);
    }
    if !cells.is_empty() {
        let values = serde_json::json!({ "cells": cells, "made_by": job.made_by(), "title": model.name });
        let text = job.fill("neuron/cells.py", &values)?;
        job.out.text("cells.py", text);
    }
    for (name, text) in &network.tables {
        job.out.text(*name, text.clone());
    }
    let run = RunText {
        made_by: job.made_by(),
        title: &model.name,
        dt_ms: crate::units::shifted(model.run.dt_s, -3),
        steps: (model.run.duration_s / model.run.dt_s).round() as u64,
        celsius: crate::units::shifted(((model.temperature_k - 273.15) * 1e9).round() / 1e9, 0),
        secondorder: match model.run.method {
            Method::BackwardEuler => 0,
            Method::CrankNicolson | Method::DampedCrankNicolson => 2,
        },
        classes: cells.iter().map(|cell| cell.class.clone()).collect(),
        network,
        record,
    };
    let text = job.fill("neuron/run.py", &run)?;
    job.out.text("run.py", text);
    job.out.command = "nrnivmodl mod && python run.py".to_string();
    if !model.spike_detectors.is_empty() {
        let line = "a spike has the time of the end of the step in which the threshold is passed, not the one between";
        job.out.differences.push(line.to_string());
    }
    if model.run.point_step != PointStep::Midpoint && !points.written().is_empty() {
        let line = "cells without a shape go in ten parts of a step, by a rule of second order, not by one of fourth";
        job.out.differences.push(line.to_string());
    }
    if model.run.method == Method::DampedCrankNicolson {
        let line = "Crank-Nicolson is not damped: NEURON's secondorder = 2";
        job.out.differences.push(line.to_string());
    }
    Ok(())
}
