//! What cannot be simulated as it is written, mended: radii of 0, sections without length.

use super::build::{name_sections, sphere_as_cylinder};
use super::link::Tree;
use crate::error::{Place, Warning};
use crate::morph::tree::{Morphology, Point, SectionId, SectionKind, Segment};
use std::path::Path;

/// Radius in µm assumed where a whole branch of samples has none.
const ASSUMED_RADIUS: f64 = 0.5;

/// Radii and lengths in µm below this (a picometre) are taken as 0: they would be compartments whose area
/// vanishes against rounding.
const SMALLEST: f64 = 1e-6;

/// The radii with every 0 replaced by the parent's, else by the child's; `None` when there is no 0.
pub(super) fn mended_radii(tree: &Tree, file: &Path, warnings: &mut Vec<Warning>) -> Option<Vec<f64>> {
    let zeros = tree.samples.iter().filter(|sample| sample.radius < SMALLEST).count();
    if zeros == 0 {
        return None;
    }
    let known = |radius: f64| if radius < SMALLEST { 0.0 } else { radius };
    let mut radii: Vec<f64> = tree.samples.iter().map(|sample| known(sample.radius)).collect();
    // A neurite does not take the soma's radius, nor the soma a neurite's.
    let alike = |a: u32, b: u32| tree.is_soma(a) == tree.is_soma(b);
    for index in tree.order.iter().copied() {
        let up = tree.parent[index as usize].filter(|up| alike(*up, index));
        if let (Some(up), true) = (up, radii[index as usize] == 0.0) {
            radii[index as usize] = radii[up as usize];
        }
    }
    for index in tree.order.iter().rev().copied() {
        let up = tree.parent[index as usize].filter(|up| alike(*up, index));
        if let Some(up) = up.filter(|up| radii[*up as usize] == 0.0) {
            radii[up as usize] = radii[index as usize];
        }
    }
    let assumed = radii.iter().filter(|radius| **radius == 0.0).count();
    for radius in radii.iter_mut().filter(|radius| **radius == 0.0) {
        *radius = ASSUMED_RADIUS;
    }
    let first = tree.samples.iter().filter(|sample| sample.radius < SMALLEST).map(|sample| sample.line).min();
    let mut message = format!("{zeros} samples have radius 0; taken as wide as their neighbours");
    if assumed > 0 {
        message = format!(
            "{zeros} samples have radius 0; {assumed} of them have no neighbour with a radius and are taken as {ASSUMED_RADIUS} µm"
        );
    }
    warnings.push(Warning::new("zero-radius", message, Place::new(file, first.unwrap_or(0), 0)));
    Some(radii)
}

/// Leaves out sections without length, which would be compartments without area; their children hang where
/// they hung. A soma without length, or a cell that is nothing else, becomes a sphere. Says so. Returns
/// whether anything changed.
pub(super) fn prune(
    morphology: &mut Morphology,
    file: &Path,
    tree: &Tree,
    warnings: &mut Vec<Warning>,
) -> bool {
    let place = |file_id: u64| {
        let found = tree.samples.binary_search_by_key(&file_id, |sample| sample.id);
        Place::new(file, found.map_or(0, |index| tree.samples[index].line), 0)
    };
    let ids: Vec<SectionId> = morphology.section_ids().collect();
    let length = |id: &SectionId| morphology.segments_of(*id).iter().map(Segment::length).sum::<f64>();
    let mut empty: Vec<bool> = ids.iter().map(|id| length(id) < SMALLEST).collect();
    let flat = |segment: &&Segment| segment.length() <= 0.0 && !empty[segment.section.index()];
    let flat: Vec<&Segment> = morphology.segments.iter().filter(flat).collect();
    if let Some(first) = flat.first() {
        let message = format!("{} samples lie at the same place as the one before them", flat.len());
        warnings.push(Warning::new("zero-length-segment", message, place(first.file_id)));
    }
    let Some(first) = ids.iter().find(|id| empty[id.index()]) else { return false };
    let at = place(morphology.segments_of(*first)[0].file_id);
    let alone = empty.iter().all(|empty| *empty);
    if empty[0] && (alone || morphology.sections[0].kind == SectionKind::Soma) {
        let what = format!("section {} has no length", morphology.sections[0].name);
        warnings.push(Warning::new("zero-length-root", format!("{what}; taken as a sphere"), at.clone()));
        make_sphere(morphology);
        empty[0] = false;
    }
    let dropped = empty.iter().filter(|empty| **empty).count();
    if dropped > 0 {
        let message = format!("{dropped} sections have no length and were left out");
        warnings.push(Warning::new("zero-length-section", message, at));
        drop_sections(morphology, &empty);
    }
    true
}

/// Makes the root section a sphere of its greatest diameter; what hangs on it hangs on its middle.
fn make_sphere(morphology: &mut Morphology) {
    let points = morphology.segments_of(SectionId(0)).iter().flat_map(|s| [s.proximal, s.distal]);
    let widest = points.map(|point| point.diameter).fold(0.0, f64::max);
    let body = morphology.sections[0].segments.clone();
    let centre = Point { diameter: widest, ..morphology.segments[0].proximal };
    let (proximal, distal) = sphere_as_cylinder(centre, [1.0, 0.0, 0.0]);
    morphology.segments.drain(1..body.end as usize);
    let segment = &mut morphology.segments[0];
    (segment.proximal, segment.distal) = (proximal, distal);
    for section in &mut morphology.sections {
        let shift = body.end - 1;
        section.segments = section.segments.start.saturating_sub(shift)..section.segments.end - shift;
        if let Some((SectionId(0), fraction)) = &mut section.parent {
            *fraction = 0.5;
        }
    }
}

/// Leaves out the sections marked in `gone`; their children hang where they hung. When the root goes, the
/// next section becomes the root, and others that hung on the old one hang on its start.
fn drop_sections(morphology: &mut Morphology, gone: &[bool]) {
    let old = std::mem::take(&mut morphology.sections);
    let segments = std::mem::take(&mut morphology.segments);
    // For each old section: the new one that holds its places, and the place there if it is gone.
    let mut stand: Vec<(SectionId, Option<f64>)> = Vec::with_capacity(old.len());
    for (index, mut section) in old.into_iter().enumerate() {
        let parent = section.parent.map(|(up, fraction)| {
            let (id, instead) = stand[up.index()];
            (id, instead.unwrap_or(fraction))
        });
        if gone[index] {
            let (id, fraction) = parent.unwrap_or((SectionId(0), 0.0));
            stand.push((id, Some(fraction)));
            continue;
        }
        let id = SectionId(morphology.sections.len() as u32);
        stand.push((id, None));
        let first = morphology.segments.len() as u32;
        for segment in &segments[section.segments.start as usize..section.segments.end as usize] {
            morphology.segments.push(Segment { section: id, ..segment.clone() });
        }
        section.segments = first..morphology.segments.len() as u32;
        section.parent = if id.0 == 0 { None } else { parent };
        morphology.sections.push(section);
    }
    name_sections(morphology);
}
