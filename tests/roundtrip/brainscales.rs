//! Scripts for BrainScaleS-2 run with stand-ins for its package, which check what the package and the chip would refuse.

use std::path::Path;

use neuropil::codegen::{self, Options, Target};
use neuropil::experiment;

use super::tools::{have, python};

/// A soma that fires, a trunk with a fork, two basal dendrites.
const TREE: &str = r#"
seed = 7
run = { duration = "100 ms", dt = "0.025 ms" }
[cell.tree]
morphology = { sections = [
    { name = "soma", kind = "soma", length = "25 um", diameter = "25 um" },
    { name = "basal", kind = "basal_dendrite", length = "150 um", diameter = "2 um", parent = "soma", at = 0.5 },
    { name = "other", kind = "basal_dendrite", length = "150 um", diameter = "2 um", parent = "soma", at = 0.5 },
    { name = "trunk", kind = "apical_dendrite", length = "300 um", diameter = "3 um", parent = "soma", at = 0.5 },
    { name = "left", kind = "apical_dendrite", length = "200 um", diameter = "1.5 um", parent = "trunk", at = 0.5 },
    { name = "right", kind = "apical_dendrite", length = "150 um", diameter = "1.5 um", parent = "trunk", at = 0.5 },
] }
capacitance = "1 uF/cm2"
axial_resistivity = "150 ohm cm"
discretisation = 1
initial_v = "-70 mV"
spike = { at = "soma", threshold = "-50 mV" }
[cell.tree.channels]
pas = { on = "all", g = "0.1 mS/cm2", reversal = "-70 mV" }
reset = { on = "soma", g = "5 S/cm2", reversal = "-75 mV" }
[cell.tree.synapses]
exp_syn = { at = "left(0.5)" }
[population.drive]
spike_times = [["20 ms", "40 ms"]]
[population.cells]
cell = "tree"
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
at = "left(0.5)"
variables = ["v"]
file = "left"
"#;

#[test]
fn a_tree_of_compartments_holds_together() {
    let model = experiment::parse(TREE.to_string(), Path::new("tree.toml")).unwrap().model;
    let options = Options { origin: "tree.toml".into(), lossy: true, templates: None };
    let made = codegen::generate(&model, Target::BrainScaleS2, &options).unwrap();
    assert!(made.lost.iter().all(|line| line.contains("delays")), "{:?}", made.lost);
    let folder = tempfile::tempdir().unwrap();
    let code = folder.path().join("code");
    codegen::write(&made, &code).unwrap();
    let stand_ins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/roundtrip/stand_ins/brainscales2.py");
    let script = code.join("run.py");
    if let Err(error) = have(&[("python3", "python3")]) {
        eprintln!("skipped: {error}");
        return;
    }
    let said = python(&[stand_ins.to_str().unwrap(), script.to_str().unwrap()], &code).unwrap();
    let coupled = "soma_0-basal_1 soma_0-other_2 soma_0-trunk_3 trunk_3-left_4 trunk_3-right_5";
    assert!(said.contains(coupled), "{said}");
}
