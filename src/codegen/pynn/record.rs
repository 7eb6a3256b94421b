//! What is recorded of cells with a shape.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Job;
use super::super::names::identifier;
use super::super::nmodl::UNITS;
use super::super::nmodl::library::in_population;
use super::cable::One;
use super::segments::Tree;
use crate::engine::{Column as Recorded, What};
use crate::error::{Error, ErrorKind};
use crate::output::{Column, DisplayUnit};

/// What is recorded of a population.
#[derive(Debug, Clone, Default)]
pub(super) struct ShapedRecord {
    /// Columns in order: file, name with unit, cell, PyNN's name of the signal (`soma.v`).
    pub(super) columns: Vec<(String, String, usize, String)>,
    /// What is asked for: cells, variables, segments.
    pub(super) requests: Vec<(Vec<usize>, Vec<String>, Vec<String>)>,
    /// Variables of channels that are written in NMODL: channel, variable, what PyNN calls it, name in NMODL.
    pub(super) translated: Vec<(String, String, String, String)>,
    /// Time between two samples, ms.
    pub(super) interval_ms: f64,
}

/// What a column is of.
struct Sample {
    cell: usize,
    segment: String,
    variable: String,
}

impl ShapedRecord {
    /// The variables that are asked for, each once, in order of their names.
    pub(super) fn variables(&self) -> impl Iterator<Item = &String> {
        let all: BTreeSet<&String> = self.requests.iter().flat_map(|(_, variables, _)| variables).collect();
        all.into_iter()
    }
}

/// What is recorded of `one`, whose channels are called `names`; the rest is told to `job`.
pub(super) fn recorded(job: &mut Job<'_>, one: &One<'_>, tree: &Tree, names: &[String]) -> ShapedRecord {
    let layout = one.all.layout;
    let mut out = ShapedRecord::default();
    // By column, so that the order is that of the tables.
    let mut found: BTreeMap<(usize, usize), Sample> = BTreeMap::new();
    let mut intervals: Vec<f64> = Vec::new();
    for (c, cell) in one.laid.cells.iter().enumerate() {
        for (table, column, node, what) in &cell.recorded {
            let of = &layout.tables[*table].columns[*column];
            let place = one.compartment(*node).ok().and_then(|cv| tree.segments.get(cv));
            let variable = variable(one, what, of, names, &mut out.translated);
            // A sum of several is no recording of PyNN's.
            let free = !found.contains_key(&(*table, *column));
            match (place, variable) {
                (Some(segment), Some(variable)) if free => {
                    let segment = segment.name.clone();
                    found.insert((*table, *column), Sample { cell: c, segment, variable });
                    let interval = layout.tables[*table].interval_s;
                    if !intervals.contains(&interval) {
                        intervals.push(interval);
                    }
                }
                _ => {
                    let message = format!("'{}' is not recorded in PyNN", of.name);
                    let error = Error::new(ErrorKind::Unsupported, message);
                    job.cannot(in_population(error, one.all.model, one.population));
                }
            }
        }
    }
    if intervals.len() > 1 {
        let message = "PyNN records all of a population with one time between samples";
        job.cannot(in_population(Error::new(ErrorKind::Unsupported, message), one.all.model, one.population));
    }
    out.interval_ms = intervals.first().copied().unwrap_or(one.all.model.run.dt_s) * 1e3;
    // Cells by segment and variable, then variables that have these alike, then segments.
    let mut cells: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for ((table, column), Sample { cell, segment, variable }) in found {
        let of = &layout.tables[table];
        let header = Column::new(&of.columns[column].name, of.columns[column].dimension, "").header();
        out.columns.push((of.file.clone(), header, cell, format!("{segment}.{variable}")));
        let own = cells.entry((segment, variable)).or_default();
        if !own.contains(&cell) {
            own.push(cell);
        }
    }
    let mut variables: BTreeMap<(String, Vec<usize>), Vec<String>> = BTreeMap::new();
    for ((segment, variable), mut cells) in cells {
        cells.sort_unstable();
        variables.entry((segment, cells)).or_default().push(variable);
    }
    for ((segment, cells), variables) in variables {
        match out.requests.iter_mut().find(|(c, v, _)| *c == cells && *v == variables) {
            Some((.., segments)) => segments.push(segment),
            None => out.requests.push((cells, variables, vec![segment])),
        }
    }
    out
}

/// PyNN's name of a variable at a segment.
fn variable(
    one: &One<'_>,
    what: &What,
    column: &Recorded,
    names: &[String],
    translated: &mut Vec<(String, String, String, String)>,
) -> Option<String> {
    match what {
        What::V => Some("v".to_string()),
        What::Mechanism(index, variable) => {
            let name = names.get(*index)?;
            let dynamics = &one.shape.plan.mechanisms.get(*index)?.mechanism.dynamics;
            let behind = dynamics.exposed(variable).unwrap_or(variable);
            if let Some(own) = one.all.own.get(&(one.s, *index)) {
                return Some(format!("{name}.{}", own.states.get(dynamics.state(behind)?)?));
            }
            let mechanism = one.all.library.spread(one.s, *index)?;
            let (native, outward) = mechanism.recorded.get(variable)?;
            let scale = 10f64.powi(UNITS.power(column.dimension)) / DisplayUnit::of(column.dimension).scale;
            if *outward || (scale - 1.0).abs() > 1e-9 || !mechanism.range.contains(native) {
                return None;
            }
            let known = translated.iter().find(|(of, known, ..)| of == name && known == variable);
            let word = match known {
                Some((.., word, _)) => word.clone(),
                None => {
                    // As people know it, if that is one of a kind. PyNN wants no dot in it.
                    let last = identifier(column.name.rsplit(['.', '/']).next().unwrap_or(variable));
                    let taken = translated.iter().any(|(of, _, word, _)| of == name && *word == last);
                    let word = if taken { identifier(variable) } else { last };
                    translated.push((name.clone(), variable.clone(), word.clone(), native.clone()));
                    word
                }
            };
            Some(format!("{name}.{word}"))
        }
        _ => None,
    }
}
