//! Connections with equations of their own: plasticity and random release as NESTML synapses.

use std::collections::BTreeSet;

use super::super::regimes::whole_numbered;
use super::super::tidy::{constant_names, tidy};
use super::neuron::{Text, start};
use super::words::{Words, unsupported};
use crate::dynamics::{Assignment, Dynamics};
use crate::error::Result;
use crate::expr::Expr;
use crate::model::ConnectionRule;
use crate::units::Dimension;

/// A synapse model.
#[derive(Debug, Clone)]
pub(super) struct Synapse {
    pub(super) text: Text,
    /// The parameter that is the weight at the start.
    pub(super) weight: String,
    /// States that start as the weight.
    pub(super) starts: Vec<String>,
    /// Whether it hears the spikes of its target.
    pub(super) hears_target: bool,
}

/// The port for spikes of the source.
pub(super) const PRE: &str = "pre_spikes";
/// The port for spikes of the target.
pub(super) const POST: &str = "post_spikes";

/// `rule` as a model called `name`.
///
/// # Errors
/// If NESTML has no words for something.
pub(super) fn synapse(rule: &ConnectionRule, name: &str, temperature_k: f64, of: &str) -> Result<Synapse> {
    let kept: Vec<String> = rule.parameters.iter().map(|(name, _)| name.clone()).collect();
    let dynamics = tidy(&rule.dynamics, &["effective"], &[("temperature", temperature_k)], &kept);
    let mut words = Words::of(&dynamics);
    let weight = words.free.claim("w_0");
    words.call("weight", Dimension::NONE, &weight);
    for (free, port) in [(PRE, "pre"), (POST, "post")] {
        words.free.claim(free);
        words.call(port, Dimension::NONE, free);
    }
    for input in &dynamics.inputs {
        if !matches!(input.name.as_str(), "t" | "weight") {
            return Err(unsupported(of, &format!("'{}' to read", input.name)));
        }
    }
    if !dynamics.conditions.is_empty() || !dynamics.kinetic_schemes.is_empty() {
        return Err(unsupported(of, "condition of a connection"));
    }
    let Some(effective) = dynamics.exposed("effective").map(str::to_string) else {
        return Err(unsupported(of, "connection that passes nothing on"));
    };
    let mut text = Text {
        name: name.to_string(),
        about: rule.dynamics.component_type.clone(),
        output: "spike".into(),
        ..Text::default()
    };
    let whole = whole_numbered(&dynamics);
    let (values, _) = start(&dynamics)?;
    let mut starts = Vec::new();
    for (at, state) in dynamics.states.iter().enumerate() {
        let word = words.name(&state.name);
        let kind = if whole.contains(&at) { "integer".into() } else { words.kind(state.dimension) };
        let assigned = dynamics.on_start.iter().rev().find(|a| a.state == at).map(|a| &a.value);
        let value = match assigned {
            Some(value) if value.reads("weight") => {
                if *value != Expr::name("weight") {
                    return Err(unsupported(
                        of,
                        &format!("start of '{}' that is made from the weight", state.name),
                    ));
                }
                starts.push(word.to_string());
                "1".to_string()
            }
            Some(value) if value.calls_random() => {
                return Err(unsupported(of, &format!("start of '{}' that is drawn", state.name)));
            }
            _ => words.number(values[at], state.dimension),
        };
        text.state.push(format!("{word} {kind} = {value}"));
    }
    for (state, rate) in &dynamics.derivatives {
        let state = &dynamics.states[*state];
        let dimension = state.dimension.over(Dimension::TIME).unwrap_or(state.dimension);
        text.equations.push(format!("{}' = {}", words.name(&state.name), words.expr(rate, dimension)?));
    }
    text.parameters.push(format!("{weight} real = 1"));
    for parameter in &dynamics.parameters {
        let (word, kind) = (words.name(&parameter.name), words.kind(parameter.dimension));
        text.parameters
            .push(format!("{word} {kind} = {}", words.number(parameter.value, parameter.dimension)));
    }
    let constant = constant_names(&dynamics);
    for derived in dynamics.derived.iter().filter(|d| constant.contains(&d.name)) {
        let value = words.expr(&derived.value, derived.dimension)?;
        text.internals.push(format!(
            "{} {} = {value}",
            words.name(&derived.name),
            words.kind(derived.dimension)
        ));
    }
    let hears_target = dynamics.events.iter().any(|e| e.port == "post");
    text.input.push(format!("{PRE} <- spike"));
    if hears_target {
        text.input.push(format!("{POST} <- spike"));
    }
    if !dynamics.derivatives.is_empty() {
        text.update.push("integrate_odes()".into());
    }
    for port in ["post", "pre"] {
        let handlers: Vec<_> = dynamics.events.iter().filter(|e| e.port == port).collect();
        if port == "post" && !hears_target {
            continue;
        }
        let mut block = Block::new(&words, &dynamics, &constant);
        for handler in handlers {
            if handler.test.is_some() {
                return Err(unsupported(of, "condition of a connection"));
            }
            block.assign(&handler.assignments)?;
        }
        if port == "pre" {
            block.prepare(&Expr::name(effective.as_str()))?;
            block.lines.push(format!("emit_spike({})", words.name(&effective)));
        }
        let mut lines = vec![format!("onReceive({}):", words.name(port))];
        lines.extend(block.lines.iter().map(|line| format!("    {line}")));
        text.blocks.push(lines);
    }
    if let Some(other) = dynamics.in_ports().iter().find(|p| !matches!(**p, "pre" | "post")) {
        return Err(unsupported(of, &format!("port '{other}' of a connection")));
    }
    Ok(Synapse { text, weight, starts, hears_target })
}

/// Statements with the quantities that they need in variables of their own.
struct Block<'a> {
    words: &'a Words,
    dynamics: &'a Dynamics,
    constant: &'a BTreeSet<String>,
    lines: Vec<String>,
    /// Variables that are there, and those that are up to date.
    declared: BTreeSet<String>,
    fresh: BTreeSet<String>,
}

impl<'a> Block<'a> {
    fn new(words: &'a Words, dynamics: &'a Dynamics, constant: &'a BTreeSet<String>) -> Block<'a> {
        let (lines, declared, fresh) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        Block { words, dynamics, constant, lines, declared, fresh }
    }

    /// Computes what `expr` needs.
    fn prepare(&mut self, expr: &Expr) -> Result<()> {
        let mut needed: BTreeSet<&str> = BTreeSet::new();
        expr.visit_names(&mut |name| {
            needed.insert(name);
        });
        let derived: &'a [crate::dynamics::Derived] = &self.dynamics.derived;
        for one in derived.iter().rev() {
            if needed.contains(one.name.as_str()) {
                one.value.visit_names(&mut |name| {
                    needed.insert(name);
                });
            }
        }
        for one in derived {
            if !needed.contains(one.name.as_str())
                || self.constant.contains(&one.name)
                || self.fresh.contains(&one.name)
            {
                continue;
            }
            let (name, value) = (self.words.name(&one.name), self.words.expr(&one.value, one.dimension)?);
            let kind = match self.declared.insert(one.name.clone()) {
                true => format!("{} ", self.words.kind(one.dimension)),
                false => String::new(),
            };
            self.lines.push(format!("{name} {kind}= {value}"));
            self.fresh.insert(one.name.clone());
        }
        Ok(())
    }

    fn assign(&mut self, list: &[Assignment]) -> Result<()> {
        for assignment in list {
            let Some(state) = self.dynamics.states.get(assignment.state) else { continue };
            self.prepare(&assignment.value)?;
            let value = self.words.expr(&assignment.value, state.dimension)?;
            self.lines.push(format!("{} = {value}", self.words.name(&state.name)));
            self.stale(&state.name);
        }
        Ok(())
    }

    /// What reads `name` has to be computed anew.
    fn stale(&mut self, name: &str) {
        let mut changed: BTreeSet<&str> = BTreeSet::from([name]);
        for one in &self.dynamics.derived {
            let mut depends = false;
            one.value.visit_names(&mut |n| depends |= changed.contains(n));
            if depends {
                changed.insert(&one.name);
                self.fresh.remove(&one.name);
            }
        }
    }
}
