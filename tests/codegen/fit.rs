//! Cells fitted to chips: within the limits, and what the chip's numbers do to them.

use std::path::Path;
use std::sync::Arc;

use neuropil::codegen::fit::{Chip, Fitted, Neuron, Wanted, fit};
use neuropil::experiment;
use neuropil::model::PopulationCell;

/// A regularly spiking cortical cell of one compartment (as Pospischil et al. 2008).
const CELL: &str = r#"
temperature = "36 degC"
seed = 7
run = { duration = "100 ms", dt = "0.025 ms" }
[cell.rs]
morphology = { sections = [{ name = "soma", kind = "soma", length = "96 um", diameter = "96 um" }] }
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
discretisation = 1
initial_v = "-70 mV"
spike = { at = "soma", threshold = "0 mV" }
[cell.rs.channels]
pas = { on = "all", g = "0.1 mS/cm2", reversal = "-70 mV" }
na_traub = { on = "all", g = "50 mS/cm2", reversal = "50 mV" }
k_traub = { on = "all", g = "5 mS/cm2", reversal = "-90 mV" }
[population.cells]
cell = "rs"
"#;

fn fitted(text: &str, wanted: &Wanted, chip: Chip) -> Fitted {
    let model = experiment::parse(text.to_string(), Path::new("cell.toml")).unwrap().model;
    let at = model.populations.iter().position(|p| matches!(p.cell, PopulationCell::Cable(_))).unwrap();
    let PopulationCell::Cable(cell) = &model.populations[at].cell else { panic!() };
    fit(&model, at, &Arc::clone(cell), wanted, chip).unwrap()
}

fn has_script(fitted: &Fitted) -> bool {
    fitted.script.files.iter().any(|(path, _)| path == Path::new("run.py"))
}

#[test]
fn a_cortical_cell_on_spinnaker() {
    let fitted = fitted(CELL, &Wanted::default(), Chip::SpiNNaker);
    let page = fitted.page();
    // About ten spikes a second were asked for, over two seconds.
    assert!((14..27).contains(&fitted.ran[0].spikes.len()), "{page}");
    let (_, distance) = fitted.alike(0, 1);
    assert!(distance < 0.15, "{page}");
    // Numbers of the chip change little beside what the reduction lost.
    let (gamma, distance) = fitted.alike(1, 2);
    assert!(gamma > 0.8 && distance < 0.1 && fitted.apart(1, 2) < 0.5e-3, "{page}");
    assert!(page.contains("weights are whole steps") && page.contains("within its limits"), "{page}");
    assert!(has_script(&fitted) && fitted.whole.is_none());
    let json: serde_json::Value = serde_json::from_str(&fitted.to_json()).unwrap();
    assert_eq!(json["spikes"]["chip"].as_array().unwrap().len(), fitted.ran[2].spikes.len());
}

/// A soma with the channels of [`CELL`], a trunk with a fork, and two basal dendrites; the root is the tip of a dendrite.
const TREE: &str = r#"
temperature = "36 degC"
seed = 7
run = { duration = "100 ms", dt = "0.025 ms" }
[cell.tree]
morphology = { sections = [
    { name = "basal", kind = "basal_dendrite", length = "150 um", diameter = "2 um" },
    { name = "soma", kind = "soma", length = "25 um", diameter = "25 um", parent = "basal" },
    { name = "other", kind = "basal_dendrite", length = "150 um", diameter = "2 um", parent = "soma", at = 0 },
    { name = "trunk", kind = "apical_dendrite", length = "300 um", diameter = "3 um", parent = "soma" },
    { name = "left", kind = "apical_dendrite", length = "200 um", diameter = "1.5 um", parent = "trunk" },
    { name = "right", kind = "apical_dendrite", length = "150 um", diameter = "1.5 um", parent = "trunk" },
] }
capacitance = "1 uF/cm2"
axial_resistivity = "150 ohm cm"
discretisation = { max_length = "60 um" }
initial_v = "-70 mV"
spike = { at = "soma", threshold = "0 mV" }
[cell.tree.channels]
pas = { on = "all", g = "0.1 mS/cm2", reversal = "-70 mV" }
na_traub = { on = "soma", g = "100 mS/cm2", reversal = "50 mV" }
k_traub = { on = "soma", g = "20 mS/cm2", reversal = "-90 mV" }
[cell.tree.synapses]
exp_syn = { at = "left(0.9)" }
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
"#;

#[test]
fn a_cell_in_compartments_of_brainscales2() {
    let fitted = fitted(TREE, &Wanted::default(), Chip::BrainScaleS2);
    let page = fitted.page();
    let Neuron::Circuits(circuits) = &fitted.neuron else { panic!("{page}") };
    assert!(circuits.reduced.cell.compartments.len() > 3, "{page}");
    assert_eq!(circuits.soma().name, "soma");
    // Chosen so that all fits.
    assert!(fitted.limits.is_empty(), "{page}");
    assert!((14..27).contains(&fitted.ran[0].spikes.len()), "{page}");
    let (gamma, _) = fitted.alike(0, 2);
    assert!(gamma > 0.4, "{page}");
    assert!(fitted.alike(1, 2).0 > 0.6, "{page}");
    assert!(has_script(&fitted), "{page}");
    assert!(fitted.whole.is_some(), "{page}");
}
