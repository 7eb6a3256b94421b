//! NEURON compiles the mechanisms and runs the script.

use super::{Code, Proof};
use crate::same::difference;
use crate::tools::Tool;

const NEURON: Tool = Tool {
    name: "nrn",
    requirements: "neuron==9.0.2\nnumpy==2.3.5\nsetuptools==80.9.0\n",
    programs: &[("make", "make"), ("g++", "g++")],
};

pub fn prove(code: &Code) -> Result<Option<Proof>, String> {
    let Some(tool) = NEURON.environment() else { return Ok(None) };
    tool.run("nrnivmodl", &["mod"], code.folder)?;
    tool.run("python", &["run.py"], code.folder)?;
    difference(code.model, &code.folder.join("results")).map(|found| Some(Proof::Computed(found)))
}
