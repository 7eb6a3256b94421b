//! The exact cable solutions, and measures of traces.

#![allow(dead_code, unused_imports, reason = "each test takes what it needs")]

pub use neuropil::bench::exact::*;

/// The branches of Rallpack `which`, with 1000 compartments where it is a cable.
pub fn rallpack_cell(which: u32) -> Vec<Branch> {
    branches(which, 1000)
}

/// Times at which `v` passes `threshold` upwards, interpolated linearly; row `i` is time `i * dt`.
pub fn upward_crossings(v: &[f64], dt: f64, threshold: f64) -> Vec<f64> {
    let crossing = |(i, pair): (usize, &[f64])| {
        let fraction = (threshold - pair[0]) / (pair[1] - pair[0]);
        (pair[0] < threshold && threshold <= pair[1]).then_some((i as f64 + fraction) * dt)
    };
    v.windows(2).enumerate().filter_map(crossing).collect()
}
