//! What cells are driven with to be compared: random inputs at places of the cell, which no fit has seen.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::engine::{self, Memory, Simulation};
use crate::error::{Error, ErrorKind, Result};
use crate::lems::Element;
use crate::model::build::dynamics;
use crate::model::{
    CableCell, CellSet, Connection, Model, Placed, PointCell, PopulationCell, Recording, Site,
};
use crate::reduce::measure::{SitePlace, Subject};
use crate::rng::{Purpose, Stream};
use crate::select::Points;

/// Inputs, and how long all are run (s).
pub(super) const INPUTS: usize = 40;
pub(super) const SPAN_S: f64 = 2.0;
/// Every so many is inhibitory.
const INHIBITORY: usize = 5;
/// Rates of each input, Hz, that are tried; the first is that of the comparison.
pub(super) const RATES_HZ: [f64; 3] = [20.0, 12.0, 30.0];

/// The rate that the detailed cell is driven to by the first, Hz, and how near is near enough.
const WANTED_HZ: f64 = 10.0;
const NEAR_HZ: f64 = 2.0;
/// Attempts to find the strength of inputs that gives it, with a cell of few compartments and with the detailed one.
const ATTEMPTS: u32 = 14;
const DETAILED_ATTEMPTS: u32 = 7;
/// How much stronger or weaker is tried next, where the rate is near and where it is far.
const STRIDES: [f64; 2] = [1.25, 2.0];
/// The factor on all weights that makes a reduced cell fire as often as the detailed one is looked for between 1/4 and 4.
const MOST_GAIN: f64 = 4.0;
const GAIN_ATTEMPTS: u32 = 12;

/// Time step of point neurons, and the delay of all inputs, s.
pub(super) const STEP_S: f64 = 1e-4;
/// Sampling interval of potentials, s.
pub(super) const SAMPLE_S: f64 = 5e-4;
/// Conductance of a weight of 1, S, and time constants of the inputs, s.
const UNIT_S: f64 = 1e-9;
const DECAY_S: [f64; 2] = [5e-3, 10e-3];
/// What tells the spikes that fits see from those of the comparison.
const FIT: u64 = 1 << 63;
/// The inhibitory reversal potential below rest, V.
const BELOW_REST_V: f64 = 0.01;

/// The random inputs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drive {
    /// Seed of the model.
    seed: u64,
    /// How many places inputs go to.
    sites: usize,
    /// Reversal potentials of excitatory and inhibitory inputs, V.
    reversals_v: [f64; 2],
}

/// What a cell did.
#[derive(Debug, Clone, Default)]
pub struct Ran {
    /// Spikes, s.
    pub spikes: Vec<f64>,
    /// Potential at the soma, V, every half millisecond from the start.
    pub v: Vec<f64>,
}

impl Drive {
    /// Inputs to `sites` places of a cell that rests at `rest_v`.
    pub(super) fn new(seed: u64, sites: usize, rest_v: f64) -> Drive {
        Drive { seed, sites: sites.max(1), reversals_v: [0.0, (rest_v - BELOW_REST_V).min(-0.06)] }
    }

    /// The place and the receptor (0 excites, 1 inhibits) of an input.
    fn goes(&self, input: usize) -> (usize, usize) {
        let inhibits = input % INHIBITORY == INHIBITORY - 1;
        ((input - input / INHIBITORY) % self.sites, usize::from(inhibits))
    }

    /// The strength of an input beside the mean: from a half to one and a half.
    fn share(&self, input: usize) -> f64 {
        0.5 + Stream::new(self.seed, Purpose::Other, [u64::MAX - 1, input as u64]).uniform()
    }

    /// Weights, of 1 nS, of mean `strength`, on a cell whose places have the factors of `subject`.
    pub(super) fn weights(&self, subject: &Subject, strength: f64) -> Vec<f64> {
        let weight = |i: usize| {
            let factor = subject.sites.get(self.goes(i).0).map_or(1.0, |site| site.factor);
            strength * self.share(i) * factor
        };
        (0..INPUTS).map(weight).collect()
    }

    /// Spike times of the inputs, s: Poisson trains of `rate_hz` on the grid of the steps.
    fn trains(&self, rate_hz: f64) -> Vec<Vec<f64>> {
        let train = |i: usize| {
            let mut stream = Stream::new(self.seed, Purpose::Other, [rate_hz.to_bits(), i as u64]);
            let mut times = Vec::new();
            let mut t = 0.0;
            loop {
                t -= libm::log(1.0 - stream.uniform()) / rate_hz;
                if t >= SPAN_S {
                    return times;
                }
                times.push((t / STEP_S).round() * STEP_S);
            }
        };
        (0..INPUTS).map(train).collect()
    }

    fn synapse(&self, receptor: usize, name: String, points: Points) -> Result<Placed> {
        let element = Element::new("expOneSynapse")
            .with("id", name.clone())
            .with("gbase", format!("{UNIT_S} S"))
            .with("erev", format!("{} V", self.reversals_v[receptor]))
            .with("tauDecay", format!("{} s", DECAY_S[receptor]));
        let dynamics = dynamics(&element, &name)?;
        Ok(Placed { name, dynamics, source: None, points, parameters: Vec::new() })
    }

    /// `subject` with the inputs of `rate_hz`, whose `weights` are final; delays of places are kept if `with_delays`.
    pub(super) fn model(
        &self,
        of: &Model,
        subject: &Subject,
        (rate_hz, with_delays): (f64, bool),
        weights: &[f64],
    ) -> Result<Model> {
        let is_point = subject.soma.is_none();
        let dt_s = if is_point { STEP_S } else { of.run.dt_s };
        let mut model = Model::new(of.name.clone(), SPAN_S, dt_s, subject.temperature_k);
        model.seed = of.seed;
        model.run.method = of.run.method;
        let trains = Arc::new(self.trains(rate_hz));
        model.add_population("inputs", INPUTS, PopulationCell::SpikeTimes(trains));
        // A synapse for each receptor of each place; a point has one place.
        let nowhere = [SitePlace { points: None, factor: 1.0, delay_s: 0.0 }];
        let places = if is_point || subject.sites.is_empty() { &nowhere[..] } else { &subject.sites };
        let mut synapses = Vec::new();
        for (at, place) in places.iter().enumerate() {
            for (receptor, name) in super::super::standard::RECEPTORS.into_iter().enumerate() {
                let name = if places.len() == 1 { name.to_string() } else { format!("{name}_{at}") };
                let points = place.points.clone().or(subject.soma.clone()).unwrap_or(Points::Root);
                synapses.push(self.synapse(receptor, name, points)?);
            }
        }
        let site = match &subject.soma {
            None => Site::Cell,
            Some(soma) => Site::Points(soma.clone()),
        };
        let cell = match &subject.cell {
            PopulationCell::Cable(cell) => {
                PopulationCell::Cable(Arc::new(CableCell { synapses, ..CableCell::clone(cell) }))
            }
            PopulationCell::Point(cell) => {
                PopulationCell::Point(Arc::new(PointCell { synapses, ..PointCell::clone(cell) }))
            }
            PopulationCell::SpikeTimes(_) => {
                return Err(Error::new(ErrorKind::Value, "a list of spike times is no cell to drive"));
            }
        };
        model.add_population("cell", 1, cell);
        if let Some(soma) = &subject.soma {
            model.detect_spikes(1, soma.clone(), subject.threshold_v);
        }
        model.recordings.push(Recording {
            population: 1,
            cells: CellSet::All,
            site,
            variables: vec!["v".into()],
            interval_s: SAMPLE_S,
            file: "soma".into(),
            label: None,
        });
        let delay_s = STEP_S.max(dt_s);
        for (i, weight) in weights.iter().enumerate() {
            let (place, receptor) = self.goes(i);
            let own = subject.sites.get(place).map_or(0.0, |site| site.delay_s);
            // On the grid of the steps, as chips have it.
            let own = if with_delays { (own / STEP_S).round() * STEP_S } else { 0.0 };
            let at = 2 * (if places.len() == 1 { 0 } else { place }) + receptor;
            model.connections.push(Connection::to_synapse((0, i), (1, 0), (at, 0), *weight, delay_s + own));
        }
        Ok(model)
    }

    /// The same with other spikes, for what is fitted.
    pub(super) fn for_fits(self) -> Drive {
        Drive { seed: self.seed ^ FIT, ..self }
    }

    /// The factor on all weights with which `reduced` fires as often as `detailed` does with mean `strength`.
    pub(super) fn gain(
        &self,
        of: &Model,
        detailed: &Subject,
        reduced: &Subject,
        strength: f64,
    ) -> Result<f64> {
        let wanted = self.run(of, detailed, RATES_HZ[0], strength)?.spikes.len();
        let (mut low, mut high) = (1.0 / MOST_GAIN, MOST_GAIN);
        let mut best = (usize::MAX, 1.0);
        let mut gain = 1.0;
        for _ in 0..GAIN_ATTEMPTS {
            let spikes = self.run(of, reduced, RATES_HZ[0], strength * gain)?.spikes.len();
            if spikes.abs_diff(wanted) < best.0 {
                best = (spikes.abs_diff(wanted), gain);
            }
            match spikes.cmp(&wanted) {
                std::cmp::Ordering::Equal => break,
                std::cmp::Ordering::Less => low = gain,
                std::cmp::Ordering::Greater => high = gain,
            }
            gain = (low * high).sqrt();
        }
        Ok(best.1)
    }

    /// What `subject` does with inputs of `rate_hz` of mean `strength`.
    pub(super) fn run(&self, of: &Model, subject: &Subject, rate_hz: f64, strength: f64) -> Result<Ran> {
        run(&self.model(of, subject, (rate_hz, true), &self.weights(subject, strength))?)
    }

    /// The mean weight that makes `detailed` fire at about [`WANTED_HZ`]: found with `quick`, a smaller cell that does much the
    /// same, and then mended.
    pub(super) fn strength(&self, of: &Model, detailed: &Subject, quick: &Subject) -> Result<(f64, Ran)> {
        let off = |ran: &Ran| ran.spikes.len() as f64 / SPAN_S - WANTED_HZ;
        let mut found = 1.0;
        let (mut low, mut high) = (0.0, None);
        for _ in 0..ATTEMPTS {
            let off = off(&self.run(of, quick, RATES_HZ[0], found)?);
            if off.abs() <= 0.5 * NEAR_HZ {
                break;
            }
            if off < 0.0 {
                low = found;
            } else {
                high = Some(found);
            }
            found = high.map_or(2.0 * found, |high| 0.5 * (low + high));
        }
        let stride = |off: f64| STRIDES[usize::from(off.abs() > 0.5 * WANTED_HZ)];
        let mut ran = self.run(of, detailed, RATES_HZ[0], found)?;
        let (mut low, mut high) = (None, None);
        for _ in 1..DETAILED_ATTEMPTS {
            let off = off(&ran);
            if off.abs() <= NEAR_HZ {
                break;
            }
            if off < 0.0 {
                low = Some(found);
            } else {
                high = Some(found);
            }
            found = match (low, high) {
                (Some(low), Some(high)) => 0.5 * (low + high),
                (_, None) => found * stride(off),
                (None, _) => found / stride(off),
            };
            ran = self.run(of, detailed, RATES_HZ[0], found)?;
        }
        Ok((found, ran))
    }
}

/// Runs a model of [`Drive::model`].
pub(super) fn run(model: &Model) -> Result<Ran> {
    let mut results = Memory::default();
    Simulation::new(model, &engine::Options::default())?
        .run(&mut results, &mut |_| ControlFlow::Continue(()))?;
    let own = |spike: &&engine::Spike| spike.cell as usize == INPUTS;
    // Time and potential, row by row.
    let rows = results.tables.first().map(Vec::as_slice).unwrap_or_default();
    Ok(Ran {
        spikes: results.spikes.iter().filter(own).map(|s| s.time_s).collect(),
        v: rows.chunks_exact(2).filter_map(|row| row.get(1)).copied().collect(),
    })
}
