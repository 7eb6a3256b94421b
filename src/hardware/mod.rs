//! Neuromorphic chips: what they hold, and what their arithmetic makes of a model.

pub mod brainscales;
pub mod spinnaker;
