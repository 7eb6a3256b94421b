//! A plain simulator: one cell, a leak, squid channels, current steps; node by node and term by term as
//! `docs/numerics.md` writes it. What the engine does fast is compared with this. SI units, but mV.

#![allow(dead_code, reason = "each test takes what it needs")]

use neuropil::cable::Discretisation;

/// How the voltage is advanced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    BackwardEuler,
    CrankNicolson,
}

/// Squid channels on one compartment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Squid {
    pub node: usize,
    /// Greatest conductances, S.
    pub sodium: f64,
    pub potassium: f64,
    pub m: f64,
    pub h: f64,
    pub n: f64,
}

/// A cell on its way.
#[derive(Debug, Clone)]
pub struct Plain {
    parent: Vec<u32>,
    axial: Vec<f64>,
    /// F.
    pub capacitance: Vec<f64>,
    /// S.
    pub leak: Vec<f64>,
    /// mV.
    pub leak_reversal: f64,
    pub squid: Vec<Squid>,
    /// mV.
    pub v: Vec<f64>,
    steps: u64,
}

/// α and β of a gate at `v` mV, 1/ms: a x / (1 − e^(−x)) with x = (v − v0) / s.
fn exp_linear(a: f64, x: f64) -> f64 {
    if x.abs() < 1e-6 { a * (1.0 + x / 2.0) } else { a * x / -(-x).exp_m1() }
}

/// Rates of m, h, n at 6.3 °C (Hodgkin & Huxley 1952, J Physiol 117:500, rest at −65 mV).
pub fn squid_rates(v: f64) -> [(f64, f64); 3] {
    [
        (exp_linear(1.0, (v + 40.0) / 10.0), 4.0 * (-(v + 65.0) / 18.0).exp()),
        (0.07 * (-(v + 65.0) / 20.0).exp(), 1.0 / ((-(v + 35.0) / 10.0).exp() + 1.0)),
        (exp_linear(0.1, (v + 55.0) / 10.0), 0.125 * (-(v + 65.0) / 80.0).exp()),
    ]
}

impl Plain {
    /// A passive cell at `v` mV. Resistivity Ω m, capacitance F/m², leak S/m² and mV.
    pub fn new(d: &Discretisation, resistivity: f64, capacitance: f64, leak: (f64, f64), v: f64) -> Plain {
        let per_area = |x: f64| {
            d.node_cv.iter().map(|&cv| d.cvs.get(cv as usize).map_or(0.0, |cv| cv.area_m2 * x)).collect()
        };
        Plain {
            parent: d.node_parent.clone(),
            axial: d.axial_conductances(|_| resistivity),
            capacitance: per_area(capacitance),
            leak: per_area(leak.0),
            leak_reversal: leak.1,
            squid: Vec::new(),
            v: vec![v; d.n_nodes()],
            steps: 0,
        }
    }

    /// Puts squid channels of `sodium` and `potassium` S/m² on `node`, gates at rest.
    pub fn add_squid(&mut self, d: &Discretisation, node: usize, sodium: f64, potassium: f64) {
        let area = d.cvs[d.node_cv[node] as usize].area_m2;
        let [m, h, n] = squid_rates(self.v[node]).map(|(a, b)| a / (a + b));
        self.squid.push(Squid { node, sodium: sodium * area, potassium: potassium * area, m, h, n });
    }

    /// One step of `dt` ms; `inject` gives the current (nA) into `node` at a time (ms).
    pub fn step(&mut self, dt: f64, method: Method, node: usize, inject: impl Fn(f64) -> f64) {
        let n = self.v.len();
        let half = if method == Method::CrankNicolson { 0.5 } else { 1.0 };
        // pA, nS and mV go together, with pF and ms.
        let mut diagonal: Vec<f64> =
            (0..n).map(|i| self.capacitance[i] * 1e12 / (half * dt) + self.leak[i] * 1e9).collect();
        let mut rhs: Vec<f64> =
            (0..n).map(|i| -self.leak[i] * 1e9 * (self.v[i] - self.leak_reversal)).collect();
        rhs[node] += 1e3 * inject((self.steps as f64 + 0.5) * dt);
        for s in &self.squid {
            let sodium = 1e9 * s.sodium * s.m * s.m * s.m * s.h;
            let potassium = 1e9 * s.potassium * s.n * s.n * s.n * s.n;
            diagonal[s.node] += sodium + potassium;
            rhs[s.node] -= sodium * (self.v[s.node] - 50.0) + potassium * (self.v[s.node] + 77.0);
        }
        for i in 1..n {
            let (p, g) = (self.parent[i] as usize, self.axial[i] * 1e9);
            let current = g * (self.v[p] - self.v[i]);
            rhs[i] += current;
            rhs[p] -= current;
            diagonal[i] += g;
            diagonal[p] += g;
        }
        for i in (1..n).rev() {
            let (p, g) = (self.parent[i] as usize, self.axial[i] * 1e9);
            let factor = g / diagonal[i];
            diagonal[p] -= factor * g;
            rhs[p] += factor * rhs[i];
        }
        rhs[0] /= diagonal[0];
        for i in 1..n {
            rhs[i] = (rhs[i] + self.axial[i] * 1e9 * rhs[self.parent[i] as usize]) / diagonal[i];
        }
        for (v, change) in self.v.iter_mut().zip(&rhs) {
            *v += change / half;
        }
        for s in &mut self.squid {
            let rates = squid_rates(self.v[s.node]);
            for (x, (a, b)) in [&mut s.m, &mut s.h, &mut s.n].into_iter().zip(rates) {
                *x = a / (a + b) + (*x - a / (a + b)) * (-dt * (a + b)).exp();
            }
        }
        self.steps += 1;
    }
}
