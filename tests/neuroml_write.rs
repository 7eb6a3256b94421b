//! Experiments written as NeuroML and run again: the same bits in every column and the same spikes.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::sim::run_model;
use neuropil::engine::Options;
use neuropil::model::{Model, PopulationCell};
use neuropil::{experiment, neuroml};

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The model of an example, with parts of its text replaced, cut short.
fn example(name: &str, changes: &[(&str, &str)], duration_s: f64) -> Model {
    let path = here().join("examples").join(format!("{name}.toml"));
    let mut text = std::fs::read_to_string(&path).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{name} has no {from}");
        text = text.replace(from, to);
    }
    let mut model = experiment::parse(text, &path).unwrap_or_else(|e| panic!("{e}")).model;
    model.run.duration_s = duration_s;
    model
}

/// Writes `model` into a folder of its own; gives the file to run, and the warnings by name.
fn written(model: &Model, name: &str) -> (PathBuf, Vec<String>) {
    let written = neuroml::write(model, name).unwrap_or_else(|e| panic!("{e}"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("neuroml_write_{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    for (name, text) in &written.files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let warnings = written.warnings.iter().map(|w| w.name.to_string()).collect();
    (folder.join(&written.files.last().unwrap().0), warnings)
}

/// The greatest difference between the columns of `model` and of what is written of it, relative to each column's
/// greatest value. Both have the same columns, rows and spikes.
fn difference(model: &Model, name: &str) -> (f64, Vec<String>) {
    let (file, warnings) = written(model, name);
    let read = neuroml::read(&file).unwrap_or_else(|e| panic!("{e}"));
    assert!(read.warnings.is_empty(), "{name}: {:?}", read.warnings);
    assert!(read.assumptions.is_empty(), "{name}: {:?}", read.assumptions);
    let options = Options { threads: 1, ..Options::default() };
    let (one, other) = (run_model(model, &options), run_model(&read.model, &options));
    assert_eq!(one.tables.len(), other.tables.len(), "{name}");
    let mut worst = 0.0f64;
    for (at, (a, b)) in one.tables.iter().zip(&other.tables).enumerate() {
        assert_eq!(a.columns.len(), b.columns.len(), "{name} {}", a.file);
        let width = a.columns.len() + 1;
        // The documents sample at every step.
        let every = (a.interval_s / b.interval_s).round() as usize;
        let rows: Vec<&[f64]> = other.memory.tables[at].chunks_exact(width).step_by(every).collect();
        assert_eq!(one.memory.tables[at].len(), rows.len() * width, "{name} {}", a.file);
        for column in 1..width {
            let pairs = one.memory.tables[at].chunks_exact(width).zip(&rows);
            let scale = pairs.clone().map(|(x, _)| x[column].abs()).fold(f64::MIN_POSITIVE, f64::max);
            let apart = pairs.map(|(x, y)| (x[column] - y[column]).abs()).fold(0.0, f64::max);
            if apart / scale > worst {
                println!("{name} {} {}: {:e}", a.file, a.columns[column - 1].name, apart / scale);
            }
            worst = worst.max(apart / scale);
        }
    }
    let times = |run: &common::sim::Run| {
        let mut times: Vec<f64> = run.memory.spikes.iter().map(|s| s.time_s).collect();
        times.sort_by(f64::total_cmp);
        times
    };
    assert_eq!(times(&one).len(), times(&other).len(), "{name}: spikes");
    if worst == 0.0 {
        assert_eq!(times(&one), times(&other), "{name}: spikes");
    }
    let report = neuroml::check(&file).unwrap_or_else(|e| panic!("{e}"));
    assert!(report.errors.is_empty(), "{name}: {:?}", report.errors);
    (worst, warnings)
}

#[test]
fn ball_and_stick() {
    let model = example("ball_and_stick", &[], 0.07);
    assert_eq!(difference(&model, "ball_and_stick"), (0.0, Vec::new()));
}

#[test]
fn point_neurons() {
    let model = example("point_neurons", &[], 0.2);
    assert_eq!(difference(&model, "point_neurons"), (0.0, Vec::new()));
}

#[test]
fn point_neurons_that_differ() {
    let text = "seed = 3\nrun = { duration = \"100 ms\", dt = \"0.1 ms\" }\n[cell.lif]\nneuron = \"IF_cond_exp\"\ni_offset = 0.6\n\
        [population.cells]\ncell = \"lif\"\nsize = 40\n\
        parameters = { v_thresh = { normal = [\"-50 mV\", \"1 mV\"] }, tau_m = { uniform = [\"10 ms\", \"20 ms\"] } }\n\
        initial = { v = { uniform = [\"-70 mV\", \"-55 mV\"] } }\n\
        [population.input]\nsize = 10\npoisson = { rate = \"50 Hz\" }\n\
        [[projection]]\nfrom = \"input\"\nto = \"cells\"\nsynapse = \"excitatory\"\nconnector = { fixed_probability = 0.3 }\n\
        weight = \"4 nS\"\ndelay = \"1 ms\"\n[[record]]\npopulation = \"cells\"\nvariables = [\"v\"]\n";
    let model = experiment::parse(text, Path::new("differing.toml")).unwrap_or_else(|e| panic!("{e}")).model;
    let (worst, warnings) = difference(&model, "differing");
    assert_eq!(warnings, ["cells-differ"]);
    assert!(worst < 1e-13, "{worst:e}");
    // All in one document.
    let files = neuroml::write(&model, "differing").unwrap().files;
    let count = files.iter().filter(|(name, _)| name.to_string_lossy().ends_with(".cell.nml")).count();
    assert_eq!(count, 1, "{:?}", files.iter().map(|(name, _)| name).collect::<Vec<_>>());
}

#[test]
fn synapses() {
    let model = example("synapses", &[], 0.05);
    let (worst, warnings) = difference(&model, "synapses");
    assert_eq!(warnings, ["segments-cut"]);
    assert!(worst < 1e-9, "{worst:e}");
}

const NOISE: &str = "[[stimulus]]\nkind = \"noise\"\ncells = 4\nat = \"soma\"\nstart = \"20 ms\"\nstop = \"140 ms\"\n\
    mean = \"0.05 nA\"\nstandard_deviation = \"0.2 nA\"\ninterval = \"0.1 ms\"\n";

#[test]
fn stimuli() {
    let model = example("stimuli", &[(NOISE, "")], 0.07);
    assert_eq!(difference(&model, "stimuli"), (0.0, Vec::new()));
    let error = neuroml::write(&example("stimuli", &[], 0.07), "stimuli").unwrap_err().to_string();
    assert!(error.contains("stimulus 'noise'") && error.contains("noise that is drawn"), "{error}");
}

const IH: &str = "\"by_distance(all, 0.02 mS/cm2 * exp(d / 323 um))\"";

#[test]
fn calcium() {
    let model = example("calcium_and_ih", &[(IH, "\"0.02 mS/cm2\"")], 0.07);
    let (worst, warnings) = difference(&model, "calcium");
    assert_eq!(warnings, ["segments-cut", "order-of-densities"]);
    assert!(worst < 1e-9, "{worst:e}");
    let error = neuroml::write(&example("calcium_and_ih", &[], 0.07), "ih").unwrap_err().to_string();
    assert!(error.contains("channel 'ih'") && error.contains("condDensity"), "{error}");
}

#[test]
fn pyramidal() {
    let model = example("pyramidal", &[], 0.055);
    let (worst, warnings) = difference(&model, "pyramidal");
    assert_eq!(warnings, ["interval"]);
    assert_eq!(worst, 0.0);
}

#[test]
fn a_given_cell_is_no_document_twice() {
    let mut model = example("ball_and_stick", &[], 0.05);
    if let PopulationCell::Cable(cell) = &mut model.populations[0].cell {
        std::sync::Arc::make_mut(cell).densities[0].source = None;
    }
    let error = neuroml::write(&model, "x").unwrap_err().to_string();
    assert!(error.contains("comes from no component"), "{error}");
}

/// Against the schema of NeuroML 2.3.1, where it lies at hand and python3 has lxml.
#[test]
fn documents_are_valid() {
    let corpus =
        std::env::var_os("NEUROPIL_CORPUS").map_or_else(|| here().join("../shared/corpus"), PathBuf::from);
    let schema = corpus.join("neuroml-spec/NeuroML_v2.3.1.xsd");
    let python = Command::new("python3").args(["-c", "import lxml"]).output();
    if !schema.is_file() || !python.is_ok_and(|out| out.status.success()) {
        println!("skipped: no schema, or no python3 with lxml");
        return;
    }
    let check = "import sys, glob\nfrom lxml import etree\nschema = etree.XMLSchema(etree.parse(sys.argv[1]))\n\
        files = glob.glob(sys.argv[2] + '/*.nml')\nassert files\n[schema.assertValid(etree.parse(f)) for f in files]";
    for (name, changes) in [
        ("ball_and_stick", &[][..]),
        ("point_neurons", &[]),
        ("synapses", &[]),
        ("stimuli", &[(NOISE, "")]),
        ("calcium_and_ih", &[(IH, "\"0.02 mS/cm2\"")]),
        ("pyramidal", &[]),
    ] {
        let model = example(name, changes, 0.05);
        let (file, _) = written(&model, &format!("valid_{name}"));
        let folder = file.parent().unwrap();
        let out = Command::new("python3").args(["-c", check]).arg(&schema).arg(folder).output().unwrap();
        assert!(out.status.success(), "{name}: {}", String::from_utf8_lossy(&out.stderr));
    }
}
