//! From sections to an SWC file.
//!
//! What SWC cannot say is said as nearly as it can, with a warning: SWC has no gaps within neurites
//! (`gap-became-cable`), no jumps of diameter (`diameter-jump`), and a neurite hangs on the start, the
//! middle or the end of a soma (`fraction-moved`). A cell that was read from SWC comes out with the same
//! sections and points.

use crate::error::{Error, Place, Result, Warning};
use crate::morph::tree::{Morphology, Point, SectionId, SectionKind};
use std::fmt::Write;
use std::path::Path;

/// Fractions closer than this are one place.
const SAME: f64 = 1e-9;

/// Writes `morphology` as an SWC file at `path`; returns what SWC could not say.
///
/// # Errors
/// When the file cannot be written.
pub fn write(morphology: &Morphology, path: impl AsRef<Path>) -> Result<Vec<Warning>> {
    let path = path.as_ref();
    let (text, warnings) = to_text(morphology);
    std::fs::write(path, text).map_err(|error| Error::io(path, "write the morphology", &error))?;
    Ok(warnings)
}

/// `morphology` as the text of an SWC file, and what SWC could not say.
pub fn to_text(morphology: &Morphology) -> (String, Vec<Warning>) {
    let mut hung = vec![Vec::new(); morphology.sections.len()];
    for (on, at) in morphology.sections.iter().filter_map(|section| section.parent) {
        hung[on.index()].push(at);
    }
    let mut writer =
        Writer { morphology, hung, samples: Vec::new(), places: Vec::new(), warnings: Vec::new() };
    for id in morphology.section_ids() {
        writer.section(id);
    }
    let name: String = morphology.name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut text = format!("# {name}\n# written by neuropil; lengths in µm\n# id type x y z radius parent\n");
    for (index, (code, point, parent)) in writer.samples.iter().enumerate() {
        let parent = parent.map_or_else(|| "-1".into(), |parent| (parent + 1).to_string());
        let Point { x, y, z, diameter } = point;
        let radius = diameter / 2.0;
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{} {code} {x} {y} {z} {radius} {parent}", index + 1);
    }
    (text, writer.warnings)
}

struct Writer<'a> {
    morphology: &'a Morphology,
    /// For each section, the fractions at which others hang on it.
    hung: Vec<Vec<f64>>,
    /// Type, point, index of the parent.
    samples: Vec<(u32, Point, Option<usize>)>,
    /// For each section written: fractions of its length and the samples there, rising.
    places: Vec<Vec<(f64, usize)>>,
    warnings: Vec<Warning>,
}

impl Writer<'_> {
    fn warn(&mut self, name: &'static str, id: SectionId, what: &str) {
        let message = format!("section {}: {what}", self.morphology.section(id).name);
        self.warnings.push(Warning::new(name, message, Place::default()));
    }

    fn section(&mut self, id: SectionId) {
        let section = self.morphology.section(id);
        let code = section.kind.swc();
        if section.parent.is_none() && self.is_sphere(id) {
            self.sphere(id, code);
            return;
        }
        let points = self.points(id);
        let (start, skip) = match section.parent {
            None => (None, false),
            Some((on, fraction)) => {
                let sample = self.sample_at(on, fraction);
                (Some(sample), self.starts_at(id, on, sample, &points))
            }
        };
        let mut places = Vec::with_capacity(points.len());
        let mut last = start;
        for (index, (fraction, point)) in points.into_iter().enumerate() {
            match last {
                Some(sample) if index == 0 && skip => places.push((fraction, sample)),
                _ => {
                    self.samples.push((code, point, last));
                    last = Some(self.samples.len() - 1);
                    places.push((fraction, self.samples.len() - 1));
                }
            }
        }
        self.places.push(places);
    }

    /// Whether the first point of section `id` is said by `sample` of its parent already.
    fn starts_at(&mut self, id: SectionId, on: SectionId, sample: usize, points: &[(f64, Point)]) -> bool {
        let parent = self.samples[sample].1;
        let (first, second) = (points[0].1, points[1].1);
        let at_sample = first.distance(parent) == 0.0;
        let soma = |id: SectionId| self.morphology.section(id).kind == SectionKind::Soma;
        if soma(on) && !soma(id) {
            // The reader gives the link from a soma the diameter of the neurite's first sample.
            let fraction = self.morphology.section(id).parent.map_or(0.5, |(_, fraction)| fraction);
            let end = fraction <= SAME || fraction >= 1.0 - SAME;
            let bare = self.places[on.index()].len() == 1 || !end;
            if at_sample && first.diameter == second.diameter && !bare {
                return true;
            }
            if !bare && !at_sample {
                self.warn("gap-became-cable", id, "the gap to the soma is written as cable");
            }
            return false;
        }
        if at_sample && first.diameter == parent.diameter {
            return true;
        }
        if at_sample {
            self.warn("diameter-jump", id, "it starts with another diameter than its parent has there");
        } else {
            self.warn("gap-became-cable", id, "the gap to its parent is written as cable");
        }
        false
    }

    /// The sample of section `on` at `fraction`.
    fn sample_at(&self, on: SectionId, fraction: f64) -> usize {
        let places = &self.places[on.index()];
        let soma = self.morphology.section(on).kind == SectionKind::Soma;
        let inside = fraction > SAME && fraction < 1.0 - SAME;
        let fraction = if soma && inside { 0.5 } else { fraction };
        let gap = |place: &&(f64, usize)| (place.0 - fraction).abs();
        places.iter().min_by(|a, b| gap(a).total_cmp(&gap(b))).map_or(0, |place| place.1)
    }

    /// The points of section `id` with their fractions of its length, with one added wherever a child
    /// hangs between two.
    fn points(&mut self, id: SectionId) -> Vec<(f64, Point)> {
        let segments = self.morphology.segments_of(id);
        let total: f64 = segments.iter().map(|segment| segment.length()).sum();
        let fraction = |length: f64| if total > 0.0 { length / total } else { 0.0 };
        let mut points = vec![(0.0, segments[0].proximal)];
        let (mut length, mut jump) = (0.0, false);
        for segment in segments {
            let last = points[points.len() - 1].1;
            if segment.proximal != last {
                jump = true;
                points.push((fraction(length), segment.proximal));
            }
            length += segment.length();
            points.push((fraction(length), segment.distal));
        }
        if jump {
            self.warn("diameter-jump", id, "its segments do not join; rings or gaps are written as cable");
        }
        let soma = self.morphology.section(id).kind == SectionKind::Soma;
        let mut moved = false;
        for at in self.hung[id.index()].iter().copied().filter(|at| *at > SAME && *at < 1.0 - SAME) {
            moved |= soma && (at - 0.5).abs() > SAME;
            let at = if soma { 0.5 } else { at };
            let after = points.partition_point(|point| point.0 < at);
            let (a, b) = (points[after.max(1) - 1], points[after.clamp(1, points.len() - 1)]);
            if (a.0 - at).abs() > SAME && (b.0 - at).abs() > SAME && b.0 > a.0 {
                points.insert(after, (at, a.1.towards(b.1, (at - a.0) / (b.0 - a.0))));
            }
        }
        if moved {
            self.warn(
                "fraction-moved",
                id,
                "what hangs between its ends is written as hanging on its middle",
            );
        }
        points
    }

    /// Whether section `id` is a soma that SWC can draw as a sphere: as long as wide, and nothing hangs
    /// on its ends.
    fn is_sphere(&self, id: SectionId) -> bool {
        let [body] = self.morphology.segments_of(id) else { return false };
        let (near, far) = (body.proximal.diameter, body.distal.diameter);
        let end = |at: &f64| *at <= SAME || *at >= 1.0 - SAME;
        self.morphology.section(id).kind == SectionKind::Soma
            && near == far
            && (body.length() - near).abs() <= 1e-12 * near
            && !self.hung[id.index()].iter().any(end)
    }

    /// One sample for a sphere drawn along x, three for any other direction.
    fn sphere(&mut self, id: SectionId, code: u32) {
        let body = &self.morphology.segments_of(id)[0];
        let (near, far) = (body.proximal, body.distal);
        let centre = near.towards(far, 0.5);
        self.samples.push((code, centre, None));
        let along_x = near.y == far.y && near.z == far.z && far.x > near.x;
        if !along_x {
            self.samples.push((code, near, Some(0)));
            self.samples.push((code, far, Some(0)));
        }
        self.places.push(vec![(0.5, 0)]);
    }
}
