//! A detailed cell fitted to a chip: reduced, put within the chip's limits and numbers, and run so, beside the detailed one.

use std::fmt::Write;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Generated, Options, Target, generate, spinnaker};
use crate::engine::{self, Memory, Simulation};
use crate::error::{Error, ErrorKind, Result};
use crate::hardware::brainscales::{Range, bss2, quantised};
use crate::hardware::spinnaker::Accum;
use crate::model::{CableCell, Connection, Model, Placed, PopulationCell};
use crate::reduce::metrics::{coincidence, spike_distance};
use crate::reduce::point::{Kind, Lif, PointNeuron};
use crate::reduce::{Detailed, Pointed};
use crate::rng::{Purpose, Stream};
use crate::select::Points;

/// Inputs, their rate (Hz), and how long all are run (s).
const INPUTS: usize = 40;
const RATE_HZ: f64 = 20.0;
const SPAN_S: f64 = 2.0;

/// The rate that the detailed cell is driven to, Hz.
const WANTED_HZ: f64 = 10.0;

/// Attempts to find the strength of inputs that gives it.
const ATTEMPTS: u32 = 12;

/// Time step of point neurons, s.
const STEP_S: f64 = 1e-4;

/// Window of coincidences, s.
const WINDOW_S: f64 = 4e-3;

/// Chips that a cell can be fitted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chip {
    /// `IF_cond_exp` in s16.15, weights of 16 bits.
    SpiNNaker,
    /// `CalibHXNeuronCoba`, potentials in counts, weights of 6 bits, no delays.
    BrainScaleS2,
}

/// What came of a fit.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// The neuron as the chip will have it.
    pub neuron: Lif,
    /// Every number that the chip can't hold as it is: value, limit, and what was taken.
    pub limits: Vec<String>,
    /// Spikes (s) of the detailed cell, the reduced one, and that on the chip, for the same inputs, which the fit has not seen.
    pub spikes: [Vec<f64>; 3],
    /// The script for the chip, with the inputs.
    pub script: Generated,
}

/// Fits the cell `cell` of `model`, whose spikes are passages of `threshold_v` (V), to `chip`.
///
/// # Errors
/// If the cell can't be run or reduced.
pub fn fit(model: &Model, cell: &Arc<CableCell>, threshold_v: f64, chip: Chip) -> Result<Fitted> {
    let full = Detailed::new(cell, model.temperature_k)?;
    let pointed = Pointed::of(&full, Kind::Lif, threshold_v)?;
    let PointNeuron::Lif(reduced) = pointed.neuron else {
        return Err(Error::new(ErrorKind::Value, "the fit gave another kind of neuron"));
    };
    let trains = trains(model.seed);
    let mut detailed = CableCell::clone(cell);
    detailed.synapses = vec![Placed::synapse("exp_syn", Points::Root)?];
    let strength = strength(model, &detailed, threshold_v, &trains)?;
    let weights: Vec<f64> = (0..INPUTS).map(|i| strength * share(model.seed, i)).collect();
    let full_spikes = run(&of_cable(model, &detailed, threshold_v, &trains, &weights))?;
    let exact = of_point(model, &reduced, &trains, &weights)?;
    let reduced_spikes = run(&exact)?;
    let mut limits = Vec::new();
    let (neuron, weights) = match chip {
        Chip::SpiNNaker => (on_spinnaker(&reduced, &mut limits), weights),
        Chip::BrainScaleS2 => on_brainscales(&reduced, &weights, &mut limits),
    };
    let on_chip = of_point(model, &neuron, &trains, &weights)?;
    let chip_spikes = match chip {
        Chip::SpiNNaker => {
            let emulated = spinnaker::emulation(&on_chip)?;
            if emulated.saturated > 0 {
                limits.push(format!("{} sums of weights were cut off", emulated.saturated));
            }
            for (_, receptor, step, unit) in &emulated.weight_steps {
                limits.push(format!("{receptor} weights are whole steps of {step:.3e} {unit}"));
            }
            emulated.spikes.iter().map(|(t, _)| *t).collect()
        }
        Chip::BrainScaleS2 => run(&on_chip)?,
    };
    let target = match chip {
        Chip::SpiNNaker => Target::SpiNNaker,
        Chip::BrainScaleS2 => Target::BrainScaleS2,
    };
    let options = Options { origin: format!("{}.fit", model.name).into(), lossy: true, templates: None };
    let script = generate(&on_chip, target, &options)?;
    limits.extend(script.lost.iter().cloned());
    Ok(Fitted { neuron, limits, spikes: [full_spikes, reduced_spikes, chip_spikes], script })
}

impl Fitted {
    /// Γ (±4 ms) and SPIKE distance of two of the three trains.
    pub fn alike(&self, one: usize, other: usize) -> (f64, f64) {
        let (a, b) = (&self.spikes[one], &self.spikes[other]);
        (coincidence(a, b, WINDOW_S, SPAN_S), spike_distance(a, b, 0.0, SPAN_S))
    }

    /// A page in Markdown that says what the chip does to the cell.
    pub fn page(&self) -> String {
        let mut out = String::from("# The cell on the chip\n\n");
        let p = &self.neuron;
        let _ = writeln!(
            out,
            "Leaky integrate and fire: C {:.4} nF, τ {:.4} ms, rest {:.4} mV, threshold {:.4} mV, reset {:.4} mV, refractory {:.4} ms.\n",
            p.capacitance_f * 1e9,
            p.capacitance_f / p.leak_s * 1e3,
            p.rest_v * 1e3,
            p.threshold_v * 1e3,
            p.reset_v * 1e3,
            p.refractory_s * 1e3
        );
        let _ = writeln!(
            out,
            "{INPUTS} random inputs of {RATE_HZ} Hz at the soma for {SPAN_S} s, which the fit has not seen: {} spikes of the detailed \
             cell, {} of the reduced one, {} on the chip.\n",
            self.spikes[0].len(),
            self.spikes[1].len(),
            self.spikes[2].len()
        );
        out.push_str("| | Γ (4 ms) | SPIKE distance |\n|---|---|---|\n");
        let pairs = [
            ("reduced, beside detailed", 0, 1),
            ("chip, beside reduced", 1, 2),
            ("chip, beside detailed", 0, 2),
        ];
        for (what, one, other) in pairs {
            let (gamma, distance) = self.alike(one, other);
            let _ = writeln!(out, "| {what} | {gamma:.3} | {distance:.3} |");
        }
        out.push_str("\nWhat the chip cannot hold as it is:\n\n");
        for line in &self.limits {
            let _ = writeln!(out, "- {line}");
        }
        if self.limits.is_empty() {
            out.push_str("- nothing\n");
        }
        out
    }

    /// The same numbers as JSON.
    pub fn to_json(&self) -> String {
        let pair = |one, other| {
            let (gamma, distance) = self.alike(one, other);
            serde_json::json!({ "gamma": gamma, "spike_distance": distance })
        };
        let made = serde_json::json!({
            "spikes": { "detailed": self.spikes[0], "reduced": self.spikes[1], "chip": self.spikes[2] },
            "reduced_beside_detailed": pair(0, 1),
            "chip_beside_reduced": pair(1, 2),
            "chip_beside_detailed": pair(0, 2),
            "limits": self.limits,
        });
        format!("{made:#}\n")
    }
}

/// Spike times of the inputs, s: Poisson trains on the grid of the steps.
fn trains(seed: u64) -> Vec<Vec<f64>> {
    let train = |i: usize| {
        let mut stream = Stream::new(seed, Purpose::Other, [u64::MAX, i as u64]);
        let mut times = Vec::new();
        let mut t = 0.0;
        loop {
            t -= libm::log(1.0 - stream.uniform()) / RATE_HZ;
            if t >= SPAN_S {
                return times;
            }
            times.push((t / STEP_S).round() * STEP_S);
        }
    };
    (0..INPUTS).map(train).collect()
}

/// The strength of an input beside the mean: from a half to one and a half.
fn share(seed: u64, input: usize) -> f64 {
    0.5 + Stream::new(seed, Purpose::Other, [u64::MAX - 1, input as u64]).uniform()
}

/// The mean weight (of 1 nS) of the inputs that makes the detailed cell fire at about [`WANTED_HZ`].
fn strength(model: &Model, cell: &CableCell, threshold_v: f64, trains: &[Vec<f64>]) -> Result<f64> {
    let rate = |strength: f64| -> Result<f64> {
        let weights: Vec<f64> = (0..INPUTS).map(|i| strength * share(model.seed, i)).collect();
        Ok(run(&of_cable(model, cell, threshold_v, trains, &weights))?.len() as f64 / SPAN_S)
    };
    let (mut low, mut high) = (0.0, 1.0);
    let mut attempts = 0;
    while rate(high)? < WANTED_HZ && attempts < ATTEMPTS {
        (low, high) = (high, high * 2.0);
        attempts += 1;
    }
    while attempts < ATTEMPTS {
        let middle = 0.5 * (low + high);
        let found = rate(middle)?;
        if (found - WANTED_HZ).abs() <= 1.0 {
            return Ok(middle);
        }
        if found < WANTED_HZ {
            low = middle;
        } else {
            high = middle;
        }
        attempts += 1;
    }
    Ok(high)
}

/// The model of the inputs alone.
fn inputs(of: &Model, trains: &[Vec<f64>], dt_s: f64) -> Model {
    let mut model = Model::new(of.name.clone(), SPAN_S, dt_s, of.temperature_k);
    model.seed = of.seed;
    model.run.method = of.run.method;
    model.add_population("inputs", INPUTS, PopulationCell::SpikeTimes(Arc::new(trains.to_vec())));
    model
}

/// Leads every input to the first synapse of the one cell.
fn connected(mut model: Model, weights: &[f64]) -> Model {
    let delay_s = STEP_S.max(model.run.dt_s);
    for (i, weight) in weights.iter().enumerate() {
        model.connections.push(Connection::to_synapse((0, i), (1, 0), (0, 0), *weight, delay_s));
    }
    model
}

fn of_cable(of: &Model, cell: &CableCell, threshold_v: f64, trains: &[Vec<f64>], weights: &[f64]) -> Model {
    let mut model = inputs(of, trains, of.run.dt_s);
    let at = model.add_population("cell", 1, PopulationCell::Cable(Arc::new(cell.clone())));
    model.detect_spikes(at, Points::Root, threshold_v);
    connected(model, weights)
}

fn of_point(of: &Model, neuron: &Lif, trains: &[Vec<f64>], weights: &[f64]) -> Result<Model> {
    let mut model = inputs(of, trains, STEP_S);
    let mut cell = PointNeuron::Lif(*neuron).to_cell("reduced")?;
    let mut synapse = Placed::synapse("exp_syn", Points::Root)?;
    synapse.name = "excitatory".to_string();
    cell.synapses = vec![synapse];
    model.add_population("cell", 1, PopulationCell::Point(Arc::new(cell)));
    Ok(connected(model, weights))
}

/// The spikes of the one cell, s.
fn run(model: &Model) -> Result<Vec<f64>> {
    let mut results = Memory::default();
    Simulation::new(model, &engine::Options::default())?
        .run(&mut results, &mut |_| ControlFlow::Continue(()))?;
    let own = |spike: &&engine::Spike| spike.cell as usize == INPUTS;
    Ok(results.spikes.iter().filter(own).map(|s| s.time_s).collect())
}

/// The neuron in s16.15.
fn on_spinnaker(neuron: &Lif, limits: &mut Vec<String>) -> Lif {
    let mut number = |what: &str, value: f64, unit: &str| match Accum::from_host(value) {
        Ok(held) => held.value(),
        Err(_) => {
            let nearest = value.clamp(Accum::MIN, Accum::MAX);
            limits.push(format!(
                "{what} = {value} {unit}; s16.15 holds {} to {}, the nearest is {nearest}",
                Accum::MIN,
                Accum::MAX
            ));
            nearest
        }
    };
    let capacitance = number("cm", neuron.capacitance_f * 1e9, "nF");
    let tau = number("tau_m", neuron.capacitance_f / neuron.leak_s * 1e3, "ms");
    Lif {
        capacitance_f: capacitance * 1e-9,
        leak_s: capacitance / tau * 1e-6,
        rest_v: number("v_rest", neuron.rest_v * 1e3, "mV") * 1e-3,
        threshold_v: number("v_thresh", neuron.threshold_v * 1e3, "mV") * 1e-3,
        reset_v: number("v_reset", neuron.reset_v * 1e3, "mV") * 1e-3,
        refractory_s: number("tau_refrac", neuron.refractory_s * 1e3, "ms") * 1e-3,
    }
}

/// The neuron within the ranges and counts of BrainScaleS-2, and the weights in its steps.
fn on_brainscales(neuron: &Lif, weights: &[f64], limits: &mut Vec<String>) -> (Lif, Vec<f64>) {
    let low = neuron.rest_v.min(neuron.reset_v);
    let [first, last] = bss2::COUNTS;
    let count_v = (neuron.threshold_v - low) / (last - first);
    let in_counts = |v: f64| low + ((v - low) / count_v).round() * count_v;
    limits.push(format!("potentials are whole counts of {:.3} mV", count_v * 1e3));
    let mut within = |name: &str, value: f64| {
        let range: Option<&Range> = bss2::CALIBRATED.iter().find(|r| r.name == name);
        match range.filter(|r| !r.holds(value)) {
            None => value,
            Some(range) => {
                let nearest = range.nearest(value);
                limits.push(format!(
                    "{name} = {value:.4} {}; the chip takes {} to {}, the nearest is {nearest}",
                    range.unit, range.least, range.greatest
                ));
                nearest
            }
        }
    };
    let tau = within("tau_m", neuron.capacitance_f / neuron.leak_s * 1e3);
    let made = Lif {
        capacitance_f: neuron.capacitance_f,
        leak_s: neuron.capacitance_f / (tau * 1e-3),
        rest_v: in_counts(neuron.rest_v),
        threshold_v: in_counts(neuron.threshold_v),
        reset_v: in_counts(neuron.reset_v),
        refractory_s: within("tau_refrac", neuron.refractory_s * 1e3) * 1e-3,
    };
    let (step, steps) = quantised(weights, bss2::WEIGHT);
    limits.push(format!("weights are whole steps of {step:.4e} nS, 0 to {}", bss2::WEIGHT));
    (made, steps.into_iter().map(|s| f64::from(s) * step).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_brainscales_cannot_hold_is_said_and_the_nearest_taken() {
        let neuron = Lif {
            capacitance_f: 1e-9,
            leak_s: 1e-8,
            rest_v: -0.0702,
            threshold_v: -0.05,
            reset_v: -0.075,
            refractory_s: 2e-3,
        };
        let mut limits = Vec::new();
        let (made, weights) = on_brainscales(&neuron, &[1.0, 0.5, 0.003], &mut limits);
        // 100 ms of membrane time constant: 60 is the most.
        assert!((made.capacitance_f / made.leak_s - 0.06).abs() < 1e-12);
        assert!(
            limits.iter().any(|l| l.contains("tau_m = 100.0000 ms") && l.contains("the nearest is 60")),
            "{limits:?}"
        );
        // 25 mV in 55 counts.
        let count = 0.025 / 55.0;
        let rest = (made.rest_v + 0.075) / count;
        assert!((rest - rest.round()).abs() < 1e-9 && (made.rest_v - neuron.rest_v).abs() <= 0.5 * count);
        assert_eq!(weights, [63.0, 32.0, 0.0].map(|steps| steps / 63.0));
    }

    #[test]
    fn what_s1615_cannot_hold_is_said() {
        let neuron = Lif {
            capacitance_f: 1.0,
            leak_s: 1.0,
            rest_v: -0.07,
            threshold_v: -0.05,
            reset_v: -0.075,
            refractory_s: 2e-3,
        };
        let mut limits = Vec::new();
        on_spinnaker(&neuron, &mut limits);
        assert!(limits[0].contains("cm = 1000000000") && limits[0].contains("s16.15 holds"), "{limits:?}");
    }
}
