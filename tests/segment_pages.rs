//! `[[segment]]` of experiment files: what changes, what the runs leave, what is wrong.

use std::fs;
use std::path::Path;
use std::process::Command;

use neuropil::experiment;
use neuropil::model::{PopulationCell, Value};

/// A leaky cell of 1 nF and 20 ms that relaxes from -50 to -65 mV, and a source that steps it.
const PAGE: &str = r#"
title = "Segments"
temperature = "20 degC"
run = { dt = "0.1 ms" }
[cell.leaky]
neuron = "IF_curr_delta"
v_thresh = 0
[population.leaky]
cell = "leaky"
initial_v = "-50 mV"
[population.source]
spike_times = ["5 ms", "25 ms"]
[[stimulus]]
name = "current"
kind = "dc"
population = "leaky"
amplitude = "0 nA"
[[projection]]
name = "in"
from = "source"
to = "leaky"
synapse = "excitatory"
connector = "all_to_all"
weight = "0 mV"
delay = "1 ms"
[[record]]
population = "leaky"
variables = ["v"]
file = "v"
"#;

const SEGMENTS: &str = r#"
[[segment]]
duration = "10 ms"
[[segment]]
duration = "10 ms"
name = "driven"
stimulus.current.amplitude = "0.5 nA"
[[segment]]
duration = "10 ms"
cell.leaky.tau_m = 5
[[segment]]
reset = true
duration = "20 ms"
[segment.projection.in]
weight = "3 mV"
[segment.stimulus.current]
amplitude = "0 nA"
[segment.population.leaky]
initial_v = "-65 mV"
"#;

fn leak(from: f64, to: f64, ms: f64, tau_ms: f64) -> f64 {
    to + (from - to) * (-ms / tau_ms).exp()
}

/// Rows of a file of results.
fn rows(file: &Path) -> Vec<Vec<f64>> {
    let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    text.lines().skip(1).map(|line| line.split(',').filter_map(|x| x.parse().ok()).collect()).collect()
}

#[test]
fn each_segment_leaves_a_folder_and_goes_on_from_the_one_before_unless_it_resets() {
    let folder = std::env::temp_dir().join(format!("neuropil-segments-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let page = folder.join("page.toml");
    fs::write(&page, format!("{PAGE}{SEGMENTS}")).unwrap();
    let out = folder.join("out");
    let ran = Command::new(env!("CARGO_BIN_EXE_neuropil"))
        .arg("run")
        .arg(&page)
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{said}");
    assert!(said.contains("segment driven: from 10 to 20 ms"), "{said}");
    let v = |segment: &str, time_ms: f64| {
        let rows = rows(&out.join(segment).join("v.csv"));
        let row = rows.iter().find(|row| (row[0] - time_ms).abs() < 1e-6);
        row.unwrap_or_else(|| panic!("{segment}: {time_ms} ms"))[1]
    };
    let near = |got: f64, want: f64| assert!((got - want).abs() < 1e-6, "{got}, not {want}");
    let at_10 = leak(-50.0, -65.0, 10.0, 20.0);
    near(v("segment_0", 10.0), at_10);
    // 0.5 nA through 20 Mohm.
    let at_20 = leak(at_10, -55.0, 10.0, 20.0);
    near(v("driven", 20.0), at_20);
    assert!((rows(&out.join("driven/v.csv"))[0][0] - 10.1).abs() < 1e-9, "begins after the last sample");
    // Through 5 Mohm: what was changed before holds.
    near(v("segment_2", 30.0), leak(at_20, -62.5, 10.0, 5.0));
    // From time 0 with the source's first spike; the time constant stays.
    near(v("segment_3", 5.9), -65.0);
    near(v("segment_3", 6.0), -62.0);
    near(v("segment_3", 16.0), leak(-62.0, -65.0, 10.0, 5.0));
    assert!(out.join("segment_3/v.svg").exists());
    let spikes = |segment: &str| {
        rows(&out.join(segment).join("spikes.csv")).iter().map(|row| row[0]).collect::<Vec<_>>()
    };
    assert_eq!(spikes("segment_0"), [5.0]);
    assert!(spikes("driven").is_empty());
    assert_eq!(spikes("segment_2"), [25.0]);
    assert_eq!(spikes("segment_3"), [5.0]);
    let record = fs::read_to_string(out.join("segment_2/run.json")).unwrap();
    assert!(record.contains("\"from_ms\": 20") && record.contains("\"complete\": true"), "{record}");

    for command in ["convert", "check"] {
        let mut run = Command::new(env!("CARGO_BIN_EXE_neuropil"));
        run.arg(command).arg(&page);
        if command == "convert" {
            run.arg(folder.join("neuroml"));
        }
        let ran = run.output().unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert_eq!(ran.status.success(), command == "check", "{said}");
        assert!(said.contains(if command == "check" { "segment driven" } else { "4 segments" }), "{said}");
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_segment_changes_what_it_names_and_nothing_else() {
    let text = format!(
        "{PAGE}{}",
        r#"
[cell.ball]
morphology = { sections = [{ name = "soma", kind = "soma", length = "20 um", diameter = "20 um" }] }
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
initial_v = "-65 mV"
discretisation = 1
channels.pas = { on = "all", g = "0.1 mS/cm2", reversal = "-65 mV" }
channels.na = { on = "all", g = "120 mS/cm2", reversal = "50 mV" }
[population.ball]
cell = "ball"
[[segment]]
duration = "1 ms"
[[segment]]
duration = "1 ms"
cell.ball.channels.na.g = "60 mS/cm2"
population.leaky.parameters = { tau_m = [10] }
record.v.every = "0.5 ms"
[[segment]]
duration = "1 ms"
reset = true
projection.in.delay = { uniform = ["1 ms", "2 ms"] }
seed = 9
"#
    );
    let read = experiment::parse(text, "page.toml").unwrap_or_else(|e| panic!("{e}"));
    let models: Vec<_> = read.segments.iter().map(|segment| &segment.experiment.model).collect();
    let ends: Vec<f64> = read.segments.iter().map(|s| (s.until_s * 1e6).round() / 1e3).collect();
    assert_eq!(ends, [1.0, 2.0, 1.0]);
    let durations: Vec<f64> = models.iter().map(|m| (m.run.duration_s * 1e6).round() / 1e3).collect();
    assert_eq!(durations, [2.0, 2.0, 1.0]);
    assert_eq!(models.iter().map(|m| m.seed).collect::<Vec<_>>(), [0, 0, 9]);
    assert_eq!(models.iter().map(|m| m.recordings[0].interval_s).collect::<Vec<_>>(), [0.0, 0.5e-3, 0.5e-3]);
    let channels = |number: usize| {
        let PopulationCell::Cable(cell) =
            &models[number].populations.iter().find(|p| p.name == "ball").unwrap().cell
        else {
            panic!("a shape")
        };
        cell.densities.iter().map(|d| format!("{} {:?}", d.name, d.dynamics.parameters)).collect::<Vec<_>>()
    };
    assert_eq!(channels(0).len(), 2);
    assert_eq!(channels(0)[0], channels(1)[0]);
    assert_ne!(channels(0)[1], channels(1)[1]);
    assert_eq!(channels(1), channels(2));
    assert!(matches!(models[1].projections[0].delay_s, Value::Constant(_)));
    assert!(!matches!(models[2].projections[0].delay_s, Value::Constant(_)));
    assert_eq!(models[2].populations.iter().find(|p| p.name == "leaky").unwrap().parameters.len(), 1);
    assert_eq!(read.model.seed, 0);
    assert!(!read.segments[0].is_change && read.segments[1].is_change && read.segments[2].reset);
}

#[test]
fn wrong_segments_are_named_with_their_line() {
    let base = PAGE.lines().count();
    let says = |segments: &str, line: usize, words: &[&str]| {
        let text = format!("{PAGE}{segments}");
        let error = experiment::parse(text, "page.toml").expect_err("refused").to_string();
        let place = format!("page.toml:{}:", base + line);
        assert!(error.contains(&place) && words.iter().all(|word| error.contains(word)), "{error}");
        assert_eq!(error.matches("page.toml").count(), 1, "{error}");
    };
    says("[[segment]]\nreset = true\n", 1, &["`duration` is missing"]);
    says("[[segment]]\nduration = \"5 mV\"\n", 2, &["voltage"]);
    says(
        "[[segment]]\nduration = \"5 ms\"\nstimulus.curent.amplitude = \"1 nA\"\n",
        3,
        &["curent", "did you mean `current`"],
    );
    says("[[segment]]\nduration = \"5 ms\"\nprojections.in.weight = 1\n", 3, &["did you mean `projection`"]);
    says(
        "[[segment]]\nduration = \"5 ms\"\nprojection.in.wieght = \"1 mV\"\n",
        3,
        &["wieght", "did you mean `weight`"],
    );
    says("[[segment]]\nduration = \"5 ms\"\ncell.leaky.tau_m = \"5 mV\"\n", 3, &["tau_m"]);
    says(
        "[[segment]]\nname = \"a\"\nduration = \"5 ms\"\n[[segment]]\nname = \"a\"\nduration = \"5 ms\"\n",
        4,
        &["two segments are called `a`"],
    );
    says("[[segment]]\nname = \"../a\"\nduration = \"5 ms\"\n", 2, &["not a name"]);
    let both =
        format!("{}[[segment]]\nduration = \"1 ms\"\n", PAGE.replace("{ dt", "{ duration = \"1 ms\", dt"));
    let error = experiment::parse(both, "page.toml").expect_err("refused").to_string();
    assert!(error.contains("each [[segment]] has its duration"), "{error}");
}
