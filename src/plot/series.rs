//! Sampled curves as lines of few points: what a screen can show and no more.

use super::axis::Axis;

/// Columns of the grid per pixel: two, so that a picture printed at twice its size is still sharp.
const PER_PIXEL: f64 = 2.0;
/// Furthest that a sample may lie from the line that stands for it, pixels.
const TOLERANCE: f64 = 0.1;

/// The lines that show samples `y` at `x` (rising) on the given axes. Runs of samples in one pixel
/// column are shown by the first, the lowest, the highest and the last, in the order in which they
/// occur, so no extreme is lost. Values that are not finite leave gaps: a line for each stretch.
pub(super) fn lines(x: &[f64], y: &[f64], x_axis: &Axis, y_axis: &Axis) -> Vec<Vec<(f64, f64)>> {
    let mut lines = Vec::new();
    let mut line: Vec<(f64, f64)> = Vec::new();
    let mut run = Run::default();
    for (x, y) in x.iter().zip(y) {
        if !y.is_finite() || !x.is_finite() {
            run.end(&mut line);
            if !line.is_empty() {
                lines.push(simplify(&line));
                line.clear();
            }
            continue;
        }
        let point = (x_axis.at(*x), y_axis.at(*y));
        // Pixel columns are small numbers; a cast saturates beyond.
        let column = (point.0 * PER_PIXEL).floor() as i64;
        if column != run.column {
            run.end(&mut line);
            run.column = column;
        }
        run.add(point);
    }
    run.end(&mut line);
    if !line.is_empty() {
        lines.push(simplify(&line));
    }
    lines
}

/// Drops points of a line, rising in x, that lie on the way from the one kept before them to the
/// next one kept, within [`TOLERANCE`]. From the last kept point, each point opens a window of
/// slopes that pass it; once the windows have nothing in common, the point before is kept (Sklansky
/// and Gonzalez, Pattern Recognition 12, 1980).
fn simplify(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::new();
    let mut previous: Option<(f64, f64)> = None;
    let mut slopes = (f64::NEG_INFINITY, f64::INFINITY);
    for point in points {
        let Some(anchor) = kept.last().copied() else {
            kept.push(*point);
            continue;
        };
        let run = point.0 - anchor.0;
        let slope = (point.1 - anchor.1) / run;
        let reachable = run > 1e-9 && (slopes.0..=slopes.1).contains(&slope);
        if let Some(corner) = previous.filter(|_| !reachable) {
            kept.push(corner);
            slopes = (f64::NEG_INFINITY, f64::INFINITY);
        }
        let from = kept.last().copied().unwrap_or(anchor);
        let run = point.0 - from.0;
        if run > 1e-9 {
            let rise = point.1 - from.1;
            slopes.0 = slopes.0.max((rise - TOLERANCE) / run);
            slopes.1 = slopes.1.min((rise + TOLERANCE) / run);
        } else {
            // A vertical stroke: nothing may be left out behind it.
            slopes = (f64::INFINITY, f64::NEG_INFINITY);
        }
        previous = Some(*point);
    }
    kept.extend(previous);
    kept
}

/// The samples of one pixel column.
#[derive(Default)]
struct Run {
    column: i64,
    count: usize,
    first: (f64, f64),
    last: (f64, f64),
    low: (usize, (f64, f64)),
    high: (usize, (f64, f64)),
}

impl Run {
    fn add(&mut self, point: (f64, f64)) {
        if self.count == 0 {
            self.first = point;
            self.low = (0, point);
            self.high = (0, point);
        } else {
            if point.1 < self.low.1.1 {
                self.low = (self.count, point);
            }
            if point.1 > self.high.1.1 {
                self.high = (self.count, point);
            }
        }
        self.last = point;
        self.count += 1;
    }

    fn end(&mut self, line: &mut Vec<(f64, f64)>) {
        if self.count > 0 {
            let (a, b) =
                if self.low.0 <= self.high.0 { (self.low, self.high) } else { (self.high, self.low) };
            line.push(self.first);
            for (index, point) in [a, b] {
                if index > 0 && index + 1 < self.count && line.last() != Some(&point) {
                    line.push(point);
                }
            }
            if self.count > 1 {
                line.push(self.last);
            }
        }
        self.count = 0;
    }
}

/// Lowest and highest finite value of all; `None` if there is none.
pub(super) fn range<'a>(values: impl IntoIterator<Item = &'a f64>) -> Option<(f64, f64)> {
    let finite = values.into_iter().filter(|v| v.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    (low <= high).then_some((low, high))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn axes() -> (Axis, Axis) {
        (Axis::linear((0.0, 1.0), (0.0, 100.0), 5), Axis::linear((-1e3, 1e3), (1e3, -1e3), 5))
    }

    #[test]
    fn gaps_where_values_are_missing() {
        let (x, y) = axes();
        let values = [1.0, 2.0, f64::NAN, 3.0, f64::INFINITY, f64::NAN, 4.0];
        let times: Vec<f64> = (0..7).map(|i| f64::from(i) / 7.0).collect();
        let lines = lines(&times, &values, &x, &y);
        assert_eq!(lines.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1, 1]);
        assert!(super::lines(&[], &[], &x, &y).is_empty());
    }

    #[test]
    fn straight_runs_need_two_points() {
        let (x, y) = axes();
        let times: Vec<f64> = (0..1000).map(|i| f64::from(i) / 1000.0).collect();
        let step: Vec<f64> = times.iter().map(|t| if *t < 0.5 { 0.0 } else { 500.0 }).collect();
        let drawn = lines(&times, &step, &x, &y);
        assert!(drawn[0].len() <= 6, "{drawn:?}");
        assert_eq!(drawn[0].first().map(|p| p.1), Some(y.at(0.0)));
        assert_eq!(drawn[0].last().map(|p| p.1), Some(y.at(500.0)));
    }

    proptest! {
        /// Every extreme survives, order in x is kept, and the number of points is bounded.
        #[test]
        fn extremes_survive(values in proptest::collection::vec(-1e3..1e3_f64, 1..5000)) {
            let (x, y) = axes();
            let n = values.len();
            let times: Vec<f64> = (0..n).map(|i| i as f64 / n as f64).collect();
            let drawn = lines(&times, &values, &x, &y);
            let near = |a: Option<(f64, f64)>, b: Option<(f64, f64)>| match (a, b) {
                (Some(a), Some(b)) => (a.0 - b.0).abs() <= 2.0 * TOLERANCE && (a.1 - b.1).abs() <= 2.0 * TOLERANCE,
                _ => false,
            };
            prop_assert_eq!(drawn.len(), 1);
            let line = &drawn[0];
            prop_assert!(line.len() <= 4 * 201);
            prop_assert!(line.windows(2).all(|w| w[0].0 <= w[1].0));
            let (low, high) = range(&values).unwrap();
            let drawn_range = range(line.iter().map(|p| &p.1)).unwrap();
            prop_assert!(near(Some(drawn_range), Some((y.at(high), y.at(low)))));
            // Every sample lies within the height of the line in its pixel column or next to it.
            for (t, v) in times.iter().zip(&values) {
                let (px, py) = (x.at(*t), y.at(*v));
                let around = line.windows(2).filter(|w| w[0].0 <= px + 0.5 && w[1].0 >= px - 0.5);
                let around = range(around.flatten().map(|p| &p.1)).unwrap_or((py, py));
                prop_assert!(around.0 - TOLERANCE <= py && py <= around.1 + TOLERANCE);
            }
        }
    }
}
