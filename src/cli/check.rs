//! `neuropil check`: reads an experiment and says what it would simulate.

use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use super::{console, header};
use crate::engine;
use crate::error::Result;
use crate::experiment;

/// Options of `check`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Experiment file (TOML)
    file: PathBuf,
}

/// Reads and builds, without running.
pub(super) fn execute(options: &Options) -> Result<Outcome> {
    let experiment = experiment::read(&options.file)?;
    console::warn(&experiment.warnings);
    let simulation = engine::Simulation::new(&experiment.model, &engine::Options::default())
        .map_err(|e| experiment.locate(e).in_file(&options.file))?;
    console::print(&header::text(&options.file, &experiment, &simulation))?;
    Ok(Outcome::Done)
}
