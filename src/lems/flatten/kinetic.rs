//! Kinetic schemes: time derivatives of the occupancies of Markov states.

use super::Flattener;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{BinaryOp, Expr};
use crate::lems::types::KineticScheme;
use crate::units::Dimension;

/// Most transitions of a scheme: in the worst case all belong to one state's derivative.
const MAX_EDGES: usize = 256;

impl Flattener<'_, '_> {
    /// Lowers the kinetic schemes of a component.
    pub(super) fn kinetic_schemes(&mut self, node: usize) {
        for scheme in &self.nodes[node].of.dynamics.schemes {
            if let Err(error) = self.kinetic_scheme(node, scheme) {
                self.fail(node, error.about(format_args!("KineticScheme '{}'", scheme.name)), &scheme.origin);
            }
        }
    }

    fn kinetic_scheme(&mut self, node: usize, scheme: &KineticScheme) -> Result<()> {
        let nodes = self.step(&[node], &scheme.nodes)?;
        let edges = self.step(&[node], &scheme.edges)?;
        let mut occupancies = Vec::new();
        for &state in &nodes {
            let name = self.nodes[state].flat(&scheme.state_variable);
            let index = self.out.state(&name).ok_or_else(|| {
                let message = format!(
                    "{} has no state '{}'",
                    self.nodes[state].component.label(),
                    scheme.state_variable
                );
                Error::new(ErrorKind::Name, message)
            })?;
            if self.out.derivatives.iter().any(|(i, _)| *i == index) {
                let message = format!("'{name}' has a time derivative of its own");
                return Err(Error::new(ErrorKind::Name, message));
            }
            occupancies.push(index);
        }
        if nodes.is_empty() {
            return Err(Error::new(ErrorKind::Value, format!("there are no {}", scheme.nodes)));
        }
        if edges.len() > MAX_EDGES {
            let message = format!("more than {MAX_EDGES} transitions in one scheme");
            return Err(Error::new(ErrorKind::Limit, message));
        }
        let mut flows: Vec<Option<Expr>> = vec![None; nodes.len()];
        for &edge in &edges {
            let from = self.end(&nodes, edge, &scheme.edge_source)?;
            let to = self.end(&nodes, edge, &scheme.edge_target)?;
            for (rate, source, target) in [(&scheme.forward_rate, from, to), (&scheme.reverse_rate, to, from)]
            {
                let rate = self.rate(edge, rate)?;
                let occupancy = Expr::Name(self.out.states[occupancies[source]].name.clone());
                let flow = Expr::binary(BinaryOp::Mul, Expr::Name(rate), occupancy);
                flows[target] = Some(match flows[target].take() {
                    None => flow.clone(),
                    Some(sum) => Expr::binary(BinaryOp::Add, sum, flow.clone()),
                });
                flows[source] = Some(match flows[source].take() {
                    None => Expr::Negate(Box::new(flow)),
                    Some(sum) => Expr::binary(BinaryOp::Sub, sum, flow),
                });
            }
        }
        for (index, flow) in occupancies.iter().zip(flows) {
            let zero = Expr::Number(0.0);
            self.out.derivatives.push((*index, flow.unwrap_or(zero)));
        }
        self.out.kinetic_schemes.push(occupancies);
        Ok(())
    }

    /// The number of the state that the link `link` of a transition names.
    fn end(&self, nodes: &[usize], edge: usize, link: &str) -> Result<usize> {
        let component = self.nodes[edge].component;
        let Some(id) = component.text(link) else {
            return Err(component.error(ErrorKind::Name, format!("'{link}' is missing")));
        };
        let found = nodes.iter().position(|n| self.nodes[*n].component.id.as_deref() == Some(id));
        found.ok_or_else(|| {
            let error =
                component.error(ErrorKind::Name, format!("{link}=\"{id}\": there is no state '{id}'"));
            let known = nodes.iter().filter_map(|n| self.nodes[*n].component.id.as_deref());
            match crate::error::nearest(id, known) {
                Some(near) => error.help(format!("did you mean '{near}'?")),
                None => error,
            }
        })
    }

    fn rate(&self, edge: usize, exposure: &str) -> Result<String> {
        let this = &self.nodes[edge];
        let dimension = this.of.quantity(exposure);
        match (self.behind(edge, exposure), dimension) {
            (Some(_), Some(found)) if found != Dimension::PER_TIME => {
                let message = format!("'{exposure}' is [{found}], expected a rate (per time)");
                Err(this.component.error(ErrorKind::Dimension, message))
            }
            (Some(name), _) => Ok(name),
            (None, _) => Err(this.component.error(ErrorKind::Name, format!("there is no '{exposure}'"))),
        }
    }
}
