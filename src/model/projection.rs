//! Projections: cells connected to cells by a rule.

use std::sync::Arc;

use super::{CellSet, Formula, Sender, Source, Space};
use crate::dynamics::Dynamics;
use crate::rng::Distribution;
use crate::select::{Points, Region};

/// Cells one after the other: those of a population, of a view of one, or of several (an assembly).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cells {
    /// Index of a population, and which of its cells.
    pub parts: Vec<(usize, CellSet)>,
}

impl Cells {
    /// All cells of a population.
    pub fn all(population: usize) -> Cells {
        Cells { parts: vec![(population, CellSet::All)] }
    }
}

/// Cells connected to cells by a rule, PyNN's `Projection`.
#[derive(Debug, Clone)]
pub struct Projection {
    /// Its name, unique in the model: random choices are keyed by it.
    pub name: String,
    /// Where spikes come from.
    pub source: Cells,
    /// What on the source cells sends them.
    pub sender: Sender,
    /// Where they go.
    pub target: Cells,
    /// What on the target cells receives them, for each part of `target`.
    pub receptors: Vec<Receptor>,
    /// Which of the receptor's contacts on a cell with a shape a connection takes.
    pub contacts: Contacts,
    /// Who is connected to whom.
    pub connector: Connector,
    /// Whether cells connect to themselves.
    pub self_connections: SelfConnections,
    /// How distances are measured.
    pub space: Space,
    /// Weights: factors on the receptor's own strength.
    pub weight: Value,
    /// The sign that weights must have.
    pub sign: Option<Sign>,
    /// Delays, s; taken in whole time steps.
    pub delay_s: Value,
    /// What the connections themselves do, if they do more than carry a weight.
    pub rule: Option<ConnectionRule>,
    /// What of it is sampled.
    pub recordings: Vec<ConnectionRecording>,
    /// Name of the file, without ending, to which its contacts are listed; none if nobody asks.
    pub contacts_file: Option<String>,
    /// If it couples cells instead of sending spikes: there is a contact at each end, and receptors, delays and rules mean
    /// nothing.
    pub junction: Option<Junction>,
}

/// What couples two cells: a gap junction.
#[derive(Debug, Clone)]
pub struct Junction {
    /// The equations at each end: they expose `i` (A, positive into the cell) and read `v`, `peer/v` and `weight`.
    pub dynamics: Arc<Dynamics>,
    /// Where on the source cell, if that has a shape; the first point counts.
    pub source_at: Option<Points>,
    /// Where on the target cell, in the same way.
    pub target_at: Option<Points>,
}

/// Sampled states of the connections of a projection that has a [`ConnectionRule`]: as of the last spike that each has
/// heard.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionRecording {
    /// Which: what the rule exposes (`w`), or `effective`.
    pub variables: Vec<String>,
    /// Sampling interval, s, a whole multiple of the time step; 0 for every step.
    pub interval_s: f64,
    /// Name of the result file without ending, of no other recording.
    pub file: String,
}

/// Equations of connections: plasticity, random release.
#[derive(Debug, Clone)]
pub struct ConnectionRule {
    /// The equations. They hear spikes of the source at port `pre`, maybe those of the target at `post`, read their own `weight`,
    /// and expose as `effective` the weight with which a spike goes on.
    pub dynamics: Arc<Dynamics>,
    /// The component that the dynamics are of, if it is known.
    pub source: Option<Arc<Source>>,
    /// Parameters that differ between connections, SI.
    pub parameters: Vec<(String, Value)>,
    /// How many release sites a connection has, at least 1: each has states and random numbers of its own and an equal share
    /// of the weight.
    pub sites: u32,
    /// The share of the delay that lies behind the synapse, from 0 to 1.
    pub dendritic_delay_fraction: f64,
}

/// What the weights of a projection must not be, by what receives them (PyNN's rule).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// Conductances: never negative.
    Conductance,
    /// Currents that excite: never negative.
    Excitatory,
    /// Currents that inhibit: never positive.
    Inhibitory,
}

impl Sign {
    /// Whether a weight may be.
    pub fn allows(self, weight: f64) -> bool {
        match self {
            Sign::Conductance | Sign::Excitatory => weight >= 0.0,
            Sign::Inhibitory => weight <= 0.0,
        }
    }

    /// What is wrong with a weight that may not be.
    pub fn fault(self) -> &'static str {
        match self {
            Sign::Conductance => "a negative weight on a conductance",
            Sign::Excitatory => "a negative weight on an excitatory current",
            Sign::Inhibitory => "a positive weight on an inhibitory current",
        }
    }

    /// What to do about it.
    pub fn help(self) -> &'static str {
        match self {
            Sign::Conductance => "a synapse inhibits by its reversal potential, not by its weight",
            Sign::Excitatory => "weights of `excitatory` are positive or 0; connect to `inhibitory` instead",
            Sign::Inhibitory => "weights of `inhibitory` are negative or 0 here",
        }
    }
}

/// What receives the events of a projection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receptor {
    /// Index into the target cell's `synapses`; none for the target itself, a point cell.
    pub synapse: Option<u32>,
    /// The port: index into its [`Dynamics::in_ports`](crate::dynamics::Dynamics::in_ports).
    pub port: u16,
}

/// Which contacts on the target cell a connection takes, where its receptor is there more than once.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Contacts {
    /// One to each.
    #[default]
    All,
    /// Those with these indices.
    Listed(Vec<u32>),
    /// So many different ones at random, for each connection anew.
    Random(u32),
    /// One to each in the region.
    Within(Region),
}

/// Whether cells connect to themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SelfConnections {
    /// As the rule has it.
    #[default]
    Allowed,
    /// Never.
    Forbidden,
    /// Never, and no two cells to each other.
    NotMutual,
}

/// Who is connected to whom. Names and meanings are those of PyNN's connectors.
#[derive(Debug, Clone, PartialEq)]
pub enum Connector {
    /// Every pair.
    AllToAll,
    /// The first to the first, the second to the second, …
    OneToOne,
    /// Each pair with the same probability.
    FixedProbability(f64),
    /// Each pair with a probability by formula: of the distance `d`, of the displacement from source to target
    /// `x`, `y`, `z` (lengths), of the indices `i` of the source and `j` of the target. Values above 1
    /// count as 1, below 0 as 0.
    Probability(Formula),
    /// Each target gets `n` sources.
    FixedNumberPre {
        /// How many: a number or a distribution of whole numbers.
        n: Value,
        /// Whether one may be drawn twice. Without, if `n` is more than there are, each is taken
        /// once before any is taken twice.
        with_replacement: bool,
    },
    /// Each source gets `n` targets.
    FixedNumberPost {
        /// As of [`Connector::FixedNumberPre`].
        n: Value,
        /// As of [`Connector::FixedNumberPre`].
        with_replacement: bool,
    },
    /// `n` pairs in all.
    FixedTotalNumber {
        /// How many.
        n: u64,
        /// Whether a pair may be drawn twice.
        with_replacement: bool,
    },
    /// All pairs within a distance; of each the source is replaced by a random one with a probability (Watts
    /// and Strogatz 1998).
    SmallWorld {
        /// Greatest distance, µm.
        degree_um: f64,
        /// Probability of rewiring.
        rewiring: f64,
    },
    /// Pairs one by one.
    Listed(Arc<Listed>),
    /// The pairs of another projection of the same cells, by its index in the model.
    Clone(usize),
}

/// Pairs one by one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Listed {
    /// Indices among sources and among targets.
    pub pairs: Vec<(u32, u32)>,
}

/// A number for each connection (or each target cell, or each cell of a population).
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// The same for all.
    Constant(f64),
    /// Drawn for each, keyed by who is connected.
    Random(Distribution),
    /// By formula of the same names as [`Connector::Probability`].
    Formula(Formula),
    /// One for each of the [`Listed`] pairs.
    Listed(Arc<[f64]>),
    /// One for each pair, source by source.
    Matrix(Arc<[f64]>),
}
