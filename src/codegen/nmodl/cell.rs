//! Cells without a shape: a point process with its own potential, which steps itself as neuropil does.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::super::names::{C_PLUS_PLUS, Names, short_names};
use super::super::slope::slope;
use super::super::tidy::tidy;
use super::dialect::RESERVED;
use super::equations::{Block, Equations, declared, lists};
use super::{Dialect, Quantity, Scheme, UNITS, is_linear, kinetics};
use crate::dynamics::Dynamics;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::Expr;
use crate::units::Dimension;

/// A cell as its template takes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct CellMechanism {
    /// What it is called.
    pub(crate) name: String,
    /// The component type that it is of.
    pub(crate) of: String,
    /// Variables that can be read and set.
    pub(crate) range: Vec<String>,
    /// Constants.
    pub(crate) parameters: Vec<Quantity>,
    /// Variables.
    pub(crate) assigned: Vec<Quantity>,
    /// What happens at the start.
    pub(crate) initial: Vec<String>,
    /// A step of the states.
    pub(crate) step: Vec<String>,
    /// What is looked at when a step is done.
    pub(crate) check: Vec<String>,
    /// What keeps the occupancies of the step before.
    pub(crate) after_scheme: Vec<String>,
    /// Whether that is looked at after each part of a step.
    pub(crate) meets_within: bool,
    /// Parts that a step is taken in.
    pub(crate) substeps: u32,
    /// Occupancies of kinetic schemes.
    pub(crate) states: Vec<Quantity>,
    /// Kinetic schemes.
    pub(crate) schemes: Vec<Scheme>,
    /// What their rates are made of.
    pub(crate) scheme_rates: Vec<String>,
    /// Whether events have anything to do.
    pub(crate) events: Vec<String>,
    /// Variables of event handlers.
    pub(crate) event_locals: Vec<String>,
    /// The declarations of [`CellMechanism::range`].
    pub(crate) ranges: Vec<String>,
    /// What is worked out anew for those who record.
    pub(crate) sampled: Vec<String>,
    /// Whether `linoid` is called.
    pub(crate) linoid: bool,
    /// What everything is called, by flat name.
    #[serde(skip)]
    pub(crate) names: BTreeMap<String, String>,
    /// The ports that receive, in order: an event says which by its number here, counted from 0.
    #[serde(skip)]
    pub(crate) ports: Vec<String>,
    /// What is recorded: by the name asked for, the name.
    #[serde(skip)]
    pub(crate) recorded: BTreeMap<String, String>,
}

/// What is to be written.
pub(crate) struct WantedCell<'a> {
    /// The cell with all that is on it.
    pub(crate) dynamics: &'a Dynamics,
    /// What it is called.
    pub(crate) name: String,
    /// Parameters that differ between cells.
    pub(crate) varying: Vec<String>,
    /// Variables that are recorded.
    pub(crate) recorded: Vec<String>,
    /// States of what is on the cell, which are taken half a step on for the cell's own step.
    pub(crate) placed: BTreeSet<String>,
    /// Parts that a step is taken in where equations are not linear, or conditions are met within the step.
    pub(crate) substeps: u32,
    /// Whether conditions are met within the step.
    pub(crate) meets_within: bool,
    /// K.
    pub(crate) temperature_k: f64,
}

/// The cell in NEURON's NMODL.
///
/// # Errors
/// What the language can't say of it.
pub(crate) fn cell(wanted: &WantedCell<'_>) -> Result<CellMechanism> {
    let mut dynamics = wanted.dynamics.clone();
    let mut roots: Vec<&str> = vec!["v"];
    for variable in &wanted.recorded {
        dynamics.exposures.push((variable.clone(), variable.clone()));
        roots.push(variable);
    }
    let dynamics = tidy(&dynamics, &roots, &[("temperature", wanted.temperature_k)], &wanted.varying);
    Writer { wanted, d: &dynamics }.write()
}

struct Writer<'a> {
    wanted: &'a WantedCell<'a>,
    d: &'a Dynamics,
}

impl Writer<'_> {
    fn names(&self) -> BTreeMap<String, String> {
        let d = self.d;
        let mut names = Names::new(&[C_PLUS_PLUS, RESERVED].concat());
        for own in ["clock", "now", "fired", "reach", "port", "hub", "part", "width", "k", "check", "over"] {
            names.claim(own);
        }
        let mut given: BTreeMap<String, String> = BTreeMap::new();
        // The potential of a section is called v.
        if let Some(v) = d.exposed("v") {
            given.insert(v.to_string(), names.claim("vm"));
        }
        given.insert("t".to_string(), "now".to_string());
        let states = d.states.iter().map(|s| s.name.as_str());
        let derived = d.derived.iter().map(|v| v.name.as_str());
        let parameters = d.parameters.iter().map(|p| p.name.as_str());
        let inputs = d.inputs.iter().map(|i| i.name.as_str()).filter(|n| *n != "weight");
        let paths: Vec<&str> = states
            .chain(derived)
            .chain(parameters)
            .chain(inputs)
            .filter(|name| !given.contains_key(*name))
            .collect();
        given.extend(short_names(&paths, &mut names));
        given.insert("weight".to_string(), "weight".to_string());
        given
    }

    fn write(&self) -> Result<CellMechanism> {
        let d = self.d;
        let mut eq = Equations::new(d, Dialect::Neuron);
        eq.names = self.names();
        let mut out = CellMechanism {
            name: self.wanted.name.clone(),
            of: d.component_type.clone(),
            substeps: self.parts()?,
            meets_within: self.wanted.meets_within,
            ports: d.in_ports().iter().map(ToString::to_string).collect(),
            ..CellMechanism::default()
        };
        for input in &d.inputs {
            match input.name.as_str() {
                "t" | "weight" => {}
                name if name.ends_with("/noise") || name == "noise" => {
                    self.assigned(&mut out, &eq.name(name), input.dimension)
                }
                name => {
                    let message =
                        format!("the cell reads '{name}', which NEURON gives to no cell without a shape");
                    return Err(Error::new(ErrorKind::Unsupported, message));
                }
            }
        }
        for parameter in &d.parameters {
            let name = eq.name(&parameter.name);
            out.range.push(name.clone());
            let value = UNITS.value(parameter.value, parameter.dimension);
            out.parameters.push(Quantity { name, value, unit: Dialect::unit(parameter.dimension) });
        }
        let in_scheme: BTreeSet<usize> = d.kinetic_schemes.iter().flatten().copied().collect();
        for (at, state) in d.states.iter().enumerate() {
            let name = eq.name(&state.name);
            if in_scheme.contains(&at) {
                out.range.push(name.clone());
                out.states.push(Quantity { name, value: String::new(), unit: String::new() });
            } else {
                self.assigned(&mut out, &name, state.dimension);
            }
        }
        let schemes = kinetics::schemes(&eq)?;
        let rates: Vec<String> =
            schemes.iter().flat_map(|s| &s.flows).flat_map(|flow| Equations::names_in(&flow.rate)).collect();
        let mut block = Block::default();
        eq.prepare(&mut block, &rates, &BTreeSet::new())?;
        out.scheme_rates = block.finish();
        out.schemes = schemes.iter().map(|scheme| scheme.written(&eq)).collect::<Result<_>>()?;
        let recorded = eq.recorded(&self.wanted.recorded);
        for derived in
            d.derived.iter().filter(|v| recorded.contains(&v.name) || eq.constant.contains(&v.name))
        {
            self.assigned(&mut out, &eq.name(&derived.name), derived.dimension);
        }
        self.start(&eq, &mut out, &recorded)?;
        self.step(&eq, &mut out, &recorded)?;
        self.events(&eq, &mut out, &recorded)?;
        let mut sampled = Block::default();
        let asked: Vec<String> =
            recorded.iter().filter(|name| !eq.constant.contains(*name)).cloned().collect();
        eq.prepare(&mut sampled, &asked, &recorded)?;
        out.sampled = sampled.finish();
        for asked in &self.wanted.recorded {
            if let Some(variable) = d.exposed(asked) {
                out.recorded.insert(asked.clone(), eq.name(variable));
            }
        }
        out.linoid = eq.calls_linoid();
        out.ranges = lists("RANGE", &out.range);
        out.names = eq.names;
        Ok(out)
    }

    /// How many parts a step is taken in.
    fn parts(&self) -> Result<u32> {
        if self.wanted.meets_within {
            return Ok(self.wanted.substeps);
        }
        for (state, _) in &self.d.derivatives {
            if !is_linear(self.d, *state)? {
                return Ok(self.wanted.substeps);
            }
        }
        Ok(1)
    }

    fn assigned(&self, out: &mut CellMechanism, name: &str, dimension: Dimension) {
        if !out.range.iter().any(|known| known == name) {
            out.range.push(name.to_string());
            out.assigned.push(Quantity {
                name: name.into(),
                value: String::new(),
                unit: Dialect::unit(dimension),
            });
        }
    }

    fn start(&self, eq: &Equations<'_>, out: &mut CellMechanism, recorded: &BTreeSet<String>) -> Result<()> {
        let d = self.d;
        let mut block = Block::default();
        for derived in d.derived.iter().filter(|v| eq.constant.contains(&v.name)) {
            eq.assign(&mut block, &eq.name(&derived.name), &derived.value, UNITS.power(derived.dimension))?;
        }
        for (at, state) in d.states.iter().enumerate() {
            let in_scheme = d.kinetic_schemes.iter().flatten().any(|s| *s == at);
            if !in_scheme && !d.on_start.iter().any(|a| a.state == at) {
                block.lines.push(format!("{} = 0", eq.name(&state.name)));
            }
        }
        eq.assignments(&mut block, &d.on_start, recorded)?;
        out.initial = block.finish();
        Ok(())
    }

    /// The states of kinetic schemes.
    fn occupancies(&self) -> Vec<&str> {
        let all = self.d.kinetic_schemes.iter().flatten();
        all.filter_map(|s| self.d.states.get(*s)).map(|s| s.name.as_str()).collect()
    }

    /// The exponential midpoint rule: each state by its own decay, with the others half-way. Schemes have made their step
    /// before.
    fn step(&self, eq: &Equations<'_>, out: &mut CellMechanism, recorded: &BTreeSet<String>) -> Result<()> {
        let d = self.d;
        let occupancies = self.occupancies();
        let mut block = Block::default();
        let moving: Vec<(&str, &Expr)> = d
            .derivatives
            .iter()
            .filter(|(_, value)| *value != Expr::Number(0.0))
            .filter_map(|(state, value)| Some((d.states.get(*state)?.name.as_str(), value)))
            .collect();
        let own: Vec<(&str, &Expr)> =
            moving.iter().filter(|(state, _)| !occupancies.contains(state)).copied().collect();
        // The same equations with other names for some states.
        let (mut first, mut half) = (eq.clone(), eq.clone());
        for state in &occupancies {
            let name = eq.name(state);
            self.assigned(out, &format!("{name}_before"), Dimension::NONE);
            first.names.insert((*state).to_string(), format!("{name}_before"));
            block.locals.push(format!("{name}_mid"));
            block.lines.push(format!("{name}_mid = ({name}_before + {name})/2"));
            half.names.insert((*state).to_string(), format!("{name}_mid"));
        }
        let mut coupled: Vec<(&str, &Expr)> = Vec::new();
        for (state, value) in &own {
            self.one(&first, &mut block, recorded, (state, value), &format!("{}_after", eq.name(state)))?;
            if self.reads_other(eq, state, value, &moving) {
                coupled.push((state, value));
            }
        }
        if !coupled.is_empty() {
            block.lines.push(": half-way, and from there again what reads others that move".to_string());
            for (state, value) in &own {
                let name = eq.name(state);
                let middle = format!("{name}_mid");
                block.locals.push(middle.clone());
                if self.wanted.placed.contains(*state) {
                    block.lines.push(format!("{middle} = {name} + {name}_slope*reach({name}_rate, width/2)"));
                } else {
                    block.lines.push(format!("{middle} = ({name} + {name}_after)/2"));
                    if self.may_grow(eq, state, value)? {
                        block.lines.push(format!("if ({name}_rate*width >= 1) {{"));
                        block.lines.push(format!("    {middle} = {name}"));
                        block.lines.push("}".to_string());
                    }
                }
                half.names.insert((*state).to_string(), middle);
            }
            for (state, value) in coupled {
                block.forget();
                let name = eq.name(state);
                let middle = half.names.insert(state.to_string(), name.clone());
                self.one(&half, &mut block, recorded, (state, value), &format!("{name}_after"))?;
                half.names.extend(middle.map(|middle| (state.to_string(), middle)));
            }
        }
        for (state, _) in &own {
            let name = eq.name(state);
            block.lines.push(format!("{name} = {name}_after"));
        }
        out.after_scheme = occupancies
            .iter()
            .map(|state| eq.name(state))
            .map(|name| format!("{name}_before = {name}"))
            .collect();
        if self.parts()? > 1 && !self.wanted.meets_within {
            // Beyond a threshold the states may run away.
            block.forget();
            for condition in d.conditions.iter().filter(|c| !c.sends.is_empty()) {
                eq.when(&mut block, &condition.test, recorded, |inner| {
                    inner.lines.push("over = 1".to_string());
                    Ok(())
                })?;
                block.forget();
            }
        }
        out.step = block.finish();
        let mut check = Block::default();
        for condition in &d.conditions {
            eq.when(&mut check, &condition.test, recorded, |inner| {
                eq.assignments(inner, &condition.assignments, recorded)?;
                if !condition.sends.is_empty() {
                    inner.lines.push("fired = 1".to_string());
                }
                Ok(())
            })?;
            check.forget();
        }
        out.check = check.finish();
        Ok(())
    }

    /// The step of one state, into `target`.
    fn one(
        &self,
        eq: &Equations<'_>,
        block: &mut Block,
        recorded: &BTreeSet<String>,
        (state, value): (&str, &Expr),
        target: &str,
    ) -> Result<()> {
        let dimension = eq.dimension(state);
        let power = UNITS.power(dimension) - UNITS.power(Dimension::TIME);
        // The flat state is called by its old value here, whatever the others are.
        let name = eq.name(state);
        let rate = self.rate(state, value)?;
        let mut asked = Equations::names_in(value);
        asked.extend(Equations::names_in(&rate));
        eq.prepare(block, &asked, recorded)?;
        for (local, expr, power) in [
            (format!("{name}_slope"), value, power),
            (format!("{name}_rate"), &rate, UNITS.power(Dimension::PER_TIME)),
        ] {
            block.declare(&local);
            eq.assign(block, &local, expr, power)?;
        }
        block.declare(target);
        block.lines.push(format!("{target} = {name} + {name}_slope*reach({name}_rate, width)"));
        Ok(())
    }

    fn rate(&self, state: &str, value: &Expr) -> Result<Expr> {
        slope(value, state, self.d).ok_or_else(|| {
            let message = format!("the derivative of '{state}' has no slope in closed form");
            Error::new(ErrorKind::Unsupported, message)
        })
    }

    /// Whether the state may grow by itself.
    fn may_grow(&self, eq: &Equations<'_>, state: &str, value: &Expr) -> Result<bool> {
        let rate = self.rate(state, value)?;
        let fixed = Equations::names_in(&rate).iter().all(|name| eq.constant.contains(name));
        let mut chooses = false;
        rate.visit(&mut |e| chooses |= matches!(e, Expr::Select(..)));
        Ok(!fixed || chooses)
    }

    fn reads_other(&self, eq: &Equations<'_>, state: &str, value: &Expr, moving: &[(&str, &Expr)]) -> bool {
        let names = Equations::names_in(value);
        let mut all: BTreeSet<String> = names.iter().cloned().collect();
        for derived in eq.needed(names.iter().map(String::as_str)) {
            if let Some(derived) = self.d.derived.iter().find(|v| v.name == derived) {
                all.extend(Equations::names_in(&derived.value));
            }
        }
        moving.iter().any(|(other, _)| *other != state && all.contains(*other))
    }

    fn events(&self, eq: &Equations<'_>, out: &mut CellMechanism, recorded: &BTreeSet<String>) -> Result<()> {
        let d = self.d;
        let mut all = Block::default();
        for (number, port) in out.ports.iter().enumerate() {
            let mut block = Block::default();
            for event in d.events.iter().filter(|e| e.port == *port) {
                let act = |inner: &mut Block| {
                    eq.assignments(inner, &event.assignments, recorded)?;
                    if !event.sends.is_empty() {
                        inner.lines.push("net_event(t)".to_string());
                    }
                    Ok(())
                };
                match &event.test {
                    Some(test) => eq.when(&mut block, test, recorded, act)?,
                    None => act(&mut block)?,
                }
            }
            let is_port = format!("port == {number}");
            all.include(block, (out.ports.len() > 1).then_some(&is_port));
        }
        out.event_locals = declared(&all.locals);
        out.events = all.lines;
        Ok(())
    }
}
