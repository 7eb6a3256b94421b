//! Conditions and assignments as graph nodes.

use super::builder::Builder;
use crate::dynamics::graph::NodeId;
use crate::dynamics::scope::Scope;
use crate::dynamics::{Assignment, Dynamics};
use crate::error::Result;

/// For each out port: where (truth per lane) an event leaves, if ever.
pub type Sends = Vec<Option<NodeId>>;

/// Makes the scope of a dynamics for given states.
pub type MakeScope<'s, 'd> = dyn FnMut(&mut Builder, &[NodeId]) -> Result<Scope<'d>> + 's;

/// The states after the conditions of `dynamics`, one after the other, who sends, and which
/// conditions held.
///
/// # Errors
/// If an expression uses an unknown name.
pub fn apply_conditions<'d>(
    builder: &mut Builder,
    dynamics: &'d Dynamics,
    mut states: Vec<NodeId>,
    scope: &mut MakeScope<'_, 'd>,
) -> Result<(Vec<NodeId>, Sends, Vec<NodeId>)> {
    let mut sends: Sends = vec![None; dynamics.out_ports.len()];
    let mut held = Vec::with_capacity(dynamics.conditions.len());
    for condition in &dynamics.conditions {
        let mut before = scope(builder, &states)?;
        let test = before.expression(&mut builder.graph, &condition.test)?;
        held.push(test);
        let mut assigned = states.clone();
        for assignment in &condition.assignments {
            let mut now = scope(builder, &assigned)?;
            let value = now.expression(&mut builder.graph, &assignment.value)?;
            assigned[assignment.state] = value;
        }
        for (state, new) in states.iter_mut().zip(assigned) {
            *state = builder.graph.select(test, new, *state);
        }
        for &port in &condition.sends {
            sends[port] = Some(match sends[port] {
                Some(earlier) => builder.graph.or(earlier, test),
                None => test,
            });
        }
    }
    Ok((states, sends, held))
}

/// The states after assignments, one after the other.
///
/// # Errors
/// If an expression uses an unknown name.
pub fn apply_assignments<'d>(
    builder: &mut Builder,
    assignments: &'d [Assignment],
    mut states: Vec<NodeId>,
    scope: &mut MakeScope<'_, 'd>,
) -> Result<Vec<NodeId>> {
    for assignment in assignments {
        let mut now = scope(builder, &states)?;
        states[assignment.state] = now.expression(&mut builder.graph, &assignment.value)?;
    }
    Ok(states)
}
