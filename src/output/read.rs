//! Reading result files back, for plots and comparisons.

use std::borrow::Cow;
use std::path::Path;

use crate::error::{Error, ErrorKind, Place, Result};

use super::npy;

/// A column read from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadColumn {
    /// The name, without its unit.
    pub name: String,
    /// The unit in the header; empty where there is none.
    pub unit: String,
    /// One value per row, in that unit.
    pub values: Vec<f64>,
}

/// A table read from a file. Columns are equally long.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// The columns, as they stand in the file.
    pub columns: Vec<ReadColumn>,
    /// Whether the file names its columns; columns of LEMS files are called `column 1`, …
    pub named: bool,
}

impl Table {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |c| c.values.len())
    }
}

/// Spikes read from a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SpikeTable {
    /// Times, ms.
    pub times_ms: Vec<f64>,
    /// Source of each spike.
    pub sources: Vec<u64>,
    /// Label of each spike's source; empty where the file has none.
    pub labels: Vec<String>,
}

/// What a result file holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Recorded {
    /// Samples.
    Table(Table),
    /// Spikes.
    Spikes(SpikeTable),
}

/// Reads a CSV, NumPy or LEMS file, whichever it is, of samples or of spikes.
///
/// # Errors
/// [`ErrorKind::Io`] when it cannot be read, [`ErrorKind::Syntax`] with line and column when its
/// rows do not make a table.
pub fn read(path: impl AsRef<Path>) -> Result<Recorded> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, "read", &e))?;
    parse(&bytes).map_err(|e| e.in_file(path))
}

/// Reads a file of samples; see [`read`].
///
/// # Errors
/// As [`read`]; [`ErrorKind::Value`] when the file holds spikes.
pub fn read_table(path: impl AsRef<Path>) -> Result<Table> {
    match read(path.as_ref())? {
        Recorded::Table(table) => Ok(table),
        Recorded::Spikes(_) => Err(Error::new(ErrorKind::Value, "holds spikes, not samples").in_file(path)),
    }
}

/// Reads a file of spikes; see [`read`].
///
/// # Errors
/// As [`read`]; [`ErrorKind::Value`] when the file holds samples.
pub fn read_spikes(path: impl AsRef<Path>) -> Result<SpikeTable> {
    match read(path.as_ref())? {
        Recorded::Spikes(spikes) => Ok(spikes),
        Recorded::Table(table) if table.rows() == 0 => Ok(SpikeTable::default()),
        Recorded::Table(_) => Err(Error::new(ErrorKind::Value, "holds samples, not spikes").in_file(path)),
    }
}

fn parse(bytes: &[u8]) -> Result<Recorded> {
    if bytes.starts_with(b"\x93NUMPY") {
        let (names, columns) = npy::parse(bytes)?;
        let named = !names.is_empty();
        let header = names.into_iter().map(Some).chain(std::iter::repeat(None));
        let columns = header.zip(columns).enumerate();
        let columns = columns.map(|(i, (name, values))| read_column(i, name, values)).collect();
        return Ok(classify(Table { columns, named }));
    }
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let line = bytes[..e.valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
        Error::new(ErrorKind::Syntax, "not a result file: neither text nor NumPy").at(line_at(line))
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let is_number = |field: &str| field.trim().parse::<f64>().is_ok();
    if first.contains(',') || !first.split_whitespace().next().is_none_or(is_number) {
        csv(text)
    } else {
        lems(text)
    }
}

fn line_at(line: usize) -> Place {
    Place { line: u32::try_from(line).unwrap_or(u32::MAX), ..Place::default() }
}

fn read_column(index: usize, header: Option<String>, values: Vec<f64>) -> ReadColumn {
    let Some(header) = header else {
        return ReadColumn { name: format!("column {}", index + 1), unit: String::new(), values };
    };
    // "soma.v (mV)", "soma.v (mV) #2", "dend(0.5)": a unit is what a space and brackets set apart.
    let (base, number) = match header.rsplit_once(" #") {
        Some((base, number)) if number.parse::<u32>().is_ok() => (base, format!(" #{number}")),
        _ => (header.as_str(), String::new()),
    };
    match base.rsplit_once(" (").and_then(|(name, unit)| Some((name, unit.strip_suffix(')')?))) {
        Some((name, unit)) => ReadColumn { name: format!("{name}{number}"), unit: unit.to_string(), values },
        None => ReadColumn { name: header, unit: String::new(), values },
    }
}

/// Tells spikes from samples: by names where there are any; else two columns of which one holds
/// whole numbers and the other times that never fall (samples would have times that rise, and
/// those are never whole numbers of seconds throughout with a whole-numbered signal).
fn classify(table: Table) -> Recorded {
    let spikes = |times: &[f64], ids: &[f64], scale: f64| {
        Recorded::Spikes(SpikeTable {
            times_ms: times.iter().map(|t| t * scale).collect(),
            sources: ids.iter().map(|id| *id as u64).collect(),
            labels: Vec::new(),
        })
    };
    let [first, second] = table.columns.as_slice() else { return Recorded::Table(table) };
    if table.named {
        return match (first.name.as_str(), second.name.as_str()) {
            ("time", "source") => spikes(&first.values, &second.values, 1.0),
            _ => Recorded::Table(table),
        };
    }
    let ids = |v: &[f64]| v.iter().all(|x| *x >= 0.0 && x.fract() == 0.0);
    let times = |v: &[f64]| v.windows(2).all(|w| w[0] <= w[1]);
    let rising = |v: &[f64]| v.windows(2).all(|w| w[0] < w[1]);
    let (a, b) = (&first.values, &second.values);
    if a.is_empty() || (rising(a) && !ids(b)) {
        Recorded::Table(table)
    } else if ids(a) && times(b) {
        spikes(b, a, 1e3)
    } else if ids(b) && times(a) && !ids(a) {
        spikes(a, b, 1e3)
    } else {
        Recorded::Table(table)
    }
}

fn lems(text: &str) -> Result<Recorded> {
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let fields = line.split_whitespace().count();
        if columns.is_empty() {
            columns = vec![Vec::new(); fields];
        }
        expect_fields(fields, columns.len(), index + 1)?;
        for (column, field) in columns.iter_mut().zip(line.split_whitespace()) {
            column.push(number(field, index + 1)?);
        }
    }
    let columns = columns.into_iter().enumerate().map(|(i, values)| read_column(i, None, values)).collect();
    Ok(classify(Table { columns, named: false }))
}

fn csv(text: &str) -> Result<Recorded> {
    let mut rest = text;
    let mut line = 1;
    let mut fields: Vec<Cow<str>> = Vec::new();
    let mut header: Vec<String> = Vec::new();
    let mut columns: Vec<Vec<f64>> = Vec::new();
    let mut labels: Option<Vec<String>> = None;
    while !rest.is_empty() {
        let at = line;
        rest = record(rest, &mut fields, &mut line)?;
        if fields.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        if columns.is_empty() {
            columns = vec![Vec::new(); fields.len()];
        }
        if header.is_empty()
            && columns[0].is_empty()
            && fields.iter().any(|f| f.trim().parse::<f64>().is_err())
        {
            header = fields.iter().map(ToString::to_string).collect();
            if header.get(2).map(String::as_str) == Some("label")
                && header.get(1).map(String::as_str) == Some("source")
            {
                labels = Some(Vec::new());
            }
            continue;
        }
        expect_fields(fields.len(), columns.len(), at)?;
        for (i, (column, field)) in columns.iter_mut().zip(&mut fields).enumerate() {
            match &mut labels {
                Some(labels) if i == 2 => labels.push(std::mem::take(field).into_owned()),
                _ => column.push(number(field.trim(), at)?),
            }
        }
    }
    if labels.is_some() {
        columns.truncate(2);
    }
    let named = !header.is_empty();
    let names = header.into_iter().map(Some).chain(std::iter::repeat(None));
    let columns = names.zip(columns).enumerate();
    let columns = columns.map(|(i, (name, values))| read_column(i, name, values)).collect();
    let mut recorded = classify(Table { columns, named });
    if let (Recorded::Spikes(spikes), Some(labels)) = (&mut recorded, labels) {
        spikes.labels = labels;
    }
    Ok(recorded)
}

/// Splits off one CSV record (RFC 4180); returns the rest.
fn record<'a>(text: &'a str, fields: &mut Vec<Cow<'a, str>>, line: &mut usize) -> Result<&'a str> {
    let opened = *line;
    fields.clear();
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    if !first.contains('"') {
        *line += 1;
        fields.extend(first.trim_end_matches('\r').split(',').map(Cow::Borrowed));
        return Ok(rest);
    }
    let mut field = String::new();
    let mut quoted = false;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' if quoted => {
                if chars.next_if(|(_, next)| *next == '"').is_some() {
                    field.push('"');
                } else {
                    quoted = false;
                }
            }
            '"' if field.is_empty() => quoted = true,
            ',' if !quoted => fields.push(Cow::Owned(std::mem::take(&mut field))),
            '\n' => {
                *line += 1;
                if !quoted {
                    fields.push(Cow::Owned(field));
                    return Ok(text.get(at + 1..).unwrap_or_default());
                }
                field.push(c);
            }
            '\r' if !quoted => {}
            c => field.push(c),
        }
    }
    if quoted {
        let message = "a quoted field is not closed before the end of the file";
        return Err(Error::new(ErrorKind::Syntax, message).at(line_at(opened)));
    }
    fields.push(Cow::Owned(field));
    Ok("")
}

fn expect_fields(found: usize, expected: usize, line: usize) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    let message = format!("{found} columns here, {expected} in the lines above");
    Err(Error::new(ErrorKind::Syntax, message).at(line_at(line)))
}

fn number(field: &str, line: usize) -> Result<f64> {
    field.parse().map_err(|_| {
        let shown: String = field.chars().take(40).collect();
        Error::new(ErrorKind::Syntax, format!("'{shown}' is not a number")).at(line_at(line))
    })
}
