//! Cells fitted to chips: within the limits, and what the chip's numbers do to them.

use std::path::Path;
use std::sync::Arc;

use neuropil::codegen::fit::{Chip, fit};
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

#[test]
fn a_cortical_cell_on_spinnaker() {
    let model = experiment::parse(CELL.to_string(), Path::new("rs.toml")).unwrap().model;
    let PopulationCell::Cable(cell) = &model.populations[0].cell else { panic!() };
    let fitted = fit(&model, &Arc::clone(cell), 0.0, Chip::SpiNNaker).unwrap();
    let page = fitted.page();
    // About ten spikes a second were asked for, over two seconds.
    assert!((10..35).contains(&fitted.spikes[0].len()), "{page}");
    let (gamma, _) = fitted.alike(0, 1);
    assert!(gamma > 0.4, "{page}");
    // Numbers of the chip change little beside what the reduction lost.
    let (gamma, distance) = fitted.alike(1, 2);
    assert!(gamma > 0.8 && distance < 0.1, "{page}");
    assert!(page.contains("weights are whole steps"), "{page}");
    assert!(fitted.script.files.iter().any(|(path, _)| path == Path::new("run.py")));
    let json: serde_json::Value = serde_json::from_str(&fitted.to_json()).unwrap();
    assert_eq!(json["spikes"]["chip"].as_array().unwrap().len(), fitted.spikes[2].len());
}
