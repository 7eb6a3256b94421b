//! Cells with a shape, as text.

use serde::Serialize;

use super::super::layout::{CableSection, Layout, Shape};
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

fn section_text(shape: &Shape, section: &CableSection) -> SectionText {
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

/// What is inserted into sections, with values of its parameters by compartment.
pub(crate) struct Inserted {
    /// The mechanism's name.
    pub(crate) mechanism: String,
    /// Its sections, in order.
    pub(crate) sections: Vec<usize>,
    /// Parameters: name, and the value of each compartment as text.
    pub(crate) values: Vec<(String, Vec<String>)>,
}

/// What is spread over the membrane of shape `s`.
pub(crate) fn inserted(s: usize, shape: &Shape, library: &Library) -> Vec<Inserted> {
    let mut out = Vec::new();
    for (m, spread) in shape.plan.mechanisms.iter().enumerate() {
        let Some(mechanism) = library.spread(s, m) else { continue };
        let here = |cv: usize| spread.cover.get(cv).is_some_and(|cover| *cover > 0.0);
        let holds = |section: &CableSection| section.cvs.clone().any(here);
        let sections = (0..shape.sections.len()).filter(|at| holds(&shape.sections[*at])).collect();
        let own = &spread.mechanism;
        let dimension = |name: &str| own.dynamics.parameter(name).map_or(Dimension::NONE, |p| p.dimension);
        let mut values = Vec::new();
        for parameter in &own.dynamics.parameters {
            let Some(name) = mechanism.names.get(&parameter.name) else { continue };
            let is_main = name == "gbar" || name == "pbar";
            if is_main && !own.varying.contains(&parameter.name) {
                let text = UNITS.value(parameter.value, parameter.dimension);
                values.push((name.clone(), vec![text; spread.cover.len()]));
            }
        }
        for (name, column) in own.varying.iter().zip(&spread.values) {
            let Some(known) = mechanism.names.get(name) else { continue };
            // Where it is not, anything goes that is a number for its equations.
            let first = (0..column.len()).find(|cv| here(*cv)).map_or(0.0, |cv| column[cv]);
            let text = |cv: usize| UNITS.value(if here(cv) { column[cv] } else { first }, dimension(name));
            values.push((known.clone(), (0..column.len()).map(text).collect()));
        }
        if mechanism.range.iter().any(|name| name == "cover") {
            values.push(("cover".to_string(), spread.cover.iter().map(|c| shifted(*c, 0)).collect()));
        }
        out.push(Inserted { mechanism: mechanism.name.clone(), sections, values });
    }
    out
}

fn inserts(s: usize, shape: &Shape, library: &Library) -> Vec<InsertText> {
    let text = |inserted: Inserted| {
        let on: Vec<&CableSection> = inserted.sections.iter().map(|at| &shape.sections[*at]).collect();
        let near = |cv: usize| on.iter().any(|section| section.cvs.contains(&cv));
        let sections = if on.len() == shape.sections.len() {
            "cell.all".to_string()
        } else {
            let names: Vec<String> = on.iter().map(|section| quoted(&section.name)).collect();
            format!("[{}]", names.join(", "))
        };
        let values = inserted.values.iter().map(|(name, text)| (name.clone(), by_section(shape, text, near)));
        InsertText { mechanism: quoted(&inserted.mechanism), sections, values: values.collect() }
    };
    inserted(s, shape, library).into_iter().map(text).collect()
}
