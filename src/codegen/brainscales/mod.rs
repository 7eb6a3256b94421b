//! The analog chips: BrainScaleS-2, BrainScaleS-1, Spikey. Nothing of theirs can be run here: what is made is checked
//! against the tables of [`hardware::brainscales`](crate::hardware::brainscales), and says so.

mod chain;

use std::collections::BTreeMap;

use serde::Serialize;

use super::names::Names;
use super::points::{Kind, Network, Shaped};
use super::python::{KEYWORDS, label};
use super::standard::{Standard, receptor_of};
use super::units::rounded;
use super::{Job, Target, unsupported};
use crate::engine::CellPlan;
use crate::error::Result;
use crate::hardware::brainscales::{Range, bss1, bss2, quantised, spikey};
use crate::model::{CableCell, Draws, PopulationCell, Site, Use};
use crate::select::{Cable, Points};
use chain::{Chain, chain, label_at};

/// Names that the scripts have of their own.
const OWN: &[&str] = &[
    "print",
    "open",
    "float",
    "int",
    "range",
    "pynn",
    "csv",
    "pathlib",
    "HERE",
    "listed",
    "train",
    "rows",
    "file",
    "cell",
    "times",
    "time",
    "i",
    "j",
    "weight",
    "delay",
    "enumerate",
];

#[derive(Serialize)]
struct Script {
    title: String,
    made_by: String,
    speed_up: f64,
    low_mv: f64,
    high_mv: f64,
    low_counts: f64,
    high_counts: f64,
    steps: String,
    duration: f64,
    populations: Vec<Population>,
    projections: Vec<Projection>,
    recordings: Vec<Recording>,
    chains: Vec<Chain>,
}

#[derive(Serialize)]
struct Population {
    name: String,
    label: String,
    size: usize,
    model: String,
    is_chain: bool,
    wanted: Vec<String>,
    file: String,
    parameters: Vec<Named>,
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
    compartment: String,
    file: String,
    from_spikes: bool,
}

#[derive(Serialize)]
struct Recording {
    population: String,
    cell: usize,
    compartment: String,
}

/// What tells the chips apart.
struct Chip {
    name: &'static str,
    template: &'static str,
    neurons: usize,
    fan_in: usize,
    weight: u32,
    ranges: &'static [Range],
}

const BSS2: Chip = Chip {
    name: "BrainScaleS-2",
    template: "brainscales2/run.py",
    neurons: bss2::CIRCUITS,
    fan_in: bss2::FAN_IN,
    weight: bss2::WEIGHT,
    ranges: bss2::CALIBRATED,
};
const BSS1: Chip = Chip {
    name: "BrainScaleS-1",
    template: "brainscales1/run.py",
    neurons: bss1::NEURONS,
    fan_in: usize::MAX,
    weight: bss1::WEIGHT,
    ranges: bss1::CALIBRATED,
};
const SPIKEY: Chip = Chip {
    name: "Spikey",
    template: "spikey/run.py",
    neurons: spikey::NEURONS,
    fan_in: spikey::INPUTS,
    weight: spikey::WEIGHT,
    ranges: spikey::RANGES,
};

/// Writes the script of `target` and its data.
pub(super) fn generate(job: &mut Job<'_>, target: Target) -> Result<()> {
    let chip = match target {
        Target::BrainScaleS1 => &BSS1,
        Target::Spikey => &SPIKEY,
        _ => &BSS2,
    };
    let mut chains = BTreeMap::new();
    let mut shaped = BTreeMap::new();
    if chip.name == BSS2.name {
        lay_out(job, &mut chains, &mut shaped)?;
    }
    let network = Network::with_shaped(job, &shaped)?;
    let model = job.model;
    let window = window(&network);
    let speed_up = if chip.name == BSS2.name { bss2::SPEED_UP } else { 1.0 };
    let mut names = Names::new(&[KEYWORDS, OWN].concat());
    let mut called = vec![String::new(); model.populations.len()];
    let mut script = Script {
        title: model.name.clone(),
        made_by: job.made_by(),
        speed_up,
        low_mv: window[0],
        high_mv: window[1],
        low_counts: bss2::COUNTS[0],
        high_counts: bss2::COUNTS[1],
        steps: String::new(),
        duration: rounded(model.run.duration_s * 1e3 / speed_up),
        populations: Vec::new(),
        projections: Vec::new(),
        recordings: Vec::new(),
        chains: chains.values().cloned().collect(),
    };
    let mut neurons = 0;
    for cells in &network.populations {
        let name = names.claim(&cells.label);
        called[cells.index].clone_from(&name);
        let mut made = Population {
            name: name.clone(),
            label: label(&cells.label),
            size: cells.size,
            model: String::new(),
            is_chain: false,
            wanted: Vec::new(),
            file: String::new(),
            parameters: Vec::new(),
        };
        match &cells.kind {
            Kind::Spikes(times) => {
                made.file = format!("{name}_spikes.csv");
                let rows =
                    times.iter().enumerate().flat_map(|(cell, times)| times.iter().map(move |t| (cell, t)));
                let text: String =
                    rows.map(|(cell, t)| format!("{cell},{}\n", rounded(t / speed_up))).collect();
                job.out.text(made.file.clone(), text);
            }
            Kind::Own(_) => continue,
            Kind::Shaped(_) => {
                let Some(chain) = chains.get(&cells.index) else { continue };
                neurons += cells.size * chain.circuits;
                made.model.clone_from(&chain.class);
                made.is_chain = true;
            }
            Kind::Standard(standard) => {
                neurons += cells.size;
                let Some((model, parameters)) = cell(job, chip, &cells.label, standard, window, &mut made)
                else {
                    continue;
                };
                made.model = model;
                made.parameters.extend(
                    parameters
                        .into_iter()
                        .map(|(name, value)| Named { name, value: rounded(value).to_string() }),
                );
            }
        }
        script.populations.push(made);
    }
    if neurons > chip.neurons {
        job.cannot(unsupported(format!("{neurons} neurons; {} has {}", chip.name, chip.neurons)));
    }
    wire(job, chip, &network, &called, &mut names, &mut script);
    if chip.name == BSS2.name {
        let traces = traces(job, &chains)?;
        record(job, &network, traces, &called, &mut script);
    }
    job.out.differences.push("checked against tables of ranges, not run".to_string());
    let text = job.fill(chip.template, &script)?;
    job.out.text("run.py", text);
    job.out.command = "python run.py".to_string();
    Ok(())
}

/// The range of potentials of all cells, mV: the lowest resting or reset potential, the highest threshold.
fn window(network: &Network) -> [f64; 2] {
    let mut window = [f64::INFINITY, f64::NEG_INFINITY];
    for cells in &network.populations {
        let Kind::Standard(standard) = &cells.kind else { continue };
        for (name, values) in &standard.parameters {
            let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
            match name.as_str() {
                "v_rest" | "v_reset" => window[0] = window[0].min(low),
                "v_thresh" => window[1] = window[1].max(high),
                _ => {}
            }
        }
    }
    if window[0] < window[1] { window } else { [-65.0, -50.0] }
}

/// The chip's cell and its parameters.
fn cell(
    job: &mut Job<'_>,
    chip: &Chip,
    population: &str,
    standard: &Standard,
    window: [f64; 2],
    made: &mut Population,
) -> Option<(String, Vec<(String, f64)>)> {
    let one = |name: &str| {
        standard.parameters.iter().find(|(n, _)| n == name).and_then(|(_, v)| v.first()).copied()
    };
    let many = standard.parameters.iter().find(|(_, values)| values.len() > 1);
    if let Some((name, _)) = many {
        job.cannot(unsupported(format!(
            "population '{population}': {name} differs between cells; the first's is taken"
        )));
    }
    let counts = |mv: f64| {
        let share = (mv - window[0]) / (window[1] - window[0]);
        (bss2::COUNTS[0] + share * (bss2::COUNTS[1] - bss2::COUNTS[0])).round()
    };
    let model = match (chip.name, standard.name.as_str()) {
        ("BrainScaleS-2", "IF_curr_exp") => "CalibHXNeuronCuba",
        ("BrainScaleS-2", "IF_cond_exp") => "CalibHXNeuronCoba",
        ("BrainScaleS-2", "EIF_cond_exp_isfa_ista") => return circuit(job, population, standard, made),
        ("BrainScaleS-1", name) if bss1::CELLS.contains(&name) => name,
        ("Spikey", "IF_cond_exp" | "IF_facets_hardware1") => "IF_facets_hardware1",
        (_, name) => {
            let help = match chip.name {
                "BrainScaleS-2" => {
                    "it calibrates IF_curr_exp and IF_cond_exp, and has EIF_cond_exp_isfa_ista"
                }
                "BrainScaleS-1" => "it has IF_cond_exp and EIF_cond_exp_isfa_ista",
                _ => "it has IF_facets_hardware1, which IF_cond_exp is taken for",
            };
            job.cannot(
                unsupported(format!("population '{population}': {} has no {name}", chip.name)).help(help),
            );
            return None;
        }
    };
    if one("i_offset").is_some_and(|i| i != 0.0) {
        job.cannot(unsupported(format!(
            "population '{population}': a constant current (i_offset) does not reach {}",
            chip.name
        )));
    }
    let mut parameters = Vec::new();
    for (name, values) in &standard.parameters {
        let value = values[0];
        let value = match (chip.name, name.as_str()) {
            (_, "i_offset") | ("BrainScaleS-2" | "Spikey", "cm") => continue,
            ("BrainScaleS-2", "v_rest" | "v_reset" | "v_thresh" | "e_rev_E" | "e_rev_I") => counts(value),
            ("Spikey", "tau_m") => {
                let g_leak = 1e3 * spikey::CAPACITANCE_NF / value;
                parameters.push(("g_leak".to_string(), rounded(g_leak)));
                continue;
            }
            ("Spikey", "tau_syn_E" | "tau_syn_I") => {
                job.out.differences.push(format!("population '{population}': {name} is the chip's own"));
                continue;
            }
            ("Spikey", "e_rev_E") => {
                if value != spikey::E_REV_E_MV {
                    job.cannot(unsupported(format!(
                        "population '{population}': e_rev_E = {value} mV; Spikey has {} mV",
                        spikey::E_REV_E_MV
                    )));
                }
                continue;
            }
            _ => value,
        };
        parameters.push((name.clone(), legal(job, chip, population, name, value)));
    }
    if chip.name == BSS2.name {
        parameters.push(("cm".to_string(), 63.0));
        parameters.sort_by(|a, b| a.0.cmp(&b.0));
    }
    Some((model.to_string(), parameters))
}

/// An exponential cell with adaptation: the circuit with these terms turned on. Nobody has published how to set them.
fn circuit(
    job: &mut Job<'_>,
    population: &str,
    standard: &Standard,
    made: &mut Population,
) -> Option<(String, Vec<(String, f64)>)> {
    let message = format!(
        "population '{population}': the exponential term and the adaptation of BrainScaleS-2 have no public calibration"
    );
    job.cannot(
        unsupported(message).help("--lossy writes the circuit with both turned on, to be set by hand"),
    );
    let on = [
        "threshold_enable",
        "excitatory_input_enable",
        "excitatory_input_enable_coba_mode",
        "inhibitory_input_enable",
        "inhibitory_input_enable_coba_mode",
        "exponential_enable",
        "adaptation_enable",
        "adaptation_enable_pulse",
    ];
    made.parameters.extend(on.map(|name| Named { name: name.to_string(), value: "True".to_string() }));
    made.wanted =
        standard.parameters.iter().map(|(name, values)| format!("{name} = {}", rounded(values[0]))).collect();
    Some(("HXNeuron".to_string(), vec![("membrane_capacitance_capacitance".to_string(), 63.0)]))
}

/// `value`, or the nearest one that the chip can be set to: then that is said.
fn legal(job: &mut Job<'_>, chip: &Chip, population: &str, name: &str, value: f64) -> f64 {
    let Some(range) = chip.ranges.iter().find(|r| r.name == name) else { return value };
    if range.holds(value) {
        return value;
    }
    let nearest = range.nearest(value);
    let message = format!(
        "population '{population}': {name} = {value} {unit}; {chip} takes {least} to {greatest} {unit}, the nearest is {nearest}",
        unit = range.unit,
        chip = chip.name,
        least = range.least,
        greatest = range.greatest,
    );
    job.cannot(unsupported(message));
    nearest
}

fn wire(
    job: &mut Job<'_>,
    chip: &Chip,
    network: &Network,
    called: &[String],
    names: &mut Names,
    script: &mut Script,
) {
    // One step for all weights of a unit: the chip has one strength of synapses.
    let weights: Vec<f64> =
        network.projections.iter().flat_map(|w| w.rows.iter().map(|r| r.weight)).collect();
    let (step, steps) = quantised(&weights, chip.weight);
    let is_conductance =
        network.populations.iter().any(|c| matches!(&c.kind, Kind::Standard(s) if s.name.contains("cond")));
    script.steps = format!("{step:.4e} {}", if is_conductance { "uS" } else { "nA" });
    let lost = weights.iter().zip(&steps).filter(|(w, s)| **w != 0.0 && **s == 0).count();
    if lost > 0 {
        job.cannot(unsupported(format!(
            "{lost} weights are below half a step ({:e}) of {} and would be 0",
            step / 2.0,
            chip.name
        )));
    }
    let worst = weights.iter().zip(&steps).filter(|(w, _)| **w != 0.0);
    let worst = worst.map(|(w, s)| (f64::from(*s) * step / w.abs() - 1.0).abs()).fold(0.0, f64::max);
    job.out.differences.push(format!(
        "weights are whole steps, 0 to {}: the largest error is {:.1} %; how strong a step is, the chip's calibration says",
        chip.weight,
        worst * 100.0
    ));
    let mut fan_in: std::collections::BTreeMap<(usize, u32), usize> = std::collections::BTreeMap::new();
    let mut delayed = 0.0_f64;
    let mut next = steps.into_iter();
    for wired in &network.projections {
        let rows: Vec<(u32, u32, u32, f64)> =
            wired.rows.iter().map(|r| (r.pre, r.post, next.next().unwrap_or(0), r.delay)).collect();
        if called[wired.source].is_empty() || called[wired.target].is_empty() {
            continue;
        }
        if wired.plasticity.is_some() {
            job.cannot(unsupported(format!(
                "projection '{}': plasticity is a program of the chip's own processor, which is not written here",
                wired.label
            )));
        }
        let sign = if wired.receptor == "inhibitory" && chip.name == BSS2.name { "-" } else { "" };
        let name = names.claim(&wired.label);
        let file = format!("{name}.csv");
        let mut text = String::new();
        for (pre, post, weight, delay) in rows {
            *fan_in.entry((wired.target, post)).or_default() += 1;
            delayed = delayed.max(delay);
            if weight == 0 {
                continue;
            }
            if chip.name == BSS2.name {
                text.push_str(&format!("{pre},{post},{sign}{weight}\n"));
            } else {
                text.push_str(&format!(
                    "{pre},{post},{},{}\n",
                    rounded(f64::from(weight) * step),
                    rounded(delay)
                ));
            }
        }
        job.out.text(file.clone(), text);
        let source = network.population(wired.source);
        script.projections.push(Projection {
            name,
            label: label(&wired.label),
            source: called[wired.source].clone(),
            target: called[wired.target].clone(),
            receptor: wired.receptor.to_string(),
            compartment: wired.compartment.clone(),
            file,
            from_spikes: source.is_some_and(|cells| matches!(cells.kind, Kind::Spikes(_))),
        });
    }
    if let Some(((population, cell), n)) =
        fan_in.into_iter().max_by_key(|(_, n)| *n).filter(|(_, n)| *n > chip.fan_in)
    {
        job.cannot(unsupported(format!(
            "{}[{cell}] has {n} synapses; a neuron of {} has {}",
            job.model.populations[population].name, chip.name, chip.fan_in
        )));
    }
    if delayed > 0.0 {
        job.cannot(unsupported(format!(
            "delays of up to {delayed} ms: {} has none that can be set",
            chip.name
        )));
    }
    for current in &network.currents {
        job.cannot(unsupported(format!(
            "stimulus '{}': currents are not injected on {}",
            current.label, chip.name
        )));
    }
}

/// The two potentials that the fast converter can follow.
fn record(
    job: &mut Job<'_>,
    network: &Network,
    traces: Vec<(usize, usize, String)>,
    called: &[String],
    script: &mut Script,
) {
    let mut wanted: Vec<(usize, usize, String)> = network
        .recordings
        .iter()
        .filter(|r| r.variables.iter().any(|v| v == "v"))
        .flat_map(|r| r.cells.iter().map(|c| (r.population, *c, String::new())))
        .collect();
    wanted.extend(traces);
    if wanted.len() > bss2::TRACES {
        job.cannot(unsupported(format!(
            "{} recorded potentials; the converter of BrainScaleS-2 follows {}",
            wanted.len(),
            bss2::TRACES
        )));
    }
    for (population, cell, compartment) in wanted.into_iter().take(bss2::TRACES) {
        script.recordings.push(Recording { population: called[population].clone(), cell, compartment });
    }
}

/// Lays out the cells with a shape; what can't be goes to [`Job::cannot`] later, as no standard cell.
fn lay_out(
    job: &mut Job<'_>,
    chains: &mut BTreeMap<usize, Chain>,
    shaped: &mut BTreeMap<usize, Option<Shaped>>,
) -> Result<()> {
    let model = job.model;
    let draws = Draws::of(model);
    for (index, population) in model.populations.iter().enumerate() {
        let PopulationCell::Cable(cell) = &population.cell else { continue };
        let mut told = Vec::new();
        let class: String = format!("{}Cell", super::names::identifier(&population.name));
        let made = chain(cell, &class, &mut |error| told.push(error));
        let made = made.and_then(|chain| {
            let receptors: Result<Vec<_>> = cell.synapses.iter().map(receptor_of).collect();
            let places = (0..population.size).map(|at| {
                let draw = |synapse: usize| draws.at((index, at), Use::Synapse(synapse));
                places(cell, &chain, &draw)
            });
            let places: Result<Vec<_>> = places.collect();
            Ok((Shaped { receptors: receptors?, places: places? }, chain))
        });
        match made {
            Ok((cells, chain)) => {
                shaped.insert(index, Some(cells));
                chains.insert(index, chain);
                job.out.differences.push(format!(
                    "population '{}': the settings of its compartments have to be found on the chip; the script says the time \
                     constants that are wanted",
                    population.name
                ));
            }
            Err(error) => {
                shaped.insert(index, None);
                told.push(error);
            }
        }
        for error in told {
            job.cannot(error.in_element(format!("population '{}'", population.name)));
        }
    }
    Ok(())
}

/// The compartments of the points of each synapse of a cell.
fn places(
    cell: &CableCell,
    chain: &Chain,
    draw: &dyn Fn(usize) -> crate::select::Draw,
) -> Result<Vec<Vec<String>>> {
    let plan = CellPlan::new(cell, &[])?;
    let cable = Cable::new(&cell.morphology, &plan.geometry);
    let of_synapse = |(at, synapse): (usize, &crate::model::Placed)| -> Result<Vec<String>> {
        let locations = synapse.points.evaluate(&cable, &draw(at))?;
        Ok(locations.into_iter().map(|l| label_at(chain, &plan, l).to_string()).collect())
    };
    cell.synapses.iter().enumerate().map(of_synapse).collect()
}

/// Recorded potentials of cells with a shape: population, cell, compartment.
fn traces(job: &Job<'_>, chains: &BTreeMap<usize, Chain>) -> Result<Vec<(usize, usize, String)>> {
    let model = job.model;
    let draws = Draws::of(model);
    let mut found = Vec::new();
    for (at, recording) in model.recordings.iter().enumerate() {
        let population = recording.population;
        let (Some(chain), PopulationCell::Cable(cell)) =
            (chains.get(&population), &model.populations[population].cell)
        else {
            continue;
        };
        let points: &Points = match &recording.site {
            Site::Points(points) if recording.variables.iter().any(|v| v == "v") => points,
            _ => continue,
        };
        let plan = CellPlan::new(cell, &[])?;
        let cable = Cable::new(&cell.morphology, &plan.geometry);
        for index in recording.cells.indices(model.populations[population].size) {
            let draw = draws.at((population, index), Use::Recording(at));
            for location in points.evaluate(&cable, &draw)? {
                found.push((population, index, label_at(chain, &plan, location).to_string()));
            }
        }
    }
    Ok(found)
}
