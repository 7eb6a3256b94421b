//! `neuropil check`: reads an experiment and says what it would simulate.

use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use super::document::Document;
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
    let document = Document::Experiment(experiment);
    let simulation = engine::Simulation::new(document.model(), &engine::Options::default())
        .map_err(|e| document.locate(e, &options.file))?;
    console::print(&header::text(&options.file, &document, &simulation))?;
    Ok(Outcome::Done)
}
