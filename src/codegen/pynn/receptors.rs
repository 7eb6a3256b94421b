//! What sits at places on cells with a shape: receptors, and currents.

use std::collections::{BTreeMap, BTreeSet};

use super::super::layout::Layout;
use super::super::names::Names;
use super::super::nmodl::UNITS;
use super::super::played::Inputs;
use super::super::points::{Current, Heard, Shaped, current, steps_of};
use super::super::python::{number, quoted};
use super::cable::One;
use super::segments::Tree;
use crate::dynamics::{Dynamics, superposes};
use crate::engine::{PlacedAt, PointKind};
use crate::error::{Error, ErrorKind, Result};
use crate::units::Dimension;

/// A receptor of a class of cells.
pub(super) struct Receptor {
    pub(super) name: String,
    /// PyNN's class, or what makes one.
    pub(super) class: String,
    /// Entries of its parameters.
    pub(super) parameters: Vec<String>,
    /// The compartments that have it.
    pub(super) places: BTreeSet<usize>,
    /// Which copy of those alike at one place it is.
    copy: usize,
    /// Whether it does nothing before a spike comes.
    waits: bool,
    /// The places on each cell.
    on: BTreeMap<usize, BTreeSet<usize>>,
}

/// PyNN's receptors: type of synapse, class, parameter that is the peak conductance, time constant.
const KNOWN: [(&str, &str, &str, &str); 2] = [
    ("expOneSynapse", "sim.CondExpPostSynapticResponse", "gbase", "tauDecay"),
    ("alphaSynapse", "sim.CondAlphaPostSynapticResponse", "gbase", "tau"),
];

/// Whether `dynamics` are a receptor of PyNN's own.
pub(super) fn is_known(dynamics: &Dynamics) -> bool {
    KNOWN.iter().any(|(kind, ..)| dynamics.component_type == *kind)
}

/// Whether things of these `dynamics` are currents known beforehand, all of them.
pub(super) fn is_played(layout: &Layout, inputs: &Inputs, dynamics: &Dynamics) -> bool {
    let mut any = false;
    for (p, laid) in layout.populations.iter().enumerate() {
        for (c, cell) in laid.cells.iter().enumerate() {
            for (slot, placed) in cell.placed.iter().enumerate() {
                if layout.kinds.get(placed.kind).is_some_and(|kind| std::ptr::eq(&*kind.dynamics, dynamics)) {
                    match inputs.get(&(p, c, slot)) {
                        Some(played) if played.iter().all(Option::is_some) => any = true,
                        _ => return false,
                    }
                }
            }
        }
    }
    any
}

/// The receptors of a population's cells, and how the network sees them.
pub(super) fn receptors(one: &One<'_>, keys: &mut Names, tree: &Tree) -> Result<(Vec<Receptor>, Shaped)> {
    let unsupported = |message: String| Error::new(ErrorKind::Unsupported, message);
    let (layout, model) = (one.all.layout, one.all.model);
    let mut receptors: Vec<Receptor> = Vec::new();
    let mut heard: BTreeMap<(usize, usize, usize), Heard> = BTreeMap::new();
    let mut currents: Vec<Current> = Vec::new();
    for (c, cell) in one.laid.cells.iter().enumerate() {
        // How many of each class are at a place already.
        let mut copies: BTreeMap<(String, usize), usize> = BTreeMap::new();
        for (slot, (placed, (name, _))) in cell.placed.iter().zip(&cell.names).enumerate() {
            let Some(kind) = layout.kinds.get(placed.kind) else { continue };
            let played = one.all.inputs.get(&(one.population, c, slot));
            for (instance, node) in placed.nodes.iter().enumerate() {
                let cv = one.compartment(*node)?;
                let compartment = tree.segments[cv].name.clone();
                if let Some(Some(played)) = played.and_then(|list| list.get(instance)) {
                    if !played.is_empty() {
                        let steps = steps_of(played, model);
                        inject(&mut currents, one, name, c, compartment, steps);
                    }
                    continue;
                }
                let made = known(kind, placed, instance).or_else(|| own(one, kind, placed, instance));
                let Some(made) = made else {
                    return Err(unsupported(format!(
                        "'{name}' ({}) is no receptor of PyNN's",
                        kind.dynamics.component_type
                    )));
                };
                let adds_up = kind.gives.iter().all(|(exposure, _)| superposes(&kind.dynamics, exposure));
                let text = format!("{} {}", made.class, made.parameters.join(", "));
                let copy = match adds_up {
                    true => 0,
                    false => {
                        let count = copies.entry((text, cv)).or_default();
                        *count += 1;
                        *count - 1
                    }
                };
                let same =
                    |r: &Receptor| r.class == made.class && r.parameters == made.parameters && r.copy == copy;
                let at = receptors.iter().position(same).unwrap_or_else(|| {
                    receptors.push(Receptor {
                        name: keys.claim(name),
                        class: made.class,
                        parameters: made.parameters,
                        places: BTreeSet::new(),
                        copy,
                        waits: adds_up || !kind.dynamics.events.is_empty(),
                        on: BTreeMap::new(),
                    });
                    receptors.len() - 1
                });
                receptors[at].places.insert(cv);
                receptors[at].on.entry(c).or_default().insert(cv);
                let receptor = receptors[at].name.clone();
                heard.insert((c, slot, instance), Heard { receptor, weight: made.weight, compartment });
            }
        }
    }
    for receptor in receptors.iter().filter(|receptor| !receptor.waits) {
        let all_alike = receptor.on.len() == one.laid.cells.len()
            && receptor.on.values().all(|places| *places == receptor.places);
        if !all_alike {
            let message =
                "acts without spikes, but is not at the same places on every cell: PyNN puts it on all";
            return Err(unsupported(format!("'{}' {message}", receptor.name)));
        }
    }
    let mut shaped = Shaped { currents: Some(currents), ..Shaped::default() };
    for ((c, slot, instance), heard) in &heard {
        shaped.synapses.insert((*c, *slot as u32, *instance as u32), heard.clone());
    }
    for (number, list) in model.attachments.iter().enumerate().filter(|(_, a)| a.population == one.population)
    {
        for (nth, contact) in list.contacts.iter().enumerate() {
            let (number, nth) = (number as u32, nth as u32);
            let place = layout.contact(number, nth).map(|(slot, at)| (contact.cell as usize, slot, at));
            if let Some(heard) = place.and_then(|place| heard.get(&place)) {
                shaped.contacts.insert((number, nth), heard.clone());
            }
        }
    }
    Ok((receptors, shaped))
}

/// Adds a current into a compartment of cell `c`.
fn inject(
    currents: &mut Vec<Current>,
    one: &One<'_>,
    name: &str,
    c: usize,
    compartment: String,
    steps: Vec<(f64, f64)>,
) {
    let model = one.all.model;
    let stimulus = model.stimuli.iter().find(|s| s.population == one.population && s.name == name);
    let sine = stimulus.and_then(|s| current(s, model).ok()).and_then(|current| current.sine);
    let steps = if sine.is_some() { Vec::new() } else { steps };
    let same = |known: &&mut Current| {
        known.label == name
            && known.compartment == compartment
            && known.steps == steps
            && known.sine == sine
            && !known.cells.contains(&c)
    };
    match currents.iter_mut().find(same) {
        Some(known) => known.cells.push(c),
        None => currents.push(Current {
            label: name.to_string(),
            population: one.population,
            cells: vec![c],
            compartment,
            steps,
            sine,
        }),
    }
}

/// A receptor at one place.
struct Made {
    class: String,
    parameters: Vec<String>,
    weight: f64,
}

/// One of PyNN's own.
fn known(kind: &PointKind, placed: &PlacedAt, instance: usize) -> Option<Made> {
    let (_, class, peak, tau) = KNOWN.iter().find(|(of, ..)| kind.dynamics.component_type == *of)?;
    let of = |name: &str| {
        let column = kind.varying.iter().position(|known| known == name);
        let own = column.and_then(|at| placed.values.get(at)?.get(instance).copied());
        own.or_else(|| kind.dynamics.parameter(name).map(|p| p.value))
    };
    let entry = |name: &str, si: f64, dimension: Dimension| {
        let value = UNITS.value(si, dimension).parse().map_or_else(|_| String::new(), number);
        format!("{}: {value}", quoted(name))
    };
    Some(Made {
        class: (*class).to_string(),
        parameters: vec![
            entry("e_syn", of("erev")?, Dimension::VOLTAGE),
            entry("tau_syn", of(tau)?, Dimension::TIME),
        ],
        weight: of(peak)? * 1e6,
    })
}

/// One written in NMODL.
fn own(one: &One<'_>, kind: &PointKind, placed: &PlacedAt, instance: usize) -> Option<Made> {
    let mechanism = one.all.library.point(placed.kind)?;
    // PyNN's connections have one number.
    if mechanism.takes_events && mechanism.event_arguments != "weight" {
        return None;
    }
    let values = mechanism.own_values(kind, placed, instance);
    let names: Vec<String> =
        kind.varying.iter().filter_map(|name| mechanism.names.get(name)).map(|name| quoted(name)).collect();
    let parameters = if values.is_empty() { Vec::new() } else { vec![values] };
    let class = match names.is_empty() {
        true => format!("receptor({})", quoted(&mechanism.name)),
        false => format!("receptor({}, [{}])", quoted(&mechanism.name), names.join(", ")),
    };
    Some(Made { class, parameters, weight: 1.0 })
}
