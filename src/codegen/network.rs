//! Networks as targets need them that cannot draw what neuropil draws: connection by connection, spike by spike.

use std::fmt::Write;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::engine::{self, Simulation, Sink, Spike};
use crate::error::Result;
use crate::model::{Connection, Model, PointCell, Population, PopulationCell};
use crate::units::push_shifted;
use crate::wiring;

/// All connections of the model, those of its projections as drawn.
///
/// # Errors
/// If a projection can't be drawn, or there are too many.
pub(crate) fn connections(model: &Model) -> Result<Vec<Connection>> {
    let mut all = model.connections.clone();
    all.extend(wiring::one_by_one(model, wiring::MOST_LISTED)?);
    Ok(all)
}

/// Whether a population has a time step of its own.
pub(crate) fn has_own_step(model: &Model, population: usize) -> bool {
    (model.step_s(population) - model.run.dt_s).abs() > 1e-12 * model.run.dt_s
}

/// The spike detectors at places on the cells of a population: whether each is their output.
pub(crate) fn detector_outputs(model: &Model, population: usize) -> Vec<bool> {
    let own = model.spike_detectors.iter().filter(|d| d.population == population && d.points.is_some());
    own.map(|d| d.is_output).collect()
}

/// The number among those of its population that the model's spike detector `number` has.
pub(crate) fn detector_number(model: &Model, population: usize, number: u32) -> usize {
    let before = model.spike_detectors.iter().take(number as usize);
    before.filter(|d| d.population == population && d.points.is_some()).count()
}

/// The spike times of the cells of a population that have some, as rows of a Python dictionary: ms by (`name`, cell).
pub(crate) fn spike_rows(name: &str, times: &[Vec<f64>]) -> Vec<String> {
    let fired = times.iter().enumerate().filter(|(_, times)| !times.is_empty());
    let row = |(cell, times): (usize, &Vec<f64>)| {
        let mut out = String::with_capacity(name.len() + 20 + 20 * times.len());
        let _ = write!(out, "({name}, {cell}): [");
        for (at, time) in times.iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            push_shifted(&mut out, *time, -3);
        }
        out.push(']');
        out
    };
    fired.map(row).collect()
}

/// Whether a cell fires by itself: nothing reaches it, so its spikes can be known before the rest runs.
pub(crate) fn is_source(cell: &PointCell) -> bool {
    let dynamics = &cell.dynamics;
    !dynamics.out_ports.is_empty()
        && cell.synapses.is_empty()
        && dynamics.events.is_empty()
        && dynamics.inputs.iter().all(|input| input.name == "t")
        && dynamics.exposed("v").is_none()
}

/// `model` without what leads from one cell to another, and without what is recorded.
pub(crate) fn unconnected(model: &Model) -> Model {
    Model {
        couplings: Vec::new(),
        connections: Vec::new(),
        projections: Vec::new(),
        recordings: Vec::new(),
        spike_detectors: Vec::new(),
        event_recordings: Vec::new(),
        ..model.clone()
    }
}

/// Puts others in the place of the cells of a population, all of them alike.
pub(crate) fn replace_cells(population: &mut Population, cell: PopulationCell) {
    population.cell = cell;
    population.parameters.clear();
    population.initial.clear();
    population.initial_v.clear();
}

/// Spike times of each cell of a population, s, ascending.
pub(crate) type Trains = Arc<Vec<Vec<f64>>>;

/// The spike times (s, ascending) of each cell of each population that is a source; `None` for the others.
///
/// # Errors
/// If a source can't be run.
pub(crate) fn source_spikes(model: &Model) -> Result<Vec<Option<Trains>>> {
    let kinds: Vec<bool> = model
        .populations
        .iter()
        .map(|p| matches!(&p.cell, PopulationCell::Point(cell) if is_source(cell)))
        .collect();
    let mut found: Vec<Option<Trains>> = model
        .populations
        .iter()
        .map(|p| match &p.cell {
            PopulationCell::SpikeTimes(times) => Some(Arc::clone(times)),
            _ => None,
        })
        .collect();
    if !kinds.contains(&true) {
        return Ok(found);
    }
    // The sources alone, where they stand; the others fall silent.
    let mut alone = Model { stimuli: Vec::new(), attachments: Vec::new(), ..unconnected(model) };
    for (population, is_source) in alone.populations.iter_mut().zip(&kinds) {
        if !is_source {
            let silent = PopulationCell::SpikeTimes(Arc::new(vec![Vec::new(); population.size]));
            replace_cells(population, silent);
        }
    }
    let cells = model.populations.iter().map(|p| p.size).sum();
    let mut results = ByCell(vec![Vec::new(); cells]);
    let mut simulation = Simulation::new(&alone, &engine::Options::default())?;
    simulation.run(&mut results, &mut |_| ControlFlow::Continue(()))?;
    let mut rest = results.0.into_iter();
    for ((population, is_source), found) in model.populations.iter().zip(kinds).zip(&mut found) {
        let own: Vec<Vec<f64>> = rest.by_ref().take(population.size).collect();
        if is_source {
            *found = Some(Arc::new(own));
        }
    }
    Ok(found)
}

/// The spike times of each cell of a model, s.
struct ByCell(Vec<Vec<f64>>);

impl Sink for ByCell {
    fn samples(&mut self, _: usize, _: &[f64]) -> Result<()> {
        Ok(())
    }

    fn spikes(&mut self, spikes: &[Spike]) -> Result<()> {
        for spike in spikes {
            if let Some(times) = self.0.get_mut(spike.cell as usize) {
                times.push(spike.time_s);
            }
        }
        Ok(())
    }
}
