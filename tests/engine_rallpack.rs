//! The Rallpacks on the engine: against the exact solutions, and NEURON's spike times.

mod common;

use common::cable::{End, rallpack_exact, rms_percent, upward_crossings};
use common::sim::{Run, run_model};
use neuropil::bench::{Workload, model};
use neuropil::engine::Options;

fn rallpack(which: u32) -> Run {
    let workload = Workload { name: format!("rallpack{which}"), ..Workload::default() };
    run_model(&model(&workload).unwrap(), &Options { threads: 1, ..Options::default() })
}

fn ends(run: &Run) -> [Vec<f64>; 2] {
    let names = run.names("v");
    [0, 1].map(|end| run.scaled("v", names[end], 1e3))
}

#[test]
fn passive_rallpacks_are_as_near_to_the_exact_solution_as_those_of_neuron() {
    for (which, most) in [(1, [0.0086, 0.0076]), (2, [0.0061, 0.0061])] {
        let ends = ends(&rallpack(which));
        for ((end, got), most) in [End::First, End::Last].into_iter().zip(ends).zip(most) {
            assert_eq!(got.len(), 10_001);
            let exact = |i: usize| rallpack_exact(which, end, i as f64 * 2.5e-5) * 1e3;
            let want: Vec<f64> = (0..got.len()).map(exact).collect();
            let rms = rms_percent(&got, &want);
            println!("Rallpack {which}, {end:?}: {rms:.5} %");
            assert!(rms <= most, "Rallpack {which}, {end:?}: {rms} %");
        }
    }
}

#[test]
fn the_axon_fires_when_that_of_neuron_does() {
    // NEURON 9 with exact rates at the same dt: first, second and last spike, ms.
    let want = [(18, [1.3330, 16.1082, 249.8038]), (17, [4.1194, 18.8083, 237.9063])];
    for (v, (number, [first, second, last])) in ends(&rallpack(3)).into_iter().zip(want) {
        let spikes = upward_crossings(&v, 0.025, 0.0);
        println!("{spikes:?}");
        assert_eq!(spikes.len(), number);
        for (got, want) in [(spikes[0], first), (spikes[1], second), (spikes[number - 1], last)] {
            assert!((got - want).abs() < 1e-3, "{got}, not {want} ms");
        }
    }
}
