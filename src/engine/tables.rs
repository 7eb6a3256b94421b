//! What a run hands over: tables of samples.

use crate::units::Dimension;

/// A table of samples: one for each recording of the model.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Name of the file without ending.
    pub file: String,
    /// Sampling interval, s.
    pub interval_s: f64,
    /// Its columns beside time.
    pub columns: Vec<Column>,
}

impl Table {
    /// A table without columns, sampled every `interval_s` (0 for every step), and the number of steps that is.
    pub(super) fn new(file: &str, interval_s: f64, dt_s: f64) -> (Table, u64) {
        let steps = (interval_s / dt_s).round().max(1.0);
        (Table { file: file.to_string(), interval_s: steps * dt_s, columns: Vec::new() }, steps as u64)
    }
}

/// A column of a [`Table`].
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Name: `cells[0].soma(0.5).na.m`.
    pub name: String,
    /// Dimension of its SI values.
    pub dimension: Dimension,
}
