//! What a user can say about places: regions (stretches of cable), points, and how they combine.

use std::ops::RangeInclusive;

use crate::morph::SectionKind;

use super::Field;

/// A part of the neuron by what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `soma`: SWC type 1.
    Soma,
    /// `axon`: SWC type 2.
    Axon,
    /// `dendrites`: SWC types 3 and 4.
    Dendrites,
    /// `basal_dendrites`: SWC type 3.
    BasalDendrites,
    /// `apical_dendrites`: SWC type 4.
    ApicalDendrites,
    /// `custom(5)`: the SWC type of that number.
    Custom(u32),
}

impl Kind {
    /// The kinds that have a word of their own, with that word.
    pub const WORDS: [(&'static str, Kind); 5] = [
        ("soma", Kind::Soma),
        ("axon", Kind::Axon),
        ("dendrites", Kind::Dendrites),
        ("basal_dendrites", Kind::BasalDendrites),
        ("apical_dendrites", Kind::ApicalDendrites),
    ];

    /// Whether a section of kind `kind` is meant.
    pub fn includes(self, kind: SectionKind) -> bool {
        match self {
            Kind::Soma => kind == SectionKind::Soma,
            Kind::Axon => kind == SectionKind::Axon,
            Kind::Dendrites => matches!(kind, SectionKind::BasalDendrite | SectionKind::ApicalDendrite),
            Kind::BasalDendrites => kind == SectionKind::BasalDendrite,
            Kind::ApicalDendrites => kind == SectionKind::ApicalDendrite,
            Kind::Custom(code) => kind.swc() == code,
        }
    }
}

/// A number that every place on the cell has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Measure {
    /// `path_distance`: along the cable from the middle of the soma (from the root's start where
    /// there is no soma), µm.
    PathDistance,
    /// `root_distance`: along the cable from the start of the root section, µm.
    RootDistance,
    /// `euclidean_distance`: straight from the same origin, µm.
    EuclideanDistance,
    /// `diameter`, µm.
    Diameter,
    /// `branch_order`: 0 on the soma, 1 on what hangs on it, one more after each branch point.
    BranchOrder,
}

impl Measure {
    /// All measures with their words.
    pub const WORDS: [(&'static str, Measure); 5] = [
        ("path_distance", Measure::PathDistance),
        ("root_distance", Measure::RootDistance),
        ("euclidean_distance", Measure::EuclideanDistance),
        ("diameter", Measure::Diameter),
        ("branch_order", Measure::BranchOrder),
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Measure::PathDistance => "path_distance",
            Measure::RootDistance => "root_distance",
            Measure::EuclideanDistance => "euclidean_distance",
            Measure::Diameter => "diameter",
            Measure::BranchOrder => "branch_order",
        }
    }

    /// Whether it is a length, and so has a unit.
    pub fn is_length(self) -> bool {
        self != Measure::BranchOrder
    }
}

/// One end of an [`Interval`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// Where it is: µm, or a whole number for branch orders.
    pub value: f64,
    /// Whether the end itself belongs to the interval. It matters where a measure is constant along
    /// the cable: on a cylinder's diameter, on branch orders.
    pub inclusive: bool,
}

/// An interval of numbers, open on one side or bounded on both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    from: Option<Bound>,
    to: Option<Bound>,
}

impl Interval {
    /// `from` to `to`, both included.
    pub fn between(from: f64, to: f64) -> Interval {
        let bound = |value| Some(Bound { value, inclusive: true });
        Interval { from: bound(from), to: bound(to) }
    }

    /// Everything above `bound`.
    pub fn above(bound: Bound) -> Interval {
        Interval { from: Some(bound), to: None }
    }

    /// Everything below `bound`.
    pub fn below(bound: Bound) -> Interval {
        Interval { from: None, to: Some(bound) }
    }

    /// Between two bounds.
    pub fn within(from: Bound, to: Bound) -> Interval {
        Interval { from: Some(from), to: Some(to) }
    }

    /// The lower end.
    pub fn from(&self) -> Option<Bound> {
        self.from
    }

    /// The upper end.
    pub fn to(&self) -> Option<Bound> {
        self.to
    }

    /// Whether `x` lies inside.
    pub fn contains(&self, x: f64) -> bool {
        let above = self.from.is_none_or(|b| x > b.value || (b.inclusive && x == b.value));
        let below = self.to.is_none_or(|b| x < b.value || (b.inclusive && x == b.value));
        above && below
    }

    /// The ends as numbers, infinite where there is none.
    pub(super) fn ends(&self) -> RangeInclusive<f64> {
        self.from.map_or(f64::NEG_INFINITY, |b| b.value)..=self.to.map_or(f64::INFINITY, |b| b.value)
    }
}

/// A set of stretches of cable. Written and read as text: see the [module](super).
#[derive(Debug, Clone, PartialEq)]
pub enum Region {
    /// `all`: the whole cell.
    All,
    /// `soma`, `dendrites`, `custom(5)`, …: what is of a kind. Where nothing is of that kind, a
    /// group or section of that name is taken.
    Kind(Kind),
    /// A bare or quoted name: a group, else a section, else all sections `name[…]`.
    Named(String),
    /// `section("dend[3]")`
    Section(String),
    /// `group("name")`
    Group(String),
    /// `segment(12)`: by the number that the file gives it.
    Segment(u64),
    /// `segment("name")`: by the name that the file gives it.
    SegmentNamed(String),
    /// `path_distance(50 um, 100 um)`, `diameter(< 1 um)`, …: where a measure is in an interval.
    Within(Measure, Interval),
    /// `distal_to(points)`: all that is reached from the root only through one of the points.
    DistalTo(Box<Points>),
    /// `proximal_to(points)`: the paths from the root to the points.
    ProximalTo(Box<Points>),
    /// `longest_path(region)`: of the path from the root to the region's farthest tip, what lies in
    /// the region.
    LongestPath(Box<Region>),
    /// `a | b`: what is in any.
    Union(Vec<Region>),
    /// `a & b`: what is in all.
    Intersection(Vec<Region>),
    /// `a - b`: what is in the first and not in the second.
    Difference(Box<Region>, Box<Region>),
}

impl Region {
    /// `self & other`.
    pub fn and(self, other: Region) -> Region {
        Region::Intersection(vec![self, other])
    }

    /// `self | other`.
    pub fn or(self, other: Region) -> Region {
        Region::Union(vec![self, other])
    }

    /// `self - other`.
    pub fn without(self, other: Region) -> Region {
        Region::Difference(Box::new(self), Box::new(other))
    }
}

/// A list of points on the cable. Written and read as text: see the [module](super).
#[derive(Debug, Clone, PartialEq)]
pub enum Points {
    /// `dend[3](0.5)`, `location(region, 0.5)`: that fraction of the length of each section that
    /// the region has a part of; the point must lie in the region.
    At(Region, f64),
    /// A region where a point is wanted, or `middle(region)`: the middle of its one section; the
    /// centre of a soma of several sections.
    Middle(Region),
    /// `root`: the start of the root section.
    Root,
    /// `tips`, `tips(region)`: the far ends of neurites.
    Tips(Option<Region>),
    /// `branch_points`, `branch_points(region)`: where a neurite goes on as two or more.
    BranchPoints(Option<Region>),
    /// `centre(region)`: the point of the region nearest to its centre of mass; the middle, if the
    /// region is one stretch of one section.
    Centre(Region),
    /// `at_distances(region, 100 um, 200 um)`: all points of the region at these path distances, µm.
    AtDistances(Region, Vec<f64>),
    /// `random_section(region)`, `random_sections(region, n)`: the middles of n different sections,
    /// each section as likely.
    RandomSections(Region, u32),
    /// `random_points(region, n)`: n points, each anywhere on the region's length with the same
    /// probability.
    RandomPoints(Region, u32),
    /// `points_by_density(region, 0.05 /um)`, `random_placement(field)`: as many points as the
    /// density (1/m) times the length says, one in each stretch that expects one.
    ByDensity(Box<Field>),
    /// `every(region, 10 um)`: evenly along each stretch, µm.
    Every(Region, f64),
    /// `p | q`: all of one, then all of the next; a point that occurs twice stays twice.
    Union(Vec<Points>),
    /// `p & region`: those that lie in the region.
    Within(Box<Points>, Region),
    /// `p - region`: those that do not.
    Outside(Box<Points>, Region),
}

impl From<Region> for Points {
    /// The meaning of a region where points are wanted: the middle of each operand of a union.
    fn from(region: Region) -> Points {
        match region {
            Region::Union(parts) => Points::Union(parts.into_iter().map(Points::from).collect()),
            region => Points::Middle(region),
        }
    }
}

impl Points {
    /// Whether the points depend on random numbers.
    pub fn is_random(&self) -> bool {
        match self {
            Points::RandomSections(..) | Points::RandomPoints(..) | Points::ByDensity(_) => true,
            Points::Union(parts) => parts.iter().any(Points::is_random),
            Points::Within(points, _) | Points::Outside(points, _) => points.is_random(),
            Points::At(..)
            | Points::Middle(_)
            | Points::Root
            | Points::Tips(_)
            | Points::BranchPoints(_)
            | Points::Centre(_)
            | Points::AtDistances(..)
            | Points::Every(..) => false,
        }
    }
}

/// A text that may name a region or points.
#[derive(Debug, Clone, PartialEq)]
pub enum Selection {
    /// Stretches of cable.
    Region(Region),
    /// Points.
    Points(Points),
}
