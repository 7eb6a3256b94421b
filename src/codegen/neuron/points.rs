//! Populations of cells without a shape: one mechanism each, with the numbers that differ between the cells.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Job;
use super::super::layout::Layout;
use super::super::merge::{Merged, Part};
use super::super::nmodl::library::{Library, in_population};
use super::super::nmodl::{CellMechanism, UNITS, WantedCell, cell};
use super::super::python::quoted;
use crate::engine::What;
use crate::error::Result;
use crate::model::{Model, PointStep, PopulationCell};
use crate::units::Dimension;

/// Parts of a step where neuropil steps cells to fourth order, or meets conditions within the step.
const SUBSTEPS: u32 = 10;

/// The populations of cells without a shape.
pub(super) struct PointCells {
    mechanisms: Vec<CellMechanism>,
    of: BTreeMap<usize, (usize, Merged)>,
}

/// One row of numbers: population, variable, a value for each cell.
pub(super) struct Row {
    pub(super) population: String,
    pub(super) name: String,
    pub(super) values: Vec<String>,
}

impl Row {
    /// The row as a literal.
    pub(super) fn text(&self) -> String {
        format!("({}, {}, [{}])", self.population, quoted(&self.name), self.values.join(", "))
    }
}

impl PointCells {
    /// Those of `model` that are no `sources`.
    pub(super) fn new(
        job: &mut Job<'_>,
        model: &Model,
        layout: &Layout,
        sources: &[bool],
        library: &mut Library,
    ) -> Result<PointCells> {
        let mut out = PointCells { mechanisms: Vec::new(), of: BTreeMap::new() };
        for (p, population) in model.populations.iter().enumerate() {
            let PopulationCell::Point(point) = &population.cell else { continue };
            if sources[p] || population.size == 0 {
                continue;
            }
            let made = Merged::new(layout, p, point).and_then(|merged| {
                let wanted = WantedCell {
                    dynamics: &merged.dynamics,
                    name: library.names.claim(&point.dynamics.name),
                    varying: varying(layout, p, &merged),
                    recorded: recorded(layout, p, &merged),
                    placed: placed_states(layout, &merged),
                    substeps: SUBSTEPS,
                    meets_within: model.run.point_step == PointStep::Fourth,
                    temperature_k: model.temperature_k,
                };
                Ok((cell(&wanted)?, merged))
            });
            match made {
                Ok((mechanism, merged)) => {
                    out.mechanisms.push(mechanism);
                    out.of.insert(p, (out.mechanisms.len() - 1, merged));
                }
                Err(error) => job.cannot(in_population(error, model, p)),
            }
        }
        Ok(out)
    }

    /// The mechanisms, in order.
    pub(super) fn written(&self) -> &[CellMechanism] {
        &self.mechanisms
    }

    /// The mechanism of a population, and what it was made from.
    pub(super) fn of(&self, population: usize) -> Option<(&CellMechanism, &Merged)> {
        let (at, merged) = self.of.get(&population)?;
        Some((self.mechanisms.get(*at)?, merged))
    }

    /// Parameters that differ between the cells of a population.
    pub(super) fn values(&self, model: &Model, layout: &Layout, population: usize) -> Vec<Row> {
        let Some((mechanism, merged)) = self.of(population) else { return Vec::new() };
        let cells = &layout.populations[population].cells;
        let mut columns: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        let default = |flat: &str| merged.dynamics.parameter(flat).map_or(0.0, |p| p.value);
        let mut put = |flat: String, cell: usize, value: f64| {
            let column = columns.entry(flat.clone()).or_insert_with(|| vec![default(&flat); cells.len()]);
            column[cell] = value;
        };
        for (c, cell) in cells.iter().enumerate() {
            if let Some(kind) = layout.kinds.get(cell.kind) {
                for (name, value) in kind.varying.iter().zip(&cell.values) {
                    put(name.clone(), c, *value);
                }
            }
            for (slot, placed) in cell.placed.iter().enumerate() {
                let Some(kind) = layout.kinds.get(placed.kind) else { continue };
                for instance in 0..placed.nodes.len() {
                    let Some(part) = merged.part(c, slot, instance) else { continue };
                    if let Some(switch) = &part.switch {
                        put(switch.clone(), c, 1.0);
                    }
                    for (name, column) in kind.varying.iter().zip(&placed.values) {
                        if let Some(value) = column.get(instance) {
                            put(Merged::inside(part, name), c, *value);
                        }
                    }
                }
            }
        }
        rows(model, population, mechanism, merged, columns)
    }

    /// States at the start that are not what the mechanism itself begins with.
    pub(super) fn starts(&self, model: &Model, layout: &Layout, population: usize) -> Vec<Row> {
        let Some((mechanism, merged)) = self.of(population) else { return Vec::new() };
        let cells = &layout.populations[population].cells;
        let mut columns: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        let mut put = |flat: String, cell: usize, value: f64| {
            columns.entry(flat).or_insert_with(|| vec![f64::NAN; cells.len()])[cell] = value;
        };
        for (c, cell) in cells.iter().enumerate() {
            if let (Some(v), Some(name)) = (cell.initial_v, merged.dynamics.exposed("v")) {
                put(name.to_string(), c, v);
            }
            let states = &layout.kinds.get(cell.kind).map(|kind| &kind.dynamics.states);
            for (state, value) in &cell.initial {
                if let Some(state) = states.and_then(|states| states.get(*state)) {
                    put(state.name.clone(), c, *value);
                }
            }
            for (slot, placed) in cell.placed.iter().enumerate() {
                let Some(kind) = layout.kinds.get(placed.kind) else { continue };
                for (state, value) in &placed.initial {
                    if let (Some(part), Some(state)) =
                        (merged.part(c, slot, 0), kind.dynamics.states.get(*state))
                    {
                        put(Merged::inside(part, &state.name), c, *value);
                    }
                }
            }
        }
        rows(model, population, mechanism, merged, columns)
    }
}

fn rows(
    model: &Model,
    population: usize,
    mechanism: &CellMechanism,
    merged: &Merged,
    columns: BTreeMap<String, Vec<f64>>,
) -> Vec<Row> {
    let name = quoted(&model.populations[population].name);
    let dimension = |flat: &str| {
        let d = &merged.dynamics;
        let state = d.states.iter().find(|s| s.name == flat).map(|s| s.dimension);
        state.or(d.parameter(flat).map(|p| p.dimension)).unwrap_or(Dimension::NONE)
    };
    let text = |x: f64, dimension| if x.is_nan() { "None".to_string() } else { UNITS.value(x, dimension) };
    columns
        .into_iter()
        .filter_map(|(flat, values)| {
            let known = mechanism.names.get(&flat)?;
            let dimension = dimension(&flat);
            let values = values.iter().map(|x| text(*x, dimension)).collect();
            Some(Row { population: name.clone(), name: known.clone(), values })
        })
        .collect()
}

/// Parameters that differ between the cells of a population.
fn varying(layout: &Layout, population: usize, merged: &Merged) -> Vec<String> {
    let mut out: BTreeSet<String> = BTreeSet::new();
    for cell in &layout.populations[population].cells {
        if let Some(kind) = layout.kinds.get(cell.kind) {
            out.extend(kind.varying.iter().cloned());
        }
    }
    for part in &merged.parts {
        out.extend(part.switch.clone());
        if let Some(kind) = layout.kinds.get(part.kind) {
            out.extend(kind.varying.iter().map(|name| Merged::inside(part, name)));
        }
    }
    out.into_iter().collect()
}

/// The states of the parts.
fn placed_states(layout: &Layout, merged: &Merged) -> BTreeSet<String> {
    let kind = |part: &Part| layout.kinds.get(part.kind).map(|kind| &kind.dynamics.states);
    let states = merged.parts.iter().filter_map(|part| Some((part, kind(part)?)));
    states.flat_map(|(part, states)| states.iter().map(|s| Merged::inside(part, &s.name))).collect()
}

/// Variables of its cells that are recorded.
fn recorded(layout: &Layout, population: usize, merged: &Merged) -> Vec<String> {
    let mut out: BTreeSet<String> = BTreeSet::new();
    for (c, cell) in layout.populations[population].cells.iter().enumerate() {
        for (.., what) in &cell.recorded {
            out.extend(flat(merged, c, what));
        }
    }
    out.into_iter().collect()
}

/// The flat name of what is recorded.
pub(super) fn flat(merged: &Merged, cell: usize, what: &What) -> Option<String> {
    match what {
        What::V => merged.dynamics.exposed("v").map(str::to_string),
        What::Cell(variable) => Some(variable.clone()),
        What::Placed(slot, instance, variable) => {
            Some(Merged::inside(merged.part(cell, *slot, *instance)?, variable))
        }
        What::Mechanism(..) | What::Fixed(_) => None,
    }
}
