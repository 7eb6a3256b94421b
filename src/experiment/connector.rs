//! `connector = …`: who is connected to whom.

use std::path::Path;
use std::sync::Arc;

use super::node::{Node, Table};
use super::population::cell_index;
use super::{csa, drawn};
use crate::error::{Error, ErrorKind, Place};
use crate::model::{Connector, Formula, Listed, Projection, Value};
use crate::units::{Dimension, Quantity, parse_quantity};

/// A connector, with what a list of connections brings along.
#[derive(Debug)]
pub(super) struct ReadConnector {
    pub connector: Connector,
    pub weight: Option<Value>,
    pub delay_s: Option<Value>,
    /// Columns of parameters of the connections' rule.
    pub parameters: Vec<ListedParameter>,
}

/// A parameter of the rule of connections, with a value for each listed one.
#[derive(Debug)]
pub(super) struct ListedParameter {
    pub name: String,
    pub values: Vec<Quantity>,
    /// Whether the values are numbers in PyNN's units, which are ms for times.
    pub in_pynn_units: bool,
}

impl From<Connector> for ReadConnector {
    fn from(connector: Connector) -> ReadConnector {
        ReadConnector { connector, weight: None, delay_s: None, parameters: Vec::new() }
    }
}

/// Listed connections, row by row.
#[derive(Default)]
struct Rows {
    pairs: Vec<(u32, u32)>,
    weights: Vec<f64>,
    delays_s: Vec<f64>,
    /// In order of the columns that are parameters.
    parameters: Vec<(String, Vec<Quantity>)>,
}

impl Rows {
    /// Adds a value to the column `name` of a parameter.
    fn push(&mut self, name: &str, value: Quantity) {
        match self.parameters.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => values.push(value),
            None => self.parameters.push((name.to_string(), vec![value])),
        }
    }

    /// What they are all in all; an error in words if a column does not go through all rows.
    fn done(self, in_pynn_units: bool) -> Result<ReadConnector, String> {
        let Rows { pairs, weights, delays_s, parameters } = self;
        let counts = parameters.iter().map(|(name, values)| (name.as_str(), values.len()));
        for (what, count) in [("weight", weights.len()), ("delay", delays_s.len())].into_iter().chain(counts)
        {
            if count != 0 && count != pairs.len() {
                return Err(format!("{count} of {} connections have a {what}", pairs.len()));
            }
        }
        let listed = |(name, values)| ListedParameter { name, values, in_pynn_units };
        Ok(ReadConnector {
            connector: Connector::Listed(Arc::new(Listed { pairs })),
            weight: (!weights.is_empty()).then(|| Value::Listed(weights.into())),
            delay_s: (!delays_s.is_empty()).then(|| Value::Listed(delays_s.into())),
            parameters: parameters.into_iter().map(listed).collect(),
        })
    }
}

const KINDS: [&str; 12] = [
    "fixed_probability",
    "probability",
    "fixed_number_pre",
    "fixed_number_post",
    "fixed_total_number",
    "small_world",
    "list",
    "file",
    "array",
    "same_as",
    "csa",
    "all_to_all",
];

/// What PyNN's connectors are called here.
const PYNN: [(&str, &str); 15] = [
    ("AllToAllConnector", "connector = \"all_to_all\""),
    ("OneToOneConnector", "connector = \"one_to_one\""),
    ("FixedProbabilityConnector", "connector = { fixed_probability = 0.1 }"),
    ("DistanceDependentProbabilityConnector", "connector = { probability = \"exp(-d / 100 um)\" }"),
    ("DisplacementDependentProbabilityConnector", "connector = { probability = \"exp(-abs(x) / 100 um)\" }"),
    ("IndexBasedProbabilityConnector", "connector = { probability = \"(i + j) / 100\" }"),
    ("FixedNumberPreConnector", "connector = { fixed_number_pre = 10 }"),
    ("FixedNumberPostConnector", "connector = { fixed_number_post = 10 }"),
    ("FixedTotalNumberConnector", "connector = { fixed_total_number = 1000 }"),
    ("SmallWorldConnector", "connector = { small_world = \"50 um\", rewiring = 0.1 }"),
    ("FromListConnector", "connector = { list = [[0, 1, 0.01, \"1 ms\"]] }"),
    ("FromFileConnector", "connector = { file = \"connections.txt\" }"),
    ("ArrayConnector", "connector = { array = [[0, 1], [1, 0]] }"),
    ("CSAConnector", "connector = { csa = \"full - oneToOne\" }"),
    ("CloneConnector", "connector = { same_as = \"NAME\" }"),
];

/// Reads a connector between `n` sources and `m` targets.
pub(super) fn read(
    node: &Node<'_>,
    (n, m): (usize, usize),
    weight_units: drawn::Units<'_>,
    before: &[Projection],
) -> Option<ReadConnector> {
    if let Some(text) = node.as_text() {
        return match text {
            "all_to_all" => Some(Connector::AllToAll.into()),
            "one_to_one" if n == m => Some(Connector::OneToOne.into()),
            "one_to_one" => {
                let help = "both must be of one size; or list the pairs";
                node.wrong(ErrorKind::Value, format!("one_to_one between {n} and {m} cells"), help);
                None
            }
            _ => match PYNN.iter().find(|(name, _)| *name == text) {
                Some((_, ours)) => {
                    node.wrong(ErrorKind::Name, format!("`{text}` has another name here"), *ours);
                    None
                }
                None => drawn::unknown(node, "connector", text, &["all_to_all", "one_to_one"]),
            },
        };
    }
    let table = node.table()?;
    let found = KINDS.iter().find_map(|kind| table.get(kind).map(|node| (*kind, node)));
    let connector = match found {
        None => {
            if table.source().is_sound() {
                let help = format!("\"all_to_all\", \"one_to_one\" or one of {}", KINDS.join(", "));
                node.wrong(ErrorKind::Syntax, "no connector is named", help);
            }
            None
        }
        Some((kind, given)) => one(kind, &given, &table, (n, m), weight_units, before),
    };
    table.finish();
    connector
}

fn one(
    kind: &str,
    given: &Node<'_>,
    table: &Table<'_>,
    (n, m): (usize, usize),
    weight_units: drawn::Units<'_>,
    before: &[Projection],
) -> Option<ReadConnector> {
    let replacement = |otherwise: bool| match table.get("with_replacement") {
        Some(node) => node.truth(),
        None => Some(otherwise),
    };
    let number = || drawn::value(given, &[(Dimension::NONE, 1.0)]);
    Some(match kind {
        "fixed_probability" => {
            let p = given.number()?;
            if !(0.0..=1.0).contains(&p) {
                given.wrong(ErrorKind::Value, format!("{p} is no probability"), "a number from 0 to 1");
                return None;
            }
            Connector::FixedProbability(p).into()
        }
        "probability" => {
            let formula = given.accept(Formula::parse(given.text()?))?;
            if !formula.dimension().is_none() {
                let message = format!("a probability is a plain number, this is a {}", formula.dimension());
                given.wrong(ErrorKind::Dimension, message, "such as \"exp(-d / 100 um)\"");
                return None;
            }
            Connector::Probability(formula).into()
        }
        "fixed_number_pre" => {
            Connector::FixedNumberPre { n: number()?, with_replacement: replacement(false)? }.into()
        }
        "fixed_number_post" => {
            Connector::FixedNumberPost { n: number()?, with_replacement: replacement(false)? }.into()
        }
        "fixed_total_number" => {
            Connector::FixedTotalNumber { n: given.count()?, with_replacement: replacement(true)? }.into()
        }
        "small_world" => {
            let degree_um = given.not_negative(Dimension::LENGTH)? * 1e6;
            let rewiring = table.need("rewiring", "0.1").and_then(|node| node.number())?;
            Connector::SmallWorld { degree_um, rewiring }.into()
        }
        "list" => list(given, table.get("columns").as_ref(), (n, m), weight_units)?,
        "file" => file(given, (n, m), weight_units)?,
        "array" => {
            let mut pairs = Vec::new();
            let rows = given.list()?;
            if rows.len() != n {
                let message = format!("{} rows for {n} sources", rows.len());
                given.wrong(ErrorKind::Value, message, "one row for each source, one number for each target");
                return None;
            }
            for (i, row) in rows.iter().enumerate() {
                let items = row.list()?;
                if items.len() != m {
                    let message = format!("{} numbers for {m} targets", items.len());
                    row.wrong(ErrorKind::Value, message, "0 or 1 for each target");
                    return None;
                }
                for (j, item) in items.iter().enumerate() {
                    let connected = match item.as_bool() {
                        Some(truth) => truth,
                        None => item.number()? != 0.0,
                    };
                    pairs.extend(connected.then_some((i as u32, j as u32)));
                }
            }
            Connector::Listed(Arc::new(Listed { pairs })).into()
        }
        "same_as" => {
            let name = given.text()?;
            let Some(at) = before.iter().position(|p| p.name == name) else {
                let known: Vec<&str> = before.iter().map(|p| p.name.as_str()).collect();
                return drawn::unknown(given, "projection before this one", name, &known);
            };
            Connector::Clone(at).into()
        }
        "csa" => match csa::connector(given.text()?) {
            Ok(connector) => connector.into(),
            Err((message, help)) => {
                given.wrong(ErrorKind::Value, message, help);
                return None;
            }
        },
        _ => {
            given.wrong(ErrorKind::Syntax, "all_to_all needs nothing else", "connector = \"all_to_all\"");
            return None;
        }
    })
}

/// Rows of source, target, and what `columns` say: weight and delay if nothing is said.
fn list(
    node: &Node<'_>,
    columns: Option<&Node<'_>>,
    (n, m): (usize, usize),
    weight_units: drawn::Units<'_>,
) -> Option<ReadConnector> {
    let names: Vec<String> = match columns {
        Some(columns) => {
            let names = columns.list()?;
            names.iter().map(|name| name.text().map(str::to_string)).collect::<Option<_>>()?
        }
        None => vec!["weight".to_string(), "delay".to_string()],
    };
    let mut rows = Rows::default();
    for row in node.list()? {
        let items = row.list()?;
        let fits = items.len() == names.len() + 2 || columns.is_none() && (2..=4).contains(&items.len());
        let (true, [i, j, rest @ ..]) = (fits, items.as_slice()) else {
            let help = match columns {
                Some(_) => format!("[source, target, {}]", names.join(", ")),
                None => "[source, target], or [source, target, weight, delay]".to_string(),
            };
            row.wrong(ErrorKind::Value, "not a connection", help);
            return None;
        };
        rows.pairs.push((cell_index(i, n)? as u32, cell_index(j, m)? as u32));
        for (name, item) in names.iter().zip(rest) {
            match name.as_str() {
                "weight" => rows.weights.push(drawn::quantity(item, weight_units)?),
                "delay" => rows.delays_s.push(item.not_negative(Dimension::TIME)?),
                name if item.is_number() => {
                    rows.push(name, Quantity { si: item.number()?, dimension: Dimension::NONE });
                }
                name => rows.push(name, item.accept(parse_quantity(item.text()?))?),
            }
        }
    }
    match rows.done(false) {
        Ok(read) => Some(read),
        Err(message) => {
            node.wrong(ErrorKind::Value, message, "give it for all or for none");
            None
        }
    }
}

/// A text file of rows, as PyNN writes it: `# columns = ["i", "j", "weight", "delay", "U"]` on top (the first four, or the first
/// two, if nothing is said). Weights are in the unit of `weight_units`' first dimension as PyNN has it (µS, nA),
/// times in ms.
fn file(node: &Node<'_>, (n, m): (usize, usize), weight_units: drawn::Units<'_>) -> Option<ReadConnector> {
    let path = node.source.resolve(node.text()?);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            node.report(Error::io(&path, "read the connections", &error));
            return None;
        }
    };
    match rows(&text, &path, (n, m), weight_units) {
        Ok(read) => Some(read),
        Err(error) => {
            node.source.report(error);
            None
        }
    }
}

fn rows(
    text: &str,
    path: &Path,
    (n, m): (usize, usize),
    weight_units: drawn::Units<'_>,
) -> crate::Result<ReadConnector> {
    let mut columns: Option<Vec<String>> = None;
    let mut rows = Rows::default();
    // A weight in PyNN's unit: µS or nA where the synapse has one, else a plain number.
    let weight_unit = weight_units.iter().find(|(d, _)| !d.is_none()).map_or(1.0, |(dimension, factor)| {
        let si = if *dimension == Dimension::CONDUCTANCE { 1e-6 } else { 1e-9 };
        si * factor
    });
    for (number, line) in text.lines().enumerate() {
        let wrong = |message: String| {
            Err(Error::new(ErrorKind::Value, message).at(Place::new(path, number as u32 + 1, 0)))
        };
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('#') {
            if let Some((_, list)) = comment.split_once("columns").and_then(|(_, rest)| rest.split_once('='))
            {
                let names = list.split(|c: char| !(c.is_alphanumeric() || c == '_'));
                columns = Some(names.filter(|name| !name.is_empty()).map(str::to_string).collect());
            }
            continue;
        }
        if line.is_empty() {
            continue;
        }
        let fields: Vec<&str> = line.split([' ', '\t', ',']).filter(|field| !field.is_empty()).collect();
        let names: Vec<&str> = match &columns {
            Some(columns) => columns.iter().map(String::as_str).collect(),
            None => ["i", "j", "weight", "delay"][..fields.len().min(4)].to_vec(),
        };
        if names.len() != fields.len() {
            return wrong(format!("{} numbers, where the columns are {}", fields.len(), names.join(", ")));
        }
        let (mut i, mut j) = (None, None);
        for (name, field) in names.iter().zip(&fields) {
            let Ok(x) = field.parse::<f64>() else { return wrong(format!("`{field}` is no number")) };
            let index = |size: usize| (x >= 0.0 && x < size as f64 && x.fract() == 0.0).then_some(x as u32);
            match *name {
                "i" | "presynaptic_index" => i = index(n),
                "j" | "postsynaptic_index" => j = index(m),
                "weight" => rows.weights.push(x * weight_unit),
                "delay" if x >= 0.0 => rows.delays_s.push(x * 1e-3),
                "delay" => return wrong(format!("the delay {x} ms is negative")),
                name => rows.push(name, Quantity { si: x, dimension: Dimension::NONE }),
            }
        }
        let (Some(i), Some(j)) = (i, j) else {
            return wrong(format!("no source and target of {n} and {m} cells, counted from 0"));
        };
        rows.pairs.push((i, j));
    }
    rows.done(true).map_err(|message| Error::new(ErrorKind::Value, message).in_file(path))
}
