//! Populations of random spikes have the statistics of their laws, and are fixed by seed and name.

use neuropil::experiment;
use neuropil::model::PopulationCell;

fn trains(source: &str, name: &str) -> Vec<Vec<f64>> {
    let text = format!(
        "seed = 4\nrun = {{ duration = \"20 s\", dt = \"0.1 ms\" }}\n[cell.lif]\nneuron = \"lif\"\n\
         [population.others]\ncell = \"lif\"\n[population.{name}]\nsize = 50\n{source}\n"
    );
    let model = experiment::parse(text, "sources.toml").unwrap_or_else(|e| panic!("{e}")).model;
    let found = model.populations.into_iter().find(|p| p.name == name).unwrap();
    let PopulationCell::SpikeTimes(times) = found.cell else { panic!("no source") };
    times.to_vec()
}

/// Mean and coefficient of variation of the intervals.
fn intervals(trains: &[Vec<f64>]) -> (f64, f64, f64) {
    let all: Vec<f64> = trains.iter().flat_map(|t| t.windows(2).map(|p| p[1] - p[0])).collect();
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    let variance = all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / all.len() as f64;
    (mean, variance.sqrt() / mean, all.iter().copied().fold(f64::INFINITY, f64::min))
}

#[test]
fn intervals_follow_their_law() {
    // Source, mean interval (s), coefficient of variation, least interval (s).
    for (source, mean, cv, least) in [
        ("poisson = { rate = \"20 Hz\" }", 0.050, 1.0, 0.0),
        ("poisson_refractory = { rate = \"40 Hz\", tau_refrac = \"10 ms\" }", 0.025, 0.6, 0.010),
        ("gamma = { alpha = 4, beta = \"80 Hz\" }", 0.050, 0.5, 0.0),
        ("inhomogeneous = { times = [\"0 ms\"], rates = [\"20 Hz\"], shape = 4 }", 0.050, 0.5, 0.0),
    ] {
        let (found, variation, shortest) = intervals(&trains(source, "noise"));
        // About 20000 intervals: four standard errors.
        assert!((found / mean - 1.0).abs() < 4.0 * cv / 20_000f64.sqrt() + 2e-3, "{source}: {found}");
        assert!((variation / cv - 1.0).abs() < 0.03, "{source}: {variation}");
        assert!(shortest >= least, "{source}: {shortest}");
    }
}

#[test]
fn rates_change_with_time_and_between_sources() {
    let steps = trains(
        "inhomogeneous = { times = [\"2 s\", \"10 s\", \"15 s\"], rates = [\"10 Hz\", \"0 Hz\", \"40 Hz\"], stop = \"18 s\" }",
        "noise",
    );
    let count =
        |from: f64, to: f64| steps.iter().flatten().filter(|t| (from..to).contains(*t)).count() as f64;
    assert_eq!((count(0.0, 2.0), count(10.0, 15.0), count(18.0, 20.0)), (0.0, 0.0, 0.0));
    for (found, wanted) in [(count(2.0, 10.0), 50.0 * 80.0), (count(15.0, 18.0), 50.0 * 120.0f64)] {
        assert!((found - wanted).abs() < 4.0 * wanted.sqrt(), "{found}, not {wanted}");
    }
    let differing = trains("poisson = { rate = \"1 Hz * i\" }", "noise");
    assert!(differing[0].is_empty());
    assert!((differing[49].len() as f64 - 980.0).abs() < 4.0 * 980f64.sqrt());
    let drawn = trains("poisson = { rate = { uniform = [\"5 Hz\", \"15 Hz\"] } }", "noise");
    let counts: Vec<usize> = drawn.iter().map(Vec::len).collect();
    assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() > 100, "{counts:?}");
}

#[test]
fn names_decide_what_is_drawn_and_faults_are_named() {
    let source = "poisson = { rate = \"20 Hz\" }";
    assert_eq!(trains(source, "noise"), trains(source, "noise"));
    assert_ne!(trains(source, "noise"), trains(source, "input"));
    for (source, wanted) in [
        (
            "poisson_refractory = { rate = \"200 Hz\", tau_refrac = \"5 ms\" }",
            "refractory time does not allow",
        ),
        ("gamma = { alpha = 0, beta = \"1 Hz\" }", "`alpha` is 0"),
        ("poisson = { rate = [\"1 Hz\"] }", "1 values for 2 sources"),
        ("poisson = { rate = \"-1 Hz\" }", "`rate` is negative"),
        ("poisson = { rate = \"1 GHz\" }", "more than 100 million spikes"),
        (
            "inhomogeneous = { times = [\"1 s\", \"0 s\"], rates = [\"1 Hz\", \"2 Hz\"] }",
            "no function of steps",
        ),
    ] {
        let text = format!(
            "run = {{ duration = \"1 s\", dt = \"0.1 ms\" }}\n[cell.lif]\nneuron = \"lif\"\n[population.noise]\nsize = 2\n{source}\n"
        );
        let error = experiment::parse(text, "sources.toml").unwrap_err().to_string();
        assert!(error.contains(wanted), "{source}\n{error}");
    }
}
