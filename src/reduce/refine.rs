//! Refinement of a reduced cell: conductances, couplings, capacitances and channels that matter at rest are moved together
//! until synapses at given places do what they do on the detailed cell, there and at the soma, in least squares.
//!
//! Steady impedances alone leave open how fast potentials come and go: a compartment has one capacitance for a stretch of
//! cable. So the fit looks at the impedances between the places at all frequencies of synaptic potentials, with the channels
//! moving (Koch 1984), as the potentials that they make (see `responses`). It is Levenberg's and Marquardt's, in the
//! logarithms of the parameters, which are pulled a little to where they were.

use std::collections::{BTreeMap, BTreeSet};

use faer::linalg::solvers::Solve;
use faer::{Mat, c64};
use rayon::prelude::*;

use super::admittance::Admittance;
use super::compartments::{Compartment, Compartments};
use super::detailed::Detailed;
use super::membrane::{Steady, Surroundings};
use super::responses::{Response, Search, added, phasors, responses, spectrum};
use crate::error::Result;
use crate::model::concentration_input;

/// How much a change of a parameter by the factor e costs: as much as this relative error of a response.
const PULL: f64 = 0.02;
/// The same for amounts of channels: what they do when they open is settled before, and is not given up for what they do at rest.
const PULL_OF_CHANNELS: f64 = 0.3;
/// How much responses at compartments without a synapse count: so that they stay what they are while others are made better.
const ELSEWHERE: f64 = 0.3;
/// Channels that carry less than this share of the conductance at rest stay as they are; so do those that live with
/// concentrations, which the linear cell holds.
const MATTERS: f64 = 0.01;
/// Steps at most.
const STEPS: usize = 150;
/// So many steps in a row that make the sum of squares smaller by less than a share are the last.
const SMALL: usize = 4;
const ENOUGH: f64 = 1e-3;
/// Places at most: beyond, every so many of them are looked at.
const PLACES: usize = 30;

/// One number of the cell that moves.
#[derive(Debug, Clone, Copy)]
enum Moves {
    Coupling(usize),
    Capacitance(usize),
    Leak(usize),
    /// Channel and compartment.
    Amount(usize, usize),
}

impl Moves {
    /// What a change by the factor e costs.
    fn pull(&self) -> f64 {
        if matches!(self, Moves::Amount(..)) { PULL_OF_CHANNELS } else { PULL }
    }
}

/// Refines `cell` for synapses at the compartments `places`; `nodes` has the node of each compartment, `soma` is that of the soma.
///
/// # Errors
/// If a cell has no impedances.
pub(super) fn refine(
    full: &Detailed,
    cell: &mut Compartments,
    soma: usize,
    nodes: &[usize],
    places: &[usize],
) -> Result<()> {
    let mut looked_at = thinned(places.iter().copied().filter(|place| *place != soma).collect(), PLACES);
    let with_synapse = looked_at.len();
    let others = (0..nodes.len()).filter(|at| *at != soma && !looked_at.contains(at));
    looked_at.extend(thinned(others.collect(), PLACES - with_synapse));
    looked_at.push(soma);
    let at_nodes: Vec<usize> = looked_at.iter().map(|place| nodes[*place]).collect();
    let mut wanted = responses(full, &at_nodes, looked_at.len() - 1)?;
    for response in &mut wanted {
        if (with_synapse..looked_at.len() - 1).contains(&response.from) {
            response.count(ELSEWHERE);
        }
        (response.from, response.at) = (looked_at[response.from], looked_at[response.at]);
    }
    let problem = Problem::new(full, cell, nodes, wanted)?;
    let unbalanced = problem.currents(cell);
    let found = problem.solve(cell);
    problem.put(cell, &found);
    let now = problem.currents(cell);
    for (compartment, (was, is)) in cell.compartments.iter_mut().zip(unbalanced.iter().zip(&now)) {
        // The same current, or none, is missing where the cell rests.
        compartment.leak_reversal_v += (was - is) / compartment.leak_s;
    }
    Ok(())
}

/// Every so many of `places`, so that there are no more than `most`.
fn thinned(places: Vec<usize>, most: usize) -> Vec<usize> {
    let every = places.len().div_ceil(most.max(1)).max(1);
    places.into_iter().step_by(every).take(most).collect()
}

/// What is fitted, and to what.
struct Problem {
    moves: Vec<Moves>,
    wanted: Vec<Response>,
    spectrum: Vec<(f64, c64)>,
    search: Search,
    /// For each response and sample the phasors.
    phasors: Vec<Vec<Vec<c64>>>,
    /// For each channel and compartment what it does at rest for an amount of 1, and its answer at each frequency.
    steady: Vec<Vec<Steady>>,
    answers: Vec<Vec<Vec<c64>>>,
}

/// From each compartment that is asked for, for each frequency, the impedances (Ω) to all.
type Impedances = BTreeMap<usize, Vec<Vec<c64>>>;

/// Residuals and how they change with the parameters.
struct Linearised {
    squares: f64,
    residuals: Vec<f64>,
    slopes: Vec<Vec<f64>>,
}

impl Problem {
    fn new(full: &Detailed, cell: &Compartments, nodes: &[usize], wanted: Vec<Response>) -> Result<Problem> {
        let n = cell.compartments.len();
        let spectrum = spectrum();
        let place = |(at, node): (usize, &usize)| (*node, cell.surroundings(at, full.temperature_k));
        let places: Vec<(usize, Surroundings)> = nodes.iter().enumerate().map(place).collect();
        let (mut steady, mut answers) = (Vec::new(), Vec::new());
        for (spread, _) in full.gated() {
            steady.push(spread.steady_at(&full.plan, &places)?);
            let found = spread.each_at(&full.plan, &places, &Admittance::of)?;
            answers.push(
                found.iter().map(|a| spectrum.iter().map(|(omega, _)| a.at(*omega)).collect()).collect(),
            );
        }
        let mut moves: Vec<Moves> = (1..n).map(Moves::Coupling).collect();
        moves.extend((0..n).map(Moves::Capacitance));
        moves.extend((0..n).map(Moves::Leak));
        for (channel, at_rest) in steady.iter().enumerate() {
            let kind = &cell.channels[channel];
            let reads_ions =
                kind.dynamics.inputs.iter().any(|input| concentration_input(&input.name).is_some());
            let makes_ions = kind.ion.as_ref().is_some_and(|ion| full.rest.concentrations.contains_key(ion));
            if reads_ions || makes_ions {
                continue;
            }
            for (at, compartment) in cell.compartments.iter().enumerate() {
                let open = compartment.channels[channel] * at_rest[at].conductance.abs();
                if open > MATTERS * compartment.rest_conductance_s.abs() {
                    moves.push(Moves::Amount(channel, at));
                }
            }
        }
        let of =
            |response: &Response| response.samples.iter().map(|(t, ..)| phasors(&spectrum, *t)).collect();
        let phasors = wanted.iter().map(of).collect();
        let search = Search::new(&spectrum);
        Ok(Problem { moves, wanted, spectrum, search, phasors, steady, answers })
    }

    fn start(&self, cell: &Compartments) -> Vec<f64> {
        let value = |moves: &Moves| match *moves {
            Moves::Coupling(at) => cell.compartments[at].coupling_s,
            Moves::Capacitance(at) => cell.compartments[at].capacitance_f,
            Moves::Leak(at) => cell.compartments[at].leak_s,
            Moves::Amount(channel, at) => cell.compartments[at].channels[channel],
        };
        self.moves.iter().map(|moves| value(moves).max(f64::MIN_POSITIVE).ln()).collect()
    }

    /// Puts the parameters into `cell`.
    fn put(&self, cell: &mut Compartments, logs: &[f64]) {
        for (moves, log) in self.moves.iter().zip(logs) {
            let value = log.exp();
            match *moves {
                Moves::Coupling(at) => cell.compartments[at].coupling_s = value,
                Moves::Capacitance(at) => cell.compartments[at].capacitance_f = value,
                Moves::Leak(at) => cell.compartments[at].leak_s = value,
                Moves::Amount(channel, at) => cell.compartments[at].channels[channel] = value,
            }
        }
        for (at, compartment) in cell.compartments.iter_mut().enumerate() {
            let open =
                compartment.channels.iter().zip(&self.steady).map(|(amount, s)| amount * s[at].conductance);
            compartment.rest_conductance_s = compartment.leak_s + open.sum::<f64>();
        }
    }

    /// The current into each compartment at rest, A.
    fn currents(&self, cell: &Compartments) -> Vec<f64> {
        let mut out = cell.axial_currents();
        for (at, c) in cell.compartments.iter().enumerate() {
            out[at] += c.leak_s * (c.leak_reversal_v - c.rest_v);
            let carried = c.channels.iter().zip(&self.steady).map(|(amount, s)| amount * s[at].current);
            out[at] += carried.sum::<f64>();
        }
        out
    }

    /// The logarithms of the parameters that do it best.
    fn solve(&self, cell: &Compartments) -> Vec<f64> {
        let start = self.start(cell);
        let n = start.len();
        let pulls: Vec<f64> = self.moves.iter().map(|moves| moves.pull().powi(2)).collect();
        let mut x = start.clone();
        let mut trial = cell.clone();
        let mut damping = 1e-3;
        let mut small = 0;
        for _ in 0..STEPS {
            let Some(now) = self.look(&mut trial, &x, &start, true) else { break };
            let slopes = Mat::from_fn(now.residuals.len(), n, |row, column| now.slopes[row][column]);
            let normal = slopes.transpose() * &slopes;
            let down = |column: usize| -> f64 {
                -now.slopes.iter().zip(&now.residuals).map(|(row, r)| row[column] * r).sum::<f64>()
            };
            let right = Mat::from_fn(n, 1, |i, _| down(i) - pulls[i] * (x[i] - start[i]));
            let mut better = None;
            while damping < 1e6 {
                let damped = Mat::from_fn(n, n, |i, j| {
                    let own = if i == j { pulls[i] + damping * (normal[(i, i)] + pulls[i]) } else { 0.0 };
                    normal[(i, j)] + own
                });
                let step = damped.partial_piv_lu().solve(&right);
                // Not more than a factor e at a time.
                let next: Vec<f64> = (0..n).map(|i| x[i] + step[(i, 0)].clamp(-1.0, 1.0)).collect();
                let found =
                    self.look(&mut trial, &next, &start, false).map_or(f64::MAX, |found| found.squares);
                if found < now.squares {
                    better = Some((next, found));
                    damping = (damping * 0.1_f64).max(1e-9);
                    break;
                }
                damping *= 4.0;
            }
            let Some((next, squares)) = better else { break };
            x = next;
            // One small gain may be that of a step that was damped too much.
            small = if 1.0 - squares / now.squares < ENOUGH { small + 1 } else { 0 };
            if small >= SMALL {
                break;
            }
        }
        x
    }

    /// Residuals, and slopes if they are wanted, at the parameters `x`; nothing if the cell has no impedances there.
    fn look(
        &self,
        cell: &mut Compartments,
        x: &[f64],
        start: &[f64],
        with_slopes: bool,
    ) -> Option<Linearised> {
        self.put(cell, x);
        let cell = &*cell;
        let sources: BTreeSet<usize> = self.wanted.iter().map(|response| response.from).collect();
        let z = self.impedances(cell, &sources)?;
        let one = |number: usize| self.residuals(cell, &z, number, with_slopes);
        let found: Vec<(Vec<f64>, Vec<Vec<f64>>)> = (0..self.wanted.len()).into_par_iter().map(one).collect();
        let (mut residuals, mut slopes) = (Vec::new(), Vec::new());
        for (own, bends) in found {
            residuals.extend(own);
            slopes.extend(bends);
        }
        let pulled =
            self.moves.iter().zip(x.iter().zip(start)).map(|(m, (x, s))| (m.pull() * (x - s)).powi(2));
        let squares = residuals.iter().map(|r| r * r).sum::<f64>() + pulled.sum::<f64>();
        squares.is_finite().then_some(Linearised { squares, residuals, slopes })
    }

    /// From each of `sources`, for each frequency, the impedances to all compartments.
    fn impedances(&self, cell: &Compartments, sources: &BTreeSet<usize>) -> Option<Impedances> {
        let linear = cell.linear();
        let at_frequency = |k: usize| -> Option<Vec<Vec<c64>>> {
            let own = |(at, c): (usize, &Compartment)| {
                let open =
                    c.channels.iter().zip(&self.answers).map(|(amount, answers)| answers[at][k] * *amount);
                c64::new(c.leak_s, self.spectrum[k].0 * c.capacitance_f) + open.sum::<c64>()
            };
            let own = cell.compartments.iter().enumerate().map(own).collect();
            let eliminated = linear.with_membrane(own).ok()?;
            Some(sources.iter().map(|source| eliminated.from(*source)).collect())
        };
        let each = (0..self.spectrum.len()).into_par_iter().map(at_frequency);
        let mut each: Vec<std::vec::IntoIter<Vec<c64>>> =
            each.map(|z| z.map(Vec::into_iter)).collect::<Option<_>>()?;
        let of_source = |source: &usize| (*source, each.iter_mut().filter_map(Iterator::next).collect());
        Some(sources.iter().map(of_source).collect())
    }

    /// Residuals of one response, and slopes if they are wanted.
    fn residuals(
        &self,
        cell: &Compartments,
        z: &Impedances,
        number: usize,
        with_slopes: bool,
    ) -> (Vec<f64>, Vec<Vec<f64>>) {
        let response = &self.wanted[number];
        let (from, at) = (&z[&response.from], &z[&response.at]);
        let own: Vec<c64> = from.iter().map(|z| z[response.at]).collect();
        let moves = self.moves.iter().filter(|_| with_slopes);
        let bends: Vec<Vec<c64>> = moves
            .map(|moves| (0..own.len()).map(|k| self.slope(cell, k, moves, &from[k], &at[k])).collect())
            .collect();
        let (mut residuals, mut slopes) = (Vec::new(), Vec::new());
        for (k, exact, weight) in &response.impedances {
            let scale = weight / exact.norm();
            let off = (own[*k] - exact) * scale;
            residuals.extend([off.re, off.im]);
            slopes.push(bends.iter().map(|bend| bend[*k].re * scale).collect::<Vec<f64>>());
            slopes.push(bends.iter().map(|bend| bend[*k].im * scale).collect());
        }
        let samples = response.samples.iter().zip(&self.phasors[number]);
        let samples =
            samples.map(|((_, exact, weight), phasors)| (added(phasors, &own), exact, weight, phasors));
        // The largest potential changes as the potential at that time does: the time itself makes no difference there.
        let (highest, peak) = self.search.highest(&own);
        let top = (peak, &response.peak, &response.peak_weight, &self.search.phasors[highest]);
        for (v, exact, weight, phasors) in samples.chain([top]) {
            let scale = weight / response.peak;
            residuals.push(scale * (v - exact));
            slopes.push(bends.iter().map(|bend| scale * added(phasors, bend)).collect());
        }
        (residuals, slopes)
    }

    /// How the impedance between two places changes with the logarithm of a parameter: −z_a dY z_b.
    fn slope(&self, cell: &Compartments, k: usize, moves: &Moves, a: &[c64], b: &[c64]) -> c64 {
        match *moves {
            Moves::Coupling(at) => {
                let parent = cell.compartments[at].parent.unwrap_or(at);
                (a[at] - a[parent]) * (b[at] - b[parent]) * -cell.compartments[at].coupling_s
            }
            Moves::Capacitance(at) => {
                a[at] * b[at] * c64::new(0.0, -self.spectrum[k].0 * cell.compartments[at].capacitance_f)
            }
            Moves::Leak(at) => a[at] * b[at] * -cell.compartments[at].leak_s,
            Moves::Amount(channel, at) => {
                a[at] * b[at] * self.answers[channel][at][k] * -cell.compartments[at].channels[channel]
            }
        }
    }
}
