//! Cells whose states are stepped to fourth order, and whose conditions are met where they come to hold.

use std::collections::BTreeSet;

use super::builder::{Array, Builder, Template, uniform};
use super::point::{PointHolds, PointKind, PointSite};
use crate::dynamics::Dynamics;
use crate::dynamics::fourth::advance_fourth;
use crate::dynamics::graph::{Graph, NodeId};
use crate::dynamics::scope::Scope;
use crate::error::Result;
use crate::expr::{CompareOp, Function};
use crate::model::PointStep;

/// A number beyond this is none that a state has.
const OUT_OF_RANGE: f64 = 1e150;

/// What has come to hold within this part of a time step before a step began holds from its beginning on: a time
/// that two sums give is one time. Less than the halvings resolve.
const EARLIER: f64 = 1e-8;

/// The programs that meet conditions within a step.
#[derive(Debug, Clone)]
pub struct LocatedPrograms {
    /// Keeps the states, advances them by the time step, and says who has met a condition.
    pub attempt: Template,
    /// From the states kept by the step that the uniforms give; says so too.
    pub again: Template,
    /// Conditions, for those who meet them, at the end of a step like that; says who still meets one.
    pub conditions: Template,
    /// The instance array that says who has met a condition.
    pub met: usize,
    /// The instance arrays of states, and those where they are kept.
    pub states: Vec<(usize, usize)>,
}

/// Whether the potential is no linear function of itself, as in the upstroke of a quadratic or an exponential neuron's
/// spike.
fn runs_up(cell: &Dynamics) -> bool {
    let mut graph = Graph::new();
    let leaves = cell.states.len() + cell.inputs.len();
    let leaves: Vec<NodeId> = (0..leaves as u32).map(|symbol| graph.symbol(symbol)).collect();
    let (states, inputs) = leaves.split_at(cell.states.len());
    let mut scope = Scope::new(cell, states);
    for (input, leaf) in cell.inputs.iter().zip(inputs) {
        scope.bind(&input.name, *leaf);
    }
    let Some(v) = cell.exposed("v").and_then(|name| cell.state(name)) else { return false };
    let Some((_, slope)) = cell.derivatives.iter().find(|(state, _)| *state == v) else { return false };
    scope.expression(&mut graph, slope).is_ok_and(|slope| {
        let k = graph.derivative(slope, states[v]);
        graph.depends(k, states[v])
    })
}

impl PointKind {
    /// Whether its states are stepped to fourth order: those of a cell, if that is asked for or its potential runs up by
    /// itself, nothing is drawn at random within the step, and no kinetic scheme asks for steps of its own.
    pub(super) fn is_fourth(&self) -> bool {
        (self.point_step != PointStep::Midpoint || runs_up(&self.dynamics))
            && self.site == PointSite::Cell
            && self.dynamics.kinetic_schemes.is_empty()
            && !self.needs_noise()
            && self.moments().is_empty()
    }

    /// Whether conditions are met within steps.
    pub(super) fn is_located(&self) -> bool {
        // A potential that is no state but computed is not known within the step.
        let known = |name: &str| self.dynamics.state(name).is_some();
        self.point_step == PointStep::Fourth
            && self.is_fourth()
            && (!self.is_loaded || self.dynamics.exposed("v").is_some_and(known))
            && self.to_locate().next().is_some()
    }

    /// The conditions for which it matters when they are met: they send, or change what moves states.
    fn to_locate(&self) -> impl Iterator<Item = usize> {
        let dynamics = &self.dynamics;
        let mut read: BTreeSet<&str> = BTreeSet::new();
        dynamics.derivatives.iter().for_each(|(state, value)| {
            read.insert(&dynamics.states[*state].name);
            value.visit_names(&mut |name| {
                read.insert(name);
            });
        });
        for derived in dynamics.derived.iter().rev() {
            if read.contains(derived.name.as_str()) {
                derived.value.visit_names(&mut |name| {
                    read.insert(name);
                });
            }
        }
        (0..dynamics.conditions.len()).filter(move |&c| {
            let condition = &dynamics.conditions[c];
            let mut assigned = condition.assignments.iter().map(|a| dynamics.states[a.state].name.as_str());
            !condition.sends.is_empty() || assigned.any(|name| read.contains(name))
        })
    }

    /// The programs that meet conditions within a step of `h` s.
    pub(super) fn located(&self, h: f64) -> Result<LocatedPrograms> {
        let mut conditions = Builder::default();
        let states = self.states(&mut conditions)?;
        let next = self.meet(&mut conditions, &states, states.clone())?;
        let before = self.kept(&mut conditions)?;
        let length = conditions.uniform(uniform::STEP);
        let met = self.newly_met(&mut conditions, h, length, &before, &next)?;
        if let Some(array) = self.array(PointHolds::Met) {
            conditions.store(met, Array::Instance(array));
        }
        let number = |what| self.array(what).unwrap_or_default();
        let states = 0..self.dynamics.states.len();
        Ok(LocatedPrograms {
            attempt: self.attempt(h, true)?,
            again: self.attempt(h, false)?,
            conditions: conditions.finish()?,
            met: number(PointHolds::Met),
            states: states.map(|s| (number(PointHolds::State(s)), number(PointHolds::Before(s)))).collect(),
        })
    }

    /// The whole step of `dt` s from the states, which are kept; or one from those kept, of the uniforms' length.
    fn attempt(&self, dt: f64, is_first: bool) -> Result<Template> {
        let mut builder = Builder::default();
        let (old, h) = if is_first {
            (self.states(&mut builder)?, builder.graph.constant(dt))
        } else {
            (self.kept(&mut builder)?, builder.uniform(uniform::STEP))
        };
        let mut next = self.advance_fourth(&mut builder, &old, h)?;
        let mut met = self.newly_met(&mut builder, dt, h, &old, &next)?;
        // What has run away has met something on its way.
        let in_range = self.in_range(&mut builder, &next);
        let away = builder.graph.not(in_range);
        // As far as halvings go it is followed by its slope, which meets it in a few steps.
        if !is_first {
            let straight = self.advance_straight(&mut builder, &old, h)?;
            let pairs = next.into_iter().zip(straight);
            next = pairs.map(|(a, b)| builder.graph.select(in_range, a, b)).collect();
        }
        met = builder.graph.or(met, away);
        let array = |what| self.array(what).map(Array::Instance);
        if is_first {
            for (state, &node) in old.iter().enumerate() {
                if let Some(array) = array(PointHolds::Before(state)) {
                    builder.store(node, array);
                }
            }
        }
        self.store_states(&mut builder, is_first.then_some(&old[..]), &next)?;
        if let Some(array) = array(PointHolds::Met) {
            builder.store(met, array);
        }
        builder.finish()
    }

    /// Whether all of the states `next` that move are numbers that a state may have.
    pub(super) fn in_range(&self, builder: &mut Builder, next: &[NodeId]) -> NodeId {
        let mut all = builder.graph.constant(1.0);
        for (state, _) in &self.dynamics.derivatives {
            let size = builder.graph.call(Function::Abs, next[*state]);
            let limit = builder.graph.constant(OUT_OF_RANGE);
            let in_range = builder.graph.compare(CompareOp::Lt, size, limit);
            all = builder.graph.and(all, in_range);
        }
        all
    }

    /// The states that were kept.
    fn kept(&self, builder: &mut Builder) -> Result<Vec<NodeId>> {
        (0..self.dynamics.states.len()).map(|s| self.instance(builder, PointHolds::Before(s))).collect()
    }

    /// Whether one of the conditions to be located holds for `next` and did not for `old`, `h` s before; the time
    /// step is `dt` s.
    fn newly_met(
        &self,
        builder: &mut Builder,
        dt: f64,
        h: NodeId,
        old: &[NodeId],
        next: &[NodeId],
    ) -> Result<NodeId> {
        let end = builder.uniform(uniform::TIME);
        let start = builder.graph.sum(-EARLIER * dt, &[(end, 1.0), (h, -1.0)]);
        let before = self.tests(builder, old, start)?;
        let after = self.tests(builder, next, end)?;
        let mut met = builder.graph.constant(0.0);
        for (before, after) in before.into_iter().zip(after) {
            let not_yet = builder.graph.not(before);
            let now = builder.graph.and(not_yet, after);
            met = builder.graph.or(met, now);
        }
        Ok(met)
    }

    /// The tests of the conditions to be located for `states` at time `at`.
    fn tests(&self, builder: &mut Builder, states: &[NodeId], at: NodeId) -> Result<Vec<NodeId>> {
        let mut scope = self.scope(builder, states)?;
        if self.dynamics.inputs.iter().any(|input| input.name == "t") {
            scope.bind("t", at);
        }
        self.to_locate()
            .map(|c| scope.expression(&mut builder.graph, &self.dynamics.conditions[c].test))
            .collect()
    }

    /// As [`Self::advance_fourth`], by the slopes at the beginning of the step.
    fn advance_straight(&self, builder: &mut Builder, old: &[NodeId], h: NodeId) -> Result<Vec<NodeId>> {
        let time = builder.uniform(uniform::TIME);
        let mut scope = self.scope(builder, old)?;
        if self.dynamics.inputs.iter().any(|input| input.name == "t") {
            let start = builder.graph.sum(0.0, &[(time, 1.0), (h, -1.0)]);
            scope.bind("t", start);
        }
        let mut next = old.to_vec();
        for (state, value) in &self.dynamics.derivatives {
            let slope = scope.expression(&mut builder.graph, value)?;
            let moved = builder.graph.mul(h, slope);
            next[*state] = builder.graph.add(old[*state], moved);
        }
        Ok(next)
    }

    /// The states after a step of `h` s, at whose end time is that of the uniforms.
    pub(super) fn advance_fourth(
        &self,
        builder: &mut Builder,
        old: &[NodeId],
        h: NodeId,
    ) -> Result<Vec<NodeId>> {
        let time = builder.uniform(uniform::TIME);
        let reads_time = self.dynamics.inputs.iter().any(|input| input.name == "t");
        let mut graph = std::mem::take(&mut builder.graph);
        let mut scope = |graph: &mut Graph, own: &[NodeId], part: f64| {
            let at = graph.sum(0.0, &[(time, 1.0), (h, part - 1.0)]);
            std::mem::swap(graph, &mut builder.graph);
            let scope = self.scope(builder, own);
            std::mem::swap(graph, &mut builder.graph);
            scope.map(|mut scope| {
                if reads_time {
                    scope.bind("t", at);
                }
                scope
            })
        };
        let next = advance_fourth(&mut graph, &mut scope, old, h);
        builder.graph = graph;
        next
    }
}
