//! Which channels are those that PyNN has of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::layout::{Layout, Shape};
use crate::dynamics::Dynamics;
use crate::dynamics::interpret::Instance;
use crate::engine::Spread;

/// Potentials (V) at which rates are compared: none where a formula has a gap.
const POTENTIALS: [f64; 8] = [-0.1031, -0.0817, -0.0676, -0.0593, -0.0447, -0.0302, -0.0051, 0.0334];

/// The greatest relative difference of two rates that are one.
const HAIR: f64 = 1e-9;

/// A channel of PyNN's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Own {
    /// The leak.
    Leak,
    /// The squid axon's sodium channel.
    Sodium,
    /// The squid axon's potassium channel.
    Potassium,
}

impl Own {
    /// PyNN's class.
    pub(super) fn class(self) -> &'static str {
        match self {
            Own::Leak => "sim.PassiveLeak",
            Own::Sodium => "sim.NaChannel",
            Own::Potassium => "sim.KdrChannel",
        }
    }

    /// The ion that its current is of.
    pub(super) fn ion(self) -> Option<&'static str> {
        match self {
            Own::Leak => None,
            Own::Sodium => Some("na"),
            Own::Potassium => Some("k"),
        }
    }

    /// Its gates: PyNN's name, power, opening and closing rate (1/s) at a potential (mV). Hodgkin and Huxley 1952, J Physiol 117:500,
    /// at 6.3 °C, from a rest of -65 mV: NEURON's `hh`, which PyNN takes.
    fn gates(self) -> Vec<Gate> {
        /// x / (1 - exp(-x))
        fn linoid(x: f64) -> f64 {
            x / -(-x).exp_m1()
        }
        match self {
            Own::Leak => Vec::new(),
            Own::Sodium => vec![
                Gate {
                    name: "m",
                    power: 3,
                    opens: |v| 1e3 * linoid((v + 40.0) / 10.0),
                    closes: |v| 4e3 * (-(v + 65.0) / 18.0).exp(),
                },
                Gate {
                    name: "h",
                    power: 1,
                    opens: |v| 70.0 * (-(v + 65.0) / 20.0).exp(),
                    closes: |v| 1e3 / (1.0 + (-(v + 35.0) / 10.0).exp()),
                },
            ],
            Own::Potassium => vec![Gate {
                name: "n",
                power: 4,
                opens: |v| 100.0 * linoid((v + 55.0) / 10.0),
                closes: |v| 125.0 * (-(v + 65.0) / 80.0).exp(),
            }],
        }
    }
}

struct Gate {
    name: &'static str,
    power: i32,
    opens: fn(f64) -> f64,
    closes: fn(f64) -> f64,
}

/// A density that is a channel of PyNN's own.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) own: Own,
    /// PyNN's names of its states, in their order.
    pub(super) states: Vec<&'static str>,
    /// Its reversal potential, V.
    pub(super) reversal_v: f64,
}

/// The densities of all shapes that are PyNN's own channels, by shape and mechanism. NEURON has sodium and potassium in one mechanism,
/// so they must be in the same places, and each kind is on a cell once.
pub(super) fn own_channels(layout: &Layout, temperature_k: f64) -> BTreeMap<(usize, usize), Found> {
    let mut out = BTreeMap::new();
    for (s, shape) in layout.shapes.iter().enumerate() {
        let mut of_shape: BTreeMap<Own, (usize, Found)> = BTreeMap::new();
        for (m, spread) in shape.plan.mechanisms.iter().enumerate() {
            if spread.cover.iter().all(|cover| *cover <= 0.0) {
                continue;
            }
            if let Some(found) = found(spread, temperature_k) {
                of_shape.entry(found.own).or_insert((m, found));
            }
        }
        let places = |own: Own| of_shape.get(&own).map(|(m, _)| densities(shape, *m)).map(|g| on(&g));
        if places(Own::Sodium) != places(Own::Potassium) {
            of_shape.remove(&Own::Sodium);
            of_shape.remove(&Own::Potassium);
        }
        out.extend(of_shape.into_values().map(|(m, found)| ((s, m), found)));
    }
    // What is written anew for one shape is so for all that have the same.
    let dynamics = |(s, m): &(usize, usize)| &layout.shapes[*s].plan.mechanisms[*m].mechanism.dynamics;
    let others: Vec<&Arc<Dynamics>> = layout
        .shapes
        .iter()
        .enumerate()
        .flat_map(|(s, shape)| (0..shape.plan.mechanisms.len()).map(move |m| (s, m)))
        .filter(|at| !out.contains_key(at))
        .map(|at| dynamics(&at))
        .collect();
    let shared = |at: &(usize, usize)| others.iter().any(|other| Arc::ptr_eq(other, dynamics(at)));
    let shapes: Vec<usize> = out.keys().filter(|at| shared(at)).map(|at| at.0).collect();
    out.retain(|at, _| !shapes.contains(&at.0));
    out
}

/// The conductance density of a mechanism in each compartment, S/m².
pub(super) fn densities(shape: &Shape, mechanism: usize) -> Vec<f64> {
    let Some(spread) = shape.plan.mechanisms.get(mechanism) else { return Vec::new() };
    let constant = spread.mechanism.dynamics.parameter("condDensity").map_or(0.0, |p| p.value);
    let column = spread.mechanism.varying.iter().position(|name| name == "condDensity");
    let column = column.and_then(|at| spread.values.get(at));
    let at = |(cv, cover): (usize, &f64)| {
        if *cover > 0.0 { cover * column.map_or(constant, |values| values[cv]) } else { 0.0 }
    };
    spread.cover.iter().enumerate().map(at).collect()
}

/// Where a density is.
fn on(densities: &[f64]) -> Vec<usize> {
    (0..densities.len()).filter(|cv| densities[*cv] > 0.0).collect()
}

fn found(spread: &Spread, temperature_k: f64) -> Option<Found> {
    let mechanism = &spread.mechanism;
    if mechanism.is_pool || mechanism.varying.iter().any(|name| name != "condDensity") {
        return None;
    }
    let dynamics = &*mechanism.dynamics;
    let reversal_v = dynamics.parameter("erev")?.value;
    [Own::Leak, Own::Sodium, Own::Potassium].into_iter().find_map(|own| {
        let states = states(dynamics, own, reversal_v, temperature_k)?;
        Some(Found { own, states, reversal_v })
    })
}

/// PyNN's names of the states of `dynamics`, if its equations are those of `own`.
fn states(dynamics: &Dynamics, own: Own, reversal_v: f64, temperature_k: f64) -> Option<Vec<&'static str>> {
    let gates = own.gates();
    if dynamics.states.len() != gates.len()
        || !dynamics.events.is_empty()
        || !dynamics.conditions.is_empty()
        || dynamics.inputs.iter().any(|input| !["v", "temperature", "t"].contains(&input.name.as_str()))
    {
        return None;
    }
    let mut density = dynamics.clone();
    // Whatever it is there, it is a factor.
    density.parameters.iter_mut().filter(|p| p.name == "condDensity").for_each(|p| p.value = 10.0);
    // Gates in the order of the states: that one, or with two of them the other.
    let orders = [(0..gates.len()).collect::<Vec<_>>(), (0..gates.len()).rev().collect()];
    orders.into_iter().find_map(|order| {
        let gates: Vec<&Gate> = order.iter().map(|at| &gates[*at]).collect();
        let same = |v: &f64| agrees(&density, &gates, *v, reversal_v, temperature_k).unwrap_or(false);
        POTENTIALS.iter().all(same).then(|| gates.iter().map(|gate| gate.name).collect())
    })
}

/// Whether current, rates and start of `dynamics` at `v` (V) are those of the gates, with a density of 10 S/m².
fn agrees(
    dynamics: &Dynamics,
    gates: &[&Gate],
    v: f64,
    reversal_v: f64,
    temperature_k: f64,
) -> crate::error::Result<bool> {
    let near = |a: f64, b: f64| (a - b).abs() <= HAIR * a.abs().max(b.abs()).max(1e-12);
    let given: Vec<(&str, f64)> = dynamics
        .inputs
        .iter()
        .map(|input| match input.name.as_str() {
            "v" => ("v", v),
            "temperature" => ("temperature", temperature_k),
            _ => ("t", 0.0),
        })
        .collect();
    let mut instance = Instance::new(dynamics, &given)?;
    let start = instance.states();
    let mut same = true;
    for (gate, start) in gates.iter().zip(start) {
        let (opens, closes) = ((gate.opens)(v * 1e3), (gate.closes)(v * 1e3));
        same &= near(start, opens / (opens + closes));
    }
    let mut open = 1.0;
    for (k, (gate, state)) in gates.iter().zip(&dynamics.states).enumerate() {
        let x = 0.35 + 0.2 * k as f64;
        instance.set_state(&state.name, x)?;
        open *= x.powi(gate.power);
    }
    instance.update()?;
    for (k, (gate, slope)) in gates.iter().zip(instance.derivatives()?).enumerate() {
        let x = 0.35 + 0.2 * k as f64;
        let wanted = (gate.opens)(v * 1e3) * (1.0 - x) - (gate.closes)(v * 1e3) * x;
        // Both terms may be great and cancel.
        let scale = (gate.opens)(v * 1e3) + (gate.closes)(v * 1e3);
        same &= (slope - wanted).abs() <= HAIR * scale;
    }
    let current = dynamics.exposed("iDensity").unwrap_or("iDensity");
    Ok(same && near(instance.value(current)?, 10.0 * open * (reversal_v - v)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment;
    use std::path::Path;

    /// A ball with the library's channels at a temperature.
    fn found_at(celsius: f64, channels: &str) -> Vec<(Own, Vec<&'static str>)> {
        let text = format!(
            "run = {{ duration = \"1 ms\", dt = \"0.025 ms\" }}\ntemperature = \"{celsius} degC\"\n[cell.ball]\n\
             morphology = {{ sections = [{{ name = \"soma\", kind = \"soma\", length = \"20 um\", diameter = \"20 um\" }},\n\
             {{ name = \"dend\", kind = \"dendrite\", parent = \"soma\", length = \"100 um\", diameter = \"2 um\" }}] }}\n\
             capacitance = \"1 uF/cm2\"\naxial_resistivity = \"100 ohm cm\"\ninitial_v = \"-65 mV\"\n\
             spike = {{ at = \"soma\", threshold = \"0 mV\" }}\n[cell.ball.channels]\n{channels}\n\
             [population.cells]\ncell = \"ball\"\n"
        );
        let model = experiment::parse(text, Path::new("model.toml")).unwrap().model;
        let layout = Layout::new(&model).unwrap();
        own_channels(&layout, model.temperature_k).into_values().map(|f| (f.own, f.states)).collect()
    }

    const SQUID: &str = "pas = { on = \"all\", g = \"0.3 mS/cm2\", reversal = \"-54.3 mV\" }\n\
        na = { on = \"soma\", g = \"0.12 S/cm2\", reversal = \"50 mV\" }\n\
        kdr = { on = \"soma\", g = \"0.036 S/cm2\", reversal = \"-77 mV\" }";

    #[test]
    fn the_squid_axon_is_pynns_own_at_its_temperature_only() {
        let own = vec![(Own::Leak, vec![]), (Own::Sodium, vec!["m", "h"]), (Own::Potassium, vec!["n"])];
        let mut cold = found_at(6.3, SQUID);
        cold.sort();
        assert_eq!(cold, own);
        assert_eq!(found_at(16.3, SQUID), [(Own::Leak, vec![])]);
    }

    /// In PyNN's NEURON backend sodium brings potassium along.
    #[test]
    fn sodium_without_potassium_is_not_pynns_own() {
        let apart = SQUID.replace("kdr = { on = \"soma\"", "kdr = { on = \"all\"");
        assert_eq!(found_at(6.3, &apart), [(Own::Leak, vec![])]);
    }
}
