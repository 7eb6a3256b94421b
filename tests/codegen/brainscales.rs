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
