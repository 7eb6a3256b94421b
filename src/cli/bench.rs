//! `neuropil bench`: the workloads that simulators are compared on.

use std::path::PathBuf;

use clap::Args;

use super::header::short;
use super::{Outcome, console, run};
use crate::bench::{self, Workload};
use crate::engine;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Method;

/// Options of `bench`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Workload: rallpack1, rallpack2, rallpack3, cells, ring, ringnml, l5pc, cuba, coba, cobahh or
    /// reading
    workload: String,
    /// Print one JSON line for each repetition
    #[arg(long)]
    json: bool,
    /// Threads
    #[arg(long, default_value_t = 1, value_name = "N")]
    threads: usize,
    /// Vector unit; the fastest if not given
    #[arg(long, value_name = "LEVEL")]
    simd: Option<String>,
    /// Time step, ms; 0.025, or 0.1 for cuba, coba and cobahh, if not given
    #[arg(long, value_name = "MS")]
    dt: Option<f64>,
    /// Simulated time, ms; the workload's own if not given
    #[arg(long, value_name = "MS")]
    tstop: Option<f64>,
    /// Compartments of the cable of rallpack1 and rallpack3
    #[arg(long, default_value_t = 1000, value_name = "N")]
    ncomp: u32,
    /// Number of cells of ring, ringnml, cells, cuba, coba and cobahh, of connections of reading; the
    /// workload's own if not given
    #[arg(long, value_name = "N")]
    n: Option<usize>,
    /// Levels of the dendrites of ring and ringnml
    #[arg(long, default_value_t = 2, value_name = "N")]
    depth: u32,
    /// Channels on the dendrites of ring and ringnml too
    #[arg(long)]
    dense: bool,
    /// Delay of the connections of cuba, coba and cobahh, ms
    #[arg(long, default_value_t = 0.1, value_name = "MS")]
    delay: f64,
    /// Folder of the published model in NeuroML, for l5pc
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    /// Crank-Nicolson in place of backward Euler
    #[arg(long)]
    crank_nicolson: bool,
    /// Repetitions
    #[arg(long, default_value_t = 1, value_name = "N")]
    reps: usize,
    /// Compartments in a group of cells
    #[arg(long, value_name = "N")]
    group_size: Option<usize>,
}

/// Runs the workload.
pub(super) fn execute(options: &Options) -> Result<Outcome> {
    for (name, value) in [("--dt", options.dt), ("--tstop", options.tstop)] {
        if value.is_some_and(|ms| !(ms > 0.0 && ms.is_finite())) {
            return Err(Error::new(ErrorKind::Value, format!("{name} must be above 0 ms")));
        }
    }
    let workload = Workload {
        name: options.workload.clone(),
        dt_ms: options.dt.unwrap_or_else(|| bench::usual_dt_ms(&options.workload)),
        tstop_ms: options.tstop,
        ncomp: options.ncomp,
        n: options.n,
        depth: options.depth,
        dense: options.dense,
        delay_ms: options.delay,
        method: if options.crank_nicolson { Method::CrankNicolson } else { Method::BackwardEuler },
        model: options.model.clone(),
    };
    let mut engine_options = engine::Options {
        threads: options.threads,
        level: run::level(options.simd.as_deref())?,
        ..engine::Options::default()
    };
    if let Some(group_size) = options.group_size {
        engine_options.group_size = group_size.max(1);
    }
    for _ in 0..options.reps.max(1) {
        let outcome = bench::run(&workload, &engine_options)?;
        if options.json {
            let line = serde_json::to_string(&outcome)
                .map_err(|e| Error::new(ErrorKind::Value, format!("no JSON: {e}")))?;
            console::print(&format!("{line}\n"))?;
        } else if outcome.n_steps == 0 {
            let (name, setup_s) = (&outcome.workload, outcome.setup_s);
            console::print(&format!("{name}: {} in {setup_s:.4} s\n  {}\n", outcome.size, outcome.check))?;
        } else {
            let work = outcome.n_compartments as f64 * outcome.n_steps as f64;
            console::print(&format!(
                "{}: {} compartments x {} steps ({} ms, {}), set-up {:.3} s, run {:.3} s, CPU {:.3} s, \
                 {:.2} ns per compartment and step, {} spikes\n  {}\n",
                outcome.workload,
                outcome.n_compartments,
                outcome.n_steps,
                short(outcome.sim_ms),
                workload.method.name(),
                outcome.setup_s,
                outcome.run_s,
                outcome.cpu_s,
                outcome.cpu_s * 1e9 / work.max(1.0),
                outcome.n_spikes,
                outcome.check
            ))?;
        }
    }
    Ok(Outcome::Done)
}
