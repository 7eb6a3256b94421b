//! Cells with a shape: membrane, inside, channels.

use super::Writer;
use super::documents::{document, plain};
use crate::dynamics::Dynamics;
use crate::error::Result;
use crate::lems::Element;
use crate::model::{Density, Pool};
use crate::select::Field;
use crate::units::{Dimension, neuroml_text};

/// The order in which the schema wants densities.
const DENSITIES: [&str; 4] =
    ["channelDensity", "channelDensityNernst", "channelDensityGHK", "channelDensityGHK2"];

impl Writer<'_> {
    /// Writes the cell of body `at`, with the potential `initial_v` (V) at the start, or its own; gives its id.
    pub(super) fn cell(&mut self, at: usize, initial_v: Option<f64>) -> Result<String> {
        let cell = self.bodies[at].cell;
        let name = cell.morphology.name.clone();
        let id = self.documents.id(&name);
        let of = format!("cell '{name}'");
        let mut membrane = Element::new("membraneProperties");
        let mut densities: Vec<&Density> = cell.densities.iter().collect();
        let order = |density: &Density| {
            let of = density.source.as_ref().map_or("", |s| s.component.name.as_str());
            DENSITIES.iter().position(|name| *name == of)
        };
        if !densities.is_sorted_by_key(|d| order(d)) {
            densities.sort_by_key(|d| order(d));
            let message = format!(
                "{of}: its densities are written in the order of the schema: currents are summed in another order, \
                 and results may differ in the last digits"
            );
            self.warn("order-of-densities", message);
        }
        for density in densities {
            let element = self.density(at, density, &of)?;
            membrane.children.extend(element);
        }
        let threshold = self.bodies[at].spikes.map_or(0.0, |(_, v)| v);
        membrane
            .children
            .push(Element::new("spikeThresh").with("value", neuroml_text(threshold, Dimension::VOLTAGE)));
        self.layers(at, &mut membrane, "specificCapacitance", &cell.specific_capacitance, &of)?;
        let start = initial_v.map(|v| Field::constant(v, Dimension::VOLTAGE));
        self.layers(at, &mut membrane, "initMembPotential", start.as_ref().unwrap_or(&cell.initial_v), &of)?;
        let mut inside = Element::new("intracellularProperties");
        for pool in &cell.pools {
            let element = self.pool(at, pool, &of)?;
            inside.children.extend(element);
        }
        self.layers(at, &mut inside, "resistivity", &cell.axial_resistivity, &of)?;
        let biophysics = Element::new("biophysicalProperties").with("id", BIOPHYSICS);
        let element = Element::new("cell")
            .with("id", &id)
            .child(self.bodies[at].element(&format!("{id}_morphology")))
            .child(biophysics.child(membrane).child(inside));
        let mut text = document(&format!("{id}_doc"));
        for used in self.documents.names().into_iter().filter(|n| is_used(n, &element)) {
            text.children.push(Element::new("include").with("href", used));
        }
        self.documents.add(format!("{id}.cell.nml"), text.child(element));
        Ok(id)
    }

    /// The values of `field`, each with its group.
    fn layers(&mut self, at: usize, owner: &mut Element, name: &str, field: &Field, of: &str) -> Result<()> {
        for layer in field.layers() {
            let Some(value) = layer.value.as_constant() else {
                let what = format!("a {name} that goes by a formula ({})", layer.value.text());
                self.cannot(of, &what);
                return Ok(());
            };
            let element = Element::new(name).with("value", neuroml_text(value, field.dimension()));
            let group = self.bodies[at].group(&layer.region)?;
            owner.children.push(in_group(element, &group));
        }
        Ok(())
    }

    /// The elements of a density: one, or if its parameters differ over space one for each stretch where they do not.
    fn density(&mut self, at: usize, density: &Density, of: &str) -> Result<Vec<Element>> {
        let what = format!("{of}: channel '{}'", density.name);
        let Some(source) = &density.source else {
            self.cannot(&what, "a channel that comes from no component");
            return Ok(Vec::new());
        };
        let formula =
            |(_, field): &&(String, Field)| field.layers().iter().any(|l| l.value.as_constant().is_none());
        if let Some((parameter, field)) = density.parameters.iter().find(formula) {
            let message = format!("`{parameter}` that differs over space: {field}");
            self.cannot(&what, &message);
            return Ok(Vec::new());
        }
        let channel = source.component.get("ionChannel").unwrap_or_default();
        let used = source.uses.iter().find(|used| used.get("id") == Some(channel));
        let id = match used {
            Some(used) => {
                let used = used.clone();
                self.documents.component(source, &used, plain(channel), "channel")
            }
            None => channel.to_string(),
        };
        let mut element =
            Element::new(source.component.name.clone()).with("id", super::id_like(&density.name));
        for attribute in &source.component.attributes {
            match attribute.name.as_str() {
                "id" | "ion" => {}
                "ionChannel" => element = element.with("ionChannel", &id),
                name => element = element.with(name, &attribute.value),
            }
        }
        element = element.with("ion", density.ion.as_deref().unwrap_or("non_specific"));
        if density.parameters.is_empty() {
            let group = self.bodies[at].group(&density.region)?;
            return Ok(vec![in_group(element, &group)]);
        }
        let fields: Vec<&Field> = density.parameters.iter().map(|(_, field)| field).collect();
        let groups = self.bodies[at].alike(&density.region, &fields)?;
        let mut elements = Vec::with_capacity(groups.len());
        for (number, (values, members)) in groups.into_iter().enumerate() {
            let mut own = element.clone();
            if number > 0 {
                let id = self.bodies[at].own_id(&format!("{}_{}", density.name, number + 1));
                own.attributes.iter_mut().filter(|a| a.name == "id").for_each(|a| a.value.clone_from(&id));
            }
            for ((name, field), value) in density.parameters.iter().zip(values) {
                let text = neuroml_text(value, field.dimension());
                own.attributes.retain(|attribute| attribute.name != *name);
                own = own.with(name.clone(), text);
            }
            let group = self.bodies[at].group_of(members, &format!("{}_places", density.name));
            elements.push(in_group(own, &group));
        }
        Ok(elements)
    }

    fn pool(&mut self, at: usize, pool: &Pool, of: &str) -> Result<Option<Element>> {
        let what = format!("{of}: ion '{}'", pool.ion);
        let Some(source) = &pool.source else {
            // What a reader takes for granted where nothing is said needs no word.
            let all_zero = pool.dynamics.parameters.iter().all(|p| p.value == 0.0);
            if pool.dynamics.states.is_empty() && pool.dynamics.derived.is_empty() && all_zero {
                return Ok(None);
            }
            self.cannot(&what, "a concentration that comes from no component");
            return Ok(None);
        };
        if let Some((parameter, field)) = pool.parameters.first() {
            let message = format!("`{parameter}` that differs over space: {field}");
            self.cannot(&what, &message);
            return Ok(None);
        }
        let wanted = source.component.get("id").unwrap_or("pool").to_string();
        let id = self.documents.component(source, &source.component, plain(&wanted), "pool");
        let start = |name: &str| start(&pool.dynamics, name);
        let element = Element::new("species")
            .with("id", super::id_like(&pool.ion))
            .with("concentrationModel", id)
            .with("ion", &pool.ion)
            .with("initialConcentration", start("initialConcentration"))
            .with("initialExtConcentration", start("initialExtConcentration"));
        let group = self.bodies[at].group(&pool.region)?;
        Ok(Some(in_group(element, &group)))
    }
}

/// The id of the biophysical properties of a cell.
pub(super) const BIOPHYSICS: &str = "biophys";

/// A concentration at the start.
fn start(dynamics: &Dynamics, name: &str) -> String {
    neuroml_text(dynamics.parameter(name).map_or(0.0, |p| p.value), Dimension::CONCENTRATION)
}

fn in_group(element: Element, group: &str) -> Element {
    if group == "all" { element } else { element.with("segmentGroup", group) }
}

/// Whether the cell `element` stands on what is in the document `name`.
fn is_used(name: &str, element: &Element) -> bool {
    let id = name.split('.').next().unwrap_or_default();
    let mut waiting = vec![element];
    let lems = name.ends_with(".lems.xml");
    while let Some(element) = waiting.pop() {
        let named = |key: &str| element.get(key).is_some_and(|value| value == id || lems);
        if named("ionChannel") || named("concentrationModel") {
            return true;
        }
        waiting.extend(&element.children);
    }
    false
}
