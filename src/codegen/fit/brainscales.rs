//! Cells in the numbers of BrainScaleS-2: points, and compartments.

use super::limit::{Limit, short};
use crate::error::Result;
use crate::hardware::brainscales::placement::place;
use crate::hardware::brainscales::{Range, bss2};
use crate::reduce::point::Lif;
use crate::reduce::{Circuits, Compartments, Detailed, Reduced, best_nodes};

/// The most compartments that are tried: a chain of them fills a row of circuits.
const MOST: usize = bss2::MOST_COLUMNS / 2;

/// Couplings keep so far from the fastest, since steps of capacitances and conductances move them.
const MARGIN: f64 = 1.05;
/// From so many compartments on each number is tried.
const FEW: usize = 12;

/// Compartments whose coupling is faster than this share of what the chip can do are the same.
const SAME: f64 = 0.1;

/// `full` in the most compartments, up to `most`, for which no limit is violated that fewer would keep: places for their
/// circuits, sizes of capacitances, couplings. None if that is not even so for two.
///
/// # Errors
/// If the cell has no impedances.
pub(super) fn largest(full: &Detailed, most: Option<usize>) -> Result<Option<Reduced>> {
    let mut n = most.unwrap_or(MOST).min(MOST).min(full.n_compartments());
    let count = |reduced: &Option<Reduced>| reduced.as_ref().map_or(1, |r| r.cell.compartments.len());
    let mut found = None;
    // A tree that has no place on the circuits may have one when it is smaller.
    while n > count(&found) {
        let nodes = best_nodes(full, &[], n)?;
        let fastest_s = MARGIN * bss2::BETWEEN_COMPARTMENTS.least * 1e-3;
        let reduced = Reduced::passive_at(full, nodes, true, (fastest_s, LEAST))?;
        if reduced.cell.compartments.len() > count(&found) && fits(&reduced) {
            found = Some(reduced);
        }
        n = if n > FEW { n * 4 / 5 } else { n - 1 };
    }
    Ok(found)
}

/// The least capacitance beside the largest: half a step.
const LEAST: f64 = 0.5 / bss2::CAPACITANCE as f64;

/// `full` in passive compartments at `nodes`, and at the forks between them that are not almost where one of them is.
///
/// # Errors
/// If the cell has no impedances.
pub(super) fn exactly(full: &Detailed, nodes: Vec<usize>) -> Result<Reduced> {
    let same_s = SAME * bss2::BETWEEN_COMPARTMENTS.least * 1e-3;
    Reduced::passive_at(full, nodes, false, (same_s, LEAST))
}

/// Whether the chip holds these compartments side by side.
fn fits(reduced: &Reduced) -> bool {
    let mut limits = Vec::new();
    let Some(towards) = towards(&reduced.cell, reduced.soma) else { return false };
    let mut cell = reduced.cell.clone();
    sizes(&mut cell, &towards, &mut limits);
    limits.iter().all(|limit| limit.what.starts_with("tau_m"))
}

/// For each compartment the one to which its own conductance leads, on the chip.
fn towards(cell: &Compartments, soma: usize) -> Option<Vec<Option<usize>>> {
    let mut neighbours = vec![Vec::new(); cell.compartments.len()];
    for (at, compartment) in cell.compartments.iter().enumerate() {
        if let Some(parent) = compartment.parent {
            neighbours[at].push(parent);
            neighbours[parent].push(at);
        }
    }
    place(&neighbours, soma).map(|placed| placed.towards)
}

/// Capacitances in steps, leaks and couplings with time constants that can be.
fn sizes(cell: &mut Compartments, towards: &[Option<usize>], limits: &mut Vec<Limit>) {
    let largest = cell.compartments.iter().map(|c| c.capacitance_f).fold(0.0, f64::max);
    let step = largest / f64::from(bss2::CAPACITANCE);
    let steps =
        Range { name: "capacitance", least: 1.0, greatest: f64::from(bss2::CAPACITANCE), unit: "steps" };
    for compartment in &mut cell.compartments {
        let name = compartment.name.clone();
        let mut size = compartment.capacitance_f / step;
        if size < 0.5 {
            size = Limit::check(limits, format!("capacitance of {name}"), size, &steps);
        }
        compartment.capacitance_f = size.round().max(1.0) * step;
        let tau_ms = compartment.capacitance_f / compartment.leak_s * 1e3;
        let tau_ms = Limit::check(limits, format!("tau_m of {name}"), tau_ms, &bss2::TAU_M);
        compartment.leak_s = compartment.capacitance_f / (tau_ms * 1e-3);
        compartment.rest_conductance_s = compartment.leak_s;
    }
    let strongest = cell.compartments.iter().map(|c| c.coupling_s).fold(0.0, f64::max);
    let step = strongest / f64::from(bss2::CAPMEM);
    for at in 0..cell.compartments.len() {
        let Some(parent) = cell.compartments[at].parent else { continue };
        // The circuit whose conductance it is, on the chip.
        let owner = if towards.get(at) == Some(&Some(parent)) { at } else { parent };
        let capacitance = cell.compartments[owner].capacitance_f;
        let coupling = (cell.compartments[at].coupling_s / step).round().max(1.0) * step;
        let what = format!("tau_icc of {}", cell.compartments[owner].name);
        let tau_ms = Limit::check(limits, what, capacitance / coupling * 1e3, &bss2::BETWEEN_COMPARTMENTS);
        let exact = capacitance / coupling * 1e3;
        cell.compartments[at].coupling_s =
            if tau_ms == exact { coupling } else { capacitance / (tau_ms * 1e-3) };
    }
}

/// Potentials as counts of the converter: rest or reset and threshold of the soma span its range.
struct Counts {
    low_v: f64,
    count_v: f64,
}

impl Counts {
    fn new(low_v: f64, threshold_v: f64) -> Counts {
        Counts { low_v, count_v: (threshold_v - low_v) / (bss2::COUNTS[1] - bss2::COUNTS[0]) }
    }

    /// `v` in whole counts within the range `name`.
    fn held(&self, v: f64, (name, of): (&'static str, &str), limits: &mut Vec<Limit>) -> f64 {
        let counts = bss2::COUNTS[0] + (v - self.low_v) / self.count_v;
        let what = if of.is_empty() { name.to_string() } else { format!("{name} of {of}") };
        let counts = bss2::range(name).map_or(counts, |range| Limit::check(limits, what, counts, range));
        self.low_v + (counts.round() - bss2::COUNTS[0]) * self.count_v
    }

    fn note(&self) -> String {
        format!("potentials are whole counts of {} mV", short(self.count_v * 1e3))
    }
}

/// The compartments within the ranges and in the steps of the chip.
pub(super) fn circuits(exact: &Circuits, limits: &mut Vec<Limit>, notes: &mut Vec<String>) -> Circuits {
    let mut made = exact.clone();
    let towards = towards(&made.reduced.cell, made.reduced.soma).unwrap_or_default();
    if towards.is_empty() {
        notes.push("the tree of compartments has no place on the circuits: see the script".to_string());
    }
    sizes(&mut made.reduced.cell, &towards, limits);
    made.reduced.cell.balance();
    let counts = Counts::new(exact.soma().leak_reversal_v.min(exact.reset_v), exact.threshold_v);
    for compartment in &mut made.reduced.cell.compartments {
        let name = compartment.name.clone();
        compartment.leak_reversal_v = counts.held(compartment.leak_reversal_v, ("v_rest", &name), limits);
    }
    made.reset_v = counts.held(exact.reset_v, ("v_reset", ""), limits);
    made.threshold_v = counts.held(exact.threshold_v, ("v_thresh", ""), limits);
    let refractory_ms = exact.refractory_s * 1e3;
    made.refractory_s =
        Limit::check(limits, "tau_refrac".to_string(), refractory_ms, &bss2::TAU_REFRAC) * 1e-3;
    notes.push(counts.note());
    notes.push(format!(
        "capacitances are whole steps of a {}th of the largest, conductances between compartments of a {}th of the strongest",
        bss2::CAPACITANCE,
        bss2::CAPMEM
    ));
    made
}

/// The point neuron within the ranges and in the counts of the chip.
pub(super) fn point(neuron: &Lif, limits: &mut Vec<Limit>, notes: &mut Vec<String>) -> Lif {
    let counts = Counts::new(neuron.rest_v.min(neuron.reset_v), neuron.threshold_v);
    let tau_ms = neuron.capacitance_f / neuron.leak_s * 1e3;
    let tau_ms = Limit::check(limits, "tau_m".to_string(), tau_ms, &bss2::TAU_M);
    notes.push(counts.note());
    let refractory_ms = neuron.refractory_s * 1e3;
    Lif {
        capacitance_f: neuron.capacitance_f,
        leak_s: neuron.capacitance_f / (tau_ms * 1e-3),
        rest_v: counts.held(neuron.rest_v, ("v_rest", ""), limits),
        threshold_v: counts.held(neuron.threshold_v, ("v_thresh", ""), limits),
        reset_v: counts.held(neuron.reset_v, ("v_reset", ""), limits),
        refractory_s: Limit::check(limits, "tau_refrac".to_string(), refractory_ms, &bss2::TAU_REFRAC) * 1e-3,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::{CableCell, Density, Rule};
    use crate::morph::{Morphology, SectionKind, SectionPlan};
    use crate::select::Region;

    const LIF: Lif = Lif {
        capacitance_f: 1e-9,
        leak_s: 1e-8,
        rest_v: -0.0702,
        threshold_v: -0.05,
        reset_v: -0.075,
        refractory_s: 2e-3,
    };

    #[test]
    fn what_a_point_violates_is_said_and_the_nearest_taken() {
        let (mut limits, mut notes) = (Vec::new(), Vec::new());
        let made = point(&LIF, &mut limits, &mut notes);
        // 100 ms of membrane time constant: 60 is the most.
        assert!((made.capacitance_f / made.leak_s - 0.06).abs() < 1e-12);
        assert_eq!(limits.len(), 1);
        assert!(limits[0].to_string().contains("tau_m = 100 ms") && limits[0].nearest == 60.0, "{limits:?}");
        // 25 mV in 55 counts.
        let count = 0.025 / 55.0;
        let rest = (made.rest_v + 0.075) / count;
        assert!((rest - rest.round()).abs() < 1e-9 && (made.rest_v - LIF.rest_v).abs() <= 0.5 * count);
        assert!(notes[0].contains("0.45455 mV"), "{notes:?}");
    }

    /// A soma and a dendrite of 300 µm, 50 compartments, of axial resistivity `resistivity` (Ω m).
    fn full(resistivity: f64) -> Detailed {
        let plans = [
            SectionPlan::cylinder("soma", SectionKind::Soma, 20.0, 20.0),
            SectionPlan::cylinder("dend", SectionKind::BasalDendrite, 300.0, 2.0).on("soma", 1.0),
        ];
        let cell =
            CableCell::new(Morphology::from_sections("cell", &plans).unwrap(), 0.01, resistivity, -0.07)
                .cut("dend".parse::<Region>().unwrap(), Rule::PerSection(50))
                .with_channel(Density::ohmic("pas", Region::All, 1.0, -0.07).unwrap());
        Detailed::new(&Arc::new(cell), 300.0).unwrap()
    }

    fn on_chip(reduced: Reduced) -> (Circuits, Circuits, Vec<Limit>) {
        let exact = Circuits { reduced, threshold_v: -0.05, reset_v: -0.075, refractory_s: 2e-3 };
        let (mut limits, mut notes) = (Vec::new(), Vec::new());
        let held = circuits(&exact, &mut limits, &mut notes);
        (exact, held, limits)
    }

    #[test]
    fn as_many_compartments_as_keep_their_distance() {
        let full = full(1.5);
        let reduced = largest(&full, None).unwrap().expect("compartments");
        let n = reduced.cell.compartments.len();
        let (exact, held, limits) = on_chip(reduced);
        let taus = |c: &Circuits| -> Vec<f64> {
            let coupled = c.reduced.cell.compartments.iter().filter(|c| c.parent.is_some());
            coupled.map(|c| c.capacitance_f / c.coupling_s * 1e3).collect()
        };
        assert!(n > 3 && limits.is_empty(), "{n} {limits:?} {:?}", taus(&exact));
        // Every number is where the chip can be set to, and within half a step.
        let sizes =
            |c: &Circuits| c.reduced.cell.compartments.iter().map(|c| c.capacitance_f).collect::<Vec<_>>();
        let step = sizes(&exact).into_iter().fold(0.0, f64::max) / 63.0;
        for (exact, held) in sizes(&exact).into_iter().zip(sizes(&held)) {
            assert!(
                (held / step - (held / step).round()).abs() < 1e-9 && (exact - held).abs() <= 0.5001 * step
            );
        }
        assert!(taus(&held).iter().all(|tau| (0.1..30.0).contains(tau)), "{:?}", taus(&held));
        // No more than were asked for.
        let few = largest(&full, Some(3)).unwrap().expect("compartments");
        assert!(few.cell.compartments.len() <= 3);
    }

    #[test]
    fn compartments_that_are_too_near_are_told_with_limit_and_nearest() {
        let full = full(0.2);
        let nodes = full.nodes("soma | dend(0.1) | dend(0.2)").unwrap();
        let (_, held, limits) = on_chip(exactly(&full, nodes).unwrap());
        let limit = limits.iter().find(|l| l.what.starts_with("tau_icc")).expect("a limit");
        assert!(limit.value < 0.1 && limit.nearest == 0.1 && limit.greatest == 30.0, "{limits:?}");
        let (made, of) = (&held.reduced.cell.compartments, |c: &crate::reduce::Compartment| {
            c.capacitance_f / c.coupling_s * 1e3
        });
        assert!(made.iter().filter(|c| c.parent.is_some()).any(|c| (of(c) - 0.1).abs() < 1e-9));
    }
}
