//! Documents that are included and give nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Findings;
use crate::error::Warning;
use crate::lems::{Component, Loaded, Set};

/// Warns of includes of documents of which nothing is used, nor of those that they include.
///
/// What the first document holds and what is to be run is used, and all that this refers to.
pub(super) fn check(set: &Set, documents: &[Loaded], own: &[&Component], findings: &mut Findings) {
    let Some(first) = documents.first() else { return };
    let used = used_files(set, &first.file, own);
    let mut includes: BTreeMap<&Path, Vec<&Path>> = BTreeMap::new();
    for document in documents {
        if let Some(at) = &document.included_at {
            includes.entry(at.file()).or_default().push(&document.file);
        }
    }
    for document in documents.iter().filter(|d| !d.built_in) {
        let Some(at) = &document.included_at else { continue };
        let mut seen: BTreeSet<&Path> = BTreeSet::from([document.file.as_path()]);
        let mut waiting = vec![document.file.as_path()];
        let mut gives = false;
        while let Some(file) = waiting.pop() {
            gives |= used.contains(file);
            for next in includes.get(file).into_iter().flatten() {
                if seen.insert(next) {
                    waiting.push(next);
                }
            }
        }
        // What declares dimensions or units alone says so in no component.
        let declares = own.iter().any(|c| c.origin.file() == document.file)
            || set.types().any(|t| t.origin.file() == document.file);
        if !gives && declares {
            let message = format!("nothing of {} is used", document.file.display());
            findings.warn(Warning::new("unused-include", message, at.place()));
        }
    }
}

/// The files of all that is used.
fn used_files<'a>(set: &'a Set, first: &'a Path, own: &[&'a Component]) -> BTreeSet<&'a Path> {
    let mut waiting: Vec<&Component> = Vec::new();
    let targets: BTreeSet<&str> = set.targets().iter().filter_map(|t| t.get("component")).collect();
    for component in own {
        let asked = component.id.as_deref().is_some_and(|id| targets.contains(id));
        if asked || component.origin.file() == first {
            waiting.push(component);
        }
    }
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut types: BTreeSet<&str> = BTreeSet::new();
    let mut files: BTreeSet<&Path> = BTreeSet::from([first]);
    while let Some(component) = waiting.pop() {
        files.insert(component.origin.file());
        types.insert(&component.component_type);
        let ids = component.references.iter().chain(&component.texts).map(|(_, id)| id.as_str());
        for id in ids {
            if let Some(other) = set.component(id).filter(|_| seen.insert(id)) {
                waiting.push(other);
            }
        }
        waiting.extend(&component.children);
    }
    for of in set.types().filter(|t| t.origin.file() == first) {
        types.insert(&of.name);
    }
    for name in types {
        let Some(of) = set.component_type(name) else { continue };
        files.insert(of.origin.file());
        files.extend(of.bases.iter().filter_map(|base| set.component_type(base)).map(|t| t.origin.file()));
    }
    files
}
