//! Neurons without a shape: a cell with its synapses as one NESTML model.

use std::collections::BTreeSet;

use serde::Serialize;

use super::super::regimes::{by_order, motion, whole_numbered};
use super::super::tidy::constant_names;
use super::words::{LINOID, Words, compares_for_equality, unsupported};
use crate::dynamics::interpret::Instance;
use crate::dynamics::{Assignment, Dynamics};
use crate::error::Result;
use crate::expr::{BinaryOp, Expr};
use crate::units::Dimension;

use super::super::whole::INJECTED;

/// The blocks of a model, for the template.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Text {
    pub(super) name: String,
    /// A line that says what it is.
    pub(super) about: String,
    pub(super) state: Vec<String>,
    pub(super) equations: Vec<String>,
    pub(super) parameters: Vec<String>,
    pub(super) internals: Vec<String>,
    pub(super) functions: Vec<String>,
    pub(super) input: Vec<String>,
    pub(super) output: String,
    pub(super) update: Vec<String>,
    pub(super) blocks: Vec<Vec<String>>,
}

/// A neuron model, and how the rest speaks of it.
#[derive(Debug, Clone)]
pub(super) struct Neuron {
    pub(super) text: Text,
    /// The equations that it has.
    pub(super) dynamics: Dynamics,
    pub(super) words: Words,
    /// Ports for spikes: as the equations call them, as the model does.
    pub(super) ports: Vec<(String, String)>,
    /// States that start at a random number, which nobody should set.
    pub(super) drawn: BTreeSet<usize>,
    /// What it does otherwise than neuropil.
    pub(super) differences: Vec<String>,
}

/// The current that is there from the start, and to which the injected one is added.
pub(super) const OFFSET: &str = "I_e";

/// `dynamics`, tidied, as a model called `name`; `of` is who needs it, for messages.
///
/// # Errors
/// If NESTML has no words for something.
pub(super) fn neuron(dynamics: Dynamics, name: &str, about: &str, of: &str) -> Result<Neuron> {
    let mut words = Words::of(&dynamics);
    let mut text = Text { name: name.to_string(), about: about.to_string(), ..Text::default() };
    for input in &dynamics.inputs {
        match input.name.as_str() {
            "t" | "weight" => {}
            INJECTED => {
                let port = words.free.claim(INJECTED);
                let offset = words.free.claim(OFFSET);
                words.call(INJECTED, Dimension::CURRENT, &format!("({port} + {offset})"));
                text.parameters.push(format!("{offset} pA = 0 pA"));
                text.input.push(format!("{port} pA <- continuous"));
            }
            other => return Err(unsupported(of, &format!("'{other}' to read"))),
        }
    }
    check(&dynamics, of)?;
    let drawn = states(&mut text, &words, &dynamics)?;
    equations(&mut text, &words, &dynamics, of)?;
    for parameter in &dynamics.parameters {
        let (name, kind) = (words.name(&parameter.name), words.kind(parameter.dimension));
        text.parameters
            .push(format!("{name} {kind} = {}", words.number(parameter.value, parameter.dimension)));
    }
    update(&mut text, &words, &dynamics)?;
    let mut differences = Vec::new();
    if dynamics.conditions.iter().any(|c| c.test.reads("t")) {
        differences.push(format!(
            "{of}: a time that is over exactly at the end of a step (a refractory time of whole steps) may be over a step earlier \
             or later, as numbers are rounded"
        ));
    }
    let ports = ports(&mut text, &mut words, &dynamics, of, &mut differences)?;
    if dynamics.conditions.iter().any(|c| !c.sends.is_empty())
        || dynamics.events.iter().any(|e| !e.sends.is_empty())
    {
        text.output = "spike".into();
    }
    let blocks = text.blocks.iter().flatten();
    let mut lines = text.equations.iter().chain(&text.internals).chain(&text.update).chain(blocks);
    if lines.any(|line| line.contains("linoid(")) {
        text.functions = LINOID.iter().map(ToString::to_string).collect();
    }
    Ok(Neuron { text, dynamics, words, ports, drawn, differences })
}

/// The states, and what they begin with; those that begin at a random number.
fn states(text: &mut Text, words: &Words, dynamics: &Dynamics) -> Result<BTreeSet<usize>> {
    let whole = whole_numbered(dynamics);
    let (start, drawn) = start(dynamics)?;
    for (at, state) in dynamics.states.iter().enumerate() {
        let kind = if whole.contains(&at) { "integer".into() } else { words.kind(state.dimension) };
        let assigned = dynamics.on_start.iter().rev().find(|a| a.state == at).map(|a| &a.value);
        let value = match assigned {
            Some(value @ Expr::Name(name)) if dynamics.parameter(name).is_some() => {
                words.expr(value, state.dimension)?
            }
            Some(value) if drawn.contains(&at) => words.expr(value, state.dimension)?,
            _ => words.number(start[at], state.dimension),
        };
        text.state.push(format!("{} {kind} = {value}", words.name(&state.name)));
    }
    Ok(drawn)
}

/// Formulas and derivatives.
fn equations(text: &mut Text, words: &Words, dynamics: &Dynamics, of: &str) -> Result<()> {
    let whole = whole_numbered(dynamics);
    let whole_names: Vec<&str> = whole.iter().map(|s| dynamics.states[*s].name.as_str()).collect();
    let constant = constant_names(dynamics);
    for derived in &dynamics.derived {
        let (name, kind) = (words.name(&derived.name), words.kind(derived.dimension));
        let exposed = dynamics.exposures.iter().any(|(_, v)| *v == derived.name);
        if constant.contains(&derived.name) && !exposed {
            let value = words.expr(&derived.value, derived.dimension)?;
            text.internals.push(format!("{name} {kind} = {value}"));
            continue;
        }
        let value = by_order(&derived.value, &whole_names);
        without_equality(&value, &derived.name, of)?;
        let value = words.expr(&value, derived.dimension)?;
        let recordable = if exposed { "recordable " } else { "" };
        text.equations.push(format!("{recordable}inline {name} {kind} = {value}"));
    }
    for (state, rate) in &motion(dynamics).rates {
        let state = &dynamics.states[*state];
        let dimension = state.dimension.over(Dimension::TIME).unwrap_or(state.dimension);
        let rate = by_order(rate, &whole_names);
        without_equality(&rate, &state.name, of)?;
        text.equations.push(format!("{}' = {}", words.name(&state.name), words.expr(&rate, dimension)?));
    }
    Ok(())
}

/// The solver of equations has no words for comparing for equality.
fn without_equality(value: &Expr, name: &str, of: &str) -> Result<()> {
    if compares_for_equality(value) {
        let what = format!("comparison for equality in an equation, as '{name}' has");
        return Err(unsupported(of, &what));
    }
    Ok(())
}

/// What is integrated, then what conditions do.
fn update(text: &mut Text, words: &Words, dynamics: &Dynamics) -> Result<()> {
    let motion = motion(dynamics);
    let names = |states: &[usize]| {
        let names: Vec<&str> = states.iter().map(|s| words.name(&dynamics.states[*s].name)).collect();
        names.join(", ")
    };
    match motion.regime {
        _ if motion.rates.is_empty() => {}
        None => text.update.push("integrate_odes()".into()),
        Some(regime) => {
            let name = words.name(&dynamics.states[regime].name);
            let all: Vec<usize> = motion.rates.iter().map(|(state, _)| *state).collect();
            let mut word = "if";
            for (value, moving) in &motion.moving {
                if moving.is_empty() {
                    continue;
                }
                let which = if *moving == all { String::new() } else { names(moving) };
                text.update.push(format!("{word} {name} == {value}:"));
                text.update.push(format!("    integrate_odes({which})"));
                word = "elif";
            }
        }
    }
    for condition in &dynamics.conditions {
        text.update.push(format!("if {}:", words.test(&condition.test)?));
        let statements = statements(words, dynamics, &condition.assignments, !condition.sends.is_empty())?;
        text.update.extend(statements.iter().map(|line| format!("    {line}")));
    }
    Ok(())
}

/// The ports for spikes, and what each does.
fn ports(
    text: &mut Text,
    words: &mut Words,
    dynamics: &Dynamics,
    of: &str,
    differences: &mut Vec<String>,
) -> Result<Vec<(String, String)>> {
    let constant = constant_names(dynamics);
    let mut ports = Vec::new();
    let in_ports: Vec<String> = dynamics.in_ports().iter().map(ToString::to_string).collect();
    for port in in_ports {
        let base = port.strip_suffix("/in").unwrap_or(&port).replace('/', "_");
        let name = words.free.claim(&format!("{base}_spikes"));
        text.input.push(format!("{name} <- spike"));
        let mut block = vec![format!("onReceive({name}):")];
        let handlers: Vec<_> = dynamics.events.iter().filter(|e| e.port == port).collect();
        if handlers.iter().any(|e| e.assignments.iter().any(|a| a.value.reads("weight"))) {
            block.push(format!("    weight real = {name} * 1 s"));
        }
        for handler in handlers {
            let lines = statements(words, dynamics, &handler.assignments, !handler.sends.is_empty())?;
            if !handler.assignments.iter().all(|a| adds(a, dynamics, &constant)) {
                let line = format!(
                    "{of}: spikes that reach {name} in the same step are one, with the sum of their weights"
                );
                differences.push(line);
            }
            match &handler.test {
                None => block.extend(lines.iter().map(|line| format!("    {line}"))),
                Some(test) => {
                    block.push(format!("    if {}:", words.test(test)?));
                    block.extend(lines.iter().map(|line| format!("        {line}")));
                }
            }
        }
        text.blocks.push(block);
        ports.push((port, name));
    }
    Ok(ports)
}

/// What NESTML has no words for.
fn check(dynamics: &Dynamics, of: &str) -> Result<()> {
    let constant = constant_names(dynamics);
    for derived in dynamics.derived.iter().filter(|d| !constant.contains(&d.name)) {
        if derived.value.calls_random() {
            return Err(unsupported(
                of,
                &format!("number drawn anew at every step, as '{}' is", derived.name),
            ));
        }
        if derived.value.reads("t") {
            return Err(unsupported(of, &format!("time in an equation, which '{}' reads", derived.name)));
        }
    }
    for (state, rate) in &dynamics.derivatives {
        let name = &dynamics.states[*state].name;
        if rate.calls_random() {
            return Err(unsupported(of, &format!("random number in an equation, as '{name}' has")));
        }
        if rate.reads("t") {
            return Err(unsupported(of, &format!("time in an equation, which '{name}' reads")));
        }
    }
    if dynamics.out_ports.len() > 1 {
        return Err(unsupported(of, &format!("second port for spikes ({})", dynamics.out_ports.join(", "))));
    }
    Ok(())
}

/// Whether an assignment adds something to a state that depends on no state, so that spikes may come together.
fn adds(assignment: &Assignment, dynamics: &Dynamics, constant: &BTreeSet<String>) -> bool {
    let Some(state) = dynamics.states.get(assignment.state) else { return false };
    let Expr::Binary(BinaryOp::Add, a, b) = &assignment.value else { return false };
    let added = match (&**a, &**b) {
        (Expr::Name(name), other) | (other, Expr::Name(name)) if *name == state.name => other,
        _ => return false,
    };
    let mut plain = added.reads("weight");
    added.visit_names(&mut |name| plain &= name == "weight" || constant.contains(name));
    plain
}

/// The statements of a condition or an event.
fn statements(words: &Words, dynamics: &Dynamics, list: &[Assignment], sends: bool) -> Result<Vec<String>> {
    let mut out = Vec::new();
    for assignment in list {
        let Some(state) = dynamics.states.get(assignment.state) else { continue };
        out.push(format!(
            "{} = {}",
            words.name(&state.name),
            words.expr(&assignment.value, state.dimension)?
        ));
    }
    if sends {
        out.push("emit_spike()".into());
    }
    Ok(out)
}

/// Values of the states at the start (SI), and which of them are drawn.
pub(super) fn start(dynamics: &Dynamics) -> Result<(Vec<f64>, BTreeSet<usize>)> {
    let drawn = dynamics.on_start.iter().filter(|a| a.value.calls_random()).map(|a| a.state).collect();
    let instance = Instance::with_random(dynamics, &[], Some(Box::new(|| 0.5)))?;
    Ok((instance.states(), drawn))
}
