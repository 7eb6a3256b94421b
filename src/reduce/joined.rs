//! Compartments joined that are too near or too small to stand alone.

use super::chosen::{passive, with_branch_points};
use super::compartments::Compartments;
use super::detailed::Detailed;
use super::reduced::Reduced;
use crate::error::Result;
use crate::morph::SectionKind;

impl Reduced {
    /// `full` in passive compartments at `nodes` and the forks between them. If `apart`, of places that are too near each other some
    /// are given up, which lets the others stand for more of the cell; what is too near or too small all the same, such as a fork
    /// beside the soma, is joined with its neighbour. Too near is a coupling faster than `fastest_s` (C/g of the smaller
    /// compartment, s), too small less than `least` of the largest capacitance.
    ///
    /// # Errors
    /// If the cell has no impedances.
    pub fn passive_at(
        full: &Detailed,
        mut nodes: Vec<usize>,
        apart: bool,
        (fastest_s, least): (f64, f64),
    ) -> Result<Reduced> {
        loop {
            let all = with_branch_points(&full.linear, &nodes);
            let reduced = passive(full, &all)?;
            let given_up =
                if apart { too_near(full, &reduced.cell, &nodes, (fastest_s, least)) } else { Vec::new() };
            if given_up.is_empty() {
                return reduced.joined(full, fastest_s, least);
            }
            nodes.retain(|node| !given_up.contains(node));
        }
    }

    /// The compartments with neighbours made one that are too near or too small.
    fn joined(self, full: &Detailed, fastest_s: f64, least: f64) -> Result<Reduced> {
        let Reduced { mut cell, mut home, .. } = self;
        while let Some((at, _)) = nearest(&cell, fastest_s, least).first().copied() {
            let parent = join(&mut cell, at);
            for place in &mut home {
                *place = match *place {
                    place if place == at => parent,
                    place if place > at => place - 1,
                    place => place,
                };
            }
        }
        cell.balance();
        Reduced::new(full, cell, home)
    }
}

/// Those of `nodes` that are to be given up: of each pair that is too near the smaller one, if it is no fork and not the soma; of
/// pairs that meet only the nearest.
fn too_near(full: &Detailed, cell: &Compartments, nodes: &[usize], limits: (f64, f64)) -> Vec<usize> {
    let all = with_branch_points(&full.linear, nodes);
    let soma = full.soma();
    let is_free = |node: usize| {
        let rest: Vec<usize> = nodes.iter().copied().filter(|other| *other != node).collect();
        node != soma && nodes.contains(&node) && !with_branch_points(&full.linear, &rest).contains(&node)
    };
    let (mut met, mut given_up) = (vec![false; all.len()], Vec::new());
    for (at, parent) in nearest(cell, limits.0, limits.1) {
        if met[at] || met[parent] {
            continue;
        }
        let size = |at: &usize| cell.compartments[*at].capacitance_f;
        let free = [at, parent].into_iter().filter(|at| is_free(all[*at]));
        if let Some(smaller) = free.min_by(|a, b| size(a).total_cmp(&size(b))) {
            (met[at], met[parent]) = (true, true);
            given_up.push(all[smaller]);
        }
    }
    given_up
}

/// Compartments that are too near their parents, or one of both too small, with these, the nearest first.
fn nearest(cell: &Compartments, fastest_s: f64, least: f64) -> Vec<(usize, usize)> {
    let all = &cell.compartments;
    let largest = all.iter().map(|c| c.capacitance_f).fold(0.0, f64::max);
    let mut found: Vec<(f64, usize, usize)> = Vec::new();
    for (at, own) in all.iter().enumerate() {
        let Some((place, parent)) = own.parent.and_then(|p| Some((p, all.get(p)?))) else { continue };
        let smaller = own.capacitance_f.min(parent.capacitance_f);
        let tau_s = smaller / own.coupling_s;
        if tau_s < fastest_s || smaller < least * largest {
            found.push((tau_s, at, place));
        }
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found.into_iter().map(|(_, at, parent)| (at, parent)).collect()
}

/// Makes compartment `at` part of its parent, which is returned.
fn join(cell: &mut Compartments, at: usize) -> usize {
    let own = cell.compartments.remove(at);
    // Parents come before children, so only those behind it move.
    let parent = own.parent.unwrap_or(0);
    for other in &mut cell.compartments {
        other.parent = match other.parent {
            Some(p) if p == at => Some(parent),
            Some(p) if p > at => Some(p - 1),
            p => p,
        };
    }
    let into = &mut cell.compartments[parent];
    let share = own.capacitance_f / (own.capacitance_f + into.capacitance_f);
    into.rest_v += share * (own.rest_v - into.rest_v);
    into.capacitance_f += own.capacitance_f;
    into.area_m2 += own.area_m2;
    into.leak_s += own.leak_s;
    into.rest_conductance_s += own.rest_conductance_s;
    // What is partly soma is soma; else the larger part gives the name.
    let is_soma = |kind: SectionKind| kind == SectionKind::Soma;
    if is_soma(own.kind) || (share > 0.5 && !is_soma(into.kind)) {
        into.name = own.name;
        into.kind = own.kind;
        into.place = own.place;
        into.position_um = own.position_um;
    }
    parent
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reduce::Compartment;
    use crate::select::Location;

    fn compartment(name: &str, kind: SectionKind, parent: Option<usize>, capacitance_f: f64) -> Compartment {
        Compartment {
            name: name.to_string(),
            kind,
            place: Location { section: crate::morph::SectionId(0), fraction: 0.5 },
            position_um: [0.0; 3],
            parent,
            coupling_s: if parent.is_some() { 1e-8 } else { 0.0 },
            capacitance_f,
            area_m2: 1e-9,
            leak_s: 1e-9,
            leak_reversal_v: -0.07,
            rest_v: -0.07,
            rest_conductance_s: 1e-9,
            channels: Vec::new(),
            pools: Vec::new(),
            concentrations: std::collections::BTreeMap::new(),
        }
    }

    #[test]
    fn a_fork_at_the_soma_becomes_soma() {
        let dend = SectionKind::BasalDendrite;
        let mut cell = Compartments {
            name: "cell".into(),
            compartments: vec![
                compartment("a", dend, None, 1e-11),
                compartment("fork", dend, Some(0), 2e-12),
                compartment("soma", SectionKind::Soma, Some(1), 1e-11),
                compartment("b", dend, Some(1), 1e-11),
                compartment("c", dend, Some(2), 1e-11),
            ],
            channels: Vec::new(),
            pools: Vec::new(),
            resistivity_ohm_m: 1.0,
        };
        cell.compartments[2].coupling_s = 1e-5;
        // 2 pF over 10 µS.
        assert_eq!(nearest(&cell, 1e-4, 0.0), [(2, 1)]);
        assert_eq!(join(&mut cell, 2), 1);
        let names: Vec<&str> = cell.compartments.iter().map(|c| c.name.as_str()).collect();
        let parents: Vec<Option<usize>> = cell.compartments.iter().map(|c| c.parent).collect();
        assert_eq!(names, ["a", "soma", "b", "c"]);
        assert_eq!(parents, [None, Some(0), Some(1), Some(1)]);
        let soma = &cell.compartments[1];
        assert!((soma.capacitance_f - 1.2e-11).abs() < 1e-24 && (soma.leak_s - 2e-9).abs() < 1e-21);
        assert_eq!((soma.kind, soma.coupling_s), (SectionKind::Soma, 1e-8));
        // Nothing else is near, but the smallest may be too small.
        assert!(nearest(&cell, 1e-4, 0.0).is_empty() && !nearest(&cell, 1e-4, 0.9).is_empty());
    }
}
