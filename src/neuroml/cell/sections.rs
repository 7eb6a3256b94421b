//! From segments and groups to sections with their numbers of compartments.
//!
//! A group marked `neuroLexId="sao864921383"` is an unbranched run of segments: one section, cut into
//! as many compartments as its property `numberInternalDivisions` says, else one. A segment in no such
//! group is a section of one compartment by itself.

use std::collections::{BTreeMap, BTreeSet};

use super::groups::{Group, Groups};
use super::report::{Report, some_of};
use super::segments::Segments;
use crate::error::ErrorKind;
use crate::lems::Component;
use crate::model::{Discretisation, Rule};
use crate::morph::{Morphology, Point, Section, SectionId, SectionKind, Segment, SegmentId};
use crate::select::Region;

/// The NeuroLex id of unbranched groups that do not overlap: sections.
const UNBRANCHED: &str = "sao864921383";

/// NeuroLex ids that say what part of a neuron a group is.
const KINDS: [(SectionKind, &[&str]); 3] = [
    (SectionKind::Soma, &["GO:0043025", "sao1044911821"]),
    (SectionKind::Axon, &["GO:0030424", "sao1770195789"]),
    (SectionKind::BasalDendrite, &["GO:0030425", "sao1211023249"]),
];

/// A shape in sections.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) morphology: Morphology,
    pub(super) discretisation: Discretisation,
    /// For each segment of the document its index in the morphology.
    pub(super) places: Vec<SegmentId>,
}

/// A section to be.
struct Run {
    name: String,
    /// Its segments, near to far.
    segments: Vec<usize>,
    /// The number of compartments.
    divisions: u32,
}

/// Gathers `segments` into sections. `None` if anything is wrong, which `report` then says.
pub(super) fn shape(
    cell: &Component,
    segments: &Segments<'_>,
    groups: &Groups<'_>,
    report: &mut Report,
) -> Option<Shape> {
    let before = report.errors.len();
    let mut runs: Vec<Run> = Vec::new();
    let mut run_of: Vec<Option<usize>> = vec![None; segments.list.len()];
    let marked = |group: &&Group<'_>| group.component.text("neuroLexId") == Some(UNBRANCHED);
    let mut next = vec![None; segments.list.len()];
    for group in groups.list.iter().filter(marked) {
        runs.extend(marked_run(group, segments, &mut run_of, &mut next, runs.len(), report));
    }
    add_single_segments(segments, &mut run_of, &mut runs);
    divisions(groups, &mut runs, &run_of, report);
    if report.errors.len() > before {
        return None;
    }
    let kinds = kinds(groups, &runs, &run_of);
    let built = build(cell, segments, groups, &runs, &run_of, &kinds);
    check_lengths(segments, &built, report);
    let shape = Shape { morphology: built.shape, discretisation: rules(&runs), places: built.places };
    (report.errors.len() == before).then_some(shape)
}

/// The section that a group marked as unbranched is. `next` has room for the segment that follows each.
fn marked_run(
    group: &Group<'_>,
    segments: &Segments<'_>,
    run_of: &mut [Option<usize>],
    next: &mut [Option<usize>],
    number: usize,
    report: &mut Report,
) -> Option<Run> {
    let component = group.component;
    let name = component.id.clone().unwrap_or_default();
    if group.members.is_empty() {
        return None;
    }
    if let Some(&taken) = group.members.iter().find(|&&segment| run_of[segment].is_some()) {
        let message = format!(
            "the group is marked as a section, but segment {} belongs to another such group: it is taken as a plain group",
            segments.list[taken].id
        );
        report.warn("overlapping-sections", component, message);
        return None;
    }
    group.members.iter().for_each(|&segment| run_of[segment] = Some(number));
    let here = |segment: usize| run_of[segment] == Some(number);
    // Each segment but the first continues another one of the group at its end.
    group.members.iter().for_each(|&segment| next[segment] = None);
    let mut heads = Vec::new();
    let mut branched = None;
    for &segment in &group.members {
        match segments.list[segment].parent {
            Some((parent, fraction)) if here(parent) => {
                let second = next[parent].replace(segment).is_some();
                if second || fraction < 1.0 {
                    branched.get_or_insert(segment);
                }
            }
            _ => heads.push(segment),
        }
    }
    let wrong = match (heads.get(1), branched) {
        (_, Some(segment)) => Some((segment, "branches")),
        (Some(&segment), None) => Some((segment, "has a gap")),
        _ => None,
    };
    if let Some((segment, what)) = wrong {
        let id = segments.list[segment].id;
        let message = format!(
            "neuroLexId=\"{UNBRANCHED}\" says that the group is unbranched, but it {what} at segment {id}: it is \
             taken as a plain group"
        );
        report.warn("no-section", component, message);
        group.members.iter().for_each(|&segment| run_of[segment] = None);
        return None;
    }
    let mut chain = heads;
    while let Some(segment) = chain.last().and_then(|&last| next[last]) {
        chain.push(segment);
    }
    Some(Run { name, segments: chain, divisions: 1 })
}

/// A section of its own for each segment that has none yet.
fn add_single_segments(segments: &Segments<'_>, run_of: &mut [Option<usize>], runs: &mut Vec<Run>) {
    let mut names: BTreeSet<String> = runs.iter().map(|run| run.name.clone()).collect();
    for (index, segment) in segments.list.iter().enumerate() {
        if run_of[index].is_some() {
            continue;
        }
        let name = segment.name.as_deref().filter(|name| !name.is_empty() && !names.contains(*name));
        let mut name = name.map_or_else(|| format!("segment_{}", segment.id), str::to_string);
        while names.contains(&name) {
            name.push('_');
        }
        names.insert(name.clone());
        run_of[index] = Some(runs.len());
        runs.push(Run { name, segments: vec![index], divisions: 1 });
    }
}

/// Reads `numberInternalDivisions`. It belongs to groups that are one section.
fn divisions(groups: &Groups<'_>, runs: &mut [Run], run_of: &[Option<usize>], report: &mut Report) {
    for group in &groups.list {
        let tags = group.component.tags.iter();
        for (_, value) in tags.filter(|(tag, _)| tag == "numberInternalDivisions") {
            let count = value.trim().parse::<u32>().ok().filter(|n| *n > 0);
            let Some(count) = count else {
                let message = format!("numberInternalDivisions is '{value}'; expected a whole number from 1");
                report.errors.push(group.component.error(ErrorKind::Value, message));
                continue;
            };
            let Some(run) = group.members.first().and_then(|&segment| run_of[segment]) else { continue };
            let is_section = runs[run].segments.len() == group.members.len()
                && group.members.iter().all(|&member| run_of[member] == Some(run));
            if is_section {
                runs[run].divisions = count;
            } else {
                report.warn(
                    "ignored-divisions",
                    group.component,
                    format!(
                        "numberInternalDivisions has no effect: the group is not one section (neuroLexId=\"{UNBRANCHED}\")"
                    ),
                );
            }
        }
    }
}

/// What part of the neuron each section is: by the groups that hold it, else by its name.
fn kinds(groups: &Groups<'_>, runs: &[Run], run_of: &[Option<usize>]) -> Vec<SectionKind> {
    let mut kinds = vec![SectionKind::Undefined; runs.len()];
    for group in &groups.list {
        let lex = group.component.text("neuroLexId").unwrap_or_default();
        let Some((kind, _)) = KINDS.iter().find(|(_, ids)| ids.contains(&lex)) else { continue };
        for run in group.members.iter().filter_map(|&segment| run_of[segment]) {
            kinds[run] = *kind;
        }
    }
    for (kind, run) in kinds.iter_mut().zip(runs) {
        let named = SectionKind::of_name(&run.name);
        let is_finer = *kind == SectionKind::BasalDendrite && named == SectionKind::ApicalDendrite;
        if *kind == SectionKind::Undefined || is_finer {
            *kind = named;
        }
    }
    kinds
}

/// Rules for the sections that have more than one compartment.
fn rules(runs: &[Run]) -> Discretisation {
    let mut by_count: BTreeMap<u32, Vec<Region>> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.divisions > 1) {
        by_count.entry(run.divisions).or_default().push(Region::Section(run.name.clone()));
    }
    let mut rules = vec![(Region::All, Rule::PerSection(1))];
    rules.extend(by_count.into_iter().map(|(n, regions)| (Region::Union(regions), Rule::PerSection(n))));
    Discretisation { rules }
}

/// A morphology, and where each segment of the document is in it.
struct Built {
    shape: Morphology,
    places: Vec<SegmentId>,
}

fn build(
    cell: &Component,
    segments: &Segments<'_>,
    groups: &Groups<'_>,
    runs: &[Run],
    run_of: &[Option<usize>],
    kinds: &[SectionKind],
) -> Built {
    let parent_of = |run: usize| {
        let (parent, fraction) = segments.list[*runs[run].segments.first()?].parent?;
        Some((run_of[parent]?, parent, fraction))
    };
    // Parents before children, else in order of writing.
    let mut children = vec![Vec::new(); runs.len()];
    let mut ready = BTreeSet::new();
    for run in 0..runs.len() {
        match parent_of(run) {
            Some((parent, ..)) => children[parent].push(run),
            None => {
                ready.insert(run);
            }
        }
    }
    let mut shape = Morphology { name: cell.id.clone().unwrap_or_default(), ..Morphology::default() };
    let mut section_of = vec![SectionId(0); runs.len()];
    let mut places = vec![SegmentId(0); segments.list.len()];
    // The stretch of its section that each segment is.
    let mut stretch = vec![(0.0, 1.0); segments.list.len()];
    while let Some(run) = ready.pop_first() {
        let section = SectionId(shape.sections.len() as u32);
        section_of[run] = section;
        let first = shape.segments.len() as u32;
        let is_single = runs[run].segments.len() == 1;
        for &index in &runs[run].segments {
            let written = &segments.list[index];
            let mut distal = written.distal;
            if is_single && written.is_sphere() {
                // A sphere has the area of the cylinder about it.
                distal.y += distal.diameter;
            }
            places[index] = SegmentId(shape.segments.len() as u32);
            shape.segments.push(Segment {
                file_id: written.id,
                name: written.name.clone(),
                proximal: written.proximal,
                distal,
                section,
            });
        }
        let mine = &shape.segments[first as usize..];
        let total: f64 = mine.iter().map(Segment::length).sum();
        let mut before = 0.0;
        for (segment, &index) in mine.iter().zip(&runs[run].segments) {
            let from = before;
            before += segment.length();
            stretch[index] = if total > 0.0 { (from / total, before / total) } else { (0.0, 1.0) };
        }
        if let Some(&last) = runs[run].segments.last() {
            stretch[last].1 = 1.0;
        }
        let parent = parent_of(run).map(|(parent, segment, fraction)| {
            let (from, to) = stretch[segment];
            let on = if fraction >= 1.0 { to } else { from + (to - from) * fraction };
            (section_of[parent], on)
        });
        let segments = first..shape.segments.len() as u32;
        shape.sections.push(Section { name: runs[run].name.clone(), kind: kinds[run], segments, parent });
        ready.extend(children[run].iter().copied());
    }
    for group in &groups.list {
        let mut members: Vec<SegmentId> = group.members.iter().map(|&index| places[index]).collect();
        members.sort_unstable();
        shape.groups.insert(group.component.id.clone().unwrap_or_default(), members);
    }
    Built { shape, places }
}

/// Sections need a length; segments without one are doubtful.
fn check_lengths(segments: &Segments<'_>, built: &Built, report: &mut Report) {
    let mut flat: Vec<u64> = Vec::new();
    let mut first: Option<&Component> = None;
    for (segment, place) in segments.list.iter().zip(&built.places) {
        let Some(placed) = built.shape.segments.get(place.index()) else { continue };
        if placed.length() > 0.0 {
            continue;
        }
        let section = built.shape.section(placed.section);
        if section.segments.len() == 1 || section_is_flat(&built.shape, placed.section) {
            let message = format!(
                "segment {} has no length: both ends are at {}, with diameters {} and {}",
                segment.id,
                text(segment.proximal),
                segment.proximal.diameter,
                segment.distal.diameter
            );
            let error = segments.component(segment).error(ErrorKind::Value, message);
            report.errors.push(error.help("a sphere has the same diameter at both ends"));
        } else {
            first.get_or_insert_with(|| segments.component(segment));
            flat.push(segment.id);
        }
    }
    if let Some(first) = first {
        let message = format!("segments without length add nothing to their sections: {}", some_of(&flat));
        report.warn("no-length", first, message);
    }
}

fn section_is_flat(shape: &Morphology, section: SectionId) -> bool {
    shape.segments_of(section).iter().all(|segment| segment.length() <= 0.0)
}

fn text(point: Point) -> String {
    format!("({}, {}, {})", point.x, point.y, point.z)
}
