//! What a target asks for: how long to run which component, what to record, write and show.
//!
//! The `Simulation` element of a component type says what its components do (`Run`, `Record`,
//! `DataWriter`, `DataDisplay`, `EventWriter`, `EventRecord`). Only these are interpreted, never the
//! names of types, so that documents with types of their own work as those of NeuroML do.

use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Place, Result, Warning, nearest};
use crate::lems::{Component, ComponentType, Element, Set};
use crate::model::{Method, PointStep};
use crate::units::Dimension;

/// Most steps of a run: beyond it the number of a step is no longer exact.
const MAX_STEPS: f64 = 1e15;
/// Deepest nesting of displays and files in a simulation.
const MAX_DEPTH: usize = 32;

/// What a simulation asks for, its quantities still as written.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// Who asks for runs; this is the first.
    pub runs: Vec<Run<'a>>,
    /// The component that is run.
    pub target: &'a Component,
    /// Time step, s.
    pub dt_s: f64,
    /// Duration, s.
    pub duration_s: f64,
    /// The method, if it asks for one.
    pub method: Option<Method>,
    /// How it wants cells without a shape stepped, if it says.
    pub point_step: Option<PointStep>,
    /// The seed, if it gives one.
    pub seed: Option<u64>,
    /// Files of columns.
    pub outputs: Vec<Output<'a>>,
    /// Plots.
    pub displays: Vec<Shown<'a>>,
    /// Files of events.
    pub events: Vec<Events<'a>>,
    /// What was taken for granted.
    pub assumptions: Vec<String>,
    /// What is doubtful.
    pub warnings: Vec<Warning>,
    /// What is wrong; the rest stands.
    pub errors: Vec<Error>,
}

/// A quantity that is to be recorded.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// The component that asks for it.
    pub component: &'a Component,
    /// The quantity, as a path.
    pub quantity: &'a str,
    /// The SI value of the unit it is shown in.
    pub scale: f64,
    /// The colour of its line.
    pub colour: Option<&'a str>,
}

/// A file of columns.
#[derive(Debug)]
pub(super) struct Output<'a> {
    /// The component that writes it.
    pub component: &'a Component,
    /// Its name as given.
    pub path: PathBuf,
    /// Its columns.
    pub columns: Vec<Asked<'a>>,
}

/// A plot.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    /// The component that shows it.
    pub component: &'a Component,
    /// Its title.
    pub title: &'a str,
    /// Its curves.
    pub lines: Vec<Asked<'a>>,
}

/// A file of events.
#[derive(Debug)]
pub(super) struct Events<'a> {
    /// The component that writes it.
    pub component: &'a Component,
    /// Its name as given.
    pub path: PathBuf,
    /// Whether the time comes before the id.
    pub time_first: bool,
    /// What it records: the component that asks, the path of the sender, its port.
    pub selections: Vec<(&'a Component, &'a str, Option<&'a str>)>,
}

/// A component that asks for a run, and where its type says so.
pub(super) type Run<'a> = (&'a Component, &'a Element);

/// Where records go.
#[derive(Debug, Clone, Copy)]
enum Sink {
    Nowhere,
    File(usize),
    Display(usize),
    Events(usize),
}

/// The component that the document `path`, read into `set`, wants to be simulated.
///
/// # Errors
/// If it names none, several, or one that does not exist: says what could be simulated.
pub(super) fn target<'a>(set: &'a Set, path: &Path) -> Result<&'a Component> {
    let own: Vec<&Element> = set.targets().iter().filter(|t| t.origin.file() == path).collect();
    let targets = if own.is_empty() { set.targets().iter().collect() } else { own };
    let [target] = targets.as_slice() else {
        return Err(match targets.last() {
            Some(last) => last.error(ErrorKind::Name, "a second <Target>: one component can be simulated"),
            None => nothing_to_simulate(set, path),
        });
    };
    let id = target.require("component")?;
    set.component(id).ok_or_else(|| {
        let error = target.error(ErrorKind::Name, format!("there is no component '{id}'"));
        match nearest(id, simulations(set).filter_map(|c| c.id.as_deref())) {
            Some(near) => error.help(format!("did you mean '{near}'?")),
            None => error,
        }
    })
}

/// The components that run something.
fn simulations(set: &Set) -> impl Iterator<Item = &Component> {
    set.components().filter(|c| {
        let of = set.component_type(&c.component_type);
        of.is_some_and(|of| of.simulation.iter().any(|e| e.name == "Run"))
    })
}

fn nothing_to_simulate(set: &Set, path: &Path) -> Error {
    let error = Error::new(ErrorKind::Name, "the document does not say what to simulate").in_file(path);
    if let Some(id) = simulations(set).find_map(|c| c.id.as_deref()) {
        return error.help(format!("add <Target component=\"{id}\"/>"));
    }
    let networks = set.components().filter(|c| set.is_a(&c.component_type, "network"));
    let could = networks.chain(set.components()).find_map(|c| c.id.as_deref());
    let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    match could {
        Some(id) => error.help(format!(
            "put a LEMS file beside it: <Lems><Target component=\"sim1\"/><Include file=\"Simulation.xml\"/>\
             <Include file=\"{file}\"/><Simulation id=\"sim1\" target=\"{id}\" length=\"100 ms\" step=\"0.01 ms\">\
             <OutputFile id=\"out\" fileName=\"out.dat\"><OutputColumn id=\"v\" quantity=\"...\"/></OutputFile>\
             </Simulation></Lems>"
        )),
        None => error.help("it defines no component at all"),
    }
}

/// What the component `simulation` asks for: a run, or several, one after the other in order of writing, each with what is
/// recorded within the component that asks for it.
///
/// # Errors
/// If what it runs cannot be told. Everything else that is wrong is in the plans.
pub(super) fn plans<'a>(set: &'a Set, simulation: &'a Component) -> Result<Vec<Plan<'a>>> {
    let all = plan(set, simulation, &[])?;
    let runs = all.runs.as_slice();
    if runs.len() < 2 {
        return Ok(vec![all]);
    }
    let is_same = |(a, _): &Run<'a>, (b, _): &Run<'a>| std::ptr::eq(*a, *b);
    for (number, run) in runs.iter().enumerate() {
        if runs[..number].iter().any(|other| is_same(other, run)) {
            let message = "a second run of one component: it would write the same files";
            return Err(run.1.error(ErrorKind::Unsupported, message));
        }
    }
    let one = |run: &Run<'a>| {
        let others: Vec<&Component> =
            runs.iter().filter(|other| !is_same(other, run)).map(|(component, _)| *component).collect();
        let mut plan = plan(set, simulation, &others)?;
        plan.outputs.retain(|output| !output.columns.is_empty());
        plan.displays.retain(|display| !display.lines.is_empty());
        plan.events.retain(|events| !events.selections.is_empty());
        Ok(plan)
    };
    let mut plans = runs.iter().map(one).collect::<Result<Vec<_>>>()?;
    let mut written: Vec<&Path> = Vec::new();
    let mut errors = Vec::new();
    for plan in &plans {
        let outputs = plan.outputs.iter().map(|output| (output.component, output.path.as_path()));
        let events = plan.events.iter().map(|events| (events.component, events.path.as_path()));
        let here: Vec<_> = outputs.chain(events).collect();
        for (component, path) in &here {
            if written.contains(path) {
                let error = component.error(ErrorKind::Name, format!("two runs write '{}'", path.display()));
                errors.push(error.help("give each a file of its own"));
            }
        }
        written.extend(here.iter().map(|(_, path)| *path));
    }
    if let Some(first) = plans.first_mut() {
        first.errors.extend(errors);
    }
    Ok(plans)
}

/// What the component `simulation` asks for, but for what stands within `others`.
fn plan<'a>(set: &'a Set, simulation: &'a Component, others: &[&'a Component]) -> Result<Plan<'a>> {
    let mut reader = Reader {
        set,
        others,
        runs: Vec::new(),
        outputs: Vec::new(),
        displays: Vec::new(),
        events: Vec::new(),
        around: Vec::new(),
        elsewhere: Vec::new(),
        warnings: Vec::new(),
        errors: Vec::new(),
    };
    reader.walk(simulation, Sink::Nowhere, 0);
    reader.shown_elsewhere();
    let (component, element) = match reader.runs.as_slice() {
        [] => {
            let id = simulation.id.as_deref().unwrap_or_default();
            let message = "is the target, but its type does not say how to run anything";
            return Err(simulation.error(ErrorKind::Value, message).help(format!(
                "add <Simulation id=\"sim1\" target=\"{id}\" length=\"100 ms\" step=\"0.01 ms\"> with what \
                 is to be recorded, and make it the target"
            )));
        }
        [first, ..] => *first,
    };
    let runs = std::mem::take(&mut reader.runs);
    let target = reader.component(component, element)?;
    let mut assumptions = Vec::new();
    // What holds the runs may say it for all.
    let holder = (!std::ptr::eq(component, simulation)).then_some(simulation);
    let seed = reader.seed(component).or_else(|| reader.seed(holder?));
    if seed.is_none() {
        assumptions.push("seed of random numbers: 0, as none is given".to_string());
    }
    let (mut method, mut point_step) = reader.method(component, &mut assumptions);
    if let Some(holder) = holder {
        let (its_method, its_point_step) = reader.method(holder, &mut assumptions);
        method = method.or(its_method);
        point_step = point_step.or(its_point_step);
    }
    let (dt_s, duration_s) = reader.clock(component, element);
    Ok(Plan {
        runs,
        target,
        dt_s,
        duration_s,
        method,
        point_step,
        seed,
        outputs: reader.outputs,
        displays: reader.displays,
        events: reader.events,
        assumptions,
        warnings: reader.warnings,
        errors: reader.errors,
    })
}

struct Reader<'a, 'o> {
    set: &'a Set,
    /// Components that are passed over.
    others: &'o [&'a Component],
    runs: Vec<Run<'a>>,
    outputs: Vec<Output<'a>>,
    displays: Vec<Shown<'a>>,
    events: Vec<Events<'a>>,
    /// The components around the one that is read, the outermost first.
    around: Vec<&'a Component>,
    /// Records that name a display, and where they stand.
    elsewhere: Vec<(Asked<'a>, &'a str, Sink)>,
    warnings: Vec<Warning>,
    errors: Vec<Error>,
}

impl<'a> Reader<'a, '_> {
    /// Reads what `component` and those within it do; what they record goes to `sink` unless one of
    /// them is a sink itself.
    fn walk(&mut self, component: &'a Component, mut sink: Sink, depth: usize) {
        let Some(of) = self.set.component_type(&component.component_type) else { return };
        if self.others.iter().any(|other| std::ptr::eq(*other, component)) {
            return;
        }
        if depth > MAX_DEPTH {
            let message = format!("displays and files nested more than {MAX_DEPTH} deep");
            self.errors.push(component.error(ErrorKind::Limit, message));
            return;
        }
        for element in &of.simulation {
            match element.name.as_str() {
                "Run" => self.runs.push((component, element)),
                "DataWriter" => {
                    let path = self.path(component, element);
                    sink = Sink::File(self.outputs.len());
                    self.outputs.push(Output { component, path, columns: Vec::new() });
                }
                "DataDisplay" => {
                    sink = Sink::Display(self.displays.len());
                    let title = text(component, element, "title").unwrap_or_default();
                    self.displays.push(Shown { component, title, lines: Vec::new() });
                }
                "EventWriter" => {
                    let path = self.path(component, element);
                    let time_first = self.time_first(component, element);
                    sink = Sink::Events(self.events.len());
                    self.events.push(Events { component, path, time_first, selections: Vec::new() });
                }
                _ => {}
            }
        }
        for element in &of.simulation {
            match element.name.as_str() {
                "Record" => self.record(component, of, element, sink),
                "EventRecord" => self.record_events(component, element, sink),
                "Run" | "DataWriter" | "DataDisplay" | "EventWriter" => {}
                other => {
                    let message = format!("<{other}> in the Simulation of the type {} is not known", of.name);
                    self.errors.push(element.error(ErrorKind::Unsupported, message));
                }
            }
        }
        self.around.push(component);
        for child in &component.children {
            self.walk(child, sink, depth + 1);
        }
        self.around.pop();
    }

    /// The name of a file, with the folder that may be given apart from it.
    fn path(&mut self, component: &'a Component, element: &Element) -> PathBuf {
        let Some(name) = text(component, element, "fileName").filter(|name| !name.trim().is_empty()) else {
            let error = component.error(ErrorKind::Value, "the name of the file is missing");
            self.errors.push(error.help("say it like fileName=\"results.dat\""));
            return PathBuf::new();
        };
        match text(component, element, "path").filter(|folder| !folder.is_empty()) {
            Some(folder) => Path::new(folder).join(name),
            None => PathBuf::from(name),
        }
    }

    fn time_first(&mut self, component: &'a Component, element: &Element) -> bool {
        match text(component, element, "format") {
            Some("TIME_ID") => true,
            Some("ID_TIME") => false,
            None => {
                let message = "no format: a line is an id and a time (ID_TIME)";
                self.warnings.push(Warning::new("no-event-format", message, component.origin.place()));
                false
            }
            Some(other) => {
                let error = component.error(ErrorKind::Unsupported, format!("format=\"{other}\""));
                self.errors.push(error.help("formats are ID_TIME and TIME_ID"));
                false
            }
        }
    }

    fn record(&mut self, component: &'a Component, of: &'a ComponentType, element: &'a Element, sink: Sink) {
        let Some(quantity) = text(component, element, "quantity").filter(|q| !q.trim().is_empty()) else {
            self.errors.push(component.error(ErrorKind::Value, "the quantity is missing"));
            return;
        };
        let scale = match element.get("scale").and_then(|name| number(component, of, name)) {
            Some((scale, _)) if scale == 0.0 || !scale.is_finite() => {
                self.errors.push(component.error(ErrorKind::Value, "the scale must not be 0"));
                return;
            }
            Some((scale, _)) => scale,
            None => 1.0,
        };
        let colour = text(component, element, "color");
        let asked = Asked { component, quantity: quantity.trim(), scale, colour };
        // A record may name its display instead of standing in it, or one around it may.
        let around = |key: &str| self.around.iter().rev().find_map(|component| component.text(key));
        let named = text(component, element, "display").or_else(|| around(element.get("destination")?));
        if let (Some(name), Sink::Nowhere | Sink::Display(_)) = (named, sink) {
            self.elsewhere.push((asked, name, sink));
            return;
        }
        match sink {
            Sink::File(at) => self.outputs[at].columns.push(asked),
            Sink::Display(at) => self.displays[at].lines.push(asked),
            Sink::Nowhere | Sink::Events(_) => {
                let message = format!("'{quantity}' is recorded, but stands in no file and no display");
                self.errors.push(component.error(ErrorKind::Value, message));
            }
        }
    }

    /// Gives records to the displays that they name.
    fn shown_elsewhere(&mut self) {
        for (asked, name, sink) in std::mem::take(&mut self.elsewhere) {
            let is_it = |d: &Shown<'_>| d.component.id.as_deref() == Some(name) || d.title == name;
            match (self.displays.iter().position(is_it), sink) {
                (Some(at), _) | (None, Sink::Display(at)) => self.displays[at].lines.push(asked),
                (None, _) => {
                    let message =
                        format!("'{}' is to be shown in '{name}', and there is none", asked.quantity);
                    self.errors.push(asked.component.error(ErrorKind::Name, message));
                }
            }
        }
    }

    fn record_events(&mut self, component: &'a Component, element: &Element, sink: Sink) {
        let Some(path) = text(component, element, "quantity").filter(|q| !q.trim().is_empty()) else {
            self.errors.push(component.error(ErrorKind::Value, "the sender of the events is missing"));
            return;
        };
        let port = text(component, element, "eventPort").filter(|port| !port.is_empty());
        match sink {
            Sink::Events(at) => self.events[at].selections.push((component, path.trim(), port)),
            _ => {
                let message = format!("events of '{path}' are recorded, but stand in no file of events");
                self.errors.push(component.error(ErrorKind::Value, message));
            }
        }
    }

    /// The component that `element`, a `Run` of `component`, names.
    fn component(&self, component: &'a Component, element: &Element) -> Result<&'a Component> {
        let slot = element.get("component").unwrap_or("target");
        let Some(id) = component.reference(slot).or_else(|| component.text(slot)) else {
            let message = format!("'{slot}' is missing: the component to run");
            return Err(component.error(ErrorKind::Value, message));
        };
        self.set.component(id).ok_or_else(|| {
            component.error(ErrorKind::Name, format!("{slot}=\"{id}\": there is no component '{id}'"))
        })
    }

    /// The time step and the length of a `Run`, s; 0 if they are wrong.
    fn clock(&mut self, component: &Component, element: &Element) -> (f64, f64) {
        let step = element.get("increment").unwrap_or("step");
        let length = element.get("total").unwrap_or("length");
        let (step_s, length_s) = match (self.time(component, step), self.time(component, length)) {
            (Ok(step_s), Ok(length_s)) => (step_s, length_s),
            (step, length) => {
                self.errors.extend(step.err().into_iter().chain(length.err()));
                return (0.0, 0.0);
            }
        };
        let steps = (length_s / step_s).round();
        if steps > MAX_STEPS {
            let message = format!("'{length}' is {steps:e} times '{step}'; the most is {MAX_STEPS:e} steps");
            self.errors.push(component.error(ErrorKind::Limit, message));
        } else if steps < 1.0 {
            let message = format!("'{length}' is less than half of '{step}': nothing would run");
            self.errors.push(component.error(ErrorKind::Value, message));
        }
        (step_s, length_s)
    }

    /// The value of the time `name` of `component`, s.
    fn time(&self, component: &Component, name: &str) -> Result<f64> {
        let of = self.set.require_type(&component.component_type)?;
        // A parameter derived from others takes the whole component to work it out.
        let found = number(component, of, name).or_else(|| {
            let dynamics = self.set.flatten(component).ok()?;
            dynamics.parameter(name).map(|p| (p.value, p.dimension))
        });
        let Some((value, dimension)) = found else {
            return Err(component.error(ErrorKind::Value, format!("'{name}' is missing")));
        };
        if dimension != Dimension::TIME {
            let message = format!("'{name}' is a [{dimension}], expected a time: only time can be stepped");
            return Err(component.error(ErrorKind::Dimension, message));
        }
        if !(value > 0.0 && value.is_finite()) {
            let message = format!("'{name}' is {value} s: it must be above 0");
            return Err(component.error(ErrorKind::Value, message));
        }
        Ok(value)
    }

    fn seed(&mut self, simulation: &Component) -> Option<u64> {
        let text = simulation.text("seed").filter(|text| !text.trim().is_empty())?;
        let seed = text.trim().parse();
        seed.map_err(|_| {
            let message = format!("seed=\"{text}\": expected a whole number from 0 up");
            self.errors.push(simulation.error(ErrorKind::Value, message));
        })
        .ok()
    }

    /// The methods that a `Meta` for neuropil asks for: for all, for cells without a shape.
    fn method(
        &mut self,
        simulation: &Component,
        assumptions: &mut Vec<String>,
    ) -> (Option<Method>, Option<PointStep>) {
        let (mut method, mut point_step) = (None, None);
        for meta in &simulation.metas {
            let program = meta.get("for").unwrap_or_default();
            if !program.eq_ignore_ascii_case("neuropil") {
                let place = Place { file: None, ..meta.origin.place() };
                assumptions.push(format!("<Meta for=\"{program}\"> ({place}) is for another program"));
                continue;
            }
            for attribute in &meta.attributes {
                match (attribute.name.as_str(), attribute.value.as_str()) {
                    ("for", _) => {}
                    ("method", word) => match Method::NAMED.iter().find(|(name, _)| *name == word) {
                        Some((_, named)) => method = Some(*named),
                        None => {
                            let error = meta.error(ErrorKind::Name, format!("unknown method '{word}'"));
                            let known = Method::NAMED.map(|(name, _)| name).join(", ");
                            self.errors.push(error.help(format!("methods are {known}")));
                        }
                    },
                    ("pointMethod", word) => match PointStep::NAMED.iter().find(|(name, _)| *name == word) {
                        Some((_, named)) => point_step = Some(*named),
                        None => {
                            let error = meta.error(ErrorKind::Name, format!("unknown method '{word}'"));
                            let known = PointStep::NAMED.map(|(name, _)| name).join(", ");
                            self.errors.push(error.help(format!("methods of point cells are {known}")));
                        }
                    },
                    (other, _) => {
                        let message = format!("'{other}' is no wish that neuropil knows");
                        let error = meta.error(ErrorKind::Unsupported, message);
                        self.errors.push(error.help("it knows 'method' and 'pointMethod'"));
                    }
                }
            }
        }
        (method, point_step)
    }
}

/// The text of `component` that the attribute `key` of `element`, in its type's Simulation, names.
fn text<'a>(component: &'a Component, element: &Element, key: &str) -> Option<&'a str> {
    component.text(element.get(key)?)
}

/// The SI value and dimension of the quantity `name` of a component of type `of`.
fn number(component: &Component, of: &ComponentType, name: &str) -> Option<(f64, Dimension)> {
    if let Some(constant) = of.constants.iter().find(|c| c.name == name) {
        return Some((constant.value, constant.dimension));
    }
    let dimension = of.parameter(name).or_else(|| of.quantity(name))?;
    let fixed = || of.fixed.iter().find(|f| f.name == name).map(|f| f.value);
    let default = || of.properties.iter().find(|p| p.name == name).and_then(|p| p.default);
    component.parameter(name).or_else(fixed).or_else(default).map(|value| (value, dimension))
}
