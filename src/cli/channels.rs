//! `neuropil channels`: what the library holds, and what one component of it is.

use std::path::{Path, PathBuf};

use clap::Args;

use super::console::{Style, columns};
use super::gates::{Conditions, curves};
use super::{Outcome, console, equations};
use crate::dynamics::Dynamics;
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::lems::{Component, Set};
use crate::library::{self, Entry, Kind};
use crate::plot::{self, CurveOptions};
use crate::units::{Dimension, parse_quantity};

/// Options of `channels`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Component to show; all are listed if none is given
    name: Option<String>,
    /// Draw steady states and time constants of its gates into this folder (all channels without NAME)
    #[arg(long, value_name = "DIR")]
    plot: Option<PathBuf>,
    /// A file with own components (NeuroML or LEMS), on top of the library
    #[arg(long, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// Temperature for --plot; the one of the measurements if not given
    #[arg(long, value_name = "TEMPERATURE")]
    temperature: Option<String>,
    /// Print the component's file as it stands in the library, to copy and change
    #[arg(long, requires = "name")]
    source: bool,
}

/// Lists or shows.
pub(super) fn execute(options: &Options) -> Result<Outcome> {
    let mut set = library::set()?.clone();
    for file in &options.file {
        set.read_file(file, &library::resolver())?;
    }
    let temperature = match &options.temperature {
        Some(text) => Some(kelvin(text)?),
        None => None,
    };
    match &options.name {
        Some(name) => {
            let component = find(&set, name)?;
            if options.source {
                return source(&set, component);
            }
            let dynamics = set.flatten(component)?;
            console::print(&show(&set, component, &dynamics))?;
            if let Some(folder) = &options.plot {
                let drawn = draw(&set, component, &dynamics, temperature, folder)?;
                let Some(picture) = drawn else {
                    let message = format!("`{name}` has no gates that could be drawn");
                    return Err(Error::new(ErrorKind::Value, message));
                };
                console::print(&format!("\n{}\n", picture.display()))?;
            }
        }
        None => {
            let entries: Vec<Entry> = set.components().filter_map(|c| Entry::of(&set, c)).collect();
            console::print(&list(&entries))?;
            if let Some(folder) = &options.plot {
                for entry in entries.iter().filter(|e| e.kind == Kind::IonChannel) {
                    let component = find(&set, &entry.name)?;
                    draw(&set, component, &set.flatten(component)?, temperature, folder)?;
                }
            }
        }
    }
    Ok(Outcome::Done)
}

fn kelvin(text: &str) -> Result<f64> {
    let quantity = parse_quantity(text)?;
    if quantity.dimension == Dimension::TEMPERATURE && quantity.si > 0.0 {
        return Ok(quantity.si);
    }
    Err(Error::new(ErrorKind::Dimension, format!("`{text}` is no temperature")).help("such as \"34 degC\""))
}

/// The component called `name`, also by another name that it has.
fn find<'a>(set: &'a Set, name: &str) -> Result<&'a Component> {
    if let Some(component) = set.component(name) {
        return Ok(component);
    }
    if let Ok(entry) = library::entry(name)
        && let Some(component) = set.component(&entry.name)
    {
        return Ok(component);
    }
    let error = Error::new(ErrorKind::Name, format!("nothing in the library is called `{name}`"));
    let known = set.components().filter_map(|c| c.id.as_deref());
    Err(match nearest(name, known) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help("`neuropil channels` lists what there is"),
    })
}

fn list(entries: &[Entry]) -> String {
    let style = Style::stdout();
    let mut text = String::new();
    for kind in Kind::ALL {
        let of_kind: Vec<&Entry> = entries.iter().filter(|e| e.kind == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!("{}\n", style.bold(kind.heading())));
        let row = |e: &&Entry| vec![format!("  {}", e.name), e.summary.clone(), style.dim(&e.source)];
        text.push_str(&columns(&of_kind.iter().map(row).collect::<Vec<_>>()));
    }
    text
}

fn show(set: &Set, component: &Component, dynamics: &Dynamics) -> String {
    let style = Style::stdout();
    let name = component.id.as_deref().unwrap_or_default();
    let mut text = format!("{} ({})\n", style.bold(name), component.component_type);
    if let Some(entry) = Entry::of(set, component) {
        let mut rows = Vec::new();
        let mut row = |name: &str, value: String| {
            if !value.is_empty() {
                rows.push(vec![format!("  {name}"), value]);
            }
        };
        row("what", entry.summary.clone());
        row("source", entry.source.clone());
        row("measured at", entry.temperature.clone());
        row("ion", entry.ion.clone().unwrap_or_default());
        row(
            "usual reversal",
            entry.reversal.map_or_else(String::new, |v| format!("{} mV", super::header::short(v * 1e3))),
        );
        let gates: Vec<String> = entry.gates.iter().map(|(gate, n)| power(gate, *n)).collect();
        row("gates", gates.join(" "));
        text.push_str(&columns(&rows));
        if !entry.notes.trim().is_empty() {
            text.push('\n');
            for line in entry.notes.lines() {
                text.push_str(format!("  {}", line.trim()).trim_end());
                text.push('\n');
            }
        }
    }
    text.push_str(&equations::text(dynamics));
    text
}

fn power(gate: &str, instances: f64) -> String {
    if instances == 1.0 { gate.to_string() } else { format!("{gate}^{instances}") }
}

fn source(set: &Set, component: &Component) -> Result<Outcome> {
    let text = Entry::of(set, component).and_then(|entry| entry.text());
    match text {
        Some(text) => console::print(text)?,
        None => {
            let message = "is not of the library: its file is your own";
            return Err(component.error(ErrorKind::Value, message));
        }
    }
    Ok(Outcome::Done)
}

/// The picture of a component's gates; `None` if it has none.
fn draw(
    set: &Set,
    component: &Component,
    dynamics: &Dynamics,
    temperature: Option<f64>,
    folder: &Path,
) -> Result<Option<PathBuf>> {
    let measured = Entry::of(set, component).and_then(|entry| kelvin(&entry.temperature).ok());
    let temperature_k = temperature.or(measured).unwrap_or(279.45);
    let gates = curves(dynamics, Conditions { temperature_k, calcium_mm: 1e-3 })?;
    if gates.is_empty() {
        return Ok(None);
    }
    let name = component.id.as_deref().unwrap_or("component");
    let title = format!("{name}, {} degC", super::header::short(temperature_k - 273.15));
    let scene = plot::curves(&gates, &CurveOptions { title, ..CurveOptions::default() })?;
    let (path, _) = crate::output::inside(folder, &format!("{name}.svg"));
    plot::save(&scene, &path)?;
    Ok(Some(path))
}
