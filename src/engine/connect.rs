//! Connections become routes: where a sender's spikes lead, group by group.

use super::contacts::ContactPlace;
use super::events::Volley;
use super::group::Group;
use super::members::PlacedLanes;
use super::senders::Senders;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Connection, Model, PopulationCell, Receiver};
use crate::vm::Target;

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

/// Where connections of one sender lead that have the same delay.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The group.
    pub group: u32,
    /// What they hit there.
    pub volley: Volley,
    /// Delay, s.
    pub delay_s: f64,
}

/// All routes, by sender.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    routes: Vec<Route>,
    /// Routes of sender `s`: `routes[first[s]..first[s + 1]]`.
    first: Vec<usize>,
}

impl Routes {
    /// Those of sender `sender`.
    pub fn from(&self, sender: u32) -> &[Route] {
        let sender = sender as usize;
        &self.routes[self.first[sender]..self.first[sender + 1]]
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }
}

/// Where one connection leads.
#[derive(Debug, Clone, Copy)]
struct Link {
    group: u32,
    kind: u32,
    port: u16,
    target: Target,
    delay_s: f64,
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
}

impl Layout<'_> {
    /// The routes of the model's connections; their targets go to the groups.
    ///
    /// # Errors
    /// If a connection leads nowhere.
    pub fn connect(&self, model: &Model, groups: &mut [Group]) -> Result<Routes> {
        if u32::try_from(model.connections.len()).is_err() {
            let message = format!("{} connections are too many", model.connections.len());
            return Err(Error::new(ErrorKind::Limit, message));
        }
        let sender = |c: &Connection| self.senders.of(model, c, self.first_cell[c.source.0]);
        let mut counts = vec![0usize; self.senders.output.len() + 1];
        for c in &model.connections {
            check_ends(model, c)?;
            counts[sender(c)? as usize + 1] += 1;
        }
        for i in 1..counts.len() {
            counts[i] += counts[i - 1];
        }
        let first = counts.clone();
        let empty =
            Link { group: 0, kind: 0, port: 0, target: Target { lane: 0, weight: 0.0 }, delay_s: 0.0 };
        let mut links = vec![empty; model.connections.len()];
        for c in &model.connections {
            let at = &mut counts[sender(c)? as usize];
            links[*at] = self.link(model, c, groups)?;
            *at += 1;
        }
        let mut routes = Routes { routes: Vec::new(), first: vec![0] };
        for sender in first.windows(2) {
            let links = &mut links[sender[0]..sender[1]];
            // Of equal ones the order of connection stays: what reaches a lane is summed in an order
            // that does not depend on the groups.
            links.sort_by(|a, b| {
                let by_receiver = (a.group, a.kind, a.port).cmp(&(b.group, b.kind, b.port));
                by_receiver.then(a.delay_s.total_cmp(&b.delay_s))
            });
            let alike = |link: &Link| (link.group, link.kind, link.port, link.delay_s);
            for same in links.chunk_by(|a, b| alike(a) == alike(b)) {
                let Link { group, kind, port, delay_s, .. } = same[0];
                let targets = &mut groups[group as usize].targets;
                let first = targets.len() as u32;
                targets.extend(same.iter().map(|link| link.target));
                let volley = Volley { kind, port, first, end: targets.len() as u32 };
                routes.routes.push(Route { group, volley, delay_s });
            }
            routes.first.push(routes.routes.len());
        }
        Ok(routes)
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
                let ports = group.cells.first().map_or(0, |cells| cells.programs.events.len());
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
