//! PyNN scripts: the text, and what PyNN does not have.

use std::path::Path;

use neuropil::codegen::{self, Options, Target};
use neuropil::neuroml;

use super::spinnaker::NETWORK;
use super::{generate, golden, refusal};

/// A network of cells with branches: channels of PyNN's own and others, receptors on dendrites, currents.
const CABLES: &str = include_str!("cables.toml");

/// A network with conductances, plasticity of both kinds and a sine of current.
pub const PLASTIC: &str = r#"
title = "Plastic synapses"
run = { duration = "200 ms", dt = "0.1 ms" }
[cell.lif]
neuron = "lif"
refract = "2 ms"
synapses.excitatory = { synapse = "exp_syn", gbase = "1 nS", tauDecay = "5 ms" }
[population.in]
size = 2
spike_times = [["0 ms", "12.34 ms"], ["20 ms"]]
[population.lambda]
cell = "lif"
size = 2
[[projection]]
name = "depressing"
from = "in"
to = "lambda"
synapse = "excitatory"
connector = "one_to_one"
weight = "40 nS"
delay = "1 ms"
plasticity = { rule = "tsodyks_markram_connection", U = 0.5, tau_rec = "800 ms" }
[[projection]]
name = "learning"
from = "lambda"
to = "lambda"
synapse = "excitatory"
connector = { list = [[0, 1, "2 nS"], [1, 0, "3 nS"]] }
delay = "1.5 ms"
plasticity = { rule = "stdp_additive", A_plus = 0.02, A_minus = 0.025, w_max = "5 nS" }
[[stimulus]]
name = "swing"
kind = "ac"
population = "lambda"
cells = 1
start = "20 ms"
stop = "140 ms"
amplitude = "0.1 nA"
frequency = "50 Hz"
[[record]]
population = "lambda"
cells = 0
variables = ["v", "excitatory.g"]
every = "0.5 ms"
file = "first"
"#;

#[test]
fn a_network_of_standard_cells() {
    golden("pynn", &generate(NETWORK, "pynn", false).unwrap());
}

#[test]
fn plastic_synapses_between_cells_of_neuroml() {
    let made = generate(PLASTIC, "pynn", false).unwrap();
    golden("pynn_plastic", &made);
    assert_eq!(made.differences, ["given spikes before the second time step leave then"]);
}

#[test]
fn cells_without_a_standard_are_refused() {
    let error = refusal(
        &PLASTIC.replace("neuron = \"lif\"\nrefract = \"2 ms\"", "neuron = \"izhikevich_2007\""),
        "pynn",
    );
    assert!(error.contains("population 'lambda'") && error.contains("izhikevich2007Cell"), "{error}");
}

#[test]
fn cells_with_a_shape() {
    let made = generate(CABLES, "pynn", false).unwrap();
    assert_eq!(made.command, "(cd mod && nrnivmodl) && python run.py neuron");
    golden("pynn_cables", &made);
}

/// The squid axon's channels are those of PyNN, so no mechanism is written.
#[test]
fn the_squid_axon_needs_no_mechanisms() {
    let text = include_str!("../../examples/ball_and_stick.toml");
    let made = generate(text, "pynn", false).unwrap();
    let files: Vec<_> = made.files.iter().map(|(path, _)| path.display().to_string()).collect();
    assert_eq!(files, ["run.py", "segments_cells.csv"]);
    assert_eq!(made.command, "python run.py neuron");
}

#[test]
fn what_pynn_lacks_for_cells_with_a_shape_is_named() {
    let recorded = CABLES.replace("\"km.m\"", "\"km.i\"");
    let error = refusal(&recorded, "pynn");
    assert!(error.contains("'first[0].trunk.km.i' is not recorded in PyNN"), "{error}");
    let lost = generate(&recorded, "pynn", true).unwrap().lost;
    assert!(lost.iter().any(|line| line.contains("km.i")), "{lost:?}");
    let junction = format!(
        "{CABLES}\n[[projection]]\nname = \"gap\"\nfrom = \"first\"\nto = \"second\"\nfrom_at = \"soma\"\nat = \"soma\"\njunction = \"gap_junction\"\n\
         connector = \"all_to_all\"\n"
    );
    let error = refusal(&junction, "pynn");
    assert!(error.contains("projection 'gap'") && error.contains("gap junctions"), "{error}");
}

/// What NeuroML's networks put on single cells: receptors where these are the standard ones, currents cell by cell.
#[test]
fn single_contacts_of_a_network() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/codegen/contacts.xml");
    let model = neuroml::read(&path).unwrap().model;
    let options = Options { origin: "contacts.xml".into(), lossy: false, templates: None };
    golden("pynn_contacts", &codegen::generate(&model, Target::PyNn, &options).unwrap());
}
