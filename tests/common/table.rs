//! Reads the tables of `tests/reference/data`.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::path::Path;

/// A table: names of the columns, and the columns.
#[derive(Debug, Clone)]
pub struct Table {
    pub names: Vec<String>,
    pub columns: Vec<Vec<f64>>,
}

impl Table {
    /// Reads `tests/reference/data/NAME.csv`.
    pub fn read(name: &str) -> Table {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data");
        let path = folder.join(format!("{name}.csv"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let names: Vec<String> = lines.next().unwrap().split(',').map(str::to_owned).collect();
        let mut columns = vec![Vec::new(); names.len()];
        for line in lines {
            for (column, number) in columns.iter_mut().zip(line.split(',')) {
                column.push(number.parse().unwrap());
            }
        }
        assert!(columns.iter().all(|c| c.len() == columns[0].len()), "{name}: ragged");
        Table { names, columns }
    }

    /// The column called `name`.
    pub fn column(&self, name: &str) -> &[f64] {
        let at = self.names.iter().position(|n| n == name);
        &self.columns[at.unwrap_or_else(|| panic!("no column {name}, but {:?}", self.names))]
    }
}
