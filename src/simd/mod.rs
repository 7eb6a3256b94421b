//! Numbers in lanes: one small trait over the vector units, and the elementary functions on it.
//!
//! Every [`Level`] gives the same bits: all lane types use the same fused multiply-adds in the same
//! order, and addition, multiplication, division and square root are exactly rounded on all of
//! them. (The sign and payload of a NaN are not part of the promise.)

mod aligned;
pub(crate) mod arch;
mod dispatch;
pub(crate) mod lanes;
pub mod math;

pub use aligned::AlignedVec;
pub use dispatch::Level;
