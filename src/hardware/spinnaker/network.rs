//! A network of integrate-and-fire cells as SpiNNaker runs it: time step by time step, in its own numbers.

use std::collections::VecDeque;

use super::limits::WeightScale;
use super::neuron::{CONDUCTANCE_SCALE, Lif, Parameters};
use super::number::Accum;
use crate::error::Result;

/// Cells of one kind.
#[derive(Debug, Clone, Default)]
pub struct Population {
    /// Parameters and potential at the start (mV) of each; empty for given spikes.
    pub cells: Vec<(Parameters, f64)>,
    /// Steps in which each fires, ascending; empty for cells.
    pub spikes: Vec<Vec<u32>>,
}

impl Population {
    /// How many members.
    pub fn len(&self) -> usize {
        self.cells.len().max(self.spikes.len())
    }

    /// Whether it has no members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A connection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Connection {
    /// Population and index of the source.
    pub source: (u32, u32),
    /// Population and index of the target.
    pub target: (u32, u32),
    /// 0 excitatory, 1 inhibitory.
    pub receptor: u8,
    /// Magnitude, nA or µS.
    pub weight: f64,
    /// In steps, 1 at least.
    pub delay: u32,
}

/// What ran.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// Spikes: step, population, index; in order of the step.
    pub spikes: Vec<(u32, u32, u32)>,
    /// The potential (mV) of the cells asked for, a row for each step.
    pub potentials: Vec<Vec<f64>>,
    /// Sums of weights that were cut off because a receptor could not hold them.
    pub saturated: u64,
    /// How the weights of each population's receptors are kept.
    pub scales: Vec<[WeightScale; 2]>,
}

/// A current that is stepped: population, index, and for each change the step and the current from then on, nA.
pub type Injected = (u32, u32, Vec<(u32, f64)>);

/// Runs the network for `steps` steps of `step_ms`; `watched` (population, index) are the cells whose potential is kept.
///
/// # Errors
/// If a parameter does not fit into s16.15.
pub fn emulate(
    populations: &[Population],
    connections: &[Connection],
    injected: &[Injected],
    watched: &[(u32, u32)],
    (steps, step_ms): (u32, f64),
) -> Result<Outcome> {
    let mut out = Outcome::default();
    let mut cells: Vec<Vec<Lif>> = Vec::with_capacity(populations.len());
    for population in populations {
        let made: Result<Vec<Lif>> = population.cells.iter().map(|(p, v)| Lif::new(p, *v, step_ms)).collect();
        cells.push(made?);
    }
    // Weights into each receptor of each cell, for the scales.
    let mut incoming: Vec<[Vec<Vec<f64>>; 2]> =
        populations.iter().map(|p| [vec![Vec::new(); p.len()], vec![Vec::new(); p.len()]]).collect();
    for c in connections {
        incoming[c.target.0 as usize][usize::from(c.receptor)][c.target.1 as usize].push(c.weight);
    }
    for (population, incoming) in populations.iter().zip(&incoming) {
        let is_conductance = population.cells.first().is_some_and(|(p, _)| p.reversal.is_some());
        let scale = if is_conductance { CONDUCTANCE_SCALE } else { 1.0 };
        out.scales.push([0, 1].map(|r| WeightScale::plan(&incoming[r], step_ms, scale)));
    }
    drop(incoming);
    let mut outgoing: Vec<Vec<Vec<Connection>>> =
        populations.iter().map(|p| vec![Vec::new(); p.len()]).collect();
    let longest = connections.iter().map(|c| c.delay).max().unwrap_or(0) as usize;
    for c in connections {
        outgoing[c.source.0 as usize][c.source.1 as usize].push(*c);
    }
    // What arrives in the steps to come: sums of 16 bits for each receptor of each cell.
    let silent: Vec<Vec<[u16; 2]>> = populations.iter().map(|p| vec![[0; 2]; p.len()]).collect();
    let mut coming: VecDeque<Vec<Vec<[u16; 2]>>> = (0..=longest).map(|_| silent.clone()).collect();
    let mut next_given: Vec<Vec<usize>> = populations.iter().map(|p| vec![0; p.spikes.len()]).collect();
    for step in 0..steps {
        let mut now = coming.pop_front().unwrap_or_else(|| silent.clone());
        for (population, index, changes) in injected {
            if let Some((_, current)) = changes.iter().rfind(|(at, _)| *at <= step) {
                cells[*population as usize][*index as usize].inject(*current)?;
            }
        }
        let first = out.spikes.len();
        for (p, population) in populations.iter().enumerate() {
            for (i, times) in population.spikes.iter().enumerate() {
                while times.get(next_given[p][i]) == Some(&step) {
                    next_given[p][i] += 1;
                    out.spikes.push((step, p as u32, i as u32));
                }
            }
            let shifts = out.scales[p].map(|s| s.shift);
            for (i, cell) in cells[p].iter_mut().enumerate() {
                let arrived = [0, 1].map(|r| Accum(i32::from(now[p][i][r]) << shifts[r]));
                if cell.step(arrived) {
                    out.spikes.push((step, p as u32, i as u32));
                }
            }
        }
        for row in &mut now {
            row.fill([0; 2]);
        }
        coming.push_back(now);
        for &(_, p, i) in &out.spikes[first..] {
            for c in &outgoing[p as usize][i as usize] {
                let scale = out.scales[c.target.0 as usize][usize::from(c.receptor)];
                let slot = &mut coming[c.delay.max(1) as usize - 1][c.target.0 as usize][c.target.1 as usize];
                let sum = &mut slot[usize::from(c.receptor)];
                let (added, overflows) = sum.overflowing_add(scale.steps(c.weight));
                out.saturated += u64::from(overflows);
                *sum = if overflows { u16::MAX } else { added };
            }
        }
        let row: Vec<f64> = watched.iter().map(|(p, i)| cells[*p as usize][*i as usize].v.value()).collect();
        out.potentials.push(row);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lif() -> Parameters {
        Parameters {
            tau_m: 20.0,
            cm: 1.0,
            v_rest: -65.0,
            v_reset: -65.0,
            v_thresh: -50.0,
            tau_refrac: 2.0,
            i_offset: 0.0,
            tau_syn: [5.0, 5.0],
            reversal: None,
        }
    }

    #[test]
    fn a_spike_arrives_after_its_delay() {
        let source = Population { cells: Vec::new(), spikes: vec![vec![3]] };
        let target = Population { cells: vec![(lif(), -65.0)], spikes: Vec::new() };
        let connection = Connection { source: (0, 0), target: (1, 0), receptor: 0, weight: 2.0, delay: 4 };
        let out = emulate(&[source, target], &[connection], &[], &[(1, 0)], (20, 1.0)).unwrap();
        let moved = out.potentials.iter().position(|row| row[0] > -65.0).unwrap();
        assert_eq!(moved, 7);
        assert_eq!(out.spikes, [(3, 0, 0)]);
        // The alpha of the exact solution: the membrane's answer to 2 nA of 5 ms.
        let exact = |t: f64| -65.0 + 2.0 * 20.0 * 5.0 / (20.0 - 5.0) * ((-t / 20.0).exp() - (-t / 5.0).exp());
        let peak = out.potentials.iter().map(|row| row[0]).fold(f64::MIN, f64::max);
        let wanted = (0..20).map(|t| exact(f64::from(t))).fold(f64::MIN, f64::max);
        assert!((peak - wanted).abs() < 0.5, "{peak} {wanted}");
    }

    #[test]
    fn a_current_makes_regular_spikes() {
        let target = Population { cells: vec![(lif(), -65.0)], spikes: Vec::new() };
        let out = emulate(&[target], &[], &[(0, 0, vec![(0, 1.0)])], &[], (1000, 1.0)).unwrap();
        // τ ln(20/(20 − 15)) = 27.7 ms, at the next step 28, and two steps of rest.
        assert_eq!(out.spikes[1].0 - out.spikes[0].0, 30);
    }
}
