//! Code for other tools, run by these tools: what they compute is what neuropil computes.
//!
//! Each tool is installed by the tests (see [`tools`]); where it can't be had its tests say so and skip.

mod arbor;
mod arm;
mod models;
mod nestml;
mod neuron;
mod nineml;
mod same;
mod spinnaker;
mod table;
mod tools;

use std::path::{Path, PathBuf};

use neuropil::codegen::{self, Options, Target};
use neuropil::experiment;

/// Writes the code of the experiment `text` for `target` into `folder`.
#[track_caller]
fn generate(text: &str, target: &str, folder: &Path) {
    let model = experiment::parse(text.to_string(), Path::new("model.toml")).unwrap().model;
    let options = Options { origin: PathBuf::from("model.toml"), ..Options::default() };
    let made = codegen::generate(&model, Target::of_name(target).unwrap(), &options).unwrap();
    codegen::write(&made, folder).unwrap();
}
