//! How good a reduced cell is: both cells do the same, on stimuli that no fit has seen.

use serde::Serialize;

use super::detailed::Detailed;
use super::measure::{NOISE_INTERVAL_S, NOISE_S, Noisy, STEP_LENGTH_S, Subject, Subthreshold};
use super::metrics;
use crate::error::Result;

/// Seed of the noisy currents of the report; fits use [`FIT_SEED`].
pub const REPORT_SEED: u64 = 2;
/// Seed of the noisy currents of fits.
pub const FIT_SEED: u64 = 1;
/// Spikes within this of each other coincide, s.
pub const WINDOW_S: f64 = 4e-3;
/// Noisy currents in a report, if nobody says how many.
pub const TRIALS: usize = 2;
/// The local potential that a synapse of a report makes on the detailed cell, V, about: small, so that it tells of the
/// cable and not of channels.
const POTENTIAL_V: f64 = 1e-3;
/// The largest standard deviation of the potential under noise that is aimed at, V.
const NOISE_V: f64 = 8e-3;
/// Steps of a frequency–current curve.
const CURRENTS: usize = 8;

/// The stimuli of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct Protocol {
    /// The small step into the soma, A.
    pub small_a: f64,
    /// Conductance of the synapse at each site, S.
    pub conductances_s: Vec<f64>,
    /// Steps into the soma, A.
    pub currents_a: Vec<f64>,
    /// Mean and standard deviation of the noisy current, A.
    pub noise_a: (f64, f64),
    /// How many noisy currents.
    pub trials: usize,
}

/// A number of both cells.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pair {
    /// Of the detailed cell.
    pub detailed: f64,
    /// Of the reduced cell.
    pub reduced: f64,
}

/// A postsynaptic potential on both cells.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Potential {
    /// Where the synapse is on the detailed cell.
    pub site: String,
    /// Distance of that from the soma along the cable, µm.
    pub distance_um: f64,
    /// The largest potential at the site, mV; none where the reduced cell has no such place.
    pub local_mv: Option<Pair>,
    /// The largest potential at the soma, mV.
    pub soma_mv: Pair,
    /// Local over somatic potential.
    pub attenuation: Option<Pair>,
}

/// All that a report compares.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// Potential at rest, mV.
    pub rest_mv: Pair,
    /// Input resistance of the soma from the largest deflection, MΩ.
    pub peak_resistance_mohm: Pair,
    /// Input resistance of the soma from the end of the step, MΩ.
    pub steady_resistance_mohm: Pair,
    /// Membrane time constant, ms.
    pub tau_ms: Pair,
    /// Whether the detailed cell spikes by itself: then the numbers above say little.
    pub spikes_by_itself: bool,
    /// Postsynaptic potentials.
    pub potentials: Vec<Potential>,
    /// Largest relative error of the attenuation over the sites.
    pub attenuation_error: Option<f64>,
    /// Largest relative error of the somatic potential over the sites.
    pub potential_error: Option<f64>,
    /// Currents, nA, and rates, per second.
    pub rates: Vec<(f64, Pair)>,
    /// Root of the mean square of the differences of the rates, per second.
    pub rate_error_hz: f64,
    /// Spikes under noise.
    pub spikes: Pair,
    /// Coincidence factor Γ of each noisy current.
    pub coincidence: Vec<f64>,
    /// SPIKE distance of each noisy current.
    pub spike_distance: Vec<f64>,
    /// Root mean square of the difference of the somatic potentials under noise, mV.
    pub rms_mv: f64,
    /// The same where neither cell is near a spike.
    pub subthreshold_rms_mv: f64,
    /// Part of the variance of the somatic potential that is explained, where neither is near a spike.
    pub variance_explained: f64,
    /// Time to simulate the detailed cell over that for the reduced one, of several cells in one run.
    pub speed_up: f64,
}

/// What was measured on a cell.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Small inputs.
    pub small: Subthreshold,
    /// Rates for each current, per second.
    pub rates: Vec<f64>,
    /// Noisy currents.
    pub noisy: Noisy,
}

/// The stimuli for the cell `full`, with synapses at the nodes `sites` and so many noisy currents (`trials`), and what they do to `subject`, which is that cell.
///
/// # Errors
/// If the cell cannot be run.
pub fn protocol(
    full: &Detailed,
    subject: &Subject,
    sites: &[usize],
    trials: usize,
) -> Result<(Protocol, Measured)> {
    let at_rest = full.linear.at(0.0)?;
    let soma = full.soma();
    let resistance = at_rest.from(soma)[soma].re;
    let conductance = |node: &usize| {
        let drive = (-full.rest.v[*node]).max(0.02);
        POTENTIAL_V / (at_rest.from(*node)[*node].re * drive)
    };
    let mut protocol = Protocol {
        small_a: -2e-3 / resistance,
        conductances_s: sites.iter().map(conductance).collect(),
        currents_a: Vec::new(),
        noise_a: (0.0, 0.0),
        trials,
    };
    let small = subject.subthreshold(protocol.small_a, &protocol.conductances_s)?;
    // From a quarter to twice the current that would depolarise a passive cell by 25 mV, or more if it takes more.
    let mut unit = 0.025 / resistance;
    let mut rates = Vec::new();
    for _ in 0..3 {
        protocol.currents_a = (1..=CURRENTS).map(|k| unit * 2.0 * k as f64 / CURRENTS as f64).collect();
        rates = subject.rates(&protocol.currents_a)?;
        if rates.last().is_some_and(|rate| *rate > 0.0) {
            break;
        }
        unit *= 2.0;
    }
    let fires = rates.iter().position(|rate| *rate * STEP_LENGTH_S >= 3.0).unwrap_or(CURRENTS - 1);
    let enough = protocol.currents_a[fires];
    // What the membrane makes of the noise: sd · R · √(interval / 2τ), not more than a cell may see.
    let smoothing = (NOISE_INTERVAL_S / (2.0 * small.tau_s.max(0.5 * NOISE_INTERVAL_S))).sqrt();
    let most = NOISE_V / (small.peak_resistance_ohm * smoothing);
    let deviation = if most > 0.0 { (0.8 * enough).min(most) } else { 0.8 * enough };
    protocol.noise_a = (0.7 * enough, deviation);
    let noisy = subject.noisy(protocol.noise_a.0, protocol.noise_a.1, protocol.trials, REPORT_SEED)?;
    Ok((protocol, Measured { small, rates, noisy }))
}

/// The same stimuli on another cell.
///
/// # Errors
/// If the cell cannot be run.
pub fn measure(subject: &Subject, protocol: &Protocol) -> Result<Measured> {
    Ok(Measured {
        small: subject.subthreshold(protocol.small_a, &protocol.conductances_s)?,
        rates: subject.rates(&protocol.currents_a)?,
        noisy: subject.noisy(protocol.noise_a.0, protocol.noise_a.1, protocol.trials, REPORT_SEED)?,
    })
}

/// Compares what was measured. `sites` are the nodes of the synapses.
pub fn compare(
    full: &Detailed,
    sites: &[usize],
    protocol: &Protocol,
    a: &Measured,
    b: &Measured,
) -> Comparison {
    let pair = |value: &dyn Fn(&Measured) -> f64| Pair { detailed: value(a), reduced: value(b) };
    let mut potentials = Vec::new();
    for (i, &node) in sites.iter().enumerate() {
        let place = full.location(node);
        let both = |value: fn(&(Option<f64>, f64)) -> Option<f64>| {
            Some(Pair {
                detailed: value(a.small.potentials.get(i)?)?,
                reduced: value(b.small.potentials.get(i)?)?,
            })
        };
        let Some(soma) = both(|p| Some(p.1 * 1e3)) else { continue };
        potentials.push(Potential {
            site: format!("{}({:.3})", full.cell.morphology.section(place.section).name, place.fraction),
            distance_um: full.plan.geometry.path_distance_um(place.section, place.fraction),
            local_mv: both(|p| Some(p.0? * 1e3)),
            soma_mv: soma,
            attenuation: both(|p| Some(p.0? / p.1)),
        });
    }
    let error = |pair: &Pair| (pair.reduced / pair.detailed - 1.0).abs();
    let largest = |errors: &mut dyn Iterator<Item = f64>| {
        errors.fold(None, |most: Option<f64>, e| Some(most.unwrap_or(0.0).max(e)))
    };
    let (mut near, mut other) = (Vec::new(), Vec::new());
    let (mut all, mut count) = (0.0, 0.0_f64);
    for trial in 0..a.noisy.v.len().min(b.noisy.v.len()) {
        let (v, w) = (&a.noisy.v[trial], &b.noisy.v[trial]);
        all += metrics::rms(v, w).powi(2);
        count += 1.0;
        // Two milliseconds before to ten after a spike of either are left out.
        let spikes: Vec<f64> = a.noisy.spikes[trial].iter().chain(&b.noisy.spikes[trial]).copied().collect();
        for (k, (x, y)) in v.iter().zip(w).enumerate() {
            let t = k as f64 * super::measure::SAMPLE_S;
            if !spikes.iter().any(|s| (-0.002..0.010).contains(&(t - s))) {
                near.push(*x);
                other.push(*y);
            }
        }
    }
    let trains = || a.noisy.spikes.iter().zip(&b.noisy.spikes);
    let rates: Vec<(f64, Pair)> = protocol
        .currents_a
        .iter()
        .zip(a.rates.iter().zip(&b.rates))
        .map(|(current, (x, y))| (current * 1e9, Pair { detailed: *x, reduced: *y }))
        .collect();
    Comparison {
        rest_mv: pair(&|m| m.small.rest_v * 1e3),
        peak_resistance_mohm: pair(&|m| m.small.peak_resistance_ohm * 1e-6),
        steady_resistance_mohm: pair(&|m| m.small.steady_resistance_ohm * 1e-6),
        tau_ms: pair(&|m| m.small.tau_s * 1e3),
        spikes_by_itself: a.small.spikes,
        attenuation_error: largest(&mut potentials.iter().filter_map(|p| p.attenuation.as_ref()).map(error)),
        potential_error: largest(&mut potentials.iter().map(|p| &p.soma_mv).map(error)),
        potentials,
        rate_error_hz: metrics::rms(&a.rates, &b.rates),
        rates,
        spikes: pair(&|m| m.noisy.spikes.iter().map(Vec::len).sum::<usize>() as f64),
        coincidence: trains().map(|(x, y)| metrics::coincidence(x, y, WINDOW_S, NOISE_S)).collect(),
        spike_distance: trains().map(|(x, y)| metrics::spike_distance(x, y, 0.0, NOISE_S)).collect(),
        rms_mv: (all / count.max(1.0)).sqrt() * 1e3,
        subthreshold_rms_mv: metrics::rms(&near, &other) * 1e3,
        variance_explained: metrics::variance_explained(&near, &other),
        speed_up: a.noisy.wall / b.noisy.wall,
    }
}
