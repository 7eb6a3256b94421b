//! Points on a cell.

use super::explain::{inventory, no_points, range};
use super::region::{cover, random_bound};
use super::{Cable, Cover, Draw, Field, Location, Measure, Points, Region, Span, measure};
use crate::error::{Error, ErrorKind, Result};
use crate::morph::{Point, SectionKind};
use crate::rng::{Purpose, Stream};
use crate::units::Dimension;

/// Most points that one selection may give.
const MAX_POINTS: f64 = 1e7;

/// Numbers between two random choices of one selection.
const STRIDE: u64 = 1 << 40;

impl Points {
    /// The points on the cell `cable`, in the order that the text implies: operands of `|` one after
    /// the other, along sections within one. Random choices depend on `draw` alone.
    ///
    /// # Errors
    /// If a name is unknown, if a region where one point is wanted has several sections, if nothing
    /// is selected (the message says what there is), if there are more than ten million.
    pub fn evaluate(&self, cable: &Cable<'_>, draw: &Draw) -> Result<Vec<Location>> {
        let found = Evaluation { cable: *cable, draw: Some(*draw), choices: 0 }.points(self)?;
        if found.is_empty() { Err(no_points(self, &reason(self, *cable))) } else { Ok(found) }
    }

    /// The one point that it selects.
    ///
    /// # Errors
    /// As [`Points::evaluate`], and if there are several.
    pub fn evaluate_one(&self, cable: &Cable<'_>, draw: &Draw) -> Result<Location> {
        match self.evaluate(cable, draw)?.as_slice() {
            [one] => Ok(*one),
            several => Err(Error::new(
                ErrorKind::Selection,
                format!("`{self}` selects {} points, and one is needed", several.len()),
            )),
        }
    }
}

/// Points that do not depend on chance, for regions that are bounded by them.
pub(super) fn fixed(points: &Points, cable: Cable<'_>) -> Result<Vec<Location>> {
    let found = Evaluation { cable, draw: None, choices: 0 }.points(points)?;
    if found.is_empty() { Err(no_points(points, &reason(points, cable))) } else { Ok(found) }
}

/// Why `points` are none, where no more precise error was met on the way.
fn reason(points: &Points, cable: Cable<'_>) -> String {
    match points {
        Points::At(region, fraction) => {
            format!("no section has its point at {fraction} within `{region}`")
        }
        Points::Tips(_) => format!("no neurite ends there; this cell has {}", inventory(cable)),
        Points::BranchPoints(_) => format!("no neurite branches there; this cell has {}", inventory(cable)),
        Points::ByDensity(_) => {
            "the density is too low for the length: fewer than one is expected".to_string()
        }
        Points::Every(region, step) => {
            let length = cover(region, cable).map_or(0.0, |cover| cover.length_um(cable.geometry));
            format!("`{region}` is {:.3} um long, less than half of {step} um", length)
        }
        Points::Within(_, region) => format!("none of them is in `{region}`"),
        Points::Outside(_, region) => format!("all of them are in `{region}`"),
        _ => "it is empty".to_string(),
    }
}

struct Evaluation<'a> {
    cable: Cable<'a>,
    draw: Option<Draw>,
    /// Random choices made so far in this selection: each draws from its own stretch of the stream.
    choices: u64,
}

impl Evaluation<'_> {
    /// The stream of the next random choice, and the index at which its numbers begin.
    fn stream(&mut self) -> Result<(Stream, u64)> {
        let Draw { seed, cell, use_id } = self.draw.ok_or_else(random_bound)?;
        let start = self.choices.wrapping_mul(STRIDE);
        self.choices += 1;
        let mut stream = Stream::new(seed, Purpose::Location, [cell, use_id]);
        // Positions count 32-bit words, indices 64-bit ones.
        stream.seek(start.wrapping_mul(2));
        Ok((stream, start))
    }

    fn points(&mut self, points: &Points) -> Result<Vec<Location>> {
        let cable = self.cable;
        match points {
            Points::At(region, fraction) => {
                let cover = region.evaluate(&cable)?;
                let at =
                    cover.sections().into_iter().map(|section| Location { section, fraction: *fraction });
                Ok(at.filter(|location| cover.contains(*location)).collect())
            }
            Points::Middle(region) => Ok(vec![middle(region, cable)?]),
            Points::Root => {
                let first = cable.morphology.section_ids().next();
                Ok(first.map(|section| Location { section, fraction: 0.0 }).into_iter().collect())
            }
            Points::Tips(region) => kept(tips(cable), region.as_ref(), cable),
            Points::BranchPoints(region) => kept(branch_points(cable), region.as_ref(), cable),
            Points::Centre(region) => Ok(centre(&region.evaluate(&cable)?, cable).into_iter().collect()),
            Points::AtDistances(region, distances) => at_distances(points, region, distances, cable),
            Points::RandomSections(region, n) => {
                let cover = region.evaluate(&cable)?;
                let sections = cover.sections();
                if sections.len() < *n as usize {
                    let one = if sections.len() == 1 { "section" } else { "sections" };
                    return Err(no_points(points, &format!("`{region}` has {} {one}", sections.len())));
                }
                let (mut stream, _) = self.stream()?;
                let chosen = stream.choose(sections.len() as u64, u64::from(*n));
                let parts = chosen.into_iter().filter_map(|i| longest(cover.on(sections[i as usize])));
                Ok(parts.map(|span| span.middle()).collect())
            }
            Points::RandomPoints(region, n) => {
                let cover = region.evaluate(&cable)?;
                checked_count(points, f64::from(*n))?;
                let total = cover.length_um(cable.geometry);
                let (stream, start) = self.stream()?;
                let at =
                    |k: u32| cover.at_length(cable.geometry, total * stream.uniform_at(start + u64::from(k)));
                Ok((0..*n).filter_map(at).collect())
            }
            Points::ByDensity(field) => self.by_density(points, field),
            Points::Every(region, step) => {
                let cover = region.evaluate(&cable)?;
                let count = (cover.length_um(cable.geometry) / step + 0.5).floor();
                checked_count(points, count)?;
                let at = |k: u64| cover.at_length(cable.geometry, (k as f64 + 0.5) * step);
                Ok((0..count as u64).filter_map(at).collect())
            }
            Points::Union(parts) => {
                let mut all = Vec::new();
                for part in parts {
                    all.extend(self.points(part)?);
                    checked_count(points, all.len() as f64)?;
                }
                Ok(all)
            }
            Points::Within(inner, region) => {
                let cover = region.evaluate(&cable)?;
                let found = self.points(inner)?;
                Ok(found.into_iter().filter(|location| cover.contains(*location)).collect())
            }
            Points::Outside(inner, region) => {
                let cover = cover(region, cable)?;
                let found = self.points(inner)?;
                Ok(found.into_iter().filter(|location| !cover.contains(*location)).collect())
            }
        }
    }

    /// Stratified: the expected number is summed along the cable, and each whole one of it gets a
    /// point at a random place within. The last, incomplete one gets its point with the probability
    /// that is left, so the expected count is the integral of the density exactly.
    fn by_density(&mut self, points: &Points, field: &Field) -> Result<Vec<Location>> {
        field.expect(Dimension::PER_LENGTH)?;
        let on_cell = field.on(&self.cable)?;
        let (stream, start) = self.stream()?;
        let mut found = Vec::new();
        let mut expected = 0.0;
        let mut next = stream.uniform_at(start);
        on_cell.each_step(&mut |span: Span, density: f64| {
            if density < 0.0 {
                let text = format!("the density of `{points}` is negative: {} /um", density * 1e-6);
                return Err(Error::new(ErrorKind::Value, text));
            }
            let before = expected;
            expected += density * 1e-6 * span.length_um(self.cable.geometry);
            checked_count(points, expected)?;
            while next < expected {
                let t = ((next - before) / (expected - before)).clamp(0.0, 1.0);
                found.push(Location {
                    section: span.section,
                    fraction: (span.from + (span.to - span.from) * t).min(span.to),
                });
                let stratum = found.len() as u64;
                next = stratum as f64 + stream.uniform_at(start.wrapping_add(stratum));
            }
            Ok(())
        })?;
        Ok(found)
    }
}

fn checked_count(points: &Points, count: f64) -> Result<()> {
    if count <= MAX_POINTS {
        return Ok(());
    }
    let text = format!("`{points}` gives {count:.0} points, more than {MAX_POINTS:.0}");
    Err(Error::new(ErrorKind::Limit, text))
}

/// Those of `found` that lie in `region`, if one is given.
fn kept(found: Vec<Location>, region: Option<&Region>, cable: Cable<'_>) -> Result<Vec<Location>> {
    let Some(region) = region else { return Ok(found) };
    let cover = region.evaluate(&cable)?;
    Ok(found.into_iter().filter(|location| cover.contains(*location)).collect())
}

/// The middle of a region of one section; of a soma of several, where distances start.
fn middle(region: &Region, cable: Cable<'_>) -> Result<Location> {
    let cover = region.evaluate(&cable)?;
    if let [span] = cover.spans() {
        return Ok(span.middle());
    }
    let sections = cover.sections();
    let soma = sections.iter().all(|id| cable.morphology.section(*id).kind == SectionKind::Soma);
    if sections.len() == 1 || soma {
        let origin = cable.geometry.origin().map(|(section, fraction)| Location { section, fraction });
        let origin = origin.filter(|origin| soma && cover.contains(*origin));
        if let Some(location) = origin.or_else(|| centre(&cover, cable)) {
            return Ok(location);
        }
    }
    let text = format!("`{region}` has {} sections, and a point is needed", sections.len());
    Err(Error::new(ErrorKind::Selection, text).help(format!(
        "say which: a section as in `{}(0.5)`, `centre({region})`, `random_section({region})`, `tips({region})`",
        sections.first().map_or("dend[0]", |id| cable.morphology.section(*id).name.as_str())
    )))
}

/// The far ends of all sections that nothing continues, but for the soma's.
fn tips(cable: Cable<'_>) -> Vec<Location> {
    let continued = |section| {
        let children = cable.geometry.children(section).iter();
        children.filter_map(|&child| cable.geometry.parent(child)).any(|(_, on)| on >= 1.0)
    };
    let sections = cable.morphology.section_ids();
    sections
        .filter(|id| cable.morphology.section(*id).kind != SectionKind::Soma && !continued(*id))
        .map(|section| Location { section, fraction: 1.0 })
        .collect()
}

/// A section's start is its place on the parent.
fn on_parent(cable: Cable<'_>, mut location: Location) -> Location {
    while location.fraction <= 0.0
        && let Some((section, fraction)) = cable.geometry.parent(location.section)
    {
        location = Location { section, fraction };
    }
    location
}

/// Where two or more stretches go on, but for those on the soma.
fn branch_points(cable: Cable<'_>) -> Vec<Location> {
    let mut joints: Vec<Location> = cable
        .morphology
        .section_ids()
        .filter_map(|id| cable.geometry.parent(id))
        .map(|(section, fraction)| on_parent(cable, Location { section, fraction }))
        .filter(|joint| cable.morphology.section(joint.section).kind != SectionKind::Soma)
        .collect();
    joints.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    let runs = joints.chunk_by(|a, b| a == b);
    // Before its end the section itself goes on as well.
    runs.filter(|run| run.len() + usize::from(run[0].fraction < 1.0) >= 2).map(|run| run[0]).collect()
}

/// The longest of `spans`, the first of equal ones. They are on one section, so fractions compare.
fn longest(spans: &[Span]) -> Option<Span> {
    spans
        .iter()
        .copied()
        .reduce(|best, span| if span.to - span.from > best.to - best.from { span } else { best })
}

/// The middle of a single stretch; of several, the place nearest to their centre of mass.
fn centre(cover: &Cover, cable: Cable<'_>) -> Option<Location> {
    if let [span] = cover.spans() {
        return Some(span.middle());
    }
    let mut straight: Vec<(Span, Point, Point)> = Vec::new();
    for span in cover.spans() {
        for piece in measure::pieces(cable, span.section) {
            let part =
                Span { section: span.section, from: piece.from.max(span.from), to: piece.to.min(span.to) };
            if part.from < part.to {
                straight.push((part, piece.point(part.from), piece.point(part.to)));
            }
        }
    }
    let mut sum = [0.0; 4];
    for (_, a, b) in &straight {
        let length = a.distance(*b);
        let mid = a.towards(*b, 0.5);
        for (total, x) in sum.iter_mut().zip([mid.x, mid.y, mid.z, 1.0]) {
            *total += length * x;
        }
    }
    if sum[3] <= 0.0 {
        return cover.spans().first().map(Span::middle);
    }
    let mass = Point::new(sum[0] / sum[3], sum[1] / sum[3], sum[2] / sum[3], 0.0);
    let mut best: Option<(f64, Location)> = None;
    for (part, a, b) in &straight {
        let u = [b.x - a.x, b.y - a.y, b.z - a.z];
        let along = u[0] * (mass.x - a.x) + u[1] * (mass.y - a.y) + u[2] * (mass.z - a.z);
        let length2 = u[0] * u[0] + u[1] * u[1] + u[2] * u[2];
        let t = if length2 > 0.0 { (along / length2).clamp(0.0, 1.0) } else { 0.5 };
        let distance = a.towards(*b, t).distance(mass);
        if best.is_none_or(|(least, _)| distance < least) {
            let fraction = part.from + (part.to - part.from) * t;
            best = Some((distance, Location { section: part.section, fraction }));
        }
    }
    best.map(|(_, location)| location)
}

/// All places of `region` at each of `distances` along the cable, µm.
fn at_distances(
    points: &Points,
    region: &Region,
    distances: &[f64],
    cable: Cable<'_>,
) -> Result<Vec<Location>> {
    let cover = region.evaluate(&cable)?;
    let mut found = Vec::new();
    for &distance in distances {
        let before = found.len();
        for span in cover.spans() {
            let section = span.section;
            let (anchor, least) = cable.geometry.path_anchor(section);
            let length = cable.geometry.section_length_um(section);
            let step = if length > 0.0 { (distance - least) / length } else { 0.0 };
            if step < 0.0 || (length <= 0.0 && distance != least) {
                continue;
            }
            let mut sides = vec![anchor - step, anchor + step];
            sides.dedup();
            for fraction in sides.into_iter().filter(|f| span.from <= *f && *f <= span.to) {
                let location = Location { section, fraction };
                let joint = on_parent(cable, location);
                // A branch point is one place, though several sections begin there.
                if joint == location || !cover.contains(joint) {
                    found.push(location);
                }
            }
        }
        if found.len() == before {
            let range = range(region, Measure::PathDistance, cable);
            return Err(no_points(points, &format!("nothing is at {distance} um; on `{region}` {range}")));
        }
    }
    Ok(found)
}
