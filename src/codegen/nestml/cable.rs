//! Networks of cells with a shape: a compartmental model for each kind, compartments, receptors, connections.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::super::Job;
use super::super::layout::{LaidCell, Layout, Shape};
use super::super::names::{Names, identifier};
use super::super::network::{connections, source_spikes};
use super::super::played::{Inputs, Played, inputs, played};
use super::super::python::{BUILT_IN, KEYWORDS};
use super::super::units::rounded;
use super::cells::share;
use super::membrane::{Model as Compartmental, Part, Receptor};
use super::network::{OWN, factor, header};
use super::neuron::Text;
use super::words::{UNITS, unsupported};
use super::{Head, ModelPage, changes, in_ms};
use crate::dynamics::interpret::Instance;
use crate::engine::What;
use crate::error::Result;
use crate::model::{Connection, Method, Model, PopulationCell, Receiver, Sender, concentration_input};
use crate::units::Dimension;
use crate::wiring::{nearest_step, with_junctions};

/// A kind of cells: its model, and how the rest speaks of it.
struct Kind {
    model: String,
    parts: Vec<Part>,
    /// Receptors by the number of their kind in the layout.
    receptors: BTreeMap<usize, Receptor>,
    injected: Option<String>,
}

/// What the templates are filled with.
#[derive(Serialize)]
struct Script {
    #[serde(flatten)]
    head: Head,
    populations: Vec<Created>,
    projections: Vec<Connected>,
}

#[derive(Serialize)]
struct Created {
    variable: String,
    label: String,
    size: usize,
    first: u64,
    /// Empty for given spikes.
    model: String,
}

#[derive(Serialize, PartialEq)]
struct Connected {
    source: String,
    target: String,
}

/// Whether `model` has cells with a shape.
pub(super) fn has_shapes(model: &Model) -> bool {
    model.populations.iter().any(|p| matches!(p.cell, PopulationCell::Cable(_)))
}

pub(super) fn generate(job: &mut Job<'_>) -> Result<()> {
    let model = with_junctions(job.model)?;
    let model = &*model;
    let layout = Layout::new(model)?;
    let all = connections(model)?;
    let sources = source_spikes(model)?;
    let inputs = inputs(model, &layout, &played(model)?);
    refuse(job, model, &layout, &sources);
    let mut models: Vec<Text> = Vec::new();
    let mut kinds: Vec<Option<Kind>> = Vec::new();
    for (at, shape) in layout.shapes.iter().enumerate() {
        match kind(job, model, &layout, at, shape, &inputs, &mut models) {
            Ok(kind) => kinds.push(Some(kind)),
            Err(error) => {
                let name = &model.populations[shape.population].name;
                job.cannot(error.in_element(format!("population '{name}'")));
                kinds.push(None);
            }
        }
    }
    let mut names = Names::new(&[KEYWORDS, BUILT_IN, OWN].concat());
    let variables: Vec<String> = model.populations.iter().map(|p| names.claim(&p.name)).collect();
    let mut network = Network {
        model,
        layout: &layout,
        kinds: &kinds,
        variables,
        receptors: BTreeMap::new(),
        rows: Vec::new(),
        pairs: Vec::new(),
    };
    let data = network.data(job, &sources, &inputs)?;
    network.connect(job, &all);
    for text in &models {
        let page = ModelPage { model: text, made_by: job.made_by() };
        let filled = job.fill("nestml/model.nestml", &page)?;
        let lines: Vec<&str> = filled.trim_end().lines().map(str::trim_end).collect();
        job.out.text(format!("{}.nestml", text.name), format!("{}\n", lines.join("\n")));
    }
    job.out.text("connections.csv", network.table());
    job.out.text("data.json", format!("{data}\n"));
    let script = network.script(job, &models);
    let build = job.fill("nestml/build.py", &script)?;
    job.out.text("build.py", build);
    let run = job.fill("nestml/cable.py", &script)?;
    job.out.text("run.py", run);
    job.out.command = "python3 run.py results".into();
    job.out.differences.push(
        "a spike has the time of the end of the step in which the threshold is passed, not the one between"
            .into(),
    );
    if model.run.method != Method::BackwardEuler {
        let line = "the potential is stepped by backward Euler, of first order: NEST has no Crank-Nicolson";
        job.out.differences.push(line.into());
    }
    Ok(())
}

fn refuse(job: &mut Job<'_>, model: &Model, layout: &Layout, sources: &[Option<Arc<Vec<Vec<f64>>>>]) {
    if !model.couplings.is_empty() {
        job.cannot(unsupported(
            "the model",
            "contacts that read each other (gap junctions, graded synapses) here",
        ));
    }
    for projection in model.projections.iter().filter(|p| p.rule.is_some()) {
        job.cannot(unsupported(
            &format!("projection '{}'", projection.name),
            "plastic synapses on cells with a shape here",
        ));
    }
    for (at, population) in model.populations.iter().enumerate() {
        let of = format!("population '{}'", population.name);
        if population.dt_s.is_some_and(|dt| dt != model.run.dt_s) {
            job.cannot(unsupported(&of, "time step for a population alone"));
        }
        let laid = &layout.populations[at];
        if laid.shape.is_none() && sources[at].is_none() {
            job.cannot(unsupported(
                &of,
                "cells without a shape in one network with such that have one, here",
            ));
        }
        if laid.shape.is_some() && laid.differs() {
            job.cannot(unsupported(&of, "parameters or states at the start that differ between cells, here"));
        }
    }
}

fn kind(
    job: &mut Job<'_>,
    model: &Model,
    layout: &Layout,
    at: usize,
    shape: &Shape,
    inputs: &Inputs,
    models: &mut Vec<Text>,
) -> Result<Kind> {
    let population = &model.populations[shape.population];
    let base = identifier(&population.name);
    let about = format!("cells of '{}', compartment by compartment", population.name);
    let mut made = Compartmental::new(&format!("{base}_neuron"), &about, model.temperature_k);
    let mechanisms: Vec<_> = shape.plan.mechanisms.iter().map(|spread| &spread.mechanism).collect();
    let parts = made.mechanisms(&mechanisms)?;
    let mut receptors = BTreeMap::new();
    let mut is_injected = false;
    for (p, laid) in layout.populations.iter().enumerate().filter(|(_, laid)| laid.shape == Some(at)) {
        for (index, cell) in laid.cells.iter().enumerate() {
            for (slot, (placed, (name, _))) in cell.placed.iter().zip(&cell.names).enumerate() {
                if let Some(played) = inputs.get(&(p, index, slot)) {
                    if played.iter().any(Option::is_none) {
                        return Err(unsupported(
                            "a generator of NEST",
                            &format!("'{name}', which depends on the cell"),
                        ));
                    }
                    is_injected = true;
                } else if let std::collections::btree_map::Entry::Vacant(free) = receptors.entry(placed.kind)
                {
                    let kind = &layout.kinds[placed.kind];
                    let varying: Vec<String> =
                        kind.varying.iter().filter(|name| *name != "weight").cloned().collect();
                    free.insert(made.receptor(name, &kind.dynamics, &varying)?);
                }
            }
        }
    }
    let injected = is_injected.then(|| made.injected());
    for line in &made.differences {
        if !job.out.differences.contains(line) {
            job.out.differences.push(line.clone());
        }
    }
    let model = share(&mut made.text, models);
    Ok(Kind { model, parts, receptors, injected })
}

struct Network<'a> {
    model: &'a Model,
    layout: &'a Layout,
    kinds: &'a [Option<Kind>],
    variables: Vec<String>,
    /// Of each thing at a place, by population, cell, slot and instance, its number among the receptors of its cell.
    receptors: BTreeMap<(usize, usize, usize, usize), usize>,
    /// Pair of populations, source, target, receptor, weight, delay in steps.
    rows: Vec<(usize, usize, usize, usize, f64, f64)>,
    pairs: Vec<Connected>,
}

fn number(si: f64, dimension: Dimension) -> f64 {
    UNITS.value(si, dimension).parse().unwrap_or(f64::NAN)
}

/// The compartments of a kind of cells whose potentials start at `initial_v` (V), if not where the kind's do.
fn compartments(kind: &Kind, shape: &Shape, initial_v: Option<f64>, temperature_k: f64) -> Result<Value> {
    let plan = &shape.plan;
    let tree = &plan.discretisation;
    let mut out = Vec::new();
    for node in 0..tree.node_parent.len() {
        let v = initial_v.unwrap_or(plan.initial_v[node]);
        let mut params = serde_json::Map::new();
        let mut set = |name: &str, value: f64| {
            params.insert(name.to_string(), json!(value));
        };
        let mv = number(v, Dimension::VOLTAGE);
        let parent = tree.node_parent[node];
        let is_root = parent == crate::cable::NONE;
        set("C_m", number(plan.capacitance_f[node], Dimension::CAPACITANCE));
        set("g_C", if is_root { 0.0 } else { number(plan.axial_s[node], Dimension::CONDUCTANCE) });
        set("g_L", 0.0);
        set("e_L", mv);
        set("v_comp", mv);
        let cv = tree.node_cv[node];
        if cv != crate::cable::NONE {
            let cv = cv as usize;
            let mut inside: BTreeMap<&str, f64> = BTreeMap::new();
            for (spread, part) in plan.mechanisms.iter().zip(&kind.parts) {
                if spread.cover[cv] <= 0.0 {
                    continue;
                }
                let mechanism = &spread.mechanism;
                if part.pool.is_none() {
                    set(&part.area, number(plan.area_m2[node] * spread.cover[cv], Dimension::AREA));
                }
                let mut own = part.dynamics.clone();
                for (parameter, word, dimension) in &part.varying {
                    let at = mechanism.varying.iter().position(|name| name == parameter);
                    let Some(column) = at.and_then(|at| spread.values.get(at)) else { continue };
                    set(word, number(column[cv], *dimension));
                    own.parameters
                        .iter_mut()
                        .filter(|p| p.name == *parameter)
                        .for_each(|p| p.value = column[cv]);
                }
                let given: Vec<(&str, f64)> = own
                    .inputs
                    .iter()
                    .map(|input| match concentration_input(&input.name) {
                        _ if input.name == "v" => ("v", v),
                        _ if input.name == "temperature" => ("temperature", temperature_k),
                        _ if input.name == "surfaceArea" => ("surfaceArea", plan.area_m2[node]),
                        Some((ion, false)) => {
                            (input.name.as_str(), inside.get(ion.as_str()).copied().unwrap_or(0.0))
                        }
                        _ => (input.name.as_str(), 0.0),
                    })
                    .collect();
                let states = Instance::new(&own, &given)?.states();
                let Some(pool) = &part.pool else {
                    for ((state, word), value) in own.states.iter().zip(&part.states).zip(&states) {
                        set(word, number(*value, state.dimension));
                    }
                    continue;
                };
                set(&pool.word, number(states[pool.state], Dimension::CONCENTRATION));
                for (word, value) in pool.words.iter().zip(pool.numbers(&own, plan.area_m2[node])?) {
                    set(word, value);
                }
                if let Some(ion) = &mechanism.ion {
                    inside.insert(ion, states[pool.state]);
                }
            }
        }
        let parent = if is_root { -1 } else { i64::from(parent) };
        out.push(json!({ "parent_idx": parent, "params": params }));
    }
    Ok(Value::Array(out))
}

impl Network<'_> {
    /// What the script reads.
    fn data(
        &mut self,
        job: &mut Job<'_>,
        sources: &[Option<Arc<Vec<Vec<f64>>>>],
        inputs: &Inputs,
    ) -> Result<Value> {
        let model = self.model;
        let (mut trees, mut known): (Vec<Value>, Vec<(usize, Option<u64>)>) = (Vec::new(), Vec::new());
        let (mut cells, mut spikes) = (serde_json::Map::new(), serde_json::Map::new());
        let mut currents: Vec<Value> = Vec::new();
        for (p, laid) in self.layout.populations.iter().enumerate() {
            if let Some(times) = &sources[p] {
                spikes.insert(self.variables[p].clone(), json!(in_ms(times)));
                continue;
            }
            let Some((shape, kind)) = laid.shape.and_then(|at| Some((at, self.kinds[at].as_ref()?))) else {
                continue;
            };
            let mut list = Vec::new();
            for (index, cell) in laid.cells.iter().enumerate() {
                let key = (shape, cell.initial_v.map(f64::to_bits));
                let tree = match known.iter().position(|one| *one == key) {
                    Some(tree) => tree,
                    None => {
                        let shape = &self.layout.shapes[shape];
                        trees.push(compartments(kind, shape, cell.initial_v, model.temperature_k)?);
                        known.push(key);
                        known.len() - 1
                    }
                };
                let mut receptors = Vec::new();
                let mut injected = Vec::new();
                for (slot, placed) in cell.placed.iter().enumerate() {
                    if let Some(played) = inputs.get(&(p, index, slot)) {
                        let each = placed.nodes.iter().zip(played);
                        injected.extend(each.map(|(node, one)| (*node, one.clone().unwrap_or_default())));
                        continue;
                    }
                    let Some(receptor) = kind.receptors.get(&placed.kind) else { continue };
                    for (instance, node) in placed.nodes.iter().enumerate() {
                        let mut params = serde_json::Map::new();
                        for (parameter, word, dimension) in &receptor.varying {
                            let varying = &self.layout.kinds[placed.kind].varying;
                            let at = varying.iter().position(|name| name == parameter);
                            let value = at.and_then(|at| placed.values.get(at)?.get(instance));
                            if let Some(value) = value {
                                params.insert(word.clone(), json!(number(*value, *dimension)));
                            }
                        }
                        self.receptors.insert((p, index, slot, instance), receptors.len());
                        receptors.push(json!([node, receptor.name, params]));
                    }
                }
                for (node, played) in injected {
                    let Some(name) = &kind.injected else { continue };
                    currents.push(self.current(p, index, receptors.len(), &played));
                    receptors.push(json!([node, name, {}]));
                }
                list.push(json!([tree, self.threshold(job, p, cell), receptors]));
            }
            cells.insert(self.variables[p].clone(), Value::Array(list));
        }
        let recordings = self.recordings(job, &trees, &cells);
        Ok(json!({
            "compartments": trees, "cells": cells, "spikes": spikes, "currents": currents, "recordings": recordings,
        }))
    }

    fn current(&self, population: usize, cell: usize, receptor: usize, played: &Played) -> Value {
        let (steps, amplitudes) = changes(played);
        json!([self.variables[population], cell, receptor, steps, amplitudes])
    }

    /// The threshold of a cell, mV: NEST looks at the root alone.
    fn threshold(&self, job: &mut Job<'_>, population: usize, cell: &LaidCell) -> f64 {
        let silent = 1e9;
        match &cell.detectors[..] {
            [] => silent,
            [(0, threshold, _)] => number(*threshold, Dimension::VOLTAGE),
            [(_, threshold, _), ..] => {
                let of = format!("population '{}'", self.model.populations[population].name);
                job.cannot(unsupported(&of, "spikes that are seen anywhere but at the root of a cell"));
                number(*threshold, Dimension::VOLTAGE)
            }
        }
    }

    /// Tables of samples, with what each column starts at: that is in `trees`, of which `cells` say whose is which.
    fn recordings(
        &self,
        job: &mut Job<'_>,
        trees: &[Value],
        cells: &serde_json::Map<String, Value>,
    ) -> Vec<Value> {
        let mut columns: Vec<Vec<Value>> =
            self.layout.tables.iter().map(|table| vec![Value::Null; table.columns.len()]).collect();
        let mut told: BTreeSet<String> = BTreeSet::new();
        let mut shows_states = false;
        for (p, laid) in self.layout.populations.iter().enumerate() {
            let Some(kind) = laid.shape.and_then(|shape| self.kinds[shape].as_ref()) else { continue };
            for (index, cell) in laid.cells.iter().enumerate() {
                for (table, column, node, what) in &cell.recorded {
                    let of = &self.layout.tables[*table].columns[*column];
                    let variable = match what {
                        What::V => Some("v_comp".to_string()),
                        What::Mechanism(mechanism, variable) => kind.parts.get(*mechanism).and_then(|part| {
                            shows_states = true;
                            let behind = part.dynamics.exposed(variable).unwrap_or(variable);
                            let state = part.dynamics.state(behind)?;
                            let pool = part.pool.as_ref().filter(|pool| pool.state == state);
                            let word = pool.map_or(&part.states[state], |pool| &pool.word);
                            Some(word.clone())
                        }),
                        _ => None,
                    };
                    let place = &mut columns[*table][*column];
                    match variable.filter(|_| place.is_null()) {
                        Some(variable) => {
                            let tree = cells[&self.variables[p]][index][0].as_u64().unwrap_or(0);
                            let start = &trees[tree as usize][*node as usize]["params"][&variable];
                            *place = json!([
                                header(&of.name, of.dimension),
                                self.variables[p],
                                index,
                                format!("{variable}{node}"),
                                factor(of.dimension),
                                start
                            ]);
                        }
                        None => {
                            if told.insert(of.name.clone()) {
                                let of = format!("'{}'", of.name);
                                job.cannot(unsupported(
                                    &of,
                                    "way to record that: potentials, gates and concentrations it has",
                                ));
                            }
                        }
                    }
                }
            }
        }
        if shows_states {
            let line = "recorded gates and concentrations are those of a step before: the ones that the potential was stepped with";
            job.out.differences.push(line.into());
        }
        let tables = self.layout.tables.iter().zip(columns);
        tables
            .map(|(table, columns)| {
                let columns: Vec<Value> = columns.into_iter().filter(|c| !c.is_null()).collect();
                json!({ "file": table.file, "interval": rounded(table.interval_s * 1e3), "columns": columns })
            })
            .filter(|table| table["columns"].as_array().is_some_and(|columns| !columns.is_empty()))
            .collect()
    }

    fn connect(&mut self, job: &mut Job<'_>, all: &[Connection]) {
        let mut told = BTreeSet::new();
        for connection in all {
            let (source, target) = (connection.source, connection.target);
            let slot = match connection.receiver {
                Receiver::Synapse { synapse, point } => Some((synapse as usize, point as usize)),
                Receiver::Contact { attachments, contact } => self.layout.contact(attachments, contact),
                Receiver::Cell => None,
            };
            let receptor =
                slot.and_then(|(slot, instance)| self.receptors.get(&(target.0, target.1, slot, instance)));
            let is_plain =
                connection.sender == Sender::Cell || matches!(connection.sender, Sender::Detector(_));
            let (Some(&receptor), true) = (receptor, is_plain) else {
                let name = &self.model.populations[target.0].name;
                if told.insert(target.0) {
                    job.cannot(unsupported(
                        &format!("population '{name}'"),
                        "receptor for some of its connections",
                    ));
                }
                continue;
            };
            let pair = Connected {
                source: self.variables[source.0].clone(),
                target: self.variables[target.0].clone(),
            };
            let at = self.pairs.iter().position(|known| *known == pair).unwrap_or_else(|| {
                self.pairs.push(pair);
                self.pairs.len() - 1
            });
            let delay = nearest_step(connection.delay_s, self.model.run.dt_s).max(1.0);
            self.rows.push((at, source.1, target.1, receptor, connection.weight, delay));
        }
    }

    fn table(&self) -> String {
        let mut out = String::from("projection,source,target,receptor,weight,delay (steps)\n");
        for (pair, source, target, receptor, weight, delay) in &self.rows {
            let _ = writeln!(out, "{pair},{source},{target},{receptor},{weight},{delay}");
        }
        out
    }

    fn script(&self, job: &Job<'_>, models: &[Text]) -> Script {
        let model = self.model;
        let populations = model.populations.iter().zip(&self.variables).zip(model.first_cells()).enumerate();
        let created = populations.map(|(p, ((population, variable), first))| {
            let kind = self.layout.populations[p].shape.and_then(|shape| self.kinds[shape].as_ref());
            Created {
                variable: variable.clone(),
                label: population.name.clone(),
                size: population.size,
                first,
                model: kind.map(|kind| format!("{}_nestml", kind.model)).unwrap_or_default(),
            }
        });
        Script {
            head: Head::of(job, model, models, "generate_nest_compartmental_target"),
            populations: created.collect(),
            projections: self
                .pairs
                .iter()
                .map(|p| Connected { source: p.source.clone(), target: p.target.clone() })
                .collect(),
        }
    }
}
