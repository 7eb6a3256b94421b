//! Cells with a shape: all cells of a population in one `SpatialNeuron`.

use std::collections::{BTreeMap, BTreeSet};

use super::group::{Group, TAKEN, recorded_of_mechanisms, trimmed};
use super::piece::{Constants, Piece};
use super::shape::Shape;
use crate::codegen::Job;
use crate::codegen::layout::Layout;
use crate::codegen::names::{Names, identifier};
use crate::codegen::part::sum;
use crate::codegen::units::rounded;
use crate::dynamics::Dynamics;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{BinaryOp, Expr, eval};
use crate::model::{Model, concentration_input, is_current_of};
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
    let spread_of = |of_cv: &dyn Fn(usize) -> f64, empty: f64| -> Vec<f64> {
        let mut one = vec![0.0; per_cell];
        for (cv, at) in shape.order.iter().enumerate() {
            one[*at] = of_cv(cv);
        }
        let mut all = vec![empty; before];
        (0..population.size).for_each(|_| all.extend_from_slice(&one));
        all
    };
    // Capacitance and potential at the start.
    let node = |cv: usize| plan.discretisation.cvs[cv].node as usize;
    let capacitance = |cv: usize| {
        let c = plan.capacitance_f[node(cv)] / plan.area_m2[node(cv)];
        // Without the noise of a quotient.
        rounded(c)
    };
    let first = capacitance(0);
    group.arrays.push(("Cm".to_string(), Dimension::SPECIFIC_CAPACITANCE, spread_of(&capacitance, first)));
    let mut v = spread_of(&|cv| plan.initial_v[node(cv)], plan.initial_v[node(0)]);
    for (c, cell) in laid.cells.iter().enumerate() {
        if let Some(own) = cell.initial_v {
            v[before + c * per_cell..before + (c + 1) * per_cell].fill(own);
        }
    }
    group.arrays.push(("v".to_string(), Dimension::VOLTAGE, v));
    let recorded = recorded_of_mechanisms(&laid.cells);
    let ion_currents = ions(&mut group, plan);
    // Pools, then densities: the order in which they start.
    let mut concentrations: Vec<(String, bool, Expr)> = Vec::new();
    let mut currents: Vec<(Option<String>, Expr)> = Vec::new();
    for (index, spread) in plan.mechanisms.iter().enumerate() {
        let mechanism = &spread.mechanism;
        let empty = BTreeSet::new();
        let asked = recorded.get(&index).unwrap_or(&empty);
        let exposures: &[&str] =
            if mechanism.is_pool { &["concentration", "extConcentration"] } else { &["iDensity"] };
        let mut varying = mechanism.varying.clone();
        let dynamics = trimmed(&mechanism.dynamics, exposures, asked, &varying, model.temperature_k);
        if !dynamics.kinetic_schemes.is_empty() && plan.initial_v.windows(2).any(|w| w[0] != w[1]) {
            let message = format!(
                "'{}': kinetic schemes with unequal potentials at the start are not made for Brian",
                mechanism.name
            );
            job.cannot(Error::new(ErrorKind::Unsupported, message));
        }
        // Where it is not in all places its conductance is 0 elsewhere, if it has one, else its current is cut.
        let everywhere = spread.cover.iter().all(|cover| *cover == 1.0);
        let factor = if everywhere || mechanism.is_pool { None } else { factor(&dynamics) };
        if let Some(factor) = factor.as_ref().filter(|f| !varying.contains(f)) {
            varying.push(factor.clone());
        }
        let suffix = match mechanism.ion.as_deref().filter(|_| mechanism.is_pool) {
            Some(ion) => identifier(ion),
            None => identifier(&mechanism.name),
        };
        let input = |name: &str| -> Option<Expr> {
            if let Some((ion, outside)) = concentration_input(name) {
                let of_ion = concentrations.iter().filter(|(known, out, _)| *known == ion && *out == outside);
                return of_ion.map(|(.., expr)| expr.clone()).next();
            }
            if mechanism.is_pool
                && let Some((.., variable)) = ion_currents.iter().find(|(ion, _)| {
                    is_current_of(name, ion)
                        || mechanism.ion.as_deref() == Some(ion.as_str()) && name.starts_with('i')
                })
            {
                return Some(Expr::name(variable));
            }
            match name {
                "v" | "t" => Some(Expr::name(name)),
                "surfaceArea" => Some(Expr::name("area")),
                _ if mechanism.is_pool && name.starts_with('i') => {
                    Some(Expr::binary(BinaryOp::Mul, Expr::Number(0.0), Expr::name("amp")))
                }
                _ => None,
            }
        };
        let piece = Piece::new(dynamics, &suffix, &varying, &input, &mut group.names, constants)
            .map_err(|e| e.in_element(format!("population '{}'", population.name)))?;
        group.lines.extend(piece.lines(&|_| "")?);
        for (path, name) in &piece.varying {
            let dimension = piece.dynamics.parameter(path).map_or(Dimension::NONE, |p| p.dimension);
            let known = mechanism.varying.iter().position(|v| v == path);
            let constant = piece.dynamics.parameter(path).map_or(0.0, |p| p.value);
            let is_factor = factor.as_ref() == Some(path);
            let value = |cv: usize| {
                let value = known.map_or(constant, |at| spread.values[at][cv]);
                if is_factor { value * spread.cover[cv] } else { value }
            };
            let somewhere = (0..per_cell).find(|cv| spread.cover[*cv] > 0.0).unwrap_or(0);
            // Where the mechanism is not, its numbers do not matter, but must not be 0 below a line.
            let elsewhere = if is_factor { 0.0 } else { value(somewhere) };
            let filled = |cv: usize| if spread.cover[cv] > 0.0 { value(cv) } else { elsewhere };
            group.arrays.push((name.clone(), dimension, spread_of(&filled, elsewhere)));
        }
        let exposed = |name: &str| {
            let variable = piece.dynamics.exposed(name)?;
            piece.named.get(variable).cloned()
        };
        if mechanism.is_pool {
            let ion = mechanism.ion.clone().unwrap_or_default();
            for (name, outside) in [("concentration", false), ("extConcentration", true)] {
                if let Some(expr) = exposed(name) {
                    concentrations.push((ion.clone(), outside, expr));
                }
            }
        } else if let Some(mut current) = exposed("iDensity") {
            if !everywhere && factor.is_none() {
                let name = group.names.claim(&format!("share_{suffix}"));
                group.lines.push(format!("{name} : 1 (constant)"));
                group.arrays.push((name.clone(), Dimension::NONE, spread_of(&|cv| spread.cover[cv], 0.0)));
                current = Expr::binary(BinaryOp::Mul, Expr::name(name), current);
            }
            currents.push((mechanism.ion.clone(), current));
        }
        group.starts.extend(piece.starts()?);
        schemes(&mut group, &piece, plan.initial_v.first().copied().unwrap_or(0.0), job);
        group.mechanisms.push(piece);
    }
    if plan.mechanisms.iter().filter(|m| m.mechanism.is_pool).count() > ion_currents.len() {
        let message = "several pools of one ion are not made for Brian: the first is everywhere";
        job.cannot(Error::new(ErrorKind::Unsupported, message));
    }
    for (ion, variable) in &ion_currents {
        let of_ion =
            currents.iter().filter(|(of, _)| of.as_deref() == Some(ion)).map(|(_, expr)| expr.clone());
        let total = sum(of_ion).map_or_else(
            || Ok("0*amp".to_string()),
            |e| super::units::SYNTAX.print(&Expr::binary(BinaryOp::Mul, e, Expr::name("area"))),
        )?;
        group.lines.push(format!("{variable} = {total} : amp"));
    }
    let membrane = sum(currents.into_iter().map(|(_, expr)| expr));
    let membrane = match membrane {
        Some(expr) => super::units::SYNTAX.print(&expr)?,
        None => "0*amp/meter**2".to_string(),
    };
    group.lines.push(format!("Im = {membrane} : amp/meter**2"));
    let input = |name: &str, _: bool| match name {
        "v" => Some(Expr::name("v")),
        "t" => Some(Expr::name("(t + dt/2)")),
        "weight" => Some(Expr::Number(1.0)),
        _ => concentration_input(name).and_then(|(ion, outside)| {
            concentrations
                .iter()
                .find(|(known, out, _)| *known == ion && *out == outside)
                .map(|(.., e)| e.clone())
        }),
    };
    group
        .place(model, layout, &input, constants)
        .map_err(|e| e.in_element(format!("population '{}'", population.name)))?;
    point_currents(&mut group)?;
    detect(&mut group, model, layout, job);
    Ok(Some((group, shape)))
}

/// A name for the current of each ion that a pool hears.
fn ions(group: &mut Group, plan: &crate::engine::CellPlan) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    for spread in &plan.mechanisms {
        if let Some(ion) = spread.mechanism.ion.as_ref().filter(|_| spread.mechanism.is_pool)
            && !out.iter().any(|(known, _)| known == ion)
        {
            out.push((ion.clone(), group.names.claim(&format!("i_{}", identifier(ion)))));
        }
    }
    out
}

/// The parameter that the current is in proportion to: a conductance or a permeability that nothing else reads.
fn factor(dynamics: &Dynamics) -> Option<String> {
    fn is_factor(expr: &Expr, name: &str) -> bool {
        match expr {
            Expr::Name(known) => known == name,
            Expr::Binary(BinaryOp::Mul, a, b) => is_factor(a, name) || is_factor(b, name),
            Expr::Binary(BinaryOp::Div, a, _) => is_factor(a, name),
            Expr::Negate(a) => is_factor(a, name),
            _ => false,
        }
    }
    let current = dynamics.exposed("iDensity")?;
    let value = &dynamics.derived.iter().find(|d| d.name == current)?.value;
    let uses = |name: &str| {
        let mut count = 0;
        let all =
            dynamics.derived.iter().map(|d| &d.value).chain(dynamics.derivatives.iter().map(|(_, e)| e));
        all.for_each(|expr| expr.visit_names(&mut |n| count += usize::from(n == name)));
        count
    };
    let fits = |p: &&crate::dynamics::Parameter| {
        !p.name.contains('/')
            && [Dimension::CONDUCTANCE_DENSITY, Dimension::PERMEABILITY].contains(&p.dimension)
            && is_factor(value, &p.name)
            && uses(&p.name) == 1
    };
    dynamics.parameters.iter().find(fits).map(|p| p.name.clone())
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
