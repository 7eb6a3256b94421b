//! Whole documents, read and run.

mod attached;
mod cables;
mod hdf5;
mod inputs;
mod lenient;
mod recorded;
mod sent;
mod several;

#[path = "../common/sim.rs"]
mod sim;

use neuropil::engine::Options;
use neuropil::library;
use neuropil::neuroml::{self, Simulation};
use sim::Run;

/// A document with the core types, and a simulation of its component `target` that writes `quantities`.
fn document(body: &str, target: &str, length_ms: f64, quantities: &[&str]) -> String {
    let column = |(number, quantity): (usize, &&str)| {
        format!("<OutputColumn id=\"c{number}\" quantity=\"{quantity}\"/>")
    };
    let columns: String = quantities.iter().enumerate().map(column).collect();
    format!(
        "<Lems>\n<Target component=\"sim\"/>\n\
         <Include file=\"Cells.xml\"/><Include file=\"Networks.xml\"/><Include file=\"Simulation.xml\"/>\n{body}\n\
         <Simulation id=\"sim\" length=\"{length_ms}ms\" step=\"0.025ms\" target=\"{target}\">\n\
         <OutputFile id=\"of\" fileName=\"out.dat\">{columns}</OutputFile></Simulation></Lems>"
    )
}

fn read(text: &str) -> Simulation {
    neuroml::read_str(text, "test.xml", &library::resolver()).unwrap_or_else(|e| panic!("{e}"))
}

/// Why a document is not read.
fn fault(text: &str) -> String {
    match neuroml::read_str(text, "test.xml", &library::resolver()) {
        Err(error) => error.to_string(),
        Ok(_) => "nothing is wrong".to_string(),
    }
}

/// What a document gives: its simulation, and the columns of its only file.
fn run(text: &str) -> (Simulation, Run) {
    let simulation = read(text);
    let run = sim::run_model(&simulation.model, &Options { threads: 1, ..Options::default() });
    (simulation, run)
}

/// Samples of `quantities`, a column each.
fn samples(body: &str, target: &str, length_ms: f64, quantities: &[&str]) -> Vec<Vec<f64>> {
    let (simulation, run) = run(&document(body, target, length_ms, quantities));
    let table = &simulation.outputs[0].table;
    quantities.iter().map(|quantity| run.column(table, quantity)).collect()
}
