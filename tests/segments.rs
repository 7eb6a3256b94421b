//! Run, run again, reset, change: line by line what `docs/networks.md` says is kept.

mod common;

use std::ops::ControlFlow;

use common::sim::model;
use neuropil::engine::{Memory, Options, Simulation};
use neuropil::model::{Model, PopulationCell, Value};

fn until(simulation: &mut Simulation, time_ms: f64) -> Memory {
    let mut memory = Memory::default();
    simulation.run_until(time_ms * 1e-3, &mut memory, &mut |_| ControlFlow::Continue(())).unwrap();
    memory
}

fn simulation(model: &Model) -> Simulation {
    Simulation::new(model, &Options { threads: 1, ..Options::default() }).unwrap_or_else(|e| panic!("{e}"))
}

fn bits(memory: &Memory) -> (Vec<Vec<u64>>, Vec<(u64, u32)>) {
    let tables = memory.tables.iter().map(|t| t.iter().map(|x| x.to_bits()).collect());
    (tables.collect(), memory.spikes.iter().map(|s| (s.time_s.to_bits(), s.cell)).collect())
}

fn joined(mut first: Memory, second: &Memory) -> Memory {
    first.tables.iter_mut().zip(&second.tables).for_each(|(a, b)| a.extend(b));
    first.spikes.extend(&second.spikes);
    first
}

/// Cells with and without a shape at steps of their own, noise, random spikes, short-term and lasting plasticity.
fn zoo(method: &str) -> String {
    format!(
        r#"
seed = 3
temperature = "20 degC"
run = {{ duration = "60 ms", dt = "0.05 ms", method = "{method}" }}
[cell.cable]
morphology = {{ sections = [
    {{ name = "soma", kind = "soma", length = "20 um", diameter = "20 um" }},
    {{ name = "dend", kind = "dendrite", parent = "soma", length = "300 um", diameter = ["3 um", "1 um"] }},
] }}
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
initial_v = "-65 mV"
discretisation = {{ max_length = "30 um" }}
spike = {{ at = "soma", threshold = "-10 mV" }}
channels.pas = {{ on = "all", g = "0.1 mS/cm2", reversal = "-65 mV" }}
channels.na = {{ on = "soma", g = "120 mS/cm2", reversal = "50 mV" }}
channels.kdr = {{ on = "soma", g = "36 mS/cm2", reversal = "-77 mV" }}
channels.cal = {{ on = "dend", g = "0.5 mS/cm2", reversal = "nernst" }}
ions.ca = {{ pool = "ca_pool_cortex", on = "dend", inside = "50 nM", outside = "2 mM" }}
synapses.in = {{ synapse = "AMPA", at = "dend(0.5)" }}
[cell.point]
neuron = "IF_cond_exp"
v_rest = -60
[population.cables]
cell = "cable"
size = 3
[population.points]
cell = "point"
size = 6
dt = "0.1 ms"
initial_v = "-62 mV"
[population.noise]
size = 6
poisson = {{ rate = "200 Hz" }}
[[stimulus]]
name = "hiss"
kind = "noise"
population = "cables"
at = "soma"
start = "1 ms"
stop = "50 ms"
mean = "0.3 nA"
standard_deviation = "0.2 nA"
interval = "0.2 ms"
[[projection]]
name = "drive"
from = "noise"
to = "points"
synapse = "excitatory"
connector = "all_to_all"
weight = "0.012 uS"
delay = {{ uniform = ["1 ms", "3 ms"] }}
[[projection]]
name = "up"
from = "points"
to = "cables"
synapse = "in"
connector = "all_to_all"
weight = {{ uniform = [2, 6] }}
delay = {{ uniform = ["1 ms", "9 ms"] }}
[[projection]]
name = "learning"
from = "points"
to = "points"
synapse = "excitatory"
connector = "all_to_all"
weight = "0.003 uS"
delay = {{ uniform = ["0.3 ms", "2 ms"] }}
plasticity = {{ rule = "stdp_additive", w_max = "0.006 uS", A_plus = 0.1, A_minus = 0.05 }}
[[record]]
population = "cables"
at = "soma | dend(0.5)"
variables = ["v"]
[[record]]
population = "points"
variables = ["v", "gsyn_exc"]
[[record]]
projection = "learning"
variables = ["w"]
every = "1 ms"
"#
    )
}

const METHODS: [&str; 2] = ["backward_euler", "crank_nicolson"];

#[test]
fn after_a_reset_everything_runs_as_at_first() {
    for method in METHODS {
        let mut simulation = simulation(&model(&zoo(method)));
        let first = until(&mut simulation, 60.0);
        assert!(first.spikes.iter().filter(|s| s.cell < 9).count() > 10, "{} spikes", first.spikes.len());
        let n = simulation.n_spikes();
        for stop_ms in [60.0, 13.05] {
            simulation.reset();
            assert_eq!((simulation.time_s(), simulation.n_spikes()), (0.0, 0));
            let part = until(&mut simulation, stop_ms);
            assert!(!part.spikes.is_empty());
        }
        simulation.reset();
        assert!(bits(&until(&mut simulation, 60.0)) == bits(&first), "{method}");
        assert_eq!(simulation.n_spikes(), n);
    }
}

#[test]
fn a_change_of_nothing_changes_nothing() {
    for method in METHODS {
        let model = model(&zoo(method));
        let whole = until(&mut simulation(&model), 60.0);
        for change_ms in [20.0, 31.05] {
            let mut simulation = simulation(&model);
            let before = until(&mut simulation, change_ms);
            simulation.change(&model).unwrap_or_else(|e| panic!("{e}"));
            let both = joined(before, &until(&mut simulation, 60.0));
            assert!(bits(&both) == bits(&whole), "{method}, {change_ms}");
        }
    }
}

#[test]
fn populations_whose_groups_part_keep_their_states() {
    let mut model = model(&zoo("backward_euler"));
    let whole = until(&mut simulation(&model), 60.0);
    let mut simulation = simulation(&model);
    let before = until(&mut simulation, 20.0);
    // Another group size: everything lies elsewhere. The same numbers as parameters that differ.
    model.populations[1].parameters.push(("tau_refrac".into(), vec![0.1e-3; 6]));
    simulation.change(&model).unwrap_or_else(|e| panic!("{e}"));
    let both = joined(before, &until(&mut simulation, 60.0));
    assert_eq!(bits(&both).1, bits(&whole).1);
    for (a, b) in both.tables.iter().zip(&whole.tables) {
        assert_eq!(a.len(), b.len());
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-9 * b.abs().max(1e-3)));
    }
}

/// One leaky cell: 1 nF, 20 ms, at rest at -65 mV.
const LEAKY: &str = r#"
temperature = "20 degC"
run = { duration = "100 ms", dt = "0.1 ms" }
[cell.leaky]
neuron = "IF_curr_exp"
v_thresh = 0
[population.leaky]
cell = "leaky"
initial_v = "-50 mV"
[population.source]
spike_times = ["9.5 ms", "30 ms"]
[[stimulus]]
kind = "dc"
population = "leaky"
amplitude = "0 nA"
[[projection]]
name = "in"
from = "source"
to = "leaky"
synapse = "excitatory"
connector = "all_to_all"
weight = "0 nA"
delay = "2 ms"
[[record]]
population = "leaky"
variables = ["v"]
"#;

/// The potential at `time_ms`, mV.
fn v(memory: &Memory, time_ms: f64) -> f64 {
    let row = memory.tables[0].chunks(2).find(|row| (row[0] * 1e3 - time_ms).abs() < 1e-6);
    row.unwrap_or_else(|| panic!("no row of {time_ms} ms"))[1] * 1e3
}

fn near(got: f64, want: f64) {
    assert!((got - want).abs() < 1e-7, "{got}, not {want}");
}

/// 1 nF and 20 ms: 20 Mohm.
fn leak(from: f64, to: f64, ms: f64, tau_ms: f64) -> f64 {
    to + (from - to) * (-ms / tau_ms).exp()
}

#[test]
fn parameters_and_currents_hold_from_the_moment_of_the_change() {
    let mut simulation = simulation(&model(LEAKY));
    let first = until(&mut simulation, 10.0);
    let at_10 = leak(-50.0, -65.0, 10.0, 20.0);
    near(v(&first, 10.0), at_10);
    simulation.change(&model(&LEAKY.replace("v_thresh = 0", "v_thresh = 0\ntau_m = 5"))).unwrap();
    let second = until(&mut simulation, 20.0);
    // The moment of the change is recorded once.
    assert!((second.tables[0][0] - 10.1e-3).abs() < 1e-12);
    let at_20 = leak(at_10, -65.0, 10.0, 5.0);
    near(v(&second, 20.0), at_20);
    simulation.change(&model(&LEAKY.replace("\"0 nA\"\n[[projection", "\"0.5 nA\"\n[[projection"))).unwrap();
    let third = until(&mut simulation, 40.0);
    near(v(&third, 20.1), leak(at_20, -55.0, 0.1, 20.0));
    near(v(&third, 40.0), leak(at_20, -55.0, 20.0, 20.0));
    // Parameters and currents outlast a reset, and so does the potential at the start.
    simulation.reset();
    near(v(&until(&mut simulation, 40.0), 40.0), leak(-50.0, -55.0, 40.0, 20.0));
}

#[test]
fn initial_values_count_from_the_next_reset_on() {
    let mut simulation = simulation(&model(LEAKY));
    until(&mut simulation, 10.0);
    simulation.change(&model(&LEAKY.replace("initial_v = \"-50 mV\"", "initial_v = \"-70 mV\""))).unwrap();
    near(v(&until(&mut simulation, 20.0), 20.0), leak(-50.0, -65.0, 20.0, 20.0));
    simulation.reset();
    near(v(&until(&mut simulation, 20.0), 20.0), leak(-70.0, -65.0, 20.0, 20.0));
}

/// Cells whose potential steps by the weight, without leak to speak of.
fn counter(weight_mv: f64, delay_ms: f64, times: &str) -> String {
    LEAKY
        .replace("neuron = \"IF_curr_exp\"", "neuron = \"IF_curr_delta\"\ntau_m = 1e12")
        .replace("-50 mV", "-65 mV")
        .replace("weight = \"0 nA\"", &format!("weight = \"{weight_mv} mV\""))
        .replace("\"2 ms\"", &format!("\"{delay_ms} ms\""))
        .replace("\"9.5 ms\", \"30 ms\"", times)
}

#[test]
fn spikes_on_their_way_keep_weight_and_delay_and_later_ones_have_the_new() {
    let times = "\"9.5 ms\", \"30 ms\"";
    let mut simulation = simulation(&model(&counter(1.0, 2.0, times)));
    near(v(&until(&mut simulation, 10.0), 10.0), -65.0);
    simulation.change(&model(&counter(4.0, 5.0, times))).unwrap();
    let memory = until(&mut simulation, 50.0);
    // Sent before the change: 1 mV at 11.5 ms. After it: 4 mV at 35 ms.
    let want = [(11.4, -65.0), (11.5, -64.0), (34.9, -64.0), (35.0, -60.0), (50.0, -60.0)];
    want.iter().for_each(|&(time_ms, want)| near(v(&memory, time_ms), want));
}

#[test]
fn given_spikes_may_change_for_the_time_to_come() {
    let mut simulation = simulation(&model(&counter(1.0, 2.0, "\"9.5 ms\", \"30 ms\"")));
    until(&mut simulation, 10.0);
    // One in the past is not sent any more; the one of 9.5 ms is on its way though it is no longer there.
    simulation.change(&model(&counter(1.0, 2.0, "\"3 ms\", \"10 ms\", \"20 ms\""))).unwrap();
    let memory = until(&mut simulation, 50.0);
    let want = [(11.4, -65.0), (11.5, -64.0), (11.9, -64.0), (12.0, -63.0), (22.0, -62.0), (50.0, -62.0)];
    want.iter().for_each(|&(time_ms, want)| near(v(&memory, time_ms), want));
    let spikes: Vec<f64> = memory.spikes.iter().map(|s| (s.time_s * 1e6).round() / 1e3).collect();
    assert_eq!(spikes, [10.0, 20.0]);
}

#[test]
fn what_is_recorded_may_change() {
    let mut simulation = simulation(&model(LEAKY));
    until(&mut simulation, 10.0);
    let text =
        LEAKY.replace("variables = [\"v\"]", "variables = [\"v\"]\nevery = \"0.4 ms\"\nfile = \"other\"");
    simulation.change(&model(&text)).unwrap();
    let memory = until(&mut simulation, 20.0);
    assert_eq!(simulation.tables()[0].file, "other");
    // Multiples of 0.4 ms after 10 ms.
    assert!((memory.tables[0][0] - 10.4e-3).abs() < 1e-12);
    assert_eq!(memory.tables[0].len(), 2 * 25);
    near(v(&memory, 20.0), leak(-50.0, -65.0, 20.0, 20.0));
}

#[test]
fn cells_with_a_shape_keep_their_potential_and_gates() {
    let passive = |g: &str| {
        format!(
            r#"
temperature = "20 degC"
run = {{ duration = "40 ms", dt = "0.001 ms", method = "crank_nicolson" }}
[cell.ball]
morphology = {{ sections = [{{ name = "soma", kind = "soma", length = "20 um", diameter = "20 um" }}] }}
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
initial_v = "-50 mV"
discretisation = 1
channels.pas = {{ on = "all", g = "{g} mS/cm2", reversal = "-65 mV" }}
[population.ball]
cell = "ball"
[[record]]
at = "soma"
variables = ["v"]
"#
        )
    };
    // 1 uF/cm2: 20 ms, then 5 ms.
    let mut simulation = simulation(&model(&passive("0.05")));
    until(&mut simulation, 10.0);
    simulation.change(&model(&passive("0.2"))).unwrap();
    let got = v(&until(&mut simulation, 20.0), 20.0);
    let want = leak(leak(-50.0, -65.0, 10.0, 20.0), -65.0, 10.0, 5.0);
    assert!((got - want).abs() < 1e-6, "{got}, not {want}");
}

/// The weights at the last sample.
fn weights(memory: &Memory) -> Vec<f64> {
    let table = &memory.tables[2];
    table[table.len() - 36..].to_vec()
}

#[test]
fn learned_weights_are_kept_unless_they_are_set_or_reset() {
    let model = model(&zoo("backward_euler"));
    let set = |weight: f64| {
        let mut model = model.clone();
        let learning = model.projections.iter_mut().find(|p| p.name == "learning").unwrap();
        learning.weight = match learning.weight {
            Value::Constant(now) => Value::Constant(now * weight),
            _ => panic!("a constant"),
        };
        model
    };
    let mut simulation = simulation(&model);
    let at_start = weights(&until(&mut simulation, 0.1));
    let learned = weights(&until(&mut simulation, 30.0));
    assert!(learned.iter().zip(&at_start).filter(|(a, b)| a != b).count() > 10);
    // Another rate of learning does not touch what was learned.
    let mut slower = model.clone();
    let rule = slower.projections.iter_mut().find(|p| p.name == "learning").unwrap().rule.as_mut().unwrap();
    let dynamics = std::sync::Arc::make_mut(&mut rule.dynamics);
    for parameter in dynamics.parameters.iter_mut().filter(|p| p.name == "A_plus" || p.name == "A_minus") {
        parameter.value = 0.0;
    }
    simulation.change(&slower).unwrap();
    assert_eq!(weights(&until(&mut simulation, 40.0)), learned);
    // New weights replace it.
    simulation.change(&set(0.5)).unwrap();
    let new = weights(&until(&mut simulation, 41.0));
    let unmoved = new.iter().zip(&at_start).filter(|(new, start)| **new == 0.5 * **start).count();
    assert!(unmoved > 20, "{unmoved}: {new:?}");
    // And a reset goes back to the start.
    simulation.change(&model).unwrap();
    simulation.reset();
    assert_eq!(weights(&until(&mut simulation, 0.1)), at_start);
}

#[test]
fn what_cannot_change_under_way_is_refused_and_leaves_the_simulation_as_it_was() {
    let model = model(&zoo("backward_euler"));
    let whole = until(&mut simulation(&model), 60.0);
    let mut simulation = simulation(&model);
    let before = until(&mut simulation, 20.0);
    let mut refused = |words: &[&str], change: &dyn Fn(&mut Model)| {
        let mut other = model.clone();
        change(&mut other);
        let error = simulation.change(&other).expect_err("refused").to_string();
        assert!(words.iter().all(|word| error.contains(word)) && error.contains("reset"), "{error}");
    };
    refused(&["populations"], &|m| m.populations[1].name = "others".into());
    refused(&["time step", "'points'"], &|m| m.populations[1].dt_s = Some(0.05e-3));
    refused(&["seed"], &|m| m.seed = 4);
    refused(&["method"], &|m| m.run.method = neuropil::model::Method::CrankNicolson);
    refused(&["shape", "'cables'"], &|m| {
        let PopulationCell::Cable(cell) = &mut m.populations[0].cell else { panic!("a shape") };
        let cell = std::sync::Arc::make_mut(cell);
        cell.discretisation.rules.push((neuropil::select::Region::All, neuropil::model::Rule::PerSection(3)));
    });
    let both = joined(before, &until(&mut simulation, 60.0));
    assert!(bits(&both) == bits(&whole));
    // Before the first step of a new segment everything may change.
    simulation.reset();
    let mut other = model.clone();
    (other.seed, other.populations[1].dt_s) = (4, Some(0.05e-3));
    simulation.change(&other).unwrap();
    assert_eq!(bits(&until(&mut simulation, 60.0)), bits(&until(&mut self::simulation(&other), 60.0)));
}
