//! Finding the files that documents include.

use std::path::{Path, PathBuf};

use super::raw;
use crate::error::{Error, ErrorKind, Result, nearest};

/// A document that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is told apart by: two includes with one key are the same document.
    pub key: String,
    /// Its name in messages.
    pub file: PathBuf,
    /// Its text.
    pub text: String,
}

/// Finds included documents.
pub trait Resolver {
    /// The document that `from` includes by the name `href`.
    ///
    /// # Errors
    /// If there is none: the message says where it was looked for.
    fn find(&self, from: &Path, href: &str) -> Result<Document>;

    /// The text of the file `path` that holds `bytes`.
    ///
    /// # Errors
    /// If they are no text.
    fn text(&self, bytes: Vec<u8>, path: &Path) -> Result<String> {
        raw::decode(bytes, path)
    }
}

/// Finds documents in the file system, relative to the including file, and among documents built
/// into the program.
#[derive(Debug, Clone, Copy)]
pub struct Files<'a> {
    /// Name and text of documents that are built in. A document whose file name is among them is
    /// always taken from here, wherever a copy may lie.
    pub built_in: &'a [(&'a str, &'a str)],
    /// What gives the text of a file, which may be in another format.
    pub text: fn(Vec<u8>, &Path) -> Result<String>,
}

impl Default for Files<'_> {
    fn default() -> Self {
        Files { built_in: &[], text: raw::decode }
    }
}

impl Resolver for Files<'_> {
    fn find(&self, from: &Path, href: &str) -> Result<Document> {
        let name = Path::new(href).file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if let Some((name, text)) = self.built_in.iter().find(|(known, _)| *known == name) {
            return Ok(Document {
                key: format!("built-in:{name}"),
                file: PathBuf::from(name),
                text: (*text).to_string(),
            });
        }
        let folder = from.parent().unwrap_or(Path::new(""));
        let path = if href.contains("://") {
            // Never from the network; but it may have been saved here.
            let path = folder.join(&name);
            if name.is_empty() || !path.is_file() {
                let message = format!("cannot include '{href}' from the network");
                return Err(Error::new(ErrorKind::Unsupported, message).help("save it beside this file"));
            }
            path
        } else {
            let path = folder.join(href);
            // Other programs take "/channels/na.nml" from the folder of the including file on.
            let relative = folder.join(href.trim_start_matches('/'));
            if href.starts_with('/') && !path.exists() && relative.is_file() { relative } else { path }
        };
        let bytes = read_bytes(&path).map_err(|error| {
            let failed = Error::new(
                ErrorKind::Io,
                format!("cannot read the included file '{href}' (tried {}): {error}", path.display()),
            );
            match nearest(&name, self.built_in.iter().map(|(known, _)| *known)) {
                Some(known) => failed.help(format!("did you mean '{known}', which is built in?")),
                None => failed,
            }
        })?;
        let key = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        Ok(Document { key: key.display().to_string(), text: self.text(bytes, &path)?, file: path })
    }

    fn text(&self, bytes: Vec<u8>, path: &Path) -> Result<String> {
        (self.text)(bytes, path)
    }
}

/// Largest document that is read, in bytes.
const MAX_BYTES: u64 = 1 << 30;

/// The bytes of the file `path`. What is no file (a device, a pipe) might never end.
pub(super) fn read_bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::{Error, ErrorKind};
    let about = std::fs::metadata(path)?;
    if about.is_dir() {
        return Err(Error::new(ErrorKind::IsADirectory, "it is a folder"));
    }
    if !about.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "it is not a file of text"));
    }
    if about.len() > MAX_BYTES {
        return Err(Error::new(ErrorKind::FileTooLarge, "it is larger than 1 GiB"));
    }
    // Its text, and the model made of it.
    crate::machine::has_room(3.0 * about.len() as f64, || "it".to_string())
        .map_err(|error| Error::new(ErrorKind::FileTooLarge, error.message().to_string()))?;
    std::fs::read(path)
}

/// Finds nothing: for texts that stand alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoIncludes;

impl Resolver for NoIncludes {
    fn find(&self, _from: &Path, href: &str) -> Result<Document> {
        Err(Error::new(ErrorKind::Unsupported, format!("cannot include '{href}' here")))
    }
}
