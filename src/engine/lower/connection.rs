//! Connections with states of their own: programs that run at events, and one that goes from one event to the next.

use super::builder::{Builder, Template, uniform};
use super::point::{PointKind, PointPrograms};
use crate::dynamics::graph::NodeId;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::Function;

impl PointKind {
    /// The programs of connections. Their step is over any time: uniform 0 says how long.
    ///
    /// # Errors
    /// If a state does not decay by itself, or the equations need what a connection does not have.
    pub(super) fn connection_programs(&self) -> Result<PointPrograms> {
        if !self.dynamics.conditions.is_empty() || !self.dynamics.kinetic_schemes.is_empty() {
            return Err(
                self.no_rule("conditions and kinetic schemes, which would have to be looked at every step")
            );
        }
        Ok(PointPrograms {
            start: self.start()?,
            conditions: None,
            step: self.elapse()?,
            located: None,
            currents: None,
            show: self.show()?,
            events: self.events()?,
            has_conductance: false,
        })
    }

    fn no_rule(&self, what: &str) -> Error {
        let message = format!("'{}' can not be the rule of a connection: it has {what}", self.name);
        Error::new(ErrorKind::Unsupported, message).in_element(format!("<{}>", self.dynamics.component_type))
    }

    /// `x' = a + k x` over the time of uniform 0, exactly: `x e^(k t) + a (e^(k t) − 1) / k`.
    fn elapse(&self) -> Result<Option<Template>> {
        let mut builder = Builder::default();
        let old = self.states(&mut builder)?;
        let mut scope = self.scope(&mut builder, &old)?;
        let elapsed = builder.uniform(uniform::STEP);
        let mut states = old.clone();
        for (state, slope) in &self.dynamics.derivatives {
            let x = old[*state];
            let slope = scope.expression(&mut builder.graph, slope)?;
            let graph = &mut builder.graph;
            let rate = graph.derivative(slope, x);
            let push = graph.substitute(slope, &[(x, 0.0)]);
            let time = self.dynamics.inputs.iter().any(|input| input.name == "t");
            let moved = |node: NodeId, builder: &mut Builder| {
                let clock = time.then(|| builder.uniform(uniform::TIME));
                old.iter().copied().chain(clock).any(|leaf| builder.graph.depends(node, leaf))
            };
            if moved(rate, &mut builder) || moved(push, &mut builder) {
                let name = &self.dynamics.states[*state].name;
                return Err(self.no_rule(&format!("a state, {name}, that does not go on by itself")));
            }
            let graph = &mut builder.graph;
            if [slope, rate].iter().any(|node| graph.value(*node).is_some_and(|k| !k.is_finite())) {
                // A time constant of 0: gone at once.
                states[*state] = graph.constant(0.0);
                continue;
            }
            let exponent = graph.mul(rate, elapsed);
            let factor = graph.call(Function::Exp, exponent);
            let grown = graph.mul(x, factor);
            states[*state] = match graph.value(push) {
                Some(0.0) => grown,
                _ => {
                    let gain = graph.sum(-1.0, &[(factor, 1.0)]);
                    let gain = graph.div(gain, rate);
                    let pushed = graph.mul(push, gain);
                    graph.add(grown, pushed)
                }
            };
        }
        self.store_states(&mut builder, Some(&old), &states)?;
        self.finish(builder)
    }
}
