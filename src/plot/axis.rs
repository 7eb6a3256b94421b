//! Axes: from data to pixels, ticks at round numbers, and the frame of a panel.

use super::palette::{GRID, INK, SPINE};
use super::scene::{Anchor, Scene, TextStyle};
use super::text;

/// A tick: where in the data, and what is written there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub value: f64,
    pub label: String,
}

/// An axis: an interval of data on an interval of pixels.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    /// Pixels of `low` and `high`.
    pixels: (f64, f64),
    log: bool,
    pub ticks: Vec<Tick>,
    /// The power of ten that all tick labels are to be multiplied with.
    pub exponent: i32,
}

impl Axis {
    /// A linear axis over `range` with about `wanted` ticks. A range without width gets some.
    pub fn linear(range: (f64, f64), pixels: (f64, f64), wanted: usize) -> Axis {
        let (low, high) = widen(range.0, range.1);
        let (ticks, exponent) = linear_ticks(low, high, wanted);
        Axis { low, high, pixels, log: false, ticks, exponent }
    }

    /// A logarithmic axis over `range`, which must be positive.
    pub fn log(range: (f64, f64), pixels: (f64, f64)) -> Axis {
        let within = |v: f64| v.clamp(1e-290, 1e290).log10();
        let (mut low, mut high) = (within(range.0), within(range.1));
        if high - low < 0.2 {
            (low, high) = (low - 0.1, high + 0.1);
        }
        Axis { low, high, pixels, log: true, ticks: log_ticks(low, high), exponent: 0 }
    }

    /// A linear axis that ends at a tick where one lies just outside `range`, as after the last
    /// sample of a run.
    pub fn rounded(range: (f64, f64), pixels: (f64, f64), wanted: usize) -> Axis {
        let (low, high) = widen(range.0, range.1);
        let step = step(low, high, wanted);
        let reach = 0.012 * (high - low);
        let (floor, ceil) = ((low / step).floor() * step, (high / step).ceil() * step);
        let low = if low - floor < reach { floor } else { low };
        let high = if ceil - high < reach { ceil } else { high };
        Axis::linear((low, high), pixels, wanted)
    }

    /// The pixel of a data value.
    pub fn at(&self, value: f64) -> f64 {
        let value = if self.log { value.log10() } else { value };
        self.pixels.0 + (value - self.low) / (self.high - self.low) * (self.pixels.1 - self.pixels.0)
    }

    /// The axis title: `name (unit)`, with the power of ten of the tick labels.
    pub fn title(&self, name: &str, unit: &str) -> String {
        match (self.exponent, unit) {
            (0, "") => name.to_string(),
            (0, unit) => format!("{name} ({unit})"),
            (e, unit) => format!("{name} (10^{{{}}} {unit})", signed(e)).replace(" )", ")"),
        }
    }

    /// Width of the widest tick label.
    pub fn label_width(&self, size: f64) -> f64 {
        self.ticks.iter().map(|t| text::width(&t.label, size)).fold(0.0, f64::max)
    }
}

fn signed(number: i32) -> String {
    number.to_string().replace('-', "−")
}

/// Signals that stay below this count as zero.
const SMALLEST: f64 = 1e-280;

/// Signals are cut off here.
const LARGEST: f64 = 1e300;

/// A range that can be drawn: finite, of some width, in order. A flat signal is centred in a window
/// of a tenth of its value.
fn widen(low: f64, high: f64) -> (f64, f64) {
    let (low, high) = if low <= high { (low, high) } else { (high, low) };
    if !low.is_finite() || !high.is_finite() {
        return (0.0, 1.0);
    }
    // Where steps and their powers of ten stay ordinary numbers.
    let (low, high) = (low.clamp(-LARGEST, LARGEST), high.clamp(-LARGEST, LARGEST));
    let size = low.abs().max(high.abs());
    if size < SMALLEST {
        return (-1.0, 1.0);
    }
    // Narrower than this, tick labels would differ in the eighth digit only.
    if high - low > size * 1e-6 {
        return (low, high);
    }
    let middle = low + (high - low) / 2.0;
    (middle - 0.05 * size, middle + 0.05 * size)
}

/// `range` with `share` of its width added at both ends.
pub(super) fn padded(range: (f64, f64), share: f64) -> (f64, f64) {
    let (low, high) = widen(range.0, range.1);
    let pad = (high - low) * share;
    (low - pad, high + pad)
}

/// The smallest of 1, 2, 5, 10 times a power of ten that is at least `least`.
pub(super) fn nice_step(least: f64) -> f64 {
    let power = 10_f64.powi(least.log10().floor() as i32);
    let times = [1.0, 2.0, 5.0].into_iter().find(|t| t * power >= least * (1.0 - 1e-9));
    times.unwrap_or(10.0) * power
}

/// The round distance between ticks that gives the number nearest to `wanted`, and at least two.
fn step(low: f64, high: f64, wanted: usize) -> f64 {
    let ticks = |step: &f64| (high / step + 1e-9).floor() - (low / step - 1e-9).ceil() + 1.0;
    let mut best = nice_step((high - low) / wanted.max(1) as f64);
    let off = |step: &f64| (ticks(step) - wanted as f64).abs();
    for _ in 0..3 {
        // From 5 to 2, from 2 to 1, from 1 to a half.
        let finer = nice_step(best * 0.4);
        if off(&finer) < off(&best) || ticks(&best) < 2.0 {
            best = finer;
        }
    }
    best
}

fn linear_ticks(low: f64, high: f64, wanted: usize) -> (Vec<Tick>, i32) {
    let step = step(low, high, wanted);
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    let size = low.abs().max(high.abs());
    let power = size.log10().floor() as i32;
    let exponent = if (-3..6).contains(&power) { 0 } else { power.div_euclid(3) * 3 };
    // Digits after the point that the step needs, once the power of ten is taken out.
    let decimals = (-((step.log10() + 1e-9).floor() as i32) + exponent).clamp(0, 12) as usize;
    let unit = 10_f64.powi(exponent);
    // A step cannot be so small that there are many: widen() saw to it.
    let count = (last - first).clamp(0.0, 100.0) as usize;
    let ticks = (0..=count)
        .map(|k| {
            let value = (first + k as f64) * step;
            let label = format!("{:.decimals$}", value / unit).replace('-', "−");
            let zero = label.chars().all(|c| matches!(c, '−' | '0' | '.'));
            let label = if zero { label.replace('−', "") } else { label };
            Tick { value, label }
        })
        .collect();
    (ticks, exponent)
}

fn log_ticks(low: f64, high: f64) -> Vec<Tick> {
    let decades = high - low;
    let times: &[f64] = if decades > 4.0 {
        &[1.0]
    } else if decades > 2.6 {
        &[1.0, 3.0]
    } else {
        &[1.0, 2.0, 5.0]
    };
    let every = (decades / 8.0).ceil().max(1.0) as i32;
    let mut ticks = Vec::new();
    for decade in (low.floor() as i32)..=(high.ceil() as i32) {
        if decade.rem_euclid(every) != 0 {
            continue;
        }
        for times in times {
            let value = times * 10_f64.powi(decade);
            if (low - 1e-9..=high + 1e-9).contains(&value.log10()) {
                let label = if (-3..5).contains(&decade) {
                    format!("{:.*}", (-decade).max(0) as usize, value)
                } else {
                    format!("{times}e{}", signed(decade))
                };
                ticks.push(Tick { value, label });
            }
        }
    }
    ticks
}

/// The rectangle in which data is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Frame {
    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }
}

/// Size of tick labels.
pub(super) const TICK_SIZE: f64 = 11.0;
/// Room below a frame for tick labels and the title of the x axis.
pub(super) const BELOW: f64 = 44.0;

/// Room to the left of a frame for the labels and title of `y`.
pub(super) fn room_left(y: &Axis) -> f64 {
    y.label_width(TICK_SIZE) + 38.0
}

/// Draws grid, spines, ticks and titles. `x_title` is `None` for a panel that shares the x axis of
/// one below it.
pub(super) fn draw(
    scene: &mut Scene,
    frame: &Frame,
    x: &Axis,
    y: &Axis,
    x_title: Option<&str>,
    y_title: &str,
    label_room: f64,
) {
    let columns = x.ticks.iter().map(|tick| x.at(tick.value));
    let rows = y.ticks.iter().map(|tick| y.at(tick.value));
    let upright = columns.clone().map(|at| [(at, frame.top), (at, frame.bottom)]);
    let level = rows.clone().map(|at| [(frame.left, at), (frame.right, at)]);
    scene.rules(&upright.chain(level).collect::<Vec<_>>(), GRID, 1.0);
    let spines = [
        [(frame.left, frame.top), (frame.left, frame.bottom)],
        [(frame.left, frame.bottom), (frame.right, frame.bottom)],
    ];
    let x_ticks = columns.map(|at| [(at, frame.bottom), (at, frame.bottom + 4.0)]);
    let y_ticks = rows.map(|at| [(frame.left - 4.0, at), (frame.left, at)]);
    scene.rules(&spines.into_iter().chain(x_ticks).chain(y_ticks).collect::<Vec<_>>(), SPINE, 1.0);
    let style = TextStyle::new(Anchor::End).size(TICK_SIZE);
    for tick in &y.ticks {
        scene.text((frame.left - 7.0, y.at(tick.value) + 4.0), &tick.label, &style);
    }
    if let Some(title) = x_title {
        x_labels(scene, frame, x, title);
    }
    if !y_title.is_empty() {
        upright_title(scene, frame, y_title, frame.left - label_room);
    }
}

fn x_labels(scene: &mut Scene, frame: &Frame, x: &Axis, title: &str) {
    let style = TextStyle::new(Anchor::Middle).size(TICK_SIZE);
    let mut free = f64::NEG_INFINITY;
    for tick in &x.ticks {
        let (at, half) = (x.at(tick.value), text::width(&tick.label, TICK_SIZE) / 2.0);
        if at - half > free {
            scene.text((at, frame.bottom + 17.0), &tick.label, &style);
            free = at + half + 6.0;
        }
    }
    let middle = (frame.left + frame.right) / 2.0;
    scene.text((middle, frame.bottom + 36.0), title, &TextStyle::new(Anchor::Middle));
}

/// The title of the y axis, in two lines or smaller where the frame is low. `left` is where the
/// room for it starts.
fn upright_title(scene: &mut Scene, frame: &Frame, title: &str, left: f64) {
    let middle = (frame.top + frame.bottom) / 2.0;
    let room = frame.height() + 8.0;
    let mut style = TextStyle { upward: true, ..TextStyle::new(Anchor::Middle).colour(INK) };
    let shown = |t: &str| text::width(&t.replace("^{", "").replace('}', ""), 12.0);
    if shown(title) <= room {
        scene.text((left + 13.0, middle), title, &style);
        return;
    }
    let (name, unit) = match title.split_once(" (") {
        Some((name, unit)) => (name.to_string(), format!("({unit}")),
        None => (title.to_string(), String::new()),
    };
    style.size = (12.0 * room / shown(&name).max(shown(&unit)).max(1.0)).clamp(9.0, 12.0);
    scene.text((left + 8.0, middle), &text::fit(&name, style.size, room), &style);
    scene.text((left + 8.0 + style.size + 1.0, middle), &unit, &style);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(low: f64, high: f64) -> Vec<String> {
        Axis::linear((low, high), (0.0, 100.0), 5).ticks.into_iter().map(|t| t.label).collect()
    }

    #[test]
    fn ticks_at_round_numbers() {
        assert_eq!(labels(0.0, 200.0), ["0", "50", "100", "150", "200"]);
        assert_eq!(labels(-72.0, 41.0), ["−60", "−40", "−20", "0", "20", "40"]);
        assert_eq!(labels(-80.0, 20.0), ["−80", "−60", "−40", "−20", "0", "20"]);
        assert_eq!(labels(-0.1, 0.3), ["−0.1", "0.0", "0.1", "0.2", "0.3"]);
        assert_eq!(labels(0.0, 1.0), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(-65.0, -65.0), ["−68", "−66", "−64", "−62"], "a flat line has ticks around it");
    }

    #[test]
    fn far_numbers_have_a_common_power() {
        let axis = Axis::linear((0.0, 2.4e-6), (0.0, 100.0), 5);
        assert_eq!(axis.ticks[1].label, "0.5");
        assert_eq!(axis.title("Current", "nA"), "Current (10^{−6} nA)");
        let axis = Axis::linear((0.0, 3e7), (0.0, 100.0), 3);
        assert_eq!(axis.ticks.last().unwrap().label, "30");
        assert_eq!(axis.title("x", ""), "x (10^{6})");
    }

    #[test]
    fn log_ticks_in_decades() {
        let axis = Axis::log((0.01, 1000.0), (0.0, 100.0));
        let labels: Vec<_> = axis.ticks.iter().map(|t| t.label.as_str()).collect();
        assert_eq!(labels, ["0.01", "0.1", "1", "10", "100", "1000"]);
        assert!((axis.at(1.0) - 40.0).abs() < 1e-9);
    }

    proptest! {
        /// Whatever the range: some ticks but not many, inside it, with labels all different.
        #[test]
        fn any_range(low in -1e12..1e12_f64, width in 0.0..1e13_f64, small in -15..1_i32, wanted in 2..9_usize) {
            let factor = 10_f64.powi(small);
            let axis = Axis::linear((low * factor, (low + width) * factor), (0.0, 100.0), wanted);
            prop_assert!(axis.ticks.len() >= 2 && axis.ticks.len() <= 2 * wanted + 2, "{:?}", axis);
            let mut labels: Vec<_> = axis.ticks.iter().map(|t| &t.label).collect();
            labels.dedup();
            prop_assert_eq!(labels.len(), axis.ticks.len());
            for tick in &axis.ticks {
                prop_assert!((-0.1..100.1).contains(&axis.at(tick.value)));
            }
        }
    }
}
