//! jNeuroML finds what is written valid, and neuropil reads it back to the same bits.

use std::path::Path;

use neuropil::experiment;

use super::columns::{Column, Outcome, Proof};

#[test]
fn examples_are_valid_and_read_back() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for name in ["ball_and_stick", "point_neurons", "synapses", "pyramidal"] {
        let path = folder.join(format!("{name}.toml"));
        let mut model = experiment::read(&path).unwrap().model;
        model.run.duration_s = model.run.duration_s.min(0.05);
        match Column::named("neuroml").unwrap().run_model(&model, path) {
            Outcome::Absent => return,
            Outcome::Shown(Proof::Checked(said)) => assert!(said.starts_with("valid"), "{name}: {said}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}
