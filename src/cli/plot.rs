//! `neuropil plot`: pictures of result files and morphologies.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::Outcome;
use super::console;
use crate::error::{Error, ErrorKind, Result};
use crate::morph::Morphology;
use crate::output::{self, Recorded};
use crate::plot::{
    MorphologyOptions, RasterOptions, Scene, SpikeTrain, Trace, TraceOptions, morphology, raster, save,
    spike_trains, table_traces, traces,
};

/// Most traces of one unit in a picture that nobody asked for trace by trace.
const MAX_TRACES: usize = 8;
/// Space between pictures that are joined, pixels.
const GAP: f64 = 16.0;

/// Options of `plot`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Result files of `run` (CSV, NumPy, LEMS columns), or morphologies (SWC)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The picture (.svg or .png); the first file's name with .svg if not given
    #[arg(long, short, value_name = "PICTURE")]
    out: Option<PathBuf>,
    /// Heading
    #[arg(long, default_value = "")]
    title: String,
    /// First time shown, ms
    #[arg(long, value_name = "MS")]
    from: Option<f64>,
    /// Last time shown, ms
    #[arg(long, value_name = "MS")]
    to: Option<f64>,
    /// Only columns whose name contains this; may be given several times
    #[arg(long, value_name = "TEXT")]
    column: Vec<String>,
}

/// Draws the files into one picture.
pub(super) fn execute(options: &Options) -> Result<Outcome> {
    let picture = match (&options.out, options.files.first()) {
        (Some(out), _) => out.clone(),
        (None, Some(first)) => first.with_extension("svg"),
        (None, None) => return Err(Error::new(ErrorKind::Value, "no file to draw")),
    };
    let (mut signals, mut trains, mut scenes) = (Vec::new(), Vec::new(), Vec::new());
    for file in &options.files {
        if file.extension().is_some_and(|e| e.eq_ignore_ascii_case("swc")) {
            let reading = crate::morph::swc::read(file)?;
            console::warn(&reading.warnings);
            scenes.push(cell_scene(&reading.morphology)?);
            continue;
        }
        match output::read(file)? {
            Recorded::Table(table) => {
                signals.extend(table_traces(table).map_err(|e| e.in_file(file))?);
            }
            Recorded::Spikes(spikes) => trains.extend(spike_trains(&spikes)),
        }
    }
    if !options.column.is_empty() {
        let names: Vec<String> = signals.iter().map(|s| s.name.clone()).collect();
        signals.retain(|s| options.column.iter().any(|part| s.name.contains(part)));
        if signals.is_empty() {
            let message = format!("no column is called like {}", options.column.join(" or "));
            return Err(Error::new(ErrorKind::Name, message).help(format!("columns: {}", names.join(", "))));
        }
    }
    let window = match (options.from, options.to) {
        (None, None) => None,
        (from, to) => {
            let last =
                signals.iter().filter_map(|s| s.t_ms.last()).chain(trains.iter().flat_map(|t| &t.times_ms));
            let last = last.copied().fold(0.0, f64::max);
            Some((from.unwrap_or(0.0), to.unwrap_or(last)))
        }
    };
    scenes.extend(results_scene(&signals, trains, &options.title, window)?);
    save(&Scene::above(&scenes, GAP), &picture)?;
    console::print(&format!("{}\n", picture.display()))?;
    Ok(Outcome::Done)
}

/// Traces above a raster, whichever there are.
pub(super) fn results_scene(
    signals: &[Trace],
    trains: Vec<SpikeTrain>,
    title: &str,
    window_ms: Option<(f64, f64)>,
) -> Result<Vec<Scene>> {
    let mut scenes = Vec::new();
    if !signals.is_empty() {
        let options = TraceOptions { title: title.to_string(), window_ms, ..TraceOptions::default() };
        scenes.push(traces(signals, &options)?);
    }
    if !trains.is_empty() {
        let title = if signals.is_empty() { title.to_string() } else { String::new() };
        let height = (80.0 + 22.0 * trains.len() as f64).clamp(140.0, 600.0);
        let window_ms = window_ms.or_else(|| {
            let last = signals.iter().filter_map(|s| s.t_ms.last()).copied().fold(0.0, f64::max);
            (last > 0.0).then_some((0.0, last))
        });
        scenes
            .push(raster(&trains, &RasterOptions { title, height, window_ms, ..RasterOptions::default() })?);
    }
    Ok(scenes)
}

/// As many of the signals as can be told apart: of each unit, which has a panel, evenly chosen ones.
pub(super) fn thin(signals: Vec<Trace>) -> Vec<Trace> {
    let mut of_unit: BTreeMap<String, usize> = BTreeMap::new();
    for signal in &signals {
        *of_unit.entry(signal.unit.clone()).or_default() += 1;
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut keep = |signal: &Trace| {
        let n = of_unit.get(&signal.unit).copied().unwrap_or(0);
        let index = seen.entry(signal.unit.clone()).or_default();
        let i = *index;
        *index += 1;
        n <= MAX_TRACES || (0..MAX_TRACES).any(|k| k * (n - 1) / (MAX_TRACES - 1) == i)
    };
    signals.into_iter().filter(|signal| keep(signal)).collect()
}

/// A picture of a cell.
pub(super) fn cell_scene(cell: &Morphology) -> Result<Scene> {
    morphology(cell, &MorphologyOptions { title: cell.name.clone(), ..MorphologyOptions::default() })
}

/// Draws a cell into `picture`.
pub(super) fn save_morphology(cell: &Morphology, picture: &Path) -> Result<()> {
    save(&cell_scene(cell)?, picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_signals_the_first_and_last_of_each_unit_stay() {
        let trace = |i: usize, unit: &str| Trace {
            name: format!("{unit}{i}"),
            unit: unit.into(),
            t_ms: vec![0.0],
            values: vec![0.0],
        };
        let mut signals: Vec<Trace> = (0..100).map(|i| trace(i, "mV")).collect();
        signals.extend((0..3).map(|i| trace(i, "nA")));
        let thinned = thin(signals);
        assert_eq!(thinned.len(), MAX_TRACES + 3);
        assert_eq!((thinned[0].name.as_str(), thinned[MAX_TRACES - 1].name.as_str()), ("mV0", "mV99"));
    }
}
