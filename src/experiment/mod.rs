//! Experiment files: a whole simulation in one TOML file, with units.
//!
//! [`read`] turns a file into a [`Model`]; all mistakes of a file are reported at once, each with
//! its line and column. `docs/experiment-files.md` describes every key.
//!
//! ```no_run
//! let experiment = neuropil::experiment::read("examples/ball_and_stick.toml")?;
//! for default in &experiment.defaults {
//!     println!("{} was not given: {}", default.key, default.value);
//! }
//! let model = experiment.model;
//! # Ok::<(), neuropil::Error>(())
//! ```

mod cell;
mod cells;
mod components;
mod connect;
mod connector;
mod csa;
mod differing;
mod drawn;
mod junction;
mod membrane;
mod node;
mod plasticity;
mod population;
mod projection;
mod pynn;
mod receptor;
mod record;
mod segments;
mod shape;
mod source;
mod space;
mod stimulus;
mod values;

use std::path::Path;

use toml::de::DeTable;

use crate::error::{Error, ErrorKind, Place, Result, Warning};
use crate::model::{Method, Model, PointStep, Run, SpikeDetector};
use crate::units::Dimension;
use cell::ReadCell;
use cells::Selections;
use node::{Node, Source, Table};
use population::{Clock, ReadPopulation};
use segments::Spec;

pub use node::Default;

/// An experiment file as it was read.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// What is simulated.
    pub model: Model,
    /// What was read, one line each, for the header of a run.
    pub notes: Vec<String>,
    /// What the file does not say and was filled in.
    pub defaults: Vec<Default>,
    /// Doubts about the file or the files that it names.
    pub warnings: Vec<Warning>,
    /// The runs of the page one after the other, if it says more than one; then the rest is that of the first.
    pub segments: Vec<Segment>,
    /// Where populations, stimuli and recordings stand, by the words in which errors name them.
    places: Vec<(String, Place)>,
}

/// One of several runs.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Its name, which its folder of results has.
    pub name: String,
    /// Whether it begins with a [reset](crate::engine::Simulation::reset).
    pub reset: bool,
    /// Whether anything changes for it ([change](crate::engine::Simulation::change)).
    pub is_change: bool,
    /// When it ends, s after the last reset.
    pub until_s: f64,
    /// The page as it holds for this segment, without segments of its own; the duration is that of all segments up to the
    /// next reset.
    pub experiment: Experiment,
}

impl Experiment {
    /// `error`, found when the model was built or run, with the place of what it is about.
    pub fn locate(&self, error: Error) -> Error {
        let text = error.to_string();
        match self.places.iter().find(|(words, _)| text.starts_with(words.as_str())) {
            Some((_, place)) => error.at(place.clone()),
            None => error,
        }
    }
}

/// Reads the experiment file at `path`. Files that it names are looked up beside it.
///
/// # Errors
/// Everything that is wrong with the file, joined into one error; each part has its line and column.
pub fn read(path: impl AsRef<Path>) -> Result<Experiment> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, "read the experiment file", &e))?;
    let text = String::from_utf8(bytes).map_err(|e| {
        Error::new(
            ErrorKind::Syntax,
            format!("not a text file: byte {} is no UTF-8", e.utf8_error().valid_up_to()),
        )
        .in_file(path)
        .help("save it as UTF-8")
    })?;
    parse(text, path)
}

/// Reads an experiment from its text; `path` is its name in messages, and files that it names are
/// looked up beside it.
///
/// # Errors
/// As [`read`].
pub fn parse(text: impl Into<String>, path: impl AsRef<Path>) -> Result<Experiment> {
    let source = Source::new(path.as_ref(), text.into());
    let (document, errors) = DeTable::parse_recoverable(source.text());
    for error in &errors {
        let place = source.place(error.span().map_or(0, |span| span.start));
        source.report(Error::new(ErrorKind::Syntax, error.message()).at(place));
    }
    let span = document.span();
    let page = document.into_inner();
    // A file that is no TOML is not looked at further: what is missing may be behind the mistake.
    let read = if errors.is_empty() { segments_of(&source, span, page) } else { None };
    match (source.take_error(), read) {
        (None, Some(experiment)) => Ok(experiment),
        (Some(error), _) => Err(error),
        (None, None) => Err(Error::new(ErrorKind::Syntax, "not an experiment").in_file(&source.path)),
    }
}

/// The page, and its segments.
fn segments_of(source: &Source, span: std::ops::Range<usize>, page: DeTable<'_>) -> Option<Experiment> {
    let whole = |page: DeTable<'_>, read: &mut dyn FnMut(&Table<'_>) -> Option<()>| {
        let page = toml::Spanned::new(span.clone(), toml::de::DeValue::Table(page));
        read(&Table::root(source, &page)?)
    };
    let mut first = None;
    let mut segments: Vec<Segment> = Vec::new();
    whole(page.clone(), &mut |root| {
        let specs = segments::read(root)?;
        if specs.is_empty() {
            first = Some(experiment(root, None)?);
            return Some(());
        }
        let mut page = root.table().clone();
        for spec in &specs {
            segments::apply(&mut page, spec)?;
            let mut read = None;
            whole(page.clone(), &mut |root| {
                read = Some(experiment(root, Some(spec.end_s))?);
                Some(())
            })?;
            let mut experiment = read?;
            // What is doubtful or left out is said once.
            if let Some(Segment { experiment: known, .. }) = segments.first() {
                experiment.warnings.retain(|warning| !known.warnings.contains(warning));
            }
            let Spec { name, reset, until_s, .. } = spec;
            let (name, reset, until_s, is_change) = (name.clone(), *reset, *until_s, spec.changes());
            segments.push(Segment { name, reset, is_change, until_s, experiment });
        }
        Some(())
    })?;
    if let Some(Segment { experiment, .. }) = segments.first() {
        first = Some(experiment.clone());
    }
    first.map(|experiment| Experiment { segments, ..experiment })
}

/// A page that is one run, of `duration_s` (s) if it does not say so itself.
fn experiment(root: &Table<'_>, duration_s: Option<f64>) -> Option<Experiment> {
    let model = model(root, duration_s)?;
    let source = root.source();
    Some(Experiment {
        model,
        notes: source.notes.take(),
        defaults: source.defaults.take(),
        warnings: source.warnings.take(),
        segments: Vec::new(),
        places: source.places.take(),
    })
}

fn model(root: &Table<'_>, duration_s: Option<f64>) -> Option<Model> {
    root.get("segment");
    let source = root.source();
    let name = match root.get("title") {
        Some(node) => node.text().map(str::to_string),
        None => Some(source.path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned())),
    };
    let seed = match root.get("seed") {
        Some(node) => node.count(),
        None => {
            source.defaulted("seed", "0");
            Some(0)
        }
    };
    let temperature = root.get("temperature").map(|n| (n.positive(Dimension::TEMPERATURE), n));
    let components = components::load(root.get("library").as_ref(), source);
    let run =
        root.need("run", "{ duration = \"200 ms\", dt = \"0.025 ms\" }").and_then(|n| run(&n, duration_s));

    let mut sound = true;
    let mut named = |key: &str, example: &str, read: &mut dyn FnMut(&str, &Node<'_>) -> bool| {
        if let Some(table) = root.get(key).and_then(|n| n.table()) {
            for (name, node) in table.rest() {
                sound &= check_name(&name, &node) && read(&name, &node);
            }
        } else if root.get(key).is_none() {
            root.need(key, example);
        }
    };
    let components = components?;
    let clock = Clock { seed: seed.unwrap_or(0), duration_s: run.map_or(1.0, |r| r.duration_s) };
    let mut cells: Vec<ReadCell> = Vec::new();
    let mut populations: Vec<ReadPopulation> = Vec::new();
    named("cell", "a table [cell.NAME]", &mut |name, node| {
        let cell = cell::read(name, node, &components);
        let found = cell.is_some();
        cells.extend(cell);
        found
    });
    let cells_sound = source.is_sound();
    named("population", "a table [population.NAME]", &mut |name, node| {
        // With a broken cell, "no cell is called so" would be the wrong message.
        if !cells_sound {
            return false;
        }
        let population = population::read(name, node, (&cells, &components), clock);
        source.named(format!("population '{name}'"), node.place());
        let found = population.is_some();
        populations.extend(population);
        found
    });
    let selections = if sound { Selections::read(root, &populations, clock.seed) } else { None };
    let (stimuli, recordings, connections, projections) = if let Some(selections) = selections {
        let stimuli = stimulus::read_all(root, &cells, &populations, &selections, &components, clock);
        let connections = connect::read_all(root, &cells, &populations, (clock.seed, run));
        let mut projections =
            projection::read_all(root, &cells, &mut populations, &selections, &components, run);
        let (known, mut none) = (stimuli.as_deref().unwrap_or(&[]), Vec::new());
        let of = projections.as_mut().unwrap_or(&mut none);
        let recordings = record::read_all(root, &cells, &populations, &selections, (known, of), run);
        (stimuli, recordings, connections, projections)
    } else {
        for key in ["stimulus", "record", "connection", "projection", "view", "assembly"] {
            root.get(key);
        }
        (None, None, None, None)
    };
    root.finish();
    let spike_detectors = detectors(&cells, &populations);
    let mut model = Model {
        name: name?,
        seed: seed?,
        temperature_k: f64::NAN,
        run: run?,
        populations: populations.into_iter().map(|p| p.population).collect(),
        stimuli: stimuli?,
        attachments: Vec::new(),
        couplings: Vec::new(),
        connections: connections?,
        projections: projections?,
        recordings: recordings?,
        spike_detectors,
        event_recordings: Vec::new(),
    };
    model.temperature_k = match temperature {
        Some((kelvin, node)) => {
            let kelvin = kelvin?;
            values::doubt(&node, kelvin, Dimension::TEMPERATURE);
            kelvin
        }
        None => components::without_temperature(root, &model)?,
    };
    if model.recordings.is_empty() && model.spike_detectors.is_empty() {
        source.warn(
            "nothing-recorded",
            "no [[record]] and no `spike`: the run leaves no results",
            root.node.place(),
        );
    }
    Some(model)
}

/// Names stand in file names and paths such as `na.m`.
fn check_name(name: &str, node: &Node<'_>) -> bool {
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    if !plain || name.is_empty() {
        node.wrong(ErrorKind::Name, format!("`{name}` is not a name"), "letters, digits, _ and -");
    }
    plain && !name.is_empty()
}

/// `[run]`
fn run(node: &Node<'_>, of_segments_s: Option<f64>) -> Option<Run> {
    let table = node.table()?;
    let duration = match of_segments_s {
        None => table.need("duration", "\"200 ms\"").and_then(|n| n.positive(Dimension::TIME)),
        Some(duration_s) => {
            if let Some(node) = table.get("duration") {
                node.wrong(ErrorKind::Syntax, "each [[segment]] has its duration", "leave this one out");
            }
            Some(duration_s)
        }
    };
    let dt_node = table.need("dt", "\"0.025 ms\"");
    let dt = dt_node.as_ref().and_then(|n| n.positive(Dimension::TIME));
    let method = match table.get("method") {
        Some(node) => node.word(&Method::NAMED),
        None => {
            table.source().defaulted("run.method", "backward_euler");
            Some(Method::BackwardEuler)
        }
    };
    let point_step = match table.get("point_method") {
        Some(node) => node.word(&PointStep::NAMED),
        None => Some(PointStep::default()),
    };
    table.finish();
    let (duration_s, dt_s) = (duration?, dt?);
    if dt_s > duration_s {
        dt_node?.wrong(ErrorKind::Value, "the time step is longer than the run", "such as \"0.025 ms\"");
        return None;
    }
    Some(Run { dt_s, duration_s, method: method?, point_step: point_step? })
}

fn detectors(cells: &[ReadCell], populations: &[ReadPopulation]) -> Vec<SpikeDetector> {
    let mut detectors = Vec::new();
    for (index, population) in populations.iter().enumerate() {
        if let Some((points, threshold_v)) = population.cell.and_then(|i| cells[i].spike.clone()) {
            detectors.push(SpikeDetector { population: index, points, threshold_v, is_output: true });
        }
    }
    detectors
}
