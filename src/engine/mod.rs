//! The engine: a [`Model`] laid out in groups of cells and stepped in time.
//!
//! [`Simulation::new`] cuts the cells, compiles the equations and lays out the memory;
//! [`Simulation::run`] steps all groups, each for a whole epoch (the shortest delay between cells) at
//! a time, and hands samples and spikes to a [`Sink`]. Results do not depend on the number of
//! threads, the vector unit, or the size of groups.

mod bind;
mod build;
mod carry;
mod catalog;
mod connect;
mod contacts;
mod couple;
mod crew;
mod differing;
mod draws;
mod events;
mod families;
mod group;
mod laid;
mod located;
mod lower;
mod members;
mod own;
mod plan;
mod project;
mod record;
mod resolve;
mod rules;
mod run;
mod senders;
mod sets;
mod steps;
mod stores;
mod tables;
mod watch;
mod wires;

pub(crate) use catalog::Catalog;
pub(crate) use contacts::ContactPlace;
pub use events::Spike;
pub use laid::Summary;
pub use lower::find_variable;
pub(crate) use lower::{Mechanism, PointKind, TOTAL_CURRENT, given, sums, threshold_v};
pub(crate) use members::{PlacedAt, Request, What};
pub(crate) use own::Own;
pub(crate) use plan::{CellPlan, Spread};
pub(crate) use resolve::{Resolved, cell_plans, resolve};
pub use run::{Memory, Progress, Simulation, Sink};
pub(crate) use senders::own_port;
pub(crate) use steps::Steps;
pub use tables::{Column, Table};

use crate::simd::Level;

/// How to run, not what: nothing here changes results.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Threads; 0 for one per core.
    pub threads: usize,
    /// Vector unit.
    pub level: Level,
    /// Compartments per group at which the next group is begun.
    pub group_size: usize,
}

impl Default for Options {
    fn default() -> Options {
        // About 110 bytes a compartment: 8192 of them stay in a second-level cache of 1 MiB.
        Options { threads: 0, level: Level::fastest(), group_size: 8192 }
    }
}
