//! Where result files go: always inside the folder that the user chose.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::Serialize;

use crate::error::{Error, ErrorKind, Place, Result, Warning};

/// The path of a result file called `name` (as a model or experiment file calls it) inside `dir`.
///
/// A name that is absolute or climbs out of the folder is re-rooted in it, with a warning
/// `output-outside-folder`: a model from elsewhere cannot write where it likes.
pub fn inside(dir: &Path, name: &str) -> (PathBuf, Option<Warning>) {
    let mut parts: Vec<&std::ffi::OsStr> = Vec::new();
    let mut strayed = false;
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) => parts.push(part),
            Component::CurDir => {}
            Component::ParentDir => strayed |= parts.pop().is_none(),
            Component::RootDir | Component::Prefix(_) => strayed = true,
        }
    }
    let unnamed = parts.is_empty();
    let inner: PathBuf = if unnamed { PathBuf::from("output.dat") } else { parts.iter().collect() };
    let path = dir.join(inner);
    let warning = (strayed || unnamed).then(|| {
        let message = format!("result file '{name}' is written to {} instead", path.display());
        Warning::new("output-outside-folder", message, Place::default())
    });
    (path, warning)
}

/// The folder of one run: hands out paths inside it, each once.
#[derive(Debug)]
pub struct OutputFolder {
    dir: PathBuf,
    taken: BTreeMap<PathBuf, String>,
}

impl OutputFolder {
    /// Makes `dir` if it is not there.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when it cannot be made.
    pub fn create(dir: impl AsRef<Path>) -> Result<OutputFolder> {
        let dir = dir.as_ref().to_path_buf();
        std::fs::create_dir_all(&dir).map_err(|e| Error::io(&dir, "create the output folder", &e))?;
        Ok(OutputFolder { dir, taken: BTreeMap::new() })
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The path for the file called `name`; see [`inside`].
    ///
    /// # Errors
    /// [`ErrorKind::Name`] when another result already goes to that file.
    pub fn path(&mut self, name: &str) -> Result<(PathBuf, Option<Warning>)> {
        let (path, warning) = inside(&self.dir, name);
        if let Some(first) = self.taken.get(&path) {
            let message = format!("'{name}' and '{first}' would both be written to this file");
            return Err(Error::new(ErrorKind::Name, message).in_file(path).help("give them different names"));
        }
        self.taken.insert(path.clone(), name.to_string());
        Ok((path, warning))
    }
}

/// Writes `value` as indented JSON, such as the record of a run. The file appears whole or not at
/// all.
///
/// # Errors
/// [`ErrorKind::Io`] when it cannot be written.
pub fn write_json(path: impl AsRef<Path>, value: &impl Serialize) -> Result<()> {
    let path = path.as_ref();
    let mut text = serde_json::to_string_pretty(value)
        .map_err(|e| Error::new(ErrorKind::Value, format!("cannot be written as JSON: {e}")).in_file(path))?;
    text.push('\n');
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let write = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, path));
    write.map_err(|e| {
        let _ = std::fs::remove_file(&beside);
        Error::io(path, "write", &e)
    })
}
