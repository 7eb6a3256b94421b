//! A detailed cell as a point neuron, and what becomes of its synapses.

use std::sync::Arc;

use super::compare;
use super::detailed::Detailed;
use super::fit;
use super::measure::{SETTLE_S, SitePlace, Subject};
use super::point::{Kind, PointNeuron};
use crate::error::Result;
use crate::model::{CellSet, Model, PopulationCell, Recording, Site};

/// Frequency at which delays are taken, Hz.
const DELAY_HZ: f64 = 10.0;

/// A cell reduced to a point.
#[derive(Debug, Clone)]
pub struct Pointed {
    /// The point neuron.
    pub neuron: PointNeuron,
    /// For each node of the detailed cell the factor on a synapse there: the transfer impedance to the soma over the input
    /// impedance of the soma, at rest.
    pub factor: Vec<f64>,
    /// For each node the delay to add, s: by how much the phase of the transfer impedance lags behind that of the input
    /// impedance, at 10 Hz.
    pub delay_s: Vec<f64>,
}

impl Pointed {
    /// Fits a point neuron of `kind` to `full`, whose spikes are passages of `threshold_v` (V).
    ///
    /// # Errors
    /// If the cell cannot be run, or has no impedances.
    pub fn of(full: &Detailed, kind: Kind, threshold_v: f64) -> Result<Pointed> {
        let subject = full.subject(&[], threshold_v)?;
        let (protocol, _) = compare::protocol(full, &subject, &[], 1)?;
        let observed = fit::observe(&subject, protocol.small_a, &protocol.currents_a, protocol.noise_a)?;
        let soma = full.soma();
        let steady = full.linear.at(0.0)?.from(soma);
        let turning = full.linear.at(DELAY_HZ)?.from(soma);
        let omega = std::f64::consts::TAU * DELAY_HZ;
        let lag = |node: usize| ((turning[soma].arg() - turning[node].arg()) / omega).max(0.0);
        Ok(Pointed {
            neuron: fit::fit(&observed, kind),
            factor: steady.iter().map(|z| z.re / steady[soma].re).collect(),
            delay_s: (0..steady.len()).map(lag).collect(),
        })
    }

    /// The point neuron as something to measure, with synapses for those at the nodes `sites` of the detailed cell.
    ///
    /// # Errors
    /// If its parameters make no cell.
    pub fn subject(&self, full: &Detailed, sites: &[usize], threshold_v: f64) -> Result<Subject> {
        let site = |node: &usize| SitePlace {
            points: None,
            factor: self.factor[*node],
            delay_s: self.delay_s[*node],
        };
        Ok(Subject {
            cell: PopulationCell::Point(Arc::new(self.neuron.to_cell("point")?)),
            temperature_k: full.temperature_k,
            soma: None,
            sites: sites.iter().map(site).collect(),
            threshold_v,
            settle_s: SETTLE_S,
        })
    }

    /// A model of one such neuron, to be run for as long as `of`, its potential recorded.
    ///
    /// # Errors
    /// If its parameters make no cell.
    pub fn model(&self, of: &Model, name: &str) -> Result<Model> {
        let mut model = Model::new(name, of.run.duration_s, of.run.dt_s, of.temperature_k);
        model.run = of.run;
        let cell = PopulationCell::Point(Arc::new(self.neuron.to_cell(name)?));
        let population = model.add_population("reduced", 1, cell);
        model.recordings.push(Recording {
            population,
            cells: CellSet::All,
            site: Site::Cell,
            variables: vec!["v".into()],
            interval_s: 0.0,
            file: "soma".into(),
            label: None,
        });
        Ok(model)
    }
}
