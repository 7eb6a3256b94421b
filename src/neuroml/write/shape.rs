//! The shape of a cell in segments and groups, cut where NeuroML needs a segment of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::free_id;
use crate::engine::CellPlan;
use crate::error::Result;
use crate::lems::Element;
use crate::model::CableCell;
use crate::morph::{Geometry, Morphology, Point, SectionKind, Segment};
use crate::select::{Cable, Cover, Field, Location, Region};

/// Fractions of a section closer than this are the same place.
const SAME: f64 = 1e-9;

/// NeuroLex id of a segment group that is one unbranched section.
const UNBRANCHED: &str = "sao864921383";

/// What parts of a neuron are called, and their NeuroLex ids.
const KINDS: [(&str, &str, &[SectionKind]); 3] = [
    ("soma_group", "GO:0043025", &[SectionKind::Soma]),
    ("axon_group", "GO:0030424", &[SectionKind::Axon]),
    ("dendrite_group", "GO:0030425", &[SectionKind::BasalDendrite, SectionKind::ApicalDendrite]),
];

/// The shape of a kind of cells.
#[derive(Debug)]
pub(super) struct Body<'a> {
    pub(super) cell: &'a Arc<CableCell>,
    /// Where it spikes, and the threshold, V.
    pub(super) spikes: Option<(Location, f64)>,
    pub(super) plan: CellPlan,
    /// Its shape with the cut segments.
    morphology: Morphology,
    geometry: Geometry,
    /// The segment that is number 0: where it spikes.
    first: usize,
    /// Ids of groups taken.
    ids: BTreeSet<String>,
    sections: Vec<String>,
    /// Groups beside the sections, with their members.
    groups: Vec<(String, Vec<usize>)>,
}

impl<'a> Body<'a> {
    pub(super) fn new(cell: &'a Arc<CableCell>, spikes: Option<(Location, f64)>) -> Result<Body<'a>> {
        let plan = CellPlan::new(cell, &[])?;
        let morphology = Morphology::clone(&cell.morphology);
        let mut ids: BTreeSet<String> = KINDS.iter().map(|(id, ..)| (*id).to_string()).collect();
        ids.insert("all".to_string());
        let sections = morphology.sections.iter().map(|s| free_id(&s.name, &mut ids)).collect();
        let geometry = Geometry::of(&morphology);
        let groups = Vec::new();
        Ok(Body { cell, spikes, plan, morphology, geometry, first: 0, ids, sections, groups })
    }

    /// The index of the compartment at `place`.
    pub(super) fn compartment(&self, place: Location) -> u32 {
        self.plan.discretisation.cv_at(place.section, place.fraction)
    }

    /// Where segment `at` begins and ends in its section.
    fn span(&self, at: usize) -> (f64, f64) {
        let section = self.morphology.segments[at].section;
        let first = self.morphology.section(section).segments.start as usize;
        self.geometry.segment_span(section, at - first)
    }

    /// The middle of segment `at`, as a reader of paths works it out.
    fn middle(&self, at: usize) -> Location {
        let (from, to) = self.span(at);
        Location { section: self.morphology.segments[at].section, fraction: from + (to - from) * 0.5 }
    }

    /// Cuts segments so that each of the compartments `wanted` holds the middle of one, and each region of the cell is
    /// whole ones; gives how many are cut.
    pub(super) fn cut(&mut self, wanted: &BTreeSet<u32>) -> Result<usize> {
        let before = self.morphology.segments.len();
        let mut cuts: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
        for region in self.regions() {
            for span in self.cover(region)?.spans() {
                cuts.entry(span.section.0).or_default().extend([span.from, span.to]);
            }
        }
        self.apply(&cuts);
        // A cut for one compartment may take another its middle: at most all get their own segments.
        for _ in 0..=wanted.len() {
            let here: BTreeSet<u32> =
                (0..self.morphology.segments.len()).map(|at| self.compartment(self.middle(at))).collect();
            let mut cuts: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
            for cv in wanted.difference(&here).filter_map(|at| self.plan.discretisation.cvs.get(*at as usize))
            {
                cuts.entry(cv.section.0).or_default().extend([cv.from, cv.to]);
            }
            if cuts.is_empty() {
                break;
            }
            self.apply(&cuts);
        }
        if let Some((place, _)) = self.spikes {
            self.first = self.segment_of(self.compartment(place), place).unwrap_or(0);
        }
        let regions: Vec<Region> = self.regions().into_iter().cloned().collect();
        for region in &regions {
            self.group(region)?;
        }
        Ok(self.morphology.segments.len() - before)
    }

    /// All regions that the cell's properties name.
    fn regions(&self) -> Vec<&'a Region> {
        let cell: &'a CableCell = self.cell;
        let fields = [&cell.specific_capacitance, &cell.axial_resistivity, &cell.initial_v];
        let layers = fields.into_iter().flat_map(|field| field.layers()).map(|layer| &layer.region);
        let varying = cell.densities.iter().flat_map(|d| &d.parameters);
        let varying = varying.flat_map(|(_, field)| field.layers()).map(|layer| &layer.region);
        let densities = cell.densities.iter().map(|d| &d.region);
        layers.chain(varying).chain(densities).chain(cell.pools.iter().map(|p| &p.region)).collect()
    }

    fn cover(&self, region: &Region) -> Result<Cover> {
        region.evaluate(&Cable::new(&self.cell.morphology, &self.plan.geometry))
    }

    /// Cuts segments at fractions of sections.
    fn apply(&mut self, cuts: &BTreeMap<u32, Vec<f64>>) {
        let old = &self.morphology;
        let mut segments: Vec<Segment> = Vec::new();
        let mut sections = old.sections.clone();
        for (id, section) in old.section_ids().zip(&mut sections) {
            let start = segments.len() as u32;
            for at in section.segments.clone() {
                let (from, to) = self.span(at as usize);
                let segment = &old.segments[at as usize];
                let mut inner: Vec<f64> = cuts.get(&id.0).cloned().unwrap_or_default();
                inner.retain(|cut| from + SAME < *cut && *cut < to - SAME);
                inner.sort_by(f64::total_cmp);
                inner.dedup_by(|a, b| (*a - *b).abs() < SAME);
                let mut near = segment.proximal;
                for cut in inner {
                    let far = between(segment, (cut - from) / (to - from));
                    segments.push(Segment { proximal: near, distal: far, ..segment.clone() });
                    near = far;
                }
                segments.push(Segment { proximal: near, ..segment.clone() });
            }
            section.segments = start..segments.len() as u32;
        }
        self.morphology = Morphology { segments, sections, groups: BTreeMap::new(), ..old.clone() };
        self.geometry = Geometry::of(&self.morphology);
    }

    /// The segment whose middle is in the compartment `cv`, the one that holds `place` before others.
    fn segment_of(&self, cv: u32, place: Location) -> Option<usize> {
        let section = self.morphology.section(place.section);
        let range = section.segments.start as usize..section.segments.end as usize;
        let mut fits = range.filter(|at| self.compartment(self.middle(*at)) == cv);
        let first = fits.next()?;
        let holds = |at: &usize| {
            let (from, to) = self.span(*at);
            (from..=to).contains(&place.fraction)
        };
        Some(if holds(&first) { first } else { fits.find(|at| holds(at)).unwrap_or(first) })
    }

    /// The id of a segment: that where the cell spikes is 0, where readers look for spikes.
    fn id(&self, at: usize) -> usize {
        match at {
            at if at == self.first => 0,
            0 => self.first,
            at => at,
        }
    }

    /// The id of the segment whose middle is recorded for `place`.
    pub(super) fn recorded(&self, place: Location) -> Option<usize> {
        self.segment_of(self.compartment(place), place).map(|at| self.id(at))
    }

    /// The id of the segment at `place` and the fraction along it, such that a reader finds the same compartment.
    pub(super) fn along(&self, place: Location) -> (usize, f64) {
        let section = self.morphology.section(place.section);
        let last = (section.segments.end as usize).saturating_sub(1);
        let range = section.segments.start as usize..last;
        let at = range.into_iter().find(|at| self.span(*at).1 >= place.fraction).unwrap_or(last);
        let (from, to) = self.span(at);
        let fraction = if to > from { ((place.fraction - from) / (to - from)).clamp(0.0, 1.0) } else { 0.5 };
        // Rounding may lead over the border of a compartment.
        let cv = self.compartment(place);
        let found = |f: f64| {
            self.compartment(Location { section: place.section, fraction: from + (to - from) * f }) == cv
        };
        let near = [fraction, fraction - 1e-12, fraction + 1e-12, fraction - 1e-9, fraction + 1e-9];
        let fraction = near.into_iter().find(|f| (0.0..=1.0).contains(f) && found(*f)).unwrap_or(fraction);
        (self.id(at), fraction)
    }

    /// The id of the group of segments that `region` is.
    pub(super) fn group(&mut self, region: &Region) -> Result<String> {
        let cover = self.cover(region)?;
        let all = 0..self.morphology.segments.len();
        let members: Vec<usize> = all.filter(|at| cover.contains(self.middle(*at))).collect();
        let mut name = region.to_string();
        if name.len() > 40 {
            name = "region".to_string();
        }
        Ok(self.group_of(members, &name))
    }

    /// The segments of `region` that have the same values of all `fields`, with these values (SI).
    pub(super) fn alike(&self, region: &Region, fields: &[&Field]) -> Result<Vec<(Vec<f64>, Vec<usize>)>> {
        let cable = Cable::new(&self.cell.morphology, &self.plan.geometry);
        let cover = self.cover(region)?;
        let on_cell = fields.iter().map(|field| field.on(&cable)).collect::<Result<Vec<_>>>()?;
        let mut groups: Vec<(Vec<f64>, Vec<usize>)> = Vec::new();
        for at in (0..self.morphology.segments.len()).filter(|at| cover.contains(self.middle(*at))) {
            let place = self.middle(at);
            let values = on_cell.iter().map(|field| Ok(field.at(place)?.unwrap_or(0.0)));
            let values = values.collect::<Result<Vec<f64>>>()?;
            match groups.iter_mut().find(|(known, _)| *known == values) {
                Some((_, members)) => members.push(at),
                None => groups.push((values, vec![at])),
            }
        }
        Ok(groups)
    }

    /// An id like `name` that nothing of the cell has.
    pub(super) fn own_id(&mut self, name: &str) -> String {
        free_id(name, &mut self.ids)
    }

    /// The id of the group of the segments `members`, which is called like `name` if it is new.
    pub(super) fn group_of(&mut self, members: Vec<usize>, name: &str) -> String {
        if members.len() == self.morphology.segments.len() {
            return "all".to_string();
        }
        for (id, section) in self.sections.iter().zip(&self.morphology.sections) {
            if members.iter().copied().eq(section.segments.start as usize..section.segments.end as usize) {
                return id.clone();
            }
        }
        if let Some((id, _)) = self.groups.iter().find(|(_, known)| *known == members) {
            return id.clone();
        }
        let id = free_id(name, &mut self.ids);
        self.groups.push((id.clone(), members));
        id
    }

    /// The `<morphology>`.
    pub(super) fn element(&self, id: &str) -> Element {
        let mut out = Element::new("morphology").with("id", id);
        for section in self.morphology.section_ids() {
            self.segments(section, &mut out);
        }
        for (section, id) in self.morphology.section_ids().zip(&self.sections) {
            let count = self.plan.discretisation.cvs_of(section).len();
            let mut group = Element::new("segmentGroup").with("id", id).with("neuroLexId", UNBRANCHED);
            if count > 1 {
                let tag = Element::new("property").with("tag", "numberInternalDivisions");
                group = group.child(tag.with("value", count.to_string()));
            }
            let range = self.morphology.section(section).segments.clone();
            group.children.extend(range.map(|at| self.member(at as usize)));
            out.children.push(group);
        }
        let include = |id: &String| Element::new("include").with("segmentGroup", id);
        let mut all = Element::new("segmentGroup").with("id", "all");
        all.children.extend(self.sections.iter().map(include));
        out.children.push(all);
        for (id, lex, kinds) in KINDS {
            let sections = self.sections.iter().zip(&self.morphology.sections);
            let those: Vec<Element> =
                sections.filter(|(_, s)| kinds.contains(&s.kind)).map(|(id, _)| include(id)).collect();
            if !those.is_empty() {
                let mut group = Element::new("segmentGroup").with("id", id).with("neuroLexId", lex);
                group.children = those;
                out.children.push(group);
            }
        }
        for (id, members) in &self.groups {
            let mut group = Element::new("segmentGroup").with("id", id);
            group.children.extend(members.iter().map(|at| self.member(*at)));
            out.children.push(group);
        }
        out
    }

    fn member(&self, at: usize) -> Element {
        Element::new("member").with("segment", self.id(at).to_string())
    }

    fn segments(&self, id: crate::morph::SectionId, out: &mut Element) {
        let section = self.morphology.section(id);
        let mut before: Option<&Segment> = None;
        for at in section.segments.start as usize..section.segments.end as usize {
            let segment = &self.morphology.segments[at];
            let mut element = Element::new("segment").with("id", self.id(at).to_string());
            if let Some(name) = &segment.name {
                element = element.with("name", name);
            }
            let parent = match (before, section.parent) {
                (Some(_), _) => Some((at - 1, 1.0)),
                (None, Some((on, fraction))) => Some(self.joint(on, fraction)),
                (None, None) => None,
            };
            if let Some((parent, fraction)) = parent {
                let mut joint = Element::new("parent").with("segment", self.id(parent).to_string());
                if fraction != 1.0 {
                    joint = joint.with("fractionAlong", fraction.to_string());
                }
                element.children.push(joint);
            }
            if before.is_none_or(|before| before.distal != segment.proximal) {
                element.children.push(point("proximal", segment.proximal));
            }
            element.children.push(point("distal", segment.distal));
            out.children.push(element);
            before = Some(segment);
        }
    }

    /// The segment at `fraction` of section `on`, and the fraction along it.
    fn joint(&self, on: crate::morph::SectionId, fraction: f64) -> (usize, f64) {
        let range = self.morphology.section(on).segments.clone();
        let (start, last) = (range.start as usize, (range.end as usize).saturating_sub(1));
        match fraction {
            f if f <= 0.0 => (start, 0.0),
            f if f >= 1.0 => (last, 1.0),
            f => {
                let at = (start..last).find(|at| self.span(*at).1 >= f - SAME).unwrap_or(last);
                let (from, to) = self.span(at);
                let along = if to > from { ((f - from) / (to - from)).clamp(0.0, 1.0) } else { 1.0 };
                (at, if along > 1.0 - SAME { 1.0 } else { along })
            }
        }
    }
}

fn point(name: &str, at: Point) -> Element {
    let with = |element: Element, name: &str, x: f64| element.with(name, x.to_string());
    let out = with(with(Element::new(name), "x", at.x), "y", at.y);
    with(with(out, "z", at.z), "diameter", at.diameter)
}

/// The point at fraction `t` of `segment`.
fn between(segment: &Segment, t: f64) -> Point {
    let (a, b) = (segment.proximal, segment.distal);
    let mix = |a: f64, b: f64| a + (b - a) * t;
    Point::new(mix(a.x, b.x), mix(a.y, b.y), mix(a.z, b.z), mix(a.diameter, b.diameter))
}
