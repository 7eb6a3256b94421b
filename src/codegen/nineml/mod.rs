//! NineML 1.0: component classes of cells, synapses and plasticity (abstraction layer), and the network (user layer).

mod class;
mod words;

use std::collections::BTreeMap;

use serde::Serialize;

use super::names::{Names, identifier};
use super::network::is_source;
use super::{Job, unsupported};
use crate::dynamics::Dynamics;
use crate::error::Result;
use crate::model::{Connection, PointCell, PopulationCell, Receiver};
use crate::units::Dimension;
use crate::wiring;
use class::{Class, Role, UNITS, class};

/// Connections at most.
const MOST_CONNECTIONS: usize = 2_000_000;

#[derive(Serialize)]
struct Document {
    title: String,
    made_by: String,
    dimensions: Vec<Named>,
    units: Vec<Unit>,
    classes: Vec<Class>,
    components: Vec<String>,
    populations: Vec<Population>,
    projections: Vec<Projection>,
}

#[derive(Serialize)]
struct Named {
    name: String,
    powers: Vec<(String, i32)>,
}

#[derive(Serialize)]
struct Unit {
    symbol: String,
    dimension: String,
    power: i32,
}

#[derive(Serialize)]
struct Population {
    name: String,
    size: usize,
    component: String,
}

/// A component: a class with values.
#[derive(Serialize, Clone, Default)]
struct Component {
    name: String,
    class: String,
    properties: Vec<Quantity>,
    initial: Vec<Quantity>,
}

#[derive(Serialize, Clone)]
struct Quantity {
    name: String,
    units: String,
    /// One for all, or one for each member.
    values: Vec<String>,
}

#[derive(Serialize)]
struct Projection {
    name: String,
    source: String,
    destination: String,
    spike: String,
    current: String,
    port: String,
    potential: String,
    needs_v: bool,
    response: String,
    plasticity: String,
    spike_of_target: String,
    weight: String,
    hears_post: bool,
    hears_pre: bool,
    sources: Vec<String>,
    destinations: Vec<String>,
    delays: Vec<String>,
    delay_units: String,
}

impl Document {
    /// Writes a component; its name.
    fn keep(&mut self, job: &Job<'_>, component: &Component) -> Result<String> {
        self.components.push(job.fill("nineml/component.xml", component)?.trim_end().to_string());
        Ok(component.name.clone())
    }
}

/// The name of the unit of a dimension.
fn unit(dimension: Dimension) -> String {
    if dimension.is_none() {
        return "unitless".to_string();
    }
    UNITS.symbol(dimension, "").replace("1/", "per_").replace('/', "_per_").replace('*', "_")
}

/// The name of a dimension.
fn dimension(of: Dimension) -> String {
    if of.is_none() { "dimensionless".to_string() } else { format!("dimension_of_{}", unit(of)) }
}

fn quantity(name: &str, values: &[f64], of: Dimension) -> Quantity {
    let same = values.iter().all(|x| x.to_bits() == values[0].to_bits());
    let shown = if same { &values[..1] } else { values };
    Quantity {
        name: name.to_string(),
        units: unit(of),
        values: shown.iter().map(|x| UNITS.value(*x, of)).collect(),
    }
}

/// Writes the document.
pub(super) fn generate(job: &mut Job<'_>) -> Result<()> {
    let model = job.model;
    let mut names = Names::new(&["network"]);
    let mut made = Made { classes: Vec::new(), by_type: Vec::new(), dimensions: BTreeMap::new() };
    let mut document = Document {
        title: model.name.clone(),
        made_by: job.made_by(),
        dimensions: Vec::new(),
        units: Vec::new(),
        classes: Vec::new(),
        components: Vec::new(),
        populations: Vec::new(),
        projections: Vec::new(),
    };
    let mut called: Vec<Option<(String, usize)>> = vec![None; model.populations.len()];
    for (index, population) in model.populations.iter().enumerate() {
        let place = format!("population '{}'", population.name);
        let cell: &PointCell = match &population.cell {
            PopulationCell::Point(cell) => cell,
            PopulationCell::Cable(_) => {
                job.cannot(
                    unsupported(format!("{place}: NineML has no compartments, morphologies or cables"))
                        .help("reduce the cell first: neuropil reduce MODEL --method lif"),
                );
                continue;
            }
            PopulationCell::SpikeTimes(times) => {
                match made.given(&mut names, &population.name, times) {
                    Ok((at, component)) => {
                        let name = names.claim(&population.name);
                        let component = document.keep(job, &component)?;
                        called[index] = Some((name.clone(), at));
                        document.populations.push(Population { name, size: population.size, component });
                    }
                    Err(error) => job.cannot(error.in_element(place)),
                }
                continue;
            }
        };
        if is_source(cell) {
            job.out.differences.push(format!("{place}: draws its own random spikes, others than neuropil's"));
        }
        let at = match made.class(&cell.dynamics, Role::Cell, &mut names) {
            Ok(at) => at,
            Err(error) => {
                job.cannot(error.about(place));
                continue;
            }
        };
        let name = names.claim(&population.name);
        let class = &made.classes[at];
        let mut component = class.component(&format!("{name}_cell"), &cell.dynamics);
        for (parameter, values) in &population.parameters {
            let known = class.parameter(parameter).cloned();
            let Some((said, of)) = known else {
                job.cannot(unsupported(format!(
                    "{place}: '{parameter}' that differs between cells is no parameter of the cell"
                )));
                continue;
            };
            component.properties.retain(|p| p.name != said);
            component.properties.push(quantity(&said, values, of));
        }
        let v = ("v".to_string(), population.initial_v.clone());
        let initial_v = (!population.initial_v.is_empty()).then_some(&v);
        for (state, values) in population.initial.iter().chain(initial_v) {
            let Some((said, of)) = class.state(state).cloned() else {
                job.cannot(unsupported(format!("{place}: the start of '{state}' is no state of the cell")));
                continue;
            };
            component.initial.retain(|p| p.name != said);
            component.initial.push(quantity(&said, values, of));
        }
        called[index] = Some((name.clone(), at));
        let component = document.keep(job, &component)?;
        document.populations.push(Population { name, size: population.size, component });
    }
    wire(job, &mut made, &mut names, &called, &mut document)?;
    for stimulus in &model.stimuli {
        job.cannot(unsupported(format!("stimulus '{}': NineML has no injected currents", stimulus.name)));
    }
    if !model.attachments.is_empty() {
        job.cannot(unsupported("synapses and inputs at single cells are not written as NineML".to_string()));
    }
    for recording in &model.recordings {
        job.out
            .differences
            .push(format!("recording '{}': NineML says nothing of what is recorded", recording.file));
    }
    let dimensions = std::mem::take(&mut made.dimensions);
    document.classes = made.classes;
    for of in dimensions.into_values() {
        let powers = ["m", "l", "t", "i", "k", "n", "j"].iter().zip(of.0);
        let powers = powers.filter(|(_, p)| *p != 0).map(|(n, p)| ((*n).to_string(), i32::from(p))).collect();
        document.dimensions.push(Named { name: dimension(of), powers });
        document.units.push(Unit { symbol: unit(of), dimension: dimension(of), power: UNITS.power(of) });
    }
    let text = job.fill("nineml/document.xml", &document)?;
    let file = format!("{}.xml", job.options.stem());
    job.out.command = format!("no simulator runs NineML 1.0; the nineml library reads {file}");
    job.out.text(file, text);
    Ok(())
}

/// The classes so far.
struct Made {
    classes: Vec<Class>,
    by_type: Vec<(String, Role, usize)>,
    dimensions: BTreeMap<String, Dimension>,
}

impl Made {
    /// The class of `dynamics` in a role: one for each type.
    fn class(&mut self, dynamics: &Dynamics, role: Role, names: &mut Names) -> Result<usize> {
        let known = self.by_type.iter().find(|(t, r, _)| *t == dynamics.component_type && *r == role);
        if let Some((_, _, at)) = known {
            return Ok(*at);
        }
        let made = class(dynamics, role, names.claim(&identifier(&dynamics.component_type)))?;
        for of in made.dimensions() {
            self.dimensions.insert(dimension(of), of);
        }
        self.classes.push(made);
        let at = self.classes.len() - 1;
        self.by_type.push((dynamics.component_type.clone(), role, at));
        Ok(at)
    }
}

/// Spikes of a cell at most, where they are given one by one.
const MOST_SPIKES: usize = 200;

impl Made {
    /// The class and component of cells with given spike times.
    fn given(
        &mut self,
        names: &mut Names,
        population: &str,
        times: &[Vec<f64>],
    ) -> Result<(usize, Component)> {
        let most = times.iter().map(Vec::len).max().unwrap_or(0);
        if most > MOST_SPIKES {
            let message = format!(
                "{most} given spikes of a cell: NineML has no lists of times, and at most {MOST_SPIKES} are written as regimes"
            );
            return Err(unsupported(message));
        }
        self.dimensions.insert(dimension(Dimension::TIME), Dimension::TIME);
        let class = class::spike_times(names.claim(&format!("{}_times", identifier(population))), most);
        let mut component = Component {
            name: format!("{}_cell", identifier(population)),
            class: class.name.clone(),
            ..Component::default()
        };
        for i in 0..most {
            let each: Vec<f64> = times.iter().map(|t| t.get(i).copied().unwrap_or(NEVER_S)).collect();
            component.properties.push(quantity(&format!("t_{i}"), &each, Dimension::TIME));
        }
        self.classes.push(class);
        Ok((self.classes.len() - 1, component))
    }
}

/// Later than any run, s.
const NEVER_S: f64 = 1e9;

/// Connections of one projection from one population to one receptor of another.
type Group = (usize, usize, Receiver, Vec<Connection>);

fn wire(
    job: &mut Job<'_>,
    made: &mut Made,
    names: &mut Names,
    called: &[Option<(String, usize)>],
    document: &mut Document,
) -> Result<()> {
    let model = job.model;
    let mut lists = vec![("connections".to_string(), None, model.connections.clone())];
    for (number, projection) in model.projections.iter().enumerate() {
        if projection.junction.is_some() {
            job.cannot(unsupported(format!(
                "projection '{}': NineML has no gap junctions here",
                projection.name
            )));
            continue;
        }
        let connections = wiring::connections_of(model, number, MOST_CONNECTIONS)?;
        lists.push((projection.name.clone(), projection.rule.as_ref(), connections));
    }
    made.dimensions.insert(dimension(Dimension::NONE), Dimension::NONE);
    made.dimensions.insert(dimension(Dimension::TIME), Dimension::TIME);
    for (label, rule, connections) in lists {
        let mut groups: Vec<Group> = Vec::new();
        for connection in connections {
            let key = (connection.source.0, connection.target.0, connection.receiver);
            match groups.iter_mut().find(|g| (g.0, g.1, g.2) == key) {
                Some(group) => group.3.push(connection),
                None => groups.push((key.0, key.1, key.2, vec![connection])),
            }
        }
        for (source, target, receiver, rows) in groups {
            let (Some((from, from_class)), Some((to, to_class))) = (&called[source], &called[target]) else {
                continue;
            };
            let PopulationCell::Point(cell) = &model.populations[target].cell else { continue };
            let Receiver::Synapse { synapse, .. } = receiver else {
                job.cannot(unsupported(format!(
                    "projection '{label}': spikes that the cell itself hears, without a synapse"
                )));
                continue;
            };
            let synapse = &cell.synapses[synapse as usize];
            let place = format!("projection '{label}'");
            let response = made.class(&synapse.dynamics, Role::Synapse, names);
            let plastic = rule.map(|rule| made.class(&rule.dynamics, Role::Plasticity, names));
            let (response, plastic) = match (response, plastic.transpose()) {
                (Ok(response), Ok(plastic)) => (response, plastic),
                (Err(error), _) | (_, Err(error)) => {
                    job.cannot(error.about(place));
                    continue;
                }
            };
            let weights: Vec<f64> = rows.iter().map(|c| c.weight).collect();
            let delays: Vec<f64> = rows.iter().map(|c| c.delay_s).collect();
            let name = names.claim(&label);
            let class = &made.classes[response];
            let response = class.component(&format!("{name}_response"), &synapse.dynamics);
            let needs_v = class.reads("v");
            let current = class.sends("i");
            let (plasticity, weight, hears_pre, hears_post) = match plastic {
                None => {
                    let mut component = Component {
                        name: format!("{name}_weight"),
                        class: "StaticWeight".into(),
                        ..Component::default()
                    };
                    component.properties.push(quantity("weight", &weights, Dimension::NONE));
                    (component, "fixed_weight".to_string(), false, false)
                }
                Some(at) => {
                    let class = &made.classes[at];
                    let rule = rule.map(|r| &r.dynamics);
                    let mut component = rule.map_or_else(Component::default, |d| {
                        class.component(&format!("{name}_plasticity"), d)
                    });
                    if let Some((said, of)) = class.parameter("weight").cloned() {
                        component.properties.push(quantity(&said, &weights, of));
                    }
                    (component, class.sends("effective"), class.hears("pre"), class.hears("post"))
                }
            };
            let (Some(spike), Some(potential)) =
                (made.classes[*from_class].event_out(), made.classes[*to_class].sends_v())
            else {
                job.cannot(unsupported(format!(
                    "{place}: its source sends no spikes, or its target has no potential"
                )));
                continue;
            };
            let response = document.keep(job, &response)?;
            let plasticity = document.keep(job, &plasticity)?;
            document.projections.push(Projection {
                spike_of_target: made.classes[*to_class].event_out().unwrap_or_default(),
                name,
                source: from.clone(),
                destination: to.clone(),
                spike,
                current,
                port: made.classes[*to_class].current_in(),
                potential,
                needs_v,
                response,
                plasticity,
                weight,
                hears_pre,
                hears_post,
                sources: rows.iter().map(|c| c.source.1.to_string()).collect(),
                destinations: rows.iter().map(|c| c.target.1.to_string()).collect(),
                delays: quantity("delay", &delays, Dimension::TIME).values,
                delay_units: unit(Dimension::TIME),
            });
        }
    }
    Ok(())
}
