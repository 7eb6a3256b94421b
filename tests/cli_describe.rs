//! `describe` and `check` as people use them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn neuropil(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_neuropil"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).output().expect("the program starts")
}

#[track_caller]
fn succeeds(arguments: &[&str]) -> String {
    let output = neuropil(arguments);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {told}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

const MODEL: &str = r#"<neuroml xmlns="http://www.neuroml.org/schema/neuroml2" id="doc">
<ionChannelHH id="na" species="na" conductance="10pS">
<gateHHrates id="m" instances="3">
<forwardRate type="HHExpLinearRate" rate="1per_ms" midpoint="-40mV" scale="10mV"/>
<reverseRate type="HHExpRate" rate="4per_ms" midpoint="-65mV" scale="-18mV"/>
</gateHHrates>
</ionChannelHH>
<expOneSynapse id="syn" gbase="0.5nS" erev="0mV" tauDecay="3ms"/>
<cell id="ball"><morphology id="m0"><segment id="0">
<proximal x="0" y="0" z="0" diameter="10"/><distal x="10" y="0" z="0" diameter="10"/></segment></morphology>
<biophysicalProperties id="b0"><membraneProperties>
<channelDensity id="na_all" ionChannel="na" condDensity="120mS_per_cm2" erev="50mV" ion="na"/>
<spikeThresh value="0mV"/><specificCapacitance value="1uF_per_cm2"/><initMembPotential value="-65mV"/>
</membraneProperties><intracellularProperties><resistivity value="0.1kohm_cm"/></intracellularProperties>
</biophysicalProperties></cell>
<network id="net" type="networkWithTemperature" temperature="6.3 degC"><population id="pop" component="ball" size="2"/>
<projection id="p" presynapticPopulation="pop" postsynapticPopulation="pop" synapse="syn">
<connectionWD id="0" preCellId="../pop[0]" postCellId="../pop[1]" weight="2" delay="1 ms"/>
<connectionWD id="1" preCellId="../pop[1]" postCellId="../pop[0]" weight="3" delay="1 ms"/>
</projection></network></neuroml>"#;

fn model() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.nml");
    fs::write(&file, MODEL).unwrap();
    let name = file.to_str().unwrap().to_string();
    (folder, name)
}

#[test]
fn a_model_is_shown_with_its_formulas_and_sizes() {
    let (_folder, file) = model();
    let text = succeeds(&["describe", &file]);
    for wanted in [
        "network net at 6.3 °C",
        "pop  2 cells  ball (cell)",
        "p  pop → pop  2 connections  syn  weight 2 to 3, delay 1 ms",
        "1 segment in 1 section, 10 µm long, 314.16 µm² of membrane",
        "na_all  na  all  0.12 S/cm²  reversal 50 mV",
        "open fraction = m^3",
        "gate m: dm/dt = α (1 - m) - β m",
        "x = (v + 40 mV) / (10 mV)",
        "β = 4/ms · exp((v + 65 mV) / (-18 mV))",
        "gbase = 0.5 nS",
    ] {
        let alike = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let wanted = alike(wanted);
        assert!(text.lines().any(|line| alike(line).contains(&wanted)), "no '{wanted}' in:\n{text}");
    }
    let one = succeeds(&["describe", &file, "na"]);
    assert!(one.contains("ion channel na") && !one.contains("network"), "{one}");
    let json: serde_json::Value = serde_json::from_str(&succeeds(&["describe", &file, "--json"])).unwrap();
    assert_eq!(json["components"][0]["id"], "na");
}

#[test]
fn pictures_of_cells_and_channels() {
    let (folder, file) = model();
    let out = folder.path().join("pictures");
    succeeds(&["describe", &file, "--out", out.to_str().unwrap()]);
    for name in ["cell_ball.svg", "channel_na.svg"] {
        assert!(fs::read_to_string(out.join(name)).unwrap().contains("<svg"), "{name}");
    }
}

#[test]
fn experiments_and_morphologies_are_shown_too() {
    let text = succeeds(&["describe", "examples/ball_and_stick.toml"]);
    assert!(text.contains("channels on it") && text.contains("kdr"), "{text}");
    assert!(succeeds(&["describe", "morphologies/pyramidal_l5.swc"]).contains("neurite length"));
}

#[test]
fn check_tells_all_errors_and_counts_them() {
    let (folder, file) = model();
    assert!(succeeds(&["check", &file]).contains("0 errors, 0 warnings in 1 file"));
    let broken = MODEL
        .replace("instances=\"3\"", "instances=\"0.5\"")
        .replace("../pop[1]\" weight", "../pop[7]\" weight");
    let file = folder.path().join("broken.nml");
    fs::write(&file, broken).unwrap();
    let output = neuropil(&["check", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("broken.nml:3:1: <gateHHrates id=\"m\">: 'instances' is 0.5"), "{told}");
    assert!(told.contains("'pop' has 2 cells and no cell 7"), "{told}");
    assert!(told.contains("2 errors, 0 warnings in 1 file"), "{told}");
    assert!(!Path::new("broken.nml").exists());
}

#[test]
fn cells_go_to_swc_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    succeeds(&["convert", "morphologies/pyramidal_l5.swc", &at("cell.nml")]);
    assert!(succeeds(&["check", &at("cell.nml")]).contains("0 errors"));
    succeeds(&["convert", &at("cell.nml"), &at("back.swc")]);
    let measures = |file: &str| -> serde_json::Value {
        serde_json::from_str(&succeeds(&["info", file, "--json"])).unwrap()
    };
    let (first, back) = (measures("morphologies/pyramidal_l5.swc"), measures(&at("back.swc")));
    for key in ["total_length", "total_area", "total_volume", "max_path_from_soma"] {
        let (a, b) = (first[key].as_f64().unwrap(), back[key].as_f64().unwrap());
        assert!((a - b).abs() <= 1e-9 * a.abs(), "{key}: {a} and {b}");
    }
    let none = neuropil(&["convert", "channels/ion/na.xml", &at("x.swc")]);
    assert_eq!(none.status.code(), Some(1));
}
