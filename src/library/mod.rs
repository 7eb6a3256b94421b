//! The library of ion channels, calcium pools, receptors, synapses, stimuli and point neurons, and the
//! component types of NeuroML 2 that they are made of.
//!
//! It is a set of LEMS files (`channels/` in the project) embedded in the program. [`set`] reads it
//! once; a user's own file of the same kind is read on top with [`Set::read_file`] and [`resolver`], which also
//! knows NeuroML in HDF5.

mod entry;
mod files;
mod hdf5;

use std::collections::BTreeSet;
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
    let components = files::COMPONENTS.iter().map(|file| name_of(file.path));
    SET.get_or_init(|| read("library", core()?, components)).as_ref().map_err(Error::clone)
}

/// The component types of NeuroML 2 alone: what a complete NeuroML or LEMS model is read on top of,
/// so that its ids are free of those of the library. A type is read when it is first asked for.
///
/// # Errors
/// None, unless the program was built from broken files.
pub fn core() -> Result<&'static Set> {
    static CORE: OnceLock<Result<Set>> = OnceLock::new();
    CORE.get_or_init(|| {
        // Cells that NeuroML has no types for leave their names free for a document's own.
        let files = files::CORE.iter().map(|file| (name_of(file.path), file.text));
        let files: Vec<_> = files.filter(|(name, _)| *name != "pynn_cells.xml").collect();
        Set::of_types(&files)
    })
    .as_ref()
    .map_err(Error::clone)
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
    Files { built_in, text: hdf5::text }
}

/// The part of the library that `text` could mean: all component types, and the components whose names
/// occur in it. Reading this part takes a fraction of the time of [`set`].
///
/// ```
/// let set = neuropil::library::set_naming("channels = [\"na\", \"kdr\"]")?;
/// assert!(set.component("kdr").is_some() && set.component_type("channelDensity").is_some());
/// assert!(set.component("NMDA").is_none());
/// # Ok::<(), neuropil::Error>(())
/// ```
///
/// # Errors
/// None, unless the program was built from broken files.
pub fn set_naming(text: &str) -> Result<Set> {
    let words: BTreeSet<&str> = text
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .collect();
    // A standard cell's type is the name of its component in other letters.
    let small: BTreeSet<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let names = |file: &&File| {
        let id = id_of(file.path);
        let is_cell = file.path.starts_with("neuron/");
        words.contains(id) || (is_cell && small.contains(id.trim_end_matches("_pynn")))
    };
    let mentions = |file: &&File| declared(file.text).any(|name| words.contains(name));
    let wanted = |file: &&File| names(file) || mentions(file) || file.path.ends_with("noise.xml");
    let components = files::COMPONENTS.iter().filter(wanted);
    read("library", core()?, components.map(|file| name_of(file.path)))
}

/// The names of the component types that a file declares.
fn declared(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split("<ComponentType name=\"").skip(1).filter_map(|rest| rest.split('"').next())
}

/// Files of the library, the core first: for showing and copying.
pub fn files() -> impl Iterator<Item = &'static File> {
    files::CORE.iter().chain(files::COMPONENTS)
}

const CORE_MENTION: &str = "<Lems>\
    <Include file=\"simulation.xml\"/><Include file=\"network.xml\"/><Include file=\"inputs.xml\"/>\
    <Include file=\"cell.xml\"/><Include file=\"pinsky_rinzel.xml\"/><Include file=\"pynn.xml\"/></Lems>";

fn name_of(path: &'static str) -> &'static str {
    path.rsplit('/').next().unwrap_or(path)
}

fn id_of(path: &'static str) -> &'static str {
    name_of(path).trim_end_matches(".xml")
}

/// Reads files on top of `set`, as one document, called `what`, that includes them all: so they are
/// checked in one go.
fn read(what: &str, set: &Set, names: impl Iterator<Item = &'static str>) -> Result<Set> {
    let includes: String = names.map(|name| format!("<Include file=\"{name}\"/>")).collect();
    let mut built_in = resolver().built_in.to_vec();
    built_in.extend(files::COMPONENTS.iter().map(|file| (name_of(file.path), file.text)));
    let mut set = set.clone();
    set.read_str(
        &format!("<Lems>{includes}</Lems>"),
        Path::new(&format!("<{what}>")),
        &Files { built_in: &built_in, ..Files::default() },
    )?;
    Ok(set)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::lems::ComponentType;

    /// Types that are declared when they are asked for are those that reading all files at once gives.
    #[test]
    fn the_core_is_sound() {
        let built_in: Vec<_> = files::CORE.iter().map(|file| (name_of(file.path), file.text)).collect();
        let mut all = Set::new();
        let text = "<Lems><Include file=\"core.xml\"/><Include file=\"plasticity.xml\"/></Lems>";
        all.read_str(text, "all", &Files { built_in: &built_in, ..Files::default() }).unwrap();
        assert_eq!(all.warnings(), []);
        fn by_name(set: &Set) -> BTreeMap<&str, &ComponentType> {
            set.types().map(|t| (t.name.as_str(), t)).collect()
        }
        let (core, all_types) = (core().unwrap(), by_name(&all));
        assert_eq!(core.types().count(), all_types.len());
        for (name, declared) in by_name(core) {
            assert!(all_types.get(name) == Some(&declared), "{name} differs");
        }
        let documents: BTreeSet<&str> = all.documents().filter(|d| d.starts_with("built-in:")).collect();
        assert_eq!(core.documents().collect::<BTreeSet<_>>(), documents);
        assert_eq!(core.components().count(), 0);
    }
}
