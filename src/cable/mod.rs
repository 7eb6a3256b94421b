//! The cable equation: cells cut into compartments.

mod discretize;
mod frusta;
pub mod hines;
pub mod order;
mod policy;

pub use discretize::{Cv, Discretisation, NONE};
pub use policy::{Electrical, MAX_COMPARTMENTS, Policy};
