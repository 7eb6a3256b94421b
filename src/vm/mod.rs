//! The block machine: mechanism programs as short lists of operations over blocks of lanes.
//!
//! A lane is one instance (a compartment, a synapse). Every operation handles a whole block of lanes
//! with SIMD chosen at run time; every lane width and block size gives the same bits.
//!
//! All arrays of one cell group lie in one [`Arena`]. A [`Program`] names its arrays by number; a
//! [`BoundProgram`] knows where in the arena each of them starts and how many lanes it has, which
//! is checked once, so that a run checks nothing and allocates nothing.

mod allocate;
mod direct;
mod dump;
mod fuse;
mod join;
mod kernels;
mod lane;
mod lower;
mod ops;
mod program;
pub mod reference;

pub use kernels::{BoundProgram, Queue, Scratch, add_weighted, fetch};
pub use lane::{Target, run_lane, weighted_sums};
pub use lower::{Leaf, Outputs, lower};
pub use ops::{Address, Code, Op, Program};
pub use program::Operands;

/// The memory of one cell group: every array of every program, one after the other, each from a
/// multiple of 8 (a cache line) and padded to a multiple of 8 lanes with harmless values.
pub type Arena = crate::simd::AlignedVec;

/// `len` rounded up to whole cache lines: lanes of an array with its padding.
pub const fn padded(len: usize) -> usize {
    len.next_multiple_of(8)
}
