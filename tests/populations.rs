//! What differs between the cells of a population, against populations of one.

use neuropil::engine::{Memory, Options, Simulation};
use neuropil::experiment;

fn run(text: &str) -> Memory {
    let model = experiment::parse(text, "cells.toml").unwrap_or_else(|e| panic!("{e}")).model;
    let mut memory = Memory::default();
    let mut simulation = Simulation::new(&model, &Options::default()).unwrap_or_else(|e| panic!("{e}"));
    simulation.run(&mut memory, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    memory
}

const BASE: &str = "seed = 2\ntemperature = \"20 degC\"\nrun = { duration = \"80 ms\", dt = \"0.1 ms\" }\n\
    [[stimulus]]\nkind = \"dc\"\namplitude = \"0.9 nA\"\n\
    [[record]]\nvariables = [\"v\"]\n[population.noise]\nspike_times = [\"5 ms\", \"20 ms\"]\n\
    [[projection]]\nfrom = \"noise\"\nto = \"cells\"\nsynapse = \"in\"\nconnector = \"all_to_all\"\ndelay = \"1 ms\"\n";

/// An adaptive exponential cell, whose equations have parameters that follow from others.
fn cell(parameters: &str, decay: &str) -> String {
    format!(
        "[cell.adex]\nneuron = \"adex\"\n{parameters}\nsynapses.in = {{ synapse = \"exp_syn\", gbase = \"2 nS\", tauDecay = \"{decay}\" }}\n"
    )
}

#[test]
fn cells_that_differ_are_as_if_each_were_alone() {
    let many = format!(
        "{BASE}{}[population.cells]\ncell = \"adex\"\nsize = 3\ninitial = {{ v = [\"-70 mV\", \"-65 mV\", \"-60 mV\"], w = \"0.01 nA\" }}\n\
         parameters = {{ C = [\"200 pF\", \"281 pF\", \"300 pF\"], tauw = [\"100 ms\", \"144 ms\", \"30 ms\"], \"in.tauDecay\" = [\"2 ms\", \"5 ms\", \"9 ms\"] }}\n",
        cell("", "4 ms")
    );
    let together = run(&many);
    let alone: Vec<Memory> = [
        ("200 pF", "100 ms", "2 ms", -70),
        ("281 pF", "144 ms", "5 ms", -65),
        ("300 pF", "30 ms", "9 ms", -60),
    ]
    .into_iter()
    .map(|(c, tau, decay, v)| {
        run(&format!(
            "{BASE}{}[population.cells]\ncell = \"adex\"\ninitial = {{ v = \"{v} mV\", w = \"0.01 nA\" }}\n",
            cell(&format!("C = \"{c}\"\ntauw = \"{tau}\""), decay)
        ))
    })
    .collect();
    assert!(together.spikes.len() > 10);
    let rows = together.tables[0].len() / 4;
    assert!(rows > 700);
    for row in 0..rows {
        for (i, alone) in alone.iter().enumerate() {
            let (a, b) = (together.tables[0][4 * row + 1 + i], alone.tables[0][2 * row + 1]);
            // The same equations with numbers from memory and with numbers built in.
            assert!((a - b).abs() < 1e-9, "cell {i}, row {row}: {a} and {b}");
        }
    }
}

#[test]
fn values_are_drawn_or_follow_a_formula() {
    let text = format!(
        "{BASE}{}[population.cells]\ncell = \"adex\"\nsize = 2000\nstructure = {{ line = {{ dx = \"2 um\" }} }}\n\
         parameters = {{ C = {{ normal = [\"281 pF\", \"10 pF\"] }}, gL = \"30 nS + x / 1 mm * 1 nS\", EL = \"-70 mV\" }}\n\
         initial = {{ v = {{ uniform = [\"-70 mV\", \"-60 mV\"] }} }}\n",
        cell("", "4 ms")
    );
    let model = experiment::parse(text, "cells.toml").unwrap_or_else(|e| panic!("{e}")).model;
    let cells = model.populations.iter().find(|p| p.name == "cells").unwrap();
    let column = |name: &str| &cells.parameters.iter().find(|(known, _)| known == name).unwrap().1;
    let mean = column("C").iter().sum::<f64>() / 2000.0;
    assert!((mean - 281e-12).abs() < 5.0 * 10e-12 / 2000f64.sqrt(), "{mean}");
    assert!((column("gL")[500] - 31e-9).abs() < 1e-15);
    assert!(column("EL").iter().all(|e| *e == -0.07));
    assert!(cells.initial_v.iter().all(|v| (-0.07..-0.06).contains(v)));
    assert!(cells.initial_v.windows(2).any(|pair| pair[0] != pair[1]));
}

#[test]
fn what_does_not_fit_is_named() {
    for (line, wanted) in [
        ("parameters = { Cm = \"1 nF\" }", "has no parameter `Cm`"),
        ("parameters = { C = [\"1 nF\"] }", "1 values for 3 cells"),
        ("parameters = { C = \"1 nS\" }", "expected a capacitance"),
        ("parameters = { \"out.tauDecay\" = \"1 ms\" }", "no synapse `out`"),
        ("initial = { u = \"1 nA\" }", "has no state `u`"),
        ("initial = { v = { normal = [\"-65 mV\", \"-1 mV\"] } }", "sigma must not be negative"),
    ] {
        let text =
            format!("{BASE}{}[population.cells]\ncell = \"adex\"\nsize = 3\n{line}\n", cell("", "4 ms"));
        let error = experiment::parse(text, "cells.toml").unwrap_err().to_string();
        assert!(error.contains(wanted), "{line}\n{error}");
    }
}

#[test]
fn samples_of_cells_follow_the_seed() {
    let stimulated = |seed: u64| {
        let text = format!(
            "{BASE}{}[population.cells]\ncell = \"adex\"\nsize = 200\n\
             [[stimulus]]\nname = \"some\"\nkind = \"dc\"\namplitude = \"0.1 nA\"\ncells = {{ sample = 20 }}\n",
            cell("", "4 ms")
        );
        let text = text.replacen("seed = 2", &format!("seed = {seed}"), 1);
        let model = experiment::parse(text, "cells.toml").unwrap_or_else(|e| panic!("{e}")).model;
        model.stimuli.iter().find(|s| s.name == "some").unwrap().cells.indices(200)
    };
    let first = stimulated(1);
    assert_eq!(first.len(), 20);
    assert_eq!(first, stimulated(1));
    assert_ne!(first, stimulated(2));
}
