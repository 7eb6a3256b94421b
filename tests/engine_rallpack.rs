//! The Rallpacks and the rings on the engine: against the exact solutions, and spike times of others.

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

#[test]
fn spikes_go_round_the_ring_as_in_other_simulators() {
    // First spikes of cells 0 and 1 (ms), and of all cells in 200 ms, as far as known.
    for (depth, dense, first, second, tstop_ms, number) in [
        (2, false, 1.9306, 7.8554, 200.0, Some(34)),
        (2, true, 1.8773, 7.7528, 200.0, Some(34)),
        (6, false, 2.3718, 8.7219, 10.0, None),
        (6, true, 2.2799, 8.5568, 10.0, None),
    ] {
        let workload = Workload {
            name: "ring".into(),
            n: Some(16),
            depth,
            dense,
            tstop_ms: Some(tstop_ms),
            ..Workload::default()
        };
        let run = run_model(&model(&workload).unwrap(), &Options { threads: 1, ..Options::default() });
        let spikes: Vec<(f64, u32)> =
            run.memory.spikes.iter().filter(|s| s.cell < 16).map(|s| (s.time_s * 1e3, s.cell)).collect();
        println!("depth {depth}, dense {dense}: {:?}, {} spikes", &spikes[..2], spikes.len());
        assert_eq!((spikes[0].1, spikes[1].1), (0, 1));
        assert!((spikes[0].0 - first).abs() < 5e-4, "{spikes:?}");
        // Events act at grid points, to which simulators move them in different ways.
        assert!((spikes[1].0 - second).abs() < 0.026, "{spikes:?}");
        assert_eq!(spikes.len(), number.unwrap_or(spikes.len()));
    }
}
