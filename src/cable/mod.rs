//! The cable equation: cells cut into compartments.

mod discretize;
mod frusta;
pub mod hines;
pub mod order;
mod rules;

pub use discretize::{Cv, Discretisation, NONE};
pub use rules::{Electrical, MAX_COMPARTMENTS};
