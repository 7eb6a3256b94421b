//! Connections for events between cells and what is attached to them.

use std::sync::Arc;

use super::{Elaborated, Place};
use crate::dynamics::Dynamics;
use crate::error::{Error, ErrorKind, Result, Warning};
use crate::model::{Connection, PopulationCell, Receiver, Sender};

impl Elaborated<'_> {
    /// Every connection between two cells; those within one are part of its dynamics.
    pub(super) fn connections(&mut self) -> Result<()> {
        let mut errors = Vec::new();
        let mut connections = Vec::new();
        let links = std::mem::take(&mut self.tree.links);
        for link in &links {
            let (Some(sender), Some(receiver)) = (self.unit_of(link.from.0), self.unit_of(link.to.0)) else {
                let message = "a connection to what has no dynamics";
                errors.push(Error::new(ErrorKind::Unsupported, message).at(link.origin.place()));
                continue;
            };
            // A part of the cell's own dynamics.
            if sender.0 == receiver.0 && self.tree.is_direct(link) {
                continue;
            }
            let (source, out) = match (sender.1, self.dynamics(sender.1)) {
                (Place::Cell(population, cell), None) => {
                    ((population, cell), self.spikes(population, link.by, &mut errors))
                }
                (Place::Cell(population, cell), Some(dynamics)) => {
                    let port = self.port(sender.0, link.from.0, link.from.1);
                    let at = dynamics.out_ports.iter().position(|p| *p == port);
                    let only = dynamics.out_ports.len() == 1;
                    (
                        (population, cell),
                        at.map(|at| if only { Sender::Cell } else { Sender::Port(at as u16) }),
                    )
                }
                (Place::Contact(attachments, contact), dynamics) => {
                    let port = self.port(sender.0, link.from.0, link.from.1);
                    let at = dynamics.and_then(|d| d.out_ports.iter().position(|p| *p == port));
                    let list = &self.network.model.attachments[attachments];
                    let source = (list.population, list.contacts[contact].cell as usize);
                    let (attachments, contact) = (attachments as u32, contact as u32);
                    (source, at.map(|at| Sender::Contact { attachments, contact, port: at as u16 }))
                }
            };
            let Some(dynamics) = self.dynamics(receiver.1) else {
                let message = "a cell with a shape receives no events but through what is attached to it";
                errors.push(Error::new(ErrorKind::Value, message).at(link.origin.place()));
                continue;
            };
            let port = self.port(receiver.0, link.to.0, link.to.1);
            let at = dynamics.in_ports().iter().position(|p| **p == *port);
            let acts = dynamics.events.iter().filter(|event| event.port == port);
            let at =
                at.filter(|_| acts.into_iter().any(|e| !(e.assignments.is_empty() && e.sends.is_empty())));
            // Ports at which nothing happens, and ports by which nothing is ever sent.
            let (Some(sender), Some(port)) = (out, at) else { continue };
            let (target, to) = match receiver.1 {
                Place::Cell(population, cell) => ((population, cell), Receiver::Cell),
                Place::Contact(attachments, contact) => {
                    let list = &self.network.model.attachments[attachments];
                    let cell = list.contacts[contact].cell as usize;
                    let (attachments, contact) = (attachments as u32, contact as u32);
                    ((list.population, cell), Receiver::Contact { attachments, contact })
                }
            };
            let weight = match (link.weight, receiver.1) {
                (Some(weight), _) => weight,
                (None, Place::Contact(attachments, contact)) => {
                    self.network.model.attachments[attachments].contacts[contact].weight
                }
                (None, Place::Cell(..)) => 1.0,
            };
            let (receiver, port, delay_s) = (to, port as u16, link.delay_s);
            connections.push(Connection { source, sender, target, receiver, port, weight, delay_s });
        }
        self.tree.links = links;
        self.network.model.connections = connections;
        match Error::join(errors) {
            None => Ok(()),
            Some(error) => Err(error),
        }
    }

    /// What sends the spikes of cells with a shape for what the structure of the instance `by` connects.
    fn spikes(&mut self, population: usize, by: usize, errors: &mut Vec<Error>) -> Option<Sender> {
        let shaped = Arc::clone(self.network.populations[population].shaped.as_ref()?);
        let location = self.source(population, by).map_err(|error| errors.push(error)).ok()??;
        let (sender, without_threshold) =
            self.detectors.sender(&mut self.network.model, &shaped, population, location);
        if without_threshold {
            let component = self.tree.nodes[by].component;
            let path = &self.network.populations[population].path;
            let message = format!(
                "the cells of '{path}' have no <spikeThresh>: they spike at 0 mV, as jNeuroML takes it"
            );
            let place = component.origin.place();
            self.network.warnings.push(Warning::new("no-spike-threshold", message, place));
        }
        Some(sender)
    }

    fn dynamics(&self, place: Place) -> Option<&Dynamics> {
        match place {
            Place::Cell(population, _) => match &self.network.model.populations.get(population)?.cell {
                PopulationCell::Point(cell) => Some(&cell.dynamics),
                _ => None,
            },
            Place::Contact(attachments, _) => {
                Some(&self.network.model.attachments.get(attachments)?.dynamics)
            }
        }
    }

    /// The flat name of the port `port` of the instance `node` in the dynamics of `root`.
    fn port(&self, root: usize, node: usize, port: &str) -> String {
        let within = self.tree.path_within(root, node);
        if within.is_empty() { port.to_string() } else { format!("{within}/{port}") }
    }
}
