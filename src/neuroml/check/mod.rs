//! Checking a NeuroML or LEMS document: everything that is wrong in it and in what it includes.
//!
//! The language itself (XML, component types, dimensions, units, references) is checked by
//! [`Set::survey`]. What it cannot know follows here: the rules of the NeuroML schema, and whether
//! the parts of cells and networks fit together. Nothing is run.

mod cell;
mod groups;
mod includes;
mod network;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Warning};
use crate::lems::{Component, Set, Survey};
use crate::library;

/// What a check found.
#[derive(Debug)]
pub struct Report {
    /// The documents that were read, the first one first, without those built into the program.
    pub files: Vec<PathBuf>,
    /// All that could be read of them.
    pub set: Set,
    /// Everything that is wrong, by file and line.
    pub errors: Vec<Error>,
    /// What is doubtful, by file and line.
    pub warnings: Vec<Warning>,
}

/// Errors and warnings beyond which nobody counts on.
const MOST: usize = 10_000;

/// Errors and warnings, each once.
#[derive(Debug, Default)]
struct Findings {
    errors: Vec<Error>,
    warnings: Vec<Warning>,
}

impl Findings {
    fn error(&mut self, error: Error) {
        if self.errors.len() < MOST {
            self.errors.extend(error.all().cloned().map(Error::alone));
        }
    }

    fn warn(&mut self, warning: Warning) {
        if self.warnings.len() < MOST {
            self.warnings.push(warning);
        }
    }

    /// Each once, in the order of `files` and lines.
    fn sorted(self, files: &[PathBuf]) -> (Vec<Error>, Vec<Warning>) {
        let rank = |file: Option<&Path>| files.iter().position(|f| Some(f.as_path()) == file);
        let mut seen = BTreeSet::new();
        let mut errors = self.errors;
        errors.retain(|error| seen.insert(error.to_string()));
        errors.sort_by_key(|e| (rank(e.place().file.as_deref()), e.place().line, e.place().column));
        let mut seen = BTreeSet::new();
        let mut warnings = self.warnings;
        warnings.retain(|warning| seen.insert(warning.to_string()));
        warnings.sort_by_key(|w| (rank(w.place.file.as_deref()), w.place.line, w.place.column));
        (errors, warnings)
    }
}

/// Reads `path` with all that it includes, and finds what is wrong.
///
/// ```no_run
/// let report = neuropil::neuroml::check("cell.nml")?;
/// for error in &report.errors {
///     println!("{error}");
/// }
/// # Ok::<(), neuropil::Error>(())
/// ```
///
/// # Errors
/// None on account of the document: those are in the report.
pub fn check(path: impl AsRef<Path>) -> crate::error::Result<Report> {
    let core = library::core()?;
    let first = core.components().count();
    let mut open = core.clone();
    open.open_types();
    let Survey { set, documents, neuroml, errors } = open.survey(path, &library::resolver());
    let mut findings = Findings::default();
    errors.into_iter().for_each(|error| findings.error(error));
    findings.warnings.extend(set.warnings().iter().cloned());
    let wrong: BTreeSet<String> = findings.errors.iter().map(|e| e.place().to_string()).collect();
    let own: Vec<&Component> = set.components().skip(first).collect();
    for component in &own {
        let strict = neuroml.contains(component.origin.file());
        rules::check(component, &set, strict, &mut findings);
        duplicates(component, &mut findings);
        if set.is_a(&component.component_type, "cell") || component.component_type == "morphology" {
            cell::check(component, &set, &mut findings);
        } else if set.is_a(&component.component_type, "network") {
            network::check(component, &set, &mut findings);
        } else if set.is_a(&component.component_type, "Simulation") {
            simulation(component, &set, &mut findings);
        } else if let Some(network) = network_in(component, &set) {
            network::check(network, &set, &mut findings);
        } else if !touches(component, &wrong)
            && has_equations(component, &set)
            && let Err(error) = set.flatten(component)
            && !refers_to_wrong(component, &set, &wrong)
        {
            findings.error(error);
        }
    }
    rules::order(&own, &neuroml, &mut findings);
    targets(&set, &own, &mut findings);
    if findings.errors.is_empty() {
        includes::check(&set, &documents, &own, &mut findings);
    }
    let mut files: Vec<PathBuf> = Vec::new();
    for document in documents.into_iter().filter(|document| !document.built_in) {
        if !files.contains(&document.file) {
            files.push(document.file);
        }
    }
    let (errors, warnings) = findings.sorted(&files);
    Ok(Report { files, set, errors, warnings })
}

/// The network within `component`, a tissue or the like, which is elaborated and not one set of equations.
fn network_in<'a>(component: &'a Component, set: &Set) -> Option<&'a Component> {
    component.children.iter().find(|child| set.is_a(&child.component_type, "network"))
}

/// Whether the type of `component` says how it changes: one that only holds others is looked at when it
/// is built.
fn has_equations(component: &Component, set: &Set) -> bool {
    set.component_type(&component.component_type).is_some_and(|of| {
        let dynamics = &of.dynamics;
        let silent =
            dynamics.states.is_empty() && dynamics.derived.is_empty() && dynamics.handlers.is_empty();
        !silent || set.is_a(&of.name, "baseIonChannel")
    })
}

/// Whether an error is already known at `component` or within it.
fn touches(component: &Component, wrong: &BTreeSet<String>) -> bool {
    wrong.contains(&component.origin.place().to_string())
        || component.children.iter().any(|child| touches(child, wrong))
}

/// The same for the components that it refers to.
fn refers_to_wrong(component: &Component, set: &Set, wrong: &BTreeSet<String>) -> bool {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut waiting = vec![component];
    while let Some(component) = waiting.pop() {
        for (_, id) in &component.references {
            match set.component(id) {
                None => return true,
                Some(other) if touches(other, wrong) => return true,
                Some(other) => waiting.extend(seen.insert(id).then_some(other)),
            }
        }
        waiting.extend(&component.children);
    }
    false
}

/// Lists in which an id names one thing. In others it is only a label.
const UNIQUE: &[&str] = &[
    "segments",
    "segmentGroups",
    "gates",
    "states",
    "channelDensities",
    "populations",
    "instances",
    "projections",
    "electricalProjection",
    "continuousProjection",
    "inputs",
    "connections",
    "connectionsWD",
    "regions",
];

/// Ids that two children of one list share.
fn duplicates(component: &Component, findings: &mut Findings) {
    let mut seen: BTreeMap<(&str, &str, &str), &Component> = BTreeMap::new();
    for child in component.children.iter().filter(|child| UNIQUE.contains(&child.slot.as_str())) {
        let Some(id) = child.id.as_deref() else { continue };
        // Connections of different forms are numbered apart.
        let kind = if child.slot == "inputs" { child.component_type.as_str() } else { "" };
        match seen.get(&(child.slot.as_str(), kind, id)) {
            // Nothing names an input.
            Some(first) if child.slot == "inputs" => {
                let message =
                    format!("{}: the id is used before, at {}", child.label(), first.origin.place());
                findings.warn(Warning::new("same-id", message, child.origin.place()));
            }
            Some(first) => {
                let message = format!("the id '{id}' is used before, at {}", first.origin.place());
                findings.error(child.error(ErrorKind::Name, message));
            }
            None => {
                seen.insert((child.slot.as_str(), kind, id), child);
            }
        }
    }
    for child in &component.children {
        duplicates(child, findings);
    }
}

fn simulation(component: &Component, set: &Set, findings: &mut Findings) {
    if let (Some(length), Some(step)) = (component.parameter("length"), component.parameter("step"))
        && length > 0.0
        && step > 0.0
    {
        let steps = length / step;
        if steps > 1e15 {
            let message = format!("length / step asks for {steps:.1e} steps");
            findings.error(component.error(ErrorKind::Limit, message).help("make the step longer"));
        } else if step > length {
            let message = "the step is longer than the run".to_string();
            findings.error(component.error(ErrorKind::Value, message));
        }
    }
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for file in component.in_slot("outputs").chain(component.in_slot("events")) {
        if let Some(name) = file.text("fileName")
            && !names.insert(name)
        {
            let message = format!("fileName=\"{name}\": another output has this file");
            findings.error(file.error(ErrorKind::Name, message));
        }
        if file.children.is_empty() {
            let message = format!("{} writes nothing", file.label());
            findings.warn(Warning::new("empty-output", message, file.origin.place()));
        }
    }
    if let Some(target) = component.reference("target").and_then(|id| set.component(id))
        && set.is_a(&target.component_type, "Simulation")
    {
        let message =
            format!("target=\"{}\" is a Simulation itself", target.id.as_deref().unwrap_or_default());
        findings.error(component.error(ErrorKind::Name, message));
    }
}

/// What the document asks to be run.
fn targets(set: &Set, own: &[&Component], findings: &mut Findings) {
    let mut named = Vec::new();
    for target in set.targets() {
        let id = match target.require("component") {
            Ok(id) => id,
            Err(error) => {
                findings.error(error);
                continue;
            }
        };
        if set.component(id).is_none() && !set.may_have(id) {
            let error =
                target.error(ErrorKind::Name, format!("component=\"{id}\": there is no component '{id}'"));
            let known = own.iter().filter_map(|c| c.id.as_deref());
            findings.error(match crate::error::nearest(id, known) {
                Some(near) => error.help(format!("did you mean '{near}'?")),
                None => error,
            });
        }
        named.push(id);
    }
    let simulation = own.iter().find(|c| set.is_a(&c.component_type, "Simulation"));
    match (named.as_slice(), simulation) {
        ([], Some(simulation)) => {
            let id = simulation.id.as_deref().unwrap_or("ID");
            let message = "there is no <Target>: nothing says that this is to be run";
            let error = simulation.error(ErrorKind::Name, message);
            findings.error(error.help(format!("write <Target component=\"{id}\"/> into the document")));
        }
        ([first, rest @ ..], _) if rest.iter().any(|id| id != first) => {
            let message = format!("more than one <Target>: {}; the first counts", named.join(", "));
            let place = set.targets().first().map(|t| t.origin.place()).unwrap_or_default();
            findings.warn(Warning::new("several-targets", message, place));
        }
        _ => {}
    }
}
