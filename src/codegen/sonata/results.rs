//! Reports of a simulation, and the tables that neuropil would make of them.

use serde::Serialize;
use serde_json::json;

use super::super::columns::{Columns, TableText};
use super::super::layout::Layout;
use super::super::python::{number, quoted};
use super::super::units::rounded;
use super::circuit::{Circuit, ms};
use crate::model::Model;
use crate::output::DisplayUnit;

/// What is reported of one cell.
pub(super) struct Part<'a> {
    /// The population in the files.
    pub(super) population: &'a str,
    pub(super) cell: usize,
    /// The simulator's name of it.
    pub(super) variable: &'a str,
    /// Section, and where on it.
    pub(super) place: (usize, f64),
    /// SI for 1 of the simulator's unit.
    pub(super) unit: f64,
    /// The value at the start in the simulator's unit, if it is known: reports begin with the end of the first step.
    pub(super) start: Option<f64>,
}

/// How often a simulator samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stride {
    /// As the recording wants it.
    Own,
    /// In every step, since it would sample longer intervals from the end of the first step on.
    EveryStep,
}

/// One report: what tells it from others, and the nodes in it.
struct Report {
    table: usize,
    population: String,
    variable: String,
    nodes: Vec<usize>,
    at_soma: bool,
    stride: u64,
    name: String,
}

/// All that is recorded.
pub(super) struct Results<'a> {
    model: &'a Model,
    layout: &'a Layout,
    reports: Vec<Report>,
    columns: Columns<String>,
}

/// The tables for the script.
#[derive(Serialize)]
pub(super) struct ResultsText {
    tables: Vec<TableText<String>>,
    /// Populations by the names of the model and of the files, with the number of the first cell and how many are left.
    populations: Vec<(String, String, u64)>,
}

impl<'a> Results<'a> {
    pub(super) fn new(model: &'a Model, layout: &'a Layout) -> Results<'a> {
        Results { model, layout, reports: Vec::new(), columns: Columns::new(layout) }
    }

    /// Adds a column of a table.
    pub(super) fn add(
        &mut self,
        circuit: &mut Circuit,
        (table, column): (usize, usize),
        part: &Part<'_>,
        stride: Stride,
    ) {
        let at_soma = part.place == (0, 0.5);
        let known = self
            .reports
            .iter_mut()
            .find(|r| r.table == table && r.population == part.population && r.variable == part.variable);
        let report = match known {
            Some(report) => report,
            None => {
                let file = self.layout.tables.get(table).map_or("", |t| t.file.as_str());
                let name = circuit.claim(&format!("{file}_{}_{}", part.population, part.variable));
                let every = self.layout.intervals.get(table).copied().unwrap_or(1);
                let stride = if stride == Stride::Own { every } else { 1 };
                self.reports.push(Report {
                    table,
                    population: part.population.to_string(),
                    variable: part.variable.to_string(),
                    nodes: Vec::new(),
                    at_soma: true,
                    stride,
                    name,
                });
                let last = self.reports.len() - 1;
                &mut self.reports[last]
            }
        };
        report.at_soma &= at_soma;
        if !report.nodes.contains(&part.cell) {
            report.nodes.push(part.cell);
        }
        let Some(known) = self.layout.tables.get(table).and_then(|t| t.columns.get(column)) else { return };
        let display = DisplayUnit::of(known.dimension);
        let (scale, constant) =
            (rounded(display.display(part.unit) - display.display(0.0)), display.display(0.0));
        let start = part.start.map_or("math.nan".to_string(), |x| number(rounded(x * scale)));
        let text = format!(
            "({}, {}, {}, {}, {}, {}, {start}, {})",
            quoted(&report.name),
            quoted(part.population),
            part.cell,
            part.place.0,
            number(part.place.1),
            number(scale),
            report.stride
        );
        let (parts, sum) = self.columns.at(table, column);
        parts.push(text);
        *sum = constant;
    }

    /// Tells `circuit` the reports; the tables for the script, where populations go by `names` in the files.
    pub(super) fn finish(self, circuit: &mut Circuit, names: &super::circuit::Populations) -> ResultsText {
        for report in &self.reports {
            let size = self.layout.populations.iter().enumerate();
            let size = size
                .into_iter()
                .find(|(p, _)| names.of(*p) == report.population)
                .map_or(0, |(_, laid)| laid.cells.len());
            let set = circuit.set(&report.name, &report.population, &report.nodes, size);
            let value = json!({
                "cells": set,
                "variable_name": report.variable,
                "module": "membrane_report",
                "type": "compartment",
                "sections": if report.at_soma { "soma" } else { "all" },
                "dt": rounded(ms(self.model.run.dt_s) * report.stride as f64),
                "start_time": 0.0,
                "end_time": ms(self.model.run.duration_s),
            });
            circuit.reports.push((report.name.clone(), value));
        }
        let first = self.model.first_cells();
        let populations = self.model.populations.iter().zip(first).enumerate();
        ResultsText {
            populations: populations
                .map(|(p, (own, first))| (quoted(&own.name), quoted(names.of(p)), first))
                .collect(),
            tables: self.columns.texts(self.layout),
        }
    }
}
