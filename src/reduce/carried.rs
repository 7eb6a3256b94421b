//! A whole model with its cell reduced: what sat on the detailed cell goes where its place went.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::circuits::Circuits;
use super::detailed::Detailed;
use super::pointed::Pointed;
use super::reduced::Reduced;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    CellSet, Connection, Draws, Model, Placed, PointCell, PopulationCell, Receiver, Recording, Site,
    Stimulus, Use,
};
use crate::select::{Cable, Points};
use crate::wiring;

/// What a stimulus may do more or less than on the detailed cell before it is told.
const TELLS: f64 = 0.02;

/// A model with a reduced cell.
#[derive(Debug, Clone)]
pub struct Carried {
    /// The model.
    pub model: Model,
    /// What could not be carried over, or does otherwise, a line each.
    pub notes: Vec<String>,
}

/// Where something at a node of the detailed cell goes.
struct Goes {
    /// The place; nothing on a point.
    points: Option<Points>,
    /// The compartment; 0 on a point.
    compartment: usize,
    factor: f64,
    delay_s: f64,
}

impl Reduced {
    /// `model` with population `population`, whose cell `full` is, made of the reduced cell. Synapses, inputs, recordings and
    /// spike detectors go where their places went, with the factor of the place on the weight of each connection.
    ///
    /// # Errors
    /// If a place of the model cannot be found, or it has more connections than can be listed.
    pub fn carried(&self, full: &Detailed, model: &Model, population: usize) -> Result<Carried> {
        let cell = PopulationCell::Cable(Arc::new(self.cell.to_cell()?));
        carry(model, population, full, cell, &|node| self.goes(node))
    }

    fn goes(&self, node: usize) -> Goes {
        let compartment = self.home[node];
        let points = Some(Points::At(self.cell.region(compartment), 0.5));
        Goes { points, compartment, factor: self.factor[node], delay_s: 0.0 }
    }
}

impl Circuits {
    /// As [`Reduced::carried`], with the threshold of the circuits for that of the spikes.
    ///
    /// # Errors
    /// As [`Reduced::carried`].
    pub fn carried(&self, full: &Detailed, model: &Model, population: usize) -> Result<Carried> {
        let cell = PopulationCell::Cable(Arc::new(self.to_cell()?));
        let mut carried = carry(model, population, full, cell, &|node| self.reduced.goes(node))?;
        let own = carried.model.spike_detectors.iter_mut().filter(|d| d.population == population);
        own.for_each(|detector| detector.threshold_v = self.threshold_v);
        Ok(carried)
    }
}

impl Pointed {
    /// `model` with population `population`, whose cell `full` is, made of the point neuron. What sat on the cell sits on the point,
    /// with the factor and the delay of the place on each connection.
    ///
    /// # Errors
    /// As [`Reduced::carried`].
    pub fn carried(&self, full: &Detailed, model: &Model, population: usize) -> Result<Carried> {
        let name = format!("{}_reduced", full.cell.morphology.name);
        let cell = PopulationCell::Point(Arc::new(self.neuron.to_cell(&name)?));
        carry(model, population, full, cell, &|node| Goes {
            points: None,
            compartment: 0,
            factor: self.factor[node],
            delay_s: self.delay_s[node],
        })
    }
}

fn carry(
    model: &Model,
    population: usize,
    full: &Detailed,
    cell: PopulationCell,
    goes: &dyn Fn(usize) -> Goes,
) -> Result<Carried> {
    let draws = Draws::of(model);
    let cable = Cable::new(&full.cell.morphology, &full.plan.geometry);
    // The nodes of some points on one cell.
    let nodes = |points: &Points, index: usize, what: Use| -> Result<Vec<usize>> {
        let places = points.evaluate(&cable, &draws.at((population, index), what))?;
        Ok(places.into_iter().map(|place| full.with_membrane(full.node(place))).collect())
    };
    let mut out = Carried { model: model.clone(), notes: Vec::new() };
    if model.attachments.iter().any(|a| a.population == population) || !model.couplings.is_empty() {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "synapses and inputs that a NeuroML network lists one by one are not carried over",
        ));
    }
    if !model.projections.is_empty() {
        out.model.connections.extend(wiring::one_by_one(model, wiring::MOST_LISTED)?);
        out.model.projections.clear();
    }
    let size = model.populations.get(population).map_or(0, |p| p.size);

    // Synapses: one for each point, and more where it differs between cells.
    let mut synapses: Vec<Placed> = Vec::new();
    let mut moved: BTreeMap<(usize, usize, usize), (usize, Goes)> = BTreeMap::new();
    for (s, placed) in full.cell.synapses.iter().enumerate() {
        let mut known: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        if !placed.parameters.is_empty() {
            out.notes.push(format!(
                "synapse '{}': parameters that differ over space have their default",
                placed.name
            ));
        }
        let lists: Vec<Vec<usize>> =
            (0..size).map(|index| nodes(&placed.points, index, Use::Synapse(s))).collect::<Result<_>>()?;
        let several = lists.iter().map(Vec::len).max().unwrap_or(0) > 1;
        for (index, list) in lists.iter().enumerate() {
            for (point, node) in list.iter().enumerate() {
                let to = goes(*node);
                let at = *known.entry((point, to.compartment)).or_insert_with(|| {
                    let mut name =
                        if several { format!("{}_{point}", placed.name) } else { placed.name.clone() };
                    while synapses.iter().any(|other| other.name == name) {
                        name.push('_');
                    }
                    synapses.push(Placed {
                        name,
                        points: to.points.clone().unwrap_or(Points::Root),
                        parameters: Vec::new(),
                        ..placed.clone()
                    });
                    synapses.len() - 1
                });
                moved.insert((s, index, point), (at, to));
            }
        }
    }
    for connection in out.model.connections.iter_mut().filter(|c| c.target.0 == population) {
        move_connection(connection, &moved);
    }
    let is_point = matches!(cell, PopulationCell::Point(_));
    let own = &mut out.model.populations[population];
    own.initial_v.clear();
    own.parameters.clear();
    own.initial.clear();
    own.cell = match cell {
        PopulationCell::Cable(cell) => {
            PopulationCell::Cable(Arc::new(crate::model::CableCell { synapses, ..(*cell).clone() }))
        }
        PopulationCell::Point(cell) => {
            PopulationCell::Point(Arc::new(PointCell { synapses, ..(*cell).clone() }))
        }
        other => other,
    };

    // Inputs, cell by cell where their places differ.
    let mut stimuli = Vec::new();
    for (number, stimulus) in model.stimuli.iter().enumerate() {
        if stimulus.population != population {
            stimuli.push(stimulus.clone());
            continue;
        }
        let points = stimulus.points.clone().unwrap_or(Points::Root);
        let cells = stimulus.cells.indices(size);
        let mut groups: Vec<(Vec<usize>, Vec<usize>)> = Vec::new();
        for (row, index) in cells.iter().enumerate() {
            let list = nodes(&points, *index, Use::Stimulus(number))?;
            match groups.iter_mut().find(|(known, _)| *known == list) {
                Some((_, rows)) => rows.push(row),
                None => groups.push((list, vec![row])),
            }
        }
        for (list, rows) in groups {
            let places: Vec<Goes> = list.iter().map(|node| goes(*node)).collect();
            if let Some(odd) = places.iter().find(|p| (p.factor - 1.0).abs() > TELLS) {
                out.notes.push(format!(
                    "input '{}' flows into a place where a current does {:.2} times as much at the soma as on the detailed cell",
                    stimulus.name,
                    1.0 / odd.factor
                ));
            }
            stimuli.push(Stimulus {
                cells: CellSet::Indices(rows.iter().map(|row| cells[*row]).collect()),
                points: (!is_point).then(|| union(&places)),
                parameters: stimulus
                    .parameters
                    .iter()
                    .map(|(name, values)| (name.clone(), rows.iter().map(|row| values[*row]).collect()))
                    .collect(),
                ..stimulus.clone()
            });
        }
    }
    out.model.stimuli = stimuli;

    for (number, detector) in model.spike_detectors.iter().enumerate() {
        if detector.population == population
            && let Some(points) = &detector.points
        {
            let list = nodes(points, 0, Use::SpikeDetector(number))?;
            let places: Vec<Goes> = list.iter().take(1).map(|node| goes(*node)).collect();
            out.model.spike_detectors[number].points = (!is_point).then(|| union(&places));
        }
    }
    let mut recordings = Vec::new();
    for (number, recording) in model.recordings.iter().enumerate() {
        if recording.population != population {
            recordings.push(recording.clone());
            continue;
        }
        let variables: Vec<String> = recording
            .variables
            .iter()
            .filter(|name| *name == "v" || name.starts_with("v >"))
            .cloned()
            .collect();
        if variables.len() < recording.variables.len() {
            out.notes
                .push(format!("'{}': of the reduced cell only the potential is recorded", recording.file));
        }
        let Site::Points(points) = &recording.site else {
            if matches!(recording.site, Site::Region(_)) {
                out.notes
                    .push(format!("'{}': regions of the detailed cell are not recorded", recording.file));
            }
            continue;
        };
        if variables.is_empty() {
            continue;
        }
        let index = recording.cells.indices(size).first().copied().unwrap_or(0);
        let places: Vec<Goes> = nodes(points, index, Use::Recording(number))?.into_iter().map(goes).collect();
        let site = if is_point { Site::Cell } else { Site::Points(union(&places)) };
        recordings.push(Recording { variables, site, ..recording.clone() });
    }
    out.model.recordings = recordings;
    Ok(out)
}

/// The places together, in order; a place that is meant twice stays twice.
fn union(places: &[Goes]) -> Points {
    let mut points: Vec<Points> = places.iter().filter_map(|place| place.points.clone()).collect();
    if points.len() == 1 { points.remove(0) } else { Points::Union(points) }
}

/// Sends a connection to the synapse that its own became.
fn move_connection(connection: &mut Connection, moved: &BTreeMap<(usize, usize, usize), (usize, Goes)>) {
    if let Receiver::Synapse { synapse, point } = connection.receiver
        && let Some((at, goes)) = moved.get(&(synapse as usize, connection.target.1, point as usize))
    {
        connection.receiver = Receiver::Synapse { synapse: *at as u32, point: 0 };
        connection.weight *= goes.factor;
        connection.delay_s += goes.delay_s;
    }
}
