//! What sits at points (synapses, receptors, stimuli) and cells without a shape.

use std::sync::Arc;

use super::builder::{Array, Builder, NodeArray, Template, list, uniform};
use super::conditions::{Sends, apply_assignments, apply_conditions};
use super::membrane::{linearise, start_schemes};
use crate::dynamics::Dynamics;
use crate::dynamics::advance::{Order, advance};
use crate::dynamics::graph::NodeId;
use crate::dynamics::scope::Scope;
use crate::error::{Error, ErrorKind, Result};

/// Whether instances inject into a node or are the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointSite {
    /// Synapses and stimuli: they read the node's potential and add current to it.
    Placed,
    /// Cells without a shape: they set the node's potential and read the current into it.
    Cell,
}

/// Instances with the same equations.
#[derive(Debug, Clone, PartialEq)]
pub struct PointKind {
    /// The name for messages.
    pub name: String,
    /// The equations.
    pub dynamics: Arc<Dynamics>,
    /// Names of parameters that differ between instances.
    pub varying: Vec<String>,
    /// Temperature, K.
    pub temperature_k: f64,
    /// What they are.
    pub site: PointSite,
    /// For cells: whether anything on them has a conductance. Without, the step of a passive cell has
    /// fixed coefficients.
    pub is_loaded: bool,
}

/// What an instance array holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointHolds {
    /// State of this index.
    State(usize),
    /// Varying parameter of this index.
    Parameter(usize),
    /// A standard normal number that the engine draws.
    Noise,
    /// Whether an event leaves by this port.
    Sent(usize),
}

/// The programs of a kind. Empty ones are left out.
#[derive(Debug, Clone)]
pub struct PointPrograms {
    /// Sets the states at the start.
    pub start: Option<Template>,
    /// Conditions alone: the first step of placed instances.
    pub conditions: Option<Template>,
    /// Advances the states by a step, then conditions.
    pub step: Option<Template>,
    /// Adds current and conductance to the nodes; placed instances only.
    pub currents: Option<Template>,
    /// What an event at each port does: port, program for the lane it hits.
    pub events: Vec<(String, Template)>,
    /// Whether the nodes get a conductance too.
    pub has_conductance: bool,
}

/// The inputs by which the injected current of a point cell is known.
const CURRENT_INPUTS: [&str; 2] = ["synapses[*]/i", "iSyn"];

impl PointKind {
    /// The instance arrays, in order.
    pub fn arrays(&self) -> Vec<PointHolds> {
        let mut arrays: Vec<PointHolds> = (0..self.dynamics.states.len()).map(PointHolds::State).collect();
        arrays.extend((0..self.varying.len()).map(PointHolds::Parameter));
        if self.needs_noise() {
            arrays.push(PointHolds::Noise);
        }
        arrays.extend((0..self.dynamics.out_ports.len()).map(PointHolds::Sent));
        arrays
    }

    /// Whether the equations read `noise`.
    pub fn needs_noise(&self) -> bool {
        self.dynamics.inputs.iter().any(|i| i.name == "noise")
    }

    /// The number of the instance array that holds `what`.
    pub fn array(&self, what: PointHolds) -> Option<usize> {
        self.arrays().iter().position(|a| *a == what)
    }

    /// The programs for time step `h` (s).
    ///
    /// # Errors
    /// If the equations need what a point does not offer, or have no program.
    pub fn programs(&self, h: f64, order: Order) -> Result<PointPrograms> {
        let currents = match self.site {
            PointSite::Placed => Some(self.currents()?),
            PointSite::Cell => None,
        };
        let has_conductance =
            currents.as_ref().is_some_and(|c| c.arrays.contains(&Array::Node(NodeArray::Diagonal)));
        Ok(PointPrograms {
            start: self.start()?,
            conditions: self.step(None)?,
            step: self.step(Some((h, order)))?,
            currents,
            events: self.events()?,
            has_conductance,
        })
    }

    fn instance(&self, builder: &mut Builder, what: PointHolds) -> Result<NodeId> {
        let array = self
            .array(what)
            .ok_or_else(|| Error::new(ErrorKind::Unsupported, format!("no instance array for {what:?}")))?;
        Ok(builder.read(Array::Instance(array)))
    }

    pub(super) fn states(&self, builder: &mut Builder) -> Result<Vec<NodeId>> {
        (0..self.dynamics.states.len()).map(|s| self.instance(builder, PointHolds::State(s))).collect()
    }

    fn node(&self, builder: &mut Builder, array: NodeArray, list: u16) -> NodeId {
        match self.site {
            PointSite::Placed => builder.gather(Array::Node(array), list),
            PointSite::Cell => builder.read(Array::Node(array)),
        }
    }

    pub(super) fn scope<'d>(&'d self, builder: &mut Builder, states: &[NodeId]) -> Result<Scope<'d>> {
        let mut scope = Scope::new(&self.dynamics, states);
        for (parameter, name) in self.varying.iter().enumerate() {
            let node = self.instance(builder, PointHolds::Parameter(parameter))?;
            scope.bind(name, node);
        }
        for input in &self.dynamics.inputs {
            let name = input.name.as_str();
            let node = match name {
                "v" if self.site == PointSite::Placed => self.node(builder, NodeArray::V, list::NODE),
                "t" => builder.uniform(uniform::TIME),
                "temperature" => builder.graph.constant(self.temperature_k),
                "noise" => self.instance(builder, PointHolds::Noise)?,
                // Beside events, the property's default of NeuroML holds.
                "weight" if builder.on_event => builder.uniform(uniform::WEIGHT),
                "weight" => builder.graph.constant(1.0),
                _ if self.site == PointSite::Cell && CURRENT_INPUTS.contains(&name) => {
                    self.injected_current(builder, states)?
                }
                _ => {
                    return Err(Error::new(
                        ErrorKind::Name,
                        format!("'{}' needs '{name}', which nothing at its place provides", self.name),
                    )
                    .in_element(format!("<{}>", self.dynamics.component_type)));
                }
            };
            scope.bind(&input.name, node);
        }
        Ok(scope)
    }

    /// The current into a point cell, `Σ(I + G v) − (Σ G) v`: linear in its own potential, so that
    /// the exponential step sees the conductances.
    fn injected_current(&self, builder: &mut Builder, states: &[NodeId]) -> Result<NodeId> {
        let source = builder.read(Array::Node(NodeArray::Rhs));
        if !self.is_loaded {
            return Ok(source);
        }
        let conductance = builder.read(Array::Node(NodeArray::Diagonal));
        let v = self.dynamics.exposed("v").and_then(|name| self.dynamics.state(name));
        let v = match v {
            Some(state) => states[state],
            None => builder.read(Array::Node(NodeArray::V)),
        };
        let drop = builder.graph.mul(conductance, v);
        Ok(builder.graph.sub(source, drop))
    }

    fn store_states(&self, builder: &mut Builder, old: Option<&[NodeId]>, states: &[NodeId]) -> Result<()> {
        for (s, &node) in states.iter().enumerate() {
            if old.is_none_or(|old| old[s] != node)
                && let Some(array) = self.array(PointHolds::State(s))
            {
                builder.store(node, Array::Instance(array));
            }
        }
        if self.site == PointSite::Cell
            && let Some(variable) = self.dynamics.exposed("v")
        {
            let mut scope = self.scope(builder, states)?;
            let v = scope.node(&mut builder.graph, variable)?;
            builder.store(v, Array::Node(NodeArray::V));
        }
        Ok(())
    }

    fn start(&self) -> Result<Option<Template>> {
        let mut builder = Builder::default();
        let zero = builder.graph.constant(0.0);
        let states = vec![zero; self.dynamics.states.len()];
        let mut scope = |b: &mut Builder, own: &[NodeId]| self.scope(b, own);
        let states = apply_assignments(&mut builder, &self.dynamics.on_start, states, &mut scope)?;
        let states = start_schemes(&mut builder, &self.dynamics, states, &mut scope)?;
        self.store_states(&mut builder, None, &states)?;
        self.finish(builder)
    }

    fn step(&self, advance_by: Option<(f64, Order)>) -> Result<Option<Template>> {
        let mut builder = Builder::default();
        let old = self.states(&mut builder)?;
        let mut states = old.clone();
        if let Some((h, order)) = advance_by {
            let mut scope = self.scope(&mut builder, &old)?;
            states = advance(&mut builder.graph, &mut scope, &old, h, order)?;
        }
        let (states, sends): (_, Sends) =
            apply_conditions(&mut builder, &self.dynamics, states, &mut |b, own| self.scope(b, own))?;
        self.store_states(&mut builder, Some(&old), &states)?;
        let zero = builder.graph.constant(0.0);
        for (port, sent) in sends.into_iter().enumerate() {
            if let Some(array) = self.array(PointHolds::Sent(port)) {
                builder.store(sent.unwrap_or(zero), Array::Instance(array));
            }
        }
        self.finish(builder)
    }

    fn currents(&self) -> Result<Template> {
        let variable = self.dynamics.exposed("i").ok_or_else(|| {
            Error::new(
                ErrorKind::Unsupported,
                format!("'{}' exposes no current (i): it can't be placed on a cell", self.name),
            )
            .in_element(format!("<{}>", self.dynamics.component_type))
        })?;
        let mut builder = Builder::default();
        let states = self.states(&mut builder)?;
        let mut scope = self.scope(&mut builder, &states)?;
        let current = scope.node(&mut builder.graph, variable)?;
        let v = self.node(&mut builder, NodeArray::V, list::NODE);
        let (conductance, source) = linearise(&mut builder.graph, current, v);
        builder.scatter_add(source, Array::Node(NodeArray::Rhs), list::NODE);
        if builder.graph.value(conductance) != Some(0.0) {
            builder.scatter_add(conductance, Array::Node(NodeArray::Diagonal), list::NODE);
        }
        builder.finish()
    }

    fn events(&self) -> Result<Vec<(String, Template)>> {
        let mut programs: Vec<(String, Template)> = Vec::new();
        for event in &self.dynamics.events {
            if programs.iter().any(|(port, _)| *port == event.port) {
                continue;
            }
            let mut builder = Builder::default();
            builder.on_event = true;
            let old = self.states(&mut builder)?;
            let mut states = old.clone();
            for handler in self.dynamics.events.iter().filter(|e| e.port == event.port) {
                let assigned =
                    apply_assignments(&mut builder, &handler.assignments, states.clone(), &mut |b, own| {
                        self.scope(b, own)
                    })?;
                states = match &handler.test {
                    None => assigned,
                    Some(test) => {
                        let mut scope = self.scope(&mut builder, &states)?;
                        let test = scope.expression(&mut builder.graph, test)?;
                        let pairs = assigned.iter().zip(&states);
                        pairs.map(|(&new, &old)| builder.graph.select(test, new, old)).collect()
                    }
                };
            }
            self.store_states(&mut builder, Some(&old), &states)?;
            programs.push((event.port.clone(), builder.finish()?));
        }
        Ok(programs)
    }

    fn finish(&self, builder: Builder) -> Result<Option<Template>> {
        if builder.is_empty() { Ok(None) } else { builder.finish().map(Some) }
    }
}
