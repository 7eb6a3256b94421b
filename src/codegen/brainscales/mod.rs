//! The analog chips: BrainScaleS-2, BrainScaleS-1, Spikey. Nothing of theirs can be run here: what is made is checked
//! against the tables of [`hardware::brainscales`](crate::hardware::brainscales), and says so.

mod shaped;
mod tree;

use std::collections::BTreeMap;

use serde::Serialize;

use super::names::Names;
use super::points::{Kind, Network};
use super::python::{KEYWORDS, label};
use super::rows::{self, Cell, push};
use super::standard::Standard;
use super::units::rounded;
use super::{Job, Target, unsupported};
use crate::error::Result;
use crate::hardware::brainscales::{Range, bss1, bss2, quantised, spikey};
use shaped::{lay_out, traces};
use tree::{Tree, readable, within};

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
    trees: Vec<Tree>,
}

#[derive(Serialize)]
struct Population {
    name: String,
    label: String,
    size: usize,
    model: String,
    is_tree: bool,
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
    /// Potentials that neighbours share.
    shared: &'static [&'static str],
}

const BSS2: Chip = Chip {
    name: "BrainScaleS-2",
    template: "brainscales2/run.py",
    neurons: bss2::CIRCUITS,
    fan_in: bss2::FAN_IN,
    weight: bss2::WEIGHT,
    ranges: bss2::CALIBRATED,
    shared: &[],
};
const BSS1: Chip = Chip {
    name: "BrainScaleS-1",
    template: "brainscales1/run.py",
    neurons: bss1::NEURONS,
    fan_in: usize::MAX,
    weight: bss1::WEIGHT,
    ranges: bss1::CALIBRATED,
    shared: &["v_reset"],
};
const SPIKEY: Chip = Chip {
    name: "Spikey",
    template: "spikey/run.py",
    neurons: spikey::NEURONS,
    fan_in: spikey::INPUTS,
    weight: spikey::WEIGHT,
    ranges: spikey::RANGES,
    shared: &["v_reset", "v_rest", "e_rev_I"],
};

/// Writes the script of `target` and its data.
pub(super) fn generate(job: &mut Job<'_>, target: Target) -> Result<()> {
    let chip = match target {
        Target::BrainScaleS1 => &BSS1,
        Target::Spikey => &SPIKEY,
        _ => &BSS2,
    };
    let mut trees = BTreeMap::new();
    let mut shaped = BTreeMap::new();
    if chip.name == BSS2.name {
        lay_out(job, &mut trees, &mut shaped)?;
    }
    let network = Network::with_shaped(job, &shaped)?;
    let model = job.model;
    let window = Window::of(&network, &trees);
    in_counts(job, &mut trees, window);
    let speed_up = if chip.name == BSS2.name { bss2::SPEED_UP } else { 1.0 };
    let mut names = Names::new(&[KEYWORDS, OWN].concat());
    let mut called = vec![String::new(); model.populations.len()];
    let mut script = Script {
        title: model.name.clone(),
        made_by: job.made_by(),
        speed_up,
        low_mv: readable(window.low),
        high_mv: readable(window.high),
        low_counts: bss2::COUNTS[0],
        high_counts: bss2::COUNTS[1],
        steps: String::new(),
        duration: rounded(model.run.duration_s * 1e3 / speed_up),
        populations: Vec::new(),
        projections: Vec::new(),
        recordings: Vec::new(),
        trees: trees.values().cloned().collect(),
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
            is_tree: false,
            wanted: Vec::new(),
            file: String::new(),
            parameters: Vec::new(),
        };
        match &cells.kind {
            Kind::Spikes(times) => {
                made.file = format!("{name}_spikes.csv");
                let on_chip = |times: &Vec<f64>| times.iter().map(|t| rounded(t / speed_up)).collect();
                let times: Vec<Vec<f64>> = times.iter().map(on_chip).collect();
                job.out.text(made.file.clone(), rows::spikes("", &times));
            }
            Kind::Own(_) => continue,
            Kind::Shaped(_) => {
                let Some(tree) = trees.get(&cells.index) else { continue };
                neurons += cells.size * tree.circuits;
                made.model.clone_from(&tree.class);
                made.is_tree = true;
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
    shared(job, chip, &network);
    if neurons > chip.neurons {
        job.cannot(unsupported(format!("{neurons} neurons; {} has {}", chip.name, chip.neurons)));
    }
    wire(job, chip, &network, &trees, (&called, &mut names), &mut script);
    if chip.name == BSS2.name {
        let traces = traces(job, &trees)?;
        record(job, &network, traces, &called, &mut script);
    }
    job.out.differences.push("checked against tables of ranges, not run".to_string());
    let text = job.fill(chip.template, &script)?;
    job.out.text("run.py", text);
    job.out.command = "python run.py".to_string();
    Ok(())
}

/// Tells of potentials that differ between populations, where neurons of a chip share them.
fn shared(job: &mut Job<'_>, chip: &Chip, network: &Network) {
    for name in chip.shared {
        let standard = network.populations.iter().filter_map(|cells| match &cells.kind {
            Kind::Standard(standard) => Some(standard),
            _ => None,
        });
        let values = standard.flat_map(|s| &s.parameters).filter(|(n, _)| n == name).flat_map(|(_, v)| v);
        let (low, high) = values.fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
        if low < high {
            job.out.differences.push(format!(
                "{name} is {low} to {high} mV: neurons that lie side by side on {} share one value, such as the mean",
                chip.name
            ));
        }
    }
}

/// The range of potentials of all cells, mV: the lowest resting or reset potential, the highest threshold.
#[derive(Clone, Copy)]
struct Window {
    low: f64,
    high: f64,
}

impl Window {
    fn of(network: &Network, trees: &BTreeMap<usize, Tree>) -> Window {
        let mut window = Window { low: f64::INFINITY, high: f64::NEG_INFINITY };
        for cells in &network.populations {
            let Kind::Standard(standard) = &cells.kind else { continue };
            for (name, values) in &standard.parameters {
                let (low, high) =
                    values.iter().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
                match name.as_str() {
                    "v_rest" | "v_reset" => window.low = window.low.min(low),
                    "v_thresh" => window.high = window.high.max(high),
                    _ => {}
                }
            }
        }
        for compartment in trees.values().flat_map(|tree| &tree.compartments) {
            if let Some(firing) = compartment.firing {
                window.low = window.low.min(compartment.leak).min(firing.reset);
                window.high = window.high.max(firing.threshold);
            }
        }
        if window.low < window.high { window } else { Window { low: -65.0, high: -50.0 } }
    }

    /// A potential in counts of the converter.
    fn counts(self, mv: f64) -> f64 {
        let share = (mv - self.low) / (self.high - self.low);
        (bss2::COUNTS[0] + share * (bss2::COUNTS[1] - bss2::COUNTS[0])).round()
    }
}

/// The potentials of cells with a shape in counts, within their ranges.
fn in_counts(job: &mut Job<'_>, trees: &mut BTreeMap<usize, Tree>, window: Window) {
    for (population, tree) in trees {
        for compartment in &mut tree.compartments {
            let label = &compartment.label;
            let mut counts = |name: &str, mv: f64| {
                let what =
                    format!("population '{}': {name} of {label}", job.model.populations[*population].name);
                let counts = window.counts(mv);
                bss2::range(name).map_or(counts, |range| within(&what, counts, range, &mut |e| job.cannot(e)))
            };
            compartment.leak = counts("v_rest", compartment.leak);
            if let Some(firing) = &mut compartment.firing {
                firing.threshold = counts("v_thresh", firing.threshold);
                firing.reset = counts("v_reset", firing.reset);
            }
        }
    }
}

/// The chip's cell and its parameters.
fn cell(
    job: &mut Job<'_>,
    chip: &Chip,
    population: &str,
    standard: &Standard,
    window: Window,
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
            ("BrainScaleS-2", "v_rest" | "v_reset" | "v_thresh" | "e_rev_E" | "e_rev_I") => {
                window.counts(value)
            }
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
        // An adaptation that is turned off needs no range.
        let scaled = match (chip.name, name.as_str()) {
            ("BrainScaleS-1", "a" | "b") if value != 0.0 => {
                bss1::adaptation(one("cm").unwrap_or(1.0)).into_iter().find(|range| range.name == name)
            }
            _ => None,
        };
        let range = scaled.as_ref().or_else(|| chip.ranges.iter().find(|range| range.name == name));
        let held = range.map_or(value, |range| legal(job, chip, population, value, range));
        parameters.push((name.clone(), held));
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
fn legal(job: &mut Job<'_>, chip: &Chip, population: &str, value: f64, range: &Range) -> f64 {
    let name = range.name;
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

/// How large the cells are, that weights are relative to.
struct Sizes {
    /// Capacitance of the cells of a population, nF.
    own: BTreeMap<usize, f64>,
    /// That for which weights keep their values, nF.
    of_all: f64,
}

impl Sizes {
    fn of(chip: &Chip, network: &Network, trees: &BTreeMap<usize, Tree>) -> Sizes {
        let mut own: BTreeMap<usize, f64> =
            trees.iter().map(|(at, tree)| (*at, tree.capacitance_f * 1e9)).collect();
        for cells in &network.populations {
            let Kind::Standard(standard) = &cells.kind else { continue };
            let cm = standard.parameters.iter().find(|(name, _)| name == "cm");
            own.extend(cm.and_then(|(_, values)| values.first()).map(|cm| (cells.index, *cm)));
        }
        let of_all = match chip.name {
            // The mapping of BrainScaleS-1 knows capacitances.
            "BrainScaleS-1" => {
                own.clear();
                1.0
            }
            "Spikey" => spikey::CAPACITANCE_NF,
            _ => own.values().copied().fold(0.0, f64::max),
        };
        Sizes { own, of_all }
    }

    /// By what weights onto a population are to be multiplied for the same effect.
    fn factor(&self, population: usize) -> f64 {
        self.own.get(&population).filter(|cm| **cm > 0.0).map_or(1.0, |cm| self.of_all / cm)
    }
}

fn wire(
    job: &mut Job<'_>,
    chip: &Chip,
    network: &Network,
    trees: &BTreeMap<usize, Tree>,
    (called, names): (&[String], &mut Names),
    script: &mut Script,
) {
    // One step for all weights of a unit: the chip has one strength of synapses, and one capacitance, whatever that of the cell.
    let sizes = Sizes::of(chip, network, trees);
    let weights: Vec<f64> = network
        .projections
        .iter()
        .flat_map(|w| w.rows.iter().map(|r| r.weight * sizes.factor(w.target)))
        .collect();
    let (step, steps) = quantised(&weights, chip.weight);
    let is_conductance = network.populations.iter().any(|c| match &c.kind {
        Kind::Standard(standard) => standard.name.contains("cond"),
        kind => matches!(kind, Kind::Shaped(_)),
    });
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
            push(&mut text, Cell::Index(pre as usize));
            text.push(',');
            push(&mut text, Cell::Index(post as usize));
            text.push(',');
            if chip.name == BSS2.name {
                text.push_str(sign);
                push(&mut text, Cell::Index(weight as usize));
            } else {
                push(&mut text, Cell::Number(rounded(f64::from(weight) * step)));
                text.push(',');
                push(&mut text, Cell::Number(rounded(delay)));
            }
            text.push('\n');
        }
        job.out.text(file.clone(), text);
        let source = network.population(wired.source);
        script.projections.push(Projection {
            name,
            label: label(&wired.label),
            source: called[wired.source].clone(),
            target: called[wired.target].clone(),
            receptor: wired.receptor.clone(),
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
