//! Cells with a shape: all cells of a population in one `SpatialNeuron`.

use std::collections::BTreeMap;

use super::group::{Group, TAKEN, recorded_of_mechanisms};
use super::membrane::Membrane;
use super::piece::{Constants, Piece};
use super::shape::Shape;
use crate::codegen::Job;
use crate::codegen::layout::Layout;
use crate::codegen::names::Names;
use crate::codegen::units::rounded;
use crate::dynamics::Dynamics;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Expr, eval};
use crate::model::Model;
use crate::units::Dimension;

/// The group of population `p`, and the shape of its cells.
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
) -> Result<Option<(Group, Shape)>> {
    let population = &model.populations[p];
    let laid = &layout.populations[p];
    let Some(plan) = laid.shape.and_then(|s| layout.shapes.get(s)).map(|shape| &shape.plan) else {
        return Ok(None);
    };
    let Some(shape) = Shape::of(plan) else {
        let message =
            "a branch point in the middle of a section that also forks at its end is not made for Brian";
        job.cannot(Error::new(ErrorKind::Unsupported, message));
        return Ok(None);
    };
    let per_cell = plan.discretisation.cvs.len();
    let before = usize::from(population.size > 1);
    let mut group = Group {
        var,
        population: p,
        size: population.size,
        per_cell,
        before,
        order: shape.order.clone(),
        names: Names::new(TAKEN),
        method: "exponential_euler",
        ..Group::default()
    };
    if laid.cells.iter().any(|cell| cell.own.is_some()) {
        let message = "cells with a shape that differ within a population are not made for Brian";
        job.cannot(Error::new(ErrorKind::Unsupported, message));
    }
    // Capacitance and potential at the start.
    let node = |cv: usize| plan.discretisation.cvs[cv].node as usize;
    let capacitance = |cv: usize| {
        let c = plan.capacitance_f[node(cv)] / plan.area_m2[node(cv)];
        // Without the noise of a quotient.
        rounded(c)
    };
    let first = capacitance(0);
    let capacitances = group.spread(&capacitance, first);
    group.arrays.push(("Cm".to_string(), Dimension::SPECIFIC_CAPACITANCE, capacitances));
    let mut v = group.spread(&|cv| plan.initial_v[node(cv)], plan.initial_v[node(0)]);
    for (c, cell) in laid.cells.iter().enumerate() {
        if let Some(own) = cell.initial_v {
            v[before + c * per_cell..before + (c + 1) * per_cell].fill(own);
        }
    }
    group.arrays.push(("v".to_string(), Dimension::VOLTAGE, v));
    let recorded = recorded_of_mechanisms(&laid.cells);
    let named = |e: Error| e.in_element(format!("population '{}'", population.name));
    let mut membrane = Membrane::new(&mut group, plan);
    for (index, spread) in plan.mechanisms.iter().enumerate() {
        let asked = recorded.get(&index).cloned().unwrap_or_default();
        let trimmed = membrane.trimmed(job, plan, spread, &asked, model.temperature_k);
        let piece = membrane.add(&mut group, spread, trimmed, constants).map_err(named)?;
        schemes(&mut group, &piece, plan.initial_v.first().copied().unwrap_or(0.0), job);
        group.mechanisms.push(piece);
    }
    membrane.finish(job, &mut group, plan)?;
    let input = |name: &str, _: bool| match name {
        "v" => Some(Expr::name("v")),
        "t" => Some(Expr::name("(t + dt/2)")),
        "weight" => Some(Expr::Number(1.0)),
        _ => membrane.concentration(name),
    };
    group.place(model, layout, &input, constants).map_err(named)?;
    point_currents(&mut group)?;
    detect(&mut group, model, layout, job);
    Ok(Some((group, shape)))
}

/// What is placed gives its current.
fn point_currents(group: &mut Group) -> Result<()> {
    let len = group.len();
    let mut events = Vec::new();
    for number in 0..group.placed.len() {
        let one = &group.placed[number];
        let piece = one.piece.clone();
        let Some(variable) = piece.dynamics.exposed("i") else { continue };
        let Some(current) = piece.named.get(variable).cloned() else { continue };
        let at_every = one.counts.len() == len && one.counts.values().all(|n| *n == 1.0);
        let is_silent = crate::dynamics::superposes(&piece.dynamics, "i");
        let text = super::units::SYNTAX.print(&current)?;
        let is_derived = piece.dynamics.derived.iter().any(|d| d.name == variable);
        if (is_silent || at_every) && is_derived && matches!(current, Expr::Name(_)) {
            let variable = variable.to_string();
            group.lines.extend(piece.lines(&|name| if name == variable { " (point current)" } else { "" })?);
        } else {
            group.lines.extend(piece.lines(&|_| "")?);
            let total = group.names.claim(&format!("I_{}", text.trim_start_matches("i_")));
            if is_silent || at_every {
                group.lines.push(format!("{total} = {text} : amp (point current)"));
            } else {
                let here = group.names.claim(&format!("here_{}", text.trim_start_matches("i_")));
                group.lines.push(format!("{here} : 1 (constant)"));
                group.lines.push(format!("{total} = {here}*{text} : amp (point current)"));
                let mut counts = vec![0.0; len];
                for (entry, n) in &group.placed[number].counts {
                    counts[*entry] = *n;
                }
                group.arrays.push((here, Dimension::NONE, counts));
            }
        }
        values(group, number, &piece);
        group.starts.extend(piece.starts()?);
        events.push(piece);
    }
    for piece in events {
        group.add_conditions(&piece, None)?;
    }
    Ok(())
}

/// Values by entry of parameters that differ between instances.
pub(super) fn values(group: &mut Group, number: usize, piece: &Piece) {
    let len = group.len();
    for (k, (path, name)) in piece.varying.iter().enumerate() {
        let dimension = piece.dynamics.parameter(path).map_or(Dimension::NONE, |p| p.dimension);
        let of = &group.placed[number].values;
        let usual = of.values().next().and_then(|v| v.get(k)).copied().unwrap_or(0.0);
        let mut values = vec![usual; len];
        for (entry, own) in of {
            values[*entry] = own.get(k).copied().unwrap_or(usual);
        }
        group.arrays.push((name.clone(), dimension, values));
    }
}

/// A threshold at the entries where spikes are detected; there is one spike for each passage.
fn detect(group: &mut Group, model: &Model, layout: &Layout, job: &mut Job<'_>) {
    let laid = &layout.populations[group.population];
    let mut thresholds = vec![f64::INFINITY; group.len()];
    let mut any = false;
    let mut others = false;
    for (c, cell) in laid.cells.iter().enumerate() {
        others |= cell.detectors.len() > 1;
        if let Some((node, threshold, _)) = cell.detectors.first() {
            thresholds[group.entry(layout, c, *node)] = *threshold;
            any = true;
        }
    }
    if others {
        let name = &model.populations[group.population].name;
        let message = format!("population '{name}': a second spike detector is not made for Brian");
        job.cannot(Error::new(ErrorKind::Unsupported, message));
    }
    if any {
        group.lines.push("spike_v : volt (constant)".to_string());
        group.arrays.push(("spike_v".to_string(), Dimension::VOLTAGE, thresholds));
        group.threshold = Some("v > spike_v".to_string());
        group.refractory = Some("v > spike_v".to_string());
    }
}

/// Occupancies of kinetic schemes begin at their steady state.
fn schemes(group: &mut Group, piece: &Piece, v: f64, job: &mut Job<'_>) {
    for scheme in &piece.dynamics.kinetic_schemes {
        let Some(found) = steady(&piece.dynamics, scheme, v) else {
            let message = format!(
                "'{}': its kinetic scheme has no steady state that can be told here",
                piece.dynamics.name
            );
            job.cannot(Error::new(ErrorKind::Unsupported, message));
            continue;
        };
        for (state, value) in scheme.iter().zip(found) {
            let name = piece.dynamics.states.get(*state).and_then(|s| piece.variable(&s.name));
            if let Some(name) = name {
                group.starts.push((name.to_string(), crate::codegen::python::number(value)));
            }
        }
    }
}

/// The occupancies of which nothing changes at potential `v`: they sum to 1.
fn steady(dynamics: &Dynamics, scheme: &[usize], v: f64) -> Option<Vec<f64>> {
    let n = scheme.len();
    let rates = |x: &[f64]| -> Option<Vec<f64>> {
        let mut known: BTreeMap<&str, f64> =
            dynamics.parameters.iter().map(|p| (p.name.as_str(), p.value)).collect();
        known.insert("v", v);
        for (state, value) in scheme.iter().zip(x) {
            known.insert(dynamics.states.get(*state)?.name.as_str(), *value);
        }
        for derived in &dynamics.derived {
            if let Ok(value) = eval::evaluate(&derived.value, &|name| known.get(name).copied()) {
                known.insert(&derived.name, value);
            }
        }
        let rate = |state: &usize| {
            let (_, value) = dynamics.derivatives.iter().find(|(of, _)| of == state)?;
            eval::evaluate(value, &|name| known.get(name).copied()).ok()
        };
        scheme.iter().map(rate).collect()
    };
    // The rates are linear: columns of a matrix; the last row says that the sum is 1.
    let zero = rates(&vec![0.0; n])?;
    let mut matrix = vec![vec![0.0; n + 1]; n];
    for column in 0..n {
        let mut unit = vec![0.0; n];
        unit[column] = 1.0;
        for (row, value) in rates(&unit)?.into_iter().enumerate() {
            matrix[row][column] = value - zero[row];
        }
    }
    for row in 0..n {
        matrix[row][n] = -zero[row];
    }
    matrix[n - 1] = vec![1.0; n + 1];
    for pivot in 0..n {
        let best = (pivot..n).max_by(|a, b| matrix[*a][pivot].abs().total_cmp(&matrix[*b][pivot].abs()))?;
        matrix.swap(pivot, best);
        let own = matrix[pivot].clone();
        if own[pivot] == 0.0 {
            return None;
        }
        for row in (0..n).filter(|row| *row != pivot) {
            let factor = matrix[row][pivot] / own[pivot];
            matrix[row].iter_mut().zip(&own).for_each(|(x, y)| *x -= factor * y);
        }
    }
    let found: Vec<f64> = (0..n).map(|row| matrix[row][n] / matrix[row][row]).collect();
    found.iter().all(|x| x.is_finite()).then_some(found)
}
