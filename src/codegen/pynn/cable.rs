//! Cells with a shape as PyNN's MultiCompartmentNeuron, for its NEURON backend.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::Job;
use super::super::layout::{Laid, Layout, Shape};
use super::super::names::{Names, identifier};
use super::super::nmodl::library::Library;
use super::super::nmodl::{Dialect, Mechanism, Quantity, UNITS};
use super::super::played::{Inputs, inputs, played};
use super::super::points::Shaped;
use super::super::python::{KEYWORDS, SHORT, csv, float, index_range, list, number, quoted};
use super::super::units::rounded;
use super::channels::{Found, densities, own_channels};
use super::receptors;
use super::record::{self, ShapedRecord};
use super::segments::Tree;
use crate::cable::NONE;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Model, PopulationCell};
use crate::morph::Point;
use crate::units::Dimension;

/// A population of cells with a shape as the template takes it.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct CableText {
    /// The class of its cells.
    pub(super) class: String,
    /// Its name in the model, in quotes.
    label: String,
    channels: Vec<String>,
    receptors: Vec<String>,
    /// Units of recorded variables that PyNN does not know.
    units: Vec<String>,
    /// Parameters of the class.
    #[serde(skip)]
    pub(super) parameters: Vec<String>,
    /// Where its potentials start.
    #[serde(skip)]
    pub(super) initial: String,
    /// What NEURON itself is told: arguments behind the population; empty if nothing.
    pub(super) in_neuron: String,
    /// What is recorded.
    #[serde(skip)]
    pub(super) recorded: ShapedRecord,
    /// Whether its spikes are seen.
    #[serde(skip)]
    pub(super) spikes: bool,
}

impl CableText {
    /// Whether some of its receptors are none of PyNN's own.
    pub(super) fn has_own_receptors(&self) -> bool {
        self.receptors.iter().any(|line| line.contains(": receptor("))
    }
}

/// All cells with a shape of a model.
#[derive(Default)]
pub(super) struct Cables {
    /// By population.
    pub(super) texts: BTreeMap<usize, CableText>,
    /// How networks see them, by population; `None` for what was refused.
    pub(super) shaped: BTreeMap<usize, Option<Shaped>>,
    /// What NMODL files there are.
    pub(super) mechanisms: bool,
    /// Whether NEURON's own channels of the squid axon are there.
    pub(super) squid: bool,
    /// Whether values differ from segment to segment.
    pub(super) by_segment: bool,
}

/// The cells with a shape of the job's model, if it has some.
pub(super) fn cables(job: &mut Job<'_>, files: &mut Vec<(String, String)>) -> Result<Cables> {
    let model = job.model;
    if !model.populations.iter().any(|p| matches!(p.cell, PopulationCell::Cable(_))) {
        return Ok(Cables::default());
    }
    let layout = Layout::new(model)?;
    let own = own_channels(&layout, model.temperature_k);
    let inputs = inputs(model, &layout, &played(model)?);
    let written = |dynamics: &crate::dynamics::Dynamics| {
        let is_own = own.keys().any(|(s, m)| {
            let known = &layout.shapes[*s].plan.mechanisms[*m].mechanism.dynamics;
            std::ptr::eq(&**known, dynamics)
        });
        !is_own && !receptors::is_known(dynamics) && !receptors::is_played(&layout, &inputs, dynamics)
    };
    let library = Library::new(job, model, &layout, Dialect::Neuron, &written)?;
    for mechanism in library.written() {
        let mut mechanism = mechanism.clone();
        if !mechanism.is_point && main_parameter(&mechanism).is_none() {
            // PyNN puts a channel where one of its parameters is above 0.
            mechanism.parameters.push(Quantity { name: HERE.into(), value: "0".into(), unit: String::new() });
            mechanism.ranges.push(format!("RANGE {HERE}"));
        }
        let values = serde_json::json!({ "mechanism": mechanism, "made_by": job.made_by() });
        let text = job.fill("neuron/mechanism.mod", &values)?;
        job.out.text(format!("mod/{}.mod", mechanism.name), text);
    }
    let mut out = Cables {
        mechanisms: !library.written().is_empty(),
        squid: own.values().any(|found| found.own.ion().is_some()),
        ..Cables::default()
    };
    let mut classes = Names::new(KEYWORDS);
    for (p, laid) in layout.populations.iter().enumerate() {
        let (Some(s), PopulationCell::Cable(_)) = (laid.shape, &model.populations[p].cell) else { continue };
        let all = All { model, layout: &layout, library: &library, own: &own, inputs: &inputs };
        let one = One { all: &all, population: p, laid, s, shape: &layout.shapes[s] };
        match one.text(job, &mut classes, files) {
            Ok((text, shaped)) => {
                out.by_segment |= text.parameters.iter().any(|line| line.contains("BySegment("));
                out.texts.insert(p, text);
                out.shaped.insert(p, Some(shaped));
            }
            Err(error) => {
                let name = &model.populations[p].name;
                job.cannot(error.in_element(format!("population '{name}'")));
                out.shaped.insert(p, None);
            }
        }
    }
    let line =
        "a spike has the time of the end of the step in which the threshold is passed, not the one between";
    job.out.differences.push(line.to_string());
    Ok(out)
}

/// The parameter of a mechanism that says only that it is there.
const HERE: &str = "here";

/// The parameter of a mechanism that is a density: it is where that is above 0.
fn main_parameter(mechanism: &Mechanism) -> Option<&'static str> {
    ["gbar", "pbar"].into_iter().find(|name| mechanism.range.iter().any(|known| known == name))
}

/// What all populations are made from.
pub(super) struct All<'a> {
    pub(super) model: &'a Model,
    pub(super) layout: &'a Layout,
    pub(super) library: &'a Library,
    pub(super) own: &'a BTreeMap<(usize, usize), Found>,
    pub(super) inputs: &'a Inputs,
}

/// A population of cells with a shape.
pub(super) struct One<'a> {
    pub(super) all: &'a All<'a>,
    pub(super) population: usize,
    pub(super) laid: &'a Laid,
    pub(super) s: usize,
    pub(super) shape: &'a Shape,
}

fn unsupported(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Unsupported, message)
}

impl One<'_> {
    fn text(
        &self,
        job: &mut Job<'_>,
        classes: &mut Names,
        files: &mut Vec<(String, String)>,
    ) -> Result<(CableText, Shaped)> {
        let population = &self.all.model.populations[self.population];
        let PopulationCell::Cable(cell) = &population.cell else {
            return Err(unsupported("it has no shape"));
        };
        if self.laid.differs() {
            let message = "parameters or states at the start that differ between its cells are not said in PyNN's words";
            return Err(unsupported(message));
        }
        let (source, threshold) = self.source()?;
        let base = identifier(&population.name);
        let mut tree = Tree::new(&cell.morphology, &self.shape.plan, source);
        let mut out = CableText {
            class: classes.claim(&class_name(&base)),
            label: quoted(&population.name),
            spikes: source.is_some(),
            ..CableText::default()
        };
        let mut keys = Names::new(&[KEYWORDS, TAKEN].concat());
        let names: Vec<String> = self
            .shape
            .plan
            .mechanisms
            .iter()
            .map(|spread| keys.claim(&self.channel_name(&spread.mechanism)))
            .collect();
        out.recorded = record::recorded(job, self, &tree, &names);
        let mut table = Table { file: format!("membrane_{base}.csv"), ..Table::default() };
        let membrane = self.membrane(&mut out, &mut tree, &mut table, &names)?;
        let (receptors, shaped) = receptors::receptors(self, &mut keys, &tree)?;
        let file = format!("segments_{base}.csv");
        let groups: Vec<String> =
            tree.groups.iter().map(|(label, on)| format!("{}: {}", quoted(label), ranges(on))).collect();
        out.parameters.push(match groups.is_empty() {
            true => format!("morphology=shape({})", quoted(&file)),
            false => format!("morphology=shape({}, {{{}}})", quoted(&file), groups.join(", ")),
        });
        out.parameters.extend(membrane);
        for receptor in receptors {
            out.receptors.push(format!("{}: {}", quoted(&receptor.name), receptor.class));
            let places: Vec<String> =
                receptor.places.iter().map(|cv| quoted(&tree.segments[*cv].name)).collect();
            let mut entries = vec![format!("\"locations\": locations({})", places.join(", "))];
            entries.extend(receptor.parameters);
            out.parameters.push(format!("{}={{{}}}", receptor.name, entries.join(", ")));
        }
        let units = out.recorded.variables().filter(|variable| !KNOWN_UNITS.contains(&variable.as_str()));
        out.units = units.map(|variable| format!("{}: \"dimensionless\"", quoted(variable))).collect();
        out.initial = self.initial(&population.initial_v)?;
        out.in_neuron = in_neuron(&tree, threshold);
        files.push((file, segments(&tree)));
        if let Some(text) = table.text() {
            files.push((table.file, text));
        }
        Ok((out, shaped))
    }

    /// What a channel is called: as in the model.
    fn channel_name(&self, mechanism: &crate::engine::Mechanism) -> String {
        if mechanism.is_pool { mechanism.dynamics.name.clone() } else { mechanism.name.clone() }
    }

    /// The compartment from which spikes leave, and the threshold there, V.
    fn source(&self) -> Result<(Option<usize>, f64)> {
        let mut found: Option<(u32, f64)> = None;
        for (c, cell) in self.laid.cells.iter().enumerate() {
            let own = match &cell.detectors[..] {
                [] => None,
                [(node, threshold, _)] => Some((*node, *threshold)),
                _ => return Err(unsupported("spikes seen at several places are not said in PyNN's words")),
            };
            if c > 0 && own != found {
                return Err(unsupported("PyNN sees the spikes of all its cells at one place"));
            }
            found = own;
        }
        let Some((node, threshold)) = found else { return Ok((None, 0.0)) };
        Ok((Some(self.compartment(node)?), threshold))
    }

    /// The compartment of a node.
    pub(super) fn compartment(&self, node: u32) -> Result<usize> {
        match self.shape.plan.discretisation.node_cv.get(node as usize) {
            Some(cv) if *cv != NONE => Ok(*cv as usize),
            _ => Err(unsupported("PyNN has no place at a fork")),
        }
    }

    /// Capacitance, axial resistivity, reversal potentials and channels, as arguments.
    fn membrane(
        &self,
        out: &mut CableText,
        tree: &mut Tree,
        table: &mut Table,
        names: &[String],
    ) -> Result<Vec<String>> {
        let plan = &self.shape.plan;
        let n = tree.segments.len();
        let capacitance: Vec<f64> =
            plan.specific_capacitance.iter().map(|c| value(*c, Dimension::SPECIFIC_CAPACITANCE)).collect();
        let cm = match alike(&capacitance, |_| true) {
            Some(one) => float(one),
            None => table.by_segment("cm", &capacitance),
        };
        let mut lines = vec![format!("cm={cm}"), format!("Ra={}", float(rounded(tree.ra_ohm_cm)))];
        let (mut ions, mut channels) = (Vec::new(), Vec::new());
        for (m, spread) in plan.mechanisms.iter().enumerate() {
            let name = &names[m];
            if let Some(found) = self.all.own.get(&(self.s, m)) {
                let reversal = number(value(found.reversal_v, Dimension::VOLTAGE));
                let g: Vec<f64> = densities(self.shape, m).iter().map(|g| rounded(g * 1e-4)).collect();
                let g = distribution(tree, table, &format!("{name}.conductance_density"), &g);
                out.channels.push(format!("{}: {}", quoted(name), found.own.class()));
                channels.push(match found.own.ion() {
                    None => format!("{name}={{\"conductance_density\": {g}, \"e_rev\": {reversal}}}"),
                    Some(ion) => {
                        let ion = quoted(ion);
                        ions.push(format!("{ion}: IonicSpecies({ion}, reversal_potential={reversal})"));
                        format!("{name}={{\"conductance_density\": {g}}}")
                    }
                });
                continue;
            }
            let Some(mechanism) = self.all.library.spread(self.s, m) else { continue };
            let mut values: Vec<(String, Vec<f64>)> = Vec::new();
            let here: Vec<bool> = spread.cover.iter().map(|cover| *cover > 0.0).collect();
            let own = &spread.mechanism;
            let main = main_parameter(mechanism).unwrap_or(HERE);
            if main == HERE {
                values.push((HERE.to_string(), vec![1.0; n]));
            }
            for parameter in &own.dynamics.parameters {
                let Some(known) = mechanism.names.get(&parameter.name) else { continue };
                let column = own.varying.iter().position(|name| *name == parameter.name);
                if column.is_none() && known != main {
                    continue;
                }
                let column = column.and_then(|at| spread.values.get(at));
                let at = |cv: usize| value(column.map_or(parameter.value, |c| c[cv]), parameter.dimension);
                values.push((known.clone(), (0..n).map(at).collect()));
            }
            if mechanism.range.iter().any(|name| name == "cover") {
                values.push(("cover".to_string(), spread.cover.clone()));
            }
            // The density comes first: it says where the channel is.
            values.sort_by_key(|(known, _)| known != main);
            let mut entries = Vec::new();
            for (known, mut values) in values.clone() {
                values.iter_mut().zip(&here).filter(|(_, here)| !**here).for_each(|(x, _)| *x = 0.0);
                if known == main && values.iter().any(|x| *x < 0.0) {
                    let message = format!("channel '{}': PyNN has no density below 0", own.name);
                    return Err(unsupported(message));
                }
                let outside = alike(&values, |cv| here[cv]).filter(|_| known != main);
                let text = match outside {
                    Some(one) => number(one),
                    None => distribution(tree, table, &format!("{name}.{known}"), &values),
                };
                entries.push(format!("{}: {text}", quoted(&known)));
            }
            let of_channel = out.recorded.translated.iter().filter(|(channel, ..)| channel == name);
            let states: Vec<String> = of_channel
                .map(|(_, _, word, native)| format!("{}: {}", quoted(word), quoted(native)))
                .collect();
            let parameters: Vec<String> = values.iter().map(|(known, _)| quoted(known)).collect();
            let recorded =
                if states.is_empty() { String::new() } else { format!(", {{{}}}", states.join(", ")) };
            out.channels.push(format!(
                "{}: mechanism({}, [{}]{recorded})",
                quoted(name),
                quoted(&mechanism.name),
                parameters.join(", ")
            ));
            channels.push(format!("{name}={{{}}}", entries.join(", ")));
        }
        lines.push(format!("ionic_species={{{}}}", ions.join(", ")));
        lines.append(&mut channels);
        Ok(lines)
    }

    /// Where the potentials start, mV: those of the cells, if they are given.
    fn initial(&self, own: &[f64]) -> Result<String> {
        let text = |v: f64| number(value(v, Dimension::VOLTAGE));
        let each: Vec<f64> = match own {
            [] => {
                let cvs = &self.shape.plan.discretisation.cvs;
                let at: Vec<f64> = cvs.iter().map(|cv| self.shape.plan.initial_v[cv.node as usize]).collect();
                alike(&at, |_| true).map(|v| vec![v]).ok_or_else(|| {
                    unsupported(
                        "potentials that differ along a cell at the start are not said in PyNN's words",
                    )
                })?
            }
            own => own.to_vec(),
        };
        Ok(match alike(&each, |_| true) {
            Some(one) => format!("{{\"v\": {}}}", text(one)),
            None => format!("{{\"v\": [{}]}}", each.iter().map(|v| text(*v)).collect::<Vec<_>>().join(", ")),
        })
    }
}

/// Variables whose units PyNN knows.
const KNOWN_UNITS: &[&str] = &["v", "na.m", "na.h", "kdr.n"];

/// Names that cells and their classes have already.
const TAKEN: &[&str] = &["label", "morphology", "cm", "Ra", "ionic_species", "units", "v"];

/// `pyramidal_cells` as `PyramidalCellsNeuron`.
fn class_name(base: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
            .unwrap_or_default()
    };
    let name: String = base.split('_').map(capital).collect();
    format!("{name}Neuron")
}

/// A number in NEURON's and PyNN's units.
fn value(si: f64, dimension: Dimension) -> f64 {
    UNITS.value(si, dimension).parse().unwrap_or(f64::NAN)
}

/// The value of those `here`, if they have one.
fn alike(values: &[f64], here: impl Fn(usize) -> bool) -> Option<f64> {
    let mut own = values.iter().enumerate().filter(|(cv, _)| here(*cv)).map(|(_, x)| *x);
    let first = own.next()?;
    own.all(|x| x == first).then_some(first)
}

/// A value by segment in PyNN's words; 0 is none.
fn distribution(tree: &mut Tree, table: &mut Table, name: &str, values: &[f64]) -> String {
    let on: Vec<usize> = (0..values.len()).filter(|cv| values[*cv] != 0.0).collect();
    match alike(values, |cv| values[cv] != 0.0) {
        None if on.is_empty() => "uniform(\"all\", 0)".to_string(),
        Some(one) => format!("uniform({}, {})", quoted(&tree.label(&on)), number(one)),
        None => table.by_segment(name, values),
    }
}

/// Values that differ from segment to segment: a table beside the script, of one column for each.
#[derive(Default)]
struct Table {
    file: String,
    columns: Vec<(String, Vec<f64>)>,
}

impl Table {
    fn by_segment(&mut self, name: &str, values: &[f64]) -> String {
        if values.len() <= SHORT {
            return format!("BySegment({})", list(values));
        }
        self.columns.push((name.to_string(), values.to_vec()));
        format!("BySegment(values({}, {}))", quoted(&self.file), self.columns.len() - 1)
    }

    fn text(&self) -> Option<String> {
        let (_, first) = self.columns.first()?;
        let header: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        let row = |cv: usize| self.columns.iter().map(|(_, values)| number(values[cv])).collect();
        Some(csv(&header, (0..first.len()).map(row)))
    }
}

/// The table of segments.
fn segments(tree: &Tree) -> String {
    let header = ["segment", "parent", "x", "y", "z", "diameter (um)", "x", "y", "z", "diameter (um)"];
    let end = |p: &Point| [p.x, p.y, p.z, p.diameter].map(|x| number((x * 1e9).round() / 1e9));
    let rows = tree.segments.iter().map(|segment| {
        let parent = segment.parent.map(|parent| parent.to_string()).unwrap_or_default();
        let mut row = vec![segment.name.clone(), parent];
        row.extend(end(&segment.near));
        row.extend(end(&segment.far));
        row
    });
    csv(&header, rows)
}

/// What PyNN has no words for: the threshold (V), joints, compartments.
fn in_neuron(tree: &Tree, threshold_v: f64) -> String {
    let mut out = vec![format!("threshold={}", number(value(threshold_v, Dimension::VOLTAGE)))];
    if !tree.joints.is_empty() {
        let joints: Vec<String> =
            tree.joints.iter().map(|(cv, at)| format!("({cv}, {})", number(*at))).collect();
        out.push(format!("joints=[{}]", joints.join(", ")));
    }
    if tree.is_coarse {
        out.push("nseg=1".to_string());
    }
    out.join(", ")
}

/// Indices as runs: `[0, *range(2, 9)]`.
fn ranges(members: &[usize]) -> String {
    let runs: Vec<&[usize]> = members.chunk_by(|a, b| *b == a + 1).collect();
    match runs[..] {
        [one] => index_range(one),
        _ => {
            let text = |run: &&[usize]| match run {
                [one] => one.to_string(),
                [one, other] => format!("{one}, {other}"),
                run => format!("*{}", index_range(run)),
            };
            format!("[{}]", runs.iter().map(text).collect::<Vec<_>>().join(", "))
        }
    }
}
