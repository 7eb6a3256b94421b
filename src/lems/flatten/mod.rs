//! Flattening: a component with its children becomes one [`Dynamics`].
//!
//! * A child's quantities get its name in front: `m/q`; its own children's too: `m/forwardRate/r`. The
//!   name is that of the child slot, or in a list the id (without an id: the list's name, with a
//!   number in brackets if the list holds several).
//! * A component that a reference names becomes part of the whole under the reference's name, if the
//!   type's structure asks for an instance or an equation selects from it.
//! * A requirement is met by the nearest enclosing component that has a quantity of that name; what
//!   nobody has becomes an input, and so do `t` and the outermost component's `weight`.
//! * What is attached from outside (`select="synapses[*]/i"`) becomes an input of the path's name, unless
//!   the instances attached are part of the whole.
//! * Instances that a structure makes are named by their number: `[3]/v`.
//! * What encloses the whole and never changes gives its value to a requirement of that name.
//! * A regime is a state, `regime`, that holds the number of the current one, in order of declaration.
//! * A kinetic scheme becomes the time derivatives of its occupancies.
//! * Events that one part sends to another within the component become the actions of the receiver.

mod events;
mod kinetic;
mod names;
mod order;
mod part;

use std::collections::{BTreeMap, BTreeSet};

use super::component::Component;
use super::instances::Tree;
use super::raw::Origin;
use super::set::Set;
use super::types::{DerivedValue, Reduce, Source};
use crate::dynamics::{Assignment, Derived, Dynamics, Parameter, Variable};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{BinaryOp, Expr, eval};
use crate::units::Dimension;
use names::Selected;
pub use part::Extent;
use part::Node;
pub(super) use part::path;

impl Set {
    /// The flat dynamical system that `component` is, with its children and the components it refers to.
    ///
    /// # Errors
    /// Everything that does not fit together, joined.
    pub fn flatten(&self, component: &Component) -> Result<Dynamics> {
        self.flatten_whole(component, false)
    }

    /// As [`Set::flatten`], for one whose events may be listened to: they leave by its own ports, though they also lead to
    /// parts of it.
    ///
    /// # Errors
    /// As [`Set::flatten`].
    pub fn flatten_open(&self, component: &Component) -> Result<Dynamics> {
        self.flatten_whole(component, true)
    }

    fn flatten_whole(&self, component: &Component, open: bool) -> Result<Dynamics> {
        let extent = Extent { root: 0, around: &[], attached: true, within: true, open };
        Tree::new(self, component)?.flatten(extent).map(|flat| flat.0)
    }
}

/// Flattens a part of a tree of instances. Gives besides whether values of what encloses it went in.
///
/// # Errors
/// Everything that does not fit together, joined.
pub(super) fn flatten(tree: &Tree<'_>, extent: Extent<'_>) -> Result<(Dynamics, bool)> {
    let (nodes, places) = part::nodes(tree, extent);
    let mut flattener = Flattener {
        tree,
        extent,
        nodes,
        places,
        used_outside: false,
        out: Dynamics::default(),
        derived: Vec::new(),
        starts: Vec::new(),
        errors: Vec::new(),
    };
    flattener.run();
    match Error::join(flattener.errors) {
        None => Ok((flattener.out, flattener.used_outside)),
        Some(error) => Err(error),
    }
}

/// A start assignment and the component it belongs to.
struct Start {
    node: usize,
    assignment: Assignment,
}

struct Flattener<'t, 'a> {
    tree: &'t Tree<'a>,
    extent: Extent<'t>,
    nodes: Vec<Node<'a>>,
    /// Places of nodes by their numbers in the tree.
    places: BTreeMap<usize, usize>,
    /// Whether values of what encloses the whole went in.
    used_outside: bool,
    out: Dynamics,
    /// Derived variables in order of writing, with their places.
    derived: Vec<(Derived, Origin)>,
    starts: Vec<Start>,
    errors: Vec<Error>,
}

impl Flattener<'_, '_> {
    fn run(&mut self) {
        let root = self.nodes[0].component;
        self.out.name = root.id.clone().unwrap_or_else(|| root.component_type.clone());
        self.out.component_type.clone_from(&self.nodes[0].of.name);
        self.out.base_types.clone_from(&self.nodes[0].of.bases);
        let lists = self.nodes[0].of.attachments.iter();
        self.out.attachments = lists.map(|list| (list.name.clone(), list.component_type.clone())).collect();
        for node in 0..self.nodes.len() {
            self.parameters(node);
            self.states(node);
        }
        self.regimes();
        for node in 0..self.nodes.len() {
            self.derived_variables(node);
            self.derivatives(node);
            self.kinetic_schemes(node);
        }
        let derived_parameters = self.derived_parameters();
        self.derived.splice(0..0, derived_parameters);
        self.events();
        for node in 0..self.nodes.len() {
            self.exposures(node);
        }
        self.other_names();
        self.used_constants();
        self.sort();
    }

    fn fail(&mut self, node: usize, error: Error, origin: &Origin) {
        let component = self.nodes[node].component;
        self.errors.push(component.locate(error.at(origin.place())));
    }

    /// Parameters, constants and properties of a component.
    fn parameters(&mut self, node: usize) {
        let Node { component, of, whole, .. } = self.nodes[node];
        let assigned = &self.tree.nodes[whole].assigned;
        let given = |name: &str| {
            let assigned = assigned.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
            assigned.or_else(|| component.parameter(name))
        };
        let mut found: Vec<(String, Dimension, f64)> = Vec::new();
        for parameter in &of.parameters {
            let fixed = of.fixed.iter().find(|f| f.name == parameter.name).map(|f| f.value);
            match given(&parameter.name).or(fixed) {
                Some(value) => found.push((parameter.name.clone(), parameter.dimension, value)),
                None => {
                    let message = format!("parameter '{}' is missing", parameter.name);
                    self.errors.push(component.error(ErrorKind::Value, message));
                }
            }
        }
        for constant in &of.constants {
            found.push((constant.name.clone(), constant.dimension, constant.value));
        }
        for property in &of.properties {
            if node == 0 && property.name == "weight" {
                continue;
            }
            match given(&property.name).or(property.default) {
                Some(value) => found.push((property.name.clone(), property.dimension, value)),
                None => {
                    let message = format!("property '{}' has neither a value nor a default", property.name);
                    self.errors.push(component.error(ErrorKind::Value, message));
                }
            }
        }
        for name in &of.index_parameters {
            let index = self.tree.nodes[whole].index as f64;
            found.push((name.clone(), Dimension::NONE, given(name).unwrap_or(index)));
        }
        for (name, dimension, value) in found {
            let name = self.nodes[node].flat(&name);
            self.out.parameters.push(Parameter { name, dimension, value });
        }
    }

    fn states(&mut self, node: usize) {
        for state in &self.nodes[node].of.dynamics.states {
            let name = self.nodes[node].flat(&state.name);
            self.out.states.push(Variable { name, dimension: state.dimension });
        }
    }

    /// Computes derived parameters. Those that read what is only known while running, or a parameter that is
    /// left open (its value is no number), become derived variables.
    fn derived_parameters(&mut self) -> Vec<(Derived, Origin)> {
        let mut waiting: Vec<(Derived, Origin)> = Vec::new();
        for node in 0..self.nodes.len() {
            for declared in &self.nodes[node].of.derived_parameters {
                let derived = self.derived_parameter(node, declared);
                waiting.extend(derived.map(|d| (d, declared.origin.clone())));
            }
        }
        let mut values: BTreeMap<String, f64> =
            self.out.parameters.iter().map(|p| (p.name.clone(), p.value)).collect();
        values.extend(self.globals());
        loop {
            let count = waiting.len();
            let mut later = Vec::new();
            for (derived, origin) in waiting {
                match eval::evaluate(&derived.value, &|name| values.get(name).copied()) {
                    Ok(value) if !value.is_nan() => {
                        values.insert(derived.name.clone(), value);
                        let Derived { name, dimension, .. } = derived;
                        self.out.parameters.push(Parameter { name, dimension, value });
                    }
                    _ => later.push((derived, origin)),
                }
            }
            waiting = later;
            if waiting.is_empty() || waiting.len() == count {
                return waiting;
            }
        }
    }

    /// A derived parameter that selects what lies outside has the value that it has from the start.
    fn derived_parameter(&mut self, node: usize, declared: &DerivedValue) -> Option<Derived> {
        let failed = self.errors.len();
        let derived = self.derived_value(node, declared);
        if derived.is_some() || !matches!(declared.source, Source::Select { .. }) {
            return derived;
        }
        let value = match self.tree.value(self.nodes[node].whole, &declared.name) {
            Ok(Some(value)) => value,
            Ok(None) => return None,
            Err(error) => {
                self.errors.truncate(failed);
                self.errors.push(error);
                return None;
            }
        };
        self.errors.truncate(failed);
        self.used_outside = true;
        let name = self.nodes[node].flat(&declared.name);
        Some(Derived { name, dimension: declared.dimension, value: Expr::Number(value) })
    }

    fn derived_variables(&mut self, node: usize) {
        for declared in &self.nodes[node].of.dynamics.derived {
            let derived = self.derived_value(node, declared);
            self.derived.extend(derived.map(|d| (d, declared.origin.clone())));
        }
    }

    fn derived_value(&mut self, node: usize, declared: &DerivedValue) -> Option<Derived> {
        let value = match &declared.source {
            Source::Value(expr) => self.expression(node, expr, &declared.name, &declared.origin)?,
            Source::Select { path, reduce, required } => {
                let result = self.select(node, path, declared.dimension);
                let value = result.and_then(|selected| reduced(selected, path, *reduce, *required));
                match value {
                    Ok(value) => value,
                    Err(error) => {
                        self.fail(node, error.about(format_args!("'{}'", declared.name)), &declared.origin);
                        return None;
                    }
                }
            }
        };
        let name = self.nodes[node].flat(&declared.name);
        Some(Derived { name, dimension: declared.dimension, value })
    }

    /// Time derivatives outside and inside regimes: one for each state.
    fn derivatives(&mut self, node: usize) {
        let dynamics = &self.nodes[node].of.dynamics;
        for state in &dynamics.states {
            let outside = dynamics.derivatives.iter().find(|d| d.variable == state.name);
            let mut value = outside
                .and_then(|d| self.expression(node, &d.value, &format!("d{}/dt", state.name), &d.origin));
            for (number, regime) in dynamics.regimes.iter().enumerate() {
                let Some(inside) = regime.derivatives.iter().find(|d| d.variable == state.name) else {
                    continue;
                };
                let what = format!("d{}/dt", state.name);
                let Some(here) = self.expression(node, &inside.value, &what, &inside.origin) else {
                    continue;
                };
                let elsewhere = value.unwrap_or(Expr::Number(0.0));
                let holds = self.in_regime(node, number);
                value = Some(Expr::Select(Box::new(holds), Box::new(here), Box::new(elsewhere)));
            }
            let index = self.out.state(&self.nodes[node].flat(&state.name));
            if let (Some(index), Some(value)) = (index, value) {
                self.out.derivatives.push((index, value));
            }
        }
    }

    /// Every exposure with a variable behind it, under its flat name.
    fn exposures(&mut self, node: usize) {
        let this = &self.nodes[node];
        for exposure in &this.of.exposures {
            if let Some(variable) = self.behind(node, &exposure.name) {
                self.out.exposures.push((this.flat(&exposure.name), variable));
            }
        }
    }

    /// Every variable of a component that is there by reference or attached, under the id by which paths call
    /// it too: `chans/na/m/q` for `chans/ionChannel/m/q`, `synapses:ampa:1/g` for `synapses[1]/g`.
    fn other_names(&mut self) {
        let mut known: BTreeSet<String> = self.out.exposures.iter().map(|(name, _)| name.clone()).collect();
        known.extend(self.out.states.iter().map(|state| state.name.clone()));
        known.extend(self.derived.iter().map(|(derived, _)| derived.name.clone()));
        for node in 0..self.nodes.len() {
            let this = &self.nodes[node];
            let root = self.extent.root;
            if !self.extent.within || !self.tree.is_within(this.whole, root) {
                continue;
            }
            for path in part::other_paths(self.tree, root, this.whole) {
                if path == this.path {
                    continue;
                }
                let exposures = this.of.exposures.iter().map(|exposure| &exposure.name);
                let states = this.of.dynamics.states.iter().map(|state| &state.name);
                let derived = this.of.dynamics.derived.iter().map(|derived| &derived.name);
                for name in exposures.chain(states).chain(derived) {
                    let other = format!("{path}/{name}");
                    if let Some(variable) = self.behind(node, name)
                        && known.insert(other.clone())
                    {
                        self.out.exposures.push((other, variable));
                    }
                }
            }
        }
    }

    /// Constants of the document that some expression reads become parameters.
    fn used_constants(&mut self) {
        let mut used: Vec<String> = Vec::new();
        let mut note = |expr: &Expr| expr.visit_names(&mut |name| used.push(name.to_string()));
        self.derived.iter().for_each(|(d, _)| note(&d.value));
        self.out.derivatives.iter().for_each(|(_, value)| note(value));
        self.starts.iter().for_each(|s| note(&s.assignment.value));
        for condition in &self.out.conditions {
            note(&condition.test);
            condition.assignments.iter().for_each(|a| note(&a.value));
        }
        for event in &self.out.events {
            event.test.iter().for_each(&mut note);
            event.assignments.iter().for_each(|a| note(&a.value));
        }
        for name in used {
            if self.out.parameter(&name).is_some() || self.out.state(&name).is_some() {
                continue;
            }
            if self.derived.iter().any(|(d, _)| d.name == name)
                || self.out.inputs.iter().any(|i| i.name == name)
            {
                continue;
            }
            if let Some(constant) = self.tree.set.vocabulary().global(&name) {
                let (dimension, value) = (constant.dimension, constant.value);
                self.out.parameters.push(Parameter { name, dimension, value });
            }
        }
    }

    fn sort(&mut self) {
        match order::derived(std::mem::take(&mut self.derived)) {
            Ok(sorted) => self.out.derived = sorted,
            Err(error) => {
                let component = self.nodes[0].component;
                self.errors.push(component.locate(error));
            }
        }
        let starts = std::mem::take(&mut self.starts);
        self.out.on_start = order::starts(starts, &self.out);
    }
}

/// One expression from what a path selected.
fn reduced(selected: Vec<Selected>, path: &str, reduce: Option<Reduce>, required: bool) -> Result<Expr> {
    let count = selected.len();
    let mut values = selected.into_iter().map(|s| Expr::Name(s.name)).collect::<Vec<_>>();
    match reduce {
        Some(Reduce::Add) => Ok(chain(values, BinaryOp::Add, 0.0)),
        Some(Reduce::Multiply) => Ok(chain(values, BinaryOp::Mul, 1.0)),
        None if count > 1 => {
            let message = format!("'{path}' selects {count} values");
            Err(Error::new(ErrorKind::Name, message).help("say reduce=\"add\" or reduce=\"multiply\""))
        }
        None => match values.pop() {
            Some(value) => Ok(value),
            None if required => Err(Error::new(ErrorKind::Name, format!("'{path}' selects nothing"))),
            None => Ok(Expr::Number(0.0)),
        },
    }
}

/// The sum or product of `values` in their order, from the left; long ones by halves, so that no
/// expression grows deeper than its logarithm allows.
fn chain(values: Vec<Expr>, op: BinaryOp, neutral: f64) -> Expr {
    const LONG: usize = 64;
    if values.len() <= LONG {
        return values.into_iter().reduce(|a, b| Expr::binary(op, a, b)).unwrap_or(Expr::Number(neutral));
    }
    let mut left = values;
    let right = left.split_off(left.len() / 2);
    Expr::binary(op, chain(left, op, neutral), chain(right, op, neutral))
}
