//! What names and paths in a component's expressions stand for in the whole.

use std::collections::BTreeMap;

use super::Flattener;
use crate::dynamics::{Parameter, Variable};
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::expr::Expr;
use crate::lems::instances::{Role, bare, steps};
use crate::lems::raw::Origin;
use crate::units::Dimension;

/// A quantity of the whole that a path selects.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Selected {
    /// Flat name.
    pub(super) name: String,
    /// Dimension.
    pub(super) dimension: Dimension,
}

impl Flattener<'_, '_> {
    /// `expr` of the component `node` with flat names. Errors are noted.
    pub(super) fn expression(
        &mut self,
        node: usize,
        expr: &Expr,
        what: &str,
        origin: &Origin,
    ) -> Option<Expr> {
        let mut names: Vec<&str> = Vec::new();
        expr.visit_names(&mut |name| {
            if !names.contains(&name) {
                names.push(name);
            }
        });
        let mut flat = BTreeMap::new();
        let mut failed = false;
        for name in names {
            match self.resolve(node, name) {
                Ok(found) => {
                    flat.insert(name, found.name);
                }
                Err(error) => {
                    self.fail(node, error.about(format_args!("'{what}'")), origin);
                    failed = true;
                }
            }
        }
        if failed {
            return None;
        }
        Some(expr.map_names(&|name| Expr::Name(flat.get(name).cloned().unwrap_or_else(|| name.to_string()))))
    }

    /// The quantity that `name` stands for in the component `node`; what nobody has becomes an input.
    pub(super) fn resolve(&mut self, node: usize, name: &str) -> Result<Selected> {
        if let Some(found) = self.own(node, name) {
            return Ok(found);
        }
        let of = self.nodes[node].of;
        if let Some(requirement) = of.requirements.iter().find(|r| r.name == name) {
            let wanted = requirement.dimension;
            if name != "t" {
                let mut above = self.nodes[node].parent;
                while let Some(parent) = above {
                    if let Some(found) = self.own(parent, name) {
                        if found.dimension != wanted {
                            let message = format!(
                                "'{name}' is required as [{wanted}], but '{}' around it is [{}]",
                                found.name, found.dimension
                            );
                            return Err(Error::new(ErrorKind::Dimension, message));
                        }
                        return Ok(found);
                    }
                    above = self.nodes[parent].parent;
                }
                if let Some(found) = self.outside(name, wanted)? {
                    return Ok(found);
                }
            }
            return self.input(name, wanted);
        }
        if let Some(constant) = self.tree.set.vocabulary().global(name) {
            return Ok(Selected { name: name.to_string(), dimension: constant.dimension });
        }
        if let (0, Some(property)) = (node, of.properties.iter().find(|p| p.name == name)) {
            return self.input(name, property.dimension);
        }
        if name == "t" {
            return self.input(name, Dimension::TIME);
        }
        if let Some(variable) = self.behind(node, name) {
            let dimension =
                of.exposures.iter().find(|e| e.name == name).map_or(Dimension::NONE, |e| e.dimension);
            return Ok(Selected { name: variable, dimension });
        }
        let error = Error::new(ErrorKind::Name, format!("nothing is called '{name}' here"));
        Err(match nearest(name, of.quantity_names()) {
            Some(near) => error.help(format!("did you mean '{near}'?")),
            None => error,
        })
    }

    /// Constants of the document by name.
    pub(super) fn globals(&self) -> BTreeMap<String, f64> {
        let mut out = BTreeMap::new();
        for (derived, _) in &self.derived {
            derived.value.visit_names(&mut |name| {
                if let Some(constant) = self.tree.set.vocabulary().global(name) {
                    out.insert(name.to_string(), constant.value);
                }
            });
        }
        for node in &self.nodes {
            for derived in &node.of.derived_parameters {
                if let crate::lems::types::Source::Value(expr) = &derived.source {
                    expr.visit_names(&mut |name| {
                        if let Some(constant) = self.tree.set.vocabulary().global(name) {
                            out.insert(name.to_string(), constant.value);
                        }
                    });
                }
            }
        }
        out
    }

    /// A quantity of the component itself, requirements aside.
    fn own(&self, node: usize, name: &str) -> Option<Selected> {
        let this = &self.nodes[node];
        let of = this.of;
        let weight = node == 0 && name == "weight" && of.properties.iter().any(|p| p.name == name);
        let state = of.dynamics.states.iter().any(|s| s.name == name);
        let derived = of.dynamics.derived.iter().any(|d| d.name == name);
        let fixed = of.parameters.iter().any(|p| p.name == name)
            || of.derived_parameters.iter().any(|p| p.name == name)
            || of.constants.iter().any(|p| p.name == name)
            || (!weight && of.properties.iter().any(|p| p.name == name))
            || of.index_parameters.iter().any(|p| p == name);
        if !(state || derived || fixed) {
            return None;
        }
        Some(Selected { name: this.flat(name), dimension: of.quantity(name)? })
    }

    /// The flat name of the variable behind the exposure `name` of a component.
    pub(super) fn behind(&self, node: usize, name: &str) -> Option<String> {
        let this = &self.nodes[node];
        let dynamics = &this.of.dynamics;
        let exposed = |exposure: &Option<String>| exposure.as_deref() == Some(name);
        let state = dynamics.states.iter().find(|s| exposed(&s.exposure)).map(|s| &s.name);
        let variable =
            state.or_else(|| dynamics.derived.iter().find(|d| exposed(&d.exposure)).map(|d| &d.name));
        match variable {
            Some(variable) => Some(this.flat(variable)),
            None => self.own(node, name).map(|found| found.name),
        }
    }

    /// A quantity of what encloses the whole, if it is known from the start: it becomes a parameter.
    fn outside(&mut self, name: &str, wanted: Dimension) -> Result<Option<Selected>> {
        let found = Selected { name: name.to_string(), dimension: wanted };
        if self.out.parameter(name).is_some() {
            return Ok(Some(found));
        }
        let outermost = self.extent.around.last().copied().unwrap_or(self.nodes[0].whole);
        let Some((value, dimension)) = self.tree.outside_value(outermost, name)? else {
            return Ok(None);
        };
        if dimension != wanted {
            let message =
                format!("'{name}' is required as [{wanted}], but what is around has it as [{dimension}]");
            return Err(Error::new(ErrorKind::Dimension, message));
        }
        self.used_outside = true;
        self.out.parameters.push(Parameter { name: name.to_string(), dimension, value });
        Ok(Some(found))
    }

    /// Notes that the whole reads `name` from outside.
    fn input(&mut self, name: &str, dimension: Dimension) -> Result<Selected> {
        match self.out.inputs.iter().find(|i| i.name == name) {
            Some(known) if known.dimension != dimension => {
                let message = format!(
                    "'{name}' is required as [{dimension}] here and as [{}] elsewhere",
                    known.dimension
                );
                Err(Error::new(ErrorKind::Dimension, message))
            }
            Some(_) => Ok(Selected { name: name.to_string(), dimension }),
            None => {
                self.out.inputs.push(Variable { name: name.to_string(), dimension });
                Ok(Selected { name: name.to_string(), dimension })
            }
        }
    }

    /// What the path `path` selects, seen from the component `node`. Each has to be of dimension
    /// `wanted`.
    pub(super) fn select(&mut self, node: usize, path: &str, wanted: Dimension) -> Result<Vec<Selected>> {
        if path.starts_with("//") {
            let message = format!("'{path}' searches the whole document, which is not supported");
            return Err(
                Error::new(ErrorKind::Unsupported, message).help("write the path from this component on")
            );
        }
        let of = self.nodes[node].of;
        let steps = steps(path);
        let Some((variable, way)) = steps.split_last() else {
            return Err(Error::new(ErrorKind::Syntax, "an empty path"));
        };
        let head = way.first().map_or("", |step| bare(step));
        let attachments = of.attachments.iter().any(|slot| slot.name == head);
        if attachments && node == 0 && !(self.extent.attached && self.has_attached(node, head)) {
            let name = self.nodes[node].flat(path);
            return self.input(&name, wanted).map(|input| vec![input]);
        }
        if of.instance_requirements.iter().any(|slot| slot.name == head) && !self.sees_peer(node, head) {
            let name = self.nodes[node].flat(path);
            return self.input(&name, wanted).map(|input| vec![input]);
        }
        let mut at = vec![node];
        for step in way {
            at = self.step(&at, step)?;
        }
        let mut out = Vec::new();
        for target in at {
            let found = match self.own(target, variable) {
                Some(found) => found,
                None => {
                    let of = self.nodes[target].of;
                    let dimension = of.exposures.iter().find(|e| e.name == *variable).map(|e| e.dimension);
                    match (self.behind(target, variable), dimension) {
                        (Some(name), Some(dimension)) => Selected { name, dimension },
                        _ if of.requirements.iter().any(|r| r.name == *variable) => {
                            self.resolve(target, variable)?
                        }
                        _ => {
                            let label = self.nodes[target].component.label();
                            let error =
                                Error::new(ErrorKind::Name, format!("'{path}': {label} has no '{variable}'"));
                            return Err(match nearest(variable, of.quantity_names()) {
                                Some(near) => error.help(format!("did you mean '{near}'?")),
                                None => error,
                            });
                        }
                    }
                }
            };
            // A variable that is a plain number behind an exposure that is none has been told of.
            let exposed = || {
                let mut exposures = self.nodes[target].of.exposures.iter();
                found.dimension == Dimension::NONE
                    && exposures.any(|e| e.name == *variable && e.dimension == wanted)
            };
            if found.dimension != wanted && !exposed() {
                let message = format!("'{path}' is [{}], expected [{wanted}]", found.dimension);
                return Err(Error::new(ErrorKind::Dimension, message));
            }
            out.push(Selected { name: found.name, dimension: wanted });
        }
        Ok(out)
    }

    /// Whether something is attached to `node` in the attachments `slot`.
    fn has_attached(&self, node: usize, slot: &str) -> bool {
        let nodes = &self.tree.nodes;
        let attached = |kid: &usize| nodes[*kid].role == Role::Attached && nodes[*kid].slot == slot;
        nodes[self.nodes[node].whole].kids.iter().any(attached)
    }

    /// Whether `node` sees an instance through the tunnel `name` that is part of the whole.
    fn sees_peer(&self, node: usize, name: &str) -> bool {
        let mut peers = self.tree.nodes[self.nodes[node].whole].peers.iter();
        peers.any(|(known, peer)| *known == name && self.places.contains_key(peer))
    }

    /// Where one step of a path leads from `from`.
    pub(super) fn step(&self, from: &[usize], step: &str) -> Result<Vec<usize>> {
        let from: Vec<usize> = from.iter().map(|node| self.nodes[*node].whole).collect();
        let found = self.tree.step(&from, step)?;
        let place = |whole: usize| {
            self.places.get(&whole).copied().ok_or_else(|| {
                Error::new(ErrorKind::Name, format!("'{step}' leaves the outermost component"))
            })
        };
        found.into_iter().map(place).collect()
    }
}
