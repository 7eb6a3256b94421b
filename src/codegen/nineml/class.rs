//! A dynamics as a component class of NineML.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::words::{SYNAPSES, Words};
use super::{Component, dimension, quantity};
use crate::codegen::units::UnitSystem;
use crate::dynamics::interpret::Instance;
use crate::dynamics::{Assignment, Dynamics, Parameter};
use crate::error::Result;
use crate::expr::Expr;
use crate::units::Dimension;

/// Units for people; NineML converts by itself.
pub(super) const UNITS: UnitSystem = UnitSystem {
    named: &[
        (Dimension::CONDUCTANCE, "nS", -9),
        (Dimension::CAPACITANCE, "pF", -12),
        (Dimension::RESISTANCE, "Mohm", 6),
        (Dimension::CONCENTRATION, "mM", 0),
    ],
    ..UnitSystem::USUAL
};

/// What a class is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Cell,
    Synapse,
    Plasticity,
}

/// A component class.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Class {
    pub(super) name: String,
    parameters: Vec<(String, String)>,
    receive: Vec<(String, String)>,
    reduce: Vec<(String, String)>,
    send: Vec<(String, String)>,
    events_in: Vec<String>,
    events_out: Vec<String>,
    states: Vec<(String, String)>,
    aliases: Vec<(String, String)>,
    regimes: Vec<Regime>,
    /// The class's own words: path to name and dimension.
    #[serde(skip)]
    words: BTreeMap<String, (String, Dimension)>,
    /// The states at the start, in SI: path and value.
    #[serde(skip)]
    start: Vec<(String, f64)>,
    #[serde(skip)]
    sent: Vec<(String, String)>,
}

#[derive(Debug, Clone, Serialize)]
struct Regime {
    name: String,
    derivatives: Vec<(String, String)>,
    conditions: Vec<Transition>,
    events: Vec<Transition>,
}

#[derive(Debug, Clone, Serialize)]
struct Transition {
    /// The trigger, or the port.
    when: String,
    target: String,
    assignments: Vec<(String, String)>,
    sends: Vec<String>,
}

impl Class {
    /// A component of it with the values of `dynamics`.
    pub(super) fn component(&self, name: &str, dynamics: &Dynamics) -> Component {
        let mut out = Component { name: name.to_string(), class: self.name.clone(), ..Component::default() };
        for parameter in &dynamics.parameters {
            if let Some((said, of)) = self.words.get(&parameter.name)
                && self.parameters.iter().any(|(p, _)| p == said)
            {
                out.properties.push(quantity(said, &[parameter.value], *of));
            }
        }
        for (state, value) in &self.start {
            if let Some((said, of)) = self.words.get(state) {
                out.initial.push(quantity(said, &[*value], *of));
            }
        }
        out
    }

    /// The name and dimension of a parameter.
    pub(super) fn parameter(&self, path: &str) -> Option<&(String, Dimension)> {
        self.words.get(path).filter(|(said, _)| self.parameters.iter().any(|(p, _)| p == said))
    }

    /// The name and dimension of a state.
    pub(super) fn state(&self, path: &str) -> Option<&(String, Dimension)> {
        self.words.get(path).filter(|(said, _)| self.states.iter().any(|(s, _)| s == said))
    }

    pub(super) fn dimensions(&self) -> Vec<Dimension> {
        self.words.values().map(|(_, of)| *of).collect()
    }

    pub(super) fn reads(&self, path: &str) -> bool {
        self.words.get(path).is_some_and(|(said, _)| self.receive.iter().any(|(r, _)| r == said))
    }

    /// The port that sends what is exposed so.
    pub(super) fn sends(&self, exposed: &str) -> String {
        self.sent.iter().find(|(e, _)| e == exposed).map_or_else(String::new, |(_, said)| said.clone())
    }

    pub(super) fn sends_v(&self) -> Option<String> {
        Some(self.sends("v")).filter(|v| !v.is_empty())
    }

    pub(super) fn event_out(&self) -> Option<String> {
        self.events_out.first().cloned()
    }

    pub(super) fn current_in(&self) -> String {
        self.reduce.first().map_or_else(String::new, |(name, _)| name.clone())
    }

    pub(super) fn hears(&self, port: &str) -> bool {
        self.events_in.iter().any(|p| p == port)
    }
}

/// A class that fires at given times, as many as `spikes`: a regime before each.
pub(super) fn spike_times(name: String, spikes: usize) -> Class {
    let time = dimension(Dimension::TIME);
    let parameter = |i: usize| format!("t_{i}");
    let regime = |i: usize| Regime {
        name: format!("before_{i}"),
        derivatives: Vec::new(),
        conditions: vec![Transition {
            when: format!("t > {}", parameter(i)),
            target: if i + 1 == spikes { "done".to_string() } else { format!("before_{}", i + 1) },
            assignments: Vec::new(),
            sends: vec!["spike".to_string()],
        }],
        events: Vec::new(),
    };
    let mut regimes: Vec<Regime> = (0..spikes).map(regime).collect();
    regimes.push(Regime {
        name: "done".into(),
        derivatives: Vec::new(),
        conditions: Vec::new(),
        events: Vec::new(),
    });
    Class {
        name,
        parameters: (0..spikes).map(|i| (parameter(i), time.clone())).collect(),
        receive: Vec::new(),
        reduce: Vec::new(),
        send: Vec::new(),
        events_in: Vec::new(),
        events_out: vec!["spike".to_string()],
        states: Vec::new(),
        aliases: Vec::new(),
        regimes,
        words: BTreeMap::new(),
        start: Vec::new(),
        sent: Vec::new(),
    }
}

/// The class of `dynamics`.
pub(super) fn class(dynamics: &Dynamics, role: Role, name: String) -> Result<Class> {
    let words = Words::of(dynamics, role)?;
    let flat = &words.flat;
    let regimes: Result<Vec<Regime>> =
        words.regimes().into_iter().map(|value| regime(&words, value)).collect();
    let aliases: Result<Vec<(String, String)>> =
        flat.derived.iter().map(|d| Ok((words.name(&d.name), words.text(&d.value)?))).collect();
    // What only says where states begin is no parameter of the class: its components say that.
    let read = names_read(flat);
    let is_read = |p: &&Parameter| read.contains(&p.name);
    let mut parameters: Vec<(String, String)> =
        flat.parameters.iter().filter(is_read).map(|p| words.named(&p.name)).collect();
    let mut receive = Vec::new();
    for input in &flat.inputs {
        match (input.name.as_str(), role) {
            ("t", _) => {}
            // What a connection begins with.
            ("weight", Role::Plasticity) => parameters.push(words.named("weight")),
            (path, _) if path.starts_with(SYNAPSES) => {}
            ("v" | "weight", Role::Synapse) => receive.push(words.named(&input.name)),
            (other, _) => return Err(words.unsupported(&format!("it reads '{other}'"))),
        }
    }
    let sent = flat.exposures.iter().filter(|(_, path)| words.words.contains_key(path));
    let sent = sent.map(|(exposed, path)| (exposed.clone(), words.name(path))).collect();
    let mut send: Vec<(String, String)> = Vec::new();
    for (_, path) in &flat.exposures {
        let port = words.named(path);
        if !send.contains(&port) {
            send.push(port);
        }
    }
    let instance = Instance::with_random(flat, &[], Some(Box::new(|| 0.5)))?;
    let states = || flat.states.iter().enumerate().filter(|(at, _)| Some(*at) != words.regime);
    let values = instance.states();
    Ok(Class {
        name,
        parameters,
        receive,
        reduce: words.synapses().map(|s| words.named(s)).into_iter().collect(),
        send,
        events_in: flat.in_ports().iter().map(ToString::to_string).collect(),
        events_out: flat.out_ports.clone(),
        states: states().map(|(_, s)| words.named(&s.name)).collect(),
        aliases: aliases?,
        regimes: regimes?,
        start: states().map(|(at, s)| (s.name.clone(), values[at])).collect(),
        sent,
        words: words.words,
    })
}

/// Names that the equations read.
fn names_read(flat: &Dynamics) -> BTreeSet<String> {
    let tests = flat.conditions.iter().map(|c| &c.test);
    let tests = tests.chain(flat.events.iter().filter_map(|e| e.test.as_ref()));
    let assignments = flat.conditions.iter().flat_map(|c| &c.assignments);
    let assignments = assignments.chain(flat.events.iter().flat_map(|e| &e.assignments)).map(|a| &a.value);
    let rates = flat.derivatives.iter().map(|(_, rate)| rate).chain(flat.derived.iter().map(|d| &d.value));
    let mut names = BTreeSet::new();
    for expr in rates.chain(tests).chain(assignments) {
        expr.visit_names(&mut |name| {
            names.insert(name.to_string());
        });
    }
    names
}

/// What goes on in a regime.
fn regime(words: &Words, value: i64) -> Result<Regime> {
    let flat = &words.flat;
    let mut out = Regime {
        name: words.regime_name(value),
        derivatives: Vec::new(),
        conditions: Vec::new(),
        events: Vec::new(),
    };
    for (state, rate) in &flat.derivatives {
        let rate = words.in_regime(rate, value);
        if rate != Expr::Number(0.0) {
            out.derivatives.push((words.state(*state), words.text(&rate)?));
        }
    }
    for condition in &flat.conditions {
        let test = words.in_regime(&condition.test, value);
        if test != Expr::Number(0.0) {
            let when = words.text(&test)?;
            out.conditions.push(transition(words, value, when, &condition.assignments, &condition.sends)?);
        }
    }
    for event in &flat.events {
        match event.test.as_ref().map(|test| words.in_regime(test, value)) {
            Some(Expr::Number(0.0)) => continue,
            Some(Expr::Number(_)) | None => {}
            Some(_) => return Err(words.unsupported("an event that is heard on a condition")),
        }
        out.events.push(transition(words, value, event.port.clone(), &event.assignments, &event.sends)?);
    }
    Ok(out)
}

/// What happens `when` something holds or comes in the regime `value`.
fn transition(
    words: &Words,
    value: i64,
    when: String,
    assignments: &[Assignment],
    sends: &[usize],
) -> Result<Transition> {
    let mut target = words.regime_name(value);
    let mut list = Vec::new();
    for assignment in assignments {
        match &assignment.value {
            Expr::Number(x) if words.regime == Some(assignment.state) => {
                target = words.regime_name(*x as i64);
            }
            value_of => {
                let text = words.text(&words.in_regime(value_of, value))?;
                list.push((words.state(assignment.state), text));
            }
        }
    }
    let sends = sends.iter().filter_map(|port| words.flat.out_ports.get(*port).cloned()).collect();
    Ok(Transition { when, target, assignments: list, sends })
}
