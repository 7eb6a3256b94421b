//! The reduced cell: a tree of a few compartments.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::impedance::Linear;
use super::membrane::{Channel, Surroundings};
use super::rest::start_pools;
use crate::cable::NONE;
use crate::error::Result;
use crate::model::{CableCell, Density, Discretisation, Pool, Rule};
use crate::morph::{Morphology, SectionKind, SectionPlan};
use crate::select::{Field, Location, Region};
use crate::units::Dimension;

/// A cell of a few compartments, each with one potential.
#[derive(Debug, Clone)]
pub struct Compartments {
    /// The name of the cell.
    pub name: String,
    /// The compartments, parents before children; the first is the root.
    pub compartments: Vec<Compartment>,
    /// The channels that they have beside their leak.
    pub channels: Vec<Channel>,
    /// The concentrations that they have.
    pub pools: Vec<Pool>,
    /// Axial resistivity of the shape that stands for the compartments, Ω m. It has no other meaning.
    pub resistivity_ohm_m: f64,
}

/// One compartment.
#[derive(Debug, Clone)]
pub struct Compartment {
    /// Its name, unique in the cell: the section that stands for it.
    pub name: String,
    /// What part of the neuron it is.
    pub kind: SectionKind,
    /// The place on the detailed cell that it stands for.
    pub place: Location,
    /// Where that is in space, µm.
    pub position_um: [f64; 3],
    /// Its parent.
    pub parent: Option<usize>,
    /// Conductance to the parent, S; 0 for the root.
    pub coupling_s: f64,
    /// Capacitance, F.
    pub capacitance_f: f64,
    /// Membrane area, m².
    pub area_m2: f64,
    /// Leak conductance, S.
    pub leak_s: f64,
    /// Reversal potential of the leak, V.
    pub leak_reversal_v: f64,
    /// Potential at rest, V.
    pub rest_v: f64,
    /// Conductance of the leak and all channels at rest, S.
    pub rest_conductance_s: f64,
    /// How much there is of each channel: maximal conductance, S (or m³/s for permeabilities).
    pub channels: Vec<f64>,
    /// Which pools it has: indices into [`Compartments::pools`].
    pub pools: Vec<usize>,
    /// Concentration inside and outside at rest of each ion that it has a pool of, mol/m³.
    pub concentrations: BTreeMap<String, (f64, f64)>,
}

/// The name of the leak in the reduced cell.
pub(super) const LEAK: &str = "leak";

impl Compartments {
    /// The compartments as a linear cell around rest.
    pub fn linear(&self) -> Linear {
        let of =
            |value: &dyn Fn(&Compartment) -> f64| self.compartments.iter().map(value).collect::<Vec<f64>>();
        Linear {
            parent: self.compartments.iter().map(|c| c.parent.map_or(NONE, |p| p as u32)).collect(),
            axial_s: of(&|c| c.coupling_s),
            leak_s: of(&|c| c.rest_conductance_s),
            capacitance_f: of(&|c| c.capacitance_f),
        }
    }

    /// What surrounds a channel in compartment `at` at rest.
    pub(super) fn surroundings(&self, at: usize, temperature_k: f64) -> Surroundings {
        let compartment = &self.compartments[at];
        Surroundings {
            v: compartment.rest_v,
            temperature_k,
            area_m2: compartment.area_m2,
            concentrations: compartment.concentrations.clone(),
        }
    }

    /// The current into each compartment from its neighbours at rest, A.
    pub(super) fn axial_currents(&self) -> Vec<f64> {
        let mut out = vec![0.0; self.compartments.len()];
        for (at, compartment) in self.compartments.iter().enumerate() {
            if let Some(parent) = compartment.parent {
                let current =
                    compartment.coupling_s * (self.compartments[parent].rest_v - compartment.rest_v);
                out[at] += current;
                out[parent] -= current;
            }
        }
        out
    }

    /// The same with the leaks alone.
    pub(super) fn leaks(&self) -> Linear {
        Linear { leak_s: self.compartments.iter().map(|c| c.leak_s).collect(), ..self.linear() }
    }

    /// The compartments as JSON, in SI units.
    pub fn to_json(&self) -> String {
        let compartment = |c: &Compartment| {
            let channels = self.channels.iter().zip(&c.channels).filter(|(_, g)| **g > 0.0);
            let channels: serde_json::Map<String, serde_json::Value> =
                channels.map(|(channel, g)| (channel.name.clone(), (*g).into())).collect();
            serde_json::json!({
                "name": c.name,
                "parent": c.parent.and_then(|p| self.compartments.get(p)).map(|p| p.name.clone()),
                "position_um": c.position_um,
                "coupling_S": c.coupling_s,
                "capacitance_F": c.capacitance_f,
                "area_m2": c.area_m2,
                "leak_S": c.leak_s,
                "leak_reversal_V": c.leak_reversal_v,
                "rest_V": c.rest_v,
                "channels": channels,
            })
        };
        let all: Vec<serde_json::Value> = self.compartments.iter().map(compartment).collect();
        format!("{:#}\n", serde_json::json!({ "name": self.name, "compartments": all }))
    }

    /// The place of compartment `at` as text: the middle of its section.
    pub fn place(&self, at: usize) -> String {
        self.compartments.get(at).map_or_else(String::new, |c| format!("section({:?})(0.5)", c.name))
    }

    /// The section of compartment `at`.
    pub fn region(&self, at: usize) -> Region {
        Region::Section(self.compartments.get(at).map_or_else(String::new, |c| c.name.clone()))
    }

    /// The cell with a shape that has these compartments: a cylinder for each, hung on the middle of its parent's, of one
    /// compartment. Capacitances and conductances come out exactly.
    ///
    /// # Errors
    /// If the numbers of a compartment make no cylinder (none that is positive and finite).
    pub fn to_cell(&self) -> Result<CableCell> {
        let mut plans = Vec::with_capacity(self.compartments.len());
        for compartment in &self.compartments {
            let (length, diameter) = self.cylinder(compartment);
            let plan = SectionPlan::cylinder(&compartment.name, compartment.kind, length, diameter);
            plans.push(match compartment.parent.and_then(|p| self.compartments.get(p)) {
                None => plan,
                Some(parent) => {
                    let way: [f64; 3] =
                        std::array::from_fn(|i| compartment.position_um[i] - parent.position_um[i]);
                    let plan = plan.on(&parent.name, 0.5);
                    if way.iter().any(|x| x.abs() > 1e-6) { plan.along(way) } else { plan }
                }
            });
        }
        let morphology = Morphology::from_sections(self.name.clone(), &plans)?;
        let field = |value: &dyn Fn(&Compartment) -> f64, dimension: Dimension| {
            self.field(&|at| Some(value(&self.compartments[at])), dimension)
        };
        let leak = Density::ohmic("pas", Region::All, 1.0, -0.07)?;
        let leak = Density {
            name: self.free_name(),
            parameters: vec![
                ("condDensity".into(), field(&|c| c.leak_s / c.area_m2, Dimension::CONDUCTANCE_DENSITY)?),
                ("erev".into(), field(&|c| c.leak_reversal_v, Dimension::VOLTAGE)?),
            ],
            ..leak
        };
        let mut densities = vec![leak];
        for (number, channel) in self.channels.iter().enumerate() {
            let density = |at: usize| {
                let compartment = &self.compartments[at];
                let amount = compartment.channels.get(number).copied().unwrap_or(0.0);
                (amount > 0.0).then(|| amount / compartment.area_m2)
            };
            let dimension =
                channel.dynamics.parameter(&channel.amount).map_or(Dimension::NONE, |p| p.dimension);
            let Some(region) = self.where_it_is(&|at| density(at).is_some()) else { continue };
            let mut dynamics = crate::dynamics::Dynamics::clone(&channel.dynamics);
            dynamics.name.clone_from(&channel.name);
            densities.push(Density {
                name: channel.name.clone(),
                dynamics: Arc::new(dynamics),
                source: channel.source.clone(),
                region,
                parameters: vec![(channel.amount.clone(), self.field(&density, dimension)?)],
                ion: channel.ion.clone(),
            });
        }
        let mut pools = Vec::new();
        for (number, pool) in self.pools.iter().enumerate() {
            if let Some(region) = self.where_it_is(&|at| self.compartments[at].pools.contains(&number)) {
                pools.push(Pool { region, ..pool.clone() });
            }
        }
        Ok(CableCell {
            discretisation: Discretisation { rules: vec![(Region::All, Rule::PerSection(1))] },
            specific_capacitance: field(&|c| c.capacitance_f / c.area_m2, Dimension::SPECIFIC_CAPACITANCE)?,
            axial_resistivity: Field::constant(self.resistivity_ohm_m, Dimension::RESISTIVITY),
            initial_v: field(&|c| c.rest_v, Dimension::VOLTAGE)?,
            densities,
            pools,
            synapses: Vec::new(),
            morphology: Arc::new(morphology),
        })
    }

    /// Length and diameter (µm) of the cylinder of area A whose near half has the conductance g to the parent:
    /// g = π² d³ / (2 Rₐ A). The root is as long as it is wide.
    fn cylinder(&self, compartment: &Compartment) -> (f64, f64) {
        use std::f64::consts::PI;
        let area = compartment.area_m2;
        let diameter = match compartment.parent {
            None => (area / PI).sqrt(),
            Some(_) => {
                let cube = 2.0 * self.resistivity_ohm_m * area * compartment.coupling_s / (PI * PI);
                libm::cbrt(cube)
            }
        };
        (area / (PI * diameter) * 1e6, diameter * 1e6)
    }

    /// The cell of [`Compartments::to_cell`] with its concentrations at rest, too, and whether they all are.
    ///
    /// # Errors
    /// As there.
    pub(super) fn at_rest(&self) -> Result<(CableCell, bool)> {
        let mut cell = self.to_cell()?;
        let starts_at_rest = start_pools(&mut cell.pools, &|ion, outside| {
            let pair = |at: usize| self.compartments[at].concentrations.get(ion);
            let one = |at: usize| pair(at).map(|(inner, outer)| if outside { *outer } else { *inner });
            self.field(&one, Dimension::CONCENTRATION)
        })?;
        Ok((cell, starts_at_rest))
    }

    /// A name for the leak that no channel has.
    fn free_name(&self) -> String {
        let mut name = LEAK.to_string();
        while self.channels.iter().any(|channel| channel.name == name) {
            name.push('_');
        }
        name
    }

    fn where_it_is(&self, is_there: &dyn Fn(usize) -> bool) -> Option<Region> {
        let mut regions: Vec<Region> =
            (0..self.compartments.len()).filter(|at| is_there(*at)).map(|at| self.region(at)).collect();
        match regions.len() {
            0 => None,
            1 => regions.pop(),
            n if n == self.compartments.len() => Some(Region::All),
            _ => Some(Region::Union(regions)),
        }
    }

    /// The value of each compartment that has one; equal ones together.
    fn field(&self, value: &dyn Fn(usize) -> Option<f64>, dimension: Dimension) -> Result<Field> {
        let mut groups: Vec<(f64, Vec<Region>)> = Vec::new();
        for at in 0..self.compartments.len() {
            let Some(value) = value(at) else { continue };
            match groups.iter_mut().find(|(known, _)| *known == value) {
                Some((_, regions)) => regions.push(self.region(at)),
                None => groups.push((value, vec![self.region(at)])),
            }
        }
        if let [(value, regions)] = groups.as_slice()
            && regions.len() == self.compartments.len()
        {
            return Ok(Field::constant(*value, dimension));
        }
        let layer = |(value, mut regions): (f64, Vec<Region>)| {
            let region = if regions.len() == 1 { regions.remove(0) } else { Region::Union(regions) };
            Field::uniform(region, value, dimension)
        };
        Field::overlay(groups.into_iter().map(layer).collect())
    }
}
