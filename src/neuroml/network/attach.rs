//! Synapses and inputs on cells: contacts, one each or shared.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::Reader;
use super::places::At;
use crate::dynamics::{Dynamics, released, superposes};
use crate::error::{ErrorKind, Result, nearest};
use crate::lems::{Component, Set};
use crate::model::{Attachments, Contact, PopulationCell};

/// A synapse or an input, flattened.
#[derive(Debug, Clone)]
pub(super) struct Kind {
    pub(super) dynamics: Arc<Dynamics>,
    pub(super) component_type: String,
    /// Exposures that are currents into a cell: `i`, or `I` without units.
    currents: Vec<String>,
    /// Whether instances at one place act together as one.
    superposes: bool,
    /// Whether anything happens when an event arrives.
    pub(super) acts_on_events: bool,
    /// Whether it reads the other side of a coupling.
    pub(super) reads_peer: bool,
}

/// Where contacts are kept.
#[derive(Debug, Default)]
pub(super) struct Contacts<'a> {
    /// Attachments by population, component and the list of the cell's that they are in, if that is said.
    lists: HashMap<(usize, usize, Option<&'a str>), List>,
}

/// What is known of one of the model's attachments.
#[derive(Debug)]
struct List {
    /// Its index.
    attachments: usize,
    /// Contacts that others may share, by cell and place.
    shared: HashMap<(u32, u32, u64), u32>,
}

/// A contact: index of the attachments and in them.
pub(super) type ContactIndex = (u32, u32);

/// The ids in paths such as `pop[0]/synapses:AMPA:1/g`, in all documents read.
pub(super) fn watched(paths: &[String]) -> BTreeSet<String> {
    let ids = paths.iter().flat_map(|path| path.split('/')).filter_map(|part| {
        match part.split(':').collect::<Vec<_>>()[..] {
            [_, id, _] => Some(id.to_string()),
            _ => None,
        }
    });
    ids.collect()
}

/// The ids in paths such as `pop[0]/AMPA/g` or `pop[0]/synapses:AMPA:1/g`, among other names.
pub(super) fn named(paths: &[String]) -> BTreeSet<String> {
    let part = |part: &str| part.split(':').nth(1).unwrap_or(part).to_string();
    paths.iter().flat_map(|path| path.split('/')).map(part).collect()
}

/// The texts of the document, outside of networks, that may be paths.
pub(super) fn paths(set: &Set) -> Vec<String> {
    let mut out = Vec::new();
    set.components().for_each(|component| gather_paths(component, set, &mut out));
    out
}

fn gather_paths(component: &Component, set: &Set, out: &mut Vec<String>) {
    // What is recorded is not said in networks, which are large.
    if !component.children.is_empty() && set.is_a(&component.component_type, "network") {
        return;
    }
    let texts = component.texts.iter().map(|(_, text)| text);
    out.extend(texts.filter(|text| text.contains('/')).cloned());
    let mut children = component.children.cursor_holding('/');
    while let Some(child) = children.next() {
        gather_paths(child, set, out);
    }
}

impl<'a> Reader<'a, '_> {
    /// The synapse or input `id` that the attribute `key` of `user` names.
    pub(super) fn kind(&mut self, user: &Component, key: &str) -> Result<Arc<Kind>> {
        let Some(id) = user.reference(key) else {
            return Err(user.error(ErrorKind::Syntax, format!("attribute '{key}' is missing")));
        };
        if let Some(known) = self.kinds.get(id) {
            return Ok(Arc::clone(known));
        }
        let Some(component) = self.set.component(id) else {
            let error = user.error(ErrorKind::Name, format!("{key}=\"{id}\": there is no component '{id}'"));
            let fits = |c: &&Component| self.set.is_a(&c.component_type, "basePointCurrent");
            let known = self.set.components().filter(fits).filter_map(|c| c.id.as_deref());
            return Err(match nearest(id, known) {
                Some(near) => error.help(format!("did you mean '{near}'?")),
                None => error,
            });
        };
        // Somebody may listen to what a path names.
        let is_named = component.id.as_deref().is_some_and(|id| self.named.contains(id));
        let dynamics =
            if is_named { self.set.flatten_open(component)? } else { self.set.flatten(component)? };
        let dynamics = released(&dynamics, "i").unwrap_or(dynamics);
        let currents: Vec<String> = ["i", "I"]
            .into_iter()
            .filter(|name| dynamics.exposed(name).is_some())
            .map(str::to_string)
            .collect();
        if currents.is_empty() {
            let message =
                format!("{key}=\"{id}\" is a {}, which gives no current to a cell", component.component_type);
            let error = user.error(ErrorKind::Value, message);
            return Err(error.help("expected a synapse or an input, which expose 'i'"));
        }
        self.note_temperature(id, &dynamics);
        let kind = Arc::new(Kind {
            superposes: currents.iter().all(|current| superposes(&dynamics, current)),
            currents,
            component_type: component.component_type.clone(),
            acts_on_events: dynamics.events.iter().any(|e| !e.assignments.is_empty() || !e.sends.is_empty()),
            reads_peer: dynamics.inputs.iter().any(|input| input.name.starts_with("peer/")),
            dynamics: Arc::new(dynamics),
        });
        self.kinds.insert(component.id.as_deref().unwrap_or_default(), Arc::clone(&kind));
        Ok(kind)
    }

    /// Puts an instance of `kind` at `at`; `shared` if one for all events at that place is enough.
    pub(super) fn attach(
        &mut self,
        user: &Component,
        kind: &Arc<Kind>,
        at: At,
        weight: f64,
        shared: bool,
    ) -> Result<ContactIndex> {
        let list = self.destination(user, at.population)?;
        let key = (at.population, Arc::as_ptr(kind) as usize, list);
        if !self.contacts.lists.contains_key(&key) {
            self.check_takes(user, kind, at.population)?;
            let attachments = self.out.model.attachments.len();
            self.out.model.attachments.push(Attachments {
                name: kind.dynamics.name.clone(),
                population: at.population,
                list: list.map(str::to_string),
                dynamics: Arc::clone(&kind.dynamics),
                contacts: Vec::new(),
            });
            self.contacts.lists.insert(key, List { attachments, shared: HashMap::new() });
        }
        let too_many = || user.error(ErrorKind::Limit, "more synapses and inputs than can be numbered");
        let cell = u32::try_from(at.cell).map_err(|_| too_many())?;
        let Some(list) = self.contacts.lists.get_mut(&key) else { return Err(too_many()) };
        let index = u32::try_from(list.attachments).map_err(|_| too_many())?;
        let contacts = &mut self.out.model.attachments[list.attachments].contacts;
        let next = u32::try_from(contacts.len()).map_err(|_| too_many())?;
        if shared && kind.superposes && !self.watched.contains(kind.dynamics.name.as_str()) {
            let place = at.location.map_or((0, 0), |l| (l.section.0, l.fraction.to_bits()));
            let known = *list.shared.entry((cell, place.0, place.1)).or_insert(next);
            if known == next {
                contacts.push(Contact { cell, location: at.location, weight: 1.0 });
            }
            return Ok((index, known));
        }
        contacts.push(Contact { cell, location: at.location, weight });
        Ok((index, next))
    }

    /// That cells of `population` take what `kind` gives.
    fn check_takes(&mut self, user: &Component, kind: &Kind, population: usize) -> Result<()> {
        let name = &self.out.populations[population].path;
        let gives = || kind.currents.join(" and ");
        let refused = |message: String| Err(user.error(ErrorKind::Value, message));
        match &self.out.model.populations[population].cell {
            PopulationCell::Cable(_) if kind.currents.iter().any(|current| current == "i") => Ok(()),
            PopulationCell::Cable(_) => refused(format!(
                "'{}' gives {} without units: '{name}' takes 'i'",
                kind.dynamics.name,
                gives()
            )),
            PopulationCell::SpikeTimes(_) => {
                refused(format!("'{name}' is a list of spike times: nothing can be attached to it"))
            }
            PopulationCell::Point(cell) => {
                let taken = || cell.dynamics.inputs.iter().filter_map(|i| Some(i.name.split_once("[*]/")?.1));
                if taken().any(|wanted| kind.currents.iter().any(|current| current == wanted))
                    || cell.dynamics.inputs.iter().any(|i| i.name == "iSyn")
                {
                    return Ok(());
                }
                let of = &cell.dynamics.component_type;
                let wanted: BTreeSet<&str> = taken().collect();
                let fits = |slot: &(String, String)| {
                    slot.1.is_empty() || self.set.is_a(&kind.component_type, &slot.1)
                };
                if wanted.is_empty() && cell.dynamics.attachments.iter().any(fits) {
                    let message =
                        format!("the cells of '{name}' do not read the current of what is attached to them");
                    self.warn("current-not-read", message, user);
                    return Ok(());
                }
                if wanted.is_empty() {
                    return refused(format!(
                        "nothing can be attached to the cells of '{name}': a {of} takes no current"
                    ));
                }
                let wanted: Vec<&str> = wanted.into_iter().collect();
                refused(format!(
                    "'{}' gives {}, and the cells of '{name}' (a {of}) take {}",
                    kind.dynamics.name,
                    gives(),
                    wanted.join(", ")
                ))
            }
        }
    }

    /// Which of several lists of attachments of the cells of `population` the attribute `destination` of `user`
    /// names.
    fn destination(&mut self, user: &Component, population: usize) -> Result<Option<&'a str>> {
        let Some(destination) = user.text("destination").filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let of = match &self.out.model.populations[population].cell {
            PopulationCell::Point(cell) => cell.dynamics.component_type.clone(),
            _ => {
                let component = self.set.component(&self.out.populations[population].component);
                component.map(|component| component.component_type.clone()).unwrap_or_default()
            }
        };
        let Some(of) = self.set.component_type(&of).filter(|of| !of.attachments.is_empty()) else {
            return Ok(None);
        };
        if let Some(slot) = of.attachments.iter().find(|slot| slot.name == destination) {
            let is_cable = matches!(self.out.model.populations[population].cell, PopulationCell::Cable(_));
            if is_cable && destination != "synapses" {
                let message = format!(
                    "destination=\"{destination}\": a cell with a shape reads its attachments 'synapses' alone"
                );
                return Err(user.error(ErrorKind::Unsupported, message));
            }
            return Ok((of.attachments.len() > 1 && !is_cable).then_some(slot.name.as_str()));
        }
        let known: BTreeMap<&str, ()> = of.attachments.iter().map(|slot| (slot.name.as_str(), ())).collect();
        let known: Vec<&str> = known.into_keys().collect();
        let message = format!(
            "destination=\"{destination}\": a {} takes attachments at {}, which is used",
            of.name,
            known.join(", ")
        );
        self.warn("other-destination", message, user);
        Ok(None)
    }
}
