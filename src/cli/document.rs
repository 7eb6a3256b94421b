//! What `run` runs: an experiment file or a LEMS document.

use std::io::Read;
use std::path::Path;

use crate::error::{Error, ErrorKind, Result, Warning};
use crate::experiment::{self, Experiment, Segment};
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

    /// For what can say only one run.
    ///
    /// # Errors
    /// If the document has several.
    pub(super) fn one_run(&self, path: &Path) -> Result<()> {
        match self {
            Document::Experiment(experiment) => one_run(experiment, path),
            Document::Lems(simulation) if simulation.later.is_empty() => Ok(()),
            Document::Lems(simulation) => {
                let runs = simulation.later.len() + 1;
                let message = format!("the document has {runs} runs, which only `run` can do");
                Err(Error::new(ErrorKind::Unsupported, message)
                    .in_file(path)
                    .help("make one of them the target"))
            }
        }
    }

    /// The runs one after the other: with the segment that each is, if there are several.
    pub(super) fn parts(self) -> Vec<(Option<Segment>, Document)> {
        match self {
            Document::Experiment(mut experiment) if !experiment.segments.is_empty() => {
                let segments = std::mem::take(&mut experiment.segments);
                let part = |segment: Segment| {
                    let document = Document::Experiment(segment.experiment.clone());
                    (Some(segment), document)
                };
                segments.into_iter().map(part).collect()
            }
            Document::Lems(mut first) => {
                let later = std::mem::take(&mut first.later);
                std::iter::once(first).chain(later).map(|run| (None, Document::Lems(run))).collect()
            }
            one => vec![(None, one)],
        }
    }

    /// Leaves out what only pictures need.
    pub(super) fn without_pictures(&mut self) {
        let Document::Lems(first) = self else { return };
        let mut later = std::mem::take(&mut first.later);
        for run in std::iter::once(&mut *first).chain(&mut later) {
            let displays = std::mem::take(&mut run.displays);
            let shown = |file: &str| displays.iter().any(|display| display.table == file);
            run.model.recordings.retain(|recording| !shown(&recording.file));
        }
        first.later = later;
    }
}

/// As [`Document::one_run`].
pub(super) fn one_run(experiment: &Experiment, path: &Path) -> Result<()> {
    if experiment.segments.is_empty() {
        return Ok(());
    }
    let message = format!("the page has {} segments, which only `run` can do", experiment.segments.len());
    Err(Error::new(ErrorKind::Unsupported, message).in_file(path).help("give it one duration in [run]"))
}

/// Whether a file is XML, or HDF5 that stands for it: by its ending, or by how it begins.
pub(super) fn is_xml(path: &Path) -> bool {
    let ending = path.extension().map(|e| e.to_ascii_lowercase());
    match ending.as_ref().and_then(|e| e.to_str()) {
        Some("xml" | "nml" | "neuroml" | "lems" | "h5" | "hdf5") => true,
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
