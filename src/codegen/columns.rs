//! Tables of samples whose columns are summed up from parts that the target has.

use serde::Serialize;

use super::layout::Layout;
use super::python::quoted;
use crate::output::Column;
use crate::units::shifted;

/// A file of samples. `P` says where a part comes from, and the factor on it.
#[derive(Debug, Serialize)]
pub(crate) struct TableText<P> {
    file: String,
    every: u64,
    columns: Vec<ColumnText<P>>,
}

#[derive(Debug, Serialize)]
struct ColumnText<P> {
    header: String,
    parts: Vec<P>,
    constant: String,
}

impl<P> TableText<P> {
    /// Whether a column has a part that is no constant.
    pub(crate) fn has_parts(&self) -> bool {
        self.columns.iter().any(|column| !column.parts.is_empty())
    }
}

/// What the columns of all tables are the sums of.
pub(crate) struct Columns<P>(Vec<Vec<(Vec<P>, f64)>>);

impl<P> Columns<P> {
    /// The columns of `layout`, each without a part.
    pub(crate) fn new(layout: &Layout) -> Columns<P> {
        let none = |_| (Vec::new(), 0.0);
        Columns(layout.tables.iter().map(|table| table.columns.iter().map(none).collect()).collect())
    }

    /// The parts of a column of a table, and the constant among them, in the unit of the column.
    pub(crate) fn at(&mut self, table: usize, column: usize) -> &mut (Vec<P>, f64) {
        &mut self.0[table][column]
    }

    /// The tables for the template.
    pub(crate) fn texts(self, layout: &Layout) -> Vec<TableText<P>> {
        let mut texts = Vec::new();
        for ((table, parts), every) in layout.tables.iter().zip(self.0).zip(&layout.intervals) {
            let columns = table.columns.iter().zip(parts).map(|(column, (parts, constant))| ColumnText {
                header: quoted(&Column::new(&column.name, column.dimension, "").header()),
                parts,
                constant: shifted(constant, 0),
            });
            let columns = columns.collect();
            texts.push(TableText { file: quoted(&table.file), every: *every, columns });
        }
        texts
    }
}
