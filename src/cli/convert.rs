//! `neuropil convert`: a morphology in another format, an experiment as NeuroML, NeuroML in HDF5 as XML.

use std::path::{Path, PathBuf};

use clap::Args;

use super::document::{is_xml, one_run};
use super::{Outcome, console};
use crate::error::{Error, ErrorKind, Result};
use crate::experiment;
use crate::lems::Resolver;
use crate::library;
use crate::morph::{Morphology, swc, write_neuroml};
use crate::neuroml;

/// Options of `convert`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Morphology to read (SWC, or NeuroML with a cell), experiment file (TOML), or NeuroML in HDF5
    input: PathBuf,
    /// File to write: .swc, or .nml for NeuroML (of HDF5 the whole document); of an experiment the folder for its
    /// NeuroML and LEMS documents
    output: PathBuf,
    /// The cell to take from a document with several
    #[arg(long, value_name = "ID")]
    cell: Option<String>,
}

/// Reads, converts, writes.
pub(super) fn execute(options: &Options) -> Result<Outcome> {
    if options.input.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml")) {
        return experiment_as_neuroml(&options.input, &options.output);
    }
    let ending = options.output.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    if is_hdf5(&options.input) && options.cell.is_none() && ending == "nml" {
        return document_as_xml(&options.input, &options.output);
    }
    let morphology = &read(options)?;
    match ending.as_str() {
        "swc" => console::warn(&swc::write(morphology, &options.output)?),
        "nml" | "xml" => write_neuroml(morphology, &options.output)?,
        _ => {
            return Err(Error::new(ErrorKind::Unsupported, format!("no format has the ending `.{ending}`"))
                .in_file(&options.output)
                .help("write to a file that ends in .swc or .nml"));
        }
    }
    Ok(Outcome::Done)
}

/// Writes the documents of the experiment `file` into `folder`.
fn experiment_as_neuroml(file: &Path, folder: &Path) -> Result<Outcome> {
    let experiment = experiment::read(file)?;
    one_run(&experiment, file)?;
    console::warn(&experiment.warnings);
    let name = file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let written = neuroml::write(&experiment.model, &name).map_err(|error| error.in_file(file))?;
    console::warn(&written.warnings);
    std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, "make the folder", &e))?;
    for (name, text) in &written.files {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|e| Error::io(&path, "write the document", &e))?;
    }
    if let Some((name, _)) = written.files.last() {
        let (count, main) = (written.files.len(), folder.join(name));
        console::print(&format!("{count} documents; run them with: neuropil run {}\n", main.display()))?;
    }
    Ok(Outcome::Done)
}

fn is_hdf5(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("h5") || e.eq_ignore_ascii_case("hdf5"))
}

/// Writes the XML that the HDF5 file `input` stands for.
fn document_as_xml(input: &Path, output: &Path) -> Result<Outcome> {
    let bytes = std::fs::read(input).map_err(|e| Error::io(input, "read the file", &e))?;
    let text = library::resolver().text(bytes, input)?;
    std::fs::write(output, text).map_err(|e| Error::io(output, "write the document", &e))?;
    Ok(Outcome::Done)
}

fn read(options: &Options) -> Result<Morphology> {
    if is_xml(&options.input) {
        return cell(&options.input, options.cell.as_deref());
    }
    let reading = swc::read(&options.input)?;
    console::warn(&reading.warnings);
    Ok(reading.morphology)
}

/// The shape of the cell `id` of a NeuroML document, or of its only one.
fn cell(file: &Path, id: Option<&str>) -> Result<Morphology> {
    let core = library::core()?;
    let mut set = core.clone();
    set.open_types();
    set.read_file(file, &library::resolver())?;
    let shapes = set.components().skip(core.components().count());
    let cells: Vec<_> = shapes.filter(|c| set.is_a(&c.component_type, "cell")).collect();
    let ids: Vec<&str> = cells.iter().filter_map(|c| c.id.as_deref()).collect();
    let chosen = match (id, cells.as_slice()) {
        (None, [only]) => only,
        (None, []) => {
            return Err(Error::new(ErrorKind::Name, "no cell with a shape is in it").in_file(file));
        }
        (None, _) => {
            let message = format!("{} cells are in it: {}", ids.len(), ids.join(", "));
            return Err(Error::new(ErrorKind::Name, message).in_file(file).help("choose one with --cell ID"));
        }
        (Some(id), cells) => cells.iter().find(|c| c.id.as_deref() == Some(id)).ok_or_else(|| {
            Error::new(ErrorKind::Name, format!("no cell `{id}` is in it; there is {}", ids.join(", ")))
                .in_file(file)
        })?,
    };
    neuroml::shape(&set, chosen)
}
