//! Cells with a shape within structures: their temperature, places on them, paths into them.

use super::units::{Body, Unit};
use super::{Elaborated, Found, Place};
use crate::dynamics::Dynamics;
use crate::error::{ErrorKind, Result};
use crate::lems::instances::{End, Tree};
use crate::lems::types::ComponentType;
use crate::model::CableCell;
use crate::neuroml::site::{self, located, written};
use crate::select::Location;

/// The attributes by which the connections and inputs of NeuroML name a place, by the end that they are of.
const RECEIVERS: [site::End; 2] = [
    site::End { cell: "postCellId", segment: "postSegmentId", fraction: "postFractionAlong" },
    site::End { cell: "target", segment: "segmentId", fraction: "fractionAlong" },
];
const SENDERS: [site::End; 1] =
    [site::End { cell: "preCellId", segment: "preSegmentId", fraction: "preFractionAlong" }];
const ONES: [site::End; 1] =
    [site::End { cell: "preCell", segment: "preSegment", fraction: "preFractionAlong" }];
const OTHERS: [site::End; 1] =
    [site::End { cell: "postCell", segment: "postSegment", fraction: "postFractionAlong" }];

/// Whether a cell or what is attached to it reads the temperature from the model.
pub(super) fn reads_temperature(unit: &Unit) -> bool {
    let sites = unit.sites.iter().any(|site| reads(&site.dynamics));
    sites
        || match &unit.body {
            Body::Point(dynamics) => reads(dynamics),
            Body::Cable(shaped) => cable_reads(&shaped.cell),
        }
}

fn reads(dynamics: &Dynamics) -> bool {
    dynamics.inputs.iter().any(|input| input.name == "temperature")
}

fn cable_reads(cell: &CableCell) -> bool {
    cell.densities.iter().any(|d| reads(&d.dynamics)) || cell.pools.iter().any(|p| reads(&p.dynamics))
}

/// The temperature that what is around cells with a shape gives them, K, if they read it. A model has one.
///
/// # Errors
/// If it changes in the run, or differs between cells.
pub(super) fn temperature_k(tree: &Tree<'_>, units: &[Unit]) -> Result<Option<f64>> {
    let mut found: Option<Option<f64>> = None;
    for unit in units.iter().filter(|unit| reads_temperature(unit)) {
        let here = match &unit.body {
            Body::Cable(_) => given_temperature(tree, unit.root)?,
            // What is around a cell of equations is in them.
            Body::Point(_) => None,
        };
        if found.is_some_and(|found| found != here) {
            let component = tree.nodes[unit.root].component;
            let message = "cells with a shape at different temperatures in one model";
            return Err(component.error(ErrorKind::Unsupported, message));
        }
        found = Some(here);
    }
    Ok(found.flatten())
}

fn given_temperature(tree: &Tree<'_>, root: usize) -> Result<Option<f64>> {
    let declares = |of: &ComponentType| {
        of.quantity("temperature").is_some() && !of.requirements.iter().any(|r| r.name == "temperature")
    };
    for at in tree.above(root).skip(1).filter(|at| declares(tree.nodes[*at].of)) {
        let d = &tree.nodes[at].of.dynamics;
        if d.states.iter().any(|s| s.name == "temperature")
            || d.derived.iter().any(|d| d.name == "temperature")
        {
            let message = "its temperature changes in the run, and a cell with a shape in it reads it";
            return Err(tree.nodes[at].component.error(ErrorKind::Unsupported, message));
        }
        if let Some(value) = tree.value(at, "temperature")? {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

impl Elaborated<'_> {
    /// Where on its cell the attached instance `node` is; `None` on cells without a shape. What attached it may
    /// name a segment, as connections and inputs of NeuroML do; else it is the middle of segment 0.
    pub(super) fn site(&self, population: usize, node: usize) -> Result<Option<Location>> {
        let (by, ends): (usize, &[site::End]) = match self.tree.nodes[node].attached_by {
            Some((by, End::Receiver)) => (by, &RECEIVERS),
            Some((by, End::One)) => (by, &ONES),
            Some((by, End::Other)) => (by, &OTHERS),
            None => (node, &[]),
        };
        self.place(population, by, ends)
    }

    /// Where on its cell what the structure of the instance `by` connects gets its events from.
    pub(super) fn source(&self, population: usize, by: usize) -> Result<Option<Location>> {
        self.place(population, by, &SENDERS)
    }

    fn place(&self, population: usize, by: usize, ends: &[site::End]) -> Result<Option<Location>> {
        let Some(shaped) = &self.network.populations[population].shaped else { return Ok(None) };
        let component = self.tree.nodes[by].component;
        let names = |end: &&site::End| {
            component.text(end.segment).is_some() || component.text(end.fraction).is_some()
        };
        match ends.iter().find(names) {
            Some(end) => located(shaped, component, *end, written(component, *end)?),
            None => Ok(site::root_middle(shaped)),
        }
    }

    /// What the path `all` leads to within a cell with a shape.
    pub(super) fn find_in_cable(&self, all: &[&str]) -> Option<Found> {
        (0..all.len()).rev().find_map(|count| {
            let (way, rest) = all.split_at(count);
            let node = if way.is_empty() { 0 } else { self.tree.find(0, &way.join("/")).ok()? };
            let Place::Cell(population, cell) = *self.places.get(&node)? else { return None };
            self.network.populations[population].shaped.as_ref()?;
            let rest = rest.iter().map(|step| (*step).to_string()).collect();
            Some(Found::Cable { population, cell, rest })
        })
    }
}
