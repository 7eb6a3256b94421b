//! Traces: signals against time, a panel for each unit.

use crate::error::{Error, ErrorKind, Result};
use crate::output::Table;

use super::axis::{self, Axis, BELOW, Frame};
use super::legend::{self, Entry};
use super::palette::{self, FAINT, INK};
use super::raster::SpikeTrain;
use super::scene::{Anchor, Scene, TextStyle};
use super::{series, text};

/// A sampled signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// What the legend calls it.
    pub name: String,
    /// Its unit, as on the axis: `mV`; empty for none.
    pub unit: String,
    /// Times, ms, not falling.
    pub t_ms: Vec<f64>,
    /// Values, one for each time. Those that are not finite leave gaps, and the picture says so.
    pub values: Vec<f64>,
}

/// How traces are drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceOptions {
    /// Width of the picture, pixels.
    pub width: f64,
    /// Height of the picture, pixels.
    pub height: f64,
    /// Heading; empty for none.
    pub title: String,
    /// First and last time shown, ms; `None` for all there is.
    pub window_ms: Option<(f64, f64)>,
    /// Spikes to mark above the panels, a row for each train.
    pub spikes: Vec<SpikeTrain>,
    /// Colours by trace, as `#rrggbb`; traces beyond its end take the palette's.
    pub colours: Vec<String>,
}

impl Default for TraceOptions {
    fn default() -> TraceOptions {
        TraceOptions {
            width: 900.0,
            height: 600.0,
            title: String::new(),
            window_ms: None,
            spikes: Vec::new(),
            colours: Vec::new(),
        }
    }
}

/// Height of a row of spike marks.
const SPIKE_ROW: f64 = 14.0;
/// Space between panels.
const BETWEEN: f64 = 16.0;

/// Draws traces against one time axis, those of a unit together in a panel.
///
/// # Errors
/// [`ErrorKind::Value`] when there is nothing to draw, when a trace has not as many values as
/// times, when times fall or are not numbers, or when the picture is too small for its panels.
pub fn traces(traces: &[Trace], options: &TraceOptions) -> Result<Scene> {
    for trace in traces {
        check(trace)?;
    }
    let window = window(traces, options)?;
    let shown: Vec<Trace> = traces.iter().map(|t| cut(t, window)).collect();
    let panels = panels(&shown, options);
    let mut scene = Scene::new(options.width, options.height);
    scene.set_title(if options.title.is_empty() { "Traces" } else { &options.title });

    // The layout: heading, spike rows, panels, time axis.
    let mut top = 16.0 + scene.heading(&options.title);
    let spikes_top = top;
    top += SPIKE_ROW * options.spikes.len() as f64 + if options.spikes.is_empty() { 0.0 } else { 6.0 };
    let count = panels.len() as f64;
    let height = (options.height - BELOW - top - BETWEEN * (count - 1.0)) / count;
    let ticks_y = ((height / 26.0) as usize).clamp(2, 7);
    let y_axes: Vec<Axis> = panels
        .iter()
        .enumerate()
        .map(|(i, panel)| {
            let panel_top = top + (height + BETWEEN) * i as f64;
            Axis::linear(panel.range, (panel_top + height, panel_top), ticks_y)
        })
        .collect();
    let room_left = y_axes.iter().map(axis::room_left).fold(0.0, f64::max);
    let spike_entries: Vec<Entry> = options
        .spikes
        .iter()
        .map(|train| Entry { name: train.label.clone(), colour: String::new(), dash: "" })
        .collect();
    let notes = panels.iter().filter_map(|p| p.note.as_deref()).map(|n| text::width(n, 11.0) + 12.0);
    let names = legend::room(panels.iter().flat_map(|p| &p.entries).chain(&spike_entries));
    let room_right = notes.fold(names.max(8.0), f64::max) + 12.0;
    let (left, right) = (room_left + 6.0, options.width - room_right);
    if height < 24.0 || right - left < 60.0 {
        let message = format!(
            "{} panels do not fit into a picture of {} by {} pixels",
            panels.len(),
            options.width,
            options.height
        );
        return Err(Error::new(ErrorKind::Value, message).help("draw fewer signals or a larger picture"));
    }
    let (time_name, time_scale) = time_unit(window);
    let x_ticks = (((right - left) / 80.0) as usize).clamp(2, 10);
    let in_unit = (window.0 * time_scale, window.1 * time_scale);
    let x = if options.window_ms.is_some() {
        Axis::linear(in_unit, (left, right), x_ticks)
    } else {
        Axis::rounded(in_unit, (left, right), x_ticks)
    };

    for (i, (panel, y)) in panels.iter().zip(&y_axes).enumerate() {
        let panel_top = top + (height + BETWEEN) * i as f64;
        let frame = Frame { left, top: panel_top, right, bottom: panel_top + height };
        let last = i + 1 == panels.len();
        let x_title = last.then(|| x.title("Time", time_name));
        let y_title = y.title(&panel.quantity, &panel.unit);
        axis::draw(&mut scene, &frame, &x, y, x_title.as_deref(), &y_title, room_left);
        for (trace, entry) in panel.traces.iter().zip(&panel.entries) {
            let times: Vec<f64> = trace.t_ms.iter().map(|t| t * time_scale).collect();
            for line in series::lines(&times, &trace.values, &x, y) {
                match line.as_slice() {
                    [alone] => scene.circle(*alone, 1.5, &entry.colour, None),
                    line => scene.polyline(line, &entry.colour, panel.stroke, entry.dash),
                }
            }
        }
        let mut legend_frame = frame;
        if let Some(note) = &panel.note {
            let style = TextStyle::new(Anchor::Start).size(11.0).colour(FAINT);
            scene.text((right + 12.0, frame.bottom), note, &style);
            legend_frame.bottom -= 18.0;
        }
        legend::draw(&mut scene, &legend_frame, &panel.entries);
    }
    for (row, train) in options.spikes.iter().enumerate() {
        let y = spikes_top + SPIKE_ROW * row as f64;
        let inside = train.times_ms.iter().filter(|t| (window.0..=window.1).contains(*t));
        let tops: Vec<_> = inside.map(|t| (x.at(t * time_scale), y + 1.0)).collect();
        scene.strokes(&tops, SPIKE_ROW - 4.0, INK, 1.2);
        let style = TextStyle::new(Anchor::Start).size(11.0);
        let name = text::fit(&train.label, 11.0, room_right - 20.0);
        scene.text((right + 12.0, y + SPIKE_ROW - 4.0), &name, &style);
    }
    Ok(scene)
}

/// The traces of a table whose first column is time. Columns without names (LEMS files) are taken
/// as SI: times in s; values that look like membrane potentials in V become mV.
///
/// # Errors
/// [`ErrorKind::Value`] when there is no column beside the time.
pub fn table_traces(table: Table) -> Result<Vec<Trace>> {
    let named = table.named;
    let mut columns = table.columns.into_iter();
    let (Some(time), true) = (columns.next(), columns.len() > 0) else {
        let message = "a table needs a column of times and at least one signal to be drawn";
        return Err(Error::new(ErrorKind::Value, message));
    };
    let to_ms = match (named, time.unit.as_str()) {
        (false, _) | (true, "s") => 1e3,
        _ => 1.0,
    };
    let t_ms: Vec<f64> = time.values.iter().map(|t| t * to_ms).collect();
    let trace = |column: crate::output::ReadColumn| {
        let (mut unit, mut values) = (column.unit, column.values);
        let range = series::range(&values);
        if !named && range.is_some_and(|(low, high)| low > -0.2 && high < 0.2 && low < -0.02) {
            unit = "mV".into();
            values.iter_mut().for_each(|v| *v *= 1e3);
        }
        Trace { name: column.name, unit, t_ms: t_ms.clone(), values }
    };
    Ok(columns.map(trace).collect())
}

fn check(trace: &Trace) -> Result<()> {
    let wrong = |message: String| Err(Error::new(ErrorKind::Value, message).in_element(&trace.name));
    let (times, values) = (trace.t_ms.len(), trace.values.len());
    if times != values {
        return wrong(format!("a trace of {values} values at {times} times"));
    }
    if let Some(index) = trace.t_ms.iter().position(|t| !t.is_finite()) {
        return wrong(format!("time {} of the trace is not a number", index + 1));
    }
    match trace.t_ms.windows(2).position(|w| w[1] < w[0]) {
        Some(at) => wrong(format!("times fall from {} to {} ms", trace.t_ms[at], trace.t_ms[at + 1])),
        None => Ok(()),
    }
}

fn window(traces: &[Trace], options: &TraceOptions) -> Result<(f64, f64)> {
    if let Some((from, to)) = options.window_ms {
        if from.is_finite() && to.is_finite() && from < to {
            return Ok((from, to));
        }
        return Err(Error::new(ErrorKind::Value, format!("no time lies between {from} and {to} ms")));
    }
    let ends = traces.iter().flat_map(|t| t.t_ms.first().into_iter().chain(t.t_ms.last()));
    let (from, to) =
        series::range(ends).ok_or_else(|| Error::new(ErrorKind::Value, "there are no samples to draw"))?;
    Ok(if from < to { (from, to) } else { (from - 0.5, to + 0.5) })
}

/// The part of a trace inside a window, with the value at its edges where samples lie on both sides.
fn cut(trace: &Trace, (from, to): (f64, f64)) -> Trace {
    let (t, v) = (&trace.t_ms, &trace.values);
    let start = t.partition_point(|x| *x < from);
    let end = t.partition_point(|x| *x <= to).max(start);
    let mut out = Trace { name: trace.name.clone(), unit: trace.unit.clone(), t_ms: vec![], values: vec![] };
    let edge = |after: usize, at: f64, out: &mut Trace| {
        if after > 0 && after < t.len() {
            let share = (at - t[after - 1]) / (t[after] - t[after - 1]);
            let value = v[after - 1] + (v[after] - v[after - 1]) * share;
            if value.is_finite() {
                out.t_ms.push(at);
                out.values.push(value);
            }
        }
    };
    edge(start, from, &mut out);
    out.t_ms.extend_from_slice(&t[start..end]);
    out.values.extend_from_slice(&v[start..end]);
    edge(end, to, &mut out);
    out
}

/// The unit of the time axis and how many of it are in a millisecond.
fn time_unit((from, to): (f64, f64)) -> (&'static str, f64) {
    if from.abs().max(to.abs()) > 2e4 { ("s", 1e-3) } else { ("ms", 1.0) }
}

struct Panel<'a> {
    quantity: String,
    unit: String,
    traces: Vec<&'a Trace>,
    entries: Vec<Entry>,
    range: (f64, f64),
    stroke: f64,
    note: Option<String>,
}

fn panels<'a>(traces: &'a [Trace], options: &TraceOptions) -> Vec<Panel<'a>> {
    let mut units: Vec<&str> = Vec::new();
    for trace in traces {
        if !units.contains(&trace.unit.as_str()) {
            units.push(&trace.unit);
        }
    }
    let panel = |unit: &str| {
        let members: Vec<(usize, &Trace)> =
            traces.iter().enumerate().filter(|(_, t)| t.unit == unit).collect();
        let count = members.len();
        let entries = members.iter().enumerate().map(|(i, (index, trace))| {
            let (colour, dash) = match options.colours.get(*index) {
                Some(colour) if is_colour(colour) => (colour.clone(), ""),
                _ => palette::line(i, count),
            };
            Entry { name: trace.name.clone(), colour, dash }
        });
        let found = series::range(members.iter().flat_map(|(_, t)| &t.values)).unwrap_or((0.0, 1.0));
        // Gating variables and other fractions are shown on all of 0 to 1.
        let fraction = unit.is_empty() && found.0 >= 0.0 && found.1 <= 1.0 && found.1 - found.0 > 0.25;
        Panel {
            quantity: quantity(unit, &members),
            unit: unit.to_string(),
            entries: entries.collect(),
            range: axis::padded(if fraction { (0.0, 1.0) } else { found }, 0.04),
            stroke: if count > palette::DISTINCT { 0.9 } else { 1.3 },
            note: note(&members),
            traces: members.into_iter().map(|(_, trace)| trace).collect(),
        }
    };
    units.into_iter().map(panel).collect()
}

/// Whether `text` is `#rrggbb`: nothing else is put into a picture.
pub(super) fn is_colour(text: &str) -> bool {
    text.len() == 7 && text.starts_with('#') && text[1..].chars().all(|c| c.is_ascii_hexdigit())
}

/// What an axis of `unit` shows.
fn quantity(unit: &str, traces: &[(usize, &Trace)]) -> String {
    let all_end_in = |end: &str| traces.iter().all(|(_, t)| t.name.ends_with(end));
    let name = match unit {
        "mV" | "V" if all_end_in(".v") => "Membrane potential",
        "mV" | "V" => "Potential",
        "nA" | "pA" | "A" => "Current",
        "µS" | "nS" | "S" => "Conductance",
        "mM" | "µM" | "mol/m³" => "Concentration",
        "mA/cm²" => "Current density",
        "S/cm²" => "Conductance density",
        "pF" | "nF" => "Capacitance",
        "MΩ" => "Resistance",
        "ms" | "s" => "Time constant",
        "1/ms" => "Rate",
        "°C" => "Temperature",
        "µm" => "Length",
        "" if traces.len() == 1 => {
            return traces[0].1.name.rsplit('.').next().unwrap_or_default().to_string();
        }
        "" => "State variable",
        _ => "Value",
    };
    name.to_string()
}

/// What a panel has to say about values that it cannot show.
fn note(traces: &[(usize, &Trace)]) -> Option<String> {
    let gaps = traces.iter().flat_map(|(_, t)| &t.values).filter(|v| !v.is_finite()).count();
    match gaps {
        0 if traces.iter().all(|(_, t)| t.values.is_empty()) => Some("no samples".to_string()),
        0 => None,
        1 => Some("1 value not finite".to_string()),
        n => Some(format!("{n} values not finite")),
    }
}
