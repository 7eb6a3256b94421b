//! Cells: shape, passive properties, what sits on the membrane.

use std::fmt;
use std::sync::Arc;

use super::Source;
use crate::dynamics::Dynamics;
use crate::morph::Morphology;
use crate::select::{Field, Points, Region};

/// A cell with a shape.
#[derive(Debug, Clone)]
pub struct CableCell {
    /// Its shape.
    pub morphology: Arc<Morphology>,
    /// How it is cut into compartments.
    pub discretisation: Discretisation,
    /// Specific membrane capacitance over space, F/m².
    pub specific_capacitance: Field,
    /// Axial resistivity over space, Ω m.
    pub axial_resistivity: Field,
    /// Membrane potential at the start over space, V. A population may override it per cell.
    pub initial_v: Field,
    /// Channels spread over the membrane.
    pub densities: Vec<Density>,
    /// Ion concentrations that change.
    pub pools: Vec<Pool>,
    /// Receptors and synapses at points.
    pub synapses: Vec<Placed>,
}

/// A channel spread over a region.
#[derive(Debug, Clone)]
pub struct Density {
    /// The name it is recorded by (`na`), unique in the cell.
    pub name: String,
    /// The flat dynamics of the density with its channel. Exposes `iDensity` (A/m², positive into
    /// the cell); reads `v` and what else the compartment offers.
    pub dynamics: Arc<Dynamics>,
    /// The component that the dynamics are of, if it is known.
    pub source: Option<Arc<Source>>,
    /// Where it is.
    pub region: Region,
    /// Parameters that differ over space, in SI units: parameter name → field.
    pub parameters: Vec<(String, Field)>,
    /// The ion that the current is of (`na`, `k`, `ca`), if any.
    pub ion: Option<String>,
}

/// The concentration of one ion inside the cell, over a region.
#[derive(Debug, Clone)]
pub struct Pool {
    /// The ion (`ca`).
    pub ion: String,
    /// Reads `i<Ion>` (`iCa`, A into the cell) and `surfaceArea` (m²), exposes `concentration` and
    /// `extConcentration` (mol/m³).
    pub dynamics: Arc<Dynamics>,
    /// The component that the dynamics are of, if it is known.
    pub source: Option<Arc<Source>>,
    /// Where it is.
    pub region: Region,
    /// Parameters that differ over space, in SI units.
    pub parameters: Vec<(String, Field)>,
}

/// Something at points of the cell: a receptor, a synapse, an input.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The name it is recorded and connected by, unique in the cell.
    pub name: String,
    /// Exposes `i` (A, positive into the cell); reads `v` and `t`.
    pub dynamics: Arc<Dynamics>,
    /// The component that the dynamics are of, if it is known.
    pub source: Option<Arc<Source>>,
    /// Where; one instance a point.
    pub points: Points,
    /// Parameters that differ over space, in SI units.
    pub parameters: Vec<(String, Field)>,
}

/// A cell without a shape: its dynamics have their own `v`.
#[derive(Debug, Clone)]
pub struct PointCell {
    /// The dynamics. Reads `synapses[*]/i` (A, positive into the cell) if current can be injected.
    pub dynamics: Arc<Dynamics>,
    /// The component that the dynamics are of, if it is known.
    pub source: Option<Arc<Source>>,
    /// Synapses and receptors on it.
    pub synapses: Vec<Placed>,
}

/// How a cell is cut into compartments: rules for regions, later ones win.
///
/// A section takes the last rule whose region holds its middle.
#[derive(Debug, Clone)]
pub struct Discretisation {
    /// Region and rule, in order of writing.
    pub rules: Vec<(Region, Rule)>,
}

/// A rule that gives the number of compartments of a section.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// A fixed number in each section (NEURON's `nseg`).
    PerSection(u32),
    /// As many equal ones as make none longer than this, µm.
    MaxLength(f64),
    /// As many (an odd number) as make none longer than a fraction of the length constant at a
    /// frequency (Hines & Carnevale 2001, the d_lambda rule).
    DLambda {
        /// Fraction of the length constant, 0.1 by custom.
        fraction: f64,
        /// Frequency, Hz, 100 by custom.
        frequency_hz: f64,
    },
    /// One for each segment of the morphology.
    PerSegment,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::PerSection(1) => write!(f, "1 compartment per section"),
            Rule::PerSection(n) => write!(f, "{n} compartments per section"),
            Rule::MaxLength(um) => write!(f, "compartments of at most {um} µm"),
            Rule::DLambda { fraction, frequency_hz } => {
                write!(f, "d_lambda {fraction} at {frequency_hz} Hz")
            }
            Rule::PerSegment => write!(f, "1 compartment per segment"),
        }
    }
}
