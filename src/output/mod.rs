//! Results on disk: sampled signals and spikes, streamed while a run goes on.
//!
//! The engine hands blocks of rows in SI units; each writer turns a column into the unit in which
//! people read it (mV, ms, nA, µS, mM) and says so in the header. Every flush leaves a complete,
//! readable file: whole rows only, and the row count in a NumPy header is that of the data on disk.
//!
//! | format | table | spikes |
//! |---|---|---|
//! | [`Format::Csv`] | header `time (ms),soma.v (mV)`, RFC 4180 | `time (ms),source,label` |
//! | [`Format::Npy`] | one-dimensional array of records, fields named as in CSV | fields `time (ms)`, `source` |
//! | [`Format::Lems`] | tab-separated SI values, no header (LEMS `OutputFile`) | LEMS `EventOutputFile`, times in s |

mod contacts;
mod folder;
mod npy;
mod number;
mod read;
mod sink;
mod spikes;
mod table;
mod unit;

use crate::error::{Error, ErrorKind, Result, nearest};

pub use contacts::write_contacts;
pub use folder::{OutputFolder, inside, write_json};
pub use read::{ReadColumn, Recorded, SpikeTable, Table, read, read_spikes, read_table};
pub use spikes::{EventFormat, Spike, SpikeSource, SpikeWriter};
pub use table::{Column, TableWriter};
pub use unit::DisplayUnit;

/// How a result file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// Comma-separated values with a header line that names columns and units.
    #[default]
    Csv,
    /// NumPy `.npy`: an array of records whose fields are named as the CSV columns.
    Npy,
    /// Columns as LEMS writes them: tab-separated, SI units, no header.
    Lems,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 3] = [Format::Csv, Format::Npy, Format::Lems];

    /// The name by which a user chooses it.
    pub fn name(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Npy => "npy",
            Format::Lems => "lems",
        }
    }

    /// The file extension, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Npy => "npy",
            Format::Lems => "dat",
        }
    }

    /// The format called `name`: `csv`, `npy` (or `numpy`), `lems` (or `dat`).
    ///
    /// # Errors
    /// [`ErrorKind::Name`] for any other name.
    pub fn from_name(name: &str) -> Result<Format> {
        match name.to_ascii_lowercase().as_str() {
            "csv" => Ok(Format::Csv),
            "npy" | "numpy" => Ok(Format::Npy),
            "lems" | "dat" => Ok(Format::Lems),
            _ => {
                let help = match nearest(name, Format::ALL.map(Format::name)) {
                    Some(near) => format!("did you mean '{near}'? formats are csv, npy, lems"),
                    None => "formats are csv, npy, lems".into(),
                };
                Err(Error::new(ErrorKind::Name, format!("unknown output format '{name}'")).help(help))
            }
        }
    }
}

/// What a finished file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Rows (samples or spikes).
    pub rows: u64,
    /// Size of the file in bytes.
    pub bytes: u64,
}
