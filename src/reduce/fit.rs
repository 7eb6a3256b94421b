//! Point neurons fitted to what a cell does.
//!
//! Leak and capacitance come from the response to a small step. Thresholds, resets and adaptation make the rates for steps,
//! the spike times under a noisy current and the potential between them as near as they get, by the simplex method of
//! Nelder and Mead (1965, Comput J 7:308).

use super::compare::FIT_SEED;
use super::measure::{NOISE_S, Noisy, SAMPLE_S, STEP_LENGTH_S, Subject, Subthreshold};
use super::metrics;
use super::point::{AdEx, Izhikevich, Kind, Lif, PointNeuron};
use crate::error::Result;

/// Noisy currents that a fit sees.
const TRIALS: usize = 2;
/// Spikes within this coincide, s: wide at first, so that the simplex finds its way.
const WINDOWS_S: [f64; 3] = [0.012, 0.006, 0.004];
/// Evaluations for each window.
const EVALUATIONS: usize = 400;

/// What a fit sees of a cell.
#[derive(Debug, Clone)]
pub struct Observed {
    /// Small inputs.
    pub small: Subthreshold,
    /// Steps into the soma, A.
    pub currents_a: Vec<f64>,
    /// Their spikes, s from the start of the step.
    pub steps: Vec<Vec<f64>>,
    /// Noisy currents, A, every [`SAMPLE_S`].
    pub input_a: Vec<Vec<f64>>,
    /// What they did.
    pub noisy: Noisy,
}

/// Runs `subject` for a fit: a small step of `small_a`, steps of `currents_a`, noise of mean and deviation `noise_a` (A).
///
/// # Errors
/// If it cannot be run.
pub fn observe(subject: &Subject, small_a: f64, currents_a: &[f64], noise_a: (f64, f64)) -> Result<Observed> {
    let bare = Subject { sites: Vec::new(), ..subject.clone() };
    let (noisy, input_a) = bare.noisy_with_input(noise_a.0, noise_a.1, TRIALS, FIT_SEED)?;
    Ok(Observed {
        small: bare.subthreshold(small_a, &[])?,
        currents_a: currents_a.to_vec(),
        steps: bare.steps(currents_a)?,
        input_a,
        noisy,
    })
}

/// The point neuron of `kind` that does most what was `observed`.
pub fn fit(observed: &Observed, kind: Kind) -> PointNeuron {
    let small = &observed.small;
    let leak = 1.0 / small.peak_resistance_ohm;
    let sag = (1.0 / small.steady_resistance_ohm - leak).max(0.0);
    let capacitance = small.tau_s * leak;
    let rest = small.rest_v;
    // Where spikes begin, and where they end up: from the noisy traces.
    let (threshold, reset) = landmarks(&observed.noisy).unwrap_or((rest + 0.02, rest));
    // A simplex knows no bounds: what lies outside of what a neuron can be counts as the nearest that can, and costs.
    let soonest = soonest(observed);
    let unit = leak * 0.01;
    let mut bounds = vec![
        (rest + 2e-3, threshold + 15e-3),
        (rest - 30e-3, threshold - 5e-4),
        (1e-4, soonest),
        (-1.5, 1.5),
        (-1.0, 1.0),
    ];
    match kind {
        Kind::Lif => {}
        Kind::AdEx => bounds.extend([
            (2e-4_f64.ln(), 1e-2_f64.ln()),
            (unit.ln() - 7.0, unit.ln() + 1.5),
            (2e-3_f64.ln(), 2.0_f64.ln()),
            (-0.3 * leak, 3.0 * leak),
        ]),
        Kind::Izhikevich => {
            bounds.truncate(2);
            let others = [(-1.5, 1.5), (-1.5, 1.5), (0.5_f64.ln(), 500.0_f64.ln())];
            bounds.extend(
                others.into_iter().chain([(-0.3 * leak, 3.0 * leak), (unit.ln() - 7.0, unit.ln() + 1.5)]),
            );
        }
    }
    let clamped = |x: &[f64]| -> Vec<f64> {
        x.iter().zip(&bounds).map(|(x, (low, high))| x.clamp(*low, high.max(*low))).collect()
    };
    let lif = move |x: &[f64]| Lif {
        capacitance_f: capacitance * x[3].exp(),
        leak_s: leak * x[4].exp(),
        rest_v: rest,
        threshold_v: x[0],
        reset_v: x[1].min(x[0] - 5e-4),
        refractory_s: x[2],
    };
    let (start, scale): (Vec<f64>, Vec<f64>) = match kind {
        Kind::Lif => (vec![threshold, reset, 3e-3, 0.0, 0.0], vec![3e-3, 4e-3, 2e-3, 0.15, 0.15]),
        // From the integrate-and-fire neuron that fits best, with a little of what it lacks.
        Kind::AdEx => (
            start_from(&fit(observed, Kind::Lif), capacitance, leak)
                .unwrap_or_else(|| vec![threshold, reset, 2e-3, 0.0, 0.0])
                .into_iter()
                .chain([(1e-3_f64).ln(), unit.ln() - 4.0, (0.1_f64).ln(), 0.0])
                .collect(),
            vec![3e-3, 4e-3, 1e-3, 0.15, 0.15, 0.4, 1.0, 0.5, 0.2 * leak],
        ),
        Kind::Izhikevich => (
            vec![threshold + 5e-3, reset, 0.0, 0.0, (30.0_f64).ln(), sag, unit.ln()],
            vec![4e-3, 4e-3, 0.2, 0.2, 0.7, 0.2 * leak, 1.0],
        ),
    };
    let neuron = |x: &[f64]| match kind {
        Kind::Lif => PointNeuron::Lif(lif(x)),
        Kind::AdEx => PointNeuron::AdEx(AdEx {
            lif: lif(x),
            slope_v: x[5].exp(),
            peak_v: 0.0,
            b_a: x[6].exp(),
            tau_w_s: x[7].exp(),
            a_s: x[8],
        }),
        Kind::Izhikevich => {
            let gap = x[0] - rest;
            PointNeuron::Izhikevich(Izhikevich {
                capacitance_f: capacitance * x[2].exp(),
                k: leak * x[3].exp() / gap,
                rest_v: rest,
                threshold_v: rest + gap,
                peak_v: 0.03,
                a_hz: x[4].exp(),
                b_s: x[5],
                reset_v: x[1],
                d_a: x[6].exp(),
            })
        }
    };
    let mut best = start;
    for window in WINDOWS_S {
        // Twice from the best found: the second simplex is smaller and turned.
        for size in [1.0, -0.4] {
            let edges: Vec<f64> = scale.iter().map(|s| s * size).collect();
            best = simplex(&best, &edges, EVALUATIONS / 2, &mut |x| {
                let inside = clamped(x);
                let outside: f64 =
                    x.iter().zip(&inside).zip(&scale).map(|((x, i), s)| ((x - i) / s).powi(2)).sum();
                let neuron = neuron(&inside);
                loss(&|input| neuron.respond(input, SAMPLE_S, 2), observed, window) + 0.1 * outside
            });
            best = clamped(&best);
        }
    }
    neuron(&best)
}

/// What the search has for an integrate-and-fire neuron.
fn start_from(neuron: &PointNeuron, capacitance: f64, leak: f64) -> Option<Vec<f64>> {
    let PointNeuron::Lif(p) = neuron else { return None };
    let relative = [(p.capacitance_f / capacitance).ln(), (p.leak_s / leak).ln()];
    Some([p.threshold_v, p.reset_v, p.refractory_s].into_iter().chain(relative).collect())
}

/// The shortest time between two spikes that was observed, s; 5 ms if there are none.
pub(super) fn soonest(observed: &Observed) -> f64 {
    let trains = observed.steps.iter().chain(&observed.noisy.spikes);
    let between = trains.flat_map(|train| train.windows(2).map(|pair| pair[1] - pair[0]));
    let shortest = between.fold(f64::INFINITY, f64::min);
    if shortest.is_finite() { shortest.max(2e-4) } else { 5e-3 }
}

/// The potential at each [`SAMPLE_S`] and the spikes (s) that a current (A) makes.
pub(super) type Respond<'a> = dyn Fn(&[f64]) -> (Vec<f64>, Vec<f64>) + 'a;

/// How far a neuron, which does `respond`, is from what was observed.
pub(super) fn loss(respond: &Respond<'_>, observed: &Observed, window: f64) -> f64 {
    let mut total = 0.0;
    let samples = (STEP_LENGTH_S / SAMPLE_S).round() as usize;
    let mut rates = 0.0;
    for (current, spikes) in observed.currents_a.iter().zip(&observed.steps) {
        let (_, found) = respond(&vec![*current; samples]);
        let (a, b) = (spikes.len() as f64, found.len() as f64);
        rates += ((a - b) / (a + 3.0)).powi(2);
        // The first spike of each step, to a twentieth of it.
        if let (Some(a), Some(b)) = (spikes.first(), found.first()) {
            rates += 0.05 * ((a - b) / 0.02).powi(2).min(1.0);
        }
    }
    total += rates / observed.currents_a.len().max(1) as f64;
    let trials = observed.input_a.len().max(1) as f64;
    for (trial, input) in observed.input_a.iter().enumerate() {
        let spikes = observed.noisy.spikes.get(trial).map(Vec::as_slice).unwrap_or_default();
        let v = observed.noisy.v.get(trial).map(Vec::as_slice).unwrap_or_default();
        let (trace, found) = respond(input);
        total += (1.0 - metrics::coincidence(spikes, &found, window, NOISE_S)) / trials;
        let (a, b) = (spikes.len() as f64, found.len() as f64);
        total += 0.5 * ((a - b) / (a + 3.0)).powi(2) / trials;
        let (mut near, mut other) = (Vec::new(), Vec::new());
        for (k, (x, y)) in v.iter().zip(&trace).enumerate() {
            let t = k as f64 * SAMPLE_S;
            if !spikes.iter().chain(&found).any(|s| (-0.003..0.02).contains(&(t - s))) {
                near.push(*x);
                other.push(*y);
            }
        }
        // In units of 5 mV.
        total += 0.5 * (metrics::rms(&near, &other) / 5e-3).min(2.0) / trials;
    }
    if total.is_finite() { total } else { f64::MAX }
}

/// Where spikes begin (the potential rises by 10 mV/ms) and the lowest potential in the 20 ms after, on average.
pub(super) fn landmarks(noisy: &Noisy) -> Option<(f64, f64)> {
    let (mut begins, mut lows) = (Vec::new(), Vec::new());
    for (v, spikes) in noisy.v.iter().zip(&noisy.spikes) {
        for spike in spikes {
            let at = (spike / SAMPLE_S) as usize;
            let from = at.saturating_sub(50);
            let rises =
                |k: &usize| v.get(k + 1).zip(v.get(*k)).is_some_and(|(b, a)| (b - a) / SAMPLE_S > 10.0);
            begins.extend((from..at).find(rises).and_then(|k| v.get(k)).copied());
            let after = v.get(at..(at + 200).min(v.len())).unwrap_or_default();
            lows.push(after.iter().copied().fold(f64::MAX, f64::min));
        }
    }
    let mean =
        |values: &[f64]| (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
    Some((mean(&begins)?, mean(&lows)?))
}

/// The smallest value of `f` found by a simplex that starts at `start` with edges `scale`.
pub(super) fn simplex(
    start: &[f64],
    scale: &[f64],
    evaluations: usize,
    f: &mut dyn FnMut(&[f64]) -> f64,
) -> Vec<f64> {
    let n = start.len();
    let mut points: Vec<(f64, Vec<f64>)> = Vec::with_capacity(n + 1);
    for corner in 0..=n {
        let mut x = start.to_vec();
        if corner > 0 {
            x[corner - 1] += scale[corner - 1];
        }
        points.push((f(&x), x));
    }
    let mut used = n + 1;
    while used < evaluations {
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let middle: Vec<f64> =
            (0..n).map(|i| points[..n].iter().map(|(_, x)| x[i]).sum::<f64>() / n as f64).collect();
        let worst = points[n].clone();
        let along =
            |by: f64| -> Vec<f64> { (0..n).map(|i| middle[i] + by * (worst.1[i] - middle[i])).collect() };
        let reflected = along(-1.0);
        let value = f(&reflected);
        used += 1;
        if value < points[0].0 {
            let further = along(-2.0);
            let more = f(&further);
            used += 1;
            points[n] = if more < value { (more, further) } else { (value, reflected) };
        } else if value < points[n - 1].0 {
            points[n] = (value, reflected);
        } else {
            let nearer = along(if value < worst.0 { -0.5 } else { 0.5 });
            let less = f(&nearer);
            used += 1;
            if less < worst.0.min(value) {
                points[n] = (less, nearer);
            } else {
                let best = points[0].1.clone();
                for point in points.iter_mut().skip(1) {
                    for (x, b) in point.1.iter_mut().zip(&best) {
                        *x = 0.5 * (*x + b);
                    }
                    point.0 = f(&point.1);
                    used += 1;
                }
            }
        }
    }
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points.swap_remove(0).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_simplex_finds_the_bottom_of_a_valley() {
        // Rosenbrock's function has its minimum at (1, 1).
        let mut f = |x: &[f64]| 100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2);
        let x = simplex(&[-1.2, 1.0], &[0.5, 0.5], 400, &mut f);
        assert!((x[0] - 1.0).abs() < 1e-3 && (x[1] - 1.0).abs() < 1e-3, "{x:?}");
    }
}
