//! Every cell of the corpus of published models becomes a cell with a shape.
//!
//! The corpus is not part of the project: `NEUROPIL_CORPUS` names its folder (else
//! `../shared/corpus`); without it the test says that it skips.

use std::path::{Path, PathBuf};

use neuropil::lems::Set;
use neuropil::library;
use neuropil::morph::Geometry;
use neuropil::neuroml::shaped;

fn corpus() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = std::env::var_os("NEUROPIL_CORPUS").map_or(root.join("../shared/corpus"), PathBuf::from);
    let neuroml = path.join("neuroml");
    if neuroml.is_dir() {
        return Some(neuroml);
    }
    eprintln!("skipped: there is no corpus at {} (set NEUROPIL_CORPUS)", neuroml.display());
    None
}

/// The main file of each case.
fn cases(corpus: &Path) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(corpus).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(text) = std::fs::read_to_string(folder.join("case.toml")) else { continue };
        let main = text.lines().find_map(|line| line.strip_prefix("main = ")).unwrap();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        found.push((name, folder.join(main.trim_matches('"'))));
    }
    found.sort();
    found
}

#[test]
fn every_cell_of_the_corpus_has_a_shape() {
    let Some(corpus) = corpus() else { return };
    let only = std::env::var("NEUROPIL_CASE").ok();
    let mut count = 0;
    let mut wrong = Vec::new();
    for (name, main) in cases(&corpus) {
        if only.as_ref().is_some_and(|only| !name.contains(only)) {
            continue;
        }
        let mut set: Set = library::core().unwrap().clone();
        // Plain LEMS with types of its own in place of the core's has no such cells.
        if set.read_file(&main, &library::resolver()).is_err() {
            continue;
        }
        for component in set.components().filter(|c| set.is_a(&c.component_type, "cell")) {
            count += 1;
            let id = component.id.clone().unwrap_or_default();
            match shaped(&set, component) {
                Err(error) => wrong.push(format!("{name}: {id}: {error}")),
                Ok(cell) => {
                    let morphology = &cell.cell.morphology;
                    let geometry = Geometry::of(morphology);
                    let area: f64 = morphology.section_ids().map(|s| geometry.area_um2(s, 0.0, 1.0)).sum();
                    assert_eq!(cell.segments.len(), morphology.segments.len(), "{name}: {id}");
                    assert!(cell.segments.windows(2).all(|pair| pair[0].id < pair[1].id));
                    assert!(area > 0.0 && (area / geometry.total_area_um2() - 1.0).abs() < 1e-9);
                    for place in &cell.segments {
                        let middle = cell.location(place.id, 0.5).unwrap();
                        assert!(place.proximal.fraction <= middle.fraction);
                        assert!(middle.fraction <= place.distal.fraction);
                    }
                    for warning in &cell.warnings {
                        println!("{name}: {id}: {warning}");
                    }
                    println!(
                        "{name}: {id}: {} segments, {} sections, {area:.1} um2, {} densities, {} pools",
                        cell.segments.len(),
                        morphology.sections.len(),
                        cell.cell.densities.len(),
                        cell.cell.pools.len()
                    );
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(only.is_some() || count > 70, "{count} cells");
}
