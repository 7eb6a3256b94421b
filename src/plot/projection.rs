//! From space to paper: which plane, how large, and the outlines of pieces of cable.

use crate::morph::{Morphology, Point, SectionId};

/// The plane onto which a cell is projected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Plane {
    /// Of the three below the one in which the cell covers the largest area; x-y, as is the custom,
    /// unless another covers a quarter more.
    #[default]
    Widest,
    /// x to the right, y up.
    Xy,
    /// x to the right, z up.
    Xz,
    /// z to the right, y up.
    Zy,
}

impl Plane {
    /// The plane to take for a cell.
    pub(super) fn resolve(self, morphology: &Morphology) -> Plane {
        if self != Plane::Widest {
            return self;
        }
        let mut low = [f64::INFINITY; 3];
        let mut high = [f64::NEG_INFINITY; 3];
        for p in morphology.segments.iter().flat_map(|s| [s.proximal, s.distal]) {
            for (i, v) in [p.x, p.y, p.z].into_iter().enumerate() {
                low[i] = low[i].min(v);
                high[i] = high[i].max(v);
            }
        }
        let [x, y, z] = [0, 1, 2].map(|i| (high[i] - low[i]).max(0.0));
        // A flat cell covers no area in two of them: the sum of the extents decides then.
        let covers = |a: f64, b: f64| a * b + 1e-3 * (a + b);
        let (xy, xz, zy) = (covers(x, y), covers(x, z), covers(z, y));
        if xz > xy * 1.25 && xz >= zy {
            Plane::Xz
        } else if zy > xy * 1.25 {
            Plane::Zy
        } else {
            Plane::Xy
        }
    }

    /// Right, up and towards the viewer.
    pub(super) fn axes(self, p: Point) -> [f64; 3] {
        match self {
            Plane::Widest | Plane::Xy => [p.x, p.y, p.z],
            Plane::Xz => [p.x, p.z, -p.y],
            Plane::Zy => [p.z, p.y, -p.x],
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Plane::Widest | Plane::Xy => "xy",
            Plane::Xz => "xz",
            Plane::Zy => "zy",
        }
    }
}

/// A point on paper: where, how deep, and the radius; pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dot {
    pub x: f64,
    pub y: f64,
    pub depth: f64,
    pub radius: f64,
}

impl Dot {
    pub fn at(self) -> (f64, f64) {
        (self.x, self.y)
    }

    pub fn far_from(self, other: Dot) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }
}

/// A projection with its scale.
#[derive(Debug, Clone, Copy)]
pub(super) struct Projection {
    pub plane: Plane,
    /// Pixels per µm.
    pub scale: f64,
}

impl Projection {
    pub fn dot(&self, p: Point) -> Dot {
        let [right, up, depth] = self.plane.axes(p);
        Dot {
            x: right * self.scale,
            y: -up * self.scale,
            depth: depth * self.scale,
            radius: p.diameter * 0.5 * self.scale,
        }
    }
}

/// The cable of a section between two fractions of its length, as points near to far.
pub(super) fn stretch(morphology: &Morphology, section: SectionId, from: f64, to: f64) -> Vec<Point> {
    let segments = morphology.segments_of(section);
    let total: f64 = segments.iter().map(|s| s.length()).sum();
    let (from, to) = (from.clamp(0.0, 1.0) * total, to.clamp(0.0, 1.0) * total);
    let mut points: Vec<Point> = Vec::with_capacity(segments.len() + 1);
    let mut put = |p: Point| {
        if points.last() != Some(&p) {
            points.push(p);
        }
    };
    let mut start = 0.0;
    for segment in segments {
        let length = segment.length();
        let end = start + length;
        if end >= from && start <= to {
            let part = |at: f64| if length > 0.0 { ((at - start) / length).clamp(0.0, 1.0) } else { 0.0 };
            put(segment.proximal.towards(segment.distal, part(from)));
            let last = if length > 0.0 { part(to) } else { 1.0 };
            put(segment.proximal.towards(segment.distal, last));
        }
        start = end;
    }
    points
}

/// The point at `fraction` of a section's length. `None` for a section without segments.
pub(super) fn point_at(morphology: &Morphology, section: SectionId, fraction: f64) -> Option<Point> {
    let points = stretch(morphology, section, 0.0, fraction);
    if fraction <= 0.0 { points.first().copied() } else { points.last().copied() }
}
