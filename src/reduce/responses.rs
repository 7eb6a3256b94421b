//! What small synapses do to a cell, from its impedances: the potentials that a refinement wants to keep.

use faer::c64;
use rayon::prelude::*;

use super::admittance::Admittance;
use super::detailed::Detailed;
use super::impedance::Linear;
use crate::error::Result;

/// Distance of the frequencies, Hz: what a synapse does is over after 1 / this.
const SPACING_HZ: f64 = 5.0;
/// The number of frequencies, 0 not counted.
const FREQUENCIES: usize = 240;
/// Time constants of the synaptic current, s.
const RISE_S: f64 = 0.5e-3;
const DECAY_S: f64 = 5e-3;
/// Times at which a potential is kept, in times of its peak, and how much each counts.
const SAMPLES: [(f64, f64); 5] = [(0.5, 0.3), (1.0, 0.3), (1.6, 0.3), (2.5, 0.3), (4.0, 0.3)];
/// How much the largest potential counts, whenever it comes.
pub(super) const PEAK: f64 = 3.0;
/// The largest potential is looked for from the first to the last of these times (s), each so many times the one before: near
/// it a potential changes by less than a thousandth in that time.
const SEARCH: (f64, f64, f64) = (3e-4, 0.12, 1.05);

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
    /// The largest potential, and how much it counts.
    pub peak: f64,
    pub peak_weight: f64,
    /// Times (s), potentials then, and how much each counts.
    pub samples: Vec<(f64, f64, f64)>,
}

impl Response {
    /// Makes it count `factor` times as much.
    pub fn count(&mut self, factor: f64) {
        self.impedances.iter_mut().for_each(|(.., weight)| *weight *= factor);
        self.samples.iter_mut().for_each(|(.., weight)| *weight *= factor);
        self.peak_weight *= factor;
    }
}

/// The responses of `full` at the nodes `places` to currents into them, each at its own place and at the place `soma`.
///
/// # Errors
/// If the cell has no impedances.
pub(super) fn responses(full: &Detailed, places: &[usize], soma: usize) -> Result<Vec<Response>> {
    let spectrum = spectrum();
    let search = Search::new(&spectrum);
    let membrane = full.moving()?;
    let bare = full.bare();
    let columns: Vec<Vec<(c64, c64)>> = spectrum
        .par_iter()
        .map(|(omega, _)| {
            let eliminated = bare.with_membrane(admittances(&bare, membrane, *omega))?;
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
        kept(*from, *at, &spectrum, &search, &columns.iter().map(of).collect::<Vec<c64>>())
    };
    Ok(pairs.par_iter().map(one).collect())
}

/// What is kept of a potential.
fn kept(from: usize, at: usize, spectrum: &[(f64, c64)], search: &Search, z: &[c64]) -> Response {
    let potential = |t: f64| added(&phasors(spectrum, t), z);
    let (highest, peak) = search.highest(z);
    let top = search.times_s[highest];
    let samples = SAMPLES.iter().map(|(times, weight)| (times * top, potential(times * top), *weight));
    let impedances = IMPEDANCES.iter().map(|(k, weight)| (*k, z[*k], *weight));
    Response {
        from,
        at,
        impedances: impedances.collect(),
        peak,
        peak_weight: PEAK,
        samples: samples.collect(),
    }
}

/// The potential that impedances and phasors of the same frequencies add up to.
pub(super) fn added(phasors: &[c64], z: &[c64]) -> f64 {
    phasors.iter().zip(z).map(|(p, z)| (p * z).re).sum()
}

/// Times at which the largest potential is looked for.
pub(super) struct Search {
    times_s: Vec<f64>,
    /// For each time the phasors.
    pub phasors: Vec<Vec<c64>>,
}

impl Search {
    pub fn new(spectrum: &[(f64, c64)]) -> Search {
        let (first, last, ratio) = SEARCH;
        let times_s: Vec<f64> =
            std::iter::successors(Some(first), |t| Some(t * ratio)).take_while(|t| *t < last).collect();
        Search { phasors: times_s.iter().map(|t| phasors(spectrum, *t)).collect(), times_s }
    }

    /// Which time has the largest potential, and that potential, for the impedances `z`.
    pub fn highest(&self, z: &[c64]) -> (usize, f64) {
        let potentials = self.phasors.iter().map(|phasors| added(phasors, z));
        let higher = |best: (usize, f64), (at, v): (usize, f64)| if v > best.1 { (at, v) } else { best };
        potentials.enumerate().fold((0, f64::MIN), higher)
    }
}

/// The largest potential that a small synapse at each node of `cell` makes at the node `soma`, in a unit of its own.
/// `membrane` has nodes, amounts and answers of the channels; what `cell` leaks is beside them.
///
/// # Errors
/// If the cell has no impedances.
pub(super) fn largest_at(cell: &Linear, membrane: &[Moving], soma: usize) -> Result<Vec<f64>> {
    let spectrum = spectrum();
    let search = Search::new(&spectrum);
    let columns: Vec<Vec<c64>> = spectrum
        .par_iter()
        .map(|(omega, _)| Ok(cell.with_membrane(admittances(cell, membrane, *omega))?.from(soma)))
        .collect::<Result<_>>()?;
    let one = |node: usize| search.highest(&columns.iter().map(|z| z[node]).collect::<Vec<_>>()).1;
    Ok((0..cell.len()).into_par_iter().map(one).collect())
}

/// A channel at a place, moving with the potential.
#[derive(Debug)]
pub(super) struct Moving {
    pub node: usize,
    pub amount: f64,
    pub answer: Admittance,
}

/// The admittance of each node's membrane, S: what `cell` leaks and holds, and the channels of `membrane`.
fn admittances(cell: &Linear, membrane: &[Moving], omega: f64) -> Vec<c64> {
    let own = cell.leak_s.iter().zip(&cell.capacitance_f);
    let mut own: Vec<c64> = own.map(|(g, c)| c64::new(*g, omega * c)).collect();
    for channel in membrane {
        own[channel.node] += channel.answer.at(omega) * channel.amount;
    }
    own
}
