//! A cell's shape as Arbor has it: segments in branches, places as branch and position.

use super::super::layout::{CableSection, Shape};
use crate::morph::Point;
use crate::units::shifted;

/// A segment of Arbor's.
struct Segment {
    parent: Option<usize>,
    near: Point,
    far: Point,
    tag: u32,
    length: f64,
    branch: usize,
    /// Where it begins in its branch, µm.
    from: f64,
}

/// A piece of a section: a segment, and which part of the section's length it is.
struct Piece {
    segment: usize,
    from: f64,
    to: f64,
}

/// A shape in branches.
pub(super) struct Branches {
    segments: Vec<Segment>,
    /// The pieces of each section.
    pieces: Vec<Vec<Piece>>,
    /// Parent and length, µm, of each branch.
    branches: Vec<(Option<usize>, f64)>,
}

impl Branches {
    /// The shape's sections as branches.
    pub(super) fn new(shape: &Shape) -> Branches {
        let mut out = Branches { segments: Vec::new(), pieces: Vec::new(), branches: Vec::new() };
        for (number, section) in shape.sections.iter().enumerate() {
            // Places inside it where others are attached.
            let mut cuts: Vec<f64> = shape
                .sections
                .iter()
                .filter_map(|other| other.parent)
                .filter(|(parent, at)| *parent == number && *at > 0.0 && *at < 1.0)
                .map(|(_, at)| at)
                .collect();
            cuts.sort_by(f64::total_cmp);
            cuts.dedup();
            let parent = out.end(shape, section);
            out.add(section, &cuts, parent);
        }
        out.divide();
        out
    }

    /// The segment at whose end a section is attached; none at the root.
    fn end(&self, shape: &Shape, section: &CableSection) -> Option<usize> {
        let (mut parent, mut at) = section.parent?;
        // At the beginning of a section: where that is attached itself.
        while at <= 0.0 {
            (parent, at) = shape.sections.get(parent)?.parent?;
        }
        let pieces = self.pieces.get(parent)?;
        let near = |piece: &&Piece| (piece.to - at).abs() < 1e-9;
        pieces.iter().find(near).or(pieces.last()).map(|piece| piece.segment)
    }

    fn add(&mut self, section: &CableSection, cuts: &[f64], parent: Option<usize>) {
        let total: f64 = section.points.windows(2).map(|pair| pair[0].distance(pair[1])).sum();
        let (mut pieces, mut done, mut parent) = (Vec::new(), 0.0, parent);
        for pair in section.points.windows(2) {
            let length = pair[0].distance(pair[1]);
            // Two points at one place are a ring, which segments need none of: each has both its ends.
            if length <= 0.0 {
                continue;
            }
            let inside =
                cuts.iter().map(|cut| (cut * total - done) / length).filter(|f| *f > 1e-9 && *f < 1.0 - 1e-9);
            let mut stops: Vec<f64> = inside.collect();
            stops.push(1.0);
            let mut before = 0.0;
            for stop in stops {
                let end = |f: f64| match f {
                    0.0 => pair[0],
                    1.0 => pair[1],
                    f => pair[0].towards(pair[1], f),
                };
                self.segments.push(Segment {
                    parent,
                    near: end(before),
                    far: end(stop),
                    tag: section.kind.swc(),
                    length: (stop - before) * length,
                    branch: 0,
                    from: 0.0,
                });
                parent = Some(self.segments.len() - 1);
                pieces.push(Piece {
                    segment: self.segments.len() - 1,
                    from: (done + before * length) / total,
                    to: (done + stop * length) / total,
                });
                before = stop;
            }
            done += length;
        }
        self.pieces.push(pieces);
    }

    /// Branches as Arbor counts them: a new one at the root and after each fork, in the order of segments.
    fn divide(&mut self) {
        let mut children = vec![0_usize; self.segments.len()];
        self.segments.iter().filter_map(|s| s.parent).for_each(|parent| children[parent] += 1);
        for k in 0..self.segments.len() {
            let parent = self.segments[k].parent;
            let goes_on = parent.filter(|parent| children[*parent] == 1);
            let branch = match goes_on {
                Some(parent) => self.segments[parent].branch,
                None => {
                    self.branches.push((parent.map(|parent| self.segments[parent].branch), 0.0));
                    self.branches.len() - 1
                }
            };
            self.segments[k].branch = branch;
            self.segments[k].from = self.branches[branch].1;
            self.branches[branch].1 += self.segments[k].length;
        }
    }

    fn position(&self, piece: &Piece, fraction: f64) -> f64 {
        let segment = &self.segments[piece.segment];
        let within = (fraction - piece.from) / (piece.to - piece.from);
        let length = self.branches[segment.branch].1;
        // Ends are ends.
        let last = (segment.from + segment.length - length).abs() < 1e-9 * length;
        match within {
            w if w <= 1e-12 && segment.from == 0.0 => 0.0,
            w if w >= 1.0 - 1e-12 && last => 1.0,
            w => ((segment.from + w * segment.length) / length).clamp(0.0, 1.0),
        }
    }

    /// `(location BRANCH POSITION)`.
    pub(super) fn location(&self, section: usize, fraction: f64) -> String {
        let Some(pieces) = self.pieces.get(section) else { return "(root)".to_string() };
        let found = pieces.iter().find(|piece| fraction <= piece.to + 1e-12).or(pieces.last());
        let Some(piece) = found else { return "(root)".to_string() };
        let branch = self.segments[piece.segment].branch;
        format!("(location {branch} {})", number(self.position(piece, fraction)))
    }

    /// The stretch of a section as cables.
    pub(super) fn cables(&self, section: usize, from: f64, to: f64) -> Vec<String> {
        let mut spans: Vec<(usize, f64, f64)> = Vec::new();
        for piece in self.pieces.get(section).map_or(&[][..], Vec::as_slice) {
            let (begin, end) = (piece.from.max(from), piece.to.min(to));
            if end - begin <= 1e-12 {
                continue;
            }
            let branch = self.segments[piece.segment].branch;
            let (p, q) = (self.position(piece, begin), self.position(piece, end));
            match spans.last_mut() {
                Some(last) if last.0 == branch => last.2 = q,
                _ => spans.push((branch, p, q)),
            }
        }
        spans.iter().map(|(b, p, q)| format!("(cable {b} {} {})", number(*p), number(*q))).collect()
    }

    /// Where compartments end.
    pub(super) fn boundaries(&self, shape: &Shape) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        let mut push = |place: String| {
            if !out.contains(&place) {
                out.push(place);
            }
        };
        for (number, section) in shape.sections.iter().enumerate() {
            let n = section.cvs.len();
            if let (Some(first), Some(last)) = (self.pieces[number].first(), self.pieces[number].last()) {
                let begin = self.segments[first.segment].branch;
                push(format!("(location {begin} {})", number_of(self.position(first, 0.0))));
                let end = self.segments[last.segment].branch;
                push(format!("(location {end} {})", number_of(self.position(last, 1.0))));
            }
            for k in 1..n {
                push(self.location(number, k as f64 / n as f64));
            }
        }
        out
    }

    /// The text of the branches.
    pub(super) fn text(&self) -> Vec<String> {
        let point = |p: &Point| {
            let [x, y, z, r] = [p.x, p.y, p.z, p.diameter / 2.0].map(|x| shifted(x, 0));
            format!("(point {x} {y} {z} {r})")
        };
        let mut lines = Vec::new();
        for (number, (parent, _)) in self.branches.iter().enumerate() {
            let parent = parent.map_or("-1".to_string(), |parent| parent.to_string());
            lines.push(format!("(branch {number} {parent}"));
            for (k, s) in self.segments.iter().enumerate().filter(|(_, s)| s.branch == number) {
                lines.push(format!("  (segment {k} {} {} {})", point(&s.near), point(&s.far), s.tag));
            }
            if let Some(last) = lines.last_mut() {
                last.push(')');
            }
        }
        lines
    }
}

fn number_of(x: f64) -> String {
    number(x)
}

/// A position, without the last bits of its division.
fn number(x: f64) -> String {
    shifted((x * 1e12).round() / 1e12, 0)
}

/// Several regions or places as one.
pub(super) fn joined(all: &[String]) -> String {
    match all {
        [one] => one.clone(),
        _ => format!("(join {})", all.join(" ")),
    }
}
