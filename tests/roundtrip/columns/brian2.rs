//! Brian 2 runs the script.

use super::{Code, Proof};
use crate::same::difference;
use crate::tools::Tool;

const BRIAN: Tool = Tool {
    name: "brian2",
    requirements: "brian2==2.9.0\nnumpy==2.3.5\nscipy==1.17.1\nsetuptools==80.9.0\n",
    programs: &[],
};

pub fn prove(code: &Code) -> Result<Option<Proof>, String> {
    let Some(tool) = BRIAN.environment() else { return Ok(None) };
    tool.run("python", &["run.py"], code.folder)?;
    difference(code.model, &code.folder.join("results")).map(|found| Some(Proof::Computed(found)))
}
