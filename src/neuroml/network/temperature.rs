//! The temperature of a network, and what is taken where it has none.

use super::Reader;
use crate::dynamics::Dynamics;
use crate::lems::Component;
use crate::model::CableCell;

/// The temperature of a network that gives none, K: 6.3 °C. The language has no default; jNeuroML's export leaves
/// NEURON's, which is that of the squid experiments (Hodgkin and Huxley 1952).
pub(super) const DEFAULT_K: f64 = 279.45;

impl Reader<'_, '_> {
    pub(super) fn temperature_of(&mut self, network: &Component) {
        let Some(temperature_k) = network.parameter("temperature") else { return };
        self.has_temperature = true;
        self.out.model.temperature_k = temperature_k;
        if temperature_k <= 0.0 {
            let message = format!("a temperature of {temperature_k} K: it is above absolute zero");
            self.errors.push(network.error(crate::error::ErrorKind::Value, message));
        }
    }

    /// Notes whether `dynamics`, known as `name`, read the temperature.
    pub(super) fn note_temperature(&mut self, name: &str, dynamics: &Dynamics) {
        if dynamics.inputs.iter().any(|input| input.name == "temperature") {
            self.reads_temperature.insert(name.to_string());
        }
    }

    pub(super) fn note_temperature_of_cell(&mut self, cell: &CableCell) {
        for density in &cell.densities {
            self.note_temperature(&density.name, &density.dynamics);
        }
        for pool in &cell.pools {
            self.note_temperature(&pool.ion, &pool.dynamics);
        }
        for synapse in &cell.synapses {
            self.note_temperature(&synapse.name, &synapse.dynamics);
        }
    }

    pub(super) fn assume_temperature(&mut self) {
        if self.has_temperature || self.reads_temperature.is_empty() {
            return;
        }
        let mut names: Vec<&str> = self.reads_temperature.iter().map(String::as_str).take(4).collect();
        if self.reads_temperature.len() > names.len() {
            names.push("others");
        }
        self.out.assumptions.push(format!(
            "The temperature is 6.3 degC: nothing gives it (a network of type networkWithTemperature does), and this goes by \
             it: {}.",
            names.join(", ")
        ));
    }
}
