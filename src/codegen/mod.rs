//! From a [`Model`] to the code of another tool.
//!
//! Each target is a folder of templates in `codegen/` and a module here that says the model in the target's words: names,
//! units, what it lacks. Equations come from the same flat [`Dynamics`](crate::dynamics::Dynamics) that the engine runs.

mod arbor;
mod brainscales;
mod brian2;
mod columns;
pub mod fit;
mod layout;
mod merge;
mod names;
mod nestml;
mod network;
mod neuroml;
mod neuron;
mod nineml;
mod nmodl;
mod page;
mod part;
mod played;
mod points;
mod pynn;
mod python;
mod regimes;
mod rows;
mod slope;
mod sonata;
pub mod spinnaker;
mod standard;
mod syntax;
mod templates;
mod tidy;
mod units;
mod whole;

use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result, nearest};
use crate::model::Model;
pub use page::page;
use templates::Templates;

/// Tools that code is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// NeuroML 2 documents and a LEMS simulation.
    NeuroMl,
    /// NineML 1.0 documents.
    NineMl,
    /// NESTML models and a script for NEST.
    NestMl,
    /// A script for sPyNNaker.
    SpiNNaker,
    /// A script for pynn_brainscales.
    BrainScaleS2,
    /// A script for BrainScaleS-1's PyNN.
    BrainScaleS1,
    /// A script for Spikey's PyNN.
    Spikey,
    /// NMODL mechanisms and Python scripts for NEURON.
    Neuron,
    /// An NMODL catalogue, cells and a Python recipe for Arbor.
    Arbor,
    /// A PyNN script.
    PyNn,
    /// A Brian 2 script.
    Brian2,
    /// A network in the SONATA format, with what runs it.
    Sonata,
}

impl Target {
    /// Every target by the name that the command line has for it, with what is made.
    pub const NAMED: [(&'static str, Target, &'static str); 12] = [
        ("neuroml", Target::NeuroMl, "NeuroML 2 documents and a LEMS simulation"),
        ("neuron", Target::Neuron, "NMODL mechanisms and Python scripts for NEURON"),
        ("arbor", Target::Arbor, "an NMODL catalogue, cells and a Python recipe for Arbor"),
        ("nineml", Target::NineMl, "NineML 1.0: abstraction layer and user layer"),
        ("nestml", Target::NestMl, "NESTML models and a script for NEST"),
        ("spinnaker", Target::SpiNNaker, "a script for sPyNNaker"),
        ("brainscales2", Target::BrainScaleS2, "a script for BrainScaleS-2, checked against tables, not run"),
        ("brainscales1", Target::BrainScaleS1, "a script for BrainScaleS-1, checked against tables, not run"),
        ("spikey", Target::Spikey, "a script for Spikey, checked against tables, not run"),
        ("pynn", Target::PyNn, "a PyNN script with standard cells, or MultiCompartmentNeuron"),
        ("brian2", Target::Brian2, "a Brian 2 script"),
        ("sonata", Target::Sonata, "a network in the SONATA format, for BMTK on NEST or NEURON"),
    ];

    /// The name that the command line has for it.
    pub fn name(self) -> &'static str {
        Self::NAMED.iter().find(|(_, target, _)| *target == self).map_or("", |(name, ..)| name)
    }

    /// The target of a name.
    ///
    /// # Errors
    /// If there is none of it, with the nearest one.
    pub fn of_name(name: &str) -> Result<Target> {
        if let Some((_, target, _)) = Self::NAMED.iter().find(|(known, ..)| *known == name) {
            return Ok(*target);
        }
        let names = Self::NAMED.map(|(name, ..)| name);
        let error = Error::new(ErrorKind::Name, format!("there is no target '{name}'"));
        Err(match nearest(name, names) {
            Some(known) => error.help(format!("did you mean {known}? The targets are {}", names.join(", "))),
            None => error.help(format!("the targets are {}, and all", names.join(", "))),
        })
    }
}

/// What is to be made.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What files are called after, and headers name: the file that the model was read from.
    pub origin: PathBuf,
    /// Make what the target can say, and list the rest, instead of refusing.
    pub lossy: bool,
    /// A folder with templates in place of the built-in ones.
    pub templates: Option<PathBuf>,
}

impl Options {
    /// What files are called after: the name of the origin without its ending.
    fn stem(&self) -> String {
        let stem = self.origin.file_stem().map(|s| s.to_string_lossy().into_owned());
        names::identifier(&stem.unwrap_or_else(|| "model".to_string()))
    }
}

/// The code made for a target.
#[derive(Debug, Clone, Default)]
pub struct Generated {
    /// Files by their paths in the folder of the target, with their texts.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// The command, in that folder, that runs it.
    pub command: String,
    /// What the target does otherwise than neuropil, but says: a line each.
    pub differences: Vec<String>,
    /// What of the model is missing in the code, and why: a line each. Empty unless it was asked to be lossy.
    pub lost: Vec<String>,
}

impl Generated {
    /// Adds a text file.
    pub(crate) fn text(&mut self, path: impl Into<PathBuf>, text: String) {
        self.files.push((path.into(), text.into_bytes()));
    }
}

/// What a target needs to make its code.
pub(crate) struct Job<'a> {
    /// The model.
    pub(crate) model: &'a Model,
    /// What is to be made.
    pub(crate) options: &'a Options,
    /// The templates.
    pub(crate) templates: &'a Templates,
    /// What was made so far.
    pub(crate) out: Generated,
    errors: Vec<Error>,
}

impl<'a> Job<'a> {
    fn new(model: &'a Model, options: &'a Options, templates: &'a Templates) -> Job<'a> {
        Job { model, options, templates, out: Generated::default(), errors: Vec::new() }
    }

    /// Says that the target cannot say something: an error, or a line of what is lost if that was asked for.
    pub(crate) fn cannot(&mut self, error: Error) {
        if self.options.lossy {
            self.out.lost.push(error.to_string());
        } else {
            self.errors.push(error);
        }
    }

    /// Whether something was said to be impossible, so that nothing will be made.
    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// The text of template `path` with `values`.
    pub(crate) fn fill(&self, path: &str, values: &impl serde::Serialize) -> Result<String> {
        self.templates.fill(path, values)
    }

    /// What the code was made from and by, for its header.
    pub(crate) fn made_by(&self) -> String {
        let file = self.options.origin.file_name().map(|n| n.to_string_lossy().into_owned());
        format!("Made from {} by neuropil {}", file.unwrap_or_default(), env!("CARGO_PKG_VERSION"))
    }
}

/// What a target cannot say.
fn unsupported(message: String) -> Error {
    Error::new(ErrorKind::Unsupported, message)
}

/// The code of `model` for `target`.
///
/// # Errors
/// Everything in the model that the target cannot say, each by its name; with [`Options::lossy`] only what leaves nothing to
/// make. A template with a fault.
pub fn generate(model: &Model, target: Target, options: &Options) -> Result<Generated> {
    let templates = Templates::new(target.name(), options.templates.as_deref())?;
    let mut job = Job::new(model, options, &templates);
    match target {
        Target::NeuroMl => neuroml::generate(&mut job)?,
        Target::NineMl => nineml::generate(&mut job)?,
        Target::NestMl => nestml::generate(&mut job)?,
        Target::SpiNNaker => spinnaker::generate(&mut job)?,
        Target::BrainScaleS2 | Target::BrainScaleS1 | Target::Spikey => {
            brainscales::generate(&mut job, target)?
        }
        Target::Neuron => neuron::generate(&mut job)?,
        Target::Arbor => arbor::generate(&mut job)?,
        Target::PyNn => pynn::generate(&mut job)?,
        Target::Brian2 => brian2::generate(&mut job)?,
        Target::Sonata => sonata::generate(&mut job)?,
    }
    match Error::join(job.errors) {
        Some(error) => Err(error),
        None => Ok(job.out),
    }
}

/// Writes the files into `folder`, all or none: they are made beside it first.
///
/// # Errors
/// If the folder is there and not empty, or can't be written.
pub fn write(generated: &Generated, folder: &Path) -> Result<()> {
    let taken = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if taken {
        return Err(Error::new(ErrorKind::Value, "the folder is there already and not empty")
            .in_file(folder)
            .help("choose another folder, or delete this one"));
    }
    let name = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = folder.with_file_name(format!(".{name}.part"));
    let io = |what: &str, path: &Path, e: &std::io::Error| Error::io(path, what, e);
    let made = (|| {
        std::fs::create_dir_all(&beside).map_err(|e| io("make the folder", &beside, &e))?;
        for (path, bytes) in &generated.files {
            let path = beside.join(path);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent).map_err(|e| io("make the folder", parent, &e))?;
            }
            std::fs::write(&path, bytes).map_err(|e| io("write the file", &path, &e))?;
        }
        // An empty folder of that name gives way.
        let _ = std::fs::remove_dir(folder);
        std::fs::rename(&beside, folder).map_err(|e| io("name the folder", folder, &e))
    })();
    if made.is_err() {
        let _ = std::fs::remove_dir_all(&beside);
    }
    made
}

#[cfg(test)]
mod tests;
