//! The SWC reader on a corpus of files from many tools, against what those tools say of them, and on
//! files that are wrong.
//!
//! The corpus is looked for in `$NEUROPIL_CORPUS`, else in `../shared/corpus`; without it these tests
//! say so and pass.

use neuropil::morph::{Metrics, Morphology, Point, SectionKind, swc};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

fn corpus() -> Option<PathBuf> {
    let path = std::env::var_os("NEUROPIL_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"), PathBuf::from);
    let there = path.join("swc/index.csv").is_file();
    if !there {
        println!("skipped: no corpus at {}", path.display());
    }
    there.then_some(path)
}

/// Rows of a CSV file as maps from column to value.
fn table(path: &Path) -> Vec<HashMap<String, String>> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut rows = vec![vec![String::new()]];
    let mut quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let row = rows.last_mut().unwrap();
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                row.last_mut().unwrap().push('"');
                letters.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(String::new()),
            '\r' if !quoted => {}
            '\n' if !quoted => rows.push(vec![String::new()]),
            other => row.last_mut().unwrap().push(other),
        }
    }
    let header = rows.remove(0);
    rows.retain(|row| row.len() == header.len());
    rows.into_iter().map(|row| header.iter().cloned().zip(row).collect()).collect()
}

fn number(row: &HashMap<String, String>, column: &str) -> Option<f64> {
    row[column].parse().ok()
}

/// What differs from every tool: each metric must be near to one of its candidates.
fn differences(metrics: &Metrics, row: &HashMap<String, String>) -> Vec<String> {
    let mut found = Vec::new();
    let mut near = |name: &str, value: f64, columns: &[&str], more: Option<f64>, tolerance: f64| {
        let known: Vec<f64> = columns.iter().filter_map(|c| number(row, c)).chain(more).collect();
        let fits = known.iter().any(|k| (value - k).abs() <= tolerance * k.abs().max(1e-9));
        if !known.is_empty() && !fits {
            found.push(format!("{name} {value}, tools {known:?}"));
        }
    };
    let m = metrics;
    let linked = number(row, "plain.neurite_length")
        .map(|length| length + number(row, "plain.soma_link_length").unwrap_or(0.0));
    near("n_samples", m.n_samples as f64, &["plain.n_samples"], None, 0.0);
    near("n_tips", m.n_tips as f64, &["plain.n_tips"], None, 0.0);
    near("n_branch_points", m.n_branch_points as f64, &["plain.n_branch_points"], None, 0.0);
    let lengths = ["plain.neurite_length", "neurom.total_length"];
    near("neurite_length", m.neurite_length, &lengths, linked, 1e-4);
    near("neurite_area", m.neurite_area, &["plain.neurite_area", "neurom.total_area"], None, 1e-3);
    let volumes = ["plain.neurite_volume", "neurom.total_volume"];
    near("neurite_volume", m.neurite_volume, &volumes, None, 1e-3);
    let sections = [
        "neurom.n_sections",
        "morphio.n_sections",
        "neuron.n_sections",
        "arbor_neuron.n_branches",
        "arbor_arbor.n_branches",
    ];
    near("n_sections", m.n_sections as f64, &sections, None, 0.0);
    let totals = ["arbor_arbor.total_length", "arbor_neuron.total_length", "neuron.total_length"];
    near("total_length", m.total_length, &totals, None, 1e-4);
    let totals = ["arbor_arbor.total_area", "arbor_neuron.total_area", "neuron.total_area"];
    near("total_area", m.total_area, &totals, None, 1e-3);
    let paths = ["plain.max_path_from_root", "neurom.max_path_distance", "neuron.max_path_from_root_middle"];
    near("max_path", m.max_path, &paths, None, 1e-4);
    found
}

/// Files that all tools accept are accepted with numbers that one of them gives; files that all refuse
/// are refused.
#[test]
fn corpus_files_read_as_other_tools_read_them() {
    let Some(corpus) = corpus() else { return };
    let metrics: HashMap<String, HashMap<String, String>> =
        table(&corpus.join("swc/metrics.csv")).into_iter().map(|row| (row["file"].clone(), row)).collect();
    let mut failures = Vec::new();
    let (mut same, mut differing, mut refused) = (0, 0, 0);
    for row in table(&corpus.join("swc/index.csv")) {
        let file = &row["file"];
        let says = ["morphio", "neurom", "neuron", "arbor_swc_neuron"].map(|tool| row[tool] == "ok");
        let (all, none) = (says.iter().all(|ok| *ok), says.iter().all(|ok| !ok));
        match swc::read(corpus.join("swc/files").join(file)) {
            Ok(_) if none => failures.push(format!("{file}: every tool refuses it")),
            Ok(reading) => {
                let differences = differences(&Metrics::of(&reading), &metrics[file]);
                if differences.is_empty() {
                    same += 1;
                } else if all {
                    failures.push(format!("{file}: {differences:?}"));
                } else {
                    differing += 1;
                    println!("{file}: differs, as the tools do: {differences:?}");
                }
            }
            Err(error) if all => failures.push(format!("{file}: every tool accepts it: {error}")),
            Err(_) => refused += 1,
        }
    }
    println!("{same} as a tool, {differing} differing where tools differ, {refused} refused");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(same + refused >= 118, "{same} + {refused}");
}

#[test]
fn wrong_files_are_refused_with_their_line() {
    let Some(corpus) = corpus() else { return };
    for row in table(&corpus.join("bad/index.csv")).iter().filter(|row| row["case"].starts_with("swc_")) {
        let (case, path) = (&row["case"], corpus.join("bad").join(&row["case"]).join(&row["main"]));
        match (swc::read(&path), row["verdict"].as_str()) {
            (Ok(_), "reject") => panic!("{case} was accepted"),
            (Err(error), "accept") => panic!("{case} was refused: {error}"),
            (Err(error), _) => {
                assert!(error.place().file.is_some(), "{case}: {error}");
                let whole_file = case == "swc_empty";
                assert_eq!(error.place().line == 0, whole_file, "{case}: {error}");
            }
            (Ok(reading), _) => {
                let totals = Metrics::of(&reading);
                assert!(totals.total_area > 0.0, "{case}");
            }
        }
    }
}

/// What differs between two cells beyond the numbers of segments in their files.
fn unlike(a: &Morphology, b: &Morphology) -> Option<String> {
    if a.sections.len() != b.sections.len() {
        return Some(format!("{} sections and {}", a.sections.len(), b.sections.len()));
    }
    for id in a.section_ids() {
        let (one, two) = (a.section(id), b.section(id));
        let points = |m: &Morphology| -> Vec<Point> {
            m.segments_of(id).iter().flat_map(|segment| [segment.proximal, segment.distal]).collect()
        };
        // A sphere's ends come from its centre again: the last digits may differ.
        let near = |a: &Point, b: &Point| a.distance(*b) < 1e-9 && (a.diameter - b.diameter).abs() < 1e-9;
        if (&one.name, one.kind, one.parent) != (&two.name, two.kind, two.parent) {
            return Some(format!("{one:?} and {two:?}"));
        }
        if points(a).len() != points(b).len() || !points(a).iter().zip(&points(b)).all(|(a, b)| near(a, b)) {
            return Some(format!("{}: {:?} and {:?}", one.name, points(a), points(b)));
        }
    }
    None
}

/// Cells written as SWC come back as they were. Left out are cells whose soma has several sections.
#[test]
fn corpus_files_survive_writing() {
    let Some(corpus) = corpus() else { return };
    let mut count = 0;
    for row in table(&corpus.join("swc/index.csv")) {
        let Ok(reading) = swc::read(corpus.join("swc/files").join(&row["file"])) else { continue };
        let cell = reading.morphology;
        if cell.sections.iter().filter(|section| section.kind == SectionKind::Soma).count() > 1 {
            continue;
        }
        let (text, warnings) = swc::to_text(&cell);
        let again = swc::read_str(&text, &row["file"]).unwrap().morphology;
        let difference = unlike(&cell, &again);
        assert!(difference.is_none(), "{}: {}\n{warnings:?}", row["file"], difference.unwrap());
        count += 1;
    }
    println!("{count} cells written and read");
    assert!(count > 95, "{count}");
}
