//! Legends: what each colour means, to the right of a panel.

use super::axis::Frame;
use super::palette::{self, FAINT};
use super::scene::{Anchor, Scene, TextStyle};
use super::text;

/// An entry: its name, colour and dash.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub name: String,
    pub colour: String,
    pub dash: &'static str,
}

/// Entries for lines in the colours of the palette.
pub(super) fn entries<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> Vec<Entry> {
    let count = names.len();
    let entry = |(i, name): (usize, &String)| {
        let (colour, dash) = palette::line(i, count);
        Entry { name: name.clone(), colour, dash }
    };
    names.enumerate().map(entry).collect()
}

const SIZE: f64 = 11.0;
const ROW: f64 = 16.0;
const SWATCH: f64 = 18.0;
const GAP: f64 = 6.0;
/// Distance from the frame.
const MARGIN: f64 = 12.0;
/// Widest name that is written in full.
const WIDEST: f64 = 190.0;

/// Room to the right of a frame for these entries.
pub(super) fn room<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> f64 {
    let widest = entries.into_iter().map(|e| text::width(&e.name, SIZE)).fold(0.0, f64::max);
    if widest == 0.0 { 0.0 } else { MARGIN + SWATCH + GAP + widest.min(WIDEST) }
}

/// Draws `entries` to the right of `frame`, from its top. Those for which there is no room are
/// counted.
pub(super) fn draw(scene: &mut Scene, frame: &Frame, entries: &[Entry]) {
    let rows = ((frame.height() / ROW).floor() as usize).max(1);
    let shown = pick(entries.len(), rows);
    let left = frame.right + MARGIN;
    for (row, index) in shown.iter().enumerate() {
        let y = frame.top + ROW * (row as f64 + 0.5);
        let Some(entry) = index.and_then(|i| entries.get(i)) else {
            let hidden = entries.len() - shown.iter().flatten().count();
            let style = TextStyle::new(Anchor::Start).size(SIZE).colour(FAINT);
            scene.text((left + SWATCH + GAP, y + 4.0), &format!("… {hidden} more"), &style);
            continue;
        };
        scene.polyline(&[(left, y), (left + SWATCH, y)], &entry.colour, 2.0, entry.dash);
        let name = text::fit(&entry.name, SIZE, WIDEST);
        let style = TextStyle::new(Anchor::Start).size(SIZE);
        scene.text((left + SWATCH + GAP, y + 4.0), &name, &style);
    }
}

/// Which of `count` entries to show in `rows` rows: all, or the first ones and the last with a row
/// in between (`None`) that counts the rest.
fn pick(count: usize, rows: usize) -> Vec<Option<usize>> {
    if count <= rows {
        return (0..count).map(Some).collect();
    }
    let head = rows.saturating_sub(2).max(1);
    let mut shown: Vec<Option<usize>> = (0..head).map(Some).collect();
    if rows >= 2 {
        shown.push(None);
    }
    if rows >= 3 {
        shown.push(Some(count - 1));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_and_last_are_shown() {
        assert_eq!(pick(3, 5), [Some(0), Some(1), Some(2)]);
        assert_eq!(pick(50, 4), [Some(0), Some(1), None, Some(49)]);
        assert_eq!(pick(50, 1), [Some(0)]);
    }
}
