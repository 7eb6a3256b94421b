//! PyNN runs the script on NEST.

use super::{Code, Proof};
use crate::same::difference;
use crate::tools::Tool;

const PYNN: Tool = Tool {
    name: "pynn",
    requirements: "PyNN==0.13.0\nnest-simulator==3.10.0\nnumpy==2.3.5\nscipy==1.17.1\n",
    programs: &[],
};

pub fn prove(code: &Code) -> Result<Option<Proof>, String> {
    let Some(tool) = PYNN.environment() else { return Ok(None) };
    tool.run("python", &["run.py", "nest"], code.folder)?;
    difference(code.model, &code.folder.join("results")).map(|found| Some(Proof::Computed(found)))
}
