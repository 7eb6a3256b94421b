//! From a file to a [`Simulation`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component as Part, Path, PathBuf};
use std::sync::Arc;

use super::method::suited;
use super::quantity::{Found, Parts, Paths};
use super::sending::Sending;
use super::simulation::{Asked, Plan};
use super::structure::Elaborated;
use super::{
    Curve, Display, EventFile, EventSelection, OutputFile, Simulation, is_cable, network, shaped, simulation,
};
use crate::error::{Error, ErrorKind, Result, Warning};
use crate::lems::{Component, Resolver, Set};
use crate::library;
use crate::model::{
    CellSet, EventRecording, Method, Model, PointStep, PopulationCell, Recording, Run, Sender, SpikeDetector,
};
use crate::select::{Points, Region};

/// The temperature where none is given, K: 6.3 °C, at which Hodgkin and Huxley measured.
const USUAL_TEMPERATURE_K: f64 = 279.45;

/// Reads the LEMS or NeuroML document at `path`, with all that it includes, and makes the model that
/// its target asks for.
///
/// ```no_run
/// let simulation = neuropil::neuroml::read("LEMS_Simulation.xml")?;
/// for assumption in &simulation.assumptions {
///     println!("assumed: {assumption}");
/// }
/// # Ok::<(), neuropil::Error>(())
/// ```
///
/// # Errors
/// Everything that is wrong with the document, joined into one error; each part says where it is.
pub fn read(path: impl AsRef<Path>) -> Result<Simulation> {
    let path = path.as_ref();
    interpret(path, |set| set.read_file(path, &library::resolver()))
}

/// As [`read`], of a text that would stand in the file `path`; what it includes is found by `resolver`.
///
/// # Errors
/// As for [`read`].
pub fn read_str(text: &str, path: impl AsRef<Path>, resolver: &dyn Resolver) -> Result<Simulation> {
    let path = path.as_ref();
    interpret(path, |set| set.read_str(text, path, resolver))
}

/// What the documents mean that `load` reads.
fn interpret(path: &Path, load: impl FnOnce(&mut Set) -> Result<()>) -> Result<Simulation> {
    let core = library::core()?;
    let mut set = core.clone();
    // A document's own types come before ours of the same name.
    set.open_types();
    load(&mut set)?;
    let mut runs = Vec::new();
    for plan in simulation::plans(&set, simulation::target(&set, path)?)? {
        runs.push(simulation_of(&set, plan, path)?);
    }
    let later = runs.split_off(runs.len().min(1));
    let Some(mut out) = runs.pop() else {
        return Err(Error::new(ErrorKind::Value, "nothing is run").in_file(path));
    };
    out.later = later;
    name_pictures(&mut out);
    let known: BTreeSet<&str> = core.documents().collect();
    let files = set.documents().filter(|d| !known.contains(d) && !d.starts_with("built-in:")).count();
    out.notes.insert(0, counted(files, "file"));
    out.warnings.splice(0..0, set.warnings().iter().skip(core.warnings().len()).cloned());
    Ok(out)
}

/// Displays that several runs share are a picture each.
fn name_pictures(first: &mut Simulation) {
    let mut taken: BTreeSet<String> = first.displays.iter().map(|display| display.id.clone()).collect();
    for (number, run) in first.later.iter_mut().enumerate() {
        for display in &mut run.displays {
            if !taken.insert(display.id.clone()) {
                display.id = format!("{}_{}", display.id, number + 2);
            }
        }
    }
}

/// The run of `plan` in the document `path`.
fn simulation_of(set: &Set, plan: Plan<'_>, path: &Path) -> Result<Simulation> {
    let parts = match parts(set, plan.target) {
        Ok(parts) => parts,
        Err(error) => {
            let mut errors = plan.errors;
            errors.push(error);
            return Err(Error::join(errors).unwrap_or_else(|| Error::new(ErrorKind::Value, "not read")));
        }
    };
    let mut out = assemble(&plan, parts)?;
    out.model.name = path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    Ok(out)
}

/// What the component `target` is or is made of.
fn parts<'a>(set: &'a Set, target: &'a Component) -> Result<Parts<'a>> {
    let of = set.require_type(&target.component_type).map_err(|e| target.locate(e))?;
    let mut shaper = |cell: &Component| shaped(set, cell).map(Arc::new);
    if is_cable(set, of) {
        return network::single(set, target, &mut shaper)
            .map(|network| Parts::Populations(Box::new(network)));
    }
    // Populations of types of their own say themselves what they are made of.
    let says_itself = |child: &Component| {
        let of = set.component_type(&child.component_type);
        of.is_some_and(|of| {
            of.is_a("basePopulation")
                && !(of.is_a("population") || of.is_a("populationList"))
                && !of.structure.statements.is_empty()
        })
    };
    let mut children = target.children.cursor_in("populations");
    let mut is_plain = true;
    while let Some(child) = children.next() {
        is_plain &= !says_itself(child);
    }
    if of.is_a("network") && is_plain {
        return network::network(set, target, &mut shaper)
            .map(|network| Parts::Populations(Box::new(network)));
    }
    Elaborated::new(set, target).map(|elaborated| Parts::Instances(Box::new(elaborated)))
}

/// The simulation of `plan` on `network`.
fn assemble(plan: &Plan<'_>, mut parts: Parts<'_>) -> Result<Simulation> {
    let target = plan.target.id.as_deref().unwrap_or_default();
    let warnings = detect_at_zero(plan, target, &mut parts);
    let paths = Paths::new(target, &parts);
    let (recordings, event_recordings) = Default::default();
    let mut gather =
        Gather { paths: &paths, recordings, event_recordings, warnings, errors: plan.errors.clone() };
    let (mut outputs, mut displays, mut events) = (Vec::new(), Vec::new(), Vec::new());
    gather.distinct_files(plan);
    for (number, output) in plan.outputs.iter().enumerate() {
        if output.columns.is_empty() {
            let message = format!("{} has no columns: it is not written", output.path.display());
            let place = output.component.origin.place();
            gather.warnings.push(Warning::new("empty-output-file", message, place));
            continue;
        }
        let table = format!("output {number}");
        for column in &output.columns {
            gather.record(column, &table);
        }
        outputs.push(OutputFile { path: output.path.clone(), table });
    }
    for (number, display) in plan.displays.iter().enumerate() {
        let table = format!("display {number}");
        let mut curves = Vec::new();
        for line in &display.lines {
            if let Err(error) = paths.quantity(line.quantity) {
                // A picture is no result: it lacks the curve, and the run goes on.
                let message = format!("{}: the curve is left out: {error}", line.component.label());
                gather.warnings.push(Warning::new("no-curve", message, line.component.origin.place()));
                continue;
            }
            gather.record(line, &table);
            curves.push(Curve {
                label: line.component.id.clone().unwrap_or_else(|| line.quantity.to_string()),
                colour: line.colour.map(str::to_string),
                unit_si: line.scale,
            });
        }
        let id = display.component.id.clone().unwrap_or_else(|| format!("display_{number}"));
        displays.push(Display { title: display.title.to_string(), id, table, curves });
    }
    for file in &plan.events {
        let mut selections = Vec::new();
        for (component, select, port) in &file.selections {
            match paths.sender(select, *port) {
                Ok(sending) => {
                    let id = component.id.clone().unwrap_or_else(|| selections.len().to_string());
                    let recording = gather.events_of(sending);
                    selections.push(EventSelection { id, source: sending.source, recording });
                }
                Err(error) => gather.errors.push(component.locate(error)),
            }
        }
        events.push(EventFile { path: file.path.clone(), time_first: file.time_first, selections });
    }
    let Gather { recordings, event_recordings, warnings, errors, .. } = gather;
    if let Some(error) = Error::join(errors) {
        return Err(error);
    }
    let network = parts.into_network();
    let notes = notes(&network.model);
    let mut model = network.model;
    let mut assumptions = plan.assumptions.clone();
    if model.temperature_k <= 0.0 {
        model.temperature_k = USUAL_TEMPERATURE_K;
        let reads = |p: &crate::model::Population| match &p.cell {
            PopulationCell::Point(cell) => cell.dynamics.inputs.iter().any(|i| i.name == "temperature"),
            _ => false,
        };
        if model.populations.iter().any(reads) {
            assumptions.push("temperature: 6.3 degC, as none is given".to_string());
        }
    }
    let method = plan.method.unwrap_or_else(|| {
        let suited = suited(&model);
        if suited != Method::default() {
            assumptions.push(format!("method: {}, as the Simulation asks for none", suited.name()));
        }
        suited
    });
    // Who names a method wants the steps of an experiment with that method.
    let named = plan.method.map(|_| PointStep::Midpoint);
    let point_step = plan.point_step.or(named).unwrap_or(PointStep::Fourth);
    model.run = Run { dt_s: plan.dt_s, duration_s: plan.duration_s, method, point_step };
    model.seed = plan.seed.unwrap_or(0);
    model.recordings = recordings;
    model.event_recordings = event_recordings;
    let mut all = network.warnings;
    all.extend(plan.warnings.iter().cloned());
    all.extend(warnings);
    assumptions.extend(network.assumptions);
    let later = Vec::new();
    Ok(Simulation { model, outputs, events, displays, notes, assumptions, warnings: all, later })
}

/// Detects spikes of cells with a shape that are to be written and whose cell has no threshold, at 0 mV.
fn detect_at_zero(plan: &Plan<'_>, target: &str, parts: &mut Parts<'_>) -> Vec<Warning> {
    let selections = plan.events.iter().flat_map(|file| &file.selections);
    let paths = Paths::new(target, parts);
    let found = selections.filter_map(|(of, select, _)| Some((paths.shaped_sender(select)?, *of)));
    // Each population once, with the selection that comes first.
    let mut first: BTreeMap<usize, &Component> = BTreeMap::new();
    for (at, component) in found {
        first.entry(at).or_insert(component);
    }
    let mut warnings = Vec::new();
    let network = parts.network_mut();
    for (at, component) in first {
        let known = network.model.spike_detectors.iter().any(|d| d.population == at && d.is_output);
        let middle = network.populations[at].shaped.as_deref().and_then(|shaped| {
            let location = super::site::root_middle(shaped)?;
            let section = shaped.cell.morphology.sections.get(location.section.index())?;
            Some(Points::At(Region::Section(section.name.clone()), location.fraction))
        });
        let Some(points) = middle.filter(|_| !known) else { continue };
        network.model.spike_detectors.push(SpikeDetector {
            population: at,
            points: Some(points),
            threshold_v: 0.0,
            is_output: true,
        });
        let message = format!(
            "{}: the cells of '{}' have no <spikeThresh>: they spike at 0 mV, as jNeuroML takes it",
            component.label(),
            network.populations[at].path
        );
        warnings.push(Warning::new("no-spike-threshold", message, component.origin.place()));
    }
    warnings
}

struct Gather<'a> {
    paths: &'a Paths<'a>,
    recordings: Vec<Recording>,
    event_recordings: Vec<EventRecording>,
    warnings: Vec<Warning>,
    errors: Vec<Error>,
}

impl Gather<'_> {
    /// The number of the recording of events that are not the spikes of a cell.
    fn events_of(&mut self, sending: Sending) -> Option<usize> {
        let Sending { source, sender } = sending;
        if sender == Sender::Cell {
            return None;
        }
        let wanted = EventRecording { source, sender };
        let known = self.event_recordings.iter().position(|known| *known == wanted);
        Some(known.unwrap_or_else(|| {
            self.event_recordings.push(wanted);
            self.event_recordings.len() - 1
        }))
    }

    /// Records a quantity as the next column of `table`.
    fn record(&mut self, asked: &Asked<'_>, table: &str) {
        match self.paths.quantity(asked.quantity) {
            Ok(Found { population, cell, site, variable, others, astray }) => {
                if let Some(astray) = astray {
                    let message =
                        format!("'{}': the cell is no '{astray}', which is passed over", asked.quantity);
                    let place = asked.component.origin.place();
                    self.warnings.push(Warning::new("other-component", message, place));
                }
                if others > 0 {
                    let message = format!(
                        "'{}' could be {} things: the first is recorded; say it like \
                         synapses:name:0 to choose",
                        asked.quantity,
                        others + 1
                    );
                    let place = asked.component.origin.place();
                    self.warnings.push(Warning::new("ambiguous-quantity", message, place));
                }
                self.recordings.push(Recording {
                    population,
                    cells: CellSet::Indices(vec![cell]),
                    site,
                    variables: vec![variable],
                    interval_s: 0.0,
                    file: table.to_string(),
                    label: Some(asked.quantity.to_string()),
                });
            }
            Err(error) => self.errors.push(asked.component.locate(error)),
        }
    }

    /// Two files of one name would overwrite each other.
    fn distinct_files(&mut self, plan: &Plan<'_>) {
        let mut taken: BTreeMap<PathBuf, &Component> = BTreeMap::new();
        let outputs = plan.outputs.iter().map(|o| (o.component, &o.path));
        for (component, path) in outputs.chain(plan.events.iter().map(|e| (e.component, &e.path))) {
            let plain: PathBuf = path.components().filter(|part| *part != Part::CurDir).collect();
            if let Some(first) = taken.get(&plain) {
                let message = format!("'{}' is written by {} too", path.display(), first.label());
                let error = component.error(ErrorKind::Name, message);
                self.errors.push(error.help("give them different names"));
            }
            taken.insert(plain, component);
        }
    }
}

/// What was read, in numbers.
fn notes(model: &Model) -> Vec<String> {
    let of = |is: fn(&PopulationCell) -> bool| {
        model.populations.iter().filter(|p| is(&p.cell)).map(|p| p.size).sum::<usize>()
    };
    let contacts: usize = model.attachments.iter().map(|a| a.contacts.len()).sum();
    let parts = [
        (model.populations.len(), "population"),
        (of(|cell| matches!(cell, PopulationCell::Cable(_))), "cell with a shape"),
        (of(|cell| matches!(cell, PopulationCell::Point(_))), "cell without a shape"),
        (of(|cell| matches!(cell, PopulationCell::SpikeTimes(_))), "list of spike times"),
        (contacts, "contact of synapses and inputs"),
        (model.couplings.len(), "coupling"),
        (model.connections.len(), "connection"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| counted(*count, what)).collect();
    vec![parts.join(", ")]
}

/// `1 file`, `2 files`, `3 cells with a shape`.
pub(super) fn counted(count: usize, what: &str) -> String {
    if count == 1 {
        return format!("1 {what}");
    }
    match what.split_once(' ') {
        Some((noun, rest)) => format!("{count} {noun}s {rest}"),
        None => format!("{count} {what}s"),
    }
}
