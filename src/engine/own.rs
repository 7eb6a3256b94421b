//! What differs between the cells with a shape of a population. Their programs are the same: the numbers lie in arrays.

use super::lower::find_variable;
use super::plan::CellPlan;
use crate::dynamics::Dynamics;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{CableCell, Placed, Population};

/// What one cell has otherwise than its kind.
#[derive(Debug, Default, Clone)]
pub struct Own {
    /// Specific capacitance, F/m².
    pub specific_capacitance: Option<f64>,
    /// Axial conductance to the parent of each node, S.
    pub axial_s: Option<Vec<f64>>,
    /// Index of a mechanism of the plan, index of a parameter that varies there, value, SI.
    pub parameters: Vec<(usize, usize, f64)>,
    /// Index of a mechanism, index of a state, value at the start, SI.
    pub states: Vec<(usize, usize, f64)>,
}

impl Own {
    /// The value of a parameter.
    pub fn parameter(&self, mechanism: usize, parameter: usize) -> Option<f64> {
        let found = self.parameters.iter().find(|(m, p, _)| (*m, *p) == (mechanism, parameter));
        found.map(|(.., value)| *value)
    }
}

/// A number for each cell, of something: its index, the name of a parameter or the index of a state there.
type Of<'a, What> = Vec<(usize, What, &'a [f64])>;

/// Parameters and states at the start that differ between the cells of a population, sorted by what they are of.
#[derive(Debug, Default)]
pub struct CableDiffering<'a> {
    capacitance: Option<&'a [f64]>,
    resistivity: Option<&'a [f64]>,
    mechanisms: Of<'a, &'a str>,
    mechanism_states: Of<'a, usize>,
    synapses: Of<'a, &'a str>,
    synapse_states: Of<'a, usize>,
}

/// What a name stands for on a cell.
enum Named<'a> {
    Mechanism(usize, &'a Dynamics),
    Synapse(usize, &'a Dynamics),
}

/// The pools of an ion or the density called `name` (numbered as in [`CellPlan::mechanisms`]), or the synapse.
fn named<'a>(cell: &'a CableCell, name: &str) -> Vec<Named<'a>> {
    let pools = cell.pools.iter().map(|pool| (pool.ion.as_str(), &*pool.dynamics));
    let densities = cell.densities.iter().map(|density| (density.name.as_str(), &*density.dynamics));
    let mechanisms = pools.chain(densities).enumerate();
    let mut found: Vec<Named<'_>> = mechanisms
        .filter(|(_, (known, _))| *known == name)
        .map(|(index, (_, dynamics))| Named::Mechanism(index, dynamics))
        .collect();
    let synapses = cell.synapses.iter().enumerate().filter(|(_, synapse)| synapse.name == name);
    found.extend(synapses.map(|(index, synapse)| Named::Synapse(index, &synapse.dynamics)));
    found
}

impl<'a> CableDiffering<'a> {
    /// Those of `population`, whose cells are `cell`.
    ///
    /// # Errors
    /// If there is no such parameter or state, not one number for each cell, or one that can not be.
    pub fn of(population: &'a Population, cell: &'a CableCell) -> Result<CableDiffering<'a>> {
        let wrong = |kind, message: String| Err(Error::new(kind, message));
        for (name, values) in population.parameters.iter().chain(&population.initial) {
            if values.len() != population.size {
                let message = format!("{} values of {name} for {} cells", values.len(), population.size);
                return wrong(ErrorKind::Value, message);
            }
            if let Some(bad) = values.iter().find(|value| !value.is_finite()) {
                return wrong(ErrorKind::Value, format!("{name} is {bad} on one of its cells"));
            }
        }
        let mut out = CableDiffering::default();
        for (path, values) in &population.parameters {
            if let "capacitance" | "axial_resistivity" = path.as_str() {
                if let Some(bad) = values.iter().find(|value| **value <= 0.0) {
                    return wrong(ErrorKind::Value, format!("{path} must be positive, not {bad} (SI)"));
                }
                let place = if path == "capacitance" { &mut out.capacitance } else { &mut out.resistivity };
                *place = Some(values);
                continue;
            }
            let (name, parameter) = path.split_once('.').unwrap_or((path, ""));
            let found = named(cell, name);
            for one in &found {
                let (Named::Mechanism(_, dynamics) | Named::Synapse(_, dynamics)) = one;
                if dynamics.parameter(parameter).is_none() {
                    return wrong(ErrorKind::Name, format!("'{name}' has no parameter '{parameter}'"));
                }
                match one {
                    Named::Mechanism(index, _) => out.mechanisms.push((*index, parameter, values)),
                    Named::Synapse(index, _) => out.synapses.push((*index, parameter, values)),
                }
            }
            if found.is_empty() {
                return wrong(ErrorKind::Name, format!("there is no '{path}' on its cells"));
            }
        }
        for (path, values) in &population.initial {
            let (name, variable) = path.split_once('.').unwrap_or((path, ""));
            let found = named(cell, name);
            for one in &found {
                let (Named::Mechanism(_, dynamics) | Named::Synapse(_, dynamics)) = one;
                let variable = find_variable(dynamics, variable)?.variable;
                let Some(state) = dynamics.state(&variable) else {
                    return wrong(ErrorKind::Name, format!("'{variable}' of '{name}' is no state"));
                };
                match one {
                    Named::Mechanism(index, _) => out.mechanism_states.push((*index, state, values)),
                    Named::Synapse(index, _) => out.synapse_states.push((*index, state, values)),
                }
            }
            if found.is_empty() {
                return wrong(ErrorKind::Name, format!("there is no '{path}' on its cells"));
            }
        }
        Ok(out)
    }

    /// The parameters of mechanisms that a plan has to keep in arrays.
    pub fn open(&self) -> Vec<(usize, &'a str)> {
        self.mechanisms.iter().map(|(index, name, _)| (*index, *name)).collect()
    }

    /// What cell `i` has for itself, if anything.
    pub fn own(&self, plan: &CellPlan, i: usize) -> Option<Box<Own>> {
        let parameter = |(index, name, values): &(usize, &str, &[f64])| {
            let varying = &plan.mechanisms.get(*index)?.mechanism.varying;
            Some((*index, varying.iter().position(|known| known == name)?, values[i]))
        };
        let own = Own {
            specific_capacitance: self.capacitance.map(|values| values[i]),
            axial_s: self.resistivity.map(|values| plan.discretisation.axial_conductances(|_| values[i])),
            parameters: self.mechanisms.iter().filter_map(parameter).collect(),
            states: self.mechanism_states.iter().map(|(m, state, values)| (*m, *state, values[i])).collect(),
        };
        let is_none = own.specific_capacitance.is_none()
            && own.axial_s.is_none()
            && own.parameters.is_empty()
            && own.states.is_empty();
        (!is_none).then(|| Box::new(own))
    }

    /// Parameters of synapse `synapse` that cell `i` has for itself.
    pub fn of_synapse(&self, synapse: usize, i: usize) -> Vec<(&'a str, f64)> {
        let of = self.synapses.iter().filter(|(at, ..)| *at == synapse);
        of.map(|(_, name, values)| (*name, values[i])).collect()
    }

    /// States of synapse `synapse` at the start on cell `i`.
    pub fn synapse_states(&self, synapse: usize, i: usize) -> Vec<(usize, f64)> {
        states_of(&self.synapse_states, synapse, i)
    }
}

/// States of synapse `synapse` at the start on cell `i`.
pub fn states_of(states: &[(usize, usize, &[f64])], synapse: usize, i: usize) -> Vec<(usize, f64)> {
    let of = states.iter().filter(|(at, ..)| *at == synapse);
    of.map(|(_, state, values)| (*state, values[i])).collect()
}

/// The synapse and the state of it that `path` (`AMPA.g`) names.
///
/// # Errors
/// If there is none.
pub fn synapse_state(synapses: &[Placed], path: &str) -> Result<(usize, usize)> {
    let unknown = || Error::new(ErrorKind::Name, format!("there is no '{path}' on its cells"));
    let (name, variable) = path.split_once('.').ok_or_else(unknown)?;
    let at = synapses.iter().position(|synapse| synapse.name == name).ok_or_else(unknown)?;
    let dynamics = &synapses[at].dynamics;
    let variable = find_variable(dynamics, variable)?.variable;
    Ok((at, dynamics.state(&variable).ok_or_else(unknown)?))
}
