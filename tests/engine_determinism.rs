//! The same bits, however the work is split.

mod common;

use common::sim::{Run, model, run_model};
use neuropil::bench::{self, Workload};
use neuropil::engine::Options;
use neuropil::model::{Method, Model};
use neuropil::simd::Level;

/// Times and values as bits.
fn bits(run: &Run) -> (Vec<Vec<u64>>, Vec<(u64, u32)>) {
    let tables = run.memory.tables.iter().map(|t| t.iter().map(|x| x.to_bits()).collect());
    let spikes = run.memory.spikes.iter().map(|s| (s.time_s.to_bits(), s.cell));
    (tables.collect(), spikes.collect())
}

/// Runs `model` in every way and wants the same of each; gives what came out.
fn same_in_every_way(model: &Model) -> Run {
    let first = run_model(model, &Options { threads: 1, level: Level::Portable, group_size: 8192 });
    assert!(first.memory.spikes.len() > 10, "only {} spikes", first.memory.spikes.len());
    let want = bits(&first);
    for level in Level::available() {
        for (threads, group_size) in [(1, 8192), (2, 100), (4, 1), (4, 30)] {
            let options = Options { threads, level, group_size };
            let got = bits(&run_model(model, &options));
            assert!(got.1 == want.1, "spikes differ with {options:?}");
            for (table, (got, want)) in got.0.iter().zip(&want.0).enumerate() {
                assert_eq!(got.len(), want.len());
                let differing = got.iter().zip(want).filter(|(a, b)| a != b).count();
                let width = first.tables[table].columns.len() + 1;
                let at = got.iter().zip(want).position(|(a, b)| a != b).unwrap_or(0);
                assert!(
                    differing == 0,
                    "{differing} of {} numbers of table {} differ with {options:?}, first row {}, {:?}: {:e} and {:e}",
                    want.len(),
                    first.tables[table].file,
                    at / width,
                    first.tables[table].columns.get((at % width).wrapping_sub(1)),
                    f64::from_bits(got[at]),
                    f64::from_bits(want[at]),
                );
            }
        }
    }
    first
}

/// Two kinds of cells with a shape, unlike in channels, pools and the order of their synapses, and
/// two kinds of point neurons; noise, random spikes, plastic synapses; all in one network.
fn zoo(method: &str) -> String {
    format!(
        r#"
seed = 12
temperature = "25 degC"
run = {{ duration = "60 ms", dt = "0.05 ms", method = "{method}" }}

[cell.small]
morphology = {{ sections = [
    {{ name = "soma", kind = "soma", length = "18 um", diameter = "18 um" }},
    {{ name = "left", kind = "basal_dendrite", parent = "soma", length = "220 um", diameter = ["3 um", "1 um"] }},
    {{ name = "right", kind = "basal_dendrite", parent = "soma", at = 0, length = "130 um", diameter = "1.5 um" }},
] }}
capacitance = "1 uF/cm2"
axial_resistivity = "120 ohm cm"
initial_v = "-65 mV"
discretisation = {{ max_length = "20 um" }}
spike = {{ at = "soma", threshold = "-10 mV" }}
channels.pas = {{ on = "all", g = "by_distance(all, 0.2 mS/cm2 * exp(d / (300 um)))", reversal = "-65 mV" }}
channels.na = {{ on = "soma", g = "120 mS/cm2", reversal = "50 mV" }}
channels.kdr = {{ on = "soma", g = "36 mS/cm2", reversal = "-77 mV" }}
synapses.AMPA = {{ at = "left(0.3) | right(0.6) | left(0.3)" }}
synapses.GABA_A = {{ at = "left(0.3)" }}

[cell.tall]
morphology = {{ sections = [
    {{ name = "soma", kind = "soma", length = "20 um", diameter = "20 um" }},
    {{ name = "apic", kind = "apical_dendrite", parent = "soma", length = "410 um", diameter = ["4 um", "1.5 um"] }},
    {{ name = "tuft", kind = "apical_dendrite", parent = "apic", length = "140 um", diameter = "1 um" }},
    {{ name = "twig", kind = "apical_dendrite", parent = "apic", at = 0.5, length = "90 um", diameter = "1 um" }},
] }}
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
initial_v = "-70 mV"
discretisation = {{ soma = 1, apical_dendrites = {{ max_length = "25 um" }} }}
spike = {{ at = "soma", threshold = "-10 mV" }}
channels.pas = {{ on = "all", g = "0.1 mS/cm2", reversal = "-70 mV" }}
channels.na = {{ on = "all", g = "by_distance(all, 150 mS/cm2 * exp(-d / (200 um)))", reversal = "50 mV" }}
channels.kdr = {{ on = "soma | apic", g = "30 mS/cm2", reversal = "-80 mV" }}
channels.ih = {{ on = "apical_dendrites & path_distance > 33 um", g = "0.05 mS/cm2", reversal = "-45 mV" }}
channels.cal = {{ on = "apic", g = "1 mS/cm2", reversal = "nernst" }}
channels.sk = {{ on = "apic", g = "1 mS/cm2", reversal = "-80 mV" }}
ions.ca = {{ pool = "ca_pool_cortex", on = "apic", inside = "50 nM", outside = "2 mM" }}
synapses.GABA_A = {{ at = "apic(0.4)" }}
synapses.AMPA = {{ at = "apic(0.4)" }}
synapses.NMDA = {{ at = "apic(0.4)" }}
synapses.plastic = {{ synapse = "tsodyks_markram", at = "soma" }}

[cell.lif]
neuron = "lif"
synapses.AMPA = {{ gbase = "5 nS" }}

[cell.bursting]
neuron = "adex"
synapses.AMPA = {{ gbase = "5 nS" }}

[population.small]
cell = "small"
size = 5
[population.tall]
cell = "tall"
size = 3
initial_v = ["-70 mV", "-64 mV", "-75 mV"]
[population.lif]
cell = "lif"
size = 7
[population.bursting]
cell = "bursting"
size = 2
[population.background]
size = 7
poisson = {{ rate = "300 Hz" }}
[population.volley]
spike_times = ["3 ms", "3 ms", "17.5 ms"]

[[stimulus]]
name = "hiss"
kind = "noise"
population = "small"
at = "soma | left(0.3)"
start = "1 ms"
stop = "50 ms"
mean = "0.4 nA"
standard_deviation = "0.2 nA"
interval = "0.1 ms"
[[stimulus]]
kind = "step"
population = "tall"
cells = [0, 2]
at = "soma"
start = "5 ms"
stop = "45 ms"
amplitude = "2.5 nA"
[[stimulus]]
kind = "dc"
population = "bursting"
amplitude = "0.8 nA"
[[stimulus]]
kind = "noise"
population = "lif"
start = "0 ms"
stop = "60 ms"
mean = "0.35 nA"
standard_deviation = "0.3 nA"
interval = "0.05 ms"

[[connection]]
from = "background"
to = "lif"
synapse = "AMPA"
pairs = "one_to_one"
delay = "0.3 ms"
[[connection]]
from = "lif"
to = "small"
synapse = "AMPA"
pairs = "all_to_all"
points = "all"
weight = 0.7
delay = "1 ms"
[[connection]]
from = "small"
to = "tall"
synapse = "AMPA"
pairs = "all_to_all"
weight = 3
delay = "1.2 ms"
[[connection]]
from = "small"
to = "tall"
synapse = "NMDA"
pairs = "all_to_all"
delay = "1.2 ms"
[[connection]]
from = "lif"
to = "tall"
synapse = "plastic"
pairs = "all_to_all"
delay = "0.6 ms"
[[connection]]
from = "tall"
to = "small"
synapse = "GABA_A"
pairs = "all_to_all"
weight = 2
delay = "0.5 ms"
[[connection]]
from = "small"
to = "tall"
synapse = "GABA_A"
pairs = [[0, 0], [0, 1], [4, 2]]
delay = "0.5 ms"
[[connection]]
from = "small"
to = "lif"
synapse = "AMPA"
pairs = "all_to_all"
delay = "2 ms"
[[connection]]
from = "volley"
to = "bursting"
synapse = "AMPA"
pairs = "all_to_all"
weight = 4
delay = "0.5 ms"

[[record]]
population = "small"
at = "soma | left(0.3) | right(1)"
variables = ["v", "na.i", "AMPA.g"]
every = "0.1 ms"
[[record]]
population = "tall"
over = "all"
variables = ["v"]
every = "1 ms"
[[record]]
population = "tall"
at = "apic(0.4)"
variables = ["ih.i", "cal.i", "ca.concentration", "NMDA.i"]
file = "currents"
[[record]]
population = "lif"
variables = ["v", "AMPA.g"]
[[record]]
population = "bursting"
variables = ["v", "w"]
"#
    )
}

#[test]
fn a_network_of_unlike_cells_with_noise_gives_the_same_bits() {
    for method in ["backward_euler", "crank_nicolson", "damped_crank_nicolson"] {
        let run = same_in_every_way(&model(&zoo(method)));
        for (population, cells) in [("small", 0..5), ("tall", 5..8), ("lif", 8..15), ("bursting", 15..17)] {
            let n = run.memory.spikes.iter().filter(|s| cells.contains(&s.cell)).count();
            println!("{method}, {population}: {n} spikes");
            assert!(n > 0, "{population} is silent");
        }
        assert!(run.memory.tables.iter().flatten().all(|x| x.is_finite()));
    }
}

#[test]
fn a_ring_and_unlike_trees_give_the_same_bits() {
    for (name, n, tstop_ms) in [("ring", 32, 40.0), ("cells", 6, 20.0)] {
        let workload =
            Workload { name: name.into(), n: Some(n), tstop_ms: Some(tstop_ms), ..Workload::default() };
        let model = bench::model(&workload).unwrap();
        if name == "ring" {
            same_in_every_way(&model);
            continue;
        }
        let run = |threads, group_size| {
            bits(&run_model(&model, &Options { threads, level: Level::fastest(), group_size }))
        };
        let want = run(1, 8192);
        assert!(run(4, 1) == want && run(2, 1000) == want);
    }
}

#[test]
fn the_seed_decides_about_noise_and_nothing_else_does() {
    let one = model(&zoo("backward_euler"));
    let mut other = one.clone();
    other.seed += 1;
    let options = Options { threads: 1, ..Options::default() };
    let [a, b, c] = [&one, &one, &other].map(|m| bits(&run_model(m, &options)));
    assert!(a == b && a.1 != c.1);
    // Without anything random the seed plays no part.
    let workload = Workload { name: "ring".into(), n: Some(16), tstop_ms: Some(20.0), ..Workload::default() };
    let one = bench::model(&Workload { method: Method::CrankNicolson, ..workload }).unwrap();
    let mut other = one.clone();
    other.seed = 99;
    assert!(bits(&run_model(&one, &options)) == bits(&run_model(&other, &options)));
}
