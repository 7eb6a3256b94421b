//! Neuromorphic chips: what they hold, and what their arithmetic makes of a model.

pub mod spinnaker;
