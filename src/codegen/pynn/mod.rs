//! PyNN 0.13: a script with standard cells that runs on NEST, NEURON and Brian 2, or one with cells of many compartments for NEURON.

mod cable;
mod channels;
mod receptors;
mod record;
mod segments;

use serde::Serialize;

use super::Job;
use super::names::Names;
use super::points::{Cells, Current, Kind, Network, Plasticity, Recorded, Row, Wired};
use super::python::{BUILT_IN, KEYWORDS, SHORT, csv, float, index_range, indices, list, number, quoted};
use super::rows::{self, Cell, table};
use super::standard::Standard;
use super::units::rounded;
use crate::engine::find_variable;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Method, Model, PointStep, PopulationCell};
use crate::wiring::nearest_step;
use cable::{CableText, Cables, cables};

/// Names that the script has of its own.
const OWN: &[&str] = &[
    "csv",
    "importlib",
    "sys",
    "Path",
    "Sequence",
    "here",
    "simulator",
    "results",
    "sim",
    "rows",
    "connections",
    "spike_times",
    "values",
    "tables",
    "spiking",
    "population",
    "segments",
    "trace",
    "name",
    "columns",
    "traces",
    "file",
    "writer",
    "first_cells",
    "spikes",
    "train",
    "cell",
    "source",
    "neuroml",
    "shape",
    "mechanism",
    "receptor",
    "locations",
    "uniform",
    "in_neuron",
    "h",
];

#[derive(Serialize)]
struct Script {
    made_by: String,
    command: String,
    dt: String,
    duration: String,
    min_delay: String,
    max_delay: String,
    spike_files: bool,
    value_files: bool,
    classes: Vec<CableText>,
    /// Which of the helpers of cells with a shape are asked for.
    cable: CableParts,
    populations: Vec<PopulationText>,
    projections: Vec<ProjectionText>,
    currents: Vec<CurrentText>,
    tables: Vec<TableText>,
    records: Vec<RecordText>,
    spiking: Vec<String>,
    every: String,
    first_cells: Vec<FirstCell>,
}

#[derive(Default, Serialize)]
struct CableParts {
    mechanisms: bool,
    receptors: bool,
    squid: bool,
    by_segment: bool,
    crank_nicolson: bool,
}

#[derive(Serialize)]
struct PopulationText {
    var: String,
    label: String,
    size: usize,
    kind: String,
    parameters: Vec<String>,
    initial: String,
    positions: String,
    in_neuron: String,
}

#[derive(Serialize)]
struct ProjectionText {
    var: String,
    source: String,
    target: String,
    connector: String,
    synapse: String,
    receptor: String,
    label: String,
}

#[derive(Serialize)]
struct CurrentText {
    var: String,
    kind: String,
    cells: String,
    location: String,
}

#[derive(Serialize)]
struct TableText {
    file: String,
    columns: Vec<ColumnText>,
}

#[derive(Serialize)]
struct ColumnText {
    name: String,
    population: String,
    cell: usize,
    variable: String,
}

#[derive(Serialize)]
struct RecordText {
    cells: String,
    variables: String,
    interval: String,
    locations: String,
}

#[derive(Serialize)]
struct FirstCell {
    label: String,
    first: u64,
}

/// A population's name in the script, by its index in the model.
struct Vars(Vec<(usize, String)>);

impl Vars {
    fn of(&self, population: usize) -> &str {
        self.0.iter().find(|(index, _)| *index == population).map_or("", |(_, var)| var)
    }
}

pub(super) fn generate(job: &mut Job<'_>) -> Result<()> {
    let mut files = Vec::new();
    let mut cables = cables(job, &mut files)?;
    let network = Network::with_shaped(job, &cables.shaped)?;
    let model = job.model;
    if network.populations.is_empty() && !job.has_errors() {
        job.cannot(Error::new(ErrorKind::Unsupported, "there is no population that PyNN could have"));
    }
    let mut names = Names::new(&[KEYWORDS, BUILT_IN, OWN].concat());
    let vars = Vars(network.populations.iter().map(|p| (p.index, names.claim(&p.label))).collect());
    let dt_ms = model.run.dt_s * 1e3;
    let populations: Vec<PopulationText> = network
        .populations
        .iter()
        .map(|cells| population(cells, model, &vars, cables.texts.get(&cells.index), &mut files))
        .collect();
    let at_once = |p: &Cells| match &p.kind {
        Kind::Spikes(times) => times.iter().flatten().any(|t| nearest_step(*t, dt_ms) < 2.0),
        _ => false,
    };
    let is_standard = |p: &Cells| matches!(&p.kind, Kind::Standard(_));
    if model.run.point_step == PointStep::Fourth && network.populations.iter().any(is_standard) {
        let line = "spikes of cells without a shape are at the ends of steps, so that every interval is up to a step longer";
        job.out.differences.push(line.to_string());
    }
    if network.populations.iter().any(at_once) {
        job.out.differences.push("given spikes before the second time step leave then".to_string());
    }
    let delays = || network.projections.iter().flat_map(|w| w.rows.iter().map(|row| row.delay));
    if delays().any(|delay| delay < dt_ms * 0.999) {
        job.out.differences.push("delays below the time step become one time step".to_string());
    }
    let least = delays().fold(f64::INFINITY, f64::min).max(dt_ms);
    // PyNN sends given spikes through a relay: one before the shortest delay would be lost.
    let early = |p: &Cells| match &p.kind {
        Kind::Spikes(times) => times.iter().flatten().any(|t| on_grid(*t, dt_ms) <= least),
        _ => false,
    };
    let is_early = network.populations.iter().any(early);
    let least = if least.is_finite() && !is_early { least } else { dt_ms };
    let greatest = delays().fold(least, f64::max);
    let projections = network
        .projections
        .iter()
        .map(|w| projection(w, &network, &vars, &mut names, &mut files, dt_ms))
        .collect();
    let currents: Vec<CurrentText> =
        network.currents.iter().map(|c| current(c, &vars, &mut names, &mut files, job)).collect();
    let (mut tables, mut records) = recordings(&network.recordings, model, &vars);
    for (population, text) in &cables.texts {
        shaped_recordings(
            text,
            vars.of(*population),
            model.populations[*population].size,
            &mut tables,
            &mut records,
        );
    }
    let first = model.first_cells();
    let has_cables = !cables.texts.is_empty();
    let command = match (has_cables, cables.mechanisms) {
        (true, true) => "(cd mod && nrnivmodl) && python run.py neuron",
        (true, false) => "python run.py neuron",
        _ => "python run.py nest",
    };
    let command = command.to_string();
    let is_seen = |population: usize| cables.texts.get(&population).is_none_or(|text| text.spikes);
    let spiking: Vec<String> =
        vars.0.iter().filter(|(population, _)| is_seen(*population)).map(|(_, var)| var.clone()).collect();
    let parts = parts(&cables, model);
    let script = Script {
        made_by: job.made_by(),
        command: command.clone(),
        dt: number(rounded(dt_ms)),
        duration: number(rounded(model.run.duration_s * 1e3)),
        min_delay: number(rounded(least)),
        max_delay: number(rounded(greatest)),
        spike_files: files.iter().any(|(path, _)| path.starts_with("spikes")),
        value_files: files
            .iter()
            .any(|(path, _)| ["cells_", "membrane_", "current_"].iter().any(|start| path.starts_with(start))),
        classes: std::mem::take(&mut cables.texts).into_values().collect(),
        cable: parts,
        populations,
        projections,
        currents,
        tables,
        records,
        spiking,
        every: format!("[{}]", vars.0.iter().map(|(_, var)| var.as_str()).collect::<Vec<_>>().join(", ")),
        first_cells: network
            .populations
            .iter()
            .map(|p| FirstCell { label: p.label.clone(), first: first.get(p.index).copied().unwrap_or(0) })
            .collect(),
    };
    let text = job.fill("pynn/run.py", &script)?;
    job.out.command = command;
    job.out.text("run.py", text);
    for (path, text) in files {
        job.out.text(path, text);
    }
    Ok(())
}

/// What the script needs for its cells with a shape.
fn parts(cables: &Cables, model: &Model) -> CableParts {
    CableParts {
        mechanisms: cables.mechanisms,
        receptors: cables.texts.values().any(CableText::has_own_receptors),
        squid: cables.squid,
        by_segment: cables.by_segment,
        crank_nicolson: !cables.texts.is_empty() && model.run.method != Method::BackwardEuler,
    }
}

/// Given times on the grid of the simulator, ms: where neuropil lets them arrive. NEST has no spikes at time 0, and PyNN sends them
/// a step before through a relay.
fn on_grid(time_ms: f64, dt_ms: f64) -> f64 {
    rounded(nearest_step(time_ms, dt_ms).max(2.0) * dt_ms)
}

/// The refractory time of a standard cell. In cells of NeuroML it must have passed, in PyNN's be reached, a step earlier where spikes are
/// at the ends of steps.
pub(crate) fn refractory_ms(model: &Model, population: usize, time_ms: f64, dt_ms: f64) -> f64 {
    let cell = model.populations.get(population).map(|p| &p.cell);
    match cell {
        Some(PopulationCell::Point(cell))
            if model.run.point_step != PointStep::Fourth
                && ["iafRefCell", "adExIaFCell"].contains(&&*cell.dynamics.component_type) =>
        {
            rounded(((time_ms / dt_ms + 1e-9).floor() + 1.0) * dt_ms)
        }
        _ => time_ms,
    }
}

fn population(
    cells: &Cells,
    model: &Model,
    vars: &Vars,
    cable: Option<&CableText>,
    files: &mut Vec<(String, String)>,
) -> PopulationText {
    let dt_ms = model.run.dt_s * 1e3;
    let var = vars.of(cells.index).to_string();
    let (kind, parameters, initial) = match &cells.kind {
        Kind::Standard(standard) | Kind::Own(standard) => {
            let mut standard = standard.clone();
            for (_, values) in standard.parameters.iter_mut().filter(|(name, _)| name == "tau_refrac") {
                values.iter_mut().for_each(|t| *t = refractory_ms(model, cells.index, *t, dt_ms));
            }
            let (parameters, initial) = standard_texts(&standard, &var, cells.size, files);
            (format!("sim.{}", standard.name), parameters, initial)
        }
        Kind::Spikes(times) => {
            let times: Vec<Vec<f64>> =
                times.iter().map(|of| of.iter().map(|t| on_grid(*t, dt_ms)).collect()).collect();
            (
                "sim.SpikeSourceArray".to_string(),
                vec![spikes_text(&times, &var, cells.size, files)],
                String::new(),
            )
        }
        Kind::Shaped(_) => cable.map_or_else(Default::default, |text| {
            (text.class.clone(), text.parameters.clone(), text.initial.clone())
        }),
    };
    let axis = |of: &dyn Fn(&crate::model::Position) -> f64| {
        list(&cells.positions.iter().map(|p| rounded(of(p))).collect::<Vec<_>>())
    };
    let positions = if cells.positions.is_empty() {
        String::new()
    } else {
        let [x, y, z] = [0, 1, 2].map(|k| axis(&|p: &crate::model::Position| p[k]));
        format!("{x}, {y}, {z}")
    };
    PopulationText {
        label: quoted(&cells.label),
        size: cells.size,
        var,
        kind,
        parameters,
        initial,
        positions,
        in_neuron: cable.map_or_else(String::new, |text| text.in_neuron.clone()),
    }
}

fn standard_texts(
    standard: &Standard,
    var: &str,
    size: usize,
    files: &mut Vec<(String, String)>,
) -> (Vec<String>, String) {
    let differing: Vec<&(String, Vec<f64>)> =
        standard.parameters.iter().chain(&standard.initial).filter(|(_, values)| values.len() > 1).collect();
    let file = format!("cells_{var}.csv");
    let in_file = size > SHORT && !differing.is_empty();
    if in_file {
        let header: Vec<&str> = differing.iter().map(|(name, _)| name.as_str()).collect();
        let row = |at: usize| differing.iter().map(|(_, values)| number(values[at])).collect();
        files.push((file.clone(), csv(&header, (0..size).map(row))));
    }
    let value = |name: &str, values: &[f64]| match values {
        [one] => number(*one),
        _ if in_file => {
            let column = differing.iter().position(|(n, v)| n == name && v == values).unwrap_or(0);
            format!("values({}, {column})", quoted(&file))
        }
        _ => list(values),
    };
    let parameters =
        standard.parameters.iter().map(|(name, values)| format!("{name}={}", value(name, values))).collect();
    let initial: Vec<String> =
        standard.initial.iter().map(|(name, v)| format!("{}: {}", quoted(name), value(name, v))).collect();
    let initial = if initial.is_empty() { String::new() } else { format!("{{{}}}", initial.join(", ")) };
    (parameters, initial)
}

fn spikes_text(times: &[Vec<f64>], var: &str, size: usize, files: &mut Vec<(String, String)>) -> String {
    let alike = times.iter().all(|of| *of == times[0]);
    match times {
        [first, ..] if alike && first.len() <= SHORT => format!("spike_times={}", list(first)),
        _ if times.iter().map(Vec::len).sum::<usize>() <= SHORT => {
            let each: Vec<String> = times.iter().map(|of| format!("Sequence({})", list(of))).collect();
            format!("spike_times=[{}]", each.join(", "))
        }
        _ => {
            let file = format!("spikes_{var}.csv");
            files.push((file.clone(), rows::spikes("cell,time (ms)", times)));
            format!("spike_times=spike_times({}, {size})", quoted(&file))
        }
    }
}

fn projection(
    wired: &Wired,
    network: &Network,
    vars: &Vars,
    names: &mut Names,
    files: &mut Vec<(String, String)>,
    dt_ms: f64,
) -> ProjectionText {
    let var = names.claim(&wired.label);
    let size = |population: usize| network.population(population).map_or(0, |p| p.size);
    let rows: Vec<Row> = wired
        .rows
        .iter()
        .map(|row| Row { weight: rounded(row.weight), delay: rounded(row.delay.max(dt_ms)), ..*row })
        .collect();
    let at = match wired.compartment.as_str() {
        "" => String::new(),
        compartment => format!("location_selector={}", quoted(compartment)),
    };
    let and_at = if at.is_empty() { String::new() } else { format!(", {at}") };
    let plain =
        connector(&rows, size(wired.source), size(wired.target)).map(|name| format!("sim.{name}({at})"));
    // Weight and delay are said by the synapse if they are the same for all, else by the list.
    let (connector, said) = match plain {
        Some(plain) => (plain, format!("weight={}, delay={}", number(rows[0].weight), number(rows[0].delay))),
        None if rows.len() <= SHORT => {
            let each: Vec<String> = rows
                .iter()
                // PyNN makes an array of it, which must not be one of whole numbers.
                .map(|r| format!("({}, {}, {}, {})", r.pre, r.post, float(r.weight), float(r.delay)))
                .collect();
            (format!("sim.FromListConnector([{}]{and_at})", each.join(", ")), String::new())
        }
        None => {
            let file = format!("connections_{var}.csv");
            let row = |r: &Row| {
                let [pre, post] = [r.pre, r.post].map(|cell| Cell::Index(cell as usize));
                [pre, post, Cell::Number(r.weight), Cell::Number(r.delay)]
            };
            files.push((file.clone(), table("source,target,weight,delay (ms)", rows.iter().map(row))));
            (format!("sim.FromListConnector(connections({}){and_at})", quoted(&file)), String::new())
        }
    };
    ProjectionText {
        var,
        source: vars.of(wired.source).to_string(),
        target: vars.of(wired.target).to_string(),
        connector,
        synapse: synapse(wired.plasticity.as_ref(), &said),
        receptor: wired.receptor.to_string(),
        label: quoted(&wired.label),
    }
}

/// The connector without chance that makes these connections, all of one weight and delay.
fn connector(rows: &[Row], sources: usize, targets: usize) -> Option<&'static str> {
    let first = rows.first()?;
    if rows.iter().any(|row| row.weight != first.weight || row.delay != first.delay) {
        return None;
    }
    let mut pairs: Vec<(u32, u32)> = rows.iter().map(|row| (row.pre, row.post)).collect();
    pairs.sort_unstable();
    pairs.dedup();
    if pairs.len() != rows.len() {
        return None;
    }
    if rows.len() == sources * targets {
        return Some("AllToAllConnector");
    }
    let one_to_one = sources == targets && rows.len() == sources && pairs.iter().all(|(i, j)| i == j);
    one_to_one.then_some("OneToOneConnector")
}

fn synapse(plasticity: Option<&Plasticity>, said: &str) -> String {
    let arguments = |all: &[(String, f64)]| {
        all.iter().map(|(name, x)| format!("{name}={}", number(*x))).collect::<Vec<_>>().join(", ")
    };
    let and = if said.is_empty() { String::new() } else { format!(", {said}") };
    match plasticity {
        None => format!("sim.StaticSynapse({said})"),
        Some(Plasticity::ShortTerm { synapse, parameters }) => {
            format!("sim.{synapse}({}{and})", arguments(parameters))
        }
        Some(Plasticity::Stdp {
            timing,
            timing_parameters,
            weight,
            weight_parameters,
            dendritic_delay_fraction,
        }) => {
            // PyNN's NEURON mechanism takes this rate in 1/ms.
            let timing_parameters: Vec<(String, f64)> = timing_parameters
                .iter()
                .map(|(name, x)| (name.clone(), if name == "rho" { x * 1e-3 } else { *x }))
                .collect();
            format!(
                "sim.STDPMechanism(\n        timing_dependence=sim.{timing}({}),\n        weight_dependence=sim.{weight}({}),\n        dendritic_delay_fraction={}{and},\n    )",
                arguments(&timing_parameters),
                arguments(weight_parameters),
                number(*dendritic_delay_fraction),
            )
        }
    }
}

fn current(
    current: &Current,
    vars: &Vars,
    names: &mut Names,
    files: &mut Vec<(String, String)>,
    job: &Job<'_>,
) -> CurrentText {
    let var = names.claim(&current.label);
    let population = vars.of(current.population);
    let size = job.model.populations.get(current.population).map_or(0, |p| p.size);
    let kind = match (&current.sine, &current.steps[..]) {
        (Some([start, stop, amplitude, frequency, phase]), _) => format!(
            "ACSource(start={}, stop={}, amplitude={}, frequency={}, phase={})",
            number(*start),
            number(*stop),
            number(*amplitude),
            number(*frequency),
            number(*phase)
        ),
        (None, [(start, amplitude)]) => {
            format!("DCSource(start={}, amplitude={})", number(*start), number(*amplitude))
        }
        (None, [(start, amplitude), (stop, 0.0)]) => {
            format!(
                "DCSource(start={}, stop={}, amplitude={})",
                number(*start),
                number(*stop),
                number(*amplitude)
            )
        }
        (None, steps) if steps.len() > SHORT => {
            let file = format!("current_{var}.csv");
            let rows = steps.iter().map(|(time, amplitude)| vec![number(*time), number(*amplitude)]);
            files.push((file.clone(), csv(&["time (ms)", "amplitude (nA)"], rows)));
            let file = quoted(&file);
            format!("StepCurrentSource(times=values({file}, 0), amplitudes=values({file}, 1))")
        }
        (None, steps) => {
            let (times, amplitudes): (Vec<f64>, Vec<f64>) = steps.iter().copied().unzip();
            format!("StepCurrentSource(times={}, amplitudes={})", list(&times), list(&amplitudes))
        }
    };
    let location = match current.compartment.as_str() {
        "" => String::new(),
        compartment => format!(", location={}", quoted(compartment)),
    };
    CurrentText { var, kind, cells: view(population, &current.cells, size), location }
}

/// Some cells of a population.
fn view(population: &str, cells: &[usize], size: usize) -> String {
    if cells.len() == size { population.to_string() } else { format!("{population}[{}]", indices(cells)) }
}

fn recordings(recorded: &[Recorded], model: &Model, vars: &Vars) -> (Vec<TableText>, Vec<RecordText>) {
    let mut tables: Vec<TableText> = Vec::new();
    let mut records = Vec::new();
    for one in recorded {
        let Some(population) = model.populations.get(one.population) else { continue };
        let var = vars.of(one.population);
        let file = quoted(&one.file);
        let at = tables.iter().position(|t| t.file == file).unwrap_or_else(|| {
            tables.push(TableText { file, columns: Vec::new() });
            tables.len() - 1
        });
        let several = one.cells.len() * one.variables.len() > 1;
        let mut nth = 0;
        for &cell in &one.cells {
            for (variable, own) in one.variables.iter().zip(&one.own) {
                let name = match &one.label {
                    None => format!("{}[{cell}].{own}", population.name),
                    Some(label) if several => format!("{label}[{nth}]"),
                    Some(label) => label.clone(),
                };
                nth += 1;
                let name = format!("{name}{}", unit(&population.cell, own, variable));
                let column = ColumnText {
                    name: quoted(&name),
                    population: var.to_string(),
                    cell,
                    variable: variable.clone(),
                };
                tables[at].columns.push(column);
            }
        }
        let mut variables = one.variables.clone();
        variables.dedup();
        let quoted: Vec<String> = variables.iter().map(|v| quoted(v)).collect();
        records.push(RecordText {
            cells: if one.cells.len() == population.size {
                var.to_string()
            } else {
                format!("{var}[{}]", listed(&one.cells))
            },
            variables: format!("[{}]", quoted.join(", ")),
            interval: number(rounded(one.interval)),
            locations: String::new(),
        });
    }
    (tables, records)
}

/// What is recorded of cells with a shape.
fn shaped_recordings(
    text: &CableText,
    var: &str,
    size: usize,
    tables: &mut Vec<TableText>,
    records: &mut Vec<RecordText>,
) {
    for (file, name, cell, variable) in &text.recorded.columns {
        let file = quoted(file);
        let at = tables.iter().position(|t| t.file == file).unwrap_or_else(|| {
            tables.push(TableText { file, columns: Vec::new() });
            tables.len() - 1
        });
        let (name, variable) = (quoted(name), variable.clone());
        tables[at].columns.push(ColumnText { name, population: var.to_string(), cell: *cell, variable });
    }
    let texts = |list: &[String]| list.iter().map(|x| quoted(x)).collect::<Vec<_>>().join(", ");
    for (cells, variables, segments) in &text.recorded.requests {
        records.push(RecordText {
            cells: if cells.len() == size { var.to_string() } else { format!("{var}[{}]", listed(cells)) },
            variables: format!("[{}]", texts(variables)),
            interval: number(rounded(text.recorded.interval_ms)),
            locations: format!("[{}]", texts(segments)),
        });
    }
}

fn listed(cells: &[usize]) -> String {
    match index_range(cells) {
        range if range.starts_with("range") => format!("list({range})"),
        list => list,
    }
}

/// The unit of a recorded variable as results have it behind the name.
fn unit(cell: &PopulationCell, own: &str, variable: &str) -> &'static str {
    match (variable, cell) {
        ("v", _) => " (mV)",
        ("w", PopulationCell::Point(cell)) => {
            let found = find_variable(&cell.dynamics, own).ok();
            if found.is_some_and(|f| f.dimension == crate::units::Dimension::CURRENT) { " (nA)" } else { "" }
        }
        _ => " (µS)",
    }
}
