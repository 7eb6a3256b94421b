//! SpiNNaker: its numbers, its cells, what it holds.

mod limits;
mod network;
mod neuron;
mod number;

pub use limits::{CELLS, LEAST_STEP_MS, NEURONS_PER_CORE, WeightScale, longest_delay};
pub use network::{Connection, Injected, Outcome, Population, emulate};
pub use neuron::{CONDUCTANCE_SCALE, Input, Lif, Parameters};
pub use number::{Accum, Fraction};
