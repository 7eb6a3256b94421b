//! Populations of cells, what is injected into them, what connects them.

use std::sync::Arc;

use super::{CableCell, PointCell};
use crate::dynamics::Dynamics;
use crate::select::Points;

/// Cells of one kind.
#[derive(Debug, Clone)]
pub struct Population {
    /// Its name, unique in the model.
    pub name: String,
    /// How many cells.
    pub size: usize,
    /// What they are.
    pub cell: PopulationCell,
    /// Membrane potential at the start for each cell, V, where it is not the cell's own; empty or
    /// `size` long.
    pub initial_v: Vec<f64>,
}

/// The kinds of cells.
#[derive(Debug, Clone)]
pub enum PopulationCell {
    /// With a shape.
    Cable(Arc<CableCell>),
    /// Without one.
    Point(Arc<PointCell>),
    /// No cell at all: given spike times for each, s, ascending.
    SpikeTimes(Arc<Vec<Vec<f64>>>),
}

/// Which cells of a population.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CellSet {
    /// All.
    All,
    /// Those with these indices.
    Indices(Vec<usize>),
}

impl CellSet {
    /// The indices in a population of `size`.
    pub fn indices(&self, size: usize) -> Vec<usize> {
        match self {
            CellSet::All => (0..size).collect(),
            CellSet::Indices(list) => list.clone(),
        }
    }
}

/// A current or a clamp at points of some cells.
#[derive(Debug, Clone)]
pub struct Stimulus {
    /// Its name, for recording and pictures.
    pub name: String,
    /// Index of the population.
    pub population: usize,
    /// Which cells.
    pub cells: CellSet,
    /// Where on each; ignored for point cells.
    pub points: Option<Points>,
    /// Exposes `i` (A, positive into the cell); reads `t`, maybe `v` and `noise` (a standard normal
    /// number drawn anew each `noiseInterval` parameter, s, keyed by seed, cell and use).
    pub dynamics: Arc<Dynamics>,
}

/// One synaptic contact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Connection {
    /// Population and cell that the spikes come from.
    pub source: (usize, usize),
    /// Population and cell that they go to.
    pub target: (usize, usize),
    /// Index into the target cell's `synapses`.
    pub synapse: usize,
    /// Which of the points of that synapse.
    pub point: usize,
    /// The connection's weight: dimensionless factor on the synapse's own strength, as in NeuroML.
    pub weight: f64,
    /// Delay, s.
    pub delay_s: f64,
}
