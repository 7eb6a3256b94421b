//! The network: populations, projections, inputs.

use std::collections::BTreeMap;

use super::documents::{Documents, document, plain};
use super::{Member, Placement, Writer};
use crate::dynamics::superposes;
use crate::error::Result;
use crate::lems::Element;
use crate::lems::raw::Attribute;
use crate::model::{
    Connection, Placed, PointCell, Population, PopulationCell, Receiver, Sender, Source, Use,
};
use crate::select::Location;
use crate::units::{Dimension, neuroml_text, shifted};

/// Connections of one kind between two populations of the documents.
struct Projection {
    pre: String,
    post: String,
    /// Index of the synapse on the target's cell, by which projections are put in order.
    synapse: usize,
    component: String,
    connections: Vec<Element>,
}

/// The components of the cells without a shape of a population, which may differ.
pub(super) struct Components<'a> {
    population: &'a str,
    source: &'a Source,
    wanted: &'a str,
    /// Parameters with a text for each cell.
    differing: Vec<(&'a str, Vec<String>)>,
    /// Those that a component has no attribute for.
    unsaid: Vec<&'a str>,
}

/// The number of mV that a reader takes for `volts`: times 1 mV it gives the same bits, if there is one that does.
fn in_millivolts(volts: f64) -> f64 {
    let near = volts * 1e3;
    [near, near.next_up(), near.next_down()].into_iter().find(|mv| mv * 1e-3 == volts).unwrap_or(near)
}

impl<'a> Components<'a> {
    fn of(population: &'a Population, cell: &'a PointCell, source: &'a Source) -> Components<'a> {
        let mut out = Components {
            population: &population.name,
            source,
            wanted: &cell.dynamics.name,
            differing: Vec::new(),
            unsaid: Vec::new(),
        };
        for (name, values) in &population.parameters {
            match cell.dynamics.parameters.iter().find(|parameter| parameter.name == *name) {
                Some(parameter) if source.component.get(name).is_some() => {
                    let texts = values.iter().map(|value| neuroml_text(*value, parameter.dimension));
                    out.differing.push((name, texts.collect()));
                }
                _ => out.unsaid.push(name),
            }
        }
        out
    }

    /// Writes them; gives stretches of equal cells.
    fn write(&self, documents: &mut Documents, size: usize) -> Vec<(String, usize)> {
        if self.differing.is_empty() {
            let id = documents.component(self.source, &self.source.component, self.wanted, "cell");
            return vec![(id, size)];
        }
        let mut stretches: Vec<(String, usize)> = Vec::new();
        let mut known: BTreeMap<Vec<&str>, String> = BTreeMap::new();
        for i in 0..size {
            let texts: Vec<&str> = self.differing.iter().map(|(_, texts)| texts[i].as_str()).collect();
            let id = known.entry(texts).or_insert_with_key(|texts| {
                let mut own = self.source.component.clone();
                for ((name, _), text) in self.differing.iter().zip(texts) {
                    own.attributes.retain(|attribute| attribute.name != *name);
                    own.attributes.push(Attribute { name: (*name).to_string(), value: (*text).to_string() });
                }
                documents.component_in(self.source, &own, self.wanted, "cell", Some(self.population))
            });
            match stretches.last_mut() {
                Some((last, size)) if last == id => *size += 1,
                _ => stretches.push((id.clone(), 1)),
            }
        }
        stretches
    }
}

impl Writer<'_> {
    /// Writes the network and all that is in it.
    pub(super) fn network(&mut self) {
        let model = self.model;
        let id = self.documents.id(&format!("{}_net", self.name));
        let mut network = Element::new("network")
            .with("id", &id)
            .with("type", "networkWithTemperature")
            .with("temperature", neuroml_text(model.temperature_k, Dimension::TEMPERATURE));
        for (at, population) in model.populations.iter().enumerate() {
            let members = self.population(at, population, &mut network);
            let members = self.keep(members).unwrap_or_default();
            self.members.push(members);
            let points = self.synapses(at, population);
            let points = self.keep(points).unwrap_or_default();
            self.points.push(points);
        }
        if !self.errors.is_empty() {
            return;
        }
        let projections = self.projections();
        network.children.extend(projections);
        let lists = self.input_lists();
        network.children.extend(self.keep(lists).unwrap_or_default());
        let mut text = document(&format!("{id}_doc"));
        for name in self.documents.names() {
            text.children.push(Element::new("include").with("href", name));
        }
        self.documents.add(format!("{}.net.nml", self.name), text.child(network));
    }

    /// The components of a population of cells without a shape, if they can be said.
    pub(super) fn components<'p>(
        &mut self,
        population: &'p Population,
        cell: &'p PointCell,
    ) -> Option<Components<'p>> {
        let before = self.errors.len();
        let what = format!("population '{}'", population.name);
        let Some(source) = &cell.source else {
            self.cannot(&what, "a point neuron that comes from no component");
            return None;
        };
        if !population.initial.is_empty() {
            self.cannot(&what, "states at the start of point neurons: they are the component's own");
        }
        let mut components = Components::of(population, cell, source);
        if let Some(name) = components.unsaid.first() {
            self.cannot(&what, &format!("`{name}` that differs between its cells"));
        }
        if !population.initial_v.is_empty() {
            if cell.dynamics.parameters.iter().all(|parameter| parameter.name != "v_init") {
                let said = "a potential at the start of a point neuron: it is the component's own";
                self.cannot(&what, said);
            }
            let texts = population.initial_v.iter().map(|v| shifted(in_millivolts(*v), 0)).collect();
            components.differing.push(("v_init", texts));
        }
        (self.errors.len() == before).then_some(components)
    }

    /// Writes a population, as several where its cells differ; gives its cells.
    fn population(
        &mut self,
        at: usize,
        population: &Population,
        network: &mut Element,
    ) -> Result<Vec<Member>> {
        let mut members = Vec::with_capacity(population.size);
        // Stretches of equal cells.
        let mut stretches: Vec<(String, usize)> = Vec::new();
        match &population.cell {
            PopulationCell::Cable(_) => {
                let Some(body) = self.body_of[at] else { return Ok(members) };
                if !population.parameters.is_empty() || !population.initial.is_empty() {
                    let of = format!("population '{}'", population.name);
                    self.cannot(&of, "parameters or states that differ between the cells of a population");
                }
                let mut known: BTreeMap<u64, String> = BTreeMap::new();
                let mut add = |writer: &mut Self, v: Option<f64>, count: usize| -> Result<()> {
                    let key = v.map_or(u64::MAX, f64::to_bits);
                    let component = match known.get(&key) {
                        Some(component) => component.clone(),
                        None => writer.cell(body, v)?,
                    };
                    known.insert(key, component.clone());
                    match stretches.last_mut() {
                        Some((last, size)) if *last == component => *size += count,
                        _ => stretches.push((component, count)),
                    }
                    Ok(())
                };
                if population.initial_v.is_empty() {
                    add(self, None, population.size)?;
                }
                for v in &population.initial_v {
                    add(self, Some(*v), 1)?;
                }
            }
            PopulationCell::Point(cell) => {
                let Some(components) = self.components(population, cell) else { return Ok(members) };
                if !population.parameters.is_empty() {
                    let message = format!(
                        "population '{}': cells whose parameters differ get components of their own, which are stepped by constants: \
                         results may differ in the last digits, and by the error of the step where time constants differ",
                        population.name
                    );
                    self.warn("cells-differ", message);
                }
                stretches = components.write(&mut self.documents, population.size);
            }
            PopulationCell::SpikeTimes(times) => {
                let of_each = |i: usize| times.get(i).map_or(&[][..], Vec::as_slice);
                let same = (1..population.size).all(|i| of_each(i) == of_each(0));
                let count = if same { population.size.min(1) } else { population.size };
                let mut text = document(&format!("{}_spikes_doc", super::id_like(&population.name)));
                for i in 0..count {
                    let id = self.documents.id(&format!("{}_spikes", population.name));
                    let mut array = Element::new("spikeArray").with("id", &id);
                    for (number, time) in of_each(i).iter().enumerate() {
                        let spike = Element::new("spike").with("id", number.to_string());
                        array.children.push(spike.with("time", neuroml_text(*time, Dimension::TIME)));
                    }
                    text.children.push(array);
                    stretches.push((id, if same { population.size } else { 1 }));
                }
                self.documents.add(format!("{}.spikes.nml", super::id_like(&population.name)), text);
            }
        }
        let several = stretches.len() > 1;
        for (number, (component, size)) in stretches.into_iter().enumerate() {
            let name = match several {
                true => format!("{}_{number}", population.name),
                false => population.name.clone(),
            };
            let id = self.documents.id(&name);
            let element = Element::new("population").with("id", &id).with("component", &component);
            network.children.push(element.with("size", size.to_string()));
            let member = |index| Member { population: id.clone(), index, component: component.clone() };
            members.extend((0..size).map(member));
        }
        Ok(members)
    }

    /// The synapses of each cell of a population.
    fn synapses(&mut self, at: usize, population: &Population) -> Result<Vec<Vec<Placement>>> {
        let placed: &[Placed] = match &population.cell {
            PopulationCell::Cable(cell) => &cell.synapses,
            PopulationCell::Point(cell) => &cell.synapses,
            PopulationCell::SpikeTimes(_) => &[],
        };
        let mut components = Vec::with_capacity(placed.len());
        for synapse in placed {
            let what = format!("population '{}': synapse '{}'", population.name, synapse.name);
            match (&synapse.source, synapse.parameters.first()) {
                (Some(source), None) => {
                    components.push(self.documents.component(
                        source,
                        &source.component,
                        &synapse.name,
                        "synapse",
                    ));
                }
                (None, _) => self.cannot(&what, "a synapse that comes from no component"),
                (_, Some((parameter, _))) => {
                    self.cannot(&what, &format!("`{parameter}` that differs over space"));
                }
            }
        }
        let mut out = Vec::with_capacity(population.size);
        for cell in 0..population.size {
            let mut own = Vec::with_capacity(placed.len());
            for (s, (synapse, component)) in placed.iter().zip(&components).enumerate() {
                let locations: Vec<Option<Location>> = match &population.cell {
                    PopulationCell::Cable(_) => {
                        let places = self.places(at, cell, &synapse.points, Use::Synapse(s))?;
                        places.into_iter().map(Some).collect()
                    }
                    _ => vec![None],
                };
                own.push(Placement { component: component.clone(), locations, connected: Vec::new() });
            }
            out.push(own);
        }
        Ok(out)
    }

    fn projections(&mut self) -> Vec<Element> {
        let model = self.model;
        let mut projections: Vec<Projection> = Vec::new();
        let mut known: BTreeMap<(String, String, String), usize> = BTreeMap::new();
        for connection in &model.connections {
            let (Receiver::Synapse { synapse, point }, Sender::Cell, 0) =
                (connection.receiver, connection.sender, connection.port)
            else {
                self.cannot("a connection", "a sender or a receiver other than a cell and its synapse");
                return Vec::new();
            };
            let (synapse, point) = (synapse as usize, point as usize);
            let Some(element) = self.connection(connection, synapse, point) else { return Vec::new() };
            let pre = self.members[connection.source.0][connection.source.1].population.clone();
            let post = self.members[connection.target.0][connection.target.1].population.clone();
            let component = self.points[connection.target.0][connection.target.1][synapse].component.clone();
            let key = (pre.clone(), post.clone(), component.clone());
            let at = *known.entry(key).or_insert_with(|| {
                projections.push(Projection { pre, post, synapse, component, connections: Vec::new() });
                projections.len() - 1
            });
            let connections = &mut projections[at].connections;
            let mut numbered = element;
            numbered
                .attributes
                .insert(0, Attribute { name: "id".to_string(), value: connections.len().to_string() });
            connections.push(numbered);
        }
        projections.sort_by_key(|p| p.synapse);
        let mut out = Vec::with_capacity(projections.len());
        for (number, p) in projections.into_iter().enumerate() {
            let mut element = Element::new("projection")
                .with("id", format!("projection_{number}"))
                .with("presynapticPopulation", p.pre)
                .with("postsynapticPopulation", p.post)
                .with("synapse", p.component);
            element.children = p.connections;
            out.push(element);
        }
        out
    }

    fn connection(&mut self, connection: &Connection, synapse: usize, point: usize) -> Option<Element> {
        let (population, cell) = connection.target;
        let of = &self.model.populations[population];
        let dynamics = match &of.cell {
            PopulationCell::Cable(cable) => &cable.synapses[synapse].dynamics,
            PopulationCell::Point(cell) => &cell.synapses[synapse].dynamics,
            PopulationCell::SpikeTimes(_) => return None,
        };
        let placement = &mut self.points[population][cell][synapse];
        let location = *placement.locations.get(point)?;
        let twice = placement.connected.contains(&point);
        placement.connected.push(point);
        if twice && !superposes(dynamics, "i") {
            let what = format!(
                "several connections that share one '{}', which remembers its spikes: each connection has its own",
                dynamics.name
            );
            self.cannot(&format!("population '{}'", of.name), &what);
            return None;
        }
        let mut element = Element::new("connectionWD")
            .with("preCellId", self.members[connection.source.0][connection.source.1].reference())
            .with("postCellId", self.members[population][cell].reference());
        if let (Some(place), Some(body)) = (location, self.body_of[population]) {
            let (segment, fraction) = self.bodies[body].along(place);
            element = element.with("postSegmentId", segment.to_string());
            element = element.with("postFractionAlong", fraction.to_string());
        }
        let delay = neuroml_text(connection.delay_s, Dimension::TIME);
        Some(element.with("weight", connection.weight.to_string()).with("delay", delay))
    }

    fn input_lists(&mut self) -> Result<Vec<Element>> {
        let model = self.model;
        let mut out = Vec::new();
        for (number, stimulus) in model.stimuli.iter().enumerate() {
            let what = format!("stimulus '{}'", stimulus.name);
            let Some(source) = &stimulus.source else {
                self.cannot(&what, "an input that comes from no component");
                continue;
            };
            if !stimulus.parameters.is_empty() {
                self.cannot(&what, "parameters that differ between the cells of a population");
                continue;
            }
            if stimulus.dynamics.inputs.iter().any(|input| input.name == "noise") {
                self.cannot(&what, "noise that is drawn anew at an interval");
                continue;
            }
            let component = self.input_of(source, &stimulus.name);
            let mut lists: Vec<(String, Element)> = Vec::new();
            for cell in stimulus.cells.indices(model.populations[stimulus.population].size) {
                let Some(member) = self.members[stimulus.population].get(cell).cloned() else { continue };
                let places = match (&stimulus.points, self.body_of[stimulus.population]) {
                    (Some(points), Some(_)) => {
                        let places = self.places(stimulus.population, cell, points, Use::Stimulus(number))?;
                        places.into_iter().map(Some).collect()
                    }
                    _ => vec![None],
                };
                if lists.last().is_none_or(|(population, _)| *population != member.population) {
                    let id = format!("{component}_{}", member.population);
                    let list = Element::new("inputList")
                        .with("id", self.documents.id(&id))
                        .with("population", &member.population)
                        .with("component", &component);
                    lists.push((member.population.clone(), list));
                }
                let Some((_, list)) = lists.last_mut() else { continue };
                for place in places {
                    let mut input = Element::new("input")
                        .with("id", list.children.len().to_string())
                        .with("target", member.reference())
                        .with("destination", "synapses");
                    if let (Some(place), Some(body)) = (place, self.body_of[stimulus.population]) {
                        let (segment, fraction) = self.bodies[body].along(place);
                        input = input.with("segmentId", segment.to_string());
                        input = input.with("fractionAlong", fraction.to_string());
                    }
                    list.children.push(input);
                }
            }
            out.extend(lists.into_iter().map(|(_, list)| list));
            self.inputs.push(component);
        }
        Ok(out)
    }

    /// The component of an input: one for each stimulus, so that they stay apart.
    fn input_of(&mut self, source: &Source, name: &str) -> String {
        self.documents.component(source, &source.component, plain(name), "input")
    }
}
