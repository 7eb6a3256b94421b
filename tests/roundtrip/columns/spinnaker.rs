//! sPyNNaker maps the script on a virtual board: names, ranges, places, routes and data, but no dynamics. Those are emulated.

use neuropil::codegen::spinnaker::emulation;

use super::{Code, Proof};
use crate::same::spikes_of_cells;
use crate::tools::Tool;

const SPYNNAKER: Tool = Tool { name: "spynnaker", requirements: "sPyNNaker==1!7.4.1\n", programs: &[] };

/// # Errors
/// What sPyNNaker refuses.
pub fn prove(code: &Code) -> Result<Option<Proof>, String> {
    let Some(tool) = SPYNNAKER.environment() else { return Ok(None) };
    let home = code.folder.parent().ok_or("the folder has none above it")?;
    let settings = "[Machine]\nversion = 5\nvirtual_board = True\n";
    std::fs::write(home.join(".spynnaker.cfg"), settings).map_err(|e| e.to_string())?;
    let said = tool.run_at_home("python", &["run.py"], code.folder, home)?;
    if !said.contains("Application Placer took") || !said.contains("data specification writer took") {
        return Err(said);
    }
    let mapped = "mapped on a virtual board";
    Ok(Some(Proof::Checked(match emulation(code.model) {
        Ok(emulated) => {
            let (ours, theirs) = (spikes_of_cells(code.model)?, emulated.spikes.len());
            format!("{mapped}; emulated: {theirs} spikes instead of {ours}")
        }
        Err(_) => format!("{mapped}; no dynamics"),
    })))
}
