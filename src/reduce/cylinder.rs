//! Each dendrite with all its branches to one cylinder (Amsalem et al. 2020, Nat Commun 11:288): one that has the input
//! impedance of the dendrite at its start and from its end the smallest transfer impedance of any tip.
//!
//! With Z₀ the impedance at the start and Z_min that transfer impedance, both of the dendrite alone, the cylinder has the
//! electrotonic length L = arcosh(Z₀ / Z_min) and the diameter d with 2 √(R_m R_a) coth(L) / (π d^(3/2)) = Z₀. What had the
//! transfer impedance Z goes to the place X with Z = Z₀ cosh(L − X) / cosh(L).

use std::f64::consts::PI;

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

    /// Into how many compartments it is cut, of `capacitance` F/m²: the d_lambda rule.
    fn parts(&self, capacitance: f64, resistivity: f64) -> usize {
        let lambda = (self.diameter_m / (4.0 * PI * FREQUENCY_HZ * resistivity * capacitance)).sqrt();
        let n = (self.length_m / (FRACTION * lambda) + 0.9) / 2.0;
        // As many as the rule gives in other programs: an odd number.
        2 * (n.min(5e3) as usize) + 1
    }
}

/// Reduces the dendrites of `full` to cylinders.
///
/// # Errors
/// If the cell has no dendrites on a soma, or they have no impedance.
pub(super) fn reduce(full: &Detailed) -> Result<Reduced> {
    let stems = Stems::of(full);
    if stems.stems.is_empty() {
        return Err(Error::new(
            ErrorKind::Value,
            "the cell has no dendrites on its soma: there is nothing to reduce",
        ));
    }
    let resistivity = resistivities(full)?;
    let mut plan = stems.plan(full);
    for stem in &stems.stems {
        add(full, stem, &resistivity, &stems.kept, &mut plan)?;
    }
    assemble(full, plan)
}

/// Adds the cylinder of one dendrite.
fn add(full: &Detailed, stem: &Stem, resistivity: &[f64], kept: &[usize], plan: &mut Plan) -> Result<()> {
    let (first, on) = (stem.nodes[0], kept.iter().position(|node| *node == stem.on).unwrap_or(0));
    let alone = alone(full, stem);
    let z = alone.at(0.0)?.from(0);
    // From the kept node to the middle of the first compartment.
    let z: Vec<f64> = z.iter().map(|z| z.re).collect();
    let input = z[0] + 1.0 / full.linear.axial_s[first];
    let transfer = z.iter().copied().fold(f64::INFINITY, f64::min);
    let root = full.with_membrane(first);
    let area = full.plan.area_m2[root];
    let (g, c) = (full.linear.leak_s[root] / area, full.linear.capacitance_f[root] / area);
    let ra = resistivity[root];
    if !(g > 0.0 && transfer > 0.0) {
        let name = &full.cell.morphology.section(full.location(first).section).name;
        let message = format!(
            "the dendrite that begins with section '{name}' has no conductance at rest: no cylinder follows"
        );
        return Err(Error::new(ErrorKind::Numerics, message).help("choose the method `impedance`"));
    }
    let cylinder = Cylinder::of(input, transfer, g, ra);
    let n = cylinder.parts(c, ra);
    let start = plan.nodes.len();
    let length = cylinder.length_m / n as f64;
    let part_area = PI * cylinder.diameter_m * length;
    let coupling = PI * cylinder.diameter_m * cylinder.diameter_m / (4.0 * ra * length);
    // Where each node goes: by its transfer impedance to the start.
    let l = cylinder.electrotonic_length;
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); n];
    for (node, z) in stem.nodes.iter().zip(&z) {
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
        plan.capacitances_f.push(c * part_area);
        plan.grounds_s.push(g * part_area);
        plan.leaks_s.push(mean(&full.leaks()) * part_area);
        plan.rest_v.push(if v.is_finite() { v } else { full.rest.v[root] });
        plan.unbalanced_a.push(0.0);
        let fitted = full.channels.iter().filter(|s| s.channel.leak.is_none());
        for (amounts, spread) in plan.amounts.iter_mut().zip(fitted) {
            amounts.push(mean(&spread.amounts) * part_area);
        }
    }
    Ok(())
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
    }
}
