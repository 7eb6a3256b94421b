//! What sits at points (synapses, receptors, stimuli) and cells without a shape.

use std::sync::Arc;

use super::builder::{Array, Builder, NodeArray, Template, list, uniform};
use super::conditions::{Sends, apply_assignments, apply_conditions};
use super::located::LocatedPrograms;
use super::membrane::{linearise, start_schemes};
use super::received::{Given, sums};
use crate::dynamics::Dynamics;
use crate::dynamics::advance::{Order, advance_together};
use crate::dynamics::graph::{Graph, Kind, NodeId};
use crate::dynamics::linear::steady_current;
use crate::dynamics::random::{Moment, draw_number};
use crate::dynamics::scope::Scope;
use crate::error::{Error, ErrorKind, Result};
use crate::model::PointStep;

/// Whether instances inject into a node or are the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointSite {
    /// Synapses and stimuli: they read the node's potential and add current to it.
    Placed,
    /// Cells without a shape: they set the node's potential and read the current into it.
    Cell,
    /// Connections: they are on no node, and between events go on by themselves.
    Connection,
}

/// What `dynamics` read from the coupled contact.
pub fn peers(dynamics: &Dynamics) -> impl Iterator<Item = &str> {
    dynamics.inputs.iter().filter_map(|input| input.name.strip_prefix("peer/"))
}

/// The inputs of `placed` that are exposures of `cell`, beside the potential, and their numbers among these.
pub fn hosts(cell: &Dynamics, placed: &Dynamics) -> Vec<(String, u16)> {
    let own = |name: &str| matches!(name, "v" | "t" | "temperature" | "noise" | "weight");
    let inputs = placed.inputs.iter().map(|input| input.name.as_str()).filter(|name| !own(name));
    let number = |name: &str| cell.exposures.iter().position(|(exposed, _)| exposed == name);
    inputs.filter_map(|name| Some((name.to_string(), u16::try_from(number(name)?).ok()?))).collect()
}

/// The rate *k* (1/s) of a cell whose potential follows the current into it by *v' = k v + b i + …*, with numbers
/// *k* and *b*: one for all regimes in which it moves at all. `varying` are its parameters that are not the same for
/// all cells.
pub fn own_rate(cell: &Dynamics, varying: &[&str]) -> Option<f64> {
    let v = cell.state(cell.exposed("v")?)?;
    let (_, slope) = cell.derivatives.iter().find(|(state, _)| *state == v)?;
    let input = sums(cell).into_iter().find(|sum| sum.array.is_none())?.input.to_string();
    let mut graph = Graph::new();
    let mut leaf = 0..;
    let mut leaves = |graph: &mut Graph, n: usize| -> Vec<NodeId> {
        leaf.by_ref().take(n).map(|symbol| graph.symbol(symbol)).collect()
    };
    let states = leaves(&mut graph, cell.states.len());
    let mut scope = Scope::new(cell, &states);
    let names: Vec<&str> = cell.inputs.iter().map(|input| input.name.as_str()).collect();
    for (name, leaf) in names.iter().zip(leaves(&mut graph, names.len())) {
        scope.bind(name, leaf);
    }
    let free = leaves(&mut graph, varying.len());
    let parameters = cell.parameters.iter().map(|parameter| parameter.name.as_str());
    for (name, leaf) in parameters.filter(|name| varying.contains(name)).zip(free) {
        scope.bind(name, leaf);
    }
    let current = scope.node(&mut graph, &input).ok()?;
    let slope = scope.expression(&mut graph, slope).ok()?;
    let mut rate = None;
    let mut waiting = vec![slope];
    while let Some(slope) = waiting.pop() {
        match *graph.kind(slope) {
            Kind::Select(test, a, b) if ![states[v], current].iter().any(|&x| graph.depends(test, x)) => {
                waiting.extend([a, b]);
            }
            // At rest in a regime of its own, whatever flows.
            Kind::Const(_) => {}
            _ => {
                let factors = [states[v], current].map(|x| graph.derivative(slope, x));
                let [k, _] = factors.map(|factor| graph.value(factor).filter(|x| x.is_finite()));
                if graph.value(factors[1]).is_none() || rate.is_some_and(|rate| Some(rate) != k) {
                    return None;
                }
                rate = Some(k?);
            }
        }
    }
    rate
}

/// Instances with the same equations.
#[derive(Debug, Clone, PartialEq)]
pub struct PointKind {
    /// The name for messages.
    pub name: String,
    /// The equations, with inputs for the numbers that they draw ([`with_draws`]).
    ///
    /// [`with_draws`]: crate::dynamics::random::with_draws
    pub dynamics: Arc<Dynamics>,
    /// For what moments each of these numbers is.
    pub draws: Vec<Moment>,
    /// Names of parameters that differ between instances; `weight` among them is the property's
    /// value outside events.
    pub varying: Vec<String>,
    /// Temperature, K.
    pub temperature_k: f64,
    /// Time step, s.
    pub step_s: f64,
    /// What they are.
    pub site: PointSite,
    /// For what is placed: what it gives to its place.
    pub gives: Vec<Given>,
    /// For contacts that others read, and cells that contacts read: variables that are shown to them; for cells
    /// in the order of their exposures, those that nobody reads empty.
    pub shows: Vec<String>,
    /// For what is placed on cells without a shape: inputs that are exposures of the cell, with their numbers.
    pub hosts: Vec<(String, u16)>,
    /// For what is placed: whether somebody listens to the events that it sends. Those of cells are always heard.
    pub sends: bool,
    /// For what is placed: whether its cell has no shape.
    pub on_point_cell: bool,
    /// For what is placed on cells without a shape whose potential follows currents linearly ([`own_rate`]): the
    /// rate of that, 1/s.
    pub cell_rate: Option<f64>,
    /// For cells: whether anything on them has a conductance. Without, the step of a passive cell has
    /// fixed coefficients.
    pub is_loaded: bool,
    /// For cells: how they are stepped.
    pub point_step: PointStep,
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
    /// How many events handlers of events have sent by this port.
    Relayed(usize),
    /// The number of this index that `random` has drawn.
    Draw(usize),
    /// Whether the condition of this index, whose assignments draw numbers, held.
    Held(usize),
    /// The input of this index among those that come from the coupled contact.
    Peer(usize),
    /// The variable of this index that is shown to the coupled contact or to contacts on the cell.
    Shown(usize),
    /// The state of this index where a step began; for cells whose conditions are met within steps.
    Before(usize),
    /// Whether a condition has come to hold within the step; for the same cells.
    Met,
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
    /// Meets conditions within the step that comes before [`PointPrograms::conditions`], if any are; then
    /// there is no `step`.
    pub located: Option<LocatedPrograms>,
    /// Adds current and conductance to the nodes; placed instances only.
    pub currents: Option<Template>,
    /// Shows variables to coupled contacts.
    pub show: Option<Template>,
    /// What an event at each port does: port, program for the lane it hits.
    pub events: Vec<(String, Template)>,
    /// Whether the nodes get a conductance too.
    pub has_conductance: bool,
}

impl PointKind {
    /// The instance arrays, in order.
    pub fn arrays(&self) -> Vec<PointHolds> {
        let mut arrays: Vec<PointHolds> = (0..self.dynamics.states.len()).map(PointHolds::State).collect();
        arrays.extend((0..self.varying.len()).map(PointHolds::Parameter));
        if self.needs_noise() {
            arrays.push(PointHolds::Noise);
        }
        let ports = 0..self.ports();
        arrays.extend(ports.clone().map(PointHolds::Sent));
        let relays = |port: &usize| self.dynamics.events.iter().any(|e| e.sends.contains(port));
        arrays.extend(ports.filter(relays).map(PointHolds::Relayed));
        arrays.extend((0..self.moments().len()).map(PointHolds::Draw));
        arrays.extend(self.drawing_conditions().map(PointHolds::Held));
        arrays.extend((0..self.peers().count()).map(PointHolds::Peer));
        arrays.extend((0..self.shows.len()).map(PointHolds::Shown));
        if self.is_located() {
            arrays.extend((0..self.dynamics.states.len()).map(PointHolds::Before));
            arrays.push(PointHolds::Met);
        }
        arrays
    }

    /// How many ports events leave by that somebody may listen to.
    pub fn ports(&self) -> usize {
        if self.site == PointSite::Cell || self.sends { self.dynamics.out_ports.len() } else { 0 }
    }

    /// For what moments each number is that `random` draws.
    pub fn moments(&self) -> &[Moment] {
        &self.draws
    }

    /// The conditions whose assignments draw numbers.
    fn drawing_conditions(&self) -> impl Iterator<Item = usize> {
        (0..self.dynamics.conditions.len()).filter(|&c| self.draws.contains(&Moment::Condition(c)))
    }

    /// What is read from the coupled contact: `v`, or what it exposes.
    pub fn peers(&self) -> impl Iterator<Item = &str> {
        peers(&self.dynamics)
    }

    /// Whether nothing is drawn for it, and nothing shown to it or to others, or sent by it from a place on a cell.
    pub fn is_alone(&self) -> bool {
        let shows = self.shows.iter().any(|shown| !shown.is_empty());
        !shows
            && !self.sends
            && self.peers().next().is_none()
            && !self.needs_noise()
            && self.moments().is_empty()
    }

    /// Whether the equations read `noise`.
    pub fn needs_noise(&self) -> bool {
        self.dynamics.inputs.iter().any(|i| i.name == "noise")
    }

    /// The number of the instance array that holds `what`.
    pub fn array(&self, what: PointHolds) -> Option<usize> {
        self.arrays().iter().position(|a| *a == what)
    }

    /// The programs.
    ///
    /// # Errors
    /// If the equations need what a point does not offer, or have no program.
    pub fn programs(&self, order: Order) -> Result<PointPrograms> {
        let h = self.step_s;
        if self.site == PointSite::Connection {
            return self.connection_programs();
        }
        let currents = match self.site {
            PointSite::Placed => Some(self.currents(h, order)?),
            PointSite::Cell | PointSite::Connection => None,
        };
        let has_conductance =
            currents.as_ref().is_some_and(|c| c.arrays.contains(&Array::Node(NodeArray::Diagonal)));
        Ok(PointPrograms {
            start: self.start()?,
            conditions: self.step(None)?,
            step: if self.is_located() { None } else { self.step(Some((h, order)))? },
            located: if self.is_located() { Some(self.located(h)?) } else { None },
            currents,
            show: self.show()?,
            events: self.events()?,
            has_conductance,
        })
    }

    pub(super) fn instance(&self, builder: &mut Builder, what: PointHolds) -> Result<NodeId> {
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
            PointSite::Cell | PointSite::Connection => builder.read(Array::Node(array)),
        }
    }

    pub(super) fn scope<'d>(&'d self, builder: &mut Builder, states: &[NodeId]) -> Result<Scope<'d>> {
        let mut scope = Scope::new(&self.dynamics, states);
        for (parameter, name) in self.varying.iter().enumerate() {
            let node = self.instance(builder, PointHolds::Parameter(parameter))?;
            scope.bind(name, node);
        }
        let received = if self.site == PointSite::Cell { sums(&self.dynamics) } else { Vec::new() };
        for input in &self.dynamics.inputs {
            let name = input.name.as_str();
            let held = match name.strip_prefix("peer/") {
                Some(peer) => self.peers().position(|p| p == peer).map(PointHolds::Peer),
                None => draw_number(name).map(PointHolds::Draw),
            };
            if let Some((_, number)) = self.hosts.iter().find(|(host, _)| host == name) {
                let node = builder.gather(Array::Shown(*number), list::NODE);
                scope.bind(name, node);
                continue;
            }
            let sum = received.iter().find(|sum| sum.input == name);
            if let Some(sum) = sum {
                let node = match sum.array {
                    Some(k) => builder.read(Array::Received(k)),
                    None => self.injected_current(builder, states)?,
                };
                scope.bind(name, node);
                continue;
            }
            if let Some(held) = held {
                let node = self.instance(builder, held)?;
                scope.bind(name, node);
                continue;
            }
            let node = match name {
                "v" if self.site == PointSite::Placed => self.node(builder, NodeArray::V, list::NODE),
                "t" => builder.uniform(uniform::TIME),
                "temperature" => builder.graph.constant(self.temperature_k),
                "noise" => self.instance(builder, PointHolds::Noise)?,
                // Beside events, the property's default of NeuroML holds.
                "weight" if builder.on_event && self.site != PointSite::Connection => {
                    builder.uniform(uniform::WEIGHT)
                }
                "weight" if self.varying.iter().any(|known| known == name) => continue,
                "weight" => builder.graph.constant(1.0),
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

    pub(super) fn store_states(
        &self,
        builder: &mut Builder,
        old: Option<&[NodeId]>,
        states: &[NodeId],
    ) -> Result<()> {
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

    pub(super) fn start(&self) -> Result<Option<Template>> {
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
        let states = match advance_by {
            Some((h, order)) => self.advance(&mut builder, &old, h, order)?,
            None => old.clone(),
        };
        self.meet(&mut builder, &old, states)?;
        self.finish(builder)
    }

    /// Conditions for `states`, and what comes of them in place of `old`.
    pub(super) fn meet(
        &self,
        builder: &mut Builder,
        old: &[NodeId],
        states: Vec<NodeId>,
    ) -> Result<Vec<NodeId>> {
        let (states, sends, held): (_, Sends, _) =
            apply_conditions(builder, &self.dynamics, states, &mut |b, own| self.scope(b, own))?;
        self.store_states(builder, Some(old), &states)?;
        let zero = builder.graph.constant(0.0);
        for (port, sent) in sends.into_iter().enumerate() {
            if let Some(array) = self.array(PointHolds::Sent(port)) {
                builder.store(sent.unwrap_or(zero), Array::Instance(array));
            }
        }
        for condition in self.drawing_conditions() {
            if let Some(array) = self.array(PointHolds::Held(condition)) {
                builder.store(held[condition], Array::Instance(array));
            }
        }
        Ok(states)
    }

    pub(super) fn show(&self) -> Result<Option<Template>> {
        let mut builder = Builder::default();
        let states = self.states(&mut builder)?;
        let mut scope = self.scope(&mut builder, &states)?;
        for (number, variable) in self.shows.iter().enumerate().filter(|(_, shown)| !shown.is_empty()) {
            let value = scope.node(&mut builder.graph, variable)?;
            if let Some(array) = self.array(PointHolds::Shown(number)) {
                builder.store(value, Array::Instance(array));
            }
        }
        self.finish(builder)
    }

    /// The states after a step. Time within it is that of its middle.
    fn advance(&self, builder: &mut Builder, old: &[NodeId], h: f64, order: Order) -> Result<Vec<NodeId>> {
        // Instances at points are stepped when time is already that of the middle of the next step.
        let back = if self.site == PointSite::Placed { h } else { 0.5 * h };
        if !self.is_fourth() {
            return self.advance_by(builder, old, (h, back), order);
        }
        let length = builder.graph.constant(h);
        let fourth = self.advance_fourth(builder, old, length)?;
        // The stages of an upstroke that leaves the numbers within the step say nothing: then the simpler rule.
        let simple = self.advance_by(builder, old, (h, back), order)?;
        let in_range = self.in_range(builder, &fourth);
        let pairs = fourth.into_iter().zip(simple);
        Ok(pairs.map(|(a, b)| builder.graph.select(in_range, a, b)).collect())
    }

    /// The states after `h`, the middle of which is `back` before the time that the uniforms give.
    fn advance_by(
        &self,
        builder: &mut Builder,
        old: &[NodeId],
        (h, back): (f64, f64),
        order: Order,
    ) -> Result<Vec<NodeId>> {
        let time = builder.uniform(uniform::TIME);
        let middle = builder.graph.sum(-back, &[(time, 1.0)]);
        let mut graph = std::mem::take(&mut builder.graph);
        let mut scope = |graph: &mut Graph, own: &[NodeId]| {
            std::mem::swap(graph, &mut builder.graph);
            let scope = self.scope(builder, own);
            std::mem::swap(graph, &mut builder.graph);
            scope.map(|mut scope| {
                if self.dynamics.inputs.iter().any(|input| input.name == "t") {
                    scope.bind("t", middle);
                }
                scope
            })
        };
        let next = advance_together(&mut graph, &mut scope, old, h, order);
        builder.graph = graph;
        next
    }

    /// Whether its current is taken with the states of the middle of the step, where the cell wants it.
    fn goes_to_the_middle(&self) -> bool {
        self.on_point_cell
            && self.point_step != PointStep::Fourth
            && self.dynamics.kinetic_schemes.is_empty()
            && !self.needs_noise()
            && self.moments().is_empty()
    }

    fn currents(&self, h: f64, order: Order) -> Result<Template> {
        let mut builder = Builder::default();
        let now = self.states(&mut builder)?;
        let mut states = now.clone();
        if self.goes_to_the_middle() {
            // Time is that of the middle of the step already.
            states = self.advance_by(&mut builder, &states, (0.5 * h, 0.25 * h), order)?;
        }
        let mut scope = self.scope(&mut builder, &states)?;
        for (exposure, array) in &self.gives {
            let variable = self.dynamics.exposed(exposure).ok_or_else(|| {
                Error::new(
                    ErrorKind::Unsupported,
                    format!("'{}' exposes no current (i): it can't be placed on a cell", self.name),
                )
                .in_element(format!("<{}>", self.dynamics.component_type))
            })?;
            let value = scope.node(&mut builder.graph, variable)?;
            if let Some(k) = array {
                builder.scatter_add(value, Array::Received(*k), list::NODE);
                continue;
            }
            if let Some(steady) = self.steady_current(&mut builder, &now, variable, h)? {
                builder.scatter_add(steady, Array::Node(NodeArray::Rhs), list::NODE);
                continue;
            }
            let v = self.node(&mut builder, NodeArray::V, list::NODE);
            let (conductance, source) = linearise(&mut builder.graph, value, v);
            builder.scatter_add(source, Array::Node(NodeArray::Rhs), list::NODE);
            if builder.graph.value(conductance) != Some(0.0) {
                builder.scatter_add(conductance, Array::Node(NodeArray::Diagonal), list::NODE);
            }
        }
        builder.finish()
    }

    /// What `current` does to the potential over a step from the states `now`, as a steady current; if that can be
    /// had exactly.
    fn steady_current(
        &self,
        builder: &mut Builder,
        now: &[NodeId],
        current: &str,
        h: f64,
    ) -> Result<Option<NodeId>> {
        let (Some(rate), true) = (self.cell_rate, self.goes_to_the_middle()) else { return Ok(None) };
        let mut scope = self.scope(builder, now)?;
        let current = scope.node(&mut builder.graph, current)?;
        let mut slopes = Vec::with_capacity(self.dynamics.derivatives.len());
        for (state, value) in &self.dynamics.derivatives {
            slopes.push((*state, scope.expression(&mut builder.graph, value)?));
        }
        let v = self.node(builder, NodeArray::V, list::NODE);
        let time = builder.uniform(uniform::TIME);
        let graph = &mut builder.graph;
        if [v, time].iter().any(|&moved| graph.depends(current, moved)) {
            return Ok(None);
        }
        Ok(steady_current(graph, current, &slopes, now, rate, h))
    }

    pub(super) fn events(&self) -> Result<Vec<(String, Template)>> {
        let mut programs: Vec<(String, Template)> = Vec::new();
        for event in &self.dynamics.events {
            if programs.iter().any(|(port, _)| *port == event.port) {
                continue;
            }
            let mut builder = Builder::default();
            builder.on_event = true;
            let old = self.states(&mut builder)?;
            let mut states = old.clone();
            let mut relayed: Vec<Vec<(NodeId, f64)>> = vec![Vec::new(); self.dynamics.out_ports.len()];
            let one = builder.graph.constant(1.0);
            for handler in self.dynamics.events.iter().filter(|e| e.port == event.port) {
                let assigned =
                    apply_assignments(&mut builder, &handler.assignments, states.clone(), &mut |b, own| {
                        self.scope(b, own)
                    })?;
                let test = match &handler.test {
                    None => one,
                    Some(test) => {
                        let mut scope = self.scope(&mut builder, &states)?;
                        scope.expression(&mut builder.graph, test)?
                    }
                };
                let pairs = assigned.iter().zip(&states);
                states = pairs.map(|(&new, &old)| builder.graph.select(test, new, old)).collect();
                for &port in &handler.sends {
                    // A truth may be any number but 0.
                    let zero = builder.graph.constant(0.0);
                    let count = builder.graph.select(test, one, zero);
                    relayed[port].push((count, 1.0));
                }
            }
            self.store_states(&mut builder, Some(&old), &states)?;
            for (port, mut counts) in relayed.into_iter().enumerate().filter(|(_, counts)| !counts.is_empty())
            {
                if let Some(array) = self.array(PointHolds::Relayed(port)) {
                    counts.push((builder.read(Array::Instance(array)), 1.0));
                    let total = builder.graph.sum(0.0, &counts);
                    builder.store(total, Array::Instance(array));
                }
            }
            programs.push((event.port.clone(), builder.finish()?));
        }
        Ok(programs)
    }

    pub(super) fn finish(&self, builder: Builder) -> Result<Option<Template>> {
        if builder.is_empty() { Ok(None) } else { builder.finish().map(Some) }
    }
}
