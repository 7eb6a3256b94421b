//! Cells with a shape, as text.

use serde::Serialize;

use super::super::layout::{Layout, Shape};
use super::super::names::Names;
use super::super::nmodl::UNITS;
use super::super::nmodl::library::Library;
use super::super::python::{KEYWORDS, quoted};
use crate::model::{Model, PopulationCell};
use crate::units::{Dimension, shifted};

/// A cell as `cells.py` takes it.
#[derive(Serialize)]
pub(super) struct CellText {
    /// The function that makes one.
    pub(super) class: String,
    /// How many compartments it has.
    compartments: usize,
    sections: Vec<SectionText>,
    /// Capacitance, µF/cm²: a number, or by section.
    cm: String,
    /// Axial resistivity, Ω cm.
    ra: String,
    /// Potential at the start, mV.
    v: String,
    /// What is inserted.
    inserts: Vec<InsertText>,
}

#[derive(Serialize)]
struct SectionText {
    name: String,
    parent: String,
    at: String,
    nseg: usize,
    points: Vec<String>,
}

#[derive(Serialize)]
struct InsertText {
    mechanism: String,
    sections: String,
    values: Vec<(String, String)>,
}

/// Names that `cells.py` and `run.py` have of their own.
pub(crate) const OWN: &[&str] = &[
    "print", "open", "range", "list", "dict", "zip", "len", "h", "csv", "os", "cells", "Cell", "main",
    "neuron",
];

/// A fraction of a section's length as text, without the last bits of its division.
pub(crate) fn fraction(x: f64) -> String {
    shifted((x * 1e12).round() / 1e12, 0)
}

/// The distinct cells.
pub(super) fn cells(model: &Model, layout: &Layout, library: &Library) -> Vec<CellText> {
    let mut names = Names::new(&[KEYWORDS, OWN].concat());
    let text = |(s, shape): (usize, &Shape)| -> CellText {
        let plan = &shape.plan;
        let cvs = &plan.discretisation.cvs;
        let by_cv = |values: &dyn Fn(usize) -> f64, dimension: Dimension| {
            let all: Vec<String> = (0..cvs.len()).map(|cv| UNITS.value(values(cv), dimension)).collect();
            by_section(shape, &all, |_| true)
        };
        let node = |cv: usize| cvs[cv].node as usize;
        CellText {
            class: names.claim(name(model, shape.population)),
            compartments: cvs.len(),
            sections: shape.sections.iter().map(|section| section_text(shape, section)).collect(),
            cm: by_cv(&|cv| plan.specific_capacitance[cv], Dimension::SPECIFIC_CAPACITANCE),
            ra: by_section(
                shape,
                &plan.resistivity_ohm_m.iter().map(|r| shifted(*r, -2)).collect::<Vec<_>>(),
                |_| true,
            ),
            v: by_cv(&|cv| plan.initial_v[node(cv)], Dimension::VOLTAGE),
            inserts: inserts(s, shape, library),
        }
    };
    layout.shapes.iter().enumerate().map(text).collect()
}

/// What a kind of cell is called: as its shape, or else as its population.
pub(crate) fn name(model: &Model, population: usize) -> &str {
    let population = &model.populations[population];
    match &population.cell {
        PopulationCell::Cable(cell) if !cell.morphology.name.is_empty() => &cell.morphology.name,
        _ => &population.name,
    }
}

fn section_text(shape: &Shape, section: &super::super::layout::CableSection) -> SectionText {
    let parent = section.parent.and_then(|(parent, at)| Some((shape.sections.get(parent)?, at)));
    let point = |p: &crate::morph::Point| {
        let [x, y, z, d] = [p.x, p.y, p.z, p.diameter].map(|x| shifted(x, 0));
        format!("({x}, {y}, {z}, {d})")
    };
    SectionText {
        name: quoted(&section.name),
        parent: parent.map_or("None".to_string(), |(parent, _)| quoted(&parent.name)),
        at: parent.map_or("0".to_string(), |(_, at)| fraction(at)),
        nseg: section.cvs.len(),
        points: section.points.iter().map(point).collect(),
    }
}

/// Values by compartment as text: one number if they are alike, else lists by section; of compartments where `here`.
fn by_section(shape: &Shape, values: &[String], here: impl Fn(usize) -> bool) -> String {
    let mut own = (0..values.len()).filter(|cv| here(*cv)).map(|cv| &values[cv]);
    if let Some(first) = own.next()
        && own.all(|value| value == first)
    {
        return first.clone();
    }
    let mut lists = Vec::new();
    for section in shape.sections.iter().filter(|s| s.cvs.clone().any(&here)) {
        let list: Vec<&str> = section.cvs.clone().map(|cv| values[cv].as_str()).collect();
        let alike = list.windows(2).all(|pair| pair[0] == pair[1]);
        let text = if alike { list[0].to_string() } else { format!("[{}]", list.join(", ")) };
        lists.push(format!("{}: {text}", quoted(&section.name)));
    }
    format!("{{{}}}", lists.join(", "))
}

fn inserts(s: usize, shape: &Shape, library: &Library) -> Vec<InsertText> {
    let mut out = Vec::new();
    for (m, spread) in shape.plan.mechanisms.iter().enumerate() {
        let Some(mechanism) = library.spread(s, m) else { continue };
        let here = |cv: usize| spread.cover.get(cv).is_some_and(|cover| *cover > 0.0);
        let on: Vec<&str> = shape
            .sections
            .iter()
            .filter(|section| section.cvs.clone().any(here))
            .map(|section| section.name.as_str())
            .collect();
        let sections = if on.len() == shape.sections.len() {
            "cell.all".to_string()
        } else {
            format!("[{}]", on.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", "))
        };
        let own = &spread.mechanism;
        let dimension = |name: &str| own.dynamics.parameter(name).map_or(Dimension::NONE, |p| p.dimension);
        let mut values = Vec::new();
        for parameter in &own.dynamics.parameters {
            let Some(name) = mechanism.names.get(&parameter.name) else { continue };
            let is_main = name == "gbar" || name == "pbar";
            if is_main && !own.varying.contains(&parameter.name) {
                values.push((name.clone(), UNITS.value(parameter.value, parameter.dimension)));
            }
        }
        for (name, column) in own.varying.iter().zip(&spread.values) {
            let Some(known) = mechanism.names.get(name) else { continue };
            // Where it is not, anything goes that is a number for its equations.
            let first = (0..column.len()).find(|cv| here(*cv)).map_or(0.0, |cv| column[cv]);
            let text: Vec<String> = (0..column.len())
                .map(|cv| UNITS.value(if here(cv) { column[cv] } else { first }, dimension(name)))
                .collect();
            values.push((known.clone(), by_section(shape, &text, here)));
        }
        if mechanism.range.iter().any(|name| name == "cover") {
            let cover: Vec<String> = spread.cover.iter().map(|c| shifted(*c, 0)).collect();
            let near = |cv: usize| {
                shape
                    .sections
                    .iter()
                    .any(|section| section.cvs.contains(&cv) && section.cvs.clone().any(here))
            };
            values.push(("cover".to_string(), by_section(shape, &cover, near)));
        }
        out.push(InsertText { mechanism: quoted(&mechanism.name), sections, values });
    }
    out
}
