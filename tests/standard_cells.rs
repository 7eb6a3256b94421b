//! PyNN's standard cells: their receptors, units and signs.

use std::ops::ControlFlow;

use neuropil::engine::{Memory, Options, Simulation};
use neuropil::experiment;

struct Ran {
    /// Spikes of population `cells`, s.
    spikes: Vec<f64>,
    table: Vec<f64>,
}

fn run(text: &str) -> Ran {
    let model = experiment::parse(text, "cells.toml").unwrap_or_else(|e| panic!("{e}")).model;
    let mut memory = Memory::default();
    let mut simulation = Simulation::new(&model, &Options::default()).unwrap_or_else(|e| panic!("{e}"));
    simulation.run(&mut memory, &mut |_| ControlFlow::Continue(())).unwrap();
    let of_cells = memory.spikes.iter().filter(|s| simulation.cell_name(s.cell).starts_with("cells"));
    Ran { spikes: of_cells.map(|s| s.time_s).collect(), table: memory.tables.swap_remove(0) }
}

const EXC: &str = "[20, 35, 36.5, 60, 61, 62, 90, 120, 121.3, 150]";
const INH: &str = "[50, 75, 100, 101, 140]";

fn times(list: &str) -> String {
    list.split(", ")
        .map(|t| t.trim_matches(['[', ']']))
        .map(|t| format!("\"{t} ms\""))
        .collect::<Vec<_>>()
        .join(", ")
}

/// One cell under spikes of both kinds.
fn driven(neuron: &str, parameters: &str, weights: (f64, f64), dt: &str) -> String {
    format!(
        "seed = 1\ntemperature = \"20 degC\"\nrun = {{ duration = \"200 ms\", dt = \"{dt} ms\" }}\n\
         [cell.it]\nneuron = \"{neuron}\"\n{parameters}\n[population.cells]\ncell = \"it\"\n\
         [population.exc]\nspike_times = [{}]\n[population.inh]\nspike_times = [{}]\n\
         [[projection]]\nfrom = \"exc\"\nto = \"cells\"\nsynapse = \"excitatory\"\nconnector = \"all_to_all\"\nweight = {}\ndelay = \"1 ms\"\n\
         [[projection]]\nfrom = \"inh\"\nto = \"cells\"\nsynapse = \"inhibitory\"\nconnector = \"all_to_all\"\nweight = {}\ndelay = \"1 ms\"\n\
         [[record]]\npopulation = \"cells\"\nvariables = [\"v\"]\n",
        times(EXC),
        times(INH),
        weights.0,
        weights.1
    )
}

/// Name, type, parameters, weights.
const CELLS: [(&str, &str, &str, (f64, f64)); 11] = [
    ("curr_exp", "IF_curr_exp", "i_offset = 0.7\ntau_refrac = 2\ntau_syn_E = 2\ntau_syn_I = 5", (2.0, -1.5)),
    ("curr_alpha", "IF_curr_alpha", "i_offset = 0.78", (3.0, -3.0)),
    ("curr_delta", "IF_curr_delta", "i_offset = 0.7\ntau_refrac = \"3 ms\"", (4.0, -5.0)),
    ("cond_exp", "IF_cond_exp", "i_offset = \"600 pA\"", (0.03, 0.04)),
    ("cond_alpha", "IF_cond_alpha", "i_offset = 0.78\ntau_refrac = 2", (0.2, 0.1)),
    ("gsfa", "IF_cond_exp_gsfa_grr", "i_offset = 1.2\ntau_refrac = 2", (0.03, 0.04)),
    ("facets", "IF_facets_hardware1", "", (0.004, 0.002)),
    ("hh", "HH_cond_exp", "i_offset = 0.1", (0.3, 0.05)),
    ("eif_alpha", "EIF_cond_alpha_isfa_ista", "i_offset = 0.7\ntau_refrac = 1", (0.03, 0.03)),
    ("eif_exp", "EIF_cond_exp_isfa_ista", "i_offset = 0.7\ntau_refrac = 1", (0.02, 0.03)),
    ("izhikevich", "Izhikevich", "i_offset = 0.004", (4.0, -3.0)),
];

#[test]
fn every_standard_cell_spikes_under_its_input() {
    for (name, neuron, parameters, weights) in CELLS {
        let ran = run(&driven(neuron, parameters, weights, "0.1"));
        assert!((2..20).contains(&ran.spikes.len()), "{name}: {:?}", ran.spikes);
    }
}

#[test]
fn receptors_follow_the_parameters_of_their_cell() {
    // A population whose time constants differ, against cells alone.
    let text = driven("IF_cond_exp", "", (0.01, 0.01), "0.1");
    let text = text.replace("variables = [\"v\"]", "variables = [\"gsyn_exc\", \"gsyn_inh\"]");
    let many = run(&text.replace(
        "cell = \"it\"\n",
        "cell = \"it\"\nsize = 2\nparameters = { tau_syn_E = [3, 8], tau_syn_I = \"9 ms\", v_thresh = 0 }\n",
    ));
    let alone = run(&text.replace(
        "neuron = \"IF_cond_exp\"\n",
        "neuron = \"IF_cond_exp\"\ntau_syn_E = \"8 ms\"\ntau_syn_I = 9\n",
    ));
    for (many, alone) in many.table.chunks(5).zip(alone.table.chunks(3)) {
        assert!(
            (many[2] - alone[1]).abs() < 1e-12 || (many[3] - alone[1]).abs() < 1e-12,
            "{many:?} {alone:?}"
        );
    }
    // One spike at 21 ms of 0.01 uS, and what is left of it 4 ms later.
    let row = 250;
    assert!((alone.table[3 * row + 1] - 0.01 * (-0.5f64).exp()).abs() < 1e-9);
}

#[test]
fn weights_have_the_unit_and_the_sign_of_their_receptor() {
    let base = driven("IF_cond_exp", "", (0.03, 0.04), "0.1");
    let plain = run(&base).table;
    assert_eq!(plain, run(&base.replace("weight = 0.03", "weight = \"30 nS\"")).table);
    let current = driven("IF_curr_exp", "", (0.5, -0.25), "0.1");
    assert_eq!(run(&current).table, run(&current.replace("weight = 0.5", "weight = \"500 pA\"")).table);
    let delta = driven("IF_curr_delta", "", (4.0, -5.0), "0.1");
    assert_eq!(run(&delta).table, run(&delta.replace("weight = 4", "weight = \"4 mV\"")).table);
    for (text, wanted) in [
        (base.replace("weight = 0.04", "weight = -0.04"), "a negative weight on a conductance"),
        (base.replace("weight = 0.04", "weight = \"1 nA\""), "found a current"),
        (current.replace("weight = -0.25", "weight = 0.25"), "a positive weight on an inhibitory current"),
        (current.replace("weight = 0.5", "weight = -0.5"), "a negative weight on an excitatory current"),
        (delta.replace("weight = -5", "weight = 5"), "a positive weight on an inhibitory current"),
        (base.replace("\"excitatory\"", "\"exitatory\""), "did you mean `excitatory`?"),
        (
            base.replace("neuron = \"IF_cond_exp\"", "neuron = \"IF_cond_exp\"\ntau_m = \"20 mV\""),
            "found a voltage",
        ),
        (
            base.replace("neuron = \"IF_cond_exp\"", "neuron = \"IF_cond_exp\"\ntau_s = 2"),
            "no parameter `tau_s`",
        ),
    ] {
        let error = experiment::parse(text, "cells.toml").unwrap_err().to_string();
        assert!(error.contains(wanted), "{wanted}\n{error}");
    }
}

#[test]
fn linear_cells_without_conductances_follow_their_solution() {
    // v = v_rest + R I (1 - exp(-t / tau)) whatever the step.
    for (neuron, dt) in [("IF_curr_exp", "0.1"), ("IF_curr_delta", "1"), ("IF_cond_alpha", "1")] {
        let text = driven(neuron, "i_offset = 0.6", (0.0, 0.0), dt);
        let ran = run(&text);
        for row in ran.table.chunks(2) {
            let wanted = -65.0 + 12.0 * (1.0 - (-row[0] / 0.020).exp());
            assert!((row[1] * 1e3 - wanted).abs() < 1e-9, "{neuron}: {row:?}, not {wanted}");
        }
    }
}

#[test]
fn random_spikes_have_their_intensity() {
    // Far below threshold and with neither adaptation nor refractory time: a Poisson process.
    let none = (1..4).map(|k| format!("a_eta{k} = 0\na_gamma{k} = 0\n")).collect::<String>();
    let text = driven(
        "GIF_cond_exp",
        &format!("{none}tau_refrac = 0\nlambda0 = \"20 Hz\"\nv_t_star = -65\n"),
        (0.0, 0.0),
        "0.1",
    );
    let ran = run(&text
        .replace("cell = \"it\"\n", "cell = \"it\"\nsize = 500\n")
        .replace("variables = [\"v\"]", "variables = [\"v_t\"]"));
    let count = ran.spikes.len() as f64;
    // The refractory time is a step: one in 500 is lost.
    let wanted = 500.0 * 0.2 * 20.0 * 0.998;
    assert!((count - wanted).abs() < 4.0 * wanted.sqrt(), "{count} spikes, not {wanted}");
}
