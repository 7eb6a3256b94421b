//! A whole model with its cell reduced: what sat on the detailed cell goes where its place went.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::circuits::Circuits;
use super::detailed::Detailed;
use super::pointed::Pointed;
use super::reduced::Reduced;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    CableCell, CellSet, Connection, Draws, Model, Placed, PointCell, PopulationCell, Receiver, Recording,
    Site, Stimulus, Use,
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
    if model.attachments.iter().any(|a| a.population == population) || !model.couplings.is_empty() {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "synapses and inputs that a NeuroML network lists one by one are not carried over",
        ));
    }
    let mut way = Way {
        model,
        population,
        size: model.populations.get(population).map_or(0, |p| p.size),
        full,
        cable: Cable::new(&full.cell.morphology, &full.plan.geometry),
        draws: Draws::of(model),
        is_point: matches!(cell, PopulationCell::Point(_)),
        goes,
        notes: Vec::new(),
    };
    let (synapses, moved) = way.synapses()?;
    let mut carried = model.clone();
    if !model.projections.is_empty() {
        carried.connections.extend(wiring::one_by_one(model, wiring::MOST_LISTED)?);
        carried.projections.clear();
    }
    for connection in carried.connections.iter_mut().filter(|c| c.target.0 == population) {
        move_connection(connection, &moved);
    }
    let own = &mut carried.populations[population];
    own.initial_v.clear();
    own.parameters.clear();
    own.initial.clear();
    own.cell = match cell {
        PopulationCell::Cable(cell) => {
            PopulationCell::Cable(Arc::new(CableCell { synapses, ..CableCell::clone(&cell) }))
        }
        PopulationCell::Point(cell) => {
            PopulationCell::Point(Arc::new(PointCell { synapses, ..PointCell::clone(&cell) }))
        }
        other => other,
    };
    carried.stimuli = way.stimuli()?;
    way.detectors(&mut carried)?;
    carried.recordings = way.recordings()?;
    Ok(Carried { model: carried, notes: way.notes })
}

/// For each synapse, cell and point of the population: the synapse of the reduced cell that it became, and where it went.
type Moved = BTreeMap<(usize, usize, usize), (usize, Goes)>;

/// The way from a population of the detailed cell to one of the reduced cell.
struct Way<'a> {
    model: &'a Model,
    population: usize,
    /// Cells in the population.
    size: usize,
    full: &'a Detailed,
    cable: Cable<'a>,
    draws: Draws,
    is_point: bool,
    goes: &'a dyn Fn(usize) -> Goes,
    notes: Vec<String>,
}

impl Way<'_> {
    /// The nodes of `points` on cell `index`.
    fn nodes(&self, points: &Points, index: usize, what: Use) -> Result<Vec<usize>> {
        let places = points.evaluate(&self.cable, &self.draws.at((self.population, index), what))?;
        Ok(places.into_iter().map(|place| self.full.with_membrane(self.full.node(place))).collect())
    }

    /// The synapses of the reduced cell, one for each point and more where it differs between cells, and which became which.
    fn synapses(&mut self) -> Result<(Vec<Placed>, Moved)> {
        let mut synapses: Vec<Placed> = Vec::new();
        let mut moved = Moved::new();
        for (s, placed) in self.full.cell.synapses.iter().enumerate() {
            if !placed.parameters.is_empty() {
                self.notes.push(format!(
                    "synapse '{}': parameters that differ over space have their default",
                    placed.name
                ));
            }
            let on_cell = |index| self.nodes(&placed.points, index, Use::Synapse(s));
            let lists: Vec<Vec<usize>> = (0..self.size).map(on_cell).collect::<Result<_>>()?;
            let several = lists.iter().any(|list| list.len() > 1);
            let mut known: BTreeMap<(usize, usize), usize> = BTreeMap::new();
            for (index, list) in lists.iter().enumerate() {
                for (point, node) in list.iter().enumerate() {
                    let to = (self.goes)(*node);
                    let at = *known.entry((point, to.compartment)).or_insert_with(|| {
                        let name =
                            if several { format!("{}_{point}", placed.name) } else { placed.name.clone() };
                        let points = to.points.clone().unwrap_or(Points::Root);
                        let name = free(name, &synapses);
                        synapses.push(Placed { name, points, parameters: Vec::new(), ..placed.clone() });
                        synapses.len() - 1
                    });
                    moved.insert((s, index, point), (at, to));
                }
            }
        }
        Ok((synapses, moved))
    }

    /// The inputs, cell by cell where their places differ.
    fn stimuli(&mut self) -> Result<Vec<Stimulus>> {
        let mut stimuli = Vec::new();
        for (number, stimulus) in self.model.stimuli.iter().enumerate() {
            if stimulus.population != self.population {
                stimuli.push(stimulus.clone());
                continue;
            }
            let points = stimulus.points.clone().unwrap_or(Points::Root);
            let cells = stimulus.cells.indices(self.size);
            // Nodes, and which of the cells have theirs there.
            let mut groups: Vec<(Vec<usize>, Vec<usize>)> = Vec::new();
            for (row, index) in cells.iter().enumerate() {
                let list = self.nodes(&points, *index, Use::Stimulus(number))?;
                match groups.iter_mut().find(|(known, _)| *known == list) {
                    Some((_, rows)) => rows.push(row),
                    None => groups.push((list, vec![row])),
                }
            }
            for (list, rows) in groups {
                let places: Vec<Goes> = list.iter().map(|node| (self.goes)(*node)).collect();
                if let Some(odd) = places.iter().find(|p| (p.factor - 1.0).abs() > TELLS) {
                    self.notes.push(format!(
                        "input '{}' flows into a place where a current does {:.2} times as much at the soma as on the detailed cell",
                        stimulus.name,
                        1.0 / odd.factor
                    ));
                }
                let of_rows = |values: &Vec<f64>| rows.iter().map(|row| values[*row]).collect();
                let parameters = stimulus.parameters.iter();
                stimuli.push(Stimulus {
                    cells: CellSet::Indices(rows.iter().map(|row| cells[*row]).collect()),
                    points: (!self.is_point).then(|| union(&places)),
                    parameters: parameters.map(|(name, values)| (name.clone(), of_rows(values))).collect(),
                    ..stimulus.clone()
                });
            }
        }
        Ok(stimuli)
    }

    /// Puts spike detectors where their places went.
    fn detectors(&self, carried: &mut Model) -> Result<()> {
        for (number, detector) in carried.spike_detectors.iter_mut().enumerate() {
            if detector.population == self.population
                && let Some(points) = &detector.points
            {
                let list = self.nodes(points, 0, Use::SpikeDetector(number))?;
                let places: Vec<Goes> = list.iter().take(1).map(|node| (self.goes)(*node)).collect();
                detector.points = (!self.is_point).then(|| union(&places));
            }
        }
        Ok(())
    }

    /// The recordings; of the reduced cell that of its potential.
    fn recordings(&mut self) -> Result<Vec<Recording>> {
        let mut recordings = Vec::new();
        for (number, recording) in self.model.recordings.iter().enumerate() {
            if recording.population != self.population {
                recordings.push(recording.clone());
                continue;
            }
            let is_potential = |name: &&String| *name == "v" || name.starts_with("v >");
            let variables: Vec<String> = recording.variables.iter().filter(is_potential).cloned().collect();
            if variables.len() < recording.variables.len() {
                self.notes.push(format!(
                    "'{}': of the reduced cell only the potential is recorded",
                    recording.file
                ));
            }
            let Site::Points(points) = &recording.site else {
                if matches!(recording.site, Site::Region(_)) {
                    self.notes
                        .push(format!("'{}': regions of the detailed cell are not recorded", recording.file));
                }
                continue;
            };
            if variables.is_empty() {
                continue;
            }
            let index = recording.cells.indices(self.size).first().copied().unwrap_or(0);
            let list = self.nodes(points, index, Use::Recording(number))?;
            let places: Vec<Goes> = list.into_iter().map(self.goes).collect();
            let site = if self.is_point { Site::Cell } else { Site::Points(union(&places)) };
            recordings.push(Recording { variables, site, ..recording.clone() });
        }
        Ok(recordings)
    }
}

/// `name`, longer if one of `synapses` has it.
fn free(mut name: String, synapses: &[Placed]) -> String {
    while synapses.iter().any(|other| other.name == name) {
        name.push('_');
    }
    name
}

/// The places together, in order; a place that is meant twice stays twice.
fn union(places: &[Goes]) -> Points {
    let mut points: Vec<Points> = places.iter().filter_map(|place| place.points.clone()).collect();
    if points.len() == 1 { points.remove(0) } else { Points::Union(points) }
}

/// Sends a connection to the synapse that its own became.
fn move_connection(connection: &mut Connection, moved: &Moved) {
    if let Receiver::Synapse { synapse, point } = connection.receiver
        && let Some((at, goes)) = moved.get(&(synapse as usize, connection.target.1, point as usize))
    {
        connection.receiver = Receiver::Synapse { synapse: *at as u32, point: 0 };
        connection.weight *= goes.factor;
        connection.delay_s += goes.delay_s;
    }
}
