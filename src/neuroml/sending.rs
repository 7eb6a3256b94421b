//! Paths of senders of events: of a cell, of a port of it, of something attached to it.

use super::quantity::{AtCell, Paths, Step, listed, steps};
use super::structure::{self, Elaborated};
use crate::dynamics::Dynamics;
use crate::engine::own_port;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Density, PopulationCell, Sender};

/// What sends the events that a path names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sending {
    /// Population and cell.
    pub source: (usize, usize),
    /// What on the cell.
    pub sender: Sender,
}

impl Paths<'_> {
    /// What sends the events of `port` (the first if none is named) where the path `select` leads.
    ///
    /// # Errors
    /// If it leads nowhere, or to what has no such port.
    pub(super) fn sender(&self, select: &str, port: Option<&str>) -> Result<Sending> {
        let steps = steps(select)?;
        if let Some(instances) = self.instances {
            return self.sending_instance(instances, &steps, port);
        }
        let at = self.cell(select, &steps)?;
        let rest = match at.rest.as_slice() {
            [first, rest @ ..] if first.text == at.named.component => rest.to_vec(),
            rest => rest.to_vec(),
        };
        let at = AtCell { rest, ..at };
        let source = (at.population, at.cell);
        // On a cell with a shape a segment may be named: there is one place where spikes are detected.
        let segment = at.named.shaped.is_some() && matches!(at.rest[..], [only] if only.number().is_some());
        if at.rest.is_empty() || segment {
            return Ok(Sending { source, sender: self.port_of_cell(at.population, "", port)? });
        }
        let within = joined(&at.rest);
        if self.dynamics(at.population).is_some_and(|cell| find_port(cell, &within, port).is_some()) {
            return Ok(Sending { source, sender: self.port_of_cell(at.population, &within, port)? });
        }
        let Some((contact, rest, _)) = self.contact(&at)? else {
            if let Some(density) = sending_density(&at) {
                let message = format!("'{select}': events of '{density}', which is spread over a membrane");
                let error = Error::new(ErrorKind::Unsupported, message);
                return Err(error.help("only what sits at a place sends events: cells, synapses and inputs"));
            }
            let message = format!("'{select}': the cell has no '{within}' that sends events");
            return Err(Error::new(ErrorKind::Name, message));
        };
        Ok(Sending { source, sender: self.port_of_contact(contact, &joined(rest), port)? })
    }

    /// The population of cells with a shape whose spikes the path `select` of a sender means.
    pub(super) fn shaped_sender(&self, select: &str) -> Option<usize> {
        let steps = steps(select).ok().filter(|_| self.instances.is_none())?;
        let at = self.cell(select, &steps).ok()?;
        let is_cell = self.contact(&at).ok()?.is_none();
        (at.named.shaped.is_some() && is_cell).then_some(at.population)
    }

    fn sending_instance(
        &self,
        instances: &Elaborated<'_>,
        steps: &[Step<'_>],
        port: Option<&str>,
    ) -> Result<Sending> {
        let with_port = Step { text: port.unwrap_or("spike"), name: "", index: None };
        let steps: Vec<Step<'_>> = steps.iter().copied().chain([with_port]).collect();
        let parted = |name: &str| match name.rsplit_once('/') {
            Some((within, _)) => within.to_string(),
            None => String::new(),
        };
        match self.instance(instances, &steps)? {
            structure::Found::Cell { population, cell, name } => {
                let sender = self.port_of_cell(population, &parted(&name), port)?;
                Ok(Sending { source: (population, cell), sender })
            }
            structure::Found::Cable { population, cell, rest } => {
                // A segment may be named: there is one place where spikes are detected.
                let is_cell = match rest.as_slice() {
                    [_] => true,
                    [segment, _] => segment.parse::<u64>().is_ok(),
                    _ => false,
                };
                if !is_cell {
                    let message = format!("'{}' is no port of a cell with a shape", rest.join("/"));
                    return Err(Error::new(ErrorKind::Name, message));
                }
                let sender = self.port_of_cell(population, "", port)?;
                Ok(Sending { source: (population, cell), sender })
            }
            structure::Found::Contact { attachments, contact, name } => {
                let list = &self.network.model.attachments[attachments];
                let source = (list.population, list.contacts[contact].cell as usize);
                let contact = (attachments as u32, contact as u32);
                Ok(Sending { source, sender: self.port_of_contact(contact, &parted(&name), port)? })
            }
        }
    }

    /// The equations of the cells of a population, if they have no shape.
    fn dynamics(&self, population: usize) -> Option<&Dynamics> {
        match &self.network.model.populations[population].cell {
            PopulationCell::Point(cell) => Some(&cell.dynamics),
            _ => None,
        }
    }

    /// The port of the cells of population `at`, or of their part `within`.
    fn port_of_cell(&self, at: usize, within: &str, port: Option<&str>) -> Result<Sender> {
        let name = &self.network.model.populations[at].name;
        let what = format!("cells of '{name}'");
        if let Some(cell) = self.dynamics(at) {
            let found = known_port(cell, within, port, &what)?;
            let is_own = own_port(cell) == Some(found);
            return Ok(if is_own { Sender::Cell } else { Sender::Port(found as u16) });
        }
        let mut detectors = self.network.model.spike_detectors.iter();
        if self.network.populations[at].shaped.is_some()
            && !detectors.any(|detector| detector.population == at && detector.is_output)
        {
            let message = format!("{what} send no events: their cell has no spike threshold");
            return Err(Error::new(ErrorKind::Value, message).help("add <spikeThresh value=\"0 mV\"/> to it"));
        }
        match port {
            Some(port) if port != "spike" => {
                let message = format!("{what} have no port '{port}' that sends");
                Err(Error::new(ErrorKind::Name, message).help("they have spike"))
            }
            _ => Ok(Sender::Cell),
        }
    }

    /// The port of a contact, or of its part `within`.
    fn port_of_contact(
        &self,
        (attachments, contact): (u32, u32),
        within: &str,
        port: Option<&str>,
    ) -> Result<Sender> {
        let dynamics = &self.network.model.attachments[attachments as usize].dynamics;
        let port = known_port(dynamics, within, port, &format!("'{}'", dynamics.name))?;
        Ok(Sender::Contact { attachments, contact, port: port as u16 })
    }
}

/// The density on the membrane of a cell with a shape that the path leads to and that has ports.
fn sending_density<'a>(at: &AtCell<'a, '_>) -> Option<&'a str> {
    let cell = &at.named.shaped.as_ref()?.cell;
    let is_it = |density: &&Density| {
        !density.dynamics.out_ports.is_empty() && at.rest.iter().any(|step| step.text == density.name)
    };
    cell.densities.iter().find(is_it).map(|density| density.name.as_str())
}

fn joined(steps: &[Step<'_>]) -> String {
    steps.iter().map(|step| step.text).collect::<Vec<_>>().join("/")
}

/// The index of the port of the part `within` of `dynamics` that is called so; of none that is named, `spike` or the first.
fn find_port(dynamics: &Dynamics, within: &str, port: Option<&str>) -> Option<usize> {
    let head = if within.is_empty() { String::new() } else { format!("{within}/") };
    let own = |name: &String| name.strip_prefix(&head).filter(|port| !port.contains('/')).map(str::to_string);
    let mut ports = dynamics.out_ports.iter().enumerate().filter_map(|(at, name)| Some((at, own(name)?)));
    match port {
        Some(port) => ports.find(|(_, name)| name == port).map(|(at, _)| at),
        None if within.is_empty() => own_port(dynamics),
        None => ports.next().map(|(at, _)| at),
    }
}

fn known_port(dynamics: &Dynamics, within: &str, port: Option<&str>, what: &str) -> Result<usize> {
    if let Some(found) = find_port(dynamics, within, port) {
        return Ok(found);
    }
    let known = &dynamics.out_ports;
    let message = match port {
        _ if known.is_empty() => format!("{what} send no events"),
        Some(port) => format!("{what} have no port '{port}' that sends"),
        None => format!("'{within}' of {what} sends no events"),
    };
    let error = Error::new(ErrorKind::Name, message);
    Err(match known.is_empty() {
        true => error,
        false => error.help(format!("they have {}", listed(known.iter().map(String::as_str)))),
    })
}
