//! NMODL and Python for NEURON.

use super::{generate, golden, refusal};

/// Cells with a shape: a pool, a channel that reads it, a synapse, names that are words of NEURON's or not of ASCII.
pub const SHAPED: &str = r#"
title = "Names that are taken"
seed = 1
temperature = "34 degC"
run = { duration = "20 ms", dt = "0.025 ms" }
[cell.neuron]
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
initial_v = "-70 mV"
discretisation = { soma = 1, dend = 3 }
spike = { at = "soma", threshold = "-20 mV" }
morphology = { sections = [
    { name = "soma", kind = "soma", length = "20 um", diameter = "20 um" },
    { name = "dend", kind = "basal_dendrite", parent = "soma", length = "90 um", diameter = ["3 um", "1 um"] },
] }
[cell.neuron.channels]
pas = { on = "all", g = "0.05 mS/cm2", reversal = "-75 mV" }
hh = { channel = "na_soma", on = "soma", g = "1 S/cm2", reversal = "50 mV" }
"Iₕ" = { channel = "ih", on = "all", g = "by_distance(all, 0.02 mS/cm2 * exp(d / 323 um))", reversal = "-45 mV" }
cal = { on = "soma | proximal_to(dend(0.5))", g = "1 mS/cm2", reversal = "nernst" }
sk = { on = "soma", g = "1 mS/cm2", reversal = "-85 mV" }
[cell.neuron.ions.ca]
pool = "ca_pool_cortex"
on = "all"
inside = "50 nM"
outside = "2 mM"
[cell.neuron.synapses]
ExpSyn = { synapse = "exp_syn", at = "dend(0.5)" }
[population.lambda]
cell = "neuron"
size = 2
[population.train]
spike_times = ["5 ms", "7.5 ms"]
[[connection]]
from = "train"
to = "lambda"
synapse = "ExpSyn"
pairs = [[0, 1]]
weight = 2
delay = "1 ms"
[[connection]]
from = "lambda"
to = "lambda"
synapse = "ExpSyn"
pairs = [[1, 0]]
weight = 1
delay = "1 ms"
[[stimulus]]
kind = "step"
cells = 0
at = "soma"
start = "5 ms"
stop = "15 ms"
amplitude = "0.5 nA"
[[record]]
at = "soma"
variables = ["v", "Iₕ.i", "ca.concentration"]
file = "soma"
"#;

pub const POINTS: &str = r#"
seed = 3
run = { duration = "20 ms", dt = "0.1 ms" }
[cell.conductance]
neuron = "IF_cond_exp"
[population.first]
cell = "conductance"
size = 3
parameters = { v_thresh = [-52.0, -50.0, -48.0] }
initial = { v = ["-65 mV", "-60 mV", "-55 mV"] }
[[projection]]
from = "first"
to = "first"
synapse = "inhibitory"
connector = "all_to_all"
weight = 0.03
delay = "1 ms"
[[stimulus]]
kind = "step"
population = "first"
cells = [1]
start = "5 ms"
stop = "15 ms"
amplitude = "0.5 nA"
[[record]]
population = "first"
variables = ["v"]
file = "v"
"#;

#[test]
fn cells_with_a_shape() {
    let made = generate(SHAPED, "neuron", false).unwrap();
    golden("neuron_shaped", &made);
    assert!(made.differences.iter().any(|line| line.contains("end of the step")), "{:?}", made.differences);
}

#[test]
fn cells_without_a_shape() {
    golden("neuron_points", &generate(POINTS, "neuron", false).unwrap());
}

#[test]
fn plastic_connections() {
    let plastic = POINTS.replace("weight = 0.03", "weight = 0.03\nplasticity = { rule = \"stdp_additive\" }");
    golden("neuron_plastic", &generate(&plastic, "neuron", false).unwrap());
}

#[test]
fn what_neuron_lacks_is_refused_by_name_or_listed() {
    let steps = POINTS.replace("size = 3", "size = 3\ndt = \"0.05 ms\"");
    let error = refusal(&steps, "neuron");
    assert!(error.contains("one time step") && error.contains("population 'first'"), "{error}");
    let made = generate(&steps, "neuron", true).unwrap();
    assert_eq!(made.lost.len(), 1, "{:?}", made.lost);
    let differing =
        SHAPED.replace("size = 2", "size = 2\nparameters = { capacitance = [\"1 uF/cm2\", \"2 uF/cm2\"] }");
    let error = refusal(&differing, "neuron");
    assert!(error.contains("differ between cells with a shape"), "{error}");
}

/// NEURON makes `y0` of a state `y`, which is a function of C.
#[test]
fn states_have_no_names_that_c_has_with_a_naught() {
    let made = generate(include_str!("cables.toml"), "neuron", false).unwrap();
    let rule = made.files.iter().find(|(path, _)| path.ends_with("tsodyks_markram_connection.mod")).unwrap();
    let text = String::from_utf8_lossy(&rule.1);
    let states: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("STATE")).skip(1).collect();
    let states: Vec<&str> = states.into_iter().take_while(|line| *line != "}").map(str::trim).collect();
    assert!(!states.is_empty() && !states.contains(&"y") && !states.contains(&"j"), "{states:?}");
}
