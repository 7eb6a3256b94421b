//! `neuropil info`: the measures of a morphology.

use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use super::console::{self, Style, columns};
use crate::error::{Error, ErrorKind, Result};
use crate::morph::Metrics;
use crate::morph::swc;

/// Options of `info`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Morphology (SWC)
    file: PathBuf,
    /// Print JSON: lengths in um, areas in um2, volumes in um3
    #[arg(long)]
    json: bool,
    /// Draw the cell into this file (.svg or .png)
    #[arg(long, value_name = "PICTURE")]
    plot: Option<PathBuf>,
}

/// Prints the measures.
pub(super) fn execute(options: &Options) -> Result<Outcome> {
    let reading = swc::read(&options.file)?;
    let metrics = Metrics::of(&reading);
    if options.json {
        console::print(&json(&metrics)?)?;
    } else {
        console::warn(&reading.warnings);
        console::print(&table(&options.file.display().to_string(), &metrics))?;
    }
    if let Some(picture) = &options.plot {
        super::plot::save_morphology(&reading.morphology, picture)?;
    }
    Ok(Outcome::Done)
}

/// The measures as one line of JSON.
pub(super) fn json(metrics: &Metrics) -> Result<String> {
    let text = serde_json::to_string(metrics)
        .map_err(|e| Error::new(ErrorKind::Value, format!("the measures cannot be written as JSON: {e}")))?;
    Ok(format!("{text}\n"))
}

/// The measures for people.
pub(super) fn table(file: &str, metrics: &Metrics) -> String {
    let style = Style::stdout();
    let row = |name: &str, value: String| vec![format!("  {name}"), value];
    let mut text = format!("{}\n", style.bold(file));
    text.push_str(&columns(&[
        row("soma", soma(metrics)),
        row("samples", format!("{} ({} roots)", metrics.n_samples, metrics.n_roots)),
        row("sections", format!("{} neurite sections, {} trunks", metrics.n_sections, metrics.n_trunks)),
        row("branch points, tips", format!("{}, {}", metrics.n_branch_points, metrics.n_tips)),
        row("highest branch order", metrics.max_branch_order.to_string()),
        row("neurite length", format!("{} µm", number(metrics.neurite_length))),
        row("neurite area", format!("{} µm²", number(metrics.neurite_area))),
        row("neurite volume", format!("{} µm³", number(metrics.neurite_volume))),
        row("total length", format!("{} µm, soma included", number(metrics.total_length))),
        row("total area", format!("{} µm², soma included", number(metrics.total_area))),
        row("total volume", format!("{} µm³, soma included", number(metrics.total_volume))),
        row("longest path", format!("{} µm from the soma's middle", number(metrics.max_path_from_soma))),
        row("farthest point", format!("{} µm straight", number(metrics.max_euclidean_from_soma))),
        row("mean neurite diameter", format!("{} µm", number(metrics.mean_diameter))),
    ]));
    let mut kinds = vec![
        ["  kind", "sections", "length µm", "area µm²", "volume µm³", "diameter µm", "path µm"]
            .map(String::from)
            .to_vec(),
    ];
    for (kind, m) in &metrics.by_kind {
        let mut cells = vec![format!("  {kind}"), m.sections.to_string()];
        cells.extend([m.length, m.area, m.volume, m.mean_diameter, m.max_path].map(number));
        kinds.push(cells);
    }
    text.push('\n');
    text.push_str(&columns(&kinds));
    text
}

fn soma(metrics: &Metrics) -> String {
    let convention = &metrics.soma_convention_text;
    match &metrics.soma {
        Some(soma) => format!(
            "{convention}: {} µm long, {} µm wide, {} µm²",
            number(soma.length),
            number(soma.diameter),
            number(soma.area)
        ),
        None => convention.clone(),
    }
}

/// Two decimals for small numbers, one for others.
fn number(x: f64) -> String {
    if x.abs() < 100.0 { format!("{x:.2}") } else { format!("{x:.1}") }
}
