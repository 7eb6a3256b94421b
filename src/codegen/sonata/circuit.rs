//! A circuit and its simulation, and the files that they are.

use serde_json::{Map, Value, json};

use super::super::Job;
use super::super::names::Names;
use super::tables::{Edges, Nodes, Row, spikes};
use crate::error::Result;
use crate::model::Model;

/// The simulators by the names that configurations have for them.
pub(super) const NEST: &str = "NEST";
pub(super) const NEURON: &str = "NEURON";

/// Where things are, as the configurations say it, relative to their folder.
const NETWORK: &str = "network";
const COMPONENTS: &str = "components";
const INPUTS: &str = "inputs";
/// Kinds of components: the key, and the folder.
const KINDS: [(&str, &str); 5] = [
    ("morphologies_dir", "morphologies"),
    ("synaptic_models_dir", "synaptic_models"),
    ("mechanisms_dir", "mechanisms"),
    ("point_neuron_models_dir", "point_neuron_models"),
    (TEMPLATES, "hoc_templates"),
];
const TEMPLATES: &str = "templates_dir";

/// Population names of the model as names of groups and files.
pub(super) struct Populations(Vec<String>);

impl Populations {
    pub(super) fn new(model: &Model) -> Populations {
        let mut names = Names::new(&[]);
        Populations(model.populations.iter().map(|p| names.claim(&p.name)).collect())
    }

    pub(super) fn of(&self, population: usize) -> &str {
        self.0.get(population).map_or("", String::as_str)
    }
}

/// A circuit with all that a simulation of it needs.
pub(super) struct Circuit {
    /// The simulator whose names and units it is in.
    pub(super) simulator: &'static str,
    pub(super) nodes: Vec<Nodes>,
    pub(super) edges: Vec<Edges>,
    /// Spikes of populations that are given: population, ms by node.
    pub(super) given: Vec<(String, Vec<Vec<f64>>)>,
    /// Currents that are injected.
    pub(super) clamps: Vec<(String, Value)>,
    /// What is reported.
    pub(super) reports: Vec<(String, Value)>,
    /// Nodes by name.
    pub(super) sets: Vec<(String, Value)>,
    /// What `run` says beside times.
    pub(super) run: Map<String, Value>,
    /// What `conditions` says.
    pub(super) conditions: Map<String, Value>,
    /// Texts of components, by kind (key in [`KINDS`]) and name.
    pub(super) components: Vec<(&'static str, String, String)>,
    /// Names of sets, inputs and reports.
    names: Names,
}

impl Circuit {
    pub(super) fn new(simulator: &'static str) -> Circuit {
        Circuit {
            simulator,
            nodes: Vec::new(),
            edges: Vec::new(),
            given: Vec::new(),
            clamps: Vec::new(),
            reports: Vec::new(),
            sets: Vec::new(),
            run: Map::new(),
            conditions: Map::new(),
            components: Vec::new(),
            names: Names::new(&[]),
        }
    }

    /// A node set of some nodes of a population; the name of a population alone, if it is of all.
    pub(super) fn set(&mut self, wanted: &str, population: &str, nodes: &[usize], size: usize) -> String {
        if nodes.len() == size {
            let value = json!({ "population": population });
            if !self.sets.iter().any(|(name, _)| name == population) {
                self.sets.push((population.to_string(), value));
            }
            return population.to_string();
        }
        let value = json!({ "population": population, "node_id": nodes });
        if let Some((name, _)) = self.sets.iter().find(|(_, known)| *known == value) {
            return name.clone();
        }
        let name = self.names.claim(&format!("{wanted}_nodes"));
        self.sets.push((name.clone(), value));
        name
    }

    /// A name for an input or a report.
    pub(super) fn claim(&mut self, wanted: &str) -> String {
        self.names.claim(wanted)
    }

    /// A population of nodes whose spikes are given (ms).
    pub(super) fn give(&mut self, name: &str, type_id: usize, times: Vec<Vec<f64>>) {
        let of_type: Row = vec![("model_type", "virtual".into()), ("model_template", "NULL".into())];
        self.nodes.push(Nodes {
            name: name.to_string(),
            size: times.len(),
            type_id: type_id as u64,
            of_type,
            ..Nodes::default()
        });
        self.given.push((name.to_string(), times));
    }

    /// Puts a component into its folder; the name of one that says the same, if there is one.
    pub(super) fn component(
        &mut self,
        kind: &'static str,
        wanted: &str,
        ending: &str,
        text: String,
    ) -> String {
        let same = |(k, n, t): &&(&str, String, String)| *k == kind && *t == text && n.ends_with(ending);
        if let Some((_, name, _)) = self.components.iter().find(same) {
            return name.clone();
        }
        let mut number = 1;
        let name = loop {
            let tail = if number == 1 { String::new() } else { format!("_{number}") };
            let name = format!("{wanted}{tail}{ending}");
            if !self.components.iter().any(|(k, n, _)| *k == kind && *n == name) {
                break name;
            }
            number += 1;
        };
        self.components.push((kind, name.clone(), text));
        name
    }

    /// The files.
    ///
    /// # Errors
    /// If one can't be made.
    pub(super) fn write(mut self, job: &mut Job<'_>) -> Result<()> {
        let model = job.model;
        for nodes in &self.nodes {
            job.out.files.push((format!("{NETWORK}/{}_nodes.h5", nodes.name).into(), nodes.hdf5()?));
            job.out.text(format!("{NETWORK}/{}_node_types.csv", nodes.name), nodes.csv());
        }
        for edges in &mut self.edges {
            edges.sort();
            job.out.files.push((format!("{NETWORK}/{}_edges.h5", edges.name).into(), edges.hdf5()?));
            job.out.text(format!("{NETWORK}/{}_edge_types.csv", edges.name), edges.csv());
        }
        let mut inputs = Map::new();
        for (population, times) in &self.given {
            let file = spikes_file(population);
            job.out.files.push((file.clone().into(), spikes(population, times)?));
            let set = json!({ "population": population });
            if !self.sets.iter().any(|(name, _)| name == population) {
                self.sets.push((population.clone(), set));
            }
            let input = json!({
                "input_type": "spikes",
                "module": "sonata",
                "input_file": format!("$BASE_DIR/{file}"),
                "node_set": population,
            });
            inputs.insert(format!("{population}_spikes"), input);
        }
        inputs.extend(self.clamps.iter().cloned());
        for (kind, name, text) in &self.components {
            let folder = KINDS.iter().find(|(key, _)| key == kind).map_or("", |(_, folder)| folder);
            job.out.text(format!("{COMPONENTS}/{folder}/{name}"), text.clone());
        }
        let config = self.circuit();
        job.out.text("circuit_config.json", pretty(&config));
        self.run.insert("tstop".into(), json!(ms(model.run.duration_s)));
        self.run.insert("dt".into(), json!(ms(model.run.dt_s)));
        self.run.insert("random_seed".into(), json!(model.seed));
        let celsius = ((model.temperature_k - 273.15) * 1e9).round() / 1e9;
        self.conditions.insert("celsius".into(), json!(celsius));
        let simulation = json!({
            "manifest": { "$BASE_DIR": ".", "$OUTPUT_DIR": "$BASE_DIR/output" },
            "target_simulator": self.simulator,
            "network": "$BASE_DIR/circuit_config.json",
            "node_sets_file": "$BASE_DIR/node_sets.json",
            "run": self.run,
            "conditions": self.conditions,
            "inputs": inputs,
            "output": {
                "output_dir": "$OUTPUT_DIR",
                "log_file": "log.txt",
                "spikes_file": "spikes.h5",
                "overwrite_output_dir": true,
            },
            "reports": self.reports.iter().cloned().collect::<Map<_, _>>(),
        });
        job.out.text("simulation_config.json", pretty(&simulation));
        let sets: Map<String, Value> = self.sets.into_iter().collect();
        job.out.text("node_sets.json", pretty(&Value::Object(sets)));
        Ok(())
    }

    fn circuit(&self) -> Value {
        let used = |key: &str| self.components.iter().any(|(kind, ..)| *kind == key);
        let path = |folder: &str| json!(format!("$COMPONENTS_DIR/{folder}"));
        let used = KINDS.iter().filter(|(key, _)| used(key));
        let mut components: Map<String, Value> =
            used.map(|(key, folder)| (key.to_string(), path(folder))).collect();
        if let Some(templates) = components.get(TEMPLATES).cloned() {
            // libsonata asks for the models of biophysical nodes under this name.
            components.insert("biophysical_neuron_models_dir".into(), templates);
        }
        let nodes = self.nodes.iter().map(|nodes| {
            let kind = nodes.of_type.iter().find(|(name, _)| *name == "model_type").map(|(_, kind)| kind);
            json!({
                "nodes_file": format!("$NETWORK_DIR/{}_nodes.h5", nodes.name),
                "node_types_file": format!("$NETWORK_DIR/{}_node_types.csv", nodes.name),
                "populations": { &nodes.name: { "type": kind } },
            })
        });
        let edges = self.edges.iter().map(|edges| {
            json!({
                "edges_file": format!("$NETWORK_DIR/{}_edges.h5", edges.name),
                "edge_types_file": format!("$NETWORK_DIR/{}_edge_types.csv", edges.name),
                "populations": { &edges.name: { "type": "chemical" } },
            })
        });
        let mut config = json!({
            "manifest": {
                "$BASE_DIR": ".",
                "$NETWORK_DIR": format!("$BASE_DIR/{NETWORK}"),
                "$COMPONENTS_DIR": format!("$BASE_DIR/{COMPONENTS}"),
            },
            "components": components,
            "networks": {
                "nodes": nodes.collect::<Vec<_>>(),
                "edges": edges.collect::<Vec<_>>(),
            },
        });
        // libsonata knows no simulator but NEURON, and refuses circuits for others; the simulation names them too.
        if self.simulator == NEURON {
            config["target_simulator"] = json!(NEURON);
        }
        config
    }
}

/// Where the spikes of a population are that are given.
pub(super) fn spikes_file(population: &str) -> String {
    format!("{INPUTS}/{population}_spikes.h5")
}

/// Seconds in ms, without the noise of the product.
pub(super) fn ms(seconds: f64) -> f64 {
    super::super::units::rounded(seconds * 1e3)
}

/// JSON for people.
pub(super) fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}
