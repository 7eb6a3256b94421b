//! SpiNNaker: a script for sPyNNaker, with the checks of range that its host software does not make.

mod emulate;
mod model;

use serde::Serialize;

use super::names::Names;
use super::points::{Current, Kind, Network, Plasticity, Row, Wired, subset};
use super::python::{KEYWORDS, label};
use super::rows::{self, Cell, table};
use super::standard::Standard;
use super::units::rounded;
use super::{Job, unsupported};
use crate::error::Result;
use crate::hardware::spinnaker as chip;
use crate::model::PopulationCell;

pub use emulate::{Emulation, emulation};
pub use model::{FixedCell, FixedModel};

/// Names that the script has of its own.
const OWN: &[&str] = &[
    "print", "open", "float", "int", "range", "sim", "csv", "pathlib", "numpy", "HERE", "listed", "train",
    "signal", "rows", "file", "fired", "cell", "times", "sorted",
];

/// What the template is filled in with.
#[derive(Serialize)]
struct Script {
    title: String,
    made_by: String,
    timestep: f64,
    duration: f64,
    imports: Vec<Import>,
    per_core: Vec<PerCore>,
    populations: Vec<Population>,
    projections: Vec<Projection>,
    currents: Vec<Injected>,
    recordings: Vec<Recording>,
}

#[derive(Serialize, Clone)]
struct Import {
    module: String,
    name: String,
}

#[derive(Serialize)]
struct PerCore {
    model: String,
    neurons: usize,
}

#[derive(Serialize)]
struct Population {
    name: String,
    label: String,
    size: usize,
    model: String,
    file: String,
    parameters: Vec<Named>,
    initial: Vec<Named>,
}

#[derive(Serialize)]
struct Named {
    name: String,
    value: String,
}

#[derive(Serialize)]
struct Projection {
    name: String,
    label: String,
    source: String,
    target: String,
    receptor: String,
    file: String,
    stdp: Option<Stdp>,
}

#[derive(Serialize)]
struct Stdp {
    timing: String,
    weight: String,
    start: f64,
    delay: f64,
}

#[derive(Serialize)]
struct Injected {
    name: String,
    source: String,
    cells: String,
}

#[derive(Serialize)]
struct Recording {
    population: String,
    cells: String,
    variables: String,
    each: Vec<String>,
    interval: f64,
    file: String,
}

impl Script {
    /// Imports a class of our own; its name.
    fn import(&mut self, class: Import) -> String {
        let name = class.name.clone();
        if !self.imports.iter().any(|known| known.name == name) {
            self.imports.push(class);
        }
        name
    }
}

/// The longest list that stands in the script itself.
const LONGEST_LIST: usize = 8;

/// A list in Python, or its one value; a long one is read from `file`.
pub(super) fn values(job: &mut Job<'_>, file: String, list: &[f64]) -> String {
    match list {
        [one] => format!("{}", rounded(*one)),
        few if few.len() <= LONGEST_LIST => {
            format!("[{}]", few.iter().map(|x| rounded(*x).to_string()).collect::<Vec<_>>().join(", "))
        }
        many => {
            let lines: String = many.iter().map(|x| format!("{}\n", rounded(*x))).collect();
            let text = format!("numpy.loadtxt(HERE / \"{file}\")");
            job.out.text(file, lines);
            text
        }
    }
}

/// A call in Python: `name(a=1, b=2)`.
pub(super) fn call(name: &str, parameters: &[(String, f64)]) -> String {
    let each: Vec<String> = parameters.iter().map(|(name, x)| format!("{name}={}", rounded(*x))).collect();
    format!("{name}({})", each.join(", "))
}

/// Cells of a population in Python: the population, or a view of it.
pub(super) fn view(name: &str, cells: &[usize], size: usize) -> String {
    match subset(cells, size) {
        None => name.to_string(),
        Some(list) => {
            format!("{name}[{}]", list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Writes the script and its data.
pub(super) fn generate(job: &mut Job<'_>) -> Result<()> {
    let network = Network::with_own_cells(job)?;
    let model = job.model;
    let mut names = Names::new(&[KEYWORDS, OWN].concat());
    let mut files = Names::new(&["spikes"]);
    let mut called = vec![String::new(); model.populations.len()];
    let mut script = Script {
        title: model.name.clone(),
        made_by: job.made_by(),
        timestep: rounded(model.run.dt_s * 1e3),
        duration: rounded(model.run.duration_s * 1e3),
        imports: Vec::new(),
        per_core: Vec::new(),
        populations: Vec::new(),
        projections: Vec::new(),
        currents: Vec::new(),
        recordings: Vec::new(),
    };
    if script.timestep < chip::LEAST_STEP_MS {
        job.out.differences.push(format!(
            "time step {} ms: below {} ms the machine falls behind real time unless time_scale_factor is raised",
            script.timestep,
            chip::LEAST_STEP_MS
        ));
    }
    for cells in &network.populations {
        let name = names.claim(&cells.label);
        called[cells.index].clone_from(&name);
        let mut made = Population {
            name: name.clone(),
            label: label(&cells.label),
            size: cells.size,
            model: String::new(),
            file: String::new(),
            parameters: Vec::new(),
            initial: Vec::new(),
        };
        match &cells.kind {
            Kind::Spikes(times) => {
                made.file = format!("{name}_spikes.csv");
                job.out.text(made.file.clone(), rows::spikes("", times));
            }
            Kind::Shaped(_) => continue,
            Kind::Own(standard) => match own_model(job, cells.index, standard) {
                Ok(class) => made.model = script.import(class),
                Err(error) => {
                    job.cannot(error.in_element(format!("population '{}'", cells.label)));
                    continue;
                }
            },
            Kind::Standard(standard) if !chip::CELLS.contains(&standard.name.as_str()) => {
                match own_model(job, cells.index, standard) {
                    Ok(class) => made.model = script.import(class),
                    Err(error) => {
                        job.cannot(error.in_element(format!("population '{}'", cells.label)));
                        continue;
                    }
                }
            }
            Kind::Standard(standard) => {
                for (what, list) in &standard.parameters {
                    check_parameter(job, &cells.label, what, list);
                    let value = values(job, format!("{name}_{what}.csv"), list);
                    made.parameters.push(Named { name: what.clone(), value });
                }
                for (what, list) in &standard.initial {
                    let value = values(job, format!("{name}_initial_{what}.csv"), list);
                    made.initial.push(Named { name: what.clone(), value });
                }
                made.model = format!("sim.{}", standard.name);
            }
        }
        script.populations.push(made);
    }
    for wired in &network.projections {
        if called[wired.source].is_empty() || called[wired.target].is_empty() {
            continue;
        }
        if let Some(projection) = projection(job, wired, &called, &mut names) {
            script.projections.push(projection);
        }
    }
    for current in &network.currents {
        let name = names.claim(&current.label);
        let size = model.populations[current.population].size;
        script.currents.push(Injected {
            name,
            source: source(current),
            cells: view(&called[current.population], &current.cells, size),
        });
    }
    for recorded in &network.recordings {
        let size = model.populations[recorded.population].size;
        let known: Vec<String> = recorded.variables.iter().filter(|v| *v != "w").cloned().collect();
        let quoted: Vec<String> = known.iter().map(|v| format!("\"{v}\"")).collect();
        script.recordings.push(Recording {
            population: called[recorded.population].clone(),
            cells: view(&called[recorded.population], &recorded.cells, size),
            variables: format!("[{}]", quoted.join(", ")),
            each: known,
            interval: if recorded.interval == script.timestep { 0.0 } else { recorded.interval },
            file: files.claim(&recorded.file),
        });
    }
    check_delays(job, &network, &mut script);
    check_weights(job, &network);
    job.out.differences.push(
        "numbers are s16.15 and weights have 16 bits: `neuropil emulate --chip spinnaker` shows what that does".into(),
    );
    let text = job.fill("spinnaker/run.py", &script)?;
    job.out.text("run.py", text);
    job.out.command = "python run.py".to_string();
    Ok(())
}

/// The values that the templates of a neuron model are filled in with.
#[derive(Serialize)]
struct OwnModel {
    title: String,
    made_by: String,
    name: String,
    class: String,
    guard: String,
    parameters: Vec<Quantity>,
    states: Vec<Quantity>,
    constants: Vec<String>,
    derived: Vec<String>,
    set_constants: Vec<String>,
    derive: Vec<String>,
    rates: Vec<Rate>,
    conditions: Vec<String>,
    potential: String,
    synapse: Vec<Named>,
    input_type: &'static str,
    input_arguments: &'static str,
    input_header: &'static str,
}

#[derive(Serialize)]
struct Quantity {
    name: String,
    value: String,
    unit: String,
}

#[derive(Serialize)]
struct Rate {
    state: String,
    rate: String,
}

/// Writes a neuron model for the cells of population `index`; its class.
fn own_model(job: &mut Job<'_>, index: usize, standard: &Standard) -> Result<Import> {
    let PopulationCell::Point(cell) = &job.model.populations[index].cell else {
        return Err(unsupported("a cell with a shape".to_string()));
    };
    if standard.name.contains("alpha") {
        return Err(unsupported(format!("{}: sPyNNaker has no conductances of alpha shape", standard.name)));
    }
    if !job.model.populations[index].parameters.is_empty() {
        return Err(unsupported(
            "cells of a type of their own whose parameters differ are not written".to_string(),
        ));
    }
    let model = FixedModel::of(cell)?;
    // It must hold its numbers.
    FixedCell::new(&model, job.model.run.dt_s * 1e3)?;
    let class: String = model.name.split('_').filter(|w| !w.is_empty()).map(capital).collect();
    let quantities = |list: &[(String, f64, String)]| {
        let quantity = |(name, value, unit): &(String, f64, String)| Quantity {
            name: name.clone(),
            value: format!("{value:?}"),
            unit: unit.clone(),
        };
        list.iter().map(quantity).collect()
    };
    let [set_constants, derive, rates, conditions] = model.statements()?;
    let is_conductance = standard.parameters.iter().any(|(name, _)| name == "e_rev_E");
    let of_receptors = standard
        .parameters
        .iter()
        .filter(|(n, _)| n.starts_with("tau_syn") || (n.starts_with("e_rev_") && n.len() == 7));
    let values = OwnModel {
        title: cell.dynamics.component_type.clone(),
        made_by: job.made_by(),
        name: model.name.clone(),
        class: class.clone(),
        guard: model.name.to_uppercase(),
        parameters: quantities(&model.parameters),
        states: quantities(&model.states),
        constants: model.constants.iter().map(|(name, _)| name.clone()).collect(),
        derived: model.derived_names(),
        set_constants,
        derive,
        rates: model.integrated().into_iter().zip(rates).map(|(state, rate)| Rate { state, rate }).collect(),
        conditions,
        potential: model.states[model.potential].0.clone(),
        synapse: of_receptors
            .map(|(name, list)| Named { name: name.clone(), value: format!("{:?}", list[0]) })
            .collect(),
        input_type: if is_conductance { "InputTypeConductance" } else { "InputTypeCurrent" },
        input_arguments: if is_conductance { "e_rev_E, e_rev_I" } else { "" },
        input_header: if is_conductance { "input_type_conductance.h" } else { "input_type_current.h" },
    };
    for (template, file) in [
        ("spinnaker/model.py", format!("{}.py", model.name)),
        ("spinnaker/model.h", format!("{}.h", model.name)),
        ("spinnaker/Makefile", format!("Makefile.{}", model.name)),
    ] {
        let text = job.fill(template, &values)?;
        job.out.text(file, text);
    }
    job.out.differences.push(format!(
        "{}: a neuron model of its own, which has to be built with sPyNNaker's sources; s16.15 by the midpoint rule",
        model.name
    ));
    Ok(Import { module: model.name, name: class })
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn check_parameter(job: &mut Job<'_>, population: &str, what: &str, list: &[f64]) {
    for x in list {
        let positive = what.starts_with("tau_") && what != "tau_refrac" || what == "cm";
        let fits = chip::Accum::from_host(*x);
        if let Err(error) = fits {
            return job.cannot(error.about(format!("population '{population}': {what}")));
        }
        if positive && *x < chip::Accum::STEP {
            let message = format!(
                "population '{population}': {what} = {x} is 0 in steps of {:e}; the least is {:e}",
                chip::Accum::STEP,
                chip::Accum::STEP
            );
            return job.cannot(unsupported(message));
        }
    }
}

fn projection(job: &mut Job<'_>, wired: &Wired, called: &[String], names: &mut Names) -> Option<Projection> {
    let name = names.claim(&wired.label);
    let file = format!("{name}.csv");
    let stdp = match &wired.plasticity {
        None => None,
        Some(Plasticity::Stdp {
            timing,
            timing_parameters,
            weight,
            weight_parameters,
            dendritic_delay_fraction,
        }) => {
            let is_known =
                matches!(weight.as_str(), "AdditiveWeightDependence" | "MultiplicativeWeightDependence")
                    && timing == "SpikePairRule";
            if !is_known {
                job.cannot(unsupported(format!(
                    "projection '{}': sPyNNaker has no {timing} with {weight}",
                    wired.label
                )));
                return None;
            }
            if *dendritic_delay_fraction != 1.0 {
                job.cannot(unsupported(format!(
                    "projection '{}': a dendritic delay fraction of {dendritic_delay_fraction}; sPyNNaker has 1 only",
                    wired.label
                )));
            }
            let first = wired.rows.first();
            Some(Stdp {
                timing: call(timing, timing_parameters),
                weight: call(weight, weight_parameters),
                start: rounded(first.map_or(0.0, |r| r.weight)),
                delay: rounded(first.map_or(1.0, |r| r.delay)),
            })
        }
        Some(Plasticity::ShortTerm { synapse, .. }) => {
            job.cannot(unsupported(format!("projection '{}': sPyNNaker has no {synapse}", wired.label)));
            return None;
        }
    };
    let wrong = |w: f64| if wired.receptor == "excitatory" { w < 0.0 } else { false };
    if let Some(row) = wired.rows.iter().find(|r| wrong(r.weight)) {
        job.cannot(unsupported(format!(
            "projection '{}': weight {} on the excitatory receptor; weights have no sign there",
            wired.label, row.weight
        )));
    }
    let row = |row: &Row| {
        let [pre, post] = [row.pre, row.post].map(|cell| Cell::Index(cell as usize));
        [pre, post, Cell::Number(rounded(row.weight.abs())), Cell::Number(rounded(row.delay))]
    };
    job.out.text(file.clone(), table("", wired.rows.iter().map(row)));
    Some(Projection {
        name,
        label: label(&wired.label),
        source: called[wired.source].clone(),
        target: called[wired.target].clone(),
        receptor: wired.receptor.clone(),
        file,
        stdp,
    })
}

fn source(current: &Current) -> String {
    if let Some([start, stop, amplitude, frequency, phase]) = current.sine {
        return format!(
            "ACSource(start={start}, stop={stop}, amplitude={amplitude}, frequency={frequency}, phase={phase})"
        );
    }
    let times: Vec<f64> = current.steps.iter().map(|s| s.0).collect();
    let amplitudes: Vec<f64> = current.steps.iter().map(|s| s.1).collect();
    format!("StepCurrentSource(times={times:?}, amplitudes={amplitudes:?})")
}

/// Delays: at least a step, at most what the neurons on a core leave room for; fewer neurons go on one where that helps.
fn check_delays(job: &mut Job<'_>, network: &Network, script: &mut Script) {
    for cells in &network.populations {
        let (Kind::Standard(standard) | Kind::Own(standard)) = &cells.kind else { continue };
        let into = network.projections.iter().filter(|w| w.target == cells.index);
        let rows = into.flat_map(|w| w.rows.iter().map(move |r| (w, r)));
        let mut longest = 0.0_f64;
        let mut short = None;
        for (wired, row) in rows {
            longest = longest.max(row.delay);
            if row.delay < script.timestep * 0.999 {
                short = Some(wired.label.clone());
            }
        }
        if let Some(label) = short {
            job.out.differences.push(format!("projection '{label}': delays below a time step become one"));
        }
        let steps = (longest / script.timestep).round() as u32;
        let mut neurons = chip::NEURONS_PER_CORE;
        while neurons > 1 && chip::longest_delay(neurons, 2) < steps {
            neurons /= 2;
        }
        if chip::longest_delay(neurons, 2) < steps {
            job.cannot(unsupported(format!(
                "population '{}': a delay of {steps} steps; the longest is {}",
                cells.label,
                chip::longest_delay(1, 2)
            )));
        } else if neurons < chip::NEURONS_PER_CORE
            && !script.per_core.iter().any(|p| p.model == standard.name)
        {
            script.per_core.push(PerCore { model: format!("sim.{}", standard.name), neurons });
        }
    }
}

/// Weights that vanish in the 16 bits of a receptor.
fn check_weights(job: &mut Job<'_>, network: &Network) {
    for cells in &network.populations {
        let (Kind::Standard(standard) | Kind::Own(standard)) = &cells.kind else { continue };
        let is_conductance = standard.parameters.iter().any(|(name, _)| name == "e_rev_E");
        let scale = if is_conductance { chip::CONDUCTANCE_SCALE } else { 1.0 };
        for receptor in super::standard::RECEPTORS {
            let mut incoming = vec![Vec::new(); cells.size];
            let into =
                network.projections.iter().filter(|w| w.target == cells.index && w.receptor == receptor);
            for row in into.flat_map(|w| &w.rows) {
                incoming[row.post as usize].push(row.weight);
            }
            let plan = chip::WeightScale::plan(&incoming, job.model.run.dt_s * 1e3, scale);
            let lost = incoming.iter().flatten().filter(|w| **w != 0.0 && plan.steps(**w) == 0).count();
            if lost > 0 {
                job.cannot(unsupported(format!(
                    "population '{}': {lost} weights of its {receptor} receptor are below {:e}, the step that the largest \
                     leaves room for, and would be 0",
                    cells.label, plan.step
                )));
            }
        }
    }
}
