//! The sample cells: they are what their generator makes and what their README says, and they read
//! without a doubt.

#[path = "../examples/grow_morphologies/cells.rs"]
mod cells;
#[path = "../examples/grow_morphologies/grow.rs"]
mod grow;

use neuropil::morph::{Metrics, swc};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("morphologies")
}

#[test]
fn growing_gives_the_same_bytes_again() {
    for (name, text) in cells::all() {
        let kept = std::fs::read_to_string(folder().join(name)).unwrap();
        assert!(kept == text, "{name} differs: run `cargo run --example grow_morphologies`");
    }
}

#[test]
fn the_cells_are_what_the_readme_says() {
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    for (name, _) in cells::all() {
        let reading = swc::read(folder().join(name)).unwrap();
        assert!(reading.warnings.is_empty(), "{name}: {:?}", reading.warnings);
        let m = Metrics::of(&reading);
        let length = |kind: &str| m.by_kind.get(kind).map_or(0.0, |kind| kind.length);
        let row = format!(
            "| {name} | {} | {} | {} | {:.0} | {:.0} | {:.0} | {:.0} |",
            m.n_samples,
            m.n_cable_sections,
            m.n_tips,
            length("dend") + length("apic"),
            length("axon"),
            m.total_area,
            m.max_path_from_soma,
        );
        assert!(readme.contains(&row), "the README lacks the row\n{row}");
        let thinnest = reading.morphology.segments.iter().map(|segment| segment.distal.diameter);
        assert!(thinnest.fold(f64::INFINITY, f64::min) >= 0.3, "{name} has implausibly thin cable");
        let longest = reading.morphology.segments.iter().skip(2).map(|segment| segment.length());
        assert!(longest.fold(0.0, f64::max) < 13.0, "{name} has a gap between samples");
    }
}
