//! SWC: the plain-text format of reconstructed neurons.
//!
//! One sample a line: id, type, x, y, z, radius, parent's id; −1 marks the root (Cannon et al. 1998,
//! J. Neurosci. Methods 84:49; conventions of NeuroMorpho.Org for somata). Reading goes in four steps:
//! `parse` makes samples of the text, `link` finds each one's parent and checks that they form one
//! tree, `soma` says by which convention the soma is drawn, `build` makes sections of the tree; `repair` mends what could not
//! be simulated.
//!
//! What the reader does where the format leaves it open:
//!
//! * Sections are unbranched runs of samples of one type, named as NEURON's users know them: `soma`,
//!   `axon[0]`, `dend[3]`, `apic[12]`, numbered in the order of ids.
//! * A soma of several outlines, one after the other in one chain, is a stack: frusta through their centres.
//! * A neurite hangs on the middle of a soma that is a sphere or an outline, and on the nearer end of
//!   one drawn as cylinders (0 or 1 at its end samples, 0.5 between). The link from the soma to a
//!   neurite's first sample is not cable, except where NEURON's Import3d counts it too: when the
//!   neurite has a single sample, and when it hangs on the end of a soma drawn as one chain. Cable of
//!   such a link has the diameter of the neurite's first sample.
//! * A soma below a neurite: the tree is turned round so that the soma is its root
//!   (`soma-not-root`).
//! * More than one root: further neurites are hung on the middle of the soma, without cable between
//!   (`disconnected-neurite`); a second soma, or loose trees in a file without soma, are errors.
//! * Radii and lengths below 10⁻⁶ µm count as 0. A radius of 0 is replaced by that of the parent, else of the child (`zero-radius`). The samples in
//!   [`Reading::samples`] keep what the file says.
//! * A soma without length is a sphere (`zero-length-root`); other sections without length are left out
//!   (`zero-length-section`), and their children hang where they hung.

mod build;
mod link;
mod parse;
mod repair;
mod soma;
mod write;

pub use write::{to_text, write};

use super::tree::Morphology;
use crate::error::{Error, ErrorKind, Result, Warning};
use serde::Serialize;
use std::fmt;
use std::path::Path;

/// One line of an SWC file, as the file says it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Its id in the file.
    pub id: u64,
    /// SWC's type code: 1 soma, 2 axon, 3 basal dendrite, 4 apical dendrite, others free.
    pub code: u32,
    /// x, µm.
    pub x: f64,
    /// y, µm.
    pub y: f64,
    /// z, µm.
    pub z: f64,
    /// Radius, µm.
    pub radius: f64,
    /// Index of its parent in [`Reading::samples`]; `None` for a root.
    pub parent: Option<u32>,
    /// Line in the file, from 1.
    pub line: u32,
}

/// How a file draws its soma, and so how it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SomaConvention {
    /// No sample of type 1.
    None,
    /// One sample: a sphere.
    Sphere,
    /// NeuroMorpho.Org's three samples: the centre and two at one radius from it: a sphere.
    ThreePoint,
    /// Several samples with their own radii: a chain (or tree) of frusta.
    Cylinders,
    /// Several thin samples around the soma: its outline.
    Outline,
    /// Several outlines, one above the other.
    OutlineStack,
}

impl SomaConvention {
    /// Whether it is drawn by outlines.
    fn is_outline(self) -> bool {
        matches!(self, SomaConvention::Outline | SomaConvention::OutlineStack)
    }
}

impl fmt::Display for SomaConvention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SomaConvention::None => "no soma",
            SomaConvention::Sphere => "one-point soma (sphere; a cylinder as long as wide has its area)",
            SomaConvention::ThreePoint => {
                "NeuroMorpho three-point soma (sphere; a cylinder as long as wide has its area)"
            }
            SomaConvention::Cylinders => "soma of frusta along its samples",
            SomaConvention::Outline => "soma outline (frusta across the outline's long axis)",
            SomaConvention::OutlineStack => {
                "soma outlines in a stack (frusta through their centres, with their areas)"
            }
        })
    }
}

/// What an SWC file holds.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The cell, ready for use: without zero radii.
    pub morphology: Morphology,
    /// How the soma was drawn.
    pub soma: SomaConvention,
    /// Doubts, in order of lines.
    pub warnings: Vec<Warning>,
    /// The samples as the file says them, in order of their ids.
    pub samples: Vec<Sample>,
    /// The cell by the same rules but with the file's own radii, where that differs.
    as_written: Option<Box<Morphology>>,
}

impl Reading {
    /// The cell with the file's own radii and without repairs: what metrics are taken from. Equal to
    /// [`Reading::morphology`] for a file that needed none.
    pub fn as_written(&self) -> &Morphology {
        self.as_written.as_deref().unwrap_or(&self.morphology)
    }
}

/// Reads the SWC file at `path`.
///
/// # Errors
/// When the file cannot be read, or is wrong: each error names file, line, reason and remedy; up to
/// twenty are collected in one pass.
pub fn read(path: impl AsRef<Path>) -> Result<Reading> {
    let path = path.as_ref();
    let text = std::fs::read(path).map_err(|error| Error::io(path, "read the morphology", &error))?;
    read_str(&text, path)
}

/// Reads SWC `text`; `file` is its name for messages, and its stem names the morphology.
///
/// # Errors
/// As [`read`].
pub fn read_str(text: impl AsRef<[u8]>, file: impl AsRef<Path>) -> Result<Reading> {
    let file = file.as_ref();
    let parsed = parse::parse(text.as_ref(), file)?;
    let mut warnings = parsed.warnings;
    let tree = link::link(parsed.samples, file, &mut warnings)?;
    let soma = soma::convention(&tree);
    let name = file.file_stem().map_or_else(|| "cell".into(), |stem| stem.to_string_lossy().into_owned());
    let as_written = build::build(&tree, soma, &name, None);
    let radii = repair::mended_radii(&tree, file, &mut warnings);
    let mended = radii.map(|radii| build::build(&tree, soma, &name, Some(&radii)));
    let repaired = mended.is_some();
    let mut morphology = mended.unwrap_or_else(|| as_written.clone());
    let pruned = repair::prune(&mut morphology, file, &tree, &mut warnings);
    if morphology.sections.is_empty() {
        return Err(Error::new(ErrorKind::Value, "the file holds no cable").in_file(file));
    }
    let as_written = (repaired || pruned).then(|| Box::new(as_written));
    warnings.sort_by_key(|warning| warning.place.line);
    Ok(Reading { morphology, soma, warnings, samples: tree.samples, as_written })
}

#[cfg(test)]
mod tests;
