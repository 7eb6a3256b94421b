//! `neuropil run`: an experiment file or a LEMS document from text to results.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::document::Document;
use super::interrupt::Interrupt;
use super::results::{self, Files};
use super::{Outcome, console, header};
use crate::engine::{self, Simulation};
use crate::error::Result;
use crate::experiment::Segment;
use crate::output::{Format, OutputFolder, write_contacts, write_json};
use crate::simd::Level;

/// Options of `run`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Experiment file (TOML), or LEMS document (XML)
    file: PathBuf,
    /// Folder for all result files; made if it is not there
    #[arg(long, short, value_name = "DIR")]
    out: PathBuf,
    /// Threads; 0 for one per core. Results do not depend on it
    #[arg(long, default_value_t = 0, value_name = "N")]
    threads: usize,
    /// Vector unit: avx512, avx2, neon or portable; the fastest if not given. Results do not depend on it
    #[arg(long, value_name = "LEVEL")]
    simd: Option<String>,
    /// Format of the result files: csv, npy or lems; csv if not given, and lems under their own names for
    /// LEMS documents
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Draw no pictures
    #[arg(long)]
    no_plot: bool,
    /// Draw pictures as PNG too
    #[arg(long, conflicts_with = "no_plot")]
    png: bool,
    /// Print nothing but warnings and errors
    #[arg(long, short)]
    quiet: bool,
}

/// How long each part took.
#[derive(Debug, Default)]
struct Phases {
    read: Duration,
    build: Duration,
    run: Duration,
    write: Duration,
    plot: Duration,
}

/// The vector unit by name, or the fastest.
pub(super) fn level(name: Option<&str>) -> Result<Level> {
    name.map_or_else(Level::detect, Level::from_name)
}

/// Runs the experiment, segment by segment if it has several.
pub(super) fn execute(options: &Options) -> Result<Outcome> {
    let format = options.format.as_deref().map(Format::from_name).transpose()?;
    let level = level(options.simd.as_deref())?;
    let interrupt = Interrupt::listen();
    let engine_options = engine::Options { threads: options.threads, level, ..engine::Options::default() };

    let start = Instant::now();
    let mut document = Document::read(&options.file)?;
    if options.no_plot {
        document.without_pictures();
    }
    let mut read = start.elapsed();
    let mut running: Option<Simulation> = None;
    for (number, (segment, document)) in document.parts().into_iter().enumerate() {
        console::warn(document.warnings());
        let start = Instant::now();
        let located = |e| document.locate(e, &options.file);
        let simulation = match (&mut running, &segment) {
            (Some(simulation), Some(segment)) => {
                if segment.reset {
                    simulation.reset();
                }
                if segment.reset || segment.is_change {
                    simulation.change(document.model()).map_err(located)?;
                }
                simulation
            }
            _ => running.insert(Simulation::new(document.model(), &engine_options).map_err(located)?),
        };
        let phases = Phases { read: std::mem::take(&mut read), build: start.elapsed(), ..Phases::default() };
        let part = Part { document: &document, segment: segment.as_ref(), number, options, format };
        let outcome = part.run(simulation, phases, &interrupt)?;
        // The process ends soon: to free each piece of a large model takes time for nothing.
        std::mem::forget(document);
        if let Outcome::Interrupted = outcome {
            return Ok(Outcome::Interrupted);
        }
    }
    std::mem::forget(running);
    Ok(Outcome::Done)
}

/// One run from results to results.
struct Part<'a> {
    document: &'a Document,
    segment: Option<&'a Segment>,
    /// Which run of the document it is.
    number: usize,
    options: &'a Options,
    format: Option<Format>,
}

impl Part<'_> {
    fn run(&self, simulation: &mut Simulation, mut phases: Phases, interrupt: &Interrupt) -> Result<Outcome> {
        let Part { document, segment, number, options, format } = *self;
        let out = segment.map_or(options.out.clone(), |segment| options.out.join(&segment.name));
        let mut folder = OutputFolder::create(&out)?;
        let (mut files, warnings) = Files::create(&mut folder, format, document, simulation)?;
        console::warn(&warnings);
        let contacts = list_contacts(&mut folder, document)?;
        let model = document.model();
        let (from_s, until_s) = (simulation.time_s(), segment.map_or(model.run.duration_s, |s| s.until_s));
        if !options.quiet {
            if let Some(Segment { name, .. }) = segment {
                let [from, until] = [from_s, until_s].map(|s| header::short(s * 1e3));
                console::print(&format!("segment {name}: from {from} to {until} ms\n"))?;
            }
            console::print(&header::text(&options.file, document, simulation))?;
        }

        let start = Instant::now();
        let before = simulation.n_spikes();
        let steps = (until_s / simulation.tick_s()).round() as u64;
        let bar = progress_bar(options.quiet, steps);
        let result = simulation.run_until(until_s, &mut files, &mut |progress| {
            bar.set_position(progress.step);
            if interrupt.asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        bar.finish_and_clear();
        let stepping = start.elapsed();
        // Also after an error: what was sampled before it is written.
        let written = files.finish()?;
        phases.write = written.spent;
        phases.run = stepping.saturating_sub(written.spent);
        result.map_err(|e| document.locate(e, &options.file))?;

        let complete = simulation.time_s() >= until_s - 0.5 * model.run.dt_s;
        let start = Instant::now();
        let mut pictures = Vec::new();
        if !options.no_plot && complete {
            let endings: &[&str] = if options.png { &["svg", "png"] } else { &["svg"] };
            let (drawn, warnings) = results::draw_all(&mut folder, document, &written, endings);
            console::warn(&warnings);
            pictures = drawn;
        }
        phases.plot = start.elapsed();

        let spikes = simulation.n_spikes() - before;
        let mut record = header::record(model, simulation);
        if let Some(segment) = segment {
            record["segment"] = segment.name.as_str().into();
            record["from_ms"] = header::tidy(from_s * 1e3).into();
            record["duration_ms"] = header::tidy((until_s - from_s) * 1e3).into();
        }
        record["complete"] = complete.into();
        record["reached_ms"] = header::tidy(simulation.time_s() * 1e3).into();
        record["spikes"] = spikes.into();
        record["read"] = document.notes().to_vec().into();
        record["defaults"] = document.assumptions().into();
        let warnings: Vec<String> = document.warnings().iter().map(ToString::to_string).collect();
        record["warnings"] = warnings.into();
        // Segments have folders of their own.
        let record_path = match (number, segment) {
            (0, _) | (_, Some(_)) => folder.path("run.json")?.0,
            (later, None) => folder.path(&format!("run_{}.json", later + 1))?.0,
        };
        write_json(&record_path, &record)?;

        if !options.quiet {
            let mut all = written.tables.clone();
            all.extend(written.spikes.clone());
            all.extend(contacts);
            all.extend(pictures);
            all.push(record_path);
            let taken = (simulation.time_s() - from_s, spikes);
            console::print(&summary(simulation, taken, &phases, &all))?;
        }
        if complete {
            return Ok(Outcome::Done);
        }
        console::eprint(&format!(
            "stopped at {} ms of {} ms; the files in {} are complete up to there",
            header::short(simulation.time_s() * 1e3),
            header::short(until_s * 1e3),
            folder.dir().display()
        ));
        Ok(Outcome::Interrupted)
    }
}

/// A bar with the time left, on a terminal only.
fn progress_bar(quiet: bool, steps: u64) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr_with_hz(5));
    let template = "  {bar:32} {percent:>3} %  {elapsed} gone, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// `length_s` (s) and spikes are those of this run.
fn summary(
    simulation: &Simulation,
    (length_s, spikes): (f64, u64),
    phases: &Phases,
    files: &[PathBuf],
) -> String {
    let totals = simulation.summary();
    let steps = (length_s / simulation.tick_s()).round() as u64;
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut row = |name: &str, value: String| rows.push(vec![format!("  {name}"), value]);
    row("spikes", spikes.to_string());
    let per = phases.run.as_secs_f64() * 1e9 / (totals.compartments.max(1) as f64 * steps.max(1) as f64);
    row(
        "time",
        format!(
            "read {}, build {}, run {}, write {}, plot {}",
            seconds(phases.read),
            seconds(phases.build),
            seconds(phases.run),
            seconds(phases.write),
            seconds(phases.plot)
        ),
    );
    row(
        "speed",
        format!(
            "{} compartments x {} steps ({} ms), {per:.1} ns each",
            totals.compartments,
            steps,
            header::short(length_s * 1e3)
        ),
    );
    for (i, file) in files.iter().enumerate() {
        row(if i == 0 { "files" } else { "" }, file.display().to_string());
    }
    console::columns(&rows)
}

fn seconds(duration: Duration) -> String {
    let s = duration.as_secs_f64();
    if s < 1.0 { format!("{:.1} ms", s * 1e3) } else { format!("{s:.2} s") }
}

/// Lists the contacts of projections where that is asked for; gives the files.
fn list_contacts(folder: &mut OutputFolder, document: &Document) -> Result<Vec<PathBuf>> {
    let Document::Experiment(experiment) = document else { return Ok(Vec::new()) };
    let mut paths = Vec::new();
    for (number, projection) in experiment.model.projections.iter().enumerate() {
        let Some(file) = &projection.contacts_file else { continue };
        let (path, warning) = folder.path(&format!("{file}.csv"))?;
        console::warn(warning.as_slice());
        write_contacts(&path, &experiment.model, number)?;
        paths.push(path);
    }
    Ok(paths)
}
