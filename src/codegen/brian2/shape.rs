//! A tree of compartments as Brian's sections: each begins where its parent ends.

use std::fmt::Write;

use super::units::quantity;
use crate::cable::NONE;
use crate::codegen::python::number;
use crate::engine::CellPlan;
use crate::units::Dimension;

/// What Brian divides by the resistivity to get the conductance of half a compartment is a length; this long one stands for
/// none of the way. It is what Brian's own soma has.
const NO_WAY_M: f64 = 1.0;

/// A chain of compartments without forks.
#[derive(Debug)]
pub(super) struct Chain {
    /// Index of the chain that it is attached to the end of.
    pub(super) parent: Option<usize>,
    /// Its compartments: indices into those of the plan.
    pub(super) cvs: Vec<usize>,
    /// For each compartment the conductances (S) from its middle to its beginning and end.
    halves_s: Vec<[f64; 2]>,
}

/// The sections of a cell.
#[derive(Debug)]
pub(super) struct Shape {
    /// Chains, each after its parent and in Brian's order of compartments.
    pub(super) chains: Vec<Chain>,
    /// The number of each compartment of the plan in Brian's order.
    pub(super) order: Vec<usize>,
    /// One resistivity for all, Ω m: others are in the conductances.
    pub(super) resistivity_ohm_m: f64,
}

/// The nodes next to each node, with the conductance between them.
fn neighbours(plan: &CellPlan) -> Vec<Vec<(usize, f64)>> {
    let parents = &plan.discretisation.node_parent;
    let mut out = vec![Vec::new(); parents.len()];
    for (node, &parent) in parents.iter().enumerate() {
        if parent != NONE {
            out[node].push((parent as usize, plan.axial_s[node]));
            out[parent as usize].push((node, plan.axial_s[node]));
        }
    }
    out
}

impl Shape {
    /// The sections of a cell; `None` where forks and inner attachments meet in a way that Brian's tree does not have.
    pub(super) fn of(plan: &CellPlan) -> Option<Shape> {
        let d = &plan.discretisation;
        let near = neighbours(plan);
        let cv_of = |node: usize| d.node_cv.get(node).copied().filter(|cv| *cv != NONE).map(|cv| cv as usize);
        let resistivity = plan.resistivity_ohm_m.first().copied()?;
        let no_way_s = NO_WAY_M / resistivity;
        let mut chains: Vec<Chain> = Vec::new();
        let root = d.cvs.first()?.node as usize;
        // Node to begin with, node before it, conductance of its beginning, parent chain.
        let mut waiting: Vec<(usize, usize, f64, Option<usize>)> = vec![(root, usize::MAX, no_way_s, None)];
        while let Some((first, before, begin_s, parent)) = waiting.pop() {
            let number = chains.len();
            let mut chain = Chain { parent, cvs: vec![cv_of(first)?], halves_s: vec![[begin_s, no_way_s]] };
            let (mut node, mut from) = (first, before);
            loop {
                let next: Vec<(usize, f64)> =
                    near[node].iter().copied().filter(|(n, _)| *n != from).collect();
                let last = chain.halves_s.len() - 1;
                match next[..] {
                    [] => break,
                    [(one, g)] => match cv_of(one) {
                        Some(cv) => {
                            // The way between two middles: half of it belongs to each.
                            chain.halves_s[last][1] = 2.0 * g;
                            chain.cvs.push(cv);
                            chain.halves_s.push([2.0 * g, no_way_s]);
                            (from, node) = (node, one);
                        }
                        None => {
                            chain.halves_s[last][1] = g;
                            for &(child, g) in near[one].iter().rev().filter(|(n, _)| *n != node) {
                                cv_of(child)?;
                                waiting.push((child, one, g, Some(number)));
                            }
                            break;
                        }
                    },
                    _ => {
                        // Several hang on the middle of this one.
                        for &(child, g) in next.iter().rev() {
                            cv_of(child)?;
                            waiting.push((child, node, g, Some(number)));
                        }
                        break;
                    }
                }
            }
            chains.push(chain);
        }
        let mut order = vec![0; d.cvs.len()];
        for (at, cv) in chains.iter().flat_map(|chain| &chain.cvs).enumerate() {
            order[*cv] = at;
        }
        Some(Shape { chains, order, resistivity_ohm_m: resistivity })
    }

    /// Rows for a table, in Brian's order: chain, its parent, length and diameter (µm), area (µm²), and the two lengths (µm)
    /// that give the conductances to both ends.
    pub(super) fn rows(&self, plan: &CellPlan) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        for (number_, chain) in self.chains.iter().enumerate() {
            let parent = chain.parent.map_or_else(|| "-1".to_string(), |p| p.to_string());
            for (cv, halves) in chain.cvs.iter().zip(&chain.halves_s) {
                let cv = &plan.discretisation.cvs[*cv];
                let mut row = vec![number_.to_string(), parent.clone()];
                row.extend([cv.length_um, cv.diameter_um, cv.area_m2 * 1e12].map(number));
                row.extend(halves.map(|g| number(g * self.resistivity_ohm_m * 1e6)));
                rows.push(row);
            }
        }
        rows
    }

    /// The names of the columns of [`Shape::rows`].
    pub(super) const COLUMNS: [&'static str; 7] =
        ["section", "parent", "length_um", "diameter_um", "area_um2", "r_length_1_um", "r_length_2_um"];

    /// Statements that make the same of cylinders, for cells of few of them; `None` if they would make another cell.
    pub(super) fn cylinders(&self, plan: &CellPlan) -> Option<Vec<String>> {
        if self.chains.len() > 12 {
            return None;
        }
        let mut native: Vec<Vec<[f64; 2]>> = Vec::new();
        let mut lines = Vec::new();
        let mut paths: Vec<String> = Vec::new();
        for (k, chain) in self.chains.iter().enumerate() {
            let cvs: Vec<_> = chain.cvs.iter().map(|cv| &plan.discretisation.cvs[*cv]).collect();
            let first = cvs.first()?;
            let alike = |cv: &&crate::cable::Cv| {
                let close = |a: f64, b: f64| ((a - b) / b).abs() < 1e-9;
                close(cv.length_um, first.length_um)
                    && close(cv.diameter_um, first.diameter_um)
                    && close(cv.area_m2, std::f64::consts::PI * cv.length_um * cv.diameter_um * 1e-12)
            };
            if !cvs.iter().all(alike) {
                return None;
            }
            let half_m =
                std::f64::consts::PI * first.diameter_um.powi(2) / 4.0 / (first.length_um / 2.0) * 1e-6;
            native.push(vec![[half_m / self.resistivity_ohm_m; 2]; cvs.len()]);
            let length = quantity(first.length_um * cvs.len() as f64 * 1e-6, Dimension::LENGTH);
            let cylinder = format!(
                "Cylinder(n={}, length={length}, diameter={})",
                cvs.len(),
                quantity(first.diameter_um * 1e-6, Dimension::LENGTH)
            );
            match chain.parent {
                None => {
                    lines.push(format!("morphology = {cylinder}"));
                    paths.push("morphology".to_string());
                }
                Some(parent) => {
                    let path = format!("{}.s{k}", paths.get(parent)?);
                    lines.push(format!("{path} = {cylinder}"));
                    paths.push(path);
                }
            }
        }
        // The conductances between middles must come out as they are.
        let series = |a: f64, b: f64| 1.0 / (1.0 / a + 1.0 / b);
        for (k, chain) in self.chains.iter().enumerate() {
            for at in 1..chain.cvs.len() {
                let wanted = series(chain.halves_s[at - 1][1], chain.halves_s[at][0]);
                if (wanted / series(native[k][at - 1][1], native[k][at][0]) - 1.0).abs() > 1e-9 {
                    return None;
                }
            }
            let Some(parent) = chain.parent else { continue };
            let siblings = self.chains.iter().filter(|other| other.parent == Some(parent)).count();
            let (end, begin) = (*self.chains[parent].halves_s.last()?, chain.halves_s[0]);
            let (native_end, native_begin) = (*native[parent].last()?, native[k][0]);
            let fits = if siblings == 1 {
                (series(end[1], begin[0]) / series(native_end[1], native_begin[0]) - 1.0).abs() < 1e-6
            } else {
                (end[1] / native_end[1] - 1.0).abs() < 1e-9 && (begin[0] / native_begin[0] - 1.0).abs() < 1e-9
            };
            if !fits {
                return None;
            }
        }
        Some(lines)
    }
}

/// Values by compartment as statements `TARGET[a:b] = VALUE`, if there are few runs of equal ones; zeros are left out.
pub(super) fn runs(target: &str, values: &[f64], dimension: Dimension, most: usize) -> Option<Vec<String>> {
    let first = values.first()?;
    if values.iter().all(|x| x.to_bits() == first.to_bits()) {
        return Some(vec![format!("{target} = {}", quantity(*first, dimension))]);
    }
    let mut out = Vec::new();
    let mut from = 0;
    while from < values.len() {
        let same = values[from..].iter().take_while(|x| x.to_bits() == values[from].to_bits()).count();
        if values[from] != 0.0 {
            let mut text = String::new();
            let _ = match same {
                1 => write!(text, "{target}[{from}] = {}", quantity(values[from], dimension)),
                _ => write!(text, "{target}[{from}:{}] = {}", from + same, quantity(values[from], dimension)),
            };
            out.push(text);
        }
        if out.len() > most {
            return None;
        }
        from += same;
    }
    Some(out)
}
