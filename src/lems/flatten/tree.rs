//! The tree of instances that a component unfolds to.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{ErrorKind, Result};
use crate::lems::component::Component;
use crate::lems::set::Set;
use crate::lems::types::{ComponentType, Source};

/// Deepest nesting of components, references counted.
const MAX_DEPTH: usize = 64;
/// Most components in one tree.
const MAX_NODES: usize = 1_000_000;

/// A component within the whole.
#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    /// The component.
    pub(super) component: &'a Component,
    /// Its type.
    pub(super) of: &'a ComponentType,
    /// Its flat name; empty for the outermost.
    pub(super) path: String,
    /// The last part of its flat name.
    pub(super) name: String,
    /// The child, children list or reference of its parent by which it is there.
    pub(super) slot: String,
    /// Its number within that slot.
    pub(super) index: usize,
    /// Its parent's index.
    pub(super) parent: Option<usize>,
    /// Indices of its children, in order of writing, then of its references.
    pub(super) kids: Vec<usize>,
}

impl Node<'_> {
    /// The flat name of its quantity `name`.
    pub(super) fn flat(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_string() } else { format!("{}/{name}", self.path) }
    }
}

/// A component that waits for its place in the tree.
struct Waiting<'a> {
    component: &'a Component,
    name: String,
    slot: String,
    index: usize,
    parent: Option<usize>,
    depth: usize,
}

/// Unfolds `component`: itself first, every parent before its children.
pub(super) fn build<'a>(set: &'a Set, component: &'a Component) -> Result<Vec<Node<'a>>> {
    let mut nodes: Vec<Node<'a>> = Vec::new();
    let root =
        Waiting { component, name: String::new(), slot: String::new(), index: 0, parent: None, depth: 0 };
    // Taken from the end: what is put there last comes first.
    let mut waiting = vec![root];
    while let Some(Waiting { component, name, slot, index, parent, depth }) = waiting.pop() {
        let of = set.require_type(&component.component_type).map_err(|error| component.locate(error))?;
        if depth > MAX_DEPTH {
            let message = format!("components contain or refer to each other more than {MAX_DEPTH} deep");
            return Err(component.error(ErrorKind::Limit, message));
        }
        if nodes.len() >= MAX_NODES {
            let message = format!("more than {MAX_NODES} components in one");
            return Err(component.error(ErrorKind::Limit, message));
        }
        let at = nodes.len();
        let path = match parent {
            None => String::new(),
            Some(parent) => {
                nodes[parent].kids.push(at);
                nodes[parent].flat(&name)
            }
        };
        nodes.push(Node { component, of, path, name, slot, index, parent, kids: Vec::new() });
        waiting.extend(within(set, component, of, at, depth + 1)?.into_iter().rev());
    }
    Ok(nodes)
}

/// The children of `component` and the components it refers to.
fn within<'a>(
    set: &'a Set,
    component: &'a Component,
    of: &'a ComponentType,
    at: usize,
    depth: usize,
) -> Result<Vec<Waiting<'a>>> {
    let mut out: Vec<Waiting<'a>> = Vec::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for child in &component.children {
        let slot = child.slot.clone();
        let count = counts.entry(&child.slot).or_default();
        let index = *count;
        *count += 1;
        let name = child_name(of, component, child, index);
        let name = if taken.contains(&name) { format!("{slot}[{index}]") } else { name };
        taken.insert(name.clone());
        out.push(Waiting { component: child, name, slot, index, parent: Some(at), depth });
    }
    for reference in referred(of, component) {
        let Some(id) = component.reference(reference) else {
            let message = format!("reference '{reference}' is missing");
            return Err(component.error(ErrorKind::Name, message).help("name the component it stands for"));
        };
        let Some(found) = set.component(id) else {
            let message = format!("{reference}=\"{id}\": there is no component '{id}'");
            return Err(component.error(ErrorKind::Name, message));
        };
        let name = reference.to_string();
        out.push(Waiting { component: found, slot: name.clone(), name, index: 0, parent: Some(at), depth });
    }
    Ok(out)
}

fn child_name(of: &ComponentType, parent: &Component, child: &Component, index: usize) -> String {
    if of.child.iter().any(|slot| slot.name == child.slot) {
        return child.slot.clone();
    }
    match &child.id {
        Some(id) => id.clone(),
        None if parent.in_slot(&child.slot).nth(1).is_none() => child.slot.clone(),
        None => format!("{}[{index}]", child.slot),
    }
}

/// The references of which `component` contains an instance: those its structure asks for, those its
/// equations select from, and references that stand for a child.
fn referred<'a>(of: &'a ComponentType, component: &'a Component) -> Vec<&'a str> {
    let mut out: Vec<&str> = Vec::new();
    for name in &of.structure.child_instances {
        if of.references.iter().any(|r| r.name == *name) && !out.contains(&name.as_str()) {
            out.push(name);
        }
    }
    for derived in of.dynamics.derived.iter().chain(&of.derived_parameters) {
        let Source::Select { path, .. } = &derived.source else { continue };
        let head = path.split(['/', '[']).next().unwrap_or_default();
        let reference = of.references.iter().find(|r| r.name == head).map(|r| r.name.as_str());
        out.extend(reference.filter(|name| !out.contains(name)));
    }
    for (name, _) in &component.references {
        if of.child.iter().any(|slot| slot.name == *name) {
            out.push(name);
        }
    }
    out
}
