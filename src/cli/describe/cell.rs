//! Cells with a shape: what they measure, what is on their membrane.

use std::collections::BTreeMap;

use super::formula::{number, quantity};
use super::network::{Block, count};
use crate::lems::{Component, Set};
use crate::morph::{Geometry, Morphology};

/// A measure with as many digits as anyone reads.
fn measure(x: f64) -> String {
    number(format!("{x:.2}").parse().unwrap_or(x))
}

/// The measures of a shape.
pub(super) fn shape(shape: &Morphology) -> Block {
    let geometry = Geometry::of(shape);
    let mut kinds: BTreeMap<&str, [f64; 5]> = BTreeMap::new();
    let mut farthest: f64 = 0.0;
    for id in shape.section_ids() {
        let length = geometry.section_length_um(id);
        let sums = kinds.entry(shape.section(id).kind.stem()).or_default();
        sums[0] += 1.0;
        sums[1] += length;
        sums[2] += geometry.section_area_um2(id);
        sums[3] += length * geometry.mean_diameter_um(id, 0.0, 1.0);
        for end in [0.0, 1.0] {
            sums[4] = sums[4].max(geometry.path_distance_um(id, end));
        }
        farthest = farthest.max(sums[4]);
    }
    let heading = format!(
        "{} in {}, {} µm long, {} µm² of membrane, farthest point at {} µm",
        count(shape.segments.len(), "segment"),
        count(shape.sections.len(), "section"),
        measure(geometry.total_length_um()),
        measure(geometry.total_area_um2()),
        measure(farthest)
    );
    let header = ["", "sections", "length µm", "area µm²", "diameter µm", "farthest µm"];
    let mut rows = vec![header.map(String::from).to_vec()];
    for (kind, [sections, length, area, width, path]) in kinds {
        let diameter = if length > 0.0 { width / length } else { 0.0 };
        let values = [sections, length, area, diameter, path].map(measure);
        rows.push(std::iter::once(kind.to_string()).chain(values).collect());
    }
    Block { heading, rows }
}

/// The part of `cell` in `slot`, written within it or referred to.
fn part<'a>(cell: &'a Component, slot: &'a str, set: &'a Set) -> Option<&'a Component> {
    cell.in_slot(slot).next().or_else(|| cell.reference(slot).and_then(|id| set.component(id)))
}

/// What is on the membrane and inside.
pub(super) fn membrane(cell: &Component, set: &Set) -> Vec<Block> {
    let standard = part(cell, "biophysicalProperties", set);
    let Some(biophysics) = standard.or_else(|| part(cell, "biophysicalProperties2CaPools", set)) else {
        return Vec::new();
    };
    let (mut passive, mut channels, mut species) = (Vec::new(), Vec::new(), Vec::new());
    for part in biophysics.children.iter().flat_map(|part| &part.children) {
        let is = |base: &str| set.is_a(&part.component_type, base);
        let on = part.text("segmentGroup").unwrap_or("all").to_string();
        if is("baseChannelDensity") || is("baseChannelPopulation") {
            channels.push(vec![
                part.id.clone().unwrap_or_default(),
                part.reference("ionChannel").unwrap_or("?").to_string(),
                on,
                strength(part, set),
                reversal(part, set),
            ]);
        } else if is("species") {
            let model = part.reference("concentrationModel").unwrap_or("?");
            species.push(vec![part.id.clone().unwrap_or_default(), model.to_string(), on]);
        } else if let Some(of) = set.component_type(&part.component_type) {
            let value = part.parameter("value").zip(of.parameter("value"));
            let value = value.map(|(si, dimension)| quantity(si, dimension)).unwrap_or_default();
            passive.push(vec![passive_name(&part.component_type).to_string(), value, on]);
        }
    }
    let mut blocks = Vec::new();
    for (heading, rows) in [("membrane", passive), ("channels on it", channels), ("ions", species)] {
        if !rows.is_empty() {
            blocks.push(Block { heading: heading.to_string(), rows });
        }
    }
    blocks
}

fn passive_name(component_type: &str) -> &str {
    match component_type {
        "specificCapacitance" => "capacitance",
        "initMembPotential" => "starts at",
        "spikeThresh" => "spikes above",
        other => other,
    }
}

/// How much of a channel there is.
fn strength(density: &Component, set: &Set) -> String {
    let Some(of) = set.component_type(&density.component_type) else { return String::new() };
    for name in ["condDensity", "permeability", "number"] {
        if let Some((value, dimension)) = density.parameter(name).zip(of.parameter(name)) {
            return quantity(value, dimension);
        }
    }
    let variable = density.children.iter().find(|c| c.component_type == "variableParameter");
    let value = variable.and_then(|v| {
        let value = v.children.iter().find_map(|c| c.text("value"))?;
        Some(format!("{value} on {}", v.text("segmentGroup").unwrap_or("?")))
    });
    value.unwrap_or_default()
}

fn reversal(density: &Component, set: &Set) -> String {
    if let Some(erev) = density.parameter("erev") {
        return format!("reversal {}", quantity(erev, crate::units::Dimension::VOLTAGE));
    }
    let ion = density.text("ion").unwrap_or("ion");
    if set.is_a(&density.component_type, "baseChannelDensity") && density.component_type.contains("GHK") {
        return format!("GHK current of {ion}");
    }
    format!("Nernst potential of {ion}")
}
