//! Cells made by hand: sections given by points, or by length and diameter.

use super::tree::{Morphology, Point, Section, SectionId, SectionKind, Segment};
use crate::error::{Error, ErrorKind, Result, nearest};
use std::collections::BTreeMap;

/// The course of a hand-made section.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Points of the centre line with their diameters, near to far; at least two.
    Points(Vec<Point>),
    /// A straight frustum. It starts where it hangs on its parent (at the parent's surface, where that
    /// is between the ends), or at the origin.
    Frustum {
        /// Length, µm.
        length_um: f64,
        /// Diameters at the start and the end, µm.
        diameters_um: [f64; 2],
        /// Its direction, of any length. Without one: +x for the root; away from the parent for a
        /// section at its ends, across it (+y side) between them; several at one place fan out.
        direction: Option<[f64; 3]>,
    },
}

/// A section of a hand-made cell, for [`Morphology::from_sections`].
#[derive(Debug, Clone, PartialEq)]
pub struct SectionPlan {
    /// Its name, unique in the cell.
    pub name: String,
    /// What part of the neuron it is.
    pub kind: SectionKind,
    /// Its course.
    pub shape: Shape,
    /// Name of its parent, and the fraction of the parent's length where it hangs; `None` for the root.
    pub parent: Option<(String, f64)>,
}

impl SectionPlan {
    /// A cylinder that is the cell's root; see [`SectionPlan::on`].
    pub fn cylinder(
        name: impl Into<String>,
        kind: SectionKind,
        length_um: f64,
        diameter_um: f64,
    ) -> SectionPlan {
        let shape = Shape::Frustum { length_um, diameters_um: [diameter_um; 2], direction: None };
        SectionPlan { name: name.into(), kind, shape, parent: None }
    }

    /// A section along points that is the cell's root; see [`SectionPlan::on`].
    pub fn points(name: impl Into<String>, kind: SectionKind, points: impl Into<Vec<Point>>) -> SectionPlan {
        SectionPlan { name: name.into(), kind, shape: Shape::Points(points.into()), parent: None }
    }

    /// Hangs the section at `fraction` (0 to 1) of the section called `parent`.
    pub fn on(mut self, parent: impl Into<String>, fraction: f64) -> SectionPlan {
        self.parent = Some((parent.into(), fraction));
        self
    }

    /// Sets the direction of a frustum.
    pub fn along(mut self, to: [f64; 3]) -> SectionPlan {
        if let Shape::Frustum { direction, .. } = &mut self.shape {
            *direction = Some(to);
        }
        self
    }

    fn wrong(&self, message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Value, message).in_element(format!("section `{}`", self.name))
    }

    /// Everything about the section that can be judged alone.
    fn check(&self) -> Result<()> {
        if self.name.trim().is_empty() {
            return Err(self.wrong("the name is empty").help("name the section"));
        }
        let fraction = self.parent.as_ref().map(|(_, fraction)| *fraction);
        if let Some(fraction) = fraction.filter(|fraction| !(0.0..=1.0).contains(fraction)) {
            return Err(self
                .wrong(format!("hangs at fraction {fraction} of its parent"))
                .help("0 is the parent's start, 1 its end"));
        }
        let positive = |what: &str, value: f64| {
            if value > 0.0 && value.is_finite() {
                Ok(())
            } else {
                Err(self.wrong(format!("{what} is {value} µm")).help("give a length greater than 0"))
            }
        };
        match &self.shape {
            Shape::Points(points) => {
                if points.len() < 2 {
                    return Err(self
                        .wrong(format!("{} points", points.len()))
                        .help("give two points or more, or a length and a diameter"));
                }
                for point in points {
                    if ![point.x, point.y, point.z].iter().all(|value| value.is_finite()) {
                        return Err(self.wrong("a coordinate is not a finite number"));
                    }
                    positive("the diameter of a point", point.diameter)?;
                }
                let length: f64 = points.windows(2).map(|pair| pair[0].distance(pair[1])).sum();
                positive("the length along the points", length)
            }
            Shape::Frustum { length_um, diameters_um, direction } => {
                positive("the length", *length_um)?;
                positive("the diameter", diameters_um[0])?;
                positive("the diameter", diameters_um[1])?;
                if direction.is_some_and(|to| unit(to).is_none()) {
                    return Err(self
                        .wrong("the direction has no length")
                        .help("give a vector such as [0, 1, 0]"));
                }
                Ok(())
            }
        }
    }
}

impl Morphology {
    /// The cell that `plans` describe, in any order. The numbers of a section's segments count from 1
    /// in the order of the result.
    ///
    /// # Errors
    /// When there is no section or no single root, a name is empty or used twice, a parent does not
    /// exist, parents form a circle, a fraction lies outside 0 to 1, or a length or diameter is not a
    /// positive number. All errors found are returned as one.
    pub fn from_sections(name: impl Into<String>, plans: &[SectionPlan]) -> Result<Morphology> {
        let mut errors: Vec<Error> = plans.iter().filter_map(|plan| plan.check().err()).collect();
        let mut index = BTreeMap::new();
        for (place, plan) in plans.iter().enumerate() {
            if index.insert(plan.name.as_str(), place).is_some() {
                let message = "another section has this name";
                errors.push(
                    Error::new(ErrorKind::Name, message).in_element(format!("section `{}`", plan.name)),
                );
            }
        }
        let mut parents = Vec::with_capacity(plans.len());
        for plan in plans {
            let parent = plan.parent.as_ref().map(|(parent, _)| index.get(parent.as_str()).copied());
            if let (Some(None), Some((parent, _))) = (parent, &plan.parent) {
                let error = Error::new(ErrorKind::Name, format!("its parent `{parent}` does not exist"))
                    .in_element(format!("section `{}`", plan.name));
                errors.push(match nearest(parent, index.keys().copied()) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error,
                });
            }
            parents.push(parent.flatten());
        }
        let roots: Vec<&str> = plans.iter().filter(|p| p.parent.is_none()).map(|p| p.name.as_str()).collect();
        if roots.len() != 1 {
            let found = if roots.is_empty() { "none".into() } else { roots.join(", ") };
            errors.push(
                Error::new(ErrorKind::Value, format!("a cell has one root section, found {found}"))
                    .help("give every other section a parent"),
            );
        }
        if let Some(error) = Error::join(errors) {
            return Err(error);
        }
        Maker::new(plans, &parents, name.into()).make()
    }
}

/// Builds sections parents first, each where its parent lies.
struct Maker<'a> {
    plans: &'a [SectionPlan],
    parents: &'a [Option<usize>],
    /// Id of each plan's section, once it is built.
    ids: Vec<Option<SectionId>>,
    morphology: Morphology,
}

impl<'a> Maker<'a> {
    fn new(plans: &'a [SectionPlan], parents: &'a [Option<usize>], name: String) -> Maker<'a> {
        let morphology = Morphology { name, ..Morphology::default() };
        Maker { plans, parents, ids: vec![None; plans.len()], morphology }
    }

    fn make(mut self) -> Result<Morphology> {
        let mut children = vec![Vec::new(); self.plans.len()];
        let mut ready = Vec::new();
        for (index, parent) in self.parents.iter().enumerate() {
            match parent {
                Some(parent) => children[*parent].push(index),
                None => ready.push(index),
            }
        }
        // Parents before children, else in the order given: the lowest that is ready comes next.
        let mut ready: std::collections::BTreeSet<usize> = ready.into_iter().collect();
        while let Some(index) = ready.pop_first() {
            self.add(index);
            ready.extend(children[index].iter().copied());
        }
        if let Some(lost) = self.ids.iter().position(Option::is_none) {
            return Err(self.plans[lost]
                .wrong("its ancestors form a circle")
                .help("a neuron is a tree: mend the parents"));
        }
        Ok(self.morphology)
    }

    fn add(&mut self, index: usize) {
        let plan = &self.plans[index];
        let id = SectionId(self.morphology.sections.len() as u32);
        let parent = self.parents[index].and_then(|parent| self.ids[parent]);
        let parent = parent.zip(plan.parent.as_ref().map(|(_, fraction)| *fraction));
        let points = match &plan.shape {
            Shape::Points(points) => points.clone(),
            Shape::Frustum { length_um, diameters_um, direction } => {
                let given = direction.and_then(unit);
                let (start, to) = match parent {
                    None => ([0.0; 3], given.unwrap_or([1.0, 0.0, 0.0])),
                    Some((on, fraction)) => self.start(on, fraction, given),
                };
                let at = |distance: f64, diameter: f64| {
                    let [x, y, z] = [0, 1, 2].map(|axis| start[axis] + to[axis] * distance);
                    Point::new(x, y, z, diameter)
                };
                vec![at(0.0, diameters_um[0]), at(*length_um, diameters_um[1])]
            }
        };
        let first = self.morphology.segments.len() as u32;
        for pair in points.windows(2) {
            let file_id = self.morphology.segments.len() as u64 + 1;
            let (proximal, distal) = (pair[0], pair[1]);
            self.morphology.segments.push(Segment { file_id, name: None, proximal, distal, section: id });
        }
        let segments = first..self.morphology.segments.len() as u32;
        let section = Section { name: plan.name.clone(), kind: plan.kind, segments, parent };
        self.morphology.sections.push(section);
        self.ids[index] = Some(id);
    }

    /// Where a frustum starts that hangs at `fraction` of section `on`, and its direction.
    fn start(&self, on: SectionId, fraction: f64, given: Option<[f64; 3]>) -> ([f64; 3], [f64; 3]) {
        let segments = self.morphology.segments_of(on);
        let length: f64 = segments.iter().map(Segment::length).sum();
        let mut left = fraction * length;
        let mut segment = &segments[0];
        for next in segments {
            segment = next;
            if left <= next.length() {
                break;
            }
            left -= next.length();
        }
        let along = if segment.length() > 0.0 { (left / segment.length()).min(1.0) } else { 1.0 };
        let point = segment.proximal.towards(segment.distal, along);
        let (a, b) = (segment.proximal, segment.distal);
        let axis = unit([b.x - a.x, b.y - a.y, b.z - a.z]).unwrap_or([1.0, 0.0, 0.0]);
        let here = |section: &&Section| section.parent == Some((on, fraction));
        let siblings = self.morphology.sections.iter().filter(here).count();
        let within = fraction > 0.0 && fraction < 1.0;
        let to = given.unwrap_or_else(|| {
            let base = match fraction {
                f if f <= 0.0 => axis.map(|part| -part),
                f if f >= 1.0 => axis,
                // Across the axis, in the plane of the axis and y.
                _ => unit([-axis[0] * axis[1], 1.0 - axis[1] * axis[1], -axis[2] * axis[1]])
                    .unwrap_or([1.0, 0.0, 0.0]),
            };
            // The first goes straight on; others turn by steps of 30° to alternating sides, about z.
            let steps = siblings.div_ceil(2);
            turned(base, steps, siblings % 2 == 1)
        });
        let offset = if within { point.diameter / 2.0 } else { 0.0 };
        ([point.x + to[0] * offset, point.y + to[1] * offset, point.z + to[2] * offset], to)
    }
}

/// `vector` turned about z by `steps` of 30°, to the left or the right.
fn turned(vector: [f64; 3], steps: usize, left: bool) -> [f64; 3] {
    let (mut x, mut y) = (vector[0], vector[1]);
    let (cos, sin) = (3f64.sqrt() / 2.0, if left { 0.5 } else { -0.5 });
    for _ in 0..steps % 12 {
        (x, y) = (x * cos - y * sin, x * sin + y * cos);
    }
    [x, y, vector[2]]
}

/// `vector` with length 1; `None` when it has none or is not finite.
fn unit(vector: [f64; 3]) -> Option<[f64; 3]> {
    let length = vector.iter().map(|part| part * part).sum::<f64>().sqrt();
    (length > 0.0 && length.is_finite()).then(|| vector.map(|part| part / length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::morph::Geometry;
    use SectionKind::{BasalDendrite, Soma};

    fn ball_and_stick() -> Vec<SectionPlan> {
        vec![
            SectionPlan::cylinder("dend", BasalDendrite, 500.0, 2.0).on("soma", 0.0),
            SectionPlan::cylinder("soma", Soma, 18.8, 18.8),
        ]
    }

    #[test]
    fn a_ball_and_stick_in_any_order() {
        let cell = Morphology::from_sections("cell", &ball_and_stick()).unwrap();
        assert_eq!(cell.sections[0].name, "soma");
        assert_eq!(cell.sections[1].parent, Some((SectionId(0), 0.0)));
        let g = Geometry::of(&cell);
        assert_eq!(g.section_length_um(SectionId(1)), 500.0);
        assert_eq!(g.path_distance_um(SectionId(1), 1.0), 509.4);
        // On the soma's start the dendrite runs away from the soma.
        assert_eq!(g.point_at(SectionId(1), 1.0), Point::new(-500.0, 0.0, 0.0, 2.0));
    }

    #[test]
    fn sections_at_one_place_fan_out() {
        let mut plans = ball_and_stick();
        for name in ["a", "b", "c"] {
            plans.push(SectionPlan::cylinder(name, BasalDendrite, 100.0, 1.0).on("dend", 1.0));
        }
        let cell = Morphology::from_sections("cell", &plans).unwrap();
        let g = Geometry::of(&cell);
        let ends: Vec<Point> = (2..5).map(|i| g.point_at(SectionId(i), 1.0)).collect();
        assert!(ends.iter().all(|end| (end.distance(g.point_at(SectionId(1), 1.0)) - 100.0).abs() < 1e-9));
        assert!(ends[0].distance(ends[1]) > 50.0 && ends[1].distance(ends[2]) > 50.0);
    }

    #[test]
    fn points_keep_their_places() {
        let points = [Point::new(0.0, 0.0, 0.0, 4.0), Point::new(0.0, 3.0, 4.0, 2.0)];
        let plans = [
            SectionPlan::cylinder("soma", Soma, 10.0, 10.0),
            SectionPlan::points("dend", BasalDendrite, points).on("soma", 0.5),
            SectionPlan::cylinder("twig", BasalDendrite, 7.0, 1.0).on("dend", 0.5).along([0.0, 0.0, 2.0]),
        ];
        let cell = Morphology::from_sections("cell", &plans).unwrap();
        assert_eq!(cell.segments[1].distal, points[1]);
        // Starts at the surface of the dendrite, 3 µm wide there.
        assert_eq!(cell.segments[2].proximal, Point::new(0.0, 1.5, 2.0 + 1.5, 1.0));
    }

    #[test]
    fn wrong_plans_are_refused_together() {
        let refused = |plans: &[SectionPlan], words: &[&str]| {
            let error = Morphology::from_sections("cell", plans).unwrap_err().to_string();
            for word in words {
                assert!(error.contains(word), "{error}");
            }
        };
        refused(&[], &["one root section, found none"]);
        let mut plans = ball_and_stick();
        plans[0].parent = Some(("som".into(), 1.5));
        refused(&plans, &["`som` does not exist", "did you mean `soma`", "fraction 1.5"]);
        let mut plans = ball_and_stick();
        plans[0] = SectionPlan::cylinder("soma", BasalDendrite, -1.0, f64::NAN);
        refused(&plans, &["another section has this name", "the length is -1", "found soma, soma"]);
        let circle = [
            SectionPlan::cylinder("a", Soma, 1.0, 1.0),
            SectionPlan::cylinder("b", Soma, 1.0, 1.0).on("c", 0.0),
            SectionPlan::cylinder("c", Soma, 1.0, 1.0).on("b", 0.0),
        ];
        refused(&circle, &["circle"]);
        refused(&[SectionPlan::points("a", Soma, [Point::new(0.0, 0.0, 0.0, 1.0)])], &["1 points"]);
    }
}
