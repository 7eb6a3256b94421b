//! Selections on real reconstructions.

use crate::cell::Cell;
use neuropil::morph::swc;
use neuropil::select::Region;
use std::path::{Path, PathBuf};

fn files() -> Vec<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let corpus = std::env::var_os("NEUROPIL_CORPUS").map_or(beside, PathBuf::from);
    let mut files = Vec::new();
    let mut open = vec![corpus.join("swc")];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|end| end == "swc") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

#[test]
fn parts_add_up_to_the_whole_on_every_reconstruction() {
    let files = files();
    if files.is_empty() {
        println!("skipped: no reconstructions here (NEUROPIL_CORPUS)");
        return;
    }
    let mut seen = 0;
    for path in files {
        let Ok(reading) = swc::read(&path) else { continue };
        let cell = Cell::new(reading.morphology);
        let total = cell.geometry.total_length_um();
        if total <= 0.0 {
            continue;
        }
        seen += 1;
        let length = |text: &str| {
            let region: Region = text.parse().unwrap();
            region.evaluate(&cell.cable()).map_or(0.0, |cover| cover.length_um(&cell.geometry))
        };
        for measure in ["path_distance", "euclidean_distance", "diameter"] {
            for limit in ["0.7 um", "50 um", "123.456 um"] {
                let sum = length(&format!("{measure} < {limit}")) + length(&format!("{measure} >= {limit}"));
                assert!((sum - total).abs() < 1e-6 * total, "{path:?} {measure} {limit}: {sum}, not {total}");
            }
        }
        let named = "soma | axon | dendrites | custom(0) | custom(5) | custom(6) | custom(7)";
        let sum = length(named) + length(&format!("all - ({named})"));
        assert!((sum - total).abs() < 1e-6 * total, "{path:?}: {sum}, not {total}");
    }
    println!("{seen} reconstructions");
    assert!(seen > 0);
}
