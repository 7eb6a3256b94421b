//! `neuropil describe`: shows a model to a person.

mod cell;
mod formula;
mod network;
mod parts;

use std::path::{Path, PathBuf};

use clap::Args;

use super::console::{self, Style, columns};
use super::document::{Document, is_xml};
use super::gates::{Conditions, curves};
use super::{Outcome, header, info, plot};
use crate::engine;
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::lems::{Component, Set};
use crate::library;
use crate::model::PopulationCell;
use crate::morph::Morphology;
use crate::neuroml;
use crate::plot::{CurveOptions, save};
use network::Block;

/// Options of `describe`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// NeuroML or LEMS document, experiment file (TOML), or morphology (SWC)
    file: PathBuf,
    /// Only the components with these ids, and only the equations of those
    name: Vec<String>,
    /// Draw cells and the curves of channels into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Draw PNG instead of SVG
    #[arg(long, requires = "out")]
    png: bool,
    /// Print what there is as JSON
    #[arg(long)]
    json: bool,
}

/// Temperature of curves where a model names none, K: that of Hodgkin and Huxley's measurements.
const USUAL_K: f64 = 279.45;

/// Describes the file.
pub(super) fn execute(options: &Options) -> Result<Outcome> {
    let pictures =
        Pictures { folder: options.out.as_deref(), ending: if options.png { "png" } else { "svg" } };
    let ending = options.file.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "swc" => swc(options, &pictures),
        "toml" => experiment(options, &pictures),
        _ if is_xml(&options.file) => document(options, &pictures),
        _ => {
            let message = format!("a model is not in a file that ends in `.{ending}`");
            Err(Error::new(ErrorKind::Unsupported, message)
                .in_file(&options.file)
                .help("describe reads .nml, .xml, .toml and .swc"))
        }
    }
}

/// Where pictures go.
struct Pictures<'a> {
    folder: Option<&'a Path>,
    ending: &'a str,
}

impl Pictures<'_> {
    fn path(&self, name: &str) -> Option<PathBuf> {
        let (path, _) = crate::output::inside(self.folder?, &format!("{name}.{}", self.ending));
        Some(path)
    }

    fn cell(&self, name: &str, shape: &Morphology) -> Result<Option<PathBuf>> {
        let Some(path) = self.path(&format!("cell_{name}")) else { return Ok(None) };
        plot::save_morphology(shape, &path)?;
        Ok(Some(path))
    }

    fn channel(&self, channel: &Component, set: &Set, temperature_k: f64) -> Result<Option<PathBuf>> {
        let name = channel.id.as_deref().unwrap_or("channel");
        let Some(path) = self.path(&format!("channel_{name}")) else { return Ok(None) };
        let gates = curves(&set.flatten(channel)?, Conditions { temperature_k, calcium_mm: 1e-3 })?;
        if gates.is_empty() {
            return Ok(None);
        }
        let title = format!("{name}, {} °C", header::short(temperature_k - 273.15));
        save(&crate::plot::curves(&gates, &CurveOptions { title, ..CurveOptions::default() })?, &path)?;
        Ok(Some(path))
    }
}

fn swc(options: &Options, pictures: &Pictures<'_>) -> Result<Outcome> {
    let reading = crate::morph::swc::read(&options.file)?;
    let metrics = crate::morph::Metrics::of(&reading);
    if options.json {
        console::print(&info::json(&metrics)?)?;
    } else {
        console::warn(&reading.warnings);
        console::print(&info::table(&options.file.display().to_string(), &metrics))?;
    }
    if let Some(path) = pictures.cell(&reading.morphology.name, &reading.morphology)? {
        console::eprint(&path.display().to_string());
    }
    Ok(Outcome::Done)
}

fn experiment(options: &Options, pictures: &Pictures<'_>) -> Result<Outcome> {
    let document = Document::read(&options.file)?;
    console::warn(document.warnings());
    let model = document.model();
    let simulation = engine::Simulation::new(model, &engine::Options::default())
        .map_err(|e| document.locate(e, &options.file))?;
    if options.json {
        return print_json(&header::record(model, &simulation));
    }
    let mut text = header::text(&options.file, &document, &simulation);
    let style = Style::stdout();
    let mut drawn = Vec::new();
    for population in &model.populations {
        let PopulationCell::Cable(cell) = &population.cell else { continue };
        text.push_str(&format!("\n{}\n", style.bold(&format!("cell of {}", population.name))));
        let mut blocks = vec![cell::shape(&cell.morphology)];
        let rows = cell
            .densities
            .iter()
            .map(|d| vec![d.name.clone(), d.region.to_string(), d.dynamics.component_type.clone()]);
        blocks.push(Block { heading: "channels on it".into(), rows: rows.collect() });
        let rows = cell.synapses.iter().map(|s| vec![s.name.clone(), s.points.to_string()]);
        blocks.push(Block { heading: "synapses on it".into(), rows: rows.collect() });
        push_blocks(&mut text, &blocks);
        drawn.extend(pictures.cell(&population.name, &cell.morphology)?);
        let set = library::set()?;
        for density in &cell.densities {
            if let Some(channel) = set.component(&density.name)
                && !drawn
                    .iter()
                    .any(|p: &PathBuf| p.ends_with(format!("channel_{}.{}", density.name, pictures.ending)))
            {
                drawn.extend(pictures.channel(channel, set, model.temperature_k)?);
            }
        }
    }
    finish(text, &drawn)
}

fn document(options: &Options, pictures: &Pictures<'_>) -> Result<Outcome> {
    let core = library::core()?;
    let first = core.components().count();
    let mut set = core.clone();
    set.open_types();
    set.read_file(&options.file, &library::resolver())?;
    let all: Vec<&Component> = set.components().skip(first).collect();
    let shown = chosen(&all, &options.name)?;
    if options.json {
        return print_json(&json(&options.file, &all, &set));
    }
    let temperature_k = all.iter().find_map(|c| c.parameter("temperature")).unwrap_or(USUAL_K);
    let style = Style::stdout();
    let mut text = String::new();
    if options.name.is_empty() {
        text.push_str(&format!("{}\n", style.bold(&options.file.display().to_string())));
        let runs: Vec<&str> = set.targets().iter().filter_map(|t| t.get("component")).collect();
        let mut rows = Vec::new();
        for (kind, names) in inventory(&all, &set) {
            rows.push(vec![format!("  {kind}"), names]);
        }
        if let Some(first) = runs.first() {
            rows.push(vec!["  runs".to_string(), (*first).to_string()]);
        }
        text.push_str(&columns(&rows));
    }
    let mut drawn = Vec::new();
    for kind in Kind::ALL {
        for component in shown.iter().filter(|c| Kind::of(c, &set) == kind) {
            describe(component, kind, &set, temperature_k, &mut text, pictures, &mut drawn)?;
        }
    }
    finish(text, &drawn)
}

/// What sort of thing a component is, in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Simulation,
    Network,
    Cell,
    PointCell,
    Channel,
    Concentration,
    Synapse,
    Input,
    Other,
}

impl Kind {
    const ALL: [Kind; 9] = [
        Kind::Simulation,
        Kind::Network,
        Kind::Cell,
        Kind::PointCell,
        Kind::Channel,
        Kind::Concentration,
        Kind::Synapse,
        Kind::Input,
        Kind::Other,
    ];

    fn of(component: &Component, set: &Set) -> Kind {
        let is = |base: &str| set.is_a(&component.component_type, base);
        if is("Simulation") {
            Kind::Simulation
        } else if is("network") {
            Kind::Network
        } else if is("cell") || component.component_type == "morphology" {
            Kind::Cell
        } else if is("baseCell") {
            Kind::PointCell
        } else if is("baseIonChannel") {
            Kind::Channel
        } else if is("concentrationModel") {
            Kind::Concentration
        } else if is("baseSynapse") || is("baseSynapseDL") {
            Kind::Synapse
        } else if is("basePointCurrent") || is("basePointCurrentDL") || is("baseSpikeSource") {
            Kind::Input
        } else {
            Kind::Other
        }
    }

    fn heading(self) -> &'static str {
        match self {
            Kind::Simulation => "simulation",
            Kind::Network => "network",
            Kind::Cell => "cell",
            Kind::PointCell => "point cell",
            Kind::Channel => "ion channel",
            Kind::Concentration => "concentration model",
            Kind::Synapse => "synapse",
            Kind::Input => "input",
            Kind::Other => "component",
        }
    }
}

/// The components asked for, all if none are.
fn chosen<'a>(all: &[&'a Component], names: &[String]) -> Result<Vec<&'a Component>> {
    if names.is_empty() {
        return Ok(all.to_vec());
    }
    let mut found = Vec::new();
    for name in names {
        match all.iter().find(|c| c.id.as_deref() == Some(name)) {
            Some(component) => found.push(*component),
            None => {
                let error = Error::new(ErrorKind::Name, format!("the document has no component `{name}`"));
                return Err(match nearest(name, all.iter().filter_map(|c| c.id.as_deref())) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error,
                });
            }
        }
    }
    Ok(found)
}

/// How many of each kind there are, and what they are called.
fn inventory(all: &[&Component], set: &Set) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for kind in Kind::ALL {
        let ids: Vec<&str> =
            all.iter().filter(|c| Kind::of(c, set) == kind).filter_map(|c| c.id.as_deref()).collect();
        if ids.is_empty() {
            continue;
        }
        let names = ids.iter().take(8).copied().collect::<Vec<_>>().join(", ");
        let more = if ids.len() > 8 { format!(" and {} more", ids.len() - 8) } else { String::new() };
        let plural = match (ids.len(), kind.heading()) {
            (1, heading) => heading.to_string(),
            (_, "synapse") => "synapses".to_string(),
            (_, heading) => format!("{heading}s"),
        };
        lines.push((format!("{} {plural}", ids.len()), format!("{names}{more}")));
    }
    lines
}

#[allow(clippy::too_many_arguments)]
fn describe(
    component: &Component,
    kind: Kind,
    set: &Set,
    temperature_k: f64,
    text: &mut String,
    pictures: &Pictures<'_>,
    drawn: &mut Vec<PathBuf>,
) -> Result<()> {
    let style = Style::stdout();
    let id = component.id.as_deref().unwrap_or("");
    let what = match kind {
        Kind::Channel => format!(" ({})", parts::kind(component)),
        Kind::Simulation | Kind::Network | Kind::Cell => String::new(),
        _ => format!(" ({})", component.component_type),
    };
    let at = match (kind, component.parameter("temperature")) {
        (Kind::Network, Some(kelvin)) => format!(" at {} °C", header::short(kelvin - 273.15)),
        _ => String::new(),
    };
    text.push_str(&format!("\n{}{what}{at}\n", style.bold(&format!("{} {id}", kind.heading()))));
    if let Some(note) = component.notes.lines().map(str::trim).find(|line| !line.is_empty()) {
        text.push_str(&format!("  {}\n", style.dim(note)));
    }
    match kind {
        Kind::Simulation => push_blocks(text, &network::simulation(component)),
        Kind::Network => push_blocks(text, &network::network(component, set)),
        Kind::Cell => {
            let shape = neuroml::shape(set, component)?;
            let mut blocks = vec![cell::shape(&shape)];
            blocks.extend(cell::membrane(component, set));
            push_blocks(text, &blocks);
            drawn.extend(pictures.cell(id, &shape)?);
        }
        _ => {
            for line in parts::lines(component, set) {
                text.push_str(&format!("  {line}\n"));
            }
            if kind == Kind::Channel {
                drawn.extend(pictures.channel(component, set, temperature_k)?);
            }
        }
    }
    Ok(())
}

fn push_blocks(text: &mut String, blocks: &[Block]) {
    for block in blocks.iter().filter(|block| !block.rows.is_empty()) {
        let pad = if block.heading.is_empty() { "  " } else { "    " };
        if !block.heading.is_empty() {
            text.push_str(&format!("  {}\n", block.heading));
        }
        let rows: Vec<Vec<String>> = block
            .rows
            .iter()
            .map(|row| {
                let first = row.first().map(|cell| format!("{pad}{cell}")).unwrap_or_default();
                std::iter::once(first).chain(row.iter().skip(1).cloned()).collect()
            })
            .collect();
        text.push_str(&columns(&rows));
    }
}

fn finish(mut text: String, drawn: &[PathBuf]) -> Result<Outcome> {
    if !drawn.is_empty() {
        text.push_str("\npictures\n");
        for path in drawn {
            text.push_str(&format!("  {}\n", path.display()));
        }
    }
    console::print(&text)?;
    Ok(Outcome::Done)
}

fn print_json(value: &serde_json::Value) -> Result<Outcome> {
    console::print(&format!("{value:#}\n"))?;
    Ok(Outcome::Done)
}

/// What is in a document, for programs.
fn json(file: &Path, all: &[&Component], set: &Set) -> serde_json::Value {
    let components: Vec<serde_json::Value> = all
        .iter()
        .map(|c| {
            let place = c.origin.place();
            serde_json::json!({
                "id": c.id,
                "type": c.component_type,
                "kind": Kind::of(c, set).heading(),
                "file": place.file.map(|f| f.display().to_string()),
                "line": place.line,
                "parameters": c.parameters.iter().cloned().collect::<std::collections::BTreeMap<String, f64>>(),
            })
        })
        .collect();
    let runs: Vec<&str> = set.targets().iter().filter_map(|t| t.get("component")).collect();
    serde_json::json!({ "file": file.display().to_string(), "runs": runs, "components": components })
}
