//! SpiNNaker: the script, and what does not fit.

use super::{generate, golden, refusal};

/// Cells that a train of spikes drives, connected among themselves.
pub const NETWORK: &str = r#"
title = "A small network"
seed = 3
run = { duration = "100 ms", dt = "1 ms" }
[cell.lif]
neuron = "IF_curr_exp"
tau_m = 15.0
[population.drive]
size = 2
spike_times = [["5 ms", "10 ms"], ["7 ms"]]
[population.cells]
cell = "lif"
size = 3
parameters = { v_thresh = [-50.0, -51.0, -52.0] }
[[projection]]
name = "in"
from = "drive"
to = "cells"
synapse = "excitatory"
connector = "all_to_all"
weight = 2.5
delay = "2 ms"
[[projection]]
name = "within"
from = "cells"
to = "cells"
synapse = "inhibitory"
connector = "all_to_all"
self_connections = false
weight = -0.5
delay = "3 ms"
[[stimulus]]
name = "pulse"
kind = "step"
population = "cells"
cells = [0, 2]
start = "20 ms"
stop = "60 ms"
amplitude = "0.8 nA"
[[record]]
population = "cells"
variables = ["v"]
file = "cells"
"#;

#[test]
fn a_network_of_standard_cells() {
    golden("spinnaker", &generate(NETWORK, "spinnaker", false).unwrap());
}

#[test]
fn what_does_not_fit_is_named() {
    let with = |from: &str, to: &str| {
        assert!(NETWORK.contains(from), "{from}");
        refusal(&NETWORK.replace(from, to), "spinnaker")
    };
    let adaptive =
        NETWORK.replace("IF_curr_exp", "EIF_cond_alpha_isfa_ista").replace("weight = -0.5", "weight = 0.5");
    let adaptive = adaptive.replace("parameters = { v_thresh = [-50.0, -51.0, -52.0] }\n", "");
    let error = refusal(&adaptive, "spinnaker");
    assert!(error.contains("population 'cells'") && error.contains("alpha shape"), "{error}");
    let error = with("delay = \"2 ms\"", "delay = \"99 s\"");
    assert!(error.contains("99000 steps"), "{error}");
    let error = with("tau_m = 15.0", "tau_m = 1e-5");
    assert!(error.contains("tau_m"), "{error}");
    let error = with("tau_m = 15.0", "tau_m = 1e6");
    assert!(error.contains("s16.15"), "{error}");
    let error =
        with("weight = -0.5", "weight = -2e-6\nplasticity = { rule = \"tsodyks_markram_connection\" }");
    assert!(error.contains("TsodyksMarkramSynapse"), "{error}");
    // One weight of 1e-6 beside one of 1000: nothing is left of it in 16 bits.
    let list = "connector = { list = [[0, 0, 1e-6], [1, 0, 1000.0]] }";
    let text = NETWORK.replacen("connector = \"all_to_all\"\nweight = 2.5", list, 1);
    let error = refusal(&text, "spinnaker");
    assert!(error.contains("1 weights of its excitatory receptor"), "{error}");
}

#[test]
fn what_is_lost_is_listed() {
    let text = NETWORK.replace("neuron = \"IF_curr_exp\"\ntau_m = 15.0", "neuron = \"IF_cond_alpha\"");
    let text = text
        .replace("parameters = { v_thresh = [-50.0, -51.0, -52.0] }\n", "")
        .replace("weight = -0.5", "weight = 0.5");
    let made = generate(&text, "spinnaker", true).unwrap();
    assert!(made.lost.iter().any(|line| line.contains("IF_cond_alpha")), "{:?}", made.lost);
}

#[test]
fn another_neuron_becomes_a_model_of_its_own() {
    let text = r#"
run = { duration = "100 ms", dt = "0.1 ms" }
[cell.adaptive]
neuron = "adex"
synapses.excitatory = { synapse = "exp_syn", gbase = "1 nS", tauDecay = "5 ms", erev = "0 mV" }
[population.drive]
spike_times = [["5 ms", "10 ms"]]
[population.cells]
cell = "adaptive"
size = 2
[[projection]]
name = "in"
from = "drive"
to = "cells"
synapse = "excitatory"
connector = "all_to_all"
weight = "20 nS"
delay = "1 ms"
"#;
    golden("spinnaker_own", &generate(text, "spinnaker", false).unwrap());
}
