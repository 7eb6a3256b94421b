//! From names to graph nodes: one dynamics seen at one moment.

use super::Dynamics;
use super::graph::{Graph, NodeId};
use super::hash::QuickMap;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{BinaryOp, Expr};

/// The values of a dynamics' names at one moment, as nodes. Derived variables are built when asked
/// for.
#[derive(Debug, Clone)]
pub struct Scope<'a> {
    dynamics: &'a Dynamics,
    known: QuickMap<&'a str, NodeId>,
}

impl<'a> Scope<'a> {
    /// A scope with the given nodes for the states, and for parameters and inputs by name.
    pub fn new(dynamics: &'a Dynamics, states: &[NodeId]) -> Scope<'a> {
        let known = dynamics.states.iter().map(|s| s.name.as_str()).zip(states.iter().copied()).collect();
        Scope { dynamics, known }
    }

    /// The dynamics.
    pub fn dynamics(&self) -> &'a Dynamics {
        self.dynamics
    }

    /// Says what the parameter or input `name` is.
    pub fn bind(&mut self, name: &'a str, node: NodeId) {
        self.known.insert(name, node);
    }

    /// The value of `name`: a parameter, input, state or derived variable.
    ///
    /// # Errors
    /// If nothing of this name is known.
    pub fn node(&mut self, graph: &mut Graph, name: &str) -> Result<NodeId> {
        if let Some(&node) = self.known.get(name) {
            return Ok(node);
        }
        if let Some(parameter) = self.dynamics.parameters.iter().find(|p| p.name == name) {
            let node = graph.constant(parameter.value);
            self.known.insert(&parameter.name, node);
            return Ok(node);
        }
        let Some(derived) = self.dynamics.derived.iter().find(|d| d.name == name) else {
            return Err(Error::new(
                ErrorKind::Name,
                format!("'{name}' is neither a parameter, an input, a state nor a derived variable"),
            )
            .in_element(format!("<{} id=\"{}\">", self.dynamics.component_type, self.dynamics.name)));
        };
        let node = self.expression(graph, &derived.value)?;
        self.known.insert(&derived.name, node);
        Ok(node)
    }

    /// The value of an expression.
    ///
    /// # Errors
    /// If it uses an unknown name or `random()`, which has no value at a moment.
    pub fn expression(&mut self, graph: &mut Graph, expr: &Expr) -> Result<NodeId> {
        Ok(match expr {
            Expr::Number(x) => graph.constant(*x),
            Expr::Name(name) => self.node(graph, name)?,
            Expr::Negate(a) => {
                let a = self.expression(graph, a)?;
                graph.scale(a, -1.0)
            }
            Expr::Binary(op, a, b) => {
                let (a, b) = (self.expression(graph, a)?, self.expression(graph, b)?);
                match op {
                    BinaryOp::Add => graph.add(a, b),
                    BinaryOp::Sub => graph.sub(a, b),
                    BinaryOp::Mul => graph.mul(a, b),
                    BinaryOp::Div => graph.div(a, b),
                    BinaryOp::Pow => graph.pow(a, b),
                }
            }
            Expr::Call(crate::expr::Function::Random, _) => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    format!("random() in the equations of '{}' is not supported", self.dynamics.name),
                ));
            }
            Expr::Call(f, a) => {
                let a = self.expression(graph, a)?;
                graph.call(*f, a)
            }
            Expr::Compare(op, a, b) => {
                let (a, b) = (self.expression(graph, a)?, self.expression(graph, b)?);
                graph.compare(*op, a, b)
            }
            Expr::And(a, b) => {
                let (a, b) = (self.expression(graph, a)?, self.expression(graph, b)?);
                graph.and(a, b)
            }
            Expr::Or(a, b) => {
                let (a, b) = (self.expression(graph, a)?, self.expression(graph, b)?);
                graph.or(a, b)
            }
            Expr::Not(a) => {
                let a = self.expression(graph, a)?;
                graph.not(a)
            }
            Expr::Select(c, a, b) => {
                let c = self.expression(graph, c)?;
                let (a, b) = (self.expression(graph, a)?, self.expression(graph, b)?);
                graph.select(c, a, b)
            }
        })
    }
}
