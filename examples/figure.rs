//! A figure from a run, from start to end in a program: `cargo run --release --example figure [PICTURE]`
//! draws `docs/pictures/pyramidal.png`.
//!
//! The cell of `pyramidal_firing.toml` is recorded at three places; the picture shows where they are, where
//! current is injected and where synapses sit, beside the voltages and spikes.

use std::ops::ControlFlow;
use std::path::PathBuf;

use neuropil::engine::{self, Simulation};
use neuropil::model::{CellSet, Draws, Model, PopulationCell, Recording, Site as Observed, Use};
use neuropil::morph::Geometry;
use neuropil::plot::{self, MorphologyOptions, Scene, Site, SiteKind, SpikeTrain, Trace, TraceOptions};
use neuropil::select::{Cable, Points};
use neuropil::{Error, ErrorKind, Result};

/// What the legend calls a place, and where it is.
const PLACES: [(&str, &str); 3] = [
    ("soma", "soma"),
    ("trunk, 400 µm", "at_distances(apical_dendrites & diameter > 2.5 um, 400 um)"),
    ("tuft", "tips & path_distance > 1150 um"),
];

fn main() -> Result<()> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let picture =
        std::env::args_os().nth(1).map_or_else(|| root.join("docs/pictures/pyramidal.png"), PathBuf::from);
    let mut model = neuropil::experiment::read(root.join("examples/pyramidal_firing.toml"))?.model;
    model.recordings = PLACES
        .iter()
        .map(|(name, place)| {
            Ok(Recording {
                population: 0,
                cells: CellSet::All,
                site: Observed::Points(place.parse()?),
                variables: vec!["v".to_string()],
                interval_s: 0.0,
                file: (*name).to_string(),
                label: None,
            })
        })
        .collect::<Result<_>>()?;

    let mut simulation = Simulation::new(&model, &engine::Options::default())?;
    let mut results = engine::Memory::default();
    simulation.run(&mut results, &mut |_| ControlFlow::Continue(()))?;

    let cell = cell(&model)?;
    let voltages = voltages(&results)?;
    let figure = Scene::beside(&[cell, voltages], 12.0);
    plot::save(&figure, &picture)?;
    println!("{}", picture.display());
    Ok(())
}

/// The cell with what is on it, in the places where the run had it.
fn cell(model: &Model) -> Result<Scene> {
    let PopulationCell::Cable(cell) = &model.populations[0].cell else {
        return Err(Error::new(ErrorKind::Value, "the first population has no shape"));
    };
    let geometry = Geometry::of(&cell.morphology);
    let cable = Cable::new(&cell.morphology, &geometry);
    let draws = Draws::of(model);
    let mut sites = Vec::new();
    let mut mark = |kind, label: &str, points: &Points, what: Use| -> Result<()> {
        let places = points.evaluate(&cable, &draws.at((0, 0), what))?;
        let site = |location| Site { kind, label: label.to_string(), location, colour: None };
        sites.extend(places.into_iter().map(site));
        Ok(())
    };
    for (index, synapse) in cell.synapses.iter().enumerate() {
        mark(SiteKind::Synapse, &synapse.name, &synapse.points, Use::Synapse(index))?;
    }
    for (index, stimulus) in model.stimuli.iter().enumerate() {
        if let Some(points) = &stimulus.points {
            mark(SiteKind::Injection, "", points, Use::Stimulus(index))?;
        }
    }
    for (index, recording) in model.recordings.iter().enumerate() {
        if let Observed::Points(points) = &recording.site {
            mark(SiteKind::Recording, &recording.file, points, Use::Recording(index))?;
        }
    }
    let options = MorphologyOptions { width: 420.0, height: 520.0, sites, ..MorphologyOptions::default() };
    plot::morphology(&cell.morphology, &options)
}

/// Voltages in the colours of their places, under the spikes.
fn voltages(results: &engine::Memory) -> Result<Scene> {
    let trace = |((name, _), table): (&(&str, &str), &Vec<f64>)| {
        // Rows of time and one voltage, in SI units.
        let column = |at: usize| table.chunks_exact(2).map(move |row| row[at] * 1e3).collect();
        Trace { name: (*name).to_string(), unit: "mV".into(), t_ms: column(0), values: column(1) }
    };
    let traces: Vec<Trace> = PLACES.iter().zip(&results.tables).map(trace).collect();
    let times_ms = results.spikes.iter().filter(|s| s.cell == 0).map(|s| s.time_s * 1e3).collect();
    let spikes = vec![SpikeTrain { label: "spikes".into(), group: String::new(), times_ms }];
    plot::traces(&traces, &TraceOptions { width: 620.0, height: 400.0, spikes, ..TraceOptions::default() })
}
