//! Mechanisms in NMODL, for NEURON and for Arbor.

mod cell;
mod dialect;
mod equations;
mod kinetics;
pub(crate) mod library;
mod writer;

use std::collections::BTreeMap;

use serde::Serialize;

use super::python::quoted;
use crate::dynamics::Dynamics;
use crate::dynamics::graph::Graph;
use crate::dynamics::scope::Scope;
use crate::engine::{PlacedAt, PointKind};
use crate::error::{Error, Result};
use crate::units::Dimension;
pub(crate) use cell::{CellMechanism, WantedCell, cell};
pub(crate) use dialect::{Dialect, MECHANISMS_TAKEN, UNITS};
use writer::Writer;

/// What a mechanism is to the membrane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Role {
    /// A channel over a stretch of membrane; the ion that its current is of, if a pool counts it.
    Density(Option<String>),
    /// The concentration of this ion.
    Pool(String),
    /// Something at a point.
    Point,
    /// What a connection does with the spikes that go over it.
    Rule,
}

/// What is to be written.
#[derive(Debug, Clone)]
pub(crate) struct Wanted<'a> {
    /// Its equations.
    pub(crate) dynamics: &'a Dynamics,
    /// What it is.
    pub(crate) role: Role,
    /// What it is called: a name of the simulator's that is free.
    pub(crate) name: String,
    /// Parameters that differ from place to place.
    pub(crate) varying: Vec<String>,
    /// Whether it covers compartments in part.
    pub(crate) partial: bool,
    /// Variables that are recorded.
    pub(crate) recorded: Vec<String>,
    /// K.
    pub(crate) temperature_k: f64,
}

/// A declared quantity.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Quantity {
    /// Its name.
    pub(crate) name: String,
    /// Its value as text; empty where it has none.
    pub(crate) value: String,
    /// Its unit; empty without.
    pub(crate) unit: String,
}

/// A mechanism as its template takes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Mechanism {
    /// What it is called.
    pub(crate) name: String,
    /// The component type that it is of.
    pub(crate) of: String,
    /// Whether it is a point process.
    pub(crate) is_point: bool,
    /// `USEION` statements without the word.
    pub(crate) ions: Vec<String>,
    /// The statement that names its current.
    pub(crate) current: Option<String>,
    /// Variables that can be read and set from place to place.
    pub(crate) range: Vec<String>,
    /// Variables that are read elsewhere.
    pub(crate) pointers: Vec<String>,
    /// Constants.
    pub(crate) parameters: Vec<Quantity>,
    /// Variables that are computed.
    pub(crate) assigned: Vec<Quantity>,
    /// Variables that are integrated.
    pub(crate) states: Vec<Quantity>,
    /// What happens at the start.
    pub(crate) initial: Vec<String>,
    /// `SOLVE` statements without the word.
    pub(crate) solves: Vec<String>,
    /// What follows them.
    pub(crate) breakpoint: Vec<String>,
    /// What happens once before the currents of a step.
    pub(crate) before: Vec<String>,
    /// Values that derivatives are made of.
    pub(crate) rates: Vec<String>,
    /// Derivatives.
    pub(crate) derivatives: Vec<String>,
    /// Kinetic schemes.
    pub(crate) schemes: Vec<Scheme>,
    /// What an event does.
    pub(crate) events: Vec<String>,
    /// The declarations of [`Mechanism::range`].
    pub(crate) ranges: Vec<String>,
    /// Variables of event handlers.
    pub(crate) event_locals: Vec<String>,
    /// Arguments of events.
    pub(crate) event_arguments: String,
    /// What happens once more when a step is done.
    pub(crate) after: Vec<String>,
    /// The ports that receive, in order.
    #[serde(skip)]
    pub(crate) ports: Vec<String>,
    /// Whether it takes events.
    pub(crate) takes_events: bool,
    /// Whether `linoid` is called.
    pub(crate) linoid: bool,
    /// What the variables of the dynamics are called, by flat name.
    #[serde(skip)]
    pub(crate) names: BTreeMap<String, String>,
    /// What is recorded, by the name that it is asked for by: its name, and whether its sign is the other way round.
    #[serde(skip)]
    pub(crate) recorded: BTreeMap<String, (String, bool)>,
    /// What is worked out anew for those who record.
    pub(crate) sampled: Vec<String>,
}

impl Mechanism {
    /// The values that an instance of `kind` has as its own, as entries of a Python dictionary by their names here.
    pub(crate) fn own_values(&self, kind: &PointKind, placed: &PlacedAt, instance: usize) -> String {
        let entry = |(parameter, column): (&String, &Vec<f64>)| {
            let dimension = kind.dynamics.parameter(parameter).map_or(Dimension::NONE, |p| p.dimension);
            let value = UNITS.value(*column.get(instance)?, dimension);
            Some(format!("{}: {value}", quoted(self.names.get(parameter)?)))
        };
        let entries: Vec<String> = kind.varying.iter().zip(&placed.values).filter_map(entry).collect();
        entries.join(", ")
    }
}

/// A kinetic scheme as its template takes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Scheme {
    /// Its name.
    pub(crate) name: String,
    /// Reactions: `c1 <-> o1 (f, r)`.
    pub(crate) reactions: Vec<String>,
    /// What stays 1.
    pub(crate) conserved: String,
    /// What its rates are made of, where they are no procedure.
    pub(crate) rates: Vec<String>,
}

/// The mechanism in `dialect`.
///
/// # Errors
/// What the language can't say of it.
pub(crate) fn mechanism(wanted: &Wanted<'_>, dialect: Dialect) -> Result<Mechanism> {
    let named = |e: Error| e.in_element(format!("'{}'", wanted.dynamics.name));
    Writer::new(wanted, dialect).and_then(|writer| writer.write()).map_err(named)
}

/// Whether the derivative of a state is linear in it, all else held.
pub(crate) fn is_linear(dynamics: &Dynamics, state: usize) -> Result<bool> {
    let mut graph = Graph::new();
    let states: Vec<_> = (0..dynamics.states.len()).map(|k| graph.symbol(k as u32)).collect();
    let mut scope = Scope::new(dynamics, &states);
    for (k, input) in dynamics.inputs.iter().enumerate() {
        let leaf = graph.symbol((dynamics.states.len() + k) as u32);
        scope.bind(&input.name, leaf);
    }
    let Some((_, value)) = dynamics.derivatives.iter().find(|(s, _)| *s == state) else { return Ok(true) };
    let slope = scope.expression(&mut graph, value)?;
    let rate = graph.derivative(slope, states[state]);
    Ok(!graph.depends(rate, states[state]))
}
