//! `neuropil check`: reads a file and says what is wrong in it, or what it would simulate.

use std::path::PathBuf;

use clap::Args;

use super::document::{Document, is_xml};
use super::{Outcome, console, header};
use crate::engine;
use crate::error::{Error, Result};
use crate::neuroml;

/// Options of `check`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Experiment file (TOML), or a NeuroML or LEMS document
    file: PathBuf,
    /// Warnings count as errors
    #[arg(long)]
    strict: bool,
}

/// Reads and builds, without running.
pub(super) fn execute(options: &Options) -> Result<Outcome> {
    if is_xml(&options.file) {
        return document(options);
    }
    let (text, warnings) = built(options)?;
    console::warn(&warnings);
    console::print(&text)?;
    Ok(if options.strict && !warnings.is_empty() { Outcome::Faulty } else { Outcome::Done })
}

/// What would be simulated, and the doubts about it.
fn built(options: &Options) -> Result<(String, Vec<crate::Warning>)> {
    let document = Document::read(&options.file)?;
    let (mut texts, mut warnings) = (Vec::new(), Vec::new());
    for (segment, document) in document.parts() {
        let simulation = engine::Simulation::outline(document.model(), &engine::Options::default())
            .map_err(|e| document.locate(e, &options.file))?;
        texts.extend(segment.map(|segment| format!("segment {}", segment.name)));
        texts.push(header::text(&options.file, &document, &simulation));
        warnings.extend_from_slice(document.warnings());
    }
    Ok((texts.join("\n"), warnings))
}

fn document(options: &Options) -> Result<Outcome> {
    let mut report = neuroml::check(&options.file)?;
    let mut text = String::new();
    // What is sound in itself is built too, if it says what is to be run.
    if report.errors.is_empty() && !report.set.targets().is_empty() {
        match built(options) {
            Ok((header, warnings)) => {
                text = header;
                let new = |w: &crate::Warning| !report.warnings.contains(w);
                let new: Vec<crate::Warning> = warnings.into_iter().filter(new).collect();
                report.warnings.extend(new);
            }
            Err(error) => report.errors.push(error),
        }
    }
    console::warn(&report.warnings);
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let errors: usize = report.errors.iter().map(|error| error.all().count()).sum();
    let summary = format!(
        "{}: {}, {} in {}",
        options.file.display(),
        count(errors, "error"),
        count(report.warnings.len(), "warning"),
        count(report.files.len(), "file")
    );
    let failed = errors > 0 || (options.strict && !report.warnings.is_empty());
    match Error::join(report.errors) {
        Some(errors) => {
            console::report(&errors);
            console::eprint(&summary);
        }
        None => console::print(&format!("{text}{summary}\n"))?,
    }
    Ok(if failed { Outcome::Faulty } else { Outcome::Done })
}
