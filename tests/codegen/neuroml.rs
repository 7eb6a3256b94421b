//! Target neuroml for models that are NeuroML already.

use std::fs;

use neuropil::codegen::{self, Options, Target};
use neuropil::neuroml;

#[test]
fn a_model_in_neuroml_is_its_documents() {
    let folder = tempfile::tempdir().unwrap();
    let (cells, runs) = (folder.path().join("cells"), folder.path().join("runs/one"));
    fs::create_dir_all(&cells).unwrap();
    fs::create_dir_all(&runs).unwrap();
    let cell = "<neuroml xmlns=\"http://www.neuroml.org/schema/neuroml2\" id=\"cells\">\n\
        <iafCell id=\"iaf\" leakReversal=\"-60 mV\" thresh=\"-50 mV\" reset=\"-65 mV\" C=\"0.2 nF\" leakConductance=\"0.01 uS\"/>\n\
        <pulseGenerator id=\"push\" delay=\"5 ms\" duration=\"40 ms\" amplitude=\"0.3 nA\"/>\n</neuroml>\n";
    let net = "<neuroml xmlns=\"http://www.neuroml.org/schema/neuroml2\" id=\"net\">\n<include href=\"../../cells/cells.nml\"/>\n\
        <network id=\"net\"><population id=\"pop\" component=\"iaf\" size=\"2\"/>\n\
        <explicitInput target=\"pop[1]\" input=\"push\"/></network>\n</neuroml>\n";
    let run = "<Lems><Target component=\"sim\"/>\n<Include file=\"Simulation.xml\"/><Include file=\"net.nml\"/>\n\
        <Simulation id=\"sim\" length=\"50ms\" step=\"0.05ms\" target=\"net\"><OutputFile id=\"o\" fileName=\"v.dat\">\n\
        <OutputColumn id=\"v\" quantity=\"pop[1]/v\"/></OutputFile></Simulation></Lems>\n";
    fs::write(cells.join("cells.nml"), cell).unwrap();
    fs::write(runs.join("net.nml"), net).unwrap();
    fs::write(runs.join("LEMS_run.xml"), run).unwrap();
    let origin = runs.join("LEMS_run.xml");
    let read = neuroml::read(&origin).unwrap();
    let options = Options { origin, lossy: false, templates: None };
    let made = codegen::generate(&read.model, Target::NeuroMl, &options).unwrap();
    let files: Vec<(&str, &str)> = made
        .files
        .iter()
        .map(|(path, bytes)| (path.to_str().unwrap(), std::str::from_utf8(bytes).unwrap()))
        .collect();
    // The core types are not among them.
    assert_eq!(files, [("cells/cells.nml", cell), ("runs/one/net.nml", net), ("runs/one/LEMS_run.xml", run)]);
    assert_eq!(made.command, "jnml runs/one/LEMS_run.xml -nogui");
    let out = folder.path().join("out");
    codegen::write(&made, &out).unwrap();
    assert_eq!(neuroml::read(out.join("runs/one/LEMS_run.xml")).unwrap().model.populations[0].size, 2);
}
