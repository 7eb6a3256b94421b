//! Reading what a run left and what is expected of it.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Columns of numbers, by rows.
pub struct Table {
    pub width: usize,
    pub rows: Vec<Vec<f64>>,
}

impl Table {
    /// Columns between blanks; lines that are no numbers are passed over.
    pub fn read(path: &Path) -> std::io::Result<Table> {
        let text = std::fs::read_to_string(path)?;
        let mut table = Table { width: 0, rows: Vec::new() };
        for line in text.lines() {
            let row: Option<Vec<f64>> = line.split_whitespace().map(|word| word.parse().ok()).collect();
            let Some(row) = row.filter(|row| !row.is_empty()) else { continue };
            if table.width == 0 {
                table.width = row.len();
            }
            if row.len() == table.width {
                table.rows.push(row);
            }
        }
        Ok(table)
    }

    pub fn column(&self, at: usize) -> Vec<f64> {
        self.rows.iter().map(|row| row[at]).collect()
    }
}

/// The rows of a compressed table of references, without its header.
pub fn reference(path: &Path) -> std::io::Result<Vec<Vec<f64>>> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path)?).read_to_string(&mut text)?;
    let number = |word: &str| word.parse().unwrap_or(f64::NAN);
    Ok(text.lines().skip(1).map(|line| line.split(',').map(number).collect()).collect())
}

/// Times and ids of a file of events, in order of time.
pub fn events(path: &Path, id_first: bool) -> std::io::Result<Vec<(f64, String)>> {
    let mut events = Vec::new();
    for line in std::fs::read_to_string(path)?.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [a, b, ..] = words.as_slice() else { continue };
        let (id, time) = if id_first { (a, b) } else { (b, a) };
        if let Ok(time) = time.parse() {
            events.push((time, (*id).to_string()));
        }
    }
    events.sort_by(|a: &(f64, String), b| a.0.total_cmp(&b.0));
    Ok(events)
}

/// The file that a LEMS document calls `name`.
pub fn find(out: &Path, name: &str) -> Option<PathBuf> {
    let bare = Path::new(name).file_name()?;
    [out.join(name), out.join(bare)].into_iter().find(|path| path.is_file())
}

/// An expectation or a case, as its file has it.
#[derive(Clone)]
pub struct Entry<'a>(pub &'a toml::Table);

impl<'a> Entry<'a> {
    pub fn text(&self, key: &str) -> Option<&'a str> {
        self.0.get(key)?.as_str()
    }

    pub fn flag(&self, key: &str) -> bool {
        self.0.get(key).and_then(toml::Value::as_bool).unwrap_or(false)
    }

    pub fn number(&self, key: &str) -> Option<f64> {
        number(self.0.get(key)?)
    }

    pub fn numbers(&self, key: &str) -> Option<Vec<f64>> {
        match self.0.get(key)? {
            toml::Value::Array(list) => list.iter().map(number).collect(),
            one => Some(vec![number(one)?]),
        }
    }

    pub fn texts(&self, key: &str) -> Vec<&'a str> {
        let list = self.0.get(key).and_then(toml::Value::as_array);
        list.map(|list| list.iter().filter_map(toml::Value::as_str).collect()).unwrap_or_default()
    }
}

fn number(value: &toml::Value) -> Option<f64> {
    match value {
        toml::Value::Float(x) => Some(*x),
        toml::Value::Integer(x) => Some(*x as f64),
        toml::Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// Spike times by id.
pub type Trains = BTreeMap<String, Vec<f64>>;
