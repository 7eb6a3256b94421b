//! The slowest modes of a linear cell: shapes φ and time constants τ with G φ = C φ / τ.

use faer::{Mat, Side, c64};

use super::impedance::Linear;
use crate::error::{Error, ErrorKind, Result};

/// A mode in which a linear cell decays.
#[derive(Debug, Clone, PartialEq)]
pub struct Mode {
    /// Time constant, s.
    pub tau_s: f64,
    /// Potential at each node; the charge times the potential, summed over the nodes, is 1.
    pub shape: Vec<f64>,
}

/// Rounds of iteration at most.
const ROUNDS: usize = 60;

/// The `count` slowest modes of `cell`, slowest first, by iteration of a subspace (Bathe & Wilson 1973): the tree is solved
/// once for each mode and round.
///
/// # Errors
/// If the cell has no leak.
pub fn slowest(cell: &Linear, count: usize) -> Result<Vec<Mode>> {
    let n = cell.len();
    let with_charge = cell.capacitance_f.iter().filter(|c| **c > 0.0).count();
    let count = count.min(with_charge);
    // A few more than are wanted let those converge fast.
    let width = (count + 4).min(with_charge);
    let eliminated = cell.at(0.0)?;
    // Starts that have something of every mode: runs of nodes with turning signs.
    let start = |row: usize, column: usize| {
        if column == 0 {
            1.0
        } else {
            libm::cos(std::f64::consts::PI * column as f64 * (row as f64 + 0.5) / n as f64)
        }
    };
    let mut vectors = Mat::from_fn(n, width, start);
    let mut taus: Vec<f64> = Vec::new();
    for _ in 0..ROUNDS {
        // Inverse iteration: G⁻¹ C x.
        let mut next = Mat::zeros(n, width);
        for column in 0..width {
            let mut x: Vec<c64> =
                (0..n).map(|row| c64::new(cell.capacitance_f[row] * vectors[(row, column)], 0.0)).collect();
            eliminated.solve(&mut x);
            for (row, x) in x.iter().enumerate() {
                next[(row, column)] = x.re;
            }
        }
        // Within the subspace: C-orthogonal vectors, then the modes of G⁻¹ there. With y = G⁻¹ C x, yᵀ G y = yᵀ C x.
        let charged =
            |vectors: &Mat<f64>| Mat::from_fn(n, width, |row, c| cell.capacitance_f[row] * vectors[(row, c)]);
        let stiffness = next.transpose() * charged(&vectors);
        let mass = next.transpose() * charged(&next);
        let found = rayleigh(&stiffness, &mass).ok_or_else(failed)?;
        vectors = &next * &found.1;
        let old = std::mem::replace(&mut taus, found.0);
        let settled = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-10 * b;
        if old.len() == taus.len() && taus.iter().zip(&old).take(count).all(settled) {
            break;
        }
    }
    Ok((0..count)
        .map(|column| {
            let shape: Vec<f64> = (0..n).map(|row| vectors[(row, column)]).collect();
            let charge: f64 = shape.iter().zip(&cell.capacitance_f).map(|(v, c)| c * v * v).sum();
            let scale = 1.0 / charge.sqrt();
            Mode { tau_s: taus[column], shape: shape.iter().map(|v| v * scale).collect() }
        })
        .collect())
}

fn failed() -> Error {
    Error::new(
        ErrorKind::Numerics,
        "the time constants of the cell cannot be worked out: its conductances are no numbers",
    )
}

/// Time constants (falling) and vectors of K x = M x / τ.
fn rayleigh(stiffness: &Mat<f64>, mass: &Mat<f64>) -> Option<(Vec<f64>, Mat<f64>)> {
    let n = mass.nrows();
    let scale: Vec<f64> = (0..n).map(|i| 1.0 / mass[(i, i)].sqrt()).collect();
    let even = |m: &Mat<f64>| Mat::from_fn(n, n, |i, j| 0.5 * (m[(i, j)] + m[(j, i)]) * scale[i] * scale[j]);
    let (k, m) = (even(stiffness), even(mass));
    // M = U D Uᵀ; directions that the vectors do not really span are left alone.
    let eigen = m.self_adjoint_eigen(Side::Lower).ok()?;
    let most = (0..n).map(|i| eigen.S()[i]).fold(0.0, f64::max);
    let white = Mat::from_fn(n, n, |i, j| eigen.U()[(i, j)] / eigen.S()[j].max(1e-14 * most).sqrt());
    let inner = white.transpose() * &k * &white;
    let inner = Mat::from_fn(n, n, |i, j| 0.5 * (inner[(i, j)] + inner[(j, i)]));
    let own = inner.self_adjoint_eigen(Side::Lower).ok()?;
    let vectors = &white * own.U();
    // faer sorts upwards: the smallest rate is the slowest mode.
    let taus = (0..n).map(|i| 1.0 / own.S()[i]).collect();
    Some((taus, Mat::from_fn(n, n, |i, j| scale[i] * vectors[(i, j)])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cable::NONE;

    #[test]
    fn modes_of_a_sealed_cable_are_cosines() {
        let (l, n, tau) = (2.0, 400, 0.02);
        let dx = l / f64::from(n);
        let cell = Linear {
            parent: (0..n as u32).map(|i| if i == 0 { NONE } else { i - 1 }).collect(),
            axial_s: (0..n).map(|i| if i == 0 { 0.0 } else { 1.0 / dx }).collect(),
            leak_s: vec![dx; n as usize],
            capacitance_f: vec![dx * tau; n as usize],
        };
        // Rall 1969: τ_k = τ / (1 + (kπ/L)²).
        for (k, mode) in slowest(&cell, 5).unwrap().iter().enumerate() {
            let x = k as f64 * std::f64::consts::PI / l;
            let exact = tau / (1.0 + x * x);
            assert!((mode.tau_s / exact - 1.0).abs() < 1e-3, "{k}: {} {exact}", mode.tau_s);
            let charge: f64 = mode.shape.iter().zip(&cell.capacitance_f).map(|(v, c)| c * v * v).sum();
            assert!((charge - 1.0).abs() < 1e-9);
        }
    }
}
