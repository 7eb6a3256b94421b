//! A cell without a shape with all that is on it as one dynamics: for simulators where a cell is one thing.

use std::collections::{BTreeMap, BTreeSet};

use super::layout::Layout;
use super::part::{self, in_order, part};
use crate::dynamics::{Derived, Dynamics, Parameter, Variable, superposes};
use crate::engine::{PointKind, sums};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{BinaryOp, Expr};
use crate::model::PointCell;
use crate::units::Dimension;

/// Copies of one thing on a cell that keep states of their own, at most.
const MOST_COPIES: usize = 16;

/// A population's cells as one dynamics.
pub(crate) struct Merged {
    /// The dynamics. Names of what is placed on the cell begin with its part (`excitatory/g`); ports too.
    pub(crate) dynamics: Dynamics,
    /// The parts, each at most once on a cell.
    pub(crate) parts: Vec<Part>,
    /// For each cell and each of its placed things the part that each instance is.
    part_of: Vec<Vec<Vec<usize>>>,
}

/// One thing on the cells.
pub(crate) struct Part {
    /// Its name.
    pub(crate) name: String,
    /// Its kind in the layout.
    pub(crate) kind: usize,
    /// The parameter that is 1 on the cells that have it and 0 on the others, if some have it not.
    pub(crate) switch: Option<String>,
    /// Which cells have it.
    pub(crate) on: BTreeSet<usize>,
}

impl Merged {
    /// The part that an instance of what is placed on a cell is.
    pub(crate) fn part(&self, cell: usize, slot: usize, instance: usize) -> Option<&Part> {
        let at = *self.part_of.get(cell)?.get(slot)?.get(instance)?;
        self.parts.get(at)
    }

    /// The flat name of a variable of a part.
    pub(crate) fn inside(part: &Part, variable: &str) -> String {
        format!("{}/{variable}", part.name)
    }

    /// The cells of a population, the point cells `cell`.
    ///
    /// # Errors
    /// What can't be one with the cell: contacts that read another one, more copies than are sensible.
    pub(crate) fn new(layout: &Layout, population: usize, cell: &PointCell) -> Result<Merged> {
        let unsupported = |message: String| Error::new(ErrorKind::Unsupported, message);
        let laid = &layout.populations[population];
        let mut parts: Vec<Part> = Vec::new();
        let mut known: BTreeMap<(String, usize), usize> = BTreeMap::new();
        let mut part_of = Vec::with_capacity(laid.cells.len());
        for (c, one) in laid.cells.iter().enumerate() {
            let mut own = Vec::with_capacity(one.placed.len());
            // Copies of a name on this cell.
            let mut copies: BTreeMap<&str, usize> = BTreeMap::new();
            for (placed, (name, _)) in one.placed.iter().zip(&one.names) {
                let Some(kind) = layout.kinds.get(placed.kind) else { continue };
                if !kind.draws.is_empty() {
                    return Err(unsupported(format!(
                        "'{}' draws random numbers inside its equations",
                        kind.name
                    )));
                }
                let shared = kind.gives.iter().all(|(exposure, _)| superposes(&kind.dynamics, exposure))
                    && placed.values.is_empty();
                let mut instances = Vec::with_capacity(placed.nodes.len());
                for _ in 0..placed.nodes.len() {
                    let count = copies.entry(name).or_default();
                    let copy = if shared { 0 } else { *count };
                    *count += 1;
                    if copy >= MOST_COPIES {
                        let message = format!(
                            "more than {MOST_COPIES} of '{name}' on one cell, which do not add up to one"
                        );
                        return Err(unsupported(message));
                    }
                    let label = if copy == 0 { name.clone() } else { format!("{name}_{}", copy + 1) };
                    let at = *known.entry((label.clone(), placed.kind)).or_insert_with(|| {
                        let taken = parts.iter().any(|part| part.name == label);
                        let name = if taken { format!("{label}_{}", parts.len()) } else { label };
                        parts.push(Part { name, kind: placed.kind, switch: None, on: BTreeSet::new() });
                        parts.len() - 1
                    });
                    parts[at].on.insert(c);
                    instances.push(at);
                }
                own.push(instances);
            }
            part_of.push(own);
        }
        let mut out = (*cell.dynamics).clone();
        for part in &mut parts {
            if part.on.len() < laid.cells.len() {
                part.switch = Some(format!("{}/on", part.name));
            }
        }
        let mut front: Vec<Derived> = Vec::new();
        for part in &parts {
            let kind = &layout.kinds[part.kind];
            add(&mut out, &mut front, part, kind).map_err(|e| e.in_element(format!("'{}'", kind.name)))?;
        }
        total(&mut out, &mut front, &cell.dynamics, &parts, layout);
        front.append(&mut out.derived);
        out.derived = in_order(front);
        Ok(Merged { dynamics: out, parts, part_of })
    }
}

/// Adds a part to the cell.
fn add(out: &mut Dynamics, front: &mut Vec<Derived>, on: &Part, kind: &PointKind) -> Result<()> {
    let d = &*kind.dynamics;
    let mut own_weight = false;
    for input in &d.inputs {
        let name = input.name.as_str();
        match name {
            "t" | "temperature" | "v" => {}
            "weight" => own_weight = true,
            "noise" => {
                out.inputs.push(Variable { name: Merged::inside(on, "noise"), dimension: Dimension::NONE })
            }
            _ if kind.hosts.iter().any(|(host, _)| host == name) => {}
            _ => {
                let message = format!("it reads '{name}', which lies outside its cell");
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
        }
        let shared = matches!(name, "t" | "temperature");
        if shared && !out.inputs.iter().any(|known| known.name == name) {
            out.inputs.push(input.clone());
        }
    }
    let mut made = part(d, &on.name, &|input| match input {
        "t" | "temperature" => Expr::name(input),
        "weight" | "noise" => Expr::name(Merged::inside(on, input)),
        _ => Expr::name(out.exposed(input).unwrap_or(input)),
    });
    // It is read by the names of its variables.
    made.exposures.clear();
    let conditions = made.conditions.len();
    part::add(out, front, made);
    // What is at points is looked at before the cell.
    out.conditions.rotate_right(conditions);
    if own_weight {
        let name = Merged::inside(on, "weight");
        out.parameters.push(Parameter { name, dimension: Dimension::NONE, value: 1.0 });
        if !out.inputs.iter().any(|i| i.name == "weight") {
            out.inputs.push(Variable { name: "weight".into(), dimension: Dimension::NONE });
        }
    }
    if let Some(switch) = &on.switch {
        out.parameters.push(Parameter { name: switch.clone(), dimension: Dimension::NONE, value: 0.0 });
    }
    Ok(())
}

/// What the cell sums up of its parts becomes a sum.
fn total(out: &mut Dynamics, front: &mut Vec<Derived>, cell: &Dynamics, parts: &[Part], layout: &Layout) {
    for sum in sums(cell) {
        let mut terms = Vec::new();
        for part in parts {
            let kind = &layout.kinds[part.kind];
            for (exposure, _) in kind.gives.iter().filter(|(_, array)| *array == sum.array) {
                let Some(variable) = kind.dynamics.exposed(exposure) else { continue };
                let term = Expr::name(Merged::inside(part, variable));
                terms.push(match &part.switch {
                    Some(switch) => Expr::binary(BinaryOp::Mul, Expr::name(switch), term),
                    None => term,
                });
            }
        }
        part::sum_up(out, front, sum.input, terms);
    }
}
