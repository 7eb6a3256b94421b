//! Who sends events: numbers of senders. A cell's own number is that of the cell; other detectors, other
//! ports of cells and ports of contacts follow after all cells.

use std::collections::{BTreeMap, BTreeSet};

use super::resolve::{Resolution, Resolved, in_population, nodes_of};
use crate::dynamics::Dynamics;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Model, PopulationCell, Sender, Use};
use crate::select::Cable;

/// For a sender whose spikes are not among the results.
pub const SILENT: u32 = u32::MAX;

/// The senders of a model.
#[derive(Debug, Default)]
pub struct Senders {
    /// For each sender the number that its spikes have among the results: that of a cell, after all cells that of an
    /// event recording, or [`SILENT`].
    pub output: Vec<u32>,
    /// For each detector of the model the sender of its population's first cell.
    detectors: Vec<Option<u32>>,
    /// The same by population and port, beside the port that is the cell's own.
    ports: BTreeMap<(usize, usize), u32>,
    /// By attachments and port the sender of the first contact.
    contacts: BTreeMap<(usize, usize), u32>,
}

/// The port by which a cell's own spikes leave: `spike`, or else its first.
pub fn own_port(dynamics: &Dynamics) -> Option<usize> {
    let ports = &dynamics.out_ports;
    ports.iter().position(|p| p == "spike").or((!ports.is_empty()).then_some(0))
}

/// Everything that events of a model come from which somebody hears: population, cell and what sends there. Of a
/// projection the cell does not matter.
fn heard(model: &Model) -> impl Iterator<Item = ((usize, usize), Sender)> + '_ {
    let projections = model.projections.iter().flat_map(|projection| {
        let parts = projection.source.parts.iter();
        parts.map(|(population, _)| ((*population, 0), projection.sender))
    });
    let recordings = model.event_recordings.iter().map(|r| (r.source, r.sender));
    model.connections.iter().map(|c| (c.source, c.sender)).chain(projections).chain(recordings)
}

/// The attachments of which some contact sends events that somebody hears.
pub(super) fn heard_lists(model: &Model) -> BTreeSet<usize> {
    let list = |sender| match sender {
        Sender::Contact { attachments, .. } => Some(attachments as usize),
        _ => None,
    };
    heard(model).filter_map(|(_, sender)| list(sender)).collect()
}

impl Senders {
    /// Numbers for `size` more senders.
    fn take(&mut self, size: usize, output: impl Fn(usize) -> u32) -> Result<u32> {
        let first = self.output.len();
        if u32::try_from(first + size).is_err() {
            return Err(Error::new(ErrorKind::Limit, "a model has too many spike detectors"));
        }
        self.output.extend((0..size).map(output));
        Ok(first as u32)
    }

    /// The number of `sender` on a cell (population and index), `first_cell` being the first of its population.
    ///
    /// # Errors
    /// If there is no such sender.
    pub fn of(
        &self,
        model: &Model,
        (population, index): (usize, usize),
        sender: Sender,
        first_cell: u32,
    ) -> Result<u32> {
        let wrong = |message: String| Err(Error::new(ErrorKind::Name, message));
        let name = &model.populations[population].name;
        let first = match sender {
            Sender::Cell => first_cell,
            Sender::Detector(d) => {
                let its = model.spike_detectors.get(d as usize).map(|d| d.population);
                match self.detectors.get(d as usize) {
                    Some(Some(first)) if its == Some(population) => *first,
                    _ => return wrong(format!("cells of '{name}' have no spike detector {d}")),
                }
            }
            Sender::Port(port) => {
                let PopulationCell::Point(cell) = &model.populations[population].cell else {
                    return wrong(format!("cells of '{name}' have no ports: they have a shape"));
                };
                let port = usize::from(port);
                match self.ports.get(&(population, port)) {
                    _ if own_port(&cell.dynamics) == Some(port) => first_cell,
                    Some(&first) => first,
                    None => {
                        let count = cell.dynamics.out_ports.len();
                        return wrong(format!(
                            "cells of '{name}' have {count} ports that send, not a port {port}"
                        ));
                    }
                }
            }
            Sender::Contact { attachments, contact, port } => {
                let list = model.attachments.get(attachments as usize);
                let place = list.and_then(|list| list.contacts.get(contact as usize));
                let on = list.zip(place).map(|(list, place)| (list.population, place.cell as usize));
                return match self.contacts.get(&(attachments as usize, usize::from(port))) {
                    Some(first) if on == Some((population, index)) => Ok(first + contact),
                    _ => wrong(format!(
                        "on cell {index} of '{name}' there is no contact {contact} of attachments \
                         {attachments} that sends by port {port}"
                    )),
                };
            }
        };
        Ok(first + index as u32)
    }
}

impl Resolution<'_> {
    /// Numbers the senders and puts the detectors on their cells.
    pub(super) fn add_senders(&mut self, model: &Model) -> Result<()> {
        let cells = self.first_cell.last().copied().unwrap_or(0);
        self.senders.output = (0..cells).collect();
        self.add_detectors(model)?;
        for ((population, _), sender) in heard(model) {
            let Sender::Port(port) = sender else { continue };
            let port = usize::from(port);
            let Some(PopulationCell::Point(cell)) = model.populations.get(population).map(|p| &p.cell) else {
                continue;
            };
            let known = self.senders.ports.contains_key(&(population, port));
            if !known && port < cell.dynamics.out_ports.len() && own_port(&cell.dynamics) != Some(port) {
                let first = self.senders.take(model.populations[population].size, |_| SILENT)?;
                self.senders.ports.insert((population, port), first);
            }
        }
        for (population, resolved) in self.populations.iter_mut().enumerate() {
            let (Resolved::Point(members), PopulationCell::Point(cell)) =
                (resolved, &model.populations[population].cell)
            else {
                continue;
            };
            let first_cell = self.first_cell[population];
            let own = own_port(&cell.dynamics).map(|port| (port, first_cell));
            let others = self.senders.ports.range((population, 0)..(population + 1, 0));
            let ports: Vec<(usize, u32)> =
                own.into_iter().chain(others.map(|((_, port), first)| (*port, *first))).collect();
            for (i, member) in members.iter_mut().enumerate() {
                member.ports = ports.iter().map(|(port, first)| (*port, first + i as u32)).collect();
            }
        }
        self.add_contact_senders(model)?;
        self.number_recordings(model, cells)
    }

    /// Numbers the ports of contacts that somebody hears.
    fn add_contact_senders(&mut self, model: &Model) -> Result<()> {
        for (_, sender) in heard(model) {
            let Sender::Contact { attachments, port, .. } = sender else { continue };
            let (number, port) = (attachments as usize, usize::from(port));
            let Some(list) = model.attachments.get(number) else { continue };
            let ports = list.dynamics.out_ports.len();
            if port >= ports || self.senders.contacts.contains_key(&(number, port)) {
                continue;
            }
            let first = self.senders.take(list.contacts.len(), |_| SILENT)?;
            self.senders.contacts.insert((number, port), first);
            let places = self.contacts[number].iter().zip(&list.contacts);
            for (contact, (place, on)) in places.enumerate() {
                let placed = match &mut self.populations[list.population] {
                    Resolved::Cable(members) => &mut members[on.cell as usize].placed,
                    Resolved::Point(members) => &mut members[on.cell as usize].placed,
                    Resolved::Times(_) => continue,
                };
                let placed = &mut placed[place.slot as usize];
                if placed.senders.is_empty() {
                    placed.senders = vec![vec![SILENT; placed.nodes.len()]; ports];
                }
                placed.senders[port][place.instance as usize] = first + contact as u32;
            }
        }
        Ok(())
    }

    /// The events of recordings have their numbers among the results after all cells.
    fn number_recordings(&mut self, model: &Model, cells: u32) -> Result<()> {
        for (number, recording) in model.event_recordings.iter().enumerate() {
            let (population, cell) = recording.source;
            let size = model.populations.get(population).map_or(0, |population| population.size);
            if cell >= size {
                let message = format!(
                    "events are recorded of cell {cell} of population {population}, which is not there"
                );
                return Err(Error::new(ErrorKind::Name, message));
            }
            let first_cell = self.first_cell[population];
            let sender = self.senders.of(model, recording.source, recording.sender, first_cell)?;
            if sender >= cells {
                self.senders.output[sender as usize] = cells + number as u32;
            }
        }
        Ok(())
    }

    fn add_detectors(&mut self, model: &Model) -> Result<()> {
        let mut has_own = vec![false; model.populations.len()];
        for (d, detector) in model.spike_detectors.iter().enumerate() {
            let population = &model.populations[detector.population];
            let first_cell = self.first_cell[detector.population];
            let (Resolved::Cable(members), PopulationCell::Cable(cell), Some(points)) =
                (&mut self.populations[detector.population], &population.cell, &detector.points)
            else {
                // Point cells say themselves when they spike.
                let point = matches!(population.cell, PopulationCell::Point(_));
                self.senders.detectors.push(point.then_some(first_cell));
                continue;
            };
            let cell_of = |i: usize| if detector.is_output { first_cell + i as u32 } else { SILENT };
            let first = if std::mem::replace(&mut has_own[detector.population], true) {
                self.senders.take(population.size, cell_of)?
            } else {
                let own = first_cell as usize..first_cell as usize + population.size;
                self.senders.output[own].iter_mut().enumerate().for_each(|(i, output)| *output = cell_of(i));
                first_cell
            };
            self.senders.detectors.push(Some(first));
            for (i, member) in members.iter_mut().enumerate() {
                let cable = Cable::new(&cell.morphology, &member.plan.geometry);
                let draw = self.draws.at((detector.population, i), Use::SpikeDetector(d));
                let locations =
                    points.evaluate(&cable, &draw).map_err(|e| in_population(e, &population.name))?;
                if let Some(&node) = nodes_of(member.plan, &locations).first() {
                    member.detectors.push((node, detector.threshold_v, first + i as u32));
                }
            }
        }
        Ok(())
    }
}
