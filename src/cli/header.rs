//! What a run says before it begins: everything that decides its results.

use std::path::Path;

use super::console::{Style, columns};
use super::document::Document;
use crate::engine::{Simulation, Summary};
use crate::model::{Discretisation, Model, PopulationCell};

/// Most populations that are shown one by one.
const MAX_POPULATIONS: usize = 24;

/// The header of a run of `document`, read from `file`.
pub(super) fn text(file: &Path, document: &Document, simulation: &Simulation) -> String {
    let style = Style::stdout();
    let model = document.model();
    let assumptions = document.assumptions();
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut row = |name: &str, value: String| rows.push(vec![format!("  {name}"), value]);
    row("experiment", file.display().to_string());
    for note in document.notes() {
        row("read", note.clone());
    }
    if !assumptions.iter().any(|a| a.starts_with("temperature: ")) {
        row("temperature", format!("{} degC", short(model.temperature_k - 273.15)));
    }
    row("seed", model.seed.to_string());
    row("time step", format!("{} ms, {}", short(model.run.dt_s * 1e3), model.run.method.name()));
    let ticks = match simulation.tick_s() {
        tick_s if tick_s == model.run.dt_s => String::new(),
        tick_s => format!(" of {} ms", short(tick_s * 1e3)),
    };
    row("duration", format!("{} ms, {} steps{ticks}", short(model.run.duration_s * 1e3), simulation.steps()));
    for population in model.populations.iter().take(MAX_POPULATIONS) {
        row("population", population_line(population.name.as_str(), population.size, &population.cell));
        if let Some(dt_s) = population.dt_s.filter(|dt_s| *dt_s != model.run.dt_s) {
            row("", format!("time step: {} ms", short(dt_s * 1e3)));
        }
        if let PopulationCell::Cable(cell) = &population.cell {
            row("", format!("discretisation: {}", rules(&cell.discretisation)));
        }
    }
    if let Some(more) = model.populations.len().checked_sub(MAX_POPULATIONS).filter(|more| *more > 0) {
        row("", format!("and {more} more"));
    }
    row("in all", totals(simulation.summary()));
    for assumption in assumptions {
        row("default", assumption);
    }
    format!("{}\n{}", style.bold(&model.name), columns(&rows))
}

fn population_line(name: &str, size: usize, cell: &PopulationCell) -> String {
    let (kind, details) = match cell {
        PopulationCell::Cable(cell) => {
            let channels: Vec<&str> = cell.densities.iter().map(|d| d.name.as_str()).collect();
            (
                "cell with a shape",
                format!("{} sections, {}", cell.morphology.sections.len(), channels.join(" ")),
            )
        }
        PopulationCell::Point(cell) => ("point neuron", cell.dynamics.component_type.clone()),
        PopulationCell::SpikeTimes(times) => {
            let count: usize = times.iter().map(Vec::len).sum();
            ("source of spikes", plural(count, "spike"))
        }
    };
    format!("{name}: {} ({details})", plural(size, kind))
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 {
        return format!("1 {what}");
    }
    match what {
        "cell with a shape" => format!("{count} cells with a shape"),
        "source of spikes" => format!("{count} sources of spikes"),
        _ => format!("{count} {what}s"),
    }
}

/// The rules, as they stand in the file.
fn rules(discretisation: &Discretisation) -> String {
    let rules = &discretisation.rules;
    // The first is the fallback that every file has; it says something only where it is alone.
    let shown = if rules.len() > 1 { &rules[1..] } else { &rules[..] };
    let rules: Vec<String> = shown.iter().map(|(region, rule)| format!("{region}: {rule}")).collect();
    rules.join("; ")
}

fn totals(summary: &Summary) -> String {
    let mut parts = vec![plural(summary.cells, "cell"), plural(summary.compartments, "compartment")];
    if summary.instances > 0 {
        parts.push(plural(summary.instances, "synapse and stimulus instance"));
    }
    if summary.connections > 0 {
        let about = if summary.is_outline { "about " } else { "" };
        parts.push(format!("{about}{}", plural(summary.connections, "connection")));
    }
    parts.join(", ")
}

/// A number without the noise of its conversion to SI units and back.
pub(super) fn tidy(x: f64) -> f64 {
    (x * 1e9).round() / 1e9
}

/// [`tidy`], as text.
pub(super) fn short(x: f64) -> String {
    tidy(x).to_string()
}

/// Time steps of populations that have their own, ms.
fn own_steps(model: &Model) -> serde_json::Map<String, serde_json::Value> {
    let own = model.populations.iter().filter_map(|p| Some((p.name.clone(), tidy(p.dt_s? * 1e3).into())));
    own.collect()
}

/// What a model is called in the record of a run.
pub(super) fn record(model: &Model, simulation: &Simulation) -> serde_json::Value {
    let summary = simulation.summary();
    serde_json::json!({
        "title": model.name,
        "neuropil": env!("CARGO_PKG_VERSION"),
        "seed": model.seed,
        "temperature_degC": tidy(model.temperature_k - 273.15),
        "dt_ms": tidy(model.run.dt_s * 1e3),
        "own_dt_ms": own_steps(model),
        "duration_ms": tidy(model.run.duration_s * 1e3),
        "method": model.run.method.name(),
        "cells": summary.cells,
        "compartments": summary.compartments,
        "connections": summary.connections,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_as_they_were_written() {
        assert_eq!(short(0.025e-3 * 1e3), "0.025");
        assert_eq!(short(279.45 - 273.15), "6.3");
        assert_eq!(short(200.0), "200");
        assert_eq!(short(-65.0), "-65");
    }
}
