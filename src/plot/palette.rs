//! Colours that people with any colour vision tell apart.

use crate::morph::SectionKind;

/// The palette of Okabe and Ito (Color Universal Design, 2008), without its yellow, which is lost
/// on white.
pub(super) const LINES: [&str; 7] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];

pub(super) const INK: &str = "#222222";
pub(super) const FAINT: &str = "#767676";
pub(super) const GRID: &str = "#e8e8e8";
pub(super) const SPINE: &str = "#444444";

/// Dashes for the second and third round through the palette.
const DASHES: [&str; 3] = ["", "6 3", "2 2.5"];

/// Most lines that colour and dash can tell apart.
pub(super) const DISTINCT: usize = LINES.len() * 2;

/// Colour and dash pattern of line `index` of `count`: the palette, then dashes; with more lines
/// than that, an even walk through viridis, so that neighbours look alike and order is seen.
pub(super) fn line(index: usize, count: usize) -> (String, &'static str) {
    if count <= DISTINCT {
        let dash = DASHES[(index / LINES.len()).min(DASHES.len() - 1)];
        (LINES[index % LINES.len()].to_string(), dash)
    } else {
        (viridis(index as f64 / (count - 1) as f64 * 0.92), "")
    }
}

/// The colour at `x` (0 to 1) of viridis (van der Walt and Smith, 2015), interpolated between nine
/// of its points.
pub(super) fn viridis(x: f64) -> String {
    const POINTS: [[f64; 3]; 9] = [
        [68.0, 1.0, 84.0],
        [71.0, 44.0, 122.0],
        [59.0, 81.0, 139.0],
        [44.0, 113.0, 142.0],
        [33.0, 144.0, 141.0],
        [39.0, 173.0, 129.0],
        [92.0, 200.0, 99.0],
        [170.0, 220.0, 50.0],
        [253.0, 231.0, 37.0],
    ];
    let x = if x.is_finite() { x.clamp(0.0, 1.0) } else { 0.0 } * 8.0;
    let low = (x as usize).min(7);
    let fraction = x - low as f64;
    let mix = |c: usize| (POINTS[low][c] + (POINTS[low + 1][c] - POINTS[low][c]) * fraction).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2))
}

/// The colour of a kind of section.
pub(super) fn kind(kind: SectionKind) -> &'static str {
    match kind {
        SectionKind::Soma => "#333333",
        SectionKind::Axon => "#0072b2",
        SectionKind::BasalDendrite => "#009e73",
        SectionKind::ApicalDendrite => "#cc79a7",
        SectionKind::Undefined => "#8c8c8c",
        SectionKind::Custom(code) => ["#e69f00", "#56b4e9", "#a6761d"][code as usize % 3],
    }
}

/// What a legend calls a kind of section.
pub(super) fn kind_name(kind: SectionKind) -> String {
    match kind {
        SectionKind::Soma => "soma".into(),
        SectionKind::Axon => "axon".into(),
        SectionKind::BasalDendrite => "basal dendrite".into(),
        SectionKind::ApicalDendrite => "apical dendrite".into(),
        SectionKind::Undefined => "undefined".into(),
        SectionKind::Custom(code) => format!("type {code}"),
    }
}
