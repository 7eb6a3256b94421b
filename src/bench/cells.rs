//! Unlike cells with channels everywhere; `benches/peers/README.md` has the specification.

use std::sync::Arc;

use serde_json::json;

use super::parts::squid;
use super::{Prepared, SQUID_K, Workload, rounded, spikes_ms};
use crate::engine::Memory;
use crate::error::Result;
use crate::model::{CableCell, CellSet, Model, PopulationCell, Rule, Stimulus};
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
    let soma = || Points::At(Region::Section("soma".into()), 0.5);
    let duration = workload.tstop_ms.unwrap_or(100.0) * 1e-3;
    let mut model = Model::new(&workload.name, duration, workload.dt_ms * 1e-3, SQUID_K);
    model.run.method = workload.method;
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
        let mut cell = CableCell::new(morphology, 0.01, 1.0, -0.065)
            .cut(Region::All, Rule::MaxLength(COMPARTMENT_UM))
            .cut(Region::Section("soma".into()), Rule::PerSection(1));
        cell.densities = densities.clone();
        let population = model.add_population(format!("cell{c}"), 1, PopulationCell::Cable(Arc::new(cell)));
        let amplitude = (2.0 + (c % 8) as f64 / 8.0) * 1e-9;
        model.stimuli.push(Stimulus::step(population, CellSet::All, soma(), 0.0, duration + 1.0, amplitude)?);
        model.detect_spikes(population, soma(), -0.010);
    }
    let check = |memory: &Memory| {
        let spikes = spikes_ms(&memory.spikes);
        let first = spikes.iter().find(|s| s.1 == 0).map(|s| rounded(s.0, 4));
        let sum: f64 = spikes.iter().map(|s| s.0).sum();
        json!({ "first0": first, "sum_t": rounded(sum, 3) })
    };
    Ok(Prepared { model, size: json!({ "cells": n, "dt": workload.dt_ms }), check: Box::new(check) })
}
