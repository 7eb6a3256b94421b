//! A model laid out: groups, what connects them, what is recorded of them.

use std::collections::BTreeMap;

use super::Options;
use super::build::{Built, cable_group, point_group};
use super::catalog::Catalog;
use super::connect::{Home, Layout};
use super::couple::Copies;
use super::crew::Groups;
use super::events::{Spike, by_time};
use super::group::{Clock, Group};
use super::members::{CableMember, KindPlace, MembranePlace, PlacedAt};
use super::plan::CellPlan;
use super::resolve::{Resolution, Resolved, cell_plans, resolve};
use super::rules::Rules;
use super::steps::Steps;
use super::tables::Table;
use super::wires::Routes;
use crate::dynamics::advance::Order;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Connection, Method, Model};
use crate::vm::padded;
use crate::wiring;

/// What was run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    /// Cells, spike-time lists not counted.
    pub cells: usize,
    /// Compartments with area; point cells count as one.
    pub compartments: usize,
    /// Nodes of the tree solver, forks included.
    pub nodes: usize,
    /// Groups.
    pub groups: usize,
    /// Synapse and stimulus instances.
    pub instances: usize,
    /// Whether connections are estimated: nothing can be run.
    pub is_outline: bool,
    /// Connections.
    pub connections: usize,
    /// What they take in memory, bytes.
    pub connection_bytes: u64,
}

/// Where the numbers of a column come from: they are added up.
#[derive(Debug, Clone, Copy)]
pub struct Gathered {
    /// The group.
    pub group: u32,
    /// The first of them among the group's probes.
    pub first: u32,
    /// How many.
    pub count: u32,
}

/// A model laid out.
#[derive(Debug)]
pub struct Laid {
    /// What was laid out.
    pub summary: Summary,
    /// What the steps of all groups go by, but for their length.
    pub clock: Clock,
    /// The time of which all steps are whole multiples, s.
    pub tick_s: f64,
    /// The last tick of the run.
    pub end: u64,
    /// The longest time in which no spike can reach another cell, in ticks.
    pub epoch: u64,
    /// The longest step, in ticks.
    pub longest: u64,
    /// The groups.
    pub groups: Vec<Group>,
    /// The tables.
    pub tables: Vec<Table>,
    /// Their sampling intervals, in ticks.
    pub intervals: Vec<u64>,
    /// Columns in order for each table.
    pub columns: Vec<Vec<Gathered>>,
    /// Connections.
    pub routes: Routes,
    /// What coupled contacts read of each other.
    pub copies: Copies,
    /// For each sender the cell whose spikes its spikes are, or [`super::senders::SILENT`].
    pub output: Vec<u32>,
    /// The order in which spikes of one time are heard, by sender: that of the names of populations, so that it does not
    /// depend on how these are declared.
    pub rank: Vec<u32>,
    /// Given spikes, by time and rank.
    pub given: Vec<Spike>,
    /// Where each cell is: group and its placed instances there.
    pub homes: Vec<Home>,
    /// Where what a group holds lies, by group.
    pub places: Vec<Places>,
    /// What they hold.
    pub catalog: Catalog,
    /// Number of the first cell of each population.
    pub first_cell: Vec<u32>,
    /// Names of the populations.
    pub populations: Vec<String>,
    /// Which of them are lists of spike times.
    pub sources: Vec<bool>,
}

/// What layouts are made with.
struct Making<'a> {
    model: &'a Model,
    steps: &'a Steps,
    /// Sampling intervals of the tables, in ticks.
    intervals: Vec<u64>,
}

/// Where what a group holds lies.
#[derive(Debug)]
pub struct Places {
    /// Instances by kind.
    pub kinds: Vec<KindPlace>,
    /// Membranes.
    pub membranes: Vec<MembranePlace>,
    /// Cell, node and what it hangs on at each position.
    pub shape: Vec<(u32, u32, u32)>,
}

impl Laid {
    /// Lays `model` out; projections are drawn by the threads of `pool`.
    ///
    /// # Errors
    /// Anything wrong with the model.
    pub fn new(
        model: &Model,
        options: &Options,
        pool: Option<&rayon::ThreadPool>,
        outline: bool,
    ) -> Result<Laid> {
        let steps = &Steps::of(model)?;
        let run = model.run;
        if !(run.duration_s >= 0.0 && run.duration_s.is_finite()) {
            let message = format!("the duration must not be negative: {} s", run.duration_s);
            return Err(Error::new(ErrorKind::Value, message));
        }
        let end = (run.duration_s / steps.tick_s).round();
        if end > 1e15 {
            return Err(Error::new(ErrorKind::Limit, format!("{end:e} steps are too many"))
                .help("shorten the run or lengthen the time step"));
        }
        let order = match run.method {
            Method::BackwardEuler => Order::First,
            Method::CrankNicolson | Method::DampedCrankNicolson => Order::Second,
        };
        wiring::check_room(model)?;
        check_references(model)?;
        check_delays(&model.connections)?;
        steps.check(model)?;
        let model = &*wiring::with_junctions(model)?;
        let mut catalog = Catalog::new(order);
        let plans = cell_plans(model)?;
        let mut resolution = resolve(model, steps, &plans, &mut catalog)?;
        let cells = resolution.first_cell.last().copied().unwrap_or(0) as usize;
        let mut laid = Laid {
            summary: Summary { is_outline: outline, ..Summary::default() },
            clock: Clock {
                dt_s: steps.tick_s,
                ticks: 1,
                method: run.method,
                level: options.level,
                seed: model.seed,
            },
            tick_s: steps.tick_s,
            end: end as u64,
            epoch: 1,
            longest: 1,
            groups: Vec::new(),
            tables: std::mem::take(&mut resolution.tables),
            intervals: Vec::new(),
            columns: Vec::new(),
            routes: Routes::default(),
            copies: Copies::default(),
            output: Vec::new(),
            rank: ranks(model, resolution.senders.output.len()),
            given: Vec::new(),
            homes: vec![Home::default(); cells],
            places: Vec::new(),
            catalog,
            first_cell: Vec::new(),
            populations: model.populations.iter().map(|p| p.name.clone()).collect(),
            sources: (0..model.populations.len()).map(|p| steps.has_none(p)).collect(),
        };
        let intervals = std::mem::take(&mut resolution.intervals);
        let making = Making { model, steps, intervals };
        let populations = std::mem::take(&mut resolution.populations);
        laid.add_groups(populations, &resolution.first_cell, &making, options)?;
        laid.connect(resolution, &making, pool)?;
        laid.find_columns();
        let ticks = |table: &Table| (table.interval_s / laid.tick_s).round().max(1.0) as u64;
        laid.intervals = laid.tables.iter().map(ticks).collect();
        let ticks: Vec<u64> = laid.groups.iter().map(|group| group.clock.ticks).collect();
        laid.longest = ticks.iter().copied().max().unwrap_or(1);
        // Coupled contacts see each other at every step.
        if model.couplings.is_empty() {
            let lead = laid.routes.shortest_lead(laid.tick_s, &ticks);
            laid.epoch = if lead.is_finite() { lead.max(1.0) as u64 } else { u64::MAX };
        }
        Ok(laid)
    }

    fn add_groups(
        &mut self,
        populations: Vec<Resolved<'_>>,
        first_cell: &[u32],
        making: &Making<'_>,
        options: &Options,
    ) -> Result<()> {
        let in_all = populations.iter().map(|population| match population {
            Resolved::Cable(members) => members.iter().map(|member| member.plan.tree.len()).sum(),
            _ => 0,
        });
        let size = group_size(options, in_all.sum());
        // Cable cells for the next group: all of one step.
        let mut waiting: Vec<CableMember<'_>> = Vec::new();
        let (mut nodes, mut clock) = (0, self.clock);
        // Point cells of one kind advance together, whatever populations they are in.
        let mut alike: BTreeMap<(usize, Vec<usize>), (Clock, Vec<_>)> = BTreeMap::new();
        for (p, population) in populations.into_iter().enumerate() {
            let (dt_s, ticks) = (making.model.step_s(p), making.steps.ticks(p));
            let own = Clock { dt_s, ticks, ..self.clock };
            match population {
                Resolved::Cable(members) => {
                    if ticks != clock.ticks {
                        self.add_cable(&mut waiting, &mut nodes, &clock, making)?;
                    }
                    clock = own;
                    for member in members {
                        self.count_cable(member.plan, &member.placed);
                        nodes += member.plan.tree.len();
                        waiting.push(member);
                        if nodes >= size && fills_lanes(waiting.len()) {
                            self.add_cable(&mut waiting, &mut nodes, &clock, making)?;
                        }
                    }
                }
                Resolved::Point(members) => {
                    for member in members {
                        self.summary.cells += 1;
                        self.summary.compartments += 1;
                        self.summary.instances += instances(&member.placed);
                        let (_, some) = alike.entry(member.mark()).or_insert_with(|| (own, Vec::new()));
                        some.push(member);
                    }
                }
                Resolved::Times(times) => {
                    for (i, times) in times.iter().enumerate() {
                        let cell = first_cell[p] + i as u32;
                        self.given.extend(times.iter().map(|&time_s| Spike { time_s, cell }));
                    }
                }
            }
        }
        self.add_cable(&mut waiting, &mut nodes, &clock, making)?;
        for (clock, members) in alike.values() {
            let size = group_size(options, members.len());
            for some in members.chunks(if size < MANY { size } else { padded(size) }) {
                let mut built = point_group(some, &self.catalog, clock, &making.intervals)?;
                let lanes = std::mem::take(&mut built.lanes);
                let number = self.add(built);
                for (lane, (member, placed)) in some.iter().zip(lanes).enumerate() {
                    self.homes[member.cell as usize] = Home { group: number, placed, own: Some(lane as u32) };
                }
            }
        }
        let rank = &self.rank;
        self.given.sort_by(|a, b| by_time(a, b, |cell| rank[cell as usize]));
        self.summary.groups = self.groups.len();
        Ok(())
    }

    fn count_cable(&mut self, plan: &CellPlan, placed: &[PlacedAt]) {
        self.summary.cells += 1;
        self.summary.compartments += plan.discretisation.cvs.len();
        self.summary.nodes += plan.tree.len();
        self.summary.instances += instances(placed);
    }

    fn add_cable(
        &mut self,
        waiting: &mut Vec<CableMember<'_>>,
        nodes: &mut usize,
        clock: &Clock,
        making: &Making<'_>,
    ) -> Result<()> {
        *nodes = 0;
        if waiting.is_empty() {
            return Ok(());
        }
        let temperature_k = making.model.temperature_k;
        let mut built = cable_group(waiting, &mut self.catalog, clock, temperature_k, &making.intervals)?;
        let lanes = std::mem::take(&mut built.lanes);
        let number = self.add(built);
        for (member, placed) in waiting.drain(..).zip(lanes) {
            self.homes[member.cell as usize] = Home { group: number, placed, own: None };
        }
        Ok(())
    }

    /// Adds a group; gives its number.
    fn add(&mut self, built: Built) -> u32 {
        let Built { group, kinds, membranes, shape, .. } = built;
        self.places.push(Places { kinds, membranes, shape });
        self.groups.push(group);
        self.groups.len() as u32 - 1
    }

    fn connect(
        &mut self,
        resolution: Resolution<'_>,
        making: &Making<'_>,
        pool: Option<&rayon::ThreadPool>,
    ) -> Result<()> {
        let Resolution { first_cell, contacts, senders, .. } = resolution;
        let (model, steps) = (making.model, making.steps);
        let (homes, catalog, outline) = (&self.homes, &self.catalog, self.summary.is_outline);
        let layout =
            Layout { first_cell: &first_cell, homes, contacts: &contacts, senders: &senders, outline };
        let (groups, tables, level) = (&mut self.groups, &mut self.tables, self.clock.level);
        let expected;
        (self.routes, expected) = match pool {
            Some(pool) => pool.install(|| layout.connect(model, steps, level, groups, tables))?,
            None => layout.connect(model, steps, level, groups, tables)?,
        };
        self.summary.connections =
            if outline { expected.round() as usize } else { self.routes.connections() as usize };
        let states = self.groups.iter().flat_map(|g| &g.rules).map(Rules::bytes).sum::<u64>();
        self.summary.connection_bytes = self.routes.bytes() + states;
        self.copies =
            Copies::new(model, catalog, (&first_cell, homes, &contacts), &self.places, &self.groups)?;
        self.output = senders.output;
        self.first_cell = first_cell;
        Ok(())
    }

    /// Where the numbers of each column of each table come from.
    fn find_columns(&mut self) {
        let none = Gathered { group: u32::MAX, first: 0, count: 0 };
        self.columns = self.tables.iter().map(|t| vec![none; t.columns.len()]).collect();
        for (g, group) in self.groups.iter().enumerate() {
            for (table, samples) in group.samples.iter().enumerate() {
                for (at, probe) in samples.probes.iter().enumerate() {
                    let column = &mut self.columns[table][probe.column];
                    if column.count == 0 {
                        *column = Gathered { group: g as u32, first: at as u32, count: 0 };
                    }
                    column.count += 1;
                }
            }
        }
    }

    /// Makes `spike` events.
    pub fn deliver(&self, spike: Spike, groups: &mut impl Groups) {
        for (group, volley, delay_s) in self.routes.from(spike, self.rank[spike.cell as usize]) {
            groups.with(group as usize, |group| {
                let step = wiring::nearest_step(spike.time_s + delay_s, group.clock.dt_s) as u64;
                group.calendar.push(step, volley);
            });
        }
    }

    /// Whether `cell` is the number of a cell, and not of an event recording.
    pub fn is_cell(&self, cell: u32) -> bool {
        self.first_cell.last().is_some_and(|count| cell < *count)
    }

    /// Whether the spikes of cell `cell` are given.
    pub fn is_given(&self, cell: u32) -> bool {
        let p = self.first_cell.partition_point(|&first| first <= cell).saturating_sub(1);
        self.sources.get(p).is_some_and(|is_source| *is_source)
    }

    /// Population and index of cell `cell`.
    pub fn cell_name(&self, cell: u32) -> String {
        let p = self.first_cell.partition_point(|&first| first <= cell).saturating_sub(1);
        match self.populations.get(p) {
            Some(name) => format!("{name}[{}]", cell - self.first_cell[p]),
            None => format!("cell {cell}"),
        }
    }
}

/// For each of `senders` senders its place in the order of population names; those that are no cells come last.
fn ranks(model: &Model, senders: usize) -> Vec<u32> {
    let mut ranks: Vec<u32> = (0..senders as u32).collect();
    let mut by_name: Vec<usize> = (0..model.populations.len()).collect();
    by_name.sort_by_key(|&population| &model.populations[population].name);
    let first_cells = model.first_cells();
    let mut next = 0;
    for population in by_name {
        let first = first_cells[population] as usize;
        for rank in &mut ranks[first..first + model.populations[population].size] {
            *rank = next;
            next += 1;
        }
    }
    ranks
}

fn instances(placed: &[PlacedAt]) -> usize {
    placed.iter().map(|p| p.nodes.len()).sum()
}

fn check_delays(connections: &[Connection]) -> Result<()> {
    match connections.iter().find(|c| c.delay_s.is_nan() || c.delay_s < 0.0) {
        None => Ok(()),
        Some(c) => {
            let message = format!("a delay must not be negative: {} ms", c.delay_s * 1e3);
            Err(Error::new(ErrorKind::Value, message))
        }
    }
}

/// Compartments per group of `nodes` in all, at least 1: at most as many as the options say, the same for each thread if that
/// leaves it enough.
fn group_size(options: &Options, nodes: usize) -> usize {
    /// Smaller groups than this cost more in exchange than a thread gains.
    const LEAST: usize = 512;
    let threads = match options.threads {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get),
        threads => threads,
    };
    let most = options.group_size.max(1);
    let groups = nodes.div_ceil(most).next_multiple_of(threads).min(nodes / LEAST);
    nodes.div_ceil(groups.max(nodes.div_ceil(most)).max(1)).max(1)
}

/// Cells of a group from which on it is worth while to wait until they fill vectors.
const MANY: usize = 56;

/// Whether a group of so many cells is no worse than one of a few more: nodes of cells that are alike lie side by side, and
/// vectors of them should not reach over the ends of cache lines.
fn fills_lanes(cells: usize) -> bool {
    cells < MANY || cells == padded(cells)
}

/// Checks that everything that names a population by its index names one.
fn check_references(model: &Model) -> Result<()> {
    let stimuli = model.stimuli.iter().map(|s| (s.population, format!("stimulus '{}'", s.name)));
    let recordings = model.recordings.iter().map(|r| (r.population, format!("recording '{}'", r.file)));
    let detectors = model.spike_detectors.iter().map(|d| (d.population, "a spike detector".to_string()));
    let attachments = model.attachments.iter().map(|a| (a.population, format!("attachments '{}'", a.name)));
    for (population, what) in stimuli.chain(recordings).chain(detectors).chain(attachments) {
        if population >= model.populations.len() {
            let message =
                format!("population {population} does not exist; there are {}", model.populations.len());
            return Err(Error::new(ErrorKind::Name, message).in_element(what));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_get_groups_of_one_size() {
        let size = |threads, most, nodes| {
            group_size(&Options { threads, group_size: most, ..Options::default() }, nodes)
        };
        assert_eq!(size(1, 8192, 7168), 7168);
        assert_eq!(size(2, 8192, 7168), 3584);
        // Three of the greatest would leave one thread with twice the work of the other.
        assert_eq!(size(2, 8192, 20_000), 5000);
        assert_eq!(size(1, 8192, 20_000), 6667);
        // Too little for two threads, and nothing at all.
        assert_eq!(size(2, 8192, 600), 600);
        assert_eq!(size(2, 8192, 0), 1);
        // What is asked for is kept, however small.
        assert_eq!(size(2, 3, 600), 3);
        assert_eq!(size(2, 0, 600), 1);
    }
}
