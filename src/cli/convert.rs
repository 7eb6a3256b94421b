//! `neuropil convert`: a morphology in another format.

use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use super::console;
use crate::error::{Error, ErrorKind, Result};
use crate::morph::{swc, write_neuroml};

/// Options of `convert`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Morphology to read (SWC)
    input: PathBuf,
    /// File to write: .swc, or .nml for NeuroML
    output: PathBuf,
}

/// Reads, converts, writes.
pub(super) fn execute(options: &Options) -> Result<Outcome> {
    let reading = swc::read(&options.input)?;
    let ending = options.output.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    let morphology = &reading.morphology;
    console::warn(&reading.warnings);
    match ending.as_str() {
        "swc" => console::warn(&swc::write(morphology, &options.output)?),
        "nml" | "xml" => write_neuroml(morphology, &options.output)?,
        _ => {
            return Err(Error::new(ErrorKind::Unsupported, format!("no format has the ending `.{ending}`"))
                .in_file(&options.output)
                .help("write to a file that ends in .swc or .nml"));
        }
    }
    Ok(Outcome::Done)
}
