//! How many compartments a section gets.

use std::collections::BTreeMap;
use std::f64::consts::PI;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result, nearest};
use crate::model::Rule;
use crate::morph::{Morphology, SectionId};

/// The most compartments one cell may have: beyond this the policy is taken for a slip.
pub const MAX_COMPARTMENTS: usize = 1 << 26;

/// The rule that cuts a cell into compartments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Policy {
    /// A fixed number of equally long compartments per section (NEURON's `nseg`).
    PerSection {
        /// The number in every section that `sections` does not name.
        compartments: u32,
        /// Other numbers, by the name of a section, of a group, or of a kind (`soma`, `axon`,
        /// `dend`, `apic`); the name of a section goes before the name of what holds it.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        sections: BTreeMap<String, u32>,
    },
    /// The least number of equally long compartments per section that are not longer than this.
    MaxLength {
        /// The greatest length of a compartment, µm.
        length_um: f64,
    },
    /// An odd number of equally long compartments per section, each at most `fraction` of the
    /// alternating-current length constant at `frequency_hz` (Hines & Carnevale 2001,
    /// Neuroscientist 7:123, "the d_lambda rule").
    DLambda {
        /// The greatest length of a compartment in length constants; 0.1 is usual.
        fraction: f64,
        /// The frequency at which the length constant is taken, Hz; 100 is usual.
        frequency_hz: f64,
    },
    /// Each segment of the morphology one compartment; segments of no length go to a neighbour.
    PerSegment,
    /// A rule for each section.
    #[serde(skip)]
    BySection(Vec<Rule>),
}

impl Default for Policy {
    /// The d_lambda rule with a tenth of the length constant at 100 Hz.
    fn default() -> Policy {
        Policy::DLambda { fraction: 0.1, frequency_hz: 100.0 }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Policy::PerSection { compartments, sections } => {
                write!(f, "{compartments} per section")?;
                for (name, n) in sections {
                    write!(f, ", {n} in {name}")?;
                }
                Ok(())
            }
            Policy::MaxLength { length_um } => write!(f, "at most {length_um} µm each"),
            Policy::DLambda { fraction, frequency_hz } => {
                write!(f, "d_lambda rule, {fraction} of the length constant at {frequency_hz} Hz")
            }
            Policy::PerSegment => write!(f, "one per segment"),
            Policy::BySection(_) => write!(f, "by section"),
        }
    }
}

/// What the length constant of a section depends on beside its shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Electrical {
    /// Axial resistivity, Ω m.
    pub resistivity_ohm_m: f64,
    /// Specific membrane capacitance, F/m².
    pub capacitance_f_per_m2: f64,
}

impl Policy {
    /// The number of compartments of every section of `morphology`, 0 where it is one per segment.
    ///
    /// # Errors
    /// Numbers that are not positive, names that nothing carries, and sizes beyond
    /// [`MAX_COMPARTMENTS`].
    pub(super) fn counts(
        &self,
        morphology: &Morphology,
        electrical: impl Fn(SectionId) -> Electrical,
    ) -> Result<Vec<u32>> {
        let ids = morphology.section_ids();
        match self {
            Policy::PerSection { compartments, sections } => per_section(morphology, *compartments, sections),
            Policy::MaxLength { length_um } => {
                ids.map(|id| by_rule(morphology, id, Rule::MaxLength(*length_um), &electrical)).collect()
            }
            Policy::DLambda { fraction, frequency_hz } => {
                let rule = Rule::DLambda { fraction: *fraction, frequency_hz: *frequency_hz };
                ids.map(|id| by_rule(morphology, id, rule, &electrical)).collect()
            }
            Policy::PerSegment => Ok(vec![0; morphology.sections.len()]),
            Policy::BySection(rules) => {
                ids.zip(rules).map(|(id, rule)| by_rule(morphology, id, *rule, &electrical)).collect()
            }
        }
    }
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

fn per_section(morphology: &Morphology, default: u32, overrides: &BTreeMap<String, u32>) -> Result<Vec<u32>> {
    let mut counts: Vec<(u32, &str)> = vec![(default, ""); morphology.sections.len()];
    for (name, &n) in overrides {
        let mut hit = false;
        if let Some(index) = morphology.sections.iter().position(|s| s.name == *name) {
            (counts[index], hit) = ((n, name.as_str()), true);
        } else {
            let group = morphology.groups.get(name).map_or(&[][..], Vec::as_slice);
            let kind = morphology.section_ids().filter(|&id| morphology.section(id).kind.stem() == name);
            let ids: Vec<SectionId> = if group.is_empty() { kind.collect() } else { group.to_vec() };
            for id in ids {
                hit = true;
                let Some(entry) = counts.get_mut(id.index()) else { continue };
                if overrides.contains_key(&morphology.section(id).name) {
                    continue;
                }
                if !entry.1.is_empty() && entry.0 != n {
                    return Err(Error::new(
                        ErrorKind::Value,
                        format!(
                            "section {} is in both {} ({} compartments) and {name} ({n})",
                            morphology.section(id).name,
                            entry.1,
                            entry.0
                        ),
                    )
                    .help("give the number for the section by its own name too"));
                }
                *entry = (n, name);
            }
        }
        if !hit {
            let known = morphology.sections.iter().map(|s| s.name.as_str());
            let known = known.chain(morphology.groups.keys().map(String::as_str));
            let error = Error::new(ErrorKind::Name, format!("no section or group is called {name:?}"));
            return Err(match nearest(name, known) {
                Some(near) => error.help(format!("did you mean {near:?}?")),
                None => error,
            });
        }
    }
    morphology.section_ids().map(|id| count(morphology, id, f64::from(counts[id.index()].0))).collect()
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
