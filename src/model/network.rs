//! Populations of cells, what is injected into them, what connects them.

use std::sync::Arc;

use super::{CableCell, PointCell, Position, Source};
use crate::dynamics::Dynamics;
use crate::select::{Location, Points};

/// Cells of one kind.
#[derive(Debug, Clone)]
pub struct Population {
    /// Its name, unique in the model.
    pub name: String,
    /// How many cells.
    pub size: usize,
    /// What they are.
    pub cell: PopulationCell,
    /// Their own time step, s, where it is not that of the run. Steps of a model are whole multiples of one time.
    pub dt_s: Option<f64>,
    /// Membrane potential at the start for each cell, V, where it is not the cell's own; empty or
    /// `size` long.
    pub initial_v: Vec<f64>,
    /// Where its cells are; empty if nobody says, `size` long otherwise.
    pub positions: Vec<Position>,
    /// Parameters of point cells that differ between them, SI: the name of a parameter of the cell, or of one of its synapses
    /// (`excitatory.tauDecay`), and a value for each cell.
    pub parameters: Vec<(String, Vec<f64>)>,
    /// States of point cells at the start, SI: name and a value for each cell. They come after the cell's own start.
    pub initial: Vec<(String, Vec<f64>)>,
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
    /// The component that the dynamics are of, if it is known.
    pub source: Option<Arc<Source>>,
    /// Parameters that differ between the cells, SI: name and a value for each of `cells`, in their order.
    pub parameters: Vec<(String, Vec<f64>)>,
}

/// Synapses or inputs of one kind on single cells of one population, each at its own place, as
/// networks list them.
#[derive(Debug, Clone)]
pub struct Attachments {
    /// The name they are recorded by.
    pub name: String,
    /// Index of the population.
    pub population: usize,
    /// Which of the attachments of a point cell they are in, where it has several; else it is the first that
    /// is for their type.
    pub list: Option<String>,
    /// Exposes `i` (A, positive into the cell); reads `v`, `t`, `weight`, and in a
    /// [`Coupling`] `peer/v`.
    pub dynamics: Arc<Dynamics>,
    /// The instances, one each.
    pub contacts: Vec<Contact>,
}

/// One instance of [`Attachments`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contact {
    /// Index of the cell in its population.
    pub cell: u32,
    /// Where on it; `None` on point cells.
    pub location: Option<Location>,
    /// The value of the property `weight` outside events: the strength of a gap junction, a graded
    /// synapse or an input.
    pub weight: f64,
}

/// Two contacts that read each other's cell all the time: a gap junction, a graded synapse.
///
/// The input `peer/v` of one is the membrane potential where the other sits; any other input
/// `peer/x` is the variable that the other exposes as `x`, or else the state that its cell, one without a shape,
/// exposes so. Values are those of the last step; potentials and states of cells are continued to the middle of the step by
/// methods of a higher order than the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coupling {
    /// Index into [`Model::attachments`](super::Model::attachments) and contact.
    pub one: (u32, u32),
    /// The other.
    pub other: (u32, u32),
}

/// What sends the events of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sender {
    /// The cell: the first spike detector of its population, its only port for events, or its list
    /// of times.
    #[default]
    Cell,
    /// The spike detector of this index in the model, which is of the source's population.
    Detector(u32),
    /// The port of a point cell: index into [`Dynamics::out_ports`].
    Port(u16),
    /// A port of a contact on the cell.
    Contact {
        /// Index into [`Model::attachments`](super::Model::attachments).
        attachments: u32,
        /// Index into its contacts.
        contact: u32,
        /// Index into [`Dynamics::out_ports`].
        port: u16,
    },
}

/// What receives the events of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receiver {
    /// A synapse that the target cell has from its kind.
    Synapse {
        /// Index into the target cell's `synapses`.
        synapse: u32,
        /// Which of the points of that synapse.
        point: u32,
    },
    /// A contact on the target cell.
    Contact {
        /// Index into [`Model::attachments`](super::Model::attachments).
        attachments: u32,
        /// Index into its contacts.
        contact: u32,
    },
    /// The target cell itself, a point cell.
    Cell,
}

/// One connection for events.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Connection {
    /// Population and cell that the events come from.
    pub source: (usize, usize),
    /// What on it sends them.
    pub sender: Sender,
    /// Population and cell that they go to.
    pub target: (usize, usize),
    /// What on it receives them.
    pub receiver: Receiver,
    /// The receiving port: index into [`Dynamics::in_ports`].
    pub port: u16,
    /// The connection's weight: dimensionless factor on the synapse's own strength, as in NeuroML.
    pub weight: f64,
    /// Delay, s.
    pub delay_s: f64,
}

impl Connection {
    /// From cell `source` to a synapse that the target cell has from its kind: `synapse` and point
    /// of it.
    pub fn to_synapse(
        source: (usize, usize),
        target: (usize, usize),
        (synapse, point): (usize, usize),
        weight: f64,
        delay_s: f64,
    ) -> Connection {
        let receiver = Receiver::Synapse { synapse: synapse as u32, point: point as u32 };
        Connection { source, sender: Sender::Cell, target, receiver, port: 0, weight, delay_s }
    }
}
