//! Brian scripts: the text, and what is not made.

use super::spinnaker::NETWORK;
use super::{generate, golden, refusal};

/// Two cells with a shape, a calcium pool in one part of it, receptors, a pulse.
const SHAPED: &str = r#"
title = "Two cells with a shape"
seed = 4
temperature = "6.3 degC"
run = { duration = "50 ms", dt = "0.025 ms" }
[cell.neuron]
morphology = { sections = [
    { name = "soma", kind = "soma", length = "20 um", diameter = "20 um" },
    { name = "dend", kind = "basal_dendrite", parent = "soma", length = "300 um", diameter = "2 um" },
] }
capacitance = "1 uF/cm2"
axial_resistivity = "150 ohm cm"
initial_v = "-65 mV"
discretisation = { soma = 1, dend = 3 }
spike = { at = "soma", threshold = "0 mV" }
[cell.neuron.channels]
pas = { on = "all", g = "0.3 mS/cm2", reversal = "-54.3 mV" }
na = { on = "soma", g = "120 mS/cm2", reversal = "50 mV" }
kdr = { on = "soma", g = "36 mS/cm2", reversal = "-77 mV" }
[cell.neuron.synapses]
AMPA = { at = "dend(0.5)" }
NMDA = { at = "dend(0.9)" }
[population.neurons]
cell = "neuron"
size = 2
[population.volley]
spike_times = ["20 ms", "22.01 ms"]
[[connection]]
from = "volley"
to = "neurons"
synapse = "AMPA"
pairs = [[0, 0]]
weight = 8
delay = "1 ms"
[[connection]]
from = "neurons"
to = "neurons"
synapse = "NMDA"
pairs = [[0, 1]]
weight = 4
delay = "2 ms"
[[stimulus]]
name = "pulse"
kind = "step"
population = "neurons"
cells = 0
at = "soma"
start = "5 ms"
stop = "10 ms"
amplitude = "0.5 nA"
[[record]]
population = "neurons"
at = "soma"
variables = ["v", "na.m"]
file = "soma"
"#;

#[test]
fn cells_with_a_shape() {
    let made = generate(SHAPED, "brian2", false).unwrap();
    golden("brian2_shaped", &made);
    assert_eq!(made.differences.len(), 1, "{:?}", made.differences);
}

#[test]
fn cells_without_a_shape() {
    golden("brian2_points", &generate(NETWORK, "brian2", false).unwrap());
}

#[test]
fn plastic_synapses() {
    golden("brian2_plastic", &generate(super::pynn::PLASTIC, "brian2", false).unwrap());
}

#[test]
fn what_is_not_made_is_named() {
    let noisy = SHAPED
        .replace(
            "kind = \"step\"",
            "kind = \"noise\"\nmean = \"0 nA\"\nstandard_deviation = \"0.1 nA\"\ninterval = \"0.1 ms\"",
        )
        .replace("amplitude = \"0.5 nA\"\n", "");
    let error = refusal(&noisy, "brian2");
    assert!(error.contains("population 'neurons'") && error.contains("'noise'"), "{error}");
}
