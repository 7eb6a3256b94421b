//! The tree itself: points, segments, sections.

use std::collections::BTreeMap;
use std::ops::Range;

/// Index of a [`Segment`] in [`Morphology::segments`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentId(pub u32);

/// Index of a [`Section`] in [`Morphology::sections`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SectionId(pub u32);

impl SegmentId {
    /// As an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl SectionId {
    /// As an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A point on the cell's centre line, with the diameter there. All in µm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// x, µm.
    pub x: f64,
    /// y, µm.
    pub y: f64,
    /// z, µm.
    pub z: f64,
    /// Diameter, µm.
    pub diameter: f64,
}

impl Point {
    /// A point from its coordinates and diameter in µm.
    pub fn new(x: f64, y: f64, z: f64, diameter: f64) -> Point {
        Point { x, y, z, diameter }
    }

    /// Distance between two points, µm.
    pub fn distance(self, other: Point) -> f64 {
        let (dx, dy, dz) = (self.x - other.x, self.y - other.y, self.z - other.z);
        (dx * dx + dy * dy + dz * dz).sqrt()
    }

    /// The point at `fraction` (0 to 1) of the way to `other`, its diameter too.
    pub fn towards(self, other: Point, fraction: f64) -> Point {
        let mix = |a: f64, b: f64| a + (b - a) * fraction;
        Point {
            x: mix(self.x, other.x),
            y: mix(self.y, other.y),
            z: mix(self.z, other.z),
            diameter: mix(self.diameter, other.diameter),
        }
    }
}

/// What part of a neuron a piece of cable is; the numbers are SWC's type codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SectionKind {
    /// SWC 0, or not said.
    Undefined,
    /// SWC 1.
    Soma,
    /// SWC 2.
    Axon,
    /// SWC 3.
    BasalDendrite,
    /// SWC 4.
    ApicalDendrite,
    /// Any other SWC type code.
    Custom(u32),
}

impl SectionKind {
    /// The kind with SWC's type code `code`.
    pub fn from_swc(code: u32) -> SectionKind {
        match code {
            0 => SectionKind::Undefined,
            1 => SectionKind::Soma,
            2 => SectionKind::Axon,
            3 => SectionKind::BasalDendrite,
            4 => SectionKind::ApicalDendrite,
            other => SectionKind::Custom(other),
        }
    }

    /// SWC's type code.
    pub fn swc(self) -> u32 {
        match self {
            SectionKind::Undefined => 0,
            SectionKind::Soma => 1,
            SectionKind::Axon => 2,
            SectionKind::BasalDendrite => 3,
            SectionKind::ApicalDendrite => 4,
            SectionKind::Custom(code) => code,
        }
    }

    /// The kind that a section's name speaks of, by the words that are usual for it: `soma`, `axon` (also
    /// `ais`, `hillock`, `iseg`, `node`, `myelin`), `dend…` and `basal…`, `apic…` (also `trunk`, `tuft`,
    /// `oblique`). Upper and lower case are alike; what follows the word does not matter.
    pub fn of_name(name: &str) -> SectionKind {
        let name = name.to_lowercase();
        let known = [
            (SectionKind::Soma, &["soma", "cellbody", "cell_body"][..]),
            (SectionKind::Axon, &["axon", "ais", "hillock", "iseg", "node", "myelin"][..]),
            (SectionKind::ApicalDendrite, &["apic", "trunk", "tuft", "oblique"][..]),
            (SectionKind::BasalDendrite, &["dend", "basal"][..]),
        ];
        let speaks = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
        known.into_iter().find(|(_, words)| speaks(words)).map_or(SectionKind::Undefined, |(kind, _)| kind)
    }

    /// The stem of section names: `soma`, `axon`, `dend`, `apic`, `undefined`, `custom`.
    pub fn stem(self) -> &'static str {
        match self {
            SectionKind::Undefined => "undefined",
            SectionKind::Soma => "soma",
            SectionKind::Axon => "axon",
            SectionKind::BasalDendrite => "dend",
            SectionKind::ApicalDendrite => "apic",
            SectionKind::Custom(_) => "custom",
        }
    }
}

/// A frustum (truncated cone) of cable.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// The number that the file gives it (SWC: the sample's id; NeuroML: the segment's id).
    pub file_id: u64,
    /// Its name, where the file has one.
    pub name: Option<String>,
    /// The near end.
    pub proximal: Point,
    /// The far end.
    pub distal: Point,
    /// The section it is part of.
    pub section: SectionId,
}

impl Segment {
    /// Length, µm.
    pub fn length(&self) -> f64 {
        self.proximal.distance(self.distal)
    }
}

/// An unbranched run of segments.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Its name, unique in the morphology: `soma`, `dend[3]`, or what the file says.
    pub name: String,
    /// What part of the neuron it is.
    pub kind: SectionKind,
    /// Its segments, near to far, as a range of [`Morphology::segments`]. Never empty.
    pub segments: Range<u32>,
    /// Where it hangs: the parent section and the fraction (0 to 1) of the parent's length. `None`
    /// for the root. Any length between the parent's centre line and this section's first point is
    /// not cable.
    pub parent: Option<(SectionId, f64)>,
}

/// The shape of one neuron.
///
/// Invariants: sections are ordered parents before children and the first is the one root; segments
/// are ordered by section; section names are unique.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Morphology {
    /// Its name, for messages: the file's stem or the id in it.
    pub name: String,
    /// All segments, section by section, near to far within one.
    pub segments: Vec<Segment>,
    /// All sections, parents before children.
    pub sections: Vec<Section>,
    /// Named groups of segments (of a user, or NeuroML's segment groups): each segment once, ascending.
    pub groups: BTreeMap<String, Vec<SegmentId>>,
}

impl Morphology {
    /// The section `id`.
    pub fn section(&self, id: SectionId) -> &Section {
        &self.sections[id.index()]
    }

    /// The segments of section `id`, near to far.
    pub fn segments_of(&self, id: SectionId) -> &[Segment] {
        let range = &self.section(id).segments;
        &self.segments[range.start as usize..range.end as usize]
    }

    /// Ids of all segments of `sections`, ascending.
    pub fn segments_in(&self, sections: &[SectionId]) -> Vec<SegmentId> {
        let ranges = sections.iter().map(|id| self.section(*id).segments.clone());
        let mut ids: Vec<SegmentId> = ranges.flatten().map(SegmentId).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Ids of all sections, parents before children.
    pub fn section_ids(&self) -> impl Iterator<Item = SectionId> + use<> {
        (0..self.sections.len() as u32).map(SectionId)
    }
}
