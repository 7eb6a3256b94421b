//! What is on the membrane of cells with a shape, as mechanisms of a compartmental model of NESTML: channels, pools of ions,
//! receptors. Values are plain numbers in NEST's units; a mechanism acts on an area that each compartment gives it.
//!
//! Functions of such models are single formulas without calls of each other, and no two mechanisms share a name.

use std::collections::{BTreeMap, BTreeSet};

use super::super::names::identifier;
use super::super::slope::slope;
use super::super::tidy::{constant_names, tidy};
use super::formulas::{cases, expanded, plain, relaxation, shifted_holes, simplest};
use super::neuron::Text;
use super::words::{UNITS, Words, unsupported};
use crate::dynamics::interpret::Instance;
use crate::dynamics::{Dynamics, Parameter};
use crate::engine::Mechanism;
use crate::error::Result;
use crate::expr::eval::evaluate;
use crate::expr::{BinaryOp, Expr};
use crate::model::{concentration_input, is_current_of};
use crate::units::Dimension;

/// Branches of a function at most.
const MOST_CASES: usize = 8;

/// A mechanism of the model.
#[derive(Debug)]
pub(super) struct Part {
    /// The equations that are left, of which the states at the start are known.
    pub(super) dynamics: Dynamics,
    /// The parameter for the area on which it acts, µm².
    pub(super) area: String,
    /// What its states are called, in order.
    pub(super) states: Vec<String>,
    /// Parameters that differ between compartments: as the equations call them, as the model does, dimension.
    pub(super) varying: Vec<(String, String, Dimension)>,
    /// If it is a pool.
    pub(super) pool: Option<Pool>,
}

/// A pool of ions: `c' = (rest - c) / decay + gain I`.
#[derive(Debug)]
pub(super) struct Pool {
    /// What its concentration is called in the model.
    pub(super) word: String,
    /// Which of its states that is.
    pub(super) state: usize,
    /// The parameters for `rest`, `decay` and `gain`.
    pub(super) words: [String; 3],
    /// The rate of the concentration, without derived variables.
    rate: Expr,
    /// What the rate calls the current.
    current: Option<String>,
    /// The concentration outside at the start, SI.
    outside: Option<f64>,
}

impl Pool {
    /// `rest`, `decay` and `gain`, in NEST's units, where the numbers of `dynamics` hold and the membrane has this area.
    ///
    /// # Errors
    /// If the rate can't be evaluated.
    pub(super) fn numbers(&self, dynamics: &Dynamics, area_m2: f64) -> Result<[f64; 3]> {
        let state = dynamics.states.get(self.state).map_or("", |state| state.name.as_str());
        let rate = |concentration: f64, current: f64| {
            evaluate(&self.rate, &|name| match name {
                "surfaceArea" => Some(area_m2),
                name if name == state => Some(concentration),
                name if self.current.as_deref() == Some(name) => Some(current),
                name => dynamics.parameter(name).map(|p| p.value),
            })
        };
        let at_zero = rate(0.0, 0.0)?;
        let (slope, gain) = (rate(1.0, 0.0)? - at_zero, rate(0.0, 1e-9)? / 1e-9 - at_zero / 1e-9);
        let number = |si: f64, dimension| UNITS.value(si, dimension).parse().unwrap_or(f64::NAN);
        let charge = Dimension::CURRENT.times(Dimension::TIME);
        let per_charge = charge.and_then(|charge| Dimension::CONCENTRATION.over(charge));
        let (rest, decay) =
            if slope == 0.0 { (0.0, f64::INFINITY) } else { (-at_zero / slope, -1.0 / slope) };
        Ok([
            number(rest, Dimension::CONCENTRATION),
            // Without a decay, so slow that it makes no difference.
            number(decay.min(1e12), Dimension::TIME),
            number(gain, per_charge.unwrap_or(Dimension::NONE)),
        ])
    }
}

/// A receptor of the model.
#[derive(Debug)]
pub(super) struct Receptor {
    /// Its name in the model.
    pub(super) name: String,
    /// Parameters that differ between instances: as the equations call them, as the model does, dimension.
    pub(super) varying: Vec<(String, String, Dimension)>,
}

/// The model of a kind of cells while it is made.
pub(super) struct Model {
    pub(super) text: Text,
    words: Words,
    temperature_k: f64,
    /// Equations of pools, which stand after those of the channels.
    pools: Vec<String>,
    /// What the model does otherwise than neuropil.
    pub(super) differences: Vec<String>,
}

impl Model {
    pub(super) fn new(name: &str, about: &str, temperature_k: f64) -> Model {
        let mut words = Words::of(&Dynamics::default());
        words.typed = false;
        let mut text = Text { name: name.to_string(), about: about.to_string(), ..Text::default() };
        words.free.claim("v_comp");
        text.state.push("v_comp real = -65".into());
        text.output = "spike".into();
        Model { text, words, temperature_k, pools: Vec::new(), differences: Vec::new() }
    }

    /// A name that nothing else has.
    fn claim(&mut self, name: &str) -> String {
        self.words.free.claim(&identifier(name))
    }

    /// Adds all `mechanisms`, pools first.
    ///
    /// # Errors
    /// If NESTML's compartmental models have no words for something.
    pub(super) fn mechanisms(&mut self, mechanisms: &[&Mechanism]) -> Result<Vec<Part>> {
        let names: Vec<String> = mechanisms.iter().map(|m| self.claim(&m.name)).collect();
        let mut parts: Vec<Part> = Vec::new();
        for (mechanism, name) in mechanisms.iter().zip(&names) {
            let fed = |(other, _): &(&&Mechanism, &String)| !other.is_pool;
            let feeding: Vec<(&Mechanism, &str)> =
                mechanisms.iter().zip(&names).filter(fed).map(|(m, n)| (*m, n.as_str())).collect();
            // Pools of one ion, each in its own region, are one with numbers of its own in each compartment.
            let same = mechanisms.iter().zip(&parts).find(|(m, _)| m.is_pool && m.ion == mechanism.ion);
            let same = same.and_then(|(_, part)| part.pool.as_ref());
            let part = if mechanism.is_pool {
                self.pool(mechanism, name, &feeding, same)?
            } else {
                self.channel(mechanism, name, mechanisms, &parts)?
            };
            parts.push(part);
        }
        // They read what was written before.
        let pools = std::mem::take(&mut self.pools);
        for equation in pools {
            self.gap();
            self.text.equations.push(equation);
        }
        Ok(parts)
    }

    /// An empty line between the equations of two mechanisms.
    fn gap(&mut self) {
        if !self.text.equations.is_empty() {
            self.text.equations.push(String::new());
        }
    }

    /// What all mechanisms have: names for what is in the equations of `dynamics`.
    fn begin(
        &mut self,
        mechanism: &Mechanism,
        name: &str,
        roots: &[&str],
        outside: &[(&str, f64)],
    ) -> Result<(Dynamics, Words, Part)> {
        let of = format!("'{}'", mechanism.name);
        let constants = [&[("temperature", self.temperature_k)], outside].concat();
        let dynamics = tidy(&mechanism.dynamics, roots, &constants, &mechanism.varying);
        if !dynamics.kinetic_schemes.is_empty() {
            return Err(unsupported(&of, "kinetic schemes in compartmental models"));
        }
        if !dynamics.events.is_empty() || dynamics.expressions().any(Expr::calls_random) {
            return Err(unsupported(&of, "events or random numbers in channels"));
        }
        let mut words = Words::default();
        let states: Vec<String> = dynamics
            .states
            .iter()
            .map(|state| {
                let path = state.name.strip_suffix("/q").unwrap_or(&state.name);
                let last = path.rsplit('/').next().unwrap_or(path);
                self.claim(&format!("{last}_{name}"))
            })
            .collect();
        for (state, word) in dynamics.states.iter().zip(&states) {
            words.call(&state.name, state.dimension, word);
        }
        let mut varying = Vec::new();
        for parameter in &dynamics.parameters {
            if mechanism.varying.contains(&parameter.name) {
                let word = self.claim(&format!("{}_{name}", parameter.name));
                let value = words.number(parameter.value, parameter.dimension);
                self.text.parameters.push(format!("{word} real = {value}"));
                words.call(&parameter.name, parameter.dimension, &word);
                varying.push((parameter.name.clone(), word, parameter.dimension));
            } else {
                call_number(&mut words, &parameter.name, parameter.value, parameter.dimension);
            }
        }
        let dynamics = with_numbers(dynamics, &mechanism.varying, &mut words)?;
        let area = self.claim(&format!("area_{name}"));
        let part = Part { dynamics: dynamics.clone(), area, states, varying, pool: None };
        Ok((dynamics, words, part))
    }

    fn channel(
        &mut self,
        mechanism: &Mechanism,
        name: &str,
        mechanisms: &[&Mechanism],
        parts: &[Part],
    ) -> Result<Part> {
        let of = format!("'{}'", mechanism.name);
        let pool_of = |ion: &String| {
            let pool = mechanisms.iter().zip(parts).find(|(m, _)| m.is_pool && m.ion.as_ref() == Some(ion));
            pool.map(|(_, part)| part)
        };
        let outside = |input: &str| match concentration_input(input) {
            Some((ion, true)) => pool_of(&ion)?.pool.as_ref()?.outside,
            _ => None,
        };
        let inputs = mechanism.dynamics.inputs.iter().map(|input| input.name.as_str());
        let outside: Vec<(&str, f64)> = inputs.filter_map(|name| Some((name, outside(name)?))).collect();
        let (dynamics, mut words, part) = self.begin(mechanism, name, &["iDensity"], &outside)?;
        if !dynamics.conditions.is_empty() {
            return Err(unsupported(&of, "conditions in channels"));
        }
        for input in &dynamics.inputs {
            let known = input.name.as_str();
            if known == "v" {
                words.call("v", Dimension::VOLTAGE, "v_comp");
                continue;
            }
            let inside = concentration_input(known).filter(|(_, outside)| !outside);
            let Some((ion, _)) = inside else {
                return Err(unsupported(&of, &format!("'{known}' to read in a channel")));
            };
            match pool_of(&ion).and_then(|part| part.pool.as_ref()) {
                Some(pool) => words.call(known, Dimension::CONCENTRATION, &pool.word),
                None => return Err(unsupported(&of, &format!("pool of ions for '{known}'"))),
            }
        }
        let area = part.area.clone();
        self.text.parameters.push(format!("{area} real = 0"));
        let current = dynamics.exposed("iDensity").unwrap_or("iDensity");
        let current = plain(&expanded(&Expr::name(current), &dynamics), &of)?;
        let current = words.expr(&current, Dimension::CURRENT_DENSITY)?;
        self.gap();
        self.text.equations.push(format!("inline {name} real = {area} * ({current}) @mechanism::channel"));
        self.motion(&dynamics, &words, &part, &of)?;
        Ok(part)
    }

    /// The equations of the states, each by the value that it goes to and its time constant.
    fn motion(&mut self, dynamics: &Dynamics, words: &Words, part: &Part, of: &str) -> Result<()> {
        for (at, rate) in &dynamics.derivatives {
            let (state, word) = (&dynamics.states[*at], &part.states[*at]);
            let (target, time) = relaxation(rate, &state.name, dynamics)
                .ok_or_else(|| unsupported(of, &format!("words for the equation of '{}'", state.name)))?;
            let mut calls = Vec::new();
            for (what, expr, dimension) in [("inf", target, state.dimension), ("tau", time, Dimension::TIME)]
            {
                let cases = cases(&shifted_holes(&expanded(&expr, dynamics)), MOST_CASES)
                    .ok_or_else(|| unsupported(of, "so many choices in an equation"))?;
                let mut arguments: Vec<String> = Vec::new();
                let all = cases.iter().flat_map(|(test, value)| test.iter().chain([value]));
                all.for_each(|expr| {
                    expr.visit_names(&mut |name| {
                        let word = words.name(name);
                        let is_number =
                            word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '(' | '-'));
                        if !is_number && !arguments.iter().any(|known| known == word) {
                            arguments.push(word.to_string());
                        }
                    })
                });
                let formula = |expr: &Expr| words.expr(&simplest(expr), dimension);
                if let ([(None, value)], true) = (&cases[..], arguments.is_empty()) {
                    calls.push(formula(value)?);
                    continue;
                }
                let function = self.claim(&format!("{word}_{what}"));
                let typed: Vec<String> = arguments.iter().map(|a| format!("{a} real")).collect();
                if !self.text.functions.is_empty() {
                    self.text.functions.push(String::new());
                }
                self.text.functions.push(format!("function {function}({}) real:", typed.join(", ")));
                for (test, value) in &cases {
                    let deep = match test {
                        Some(test) => {
                            self.text.functions.push(format!("    if {}:", words.test(test)?));
                            "    "
                        }
                        None => "",
                    };
                    let value: String = formula(value)?;
                    // A whole number would be of another type than what the other branches return.
                    let dot = if value.parse::<i64>().is_ok() { ".0" } else { "" };
                    self.text.functions.push(format!("    {deep}return {value}{dot}"));
                }
                calls.push(format!("{function}({})", arguments.join(", ")));
            }
            self.text.state.push(format!("{word} real = 0"));
            self.text.equations.push(format!("{word}' = ({} - {word}) / ({} * 1 ms)", calls[0], calls[1]));
        }
        // States that stay as they are at the start.
        for (at, word) in part.states.iter().enumerate() {
            if !dynamics.derivatives.iter().any(|(state, _)| *state == at) && part.pool.is_none() {
                self.text.parameters.push(format!("{word} real = 0"));
            }
        }
        Ok(())
    }

    /// A pool, into which flow the currents of the channels in `feeding` that are of its ion.
    /// `same` is another pool of that ion.
    fn pool(
        &mut self,
        mechanism: &Mechanism,
        name: &str,
        feeding: &[(&Mechanism, &str)],
        same: Option<&Pool>,
    ) -> Result<Part> {
        let of = format!("'{}'", mechanism.name);
        let (dynamics, _, mut part) =
            self.begin(mechanism, name, &["concentration", "extConcentration"], &[])?;
        let Some(state) = dynamics.exposed("concentration").and_then(|name| dynamics.state(name)) else {
            return Err(unsupported(&of, "concentration that is no state"));
        };
        let [(moving, rate)] = &dynamics.derivatives[..] else {
            return Err(unsupported(&of, "pool with more or less than one moving state"));
        };
        if *moving != state {
            return Err(unsupported(&of, "concentration that stands still"));
        }
        if !dynamics.conditions.is_empty() {
            self.differences.push(format!("{of}: what its conditions do (such as to stop at 0) is left out"));
        }
        let mut current = None;
        for input in &dynamics.inputs {
            if input.dimension == Dimension::CURRENT && current.is_none() {
                current = Some(input.name.clone());
            } else if input.name != "surfaceArea" {
                return Err(unsupported(&of, &format!("'{}' to read in a pool", input.name)));
            }
        }
        let rate = plain(&expanded(rate, &dynamics), &of)?;
        let own = &dynamics.states[state].name;
        for name in [Some(own), current.as_ref()].into_iter().flatten() {
            let slope = slope(&rate, name, &dynamics);
            let fixed = |slope: &Expr| !slope.reads(own) && current.as_ref().is_none_or(|i| !slope.reads(i));
            if !slope.as_ref().is_some_and(fixed) {
                return Err(unsupported(&of, "pool whose equation is not linear"));
            }
        }
        let outside = dynamics.exposed("extConcentration").and_then(|name| dynamics.state(name));
        let outside = outside.and_then(|state| start_of(&dynamics, state));
        if let Some(same) = same {
            if same.outside != outside {
                return Err(unsupported(&of, "two pools of one ion with other concentrations outside"));
            }
            let (word, words) = (same.word.clone(), same.words.clone());
            part.pool = Some(Pool { word, state, words, rate, current, outside });
            return Ok(part);
        }
        let ion = mechanism.ion.as_deref().unwrap_or_default();
        let feeds = |channel: &Mechanism| {
            let read = current.as_ref().is_some_and(|name| is_current_of(name, ion));
            read && channel.ion.as_deref() == Some(ion)
        };
        let fed: Vec<&str> =
            feeding.iter().filter(|(channel, _)| feeds(channel)).map(|(_, name)| *name).collect();
        let word = part.states[state].clone();
        let words = ["rest", "decay", "gain"].map(|what| self.claim(&format!("{what}_{name}")));
        let [rest, decay, gain] = &words;
        for (word, value) in [(rest, 0), (decay, 1), (gain, 0)] {
            self.text.parameters.push(format!("{word} real = {value}"));
        }
        self.text.state.push(format!("{word} real = 0"));
        let flow = match &fed[..] {
            [] => String::new(),
            [one] => format!(" + {gain} * {one} / (1 ms)"),
            all => format!(" + {gain} * ({}) / (1 ms)", all.join(" + ")),
        };
        let equation = format!("{word}' = ({rest} - {word}) / ({decay} * 1 ms){flow}");
        self.pools.push(format!("{equation} @mechanism::concentration"));
        part.pool = Some(Pool { word, state, words, rate, current, outside });
        Ok(part)
    }

    /// A receptor called `name` with these equations, whose parameters `varying` differ between instances.
    ///
    /// # Errors
    /// If its current is no sum of decaying exponentials of spikes times a function of the potential.
    pub(super) fn receptor(
        &mut self,
        name: &str,
        dynamics: &Dynamics,
        varying: &[String],
    ) -> Result<Receptor> {
        let of = format!("'{name}'");
        let name = self.claim(name);
        let dynamics = tidy(dynamics, &["i"], &[("temperature", self.temperature_k)], varying);
        let mut words = Words::default();
        let mut known = Vec::new();
        let constant = constant_names(&dynamics);
        for parameter in &dynamics.parameters {
            let is_time = parameter.dimension == Dimension::TIME;
            let value = words.number(parameter.value, parameter.dimension);
            if varying.contains(&parameter.name) || is_time {
                // Time constants of kernels have a unit.
                let word = self.claim(&format!("{}_{name}", parameter.name));
                let kind = if is_time { "ms" } else { "real" };
                let unit = if is_time { " ms" } else { "" };
                self.text.parameters.push(format!("{word} {kind} = {value}{unit}"));
                words.call(&parameter.name, parameter.dimension, &word);
                known.push((parameter.name.clone(), word, parameter.dimension));
            } else {
                call_number(&mut words, &parameter.name, parameter.value, parameter.dimension);
            }
        }
        for input in &dynamics.inputs {
            match input.name.as_str() {
                "v" => words.call("v", Dimension::VOLTAGE, "v_comp"),
                "weight" => {}
                other => return Err(unsupported(&of, &format!("'{other}' to read in a receptor"))),
            }
        }
        let port = self.claim(&format!("spikes_{name}"));
        let [event] = &dynamics.events[..] else {
            return Err(unsupported(&of, "receptor with more or less than one port for spikes"));
        };
        let plain_event = event.test.is_none() && event.sends.is_empty();
        if !plain_event || !dynamics.conditions.is_empty() {
            return Err(unsupported(&of, "conditions in receptors"));
        }
        self.gap();
        let mut replaced: BTreeMap<String, Expr> = BTreeMap::new();
        for (at, rate) in &dynamics.derivatives {
            let state = &dynamics.states[*at];
            let wrong = || unsupported(&of, &format!("kernel for the equation of '{}'", state.name));
            let (target, time) = relaxation(rate, &state.name, &dynamics).ok_or_else(wrong)?;
            let time = expanded(&time, &dynamics);
            let mut fixed = true;
            time.visit_names(&mut |name| fixed &= constant.contains(name));
            let to_zero = simplest(&expanded(&target, &dynamics)) == Expr::Number(0.0);
            let added = event.assignments.iter().find(|a| a.state == *at).map(|a| &a.value);
            let Some(Expr::Binary(BinaryOp::Add, a, b)) = added.filter(|_| fixed && to_zero) else {
                return Err(wrong());
            };
            let jump = match (&**a, &**b) {
                (Expr::Name(n), other) | (other, Expr::Name(n)) if *n == state.name => other,
                _ => return Err(wrong()),
            };
            // Spikes bring their weights, to which the jump is proportional.
            let jump = expanded(jump, &dynamics);
            let size = jump.map_names(&|n| if n == "weight" { Expr::Number(1.0) } else { Expr::name(n) });
            if !jump.reads("weight") || slope(&size, "weight", &dynamics) != Some(Expr::Number(0.0)) {
                return Err(wrong());
            }
            let kernel = self.claim(&format!("{}_{name}", state.name));
            let Expr::Name(time) = simplest(&time) else { return Err(wrong()) };
            let time = words.name(&time).to_string();
            self.text.equations.push(format!("kernel {kernel} = exp(-t / {time})"));
            let trace = format!("\u{1}{kernel}");
            words.call(&trace, Dimension::NONE, &format!("convolve({kernel}, {port})"));
            replaced.insert(state.name.clone(), Expr::binary(BinaryOp::Mul, size, Expr::name(trace)));
        }
        let current = dynamics.exposed("i").unwrap_or("i");
        let current = plain(&expanded(&Expr::name(current), &dynamics), &of)?;
        let current = current.map_names(&|n| replaced.get(n).cloned().unwrap_or_else(|| Expr::name(n)));
        let current = words.expr(&simplest(&current), Dimension::CURRENT)?;
        self.text.equations.push(format!("inline {name} real = {current} @mechanism::receptor"));
        self.text.input.push(format!("{port} <- spike"));
        known.retain(|(parameter, ..)| varying.contains(parameter));
        Ok(Receptor { name, varying: known })
    }

    /// The way in for injected currents; gives its name.
    pub(super) fn injected(&mut self) -> String {
        let (name, port) = (self.claim("injected"), self.claim("current_in"));
        self.gap();
        self.text.equations.push(format!("inline {name} real = {port} @mechanism::continuous_input"));
        self.text.input.push(format!("{port} real <- continuous"));
        name
    }
}

/// Calls `path` by its value.
fn call_number(words: &mut Words, path: &str, si: f64, dimension: Dimension) {
    let value = words.number(si, dimension);
    words.call(path, dimension, &if value.starts_with('-') { format!("({value})") } else { value });
}

/// `dynamics` with derived variables that never change, and are the same everywhere, as numbers.
fn with_numbers(mut dynamics: Dynamics, varying: &[String], words: &mut Words) -> Result<Dynamics> {
    let constant = constant_names(&dynamics);
    let mut fixed: BTreeSet<String> = BTreeSet::new();
    for derived in dynamics.derived.iter().filter(|d| constant.contains(&d.name)) {
        let mut same = true;
        derived.value.visit_names(&mut |name| {
            let is_number = dynamics.parameter(name).is_some() && !varying.iter().any(|v| v == name);
            same &= is_number || fixed.contains(name);
        });
        if same {
            fixed.insert(derived.name.clone());
        }
    }
    let instance = Instance::new(&dynamics, &[])?;
    let values: Vec<(String, f64, Dimension)> = dynamics
        .derived
        .iter()
        .filter(|d| fixed.contains(&d.name))
        .map(|d| Ok((d.name.clone(), instance.value(&d.name)?, d.dimension)))
        .collect::<Result<_>>()?;
    drop(instance);
    dynamics.derived.retain(|d| !fixed.contains(&d.name));
    for (name, value, dimension) in values {
        call_number(words, &name, value, dimension);
        dynamics.parameters.push(Parameter { name, dimension, value });
    }
    // Choices between what never changes are made here.
    let numbers: BTreeMap<String, f64> = dynamics
        .parameters
        .iter()
        .filter(|p| !varying.contains(&p.name))
        .map(|p| (p.name.clone(), p.value))
        .collect();
    let chosen = |e: Expr| match e {
        Expr::Select(test, a, b) => match evaluate(&test, &|name| numbers.get(name).copied()) {
            Ok(truth) => *(if truth != 0.0 { a } else { b }),
            Err(_) => Expr::Select(test, a, b),
        },
        e => e,
    };
    for derived in &mut dynamics.derived {
        derived.value = derived.value.map(&chosen);
    }
    for (_, rate) in &mut dynamics.derivatives {
        *rate = rate.map(&chosen);
    }
    Ok(dynamics)
}

/// What a state starts as, if that is a constant.
fn start_of(dynamics: &Dynamics, state: usize) -> Option<f64> {
    let instance = Instance::new(dynamics, &[]).ok()?;
    instance.states().get(state).copied()
}
