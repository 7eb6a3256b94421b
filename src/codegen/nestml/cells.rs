//! What each population is in NEST.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::network::{Trains, has_own_step, source_spikes};
use super::super::played::{AllPlayed, Played, played};
use super::super::tidy::tidy;
use super::super::whole::whole;
use super::super::{Job, names};
use super::neuron::{Neuron, Text, neuron, start};
use super::words::{UNITS, unsupported};
use crate::dynamics::{Dynamics, superposes};
use crate::engine::find_variable;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Model, PointCell, Population, PopulationCell};
use crate::units::Dimension;

/// What a population is.
#[derive(Debug)]
pub(super) enum Kind {
    /// Given spike times of each cell, s.
    Source(Trains),
    /// Cells of a model.
    Neuron(Box<Cells>),
}

/// Cells of a model without a shape.
#[derive(Debug)]
pub(super) struct Cells {
    pub(super) neuron: Neuron,
    /// What its model is called.
    pub(super) model: String,
    /// Parameters and states of the cells, in NEST's units, where they are not those of the model: the same for all, or one for
    /// each.
    pub(super) values: Vec<(String, Vec<f64>)>,
    /// Recorded paths and the variables that they are.
    pub(super) recorded: BTreeMap<String, (String, Dimension)>,
    /// The current into each cell that gets some.
    pub(super) currents: BTreeMap<usize, Played>,
}

/// What every population is; those that can't be said go to [`Job::cannot`]. And the models, each once.
pub(super) fn cells(job: &mut Job<'_>) -> Result<(Vec<Option<Kind>>, Vec<Text>)> {
    let model = job.model;
    let sources = source_spikes(model)?;
    let played = played(model)?;
    let mut models: Vec<Text> = Vec::new();
    let mut kinds = Vec::new();
    for (at, population) in model.populations.iter().enumerate() {
        if has_own_step(model, at) {
            let of = format!("population '{}'", population.name);
            job.cannot(unsupported(&of, "time step for a population alone"));
        }
        if let Some(times) = &sources[at] {
            kinds.push(Some(Kind::Source(Arc::clone(times))));
            continue;
        }
        let PopulationCell::Point(cell) = &population.cell else {
            let message = format!("population '{}': cells with a shape are not written yet", population.name);
            job.cannot(Error::new(ErrorKind::Unsupported, message));
            kinds.push(None);
            continue;
        };
        match point_cells(model, at, population, cell, &played, &mut models) {
            Ok(cells) => {
                for line in &cells.neuron.differences {
                    if !job.out.differences.contains(line) {
                        job.out.differences.push(line.clone());
                    }
                }
                kinds.push(Some(Kind::Neuron(Box::new(cells))));
            }
            Err(error) => {
                job.cannot(error.in_element(format!("population '{}'", population.name)));
                kinds.push(None);
            }
        }
    }
    Ok((kinds, models))
}

fn point_cells(
    model: &Model,
    at: usize,
    population: &Population,
    cell: &PointCell,
    played: &AllPlayed,
    models: &mut Vec<Text>,
) -> Result<Cells> {
    let mut currents: BTreeMap<usize, Vec<&Played>> = BTreeMap::new();
    for (number, stimulus) in model.stimuli.iter().enumerate().filter(|(_, s)| s.population == at) {
        let Some(lists) = &played.stimuli[number] else {
            let message = format!("stimulus '{}' that depends on the cell", stimulus.name);
            return Err(unsupported("a generator of NEST", &message));
        };
        for (index, list) in stimulus.cells.indices(population.size).into_iter().zip(lists) {
            currents.entry(index).or_default().push(list);
        }
    }
    let mut attached: Vec<(&str, &Dynamics)> = Vec::new();
    for (number, list) in model.attachments.iter().enumerate().filter(|(_, a)| a.population == at) {
        if let Some(lists) = &played.attachments[number] {
            for (contact, list) in list.contacts.iter().zip(lists) {
                currents.entry(contact.cell as usize).or_default().push(list);
            }
            continue;
        }
        let mut cells: Vec<u32> = list.contacts.iter().map(|c| c.cell).collect();
        cells.sort_unstable();
        let several = cells.windows(2).any(|pair| pair[0] == pair[1]);
        if list.contacts.iter().any(|c| c.weight != 1.0) {
            return Err(unsupported(&format!("'{}'", list.name), "weight beside that of its events"));
        }
        if !superposes(&list.dynamics, "i") && (several || cells.len() < population.size) {
            let what = "synapse with a memory of its own that is there more than once on a cell, or on some cells only";
            return Err(unsupported(&format!("'{}'", list.name), what));
        }
        attached.push((&list.name, &list.dynamics));
    }
    let mut whole = whole(cell, &attached, !currents.is_empty())?;
    let mut recorded = BTreeMap::new();
    for recording in model.recordings.iter().filter(|r| r.population == at) {
        for path in &recording.variables {
            let found = observed(cell, &attached, path)
                .map_err(|e| e.in_element(format!("recording '{}'", recording.file)))?;
            whole.exposures.push((format!("recorded {}", found.0), found.0.clone()));
            recorded.insert(path.clone(), found);
        }
    }
    let mut roots: Vec<String> =
        recorded.values().map(|(variable, _)| format!("recorded {variable}")).collect();
    roots.extend(cell.dynamics.exposed("v").map(|_| "v".to_string()));
    let roots: Vec<&str> = roots.iter().map(String::as_str).collect();
    let path = |name: &str| name.replacen('.', "/", usize::from(whole.parameter(name).is_none()));
    let kept: Vec<String> = population.parameters.iter().map(|(name, _)| path(name)).collect();
    let mut dynamics = tidy(&whole, &roots, &[("temperature", model.temperature_k)], &kept);
    // The potential is there to be seen, but no variable of its own unless somebody looks.
    let shown = |variable: &String| recorded.values().any(|(v, _)| v == variable);
    dynamics.exposures.retain(|(_, variable)| shown(variable));
    let base = names::identifier(&cell.dynamics.name);
    let about = about(cell, &attached);
    let of = format!("'{}'", cell.dynamics.name);
    let mut neuron = neuron(dynamics, &format!("{base}_neuron"), &about, &of)?;
    let name = share(&mut neuron.text, models);
    let values = values(population, &whole, &neuron, &kept)?;
    let currents = currents.into_iter().map(|(cell, lists)| (cell, sum(&lists))).collect();
    Ok(Cells { neuron, model: name, values, recorded, currents })
}

fn about(cell: &PointCell, attached: &[(&str, &Dynamics)]) -> String {
    let synapses = cell.synapses.iter().map(|s| (s.name.as_str(), &s.dynamics.component_type));
    let all: Vec<String> = synapses
        .chain(attached.iter().map(|(name, d)| (*name, &d.component_type)))
        .map(|(name, kind)| format!("{name} ({kind})"))
        .collect();
    match all.is_empty() {
        true => cell.dynamics.component_type.clone(),
        false => format!("{} with {}", cell.dynamics.component_type, all.join(", ")),
    }
}

/// Adds `text` to the models unless it is there; gives its name.
pub(super) fn share(text: &mut Text, models: &mut Vec<Text>) -> String {
    let base = text.name.clone();
    let mut number = 1;
    loop {
        match models.iter().find(|known| known.name == text.name) {
            Some(known) if known == text => return text.name.clone(),
            Some(_) => {
                number += 1;
                let stem = base.rsplit_once('_').map_or((base.as_str(), ""), |(a, b)| (a, b));
                text.name = format!("{}_{number}_{}", stem.0, stem.1);
            }
            None => {
                models.push(text.clone());
                return text.name.clone();
            }
        }
    }
}

/// The variable of the whole cell that is recorded as `path`.
fn observed(cell: &PointCell, attached: &[(&str, &Dynamics)], path: &str) -> Result<(String, Dimension)> {
    let synapses = cell.synapses.iter().map(|s| (s.name.as_str(), &*s.dynamics));
    for (name, dynamics) in synapses.chain(attached.iter().copied()) {
        if let Some(rest) = path.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')) {
            let found = find_variable(dynamics, rest)?;
            // What it only reads is its host's.
            if dynamics.inputs.iter().any(|input| input.name == found.variable) {
                break;
            }
            return Ok((format!("{name}/{}", found.variable), found.dimension));
        }
    }
    let found = find_variable(&cell.dynamics, path)?;
    Ok((found.variable, found.dimension))
}

/// The sum of currents, step by step.
fn sum(lists: &[&Played]) -> Played {
    if let [one] = lists {
        return (*one).clone();
    }
    let steps: BTreeSet<u64> = lists.iter().flat_map(|list| list.iter().map(|(step, _)| *step)).collect();
    let at = |list: &Played, step: u64| {
        list.iter().take_while(|(s, _)| *s <= step).last().map_or(0.0, |(_, x)| *x)
    };
    steps.into_iter().map(|step| (step, lists.iter().map(|list| at(list, step)).sum())).collect()
}

/// Parameters and states that are the cells' own.
fn values(
    population: &Population,
    whole: &Dynamics,
    neuron: &Neuron,
    kept: &[String],
) -> Result<Vec<(String, Vec<f64>)>> {
    let mut out: Vec<(String, Vec<f64>)> = Vec::new();
    let shown = |si: &f64, dimension: Dimension| UNITS.value(*si, dimension).parse().unwrap_or(f64::NAN);
    for ((name, values), path) in population.parameters.iter().zip(kept) {
        let Some(parameter) = neuron.dynamics.parameter(path) else {
            return Err(Error::new(ErrorKind::Name, format!("there is no parameter '{name}'")));
        };
        let word = neuron.words.name(path).to_string();
        out.push((word, values.iter().map(|x| shown(x, parameter.dimension)).collect()));
    }
    // States at the start: those that follow from parameters, and those that are given.
    let states = &neuron.dynamics.states;
    let mut starts: Vec<Option<Vec<f64>>> = vec![None; states.len()];
    if !population.parameters.is_empty() {
        let (usual, _) = start(&neuron.dynamics)?;
        let mut each: Vec<Vec<f64>> = Vec::with_capacity(population.size);
        for cell in 0..population.size {
            let mut own = neuron.dynamics.clone();
            for ((_, values), path) in population.parameters.iter().zip(kept) {
                let value = values.get(cell).copied();
                own.parameters
                    .iter_mut()
                    .filter(|p| p.name == *path)
                    .for_each(|p| p.value = value.unwrap_or(p.value));
            }
            each.push(start(&own)?.0);
        }
        for state in (0..states.len()).filter(|state| !neuron.drawn.contains(state)) {
            if each.iter().any(|values| values[state] != usual[state]) {
                starts[state] = Some(each.iter().map(|values| values[state]).collect());
            }
        }
    }
    let potential = whole.exposed("v").unwrap_or("v").to_string();
    let given = population.initial.iter().map(|(name, values)| (name, values));
    let given: Vec<(String, &Vec<f64>)> = given
        .map(|(name, values)| (whole.exposed(name).unwrap_or(name).to_string(), values))
        .chain((!population.initial_v.is_empty()).then_some((potential, &population.initial_v)))
        .collect();
    for (name, values) in given {
        if let Some(state) = states.iter().position(|s| s.name == name) {
            starts[state] = Some(values.clone());
        }
    }
    for (state, values) in states.iter().zip(starts) {
        let Some(values) = values else { continue };
        let word = neuron.words.name(&state.name).to_string();
        out.push((word, values.iter().map(|x| shown(x, state.dimension)).collect()));
    }
    for (_, values) in &mut out {
        if values.windows(2).all(|pair| pair[0] == pair[1]) {
            values.truncate(1);
        }
    }
    Ok(out)
}
