//! Brian 2: a script with `SpatialNeuron` for cells with a shape, `NeuronGroup` for others, `Synapses` for connections.

mod cable;
mod group;
mod membrane;
mod network;
mod piece;
mod point;
mod record;
mod shape;
mod units;

use std::collections::BTreeMap;

use serde::Serialize;

use super::Job;
use super::columns::TableText;
use super::layout::Layout;
use super::network::source_spikes;
use super::python::{BUILT_IN, KEYWORDS, SHORT, csv, indices, list, number, quoted};
use super::rows::{Cell, table};
use super::units::rounded;
use crate::error::Result;
use crate::model::Method;
use crate::units::Dimension;
use crate::wiring;
use group::{Group, TAKEN};
use network::SynapsesText;
use piece::Constants;
use record::{MonitorText, Watched};
use shape::{Shape, runs};

/// Runs of equal values up to which they stand in the script.
const FEW_RUNS: usize = 6;

#[derive(Debug, Serialize)]
struct Script {
    made_by: String,
    command: String,
    title: String,
    dt: String,
    duration: String,
    reads_tables: bool,
    builds_sections: bool,
    constants: Vec<(String, String)>,
    groups: Vec<GroupText>,
    sources: Vec<SourceText>,
    /// Labels of the sources that have entries beyond their cells, and which.
    twins: Vec<(String, Vec<(usize, usize)>)>,
    synapses: Vec<SynapsesText>,
    monitors: Vec<MonitorText>,
    tables: Vec<TableText<Watched>>,
    detectors: Vec<DetectorText>,
}

#[derive(Debug, Serialize)]
struct GroupText {
    var: String,
    title: String,
    size: usize,
    is_cable: bool,
    /// Statements that make the morphology of one cell, or nothing if it is in the table.
    cylinders: Vec<String>,
    /// The file of compartments.
    table: String,
    before: usize,
    resistivity: String,
    equations: Vec<String>,
    threshold: String,
    reset: String,
    refractory: String,
    events: Vec<(String, String, String)>,
    method: String,
    settings: Vec<String>,
}

#[derive(Debug, Serialize)]
struct SourceText {
    var: String,
    size: usize,
    file: String,
    cells: String,
    times: String,
}

/// A group of given spikes.
#[derive(Debug)]
struct Source {
    /// Its name in the script.
    var: String,
    /// Cells of it.
    size: usize,
    /// Whose second, third, … spikes in one step the entries after the cells send.
    twins: Vec<usize>,
}

impl Source {
    /// The entries that send spikes of a cell.
    fn entries(&self, cell: usize) -> impl Iterator<Item = usize> {
        let of_cell = move |(_, twin): &(usize, &usize)| **twin == cell;
        let others = self.twins.iter().enumerate().filter(of_cell).map(|(at, _)| self.size + at);
        std::iter::once(cell).chain(others)
    }
}

#[derive(Debug, Serialize)]
struct DetectorText {
    group: String,
    label: String,
    first: u64,
    before: usize,
    per_cell: usize,
    /// Added to the times that Brian tells, ms.
    later: String,
}

pub(super) fn generate(job: &mut Job<'_>) -> Result<()> {
    let model = wiring::with_junctions(job.model)?;
    let model = &*model;
    let layout = Layout::new(model)?;
    let spikes = source_spikes(model)?;
    let mut constants = Constants::new(&[KEYWORDS, BUILT_IN, TAKEN].concat());
    let (mut groups, mut shapes) = (BTreeMap::<usize, Group>::new(), BTreeMap::<usize, Shape>::new());
    let (mut sources, mut source_texts, mut twins) = (BTreeMap::new(), Vec::new(), Vec::new());
    let mut detectors = Vec::new();
    let first = model.first_cells();
    let dt_ms = model.run.dt_s * 1e3;
    for (p, population) in model.populations.iter().enumerate() {
        let var = constants.claim(&population.name);
        let detector = |group: &str, before, per_cell, later| DetectorText {
            group: group.to_string(),
            label: quoted(&population.name),
            first: first.get(p).copied().unwrap_or(0),
            before,
            per_cell,
            later: number(later),
        };
        if let Some(times) = &spikes[p] {
            let (source, text) = source(job, p, &var, times);
            if !source.twins.is_empty() {
                let of = source.twins.iter().enumerate().map(|(at, cell)| (source.size + at, *cell));
                twins.push((quoted(&population.name), of.collect()));
            }
            source_texts.push(text);
            detectors.push(detector(&var, 0, 1, 0.0));
            sources.insert(p, source);
            continue;
        }
        let made = match cable::group(job, model, &layout, p, var.clone(), &mut constants)? {
            Some((group, shape)) => {
                shapes.insert(p, shape);
                Some(group)
            }
            None => point::group(job, model, &layout, p, var, &mut constants)?,
        };
        if let Some(mut group) = made {
            group.add_end_of_step();
            if group.threshold.is_some() {
                detectors.push(detector(&group.var, group.before, group.per_cell, rounded(dt_ms)));
            }
            groups.insert(p, group);
        }
    }
    if !model.couplings.is_empty() {
        let message = "gap junctions and graded synapses are not made for Brian";
        job.cannot(crate::error::Error::new(crate::error::ErrorKind::Unsupported, message));
    }
    let synapses = network::connect(job, model, &layout, &groups, &sources, &mut constants)?;
    let (monitors, tables) = record::record(job, &layout, &groups, &mut |wanted| constants.claim(wanted));
    say_differences(job, &groups, &shapes);
    let texts: Vec<GroupText> =
        groups.values().map(|group| group_text(job, &layout, group, shapes.get(&group.population))).collect();
    let command = "python run.py".to_string();
    let script = Script {
        made_by: job.made_by(),
        command: command.clone(),
        title: model.name.clone(),
        dt: number(rounded(dt_ms)),
        duration: number(rounded(model.run.duration_s * 1e3)),
        reads_tables: texts.iter().any(|g| !g.table.is_empty())
            || source_texts.iter().any(|s| !s.file.is_empty())
            || synapses.iter().any(|s| s.in_file()),
        builds_sections: texts.iter().any(|g| g.is_cable && g.cylinders.is_empty()),
        constants: constants.lines.clone(),
        groups: texts,
        sources: source_texts,
        twins,
        synapses,
        monitors,
        tables,
        detectors,
    };
    let text = job.fill("brian2/run.py", &script)?;
    job.out.text("run.py", text);
    job.out.command = command;
    Ok(())
}

fn say_differences(job: &mut Job<'_>, groups: &BTreeMap<usize, Group>, shapes: &BTreeMap<usize, Shape>) {
    if groups.values().any(|g| g.threshold.is_some() && shapes.contains_key(&g.population)) {
        let line = "a spike of a cell with a shape has the time of the end of the step in which the threshold is passed, not the one between";
        job.out.differences.push(line.to_string());
    }
    if !shapes.is_empty() && job.model.run.method != Method::BackwardEuler {
        let line = "the potential is stepped by backward Euler: Brian has no other method";
        job.out.differences.push(line.to_string());
    }
    if groups.values().any(|g| g.cell.is_some()) {
        job.out
            .differences
            .push("cells without a shape are stepped by the classical Runge-Kutta method".to_string());
    }
}

/// Given spikes of population `p`. Brian takes one spike of an entry in a step: a second one of a cell in the same step is sent by an
/// entry of its own.
fn source(job: &mut Job<'_>, p: usize, var: &str, times: &[Vec<f64>]) -> (Source, SourceText) {
    let dt_s = job.model.run.dt_s;
    let mut out = Source { var: var.to_string(), size: times.len(), twins: Vec::new() };
    // Connections that remember spikes know one sender only.
    let plastic = job.model.projections.iter().any(|projection| {
        projection.rule.is_some() && projection.source.parts.iter().any(|(population, _)| *population == p)
    });
    let mut rows: Vec<(f64, usize)> = Vec::new();
    let mut moved = false;
    for (cell, of) in times.iter().enumerate() {
        let (mut last, mut entries) = (-1.0, vec![cell]);
        let mut together = 0;
        for time in of {
            let step = wiring::nearest_step(*time, dt_s);
            if plastic {
                let free = step.max(last + 1.0);
                moved |= free > step;
                last = free;
                rows.push((free, cell));
                continue;
            }
            together = if step == last { together + 1 } else { 0 };
            last = step;
            if together == entries.len() {
                entries.push(out.size + out.twins.len());
                out.twins.push(cell);
            }
            rows.push((step, entries[together]));
        }
    }
    if moved {
        let line = format!("{var}: the second of two spikes of a source in one step is sent in the next");
        job.out.differences.push(line);
    }
    rows.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let in_ms = |step: &f64| rounded(step * dt_s * 1e3);
    let mut text = SourceText {
        var: var.to_string(),
        size: out.size + out.twins.len(),
        file: String::new(),
        cells: String::new(),
        times: String::new(),
    };
    if rows.len() <= SHORT {
        text.cells = indices(&rows.iter().map(|(_, cell)| *cell).collect::<Vec<_>>());
        text.times = list(&rows.iter().map(|(step, _)| in_ms(step)).collect::<Vec<_>>());
    } else {
        let file = format!("spikes_{var}.csv");
        let row = |(step, cell): &(f64, usize)| [Cell::Index(*cell), Cell::Number(in_ms(step))];
        job.out.text(&file, table("cell,time_ms", rows.iter().map(row)));
        text.file = quoted(&file);
    }
    (out, text)
}

fn group_text(job: &mut Job<'_>, layout: &Layout, group: &Group, shape: Option<&Shape>) -> GroupText {
    let var = &group.var;
    let plan = layout.populations[group.population].shape.and_then(|s| layout.shapes.get(s)).map(|s| &s.plan);
    let mut settings = Vec::new();
    // Columns of a table, for what is no few runs of equal values.
    let mut columns: Vec<(String, Vec<f64>)> = Vec::new();
    let file = format!("compartments_{var}.csv");
    let is_cable = shape.is_some();
    let cell_file = if is_cable { format!("values_{var}.csv") } else { format!("cells_{var}.csv") };
    for (name, dimension, values) in &group.arrays {
        let target = format!("{var}.{name}");
        if values.iter().any(|x| x.is_infinite()) {
            // The threshold: infinite where nothing is detected.
            settings.push(format!("{target} = inf*volt"));
            let finite: Vec<f64> = values.iter().map(|x| if x.is_finite() { *x } else { f64::NAN }).collect();
            let known: Vec<usize> = (0..finite.len()).filter(|at| finite[*at].is_finite()).collect();
            let all_alike = known.iter().all(|at| finite[*at] == finite[known[0]]);
            let step = match known[..] {
                [a, b, ..] if known.windows(2).all(|w| w[1] - w[0] == b - a) => Some(b - a),
                _ => None,
            };
            match (step, known.first()) {
                (Some(step), Some(first)) if all_alike => settings.push(format!(
                    "{target}[{first}::{step}] = {}",
                    units::quantity(finite[*first], *dimension)
                )),
                _ => settings.extend(
                    known
                        .iter()
                        .map(|at| format!("{target}[{at}] = {}", units::quantity(finite[*at], *dimension))),
                ),
            }
            continue;
        }
        match runs(&target, values, *dimension, FEW_RUNS) {
            Some(lines) => settings.extend(lines),
            None if values.len() <= SHORT => {
                settings.push(format!("{target} = {}", units::quantities(values, *dimension)));
            }
            None => {
                let unit = units::quantity(1.0, *dimension);
                let unit = if dimension.is_none() { String::new() } else { format!("*{unit}") };
                let power: f64 = units::scale(*dimension);
                columns.push((name.clone(), values.iter().map(|x| rounded(x / power)).collect()));
                settings.push(format!("{target} = table({})[{}]{unit}", quoted(&cell_file), quoted(name)));
            }
        }
    }
    if !columns.is_empty() {
        let header: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let row = |at: usize| columns.iter().map(|(_, values)| number(values[at])).collect();
        job.out.text(&cell_file, csv(&header, (0..group.len()).map(row)));
    }
    for (name, value) in &group.starts {
        settings.push(format!("{var}.{name} = {}", quoted(value)));
    }
    let mut text = GroupText {
        var: var.clone(),
        title: layout_title(job, group.population),
        size: if is_cable { group.size } else { group.len() },
        is_cable,
        cylinders: Vec::new(),
        table: String::new(),
        before: group.before,
        resistivity: String::new(),
        equations: group.lines.clone(),
        threshold: group.threshold.as_deref().map(quoted).unwrap_or_default(),
        reset: quoted(&group.reset.join("\n")).replace(" \n", "\n"),
        refractory: group.refractory.as_deref().map(quoted).unwrap_or_default(),
        events: group
            .events
            .iter()
            .map(|(n, test, does)| (n.clone(), quoted(test), quoted(&does.join("\n"))))
            .collect(),
        method: group.method.to_string(),
        settings,
    };
    if group.reset.is_empty() {
        text.reset.clear();
    }
    if let (Some(shape), Some(plan)) = (shape, plan) {
        text.resistivity = units::quantity(shape.resistivity_ohm_m, Dimension::RESISTIVITY);
        match shape.cylinders(plan).filter(|_| group.before == 0) {
            Some(lines) => text.cylinders = lines,
            None => {
                let rows = shape.rows(plan);
                job.out.text(&file, csv(&Shape::COLUMNS, rows.into_iter()));
                text.table = quoted(&file);
            }
        }
    }
    text
}

fn layout_title(job: &Job<'_>, population: usize) -> String {
    job.model.populations.get(population).map(|p| p.name.clone()).unwrap_or_default()
}
