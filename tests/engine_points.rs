//! Point neurons and events: against closed forms, and the plain interpreter at small steps.

mod common;

use common::sim::{Run, model, run, worst};
use neuropil::dynamics::interpret::Instance;
use neuropil::model::{PopulationCell, Receiver};

/// Cells `neuron` (a `key = value` list) under `parts`.
fn cells(neuron: &str, size: usize, dt_ms: f64, duration_ms: f64, parts: &str) -> String {
    format!(
        r#"
run = {{ duration = "{duration_ms} ms", dt = "{dt_ms} ms" }}
[cell.n]
{neuron}
[population.n]
cell = "n"
size = {size}
{parts}
"#
    )
}

fn dc(nano_ampere: f64) -> String {
    format!("[[stimulus]]\npopulation = \"n\"\nkind = \"dc\"\namplitude = \"{nano_ampere} nA\"\n")
}

const V: &str = "[[record]]\npopulation = \"n\"\nvariables = [\"v\"]\nfile = \"v\"\n";

#[test]
fn integrate_and_fire_fires_when_the_formula_says() {
    // Time constant, rise of v at rest with 1 nA and threshold above rest and reset (mV), refractory time.
    let iaf = ("neuron = \"lif\"", 10.0, 40.0, 15.0, 2.0);
    let curr = ("neuron = \"if_curr_exp\"", 20.0, 20.0, 15.0, 0.1);
    let cond = ("neuron = \"if_cond_exp\"", 20.0, 20.0, 15.0, 0.1);
    for (neuron, tau, rise, threshold, refractory) in [iaf, curr, cond] {
        for (current, dt) in [(0.85, 0.1), (1.0, 0.1), (3.0, 0.025), (0.851, 0.01)] {
            let run = run(&cells(neuron, 1, dt, 200.0, &(dc(current) + V)));
            let spikes = run.spikes_ms(0);
            let rise = rise * current;
            let wait = tau * (rise / (rise - threshold)).ln();
            assert!(spikes.len() >= 2, "{neuron} {current} nA: {spikes:?}");
            let late = spikes[0] - wait;
            assert!((-1e-9..=dt + 1e-9).contains(&late), "{neuron}: first spike {late} ms late");
            // Threshold and end of the refractory time are each seen at the next step.
            for pair in spikes.windows(2) {
                let late = pair[1] - pair[0] - wait - refractory;
                assert!((-1e-9..=2.0 * dt + 1e-9).contains(&late), "{neuron}: interval {late} ms too long");
            }
            // Below threshold v is the formula to rounding.
            let v = run.scaled("v", "n[0].v", 1e3);
            let until = (spikes[0] / dt).round() as usize;
            let want: Vec<f64> =
                (0..until).map(|i| -65.0 + rise * -(-(i as f64) * dt / tau).exp_m1()).collect();
            let difference = worst(&v[..until], &want);
            assert!(difference < 1e-10, "{neuron}: {difference:e} mV");
            let held = (refractory / dt) as usize;
            assert!(v[until..until + held].iter().all(|v| (v + 65.0).abs() < 1e-12), "held at the reset");
        }
    }
}

/// Spikes (ms) of the plain interpreter at steps of `dt_ms` under a constant current.
fn interpreted(text: &str, nano_ampere: f64, dt_ms: f64, duration_ms: f64) -> Vec<f64> {
    let model = model(text);
    let PopulationCell::Point(cell) = &model.populations[0].cell else { panic!("no point neuron") };
    let dynamics = &cell.dynamics;
    let mut instance = Instance::new(dynamics, &[]).unwrap();
    let has = |name: &str| dynamics.inputs.iter().any(|i| i.name == name);
    for name in ["synapses[*]/i", "iSyn"] {
        if has(name) {
            instance.set_input(name, nano_ampere * 1e-9).unwrap();
        }
    }
    let mut spikes = Vec::new();
    for step in 1..=(duration_ms / dt_ms).round() as u32 {
        let now_ms = f64::from(step) * dt_ms;
        instance.rk4(dt_ms * 1e-3).unwrap();
        if has("t") {
            instance.set_input("t", now_ms * 1e-3).unwrap();
        }
        if !instance.conditions().unwrap().is_empty() {
            spikes.push(now_ms);
        }
    }
    spikes
}

#[test]
fn other_point_neurons_fire_as_the_interpreter_says() {
    for (neuron, current) in [
        ("neuron = \"adex\"", 0.8),
        ("neuron = \"izhikevich_2007\"", 0.3),
        ("neuron = \"izhikevich_2007\"", 0.6),
        ("neuron = \"lif\"", 0.7),
    ] {
        let text = |dt| cells(neuron, 1, dt, 60.0, &(dc(current) + V));
        let want = interpreted(&text(0.1), current, 0.001, 60.0);
        assert!(want.len() >= 2, "{neuron} {current}: {want:?}");
        let error = |dt: f64| {
            let got = run(&text(dt)).spikes_ms(0);
            assert_eq!(got.len(), want.len(), "{neuron} at {dt} ms: {got:?}, not {want:?}");
            worst(&got, &want)
        };
        let errors = [0.02, 0.005, 0.00125].map(error);
        println!("{neuron}: spikes {:.3} … off by {errors:.4?} ms at dt 0.02, 0.005, 0.00125", want[0]);
        // First order: a quarter of the step, a quarter of the error, within a step of the grid.
        assert!(errors[1] <= errors[0] / 4.0 + 0.005 && errors[2] <= errors[1] / 4.0 + 0.00225, "{errors:?}");
        assert!(errors[2] < 0.02, "{neuron}: {errors:?}");
    }
}

#[test]
fn potentials_at_the_start_are_set_cell_by_cell() {
    let text = cells("neuron = \"lif\"", 2, 0.1, 20.0, V)
        .replace("size = 2", "size = 2\ninitial_v = [\"-60 mV\", \"-72 mV\"]");
    let run = run(&text);
    for (cell, start) in [(0, -60.0), (1, -72.0)] {
        let v = run.scaled("v", &format!("n[{cell}].v"), 1e3);
        let decay = |i: usize| -65.0 + (start + 65.0) * (-0.1 * i as f64 / 10.0f64).exp();
        let want: Vec<f64> = (0..v.len()).map(decay).collect();
        assert!(worst(&v, &want) < 1e-11, "cell {cell}: {:e}", worst(&v, &want));
    }
}

#[test]
fn a_conductance_on_a_point_neuron_is_integrated_exactly() {
    // The synapse hardly decays: from its event on v relaxes with the sum of both conductances.
    let neuron = "neuron = \"lif\"\nsynapses.s = { synapse = \"expOneSynapse\", gbase = \"10 nS\", erev = \"-55 mV\", tauDecay = \"1e12 ms\" }";
    let parts = format!(
        "{V}[population.s]\nspike_times = [\"3 ms\"]\n[[connection]]\nfrom = \"s\"\nto = \"n\"\nsynapse = \"s\"\n\
         pairs = \"all_to_all\"\nweight = 2.5\ndelay = \"2 ms\"\n"
    );
    let v = run(&cells(neuron, 1, 0.1, 40.0, &parts)).scaled("v", "n[0].v", 1e3);
    let (steady, tau) = ((25.0 * -65.0 + 25.0 * -55.0) / 50.0, 250.0 / 50.0);
    let want: Vec<f64> = (0..v.len())
        .map(|i| (0.1 * i as f64 - 5.0).max(0.0))
        .map(|t| steady + (-65.0 - steady) * (-t / tau).exp())
        .collect();
    assert!(worst(&v, &want) < 1e-10, "{:e} mV", worst(&v, &want));
}

/// A neuron far from threshold with the synapse `s` (its keys), driven by sources.
fn driven(synapse: &str, variables: &str, sources: &str) -> Run {
    let neuron = format!("neuron = \"lif\"\nsynapses.s = {{ {synapse} }}");
    let parts = format!("[[record]]\npopulation = \"n\"\nvariables = {variables}\nfile = \"s\"\n{sources}");
    run(&cells(&neuron, 1, 0.1, 100.0, &parts))
}

fn source(name: &str, times: &[f64], weight: f64, delay: f64) -> String {
    let times: Vec<String> = times.iter().map(|t| format!("{t} ms")).collect();
    format!(
        "[population.{name}]\nspike_times = {times:?}\n[[connection]]\nfrom = \"{name}\"\nto = \"n\"\nsynapse = \"s\"\n\
         pairs = \"all_to_all\"\nweight = {weight}\ndelay = \"{delay} ms\"\n"
    )
}

#[test]
fn events_arrive_at_the_nearest_step_with_their_weights_and_add_up() {
    let step = "synapse = \"expOneSynapse\", gbase = \"1 nS\", erev = \"-65 mV\", tauDecay = \"1e15 ms\"";
    let sources = source("a", &[1.0, 7.04], 2.0, 2.3)
        + &source("b", &[1.3, 8.06], 0.25, 2.0)
        + &source("c", &[0.05, 20.0, 20.0], 8.0, 0.1)
        + &source("d", &[99.8], 64.0, 1.0)
        + &source("e", &[0.0], 1024.0, 0.0);
    let g = driven(step, "[\"s.g\"]", &sources).scaled("s", "n[0].s.g", 1e9);
    // Step of arrival and what it adds: 3.3 twice, 9.34 and 10.06 to the nearest; 0.15, halfway, to the
    // earlier; two at once; one after the end; one at once.
    let arrivals = [(33, 2.25), (93, 2.0), (101, 0.25), (1, 8.0), (201, 16.0), (0, 1024.0)];
    for (i, g) in g.iter().enumerate() {
        let want: f64 = arrivals.iter().filter(|(step, _)| *step <= i).map(|(_, w)| w).sum();
        assert!((g - want).abs() < 1e-9, "step {i}: {g}, not {want}");
    }
}

#[test]
fn a_spike_of_a_point_neuron_reaches_others_after_its_delay() {
    let neuron = "neuron = \"lif\"\nsynapses.s = { synapse = \"expOneSynapse\", gbase = \"1 nS\", erev = \"-65 mV\", tauDecay = \"1e15 ms\" }";
    let parts = "[[stimulus]]\npopulation = \"n\"\ncells = 0\nkind = \"dc\"\namplitude = \"0.7 nA\"\n\
                 [[connection]]\nfrom = \"n\"\nto = \"n\"\nsynapse = \"s\"\npairs = [[0, 1]]\ndelay = \"1.7 ms\"\n\
                 [[record]]\npopulation = \"n\"\ncells = 1\nvariables = [\"s.g\"]\nfile = \"g\"\n";
    let run = run(&cells(neuron, 2, 0.1, 50.0, parts));
    let spikes = run.spikes_ms(0);
    assert!(spikes.len() > 3 && run.spikes_ms(1).is_empty());
    let g = run.scaled("g", "n[1].s.g", 1e9);
    for (i, g) in g.iter().enumerate() {
        let arrived = spikes.iter().filter(|s| **s + 1.7 < 0.1 * i as f64 + 0.05).count();
        assert!((g - arrived as f64).abs() < 1e-9, "step {i}: {g}, not {arrived}");
    }
}

#[test]
fn plastic_synapses_follow_the_recursion_of_tsodyks_and_markram() {
    let times: Vec<f64> = [1.0, 11.0, 21.0, 22.0, 22.3, 40.0, 65.5, 66.0, 90.0].to_vec();
    let depression = ("tsodyks_markram", 0.5, 800.0, None);
    let facilitation = ("tsodyks_markram_fac", 0.03, 130.0, Some(530.0));
    for (name, release, recovery, tau_facilitation) in [depression, facilitation] {
        let run =
            driven(&format!("synapse = \"{name}\""), "[\"s.A\", \"s.B\"]", &source("a", &times, 1.5, 0.5));
        let (rise, decay) = (0.2, 3.0_f64);
        let peak = (decay / rise).ln() * rise * decay / (decay - rise);
        let factor = 1.5 / ((-peak / decay).exp() - (-peak / rise).exp());
        // Tsodyks, Pawelzik & Markram 1998, equations 2.1 to 2.3: (time, what A and B jump by).
        let (mut r, mut u, mut jumps, mut last) = (1.0, release, Vec::new(), 0.0);
        for t in &times {
            let since: f64 = t + 0.5 - last;
            r = 1.0 + (r - 1.0) * (-since / recovery).exp();
            if let Some(tau) = tau_facilitation {
                u = release + (u - release) * (-since / tau).exp();
            }
            jumps.push((t + 0.5, u * r * factor));
            r -= u * r;
            if tau_facilitation.is_some() {
                u += release * (1.0 - u);
            }
            last = t + 0.5;
        }
        for (state, tau) in [("A", rise), ("B", decay)] {
            let got = run.column("s", &format!("n[0].s.{state}"));
            for (i, got) in got.iter().enumerate() {
                let now = 0.1 * i as f64;
                let past = jumps.iter().filter(|(t, _)| *t < now + 0.05);
                let want: f64 = past.map(|(t, jump)| jump * (-(now - t) / tau).exp()).sum();
                let difference = (got - want).abs();
                assert!(
                    difference <= 1e-9 * want.abs() + 1e-250,
                    "{name} {state}, step {i}: {got}, not {want}"
                );
            }
        }
    }
}

#[test]
fn an_alpha_synapse_follows_its_closed_form_at_any_step() {
    let error = |dt: f64| {
        let neuron = "neuron = \"lif\"\nsynapses.s = { synapse = \"alpha_syn\" }";
        let parts = "[[record]]\npopulation = \"n\"\nvariables = [\"s.g\"]\nfile = \"s\"\n".to_string()
            + &source("a", &[1.0], 1.0, 1.0);
        let g = run(&cells(neuron, 1, dt, 20.0, &parts)).scaled("s", "n[0].s.g", 1e9);
        let shape = |i: usize| {
            let x = ((dt * i as f64 - 2.0) / 2.0).max(0.0);
            x * (1.0 - x).exp()
        };
        worst(&g, &(0..g.len()).map(shape).collect::<Vec<f64>>())
    };
    let errors = [1.0, 0.1, 0.025].map(error);
    assert!(errors.iter().all(|error| *error < 1e-13), "{errors:?}");
}

#[test]
fn connections_that_lead_nowhere_are_errors() {
    let workload = neuropil::bench::Workload { name: "ring".into(), n: Some(16), ..Default::default() };
    let broken = |change: &dyn Fn(&mut neuropil::model::Connection)| {
        let mut model = neuropil::bench::model(&workload).unwrap();
        change(&mut model.connections[3]);
        let simulation = neuropil::engine::Simulation::new(&model, &neuropil::engine::Options::default());
        simulation.unwrap_err().to_string()
    };
    assert!(
        broken(&|c| c.receiver = Receiver::Synapse { synapse: 0, point: 11 })
            .contains("point 11 of synapse 0, which has 11")
    );
    assert!(broken(&|c| c.receiver = Receiver::Synapse { synapse: 1, point: 0 }).contains("synapse 1"));
    assert!(broken(&|c| c.target = (0, 16)).contains("cell 16"));
    assert!(broken(&|c| c.source = (5, 0)).contains("population 5"));
    assert!(broken(&|c| c.delay_s = -1e-3).contains("negative"));
}
