//! What differs between the point cells of a population.

use super::members::PlacedAt;
use super::own::{states_of, synapse_state};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{PointCell, Population};

/// Parameters and initial values of a population, sorted by what they are of.
#[derive(Debug, Default)]
pub struct Differing<'a> {
    /// Parameters of the cells themselves.
    pub own: Vec<(&'a str, &'a [f64])>,
    /// States at the start, by index.
    pub initial: Vec<(usize, &'a [f64])>,
    /// States of synapses at the start: index of the synapse, index of the state.
    synapse_states: Vec<(usize, usize, &'a [f64])>,
    /// Parameters of synapses: index of the synapse, name.
    of_synapses: Vec<(usize, &'a str, &'a [f64])>,
}

/// The parameters of the cells themselves.
pub fn own_parameters(population: &Population) -> impl Iterator<Item = &(String, Vec<f64>)> {
    population.parameters.iter().filter(|(name, _)| !name.contains('.'))
}

impl<'a> Differing<'a> {
    /// Those of `population`, whose cells are `cell`.
    ///
    /// # Errors
    /// If there is no such parameter or state, or not one value for each cell.
    pub fn of(population: &'a Population, cell: &PointCell) -> Result<Differing<'a>> {
        let mut out = Differing::default();
        for (name, values) in population.parameters.iter().chain(&population.initial) {
            if values.len() != population.size {
                let message = format!("{} values of {name} for {} cells", values.len(), population.size);
                return Err(Error::new(ErrorKind::Value, message));
            }
        }
        let unknown = |name: &str| Error::new(ErrorKind::Name, format!("there is no '{name}' on its cells"));
        for (name, values) in &population.parameters {
            match name.split_once('.') {
                None if cell.dynamics.parameter(name).is_some() => out.own.push((name, values)),
                Some((synapse, parameter)) => {
                    let at =
                        cell.synapses.iter().position(|s| s.name == synapse).ok_or_else(|| unknown(name))?;
                    if cell.synapses[at].dynamics.parameter(parameter).is_none() {
                        return Err(unknown(name));
                    }
                    out.of_synapses.push((at, parameter, values));
                }
                None => return Err(unknown(name)),
            }
        }
        for (name, values) in &population.initial {
            match cell.dynamics.state(name) {
                Some(state) => out.initial.push((state, values)),
                None => {
                    let (synapse, state) = synapse_state(&cell.synapses, name)?;
                    out.synapse_states.push((synapse, state, values));
                }
            }
        }
        Ok(out)
    }

    /// Those of synapse `synapse`.
    pub fn of_synapse(&self, synapse: usize) -> impl Iterator<Item = (&'a str, &'a [f64])> {
        let of = self.of_synapses.iter().filter(move |(at, ..)| *at == synapse);
        of.map(|(_, name, values)| (*name, *values))
    }

    /// The synapses of cell `i`.
    pub fn placed(&self, synapses: &[PlacedAt], i: usize) -> Vec<PlacedAt> {
        let mut placed = synapses.to_vec();
        for (synapse, at) in placed.iter_mut().enumerate() {
            at.initial = states_of(&self.synapse_states, synapse, i);
            at.values = self.of_synapse(synapse).map(|(_, values)| vec![values[i]]).collect();
        }
        placed
    }
}
