//! The compartments of a group that carry the same mechanisms: their order, their memory, what they start from.

use std::sync::Arc;

use super::bind::{OfCells, Placement, node_base};
use super::catalog::Catalog;
use super::lower::{Holds, Mechanism, MembranePlan, NodeArray};
use super::members::CableMember;
use crate::cable::NONE;
use crate::cable::order::Forest;
use crate::error::Result;
use crate::vm::Arena;

/// What gathering from and scattering to nodes costs a program, in operations.
const GATHER_COST: f64 = 8.0;

/// The compartments of a group that carry the same mechanisms.
pub(super) struct Set {
    pub mechanisms: Vec<Mechanism>,
    /// Member, node, position in the group; by position.
    pub lanes: Vec<(usize, u32, u32)>,
    pub membrane: usize,
    pub in_place: bool,
    pub start: usize,
    pub width: usize,
}

/// The sets of `members`.
pub(super) fn collect_sets(members: &[CableMember<'_>], forest: &Forest) -> Vec<Set> {
    let mut sets: Vec<Set> = Vec::new();
    // The number in `sets` of each set of each plan met so far.
    let mut known: Vec<(*const super::plan::CellPlan, Vec<usize>)> = Vec::new();
    for (member, m) in members.iter().enumerate() {
        let plan = m.plan;
        let at = known.iter().position(|(p, _)| std::ptr::eq(*p, plan)).unwrap_or_else(|| {
            let numbers = plan.sets.iter().map(|set| {
                let mechanisms: Vec<Mechanism> =
                    set.iter().map(|&i| plan.mechanisms[i].mechanism.clone()).collect();
                sets.iter().position(|s| s.mechanisms == mechanisms).unwrap_or_else(|| {
                    sets.push(Set {
                        mechanisms,
                        lanes: Vec::new(),
                        membrane: 0,
                        in_place: false,
                        start: 0,
                        width: 0,
                    });
                    sets.len() - 1
                })
            });
            let numbers = numbers.collect();
            known.push((plan, numbers));
            known.len() - 1
        });
        for (node, &set) in plan.node_set.iter().enumerate() {
            if set != NONE {
                let position = forest.position(member, node) as u32;
                sets[known[at].1[set as usize]].lanes.push((member, node as u32, position));
            }
        }
    }
    sets.retain(|s| !s.lanes.is_empty());
    for set in &mut sets {
        set.lanes.sort_unstable_by_key(|lane| lane.2);
    }
    sets
}

/// Puts the set with most compartments first, in place if running over nodes that it does not cover
/// costs less than gathering those that it does.
pub(super) fn choose_in_place(
    sets: &mut [Set],
    nodes: usize,
    catalog: &mut Catalog,
    (temperature_k, step_s): (f64, f64),
) -> Result<()> {
    let Some(largest) = (0..sets.len()).max_by_key(|&s| (sets[s].lanes.len(), usize::MAX - s)) else {
        return Ok(());
    };
    sets[..=largest].rotate_right(1);
    let set = &mut sets[0];
    let (lanes, nodes) = (set.lanes.len() as f64, nodes as f64);
    set.in_place = lanes == nodes || {
        let mechanisms = set.mechanisms.clone();
        let plan = MembranePlan { mechanisms, temperature_k, step_s, in_place: false };
        let gathering = catalog.membrane(plan)?;
        let operations = catalog.membranes[gathering].1.step.program.ops.len() as f64;
        nodes * operations <= lanes * (operations + GATHER_COST)
    };
    Ok(())
}

impl Set {
    /// Where its programs find their numbers; lanes of padding stand for node `dummy`.
    pub(super) fn placement(&self, nodes: usize, dummy: usize, arena: usize) -> Placement {
        let mut positions: Vec<u32> = self.lanes.iter().map(|lane| lane.2).collect();
        positions.resize(self.width.max(positions.len()), dummy as u32);
        let lists = if self.in_place { Vec::new() } else { vec![Arc::from(positions)] };
        Placement {
            lanes: self.width,
            instances: self.start,
            of_cells: OfCells::default(),
            results: 0,
            nodes,
            arena,
            lists,
        }
    }

    /// The lane of the node at `position`.
    pub(super) fn lane(&self, position: u32) -> Option<usize> {
        let at = self.lanes.binary_search_by_key(&position, |lane| lane.2).ok()?;
        Some(if self.in_place { position as usize } else { at })
    }

    /// Puts the parameters of its lanes into the memory.
    pub(super) fn fill(
        &self,
        arena: &mut Arena,
        plan: &MembranePlan,
        members: &[CableMember<'_>],
        nodes: usize,
    ) {
        if self.in_place {
            let area = node_base(NodeArray::Area, nodes);
            for &(member, node, position) in &self.lanes {
                arena[area + position as usize] = members[member].plan.area_m2[node as usize];
            }
        }
        for (k, holds) in plan.arrays().into_iter().enumerate() {
            let start = self.start + k * self.width;
            let value = |&(member, node, _): &(usize, u32, u32)| {
                let cell = members[member].plan;
                let cv = cell.discretisation.node_cv[node as usize] as usize;
                let spread = |mechanism: usize| {
                    let set = &cell.sets[cell.node_set[node as usize] as usize];
                    &cell.mechanisms[set[mechanism]]
                };
                match holds {
                    Holds::Area => cell.area_m2[node as usize],
                    Holds::Parameter { mechanism, parameter } => {
                        let own = members[member].own.as_ref();
                        let index = cell.sets[cell.node_set[node as usize] as usize][mechanism];
                        let own = own.and_then(|own| own.parameter(index, parameter));
                        own.unwrap_or_else(|| spread(mechanism).values[parameter][cv])
                    }
                    Holds::Cover { mechanism } => spread(mechanism).cover[cv],
                    Holds::State { .. } | Holds::IonCurrent { .. } => 0.0,
                }
            };
            // Lanes of padding, and of nodes that only an in-place program meets, compute with the
            // numbers of a real compartment and no area.
            let first = self.lanes.first().map_or(0.0, value);
            arena[start..start + self.width].fill(first);
            for (at, lane) in self.lanes.iter().enumerate() {
                let at = if self.in_place { lane.2 as usize } else { at };
                arena[start + at] = value(lane);
            }
        }
    }

    /// Where the states lie that members have at the start for themselves, and their values, SI.
    pub(super) fn own_states(&self, plan: &MembranePlan, members: &[CableMember<'_>]) -> Vec<(usize, f64)> {
        let mut set = Vec::new();
        for (at, &(member, node, position)) in self.lanes.iter().enumerate() {
            let Some(own) = &members[member].own else { continue };
            let cell = members[member].plan;
            let on_node = &cell.sets[cell.node_set[node as usize] as usize];
            let lane = if self.in_place { position as usize } else { at };
            for &(index, state, value) in &own.states {
                let Some(mechanism) = on_node.iter().position(|on| *on == index) else { continue };
                let array = plan.array(Holds::State { mechanism, state });
                set.extend(array.map(|k| (self.start + k * self.width + lane, value)));
            }
        }
        set
    }
}
