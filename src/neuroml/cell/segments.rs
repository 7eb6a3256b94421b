//! The segments of a `<morphology>`: a tree of frusta.

use std::collections::BTreeSet;

use super::report::{Report, some_of};
use crate::error::ErrorKind;
use crate::lems::Component;
use crate::morph::Point;

/// Fractions along a parent nearer to 1 than this are its end: exports of other programs write
/// 0.9999544 and mean 1.
const END: f64 = 1e-4;

/// A segment of the document.
#[derive(Debug)]
pub(super) struct Segment {
    /// Its place among the segments that are written.
    at: usize,
    /// Its id.
    pub(super) id: u64,
    /// Its name.
    pub(super) name: Option<String>,
    /// Index of its parent, and the fraction along that where it is attached.
    pub(super) parent: Option<(usize, f64)>,
    /// Its near end, µm.
    pub(super) proximal: Point,
    /// Its far end, µm.
    pub(super) distal: Point,
}

impl Segment {
    /// Whether both ends are one point of one diameter: a sphere.
    pub(super) fn is_sphere(&self) -> bool {
        self.proximal == self.distal
    }
}

/// Which segment has which id: ids, ascending, with their places in a list.
#[derive(Debug, Default)]
struct Index(Vec<(u64, usize)>);

impl Index {
    /// Of segments with these ids. Gives pairs of places too whose ids are the same.
    fn of(ids: impl Iterator<Item = u64>) -> (Index, Vec<(usize, usize)>) {
        let mut all: Vec<(u64, usize)> = ids.enumerate().map(|(at, id)| (id, at)).collect();
        // Most documents write them so.
        if !all.is_sorted() {
            all.sort_unstable();
        }
        let next = all.iter().zip(all.iter().skip(1));
        let twice = next.filter(|(a, b)| a.0 == b.0).map(|(a, b)| (a.1, b.1)).collect();
        (Index(all), twice)
    }

    fn get(&self, id: u64) -> Option<usize> {
        // Most ids count on from 0.
        let first = usize::try_from(id).ok().and_then(|at| self.0.get(at)).filter(|one| one.0 == id);
        let found = || self.0.binary_search_by_key(&id, |one| one.0).ok().and_then(|at| self.0.get(at));
        first.or_else(found).map(|one| one.1)
    }
}

/// All segments of a morphology, in order of writing.
#[derive(Debug)]
pub(super) struct Segments<'a> {
    morphology: &'a Component,
    pub(super) list: Vec<Segment>,
    index: Index,
    /// Indices, parents before children.
    pub(super) order: Vec<usize>,
}

impl<'a> Segments<'a> {
    /// Reads the segments of `morphology`. `None` if anything is wrong, which `report` then says.
    pub(super) fn read(morphology: &'a Component, report: &mut Report) -> Option<Segments<'a>> {
        let before = report.errors.len();
        let mut written: Vec<Written> = Vec::new();
        let mut unread = BTreeSet::new();
        let mut cursor = morphology.children.cursor_in("segments");
        let mut at = 0;
        while let Some(component) = cursor.next() {
            match Written::read(at, component, report) {
                None => unread.extend(id_of(component)),
                Some(one) => written.push(one),
            }
            at += 1;
        }
        let (index, twice) = Index::of(written.iter().map(|one| one.id));
        for (first, second) in twice {
            let known = place(&written[first], morphology);
            let message = format!("the segment id {} is used before, at {known}", written[second].id);
            report.errors.push(nth(morphology, written[second].at).error(ErrorKind::Name, message));
        }
        if written.is_empty() && report.errors.len() == before {
            report.errors.push(morphology.error(ErrorKind::Value, "a morphology without segments"));
        }
        let parents: Vec<Option<(usize, f64)>> =
            written.iter().map(|one| one.parent(morphology, &index, &unread, report)).collect();
        if report.errors.len() > before {
            return None;
        }
        let order = in_order(morphology, &written, &parents, report)?;
        let list = place_all(morphology, written, &parents, &order, report)?;
        Some(Segments { morphology, list, index, order })
    }

    /// Where `segment` is written, for messages.
    pub(super) fn component(&self, segment: &Segment) -> &'a Component {
        nth(self.morphology, segment.at)
    }

    /// The index of the segment with this id.
    pub(super) fn find(&self, id: u64) -> Option<usize> {
        self.index.get(id)
    }

    /// The index of the segment that the attribute `segment` of `component` names.
    pub(super) fn named(&self, component: &Component, report: &mut Report) -> Option<usize> {
        let text = component.text("segment").unwrap_or_default();
        let found = text.trim().parse().ok().and_then(|id| self.find(id));
        if found.is_none() {
            let message = format!("segment=\"{text}\": the morphology has no such segment");
            let (low, high) = (self.index.0.first(), self.index.0.last());
            let error = component.error(ErrorKind::Name, message);
            report.errors.push(match (low, high) {
                (Some((low, _)), Some((high, _))) => {
                    error.help(format!("its segments have ids from {low} to {high}"))
                }
                _ => error,
            });
        }
        found
    }

    /// The children of every segment, in order of writing.
    pub(super) fn children(&self) -> Vec<Vec<usize>> {
        let mut children = vec![Vec::new(); self.list.len()];
        for (child, segment) in self.list.iter().enumerate() {
            if let Some((parent, _)) = segment.parent {
                children[parent].push(child);
            }
        }
        children
    }

    /// The segment that a path without a segment's id means: 0, else the root.
    pub(super) fn default_segment(&self) -> usize {
        self.find(0).or(self.order.first().copied()).unwrap_or(0)
    }
}

/// The segment that is written at place `at`, for messages.
fn nth(morphology: &Component, at: usize) -> &Component {
    morphology.in_slot("segments").nth(at).unwrap_or(morphology)
}

fn place(one: &Written, morphology: &Component) -> String {
    nth(morphology, one.at).origin.place().to_string()
}

fn id_of(segment: &Component) -> Option<u64> {
    segment.id.as_deref().and_then(|id| id.trim().parse().ok())
}

/// A segment as it is written, before its parent is known.
struct Written {
    at: usize,
    id: u64,
    name: Option<String>,
    /// The id of its parent, if it is a number, and the fraction along that.
    parent: Option<(Option<u64>, f64)>,
    proximal: Option<Point>,
    distal: Point,
}

impl Written {
    fn read(at: usize, component: &Component, report: &mut Report) -> Option<Written> {
        let id = id_of(component);
        if id.is_none() {
            let found = component.id.as_deref().unwrap_or("nothing");
            let message = format!("the id of a segment is a whole number, found '{found}'");
            report.errors.push(component.error(ErrorKind::Syntax, message));
        }
        let proximal = component.in_slot("proximal").next().map(|point| read_point(point, component, report));
        let distal = component.in_slot("distal").next().map(|point| read_point(point, component, report));
        if distal.is_none() {
            report.errors.push(component.error(ErrorKind::Syntax, "the segment has no <distal> point"));
        }
        let parent = match component.in_slot("parent").next() {
            None => None,
            Some(parent) => {
                let text = parent.text("fractionAlong").unwrap_or("1");
                let fraction = text.trim().parse().ok().filter(|f| (0.0..=1.0).contains(f));
                if fraction.is_none() {
                    let message = format!("fractionAlong=\"{text}\": expected a number from 0 to 1");
                    report.errors.push(parent.error(ErrorKind::Value, message));
                }
                let fraction = fraction.map(|f: f64| if 1.0 - f < END { 1.0 } else { f });
                let id = parent.text("segment").and_then(|id| id.trim().parse().ok());
                Some((id, fraction?))
            }
        };
        let proximal = match proximal {
            Some(point) => Some(point?),
            None => None,
        };
        let name = component.text("name").map(str::to_string);
        Some(Written { at, id: id?, name, parent, proximal, distal: distal?? })
    }

    fn parent(
        &self,
        morphology: &Component,
        index: &Index,
        unread: &BTreeSet<u64>,
        report: &mut Report,
    ) -> Option<(usize, f64)> {
        let (id, fraction) = self.parent?;
        let component = || {
            let segment = nth(morphology, self.at);
            segment.in_slot("parent").next().unwrap_or(segment)
        };
        let Some(parent) = id.and_then(|id| index.get(id)) else {
            if id.is_some_and(|id| unread.contains(&id)) {
                // What is wrong with the parent is told already.
                return None;
            }
            let component = component();
            let text = component.text("segment").unwrap_or_default();
            let message = format!("the parent of segment {} is '{text}', which is no segment", self.id);
            report.errors.push(component.error(ErrorKind::Name, message));
            return None;
        };
        if index.get(self.id) == Some(parent) {
            let message = format!("segment {} is its own parent", self.id);
            report.errors.push(component().error(ErrorKind::Value, message));
            return None;
        }
        Some((parent, fraction))
    }
}

fn read_point(component: &Component, segment: &Component, report: &mut Report) -> Option<Point> {
    let wrong = |message: String| {
        let error = component.error(ErrorKind::Value, message);
        error.part_of(&component.label(), &segment.label())
    };
    let [x, y, z, diameter] =
        ["x", "y", "z", "diameter"].map(|name| component.parameter(name).unwrap_or(f64::NAN));
    if ![x, y, z].iter().all(|c| c.is_finite()) {
        report.errors.push(wrong("a coordinate is not a finite number".to_string()));
        return None;
    }
    if !(diameter > 0.0 && diameter.is_finite()) {
        let message = format!("the diameter is {diameter}; it must be above 0");
        report.errors.push(wrong(message).help("diameters are in um"));
        return None;
    }
    Some(Point::new(x, y, z, diameter))
}

/// The indices, parents before children.
fn in_order(
    morphology: &Component,
    written: &[Written],
    parents: &[Option<(usize, f64)>],
    report: &mut Report,
) -> Option<Vec<usize>> {
    let roots: Vec<usize> = (0..written.len()).filter(|&i| parents[i].is_none()).collect();
    if let [first, second, ..] = roots[..] {
        let ids: Vec<u64> = roots.iter().map(|&i| written[i].id).collect();
        let message = format!(
            "a second root: segments {} have no parent, and a cell has one root (the first is at {})",
            some_of(&ids),
            place(&written[first], morphology)
        );
        let error = nth(morphology, written[second].at).error(ErrorKind::Value, message);
        report.errors.push(error.help("give every segment but one a <parent>"));
        return None;
    }
    // Most documents write them so.
    if parents.iter().enumerate().all(|(at, parent)| parent.is_none_or(|(parent, _)| parent < at)) {
        return Some((0..written.len()).collect());
    }
    let mut children = vec![Vec::new(); written.len()];
    for (child, parent) in parents.iter().enumerate() {
        if let Some((parent, _)) = parent {
            children[*parent].push(child);
        }
    }
    let mut order = roots;
    let mut at = 0;
    while let Some(&index) = order.get(at) {
        order.extend_from_slice(&children[index]);
        at += 1;
    }
    if order.len() == written.len() {
        return Some(order);
    }
    let mut reached = vec![false; written.len()];
    order.iter().for_each(|&i| reached[i] = true);
    let lost: Vec<usize> = (0..written.len()).filter(|&i| !reached[i]).collect();
    let ids: Vec<u64> = lost.iter().map(|&i| written[i].id).collect();
    let message = format!("the parents of segments {} lead in a circle, not to a root", some_of(&ids));
    report.errors.push(nth(morphology, written[lost[0]].at).error(ErrorKind::Value, message));
    None
}

/// Fills in missing proximal points: the point of the parent where the segment is attached.
fn place_all(
    morphology: &Component,
    written: Vec<Written>,
    parents: &[Option<(usize, f64)>],
    order: &[usize],
    report: &mut Report,
) -> Option<Vec<Segment>> {
    let mut ends: Vec<Option<(Point, Point)>> = vec![None; written.len()];
    for &index in order {
        let one = &written[index];
        let implied = || {
            let (parent, fraction) = parents[index]?;
            let (near, far) = ends[parent]?;
            Some(if fraction >= 1.0 { far } else { near.towards(far, fraction) })
        };
        let Some(proximal) = one.proximal.or_else(implied) else {
            let message = "the root segment has no <proximal> point";
            report.errors.push(nth(morphology, one.at).error(ErrorKind::Syntax, message));
            return None;
        };
        ends[index] = Some((proximal, one.distal));
    }
    let segment = |(index, one): (usize, Written)| {
        let (proximal, distal) = ends[index]?;
        let Written { at, id, name, .. } = one;
        Some(Segment { at, id, name, parent: parents[index], proximal, distal })
    };
    written.into_iter().enumerate().map(segment).collect()
}
