//! `neuropil emulate`: what a chip's arithmetic makes of a model.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::document::Document;
use super::{Outcome, console};
use crate::codegen::spinnaker::{Emulation, emulation};
use crate::engine::{self, Memory, Simulation};
use crate::error::{Error, Result};
use crate::model::{Model, PopulationCell};

/// Options of `emulate`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Experiment file (TOML), or LEMS or NeuroML document
    model: PathBuf,
    /// Whose arithmetic
    #[arg(long, value_enum, default_value = "spinnaker")]
    chip: Chip,
    /// Folder for the results
    #[arg(long, short, value_name = "DIR", default_value = "results")]
    out: PathBuf,
}

/// Chips whose arithmetic is known.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Chip {
    /// Signed 16.15 fixed point, weights of 16 bits
    Spinnaker,
}

/// Runs the model in the chip's numbers and in its own, writes the former, and says how they differ.
pub(super) fn execute(options: &Options) -> Result<Outcome> {
    let document = Document::read(&options.model)?;
    document.one_run(&options.model)?;
    console::warn(document.warnings());
    let model = document.model();
    let Chip::Spinnaker = options.chip;
    let emulated = emulation(model).map_err(|error| error.in_file(&options.model))?;
    let mut exact = Memory::default();
    Simulation::new(model, &engine::Options::default())?
        .run(&mut exact, &mut |_| std::ops::ControlFlow::Continue(()))?;
    write(model, &emulated, options)?;
    console::print(&format!("{}\n", compared(model, &emulated, &exact)))?;
    Ok(Outcome::Done)
}

/// The name of a cell by its number in the model.
fn name(model: &Model, first: &[u64], cell: u64) -> String {
    let at = first.partition_point(|f| *f <= cell).saturating_sub(1);
    format!("{}[{}]", model.populations[at].name, cell - first[at])
}

fn write(model: &Model, emulated: &Emulation, options: &Options) -> Result<()> {
    let io = |path: &PathBuf, e: &std::io::Error| Error::io(path, "write the results", e);
    std::fs::create_dir_all(&options.out).map_err(|e| io(&options.out, &e))?;
    let first = model.first_cells();
    let mut text = String::from("time (ms),cell\n");
    for (time, cell) in &emulated.spikes {
        let _ = writeln!(text, "{:.4},{}", time * 1e3, name(model, &first, *cell));
    }
    let path = options.out.join("spikes.csv");
    std::fs::write(&path, text).map_err(|e| io(&path, &e))?;
    if emulated.names.is_empty() {
        return Ok(());
    }
    let mut text = format!("time (ms),{}\n", emulated.names.join(","));
    for row in &emulated.rows {
        let each: Vec<String> = row.iter().map(|x| (x * 1e3).to_string()).collect();
        let _ = writeln!(text, "{}", each.join(","));
    }
    let path = options.out.join("v.csv");
    std::fs::write(&path, text).map_err(|e| io(&path, &e))
}

/// Spikes of the two runs side by side.
fn compared(model: &Model, emulated: &Emulation, exact: &Memory) -> String {
    let first = model.first_cells();
    let population = |cell: u64| first.partition_point(|f| *f <= cell).saturating_sub(1);
    let mut counts: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for (_, cell) in &emulated.spikes {
        counts.entry(population(*cell)).or_default().0 += 1;
    }
    for spike in &exact.spikes {
        counts.entry(population(u64::from(spike.cell))).or_default().1 += 1;
    }
    let mut out = String::from("spikes of each population, on the chip and exact:\n");
    for (at, population) in model.populations.iter().enumerate() {
        if matches!(population.cell, PopulationCell::SpikeTimes(_)) {
            continue;
        }
        let (chip, exact) = counts.get(&at).copied().unwrap_or_default();
        let _ = writeln!(out, "  {}: {chip}, {exact}", population.name);
    }
    for (population, receptor, step, unit) in &emulated.weight_steps {
        let _ = writeln!(out, "  weights into {population}, {receptor}: steps of {step:.3e} {unit}");
    }
    if emulated.saturated > 0 {
        let _ =
            writeln!(out, "  {} sums of weights were cut off: the chip would not say so", emulated.saturated);
    }
    out.trim_end().to_string()
}
