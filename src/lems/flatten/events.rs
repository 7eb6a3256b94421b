//! Events, conditions and regimes of the whole.

use std::collections::BTreeSet;

use super::{Flattener, Start};
use crate::dynamics::{Assignment, OnCondition, OnEvent, Variable};
use crate::error::{Error, ErrorKind};
use crate::expr::{CompareOp, Expr};
use crate::lems::raw::Origin;
use crate::lems::types::{Action, Direction, Handler, Trigger};
use crate::units::Dimension;

/// Longest chain of events and transitions that set each other off at one moment.
const MAX_CHAIN: usize = 16;

/// A connection for events within the whole: component and port of sender and receiver.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Route {
    from: (usize, String),
    to: (usize, String),
}

/// All connections that concern the whole.
#[derive(Debug, Clone, Default)]
struct Routes {
    /// Between its parts.
    within: Vec<Route>,
    /// Ports that send to the outside.
    outwards: BTreeSet<(usize, String)>,
    /// Ports that receive from the outside.
    inwards: BTreeSet<(usize, String)>,
}

/// What a list of actions comes to.
#[derive(Debug, Clone, Default)]
struct Lowered {
    assignments: Vec<Assignment>,
    sends: Vec<usize>,
}

impl Flattener<'_, '_> {
    fn regime_name(&self, node: usize) -> String {
        let taken = self.nodes[node].of.quantity("regime").is_some();
        self.nodes[node].flat(if taken { "regime_" } else { "regime" })
    }

    /// The condition that the component `node` is in its regime `number`.
    pub(super) fn in_regime(&self, node: usize, number: usize) -> Expr {
        let regime = Expr::Name(self.regime_name(node));
        Expr::Compare(CompareOp::Eq, Box::new(regime), Box::new(Expr::Number(number as f64)))
    }

    /// Adds the states that hold the current regimes.
    pub(super) fn regimes(&mut self) {
        for node in 0..self.nodes.len() {
            if !self.nodes[node].of.dynamics.regimes.is_empty() {
                let name = self.regime_name(node);
                self.out.states.push(Variable { name, dimension: Dimension::NONE });
            }
        }
    }

    /// Start assignments, conditions and events of all components.
    pub(super) fn events(&mut self) {
        let routes = self.routes();
        for node in 0..self.nodes.len() {
            for port in &self.nodes[node].of.event_ports {
                let end = (node, port.name.clone());
                let leads_out = (node == 0 && self.extent.open)
                    || routes.outwards.contains(&end)
                    || routes.within.iter().all(|r| r.from != end);
                if port.direction == Direction::Out && leads_out {
                    let name = self.nodes[node].flat(&port.name);
                    self.out.out_ports.push(name);
                }
            }
        }
        for node in 0..self.nodes.len() {
            self.on_start(node, &routes);
            let dynamics = &self.nodes[node].of.dynamics;
            for handler in &dynamics.handlers {
                self.handler(node, handler, None, &routes);
            }
            for (number, regime) in dynamics.regimes.iter().enumerate() {
                for handler in &regime.handlers {
                    self.handler(node, handler, Some(number), &routes);
                }
            }
        }
    }

    fn on_start(&mut self, node: usize, routes: &Routes) {
        let dynamics = &self.nodes[node].of.dynamics;
        let mut lowered = Lowered::default();
        self.actions(node, &dynamics.on_start, routes, 0, &mut lowered);
        let initial = dynamics.regimes.iter().position(|r| r.initial).unwrap_or(0);
        if let Some(regime) = dynamics.regimes.get(initial) {
            if let Some(state) = self.out.state(&self.regime_name(node)) {
                lowered.assignments.push(Assignment { state, value: Expr::Number(initial as f64) });
            }
            self.actions(node, &regime.on_entry, routes, 0, &mut lowered);
        }
        let occupancies: BTreeSet<usize> = self.out.kinetic_schemes.iter().flatten().copied().collect();
        for assignment in lowered.assignments {
            if !occupancies.contains(&assignment.state) {
                self.starts.push(Start { node, assignment });
            }
        }
    }

    fn handler(&mut self, node: usize, handler: &Handler, regime: Option<usize>, routes: &Routes) {
        let mut lowered = Lowered::default();
        let gate = regime.map(|number| self.in_regime(node, number));
        match &handler.trigger {
            Trigger::Condition(test) => {
                let Some(test) = self.expression(node, test, "test", &handler.origin) else { return };
                let test = match gate {
                    Some(gate) => Expr::And(Box::new(gate), Box::new(test)),
                    None => test,
                };
                self.actions(node, &handler.actions, routes, 0, &mut lowered);
                let Lowered { assignments, sends } = lowered;
                self.out.conditions.push(OnCondition { test, assignments, sends });
            }
            Trigger::Event(port) => {
                // Events that come from within are part of what sends them.
                let end = (node, port.clone());
                if routes.within.iter().any(|r| r.to == end) && !routes.inwards.contains(&end) {
                    return;
                }
                self.actions(node, &handler.actions, routes, 0, &mut lowered);
                let Lowered { assignments, sends } = lowered;
                let port = self.nodes[node].flat(port);
                self.out.events.push(OnEvent { port, test: gate, assignments, sends });
            }
        }
    }

    /// Adds what `actions` of the component `node` come to.
    fn actions(&mut self, node: usize, actions: &[Action], routes: &Routes, depth: usize, out: &mut Lowered) {
        for action in actions {
            match action {
                Action::Assign { variable, value, origin } => {
                    let state = self.out.state(&self.nodes[node].flat(variable));
                    let value = self.expression(node, value, variable, origin);
                    if let (Some(state), Some(value)) = (state, value) {
                        out.assignments.push(Assignment { state, value });
                    }
                }
                Action::Send { port, origin } => self.send(node, port, origin, routes, depth, out),
                Action::Transition { regime, origin } => {
                    self.transition(node, regime, origin, routes, depth, out)
                }
            }
        }
    }

    fn too_long(&mut self, node: usize, origin: &Origin) {
        let message = format!("more than {MAX_CHAIN} events or transitions set each other off at one moment");
        self.fail(node, Error::new(ErrorKind::Limit, message), origin);
    }

    fn transition(
        &mut self,
        node: usize,
        regime: &str,
        origin: &Origin,
        routes: &Routes,
        depth: usize,
        out: &mut Lowered,
    ) {
        if depth >= MAX_CHAIN {
            return self.too_long(node, origin);
        }
        let regimes = &self.nodes[node].of.dynamics.regimes;
        let Some(number) = regimes.iter().position(|r| r.name == regime) else { return };
        if let Some(state) = self.out.state(&self.regime_name(node)) {
            out.assignments.push(Assignment { state, value: Expr::Number(number as f64) });
        }
        self.actions(node, &regimes[number].on_entry, routes, depth + 1, out);
    }

    /// An event leaves `port`: to the outside, or to other parts of the whole.
    fn send(
        &mut self,
        node: usize,
        port: &str,
        origin: &Origin,
        routes: &Routes,
        depth: usize,
        out: &mut Lowered,
    ) {
        let name = self.nodes[node].flat(port);
        if let Some(index) = self.out.out_ports.iter().position(|p| *p == name) {
            out.sends.push(index);
        }
        let mut ways = routes.within.iter().filter(|r| r.from == (node, port.to_string())).peekable();
        if ways.peek().is_none() {
            return;
        }
        if depth >= MAX_CHAIN {
            return self.too_long(node, origin);
        }
        for route in ways {
            let (target, port) = &route.to;
            let dynamics = &self.nodes[*target].of.dynamics;
            let outside = dynamics.handlers.iter().map(|h| (None, h));
            let inside = dynamics
                .regimes
                .iter()
                .enumerate()
                .flat_map(|(number, regime)| regime.handlers.iter().map(move |h| (Some(number), h)));
            for (regime, handler) in outside.chain(inside) {
                if !matches!(&handler.trigger, Trigger::Event(p) if p == port) {
                    continue;
                }
                let mut lowered = Lowered::default();
                self.actions(*target, &handler.actions, routes, depth + 1, &mut lowered);
                if let Some(number) = regime {
                    if !lowered.sends.is_empty() {
                        let message = "an event within a component that sends another from a regime";
                        self.fail(*target, Error::new(ErrorKind::Unsupported, message), &handler.origin);
                    }
                    self.only_in_regime(*target, number, &mut lowered);
                }
                out.assignments.append(&mut lowered.assignments);
                out.sends.append(&mut lowered.sends);
            }
        }
    }

    /// Makes assignments keep their states as they are outside the regime `number`.
    fn only_in_regime(&self, node: usize, number: usize, lowered: &mut Lowered) {
        for assignment in &mut lowered.assignments {
            let kept = Expr::Name(self.out.states[assignment.state].name.clone());
            let value = std::mem::replace(&mut assignment.value, Expr::Number(0.0));
            let holds = self.in_regime(node, number);
            assignment.value = Expr::Select(Box::new(holds), Box::new(value), Box::new(kept));
        }
    }

    /// The connections between parts of the whole, and the ports by which others lead out and in.
    fn routes(&mut self) -> Routes {
        let mut out = Routes::default();
        let touching: BTreeSet<usize> =
            self.nodes.iter().flat_map(|node| self.tree.links_at(node.whole)).copied().collect();
        for link in touching.into_iter().map(|number| &self.tree.links[number]) {
            let ends = (self.places.get(&link.from.0), self.places.get(&link.to.0));
            let (from, to) = (link.from.1.to_string(), link.to.1.to_string());
            match ends {
                (Some(&sender), Some(&receiver)) if self.tree.is_direct(link) => {
                    let route = Route { from: (sender, from), to: (receiver, to) };
                    if !out.within.contains(&route) {
                        out.within.push(route);
                    }
                }
                // What takes time or has a weight leaves and comes back.
                (Some(&sender), Some(&receiver)) => {
                    out.outwards.insert((sender, from));
                    out.inwards.insert((receiver, to));
                }
                (Some(&sender), None) => {
                    out.outwards.insert((sender, from));
                }
                (None, Some(&receiver)) => {
                    out.inwards.insert((receiver, to));
                }
                (None, None) => {}
            }
        }
        out
    }
}
