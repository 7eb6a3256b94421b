//! The network: what the script creates, connects and records.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde::Serialize;
use serde_json::json;

use super::super::Job;
use super::super::names::Names;
use super::super::python::KEYWORDS;
use super::super::units::rounded;
use super::cells::{Cells, Kind, cells, share};
use super::neuron::Text;
use super::synapse::{POST, Synapse, synapse};
use super::words::{UNITS, unsupported};
use super::{Head, changes, in_ms};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{self, Connection, ConnectionRule, Model, PopulationCell, Receiver, Sender, Site};
use crate::output::DisplayUnit;
use crate::units::Dimension;
use crate::wiring::{MOST_LISTED, connections_of, nearest_step};

/// A network for NEST.
#[derive(Debug, Default)]
pub(super) struct Network {
    /// Models to build.
    pub(super) models: Vec<Text>,
    kinds: Vec<Option<Kind>>,
    /// Variables of the script that hold populations.
    variables: Vec<String>,
    projections: Vec<Projection>,
    rows: Vec<Row>,
    tables: Vec<Table>,
    synapses: Vec<Synapse>,
    /// Which neuron models hear which synapse models.
    pairs: BTreeSet<(String, String)>,
    /// Sources whose spikes go through a relay, since what sends given spikes can have no synapses of its own.
    relayed: BTreeSet<usize>,
}

/// Connections that differ by cells, weights and delays only.
#[derive(Debug, PartialEq, Serialize)]
struct Projection {
    source: String,
    target: String,
    /// The port of the target's model.
    port: String,
    /// Its synapse model, if that is one of its own.
    synapse: Option<usize>,
}

#[derive(Debug)]
struct Row {
    projection: usize,
    pre: usize,
    post: usize,
    weight: f64,
    delay_steps: f64,
}

/// A file of samples.
#[derive(Debug, Serialize)]
struct Table {
    file: String,
    interval: f64,
    columns: Vec<Column>,
}

/// A column: the text above it, the cell, the variable, and what it is multiplied by.
#[derive(Debug, Serialize)]
struct Column {
    name: String,
    population: String,
    cell: usize,
    variable: String,
    factor: f64,
}

/// What the templates of the script are filled with.
#[derive(Debug, Serialize)]
pub(super) struct Script {
    #[serde(flatten)]
    head: Head,
    populations: Vec<Created>,
    projections: Vec<Connected>,
    has_connections: bool,
    currents: bool,
    recordings: bool,
}

#[derive(Debug, Serialize)]
struct Created {
    variable: String,
    label: String,
    size: usize,
    /// The first number of its cells in files of spikes.
    first: u64,
    /// Its model; empty for given spikes.
    model: String,
    /// Values of parameters and states that all cells share, as a dictionary of Python.
    values: String,
    /// Whether others differ between cells.
    differ: bool,
    /// Whether its spikes go through a relay.
    relayed: bool,
}

#[derive(Debug, Serialize)]
struct Connected {
    number: usize,
    source: String,
    target: String,
    port: String,
    count: usize,
    /// Its synapse model, and the states of that that start as the weight.
    synapse: String,
    starts: Vec<String>,
}

/// Names that the script has of its own.
pub(super) const OWN: &[&str] = &[
    "print",
    "list",
    "dict",
    "float",
    "int",
    "str",
    "len",
    "range",
    "zip",
    "open",
    "set",
    "nest",
    "np",
    "json",
    "csv",
    "sys",
    "build",
    "Path",
    "HERE",
    "OUT",
    "DATA",
    "table",
    "connect",
    "inject",
    "record",
    "write",
    "main",
    "populations",
    "sorted",
    "name",
    "first",
    "cells",
    "recorder",
    "recorders",
    "recording",
    "wanted",
    "column",
    "columns",
    "what",
    "found",
    "meter",
    "meters",
    "fired",
    "ids",
    "events",
    "time",
    "sender",
    "variables",
    "variable",
    "index",
    "times",
    "file",
    "writer",
    "source",
    "label",
    "node",
    "mine",
    "row",
    "target",
    "cell",
    "at",
    "amplitudes",
    "offset",
    "changes",
    "generator",
    "steps",
    "spikes",
    "relayed",
    "neurons",
    "cells_of",
    "cells_named",
    "repr",
    "round",
];

impl Network {
    /// The network of the job's model; what NEST can't do goes to [`Job::cannot`].
    ///
    /// # Errors
    /// If the model itself can't be drawn.
    pub(super) fn of(job: &mut Job<'_>) -> Result<Network> {
        let model = job.model;
        let (kinds, models) = cells(job)?;
        let mut names = Names::new(&[KEYWORDS, OWN].concat());
        let variables = model.populations.iter().map(|p| names.claim(&p.name)).collect();
        let mut network = Network { models, kinds, variables, ..Network::default() };
        network.refuse(job);
        network.connect(job)?;
        network.record(job)?;
        network.note(job);
        Ok(network)
    }

    fn refuse(&self, job: &mut Job<'_>) {
        let model = job.model;
        if !model.couplings.is_empty() {
            job.cannot(unsupported(
                "the model",
                "contacts that read each other (gap junctions, graded synapses) here",
            ));
        }
        for projection in &model.projections {
            let of = format!("projection '{}'", projection.name);
            if projection.junction.is_some() {
                job.cannot(unsupported(&of, "gap junctions here"));
            }
            if !projection.recordings.is_empty() {
                job.cannot(unsupported(
                    &of,
                    "samples of what connections do: it computes them when a spike passes",
                ));
            }
        }
    }

    fn cells(&self, population: usize) -> Option<&Cells> {
        match self.kinds.get(population)? {
            Some(Kind::Neuron(cells)) => Some(cells),
            _ => None,
        }
    }

    fn connect(&mut self, job: &mut Job<'_>) -> Result<()> {
        let model = job.model;
        self.add(job, None, &model.connections);
        for (number, projection) in model.projections.iter().enumerate().filter(|(_, p)| p.junction.is_none())
        {
            let synapse = match &projection.rule {
                None => None,
                Some(rule) => match self.rule(model, projection, rule) {
                    Ok(at) => Some(at),
                    Err(error) => {
                        job.cannot(error);
                        continue;
                    }
                },
            };
            let connections = connections_of(model, number, MOST_LISTED)?;
            self.add(job, synapse, &connections);
        }
        Ok(())
    }

    /// The synapse model of `rule`.
    fn rule(
        &mut self,
        model: &Model,
        projection: &model::Projection,
        rule: &ConnectionRule,
    ) -> Result<usize> {
        let of = format!("projection '{}'", projection.name);
        if !rule.parameters.is_empty() {
            return Err(unsupported(&of, "plasticity whose parameters differ between connections here"));
        }
        let base = super::super::names::identifier(&rule.dynamics.name);
        let mut synapse = synapse(rule, &format!("{base}_synapse"), model.temperature_k, &of)?;
        if synapse.hears_target && rule.dendritic_delay_fraction != 1.0 {
            return Err(unsupported(&of, "delay before the synapse: all of it lies behind"));
        }
        synapse.text.name = share(&mut synapse.text, &mut self.models);
        match self.synapses.iter().position(|known| known.text == synapse.text) {
            Some(at) => Ok(at),
            None => {
                self.synapses.push(synapse);
                Ok(self.synapses.len() - 1)
            }
        }
    }

    /// Adds connections, all with the synapse model `synapse`.
    fn add(&mut self, job: &mut Job<'_>, synapse: Option<usize>, connections: &[Connection]) {
        let model = job.model;
        let mut known: BTreeMap<(usize, usize, String), usize> = BTreeMap::new();
        let mut quick = 0;
        for connection in connections {
            let (source, target) = (connection.source.0, connection.target.0);
            if self.kinds[source].is_none() || self.kinds[target].is_none() {
                continue;
            }
            let port = match self.port(model, connection) {
                Ok(port) => port,
                Err(error) => {
                    job.cannot(error);
                    break;
                }
            };
            let next = self.projections.len();
            let projection = *known.entry((source, target, port.clone())).or_insert(next);
            if projection == next {
                self.projections.push(Projection {
                    source: self.variables[source].clone(),
                    target: self.variables[target].clone(),
                    port,
                    synapse,
                });
                if let Some(synapse) = synapse {
                    if matches!(self.kinds[source], Some(Kind::Source(_))) {
                        self.relayed.insert(source);
                    }
                    let neuron = self.cells(target).map(|c| c.model.clone()).unwrap_or_default();
                    if self.synapses[synapse].hears_target {
                        self.pairs.insert((neuron, self.synapses[synapse].text.name.clone()));
                    }
                }
            }
            let steps = nearest_step(connection.delay_s, model.run.dt_s);
            quick += usize::from(steps < 1.0);
            self.rows.push(Row {
                projection,
                pre: connection.source.1,
                post: connection.target.1,
                weight: connection.weight,
                delay_steps: steps.max(1.0),
            });
        }
        if quick > 0 {
            let line =
                format!("{quick} connections without a delay have one of a time step: NEST's shortest");
            job.out.differences.push(line);
        }
    }

    /// The port of the target's model that hears the connection.
    fn port(&self, model: &Model, connection: &Connection) -> Result<String> {
        let of = || format!("a connection to '{}'", model.populations[connection.target.0].name);
        if !matches!(connection.sender, Sender::Cell | Sender::Port(0)) {
            return Err(unsupported(&of(), "second port or detector that it comes from"));
        }
        let cells = self.cells(connection.target.0);
        let PopulationCell::Point(cell) = &model.populations[connection.target.0].cell else {
            return Err(unsupported(&of(), "port for it"));
        };
        let (name, dynamics) = match connection.receiver {
            Receiver::Synapse { synapse, .. } => {
                let synapse = cell.synapses.get(synapse as usize);
                synapse.map(|s| (Some(s.name.as_str()), &*s.dynamics))
            }
            Receiver::Contact { attachments, .. } => {
                let list = model.attachments.get(attachments as usize);
                list.map(|a| (Some(a.name.as_str()), &*a.dynamics))
            }
            Receiver::Cell => Some((None, &*cell.dynamics)),
        }
        .ok_or_else(|| unsupported(&of(), "receiver"))?;
        let port = dynamics.in_ports().get(connection.port as usize).copied().unwrap_or_default().to_string();
        let path = name.map_or(port.clone(), |name| format!("{name}/{port}"));
        let ports = cells.map(|c| &c.neuron.ports[..]).unwrap_or_default();
        let found = ports.iter().find(|(known, _)| *known == path);
        found.map(|(_, port)| port.clone()).ok_or_else(|| unsupported(&of(), &format!("port for '{path}'")))
    }

    fn record(&mut self, job: &mut Job<'_>) -> Result<()> {
        let model = job.model;
        for recording in &model.recordings {
            let Some(cells) = self.cells(recording.population) else { continue };
            if matches!(recording.site, Site::Region(_)) {
                continue;
            }
            let population = &model.populations[recording.population];
            let interval_s = if recording.interval_s == 0.0 { model.run.dt_s } else { recording.interval_s };
            let mut columns = Vec::new();
            let count = recording.cells.indices(population.size).len() * recording.variables.len();
            for cell in recording.cells.indices(population.size) {
                for path in &recording.variables {
                    let Some((variable, dimension)) = cells.recorded.get(path) else { continue };
                    let own = cells
                        .neuron
                        .dynamics
                        .exposures
                        .iter()
                        .find(|(e, _)| *e == format!("recorded {variable}"));
                    let variable = own.map_or(variable, |(_, variable)| variable);
                    let name = match (&recording.label, count) {
                        (Some(label), 1) => label.clone(),
                        (Some(label), _) => format!("{label}[{}]", columns.len()),
                        (None, _) => format!("{}[{cell}].{path}", population.name),
                    };
                    columns.push(Column {
                        name: header(&name, *dimension),
                        population: self.variables[recording.population].clone(),
                        cell,
                        variable: cells.neuron.words.name(variable).to_string(),
                        factor: factor(*dimension),
                    });
                }
            }
            match self.tables.iter_mut().find(|t| t.file == recording.file) {
                Some(table) => table.columns.extend(columns),
                None => self.tables.push(Table {
                    file: recording.file.clone(),
                    interval: rounded(interval_s * 1e3),
                    columns,
                }),
            }
        }
        Ok(())
    }

    /// What runs otherwise, in general.
    fn note(&self, job: &mut Job<'_>) {
        if self.kinds.iter().flatten().any(|k| matches!(k, Kind::Neuron(_))) {
            let line = "NEST integrates what has no solution on paper by an adaptive Runge-Kutta method: traces agree within \
                 the error of neuropil's own steps";
            job.out.differences.push(line.into());
        }
        let early = |kind: &Kind| match kind {
            Kind::Source(times) => times.iter().flatten().any(|t| nearest_step(*t, job.model.run.dt_s) < 1.0),
            Kind::Neuron(_) => false,
        };
        if self.kinds.iter().flatten().any(early) {
            job.out.differences.push("given spikes before the first step are sent at its end".into());
        }
    }

    /// The values of the script's template.
    ///
    /// # Errors
    /// None so far.
    pub(super) fn script(&self, job: &Job<'_>) -> Result<Script> {
        let model = job.model;
        let first = model.first_cells();
        let mut populations = Vec::new();
        for (at, (population, kind)) in model.populations.iter().zip(&self.kinds).enumerate() {
            let (name, values, differ) = match kind {
                None => continue,
                Some(Kind::Source(_)) => (String::new(), String::new(), false),
                Some(Kind::Neuron(cells)) => {
                    let one = |(name, values): &(String, Vec<f64>)| match values[..] {
                        [x] => Some(format!("\"{name}\": {x}")),
                        _ => None,
                    };
                    let values: Vec<_> = cells.values.iter().filter_map(one).collect();
                    let differ = values.len() < cells.values.len();
                    let values = format!("{{{}}}", values.join(", "));
                    (self.built(&cells.model), values, differ)
                }
            };
            populations.push(Created {
                variable: self.variables[at].clone(),
                label: population.name.clone(),
                size: population.size,
                first: first[at],
                model: name,
                values,
                differ,
                relayed: self.relayed.contains(&at),
            });
        }
        let mut counts = vec![0; self.projections.len()];
        self.rows.iter().for_each(|row| counts[row.projection] += 1);
        let connected = |(number, projection): (usize, &Projection)| Connected {
            number,
            source: projection.source.clone(),
            target: projection.target.clone(),
            port: projection.port.to_uppercase(),
            count: counts[number],
            synapse: projection
                .synapse
                .map_or(String::new(), |at| self.built_synapse(at, &projection.target)),
            starts: projection.synapse.map_or(Vec::new(), |at| self.synapses[at].starts.clone()),
        };
        let mut pairs: BTreeMap<&str, serde_json::Map<String, serde_json::Value>> = BTreeMap::new();
        for (neuron, synapse) in &self.pairs {
            pairs.entry(neuron).or_default().insert(synapse.clone(), json!({ "post_ports": [POST] }));
        }
        let pairs: Vec<_> =
            pairs.iter().map(|(neuron, s)| json!({ "neuron": neuron, "synapses": s })).collect();
        let weights: BTreeMap<&str, &str> =
            self.synapses.iter().map(|s| (s.text.name.as_str(), s.weight.as_str())).collect();
        Ok(Script {
            head: Head {
                pairs: json!(pairs).to_string(),
                weights: json!(weights).to_string(),
                ..Head::of(job, model, &self.models, "generate_nest_target")
            },
            populations,
            projections: self.projections.iter().enumerate().map(connected).collect(),
            has_connections: !self.rows.is_empty(),
            currents: self
                .kinds
                .iter()
                .flatten()
                .any(|k| matches!(k, Kind::Neuron(c) if !c.currents.is_empty())),
            recordings: !self.tables.is_empty(),
        })
    }

    /// What the neuron model `name` is called when it is built.
    fn built(&self, name: &str) -> String {
        let heard = self.pairs.iter().filter(|(neuron, _)| neuron == name);
        heard.fold(format!("{name}_nestml"), |text, (_, synapse)| format!("{text}__with_{synapse}_nestml"))
    }

    /// What the synapse model of this number is called for connections to the population in the variable `target`.
    fn built_synapse(&self, at: usize, target: &str) -> String {
        let name = format!("{}_nestml", self.synapses[at].text.name);
        let population = self.variables.iter().position(|v| v == target);
        match population.and_then(|p| self.cells(p)).filter(|_| self.synapses[at].hears_target) {
            Some(cells) => format!("{name}__with_{}_nestml", cells.model),
            None => name,
        }
    }

    /// The table of connections: times in steps of the run.
    pub(super) fn table(&self) -> String {
        let mut out = String::from("projection,source,target,weight,delay (steps)\n");
        for row in &self.rows {
            let _ = writeln!(
                out,
                "{},{},{},{},{}",
                row.projection, row.pre, row.post, row.weight, row.delay_steps
            );
        }
        out
    }

    /// Everything that there is a list of.
    ///
    /// # Errors
    /// None but what the writer of JSON has.
    pub(super) fn data(&self) -> Result<String> {
        let mut values = serde_json::Map::new();
        let mut spikes = serde_json::Map::new();
        let mut currents: Vec<serde_json::Value> = Vec::new();
        for (variable, kind) in self.variables.iter().zip(&self.kinds) {
            match kind {
                Some(Kind::Source(times)) => {
                    spikes.insert(variable.clone(), json!(in_ms(times)));
                }
                Some(Kind::Neuron(cells)) => {
                    let own: serde_json::Map<String, serde_json::Value> = cells
                        .values
                        .iter()
                        .filter(|(_, values)| values.len() > 1)
                        .map(|(name, values)| (name.clone(), json!(values)))
                        .collect();
                    if !own.is_empty() {
                        values.insert(variable.clone(), own.into());
                    }
                    for (cell, played) in &cells.currents {
                        let (steps, amplitudes) = changes(played);
                        currents.push(json!([variable, cell, steps, amplitudes]));
                    }
                }
                None => {}
            }
        }
        let all =
            json!({ "values": values, "spikes": spikes, "currents": currents, "recordings": self.tables });
        serde_json::to_string(&all)
            .map_err(|e| Error::new(ErrorKind::Value, format!("the data can't be written: {e}")))
    }
}

/// Name and unit, as neuropil's own files have them.
pub(super) fn header(name: &str, dimension: Dimension) -> String {
    crate::output::Column::new(name, dimension, "").header()
}

/// From NEST's units to those of result files.
pub(super) fn factor(dimension: Dimension) -> f64 {
    let unit = DisplayUnit::of(dimension);
    rounded(10_f64.powi(UNITS.power(dimension)) / unit.scale)
}
