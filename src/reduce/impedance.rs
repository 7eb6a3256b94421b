//! The linear cell and its impedances.
//!
//! Around a state of rest a cell is a tree of nodes with conductances to ground and between neighbours, and capacitances:
//! (G + iωC) v = i. Elimination along the tree (Hines 1984) solves it for one vector of currents in time linear in the
//! nodes; the impedance matrix between some nodes is the solution for a unit current into each of them.

use faer::linalg::solvers::DenseSolveCore;
use faer::{Mat, c64};

use crate::cable::NONE;
use crate::engine::CellPlan;
use crate::error::{Error, ErrorKind, Result};

/// A linear cell: nodes ordered parents before children, node 0 the root.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Linear {
    /// The parent of each node, [`NONE`] for the root.
    pub parent: Vec<u32>,
    /// Conductance from each node to its parent, S; 0 for the root.
    pub axial_s: Vec<f64>,
    /// Conductance of each node to ground, S.
    pub leak_s: Vec<f64>,
    /// Capacitance of each node, F.
    pub capacitance_f: Vec<f64>,
}

/// A linear cell at one frequency, eliminated.
#[derive(Debug, Clone)]
pub struct Eliminated<'a> {
    cell: &'a Linear,
    /// The diagonal after elimination from the tips to the root.
    pivot: Vec<c64>,
}

impl Linear {
    /// The cell of `plan` with its membrane conductances `leak_s` (S, one for each node).
    pub(super) fn of(plan: &CellPlan, leak_s: Vec<f64>) -> Linear {
        Linear {
            parent: plan.discretisation.node_parent.clone(),
            axial_s: plan.axial_s.clone(),
            leak_s,
            capacitance_f: plan.capacitance_f.clone(),
        }
    }

    /// The number of nodes.
    pub fn len(&self) -> usize {
        self.parent.len()
    }

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.parent.is_empty()
    }

    /// The parent of `node`.
    pub fn parent_of(&self, node: usize) -> Option<usize> {
        self.parent.get(node).filter(|parent| **parent != NONE).map(|parent| *parent as usize)
    }

    /// Eliminated at `frequency_hz`; 0 for steady currents.
    ///
    /// # Errors
    /// If a steady current has no way to ground, or a conductance is no number.
    pub fn at(&self, frequency_hz: f64) -> Result<Eliminated<'_>> {
        let omega = std::f64::consts::TAU * frequency_hz;
        let own = self.leak_s.iter().zip(&self.capacitance_f);
        self.with_membrane(own.map(|(g, c)| c64::new(*g, omega * c)).collect())
    }

    /// Eliminated with the admittances `pivot` (S) of the membrane of each node.
    ///
    /// # Errors
    /// As [`Linear::at`].
    pub(super) fn with_membrane(&self, mut pivot: Vec<c64>) -> Result<Eliminated<'_>> {
        for node in 0..self.len() {
            if let Some(parent) = self.parent_of(node) {
                pivot[node] += c64::new(self.axial_s[node], 0.0);
                pivot[parent] += c64::new(self.axial_s[node], 0.0);
            }
        }
        for node in (1..self.len()).rev() {
            if let Some(parent) = self.parent_of(node) {
                let g = c64::new(self.axial_s[node], 0.0);
                let taken = g * g / pivot[node];
                pivot[parent] -= taken;
            }
        }
        if pivot.iter().any(|p| !(p.norm() > 0.0 && p.norm().is_finite())) {
            let message =
                "the linear cell has no impedance: no conductance leads out of it, or one is no number";
            return Err(Error::new(ErrorKind::Numerics, message)
                .help("give the cell a leak, or choose a method that needs no impedances"));
        }
        Ok(Eliminated { cell: self, pivot })
    }

    /// How the potential of each node follows from those of `nodes`: an array with a row for each node of the cell and a
    /// column for each of `nodes`. With `leaky` as the cell is; else as if nothing leaked, so that each row adds up to 1.
    ///
    /// # Errors
    /// As [`Linear::at`].
    pub fn interpolation(&self, nodes: &[usize], leaky: bool) -> Result<Mat<f64>> {
        let mut held = self.clone();
        if !leaky {
            held.leak_s.fill(0.0);
        }
        // Held by a conductance far above all others: the error is its share.
        let total: f64 = held.axial_s.iter().chain(&held.leak_s).fold(0.0, |a, b| a.max(b.abs()));
        let hold = 1e10 * total;
        for &node in nodes {
            held.leak_s[node] = hold;
        }
        let eliminated = held.at(0.0)?;
        let mut out = Mat::zeros(self.len(), nodes.len());
        for (column, &node) in nodes.iter().enumerate() {
            let mut v = vec![c64::new(0.0, 0.0); self.len()];
            v[node] = c64::new(hold, 0.0);
            eliminated.solve(&mut v);
            for (row, v) in v.iter().enumerate() {
                out[(row, column)] = v.re;
            }
        }
        Ok(out)
    }
}

impl Eliminated<'_> {
    /// Turns currents into the nodes (A) into the potentials of the nodes (V).
    pub fn solve(&self, x: &mut [c64]) {
        let cell = self.cell;
        for node in (1..cell.len()).rev() {
            if let Some(parent) = cell.parent_of(node) {
                let carried = x[node] / self.pivot[node] * cell.axial_s[node];
                x[parent] += carried;
            }
        }
        for node in 0..cell.len() {
            let from = cell.parent_of(node).map_or(c64::new(0.0, 0.0), |p| x[p] * cell.axial_s[node]);
            x[node] = (x[node] + from) / self.pivot[node];
        }
    }

    /// Impedances (Ω) from `node` to all nodes.
    pub fn from(&self, node: usize) -> Vec<c64> {
        let mut x = vec![c64::new(0.0, 0.0); self.cell.len()];
        x[node] = c64::new(1.0, 0.0);
        self.solve(&mut x);
        x
    }

    /// Impedances (Ω) between `nodes`.
    pub fn matrix(&self, nodes: &[usize]) -> Mat<c64> {
        let columns: Vec<Vec<c64>> = nodes.iter().map(|&node| self.from(node)).collect();
        Mat::from_fn(nodes.len(), nodes.len(), |row, column| columns[column][nodes[row]])
    }

    /// Impedances (Ω) between `nodes` of a cell at rest (0 Hz), real.
    pub fn steady_matrix(&self, nodes: &[usize]) -> Mat<f64> {
        let matrix = self.matrix(nodes);
        Mat::from_fn(nodes.len(), nodes.len(), |row, column| matrix[(row, column)].re)
    }
}

/// The inverse of a square matrix of impedances: the conductances that stand for it.
pub(super) fn inverse(matrix: &Mat<f64>) -> Mat<f64> {
    matrix.partial_piv_lu().inverse()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sealed cable of length `l` (length constants) with input impedance coth(l) at infinite impedance 1.
    fn cable(l: f64, n: usize, tau: f64) -> Linear {
        let dx = l / n as f64;
        let axial = |node: usize| if node == 0 { 0.0 } else { 1.0 / dx };
        Linear {
            parent: (0..n as u32).map(|i| if i == 0 { NONE } else { i - 1 }).collect(),
            axial_s: (0..n).map(axial).collect(),
            leak_s: vec![dx; n],
            capacitance_f: vec![dx * tau; n],
        }
    }

    #[test]
    fn impedances_of_a_sealed_cable_are_the_analytic_ones() {
        let (l, n, tau) = (1.3, 2000, 0.02);
        let cell = cable(l, n, tau);
        let dx = l / n as f64;
        for frequency in [0.0, 10.0, 100.0] {
            let q = c64::new(1.0, std::f64::consts::TAU * frequency * tau).sqrt();
            // From x to y ≥ x of a cable sealed at 0 and l: cosh(q x) cosh(q (l − y)) / (q sinh(q l)).
            let at = |i: usize| (i as f64 + 0.5) * dx;
            let z = cell.at(frequency).unwrap().matrix(&[0, n / 3, n - 1]);
            for (i, x) in [0, n / 3, n - 1].into_iter().enumerate() {
                for (j, y) in [0, n / 3, n - 1].into_iter().enumerate() {
                    let (x, y) = (at(x.min(y)), at(x.max(y)));
                    let exact = (q * x).cosh() * (q * (l - y)).cosh() / (q * (q * l).sinh());
                    let error = (z[(i, j)] - exact).norm() / exact.norm();
                    assert!(error < 1e-3, "{frequency} Hz {i} {j}: {} {exact} {error}", z[(i, j)]);
                }
            }
        }
    }

    #[test]
    fn a_cell_without_a_leak_has_no_steady_impedance() {
        let mut cell = cable(1.0, 4, 0.01);
        cell.leak_s.fill(0.0);
        assert!(cell.at(0.0).is_err());
        assert!(cell.at(1.0).is_ok());
        // But potentials between held nodes follow.
        let p = cell.interpolation(&[0, 3], false).unwrap();
        assert!((p[(1, 0)] - 2.0 / 3.0).abs() < 1e-8 && (p[(1, 1)] - 1.0 / 3.0).abs() < 1e-8);
    }
}
