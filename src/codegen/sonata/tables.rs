//! Nodes, edges and spikes as SONATA has them: HDF5 for what is of each, CSV for what is of a type.

use hdf5_pure::{AttrValue, FileBuilder, GroupBuilder};

use crate::error::{Error, ErrorKind, Result};

/// What tells a file of SONATA.
const MAGIC: u32 = 0x0A7A;

/// The version of the format.
const VERSION: [u32; 2] = [0, 1];

/// The one group that all nodes or edges of a population are in.
const GROUP: &str = "0";

/// Properties of a type: column and value.
pub(super) type Row = Vec<(&'static str, String)>;

/// A population of nodes, all of one type.
#[derive(Debug, Clone, Default)]
pub(super) struct Nodes {
    /// Its name in the files.
    pub(super) name: String,
    /// How many.
    pub(super) size: usize,
    /// The number of its type.
    pub(super) type_id: u64,
    /// What the type says.
    pub(super) of_type: Row,
    /// Numbers that each node has.
    pub(super) columns: Vec<(&'static str, Vec<f64>)>,
    /// Parameters of the model that each node has.
    pub(super) dynamics: Vec<(String, Vec<f64>)>,
}

/// A population of edges between two of nodes.
#[derive(Debug, Clone, Default)]
pub(super) struct Edges {
    /// Its name in the files.
    pub(super) name: String,
    /// The populations of nodes: name, size.
    pub(super) source: (String, usize),
    /// As `source`.
    pub(super) target: (String, usize),
    /// What each type says; its number is the place in the list.
    pub(super) types: Vec<Row>,
    /// The edges.
    pub(super) edges: Vec<Edge>,
    /// Whether targets have a shape, on which edges end at places.
    pub(super) has_places: bool,
}

/// One edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Edge {
    pub(super) source: u32,
    pub(super) target: u32,
    /// Index into the types.
    pub(super) kind: usize,
    pub(super) weight: f64,
    pub(super) delay_ms: f64,
    /// Section of the target, and where on it (0 to 1).
    pub(super) place: (usize, f64),
}

impl Nodes {
    /// The HDF5 file.
    ///
    /// # Errors
    /// If it can't be made.
    pub(super) fn hdf5(&self) -> Result<Vec<u8>> {
        let mut file = file();
        let mut nodes = file.create_group("nodes");
        let mut population = nodes.create_group(&self.name);
        let ids: Vec<u64> = (0..self.size as u64).collect();
        population.create_dataset("node_id").with_u64_data(&ids);
        population.create_dataset("node_type_id").with_u64_data(&vec![self.type_id; self.size]);
        population.create_dataset("node_group_id").with_u64_data(&vec![0; self.size]);
        population.create_dataset("node_group_index").with_u64_data(&ids);
        let mut group = population.create_group(GROUP);
        for (name, values) in &self.columns {
            group.create_dataset(name).with_f64_data(values);
        }
        if !self.dynamics.is_empty() {
            let mut dynamics = group.create_group("dynamics_params");
            for (name, values) in &self.dynamics {
                dynamics.create_dataset(name).with_f64_data(values);
            }
            group.add_group(dynamics.finish());
        }
        population.add_group(group.finish());
        nodes.add_group(population.finish());
        file.add_group(nodes.finish());
        bytes(file)
    }

    /// The table of its type.
    pub(super) fn csv(&self) -> String {
        csv("node_type_id", &self.name, [(self.type_id, &self.of_type)].into_iter())
    }
}

impl Edges {
    /// Puts the edges of a target together, as readers go through them.
    pub(super) fn sort(&mut self) {
        self.edges.sort_by_key(|edge| edge.target);
    }

    /// The HDF5 file, with an index of the edges by target and by source.
    ///
    /// # Errors
    /// If it can't be made.
    pub(super) fn hdf5(&self) -> Result<Vec<u8>> {
        let n = self.edges.len();
        let mut file = file();
        let mut edges = file.create_group("edges");
        let mut population = edges.create_group(&self.name);
        let column = |of: &dyn Fn(&Edge) -> u64| -> Vec<u64> { self.edges.iter().map(of).collect() };
        let numbers = |of: &dyn Fn(&Edge) -> f64| -> Vec<f64> { self.edges.iter().map(of).collect() };
        let (sources, targets) = (column(&|e| u64::from(e.source)), column(&|e| u64::from(e.target)));
        for (name, ids, of) in
            [("source_node_id", &sources, &self.source), ("target_node_id", &targets, &self.target)]
        {
            let data = population.create_dataset(name);
            data.with_u64_data(ids).set_attr("node_population", AttrValue::VarLenString(of.0.clone()));
        }
        population.create_dataset("edge_type_id").with_u64_data(&column(&|e| e.kind as u64));
        population.create_dataset("edge_group_id").with_u64_data(&vec![0; n]);
        population.create_dataset("edge_group_index").with_u64_data(&(0..n as u64).collect::<Vec<_>>());
        let mut group = population.create_group(GROUP);
        group.create_dataset("syn_weight").with_f64_data(&numbers(&|e| e.weight));
        group.create_dataset("delay").with_f64_data(&numbers(&|e| e.delay_ms));
        if self.has_places {
            group.create_dataset("afferent_section_id").with_u64_data(&column(&|e| e.place.0 as u64));
            group.create_dataset("afferent_section_pos").with_f64_data(&numbers(&|e| e.place.1));
        }
        population.add_group(group.finish());
        let mut indices = population.create_group("indices");
        for (name, ids, of) in
            [("source_to_target", &sources, &self.source), ("target_to_source", &targets, &self.target)]
        {
            let mut index = indices.create_group(name);
            let (by_node, ranges) = ranges(ids, of.1);
            // libsonata reads the one name, as the format has it, BMTK the other.
            pairs(&mut index, "node_id_to_ranges", &by_node);
            pairs(&mut index, "node_id_to_range", &by_node);
            pairs(&mut index, "range_to_edge_id", &ranges);
            indices.add_group(index.finish());
        }
        population.add_group(indices.finish());
        edges.add_group(population.finish());
        file.add_group(edges.finish());
        bytes(file)
    }

    /// The table of its types.
    pub(super) fn csv(&self) -> String {
        let rows = self.types.iter().enumerate().map(|(id, row)| (id as u64, row));
        csv("edge_type_id", &self.name, rows)
    }
}

/// The spikes of a population, ms by node, as an HDF5 file.
///
/// # Errors
/// If it can't be made.
pub(super) fn spikes(population: &str, times: &[Vec<f64>]) -> Result<Vec<u8>> {
    let mut file = file();
    let mut spikes = file.create_group("spikes");
    let mut group = spikes.create_group(population);
    let ids: Vec<u64> =
        times.iter().enumerate().flat_map(|(id, own)| own.iter().map(move |_| id as u64)).collect();
    group.create_dataset("node_ids").with_u64_data(&ids);
    let times = times.concat();
    let units = AttrValue::VarLenString("milliseconds".into());
    group.create_dataset("timestamps").with_f64_data(&times).set_attr("units", units);
    spikes.add_group(group.finish());
    file.add_group(spikes.finish());
    bytes(file)
}

fn file() -> FileBuilder {
    let mut file = FileBuilder::new();
    file.set_attr("magic", AttrValue::U32(MAGIC));
    file.set_attr("version", AttrValue::U32Array(VERSION.to_vec()));
    file
}

fn bytes(file: FileBuilder) -> Result<Vec<u8>> {
    file.finish().map_err(|e| Error::new(ErrorKind::Value, format!("an HDF5 file can't be made: {e}")))
}

fn pairs(group: &mut GroupBuilder, name: &str, pairs: &[[u64; 2]]) {
    group.create_dataset(name).with_u64_data(pairs.as_flattened()).with_shape(&[pairs.len() as u64, 2]);
}

/// For each of `n` nodes which of the ranges are its own, and the ranges of edges that follow each other and have one node.
fn ranges(ids: &[u64], n: usize) -> (Vec<[u64; 2]>, Vec<[u64; 2]>) {
    let mut own: Vec<Vec<[u64; 2]>> = vec![Vec::new(); n];
    for (edge, id) in ids.iter().enumerate() {
        let edge = edge as u64;
        let Some(own) = usize::try_from(*id).ok().and_then(|id| own.get_mut(id)) else { continue };
        match own.last_mut() {
            Some(last) if last[1] == edge => last[1] = edge + 1,
            _ => own.push([edge, edge + 1]),
        }
    }
    let mut next = 0;
    let by_node = own.iter().map(|ranges| {
        let first = next;
        next += ranges.len() as u64;
        [first, next]
    });
    (by_node.collect(), own.concat())
}

/// A table of types: columns are separated by spaces, what is not said is NULL.
fn csv<'a>(id: &str, population: &str, rows: impl Iterator<Item = (u64, &'a Row)>) -> String {
    let rows: Vec<_> = rows.collect();
    let mut columns: Vec<&str> = Vec::new();
    for (name, _) in rows.iter().flat_map(|(_, row)| row.iter()) {
        if !columns.contains(name) {
            columns.push(name);
        }
    }
    let mut out = [&[id, "population"], &columns[..]].concat().join(" ") + "\n";
    for (number, row) in rows {
        let of = |column: &&str| {
            row.iter().find(|(name, _)| name == column).map_or("NULL".into(), |(_, v)| field(v))
        };
        let fields: Vec<String> =
            [number.to_string(), field(population)].into_iter().chain(columns.iter().map(of)).collect();
        out += &(fields.join(" ") + "\n");
    }
    out
}

fn field(text: &str) -> String {
    let plain = !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '"');
    if plain { text.to_string() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_leads_to_the_edges_of_each_node() {
        let (by_node, ranges) = ranges(&[0, 2, 2, 0], 3);
        assert_eq!(by_node, [[0, 2], [2, 2], [2, 3]]);
        assert_eq!(ranges, [[0, 1], [3, 4], [1, 3]]);
    }

    #[test]
    fn fields_with_spaces_are_quoted() {
        let rows: Row = vec![("model_template", "a \"b\"".into()), ("x", "1".into())];
        let text = csv("node_type_id", "p", [(3, &rows), (4, &vec![("x", "2".to_string())])].into_iter());
        assert_eq!(text, "node_type_id population model_template x\n3 p \"a \"\"b\"\"\" 1\n4 p NULL 2\n");
    }

    #[test]
    fn hdf5_files_are_read_back() {
        let nodes = Nodes {
            name: "cells".into(),
            size: 2,
            type_id: 5,
            columns: vec![("x", vec![0.5, 1.5])],
            dynamics: vec![("V_th".into(), vec![-50.0, -51.0])],
            ..Nodes::default()
        };
        let bytes = nodes.hdf5().unwrap();
        assert_eq!(bytes, nodes.hdf5().unwrap());
        let file = hdf5_pure::File::from_bytes(bytes).unwrap();
        assert_eq!(file.dataset("nodes/cells/node_type_id").unwrap().read_u64().unwrap(), [5, 5]);
        assert_eq!(
            file.dataset("nodes/cells/0/dynamics_params/V_th").unwrap().read_f64().unwrap(),
            [-50.0, -51.0]
        );
        let place = (2, 0.25);
        let edge = Edge { source: 1, target: 0, kind: 0, weight: 0.5, delay_ms: 1.5, place };
        let mut edges = Edges {
            name: "a_b".into(),
            source: ("a".into(), 2),
            target: ("b".into(), 2),
            types: vec![Row::new()],
            edges: vec![Edge { target: 1, ..edge }, edge],
            has_places: true,
        };
        edges.sort();
        let file = hdf5_pure::File::from_bytes(edges.hdf5().unwrap()).unwrap();
        assert_eq!(file.dataset("edges/a_b/target_node_id").unwrap().read_u64().unwrap(), [0, 1]);
        let attributes = file.dataset("edges/a_b/source_node_id").unwrap().attrs().unwrap();
        assert_eq!(attributes["node_population"].as_str(), Some("a"));
        let index = file.dataset("edges/a_b/indices/source_to_target/node_id_to_ranges").unwrap();
        assert_eq!((index.shape().unwrap(), index.read_u64().unwrap()), (vec![2, 2], vec![0, 0, 0, 1]));
    }
}
