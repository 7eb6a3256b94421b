//! PyNN runs the script on NEST, and one with cells that have a shape on NEURON.

use super::{Code, Proof};
use crate::same::difference;
use crate::tools::Tool;

const PYNN: Tool = Tool {
    name: "pynn",
    requirements: "PyNN==0.13.0\nnest-simulator==3.10.0\nneuron==9.0.2\nlibNeuroML==0.6.7\nmorphio==3.5.0\nnumpy==2.3.5\n\
                   scipy==1.17.1\nsetuptools==80.9.0\n",
    programs: &[("make", "make"), ("g++", "g++")],
};

pub fn prove(code: &Code) -> Result<Option<Proof>, String> {
    let Some(tool) = PYNN.environment() else { return Ok(None) };
    let simulator = if code.made.command.contains("neuron") { "neuron" } else { "nest" };
    let mechanisms = code.folder.join("mod");
    if mechanisms.exists() {
        tool.run("nrnivmodl", &[], &mechanisms)?;
    }
    tool.run("python", &["run.py", simulator], code.folder)?;
    difference(code.model, &code.folder.join("results")).map(|found| Some(Proof::Computed(found)))
}
