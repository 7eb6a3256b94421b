//! Networks that are wrong: each is refused with its place and what to do, before anything large is made.

use neuropil::engine::{Memory, Options, Simulation};
use neuropil::experiment;

const BASE: &str = r#"seed = 3
temperature = "20 degC"
run = { duration = "20 ms", dt = "0.1 ms" }
[cell.stick]
morphology = { sections = [
    { name = "soma", kind = "soma", length = "20 um", diameter = "20 um" },
    { name = "dend", kind = "dendrite", parent = "soma", length = "100 um", diameter = "2 um" },
] }
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
discretisation = 1
initial_v = "-65 mV"
channels.pas = { on = "all", g = "0.1 mS/cm2", reversal = "-65 mV" }
synapses.AMPA = { at = "dend(0.5)" }
[cell.cond]
neuron = "IF_cond_exp"
[cell.curr]
neuron = "IF_curr_exp"
[cell.delta]
neuron = "IF_curr_delta"
[population.sticks]
cell = "stick"
size = 2
[population.conds]
cell = "cond"
size = 20
[population.currs]
cell = "curr"
size = 20
[population.deltas]
cell = "delta"
size = 2
[population.input]
size = 20
spike_times = ["2 ms"]
[[record]]
population = "conds"
variables = ["v"]
"#;

/// The first mistake of `text`, in its reading or when it is laid out, with the place.
fn mistake(text: &str) -> String {
    match experiment::parse(text, "net.toml") {
        Err(error) => error.to_string(),
        Ok(read) => match Simulation::new(&read.model, &Options::default()) {
            Err(error) => format!("{} (at build)", read.locate(error)),
            Ok(_) => "nothing".to_string(),
        },
    }
}

fn projection(rest: &str) -> String {
    format!("{BASE}[[projection]]\nfrom = \"input\"\n{rest}")
}

#[test]
fn each_mistake_of_a_projection_is_named() {
    for (rest, wanted) in [
        // Receptors.
        (
            "to = \"sticks\"\nsynapse = \"AMPQ\"\nconnector = \"all_to_all\"\ndelay = \"1 ms\"",
            "the cell `stick` has no synapse `AMPQ` (did you mean `AMPA`?)",
        ),
        ("to = \"sticks\"\nconnector = \"all_to_all\"\ndelay = \"1 ms\"", "`synapse` is missing"),
        (
            "to = \"conds\"\nsynapse = \"exc\"\nconnector = \"all_to_all\"\ndelay = \"1 ms\"",
            "has no synapse `exc`",
        ),
        // Places.
        (
            "to = \"sticks\"\nsynapse = \"AMPA\"\nat = \"axon(0.5)\"\nconnector = \"all_to_all\"\ndelay = \"1 ms\"",
            "axon",
        ),
        (
            "to = \"sticks\"\nsynapse = \"AMPA\"\npoints = { within = \"soma\" }\nconnector = \"all_to_all\"\ndelay = \"1 ms\"",
            "none of the 1 contacts of AMPA lies in soma",
        ),
        (
            "to = \"sticks\"\nsynapse = \"AMPA\"\npoints = 4\nconnector = \"all_to_all\"\ndelay = \"1 ms\"",
            "its points are not among the 1",
        ),
        (
            "to = \"conds\"\nsynapse = \"excitatory\"\nat = \"soma\"\nconnector = \"all_to_all\"\ndelay = \"1 ms\"",
            "a point neuron has no places (leave `at` out)",
        ),
        // Delays.
        ("to = \"sticks\"\nsynapse = \"AMPA\"\nconnector = \"all_to_all\"\ndelay = \"-1 ms\"", "delay"),
        (
            "to = \"sticks\"\nsynapse = \"AMPA\"\nconnector = \"all_to_all\"\ndelay = \"0.01 ms\"",
            "shorter than the time step of 0.1 ms",
        ),
        (
            "to = \"sticks\"\nsynapse = \"AMPA\"\nconnector = \"all_to_all\"\ndelay = { uniform = [\"0.01 ms\", \"0.05 ms\"] }",
            "shorter than the time step of 0.1 ms",
        ),
        (
            "to = \"sticks\"\nsynapse = \"AMPA\"\nconnector = \"all_to_all\"\ndelay = { normal = [\"0 ms\", \"1 ms\"] }",
            "delay",
        ),
        // Dimensions.
        (
            "to = \"sticks\"\nsynapse = \"AMPA\"\nconnector = \"all_to_all\"\ndelay = \"1 mV\"",
            "expected a time",
        ),
        (
            "to = \"conds\"\nsynapse = \"excitatory\"\nweight = \"1 nA\"\nconnector = \"all_to_all\"\ndelay = \"1 ms\"",
            "expected a",
        ),
        (
            "to = \"currs\"\nsynapse = \"excitatory\"\nweight = \"1 nS\"\nconnector = \"all_to_all\"\ndelay = \"1 ms\"",
            "expected a",
        ),
        // Signs.
        (
            "to = \"conds\"\nsynapse = \"inhibitory\"\nweight = -0.1\nconnector = \"all_to_all\"\ndelay = \"1 ms\"",
            "a negative weight on a conductance",
        ),
        (
            "to = \"sticks\"\nsynapse = \"AMPA\"\nweight = -1\nconnector = \"all_to_all\"\ndelay = \"1 ms\"",
            "a negative weight on a conductance",
        ),
        (
            "to = \"currs\"\nsynapse = \"inhibitory\"\nweight = 0.1\nconnector = \"all_to_all\"\ndelay = \"1 ms\"",
            "a positive weight on an inhibitory current",
        ),
        (
            "to = \"currs\"\nsynapse = \"excitatory\"\nconnector = { list = [[0, 0, -0.1, \"1 ms\"]] }",
            "a negative weight on an excitatory current",
        ),
        (
            "to = \"conds\"\nsynapse = \"excitatory\"\nweight = { uniform = [-0.1, 0.1] }\nconnector = \"all_to_all\"\ndelay = \"1 ms\"",
            "a negative weight on a conductance",
        ),
        (
            "to = \"conds\"\nsynapse = \"excitatory\"\nweight = { normal = [0.01, 0.01] }\nconnector = \"all_to_all\"\ndelay = \"1 ms\"",
            "a negative weight on a conductance (draw from a distribution with bounds",
        ),
        (
            "to = \"currs\"\nsynapse = \"inhibitory\"\nweight = \"0.1 nA * (i - 5)\"\nconnector = \"all_to_all\"\ndelay = \"1 ms\"",
            "a positive weight on an inhibitory current",
        ),
        // Who.
        (
            "to = \"stick\"\nsynapse = \"AMPA\"\nconnector = \"all_to_all\"\ndelay = \"1 ms\"",
            "did you mean `sticks`?",
        ),
        (
            "to = \"input\"\nsynapse = \"AMPA\"\nconnector = \"all_to_all\"\ndelay = \"1 ms\"",
            "is a source of spikes",
        ),
        (
            "to = \"sticks\"\nsynapse = \"AMPA\"\nconnector = \"one_to_one\"\ndelay = \"1 ms\"",
            "one_to_one between 20 and 2 cells",
        ),
        (
            "to = \"conds\"\nsynapse = \"excitatory\"\nconnector = { fixed_probability = 1.5 }\ndelay = \"1 ms\"",
            "1.5 is no probability",
        ),
        (
            "to = \"conds\"\nsynapse = \"excitatory\"\nconnector = { csa = \"cset.random(2)\" }\ndelay = \"1 ms\"",
            "`cset.random(2)` is no connection set that is read",
        ),
    ] {
        let found = mistake(&projection(rest));
        assert!(found.contains(wanted), "{rest}\n{found}");
        assert!(found.starts_with("net.toml:"), "no place: {found}");
    }
}

#[test]
fn normal_weights_that_come_out_right_are_taken() {
    let rest = "to = \"conds\"\nsynapse = \"excitatory\"\nweight = { normal = [0.01, 0.0001] }\nconnector = \"all_to_all\"\ndelay = \"1 ms\"";
    assert_eq!(mistake(&projection(rest)), "nothing");
}

#[test]
fn networks_without_room_are_refused_with_the_estimate_at_once() {
    let start = std::time::Instant::now();
    for (connector, bytes) in [
        ("\"all_to_all\"", "GiB"),
        ("{ fixed_probability = 0.5 }", "GiB"),
        ("{ fixed_number_pre = 500000 }", "GiB"),
    ] {
        let text = projection(&format!(
            "to = \"conds\"\nsynapse = \"excitatory\"\nconnector = {connector}\ndelay = \"1 ms\""
        ))
        .replace("size = 20\n", "size = 1000000\n");
        let found = mistake(&text);
        assert!(found.contains("connections would take about") && found.contains(bytes), "{found}");
    }
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn connections_one_by_one_are_held_to_the_same() {
    let connection = |rest: &str| format!("{BASE}[[connection]]\nfrom = \"input\"\npairs = [[0, 0]]\n{rest}");
    for (rest, wanted) in [
        ("to = \"sticks\"\nsynapse = \"AMPQ\"\ndelay = \"1 ms\"", "no synapse `AMPQ`"),
        ("to = \"sticks\"\ndelay = \"1 ms\"", "`synapse` is missing"),
        ("to = \"sticks\"\nsynapse = \"AMPA\"\ndelay = \"-1 ms\"", "delay"),
        (
            "to = \"sticks\"\nfrom = \"conds\"\nsynapse = \"AMPA\"\ndelay = \"0.01 ms\"",
            "shorter than the time step of 0.1 ms",
        ),
        (
            "to = \"sticks\"\nsynapse = \"AMPA\"\nweight = -2\ndelay = \"1 ms\"",
            "a negative weight on a conductance",
        ),
        (
            "to = \"currs\"\nsynapse = \"inhibitory\"\nweight = \"1 nA\"\ndelay = \"1 ms\"",
            "a positive weight on an inhibitory current",
        ),
        ("to = \"conds\"\nsynapse = \"excitatory\"\nweight = \"1 mV\"\ndelay = \"1 ms\"", "expected a"),
        (
            "to = \"deltas\"\nsynapse = \"excitatory\"\npoints = 0\ndelay = \"1 ms\"",
            "a point neuron has no places",
        ),
    ] {
        let mut text = connection(rest);
        if rest.contains("from =") {
            text = text.replace("[[connection]]\nfrom = \"input\"\n", "[[connection]]\n");
        }
        let found = mistake(&text);
        assert!(found.contains(wanted) && found.starts_with("net.toml:"), "{rest}\n{found}");
    }
}

#[test]
fn connections_reach_the_ports_of_cells() {
    // A spike steps the potential by 3 mV.
    let text = BASE.replace("population = \"conds\"", "population = \"deltas\"")
        + "[[connection]]\nfrom = \"input\"\nto = \"deltas\"\nsynapse = \"excitatory\"\npairs = [[0, 1]]\nweight = \"3 mV\"\ndelay = \"1 ms\"\n";
    let model = experiment::parse(text, "net.toml").unwrap_or_else(|e| panic!("{e}")).model;
    let mut memory = Memory::default();
    let mut simulation = Simulation::new(&model, &Options::default()).unwrap_or_else(|e| panic!("{e}"));
    simulation.run(&mut memory, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    let row = |step: usize| &memory.tables[0][3 * step + 1..3 * step + 3];
    let rise = row(31)[1] - row(31)[0];
    assert!((2.9e-3..3.0e-3).contains(&rise), "{rise}");
    assert_eq!(row(29)[1], row(29)[0]);
}

#[test]
fn the_adaptation_of_exponential_cells_counts_in_nanosiemens() {
    let parameter = |a: &str| {
        let text = format!(
            "run = {{ duration = \"1 ms\", dt = \"0.1 ms\" }}\n[cell.c]\nneuron = \"EIF_cond_exp_isfa_ista\"\n{a}\n[population.p]\ncell = \"c\"\n[[record]]\nvariables = [\"v\"]\n"
        );
        let model = experiment::parse(text, "eif.toml").unwrap_or_else(|e| panic!("{e}")).model;
        let neuropil::model::PopulationCell::Point(cell) = &model.populations[0].cell else { panic!() };
        cell.dynamics.parameter("a").unwrap().value
    };
    // PyNN's own number is 4 nS; the equations count in µS.
    assert!((parameter("a = 4") - 4e-3).abs() < 1e-15 && (parameter("") - 4e-3).abs() < 1e-15);
    assert!((parameter("a = \"4 nS\"") - 4e-3).abs() < 1e-15);
}

#[test]
fn an_outline_knows_the_size_and_does_not_draw_it_all() {
    // 36 million connections would take about a gigabyte.
    let text = projection("to = \"conds\"\nsynapse = \"excitatory\"\nweight = 0.001\nconnector = { probability = \"0.04\" }\ndelay = \"1 ms\"")
        .replace("size = 20\n", "size = 30000\n");
    let read = experiment::parse(&text, "net.toml").unwrap();
    let mut outline = Simulation::outline(&read.model, &Options::default()).unwrap_or_else(|e| panic!("{e}"));
    let expected = outline.summary().connections as f64;
    assert!((expected / 36e6 - 1.0).abs() < 0.05, "{expected}");
    let run = outline.run(&mut Memory::default(), &mut |_| std::ops::ControlFlow::Continue(()));
    assert!(run.unwrap_err().to_string().contains("outline"));
}
