//! Experiment files: what is read, and what is said about mistakes.

use neuropil::experiment::{self, Experiment};
use neuropil::model::{CellSet, Method, PopulationCell, Rule, Site};

/// A sound experiment; tests change parts of it. Line numbers in the tests refer to it.
const BASE: &str = r#"title = "Base"
seed = 3
temperature = "6.3 degC"
[run]
duration = "10 ms"
dt = "0.025 ms"
[cell.ball]
morphology = { sections = [ { name = "soma", kind = "soma", length = "20 um", diameter = "20 um" }, { name = "dend", kind = "dendrite", parent = "soma", at = 0, length = "100 um", diameter = ["2 um", "1 um"] } ] }
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
discretisation = { soma = 1, dend = 5 }
initial_v = "-65 mV"
spike = { at = "soma", threshold = "0 mV" }
[cell.ball.channels]
pas = { on = "all", g = "0.3 mS/cm2", reversal = "-54.3 mV" }
na = { on = "soma", g = "0.12 S/cm2", reversal = "50 mV" }
[cell.ball.synapses]
fast = { synapse = "expTwoSynapse", at = "dend", gbase = "1 nS", erev = "0 mV", tauRise = "0.5 ms", tauDecay = "3 ms" }
[population.balls]
cell = "ball"
size = 2
[population.input]
spike_times = ["1 ms", "2 ms"]
[[stimulus]]
kind = "step"
population = "balls"
cells = 0
at = "soma"
start = "1 ms"
stop = "2 ms"
amplitude = "0.1 nA"
[[connection]]
from = "input"
to = "balls"
synapse = "fast"
pairs = "all_to_all"
delay = "1 ms"
[[record]]
population = "balls"
at = "soma"
variables = ["v", "na.m"]
"#;

fn read(text: &str) -> neuropil::Result<Experiment> {
    experiment::parse(text, "base.toml")
}

/// What is said when `from` in the base file is replaced by `to`.
fn message(from: &str, to: &str) -> String {
    assert!(BASE.contains(from), "the base file has no `{from}`");
    match read(&BASE.replacen(from, to, 1)) {
        Ok(_) => panic!("`{to}` was accepted"),
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn says(from: &str, to: &str, parts: &[&str]) {
    let message = message(from, to);
    for part in parts {
        assert!(message.contains(part), "expected `{part}` in:\n{message}");
    }
}

#[test]
fn the_base_file_becomes_a_model() {
    let experiment = read(BASE).unwrap();
    let model = experiment.model;
    assert_eq!((model.name.as_str(), model.seed), ("Base", 3));
    assert!((model.temperature_k - 279.45).abs() < 1e-12);
    assert_eq!((model.run.dt_s, model.run.duration_s), (2.5e-5, 0.01));
    assert_eq!(model.run.method, Method::BackwardEuler);
    assert_eq!(model.populations.len(), 2);
    assert_eq!(model.populations[0].size, 2);
    let PopulationCell::Cable(cell) = &model.populations[0].cell else { panic!("no cable cell") };
    assert_eq!(cell.morphology.sections.len(), 2);
    assert_eq!(cell.morphology.sections[1].parent.unwrap().1, 0.0);
    assert_eq!(cell.discretisation.rules.last().unwrap().1, Rule::PerSection(5));
    let names: Vec<&str> = cell.densities.iter().map(|d| d.name.as_str()).collect();
    assert_eq!(names, ["pas", "na"], "in the order of the file");
    let g = cell.densities[1].dynamics.parameter("condDensity").unwrap().value;
    assert!((g - 1200.0).abs() < 1e-9, "{g}");
    let PopulationCell::SpikeTimes(times) = &model.populations[1].cell else { panic!("no source") };
    assert_eq!(**times, [[0.001, 0.002]]);
    assert_eq!(model.stimuli[0].cells, CellSet::Indices(vec![0]));
    assert_eq!(model.connections.len(), 2);
    assert_eq!(model.connections[1].target, (0, 1));
    assert_eq!(model.recordings[0].variables, ["v", "na.m"]);
    assert_eq!(model.recordings[0].file, "balls");
    assert!(matches!(model.recordings[0].site, Site::Points(_)));
    assert_eq!(model.spike_detectors[0].threshold_v, 0.0);
    let defaults: Vec<&str> = experiment.defaults.iter().map(|d| d.key.as_str()).collect();
    assert_eq!(defaults, ["run.method"]);
    assert!(experiment.warnings.is_empty(), "{:?}", experiment.warnings);
}

#[test]
fn a_straight_section_has_the_size_that_was_asked_for() {
    let model = read(BASE).unwrap().model;
    let PopulationCell::Cable(cell) = &model.populations[0].cell else { panic!("no cable cell") };
    let [soma, dend] = cell.morphology.segments.as_slice() else { panic!("two segments") };
    assert!((soma.length() - 20.0).abs() < 1e-9 && (dend.length() - 100.0).abs() < 1e-9);
    assert!((dend.proximal.diameter - 2.0).abs() < 1e-9 && (dend.distal.diameter - 1.0).abs() < 1e-9);
    assert_eq!(dend.proximal.x, soma.proximal.x, "joined to the start of the soma");
    assert!(dend.distal.x < soma.proximal.x, "and led away from it");
}

#[test]
fn toml_mistakes_have_a_place() {
    says("seed = 3", "seed = = 3", &["base.toml:2:"]);
    says("[run]", "[run", &["base.toml:4:"]);
}

#[test]
fn unknown_keys_are_errors_with_a_suggestion() {
    says("seed = 3", "sede = 3", &["base.toml:2:1: `sede` is not a key of the file", "did you mean `seed`?"]);
    says("capacitance =", "capacitanse =", &["base.toml:9:1", "did you mean `capacitance`?"]);
    says("duration =", "lenght =", &["base.toml:5:1", "`lenght` is not a key of run"]);
    says(
        "amplitude = \"0.1 nA\"",
        "amplitude = \"0.1 nA\"\nspeed = 3",
        &["base.toml:32:1", "`speed` is not a key"],
    );
    says("threshold =", "treshold =", &["base.toml:13:", "did you mean `threshold`?"]);
    says("g = \"0.12 S/cm2\"", "gg = 2, g = \"0.12 S/cm2\"", &["base.toml:16:", "gg"]);
}

#[test]
fn a_misspelt_key_is_reported_once() {
    let text = message("capacitance =", "capacitanse =");
    assert_eq!(text.lines().count(), 1, "{text}");
}

#[test]
fn missing_keys_come_with_an_example() {
    says(
        "capacitance = \"1 uF/cm2\"\n",
        "",
        &["base.toml:7:", "`capacitance` is missing", "capacitance = \"1 uF/cm2\""],
    );
    says("axial_resistivity = \"100 ohm cm\"\n", "", &["`axial_resistivity` is missing"]);
    says("dt = \"0.025 ms\"\n", "", &["`dt` is missing", "dt = \"0.025 ms\""]);
    says("initial_v = \"-65 mV\"\n", "", &["`initial_v` is missing", "population"]);
    says(", reversal = \"50 mV\"", "", &["base.toml:16:", "`reversal` is missing"]);
    says("temperature = \"6.3 degC\"\n", "", &[":1:1: `temperature` is missing", "na"]);
    says("delay = \"1 ms\"\n", "", &["`delay` is missing"]);
}

#[test]
fn quantities_need_their_unit() {
    says("\"1 uF/cm2\"", "1.0", &["base.toml:9:15", "specific capacitance", "\"1 uF/cm2\""]);
    says("\"0.025 ms\"", "\"0.025\"", &["base.toml:6:", "has no unit", "\"0.025 ms\""]);
    says("\"0.025 ms\"", "\"0.025 mV\"", &["base.toml:6:", "is a voltage, expected a time"]);
    says("\"0.12 S/cm2\"", "\"0.12 S\"", &["base.toml:16:", "conductance"]);
    says("\"6.3 degC\"", "\"6.3 degrees\"", &["base.toml:3:"]);
    says("\"0.1 nA\"", "\"0.1 nanoampere\"", &["base.toml:31:"]);
}

#[test]
fn values_out_of_range_are_errors() {
    says("duration = \"10 ms\"", "duration = \"0 ms\"", &["base.toml:5:", "must be above 0"]);
    says("dt = \"0.025 ms\"", "dt = \"25 ms\"", &["base.toml:6:", "longer than the run"]);
    says("dend = 5", "dend = 0", &["base.toml:11:", "0 compartments"]);
    says("at = 0,", "at = 1.5,", &["base.toml:8:", "not a fraction"]);
    says("size = 2", "size = 0", &["base.toml:21:", "0 cells"]);
    says("stop = \"2 ms\"", "stop = \"1 ms\"", &["base.toml:30:", "`stop` is not after `start`"]);
    says("[\"1 ms\", \"2 ms\"]", "[\"2 ms\", \"1 ms\"]", &["base.toml:23:", "go back"]);
    says("g = \"0.12 S/cm2\"", "g = \"-0.12 S/cm2\"", &["base.toml:16:", "negative"]);
    says("cells = 0", "cells = 2", &["base.toml:27:", "no cell 2", "2 cells, counted from 0"]);
    says("variables =", "every = \"0.03 ms\"\nvariables =", &["base.toml:41:", "multiple of dt"]);
}

#[test]
fn names_that_nothing_carries_get_a_suggestion() {
    says(
        "cell = \"ball\"",
        "cell = \"bal\"",
        &["base.toml:20:", "no cell is called `bal`", "did you mean `ball`?"],
    );
    says("synapse = \"fast\"", "synapse = \"fsat\"", &["base.toml:35:", "did you mean `fast`?"]);
    says("from = \"input\"", "from = \"inputs\"", &["base.toml:33:", "did you mean `input`?"]);
    says("\"na.m\"", "\"n.m\"", &["base.toml:41:", "has no `n`"]);
    says("\"na.m\"", "\"na\"", &["base.toml:41:", "na.i"]);
    says("kind = \"step\"", "kind = \"stepp\"", &["base.toml:25:", "did you mean `step`?"]);
    says("na = {", "nax = {", &["base.toml:16:", "nax"]);
    says("kind = \"dendrite\"", "kind = \"dendrites\"", &["base.toml:8:", "did you mean `dendrite`?"]);
    says("parent = \"soma\"", "parent = \"sma\"", &["base.toml:8:", "did you mean `soma`?"]);
    says("\"all_to_all\"", "\"all_to_al\"", &["base.toml:36:", "did you mean `all_to_all`?"]);
    says("\"expTwoSynapse\"", "\"expTwoSynaps\"", &["base.toml:18:", "expTwoSynapse"]);
}

#[test]
fn parameters_of_components_are_checked() {
    says("tauDecay = \"3 ms\"", "tauDecay = \"3 mV\"", &["base.toml:18:", "time"]);
    says(", tauDecay = \"3 ms\"", "", &["base.toml:18:", "tauDecay"]);
    says("tauDecay =", "tauDekay = \"1 ms\", tauDecay =", &["base.toml:18:", "did you mean `tauDecay`?"]);
}

#[test]
fn locations_are_checked_with_their_place_in_the_file() {
    says("on = \"soma\"", "on = \"soma &\"", &["base.toml:16:"]);
    says("at = \"soma\"\nvar", "at = \"centre of soma\"\nvar", &["base.toml:40:"]);
    says("on = \"soma\"", "on = \"axon\"", &["base.toml:16:14: ", "selects nothing", "soma (1 section)"]);
    says("dend = 5", "dned = 5", &["base.toml:11:", "did you mean `dend`?"]);
    says("at = \"soma\"\nvar", "at = \"dnd(0.5)\"\nvar", &["base.toml:40:7: ", "did you mean `dend`?"]);
    says("at = \"soma\"\nvar", "at = [\"soma\", \"dend(\"]\nvar", &["base.toml:40:16: ", "at[1]"]);
    says("at = \"soma\"\nvar", "at = []\nvar", &["an empty list"]);
}

#[test]
fn several_places_in_a_list_are_all_of_them() {
    let read = |at: &str| read(&BASE.replacen("at = \"soma\"\nvar", &format!("at = {at}\nvar"), 1)).unwrap();
    let site = |at: &str| match &read(at).model.recordings[0].site {
        Site::Points(points) => points.to_string(),
        _ => panic!("points"),
    };
    assert_eq!(site("[\"soma\", \"dend(0.5)\"]"), site("\"soma | dend(0.5)\""));
    let on = |text: &str| read_on(&BASE.replacen("on = \"soma\"", text, 1));
    assert_eq!(on("on = [\"soma\", \"dend\"]"), on("on = \"soma | dend\""));
}

/// Where the last channel of the ball is.
fn read_on(text: &str) -> String {
    match &read(text).unwrap().model.populations[0].cell {
        PopulationCell::Cable(cell) => cell.densities.last().unwrap().region.to_string(),
        _ => panic!("a cell with a shape"),
    }
}

#[test]
fn sources_of_connections_must_spike() {
    let text = BASE
        .replace("spike = { at = \"soma\", threshold = \"0 mV\" }\n", "")
        .replace("from = \"input\"", "from = \"balls\"");
    let message = read(&text).unwrap_err().to_string();
    assert!(message.contains("does not say where and when it spikes"), "{message}");
}

#[test]
fn all_mistakes_are_reported_at_once_in_the_order_of_the_file() {
    let text = BASE
        .replace("duration = \"10 ms\"", "duration = \"10 mV\"")
        .replace("\"1 uF/cm2\"", "\"1 uF\"")
        .replace("seed = 3", "sede = 3");
    let message = read(&text).unwrap_err().to_string();
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines.len(), 3, "{message}");
    for (line, start) in lines.iter().zip(["base.toml:2:", "base.toml:5:", "base.toml:9:"]) {
        assert!(line.starts_with(start), "{message}");
    }
}

/// The TOML fences of the page on experiment files.
fn fences() -> Vec<String> {
    let page = include_str!("../docs/experiment-files.md");
    let fences = page.split("```toml\n").skip(1);
    fences.map(|rest| rest.split("```").next().unwrap_or("").to_string()).collect()
}

#[test]
fn the_page_on_experiment_files_says_the_truth() {
    let fences = fences();
    let (whole, parts) = fences.split_first().expect("the page has examples");
    let first = experiment::parse(whole.as_str(), "docs/first.toml").unwrap();
    assert_eq!(first.model.populations[0].size, 1);
    // The others are parts of one experiment, which the page does not repeat each time.
    let around = r#"
temperature = "34 degC"
run = { duration = "100 ms", dt = "0.025 ms" }
[cell.pyramidal]
morphology = { sections = [
    { name = "soma", kind = "soma", length = "20 um", diameter = "20 um" },
    { name = "axon", kind = "axon", parent = "soma", at = 0, length = "100 um", diameter = "1 um" },
    { name = "dend", kind = "basal_dendrite", parent = "soma", length = "100 um", diameter = "2 um" },
    { name = "apic", kind = "apical_dendrite", parent = "soma", length = "400 um", diameter = "3 um" },
] }
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
initial_v = "-70 mV"
"#;
    let (segments, parts): (Vec<String>, Vec<String>) =
        parts.iter().cloned().partition(|part| part.contains("[[segment]]"));
    let together = format!("{around}\n{}", parts.join("\n"));
    let in_segments = format!("{together}\n{}", segments.join("\n")).replace("duration = \"100 ms\", ", "");
    let in_segments = experiment::parse(in_segments, "docs/segments.toml").unwrap();
    assert_eq!(in_segments.segments.len(), 3);
    let experiment = experiment::parse(together, "docs/parts.toml").unwrap();
    let model = experiment.model;
    assert_eq!(model.populations.len(), 6);
    assert_eq!(model.connections.len(), 3);
    assert!(model.connections.iter().all(|c| c.weight == 1.5));
    let cable = model.populations.iter().find(|p| p.name == "cells").unwrap();
    let PopulationCell::Cable(cell) = &cable.cell else { panic!("no cable cell") };
    assert_eq!(cell.synapses.len(), 3);
    assert_eq!(cell.pools[0].dynamics.parameter("decayConstant").unwrap().value, 0.08);
    let ih = cell.densities.iter().find(|d| d.name == "ih").unwrap();
    assert_eq!(ih.parameters[0].0, "condDensity", "a density that differs over space");
}

#[test]
fn every_key_of_the_page_is_in_a_table() {
    let page = include_str!("../docs/experiment-files.md");
    for key in ["duration", "capacitance", "discretisation", "permeability", "inside", "regular", "poisson"] {
        assert!(page.contains(&format!("`{key}`")), "{key}");
    }
}

#[test]
fn parameters_of_a_part_of_a_channel_are_set_by_their_path() {
    let changed = BASE
        .replace("reversal = \"50 mV\" }", "reversal = \"50 mV\", \"m/forwardRate/midpoint\" = \"-35 mV\" }");
    let value = |text: &str| {
        let model = read(text).unwrap().model;
        let PopulationCell::Cable(cell) = &model.populations[0].cell else { panic!("no cable cell") };
        let dynamics = &cell.densities[1].dynamics;
        let found = dynamics.parameters.iter().find(|p| p.name.ends_with("m/forwardRate/midpoint"));
        found.unwrap_or_else(|| panic!("{:?}", dynamics.parameters)).value
    };
    assert!((value(BASE) + 0.040).abs() < 1e-12);
    assert!((value(&changed) + 0.035).abs() < 1e-12);
    says(
        "reversal = \"50 mV\" }",
        "reversal = \"50 mV\", \"m/forwardRate/middle\" = \"-35 mV\" }",
        &["base.toml:16:", "did you mean `m/forwardRate/scale`?"],
    );
}

#[test]
fn own_components_are_read_beside_the_experiment() {
    let folder = tempfile::tempdir().unwrap();
    let own = r#"<neuroml id="own">
  <ionChannelPassive id="slow_leak" species="k" conductance="1 pS"/>
</neuroml>"#;
    std::fs::write(folder.path().join("own.xml"), own).unwrap();
    let text = BASE
        .replace("seed = 3", "seed = 3\nlibrary = [\"own.xml\"]")
        .replace("pas = { on", "pas = { channel = \"slow_leak\", on");
    let model = experiment::parse(text.as_str(), folder.path().join("e.toml")).unwrap().model;
    let PopulationCell::Cable(cell) = &model.populations[0].cell else { panic!("no cable cell") };
    assert_eq!(cell.densities[0].ion.as_deref(), Some("k"));
    std::fs::write(folder.path().join("own.xml"), own.replace("species", "spezies")).unwrap();
    let message = experiment::parse(text, folder.path().join("e.toml")).unwrap_err().to_string();
    assert!(message.contains("own.xml:2:"), "{message}");
}

#[test]
fn poisson_sources_differ_and_come_again() {
    let text = BASE.replace("spike_times = [\"1 ms\", \"2 ms\"]", "size = 2\npoisson = { rate = \"2 kHz\" }");
    let times = |text: &str| match read(text).unwrap().model.populations.remove(1).cell {
        PopulationCell::SpikeTimes(times) => times,
        _ => panic!("no source"),
    };
    let first = times(&text);
    assert_eq!(first, times(&text));
    assert_ne!(first[0], first[1]);
    assert_ne!(first, times(&text.replace("seed = 3", "seed = 4")));
    assert!(first.iter().flatten().all(|t| (0.0..0.01).contains(t)));
    assert!(first[0].len() > 5 && first[0].len() < 50, "{}", first[0].len());
}

#[test]
fn regular_sources_keep_time() {
    let regular = "regular = { start = \"1 ms\", interval = \"0.1 ms\", count = 50 }";
    let text = BASE.replace("spike_times = [\"1 ms\", \"2 ms\"]", regular);
    let PopulationCell::SpikeTimes(times) = read(&text).unwrap().model.populations.remove(1).cell else {
        panic!("no source")
    };
    assert_eq!(times[0].len(), 50);
    assert!((times[0][49] - 0.0059).abs() < 1e-15);
}

#[test]
fn values_that_look_like_slips_of_the_unit_are_doubted() {
    let warnings = |from: &str, to: &str| -> Vec<String> {
        let experiment = read(&BASE.replacen(from, to, 1)).unwrap();
        experiment.warnings.iter().map(ToString::to_string).collect()
    };
    for (from, to, place) in [
        ("6.3 degC", "6.3 K", "base.toml:3:15"),
        ("\"1 uF/cm2\"", "\"1 mF/cm2\"", "base.toml:9:15"),
        ("\"100 ohm cm\"", "\"100 ohm m\"", "base.toml:10:21"),
        ("reversal = \"50 mV\"", "reversal = \"50 V\"", "base.toml:16:"),
        ("\"0.12 S/cm2\"", "\"120 S/cm2\"", "base.toml:16:"),
        ("start = \"1 ms\"\nstop = \"2 ms\"", "start = \"20 ms\"\nstop = \"22 ms\"", "base.toml:24:"),
    ] {
        let found = warnings(from, to);
        assert_eq!(found.len(), 1, "{to}: {found:?}");
        assert!(found[0].contains(place), "{found:?}");
    }
}

#[test]
fn a_file_that_is_no_text_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("binary.toml");
    std::fs::write(&file, [0x66, 0xff, 0xfe]).unwrap();
    let message = experiment::read(&file).unwrap_err().to_string();
    assert!(message.contains("byte 1 is no UTF-8"), "{message}");
}

proptest::proptest! {
    /// Whatever stands in a file, reading it ends with an answer.
    #[test]
    fn reading_never_panics(at in 0usize..2000, with in "[\\[\\]{}=\"#\n a-z0-9.,|&()-]{0,6}", cut in 0usize..40) {
        let mut text = BASE.to_string();
        let from = (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        let to = (from + cut).min(text.len());
        let to = (to..=text.len()).find(|i| text.is_char_boundary(*i)).unwrap_or(text.len());
        text.replace_range(from..to, &with);
        let _ = read(&text);
    }
}
