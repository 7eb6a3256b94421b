//! Networks of point neurons in PyNN's words: what all targets with PyNN's interface are made from.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::Job;
use super::network::{Trains, has_own_step, source_spikes};
use super::played::{AllPlayed, Played, played};
use super::standard::{RECEPTORS, Receptor, Standard, own, standard};
use super::units::rounded;
use crate::dynamics::Dynamics;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Attachments, CellSet, Connection, ConnectionRule, Model, Placed, PointCell, Population, PopulationCell,
    Position, Receiver, Sender, Site, Stimulus,
};
use crate::select::Points;
use crate::wiring;

/// A network of standard cells and given spikes. Units are PyNN's.
#[derive(Debug, Clone, Default)]
pub(crate) struct Network {
    /// Populations, those that could be said.
    pub(crate) populations: Vec<Cells>,
    /// Projections between them.
    pub(crate) projections: Vec<Wired>,
    /// Injected currents.
    pub(crate) currents: Vec<Current>,
    /// Recorded potentials and synaptic variables.
    pub(crate) recordings: Vec<Recorded>,
}

/// A population.
#[derive(Debug, Clone)]
pub(crate) struct Cells {
    /// Its index in the model.
    pub(crate) index: usize,
    /// Its name in the model.
    pub(crate) label: String,
    /// How many.
    pub(crate) size: usize,
    /// What they are.
    pub(crate) kind: Kind,
    /// Their places, µm, if they have some.
    pub(crate) positions: Vec<Position>,
    /// The receptors that synapses are which single cells have, by the index of the model's attachments.
    attached: BTreeMap<u32, Receptor>,
}

/// What the members of a population are.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// Cells of a standard type.
    Standard(Standard),
    /// Cells of another type; the name is that of the type, the parameters are those of the receptors alone.
    Own(Standard),
    /// Given spike times of each, ms, as neuropil draws them.
    Spikes(Vec<Vec<f64>>),
    /// Cells with a shape, which the target lays out itself.
    Shaped(Shaped),
}

/// Cells with a shape as networks of points see them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shaped {
    /// What hears what is sent to a synapse: by cell, synapse, and point of it.
    pub(crate) synapses: BTreeMap<(usize, u32, u32), Heard>,
    /// What hears what is sent to a contact: by the index of the model's attachments, and in these.
    pub(crate) contacts: BTreeMap<(u32, u32), Heard>,
    /// The currents into them, where the target has found them itself.
    pub(crate) currents: Option<Vec<Current>>,
}

/// A receptor on a compartment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Heard {
    /// Its name.
    pub(crate) receptor: String,
    /// PyNN's weight for a weight of 1.
    pub(crate) weight: f64,
    /// The compartment.
    pub(crate) compartment: String,
}

/// Connections from one population to one receptor of another.
#[derive(Debug, Clone)]
pub(crate) struct Wired {
    /// The name of the projection, with a number where several come from one.
    pub(crate) label: String,
    /// The compartment of the targets that hears it, of cells with a shape.
    pub(crate) compartment: String,
    /// Indices of the populations in the model.
    pub(crate) source: usize,
    /// As `source`.
    pub(crate) target: usize,
    /// `excitatory` or `inhibitory`, or one of the target's own on cells with a shape.
    pub(crate) receptor: String,
    /// Connections: index of the source, of the target, weight (µS, nA, mV), delay (ms).
    pub(crate) rows: Vec<Row>,
    /// What the connections do besides, if anything.
    pub(crate) plasticity: Option<Plasticity>,
}

/// One connection.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Row {
    pub(crate) pre: u32,
    pub(crate) post: u32,
    pub(crate) weight: f64,
    pub(crate) delay: f64,
}

/// Plasticity in PyNN's words: parameters in ms, weights in the receptor's unit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) enum Plasticity {
    /// Pairs of spikes.
    Stdp {
        /// PyNN's timing dependence with its parameters: `SpikePairRule`, `Vogels2011Rule`.
        timing: String,
        timing_parameters: Vec<(String, f64)>,
        /// PyNN's weight dependence with its parameters: `AdditiveWeightDependence`.
        weight: String,
        weight_parameters: Vec<(String, f64)>,
        /// Share of the delay behind the synapse.
        dendritic_delay_fraction: f64,
    },
    /// Short-term plasticity: a synapse type of PyNN with its parameters.
    ShortTerm {
        /// `TsodyksMarkramSynapse`, `SimpleStochasticSynapse`.
        synapse: String,
        parameters: Vec<(String, f64)>,
    },
}

/// A current into cells.
#[derive(Debug, Clone)]
pub(crate) struct Current {
    /// Its name.
    pub(crate) label: String,
    /// Index of the population in the model.
    pub(crate) population: usize,
    /// Indices of the cells.
    pub(crate) cells: Vec<usize>,
    /// The compartment, of cells with a shape.
    pub(crate) compartment: String,
    /// Times (ms) at which the amplitude (nA) changes, beginning with the first.
    pub(crate) steps: Vec<(f64, f64)>,
    /// A sine instead: start, stop (ms), amplitude (nA), frequency (Hz), phase (degrees).
    pub(crate) sine: Option<[f64; 5]>,
}

/// A recorded variable of cells.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Recorded {
    /// Index of the population in the model.
    pub(crate) population: usize,
    /// Indices of the cells.
    pub(crate) cells: Vec<usize>,
    /// PyNN's names: `v`, `gsyn_exc`, `gsyn_inh`, `w`.
    pub(crate) variables: Vec<String>,
    /// The names that neuropil has for them.
    pub(crate) own: Vec<String>,
    /// Sampling interval, ms.
    pub(crate) interval: f64,
    /// The file that neuropil writes it to, without ending.
    pub(crate) file: String,
    /// What its columns are called, if not after cell and variable.
    pub(crate) label: Option<String>,
}

impl Network {
    /// The model's network as far as it is one of standard cells; what is not goes to [`Job::cannot`].
    ///
    /// # Errors
    /// If the model itself can't be drawn.
    pub(crate) fn of(job: &mut Job<'_>) -> Result<Network> {
        Self::made(job, false, &BTreeMap::new())
    }

    /// The same, with cells of other types where their synapses are exponential ones.
    ///
    /// # Errors
    /// If the model itself can't be drawn.
    pub(crate) fn with_own_cells(job: &mut Job<'_>) -> Result<Network> {
        Self::made(job, true, &BTreeMap::new())
    }

    /// The same as [`Network::of`], with those cells with a shape that the target has laid out, by the index of their
    /// population; none for those that it has refused already.
    ///
    /// # Errors
    /// If the model itself can't be drawn.
    pub(crate) fn with_shaped(
        job: &mut Job<'_>,
        shaped: &BTreeMap<usize, Option<Shaped>>,
    ) -> Result<Network> {
        Self::made(job, false, shaped)
    }

    fn made(job: &mut Job<'_>, own_cells: bool, shaped: &BTreeMap<usize, Option<Shaped>>) -> Result<Network> {
        let model = job.model;
        let mut network = Network::default();
        let mut spikes = source_spikes(model)?;
        let played = match is_plain(model) {
            true => AllPlayed::default(),
            false => played(model)?,
        };
        for (index, population) in model.populations.iter().enumerate() {
            if has_own_step(model, index) {
                let message = format!("population '{}' has a time step of its own", population.name);
                job.cannot(Error::new(ErrorKind::Unsupported, message).help("give all one step"));
            }
            let on = attached(model, index, &played);
            let made = match shaped.get(&index) {
                Some(None) => continue,
                Some(Some(shaped)) => Ok((Kind::Shaped(shaped.clone()), BTreeMap::new())),
                None => kind(population, spikes[index].take(), own_cells, on),
            };
            match made {
                Ok((kind, attached)) => network.populations.push(Cells {
                    index,
                    label: population.name.clone(),
                    size: population.size,
                    kind,
                    positions: population.positions.clone(),
                    attached,
                }),
                Err(error) => job.cannot(error),
            }
        }
        network.wire(job)?;
        network.inject(job, &played);
        if !model.couplings.is_empty() {
            let message = "gap junctions and graded synapses are not said in PyNN's words here";
            job.cannot(Error::new(ErrorKind::Unsupported, message));
        }
        network.record(job);
        Ok(network)
    }

    fn inject(&mut self, job: &mut Job<'_>, played: &AllPlayed) {
        let model = job.model;
        let own = |population: usize| {
            self.population(population)
                .is_some_and(|cells| matches!(&cells.kind, Kind::Shaped(shaped) if shaped.currents.is_some()))
        };
        let mut found: Vec<Result<Vec<Current>>> = Vec::new();
        for (number, stimulus) in model.stimuli.iter().enumerate().filter(|(_, s)| !own(s.population)) {
            let lists = played.stimuli.get(number).and_then(Option::as_deref);
            found.push(currents(stimulus, model, lists));
        }
        for (number, list) in model.attachments.iter().enumerate().filter(|(_, a)| !own(a.population)) {
            if let Some(lists) = played.attachments.get(number).and_then(Option::as_deref) {
                let cells = list.contacts.iter().map(|contact| contact.cell as usize);
                found.push(Ok(alike(&list.name, list.population, cells, lists, model)));
            }
        }
        let mut all = Vec::new();
        for currents in found {
            match currents {
                Ok(list) => all.extend(list.into_iter().filter(|c| self.population(c.population).is_some())),
                Err(error) => job.cannot(error),
            }
        }
        for cells in &self.populations {
            if let Kind::Shaped(Shaped { currents: Some(own), .. }) = &cells.kind {
                all.extend(own.iter().cloned());
            }
        }
        self.currents = all;
    }

    /// The population of this index in the model.
    pub(crate) fn population(&self, index: usize) -> Option<&Cells> {
        self.populations.iter().find(|p| p.index == index)
    }

    fn wire(&mut self, job: &mut Job<'_>) -> Result<()> {
        let model = job.model;
        let mut parts = vec![("connections".to_string(), None, model.connections.clone())];
        for (number, projection) in model.projections.iter().enumerate() {
            if projection.junction.is_some() {
                let message = format!(
                    "projection '{}': gap junctions are not said in PyNN's words here",
                    projection.name
                );
                job.cannot(Error::new(ErrorKind::Unsupported, message));
                continue;
            }
            let connections = wiring::connections_of(model, number, wiring::MOST_LISTED)?;
            parts.push((projection.name.clone(), Some(projection), connections));
        }
        for (name, projection, connections) in parts {
            let rule = projection.and_then(|p| p.rule.as_ref());
            if let Err(error) = self.sort(&name, rule, &connections) {
                job.cannot(error);
            }
        }
        Ok(())
    }

    /// Connections of one projection by source, target and receptor.
    fn sort(&mut self, name: &str, rule: Option<&ConnectionRule>, connections: &[Connection]) -> Result<()> {
        let mut groups: Vec<Wired> = Vec::new();
        for connection in connections {
            let (source, target) = (connection.source.0, connection.target.0);
            let (Some(_), Some(cells)) = (self.population(source), self.population(target)) else { continue };
            if matches!(connection.sender, Sender::Contact { .. }) {
                let message = format!("projection '{name}': PyNN's synapses send no spikes");
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
            let on_cell = |receptor: &Receptor| (receptor.name, receptor.weight, "");
            let heard = match (&cells.kind, connection.receiver) {
                (Kind::Spikes(_), _) => continue,
                (Kind::Standard(standard) | Kind::Own(standard), Receiver::Synapse { synapse, .. }) => {
                    standard.receptors.get(synapse as usize).map(on_cell)
                }
                (Kind::Standard(_) | Kind::Own(_), Receiver::Contact { attachments, .. }) => {
                    cells.attached.get(&attachments).map(on_cell)
                }
                (Kind::Shaped(shaped), Receiver::Synapse { synapse, point }) => shaped
                    .synapses
                    .get(&(connection.target.1, synapse, point))
                    .map(|h| (h.receptor.as_str(), h.weight, h.compartment.as_str())),
                (Kind::Shaped(shaped), Receiver::Contact { attachments, contact }) => shaped
                    .contacts
                    .get(&(attachments, contact))
                    .map(|h| (h.receptor.as_str(), h.weight, h.compartment.as_str())),
                // Cells that spikes step by themselves: their ports are the receptors.
                (_, Receiver::Cell) => RECEPTORS.get(connection.port as usize).map(|name| (*name, 1.0, "")),
            };
            let Some((receptor, weight, compartment)) = heard else {
                let message =
                    format!("projection '{name}': what receives it is no receptor of a standard cell");
                return Err(Error::new(ErrorKind::Unsupported, message));
            };
            let row = Row {
                pre: connection.source.1 as u32,
                post: connection.target.1 as u32,
                weight: connection.weight * weight,
                delay: connection.delay_s * 1e3,
            };
            let is_it = |w: &&mut Wired| {
                w.source == source
                    && w.target == target
                    && w.receptor == receptor
                    && w.compartment == compartment
            };
            match groups.iter_mut().find(is_it) {
                Some(group) => group.rows.push(row),
                None => groups.push(Wired {
                    label: name.to_string(),
                    compartment: compartment.to_string(),
                    source,
                    target,
                    receptor: receptor.to_string(),
                    rows: vec![row],
                    plasticity: rule.map(|rule| plasticity(name, rule, weight)).transpose()?,
                }),
            }
        }
        let several = groups.len() > 1;
        for (number, mut group) in groups.into_iter().enumerate() {
            if several {
                group.label = format!("{name}_{}", number + 1);
            }
            self.projections.push(group);
        }
        Ok(())
    }

    fn record(&mut self, job: &mut Job<'_>) {
        let model = job.model;
        for recording in &model.recordings {
            let Some(cells) = self.population(recording.population) else { continue };
            let (Kind::Standard(standard) | Kind::Own(standard)) = &cells.kind else { continue };
            let PopulationCell::Point(point) = &model.populations[recording.population].cell else {
                continue;
            };
            let (mut variables, mut own) = (Vec::new(), Vec::new());
            for variable in &recording.variables {
                let of_synapse = variable.strip_suffix(".g").and_then(|name| {
                    let at = point.synapses.iter().position(|s| s.name == name)?;
                    standard.receptors.get(at)
                });
                let known = match (variable.as_str(), of_synapse) {
                    ("v" | "w", _) => Some(variable.as_str()),
                    (_, Some(receptor)) if receptor.name == RECEPTORS[0] => Some("gsyn_exc"),
                    (_, Some(_)) => Some("gsyn_inh"),
                    _ => None,
                };
                match known {
                    Some(known) => {
                        variables.push(known.to_string());
                        own.push(variable.clone());
                    }
                    None => {
                        let message =
                            format!("recording '{}': PyNN has no variable '{variable}'", recording.file);
                        job.cannot(Error::new(ErrorKind::Unsupported, message));
                    }
                }
            }
            if variables.is_empty() || !matches!(recording.site, Site::Cell | Site::Points(_)) {
                continue;
            }
            let size = model.populations[recording.population].size;
            let interval = if recording.interval_s == 0.0 { model.run.dt_s } else { recording.interval_s };
            self.recordings.push(Recorded {
                population: recording.population,
                cells: recording.cells.indices(size),
                variables,
                own,
                interval: interval * 1e3,
                file: recording.file.clone(),
                label: recording.label.clone(),
            });
        }
    }
}

/// What the members of a population with the synapses `on` single ones are, and the receptor that each of these is.
fn kind(
    population: &Population,
    spikes: Option<Trains>,
    own_cells: bool,
    on: Vec<(u32, Placed)>,
) -> Result<(Kind, BTreeMap<u32, Receptor>)> {
    if let Some(times) = spikes {
        let mut times = Arc::unwrap_or_clone(times);
        times.iter_mut().flatten().for_each(|t| *t = rounded(*t * 1e3));
        return Ok((Kind::Spikes(times), BTreeMap::new()));
    }
    let PopulationCell::Point(cell) = &population.cell else {
        let message =
            format!("population '{}': cells with a shape are none of PyNN's standard cells", population.name);
        return Err(Error::new(ErrorKind::Unsupported, message)
            .help("reduce it first: neuropil reduce MODEL --method lif"));
    };
    // A standard cell has its receptors whether or not something leads to them.
    let first = cell.synapses.len();
    let (numbers, on): (Vec<u32>, Vec<Placed>) = on.into_iter().unzip();
    let mut cell = PointCell::clone(cell);
    cell.synapses.extend(on);
    let (made, is_own) = match standard(population, &cell) {
        Err(_) if own_cells => (own(population, &cell)?, true),
        made => (made?, false),
    };
    let attached = numbers.into_iter().zip(made.receptors.iter().skip(first).copied()).collect();
    Ok((if is_own { Kind::Own(made) } else { Kind::Standard(made) }, attached))
}

/// The model's attachments to a population without a shape that are no known currents, as synapses of its cells.
fn attached(model: &Model, population: usize, played: &AllPlayed) -> Vec<(u32, Placed)> {
    let is_played = |number: usize| played.attachments.get(number).is_some_and(Option::is_some);
    let own = |(number, list): &(usize, &Attachments)| list.population == population && !is_played(*number);
    let placed = |(number, list): (usize, &Attachments)| {
        let points = Points::Root;
        let dynamics = list.dynamics.clone();
        (
            number as u32,
            Placed { name: list.name.clone(), dynamics, source: None, points, parameters: Vec::new() },
        )
    };
    model.attachments.iter().enumerate().filter(own).map(placed).collect()
}

/// Whether all that is injected is said by the parameters of pulses and sines, so that nothing need be played.
fn is_plain(model: &Model) -> bool {
    let known = |s: &Stimulus| {
        s.parameters.is_empty()
            && ["pulseGenerator", "sineGenerator"].contains(&s.dynamics.component_type.as_str())
    };
    model.attachments.is_empty() && model.stimuli.iter().all(known)
}

/// The currents of a stimulus: one where it says its own times, else what is `played` into each of its cells.
fn currents(stimulus: &Stimulus, model: &Model, played: Option<&[Played]>) -> Result<Vec<Current>> {
    let size = model.populations.get(stimulus.population).map_or(0, |p| p.size);
    match (current(stimulus, model), played) {
        (Ok(current), _) => Ok(vec![current]),
        (Err(_), Some(lists)) => {
            let cells = stimulus.cells.indices(size).into_iter();
            Ok(alike(&stimulus.name, stimulus.population, cells, lists, model))
        }
        (Err(error), None) => Err(error),
    }
}

/// Currents that are `played` into cells, those alike as one.
fn alike(
    label: &str,
    population: usize,
    cells: impl Iterator<Item = usize>,
    played: &[Played],
    model: &Model,
) -> Vec<Current> {
    let mut out: Vec<(&Played, Current)> = Vec::new();
    for (cell, played) in cells.zip(played).filter(|(_, played)| !played.is_empty()) {
        // Twice into the same cell is twice as much: then a current of its own.
        match out.iter_mut().find(|(known, current)| *known == played && !current.cells.contains(&cell)) {
            Some((_, current)) => current.cells.push(cell),
            None => out.push((
                played,
                Current {
                    label: label.to_string(),
                    population,
                    cells: vec![cell],
                    compartment: String::new(),
                    steps: steps_of(played, model),
                    sine: None,
                },
            )),
        }
    }
    out.into_iter().map(|(_, current)| current).collect()
}

/// Times (ms) at which what is played changes, and what it then is, nA.
pub(crate) fn steps_of(played: &Played, model: &Model) -> Vec<(f64, f64)> {
    let at = |(step, amps): &(u64, f64)| (rounded(*step as f64 * model.run.dt_s * 1e3), rounded(amps * 1e9));
    played.iter().map(at).collect()
}

/// A pulse or a sine, said by its own times.
///
/// # Errors
/// If it is something else.
pub(crate) fn current(stimulus: &Stimulus, model: &Model) -> Result<Current> {
    if let Some((name, _)) = stimulus.parameters.first() {
        let message = format!("stimulus '{}': `{name}` differs between its cells", stimulus.name);
        return Err(Error::new(ErrorKind::Unsupported, message).help("write a stimulus for each cell"));
    }
    let size = model.populations.get(stimulus.population).map_or(0, |p| p.size);
    let of = |name: &str| {
        stimulus.dynamics.parameter(name).map(|p| p.value).ok_or_else(|| {
            Error::new(ErrorKind::Name, format!("stimulus '{}' has no parameter '{name}'", stimulus.name))
        })
    };
    let mut out = Current {
        label: stimulus.name.clone(),
        population: stimulus.population,
        cells: stimulus.cells.indices(size),
        compartment: String::new(),
        steps: Vec::new(),
        sine: None,
    };
    match stimulus.dynamics.component_type.as_str() {
        "pulseGenerator" => {
            let (start, length) = (of("delay")?, of("duration")?);
            out.steps.push((rounded(start * 1e3), rounded(of("amplitude")? * 1e9)));
            if start + length < model.run.duration_s {
                out.steps.push((rounded((start + length) * 1e3), 0.0));
            }
        }
        "sineGenerator" => {
            let (start, length) = (of("delay")?, of("duration")?);
            let phase = of("phase")?.to_degrees();
            out.sine = Some(
                [start * 1e3, (start + length) * 1e3, of("amplitude")? * 1e9, 1.0 / of("period")?, phase]
                    .map(rounded),
            );
        }
        other => {
            let message = format!("stimulus '{}': {other} is not said in PyNN's words", stimulus.name);
            return Err(Error::new(ErrorKind::Unsupported, message)
                .help("steps and sines of current are; give others as spikes"));
        }
    }
    Ok(out)
}

/// What `rule` is in PyNN. Weights of neuropil are counted in `unit`s of the receptor.
fn plasticity(name: &str, rule: &ConnectionRule, unit: f64) -> Result<Plasticity> {
    let dynamics: &Dynamics = &rule.dynamics;
    let unsupported = |what: &str| {
        let message = format!("projection '{name}': {what} is not said in PyNN's words");
        Error::new(ErrorKind::Unsupported, message)
    };
    if !rule.parameters.is_empty() {
        return Err(unsupported("plasticity whose parameters differ between connections"));
    }
    let of = |parameter: &str| {
        let found = dynamics.parameter(parameter).map(|p| p.value);
        found.ok_or_else(|| unsupported(&format!("{} without '{parameter}'", dynamics.component_type)))
    };
    let list = |names: &[(&str, &str, f64)]| -> Result<Vec<(String, f64)>> {
        names
            .iter()
            .map(|(pynn, own, factor)| Ok(((*pynn).to_string(), rounded(of(own)? * factor))))
            .collect()
    };
    let pair: [(&str, &str, f64); 4] = [
        ("tau_plus", "tau_plus", 1e3),
        ("tau_minus", "tau_minus", 1e3),
        ("A_plus", "A_plus", 1.0),
        ("A_minus", "A_minus", 1.0),
    ];
    let bounds: [(&str, &str, f64); 2] = [("w_min", "w_min", unit), ("w_max", "w_max", unit)];
    match dynamics.component_type.as_str() {
        "stdpConnection" => {
            let has = |name: &str| dynamics.parameters.iter().any(|p| p.name.ends_with(name));
            let source = rule.source.as_ref();
            let dependence =
                source.and_then(|s| s.component.children.iter().find(|c| c.name == "weightDependence"));
            let dependence = dependence
                .and_then(|c| c.attributes.iter().find(|a| a.name == "type"))
                .map(|a| a.value.to_string());
            let (weight, extra): (&str, Vec<(&str, &str, f64)>) = match dependence.as_deref() {
                Some("additiveWeightDependence") => ("AdditiveWeightDependence", Vec::new()),
                Some("multiplicativeWeightDependence") => ("MultiplicativeWeightDependence", Vec::new()),
                Some("mixedWeightDependence") => ("AdditivePotentiationMultiplicativeDepression", Vec::new()),
                Some("gutigWeightDependence") if has("mu_plus") => (
                    "GutigWeightDependence",
                    vec![
                        ("mu_plus", "weightDependence/mu_plus", 1.0),
                        ("mu_minus", "weightDependence/mu_minus", 1.0),
                    ],
                ),
                _ => return Err(unsupported("its weight dependence")),
            };
            let mut weight_parameters = list(&bounds)?;
            weight_parameters.extend(list(&extra)?);
            Ok(Plasticity::Stdp {
                timing: "SpikePairRule".to_string(),
                timing_parameters: list(&pair)?,
                weight: weight.to_string(),
                weight_parameters,
                dendritic_delay_fraction: rule.dendritic_delay_fraction,
            })
        }
        "vogelsConnection" => Ok(Plasticity::Stdp {
            timing: "Vogels2011Rule".to_string(),
            timing_parameters: list(&[("tau", "tau", 1e3), ("eta", "eta", unit), ("rho", "rho", 1.0)])?,
            weight: "AdditiveWeightDependence".to_string(),
            weight_parameters: list(&bounds)?,
            dendritic_delay_fraction: rule.dendritic_delay_fraction,
        }),
        "tsodyksMarkramConnection" => Ok(Plasticity::ShortTerm {
            synapse: "TsodyksMarkramSynapse".to_string(),
            parameters: list(&[
                ("U", "U", 1.0),
                ("tau_rec", "tau_rec", 1e3),
                ("tau_facil", "tau_facil", 1e3),
            ])?,
        }),
        "stochasticConnection" => Ok(Plasticity::ShortTerm {
            synapse: "SimpleStochasticSynapse".to_string(),
            parameters: list(&[("p", "p", 1.0)])?,
        }),
        other => Err(unsupported(other)),
    }
}

/// Which cells: all is `None`.
pub(crate) fn subset(cells: &[usize], size: usize) -> Option<Vec<usize>> {
    let all = CellSet::All.indices(size);
    (cells != all).then(|| cells.to_vec())
}
