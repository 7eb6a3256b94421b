//! NeuroML in HDF5 (`.nml.h5`), as libNeuroML and jNeuroML write it: as the XML that it stands for.
//!
//! The group `neuroml` has all but the network as XML in its attribute `neuroml_top_level`. The group `network` in it has one
//! group for each population, projection and input list, whose attributes are those of the element and whose one table has
//! a row for each instance, connection or input; its attributes `column_0`, … say what the columns are. Numbers
//! are in single precision: each is taken as the shortest decimal that is the same there, which is what the
//! writer was given. Delays are in ms.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use hdf5_pure::{AttrValue, DType, Dataset, File, Group};

use crate::error::{Error, ErrorKind, Result};
use crate::lems::raw;
use crate::machine;

/// How an HDF5 file begins.
const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";
/// About how long the XML of a row is with the table itself, bytes.
const ROW_BYTES: f64 = 300.0;

/// The text of the document `bytes` of the file `path`: XML as it is, HDF5 as the XML that it stands for.
///
/// # Errors
/// If it can't be read; says what of it.
pub fn text(bytes: Vec<u8>, path: &Path) -> Result<String> {
    if bytes.starts_with(SIGNATURE) {
        return document(bytes).map_err(|error| error.in_file(path));
    }
    raw::decode(bytes, path)
}

fn document(bytes: Vec<u8>) -> Result<String> {
    let file = File::from_bytes(bytes).map_err(|error| broken("the file", &error))?;
    let root = file.group("neuroml").map_err(|_| {
        let message = "an HDF5 file without a group 'neuroml': it is no NeuroML document";
        Error::new(ErrorKind::Syntax, message)
    })?;
    let attributes = Attributes::of("neuroml", root.attrs())?;
    let mut networks = String::new();
    for (name, group) in groups("neuroml", &root)? {
        match name.as_str() {
            "network" => network(&group, &mut networks)?,
            _ => return Err(unknown(&name, "neuroml", "network")),
        }
    }
    Ok(match attributes.get("neuroml_top_level") {
        Some(top) => with_networks(&top, &networks)?,
        None => {
            let id = attributes.written(&["id"]);
            format!("<neuroml xmlns=\"http://www.neuroml.org/schema/neuroml2\"{id}>\n{networks}</neuroml>\n")
        }
    })
}

/// The document `top` with `networks` before its end.
fn with_networks(top: &str, networks: &str) -> Result<String> {
    let text = top.trim_end();
    if let Some((body, _)) = text.rsplit_once("</neuroml") {
        return Ok(format!("{body}{networks}</neuroml>\n"));
    }
    match text.strip_suffix("/>") {
        Some(body) => Ok(format!("{body}>\n{networks}</neuroml>\n")),
        None => {
            let message = "the attribute 'neuroml_top_level' is no NeuroML document";
            Err(Error::new(ErrorKind::Syntax, message))
        }
    }
}

fn network(network: &Group, out: &mut String) -> Result<()> {
    let attributes = Attributes::of("network", network.attrs())?;
    let mut kind = attributes.written(&["id"]);
    if attributes.get("temperature").is_some() {
        kind += " type=\"networkWithTemperature\"";
        kind += &attributes.written(&["temperature"]);
    }
    let _ = writeln!(out, "<network{kind}>");
    let all = groups("network", network)?;
    let starting = |with: &[&str]| {
        let with: Vec<String> = with.iter().map(|name| format!("{name}_")).collect();
        all.iter().filter(move |(name, _)| with.iter().any(|start| name.starts_with(start.as_str())))
    };
    let is_known = |name: &str| {
        ["population_", "projection_", "inputList_", "input_list_"]
            .iter()
            .any(|start| name.starts_with(start))
    };
    if let Some((name, _)) = all.iter().find(|(name, _)| !is_known(name)) {
        return Err(unknown(name, "network", "groups population_…, projection_… and inputList_…"));
    }
    let mut populations = BTreeMap::new();
    for (name, group) in starting(&["population"]) {
        let population = population(name, group, out)?;
        populations.insert(population.0, population.1);
    }
    // In the order that the schema asks for.
    let mut kinds: [(&str, String); 3] = PROJECTIONS.map(|kind| (kind, String::new()));
    for (name, group) in starting(&["projection"]) {
        let attributes = Attributes::of(name, group.attrs())?;
        let kind = attributes.get("type").unwrap_or_else(|| PROJECTIONS[0].to_string());
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((kind, out)) => projection(name, kind, &attributes, group, &populations, out)?,
            None => return Err(unknown(&kind, name, &PROJECTIONS.join(", "))),
        }
    }
    out.extend(kinds.into_iter().map(|(_, text)| text));
    for (name, group) in starting(&["inputList", "input_list"]) {
        input_list(name, group, &populations, out)?;
    }
    out.push_str("</network>\n");
    Ok(())
}

/// How paths name a cell of a population.
struct Population {
    component: String,
    is_list: bool,
}

impl Population {
    /// The path from a connection or an input to the cell `index`.
    fn path(&self, id: &str, index: &str) -> String {
        let Population { component, is_list } = self;
        if *is_list { format!("../{id}/{index}/{component}") } else { format!("../{id}[{index}]") }
    }
}

fn population(name: &str, group: &Group, out: &mut String) -> Result<(String, Population)> {
    let attributes = Attributes::of(name, group.attrs())?;
    let (id, component) = (attributes.require("id")?, attributes.require("component")?);
    let table = Table::of(name, group, &["id", "x", "y", "z"])?;
    let kind = attributes.written(&["id", "component"]);
    let _ = match &table {
        Some(table) => writeln!(out, "<population{kind} type=\"populationList\" size=\"{}\">", table.rows),
        None => writeln!(out, "<population{kind}{}>", attributes.written(&["size"])),
    };
    for (name, value) in &attributes.all {
        if let Some(tag) = name.strip_prefix("property:") {
            let (tag, value) = (escaped(tag), escaped(&text_of(value).unwrap_or_default()));
            let _ = writeln!(out, "<property tag=\"{tag}\" value=\"{value}\"/>");
        }
    }
    if let Some(table) = &table {
        for row in 0..table.rows {
            let id = table.whole(row, "id")?.unwrap_or_else(|| row.to_string());
            let [x, y, z] = ["x", "y", "z"].map(|axis| table.required(row, axis));
            let _ = writeln!(
                out,
                "<instance id=\"{id}\"><location x=\"{}\" y=\"{}\" z=\"{}\"/></instance>",
                x?, y?, z?
            );
        }
    }
    out.push_str("</population>\n");
    Ok((id, Population { component, is_list: table.is_some() }))
}

/// The kinds of projections, in the order of the schema.
const PROJECTIONS: [&str; 3] = ["projection", "electricalProjection", "continuousProjection"];

/// The columns of connections.
const CONNECTION: [&str; 9] = [
    "id",
    "pre_cell_id",
    "post_cell_id",
    "pre_segment_id",
    "post_segment_id",
    "pre_fraction_along",
    "post_fraction_along",
    "weight",
    "delay",
];

fn projection(
    name: &str,
    kind: &str,
    attributes: &Attributes<'_>,
    group: &Group,
    populations: &BTreeMap<String, Population>,
    out: &mut String,
) -> Result<()> {
    let ends = ["presynapticPopulation", "postsynapticPopulation"].map(|end| attributes.require(end));
    let [pre, post] = ends;
    let (pre, post) = (pre?, post?);
    let known = |id: &str| {
        populations.get(id).ok_or_else(|| {
            Error::new(ErrorKind::Name, format!("the group '{name}': there is no population '{id}'"))
        })
    };
    let (from, to) = (known(&pre)?, known(&post)?);
    let head = attributes.written(&["id", "presynapticPopulation", "postsynapticPopulation"]);
    // What connections of each kind are called, with the attributes that all of a projection have in common.
    let (element, common) = match kind {
        "electricalProjection" => ("electricalConnection", attributes.written(&["synapse"])),
        "continuousProjection" => {
            ("continuousConnection", attributes.written(&["preComponent", "postComponent"]))
        }
        _ => ("connection", String::new()),
    };
    let is_plain = element == "connection";
    let synapse = if is_plain { attributes.written(&["synapse"]) } else { String::new() };
    let _ = writeln!(out, "<{kind}{head}{synapse}>");
    let is_list = from.is_list || to.is_list;
    if let Some(table) = Table::of(name, group, &CONNECTION)? {
        if !is_plain && table.has("delay") {
            return Err(unknown("delay", name, "no delays of currents"));
        }
        let is_weighted = table.has("weight") || table.has("delay");
        let suffix = match (is_plain, is_weighted, is_list) {
            (true, true, _) => "WD",
            (true, false, _) | (false, false, false) => "",
            (false, false, true) => "Instance",
            (false, true, _) => "InstanceW",
        };
        let numbered = if is_plain { "Id" } else { "" };
        for row in 0..table.rows {
            let id = table.whole(row, "id")?.unwrap_or_else(|| row.to_string());
            let _ = write!(out, "<{element}{suffix} id=\"{id}\"{common}");
            for (end, column, of, population) in
                [("pre", "pre_cell_id", &pre, from), ("post", "post_cell_id", &post, to)]
            {
                let cell = table.required_whole(row, column)?;
                let is_number = matches!(suffix, "") && !is_plain;
                let cell = if is_number { cell } else { population.path(of, &cell) };
                let _ = write!(out, " {end}Cell{numbered}=\"{}\"", escaped(&cell));
                if let Some(segment) = table.whole(row, &format!("{end}_segment_id"))? {
                    let _ = write!(out, " {end}Segment{numbered}=\"{segment}\"");
                }
                if let Some(along) = table.number(row, &format!("{end}_fraction_along"))? {
                    let _ = write!(out, " {end}FractionAlong=\"{along}\"");
                }
            }
            if is_weighted {
                let weight = table.number(row, "weight")?.unwrap_or_else(|| "1".to_string());
                let _ = write!(out, " weight=\"{weight}\"");
            }
            if is_weighted && is_plain {
                let delay = table.number(row, "delay")?.unwrap_or_else(|| "0".to_string());
                let _ = write!(out, " delay=\"{delay} ms\"");
            }
            out.push_str("/>\n");
        }
    }
    let _ = writeln!(out, "</{kind}>");
    Ok(())
}

fn input_list(
    name: &str,
    group: &Group,
    populations: &BTreeMap<String, Population>,
    out: &mut String,
) -> Result<()> {
    let attributes = Attributes::of(name, group.attrs())?;
    let id = attributes.require("population")?;
    let population = populations.get(&id).ok_or_else(|| {
        Error::new(ErrorKind::Name, format!("the group '{name}': there is no population '{id}'"))
    })?;
    let _ = writeln!(out, "<inputList{}>", attributes.written(&["id", "population", "component"]));
    let columns = ["id", "target_cell_id", "segment_id", "fraction_along", "weight"];
    if let Some(table) = Table::of(name, group, &columns)? {
        let element = if table.has("weight") { "inputW" } else { "input" };
        for row in 0..table.rows {
            let number = table.whole(row, "id")?.unwrap_or_else(|| row.to_string());
            let target = population.path(&id, &table.required_whole(row, "target_cell_id")?);
            let target = escaped(&target);
            let _ = write!(out, "<{element} id=\"{number}\" target=\"{target}\" destination=\"synapses\"");
            let numbers = [
                ("segmentId", table.whole(row, "segment_id")?),
                ("fractionAlong", table.number(row, "fraction_along")?),
                ("weight", table.number(row, "weight")?),
            ];
            for (attribute, value) in numbers {
                if let Some(value) = value {
                    let _ = write!(out, " {attribute}=\"{value}\"");
                }
            }
            out.push_str("/>\n");
        }
    }
    out.push_str("</inputList>\n");
    Ok(())
}

/// The attributes of a group or table, by their names.
struct Attributes<'a> {
    of: &'a str,
    all: BTreeMap<String, AttrValue>,
}

impl<'a> Attributes<'a> {
    fn of<I, E>(of: &'a str, read: std::result::Result<I, E>) -> Result<Attributes<'a>>
    where
        I: IntoIterator<Item = (String, AttrValue)>,
        E: std::fmt::Display,
    {
        let all = read.map_err(|error| broken(&format!("the attributes of '{of}'"), &error))?;
        Ok(Attributes { of, all: all.into_iter().collect() })
    }

    fn get(&self, name: &str) -> Option<String> {
        text_of(self.all.get(name)?)
    }

    fn require(&self, name: &str) -> Result<String> {
        self.get(name)
            .ok_or_else(|| Error::new(ErrorKind::Syntax, format!("'{}' has no attribute '{name}'", self.of)))
    }

    /// Those called `names` that are there, as attributes in XML.
    fn written(&self, names: &[&str]) -> String {
        let value = |name: &&str| Some(format!(" {name}=\"{}\"", escaped(&self.get(name)?)));
        names.iter().filter_map(value).collect()
    }
}

/// The text of an attribute, or of its only element; of a whole number its digits.
fn text_of(value: &AttrValue) -> Option<String> {
    match value.as_str() {
        // Java pads with zeros.
        Some(text) => Some(text.trim_end_matches('\0').to_string()),
        None => value.as_i64().map(|number| number.to_string()),
    }
}

/// The one table of a group.
struct Table {
    of: String,
    rows: usize,
    width: usize,
    values: Vec<f64>,
    is_single: bool,
    /// Columns by what they hold.
    columns: BTreeMap<String, usize>,
}

impl Table {
    /// The table in `group`, called `of`, whose columns are among `known`; `None` if there is none.
    fn of(of: &str, group: &Group, known: &[&str]) -> Result<Option<Table>> {
        let all = group.iter_datasets().map_err(|error| broken(&format!("the tables of '{of}'"), &error))?;
        let mut all: Vec<(String, Dataset)> = all.collect();
        let Some((name, dataset)) = all.pop() else { return Ok(None) };
        if let Some((other, _)) = all.pop() {
            return Err(unknown(&other, of, &format!("one table, '{name}'")));
        }
        let failed = |error: &dyn std::fmt::Display| broken(&format!("the table of '{of}'"), error);
        let shape = dataset.shape().map_err(|error| failed(&error))?;
        let [rows, width] = shape[..] else {
            let message =
                format!("the table of '{of}' has {} dimensions, expected rows and columns", shape.len());
            return Err(Error::new(ErrorKind::Syntax, message));
        };
        let cells = rows as f64 * (ROW_BYTES + 16.0 * width as f64);
        machine::has_room(cells, || format!("the table of '{of}', of {rows} rows"))?;
        let is_single = matches!(dataset.dtype(), Ok(DType::F32));
        let values = dataset.read_f64().map_err(|error| failed(&error))?;
        let (rows, width) = (rows as usize, width as usize);
        if values.len() != rows.saturating_mul(width) {
            return Err(failed(&format!("{} numbers in {rows} rows of {width}", values.len())));
        }
        let mut columns = BTreeMap::new();
        let attributes = Attributes::of(of, dataset.attrs())?;
        for (attribute, value) in &attributes.all {
            let Some(number) = attribute.strip_prefix("column_") else { continue };
            let holds = text_of(value).unwrap_or_default();
            let number = number.parse::<usize>().ok().filter(|number| *number < width);
            match number.filter(|_| known.contains(&holds.as_str())) {
                Some(number) => columns.insert(holds, number),
                None => return Err(unknown(&format!("{attribute}: {holds}"), of, &known.join(", "))),
            };
        }
        // jNeuroML does not say what the columns of populations are.
        if columns.is_empty() && matches!(width, 3 | 4) {
            let said = known.iter().skip(4 - width).enumerate();
            columns = said.map(|(number, name)| (name.to_string(), number)).collect();
        }
        Ok(Some(Table { of: of.to_string(), rows, width, values, is_single, columns }))
    }

    fn has(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    fn value(&self, row: usize, column: &str) -> Option<f64> {
        self.values.get(row * self.width + self.columns.get(column)?).copied()
    }

    /// A number as a decimal; `None` without such a column.
    fn number(&self, row: usize, column: &str) -> Result<Option<String>> {
        match self.value(row, column) {
            Some(value) if !value.is_finite() => Err(self.wrong(row, column, value, "a number")),
            Some(value) if self.is_single => Ok(Some((value as f32).to_string())),
            Some(value) => Ok(Some(value.to_string())),
            None => Ok(None),
        }
    }

    fn whole(&self, row: usize, column: &str) -> Result<Option<String>> {
        match self.value(row, column) {
            Some(value) if !(value.fract() == 0.0 && (0.0..9e15).contains(&value)) => {
                Err(self.wrong(row, column, value, "a whole number from 0 up"))
            }
            value => Ok(value.map(|value| value.to_string())),
        }
    }

    fn required(&self, row: usize, column: &str) -> Result<String> {
        self.number(row, column)?.ok_or_else(|| self.without(column))
    }

    fn required_whole(&self, row: usize, column: &str) -> Result<String> {
        self.whole(row, column)?.ok_or_else(|| self.without(column))
    }

    fn without(&self, column: &str) -> Error {
        Error::new(ErrorKind::Syntax, format!("the table of '{}' has no column '{column}'", self.of))
    }

    fn wrong(&self, row: usize, column: &str, value: f64, expected: &str) -> Error {
        let of = &self.of;
        let message =
            format!("the table of '{of}', row {row}, column '{column}': {value}, expected {expected}");
        Error::new(ErrorKind::Value, message)
    }
}

/// The groups in `group`, which is called `of`, by their names.
fn groups(of: &str, group: &Group) -> Result<Vec<(String, Group)>> {
    let all = group.iter_groups().map_err(|error| broken(&format!("the groups of '{of}'"), &error))?;
    Ok(all.collect())
}

fn broken(what: &str, error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Syntax, format!("{what} can't be read as HDF5: {error}"))
}

fn unknown(what: &str, of: &str, expected: &str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("'{what}' in '{of}' is not known, expected {expected}"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use hdf5_pure::FileBuilder;

    use super::*;

    /// A file with one population of two cells and a group `name` with the table `values`, whose columns are `columns`.
    fn file(name: &str, attributes: &[(&str, &str)], columns: &[&str], values: &[f64]) -> Vec<u8> {
        let mut builder = FileBuilder::new();
        let mut root = builder.create_group("neuroml");
        root.set_attr("id", AttrValue::String("doc".into()));
        let mut network = root.create_group("network");
        network.set_attr("id", AttrValue::String("net".into()));
        let mut population = network.create_group("population_p");
        for (key, value) in [("id", "p"), ("component", "cell")] {
            population.set_attr(key, AttrValue::String(value.into()));
        }
        population.set_attr("size", AttrValue::I64(2));
        network.add_group(population.finish());
        let mut group = network.create_group(name);
        for (key, value) in attributes {
            group.set_attr(key, AttrValue::String((*value).into()));
        }
        let rows = values.len() / columns.len();
        let table = group.create_dataset("t").with_f64_data(values);
        table.with_shape(&[rows as u64, columns.len() as u64]);
        for (number, column) in columns.iter().enumerate() {
            table.set_attr(&format!("column_{number}"), AttrValue::String((*column).into()));
        }
        network.add_group(group.finish());
        root.add_group(network.finish());
        builder.add_group(root.finish());
        builder.finish().unwrap()
    }

    fn told(bytes: Vec<u8>) -> String {
        match text(bytes, Path::new("a.h5")) {
            Ok(text) => text,
            Err(error) => error.to_string(),
        }
    }

    const PROJECTION: [(&str, &str); 4] =
        [("id", "a<b"), ("presynapticPopulation", "p"), ("postsynapticPopulation", "p"), ("synapse", "s")];

    #[test]
    fn rows_become_elements() {
        let columns = ["post_cell_id", "pre_cell_id", "weight", "delay"];
        let values = [0.0, 1.0, 0.1, 1e-7, 1.0, 0.0, -2.5, 3.0];
        let text = told(file("projection_q", &PROJECTION, &columns, &values));
        let expected = "<neuroml xmlns=\"http://www.neuroml.org/schema/neuroml2\" id=\"doc\">\n<network id=\"net\">\n\
             <population id=\"p\" component=\"cell\" size=\"2\">\n</population>\n\
             <projection id=\"a&lt;b\" presynapticPopulation=\"p\" postsynapticPopulation=\"p\" synapse=\"s\">\n\
             <connectionWD id=\"0\" preCellId=\"../p[1]\" postCellId=\"../p[0]\" weight=\"0.1\" delay=\"0.0000001 ms\"/>\n\
             <connectionWD id=\"1\" preCellId=\"../p[0]\" postCellId=\"../p[1]\" weight=\"-2.5\" delay=\"3 ms\"/>\n\
             </projection>\n</network>\n</neuroml>\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let pair = ["pre_cell_id", "post_cell_id"];
        let cases = [
            (file("layers_q", &[], &pair, &[0.0, 1.0]), "'layers_q' in 'network' is not known"),
            (
                file("projection_q", &[], &pair, &[0.0, 1.0]),
                "'projection_q' has no attribute 'presynapticPopulation'",
            ),
            (file("projection_q", &PROJECTION, &["pre_cell_id"], &[0.0]), "has no column 'post_cell_id'"),
            (
                file("projection_q", &PROJECTION, &["pre_cell_id", "colour"], &[0.0, 1.0]),
                "'column_1: colour'",
            ),
            (
                file("projection_q", &PROJECTION, &pair, &[0.0, 0.5]),
                "row 0, column 'post_cell_id': 0.5, expected a whole",
            ),
            (file("projection_q", &PROJECTION, &pair, &[0.0, -1.0]), "expected a whole number from 0 up"),
            (file("inputList_q", &[("population", "r")], &pair, &[]), "there is no population 'r'"),
            (b"\x89HDF\r\n\x1a\n".to_vec(), "the file can't be read as HDF5"),
            (FileBuilder::new().finish().unwrap(), "without a group 'neuroml'"),
        ];
        for (bytes, expected) in cases {
            let told = told(bytes);
            assert!(told.starts_with("a.h5: ") && told.contains(expected), "{told}\nexpected {expected}");
        }
    }

    #[test]
    fn networks_go_into_the_document() {
        let with = |top: &str| with_networks(top, "N\n").unwrap();
        assert_eq!(with("<neuroml><a/></neuroml>"), "<neuroml><a/>N\n</neuroml>\n");
        assert_eq!(with("<neuroml id=\"x\"/> "), "<neuroml id=\"x\">\nN\n</neuroml>\n");
        assert!(with_networks("no document", "").is_err());
    }
}
