//! What is injected and what is recorded: places, regions, intervals, currents, noise.

mod common;

use common::sim::{Run, run, worst};

/// A capacitor of 1 nF (no channels that matter): v tells the charge that came in.
fn capacitor(duration: &str, dt: &str, parts: &str) -> Run {
    run(&format!(
        r#"
seed = 5
run = {{ duration = "{duration}", dt = "{dt}" }}
[cell.c]
morphology = {{ sections = [{{ name = "soma", kind = "soma", length = "100 um", diameter = "{} um" }}] }}
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
discretisation = 1
initial_v = "0 mV"
channels.pas = {{ on = "all", g = "1e-15 S/cm2", reversal = "0 mV" }}
[population.c]
cell = "c"
[[record]]
at = "soma"
variables = ["v"]
file = "v"
{parts}
"#,
        1000.0 / std::f64::consts::PI
    ))
}

fn charge_pc(run: &Run) -> Vec<f64> {
    // 1 nF: mV are pC.
    run.scaled("v", "c[0].soma.v", 1e3)
}

#[test]
fn pulses_bring_their_charge_at_their_time() {
    let run = capacitor(
        "10 ms",
        "0.1 ms",
        "[[stimulus]]\nkind = \"steps\"\nat = \"soma\"\ntimes = [\"2 ms\", \"4 ms\", \"7 ms\"]\n\
         amplitudes = [\"0.1 nA\", \"-0.2 nA\", \"0 nA\"]\n",
    );
    let want: Vec<f64> = (0..=100)
        .map(|i| f64::from(i) * 0.1)
        .map(|t| 0.1 * (t.clamp(2.0, 4.0) - 2.0) - 0.2 * (t.clamp(4.0, 7.0) - 4.0))
        .collect();
    let difference = worst(&charge_pc(&run), &want);
    assert!(difference < 3e-12, "{difference:e} pC");
}

#[test]
fn ramps_and_sines_are_integrated_by_their_midpoints() {
    let run_ramp = capacitor(
        "10 ms",
        "0.1 ms",
        "[[stimulus]]\nkind = \"ramp\"\nat = \"soma\"\nstart = \"2 ms\"\nstop = \"8 ms\"\nfrom = \"0.1 nA\"\nto = \"0.7 nA\"\n",
    );
    let want: Vec<f64> = (0..=100)
        .map(|i| (f64::from(i) * 0.1).clamp(2.0, 8.0) - 2.0)
        .map(|t| 0.1 * t + 0.05 * t * t)
        .collect();
    let difference = worst(&charge_pc(&run_ramp), &want);
    assert!(difference < 3e-11, "ramp {difference:e} pC");
    let run = capacitor(
        "10 ms",
        "0.1 ms",
        "[[stimulus]]\nkind = \"ac\"\nat = \"soma\"\nstart = \"1 ms\"\nstop = \"9 ms\"\namplitude = \"0.3 nA\"\n\
         frequency = \"250 Hz\"\nphase = \"30 deg\"\n",
    );
    // The sum of midpoints of a sine is its integral times (x/2)/sin(x/2), x = ω dt.
    let (omega, phase) = (2.0 * std::f64::consts::PI * 0.25, std::f64::consts::PI / 6.0);
    let factor = 0.5 * omega * 0.1 / (0.5 * omega * 0.1).sin();
    let want: Vec<f64> = (0..=100)
        .map(|i| (f64::from(i) * 0.1).clamp(1.0, 9.0) - 1.0)
        .map(|t| 0.3 * factor / omega * (phase.cos() - (omega * t + phase).cos()))
        .collect();
    let difference = worst(&charge_pc(&run), &want);
    // NeuroML's sine takes π as 3.14159265.
    assert!(difference < 1e-8, "sine {difference:e} pC");
}

#[test]
fn noise_has_the_mean_and_variance_asked_for_and_holds_for_its_interval() {
    let noise = |from: &str, name: &str| {
        format!(
            "[[stimulus]]\nname = \"{name}\"\nkind = \"noise\"\nat = \"soma\"\nstart = \"{from} ms\"\nstop = \"4010 ms\"\n\
             mean = \"0.05 nA\"\nstandard_deviation = \"0.2 nA\"\ninterval = \"0.2 ms\"\n"
        )
    };
    let run = capacitor("4000 ms", "0.1 ms", &noise("0", "hiss"));
    let v = charge_pc(&run);
    let current: Vec<f64> = v.windows(2).map(|pair| (pair[1] - pair[0]) / 0.1).collect();
    assert!(current.chunks(2).all(|pair| (pair[0] - pair[1]).abs() < 1e-8), "held for two steps");
    let draws: Vec<f64> = current.iter().step_by(2).map(|i| (i - 0.05) / 0.2).collect();
    let n = draws.len() as f64;
    let mean = draws.iter().sum::<f64>() / n;
    let variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    let next = draws.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / n;
    println!("{n} draws: mean {mean:.4}, variance {variance:.4}, correlation {next:.4}");
    // Four standard errors of each.
    assert!(mean.abs() < 4.0 / n.sqrt() && next.abs() < 4.0 / n.sqrt());
    assert!((variance - 1.0).abs() < 4.0 * (2.0 / n).sqrt());
    // A number belongs to its place in time: a noise that begins later has the same from there on.
    let later = charge_pc(&capacitor("4000 ms", "0.1 ms", &noise("100", "hiss")));
    let later: Vec<f64> = later.windows(2).map(|pair| (pair[1] - pair[0]) / 0.1).collect();
    assert!(worst(&later[..1000], &vec![0.0; 1000]) < 1e-12);
    assert!(worst(&later[1000..], &current[1000..]) < 1e-8);
}

const CABLE: &str = r#"
temperature = "6.3 degC"
run = { duration = "10 ms", dt = "0.025 ms" }
[cell.x]
morphology = { sections = [
    { name = "soma", kind = "soma", length = "20 um", diameter = "20 um" },
    { name = "dend", kind = "basal_dendrite", parent = "soma", length = "200 um", diameter = "2 um" },
] }
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
initial_v = "-65 mV"
discretisation = { soma = 1, dend = 10 }
channels.pas = { on = "all", g = "0.3 mS/cm2", reversal = "-54.3 mV" }
channels.na = { on = "soma", g = "120 mS/cm2", reversal = "50 mV" }
channels.kdr = { on = "soma", g = "36 mS/cm2", reversal = "-77 mV" }
synapses.exc = { synapse = "exp2_syn", at = "dend(0.45) | dend(0.85)", gbase = "2 nS" }
spike = { at = "soma", threshold = "0 mV" }
[population.x]
cell = "x"
size = 2
[population.s]
size = 2
spike_times = [["1 ms", "4 ms"], ["2.5 ms"]]
[[connection]]
from = "s"
to = "x"
synapse = "exc"
pairs = [[0, 0], [1, 1]]
points = [1]
weight = 3
delay = "0.5 ms"
[[stimulus]]
name = "pulse"
population = "x"
cells = 1
kind = "step"
at = "soma"
start = "3 ms"
stop = "4 ms"
amplitude = "1.5 nA"
"#;

#[test]
fn regions_places_and_intervals() {
    let run = run(&(CABLE.to_string()
        + r#"
[[record]]
population = "x"
over = "dend"
variables = ["v", "pas.i"]
every = "0.5 ms"
file = "dend"
[[record]]
population = "x"
at = "soma | dend(0.85)"
variables = ["v", "pas.i", "na.i", "exc.g"]
file = "places"
[[record]]
population = "x"
cells = 1
at = "soma"
variables = ["pulse.i", "v"]
file = "pulse"
"#));
    let names = run.names("dend");
    assert_eq!(names.len(), 40, "{names:?}");
    assert_eq!((names[0], names[10]), ("x[0].dend(0.05).v", "x[0].dend(0.05).pas.i"));
    let times = run.times_ms("dend");
    assert_eq!(times.len(), 21);
    assert!(times.iter().enumerate().all(|(i, t)| (t - 0.5 * i as f64).abs() < 1e-9));
    // A sample every 20 steps is every 20th sample.
    for cell in 0..2 {
        let every = run.column("places", &format!("x[{cell}].dend(0.85).v"));
        assert_eq!(every.len(), 401);
        let some: Vec<f64> = every.into_iter().step_by(20).collect();
        assert_eq!(some, run.column("dend", &format!("x[{cell}].dend(0.85).v")));
    }
    // What flows through the leak, SI: 3 S/m² (E − v).
    for name in &names[..10] {
        let v = run.column("dend", name);
        let i = run.column("dend", &name.replace(".v", ".pas.i"));
        let want: Vec<f64> = v.iter().map(|v| 3.0 * (-0.0543 - v)).collect();
        assert!(worst(&i, &want) < 1e-14, "{name}");
    }
    // Sodium is on the soma only, synapses where they are.
    let places = run.names("places");
    assert!(places.contains(&"x[1].soma.na.i") && !places.contains(&"x[1].dend(0.85).na.i"), "{places:?}");
    assert!(!places.contains(&"x[0].soma.exc.g"), "{places:?}");
    for (cell, arrivals) in [(0, vec![1.5, 4.5]), (1, vec![3.0])] {
        let g = run.column("places", &format!("x[{cell}].dend(0.85).exc.g"));
        let factor = {
            let peak = 10f64.ln() * 0.5 * 5.0 / 4.5;
            6e-9 / ((-peak / 5.0).exp() - (-peak / 0.5).exp())
        };
        let shape = |t: f64| if t < -1e-9 { 0.0 } else { (-t / 5.0).exp() - (-t / 0.5).exp() };
        let at = |i: usize| arrivals.iter().map(|a| factor * shape(0.025 * i as f64 - a)).sum::<f64>();
        let want: Vec<f64> = (0..g.len()).map(at).collect();
        assert!(worst(&g, &want) < 1e-20, "cell {cell}: {:e}", worst(&g, &want));
    }
    // Stimuli are recorded by their name, positive into the cell.
    let pulse = run.scaled("pulse", "x[1].soma.pulse.i", 1e9);
    for (i, i_na) in pulse.iter().enumerate() {
        let on = (120..160).contains(&i);
        assert!((i_na - if on { 1.5 } else { 0.0 }).abs() < 1e-12, "step {i}: {i_na}");
    }
}

#[test]
fn spikes_of_cells_and_of_sources_are_handed_over_in_order() {
    let run = run(&(CABLE.to_string()
        + "[[record]]\npopulation = \"x\"\nat = \"soma\"\nvariables = [\"v\"]\nfile = \"v\"\n"));
    assert_eq!(run.spikes_ms(2), [1.0, 4.0]);
    assert_eq!(run.spikes_ms(3), [2.5]);
    let v = run.scaled("v", "x[1].soma.v", 1e3);
    let crossings = common::cable::upward_crossings(&v, 0.025, 0.0);
    assert_eq!(crossings.len(), 1);
    assert!((run.spikes_ms(1)[0] - crossings[0]).abs() < 1e-9);
    let times: Vec<f64> = run.memory.spikes.iter().map(|s| s.time_s).collect();
    assert!(times.is_sorted(), "{times:?}");
}
