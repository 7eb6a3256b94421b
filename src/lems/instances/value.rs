//! Values that are known before anything runs.

use super::path::{attribute, bare, steps};
use super::{Role, Tree};
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::expr::Expr;
use crate::expr::eval::evaluate_random;
use crate::lems::component::Component;
use crate::lems::types::{Source, Statement};
use crate::units::Dimension;

/// Longest chain of derived parameters that read each other.
const MAX_CHAIN: usize = 256;
/// Most instances of one list.
const MAX_ITEMS: f64 = 2_000_000.0;

impl<'a> Tree<'a> {
    /// The component that the reference or child `path` of the instance `at` names: `component`,
    /// `../component`.
    pub(super) fn referred_component(&self, at: usize, path: &str) -> Result<&'a Component> {
        let all = steps(path);
        let mut node = at;
        for (number, step) in all.iter().enumerate() {
            match *step {
                ".." | "parent" => {
                    node = self.nodes[node].parent.ok_or_else(|| {
                        Error::new(ErrorKind::Name, format!("'{path}' leaves the outermost component"))
                    })?;
                }
                "." | "this" => {}
                name if number + 1 == all.len() => return self.referred_by(node, name),
                name => {
                    // Beyond this there are components, not instances.
                    let mut component = self.referred_by(node, name)?;
                    for step in &all[number + 1..] {
                        component = self.part_of(component, step)?;
                    }
                    return Ok(component);
                }
            }
        }
        Ok(self.nodes[node].component)
    }

    fn referred_by(&self, node: usize, name: &str) -> Result<&'a Component> {
        let this = &self.nodes[node];
        let local = this.of.references.iter().any(|slot| slot.name == name && slot.local);
        if let (true, Some(id), Some(parent)) = (local, this.component.reference(name), this.parent) {
            let siblings = &self.nodes[parent].component.children;
            return siblings.iter().find(|c| c.id.as_deref() == Some(id)).ok_or_else(|| {
                let message = format!("{name}=\"{id}\": there is no '{id}' beside this");
                this.component.error(ErrorKind::Name, message)
            });
        }
        self.part_of(this.component, name)
    }

    /// The component that `component` has as its child, or refers to, as `name`.
    fn part_of(&self, component: &'a Component, name: &str) -> Result<&'a Component> {
        if let Some(child) = component.children.iter().find(|child| child.slot == name) {
            return Ok(child);
        }
        match component.reference(name) {
            Some(id) => self.set.component(id).ok_or_else(|| {
                let message = format!("{name}=\"{id}\": there is no component '{id}'");
                component.error(ErrorKind::Name, message)
            }),
            None => {
                let of = self.set.component_type(&component.component_type);
                if of.is_some_and(|of| of.references.iter().any(|slot| slot.name == name)) {
                    let error = component.error(ErrorKind::Name, format!("reference '{name}' is missing"));
                    return Err(error.help("name the component it stands for"));
                }
                Err(component.error(ErrorKind::Name, format!("there is no '{name}'")))
            }
        }
    }

    /// The value of `expr` in the instance `at`, `indices` known besides.
    pub(super) fn evaluate(&self, at: usize, expr: &Expr, indices: &[(&str, f64)]) -> Result<f64> {
        self.evaluate_within(at, expr, indices, 0, &mut || Some(self.draws.borrow_mut().uniform()))
    }

    fn evaluate_within(
        &self,
        at: usize,
        expr: &Expr,
        indices: &[(&str, f64)],
        depth: usize,
        random: &mut dyn FnMut() -> Option<f64>,
    ) -> Result<f64> {
        let mut names: Vec<&str> = Vec::new();
        expr.visit_names(&mut |name| names.push(name));
        let mut values: Vec<(&str, f64)> = Vec::new();
        for name in names {
            let index = indices.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| *value);
            match index.map_or_else(|| self.value_within(at, name, depth), |value| Ok(Some(value)))? {
                Some(value) => values.push((name, value)),
                None => {
                    let message =
                        format!("nothing whose value is known from the start is called '{name}' here");
                    let error = Error::new(ErrorKind::Name, message);
                    return Err(match nearest(name, self.nodes[at].of.quantity_names()) {
                        Some(near) if near != name => error.help(format!("did you mean '{near}'?")),
                        _ => error,
                    });
                }
            }
        }
        let known = |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let value = evaluate_random(expr, &known, random)?;
        if value.is_nan() {
            return Err(Error::new(ErrorKind::Value, "the value is not a number (a division by zero?)"));
        }
        Ok(value)
    }

    /// The value that `name` has in the instance `at` from the start: a parameter, constant, property,
    /// derived parameter or index of its own or, if it requires one, of an enclosing instance. `None`
    /// if there is none, or it is only known while running.
    ///
    /// # Errors
    /// If it is derived from what can't be found.
    pub fn value(&self, at: usize, name: &str) -> Result<Option<f64>> {
        self.value_within(at, name, 0)
    }

    fn value_within(&self, at: usize, name: &str, depth: usize) -> Result<Option<f64>> {
        if depth > MAX_CHAIN {
            let message = format!("more than {MAX_CHAIN} parameters are derived from each other: '{name}'");
            return Err(Error::new(ErrorKind::Limit, message));
        }
        for (height, node) in self.above(at).enumerate() {
            if let Some(value) = self.own_value(node, name, depth)? {
                return Ok(Some(value));
            }
            let of = self.nodes[node].of;
            let runs = of.dynamics.states.iter().any(|s| s.name == name)
                || of.dynamics.derived.iter().any(|d| d.name == name);
            let required = of.requirements.iter().any(|r| r.name == name);
            // Only what is required is looked for outside, and what runs is not known yet.
            if runs || (height == 0 && !required) {
                break;
            }
        }
        Ok(self.set.vocabulary().global(name).map(|constant| constant.value))
    }

    /// The value and dimension of `name` in what encloses the instance `at`, as a requirement within it sees
    /// them; `None` if there is none, or it is only known while running.
    pub(in crate::lems) fn outside_value(&self, at: usize, name: &str) -> Result<Option<(f64, Dimension)>> {
        for (height, node) in self.above(at).enumerate() {
            let of = self.nodes[node].of;
            if height > 0 || name == "index" {
                if let Some(value) = self.own_value(node, name, 0)? {
                    return Ok(Some((value, of.quantity(name).unwrap_or(Dimension::NONE))));
                }
                if of.dynamics.states.iter().any(|s| s.name == name)
                    || of.dynamics.derived.iter().any(|d| d.name == name)
                {
                    break;
                }
            }
        }
        Ok(None)
    }

    /// As [`Tree::value`], of the instance itself only.
    fn own_value(&self, at: usize, name: &str, depth: usize) -> Result<Option<f64>> {
        let this = &self.nodes[at];
        let (component, of) = (this.component, this.of);
        if let Some((_, value)) = this.assigned.iter().find(|(known, _)| *known == name) {
            return Ok(Some(*value));
        }
        let declared = of.parameters.iter().any(|p| p.name == name)
            || of.properties.iter().any(|p| p.name == name)
            || of.index_parameters.iter().any(|p| p == name);
        if declared && let Some(value) = component.parameter(name) {
            return Ok(Some(value));
        }
        if let Some(fixed) = of.fixed.iter().find(|f| f.name == name) {
            return Ok(Some(fixed.value));
        }
        if let Some(property) = of.properties.iter().find(|p| p.name == name) {
            return Ok(property.default);
        }
        if let Some(constant) = of.constants.iter().find(|c| c.name == name) {
            return Ok(Some(constant.value));
        }
        if of.index_parameters.iter().any(|p| p == name) {
            return Ok(Some(this.index as f64));
        }
        // What every item of a list can require, as in the reference implementation.
        if name == "index" && this.role == Role::Item {
            return Ok(Some(this.index as f64));
        }
        let Some(number) = of.derived_parameters.iter().position(|d| d.name == name) else { return Ok(None) };
        if let Some(known) = self.derived.borrow().get(&(at, number)) {
            return Ok(*known);
        }
        let derived = &of.derived_parameters[number];
        let value = match &derived.source {
            Source::Value(expr) => self.computed_value(at, expr, depth + 1),
            Source::Select { path, .. } => self.selected_value(at, path, depth + 1),
        };
        let value = value.map_err(|error| {
            component.locate(error.about(format_args!("'{name}'")).at(derived.origin.place()))
        })?;
        self.derived.borrow_mut().insert((at, number), value);
        Ok(value)
    }

    /// The value of `expr` in the instance `at`; `None` if it reads what is only known while running.
    fn computed_value(&self, at: usize, expr: &Expr, depth: usize) -> Result<Option<f64>> {
        let mut names: Vec<&str> = Vec::new();
        expr.visit_names(&mut |name| names.push(name));
        for name in names {
            if self.value_within(at, name, depth)?.is_none() {
                return Ok(None);
            }
        }
        self.evaluate_within(at, expr, &[], depth, &mut || None).map(Some)
    }

    /// The value at `path`, seen from the instance `at`; `None` if it is only known while running.
    fn selected_value(&self, at: usize, path: &str, depth: usize) -> Result<Option<f64>> {
        if let Some(path) = path.strip_prefix("//") {
            return self.searched_value(at, path).map(Some);
        }
        let all = steps(path);
        let Some((name, way)) = all.split_last() else { return Ok(None) };
        let mut nodes = vec![at];
        for step in way {
            nodes = match self.step(&nodes, step) {
                Ok(found) => found,
                Err(_) => return Ok(None),
            };
        }
        match nodes.as_slice() {
            [one] => self.value_within(*one, name, depth),
            _ => Ok(None),
        }
    }

    /// The value at `path` = `Type[predicate]/…/parameter` of the one component in all documents that the
    /// predicate holds of.
    fn searched_value(&self, at: usize, path: &str) -> Result<f64> {
        let all = steps(path);
        let (Some((first, rest)), true) = (all.split_first(), all.len() >= 2) else {
            let message = format!("'//{path}' is read as //Type[condition]/parameter");
            return Err(Error::new(ErrorKind::Syntax, message));
        };
        let wanted = bare(first);
        let predicate = first.strip_prefix(wanted).and_then(|p| p.strip_prefix('[')?.strip_suffix(']'));
        let mut found: Vec<&'a Component> = Vec::new();
        let mut waiting: Vec<&'a Component> = self.set.components().collect();
        waiting.reverse();
        while let Some(component) = waiting.pop() {
            if self.set.is_a(&component.component_type, wanted) && self.holds(at, component, predicate)? {
                found.push(component);
            }
            waiting.extend(component.children.iter().rev());
        }
        let mut component = match found.as_slice() {
            [one] => *one,
            [] => return Err(Error::new(ErrorKind::Name, format!("'//{path}' finds nothing"))),
            _ => {
                let message = format!("'//{path}' finds {} components", found.len());
                return Err(Error::new(ErrorKind::Name, message).help("narrow the condition"));
            }
        };
        let (name, way) = rest.split_last().unwrap_or((&"", &[]));
        for step in way {
            component = self.part_of(component, step)?;
        }
        self.set.given_value(component, name).ok_or_else(|| {
            Error::new(ErrorKind::Name, format!("'//{path}': {} sets no '{name}'", component.label()))
        })
    }

    /// Whether `key=value` holds of a component: `value` is a quoted text, or a path from the instance
    /// `at` to a component that `key` refers to.
    fn holds(&self, at: usize, component: &'a Component, predicate: Option<&str>) -> Result<bool> {
        let Some(predicate) = predicate.map(str::trim).filter(|p| *p != "*") else { return Ok(true) };
        let Some((key, value)) = predicate.split_once('=') else {
            let message = format!("cannot read '[{predicate}]' in a path");
            return Err(Error::new(ErrorKind::Syntax, message).help("written like [species=channel/species]"));
        };
        let (key, value) = (key.trim(), value.trim_start_matches('=').trim());
        let quoted = value.trim_matches(['\'', '"']);
        if quoted.len() != value.len() {
            return Ok(attribute(component, key) == Some(quoted));
        }
        let wanted = self.referred_component(at, value)?;
        let found = attribute(component, key).and_then(|id| self.set.component(id));
        Ok(found.is_some_and(|found| std::ptr::eq(found, wanted)))
    }

    /// A number of instances.
    pub(super) fn count(&self, at: usize, number: &Expr, indices: &[(&str, f64)]) -> Result<usize> {
        let value = self.evaluate(at, number, indices).map_err(|error| error.about("number"))?;
        let rounded = value.round();
        if (value - rounded).abs() > 1e-6 * value.abs().max(1.0) || !(0.0..=MAX_ITEMS).contains(&rounded) {
            let message = format!("a number of instances is a whole number up to {MAX_ITEMS}, found {value}");
            let kind = if rounded > MAX_ITEMS { ErrorKind::Limit } else { ErrorKind::Value };
            return Err(Error::new(kind, message));
        }
        Ok(rounded as usize)
    }

    /// The statements of the first case whose test holds.
    pub(super) fn chosen_case(
        &self,
        at: usize,
        cases: &'a [(Option<Expr>, Vec<Statement>)],
        indices: &[(&str, f64)],
    ) -> Result<&'a [Statement]> {
        for (test, within) in cases {
            let holds = match test {
                Some(test) => self.evaluate(at, test, indices).map_err(|error| error.about("test"))? != 0.0,
                None => true,
            };
            if holds {
                return Ok(within);
            }
        }
        Ok(&[])
    }
}
