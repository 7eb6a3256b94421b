//! Results of a tool beside those of neuropil.

use std::ops::ControlFlow;
use std::path::Path;

use neuropil::engine::{Memory, Options, Simulation};
use neuropil::model::Model;
use neuropil::output::{Column, read_spikes, read_table};

/// How far the results in a folder are from neuropil's own.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Difference {
    /// Spikes of neuropil.
    pub spikes: usize,
    /// Cells that spike more or less often than neuropil's: name, neuropil's count, the tool's.
    pub counts: Vec<(String, usize, usize)>,
    /// The greatest distance of two spikes of the same number, ms.
    pub spike_ms: f64,
    /// The greatest distance of two potentials, mV.
    pub v_mv: f64,
    /// The root of the mean square of it over the worst trace, mV.
    pub v_rms_mv: f64,
    /// Values compared.
    pub values: usize,
}

/// Compares what a tool wrote into `folder` with a run of `model`.
///
/// # Panics
/// If a file lacks a column, or is shorter.
#[track_caller]
pub fn difference(model: &Model, folder: &Path) -> Difference {
    let mut own = Memory::default();
    let mut simulation = Simulation::new(model, &Options::default()).unwrap();
    simulation.run(&mut own, &mut |_| ControlFlow::Continue(())).unwrap();
    let mut out = Difference::default();
    for (number, table) in simulation.tables().iter().enumerate() {
        let path = folder.join(format!("{}.csv", table.file));
        let read = read_table(&path).unwrap_or_else(|e| panic!("{e}"));
        let width = table.columns.len() + 1;
        let rows = &own.tables[number];
        assert_eq!(read.rows(), rows.len() / width, "rows of {}", path.display());
        for (k, column) in table.columns.iter().enumerate() {
            let header = Column::new(&column.name, column.dimension, "");
            let found =
                read.columns.get(k + 1).unwrap_or_else(|| panic!("{} lacks a column", path.display()));
            let wanted = header.header();
            let named = if found.unit.is_empty() {
                found.name.clone()
            } else {
                format!("{} ({})", found.name, found.unit)
            };
            assert!(named.starts_with(&wanted), "{}: column '{named}', not '{wanted}'", path.display());
            if found.unit != "mV" {
                continue;
            }
            let mut squares = 0.0;
            for (row, value) in rows.chunks(width).zip(&found.values) {
                let distance = (row[k + 1] * 1e3 - value).abs();
                assert!(distance.is_finite(), "{}: {named} is {value}", path.display());
                out.v_mv = out.v_mv.max(distance);
                squares += distance * distance;
                out.values += 1;
            }
            out.v_rms_mv = out.v_rms_mv.max((squares / found.values.len() as f64).sqrt());
        }
    }
    let read = read_spikes(folder.join("spikes.csv")).map(|s| (s.times_ms, s.sources)).unwrap_or_default();
    let count: usize = model.populations.iter().map(|p| p.size).sum();
    let (mut ours, mut theirs) = (vec![Vec::new(); count], vec![Vec::new(); count]);
    own.spikes.iter().for_each(|s| ours[s.cell as usize].push(s.time_s * 1e3));
    read.0.iter().zip(&read.1).for_each(|(t, s)| theirs[*s as usize].push(*t));
    for (cell, (a, b)) in ours.iter_mut().zip(&mut theirs).enumerate() {
        a.sort_by(f64::total_cmp);
        b.sort_by(f64::total_cmp);
        out.spikes += a.len();
        if a.len() != b.len() {
            out.counts.push((simulation.cell_name(cell as u32), a.len(), b.len()));
        }
        let far = a.iter().zip(b.iter()).map(|(x, y)| (x - y).abs());
        out.spike_ms = far.fold(out.spike_ms, f64::max);
    }
    out
}
