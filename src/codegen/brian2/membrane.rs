//! The membrane of cells with a shape: pools and densities as lines of equations, and the sum of their currents.

use std::collections::BTreeSet;

use super::group::{Group, trimmed};
use super::piece::{Constants, Piece};
use super::units::SYNTAX;
use crate::codegen::Job;
use crate::codegen::names::identifier;
use crate::codegen::part::sum;
use crate::dynamics::{Dynamics, Parameter};
use crate::engine::{CellPlan, Mechanism, Spread};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{BinaryOp, Expr};
use crate::model::{concentration_input, is_current_of};
use crate::units::Dimension;

/// What mechanisms of a membrane give each other, and to the membrane.
pub(super) struct Membrane {
    /// The variable for the current of each ion that a pool hears.
    ion_currents: Vec<(String, String)>,
    /// Ion, whether outside, concentration.
    concentrations: Vec<(String, bool, Expr)>,
    /// The ion of each current density, if it has one, and the density.
    currents: Vec<(Option<String>, Expr)>,
}

/// The dynamics of a mechanism with what is needed, and how it is cut to where it is.
pub(super) struct Trimmed {
    dynamics: Dynamics,
    /// Parameters that differ from place to place.
    varying: Vec<String>,
    /// The one that is 0 where the mechanism is not.
    factor: Option<String>,
}

impl Membrane {
    /// A membrane without mechanisms.
    pub(super) fn new(group: &mut Group, plan: &CellPlan) -> Membrane {
        Membrane { ion_currents: ions(group, plan), concentrations: Vec::new(), currents: Vec::new() }
    }

    /// The concentration that an input of this name stands for.
    pub(super) fn concentration(&self, input: &str) -> Option<Expr> {
        let (ion, outside) = concentration_input(input)?;
        let mut known = self.concentrations.iter();
        known.find(|(of, out, _)| *of == ion && *out == outside).map(|(.., expr)| expr.clone())
    }

    /// What of a mechanism is needed, `asked` being recorded.
    pub(super) fn trimmed(
        &self,
        job: &mut Job<'_>,
        plan: &CellPlan,
        spread: &Spread,
        asked: &BTreeSet<String>,
        temperature_k: f64,
    ) -> Trimmed {
        let mechanism = &spread.mechanism;
        let exposures: &[&str] =
            if mechanism.is_pool { &["concentration", "extConcentration"] } else { &["iDensity"] };
        let mut varying = mechanism.varying.clone();
        let dynamics = trimmed(&mechanism.dynamics, exposures, asked, &varying, temperature_k);
        if !dynamics.kinetic_schemes.is_empty() && plan.initial_v.windows(2).any(|w| w[0] != w[1]) {
            let message = format!(
                "'{}': kinetic schemes with unequal potentials at the start are not made for Brian",
                mechanism.name
            );
            job.cannot(Error::new(ErrorKind::Unsupported, message));
        }
        let factor = if is_everywhere(spread) || mechanism.is_pool { None } else { factor(&dynamics) };
        if let Some(factor) = factor.as_ref().filter(|f| !varying.contains(f)) {
            varying.push(factor.clone());
        }
        Trimmed { dynamics, varying, factor }
    }

    /// Adds a mechanism to the equations of the group.
    ///
    /// # Errors
    /// If Brian has no word for something in it.
    pub(super) fn add(
        &mut self,
        group: &mut Group,
        spread: &Spread,
        Trimmed { dynamics, varying, factor }: Trimmed,
        constants: &mut Constants,
    ) -> Result<Piece> {
        let mechanism = &spread.mechanism;
        let suffix = match mechanism.ion.as_deref().filter(|_| mechanism.is_pool) {
            Some(ion) => identifier(ion),
            None => identifier(&mechanism.name),
        };
        let input = |name: &str| self.input(mechanism, name);
        let piece = Piece::new(dynamics, &suffix, &varying, &input, &mut group.names, constants)?;
        group.lines.extend(piece.lines(&|_| "")?);
        values(group, spread, &piece, factor.as_deref());
        let exposed = |name: &str| piece.named.get(piece.dynamics.exposed(name)?).cloned();
        if mechanism.is_pool {
            let ion = mechanism.ion.clone().unwrap_or_default();
            for (name, outside) in [("concentration", false), ("extConcentration", true)] {
                self.concentrations.extend(exposed(name).map(|expr| (ion.clone(), outside, expr)));
            }
        } else if let Some(mut current) = exposed("iDensity") {
            // Where it is not in all places its conductance is 0 elsewhere, if it has one, else its current is cut.
            if !is_everywhere(spread) && factor.is_none() {
                let name = group.names.claim(&format!("share_{suffix}"));
                group.lines.push(format!("{name} : 1 (constant)"));
                let cover = group.spread(&|cv| spread.cover[cv], 0.0);
                group.arrays.push((name.clone(), Dimension::NONE, cover));
                current = Expr::binary(BinaryOp::Mul, Expr::name(name), current);
            }
            self.currents.push((mechanism.ion.clone(), current));
        }
        group.starts.extend(piece.starts()?);
        Ok(piece)
    }

    /// What an input of a mechanism is.
    fn input(&self, mechanism: &Mechanism, name: &str) -> Option<Expr> {
        if concentration_input(name).is_some() {
            return self.concentration(name);
        }
        if mechanism.is_pool
            && let Some((.., variable)) = self.ion_currents.iter().find(|(ion, _)| {
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
    }

    /// The currents of ions, and of the membrane.
    ///
    /// # Errors
    /// If Brian has no word for something in them.
    pub(super) fn finish(&self, job: &mut Job<'_>, group: &mut Group, plan: &CellPlan) -> Result<()> {
        if plan.mechanisms.iter().filter(|m| m.mechanism.is_pool).count() > self.ion_currents.len() {
            let message = "several pools of one ion are not made for Brian: the first is everywhere";
            job.cannot(Error::new(ErrorKind::Unsupported, message));
        }
        for (ion, variable) in &self.ion_currents {
            let of_ion = self.currents.iter().filter(|(of, _)| of.as_deref() == Some(ion));
            let total = sum(of_ion.map(|(_, expr)| expr.clone())).map_or_else(
                || Ok("0*amp".to_string()),
                |e| SYNTAX.print(&Expr::binary(BinaryOp::Mul, e, Expr::name("area"))),
            )?;
            group.lines.push(format!("{variable} = {total} : amp"));
        }
        let membrane = match sum(self.currents.iter().map(|(_, expr)| expr.clone())) {
            Some(expr) => SYNTAX.print(&expr)?,
            None => "0*amp/meter**2".to_string(),
        };
        group.lines.push(format!("Im = {membrane} : amp/meter**2"));
        Ok(())
    }
}

fn is_everywhere(spread: &Spread) -> bool {
    spread.cover.iter().all(|cover| *cover == 1.0)
}

/// Values of parameters that differ from place to place; `factor` is 0 where the mechanism is not.
fn values(group: &mut Group, spread: &Spread, piece: &Piece, factor: Option<&str>) {
    for (path, name) in &piece.varying {
        let dimension = piece.dynamics.parameter(path).map_or(Dimension::NONE, |p| p.dimension);
        let known = spread.mechanism.varying.iter().position(|v| v == path);
        let constant = piece.dynamics.parameter(path).map_or(0.0, |p| p.value);
        let is_factor = factor == Some(path);
        let value = |cv: usize| {
            let value = known.map_or(constant, |at| spread.values[at][cv]);
            if is_factor { value * spread.cover[cv] } else { value }
        };
        let somewhere = (0..group.per_cell).find(|cv| spread.cover[*cv] > 0.0).unwrap_or(0);
        // Where the mechanism is not, its numbers do not matter, but must not be 0 below a line.
        let elsewhere = if is_factor { 0.0 } else { value(somewhere) };
        let filled = |cv: usize| if spread.cover[cv] > 0.0 { value(cv) } else { elsewhere };
        let array = group.spread(&filled, elsewhere);
        group.arrays.push((name.clone(), dimension, array));
    }
}

/// A name for the current of each ion that a pool hears.
fn ions(group: &mut Group, plan: &CellPlan) -> Vec<(String, String)> {
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
    let fits = |p: &&Parameter| {
        !p.name.contains('/')
            && [Dimension::CONDUCTANCE_DENSITY, Dimension::PERMEABILITY].contains(&p.dimension)
            && is_factor(value, &p.name)
            && uses(&p.name) == 1
    };
    dynamics.parameters.iter().find(fits).map(|p| p.name.clone())
}
