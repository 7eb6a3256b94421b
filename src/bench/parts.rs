//! Pieces that the workloads are made of.

use std::sync::Arc;

use crate::dynamics::Dynamics;
use crate::error::Result;
use crate::lems::{Element, Set};
use crate::library;
use crate::model::{CableCell, Density, Discretisation, Rule};
use crate::morph::Morphology;
use crate::select::{Field, Region};
use crate::units::Dimension;

/// The cable of the workloads: everything but its channels.
pub struct Passive {
    /// Axial resistivity, Ω m.
    pub ra: f64,
    /// Specific capacitance, F/m².
    pub cm: f64,
    /// Initial potential, V.
    pub v: f64,
}

/// A cell of `morphology` cut by `rules`.
pub fn cell(
    morphology: Morphology,
    rules: Vec<(Region, Rule)>,
    passive: &Passive,
    densities: Vec<Density>,
) -> CableCell {
    CableCell {
        morphology: Arc::new(morphology),
        discretisation: Discretisation { rules },
        specific_capacitance: Field::constant(passive.cm, Dimension::SPECIFIC_CAPACITANCE),
        axial_resistivity: Field::constant(passive.ra, Dimension::RESISTIVITY),
        initial_v: Field::constant(passive.v, Dimension::VOLTAGE),
        densities,
        pools: Vec::new(),
        synapses: Vec::new(),
    }
}

fn flat(set: &Set, element: &Element, name: &str) -> Result<Arc<Dynamics>> {
    let mut dynamics = set.flatten(&set.build(element)?)?;
    dynamics.name = name.to_string();
    Ok(Arc::new(dynamics))
}

/// Channel `name` of the library on `region` with conductance density `g` (S/m²) and reversal
/// potential `e` (V).
///
/// # Errors
/// If the library lacks it.
pub fn density(name: &str, region: Region, g: f64, e: f64) -> Result<Density> {
    let element = Element::new("channelDensity")
        .with("id", format!("{name}_density"))
        .with("ionChannel", name)
        .with("condDensity", format!("{g} S_per_m2"))
        .with("erev", format!("{e} V"));
    let dynamics = flat(library::set()?, &element, name)?;
    Ok(Density { name: name.to_string(), dynamics, region, parameters: Vec::new(), ion: None })
}

/// Squid axon channels on `region`: sodium 0.12, potassium 0.036 S/cm², leak `gl` (S/m²) about `el` (V).
///
/// # Errors
/// As [`density`].
pub fn squid(region: &Region, gl: f64, el: f64) -> Result<Vec<Density>> {
    Ok(vec![
        density("na", region.clone(), 1200.0, 0.050)?,
        density("kdr", region.clone(), 360.0, -0.077)?,
        density("pas", region.clone(), gl, el)?,
    ])
}

/// A constant current of `amplitude` (A) from the start to the end of time.
///
/// # Errors
/// If the library lacks the stimulus.
pub fn current(amplitude: f64) -> Result<Arc<Dynamics>> {
    let element = Element::new("pulseGenerator")
        .with("id", "current")
        .with("delay", "0 s")
        .with("duration", "1e9 s")
        .with("amplitude", format!("{amplitude} A"));
    flat(library::set()?, &element, "current")
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
    flat(library::set()?, &element, "syn")
}
