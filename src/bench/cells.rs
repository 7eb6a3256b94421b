//! Unlike cells with channels everywhere; `benches/peers/README.md` has the specification.

use std::sync::Arc;

use serde_json::json;

use super::parts::{Passive, cell, current, squid};
use super::{Prepared, Workload, rounded, spikes_ms};
use crate::engine::Memory;
use crate::error::Result;
use crate::model::{CellSet, Model, Population, PopulationCell, Rule, Run, SpikeDetector, Stimulus};
use crate::morph::{Morphology, SectionKind, SectionPlan};
use crate::select::{Points, Region};

const COMPARTMENT_UM: f64 = 10.0;
const ENOUGH: u32 = 480;

/// 32 bits made of `x`, one to one.
fn scramble(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(0x21F0_AAAD);
    x ^= x >> 15;
    x = x.wrapping_mul(0x735A_2D97);
    x ^ (x >> 15)
}

/// Branches of cell `index`: parent (`None` for the soma), compartments, diameter in 0.01 µm.
fn branches(index: u32) -> Vec<(Option<usize>, u32, u32)> {
    let compartments = |number: usize| 4 + scramble(1000 * index + number as u32) % 21;
    let mut branches: Vec<(Option<usize>, u32, u32)> = (0..5).map(|b| (None, compartments(b), 300)).collect();
    let mut total: u32 = 1 + branches.iter().map(|b| b.1).sum::<u32>();
    let mut parent = 0;
    while total < ENOUGH {
        for _ in 0..2 {
            let diameter = (branches[parent].2 * 3 / 4).max(60);
            let n = compartments(branches.len());
            branches.push((Some(parent), n, diameter));
            total += n;
        }
        parent += 1;
    }
    branches
}

pub(super) fn prepare(workload: &Workload) -> Result<Prepared> {
    let n = workload.n.unwrap_or(32);
    let densities = squid(&Region::All, 3.0, -0.0543)?;
    let passive = Passive { ra: 1.0, cm: 0.01, v: -0.065 };
    let soma = || Points::At(Region::Section("soma".into()), 0.5);
    let mut populations = Vec::with_capacity(n);
    let (mut stimuli, mut spike_detectors) = (Vec::with_capacity(n), Vec::with_capacity(n));
    for c in 0..n {
        let mut sections = vec![SectionPlan::cylinder("soma", SectionKind::Soma, 20.0, 20.0)];
        for (b, &(parent, compartments, diameter)) in branches(c as u32).iter().enumerate() {
            let length = f64::from(compartments) * COMPARTMENT_UM;
            let diameter = f64::from(diameter) / 100.0;
            let on = parent.map_or("soma".to_string(), |p| format!("b{p}"));
            let kind = SectionKind::BasalDendrite;
            sections.push(SectionPlan::cylinder(format!("b{b}"), kind, length, diameter).on(on, 1.0));
        }
        let morphology = Morphology::from_sections("cell", &sections)?;
        let rules = vec![
            (Region::All, Rule::MaxLength(COMPARTMENT_UM)),
            (Region::Section("soma".into()), Rule::PerSection(1)),
        ];
        populations.push(Population {
            name: format!("cell{c}"),
            size: 1,
            cell: PopulationCell::Cable(Arc::new(cell(morphology, rules, &passive, densities.clone()))),
            initial_v: Vec::new(),
        });
        stimuli.push(Stimulus {
            name: "current".into(),
            population: c,
            cells: CellSet::All,
            points: Some(soma()),
            dynamics: current((2.0 + (c % 8) as f64 / 8.0) * 1e-9)?,
        });
        spike_detectors.push(SpikeDetector { population: c, points: Some(soma()), threshold_v: -0.010 });
    }
    let tstop_ms = workload.tstop_ms.unwrap_or(100.0);
    let model = Model {
        name: workload.name.clone(),
        seed: 0,
        temperature_k: 279.45,
        run: Run { dt_s: workload.dt_ms * 1e-3, duration_s: tstop_ms * 1e-3, method: workload.method },
        populations,
        stimuli,
        connections: Vec::new(),
        recordings: Vec::new(),
        spike_detectors,
    };
    let check = |memory: &Memory| {
        let spikes = spikes_ms(&memory.spikes);
        let first = spikes.iter().find(|s| s.1 == 0).map(|s| rounded(s.0, 4));
        let sum: f64 = spikes.iter().map(|s| s.0).sum();
        json!({ "first0": first, "sum_t": rounded(sum, 3) })
    };
    Ok(Prepared { model, size: json!({ "cells": n, "dt": workload.dt_ms }), check: Box::new(check) })
}
