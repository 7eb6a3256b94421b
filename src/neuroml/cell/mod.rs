//! From a NeuroML `<cell>` to a cell with a shape.
//!
//! `docs/neuroml.md` says what each element becomes.

mod densities;
mod groups;
mod passive;
mod path;
mod regions;
mod report;
mod sections;
mod segments;
mod species;
#[cfg(test)]
mod tests;
mod variable;

use std::sync::Arc;

use super::{SegmentPlace, Shaped};
use crate::error::{Error, ErrorKind, Result};
use crate::lems::{Component, Set};
use crate::model::CableCell;
use crate::morph::{Geometry, Morphology};
use crate::select::Location;
use densities::Membrane;
use groups::Groups;
pub use path::CellVariable;
pub(super) use path::Names;
use regions::Places;
use report::Report;
use sections::Shape;
use segments::Segments;
use variable::Lengths;

/// The cell that `component`, a `cell` or of a type that extends it, describes.
///
/// # Errors
/// Everything wrong that is found in its morphology and its biophysical properties, each with its place.
pub fn shaped(set: &Set, component: &Component) -> Result<Shaped> {
    let mut report = Report::default();
    let shaped = read(set, component, &mut report);
    match (Error::join(std::mem::take(&mut report.errors)), shaped) {
        (None, Some(shaped)) => {
            Ok(Shaped { assumptions: report.assumptions, warnings: report.warnings, ..shaped })
        }
        (Some(error), _) => Err(error),
        (None, None) => Err(component.error(ErrorKind::Value, "this cell could not be read")),
    }
}

/// The shape alone of `component`, a cell, or a `morphology` that stands alone: nothing has to be on it.
///
/// # Errors
/// Everything wrong that is found in its morphology, each with its place.
pub fn shape(set: &Set, component: &Component) -> Result<Morphology> {
    let mut report = Report::default();
    let shape = read_shape(set, component, &mut report);
    match (Error::join(report.errors), shape) {
        (None, Some(shape)) => Ok(shape),
        (Some(error), _) => Err(error),
        (None, None) => Err(component.error(ErrorKind::Value, "this shape could not be read")),
    }
}

fn read_shape(set: &Set, component: &Component, report: &mut Report) -> Option<Morphology> {
    let alone = set.is_a(&component.component_type, "morphology");
    let morphology = if alone { component } else { part(set, component, "morphology", report)? };
    let segments = Segments::read(morphology, report)?;
    let groups = Groups::read(morphology, &segments, report);
    Some(sections::shape(component, &segments, &groups, report)?.morphology)
}

fn read(set: &Set, component: &Component, report: &mut Report) -> Option<Shaped> {
    let morphology = part(set, component, "morphology", report)?;
    let segments = Segments::read(morphology, report)?;
    let groups = Groups::read(morphology, &segments, report);
    let Shape { morphology, discretisation, places: segment_ids } =
        sections::shape(component, &segments, &groups, report)?;
    let geometry = Geometry::of(&morphology);
    let lengths = Lengths { morphology: &morphology, geometry: &geometry, places: &segment_ids };
    let places = Places { segments: &segments, groups: &groups };

    let second = component.in_slot("biophysicalProperties2CaPools").next().is_some()
        || component.reference("biophysicalProperties2CaPools").is_some();
    let suffix = if second { "2CaPools" } else { "" };
    let biophysics = part(set, component, &format!("biophysicalProperties{suffix}"), report)?;
    let child = |name: &str| {
        let slot = format!("{name}{suffix}");
        biophysics.children.iter().find(|child| child.slot == slot || child.slot == name)
    };
    let Some(membrane) = child("membraneProperties") else {
        report.errors.push(biophysics.error(ErrorKind::Syntax, "there are no <membraneProperties>"));
        return None;
    };
    let nothing = Component { origin: biophysics.origin.clone(), ..Component::default() };
    let inside = child("intracellularProperties").unwrap_or(&nothing);

    let capacitance = passive::field(membrane, passive::CAPACITANCE, places, report);
    let resistivity = passive::field(inside, passive::RESISTIVITY, places, report);
    let initial_v = passive::field(membrane, passive::INITIAL_V, places, report);
    let spike_threshold_v = passive::spike_threshold(membrane, places, report);
    let spreads = Membrane { set, places, lengths }.densities(membrane, report);
    let mut filled = species::pools(set, inside, places, report);
    if !report.errors.is_empty() {
        return None;
    }
    species::add_missing(&spreads, &mut filled, places, report);

    let names = Names::new(biophysics, membrane, inside, &spreads, places.segments);
    let mut found: Vec<SegmentPlace> = segments
        .list
        .iter()
        .zip(&segment_ids)
        .filter_map(|(segment, place)| {
            let section = morphology.segments.get(place.index())?.section;
            let first = morphology.section(section).segments.start as usize;
            let (from, to) = geometry.segment_span(section, place.index() - first);
            let at = |fraction| Location { section, fraction };
            Some(SegmentPlace { id: segment.id, proximal: at(from), distal: at(to) })
        })
        .collect();
    found.sort_unstable_by_key(|place| place.id);
    let cell = CableCell {
        specific_capacitance: capacitance?,
        axial_resistivity: resistivity?,
        initial_v: initial_v?,
        densities: spreads.into_iter().map(|spread| spread.density).collect(),
        pools: filled.into_iter().map(|filled| filled.pool).collect(),
        synapses: Vec::new(),
        discretisation,
        morphology: Arc::new(morphology),
    };
    Some(Shaped {
        cell: Arc::new(cell),
        segments: found,
        spike_threshold_v,
        assumptions: Vec::new(),
        warnings: Vec::new(),
        names,
    })
}

/// What `component` has in the slot `name`: a child, or a component of the document that it names.
fn part<'a>(
    set: &'a Set,
    component: &'a Component,
    name: &str,
    report: &mut Report,
) -> Option<&'a Component> {
    let child = component.children.iter().find(|child| child.slot == name);
    let found = child.or_else(|| component.reference(name).and_then(|id| set.component(id)));
    let Some(found) = found else {
        let message = format!("this cell has no {name}");
        let help = format!("write <{name}> in it, or name one: {name}=\"id\"");
        report.errors.push(component.error(ErrorKind::Syntax, message).help(help));
        return None;
    };
    if !set.is_a(&found.component_type, name) {
        let message =
            format!("{name}=\"{}\" is a {}", found.id.as_deref().unwrap_or_default(), found.component_type);
        report.errors.push(component.error(ErrorKind::Name, message));
        return None;
    }
    Some(found)
}

impl Shaped {
    /// The place at `fraction` (0 to 1) along the segment with the id `segment`; `None` if there is no
    /// such segment.
    pub fn location(&self, segment: u64, fraction: f64) -> Option<Location> {
        let at = self.segments.binary_search_by_key(&segment, |place| place.id).ok()?;
        let SegmentPlace { proximal, distal, .. } = *self.segments.get(at)?;
        let along = fraction.clamp(0.0, 1.0);
        let fraction = proximal.fraction + (distal.fraction - proximal.fraction) * along;
        Some(Location { section: proximal.section, fraction })
    }
}
