//! A detailed cell fitted to a chip: reduced, put within the chip's limits and numbers, and run so, beside the detailed one.

mod brainscales;
mod drive;
mod limit;
mod page;
mod spinnaker;

use std::sync::Arc;

use super::{Generated, Options, Target, generate};
use crate::error::{Error, ErrorKind, Result};
use crate::hardware::brainscales::{bss2, quantised};
use crate::lems::Element;
use crate::model::build::dynamics;
use crate::model::{CableCell, Model, PopulationCell};
use crate::reduce::measure::Subject;
use crate::reduce::metrics::{coincidence, spike_distance};
use crate::reduce::point::{Kind, Lif, PointNeuron};
use crate::reduce::{Carried, Circuits, Detailed, Pointed, best_nodes, report};
pub use drive::Ran;
use drive::{Drive, INPUTS, RATES_HZ, SPAN_S};
pub use limit::Limit;
use limit::short;

/// Window of coincidences, s.
const WINDOW_S: f64 = 4e-3;

/// Chips that a cell can be fitted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chip {
    /// `IF_cond_exp` in s16.15, weights of 16 bits.
    SpiNNaker,
    /// Circuits joined to compartments, or `CalibHXNeuronCoba`; potentials in counts, weights of 6 bits, no delays.
    BrainScaleS2,
}

/// What is wanted of a fit.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The potential of the detailed cell whose upward passage is a spike, V.
    pub threshold_v: f64,
    /// The most compartments; as many as the chip holds if not given.
    pub compartments: Option<usize>,
    /// Where compartments are wanted, on a chip that has some: a location expression. All that lie there are made, whatever
    /// limits they violate.
    pub at: Option<String>,
    /// Where inputs go that the cells are compared with: a location expression.
    pub sites: Option<String>,
}

/// The cell as the chip has it.
#[derive(Debug, Clone)]
pub enum Neuron {
    /// A point.
    Point(Lif),
    /// Passive compartments with a soma that fires.
    Circuits(Box<Circuits>),
}

/// What came of a fit.
#[derive(Debug)]
pub struct Fitted {
    /// The chip.
    pub chip: Chip,
    /// The detailed cell.
    pub full: Detailed,
    /// Nodes of the detailed cell to which inputs went; none for the soma alone.
    pub sites: Vec<usize>,
    /// The detailed cell, the reduced one, and that on the chip, to be measured.
    pub subjects: [Subject; 3],
    /// The neuron as the chip will have it.
    pub neuron: Neuron,
    /// Every number that the chip can't hold as it is: value, limit, and what was taken.
    pub limits: Vec<Limit>,
    /// What else is lost: steps of numbers, delays, what the script leaves out.
    pub notes: Vec<String>,
    /// What the three did with the same inputs, which the fit has not seen.
    pub ran: [Ran; 3],
    /// Rates of the inputs, and those of the three cells, per second.
    pub rates_hz: Vec<(f64, [f64; 3])>,
    /// The script for the chip, with the inputs.
    pub script: Generated,
    /// The script for the chip of the model that the cell is from, where there is something to say: its own inputs and synapses.
    pub whole: Option<Generated>,
}

/// A reduced cell.
enum Body {
    Point(Pointed, Lif),
    Circuits(Circuits),
}

impl Body {
    fn subject(&self, full: &Detailed, sites: &[usize], threshold_v: f64) -> Result<Subject> {
        match self {
            Body::Circuits(circuits) => circuits.subject(full, sites),
            Body::Point(pointed, lif) => {
                let pointed = Pointed { neuron: PointNeuron::Lif(*lif), ..pointed.clone() };
                pointed.subject(full, sites, threshold_v)
            }
        }
    }
}

/// Fits the cell `cell` of population `population` of `model` to `chip`.
///
/// # Errors
/// If the cell can't be run or reduced.
pub fn fit(
    model: &Model,
    population: usize,
    cell: &Arc<CableCell>,
    wanted: &Wanted,
    chip: Chip,
) -> Result<Fitted> {
    let full = Detailed::new(cell, model.temperature_k)?;
    let soma = full.soma();
    let sites = match &wanted.sites {
        Some(text) => full.nodes(text)?,
        None => report::sites(&full, usize::MAX)?,
    };
    let exact = reduced(&full, wanted, chip)?;
    let (mut limits, mut notes) = (Vec::new(), Vec::new());
    let held = match (&exact, chip) {
        (Body::Circuits(circuits), _) => {
            Body::Circuits(brainscales::circuits(circuits, &mut limits, &mut notes))
        }
        (Body::Point(pointed, lif), Chip::SpiNNaker) => {
            Body::Point(pointed.clone(), spinnaker::held(lif, &mut limits))
        }
        (Body::Point(pointed, lif), Chip::BrainScaleS2) => {
            Body::Point(pointed.clone(), brainscales::point(lif, &mut limits, &mut notes))
        }
    };
    let subject = |body: &Body| body.subject(&full, &sites, wanted.threshold_v);
    let subjects = [full.subject(&sites, wanted.threshold_v)?, subject(&exact)?, subject(&held)?];
    let [detailed, reduced, on_chip] = &subjects;

    let drive = Drive::new(model.seed, sites.len(), full.rest_v(soma));
    let (strength, first) = drive.strength(model, detailed, reduced)?;
    let gain = drive.for_fits().gain(model, detailed, reduced, strength)?;
    notes.push(format!(
        "all weights are {} times those on the detailed cell, so that the rates agree on other inputs",
        short(gain)
    ));
    let weights = drive.weights(on_chip, gain * strength);
    let weights = if chip == Chip::BrainScaleS2 { steps(&weights, &mut notes) } else { weights };
    let has_delays = chip == Chip::SpiNNaker;
    let longest = on_chip.sites.iter().map(|site| site.delay_s).fold(0.0, f64::max);
    if longest > 0.0 && !has_delays {
        let longest = short(longest * 1e3);
        notes.push(format!(
            "delays of up to {longest} ms from places on dendrites to the soma: the chip has none"
        ));
    }
    let model_of = |rate_hz: f64| drive.model(model, on_chip, (rate_hz, has_delays), &weights);
    let mut ran = [first, drive.run(model, reduced, RATES_HZ[0], gain * strength)?, Ran::default()];
    let mut rates_hz = Vec::new();
    for (at, rate_hz) in RATES_HZ.into_iter().enumerate() {
        let did = match chip {
            Chip::SpiNNaker => emulated(&model_of(rate_hz)?, at == 0, &mut notes)?,
            Chip::BrainScaleS2 => drive::run(&model_of(rate_hz)?)?,
        };
        let rate = |ran: &Ran| ran.spikes.len() as f64 / SPAN_S;
        if at == 0 {
            rates_hz.push((rate_hz, [rate(&ran[0]), rate(&ran[1]), rate(&did)]));
            ran[2] = did;
        } else {
            let one = drive.run(model, detailed, rate_hz, strength)?;
            let other = drive.run(model, reduced, rate_hz, gain * strength)?;
            rates_hz.push((rate_hz, [rate(&one), rate(&other), rate(&did)]));
        }
    }
    rates_hz.sort_by(|a, b| a.0.total_cmp(&b.0));

    let options = Options { origin: format!("{}.fit", model.name).into(), lossy: true, templates: None };
    let script = generate(&model_of(RATES_HZ[0])?, chip.target(), &options)?;
    // The inputs have the delay that neuropil needs; what the places would need is said above.
    notes.extend(script.lost.iter().filter(|line| !line.starts_with("delays of up to")).cloned());
    let whole = whole(model, population, &full, &held, chip, &options);
    let neuron = match held {
        Body::Point(_, lif) => Neuron::Point(lif),
        Body::Circuits(circuits) => Neuron::Circuits(Box::new(circuits)),
    };
    Ok(Fitted { chip, full, sites, subjects, neuron, limits, notes, ran, rates_hz, script, whole })
}

impl Chip {
    fn target(self) -> Target {
        match self {
            Chip::SpiNNaker => Target::SpiNNaker,
            Chip::BrainScaleS2 => Target::BrainScaleS2,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Chip::SpiNNaker => "SpiNNaker",
            Chip::BrainScaleS2 => "BrainScaleS-2",
        }
    }
}

/// The cell in as many compartments as are wanted and `chip` holds.
fn reduced(full: &Detailed, wanted: &Wanted, chip: Chip) -> Result<Body> {
    let circuits = match (&wanted.at, chip) {
        (Some(_), Chip::SpiNNaker) => {
            return Err(Error::new(
                ErrorKind::Value,
                "SpiNNaker holds point neurons: there are no places for compartments",
            )
            .help("leave --at out; --sites says where inputs go"));
        }
        (None, Chip::SpiNNaker) => None,
        (Some(text), Chip::BrainScaleS2) => {
            let nodes = [full.nodes(text)?, vec![full.soma()]].concat();
            let nodes = match wanted.compartments {
                Some(n) => best_nodes(full, &nodes, n)?,
                None => nodes,
            };
            Some(brainscales::exactly(full, nodes)?)
        }
        (None, Chip::BrainScaleS2) => brainscales::largest(full, wanted.compartments)?,
    };
    match circuits {
        Some(reduced) => {
            Ok(Body::Circuits(Circuits::of(reduced, &Circuits::observe(full, wanted.threshold_v)?)))
        }
        None => {
            let pointed = Pointed::of(full, Kind::Lif, wanted.threshold_v)?;
            match pointed.neuron {
                PointNeuron::Lif(lif) => Ok(Body::Point(pointed, lif)),
                _ => Err(Error::new(ErrorKind::Value, "the fit gave another kind of neuron")),
            }
        }
    }
}

/// Weights in whole steps of the chip.
fn steps(weights: &[f64], notes: &mut Vec<String>) -> Vec<f64> {
    let (step, steps) = quantised(weights, bss2::WEIGHT);
    notes.push(format!(
        "weights are whole steps of {} nS, 0 to {}, those of inhibitory synapses below 0; how strong a step is, the chip's calibration says",
        short(step),
        bss2::WEIGHT
    ));
    let gone = weights.iter().zip(&steps).filter(|(w, s)| **w != 0.0 && **s == 0).count();
    if gone > 0 {
        notes.push(format!("{gone} of {} weights are below half a step and are 0", weights.len()));
    }
    steps.into_iter().map(|s| f64::from(s) * step).collect()
}

/// What SpiNNaker's arithmetic makes of it.
fn emulated(model: &Model, tells: bool, notes: &mut Vec<String>) -> Result<Ran> {
    let emulated = super::spinnaker::emulation(model)?;
    if tells {
        notes.push("numbers are whole steps of 2^-15, rounded as SpiNNaker rounds them".to_string());
        if emulated.saturated > 0 {
            notes.push(format!("{} sums of weights were cut off", emulated.saturated));
        }
        for (_, receptor, step, unit) in &emulated.weight_steps {
            notes.push(format!("{receptor} weights are whole steps of {} {unit}, 0 to 65535", short(*step)));
        }
    }
    // Rows are after each step, samples from the start.
    let every = (drive::SAMPLE_S / model.run.dt_s).round() as usize;
    let first = emulated.rows.first().and_then(|row| row.get(1)).copied();
    let sampled = emulated.rows.iter().skip(every - 1).step_by(every);
    Ok(Ran {
        spikes: emulated.spikes.iter().map(|(t, _)| *t).collect(),
        v: first.into_iter().chain(sampled.filter_map(|row| row.get(1).copied())).collect(),
    })
}

/// The model with its cell as the chip has it, for the chip; none where nothing reaches the cell but currents.
fn whole(
    model: &Model,
    population: usize,
    full: &Detailed,
    held: &Body,
    chip: Chip,
    options: &Options,
) -> Option<Generated> {
    let carried = match held {
        Body::Circuits(circuits) => circuits.carried(full, model, population),
        Body::Point(pointed, lif) => {
            let pointed = Pointed { neuron: PointNeuron::Lif(*lif), ..pointed.clone() };
            pointed.carried(full, model, population)
        }
    };
    let mut carried = carried.ok().filter(|carried| !carried.model.connections.is_empty())?;
    exponential(&mut carried, population);
    let options = Options { origin: model.name.clone().into(), ..options.clone() };
    let mut made = generate(&carried.model, chip.target(), &options).ok()?;
    made.lost.extend(carried.notes);
    Some(made)
}

/// Makes synapses of the population that rise and decay exponential ones with the same time constant of decay and the same area: chips
/// have no others.
fn exponential(carried: &mut Carried, population: usize) {
    let synapses = match &mut carried.model.populations[population].cell {
        PopulationCell::Cable(cell) => &mut Arc::make_mut(cell).synapses,
        PopulationCell::Point(cell) => &mut Arc::make_mut(cell).synapses,
        PopulationCell::SpikeTimes(_) => return,
    };
    for synapse in synapses {
        let of = |name: &str| synapse.dynamics.parameter(name).map(|p| p.value);
        let (Some(peak), Some(reversal), Some(rise), Some(decay)) =
            (of("gbase"), of("erev"), of("tauRise"), of("tauDecay"))
        else {
            continue;
        };
        if synapse.dynamics.component_type != "expTwoSynapse" || !(0.0 < rise && rise < decay) {
            continue;
        }
        let same = peak * area(rise, decay) / decay;
        let element = Element::new("expOneSynapse")
            .with("id", synapse.name.clone())
            .with("gbase", format!("{same} S"))
            .with("erev", format!("{reversal} V"))
            .with("tauDecay", format!("{decay} s"));
        let Ok(made) = dynamics(&element, &synapse.name) else { continue };
        carried.notes.push(format!(
            "synapse '{}' has no rise of {} ms: it is {} times as strong at once, with the same area",
            synapse.name,
            short(rise * 1e3),
            short(same / peak)
        ));
        synapse.dynamics = made;
        synapse.source = None;
    }
}

/// The area below a difference of two exponentials with the peak 1, s.
fn area(rise: f64, decay: f64) -> f64 {
    let peak = rise * decay / (decay - rise) * (decay / rise).ln();
    (decay - rise) / ((-peak / decay).exp() - (-peak / rise).exp())
}

impl Fitted {
    /// Γ (±4 ms) and SPIKE distance of two of the three trains.
    pub fn alike(&self, one: usize, other: usize) -> (f64, f64) {
        let (a, b) = (&self.ran[one].spikes, &self.ran[other].spikes);
        (coincidence(a, b, WINDOW_S, SPAN_S), spike_distance(a, b, 0.0, SPAN_S))
    }

    /// Root mean square of the difference of two of the three potentials at the soma, V, where neither is near a spike.
    pub fn apart(&self, one: usize, other: usize) -> f64 {
        let (a, b) = (&self.ran[one], &self.ran[other]);
        let (mut sum, mut count) = (0.0, 0.0_f64);
        for (at, (x, y)) in a.v.iter().zip(&b.v).enumerate() {
            let t = at as f64 * drive::SAMPLE_S;
            if !a.spikes.iter().chain(&b.spikes).any(|s| (-0.002..0.010).contains(&(t - s))) {
                sum += (x - y).powi(2);
                count += 1.0;
            }
        }
        (sum / count.max(1.0)).sqrt()
    }

    /// How many compartments the detailed cell has, and how many the chip.
    pub fn compartments(&self) -> (usize, usize) {
        let held = match &self.neuron {
            Neuron::Point(_) => 1,
            Neuron::Circuits(circuits) => circuits.reduced.cell.compartments.len(),
        };
        (self.full.n_compartments(), held)
    }

    /// How many inputs there were, and for how long, s.
    pub fn inputs() -> (usize, f64) {
        (INPUTS, SPAN_S)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_of_a_synapse() {
        // As the rise gets short, that of one exponential; as it comes near to the decay, that of an alpha function, e τ.
        assert!((area(1e-9, 5e-3) - 5e-3).abs() < 1e-7);
        assert!((area(4.999e-3, 5e-3) / (std::f64::consts::E * 5e-3) - 1.0).abs() < 1e-3);
    }
}
