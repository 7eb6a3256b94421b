//! One component that is a dynamical system as a whole: a cell without a shape, a rate, anything.

use std::sync::Arc;

use super::{Named, Network};
use crate::error::Result;
use crate::lems::{Component, Set};
use crate::model::{Model, PointCell, PopulationCell};

/// The temperature where none is given, K: 6.3 °C, at which Hodgkin and Huxley measured.
pub(super) const USUAL_TEMPERATURE_K: f64 = 279.45;

/// A network of one cell, the component `target`.
///
/// # Errors
/// If it cannot be flattened.
pub(super) fn network(set: &Set, target: &Component) -> Result<Network> {
    let dynamics = set.flatten(target)?;
    let mut assumptions = Vec::new();
    if dynamics.inputs.iter().any(|input| input.name == "temperature") {
        assumptions.push("temperature: 6.3 degC, as none is given".to_string());
    }
    let id = target.id.clone().unwrap_or_default();
    let mut model = Model::new(&id, 0.0, 0.0, USUAL_TEMPERATURE_K);
    let cell = PointCell { dynamics: Arc::new(dynamics), synapses: Vec::new() };
    model.add_population(&id, 1, PopulationCell::Point(Arc::new(cell)));
    let populations = vec![Named { path: String::new(), component: id, shaped: None }];
    Ok(Network { model, populations, assumptions, warnings: Vec::new() })
}
