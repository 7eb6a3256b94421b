//! The block machine: mechanism programs as short lists of operations over blocks of lanes.
//!
//! A lane is one instance (a compartment, a synapse). Every operation handles a whole block of lanes
//! with SIMD chosen at run time; every lane width gives the same bits.

mod ops;

pub use ops::{Address, Code, Op, Program};
