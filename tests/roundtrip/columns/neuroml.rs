//! jNeuroML checks the documents; neuropil reads them back and runs them.

use neuropil::neuroml;

use super::{Code, Proof};
use crate::same::between;
use crate::tools::Tool;

/// jNeuroML comes with pyNeuroML.
const JNEUROML: Tool = Tool {
    name: "jneuroml",
    requirements: "pyNeuroML==1.3.22\n",
    programs: &[("java", "default-jre-headless")],
};

/// Starts jNeuroML as one process for all files.
const JNML: &str = "import glob, os, pyneuroml, subprocess, sys
jar, = glob.glob(os.path.join(os.path.dirname(pyneuroml.__file__), 'lib', 'jNeuroML-*.jar'))
sys.exit(subprocess.run(['java', '-jar', jar, *sys.argv[1:]]).returncode)";

/// # Errors
/// What jNeuroML finds wrong with the documents, or neuropil when it reads them back.
pub fn prove(code: &Code) -> Result<Option<Proof>, String> {
    let Some(tool) = JNEUROML.environment() else { return Ok(None) };
    let files: Vec<&str> = code.made.files.iter().filter_map(|(path, _)| path.to_str()).collect();
    let documents: Vec<&str> = files.iter().copied().filter(|path| path.ends_with(".nml")).collect();
    let said = tool.run("python", &[&["-c", JNML, "-validate"], &documents[..]].concat(), code.folder)?;
    if !said.contains("All valid") {
        return Err(said);
    }
    let simulation = files.last().ok_or("there is no document")?;
    let read = neuroml::read(code.folder.join(simulation)).map_err(|e| e.to_string())?;
    let (spikes, worst) = between(code.model, &read.model)?;
    Ok(Some(Proof::Checked(match worst {
        0.0 => format!("valid; read back the same bits ({spikes} spikes)"),
        worst => format!("valid; read back {spikes} spikes, values within {worst:.0e} of the greatest"),
    })))
}
