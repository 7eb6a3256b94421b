//! How many compartments a section gets.

use std::f64::consts::PI;

use crate::error::{Error, ErrorKind, Result};
use crate::model::Rule;
use crate::morph::{Morphology, SectionId};

/// The most compartments one cell may have: beyond this the policy is taken for a slip.
pub const MAX_COMPARTMENTS: usize = 1 << 26;

/// What the length constant of a section depends on beside its shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Electrical {
    /// Axial resistivity, Ω m.
    pub resistivity_ohm_m: f64,
    /// Specific membrane capacitance, F/m².
    pub capacitance_f_per_m2: f64,
}

/// The number of compartments of every section of `morphology` by its rule, 0 where it is one per
/// segment.
///
/// # Errors
/// Numbers that are not positive, sizes beyond [`MAX_COMPARTMENTS`], and another number of rules than of
/// sections.
pub(super) fn counts(
    morphology: &Morphology,
    rules: &[Rule],
    electrical: impl Fn(SectionId) -> Electrical,
) -> Result<Vec<u32>> {
    if rules.len() != morphology.sections.len() {
        let message = format!("{} rules for {} sections", rules.len(), morphology.sections.len());
        return Err(Error::new(ErrorKind::Value, message));
    }
    morphology
        .section_ids()
        .zip(rules)
        .map(|(id, rule)| by_rule(morphology, id, *rule, &electrical))
        .collect()
}

/// The number of compartments of section `id`, 0 for one per segment.
fn by_rule(
    morphology: &Morphology,
    id: SectionId,
    rule: Rule,
    electrical: &impl Fn(SectionId) -> Electrical,
) -> Result<u32> {
    match rule {
        Rule::PerSection(n) => count(morphology, id, f64::from(n)),
        Rule::MaxLength(length_um) => {
            positive("the greatest length of a compartment", length_um)?;
            let length: f64 = morphology.segments_of(id).iter().map(|s| s.length()).sum();
            // The slack keeps 100 µm in pieces of 0.1 µm at 1000 in spite of rounding.
            count(morphology, id, (length / length_um - 1e-9).ceil().max(1.0))
        }
        Rule::DLambda { fraction, frequency_hz } => {
            positive("the fraction of the d_lambda rule", fraction)?;
            positive("the frequency of the d_lambda rule", frequency_hz)?;
            let electrical = electrical(id);
            positive("the axial resistivity", electrical.resistivity_ohm_m)?;
            positive("the specific capacitance", electrical.capacitance_f_per_m2)?;
            let (length, lambda) = length_constant(morphology, id, frequency_hz, electrical);
            let n = ((length / (fraction * lambda) + 0.9) / 2.0).trunc() * 2.0 + 1.0;
            count(morphology, id, n)
        }
        Rule::PerSegment => Ok(0),
    }
}

/// Length of a section and its length constant at `frequency_hz`, both µm.
///
/// The attenuation over a frustum is taken at its mean diameter, and the frusta add up to
/// L/λ = Σ l √(4π f Rₐ Cₘ / d̄) (Hines & Carnevale 2001, with the real diameters in place of one).
fn length_constant(
    morphology: &Morphology,
    id: SectionId,
    frequency_hz: f64,
    electrical: Electrical,
) -> (f64, f64) {
    let (mut length, mut sum) = (0.0, 0.0);
    for segment in morphology.segments_of(id) {
        let l = segment.length();
        length += l;
        if l > 0.0 {
            sum += l / (0.5 * (segment.proximal.diameter + segment.distal.diameter)).sqrt();
        }
    }
    let per_root_um =
        (4.0 * PI * frequency_hz * electrical.resistivity_ohm_m * electrical.capacitance_f_per_m2 * 1e-6)
            .sqrt();
    (length, length / (sum * per_root_um))
}

fn positive(what: &str, value: f64) -> Result<()> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Value, format!("{what} must be a positive number, not {value}")))
}

fn count(morphology: &Morphology, id: SectionId, n: f64) -> Result<u32> {
    let name = &morphology.section(id).name;
    if n < 1.0 {
        let message = format!("section {name} would have no compartments; it needs at least one");
        return Err(Error::new(ErrorKind::Value, message));
    }
    if n.is_nan() || n > MAX_COMPARTMENTS as f64 {
        let message =
            format!("section {name} would have {n:.3e} compartments, the limit is {MAX_COMPARTMENTS}");
        return Err(Error::new(ErrorKind::Limit, message).help("choose a coarser discretisation"));
    }
    Ok(n as u32)
}
