//! SONATA: the texts of a circuit, and what the format does not have. What is in HDF5 other tools read in the round trips.

use neuropil::codegen::Generated;

use super::pynn::PLASTIC;
use super::spinnaker::NETWORK;
use super::{generate, golden, refusal};

/// Two cells with a shape: a channel, a synapse at a place, a pulse, recordings.
const CABLES: &str = r#"
title = "Two cells"
run = { duration = "20 ms", dt = "0.025 ms" }
[cell.two]
morphology = { sections = [
    { name = "soma", kind = "soma", length = "20 um", diameter = "20 um" },
    { name = "tuft", kind = "apical_dendrite", parent = "soma", length = "100 um", diameter = "2 um" },
    { name = "side", kind = "basal_dendrite", parent = "soma", length = "50 um", diameter = "1 um" },
] }
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
initial_v = "-65 mV"
discretisation = { soma = 1, tuft = 5, side = 2 }
spike = { at = "soma", threshold = "-20 mV" }
channels.pas = { on = "all", g = "by_distance(all, 0.1 mS/cm2 + d * 1 mS/cm2/m)", reversal = "-65 mV" }
synapses.slow = { synapse = "exp_syn", at = "side(0.25)", gbase = "3 nS", tauDecay = "10 ms" }
[population.cells]
cell = "two"
size = 2
[population.train]
spike_times = ["2 ms"]
[[projection]]
name = "in"
from = "train"
to = "cells"
synapse = "slow"
connector = "all_to_all"
weight = 1
delay = "1 ms"
[[stimulus]]
name = "pulse"
kind = "step"
cells = 1
population = "cells"
at = "side(0.75)"
start = "10 ms"
stop = "15 ms"
amplitude = "0.3 nA"
[[record]]
population = "cells"
at = "tuft(0.9)"
variables = ["v"]
file = "tuft"
"#;

/// Without what is no text.
fn texts(mut made: Generated) -> Generated {
    made.files.retain(|(path, _)| path.extension().is_none_or(|ending| ending != "h5"));
    made
}

#[test]
fn a_circuit_of_standard_cells_for_nest() {
    let made = generate(NETWORK, "sonata", false).unwrap();
    let tables = made.files.iter().filter(|(path, _)| path.extension().is_some_and(|ending| ending == "h5"));
    let tables: Vec<String> = tables.map(|(path, _)| path.display().to_string()).collect();
    assert_eq!(
        tables,
        [
            "network/drive_nodes.h5",
            "network/cells_nodes.h5",
            "network/drive_to_cells_edges.h5",
            "network/cells_to_cells_edges.h5",
            "inputs/drive_spikes.h5"
        ]
    );
    let differences = [
        "run.py gives nodes the parameters that they have of their own; BMTK alone knows those of types",
        "in NEST injected currents begin and end a step later",
    ];
    assert_eq!(made.differences, differences);
    golden("sonata_points", &texts(made));
}

#[test]
fn a_circuit_of_cells_with_a_shape_for_neuron() {
    let made = generate(CABLES, "sonata", false).unwrap();
    assert_eq!(made.command, "(cd components/mechanisms && nrnivmodl) && python run.py");
    golden("sonata_cables", &texts(made));
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    let [one, other] = [(); 2].map(|()| generate(CABLES, "sonata", false).unwrap());
    assert_eq!(one.files, other.files);
}

#[test]
fn what_the_format_lacks_is_named() {
    let error = refusal(PLASTIC, "sonata");
    assert!(error.contains("depressing") && error.contains("plasticity"), "{error}");
    assert!(error.contains("swing") && error.contains("sine"), "{error}");
    let with = |from: &str, to: &str| {
        assert!(CABLES.contains(from), "{from}");
        refusal(&CABLES.replace(from, to), "sonata")
    };
    let recorded = "at = \"side(0.25)\"\nvariables = [\"slow.g\"]";
    let error = with("at = \"tuft(0.9)\"\nvariables = [\"v\"]", recorded);
    assert!(error.contains("population 'cells'") && error.contains("slow.g"), "{error}");
    let error = with("spike = { at = \"soma\"", "spike = { at = \"tuft(0.5)\"");
    assert!(error.contains("middle of the soma"), "{error}");
    let point = "[cell.lif]\nneuron = \"lif\"\n[population.others]\ncell = \"lif\"\n[population.train]";
    let error = with("[population.train]", point);
    assert!(error.contains("population 'others'") && error.contains("without a shape"), "{error}");
    let made = generate(&CABLES.replace("[population.train]", point), "sonata", true).unwrap();
    assert!(made.lost.iter().any(|line| line.contains("population 'others'")), "{:?}", made.lost);
}
