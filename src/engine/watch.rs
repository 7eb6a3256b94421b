//! Recorded numbers: those that lie in the memory, and the programs that compute the others.

use std::sync::Arc;

use super::bind::{Allocator, OfCells, Placement};
use super::group::{Group, Observer, Probe, Samples};
use super::lower::{Template, list};
use super::members::Request;
use super::steps::Steps;
use super::stores::Connected;
use super::tables::{Column, Table};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Model;
use crate::units::Dimension;
use crate::vm::padded;

/// Which program computes a recorded number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Of a set's plan: set, mechanism in the plan.
    Mechanism {
        /// The set.
        set: usize,
        /// The mechanism.
        mechanism: usize,
    },
    /// Of a kind.
    Kind {
        /// The kind.
        kind: usize,
    },
}

/// Where a recorded number comes from.
pub enum Source {
    /// It lies in the arena.
    At(usize),
    /// A program computes it from what is at this node and lane.
    Computed {
        /// The program.
        of: Program,
        /// What it computes.
        variable: String,
        /// Where.
        node: u32,
        /// Of which instance.
        lane: u32,
    },
}

/// Recorded numbers that one program computes.
pub struct Watched {
    /// The program.
    pub of: Program,
    /// What it computes.
    pub variable: String,
    interval: u64,
    nodes: Vec<u32>,
    lanes: Vec<u32>,
    /// The probes to point at the results: table, index among its probes.
    probes: Vec<(usize, usize)>,
}

/// What is recorded in a group.
pub struct Watching {
    /// By table.
    pub samples: Vec<Samples>,
    tables: Vec<Watched>,
}

impl Watching {
    /// Nothing yet; `intervals` are those of the tables, in ticks, of which the group's step has `ticks`.
    pub fn new(intervals: &[u64], ticks: u64) -> Watching {
        // A table of other populations may have an interval that is none here.
        let samples = intervals
            .iter()
            .map(|&interval| Samples { interval: (interval / ticks).max(1), ..Samples::default() });
        Watching { samples: samples.collect(), tables: Vec::new() }
    }

    /// One more number.
    pub fn add(&mut self, request: &Request, source: Source) {
        let samples = &mut self.samples[request.table];
        let mut probe = Probe { column: request.column, offset: 0, rules: None };
        match source {
            Source::At(offset) => probe.offset = offset,
            Source::Computed { of, variable, node, lane } => {
                let interval = samples.interval;
                let same = |w: &Watched| w.of == of && w.variable == variable && w.interval == interval;
                let at = self.tables.iter().position(same).unwrap_or_else(|| {
                    let (nodes, lanes, probes) = Default::default();
                    self.tables.push(Watched { of, variable, interval, nodes, lanes, probes });
                    self.tables.len() - 1
                });
                let table = &mut self.tables[at];
                table.nodes.push(node);
                table.lanes.push(lane);
                table.probes.push((request.table, samples.probes.len()));
            }
        }
        samples.probes.push(probe);
    }

    /// Makes room for the computed ones; gives where the results of each program start.
    pub fn allocate(&mut self, allocator: &mut Allocator) -> Vec<usize> {
        let mut starts = Vec::with_capacity(self.tables.len());
        for table in &self.tables {
            let start = allocator.take(1, table.nodes.len());
            for (lane, &(samples, probe)) in table.probes.iter().enumerate() {
                self.samples[samples].probes[probe].offset = start + lane;
            }
            starts.push(start);
        }
        starts
    }

    /// The programs on a memory of so many nodes and such a length, in which sums over what is attached
    /// start there; `find` gives the template, where its instance arrays start, and their width.
    ///
    /// # Errors
    /// As [`Placement::bind`].
    pub fn bind(
        &self,
        starts: &[usize],
        find: impl Fn(&Watched) -> Result<(Template, usize, usize)>,
        (nodes, arena, of_cells): (usize, usize, OfCells),
        n_placed: usize,
    ) -> Result<Vec<Observer>> {
        let mut observers = Vec::with_capacity(self.tables.len());
        for (table, &results) in self.tables.iter().zip(starts) {
            let (template, instances, width) = find(table)?;
            let lanes = padded(table.nodes.len());
            let pad = |list: &[u32]| -> Arc<[u32]> {
                let last = list.first().copied().unwrap_or(0);
                list.iter().copied().chain(std::iter::repeat(last)).take(lanes).collect()
            };
            let mut lists = vec![Arc::from(Vec::new()); list::COUNT];
            lists[usize::from(list::NODE)] = pad(&table.nodes);
            lists[usize::from(list::INSTANCE)] = pad(&table.lanes);
            let place = Placement { lanes, instances, of_cells, results, nodes, arena, lists };
            let program = place.bind_gathered(&template, width)?;
            // What sits at points acts with its values of the middle of the step.
            let placed = matches!(table.of, Program::Kind { kind } if kind < n_placed);
            observers.push(Observer { program, interval: table.interval, at_middle: placed });
        }
        Ok(observers)
    }
}
/// Tables of what is recorded of the connections of projection `number`, which lie where `placed` says.
///
/// # Errors
/// If the rule has no such variable.
pub fn record_connections(
    model: &Model,
    number: usize,
    steps: &Steps,
    placed: &[Connected],
    groups: &mut [Group],
    tables: &mut Vec<Table>,
) -> Result<()> {
    let projection = &model.projections[number];
    let Some(&(first, _)) = projection.target.parts.first() else { return Ok(()) };
    for recording in &projection.recordings {
        let named = |e: Error| e.in_element(format!("recording '{}'", recording.file));
        if let Some((other, _)) =
            projection.target.parts.iter().find(|(other, _)| steps.differ(first, *other))
        {
            let (one, other) = (&model.populations[first].name, &model.populations[*other].name);
            let message = format!("its connections lead to '{one}' and '{other}', whose time steps differ");
            return Err(named(Error::new(ErrorKind::Unsupported, message))
                .help("record two projections, one to each"));
        }
        let (mut table, interval) = Table::new(&recording.file, recording.interval_s, model.step_s(first));
        let samples = |_: &Group| Samples { interval, ..Samples::default() };
        let mut added: Vec<Samples> = groups.iter().map(samples).collect();
        for variable in &recording.variables {
            for at in placed {
                let rules = &groups[at.group as usize].rules[at.rules as usize];
                let Some(start) = rules.state(variable) else {
                    let message = format!("its rule has no state `{variable}` that could be recorded");
                    return Err(Error::new(ErrorKind::Name, message)
                        .in_element(format!("projection '{}'", projection.name)));
                };
                added[at.group as usize].probes.push(Probe {
                    column: table.columns.len(),
                    offset: start + at.connection as usize,
                    rules: Some(at.rules),
                });
                let name = format!("{}[{}, {}].{variable}", projection.name, at.source, at.target);
                table.columns.push(Column { name, dimension: Dimension::NONE });
            }
        }
        for (group, samples) in groups.iter_mut().zip(added) {
            group.samples.push(samples);
        }
        tables.push(table);
    }
    Ok(())
}
