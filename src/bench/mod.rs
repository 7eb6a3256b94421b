//! Benchmark workloads: fixed models that other simulators run too, timed and checked.

mod brette;
mod cells;
pub mod exact;
mod nml;
mod parts;
mod rallpack;
mod reading;
mod ring;

use std::path::PathBuf;
use std::time::Instant;

use cpu_time::ProcessTime;
use serde::Serialize;
use serde_json::Value;

use crate::engine::{Memory, Options, Simulation, Spike};
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::model::{Method, Model};

/// The names of the workloads.
pub const WORKLOADS: [&str; 11] = [
    "rallpack1",
    "rallpack2",
    "rallpack3",
    "cells",
    "ring",
    "ringnml",
    "l5pc",
    "cuba",
    "coba",
    "cobahh",
    "reading",
];

/// The time step that other simulators are compared at, ms.
pub fn usual_dt_ms(workload: &str) -> f64 {
    match workload {
        "cuba" | "coba" | "cobahh" => 0.1,
        _ => 0.025,
    }
}

/// The temperature of the squid axon's kinetics, 6.3 °C, K.
const SQUID_K: f64 = 279.45;

/// Which workload, and its sizes. What a workload does not have it ignores.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// One of [`WORKLOADS`].
    pub name: String,
    /// Time step, ms.
    pub dt_ms: f64,
    /// Length of the run, ms; the workload's own if not given.
    pub tstop_ms: Option<f64>,
    /// Compartments of the cable of Rallpack 1 and 3.
    pub ncomp: u32,
    /// Number of cells of `ring`, `cells`, `cuba`, `coba` and `cobahh`, of connections of `reading`; the
    /// workload's own if not given.
    pub n: Option<usize>,
    /// Levels of the trees of `ring`.
    pub depth: u32,
    /// Whether the dendrites of `ring` have channels.
    pub dense: bool,
    /// Delay of the connections of `cuba`, `coba` and `cobahh`, ms.
    pub delay_ms: f64,
    /// Voltage stepping.
    pub method: Method,
    /// The folder with the model's files, for `l5pc`.
    pub model: Option<PathBuf>,
}

impl Default for Workload {
    fn default() -> Workload {
        Workload {
            name: String::new(),
            dt_ms: 0.025,
            tstop_ms: None,
            ncomp: 1000,
            n: None,
            depth: 2,
            dense: false,
            delay_ms: 0.1,
            method: Method::BackwardEuler,
            model: None,
        }
    }
}

/// A model with what is to be looked at in its results.
pub(crate) struct Prepared {
    model: Model,
    size: Value,
    check: Box<dyn Fn(&Memory) -> Value>,
}

/// What a run of a workload showed: the line of JSON that all simulators print.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// `neuropil`.
    pub peer: &'static str,
    /// This version.
    pub version: &'static str,
    /// Name of the workload.
    pub workload: String,
    /// Its sizes.
    pub size: Value,
    /// Wall time from the description to the first step, s.
    pub setup_s: f64,
    /// Wall time of all steps, s.
    pub run_s: f64,
    /// CPU time of all steps and threads, s.
    pub cpu_s: f64,
    /// Simulated time, ms.
    pub sim_ms: f64,
    /// Compartments with area.
    pub n_compartments: usize,
    /// Time steps.
    pub n_steps: u64,
    /// Spikes.
    pub n_spikes: u64,
    /// What the results are recognised by.
    pub check: Value,
}

/// The model of a workload, for who wants to run it in another way.
///
/// # Errors
/// If there is no such workload, or its sizes make no sense.
pub fn model(workload: &Workload) -> Result<Model> {
    match workload.name.as_str() {
        "reading" => reading::model(workload),
        _ => prepare(workload).map(|p| p.model),
    }
}

fn prepare(workload: &Workload) -> Result<Prepared> {
    match workload.name.as_str() {
        "rallpack1" => rallpack::prepare(workload, 1),
        "rallpack2" => rallpack::prepare(workload, 2),
        "rallpack3" => rallpack::prepare(workload, 3),
        "cells" => cells::prepare(workload),
        "ring" => ring::prepare(workload),
        "ringnml" => nml::ring(workload),
        "l5pc" => nml::l5pc(workload),
        "cuba" | "coba" | "cobahh" => brette::prepare(workload),
        other => {
            let message = format!("there is no workload '{other}'; there are {}", WORKLOADS.join(", "));
            let error = Error::new(ErrorKind::Name, message);
            Err(match nearest(other, WORKLOADS) {
                Some(near) => error.help(format!("did you mean '{near}'?")),
                None => error,
            })
        }
    }
}

/// Runs a workload and times it.
///
/// # Errors
/// As [`model`], and what the run reports.
pub fn run(workload: &Workload, options: &Options) -> Result<Outcome> {
    if workload.name == "reading" {
        return reading::run(workload);
    }
    let start = Instant::now();
    let prepared = prepare(workload)?;
    let mut simulation = Simulation::new(&prepared.model, options)?;
    let mut memory = Memory::default();
    let setup_s = start.elapsed().as_secs_f64();
    let (wall, cpu) = (Instant::now(), ProcessTime::now());
    simulation.run(&mut memory, &mut |_| std::ops::ControlFlow::Continue(()))?;
    let (run_s, cpu_s) = (wall.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
    Ok(Outcome {
        peer: "neuropil",
        version: env!("CARGO_PKG_VERSION"),
        workload: workload.name.clone(),
        size: prepared.size,
        setup_s,
        run_s,
        cpu_s,
        sim_ms: prepared.model.run.duration_s * 1e3,
        n_compartments: simulation.summary().compartments,
        n_steps: simulation.steps(),
        n_spikes: simulation.n_spikes(),
        check: (prepared.check)(&memory),
    })
}

/// `x` to `digits` decimal places.
fn rounded(x: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (x * scale).round() / scale
}

/// Times (ms) at which the signal passes `threshold` upwards, interpolated; rows are of time (s) and
/// `width - 1` columns.
fn upward_ms(rows: &[f64], width: usize, column: usize, threshold: f64) -> Vec<f64> {
    let times = rows.chunks_exact(width).map(|r| (r[0] * 1e3, r[column]));
    let next = rows.chunks_exact(width).skip(1).map(|r| (r[0] * 1e3, r[column]));
    times
        .zip(next)
        .filter(|((_, a), (_, b))| *a < threshold && threshold <= *b)
        .map(|((t0, a), (t1, b))| t0 + (threshold - a) / (b - a) * (t1 - t0))
        .collect()
}

/// Spike times in ms with cells, in order.
fn spikes_ms(spikes: &[Spike]) -> Vec<(f64, u32)> {
    spikes.iter().map(|s| (s.time_s * 1e3, s.cell)).collect()
}
