//! What the machine has room for. What would not fit is refused before memory is asked for: a system
//! short of memory ends programs without a word.

use std::fs;

use crate::error::{Error, ErrorKind, Result};

const GIB: f64 = 1024.0 * 1024.0 * 1024.0;
/// What is taken to be free where the system does not say.
const UNKNOWN: f64 = 16.0 * GIB;
/// What any machine has: less is never looked into.
const LITTLE: f64 = 0.25 * GIB;

/// The memory that is free for this program, bytes: what Linux calls available, or what is left of the
/// limit of the control group if that is less; 16 GiB elsewhere.
pub fn available_bytes() -> f64 {
    let free = fs::read_to_string("/proc/meminfo").ok().and_then(|text| available_in(&text));
    let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse::<f64>().ok();
    let limit = number("/sys/fs/cgroup/memory.max");
    let used = number("/sys/fs/cgroup/memory.current").unwrap_or(0.0);
    let left = limit.map_or(f64::INFINITY, |limit| (limit - used).max(0.0));
    free.unwrap_or(UNKNOWN).min(left)
}

/// The line `MemAvailable: 123 kB`, in bytes.
fn available_in(meminfo: &str) -> Option<f64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0)
}

/// That `what`, which takes about `bytes`, has room.
///
/// # Errors
/// If it has not, with the estimate.
pub fn has_room(bytes: f64, what: impl FnOnce() -> String) -> Result<()> {
    if bytes <= LITTLE {
        return Ok(());
    }
    has_room_in(available_bytes(), bytes, what)
}

fn has_room_in(available: f64, bytes: f64, what: impl FnOnce() -> String) -> Result<()> {
    if bytes <= available {
        return Ok(());
    }
    let (needed, free) = (bytes / GIB, available / GIB);
    let message = format!("{} would take about {needed:.1} GiB of memory, and {free:.1} are free", what());
    let error = Error::new(ErrorKind::Limit, message);
    Err(error.help("make it smaller, or run it on a machine with more memory"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_free_is_read_and_compared() {
        let text = "MemTotal:       24000000 kB\nMemFree:  1 kB\nMemAvailable:    2097152 kB\nCached: 5 kB\n";
        assert_eq!(available_in(text), Some(2.0 * GIB));
        assert_eq!(available_in("MemTotal: 1 kB"), None);
        assert!(available_bytes() > 0.0);
        assert!(has_room_in(2.0 * GIB, 2.0 * GIB, String::new).is_ok());
        let error = has_room_in(2.0 * GIB, 3.04 * GIB, || "5 cells".to_string()).unwrap_err().to_string();
        assert!(error.starts_with("5 cells would take about 3.0 GiB of memory, and 2.0 are free"), "{error}");
        assert!(has_room(1e18, || "all".to_string()).is_err() && has_room(1e6, String::new).is_ok());
    }
}
