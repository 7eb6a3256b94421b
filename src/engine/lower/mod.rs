//! From dynamics to programs: what sits on the membrane, at points, and cells without a shape.

mod advance;
mod builder;
mod conditions;
mod connection;
mod located;
mod membrane;
mod observe;
mod point;
mod received;
#[cfg(test)]
mod tests;

pub use builder::{Array, Builder, N_NODE_ARRAYS, NodeArray, Template, list, uniform};
pub use located::LocatedPrograms;
pub use membrane::{Holds, Mechanism, MembranePlan, MembranePrograms};
pub use observe::{TOTAL_CURRENT, find_variable, threshold_v};
pub use point::{PointHolds, PointKind, PointPrograms, PointSite, hosts, own_rate, peers};
pub use received::{current_alone, given, sums};
