//! A buffered file that knows how much of it is whole.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Result};

/// Bytes kept in memory before they go to the file.
const BUFFER: usize = 1 << 16;
/// Longest time that a row waits in memory while rows keep coming.
const INTERVAL: Duration = Duration::from_secs(1);

/// A file under construction. Rows are put into [`Sink::buffer`] and counted by
/// [`Sink::rows_added`]; only whole rows reach the file, and after a failed write the file is cut
/// back to the last whole row.
pub(super) struct Sink {
    path: PathBuf,
    file: File,
    buffer: Vec<u8>,
    pending_rows: u64,
    safe_rows: u64,
    safe_bytes: u64,
    last_flush: Instant,
    failed: bool,
    patch: Option<Patch>,
}

/// A place in the file that holds the number of rows: its offset and a function that formats it.
pub(super) struct Patch {
    /// Offset from the start of the file.
    pub offset: u64,
    /// The bytes for a number of rows; always the same length.
    pub format: fn(u64) -> Vec<u8>,
}

impl Sink {
    /// Creates `path` and its folders and writes `header` at once, so that a run that dies early
    /// still leaves a readable, empty file.
    pub fn create(path: &Path, header: &[u8], patch: Option<Patch>) -> Result<Sink> {
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, "create the folder", &e))?;
        }
        let mut file = File::create(path).map_err(|e| Error::io(path, "create the result file", &e))?;
        file.write_all(header).map_err(|e| Error::io(path, "write the header of the result file", &e))?;
        Ok(Sink {
            path: path.to_path_buf(),
            file,
            buffer: Vec::with_capacity(BUFFER + BUFFER / 4),
            pending_rows: 0,
            safe_rows: 0,
            safe_bytes: header.len() as u64,
            last_flush: Instant::now(),
            failed: false,
            patch,
        })
    }

    /// Where rows are put, as bytes.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Counts one row as complete in the buffer; writes when the buffer is full.
    pub fn row_added(&mut self) -> Result<()> {
        self.pending_rows += 1;
        if self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    /// To be called after each block of rows: flushes when the last flush was long ago.
    pub fn block_added(&mut self) -> Result<()> {
        if self.last_flush.elapsed() >= INTERVAL { self.flush() } else { Ok(()) }
    }

    /// Hands all complete rows to the operating system and brings the header up to date.
    pub fn flush(&mut self) -> Result<()> {
        self.last_flush = Instant::now();
        if self.pending_rows == 0 {
            return Ok(());
        }
        if self.failed {
            return Err(self.lost(None));
        }
        let rows = self.safe_rows + self.pending_rows;
        // Data first, then the count: a file cut off in between still holds the rows it claims.
        let written = self.file.write_all(&self.buffer).and_then(|()| self.write_count(rows));
        match written {
            Ok(()) => {
                self.safe_rows = rows;
                self.safe_bytes += self.buffer.len() as u64;
                self.pending_rows = 0;
                self.buffer.clear();
                Ok(())
            }
            Err(error) => {
                self.failed = true;
                // Cutting back may fail too (a device, a vanished disk): the error below says so
                // much as is known either way.
                let _ = self.file.set_len(self.safe_bytes);
                let _ = self.write_count(self.safe_rows);
                Err(self.lost(Some(&error)))
            }
        }
    }

    fn write_count(&mut self, rows: u64) -> std::io::Result<()> {
        if let Some(patch) = &self.patch {
            let bytes = (patch.format)(rows);
            self.file.seek(SeekFrom::Start(patch.offset))?;
            self.file.write_all(&bytes)?;
            self.file.seek(SeekFrom::End(0))?;
        }
        Ok(())
    }

    fn lost(&self, error: Option<&std::io::Error>) -> Error {
        let cause = error.map_or_else(|| "an earlier write failed".to_string(), ToString::to_string);
        let message = format!(
            "cannot write results: {cause}; {} rows are safe in the file, {} later ones are lost",
            self.safe_rows, self.pending_rows
        );
        Error::new(ErrorKind::Io, message).in_file(&self.path).help("free space or choose another folder")
    }

    /// Flushes and says what the file holds.
    pub fn finish(mut self) -> Result<super::Written> {
        self.flush()?;
        if self.failed {
            return Err(self.lost(None));
        }
        Ok(super::Written { rows: self.safe_rows, bytes: self.safe_bytes })
    }
}

impl Drop for Sink {
    /// A run that ends by an error elsewhere still leaves all rows it made.
    fn drop(&mut self) {
        if !self.failed {
            let _ = self.flush();
        }
    }
}
