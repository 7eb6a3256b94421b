//! A cell as a soma (with its axon), which is kept, and the dendrites that hang on it.

use super::assemble::Plan;
use super::detailed::Detailed;
use crate::cable::NONE;
use crate::error::Result;
use crate::morph::SectionKind;
use crate::select::Cable;

/// What is kept of a cell, and what hangs on it.
#[derive(Debug)]
pub(super) struct Stems {
    /// The nodes that are kept, parents first.
    pub kept: Vec<usize>,
    /// The dendrites that hang on them.
    pub stems: Vec<Stem>,
}

/// A dendrite with all its branches.
#[derive(Debug)]
pub(super) struct Stem {
    /// Its nodes, parents first.
    pub nodes: Vec<usize>,
    /// The kept node that it hangs on.
    pub on: usize,
    /// What part of the neuron it is.
    pub kind: SectionKind,
}

impl Stems {
    /// Those of `full`: the soma is the section where distances start and those of its kind around it, an axon is kept where
    /// it begins at the soma.
    pub fn of(full: &Detailed) -> Stems {
        let tree = &full.plan.discretisation;
        let soma = full.soma();
        let own = full.location(soma).section;
        let kind = |node: usize| {
            let section = full.location(node).section;
            if section == own { SectionKind::Soma } else { full.cell.morphology.section(section).kind }
        };
        let stays = |node: usize| matches!(kind(node), SectionKind::Soma | SectionKind::Axon);
        let mut kept = vec![false; full.linear.len()];
        // From the soma outwards, and to the root: what connects to it through what stays.
        let mut neighbours = vec![Vec::new(); full.linear.len()];
        for node in 0..full.linear.len() {
            if let Some(parent) = full.linear.parent_of(node) {
                neighbours[node].push(parent);
                neighbours[parent].push(node);
            }
        }
        let mut waiting = vec![soma];
        while let Some(node) = waiting.pop() {
            if std::mem::replace(&mut kept[node], true) {
                continue;
            }
            waiting.extend(neighbours[node].iter().filter(|other| stays(**other) && !kept[**other]));
        }
        // The way to the root stays too, so that what is kept is one tree.
        let mut up = Some(soma);
        while let Some(node) = up {
            kept[node] = true;
            up = full.linear.parent_of(node);
        }
        let mut stem_of: Vec<Option<usize>> = vec![None; full.linear.len()];
        let mut stems: Vec<Stem> = Vec::new();
        for node in (0..full.linear.len()).filter(|node| !kept[*node]) {
            let Some(parent) = full.linear.parent_of(node) else { continue };
            let stem = match stem_of[parent] {
                Some(stem) => stem,
                None => {
                    stems.push(Stem { nodes: Vec::new(), on: parent, kind: kind(node) });
                    stems.len() - 1
                }
            };
            stem_of[node] = Some(stem);
            stems[stem].nodes.push(node);
        }
        // Forks that nothing but stems hangs on are no compartments of their own: their stems hang on what they hang on.
        let kept_below = |fork: usize| neighbours[fork].iter().filter(|other| kept[**other]).count();
        let dropped: Vec<bool> =
            (0..full.linear.len()).map(|n| kept[n] && tree.node_cv[n] == NONE && kept_below(n) < 2).collect();
        for stem in &mut stems {
            if dropped[stem.on] {
                stem.on = full.with_membrane(stem.on);
            }
        }
        let nodes = (0..full.linear.len()).filter(|n| kept[*n] && !dropped[*n]).collect();
        Stems { kept: nodes, stems }
    }

    /// The plan of what is kept, as it is.
    pub fn plan(&self, full: &Detailed) -> Plan {
        let leaks = full.leaks();
        let unbalanced = full.unbalanced();
        let mut plan = Plan { home: vec![0; full.linear.len()], ..Plan::default() };
        plan.amounts = full.gated().map(|_| Vec::new()).collect();
        for (at, &node) in self.kept.iter().enumerate() {
            let parent = full.linear.parent_of(node);
            plan.nodes.push(node);
            plan.parents.push(parent.and_then(|parent| self.kept.iter().position(|kept| *kept == parent)));
            plan.couplings_s.push(full.linear.axial_s[node]);
            plan.areas_m2.push(full.plan.area_m2[node]);
            plan.capacitances_f.push(full.linear.capacitance_f[node]);
            plan.grounds_s.push(full.linear.leak_s[node]);
            plan.leaks_s.push(leaks[node]);
            plan.rest_v.push(full.rest.v[node]);
            plan.unbalanced_a.push(unbalanced[node]);
            for (amounts, (spread, _)) in plan.amounts.iter_mut().zip(full.gated()) {
                amounts.push(spread.amounts[node]);
            }
            plan.home[node] = at;
        }
        // Forks that were dropped.
        for node in 0..full.linear.len() {
            if !self.kept.contains(&node) {
                let above = full.with_membrane(node);
                plan.home[node] = self.kept.iter().position(|kept| *kept == above).unwrap_or(0);
            }
        }
        plan
    }
}

/// The axial resistivity of each node, Ω m; that of the next towards the root at forks.
///
/// # Errors
/// If it has no value somewhere.
pub(super) fn resistivities(full: &Detailed) -> Result<Vec<f64>> {
    let cable = Cable::new(&full.cell.morphology, &full.plan.geometry);
    let field = full.cell.axial_resistivity.on(&cable)?;
    let tree = &full.plan.discretisation;
    (0..full.linear.len())
        .map(|node| {
            let cv = &tree.cvs[tree.node_cv[full.with_membrane(node)] as usize];
            Ok(field.mean(cv.section, cv.from, cv.to)?.value)
        })
        .collect()
}
