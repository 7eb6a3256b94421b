//! A detailed cell at rest: all that a reduction wants to know of it.

use std::sync::{Arc, OnceLock};

use faer::Mat;

use super::admittance::Admittance;
use super::impedance::Linear;
use super::measure::{SETTLE_S, SitePlace, Subject};
use super::membrane::{Spread, Steady, Surroundings, channels};
use super::responses::{Moving, largest_at};
use super::rest::{Rest, rest, start_pools};
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
    /// The channels moving, once somebody has asked for them.
    moving: OnceLock<Vec<Moving>>,
    /// The largest potential at the soma after a synapse at each node, once somebody has asked.
    at_soma: OnceLock<Vec<f64>>,
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
            moving: OnceLock::new(),
            at_soma: OnceLock::new(),
        };
        for spread in &this.channels {
            let places = this.places(spread.nodes());
            let found = spread.steady_at(&this.plan, &places)?;
            let mut all = vec![Steady::default(); spread.amounts.len()];
            for ((node, _), steady) in places.into_iter().zip(found) {
                all[node] = steady;
                this.linear.leak_s[node] += spread.amounts[node] * steady.conductance;
            }
            this.steady.push(all);
        }
        Ok(this)
    }

    /// What a cell of compartments made of this one does not keep, a sentence each: of what differs over space only the
    /// amounts of channels do.
    pub fn left_out(&self) -> Vec<String> {
        let one = |spread: &Spread| {
            let name = &spread.channel.name;
            let one = |(parameter, _): &(String, Vec<f64>)| {
                format!(
                    "channel '{name}': `{parameter}`, which differs over space, has its default in the reduced cell"
                )
            };
            spread.varying.iter().map(one).collect::<Vec<_>>()
        };
        self.channels.iter().flat_map(one).collect()
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

    /// `nodes` and what surrounds a channel there at rest.
    pub(super) fn places(&self, nodes: impl Iterator<Item = usize>) -> Vec<(usize, Surroundings)> {
        nodes.map(|node| (node, self.surroundings(node))).collect()
    }

    /// The channels that are no leaks, each with what it does at each node at rest.
    pub(super) fn gated(&self) -> impl Iterator<Item = (&Spread, &[Steady])> {
        let all = self.channels.iter().zip(self.steady.iter().map(Vec::as_slice));
        all.filter(|(spread, _)| spread.channel.leak.is_none())
    }

    /// The channels, leaks too, as they move with the potential around rest.
    ///
    /// # Errors
    /// If one has no value there.
    pub(super) fn moving(&self) -> Result<&[Moving]> {
        if let Some(known) = self.moving.get() {
            return Ok(known);
        }
        let mut all = Vec::new();
        for spread in &self.channels {
            let places = self.places(spread.nodes());
            let answers = spread.each_at(&self.plan, &places, &Admittance::of)?;
            let one = |((node, _), answer)| Moving { node, amount: spread.amounts[node], answer };
            all.extend(places.into_iter().zip(answers).map(one));
        }
        Ok(self.moving.get_or_init(|| all))
    }

    /// The largest potential that a small synapse at each node makes at the soma.
    ///
    /// # Errors
    /// If the cell has no impedances.
    pub(super) fn at_soma(&self) -> Result<&[f64]> {
        if let Some(known) = self.at_soma.get() {
            return Ok(known);
        }
        let found = largest_at(&self.bare(), self.moving()?, self.soma())?;
        Ok(self.at_soma.get_or_init(|| found))
    }

    /// The cell around rest without any membrane conductance.
    pub(super) fn bare(&self) -> Linear {
        Linear { leak_s: vec![0.0; self.linear.len()], ..self.linear.clone() }
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
        cell.initial_v = self.by_section(&|node| Some(self.rest.v[node]), Dimension::VOLTAGE)?;
        let knows_rest = start_pools(&mut cell.pools, &|ion, outside| {
            let known = self.rest.concentrations.get(ion);
            let pair = |node: usize| known.and_then(|known| known[node]);
            let one = |node: usize| pair(node).map(|(inner, outer)| if outside { outer } else { inner });
            self.by_section(&one, Dimension::CONCENTRATION)
        })?;
        let at = |node: usize| self.points(self.location(node));
        let site = |node: &usize| SitePlace { points: Some(at(*node)), factor: 1.0, delay_s: 0.0 };
        Ok(Subject {
            cell: PopulationCell::Cable(Arc::new(cell)),
            temperature_k: self.temperature_k,
            soma: Some(at(self.soma())),
            sites: sites.iter().map(site).collect(),
            threshold_v,
            settle_s: self.settle_s(knows_rest),
        })
    }

    /// How long the cell, and what it is reduced to, need before anything is done to them, s: potentials and channels start at
    /// rest, concentrations only where they can be told to.
    pub(super) fn settle_s(&self, starts_at_rest: bool) -> f64 {
        if starts_at_rest { SETTLE_S } else { self.rest.took_s.max(SETTLE_S) }
    }

    /// What nodes have, section by section: the mean of those that have any.
    fn by_section(&self, value: &dyn Fn(usize) -> Option<f64>, dimension: Dimension) -> Result<Field> {
        let tree = &self.plan.discretisation;
        let mut layers = Vec::new();
        for section in self.cell.morphology.section_ids() {
            let values = tree.cvs_of(section).filter_map(|cv| value(tree.cvs[cv].node as usize));
            let values: Vec<f64> = values.collect();
            if !values.is_empty() {
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                let name = self.cell.morphology.section(section).name.clone();
                layers.push(Field::uniform(Region::Section(name), mean, dimension));
            }
        }
        Field::overlay(layers)
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
