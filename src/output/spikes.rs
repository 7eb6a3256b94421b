//! Spikes on disk: one row per spike.

use std::path::Path;

use crate::error::{Error, ErrorKind, Result};

use super::sink::Sink;
use super::table::push_csv_text;
use super::{Format, Written, npy, number};

/// A spike: when, and which source fired.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spike {
    /// Time since the start of the run, s.
    pub time_s: f64,
    /// Index of the source in the list that the writer was made with.
    pub source: u32,
}

/// Something that spikes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpikeSource {
    /// What stands for it in files: the cell's number, or the id of a LEMS `EventSelection`.
    pub id: String,
    /// What it is called: `pyramidal[3].soma`.
    pub label: String,
}

/// The order of the two columns in LEMS event files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EventFormat {
    /// `id <tab> time`, LEMS' `ID_TIME`.
    #[default]
    IdTime,
    /// `time <tab> id`, LEMS' `TIME_ID`.
    TimeId,
}

/// Writes spikes as they come.
///
/// Dropping it without [`SpikeWriter::finish`] still flushes; `finish` reports errors.
pub struct SpikeWriter {
    sink: Sink,
    format: Format,
    events: EventFormat,
    sources: Vec<SpikeSource>,
}

impl SpikeWriter {
    /// Creates the file at `path`; `events` matters for [`Format::Lems`] only.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when the file cannot be made.
    pub fn create(
        path: impl AsRef<Path>,
        format: Format,
        events: EventFormat,
        sources: Vec<SpikeSource>,
    ) -> Result<SpikeWriter> {
        let (header, patch) = match format {
            Format::Csv => (b"time (ms),source,label\n".to_vec(), None),
            Format::Npy => {
                let (header, patch) = npy::header(&["time (ms)".into(), "source".into()]);
                (header, Some(patch))
            }
            Format::Lems => (Vec::new(), None),
        };
        Ok(SpikeWriter { sink: Sink::create(path.as_ref(), &header, patch)?, format, events, sources })
    }

    /// Appends spikes, in the order in which they are to stand.
    ///
    /// # Errors
    /// [`ErrorKind::Value`] for a source that the writer was not made with; [`ErrorKind::Io`] when
    /// the disk is full or gone, with the number of rows that are safe.
    pub fn append(&mut self, spikes: &[Spike]) -> Result<()> {
        for spike in spikes {
            let Some(source) = self.sources.get(spike.source as usize) else {
                let message = format!("spike of source {}, of {} sources", spike.source, self.sources.len());
                return Err(Error::new(ErrorKind::Value, message));
            };
            let out = self.sink.buffer();
            let ms = spike.time_s * 1e3;
            match (self.format, self.events) {
                (Format::Csv, _) => {
                    number::push(out, ms);
                    out.push(b',');
                    push_csv_text(out, &source.id);
                    out.push(b',');
                    push_csv_text(out, &source.label);
                }
                (Format::Npy, _) => {
                    out.extend_from_slice(&ms.to_le_bytes());
                    // Ids that are no numbers are counted instead.
                    let id = source.id.parse().unwrap_or(f64::from(spike.source));
                    out.extend_from_slice(&id.to_le_bytes());
                }
                (Format::Lems, EventFormat::IdTime) => {
                    out.extend_from_slice(source.id.as_bytes());
                    out.push(b'\t');
                    number::push(out, spike.time_s);
                }
                (Format::Lems, EventFormat::TimeId) => {
                    number::push(out, spike.time_s);
                    out.push(b'\t');
                    out.extend_from_slice(source.id.as_bytes());
                }
            }
            if self.format != Format::Npy {
                out.push(b'\n');
            }
            self.sink.row_added()?;
        }
        self.sink.block_added()
    }

    /// Hands all spikes so far to the operating system; the file is complete up to here.
    ///
    /// # Errors
    /// [`ErrorKind::Io`], as [`SpikeWriter::append`].
    pub fn flush(&mut self) -> Result<()> {
        self.sink.flush()
    }

    /// The sources, in order.
    pub fn sources(&self) -> &[SpikeSource] {
        &self.sources
    }

    /// Flushes, closes and says how much the file holds.
    ///
    /// # Errors
    /// [`ErrorKind::Io`], as [`SpikeWriter::append`].
    pub fn finish(self) -> Result<Written> {
        self.sink.finish()
    }
}
