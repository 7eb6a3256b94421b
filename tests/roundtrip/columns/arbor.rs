//! Arbor builds the catalogue and runs the recipe.

use super::{Code, Proof};
use crate::same::difference;
use crate::tools::Tool;

const ARBOR: Tool = Tool {
    name: "arbor",
    requirements: "arbor==0.12.2\nnumpy==2.3.5\n",
    programs: &[("make", "make"), ("cmake", "cmake"), ("c++", "g++")],
};

pub fn prove(code: &Code) -> Result<Option<Proof>, String> {
    let Some(tool) = ARBOR.environment() else { return Ok(None) };
    tool.run("arbor-build-catalogue", &["model", "mod"], code.folder)?;
    tool.run("python", &["run.py"], code.folder)?;
    difference(code.model, &code.folder.join("results")).map(|found| Some(Proof::Computed(found)))
}
