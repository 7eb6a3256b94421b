//! What is spread over the membrane: channel densities and channel populations.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::regions::{Part, Places};
use super::report::Report;
use super::variable::{Lengths, Variable};
use crate::dynamics::{Derived, Dynamics};
use crate::error::ErrorKind;
use crate::expr::{BinaryOp, Expr};
use crate::lems::{Component, Set};
use crate::model::{Density, Source};
use crate::select::Field;
use crate::units::Dimension;

/// Types of the standard whose densities vary over space, the type with the same equations that does
/// not, and the parameter that varies.
///
/// As LEMS the varying ones have no current at all: their values are a cell reader's to work out.
const NON_UNIFORM: [(&str, &str, &str); 3] = [
    ("channelDensityNonUniform", "channelDensity", "condDensity"),
    ("channelDensityNonUniformNernst", "channelDensityNernst", "condDensity"),
    ("channelDensityNonUniformGHK", "channelDensityGHK", "permeability"),
];

/// What densities are read from and with.
pub(super) struct Membrane<'a> {
    pub(super) set: &'a Set,
    pub(super) places: Places<'a>,
    pub(super) lengths: Lengths<'a>,
}

/// A density and the segments it is on.
#[derive(Debug)]
pub(super) struct Spread<'a> {
    pub(super) component: &'a Component,
    pub(super) density: Density,
    pub(super) part: Part,
}

/// `source` without where it is, which the density says itself.
fn placeless(mut source: Source) -> Source {
    source.component.attributes.retain(|a| !matches!(a.name.as_str(), "segmentGroup" | "segment"));
    source.component.children.retain(|child| child.name != "variableParameter");
    source
}

impl Membrane<'_> {
    /// All densities and populations of `membrane`, a `membraneProperties`.
    pub(super) fn densities<'a>(&self, membrane: &'a Component, report: &mut Report) -> Vec<Spread<'a>> {
        let mut names = BTreeSet::new();
        let mut spreads = Vec::new();
        for component in &membrane.children {
            if matches!(
                component.slot.as_str(),
                "initMembPotential" | "spikeThresh" | "specificCapacitances" | "notes" | "annotation"
            ) {
                continue;
            }
            let is_a = |base: &str| self.set.is_a(&component.component_type, base);
            let spread = if is_a("baseChannelDensity") {
                self.density(component, report)
            } else if is_a("baseChannelPopulation") {
                self.population(component, report)
            } else {
                let message = format!("a {} has no meaning in membrane properties", component.component_type);
                report.errors.push(component.error(ErrorKind::Unsupported, message));
                None
            };
            let Some(mut spread) = spread else { continue };
            if !names.insert(spread.density.name.clone()) {
                let message = format!("a second density with the id '{}'", spread.density.name);
                report.errors.push(component.error(ErrorKind::Name, message));
            }
            if spread.part.members.is_empty() {
                report.warn("no-place", component, "it lands on no compartment: its group has no segments");
                continue;
            }
            self.second_pool(component, &mut spread.density, report);
            spreads.push(spread);
        }
        spreads
    }

    fn density<'a>(&self, component: &'a Component, report: &mut Report) -> Option<Spread<'a>> {
        let varied: Vec<&Component> = component.in_slot("variableParameter").collect();
        let kind = NON_UNIFORM.iter().find(|(name, ..)| component.component_type == *name);
        let mut part = self.places.of(component, report);
        let mut variables = Vec::new();
        for variable in &varied {
            let variable = Variable::read(variable, self.places, self.lengths, report)?;
            // It is where its parameter has values.
            if component.text("segmentGroup").is_none() && component.text("segment").is_none() {
                part = Some(variable.part.clone());
            }
            variables.push(variable);
        }
        let plain;
        let source = match kind {
            None => component,
            Some((name, uniform, parameter)) => {
                if !variables.iter().any(|variable| variable.parameter == *parameter) {
                    let message = format!("a {name} needs a <variableParameter parameter=\"{parameter}\">");
                    report.errors.push(component.error(ErrorKind::Syntax, message));
                    return None;
                }
                plain = uniform_like(component, uniform, parameter);
                &plain
            }
        };
        let dynamics = report.accept(component, self.set.flatten(source))?;
        let mut parameters = Vec::new();
        for variable in &variables {
            let Some(parameter) = dynamics.parameter(variable.parameter) else {
                let names: Vec<&str> = dynamics.parameters.iter().map(|p| p.name.as_str()).collect();
                let message =
                    format!("there is no parameter '{}'; there are {}", variable.parameter, names.join(", "));
                report.errors.push(variable.component.error(ErrorKind::Name, message));
                return None;
            };
            let field = variable.field(parameter.dimension, report)?;
            parameters.push((variable.parameter.to_string(), field));
        }
        if dynamics.exposed("iDensity").is_none() {
            let message = format!("a {} exposes no iDensity", component.component_type);
            report.errors.push(component.error(ErrorKind::Unsupported, message));
            return None;
        }
        let part = part?;
        Some(Spread {
            component,
            density: self.named(component, Some(source), dynamics, &part, parameters),
            part,
        })
    }

    /// A counted number of channels: spread evenly over the membrane where they are.
    fn population<'a>(&self, component: &'a Component, report: &mut Report) -> Option<Spread<'a>> {
        let part = self.places.of(component, report)?;
        if let Some(variable) = component.in_slot("variableParameter").next() {
            let message = "a population is a number of channels: it cannot vary over space";
            report.errors.push(variable.error(ErrorKind::Unsupported, message));
            return None;
        }
        let mut dynamics = report.accept(component, self.set.flatten(component))?;
        let area = self.lengths.area_m2(&part.members);
        let per_area = |exposure: &str, name: &str, dimension, dynamics: &mut Dynamics| {
            let Some(variable) = dynamics.exposed(exposure).map(str::to_string) else { return false };
            let value = Expr::binary(BinaryOp::Div, Expr::Name(variable), Expr::Number(area));
            dynamics.derived.push(Derived { name: name.to_string(), dimension, value });
            dynamics.exposures.push((name.to_string(), name.to_string()));
            true
        };
        if !per_area("i", "iDensity", Dimension::CURRENT_DENSITY, &mut dynamics) {
            let message = format!("a {} exposes no current i", component.component_type);
            report.errors.push(component.error(ErrorKind::Unsupported, message));
            return None;
        }
        if part.members.len() > 1 {
            report.assume(format!(
                "channel populations of a group ({}, …): the number is that in the whole group, spread evenly over its membrane",
                component.id.as_deref().unwrap_or_default()
            ));
        }
        Some(Spread { component, density: self.named(component, None, dynamics, &part, Vec::new()), part })
    }

    /// The density of `component` with its `dynamics`, which are those of `source` if that is given.
    fn named(
        &self,
        component: &Component,
        source: Option<&Component>,
        mut dynamics: Dynamics,
        part: &Part,
        parameters: Vec<(String, Field)>,
    ) -> Density {
        let name = component.id.clone().unwrap_or_else(|| component.slot.clone());
        dynamics.name.clone_from(&name);
        let ion = component.text("ion").filter(|ion| *ion != "non_specific").map(str::to_string);
        Density {
            name,
            dynamics: Arc::new(dynamics),
            source: source.map(|source| Arc::new(placeless(Source::of(self.set, source)))),
            region: part.region.clone(),
            parameters,
            ion,
        }
    }

    /// The current of a `channelDensityNernstCa2` is that of the second calcium pool, `ca2`, whatever
    /// its attribute `ion` says.
    fn second_pool(&self, component: &Component, density: &mut Density, report: &mut Report) {
        if !self.set.is_a(&component.component_type, "channelDensityNernstCa2") {
            return;
        }
        if let Some(ion) = density.ion.as_deref().filter(|ion| *ion != "ca2") {
            let message = format!(
                "ion=\"{ion}\" is read as \"ca2\": this density has the reversal potential of that pool, and its current goes there"
            );
            report.warn("second-pool", component, message);
        }
        density.ion = Some("ca2".to_string());
    }
}

/// The component of type `uniform` with all that `component` has, `parameter` at 0.
fn uniform_like(component: &Component, uniform: &str, parameter: &str) -> Component {
    let mut plain = component.clone();
    plain.component_type = uniform.to_string();
    plain.children.retain(|child| child.slot != "variableParameter");
    plain.parameters.push((parameter.to_string(), 0.0));
    plain
}
