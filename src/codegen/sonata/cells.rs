//! Cells with a shape as templates of NEURON's hoc, with SONATA's numbers of sections.

use serde::Serialize;

use super::super::layout::{CableSection, Shape};
use super::super::neuron::cells::{fraction, inserted};
use super::super::nmodl::UNITS;
use super::super::nmodl::library::Library;
use crate::morph::SectionKind;
use crate::units::{Dimension, shifted};

/// The arrays of sections in the order of SONATA's numbers, and the lists that they are in.
const ARRAYS: [(&str, &str); 4] =
    [("soma", "somatic"), ("axon", "axonal"), ("dend", "basal"), ("apic", "apical")];

/// The sections of a shape by their numbers.
pub(super) struct Numbered {
    /// For each section of the shape its number.
    number: Vec<usize>,
    /// By number: section of the shape, array, index in it.
    order: Vec<(usize, &'static str, usize)>,
    /// Whether the shape says which section is the soma.
    pub(super) has_soma: bool,
}

impl Numbered {
    pub(super) fn new(shape: &Shape) -> Numbered {
        let has_soma = shape.sections.iter().any(|section| section.kind == SectionKind::Soma);
        let array = |at: usize, section: &CableSection| match section.kind {
            SectionKind::Soma => 0,
            // Simulators ask for a soma: without one it is the root.
            _ if !has_soma && at == 0 => 0,
            SectionKind::Axon => 1,
            SectionKind::ApicalDendrite => 3,
            _ => 2,
        };
        let mut order = Vec::new();
        for (k, (name, _)) in ARRAYS.iter().enumerate() {
            let own = shape.sections.iter().enumerate().filter(|(at, section)| array(*at, section) == k);
            order.extend(own.enumerate().map(|(index, (at, _))| (at, *name, index)));
        }
        let mut number = vec![0; shape.sections.len()];
        for (own, (at, ..)) in order.iter().enumerate() {
            number[*at] = own;
        }
        Numbered { number, order, has_soma }
    }

    /// The number of a section, and where on it `node` is.
    pub(super) fn place(&self, shape: &Shape, node: u32) -> (usize, f64) {
        let (section, x) = shape.place(node);
        (self.number.get(section).copied().unwrap_or(0), x)
    }

    /// Array and index of the section with a number.
    pub(super) fn section(&self, number: usize) -> (&'static str, usize) {
        self.order.get(number).map_or(("soma", 0), |(_, array, index)| (array, *index))
    }

    /// The section of the shape that is the first soma.
    pub(super) fn soma(&self) -> usize {
        self.order.first().map_or(0, |(at, ..)| *at)
    }

    fn name(&self, section: usize) -> String {
        let (array, index) = self.section(self.number.get(section).copied().unwrap_or(0));
        format!("{array}[{index}]")
    }
}

/// A cell as its template takes it.
#[derive(Serialize)]
pub(super) struct CellText {
    class: String,
    compartments: usize,
    arrays: Vec<(&'static str, usize)>,
    sections: Vec<SectionText>,
}

#[derive(Serialize)]
struct SectionText {
    name: String,
    list: &'static str,
    connect: String,
    nseg: usize,
    points: Vec<String>,
    lines: Vec<String>,
}

/// The text of shape `s`, whose template is called `class`.
pub(super) fn cell(class: &str, s: usize, shape: &Shape, numbered: &Numbered, library: &Library) -> CellText {
    let inserted = inserted(s, shape, library);
    let plan = &shape.plan;
    let sections = numbered.order.iter().map(|(at, array, _)| {
        let section = &shape.sections[*at];
        let own = |values: &dyn Fn(usize) -> String| section.cvs.clone().map(values).collect::<Vec<_>>();
        let mut lines = assigned(
            "cm",
            &own(&|cv| UNITS.value(plan.specific_capacitance[cv], Dimension::SPECIFIC_CAPACITANCE)),
        );
        lines.extend(assigned("Ra", &own(&|cv| shifted(plan.resistivity_ohm_m[cv], -2))));
        for insert in inserted.iter().filter(|insert| insert.sections.contains(at)) {
            lines.push(format!("insert {}", insert.mechanism));
            for (name, values) in &insert.values {
                lines.extend(assigned(
                    &format!("{name}_{}", insert.mechanism),
                    &own(&|cv| values.get(cv).cloned().unwrap_or_default()),
                ));
            }
        }
        let name = numbered.name(*at);
        let parent = section.parent.map(|(parent, at)| (numbered.name(parent), fraction(at)));
        let connect =
            parent.map_or(String::new(), |(parent, at)| format!("connect {name}(0), {parent}({at})"));
        let point = |p: &crate::morph::Point| {
            let [x, y, z, d] = [p.x, p.y, p.z, p.diameter].map(|x| shifted(x, 0));
            format!("{x}, {y}, {z}, {d}")
        };
        SectionText {
            list: ARRAYS.iter().find(|(known, _)| known == array).map_or("basal", |(_, list)| list),
            connect,
            nseg: section.cvs.len(),
            points: section.points.iter().map(point).collect(),
            lines,
            name,
        }
    });
    let count = |array: &str| numbered.order.iter().filter(|(_, own, _)| *own == array).count();
    CellText {
        class: class.to_string(),
        compartments: plan.discretisation.cvs.len(),
        arrays: ARRAYS.iter().map(|(array, _)| (*array, count(array))).filter(|(_, n)| *n > 0).collect(),
        sections: sections.collect(),
    }
}

/// The statement that sets a variable of a section, or one for each compartment.
fn assigned(name: &str, values: &[String]) -> Vec<String> {
    match values {
        [first, ..] if values.iter().all(|value| value == first) => vec![format!("{name} = {first}")],
        _ => {
            let n = values.len() as f64;
            let at = |k: usize| fraction((k as f64 + 0.5) / n);
            values.iter().enumerate().map(|(k, value)| format!("{name}({}) = {value}", at(k))).collect()
        }
    }
}
