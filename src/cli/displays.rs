//! Plots that a LEMS document asks for: curves thinned while the run goes on, then drawn.

use crate::engine::{Column, Table};
use crate::error::Result;
use crate::neuroml::Display;
use crate::output::DisplayUnit;
use crate::plot::{self, Scene, Trace, TraceOptions};
use crate::units::Dimension;

/// Stretches of time in which a curve keeps its lowest and its highest sample: more than a picture
/// has pixels.
const BINS: usize = 2000;
/// Most stretches of all curves of one plot together.
const ALL_BINS: usize = 400_000;
/// Fewest stretches of a curve.
const FEWEST_BINS: usize = 100;

/// The samples of one plot, as many as can be seen.
pub(super) struct Curves {
    display: Display,
    columns: Vec<Column>,
    /// Length of the run, s.
    duration_s: f64,
    bins: usize,
    /// For each curve its stretches so far.
    kept: Vec<Vec<Bin>>,
}

/// The lowest and the highest sample of a stretch, in their order: time in s, SI value.
#[derive(Debug, Clone, Copy)]
struct Bin {
    number: usize,
    low: (f64, f64),
    high: (f64, f64),
}

impl Curves {
    /// The curves of `display`, which are the columns of `table`.
    pub(super) fn new(display: &Display, table: &Table, duration_s: f64) -> Curves {
        let curves = table.columns.len();
        Curves {
            display: display.clone(),
            columns: table.columns.clone(),
            duration_s,
            bins: (ALL_BINS / curves.max(1)).clamp(FEWEST_BINS, BINS),
            kept: vec![Vec::new(); curves],
        }
    }

    /// Takes rows of a time and a value for each curve.
    pub(super) fn add(&mut self, rows: &[f64]) {
        for row in rows.chunks_exact(self.kept.len() + 1) {
            let (time, values) = (row[0], &row[1..]);
            // Times are from 0 to the duration; a cast saturates.
            let number = (time / self.duration_s * self.bins as f64) as usize;
            for (kept, &value) in self.kept.iter_mut().zip(values) {
                let point = (time, value);
                match kept.last_mut() {
                    Some(bin) if bin.number == number => {
                        // A value that is no number stays, so that the gap is seen.
                        if value < bin.low.1 || value.is_nan() {
                            bin.low = point;
                        }
                        if value > bin.high.1 {
                            bin.high = point;
                        }
                    }
                    _ => kept.push(Bin { number, low: point, high: point }),
                }
            }
        }
    }

    /// The name of the picture: the display's id, what is no letter or digit replaced.
    pub(super) fn stem(&self) -> String {
        let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' };
        self.display.id.chars().map(plain).collect()
    }

    /// The picture; none without curves.
    pub(super) fn scene(&self) -> Result<Option<Scene>> {
        let mut signals = Vec::new();
        for ((curve, column), bins) in self.display.curves.iter().zip(&self.columns).zip(&self.kept) {
            let mut trace = Trace {
                name: curve.label.clone(),
                unit: unit(column.dimension, curve.unit_si),
                t_ms: vec![],
                values: vec![],
            };
            for bin in bins {
                let (first, second) =
                    if bin.low.0 <= bin.high.0 { (bin.low, bin.high) } else { (bin.high, bin.low) };
                let both = [first, second];
                for (time, value) in both.into_iter().take(if first == second { 1 } else { 2 }) {
                    trace.t_ms.push(time * 1e3);
                    trace.values.push(value / curve.unit_si);
                }
            }
            signals.push(trace);
        }
        if signals.is_empty() {
            return Ok(None);
        }
        let colours = self.display.curves.iter().map(|c| c.colour.clone().unwrap_or_default()).collect();
        let options = TraceOptions { title: self.display.title.clone(), colours, ..TraceOptions::default() };
        plot::traces(&signals, &options).map(Some)
    }
}

/// The name of the unit of `dimension` that is `si` SI units.
fn unit(dimension: Dimension, si: f64) -> String {
    const PREFIXES: [(&str, f64); 9] = [
        ("", 1.0),
        ("m", 1e-3),
        ("µ", 1e-6),
        ("n", 1e-9),
        ("p", 1e-12),
        ("f", 1e-15),
        ("k", 1e3),
        ("M", 1e6),
        ("c", 1e-2),
    ];
    const BASES: [(Dimension, &str); 7] = [
        (Dimension::VOLTAGE, "V"),
        (Dimension::CURRENT, "A"),
        (Dimension::CONDUCTANCE, "S"),
        (Dimension::TIME, "s"),
        (Dimension::CAPACITANCE, "F"),
        (Dimension::CONCENTRATION, "M"),
        (Dimension::LENGTH, "m"),
    ];
    let same = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-9;
    let custom = DisplayUnit::of(dimension);
    if same(si, custom.scale) {
        return custom.label.into_owned();
    }
    // A mole per litre is 1000 moles per cubic metre.
    let base_si = if dimension == Dimension::CONCENTRATION { 1e3 } else { 1.0 };
    let base = BASES.iter().find(|(known, _)| *known == dimension);
    let prefix = PREFIXES.iter().find(|(_, factor)| same(si, factor * base_si));
    match (base, prefix) {
        (Some((_, base)), Some((prefix, _))) => format!("{prefix}{base}"),
        _ if dimension == Dimension::NONE => format!("× {si}"),
        _ if si == 1.0 => dimension.to_string(),
        _ => format!("{si:e} {dimension}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neuroml::Curve;

    #[test]
    fn units_have_their_names() {
        assert_eq!(unit(Dimension::VOLTAGE, 1e-3), "mV");
        assert_eq!(unit(Dimension::CURRENT, 1e-12), "pA");
        assert_eq!(unit(Dimension::CONDUCTANCE, 1.0), "S");
        assert_eq!(unit(Dimension::CONCENTRATION, 1e-3), "µM");
        assert_eq!(unit(Dimension::NONE, 1.0), "");
        assert_eq!(unit(Dimension::NONE, 0.5), "× 0.5");
    }

    #[test]
    fn thinning_keeps_the_extremes_and_little_else() {
        let curve = Curve { label: "v".into(), colour: None, unit_si: 1e-3 };
        let display =
            Display { title: "t".into(), id: "a b/c".into(), table: "d".into(), curves: vec![curve] };
        let column = Column { name: "v".into(), dimension: Dimension::VOLTAGE };
        let table = Table { file: "d".into(), interval_s: 1e-6, columns: vec![column] };
        let mut curves = Curves::new(&display, &table, 1.0);
        for step in 0..=1_000_000 {
            let spike = if step == 123_456 { 0.04 } else { -0.065 };
            curves.add(&[f64::from(step) * 1e-6, spike]);
        }
        assert!(curves.kept[0].len() <= BINS + 1);
        let highest = curves.kept[0].iter().map(|b| b.high).max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
        assert_eq!(highest, (0.123456, 0.04));
        assert_eq!(curves.stem(), "a_b_c");
        assert!(curves.scene().unwrap().unwrap().to_svg().contains("mV"));
    }
}
