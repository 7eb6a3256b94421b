//! Morphologies: the shape of a neuron, as a tree of segments gathered into sections.
//! Lengths are in µm (`_um`), areas in µm², volumes in µm³.

mod tree;

pub use tree::{Morphology, Point, Section, SectionId, SectionKind, Segment, SegmentId};
