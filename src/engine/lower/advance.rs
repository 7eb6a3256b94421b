//! How the states of a membrane's mechanisms go one step.

use super::builder::Builder;
use super::conditions::apply_conditions;
use super::membrane::MembranePlan;
use crate::dynamics::advance::{Order, advance};
use crate::dynamics::graph::NodeId;
use crate::error::Result;

/// One step of the states.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Its length, s.
    pub h: f64,
    /// The order to which each mechanism is stepped by itself.
    pub order: Order,
    /// Whether the step has the potential in its middle: then pools take the ions' currents of that moment,
    /// the mean of those with the gates before and after, and channels the concentrations of that moment. Else
    /// pools take the currents that the potential went with, and channels the concentrations before.
    pub centred: bool,
}

impl MembranePlan {
    /// The states of all mechanisms after `step`, from the states `old`.
    ///
    /// # Errors
    /// If a mechanism needs what a compartment does not offer, or its equations have no program.
    pub(super) fn advanced(
        &self,
        builder: &mut Builder,
        old: &[Vec<NodeId>],
        step: Step,
    ) -> Result<Vec<Vec<NodeId>>> {
        let all = 0..self.mechanisms.len();
        let mut next = old.to_vec();
        if !step.centred || !self.mechanisms.iter().any(|m| m.is_pool) {
            for index in all {
                next[index] = self.next(builder, index, old, &old[index], None, step)?;
            }
            return Ok(next);
        }
        let pools: Vec<usize> = all.clone().filter(|&index| self.mechanisms[index].is_pool).collect();
        let before = self.ion_currents(builder, old)?;
        let mut middle = old.to_vec();
        for &index in &pools {
            next[index] = self.next(builder, index, old, &old[index], before[index], step)?;
            for (state, (&from, &to)) in old[index].iter().zip(&next[index]).enumerate() {
                middle[index][state] = builder.graph.sum(0.0, &[(from, 0.5), (to, 0.5)]);
            }
        }
        for index in all.filter(|&index| !self.mechanisms[index].is_pool) {
            next[index] = self.next(builder, index, &middle, &old[index], None, step)?;
        }
        let after = self.ion_currents(builder, &next)?;
        for index in pools {
            let mean = match (before[index], after[index]) {
                (Some(before), Some(after)) => Some(builder.graph.sum(0.0, &[(before, 0.5), (after, 0.5)])),
                _ => None,
            };
            next[index] = self.next(builder, index, &middle, &old[index], mean, step)?;
        }
        Ok(next)
    }

    /// The states of mechanism `index` after `step` from `own`, with those of the others `around` it and,
    /// for a pool, with the current of its ion (A) where one is given.
    fn next(
        &self,
        builder: &mut Builder,
        index: usize,
        around: &[Vec<NodeId>],
        own: &[NodeId],
        current: Option<NodeId>,
        step: Step,
    ) -> Result<Vec<NodeId>> {
        let m = &self.mechanisms[index];
        let mut scope = self.scope(builder, index, around, own)?;
        if let (Some(name), Some(current)) = (m.current_read(), current) {
            // A given number, though the current may depend on the concentration that is stepped.
            scope.bind(name, builder.graph.opaque(current));
        }
        let next = advance(&mut builder.graph, &mut scope, own, step.h, step.order)?;
        let mut scope = |b: &mut Builder, own: &[NodeId]| self.scope(b, index, around, own);
        Ok(apply_conditions(builder, &m.dynamics, next, &mut scope)?.0)
    }
}
