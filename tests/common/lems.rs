//! Dynamics and models from the text of LEMS components, on top of the core types.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::sync::Arc;

use neuropil::dynamics::Dynamics;
use neuropil::library;
use neuropil::model::{
    Attachments, CellSet, Connection, Contact, Model, PointCell, PopulationCell, Receiver, Recording, Sender,
    Site,
};

/// What the component `id` of the document `body` flattens to.
pub fn flat(body: &str, id: &str) -> Arc<Dynamics> {
    let mut set = library::core().unwrap().clone();
    set.read_str(&format!("<Lems>\n{body}\n</Lems>"), "test.xml", &library::resolver())
        .unwrap_or_else(|e| panic!("{e}"));
    let found = set.component(id).unwrap_or_else(|| panic!("no component {id}"));
    Arc::new(set.flatten(found).unwrap_or_else(|e| panic!("{e}")))
}

/// A point cell with nothing on it.
pub fn point(dynamics: Arc<Dynamics>) -> PopulationCell {
    PopulationCell::Point(Arc::new(PointCell { dynamics, source: None, synapses: Vec::new() }))
}

/// One contact of weight 1 on each of `cells`, point cells.
pub fn attach(
    model: &mut Model,
    name: &str,
    population: usize,
    dynamics: &Arc<Dynamics>,
    cells: &[u32],
) -> u32 {
    let contact = |&cell: &u32| Contact { cell, location: None, weight: 1.0 };
    let contacts = cells.iter().map(contact).collect();
    model.attachments.push(Attachments {
        name: name.into(),
        population,
        list: None,
        dynamics: dynamics.clone(),
        contacts,
    });
    model.attachments.len() as u32 - 1
}

/// A connection to a contact.
pub fn to_contact(
    source: (usize, usize),
    target: (usize, usize),
    (attachments, contact): (u32, u32),
    weight: f64,
    delay_s: f64,
) -> Connection {
    let receiver = Receiver::Contact { attachments, contact };
    Connection { source, sender: Sender::Cell, target, receiver, port: 0, weight, delay_s }
}

/// Records `variables` of all cells of `population` as wholes.
pub fn record(model: &mut Model, population: usize, variables: &[&str], file: &str) {
    model.recordings.push(Recording {
        population,
        cells: CellSet::All,
        site: Site::Cell,
        variables: variables.iter().map(|v| v.to_string()).collect(),
        interval_s: 0.0,
        file: file.into(),
        label: None,
    });
}

/// A cell that sends at these times (s).
pub fn times(times: &[f64]) -> PopulationCell {
    PopulationCell::SpikeTimes(Arc::new(vec![times.to_vec()]))
}
