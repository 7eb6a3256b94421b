//! Injected currents as neuropil plays them, step by step, for targets that play numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::layout::Layout;
use super::network::{replace_cells, unconnected};
use crate::dynamics::{Derived, Dynamics, Variable};
use crate::engine::{self, Memory, Simulation};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::Expr;
use crate::model::{CellSet, Model, PointCell, PopulationCell, Recording, Site};
use crate::units::Dimension;

/// Numbers at most.
const MOST_SAMPLES: f64 = 1e7;

/// The current that a stimulus plays into one cell: from which step on, and how much, A. Before the first it is 0.
pub(crate) type Played = Vec<(u64, f64)>;

/// Currents that are known beforehand: those of stimuli for each of their cells, in the order of
/// [`CellSet::indices`](crate::model::CellSet::indices), those of attachments for each of their contacts. `None` for what depends on
/// more than time and chance.
#[derive(Debug, Default)]
pub(crate) struct AllPlayed {
    pub(crate) stimuli: Vec<Option<Vec<Played>>>,
    pub(crate) attachments: Vec<Option<Vec<Played>>>,
}

/// Whether what `dynamics` play depends on nothing but time and chance.
fn is_given(dynamics: &Dynamics) -> bool {
    let known = |name: &str| matches!(name, "t" | "noise" | "temperature" | "weight");
    let current = dynamics.exposed("i").is_some();
    let heard = dynamics.events.iter().any(|e| !e.assignments.is_empty() || !e.sends.is_empty());
    current && !heard && dynamics.inputs.iter().all(|input| known(&input.name))
}

/// The currents of `model` that are known beforehand.
///
/// # Errors
/// If there are too many numbers, or they can't be played.
pub(crate) fn played(model: &Model) -> Result<AllPlayed> {
    let sizes = |population: usize| model.populations.get(population).map_or(0, |p| p.size);
    let stimuli: Vec<bool> = model.stimuli.iter().map(|s| is_given(&s.dynamics)).collect();
    let attachments: Vec<bool> = model.attachments.iter().map(|a| is_given(&a.dynamics)).collect();
    let mut out =
        AllPlayed { stimuli: vec![None; stimuli.len()], attachments: vec![None; attachments.len()] };
    if !stimuli.contains(&true) && !attachments.contains(&true) {
        return Ok(out);
    }
    let mut alone = unconnected(model);
    for population in &mut alone.populations {
        replace_cells(population, PopulationCell::Point(Arc::new(listener())));
    }
    let mut numbers = 0;
    let mut record = |population: usize, cells: CellSet, name: String| {
        numbers += cells.indices(sizes(population)).len();
        let variables = vec![format!("{name}.i")];
        Recording { population, cells, site: Site::Cell, variables, interval_s: 0.0, file: name, label: None }
    };
    // What is not played keeps its place, since what is drawn depends on these, but is silent.
    for (at, stimulus) in alone.stimuli.iter_mut().enumerate() {
        stimulus.name = format!("stimulus{at}");
        stimulus.points = None;
        match stimuli[at] {
            true => {
                let wanted = record(stimulus.population, stimulus.cells.clone(), stimulus.name.clone());
                alone.recordings.push(wanted);
            }
            false => stimulus.dynamics = Arc::new(silence()),
        }
    }
    for (at, list) in alone.attachments.iter_mut().enumerate() {
        list.name = format!("attached{at}");
        list.list = None;
        list.contacts.iter_mut().for_each(|contact| contact.location = None);
        match attachments[at] {
            true => {
                let cells: BTreeSet<usize> = list.contacts.iter().map(|c| c.cell as usize).collect();
                let cells = CellSet::Indices(cells.into_iter().collect());
                alone.recordings.push(record(list.population, cells, list.name.clone()));
            }
            false => list.dynamics = Arc::new(silence()),
        }
    }
    let steps = (model.run.duration_s / model.run.dt_s).round();
    if numbers as f64 * steps > MOST_SAMPLES {
        let message =
            format!("currents into {numbers} cells over {steps} steps are more numbers than can be written");
        let error = Error::new(ErrorKind::Limit, message);
        return Err(error.help("inject into fewer cells, or run for a shorter time"));
    }
    let mut results = Memory::default();
    let mut simulation = Simulation::new(&alone, &engine::Options::default())?;
    simulation.run(&mut results, &mut |_| ControlFlow::Continue(()))?;
    let widths: Vec<usize> = simulation.tables().iter().map(|table| table.columns.len()).collect();
    let mut tables = results.tables.iter().zip(widths).map(|(rows, columns)| -> Vec<Played> {
        let column = |at: usize| changes(rows.chunks(columns + 1).filter_map(|row| row.get(at + 1)));
        (0..columns).map(column).collect()
    });
    for (played, _) in out.stimuli.iter_mut().zip(&stimuli).filter(|(_, given)| **given) {
        *played = tables.next();
    }
    for (at, list) in model.attachments.iter().enumerate().filter(|(at, _)| attachments[*at]) {
        // Columns go cell by cell, and on each in order of the contacts.
        let mut order: Vec<usize> = (0..list.contacts.len()).collect();
        order.sort_by_key(|contact| list.contacts[*contact].cell);
        let columns = tables.next().unwrap_or_default();
        let mut each = vec![Played::new(); list.contacts.len()];
        for (contact, column) in order.into_iter().zip(columns) {
            each[contact] = column;
        }
        out.attachments[at] = Some(each);
    }
    Ok(out)
}

/// The currents that are played into cells, by population, cell and slot of what gives them: one for each instance. `None` for
/// what can't be played.
pub(crate) type Inputs = BTreeMap<(usize, usize, usize), Vec<Option<Played>>>;

/// What gives currents, and does nothing else.
pub(crate) fn inputs(model: &Model, layout: &Layout, played: &AllPlayed) -> Inputs {
    let mut out = Inputs::new();
    for (p, population) in model.populations.iter().enumerate() {
        let PopulationCell::Cable(cell) = &population.cell else { continue };
        let mut next = vec![cell.synapses.len(); population.size];
        for (number, stimulus) in model.stimuli.iter().enumerate().filter(|(_, s)| s.population == p) {
            for (nth, index) in stimulus.cells.indices(population.size).into_iter().enumerate() {
                let slot = next[index];
                next[index] += 1;
                let one = played.stimuli[number].as_ref().and_then(|lists| lists.get(nth)).cloned();
                let placed = layout.populations[p].cells.get(index).and_then(|cell| cell.placed.get(slot));
                out.insert((p, index, slot), vec![one; placed.map_or(0, |placed| placed.nodes.len())]);
            }
        }
    }
    for (number, list) in model.attachments.iter().enumerate() {
        let Some(lists) = &played.attachments[number] else { continue };
        for (nth, (contact, one)) in list.contacts.iter().zip(lists).enumerate() {
            let Some((slot, instance)) = layout.contact(number as u32, nth as u32) else { continue };
            let all = out.entry((list.population, contact.cell as usize, slot)).or_default();
            all.resize(all.len().max(instance + 1), None);
            all[instance] = Some(one.clone());
        }
    }
    out
}

/// Where a series of numbers changes.
fn changes<'a>(values: impl Iterator<Item = &'a f64>) -> Played {
    let mut out: Played = Vec::new();
    let mut last = 0.0;
    for (step, &value) in values.enumerate() {
        if value != last {
            out.push((step as u64, value));
            last = value;
        }
    }
    out
}

/// A cell that takes currents and does nothing.
fn listener() -> PointCell {
    let variable = |name: &str, dimension| Variable { name: name.into(), dimension };
    let dynamics = Dynamics {
        name: "listener".into(),
        inputs: vec![variable("synapses[*]/i", Dimension::CURRENT)],
        states: vec![variable("v", Dimension::VOLTAGE)],
        exposures: vec![("v".into(), "v".into())],
        ..Dynamics::default()
    };
    PointCell { dynamics: Arc::new(dynamics), source: None, synapses: Vec::new() }
}

fn silence() -> Dynamics {
    Dynamics {
        name: "silence".into(),
        derived: vec![Derived { name: "i".into(), dimension: Dimension::CURRENT, value: Expr::Number(0.0) }],
        exposures: vec![("i".into(), "i".into())],
        ..Dynamics::default()
    }
}
