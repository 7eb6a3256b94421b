//! The engine against NEURON's traces, at every recorded step.

mod common;

use std::path::Path;

use common::cable::upward_crossings;
use common::sim::{Run, corpus, model, run, run_model, worst};
use common::table::Table;
use neuropil::engine::Options;
use neuropil::model::{CellSet, Model, PopulationCell, Recording, Site};
use neuropil::select::{Points, Region};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

fn compare(what: &str, got: &[f64], want: &[f64], most: f64) {
    let difference = worst(got, want);
    println!("{what}: {difference:.1e}");
    assert!(difference <= most, "{what}: {difference:e}, more than {most:e}");
}

#[test]
fn the_example_ball_and_stick_follows_neuron_at_every_step() {
    let text = std::fs::read_to_string(Path::new(HERE).join("examples/ball_and_stick.toml")).unwrap();
    let more = r#"
[[record]]
at = "soma | dend(0.5) | dend(1)"
variables = ["v", "na.m", "na.h", "kdr.n"]
every = "0.2 ms"
file = "states"
"#;
    let run = run(&(text + more));
    for (cell, spike) in [(0, 52.61), (1, 5.37)] {
        // This table holds four decimals.
        let want = Table::read(&format!("ball_and_stick_{cell}_v"));
        for (place, column, file) in [("soma", "v_soma", "soma"), ("dend", "v_dend", "dendrite")] {
            let got = run.scaled(file, &format!("cells[{cell}].{place}.v"), 1e3);
            compare(&format!("cell {cell} {place} mV"), &got, want.column(column), 0.6e-4);
        }
        let want = Table::read(&format!("ball_and_stick_{cell}_states"));
        for (name, column, factor) in [
            ("soma.v", "v_soma", 1e3),
            ("dend.v", "v_dend", 1e3),
            ("dend(1).v", "v_dend_end", 1e3),
            ("soma.na.m", "m", 1.0),
            ("soma.na.h", "h", 1.0),
            ("soma.kdr.n", "n", 1.0),
        ] {
            let got = run.scaled("states", &format!("cells[{cell}].{name}"), factor);
            let most = if factor == 1.0 { 2e-12 } else { 2e-10 };
            compare(&format!("cell {cell} {name}"), &got, want.column(column), most);
        }
        let spikes = run.spikes_ms(cell);
        assert_eq!(spikes.len(), 1);
        assert!((spikes[0] - spike).abs() < 0.025, "{spikes:?}");
        let v = run.scaled("soma", &format!("cells[{cell}].soma.v"), 1e3);
        assert!((spikes[0] - upward_crossings(&v, 0.025, 0.0)[0]).abs() < 1e-9);
    }
}

/// `model` with a table `v` of the potential at NEURON's places `want`, such as `dend[3] 0.999`.
fn watch(mut model: Model, want: &Table) -> Model {
    let PopulationCell::Cable(cell) = &model.populations[0].cell else { panic!("no cell with a shape") };
    let points = want.names.iter().map(|column| {
        let (name, fraction) = column.split_once(' ').unwrap();
        let plain = name.strip_suffix("[0]").unwrap_or(name);
        let mut sections = cell.morphology.sections.iter().map(|s| &s.name);
        let name = sections.find(|s| *s == name || *s == plain).unwrap();
        Points::At(Region::Section(name.clone()), fraction.parse().unwrap())
    });
    model.recordings = vec![Recording {
        population: 0,
        cells: CellSet::All,
        site: Site::Points(Points::Union(points.collect())),
        variables: vec!["v".into()],
        interval_s: 0.0,
        file: "v".into(),
        label: None,
    }];
    model
}

/// The cell of `file` as `tests/reference/swc_cell.py` sets it up, against `NAME_v.csv`.
fn compare_cell(file: &Path, name: &str) {
    let text = format!(
        r#"
temperature = "6.3 degC"
run = {{ duration = "60 ms", dt = "0.025 ms" }}
[cell.x]
morphology = '{}'
capacitance = "1 uF/cm2"
axial_resistivity = "150 ohm cm"
initial_v = "-65 mV"
discretisation = "d_lambda"
channels.pas = {{ on = "all", g = "5e-5 S/cm2", reversal = "-65 mV" }}
channels.na = {{ on = "soma", g = "0.3 S/cm2", reversal = "50 mV" }}
channels.kdr = {{ on = "soma", g = "0.09 S/cm2", reversal = "-77 mV" }}
[population.x]
cell = "x"
[[stimulus]]
kind = "step"
at = "centre(soma)"
start = "5 ms"
stop = "50 ms"
amplitude = "0.5 nA"
"#,
        file.display()
    );
    let want = Table::read(&format!("{name}_v"));
    let run = run_model(&watch(model(&text), &want), &Options { threads: 1, ..Options::default() });
    let columns: Vec<Vec<f64>> = run.names("v").iter().map(|n| run.scaled("v", n, 1e3)).collect();
    assert_eq!(columns.len(), want.columns.len());
    let spikes = [&columns[0], &want.columns[0]].map(|v| upward_crossings(v, 0.025, 0.0));
    assert!(!spikes[0].is_empty());
    compare(&format!("{name} spikes, ms"), &spikes[0], &spikes[1], 1e-6);
    for ((place, got), want) in want.names.iter().zip(&columns).zip(&want.columns) {
        // NEURON's points are in single precision.
        compare(&format!("{name} {place} mV"), got, want, 1e-4);
    }
}

#[test]
fn a_reconstructed_cell_follows_neuron_at_every_step() {
    if let Some(file) = corpus("swc/files/NEAT/L23PyrBranco.swc") {
        compare_cell(&file, "corpus_l23");
    }
}

#[test]
fn the_sample_interneuron_follows_neuron_at_every_step() {
    compare_cell(&Path::new(HERE).join("morphologies/interneuron.swc"), "interneuron");
}

const SQUID: &str = r#"
[cell.x.channels]
na = { on = "all", g = "0.12 S/cm2", reversal = "50 mV" }
kdr = { on = "all", g = "0.036 S/cm2", reversal = "-77 mV" }
pas = { on = "all", g = "0.0003 S/cm2", reversal = "-54.3 mV" }
"#;

const PASSIVE: &str = r#"
[cell.x.channels.pas]
on = "all"
g = "1e-4 S/cm2"
reversal = "-65 mV"
"#;

fn pulse(start: &str, stop: &str, amplitude: &str) -> String {
    format!(
        "[[stimulus]]\npopulation = \"x\"\nkind = \"step\"\nat = \"soma\"\nstart = \"{start} ms\"\n\
         stop = \"{stop} ms\"\namplitude = \"{amplitude} nA\"\n"
    )
}

/// The compartment of `tests/reference/single.py` with `parts` on it.
fn single(duration_ms: &str, method: &str, variables: &str, parts: &str) -> Run {
    run(&format!(
        r#"
temperature = "6.3 degC"
library = ["tests/reference/mechanisms.nml"]
run = {{ duration = "{duration_ms} ms", dt = "0.025 ms", method = "{method}" }}
[cell.x]
morphology = {{ sections = [{{ name = "soma", kind = "soma", length = "20 um", diameter = "20 um" }}] }}
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
discretisation = 1
initial_v = "-65 mV"
[population.x]
cell = "x"
[[record]]
population = "x"
at = "soma"
variables = {variables}
{parts}
"#
    ))
}

fn of(run: &Run, variable: &str, factor: f64) -> Vec<f64> {
    run.scaled("x", &format!("x[0].soma.{variable}"), factor)
}

/// A recorded current of NEURON's is that of the step before; here it stands beside the voltage that
/// it is of.
fn compare_behind(what: &str, got: &[f64], want: &[f64], most: f64) {
    compare(what, &got[..got.len() - 1], &want[1..], most);
}

/// A/m² inwards as mA/cm² outwards.
const DENSITY: f64 = -0.1;

#[test]
fn one_compartment_with_squid_channels() {
    let parts = SQUID.to_string() + &pulse("1", "19.01", "0.3");
    let variables = r#"["v", "na.m", "na.h", "kdr.n", "na.i", "kdr.i", "na.g", "kdr.g"]"#;
    for (method, name) in [("backward_euler", "single_hh"), ("crank_nicolson", "single_hh_second_order")] {
        let run = single("25", method, variables, &parts);
        let want = Table::read(name);
        compare(&format!("{name} v"), &of(&run, "v", 1e3), want.column("v"), 6e-10);
        for (variable, column) in [("na.m", "m"), ("na.h", "h"), ("kdr.n", "n")] {
            compare(&format!("{name} {column}"), &of(&run, variable, 1.0), want.column(column), 6e-12);
        }
        let v = of(&run, "v", 1.0);
        for (channel, reversal, column) in [("na", 0.050, "ina"), ("kdr", -0.077, "ik")] {
            let mut got = of(&run, &format!("{channel}.i"), DENSITY);
            if method == "crank_nicolson" {
                // NEURON moves this current along its slope to the middle of the step.
                let g = of(&run, &format!("{channel}.g"), 0.1);
                for i in 0..got.len() - 1 {
                    assert!((got[i] - g[i] * (v[i] - reversal)).abs() < 1e-12);
                    got[i] = g[i] * ((v[i] + v[i + 1]) / 2.0 - reversal);
                }
            }
            compare_behind(&format!("{name} {column} mA/cm2"), &got, want.column(column), 6e-12);
        }
    }
}

#[test]
fn a_voltage_clamp_through_a_resistance() {
    let mut parts = SQUID.to_string();
    for (start, stop, voltage) in [("0", "2", "-65"), ("2", "7.01", "0"), ("7.01", "10.01", "-40")] {
        parts += &format!(
            "[[stimulus]]\nname = \"to {voltage}\"\nkind = \"voltage_clamp\"\nat = \"soma\"\nstart = \"{start} ms\"\nstop = \"{stop} ms\"\n\
             voltage = \"{voltage} mV\"\nseries_resistance = \"0.5 Mohm\"\n"
        );
    }
    let run = single("15", "backward_euler", r#"["v", "na.m", "na.h", "kdr.n"]"#, &parts);
    let want = Table::read("single_seclamp");
    compare("clamp v", &of(&run, "v", 1e3), want.column("v"), 6e-10);
    for (variable, column) in [("na.m", "m"), ("na.h", "h"), ("kdr.n", "n")] {
        compare(&format!("clamp {column}"), &of(&run, variable, 1.0), want.column(column), 6e-12);
    }
}

/// The events of `single.py`: ms, µS.
const EVENTS: [(f64, f64); 5] = [(2.0, 0.002), (5.01, 0.001), (5.02, 0.003), (11.9876, 0.002), (12.0, 0.002)];

/// A synapse with these parameters, of 1 µS, that [`EVENTS`] reach.
fn driven(parameters: &str) -> String {
    let mut text = format!(
        "{PASSIVE}[cell.x.synapses.syn]\nat = \"soma\"\nerev = \"0 mV\"\ngbase = \"1 uS\"\n{parameters}\n\
         [population.events]\nsize = 5\nspike_times = {:?}\n",
        EVENTS.map(|(ms, _)| [format!("{ms} ms")])
    );
    for (i, (_, weight)) in EVENTS.iter().enumerate() {
        text += &format!(
            "[[connection]]\nfrom = \"events\"\nto = \"x\"\nsynapse = \"syn\"\npairs = [[{i}, 0]]\n\
             weight = {weight}\ndelay = \"0 ms\"\n"
        );
    }
    text
}

#[test]
fn an_exponential_synapse() {
    let parts = driven("synapse = \"expOneSynapse\"\ntauDecay = \"2 ms\"");
    let run = single("25", "backward_euler", r#"["v", "syn.g", "syn.i"]"#, &parts);
    let want = Table::read("single_expsyn");
    compare("ExpSyn v", &of(&run, "v", 1e3), want.column("v"), 6e-10);
    compare_behind("ExpSyn i nA", &of(&run, "syn.i", -1e9), want.column("i"), 6e-12);
    // NEURON's record shows the conductance at the end of the step, before the events there.
    let decayed = of(&run, "syn.g", 1e6 * (-0.025f64 / 2.0).exp());
    compare_behind("ExpSyn g uS", &decayed, want.column("g"), 6e-14);
}

#[test]
fn a_double_exponential_synapse() {
    let parts = driven("synapse = \"expTwoSynapse\"\ntauRise = \"0.5 ms\"\ntauDecay = \"3 ms\"");
    let run = single("25", "backward_euler", r#"["v", "syn.i", "syn.A", "syn.B"]"#, &parts);
    let want = Table::read("single_exp2syn");
    compare("Exp2Syn v", &of(&run, "v", 1e3), want.column("v"), 6e-10);
    compare_behind("Exp2Syn i nA", &of(&run, "syn.i", -1e9), want.column("i"), 6e-12);
    for (variable, tau) in [("A", 0.5), ("B", 3.0)] {
        let decayed = of(&run, &format!("syn.{variable}"), (-0.025f64 / tau).exp());
        compare_behind(&format!("Exp2Syn {variable}"), &decayed, want.column(variable), 6e-14);
    }
}

#[test]
fn a_conductance_that_is_a_function_of_time() {
    let parts = PASSIVE.to_string()
        + "[[stimulus]]\ncomponent = \"alphaConductance\"\nat = \"soma\"\nonset = \"2.01 ms\"\ntau = \"1.5 ms\"\n\
           gmax = \"0.004 uS\"\nerev = \"0 mV\"\n";
    let run = single("20", "backward_euler", "[\"v\"]", &parts);
    compare("AlphaSynapse v", &of(&run, "v", 1e3), Table::read("single_alphasynapse").column("v"), 6e-10);
}

#[test]
fn a_kinetic_scheme_of_an_own_file() {
    let parts = PASSIVE.to_string()
        + "[cell.x.channels.kin3]\non = \"all\"\ng = \"0.002 S/cm2\"\nreversal = \"-80 mV\"\n"
        + &pulse("2", "12", "0.15");
    let variables = r#"["v", "kin3.c1/occupancy", "kin3.c2/occupancy", "kin3.o/occupancy", "kin3.i"]"#;
    let run = single("25", "backward_euler", variables, &parts);
    let want = Table::read("single_kin3");
    // NEURON starts some 1e-9 beside the steady state.
    compare("kinetic v", &of(&run, "v", 1e3), want.column("v"), 1e-7);
    for state in ["c1", "c2", "o"] {
        let got = of(&run, &format!("kin3.{state}/occupancy"), 1.0);
        compare(&format!("kinetic {state}"), &got, want.column(state), 5e-9);
    }
    compare_behind("kinetic i mA/cm2", &of(&run, "kin3.i", DENSITY), want.column("i"), 2e-10);
}

#[test]
fn calcium_in_a_shell_ohmic_and_by_goldman_hodgkin_and_katz() {
    let ohmic = "g = \"0.001 S/cm2\"\nreversal = \"nernst\"";
    let ghk = "permeability = \"1e-4 cm/s\"\nreversal = \"ghk\"";
    for (how, name) in [(ohmic, "single_caohm"), (ghk, "single_caghk")] {
        let parts = PASSIVE.to_string()
            + &format!("[cell.x.channels.ca2]\non = \"all\"\n{how}\n")
            + "[cell.x.ions.ca]\npool = \"shell\"\non = \"all\"\ninside = \"1e-4 mM\"\noutside = \"2 mM\"\n"
            + &pulse("2", "17", "0.15");
        let run = single("25", "backward_euler", r#"["v", "ca2.m", "ca.concentration", "ca2.i"]"#, &parts);
        let want = Table::read(name);
        // NeuroML's F and R have six and eight digits; NEURON's slope of the current is a difference.
        compare(&format!("{name} v"), &of(&run, "v", 1e3), want.column("v"), 2e-5);
        compare(&format!("{name} m"), &of(&run, "ca2.m", 1.0), want.column("m"), 5e-8);
        // Up to 0.04 mM, and 0.02 mA/cm2.
        compare(&format!("{name} cai mM"), &of(&run, "ca.concentration", 1.0), want.column("cai"), 1e-8);
        let got = of(&run, "ca2.i", DENSITY);
        compare_behind(&format!("{name} ica mA/cm2"), &got, want.column("ica"), 1e-8);
    }
}
