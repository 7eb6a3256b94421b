//! A simulation: groups, the spikes between them, the clock.

use std::ops::ControlFlow;

use rayon::prelude::*;

use super::Options;
use super::carry;
use super::crew::{Crew, Groups};
use super::events::{Spike, by_time};
use super::group::Group;
use super::laid::{Gathered, Laid, Summary};
use super::senders::SILENT;
use super::tables::Table;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Model;

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

/// A model laid out and ready to step.
#[derive(Debug)]
pub struct Simulation {
    options: Options,
    laid: Laid,
    /// Ticks done.
    tick: u64,
    /// The tick at which coupled contacts were last shown each other.
    copied: Option<u64>,
    /// Rows of each table that were handed over.
    handed: Vec<u64>,
    /// How many of the given spikes have left.
    given_sent: usize,
    n_spikes: u64,
    /// None where one thread does it all.
    pool: Option<rayon::ThreadPool>,
    started: bool,
    /// Spikes that were not handed over.
    spikes: Vec<Spike>,
    rows: Vec<f64>,
}

impl Simulation {
    /// Lays `model` out.
    ///
    /// # Errors
    /// Anything wrong with the model, before anything is stepped.
    pub fn new(model: &Model, options: &Options) -> Result<Simulation> {
        Simulation::with(model, options, false)
    }

    /// Lays `model` out to see whether it is sound and how large it is. Of each projection some connections are drawn, the others
    /// are estimated: that takes no time and no memory to speak of. It can not be run.
    ///
    /// # Errors
    /// As [`Simulation::new`], but for what is wrong with single connections.
    pub fn outline(model: &Model, options: &Options) -> Result<Simulation> {
        Simulation::with(model, options, true)
    }

    fn with(model: &Model, options: &Options, outline: bool) -> Result<Simulation> {
        // Projections are drawn in parallel; whether the steps are worth threads shows when all is laid out.
        let mut pool = if model.projections.is_empty() { None } else { threads(options)? };
        let laid = Laid::new(model, options, pool.as_ref(), outline)?;
        let Summary { compartments, instances, groups, .. } = laid.summary;
        let work = ((compartments + instances) as u64).saturating_mul(laid.epoch.min(HAND_OVER));
        if groups < 2 || work < WORTH_WAKING {
            pool = None;
        } else if pool.is_none() {
            pool = threads(options)?;
        }
        Ok(Simulation {
            options: *options,
            handed: vec![0; laid.tables.len()],
            laid,
            tick: 0,
            copied: None,
            given_sent: 0,
            n_spikes: 0,
            pool,
            started: false,
            spikes: Vec::new(),
            rows: Vec::new(),
        })
    }

    /// What was laid out.
    pub fn summary(&self) -> &Summary {
        &self.laid.summary
    }

    /// The tables that a run fills.
    pub fn tables(&self) -> &[Table] {
        &self.laid.tables
    }

    /// Steps of the whole run; where populations have different steps, of the time that all are multiples of.
    pub fn steps(&self) -> u64 {
        self.laid.end
    }

    /// What these steps are, s.
    pub fn tick_s(&self) -> f64 {
        self.laid.tick_s
    }

    /// Time reached, s.
    pub fn time_s(&self) -> f64 {
        self.tick as f64 * self.laid.tick_s
    }

    /// Spikes of cells handed over so far; those that are given are not counted.
    pub fn n_spikes(&self) -> u64 {
        self.n_spikes
    }

    /// Population and index of cell `cell`.
    pub fn cell_name(&self, cell: u32) -> String {
        self.laid.cell_name(cell)
    }

    /// Back to time 0 with all states as at the start, plastic weights too; the network, what drives it and what is
    /// recorded stay. What runs after it has the bits of a new simulation of the same model, and hands over its samples and
    /// spikes from the first on.
    pub fn reset(&mut self) {
        self.laid.copies.start();
        self.handed.fill(0);
        self.spikes.clear();
        (self.tick, self.copied, self.given_sent, self.n_spikes) = (0, None, 0, 0);
        self.started = false;
    }

    /// Goes on from here with `model`, the one of this simulation with changes: parameters, initial values (which count from the next
    /// [`reset`](Simulation::reset) on), weights, delays, connections, synapses, stimuli, times of given spikes, what is recorded, the
    /// duration. Time, states, random sequences and spikes on their way are kept, as `docs/networks.md` says in
    /// full. Before the first step nothing is there to be kept, and everything may be changed.
    ///
    /// # Errors
    /// Anything wrong with `model`, or that cannot change under way: populations, shapes and how they are cut, time
    /// steps, the method. Then the simulation is as it was.
    pub fn change(&mut self, model: &Model) -> Result<()> {
        let mut changed = Simulation::new(model, &self.options)?;
        if !self.started {
            *self = changed;
            return Ok(());
        }
        carry::check(&self.laid, &changed.laid)?;
        changed.each_group(&Group::start);
        carry::carry(&self.laid, &mut changed.laid, self.tick);
        let tick = self.tick;
        changed.each_group(&|group| group.refresh(tick));
        let now_s = self.time_s();
        // What was recorded of this moment is not recorded again.
        let intervals = changed.laid.intervals.iter();
        changed.handed = intervals.map(|interval| (tick + 1).div_ceil(*interval)).collect();
        changed.given_sent = changed.laid.given.partition_point(|spike| spike.time_s < now_s);
        changed.spikes = std::mem::take(&mut self.spikes);
        changed.spikes.retain(|spike| spike.time_s < now_s || !changed.laid.is_given(spike.cell));
        (changed.tick, changed.copied, changed.n_spikes) = (tick, self.copied, self.n_spikes);
        changed.started = true;
        *self = changed;
        Ok(())
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
        self.run_until(self.laid.end as f64 * self.laid.tick_s, sink, progress)
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
        if self.laid.summary.is_outline {
            return Err(Error::new(ErrorKind::Unsupported, "an outline of a simulation can not be run"));
        }
        let end = ((time_s / self.laid.tick_s).round().max(0.0) as u64).min(self.laid.end);
        if !self.started {
            self.each_group(&Group::start);
            self.started = true;
        }
        // Out of reach of the rest of what is laid out, so that other threads may have them.
        let mut groups = std::mem::take(&mut self.laid.groups);
        let pool = self.pool.take();
        let outcome = match &pool {
            Some(pool) => {
                let threads = pool.current_num_threads().min(groups.len());
                let crew = &Crew::new(&mut groups, threads);
                pool.in_place_scope(|scope| {
                    let _over = crew.until_dropped();
                    (1..threads).for_each(|number| scope.spawn(move |_| crew.help(number)));
                    self.go_on(&mut { crew }, end, sink, progress)
                })
            }
            None => self.go_on(&mut groups, end, sink, progress),
        };
        (self.pool, self.laid.groups) = (pool, groups);
        outcome
    }

    /// Steps to tick `end`, and hands over what comes of it.
    fn go_on<G: Groups>(
        &mut self,
        groups: &mut G,
        end: u64,
        sink: &mut dyn Sink,
        progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<()> {
        while self.tick < end {
            let hand_over = end.min(self.tick.saturating_add(HAND_OVER * self.laid.longest));
            self.advance(groups, hand_over, hand_over == end);
            self.hand_over_spikes(end, sink)?;
            self.hand_over_samples(groups, sink)?;
            self.check_numbers(groups)?;
            let now = Progress { step: self.tick, steps: self.laid.end, spikes: self.n_spikes };
            if progress(&now).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Shows coupled contacts each other, once a step.
    fn copy_coupled(&mut self, groups: &mut impl Groups) {
        if self.copied != Some(self.tick) {
            self.laid.copies.copy(groups, self.tick);
            self.copied = Some(self.tick);
        }
    }

    /// Steps to tick `until`, epoch by epoch, and for the last sample of a run up to what that tick begins with.
    fn advance(&mut self, groups: &mut impl Groups, until: u64, is_end: bool) {
        while self.tick < until {
            self.copy_coupled(groups);
            let next = until.min(self.tick.saturating_add(self.laid.epoch));
            self.send_given(groups, next);
            groups.advance(self.tick, next, until);
            self.tick = next;
            self.exchange(groups);
        }
        if is_end {
            self.copy_coupled(groups);
            (0..groups.count()).for_each(|group| groups.with(group, |group| group.arrive(until)));
            self.exchange(groups);
        }
    }

    /// Does something with every group, on several threads if there are.
    fn each_group(&mut self, work: &(dyn Fn(&mut Group) + Sync)) {
        let groups = &mut self.laid.groups;
        match &self.pool {
            Some(pool) => pool.install(|| groups.par_iter_mut().for_each(work)),
            None => groups.iter_mut().for_each(work),
        }
    }

    /// Given spikes leave that may arrive before tick `until`: an event takes effect at the nearest grid point, up to
    /// half a step before its time.
    fn send_given(&mut self, groups: &mut impl Groups, until: u64) {
        let ahead = if self.laid.longest > 1 { self.laid.longest.div_ceil(2) } else { 0 };
        let end_s = (until + ahead) as f64 * self.laid.tick_s;
        while let Some(&spike) = self.laid.given.get(self.given_sent).filter(|s| s.time_s < end_s) {
            self.laid.deliver(spike, groups);
            self.spikes.push(spike);
            self.given_sent += 1;
        }
    }

    /// Spikes of the epoch become events, which are heard in order of time and rank.
    fn exchange(&mut self, groups: &mut impl Groups) {
        let first = self.spikes.len();
        for group in 0..groups.count() {
            groups.with(group, |group| self.spikes.append(&mut group.spikes));
        }
        if !self.laid.routes.is_empty() {
            for at in first..self.spikes.len() {
                self.laid.deliver(self.spikes[at], groups);
            }
        }
        let mut kept = first;
        for at in first..self.spikes.len() {
            let Spike { time_s, cell } = self.spikes[at];
            let cell = self.laid.output[cell as usize];
            if cell != SILENT {
                self.spikes[kept] = Spike { time_s, cell };
                kept += 1;
            }
        }
        self.spikes.truncate(kept);
    }

    /// Hands over all spikes before the tick that has come, in order of time and cell; at the end those of that moment
    /// too. Later ones, of steps that reach further, wait.
    fn hand_over_spikes(&mut self, end: u64, sink: &mut dyn Sink) -> Result<()> {
        let now_s = self.time_s();
        // The end of a step may be off by rounding.
        let slack_s = 1e-9 * self.laid.tick_s;
        let limit_s = if self.tick == end { now_s + slack_s } else { now_s - slack_s };
        self.spikes.sort_by(|a, b| by_time(a, b, |cell| cell));
        let count = self.spikes.partition_point(|spike| spike.time_s < limit_s);
        if count > 0 {
            let is_cells = |spike: &&Spike| self.laid.is_cell(spike.cell) && !self.laid.is_given(spike.cell);
            self.n_spikes += self.spikes[..count].iter().filter(is_cells).count() as u64;
            sink.spikes(&self.spikes[..count])?;
            self.spikes.drain(..count);
        }
        Ok(())
    }

    fn hand_over_samples(&mut self, groups: &mut impl Groups, sink: &mut dyn Sink) -> Result<()> {
        for (table, columns) in self.laid.columns.iter().enumerate() {
            let Some(&Gathered { group: first, .. }) = columns.first() else { continue };
            let (rows, interval, dt_s) = groups.with(first as usize, |group| {
                let samples = &group.samples[table];
                let rows = samples.rows.len() / samples.probes.len().max(1);
                (rows, samples.interval, group.clock.dt_s)
            });
            let before = self.handed[table];
            self.handed[table] += rows as u64;
            let width = 1 + columns.len();
            self.rows.clear();
            self.rows.resize(rows * width, 0.0);
            for (row, out) in self.rows.chunks_exact_mut(width).enumerate() {
                out[0] = ((before + row as u64) * interval) as f64 * dt_s;
            }
            for (column, &Gathered { group, first, count }) in columns.iter().enumerate() {
                groups.with(group as usize, |group| {
                    let samples = &group.samples[table];
                    let rows = samples.rows.chunks_exact(samples.probes.len().max(1));
                    for (row, out) in rows.zip(self.rows.chunks_exact_mut(width)) {
                        out[1 + column] = match &row[first as usize..(first + count) as usize] {
                            [one] => *one,
                            several => several.iter().sum(),
                        };
                    }
                });
            }
            if rows > 0 {
                sink.samples(table, &self.rows)?;
            }
            for group in 0..groups.count() {
                groups.with(group, |group| group.samples[table].rows.clear());
            }
        }
        Ok(())
    }

    fn check_numbers(&self, groups: &mut impl Groups) -> Result<()> {
        let is_bad = |group: &mut Group| group.first_not_finite().is_some();
        if !(0..groups.count()).any(|group| groups.with(group, is_bad)) {
            return Ok(());
        }
        let message =
            format!("a membrane potential left the range of numbers before t = {} ms", self.time_s() * 1e3);
        Err(Error::new(ErrorKind::Numerics, message).help(
            "look at the last samples; try a smaller time step, or check densities and reversal potentials",
        ))
    }
}

/// The threads of a run; none where one does it all.
fn threads(options: &Options) -> Result<Option<rayon::ThreadPool>> {
    if options.threads == 1 {
        return Ok(None);
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build();
    pool.map(Some).map_err(|e| Error::new(ErrorKind::Limit, format!("cannot start threads: {e}")))
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
