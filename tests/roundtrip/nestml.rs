//! The front end of NESTML reads every neuron and synapse that is written: syntax, units, meaning.

use std::path::Path;

use neuropil::codegen::{self, Options, Target};
use neuropil::experiment;

use super::columns::nestml::NESTML;
use super::holds;

#[test]
fn the_front_end_reads_what_is_written() {
    let Some(tool) = NESTML.environment() else { return };
    let folder = tempfile::tempdir().unwrap();
    let plastic = "[[projection]]\nname = \"plastic\"\nfrom = \"first\"\nto = \"second\"\nsynapse = \"excitatory\"\nconnector = \"all_to_all\"\n\
                   weight = \"2 nS\"\ndelay = \"1 ms\"\nplasticity = { rule = \"stdp_additive\", w_max = \"5 nS\" }\n";
    let network = format!("{}{plastic}", include_str!("nineml_network.toml"));
    let made = folder.path().join("made");
    let model = experiment::parse(network, Path::new("model.toml")).unwrap().model;
    let code = codegen::generate(&model, Target::NestMl, &Options::default()).unwrap();
    codegen::write(&code, &made).unwrap();
    let written = std::fs::read_dir(&made).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut models: Vec<String> = written.filter(|name| name.ends_with(".nestml")).collect();
    models.sort();
    assert!(models.len() >= 3, "{models:?}");
    // Synapses are checked with the neurons that they are made for.
    for model in models.iter().filter(|name| name.contains("neuron")) {
        let arguments = ["--input_path", model, "--target_platform", "NONE", "--target_path", "checked"];
        tool.run("nestml", &arguments, &made).unwrap_or_else(|said| panic!("{said}"));
    }
}

/// The same steps of backward Euler in both; NESTML keeps nine digits of numbers.
#[test]
fn nest_compiles_and_runs_cells_with_a_shape() {
    holds("nestml", "ball and stick", 0.025, 1e-3);
}
