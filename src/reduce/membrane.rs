//! What the membrane of a detailed cell does: its channels by kind, how much of each is where, and what they do when
//! nothing changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::cable::NONE;
use crate::dynamics::Dynamics;
use crate::dynamics::interpret::Instance;
use crate::engine::CellPlan;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{CableCell, Source, concentration_input};

/// Half the distance of potentials between which slopes are taken, V.
pub(super) const SLOPE_V: f64 = 1e-5;
/// Parameters that say how much of a channel there is, in the order in which they are looked for.
const AMOUNTS: [&str; 2] = ["condDensity", "permeability"];

/// A kind of channel: the densities of a cell with the same equations.
#[derive(Debug, Clone)]
pub struct Channel {
    /// Its name in the reduced cell.
    pub name: String,
    /// Names of the densities of the detailed cell that are of this kind.
    pub densities: Vec<String>,
    /// The equations, for an amount of 1.
    pub dynamics: Arc<Dynamics>,
    /// The component that they are of, if it is known.
    pub source: Option<Arc<Source>>,
    /// The ion that its current is of, if any.
    pub ion: Option<String>,
    /// The parameter that its current is proportional to: `condDensity`.
    pub amount: String,
    /// Conductance (for an amount of 1) and reversal potential (V), if it is a leak: without states, and linear in v.
    pub leak: Option<(f64, f64)>,
}

impl Channel {
    /// Whether its equations read a concentration of `ion`.
    pub fn reads(&self, ion: &str) -> bool {
        let mut read = self.dynamics.inputs.iter().filter_map(|input| concentration_input(&input.name));
        read.any(|(read, _)| read == ion)
    }
}

/// A channel on a cell.
#[derive(Debug, Clone)]
pub(super) struct Spread {
    pub channel: Channel,
    /// How much is at each node: amount times area (S for conductances).
    pub amounts: Vec<f64>,
    /// Other parameters that differ over space, and their values in each compartment.
    pub varying: Vec<(String, Vec<f64>)>,
}

/// What surrounds a channel at a place.
#[derive(Debug, Clone, Default)]
pub(super) struct Surroundings {
    pub v: f64,
    pub temperature_k: f64,
    pub area_m2: f64,
    /// Concentration inside and outside of each ion, mol/m³.
    pub concentrations: BTreeMap<String, (f64, f64)>,
}

/// What a channel of amount 1 does in its steady state.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Steady {
    /// Current into the cell, A/m².
    pub current: f64,
    /// Conductance with the states held, −∂i/∂v, S/m².
    pub conductance: f64,
}

/// The channels of `cell` by kind.
///
/// # Errors
/// For a channel whose current is not proportional to any of its parameters.
pub(super) fn channels(cell: &CableCell, plan: &CellPlan) -> Result<Vec<Spread>> {
    let mut kinds: Vec<Spread> = Vec::new();
    let cvs = &plan.discretisation.cvs;
    let spreads = plan.mechanisms.iter().filter(|m| !m.mechanism.is_pool);
    for (density, spread) in cell.densities.iter().zip(spreads) {
        let amount = amount_of(&spread.mechanism.dynamics)
            .map_err(|e| e.in_element(format!("channel '{}'", density.name)))?;
        let varying = spread.mechanism.varying.iter().cloned().zip(spread.values.iter().cloned());
        let mut varying: Vec<(String, Vec<f64>)> = varying.collect();
        let mut dynamics = Dynamics::clone(&spread.mechanism.dynamics);
        let fixed = dynamics.parameter(&amount).map_or(0.0, |p| p.value);
        let by_place =
            varying.iter().position(|(name, _)| *name == amount).map(|at| varying.swap_remove(at).1);
        if let Some(parameter) = dynamics.parameters.iter_mut().find(|p| p.name == amount) {
            parameter.value = 1.0;
        }
        dynamics.name.clear();
        let mut amounts = vec![0.0; plan.discretisation.n_nodes()];
        for (at, cv) in cvs.iter().enumerate() {
            let density = by_place.as_ref().map_or(fixed, |values| values[at]);
            amounts[cv.node as usize] = density * spread.cover[at] * cv.area_m2;
        }
        let same = |known: &&mut Spread| {
            known.varying.is_empty()
                && *known.channel.dynamics == dynamics
                && known.channel.ion == density.ion
        };
        if varying.is_empty()
            && let Some(known) = kinds.iter_mut().find(same)
        {
            known.amounts.iter_mut().zip(&amounts).for_each(|(all, own)| *all += own);
            known.channel.densities.push(density.name.clone());
            continue;
        }
        let leak = if varying.is_empty() { leak(&dynamics)? } else { None };
        let channel = Channel {
            name: density.name.clone(),
            densities: vec![density.name.clone()],
            dynamics: Arc::new(dynamics),
            source: density.source.clone(),
            ion: density.ion.clone(),
            amount,
            leak,
        };
        kinds.push(Spread { channel, amounts, varying });
    }
    name_after_channels(&mut kinds);
    Ok(kinds)
}

/// Kinds made of several densities are called after their channel, where no other is.
fn name_after_channels(kinds: &mut [Spread]) {
    for at in 0..kinds.len() {
        let channel = &kinds[at].channel;
        let Some(wanted) = channel.source.as_ref().and_then(|s| s.component.get("ionChannel")) else {
            continue;
        };
        let wanted = wanted.to_string();
        if channel.densities.len() > 1 && kinds.iter().all(|other| other.channel.name != wanted) {
            kinds[at].channel.name = wanted;
        }
    }
}

/// The parameter that the current is proportional to.
fn amount_of(dynamics: &Dynamics) -> Result<String> {
    let others = dynamics.parameters.iter().map(|p| p.name.as_str());
    let other = others.filter(|name| !AMOUNTS.contains(name) && !name.contains('/'));
    for name in AMOUNTS.into_iter().chain(other) {
        if dynamics.parameter(name).is_none() {
            continue;
        }
        let mut proportional = true;
        let mut moves = false;
        for v in [-0.08, -0.03] {
            let at = |amount: f64| -> Result<f64> {
                let mut dynamics = dynamics.clone();
                if let Some(parameter) = dynamics.parameters.iter_mut().find(|p| p.name == name) {
                    parameter.value = amount;
                }
                let place =
                    Surroundings { v, temperature_k: 300.0, area_m2: 1e-9, ..Surroundings::default() };
                Ok(steady(&dynamics, &place)?.current)
            };
            let (one, two) = (at(1.0)?, at(2.0)?);
            moves |= one != 0.0;
            proportional &= (two - 2.0 * one).abs() <= 1e-9 * two.abs();
        }
        if proportional && (moves || AMOUNTS.contains(&name)) {
            return Ok(name.to_string());
        }
    }
    let message = "its current is proportional to none of its parameters: there is no density to fit";
    Err(Error::new(ErrorKind::Unsupported, message)
        .in_element(format!("<{}>", dynamics.component_type))
        .help("channels of the types channelDensity… have a condDensity or permeability"))
}

/// Conductance and reversal potential of a density of amount 1 that has no states and is linear in `v`.
fn leak(dynamics: &Dynamics) -> Result<Option<(f64, f64)>> {
    let reads = |name: &str| matches!(name, "v" | "t" | "temperature" | "surfaceArea");
    if !dynamics.states.is_empty() || !dynamics.inputs.iter().all(|input| reads(&input.name)) {
        return Ok(None);
    }
    let at = |v: f64, temperature_k: f64| -> Result<f64> {
        let place = Surroundings { v, temperature_k, area_m2: 1e-9, ..Surroundings::default() };
        Ok(steady(dynamics, &place)?.current)
    };
    let (low, middle, high) = (at(-0.1, 300.0)?, at(-0.05, 300.0)?, at(0.0, 300.0)?);
    let conductance = (low - high) / 0.1;
    let straight = (0.5 * (low + high) - middle).abs() <= 1e-9 * (low.abs() + high.abs());
    if !(straight && conductance > 0.0) || at(-0.1, 280.0)? != low {
        return Ok(None);
    }
    Ok(Some((conductance, high / conductance)))
}

/// An instance of a density at `place`, settled.
pub(super) fn settled<'a>(dynamics: &'a Dynamics, place: &Surroundings) -> Result<Instance<'a>> {
    let mut inputs: Vec<(&str, f64)> = Vec::with_capacity(dynamics.inputs.len());
    for input in &dynamics.inputs {
        let value = match input.name.as_str() {
            "v" => place.v,
            "temperature" => place.temperature_k,
            "surfaceArea" => place.area_m2,
            name => match concentration_input(name) {
                Some((ion, outside)) => {
                    // A cell without that pool is not built in the first place; elsewhere any positive number does.
                    let (inner, outer) = place.concentrations.get(&ion).copied().unwrap_or((1e-4, 2.0));
                    if outside { outer } else { inner }
                }
                None => 0.0,
            },
        };
        inputs.push((&input.name, value));
    }
    let mut instance = Instance::new(dynamics, &inputs)?;
    settle(dynamics, &mut instance)?;
    Ok(instance)
}

/// What a density does at `place` when nothing changes.
pub(super) fn steady(dynamics: &Dynamics, place: &Surroundings) -> Result<Steady> {
    let mut instance = settled(dynamics, place)?;
    let current = instance.value("iDensity")?;
    let has_v = dynamics.inputs.iter().any(|input| input.name == "v");
    let mut at = |v: f64| -> Result<f64> {
        if has_v {
            instance.set_input("v", v)?;
            instance.update()?;
        }
        instance.value("iDensity")
    };
    let conductance = (at(place.v - SLOPE_V)? - at(place.v + SLOPE_V)?) / (2.0 * SLOPE_V);
    Ok(Steady { current, conductance })
}

/// Brings the states to where they stay, by Newton's method. Most start there.
fn settle(dynamics: &Dynamics, instance: &mut Instance<'_>) -> Result<()> {
    let free: Vec<usize> = dynamics.derivatives.iter().map(|(state, _)| *state).collect();
    let free: Vec<usize> =
        free.into_iter().filter(|s| !dynamics.kinetic_schemes.iter().flatten().any(|k| k == s)).collect();
    if free.is_empty() {
        return Ok(());
    }
    for _ in 0..20 {
        let slopes = instance.derivatives()?;
        // Slower than a millionth of its size in a second is still.
        let states = instance.states();
        if free.iter().all(|&s| slopes[s].abs() <= 1e-6 * (states[s].abs() + 1e-9)) {
            return Ok(());
        }
        let n = free.len();
        let mut jacobian = faer::Mat::<f64>::zeros(n, n);
        for (column, &state) in free.iter().enumerate() {
            let step = 1e-6 * (states[state].abs() + 1e-3);
            instance.set_state(&dynamics.states[state].name, states[state] + step)?;
            let moved = instance.derivatives()?;
            instance.set_state(&dynamics.states[state].name, states[state])?;
            for (row, &other) in free.iter().enumerate() {
                jacobian[(row, column)] = (moved[other] - slopes[other]) / step;
            }
        }
        let right = faer::Mat::from_fn(n, 1, |row, _| -slopes[free[row]]);
        let step = faer::linalg::solvers::Solve::solve(&jacobian.partial_piv_lu(), &right);
        if (0..n).any(|row| !step[(row, 0)].is_finite()) {
            return Ok(());
        }
        for (row, &state) in free.iter().enumerate() {
            instance.set_state(&dynamics.states[state].name, states[state] + step[(row, 0)])?;
        }
    }
    Ok(())
}

impl Spread {
    /// The nodes where there is some of it.
    pub fn nodes(&self) -> impl Iterator<Item = usize> + '_ {
        self.amounts.iter().enumerate().filter(|(_, amount)| **amount != 0.0).map(|(node, _)| node)
    }

    /// What the channel does at each of `places`, nodes and what surrounds it there, for an amount of 1.
    ///
    /// # Errors
    /// If its equations have no value.
    pub fn steady_at(&self, plan: &CellPlan, places: &[(usize, Surroundings)]) -> Result<Vec<Steady>> {
        if let Some((conductance, reversal)) = self.channel.leak {
            let at = |(_, place): &(usize, Surroundings)| {
                let current = conductance * (reversal - place.v);
                Steady { current, conductance }
            };
            return Ok(places.iter().map(at).collect());
        }
        self.each_at(plan, places, &steady)
    }

    /// What `what` says of the channel's equations at each of `places`, for an amount of 1.
    ///
    /// # Errors
    /// Those of `what`.
    pub fn each_at<T: Send>(
        &self,
        plan: &CellPlan,
        places: &[(usize, Surroundings)],
        what: &(dyn Fn(&Dynamics, &Surroundings) -> Result<T> + Sync),
    ) -> Result<Vec<T>> {
        places
            .par_iter()
            .map(|(node, place)| {
                if self.varying.is_empty() {
                    return what(&self.channel.dynamics, place);
                }
                let cv = plan.discretisation.node_cv[*node];
                let mut dynamics = Dynamics::clone(&self.channel.dynamics);
                for (name, values) in &self.varying {
                    if let Some(parameter) = dynamics.parameters.iter_mut().find(|p| p.name == *name)
                        && cv != NONE
                    {
                        parameter.value = values[cv as usize];
                    }
                }
                what(&dynamics, place)
            })
            .collect()
    }
}
