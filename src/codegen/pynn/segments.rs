//! A shape as PyNN has it: a segment for each compartment, each joined to the far end of its parent.

use std::collections::BTreeSet;
use std::f64::consts::PI;

use super::super::layout::{points, stretch};
use super::super::names::Names;
use crate::engine::CellPlan;
use crate::morph::{Morphology, Point, SectionId, SectionKind};

/// PyNN's NEURON backend makes a segment one compartment up to this share of its length constant.
const D_LAMBDA: f64 = 0.1;

/// The frequency (Hz) of that length constant.
const FREQUENCY_HZ: f64 = 100.0;

/// Attachments nearer to an end than this fraction of a section are at the end.
const END: f64 = 1e-9;

/// The shape of a cell. Segments have the indices of the plan's compartments.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    /// The segments, parents before children.
    pub(super) segments: Vec<Segment>,
    /// Axial resistivity, Ω cm.
    pub(super) ra_ohm_cm: f64,
    /// Segments that sit elsewhere than at the far end of their parents, and where: 0 the near end, 0.5 the middle.
    pub(super) joints: Vec<(usize, f64)>,
    /// Whether some are longer than what PyNN makes one compartment.
    pub(super) is_coarse: bool,
    /// Groups of segments: label and members.
    pub(super) groups: Vec<(String, Vec<usize>)>,
    /// For each segment its section: name and kind.
    sections: Vec<(String, SectionKind)>,
    names: Names,
}

/// A frustum.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub(super) name: String,
    pub(super) parent: Option<usize>,
    pub(super) near: Point,
    pub(super) far: Point,
}

impl Tree {
    /// The compartments of `plan`, which is of a cell with this shape. Its compartment `source`, from which spikes leave, is called
    /// as PyNN wants it.
    pub(super) fn new(morphology: &Morphology, plan: &CellPlan, source: Option<usize>) -> Tree {
        let cut = &plan.discretisation;
        let ra_ohm_m = plan.resistivity_ohm_m.first().copied().unwrap_or(1.0);
        let mut names = Names::new(&["all"]);
        if source.is_some() {
            names.claim(SOURCE);
        }
        let mut segments = Vec::with_capacity(cut.cvs.len());
        let (mut joints, mut sections) = (Vec::new(), Vec::new());
        let mut is_coarse = false;
        for id in morphology.section_ids() {
            let section = morphology.section(id);
            let own = cut.cvs_of(id);
            let all = points(morphology, id);
            for (k, cv) in own.clone().enumerate() {
                let of = &cut.cvs[cv];
                let name = match own.len() {
                    _ if source == Some(cv) => SOURCE.to_string(),
                    1 => names.claim(&section.name),
                    _ => names.claim(&format!("{}_{k}", section.name)),
                };
                let parent = match k {
                    0 => attached(morphology, plan, id),
                    _ => Some((cv - 1, 1.0)),
                };
                if let Some((_, at)) = parent.filter(|(_, at)| *at < 1.0) {
                    joints.push((cv, at));
                }
                let line = stretch(&all, of.from, of.to);
                let relative = plan.resistivity_ohm_m.get(cv).map_or(1.0, |r| r / ra_ohm_m);
                let (near, far) = match line[..] {
                    [near, far] if relative == 1.0 => (near, far),
                    _ => frustum(&line, of.area_m2, of.near_per_m * relative, of.far_per_m * relative),
                };
                let cm = plan.specific_capacitance.get(cv).map_or(1.0, |c| c * 1e2);
                let length_constant =
                    1e5 * (of.diameter_um / (4.0 * PI * FREQUENCY_HZ * ra_ohm_m * 1e2 * cm)).sqrt();
                is_coarse |= of.length_um > 0.99 * D_LAMBDA * length_constant;
                segments.push(Segment { name, parent: parent.map(|(parent, _)| parent), near, far });
                sections.push((section.name.clone(), section.kind));
            }
        }
        // Both ends of a lone compartment are alike.
        let at_root: BTreeSet<usize> =
            joints.iter().filter(|(_, at)| *at == 0.0).map(|(cv, _)| *cv).collect();
        let others =
            segments.iter().enumerate().filter(|(cv, s)| s.parent == Some(0) && !at_root.contains(cv));
        let is_even = cut.cvs.first().is_some_and(|cv| (cv.near_per_m / cv.far_per_m - 1.0).abs() < 1e-9);
        if is_even && others.count() == 0 {
            joints.retain(|(cv, _)| !at_root.contains(cv));
        }
        Tree { segments, ra_ohm_cm: ra_ohm_m * 1e2, joints, is_coarse, groups: Vec::new(), sections, names }
    }

    /// The label of the segments `wanted`, in order of their indices: their own, or that of a group, which is made if there is none.
    pub(super) fn label(&mut self, wanted: &[usize]) -> String {
        match wanted {
            _ if wanted.len() == self.segments.len() => return "all".to_string(),
            [one] => return self.segments.get(*one).map(|s| s.name.clone()).unwrap_or_default(),
            _ => {}
        }
        if let Some((label, _)) = self.groups.iter().find(|(_, members)| members == wanted) {
            return label.clone();
        }
        let of = |cv: &usize| self.sections.get(*cv);
        let first = wanted.first().and_then(of).cloned();
        let name = match first {
            Some((name, _)) if wanted.iter().all(|cv| of(cv).is_some_and(|(n, _)| *n == name)) => name,
            Some((_, kind)) if wanted.iter().all(|cv| of(cv).is_some_and(|(_, k)| *k == kind)) => {
                kind_name(kind).to_string()
            }
            _ => "region".to_string(),
        };
        let label = self.names.claim(&name);
        self.groups.push((label.clone(), wanted.to_vec()));
        label
    }
}

/// What PyNN calls the segment from which spikes leave.
const SOURCE: &str = "soma";

fn kind_name(kind: SectionKind) -> &'static str {
    match kind {
        SectionKind::Soma => "cell_body",
        SectionKind::Axon => "axon",
        SectionKind::BasalDendrite => "basal_dendrites",
        SectionKind::ApicalDendrite => "apical_dendrites",
        SectionKind::Undefined | SectionKind::Custom(_) => "neurites",
    }
}

/// The compartment on which a section sits, and where: 0, 0.5 or 1.
fn attached(morphology: &Morphology, plan: &CellPlan, section: SectionId) -> Option<(usize, f64)> {
    let cut = &plan.discretisation;
    let (mut parent, mut at) = morphology.section(section).parent?;
    loop {
        let own = cut.cvs_of(parent);
        if at >= 1.0 - END {
            return Some((own.end.checked_sub(1)?, 1.0));
        }
        if at > END {
            return Some((cut.cv_at(parent, at) as usize, 0.5));
        }
        // The near end of a section is where that one sits itself.
        match morphology.section(parent).parent {
            Some(next) => (parent, at) = next,
            None => return Some((own.start, 0.0)),
        }
    }
}

/// The frustum with this area (m²) and these integrals of ds / cross-section (1/m) over its halves, which begins where `line` does
/// and points where that ends.
///
/// With diameters d1 and d2, their mean d and length L the integrals are (2/π) L / (d1 d) and (2/π) L / (d d2), and the area is
/// π d √(L² + ((d1 - d2) / 2)²).
fn frustum(line: &[Point], area_m2: f64, near_per_m: f64, far_per_m: f64) -> (Point, Point) {
    let ratio = far_per_m / near_per_m;
    let shape = |far: f64| {
        let length = far_per_m * PI / 4.0 * (ratio + 1.0) * far * far;
        let mean = far * (ratio + 1.0) / 2.0;
        let slant = length.hypot((ratio - 1.0) * far / 2.0);
        (length, PI * mean * slant)
    };
    // The area grows with the diameter: halve the range, in logarithms, until it is one number.
    let (mut low, mut high) = (1e-12_f64, 1e-1_f64);
    for _ in 0..200 {
        let middle = (low * high).sqrt();
        if shape(middle).1 < area_m2 { low = middle } else { high = middle }
    }
    let far = (low * high).sqrt();
    let length_um = shape(far).0 * 1e6;
    let (from, to) = match (line.first(), line.last()) {
        (Some(from), Some(to)) => (*from, *to),
        _ => (Point::new(0.0, 0.0, 0.0, 0.0), Point::new(1.0, 0.0, 0.0, 0.0)),
    };
    let chord = from.distance(to);
    let [x, y, z] = match chord > 0.0 {
        true => [to.x - from.x, to.y - from.y, to.z - from.z].map(|x| x / chord),
        false => [1.0, 0.0, 0.0],
    };
    let near_end = Point::new(from.x, from.y, from.z, ratio * far * 1e6);
    let far_end =
        Point::new(from.x + x * length_um, from.y + y * length_um, from.z + z * length_um, far * 1e6);
    (near_end, far_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answer: a frustum from 4 to 2 µm over 10 µm.
    #[test]
    fn a_frustum_is_found_by_its_area_and_resistances() {
        let (d1, d2, length) = (4e-6_f64, 2e-6_f64, 10e-6_f64);
        let mean = (d1 + d2) / 2.0;
        let area = PI * mean * length.hypot((d1 - d2) / 2.0);
        let near = 2.0 / PI * length / (d1 * mean);
        let far = 2.0 / PI * length / (mean * d2);
        let line = [Point::new(1.0, 2.0, 3.0, 9.0), Point::new(1.0, 7.0, 3.0, 9.0)];
        let (a, b) = frustum(&line, area, near, far);
        let close = |x: f64, y: f64| (x - y).abs() < 1e-9;
        assert!(close(a.diameter, 4.0) && close(b.diameter, 2.0), "{a:?} {b:?}");
        assert!(close(a.y, 2.0) && close(b.y, 12.0) && close(b.x, 1.0), "{a:?} {b:?}");
    }
}
