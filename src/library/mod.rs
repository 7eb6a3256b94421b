//! The library of ion channels, calcium pools, receptors, synapses, stimuli and point neurons, and the
//! component types of NeuroML 2 that they are made of.
//!
//! It is a set of LEMS files (`channels/` in the project) embedded in the program. [`set`] reads it
//! once; a user's own file of the same kind is read on top with [`Set::read_file`] and [`resolver`].

mod entry;
mod files;

use std::path::Path;
use std::sync::OnceLock;

use crate::error::{Error, Result};
use crate::lems::{Files, Set};

pub use entry::{Entry, Kind, default_reversal, entries, entry};
pub use files::File;

/// The library: all component types of NeuroML 2 and all components of `channels/`.
///
/// It is read at the first call.
///
/// ```
/// let set = neuropil::library::set()?;
/// let na = set.component("na").ok_or("no such channel")?;
/// assert!(set.is_a(&na.component_type, "baseIonChannel"));
/// let dynamics = set.flatten(na)?;
/// assert!(dynamics.states.iter().any(|state| state.name == "m/q"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// None, unless the program was built from broken files.
pub fn set() -> Result<&'static Set> {
    static SET: OnceLock<Result<Set>> = OnceLock::new();
    SET.get_or_init(|| read(true)).as_ref().map_err(Error::clone)
}

/// The component types of NeuroML 2 alone: what a complete NeuroML or LEMS model is read on top of,
/// so that its ids are free of those of the library.
///
/// # Errors
/// None, unless the program was built from broken files.
pub fn core() -> Result<&'static Set> {
    static CORE: OnceLock<Result<Set>> = OnceLock::new();
    CORE.get_or_init(|| read(false)).as_ref().map_err(Error::clone)
}

/// Finds the files that a user's document includes: those of the NeuroML core, under our names or the
/// published ones, are built in; all others lie relative to the document.
pub fn resolver() -> Files<'static> {
    static NAMES: OnceLock<Vec<(&'static str, &'static str)>> = OnceLock::new();
    // Whoever asks has read the core, so a mention of it needs no text.
    let built_in = NAMES.get_or_init(|| {
        let own = files::CORE.iter().map(|file| (name_of(file.path), file.text));
        let known: Vec<_> = own.filter(|(name, _)| *name != "core.xml").collect();
        let published = files::CORE_NAMES.iter().map(|name| (*name, CORE_MENTION));
        published.chain(known).collect()
    });
    Files { built_in }
}

/// Files of the library, the core first: for showing and copying.
pub fn files() -> impl Iterator<Item = &'static File> {
    files::CORE.iter().chain(files::COMPONENTS)
}

const CORE_MENTION: &str = "<Lems>\
    <Include file=\"simulation.xml\"/><Include file=\"network.xml\"/>\
    <Include file=\"cell.xml\"/><Include file=\"pinsky_rinzel.xml\"/><Include file=\"pynn.xml\"/></Lems>";

fn name_of(path: &'static str) -> &'static str {
    path.rsplit('/').next().unwrap_or(path)
}

/// One document that includes all the files, so that they are read and checked in one go.
fn read(components: bool) -> Result<Set> {
    let mut names = vec!["core.xml"];
    if components {
        names.extend(files::COMPONENTS.iter().map(|file| name_of(file.path)));
    }
    let includes: String = names.iter().map(|name| format!("<Include file=\"{name}\"/>")).collect();
    let mut built_in = resolver().built_in.to_vec();
    built_in.extend(files::COMPONENTS.iter().map(|file| (name_of(file.path), file.text)));
    let mut set = Set::new();
    set.read_str(&format!("<Lems>{includes}</Lems>"), Path::new("channels"), &Files { built_in: &built_in })?;
    Ok(set)
}
