//! The instances that a component comes to when it runs: its children, what its type's structure makes,
//! and what connects them.
//!
//! Two passes, as in the reference implementation (jLEMS): first every component makes its children and
//! the instances that `ChildInstance` and `MultiInstantiate` ask for; then, in the same order, structures
//! connect what is there (`With`, `ForEach`, `EventConnection`, `Tunnel`) and attach instances. Between the two, instances
//! are made that are asked for within `With`, `ForEach` and `Apply`: these name what is there already.

mod connect;
mod path;
mod value;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use super::component::Component;
pub use super::flatten::Extent;
use super::raw::Origin;
use super::set::Set;
use super::types::{Assign, Build, ComponentType, Source, Statement};
use crate::dynamics::Dynamics;
use crate::error::{Error, ErrorKind, Result};
use crate::rng::{Purpose, Stream};

pub(super) use path::bare;
pub use path::steps;

/// Deepest nesting of components, references counted.
const MAX_DEPTH: usize = 64;
/// Most instances in one tree.
const MAX_NODES: usize = 2_000_000;
/// Most connections in one tree.
const MAX_LINKS: usize = 20_000_000;
/// Most statements done for one tree: loops within loops grow beyond all bounds.
const MAX_WORK: u64 = 25_000_000;

/// How an instance came to be where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The outermost.
    Root,
    /// In a child or children list of its parent.
    Child,
    /// A component that its parent refers to.
    Reference,
    /// One of a list that its parent's structure made.
    Item,
    /// Attached to its parent by a connection.
    Attached,
}

/// Which end of what connects two instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The receiver of an event connection.
    Receiver,
    /// The first of a tunnel.
    One,
    /// The second of a tunnel.
    Other,
}

/// An instance of a component.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    /// The component.
    pub component: &'a Component,
    /// Its type.
    pub of: &'a ComponentType,
    /// How it came to be here.
    pub role: Role,
    /// The child, children list, reference or attachments of its parent that it is in; empty for the
    /// outermost and for items.
    pub slot: &'a str,
    /// Its number among those of the same role and slot.
    pub index: usize,
    /// Its parent.
    pub parent: Option<usize>,
    /// Its children in order of making.
    pub kids: Vec<usize>,
    /// Properties that its maker set, with SI values.
    pub assigned: Vec<(&'a str, f64)>,
    /// Instances that it sees through tunnels, by the tunnel's name.
    pub peers: Vec<(&'a str, usize)>,
    /// What attached it: the instance whose structure did, and which end of a tunnel it is.
    pub attached_by: Option<(usize, End)>,
}

/// A connection for events between two instances.
#[derive(Debug, Clone, PartialEq)]
pub struct Link<'a> {
    /// Sender and its port.
    pub from: (usize, &'a str),
    /// Receiver and its port.
    pub to: (usize, &'a str),
    /// Delay, s.
    pub delay_s: f64,
    /// The value of the receiver's property `weight` for these events, if the connection sets it.
    pub weight: Option<f64>,
    /// The instance whose structure made it.
    pub by: usize,
    /// Where it is declared.
    pub origin: &'a Origin,
}

/// A tunnel: two attached instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// One of them.
    pub one: usize,
    /// The other.
    pub other: usize,
}

/// All instances of one component and what it contains, every parent before its children, but for what
/// was attached later.
#[derive(Debug, Clone)]
pub struct Tree<'a> {
    pub(super) set: &'a Set,
    /// Types whose instances are kept whole: what they contain has no instances of its own.
    closed: BTreeSet<String>,
    /// The instances; the first is the outermost.
    pub nodes: Vec<Node<'a>>,
    /// Connections in order of making.
    pub links: Vec<Link<'a>>,
    /// Tunnels in order of making.
    pub pairs: Vec<Pair>,
    /// For each node the numbers of the connections that begin or end there.
    touching: Vec<Vec<usize>>,
    /// What `random` draws in structures. A structure is the same in every run.
    draws: RefCell<Stream>,
    /// Values of derived parameters found so far, by instance and number in the type.
    derived: RefCell<BTreeMap<(usize, usize), Option<f64>>>,
    /// Statements done so far.
    work: Cell<u64>,
    /// Indices of the children of those that have many.
    indices: RefCell<BTreeMap<usize, path::Index>>,
}

/// An instance that waits for its place.
struct Waiting<'a> {
    component: &'a Component,
    role: Role,
    slot: &'a str,
    index: usize,
    parent: Option<usize>,
    assigned: Vec<(&'a str, f64)>,
}

impl<'a> Tree<'a> {
    /// Makes all instances of `component`.
    ///
    /// # Errors
    /// If a structure names what is not there or can't be done, with its place.
    pub fn new(set: &'a Set, component: &'a Component) -> Result<Tree<'a>> {
        Tree::with_closed(set, component, BTreeSet::new())
    }

    /// As [`Tree::new`], but for what instances of the types `closed` contain: only what is attached to them
    /// has instances.
    ///
    /// # Errors
    /// As [`Tree::new`].
    pub fn with_closed(set: &'a Set, component: &'a Component, closed: BTreeSet<String>) -> Result<Tree<'a>> {
        let (nodes, links, pairs, touching) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let draws = RefCell::new(Stream::new(0, Purpose::Structure, [0, 0]));
        let derived = RefCell::new(BTreeMap::new());
        let work = Cell::new(0);
        let indices = RefCell::new(BTreeMap::new());
        let mut tree = Tree { set, closed, nodes, links, pairs, touching, draws, derived, work, indices };
        let root =
            Waiting { component, role: Role::Root, slot: "", index: 0, parent: None, assigned: Vec::new() };
        tree.grow(root)?;
        tree.multiply()?;
        tree.connect()?;
        tree.touching = vec![Vec::new(); tree.nodes.len()];
        for (number, link) in tree.links.iter().enumerate() {
            tree.touching[link.from.0].push(number);
            if link.to.0 != link.from.0 {
                tree.touching[link.to.0].push(number);
            }
        }
        Ok(tree)
    }

    /// The flat dynamical system that a part of the tree is, and whether values of what encloses it went
    /// into it.
    ///
    /// # Errors
    /// Everything that does not fit together, joined.
    pub fn flatten(&self, extent: Extent<'_>) -> Result<(Dynamics, bool)> {
        super::flatten::flatten(self, extent)
    }

    /// The flat name of the instance `node` in the dynamical system of `root`; empty for `root` itself.
    pub fn path_within(&self, root: usize, node: usize) -> String {
        super::flatten::path(self, root, node)
    }

    /// Whether a connection between parts of one dynamical system acts at once, as a part of it.
    pub fn is_direct(&self, link: &Link<'_>) -> bool {
        // What is attached has the weight as its own.
        link.delay_s == 0.0 && (link.weight.is_none() || self.nodes[link.to.0].role == Role::Attached)
    }

    /// Numbers of the connections that begin or end at the instance `node`.
    pub fn links_at(&self, node: usize) -> &[usize] {
        &self.touching[node]
    }

    /// Whether what the instance `node` contains has no instances of its own, but for what is attached.
    pub fn is_closed(&self, node: usize) -> bool {
        self.closed.contains(&self.nodes[node].of.name)
    }

    /// Whether the instance `node`, or one within it, sends events to what is outside.
    pub fn sends_out(&self, node: usize) -> bool {
        let mut waiting = vec![node];
        while let Some(at) = waiting.pop() {
            let leaves = |link: &usize| {
                let Link { from, to, .. } = &self.links[*link];
                from.0 == at && !self.is_within(to.0, node)
            };
            if self.links_at(at).iter().any(leaves) {
                return true;
            }
            waiting.extend(&self.nodes[at].kids);
        }
        false
    }

    /// Counts a statement done.
    fn count_work(&self) -> Result<()> {
        self.work.set(self.work.get() + 1);
        if self.work.get() > MAX_WORK {
            let message =
                format!("more than {MAX_WORK} statements of structures are done, in loops within loops");
            return Err(Error::new(ErrorKind::Limit, message));
        }
        Ok(())
    }

    /// Whether chance decided on instances or connections.
    pub fn is_random(&self) -> bool {
        *self.draws.borrow() != Stream::new(0, Purpose::Structure, [0, 0])
    }

    /// Whether `node` is `ancestor` or lies within it.
    pub fn is_within(&self, node: usize, ancestor: usize) -> bool {
        self.above(node).any(|at| at == ancestor)
    }

    /// `node`, its parent, and so on outwards.
    pub fn above(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(Some(node), |at| self.nodes[*at].parent)
    }

    /// Adds an instance and all within it. Gives its number.
    fn grow(&mut self, root: Waiting<'a>) -> Result<usize> {
        let first = self.nodes.len();
        let mut waiting = vec![root];
        while let Some(Waiting { component, role, slot, index, parent, assigned }) = waiting.pop() {
            let of =
                self.set.require_type(&component.component_type).map_err(|error| component.locate(error))?;
            if self.nodes.len() >= MAX_NODES {
                let message = format!("more than {MAX_NODES} instances of components in one target");
                let error = component.error(ErrorKind::Limit, message);
                return Err(error.help("a NeuroML <network> holds more cells and connections"));
            }
            let at = self.nodes.len();
            if let Some(parent) = parent {
                if self.above(parent).nth(MAX_DEPTH).is_some() {
                    let message =
                        format!("components contain or refer to each other more than {MAX_DEPTH} deep");
                    return Err(component.error(ErrorKind::Limit, message));
                }
                self.nodes[parent].kids.push(at);
            }
            let (kids, peers, attached_by) = (Vec::new(), Vec::new(), None);
            let node = Node { component, of, role, slot, index, parent, kids, assigned, peers, attached_by };
            self.nodes.push(node);
            let within = self.within(at)?;
            waiting.extend(within.into_iter().rev());
        }
        Ok(first)
    }

    /// The children of an instance, the components it refers to, and the lists its structure makes.
    fn within(&self, at: usize) -> Result<Vec<Waiting<'a>>> {
        let Node { component, of, .. } = self.nodes[at];
        let mut out: Vec<Waiting<'a>> = Vec::new();
        if self.closed.contains(&of.name) {
            return Ok(out);
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for child in &component.children {
            let count = counts.entry(&child.slot).or_default();
            out.push(Waiting {
                component: child,
                role: Role::Child,
                slot: &child.slot,
                index: *count,
                parent: Some(at),
                assigned: Vec::new(),
            });
            *count += 1;
        }
        for name in referred(of, component) {
            out.push(self.reference(at, name, Vec::new())?);
        }
        let mut items = 0;
        for statement in &of.structure.statements {
            let made = self.made(at, statement, &[], &mut items, &mut out);
            made.map_err(|error| component.locate(error.at(statement.origin.place())))?;
        }
        Ok(out)
    }

    /// The instance of what the reference `path` of the instance `at` names.
    fn reference(&self, at: usize, path: &'a str, assigned: Vec<(&'a str, f64)>) -> Result<Waiting<'a>> {
        let component = self.referred_component(at, path)?;
        let slot = path.rsplit('/').next().unwrap_or(path);
        Ok(Waiting { component, role: Role::Reference, slot, index: 0, parent: Some(at), assigned })
    }

    /// What a statement makes in the instance `at` before anything is connected. `indices` are the numbers
    /// of enclosing lists by their names.
    fn made(
        &self,
        at: usize,
        statement: &'a Statement,
        indices: &[(&'a str, f64)],
        items: &mut usize,
        out: &mut Vec<Waiting<'a>>,
    ) -> Result<()> {
        match &statement.build {
            Build::ChildInstance { component: Some(name), assigns, .. } => {
                let assigned = self.assigned(at, assigns, indices, self.referred_component(at, name)?)?;
                // A plain reference is there already.
                let there = |w: &&mut Waiting<'a>| w.role == Role::Reference && w.slot == name.as_str();
                match out.iter_mut().find(there) {
                    Some(waiting) => waiting.assigned = assigned,
                    None => out.push(self.reference(at, name, assigned)?),
                }
            }
            Build::ChildInstance { component_type, assigns, .. } => {
                let name = component_type.as_deref().unwrap_or_default();
                let component = self.blank(name)?;
                let assigned = self.assigned(at, assigns, indices, component)?;
                out.push(Waiting {
                    component,
                    role: Role::Reference,
                    slot: name,
                    index: 0,
                    parent: Some(at),
                    assigned,
                });
            }
            Build::MultiInstantiate { number, index, component, component_type, assigns, within } => {
                let count = self.count(at, number, indices)?;
                let item = match (component, component_type) {
                    (Some(name), _) => Some(self.referred_component(at, name)?),
                    (None, Some(name)) => Some(self.blank(name)?),
                    (None, None) => None,
                };
                for i in 0..count {
                    self.count_work()?;
                    let mut known = indices.to_vec();
                    known.push((index, i as f64));
                    if let Some(component) = item {
                        if self.nodes.len() + out.len() >= MAX_NODES {
                            let message = format!("more than {MAX_NODES} instances");
                            return Err(Error::new(ErrorKind::Limit, message));
                        }
                        out.push(Waiting {
                            component,
                            role: Role::Item,
                            slot: "",
                            index: *items,
                            parent: Some(at),
                            assigned: self.assigned(at, assigns, &known, component)?,
                        });
                        *items += 1;
                    }
                    for statement in within {
                        self.made(at, statement, &known, items, out)?;
                    }
                }
            }
            Build::Choose(cases) => {
                // A test of what connections name waits for them.
                if is_made_at_once(statement) {
                    for statement in self.chosen_case(at, cases, indices)? {
                        self.made(at, statement, indices, items, out)?;
                    }
                }
            }
            // They need what is made first.
            Build::ForEach { .. } | Build::With { .. } | Build::Apply { .. } => {}
            Build::EventConnection { .. } | Build::Tunnel { .. } => {}
        }
        Ok(())
    }

    /// A component of the type `name` that sets nothing.
    fn blank(&self, name: &str) -> Result<&'a Component> {
        let of = self.set.require_type(name)?;
        if let Some(parameter) = of.parameters.iter().find(|p| !of.fixed.iter().any(|f| f.name == p.name)) {
            let message = format!(
                "a {name} needs the parameter '{}', which an instance of the type alone lacks",
                parameter.name
            );
            return Err(Error::new(ErrorKind::Value, message).help("name a component instead of its type"));
        }
        self.set.blank(name).ok_or_else(|| Error::new(ErrorKind::Name, format!("there is no {name}")))
    }

    /// The values that the structure of the instance `at` assigns to properties of `to`. Names that `at` does not have may
    /// be constants and parameters of `to`, as in the reference implementation.
    fn assigned(
        &self,
        at: usize,
        assigns: &'a [Assign],
        indices: &[(&'a str, f64)],
        to: &'a Component,
    ) -> Result<Vec<(&'a str, f64)>> {
        let value = |assign: &'a Assign| {
            let mut known = indices.to_vec();
            let mut unknown: Vec<&'a str> = Vec::new();
            assign.value.visit_names(&mut |name| unknown.push(name));
            unknown.retain(|name| !indices.iter().any(|(index, _)| index == name));
            for name in unknown {
                if self.value(at, name)?.is_none() {
                    known.extend(self.set.given_value(to, name).map(|value| (name, value)));
                }
            }
            let value = self.evaluate(at, &assign.value, &known).map_err(|error| {
                error.about(format_args!("Assign '{}'", assign.property)).at(assign.origin.place())
            })?;
            Ok((assign.property.as_str(), value))
        };
        assigns.iter().map(value).collect()
    }
}

/// Whether a statement asks for instances itself.
fn is_maker(statement: &Statement) -> bool {
    matches!(statement.build, Build::ChildInstance { .. } | Build::MultiInstantiate { .. })
}

/// Whether the first pass makes what a statement asks for, or some of it.
fn is_made_at_once(statement: &Statement) -> bool {
    match &statement.build {
        Build::Choose(cases) => cases.iter().any(|(_, within)| within.iter().any(is_made_at_once)),
        _ => is_maker(statement),
    }
}

/// Whether a statement, or one within it, asks for instances.
fn makes(statement: &Statement) -> bool {
    is_maker(statement) || within(statement).into_iter().flatten().any(makes)
}

/// Whether a statement, or one within it, asks for instances that the first pass leaves out.
fn waits(statement: &Statement) -> bool {
    match &statement.build {
        Build::With { within, .. } | Build::ForEach { within, .. } | Build::Apply { within, .. } => {
            within.iter().any(makes)
        }
        _ => within(statement).into_iter().flatten().any(waits),
    }
}

/// Whether a statement, or one within it, connects instances or gives them names.
fn connects(statement: &Statement) -> bool {
    matches!(statement.build, Build::EventConnection { .. } | Build::Tunnel { .. } | Build::With { .. })
        || within(statement).into_iter().flatten().any(connects)
}

/// The lists of statements within a statement.
fn within(statement: &Statement) -> Vec<&[Statement]> {
    match &statement.build {
        Build::With { within, .. }
        | Build::ForEach { within, .. }
        | Build::Apply { within, .. }
        | Build::MultiInstantiate { within, .. } => vec![within],
        Build::Choose(cases) => cases.iter().map(|(_, within)| within.as_slice()).collect(),
        Build::ChildInstance { .. } | Build::EventConnection { .. } | Build::Tunnel { .. } => Vec::new(),
    }
}

/// The references of which a component contains an instance: those its structure asks for, those its
/// equations select from, and references that stand for a child.
fn referred<'a>(of: &'a ComponentType, component: &'a Component) -> Vec<&'a str> {
    let mut out: Vec<&str> = Vec::new();
    for name in of.structure.child_instances() {
        if of.references.iter().any(|r| r.name == *name) && !out.contains(&name) {
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
