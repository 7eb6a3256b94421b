//! What small synapses do to a cell, from its impedances: the potentials that a refinement wants to keep.

use faer::c64;
use rayon::prelude::*;

use super::admittance::Admittance;
use super::detailed::Detailed;
use crate::error::Result;

/// Distance of the frequencies, Hz: what a synapse does is over after 1 / this.
const SPACING_HZ: f64 = 5.0;
/// The number of frequencies, 0 not counted.
const FREQUENCIES: usize = 240;
/// Time constants of the synaptic current, s.
const RISE_S: f64 = 0.5e-3;
const DECAY_S: f64 = 5e-3;
/// Interval at which a potential is searched for its peak, s.
const SEARCH_S: f64 = 1e-4;
/// Times at which a potential is kept, in times of its peak, and how much each counts.
const SAMPLES: [(f64, f64); 5] = [(0.5, 0.3), (1.0, 3.0), (1.6, 0.3), (2.5, 0.3), (4.0, 0.3)];

/// Frequencies (in times of their distance) at which the impedances themselves are kept, and how much each counts.
const IMPEDANCES: [(usize, f64); 5] = [(0, 2.0), (1, 0.5), (2, 0.5), (4, 0.5), (8, 0.3)];

/// The frequencies (as 1/s), and at each the synaptic current times the width of its band.
pub(super) fn spectrum() -> Vec<(f64, c64)> {
    let one = |k: usize| {
        let omega = std::f64::consts::TAU * SPACING_HZ * k as f64;
        let turning = c64::new(0.0, omega);
        let current = 1.0 / (1.0 / DECAY_S + turning) - 1.0 / (1.0 / RISE_S + turning);
        // Those below zero mirror those above.
        (omega, current * if k == 0 { SPACING_HZ } else { 2.0 * SPACING_HZ })
    };
    (0..=FREQUENCIES).map(one).collect()
}

/// e^(iωt) times the current, whose real part times an impedance adds up to the potential at `t_s`.
pub(super) fn phasors(spectrum: &[(f64, c64)], t_s: f64) -> Vec<c64> {
    spectrum.iter().map(|(omega, current)| current * c64::new(0.0, omega * t_s).exp()).collect()
}

/// The potential at a place after a synaptic current somewhere.
#[derive(Debug, Clone)]
pub(super) struct Response {
    /// Where the current flows and where the potential is looked at: indices into the places.
    pub from: usize,
    pub at: usize,
    /// Impedances (Ω) at some of the frequencies, and how much each counts.
    pub impedances: Vec<(usize, c64, f64)>,
    /// The largest potential.
    pub peak: f64,
    /// Times (s), potentials then, and how much each counts.
    pub samples: Vec<(f64, f64, f64)>,
}

/// The responses of `full` at the nodes `places` to currents into them, each at its own place and at the place `soma`.
///
/// # Errors
/// If the cell has no impedances.
pub(super) fn responses(full: &Detailed, places: &[usize], soma: usize) -> Result<Vec<Response>> {
    let spectrum = spectrum();
    let membrane = membrane(full)?;
    let columns: Vec<Vec<(c64, c64)>> = spectrum
        .par_iter()
        .map(|(omega, _)| {
            let mut own: Vec<c64> =
                full.linear.capacitance_f.iter().map(|c| c64::new(0.0, omega * c)).collect();
            for (node, amount, admittance) in &membrane {
                own[*node] += admittance.at(*omega) * *amount;
            }
            let eliminated = full.linear.with_membrane(own)?;
            let of = |place: &usize| {
                let z = eliminated.from(*place);
                (z[*place], z[places[soma]])
            };
            Ok(places.iter().map(of).collect())
        })
        .collect::<Result<_>>()?;
    let pairs: Vec<(usize, usize)> = (0..places.len())
        .flat_map(|from| if from == soma { vec![(from, from)] } else { vec![(from, from), (from, soma)] })
        .collect();
    let one = |(from, at): &(usize, usize)| {
        let of = |column: &Vec<(c64, c64)>| if at == from { column[*from].0 } else { column[*from].1 };
        kept(*from, *at, &spectrum, &columns.iter().map(of).collect::<Vec<c64>>())
    };
    Ok(pairs.par_iter().map(one).collect())
}

/// What is kept of a potential.
fn kept(from: usize, at: usize, spectrum: &[(f64, c64)], z: &[c64]) -> Response {
    let potential = |t: f64| -> f64 { phasors(spectrum, t).iter().zip(z).map(|(p, z)| (p * z).re).sum() };
    let mut best = (SEARCH_S, f64::MIN);
    for k in 1..(0.3 / SPACING_HZ / SEARCH_S) as usize {
        let t = k as f64 * SEARCH_S;
        let v = potential(t);
        if v > best.1 {
            best = (t, v);
        }
    }
    let samples = SAMPLES.iter().map(|(times, weight)| (times * best.0, potential(times * best.0), *weight));
    let impedances = IMPEDANCES.iter().map(|(k, weight)| (*k, z[*k], *weight));
    Response { from, at, impedances: impedances.collect(), peak: best.1, samples: samples.collect() }
}

/// Node, amount and answer of every channel everywhere.
fn membrane(full: &Detailed) -> Result<Vec<(usize, f64, Admittance)>> {
    let mut out = Vec::new();
    for spread in &full.channels {
        let nodes: Vec<usize> = (0..spread.amounts.len()).filter(|n| spread.amounts[*n] != 0.0).collect();
        let found = spread.each_at(&full.plan, &nodes, &|node| full.surroundings(node), &Admittance::of)?;
        out.extend(nodes.into_iter().zip(found).map(|(node, answer)| (node, spread.amounts[node], answer)));
    }
    Ok(out)
}
