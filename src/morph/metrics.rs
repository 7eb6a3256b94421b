//! The numbers that describe a reconstructed neuron.

use super::geom::{Geometry, frustum_area_um2, frustum_volume_um3};
use super::swc::{Reading, Sample, SomaConvention};
use super::tree::SectionKind;
use serde::Serialize;
use std::collections::BTreeMap;

/// SWC's type code of the soma.
const SOMA: u32 = 1;

/// Metrics of a cell read from SWC: lengths in µm, areas in µm², volumes in µm³.
///
/// Those under *samples* are counted on the samples of the file as they stand, radii of 0 included.
/// A segment joins a sample to its parent. A neurite segment is one whose sample is not of type soma;
/// one whose parent is soma is a link, not cable, and counts to `soma_link_length` alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Metrics {
    // samples
    /// Samples in the file.
    pub n_samples: usize,
    /// Samples without parent.
    pub n_roots: usize,
    /// Samples without child, those of the soma included.
    pub n_tips: usize,
    /// Samples with more than one child, those of the soma included.
    pub n_branch_points: usize,
    /// Neurite segments, without links to the soma.
    pub n_segments: usize,
    /// Unbranched runs of neurite samples of one type.
    pub n_sections: usize,
    /// Neurites that leave the soma (or start at a root).
    pub n_trunks: usize,
    /// Length of all neurite segments.
    pub neurite_length: f64,
    /// Lateral area of all neurite segments.
    pub neurite_area: f64,
    /// Volume of all neurite segments.
    pub neurite_volume: f64,
    /// Length of the links from soma samples to the first samples of neurites.
    pub soma_link_length: f64,
    /// Longest path from a root to a tip, links and soma included.
    pub max_path: f64,
    /// Least and greatest x, y, z of the samples' centres.
    pub bounding_box: [[f64; 3]; 2],

    // the cell as it is simulated
    /// How the soma is drawn.
    pub soma_convention: SomaConvention,
    /// The same in words.
    pub soma_convention_text: String,
    /// Length, mean diameter and area of the soma; `None` without soma.
    pub soma: Option<SomaMetrics>,
    /// Sections of the cell, the soma's included.
    pub n_cable_sections: usize,
    /// Length of all cable, the soma's included.
    pub total_length: f64,
    /// Lateral area of all cable, the soma's included.
    pub total_area: f64,
    /// Volume of all cable, the soma's included.
    pub total_volume: f64,
    /// Greatest distance along the cable from the middle of the soma (or the root's start).
    pub max_path_from_soma: f64,
    /// Greatest straight distance from there.
    pub max_euclidean_from_soma: f64,
    /// Highest branch order; stems have order 1.
    pub max_branch_order: u32,
    /// Neurite sections of each branch order, from order 1 on.
    pub sections_by_branch_order: Vec<usize>,
    /// Mean diameter of the neurites, weighted by length.
    pub mean_diameter: f64,
    /// By kind of section: `soma`, `axon`, `dend`, `apic`, `undefined`, `custom`.
    pub by_kind: BTreeMap<&'static str, KindMetrics>,
    /// Doubts that reading raised.
    pub warnings: Vec<WarningLine>,
}

/// The soma in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SomaMetrics {
    /// Length, µm.
    pub length: f64,
    /// Mean diameter, µm.
    pub diameter: f64,
    /// Lateral area, µm².
    pub area: f64,
}

/// All sections of one kind in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct KindMetrics {
    /// Number of sections.
    pub sections: usize,
    /// Number of sections that start at the soma (or the root).
    pub trunks: usize,
    /// Length, µm.
    pub length: f64,
    /// Lateral area, µm².
    pub area: f64,
    /// Volume, µm³.
    pub volume: f64,
    /// Mean diameter, weighted by length, µm.
    pub mean_diameter: f64,
    /// Greatest distance along the cable from the middle of the soma, µm.
    pub max_path: f64,
}

/// A warning as one JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WarningLine {
    /// Its name.
    pub name: &'static str,
    /// What was found and what was assumed.
    pub message: String,
    /// Line in the file, from 1; 0 where it has none.
    pub line: u32,
}

impl Metrics {
    /// The metrics of what was read.
    pub fn of(reading: &Reading) -> Metrics {
        let mut metrics = of_samples(&reading.samples);
        metrics.soma_convention = reading.soma;
        metrics.soma_convention_text = reading.soma.to_string();
        metrics.cable(reading);
        let line = |w: &crate::error::Warning| WarningLine {
            name: w.name,
            message: w.message.clone(),
            line: w.place.line,
        };
        metrics.warnings = reading.warnings.iter().map(line).collect();
        metrics
    }

    fn cable(&mut self, reading: &Reading) {
        let cell = reading.as_written();
        let geometry = Geometry::of(cell);
        self.n_cable_sections = cell.sections.len();
        self.total_length = geometry.total_length_um();
        self.total_area = geometry.total_area_um2();
        self.total_volume = geometry.total_volume_um3();
        // Length times mean diameter, summed.
        let mut width: BTreeMap<&'static str, f64> = BTreeMap::new();
        for id in cell.section_ids() {
            let kind = cell.section(id).kind;
            let entry = self.by_kind.entry(kind.stem()).or_default();
            let length = geometry.section_length_um(id);
            let parent_is_soma =
                geometry.parent(id).is_none_or(|(up, _)| cell.section(up).kind == SectionKind::Soma);
            entry.sections += 1;
            entry.trunks += usize::from(parent_is_soma && kind != SectionKind::Soma);
            entry.length += length;
            entry.area += geometry.section_area_um2(id);
            entry.volume += geometry.section_volume_um3(id);
            *width.entry(kind.stem()).or_default() += length * geometry.mean_diameter_um(id, 0.0, 1.0);
            for end in [0.0, 1.0] {
                let path = geometry.path_distance_um(id, end);
                entry.max_path = entry.max_path.max(path);
                self.max_path_from_soma = self.max_path_from_soma.max(path);
                let straight = geometry.euclidean_distance_um(id, end);
                self.max_euclidean_from_soma = self.max_euclidean_from_soma.max(straight);
            }
            let order = geometry.branch_order(id);
            if order > 0 {
                self.max_branch_order = self.max_branch_order.max(order);
                self.sections_by_branch_order.resize(self.max_branch_order as usize, 0);
                self.sections_by_branch_order[order as usize - 1] += 1;
            }
        }
        let mut neurites = (0.0, 0.0);
        for (stem, kind) in &mut self.by_kind {
            let width = width.get(stem).copied().unwrap_or(0.0);
            kind.mean_diameter = if kind.length > 0.0 { width / kind.length } else { 0.0 };
            if *stem != "soma" {
                neurites = (neurites.0 + kind.length, neurites.1 + width);
            } else {
                self.soma =
                    Some(SomaMetrics { length: kind.length, diameter: kind.mean_diameter, area: kind.area });
            }
        }
        self.mean_diameter = if neurites.0 > 0.0 { neurites.1 / neurites.0 } else { 0.0 };
    }
}

/// What is counted on the samples; the rest is empty.
fn of_samples(samples: &[Sample]) -> Metrics {
    let mut children = vec![0u32; samples.len()];
    let mut like_children = vec![0u32; samples.len()];
    for sample in samples {
        if let Some(up) = sample.parent {
            children[up as usize] += 1;
            like_children[up as usize] += u32::from(samples[up as usize].code == sample.code);
        }
    }
    let mut low = [f64::INFINITY; 3];
    let mut high = [f64::NEG_INFINITY; 3];
    let mut sums = [0.0; 4];
    let (mut segments, mut trunks, mut sections) = (0, 0, 0);
    for (index, sample) in samples.iter().enumerate() {
        for (axis, value) in [sample.x, sample.y, sample.z].into_iter().enumerate() {
            low[axis] = low[axis].min(value);
            high[axis] = high[axis].max(value);
        }
        if sample.code == SOMA {
            continue;
        }
        sections += usize::from(children[index] != 1 || like_children[index] != 1);
        let Some(up) = sample.parent.map(|up| &samples[up as usize]) else {
            trunks += 1;
            continue;
        };
        let length = step(up, sample);
        if up.code == SOMA {
            trunks += 1;
            sums[3] += length;
        } else {
            segments += 1;
            sums[0] += length;
            sums[1] += frustum_area_um2(length, up.radius, sample.radius);
            sums[2] += frustum_volume_um3(length, up.radius, sample.radius);
        }
    }
    Metrics {
        n_samples: samples.len(),
        n_roots: samples.iter().filter(|sample| sample.parent.is_none()).count(),
        n_tips: children.iter().filter(|count| **count == 0).count(),
        n_branch_points: children.iter().filter(|count| **count > 1).count(),
        n_segments: segments,
        n_sections: sections,
        n_trunks: trunks,
        neurite_length: sums[0],
        neurite_area: sums[1],
        neurite_volume: sums[2],
        soma_link_length: sums[3],
        max_path: longest_path(samples),
        bounding_box: [low, high],
        soma_convention: SomaConvention::None,
        soma_convention_text: String::new(),
        soma: None,
        n_cable_sections: 0,
        total_length: 0.0,
        total_area: 0.0,
        total_volume: 0.0,
        max_path_from_soma: 0.0,
        max_euclidean_from_soma: 0.0,
        max_branch_order: 0,
        sections_by_branch_order: Vec::new(),
        mean_diameter: 0.0,
        by_kind: BTreeMap::new(),
        warnings: Vec::new(),
    }
}

fn step(a: &Sample, b: &Sample) -> f64 {
    ((a.x - b.x).powi(2) + (a.y - b.y).powi(2) + (a.z - b.z).powi(2)).sqrt()
}

/// The longest path from a root, in any order of parents and children.
fn longest_path(samples: &[Sample]) -> f64 {
    let mut paths = vec![f64::NAN; samples.len()];
    let mut way = Vec::new();
    let mut longest = 0.0;
    for start in 0..samples.len() {
        let mut at = start;
        let mut path = loop {
            if !paths[at].is_nan() {
                break paths[at];
            }
            way.push(at);
            match samples[at].parent {
                Some(up) => at = up as usize,
                None => break 0.0,
            }
        };
        while let Some(index) = way.pop() {
            if let Some(up) = samples[index].parent {
                path += step(&samples[up as usize], &samples[index]);
            }
            paths[index] = path;
            longest = f64::max(longest, path);
        }
    }
    longest
}
