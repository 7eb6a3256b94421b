//! `[[stimulus]]`: injected currents and clamps.

use std::cell::RefCell;
use std::sync::Arc;

use super::cell::ReadCell;
use super::cells::Selections;
use super::components::{Components, Instance};
use super::node::{Node, Table, suggestion};
use super::population::{self, Clock, ReadPopulation};
use super::values;
use super::{differing, drawn};
use crate::error::ErrorKind;
use crate::model::{CellSet, Population, PopulationCell, Stimulus, name_key};
use crate::rng::Purpose;
use crate::units::{Dimension, parse_quantity};

const KINDS: [&str; 7] = ["dc", "step", "steps", "ramp", "ac", "noise", "voltage_clamp"];

/// All `[[stimulus]]` of the file.
pub(super) fn read_all(
    root: &Table<'_>,
    cells: &[ReadCell],
    populations: &[ReadPopulation],
    selections: &Selections,
    components: &Components,
    clock: Clock,
) -> Option<Vec<Stimulus>> {
    let mut stimuli: Vec<Stimulus> = Vec::new();
    let mut sound = true;
    if let Some(node) = root.get("stimulus") {
        for item in node.list()? {
            let parts = item.table().and_then(|table| population::targets(&table, populations, selections));
            let mut read_parts = Vec::new();
            for part in parts.into_iter().flatten() {
                read_parts.push(read(&item, cells, populations, part, components, clock));
            }
            let many = read_parts.len() > 1;
            let Some(all) = read_parts.into_iter().collect::<Option<Vec<_>>>().filter(|all| !all.is_empty())
            else {
                sound = false;
                continue;
            };
            for mut stimulus in all.into_iter().flatten() {
                if many {
                    // One entry on several populations is one stimulus on each.
                    let population = &populations[stimulus.population].population.name;
                    stimulus.name = format!("{} on {population}", stimulus.name);
                }
                if stimuli.iter().any(|s| s.name == stimulus.name) {
                    let message = format!("two stimuli are called `{}`", stimulus.name);
                    item.wrong(ErrorKind::Name, message, "give them different names with `name`");
                    sound = false;
                }
                item.source.named(format!("stimulus '{}'", stimulus.name), item.place());
                stimuli.push(stimulus);
            }
        }
    }
    sound.then_some(stimuli)
}

fn read(
    node: &Node<'_>,
    cells: &[ReadCell],
    populations: &[ReadPopulation],
    (population, set): (usize, CellSet),
    components: &Components,
    clock: Clock,
) -> Option<Vec<Stimulus>> {
    let table = node.table()?;
    table.get("population");
    table.get("cells");
    let name = table.get("name").map(|n| n.text());
    let target = Some(&populations[population]);
    let cable = target.is_none_or(|p| matches!(p.population.cell, PopulationCell::Cable(_)));
    let body = target.and_then(population::body);
    let points = match (table.get("at"), cable) {
        (None, false) => Some(None),
        (None, true) => {
            table.need("at", "\"soma\"");
            None
        }
        (Some(at), true) => values::points(&at, body.as_ref()).map(Some),
        (Some(at), false) => {
            values::no_places(&at, "`at`");
            None
        }
    };
    let its = &populations[population].population;
    let members = Members { population: its, cells: set.indices(its.size), seed: clock.seed };
    let (stem, currents, parameters) = currents(&table, components, (clock.duration_s, &members));
    if let Some(target) = target
        && target.cell.and_then(|i| cells.get(i)).is_none()
    {
        let message = format!("`{}` is a source of spikes", target.population.name);
        table.node.wrong(ErrorKind::Value, message, "stimulate a population of cells");
        return None;
    }
    let stem = match name {
        Some(name) => name?.to_string(),
        None => stem,
    };
    let (cells, points, currents) = (set, points?, currents?);
    let many = currents.len() > 1;
    let stimulus = |(i, made): (usize, Instance)| {
        let name = if many { format!("{stem}[{i}]") } else { stem.clone() };
        let (mut dynamics, source) = (made.dynamics, made.source);
        dynamics.name.clone_from(&name);
        let parameters = parameters.clone();
        Stimulus {
            name,
            population,
            cells: cells.clone(),
            points: points.clone(),
            dynamics: Arc::new(dynamics),
            source: Some(Arc::new(source)),
            parameters,
        }
    };
    Some(currents.into_iter().enumerate().map(stimulus).collect())
}

/// The cells that are stimulated.
struct Members<'a> {
    population: &'a Population,
    /// Their indices in it.
    cells: Vec<usize>,
    seed: u64,
}

/// A number for each of the cells, by name.
type Columns = Vec<(String, Vec<f64>)>;

/// The name of its kind, the dynamics of each part, and the parameters that differ between cells.
fn currents(
    table: &Table<'_>,
    components: &Components,
    (duration_s, members): (f64, &Members<'_>),
) -> (String, Option<Vec<Instance>>, Columns) {
    if let Some(component) = table.get("component") {
        let instance = component.text().and_then(|name| components.instance(table, &component, name, false));
        return (component.as_text().unwrap_or_default().to_string(), instance.map(|i| vec![i]), Vec::new());
    }
    let Some(kind) = table.need("kind", "\"step\"") else { return (String::new(), None, Vec::new()) };
    let Some(name) = kind.text() else { return (String::new(), None, Vec::new()) };
    let reader = Currents { table, components, duration_s, members, differing: RefCell::default() };
    let currents = match name {
        "dc" => reader.dc(),
        "step" => reader.step(),
        "steps" => reader.steps(),
        "ramp" => reader.ramp(),
        "ac" => reader.ac(),
        "noise" => reader.noise(),
        "voltage_clamp" => reader.voltage_clamp(),
        _ => {
            let message = format!("`{name}` is no kind of stimulus");
            kind.wrong(ErrorKind::Name, message, suggestion(name, &KINDS));
            return (String::new(), None, Vec::new());
        }
    };
    table.finish();
    let differing = reader.differing.take();
    let currents =
        currents.and_then(|made| made.into_iter().map(|one| reader.open(one, &differing)).collect());
    (name.to_string(), currents, differing)
}

struct Currents<'a> {
    table: &'a Table<'a>,
    components: &'a Components,
    duration_s: f64,
    members: &'a Members<'a>,
    /// Parameters of the component that differ between cells.
    differing: RefCell<Columns>,
}

impl Currents<'_> {
    /// A component of the core types with these parameters in SI units.
    fn build(&self, component_type: &str, values: &[(&str, f64)]) -> Option<Vec<Instance>> {
        self.components.build(&self.table.node, component_type, values).map(|made| vec![made])
    }

    /// `made` with what differs left open.
    fn open(&self, mut made: Instance, differing: &Columns) -> Option<Instance> {
        if !differing.is_empty() {
            let names: Vec<String> = differing.iter().map(|(name, _)| name.clone()).collect();
            made.dynamics = self.components.open(&self.table.node, &made.component, &names)?;
        }
        Some(made)
    }

    /// The number for `parameter` of the component: one for all cells, or a list, a distribution or a formula.
    fn number(&self, node: &Node<'_>, dimension: Dimension, parameter: &str) -> Option<f64> {
        let is_quantity = node.as_text().is_some_and(|text| parse_quantity(text).is_ok());
        if is_quantity || node.is_number() {
            return node.quantity(dimension);
        }
        let Members { population, cells, seed } = self.members;
        let at = |at: usize| differing::place(population, cells[at]);
        let label = ["name", "kind"].into_iter().find_map(|key| self.table.get(key));
        let label = label.as_ref().and_then(Node::as_text).unwrap_or_default();
        let what = format!("{label} {parameter}");
        let key = (*seed, Purpose::Parameter, name_key(&population.name), what.as_str());
        let values = drawn::each(node, &[(dimension, 1.0)], (cells.len(), "cells"), key, &at)?;
        let first = *values.first()?;
        self.differing.borrow_mut().push((parameter.to_string(), values));
        Some(first)
    }

    fn current(&self, key: &str, parameter: &str) -> Option<f64> {
        self.number(&self.table.need(key, "\"0.1 nA\"")?, Dimension::CURRENT, parameter)
    }

    /// `start` and `stop`, as start and duration.
    fn window(&self) -> Option<(f64, f64)> {
        let start = self.table.need("start", "\"50 ms\"").and_then(|n| n.not_negative(Dimension::TIME));
        let stop_node = self.table.need("stop", "\"150 ms\"");
        let stop = stop_node.as_ref().and_then(|n| n.not_negative(Dimension::TIME));
        let (start, stop) = (start?, stop?);
        if stop <= start {
            stop_node?.wrong(ErrorKind::Value, "`stop` is not after `start`", "check the two times");
            return None;
        }
        if start >= self.duration_s {
            let message = format!("begins at {} ms, after the end of the run", start * 1e3);
            self.table.source().warn("late-stimulus", message, self.table.node.place());
        }
        Some((start, stop - start))
    }

    fn pulse(&self, start: f64, duration: f64, amplitude: f64) -> Option<Vec<Instance>> {
        self.build("pulseGenerator", &[("delay", start), ("duration", duration), ("amplitude", amplitude)])
    }

    fn dc(&self) -> Option<Vec<Instance>> {
        // Longer than any run.
        self.pulse(0.0, 1e9, self.current("amplitude", "amplitude")?)
    }

    fn step(&self) -> Option<Vec<Instance>> {
        let amplitude = self.current("amplitude", "amplitude");
        let (start, duration) = self.window()?;
        self.pulse(start, duration, amplitude?)
    }

    /// Amplitudes from given times on, each until the next.
    fn steps(&self) -> Option<Vec<Instance>> {
        let values = |key: &str, example: &str, dimension: Dimension| {
            let node = self.table.need(key, example)?;
            let values: Option<Vec<f64>> = node.list()?.iter().map(|n| n.quantity(dimension)).collect();
            Some((node, values?))
        };
        let times = values("times", "[\"10 ms\", \"20 ms\"]", Dimension::TIME);
        let amplitudes = values("amplitudes", "[\"0.1 nA\", \"0 nA\"]", Dimension::CURRENT);
        let ((node, mut times), (other, amplitudes)) = (times?, amplitudes?);
        if times.len() != amplitudes.len() || times.is_empty() {
            let message = format!("{} amplitudes for {} times", amplitudes.len(), times.len());
            other.wrong(ErrorKind::Value, message, "one amplitude for each time, at least one");
            return None;
        }
        if times.windows(2).any(|pair| pair[1] <= pair[0]) || times[0] < 0.0 {
            node.wrong(ErrorKind::Value, "times that go back", "from 0 on, in ascending order");
            return None;
        }
        times.push(1e9);
        let mut parts = Vec::new();
        for (i, amplitude) in amplitudes.into_iter().enumerate() {
            parts.extend(self.pulse(times[i], times[i + 1] - times[i], amplitude)?);
        }
        Some(parts)
    }

    fn ramp(&self) -> Option<Vec<Instance>> {
        let (from, to) = (self.current("from", "startAmplitude"), self.current("to", "finishAmplitude"));
        let (start, duration) = self.window()?;
        self.build(
            "rampGenerator",
            &[
                ("delay", start),
                ("duration", duration),
                ("startAmplitude", from?),
                ("finishAmplitude", to?),
                ("baselineAmplitude", 0.0),
            ],
        )
    }

    fn ac(&self) -> Option<Vec<Instance>> {
        let amplitude = self.current("amplitude", "amplitude");
        let frequency =
            self.table.need("frequency", "\"10 Hz\"").and_then(|n| n.positive(Dimension::PER_TIME));
        let phase = match self.table.get("phase") {
            Some(node) => degrees(&node),
            None => Some(0.0),
        };
        let offset = match self.table.get("offset") {
            Some(node) => Some(node.quantity(Dimension::CURRENT)?),
            None => None,
        };
        let (start, duration) = self.window()?;
        let sine = self.build(
            "sineGenerator",
            &[
                ("delay", start),
                ("duration", duration),
                ("amplitude", amplitude?),
                ("period", 1.0 / frequency?),
                ("phase", phase?),
            ],
        );
        let (mut parts, offset) = (sine?, offset.map(|offset| self.pulse(start, duration, offset)));
        if let Some(offset) = offset {
            parts.extend(offset?);
        }
        Some(parts)
    }

    fn noise(&self) -> Option<Vec<Instance>> {
        let mean = self.current("mean", "mean");
        let deviation_node = self.table.need("standard_deviation", "\"0.05 nA\"");
        let deviation = deviation_node
            .and_then(|n| self.number(&n, Dimension::CURRENT, "standardDeviation").map(|x| (n, x)));
        let negative = |x: &f64| *x < 0.0;
        let others = self
            .differing
            .borrow()
            .iter()
            .any(|(name, all)| name == "standardDeviation" && all.iter().any(negative));
        let deviation = match deviation {
            Some((node, x)) if negative(&x) || others => {
                node.wrong(ErrorKind::Value, "a negative standard deviation", "0 or more");
                None
            }
            deviation => deviation.map(|(_, x)| x),
        };
        let interval = self.table.need("interval", "\"0.1 ms\"").and_then(|n| n.positive(Dimension::TIME));
        let (start, duration) = self.window()?;
        self.build(
            "noisyCurrent",
            &[
                ("delay", start),
                ("duration", duration),
                ("mean", mean?),
                ("standardDeviation", deviation?),
                ("noiseInterval", interval?),
            ],
        )
    }

    fn voltage_clamp(&self) -> Option<Vec<Instance>> {
        let voltage = self.table.need("voltage", "\"-20 mV\"");
        let voltage = voltage.and_then(|n| self.number(&n, Dimension::VOLTAGE, "targetVoltage"));
        let resistance = self.table.need("series_resistance", "\"1 Mohm\"");
        let resistance = resistance.and_then(|n| n.positive(Dimension::RESISTANCE));
        let (start, duration) = self.window()?;
        self.build(
            "seriesClamp",
            &[
                ("delay", start),
                ("duration", duration),
                ("targetVoltage", voltage?),
                ("simpleSeriesResistance", resistance?),
            ],
        )
    }
}

/// A phase in degrees (`"90 deg"`) or radians (a number or `"1.57 rad"`), in radians.
fn degrees(node: &Node<'_>) -> Option<f64> {
    if node.is_number() {
        return node.number();
    }
    let text = node.text()?.trim();
    for (unit, factor) in [("deg", std::f64::consts::PI / 180.0), ("rad", 1.0)] {
        if let Some(Ok(number)) = text.strip_suffix(unit).map(|number| number.trim().parse::<f64>())
            && number.is_finite()
        {
            return Some(number * factor);
        }
    }
    node.wrong(ErrorKind::Dimension, format!("`{text}` is no angle"), "such as \"90 deg\" or \"1.57 rad\"");
    None
}
