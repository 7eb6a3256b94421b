//! Compartments joined that are too near or too small to stand alone.

use super::compartments::Compartments;
use super::detailed::Detailed;
use super::reduced::Reduced;
use crate::error::Result;
use crate::morph::SectionKind;

impl Reduced {
    /// The compartments, passive ones, with neighbours made one where the coupling is faster than `fastest_s` (C/g of the smaller,
    /// s), and where one is smaller than `least` of the largest. Where branches leave a soma its compartment and that of the
    /// fork are almost the same.
    ///
    /// # Errors
    /// If the compartments have no impedance.
    pub fn joined(self, full: &Detailed, fastest_s: f64, least: f64) -> Result<Reduced> {
        let Reduced { mut cell, mut home, .. } = self;
        while let Some(at) = nearest(&cell, fastest_s, least) {
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

/// The compartment that is to be joined with its parent first.
fn nearest(cell: &Compartments, fastest_s: f64, least: f64) -> Option<usize> {
    let all = &cell.compartments;
    let largest = all.iter().map(|c| c.capacitance_f).fold(0.0, f64::max);
    let mut found: Option<(f64, usize)> = None;
    for (at, own) in all.iter().enumerate() {
        let Some(parent) = own.parent.and_then(|parent| all.get(parent)) else { continue };
        let smaller = own.capacitance_f.min(parent.capacitance_f);
        let tau_s = smaller / own.coupling_s;
        if (tau_s < fastest_s || smaller < least * largest) && found.is_none_or(|(best, _)| tau_s < best) {
            found = Some((tau_s, at));
        }
    }
    found.map(|(_, at)| at)
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
        assert_eq!(nearest(&cell, 1e-4, 0.0), Some(2));
        assert_eq!(join(&mut cell, 2), 1);
        let names: Vec<&str> = cell.compartments.iter().map(|c| c.name.as_str()).collect();
        let parents: Vec<Option<usize>> = cell.compartments.iter().map(|c| c.parent).collect();
        assert_eq!(names, ["a", "soma", "b", "c"]);
        assert_eq!(parents, [None, Some(0), Some(1), Some(1)]);
        let soma = &cell.compartments[1];
        assert!((soma.capacitance_f - 1.2e-11).abs() < 1e-24 && (soma.leak_s - 2e-9).abs() < 1e-21);
        assert_eq!((soma.kind, soma.coupling_s), (SectionKind::Soma, 1e-8));
        // Nothing else is near, but the smallest may be too small.
        assert_eq!(nearest(&cell, 1e-4, 0.0), None);
        assert!(nearest(&cell, 1e-4, 0.9).is_some());
    }
}
