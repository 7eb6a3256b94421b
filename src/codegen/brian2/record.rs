//! Recordings as state monitors, and the columns of results.

use serde::Serialize;
use std::collections::BTreeMap;

use super::group::Group;
use super::piece::{Piece, constant_values};
use crate::codegen::Job;
use crate::codegen::columns::{Columns, TableText};
use crate::codegen::layout::Layout;
use crate::codegen::python::{index_range, number, quoted};
use crate::codegen::units::rounded;
use crate::engine::What;
use crate::error::{Error, ErrorKind};
use crate::expr::Expr;
use crate::output::DisplayUnit;

#[derive(Debug, Serialize)]
pub(super) struct MonitorText {
    var: String,
    group: String,
    variable: String,
    entries: String,
    interval: String,
}

/// A part of a column: monitor, its entry, and the factor on it.
pub(super) type Watched = (String, usize, String);

enum Part {
    Variable(String),
    Constant(f64),
}

/// Monitors and tables of all groups.
pub(super) fn record(
    job: &mut Job<'_>,
    layout: &Layout,
    groups: &BTreeMap<usize, Group>,
    claim: &mut dyn FnMut(&str) -> String,
) -> (Vec<MonitorText>, Vec<TableText<Watched>>) {
    // Monitors by group, variable, interval: the entries.
    let mut monitors: BTreeMap<(usize, String, u64), (String, Vec<usize>)> = BTreeMap::new();
    let mut columns: Columns<Watched> = Columns::new(layout);
    for (p, group) in groups {
        let Some(laid) = layout.populations.get(*p) else { continue };
        for (c, cell) in laid.cells.iter().enumerate() {
            for (table, column, node, what) in &cell.recorded {
                let its = &layout.tables[*table].columns[*column];
                let unit = DisplayUnit::of(its.dimension);
                let entry = match what {
                    What::Placed(slot, instance, _) => {
                        let at = cell.placed.get(*slot).and_then(|placed| placed.nodes.get(*instance));
                        group.entry(layout, c, at.copied().unwrap_or(0))
                    }
                    _ => group.entry(layout, c, *node),
                };
                match part(group, c, what) {
                    Some(Part::Constant(value)) => columns.at(*table, *column).1 += unit.display(value),
                    Some(Part::Variable(variable)) => {
                        let key = (*p, variable.clone(), layout.tables[*table].interval_s.to_bits());
                        let (var, entries) = monitors
                            .entry(key)
                            .or_insert_with(|| (claim(&format!("{}_{variable}", group.var)), Vec::new()));
                        if !entries.contains(&entry) {
                            entries.push(entry);
                        }
                        let factor = rounded(1.0 / unit.scale);
                        columns.at(*table, *column).0.push((var.clone(), entry, number(factor)));
                    }
                    None => {
                        let message = format!("'{}' is not recorded in Brian", its.name);
                        job.cannot(Error::new(ErrorKind::Unsupported, message));
                    }
                }
            }
        }
    }
    let mut texts = Vec::new();
    for ((p, variable, interval), (var, mut entries)) in monitors {
        entries.sort_unstable();
        texts.push(MonitorText {
            var,
            group: groups[&p].var.clone(),
            variable: quoted(&variable),
            entries: index_range(&entries),
            interval: format!("{}*ms", number(rounded(f64::from_bits(interval) * 1e3))),
        });
    }
    let mut tables = columns.texts(layout);
    tables.retain(TableText::has_parts);
    (texts, tables)
}

fn part(group: &Group, cell: usize, what: &What) -> Option<Part> {
    match what {
        What::V => match &group.cell {
            Some(piece) => of(piece, piece.dynamics.exposed("v")?),
            None => Some(Part::Variable("v".to_string())),
        },
        What::Fixed(value) => Some(Part::Constant(*value)),
        What::Mechanism(index, name) => of(group.mechanisms.get(*index)?, name),
        What::Cell(name) => of(group.cell.as_ref()?, name),
        What::Placed(slot, instance, name) => {
            let number = group.instances.get(&(cell, *slot, *instance))?;
            of(&group.placed.get(*number)?.piece, name)
        }
    }
}

/// A variable of a piece: one of the group, or a number.
fn of(piece: &Piece, name: &str) -> Option<Part> {
    let constant =
        constant_values(&piece.dynamics, &piece.varying.iter().map(|(p, _)| p.clone()).collect::<Vec<_>>());
    if let Some(value) = constant.get(name) {
        return Some(Part::Constant(*value));
    }
    match piece.named.get(name)? {
        Expr::Name(variable) => Some(Part::Variable(variable.clone())),
        _ => None,
    }
}
