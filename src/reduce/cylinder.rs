//! Each dendrite with all its branches to one cylinder (Amsalem et al. 2020, Nat Commun 11:288): one that has the input
//! impedance of the dendrite at its start and from its end the smallest transfer impedance of any tip.
//!
//! With Z₀ the impedance at the start and Z_min that transfer impedance, both of the dendrite alone, the cylinder has the
//! electrotonic length L = arcosh(Z₀ / Z_min) and the diameter d with 2 √(R_m R_a) coth(L) / (π d^(3/2)) = Z₀. What had the
//! transfer impedance Z goes to the place X with Z = Z₀ cosh(L − X) / cosh(L). Conductances are those at rest, channels
//! included. Where they differ along the dendrite, as those of h channels do, the membrane of the cylinder is not as much as
//! that of the dendrite: its capacitance is scaled such that the soma feels the same load at 20 Hz.

use std::f64::consts::PI;

use faer::c64;

use super::assemble::{Plan, assemble};
use super::detailed::Detailed;
use super::impedance::Linear;
use super::reduced::Reduced;
use super::stems::{Stem, Stems, resistivities};
use crate::cable::NONE;
use crate::error::{Error, ErrorKind, Result};

/// A compartment of a cylinder is not longer than this fraction of the length constant at [`FREQUENCY_HZ`].
const FRACTION: f64 = 0.1;
/// Hz.
const FREQUENCY_HZ: f64 = 100.0;
/// Frequency at which a cylinder takes the charge that its dendrite takes, Hz.
const LOAD_HZ: f64 = 20.0;

/// A cylinder that stands for a dendrite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cylinder {
    /// Length in length constants.
    pub electrotonic_length: f64,
    /// Diameter, m.
    pub diameter_m: f64,
    /// Length, m.
    pub length_m: f64,
}

impl Cylinder {
    /// The cylinder of steady input impedance `input` (Ω) and transfer impedance `transfer` (Ω) from its sealed end, of a
    /// membrane of `conductance` (S/m²) and an inside of `resistivity` (Ω m).
    pub fn of(input: f64, transfer: f64, conductance: f64, resistivity: f64) -> Cylinder {
        let ratio = (input / transfer).max(1.0 + 1e-9);
        // arcosh
        let l = (ratio + (ratio * ratio - 1.0).sqrt()).ln();
        let infinite = 2.0 / PI * (resistivity / conductance).sqrt();
        let diameter_m = libm::pow(infinite / (input * l.tanh()), 2.0 / 3.0);
        let length_constant = (diameter_m / (4.0 * resistivity * conductance)).sqrt();
        Cylinder { electrotonic_length: l, diameter_m, length_m: l * length_constant }
    }

    /// Its input impedance (Ω) at `frequency_hz`, with a membrane of conductance and capacitance `membrane` (S/m², F/m²).
    pub fn impedance(&self, frequency_hz: f64, membrane: (f64, f64), resistivity: f64) -> c64 {
        let (g, c) = membrane;
        let y = c64::new(g, std::f64::consts::TAU * frequency_hz * c);
        let q = (y / g).sqrt();
        let infinite = 2.0 / PI * (resistivity / g).sqrt() / libm::pow(self.diameter_m, 1.5);
        let l = self.length_m / (self.diameter_m / (4.0 * resistivity * g)).sqrt();
        infinite / (q * (q * l).tanh())
    }

    /// Into how many compartments it is cut, of `capacitance` F/m²: the d_lambda rule.
    fn parts(&self, capacitance: f64, resistivity: f64) -> usize {
        let lambda = (self.diameter_m / (4.0 * PI * FREQUENCY_HZ * resistivity * capacitance)).sqrt();
        let n = (self.length_m / (FRACTION * lambda) + 0.9) / 2.0;
        // As many as the rule gives in other programs: an odd number.
        2 * (n.min(5e3) as usize) + 1
    }
}

/// Reduces the dendrites of `full` to cylinders, cut by the d_lambda rule, or so that there are about `count` compartments
/// in all.
///
/// # Errors
/// If the cell has no dendrites on a soma, or they have no impedance.
pub(super) fn reduce(full: &Detailed, count: Option<usize>) -> Result<Reduced> {
    let stems = Stems::of(full);
    if stems.stems.is_empty() {
        return Err(Error::new(
            ErrorKind::Value,
            "the cell has no dendrites on its soma: there is nothing to reduce",
        ));
    }
    let resistivity = resistivities(full)?;
    let mut plan = stems.plan(full);
    let cylinders =
        stems.stems.iter().map(|stem| Made::of(full, stem, &resistivity)).collect::<Result<Vec<Made>>>()?;
    let by_rule: usize = cylinders.iter().map(|made| made.parts).sum();
    let share = count.map_or(1.0, |count| count.saturating_sub(stems.kept.len()) as f64 / by_rule as f64);
    for (stem, made) in stems.stems.iter().zip(&cylinders) {
        let parts = ((made.parts as f64 * share).round() as usize).max(1);
        add(full, stem, made, parts, &stems.kept, &mut plan);
    }
    assemble(full, plan)
}

/// The cylinder of a dendrite and what it was made from.
struct Made {
    cylinder: Cylinder,
    /// Compartments by the d_lambda rule.
    parts: usize,
    /// Transfer impedance of each node of the dendrite to its start, Ω.
    transfer: Vec<f64>,
    /// Input impedance at the start, Ω.
    input: f64,
    /// Conductance (S/m²) and capacitance (F/m²) of the membrane, resistivity of the inside, Ω m.
    membrane: (f64, f64),
    resistivity: f64,
    /// Factor on the capacitance: where the membrane is not the same all over, its area is not that of the dendrite.
    charge: f64,
}

/// The factor on the capacitance with which the susceptance `load`, which rises with it, is `wanted`; between 1/8 and 8.
fn charge(load: &dyn Fn(f64) -> f64, wanted: f64) -> f64 {
    let (mut low, mut high) = (0.125_f64, 8.0_f64);
    for _ in 0..60 {
        let middle = (low * high).sqrt();
        if load(middle) < wanted { low = middle } else { high = middle }
    }
    (low * high).sqrt()
}

impl Made {
    fn of(full: &Detailed, stem: &Stem, resistivity: &[f64]) -> Result<Made> {
        let first = stem.nodes[0];
        let z = alone(full, stem).at(0.0)?.from(0);
        let z: Vec<f64> = z.iter().map(|z| z.re).collect();
        // From the kept node to the middle of the first compartment.
        let input = z[0] + 1.0 / full.linear.axial_s[first];
        let transfer = z.iter().copied().fold(f64::INFINITY, f64::min);
        let root = full.with_membrane(first);
        let area = full.plan.area_m2[root];
        let (g, c) = (full.linear.leak_s[root] / area, full.linear.capacitance_f[root] / area);
        let resistivity = resistivity[root];
        if !(g > 0.0 && transfer > 0.0) {
            let name = &full.cell.morphology.section(full.location(first).section).name;
            let message = format!(
                "the dendrite that begins with section '{name}' has no conductance at rest: no cylinder follows"
            );
            return Err(Error::new(ErrorKind::Numerics, message).help("choose the method `impedance`"));
        }
        let cylinder = Cylinder::of(input, transfer, g, resistivity);
        let parts = cylinder.parts(c, resistivity);
        // What the dendrite takes at the frequency of synaptic potentials, the cylinder takes too.
        let turning = alone(full, stem).at(LOAD_HZ)?.from(0)[0] + 1.0 / full.linear.axial_s[first];
        let wanted = (1.0 / turning).im;
        let charge =
            charge(&|share| (1.0 / cylinder.impedance(LOAD_HZ, (g, share * c), resistivity)).im, wanted);
        Ok(Made { cylinder, parts, transfer: z, input, membrane: (g, c), resistivity, charge })
    }
}

/// Adds the cylinder of one dendrite, cut in `n`.
fn add(full: &Detailed, stem: &Stem, made: &Made, n: usize, kept: &[usize], plan: &mut Plan) {
    let Made { cylinder, transfer: z, input, membrane: (g, c), resistivity: ra, .. } = made;
    let on = kept.iter().position(|node| *node == stem.on).unwrap_or(0);
    let root = full.with_membrane(stem.nodes[0]);
    let start = plan.nodes.len();
    let length = cylinder.length_m / n as f64;
    let part_area = PI * cylinder.diameter_m * length;
    let coupling = PI * cylinder.diameter_m * cylinder.diameter_m / (4.0 * ra * length);
    // Where each node goes: by its transfer impedance to the start.
    let l = cylinder.electrotonic_length;
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); n];
    for (node, z) in stem.nodes.iter().zip(z) {
        let ratio = (z * l.cosh() / input).max(1.0);
        let x = 1.0 - ((ratio + (ratio * ratio - 1.0).sqrt()).ln() / l).min(1.0);
        let at = ((x * n as f64) as usize).min(n - 1);
        members[at].push(*node);
        plan.home[*node] = start + at;
    }
    for at in 0..n {
        // A stretch that nothing goes to is like the next one that something does.
        let like = (0..n).filter(|other| !members[*other].is_empty()).min_by_key(|other| other.abs_diff(at));
        let own = like.map_or(&[][..], |other| &members[other]);
        let whole: f64 = own.iter().map(|node| full.plan.area_m2[*node]).sum();
        let mean = |values: &[f64]| own.iter().map(|node| values[*node]).sum::<f64>() / whole;
        let nearest = own.iter().copied().find(|node| full.plan.discretisation.node_cv[*node] != NONE);
        let v = own.iter().map(|node| full.rest.v[*node] * full.plan.area_m2[*node]).sum::<f64>() / whole;
        plan.nodes.push(nearest.unwrap_or(root));
        plan.parents.push(Some(if at == 0 { on } else { start + at - 1 }));
        plan.couplings_s.push(if at == 0 { 2.0 * coupling } else { coupling });
        plan.areas_m2.push(part_area);
        plan.capacitances_f.push(made.charge * c * part_area);
        plan.grounds_s.push(g * part_area);
        plan.leaks_s.push(mean(&full.leaks()) * part_area);
        plan.rest_v.push(if v.is_finite() { v } else { full.rest.v[root] });
        plan.unbalanced_a.push(0.0);
        for (amounts, (spread, _)) in plan.amounts.iter_mut().zip(full.gated()) {
            amounts.push(mean(&spread.amounts) * part_area);
        }
    }
}

/// The dendrite alone, around rest; its first node is the root.
fn alone(full: &Detailed, stem: &Stem) -> Linear {
    let mut index = vec![NONE; full.linear.len()];
    let mut out = Linear::default();
    for (at, &node) in stem.nodes.iter().enumerate() {
        index[node] = at as u32;
        let parent = full.linear.parent_of(node).map_or(NONE, |parent| index[parent]);
        out.parent.push(parent);
        out.axial_s.push(if parent == NONE { 0.0 } else { full.linear.axial_s[node] });
        out.leak_s.push(full.linear.leak_s[node]);
        out.capacitance_f.push(full.linear.capacitance_f[node]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cylinder_is_itself() {
        // 500 µm long, 2 µm thick, 1 S/m², 1.5 Ω m: λ = 577 µm.
        let (d, len, g, ra) = (2e-6_f64, 500e-6, 1.0, 1.5);
        let lambda = (d / (4.0 * ra * g)).sqrt();
        let l = len / lambda;
        let infinite = 2.0 / PI * (ra / g).sqrt() / libm::pow(d, 1.5);
        let found = Cylinder::of(infinite / l.tanh(), infinite / l.sinh(), g, ra);
        assert!((found.electrotonic_length / l - 1.0).abs() < 1e-12);
        assert!((found.diameter_m / d - 1.0).abs() < 1e-12);
        assert!((found.length_m / len - 1.0).abs() < 1e-12);
        assert!((found.impedance(0.0, (g, 0.01), ra).re * l.tanh() / infinite - 1.0).abs() < 1e-12);
        // At a frequency: Z = Z∞ coth(q L) / q with q = √(1 + iωτ).
        let q = c64::new(1.0, std::f64::consts::TAU * 50.0 * 0.01 / g).sqrt();
        let exact = infinite / (q * (q * l).tanh());
        assert!((found.impedance(50.0, (g, 0.01), ra) - exact).norm() < 1e-9 * exact.norm());
    }
}
