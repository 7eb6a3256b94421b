//! Networks in tables of HDF5: the same bits as in XML. `tests/reference/hdf5/make.py` wrote both.

use std::fmt::Write;

use neuropil::engine::Options;
use neuropil::lems::Resolver;
use neuropil::{library, neuroml};

use super::sim;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/hdf5");

/// What is recorded of every kind of population.
const QUANTITIES: [&str; 9] = [
    "shaped/0/stick/v",
    "shaped/1/stick/1/v",
    "shaped/2/stick/1/v",
    "points[0]/v",
    "points[1]/v",
    "points[2]/v",
    "points[3]/v",
    "placed/0/iaf/v",
    "placed/1/iaf/v",
];

/// The samples of a run of the network in the document `file`.
fn samples(file: &str) -> Vec<Vec<f64>> {
    let mut columns = String::new();
    for (number, quantity) in QUANTITIES.iter().enumerate() {
        let _ = write!(columns, "<OutputColumn id=\"c{number}\" quantity=\"{quantity}\"/>");
    }
    let text = format!(
        "<Lems><Target component=\"sim\"/>\n<Include file=\"Cells.xml\"/><Include file=\"Networks.xml\"/>\
         <Include file=\"Simulation.xml\"/><Include file=\"{file}\"/>\n\
         <Simulation id=\"sim\" length=\"60ms\" step=\"0.025ms\" target=\"net\">\
         <OutputFile id=\"of\" fileName=\"out.dat\">{columns}</OutputFile></Simulation></Lems>"
    );
    let simulation = neuroml::read_str(&text, format!("{FOLDER}/LEMS.xml"), &library::resolver())
        .unwrap_or_else(|e| panic!("{file}: {e}"));
    assert!((simulation.model.temperature_k - 305.15).abs() < 1e-9, "{file}");
    let run = sim::run_model(&simulation.model, &Options { threads: 1, ..Options::default() });
    QUANTITIES.iter().map(|quantity| run.column(&simulation.outputs[0].table, quantity)).collect()
}

#[test]
fn tables_give_the_bits_of_the_xml() {
    let xml = samples("network.net.nml");
    // Everything is connected: each cell's potential moves.
    for (column, quantity) in xml.iter().zip(QUANTITIES) {
        let (low, high) =
            column.iter().fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
        assert!(high - low > 1e-4, "{quantity} stays from {low} to {high}");
    }
    for file in ["network.net.nml.h5", "plain.net.nml.h5"] {
        assert_eq!(samples(file), xml, "{file}");
    }
}

/// A damaged file is refused or read, and nothing else.
#[test]
fn damage_is_told() {
    for name in ["network.net.nml.h5", "plain.net.nml.h5"] {
        let path = std::path::Path::new(FOLDER).join(name);
        let whole = std::fs::read(&path).unwrap();
        let mut seed = 1u64;
        let mut random = move |below: usize| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) as usize % below
        };
        let mut refused = 0;
        for round in 0..400 {
            let mut bytes = whole.clone();
            for _ in 0..=random(4) {
                let at = random(bytes.len());
                bytes[at] = random(256) as u8;
            }
            if round % 4 == 0 {
                bytes.truncate(random(bytes.len()));
            }
            refused += usize::from(library::resolver().text(bytes, &path).is_err());
        }
        assert!(refused > 50, "{name}: {refused}");
    }
}
