//! Cells with a shape in Arbor's cable-cell format.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::Job;
use super::super::layout::{Layout, Shape};
use super::super::names::Names;
use super::super::neuron::cells::{OWN, name};
use super::super::nmodl::UNITS;
use super::super::nmodl::library::{Library, in_population};
use super::super::python::{KEYWORDS, quoted};
use super::shape::{Branches, joined};
use crate::dynamics::Dynamics;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::Expr;
use crate::model::Model;
use crate::units::{Dimension, shifted};

/// A cell as its templates take it.
#[derive(Serialize)]
pub(super) struct CellText {
    /// What its files are called.
    pub(super) name: String,
    /// Its branches.
    morphology: Vec<String>,
    /// Its labels.
    labels: Vec<String>,
    /// What is painted.
    decor: Vec<String>,
    /// Where compartments end.
    pub(super) boundaries: Vec<String>,
    /// Ions beside those that Arbor knows: name and charge.
    pub(super) ions: Vec<(String, i32)>,
    /// Its shape.
    #[serde(skip)]
    pub(super) branches: Branches,
}

/// The distinct cells.
pub(super) fn cells(
    job: &mut Job<'_>,
    model: &Model,
    layout: &Layout,
    library: &Library,
) -> Result<Vec<CellText>> {
    let mut names = Names::new(&[KEYWORDS, OWN].concat());
    let mut out = Vec::new();
    for (s, shape) in layout.shapes.iter().enumerate() {
        let branches = Branches::new(shape);
        let labels: Vec<String> = (0..shape.sections.len())
            .map(|k| {
                let cables = joined(&branches.cables(k, 0.0, 1.0));
                format!("(region-def {} {cables})", quoted(&shape.sections[k].name))
            })
            .collect();
        let decor = decor(s, shape, &branches, library, &mut |error| {
            job.cannot(in_population(error, model, shape.population));
        });
        let mut ions: Vec<(String, i32)> = Vec::new();
        for (m, _) in shape.plan.mechanisms.iter().enumerate() {
            for ion in library.spread(s, m).map_or(&[][..], |mechanism| &mechanism.ions) {
                let mut words = ion.split(' ');
                let name = words.next().unwrap_or_default().to_string();
                let charge = ion.rsplit_once("VALENCE ").and_then(|(_, n)| n.parse().ok());
                if let Some(charge) = charge
                    && !ions.iter().any(|(known, _)| *known == name)
                {
                    ions.push((name, charge));
                }
            }
        }
        out.push(CellText {
            name: names.claim(name(model, shape.population)),
            morphology: branches.text(),
            labels,
            decor,
            boundaries: branches.boundaries(shape),
            ions,
            branches,
        });
    }
    Ok(out)
}

/// What is painted, and where: values that are alike on the whole cell, then by stretches of compartments.
fn decor(
    s: usize,
    shape: &Shape,
    branches: &Branches,
    library: &Library,
    cannot: &mut dyn FnMut(Error),
) -> Vec<String> {
    let plan = &shape.plan;
    let cvs = &plan.discretisation.cvs;
    let mut out = Vec::new();
    let all = |_: usize| true;
    let mut paint = |here: &dyn Fn(usize) -> bool, what: &dyn Fn(usize) -> String| {
        for (region, cv) in regions(shape, branches, here, what) {
            let what = what(cv);
            let is_property = !what.starts_with("(density");
            out.push(match region.as_str() {
                "(all)" if is_property => format!("(default {what})"),
                region => format!("(paint {region} {what})"),
            });
        }
    };
    let node = |cv: usize| cvs[cv].node as usize;
    paint(&all, &|cv| {
        format!(
            "(membrane-potential {} (scalar 1))",
            UNITS.value(plan.initial_v[node(cv)], Dimension::VOLTAGE)
        )
    });
    paint(&all, &|cv| {
        format!("(membrane-capacitance {} (scalar 1))", shifted(plan.specific_capacitance[cv], 0))
    });
    paint(&all, &|cv| format!("(axial-resistivity {} (scalar 1))", shifted(plan.resistivity_ohm_m[cv], -2)));
    for (m, spread) in plan.mechanisms.iter().enumerate() {
        let Some(mechanism) = library.spread(s, m) else { continue };
        let own = &spread.mechanism;
        let here = |cv: usize| spread.cover.get(cv).is_some_and(|cover| *cover > 0.0);
        let dimension = |name: &str| own.dynamics.parameter(name).map_or(Dimension::NONE, |p| p.dimension);
        let value = |cv: usize| -> String {
            let mut values = Vec::new();
            for parameter in &own.dynamics.parameters {
                let known = mechanism.names.get(&parameter.name).map(String::as_str);
                if let (Some(known @ ("gbar" | "pbar")), false) =
                    (known, own.varying.contains(&parameter.name))
                {
                    values.push(format!(
                        " (\"{known}\" {})",
                        UNITS.value(parameter.value, parameter.dimension)
                    ));
                }
            }
            for (name, column) in own.varying.iter().zip(&spread.values) {
                if let Some(known) = mechanism.names.get(name) {
                    values.push(format!(" (\"{known}\" {})", UNITS.value(column[cv], dimension(name))));
                }
            }
            if mechanism.range.iter().any(|name| name == "cover") {
                values.push(format!(" (\"cover\" {})", shifted(spread.cover[cv], 0)));
            }
            format!("(density (mechanism \"{}\"{}))", mechanism.name, values.concat())
        };
        paint(&here, &value);
        if own.is_pool {
            let ion = own.ion.clone().unwrap_or_default();
            for (exposure, word) in [
                ("concentration", "ion-internal-concentration"),
                ("extConcentration", "ion-external-concentration"),
            ] {
                let Some(start) = start(&own.dynamics, exposure) else { continue };
                let Some(at) = constant(&own.dynamics, start) else {
                    let message = format!(
                        "the {exposure} of '{ion}' at the start is no constant: Arbor wants a number"
                    );
                    cannot(Error::new(ErrorKind::Unsupported, message));
                    continue;
                };
                let value = |cv: usize| {
                    let column =
                        own.varying.iter().position(|name| *name == at).and_then(|k| spread.values.get(k));
                    let si = match column {
                        Some(column) => column[cv],
                        None => own.dynamics.parameter(&at).map_or(0.0, |p| p.value),
                    };
                    format!("({word} \"{ion}\" {} (scalar 1))", UNITS.value(si, Dimension::CONCENTRATION))
                };
                paint(&here, &value);
            }
        }
    }
    out
}

/// The expression that the state behind an exposure starts with.
fn start<'d>(dynamics: &'d Dynamics, exposure: &str) -> Option<&'d Expr> {
    let state = dynamics.state(dynamics.exposed(exposure)?)?;
    dynamics.on_start.iter().find(|a| a.state == state).map(|a| &a.value)
}

/// The parameter that an expression is.
fn constant(dynamics: &Dynamics, expr: &Expr) -> Option<String> {
    match expr {
        Expr::Name(name) if dynamics.parameter(name).is_some() => Some(name.clone()),
        _ => None,
    }
}

/// The compartments `here` in regions where `what` is the same: the region, and one of its compartments.
fn regions(
    shape: &Shape,
    branches: &Branches,
    here: &dyn Fn(usize) -> bool,
    what: &dyn Fn(usize) -> String,
) -> Vec<(String, usize)> {
    let n = shape.places.len();
    let own: Vec<usize> = (0..n).filter(|cv| here(*cv)).collect();
    let Some(&first) = own.first() else { return Vec::new() };
    let text = what(first);
    if own.len() == n && own.iter().all(|cv| what(*cv) == text) {
        return vec![("(all)".to_string(), first)];
    }
    // By value, in order of the first compartment.
    let mut number: BTreeMap<String, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for cv in own {
        let at = *number.entry(what(cv)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[at].push(cv);
    }
    let region = |list: &[usize]| -> String {
        let mut parts = Vec::new();
        for inside in list.chunk_by(|a, b| shape.places[*a].0 == shape.places[*b].0) {
            let (k, _) = shape.places[inside[0]];
            let section = &shape.sections[k];
            if inside.len() == section.cvs.len() {
                parts.push(format!("(region {})", quoted(&section.name)));
                continue;
            }
            let n = section.cvs.len() as f64;
            for cv in inside {
                let at = (cv - section.cvs.start) as f64;
                parts.extend(branches.cables(k, at / n, (at + 1.0) / n));
            }
        }
        joined(&parts)
    };
    groups.iter().map(|list| (region(list), list[0])).collect()
}
