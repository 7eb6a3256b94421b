//! The program as scripts use it: exit codes, standard output and error, files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn neuropil(arguments: &[&str]) -> Output {
    command().args(arguments).output().expect("the program starts")
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_neuropil"));
    command.env_remove("NO_COLOR").current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

#[track_caller]
fn succeeds(arguments: &[&str]) -> String {
    let output = neuropil(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

#[track_caller]
fn fails(arguments: &[&str]) -> String {
    let output = neuropil(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", stderr(&output));
    let text = stderr(&output);
    assert!(text.starts_with("error: "), "{text}");
    assert!(!text.contains('\u{1b}'), "colour without a terminal: {text}");
    assert!(!text.contains("panicked"), "{text}");
    text
}

/// A small experiment, and the folder it lies in.
fn small(duration: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("small.toml");
    let text = format!(
        r#"
temperature = "6.3 degC"
run = {{ duration = "{duration}", dt = "0.025 ms" }}
[cell.ball]
morphology = {{ sections = [{{ name = "soma", kind = "soma", length = "20 um", diameter = "20 um" }}] }}
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
discretisation = 1
initial_v = "-65 mV"
spike = {{ at = "soma", threshold = "0 mV" }}
[cell.ball.channels]
pas = {{ on = "all", g = "0.3 mS/cm2", reversal = "-54.3 mV" }}
na = {{ on = "all", g = "120 mS/cm2", reversal = "50 mV" }}
kdr = {{ on = "all", g = "36 mS/cm2", reversal = "-77 mV" }}
[population.balls]
cell = "ball"
[[stimulus]]
kind = "step"
at = "soma"
start = "5 ms"
stop = "18 ms"
amplitude = "0.3 nA"
[[record]]
at = "soma"
variables = ["v", "na.m"]
file = "trace"
"#
    );
    fs::write(&file, text).unwrap();
    (folder, file)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn without_arguments_it_says_what_it_can_do() {
    let output = neuropil(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("Usage"), "{}", stderr(&output));
    assert!(succeeds(&["--help"]).contains("run"));
    assert!(succeeds(&["--version"]).starts_with("neuropil "));
}

#[test]
fn a_wrong_option_is_a_usage_error() {
    let output = neuropil(&["run", "--speed", "11"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--speed"));
}

#[test]
fn run_leaves_all_results_in_the_folder_and_nothing_elsewhere() {
    let (folder, file) = small("20 ms");
    let out = folder.path().join("deep/er/out");
    let printed = succeeds(&["run", text(&file), "--out", text(&out)]);
    for word in ["backward_euler", "0.025 ms", "6.3", "seed", "1 compartment", "spikes"] {
        assert!(printed.contains(word), "`{word}` is not in:\n{printed}");
    }
    let trace = fs::read_to_string(out.join("trace.csv")).unwrap();
    let header = trace.lines().next().unwrap();
    assert!(header.starts_with("time (ms),") && header.contains("v (mV)"), "{header}");
    assert_eq!(trace.lines().count(), 1 + 801, "a row for each step, the start included");
    let spikes = fs::read_to_string(out.join("spikes.csv")).unwrap();
    assert!(spikes.lines().count() >= 2, "{spikes}");
    assert!(fs::read_dir(&out).unwrap().any(|e| e.unwrap().path().extension().is_some_and(|e| e == "svg")));
    let beside: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(beside.len(), 2, "the experiment and the folder: {beside:?}");
}

#[test]
fn run_obeys_its_options() {
    let (folder, file) = small("20 ms");
    let out = folder.path().join("out");
    let options = ["--no-plot", "--format", "npy", "--quiet", "--threads", "2", "--simd", "portable"];
    let mut arguments = vec!["run", text(&file), "--out", text(&out)];
    arguments.extend(options);
    assert_eq!(succeeds(&arguments), "");
    assert!(fs::read(out.join("trace.npy")).unwrap().starts_with(b"\x93NUMPY"));
    let pictures = fs::read_dir(&out)
        .unwrap()
        .filter(|e| e.as_ref().unwrap().path().extension().is_some_and(|e| e == "svg" || e == "png"));
    assert_eq!(pictures.count(), 0);
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let (folder, file) = small("20 ms");
    let run = |name: &str, threads: &str| {
        let out = folder.path().join(name);
        succeeds(&["run", text(&file), "--out", text(&out), "--no-plot", "--threads", threads]);
        fs::read(out.join("trace.csv")).unwrap()
    };
    assert_eq!(run("a", "1"), run("b", "2"));
}

#[test]
fn mistakes_in_the_experiment_have_line_and_help() {
    let (folder, file) = small("20 ms");
    let wrong = fs::read_to_string(&file).unwrap().replace("capacitance", "capacitanse");
    fs::write(&file, wrong).unwrap();
    let out = folder.path().join("out");
    for arguments in [vec!["run", text(&file), "--out", text(&out)], vec!["check", text(&file)]] {
        let message = fails(&arguments);
        assert!(message.contains("small.toml:6:1"), "{message}");
        assert!(message.contains("did you mean `capacitance`?"), "{message}");
    }
    assert!(!out.exists(), "nothing is written for an experiment that cannot run");
}

#[test]
fn what_only_the_engine_can_know_has_its_place_too() {
    let (folder, file) = small("20 ms");
    let wrong = fs::read_to_string(&file).unwrap().replace("\"na.m\"", "\"na.zz\"");
    fs::write(&file, wrong).unwrap();
    let message = fails(&["run", text(&file), "--out", text(&folder.path().join("out"))]);
    assert!(message.contains("small.toml:23:1: recording 'trace'"), "{message}");
}

#[test]
fn the_current_of_a_stimulus_can_be_recorded() {
    let (folder, file) = small("20 ms");
    let text_of = fs::read_to_string(&file).unwrap();
    let text_of = text_of
        .replace("\"na.m\"", "\"pulse.i\"")
        .replace("kind = \"step\"", "kind = \"step\"\nname = \"pulse\"");
    fs::write(&file, text_of).unwrap();
    let out = folder.path().join("out");
    succeeds(&["run", text(&file), "--out", text(&out), "--no-plot"]);
    let trace = fs::read_to_string(out.join("trace.csv")).unwrap();
    assert!(trace.starts_with("time (ms),balls[0].soma.v (mV),balls[0].soma.pulse.i (nA)\n"), "{trace:.100}");
    let at = |ms: f64| -> f64 {
        let row = trace.lines().skip(1).find(|l| l.split(',').next().unwrap().parse::<f64>().unwrap() >= ms);
        row.unwrap().rsplit(',').next().unwrap().parse().unwrap()
    };
    assert_eq!((at(4.0), at(19.5)), (0.0, 0.0));
    assert!((at(10.0) - 0.3).abs() < 1e-12, "{}", at(10.0));
}

#[test]
fn a_stiff_voltage_clamp_holds() {
    let (folder, file) = small("20 ms");
    let clamp =
        "name = \"clamp\"\nkind = \"voltage_clamp\"\nvoltage = \"-20 mV\"\nseries_resistance = \"1 kohm\"";
    let stiff = fs::read_to_string(&file).unwrap();
    let stiff = stiff.replace("kind = \"step\"", clamp).replace("amplitude = \"0.3 nA\"", "");
    let stiff = stiff.replace("\"na.m\"", "\"clamp.i\"");
    fs::write(&file, stiff).unwrap();
    let out = folder.path().join("out");
    succeeds(&["run", text(&file), "--out", text(&out), "--no-plot"]);
    let trace = fs::read_to_string(out.join("trace.csv")).unwrap();
    for line in trace.lines().skip(1) {
        let mut cells = line.split(',').map(|cell| cell.parse::<f64>().unwrap());
        let (ms, mv, na) = (cells.next().unwrap(), cells.next().unwrap(), cells.next().unwrap());
        if (6.0..17.9).contains(&ms) {
            // What the potential lacks is what the current loses in the resistance of 1 kohm.
            assert!((mv + 20.0 + na * 1e-3).abs() < 1e-12, "{line}");
        }
    }
}

#[test]
fn the_record_of_a_run_says_what_was_run() {
    let (folder, file) = small("20 ms");
    let out = folder.path().join("out");
    succeeds(&["run", text(&file), "--out", text(&out), "--no-plot", "--quiet"]);
    let record: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(out.join("run.json")).unwrap()).unwrap();
    assert_eq!(record["dt_ms"], 0.025);
    assert_eq!(record["temperature_degC"], 6.3);
    assert_eq!(record["complete"], true);
    assert_eq!(record["reached_ms"], 20.0);
    assert_eq!(record["defaults"].as_array().unwrap().len(), 2, "{record}");
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    assert!(fails(&["run", "nowhere.toml", "--out", "nowhere"]).contains("nowhere.toml"));
    assert!(fails(&["check", "nowhere.toml"]).contains("nowhere.toml"));
    assert!(fails(&["info", "nowhere.swc"]).contains("nowhere.swc"));
    assert!(fails(&["plot", "nowhere.csv"]).contains("nowhere.csv"));
}

#[test]
fn the_examples_are_sound() {
    let mut count = 0;
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml") {
            count += 1;
            succeeds(&["check", text(&path)]);
        }
    }
    assert!(count >= 11, "{count} examples");
}

/// Runs an example and gives its spikes and the largest potential of its soma, mV.
fn run_example(name: &str) -> (usize, f64) {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{}/examples/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    succeeds(&["run", &file, "--out", text(folder.path()), "--no-plot", "--quiet"]);
    let rows = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let potential = |row: &str| row.split(',').nth(1).and_then(|v| v.parse::<f64>().ok()).unwrap();
    let largest = rows("soma.csv").lines().skip(1).map(potential).fold(f64::NEG_INFINITY, f64::max);
    (rows("spikes.csv").lines().filter(|row| row.contains(",cells")).count(), largest)
}

#[test]
fn the_pyramidal_cell_has_the_channels_of_ball_and_stick_and_fires_with_more() {
    let example = |name: &str| -> toml::Value {
        let path = format!("{}/examples/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        toml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    };
    let stick = &example("ball_and_stick")["cell"]["ball_and_stick"]["channels"];
    assert_eq!(stick, &example("pyramidal")["cell"]["pyramidal"]["channels"]);
    // The soma answers once, short of a spike; with ten times the channels it follows the whole pulse.
    let (spikes, largest) = run_example("pyramidal");
    assert!(spikes == 0 && (-13.7..-12.7).contains(&largest), "{spikes} spikes, {largest} mV");
    let (spikes, largest) = run_example("pyramidal_firing");
    assert!(spikes == 9 && (35.0..37.0).contains(&largest), "{spikes} spikes, {largest} mV");
}

const SWC: &str = "1 1 0 0 0 5 -1\n2 3 10 0 0 1 1\n3 3 60 0 0 1 2\n4 4 0 40 0 1 1\n5 4 0 90 0 1 4\n";

#[test]
fn info_prints_measures_as_a_table_and_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cell.swc");
    fs::write(&file, SWC).unwrap();
    let table = succeeds(&["info", text(&file)]);
    assert!(table.contains("one-point soma"), "{table}");
    let json: serde_json::Value = serde_json::from_str(&succeeds(&["info", text(&file), "--json"])).unwrap();
    assert_eq!(json["n_samples"], 5);
    assert_eq!(json["n_tips"], 2);
    for key in ["n_branch_points", "n_sections", "neurite_length", "neurite_area", "neurite_volume"] {
        assert!(json[key].is_number(), "{key} in {json}");
    }
    for key in ["total_length", "total_area", "max_path"] {
        assert!(json[key].is_number(), "{key} in {json}");
    }
}

#[test]
fn info_refuses_what_is_no_morphology() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.swc");
    fs::write(&file, "1 1 0 0 0 5 -1\n2 3 10 0 zero 1 1\n").unwrap();
    let message = fails(&["info", text(&file), "--json"]);
    assert!(message.contains("bad.swc:2"), "{message}");
}

#[test]
fn info_draws_the_cell() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cell.swc");
    fs::write(&file, SWC).unwrap();
    let picture = folder.path().join("cell.svg");
    succeeds(&["info", text(&file), "--plot", text(&picture)]);
    assert!(fs::read_to_string(&picture).unwrap().contains("<svg"));
}

#[test]
fn convert_keeps_the_cell() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cell.swc");
    fs::write(&file, SWC).unwrap();
    let copy = folder.path().join("copy.swc");
    succeeds(&["convert", text(&file), text(&copy)]);
    let measures = |path: &Path| succeeds(&["info", text(path), "--json"]);
    let json = |path: &Path| serde_json::from_str::<serde_json::Value>(&measures(path)).unwrap();
    for key in ["n_tips", "total_length", "total_area"] {
        assert_eq!(json(&file)[key], json(&copy)[key], "{key}");
    }
    assert!(fails(&["convert", text(&file), "cell.xyz"]).contains("xyz"));
}

#[test]
fn channels_lists_and_shows() {
    let list = succeeds(&["channels"]);
    for name in ["na", "kdr", "pas"] {
        assert!(list.lines().any(|line| line.trim_start().starts_with(name)), "{name} in:\n{list}");
    }
    let one = succeeds(&["channels", "na"]);
    assert!(one.contains("Hodgkin"), "{one}");
    assert!(one.contains("dq/dt") || one.contains("m/q"), "{one}");
}

#[test]
fn an_unknown_channel_gets_a_suggestion() {
    assert!(fails(&["channels", "kdrr"]).contains("did you mean `kdr`?"));
}

#[test]
fn channels_are_plotted() {
    let folder = tempfile::tempdir().unwrap();
    succeeds(&["channels", "na", "--plot", text(folder.path())]);
    assert!(folder.path().join("na.svg").exists());
}

#[test]
fn results_are_plotted() {
    let (folder, file) = small("20 ms");
    let out = folder.path().join("out");
    succeeds(&["run", text(&file), "--out", text(&out), "--no-plot"]);
    let picture = folder.path().join("picture.svg");
    let (trace, spikes) = (out.join("trace.csv"), out.join("spikes.csv"));
    succeeds(&["plot", text(&trace), text(&spikes), "--out", text(&picture)]);
    assert!(fs::read_to_string(&picture).unwrap().contains("<svg"));
}

#[test]
fn a_closed_pipe_is_no_panic() {
    use std::io::Read;
    let (folder, file) = small("20 ms");
    let out = folder.path().join("code");
    for arguments in [&["channels"][..], &["generate", "--target", "all", text(&file), "-o", text(&out)]] {
        let mut command = command();
        let mut child =
            command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut message = String::new();
        child.stderr.take().unwrap().read_to_string(&mut message).unwrap();
        let status = child.wait().unwrap();
        assert!(status.success() && message.is_empty(), "{status}: {message}");
    }
    assert!(out.join("README.md").is_file());
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_readable_files() {
    let (folder, file) = small("1000 s");
    let out = folder.path().join("out");
    let child = command()
        .args(["run", text(&file), "--out", text(&out), "--no-plot"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let trace = out.join("trace.csv");
    let started = std::time::Instant::now();
    while fs::metadata(&trace).map_or(0, |m| m.len()) < 10_000 {
        assert!(started.elapsed().as_secs() < 60, "no output within a minute");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(stderr(&output).contains("stopped at"), "{}", stderr(&output));
    let text = fs::read_to_string(&trace).unwrap();
    assert!(text.ends_with('\n'));
    let columns = text.lines().next().unwrap().split(',').count();
    assert!(text.lines().all(|line| line.split(',').count() == columns));
    assert!(text.lines().count() > 100);
}

#[test]
fn bench_prints_one_json_line() {
    let line = succeeds(&["bench", "rallpack1", "--json", "--threads", "1", "--tstop", "1"]);
    assert_eq!(line.lines().count(), 1, "{line}");
    let json: serde_json::Value = serde_json::from_str(&line).unwrap();
    for key in
        ["peer", "version", "workload", "size", "setup_s", "run_s", "cpu_s", "sim_ms", "n_compartments"]
    {
        assert!(!json[key].is_null(), "{key} in {line}");
    }
    assert!(fails(&["bench", "ralpack1"]).contains("did you mean 'rallpack1'?"));
}

#[test]
fn a_lems_document_cannot_write_outside_the_output_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (models, results) = (folder.path().join("models"), folder.path().join("a/b/results"));
    fs::create_dir(&models).unwrap();
    let outside = folder.path().join("outside.dat");
    let column = "<OutputColumn id=\"v\" quantity=\"p[0]/v\"/>";
    let model = format!(
        "<Lems><Target component=\"sim\"/>\
         <izhikevichCell id=\"z\" v0=\"-70mV\" thresh=\"30mV\" a=\"0.02\" b=\"0.2\" c=\"-50\" d=\"2\"/>\
         <network id=\"net\"><population id=\"p\" component=\"z\" size=\"1\"/></network>\
         <Simulation id=\"sim\" length=\"1ms\" step=\"0.1ms\" target=\"net\">\
         <OutputFile id=\"a\" fileName=\"{}\">{column}</OutputFile>\
         <OutputFile id=\"b\" fileName=\"../../climbed.dat\">{column}</OutputFile>\
         <OutputFile id=\"c\" fileName=\"fine/../deep/v.dat\">{column}</OutputFile>\
         <EventOutputFile id=\"d\" fileName=\"../../../s.spikes\" format=\"ID_TIME\">\
         <EventSelection id=\"0\" select=\"p[0]\" eventPort=\"spike\"/></EventOutputFile></Simulation></Lems>",
        outside.display()
    );
    let file = models.join("LEMS.xml");
    fs::write(&file, model).unwrap();
    let output = neuropil(&["run", text(&file), "--out", text(&results), "--no-plot"]);
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let rerooted = results.join(outside.strip_prefix("/").unwrap_or(&outside));
    for (asked, written) in [
        (text(&outside), rerooted),
        ("../../climbed.dat", results.join("climbed.dat")),
        ("../../../s.spikes", results.join("s.spikes")),
    ] {
        assert!(written.is_file(), "{}", written.display());
        let warning = format!("warning: result file '{asked}' is written to");
        assert!(told.contains(&warning), "{told}");
    }
    assert!(results.join("deep/v.dat").is_file());
    assert_eq!(told.matches("output-outside-folder").count(), 3, "{told}");
    let left = |path: &Path| fs::read_dir(path).unwrap().count();
    assert_eq!((left(folder.path()), left(&models), left(&folder.path().join("a/b"))), (2, 1, 1));
}

#[test]
fn places_for_a_method_that_has_no_use_for_them_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("reduced");
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/ball_and_stick.toml");
    let said = fails(&["reduce", model, "--method", "rall", "--at", "root", "-o", text(&out)]);
    assert!(said.contains("--at") && said.contains("rall") && said.contains("impedance"), "{said}");
    assert!(!out.exists());
}
