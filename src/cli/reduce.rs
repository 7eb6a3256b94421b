//! `neuropil reduce`: a detailed cell as one of a few compartments or of one point, with a report of what was lost.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::{Args, ValueEnum};

use super::document::Document;
use super::{Outcome, console};
use crate::codegen;
use crate::codegen::fit::{Chip, Wanted, fit};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{CableCell, Model, PopulationCell};
use crate::neuroml;
use crate::output::OutputFolder;
use crate::reduce::point::Kind;
use crate::reduce::{self, Detailed, Method, report};

/// Options of `reduce`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Experiment file (TOML), or NeuroML or LEMS document
    file: PathBuf,
    /// How
    #[arg(long, short, value_enum, required_unless_present = "fit")]
    method: Option<By>,
    /// Fit to a chip instead: within its limits, in its numbers, and run so beside the detailed cell
    #[arg(long, value_enum, value_name = "CHIP", conflicts_with = "method")]
    fit: Option<OnChip>,
    /// Folder for the reduced model and the report; made if it is not there
    #[arg(long, short, value_name = "DIR")]
    out: PathBuf,
    /// The population whose cell is reduced; the first of cells with a shape if not given
    #[arg(long, value_name = "NAME")]
    population: Option<String>,
    /// Compartments, branch points included; with --fit at most so many
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    compartments: Option<u32>,
    /// Where compartments are wanted (impedance, brainscales2): a location expression; with -n others are added, the soma is always one
    #[arg(long, value_name = "PLACES")]
    at: Option<String>,
    /// Where the report puts synapses: a location expression; those of --at, or up to ten over the cell, if not given
    #[arg(long, value_name = "PLACES")]
    sites: Option<String>,
    /// Potential whose upward passage at the soma is a spike, mV; what the model says if not given, else -20
    #[arg(long, value_name = "MV", allow_hyphen_values = true)]
    threshold: Option<f64>,
    /// Noisy currents in the report
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=100))]
    trials: u32,
    /// Draw pictures as PNG too
    #[arg(long)]
    png: bool,
    /// Measure nothing: only write the reduced model
    #[arg(long)]
    no_report: bool,
}

/// Compartments when nobody says how many.
const COMPARTMENTS: u32 = 20;

/// The methods by their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum By {
    /// Chosen compartments, fits of impedance matrices (Wybo et al. 2021)
    Impedance,
    /// Each dendrite to a cylinder with the same transfer impedance (Amsalem et al. 2020)
    Cylinder,
    /// Dendrites merged by electrotonic distance: Rall's equivalent cable
    Rall,
    /// Dendrites merged by path distance, cross-sections added up (Bush & Sejnowski 1993)
    BushSejnowski,
    /// A leaky integrate-and-fire neuron, fitted
    Lif,
    /// An adaptive exponential integrate-and-fire neuron, fitted
    Adex,
    /// A neuron of Izhikevich (2007), fitted
    Izhikevich,
}

/// The chips by their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
enum OnChip {
    /// SpiNNaker: signed 16.15 fixed point, weights of 16 bits
    SpiNNaker,
    /// BrainScaleS-2: ranges and counts of its calibration, weights of 6 bits
    BrainScaleS2,
}

/// What a method made.
enum Made {
    Tree(reduce::Reduced),
    Point(reduce::Pointed),
}

impl Made {
    fn tree(full: &Detailed, method: &Method) -> Result<Made> {
        reduce::reduce(full, method).map(Made::Tree)
    }

    fn point(full: &Detailed, kind: Kind, threshold_v: f64) -> Result<Made> {
        reduce::Pointed::of(full, kind, threshold_v).map(Made::Point)
    }

    /// The number of compartments.
    fn size(&self) -> usize {
        match self {
            Made::Tree(reduced) => reduced.cell.compartments.len(),
            Made::Point(_) => 1,
        }
    }
}

/// Reduces, measures, writes.
pub(super) fn execute(options: &Options) -> Result<Outcome> {
    let document = Document::read(&options.file)?;
    console::warn(document.warnings());
    let model = document.model();
    let (population, cell) =
        chosen(model, options.population.as_deref()).map_err(|e| e.in_file(&options.file))?;
    let threshold_v = threshold(options, model, population);
    let method = match (options.fit, options.method) {
        (Some(chip), _) => return on_chip(options, &document, (population, &cell), threshold_v, chip),
        (None, Some(method)) => method,
        (None, None) => return Err(Error::new(ErrorKind::Value, "neither --method nor --fit is given")),
    };
    if options.at.is_some() && method != By::Impedance {
        return Err(places_for_nothing(method));
    }
    let start = Instant::now();
    let full = Detailed::new(&cell, model.temperature_k).map_err(|e| document.locate(e, &options.file))?;
    let rested = start.elapsed();
    let n = options.compartments.unwrap_or(COMPARTMENTS) as usize;
    let places = match (&options.at, method) {
        (Some(text), _) => full.nodes(text)?,
        // Each may need a branch point beside it.
        (None, By::Impedance) => report::sites(&full, n / 2)?,
        (None, _) => report::sites(&full, n)?,
    };
    let made = match method {
        By::Impedance => {
            let nodes = match (&options.at, options.compartments) {
                (Some(_), None) => [places.as_slice(), &[full.soma()]].concat(),
                (Some(_), Some(n)) => reduce::best_nodes(&full, &places, n as usize)?,
                (None, _) => reduce::best_nodes(&full, &places, n)?,
            };
            Made::tree(&full, &Method::Impedance { nodes, sites: places.clone() })?
        }
        By::Cylinder => Made::tree(&full, &Method::Cylinder(options.compartments.map(|n| n as usize)))?,
        By::Rall => Made::tree(&full, &Method::Rall(n))?,
        By::BushSejnowski => Made::tree(&full, &Method::BushSejnowski(n))?,
        By::Lif => Made::point(&full, Kind::Lif, threshold_v)?,
        By::Adex => Made::point(&full, Kind::AdEx, threshold_v)?,
        By::Izhikevich => Made::point(&full, Kind::Izhikevich, threshold_v)?,
    };
    let took = start.elapsed();
    let mut folder = OutputFolder::create(&options.out)?;
    let name = format!("{}_reduced", cell.morphology.name);
    let alone = match &made {
        Made::Tree(reduced) => reduced.model(model, threshold_v)?,
        Made::Point(pointed) => pointed.model(model, &name)?,
    };
    let written = neuroml::write(&alone, &alone.name)?;
    console::warn(&written.warnings);
    for (name, text) in &written.files {
        write(&mut folder, &name.display().to_string(), text)?;
    }
    match &made {
        Made::Tree(reduced) => write(&mut folder, "compartments.json", &reduced.cell.to_json())?,
        Made::Point(pointed) => write(&mut folder, "point.json", &pointed.neuron.to_json(&name))?,
    }
    let carried = match &made {
        Made::Tree(reduced) => reduced.carried(&full, model, population),
        Made::Point(pointed) => pointed.carried(&full, model, population),
    };
    let mut notes = match &made {
        Made::Tree(_) => full.left_out(),
        Made::Point(_) => Vec::new(),
    };
    let whole = carried.and_then(|carried| {
        notes.extend(carried.notes);
        neuroml::write(&carried.model, &format!("{}_reduced", model.name))
    });
    match whole {
        Ok(written) => {
            console::warn(&written.warnings);
            for (name, text) in &written.files {
                write(&mut folder, &format!("whole/{}", name.display()), text)?;
            }
        }
        Err(error) => notes.push(format!("the model as a whole is not written: {}", error.message())),
    }
    let mut told = format!(
        "{}: {} compartments -> {}, in {:.2} s ({:.2} s of it to rest)\n",
        model.populations[population].name,
        full.n_compartments(),
        made.size(),
        took.as_secs_f64(),
        rested.as_secs_f64()
    );
    if !full.rests() {
        told.push_str(
            "the cell does not rest without input: it is reduced around the mean of what it does\n",
        );
    }
    for note in &notes {
        told.push_str(&format!("note: {note}\n"));
    }
    if !options.no_report {
        let sites = match &options.sites {
            Some(text) => full.nodes(text)?,
            None => places.into_iter().filter(|node| *node != full.soma()).collect(),
        };
        let header = report::Header {
            model: options.file.display().to_string(),
            cell: cell.morphology.name.clone(),
            method: method.to_possible_value().map_or_else(String::new, |v| v.get_name().to_string()),
            compartments: (full.n_compartments(), made.size()),
            seconds: took.as_secs_f64(),
            rests: full.rests(),
        };
        let detailed = full.subject(&sites, threshold_v)?;
        let subject = match &made {
            Made::Tree(reduced) => reduced.subject(&full, &sites, threshold_v)?,
            Made::Point(pointed) => pointed.subject(&full, &sites, threshold_v)?,
        };
        let report = report::make(&full, &sites, header, (&detailed, &subject), options.trials as usize)?;
        report_files(&mut folder, &report, options.png)?;
        told.push_str(&report.summary());
    }
    told.push_str(&format!("written to {}\n", options.out.display()));
    console::print(&told)?;
    Ok(Outcome::Done)
}

/// Fits the cell to a chip and writes what came of it: scripts, a page, and the report of a reduction.
fn on_chip(
    options: &Options,
    document: &Document,
    (population, cell): (usize, &Arc<CableCell>),
    threshold_v: f64,
    chip: OnChip,
) -> Result<Outcome> {
    let chip = match chip {
        OnChip::SpiNNaker => Chip::SpiNNaker,
        OnChip::BrainScaleS2 => Chip::BrainScaleS2,
    };
    let wanted = Wanted {
        threshold_v,
        compartments: options.compartments.map(|n| n as usize),
        at: options.at.clone(),
        sites: options.sites.clone(),
    };
    let model = document.model();
    let start = Instant::now();
    let fitted =
        fit(model, population, cell, &wanted, chip).map_err(|e| document.locate(e, &options.file))?;
    let seconds = start.elapsed().as_secs_f64();
    let mut folder = OutputFolder::create(&options.out)?;
    let mut told = fitted.page();
    write(&mut folder, "fit.md", &told)?;
    write(&mut folder, "fit.json", &fitted.to_json())?;
    scripts(&mut folder, "", &fitted.script)?;
    if let Some(whole) = &fitted.whole {
        scripts(&mut folder, "whole/", whole)?;
        told.push_str("\nThe model with its own inputs and synapses is in `whole`");
        told.push_str(if whole.lost.is_empty() { ".\n" } else { "; it lacks:\n\n" });
        whole.lost.iter().for_each(|line| told.push_str(&format!("- {line}\n")));
    }
    if !options.no_report {
        let header = report::Header {
            model: options.file.display().to_string(),
            cell: cell.morphology.name.clone(),
            method: format!("fit to {}", chip.name()),
            compartments: fitted.compartments(),
            seconds,
            rests: fitted.full.rests(),
        };
        let [detailed, _, on_chip] = &fitted.subjects;
        let pair = (detailed, on_chip);
        let report = report::make(&fitted.full, &fitted.sites, header, pair, options.trials as usize)?;
        report_files(&mut folder, &report, options.png)?;
        told.push_str(
            "\nThe chip's numbers beside the detailed cell, with currents and single synapses:\n\n",
        );
        told.push_str(&report.summary());
    }
    console::print(&format!("{told}\nwritten to {}\n", options.out.display()))?;
    Ok(Outcome::Done)
}

/// Writes generated files below `under`.
fn scripts(folder: &mut OutputFolder, under: &str, made: &codegen::Generated) -> Result<()> {
    for (name, bytes) in &made.files {
        write(folder, &format!("{under}{}", name.display()), &String::from_utf8_lossy(bytes))?;
    }
    Ok(())
}

/// Writes the numbers and pictures of a report.
fn report_files(folder: &mut OutputFolder, report: &report::Report, png: bool) -> Result<()> {
    for (name, text) in report.files()? {
        write(folder, &name, &text)?;
    }
    for (name, scene) in report.pictures()? {
        write(folder, &format!("{name}.svg"), &scene.to_svg())?;
        if png {
            crate::plot::save(&scene, folder.dir().join(format!("{name}.png")))?;
        }
    }
    Ok(())
}

/// The population to reduce, and its cell.
fn chosen(model: &Model, name: Option<&str>) -> Result<(usize, Arc<CableCell>)> {
    let cells = model.populations.iter().enumerate().filter_map(|(at, population)| match &population.cell {
        PopulationCell::Cable(cell) => Some((at, population.name.as_str(), cell)),
        _ => None,
    });
    let mut cells = cells;
    match name {
        None => cells.next().map(|(at, _, cell)| (at, Arc::clone(cell))).ok_or_else(|| {
            Error::new(ErrorKind::Value, "no population has cells with a shape: there is nothing to reduce")
        }),
        Some(name) => cells
            .find(|(_, own, _)| *own == name)
            .map(|(at, _, cell)| (at, Arc::clone(cell)))
            .ok_or_else(|| {
                Error::new(ErrorKind::Name, format!("no population of cells with a shape is called '{name}'"))
                    .help("`neuropil describe` lists the populations")
            }),
    }
}

/// Places are given to a method that puts its compartments where it will.
fn places_for_nothing(method: By) -> Error {
    let name = method.to_possible_value().map_or_else(String::new, |v| v.get_name().to_string());
    let message =
        format!("--at says where compartments are wanted, and the method `{name}` puts them where it will");
    Error::new(ErrorKind::Value, message)
        .help("leave --at out, or choose `--method impedance`; `--sites` says where the report puts synapses")
}

/// The potential of spikes, V.
fn threshold(options: &Options, model: &Model, population: usize) -> f64 {
    let detector = model.spike_detectors.iter().find(|d| d.population == population && d.points.is_some());
    match (options.threshold, detector) {
        (Some(mv), _) => mv * 1e-3,
        (None, Some(detector)) => detector.threshold_v,
        (None, None) => -0.02,
    }
}

fn write(folder: &mut OutputFolder, name: &str, text: &str) -> Result<()> {
    let path = Path::new(folder.dir()).join(name);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(|e| Error::io(parent, "make the folder", &e))?;
    }
    std::fs::write(&path, text).map_err(|e| Error::io(&path, "write the file", &e))
}
