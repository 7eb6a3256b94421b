//! Labels beside marks: near them, off the cable, and never on each other.

use std::f64::consts::TAU;

/// A rectangle by its corners.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Rect {
    /// The rectangle of `size` around `centre`.
    pub fn around(centre: (f64, f64), size: (f64, f64)) -> Rect {
        Rect {
            left: centre.0 - size.0 / 2.0,
            top: centre.1 - size.1 / 2.0,
            right: centre.0 + size.0 / 2.0,
            bottom: centre.1 + size.1 / 2.0,
        }
    }

    pub fn overlaps(&self, other: &Rect) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    /// The smallest rectangle around both.
    pub fn with(&self, other: &Rect) -> Rect {
        Rect {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// The point of the rectangle nearest to `p`.
    pub fn nearest(&self, p: (f64, f64)) -> (f64, f64) {
        (p.0.clamp(self.left, self.right), p.1.clamp(self.top, self.bottom))
    }
}

/// Where cable is: a grid of cells of a few pixels.
pub(super) struct Cover {
    bounds: Rect,
    columns: usize,
    rows: usize,
    cells: Vec<bool>,
}

const CELL: f64 = 4.0;

impl Cover {
    /// An empty grid over `bounds`, at most a few million cells large.
    pub fn new(bounds: Rect) -> Cover {
        let cells = |size: f64| ((size / CELL).ceil() as usize).clamp(1, 2000);
        let (columns, rows) = (cells(bounds.width()), cells(bounds.height()));
        Cover { bounds, columns, rows, cells: vec![false; columns * rows] }
    }

    /// Marks a line.
    pub fn mark(&mut self, from: (f64, f64), to: (f64, f64)) {
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let steps = (length / CELL).ceil().min(4000.0) as usize;
        for i in 0..=steps {
            let part = if steps == 0 { 0.0 } else { i as f64 / steps as f64 };
            let x = from.0 + (to.0 - from.0) * part - self.bounds.left;
            let y = from.1 + (to.1 - from.1) * part - self.bounds.top;
            let (column, row) = ((x / CELL) as usize, (y / CELL) as usize);
            if x >= 0.0 && y >= 0.0 && column < self.columns && row < self.rows {
                self.cells[row * self.columns + column] = true;
            }
        }
    }

    /// Marks a piece of cable with its width.
    pub fn mark_thick(&mut self, from: (f64, f64), to: (f64, f64), radius: f64) {
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        if radius < CELL || length == 0.0 {
            self.mark(from, to);
            return;
        }
        let across = (-(to.1 - from.1) / length, (to.0 - from.0) / length);
        let lines = (radius / CELL).ceil().min(200.0) as i32;
        for line in -lines..=lines {
            let off = radius * f64::from(line) / f64::from(lines);
            let moved = |p: (f64, f64)| (p.0 + across.0 * off, p.1 + across.1 * off);
            self.mark(moved(from), moved(to));
        }
    }

    /// Number of marked cells under `rect`.
    fn under(&self, rect: &Rect) -> usize {
        let cell = |v: f64, low: f64, count: usize| (((v - low) / CELL).max(0.0) as usize).min(count);
        let columns = cell(rect.left, self.bounds.left, self.columns)
            ..cell(rect.right + CELL, self.bounds.left, self.columns);
        let rows =
            cell(rect.top, self.bounds.top, self.rows)..cell(rect.bottom + CELL, self.bounds.top, self.rows);
        rows.map(|row| {
            self.cells[row * self.columns..][columns.clone()].iter().filter(|marked| **marked).count()
        })
        .sum()
    }
}

/// A label to be placed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// The mark that it belongs to.
    pub mark: (f64, f64),
    /// Width and height.
    pub size: (f64, f64),
}

/// A place for each label, near its mark, clear of `taken`, of each other, and
/// of cable as far as may be.
pub(super) fn place(labels: &[Wanted], cover: &Cover, taken: &[Rect]) -> Vec<Rect> {
    let mut taken = taken.to_vec();
    let mut out = Vec::with_capacity(labels.len());
    for Wanted { mark, size } in labels {
        let mut best: Option<(f64, Rect)> = None;
        for ring in 0..40 {
            let distance = 9.0 + 7.0 * f64::from(ring);
            // Further out nothing can be cheaper.
            if best.as_ref().is_some_and(|(cost, _)| *cost < distance) {
                break;
            }
            for direction in 0..16 {
                let (sin, cos) = (f64::from(direction) * TAU / 16.0).sin_cos();
                let centre =
                    (mark.0 + cos * (distance + size.0 / 2.0), mark.1 - sin * (distance + size.1 / 2.0));
                let rect = Rect::around(centre, *size);
                if taken.iter().any(|other| rect.overlaps(other)) {
                    continue;
                }
                // To the right reads best, then above.
                let turn = 1.5 * (1.0 - cos) + 0.5 * (1.0 - sin);
                let cost = distance + turn + 4.0 * cover.under(&rect) as f64;
                if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                    best = Some((cost, rect));
                }
            }
        }
        let rect = match best {
            Some((_, rect)) => rect,
            // Hundreds of labels on one spot: stack them below everything.
            None => {
                let lowest = taken.iter().map(|r| r.bottom).fold(mark.1, f64::max);
                Rect::around((mark.0, lowest + size.1), *size)
            }
        };
        taken.push(rect);
        out.push(rect);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_avoid_cable() {
        let mut cover = Cover::new(Rect { left: -200.0, top: -200.0, right: 200.0, bottom: 200.0 });
        // Cable everywhere to the right of the mark.
        for y in -50..50 {
            cover.mark((0.0, f64::from(y) * 2.0), (200.0, f64::from(y) * 2.0));
        }
        let rect = place(&[Wanted { mark: (0.0, 0.0), size: (60.0, 14.0) }], &cover, &[])[0];
        assert!(rect.right < 1.0, "{rect:?}");
    }

    proptest! {
        #[test]
        fn labels_never_overlap(marks in proptest::collection::vec((0.0..100.0_f64, 0.0..100.0_f64, 10.0..120.0_f64), 1..40)) {
            let cover = Cover::new(Rect { left: 0.0, top: 0.0, right: 100.0, bottom: 100.0 });
            let labels: Vec<_> = marks.iter().map(|(x, y, w)| Wanted { mark: (*x, *y), size: (*w, 14.0) }).collect();
            let taken: Vec<_> = labels.iter().map(|w| Rect::around(w.mark, (10.0, 10.0))).collect();
            let placed = place(&labels, &cover, &taken);
            for (i, a) in placed.iter().enumerate() {
                prop_assert!(placed[..i].iter().chain(&taken).all(|b| !a.overlaps(b)));
            }
        }
    }
}
