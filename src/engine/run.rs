//! A simulation: groups, the spikes between them, the clock.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rayon::prelude::*;

use super::Options;
use super::build::{Built, cable_group, point_group};
use super::catalog::Catalog;
use super::connect::{Home, Layout};
use super::couple::Copies;
use super::events::Spike;
use super::group::{Clock, Group};
use super::members::{CableMember, KindPlace, PointMember};
use super::plan::CellPlan;
use super::resolve::{Resolution, Resolved, cell_plans, resolve};
use super::rules::Rules;
use super::senders::SILENT;
use super::tables::Table;
use super::wires::Routes;
use crate::dynamics::advance::Order;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Connection, Method, Model};
use crate::wiring;

/// Steps between two hand-overs to the sink.
const HAND_OVER: u64 = 512;

/// Steps of compartments and instances in an epoch below which threads take longer to wake than to work.
const WORTH_WAKING: u64 = 4096;

/// Receives what a run produces while it goes on.
pub trait Sink {
    /// Samples of table `table`: whole rows of time (s) and one SI number for each column.
    ///
    /// # Errors
    /// If they can't be kept; the run stops.
    fn samples(&mut self, table: usize, rows: &[f64]) -> Result<()>;

    /// Spikes, in order of time and cell.
    ///
    /// # Errors
    /// If they can't be kept; the run stops.
    fn spikes(&mut self, spikes: &[Spike]) -> Result<()>;
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Steps done.
    pub step: u64,
    /// Steps in all.
    pub steps: u64,
    /// Spikes so far.
    pub spikes: u64,
}

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
    /// Connections.
    pub connections: usize,
    /// What they take in memory, bytes.
    pub connection_bytes: u64,
}

/// Where the numbers of a column come from: they are added up.
#[derive(Debug, Clone, Copy)]
struct Gathered {
    /// The group.
    group: u32,
    /// The first of them among the group's probes.
    first: u32,
    /// How many.
    count: u32,
}

/// A model laid out and ready to step.
#[derive(Debug)]
pub struct Simulation {
    groups: Vec<Group>,
    clock: Clock,
    /// The next step.
    step: u64,
    steps: u64,
    epoch: u64,
    tables: Vec<Table>,
    /// Columns in order for each table.
    columns: Vec<Vec<Gathered>>,
    routes: Routes,
    /// What coupled contacts read of each other.
    copies: Copies,
    /// The step at which they were last shown it.
    copied: Option<u64>,
    /// Rows of each table that were handed over.
    handed: Vec<u64>,
    /// For each sender the cell whose spikes its spikes are, or [`SILENT`].
    output: Vec<u32>,
    /// The order in which spikes of one time leave, by sender: that of the names of populations, so that it does not
    /// depend on how these are declared.
    rank: Vec<u32>,
    /// Given spikes, by time and [`Self::rank`], and how many have left.
    given: Vec<Spike>,
    given_sent: usize,
    n_spikes: u64,
    summary: Summary,
    /// None where one thread does it all.
    pool: Option<rayon::ThreadPool>,
    /// Population and index of each cell.
    first_cell: Vec<u32>,
    populations: Vec<String>,
    started: bool,
    spikes: Vec<Spike>,
    rows: Vec<f64>,
}

impl Simulation {
    /// Lays `model` out.
    ///
    /// # Errors
    /// Anything wrong with the model, before anything is stepped.
    pub fn new(model: &Model, options: &Options) -> Result<Simulation> {
        let run = model.run;
        if !(run.dt_s > 0.0 && run.dt_s.is_finite()) {
            return Err(Error::new(
                ErrorKind::Value,
                format!("the time step must be positive, not {} s", run.dt_s),
            ));
        }
        if !(run.duration_s >= 0.0 && run.duration_s.is_finite()) {
            let message = format!("the duration must not be negative: {} s", run.duration_s);
            return Err(Error::new(ErrorKind::Value, message));
        }
        let steps = (run.duration_s / run.dt_s).round();
        if steps > 1e15 {
            return Err(Error::new(ErrorKind::Limit, format!("{steps:e} steps are too many"))
                .help("shorten the run or lengthen the time step"));
        }
        let clock = Clock { dt_s: run.dt_s, method: run.method, level: options.level, seed: model.seed };
        let order = match run.method {
            Method::BackwardEuler => Order::First,
            Method::CrankNicolson | Method::DampedCrankNicolson => Order::Second,
        };
        wiring::check_room(model)?;
        let model = &*wiring::with_junctions(model)?;
        check_references(model)?;
        let mut catalog = Catalog::new(run.dt_s, order);
        let plans = cell_plans(model)?;
        let nodes = plans.iter().zip(&model.populations).map(|(plan, population)| {
            let each = plan.as_ref().map_or(1, |plan| plan.tree.len());
            each.saturating_mul(population.size)
        });
        let nodes = nodes.fold(0, usize::saturating_add);
        let resolution = resolve(model, &plans, &mut catalog)?;
        check_delays(&model.connections)?;
        // Projections are drawn in parallel; whether the steps are worth threads shows when all is laid out.
        let pool = if model.projections.is_empty() { None } else { threads(options)? };
        let mut simulation = Simulation {
            groups: Vec::new(),
            clock,
            step: 0,
            steps: steps as u64,
            epoch: 1,
            tables: Vec::new(),
            columns: Vec::new(),
            routes: Routes::default(),
            copies: Copies::default(),
            copied: None,
            handed: Vec::new(),
            output: Vec::new(),
            rank: Vec::new(),
            given: Vec::new(),
            given_sent: 0,
            n_spikes: 0,
            summary: Summary::default(),
            pool,
            first_cell: Vec::new(),
            populations: model.populations.iter().map(|p| p.name.clone()).collect(),
            started: false,
            spikes: Vec::new(),
            rows: Vec::new(),
        };
        simulation.lay_out(model, resolution, &mut catalog, group_size(options, nodes))?;
        // Coupled contacts see each other at every step.
        if model.couplings.is_empty() {
            simulation.epoch = epoch(simulation.routes.shortest_delay_s(), run.dt_s);
        }
        let Summary { compartments, instances, .. } = simulation.summary;
        let work = (compartments + instances) as u64 * simulation.epoch;
        if simulation.groups.len() < 2 || work < WORTH_WAKING {
            simulation.pool = None;
        } else if simulation.pool.is_none() {
            simulation.pool = threads(options)?;
        }
        Ok(simulation)
    }

    fn lay_out(
        &mut self,
        model: &Model,
        resolution: Resolution<'_>,
        catalog: &mut Catalog,
        group_size: usize,
    ) -> Result<()> {
        let Resolution { populations, first_cell, mut tables, intervals, contacts, senders, .. } = resolution;
        let n_cells = first_cell.last().copied().unwrap_or(0) as usize;
        // Where each cell is: group and its placed instances there.
        let mut homes = vec![Home::default(); n_cells];
        // Where the instances of each kind lie, by group.
        let mut places: Vec<Vec<KindPlace>> = Vec::new();
        let mut waiting: Vec<CableMember<'_>> = Vec::new();
        // Point cells of one kind advance together, whatever populations they are in.
        let mut alike: BTreeMap<(usize, Vec<usize>), Vec<PointMember>> = BTreeMap::new();
        for (p, population) in populations.into_iter().enumerate() {
            match population {
                Resolved::Cable(members) => {
                    for member in members {
                        self.count_cable(member.plan, &member);
                        waiting.push(member);
                        let nodes: usize = waiting.iter().map(|m| m.plan.tree.len()).sum();
                        if nodes >= group_size {
                            self.add_cable(
                                &mut waiting,
                                catalog,
                                model,
                                &intervals,
                                &mut homes,
                                &mut places,
                            )?;
                        }
                    }
                }
                Resolved::Point(members) => {
                    for member in members {
                        self.summary.cells += 1;
                        self.summary.compartments += 1;
                        self.summary.instances += member.placed.iter().map(|p| p.nodes.len()).sum::<usize>();
                        alike.entry(member.mark()).or_default().push(member);
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
        if !waiting.is_empty() {
            self.add_cable(&mut waiting, catalog, model, &intervals, &mut homes, &mut places)?;
        }
        for some in alike.values().flat_map(|members| members.chunks(group_size.max(1))) {
            let Built { group, lanes, kinds } = point_group(some, catalog, &self.clock, &intervals)?;
            places.push(kinds);
            self.groups.push(group);
            let number = self.groups.len() as u32 - 1;
            for (lane, (member, placed)) in some.iter().zip(lanes).enumerate() {
                homes[member.cell as usize] = Home { group: number, placed, own: Some(lane as u32) };
            }
        }
        self.rank = ranks(model, senders.output.len());
        let rank = &self.rank;
        self.given.sort_by(|a, b| by_time(a, b, |cell| rank[cell as usize]));
        self.summary.groups = self.groups.len();
        let layout =
            Layout { first_cell: &first_cell, homes: &homes, contacts: &contacts, senders: &senders };
        let clock = self.clock;
        let groups = &mut self.groups;
        self.routes = match &self.pool {
            Some(pool) => pool.install(|| layout.connect(model, &clock, groups, &mut tables))?,
            None => layout.connect(model, &clock, groups, &mut tables)?,
        };
        self.summary.connections = self.routes.connections() as usize;
        let states = self.groups.iter().flat_map(|g| &g.rules).map(Rules::bytes).sum::<u64>();
        self.summary.connection_bytes = self.routes.bytes() + states;
        self.output = senders.output;
        self.copies = Copies::new(model, catalog, &first_cell, &homes, &contacts, &places)?;
        let none = Gathered { group: u32::MAX, first: 0, count: 0 };
        self.columns = tables.iter().map(|t| vec![none; t.columns.len()]).collect();
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
        self.handed = vec![0; tables.len()];
        self.tables = tables;
        self.first_cell = first_cell;
        Ok(())
    }

    fn count_cable(&mut self, plan: &CellPlan, member: &CableMember<'_>) {
        self.summary.cells += 1;
        self.summary.compartments += plan.discretisation.cvs.len();
        self.summary.nodes += plan.tree.len();
        self.summary.instances += member.placed.iter().map(|p| p.nodes.len()).sum::<usize>();
    }

    fn add_cable(
        &mut self,
        waiting: &mut Vec<CableMember<'_>>,
        catalog: &mut Catalog,
        model: &Model,
        intervals: &[u64],
        homes: &mut [Home],
        places: &mut Vec<Vec<KindPlace>>,
    ) -> Result<()> {
        let Built { group, lanes, kinds } =
            cable_group(waiting, catalog, &self.clock, model.temperature_k, intervals)?;
        places.push(kinds);
        self.groups.push(group);
        let number = self.groups.len() as u32 - 1;
        for (member, placed) in waiting.drain(..).zip(lanes) {
            homes[member.cell as usize] = Home { group: number, placed, own: None };
        }
        Ok(())
    }

    /// What was laid out.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The tables that a run fills.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Steps of the whole run.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Time reached, s.
    pub fn time_s(&self) -> f64 {
        self.step as f64 * self.clock.dt_s
    }

    /// Spikes of cells so far; those that are given are not counted.
    pub fn n_spikes(&self) -> u64 {
        self.n_spikes
    }

    /// Population and index of cell `cell`.
    pub fn cell_name(&self, cell: u32) -> String {
        let p = self.first_cell.partition_point(|&first| first <= cell).saturating_sub(1);
        match self.populations.get(p) {
            Some(name) => format!("{name}[{}]", cell - self.first_cell[p]),
            None => format!("cell {cell}"),
        }
    }

    /// Runs to the end of the model's duration, or until `progress` says stop.
    ///
    /// # Errors
    /// What the sink reports; potentials that are no longer numbers.
    pub fn run(
        &mut self,
        sink: &mut dyn Sink,
        progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<()> {
        self.run_until(self.steps as f64 * self.clock.dt_s, sink, progress)
    }

    /// Runs to `time_s`, at most to the end of the model's duration, or until `progress` says stop. Another call goes on
    /// from there: runs in parts give the bits of a run in one.
    ///
    /// # Errors
    /// As [`Simulation::run`].
    pub fn run_until(
        &mut self,
        time_s: f64,
        sink: &mut dyn Sink,
        progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<()> {
        let clock = self.clock;
        let end = ((time_s / clock.dt_s).round().max(0.0) as u64).min(self.steps);
        if !self.started {
            self.each_group(&|group| group.start(&clock));
            self.started = true;
        }
        while self.step < end {
            let until = end.min(self.step + HAND_OVER);
            self.spikes.clear();
            while self.step < until {
                let steps = self.epoch.min(until - self.step);
                let first_given = self.given_sent;
                self.send_given(self.step + steps);
                let step = self.step;
                self.copy_coupled();
                self.each_group(&|group| group.advance(&clock, step, steps));
                self.step += steps;
                self.exchange(first_given);
            }
            if self.step == end {
                // The last sample is of the end itself.
                let step = self.step;
                self.copy_coupled();
                self.each_group(&|group| group.prepare(&clock, step));
            }
            self.hand_over(sink)?;
            self.check_numbers()?;
            let now = Progress { step: self.step, steps: self.steps, spikes: self.n_spikes };
            if progress(&now).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Shows coupled contacts each other, once a step.
    fn copy_coupled(&mut self) {
        if self.copied != Some(self.step) {
            self.copies.copy(&mut self.groups, self.clock.method);
            self.copied = Some(self.step);
        }
    }

    /// Does something with every group, in parallel where that can pay.
    fn each_group(&mut self, work: &(dyn Fn(&mut Group) + Sync)) {
        let groups = &mut self.groups;
        match &self.pool {
            Some(pool) => pool.install(|| groups.par_iter_mut().for_each(work)),
            None => groups.iter_mut().for_each(work),
        }
    }

    /// Given spikes up to step `until` leave.
    fn send_given(&mut self, until: u64) {
        let end = until as f64 * self.clock.dt_s;
        while let Some(&spike) = self.given.get(self.given_sent).filter(|s| s.time_s < end) {
            self.deliver(spike);
            self.given_sent += 1;
        }
    }

    fn deliver(&mut self, spike: Spike) {
        for (group, volley, delay_s) in self.routes.from(spike.cell) {
            let step = wiring::nearest_step(spike.time_s + delay_s, self.clock.dt_s) as u64;
            self.groups[group as usize].calendar.push(step, volley);
        }
    }

    /// Spikes of the epoch become events, in order of time and rank whatever the groups. Given ones,
    /// from number `first_given` on, are events already and only handed over.
    fn exchange(&mut self, first_given: usize) {
        let first = self.spikes.len();
        for group in &mut self.groups {
            self.spikes.append(&mut group.spikes);
        }
        let rank = &self.rank;
        self.spikes[first..].sort_by(|a, b| by_time(a, b, |sender| rank[sender as usize]));
        if !self.routes.is_empty() {
            for at in first..self.spikes.len() {
                self.deliver(self.spikes[at]);
            }
        }
        let mut kept = first;
        for at in first..self.spikes.len() {
            let Spike { time_s, cell } = self.spikes[at];
            let cell = self.output[cell as usize];
            if cell != SILENT {
                self.spikes[kept] = Spike { time_s, cell };
                kept += 1;
            }
        }
        self.spikes.truncate(kept);
        self.n_spikes += (kept - first) as u64;
        self.spikes.extend_from_slice(&self.given[first_given..self.given_sent]);
        self.spikes[first..].sort_by(|a, b| by_time(a, b, |cell| cell));
    }

    fn hand_over(&mut self, sink: &mut dyn Sink) -> Result<()> {
        if !self.spikes.is_empty() {
            sink.spikes(&self.spikes)?;
        }
        for (table, columns) in self.columns.iter().enumerate() {
            let Some(&Gathered { group: g, .. }) = columns.first() else { continue };
            let samples = |g: u32| &self.groups[g as usize].samples[table];
            let rows = samples(g).rows.len() / samples(g).probes.len().max(1);
            let interval = samples(g).interval;
            let before = self.handed[table];
            self.handed[table] += rows as u64;
            self.rows.clear();
            for row in 0..rows {
                self.rows.push(((before + row as u64) * interval) as f64 * self.clock.dt_s);
                for &Gathered { group, first, count } in columns {
                    let samples = samples(group);
                    let first = row * samples.probes.len() + first as usize;
                    let numbers = &samples.rows[first..first + count as usize];
                    self.rows.push(match numbers {
                        [one] => *one,
                        several => several.iter().sum(),
                    });
                }
            }
            if rows > 0 {
                sink.samples(table, &self.rows)?;
            }
            for group in &mut self.groups {
                group.samples[table].rows.clear();
            }
        }
        Ok(())
    }

    fn check_numbers(&self) -> Result<()> {
        let bad = self.groups.iter().find(|g| g.first_not_finite().is_some());
        match bad {
            None => Ok(()),
            Some(_) => Err(Error::new(
                ErrorKind::Numerics,
                format!("a membrane potential left the range of numbers before t = {} ms", self.time_s() * 1e3),
            )
            .help("look at the last samples; try a smaller time step, or check densities and reversal potentials")),
        }
    }
}

fn by_time(a: &Spike, b: &Spike, rank: impl Fn(u32) -> u32) -> std::cmp::Ordering {
    a.time_s.total_cmp(&b.time_s).then_with(|| rank(a.cell).cmp(&rank(b.cell)))
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

/// The longest epoch in which no spike can reach another cell, in steps.
fn epoch(shortest_delay_s: f64, dt_s: f64) -> u64 {
    let steps = wiring::nearest_step(shortest_delay_s, dt_s);
    if steps.is_finite() { (steps as u64).clamp(1, HAND_OVER) } else { HAND_OVER }
}

/// The threads of a run; none where one does it all.
fn threads(options: &Options) -> Result<Option<rayon::ThreadPool>> {
    if options.threads == 1 {
        return Ok(None);
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build();
    pool.map(Some).map_err(|e| Error::new(ErrorKind::Limit, format!("cannot start threads: {e}")))
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

/// Compartments per group: as the options say, or fewer where threads would be left without work.
fn group_size(options: &Options, nodes: usize) -> usize {
    /// Smaller groups than this cost more in exchange than a thread gains.
    const LEAST: usize = 512;
    let threads = match options.threads {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get),
        threads => threads,
    };
    options.group_size.min(nodes.div_ceil(threads).max(LEAST))
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

/// A sink that keeps everything in memory.
#[derive(Debug, Default, Clone)]
pub struct Memory {
    /// Rows of each table: time (s), then the columns.
    pub tables: Vec<Vec<f64>>,
    /// Spikes.
    pub spikes: Vec<Spike>,
}

impl Sink for Memory {
    fn samples(&mut self, table: usize, rows: &[f64]) -> Result<()> {
        if self.tables.len() <= table {
            self.tables.resize_with(table + 1, Vec::new);
        }
        self.tables[table].extend_from_slice(rows);
        Ok(())
    }

    fn spikes(&mut self, spikes: &[Spike]) -> Result<()> {
        self.spikes.extend_from_slice(spikes);
        Ok(())
    }
}
