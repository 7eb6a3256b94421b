//! The inner loops: membrane programs and tree solves, in time per step of the whole array.
//!
//! `cargo bench --bench kernels`. Divide by the number in the name for the time per compartment. Times
//! are minima over bursts (see `workloads::least_time`), so they repeat on a machine that is not idle.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use neuropil::simd::{Level, math};

mod workloads;

use workloads::{Membrane, Trees, cable, dendrites, forks, least_time};

/// Has criterion report the least time of `work`.
fn bench(c: &mut Criterion, group: &str, id: BenchmarkId, mut work: impl FnMut()) {
    c.benchmark_group(group).bench_function(id, |b| {
        b.iter_custom(|iters| Duration::from_secs_f64(least_time(20, &mut work) * iters as f64));
    });
}

/// The vector units of this machine; plain arrays only where there is nothing else, as they are slow
/// without a fused multiply-add.
fn levels() -> impl Iterator<Item = Level> {
    Level::available().filter(|&level| level != Level::Portable || Level::fastest() == Level::Portable)
}

fn membrane(c: &mut Criterion) {
    for level in levels() {
        for n in [512, 4096, 32_768] {
            let mut membrane = Membrane::squid_axon(n, None);
            bench(c, "squid axon", BenchmarkId::new(level.name(), n), || membrane.step(level));
        }
        for block in [64, 128] {
            let mut membrane = Membrane::squid_axon(4096, Some(block));
            let id = BenchmarkId::new(format!("{} block {block}", level.name()), 4096);
            bench(c, "squid axon", id, || membrane.step(level));
        }
    }
}

fn trees(c: &mut Criterion) {
    let groups: [(&str, Vec<Vec<u32>>); 5] = [
        ("cable", vec![cable(1000)]),
        ("forks", vec![forks(10)]),
        ("one cell", vec![dendrites(2000, 5, 2)]),
        ("sixteen unlike cells", (0..16).map(|seed| dendrites(500, 5, seed)).collect()),
        ("sixteen like cells", (0..16).map(|_| dendrites(500, 5, 3)).collect()),
    ];
    for (name, parents) in groups {
        for level in levels() {
            for passive in [false, true] {
                let mut trees = Trees::new(&parents, passive);
                let kind = if passive { " constant" } else { "" };
                let id = BenchmarkId::new(format!("{name}, {}{kind}", level.name()), trees.len());
                bench(c, "tree solve", id, || trees.step(level));
            }
        }
    }
}

fn scalar_math(c: &mut Criterion) {
    let xs: Vec<f64> = (0..1000).map(|i| f64::from(i) * 0.01 - 5.0).collect();
    type Named = (&'static str, fn(f64) -> f64);
    let functions: [Named; 4] =
        [("exp", math::exp), ("exprel", math::exprel), ("ln", math::ln), ("tanh", math::tanh)];
    for (name, f) in functions {
        bench(c, "one number", BenchmarkId::new(name, xs.len()), || {
            black_box(xs.iter().map(|&x| f(black_box(x))).sum::<f64>());
        });
    }
}

criterion_group! {
    name = kernels;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(300));
    targets = membrane, trees, scalar_math
}
criterion_main!(kernels);
