//! Regions on a cell.

use super::explain::{nothing, unknown_name, unknown_segment};
use super::{Cable, Cover, Kind, Location, Region, Span, measure, points};
use crate::error::{Error, ErrorKind, Result};
use crate::morph::{SectionId, SegmentId};

impl Region {
    /// The stretches of cable that it is on the cell `cable`.
    ///
    /// # Errors
    /// If it names what the cell does not have (kind [`ErrorKind::Name`]), or comes out empty (kind
    /// [`ErrorKind::Selection`]; the message says what there is).
    pub fn evaluate(&self, cable: &Cable<'_>) -> Result<Cover> {
        let cover = cover(self, *cable)?;
        if cover.is_empty() { Err(nothing(self, *cable)) } else { Ok(cover) }
    }
}

/// The stretches that `region` is made of, which may be none.
pub(super) fn cover(region: &Region, cable: Cable<'_>) -> Result<Cover> {
    match region {
        Region::All => Ok(Cover::of_sections(cable.morphology.section_ids())),
        Region::Kind(kind) => Ok(of_kind(*kind, cable)),
        Region::Named(name) => by_name(name, cable),
        Region::Section(name) => match section_named(cable, name) {
            Some(section) => Ok(Cover::of_sections([section])),
            None => Err(unknown_name("section", name, cable)),
        },
        Region::Group(name) => match cable.morphology.groups.get(name) {
            Some(members) => Ok(Cover::new(segments(cable, members))),
            None => Err(unknown_name("group", name, cable)),
        },
        Region::Segment(id) => match cable.morphology.segments.iter().position(|s| s.file_id == *id) {
            Some(index) => Ok(segment(cable, index)),
            None => Err(unknown_segment(*id, cable)),
        },
        Region::SegmentNamed(name) => {
            let named = |s: &crate::morph::Segment| s.name.as_ref() == Some(name);
            match cable.morphology.segments.iter().position(named) {
                Some(index) => Ok(segment(cable, index)),
                None => Err(unknown_name("segment", name, cable)),
            }
        }
        Region::Within(measure, interval) => {
            let sections = cable.morphology.section_ids();
            Ok(Cover::new(sections.flat_map(|id| measure::within(cable, id, *measure, interval)).collect()))
        }
        Region::DistalTo(points) => Ok(Cover::new(
            points::fixed(points, cable)?.into_iter().flat_map(|p| distal_to(cable, p)).collect(),
        )),
        Region::ProximalTo(points) => Ok(Cover::new(
            points::fixed(points, cable)?.into_iter().flat_map(|p| proximal_to(cable, p)).collect(),
        )),
        Region::LongestPath(region) => {
            let inside = region.evaluate(&cable)?;
            let path = farthest(cable, &inside).map(|end| Cover::new(proximal_to(cable, end)));
            Ok(path.unwrap_or_default().intersection(&inside))
        }
        Region::Union(parts) => {
            let mut spans = Vec::new();
            for part in parts {
                spans.extend_from_slice(cover(part, cable)?.spans());
            }
            Ok(Cover::new(spans))
        }
        Region::Intersection(parts) => {
            let mut parts = parts.iter();
            let Some(first) = parts.next() else { return Ok(Cover::default()) };
            parts.try_fold(cover(first, cable)?, |left, part| Ok(left.intersection(&cover(part, cable)?)))
        }
        Region::Difference(a, b) => Ok(cover(a, cable)?.difference(&cover(b, cable)?)),
    }
}

/// What is of `kind`; where nothing is, the group or section with the kind's word as its name.
fn of_kind(kind: Kind, cable: Cable<'_>) -> Cover {
    let sections = cable.morphology.section_ids();
    let of_kind = Cover::of_sections(sections.filter(|id| kind.includes(cable.morphology.section(*id).kind)));
    if !of_kind.is_empty() {
        return of_kind;
    }
    let word = Kind::WORDS.iter().find(|(_, k)| *k == kind).map(|(word, _)| *word);
    word.and_then(|word| named(word, cable)).unwrap_or_default()
}

/// The group of that name, else the section, else the sections that are numbered under it.
fn named(name: &str, cable: Cable<'_>) -> Option<Cover> {
    if let Some(members) = cable.morphology.groups.get(name) {
        return Some(Cover::new(segments(cable, members)));
    }
    if let Some(section) = section_named(cable, name) {
        return Some(Cover::of_sections([section]));
    }
    let numbered = |id: &SectionId| {
        let rest = cable.morphology.section(*id).name.strip_prefix(name);
        let inner = rest.and_then(|rest| rest.strip_prefix('[')?.strip_suffix(']'));
        inner.is_some_and(|inner| !inner.is_empty() && inner.bytes().all(|b| b.is_ascii_digit()))
    };
    let cover = Cover::of_sections(cable.morphology.section_ids().filter(numbered));
    (!cover.is_empty()).then_some(cover)
}

fn by_name(name: &str, cable: Cable<'_>) -> Result<Cover> {
    if let Some(cover) = named(name, cable) {
        return Ok(cover);
    }
    // A built-in word in quotes.
    if let Some((_, kind)) = Kind::WORDS.iter().find(|(word, _)| *word == name) {
        return Ok(of_kind(*kind, cable));
    }
    match name {
        "all" => cover(&Region::All, cable),
        _ => Err(unknown_name("section, group or region", name, cable)),
    }
}

fn section_named(cable: Cable<'_>, name: &str) -> Option<SectionId> {
    cable.morphology.section_ids().find(|id| cable.morphology.section(*id).name == name)
}

/// The stretch of its section that the segment at `index` is.
fn segment(cable: Cable<'_>, index: usize) -> Cover {
    Cover::new(segments(cable, &[SegmentId(index as u32)]))
}

/// The stretches that `members`, ascending, are.
fn segments(cable: Cable<'_>, members: &[SegmentId]) -> Vec<Span> {
    let stretch = |id: &SegmentId| {
        let section = cable.morphology.segments.get(id.index())?.section;
        let first = cable.morphology.section(section).segments.start as usize;
        let (from, to) = cable.geometry.segment_span(section, id.index() - first);
        Some(Span { section, from, to })
    };
    members.iter().filter_map(stretch).collect()
}

/// The rest of the section beyond `point`, and all that hangs on it.
fn distal_to(cable: Cable<'_>, point: Location) -> Vec<Span> {
    let mut spans = vec![Span { section: point.section, from: point.fraction, to: 1.0 }];
    let mut open = vec![point];
    while let Some(Location { section, fraction }) = open.pop() {
        for &child in cable.geometry.children(section) {
            if cable.geometry.parent(child).is_some_and(|(_, on)| on >= fraction) {
                spans.push(Span::whole(child));
                open.push(Location { section: child, fraction: 0.0 });
            }
        }
    }
    spans
}

/// The path from the root to `point`.
fn proximal_to(cable: Cable<'_>, point: Location) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut at = Some((point.section, point.fraction));
    while let Some((section, to)) = at {
        spans.push(Span { section, from: 0.0, to });
        at = cable.geometry.parent(section);
    }
    spans
}

/// The place of `cover` with the greatest path distance; the first of equal ones.
fn farthest(cable: Cable<'_>, cover: &Cover) -> Option<Location> {
    let mut best: Option<(f64, Location)> = None;
    for span in cover.spans() {
        for fraction in [span.from, span.to] {
            let distance = cable.geometry.path_distance_um(span.section, fraction);
            if best.is_none_or(|(most, _)| distance > most) {
                best = Some((distance, Location { section: span.section, fraction }));
            }
        }
    }
    best.map(|(_, location)| location)
}

/// The error of points that depend on chance where a region must be fixed.
pub(super) fn random_bound() -> Error {
    Error::new(ErrorKind::Selection, "random points cannot bound a region")
}
