//! Projections drawn out, in parallel, into the store of connections.

use rayon::prelude::*;

use super::connect::{Home, Layout};
use super::group::Group;
use super::stores::{Connected, Stores};
use super::wires::{Link, Wires};
use crate::error::{Error, ErrorKind, Result};
use crate::machine;
use crate::model::{Model, Receptor, Sender};
use crate::vm::Target;
use crate::wiring::{BYTES, BYTES_WITH_RULE, Member, Row, Wiring, Work, whole_steps};

/// Sources whose connections are drawn by one thread at a time.
const CHUNK: usize = 32;
/// Chunks that are drawn where a sample is enough.
const SAMPLE: usize = 4;
/// Chunks that are drawn before their connections are stored.
const BATCH: usize = 64;

/// What receives on one target cell.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    group: u32,
    kind: u32,
    port: u16,
    /// Lane of the first contact, and how many there are.
    first: u32,
    count: u32,
}

/// The connections of one source.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    /// Number of the sender.
    pub sender: u32,
    /// Index among the sources.
    pub source: u32,
    /// Where they lead.
    pub links: Vec<Link>,
    /// For connections with a rule: index among the targets of each.
    pub targets: Vec<u32>,
    /// The same: weight and varying parameters of each, one after the other.
    pub parameters: Vec<f64>,
}

impl Layout<'_> {
    /// Adds the connections of projection `number`; gives them if they are recorded, and how many were to be expected.
    ///
    /// # Errors
    /// If it leads nowhere, has a delay shorter than a step, or a weight or delay that is no number.
    pub(super) fn add_projection(
        &self,
        (model, number): (&Model, usize),
        wiring: &Wiring<'_>,
        groups: &mut [Group],
        wires: &mut Wires,
    ) -> Result<(Vec<Connected>, f64)> {
        let projection = &model.projections[number];
        let named = |e: Error| e.in_element(format!("projection '{}'", projection.name));
        let places = self.places(model, number, wiring, groups).map_err(named)?;
        if let Some(place) = places.iter().find(|place| !wiring.has_contacts(place.count)) {
            let message = format!("its points are not among the {} that a target cell has", place.count);
            let error = Error::new(ErrorKind::Value, message);
            return Err(named(error.help("points are counted from 0; at random, no more than there are")));
        }
        let within = wiring.within(model)?;
        let contacts = match within.is_empty() {
            true => places.iter().map(|place| wiring.contacts_of(place.count)).sum::<f64>(),
            false => within.iter().map(|list| list.len() as f64).sum(),
        };
        let expected = wiring.expected_pairs()? * contacts / (places.len() as f64).max(1.0);
        let each = match &projection.rule {
            Some(rule) => BYTES_WITH_RULE * f64::from(rule.sites),
            None => BYTES,
        };
        machine::has_room(expected * each, || format!("about {expected:.3e} connections")).map_err(named)?;
        let sender = |m: &Member| self.sender(model, m, projection.sender);
        let senders: Vec<u32> = wiring.sources().iter().map(sender).collect::<Result<_>>()?;
        let mut stores = match &projection.rule {
            Some(rule) => Some(Stores::new(self, model, number, rule, wiring).map_err(named)?),
            None => None,
        };
        let has_rule = stores.is_some();
        let sites = projection.rule.as_ref().map_or(1, |rule| rule.sites.max(1));
        let draw_chunk = |first: usize| -> Result<Vec<Drawn>> {
            let (mut work, mut row, mut chosen) = (Work::default(), Row::default(), Vec::new());
            let mut chunk = Vec::with_capacity(CHUNK);
            for (i, &sender) in senders.iter().enumerate().skip(first).take(CHUNK) {
                wiring.row(i as u32, &mut work, &mut row)?;
                let mut drawn = Drawn { sender, source: i as u32, ..Drawn::default() };
                drawn.links.reserve(row.targets.len());
                let from = wiring.sources()[i].population as usize;
                let values = row.targets.iter().zip(&row.weights).zip(&row.delays_s);
                for (at, ((&j, &weight), &delay_s)) in values.enumerate() {
                    let to = wiring.targets()[j as usize].population as usize;
                    let (dt_s, heard_s) = (model.delay_step_s(from, to), model.step_s(to));
                    if delay_s < heard_s * (1.0 - 1e-9) {
                        let message = format!(
                            "the delay from source {i} to target {j} is {} ms, shorter than the time step of {} ms of '{}'",
                            delay_s * 1e3,
                            heard_s * 1e3,
                            model.populations[to].name
                        );
                        return Err(named(Error::new(ErrorKind::Value, message))
                            .help("lengthen the delay or shorten the step"));
                    }
                    let place = places[j as usize];
                    let delay_s = whole_steps(delay_s, dt_s);
                    let Drawn { links, targets, parameters, .. } = &mut drawn;
                    // Release sites share the weight.
                    let weight = weight / f64::from(sites);
                    let mut site = |contact: u32| {
                        let target = Target { lane: place.first + contact, weight };
                        let Place { group, kind, port, .. } = place;
                        links.push(Link { group, kind, port, target, delay_s });
                        if has_rule {
                            targets.push(j);
                            parameters.push(weight);
                            parameters.extend(row.parameters.iter().map(|values| values[at]));
                        }
                    };
                    let mut link = |contact: u32| (0..sites).for_each(|_| site(contact));
                    match within.get(j as usize) {
                        Some(contacts) => contacts.iter().copied().for_each(&mut link),
                        None if place.count == 1 => link(0),
                        None => {
                            wiring.contacts((i as u32, j), place.count, &mut chosen);
                            chosen.iter().copied().for_each(&mut link);
                        }
                    }
                }
                chunk.push(drawn);
            }
            Ok(chunk)
        };
        let chunks = senders.len().div_ceil(CHUNK);
        let step = if self.outline { chunks.div_ceil(SAMPLE).max(1) } else { 1 };
        let firsts: Vec<usize> = (0..chunks).step_by(step).map(|chunk| chunk * CHUNK).collect();
        for batch in firsts.chunks(BATCH) {
            let chunks: Vec<_> = batch.par_iter().map(|&first| draw_chunk(first)).collect::<Result<_>>()?;
            for mut drawn in chunks.into_iter().flatten() {
                if let Some(stores) = &mut stores {
                    stores.take(&mut drawn, groups);
                }
                wires.add(drawn.sender, &mut drawn.links, groups)?;
            }
        }
        match stores {
            Some(stores) => Ok((stores.finish(groups, wires)?, expected)),
            None if projection.recordings.is_empty() => Ok((Vec::new(), expected)),
            None => {
                let message = "its connections have no states to record: it has no plasticity";
                Err(named(Error::new(ErrorKind::Value, message)))
            }
        }
    }

    /// The number of `sender` on a cell.
    pub(super) fn sender(&self, model: &Model, member: &Member, sender: Sender) -> Result<u32> {
        let cell = (member.population as usize, member.index as usize);
        self.senders.of(model, cell, sender, self.first_cell[cell.0])
    }

    /// What receives on each target.
    fn places(
        &self,
        model: &Model,
        number: usize,
        wiring: &Wiring<'_>,
        groups: &[Group],
    ) -> Result<Vec<Place>> {
        let projection = &model.projections[number];
        if projection.receptors.len() != projection.target.parts.len() {
            let (n, parts) = (projection.receptors.len(), projection.target.parts.len());
            return Err(Error::new(ErrorKind::Value, format!("{n} receptors for {parts} populations")));
        }
        let place = |member: &Member| {
            let receptor = projection.receptors[member.part as usize];
            let home =
                &self.homes[self.first_cell[member.population as usize] as usize + member.index as usize];
            place(receptor, home, &groups[home.group as usize]).ok_or_else(|| {
                let population = &model.populations[member.population as usize].name;
                let message = format!("cells of '{population}' have no such receptor");
                Error::new(ErrorKind::Name, message)
            })
        };
        wiring.targets().iter().map(place).collect()
    }
}

fn place(receptor: Receptor, home: &Home, group: &Group) -> Option<Place> {
    let (kind, first, count, ports) = match receptor.synapse {
        None => {
            let ports = group.cells.first()?.events.len();
            (group.points.len() as u32, home.own?, 1, ports)
        }
        Some(synapse) => {
            let lanes = home.placed.get(synapse as usize)?;
            let ports = group.points.get(lanes.kind as usize)?.events.len();
            (lanes.kind, lanes.first, lanes.count, ports)
        }
    };
    let port = receptor.port;
    (usize::from(port) < ports).then_some(Place { group: home.group, kind, port, first, count })
}
