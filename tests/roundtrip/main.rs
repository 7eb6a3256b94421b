//! Code for other tools, run by these tools: what they compute is what neuropil computes.
//!
//! Each tool is installed by the tests (see [`tools`]); where it can't be had its tests say so and skip. `table.rs` is a program of its
//! own that runs all models in all tools.

mod arbor;
mod arm;
mod brainscales;
mod brian2;
mod columns;
mod models;
mod nestml;
mod neuroml;
mod neuron;
mod nineml;
mod pynn;
mod same;
mod sonata;
mod spinnaker;
mod tools;

use std::path::Path;

use neuropil::codegen::{self, Options};
use neuropil::experiment;

use columns::{COMPUTING, Column, DESCRIBING, Outcome, Proof};
use models::CASES;
use same::Difference;

/// What became of the experiment `text` in the tool of a target.
#[track_caller]
fn run(target: &str, text: &str) -> Outcome {
    let model = experiment::parse(text.to_string(), Path::new("model.toml")).unwrap().model;
    Column::named(target).unwrap().run_model(&model, "model.toml".into())
}

/// What a tool computes of a case, beside neuropil's own run; `None` if the tool or the case is not there.
#[track_caller]
fn computed(target: &str, name: &str) -> Option<Difference> {
    let case = CASES.iter().find(|case| case.name == name);
    let case = *case.unwrap_or_else(|| panic!("there is no case '{name}'"));
    let outcome = Column::named(target).unwrap().run(case);
    match outcome {
        Outcome::Shown(Proof::Computed(found)) => {
            println!("{target}, {name}: {found:?}");
            Some(found)
        }
        Outcome::Absent => None,
        other => panic!("{target}, {name}: {other:?}"),
    }
}

/// Spikes are as many and at most `spike_ms` apart, potentials at most `v_mv`.
#[track_caller]
fn holds(target: &str, name: &str, spike_ms: f64, v_mv: f64) {
    let Some(found) = computed(target, name) else { return };
    assert!(found.counts.is_empty(), "{target}, {name}: {found:?}");
    assert!(found.spike_ms <= spike_ms * (1.0 + 1e-6), "{target}, {name}: {found:?}");
    assert!(found.v_mv <= v_mv, "{target}, {name}: {found:?}");
}

#[test]
fn every_case_is_made_or_refused_with_a_reason() {
    for case in CASES {
        let Some((model, origin)) = case.model() else { continue };
        let options = Options { origin, ..Options::default() };
        for column in COMPUTING.iter().chain(&DESCRIBING) {
            if let Err(error) = codegen::generate(&model, column.target, &options) {
                assert!(error.to_string().len() > 20, "{}, {:?}: {error}", case.name, column.target);
            }
        }
    }
}
