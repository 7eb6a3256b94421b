//! Tables of samples: one column of time, one per signal.

use std::path::Path;

use crate::error::{Error, ErrorKind, Result};
use crate::units::Dimension;

use super::sink::Sink;
use super::{DisplayUnit, Format, Written, npy, number};

/// A column of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// What it is: `time`, `soma.v`, `dend[3](0.5).na.m`.
    pub name: String,
    /// The unit in which CSV and NumPy files hold it.
    pub unit: DisplayUnit,
    /// One line for the run's record.
    pub description: String,
    /// Whether it counts time, and is therefore written free of the rounding noise of the clock.
    pub is_time: bool,
}

impl Column {
    /// A column for a signal of `dimension` in its customary unit.
    pub fn new(name: impl Into<String>, dimension: Dimension, description: impl Into<String>) -> Column {
        Column {
            name: name.into(),
            unit: DisplayUnit::of(dimension),
            description: description.into(),
            is_time: false,
        }
    }

    /// The column of time, in ms; by custom the first.
    pub fn time() -> Column {
        Column { is_time: true, ..Column::new("time", Dimension::TIME, "time since the start of the run") }
    }

    /// Name and unit as they stand in a header: `soma.v (mV)`, or the name alone without a unit.
    pub fn header(&self) -> String {
        if self.unit.label.is_empty() {
            self.name.clone()
        } else {
            format!("{} ({})", self.name, self.unit.label)
        }
    }

    fn shown(&self, si: f64) -> f64 {
        if self.is_time { number::time(si, 1.0 / self.unit.scale) } else { self.unit.display(si) }
    }
}

/// Writes rows of samples as they come.
///
/// Dropping it without [`TableWriter::finish`] still flushes; `finish` reports errors.
pub struct TableWriter {
    sink: Sink,
    format: Format,
    columns: Vec<Column>,
}

impl TableWriter {
    /// Creates the file at `path` with its header. Folders are made as needed; an existing file is
    /// replaced. Columns of the same name are told apart by ` #2`, ` #3`.
    ///
    /// # Errors
    /// [`ErrorKind::Value`] without columns, [`ErrorKind::Io`] when the file cannot be made.
    pub fn create(path: impl AsRef<Path>, format: Format, columns: Vec<Column>) -> Result<TableWriter> {
        let path = path.as_ref();
        if columns.is_empty() {
            return Err(Error::new(ErrorKind::Value, "a result file needs at least one column").in_file(path));
        }
        let names = distinct(columns.iter().map(Column::header));
        let (header, patch) = match format {
            Format::Csv => {
                let mut line = Vec::new();
                for (i, name) in names.iter().enumerate() {
                    if i > 0 {
                        line.push(b',');
                    }
                    push_csv_text(&mut line, name);
                }
                line.push(b'\n');
                (line, None)
            }
            Format::Npy => {
                let (header, patch) = npy::header(&names);
                (header, Some(patch))
            }
            Format::Lems => (Vec::new(), None),
        };
        Ok(TableWriter { sink: Sink::create(path, &header, patch)?, format, columns })
    }

    /// Appends rows given one after the other, each with one SI value per column.
    ///
    /// # Errors
    /// [`ErrorKind::Value`] if `rows` is not a whole number of rows; [`ErrorKind::Io`] when the
    /// disk is full or gone, with the number of rows that are safe.
    pub fn append_rows(&mut self, rows: &[f64]) -> Result<()> {
        let width = self.columns.len();
        if !rows.len().is_multiple_of(width) {
            let message = format!("{} values do not fill rows of {width} columns", rows.len());
            return Err(Error::new(ErrorKind::Value, message));
        }
        for row in rows.chunks_exact(width) {
            self.push_row(row);
            self.sink.row_added()?;
        }
        self.sink.block_added()
    }

    fn push_row(&mut self, row: &[f64]) {
        let out = self.sink.buffer();
        let separator = match self.format {
            Format::Npy => {
                for (column, si) in self.columns.iter().zip(row) {
                    out.extend_from_slice(&column.shown(*si).to_le_bytes());
                }
                return;
            }
            Format::Csv => b',',
            Format::Lems => b'\t',
        };
        for (column, si) in self.columns.iter().zip(row) {
            let value = match self.format {
                Format::Lems if column.is_time => number::time(*si, 1.0),
                Format::Lems => *si,
                _ => column.shown(*si),
            };
            number::push(out, value);
            out.push(separator);
        }
        if let Some(last) = out.last_mut() {
            *last = b'\n';
        }
    }

    /// Hands all rows so far to the operating system; the file is complete up to here.
    ///
    /// # Errors
    /// [`ErrorKind::Io`], as [`TableWriter::append_rows`].
    pub fn flush(&mut self) -> Result<()> {
        self.sink.flush()
    }

    /// The columns, in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Flushes, closes and says how much the file holds.
    ///
    /// # Errors
    /// [`ErrorKind::Io`], as [`TableWriter::append_rows`].
    pub fn finish(self) -> Result<Written> {
        self.sink.finish()
    }
}

/// `names` with ` #2`, ` #3` … after those that came before.
fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    names
        .map(|name| {
            let mut candidate = name.clone();
            let mut number = 1;
            while !seen.insert(candidate.clone()) {
                number += 1;
                candidate = format!("{name} #{number}");
            }
            candidate
        })
        .collect()
}

/// Appends `text` as a CSV field, quoted where RFC 4180 asks for it.
pub(super) fn push_csv_text(out: &mut Vec<u8>, text: &str) {
    if text.contains([',', '"', '\n', '\r']) || text.starts_with([' ', '#']) || text.ends_with(' ') {
        out.push(b'"');
        for byte in text.bytes() {
            if byte == b'"' {
                out.push(b'"');
            }
            out.push(byte);
        }
        out.push(b'"');
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}
