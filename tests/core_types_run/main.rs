//! Every concrete component type of the core in a small document that is read and run.

mod cells;
mod documents;

#[path = "../common/sim.rs"]
mod sim;

use std::collections::BTreeSet;

use neuropil::engine::Options;
use neuropil::lems::{Component, Set};
use neuropil::library;
use neuropil::neuroml;
use sim::run_model;

/// A document that is run.
#[derive(Debug, Clone, Copy)]
struct Case {
    name: &'static str,
    body: &'static str,
    target: &'static str,
    /// What is recorded, and the least and greatest value it may take.
    quantities: &'static [(&'static str, f64, f64)],
}

impl Case {
    /// The events of a cell, if there is one that sends any.
    fn selection(&self) -> &'static str {
        match self.name {
            "places" => "<EventSelection id=\"0\" select=\"t[1]\" eventPort=\"spike\"/>",
            _ => "",
        }
    }
}

/// Types that nobody makes components of: others extend them, or they are of the language and of simulations.
const NOT_OF_DOCUMENTS: &[&str] = &[
    "KSState",
    "KSTransition",
    "Meta",
    "gate",
    "concentrationModel",
    "point3DWithDiam",
    "notes",
    "annotation",
    "property",
    "cellSet",
];

/// Files of the core that are not of NeuroML: library types of experiments.
const NOT_OF_NEUROML: &[&str] = &["plasticity.xml", "pynn_cells.xml"];

fn document(case: &Case) -> String {
    let column =
        |(i, (q, ..)): (usize, &(&str, f64, f64))| format!("<OutputColumn id=\"c{i}\" quantity=\"{q}\"/>");
    let columns: String = case.quantities.iter().enumerate().map(column).collect();
    format!(
        "<Lems>\n<Target component=\"sim\"/>\n\
         <Include file=\"Cells.xml\"/><Include file=\"Networks.xml\"/><Include file=\"Simulation.xml\"/>\
         <Include file=\"PyNN.xml\"/>\n{}\n\
         <Simulation id=\"sim\" length=\"30ms\" step=\"0.01ms\" target=\"{}\">\
         <Meta for=\"neuropil\" method=\"crank_nicolson\"/>\
         <Display id=\"d\" title=\"all\" xmin=\"0\" xmax=\"30\" ymin=\"0\" ymax=\"1\" timeScale=\"1ms\">\
         <Line id=\"l\" quantity=\"{}\" scale=\"1\" timeScale=\"1ms\" color=\"#000000\"/></Display>\
         <EventOutputFile id=\"e\" fileName=\"e.dat\" format=\"ID_TIME\">{}</EventOutputFile>\
         <OutputFile id=\"of\" fileName=\"out.dat\">{columns}</OutputFile></Simulation></Lems>",
        case.body,
        case.target,
        case.quantities[0].0,
        case.selection()
    )
}

fn is_random(case: &Case, quantity: &str) -> bool {
    match case.name {
        "sources of spikes" => !["p[0]/", "p[4]/"].iter().any(|head| quantity.starts_with(head)),
        "synapses of PyNN" => quantity.starts_with("p[4]/"),
        _ => false,
    }
}

#[test]
fn every_case_runs() {
    let mut wrong = Vec::new();
    for case in documents::CASES {
        let read = neuroml::read_str(&document(case), "test.xml", &library::resolver());
        let simulation = match read {
            Ok(simulation) => simulation,
            Err(error) => {
                wrong.push(format!("{}: {error}", case.name));
                continue;
            }
        };
        let run = run_model(&simulation.model, &Options { threads: 1, ..Options::default() });
        let table = &simulation.outputs[0].table;
        for (quantity, least, greatest) in case.quantities {
            let column = run.column(table, quantity);
            let low = column.iter().copied().fold(f64::INFINITY, f64::min);
            let high = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            // Of what comes at random only the order of magnitude is known.
            let part = if is_random(case, quantity) { 0.5 } else { 1e-3 };
            let near = |a: f64, b: f64| (a - b).abs() <= part * least.abs().max(greatest.abs());
            if !column.iter().all(|x| x.is_finite()) || !near(low, *least) || !near(high, *greatest) {
                wrong.push(format!("{}: {quantity} is from {low:e} to {high:e}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn types_of(component: &Component, out: &mut BTreeSet<String>) {
    out.insert(component.component_type.clone());
    component.children.iter().for_each(|child| types_of(child, out));
}

/// Every concrete type is in some case.
#[test]
fn no_type_is_left_out() {
    let core = library::core().unwrap();
    let known: BTreeSet<&str> = core.components().filter_map(|c| c.id.as_deref()).collect();
    let mut used = BTreeSet::new();
    let bodies = documents::CASES.iter().map(document).chain(cells::documents());
    for text in bodies {
        let mut set: Set = core.clone();
        set.read_str(&text, "test.xml", &library::resolver()).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let own = set.components().filter(|c| !c.id.as_deref().is_some_and(|id| known.contains(id)));
        own.for_each(|component| types_of(component, &mut used));
    }
    let left_out: Vec<&str> = core
        .types()
        .filter(|of| !NOT_OF_NEUROML.iter().any(|file| of.origin.place().to_string().contains(file)))
        .map(|of| of.name.as_str())
        .filter(|name| !name.starts_with("base") && !NOT_OF_DOCUMENTS.contains(name) && !used.contains(*name))
        .collect();
    assert!(left_out.is_empty(), "{left_out:?}");
}
