//! The fast interpreter: one loop per operation, written once over lanes, compiled per vector unit.

mod bound;
mod step;

pub use bound::{BoundProgram, Scratch};
