//! From one tree of samples to sections.

use super::SomaConvention;
use super::link::Tree;
use super::soma;
use crate::morph::tree::{Morphology, Point, Section, SectionId, SectionKind, Segment};

/// Where a neurite hangs on the soma: the fraction of the soma's section, and whether the link from
/// there is no cable (for a neurite of more than one sample).
#[derive(Debug, Clone, Copy)]
struct Hold {
    fraction: f64,
    wire: bool,
}

struct Builder<'a> {
    tree: &'a Tree,
    soma: SomaConvention,
    radii: Option<&'a [f64]>,
    /// The child with which the section of a sample goes on.
    next: Vec<Option<u32>>,
    /// Samples that draw the soma and are no cable of their own.
    drawn: Vec<bool>,
    /// Section of each sample.
    section: Vec<u32>,
}

/// The sections of `tree`; `radii` replace those of the file.
pub(super) fn build(tree: &Tree, soma: SomaConvention, name: &str, radii: Option<&[f64]>) -> Morphology {
    let count = tree.samples.len();
    let mut builder = Builder {
        tree,
        soma,
        radii,
        next: vec![None; count],
        drawn: vec![false; count],
        section: vec![0; count],
    };
    builder.mark_drawn();
    builder.find_runs();
    let mut morphology = Morphology { name: name.into(), ..Morphology::default() };
    let in_order = |index: usize| if tree.sorted { index as u32 } else { tree.order[index] };
    for start in (0..count).map(in_order) {
        let up = tree.parent[start as usize];
        let goes_on = up.is_some_and(|up| builder.next[up as usize] == Some(start));
        if !builder.drawn[start as usize] && !goes_on {
            builder.section(start, &mut morphology);
        }
    }
    name_sections(&mut morphology);
    morphology
}

impl Builder<'_> {
    /// In the forms where all soma samples stand for one body, all but the root are drawing only.
    fn mark_drawn(&mut self) {
        if self.soma == SomaConvention::ThreePoint || self.soma.is_outline() {
            for index in 0..self.tree.samples.len() as u32 {
                self.drawn[index as usize] = self.tree.is_soma(index) && index != self.tree.root;
            }
        }
    }

    fn soma_children(&self, sample: u32) -> usize {
        self.tree.children(sample).iter().filter(|child| self.tree.is_soma(**child)).count()
    }

    fn find_runs(&mut self) {
        // Soma first: where neurites hang depends on its sections.
        for index in 0..self.next.len() as u32 {
            if self.tree.is_soma(index) && !self.drawn[index as usize] {
                self.next[index as usize] = self.next_of_soma(index);
            }
        }
        for place in 0..self.tree.order.len() {
            let index = self.tree.order[place];
            if !self.tree.is_soma(index) {
                self.next[index as usize] = self.next_of_neurite(index);
            }
        }
    }

    /// A soma goes on with the soma sample that follows at once in the file, and breaks where it forks
    /// except at the root: NEURON's rule, so that somata come out as they do there.
    fn next_of_soma(&self, sample: u32) -> Option<u32> {
        if self.drawn[sample as usize] || self.soma.is_outline() {
            return None;
        }
        let mut children = self.tree.children(sample).iter().copied();
        let child = children.find(|c| self.tree.is_soma(*c) && (!self.tree.sorted || *c == sample + 1))?;
        let alone = sample == self.tree.root || self.soma_children(sample) == 1;
        (alone && !self.drawn[child as usize]).then_some(child)
    }

    fn next_of_neurite(&self, sample: u32) -> Option<u32> {
        let children = self.tree.children(sample);
        let like = |child: &&u32| self.tree.code(**child) == self.tree.code(sample);
        if self.starts_bare(sample) {
            // This sample alone is no cable: the section needs a second.
            let first = children.iter().find(like).or(children.first());
            return first.copied().filter(|child| !self.tree.is_soma(*child));
        }
        match children {
            [only] if like(&only) => Some(*only),
            _ => None,
        }
    }

    /// Whether a section that starts at neurite sample `sample` starts there with no cable before.
    fn starts_bare(&self, sample: u32) -> bool {
        match self.tree.parent[sample as usize] {
            None => true,
            Some(_) if self.tree.loose[sample as usize] => true,
            Some(up) => self.tree.is_soma(up) && self.hold(up).wire,
        }
    }

    fn is_ball(&self) -> bool {
        !matches!(self.soma, SomaConvention::Cylinders) || self.next[self.tree.root as usize].is_none()
    }

    /// How a neurite hangs on soma sample `sample`.
    fn hold(&self, sample: u32) -> Hold {
        let forks = self.soma_children(sample) > 1;
        let drawn = self.drawn[sample as usize];
        if drawn || (sample == self.tree.root && self.is_ball()) {
            Hold { fraction: 0.5, wire: true }
        } else if sample == self.tree.root {
            Hold { fraction: 0.0, wire: forks }
        } else if self.next[sample as usize].is_none() {
            Hold { fraction: 1.0, wire: forks }
        } else {
            Hold { fraction: 0.5, wire: true }
        }
    }

    fn point(&self, sample: u32) -> Point {
        let at = self.tree.sample(sample);
        let radius = self.radii.map_or(at.radius, |radii| radii[sample as usize]);
        Point::new(at.x, at.y, at.z, 2.0 * radius)
    }

    /// Adds the section that starts at `start`.
    fn section(&mut self, start: u32, into: &mut Morphology) {
        let id = SectionId(into.sections.len() as u32);
        let mut run = vec![start];
        let mut at = start;
        while let Some(next) = self.next[at as usize] {
            run.push(next);
            at = next;
        }
        for sample in &run {
            self.section[*sample as usize] = id.0;
        }
        let up = self.tree.parent[start as usize];
        let mut parent = None;
        let mut kind_of = start;
        let mut points: Vec<(Point, u32)> = run.iter().map(|sample| (self.point(*sample), *sample)).collect();
        if let Some(up) = up {
            let on = SectionId(self.section[self.body_of(up) as usize]);
            let (fraction, first) = self.beginning(start, up, run.len());
            parent = Some((on, fraction));
            match first {
                Some(point) => points.insert(0, (point, start)),
                None => kind_of = run.get(1).copied().unwrap_or(start),
            }
        } else if self.tree.is_soma(start) && run.len() == 1 {
            points = self.body(start);
        } else if !self.tree.is_soma(start) {
            kind_of = run.get(1).copied().unwrap_or(start);
        }
        if points.len() == 1 {
            points.push(points[0]);
        }
        let first = into.segments.len() as u32;
        for pair in points.windows(2) {
            let ((proximal, _), (distal, sample)) = (pair[0], pair[1]);
            let file_id = self.tree.sample(sample).id;
            into.segments.push(Segment { file_id, name: None, proximal, distal, section: id });
        }
        let segments = first..into.segments.len() as u32;
        let kind = SectionKind::from_swc(self.tree.code(kind_of));
        into.sections.push(Section { name: String::new(), kind, segments, parent });
    }

    /// The sample whose section stands for soma sample or neurite sample `sample`.
    fn body_of(&self, sample: u32) -> u32 {
        if self.drawn[sample as usize] { self.tree.root } else { sample }
    }

    /// Where the section of `samples` samples from `start` on hangs on the section of `up`, and the
    /// point before its first sample, if there is cable between.
    fn beginning(&self, start: u32, up: u32, samples: usize) -> (f64, Option<Point>) {
        if self.tree.loose[start as usize] {
            let fraction = if self.tree.is_soma(up) { 0.5 } else { 0.0 };
            return (fraction, None);
        }
        if self.tree.is_soma(up) && !self.tree.is_soma(start) {
            let hold = self.hold(up);
            if hold.wire && samples > 1 {
                return (hold.fraction, None);
            }
            let link = Point { diameter: self.point(start).diameter, ..self.point(up) };
            return (hold.fraction, Some(link));
        }
        // Only a section that begins with a bare sample can have children on its first sample.
        let first = self.tree.parent[up as usize].is_none()
            || (!self.tree.is_soma(up) && self.next[up as usize].is_some());
        (if first { 0.0 } else { 1.0 }, Some(self.point(up)))
    }

    /// The soma that a single section stands for.
    fn body(&self, root: u32) -> Vec<(Point, u32)> {
        if self.soma.is_outline() {
            let soma: Vec<u32> =
                (0..self.tree.samples.len() as u32).filter(|i| self.tree.is_soma(*i)).collect();
            if let Some(line) = soma::outline(self.tree, &soma).or_else(|| soma::outlines(self.tree, &soma)) {
                return line.into_iter().map(|point| (point, root)).collect();
            }
        }
        let mut along = [1.0, 0.0, 0.0];
        if self.soma == SomaConvention::ThreePoint {
            let arms: Vec<Point> = self
                .tree
                .children(root)
                .iter()
                .filter(|c| self.drawn[**c as usize])
                .map(|c| self.point(*c))
                .collect();
            if let [a, b] = arms[..] {
                let length = a.distance(b);
                if length > 0.0 {
                    along = [(b.x - a.x) / length, (b.y - a.y) / length, (b.z - a.z) / length];
                }
            }
        }
        let (near, far) = sphere_as_cylinder(self.point(root), along);
        vec![(near, root), (far, root)]
    }
}

/// The cylinder as long as wide that has the area of the sphere with its centre and diameter at
/// `centre`; its axis runs `along` a unit vector.
pub(super) fn sphere_as_cylinder(centre: Point, along: [f64; 3]) -> (Point, Point) {
    let radius = centre.diameter / 2.0;
    let end = |sign: f64| Point {
        x: centre.x + sign * radius * along[0],
        y: centre.y + sign * radius * along[1],
        z: centre.z + sign * radius * along[2],
        ..centre
    };
    (end(-1.0), end(1.0))
}

/// Names as NEURON's users know them: a single soma plainly, all else numbered by kind.
pub(super) fn name_sections(morphology: &mut Morphology) {
    let stems = ["undefined", "soma", "axon", "dend", "apic", "custom"];
    let somata = morphology.sections.iter().filter(|section| section.kind == SectionKind::Soma).count();
    let mut counts = [0usize; 6];
    for section in &mut morphology.sections {
        let stem = section.kind.stem();
        let count = &mut counts[stems.iter().position(|known| *known == stem).unwrap_or(5)];
        section.name = if stem == "soma" && somata == 1 { stem.into() } else { format!("{stem}[{count}]") };
        *count += 1;
    }
}
