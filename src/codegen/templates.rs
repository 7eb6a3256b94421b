//! The templates of `codegen/`, embedded, and those that a user puts in their place.

use std::path::Path;

use serde::Serialize;
use tera::{Context, Tera};

use crate::error::{Error, ErrorKind, Result, nearest};

/// The end of the name of every template file.
const ENDING: &str = ".tera";

macro_rules! templates {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../codegen/", $path, ".tera")))),*]
    };
}

/// Every template: its path below `codegen/` without ending, and its text. Those that others include stand before them.
const BUILT_IN: &[(&str, &str)] = templates![
    "arbor/cell.acc",
    "arbor/mechanism.mod",
    "arbor/run.py",
    "nestml/given.py",
    "nestml/spikes.py",
    "nestml/model.nestml",
    "nestml/build.py",
    "nestml/cable.py",
    "nestml/run.py",
    "neuron/cell.mod",
    "neuron/cells.py",
    "neuron/mechanism.mod",
    "neuron/run.py",
    "neuron/spike_source.mod",
    "nineml/document.xml",
    "nineml/component.xml",
    "spinnaker/run.py",
    "spinnaker/model.h",
    "spinnaker/model.py",
    "spinnaker/Makefile",
    "brainscales2/run.py",
    "brainscales1/run.py",
    "spikey/run.py",
    "pynn/run.py",
    "brian2/run.py",
    "sonata/results.py",
    "sonata/run_pointnet.py",
    "sonata/run_bionet.py",
    "sonata/cell.hoc",
];

/// Templates that a target has from another one.
const SHARED: &[(&str, &str)] = &[
    ("pynn", "neuron/mechanism.mod"),
    ("sonata", "neuron/mechanism.mod"),
    ("sonata", "neuron/spike_source.mod"),
];

/// Templates ready to be filled in.
#[derive(Debug, Default)]
pub(crate) struct Templates {
    tera: Tera,
}

impl Templates {
    /// The built-in ones of `target`; those in `folder` (`neuron/run.py.tera`) instead of the ones of the same path.
    ///
    /// # Errors
    /// A folder that can't be read, that holds no template, or one that no target has; a template with a fault in it.
    pub(crate) fn new(target: &str, folder: Option<&Path>) -> Result<Templates> {
        let mut tera = Tera::new();
        tera.autoescape_on(Vec::<&'static str>::new());
        let is_own = |path: &str| path.split_once('/').is_some_and(|(of, _)| of == target);
        let of_target = |path: &str| is_own(path) || SHARED.contains(&(target, path));
        for (path, text) in BUILT_IN.iter().filter(|(path, _)| of_target(path)) {
            tera.add_raw_template(path, text).map_err(|e| fault(None, path, &e))?;
        }
        if let Some(folder) = folder {
            for (path, text) in own(folder)? {
                if !BUILT_IN.iter().any(|(known, _)| *known == path) {
                    return Err(unknown(folder, &path));
                }
                tera.add_raw_template(&path, &text).map_err(|e| fault(Some(folder), &path, &e))?;
            }
        }
        Ok(Templates { tera })
    }

    /// The text of template `path` with `values`.
    ///
    /// # Errors
    /// If the template asks for what `values` lacks.
    pub(crate) fn fill(&self, path: &str, values: &impl Serialize) -> Result<String> {
        let context = Context::from_serialize(values).map_err(|e| fault(None, path, &e))?;
        self.tera.render(path, &context).map_err(|e| fault(None, path, &e))
    }
}

/// The template files below `folder`: their paths there without ending, and their texts.
fn own(folder: &Path) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    let targets =
        std::fs::read_dir(folder).map_err(|e| Error::io(folder, "read the folder of templates", &e))?;
    for target in targets {
        let target = target.map_err(|e| Error::io(folder, "read the folder of templates", &e))?;
        if !target.path().is_dir() {
            continue;
        }
        let files =
            std::fs::read_dir(target.path()).map_err(|e| Error::io(target.path(), "read the folder", &e))?;
        for file in files {
            let file = file.map_err(|e| Error::io(target.path(), "read the folder", &e))?.path();
            let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            if let Some(name) = name.strip_suffix(ENDING) {
                let text =
                    std::fs::read_to_string(&file).map_err(|e| Error::io(&file, "read the template", &e))?;
                found.push((format!("{}/{name}", target.file_name().to_string_lossy()), text));
            }
        }
    }
    if found.is_empty() {
        let message = format!("no template (TARGET/NAME{ENDING}) is in it");
        let help = format!("the templates are {}", names().join(", "));
        return Err(Error::new(ErrorKind::Value, message).in_file(folder).help(help));
    }
    found.sort();
    Ok(found)
}

fn names() -> Vec<String> {
    BUILT_IN.iter().map(|(path, _)| format!("{path}{ENDING}")).collect()
}

fn unknown(folder: &Path, path: &str) -> Error {
    let file = folder.join(format!("{path}{ENDING}"));
    let error = Error::new(ErrorKind::Name, "no target has a template of this name").in_file(file);
    match nearest(path, BUILT_IN.iter().map(|(known, _)| *known)) {
        Some(known) => error.help(format!("did you mean {known}{ENDING}?")),
        None => error.help(format!("the templates are {}", names().join(", "))),
    }
}

fn fault(folder: Option<&Path>, path: &str, error: &tera::Error) -> Error {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    let made = Error::new(ErrorKind::Value, format!("template {path}{ENDING}: {text}"));
    match folder {
        Some(folder) => made.in_file(folder.join(format!("{path}{ENDING}"))),
        None => made,
    }
}
