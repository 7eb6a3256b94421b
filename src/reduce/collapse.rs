//! Dendrites laid side by side and merged, slice by slice of equal distance from the soma.
//!
//! By electrotonic distance this is Rall's equivalent cable (Rall 1962, Ann N Y Acad Sci 96:1071; for trees that are no
//! cylinder Clements & Redman 1989, J Physiol 409:63): exact for trees whose branches fulfil d^(3/2) = Σ dᵢ^(3/2). By path
//! distance it is the collapse of Bush & Sejnowski (1993, J Neurosci Methods 46:159), which adds up cross-sections,
//! r = √(Σ rᵢ²). Both keep axial conductances in parallel, and all membrane: its capacitance and its channels are those of
//! the slice, whatever area is left.

use super::assemble::{Plan, assemble};
use super::detailed::Detailed;
use super::reduced::Reduced;
use super::stems::{Stem, Stems, resistivities};
use crate::cable::NONE;
use crate::error::{Error, ErrorKind, Result};
use crate::morph::SectionKind;

/// What distance from the soma means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// In length constants at rest.
    Electrotonic,
    /// In µm along the cable.
    Path,
}

/// A compartment of a dendrite between two distances.
struct Piece {
    node: usize,
    from: f64,
    to: f64,
    /// Axial resistance, Ω.
    resistance: f64,
}

/// Reduces the dendrites of `full`, those of each kind to one, to `count` compartments with all that is kept.
///
/// # Errors
/// If the cell has no dendrites on a soma, or more than `count` compartments of soma and axon.
pub(super) fn reduce(full: &Detailed, count: usize, measure: Measure) -> Result<Reduced> {
    let stems = Stems::of(full);
    if stems.stems.is_empty() {
        return Err(Error::new(
            ErrorKind::Value,
            "the cell has no dendrites on its soma: there is nothing to reduce",
        ));
    }
    let mut kinds: Vec<SectionKind> = stems.stems.iter().map(|stem| stem.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let left = count.saturating_sub(stems.kept.len());
    if left < kinds.len() {
        let message = format!(
            "{count} compartments are too few: soma and axon have {}, and each of the {} kinds of dendrites needs one",
            stems.kept.len(),
            kinds.len()
        );
        return Err(Error::new(ErrorKind::Value, message).help("ask for more with --compartments"));
    }
    let resistivity = resistivities(full)?;
    let mut plan = stems.plan(full);
    let groups: Vec<Vec<Piece>> = kinds
        .iter()
        .map(|kind| {
            let own = stems.stems.iter().filter(|stem| stem.kind == *kind);
            own.flat_map(|stem| pieces(full, stem, &resistivity, measure)).collect()
        })
        .collect();
    let far = |pieces: &[Piece]| pieces.iter().map(|p| p.to).fold(0.0, f64::max);
    let total: f64 = groups.iter().map(|group| far(group)).sum();
    let mut free = left - kinds.len();
    for (number, group) in groups.iter().enumerate() {
        let share = if number + 1 == groups.len() {
            free
        } else {
            (((left - kinds.len()) as f64 * far(group) / total).round() as usize).min(free)
        };
        free -= share;
        let first = stems.stems.iter().find(|stem| stem.kind == kinds[number]).map_or(0, |stem| stem.on);
        let on = stems.kept.iter().position(|node| *node == first).unwrap_or(0);
        slices(full, group, far(group), share + 1, on, &mut plan);
    }
    assemble(full, plan)
}

/// The compartments of a dendrite with their distances.
fn pieces(full: &Detailed, stem: &Stem, resistivity: &[f64], measure: Measure) -> Vec<Piece> {
    let tree = &full.plan.discretisation;
    let mut ends = vec![0.0; full.linear.len()];
    let mut out = Vec::new();
    for &node in &stem.nodes {
        let start = full.linear.parent_of(node).map_or(0.0, |parent| ends[parent]);
        let cv = tree.node_cv[node];
        if cv == NONE {
            ends[node] = start;
            continue;
        }
        let cv = &tree.cvs[cv as usize];
        let length = match measure {
            Measure::Path => cv.length_um,
            Measure::Electrotonic => {
                let g = full.linear.leak_s[node].max(1e-18) / cv.area_m2;
                let lambda = (cv.diameter_um * 1e-6 / (4.0 * resistivity[node] * g)).sqrt();
                cv.length_um * 1e-6 / lambda
            }
        };
        ends[node] = start + length;
        let resistance = resistivity[node] * (cv.near_per_m + cv.far_per_m);
        out.push(Piece { node, from: start, to: start + length, resistance });
    }
    out
}

/// Adds `n` slices of `pieces`, which reach as far as `far`, hung on compartment `on`.
fn slices(full: &Detailed, pieces: &[Piece], far: f64, n: usize, on: usize, plan: &mut Plan) {
    let start = plan.nodes.len();
    let h = far / n as f64;
    let leaks = full.leaks();
    // Parallel axial conductance times distance between two distances, on average.
    let carried = |from: f64, to: f64| {
        let mut sum = 0.0;
        for piece in pieces {
            let part = (piece.to.min(to) - piece.from.max(from)).max(0.0);
            sum += part * (piece.to - piece.from) / piece.resistance;
        }
        sum / (to - from)
    };
    let half = |k: usize| {
        let (a, b) = (h * k as f64 / 2.0, h * (k + 1) as f64 / 2.0);
        0.5 * h / carried(a, b)
    };
    for k in 0..n {
        let (a, b) = (h * k as f64, h * (k + 1) as f64);
        let share = |piece: &Piece| (piece.to.min(b) - piece.from.max(a)).max(0.0) / (piece.to - piece.from);
        let sum = |values: &[f64]| pieces.iter().map(|p| share(p) * values[p.node]).sum::<f64>();
        let area = sum(&full.plan.area_m2);
        let v: f64 = pieces.iter().map(|p| share(p) * full.plan.area_m2[p.node] * full.rest.v[p.node]).sum();
        let middle = 0.5 * (a + b);
        let nearest = pieces.iter().min_by(|x, y| {
            let off = |p: &Piece| (0.5 * (p.from + p.to) - middle).abs();
            off(x).total_cmp(&off(y))
        });
        for piece in pieces {
            let at = 0.5 * (piece.from + piece.to);
            if (a..b).contains(&at) {
                plan.home[piece.node] = start + k;
            }
        }
        let before = if k == 0 { 0.0 } else { half(2 * k - 1) };
        plan.nodes.push(nearest.map_or(0, |p| p.node));
        plan.parents.push(Some(if k == 0 { on } else { start + k - 1 }));
        plan.couplings_s.push(1.0 / (before + half(2 * k)));
        plan.areas_m2.push(area);
        plan.capacitances_f.push(sum(&full.linear.capacitance_f));
        plan.grounds_s.push(sum(&full.linear.leak_s));
        plan.leaks_s.push(sum(&leaks));
        plan.rest_v.push(v / area);
        plan.unbalanced_a.push(0.0);
        for (amounts, (spread, _)) in plan.amounts.iter_mut().zip(full.gated()) {
            amounts.push(sum(&spread.amounts));
        }
    }
    // Forks go with what is before them.
    for node in 0..full.linear.len() {
        if full.plan.discretisation.node_cv[node] == NONE {
            plan.home[node] = plan.home[full.with_membrane(node)];
        }
    }
}
