//! Spike rasters: a row for each source, a stroke for each spike, and the rate below.

use crate::error::{Error, ErrorKind, Result};
use crate::output::SpikeTable;

use super::axis::{self, Axis, BELOW, Frame, nice_step};
use super::legend::{self, Entry};
use super::palette;
use super::scene::{Anchor, Scene, TextStyle};
use super::{series, text};

/// The spikes of one source.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SpikeTrain {
    /// What it is called: `pyramidal[3]`.
    pub label: String,
    /// The population whose colour it takes; may be empty.
    pub group: String,
    /// Times, ms.
    pub times_ms: Vec<f64>,
}

/// How a raster is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct RasterOptions {
    /// Width of the picture, pixels.
    pub width: f64,
    /// Height of the picture, pixels.
    pub height: f64,
    /// Heading; empty for none.
    pub title: String,
    /// First and last time shown, ms; `None` for from 0 (or the first spike) to the last spike.
    pub window_ms: Option<(f64, f64)>,
    /// Whether the mean rate is drawn below; `None`: from ten sources on.
    pub rate: Option<bool>,
}

impl Default for RasterOptions {
    fn default() -> RasterOptions {
        RasterOptions { width: 900.0, height: 600.0, title: String::new(), window_ms: None, rate: None }
    }
}

/// Most sources whose names are written beside their rows.
const NAMED_ROWS: usize = 24;

/// Draws spikes, the first train at the bottom.
///
/// # Errors
/// [`ErrorKind::Value`] when there are no trains, when a time is not a number, or when the window is
/// empty.
pub fn raster(trains: &[SpikeTrain], options: &RasterOptions) -> Result<Scene> {
    if trains.is_empty() {
        return Err(Error::new(ErrorKind::Value, "there are no sources of spikes to draw"));
    }
    for train in trains {
        if train.times_ms.iter().any(|t| !t.is_finite()) {
            let message = "a spike time is not a number";
            return Err(Error::new(ErrorKind::Value, message).in_element(&train.label));
        }
    }
    let window = window(trains, options)?;
    let groups = groups(trains);
    let mut scene = Scene::new(options.width, options.height);
    scene.set_title(if options.title.is_empty() { "Spikes" } else { &options.title });
    let top = 16.0 + scene.heading(&options.title);
    let with_rate = options.rate.unwrap_or(trains.len() >= 10);
    let available = options.height - BELOW - top;
    let rate_height = if with_rate { (available * 0.25).min(120.0) } else { 0.0 };
    let bottom = options.height - BELOW - if with_rate { rate_height + 16.0 } else { 0.0 };

    let named = trains.len() <= NAMED_ROWS;
    let count = trains.len() as f64;
    let rows = Axis::linear((-0.5, count - 0.5), (bottom, top), 6);
    let names_room = if named {
        trains.iter().map(|t| text::width(&t.label, axis::TICK_SIZE)).fold(0.0, f64::max).min(200.0) + 14.0
    } else {
        axis::room_left(&rows)
    };
    let bins = with_rate.then(|| rates(trains, &groups, window));
    let highest = bins.iter().flat_map(|b| &b.rates).flatten().copied().fold(0.0, f64::max);
    let rate_axis = bins.as_ref().map(|_| {
        let range = (0.0, if highest > 0.0 { highest * 1.05 } else { 1.0 });
        Axis::linear(range, (options.height - BELOW, options.height - BELOW - rate_height), 3)
    });
    let room_left = rate_axis.as_ref().map_or(0.0, axis::room_left).max(names_room);
    // From top to bottom, as the rows are.
    let entries: Vec<Entry> = if groups.len() > 1 {
        groups
            .iter()
            .rev()
            .map(|g| Entry { name: g.name.clone(), colour: g.colour.clone(), dash: "" })
            .collect()
    } else {
        Vec::new()
    };
    let (left, right) = (room_left + 6.0, options.width - legend::room(&entries).max(4.0) - 14.0);
    if bottom - top < 24.0 || right - left < 60.0 {
        let message = format!("a picture of {} by {} pixels is too small", options.width, options.height);
        return Err(Error::new(ErrorKind::Value, message));
    }
    let x = Axis::linear(window, (left, right), (((right - left) / 80.0) as usize).clamp(2, 10));
    let frame = Frame { left, top, right, bottom };
    let title = x.title("Time", "ms");
    let below = (!with_rate).then_some(title.as_str());
    if named {
        let mut blank = rows.clone();
        blank.ticks.clear();
        axis::draw(&mut scene, &frame, &x, &blank, below, "", room_left);
        let style = TextStyle::new(Anchor::End).size(axis::TICK_SIZE);
        for (i, train) in trains.iter().enumerate() {
            let label = text::fit(&train.label, axis::TICK_SIZE, 200.0);
            scene.text((left - 7.0, rows.at(i as f64) + 4.0), &label, &style);
        }
    } else {
        let whole = |t: &axis::Tick| -> bool { t.value.fract() == 0.0 && t.value >= 0.0 };
        let mut rows = rows.clone();
        rows.ticks.retain(whole);
        axis::draw(&mut scene, &frame, &x, &rows, below, "Source", room_left);
    }
    // A row of its own for each, from one pixel upwards.
    let row = frame.height() / count;
    let stroke = (row * 0.76).clamp(1.0, 26.0);
    for (i, train) in trains.iter().enumerate() {
        let colour = groups.iter().find(|g| g.name == train.group).map_or(palette::LINES[0], |g| &g.colour);
        let y = rows.at(i as f64) - stroke / 2.0;
        let tops = strokes(&train.times_ms, window, &x, y);
        scene.strokes(&tops, stroke, colour, if row < 4.0 { 1.0 } else { 1.3 });
    }
    legend::draw(&mut scene, &frame, &entries);
    if let (Some(bins), Some(y)) = (bins, rate_axis) {
        let foot = options.height - BELOW;
        let frame = Frame { left, top: foot - rate_height, right, bottom: foot };
        axis::draw(&mut scene, &frame, &x, &y, Some(&title), &y.title("Rate", "1/s"), room_left);
        for (group, rates) in groups.iter().zip(&bins.rates) {
            let mut steps = Vec::with_capacity(rates.len() * 2);
            for (i, rate) in rates.iter().enumerate() {
                let from = window.0 + i as f64 * bins.width;
                steps.push((x.at(from), y.at(*rate)));
                steps.push((x.at((from + bins.width).min(window.1)), y.at(*rate)));
            }
            scene.polyline(&steps, &group.colour, 1.3, "");
        }
    }
    Ok(scene)
}

/// The trains of a spike file, by rising source; those of one label stem (`pyr` of `pyr[3]`) are a
/// group.
pub fn spike_trains(spikes: &SpikeTable) -> Vec<SpikeTrain> {
    let mut trains = std::collections::BTreeMap::<u64, SpikeTrain>::new();
    for (i, (time, source)) in spikes.times_ms.iter().zip(&spikes.sources).enumerate() {
        let train = trains.entry(*source).or_insert_with(|| {
            let label = spikes.labels.get(i).cloned().unwrap_or_else(|| source.to_string());
            let group = match (spikes.labels.get(i), label.split_once('[')) {
                (Some(_), Some((stem, _))) => stem.to_string(),
                _ => String::new(),
            };
            SpikeTrain { label, group, times_ms: Vec::new() }
        });
        train.times_ms.push(*time);
    }
    trains.into_values().collect()
}

fn window(trains: &[SpikeTrain], options: &RasterOptions) -> Result<(f64, f64)> {
    let (from, to) = match options.window_ms {
        Some(window) => window,
        None => {
            let (first, last) = series::range(trains.iter().flat_map(|t| &t.times_ms)).unwrap_or((0.0, 1.0));
            let from = first.min(0.0);
            (from, last + ((last - from) * 0.02).max(1.0))
        }
    };
    if from.is_finite() && to.is_finite() && from < to {
        return Ok((from, to));
    }
    Err(Error::new(ErrorKind::Value, format!("no time lies between {from} and {to} ms")))
}

/// Tops of the strokes of one row; spikes that would fall on the same quarter of a pixel are one.
fn strokes(times: &[f64], window: (f64, f64), x: &Axis, y: f64) -> Vec<(f64, f64)> {
    let mut columns: Vec<i64> = times
        .iter()
        .filter(|t| (window.0..=window.1).contains(*t))
        .map(|t| (x.at(*t) * 4.0).round() as i64)
        .collect();
    columns.sort_unstable();
    columns.dedup();
    columns.into_iter().map(|c| (c as f64 / 4.0, y)).collect()
}

struct Group {
    name: String,
    colour: String,
    size: usize,
}

fn groups(trains: &[SpikeTrain]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for train in trains {
        match groups.iter_mut().find(|g| g.name == train.group) {
            Some(group) => group.size += 1,
            None => groups.push(Group { name: train.group.clone(), colour: String::new(), size: 1 }),
        }
    }
    let count = groups.len();
    for (i, group) in groups.iter_mut().enumerate() {
        group.colour = palette::line(i, count).0;
    }
    groups
}

/// Spikes per second and source, for each group, in bins of `width` ms.
struct Rates {
    width: f64,
    rates: Vec<Vec<f64>>,
}

fn rates(trains: &[SpikeTrain], groups: &[Group], (from, to): (f64, f64)) -> Rates {
    let width = nice_step((to - from) / 150.0);
    let bins = (((to - from) / width).ceil() as usize).clamp(1, 400);
    let mut rates = vec![vec![0.0; bins]; groups.len()];
    for train in trains {
        let Some(group) = groups.iter().position(|g| g.name == train.group) else { continue };
        for time in train.times_ms.iter().filter(|t| (from..=to).contains(*t)) {
            let bin = (((time - from) / width) as usize).min(bins - 1);
            rates[group][bin] += 1e3 / (width * groups[group].size as f64);
        }
    }
    Rates { width, rates }
}
