//! Paths of quantities: `pop[0]/v`, `pop/0/cell/3/v`, `pop[2]/syn1/g`.
//!
//! A path leads from the target through a population to a cell, on a cell with a shape maybe to a
//! segment, and then to a variable of the cell or of something attached to it.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::structure::{self, Elaborated};
use super::{CellVariable, Named, Network, SegmentPlace, Shaped};
use crate::dynamics::Dynamics;
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::model::{PopulationCell, Site};
use crate::select::{Points, Region};

/// Most parts of a path.
const MAX_STEPS: usize = 64;
/// Most names that an error lists.
const SHOWN: usize = 12;

/// What is simulated.
#[derive(Debug)]
pub(super) enum Parts<'a> {
    /// A network of NeuroML.
    Populations(Box<Network>),
    /// What a component is made of by its type's structure.
    Instances(Box<Elaborated<'a>>),
}

impl Parts<'_> {
    fn network(&self) -> &Network {
        match self {
            Parts::Populations(network) => network,
            Parts::Instances(instances) => &instances.network,
        }
    }

    pub(super) fn network_mut(&mut self) -> &mut Network {
        match self {
            Parts::Populations(network) => network,
            Parts::Instances(instances) => &mut instances.network,
        }
    }

    /// The populations alone.
    pub(super) fn into_network(self) -> Network {
        match self {
            Parts::Populations(network) => *network,
            Parts::Instances(instances) => instances.network,
        }
    }
}

/// Something that can be recorded.
#[derive(Debug)]
pub(super) struct Found {
    /// Index of the population.
    pub population: usize,
    /// The cell in it.
    pub cell: usize,
    /// Where on it.
    pub site: Site,
    /// What there.
    pub variable: String,
    /// How many other things the path could mean as well.
    pub others: usize,
    /// A part of the path that is no name of the cell's component, and was passed over.
    pub astray: Option<String>,
}

/// A part of a path between slashes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step<'t> {
    /// As written.
    pub text: &'t str,
    /// Without an index in brackets.
    pub name: &'t str,
    /// The index in brackets.
    pub index: Option<usize>,
}

/// Something attached to a cell: attachments and contact, the rest of the path, how many others it could be.
type Attached<'s, 't> = ((u32, u32), &'s [Step<'t>], usize);

/// For each cell (population, cell) its contacts, as indices of attachments and contact.
type Contacts = BTreeMap<(usize, u32), Vec<(u32, u32)>>;

/// Finds what paths lead to in one network.
#[derive(Debug)]
pub(super) struct Paths<'a> {
    target: &'a str,
    pub(super) network: &'a Network,
    /// For what is no network of NeuroML: it knows its paths itself.
    pub(super) instances: Option<&'a Elaborated<'a>>,
    populations: BTreeMap<&'a str, usize>,
    contacts: OnceCell<Contacts>,
}

/// A cell and what of a path is left behind it.
pub(super) struct AtCell<'a, 't> {
    pub population: usize,
    pub cell: usize,
    pub named: &'a Named,
    pub rest: Vec<Step<'t>>,
}

impl<'a> Paths<'a> {
    /// Paths from the component `target`, which is made of `parts`.
    pub(super) fn new(target: &'a str, parts: &'a Parts<'a>) -> Paths<'a> {
        let instances = match parts {
            Parts::Populations(_) => None,
            Parts::Instances(instances) => Some(&**instances),
        };
        let network = parts.network();
        let populations = network.populations.iter().enumerate().map(|(at, p)| (p.path.as_str(), at));
        let contacts = OnceCell::new();
        Paths { target, network, instances, populations: populations.collect(), contacts }
    }

    /// What the path `quantity` leads to.
    ///
    /// # Errors
    /// If it leads to nothing: says what there is.
    pub(super) fn quantity(&self, quantity: &str) -> Result<Found> {
        let steps = steps(quantity)?;
        if let Some(instances) = self.instances {
            return self.of_instances(instances, &steps);
        }
        let at = self.cell(quantity, &steps)?;
        let error = match self.on_cell(&at) {
            Ok(found) => return Ok(found),
            Err(error) => error,
        };
        // Lists of cells put the cell's component between its index and its parts.
        if at.rest.first().is_some_and(|step| step.text == at.named.component) {
            let rest = at.rest[1..].to_vec();
            return self.on_cell(&AtCell { rest, ..at });
        }
        // The number of a cell says all: another component's name behind it is passed over.
        if let [first, second, rest @ ..] = at.rest.as_slice()
            && at.named.shaped.is_some()
            && first.number().is_none()
            && (second.number().is_some() || rest.is_empty())
        {
            let astray = Some(first.text.to_string());
            let rest = at.rest[1..].to_vec();
            if let Ok(found) = self.on_cell(&AtCell { rest, ..at }) {
                return Ok(Found { astray, ..found });
            }
        }
        Err(error)
    }

    fn of_instances(&self, instances: &Elaborated<'_>, steps: &[Step<'_>]) -> Result<Found> {
        let place = self.instance(instances, steps)?;
        let found = |population, cell, variable| Found {
            population,
            cell,
            site: Site::Cell,
            variable,
            others: 0,
            astray: None,
        };
        match place {
            structure::Found::Cell { population, cell, name } => {
                let PopulationCell::Point(of) = &self.network.model.populations[population].cell else {
                    return Err(Error::new(ErrorKind::Unsupported, format!("'{name}' cannot be recorded")));
                };
                Ok(found(population, cell, named(&of.dynamics, name)?))
            }
            structure::Found::Cable { population, cell, rest } => {
                let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
                let Some(shaped) = &self.network.populations[population].shaped else {
                    return Err(Error::new(ErrorKind::Name, format!("'{}' leads nowhere", rest.join("/"))));
                };
                let (site, variable) = on_shape(shaped, &rest)?;
                Ok(Found { population, cell, site, variable, others: 0, astray: None })
            }
            structure::Found::Contact { attachments, contact, name } => {
                let list = &self.network.model.attachments[attachments];
                let cell = list.contacts[contact].cell;
                // The number among those on the same cell.
                let number = list.contacts[..contact].iter().filter(|other| other.cell == cell).count();
                let variable = format!("{}[{number}].{}", list.name, named(&list.dynamics, name)?);
                Ok(found(list.population, cell as usize, variable))
            }
        }
    }

    /// What a path leads to in a component with a structure; its own id may lead.
    pub(super) fn instance(
        &self,
        instances: &Elaborated<'_>,
        steps: &[Step<'_>],
    ) -> Result<structure::Found> {
        let joined = |steps: &[Step<'_>]| steps.iter().map(|s| s.text).collect::<Vec<_>>().join("/");
        instances.find(&joined(steps)).or_else(|error| match steps.split_first() {
            Some((first, tail)) if first.text == self.target && !tail.is_empty() => {
                instances.find(&joined(tail))
            }
            _ => Err(error),
        })
    }

    /// The cell that a path leads to: the longest beginning that names a population counts.
    pub(super) fn cell<'t>(&self, path: &str, steps: &[Step<'t>]) -> Result<AtCell<'a, 't>> {
        if let Some(found) = self.in_population(steps) {
            return found;
        }
        // The target's own id may lead.
        let tail = steps.split_first().filter(|(first, tail)| first.text == self.target && !tail.is_empty());
        let tail = tail.map(|(_, tail)| tail);
        if let Some(found) = tail.and_then(|tail| self.in_population(tail)) {
            return found;
        }
        let whole = || self.populations.get("").map(|at| self.at(*at, 0, tail.unwrap_or(steps)));
        match whole() {
            Some(found) => found,
            None => Err(self.no_population(path, steps)),
        }
    }

    fn in_population<'t>(&self, steps: &[Step<'t>]) -> Option<Result<AtCell<'a, 't>>> {
        for count in (1..=steps.len()).rev() {
            let (head, rest) = steps.split_at(count);
            let Some((last, before)) = head.split_last() else { continue };
            let joined = |last: &str| {
                let mut path: String = before.iter().flat_map(|step| [step.text, "/"]).collect();
                path.push_str(last);
                path
            };
            if let Some(&at) =
                self.populations.get(joined(last.text).as_str()).filter(|_| !last.text.is_empty())
            {
                return Some(self.member(at, rest));
            }
            if let Some(index) = last.index
                && let Some(&at) = self.populations.get(joined(last.name).as_str())
            {
                return Some(self.at(at, index, rest));
            }
        }
        None
    }

    /// A cell of a population by the number that follows its name.
    fn member<'t>(&self, population: usize, rest: &[Step<'t>]) -> Result<AtCell<'a, 't>> {
        let of = &self.network.model.populations[population];
        match rest.split_first().and_then(|(first, rest)| Some((first.number()?, rest))) {
            Some((index, rest)) => self.at(population, index, rest),
            None if of.size == 1 => self.at(population, 0, rest),
            None => {
                let name = &self.network.populations[population].path;
                let message = format!("'{name}' has {} cells and the path does not say which", of.size);
                Err(Error::new(ErrorKind::Name, message).help(format!("such as {name}[0]")))
            }
        }
    }

    fn at<'t>(&self, population: usize, cell: usize, rest: &[Step<'t>]) -> Result<AtCell<'a, 't>> {
        let size = self.network.model.populations[population].size;
        let named = &self.network.populations[population];
        let Some(cell) = named.cell(cell as u64, size) else {
            let message = format!("there is no cell {cell} in '{}', which has {size}", named.path);
            let error = Error::new(ErrorKind::Name, message);
            let last = size.saturating_sub(1);
            return Err(if named.ids.is_empty() {
                error.help(format!("they are numbered 0 to {last}"))
            } else {
                error.help("they have the ids of its instances")
            });
        };
        Ok(AtCell { population, cell, named, rest: rest.to_vec() })
    }

    fn no_population(&self, path: &str, steps: &[Step<'_>]) -> Error {
        let error = Error::new(ErrorKind::Name, format!("'{path}' leads to nothing that is simulated"));
        let name = steps.first().map_or("", |step| step.name);
        match nearest(name, self.populations.keys().copied()) {
            Some(near) => error.help(format!("did you mean '{near}'?")),
            None => error.help(format!(
                "there are {}",
                listed(self.network.populations.iter().map(|p| p.path.as_str()))
            )),
        }
    }

    /// What the rest of a path is on its cell.
    fn on_cell(&self, at: &AtCell<'_, '_>) -> Result<Found> {
        let found = |site: Site, variable: String, others: usize| Found {
            population: at.population,
            cell: at.cell,
            site,
            variable,
            others,
            astray: None,
        };
        let population = &self.network.model.populations[at.population];
        let error = match (&population.cell, &at.named.shaped) {
            (PopulationCell::Point(cell), _) => match variable(&cell.dynamics, &at.rest) {
                Ok(variable) => return Ok(found(Site::Cell, variable, 0)),
                Err(error) => error,
            },
            (PopulationCell::Cable(_), Some(shaped)) => {
                let rest: Vec<&str> = at.rest.iter().map(|step| step.text).collect();
                match on_shape(shaped, &rest) {
                    Ok((site, variable)) => return Ok(found(site, variable, 0)),
                    Err(error) => error,
                }
            }
            (PopulationCell::Cable(_), None) => {
                let message = format!("'{}' has no shape to find places on", population.name);
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
            (PopulationCell::SpikeTimes(_), _) => {
                let message = format!("'{}' is a list of spike times: it has no quantities", population.name);
                return Err(Error::new(ErrorKind::Value, message));
            }
        };
        match self.attached(at)? {
            Some((variable, others)) => Ok(found(Site::Cell, variable, others)),
            None => Err(error),
        }
    }

    /// A variable of something attached to the cell: `syn1/g`, `synapses:syn1:0/g`, `synapses[0]/g`. As
    /// the engine names it, and how many others fit.
    fn attached(&self, at: &AtCell<'_, '_>) -> Result<Option<(String, usize)>> {
        let Some(((attachments, contact), rest, others)) = self.contact(at)? else { return Ok(None) };
        // The number among those of the same list on this cell.
        let list = &self.network.model.attachments[attachments as usize];
        let before = list.contacts[..contact as usize].iter();
        let number_in_list = before.filter(|other| other.cell == at.cell as u32).count();
        let variable = variable(&list.dynamics, rest)?;
        Ok(Some((format!("{}[{number_in_list}].{variable}", list.name), others)))
    }

    /// Something attached to the cell, as attachments and contact; what is left of the path behind it, and how many
    /// others fit.
    pub(super) fn contact<'s, 't>(&self, at: &'s AtCell<'_, 't>) -> Result<Option<Attached<'s, 't>>> {
        // On a cell with a shape the path may name the segment that it sits on.
        let (segment, rest) = match (&at.named.shaped, at.rest.split_first()) {
            (Some(shaped), Some((first, rest))) if first.number().is_some() => {
                let id = first.number().unwrap_or_default() as u64;
                (shaped.segments.iter().find(|segment| segment.id == id), rest)
            }
            _ => (None, at.rest.as_slice()),
        };
        let Some((first, rest)) = rest.split_first() else { return Ok(None) };
        let contacts = self.contacts.get_or_init(|| self.collect());
        let Some(here) = contacts.get(&(at.population, at.cell as u32)) else { return Ok(None) };
        let parts: Vec<&str> = first.name.split(':').collect();
        let (component, number) = match parts.as_slice() {
            [name] if *name == "synapses" => (None, first.index),
            [name] => (Some(*name), first.index),
            [_, component] => (Some(*component), first.index),
            [_, component, number] => (Some(*component), number.parse().ok()),
            _ => return Ok(None),
        };
        let list = |attachments: u32| &self.network.model.attachments[attachments as usize];
        let fits = |(attachments, contact): &(u32, u32)| {
            let list = list(*attachments);
            let on_segment = |segment: &SegmentPlace| {
                let place = list.contacts[*contact as usize].location;
                place.is_some_and(|place| segment.holds(place))
            };
            component.is_none_or(|name| list.dynamics.name == name || list.name == name)
                && segment.is_none_or(on_segment)
        };
        let fitting: Vec<(u32, u32)> = here.iter().copied().filter(fits).collect();
        let chosen = number.unwrap_or(0);
        let Some(&contact) = fitting.get(chosen) else {
            let message = match fitting.len() {
                0 => return Ok(None),
                count => format!("'{}': the cell has {count} of them there, numbered from 0", first.text),
            };
            return Err(Error::new(ErrorKind::Name, message));
        };
        let others = if number.is_none() { fitting.len() - 1 } else { 0 };
        Ok(Some((contact, rest, others)))
    }

    fn collect(&self) -> Contacts {
        let mut contacts = Contacts::new();
        for (a, attachments) in self.network.model.attachments.iter().enumerate() {
            for (c, contact) in attachments.contacts.iter().enumerate() {
                let here = contacts.entry((attachments.population, contact.cell)).or_default();
                here.push((a as u32, c as u32));
            }
        }
        contacts
    }
}

impl Step<'_> {
    /// The whole step as a number.
    pub(super) fn number(&self) -> Option<usize> {
        if self.text.bytes().all(|b| b.is_ascii_digit()) { self.text.parse().ok() } else { None }
    }
}

/// The parts of a path. A slash at the end means nothing.
pub(super) fn steps(path: &str) -> Result<Vec<Step<'_>>> {
    let wrong = |what: &str| {
        let error = Error::new(ErrorKind::Syntax, format!("'{path}' is no path: {what}"));
        Err(error.help("paths are like pop[0]/v or pop/0/cell/v"))
    };
    let trimmed = path.trim();
    let trimmed = trimmed.strip_suffix('/').unwrap_or(trimmed);
    let mut steps = Vec::new();
    for text in trimmed.split('/') {
        if text.is_empty() {
            return wrong("nothing stands between two slashes");
        }
        if steps.len() == MAX_STEPS {
            return wrong("it has too many parts");
        }
        let step = match text.split_once('[') {
            None => Step { text, name: text, index: None },
            Some((name, index)) => {
                match index.strip_suffix(']').and_then(|index| index.trim().parse().ok()) {
                    Some(index) => Step { text, name, index: Some(index) },
                    None => return wrong("expected a whole number in brackets"),
                }
            }
        };
        steps.push(step);
    }
    Ok(steps)
}

/// Where on a cell with a shape, and what, the rest of a path means.
fn on_shape(shaped: &Shaped, rest: &[&str]) -> Result<(Site, String)> {
    let CellVariable { location, variable } = shaped.variable(rest)?;
    let section = Region::Section(shaped.cell.morphology.section(location.section).name.clone());
    Ok((Site::Points(Points::At(section, location.fraction)), variable))
}

/// The flat name in `dynamics` that the rest of a path means.
fn variable(dynamics: &Dynamics, rest: &[Step<'_>]) -> Result<String> {
    let names: Vec<&str> = rest.iter().map(|step| step.text).collect();
    named(dynamics, names.join("/"))
}

/// `name` if `dynamics` has it.
fn named(dynamics: &Dynamics, name: String) -> Result<String> {
    if dynamics.exposed(&name).is_some() {
        return Ok(name);
    }
    let states = dynamics.states.iter().chain(&dynamics.inputs).map(|v| v.name.as_str());
    let derived = dynamics.derived.iter().map(|d| d.name.as_str());
    let parameters = dynamics.parameters.iter().map(|p| p.name.as_str());
    if states.chain(derived).chain(parameters).any(|known| known == name) {
        return Ok(name);
    }
    let known = || dynamics.exposures.iter().map(|(exposed, _)| exposed.as_str());
    let what = &dynamics.name;
    if name.is_empty() {
        let message = format!("the path ends at '{what}' and names no quantity of it");
        return Err(Error::new(ErrorKind::Name, message).help(format!("it has {}", listed(known()))));
    }
    let error = Error::new(ErrorKind::Name, format!("'{what}' has no quantity '{name}'"));
    Err(match nearest(&name, known()) {
        Some(near) => error.help(format!("did you mean '{near}'? it has {}", listed(known()))),
        None => error.help(format!("it has {}", listed(known()))),
    })
}

/// Names for people, the first of many.
pub(super) fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut shown: Vec<&str> = names.take(SHOWN + 1).collect();
    match shown.len() {
        0 => "nothing".to_string(),
        n if n > SHOWN => {
            shown.truncate(SHOWN);
            format!("{}, …", shown.join(", "))
        }
        _ => shown.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::dynamics::Variable;
    use crate::model::{Attachments, Contact, Model, PointCell, Sender};
    use crate::units::Dimension;

    fn dynamics(name: &str, states: &[&str]) -> Arc<Dynamics> {
        let variable = |name: &&str| Variable { name: (*name).into(), dimension: Dimension::NONE };
        let states: Vec<Variable> = states.iter().map(variable).collect();
        let exposures = states.iter().map(|s| (s.name.clone(), s.name.clone())).collect();
        let out_ports = vec!["spike".to_string()];
        Arc::new(Dynamics { name: name.into(), states, exposures, out_ports, ..Dynamics::default() })
    }

    fn network(populations: &[(&str, usize)]) -> Parts<'static> {
        let mut model = Model::new("test", 1.0, 0.1, 280.0);
        let mut named = Vec::new();
        for (path, size) in populations {
            let cell =
                PointCell { dynamics: dynamics("hh", &["v", "na/m/q"]), source: None, synapses: Vec::new() };
            model.add_population(*path, *size, PopulationCell::Point(Arc::new(cell)));
            named.push(Named { path: (*path).into(), component: "hh".into(), ..Named::default() });
        }
        let (assumptions, warnings) = (Vec::new(), Vec::new());
        Parts::Populations(Box::new(Network { model, populations: named, assumptions, warnings }))
    }

    fn found(parts: &Parts<'_>, quantity: &str) -> (usize, usize, String) {
        let found = Paths::new("net1", parts).quantity(quantity).unwrap();
        (found.population, found.cell, found.variable)
    }

    #[test]
    fn the_ways_to_name_a_cell() {
        let network = network(&[("pop", 3), ("single", 1), ("a/b", 2), ("p[1]/c", 4)]);
        for path in ["pop[2]/v", "pop/2/v", "pop/2/hh/v", "net1/pop[2]/v", "net1/pop/2/hh/v", "pop[2]/v/"] {
            assert_eq!(found(&network, path), (0, 2, "v".into()), "{path}");
        }
        assert_eq!(found(&network, "pop/0/hh/na/m/q"), (0, 0, "na/m/q".into()));
        assert_eq!(found(&network, "single/v"), (1, 0, "v".into()));
        assert_eq!(found(&network, "a/b[1]/v"), (2, 1, "v".into()));
        assert_eq!(found(&network, "p[1]/c[3]/v"), (3, 3, "v".into()));
        let sending = Paths::new("net1", &network).sender("pop/1/hh", Some("spike")).unwrap();
        assert_eq!((sending.source, sending.sender), ((0, 1), Sender::Cell));
    }

    #[test]
    fn the_target_itself_and_cells_without_a_name() {
        let alone = network(&[("", 1)]);
        assert_eq!(found(&alone, "v"), (0, 0, "v".into()));
        assert_eq!(found(&alone, "net1/v"), (0, 0, "v".into()));
        assert_eq!(found(&alone, "na/m/q"), (0, 0, "na/m/q".into()));
        let many = network(&[("", 30)]);
        assert_eq!(found(&many, "[20]/v"), (0, 20, "v".into()));
    }

    #[test]
    fn what_is_attached_to_a_cell() {
        let Parts::Populations(mut network) = network(&[("pop", 2)]) else { panic!("a network") };
        let contact = |cell| Contact { cell, location: None, weight: 1.0 };
        for (name, cells) in [("ampa", vec![0, 1, 1]), ("gaba", vec![1])] {
            network.model.attachments.push(Attachments {
                name: name.into(),
                population: 0,
                list: None,
                dynamics: dynamics(name, &["g"]),
                contacts: cells.into_iter().map(contact).collect(),
            });
        }
        let parts = Parts::Populations(network);
        let paths = Paths::new("net1", &parts);
        let found = |path: &str| {
            let found = paths.quantity(path).unwrap();
            (found.variable, found.others)
        };
        assert_eq!(found("pop[1]/synapses:ampa:1/g"), ("ampa[1].g".into(), 0));
        assert_eq!(found("pop[1]/synapses:ampa:0/g"), ("ampa[0].g".into(), 0));
        assert_eq!(found("pop[1]/ampa/g"), ("ampa[0].g".into(), 1));
        assert_eq!(found("pop[1]/gaba/g"), ("gaba[0].g".into(), 0));
        assert_eq!(found("pop[1]/synapses[2]/g"), ("gaba[0].g".into(), 0));
        let error = paths.quantity("pop[0]/synapses:ampa:1/g").unwrap_err().to_string();
        assert!(error.contains("the cell has 1 of them"), "{error}");
        let error = paths.quantity("pop[1]/ampa/h").unwrap_err().to_string();
        assert!(error.contains("'ampa' has no quantity 'h'"), "{error}");
    }

    #[test]
    fn wrong_paths_say_what_there_is() {
        let network = network(&[("pop", 3)]);
        let error = |path: &str| Paths::new("net1", &network).quantity(path).unwrap_err().to_string();
        assert!(error("popp[0]/v").contains("did you mean 'pop'?"));
        assert!(error("pop[3]/v").contains("numbered 0 to 2"));
        assert!(error("pop/v").contains("3 cells"), "{}", error("pop/v"));
        assert!(error("pop[0]/w").contains("it has v, na/m/q"));
        assert!(error("pop[0]").contains("names no quantity"));
        assert!(error("pop[x]/v").contains("whole number"));
        assert!(error("pop//v").contains("between two slashes"));
        let port = Paths::new("net1", &network).sender("pop[0]", Some("a")).unwrap_err().to_string();
        assert!(port.contains("no port 'a'"), "{port}");
    }
}
