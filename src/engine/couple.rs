//! Contacts that read each other: what one shows is copied to the other before every step.

use std::collections::{BTreeSet, HashMap};

use super::catalog::Catalog;
use super::connect::Home;
use super::contacts::ContactPlace;
use super::crew::Groups;
use super::group::Group;
use super::laid::Places;
use super::lower::{PointHolds, peers};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Coupling, Method, Model, PointStep, PopulationCell};

/// A contact: attachments and index.
type Contact = (u32, u32);

/// Which contact each coupled contact reads.
///
/// # Errors
/// If a coupling names what does not exist, or a contact twice; if a contact that reads another is
/// coupled with none, or with one that does not expose what it reads.
pub fn partners(model: &Model) -> Result<HashMap<Contact, Contact>> {
    let mut partners = HashMap::new();
    for &Coupling { one, other } in &model.couplings {
        for (from, to) in [(one, other), (other, one)] {
            let list = model.attachments.get(from.0 as usize);
            if list.is_none_or(|list| from.1 as usize >= list.contacts.len()) {
                let message = format!(
                    "a coupling names contact {} of attachments {}, which does not exist",
                    from.1, from.0
                );
                return Err(Error::new(ErrorKind::Name, message));
            }
            if partners.insert(from, to).is_some() {
                let name = list.map_or("", |list| &list.name);
                let message = format!("contact {} of '{name}' is coupled twice", from.1);
                return Err(Error::new(ErrorKind::Value, message));
            }
        }
    }
    for (number, list) in model.attachments.iter().enumerate() {
        let reads: Vec<&str> = peers(&list.dynamics).collect();
        if reads.is_empty() {
            continue;
        }
        for contact in 0..list.contacts.len() as u32 {
            let Some(partner) = partners.get(&(number as u32, contact)) else {
                let message = format!(
                    "'{}' reads 'peer/{}', but contact {contact} is coupled with nothing",
                    list.name, reads[0]
                );
                return Err(Error::new(ErrorKind::Name, message));
            };
            let other = &model.attachments[partner.0 as usize];
            let shows = |name: &str| {
                name == "v"
                    || other.dynamics.exposed(name).is_some()
                    || cell_state(model, *partner, name).is_some()
            };
            if let Some(name) = reads.iter().find(|name| !shows(name)) {
                let message = format!(
                    "'{}' reads 'peer/{name}', which '{}' does not expose, and which is no state of its cell",
                    list.name, other.name
                );
                return Err(Error::new(ErrorKind::Name, message));
            }
        }
    }
    Ok(partners)
}

/// The index of the state that the cell without a shape on which a contact sits exposes as `name`.
fn cell_state(model: &Model, (list, _): Contact, name: &str) -> Option<usize> {
    let list = model.attachments.get(list as usize)?;
    match &model.populations.get(list.population)?.cell {
        PopulationCell::Point(cell) => cell.dynamics.state(cell.dynamics.exposed(name)?),
        _ => None,
    }
}

/// For each of the model's attachments the variables that partners read, beside the potential.
pub fn shown(model: &Model) -> Vec<Vec<String>> {
    let mut shown = vec![BTreeSet::new(); model.attachments.len()];
    for &Coupling { one, other } in &model.couplings {
        for (reader, read) in [(one.0, other.0), (other.0, one.0)] {
            let lists = (model.attachments.get(reader as usize), model.attachments.get(read as usize));
            let (Some(reader), Some(of)) = lists else { continue };
            let names = peers(&reader.dynamics).filter(|name| *name != "v");
            shown[read as usize]
                .extend(names.filter_map(|name| of.dynamics.exposed(name)).map(str::to_string));
        }
    }
    shown.into_iter().map(|names| names.into_iter().collect()).collect()
}

/// One number copied before every step.
#[derive(Debug, Clone, Copy)]
struct Copied {
    from: (u32, usize),
    to: (u32, usize),
    /// Ticks in a step of the two groups.
    ticks: u64,
    /// Where it is continued to the middle of the step: its value one step ago.
    before: Option<f64>,
    /// The number.
    value: f64,
}

/// Everything that is copied.
#[derive(Debug, Clone, Default)]
pub struct Copies {
    /// By the group that they come from.
    copies: Vec<Copied>,
    /// Their indices by the group that they go to.
    by_target: Vec<u32>,
}

impl Copies {
    /// What the couplings of `model` ask for. `places` says for each group where its instances lie.
    ///
    /// # Errors
    /// As [`partners`].
    pub fn new(
        model: &Model,
        catalog: &Catalog,
        (first_cell, homes, contacts): (&[u32], &[Home], &[Vec<ContactPlace>]),
        places: &[Places],
        groups: &[Group],
    ) -> Result<Copies> {
        let partners = partners(model)?;
        let place = |(list, contact): Contact| {
            let at = contacts[list as usize][contact as usize];
            let list = &model.attachments[list as usize];
            let cell = first_cell[list.population] + list.contacts[contact as usize].cell;
            let home = &homes[cell as usize];
            let lanes = home.placed[at.slot as usize];
            let kind = &places[home.group as usize].kinds[lanes.kind as usize];
            (home.group, kind, (lanes.first + at.instance) as usize)
        };
        // A quantity of the cell that a contact sits on.
        let of_cell = |contact: Contact, name: &str| {
            let state = cell_state(model, contact, name)?;
            let list = &model.attachments[contact.0 as usize];
            let cell = first_cell[list.population] + list.contacts[contact.1 as usize].cell;
            let home = &homes[cell as usize];
            let cells = places[home.group as usize].kinds.last()?;
            let array = catalog.kinds[cells.kind].0.array(PointHolds::State(state))?;
            Some(cells.start + array * cells.width + home.own? as usize)
        };
        // A potential that another one drives is not continued with backward Euler: that is not stable for every conductance.
        let second_order = model.run.method != Method::BackwardEuler;
        let fourth = model.run.point_step == PointStep::Fourth;
        let mut copies = Vec::new();
        for &Coupling { one, other } in &model.couplings {
            for reader in [one, other] {
                let partner = partners[&reader];
                let (group, kind, lane) = place(reader);
                let (from_group, from, from_lane) = place(partner);
                let (plan, shows) = (&catalog.kinds[kind.kind].0, &catalog.kinds[from.kind].0);
                for (index, name) in plan.peers().enumerate() {
                    let Some(to) = plan.array(PointHolds::Peer(index)) else { continue };
                    let variable = shows.dynamics.exposed(name);
                    let number = variable.and_then(|v| shows.shows.iter().position(|shown| shown == v));
                    let shown = number.and_then(|number| shows.array(PointHolds::Shown(number)));
                    let (offset, continues) = match shown {
                        _ if name == "v" => (from.v + from.on[from_lane] as usize, second_order),
                        Some(k) => (from.start + k * from.width + from_lane, false),
                        None => match of_cell(partner, name) {
                            Some(offset) => (offset, second_order || fourth),
                            None => continue,
                        },
                    };
                    copies.push(Copied {
                        from: (from_group, offset),
                        to: (group, kind.start + to * kind.width + lane),
                        ticks: groups[group as usize].clock.ticks,
                        before: continues.then_some(f64::NAN),
                        value: f64::NAN,
                    });
                }
            }
        }
        copies.sort_by_key(|copied| copied.from.0);
        let mut by_target: Vec<u32> = (0..copies.len() as u32).collect();
        by_target.sort_by_key(|&index| copies[index as usize].to.0);
        Ok(Copies { copies, by_target })
    }

    /// Forgets the values of the step before.
    pub fn start(&mut self) {
        for copied in &mut self.copies {
            copied.before = copied.before.map(|_| f64::NAN);
        }
    }

    /// Takes over the values of the step before, if the same is copied.
    pub fn go_on(&mut self, before: &Copies) {
        if self.copies.len() == before.copies.len() {
            for (copied, before) in self.copies.iter_mut().zip(&before.copies) {
                copied.before = before.before;
            }
        }
    }

    /// Copies everything between groups of which a step begins at `tick`. States of cells are continued to the middle of
    /// the step where the method is of a higher order than the first, so that the coupling too is of second order:
    /// 1.5 x(t) − 0.5 x(t − dt).
    pub fn copy(&mut self, groups: &mut impl Groups, tick: u64) {
        for of_one in self.copies.chunk_by_mut(|a, b| a.from.0 == b.from.0) {
            groups.with(of_one[0].from.0 as usize, |group| {
                for copied in of_one.iter_mut().filter(|copied| tick.is_multiple_of(copied.ticks)) {
                    copied.value = group.arena[copied.from.1];
                    if let Some(before) = copied.before.as_mut() {
                        let past = std::mem::replace(before, copied.value);
                        if !past.is_nan() {
                            copied.value = 1.5 * copied.value - 0.5 * past;
                        }
                    }
                }
            });
        }
        let copied = |&index: &u32| &self.copies[index as usize];
        for to_one in self.by_target.chunk_by(|a, b| copied(a).to.0 == copied(b).to.0) {
            groups.with(copied(&to_one[0]).to.0 as usize, |group| {
                for copied in to_one.iter().map(copied).filter(|copied| tick.is_multiple_of(copied.ticks)) {
                    group.arena[copied.to.1] = copied.value;
                }
            });
        }
    }
}
