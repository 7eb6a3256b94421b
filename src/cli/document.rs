//! What `run` runs: an experiment file or a LEMS document.

use std::io::Read;
use std::path::Path;

use crate::error::{Error, Result, Warning};
use crate::experiment::{self, Experiment};
use crate::model::Model;
use crate::neuroml;

/// A file that describes a simulation, read.
pub(super) enum Document {
    /// An experiment file.
    Experiment(Experiment),
    /// A LEMS or NeuroML document.
    Lems(neuroml::Simulation),
}

impl Document {
    /// Reads `path`. XML is LEMS or NeuroML, anything else is an experiment file.
    pub(super) fn read(path: &Path) -> Result<Document> {
        if is_xml(path) {
            neuroml::read(path).map(Document::Lems)
        } else {
            experiment::read(path).map(Document::Experiment)
        }
    }

    pub(super) fn model(&self) -> &Model {
        match self {
            Document::Experiment(experiment) => &experiment.model,
            Document::Lems(simulation) => &simulation.model,
        }
    }

    pub(super) fn warnings(&self) -> &[Warning] {
        match self {
            Document::Experiment(experiment) => &experiment.warnings,
            Document::Lems(simulation) => &simulation.warnings,
        }
    }

    /// What was read, a line each.
    pub(super) fn notes(&self) -> &[String] {
        match self {
            Document::Experiment(experiment) => &experiment.notes,
            Document::Lems(simulation) => &simulation.notes,
        }
    }

    /// What is not written in the file and was taken for granted, a line each.
    pub(super) fn assumptions(&self) -> Vec<String> {
        match self {
            Document::Experiment(experiment) => {
                experiment.defaults.iter().map(|d| format!("{}: {}", d.key, d.value)).collect()
            }
            Document::Lems(simulation) => simulation.assumptions.clone(),
        }
    }

    /// `error`, found when the model was built or run, with the place of what it is about.
    pub(super) fn locate(&self, error: Error, path: &Path) -> Error {
        match self {
            Document::Experiment(experiment) => experiment.locate(error).in_file(path),
            Document::Lems(_) => error.in_file(path),
        }
    }

    /// Leaves out what only pictures need.
    pub(super) fn without_pictures(&mut self) {
        if let Document::Lems(simulation) = self {
            let displays = std::mem::take(&mut simulation.displays);
            let shown = |file: &str| displays.iter().any(|display| display.table == file);
            simulation.model.recordings.retain(|recording| !shown(&recording.file));
        }
    }
}

/// Whether a file is XML: by its ending, or by how it begins.
pub(super) fn is_xml(path: &Path) -> bool {
    let ending = path.extension().map(|e| e.to_ascii_lowercase());
    match ending.as_ref().and_then(|e| e.to_str()) {
        Some("xml" | "nml" | "neuroml" | "lems") => true,
        Some("toml") => false,
        _ => {
            let mut start = [0u8; 512];
            let count = std::fs::File::open(path).and_then(|mut file| file.read(&mut start)).unwrap_or(0);
            let text = start.get(..count).unwrap_or_default();
            let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
            text.trim_ascii_start().starts_with(b"<")
        }
    }
}
