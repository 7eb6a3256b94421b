//! Pieces that the workloads are made of.

use std::sync::Arc;

use crate::dynamics::Dynamics;
use crate::error::Result;
use crate::lems::Element;
use crate::model::{Density, build};
use crate::select::Region;

/// Squid axon channels on `region`: sodium 0.12, potassium 0.036 S/cm², leak `gl` (S/m²) about `el` (V).
///
/// # Errors
/// If the library lacks them.
pub fn squid(region: &Region, gl: f64, el: f64) -> Result<Vec<Density>> {
    Ok(vec![
        Density::ohmic("na", region.clone(), 1200.0, 0.050)?,
        Density::ohmic("kdr", region.clone(), 360.0, -0.077)?,
        Density::ohmic("pas", region.clone(), gl, el)?,
    ])
}

/// An exponential conductance about 0 mV with time constant `tau` (s); weights are in µS.
///
/// # Errors
/// If the library lacks the synapse.
pub fn synapse(tau: f64) -> Result<Arc<Dynamics>> {
    let element = Element::new("expOneSynapse")
        .with("id", "syn")
        .with("gbase", "1 uS")
        .with("erev", "0 mV")
        .with("tauDecay", format!("{tau} s"));
    build::dynamics(&element, "syn")
}
