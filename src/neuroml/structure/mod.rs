//! Any component that is no NeuroML network, by the structure that its type declares.
//!
//! From the outside inwards, the first instances whose types have dynamics become cells without a shape, with
//! all that they contain; what holds them (networks, populations, patterns of connections) only gives them
//! values. What connections attach to a cell becomes a synapse on it if the cell only sums its currents, else
//! a part of the cell. Dynamics around others that read nothing of them (a tissue that is heated) become a part
//! of each, and a cell of their own that can be recorded. Cells with a shape are read as in a NeuroML network.

mod cables;
mod events;
mod units;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::site::Detectors;
use super::{Named, Network, is_cable};
use crate::error::{Error, ErrorKind, Result};
use crate::lems::instances::{Tree, steps};
use crate::lems::{Component, Set};
use crate::model::{Attachments, Contact, Coupling, Model, PointCell, PopulationCell};
use units::{Body, Site, Unit};

/// The temperature where none is given, K: 6.3 °C, at which Hodgkin and Huxley measured.
const USUAL_TEMPERATURE_K: f64 = 279.45;

/// The populations, attachments and connections of `target`, with all that it contains.
///
/// # Errors
/// If instances do not fit together or need what nothing gives them, with the place.
pub fn elaborate(set: &Set, target: &Component) -> Result<Network> {
    Elaborated::new(set, target).map(|elaborated| elaborated.network)
}

/// A component elaborated, and what paths in it lead to.
#[derive(Debug, Clone)]
pub struct Elaborated<'a> {
    /// The populations, attachments and connections.
    pub network: Network,
    tree: Tree<'a>,
    detectors: Detectors,
    /// What the instances are that are cells or attached to cells, by their numbers in the tree.
    places: BTreeMap<usize, Place>,
}

/// What an instance is in the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A cell: population and index.
    Cell(usize, usize),
    /// A contact: attachments and index.
    Contact(usize, usize),
}

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A quantity of a cell.
    Cell {
        /// Index of the population.
        population: usize,
        /// Index of the cell.
        cell: usize,
        /// Flat name of the quantity in its dynamics, or of its port.
        name: String,
    },
    /// Something of a cell with a shape.
    Cable {
        /// Index of the population.
        population: usize,
        /// Index of the cell.
        cell: usize,
        /// The rest of the path.
        rest: Vec<String>,
    },
    /// A quantity of what is attached to a cell.
    Contact {
        /// Index of the attachments.
        attachments: usize,
        /// Index of the contact.
        contact: usize,
        /// Flat name of the quantity in its dynamics.
        name: String,
    },
}

impl<'a> Elaborated<'a> {
    /// Elaborates `target`.
    ///
    /// # Errors
    /// As [`elaborate`].
    pub fn new(set: &'a Set, target: &'a Component) -> Result<Elaborated<'a>> {
        let cables = set.types().filter(|of| is_cable(set, of)).map(|of| of.name.clone());
        let tree = Tree::with_closed(set, target, cables.collect())?;
        let units = units::units(set, &tree)?;
        if units.is_empty() {
            let message =
                format!("there is nothing to run in {}: no type within it has dynamics", target.label());
            return Err(target.error(ErrorKind::Value, message));
        }
        let name = target.id.clone().unwrap_or_else(|| target.component_type.clone());
        let mut assumptions = Vec::new();
        let temperature_k = cables::temperature_k(&tree, &units)?;
        if temperature_k.is_none() && units.iter().any(cables::reads_temperature) {
            assumptions.push("temperature: 6.3 degC, as none is given".to_string());
        }
        if tree.is_random() {
            let what = "random numbers in structures: those of seed 0, the same in every run";
            assumptions.push(what.to_string());
        }
        let network = Network {
            model: Model::new(name, 0.0, 0.0, temperature_k.unwrap_or(USUAL_TEMPERATURE_K)),
            populations: Vec::new(),
            assumptions,
            warnings: Vec::new(),
        };
        let detectors = Detectors::default();
        let mut out = Elaborated { network, tree, detectors, places: BTreeMap::new() };
        out.populations(&units);
        out.attachments(&units)?;
        out.couplings()?;
        out.connections()?;
        Ok(out)
    }

    /// Cells with the same dynamics that are items of one list, or alone in the members of one, become
    /// one population. The cells of a list of unlike ones become one each, as no path would name them.
    fn populations(&mut self, units: &[Unit]) {
        let mut kinds: BTreeMap<usize, Option<usize>> = BTreeMap::new();
        for unit in units {
            let kind = unit.body.key();
            let known = kinds.entry(units::list(&self.tree, unit.root)).or_insert(Some(kind));
            *known = known.filter(|known| *known == kind);
        }
        let mut lists: BTreeMap<usize, usize> = BTreeMap::new();
        for unit in units {
            let list = units::list(&self.tree, unit.root);
            let alike = kinds.get(&list).is_some_and(Option::is_some);
            let place = if alike { list } else { unit.root };
            let population = match lists.get(&place) {
                Some(population) => *population,
                None => self.population(unit, place),
            };
            lists.insert(place, population);
            let size = &mut self.network.model.populations[population].size;
            self.places.insert(unit.root, Place::Cell(population, *size));
            *size += 1;
        }
    }

    /// Adds an empty population of cells like `unit`, at the instance `place`.
    fn population(&mut self, unit: &Unit, place: usize) -> usize {
        let path = self.tree.path_to(place);
        let component = self.tree.nodes[unit.root].component;
        let component = component.id.clone().unwrap_or_else(|| component.component_type.clone());
        let name = if path.is_empty() { component.clone() } else { path.clone() };
        let (cell, shaped) = match &unit.body {
            Body::Point(dynamics) => {
                let dynamics = Arc::clone(dynamics);
                let cell = PointCell { dynamics, source: None, synapses: Vec::new() };
                (PopulationCell::Point(Arc::new(cell)), None)
            }
            Body::Cable(shaped) => {
                (PopulationCell::Cable(Arc::clone(&shaped.cell)), Some(Arc::clone(shaped)))
            }
        };
        let population = self.network.model.add_population(name, 0, cell);
        if let Some(shaped) = &shaped {
            self.detectors.detect(&mut self.network.model, shaped, population);
            self.network.tell_of(shaped);
        }
        self.network.populations.push(Named { path, component, shaped, ..Named::default() });
        population
    }

    fn attachments(&mut self, units: &[Unit]) -> Result<()> {
        let mut known: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for site in units.iter().flat_map(|unit| &unit.sites) {
            let Site { node, host, dynamics, weight } = site;
            let Some(Place::Cell(population, cell)) = self.places.get(host).copied() else { continue };
            let location = self.site(population, *node)?;
            let key = (population, Arc::as_ptr(dynamics) as usize);
            let model = &mut self.network.model;
            let attachments = *known.entry(key).or_insert_with(|| {
                let name = format!("{}/{}", model.populations[population].name, dynamics.name);
                let dynamics = Arc::clone(dynamics);
                let (list, contacts) = (None, Vec::new());
                model.attachments.push(Attachments { name, population, list, dynamics, contacts });
                model.attachments.len() - 1
            });
            let contacts = &mut model.attachments[attachments].contacts;
            self.places.insert(*node, Place::Contact(attachments, contacts.len()));
            contacts.push(Contact { cell: cell as u32, location, weight: *weight });
        }
        Ok(())
    }

    fn couplings(&mut self) -> Result<()> {
        for pair in &self.tree.pairs {
            match (self.places.get(&pair.one), self.places.get(&pair.other)) {
                (Some(Place::Contact(a, i)), Some(Place::Contact(b, j))) => {
                    let (one, other) = ((*a as u32, *i as u32), (*b as u32, *j as u32));
                    self.network.model.couplings.push(Coupling { one, other });
                }
                // Both are parts of one cell.
                (None, None) if self.unit_of(pair.one) == self.unit_of(pair.other) => {}
                _ => {
                    let component = self.tree.nodes[pair.one].component;
                    let message = "a tunnel between cells to which it can't be attached as a current";
                    return Err(component.error(ErrorKind::Unsupported, message));
                }
            }
        }
        Ok(())
    }

    /// The cell or contact that the instance `node` is or is part of.
    fn unit_of(&self, node: usize) -> Option<(usize, Place)> {
        self.tree.above(node).find_map(|at| self.places.get(&at).map(|place| (at, *place)))
    }

    /// What `path`, from the target on, leads to: a quantity of a cell or of what is attached to it, or a port.
    ///
    /// # Errors
    /// If it leads nowhere, or to what does not run.
    pub fn find(&self, path: &str) -> Result<Found> {
        let all = steps(path);
        let Some((name, way)) = all.split_last() else {
            return Err(Error::new(ErrorKind::Syntax, "an empty path"));
        };
        let node = if way.is_empty() { Ok(0) } else { self.tree.find(0, &way.join("/")) };
        let node = match node {
            Ok(node) => node,
            Err(error) => return self.find_in_cable(&all).ok_or(error),
        };
        let Some((root, place)) = self.unit_of(node) else {
            let message = format!("'{path}': {} has no dynamics", self.tree.nodes[node].component.label());
            return Err(Error::new(ErrorKind::Name, message));
        };
        let within = self.tree.path_within(root, node);
        let name = if within.is_empty() { (*name).to_string() } else { format!("{within}/{name}") };
        Ok(match place {
            Place::Cell(population, cell) if self.network.populations[population].shaped.is_some() => {
                Found::Cable { population, cell, rest: vec![(*name).to_string()] }
            }
            Place::Cell(population, cell) => Found::Cell { population, cell, name },
            Place::Contact(attachments, contact) => Found::Contact { attachments, contact, name },
        })
    }
}
