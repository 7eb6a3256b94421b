//! Geometry of a morphology: lengths, areas, volumes, axial integrals, distances, diameters.
//!
//! Every segment is a frustum: the radius runs linearly from its proximal to its distal end. All
//! integrals over a stretch of a section are exact for that shape; none is a sum over small steps.

use super::tree::{Morphology, Point, SectionId, SectionKind};
use std::f64::consts::PI;

/// Lateral area of a frustum of length `length` and end radii `r0`, `r1`, without its two discs:
/// π (r₀ + r₁) √(l² + (r₀ − r₁)²). With a length of 0 it is the ring between the two circles.
pub fn frustum_area_um2(length: f64, r0: f64, r1: f64) -> f64 {
    PI * (r0 + r1) * (length * length + (r0 - r1) * (r0 - r1)).sqrt()
}

/// Volume of a frustum: π l (r₀² + r₀ r₁ + r₁²) / 3.
pub fn frustum_volume_um3(length: f64, r0: f64, r1: f64) -> f64 {
    PI * length * (r0 * r0 + r0 * r1 + r1 * r1) / 3.0
}

/// ∫ dl / (π r²) along a frustum, in 1/µm: l / (π r₀ r₁). Times the axial resistivity it is the
/// axial resistance.
pub fn frustum_axial_per_um(length: f64, r0: f64, r1: f64) -> f64 {
    if length > 0.0 { length / (PI * r0 * r1) } else { 0.0 }
}

/// Sums over a stretch of cable from its section's start.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    length: f64,
    area: f64,
    volume: f64,
    axial: f64,
}

/// One segment, and the sums from its section's start to its proximal end.
#[derive(Debug, Clone, Copy)]
struct Piece {
    before: Sums,
    length: f64,
    proximal: Point,
    distal: Point,
}

impl Piece {
    /// Sums from the section's start to `fraction` of the way along this piece.
    fn sums_to(&self, fraction: f64) -> Sums {
        let length = self.length * fraction;
        let end = self.proximal.towards(self.distal, fraction);
        let (r0, r1) = (self.proximal.diameter / 2.0, end.diameter / 2.0);
        Sums {
            length: self.before.length + length,
            area: self.before.area + frustum_area_um2(length, r0, r1),
            volume: self.before.volume + frustum_volume_um3(length, r0, r1),
            axial: self.before.axial + frustum_axial_per_um(length, r0, r1),
        }
    }
}

/// One section: where its pieces are and how it lies in the tree.
#[derive(Debug, Clone)]
struct Line {
    first: usize,
    end: usize,
    total: Sums,
    /// The fraction of this section nearest to the origin of distances, and the path distance there.
    anchor: (f64, f64),
    /// Path distance of its start from the start of the root section.
    from_root: f64,
    parent: Option<(SectionId, f64)>,
    children: Vec<SectionId>,
    branch_order: u32,
}

/// Precomputed tables of a morphology's geometry. Queries take O(log n) in the number of segments of
/// the section asked about.
///
/// A place is a section and a fraction (0 to 1) of its length; fractions outside are taken as the
/// nearer end. Distances start at the *origin*: the middle of the first soma section, or the start
/// of the root section of a cell without soma. A link between a section's first point and the place
/// on the parent where it hangs is not cable and adds nothing.
#[derive(Debug, Clone)]
pub struct Geometry {
    pieces: Vec<Piece>,
    lines: Vec<Line>,
    origin: Option<(SectionId, f64)>,
    centre: Point,
}

impl Geometry {
    /// Builds the tables of `morphology`.
    pub fn of(morphology: &Morphology) -> Geometry {
        let mut pieces = Vec::with_capacity(morphology.segments.len());
        let mut lines: Vec<Line> = Vec::with_capacity(morphology.sections.len());
        for id in morphology.section_ids() {
            let first = pieces.len();
            let mut total = Sums::default();
            for segment in morphology.segments_of(id) {
                let (proximal, distal) = (segment.proximal, segment.distal);
                let piece = Piece { before: total, length: segment.length(), proximal, distal };
                total = piece.sums_to(1.0);
                pieces.push(piece);
            }
            let parent = morphology.section(id).parent;
            let from_root = parent.map_or(0.0, |(parent, fraction)| {
                let line = &lines[parent.index()];
                line.from_root + fraction.clamp(0.0, 1.0) * line.total.length
            });
            lines.push(Line {
                first,
                end: pieces.len(),
                total,
                anchor: (0.0, 0.0),
                from_root,
                parent,
                children: Vec::new(),
                branch_order: 0,
            });
        }
        for id in morphology.section_ids() {
            if let Some((parent, _)) = morphology.section(id).parent {
                lines[parent.index()].children.push(id);
            }
        }
        let soma = morphology.section_ids().find(|id| morphology.section(*id).kind == SectionKind::Soma);
        let origin = soma.map(|id| (id, 0.5)).or(morphology.section_ids().next().map(|id| (id, 0.0)));
        let mut geometry = Geometry { pieces, lines, origin, centre: Point::new(0.0, 0.0, 0.0, 0.0) };
        geometry.set_anchors();
        geometry.set_branch_orders(morphology);
        if let Some((id, fraction)) = origin {
            geometry.centre = geometry.point_at(id, fraction);
        }
        geometry
    }

    /// Distances spread from the origin: up to the root first, then from parents to children.
    fn set_anchors(&mut self) {
        let Some((origin, fraction)) = self.origin else { return };
        let mut settled = vec![false; self.lines.len()];
        let mut at = Some((origin, fraction, 0.0));
        while let Some((id, fraction, distance)) = at {
            self.lines[id.index()].anchor = (fraction, distance);
            settled[id.index()] = true;
            let to_start = distance + fraction * self.lines[id.index()].total.length;
            at = self.lines[id.index()].parent.map(|(parent, on)| (parent, on, to_start));
        }
        for (index, settled) in settled.into_iter().enumerate() {
            if let (false, Some((parent, on))) = (settled, self.lines[index].parent) {
                self.lines[index].anchor = (0.0, self.path_distance_um(parent, on));
            }
        }
    }

    fn set_branch_orders(&mut self, morphology: &Morphology) {
        for id in morphology.section_ids() {
            let soma = morphology.section(id).kind == SectionKind::Soma;
            let order = match self.lines[id.index()].parent {
                _ if soma => 0,
                None => 1,
                Some((parent, fraction)) => {
                    let above = &self.lines[parent.index()];
                    let continues = above.branch_order > 0 && fraction >= 1.0 && above.children.len() == 1;
                    above.branch_order + u32::from(!continues)
                }
            };
            self.lines[id.index()].branch_order = order;
        }
    }

    fn line(&self, section: SectionId) -> &Line {
        &self.lines[section.index()]
    }

    /// The piece that holds `fraction` of `section`, and the fraction along that piece.
    fn locate(&self, section: SectionId, fraction: f64) -> (&Piece, f64) {
        let line = self.line(section);
        let pieces = &self.pieces[line.first..line.end];
        let fraction = fraction.clamp(0.0, 1.0);
        if line.total.length <= 0.0 {
            // All its pieces have no length: spread the fraction evenly over them.
            let place = fraction * pieces.len() as f64;
            let index = (place as usize).min(pieces.len() - 1);
            return (&pieces[index], place - index as f64);
        }
        if fraction <= 0.0 {
            return (&pieces[0], 0.0);
        }
        if fraction >= 1.0 {
            return (&pieces[pieces.len() - 1], 1.0);
        }
        let at = fraction * line.total.length;
        let index = pieces.partition_point(|piece| piece.before.length <= at).saturating_sub(1);
        let piece = &pieces[index];
        let along = if piece.length > 0.0 { (at - piece.before.length) / piece.length } else { 1.0 };
        (piece, along.clamp(0.0, 1.0))
    }

    fn sums_to(&self, section: SectionId, fraction: f64) -> Sums {
        if fraction >= 1.0 {
            return self.line(section).total;
        }
        let (piece, along) = self.locate(section, fraction);
        piece.sums_to(along)
    }

    /// Number of sections.
    pub fn section_count(&self) -> usize {
        self.lines.len()
    }

    /// Where distances start, as a section and a fraction; `None` for a morphology without sections.
    pub fn origin(&self) -> Option<(SectionId, f64)> {
        self.origin
    }

    /// Length of `section`, µm.
    pub fn section_length_um(&self, section: SectionId) -> f64 {
        self.line(section).total.length
    }

    /// Lateral area of all of `section`, µm².
    pub fn section_area_um2(&self, section: SectionId) -> f64 {
        self.line(section).total.area
    }

    /// Volume of all of `section`, µm³.
    pub fn section_volume_um3(&self, section: SectionId) -> f64 {
        self.line(section).total.volume
    }

    /// Length of all sections, µm.
    pub fn total_length_um(&self) -> f64 {
        self.lines.iter().map(|line| line.total.length).sum()
    }

    /// Lateral area of all sections, µm².
    pub fn total_area_um2(&self) -> f64 {
        self.lines.iter().map(|line| line.total.area).sum()
    }

    /// Volume of all sections, µm³.
    pub fn total_volume_um3(&self) -> f64 {
        self.lines.iter().map(|line| line.total.volume).sum()
    }

    /// Lateral area between the fractions `from` and `to` of `section`, µm².
    pub fn area_um2(&self, section: SectionId, from: f64, to: f64) -> f64 {
        self.between(section, from, to, |sums| sums.area)
    }

    /// Volume between the fractions `from` and `to` of `section`, µm³.
    pub fn volume_um3(&self, section: SectionId, from: f64, to: f64) -> f64 {
        self.between(section, from, to, |sums| sums.volume)
    }

    /// ∫ dl / (π r²) between the fractions `from` and `to` of `section`, 1/µm. Times the axial
    /// resistivity it is the axial resistance of that stretch.
    pub fn axial_integral(&self, section: SectionId, from: f64, to: f64) -> f64 {
        self.between(section, from, to, |sums| sums.axial)
    }

    /// A piece without length counts to the stretch that ends at it, so that the stretches of a
    /// partition add up to the section.
    fn between(&self, section: SectionId, from: f64, to: f64, of: impl Fn(Sums) -> f64) -> f64 {
        let start = if from <= 0.0 { 0.0 } else { of(self.sums_to(section, from)) };
        if to <= 0.0 { 0.0 } else { of(self.sums_to(section, to)) - start }
    }

    /// The point on the centre line at `fraction` of `section`, with the diameter there.
    pub fn point_at(&self, section: SectionId, fraction: f64) -> Point {
        let (piece, along) = self.locate(section, fraction);
        piece.proximal.towards(piece.distal, along)
    }

    /// Diameter at `fraction` of `section`, µm.
    pub fn diameter_um(&self, section: SectionId, fraction: f64) -> f64 {
        self.point_at(section, fraction).diameter
    }

    /// Mean diameter between two fractions of `section`, weighted by length, µm.
    pub fn mean_diameter_um(&self, section: SectionId, from: f64, to: f64) -> f64 {
        let (from, to) = (from.clamp(0.0, 1.0), to.clamp(0.0, 1.0));
        let line = self.line(section);
        let (start, end) = (from * line.total.length, to * line.total.length);
        if end <= start {
            return self.diameter_um(section, from);
        }
        let mut integral = 0.0;
        for piece in &self.pieces[line.first..line.end] {
            let (near, far) = (piece.before.length, piece.before.length + piece.length);
            let (a, b) = (near.max(start), far.min(end));
            if b > a {
                let at = |l: f64| piece.proximal.towards(piece.distal, (l - near) / piece.length).diameter;
                integral += (b - a) * (at(a) + at(b)) / 2.0;
            }
        }
        integral / (end - start)
    }

    /// Distance along the cable from the origin to `fraction` of `section`, µm.
    pub fn path_distance_um(&self, section: SectionId, fraction: f64) -> f64 {
        let line = self.line(section);
        let (anchor, distance) = line.anchor;
        distance + (fraction.clamp(0.0, 1.0) - anchor).abs() * line.total.length
    }

    /// Distance along the cable from the start of the root section to `fraction` of `section`, µm.
    pub fn root_distance_um(&self, section: SectionId, fraction: f64) -> f64 {
        let line = self.line(section);
        line.from_root + fraction.clamp(0.0, 1.0) * line.total.length
    }

    /// The stretch of `section` that its segment `nth` (from 0, near to far) is, as fractions of the
    /// section's length. Neighbours meet exactly; a section without length is one stretch.
    pub fn segment_span(&self, section: SectionId, nth: usize) -> (f64, f64) {
        let line = self.line(section);
        let total = line.total.length;
        if total <= 0.0 {
            return (0.0, 1.0);
        }
        let start = |n: usize| match self.pieces[line.first..line.end].get(n) {
            Some(piece) => piece.before.length / total,
            None => 1.0,
        };
        (start(nth), start(nth + 1))
    }

    /// The fraction of `section` nearest to the origin along the cable, and its path distance in µm.
    /// The path distance grows linearly from there to both ends of the section.
    pub fn path_anchor(&self, section: SectionId) -> (f64, f64) {
        self.line(section).anchor
    }

    /// Straight distance from the origin to `fraction` of `section`, µm.
    pub fn euclidean_distance_um(&self, section: SectionId, fraction: f64) -> f64 {
        self.point_at(section, fraction).distance(self.centre)
    }

    /// The pieces of `section` as fractions of its length where the shape changes: 0, the end of
    /// every segment that has a length, up to 1. Between two neighbours the diameter is linear.
    pub fn breakpoints(&self, section: SectionId) -> Vec<f64> {
        let line = self.line(section);
        let mut points = vec![0.0];
        if line.total.length > 0.0 {
            for piece in self.pieces[line.first..line.end].iter().filter(|piece| piece.length > 0.0) {
                points.push((piece.before.length + piece.length) / line.total.length);
            }
        }
        match points.last_mut() {
            Some(last) if *last > 0.0 => *last = 1.0,
            _ => points.push(1.0),
        }
        points
    }

    /// The sections that hang on `section`, in order of their ids.
    pub fn children(&self, section: SectionId) -> &[SectionId] {
        &self.line(section).children
    }

    /// Parent of `section` and the fraction of it where `section` hangs.
    pub fn parent(&self, section: SectionId) -> Option<(SectionId, f64)> {
        self.line(section).parent
    }

    /// Branch order: 0 for the soma, 1 for what hangs on it (or for the root of a cell without soma),
    /// one more after each branch point. A section that merely continues its parent (a change of
    /// type, say) has its parent's order.
    pub fn branch_order(&self, section: SectionId) -> u32 {
        self.line(section).branch_order
    }
}

#[cfg(test)]
mod tests;
