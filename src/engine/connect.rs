//! Connections and projections find the lanes of their targets.

use super::contacts::ContactPlace;
use std::collections::HashSet;

use super::group::Group;
use super::members::PlacedLanes;
use super::senders::Senders;
use super::steps::Steps;
use super::tables::Table;
use super::watch::record_connections;
use super::wires::{Link, MOST_DELAYS, Routes, Wires};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Connection, Model, PopulationCell, Receiver};
use crate::simd::Level;
use crate::vm::Target;
use crate::wiring::{Wiring, whole_steps};

/// Where a cell is.
#[derive(Debug, Clone, Default)]
pub struct Home {
    /// Its group.
    pub group: u32,
    /// Where in the group the instances on it are.
    pub placed: Vec<PlacedLanes>,
    /// The lane of a point cell.
    pub own: Option<u32>,
}

/// What connections refer to.
#[derive(Debug)]
pub struct Layout<'a> {
    /// Number in the model of the first cell of each population.
    pub first_cell: &'a [u32],
    /// Where each cell is.
    pub homes: &'a [Home],
    /// Where the contacts of each of the model's attachments are.
    pub contacts: &'a [Vec<ContactPlace>],
    /// Who sends.
    pub senders: &'a Senders,
    /// Whether a sample of each projection's connections is enough.
    pub outline: bool,
}

impl Layout<'_> {
    /// The routes of the model's connections and projections, and how many connections were to be expected; their targets go to the
    /// groups, and what is recorded of connections to `tables`.
    ///
    /// # Errors
    /// If a connection leads nowhere, or a projection can not be drawn.
    pub fn connect(
        &self,
        model: &Model,
        steps: &Steps,
        level: Level,
        groups: &mut [Group],
        tables: &mut Vec<Table>,
    ) -> Result<(Routes, f64)> {
        let mut expected = model.connections.len() as f64;
        let mut wires = Wires::new(self.senders.output.len());
        self.add_connections(model, groups, &mut wires)?;
        for number in 0..model.projections.len() {
            let wiring = Wiring::new(model, number, level)?;
            let (placed, its) = self.add_projection((model, number), &wiring, groups, &mut wires)?;
            expected += its;
            record_connections(model, number, steps, &placed, groups, tables)?;
        }
        Ok((wires.finish(), expected))
    }

    /// Connections that are given one by one.
    fn add_connections(&self, model: &Model, groups: &mut [Group], wires: &mut Wires) -> Result<()> {
        if u32::try_from(model.connections.len()).is_err() {
            let message = format!("{} connections are too many", model.connections.len());
            return Err(Error::new(ErrorKind::Limit, message));
        }
        // Few connections can have but few delays.
        let in_whole_steps = model.connections.len() > MOST_DELAYS / 2 && {
            let delays: HashSet<u64> = model.connections.iter().map(|c| c.delay_s.to_bits()).collect();
            delays.len() > MOST_DELAYS / 2
        };
        let sender = |c: &Connection| self.senders.of(model, c.source, c.sender, self.first_cell[c.source.0]);
        let mut counts = vec![0usize; self.senders.output.len() + 1];
        for c in &model.connections {
            check_ends(model, c)?;
            counts[sender(c)? as usize + 1] += 1;
        }
        for i in 1..counts.len() {
            counts[i] += counts[i - 1];
        }
        let first = counts.clone();
        let mut links = vec![Link::default(); model.connections.len()];
        for c in &model.connections {
            let at = &mut counts[sender(c)? as usize];
            links[*at] = self.link(model, c, groups)?;
            if in_whole_steps {
                let dt_s = model.delay_step_s(c.source.0, c.target.0);
                links[*at].delay_s = whole_steps(c.delay_s, dt_s);
            }
            *at += 1;
        }
        for (sender, range) in first.windows(2).enumerate() {
            wires.add(sender as u32, &mut links[range[0]..range[1]], groups)?;
        }
        Ok(())
    }

    fn link(&self, model: &Model, c: &Connection, groups: &[Group]) -> Result<Link> {
        let home = &self.homes[self.first_cell[c.target.0] as usize + c.target.1];
        let (kind, lane, ports) = match c.receiver {
            Receiver::Cell => {
                let name = &model.populations[c.target.0].name;
                let (Some(lane), PopulationCell::Point(_)) = (home.own, &model.populations[c.target.0].cell)
                else {
                    let message = format!(
                        "a connection leads to cells of '{name}' themselves, which are no point cells"
                    );
                    return Err(Error::new(ErrorKind::Value, message));
                };
                let group = &groups[home.group as usize];
                let ports = group.cells.first().map_or(0, |cells| cells.events.len());
                (group.points.len() as u32, lane, ports)
            }
            _ => {
                let (lanes, instance) = self.instance(model, c, &home.placed)?;
                let points = &groups[home.group as usize].points;
                let ports = points.get(lanes.kind as usize).map_or(0, |p| p.events.len());
                (lanes.kind, lanes.first + instance, ports)
            }
        };
        if usize::from(c.port) >= ports {
            let message = format!("a connection leads to port {} of what has {ports} that receive", c.port);
            return Err(Error::new(ErrorKind::Name, message));
        }
        let target = Target { lane, weight: c.weight };
        Ok(Link { group: home.group, kind, port: c.port, target, delay_s: c.delay_s })
    }

    /// The instances that a connection leads to, and which of them.
    fn instance(&self, model: &Model, c: &Connection, placed: &[PlacedLanes]) -> Result<(PlacedLanes, u32)> {
        let wrong = |kind, message: String| Err(Error::new(kind, message));
        match c.receiver {
            Receiver::Cell => wrong(ErrorKind::Value, "a cell is no instance".to_string()),
            Receiver::Synapse { synapse, point } => match placed.get(synapse as usize) {
                None => {
                    let message = format!(
                        "a connection leads to synapse {synapse} of a cell that has {}",
                        placed.len()
                    );
                    wrong(ErrorKind::Name, message)
                }
                Some(lanes) if point >= lanes.count => {
                    let count = lanes.count;
                    let message = format!(
                        "a connection leads to point {point} of synapse {synapse}, which has {count}"
                    );
                    wrong(ErrorKind::Value, message)
                }
                Some(lanes) => Ok((*lanes, point)),
            },
            Receiver::Contact { attachments, contact } => {
                let list = model.attachments.get(attachments as usize);
                let at = self.contacts.get(attachments as usize).and_then(|l| l.get(contact as usize));
                let (Some(list), Some(at)) = (list, at) else {
                    let message = format!(
                        "a connection leads to contact {contact} of attachments {attachments}, which does not exist"
                    );
                    return wrong(ErrorKind::Name, message);
                };
                let on = (list.population, list.contacts[contact as usize].cell as usize);
                match placed.get(at.slot as usize) {
                    Some(lanes) if on == c.target => Ok((*lanes, at.instance)),
                    _ => {
                        let message = format!(
                            "a connection to contact {contact} of '{}' names another cell",
                            list.name
                        );
                        wrong(ErrorKind::Value, message)
                    }
                }
            }
        }
    }
}

fn check_ends(model: &Model, c: &Connection) -> Result<()> {
    for (what, (population, index)) in [("source", c.source), ("target", c.target)] {
        let Some(p) = model.populations.get(population) else {
            let message = format!("a connection's {what} is population {population}, which does not exist");
            return Err(Error::new(ErrorKind::Name, message));
        };
        if index >= p.size {
            return Err(Error::new(
                ErrorKind::Value,
                format!("a connection's {what} is cell {index} of '{}', which has {} cells", p.name, p.size),
            ));
        }
    }
    Ok(())
}
