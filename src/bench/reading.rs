//! How fast documents are read: a network that lists connections, as programs write them.

use std::fmt::Write as _;
use std::time::Instant;

use cpu_time::ProcessTime;
use serde_json::json;

use super::nml::Documents;
use super::{Outcome, Workload, rounded};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Model;
use crate::{library, neuroml};

/// Cells of the network.
const CELLS: usize = 1000;
/// Most connections.
const MAX: usize = 4_000_000;

/// The network as NeuroML, with `n` connections of weight and delay.
fn document(n: usize) -> String {
    let mut text = format!(
        "<neuroml xmlns=\"http://www.neuroml.org/schema/neuroml2\" id=\"reading\">\n\
         <expOneSynapse id=\"syn\" gbase=\"1 nS\" erev=\"0 mV\" tauDecay=\"2 ms\"/>\n\
         <iafCell id=\"c\" leakReversal=\"-60 mV\" thresh=\"-55 mV\" reset=\"-62 mV\" C=\"1 nF\" \
         leakConductance=\"0.05 uS\"/>\n\
         <network id=\"net\">\n<population id=\"pop\" component=\"c\" size=\"{CELLS}\"/>\n\
         <projection id=\"proj\" presynapticPopulation=\"pop\" postsynapticPopulation=\"pop\" synapse=\"syn\">\n"
    );
    for i in 0..n {
        // Any numbers will do: these spread over all cells.
        let (pre, post) = (i * 7919 % CELLS, (i * 104_729 + i / CELLS) % CELLS);
        let (weight, delay) = (i * 31 % 1000, i * 17 % 1000);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "    <connectionWD id=\"{i}\" preCellId=\"../pop/{pre}/c\" postCellId=\"../pop/{post}/c\" \
             preSegmentId=\"0\" preFractionAlong=\"0.5\" postSegmentId=\"0\" postFractionAlong=\"0.5\" \
             weight=\"0.{weight:03}\" delay=\"1.{delay:03} ms\"/>"
        );
    }
    text + "</projection>\n</network>\n</neuroml>\n"
}

fn read(text: String) -> Result<Model> {
    let main = "<Lems><Target component=\"sim\"/><Include file=\"Cells.xml\"/><Include file=\"Networks.xml\"/>\
        <Include file=\"Simulation.xml\"/><Include file=\"reading.net.nml\"/>\
        <Simulation id=\"sim\" length=\"1 ms\" step=\"0.1 ms\" target=\"net\" seed=\"1\"/></Lems>";
    let documents = Documents { made: &[("reading.net.nml", text)], files: library::resolver() };
    Ok(neuroml::read_str(main, "LEMS_reading.xml", &documents)?.model)
}

/// The model that is read.
pub(super) fn model(workload: &Workload) -> Result<Model> {
    let n = workload.n.unwrap_or(10_000);
    if n == 0 || n > MAX {
        return Err(Error::new(ErrorKind::Value, format!("{n} connections: expected 1 to {MAX}")));
    }
    read(document(n))
}

/// Reads the document and makes the model of it.
pub(super) fn run(workload: &Workload) -> Result<Outcome> {
    // The core types are read once in a program; here they are not what is measured.
    model(&Workload { n: Some(1), ..workload.clone() })?;
    let n = workload.n.unwrap_or(10_000);
    let text = document(n.min(MAX));
    let megabytes = text.len() as f64 / 1e6;
    let (wall, cpu) = (Instant::now(), ProcessTime::now());
    let read = read(text)?;
    let (setup_s, cpu_s) = (wall.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
    Ok(Outcome {
        peer: "neuropil",
        version: env!("CARGO_PKG_VERSION"),
        workload: workload.name.clone(),
        size: json!({ "connections": n, "megabytes": rounded(megabytes, 3) }),
        setup_s,
        run_s: 0.0,
        cpu_s,
        sim_ms: 0.0,
        n_compartments: 0,
        n_steps: 0,
        n_spikes: 0,
        check: json!({
            "connections": read.connections.len(),
            "mb_per_s": rounded(megabytes / setup_s, 1), "mb_per_cpu_s": rounded(megabytes / cpu_s, 1),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_connections_are_read() {
        let workload = Workload { name: "reading".to_string(), n: Some(2500), ..Workload::default() };
        let model = model(&workload).unwrap();
        assert_eq!((model.connections.len(), model.populations[0].size), (2500, CELLS));
        let last = model.connections.last().unwrap();
        assert_eq!((last.source, last.target), ((0, 2499 * 7919 % 1000), (0, (2499 * 104_729 + 2) % 1000)));
        assert!((last.weight - 0.469).abs() < 1e-12 && (last.delay_s - 1.483e-3).abs() < 1e-15);
        assert_eq!(run(&workload).unwrap().check["connections"], 2500);
    }
}
