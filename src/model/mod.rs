//! The neutral description of what is simulated: plain data, nothing discretised, SI units.
//!
//! Whatever reads (experiment files, NeuroML, Rust programs) fills a [`Model`]; whatever runs or
//! writes starts from it.

pub mod build;
mod cell;
mod draw;
mod formula;
mod ions;
mod network;
mod projection;
mod record;
mod source;
mod space;

pub use cell::{CableCell, Density, Discretisation, Placed, PointCell, Pool, Rule};
pub use draw::{Draws, Use, cell_key, name_key};
pub use formula::Formula;
pub use ions::{concentration_input, is_current_of};
pub use network::{
    Attachments, CellSet, Connection, Contact, Coupling, Population, PopulationCell, Receiver, Sender,
    Stimulus,
};
pub use projection::{
    Cells, ConnectionRecording, ConnectionRule, Connector, Contacts, Junction, Listed, Projection, Receptor,
    SelfConnections, Sign, Value,
};
pub use record::{EventRecording, Recording, Site, SpikeDetector};
pub use source::Source;
pub use space::{Position, Space, Structure};

/// How the voltage is stepped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// Implicit (backward) Euler, first order in time, as NEURON's default.
    #[default]
    BackwardEuler,
    /// Crank–Nicolson with gates staggered by half a step, second order in time, as NEURON's
    /// `secondorder = 2` (Hines 1984).
    CrankNicolson,
    /// Crank–Nicolson a little on the implicit side, so that what rings along a stiff cable dies out with
    /// [`Method::DAMPING_S`] whatever the step: of second order too. From steps of twice that time on it
    /// is backward Euler with staggered gates.
    DampedCrankNicolson,
}

impl Method {
    /// Time constant with which [`Method::DampedCrankNicolson`] lets ringing die out, s: a tenth of the
    /// length of a spike.
    pub const DAMPING_S: f64 = 1e-4;

    /// Every method by the name that documents have for it.
    pub const NAMED: [(&'static str, Method); 3] = [
        ("backward_euler", Method::BackwardEuler),
        ("crank_nicolson", Method::CrankNicolson),
        ("damped_crank_nicolson", Method::DampedCrankNicolson),
    ];

    /// The name that documents have for it.
    pub fn name(self) -> &'static str {
        let [(backward_euler, _), (crank_nicolson, _), (damped, _)] = Self::NAMED;
        match self {
            Method::BackwardEuler => backward_euler,
            Method::CrankNicolson => crank_nicolson,
            Method::DampedCrankNicolson => damped,
        }
    }

    /// θ: which part of a step of `dt_s` (s) lies before the potential at which currents are taken; 1 is
    /// backward Euler, 1/2 Crank–Nicolson.
    ///
    /// What changes within far less than a step is multiplied by (θ − 1)/θ in each. With
    /// θ = 1/2 + dt/(4τ) that is about −e^(−dt/τ), and the error of first order, (θ − 1/2) dt, is one of second.
    pub fn implicitness(self, dt_s: f64) -> f64 {
        match self {
            Method::BackwardEuler => 1.0,
            Method::CrankNicolson => 0.5,
            Method::DampedCrankNicolson => (0.5 + dt_s / (4.0 * Self::DAMPING_S)).min(1.0),
        }
    }
}

/// How cells without a shape are stepped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PointStep {
    /// To second order by the exponential midpoint rule, but to fourth order where the potential runs up by itself (a
    /// quadratic or an exponential neuron); conditions are met at the ends of steps.
    #[default]
    Midpoint,
    /// To fourth order by an exponential Runge–Kutta method; conditions are met at the ends of steps.
    RungeKutta,
    /// To fourth order by an exponential Runge–Kutta method; conditions are met where they come to hold
    /// within the step. Cells that draw random numbers, and those with kinetic schemes, go by the other.
    Fourth,
}

impl PointStep {
    /// The ways that experiments may ask for, by their names.
    pub const NAMED: [(&'static str, PointStep); 2] =
        [("exponential_midpoint", PointStep::Midpoint), ("exponential_runge_kutta", PointStep::RungeKutta)];
}

/// When and how to run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Run {
    /// Time step, s, of populations that have none of their own.
    pub dt_s: f64,
    /// Length of the run, s.
    pub duration_s: f64,
    /// Voltage stepping.
    pub method: Method,
    /// Stepping of cells without a shape.
    pub point_step: PointStep,
}

/// Everything about one simulation.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its name, for titles and file names.
    pub name: String,
    /// The one seed: every random choice is keyed by it.
    pub seed: u64,
    /// Temperature, K.
    pub temperature_k: f64,
    /// Run control.
    pub run: Run,
    /// Populations of cells.
    pub populations: Vec<Population>,
    /// Stimuli: injected currents and clamps.
    pub stimuli: Vec<Stimulus>,
    /// Synapses and inputs at places of single cells.
    pub attachments: Vec<Attachments>,
    /// Pairs of contacts that read each other.
    pub couplings: Vec<Coupling>,
    /// Connections for events, one by one.
    pub connections: Vec<Connection>,
    /// Connections for events, by rule.
    pub projections: Vec<Projection>,
    /// Sampled signals.
    pub recordings: Vec<Recording>,
    /// Spike detectors on cable cells.
    pub spike_detectors: Vec<SpikeDetector>,
    /// Events beside the spikes of cells that are observed.
    pub event_recordings: Vec<EventRecording>,
}

impl Model {
    /// The time step of population `number`, s: its own, or that of the run.
    pub fn step_s(&self, number: usize) -> f64 {
        self.populations.get(number).and_then(|population| population.dt_s).unwrap_or(self.run.dt_s)
    }

    /// The step in which delays from population `from` to population `to` are counted, s: the shorter one of the two.
    pub fn delay_step_s(&self, from: usize, to: usize) -> f64 {
        match self.populations.get(from).map(|population| &population.cell) {
            Some(PopulationCell::SpikeTimes(_)) | None => self.step_s(to),
            Some(_) => self.step_s(from).min(self.step_s(to)),
        }
    }

    /// The number in the model of the first cell of each population: populations in order, cells in order.
    pub fn first_cells(&self) -> Vec<u64> {
        let before = |next: &mut u64, population: &Population| {
            let first = *next;
            *next += population.size as u64;
            Some(first)
        };
        self.populations.iter().scan(0, before).collect()
    }
}
