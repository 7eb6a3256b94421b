//! From dynamics to programs: what sits on the membrane, at points, and cells without a shape.

mod builder;
mod conditions;
mod membrane;
mod observe;
mod point;

pub use builder::{Array, N_NODE_ARRAYS, NodeArray, Template, uniform};
pub use conditions::Sends;
pub use membrane::{Mechanism, MembranePlan, MembranePrograms};
pub use observe::{Observable, find_variable};
pub use point::{PointKind, PointPrograms, PointSite};
