//! A reduced cell and where the places of the detailed one are on it.

use std::sync::Arc;

use super::admittance::Admittance;
use super::compartments::Compartments;
use super::detailed::Detailed;
use super::impedance::Linear;
use super::measure::{SitePlace, Subject};
use super::responses::{Moving, largest_at};
use crate::error::Result;
use crate::model::{Model, PopulationCell};
use crate::select::Points;

/// A cell reduced to compartments.
#[derive(Debug, Clone)]
pub struct Reduced {
    /// Its compartments.
    pub cell: Compartments,
    /// For each node of the detailed cell the compartment that it is in.
    pub home: Vec<usize>,
    /// For each node the factor on a synapse there with which it has the effect on the soma that it has on the detailed cell:
    /// the ratio of the largest potentials that it makes there while it is small.
    pub factor: Vec<f64>,
    /// The compartment of the soma.
    pub soma: usize,
}

impl Reduced {
    /// Works the factors out.
    pub(super) fn new(full: &Detailed, cell: Compartments, home: Vec<usize>) -> Result<Reduced> {
        let from = full.soma();
        let soma = home[from];
        let (detailed, reduced) = if full.rests() {
            (full.at_soma()?.to_vec(), largest_at(&cell.leaks(), &moving(full, &cell)?, soma)?)
        } else {
            // Around the mean of what an active cell does nothing decays: channels are held.
            let steady = |cell: &Linear, soma: usize| -> Result<Vec<f64>> {
                Ok(cell.at(0.0)?.from(soma).iter().map(|z| z.re).collect())
            };
            (steady(&full.linear, from)?, steady(&cell.linear(), soma)?)
        };
        let factor = home.iter().zip(&detailed).map(|(at, potential)| potential / reduced[*at]).collect();
        Ok(Reduced { cell, home, factor, soma })
    }

    /// A model of one reduced cell, to be run for as long as `of`: its soma is recorded, and its spikes are passages of
    /// `threshold_v` (V).
    ///
    /// # Errors
    /// If the compartments make no cell.
    pub fn model(&self, of: &Model, threshold_v: f64) -> Result<Model> {
        let mut model = Model::new(self.cell.name.clone(), of.run.duration_s, of.run.dt_s, of.temperature_k);
        model.run = of.run;
        let cell = PopulationCell::Cable(Arc::new(self.cell.to_cell()?));
        let population = model.add_population("reduced", 1, cell);
        let soma = Points::At(self.cell.region(self.soma), 0.5);
        model.record(population, soma.clone(), &["v"], "soma");
        model.detect_spikes(population, soma, threshold_v);
        Ok(model)
    }

    /// The reduced cell as something to measure, with synapses where the nodes `sites` of the detailed cell went.
    ///
    /// # Errors
    /// If the compartments make no cell.
    pub fn subject(&self, full: &Detailed, sites: &[usize], threshold_v: f64) -> Result<Subject> {
        let at = |compartment: usize| Points::At(self.cell.region(compartment), 0.5);
        let site = |node: &usize| SitePlace {
            points: Some(at(self.home[*node])),
            factor: self.factor[*node],
            delay_s: 0.0,
        };
        let (cell, starts_at_rest) = self.cell.at_rest()?;
        Ok(Subject {
            cell: PopulationCell::Cable(Arc::new(cell)),
            temperature_k: full.temperature_k,
            soma: Some(at(self.soma)),
            sites: sites.iter().map(site).collect(),
            threshold_v,
            settle_s: full.settle_s(starts_at_rest),
        })
    }
}

/// The channels of `cell` as they move with the potential around rest; none where they were taken for leaks.
fn moving(full: &Detailed, cell: &Compartments) -> Result<Vec<Moving>> {
    let mut all = Vec::new();
    for (number, (spread, _)) in full.gated().enumerate() {
        let amount = |at: usize| cell.compartments[at].channels.get(number).copied().unwrap_or(0.0);
        let there: Vec<usize> = (0..cell.compartments.len()).filter(|at| amount(*at) != 0.0).collect();
        let place = |at: &usize| {
            (full.node(cell.compartments[*at].place), cell.surroundings(*at, full.temperature_k))
        };
        let answers =
            spread.each_at(&full.plan, &there.iter().map(place).collect::<Vec<_>>(), &Admittance::of)?;
        let one = |(node, answer): (usize, Admittance)| Moving { node, amount: amount(node), answer };
        all.extend(there.into_iter().zip(answers).map(one));
    }
    Ok(all)
}
