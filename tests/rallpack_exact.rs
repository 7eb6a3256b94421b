//! The exact cable solutions that the Rallpack tests stand on, checked on their own.

mod common;

use common::cable::{
    CM, CURRENT, EM, End, RA, RM, length_constant, rallpack_cell, rallpack_exact, rms_percent,
    sealed_cable_step, upward_crossings,
};
use std::f64::consts::PI;

/// mV at ms, from a second, independent program that sums 4000 terms in another way.
const TABLE: [(u32, f64, f64, f64); 8] = [
    (1, 0.025, -61.47230828405004, -65.0),
    (1, 1.0, -42.53532009888812, -64.99991148638675),
    (1, 25.0, 33.93933902920308, -24.783064147525025),
    (1, 250.0, 101.87141077619981, 43.096481508861714),
    (2, 0.025, -64.95148926715825, -64.99879654101281),
    (2, 1.0, -64.34073725751018, -64.41231518278889),
    (2, 25.0, -53.39762923397828, -53.46920715925697),
    (2, 250.0, -40.134775971941764, -40.20635389722045),
];

#[test]
fn the_series_gives_the_tabulated_voltages() {
    for (which, t_ms, first, last) in TABLE {
        for (end, want) in [(End::First, first), (End::Last, last)] {
            let got = rallpack_exact(which, end, t_ms * 1e-3) * 1e3;
            assert!((got - want).abs() < 1e-8, "Rallpack {which} at {t_ms} ms, {end:?}: {got}, not {want}");
        }
    }
}

#[test]
fn the_solution_conserves_charge() {
    // The mean voltage of a sealed cable is that of its whole membrane as one compartment.
    let (d, l) = (1e-6, 1e-3);
    let lambda = length_constant(d);
    let r_inf = RA * lambda / (PI * d * d / 4.0);
    let n = 4000;
    for t in [2e-3, 0.02, 0.3] {
        let at = |i: i32| {
            let x = (f64::from(i) + 0.5) / f64::from(n) * l / lambda;
            sealed_cable_step(x, l / lambda, r_inf, CURRENT, t, RM * CM)
        };
        let mean = (0..n).map(at).sum::<f64>() / f64::from(n);
        let whole = CURRENT * RM / (PI * d * l) * (1.0 - (-t / (RM * CM)).exp());
        assert!((mean / whole - 1.0).abs() < 1e-6, "{t} s: {mean}, not {whole}");
    }
    assert_eq!(rallpack_exact(1, End::First, 0.0), EM);
}

#[test]
fn the_tree_of_rallpack_2_is_one_cable() {
    let cell = rallpack_cell(2);
    assert_eq!(cell.len(), 1023);
    let electrotonic = |b: &common::cable::Branch| b.length_um * 1e-6 / length_constant(b.diameter_um * 1e-6);
    for (i, branch) in cell.iter().enumerate() {
        assert!((electrotonic(branch) - 0.008).abs() < 1e-12);
        assert_eq!(branch.parent, (i > 0).then(|| (i - 1) / 2));
    }
    for level in 0..10 {
        let first = (1 << level) - 1;
        let sum: f64 = cell[first..2 * first + 1].iter().map(|b| b.diameter_um.powf(1.5)).sum();
        assert!((sum - 64.0).abs() < 1e-9, "level {level}");
    }
}

#[test]
fn measures_of_traces() {
    assert_eq!(rms_percent(&[1.0, 3.0], &[1.0, 3.0]), 0.0);
    assert!((rms_percent(&[0.1, 1.1], &[0.0, 1.0]) - 10.0).abs() < 1e-12);
    assert_eq!(upward_crossings(&[-1.0, 1.0, 0.5, -3.0, 0.0], 2.0, 0.0), [1.0, 8.0]);
}
