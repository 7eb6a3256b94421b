//! The files of a run: a sink that writes while the run goes on, and the pictures afterwards.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::engine::{self, Simulation};
use crate::error::{Result, Warning};
use crate::model::{Model, PopulationCell, Site, Use, draw};
use crate::morph::Geometry;
use crate::output::{
    Column, EventFormat, Format, OutputFolder, Recorded, Spike, SpikeSource, SpikeWriter, TableWriter, read,
};
use crate::plot::{self, Scene, SiteKind, Trace};
use crate::select::{Cable, Points};

use super::plot::{results_scene, thin};

/// Writes samples and spikes as they come.
pub(super) struct Files {
    tables: Vec<TableWriter>,
    table_paths: Vec<PathBuf>,
    spikes: Option<(SpikeWriter, PathBuf)>,
    /// Time spent on writing.
    pub spent: Duration,
    buffer: Vec<Spike>,
}

impl Files {
    /// Creates the files of `simulation` in `folder`.
    pub(super) fn create(
        folder: &mut OutputFolder,
        format: Format,
        model: &Model,
        simulation: &Simulation,
    ) -> Result<(Files, Vec<Warning>)> {
        let mut warnings = Vec::new();
        let mut path = |folder: &mut OutputFolder, name: &str| -> Result<PathBuf> {
            let (path, warning) = folder.path(&format!("{name}.{}", format.extension()))?;
            warnings.extend(warning);
            Ok(path)
        };
        let (mut tables, mut table_paths) = (Vec::new(), Vec::new());
        for table in simulation.tables() {
            let columns = table.columns.iter().map(|c| Column::new(&c.name, c.dimension, ""));
            let file = path(folder, &table.file)?;
            let columns = std::iter::once(Column::time()).chain(columns).collect();
            tables.push(TableWriter::create(&file, format, columns)?);
            table_paths.push(file);
        }
        let count: usize = model.populations.iter().map(|p| p.size).sum();
        let spiking = !model.spike_detectors.is_empty()
            || model.populations.iter().any(|p| !matches!(p.cell, PopulationCell::Cable(_)));
        let spikes = if spiking {
            let source = |cell: u32| SpikeSource { id: u64::from(cell), label: simulation.cell_name(cell) };
            let sources = (0..count as u32).map(source).collect();
            let file = path(folder, "spikes")?;
            Some((SpikeWriter::create(&file, format, EventFormat::IdTime, sources)?, file))
        } else {
            None
        };
        let files = Files { tables, table_paths, spikes, spent: Duration::ZERO, buffer: Vec::new() };
        Ok((files, warnings))
    }

    /// Closes all files; gives their paths, tables first.
    pub(super) fn finish(self) -> Result<Written> {
        let start = Instant::now();
        for table in self.tables {
            table.finish()?;
        }
        let spikes = match self.spikes {
            Some((writer, path)) => {
                writer.finish()?;
                Some(path)
            }
            None => None,
        };
        Ok(Written { tables: self.table_paths, spikes, spent: self.spent + start.elapsed() })
    }
}

/// The result files of a run.
#[derive(Debug)]
pub(super) struct Written {
    /// One for each recording.
    pub tables: Vec<PathBuf>,
    /// The spikes, if anything can spike.
    pub spikes: Option<PathBuf>,
    /// Time spent on writing.
    pub spent: Duration,
}

impl engine::Sink for Files {
    fn samples(&mut self, table: usize, rows: &[f64]) -> Result<()> {
        let start = Instant::now();
        if let Some(writer) = self.tables.get_mut(table) {
            writer.append_rows(rows)?;
        }
        self.spent += start.elapsed();
        Ok(())
    }

    fn spikes(&mut self, spikes: &[engine::Spike]) -> Result<()> {
        let start = Instant::now();
        if let Some((writer, _)) = &mut self.spikes {
            self.buffer.clear();
            self.buffer.extend(spikes.iter().map(|s| Spike { time_s: s.time_s, source: s.cell }));
            writer.append(&self.buffer)?;
        }
        self.spent += start.elapsed();
        Ok(())
    }
}

/// Draws what a run left: a picture for each table, one of the spikes, one of each kind of cell.
/// Gives the files and what could not be drawn.
pub(super) fn draw_all(
    folder: &mut OutputFolder,
    model: &Model,
    written: &Written,
    endings: &[&str],
) -> (Vec<PathBuf>, Vec<Warning>) {
    let (mut pictures, mut warnings) = (Vec::new(), Vec::new());
    let mut keep = |folder: &mut OutputFolder, stem: &str, scene: Result<Option<Scene>>| {
        let saved = scene.and_then(|scene| {
            let Some(scene) = scene else { return Ok(()) };
            for ending in endings {
                let (path, _) = folder.path(&format!("{stem}.{ending}"))?;
                plot::save(&scene, &path)?;
                pictures.push(path);
            }
            Ok(())
        });
        if let Err(error) = saved {
            // A picture that cannot be drawn does not make the results worthless.
            warnings.push(Warning::new("no-picture", error.message(), error.place().clone()));
        }
    };
    for path in &written.tables {
        keep(folder, &stem(path), table_scene(path, &model.name));
    }
    if let Some(path) = &written.spikes {
        keep(folder, &stem(path), spikes_scene(path, model));
    }
    for (index, population) in model.populations.iter().enumerate() {
        if matches!(population.cell, PopulationCell::Cable(_)) {
            keep(folder, &format!("cell_{}", population.name), cell_scene(model, index).map(Some));
        }
    }
    (pictures, warnings)
}

fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned())
}

fn table_scene(path: &Path, title: &str) -> Result<Option<Scene>> {
    let Recorded::Table(table) = read(path)? else { return Ok(None) };
    if table.rows() < 2 {
        return Ok(None);
    }
    let signals: Vec<Trace> = thin(plot::table_traces(table)?);
    Ok(results_scene(&signals, Vec::new(), title, None)?.into_iter().next())
}

fn spikes_scene(path: &Path, model: &Model) -> Result<Option<Scene>> {
    let spikes = crate::output::read_spikes(path)?;
    if spikes.times_ms.is_empty() {
        return Ok(None);
    }
    let window = Some((0.0, model.run.duration_s * 1e3));
    Ok(results_scene(&[], plot::spike_trains(&spikes), &model.name, window)?.into_iter().next())
}

/// Most marks of one kind in the picture of a cell.
const MAX_SITES: usize = 500;

/// The first cell of a population with what is injected, recorded and placed on it.
fn cell_scene(model: &Model, population: usize) -> Result<Scene> {
    let PopulationCell::Cable(cell) = &model.populations[population].cell else {
        return Err(crate::Error::new(crate::ErrorKind::Value, "a point neuron has no shape"));
    };
    let geometry = Geometry::of(&cell.morphology);
    let cable = Cable::new(&cell.morphology, &geometry);
    let number = model.populations[..population].iter().map(|p| p.size as u64).sum();
    let mut sites = Vec::new();
    let mut mark = |kind: SiteKind, label: &str, points: &Points, what: Use| -> Result<()> {
        let places = points.evaluate(&cable, &draw(model.seed, number, what))?;
        let stride = places.len().div_ceil(MAX_SITES).max(1);
        for place in places.into_iter().step_by(stride) {
            sites.push(plot::Site { kind, label: label.to_string(), location: place, colour: None });
        }
        Ok(())
    };
    for (index, synapse) in cell.synapses.iter().enumerate() {
        mark(SiteKind::Synapse, &synapse.name, &synapse.points, Use::Synapse(index))?;
    }
    let size = model.populations[population].size;
    for (index, stimulus) in model.stimuli.iter().enumerate() {
        if let Some(points) = stimulus.points.as_ref().filter(|_| stimulus.population == population)
            && stimulus.cells.indices(size).contains(&0)
        {
            mark(SiteKind::Injection, &stimulus.name, points, Use::Stimulus(index))?;
        }
    }
    for (index, recording) in model.recordings.iter().enumerate() {
        if let Site::Points(points) = &recording.site
            && recording.population == population
            && recording.cells.indices(size).contains(&0)
        {
            mark(SiteKind::Recording, &recording.file, points, Use::Recording(index))?;
        }
    }
    let name = &model.populations[population].name;
    let title = format!("{}: {name}[0]", model.name);
    plot::morphology(&cell.morphology, &plot::MorphologyOptions { title, sites, ..Default::default() })
}
