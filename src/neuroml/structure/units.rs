//! Which instances become cells, and what is attached to them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::rc::Rc;
use std::sync::Arc;

use crate::dynamics::{Dynamics, Parameter, released};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Expr, Function};
use crate::lems::Set;
use crate::lems::instances::{Extent, Role, Tree};
use crate::lems::types::{Action, ComponentType, Reduce, Source};
use crate::neuroml::{Shaped, shaped};
use crate::units::Dimension;

/// The name by which the engine knows the current of what is attached to a cell.
const CURRENT: &str = "synapses[*]/i";

/// A cell to be.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    /// Its instance.
    pub(super) root: usize,
    /// Its equations or its shape.
    pub(super) body: Body,
    /// What is attached to it.
    pub(super) sites: Vec<Site>,
}

/// What a cell is.
#[derive(Debug, Clone)]
pub(super) enum Body {
    /// Equations.
    Point(Arc<Dynamics>),
    /// A shape, with what is on its membrane.
    Cable(Arc<Shaped>),
}

impl Body {
    /// What tells cells that are alike.
    pub(super) fn key(&self) -> usize {
        match self {
            Body::Point(dynamics) => Arc::as_ptr(dynamics) as usize,
            Body::Cable(shaped) => Arc::as_ptr(shaped) as usize,
        }
    }
}

/// An instance that is attached to a cell as a current.
#[derive(Debug, Clone)]
pub(super) struct Site {
    /// The instance.
    pub(super) node: usize,
    /// The cell's.
    pub(super) host: usize,
    /// Its equations.
    pub(super) dynamics: Arc<Dynamics>,
    /// Its property `weight`; 1 without one.
    pub(super) weight: f64,
}

/// Whether a type has equations of its own.
fn is_dynamic(of: &ComponentType) -> bool {
    let d = &of.dynamics;
    !(d.states.is_empty()
        && d.derived.is_empty()
        && d.handlers.is_empty()
        && d.regimes.is_empty()
        && d.schemes.is_empty())
}

/// The cells, in the order of their instances.
pub(super) fn units(set: &Set, tree: &Tree<'_>) -> Result<Vec<Unit>> {
    let mut maker = Maker { set, tree, known: BTreeMap::new(), shapes: BTreeMap::new() };
    let hosts = hosts(tree);
    let cables = around(tree, &|at| tree.is_closed(at));
    let mut out = Vec::new();
    let mut errors = Vec::new();
    let mut waiting: Vec<(usize, Rc<[usize]>)> = vec![(0, Rc::from([]))];
    while let Some((root, around)) = waiting.pop() {
        let node = &tree.nodes[root];
        let mut within = Rc::clone(&around);
        if tree.is_closed(root) {
            match maker.cable(root, &around) {
                Ok(unit) => out.push(unit),
                Err(error) => errors.push(error),
            }
            if errors.len() > 20 {
                break;
            }
            continue;
        }
        if is_dynamic(node.of) {
            let is_around = hosts[root] && stands_alone(tree, root);
            if !is_around && cables[root] {
                let message = "a cell with a shape in it, whose equations can't be part of its dynamics";
                errors.push(node.component.error(ErrorKind::Unsupported, message));
                continue;
            }
            match maker.unit(root, &around, !is_around) {
                Ok(unit) => out.push(unit),
                Err(error) => errors.push(error),
            }
            // The same fault in every cell of a large network is told often enough.
            if !is_around || errors.len() > 20 {
                continue;
            }
            within = std::iter::once(root).chain(around.iter().copied()).collect();
        }
        waiting.extend(node.kids.iter().rev().map(|kid| (*kid, Rc::clone(&within))));
    }
    match Error::join(errors) {
        None => Ok(out),
        Some(error) => Err(error),
    }
}

/// For each instance whether it contains lists, cells with a shape, or parts that exchange events.
fn hosts(tree: &Tree<'_>) -> Vec<bool> {
    around(tree, &|at| {
        let role = tree.nodes[at].role;
        matches!(role, Role::Item | Role::Attached) || !tree.links_at(at).is_empty() || tree.is_closed(at)
    })
}

/// For each instance whether it contains one that `is_it`.
fn around(tree: &Tree<'_>, is_it: &dyn Fn(usize) -> bool) -> Vec<bool> {
    let mut out = vec![false; tree.nodes.len()];
    for at in (0..tree.nodes.len()).filter(|at| is_it(*at)) {
        for above in tree.above(at).skip(1) {
            if std::mem::replace(&mut out[above], true) {
                break;
            }
        }
    }
    out
}

/// Whether the equations of an instance read nothing of what it contains and get no events.
fn stands_alone(tree: &Tree<'_>, at: usize) -> bool {
    let of = tree.nodes[at].of;
    let d = &of.dynamics;
    let mut expressions: Vec<&Expr> = d.derivatives.iter().map(|d| &d.value).collect();
    for derived in d.derived.iter().chain(&of.derived_parameters) {
        match &derived.source {
            Source::Select { .. } => return false,
            Source::Value(value) => expressions.push(value),
        }
    }
    let handlers = d.handlers.iter().chain(d.regimes.iter().flat_map(|regime| &regime.handlers));
    let entries = d.regimes.iter().flat_map(|regime| &regime.on_entry);
    for action in handlers.flat_map(|h| &h.actions).chain(entries).chain(&d.on_start) {
        if let Action::Assign { value, .. } = action {
            expressions.push(value);
        }
    }
    tree.links_at(at).is_empty()
        && d.schemes.is_empty()
        && tree.nodes[at].kids.iter().all(|kid| tree.nodes[*kid].role != Role::Attached)
        && !expressions.into_iter().any(is_random)
}

fn is_random(expr: &Expr) -> bool {
    match expr {
        Expr::Call(Function::Random, _) => true,
        Expr::Number(_) | Expr::Name(_) => false,
        Expr::Negate(a) | Expr::Call(_, a) | Expr::Not(a) => is_random(a),
        Expr::Binary(_, a, b) | Expr::Compare(_, a, b) | Expr::And(a, b) | Expr::Or(a, b) => {
            is_random(a) || is_random(b)
        }
        Expr::Select(c, a, b) => is_random(c) || is_random(a) || is_random(b),
    }
}

/// The list that an instance is a member of, as paths call it: of an item its parent; of what is alone in
/// a child of a list (an instance of a NeuroML population) the list; else the instance itself.
pub(super) fn list(tree: &Tree<'_>, root: usize) -> usize {
    let node = &tree.nodes[root];
    let Some(parent) = node.parent else { return root };
    if node.role == Role::Item {
        return parent;
    }
    let holder = &tree.nodes[parent];
    let numbered = holder.component.id.as_deref() == Some(holder.index.to_string().as_str());
    match holder.parent {
        Some(list) if node.role == Role::Reference && numbered && !is_dynamic(holder.of) => list,
        _ => root,
    }
}

/// What flattening gave, shared between instances that are alike.
struct Maker<'t, 'a> {
    set: &'t Set,
    tree: &'t Tree<'a>,
    /// Cells with a shape by their components.
    shapes: BTreeMap<usize, Arc<Shaped>>,
    known: BTreeMap<Vec<usize>, Known>,
}

/// The dynamics of instances that are alike but for what is around them.
#[derive(Default)]
struct Known {
    /// For all, if nothing around them matters.
    always: Option<Arc<Dynamics>>,
    /// Else by the parent, or by the instance itself if its own index went in.
    by_place: BTreeMap<(bool, usize), Arc<Dynamics>>,
}

impl Maker<'_, '_> {
    fn unit(&mut self, root: usize, around: &[usize], within: bool) -> Result<Unit> {
        let tree = self.tree;
        let extent = Extent { root, around, attached: false, within, open: true };
        let attached: Vec<usize> =
            tree.nodes[root].kids.iter().copied().filter(|k| tree.nodes[*k].role == Role::Attached).collect();
        if within && let Some(sites) = self.sites(root, around, &attached)? {
            return Ok(Unit { root, body: Body::Point(self.cell(extent)?), sites });
        }
        let dynamics = self.cell(Extent { attached: within, ..extent })?;
        Ok(Unit { root, body: Body::Point(dynamics), sites: Vec::new() })
    }

    /// A cell with a shape, and what is attached to it.
    fn cable(&mut self, root: usize, around: &[usize]) -> Result<Unit> {
        let tree = self.tree;
        let node = &tree.nodes[root];
        if let Some((name, _)) = node.assigned.first() {
            let message = format!("'{name}' is set in it, which a cell with a shape does not read");
            return Err(node.component.error(ErrorKind::Unsupported, message));
        }
        let known = self.shapes.entry(std::ptr::from_ref(node.component) as usize);
        let shaped = match known {
            Entry::Occupied(known) => Arc::clone(known.get()),
            Entry::Vacant(free) => Arc::clone(free.insert(Arc::new(shaped(self.set, node.component)?))),
        };
        let mut sites = Vec::new();
        for &site in node.kids.iter().filter(|kid| tree.nodes[**kid].role == Role::Attached) {
            if tree.nodes[site].slot != "synapses" {
                let message =
                    format!("a cell with a shape does not read its attachments '{}'", tree.nodes[site].slot);
                return Err(tree.nodes[site].component.error(ErrorKind::Unsupported, message));
            }
            let Some(dynamics) = self.current(site, around, "i")? else {
                let message = "it is attached to a cell with a shape, and is more than a current 'i' that depends \
                               on the potential and on what it receives";
                return Err(tree.nodes[site].component.error(ErrorKind::Unsupported, message));
            };
            let weight = tree.value(site, "weight")?.unwrap_or(1.0);
            sites.push(Site { node: site, host: root, dynamics, weight });
        }
        Ok(Unit { root, body: Body::Cable(shaped), sites })
    }

    /// What is attached to a cell, if all of it can be a current into it.
    fn sites(&mut self, root: usize, around: &[usize], attached: &[usize]) -> Result<Option<Vec<Site>>> {
        let tree = self.tree;
        let mut sites = Vec::new();
        let Some((slot, variable)) = summed_current(tree.nodes[root].of) else {
            return Ok(attached.is_empty().then_some(sites));
        };
        for &node in attached {
            let this = &tree.nodes[node];
            if this.slot != slot || tree.sends_out(node) {
                return Ok(None);
            }
            let Some(dynamics) = self.current(node, around, variable)? else { return Ok(None) };
            let weight = tree.value(node, "weight")?.unwrap_or(1.0);
            sites.push(Site { node, host: root, dynamics, weight });
        }
        let reads_v = sites.iter().any(|site| site.dynamics.inputs.iter().any(|i| i.name == "v"));
        let of = tree.nodes[root].of;
        let has_v = of.quantity("v") == Some(Dimension::VOLTAGE)
            && of.exposures.iter().any(|exposure| exposure.name == "v");
        Ok((has_v || !reads_v).then_some(sites))
    }

    /// The dynamics of what is attached and gives the current `variable`; `None` if it is more than that.
    fn current(&mut self, node: usize, around: &[usize], variable: &str) -> Result<Option<Arc<Dynamics>>> {
        let tree = self.tree;
        let peers: Vec<&str> = tree.nodes[node].peers.iter().map(|(name, _)| *name).collect();
        let extent = Extent { root: node, around: &[], attached: true, within: true, open: true };
        let dynamics = self.flat(extent, &mut |mut dynamics| {
            for name in &peers {
                rename_inputs(&mut dynamics, &format!("{name}/"), "peer/");
            }
            if variable != "i"
                && let Some(behind) = dynamics.exposed(variable).map(str::to_string)
            {
                dynamics.exposures.retain(|(exposed, _)| exposed != "i");
                dynamics.exposures.push(("i".to_string(), behind));
            }
            Ok(released(&dynamics, "i").unwrap_or(dynamics))
        })?;
        let given =
            |name: &str| matches!(name, "v" | "t" | "weight" | "temperature") || name.starts_with("peer/");
        let is_current = dynamics.exposed("i").is_some();
        // Equations around the cell can't be part of what is attached to it.
        let runs_around = |name: &str| {
            let quantity = |at: &usize| tree.nodes[*at].of.quantity(name).is_some();
            name != "v" && name != "t" && around.iter().any(quantity)
        };
        let fits = |name: &str| given(name) && !runs_around(name);
        Ok((is_current && dynamics.inputs.iter().all(|i| fits(&i.name))).then_some(dynamics))
    }

    /// The dynamics of a cell, with nothing left that it would need.
    fn cell(&mut self, extent: Extent<'_>) -> Result<Arc<Dynamics>> {
        let tree = self.tree;
        let node = &tree.nodes[extent.root];
        let sum = summed_current(node.of).map(|(slot, variable)| format!("{slot}[*]/{variable}"));
        let weight = tree.value(extent.root, "weight")?;
        let weighted = tree
            .links_at(extent.root)
            .iter()
            .any(|link| tree.links[*link].weight.is_some() && tree.links[*link].to.0 == extent.root);
        self.flat(extent, &mut |mut dynamics| {
            let inputs = std::mem::take(&mut dynamics.inputs);
            for mut input in inputs {
                let attachments = node.of.attachments.iter();
                let mut attachments = attachments.filter(|slot| {
                    input.name.strip_prefix(slot.name.as_str()).is_some_and(|rest| rest.starts_with('['))
                });
                if sum.as_deref() == Some(input.name.as_str()) {
                    rename(&mut dynamics, &input.name, CURRENT);
                    input.name = CURRENT.to_string();
                    dynamics.inputs.push(input);
                } else if attachments.next().is_some() {
                    let value = empty(node.of, &input.name);
                    let (name, dimension) = (input.name, input.dimension);
                    dynamics.parameters.push(Parameter { name, dimension, value });
                } else if input.name == "weight" && !weighted {
                    let (name, dimension) = (input.name, input.dimension);
                    let value = weight.unwrap_or(1.0);
                    dynamics.parameters.push(Parameter { name, dimension, value });
                } else if matches!(input.name.as_str(), "t" | "weight" | "temperature") {
                    dynamics.inputs.push(input);
                } else {
                    let label = node.component.label();
                    let message = format!("{label} needs '{}', which nothing around it has", input.name);
                    return Err(node.component.error(ErrorKind::Name, message));
                }
            }
            Ok(dynamics)
        })
    }

    /// Flattens a part and does `finish` to it, once for all that are alike.
    fn flat(
        &mut self,
        extent: Extent<'_>,
        finish: &mut dyn FnMut(Dynamics) -> Result<Dynamics>,
    ) -> Result<Arc<Dynamics>> {
        let tree = self.tree;
        let known = self.known.entry(key(tree, extent)).or_default();
        let parent = (false, tree.nodes[extent.root].parent.unwrap_or(extent.root));
        let own = (true, extent.root);
        let there = known.always.as_ref().or_else(|| known.by_place.get(&parent));
        if let Some(dynamics) = there.or_else(|| known.by_place.get(&own)) {
            return Ok(Arc::clone(dynamics));
        }
        let (dynamics, used_outside) = tree.flatten(extent)?;
        let dynamics = finish(dynamics)?;
        let alike = known.by_place.values().rev().take(16).find(|known| ***known == dynamics);
        let dynamics = alike.map_or_else(|| Arc::new(dynamics), Arc::clone);
        if used_outside {
            let is_own = dynamics.parameter("index").is_some();
            known.by_place.insert(if is_own { own } else { parent }, Arc::clone(&dynamics));
        } else {
            known.always = Some(Arc::clone(&dynamics));
        }
        Ok(dynamics)
    }
}

/// What tells the flat dynamics of a part: its components and what was set in them, and what is around.
fn key(tree: &Tree<'_>, extent: Extent<'_>) -> Vec<usize> {
    let mut out = vec![usize::from(extent.attached), usize::from(extent.within)];
    out.extend(extent.around);
    let mut waiting = vec![extent.root];
    let mut parts: Vec<usize> = Vec::new();
    while let Some(at) = waiting.pop() {
        let node = &tree.nodes[at];
        parts.push(at);
        out.push(std::ptr::from_ref(node.component) as usize);
        // A list's members are told apart by what is set in them; so is a part of another.
        if at != extent.root {
            out.push(node.index);
        }
        for (name, value) in &node.assigned {
            if at != extent.root || *name != "weight" {
                out.extend([name.as_ptr() as usize, value.to_bits() as usize]);
            }
        }
        let belongs = |kid: &&usize| {
            extent.within
                && (at != extent.root || extent.attached || tree.nodes[**kid].role != Role::Attached)
        };
        let before = waiting.len();
        waiting.extend(node.kids.iter().filter(belongs));
        out.push(waiting.len() - before);
    }
    // What leads out only matters to what sends within too.
    let places: BTreeMap<usize, usize> = parts.iter().enumerate().map(|(place, at)| (*at, place)).collect();
    let mut touching: Vec<usize> = parts.iter().flat_map(|part| tree.links_at(*part)).copied().collect();
    touching.sort_unstable();
    touching.dedup();
    let links = || touching.iter().map(|link| &tree.links[*link]);
    if links().any(|link| places.contains_key(&link.from.0) && places.contains_key(&link.to.0)) {
        for link in links() {
            for (node, port) in [link.from, link.to] {
                out.extend([places.get(&node).copied().unwrap_or(usize::MAX), port.as_ptr() as usize]);
            }
            out.push(usize::from(tree.is_direct(link)));
        }
    }
    out
}

/// The attachments and the variable of which a type reads only the sum, a current.
fn summed_current(of: &ComponentType) -> Option<(&str, &str)> {
    let mut found = None;
    for derived in &of.dynamics.derived {
        let Source::Select { path, reduce, .. } = &derived.source else { continue };
        let head = path.split(['/', '[']).next().unwrap_or_default();
        if !of.attachments.iter().any(|slot| slot.name == head) {
            continue;
        }
        let variable = path.strip_prefix(head).and_then(|rest| rest.strip_prefix("[*]/"))?;
        let plain = *reduce == Some(Reduce::Add)
            && derived.dimension == Dimension::CURRENT
            && !variable.contains('/')
            && found.is_none_or(|known| known == (head, variable));
        if !plain {
            return None;
        }
        found = Some((head, variable));
    }
    found
}

/// What an empty selection gives: 1 for a product, else 0.
fn empty(of: &ComponentType, path: &str) -> f64 {
    let product = of.dynamics.derived.iter().any(|derived| {
        matches!(&derived.source, Source::Select { path: known, reduce: Some(Reduce::Multiply), .. } if known == path)
    });
    if product { 1.0 } else { 0.0 }
}

/// Gives an input another name.
fn rename(dynamics: &mut Dynamics, from: &str, to: &str) {
    let names = |expr: &mut Expr| {
        *expr = expr.map_names(&|name| Expr::Name(if name == from { to } else { name }.to_string()));
    };
    dynamics.derived.iter_mut().for_each(|d| names(&mut d.value));
    dynamics.derivatives.iter_mut().for_each(|(_, value)| names(value));
    dynamics.on_start.iter_mut().for_each(|a| names(&mut a.value));
    for condition in &mut dynamics.conditions {
        names(&mut condition.test);
        condition.assignments.iter_mut().for_each(|a| names(&mut a.value));
    }
    for event in &mut dynamics.events {
        event.test.iter_mut().for_each(names);
        event.assignments.iter_mut().for_each(|a| names(&mut a.value));
    }
    for (_, behind) in dynamics.exposures.iter_mut().filter(|(_, behind)| behind == from) {
        *behind = to.to_string();
    }
}

/// Gives all inputs whose names begin with `from` names that begin with `to`.
fn rename_inputs(dynamics: &mut Dynamics, from: &str, to: &str) {
    let found: Vec<String> = dynamics.inputs.iter().map(|i| i.name.clone()).collect();
    for name in found {
        if from != to
            && let Some(rest) = name.strip_prefix(from)
        {
            let new = format!("{to}{rest}");
            rename(dynamics, &name, &new);
            if let Some(input) = dynamics.inputs.iter_mut().find(|i| i.name == name) {
                input.name = new;
            }
        }
    }
}
