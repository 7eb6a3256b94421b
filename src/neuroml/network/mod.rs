//! A NeuroML `<network>` becomes a [`Network`].
//!
//! * A population of cells with a shape becomes cable cells, one of `spikeArray` a list of times unless
//!   a path leads to a quantity of it, any other a population of point cells.
//! * Each synapse or input that is put on a cell is a contact of the attachments that hold all
//!   instances of that component on that population, in the order of the document: the contact
//!   that a path calls `pop[2]/synapses:AMPA:1` is the second with that cell (on cells with a shape
//!   and a segment in the path: the second on that segment).
//! * Synapses that [superpose](crate::dynamics::superposes) share one contact for each place of a cell,
//!   unless a path of the document names one of them.

mod attach;
mod connect;
mod couple;
mod inputs;
mod places;
mod populations;
mod temperature;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::site::Detectors;
use super::{Network, Shaped};
use crate::error::{Error, ErrorKind, Result, Warning};
use crate::lems::{Component, Set};
use crate::model::Model;
use attach::Kind;
use populations::Members;

/// Most warnings of one name that are told.
const MAX_ALIKE: usize = 5;
/// Most errors of one network that are told.
const MAX_ERRORS: usize = 50;

/// What turns a component of a type of cells with a shape into that cell.
pub type Shaper<'a> = dyn FnMut(&Component) -> Result<Arc<Shaped>> + 'a;

/// The network that `component`, of type `network` or one that extends it, describes. `shaped` makes
/// cells with a shape.
///
/// Run control of the model is left at 0, its recordings are empty.
///
/// # Errors
/// Everything wrong that is found, joined: what is missing, out of range or of the wrong type.
pub fn network(set: &Set, component: &Component, shaped: &mut Shaper<'_>) -> Result<Network> {
    let mut reader = Reader::new(set, component, shaped);
    reader.temperature_of(component);
    for child in &component.children {
        if set.is_a(&child.component_type, "basePopulation") {
            let read = reader.population(child);
            reader.keep(read);
        }
    }
    // Without its populations nothing else has a meaning.
    if reader.errors.is_empty() {
        for child in &component.children {
            let read = reader.child(child);
            reader.keep(read);
            if reader.errors.len() >= MAX_ERRORS {
                break;
            }
        }
    }
    reader.finish()
}

/// A population of one: the cell that `component` is, by itself.
///
/// # Errors
/// If it is no cell.
pub fn single(set: &Set, component: &Component, shaped: &mut Shaper<'_>) -> Result<Network> {
    let mut reader = Reader::new(set, component, shaped);
    let name = component.id.clone().unwrap_or_else(|| component.component_type.clone());
    let added = reader.members(component).and_then(|cell| {
        let members = Members { name: &name, component, size: 1, ids: Vec::new(), positions_um: Vec::new() };
        reader.add_population(members, cell)
    });
    reader.keep(added);
    // Its paths begin at the cell.
    if let Some(named) = reader.out.populations.first_mut() {
        named.path = String::new();
    }
    reader.finish()
}

/// Reads one network.
struct Reader<'a, 'f> {
    set: &'a Set,
    shaped: &'f mut Shaper<'f>,
    network: &'a Component,
    out: Network,
    /// Populations by id.
    by_id: BTreeMap<&'a str, usize>,
    /// Cells by the component's id.
    cells: BTreeMap<&'a str, populations::Cell>,
    /// Synapses and inputs by the component's id.
    kinds: BTreeMap<&'a str, Arc<Kind>>,
    /// Kinds that expose more of their cell for a kind that reads it, by the addresses of both.
    giving: BTreeMap<(usize, usize), Arc<Kind>>,
    contacts: attach::Contacts<'a>,
    detectors: Detectors,
    /// What may be paths of the document.
    paths: Vec<String>,
    /// Ids of synapses that paths name with a number.
    watched: BTreeSet<String>,
    /// What paths name at all.
    named: BTreeSet<String>,
    /// Whether the document gives a temperature.
    has_temperature: bool,
    /// Who reads the temperature.
    reads_temperature: BTreeSet<String>,
    errors: Vec<Error>,
    /// How often each warning was due.
    warned: BTreeMap<&'static str, usize>,
}

impl<'a, 'f> Reader<'a, 'f> {
    fn new(set: &'a Set, component: &'a Component, shaped: &'f mut Shaper<'_>) -> Reader<'a, 'f> {
        let name = component.id.clone().unwrap_or_else(|| component.component_type.clone());
        let paths = attach::paths(set);
        Reader {
            set,
            shaped,
            network: component,
            out: Network {
                model: Model::new(name, 0.0, 0.0, temperature::DEFAULT_K),
                populations: Vec::new(),
                assumptions: Vec::new(),
                warnings: Vec::new(),
            },
            by_id: BTreeMap::new(),
            cells: BTreeMap::new(),
            kinds: BTreeMap::new(),
            giving: BTreeMap::new(),
            contacts: attach::Contacts::default(),
            detectors: Detectors::default(),
            watched: attach::watched(&paths),
            named: attach::named(&paths),
            paths,
            has_temperature: false,
            reads_temperature: BTreeSet::new(),
            errors: Vec::new(),
            warned: BTreeMap::new(),
        }
    }

    fn keep(&mut self, result: Result<()>) {
        self.errors.extend(result.err());
    }

    /// Warns, a few times of each kind.
    fn warn(&mut self, name: &'static str, message: String, at: &Component) {
        let count = self.warned.entry(name).or_insert(0);
        *count += 1;
        if *count > MAX_ALIKE {
            return;
        }
        let message = format!("{}: {message}", at.label());
        self.out.warnings.push(Warning::new(name, message, at.origin.place()));
    }

    /// One element of the network.
    fn child(&mut self, child: &'a Component) -> Result<()> {
        let is = |base: &str| self.set.is_a(&child.component_type, base);
        // Populations come first; regions and spaces are read with the layouts that name them.
        if is("basePopulation") || is("region") || is("networkSpace") {
            Ok(())
        } else if is("projection") {
            self.projection(child)
        } else if is("electricalProjection") || is("continuousProjection") {
            self.coupled_projection(child)
        } else if is("explicitConnection") {
            self.explicit_connection(child)
        } else if is("explicitInput") {
            self.explicit_input(child)
        } else if is("inputList") {
            self.input_list(child)
        } else if is("cellSet") {
            self.warn("unused-cell-set", "nothing in a run makes use of a set of cells".to_string(), child);
            Ok(())
        } else {
            let message = format!("a {} in a network", child.component_type);
            Err(child.error(ErrorKind::Unsupported, message))
        }
    }

    fn finish(mut self) -> Result<Network> {
        self.assume_temperature();
        for (name, count) in &self.warned {
            if *count > MAX_ALIKE {
                let message = format!("and {} more of this kind", count - MAX_ALIKE);
                self.out.warnings.push(Warning::new(name, message, self.network.origin.place()));
            }
        }
        if self.errors.len() > MAX_ERRORS {
            self.errors.truncate(MAX_ERRORS);
            self.errors.push(Error::new(ErrorKind::Limit, "and more errors of this kind"));
        }
        match Error::join(self.errors) {
            None => Ok(self.out),
            Some(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
