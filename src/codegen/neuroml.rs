//! NeuroML 2 and LEMS: what [`crate::neuroml::write`] writes. A model that comes from such documents is those documents.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Job;
use crate::error::{Error, Result};
use crate::{lems, library, neuroml};

pub(super) fn generate(job: &mut Job<'_>) -> Result<()> {
    let origin = &job.options.origin;
    if lems_or_neuroml(origin) {
        for (path, bytes) in documents(origin)? {
            job.out.command = format!("jnml {} -nogui", path.display());
            job.out.files.push((path, bytes));
        }
        return Ok(());
    }
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

/// Whether a file is one of LEMS or NeuroML, by its name.
fn lems_or_neuroml(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    matches!(ending.as_deref(), Some("xml" | "nml" | "h5"))
}

/// The document `main` and all that it includes, as they are, `main` last: their paths from the folder that holds all of them, and what is
/// in them. What is built in is not among them: every tool brings it.
fn documents(main: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let survey = lems::Set::new().survey(main, &library::resolver());
    let whole =
        |path: &Path| std::fs::canonicalize(path).map_err(|e| Error::io(path, "find the document", &e));
    let main = whole(main)?;
    let mut paths = BTreeSet::new();
    for document in survey.documents.iter().filter(|document| !document.built_in) {
        paths.insert(whole(&document.file)?);
    }
    paths.remove(&main);
    let mut folder = main.parent().unwrap_or(&main).to_path_buf();
    while let (Some(above), true) = (folder.parent(), paths.iter().any(|path| !path.starts_with(&folder))) {
        folder = above.to_path_buf();
    }
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).map_err(|e| Error::io(&path, "read the document", &e))?;
        Ok((path.strip_prefix(&folder).unwrap_or(&path).to_path_buf(), bytes))
    };
    paths.into_iter().chain([main]).map(read).collect()
}
