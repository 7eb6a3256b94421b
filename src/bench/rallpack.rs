//! Rallpack 1, 2 and 3 (Bhalla, Bilitch & Bower 1992).

use std::sync::Arc;

use serde_json::json;

use super::exact::{self, End};
use super::parts::squid;
use super::{Prepared, SQUID_K, Workload, rounded, upward_ms};
use crate::engine::Memory;
use crate::error::Result;
use crate::model::{CableCell, CellSet, Density, Model, PopulationCell, Rule, Stimulus};
use crate::morph::{Morphology, SectionKind, SectionPlan};
use crate::select::{Points, Region};

pub(super) fn prepare(workload: &Workload, which: u32) -> Result<Prepared> {
    let dendrite = SectionKind::BasalDendrite;
    let branches = exact::branches(which, workload.ncomp);
    let name = |b: usize| format!("b{b}");
    let sections: Vec<SectionPlan> = branches
        .iter()
        .enumerate()
        .map(|(b, branch)| {
            let section = SectionPlan::cylinder(name(b), dendrite, branch.length_um, branch.diameter_um);
            match branch.parent {
                Some(parent) => section.on(name(parent), 1.0),
                None => section,
            }
        })
        .collect();
    let ncomp = branches[0].compartments;
    let morphology = Morphology::from_sections("rallpack", &sections)?;
    let leak = 1.0 / exact::RM;
    let densities = match which {
        3 => squid(&Region::All, leak, exact::EM)?,
        _ => vec![Density::ohmic("pas", Region::All, leak, exact::EM)?],
    };
    let mut cell =
        CableCell::new(morphology, exact::CM, exact::RA, exact::EM).cut(Region::All, Rule::PerSection(ncomp));
    cell.densities = densities;
    let at = |b: usize, fraction: f64| Points::At(Region::Section(name(b)), fraction);
    let (first, last) = (at(0, 0.5 / f64::from(ncomp)), at(branches.len() - 1, 1.0 - 0.5 / f64::from(ncomp)));
    let tstop_ms = workload.tstop_ms.unwrap_or(250.0);
    let mut model = Model::new(&workload.name, tstop_ms * 1e-3, workload.dt_ms * 1e-3, SQUID_K);
    model.run.method = workload.method;
    let population = model.add_population("cell", 1, PopulationCell::Cable(Arc::new(cell)));
    let stop = model.run.duration_s + 1.0;
    let current = Stimulus::step(population, CellSet::All, first.clone(), 0.0, stop, exact::CURRENT)?;
    model.stimuli.push(current);
    model.record(population, Points::Union(vec![first, last]), &["v"], "v");
    let check = move |memory: &Memory| {
        let rows = memory.tables.first().map_or(&[][..], Vec::as_slice);
        if which == 3 { spikes(rows) } else { errors(rows, which) }
    };
    let size = json!({ "dt": workload.dt_ms, "ncomp": branches.iter().map(|b| b.compartments).sum::<u32>() });
    Ok(Prepared { model, size, check: Box::new(check) })
}

fn spikes(rows: &[f64]) -> serde_json::Value {
    let [s0, s1] = [1, 2].map(|column| upward_ms(rows, 3, column, 0.0));
    let some = |s: &[f64]| match s {
        [first, second, .., last] => vec![rounded(*first, 4), rounded(*second, 4), rounded(*last, 4)],
        few => few.to_vec(),
    };
    json!({
        "n0": s0.len(),
        "n1": s1.len(),
        "spikes0_first_second_last": some(&s0),
        "spikes1_first_second_last": some(&s1),
    })
}

fn errors(rows: &[f64], which: u32) -> serde_json::Value {
    let column = |c: usize| -> Vec<f64> { rows.chunks_exact(3).map(|r| r[c]).collect() };
    let times = column(0);
    let mut out = serde_json::Map::new();
    for (k, end) in [End::First, End::Last].into_iter().enumerate() {
        let got = column(k + 1);
        let want: Vec<f64> = times.iter().map(|&t| exact::rallpack_exact(which, end, t)).collect();
        let mv = |v: &[f64]| v.last().map_or(f64::NAN, |v| rounded(v * 1e3, 5));
        out.insert(format!("rms{k}_pct"), rounded(exact::rms_percent(&got, &want), 5).into());
        out.insert(format!("v{k}_end"), mv(&got).into());
        out.insert(format!("v{k}_exact"), mv(&want).into());
    }
    out.into()
}
