//! Arbor: a catalogue of mechanisms, cells in its cable-cell format, a recipe in Python.

mod cells;
mod clamps;
mod recipe;
mod shape;

use super::Job;
use super::layout::Layout;
use super::network::{connections, source_spikes};
use super::nmodl::Dialect;
use super::nmodl::library::Library;
use crate::error::Result;
use crate::model::Method;
use crate::wiring;

pub(super) fn generate(job: &mut Job<'_>) -> Result<()> {
    let model = wiring::with_junctions(job.model)?;
    let model = &*model;
    let layout = Layout::new(model)?;
    let connections = connections(model)?;
    let given = source_spikes(model)?;
    let library = Library::new(job, model, &layout, Dialect::Arbor, &|dynamics| !clamps::is_clamp(dynamics))?;
    for mechanism in library.written() {
        let values = serde_json::json!({ "mechanism": mechanism, "made_by": job.made_by() });
        let text = job.fill("arbor/mechanism.mod", &values)?;
        job.out.text(format!("mod/{}.mod", mechanism.name), text);
    }
    let cells = cells::cells(job, model, &layout, &library)?;
    for cell in &cells {
        for part in ["morphology", "labels", "decor"] {
            let values = serde_json::json!({ "cell": cell, "part": part, "made_by": job.made_by() });
            let text = job.fill("arbor/cell.acc", &values)?;
            job.out.text(format!("{}.{part}.acc", cell.name), text);
        }
    }
    for cell in &cells {
        let text = format!("(join\n  {})\n", cell.boundaries.join("\n  "));
        job.out.text(format!("{}.boundaries.txt", cell.name), text);
    }
    let all = recipe::All { model, layout: &layout, library: &library, cells: &cells, given: &given };
    let run = recipe::recipe(job, &all, &connections)?;
    for (name, text) in &run.tables {
        job.out.text(*name, text.clone());
    }
    let text = job.fill("arbor/run.py", &run)?;
    job.out.text("run.py", text);
    job.out.command = "arbor-build-catalogue model mod && python run.py".to_string();
    let line = "the exponential in the step of a gate is Arbor's rational one, of second order";
    job.out.differences.push(line.to_string());
    if model.run.method != Method::BackwardEuler {
        let line = "the potential is stepped by backward Euler, of first order: Arbor has no Crank-Nicolson";
        job.out.differences.push(line.to_string());
    }
    Ok(())
}
