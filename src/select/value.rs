//! Values over space on a cell.

use super::{Cable, Cover, Field, Formula, Location, Measure, Span, Value, measure};
use crate::error::Result;
use crate::morph::SectionId;

/// Longest stretch over which a formula is averaged by one application of the quadrature rule, µm.
const QUADRATURE_UM: f64 = 10.0;

/// Longest stretch on which a density is taken as constant when points are placed, µm.
const DENSITY_UM: f64 = 1.0;

/// Nodes (on -1..1) and weights (sum 1) of the three-point Gauss-Legendre rule.
const GAUSS: [(f64, f64); 3] =
    [(-0.774_596_669_241_483_4, 5.0 / 18.0), (0.0, 8.0 / 18.0), (0.774_596_669_241_483_4, 5.0 / 18.0)];

/// Takes a step, the formula that holds on it and the formula's `d` at both ends, µm.
type EachStep<'a> = dyn FnMut(Span, &Formula, (f64, f64)) -> Result<()> + 'a;

/// A [`Field`] on one cell: which layer holds where.
#[derive(Debug, Clone)]
pub struct OnCell<'a> {
    field: &'a Field,
    cable: Cable<'a>,
    /// Sorted and disjoint; each with the index of the layer that holds there.
    patches: Vec<(Span, usize)>,
}

/// The mean of a field over a stretch of cable.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// Mean over the part of the stretch where the field has a value, weighted by length, in SI
    /// units; 0 if it has none.
    pub value: f64,
    /// The fraction of the stretch's length where the field has a value.
    pub covered: f64,
}

impl Field {
    /// Works out which layer holds where on the cell `cable`.
    ///
    /// # Errors
    /// If a layer's region is unknown or empty on this cell.
    pub fn on<'a>(&'a self, cable: &Cable<'a>) -> Result<OnCell<'a>> {
        let mut taken = Cover::default();
        let mut patches = Vec::new();
        for (index, layer) in self.layers().iter().enumerate().rev() {
            let cover = layer.region.evaluate(cable)?;
            patches.extend(cover.difference(&taken).spans().iter().map(|span| (*span, index)));
            taken = taken.union(&cover);
        }
        let key = |patch: &(Span, usize)| (patch.0.section, patch.0.from);
        patches.sort_by(|a, b| key(a).partial_cmp(&key(b)).unwrap_or(std::cmp::Ordering::Equal));
        Ok(OnCell { field: self, cable: *cable, patches })
    }
}

impl OnCell<'_> {
    fn on(&self, section: SectionId) -> &[(Span, usize)] {
        let from = self.patches.partition_point(|(span, _)| span.section < section);
        let to = self.patches.partition_point(|(span, _)| span.section <= section);
        &self.patches[from..to]
    }

    /// Where the field has a value.
    pub fn cover(&self) -> Cover {
        Cover::new(self.patches.iter().map(|(span, _)| *span).collect())
    }

    /// The value at `location` in SI units; `None` where the field has none.
    ///
    /// # Errors
    /// If a formula gives something other than a finite number there.
    pub fn at(&self, location: Location) -> Result<Option<f64>> {
        let fraction = location.fraction;
        let patches = self.on(location.section).iter();
        // Where two layers meet, the later one holds.
        let holds =
            patches.filter(|(span, _)| span.from <= fraction && fraction <= span.to).max_by_key(|(_, i)| *i);
        holds.map(|(_, layer)| self.value(*layer, location)).transpose()
    }

    fn value(&self, layer: usize, location: Location) -> Result<f64> {
        let (formula, measure) = match &self.field.layers()[layer].value {
            Value::Constant(constant) => return Ok(constant.si()),
            Value::ByDistance(formula) => (formula, Measure::PathDistance),
            Value::ByRootDistance(formula) => (formula, Measure::RootDistance),
            Value::ByDiameter(formula) => (formula, Measure::Diameter),
        };
        formula.at(measure::at(self.cable, measure, location))
    }

    /// The mean between the fractions `from` and `to` of `section`, weighted by length. Exact for
    /// constants; formulas are integrated by Gauss's three-point rule on stretches of at most 10 µm
    /// within each segment. Formulas of the distance from the root are taken at the middle of the stretch, as
    /// other programs have it for which they are written.
    ///
    /// # Errors
    /// As [`OnCell::at`].
    pub fn mean(&self, section: SectionId, from: f64, to: f64) -> Result<Mean> {
        if to <= from {
            let value = self.at(Location { section, fraction: from })?;
            return Ok(Mean {
                value: value.unwrap_or(0.0),
                covered: if value.is_some() { 1.0 } else { 0.0 },
            });
        }
        let (mut sum, mut width, mut only) = (0.0, 0.0, None);
        for (span, layer) in self.on(section) {
            let part = Span { section, from: span.from.max(from), to: span.to.min(to) };
            if part.from >= part.to {
                continue;
            }
            let value = self.mean_of(*layer, part)?;
            // A constant over the whole stretch comes out without rounding.
            only = if width == 0.0 { Some(value) } else { only.filter(|o| *o == value) };
            sum += value * (part.to - part.from);
            width += part.to - part.from;
        }
        let covered = (width / (to - from)).min(1.0);
        Ok(Mean { value: only.unwrap_or(if width > 0.0 { sum / width } else { 0.0 }), covered })
    }

    fn mean_of(&self, layer: usize, part: Span) -> Result<f64> {
        match &self.field.layers()[layer].value {
            Value::Constant(constant) => return Ok(constant.si()),
            Value::ByRootDistance(_) => return self.value(layer, part.middle()),
            Value::ByDistance(_) | Value::ByDiameter(_) => {}
        }
        let mut sum = 0.0;
        self.steps(
            part,
            QUADRATURE_UM,
            &mut |step, formula, ends| {
                let (mid, half) = (0.5 * (ends.0 + ends.1), 0.5 * (ends.1 - ends.0));
                for (node, weight) in GAUSS {
                    sum += weight * (step.to - step.from) * formula.at(mid + half * node)?;
                }
                Ok(())
            },
            layer,
        )?;
        Ok(sum / (part.to - part.from))
    }

    /// Cuts `part` into steps of at most `longest` µm, on each of which the measure of the layer's
    /// formula is linear, and hands out each with the measure at its ends.
    fn steps(&self, part: Span, longest: f64, each: &mut EachStep<'_>, layer: usize) -> Result<()> {
        let (formula, measure) = match &self.field.layers()[layer].value {
            Value::Constant(_) => return Ok(()),
            Value::ByDistance(formula) => (formula, Measure::PathDistance),
            Value::ByRootDistance(formula) => (formula, Measure::RootDistance),
            Value::ByDiameter(formula) => (formula, Measure::Diameter),
        };
        let section = part.section;
        for piece in measure::pieces(self.cable, section) {
            let (from, to) = (piece.from.max(part.from), piece.to.min(part.to));
            if from >= to {
                continue;
            }
            let whole = Span { section, from, to };
            let n = (whole.length_um(self.cable.geometry) / longest).ceil().max(1.0) as u64;
            let at = |k: u64| if k == n { to } else { from + (to - from) * (k as f64 / n as f64) };
            for k in 0..n {
                let step = Span { section, from: at(k), to: at(k + 1) };
                let ends = (
                    measure::on_piece(self.cable, &piece, measure, step.from),
                    measure::on_piece(self.cable, &piece, measure, step.to),
                );
                each(step, formula, ends)?;
            }
        }
        Ok(())
    }

    /// Hands out stretches with the value on each, in order along the cell: whole patches for
    /// constants, steps of at most 1 µm with their mid value for formulas.
    pub(super) fn each_step(&self, each: &mut dyn FnMut(Span, f64) -> Result<()>) -> Result<()> {
        for (patch, layer) in &self.patches {
            match &self.field.layers()[*layer].value {
                Value::Constant(constant) => each(*patch, constant.si())?,
                _ => self.steps(
                    *patch,
                    DENSITY_UM,
                    &mut |step, formula, ends| each(step, formula.at(0.5 * (ends.0 + ends.1))?),
                    *layer,
                )?,
            }
        }
        Ok(())
    }
}
