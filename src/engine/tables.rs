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

/// A column of a [`Table`].
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Name: `cells[0].soma(0.5).na.m`.
    pub name: String,
    /// Dimension of its SI values.
    pub dimension: Dimension,
}
