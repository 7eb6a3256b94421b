//! Places on a cell: regions, points, and values over space.
//!
//! A [`Region`] is a set of stretches of cable, [`Points`] are single places, a [`Field`] is a value
//! that may differ from place to place. All three are plain data, are read from text and print as
//! text that reads back equal, and serialise as text. They name nothing of a particular cell until
//! they are evaluated on one:
//!
//! ```
//! use neuropil::morph::{Geometry, Morphology, SectionKind, SectionPlan};
//! use neuropil::select::{Cable, Draw, Field, Points, Region};
//!
//! # fn main() -> neuropil::Result<()> {
//! let soma = SectionPlan::cylinder("soma", SectionKind::Soma, 20.0, 20.0);
//! let dend = SectionPlan::cylinder("dend", SectionKind::BasalDendrite, 300.0, 2.0).on("soma", 1.0);
//! let morphology = Morphology::from_sections("ball and stick", &[soma, dend])?;
//! let geometry = Geometry::of(&morphology);
//! let cable = Cable::new(&morphology, &geometry);
//!
//! let near: Region = "dendrites & path_distance < 60 um".parse()?;
//! let cover = near.evaluate(&cable)?;
//! assert!((cover.length_um(&geometry) - 50.0).abs() < 1e-9);
//!
//! let synapses: Points = "points_by_density(dendrites, 0.05 /um)".parse()?;
//! let draw = Draw { seed: 1, cell: 0, use_id: 0 };
//! assert_eq!(synapses.evaluate(&cable, &draw)?.len(), 15);
//!
//! let density: Field = "by_distance(dendrites, 0.05 S/cm2 * exp(-d / 200 um))".parse()?;
//! let mean = density.on(&cable)?.mean(cover.spans()[0].section, 0.0, 0.1)?;
//! assert!(mean.value > 400.0 && mean.value < 500.0 && mean.covered == 1.0);
//! # Ok(())
//! # }
//! ```
//!
//! The language is explained for users in `docs/locations.md`. Its grammar:
//!
//! ```text
//! selection = meet { ("|" | "-") meet }                 from the left
//! meet      = primary { "&" primary }                   binds tighter
//! primary   = ( "(" selection ")" | "(" region "," fraction ")" | function | name | string ) [ "(" fraction ")" ]
//! function  = word "(" argument { "," argument } ")"    some words need no parentheses
//!           | measure ( "(" bounds ")" | comparison )
//! measure   = "path_distance" | "root_distance" | "euclidean_distance" | "diameter" | "branch_order"
//! bounds    = length ("," | "to") length | comparison [ "," comparison ]
//! comparison= ("<" | "<=" | ">" | ">=" | "=") length
//! field     = layer { ";" layer }
//! layer     = ("uniform" | "by_distance" | "by_root_distance" | "by_diameter") "(" region "," value ")" | value
//! value     = quantity | expression of d
//! ```
//!
//! Cuts are exact: a limit of distance or diameter cuts a tapering segment at the very fraction.
//! An empty selection is an error, but for operands of `|` and the right side of `-`.

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
