//! From a [`Model`] to NeuroML 2 documents and a LEMS simulation.
//!
//! One document for each cell, channel, synapse and input, one for the network, and `LEMS_NAME.xml`, which runs it.
//! Components that the NeuroML schema has no element for, and component types that are not of the core, go into
//! `NAME.lems.xml`. Everything that is drawn at random is written as drawn.

mod cell;
mod documents;
mod network;
mod outputs;
mod shape;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::read::counted;
use crate::engine::CellPlan;
use crate::error::{Error, ErrorKind, Place, Result, Warning};
use crate::model::{Draws, Model, PopulationCell, Site, SpikeDetector, Use};
use crate::select::{Cable, Location, Points};
use crate::wiring;
use documents::Documents;
use shape::Body;

/// The documents of a model.
#[derive(Debug, Clone)]
pub struct Written {
    /// Names and texts, the simulation last.
    pub files: Vec<(PathBuf, String)>,
    /// What a reader of these documents does otherwise.
    pub warnings: Vec<Warning>,
}

/// Writes `model` as documents that are called after `name`.
///
/// Read and run again they give the same samples, bit for bit, unless a warning says otherwise.
///
/// # Errors
/// Everything in the model that NeuroML has no words for, each by its name.
pub fn write(model: &Model, name: &str) -> Result<Written> {
    let model = &*wiring::with_junctions(model)?;
    if let Some(projection) = model.projections.iter().find(|p| p.rule.is_some()) {
        let message = format!(
            "projection '{}': NeuroML cannot say the plasticity of single connections",
            projection.name
        );
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    if !model.projections.is_empty() {
        // A document lists connections one by one.
        let mut listed = model.clone();
        listed.connections.extend(wiring::one_by_one(model, wiring::MOST_LISTED)?);
        listed.projections.clear();
        return write(&listed, name);
    }
    let name = id_like(name);
    let mut writer = Writer {
        model,
        documents: Documents::new(&name),
        bodies: Vec::new(),
        body_of: Vec::new(),
        members: Vec::new(),
        draws: Draws::of(model),
        points: Vec::new(),
        inputs: Vec::new(),
        warnings: Vec::new(),
        errors: Vec::new(),
        name,
    };
    writer.run();
    match Error::join(writer.errors) {
        Some(error) => Err(error),
        None => Ok(Written { files: writer.documents.finish(), warnings: writer.warnings }),
    }
}

/// A cell of the model as the documents call it.
#[derive(Debug, Clone)]
struct Member {
    /// The id of its population.
    population: String,
    /// Its number there.
    index: usize,
    /// The id of its component.
    component: String,
}

impl Member {
    /// The path of the cell.
    fn path(&self) -> String {
        format!("{}/{}/{}", self.population, self.index, self.component)
    }

    /// The same in brackets, as connections name it.
    fn reference(&self) -> String {
        format!("../{}[{}]", self.population, self.index)
    }
}

/// A synapse of a cell of the model: its component, and its places in the order of the contacts that a reader makes.
#[derive(Debug, Clone, Default)]
struct Placement {
    component: String,
    locations: Vec<Option<Location>>,
    /// Points that connections lead to, in order.
    connected: Vec<usize>,
}

struct Writer<'a> {
    model: &'a Model,
    name: String,
    documents: Documents,
    bodies: Vec<Body<'a>>,
    /// The body of each population that has one.
    body_of: Vec<Option<usize>>,
    /// Each cell of each population.
    members: Vec<Vec<Member>>,
    /// What random places are drawn by.
    draws: Draws,
    /// The synapses of each cell of each population.
    points: Vec<Vec<Vec<Placement>>>,
    /// The component of each stimulus.
    inputs: Vec<String>,
    warnings: Vec<Warning>,
    errors: Vec<Error>,
}

impl<'a> Writer<'a> {
    fn run(&mut self) {
        let model = self.model;
        if !model.attachments.is_empty() || !model.couplings.is_empty() {
            self.cannot("the model", "single contacts of networks: it comes from such a document already");
            return;
        }
        for number in (0..model.populations.len()).filter(|p| model.step_s(*p) != model.run.dt_s) {
            let of = format!("population '{}'", model.populations[number].name);
            self.cannot(&of, "that a population has a time step of its own");
        }
        // Before anything that takes long.
        for population in &model.populations {
            if let PopulationCell::Point(cell) = &population.cell {
                self.components(population, cell);
            }
        }
        for at in 0..model.populations.len() {
            let body = self.body(at);
            let body = self.keep(body).flatten();
            self.body_of.push(body);
        }
        if !self.errors.is_empty() {
            return;
        }
        let wanted = self.cut_bodies();
        self.keep(wanted);
        if self.errors.is_empty() {
            self.network();
        }
        if self.errors.is_empty() {
            self.simulation();
        }
    }

    /// Notes that NeuroML cannot say `what` of `of`.
    fn cannot(&mut self, of: &str, what: &str) {
        let message = format!("{of}: NeuroML cannot say {what}");
        self.errors.push(Error::new(ErrorKind::Unsupported, message));
    }

    fn keep<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.errors.push(error)).ok()
    }

    fn warn(&mut self, name: &'static str, message: String) {
        self.warnings.push(Warning::new(name, message, Place::default()));
    }

    /// The spike detector of a population.
    fn detector(&self, population: usize) -> Option<&'a SpikeDetector> {
        self.model.spike_detectors.iter().find(|d| d.population == population)
    }

    /// The index of the body of a population's cells.
    fn body(&mut self, at: usize) -> Result<Option<usize>> {
        let model = self.model;
        let PopulationCell::Cable(cell) = &model.populations[at].cell else { return Ok(None) };
        let detector = self.detector(at);
        let spikes = match detector {
            Some(SpikeDetector { points: Some(points), threshold_v, .. }) => {
                if points.is_random() {
                    let message = format!(
                        "population '{}': NeuroML cannot say a random place of spikes",
                        model.populations[at].name
                    );
                    return Err(Error::new(ErrorKind::Unsupported, message));
                }
                let plan = CellPlan::new(cell, &[])?;
                let cable = Cable::new(&cell.morphology, &plan.geometry);
                let index = model.spike_detectors.iter().position(|d| std::ptr::eq(d, detector.unwrap_or(d)));
                let draw = self.draws.at((at, 0), Use::SpikeDetector(index.unwrap_or(0)));
                points.evaluate(&cable, &draw)?.first().map(|place| (*place, *threshold_v))
            }
            _ => None,
        };
        let same = |body: &Body<'_>| Arc::ptr_eq(body.cell, cell) && body.spikes == spikes;
        if let Some(known) = self.bodies.iter().position(same) {
            return Ok(Some(known));
        }
        self.bodies.push(Body::new(cell, spikes)?);
        Ok(Some(self.bodies.len() - 1))
    }

    /// Cuts the segments of all bodies so that every place that is recorded is the middle of one.
    fn cut_bodies(&mut self) -> Result<()> {
        let model = self.model;
        let mut wanted: Vec<BTreeSet<u32>> = vec![BTreeSet::new(); self.bodies.len()];
        for (body, wanted) in self.bodies.iter().zip(&mut wanted) {
            wanted.extend(body.spikes.map(|(place, _)| body.compartment(place)));
        }
        for (number, recording) in model.recordings.iter().enumerate() {
            let Some(body) = self.body_of[recording.population] else { continue };
            for cell in recording.cells.indices(model.populations[recording.population].size) {
                let places = self.recorded(number, cell)?;
                wanted[body].extend(places.iter().map(|place| self.bodies[body].compartment(*place)));
            }
        }
        for (at, wanted) in wanted.iter().enumerate() {
            let cut = self.bodies[at].cut(wanted)?;
            if cut > 0 {
                let message = format!(
                    "cell '{}': {} cut in two or three, since NeuroML records at the middle of segments and gives \
                     properties to whole ones: results may differ in the last digits",
                    self.bodies[at].cell.morphology.name,
                    counted(cut, "segment"),
                );
                self.warn("segments-cut", message);
            }
        }
        Ok(())
    }

    /// The places of recording `number` on cell `cell`.
    fn recorded(&self, number: usize, cell: usize) -> Result<Vec<Location>> {
        let recording = &self.model.recordings[number];
        let Some(body) = self.body_of[recording.population].map(|at| &self.bodies[at]) else {
            return Ok(Vec::new());
        };
        let cable = Cable::new(&body.cell.morphology, &body.plan.geometry);
        match &recording.site {
            Site::Points(points) => {
                points.evaluate(&cable, &self.draws.at((recording.population, cell), Use::Recording(number)))
            }
            Site::Region(region) => {
                let cover = region.evaluate(&cable)?;
                let middles = body.plan.discretisation.cvs.iter();
                let middles = middles.map(|cv| Location { section: cv.section, fraction: cv.centre() });
                Ok(middles.filter(|place| cover.contains(*place)).collect())
            }
            Site::Cell => Ok(Vec::new()),
        }
    }

    /// The places of `points` on a cell with a shape.
    fn places(&self, population: usize, cell: usize, points: &Points, what: Use) -> Result<Vec<Location>> {
        let Some(body) = self.body_of[population].map(|at| &self.bodies[at]) else { return Ok(Vec::new()) };
        let cable = Cable::new(&body.cell.morphology, &body.plan.geometry);
        points.evaluate(&cable, &self.draws.at((population, cell), what))
    }
}

/// `name` as an id that NeuroML allows.
fn id_like(name: &str) -> String {
    let mut id = String::new();
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() || letter == '_' {
            id.push(letter);
        } else if !id.ends_with('_') {
            id.push('_');
        }
    }
    let id = id.trim_end_matches('_');
    let start = if id.starts_with(|c: char| c.is_ascii_digit()) || id.is_empty() { "_" } else { "" };
    format!("{start}{id}")
}

/// `name` as an id that is not in `taken`, which then holds it.
fn free_id(name: &str, taken: &mut BTreeSet<String>) -> String {
    let base = id_like(name);
    let mut id = base.clone();
    let mut number = 2;
    while !taken.insert(id.clone()) {
        id = format!("{base}_{number}");
        number += 1;
    }
    id
}
