//! BMTK builds the circuit and runs it on NEST or NEURON.

use super::{Code, Proof};
use crate::same::difference;
use crate::tools::Tool;

/// BMTK with both simulators, and the library that others read circuits with.
pub const SONATA: Tool = Tool {
    name: "sonata",
    requirements: "bmtk==1.2.0\nlibsonata==0.2.2\nh5py==3.16.0\nnest-simulator==3.10.0\nneuron==9.0.2\nnumpy==2.3.5\nsetuptools==80.9.0\n",
    programs: &[("make", "make"), ("g++", "g++")],
};

pub fn prove(code: &Code) -> Result<Option<Proof>, String> {
    let Some(tool) = SONATA.environment() else { return Ok(None) };
    let mechanisms = code.folder.join("components/mechanisms");
    if mechanisms.exists() {
        tool.run("nrnivmodl", &[], &mechanisms)?;
    }
    tool.run("python", &["run.py"], code.folder)?;
    difference(code.model, &code.folder.join("results")).map(|found| Some(Proof::Computed(found)))
}
