//! Where along the cable a measure lies in an interval: exact cuts through tapering segments.

use super::{Cable, Interval, Location, Measure, Span};
use crate::morph::{Point, SectionId};

/// Cuts nearer than this to the end of a segment are at it, µm: rounding must not leave slivers.
const SNAP_UM: f64 = 1e-9;

/// A straight stretch of a section on which the diameter is linear.
pub(super) struct Piece {
    pub(super) section: SectionId,
    pub(super) from: f64,
    pub(super) to: f64,
    proximal: Point,
    distal: Point,
}

impl Piece {
    fn length_um(&self) -> f64 {
        self.proximal.distance(self.distal)
    }

    /// The point at `fraction` of the section, which lies on this piece.
    pub(super) fn point(&self, fraction: f64) -> Point {
        self.proximal.towards(self.distal, self.along(fraction))
    }

    /// How far along the piece `fraction` of the section is, 0 to 1.
    fn along(&self, fraction: f64) -> f64 {
        ((fraction - self.from) / (self.to - self.from)).clamp(0.0, 1.0)
    }

    fn fraction(&self, t: f64) -> f64 {
        // Exact at both ends, so that neighbouring pieces meet.
        if t >= 1.0 { self.to } else { self.from + (self.to - self.from) * t }
    }
}

/// The pieces of `section` on which every measure is smooth: its segments, cut once more where
/// the path distance is least. A section without length is one piece.
pub(super) fn pieces(cable: Cable<'_>, section: SectionId) -> Vec<Piece> {
    let segments = cable.morphology.segments_of(section);
    let total = cable.geometry.section_length_um(section);
    let mut pieces: Vec<Piece> = Vec::with_capacity(segments.len() + 1);
    if total <= 0.0 {
        let ends = segments.first().zip(segments.last());
        pieces.extend(ends.map(|(first, last)| Piece {
            section,
            from: 0.0,
            to: 1.0,
            proximal: first.proximal,
            distal: last.distal,
        }));
        return pieces;
    }
    let (anchor, _) = cable.geometry.path_anchor(section);
    let mut length = 0.0;
    for segment in segments.iter().filter(|segment| segment.length() > 0.0) {
        let from = length / total;
        length += segment.length();
        let (to, proximal, distal) = (length / total, segment.proximal, segment.distal);
        if from < anchor && anchor < to {
            let waist = proximal.towards(distal, (anchor - from) / (to - from));
            pieces.push(Piece { section, from, to: anchor, proximal, distal: waist });
            pieces.push(Piece { section, from: anchor, to, proximal: waist, distal });
        } else {
            pieces.push(Piece { section, from, to, proximal, distal });
        }
    }
    if let Some(last) = pieces.last_mut() {
        last.to = 1.0;
    }
    pieces
}

/// The stretches of `section` where `measure` lies in `interval`.
pub(super) fn within(
    cable: Cable<'_>,
    section: SectionId,
    measure: Measure,
    interval: &Interval,
) -> Vec<Span> {
    if measure == Measure::BranchOrder {
        let order = f64::from(cable.geometry.branch_order(section));
        return if interval.contains(order) { vec![Span::whole(section)] } else { Vec::new() };
    }
    let mut spans = Vec::new();
    for piece in pieces(cable, section) {
        let ranges = match measure {
            Measure::EuclideanDistance => in_shell(cable, &piece, interval),
            _ => {
                let (a, b) = ends(cable, &piece, measure);
                [linear(a, b, interval), None]
            }
        };
        let snap = SNAP_UM / piece.length_um();
        for (t0, t1) in ranges.into_iter().flatten() {
            let t0 = if t0 < snap { 0.0 } else { t0 };
            let t1 = if t1 > 1.0 - snap { 1.0 } else { t1 };
            // A piece without length has an infinite snap, and is taken whole.
            if t1 - t0 > snap || (t0, t1) == (0.0, 1.0) {
                spans.push(Span { section, from: piece.fraction(t0), to: piece.fraction(t1) });
            }
        }
    }
    spans
}

/// A measure that is linear on `piece`, at its two ends.
fn ends(cable: Cable<'_>, piece: &Piece, measure: Measure) -> (f64, f64) {
    match measure {
        Measure::PathDistance => (
            cable.geometry.path_distance_um(piece.section, piece.from),
            cable.geometry.path_distance_um(piece.section, piece.to),
        ),
        Measure::RootDistance => (
            cable.geometry.root_distance_um(piece.section, piece.from),
            cable.geometry.root_distance_um(piece.section, piece.to),
        ),
        Measure::Diameter => (piece.proximal.diameter, piece.distal.diameter),
        Measure::EuclideanDistance => {
            let origin = origin(cable);
            (piece.proximal.distance(origin), piece.distal.distance(origin))
        }
        Measure::BranchOrder => {
            let order = f64::from(cable.geometry.branch_order(piece.section));
            (order, order)
        }
    }
}

/// A measure at `fraction` of the section, which lies on `piece`. Where the diameter jumps between
/// two pieces, that of `piece` counts.
pub(super) fn on_piece(cable: Cable<'_>, piece: &Piece, measure: Measure, fraction: f64) -> f64 {
    let location = Location { section: piece.section, fraction };
    match measure {
        Measure::Diameter => piece.point(fraction).diameter,
        _ => at(cable, measure, location),
    }
}

/// Where a line from `a` (at 0) to `b` (at 1) lies in `interval`.
fn linear(a: f64, b: f64, interval: &Interval) -> Option<(f64, f64)> {
    if a == b {
        return interval.contains(a).then_some((0.0, 1.0));
    }
    let (low, high) = interval.ends().into_inner();
    let (s, t) = ((low - a) / (b - a), (high - a) / (b - a));
    let (t0, t1) = (s.min(t).max(0.0), s.max(t).min(1.0));
    (t0 < t1).then_some((t0, t1))
}

/// Where straight distances start: the middle of the soma, or the root.
fn origin(cable: Cable<'_>) -> Point {
    match cable.geometry.origin() {
        Some((section, fraction)) => cable.geometry.point_at(section, fraction),
        None => Point::new(0.0, 0.0, 0.0, 0.0),
    }
}

/// Where a straight piece lies between two spheres round the origin: at most two stretches.
fn in_shell(cable: Cable<'_>, piece: &Piece, interval: &Interval) -> [Option<(f64, f64)>; 2] {
    let origin = origin(cable);
    if piece.length_um() <= 0.0 {
        return [interval.contains(piece.proximal.distance(origin)).then_some((0.0, 1.0)), None];
    }
    let (inner, outer) = interval.ends().into_inner();
    let Some((o0, o1)) = in_ball(origin, piece, outer) else { return [None, None] };
    match in_ball(origin, piece, inner) {
        None => [Some((o0, o1)), None],
        Some((i0, i1)) => [Some((o0, i0.min(o1))), Some((i1.max(o0), o1))].map(|r| r.filter(|(a, b)| a < b)),
    }
}

/// Where the piece lies in the ball of `radius`: the roots of |p + t (q - p) - origin|² = radius².
fn in_ball(origin: Point, piece: &Piece, radius: f64) -> Option<(f64, f64)> {
    if radius < 0.0 {
        return None;
    }
    if radius.is_infinite() {
        return Some((0.0, 1.0));
    }
    let (p, q) = (piece.proximal, piece.distal);
    let u = [q.x - p.x, q.y - p.y, q.z - p.z];
    let w = [p.x - origin.x, p.y - origin.y, p.z - origin.z];
    let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    let length = dot(u, u).sqrt();
    // Along the unit direction: nearest approach at `near` µm, `height` µm from the origin.
    let near = -dot(u, w) / length;
    let height2 = (dot(w, w) - near * near).max(0.0);
    let half = radius * radius - height2;
    if half <= 0.0 {
        return None;
    }
    let half = half.sqrt();
    let (t0, t1) = (((near - half) / length).max(0.0), ((near + half) / length).min(1.0));
    (t0 < t1).then_some((t0, t1))
}

/// The value of `measure` at `location`.
pub(super) fn at(cable: Cable<'_>, measure: Measure, location: Location) -> f64 {
    let Location { section, fraction } = location;
    match measure {
        Measure::PathDistance => cable.geometry.path_distance_um(section, fraction),
        Measure::RootDistance => cable.geometry.root_distance_um(section, fraction),
        Measure::EuclideanDistance => cable.geometry.euclidean_distance_um(section, fraction),
        Measure::Diameter => cable.geometry.diameter_um(section, fraction),
        Measure::BranchOrder => f64::from(cable.geometry.branch_order(section)),
    }
}

/// The least and the greatest value of `measure` on `spans`, for messages.
pub(super) fn range(cable: Cable<'_>, measure: Measure, spans: &[Span]) -> Option<(f64, f64)> {
    let mut found: Option<(f64, f64)> = None;
    let mut see = |x: f64| {
        found = Some(found.map_or((x, x), |(low, high)| (low.min(x), high.max(x))));
    };
    for span in spans {
        for fraction in [span.from, span.to] {
            see(at(cable, measure, Location { section: span.section, fraction }));
        }
        for piece in pieces(cable, span.section) {
            if piece.from >= span.from && piece.to <= span.to {
                let (a, b) = ends(cable, &piece, measure);
                see(a);
                see(b);
            }
        }
    }
    found
}
