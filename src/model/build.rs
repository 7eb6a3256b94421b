//! Models put together in a program, with the components of the [library](crate::library).
//!
//! Everything here takes SI units.

use std::sync::Arc;

use super::{
    CableCell, CellSet, Density, Discretisation, Method, Model, Placed, PointStep, Population,
    PopulationCell, Recording, Rule, Run, Site, Source, SpikeDetector, Stimulus,
};
use crate::dynamics::Dynamics;
use crate::error::{Error, ErrorKind, Result};
use crate::lems::Element;
use crate::library;
use crate::morph::Morphology;
use crate::select::{Field, Points, Region};
use crate::units::Dimension;

/// The flat dynamics of a component described by `element`, under the name `name`.
///
/// # Errors
/// If the component is not what its type asks for, or refers to what the library lacks.
pub fn dynamics(element: &Element, name: &str) -> Result<Arc<Dynamics>> {
    made(element, name).map(|(dynamics, _)| dynamics)
}

fn made(element: &Element, name: &str) -> Result<(Arc<Dynamics>, Option<Arc<Source>>)> {
    let set = library::set()?;
    let component = set.build(element)?;
    let mut dynamics = set.flatten(&component)?;
    dynamics.name = name.to_string();
    Ok((Arc::new(dynamics), Some(Arc::new(Source::of(set, &component)))))
}

impl CableCell {
    /// A cell of `morphology` with specific capacitance (F/m²), axial resistivity (Ω m) and initial
    /// potential (V); one compartment per section, bare membrane.
    pub fn new(morphology: Morphology, capacitance: f64, resistivity: f64, initial_v: f64) -> CableCell {
        CableCell {
            morphology: Arc::new(morphology),
            discretisation: Discretisation { rules: vec![(Region::All, Rule::PerSection(1))] },
            specific_capacitance: Field::constant(capacitance, Dimension::SPECIFIC_CAPACITANCE),
            axial_resistivity: Field::constant(resistivity, Dimension::RESISTIVITY),
            initial_v: Field::constant(initial_v, Dimension::VOLTAGE),
            densities: Vec::new(),
            pools: Vec::new(),
            synapses: Vec::new(),
        }
    }

    /// Cuts the sections of `region` by `rule`; later rules win.
    pub fn cut(mut self, region: Region, rule: Rule) -> CableCell {
        self.discretisation.rules.push((region, rule));
        self
    }

    /// Spreads a channel over the membrane.
    pub fn with_channel(mut self, density: Density) -> CableCell {
        self.densities.push(density);
        self
    }

    /// Places a synapse or receptor.
    pub fn with_synapse(mut self, synapse: Placed) -> CableCell {
        self.synapses.push(synapse);
        self
    }
}

impl Density {
    /// Channel `channel` of the library on `region`, ohmic: conductance density `g` (S/m²) and
    /// reversal potential `reversal` (V).
    ///
    /// # Errors
    /// If the library has no such channel.
    pub fn ohmic(channel: &str, region: Region, g: f64, reversal: f64) -> Result<Density> {
        let element = Element::new("channelDensity")
            .with("id", format!("{channel}_density"))
            .with("ionChannel", channel)
            .with("condDensity", format!("{g} S_per_m2"))
            .with("erev", format!("{reversal} V"));
        let ion = library::set()?.component(channel).and_then(|c| c.text("species"));
        let ion = ion.filter(|ion| *ion != "non_specific").map(str::to_string);
        let (dynamics, source) = made(&element, channel)?;
        Ok(Density { name: channel.to_string(), dynamics, source, region, parameters: Vec::new(), ion })
    }

    /// The same under another name, for a channel that a cell has twice.
    pub fn named(mut self, name: impl Into<String>) -> Density {
        self.name = name.into();
        self
    }
}

impl Placed {
    /// The synapse `component` of the library at `points`.
    ///
    /// # Errors
    /// If the library has no such synapse.
    pub fn synapse(component: &str, points: Points) -> Result<Placed> {
        let set = library::set()?;
        let found = set.component(component).ok_or_else(|| {
            Error::new(ErrorKind::Name, format!("the library has no component '{component}'"))
        })?;
        let mut dynamics = set.flatten(found)?;
        dynamics.name = component.to_string();
        let (name, dynamics) = (component.to_string(), Arc::new(dynamics));
        let source = Some(Arc::new(Source::of(set, found)));
        Ok(Placed { name, dynamics, source, points, parameters: Vec::new() })
    }
}

impl Stimulus {
    /// A current of `amplitude` (A) from `start` to `stop` (s) at `points` of cells of `population`.
    ///
    /// # Errors
    /// If `stop` lies before `start`.
    pub fn step(
        population: usize,
        cells: CellSet,
        points: Points,
        start: f64,
        stop: f64,
        amplitude: f64,
    ) -> Result<Stimulus> {
        if stop < start {
            let message = format!("a current step from {start} to {stop} s ends before it begins");
            return Err(Error::new(ErrorKind::Value, message));
        }
        let element = Element::new("pulseGenerator")
            .with("id", "step")
            .with("delay", format!("{start} s"))
            .with("duration", format!("{} s", stop - start))
            .with("amplitude", format!("{amplitude} A"));
        let (dynamics, source) = made(&element, "step")?;
        Ok(Stimulus {
            name: "step".into(),
            population,
            cells,
            points: Some(points),
            dynamics,
            source,
            parameters: Vec::new(),
        })
    }
}

impl Model {
    /// An empty model: `duration` and `dt` in s, temperature in K, backward Euler, seed 0.
    pub fn new(name: impl Into<String>, duration: f64, dt: f64, temperature_k: f64) -> Model {
        Model {
            name: name.into(),
            seed: 0,
            temperature_k,
            run: Run {
                dt_s: dt,
                duration_s: duration,
                method: Method::default(),
                point_step: PointStep::default(),
            },
            populations: Vec::new(),
            stimuli: Vec::new(),
            attachments: Vec::new(),
            couplings: Vec::new(),
            connections: Vec::new(),
            projections: Vec::new(),
            recordings: Vec::new(),
            spike_detectors: Vec::new(),
            event_recordings: Vec::new(),
        }
    }

    /// Adds `size` cells; gives the population's index.
    pub fn add_population(&mut self, name: impl Into<String>, size: usize, cell: PopulationCell) -> usize {
        self.populations.push(Population {
            name: name.into(),
            size,
            cell,
            dt_s: None,
            initial_v: Vec::new(),
            positions: Vec::new(),
            parameters: Vec::new(),
            initial: Vec::new(),
        });
        self.populations.len() - 1
    }

    /// Records `variables` (`v`, `na.m`, …) at `points` of all cells of `population` at every step.
    pub fn record(&mut self, population: usize, points: Points, variables: &[&str], file: impl Into<String>) {
        self.recordings.push(Recording {
            population,
            cells: CellSet::All,
            site: Site::Points(points),
            variables: variables.iter().map(|v| (*v).to_string()).collect(),
            interval_s: 0.0,
            file: file.into(),
            label: None,
        });
    }

    /// Detects spikes of all cells of `population`: upward passages of `threshold` (V) at `points`.
    pub fn detect_spikes(&mut self, population: usize, points: Points, threshold: f64) {
        self.spike_detectors.push(SpikeDetector {
            population,
            points: Some(points),
            threshold_v: threshold,
            is_output: true,
        });
    }
}
