//! `LEMS_NAME.xml`: how long to run, what to record.

use std::collections::BTreeSet;

use super::cell::BIOPHYSICS;
use super::{Writer, free_id};
use crate::engine::find_variable;
use crate::error::{Error, ErrorKind, Result};
use crate::lems::Element;
use crate::model::{CableCell, PointStep, PopulationCell, Recording};
use crate::select::Location;
use crate::units::{Dimension, neuroml_text};

impl Writer<'_> {
    /// Writes the simulation.
    pub(super) fn simulation(&mut self) {
        let model = self.model;
        let time = |s: f64| neuroml_text(s, Dimension::TIME);
        let mut simulation = Element::new("Simulation")
            .with("id", format!("sim_{}", self.name))
            .with("length", time(model.run.duration_s))
            .with("step", time(model.run.dt_s))
            .with("target", format!("{}_net", self.name))
            .with("seed", model.seed.to_string());
        let mut meta = Element::new("Meta").with("for", "neuropil").with("method", model.run.method.name());
        let of_points = PointStep::NAMED.iter().find(|(_, step)| *step == model.run.point_step);
        if let (Some((name, _)), true) = (of_points, model.run.point_step != PointStep::default()) {
            meta = meta.with("pointMethod", *name);
        }
        simulation.children.push(meta);
        let mut files: Vec<(&str, Element)> = Vec::new();
        for (number, recording) in model.recordings.iter().enumerate() {
            let columns = self.columns(number, recording);
            let Some(columns) = self.keep(columns) else { continue };
            if !files.iter().any(|(file, _)| *file == recording.file) {
                if recording.interval_s > 1.5 * model.run.dt_s {
                    let message = format!(
                        "recording '{}': samples at every step, not every {} ms: NeuroML has no other interval",
                        recording.file,
                        recording.interval_s * 1e3
                    );
                    self.warn("interval", message);
                }
                let element = Element::new("OutputFile").with("id", super::id_like(&recording.file));
                files.push((&recording.file, element.with("fileName", format!("{}.dat", recording.file))));
            }
            let Some((_, file)) = files.iter_mut().find(|(file, _)| *file == recording.file) else {
                continue;
            };
            let mut taken: BTreeSet<String> =
                file.children.iter().filter_map(|c| c.get("id")).map(str::to_string).collect();
            for (name, quantity) in columns {
                let column = Element::new("OutputColumn").with("id", free_id(&name, &mut taken));
                file.children.push(column.with("quantity", quantity));
            }
        }
        simulation.children.extend(files.into_iter().map(|(_, file)| file));
        simulation.children.extend(self.spikes());
        let mut root = Element::new("Lems");
        root.children.push(Element::new("Target").with("component", format!("sim_{}", self.name)));
        let core = ["Cells.xml", "Networks.xml", "Simulation.xml"].map(str::to_string);
        for file in core.into_iter().chain(self.documents.name_of_lems()).chain(self.documents.names()) {
            root.children.push(Element::new("Include").with("file", file));
        }
        self.documents.add(format!("LEMS_{}.xml", self.name), root.child(simulation));
    }

    /// A file of the spikes of all that can spike.
    fn spikes(&self) -> Option<Element> {
        let mut file = Element::new("EventOutputFile")
            .with("id", "spikes")
            .with("fileName", "spikes.dat")
            .with("format", "TIME_ID");
        for (at, population) in self.model.populations.iter().enumerate() {
            let port = match &population.cell {
                PopulationCell::Cable(_) if self.detector(at).is_none() => continue,
                PopulationCell::Point(cell) => match cell.dynamics.out_ports.first() {
                    Some(port) => port.as_str(),
                    None => continue,
                },
                _ => "spike",
            };
            for member in &self.members[at] {
                let selection = Element::new("EventSelection")
                    .with("id", file.children.len().to_string())
                    .with("select", member.path());
                file.children.push(selection.with("eventPort", port));
            }
        }
        (!file.children.is_empty()).then_some(file)
    }

    /// Names and paths of the columns of a recording, in the order of the engine.
    fn columns(&self, number: usize, recording: &Recording) -> Result<Vec<(String, String)>> {
        let population = &self.model.populations[recording.population];
        let mut columns = Vec::new();
        for cell in recording.cells.indices(population.size) {
            let places = self.recorded(number, cell)?;
            for variable in &recording.variables {
                let before = columns.len();
                match &population.cell {
                    PopulationCell::Cable(cable) => {
                        for place in &places {
                            self.on_cable(recording, cell, cable, variable, *place, &mut columns)?;
                        }
                    }
                    _ => self.on_point(recording, cell, variable, &mut columns)?,
                }
                if columns.len() == before {
                    let message =
                        format!("recording '{}': there is no '{variable}' to record", recording.file);
                    return Err(Error::new(ErrorKind::Selection, message));
                }
            }
        }
        Ok(columns)
    }

    fn on_point(
        &self,
        recording: &Recording,
        cell: usize,
        variable: &str,
        columns: &mut Vec<(String, String)>,
    ) -> Result<()> {
        let population = &self.model.populations[recording.population];
        let PopulationCell::Point(of) = &population.cell else { return Ok(()) };
        let member = &self.members[recording.population][cell];
        let name = format!("{}_{cell}_{variable}", population.name);
        if self.placed(recording, cell, variable, None, columns, &name)? {
            return Ok(());
        }
        let found = find_variable(&of.dynamics, variable)?.variable;
        // What is shown goes by the name that it is shown by.
        let shown = of.dynamics.exposures.iter().find(|(_, v)| *v == found).map(|(shown, _)| shown.clone());
        columns.push((name, format!("{}/{}", member.path(), shown.unwrap_or(found))));
        Ok(())
    }

    fn on_cable(
        &self,
        recording: &Recording,
        cell: usize,
        cable: &CableCell,
        variable: &str,
        place: Location,
        columns: &mut Vec<(String, String)>,
    ) -> Result<()> {
        let population = &self.model.populations[recording.population];
        let member = &self.members[recording.population][cell];
        let Some(body) = self.body_of[recording.population].map(|at| &self.bodies[at]) else { return Ok(()) };
        let section = &cable.morphology.section(place.section).name;
        let name = format!("{}_{cell}_{section}_{:.4}_{variable}", population.name, place.fraction);
        let Some(segment) = body.recorded(place) else {
            let message = format!("recording '{}': no segment has its middle there", recording.file);
            return Err(Error::new(ErrorKind::Unsupported, message));
        };
        let base = format!("{}/{segment}", member.path());
        if variable == "v" || variable == "iChannels" {
            let path = match variable {
                "v" => format!("{base}/v"),
                _ => format!("{base}/{BIOPHYSICS}/membraneProperties/totChanCurrent"),
            };
            columns.push((name, path));
            return Ok(());
        }
        if self.placed(recording, cell, variable, Some(place), columns, &name)? {
            return Ok(());
        }
        let Some((owner, rest)) = variable.split_once('.') else {
            let message = format!("recording '{}': NeuroML has no path to '{variable}'", recording.file);
            return Err(Error::new(ErrorKind::Unsupported, message));
        };
        let cv = body.compartment(place) as usize;
        let here = |name: &str| {
            let mut spreads = body.plan.mechanisms.iter();
            spreads.any(|s| s.mechanism.name == name && s.cover.get(cv).is_some_and(|cover| *cover > 0.0))
        };
        if let Some(density) = cable.densities.iter().find(|d| d.name == owner) {
            if !here(owner) {
                return Ok(());
            }
            let found = find_variable(&density.dynamics, rest)?.variable;
            let path = format!("{base}/{BIOPHYSICS}/membraneProperties/{}/{found}", super::id_like(owner));
            columns.push((name, path));
        } else if let Some(pool) = cable.pools.iter().find(|p| p.ion == owner) {
            if !here(owner) {
                return Ok(());
            }
            let found = match rest {
                "concentration" => format!("{owner}Conc"),
                "extConcentration" => format!("{owner}ConcExt"),
                _ => {
                    let found = find_variable(&pool.dynamics, rest)?.variable;
                    format!(
                        "{BIOPHYSICS}/intracellularProperties/{}/concentrationModel/{found}",
                        super::id_like(owner)
                    )
                }
            };
            columns.push((name, format!("{base}/{found}")));
        }
        Ok(())
    }

    /// Columns of a synapse or stimulus, those in the compartment of `place` on cells with a shape; false if none is
    /// called so.
    fn placed(
        &self,
        recording: &Recording,
        cell: usize,
        variable: &str,
        place: Option<Location>,
        columns: &mut Vec<(String, String)>,
        name: &str,
    ) -> Result<bool> {
        let Some((owner, rest)) = variable.split_once('.') else { return Ok(false) };
        let model = self.model;
        let at = recording.population;
        let population = &model.populations[at];
        let member = &self.members[at][cell];
        let body = self.body_of[at].map(|at| &self.bodies[at]);
        let here = |other: Option<Location>| match (body, place, other) {
            (Some(body), Some(place), Some(other)) => body.compartment(place) == body.compartment(other),
            _ => true,
        };
        let synapses = match &population.cell {
            PopulationCell::Cable(cell) => &cell.synapses[..],
            PopulationCell::Point(cell) => &cell.synapses[..],
            PopulationCell::SpikeTimes(_) => &[],
        };
        let path = |component: &str, number: usize, found: &str| {
            format!("{}[{}]/synapses:{component}:{number}/{found}", member.population, member.index)
        };
        if let Some(index) = synapses.iter().position(|s| s.name == owner) {
            let found = shown(&synapses[index].dynamics, rest)?;
            let placement = &self.points[at][cell][index];
            for point in (0..placement.locations.len()).filter(|p| here(placement.locations[*p])) {
                let mut numbers = placement.connected.iter().enumerate().filter(|(_, p)| **p == point);
                let (Some((number, _)), None) = (numbers.next(), numbers.next()) else {
                    let message = format!(
                        "recording '{}': NeuroML can record '{variable}' only of a synapse with one connection",
                        recording.file
                    );
                    return Err(Error::new(ErrorKind::Unsupported, message));
                };
                columns.push((format!("{name}_{point}"), path(&placement.component, number, &found)));
            }
            return Ok(true);
        }
        let stimulus = model.stimuli.iter().enumerate().find(|(_, s)| s.population == at && s.name == owner);
        let Some((number, stimulus)) = stimulus else { return Ok(false) };
        let found = shown(&stimulus.dynamics, rest)?;
        if stimulus.cells.indices(population.size).contains(&cell) {
            let places: Vec<Option<Location>> = match &stimulus.points {
                Some(points) if body.is_some() => {
                    let places = self.places(at, cell, points, crate::model::Use::Stimulus(number))?;
                    places.into_iter().map(Some).collect()
                }
                _ => vec![None],
            };
            for (i, _) in places.iter().enumerate().filter(|(_, place)| here(**place)) {
                columns.push((format!("{name}_{i}"), path(&self.inputs[number], i, &found)));
            }
        }
        Ok(true)
    }
}

/// The name by which `dynamics` show what a recording calls `name`.
fn shown(dynamics: &crate::dynamics::Dynamics, name: &str) -> Result<String> {
    let found = find_variable(dynamics, name)?.variable;
    let shown = dynamics.exposures.iter().find(|(_, variable)| *variable == found);
    Ok(shown.map_or(found.clone(), |(shown, _)| shown.clone()))
}
