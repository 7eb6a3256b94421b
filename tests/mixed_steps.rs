//! Populations with time steps of their own in one run: against each of them alone, and delays counted on paper.

mod common;

use std::ops::ControlFlow;

use common::sim::{Run, model, run, run_model};
use neuropil::engine::{Memory, Options, Simulation};
use neuropil::experiment;
use neuropil::simd::Level;

/// A cable cell and a point cell, both excitable; sources; the populations come after.
const CELLS: &str = r#"
seed = 5
temperature = "6.3 degC"
[cell.cable]
morphology = { sections = [
    { name = "soma", kind = "soma", length = "20 um", diameter = "20 um" },
    { name = "dend", kind = "dendrite", parent = "soma", length = "300 um", diameter = ["3 um", "1 um"] },
] }
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
initial_v = "-65 mV"
discretisation = { max_length = "30 um" }
spike = { at = "soma", threshold = "0 mV" }
channels.na = { on = "soma", g = "120 mS/cm2", reversal = "50 mV" }
channels.kdr = { on = "soma", g = "36 mS/cm2", reversal = "-77 mV" }
channels.pas = { on = "all", g = "0.3 mS/cm2", reversal = "-54.3 mV" }
synapses.in = { synapse = "AMPA", at = "dend(0.5)" }
[cell.point]
neuron = "IF_cond_exp"
v_rest = -60
[[stimulus]]
kind = "dc"
population = "cables"
at = "soma"
amplitude = "0.15 nA"
"#;

fn page(dt_ms: f64, rest: &str) -> String {
    format!("run = {{ duration = \"50 ms\", dt = \"{dt_ms} ms\" }}\n{CELLS}{rest}")
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| x.to_bits()).collect()
}

const CABLES: &str = "[population.cables]\ncell = \"cable\"\nsize = 3\n";
const POINTS: &str = "[population.points]\ncell = \"point\"\nsize = 4\ninitial_v = \"-62 mV\"\n";
const DRIVE: &str = "[population.drive]\nspike_times = [\"2.013 ms\", \"9 ms\", \"9.5 ms\", \"30.12 ms\"]\n";
const DRIVE_CABLES: &str = "[[projection]]\nname = \"a\"\nfrom = \"drive\"\nto = \"cables\"\nsynapse = \"in\"\nconnector = \"all_to_all\"\nweight = { uniform = [10, 30] }\ndelay = { uniform = [\"0.2 ms\", \"2 ms\"] }\n";
const DRIVE_POINTS: &str = "[[projection]]\nname = \"b\"\nfrom = \"drive\"\nto = \"points\"\nsynapse = \"excitatory\"\nconnector = \"all_to_all\"\nweight = \"0.08 uS\"\ndelay = { uniform = [\"0.2 ms\", \"2 ms\"] }\n";
const AMONG_POINTS: &str = "[[projection]]\nname = \"c\"\nfrom = \"points\"\nto = \"points\"\nsynapse = \"excitatory\"\nconnector = \"all_to_all\"\nweight = \"0.02 uS\"\ndelay = { uniform = [\"0.13 ms\", \"0.7 ms\"] }\n";
const RECORD_CABLES: &str =
    "[[record]]\npopulation = \"cables\"\nat = \"soma\"\nvariables = [\"v\"]\nfile = \"cables\"\n";
const RECORD_POINTS: &str =
    "[[record]]\npopulation = \"points\"\nvariables = [\"v\", \"gsyn_exc\"]\nfile = \"points\"\n";

fn own_step(population: &str, dt_ms: f64) -> String {
    format!("{population}dt = \"{dt_ms} ms\"\n")
}

/// Spikes of cells from `first` on, so many, with numbers from 0.
fn spikes(run: &Run, first: u32, count: u32) -> Vec<(u64, u32)> {
    let own = run.memory.spikes.iter().filter(|s| (first..first + count).contains(&s.cell));
    own.map(|s| (s.time_s.to_bits(), s.cell - first)).collect()
}

#[test]
fn each_population_has_the_bits_that_it_has_alone_at_its_step() {
    for (cable_ms, point_ms) in [(0.025, 0.1), (0.05, 0.02), (0.1, 0.025)] {
        let stimulus = CELLS.find("[[stimulus]]").unwrap();
        let alone = page(cable_ms, &[CABLES, DRIVE, DRIVE_CABLES, RECORD_CABLES].concat());
        let cables = run(&alone);
        let alone = page(point_ms, &[POINTS, DRIVE, DRIVE_POINTS, AMONG_POINTS, RECORD_POINTS].concat())
            .replace(&CELLS[stimulus..], "");
        let points = run(&alone);
        let both = [
            &own_step(CABLES, cable_ms),
            &own_step(POINTS, point_ms),
            DRIVE,
            DRIVE_CABLES,
            DRIVE_POINTS,
            AMONG_POINTS,
            RECORD_CABLES,
            RECORD_POINTS,
        ]
        .concat();
        let both = run(&page(0.1, &both));
        let (of_cables, of_points) = (spikes(&cables, 0, 3), spikes(&points, 0, 4));
        assert!(of_cables.len() >= 3 && of_points.len() >= 8, "{} {}", of_cables.len(), of_points.len());
        assert_eq!(spikes(&both, 0, 3), of_cables);
        assert_eq!(spikes(&both, 3, 4), of_points);
        assert_eq!(bits(&both.memory.tables[0]), bits(&cables.memory.tables[0]));
        assert_eq!(bits(&both.memory.tables[1]), bits(&points.memory.tables[0]));
    }
}

/// Spikes that come by a connection act as given ones at the same times do in a run at the step of those who hear them.
#[test]
fn spikes_between_steps_arrive_as_given_ones_do() {
    let to_cables = |from: &str| {
        format!(
            "[[projection]]\nname = \"d\"\nfrom = \"{from}\"\nto = \"cables\"\nsynapse = \"in\"\nconnector = {{ list = [[0, 0], [1, 1], [3, 2], [0, 2]] }}\nweight = 25\ndelay = \"0.5 ms\"\n"
        )
    };
    let to_points = |from: &str| {
        format!(
            "[[projection]]\nname = \"e\"\nfrom = \"{from}\"\nto = \"points\"\nsynapse = \"excitatory\"\nconnector = {{ list = [[0, 0], [1, 1], [2, 2], [0, 3]] }}\nweight = \"0.1 uS\"\ndelay = \"0.3 ms\"\n"
        )
    };
    let (cables, points) = (own_step(CABLES, 0.025), own_step(POINTS, 0.1));
    let both = [
        &cables,
        &points,
        DRIVE,
        DRIVE_POINTS,
        &to_cables("points"),
        &to_points("cables"),
        RECORD_CABLES,
        RECORD_POINTS,
    ]
    .concat();
    let both = run(&page(0.1, &both));
    let source = |first: u32, count: u32| {
        let times = |cell| {
            let own = both.memory.spikes.iter().filter(|s| s.cell == cell);
            own.map(|s| format!("\"{} s\"", s.time_s)).collect::<Vec<_>>().join(", ")
        };
        let lists: Vec<String> = (first..first + count).map(|cell| format!("[{}]", times(cell))).collect();
        format!("[population.heard]\nsize = {count}\nspike_times = [{}]\n", lists.join(", "))
    };
    let counts = (spikes(&both, 0, 3).len(), spikes(&both, 3, 4).len());
    assert!(counts.0 >= 3 && counts.1 >= 7, "{counts:?}");
    let alone = page(0.025, &[CABLES, &source(3, 4), &to_cables("heard"), RECORD_CABLES].concat());
    let cables = run(&alone);
    assert_eq!(bits(&both.memory.tables[0]), bits(&cables.memory.tables[0]));
    assert_eq!(spikes(&both, 0, 3), spikes(&cables, 0, 3));
    // The cables' spikes and the drive: two sources in the order of their cells.
    let stimulus = CELLS.find("[[stimulus]]").unwrap();
    let alone = [&source(0, 3), POINTS, DRIVE, DRIVE_POINTS, &to_points("heard"), RECORD_POINTS].concat();
    let points = run(&page(0.1, &alone).replace(&CELLS[stimulus..], ""));
    assert_eq!(bits(&both.memory.tables[1]), bits(&points.memory.tables[0]));
    assert_eq!(spikes(&both, 3, 4), spikes(&points, 3, 4));
}

/// Cells that spike in the step in which anything reaches them.
fn parrots(dt_fine: f64, dt_coarse: f64, there_ms: f64, back_ms: f64) -> String {
    format!(
        r#"
run = {{ duration = "5 ms", dt = "{dt_fine} ms" }}
temperature = "20 degC"
[cell.parrot]
neuron = "IF_curr_delta"
tau_refrac = 0.2
[population.coarse]
cell = "parrot"
dt = "{dt_coarse} ms"
initial_v = "-65 mV"
[population.fine]
cell = "parrot"
initial_v = "-65 mV"
[population.start]
spike_times = ["1 ms"]
[[projection]]
from = "start"
to = "coarse"
synapse = "excitatory"
connector = "all_to_all"
weight = "50 mV"
delay = "0.2 ms"
[[projection]]
from = "coarse"
to = "fine"
synapse = "excitatory"
connector = "all_to_all"
weight = "50 mV"
delay = "{there_ms} ms"
[[projection]]
from = "fine"
to = "coarse"
synapse = "excitatory"
connector = "all_to_all"
weight = "50 mV"
delay = "{back_ms} ms"
"#
    )
}

#[test]
fn delays_are_counted_in_steps_of_the_finer_and_events_come_at_steps_of_the_target() {
    // The coarse cell is hit at 1.2 ms and spikes at the end of that step, 1.3 ms. 0.275 ms later, at 1.575 ms, the fine
    // one is hit, and spikes at 1.6 ms.
    for (back_ms, want_ms) in [
        // 1.9 ms: on the grid of the coarse one; it spikes at the end of that step.
        (0.3, 2.0),
        // 1.875: nearest is 1.9.
        (0.275, 2.0),
        // 1.85: half-way, the earlier.
        (0.25, 1.9),
        // 1.926 counts as 1.925: 1.9.
        (0.326, 2.0),
        // 1.975: 2.0.
        (0.375, 2.1),
    ] {
        let run = run(&parrots(0.025, 0.1, 0.275, back_ms));
        let (coarse, fine) = (run.spikes_ms(0), run.spikes_ms(1));
        let near = |got: f64, want: f64| assert!((got - want).abs() < 1e-9, "{back_ms}: {got}, not {want}");
        near(coarse[0], 1.3);
        near(fine[0], 1.6);
        near(coarse[1], want_ms);
        near(fine[1], want_ms + 0.3);
    }
}

/// A network in which both kinds excite each other.
fn network() -> String {
    let rest = [
        &own_step(CABLES, 0.025),
        &own_step(POINTS, 0.1),
        "[population.third]\ncell = \"point\"\nsize = 5\ninitial_v = \"-60 mV\"\ndt = \"0.05 ms\"\n",
        DRIVE,
        DRIVE_CABLES,
        DRIVE_POINTS,
        AMONG_POINTS,
        "[[projection]]\nfrom = [\"points\", \"drive\"]\nto = \"cables\"\nsynapse = \"in\"\nconnector = \"all_to_all\"\nweight = { uniform = [3, 9] }\ndelay = { uniform = [\"0.03 ms\", \"1 ms\"] }\n",
        "[[projection]]\nfrom = \"cables\"\nto = [\"points\", \"third\"]\nsynapse = \"excitatory\"\nconnector = \"all_to_all\"\nweight = { uniform = [\"0.01 uS\", \"0.03 uS\"] }\ndelay = { uniform = [\"0.1 ms\", \"1 ms\"] }\n",
        "[[projection]]\nname = \"learning\"\nfrom = \"points\"\nto = \"third\"\nsynapse = \"excitatory\"\nconnector = \"all_to_all\"\nweight = \"0.03 uS\"\ndelay = { uniform = [\"0.1 ms\", \"1 ms\"] }\nplasticity = { rule = \"stdp_additive\", w_max = \"0.06 uS\" }\n",
        RECORD_CABLES,
        RECORD_POINTS,
        "[[record]]\npopulation = \"third\"\nvariables = [\"v\"]\n",
        "[[record]]\nprojection = \"learning\"\nvariables = [\"w\"]\nevery = \"1 ms\"\n",
    ]
    .concat();
    page(0.1, &rest)
}

#[test]
fn mixed_networks_have_the_same_bits_however_the_work_is_split() {
    let model = model(&network());
    let all = |memory: &Memory| {
        let tables: Vec<Vec<u64>> = memory.tables.iter().map(|t| bits(t)).collect();
        let spikes = memory.spikes.iter().map(|s| (s.time_s.to_bits(), s.cell));
        (tables, spikes.collect::<Vec<_>>())
    };
    let whole = run_model(&model, &Options { threads: 1, level: Level::Portable, group_size: 8192 });
    let want = all(&whole.memory);
    assert!(want.1.len() > 40, "{} spikes", want.1.len());
    assert!(whole.memory.spikes.is_sorted_by(|a, b| (a.time_s, a.cell) <= (b.time_s, b.cell)));
    for (threads, group_size) in [(1, 8192), (2, 1), (2, 8192), (3, 4)] {
        let options = Options { threads, group_size, ..Options::default() };
        assert!(all(&run_model(&model, &options).memory) == want, "{options:?}");
    }
    // In parts that end within steps of some of the populations.
    let mut simulation = Simulation::new(&model, &Options::default()).unwrap();
    let mut memory = Memory::default();
    for time_ms in [0.025, 9.475, 9.5, 30.05, 30.125, 50.0] {
        simulation.run_until(time_ms * 1e-3, &mut memory, &mut |_| ControlFlow::Continue(())).unwrap();
    }
    assert!(all(&memory) == want, "split");
}

#[test]
fn populations_are_sampled_at_their_own_steps_or_at_a_common_interval() {
    let both = [&own_step(CABLES, 0.025), &own_step(POINTS, 0.1)].map(String::as_str).concat();
    let run = run(&page(0.1, &[&both, RECORD_CABLES, RECORD_POINTS].concat()));
    let times = run.times_ms("cables");
    assert_eq!((times.len(), run.times_ms("points").len()), (2001, 501));
    assert!((times[1] - 0.025).abs() < 1e-12 && (run.times_ms("points")[1] - 0.1).abs() < 1e-12);
    assert_eq!(run.tables[0].interval_s, 0.025e-3);

    let mut model = model(&page(0.1, &[&both, RECORD_CABLES, RECORD_POINTS].concat()));
    for recording in &mut model.recordings {
        recording.file = "both".into();
    }
    let error = Simulation::new(&model, &Options::default()).unwrap_err().to_string();
    assert!(error.contains("0.025 ms and every 0.1 ms"), "{error}");
    for recording in &mut model.recordings {
        recording.interval_s = 0.2e-3;
    }
    let one = run_model(&model, &Options::default());
    assert_eq!(one.memory.tables[0].len() % 12, 0);
    assert_eq!(one.times_ms("both").len(), 251);
    assert_eq!(one.column("both", "cables[0].soma.v")[5], run.column("cables", "cables[0].soma.v")[40]);
    assert_eq!(one.column("both", "points[1].v")[5], run.column("points", "points[1].v")[10]);
}

fn refused(text: &str) -> String {
    let read = match experiment::parse(text, "page.toml") {
        Err(error) => return error.to_string(),
        Ok(read) => read,
    };
    let error = Simulation::new(&read.model, &Options::default()).expect_err("refused");
    read.locate(error).to_string()
}

#[test]
fn what_steps_cannot_do_is_refused_with_the_reason() {
    let both = [&own_step(CABLES, 0.025), &own_step(POINTS, 0.1)].map(String::as_str).concat();
    let projection = |delay: &str| {
        format!(
            "[[projection]]\nfrom = \"cables\"\nto = \"points\"\nsynapse = \"excitatory\"\nconnector = \"all_to_all\"\nweight = \"1 nS\"\ndelay = {delay}\n"
        )
    };
    let says = |text: String, words: &[&str]| {
        let error = refused(&text);
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
    };
    let with = |rest: &str| page(0.1, &format!("{both}{rest}"));
    says(with(&projection("\"0.05 ms\"")), &["page.toml:", "shorter than the time step of 0.1 ms"]);
    says(
        with(&projection("{ uniform = [\"0.05 ms\", \"0.06 ms\"] }")),
        &["cables to points", "from source 0 to target 0", "time step of 0.1 ms of 'points'"],
    );
    let connection = |delay_ms: f64| {
        let ends = "from = \"cables\"\nto = \"points\"\nsynapse = \"excitatory\"\npairs = [[2, 1]]";
        format!("[[connection]]\n{ends}\ndelay = \"{delay_ms} ms\"\n")
    };
    says(with(&connection(0.05)), &["page.toml:", "shorter than the time step of 0.1 ms"]);
    let mut listed = model(&with(&connection(0.5)));
    listed.connections[0].delay_s = 0.05e-3;
    let error = Simulation::new(&listed, &Options::default()).unwrap_err().to_string();
    let words = ["from cables[2] to points[1] is 0.05 ms", "0.1 ms of 'points'"];
    assert!(words.iter().all(|word| error.contains(word)), "{error}");
    says(
        with(
            "[[projection]]\nfrom = \"cables\"\nfrom_at = \"soma\"\nto = \"points\"\njunction = \"gap_junction\"\nconnector = \"all_to_all\"\nweight = \"1 nS\"\n",
        ),
        &["page.toml:", "gap junction", "'cables' and 'points'", "0.025 ms and 0.1 ms", "one step"],
    );
    says(
        with("[population.spikes]\nspike_times = [\"1 ms\"]\ndt = \"0.1 ms\"\n"),
        &["page.toml:", "a source of spikes has no time step"],
    );
    says(
        page(0.1, &[CABLES, &own_step(POINTS, 0.0314159)].concat()),
        &["population 'points'", "0.0314159 ms", "0.1 ms of 'cables'", "common"],
    );
    says(
        with(RECORD_POINTS).replace("file = \"points\"", "every = \"0.025 ms\""),
        &["multiple of dt, 0.1 ms"],
    );
    let mut model = model(&with(""));
    model.populations[0].dt_s = Some(f64::NAN);
    let error = Simulation::new(&model, &Options::default()).unwrap_err().to_string();
    assert!(error.contains("population 'cables'") && error.contains("must be positive"), "{error}");
}
