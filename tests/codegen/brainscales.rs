//! The analog chips: scripts within the tables of ranges, and what does not fit.

use super::{generate, golden, refusal};

/// Cells within all ranges.
fn network(neuron: &str) -> String {
    format!(
        r#"
title = "Two cells"
run = {{ duration = "100 ms", dt = "0.1 ms" }}
[cell.lif]
neuron = "{neuron}"
tau_m = 10.0
tau_refrac = 2.0
v_rest = -65.0
v_reset = -70.0
v_thresh = -55.0
[population.drive]
size = 2
spike_times = [["5 ms", "10 ms"], ["7 ms"]]
[population.cells]
cell = "lif"
size = 2
[[projection]]
name = "in"
from = "drive"
to = "cells"
synapse = "excitatory"
connector = {{ list = [[0, 0, 0.02], [0, 1, 0.01], [1, 1, 0.015]] }}
delay = "1 ms"
[[record]]
population = "cells"
variables = ["v"]
file = "cells"
"#
    )
}

#[test]
fn scripts_within_the_ranges() {
    for (target, neuron) in
        [("brainscales2", "IF_cond_exp"), ("brainscales1", "IF_cond_exp"), ("spikey", "IF_cond_exp")]
    {
        // Delays can't be set: they are listed as lost.
        let made = generate(&network(neuron), target, true).unwrap();
        let lost: Vec<&String> =
            made.lost.iter().filter(|line| !line.contains("delays of up to 1 ms")).collect();
        assert!(lost.is_empty() || target == "spikey", "{target}: {lost:?}");
        golden(target, &made);
    }
}

#[test]
fn every_limit_is_named_with_the_nearest_legal_value() {
    let cond = network("IF_cond_exp");
    let error = refusal(&cond.replace("tau_m = 10.0", "tau_m = 100.0"), "brainscales2");
    assert!(error.contains("tau_m = 100 ms") && error.contains("0.5 to 60 ms, the nearest is 60"), "{error}");
    assert!(error.contains("delays of up to 1 ms"), "{error}");
    let error = refusal(&cond.replace("size = 2\n[[proj", "size = 600\n[[proj"), "brainscales2");
    assert!(error.contains("600 neurons; BrainScaleS-2 has 512"), "{error}");
    assert!(error.contains("600 recorded potentials"), "{error}");
    let error = refusal(&cond.replace("tau_m = 10.0", "tau_m = 10.0\ni_offset = 0.1"), "brainscales1");
    assert!(error.contains("i_offset"), "{error}");
    let error = refusal(&network("IF_curr_exp"), "brainscales1");
    assert!(error.contains("has no IF_curr_exp") && error.contains("EIF_cond_exp_isfa_ista"), "{error}");
    let error = refusal(&cond.replace("0.015", "1e-9"), "spikey");
    assert!(error.contains("1 weights are below half a step"), "{error}");
    let error = refusal(&cond.replace("-70.0", "-90.0"), "spikey");
    assert!(error.contains("v_reset = -90 mV"), "{error}");
}

/// Three passive compartments in a row, spikes into the far one.
const CHAIN: &str = r#"
temperature = "6.3 degC"
run = { duration = "100 ms", dt = "0.025 ms" }
[cell.chain]
morphology = { sections = [
    { name = "soma", kind = "soma", length = "20 um", diameter = "20 um" },
    { name = "dend", kind = "basal_dendrite", parent = "soma", at = 1, length = "300 um", diameter = "2 um" },
] }
capacitance = "1 uF/cm2"
axial_resistivity = "2000 ohm cm"
discretisation = { soma = 1, dend = 2 }
initial_v = "-65 mV"
spike = { at = "soma", threshold = "-50 mV" }
[cell.chain.channels]
pas = { on = "all", g = "0.0001 S/cm2", reversal = "-65 mV" }
[cell.chain.synapses]
exp_syn = { at = "dend(0.9)" }
[population.drive]
spike_times = [["5 ms", "10 ms"]]
[population.cells]
cell = "chain"
[[projection]]
name = "in"
from = "drive"
to = "cells"
synapse = "exp_syn"
connector = "all_to_all"
weight = "1 nS"
delay = "1 ms"
[[record]]
population = "cells"
at = "soma"
variables = ["v"]
file = "soma"
[[record]]
population = "cells"
at = "dend(0.9)"
variables = ["v"]
file = "dend"
"#;

#[test]
fn a_chain_of_compartments() {
    let made = generate(CHAIN, "brainscales2", true).unwrap();
    assert!(made.lost.iter().all(|line| line.contains("delays of up to 1 ms")), "{:?}", made.lost);
    golden("brainscales2_tree", &made);
}

#[test]
fn cells_that_are_no_trees_are_refused() {
    let chain = CHAIN;
    let error = refusal(&chain.replace("dend = 2", "dend = 200"), "brainscales2");
    assert!(error.contains("201 compartments") && error.contains("no place"), "{error}");
    let channel = "na = { on = \"soma\", g = \"0.1 S/cm2\", reversal = \"50 mV\" }\n[cell.chain.synapses]";
    let error = refusal(&chain.replace("[cell.chain.synapses]", channel), "brainscales2");
    assert!(error.contains("channel 'na'") && error.contains("population 'cells'"), "{error}");
    let error = refusal(&chain.replace("2000 ohm cm", "1 ohm cm"), "brainscales2");
    assert!(
        error.contains("tau_icc of compartment dend_1") && error.contains("the nearest is 0.1"),
        "{error}"
    );
}

#[test]
fn an_adaptive_cell_is_a_circuit_to_be_set() {
    let text = network("EIF_cond_exp_isfa_ista").replace("tau_m = 10.0", "tau_m = 10.0\ntau_w = 40.0");
    let error = refusal(&text, "brainscales2");
    assert!(error.contains("no public calibration"), "{error}");
    golden("brainscales2_adaptive", &generate(&text, "brainscales2", true).unwrap());
}
