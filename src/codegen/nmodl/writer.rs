//! The parts of a mechanism, one after the other.

use std::collections::{BTreeMap, BTreeSet};

use super::super::names::{C_PLUS_PLUS, Names, short_names};
use super::super::tidy::tidy;
use super::dialect::RESERVED;
use super::equations::{Block, Equations, declared, lists, negated};
use super::{Dialect, Mechanism, Quantity, Role, UNITS, Wanted, is_linear, kinetics};
use crate::dynamics::{Dynamics, Variable};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{BinaryOp, Expr};
use crate::model::{concentration_input, is_current_of};
use crate::units::Dimension;

/// Names that inputs have in every mechanism.
fn input_name(name: &str) -> Option<(String, Dimension)> {
    if let Some((ion, outside)) = concentration_input(name) {
        return Some((format!("{ion}{}", if outside { 'o' } else { 'i' }), Dimension::CONCENTRATION));
    }
    let (name, dimension) = match name {
        "v" => ("v", Dimension::VOLTAGE),
        "t" => ("t", Dimension::TIME),
        "surfaceArea" => ("area", Dimension::AREA),
        "peer/v" => ("vpeer", Dimension::VOLTAGE),
        "noise" => ("noise", Dimension::NONE),
        "weight" => ("scale", Dimension::NONE),
        _ => return None,
    };
    Some((name.to_string(), dimension))
}

/// The names that parameters and variables of NeuroML have in mechanisms.
const CUSTOMARY: [(&str, &str); 4] =
    [("condDensity", "gbar"), ("gDensity", "g"), ("iDensity", "i"), ("permeability", "pbar")];

/// The dynamics as the mechanism is made from: tidied, with what is recorded among the exposures, ion currents by area.
fn prepared(wanted: &Wanted<'_>, dialect: Dialect) -> Result<Dynamics> {
    let mut dynamics = wanted.dynamics.clone();
    let mut roots: Vec<&str> = match &wanted.role {
        Role::Density(_) => vec!["iDensity"],
        // Arbor's cells say the concentration outside themselves.
        Role::Pool(_) if dialect == Dialect::Arbor => vec!["concentration"],
        Role::Pool(_) => vec!["concentration", "extConcentration"],
        Role::Point => vec!["i"],
        Role::Rule => vec!["effective"],
    };
    for variable in &wanted.recorded {
        dynamics.exposures.push((variable.clone(), variable.clone()));
        roots.push(variable);
    }
    if let Role::Pool(ion) = &wanted.role {
        let own = |name: &str| is_current_of(name, ion);
        let currents = dynamics.inputs.iter().filter(|i| i.dimension == Dimension::CURRENT);
        let names: Vec<String> = currents.map(|i| i.name.clone()).collect();
        let read =
            names.iter().find(|n| own(n)).or_else(|| names.iter().find(|n| n.starts_with('i'))).cloned();
        if let Some(read) = read {
            let total = negated(&Expr::binary(BinaryOp::Mul, Expr::name("@ion"), Expr::name("surfaceArea")));
            dynamics.inputs.retain(|i| i.name != read);
            dynamics.inputs.push(Variable { name: "@ion".into(), dimension: Dimension::CURRENT_DENSITY });
            if !dynamics.inputs.iter().any(|i| i.name == "surfaceArea") {
                dynamics.inputs.push(Variable { name: "surfaceArea".into(), dimension: Dimension::AREA });
            }
            let by = |expr: &Expr| {
                expr.map_names(&|name| if name == read { total.clone() } else { Expr::name(name) })
            };
            dynamics.derived.iter_mut().for_each(|d| d.value = by(&d.value));
            dynamics.derivatives.iter_mut().for_each(|(_, value)| *value = by(value));
        }
    }
    Ok(tidy(&dynamics, &roots, &[("temperature", wanted.temperature_k)], &wanted.varying))
}

/// Writes one mechanism.
pub(super) struct Writer<'a> {
    wanted: &'a Wanted<'a>,
    dialect: Dialect,
    dynamics: Dynamics,
}

impl<'a> Writer<'a> {
    pub(super) fn new(wanted: &'a Wanted<'a>, dialect: Dialect) -> Result<Writer<'a>> {
        Ok(Writer { wanted, dialect, dynamics: prepared(wanted, dialect)? })
    }

    /// The state that is the concentration of a pool, if it is one that moves.
    fn stepped_concentration(&self) -> Option<&str> {
        let name = match self.wanted.role {
            Role::Pool(_) => self.dynamics.exposed("concentration")?,
            _ => return None,
        };
        let state = self.dynamics.state(name)?;
        self.dynamics.derivatives.iter().any(|(s, _)| *s == state).then_some(name)
    }

    /// Whether it is at a point.
    fn at_point(&self) -> bool {
        matches!(self.wanted.role, Role::Point | Role::Rule)
    }

    /// The variable that is the current, for what has one.
    fn current(&self) -> Option<&str> {
        match self.wanted.role {
            Role::Density(_) => self.dynamics.exposed("iDensity"),
            Role::Point => self.dynamics.exposed("i"),
            Role::Pool(_) | Role::Rule => None,
        }
    }

    /// What everything is called.
    fn names(&self) -> BTreeMap<String, String> {
        let d = &self.dynamics;
        let mut names = Names::new(&[C_PLUS_PLUS, RESERVED].concat());
        for own in
            ["now", "passed", "signal", "port", "conc"].iter().filter(|_| self.dialect == Dialect::Neuron)
        {
            if !(*own == "conc" && self.stepped_concentration().is_some()) {
                names.claim(own);
            }
        }
        let mut given: BTreeMap<String, String> = BTreeMap::new();
        let mut give = |names: &mut Names, flat: &str, wanted: &str| {
            given.entry(flat.to_string()).or_insert_with(|| names.claim(wanted));
        };
        if let Some(current) = self.current() {
            give(&mut names, current, "i");
        }
        if let Role::Pool(ion) = &self.wanted.role {
            if let (Some(variable), Dialect::Neuron) = (self.stepped_concentration(), self.dialect) {
                give(&mut names, variable, "conc");
            }
            for (exposure, side) in [("concentration", 'i'), ("extConcentration", 'o')] {
                if let Some(variable) = d.exposed(exposure) {
                    give(&mut names, variable, &format!("{ion}{side}"));
                }
            }
            give(&mut names, "@ion", &format!("i{ion}"));
        }
        if let Role::Density(Some(ion)) = &self.wanted.role {
            names.claim(&format!("i{ion}"));
        }
        for (flat, customary) in CUSTOMARY {
            let known =
                d.parameters.iter().any(|p| p.name == flat) || d.derived.iter().any(|v| v.name == flat);
            if known {
                give(&mut names, flat, customary);
            }
        }
        for input in &d.inputs {
            if let Some((name, _)) = input_name(&input.name) {
                given.insert(input.name.clone(), name);
            }
        }
        let states = d.states.iter().map(|s| s.name.as_str());
        let others =
            d.derived.iter().map(|v| v.name.as_str()).chain(d.parameters.iter().map(|p| p.name.as_str()));
        let paths: Vec<&str> = states.chain(others).filter(|name| !given.contains_key(*name)).collect();
        given.extend(short_names(&paths, &mut names));
        given
    }

    pub(super) fn write(&self) -> Result<Mechanism> {
        let d = &self.dynamics;
        let mut eq = Equations::new(d, self.dialect);
        eq.names = self.names();
        eq.others = vec![("@ion", Dimension::CURRENT_DENSITY)];
        let mut out = Mechanism {
            name: self.wanted.name.clone(),
            of: d.component_type.clone(),
            is_point: self.at_point(),
            ..Mechanism::default()
        };
        self.inputs(&mut out)?;
        self.declarations(&eq, &mut out);
        let recorded = eq.recorded(&self.wanted.recorded);
        let rates = self.states(&eq, &mut out, &recorded)?;
        self.breakpoint(&eq, &mut out, &recorded, &rates)?;
        self.events(&eq, &mut out, &recorded)?;
        let mut shared: Vec<&String> = rates.iter().chain(&recorded).chain(&eq.constant).collect();
        shared.dedup();
        for derived in &d.derived {
            let is_current = self.current() == Some(derived.name.as_str());
            let declares = self.dialect == Dialect::Neuron || !is_current;
            if declares && (shared.contains(&&derived.name) || is_current) {
                self.assigned(&mut out, &eq.name(&derived.name), derived.dimension);
            }
        }
        for asked in &self.wanted.recorded {
            if let Some(variable) = d.exposed(asked) {
                let is_current = self.current() == Some(variable);
                out.recorded.insert(asked.clone(), (eq.name(variable), is_current && !self.is_electrode()));
            }
        }
        out.ranges = lists("RANGE", &out.range);
        out.names = eq.names;
        Ok(out)
    }

    fn assigned(&self, out: &mut Mechanism, name: &str, dimension: Dimension) {
        if !out.range.iter().any(|known| known == name) {
            out.range.push(name.to_string());
        }
        if !out.assigned.iter().any(|known| known.name == name) {
            out.assigned.push(Quantity {
                name: name.to_string(),
                value: String::new(),
                unit: Dialect::unit(dimension),
            });
        }
    }

    /// What comes from outside: potential, time, ions, area.
    fn inputs(&self, out: &mut Mechanism) -> Result<()> {
        let mut read: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut written: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for input in &self.dynamics.inputs {
            if input.name == "@ion" {
                continue;
            }
            let Some((name, dimension)) = input_name(&input.name) else {
                let message =
                    format!("{} gives a mechanism no '{}'", self.dialect.syntax().language, input.name);
                return Err(Error::new(ErrorKind::Unsupported, message));
            };
            if self.dialect == Dialect::Arbor && matches!(input.name.as_str(), "t" | "noise" | "peer/v") {
                let message = format!("Arbor gives a mechanism no '{}'", input.name);
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
            if let Some((ion, _)) = concentration_input(&input.name) {
                read.entry(ion).or_default().insert(name.clone());
            }
            let event_only = input.name == "weight" && self.wanted.role != Role::Rule && !self.reads_weight();
            if event_only || input.name == "t" {
                continue;
            }
            if input.name == "weight" {
                out.range.push(name.clone());
                out.parameters.push(Quantity { name, value: "1".into(), unit: String::new() });
                continue;
            }
            if input.name == "peer/v" {
                out.pointers.push(name.clone());
            }
            if input.name == "noise" {
                out.range.push(name.clone());
            }
            let quantity = Quantity { name, value: String::new(), unit: Dialect::unit(dimension) };
            match self.dialect {
                Dialect::Neuron => out.assigned.push(quantity),
                // Ions are not declared; what is given by the place is a parameter without a value.
                Dialect::Arbor if concentration_input(&input.name).is_some() => {}
                Dialect::Arbor => out.parameters.push(quantity),
            }
        }
        match &self.wanted.role {
            Role::Density(ion) => {
                if self.current().is_none() {
                    let message = "it exposes no current density (iDensity)";
                    return Err(Error::new(ErrorKind::Unsupported, message));
                }
                match ion {
                    Some(ion) => {
                        written.entry(ion.clone()).or_default().insert(format!("i{ion}"));
                        self.ion_current(out, ion);
                    }
                    None => out.current = Some("NONSPECIFIC_CURRENT i".to_string()),
                }
            }
            Role::Pool(ion) => {
                if self.dynamics.inputs.iter().any(|i| i.name == "@ion") {
                    read.entry(ion.clone()).or_default().insert(format!("i{ion}"));
                    self.ion_current(out, ion);
                }
                for (exposure, side) in [("concentration", 'i'), ("extConcentration", 'o')] {
                    if self.dynamics.exposed(exposure).is_some() {
                        written.entry(ion.clone()).or_default().insert(format!("{ion}{side}"));
                    }
                }
            }
            Role::Rule => {
                out.pointers.push("passed".to_string());
                out.assigned.push(Quantity {
                    name: "passed".into(),
                    value: String::new(),
                    unit: String::new(),
                });
            }
            Role::Point => {
                let statement =
                    if self.is_electrode() { "ELECTRODE_CURRENT i" } else { "NONSPECIFIC_CURRENT i" };
                if self.current().is_some() {
                    out.current = Some(statement.to_string());
                }
            }
        }
        let ions: BTreeSet<&String> = read.keys().chain(written.keys()).collect();
        for ion in ions {
            let list = |map: &BTreeMap<String, BTreeSet<String>>| {
                map.get(ion).map(|names| names.iter().cloned().collect::<Vec<_>>().join(", "))
            };
            let reads = list(&read).map(|names| format!(" READ {names}")).unwrap_or_default();
            let writes = list(&written).map(|names| format!(" WRITE {names}")).unwrap_or_default();
            let valence = match ion.as_str() {
                "na" | "k" | "ca" => String::new(),
                other => format!(" VALENCE {}", valence(other)),
            };
            out.ions.push(format!("{ion}{reads}{writes}{valence}"));
        }
        Ok(())
    }

    fn ion_current(&self, out: &mut Mechanism, ion: &str) {
        if self.dialect == Dialect::Neuron {
            let unit = Dialect::unit(Dimension::CURRENT_DENSITY);
            out.assigned.push(Quantity { name: format!("i{ion}"), value: String::new(), unit });
        }
    }

    /// Whether the current is counted into the cell, as those of electrodes are: of what takes no events.
    fn is_electrode(&self) -> bool {
        self.dialect == Dialect::Neuron
            && self.wanted.role == Role::Point
            && self.dynamics.events.is_empty()
            && !self.reads("peer/v")
    }

    fn reads(&self, input: &str) -> bool {
        self.dynamics.inputs.iter().any(|i| i.name == input)
    }

    /// Whether the weight counts outside events.
    fn reads_weight(&self) -> bool {
        let d = &self.dynamics;
        let assigned = d.conditions.iter().flat_map(|c| &c.assignments).chain(&d.on_start);
        let mut all = (d.derived.iter().map(|v| &v.value))
            .chain(d.derivatives.iter().map(|(_, value)| value))
            .chain(assigned.map(|a| &a.value));
        all.any(|value| value.reads("weight"))
    }

    fn declarations(&self, eq: &Equations<'_>, out: &mut Mechanism) {
        let d = &self.dynamics;
        for parameter in &d.parameters {
            let name = eq.name(&parameter.name);
            let is_main = name == "gbar" || name == "pbar";
            if self.wanted.varying.contains(&parameter.name) || is_main || self.at_point() {
                out.range.push(name.clone());
            }
            let value = UNITS.value(parameter.value, parameter.dimension);
            out.parameters.push(Quantity { name, value, unit: Dialect::unit(parameter.dimension) });
        }
        if self.wanted.partial {
            out.range.push("cover".to_string());
            out.parameters.push(Quantity { name: "cover".into(), value: "1".into(), unit: String::new() });
        }
        for (at, state) in d.states.iter().enumerate() {
            let quantity = Quantity {
                name: eq.name(&state.name),
                value: String::new(),
                unit: Dialect::unit(state.dimension),
            };
            let ion = self.is_ion_variable(&quantity.name);
            if d.derivatives.iter().any(|(s, _)| *s == at) {
                if !ion {
                    out.range.push(quantity.name.clone());
                }
                out.states.push(quantity);
            } else if self.dialect == Dialect::Arbor {
                out.states.push(quantity);
            } else if ion {
                // Only a state may be written.
                out.states.push(quantity);
            } else {
                self.assigned(out, &quantity.name, state.dimension);
            }
        }
        if self.dialect == Dialect::Neuron && self.wanted.role != Role::Point && self.current().is_some() {
            self.assigned(out, "i", Dimension::CURRENT_DENSITY);
        }
    }

    fn is_ion_variable(&self, name: &str) -> bool {
        match &self.wanted.role {
            Role::Pool(ion) => name == format!("{ion}i") || name == format!("{ion}o"),
            _ => false,
        }
    }

    /// Start, derivatives and schemes; gives the variables that they share.
    fn states(
        &self,
        eq: &Equations<'_>,
        out: &mut Mechanism,
        recorded: &BTreeSet<String>,
    ) -> Result<BTreeSet<String>> {
        let d = &self.dynamics;
        let in_scheme: BTreeSet<usize> = d.kinetic_schemes.iter().flatten().copied().collect();
        let plain: Vec<&(usize, Expr)> =
            d.derivatives.iter().filter(|(s, _)| !in_scheme.contains(s)).collect();
        let schemes = kinetics::schemes(eq)?;
        // What derivatives, rates of schemes and the start read.
        let mut asked: Vec<String> = plain.iter().flat_map(|(_, value)| Equations::names_in(value)).collect();
        asked.extend(schemes.iter().flat_map(|s| &s.flows).flat_map(|flow| Equations::names_in(&flow.rate)));
        let started: Vec<String> = d.on_start.iter().flat_map(|a| Equations::names_in(&a.value)).collect();
        let mut shared: BTreeSet<String> = recorded.clone();
        let is_shared =
            |name: &&String| d.derived.iter().any(|v| v.name == **name) && !eq.constant.contains(*name);
        let needed_first: BTreeSet<&str> = eq.needed(asked.iter().map(String::as_str)).into_iter().collect();
        let in_rates = |name: &&String| needed_first.contains(name.as_str());
        let direct: BTreeSet<String> =
            asked.iter().chain(started.iter().filter(in_rates)).filter(is_shared).cloned().collect();
        shared.extend(direct.iter().cloned());
        // Constants.
        let mut initial = Block::default();
        for derived in d.derived.iter().filter(|v| eq.constant.contains(&v.name)) {
            eq.assign(&mut initial, &eq.name(&derived.name), &derived.value, UNITS.power(derived.dimension))?;
        }
        let mut rates = Block::default();
        let direct_names: Vec<String> = direct.iter().cloned().collect();
        if self.dialect == Dialect::Arbor {
            // Variables of a block are worked out in the block that reads them.
            shared.clone_from(recorded);
        } else {
            eq.prepare(&mut rates, &direct_names, &shared)?;
        }
        if !rates.lines.is_empty() {
            initial.lines.push("rates(v)".to_string());
            initial.mark_known(direct_names.iter().filter(|n| !self.reads_state(eq, n)));
        }
        out.rates = rates.finish();
        for (at, state) in d.states.iter().enumerate() {
            let is_set = d.on_start.iter().any(|a| a.state == at) || in_scheme.contains(&at);
            if !is_set {
                initial.lines.push(format!("{} = 0", eq.name(&state.name)));
            }
        }
        eq.assignments(&mut initial, &d.on_start, &shared)?;
        for scheme in &schemes {
            initial.lines.push(format!("SOLVE {} STEADYSTATE sparse", scheme.name));
        }
        if let (Role::Pool(ion), Dialect::Neuron, Some(_)) =
            (&self.wanted.role, self.dialect, self.stepped_concentration())
        {
            let name = format!("{ion}i");
            out.after.push(format!("{name} = conc"));
            initial.lines.push(format!("{name} = conc"));
            let unit = Dialect::unit(Dimension::CONCENTRATION);
            out.assigned.push(Quantity { name, value: String::new(), unit });
        }
        out.initial = initial.finish();
        let mut derivatives = Block::default();
        let mut linear = true;
        if self.dialect == Dialect::Arbor {
            let own: Vec<String> = plain.iter().flat_map(|(_, value)| Equations::names_in(value)).collect();
            eq.prepare(&mut derivatives, &own, &shared)?;
        }
        for (state, value) in &plain {
            let Some(variable) = d.states.get(*state) else { continue };
            linear &= is_linear(d, *state)?;
            let power = UNITS.power(variable.dimension) - UNITS.power(Dimension::TIME);
            eq.assign(&mut derivatives, &format!("{}'", eq.name(&variable.name)), value, power)?;
        }
        for (at, state) in d.states.iter().enumerate() {
            let name = eq.name(&state.name);
            if self.is_ion_variable(&name) && !d.derivatives.iter().any(|(s, _)| *s == at) {
                derivatives.lines.push(format!("{name}' = 0"));
            }
        }
        if !derivatives.lines.is_empty() {
            if !linear && self.dialect == Dialect::Arbor {
                let message = "its equations are not linear, which Arbor's cnexp can't solve";
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
            let method = if linear { "cnexp" } else { "derivimplicit" };
            out.solves.push(format!("states METHOD {method}"));
        }
        out.derivatives = derivatives.finish();
        for scheme in schemes {
            out.solves.push(format!("{} METHOD sparse", scheme.name));
            let mut written = scheme.written(eq)?;
            if self.dialect == Dialect::Arbor {
                let mut block = Block::default();
                let own: Vec<String> =
                    scheme.flows.iter().flat_map(|flow| Equations::names_in(&flow.rate)).collect();
                eq.prepare(&mut block, &own, &shared)?;
                written.rates = block.finish();
            }
            out.schemes.push(written);
        }
        out.linoid = eq.calls_linoid();
        Ok(if self.dialect == Dialect::Arbor { BTreeSet::new() } else { direct })
    }

    /// Whether a derived variable moves with the states.
    fn reads_state(&self, eq: &Equations<'_>, name: &str) -> bool {
        let needed = eq.needed([name]);
        let all = self.dynamics.derived.iter().filter(|d| needed.contains(&d.name.as_str()));
        let mut found = false;
        for derived in all {
            derived.value.visit_names(&mut |name| found |= self.dynamics.state(name).is_some());
        }
        found
    }

    /// Conditions and the current.
    fn breakpoint(
        &self,
        eq: &Equations<'_>,
        out: &mut Mechanism,
        recorded: &BTreeSet<String>,
        rates: &BTreeSet<String>,
    ) -> Result<()> {
        let d = &self.dynamics;
        let shared: BTreeSet<String> = recorded.union(rates).cloned().collect();
        let mut block = Block::default();
        for condition in &d.conditions {
            eq.when(&mut block, &condition.test, &shared, |inner| {
                eq.assignments(inner, &condition.assignments, &shared)
            })?;
        }
        let once = d.conditions.iter().any(|c| {
            let assigned: Vec<&str> =
                c.assignments.iter().filter_map(|a| d.states.get(a.state)).map(|s| s.name.as_str()).collect();
            c.assignments
                .iter()
                .any(|a| Equations::names_in(&a.value).iter().any(|n| assigned.contains(&n.as_str())))
        });
        if once {
            out.before = std::mem::take(&mut block).finish();
        }
        let mut asked: Vec<String> = recorded.iter().cloned().collect();
        if let Some(current) = self.current()
            && let Some(derived) = d.derived.iter().find(|v| v.name == current)
        {
            asked.retain(|name| name != current);
            asked.extend(Equations::names_in(&derived.value));
            eq.prepare(&mut block, &asked, &shared)?;
            let mut value = eq.converted(&derived.value, UNITS.power(derived.dimension))?;
            if !self.is_electrode() {
                value = negated(&value);
            }
            if self.wanted.partial {
                value = Expr::binary(BinaryOp::Mul, Expr::name("cover"), value);
            }
            match (&self.wanted.role, self.dialect) {
                (Role::Density(Some(ion)), Dialect::Arbor) => {
                    eq.place(&mut block, &format!("i{ion}"), &value)?;
                }
                (Role::Density(Some(ion)), Dialect::Neuron) => {
                    eq.place(&mut block, "i", &value)?;
                    block.lines.push(format!("i{ion} = i"));
                }
                _ => eq.place(&mut block, "i", &value)?,
            }
        } else {
            eq.prepare(&mut block, &asked, &shared)?;
        }
        if self.dialect == Dialect::Neuron {
            // NEURON forgets variables of a block that begins with SOLVE.
            for local in std::mem::take(&mut block.locals) {
                let derived = d.derived.iter().find(|v| eq.name(&v.name) == local);
                self.assigned(out, &local, derived.map_or(Dimension::NONE, |v| v.dimension));
            }
        }
        out.breakpoint = block.finish();
        match self.dialect {
            Dialect::Neuron => self.samples(eq, out, recorded, &shared),
            Dialect::Arbor => Ok(()),
        }
    }

    /// What is recorded is worked out once more when a step is done: from the new potential and the new states.
    fn samples(
        &self,
        eq: &Equations<'_>,
        out: &mut Mechanism,
        recorded: &BTreeSet<String>,
        shared: &BTreeSet<String>,
    ) -> Result<()> {
        let mut block = Block::default();
        let current = self.current().filter(|name| recorded.contains(*name));
        let mut asked: Vec<String> =
            recorded.iter().filter(|n| current != Some(n.as_str())).cloned().collect();
        asked.retain(|name| !eq.constant.contains(name));
        eq.prepare(&mut block, &asked, shared)?;
        if let Some(derived) = self.dynamics.derived.iter().find(|v| current == Some(v.name.as_str())) {
            eq.prepare(&mut block, &Equations::names_in(&derived.value), shared)?;
            let value = eq.converted(&derived.value, UNITS.power(derived.dimension))?;
            let value = if self.is_electrode() { value } else { negated(&value) };
            eq.place(&mut block, "i", &value)?;
        }
        out.sampled = block.finish();
        Ok(())
    }

    fn events(&self, eq: &Equations<'_>, out: &mut Mechanism, recorded: &BTreeSet<String>) -> Result<()> {
        let d = &self.dynamics;
        if d.events.is_empty() {
            return Ok(());
        }
        let ports = d.in_ports();
        let is_rule = self.wanted.role == Role::Rule;
        out.takes_events = true;
        out.ports = ports.iter().map(ToString::to_string).collect();
        out.event_arguments = match (is_rule, ports.len() > 1) {
            // The weight of a rule is its own, whatever comes.
            (true, _) => "signal, port".into(),
            (false, true) => "weight, port".into(),
            (false, false) => "weight".into(),
        };
        let mut in_events = eq.clone();
        if is_rule {
            in_events.names.insert("t".to_string(), "now".to_string());
        } else {
            in_events.names.insert("weight".to_string(), "weight".to_string());
        }
        let eq = &in_events;
        let mut block = Block::default();
        for event in &d.events {
            let port = ports.iter().position(|p| *p == event.port).unwrap_or_default();
            let mut inner = Block::default();
            match &event.test {
                Some(test) => eq.when(&mut inner, test, recorded, |inner| {
                    eq.assignments(inner, &event.assignments, recorded)
                })?,
                None => eq.assignments(&mut inner, &event.assignments, recorded)?,
            }
            if is_rule && event.port == "pre" {
                self.pass_on(eq, &mut inner, recorded)?;
            }
            let is_port = format!("port == {port}");
            block.include(inner, out.event_arguments.contains("port").then_some(&is_port));
        }
        if is_rule && self.reads("t") {
            block.locals.push("now".to_string());
            // Events act at the step nearest to their time.
            block.lines.insert(0, "now = dt*ceil(t/dt - 0.5 - 1e-6)".to_string());
            out.assigned.push(Quantity { name: "dt".into(), value: String::new(), unit: "ms".into() });
        }
        out.event_locals = declared(&block.locals);
        out.events = block.lines;
        Ok(())
    }

    /// A spike goes on with the weight that the rule gives it.
    fn pass_on(&self, eq: &Equations<'_>, block: &mut Block, recorded: &BTreeSet<String>) -> Result<()> {
        let Some(effective) = self.dynamics.exposed("effective") else {
            let message = "the rule of a connection exposes no effective weight";
            return Err(Error::new(ErrorKind::Unsupported, message));
        };
        eq.prepare(block, &[effective.to_string()], recorded)?;
        block.lines.push(format!("passed = {}", eq.name(effective)));
        block.lines.push("net_event(t)".to_string());
        Ok(())
    }
}

/// The usual charge of an ion by its name.
fn valence(ion: &str) -> i32 {
    match ion.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "ca" | "mg" => 2,
        "cl" => -1,
        _ => 1,
    }
}
