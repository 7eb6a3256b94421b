//! Projections in experiment files: what they mean for a run, and what is said of wrong ones.

use neuropil::engine::{Memory, Options, Simulation};
use neuropil::experiment;

const NETWORK: &str = r#"
seed = 3
run = { duration = "60 ms", dt = "0.1 ms" }
temperature = "20 degC"
[cell.lif]
neuron = "lif"
C = "200 pF"
leakConductance = "10 nS"
synapses.excitatory = { synapse = "exp_syn", gbase = "10 nS" }
[cell.stick]
morphology = { sections = [
    { name = "soma", kind = "soma", length = "20 um", diameter = "20 um" },
    { name = "dend", kind = "dendrite", parent = "soma", length = "200 um", diameter = "1 um" },
] }
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
discretisation = { soma = 1, dendrites = 20 }
initial_v = "-65 mV"
channels.pas = { on = "all", g = "0.1 mS/cm2", reversal = "-65 mV" }
synapses.AMPA = { synapse = "exp_syn", gbase = "1 nS", at = "points_by_density(all, 0.05 /um)" }
[population.noise]
size = 20
poisson = { rate = "200 Hz" }
[population.cells]
cell = "lif"
size = 50
[population.sticks]
cell = "stick"
size = 3
[[record]]
population = "sticks"
at = "soma"
variables = ["v"]
"#;

/// Samples of the sticks and all spikes of `extra` on top of the network.
fn run(extra: &str, options: &Options) -> Memory {
    let text = format!("{NETWORK}{extra}");
    let model = experiment::parse(text, "network.toml").unwrap_or_else(|e| panic!("{e}")).model;
    let mut memory = Memory::default();
    let mut simulation = Simulation::new(&model, options).unwrap_or_else(|e| panic!("{e}"));
    simulation.run(&mut memory, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    memory
}

fn fault(extra: &str) -> String {
    let text = format!("{NETWORK}{extra}");
    match experiment::parse(text, "network.toml") {
        Err(error) => error.to_string(),
        Ok(read) => Simulation::new(&read.model, &Options::default()).unwrap_err().to_string(),
    }
}

#[test]
fn a_rule_gives_the_bits_of_the_same_pairs_one_by_one() {
    let rule = r#"
[[projection]]
from = "noise"
to = "cells"
synapse = "excitatory"
connector = "all_to_all"
weight = 0.3
delay = "1 ms"
[[projection]]
from = "cells"
to = "sticks"
synapse = "AMPA"
connector = "all_to_all"
weight = "2 nS"
delay = "0.5 ms"
"#;
    let pairs = r#"
[[connection]]
from = "noise"
to = "cells"
synapse = "excitatory"
pairs = "all_to_all"
weight = 0.3
delay = "1 ms"
[[connection]]
from = "cells"
to = "sticks"
synapse = "AMPA"
pairs = "all_to_all"
weight = 2
delay = "0.5 ms"
"#;
    let (a, b) = (run(rule, &Options::default()), run(pairs, &Options::default()));
    assert!(a.spikes.len() > 100);
    assert_eq!(a.spikes, b.spikes);
    assert_eq!(a.tables, b.tables);
}

const RANDOM: &str = r#"
[view.half]
of = "cells"
cells = "0..50:2"
[view.some]
of = "noise"
cells = { sample = 15 }
[assembly.everyone]
of = ["cells", "sticks"]
[[projection]]
from = "some"
to = "cells"
synapse = "excitatory"
connector = { fixed_probability = 0.6 }
weight = { uniform = ["3 nS", "8 nS"] }
delay = { normal_clipped = { mu = "2 ms", sigma = "1 ms", low = "0.1 ms", high = "4 ms" } }
[[projection]]
from = "cells"
to = "cells"
synapse = "excitatory"
connector = { probability = "0.2 * exp(-d / 10 um)" }
self_connections = false
weight = 0.5
delay = "0.5 ms + d / 20 um * 1 ms"
space = { axes = "x", periodic = { x = [0, 50] } }
[[projection]]
from = "half"
to = "sticks"
synapse = "AMPA"
connector = { fixed_number_pre = { uniform_int = [3, 9] } }
points = { random = 1 }
weight = 2
delay = "1 ms"
[[projection]]
from = "half"
to = "sticks"
synapse = "AMPA"
connector = { fixed_number_post = 2 }
points = { within = "dendrites & path_distance > 100 um" }
delay = "1 ms"
[[projection]]
from = "half"
to = "sticks"
synapse = "AMPA"
at = "dend(0.25)"
connector = "all_to_all"
delay = "1 ms"
[[stimulus]]
population = "everyone"
cells = "all"
"#;

#[test]
fn neither_threads_nor_groups_nor_vector_units_change_a_random_network() {
    let extra = RANDOM.replace("[[stimulus]]\npopulation = \"everyone\"\ncells = \"all\"\n", "");
    let first = run(&extra, &Options { threads: 1, ..Options::default() });
    assert!(first.spikes.len() > 200, "{} spikes", first.spikes.len());
    for level in neuropil::simd::Level::available() {
        for (threads, group_size) in [(1, 1), (2, 7), (3, 8192)] {
            let again = run(&extra, &Options { threads, level, group_size });
            assert_eq!(first.spikes, again.spikes);
            assert_eq!(first.tables, again.tables);
        }
    }
}

#[test]
fn a_random_network_listed_one_by_one_gives_the_same_bits() {
    let extra = RANDOM.replace("[[stimulus]]\npopulation = \"everyone\"\ncells = \"all\"\n", "");
    let model = experiment::parse(format!("{NETWORK}{extra}"), "network.toml").unwrap().model;
    let mut listed = model.clone();
    listed.connections = neuropil::wiring::one_by_one(&model, 100_000).unwrap();
    listed.projections.clear();
    let [drawn, listed] = [model, listed].map(|model| {
        let mut memory = Memory::default();
        let mut simulation = Simulation::new(&model, &Options::default()).unwrap();
        simulation.run(&mut memory, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
        (simulation.summary().connections, memory.spikes, memory.tables)
    });
    assert_eq!(drawn, listed);
    assert!(
        neuropil::wiring::one_by_one(
            &experiment::parse(format!("{NETWORK}{extra}"), "n.toml").unwrap().model,
            10
        )
        .unwrap_err()
        .to_string()
        .contains("more than 10 connections")
    );
}

#[test]
fn a_run_in_parts_gives_the_bits_of_a_run_in_one() {
    let junction = "[[projection]]\nfrom = \"sticks\"\nto = \"sticks\"\njunction = \"gap_junction\"\nfrom_at = \"soma\"\n\
        at = \"dend(0.5)\"\nconnector = \"all_to_all\"\nself_connections = false\n\
        [[record]]\npopulation = \"cells\"\nvariables = [\"v\"]\nevery = \"0.7 ms\"\n";
    let random = RANDOM.replace("[[stimulus]]\npopulation = \"everyone\"\ncells = \"all\"\n", "");
    for (extra, method) in [
        (random.clone(), "backward_euler"),
        (format!("{random}{junction}"), "backward_euler"),
        (format!("{random}{junction}"), "crank_nicolson"),
    ] {
        let network = NETWORK.replace("dt = \"0.1 ms\"", &format!("dt = \"0.1 ms\", method = \"{method}\""));
        let model = experiment::parse(format!("{network}{extra}"), "network.toml").unwrap().model;
        let in_parts = |ends: &[f64]| {
            let mut memory = Memory::default();
            let mut simulation = Simulation::new(&model, &Options::default()).unwrap();
            for end in ends {
                let go_on = &mut |_: &_| std::ops::ControlFlow::Continue(());
                simulation.run_until(*end, &mut memory, go_on).unwrap();
            }
            (memory.spikes, memory.tables)
        };
        let whole = in_parts(&[1.0]);
        assert!(whole.0.len() > 100);
        assert_eq!(in_parts(&[0.0301, 0.06]), whole);
        assert_eq!(in_parts(&[0.0, 0.0007, 0.0007, 0.02, 0.0535, 0.06]), whole);
    }
}

#[test]
fn contacts_are_taken_as_the_projection_says() {
    let to_sticks = |points: &str| {
        let extra = format!(
            "[[projection]]\nfrom = \"noise\"\nto = \"sticks\"\nsynapse = \"AMPA\"\nconnector = \"one_to_all\"\n{points}\ndelay = \"1 ms\"\n"
        )
        .replace("\"one_to_all\"", "\"all_to_all\"");
        let model = experiment::parse(format!("{NETWORK}{extra}"), "network.toml").unwrap().model;
        Simulation::new(&model, &Options::default()).unwrap().summary().connections
    };
    // 220 µm at 0.05 per µm: 11 points on each of 3 cells, from 20 sources.
    assert_eq!(to_sticks(""), 20 * 3 * 11);
    assert_eq!(to_sticks("points = 0"), 20 * 3);
    assert_eq!(to_sticks("points = { random = 2 }"), 20 * 3 * 2);
    assert_eq!(to_sticks("points = { within = \"soma\" }"), 20 * 3);
    assert_eq!(to_sticks("at = \"dend(0.5)\""), 20 * 3);
}

#[test]
fn junctions_couple_cells_by_rule() {
    let extra = "[[projection]]\nfrom = \"sticks\"\nto = \"sticks\"\njunction = \"gap_junction\"\nfrom_at = \"soma\"\n\
        at = \"dend(0.5)\"\nconnector = { list = [[0, 1], [1, 2]] }\nweight = \"2 nS\"\n\
        [[stimulus]]\npopulation = \"sticks\"\ncells = 0\nkind = \"dc\"\nat = \"soma\"\namplitude = \"0.1 nA\"\n";
    let coupled = run(extra, &Options::default());
    let columns = 4;
    let last = &coupled.tables[0][coupled.tables[0].len() - columns..];
    // The current spreads from cell to cell, and gets less.
    assert!(last[1] > last[2] + 1e-4 && last[2] > last[3] + 1e-5 && last[3] > -0.065 + 1e-6, "{last:?}");
    // By hand: two contacts for each junction.
    let text = format!("{NETWORK}{extra}");
    let model = experiment::parse(text, "network.toml").unwrap().model;
    let by_hand = neuropil::wiring::with_junctions(&model).unwrap().into_owned();
    assert_eq!((by_hand.couplings.len(), by_hand.projections.len()), (2, 0));
    let mut memory = Memory::default();
    let mut simulation = Simulation::new(&by_hand, &Options::default()).unwrap();
    simulation.run(&mut memory, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    assert_eq!(memory.tables, coupled.tables);
    for (line, wanted) in [("synapse = \"AMPA\"", "a junction carries no spikes"), ("colour = 1", "colour")] {
        assert!(fault(&extra.replacen("weight", &format!("{line}\nweight"), 1)).contains(wanted));
    }
    assert!(fault(&extra.replace("from_at = \"soma\"\n", "")).contains("`from_at` is missing"));
    assert!(fault(&extra.replace("\"gap_junction\"", "\"exp_syn\"")).contains("does not couple two cells"));
}

#[test]
fn more_connections_than_there_is_room_for_are_refused_with_the_estimate() {
    let extra = "[[projection]]\nfrom = \"cells\"\nto = \"cells\"\nsynapse = \"excitatory\"\n\
        connector = \"all_to_all\"\ndelay = \"1 ms\"\n";
    let network = NETWORK.replace("size = 50", "size = 1000000");
    let model = experiment::parse(format!("{network}{extra}"), "network.toml").unwrap().model;
    let error = Simulation::new(&model, &Options::default()).unwrap_err().to_string();
    assert!(error.contains("about 1.000e12 connections would take about"), "{error}");
    assert!(
        error.contains("GiB of memory") && error.contains("projection 'cells to cells, excitatory'"),
        "{error}"
    );
}

#[test]
fn wrong_projections_are_named_with_what_to_do() {
    let with = |line: &str| {
        let mut keys = vec![
            ("from", "from = \"noise\""),
            ("to", "to = \"sticks\""),
            ("synapse", "synapse = \"AMPA\""),
            ("connector", "connector = \"all_to_all\""),
            ("delay", "delay = \"1 ms\""),
        ];
        let key = line.split(" =").next().unwrap();
        keys.retain(|(known, _)| *known != key);
        let rest: Vec<&str> = keys.iter().map(|k| k.1).collect();
        fault(&format!("[[projection]]\n{}\n{line}\n", rest.join("\n")))
    };
    for (line, wanted) in [
        ("synapse = \"NMDA\"", "the cell `stick` has no synapse `NMDA`"),
        ("delay = \"-1 ms\"", "shorter than the time step of 0.1 ms"),
        ("delay = \"0.05 ms\"", "shorter than the time step of 0.1 ms"),
        ("delay = { uniform = [\"0 ms\", \"0.01 ms\"] }", "shorter than the time step of 0.1 ms"),
        ("delay = \"1 mV\"", "expected a time, found a voltage"),
        ("weight = \"1 nA\"", "expected a dimensionless or a conductance, found a current"),
        ("weight = -1", "a negative weight on a conductance"),
        ("connector = { fixed_probability = 2 }", "2 is no probability"),
        ("connector = { probability = \"exp(-d)\" }", "takes a plain number"),
        ("connector = \"one_to_one\"", "one_to_one between 20 and 3 cells"),
        ("connector = \"al_to_all\"", "did you mean `all_to_all`"),
        ("connector = { list = [[0, 3]] }", "no cell 3"),
        ("to = \"noise\"", "`noise` is a source of spikes and has no synapses"),
        ("from = \"nobody\"", "no population, view or assembly is called `nobody`"),
        ("points = { within = \"axon\" }", "axon"),
        ("points = 11", "its points are not among the 11 that a target cell has"),
        ("points = { random = 12 }", "its points are not among the 11 that a target cell has"),
        ("weight = { normal = [1, -1] }", "sigma must not be negative"),
        ("colour = \"red\"", "colour"),
    ] {
        let found = with(line);
        assert!(found.contains(wanted), "{line}\n{found}\n{wanted}");
        assert!(found.contains("network.toml") || found.contains("projection"), "{found}");
    }
}

#[test]
fn projections_after_a_junction_take_the_pairs_that_they_name() {
    let text = "seed = 1\ntemperature = \"20 degC\"\nrun = { duration = \"5 ms\", dt = \"0.1 ms\" }\n\
        [cell.c]\nneuron = \"lif\"\nsynapses.in = { synapse = \"exp_syn\" }\n[population.p]\ncell = \"c\"\nsize = 30\n\
        [[record]]\nvariables = [\"v\"]\n\
        [[projection]]\nname = \"joined\"\nfrom = \"p\"\nto = \"p\"\njunction = \"gap_junction\"\nconnector = { fixed_probability = 0.3 }\n\
        [[projection]]\nname = \"first\"\nfrom = \"p\"\nto = \"p\"\nsynapse = \"in\"\nconnector = { fixed_probability = 0.2 }\ndelay = \"1 ms\"\n\
        [[projection]]\nname = \"again\"\nfrom = \"p\"\nto = \"p\"\nsynapse = \"in\"\nconnector = { same_as = \"first\" }\ndelay = \"1 ms\"\n\
        [[projection]]\nname = \"also joined\"\nfrom = \"p\"\nto = \"p\"\njunction = \"gap_junction\"\nconnector = { same_as = \"first\" }\n";
    let model = neuropil::experiment::parse(text, "j.toml").unwrap_or_else(|e| panic!("{e}")).model;
    let pairs = |number: usize| -> Vec<(usize, usize)> {
        let all = neuropil::wiring::connections_of(&model, number, 10_000).unwrap();
        all.iter().map(|c| (c.source.1, c.target.1)).collect()
    };
    assert_eq!(pairs(1), pairs(2));
    let simulation = neuropil::engine::Simulation::new(&model, &neuropil::engine::Options::default());
    let count = simulation.unwrap_or_else(|e| panic!("{e}")).summary().connections;
    assert_eq!(count, 2 * pairs(1).len());
    let drawn = neuropil::wiring::with_junctions(&model).unwrap();
    assert_eq!(drawn.couplings.len(), pairs(0).len() + pairs(1).len());
    let text = text.replace("same_as = \"first\" }\ndelay", "same_as = \"joined\" }\ndelay");
    let model = neuropil::experiment::parse(text, "j.toml").unwrap().model;
    let error = neuropil::engine::Simulation::new(&model, &neuropil::engine::Options::default()).unwrap_err();
    assert!(error.to_string().contains("it takes the pairs of a junction"), "{error}");
}
