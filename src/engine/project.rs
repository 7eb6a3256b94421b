//! Projections drawn out, in parallel, into the store of connections.

use rayon::prelude::*;

use super::connect::{Home, Layout};
use super::group::Group;
use super::wires::{Link, Wires};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Model, Receptor};
use crate::vm::Target;
use crate::wiring::{Member, Row, Wiring, Work, whole_steps};

/// Sources whose connections are drawn by one thread at a time.
const CHUNK: usize = 32;
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

impl Layout<'_> {
    /// Adds the connections of projection `number`, for steps of `dt_s`.
    ///
    /// # Errors
    /// If it leads nowhere, has a delay shorter than a step, or a weight or delay that is no number.
    pub(super) fn add_projection(
        &self,
        (model, number, dt_s): (&Model, usize, f64),
        wiring: &Wiring<'_>,
        groups: &mut [Group],
        wires: &mut Wires,
    ) -> Result<()> {
        let projection = &model.projections[number];
        let named = |e: Error| e.in_element(format!("projection '{}'", projection.name));
        let places = self.places(model, number, wiring, groups).map_err(named)?;
        let within = wiring.within(model)?;
        let senders: Vec<u32> = wiring
            .sources()
            .iter()
            .map(|m| {
                let source = (m.population as usize, m.index as usize);
                self.senders.of(model, source, projection.sender, self.first_cell[source.0])
            })
            .collect::<Result<_>>()?;
        let draw_chunk = |first: usize| -> Result<Vec<(u32, Vec<Link>)>> {
            let (mut work, mut row, mut chosen) = (Work::default(), Row::default(), Vec::new());
            let mut drawn = Vec::with_capacity(CHUNK);
            for (i, &sender) in senders.iter().enumerate().skip(first).take(CHUNK) {
                wiring.row(i as u32, &mut work, &mut row)?;
                let mut links = Vec::with_capacity(row.targets.len());
                for ((&j, &weight), &delay_s) in row.targets.iter().zip(&row.weights).zip(&row.delays_s) {
                    if delay_s < dt_s * (1.0 - 1e-9) {
                        let message = format!(
                            "the delay from source {i} to target {j} is {} ms, shorter than the time step of {} ms",
                            delay_s * 1e3,
                            dt_s * 1e3
                        );
                        return Err(named(Error::new(ErrorKind::Value, message))
                            .help("lengthen the delay or shorten the step"));
                    }
                    let place = places[j as usize];
                    let delay_s = whole_steps(delay_s, dt_s);
                    let mut link = |contact: u32| {
                        let target = Target { lane: place.first + contact, weight };
                        let Place { group, kind, port, .. } = place;
                        links.push(Link { group, kind, port, target, delay_s });
                    };
                    match within.get(j as usize) {
                        Some(contacts) => contacts.iter().copied().for_each(&mut link),
                        None if place.count == 1 => link(0),
                        None => {
                            wiring.contacts((i as u32, j), place.count, &mut chosen);
                            chosen.iter().copied().for_each(&mut link);
                        }
                    }
                }
                drawn.push((sender, links));
            }
            Ok(drawn)
        };
        let firsts: Vec<usize> = (0..senders.len()).step_by(CHUNK).collect();
        for batch in firsts.chunks(BATCH) {
            let drawn: Vec<_> = batch.par_iter().map(|&first| draw_chunk(first)).collect::<Result<_>>()?;
            for (sender, mut links) in drawn.into_iter().flatten() {
                wires.add(sender, &mut links, groups)?;
            }
        }
        Ok(())
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
            let ports = group.cells.first()?.programs.events.len();
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
