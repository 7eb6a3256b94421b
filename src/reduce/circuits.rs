//! A cell as an analog chip has it: passive compartments, one of which fires and is reset.

use std::sync::Arc;

use super::compare;
use super::compartments::Compartments;
use super::detailed::Detailed;
use super::fit::{self, Observed};
use super::measure::{SAMPLE_S, SETTLE_S, SitePlace, Subject};
use super::reduced::Reduced;
use crate::error::Result;
use crate::model::{CableCell, Density, PopulationCell};
use crate::select::Points;

/// Time constant with which the open reset pulls the membrane down, s: at once, beside all that a neuron does.
const RESET_S: f64 = 2e-6;
/// Spikes within this coincide, s: wide at first, so that the simplex finds its way.
const WINDOWS_S: [f64; 2] = [0.010, 0.004];
/// Evaluations for each window.
const EVALUATIONS: usize = 120;
/// The channel of the library that resets.
const RESET: &str = "reset";

/// Passive compartments with a soma that fires.
#[derive(Debug, Clone)]
pub struct Circuits {
    /// The compartments, without channels but their leaks.
    pub reduced: Reduced,
    /// Potential of the soma at which it fires, V.
    pub threshold_v: f64,
    /// Potential at which it is held after that, V.
    pub reset_v: f64,
    /// For how long, s.
    pub refractory_s: f64,
}

impl Circuits {
    /// Takes the channels from `reduced`, whose conductance at rest becomes part of the leaks, and fits threshold, reset,
    /// refractory time and the sizes of leaks and capacitances to what was observed of the detailed cell.
    pub fn of(reduced: Reduced, observed: &Observed) -> Circuits {
        let start =
            Circuits { reduced: reduced.passive(), threshold_v: 0.0, reset_v: 0.0, refractory_s: 0.0 };
        let rest = start.soma().rest_v;
        let (threshold, reset) = fit::landmarks(&observed.noisy).unwrap_or((rest + 0.02, rest));
        let bounds = [
            (rest + 2e-3, threshold + 15e-3),
            (rest - 30e-3, threshold - 5e-4),
            (1e-4, fit::soonest(observed)),
            (-0.7, 0.7),
            (-0.7, 0.7),
        ];
        let scale = [3e-3, 4e-3, 2e-3, 0.15, 0.15];
        let clamped = |x: &[f64]| -> Vec<f64> {
            x.iter().zip(&bounds).map(|(x, (low, high))| x.clamp(*low, high.max(*low))).collect()
        };
        let with = |x: &[f64]| {
            let mut made = Circuits {
                threshold_v: x[0],
                reset_v: x[1].min(x[0] - 5e-4),
                refractory_s: x[2],
                ..start.clone()
            };
            for compartment in &mut made.reduced.cell.compartments {
                compartment.capacitance_f *= x[3].exp();
                compartment.leak_s *= x[4].exp();
            }
            made.reduced.cell.balance();
            made
        };
        let mut best = vec![threshold, reset, 3e-3, 0.0, 0.0];
        for (window, size) in WINDOWS_S.into_iter().zip([1.0, -0.4]) {
            let edges: Vec<f64> = scale.iter().map(|s| s * size).collect();
            best = fit::simplex(&best, &edges, EVALUATIONS, &mut |x| {
                let inside = clamped(x);
                let outside: f64 =
                    x.iter().zip(&inside).zip(&scale).map(|((x, i), s)| ((x - i) / s).powi(2)).sum();
                let made = with(&inside);
                fit::loss(&|input| made.respond(input, SAMPLE_S), observed, window) + 0.1 * outside
            });
            best = clamped(&best);
        }
        with(&best)
    }

    /// What a fit sees of `full`, whose spikes are passages of `threshold_v` (V).
    ///
    /// # Errors
    /// If the cell cannot be run.
    pub fn observe(full: &Detailed, threshold_v: f64) -> Result<Observed> {
        let subject = full.subject(&[], threshold_v)?;
        let (protocol, _) = compare::protocol(full, &subject, &[], 1)?;
        fit::observe(&subject, protocol.small_a, &protocol.currents_a, protocol.noise_a)
    }

    /// The compartment that fires.
    pub fn soma(&self) -> &super::Compartment {
        &self.reduced.cell.compartments[self.reduced.soma]
    }

    /// What the soma does with the current `input` (A, one for each step of `dt_s`) from rest: the potential after each step,
    /// and the spikes, s. Backward Euler.
    pub fn respond(&self, input: &[f64], dt_s: f64) -> (Vec<f64>, Vec<f64>) {
        let tree = Rooted::new(&self.reduced.cell, self.reduced.soma, dt_s);
        let mut v = tree.rest.clone();
        let mut right = vec![0.0; v.len()];
        let (mut trace, mut spikes) = (Vec::with_capacity(input.len()), Vec::new());
        let mut held = 0.0_f64;
        for (step, current) in input.iter().enumerate() {
            let reset = (held > 0.5 * dt_s).then_some(self.reset_v);
            held -= dt_s;
            tree.step(&mut v, &mut right, *current, reset);
            if reset.is_none() && v[0] >= self.threshold_v {
                spikes.push((step + 1) as f64 * dt_s);
                held = self.refractory_s;
                v[0] = self.reset_v;
            }
            trace.push(v[0]);
        }
        (trace, spikes)
    }

    /// The cell with a shape that does this: leaks, and at the soma a conductance that resets.
    ///
    /// # Errors
    /// If the compartments make no cell.
    pub fn to_cell(&self) -> Result<CableCell> {
        let mut cell = self.reduced.cell.to_cell()?;
        let soma = self.soma();
        let region = self.reduced.cell.region(self.reduced.soma);
        let open = soma.capacitance_f / RESET_S / soma.area_m2;
        let mut reset = Density::ohmic(RESET, region, open, self.reset_v)?;
        let own = [("threshold", self.threshold_v, "V"), ("refract", self.refractory_s, "s")];
        let dynamics = Arc::make_mut(&mut reset.dynamics);
        for parameter in &mut dynamics.parameters {
            let name = parameter.name.rsplit('/').next().unwrap_or_default();
            if let Some((_, value, _)) = own.iter().find(|(own, ..)| *own == name) {
                parameter.value = *value;
            }
        }
        for used in reset.source.as_mut().map(Arc::make_mut).iter_mut().flat_map(|source| &mut source.uses) {
            let is_reset = used.get("id") == Some(RESET);
            for attribute in used.attributes.iter_mut().filter(|_| is_reset) {
                if let Some((_, value, unit)) = own.iter().find(|(own, ..)| *own == attribute.name) {
                    attribute.value = format!("{value} {unit}");
                }
            }
        }
        cell.densities.push(reset);
        Ok(cell)
    }

    /// The circuits as something to measure, with synapses where the nodes `sites` of the detailed cell went.
    ///
    /// # Errors
    /// If the compartments make no cell.
    pub fn subject(&self, full: &Detailed, sites: &[usize]) -> Result<Subject> {
        let at = |compartment: usize| Points::At(self.reduced.cell.region(compartment), 0.5);
        let site = |node: &usize| SitePlace {
            points: Some(at(self.reduced.home[*node])),
            factor: self.reduced.factor[*node],
            delay_s: 0.0,
        };
        Ok(Subject {
            cell: PopulationCell::Cable(Arc::new(self.to_cell()?)),
            temperature_k: full.temperature_k,
            soma: Some(at(self.reduced.soma)),
            sites: sites.iter().map(site).collect(),
            threshold_v: self.threshold_v,
            settle_s: SETTLE_S,
        })
    }
}

impl Reduced {
    /// The compartments without channels: what of them is open at rest is leak.
    pub fn passive(mut self) -> Reduced {
        self.cell.channels.clear();
        self.cell.pools.clear();
        for compartment in &mut self.cell.compartments {
            compartment.leak_s = compartment.rest_conductance_s.max(0.2 * compartment.leak_s);
            compartment.channels.clear();
            compartment.pools.clear();
        }
        self.cell.balance();
        self
    }
}

impl Compartments {
    /// Gives the leaks of compartments without channels the reversal potentials with which all rest where they rest.
    pub fn balance(&mut self) {
        let mut into = vec![0.0; self.compartments.len()];
        for (at, compartment) in self.compartments.iter().enumerate() {
            if let Some((above, parent)) =
                compartment.parent.and_then(|p| Some((p, self.compartments.get(p)?)))
            {
                let current = compartment.coupling_s * (parent.rest_v - compartment.rest_v);
                into[at] += current;
                into[above] -= current;
            }
        }
        for (compartment, into) in self.compartments.iter_mut().zip(into) {
            compartment.leak_reversal_v = compartment.rest_v - into / compartment.leak_s;
            compartment.rest_conductance_s = compartment.leak_s;
        }
    }
}

/// The compartments in an order from the soma on, eliminated for steps of one length.
struct Rooted {
    /// For each the one before it towards the soma; the soma, first, has none.
    before: Vec<usize>,
    coupling: Vec<f64>,
    pivot: Vec<f64>,
    /// C/Δt and g·E of each.
    charge: Vec<f64>,
    drive: Vec<f64>,
    rest: Vec<f64>,
}

impl Rooted {
    fn new(cell: &Compartments, soma: usize, dt_s: f64) -> Rooted {
        let n = cell.compartments.len();
        let mut neighbours: Vec<Vec<(usize, f64)>> = vec![Vec::new(); n];
        for (at, compartment) in cell.compartments.iter().enumerate() {
            if let Some(parent) = compartment.parent {
                neighbours[at].push((parent, compartment.coupling_s));
                neighbours[parent].push((at, compartment.coupling_s));
            }
        }
        // Compartment, place before it, conductance to that.
        let mut order = vec![(soma, 0, 0.0)];
        let mut seen = vec![false; n];
        seen[soma] = true;
        let mut at = 0;
        while let Some((node, ..)) = order.get(at).copied() {
            for (next, coupling) in &neighbours[node] {
                if !std::mem::replace(&mut seen[*next], true) {
                    order.push((*next, at, *coupling));
                }
            }
            at += 1;
        }
        let of = |value: &dyn Fn(&super::Compartment) -> f64| -> Vec<f64> {
            order.iter().map(|(node, ..)| value(&cell.compartments[*node])).collect()
        };
        let charge = of(&|c| c.capacitance_f / dt_s);
        let leak = of(&|c| c.leak_s);
        let mut pivot: Vec<f64> = charge.iter().zip(&leak).map(|(c, g)| c + g).collect();
        for (at, (_, before, coupling)) in order.iter().enumerate().skip(1) {
            pivot[at] += coupling;
            pivot[*before] += coupling;
        }
        for (at, (_, before, coupling)) in order.iter().enumerate().skip(1).rev() {
            pivot[*before] -= coupling * coupling / pivot[at];
        }
        Rooted {
            before: order.iter().map(|(_, before, _)| *before).collect(),
            coupling: order.iter().map(|(.., coupling)| *coupling).collect(),
            pivot,
            charge,
            drive: of(&|c| c.leak_s * c.leak_reversal_v),
            rest: of(&|c| c.rest_v),
        }
    }

    /// A step with the current `into` (A) into the soma, or with the soma held at `reset` (V).
    fn step(&self, v: &mut [f64], right: &mut [f64], into: f64, reset: Option<f64>) {
        for at in 0..v.len() {
            right[at] = self.charge[at] * v[at] + self.drive[at];
        }
        right[0] += into;
        for at in (1..v.len()).rev() {
            right[self.before[at]] += self.coupling[at] * right[at] / self.pivot[at];
        }
        v[0] = reset.unwrap_or(right[0] / self.pivot[0]);
        for at in 1..v.len() {
            v[at] = (right[at] + self.coupling[at] * v[self.before[at]]) / self.pivot[at];
        }
    }
}
