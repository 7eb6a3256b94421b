//! SpiNNaker: its numbers, its cells, what it holds.

mod neuron;
mod number;

pub use neuron::{CONDUCTANCE_SCALE, Input, Lif, Parameters};
pub use number::{Accum, Fraction};
