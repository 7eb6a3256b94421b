//! `random` in equations: statistics, and the same numbers however the work is split.

mod common;

use common::lems::{attach, flat, point, record, times, to_contact};
use common::sim::{Run, run_model};
use neuropil::engine::Options;
use neuropil::model::{Model, Population, PopulationCell};
use neuropil::simd::Level;

fn single(model: &Model) -> Run {
    run_model(model, &Options { threads: 1, ..Options::default() })
}

/// Mean and coefficient of variation.
fn moments(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    (mean, variance.sqrt() / mean)
}

#[test]
fn random_generators_keep_their_rates() {
    let text = r#"
<spikeGeneratorPoisson id="poisson" averageRate="50Hz"/>
<spikeGeneratorRefPoisson id="dead" averageRate="50Hz" minimumISI="10ms"/>
<spikeGeneratorRandom id="uniform" minISI="10ms" maxISI="30ms"/>"#;
    // Mean interval, coefficient of variation, least interval.
    for (id, variation, least) in
        [("poisson", 1.0, 0.0), ("dead", 0.5, 10.0), ("uniform", 1.0 / 12f64.sqrt(), 10.0)]
    {
        let mut model = Model::new(id, 2.0, 0.05e-3, 300.0);
        model.seed = 3;
        model.add_population("g", 100, point(flat(text, id)));
        let run = single(&model);
        let n = run.memory.spikes.len() as f64;
        // A renewal process that begins with an interval: its mean count is t/μ + (variation² − 1)/2, the
        // variance of the count is mean × variation².
        let expected = 100.0 * (2.0 * 50.0 + 0.5 * (variation * variation - 1.0));
        let deviation = (n - expected) / (expected.sqrt() * variation);
        let mut intervals = Vec::new();
        for cell in 0..100 {
            let spikes = run.spikes_ms(cell);
            intervals.extend(spikes.windows(2).map(|pair| pair[1] - pair[0]));
        }
        let (mean, cv) = moments(&intervals);
        println!(
            "{id}: {n} spikes ({deviation:.2} standard deviations), intervals {mean:.3} ms, variation {cv:.3}"
        );
        assert!(deviation.abs() < 4.0, "{id}: {n} spikes, expected {expected}");
        // The process, and the grid of the steps, and the end of the run.
        assert!((cv - variation).abs() < 4.0 * 1.5 / n.sqrt() + 0.01, "{id}: variation {cv}");
        assert!(intervals.iter().all(|i| *i >= least - 0.051), "{id}");
        let first: Vec<f64> = (0..100).map(|cell| run.spikes_ms(cell)[0]).collect();
        let mut different = first.clone();
        different.sort_by(f64::total_cmp);
        different.dedup();
        assert!(different.len() > 80, "cells share their numbers: {first:?}");
    }
}

/// Point neurons under synapses that fire by themselves, and generators that drive others.
fn noisy() -> Model {
    let text = r#"
<iafCell id="cell" C="0.2nF" leakConductance="10nS" leakReversal="-65mV" thresh="-50mV" reset="-65mV"/>
<expOneSynapse id="syn" gbase="6nS" erev="0mV" tauDecay="5ms"/>
<poissonFiringSynapse id="background" averageRate="200Hz" synapse="syn" spikeTarget="./syn"/>
<transientPoissonFiringSynapse id="burst" averageRate="400Hz" delay="50ms" duration="50ms" synapse="syn" spikeTarget="./syn"/>
<spikeGeneratorPoisson id="poisson" averageRate="50Hz"/>"#;
    let mut model = Model::new("noisy", 0.2, 0.1e-3, 300.0);
    model.seed = 11;
    let p = model.add_population("p", 20, point(flat(text, "cell")));
    let g = model.add_population("g", 20, point(flat(text, "poisson")));
    let all: Vec<u32> = (0..20).flat_map(|cell| [cell, cell]).collect();
    attach(&mut model, "background", p, &flat(text, "background"), &all);
    attach(&mut model, "burst", p, &flat(text, "burst"), &(0..10).collect::<Vec<_>>());
    let list = attach(&mut model, "syn", p, &flat(text, "syn"), &(0..20).collect::<Vec<_>>());
    model.connections =
        (0..20).map(|k| to_contact((g, k), (p, 19 - k), (list, 19 - k as u32), 1.0, 0.7e-3)).collect();
    record(&mut model, p, &["v"], "v");
    record(&mut model, p, &["background.synapse/g", "syn.g"], "g");
    model
}

fn bits(run: &Run) -> (Vec<Vec<u64>>, Vec<(u64, u32)>) {
    let tables = run.memory.tables.iter().map(|t| t.iter().map(|x| x.to_bits()).collect());
    (tables.collect(), run.memory.spikes.iter().map(|s| (s.time_s.to_bits(), s.cell)).collect())
}

#[test]
fn draws_depend_on_the_seed_and_on_nothing_else() {
    let model = noisy();
    let first = single(&model);
    let want = bits(&first);
    assert!(first.memory.spikes.iter().filter(|s| s.cell < 20).count() > 50);
    for level in Level::available() {
        for (threads, group_size) in [(1, 3), (2, 7), (4, 1)] {
            assert!(bits(&run_model(&model, &Options { threads, level, group_size })) == want);
        }
    }
    let mut other = model.clone();
    other.seed += 1;
    assert!(bits(&single(&other)) != want);
    // What is attached to some cells does not change the others' numbers: a population more before
    // them would, cells being numbered over the whole model, one after them does not.
    let mut more = model.clone();
    let PopulationCell::Point(cell) = &model.populations[1].cell else { panic!("no point cell") };
    more.populations.push(Population {
        name: "more".into(),
        size: 5,
        cell: PopulationCell::Point(cell.clone()),
        dt_s: None,
        initial_v: Vec::new(),
        positions: Vec::new(),
        parameters: Vec::new(),
        initial: Vec::new(),
    });
    assert!(bits(&single(&more)).0 == want.0);
}

#[test]
fn a_firing_synapse_has_the_mean_conductance_of_its_rate() {
    let text = r#"
<iafCell id="cell" C="1nF" leakConductance="1nS" leakReversal="-65mV" thresh="1000mV" reset="0mV"/>
<expOneSynapse id="syn" gbase="1nS" erev="-65mV" tauDecay="4ms"/>
<poissonFiringSynapse id="in" averageRate="250Hz" synapse="syn" spikeTarget="./syn"/>"#;
    let mut model = Model::new("mean", 1.0, 0.1e-3, 300.0);
    let p = model.add_population("p", 50, point(flat(text, "cell")));
    attach(&mut model, "in", p, &flat(text, "in"), &(0..50).collect::<Vec<_>>());
    record(&mut model, p, &["in.synapse/g"], "g");
    let run = single(&model);
    let mut total = 0.0;
    for cell in 0..50 {
        let g = run.scaled("g", &format!("p[{cell}].in.synapse/g"), 1e9);
        total += g[1000..].iter().sum::<f64>() / (g.len() - 1000) as f64;
    }
    // Campbell: the mean is rate × τ = 1 nS, the variance rate × τ / 2; correlated over 2 τ.
    let mean = total / 50.0;
    let error = (0.5f64 / (50.0 * 0.9 / 0.008)).sqrt();
    println!("mean conductance {mean:.4} nS, standard error {error:.4}");
    // An event acts at the step, decay after it: on average τ + dt/2 as sampled.
    assert!((mean - 1.0125).abs() < 4.0 * error, "{mean} nS");
}

#[test]
fn each_event_and_each_call_draws_a_number_of_its_own() {
    let text = r#"
<ComponentType name="dice" extends="basePointCurrent">
  <Constant name="unit" dimension="current" value="1nA"/>
  <EventPort name="in" direction="in"/>
  <Dynamics>
    <StateVariable name="last" dimension="none"/>
    <StateVariable name="sum" dimension="none"/>
    <StateVariable name="squares" dimension="none"/>
    <StateVariable name="products" dimension="none"/>
    <StateVariable name="n" dimension="none"/>
    <DerivedVariable name="i" dimension="current" exposure="i" value="0 * n * unit"/>
    <OnEvent port="in">
      <StateAssignment variable="products" value="products + last * random(4)"/>
      <StateAssignment variable="last" value="random(4)"/>
      <StateAssignment variable="sum" value="sum + last"/>
      <StateAssignment variable="squares" value="squares + last * last"/>
      <StateAssignment variable="n" value="n + 1"/>
    </OnEvent>
  </Dynamics>
</ComponentType>
<dice id="dice"/>
<iafCell id="cell" C="1nF" leakConductance="1nS" leakReversal="-65mV" thresh="1000mV" reset="0mV"/>"#;
    let mut model = Model::new("dice", 5e-3, 0.1e-3, 300.0);
    let p = model.add_population("p", 2, point(flat(text, "cell")));
    // Many at the same moment.
    let s = model.add_population("s", 1, times(&vec![1e-3; 4000]));
    let list = attach(&mut model, "dice", p, &flat(text, "dice"), &[0, 1]);
    model.connections = (0..2).map(|k| to_contact((s, 0), (p, k), (list, k as u32), 1.0, 1e-3)).collect();
    record(&mut model, p, &["dice.n", "dice.sum", "dice.squares", "dice.products"], "d");
    let run = single(&model);
    let last = |cell: usize, name: &str| *run.column("d", &format!("p[{cell}].dice.{name}")).last().unwrap();
    for cell in 0..2 {
        let n = last(cell, "n");
        assert_eq!(n, 4000.0);
        let mean = |name| last(cell, name) / n;
        // Uniform in [0, 4): mean 2, mean square 16/3, of products 4; four standard errors.
        assert!((mean("sum") - 2.0).abs() < 4.0 * (16.0 / 12.0 / n).sqrt(), "{}", mean("sum"));
        assert!(
            (mean("squares") - 16.0 / 3.0).abs() < 4.0 * (256.0 * 4.0 / 45.0 / n).sqrt(),
            "{}",
            mean("squares")
        );
        assert!((mean("products") - 4.0).abs() < 4.0 * (112.0 / 9.0 / n).sqrt(), "{}", mean("products"));
    }
    assert!(last(0, "sum") != last(1, "sum"));
}
