//! NESTML compiles the models, NEST runs the script.

use super::{Code, Proof};
use crate::same::difference;
use crate::tools::Tool;

/// NEST and the compiler of its models.
pub const NESTML: Tool = Tool {
    name: "nestml",
    requirements: "nestml==9.0.0\nodetoolbox==3.0.0\nnest-simulator==3.10.0\nnumpy==2.3.5\nsetuptools<81\n",
    programs: &[
        ("make", "make"),
        ("cmake", "cmake"),
        ("g++", "g++"),
        ("gsl-config", "libgsl-dev libltdl-dev libboost-dev"),
    ],
};

pub fn prove(code: &Code) -> Result<Option<Proof>, String> {
    let Some(tool) = NESTML.environment() else { return Ok(None) };
    tool.run("python", &["run.py"], code.folder)?;
    difference(code.model, &code.folder.join("results")).map(|found| Some(Proof::Computed(found)))
}
