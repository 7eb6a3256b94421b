//! From a morphology to compartments and the tree of nodes that the cable equation is solved on.
//!
//! A compartment (control volume, CV) is a stretch of one section. Its potential is that at its
//! middle by length, its area the lateral area of the true frusta, and the axial resistance between
//! two middles the integral of Rₐ ds / cross-section over the way between them. This is the
//! second-order compartmentalisation of Hines & Carnevale (1997, Neural Comput 9:1179), with the
//! geometric integrals taken exactly.
//!
//! Where three or more half compartments meet at the ends of sections there is a node without area,
//! a fork. Where two meet their resistances add. A section that is attached inside another one
//! (at the middle of a soma, say) hangs on the node of the compartment that holds that point.

use crate::error::{Error, ErrorKind, Result};
use crate::morph::{Morphology, Section, SectionId};

use super::frusta::{Stretch, Walk};
use super::rules::{Electrical, MAX_COMPARTMENTS, counts};
use crate::model::Rule;

/// No node, or no compartment.
pub const NONE: u32 = u32::MAX;

/// Attachments nearer to an end of a section than this fraction of its length are at the end.
const END: f64 = 1e-9;

/// A compartment: a stretch of a section.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cv {
    /// The section it is part of.
    pub section: SectionId,
    /// Where it begins, as a fraction of the section's length.
    pub from: f64,
    /// Where it ends, as a fraction of the section's length.
    pub to: f64,
    /// Its node.
    pub node: u32,
    /// Length along the centre line, µm.
    pub length_um: f64,
    /// Mean diameter over the length, µm.
    pub diameter_um: f64,
    /// Membrane area, m².
    pub area_m2: f64,
    /// Volume, m³.
    pub volume_m3: f64,
    /// Integral of ds / cross-section from the near end to the middle, 1/m.
    pub near_per_m: f64,
    /// The same from the middle to the far end, 1/m.
    pub far_per_m: f64,
}

impl Cv {
    /// The fraction of the section's length at which the middle lies.
    pub fn centre(&self) -> f64 {
        0.5 * (self.from + self.to)
    }
}

/// A cell cut into compartments, and the tree of its nodes.
///
/// Nodes are ordered parents before children, node 0 is the root. The compartments of a section
/// are consecutive in `cvs`, near to far, section by section.
#[derive(Debug, Clone, PartialEq)]
pub struct Discretisation {
    /// All compartments.
    pub cvs: Vec<Cv>,
    /// The parent of each node, [`NONE`] for the root.
    pub node_parent: Vec<u32>,
    /// The compartment of each node, [`NONE`] for a fork.
    pub node_cv: Vec<u32>,
    /// First compartment of each section, and the number of compartments at the end.
    section_first: Vec<u32>,
    /// The half compartments between a node and its parent, as indices into
    /// near 0, far 0, near 1, far 1, ...; [`NONE`] where there is only one.
    halves: Vec<[u32; 2]>,
}

impl Discretisation {
    /// Cuts `morphology` into compartments, each section by the rule of the same index.
    ///
    /// `electrical` gives resistivity and capacitance at the middle of a section; only the d_lambda
    /// rule asks for it. Takes time linear in segments and compartments.
    ///
    /// # Errors
    /// A section of no length, a diameter that is negative or not a number, a diameter of zero
    /// where current has to pass (the tip of a terminal branch may be one), a compartment without
    /// area, numbers of compartments out of range.
    pub fn new(
        morphology: &Morphology,
        rules: &[Rule],
        electrical: impl Fn(SectionId) -> Electrical,
    ) -> Result<Discretisation> {
        if morphology.sections.is_empty() {
            return Err(Error::new(ErrorKind::Value, "the morphology has no sections"));
        }
        let errors = morphology.section_ids().filter_map(|id| check_shape(morphology, id).err()).collect();
        if let Some(error) = Error::join(errors) {
            return Err(error.in_element(morphology.name.clone()));
        }
        let counts = counts(morphology, rules, electrical)?;
        let total: usize = counts.iter().map(|&n| n as usize).sum();
        if total > MAX_COMPARTMENTS {
            let message =
                format!("the cell would have {total} compartments, the limit is {MAX_COMPARTMENTS}");
            return Err(Error::new(ErrorKind::Limit, message).help("choose a coarser discretisation"));
        }
        let mut cvs = Vec::with_capacity(total);
        let mut section_first = Vec::with_capacity(counts.len() + 1);
        for (id, &n) in morphology.section_ids().zip(&counts) {
            section_first.push(cvs.len() as u32);
            cut_section(morphology, id, n, &mut cvs)?;
        }
        section_first.push(cvs.len() as u32);
        let mut this = Discretisation {
            node_parent: Vec::with_capacity(cvs.len()),
            node_cv: Vec::with_capacity(cvs.len()),
            halves: Vec::with_capacity(cvs.len()),
            section_first,
            cvs,
        };
        this.build_tree(morphology)?;
        this.check_pinched(morphology)?;
        Ok(this)
    }

    /// The number of nodes: compartments and forks.
    pub fn n_nodes(&self) -> usize {
        self.node_parent.len()
    }

    /// The number of forks: nodes without area.
    pub fn n_forks(&self) -> usize {
        self.node_parent.len() - self.cvs.len()
    }

    /// Indices of the compartments of `section`, near to far.
    pub fn cvs_of(&self, section: SectionId) -> std::ops::Range<usize> {
        let at = |i: usize| self.section_first.get(i).map_or(self.cvs.len(), |&n| n as usize);
        at(section.index())..at(section.index() + 1)
    }

    /// The compartment that holds the point at `fraction` (0 to 1) of `section`; a point between
    /// two compartments belongs to the further one. [`NONE`] if there is no such section.
    pub fn cv_at(&self, section: SectionId, fraction: f64) -> u32 {
        let range = self.cvs_of(section);
        if range.is_empty() {
            return NONE;
        }
        let before = self.cvs[range.clone()].partition_point(|cv| cv.to <= fraction);
        (range.start + before).min(range.end - 1) as u32
    }

    /// The node of the compartment that holds the point at `fraction` (0 to 1) of `section`.
    /// [`NONE`] if there is no such section.
    pub fn node_at(&self, section: SectionId, fraction: f64) -> u32 {
        self.cvs.get(self.cv_at(section, fraction) as usize).map_or(NONE, |cv| cv.node)
    }

    /// The axial conductance from each node to its parent, S; 0 for the root.
    ///
    /// `resistivity_ohm_m` gives the axial resistivity (Ω m) of each compartment.
    pub fn axial_conductances(&self, resistivity_ohm_m: impl Fn(usize) -> f64) -> Vec<f64> {
        let half = |index: u32| match self.cvs.get(index as usize / 2) {
            Some(cv) => {
                let per_m = if index.is_multiple_of(2) { cv.near_per_m } else { cv.far_per_m };
                per_m * resistivity_ohm_m(index as usize / 2)
            }
            None => 0.0,
        };
        let conductance = |&[own, other]: &[u32; 2]| match (own, other) {
            (NONE, NONE) => 0.0,
            _ => 1.0 / (half(own) + half(other)),
        };
        self.halves.iter().map(conductance).collect()
    }

    /// The whole membrane area, m².
    pub fn area_m2(&self) -> f64 {
        self.cvs.iter().map(|cv| cv.area_m2).sum()
    }

    fn add_node(&mut self, cv: u32, parent: u32, halves: [u32; 2]) -> u32 {
        let node = self.node_parent.len() as u32;
        self.node_parent.push(parent);
        self.node_cv.push(cv);
        self.halves.push(halves);
        if let Some(cv) = self.cvs.get_mut(cv as usize) {
            cv.node = node;
        }
        node
    }

    fn build_tree(&mut self, morphology: &Morphology) -> Result<()> {
        let (starts, mut joints) = self.joints(morphology)?;
        for (index, &start) in starts.iter().enumerate() {
            let range = self.cvs_of(SectionId(index as u32));
            for cv in range.clone() {
                let near = 2 * cv as u32;
                let (parent, halves) = if cv > range.start {
                    (self.cvs[cv - 1].node, [near, near - 1])
                } else {
                    match start {
                        Start::Root => (NONE, [NONE, NONE]),
                        Start::Inside(holder) => (self.cvs[holder as usize].node, [near, NONE]),
                        Start::Joint(joint) => match joints[joint] {
                            Joint { fork: NONE, half, .. } => {
                                (self.cvs[half as usize / 2].node, [near, half])
                            }
                            Joint { fork, .. } => (fork, [near, NONE]),
                        },
                    }
                };
                let node = self.add_node(cv as u32, parent, halves);
                // The joint at the root's near end, then the one at this section's far end.
                let ends = [(index == 0 && cv == range.start, 0), (cv + 1 == range.end, index + 1)];
                for (_, joint) in ends.into_iter().filter(|(is_here, _)| *is_here) {
                    let joint = &mut joints[joint];
                    if joint.children > 1 {
                        joint.fork = self.add_node(NONE, node, [joint.half, NONE]);
                    }
                }
            }
        }
        Ok(())
    }

    /// Where each section starts, and the joints: 0 at the near end of the root section, `i + 1`
    /// at the far end of section `i`.
    fn joints(&self, morphology: &Morphology) -> Result<(Vec<Start>, Vec<Joint>)> {
        let joint = |half| Joint { half, children: 0, fork: NONE };
        let mut joints = vec![joint(0)];
        joints.extend(self.section_first.iter().skip(1).map(|&next| joint(2 * next - 1)));
        let mut starts: Vec<Start> = Vec::with_capacity(morphology.sections.len());
        for (index, section) in morphology.sections.iter().enumerate() {
            let start = match section.parent {
                None if index == 0 => Start::Root,
                Some((parent, fraction)) if parent.index() < index => {
                    if fraction >= 1.0 - END {
                        Start::Joint(parent.index() + 1)
                    } else if fraction > END {
                        Start::Inside(self.cv_at(parent, fraction))
                    } else {
                        match starts[parent.index()] {
                            Start::Root => Start::Joint(0),
                            other => other,
                        }
                    }
                }
                _ => {
                    let message = format!(
                        "section {} hangs on no section before it; a cell has one root",
                        section.name
                    );
                    return Err(Error::new(ErrorKind::Value, message).in_element(morphology.name.clone()));
                }
            };
            if let Start::Joint(joint) = start {
                joints[joint].children += 1;
            }
            starts.push(start);
        }
        Ok((starts, joints))
    }

    /// An axial resistance that is in use must be finite.
    fn check_pinched(&self, morphology: &Morphology) -> Result<()> {
        let mut errors = Vec::new();
        for index in self.halves.iter().flatten().copied() {
            let Some(cv) = self.cvs.get(index as usize / 2) else { continue };
            let per_m = if index.is_multiple_of(2) { cv.near_per_m } else { cv.far_per_m };
            if !per_m.is_finite() {
                let error = in_section(
                    morphology.section(cv.section),
                    ErrorKind::Value,
                    format!(
                        "the diameter is 0 between {:.3} and {:.3} of its length: no current can pass",
                        cv.from, cv.to
                    ),
                );
                errors.push(error.help("give these points a diameter"));
            }
        }
        errors.dedup();
        Error::join(errors).map_or(Ok(()), Err)
    }
}

/// Where the near end of a section is.
#[derive(Debug, Clone, Copy)]
enum Start {
    Root,
    /// On the node of this compartment.
    Inside(u32),
    Joint(usize),
}

/// The end of a section, where others may begin.
#[derive(Debug, Clone, Copy)]
struct Joint {
    /// The half compartment on the root's side.
    half: u32,
    /// How many sections begin here.
    children: u32,
    /// Its node, once there is one.
    fork: u32,
}

fn in_section(section: &Section, kind: ErrorKind, message: impl std::fmt::Display) -> Error {
    Error::new(kind, format!("section {}: {message}", section.name))
}

fn check_shape(morphology: &Morphology, id: SectionId) -> Result<()> {
    let section = morphology.section(id);
    let mut length = 0.0;
    for segment in morphology.segments_of(id) {
        length += segment.length();
        for diameter in [segment.proximal.diameter, segment.distal.diameter] {
            if !(diameter >= 0.0 && diameter.is_finite()) {
                let message = format!("a diameter of {diameter} µm (at point {})", segment.file_id);
                return Err(in_section(section, ErrorKind::Value, message));
            }
        }
    }
    if !(length > 0.0 && length.is_finite()) {
        let message = format!("its length is {length} µm; it must be a positive number");
        return Err(
            in_section(section, ErrorKind::Value, message).help("remove the section or move its points")
        );
    }
    Ok(())
}

/// Appends the compartments of one section: `n` equally long ones, or one per segment if `n` is 0.
fn cut_section(morphology: &Morphology, id: SectionId, n: u32, cvs: &mut Vec<Cv>) -> Result<()> {
    let segments = morphology.segments_of(id);
    let length: f64 = segments.iter().map(|s| s.length()).sum();
    let mut ends = Vec::with_capacity((n as usize).max(segments.len()));
    if n > 0 {
        ends.extend((1..=n).map(|k| length * f64::from(k) / f64::from(n)));
    } else {
        let mut end = 0.0;
        for segment in segments {
            let before = end;
            end += segment.length();
            if end > before {
                ends.push(end);
            }
        }
    }
    if let Some(last) = ends.last_mut() {
        *last = f64::INFINITY;
    }
    let mut walk = Walk::new(segments);
    let mut start = 0.0;
    for (k, &end) in ends.iter().enumerate() {
        let stop = if end.is_finite() { end } else { length };
        let near = walk.to(0.5 * (start + stop));
        let far = walk.to(end);
        let fraction = |at: f64, k: usize| {
            if n > 0 {
                k as f64 / f64::from(n)
            } else if at < length {
                at / length
            } else {
                1.0
            }
        };
        cvs.push(compartment(id, fraction(start, k), fraction(stop, k + 1), near, far));
        if !cvs.last().is_some_and(|cv| cv.area_m2 > 0.0 && cv.area_m2.is_finite()) {
            let message = "a compartment of it has no membrane: the diameter is 0";
            return Err(in_section(morphology.section(id), ErrorKind::Value, message));
        }
        start = stop;
    }
    Ok(())
}

fn compartment(section: SectionId, from: f64, to: f64, near: Stretch, far: Stretch) -> Cv {
    let length_um = near.length_um + far.length_um;
    Cv {
        section,
        from,
        to,
        node: NONE,
        length_um,
        diameter_um: (near.diameter_um2 + far.diameter_um2) / length_um,
        area_m2: (near.area_um2 + far.area_um2) * 1e-12,
        volume_m3: (near.volume_um3 + far.volume_um3) * 1e-18,
        near_per_m: near.axial_per_um * 1e6,
        far_per_m: far.axial_per_um * 1e6,
    }
}

#[cfg(test)]
mod tests;
