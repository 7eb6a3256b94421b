//! Cells without a shape: a `NeuronGroup`.

use std::collections::{BTreeMap, BTreeSet};

use super::cable::values;
use super::group::{Group, TAKEN, end_of_step, trimmed};
use super::piece::{Constants, Piece};
use crate::codegen::Job;
use crate::codegen::layout::Layout;
use crate::codegen::names::Names;
use crate::codegen::part::sum;
use crate::codegen::python::number;
use crate::dynamics::Dynamics;
use crate::dynamics::interpret::Instance;
use crate::engine::{What, sums};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{CompareOp, Expr, Function};
use crate::model::{Model, PopulationCell};
use crate::units::Dimension;

/// The group of population `p`.
///
/// # Errors
/// If something in it has no word in Brian's equations.
pub(super) fn group(
    job: &mut Job<'_>,
    model: &Model,
    layout: &Layout,
    p: usize,
    var: String,
    constants: &mut Constants,
) -> Result<Option<Group>> {
    let population = &model.populations[p];
    let PopulationCell::Point(cell) = &population.cell else { return Ok(None) };
    let named = |e: Error| e.in_element(format!("population '{}'", population.name));
    let laid = &layout.populations[p];
    // The potential is the cell's own variable here.
    let mut taken: Vec<&str> = TAKEN.to_vec();
    taken.retain(|name| *name != "v");
    let mut group = Group {
        var,
        population: p,
        size: population.size,
        per_cell: 1,
        names: Names::new(&taken),
        method: "rk4",
        ..Group::default()
    };
    let dynamics = &cell.dynamics;
    let given = sums(dynamics);
    let inputs: BTreeMap<String, String> =
        given.iter().map(|sum| (sum.input.to_string(), group.names.claim(&input_name(sum.input)))).collect();
    let recorded: BTreeSet<String> = laid
        .cells
        .iter()
        .flat_map(|cell| &cell.recorded)
        .filter_map(|(.., what)| match what {
            What::Cell(name) => Some(name.clone()),
            What::V => dynamics.exposed("v").map(str::to_string),
            _ => None,
        })
        .collect();
    let mut varying: Vec<String> = population
        .parameters
        .iter()
        .map(|(name, _)| name.clone())
        .filter(|name| dynamics.parameter(name).is_some())
        .collect();
    varying.dedup();
    let trimmed_ = trimmed(dynamics, &["v"], &recorded, &varying, model.temperature_k);
    let clipped = clipped(&trimmed_);
    let input = |name: &str| match (name, inputs.get(name)) {
        (_, Some(sum)) => Some(Expr::name(sum)),
        ("t", _) => Some(Expr::name("t")),
        ("weight", _) => Some(Expr::Number(1.0)),
        _ => None,
    };
    let piece = Piece::new(clipped, "", &varying, &input, &mut group.names, constants).map_err(named)?;
    group.lines.extend(piece.lines(&|_| "").map_err(named)?);
    for (path, name) in &piece.varying {
        let dimension = piece.dynamics.parameter(path).map_or(Dimension::NONE, |p| p.dimension);
        let of = population.parameters.iter().find(|(known, _)| known == path);
        group.arrays.push((name.clone(), dimension, of.map(|(_, v)| v.clone()).unwrap_or_default()));
    }
    group.starts = piece.starts().map_err(named)?;
    let is_given = !population.initial_v.is_empty() || !population.initial.is_empty();
    if is_given && !piece.dynamics.kinetic_schemes.is_empty() {
        let message = "kinetic schemes in cells whose states at the start are given are not made for Brian";
        job.cannot(named(Error::new(ErrorKind::Unsupported, message)));
    }
    group.starts.extend(scheme_starts(&piece).map_err(named)?);
    initial(&mut group, model, &piece);
    let potential = piece.dynamics.exposed("v").and_then(|v| piece.variable(v)).map(str::to_string);
    let on_cell = |name: &str, is_timed: bool| match name {
        "v" => potential.as_deref().map(Expr::name),
        // What depends on the time alone has the value of the middle of the step.
        "t" => Some(Expr::name(if is_timed { "(t + dt/2)" } else { "t" })),
        "weight" => Some(Expr::Number(1.0)),
        _ => {
            let exposed = dynamics.exposed(name)?;
            piece.named.get(exposed).cloned()
        }
    };
    group.place(model, layout, &on_cell, constants).map_err(named)?;
    let mut conditions = Vec::new();
    for number in 0..group.placed.len() {
        let placed = group.placed[number].piece.clone();
        let timed = placed.dynamics.states.is_empty() && !reads(&placed.dynamics, "v");
        let flag = |_: &str| if timed { " (constant over dt)" } else { "" };
        group.lines.extend(placed.lines(&flag).map_err(named)?);
        values(&mut group, number, &placed);
        group.starts.extend(placed.starts().map_err(named)?);
        conditions.push(placed);
    }
    for one in &given {
        let dimension =
            dynamics.inputs.iter().find(|i| i.name == one.input).map_or(Dimension::NONE, |i| i.dimension);
        let exposure = if one.input == "iSyn" { "i" } else { one.input.rsplit('/').next().unwrap_or("i") };
        let mut terms = Vec::new();
        for number in 0..group.placed.len() {
            let placed = &group.placed[number];
            let kind = placed.kind_gives(layout, exposure, one.array);
            let Some(variable) = placed.piece.dynamics.exposed(exposure).filter(|_| kind) else { continue };
            let Some(expr) = placed.piece.named.get(variable).cloned() else { continue };
            let everywhere = placed.counts.len() == group.size && placed.counts.values().all(|n| *n == 1.0);
            if everywhere || crate::dynamics::superposes(&placed.piece.dynamics, exposure) {
                terms.push(expr);
                continue;
            }
            let mut counts = vec![0.0; group.size];
            placed.counts.iter().for_each(|(entry, n)| counts[*entry] = *n);
            let here = group.names.claim(&format!("here_{}", number + 1));
            group.lines.push(format!("{here} : 1 (constant)"));
            group.arrays.push((here.clone(), Dimension::NONE, counts));
            terms.push(Expr::binary(crate::expr::BinaryOp::Mul, Expr::name(here), expr));
        }
        let name = inputs.get(one.input).cloned().unwrap_or_default();
        let total = match sum(terms) {
            Some(expr) => super::units::SYNTAX.print(&expr)?,
            None => super::units::quantity(0.0, dimension),
        };
        group.lines.push(format!("{name} = {total} : {}", super::units::declared(dimension)));
    }
    spikes(job, &mut group, &piece, &population.name).map_err(named)?;
    for placed in conditions {
        group.add_conditions(&placed, None).map_err(named)?;
    }
    group.cell = Some(piece);
    Ok(Some(group))
}

/// A short name for a sum over what is attached.
fn input_name(input: &str) -> String {
    match input.split_once("[*]/") {
        Some((list, exposure)) => format!("{exposure}_{list}"),
        None => input.to_string(),
    }
}

fn reads(dynamics: &Dynamics, name: &str) -> bool {
    dynamics.inputs.iter().any(|input| input.name == name)
}

impl super::group::PlacedPiece {
    /// Whether what it exposes goes into a sum of its cell.
    fn kind_gives(&self, layout: &Layout, exposure: &str, array: Option<u16>) -> bool {
        let kind = layout.kinds.get(self.kind());
        kind.is_some_and(|kind| kind.gives.iter().any(|(name, to)| name == exposure && *to == array))
    }
}

/// Occupancies of kinetic schemes begin at their steady state: name, number.
fn scheme_starts(piece: &Piece) -> Result<Vec<(String, String)>> {
    let d = &piece.dynamics;
    if d.kinetic_schemes.is_empty() {
        return Ok(Vec::new());
    }
    let start = Instance::new(d, &[])?.states();
    let of = |state: &usize| {
        let name = piece.variable(&d.states.get(*state)?.name)?;
        Some((name.to_string(), number(*start.get(*state)?)))
    };
    Ok(d.kinetic_schemes.iter().flatten().filter_map(of).collect())
}

/// States at the start that differ between cells, or from the kind's.
fn initial(group: &mut Group, model: &Model, piece: &Piece) {
    let population = &model.populations[group.population];
    let set = |group: &mut Group, state: &str, values: &[f64]| {
        let Some(name) = piece.variable(state).map(str::to_string) else { return };
        let dimension =
            piece.dynamics.states.iter().find(|s| s.name == state).map_or(Dimension::NONE, |s| s.dimension);
        group.starts.retain(|(known, _)| *known != name);
        group.arrays.push((name, dimension, values.to_vec()));
    };
    if !population.initial_v.is_empty()
        && let Some(v) = piece.dynamics.exposed("v").map(str::to_string)
    {
        set(group, &v, &population.initial_v);
    }
    for (state, values) in &population.initial {
        set(group, state, values);
    }
}

/// The threshold and the reset, and the other conditions as events.
fn spikes(job: &mut Job<'_>, group: &mut Group, piece: &Piece, name: &str) -> Result<()> {
    let sending: Vec<usize> = piece
        .dynamics
        .conditions
        .iter()
        .enumerate()
        .filter(|(_, c)| !c.sends.is_empty())
        .map(|(at, _)| at)
        .collect();
    if sending.len() > 1 {
        let message =
            format!("population '{name}': more than one condition that sends spikes is not made for Brian");
        job.cannot(Error::new(ErrorKind::Unsupported, message));
    }
    if piece.dynamics.events.iter().any(|e| !e.sends.is_empty()) {
        let message = format!("population '{name}': events that send events at once are not made for Brian");
        job.cannot(Error::new(ErrorKind::Unsupported, message));
    }
    let first = sending.first().copied();
    if let Some(condition) = first.and_then(|at| piece.dynamics.conditions.get(at)) {
        group.threshold = Some(piece.text_with(&condition.test, Dimension::NONE, &end_of_step)?);
        group.reset = piece.statements(&condition.assignments, None, "", &end_of_step)?;
        if group.reset.is_empty() {
            group.reset.push("pass".to_string());
        }
    }
    group.add_conditions(piece, first)
}

/// The dynamics with the potential in its rates held at the threshold, where it would run away beyond all numbers within a step:
/// an exponential neuron in its spike. NEST does so too.
fn clipped(dynamics: &Dynamics) -> Dynamics {
    let Some(v) = dynamics.exposed("v") else { return dynamics.clone() };
    let Some(condition) = dynamics.conditions.iter().find(|c| !c.sends.is_empty()) else {
        return dynamics.clone();
    };
    let resets =
        condition.assignments.iter().any(|a| dynamics.states.get(a.state).is_some_and(|s| s.name == v));
    let Some(threshold) = threshold(&condition.test, v).filter(|_| resets) else { return dynamics.clone() };
    let any = dynamics.derived.iter().any(|d| has_exp_of(&d.value, v))
        || dynamics.derivatives.iter().any(|(_, e)| has_exp_of(e, v));
    if !any {
        return dynamics.clone();
    }
    let below = Expr::Compare(CompareOp::Lt, Box::new(Expr::name(v)), Box::new(threshold.clone()));
    let held = Expr::Select(Box::new(below), Box::new(Expr::name(v)), Box::new(threshold));
    let name = "v_held";
    let mut out = dynamics.clone();
    let replace = |expr: &Expr| expr.map_names(&|n| Expr::name(if n == v { name } else { n }));
    for derived in &mut out.derived {
        derived.value = replace(&derived.value);
    }
    for (_, rate) in &mut out.derivatives {
        *rate = replace(rate);
    }
    let held =
        crate::dynamics::Derived { name: name.to_string(), dimension: Dimension::VOLTAGE, value: held };
    out.derived.insert(0, held);
    out
}

/// `x` of the test `v > x`, which may be one of several tests that must hold.
fn threshold(test: &Expr, v: &str) -> Option<Expr> {
    match test {
        Expr::And(a, b) => threshold(a, v).or_else(|| threshold(b, v)),
        Expr::Compare(CompareOp::Gt | CompareOp::Ge, a, b) if matches!(&**a, Expr::Name(n) if n == v) => {
            Some((**b).clone())
        }
        _ => None,
    }
}

fn has_exp_of(expr: &Expr, v: &str) -> bool {
    matches!(expr, Expr::Call(Function::Exp, a) if a.reads(v)) || expr.parts().any(|part| has_exp_of(part, v))
}
