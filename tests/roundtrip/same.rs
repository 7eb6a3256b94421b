//! Results of a tool beside those of neuropil.

use std::ops::ControlFlow;
use std::path::Path;

use neuropil::engine::{Memory, Options, Simulation, Spike};
use neuropil::model::{Model, PopulationCell};
use neuropil::output::{Column, read_spikes, read_table};

/// How far the results in a folder are from neuropil's own.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Difference {
    /// Spikes of neuropil.
    pub spikes: usize,
    /// Cells that spike more or less often than neuropil's: name, neuropil's count, the tool's.
    pub counts: Vec<(String, usize, usize)>,
    /// The greatest distance of two spikes of the same number, ms.
    pub spike_ms: f64,
    /// The greatest distance of two potentials, mV.
    pub v_mv: f64,
    /// The root of the mean square of it over the worst trace, mV.
    pub v_rms_mv: f64,
    /// Where a spike is more than a step away: the greatest distance, ms, from spikes that neuropil has with a tenth of the step, of
    /// neuropil's own and of the tool's.
    pub finer_ms: Option<(f64, f64)>,
}

/// A run of neuropil's own, on one thread.
fn run(model: &Model) -> Result<(Simulation, Memory), String> {
    let mut memory = Memory::default();
    let options = Options { threads: 1, ..Options::default() };
    let mut simulation = Simulation::new(model, &options).map_err(|e| e.to_string())?;
    simulation.run(&mut memory, &mut |_| ControlFlow::Continue(())).map_err(|e| e.to_string())?;
    Ok((simulation, memory))
}

/// How many spikes cells have, without those of given and random sources.
///
/// # Errors
/// If the model can't be run.
pub fn spikes_of_cells(model: &Model) -> Result<usize, String> {
    let (_, own) = run(model)?;
    let first = model.first_cells();
    let is_cell = |spike: &Spike| {
        let next = first.partition_point(|&number| number <= u64::from(spike.cell));
        let population = next.checked_sub(1).and_then(|at| model.populations.get(at));
        population.is_some_and(|p| match &p.cell {
            PopulationCell::Cable(_) => true,
            PopulationCell::Point(cell) => cell.dynamics.exposed("v").is_some(),
            PopulationCell::SpikeTimes(_) => false,
        })
    };
    Ok(own.spikes.iter().filter(|spike| is_cell(spike)).count())
}

/// Compares what a tool wrote into `folder` with a run of `model`.
///
/// # Errors
/// If a file lacks a column, or is shorter.
pub fn difference(model: &Model, folder: &Path) -> Result<Difference, String> {
    let (simulation, own) = run(model)?;
    let mut out = Difference::default();
    for (number, table) in simulation.tables().iter().enumerate() {
        let path = folder.join(format!("{}.csv", table.file));
        let read = read_table(&path).map_err(|e| e.to_string())?;
        let width = table.columns.len() + 1;
        let rows = &own.tables[number];
        let name = format!("{}.csv", table.file);
        if read.rows() != rows.len() / width {
            return Err(format!("{name} has {} rows, not {}", read.rows(), rows.len() / width));
        }
        for (k, column) in table.columns.iter().enumerate() {
            let wanted = Column::new(&column.name, column.dimension, "").header();
            let found = read.columns.get(k + 1).ok_or_else(|| format!("{name} lacks '{wanted}'"))?;
            let named = if found.unit.is_empty() {
                found.name.clone()
            } else {
                format!("{} ({})", found.name, found.unit)
            };
            if !named.starts_with(&wanted) {
                return Err(format!("{name}: column '{named}', not '{wanted}'"));
            }
            if found.unit != "mV" {
                continue;
            }
            let mut squares = 0.0;
            for (row, value) in rows.chunks(width).zip(&found.values) {
                let distance = (row[k + 1] * 1e3 - value).abs();
                if !distance.is_finite() {
                    return Err(format!("{name}: {named} is {value}"));
                }
                out.v_mv = out.v_mv.max(distance);
                squares += distance * distance;
            }
            out.v_rms_mv = out.v_rms_mv.max((squares / found.values.len() as f64).sqrt());
        }
    }
    let read = read_spikes(folder.join("spikes.csv")).map_err(|e| e.to_string())?;
    let count: usize = model.populations.iter().map(|p| p.size).sum();
    let mut theirs = vec![Vec::new(); count];
    let mut ours = trains(&own, count);
    for (time, source) in read.times_ms.iter().zip(&read.sources) {
        theirs.get_mut(*source as usize).ok_or_else(|| format!("a spike of cell {source}"))?.push(*time);
    }
    for (cell, (a, b)) in ours.iter_mut().zip(&mut theirs).enumerate() {
        b.sort_by(f64::total_cmp);
        out.spikes += a.len();
        if a.len() != b.len() {
            out.counts.push((simulation.cell_name(cell as u32), a.len(), b.len()));
        }
    }
    out.spike_ms = apart(&ours, &theirs).unwrap_or(out.spike_ms);
    if out.counts.is_empty() && out.spike_ms > model.run.dt_s * 1e3 * (1.0 + 1e-6) {
        let mut finer = model.clone();
        finer.run.dt_s /= 10.0;
        finer.recordings.clear();
        let (_, finer) = run(&finer)?;
        let finer = trains(&finer, count);
        out.finer_ms = apart(&ours, &finer).zip(apart(&theirs, &finer));
    }
    Ok(out)
}

/// Spike times of each of so many cells, ms, ascending.
fn trains(memory: &Memory, count: usize) -> Vec<Vec<f64>> {
    let mut out = vec![Vec::new(); count];
    memory.spikes.iter().for_each(|s| out[s.cell as usize].push(s.time_s * 1e3));
    out.iter_mut().for_each(|of| of.sort_by(f64::total_cmp));
    out
}

/// The greatest distance of two spikes of the same number, ms; none if there are more on one side.
fn apart(one: &[Vec<f64>], other: &[Vec<f64>]) -> Option<f64> {
    let mut worst = 0.0f64;
    for (a, b) in one.iter().zip(other) {
        if a.len() != b.len() {
            return None;
        }
        worst = a.iter().zip(b).map(|(x, y)| (x - y).abs()).fold(worst, f64::max);
    }
    Some(worst)
}

/// Two models of the same: spikes, and the greatest distance of two samples relative to the greatest value of their column; 0 if
/// all samples and spikes have the same bits. `other` may sample more often.
///
/// # Errors
/// If they have different columns or numbers of spikes.
pub fn between(model: &Model, other: &Model) -> Result<(usize, f64), String> {
    let ((one, own), (again, theirs)) = (run(model)?, run(other)?);
    let mut worst = 0.0f64;
    if one.tables().len() != again.tables().len() {
        return Err(format!("{} tables instead of {}", again.tables().len(), one.tables().len()));
    }
    for (at, (a, b)) in one.tables().iter().zip(again.tables()).enumerate() {
        let width = a.columns.len() + 1;
        let every = (a.interval_s / b.interval_s).round().max(1.0) as usize;
        let rows: Vec<&[f64]> = theirs.tables[at].chunks_exact(b.columns.len() + 1).step_by(every).collect();
        if (b.columns.len() + 1, rows.len() * width) != (width, own.tables[at].len()) {
            return Err(format!("{}: columns or rows differ", a.file));
        }
        for column in 1..width {
            let pairs = own.tables[at].chunks_exact(width).zip(&rows);
            let scale = pairs.clone().map(|(x, _)| x[column].abs()).fold(f64::MIN_POSITIVE, f64::max);
            let apart = pairs.map(|(x, y)| (x[column] - y[column]).abs()).fold(0.0, f64::max);
            worst = worst.max(apart / scale);
        }
    }
    let times = |memory: &Memory| {
        let mut times: Vec<f64> = memory.spikes.iter().map(|s| s.time_s).collect();
        times.sort_by(f64::total_cmp);
        times
    };
    let (ours, theirs) = (times(&own), times(&theirs));
    if ours.len() != theirs.len() {
        return Err(format!("{} spikes instead of {}", theirs.len(), ours.len()));
    }
    if worst == 0.0 && ours != theirs {
        return Err("the same samples, but other times of spikes".to_string());
    }
    Ok((ours.len(), worst))
}
