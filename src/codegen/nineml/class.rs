//! A dynamics as a component class of NineML.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Component, dimension, quantity};
use crate::codegen::names::{Names, short_names};
use crate::codegen::regimes::{given, whole_numbered, within};
use crate::codegen::syntax::{Power, Select, Syntax};
use crate::codegen::tidy::{linoid, tidy};
use crate::codegen::units::UnitSystem;
use crate::dynamics::interpret::Instance;
use crate::dynamics::{Assignment, Dynamics};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{BinaryOp, CompareOp, Expr, Function};
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

const MATHS: Syntax = Syntax {
    language: "NineML",
    power: Power::Call("pow"),
    renamed: &[],
    missing: &[Function::Abs, Function::Floor, Function::Ceil],
    linoid: None,
    select: Select::Statement,
    logic: ["&", "|", "!"],
};

/// Words that NineML's mathematics has for itself.
const TAKEN: &[&str] = &[
    "t",
    "e",
    "pi",
    "pow",
    "exp",
    "log",
    "log10",
    "sqrt",
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "tanh",
    "random",
    "I",
    "E",
    "S",
    "N",
    "Q",
    "O",
    "gamma",
    "beta",
    "zeta",
    "lambda",
    "in",
    "and",
    "or",
    "not",
    "is",
    "if",
    "else",
    "for",
    "while",
    "def",
    "class",
    "return",
    "import",
    "from",
    "as",
    "with",
    "pass",
    "fixed_weight",
    "H",
];

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
    let unsupported =
        |what: String| Error::new(ErrorKind::Unsupported, format!("{}: {what}", dynamics.component_type));
    let roots: &[&str] = match role {
        Role::Cell => &["v"],
        Role::Synapse => &["i"],
        Role::Plasticity => &["effective", "w"],
    };
    let flat = tidy(dynamics, roots, &[], &[]);
    if !flat.kinetic_schemes.is_empty() {
        return Err(unsupported(
            "kinetic schemes, which start at their steady state, are not written as NineML".into(),
        ));
    }
    // Names.
    let mut paths: Vec<&str> = flat.states.iter().map(|s| s.name.as_str()).collect();
    paths.extend(flat.parameters.iter().map(|p| p.name.as_str()));
    paths.extend(flat.derived.iter().map(|d| d.name.as_str()));
    paths.extend(
        flat.inputs.iter().map(|i| i.name.as_str()).filter(|n| *n != "t" && !n.starts_with("synapses")),
    );
    let mut names = Names::new(TAKEN);
    for port in flat.out_ports.iter().map(String::as_str).chain(flat.in_ports()) {
        names.claim(port);
    }
    let mut short = short_names(&paths, &mut names);
    let synapses = flat.inputs.iter().find(|i| i.name.starts_with("synapses"));
    if let Some(input) = synapses {
        short.insert(input.name.clone(), names.claim("i_syn"));
    }
    short.insert("t".to_string(), "t".to_string());
    let mut words = BTreeMap::new();
    let all = flat.states.iter().chain(&flat.inputs).map(|x| (&x.name, x.dimension));
    let all = all.chain(flat.parameters.iter().map(|p| (&p.name, p.dimension)));
    for (path, of) in all.chain(flat.derived.iter().map(|d| (&d.name, d.dimension))) {
        if let Some(said) = short.get(path) {
            words.insert(path.clone(), (said.clone(), of));
        }
    }
    let regime = regime_state(&flat);
    let said = |expr: &Expr| -> Result<String> {
        let named = expr.map_names(&|name| Expr::name(short.get(name).map_or(name, String::as_str)));
        let plain = named.map(&|e| match linoid(&e) {
            // Singular at exactly 0 only.
            Some((rate, x)) => {
                let below = Expr::binary(
                    BinaryOp::Sub,
                    Expr::Number(1.0),
                    Expr::Call(Function::Exp, Box::new(Expr::Negate(Box::new(x.clone())))),
                );
                Expr::binary(BinaryOp::Div, Expr::binary(BinaryOp::Mul, rate.clone(), x.clone()), below)
            }
            None => strict(e),
        });
        draws(&plain)
            .map(|plain| MATHS.print(&plain))
            .unwrap_or_else(|| Err(unsupported("a random number inside a formula".into())))
            .map_err(|e| e.in_element(dynamics.component_type.clone()))
    };
    let values: Vec<i64> = match regime {
        None => vec![0],
        Some(state) => regime_values(&flat, state),
    };
    let regime_name = regime.map(|state| flat.states[state].name.clone());
    let called = |value: i64| if regime.is_none() { "always".to_string() } else { format!("regime_{value}") };
    let in_regime = |expr: &Expr, value: i64| match &regime_name {
        None => expr.clone(),
        Some(name) => within(expr, name, value),
    };
    let mut regimes = Vec::new();
    for value in &values {
        let mut out = Regime {
            name: called(*value),
            derivatives: Vec::new(),
            conditions: Vec::new(),
            events: Vec::new(),
        };
        for (state, rate) in &flat.derivatives {
            let rate = in_regime(rate, *value);
            if rate != Expr::Number(0.0) {
                out.derivatives.push((short[&flat.states[*state].name].clone(), said(&rate)?));
            }
        }
        let transition = |when: String, assignments: &[Assignment], sends: &[usize]| -> Result<Transition> {
            let mut target = called(*value);
            let mut list = Vec::new();
            for assignment in assignments {
                match (&assignment.value, regime) {
                    (Expr::Number(x), Some(state)) if state == assignment.state => target = called(*x as i64),
                    _ => list.push((
                        short[&flat.states[assignment.state].name].clone(),
                        said(&in_regime(&assignment.value, *value))?,
                    )),
                }
            }
            let sends = sends.iter().filter_map(|port| flat.out_ports.get(*port).cloned()).collect();
            Ok(Transition { when, target, assignments: list, sends })
        };
        for condition in &flat.conditions {
            let test = in_regime(&condition.test, *value);
            if test == Expr::Number(0.0) {
                continue;
            }
            out.conditions.push(transition(said(&test)?, &condition.assignments, &condition.sends)?);
        }
        for event in &flat.events {
            let test = event.test.as_ref().map(|test| in_regime(test, *value));
            match test {
                Some(Expr::Number(0.0)) => continue,
                Some(Expr::Number(_)) | None => {}
                Some(_) => return Err(unsupported("an event that is heard on a condition".into())),
            }
            out.events.push(transition(event.port.clone(), &event.assignments, &event.sends)?);
        }
        regimes.push(out);
    }
    let aliases: Result<Vec<(String, String)>> =
        flat.derived.iter().map(|d| Ok((short[&d.name].clone(), said(&d.value)?))).collect();
    let of = |path: &str| words.get(path).map_or_else(String::new, |(_, of)| dimension(*of));
    let named = |path: &str| (short.get(path).cloned().unwrap_or_default(), of(path));
    let mut parameters: Vec<(String, String)> = flat.parameters.iter().map(|p| named(&p.name)).collect();
    let mut receive = Vec::new();
    for input in &flat.inputs {
        match (input.name.as_str(), role) {
            ("t", _) => {}
            // What a connection begins with.
            ("weight", Role::Plasticity) => parameters.push(named("weight")),
            (path, _) if path.starts_with("synapses") => {}
            ("v" | "weight", Role::Synapse) => receive.push(named(&input.name)),
            (other, _) => return Err(unsupported(format!("it reads '{other}'"))),
        }
    }
    let sent: Vec<(String, String)> = flat
        .exposures
        .iter()
        .filter_map(|(exposed, path)| Some((exposed.clone(), short.get(path)?.clone())))
        .collect();
    let mut send: Vec<(String, String)> = Vec::new();
    for (_, path) in &flat.exposures {
        let port = named(path);
        if !send.contains(&port) {
            send.push(port);
        }
    }
    let instance = Instance::with_random(&flat, &[], Some(Box::new(|| 0.5)))?;
    let start = flat.states.iter().map(|s| s.name.clone()).zip(instance.states()).enumerate();
    let start = start.filter(|(at, _)| Some(*at) != regime).map(|(_, one)| one).collect();
    Ok(Class {
        name,
        parameters,
        receive,
        reduce: synapses.map(|s| named(&s.name)).into_iter().collect(),
        send,
        events_in: flat.in_ports().iter().map(ToString::to_string).collect(),
        events_out: flat.out_ports.clone(),
        states: flat
            .states
            .iter()
            .enumerate()
            .filter(|(at, _)| Some(*at) != regime)
            .map(|(_, s)| named(&s.name))
            .collect(),
        aliases: aliases?,
        regimes,
        words,
        start,
        sent,
    })
}

/// `>=` and `<=` as `>` and `<`, which are all that triggers have; the choice of an absolute value as a square root.
fn strict(expr: Expr) -> Expr {
    match expr {
        Expr::Compare(CompareOp::Ge, a, b) => Expr::Compare(CompareOp::Gt, a, b),
        Expr::Compare(CompareOp::Le, a, b) => Expr::Compare(CompareOp::Lt, a, b),
        Expr::Call(Function::Abs, a) => {
            Expr::Call(Function::Sqrt, Box::new(Expr::Binary(BinaryOp::Mul, a.clone(), a)))
        }
        e => e,
    }
}

/// `random(x)` as NineML draws it; none if that is not possible where it stands.
fn draws(expr: &Expr) -> Option<Expr> {
    if !expr.calls_random() {
        return Some(expr.clone());
    }
    Some(expr.map(&|e| match e {
        Expr::Call(Function::Random, a) if *a == Expr::Number(1.0) => Expr::name("random.uniform(0, 1)"),
        Expr::Call(Function::Random, a) => {
            Expr::binary(BinaryOp::Mul, *a, Expr::name("random.uniform(0, 1)"))
        }
        e => e,
    }))
}

/// The state that says in which regime the system is, if it has regimes.
fn regime_state(flat: &Dynamics) -> Option<usize> {
    let is_regime = |state: &usize| flat.states[*state].name.rsplit('/').next() == Some("regime");
    whole_numbered(flat).into_iter().find(is_regime)
}

/// The regimes, beginning with the one at the start.
fn regime_values(flat: &Dynamics, state: usize) -> Vec<i64> {
    let mut values: Vec<i64> = given(flat, state).into_iter().collect();
    let start = flat.on_start.iter().find(|a| a.state == state).map(|a| &a.value);
    let begin = if let Some(Expr::Number(x)) = start { *x as i64 } else { 0 };
    values.sort_by_key(|x| *x != begin);
    values
}
