//! Reading NeuroML 2 and LEMS simulations into the neutral [`Model`].
//!
//! A LEMS document names a target: a `Simulation`, which names the component that is to run. A network of
//! NeuroML becomes populations, attachments and connections directly; any other component is
//! elaborated by the structure that its type declares.

mod cell;
mod check;
mod method;
pub mod network;
mod quantity;
mod read;
mod sending;
mod simulation;
mod site;
pub mod structure;
mod write;

use std::path::PathBuf;
use std::sync::Arc;

use crate::error::Warning;
use crate::lems::{ComponentType, Set};
use crate::model::{CableCell, Model};
use crate::select::Location;

pub use cell::{CellVariable, shape, shaped};
pub use check::{Report, check};
pub use read::{read, read_str};
pub use write::{Written, write};

/// A document read: what to run and what to write.
#[derive(Debug, Clone)]
pub struct Simulation {
    /// The model, run control and recordings included. Recording files are named as in
    /// [`OutputFile::table`].
    pub model: Model,
    /// Files of sampled columns.
    pub outputs: Vec<OutputFile>,
    /// Files of events.
    pub events: Vec<EventFile>,
    /// Plots.
    pub displays: Vec<Display>,
    /// What was read, a line each.
    pub notes: Vec<String>,
    /// What was taken for granted because the document does not say it, a sentence each.
    pub assumptions: Vec<String>,
    /// What is doubtful.
    pub warnings: Vec<Warning>,
    /// The runs that follow, where the target asks for several.
    pub later: Vec<Simulation>,
}

/// A file of sampled columns, as a LEMS `OutputFile` asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputFile {
    /// Its name as the document gives it; it may lie in folders, and stray.
    pub path: PathBuf,
    /// The name of the recordings (`file`) in the model that are its columns.
    pub table: String,
}

/// A file of events, as a LEMS `EventOutputFile` asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct EventFile {
    /// Its name as the document gives it.
    pub path: PathBuf,
    /// Whether the time comes before the id in a line.
    pub time_first: bool,
    /// What is written.
    pub selections: Vec<EventSelection>,
}

/// Whose events an [`EventFile`] holds.
#[derive(Debug, Clone, PartialEq)]
pub struct EventSelection {
    /// What stands for it in the file.
    pub id: String,
    /// Population and cell.
    pub source: (usize, usize),
    /// The index of the model's event recording, where it is not the cell's own spikes.
    pub recording: Option<usize>,
}

/// A plot, as a LEMS `Display` asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Display {
    /// Its title.
    pub title: String,
    /// The id of the element, for the name of the picture.
    pub id: String,
    /// Name of the recordings (`file`) in the model that are its curves.
    pub table: String,
    /// Its curves, in the order of the recordings.
    pub curves: Vec<Curve>,
}

/// A curve of a [`Display`].
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// What the legend calls it.
    pub label: String,
    /// Its colour as written (`#rrggbb`).
    pub colour: Option<String>,
    /// The SI value of the unit it is drawn in (0.001 for mV).
    pub unit_si: f64,
}

/// Populations of a network or of an elaborated component, and how paths lead to them.
#[derive(Debug, Clone)]
pub struct Network {
    /// The model so far: populations, attachments, couplings, connections, stimuli.
    pub model: Model,
    /// The populations in the order of the model's.
    pub populations: Vec<Named>,
    /// What was taken for granted, a sentence each.
    pub assumptions: Vec<String>,
    /// What is doubtful.
    pub warnings: Vec<Warning>,
}

impl Network {
    /// Passes on what was assumed of a cell with a shape, and what is doubtful in it; once for each.
    fn tell_of(&mut self, shaped: &Arc<Shaped>) {
        let told = |named: &Named| named.shaped.as_ref().is_some_and(|known| Arc::ptr_eq(known, shaped));
        if !self.populations.iter().any(told) {
            self.assumptions.extend(shaped.assumptions.iter().cloned());
            self.warnings.extend(shaped.warnings.iter().cloned());
        }
    }
}

/// A population as paths find it: `pop[0]`, `pop/0/cell`.
#[derive(Debug, Clone, Default)]
pub struct Named {
    /// Path of the population or instance: its id, or for elaborated components the path from the
    /// target.
    pub path: String,
    /// The id of the component that its cells are of.
    pub component: String,
    /// For cells with a shape: the cell with its segments.
    pub shaped: Option<Arc<Shaped>>,
    /// The ids by which paths name its cells, ascending, where they are not 0, 1, 2, …; else empty.
    pub ids: Vec<u64>,
    /// Where its cells are, µm, if that is known; else empty.
    pub positions_um: Vec<[f64; 3]>,
}

impl Named {
    /// The index of the cell that paths call `id`, in a population of `size`.
    pub fn cell(&self, id: u64, size: usize) -> Option<usize> {
        if self.ids.is_empty() {
            usize::try_from(id).ok().filter(|cell| *cell < size)
        } else {
            self.ids.binary_search(&id).ok()
        }
    }
}

/// A cell with a shape and the segments by which NeuroML names places on it.
#[derive(Debug, Clone)]
pub struct Shaped {
    /// The cell.
    pub cell: Arc<CableCell>,
    /// Segments by id, ascending.
    pub segments: Vec<SegmentPlace>,
    /// The threshold for spikes, V, if the cell has one: `None` means that it sends none.
    pub spike_threshold_v: Option<f64>,
    /// What was taken for granted, a sentence each.
    pub assumptions: Vec<String>,
    /// What is doubtful.
    pub warnings: Vec<Warning>,
    /// What paths into the cell are made of.
    names: cell::Names,
}

/// Where a segment lies in its section.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SegmentPlace {
    /// The segment's id in the document.
    pub id: u64,
    /// Its proximal end.
    pub proximal: Location,
    /// Its distal end, in the same section.
    pub distal: Location,
}

impl SegmentPlace {
    /// Whether `location` lies on the segment, its ends included.
    pub fn holds(&self, location: Location) -> bool {
        let (from, to) = (self.proximal.fraction, self.distal.fraction);
        location.section == self.proximal.section
            && (from.min(to)..=from.max(to)).contains(&location.fraction)
    }
}

/// Whether components of the type `of` are cells with a shape, whose cable is worked out from their elements. A
/// type that extends `cell` with dynamics of its own says itself what its shape means.
fn is_cable(set: &Set, of: &ComponentType) -> bool {
    for name in std::iter::once(&of.name).chain(&of.bases) {
        if matches!(name.as_str(), "cell" | "cell2CaPools") {
            return of.child.iter().any(|slot| slot.name == "morphology");
        }
        let own = set.component_type(name).map(|of| &of.written.children);
        if own.is_none_or(|own| own.iter().any(|child| child.name == "Dynamics")) {
            return false;
        }
    }
    false
}
