//! Workloads that come as NeuroML documents: they are read as any document is.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::ring::{PER_BRANCH, RING, SOMA_UM, SYNAPSES, check_size, inputs};
use super::{Prepared, Workload, rounded, upward_ms};
use crate::engine::Memory;
use crate::error::{Error, ErrorKind, Result};
use crate::lems::{Document, Files, Resolver};
use crate::{library, neuroml};

/// Documents made by the program, and the files beside `folder`.
pub(super) struct Documents<'a> {
    pub(super) made: &'a [(&'a str, String)],
    pub(super) files: Files<'a>,
}

impl Resolver for Documents<'_> {
    fn find(&self, from: &Path, href: &str) -> Result<Document> {
        match self.made.iter().find(|(name, _)| *name == href) {
            Some((name, text)) => {
                Ok(Document { key: (*name).to_string(), file: from.with_file_name(name), text: text.clone() })
            }
            None => self.files.find(from, href),
        }
    }

    fn text(&self, bytes: Vec<u8>, path: &Path) -> Result<String> {
        self.files.text(bytes, path)
    }
}

/// The squid axon's channels (Hodgkin & Huxley 1952 with rest at -65 mV) and a leak.
const CHANNELS: &str = r#"
<ionChannelHH id="na" conductance="10 pS" species="na">
  <gateHHrates id="m" instances="3">
    <forwardRate type="HHExpLinearRate" rate="1 per_ms" midpoint="-40 mV" scale="10 mV"/>
    <reverseRate type="HHExpRate" rate="4 per_ms" midpoint="-65 mV" scale="-18 mV"/>
  </gateHHrates>
  <gateHHrates id="h" instances="1">
    <forwardRate type="HHExpRate" rate="0.07 per_ms" midpoint="-65 mV" scale="-20 mV"/>
    <reverseRate type="HHSigmoidRate" rate="1 per_ms" midpoint="-35 mV" scale="10 mV"/>
  </gateHHrates>
</ionChannelHH>
<ionChannelHH id="k" conductance="10 pS" species="k">
  <gateHHrates id="n" instances="4">
    <forwardRate type="HHExpLinearRate" rate="0.1 per_ms" midpoint="-55 mV" scale="10 mV"/>
    <reverseRate type="HHExpRate" rate="0.125 per_ms" midpoint="-65 mV" scale="-80 mV"/>
  </gateHHrates>
</ionChannelHH>
<ionChannelHH id="leak" conductance="10 pS"/>
<expOneSynapse id="syn" gbase="0.01 uS" erev="0 mV" tauDecay="2 ms"/>
<spikeArray id="kick"><spike id="0" time="0.5 ms"/></spikeArray>
"#;

/// The ring of `ring` as NeuroML.
pub(super) fn ring(workload: &Workload) -> Result<Prepared> {
    let n = workload.n.unwrap_or(64);
    check_size(n, workload.depth)?;
    let mut text = String::from("<neuroml xmlns=\"http://www.neuroml.org/schema/neuroml2\" id=\"ring\">");
    text += CHANNELS;
    // Writing to a string cannot fail.
    let _ = cell(&mut text, workload);
    let _ = network(&mut text, n, (1 << (workload.depth + 1)) - 2);
    text += "</neuroml>";
    let last = n - 1;
    let columns: String = [("v0", 0), ("v1", 1 % n), ("vlast", last)]
        .iter()
        .map(|(id, cell)| format!("<OutputColumn id=\"{id}\" quantity=\"p/{cell}/c/0/v\"/>"))
        .collect();
    let main = driver(workload, 200.0, "ring.net.nml", &columns);
    let size = json!({
        "n": n, "depth": workload.depth, "cpb": PER_BRANCH, "nsyn": SYNAPSES, "rsize": RING.min(n),
        "dense": workload.dense, "dt": workload.dt_ms,
    });
    prepared(workload, "LEMS_ring.xml", &main, &[("ring.net.nml", text)], size, -10.0)
}

fn cell(text: &mut String, workload: &Workload) -> std::fmt::Result {
    let branches = (1usize << (workload.depth + 1)) - 2;
    write!(text, "<cell id=\"c\"><morphology id=\"m\">")?;
    let point = |tag: &str, x: f64, d: f64| format!("<{tag} x=\"{x}\" y=\"0\" z=\"0\" diameter=\"{d}\"/>");
    write!(text, "<segment id=\"0\" name=\"soma\">{}", point("proximal", 0.0, SOMA_UM))?;
    write!(text, "{}</segment>", point("distal", SOMA_UM, SOMA_UM))?;
    let mut ends: Vec<f64> = Vec::with_capacity(branches);
    for b in 0..branches {
        let (parent, x) = if b < 2 { (0, SOMA_UM) } else { ((b - 2) / 2 + 1, ends[(b - 2) / 2]) };
        ends.push(x + 40.0);
        write!(text, "<segment id=\"{}\" name=\"d{b}\"><parent segment=\"{parent}\"/>", b + 1)?;
        write!(text, "{}{}</segment>", point("proximal", x, 1.0), point("distal", x + 40.0, 1.0))?;
    }
    let unbranched = "neuroLexId=\"sao864921383\"";
    let cuts = |n: usize| format!("<property tag=\"numberInternalDivisions\" value=\"{n}\"/>");
    write!(
        text,
        "<segmentGroup id=\"soma_g\" {unbranched}>{}<member segment=\"0\"/></segmentGroup>",
        cuts(1)
    )?;
    for b in 0..branches {
        let (cuts, segment) = (cuts(PER_BRANCH), b + 1);
        write!(
            text,
            "<segmentGroup id=\"d{b}_g\" {unbranched}>{cuts}<member segment=\"{segment}\"/></segmentGroup>"
        )?;
    }
    write!(text, "<segmentGroup id=\"soma_group\"><include segmentGroup=\"soma_g\"/></segmentGroup>")?;
    write!(text, "<segmentGroup id=\"dendrite_group\">")?;
    for b in 0..branches {
        write!(text, "<include segmentGroup=\"d{b}_g\"/>")?;
    }
    write!(text, "</segmentGroup></morphology><biophysicalProperties id=\"b\"><membraneProperties>")?;
    let mut density = |id: &str, channel: &str, g: &str, erev: &str, ion: &str, group: &str| {
        write!(
            text,
            "<channelDensity id=\"{id}\" ionChannel=\"{channel}\" condDensity=\"{g} S_per_cm2\" \
             erev=\"{erev} mV\" ion=\"{ion}\" segmentGroup=\"{group}\"/>"
        )
    };
    let squid = if workload.dense { "all" } else { "soma_group" };
    density("na_d", "na", "0.12", "50", "na", squid)?;
    density("k_d", "k", "0.036", "-77", "k", squid)?;
    density("l_d", "leak", "0.0003", "-54.3", "non_specific", squid)?;
    if !workload.dense {
        density("p_d", "leak", "0.0001", "-65", "non_specific", "dendrite_group")?;
    }
    write!(
        text,
        "<spikeThresh value=\"-10 mV\"/><specificCapacitance value=\"1 uF_per_cm2\"/>\
         <initMembPotential value=\"-65 mV\"/></membraneProperties><intracellularProperties>\
         <resistivity value=\"0.1 kohm_cm\"/></intracellularProperties></biophysicalProperties></cell>"
    )
}

fn network(text: &mut String, n: usize, branches: usize) -> std::fmt::Result {
    write!(text, "<network id=\"net\" type=\"networkWithTemperature\" temperature=\"6.3 degC\">")?;
    write!(text, "<population id=\"p\" component=\"c\" type=\"populationList\" size=\"{n}\">")?;
    for g in 0..n {
        write!(text, "<instance id=\"{g}\"><location x=\"{}\" y=\"0\" z=\"0\"/></instance>", g * 100)?;
    }
    write!(text, "</population><population id=\"kicks\" component=\"kick\" size=\"1\"/>")?;
    let projection = |id: &str, from: &str| {
        format!(
            "<projection id=\"{id}\" presynapticPopulation=\"{from}\" postsynapticPopulation=\"p\" synapse=\"syn\">"
        )
    };
    *text += &projection("ring_proj", "p");
    let mut id = 0;
    for g in 0..n {
        for (source, branch, compartment, weight, delay) in inputs(g, n, branches) {
            let fraction = (compartment as f64 + 0.5) / PER_BRANCH as f64;
            let weight = if weight > 0.0 { 1 } else { 0 };
            write!(
                text,
                "<connectionWD id=\"{id}\" preCellId=\"../p/{source}/c\" postCellId=\"../p/{g}/c\" \
                 preSegmentId=\"0\" postSegmentId=\"{}\" preFractionAlong=\"0.5\" \
                 postFractionAlong=\"{fraction}\" weight=\"{weight}\" delay=\"{delay} ms\"/>",
                branch + 1
            )?;
            id += 1;
        }
    }
    *text += "</projection>";
    *text += &projection("kick_proj", "kicks");
    for (id, g) in (0..n).step_by(RING.min(n)).enumerate() {
        write!(
            text,
            "<connectionWD id=\"{id}\" preCellId=\"../kicks[0]\" postCellId=\"../p/{g}/c\" \
             postSegmentId=\"1\" postFractionAlong=\"0.125\" weight=\"1\" delay=\"0.5 ms\"/>"
        )?;
    }
    *text += "</projection></network>";
    Ok(())
}

/// The layer-5 pyramidal cell of Hay et al. (2011) in its NeuroML form, which the user has in a folder,
/// with a current of 0.793 nA into the soma from 100 to 900 ms.
pub(super) fn l5pc(workload: &Workload) -> Result<Prepared> {
    let Some(folder) = &workload.model else {
        return Err(Error::new(ErrorKind::Value, "l5pc needs the folder of the published model").help(
            "fetch OpenSourceBrain/L5bPyrCellHayEtAl2011 and give --model neuroConstruct/generatedNeuroML2",
        ));
    };
    let net = "<neuroml xmlns=\"http://www.neuroml.org/schema/neuroml2\" id=\"l5pc\">\
        <include href=\"CaDynamics_E2_NML2.nml\"/><include href=\"L5PC.cell.nml\"/>\
        <pulseGenerator id=\"in\" delay=\"100 ms\" duration=\"800 ms\" amplitude=\"0.793 nA\"/>\
        <network id=\"net\" type=\"networkWithTemperature\" temperature=\"6.3 degC\">\
        <population id=\"p\" component=\"L5PC\" type=\"populationList\" size=\"1\">\
        <instance id=\"0\"><location x=\"0\" y=\"0\" z=\"0\"/></instance></population>\
        <inputList id=\"l\" component=\"in\" population=\"p\">\
        <input id=\"0\" target=\"../p/0/L5PC\" destination=\"synapses\"/></inputList></network></neuroml>";
    let main = driver(
        workload,
        1000.0,
        "neuropil_l5pc.net.nml",
        "<OutputColumn id=\"soma\" quantity=\"p/0/L5PC/0/v\"/>",
    );
    let file = folder.join("LEMS_l5pc.xml");
    let size = json!({ "cells": 1, "dt": workload.dt_ms });
    prepared(workload, file, &main, &[("neuropil_l5pc.net.nml", net.to_string())], size, -20.0)
}

fn driver(workload: &Workload, length_ms: f64, network: &str, columns: &str) -> String {
    format!(
        "<Lems><Target component=\"sim\"/><Include file=\"Cells.xml\"/><Include file=\"Networks.xml\"/>\
         <Include file=\"Simulation.xml\"/><Include file=\"{network}\"/>\
         <Simulation id=\"sim\" length=\"{} ms\" step=\"{} ms\" target=\"net\" seed=\"1\">\
         <OutputFile id=\"of\" fileName=\"v.dat\">{columns}</OutputFile></Simulation></Lems>",
        workload.tstop_ms.unwrap_or(length_ms),
        workload.dt_ms
    )
}

fn prepared(
    workload: &Workload,
    file: impl AsRef<Path>,
    main: &str,
    made: &[(&str, String)],
    size: Value,
    threshold_mv: f64,
) -> Result<Prepared> {
    let documents = Documents { made, files: library::resolver() };
    let mut model = neuroml::read_str(main, file, &documents)?.model;
    model.run.method = workload.method;
    let columns = model.recordings.len();
    let check = move |memory: &Memory| {
        let Some(rows) = memory.tables.first() else { return Value::Null };
        let mut out = Map::new();
        for column in 1..=columns {
            let spikes = upward_ms(rows, columns + 1, column, threshold_mv * 1e-3);
            let end = rows.chunks_exact(columns + 1).last().map_or(f64::NAN, |row| row[column] * 1e3);
            let times = |some: &[f64]| some.iter().map(|t| rounded(*t, 3)).collect::<Vec<_>>();
            out.insert(
                format!("col{column}"),
                json!({
                    "n": spikes.len(), "first": times(&spikes[..spikes.len().min(2)]),
                    "last": spikes.last().map(|t| rounded(*t, 3)), "v_end": rounded(end, 4),
                }),
            );
        }
        Value::Object(out)
    };
    Ok(Prepared { model, size, check: Box::new(check) })
}
