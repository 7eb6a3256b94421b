//! The cable equation: cells cut into compartments.

mod discretize;
mod frusta;
mod policy;

pub use discretize::{Cv, Discretisation, NONE};
pub use policy::{Electrical, MAX_COMPARTMENTS, Policy};
