//! The LEMS reader on published files: NeuroML's core types and the models of the corpus.

use std::path::{Path, PathBuf};

use neuropil::lems::{Files, Set};

fn corpus() -> Option<PathBuf> {
    let path = std::env::var_os("NEUROPIL_CORPUS")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"));
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: there is no corpus at {}", path.display());
    None
}

/// The text with the dimensions of [`KNOWN_SLIPS`] put right.
fn mended(text: &str) -> String {
    text.replace("name=\"pOpen\" dimension=\"voltage\"", "name=\"pOpen\" dimension=\"none\"")
        .replace(
            "<Case condition=\"ca_conc_ext .gt. 0\" value=\"gDensity * pOpen\"/>",
            "<Case condition=\"ca_conc_ext .gt. 0\" value=\"gDensity * pOpen * VOLT_SCALE\"/>",
        )
        .replace("value=\"-Si/150.0\"", "value=\"-Si/150.0/MSEC\"")
        .replace("value=\"-Wi/2.0\"", "value=\"-Wi/2.0/MSEC\"")
        .replace("<Exposure name=\"A\" dimension=\"current\"/>", "<Exposure name=\"A\" dimension=\"none\"/>")
}

/// The published core types as built-in documents.
fn core(corpus: &Path) -> Vec<(String, String)> {
    let folder = corpus.join("neuroml-spec/NeuroML2CoreTypes");
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        out.push((name, mended(&text)));
    }
    out.sort();
    out
}

/// Equations of the published core types whose dimensions do not hold. The reference implementation
/// lets them pass; here a model that uses such a type gets neuropil's own definition of it.
const KNOWN_SLIPS: &[&str] = &[
    // A permeability-like factor called a voltage.
    "'pOpen'",
    // Rates written as plain numbers of ms.
    "TimeDerivative of 'Si'",
    "TimeDerivative of 'Wi'",
];

#[test]
fn core_types_are_sound() {
    let Some(corpus) = corpus() else { return };
    let core = core(&corpus);
    let built_in: Vec<(&str, &str)> = core.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    let mut failed = Vec::new();
    for name in ["NeuroML2CoreTypes.xml", "Simulation.xml"] {
        let mut set = Set::new();
        let text = built_in.iter().find(|(n, _)| *n == name).unwrap().1;
        if let Err(error) = set.read_str(text, name, &Files { built_in: &built_in, ..Files::default() }) {
            let known = |e: &&neuropil::Error| !KNOWN_SLIPS.iter().any(|slip| e.message().contains(slip));
            failed.extend(error.all().filter(known).map(|e| format!("{}: {}", e.place(), e.message())));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Models that do not read with the published core types, and why.
const KNOWN_FAULTS: &[(&str, &str)] = &[
    // Attributes of the schema that the published types do not declare.
    ("libneuroml-testcomplete", "unknown attribute"),
    ("neuroml2-nml2_ex18_ghk", "unknown attribute 'experimentalTemp'"),
    ("neuroml2-nml2_ex19_gapjunctions", "unknown attribute"),
    ("neuroml2-nml2_ex20_analogsynapses", "unknown attribute"),
    ("pyloricnetwork-fig2a", "unknown attribute 'segmentGroup'"),
    ("pyloricnetwork-fig2c", "unknown attribute 'segmentGroup'"),
    // Rates written as plain numbers of ms.
    ("pinskyrinzelmodel-figure2_2", "TimeDerivative of 'Si': expected [rate (per time)]"),
    ("pinskyrinzelmodel-figure2dl", "TimeDerivative of 'Si': expected [rate (per time)]"),
    ("pinskyrinzelmodel-figure3_2", "TimeDerivative of 'Si': expected [rate (per time)]"),
];

/// Whole cells and networks, which are more than one dynamical system.
const WHOLES: &[&str] =
    &["network", "Simulation", "cell", "cell2CaPools", "morphology", "biophysicalProperties"];

#[test]
fn models_of_the_corpus_read_and_flatten() {
    let Some(corpus) = corpus() else { return };
    let core = core(&corpus);
    let built_in: Vec<(&str, &str)> = core.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    let (mut read, mut flat) = (0, 0);
    let mut failed = Vec::new();
    for line in std::fs::read_to_string(corpus.join("neuroml/index.csv")).unwrap().lines().skip(1) {
        let case = line.split(',').next().unwrap();
        let text = std::fs::read_to_string(corpus.join("neuroml").join(case).join("case.toml")).unwrap();
        let Some(main) = text.lines().find_map(|l| l.strip_prefix("main = \"")?.strip_suffix('"')) else {
            continue;
        };
        let mut set = Set::new();
        let path = corpus.join("neuroml").join(case).join(main);
        if let Err(error) = set.read_file(&path, &Files { built_in: &built_in, ..Files::default() }) {
            let text = error.to_string();
            if !KNOWN_FAULTS.iter().any(|(name, part)| *name == case && text.contains(part)) {
                failed.push(format!("{case}: {text}"));
            }
            continue;
        }
        read += 1;
        for component in set.components() {
            let of = set.component_type(&component.component_type).unwrap();
            if WHOLES.iter().any(|whole| of.is_a(whole)) {
                continue;
            }
            match set.flatten(component) {
                Ok(_) => flat += 1,
                // One old model searches the whole document for a component.
                Err(error) if error.message().contains("'//") => {}
                Err(error) => failed.push(format!("{case}: {error}")),
            }
        }
    }
    println!("read {read} models, flattened {flat} components");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(read >= 90 && flat >= 700, "{read} models, {flat} components");
}

/// What the reader refuses by itself, and a part of what it says.
const REFUSED: &[(&str, &str)] = &[
    ("unknown_unit", "unknown unit"),
    ("missing_unit", "found a plain number"),
    ("duplicate_component_id", "is used before"),
    ("missing_required_attribute", "is missing"),
    ("unknown_element", "unknown element"),
    ("missing_include", "cannot read the included file"),
    ("billion_laughs", "entity declarations are not allowed"),
    ("deep_nesting", "nested more than"),
    ("truncated", "the file ends within"),
    ("not_xml", "not an XML document"),
    ("bad_utf8", "are not UTF-8"),
    ("wrong_root", "expected <Lems> or <neuroml>"),
    ("lems_syntax_error", "at column"),
    ("lems_dimension_mismatch", "TimeDerivative of"),
    ("lems_missing_parameter", "is missing"),
    ("lems_derived_cycle", "depend on each other"),
    ("lems_division_by_zero", "x0=\"0/0\""),
];

/// What the reader takes: sound files, and circles of includes, which end.
const TAKEN: &[&str] =
    &["ok_multicomp", "ok_purelems", "id_is_keyword", "utf8_bom_crlf", "include_cycle", "include_itself"];

#[test]
fn wrong_files_are_refused_and_odd_ones_read() {
    let Some(corpus) = corpus() else { return };
    let core = core(&corpus);
    let built_in: Vec<(&str, &str)> = core.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    let index = std::fs::read_to_string(corpus.join("bad/index.csv")).unwrap();
    let read = |case: &str| {
        let row = index.lines().find(|line| line.split(',').next() == Some(case)).unwrap();
        let main = row.split(',').nth(3).unwrap();
        let mut set = Set::new();
        set.read_file(
            corpus.join("bad").join(case).join(main),
            &Files { built_in: &built_in, ..Files::default() },
        )?;
        for component in set.components() {
            let of = set.component_type(&component.component_type).unwrap();
            if !WHOLES.iter().any(|whole| of.is_a(whole)) {
                set.flatten(component)?;
            }
        }
        Ok::<(), neuropil::Error>(())
    };
    for (case, part) in REFUSED {
        let error = read(case).expect_err(case);
        assert!(error.to_string().contains(part), "{case}: {error}");
        assert!(error.place().line > 0 || error.place().file.is_some(), "{case}: {error}");
    }
    for case in TAKEN {
        read(case).unwrap_or_else(|error| panic!("{case}: {error}"));
    }
}
