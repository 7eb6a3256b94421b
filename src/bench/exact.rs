//! Exact solutions of the cable equation, and the Rallpack cells they belong to.
//!
//! Rallpacks: Bhalla, Bilitch & Bower 1992, Trends Neurosci 15:453. All SI.

use std::f64::consts::PI;

/// Specific membrane resistance of the Rallpacks, Ω m².
pub const RM: f64 = 4.0;
/// Axial resistivity, Ω m.
pub const RA: f64 = 1.0;
/// Specific capacitance, F/m².
pub const CM: f64 = 0.01;
/// Resting potential, V.
pub const EM: f64 = -0.065;
/// Injected current, A.
pub const CURRENT: f64 = 1e-10;

/// Length constant of a cable of diameter `d`, m.
pub fn length_constant(d: f64) -> f64 {
    (RM / RA * d / 4.0).sqrt()
}

/// The voltage change at `t` (s) and electrotonic distance `x` from the near end of a cable of
/// electrotonic length `length`, sealed at both ends, into whose near end a current of
/// `current` (A) flows from time 0 on.
///
/// `r_inf` (Ω) is the input resistance of the cable continued without end, `tau` (s) the membrane
/// time constant. The solution of V_T = V_XX − V with V_X = −r_inf I at 0 and V_X = 0 at the far end,
/// as its steady state minus a cosine series (Rall 1969, Biophys J 9:1483):
///
/// V / (r_inf I) = cosh(L − x)/sinh L − e^−T/L − (2/L) Σ cos(nπx/L) e^(−k²T)/k²,  k² = 1 + (nπ/L)².
pub fn sealed_cable_step(x: f64, length: f64, r_inf: f64, current: f64, t: f64, tau: f64) -> f64 {
    if t <= 0.0 {
        return 0.0;
    }
    let time = t / tau;
    let mut sum = 0.0;
    for n in 1..=100_000 {
        let q = f64::from(n) * PI / length;
        let k2 = 1.0 + q * q;
        let envelope = (-k2 * time).exp() / k2;
        sum += (q * x).cos() * envelope;
        // The envelope falls faster than 1/n², so what is left is below n times this term.
        if f64::from(n) * envelope < 1e-17 {
            break;
        }
    }
    let steady = (length - x).cosh() / length.sinh();
    r_inf * current * (steady - (-time).exp() / length - 2.0 / length * sum)
}

/// Which compartment's voltage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End {
    /// That of the compartment which the current flows into.
    First,
    /// That of the compartment farthest from it.
    Last,
}

/// The exact voltage (V) of Rallpack 1 (cable of 1000 compartments) or 2 (binary tree) at `t` (s), in
/// the middle of the first or the last compartment; NaN for others, which have no exact solution.
pub fn rallpack_exact(which: u32, end: End, t: f64) -> f64 {
    // The tree keeps Σ d^1.5, and each of its ten levels has the same electrotonic length: it is
    // one cable of the root's diameter, 320 µm long (Rall 1962).
    let (d, cable, half) = match which {
        1 => (1e-6, 1e-3, 0.5e-6),
        2 => (16e-6, 320e-6, 16e-6),
        _ => return f64::NAN,
    };
    let lambda = length_constant(d);
    let x = if end == End::First { half } else { cable - half };
    let r_inf = RA * lambda / (PI * d * d / 4.0);
    EM + sealed_cable_step(x / lambda, cable / lambda, r_inf, CURRENT, t, RM * CM)
}

/// Root of the mean square of `got − want`, in percent of the range of `want`: the Rallpacks' measure.
pub fn rms_percent(got: &[f64], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len());
    let square: f64 = got.iter().zip(want).map(|(a, b)| (a - b) * (a - b)).sum();
    let (low, high) = want.iter().fold((f64::MAX, f64::MIN), |(l, h), &x| (l.min(x), h.max(x)));
    100.0 * (square / want.len() as f64).sqrt() / (high - low)
}

/// A branch of a Rallpack cell: parent branch, length and diameter (µm), compartments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Branch {
    /// Index of its parent.
    pub parent: Option<usize>,
    /// Length, µm.
    pub length_um: f64,
    /// Diameter, µm.
    pub diameter_um: f64,
    /// Number of compartments.
    pub compartments: u32,
}

/// The branches of Rallpack `which`: 1 and 3 a cable of `compartments` compartments, 2 a binary tree of
/// ten levels with one compartment in each branch.
pub fn branches(which: u32, compartments: u32) -> Vec<Branch> {
    if which != 2 {
        return vec![Branch { parent: None, length_um: 1000.0, diameter_um: 1.0, compartments }];
    }
    let level = |branch: usize| (branch + 1).ilog2();
    let branch = |index: usize| Branch {
        parent: index.checked_sub(1).map(|i| i / 2),
        length_um: 32.0 * (-f64::from(level(index)) / 3.0).exp2(),
        diameter_um: 16.0 * (-2.0 * f64::from(level(index)) / 3.0).exp2(),
        compartments: 1,
    };
    (0..1023).map(branch).collect()
}
