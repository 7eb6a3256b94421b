//! NeuroML 2 and LEMS: what [`crate::neuroml::write`] writes.

use super::Job;
use crate::error::Result;
use crate::neuroml;

pub(super) fn generate(job: &mut Job<'_>) -> Result<()> {
    let written = neuroml::write(job.model, &job.options.stem())?;
    for warning in &written.warnings {
        job.out.differences.push(warning.to_string());
    }
    if let Some((path, _)) = written.files.last() {
        job.out.command = format!("jnml {} -nogui", path.display());
    }
    for (path, text) in written.files {
        job.out.text(path, text);
    }
    Ok(())
}
