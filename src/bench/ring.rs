//! Rings of 16 branching cells with many synapses.

use std::sync::Arc;

use serde_json::json;

use super::parts::{squid, synapse};
use super::{Prepared, SQUID_K, Workload, rounded, spikes_ms};
use crate::engine::Memory;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{CableCell, Connection, Density, Model, Placed, PopulationCell, Rule};
use crate::morph::{Morphology, SectionKind, SectionPlan};
use crate::select::{Points, Region};

pub(super) const RING: usize = 16;
pub(super) const SOMA_UM: f64 = 12.6157;
pub(super) const PER_BRANCH: usize = 4;
pub(super) const SYNAPSES: usize = 10;

/// Synapses of cell `g` of `n`: source cell, branch, compartment, weight (µS), delay (ms). The first is
/// the ring's.
pub(super) fn inputs(g: usize, n: usize, n_branches: usize) -> Vec<(usize, usize, usize, f64, f64)> {
    let size = RING.min(n);
    let base = g - g % size;
    let mut inputs = vec![(base + (g - base + size - 1) % size, 0, 0, 0.01, 5.0)];
    for j in 0..SYNAPSES {
        let source = (g + 1 + 37 * j) % n;
        inputs.push((source, (7 * j + 1) % n_branches, j % PER_BRANCH, 0.0, 5.0 + (j % 8) as f64));
    }
    inputs
}

/// Checks that `n` cells make rings and that trees have a sensible depth.
pub(super) fn check_size(n: usize, depth: u32) -> Result<()> {
    if n == 0 || (n > RING && !n.is_multiple_of(RING)) {
        let message = format!("{n} cells do not make rings of {RING}");
        return Err(Error::new(ErrorKind::Value, message).help("take a multiple of 16"));
    }
    if !(1..=16).contains(&depth) {
        return Err(Error::new(ErrorKind::Value, format!("a depth of {depth} is not from 1 to 16")));
    }
    Ok(())
}

pub(super) fn prepare(workload: &Workload) -> Result<Prepared> {
    let n = workload.n.unwrap_or(64);
    check_size(n, workload.depth)?;
    let n_branches = (1 << (workload.depth + 1)) - 2;
    let soma_region = || Region::Section("soma".into());
    let mut sections = vec![SectionPlan::cylinder("soma", SectionKind::Soma, SOMA_UM, SOMA_UM)];
    for b in 0..n_branches {
        let on = if b < 2 { "soma".to_string() } else { format!("b{}", (b - 2) / 2) };
        let branch = SectionPlan::cylinder(format!("b{b}"), SectionKind::BasalDendrite, 40.0, 1.0);
        sections.push(branch.on(on, 1.0));
    }
    let densities = if workload.dense {
        squid(&Region::All, 3.0, -0.0543)?
    } else {
        let mut densities = squid(&soma_region(), 3.0, -0.0543)?;
        let dendrites = Region::All.without(soma_region());
        densities.push(Density::ohmic("pas", dendrites, 1.0, -0.065)?.named("pas_dendrite"));
        densities
    };
    let mut cell = CableCell::new(Morphology::from_sections("cell", &sections)?, 0.01, 1.0, -0.065)
        .cut(Region::All, Rule::PerSection(PER_BRANCH as u32))
        .cut(soma_region(), Rule::PerSection(1));
    cell.densities = densities;
    // The same places on every cell: the synapses differ only by where they come from.
    let places = inputs(0, n, n_branches).into_iter().map(|(_, branch, compartment, ..)| {
        let fraction = (compartment as f64 + 0.5) / PER_BRANCH as f64;
        Points::At(Region::Section(format!("b{branch}")), fraction)
    });
    cell.synapses.push(Placed {
        name: "syn".into(),
        dynamics: synapse(2e-3)?,
        source: None,
        points: Points::Union(places.collect()),
        parameters: Vec::new(),
    });
    let mut connections = Vec::with_capacity(n * (SYNAPSES + 1));
    for g in 0..n {
        for (point, (source, _, _, weight, delay_ms)) in inputs(g, n, n_branches).into_iter().enumerate() {
            let (source, target) = ((0, source), (0, g));
            connections.push(Connection::to_synapse(source, target, (0, point), weight, delay_ms * 1e-3));
        }
    }
    for g in (0..n).step_by(RING.min(n)) {
        let (source, target) = ((1, 0), (0, g));
        connections.push(Connection::to_synapse(source, target, (0, 0), 0.01, 0.5e-3));
    }
    let duration = workload.tstop_ms.unwrap_or(200.0) * 1e-3;
    let mut model = Model::new(&workload.name, duration, workload.dt_ms * 1e-3, SQUID_K);
    model.run.method = workload.method;
    let cells = model.add_population("cells", n, PopulationCell::Cable(Arc::new(cell)));
    model.add_population("kick", 1, PopulationCell::SpikeTimes(Arc::new(vec![vec![0.5e-3]])));
    model.detect_spikes(cells, Points::At(soma_region(), 0.5), -0.010);
    model.connections = connections;
    let check = move |memory: &Memory| {
        // Without the given spike.
        let mut spikes = spikes_ms(&memory.spikes);
        spikes.retain(|s| s.1 < n as u32);
        let ring: Vec<_> = spikes.iter().filter(|s| s.1 < 16).map(|s| (rounded(s.0, 4), s.1)).collect();
        let sum: f64 = spikes.iter().map(|s| s.0).sum();
        json!({
            "ring0_first": ring.iter().take(2).collect::<Vec<_>>(),
            "ring0_last": ring.last().into_iter().collect::<Vec<_>>(),
            "ring0_n": ring.len(),
            "sum_t": rounded(sum, 3),
        })
    };
    let size = json!({
        "n": n, "depth": workload.depth, "cpb": PER_BRANCH, "nsyn": SYNAPSES, "rsize": RING.min(n),
        "dense": workload.dense, "dt": workload.dt_ms,
    });
    Ok(Prepared { model, size, check: Box::new(check) })
}
