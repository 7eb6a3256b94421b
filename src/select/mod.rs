//! Places on a cell: regions, points, and values over space.

mod ast;
mod cover;
mod explain;
mod field;
mod interval;
mod lex;
mod measure;
mod parse;
mod points;
mod print;
mod region;
mod serial;
mod value;

pub use ast::{Bound, Interval, Kind, Measure, Points, Region, Selection};
pub use cover::{Cover, Span};
pub use field::{Constant, Field, Formula, Layer, Value};
pub use value::{Mean, OnCell};

use crate::morph::{Geometry, Morphology, SectionId};

/// A point on the cable.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Location {
    /// The section.
    pub section: SectionId,
    /// The fraction of the section's length, 0 at the end nearer to the root.
    pub fraction: f64,
}

/// The cell on which selections are evaluated.
#[derive(Debug, Clone, Copy)]
pub struct Cable<'a> {
    /// Its shape.
    pub morphology: &'a Morphology,
    /// Lengths and distances of that shape.
    pub geometry: &'a Geometry,
}

impl<'a> Cable<'a> {
    /// The cell of `morphology`, whose `geometry` is [`Geometry::of`] it.
    pub fn new(morphology: &'a Morphology, geometry: &'a Geometry) -> Cable<'a> {
        Cable { morphology, geometry }
    }
}

/// What random choices depend on: nothing else, so they are the same in any order and for any
/// number of threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Draw {
    /// The seed of the run.
    pub seed: u64,
    /// The cell, unique in the run.
    pub cell: u64,
    /// What the points are for, unique among the uses on one cell.
    pub use_id: u64,
}
