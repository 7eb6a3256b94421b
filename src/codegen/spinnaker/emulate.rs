//! A model run in SpiNNaker's arithmetic.

use crate::codegen::points::{Kind, Network};
use crate::codegen::standard::Standard;
use crate::codegen::templates::Templates;
use crate::codegen::{Job, Options};
use crate::error::{Error, ErrorKind, Result};
use crate::hardware::spinnaker as chip;
use crate::model::Model;

/// What came of it, in the numbers of the model.
#[derive(Debug, Clone, Default)]
pub struct Emulation {
    /// Spikes of cells, not of sources: time (s) and number of the cell in the model.
    pub spikes: Vec<(f64, u64)>,
    /// Potentials of the recorded cells: names, and for each step time (s) and values (V).
    pub names: Vec<String>,
    /// As `names`.
    pub rows: Vec<Vec<f64>>,
    /// Sums of weights that were cut off.
    pub saturated: u64,
    /// The step between weights of each receptor that has some: population, receptor, step in PyNN's unit, unit.
    pub weight_steps: Vec<(String, &'static str, f64, &'static str)>,
}

/// Runs `model` as SpiNNaker would.
///
/// # Errors
/// What no leaky integrate-and-fire network is: other cells, plasticity, sines of current.
pub fn emulation(model: &Model) -> Result<Emulation> {
    let templates = Templates::default();
    let options = Options::default();
    let mut job = Job::new(model, &options, &templates);
    let network = Network::of(&mut job)?;
    if let Some(error) = Error::join(std::mem::take(&mut job.errors)) {
        return Err(error);
    }
    let step_ms = model.run.dt_s * 1e3;
    let steps = (model.run.duration_s / model.run.dt_s).round() as u32;
    let mut populations = Vec::new();
    for cells in &network.populations {
        populations.push(match &cells.kind {
            Kind::Spikes(times) => {
                let in_steps = |t: &f64| (t / step_ms).round() as u32;
                let spikes = times.iter().map(|times| times.iter().map(in_steps).collect()).collect();
                chip::Population { cells: Vec::new(), spikes }
            }
            Kind::Own(_) | Kind::Shaped(_) => unreachable_own(&cells.label)?,
            Kind::Standard(standard) => {
                let made: Result<Vec<_>> = (0..cells.size).map(|i| cell(standard, i, &cells.label)).collect();
                chip::Population { cells: made?, spikes: Vec::new() }
            }
        });
    }
    let mut connections = Vec::new();
    for wired in &network.projections {
        if wired.plasticity.is_some() {
            let message = format!("projection '{}': plastic connections are not emulated", wired.label);
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        for row in &wired.rows {
            connections.push(chip::Connection {
                source: (wired.source as u32, row.pre),
                target: (wired.target as u32, row.post),
                receptor: u8::from(wired.receptor == "inhibitory"),
                weight: row.weight.abs(),
                delay: ((row.delay / step_ms).round() as u32).max(1),
            });
        }
    }
    let mut injected = Vec::new();
    for current in &network.currents {
        if current.sine.is_some() {
            let message = format!("stimulus '{}': sines of current are not emulated", current.label);
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        let changes: Vec<(u32, f64)> =
            current.steps.iter().map(|(t, i)| ((t / step_ms).round() as u32, *i)).collect();
        for cell in &current.cells {
            injected.push((current.population as u32, *cell as u32, changes.clone()));
        }
    }
    let watched: Vec<(u32, u32)> = network
        .recordings
        .iter()
        .filter(|r| r.variables.iter().any(|v| v == "v"))
        .flat_map(|r| r.cells.iter().map(|c| (r.population as u32, *c as u32)))
        .collect();
    let ran = chip::emulate(&populations, &connections, &injected, &watched, (steps, step_ms))?;
    let first = model.first_cells();
    let is_cell = |p: u32| matches!(network.populations[p as usize].kind, Kind::Standard(_));
    let mut weight_steps = Vec::new();
    for (cells, scales) in network.populations.iter().zip(&ran.scales) {
        let Kind::Standard(standard) = &cells.kind else { continue };
        let unit = if standard.parameters.iter().any(|(n, _)| n == "e_rev_E") { "uS" } else { "nA" };
        for (receptor, scale) in super::super::standard::RECEPTORS.into_iter().zip(scales) {
            if network.projections.iter().any(|w| w.target == cells.index && w.receptor == receptor) {
                weight_steps.push((cells.label.clone(), receptor, scale.step, unit));
            }
        }
    }
    Ok(Emulation {
        spikes: ran
            .spikes
            .iter()
            .filter(|(_, p, _)| is_cell(*p))
            // A cell that fires in a step does so at its end.
            .map(|(step, p, i)| (f64::from(step + 1) * model.run.dt_s, first[*p as usize] + u64::from(*i)))
            .collect(),
        names: watched
            .iter()
            .map(|(p, i)| format!("{}[{i}].v", model.populations[*p as usize].name))
            .collect(),
        rows: ran
            .potentials
            .iter()
            .enumerate()
            .map(|(step, row)| {
                let time = (step + 1) as f64 * model.run.dt_s;
                std::iter::once(time).chain(row.iter().map(|v| v * 1e-3)).collect()
            })
            .collect(),
        saturated: ran.saturated,
        weight_steps,
    })
}

/// [`Network::of`] makes none.
fn unreachable_own(population: &str) -> Result<chip::Population> {
    let message = format!("population '{population}': cells of their own types are not emulated in networks");
    Err(Error::new(ErrorKind::Unsupported, message))
}

/// Cell `at` of a population of `standard` ones, and its potential at the start, mV.
fn cell(standard: &Standard, at: usize, population: &str) -> Result<(chip::Parameters, f64)> {
    if !matches!(standard.name.as_str(), "IF_curr_exp" | "IF_cond_exp") {
        let message = format!(
            "population '{population}': {} is not emulated; IF_curr_exp and IF_cond_exp are",
            standard.name
        );
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    let of = |list: &[(String, Vec<f64>)], name: &str| {
        let found = list.iter().find(|(n, _)| n == name).map(|(_, values)| values);
        found.and_then(|values| values.get(at).or(values.first())).copied()
    };
    let number = |name: &str| {
        of(&standard.parameters, name)
            .ok_or_else(|| Error::new(ErrorKind::Name, format!("population '{population}' has no {name}")))
    };
    let reversal = match standard.name.as_str() {
        "IF_cond_exp" => Some([number("e_rev_E")?, number("e_rev_I")?]),
        _ => None,
    };
    let parameters = chip::Parameters {
        tau_m: number("tau_m")?,
        cm: number("cm")?,
        v_rest: number("v_rest")?,
        v_reset: number("v_reset")?,
        v_thresh: number("v_thresh")?,
        tau_refrac: number("tau_refrac")?,
        i_offset: number("i_offset")?,
        tau_syn: [number("tau_syn_E")?, number("tau_syn_I")?],
        reversal,
    };
    Ok((parameters, of(&standard.initial, "v").unwrap_or(parameters.v_rest)))
}
