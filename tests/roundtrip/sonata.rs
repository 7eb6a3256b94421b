//! libsonata opens what is written and finds what neuropil has; BMTK runs it on NEST and on NEURON.

use std::path::Path;

use neuropil::codegen::{self, Options, Target};
use neuropil::model::Model;
use neuropil::{experiment, wiring};

use super::columns::sonata::SONATA;
use super::{computed, holds};

/// Two cells with a shape that given spikes reach at places on them, and that reach each other.
const CABLES: &str = r#"
seed = 4
temperature = "6.3 degC"
run = { duration = "30 ms", dt = "0.025 ms" }
[cell.two]
morphology = { sections = [
    { name = "soma", kind = "soma", length = "20 um", diameter = "20 um" },
    { name = "tuft", kind = "apical_dendrite", parent = "soma", length = "100 um", diameter = "2 um" },
    { name = "side", kind = "basal_dendrite", parent = "soma", length = "50 um", diameter = "1 um" },
] }
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
discretisation = { soma = 1, tuft = 5, side = 2 }
spike = { at = "soma", threshold = "-20 mV" }
channels.pas = { on = "all", g = "0.1 mS/cm2", reversal = "-65 mV" }
channels.na = { on = "soma", g = "0.12 S/cm2", reversal = "50 mV" }
channels.kdr = { on = "soma", g = "0.036 S/cm2", reversal = "-77 mV" }
synapses.fast = { synapse = "exp_syn", at = "tuft(0.5)", gbase = "2 nS" }
synapses.slow = { synapse = "exp_syn", at = "side(0.25)", gbase = "3 nS", tauDecay = "10 ms" }
[population.cells]
cell = "two"
size = 2
initial_v = ["-65 mV", "-60 mV"]
[population.train]
size = 3
spike_times = [["2 ms", "5.5 ms"], [], ["8 ms"]]
[[projection]]
name = "in"
from = "train"
to = "cells"
synapse = "fast"
connector = "all_to_all"
weight = { uniform = [1.0, 9.0] }
delay = { uniform = ["1 ms", "2 ms"] }
[[projection]]
name = "back"
from = "cells"
to = "cells"
synapse = "slow"
connector = "all_to_all"
self_connections = false
weight = 2
delay = "1.5 ms"
[[stimulus]]
name = "pulse"
kind = "step"
cells = 1
population = "cells"
at = "side(0.75)"
start = "10 ms"
stop = "20 ms"
amplitude = "0.3 nA"
[[record]]
population = "cells"
at = "soma"
variables = ["v"]
file = "soma"
[[record]]
population = "cells"
cells = 1
at = "tuft(0.9)"
variables = ["v"]
every = "0.1 ms"
file = "tuft"
"#;

/// Standard cells that differ.
const POINTS: &str = include_str!("sonata_points.toml");

fn model(text: &str) -> Model {
    experiment::parse(text.to_string(), Path::new("model.toml")).unwrap().model
}

/// What libsonata finds in the circuit of a model; none if it can't be had.
fn opened(model: &Model) -> Option<Vec<String>> {
    let tool = SONATA.environment()?;
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made");
    let options = Options { origin: "model.toml".into(), ..Options::default() };
    codegen::write(&codegen::generate(model, Target::Sonata, &options).unwrap(), &made).unwrap();
    let script = include_str!("sonata.py");
    let said = tool.run("python", &["-c", script, made.to_str().unwrap()], &made);
    Some(said.unwrap_or_else(|said| panic!("{said}")).lines().map(str::to_string).collect())
}

/// The connections of a model as lines of edges, those of a target one after the other. `end` says weight and place.
fn edges(model: &Model, end: &dyn Fn(&neuropil::model::Connection) -> String) -> Vec<String> {
    let mut all = wiring::one_by_one(model, 1000).unwrap();
    all.sort_by_key(|c| (c.source.0, c.target));
    let name = |p: usize| &model.populations[p].name;
    let line = |c: &neuropil::model::Connection| {
        let (source, target) = (c.source, c.target);
        format!("edge {} {} {} {} {}", name(source.0), name(target.0), source.1, target.1, end(c))
    };
    all.iter().map(line).collect()
}

fn having<'a>(lines: &'a [String], what: &str) -> Vec<&'a str> {
    lines.iter().map(String::as_str).filter(|line| line.starts_with(what)).collect()
}

/// The numbers of a line of an edge that follow its weight are the same, and weights to the last digits.
#[track_caller]
fn same_edges(found: &[&str], wanted: &[String]) {
    assert_eq!(found.len(), wanted.len(), "{found:?}");
    for wanted in wanted {
        let near = |line: &&&str| {
            line.split(' ').zip(wanted.split(' ')).all(|(a, b)| match (a.parse::<f64>(), b.parse::<f64>()) {
                (Ok(a), Ok(b)) => (a - b).abs() <= 1e-12 * b.abs(),
                _ => a == b,
            })
        };
        assert_eq!(found.iter().filter(near).count(), 1, "{wanted} is not among {found:?}");
    }
}

#[test]
fn libsonata_finds_cells_with_a_shape_and_places_on_them() {
    let model = model(CABLES);
    let Some(lines) = opened(&model) else { return };
    let nodes = ["nodes cells 2 biophysical [-65.0, -60.0] {}", "nodes train 3 virtual [] {}"];
    assert_eq!(having(&lines, "nodes"), nodes);
    // Sections are counted as SONATA does: soma, axon, dendrites, apical ones.
    let wanted = edges(&model, &|c| {
        let place = if model.populations[c.source.0].name == "train" { "2 0.5" } else { "1 0.25" };
        format!("{} {} {place}", c.weight, c.delay_s * 1e3)
    });
    same_edges(&having(&lines, "edge"), &wanted);
    let spikes = ["spike train 0 2.0", "spike train 0 5.5", "spike train 2 8.0"];
    assert_eq!(having(&lines, "spike"), spikes);
    let sets = [
        "set pulse cells [1]",
        "set train_spikes train [0, 1, 2]",
        "set soma_cells_v cells [0, 1]",
        "set tuft_cells_v cells [1]",
    ];
    assert_eq!(having(&lines, "set"), sets);
}

#[test]
fn libsonata_finds_cells_without_a_shape() {
    let model = model(POINTS);
    let Some(lines) = opened(&model) else { return };
    let nodes = having(&lines, "nodes");
    assert_eq!(nodes.len(), 3, "{nodes:?}");
    assert!(nodes[0].starts_with("nodes drive 3 virtual"), "{nodes:?}");
    assert_eq!(nodes[1], "nodes few 2 point_neuron [] {\"V_th\": [-50.0, -51.0]}");
    assert_eq!(nodes[2], "nodes many 4 point_neuron [] {}");
    // In NEST conductances are nS, and negative where they inhibit.
    let wanted = edges(&model, &|c| {
        let sign = if model.populations[c.source.0].name == "many" { -1e3 } else { 1e3 };
        format!("{} {}", c.weight * sign, (c.delay_s * 1e4).round() / 10.0)
    });
    same_edges(&having(&lines, "edge"), &wanted);
}

#[test]
fn bmtk_runs_cells_with_a_shape_on_neuron() {
    holds("sonata", "ball and stick", 0.025, 1e-4);
    let super::Outcome::Shown(super::Proof::Computed(found)) = super::run("sonata", CABLES) else { return };
    assert!(found.counts.is_empty() && found.spikes > 3, "{found:?}");
    // NEURON's spikes are late by up to a step, and go from each cell to the other.
    assert!(found.spike_ms <= 2.0 * 0.025 * (1.0 + 1e-6), "{found:?}");
}

#[test]
fn bmtk_runs_networks_of_standard_cells_on_nest() {
    let Some(found) = computed("sonata", "network of IF_cond_exp") else { return };
    assert!(found.counts.is_empty() && found.spike_ms <= 0.1 * (1.0 + 1e-6), "{found:?}");
}
