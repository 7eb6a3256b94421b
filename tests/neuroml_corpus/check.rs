//! The checks of the corpus, as its `README.md` and `score.py` define them.

use std::path::Path;

use crate::data::{Entry, Table, Trains, events, find, reference};

/// Smallest relative tolerance for times that repositories expect: their own are often fitted to one
/// simulator.
const OMV_FLOOR: f64 = 0.005;

/// What a check found: whether it holds, and how close.
pub struct Verdict {
    pub holds: bool,
    pub note: String,
}

fn verdict(holds: bool, note: String) -> Verdict {
    Verdict { holds, note }
}

/// Checks one expectation against the files in `out`.
pub fn check(expected: &Entry<'_>, case: &Path, out: &Path) -> Verdict {
    let Some(file) = expected.text("file").and_then(|name| find(out, name)) else {
        return verdict(false, format!("no file {}", expected.text("file").unwrap_or_default()));
    };
    let result = match (expected.text("type"), expected.0.contains_key("columns")) {
        (Some("spike_times"), true) => spike_times(expected, &file),
        (Some("spike_times" | "spike_rate"), _) => trains(expected, &file),
        (Some("trace"), _) => trace(expected, case, &file),
        (Some("events"), _) => event_times(expected, case, &file),
        (other, _) => Ok(verdict(false, format!("no check for {other:?}"))),
    };
    result.unwrap_or_else(|error| verdict(false, format!("not readable: {error}")))
}

/// Whether a random count fits an expected one.
fn count_fits(count: usize, expected: usize) -> bool {
    let (count, expected) = (count as f64, expected as f64);
    (count - expected).abs() <= 4.0 * expected.max(1.0).sqrt() + 0.2 * expected
}

/// Spikes in two columns of a table.
fn detected(expected: &Entry<'_>, table: &Table) -> Option<(Vec<f64>, f64)> {
    let columns = expected.numbers("columns")?;
    let scaling = expected.numbers("scaling").unwrap_or_else(|| vec![1.0, 1.0]);
    let [time, value] = [columns.first()?, columns.get(1)?].map(|c| *c as usize);
    if time.max(value) >= table.width {
        return None;
    }
    let t: Vec<f64> = table.column(time).iter().map(|t| t * scaling[0]).collect();
    let v: Vec<f64> = table.column(value).iter().map(|v| v * scaling[1]).collect();
    let spikes = if expected.text("detect") == Some("derivative") {
        let peaks = v.windows(3).enumerate().filter(|(_, w)| w[1] - w[0] >= 0.0 && w[2] - w[1] < 0.0);
        peaks.map(|(i, _)| t[i + 1]).collect()
    } else {
        let threshold = expected.number("threshold").unwrap_or(0.0);
        let above = v.windows(2).enumerate().filter(|(_, w)| w[0] <= threshold && w[1] > threshold);
        above.map(|(i, _)| t[i + 1]).collect()
    };
    Some((spikes, *t.last()?))
}

fn spike_times(expected: &Entry<'_>, file: &Path) -> std::io::Result<Verdict> {
    let table = Table::read(file)?;
    let Some((mut found, end)) = detected(expected, &table).filter(|_| table.rows.len() >= 3) else {
        return Ok(verdict(false, "a column is absent".into()));
    };
    let mut wanted = expected.numbers("expected").unwrap_or_default();
    if let Some(most) = expected.number("truncated_to") {
        found.truncate(most as usize);
    }
    if expected.flag("stochastic") {
        let note = format!("{}/{} spikes", found.len(), wanted.len());
        return Ok(verdict(count_fits(found.len(), wanted.len()), note));
    }
    let omv = expected.text("source") == Some("omv");
    let tolerance = expected.number("abs_tol_s").unwrap_or(0.0);
    if found.len() != wanted.len() && !omv {
        // A spike as near to the end as the tolerance may fall on either side.
        found.retain(|t| *t < end - tolerance);
        wanted.retain(|t| *t < end - tolerance);
    }
    if found.len() != wanted.len() {
        return Ok(verdict(false, format!("{} spikes, expected {}", found.len(), wanted.len())));
    }
    let pairs = || found.iter().zip(&wanted);
    if omv {
        return Ok(relative(expected, pairs()));
    }
    let worst = pairs().map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    Ok(verdict(worst <= tolerance, format!("{worst:.2e} s of {tolerance:.2e}")))
}

fn relative<'a>(expected: &Entry<'_>, pairs: impl Iterator<Item = (&'a f64, &'a f64)>) -> Verdict {
    let tolerance = expected.number("rel_tol").unwrap_or(0.0).max(OMV_FLOOR);
    let (mut holds, mut worst) = (true, 0.0f64);
    for (found, wanted) in pairs {
        let difference = (found - wanted).abs();
        holds &= difference <= 1e-8 + tolerance * wanted.abs();
        worst = worst.max(difference / wanted.abs().max(1e-12));
    }
    verdict(holds, format!("rel {worst:.2e} of {tolerance:.2e}"))
}

/// Spike times or rates, by id or from columns.
fn trains(expected: &Entry<'_>, file: &Path) -> std::io::Result<Verdict> {
    let mut trains = Trains::new();
    if expected.0.contains_key("columns") {
        let Some((spikes, _)) = detected(expected, &Table::read(file)?) else {
            return Ok(verdict(false, "a column is absent".into()));
        };
        trains.insert(String::new(), spikes);
    } else {
        let scale = expected.numbers("scaling").and_then(|s| s.first().copied()).unwrap_or(1.0);
        let id_first = expected.text("spike_file_format").unwrap_or("ID_TIME").starts_with("ID_TIME");
        let ids = expected.text("ids").unwrap_or("0");
        for (time, id) in events(file, id_first)? {
            if ids == "*" || ids == id {
                trains.entry(id).or_default().push(time * scale);
            }
        }
    }
    let wanted = expected.numbers("expected").unwrap_or_default();
    let stochastic = expected.flag("stochastic");
    if expected.text("type") == Some("spike_rate") {
        let mean =
            trains.values().map(|times| rate(times, expected)).sum::<f64>() / trains.len().max(1) as f64;
        let wanted = wanted.first().copied().unwrap_or(f64::NAN);
        let floor = if stochastic { 0.3 } else { OMV_FLOOR };
        let tolerance = expected.number("rel_tol").unwrap_or(0.0).max(floor);
        let holds = (mean - wanted).abs() <= tolerance * wanted.abs() + 1e-9;
        return Ok(verdict(holds, format!("rate {mean:.4}, expected {wanted:.4}")));
    }
    let mut found: Vec<f64> = trains.into_values().flatten().collect();
    found.sort_by(f64::total_cmp);
    let mut wanted = wanted;
    wanted.sort_by(f64::total_cmp);
    if stochastic {
        let note = format!("{}/{} spikes", found.len(), wanted.len());
        return Ok(verdict(count_fits(found.len(), wanted.len()), note));
    }
    if found.len() != wanted.len() {
        return Ok(verdict(false, format!("{} spikes, expected {}", found.len(), wanted.len())));
    }
    Ok(relative(expected, found.iter().zip(&wanted)))
}

fn rate(times: &[f64], expected: &Entry<'_>) -> f64 {
    let from = expected.number("start_time").unwrap_or(0.0);
    let to = expected.number("end_time").unwrap_or(f64::INFINITY);
    let mut times: Vec<f64> = times.iter().copied().filter(|t| (from..=to).contains(t)).collect();
    times.sort_by(f64::total_cmp);
    if expected.text("method").is_some_and(|method| method.starts_with("dur")) {
        return times.len() as f64 / (to - from);
    }
    match times.as_slice() {
        [first, .., last] => (times.len() - 1) as f64 / (last - first),
        _ => 0.0,
    }
}

fn trace(expected: &Entry<'_>, case: &Path, file: &Path) -> std::io::Result<Verdict> {
    let table = Table::read(file)?;
    if table.rows.len() < 2 {
        return Ok(verdict(false, "no samples".into()));
    }
    if table.rows.iter().flatten().any(|x| !x.is_finite()) {
        return Ok(verdict(false, "a value that is no number".into()));
    }
    let wanted = reference(&case.join(expected.text("ref").unwrap_or_default()))?;
    let window = expected.number("time_window_s").unwrap_or(0.0) * 1.0001;
    let t = table.column(0);
    let (end, wanted_end) = (t[t.len() - 1], wanted.last().map_or(0.0, |row| row[0]));
    if end < wanted_end - 2.0 * window - 1e-12 {
        return Ok(verdict(false, format!("ends at {end} s, expected {wanted_end} s")));
    }
    if expected.flag("stochastic") {
        return Ok(verdict(true, "random: shape only".into()));
    }
    let tolerances = expected.numbers("abs_tol").unwrap_or_default();
    let (mut worst, mut place) = (1.0f64, 0);
    for (k, column) in expected.numbers("columns").unwrap_or_default().into_iter().enumerate() {
        let column = column as usize;
        if column >= table.width {
            return Ok(verdict(false, format!("column {column} is absent")));
        }
        let (v, tolerance) = (table.column(column), tolerances[k]);
        let inside = wanted.iter().filter(|row| {
            let (low, high) = range(&t, &v, row[0], window);
            (low - tolerance..=high + tolerance).contains(&row[k + 1])
        });
        let share = inside.count() as f64 / wanted.len().max(1) as f64;
        if share < worst {
            (worst, place) = (share, column);
        }
    }
    let note = format!("{:.1} % inside, column {place}", 100.0 * worst);
    Ok(verdict(worst >= expected.number("pass_fraction").unwrap_or(1.0), note))
}

/// Least and greatest value within `window` of `time`; between samples the line that joins them.
fn range(t: &[f64], v: &[f64], time: f64, window: f64) -> (f64, f64) {
    let from = t.partition_point(|x| *x < time - window);
    let to = t.partition_point(|x| *x <= time + window);
    if from < to {
        let inside = &v[from..to];
        return inside.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
    }
    let value = match (from.checked_sub(1), t.get(from)) {
        (Some(before), Some(after)) => {
            let share = (time - t[before]) / (after - t[before]);
            v[before] + (v[from] - v[before]) * share
        }
        (Some(before), None) => v[before],
        (None, _) => v[0],
    };
    (value, value)
}

fn event_times(expected: &Entry<'_>, case: &Path, file: &Path) -> std::io::Result<Verdict> {
    let found = events(file, expected.text("format").unwrap_or("ID_TIME").starts_with("ID_TIME"))?;
    let wanted = reference(&case.join(expected.text("ref").unwrap_or_default()))?;
    let count = expected.number("n_events").unwrap_or(0.0);
    if expected.flag("stochastic") {
        let note = format!("{}/{count} events", found.len());
        return Ok(verdict(count_fits(found.len(), count as usize), note));
    }
    if (found.len() as f64 - count).abs() > (0.01 * count).max(1.0) {
        return Ok(verdict(false, format!("{} events, expected {count}", found.len())));
    }
    let pairs: Vec<(f64, f64)> = wanted.iter().zip(&found).map(|(row, (time, _))| (row[0], *time)).collect();
    if pairs.is_empty() {
        return Ok(verdict(count == 0.0, String::new()));
    }
    let tolerance = expected.number("abs_tol_s").unwrap_or(0.0);
    let good = pairs.iter().filter(|(x, y)| (x - y).abs() <= tolerance + 1e-3 * x).count();
    let share = good as f64 / pairs.len() as f64;
    Ok(verdict(share >= 0.97, format!("{:.1} % of events in time", 100.0 * share)))
}
