//! NESTML: neurons, plastic synapses, and what it has no words for.

use super::{generate, golden, refusal};

const NETWORK: &str = include_str!("../roundtrip/nineml_network.toml");

#[test]
fn a_network() {
    golden("nestml", &generate(NETWORK, "nestml", false).unwrap());
}

/// A soma and a dendrite with channels, calcium and a synapse.
const BALL: &str = r#"
title = "Ball and stick with calcium"
temperature = "34 degC"
run = { duration = "100 ms", dt = "0.025 ms" }
[cell.ball]
morphology = { sections = [
    { name = "soma", kind = "soma", length = "20 um", diameter = "20 um" },
    { name = "dend", kind = "dendrite", parent = "soma", length = "100 um", diameter = "2 um" },
] }
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
discretisation = { soma = 1, dend = 2 }
initial_v = "-65 mV"
spike = { at = "soma", threshold = "0 mV" }
[cell.ball.channels]
pas = { on = "all", g = "by_distance(all, 0.1 mS/cm2 * (1 + d / 100 um))", reversal = "-65 mV" }
na = { channel = "na_soma", on = "soma", g = "1 S/cm2", reversal = "50 mV" }
kv3 = { on = "soma", g = "0.3 S/cm2", reversal = "-85 mV" }
cal = { on = "dend", g = "0.5 mS/cm2", reversal = "nernst" }
sk = { on = "dend", g = "1 mS/cm2", reversal = "-85 mV" }
[cell.ball.ions.ca]
pool = "ca_pool"
on = "all"
inside = "50 nM"
outside = "2 mM"
restingConc = "50 nM"
decayConstant = "80 ms"
shellThickness = "0.1 um"
[cell.ball.synapses]
AMPA = { at = "dend(0.75)", gbase = "1 nS" }
[population.balls]
cell = "ball"
size = 2
initial_v = ["-65 mV", "-70 mV"]
[population.input]
spike_times = ["10 ms", "12.01 ms"]
[[projection]]
from = "input"
to = "balls"
synapse = "AMPA"
connector = "all_to_all"
weight = "3 nS"
delay = "1 ms"
[[stimulus]]
kind = "step"
population = "balls"
cells = 0
at = "soma"
start = "20 ms"
stop = "40 ms"
amplitude = "0.4 nA"
[[record]]
population = "balls"
at = "soma | dend(0.75)"
variables = ["v"]
"#;

#[test]
fn cells_with_a_shape() {
    golden("nestml_cable", &generate(BALL, "nestml", false).unwrap());
}

#[test]
fn what_compartmental_models_lack_is_refused_by_name() {
    for (from, to, parts) in [
        ("variables = [\"v\"]", "variables = [\"na.i\"]", &["balls[0]", "na.i", "no way to record"][..]),
        (
            "at = \"soma\", threshold",
            "at = \"dend(0.75)\", threshold",
            &["population 'balls'", "root of a cell"],
        ),
        ("AMPA = { at", "AMPA = { synapse = \"NMDA\", at", &["'AMPA'", "conditions in receptors"]),
        (
            "[population.input]\n",
            "[cell.lif]\nneuron = \"IF_cond_exp\"\n[population.points]\ncell = \"lif\"\n[population.input]\n",
            &["population 'points'", "cells without a shape"],
        ),
        (
            "delay = \"1 ms\"\n",
            "delay = \"1 ms\"\nplasticity = { rule = \"stdp_additive\", w_max = \"5 nS\" }\n",
            &["projection 'input to balls, AMPA'", "plastic"],
        ),
    ] {
        assert!(BALL.contains(from), "{from}");
        let error = refusal(&BALL.replacen(from, to, 1), "nestml");
        for part in parts {
            assert!(error.contains(part), "expected `{part}` in:\n{error}");
        }
    }
}
