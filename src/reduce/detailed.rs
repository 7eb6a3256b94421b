//! A detailed cell at rest: all that a reduction wants to know of it.

use std::sync::Arc;

use faer::Mat;

use super::impedance::Linear;
use super::measure::{SitePlace, Subject};
use super::membrane::{Spread, Steady, Surroundings, channels};
use super::rest::{Rest, rest};
use crate::cable::NONE;
use crate::engine::CellPlan;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{CableCell, PopulationCell};
use crate::select::{Cable, Draw, Field, Location, Points, Region, Selection};
use crate::units::Dimension;

/// A detailed cell, cut into compartments, at rest.
#[derive(Debug)]
pub struct Detailed {
    /// The cell.
    pub cell: Arc<CableCell>,
    /// Temperature, K.
    pub temperature_k: f64,
    pub(super) plan: CellPlan,
    pub(super) channels: Vec<Spread>,
    pub(super) rest: Rest,
    /// For each channel what it does at each node at rest, for an amount of 1; nothing where there is none of it.
    pub(super) steady: Vec<Vec<Steady>>,
    /// The cell around rest, channels as conductances with their states held.
    pub linear: Linear,
}

impl Detailed {
    /// Cuts `cell` and brings it to rest at `temperature_k` (K).
    ///
    /// # Errors
    /// If the cell cannot be laid out or run, or has a channel that no density says how much there is of.
    pub fn new(cell: &Arc<CableCell>, temperature_k: f64) -> Result<Detailed> {
        let plan = CellPlan::new(cell, &[])?;
        let channels = channels(cell, &plan)?;
        let rest = rest(cell, &plan, temperature_k)?;
        let mut this = Detailed {
            cell: Arc::clone(cell),
            temperature_k,
            linear: Linear::of(&plan, vec![0.0; plan.discretisation.n_nodes()]),
            plan,
            channels,
            rest,
            steady: Vec::new(),
        };
        for spread in &this.channels {
            let nodes: Vec<usize> = (0..spread.amounts.len()).filter(|n| spread.amounts[*n] != 0.0).collect();
            let found = spread.steady_at(&this.plan, &nodes, &|node| this.surroundings(node))?;
            let mut all = vec![Steady::default(); spread.amounts.len()];
            for (node, steady) in nodes.into_iter().zip(found) {
                all[node] = steady;
                this.linear.leak_s[node] += spread.amounts[node] * steady.conductance;
            }
            this.steady.push(all);
        }
        Ok(this)
    }

    /// What surrounds a channel at `node` at rest.
    pub(super) fn surroundings(&self, node: usize) -> Surroundings {
        let node = self.with_membrane(node);
        let at = |(ion, values): (&String, &Vec<Option<(f64, f64)>>)| Some((ion.clone(), values[node]?));
        Surroundings {
            v: self.rest.v[node],
            temperature_k: self.temperature_k,
            area_m2: self.plan.area_m2[node],
            concentrations: self.rest.concentrations.iter().filter_map(at).collect(),
        }
    }

    /// `node`, or for a fork the next node towards the root that has a membrane.
    pub(super) fn with_membrane(&self, mut node: usize) -> usize {
        let tree = &self.plan.discretisation;
        while tree.node_cv[node] == NONE && tree.node_parent[node] != NONE {
            node = tree.node_parent[node] as usize;
        }
        node
    }

    /// The number of compartments.
    pub fn n_compartments(&self) -> usize {
        self.plan.discretisation.cvs.len()
    }

    /// Whether the cell rests when nothing is done to it.
    pub fn rests(&self) -> bool {
        self.rest.is_still
    }

    /// The potential at rest of `node`, V.
    pub fn rest_v(&self, node: usize) -> f64 {
        self.rest.v.get(node).copied().unwrap_or(f64::NAN)
    }

    /// Where `node` is: the middle of its compartment, or the end of the section at whose end the fork is.
    pub(super) fn location(&self, node: usize) -> Location {
        let tree = &self.plan.discretisation;
        let cv = tree.node_cv[node];
        if cv != NONE {
            let cv = &tree.cvs[cv as usize];
            return Location { section: cv.section, fraction: cv.centre() };
        }
        let cv = &tree.cvs[tree.node_cv[self.with_membrane(node)] as usize];
        let at_start = cv.from == 0.0 && cv.to != 1.0;
        Location { section: cv.section, fraction: if at_start { 0.0 } else { 1.0 } }
    }

    /// The node at `location`.
    pub(super) fn node(&self, location: Location) -> usize {
        self.plan.discretisation.node_at(location.section, location.fraction) as usize
    }

    /// The node of the soma, where distances start; the root where there is none.
    pub fn soma(&self) -> usize {
        let origin = self.plan.geometry.origin();
        origin.map_or(0, |(section, fraction)| self.node(Location { section, fraction }))
    }

    /// The nodes that `text` selects, a location expression: points, or the compartments of a region.
    ///
    /// # Errors
    /// If it is none, or selects nothing.
    pub fn nodes(&self, text: &str) -> Result<Vec<usize>> {
        let cable = Cable::new(&self.cell.morphology, &self.plan.geometry);
        let draw = Draw::default();
        let selection: Selection = text.parse()?;
        let places: Vec<Location> = match selection {
            Selection::Points(points) => points.evaluate(&cable, &draw)?,
            // A single section means its middle, as everywhere.
            Selection::Region(region) => match Points::from(region.clone()).evaluate(&cable, &draw) {
                Ok(places) => places,
                Err(_) => self.middles(&region, &cable)?,
            },
        };
        let mut nodes: Vec<usize> = places.into_iter().map(|place| self.node(place)).collect();
        nodes.sort_unstable();
        nodes.dedup();
        if nodes.is_empty() {
            return Err(Error::new(ErrorKind::Selection, format!("`{text}` selects no place")));
        }
        Ok(nodes)
    }

    fn middles(&self, region: &Region, cable: &Cable<'_>) -> Result<Vec<Location>> {
        let cover = region.evaluate(cable)?;
        let middle = self.plan.discretisation.cvs.iter();
        let middle = middle.map(|cv| Location { section: cv.section, fraction: cv.centre() });
        Ok(middle.filter(|place| cover.contains(*place)).collect())
    }

    /// The cell as something to measure: it starts at rest. Synapses are put at the nodes `sites`.
    ///
    /// # Errors
    /// If its starting potentials cannot be written down.
    pub fn subject(&self, sites: &[usize], threshold_v: f64) -> Result<Subject> {
        let mut cell = CableCell::clone(&self.cell);
        let mut layers = Vec::new();
        for section in cell.morphology.section_ids() {
            let cvs = self.plan.discretisation.cvs_of(section);
            let n = cvs.len().max(1) as f64;
            let mean =
                cvs.map(|cv| self.rest.v[self.plan.discretisation.cvs[cv].node as usize]).sum::<f64>() / n;
            let name = cell.morphology.section(section).name.clone();
            layers.push(Field::uniform(Region::Section(name), mean, Dimension::VOLTAGE));
        }
        cell.initial_v = Field::overlay(layers)?;
        let at = |node: usize| self.points(self.location(node));
        let site = |node: &usize| SitePlace { points: Some(at(*node)), factor: 1.0, delay_s: 0.0 };
        Ok(Subject {
            cell: PopulationCell::Cable(Arc::new(cell)),
            temperature_k: self.temperature_k,
            soma: Some(at(self.soma())),
            sites: sites.iter().map(site).collect(),
            threshold_v,
        })
    }

    /// A place as points.
    fn points(&self, place: Location) -> Points {
        let name = self.cell.morphology.section(place.section).name.clone();
        Points::At(Region::Section(name), place.fraction)
    }

    /// The current into each node that is not balanced at the potentials of rest, A: zero for a cell that rests.
    pub(super) fn unbalanced(&self) -> Vec<f64> {
        let n = self.linear.len();
        let mut currents = vec![0.0; n];
        for (spread, steady) in self.channels.iter().zip(&self.steady) {
            for node in 0..n {
                currents[node] += spread.amounts[node] * steady[node].current;
            }
        }
        for node in 0..n {
            if let Some(parent) = self.linear.parent_of(node) {
                let axial = self.linear.axial_s[node] * (self.rest.v[parent] - self.rest.v[node]);
                currents[node] += axial;
                currents[parent] -= axial;
            }
        }
        currents
    }

    /// The conductance of all leaks at each node, S.
    pub(super) fn leaks(&self) -> Vec<f64> {
        let mut out = vec![0.0; self.linear.len()];
        for spread in &self.channels {
            if let Some((conductance, _)) = spread.channel.leak {
                out.iter_mut().zip(&spread.amounts).for_each(|(g, amount)| *g += conductance * amount);
            }
        }
        out
    }
}

/// Sums of `values` over the nodes, weighted by the columns of `weights`.
pub(super) fn gathered(weights: &Mat<f64>, values: &[f64]) -> Vec<f64> {
    let column = |c: usize| (0..weights.nrows()).map(|row| weights[(row, c)] * values[row]).sum();
    (0..weights.ncols()).map(column).collect()
}
