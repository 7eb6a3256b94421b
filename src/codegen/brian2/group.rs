//! A population as one group of Brian: what it is made of, and what each of its parts is called.

use std::collections::{BTreeMap, BTreeSet};

use super::piece::{Constants, Piece};
use crate::codegen::layout::{LaidCell, Layout};
use crate::codegen::names::{Names, identifier};
use crate::codegen::tidy::tidy;
use crate::dynamics::{Dynamics, superposes};
use crate::engine::What;
use crate::error::Result;
use crate::expr::{Expr, eval};
use crate::model::Model;
use crate::units::Dimension;

/// Names that groups of Brian have already, and those that mean something in its equations.
pub(super) const TAKEN: &[&str] = &[
    "v",
    "t",
    "dt",
    "i",
    "j",
    "N",
    "Im",
    "Cm",
    "Ri",
    "Ic",
    "area",
    "length",
    "distance",
    "diameter",
    "volume",
    "x",
    "y",
    "z",
    "xi",
    "rand",
    "randn",
    "exp",
    "log",
    "sin",
    "cos",
    "tan",
    "sqrt",
    "abs",
    "int",
    "clip",
    "exprel",
    "pi",
    "e",
    "inf",
    "I",
    "S",
    "Q",
    "E",
    "C",
    "O",
    "lastspike",
    "not_refractory",
    "refractory",
    "time_constant",
    "space_constant",
    "r_length_1",
    "r_length_2",
    "spike_v",
    "lambda",
    "w",
    "delay",
    "gamma",
    "beta",
    "zeta",
    "second",
    "meter",
    "volt",
    "amp",
    "ohm",
    "farad",
    "siemens",
    "kelvin",
    "mole",
    "hertz",
    "watt",
    "joule",
    "newton",
    "pascal",
    "coulomb",
    "molar",
    "liter",
    "gram",
    "kilogram",
    "ms",
    "us",
    "mV",
    "nA",
    "pA",
    "uA",
    "nS",
    "uS",
    "mS",
    "pF",
    "uF",
    "nF",
    "um",
    "mm",
    "cm",
    "Hz",
    "kHz",
    "mM",
    "uM",
    "nM",
    "psiemens",
    "run",
    "results",
    "network",
    "table",
    "values",
    "defaultclock",
];

/// A population in Brian.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Its name in the script.
    pub(super) var: String,
    /// Its index in the model.
    pub(super) population: usize,
    /// How many cells.
    pub(super) size: usize,
    /// Compartments of a cell; 1 without a shape.
    pub(super) per_cell: usize,
    /// Entries before the first cell.
    pub(super) before: usize,
    /// The number of each compartment of the plan in Brian's order; empty without a shape.
    pub(super) order: Vec<usize>,
    /// Names of its variables.
    pub(super) names: Names,
    /// Lines of its equations.
    pub(super) lines: Vec<String>,
    /// What is set at the start: name, text of the value, whether that is an expression of the group.
    pub(super) starts: Vec<(String, String)>,
    /// Values by entry: name, dimension, values.
    pub(super) arrays: Vec<(String, Dimension, Vec<f64>)>,
    /// Mechanisms of the membrane, by their index in the plan.
    pub(super) mechanisms: Vec<Piece>,
    /// The cell itself, if it has no shape.
    pub(super) cell: Option<Piece>,
    /// What sits at points.
    pub(super) placed: Vec<PlacedPiece>,
    /// The number in `placed` of each instance: cell, slot, instance.
    pub(super) instances: BTreeMap<(usize, usize, usize), usize>,
    /// When a spike is sent.
    pub(super) threshold: Option<String>,
    /// What happens then.
    pub(super) reset: Vec<String>,
    /// While this holds there are no further spikes.
    pub(super) refractory: Option<String>,
    /// Other conditions: name, test, statements.
    pub(super) events: Vec<(String, String, Vec<String>)>,
    /// How its states are stepped.
    pub(super) method: &'static str,
}

/// One kind of thing at points, at most one of it in each entry unless they add up.
#[derive(Debug)]
pub(super) struct PlacedPiece {
    pub(super) piece: Piece,
    /// Its kind among those of the layout, and what it is called.
    kind: usize,
    label: String,
    adds_up: bool,
    /// How many are at each entry.
    pub(super) counts: BTreeMap<usize, f64>,
    /// Values of the parameters that differ, by entry.
    pub(super) values: BTreeMap<usize, Vec<f64>>,
}

impl PlacedPiece {
    /// Its kind among those of the layout.
    pub(super) fn kind(&self) -> usize {
        self.kind
    }
}

impl Group {
    /// All entries.
    pub(super) fn len(&self) -> usize {
        self.before + self.size * self.per_cell
    }

    /// The values by entry of what is `of_cv` in each compartment of the plan, alike on all cells, and `empty` before the first.
    pub(super) fn spread(&self, of_cv: &dyn Fn(usize) -> f64, empty: f64) -> Vec<f64> {
        let mut one = vec![0.0; self.per_cell];
        for (cv, at) in self.order.iter().enumerate() {
            one[*at] = of_cv(cv);
        }
        let mut all = vec![empty; self.before];
        (0..self.size).for_each(|_| all.extend_from_slice(&one));
        all
    }

    /// The entry of a node of a cell.
    pub(super) fn entry(&self, layout: &Layout, cell: usize, node: u32) -> usize {
        let base = self.before + cell * self.per_cell;
        let shape = layout.populations.get(self.population).and_then(|laid| laid.shape);
        let Some(shape) = shape.and_then(|s| layout.shapes.get(s)) else { return base };
        let cv = shape.plan.discretisation.node_cv.get(node as usize).copied().unwrap_or(0) as usize;
        base + self.order.get(cv).copied().unwrap_or(0)
    }

    /// Names what sits at points of the cells, and adds its equations.
    ///
    /// # Errors
    /// If something reads what Brian's groups do not give.
    pub(super) fn place(
        &mut self,
        model: &Model,
        layout: &Layout,
        input: &dyn Fn(&str, bool) -> Option<Expr>,
        constants: &mut Constants,
    ) -> Result<()> {
        let Some(laid) = layout.populations.get(self.population) else { return Ok(()) };
        let recorded = recorded_of_placed(&laid.cells);
        for (c, cell) in laid.cells.iter().enumerate() {
            for (slot, placed) in cell.placed.iter().enumerate() {
                let (label, _) = cell.names.get(slot).cloned().unwrap_or_default();
                for (instance, &node) in placed.nodes.iter().enumerate() {
                    let entry = self.entry(layout, c, node);
                    let values: Vec<f64> = placed.values.iter().map(|of| of[instance]).collect();
                    let fits = |one: &PlacedPiece| {
                        one.kind == placed.kind
                            && one.label == label
                            && match one.counts.get(&entry) {
                                None => true,
                                Some(_) => one.adds_up && one.values.get(&entry) == Some(&values),
                            }
                    };
                    let number = match self.placed.iter().position(fits) {
                        Some(number) => number,
                        None => {
                            let what = (placed.kind, label.as_str());
                            let new = self.new_placed(model, layout, what, &recorded, input, constants)?;
                            self.placed.push(new);
                            self.placed.len() - 1
                        }
                    };
                    let one = &mut self.placed[number];
                    *one.counts.entry(entry).or_default() += 1.0;
                    one.values.insert(entry, values);
                    self.instances.insert((c, slot, instance), number);
                }
            }
        }
        Ok(())
    }

    fn new_placed(
        &mut self,
        model: &Model,
        layout: &Layout,
        (kind, label): (usize, &str),
        recorded: &BTreeMap<usize, BTreeSet<String>>,
        input: &dyn Fn(&str, bool) -> Option<Expr>,
        constants: &mut Constants,
    ) -> Result<PlacedPiece> {
        let point = &layout.kinds[kind];
        let gives: Vec<&str> = point.gives.iter().map(|(exposure, _)| exposure.as_str()).collect();
        let adds_up = gives.len() == 1 && superposes(&point.dynamics, gives[0]);
        let empty = BTreeSet::new();
        let dynamics = trimmed(
            &point.dynamics,
            &gives,
            recorded.get(&kind).unwrap_or(&empty),
            &point.varying,
            model.temperature_k,
        );
        let dynamics = without_clock_states(&dynamics, model);
        let is_timed = dynamics.states.is_empty();
        let piece = Piece::new(
            dynamics,
            &identifier(label),
            &point.varying,
            &|name| input(name, is_timed),
            &mut self.names,
            constants,
        )?;
        Ok(PlacedPiece {
            piece,
            kind,
            label: label.to_string(),
            adds_up,
            counts: BTreeMap::new(),
            values: BTreeMap::new(),
        })
    }

    /// Adds conditions of a piece as events of the group.
    ///
    /// # Errors
    /// If Brian has no word for something in them.
    pub(super) fn add_conditions(&mut self, piece: &Piece, skipped: Option<usize>) -> Result<()> {
        for (at, condition) in piece.dynamics.conditions.iter().enumerate() {
            if Some(at) == skipped {
                continue;
            }
            let test = piece.text_with(&condition.test, Dimension::NONE, &end_of_step)?;
            let statements = piece.statements(&condition.assignments, None, "", &end_of_step)?;
            let wanted = format!("event_{}", self.events.len() + 1);
            let name = self.names.claim(&wanted);
            self.events.push((name, test, statements));
        }
        Ok(())
    }

    /// Adds the time of the end of the step if a condition asks for it.
    pub(super) fn add_end_of_step(&mut self) {
        let has = |text: &String| text.contains(END_OF_STEP);
        let events = self.events.iter().any(|(_, test, does)| has(test) || does.iter().any(has));
        if events || self.threshold.iter().any(has) || self.reset.iter().any(has) {
            self.lines.push(format!("{END_OF_STEP} = (t_in_timesteps + 1)*dt : second"));
        }
    }
}

/// The time of the end of a step, counted as neuropil counts it: a sum of the time and a step may be a last digit off.
pub(super) const END_OF_STEP: &str = "t_end";

/// Conditions are looked at when the step is over: its time is the end.
pub(super) fn end_of_step(name: &str, given: Expr) -> Expr {
    if name == "t" { Expr::name(END_OF_STEP) } else { given }
}

/// The dynamics with what is asked for and no more.
pub(super) fn trimmed(
    dynamics: &Dynamics,
    exposures: &[&str],
    recorded: &BTreeSet<String>,
    varying: &[String],
    temperature_k: f64,
) -> Dynamics {
    let mut wanted = dynamics.clone();
    wanted.exposures.extend(recorded.iter().map(|name| (format!("recorded {name}"), name.clone())));
    let names: Vec<String> = recorded.iter().map(|name| format!("recorded {name}")).collect();
    let roots: Vec<&str> = exposures.iter().copied().chain(names.iter().map(String::as_str)).collect();
    let kept: Vec<String> = varying.iter().chain(recorded).cloned().collect();
    let mut tidied = tidy(&wanted, &roots, &[("temperature", temperature_k)], &kept);
    tidied.exposures.retain(|(name, _)| !name.starts_with("recorded "));
    tidied
}

/// Variables of mechanisms that are recorded, by the number of the mechanism in the plan.
pub(super) fn recorded_of_mechanisms(cells: &[LaidCell]) -> BTreeMap<usize, BTreeSet<String>> {
    let mut out: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for (.., what) in cells.iter().flat_map(|cell| &cell.recorded) {
        if let What::Mechanism(index, name) = what {
            out.entry(*index).or_default().insert(name.clone());
        }
    }
    out
}

/// The same of what is placed, by kind.
fn recorded_of_placed(cells: &[LaidCell]) -> BTreeMap<usize, BTreeSet<String>> {
    let mut out: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for cell in cells {
        for (.., what) in &cell.recorded {
            if let What::Placed(slot, _, name) = what
                && let Some(placed) = cell.placed.get(*slot)
            {
                out.entry(placed.kind).or_default().insert(name.clone());
            }
        }
    }
    out
}

/// States that only conditions on the time set, as formulas of the time: a pulse is a pulse, no machine of three conditions.
fn without_clock_states(dynamics: &Dynamics, model: &Model) -> Dynamics {
    let values = super::piece::constant_values(dynamics, &[]);
    // Weights and parameters of an instance do not change either.
    let is_fixed = |name: &str| name == "weight" || dynamics.parameter(name).is_some();
    let clock_only = |expr: &Expr| {
        let mut only = true;
        expr.visit_names(&mut |name| only &= name == "t" || values.contains_key(name) || is_fixed(name));
        only && !expr.calls_random()
    };
    let is_clock = dynamics.derivatives.is_empty()
        && dynamics.events.iter().all(|e| e.assignments.is_empty())
        && !dynamics.conditions.is_empty()
        && dynamics.conditions.iter().all(|c| {
            c.sends.is_empty() && clock_only(&c.test) && c.assignments.iter().all(|a| clock_only(&a.value))
        });
    if !is_clock {
        return dynamics.clone();
    }
    let mut formulas = Vec::new();
    for (at, state) in dynamics.states.iter().enumerate() {
        let start = dynamics.on_start.iter().rfind(|a| a.state == at);
        let mut value = start.map_or(Expr::Number(0.0), |a| a.value.clone());
        if !clock_only(&value) {
            return dynamics.clone();
        }
        for condition in &dynamics.conditions {
            let Some(set) = condition.assignments.iter().rfind(|a| a.state == at) else { continue };
            value =
                Expr::Select(Box::new(condition.test.clone()), Box::new(set.value.clone()), Box::new(value));
        }
        formulas.push((state.clone(), value));
    }
    // The formula forgets; the state does not. Where a moment comes in which no condition holds, they differ.
    let steps = (model.run.duration_s / model.run.dt_s).round().min(1e6) as u64;
    let stride = (steps / 20_000).max(1);
    for step in (0..steps).step_by(stride as usize) {
        let t = (step as f64 + 0.5) * model.run.dt_s;
        let value = |name: &str| if name == "t" { Some(t) } else { values.get(name).copied() };
        let holds =
            |c: &crate::dynamics::OnCondition| eval::evaluate(&c.test, &value).is_ok_and(|x| x != 0.0);
        if !dynamics.conditions.iter().any(holds) {
            return dynamics.clone();
        }
    }
    let mut out = dynamics.clone();
    out.conditions.clear();
    out.on_start.clear();
    out.states.clear();
    let first: Vec<crate::dynamics::Derived> = formulas
        .into_iter()
        .map(|(state, value)| crate::dynamics::Derived {
            name: state.name,
            dimension: state.dimension,
            value,
        })
        .collect();
    out.derived.splice(0..0, first);
    out
}
