//! The part of a tree of instances that becomes one dynamical system.

use std::collections::{BTreeMap, BTreeSet};

use crate::lems::component::Component;
use crate::lems::instances::{Role, Tree};
use crate::lems::types::ComponentType;

/// An instance within the whole.
#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    /// The component.
    pub(super) component: &'a Component,
    /// Its type.
    pub(super) of: &'a ComponentType,
    /// Its number in the tree.
    pub(super) whole: usize,
    /// Its flat name; empty for the outermost.
    pub(super) path: String,
    /// Its parent's index, if that is part of this too.
    pub(super) parent: Option<usize>,
}

impl Node<'_> {
    /// The flat name of its quantity `name`.
    pub(super) fn flat(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_string() } else { format!("{}/{name}", self.path) }
    }
}

/// What of a tree of instances becomes one dynamical system.
#[derive(Debug, Clone, Copy)]
pub struct Extent<'e> {
    /// The outermost instance.
    pub root: usize,
    /// Instances around it whose equations belong to it, from the inside outwards.
    pub around: &'e [usize],
    /// Whether what is attached to the outermost instance belongs to it; what is attached further inside
    /// always does.
    pub attached: bool,
    /// Whether what it contains belongs to it; else it is alone.
    pub within: bool,
    /// Whether events leave by the ports of the outermost instance that also lead to parts of it.
    pub open: bool,
}

/// The nodes of a part: the root first, every parent before its children, what is around last; and their
/// places by their numbers in the tree.
pub(super) fn nodes<'a>(tree: &Tree<'a>, extent: Extent<'_>) -> (Vec<Node<'a>>, BTreeMap<usize, usize>) {
    let mut out: Vec<Node<'a>> = Vec::new();
    let mut places: BTreeMap<usize, usize> = BTreeMap::new();
    let mut waiting: Vec<(usize, String, Option<usize>)> = vec![(extent.root, String::new(), None)];
    while let Some((whole, path, parent)) = waiting.pop() {
        let at = out.len();
        let node = &tree.nodes[whole];
        if extent.within {
            let kids = names(tree, whole, extent.attached || whole != extent.root).into_iter().rev();
            waiting.extend(kids.map(|(kid, name)| (kid, join(&path, &name), Some(at))));
        }
        places.insert(whole, at);
        out.push(Node { component: node.component, of: node.of, whole, path, parent });
    }
    let mut inner = 0;
    for (height, &whole) in extent.around.iter().enumerate() {
        let node = &tree.nodes[whole];
        let id = node.component.id.as_deref().unwrap_or(&node.component.component_type);
        let path = format!("{}{id}", "../".repeat(height + 1));
        let at = out.len();
        out[inner].parent = Some(at);
        inner = at;
        places.insert(whole, at);
        out.push(Node { component: node.component, of: node.of, whole, path, parent: None });
    }
    (out, places)
}

/// The flat name of the instance `node` in the dynamical system of `root`, with what is attached.
pub(in crate::lems) fn path(tree: &Tree<'_>, root: usize, node: usize) -> String {
    let mut way: Vec<usize> = tree.above(node).take_while(|at| *at != root).collect();
    way.reverse();
    let mut path = String::new();
    for at in way {
        let parent = tree.nodes[at].parent.unwrap_or(root);
        let name = names(tree, parent, true).into_iter().find(|(kid, _)| *kid == at);
        path = join(&path, &name.map(|(_, name)| name).unwrap_or_default());
    }
    path
}

/// The names by which paths call the instance `node` within `root`, where they differ from its flat name: by
/// the id of what a reference names, what is attached or a single child, by attachments, id and number, and by
/// the name of its element.
pub(super) fn other_paths(tree: &Tree<'_>, root: usize, node: usize) -> Vec<String> {
    let way: Vec<usize> = tree.above(node).take_while(|at| *at != root).collect();
    let single = |at: usize| {
        let node = &tree.nodes[at];
        let of = node.parent.map(|parent| tree.nodes[parent].of);
        node.role == Role::Child && of.is_some_and(|of| of.child.iter().any(|slot| slot.name == node.slot))
    };
    // Without an id, by the name of its element, if it is the only one of that name.
    let tag = |at: usize| tree.nodes[at].component.tag.as_deref();
    let alone = |at: usize| {
        let kids = tree.nodes[at].parent.map_or(&[][..], |parent| &tree.nodes[parent].kids);
        tag(at).is_some() && kids.iter().filter(|kid| tag(**kid) == tag(at)).count() == 1
    };
    let named = |at: &usize| {
        let node = &tree.nodes[*at];
        match (node.role, &node.component.id) {
            (Role::Reference | Role::Attached, _) => true,
            (Role::Child, Some(_)) => single(*at),
            (Role::Child, None) => alone(*at),
            _ => false,
        }
    };
    if !way.iter().any(named) {
        return Vec::new();
    }
    let mut paths = vec![String::new(); 3];
    for at in way.into_iter().rev() {
        let node = &tree.nodes[at];
        let parent = node.parent.unwrap_or(root);
        let id = node.component.id.as_deref();
        let flat = || {
            let name = names(tree, parent, true).into_iter().find(|(kid, _)| *kid == at);
            name.map(|(_, name)| name).unwrap_or_default()
        };
        let steps = match (node.role, id) {
            (Role::Reference, Some(id)) => [id.to_string(), id.to_string(), id.to_string()],
            (Role::Child, Some(id)) if single(at) => [flat(), flat(), id.to_string()],
            (Role::Child, None) if alone(at) => [flat(), flat(), tag(at).unwrap_or_default().to_string()],
            (Role::Attached, Some(id)) => {
                let alike = |kid: &&usize| {
                    let kid = &tree.nodes[**kid];
                    kid.slot == node.slot && kid.component.id.as_deref() == Some(id)
                };
                let before = tree.nodes[parent].kids.iter().filter(alike).take_while(|kid| **kid != at);
                let numbered = format!("{}:{id}:{}", node.slot, before.count());
                [id.to_string(), numbered.clone(), numbered]
            }
            _ => [flat(), flat(), flat()],
        };
        for (path, step) in paths.iter_mut().zip(steps) {
            *path = join(path, &step);
        }
    }
    paths.dedup();
    paths
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() || name.starts_with('[') { format!("{path}{name}") } else { format!("{path}/{name}") }
}

/// The children of an instance and their names: the child slot; in a list the id, or without one the list's
/// name, with a number in brackets if the list holds several; the reference; for items the number in
/// brackets; for what is attached the attachments with the number.
fn names(tree: &Tree<'_>, at: usize, attached: bool) -> Vec<(usize, String)> {
    let of = tree.nodes[at].of;
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut lists: BTreeMap<&str, usize> = BTreeMap::new();
    for kid in tree.nodes[at].kids.iter().map(|kid| &tree.nodes[*kid]).filter(|kid| kid.role == Role::Child) {
        *lists.entry(kid.slot).or_default() += 1;
    }
    let mut out = Vec::new();
    for &number in &tree.nodes[at].kids {
        let kid = &tree.nodes[number];
        let name = match kid.role {
            Role::Reference if taken.contains(kid.slot) => format!("{}[{}]", kid.slot, kid.index),
            Role::Root | Role::Reference => kid.slot.to_string(),
            Role::Item => format!("[{}]", kid.index),
            Role::Attached if attached => format!("{}[{}]", kid.slot, kid.index),
            Role::Attached => continue,
            Role::Child => {
                let single = of.child.iter().any(|slot| slot.name == kid.slot);
                let name = match &kid.component.id {
                    _ if single => kid.slot.to_string(),
                    Some(id) => id.clone(),
                    None if lists.get(kid.slot).is_none_or(|count| *count == 1) => kid.slot.to_string(),
                    None => format!("{}[{}]", kid.slot, kid.index),
                };
                if taken.contains(&name) { format!("{}[{}]", kid.slot, kid.index) } else { name }
            }
        };
        taken.insert(name.clone());
        out.push((number, name));
    }
    out
}
