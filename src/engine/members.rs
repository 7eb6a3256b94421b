//! What a group is built from: cells with everything on them in numbers.

use super::own::Own;
use super::plan::CellPlan;

/// A cable cell.
#[derive(Debug)]
pub struct CableMember<'a> {
    /// Its compartments.
    pub plan: &'a CellPlan,
    /// Its number in the model.
    pub cell: u32,
    /// What its random numbers are keyed by.
    pub key: u64,
    /// Its potential at the start if not the kind's, V.
    pub initial_v: Option<f64>,
    /// What else it has otherwise than its kind.
    pub own: Option<Box<Own>>,
    /// Synapses, then stimuli, then contacts.
    pub placed: Vec<PlacedAt>,
    /// Spike detectors: node, threshold (V), number of the sender.
    pub detectors: Vec<(u32, f64, u32)>,
    /// What is recorded.
    pub requests: Vec<Request>,
}

impl CableMember<'_> {
    /// Axial conductance to the parent of each node, S.
    pub fn axial_s(&self) -> &[f64] {
        self.own.as_ref().and_then(|own| own.axial_s.as_deref()).unwrap_or(&self.plan.axial_s)
    }

    /// Capacitance of a node, F.
    pub fn capacitance_f(&self, node: usize) -> f64 {
        match self.own.as_ref().and_then(|own| own.specific_capacitance) {
            Some(specific) => specific * self.plan.area_m2[node],
            None => self.plan.capacitance_f[node],
        }
    }
}

/// A point cell.
#[derive(Debug)]
pub struct PointMember {
    /// Its number in the model.
    pub cell: u32,
    /// What its random numbers are keyed by.
    pub key: u64,
    /// The kind in the catalogue.
    pub kind: usize,
    /// Its potential at the start if not the kind's, V.
    pub initial_v: Option<f64>,
    /// For each varying parameter of the kind its value, SI.
    pub values: Vec<f64>,
    /// States at the start, if not as the kind has them: index and value, SI.
    pub initial: Vec<(usize, f64)>,
    /// Synapses, then stimuli, then contacts; all at node 0.
    pub placed: Vec<PlacedAt>,
    /// Ports by which events leave, and the number of the sender of each.
    pub ports: Vec<(usize, u32)>,
    /// What is recorded.
    pub requests: Vec<Request>,
}

impl PointMember {
    /// What cells have in common that can be in one group: their kind and the ports by which they send.
    pub fn mark(&self) -> (usize, Vec<usize>) {
        (self.kind, self.ports.iter().map(|(port, _)| *port).collect())
    }
}

/// Instances of one kind at nodes of one cell.
#[derive(Debug, Clone)]
pub struct PlacedAt {
    /// The kind in the catalogue.
    pub kind: usize,
    /// The node of each instance.
    pub nodes: Vec<u32>,
    /// For each varying parameter of the kind its value for each instance, SI.
    pub values: Vec<Vec<f64>>,
    /// States at the start, if not as the kind has them: index and value, SI.
    pub initial: Vec<(usize, f64)>,
    /// The use that its noise is keyed by.
    pub use_id: u64,
    /// Steps for which a noise number is held.
    pub noise_interval: u64,
    /// For each port by which events leave the number of each instance's sender; empty if nobody listens to any.
    pub senders: Vec<Vec<u32>>,
}

/// A recorded number. Those of one member that follow each other and are of one column are added up.
#[derive(Debug, Clone)]
pub struct Request {
    /// Number of the table.
    pub table: usize,
    /// Number of the column.
    pub column: usize,
    /// The node.
    pub node: u32,
    /// What.
    pub what: What,
}

/// What is recorded.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// The membrane potential.
    V,
    /// A variable of a mechanism: index into [`CellPlan::mechanisms`].
    Mechanism(usize, String),
    /// A variable of an instance: index into the member's `placed`, instance.
    Placed(usize, usize, String),
    /// A variable of the point cell itself.
    Cell(String),
    /// A number that does not change.
    Fixed(f64),
}

/// Where in a group the instances of one entry of a member's `placed` are.
#[derive(Debug, Clone, Copy)]
pub struct PlacedLanes {
    /// Number of the kind in the group.
    pub kind: u32,
    /// Its first lane.
    pub first: u32,
    /// How many lanes.
    pub count: u32,
    /// The use that tells it from others on the cell.
    pub use_id: u64,
}

/// Where in a group the instances of one kind lie.
#[derive(Debug, Clone)]
pub struct KindPlace {
    /// The kind in the catalogue.
    pub kind: usize,
    /// Where its arrays start.
    pub start: usize,
    /// How far they are apart.
    pub width: usize,
    /// The node of each lane.
    pub on: Vec<u32>,
    /// Where the potentials of the nodes start.
    pub v: usize,
}

/// Where in a group one membrane lies.
#[derive(Debug, Clone)]
pub struct MembranePlace {
    /// The plan in the catalogue.
    pub plan: usize,
    /// Where its arrays start.
    pub start: usize,
    /// How far they are apart.
    pub width: usize,
    /// The position of each lane; empty where it goes over all positions in place.
    pub on: Vec<u32>,
}
