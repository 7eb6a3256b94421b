//! The files of a run: a sink that writes while the run goes on, and the pictures afterwards.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::engine::{self, Simulation};
use crate::error::{Result, Warning};
use crate::model::{Draws, Model, PopulationCell, Site, Use};
use crate::morph::Geometry;
use crate::neuroml::{self, EventSelection};
use crate::output::{
    Column, EventFormat, Format, OutputFolder, Recorded, Spike, SpikeSource, SpikeWriter, TableWriter, read,
};
use crate::plot::{self, Scene, SiteKind, Trace};
use crate::select::{Cable, Points};

use super::displays::Curves;
use super::document::Document;
use super::plot::{results_scene, thin};

/// Writes samples and spikes as they come.
pub(super) struct Files {
    tables: Vec<Destination>,
    table_paths: Vec<PathBuf>,
    spikes: Vec<SpikeFile>,
    /// Time spent on writing.
    pub spent: Duration,
    buffer: Vec<Spike>,
}

/// Where the samples of a table go.
enum Destination {
    File(TableWriter),
    Picture(Curves),
}

/// A file of spikes.
struct SpikeFile {
    writer: SpikeWriter,
    path: PathBuf,
    /// The sources by cell: cell, number of the source; ascending. Empty if the cells are the sources.
    of_cell: Vec<(u32, u32)>,
}

impl Files {
    /// Creates the files of `simulation` in `folder`, in `format` if one is asked for. An experiment
    /// has its tables and its spikes, a LEMS document what it asks for by name.
    pub(super) fn create(
        folder: &mut OutputFolder,
        format: Option<Format>,
        document: &Document,
        simulation: &Simulation,
    ) -> Result<(Files, Vec<Warning>)> {
        let mut files = Files {
            tables: Vec::new(),
            table_paths: Vec::new(),
            spikes: Vec::new(),
            spent: Duration::ZERO,
            buffer: Vec::new(),
        };
        let mut warnings = Vec::new();
        match document {
            Document::Experiment(experiment) => {
                let format = format.unwrap_or_default();
                let mut path = |name: &str| -> Result<PathBuf> {
                    let (path, warning) = folder.path(&format!("{name}.{}", format.extension()))?;
                    warnings.extend(warning);
                    Ok(path)
                };
                for table in simulation.tables() {
                    files.add_table(path(&table.file)?, format, table)?;
                }
                files.add_spikes(&mut path, format, &experiment.model, simulation)?;
            }
            Document::Lems(asked) => {
                let mut path = |name: &Path| -> Result<PathBuf> {
                    let name = match format {
                        Some(format) => name.with_extension(format.extension()),
                        None => name.to_path_buf(),
                    };
                    let (path, warning) = folder.path(&name.to_string_lossy())?;
                    warnings.extend(warning);
                    Ok(path)
                };
                let format = format.unwrap_or(Format::Lems);
                for table in simulation.tables() {
                    let display = asked.displays.iter().find(|d| d.table == table.file);
                    let output = asked.outputs.iter().find(|o| o.table == table.file);
                    match (display, output) {
                        (_, Some(output)) => files.add_table(path(&output.path)?, format, table)?,
                        (Some(display), None) => {
                            let curves = Curves::new(display, table, asked.model.run.duration_s);
                            files.tables.push(Destination::Picture(curves));
                        }
                        (None, None) => files.add_table(path(Path::new(&table.file))?, format, table)?,
                    }
                }
                for event_file in &asked.events {
                    files.add_events(path(&event_file.path)?, format, event_file, &asked.model)?;
                }
            }
        }
        Ok((files, warnings))
    }

    fn add_table(&mut self, path: PathBuf, format: Format, table: &engine::Table) -> Result<()> {
        let columns = table.columns.iter().map(|c| Column::new(&c.name, c.dimension, ""));
        let columns = std::iter::once(Column::time()).chain(columns).collect();
        self.tables.push(Destination::File(TableWriter::create(&path, format, columns)?));
        self.table_paths.push(path);
        Ok(())
    }

    /// All spikes of an experiment, if anything in it can spike.
    fn add_spikes(
        &mut self,
        path: &mut dyn FnMut(&str) -> Result<PathBuf>,
        format: Format,
        model: &Model,
        simulation: &Simulation,
    ) -> Result<()> {
        let count: usize = model.populations.iter().map(|p| p.size).sum();
        let spiking = !model.spike_detectors.is_empty()
            || model.populations.iter().any(|p| !matches!(p.cell, PopulationCell::Cable(_)));
        if spiking {
            let source = |cell: u32| SpikeSource { id: cell.to_string(), label: simulation.cell_name(cell) };
            let sources = (0..count as u32).map(source).collect();
            let path = path("spikes")?;
            let writer = SpikeWriter::create(&path, format, EventFormat::IdTime, sources)?;
            self.spikes.push(SpikeFile { writer, path, of_cell: Vec::new() });
        }
        Ok(())
    }

    /// A file of events that a LEMS document asks for.
    fn add_events(
        &mut self,
        path: PathBuf,
        format: Format,
        file: &neuroml::EventFile,
        model: &Model,
    ) -> Result<()> {
        let first_cell = model.first_cells();
        let (mut sources, mut of_cell) = (Vec::new(), Vec::new());
        let cells: usize = model.populations.iter().map(|population| population.size).sum();
        for EventSelection { id, source: (population, cell), recording } in &file.selections {
            let number = recording.map_or(first_cell[*population] + *cell as u64, |k| (cells + k) as u64);
            of_cell.push((number as u32, sources.len() as u32));
            let label = format!("{}[{cell}]", model.populations[*population].name);
            sources.push(SpikeSource { id: id.clone(), label });
        }
        of_cell.sort_unstable();
        let events = if file.time_first { EventFormat::TimeId } else { EventFormat::IdTime };
        let writer = SpikeWriter::create(&path, format, events, sources)?;
        // Without a selection nothing is written, and nothing means all cells.
        let of_cell = if of_cell.is_empty() { vec![(u32::MAX, 0)] } else { of_cell };
        self.spikes.push(SpikeFile { writer, path, of_cell });
        Ok(())
    }

    /// Closes all files; gives their paths, tables first.
    pub(super) fn finish(self) -> Result<Written> {
        let start = Instant::now();
        let (mut curves, mut spikes) = (Vec::new(), Vec::new());
        for table in self.tables {
            match table {
                Destination::File(writer) => drop(writer.finish()?),
                Destination::Picture(samples) => curves.push(samples),
            }
        }
        for file in self.spikes {
            file.writer.finish()?;
            spikes.push(file.path);
        }
        let spent = self.spent + start.elapsed();
        Ok(Written { tables: self.table_paths, spikes, curves, spent })
    }
}

/// The result files of a run.
pub(super) struct Written {
    /// Files of samples.
    pub tables: Vec<PathBuf>,
    /// Files of spikes.
    pub spikes: Vec<PathBuf>,
    /// Samples that are to be drawn.
    pub curves: Vec<Curves>,
    /// Time spent on writing.
    pub spent: Duration,
}

impl engine::Sink for Files {
    fn samples(&mut self, table: usize, rows: &[f64]) -> Result<()> {
        let start = Instant::now();
        match self.tables.get_mut(table) {
            Some(Destination::File(writer)) => writer.append_rows(rows)?,
            Some(Destination::Picture(curves)) => curves.add(rows),
            None => {}
        }
        self.spent += start.elapsed();
        Ok(())
    }

    fn spikes(&mut self, spikes: &[engine::Spike]) -> Result<()> {
        let start = Instant::now();
        for file in &mut self.spikes {
            self.buffer.clear();
            for spike in spikes {
                if file.of_cell.is_empty() {
                    self.buffer.push(Spike { time_s: spike.time_s, source: spike.cell });
                    continue;
                }
                let first = file.of_cell.partition_point(|(cell, _)| *cell < spike.cell);
                let those = file.of_cell[first..].iter().take_while(|(cell, _)| *cell == spike.cell);
                self.buffer.extend(those.map(|(_, source)| Spike { time_s: spike.time_s, source: *source }));
            }
            file.writer.append(&self.buffer)?;
        }
        self.spent += start.elapsed();
        Ok(())
    }
}

/// Draws what a run left: for an experiment a picture for each table, one of the spikes, one of each
/// kind of cell; for a LEMS document its displays.
/// Gives the files and what could not be drawn.
pub(super) fn draw_all(
    folder: &mut OutputFolder,
    document: &Document,
    written: &Written,
    endings: &[&str],
) -> (Vec<PathBuf>, Vec<Warning>) {
    let model = document.model();
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
    for curves in &written.curves {
        keep(folder, &curves.stem(), curves.scene());
    }
    // A LEMS document says what it wants to see.
    if matches!(document, Document::Lems(_)) {
        return (pictures, warnings);
    }
    for path in &written.tables {
        keep(folder, &stem(path), table_scene(path, &model.name));
    }
    for path in &written.spikes {
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
    let draws = Draws::of(model);
    let mut sites = Vec::new();
    let mut mark = |kind: SiteKind, label: &str, points: &Points, what: Use| -> Result<()> {
        let places = points.evaluate(&cable, &draws.at((population, 0), what))?;
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
