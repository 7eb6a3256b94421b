//! Refinement of a reduced cell: conductances, couplings, capacitances and channels that matter at rest are moved together
//! until synapses at given places do what they do on the detailed cell, there and at the soma, in least squares.
//!
//! Steady impedances alone leave open how fast potentials come and go: a compartment has one capacitance for a stretch of
//! cable. So the fit looks at the impedances between the places at all frequencies of synaptic potentials, with the channels
//! moving (Koch 1984), as the potentials that they make (see `responses`). It is Levenberg's and Marquardt's, in the
//! logarithms of the parameters, which are pulled a little to where they were.

use faer::linalg::solvers::Solve;
use faer::{Mat, c64};
use rayon::prelude::*;

use super::admittance::Admittance;
use super::compartments::{Compartment, Compartments};
use super::detailed::Detailed;
use super::impedance::Linear;
use super::membrane::Surroundings;
use super::reduced::Reduced;
use super::responses::{Response, phasors, responses, spectrum};
use crate::error::Result;
use crate::model::concentration_input;

/// How much a change of a parameter by the factor e costs: as much as this relative error of a response.
const PULL: f64 = 0.02;
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

/// Refines `reduced` for synapses at the compartments `places`; `nodes` has the node of each compartment.
///
/// # Errors
/// If a cell has no impedances.
pub(super) fn refine(
    full: &Detailed,
    mut reduced: Reduced,
    nodes: &[usize],
    places: &[usize],
) -> Result<Reduced> {
    let soma = reduced.soma;
    let every = places.len().div_ceil(PLACES).max(1);
    let mut places: Vec<usize> = places.iter().copied().step_by(every).filter(|p| *p != soma).collect();
    places.push(soma);
    let at_nodes: Vec<usize> = places.iter().map(|place| nodes[*place]).collect();
    let mut wanted = responses(full, &at_nodes, places.len() - 1)?;
    for response in &mut wanted {
        (response.from, response.at) = (places[response.from], places[response.at]);
    }
    let problem = Problem::new(full, &reduced.cell, nodes, wanted)?;
    let unbalanced = problem.currents(&reduced.cell);
    let found = problem.solve(&reduced.cell);
    problem.put(&mut reduced.cell, &found);
    let now = problem.currents(&reduced.cell);
    for (compartment, (was, is)) in reduced.cell.compartments.iter_mut().zip(unbalanced.iter().zip(&now)) {
        // The same current, or none, is missing where the cell rests.
        compartment.leak_reversal_v += (was - is) / compartment.leak_s;
    }
    Reduced::new(full, reduced.cell, reduced.home)
}

/// What is fitted, and to what.
struct Problem {
    moves: Vec<Moves>,
    wanted: Vec<Response>,
    spectrum: Vec<(f64, c64)>,
    /// For each response and sample the phasors.
    phasors: Vec<Vec<Vec<c64>>>,
    /// For each channel and compartment: conductance and current at rest for an amount of 1, and the answer at each frequency.
    steady: Vec<Vec<(f64, f64)>>,
    answers: Vec<Vec<Vec<c64>>>,
}

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
        let fitted = full.channels.iter().filter(|spread| spread.channel.leak.is_none());
        let place = |node: usize| Surroundings { v: full.rest.v[node], ..full.surroundings(node) };
        let (mut steady, mut answers) = (Vec::new(), Vec::new());
        for spread in fitted {
            let found = spread.steady_at(&full.plan, nodes, &place)?;
            steady.push(found.iter().map(|s| (s.conductance, s.current)).collect::<Vec<_>>());
            let found = spread.each_at(&full.plan, nodes, &place, &Admittance::of)?;
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
                let open = compartment.channels[channel] * at_rest[at].0.abs();
                if open > MATTERS * compartment.rest_conductance_s.abs() {
                    moves.push(Moves::Amount(channel, at));
                }
            }
        }
        let of =
            |response: &Response| response.samples.iter().map(|(t, ..)| phasors(&spectrum, *t)).collect();
        let phasors = wanted.iter().map(of).collect();
        Ok(Problem { moves, wanted, spectrum, phasors, steady, answers })
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
            let open = compartment.channels.iter().zip(&self.steady).map(|(amount, s)| amount * s[at].0);
            compartment.rest_conductance_s = compartment.leak_s + open.sum::<f64>();
        }
    }

    /// The current into each compartment at rest, A.
    fn currents(&self, cell: &Compartments) -> Vec<f64> {
        let mut out = vec![0.0; cell.compartments.len()];
        for (at, c) in cell.compartments.iter().enumerate() {
            out[at] += c.leak_s * (c.leak_reversal_v - c.rest_v);
            out[at] += c.channels.iter().zip(&self.steady).map(|(amount, s)| amount * s[at].1).sum::<f64>();
            if let Some(parent) = c.parent {
                let current = c.coupling_s * (cell.compartments[parent].rest_v - c.rest_v);
                out[at] += current;
                out[parent] -= current;
            }
        }
        out
    }

    /// The logarithms of the parameters that do it best.
    fn solve(&self, cell: &Compartments) -> Vec<f64> {
        let start = self.start(cell);
        let n = start.len();
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
            let pull = PULL * PULL;
            let right = Mat::from_fn(n, 1, |i, _| down(i) - pull * (x[i] - start[i]));
            let mut better = None;
            while damping < 1e6 {
                let damped = Mat::from_fn(n, n, |i, j| {
                    normal[(i, j)] + if i == j { pull + damping * (normal[(i, i)] + pull) } else { 0.0 }
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
        let n = cell.compartments.len();
        let linear = Linear { leak_s: vec![0.0; n], capacitance_f: vec![0.0; n], ..cell.linear() };
        let mut sources: Vec<usize> = self.wanted.iter().map(|r| r.from).collect();
        sources.sort_unstable();
        sources.dedup();
        let of = |place: usize| sources.binary_search(&place).unwrap_or(0);
        // Impedances from the places that are looked at to all compartments, for each frequency.
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
        let z: Vec<Vec<Vec<c64>>> =
            (0..self.spectrum.len()).into_par_iter().map(at_frequency).collect::<Option<_>>()?;
        let one = |(response, phasors): (&Response, &Vec<Vec<c64>>)| {
            let (from, at) = (of(response.from), of(response.at));
            let bend: Vec<Vec<c64>> = self
                .moves
                .iter()
                .filter(|_| with_slopes)
                .map(|moves| {
                    let slope = |k: usize| self.slope(cell, k, moves, &z[k][from], &z[k][at]);
                    (0..self.spectrum.len()).map(slope).collect()
                })
                .collect();
            let (mut residuals, mut slopes) = (Vec::new(), Vec::new());
            for (k, exact, weight) in &response.impedances {
                let scale = weight / exact.norm();
                let off = (z[*k][from][response.at] - exact) * scale;
                residuals.extend([off.re, off.im]);
                slopes.push(bend.iter().map(|bend| bend[*k].re * scale).collect::<Vec<f64>>());
                slopes.push(bend.iter().map(|bend| bend[*k].im * scale).collect());
            }
            for ((_, value, weight), phasors) in response.samples.iter().zip(phasors) {
                let scale = weight / response.peak;
                let v: f64 = phasors.iter().zip(&z).map(|(p, z)| (p * z[from][response.at]).re).sum();
                residuals.push(scale * (v - value));
                let slope = |bend: &Vec<c64>| -> f64 {
                    scale * phasors.iter().zip(bend).map(|(p, z)| (p * z).re).sum::<f64>()
                };
                slopes.push(bend.iter().map(slope).collect());
            }
            (residuals, slopes)
        };
        let found: Vec<(Vec<f64>, Vec<Vec<f64>>)> =
            self.wanted.par_iter().zip(&self.phasors).map(one).collect();
        let (mut residuals, mut slopes) = (Vec::new(), Vec::new());
        for (own, bends) in found {
            residuals.extend(own);
            slopes.extend(bends);
        }
        let pulled: f64 = x.iter().zip(start).map(|(x, s)| (PULL * (x - s)).powi(2)).sum();
        let squares = residuals.iter().map(|r| r * r).sum::<f64>() + pulled;
        squares.is_finite().then_some(Linearised { squares, residuals, slopes })
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
