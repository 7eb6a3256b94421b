//! What is observed.

use super::{CellSet, Sender};
use crate::select::{Points, Region};

/// A sampled signal, or one for each place that the site selects.
#[derive(Debug, Clone)]
pub struct Recording {
    /// Index of the population.
    pub population: usize,
    /// Which cells.
    pub cells: CellSet,
    /// Where on each cell.
    pub site: Site,
    /// What, as paths: `v`, `na.m` (a state), `na.g`, `na.i` (conductance and current of a density
    /// or synapse), `ca.concentration`, `AMPA.g`, `iChannels` and `iSyn` (the current of all densities, and of all that is
    /// placed there, into the compartment, A), `surfaceArea` (of the compartment, m²), `totSpecCap` (F/m²),
    /// `v > -0.02` (1 while the potential is above so many V, else 0).
    pub variables: Vec<String>,
    /// Sampling interval, s, a whole multiple of the time step; 0 for every step.
    pub interval_s: f64,
    /// Name of the result file without ending. Recordings with the same file, which must have the
    /// same interval, are columns of one table, in order.
    pub file: String,
    /// The name of the column, if there is but one and it is not to be made from the place.
    pub label: Option<String>,
}

/// Where on a cell something is observed.
#[derive(Debug, Clone)]
pub enum Site {
    /// At points.
    Points(Points),
    /// In every compartment whose middle lies in the region.
    Region(Region),
    /// The cell as a whole (point cells).
    Cell,
}

/// Events that are observed beside the spikes of cells: those of a second port, or of something attached to a cell.
/// Among the spikes of a run they have, in place of a cell's number, the number of all cells and their own index.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EventRecording {
    /// Population and cell.
    pub source: (usize, usize),
    /// What on it sends them, other than [`Sender::Cell`]; each once.
    pub sender: Sender,
}

/// Spikes by upward crossing of a threshold.
#[derive(Debug, Clone)]
pub struct SpikeDetector {
    /// Index of the population.
    pub population: usize,
    /// Where on each cell; the first point counts. `None` for point cells, which say themselves
    /// when they spike.
    pub points: Option<Points>,
    /// Threshold, V.
    pub threshold_v: f64,
    /// Whether its spikes are the cell's, and among the results. Others only drive connections.
    pub is_output: bool,
}
