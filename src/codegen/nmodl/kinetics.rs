//! Kinetic schemes: from the derivatives of occupancies back to reactions.

use super::Scheme;
use super::equations::{Block, Equations};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{BinaryOp, Expr};
use crate::units::Dimension;

/// A scheme.
pub(super) struct Found {
    /// Its name in the mechanism.
    pub(super) name: String,
    /// The flat names of its states.
    states: Vec<String>,
    /// What goes from where to where.
    pub(super) flows: Vec<Flow>,
}

/// A flow from one state to another.
pub(super) struct Flow {
    from: usize,
    to: usize,
    /// Of the occupancy of the first, per time, SI.
    pub(super) rate: Expr,
}

/// The schemes of a dynamics.
///
/// # Errors
/// If a derivative is no sum of rates times occupancies, or what leaves a state comes in nowhere.
pub(super) fn schemes(eq: &Equations<'_>) -> Result<Vec<Found>> {
    let d = eq.dynamics;
    let mut found = Vec::new();
    for (number, scheme) in d.kinetic_schemes.iter().enumerate() {
        let states: Vec<String> =
            scheme.iter().filter_map(|s| d.states.get(*s)).map(|s| s.name.clone()).collect();
        // Gains and losses of each state.
        let mut gains: Vec<(usize, usize, Expr)> = Vec::new();
        let mut losses: Vec<(usize, Expr)> = Vec::new();
        for (into, index) in scheme.iter().enumerate() {
            let Some((_, value)) = d.derivatives.iter().find(|(s, _)| s == index) else { continue };
            let mut terms = Vec::new();
            sum(value, true, &mut terms);
            for (positive, term) in terms {
                if term == Expr::Number(0.0) {
                    continue;
                }
                let Some((rate, of)) = split(&term, &states) else {
                    let message = "a kinetic scheme is not made of rates times occupancies";
                    return Err(Error::new(ErrorKind::Unsupported, message));
                };
                if positive {
                    gains.push((of, into, rate));
                } else {
                    losses.push((of, rate));
                }
            }
        }
        let mut flows = Vec::new();
        for (from, to, rate) in gains {
            let Some(at) = losses.iter().position(|(of, lost)| *of == from && *lost == rate) else {
                let message = "in a kinetic scheme something comes from nowhere";
                return Err(Error::new(ErrorKind::Unsupported, message));
            };
            losses.remove(at);
            flows.push(Flow { from, to, rate });
        }
        let name = if number == 0 { "scheme".to_string() } else { format!("scheme_{}", number + 1) };
        found.push(Found { name, states, flows });
    }
    Ok(found)
}

impl Found {
    /// The scheme as its template takes it.
    ///
    /// # Errors
    /// What the language can't say.
    pub(super) fn written(&self, eq: &Equations<'_>) -> Result<Scheme> {
        let power = super::UNITS.power(Dimension::PER_TIME);
        let text = |rate: &Expr| -> Result<String> {
            let value = eq.converted(rate, power)?;
            eq.print(&eq.without_choices(&mut Block::default(), &value, "rate", 0)?)
        };
        let name = |k: usize| self.states.get(k).map(|s| eq.name(s)).unwrap_or_default();
        let mut reactions = Vec::new();
        let mut done = vec![false; self.flows.len()];
        for (k, flow) in self.flows.iter().enumerate() {
            if std::mem::replace(&mut done[k], true) {
                continue;
            }
            let back = (k + 1..self.flows.len())
                .find(|&o| !done[o] && (self.flows[o].from, self.flows[o].to) == (flow.to, flow.from));
            let reverse = match back {
                Some(other) => {
                    done[other] = true;
                    text(&self.flows[other].rate)?
                }
                None => "0".to_string(),
            };
            reactions.push(format!(
                "{} <-> {} ({}, {reverse})",
                name(flow.from),
                name(flow.to),
                text(&flow.rate)?
            ));
        }
        let all: Vec<String> = (0..self.states.len()).map(name).collect();
        Ok(Scheme { name: self.name.clone(), reactions, conserved: all.join(" + "), rates: Vec::new() })
    }
}

/// The terms of a sum, with whether they count positive.
fn sum(expr: &Expr, positive: bool, terms: &mut Vec<(bool, Expr)>) {
    match expr {
        Expr::Binary(BinaryOp::Add, a, b) => {
            sum(a, positive, terms);
            sum(b, positive, terms);
        }
        Expr::Binary(BinaryOp::Sub, a, b) => {
            sum(a, positive, terms);
            sum(b, !positive, terms);
        }
        Expr::Negate(a) => sum(a, !positive, terms),
        _ => terms.push((positive, expr.clone())),
    }
}

/// A product as a rate and the state that it is of.
fn split(term: &Expr, states: &[String]) -> Option<(Expr, usize)> {
    let Expr::Binary(BinaryOp::Mul, a, b) = term else { return None };
    let state = |e: &Expr| match e {
        Expr::Name(name) => states.iter().position(|s| s == name),
        _ => None,
    };
    match (state(a), state(b)) {
        (_, Some(of)) => Some(((**a).clone(), of)),
        (Some(of), None) => Some(((**b).clone(), of)),
        (None, None) => None,
    }
}
