//! What is recorded: where in NEURON each column comes from.

use serde::Serialize;

use super::super::Job;
use super::super::columns::{Columns, TableText};
use super::super::layout::Layout;
use super::super::nmodl::library::{Library, in_population};
use super::super::nmodl::{Mechanism, UNITS};
use super::super::python::quoted;
use super::cells::fraction;
use super::network::All;
use super::points::flat;
use crate::dynamics::Dynamics;
use crate::engine::{TOTAL_CURRENT, What, threshold_v};
use crate::error::{Error, ErrorKind};
use crate::model::Model;
use crate::output::DisplayUnit;
use crate::units::{Dimension, shifted};

/// The recordings as `run.py` takes them.
#[derive(Serialize)]
pub(super) struct RecordText {
    /// Where the parts of columns come from: reference, factor.
    tables: Vec<TableText<(String, String)>>,
}

/// One part of a column.
enum Part {
    Reference(String, f64),
    Sum(Vec<String>, f64),
    Above(String, String),
    Constant(f64),
}

pub(super) fn record(job: &mut Job<'_>, all: &All<'_>) -> RecordText {
    let (model, layout) = (all.model, all.layout);
    let mut columns = Columns::new(layout);
    for (p, laid) in layout.populations.iter().enumerate() {
        let at = At { all, model, layout, library: all.library, population: p };
        for (c, cell) in laid.cells.iter().enumerate() {
            for (table, column, node, what) in &cell.recorded {
                let known = &layout.tables[*table].columns[*column];
                let (references, constant) = columns.at(*table, *column);
                match at.part(c, *node, what, known.dimension) {
                    Some(Part::Reference(text, factor)) => references.push((text, shifted(factor, 0))),
                    Some(Part::Sum(texts, factor)) => {
                        references.extend(texts.into_iter().map(|text| (text, shifted(factor, 0))));
                    }
                    Some(Part::Above(text, threshold)) => {
                        references.push((text, format!("above({threshold})")));
                    }
                    Some(Part::Constant(value)) => *constant += value,
                    None => {
                        let message = format!("'{}' is not recorded in NEURON", known.name);
                        job.cannot(in_population(Error::new(ErrorKind::Unsupported, message), model, p));
                    }
                }
            }
        }
    }
    RecordText { tables: columns.texts(layout) }
}

struct At<'a> {
    all: &'a All<'a>,
    model: &'a Model,
    layout: &'a Layout,
    library: &'a Library,
    population: usize,
}

impl At<'_> {
    /// The part that `what` is, in the unit in which people read it.
    fn part(&self, cell: usize, node: u32, what: &What, dimension: Dimension) -> Option<Part> {
        let name = quoted(&self.model.populations.get(self.population)?.name);
        let laid = self.layout.populations.get(self.population)?;
        let unit = DisplayUnit::of(dimension);
        let scale = 10f64.powi(UNITS.power(dimension)) / unit.scale;
        // Powers of ten, which division may miss by a bit.
        let scale = if (scale - 1.0).abs() < 1e-9 { 1.0 } else { scale };
        let shape = laid.shape.map(|s| &self.layout.shapes[s]);
        let segment = shape.map(|shape| {
            let (section, x) = shape.place(node);
            format!("cells[{name}][{cell}][{}]({})", quoted(&shape.sections[section].name), fraction(x))
        });
        if let Some((mechanism, merged)) = self.all.points.of(self.population) {
            let (known, at) = match what {
                What::Fixed(value) => return Some(Part::Constant(unit.display(*value))),
                what => {
                    (mechanism.recorded.get(&flat(merged, cell, what)?)?, format!("cells[{name}][{cell}]"))
                }
            };
            return Some(Part::Reference(format!("{at}._ref_{known}"), scale));
        }
        match what {
            What::Fixed(value) => Some(Part::Constant(unit.display(*value))),
            What::V => Some(Part::Reference(format!("{}._ref_v", segment?), scale)),
            What::Mechanism(_, variable) if threshold_v(variable).is_some() => {
                let threshold = UNITS.value(threshold_v(variable)?, Dimension::VOLTAGE);
                Some(Part::Above(format!("{}._ref_v", segment?), threshold))
            }
            What::Mechanism(_, variable) if variable == TOTAL_CURRENT => {
                let shape = shape?;
                let area_um2 = shape.plan.area_m2.get(node as usize)? * 1e12;
                let cv = *shape.plan.discretisation.node_cv.get(node as usize)? as usize;
                let mut references = Vec::new();
                for (m, spread) in shape.plan.mechanisms.iter().enumerate() {
                    let covers = spread.cover.get(cv).is_some_and(|cover| *cover > 0.0);
                    if covers && !spread.mechanism.is_pool {
                        let name = &self.library.spread(laid.shape?, m)?.name;
                        references.push(format!("{}.{name}._ref_i", segment.as_ref()?));
                    }
                }
                // mA/cm² on µm² outwards is so many nA inwards.
                Some(Part::Sum(references, -area_um2 * 1e-2))
            }
            What::Mechanism(index, variable) => {
                let mechanism = self.library.spread(laid.shape?, *index)?;
                let dynamics = &shape?.plan.mechanisms.get(*index)?.mechanism.dynamics;
                let at = format!("{}.{}", segment?, mechanism.name);
                named(mechanism, dynamics, variable, &at, scale, &unit)
            }
            What::Placed(slot, instance, variable) => {
                let placed = laid.cells.get(cell)?.placed.get(*slot)?;
                let mechanism = self.library.point(placed.kind)?;
                let dynamics = &self.layout.kinds.get(placed.kind)?.dynamics;
                let (label, first) = laid.cells.get(cell)?.names.get(*slot)?;
                let at = format!("points[{name}, {cell}, {}][{}]", quoted(label), first + instance);
                named(mechanism, dynamics, variable, &at, scale, &unit)
            }
            What::Cell(_) => None,
        }
    }
}

/// A variable of a mechanism.
fn named(
    mechanism: &Mechanism,
    dynamics: &Dynamics,
    variable: &str,
    at: &str,
    scale: f64,
    unit: &DisplayUnit,
) -> Option<Part> {
    let (name, outward) = mechanism.recorded.get(variable)?;
    // Concentrations are variables of the segment.
    if !mechanism.range.contains(name) && mechanism.states.iter().any(|s| s.name == *name) {
        let segment = at.strip_suffix(&format!(".{}", mechanism.name))?;
        return Some(Part::Reference(format!("{segment}._ref_{name}"), scale));
    }
    if mechanism.range.contains(name) {
        let sign = if *outward { -1.0 } else { 1.0 };
        return Some(Part::Reference(format!("{at}._ref_{name}"), sign * scale));
    }
    let value = dynamics.parameter(variable)?.value;
    Some(Part::Constant(unit.display(value)))
}
