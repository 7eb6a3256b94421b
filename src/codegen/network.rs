//! Networks as targets need them that cannot draw what neuropil draws: connection by connection, spike by spike.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::engine::{self, Memory, Simulation};
use crate::error::Result;
use crate::model::{Connection, Model, PointCell, PopulationCell};
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

/// Whether a cell fires by itself: nothing reaches it, so its spikes can be known before the rest runs.
pub(crate) fn is_source(cell: &PointCell) -> bool {
    let dynamics = &cell.dynamics;
    !dynamics.out_ports.is_empty()
        && cell.synapses.is_empty()
        && dynamics.events.is_empty()
        && dynamics.inputs.iter().all(|input| input.name == "t")
        && dynamics.exposed("v").is_none()
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
    let mut found: Vec<Option<Arc<Vec<Vec<f64>>>>> = model
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
    let mut alone = Model {
        stimuli: Vec::new(),
        attachments: Vec::new(),
        couplings: Vec::new(),
        connections: Vec::new(),
        projections: Vec::new(),
        recordings: Vec::new(),
        spike_detectors: Vec::new(),
        event_recordings: Vec::new(),
        ..model.clone()
    };
    for (population, is_source) in alone.populations.iter_mut().zip(&kinds) {
        if !is_source {
            population.cell = PopulationCell::SpikeTimes(Arc::new(vec![Vec::new(); population.size]));
            population.parameters.clear();
            population.initial.clear();
            population.initial_v.clear();
        }
    }
    let mut results = Memory::default();
    let mut simulation = Simulation::new(&alone, &engine::Options::default())?;
    simulation.run(&mut results, &mut |_| ControlFlow::Continue(()))?;
    let first = model.first_cells();
    for (at, population) in model.populations.iter().enumerate().filter(|(at, _)| kinds[*at]) {
        let mut times = vec![Vec::new(); population.size];
        for spike in &results.spikes {
            let cell = u64::from(spike.cell).checked_sub(first[at]).and_then(|c| usize::try_from(c).ok());
            if let Some(cell) = cell.and_then(|cell| times.get_mut(cell)) {
                cell.push(spike.time_s);
            }
        }
        found[at] = Some(Arc::new(times));
    }
    Ok(found)
}
