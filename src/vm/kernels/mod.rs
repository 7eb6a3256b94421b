//! The fast interpreter: one loop per operation, written once over lanes, compiled per vector unit.

mod add;
mod bound;
mod queue;
mod step;

pub use add::{add_weighted, fetch};
pub use bound::{BoundProgram, Scratch};
pub use queue::Queue;
