//! A model with every selection carried out, in words that other simulators have: sections with points and compartments,
//! things at places, what is recorded where.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::cable::{Cv, NONE};
use crate::dynamics::advance::Order;
use crate::engine::{
    Catalog, CellPlan, Own, PlacedAt, PointKind, Resolved, Steps, Table, What, cell_plans, resolve,
};
use crate::error::Result;
use crate::model::{Model, PopulationCell};
use crate::morph::{Morphology, Point, SectionId, SectionKind};

/// A model laid out.
pub(crate) struct Layout {
    /// The distinct cells with a shape.
    pub(crate) shapes: Vec<Shape>,
    /// The populations, in order.
    pub(crate) populations: Vec<Laid>,
    /// Tables of samples.
    pub(crate) tables: Vec<Table>,
    /// Ticks between two samples of each table: steps, where all populations have the same.
    pub(crate) intervals: Vec<u64>,
    /// The kinds of things at places: synapses, stimuli, contacts.
    pub(crate) kinds: Vec<PointKind>,
    /// For each of the model's attachments the place of each contact.
    contacts: Vec<Vec<(usize, usize)>>,
}

/// A population laid out.
pub(crate) struct Laid {
    /// Index into [`Layout::shapes`], if its cells have a shape.
    pub(crate) shape: Option<usize>,
    /// Its cells; none if it is a list of spike times.
    pub(crate) cells: Vec<LaidCell>,
}

/// A cell with everything on it.
pub(crate) struct LaidCell {
    /// Its potential at the start, V, if not the kind's.
    pub(crate) initial_v: Option<f64>,
    /// What else it has otherwise than its kind, if it has a shape.
    pub(crate) own: Option<Box<Own>>,
    /// The kind of a point cell, index into [`Layout::kinds`].
    pub(crate) kind: usize,
    /// Values of the varying parameters of its kind, SI.
    pub(crate) values: Vec<f64>,
    /// States of a point cell at the start, if not as the kind has them: index and value, SI.
    pub(crate) initial: Vec<(usize, f64)>,
    /// What its random numbers are keyed by.
    pub(crate) key: u64,
    /// Synapses of its kind, then stimuli, then contacts.
    pub(crate) placed: Vec<PlacedAt>,
    /// What each of them is called, and the number of its first instance among those of that name.
    pub(crate) names: Vec<(String, usize)>,
    /// Spike detectors: node, threshold (V), number of the sender.
    pub(crate) detectors: Vec<(u32, f64, u32)>,
    /// What is recorded: table, column, node, what.
    pub(crate) recorded: Vec<(usize, usize, u32, What)>,
}

/// A cell with a shape, in sections whose compartments are of equal length and axial resistivity.
pub(crate) struct Shape {
    /// The cell's population, or the first of several.
    pub(crate) population: usize,
    /// Its compartments with all their numbers.
    pub(crate) plan: Arc<CellPlan>,
    /// Its sections, parents before children; the first is the root.
    pub(crate) sections: Vec<CableSection>,
    /// For each compartment its section, and where in it the middle is (0 to 1).
    pub(crate) places: Vec<(usize, f64)>,
}

/// An unbranched cable.
pub(crate) struct CableSection {
    /// Its name, unique in the cell.
    pub(crate) name: String,
    /// What part of the neuron it is.
    pub(crate) kind: SectionKind,
    /// Parent section, and the fraction of its length where this one is attached.
    pub(crate) parent: Option<(usize, f64)>,
    /// Points, µm: at least two.
    pub(crate) points: Vec<Point>,
    /// Its compartments: indices into those of the plan.
    pub(crate) cvs: Range<usize>,
}

impl Layout {
    /// Lays out `model`, whose junctions must be contacts.
    ///
    /// # Errors
    /// What the engine would say of the model.
    pub(crate) fn new(model: &Model) -> Result<Layout> {
        let plans = cell_plans(model)?;
        let steps = Steps::of(model)?;
        let mut catalog = Catalog::new(Order::First);
        let resolution = resolve(model, &steps, &plans, &mut catalog)?;
        let (mut shapes, mut populations) = (Vec::<Shape>::new(), Vec::new());
        for (p, resolved) in resolution.populations.into_iter().enumerate() {
            let shape = match (&plans[p], &model.populations[p].cell) {
                (Some(plan), PopulationCell::Cable(cell)) => {
                    let known = shapes.iter().position(|shape| Arc::ptr_eq(&shape.plan, plan));
                    Some(known.unwrap_or_else(|| {
                        shapes.push(Shape::new(p, &cell.morphology, Arc::clone(plan)));
                        shapes.len() - 1
                    }))
                }
                _ => None,
            };
            let recorded = |requests: Vec<crate::engine::Request>| {
                requests.into_iter().map(|r| (r.table, r.column, r.node, r.what)).collect()
            };
            let mut cells: Vec<LaidCell> = match resolved {
                Resolved::Cable(members) => members
                    .into_iter()
                    .map(|m| LaidCell {
                        initial_v: m.initial_v,
                        own: m.own,
                        kind: 0,
                        values: Vec::new(),
                        initial: Vec::new(),
                        key: m.key,
                        placed: m.placed,
                        names: Vec::new(),
                        detectors: m.detectors,
                        recorded: recorded(m.requests),
                    })
                    .collect(),
                Resolved::Point(members) => members
                    .into_iter()
                    .map(|m| LaidCell {
                        initial_v: m.initial_v,
                        own: None,
                        kind: m.kind,
                        values: m.values,
                        initial: m.initial,
                        key: m.key,
                        placed: m.placed,
                        names: Vec::new(),
                        detectors: Vec::new(),
                        recorded: recorded(m.requests),
                    })
                    .collect(),
                Resolved::Times(_) => Vec::new(),
            };
            name_placed(model, p, &mut cells);
            populations.push(Laid { shape, cells });
        }
        let place = |c: crate::engine::ContactPlace| (c.slot as usize, c.instance as usize);
        let contacts =
            resolution.contacts.into_iter().map(|list| list.into_iter().map(place).collect()).collect();
        Ok(Layout {
            shapes,
            populations,
            tables: resolution.tables,
            intervals: resolution.intervals,
            kinds: catalog.kinds.into_iter().map(|(kind, _)| kind).collect(),
            contacts,
        })
    }
}

impl Layout {
    /// The place of a contact of one of the model's attachments: index into the cell's `placed`, instance.
    pub(crate) fn contact(&self, attachments: u32, contact: u32) -> Option<(usize, usize)> {
        self.contacts.get(attachments as usize)?.get(contact as usize).copied()
    }
}

impl Laid {
    /// Whether its cells, which have a shape, differ in parameters or in states at the start.
    pub(crate) fn differs(&self) -> bool {
        let is_own = |cell: &LaidCell| {
            cell.own.is_some() || cell.placed.iter().any(|placed| !placed.initial.is_empty())
        };
        self.cells.iter().any(is_own)
    }
}

/// Says what the placed things of the cells of a population are called; they are in the order in which they were placed.
fn name_placed(model: &Model, population: usize, cells: &mut [LaidCell]) {
    let synapses = match model.populations.get(population).map(|p| &p.cell) {
        Some(PopulationCell::Cable(cell)) => &cell.synapses[..],
        Some(PopulationCell::Point(cell)) => &cell.synapses[..],
        _ => &[],
    };
    let mut wanted: Vec<Vec<&str>> =
        cells.iter().map(|_| synapses.iter().map(|s| s.name.as_str()).collect()).collect();
    for stimulus in model.stimuli.iter().filter(|s| s.population == population) {
        for cell in stimulus.cells.indices(cells.len()) {
            wanted[cell].push(&stimulus.name);
        }
    }
    for list in model.attachments.iter().filter(|list| list.population == population) {
        let on: BTreeSet<usize> = list.contacts.iter().map(|contact| contact.cell as usize).collect();
        for cell in on {
            wanted[cell].push(&list.name);
        }
    }
    for (cell, wanted) in cells.iter_mut().zip(wanted) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, placed) in wanted.into_iter().zip(&cell.placed) {
            let first = counts.entry(name).or_default();
            cell.names.push((name.to_string(), *first));
            *first += placed.nodes.len();
        }
    }
}

impl Shape {
    fn new(population: usize, morphology: &Morphology, plan: Arc<CellPlan>) -> Shape {
        let cvs = &plan.discretisation.cvs;
        let mut sections: Vec<CableSection> = Vec::new();
        let mut places = vec![(0, 0.0); cvs.len()];
        // For each section of the morphology its pieces: first piece, and where each ends.
        let mut pieces: Vec<(usize, Vec<f64>)> = Vec::new();
        for id in morphology.section_ids() {
            let section = morphology.section(id);
            let range = plan.discretisation.cvs_of(id);
            let own = &cvs[range.clone()];
            let resistivity = &plan.resistivity_ohm_m[range.clone()];
            let even = resistivity.windows(2).all(|pair| pair[0].to_bits() == pair[1].to_bits());
            let parts = if equal(own) && even {
                vec![range.clone()]
            } else {
                range.clone().map(|cv| cv..cv + 1).collect()
            };
            let first = sections.len();
            for (k, part) in parts.iter().enumerate() {
                let (from, to) = (cvs[part.start].from, cvs[part.end - 1].to);
                let name = match parts.len() {
                    1 => section.name.clone(),
                    _ => format!("{}_{k}", section.name),
                };
                let parent = match (k, section.parent) {
                    (0, None) => None,
                    (0, Some((parent, at))) => {
                        pieces.get(parent.index()).map(|(f, ends)| within(*f, ends, at))
                    }
                    _ => Some((first + k - 1, 1.0)),
                };
                let points = match parts.len() {
                    1 => points(morphology, id),
                    _ => stretch(&points(morphology, id), from, to),
                };
                for (n, cv) in part.clone().enumerate() {
                    places[cv] = (sections.len(), (n as f64 + 0.5) / part.len() as f64);
                }
                sections.push(CableSection { name, kind: section.kind, parent, points, cvs: part.clone() });
            }
            pieces.push((first, parts.iter().map(|part| cvs[part.end - 1].to).collect()));
        }
        Shape { population, plan, sections, places }
    }

    /// The section and fraction of `node`.
    pub(crate) fn place(&self, node: u32) -> (usize, f64) {
        let cv = self.plan.discretisation.node_cv.get(node as usize).copied().unwrap_or(NONE);
        self.places.get(cv as usize).copied().unwrap_or((0, 0.5))
    }
}

/// Whether the compartments of a section are of one length.
fn equal(cvs: &[Cv]) -> bool {
    let n = cvs.len() as f64;
    cvs.iter().all(|cv| ((cv.to - cv.from) * n - 1.0).abs() < 1e-9)
}

/// The piece that holds the fraction `at` of a section cut into pieces that end at `ends`, and the fraction in it.
fn within(first: usize, ends: &[f64], at: f64) -> (usize, f64) {
    let k = ends.iter().position(|end| at <= *end).unwrap_or(ends.len().saturating_sub(1));
    let from = k.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0.0);
    let to = ends.get(k).copied().unwrap_or(1.0);
    (first + k, if to > from { ((at - from) / (to - from)).clamp(0.0, 1.0) } else { 0.0 })
}

/// The points of a section: ends of segments, each once where one segment begins as the last one ends.
pub(crate) fn points(morphology: &Morphology, section: SectionId) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    for segment in morphology.segments_of(section) {
        if points.last() != Some(&segment.proximal) {
            points.push(segment.proximal);
        }
        points.push(segment.distal);
    }
    points
}

/// The points of the stretch from fraction `from` to fraction `to` of the length.
pub(crate) fn stretch(points: &[Point], from: f64, to: f64) -> Vec<Point> {
    let length: f64 = points.windows(2).map(|pair| pair[0].distance(pair[1])).sum();
    let (from, to) = (from * length, to * length);
    // A point this near to an end is the end.
    let hair = 1e-9 * length;
    let (mut out, mut at) = (Vec::new(), 0.0);
    for pair in points.windows(2) {
        let own = pair[0].distance(pair[1]);
        let (begin, end) = (at, at + own);
        at = end;
        if own <= 0.0 {
            // A ring: it belongs to the stretch that it is in the midst of.
            if begin > from + hair && begin < to - hair {
                out.push(pair[1]);
            }
            continue;
        }
        if end <= from + hair || begin >= to - hair {
            continue;
        }
        if out.is_empty() {
            let start = ((from - begin) / own).max(0.0);
            out.push(if start * own <= hair { pair[0] } else { pair[0].towards(pair[1], start) });
        }
        let stop = ((to - begin) / own).min(1.0);
        out.push(if (1.0 - stop) * own <= hair { pair[1] } else { pair[0].towards(pair[1], stop) });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_keeps_the_points_inside_and_cuts_the_ends() {
        let line = [
            Point::new(0.0, 0.0, 0.0, 4.0),
            Point::new(10.0, 0.0, 0.0, 2.0),
            Point::new(20.0, 0.0, 0.0, 2.0),
        ];
        let xs = |points: &[Point]| points.iter().map(|p| (p.x, p.diameter)).collect::<Vec<_>>();
        assert_eq!(xs(&stretch(&line, 0.25, 0.75)), [(5.0, 3.0), (10.0, 2.0), (15.0, 2.0)]);
        assert_eq!(xs(&stretch(&line, 0.5, 1.0)), [(10.0, 2.0), (20.0, 2.0)]);
        assert_eq!(xs(&stretch(&line, 0.0, 0.5)), [(0.0, 4.0), (10.0, 2.0)]);
    }

    #[test]
    fn a_place_on_a_cut_section_is_on_one_of_its_pieces() {
        assert_eq!(within(3, &[0.25, 0.5, 1.0], 0.0), (3, 0.0));
        assert_eq!(within(3, &[0.25, 0.5, 1.0], 0.375), (4, 0.5));
        assert_eq!(within(3, &[0.25, 0.5, 1.0], 1.0), (5, 1.0));
    }
}
