//! What a cell does, measured by running it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use crate::engine::{Memory, Options, Simulation};
use crate::error::{Error, ErrorKind, Result};
use crate::lems::Element;
use crate::library;
use crate::model::{
    CableCell, CellSet, Connection, Method, Model, Placed, PointCell, PopulationCell, Recording, Site,
    SpikeDetector, Stimulus,
};
use crate::select::Points;

/// Time step of all measurements, s.
pub const STEP_S: f64 = 2.5e-5;
/// Time that a cell gets at least before anything is done to it, s.
pub const SETTLE_S: f64 = 0.1;
/// Sampling interval of traces, s.
pub const SAMPLE_S: f64 = 1e-4;
/// Length of the steps of a frequency–current curve, s.
pub const STEP_LENGTH_S: f64 = 0.6;
/// Length of a noisy current, s.
pub const NOISE_S: f64 = 1.5;
/// How long each number of a noisy current holds, s.
pub const NOISE_INTERVAL_S: f64 = 3e-3;

/// A cell to measure.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The cell.
    pub cell: PopulationCell,
    /// Temperature, K.
    pub temperature_k: f64,
    /// Where its soma is, on a cell with a shape.
    pub soma: Option<Points>,
    /// Where the synapses are whose potentials are compared.
    pub sites: Vec<SitePlace>,
    /// The potential whose upward passage is a spike, V.
    pub threshold_v: f64,
    /// Time that it gets before anything is done to it, s: such that it comes to rest.
    pub settle_s: f64,
}

/// Where a synapse of the detailed cell is on a cell.
#[derive(Debug, Clone)]
pub struct SitePlace {
    /// The place; nothing on a point.
    pub points: Option<Points>,
    /// Factor on its strength.
    pub factor: f64,
    /// Added to its delay, s.
    pub delay_s: f64,
}

/// What small inputs do.
#[derive(Debug, Clone, PartialEq)]
pub struct Subthreshold {
    /// Potential at the soma before anything is done, V.
    pub rest_v: f64,
    /// Deflection at its largest over current, Ω.
    pub peak_resistance_ohm: f64,
    /// Deflection at the end of the step over current, Ω.
    pub steady_resistance_ohm: f64,
    /// Time constant of the onset, s.
    pub tau_s: f64,
    /// The deflection over current, Ω, every [`SAMPLE_S`] from the start of the step.
    pub response_ohm: Vec<f64>,
    /// Postsynaptic potentials: for each site the largest at the site (none on a point) and at the soma, V.
    pub potentials: Vec<(Option<f64>, f64)>,
    /// Whether the cell spikes by itself, and none of this means much.
    pub spikes: bool,
}

/// What a noisy current does.
#[derive(Debug, Clone, PartialEq)]
pub struct Noisy {
    /// Potential at the soma every [`SAMPLE_S`] from the start of the noise, V; a row for each trial.
    pub v: Vec<Vec<f64>>,
    /// Spikes of each trial from the start of the noise, s.
    pub spikes: Vec<Vec<f64>>,
    /// Time that the run took, s, for each second simulated.
    pub wall: f64,
}

/// A run and what came of it.
struct Ran {
    model: Model,
    memory: Memory,
    wall_s: f64,
    columns: Vec<usize>,
    first_cell: u32,
}

impl Subject {
    fn model(&self, name: &str, cells: usize, duration_s: f64, seed: u64) -> (Model, usize) {
        let mut model = Model::new(name, duration_s, STEP_S, self.temperature_k);
        model.run.method = Method::DampedCrankNicolson;
        model.seed = seed;
        let population = model.add_population("cells", cells, self.cell.clone());
        if self.soma.is_some() {
            model.spike_detectors.push(SpikeDetector {
                population,
                points: self.soma.clone(),
                threshold_v: self.threshold_v,
                is_output: true,
            });
        }
        (model, population)
    }

    fn record(&self, model: &mut Model, population: usize, cells: CellSet, at: Option<&Points>, file: &str) {
        let site = at.or(self.soma.as_ref()).map_or(Site::Cell, |points| Site::Points(points.clone()));
        let site = if self.soma.is_none() { Site::Cell } else { site };
        model.recordings.push(Recording {
            population,
            cells,
            site,
            variables: vec!["v".into()],
            interval_s: SAMPLE_S,
            file: file.into(),
            label: None,
        });
    }

    fn step(&self, model: &mut Model, cell: usize, (start, stop): (f64, f64), amplitude: f64) -> Result<()> {
        let points = self.soma.clone().unwrap_or(Points::Root);
        model.stimuli.push(Stimulus::step(0, CellSet::Indices(vec![cell]), points, start, stop, amplitude)?);
        Ok(())
    }

    /// What a step of `current_a` (A) into the soma and a synapse at each site do. The conductance of each synapse is the
    /// same on every cell but for the factor of its place: `conductances_s` (S).
    ///
    /// # Errors
    /// If the cell cannot be run.
    pub fn subthreshold(&self, current_a: f64, conductances_s: &[f64]) -> Result<Subthreshold> {
        let (start, length) = (self.settle_s, 0.4);
        let mut subject = self.clone();
        subject.cell = with_synapses(&self.cell, &self.sites, conductances_s)?;
        let n = self.sites.len();
        let (mut model, population) = subject.model("subthreshold", n + 2, start + length, 1);
        self.step(&mut model, 0, (start, start + length), current_a)?;
        self.record(&mut model, population, CellSet::All, None, "soma");
        // The last cell gets no input: what the others do beyond it is the input's.
        for (i, site) in self.sites.iter().enumerate().filter(|(_, site)| site.points.is_some()) {
            let cells = CellSet::Indices(vec![i + 1, n + 1]);
            self.record(&mut model, population, cells, site.points.as_ref(), &format!("site{i}"));
        }
        let events = PopulationCell::SpikeTimes(Arc::new(vec![vec![start]; n]));
        if n > 0 {
            let senders = model.add_population("events", n, events);
            for (i, site) in self.sites.iter().enumerate() {
                let delay = (10.0 * STEP_S + site.delay_s).max(STEP_S);
                let to = (population, i + 1);
                model.connections.push(Connection::to_synapse((senders, i), to, (i, 0), site.factor, delay));
            }
        }
        let ran = run(model)?;
        let first = (start / SAMPLE_S).round() as usize;
        let step = ran.column(0, 0);
        let rest_v = step.get(first).copied().unwrap_or(f64::NAN);
        let still = ran.column(0, n + 1);
        let from = |v: &[f64]| -> Vec<f64> { v.iter().zip(&still).skip(first).map(|(v, s)| v - s).collect() };
        let response: Vec<f64> = from(&step).iter().map(|v| v / current_a).collect();
        let peak = response.iter().copied().fold(0.0, f64::max);
        let highest = |v: &[f64], still: &[f64]| {
            v.iter().zip(still).skip(first).fold(0.0_f64, |most, (v, s)| most.max(v - s))
        };
        let mut table = 0;
        let mut potentials = Vec::with_capacity(n);
        for (i, site) in self.sites.iter().enumerate() {
            let local = site.points.is_some().then(|| {
                table += 1;
                highest(&ran.column(table, 0), &ran.column(table, 1))
            });
            potentials.push((local, highest(&ran.column(0, i + 1), &still)));
        }
        Ok(Subthreshold {
            rest_v,
            peak_resistance_ohm: peak,
            steady_resistance_ohm: response.last().copied().unwrap_or(f64::NAN),
            tau_s: time_constant(&response, peak),
            response_ohm: response,
            potentials,
            spikes: !ran.memory.spikes.is_empty() && ran.spikes(0).iter().any(|t| *t < start),
        })
    }

    /// Spikes for each of the `currents_a` (A) that flows into the soma for [`STEP_LENGTH_S`], per second.
    ///
    /// # Errors
    /// If the cell cannot be run.
    pub fn rates(&self, currents_a: &[f64]) -> Result<Vec<f64>> {
        Ok(self.steps(currents_a)?.iter().map(|times| times.len() as f64 / STEP_LENGTH_S).collect())
    }

    /// The spike times from the start of each step of [`Subject::rates`], s.
    ///
    /// # Errors
    /// If the cell cannot be run.
    pub fn steps(&self, currents_a: &[f64]) -> Result<Vec<Vec<f64>>> {
        let (mut model, _) = self.model("steps", currents_a.len(), self.settle_s + STEP_LENGTH_S, 1);
        for (cell, current) in currents_a.iter().enumerate() {
            self.step(&mut model, cell, (self.settle_s, self.settle_s + STEP_LENGTH_S), *current)?;
        }
        let ran = run(model)?;
        let after = |cell| -> Vec<f64> {
            ran.spikes(cell).iter().map(|t| t - self.settle_s).filter(|t| *t > 0.0).collect()
        };
        Ok((0..currents_a.len()).map(after).collect())
    }

    /// What `trials` noisy currents of `mean_a` and standard deviation `deviation_a` (A), drawn by `seed`, do for
    /// [`NOISE_S`].
    ///
    /// # Errors
    /// If the cell cannot be run.
    pub fn noisy(&self, mean_a: f64, deviation_a: f64, trials: usize, seed: u64) -> Result<Noisy> {
        Ok(self.noise(mean_a, deviation_a, trials, seed, false)?.0)
    }

    /// The same with the currents themselves, A, every [`SAMPLE_S`].
    ///
    /// # Errors
    /// If the cell cannot be run.
    pub fn noisy_with_input(
        &self,
        mean_a: f64,
        deviation_a: f64,
        trials: usize,
        seed: u64,
    ) -> Result<(Noisy, Vec<Vec<f64>>)> {
        self.noise(mean_a, deviation_a, trials, seed, true)
    }

    fn noise(
        &self,
        mean_a: f64,
        deviation_a: f64,
        trials: usize,
        seed: u64,
        with_input: bool,
    ) -> Result<(Noisy, Vec<Vec<f64>>)> {
        let (mut model, population) = self.model("noise", trials, self.settle_s + NOISE_S, seed);
        let element = Element::new("noisyCurrent")
            .with("id", "noise")
            .with("delay", format!("{} s", self.settle_s))
            .with("duration", format!("{NOISE_S} s"))
            .with("mean", format!("{mean_a} A"))
            .with("standardDeviation", format!("{deviation_a} A"))
            .with("noiseInterval", format!("{NOISE_INTERVAL_S} s"));
        model.stimuli.push(Stimulus {
            name: "noise".into(),
            population,
            cells: CellSet::All,
            points: self.soma.clone(),
            dynamics: crate::model::build::dynamics(&element, "noise")?,
            source: None,
            parameters: Vec::new(),
        });
        self.record(&mut model, population, CellSet::All, None, "soma");
        if with_input {
            self.record(&mut model, population, CellSet::All, None, "input");
            model.recordings.iter_mut().skip(1).for_each(|r| r.variables = vec!["noise.i".into()]);
        }
        let ran = run(model)?;
        let first = (self.settle_s / SAMPLE_S).round() as usize;
        let from_start = |table: usize| -> Vec<Vec<f64>> {
            (0..trials)
                .map(|cell| ran.column(table, cell).get(first..).unwrap_or_default().to_vec())
                .collect()
        };
        let input = if with_input { from_start(1) } else { Vec::new() };
        let v =
            (0..trials).map(|cell| ran.column(0, cell).get(first..).unwrap_or_default().to_vec()).collect();
        let late = |cell| -> Vec<f64> {
            ran.spikes(cell).iter().map(|t| t - self.settle_s).filter(|t| *t > 0.0).collect()
        };
        let wall = ran.wall_s / ran.model.run.duration_s;
        Ok((Noisy { v, spikes: (0..trials).map(late).collect(), wall }, input))
    }
}

impl Ran {
    /// A column of a table, without the times.
    fn column(&self, table: usize, column: usize) -> Vec<f64> {
        let width = self.columns.get(table).copied().unwrap_or(0) + 1;
        let rows = self.memory.tables.get(table).map(Vec::as_slice).unwrap_or_default();
        rows.chunks_exact(width).filter_map(|row| row.get(column + 1)).copied().collect()
    }

    /// The spikes of a cell, s.
    fn spikes(&self, cell: usize) -> Vec<f64> {
        let wanted = self.first_cell + cell as u32;
        self.memory.spikes.iter().filter(|s| s.cell == wanted).map(|s| s.time_s).collect()
    }
}

fn run(model: Model) -> Result<Ran> {
    let mut memory = Memory::default();
    let mut simulation = Simulation::new(&model, &Options { threads: 1, ..Options::default() })?;
    let start = Instant::now();
    simulation.run(&mut memory, &mut |_| ControlFlow::Continue(()))?;
    let wall_s = start.elapsed().as_secs_f64();
    let columns = simulation.tables().iter().map(|t| t.columns.len()).collect();
    Ok(Ran { model, memory, wall_s, columns, first_cell: 0 })
}

/// Time constant of a response that rises to `peak`: by a straight line through the logarithm of what is still to come,
/// between a tenth and nine tenths of it.
fn time_constant(response: &[f64], peak: f64) -> f64 {
    let (mut n, mut t, mut y, mut tt, mut ty) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (i, r) in response.iter().enumerate() {
        let left = 1.0 - r / peak;
        if left < 0.1 {
            break;
        }
        if left < 0.9 {
            let (x, log) = (i as f64 * SAMPLE_S, left.ln());
            (n, t, y, tt, ty) = (n + 1.0, t + x, y + log, tt + x * x, ty + x * log);
        }
    }
    let slope = (n * ty - t * y) / (n * tt - t * t);
    -1.0 / slope
}

/// The cell with a synapse at each site.
fn with_synapses(cell: &PopulationCell, sites: &[SitePlace], conductances: &[f64]) -> Result<PopulationCell> {
    let synapse = |(i, (site, g)): (usize, (&SitePlace, &f64))| -> Result<Placed> {
        let element = Element::new("expTwoSynapse")
            .with("id", format!("site{i}"))
            .with("gbase", format!("{g} S"))
            .with("erev", "0 mV")
            .with("tauRise", "0.5 ms")
            .with("tauDecay", "5 ms");
        library::set()?;
        let dynamics = crate::model::build::dynamics(&element, &format!("site{i}"))?;
        let points = site.points.clone().unwrap_or(Points::Root);
        Ok(Placed { name: format!("site{i}"), dynamics, source: None, points, parameters: Vec::new() })
    };
    let synapses: Vec<Placed> =
        sites.iter().zip(conductances).enumerate().map(synapse).collect::<Result<_>>()?;
    Ok(match cell {
        PopulationCell::Cable(cell) => {
            PopulationCell::Cable(Arc::new(CableCell { synapses, ..CableCell::clone(cell) }))
        }
        PopulationCell::Point(cell) => {
            PopulationCell::Point(Arc::new(PointCell { synapses, ..PointCell::clone(cell) }))
        }
        PopulationCell::SpikeTimes(_) => {
            return Err(Error::new(ErrorKind::Value, "a list of spike times has no potential to measure"));
        }
    })
}

/// Numbers by name, for reports.
pub type Numbers = BTreeMap<String, f64>;
