//! Reduction: from a detailed cell to one of a few compartments or of one point, and how good it is.
//!
//! [`Detailed`] cuts a cell, brings it to rest and linearises it; the methods make [`Compartments`] or a point neuron of
//! it. Both are plain numbers, for those who write models for chips, and become a cell of the [`model`](crate::model) again.

mod admittance;
mod assemble;
mod carried;
mod chosen;
mod circuits;
mod collapse;
pub mod compare;
mod compartments;
mod cylinder;
mod detailed;
pub mod fit;
mod held;
mod impedance;
mod joined;
pub mod measure;
mod membrane;
pub mod metrics;
mod modes;
pub mod point;
mod pointed;
mod pools;
mod reduced;
mod refine;
pub mod report;
mod responses;
mod rest;
mod sites;
mod stems;

pub use carried::Carried;
pub use circuits::Circuits;
pub use compartments::{Compartment, Compartments};
pub use detailed::Detailed;
pub use impedance::{Eliminated, Linear};
pub use membrane::Channel;
pub use modes::{Mode, slowest};
pub use point::PointNeuron;
pub use pointed::Pointed;
pub use reduced::Reduced;

use crate::error::Result;

/// How a cell is reduced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method {
    /// To compartments at `nodes` and the branch points between them (Wybo et al. 2021), such that synapses at `sites`, which
    /// are some of them, do there and at the soma what they do.
    Impedance {
        /// Nodes of compartments.
        nodes: Vec<usize>,
        /// Nodes of synapses.
        sites: Vec<usize>,
    },
    /// Each dendrite to a cylinder of the same transfer impedance (Amsalem et al. 2020), in about so many compartments in all,
    /// or as many as the d_lambda rule asks for.
    Cylinder(Option<usize>),
    /// All dendrites of a kind to the equivalent cable of Rall, by electrotonic distance, in so many compartments in all.
    Rall(usize),
    /// All dendrites of a kind to one by path distance (Bush & Sejnowski 1993), in so many compartments in all.
    BushSejnowski(usize),
}

impl Method {
    /// The name that users call it by.
    pub fn name(&self) -> &'static str {
        match self {
            Method::Impedance { .. } => "impedance",
            Method::Cylinder(_) => "cylinder",
            Method::Rall(_) => "rall",
            Method::BushSejnowski(_) => "bush_sejnowski",
        }
    }
}

/// Reduces `full` by `method`.
///
/// # Errors
/// If the cell has no impedances, or the method asks for something that it lacks.
pub fn reduce(full: &Detailed, method: &Method) -> Result<Reduced> {
    match method {
        Method::Impedance { nodes, sites } => chosen::reduce(full, nodes, sites),
        Method::Cylinder(count) => cylinder::reduce(full, *count),
        Method::Rall(count) => collapse::reduce(full, *count, collapse::Measure::Electrotonic),
        Method::BushSejnowski(count) => collapse::reduce(full, *count, collapse::Measure::Path),
    }
}

/// The nodes of `count` compartments (branch points between them included) that say most of what the cell does: the soma,
/// those of `given`, and others beside them.
///
/// # Errors
/// If the cell has no impedances, or `count` is too few for those that are given.
pub fn best_nodes(full: &Detailed, given: &[usize], count: usize) -> Result<Vec<usize>> {
    sites::best(full, given, count)
}
