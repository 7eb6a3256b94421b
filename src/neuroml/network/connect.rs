//! Connections for events.

use std::sync::Arc;

use super::Reader;
use super::attach::Kind;
use super::places::At;
use crate::error::{ErrorKind, Result};
use crate::lems::Component;
use crate::machine;
use crate::model::{Connection, PopulationCell, Receiver, Sender};
use crate::neuroml::site::End;

/// About what a connection or an input takes in the model and when it runs, bytes.
const BYTES: f64 = 250.0;

/// Where a projection's events come from and go to.
const PRE: End = End { cell: "preCellId", segment: "preSegmentId", fraction: "preFractionAlong" };
const POST: End = End { cell: "postCellId", segment: "postSegmentId", fraction: "postFractionAlong" };
/// The same of connections that stand alone.
const FROM: End = End { cell: "from", ..PRE };
const TO: End = End { cell: "to", ..POST };

impl<'a> Reader<'a, '_> {
    pub(super) fn projection(&mut self, projection: &'a Component) -> Result<()> {
        let population = |reader: &Self, key: &str| match projection.text(key) {
            Some(id) => reader.population_of(id, projection),
            None => Err(projection.error(ErrorKind::Syntax, format!("attribute '{key}' is missing"))),
        };
        let pre = population(self, "presynapticPopulation")?;
        let post = population(self, "postsynapticPopulation")?;
        let kind = self.synapse(projection)?;
        self.check_room(projection)?;
        let mut count = 0;
        let mut connections = projection.children.cursor();
        while let Some(connection) = connections.next() {
            if !self.set.is_a(&connection.component_type, "connection") {
                if self.set.is_a(&connection.component_type, "baseStandalone") {
                    continue;
                }
                let message = format!("a {} in a projection", connection.component_type);
                return Err(connection.error(ErrorKind::Unsupported, message));
            }
            count += 1;
            let made = self.connection(connection, (PRE, Some(pre)), (POST, Some(post)), &kind);
            self.keep(made);
            if self.errors.len() > super::MAX_ERRORS {
                return Ok(());
            }
        }
        if count == 0 {
            self.warn("empty-projection", "it has no connections".to_string(), projection);
        }
        Ok(())
    }

    /// That there is room for what `list` lists.
    pub(super) fn check_room(&mut self, list: &Component) -> Result<()> {
        let count = list.children.len();
        machine::has_room(count as f64 * BYTES, || format!("the {count} elements of this list"))
            .map_err(|error| list.locate(error))
    }

    /// The synapse that `user` names, which has to do something when an event arrives.
    fn synapse(&mut self, user: &'a Component) -> Result<Arc<Kind>> {
        let kind = self.kind(user, "synapse")?;
        if kind.acts_on_events {
            return Ok(kind);
        }
        let message = format!(
            "synapse=\"{}\" is a {}, in which events have no effect",
            kind.dynamics.name, kind.component_type
        );
        let error = user.error(ErrorKind::Value, message);
        Err(if kind.reads_peer {
            error.help(
                "gap junctions belong in an electricalProjection, graded synapses in a continuousProjection",
            )
        } else {
            error.help("expected a synapse")
        })
    }

    /// `<synapticConnection>`, `<synapticConnectionWD>` and `<explicitConnection>`.
    pub(super) fn explicit_connection(&mut self, connection: &'a Component) -> Result<()> {
        if connection.reference("synapse").is_some() {
            let kind = self.synapse(connection)?;
            return self.connection(connection, (FROM, None), (TO, None), &kind);
        }
        // From cell to cell.
        let from = self.place(connection, FROM, None)?;
        let to = self.place(connection, TO, None)?;
        let name = self.out.populations[to.population].path.clone();
        let PopulationCell::Point(cell) = &self.out.model.populations[to.population].cell else {
            let message = format!("cells of '{name}' receive no events but through synapses");
            return Err(connection.error(ErrorKind::Value, message).help("use a synapticConnection"));
        };
        let cell = Arc::clone(cell);
        let port = in_port(connection, &cell.dynamics.in_ports(), &name)?;
        let (weight, delay_s) = weight_and_delay(connection)?;
        let sender = self.sender(connection, from)?;
        self.out.model.connections.push(Connection {
            source: (from.population, from.cell),
            sender,
            target: (to.population, to.cell),
            receiver: Receiver::Cell,
            port,
            weight,
            delay_s,
        });
        Ok(())
    }

    fn connection(
        &mut self,
        connection: &Component,
        (pre, pre_population): (End, Option<usize>),
        (post, post_population): (End, Option<usize>),
        kind: &Arc<Kind>,
    ) -> Result<()> {
        let from = self.place(connection, pre, pre_population)?;
        let to = self.place(connection, post, post_population)?;
        let (weight, delay_s) = weight_and_delay(connection)?;
        let port = match kind.dynamics.events.as_slice() {
            [_] if connection.text("targetPort").is_none() => 0,
            _ => in_port(connection, &kind.dynamics.in_ports(), &kind.dynamics.name)?,
        };
        let sender = self.sender(connection, from)?;
        let (attachments, contact) = self.attach(connection, kind, to, weight, true)?;
        self.out.model.connections.push(Connection {
            source: (from.population, from.cell),
            sender,
            target: (to.population, to.cell),
            receiver: Receiver::Contact { attachments, contact },
            port,
            weight,
            delay_s,
        });
        Ok(())
    }

    /// Detects the spikes of a new population of cells with a shape and a threshold.
    pub(super) fn detect(&mut self, population: usize) {
        if let Some(shaped) = &self.out.populations[population].shaped {
            self.detectors.detect(&mut self.out.model, shaped, population);
        }
    }

    /// What sends the events of `user` at `from`.
    fn sender(&mut self, user: &Component, from: At) -> Result<Sender> {
        let population = &self.out.model.populations[from.population];
        match &population.cell {
            PopulationCell::SpikeTimes(_) => Ok(Sender::Cell),
            PopulationCell::Point(cell) => {
                let ports = &cell.dynamics.out_ports;
                let wanted = user.text("sourcePort").filter(|port| !port.is_empty());
                let found = match (ports.as_slice(), wanted) {
                    ([_], None) => return Ok(Sender::Cell),
                    (_, Some(wanted)) => ports.iter().position(|port| port == wanted),
                    (_, None) => ports.iter().position(|port| port == "spike"),
                };
                if let Some(port) = found.and_then(|port| u16::try_from(port).ok()) {
                    return Ok(Sender::Port(port));
                }
                let of = &cell.dynamics.component_type;
                let name = &population.name;
                if ports.is_empty() {
                    let message = format!("cells of '{name}' send no events: a {of} has no port that sends");
                    return Err(user.error(ErrorKind::Value, message));
                }
                let message = match wanted {
                    Some(wanted) => format!("sourcePort=\"{wanted}\": cells of '{name}' have no such port"),
                    None => format!("cells of '{name}' have several ports that send: say which"),
                };
                Err(user.error(ErrorKind::Name, message).help(format!("they have {}", ports.join(", "))))
            }
            PopulationCell::Cable(_) => self.cable_sender(user, from),
        }
    }

    fn cable_sender(&mut self, user: &Component, from: At) -> Result<Sender> {
        let named = &self.out.populations[from.population];
        let (Some(shaped), Some(location)) = (named.shaped.clone(), from.location) else {
            let message = format!("the cells of '{}' have no segments", named.path);
            return Err(user.error(ErrorKind::Value, message));
        };
        let (sender, without_threshold) =
            self.detectors.sender(&mut self.out.model, &shaped, from.population, location);
        if without_threshold {
            let message = format!(
                "the cells of '{}' have no <spikeThresh>: they spike at 0 mV, as jNeuroML takes it",
                self.out.populations[from.population].path
            );
            self.warn("no-spike-threshold", message, user);
        }
        Ok(sender)
    }
}

/// The index of the port that the attribute `targetPort` names, or of the only one, or of `in`.
fn in_port(user: &Component, ports: &[&str], of: &str) -> Result<u16> {
    let wanted = user.text("targetPort").filter(|port| !port.is_empty());
    let found = match (ports, wanted) {
        ([_], None) => Some(0),
        (_, wanted) => ports.iter().position(|port| *port == wanted.unwrap_or("in")),
    };
    if let Some(port) = found.and_then(|port| u16::try_from(port).ok()) {
        return Ok(port);
    }
    let message = match (ports, wanted) {
        ([], _) => format!("'{of}' receives no events"),
        (_, Some(wanted)) => format!("targetPort=\"{wanted}\": '{of}' has no such port that receives"),
        (_, None) => format!("'{of}' has several ports that receive: say which"),
    };
    let error = user.error(ErrorKind::Name, message);
    Err(if ports.is_empty() { error } else { error.help(format!("it has {}", ports.join(", "))) })
}

/// Weight, 1 by default, and delay in s, 0 by default.
fn weight_and_delay(connection: &Component) -> Result<(f64, f64)> {
    let delay_s = connection.parameter("delay").unwrap_or(0.0);
    if delay_s < 0.0 {
        let message = format!("a delay of {} ms: an event cannot arrive before it is sent", delay_s * 1e3);
        return Err(connection.error(ErrorKind::Value, message));
    }
    Ok((connection.parameter("weight").unwrap_or(1.0), delay_s))
}
