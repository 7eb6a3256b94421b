//! Morphologies: the shape of a neuron, as a tree of segments gathered into sections.
//! Lengths are in µm (`_um`), areas in µm², volumes in µm³.

mod geom;
mod make;
mod metrics;
mod neuroml_write;
pub mod swc;
mod tree;

pub use geom::{Geometry, frustum_area_um2, frustum_axial_per_um, frustum_volume_um3};
pub use make::{SectionPlan, Shape};
pub use metrics::{KindMetrics, Metrics, SomaMetrics, WarningLine};
pub use neuroml_write::{to_neuroml, write_neuroml};
pub use tree::{Morphology, Point, Section, SectionId, SectionKind, Segment, SegmentId};
