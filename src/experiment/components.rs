//! Channels, synapses, point neurons and inputs by name: from the library and from files of the
//! user, with their parameters set.

use std::collections::BTreeMap;

use super::node::{self, Node, Table, suggestion};
use super::{drawn, pynn, values};
use crate::dynamics::{Dynamics, Parameter};
use crate::error::{Error, ErrorKind};
use crate::lems::{Component, ComponentType, Set};
use crate::library;
use crate::model::{Model, PopulationCell, Source};
use crate::select::Field;
use crate::units::Dimension;

/// Everything that can be named.
#[derive(Debug)]
pub(super) struct Components {
    set: Set,
}

/// A component made flat, and those of its parameters that differ over space.
#[derive(Debug)]
pub(super) struct Instance {
    pub component: Component,
    pub dynamics: Dynamics,
    pub source: Source,
    pub fields: Vec<(String, Field)>,
}

/// How the current of a channel follows from its conductance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum DensityKind {
    /// g (v − E) with this E, V.
    Ohmic(f64),
    /// The same with E from the concentrations.
    Nernst,
    /// The GHK equation with a permeability.
    GhkPermeability,
    /// The GHK equation scaled to a conductance density.
    GhkConductance,
}

/// A parameter that an entry sets: its path in the component, and its value.
type Setting = (String, Field);

/// Reads `library = ["file.xml", …]` on top of the built-in library.
pub(super) fn load(node: Option<&Node<'_>>, source: &node::Source) -> Option<Components> {
    // Own components may stand on anything; what the text itself names is read in a fraction of the time.
    let library = match node {
        Some(_) => library::set().cloned(),
        None => library::set_naming(source.text()),
    };
    let mut set = match library {
        Ok(set) => set,
        Err(error) => {
            source.report(error);
            return None;
        }
    };
    let mut sound = true;
    for item in node.map_or(Some(Vec::new()), Node::one_or_more)? {
        let path = source.resolve(item.text()?);
        match set.read_file(&path, &library::resolver()) {
            Ok(()) => source.note(format!("own components: {}", path.display())),
            Err(error) => {
                sound = false;
                // What is wrong inside the file keeps its place there.
                for part in error.all() {
                    let error = part.clone();
                    source.report(if part.place().line == 0 { error.in_element(&item.path) } else { error });
                }
            }
        }
    }
    sound.then_some(Components { set })
}

impl Components {
    /// The component that `name`, which stands at `at`, names, with the parameters that the rest of `table` sets. A
    /// component type that needs nothing but parameters may stand for a component. Reports keys of
    /// the table that are none of its parameters.
    pub(super) fn instance(
        &self,
        table: &Table<'_>,
        at: &Node<'_>,
        name: &str,
        over_space: bool,
    ) -> Option<Instance> {
        let component = match self.set.component(name) {
            Some(component) => component.clone(),
            None => match self.set.component_type(name) {
                Some(component_type) => match pynn::with_defaults(&self.set, &component_type.name) {
                    Some(component) => component.clone(),
                    None => Component { component_type: component_type.name.clone(), ..Component::default() },
                },
                None => return self.unknown(at, name, ""),
            },
        };
        let (mut component, fields) = self.configure(table, component, over_space)?;
        let source = Source::of(&self.set, &component);
        leave_open(&mut component, fields.iter().map(|(path, _)| path.as_str()));
        let mut dynamics = self.flat(at, &component)?;
        dynamics.name = name.to_string();
        settle(&mut dynamics);
        Some(Instance { fields: flat_names(at, &dynamics, fields)?, source, dynamics, component })
    }

    /// The dynamics of `component` with parameters left open: what depends on them is no number yet.
    pub(super) fn open(
        &self,
        node: &Node<'_>,
        component: &Component,
        parameters: &[String],
    ) -> Option<Dynamics> {
        let mut component = component.clone();
        leave_open(&mut component, parameters.iter().map(String::as_str));
        let mut dynamics = self.flat(node, &component)?;
        settle(&mut dynamics);
        Some(dynamics)
    }

    /// A component of the core types with these parameters, `(name, SI value)`.
    pub(super) fn build(
        &self,
        node: &Node<'_>,
        component_type: &str,
        values: &[(&str, f64)],
    ) -> Option<Instance> {
        let component = Component {
            component_type: component_type.to_string(),
            parameters: values.iter().map(|(name, value)| ((*name).to_string(), *value)).collect(),
            ..Component::default()
        };
        let dynamics = self.flat(node, &component)?;
        Some(Instance { dynamics, source: Source::of(&self.set, &component), fields: Vec::new(), component })
    }

    /// The ion that a channel says its current is of.
    pub(super) fn ion_of(&self, channel: &str) -> Option<String> {
        let ion = self.set.component(channel)?.text("species")?;
        (ion != "non_specific").then(|| ion.to_string())
    }

    /// The channel `name` spread over a membrane, with the parameters that the rest of `table` sets.
    pub(super) fn density(
        &self,
        table: &Table<'_>,
        at: &Node<'_>,
        name: &str,
        kind: DensityKind,
        strength: Field,
        ion: Option<&str>,
    ) -> Option<Instance> {
        let Some(channel) =
            self.set.component(name).filter(|c| self.set.is_a(&c.component_type, "baseIonChannel"))
        else {
            return self.unknown(at, name, "baseIonChannel");
        };
        let (mut channel, settings) = self.configure(table, channel.clone(), true)?;
        let (component_type, parameter) = match kind {
            DensityKind::Ohmic(_) => ("channelDensity", "condDensity"),
            DensityKind::Nernst => ("channelDensityNernst", "condDensity"),
            DensityKind::GhkPermeability => ("channelDensityGHK", "permeability"),
            DensityKind::GhkConductance => ("channelDensityGHK2", "condDensity"),
        };
        // Under a name of its own, since its parameters may differ from the library's.
        let id = format!("{name} of {}", table.node.path);
        channel.id = Some(id.clone());
        let mut density = Component {
            component_type: component_type.to_string(),
            parameters: vec![(parameter.to_string(), strength.as_constant().unwrap_or(0.0))],
            references: vec![("ionChannel".to_string(), id)],
            ..Component::default()
        };
        density.texts.extend(ion.map(|ion| ("ion".to_string(), ion.to_string())));
        if let DensityKind::Ohmic(reversal) = kind {
            density.parameters.push(("erev".to_string(), reversal));
        }
        let mut set = self.set.clone();
        at.accept(set.insert(channel.clone()))?;
        let source = Source::of(&set, &density);
        if !settings.is_empty() {
            leave_open(&mut channel, settings.iter().map(|(path, _)| path.as_str()));
            set = self.set.clone();
            at.accept(set.insert(channel))?;
        }
        let mut dynamics = flat(&set, at, &density)?;
        settle(&mut dynamics);
        let mut fields = flat_names(at, &dynamics, settings)?;
        if strength.as_constant().is_none() {
            fields.insert(0, (parameter.to_string(), strength));
        }
        Some(Instance { dynamics, source, fields, component: density })
    }

    /// The concentrations of an ion: by a model of the library, or as they start.
    pub(super) fn pool(
        &self,
        table: &Table<'_>,
        pool: Option<&Node<'_>>,
        ion: &str,
        starts: [(&str, Field); 2],
    ) -> Option<Instance> {
        let mut instance = match pool {
            Some(pool) => self.instance(table, pool, pool.text()?, true)?,
            None => {
                table.finish();
                let mut component =
                    Component { component_type: "concentrationModel".to_string(), ..Component::default() };
                component.texts.push(("ion".to_string(), ion.to_string()));
                let dynamics = self.flat(&table.node, &component)?;
                Instance {
                    dynamics,
                    source: Source::of(&self.set, &component),
                    fields: Vec::new(),
                    component,
                }
            }
        };
        if !instance.dynamics.is_a("concentrationModel") {
            let message = format!("`{}` is no concentration model", instance.dynamics.component_type);
            pool.unwrap_or(&table.node).wrong(ErrorKind::Name, message, "see `neuropil channels`");
            return None;
        }
        // What NeuroML's `species` gives to its model from outside is a parameter here.
        for (name, field) in starts {
            let inputs = &mut instance.dynamics.inputs;
            let before = inputs.len();
            inputs.retain(|input| input.name != name);
            if inputs.len() < before {
                let value = field.as_constant();
                instance.dynamics.parameters.push(Parameter {
                    name: name.to_string(),
                    dimension: Dimension::CONCENTRATION,
                    value: value.unwrap_or(0.0),
                });
                if value.is_none() {
                    instance.fields.push((name.to_string(), field));
                }
            }
        }
        Some(instance)
    }

    /// Sets the parameters of `component` that the rest of `table` names; gives those that differ
    /// over space. Reports what it lacks.
    fn configure(
        &self,
        table: &Table<'_>,
        mut component: Component,
        over_space: bool,
    ) -> Option<(Component, Vec<Setting>)> {
        let known = self.parameter_paths(&component);
        let mut fields = Vec::new();
        let mut sound = true;
        for (key, node) in table.rest() {
            let Some(dimension) = known.get(&key) else {
                let names: Vec<&str> = known.keys().map(String::as_str).collect();
                let message = format!("a {} has no parameter `{key}`", component.component_type);
                let mut help = suggestion(&key, &names);
                if names.len() > 12 && help.starts_with("known:") {
                    help = "see `neuropil channels NAME` for its parameters".to_string();
                }
                node.wrong(ErrorKind::Name, message, help);
                sound = false;
                continue;
            };
            if pynn::counts_plainly(&self.set, &component.component_type) && !key.contains('/') {
                match drawn::quantity(&node, &pynn::units(&component.component_type, &key)) {
                    Some(value) => set_parameter(&mut component, &key, value),
                    None => sound = false,
                }
                continue;
            }
            let Some(field) = values::field(&node, *dimension, None) else {
                sound = false;
                continue;
            };
            match field.as_constant() {
                Some(value) => set_parameter(&mut component, &key, value),
                None if over_space => {
                    set_parameter(&mut component, &key, 0.0);
                    fields.push((key, field));
                }
                None => {
                    node.wrong(ErrorKind::Value, "differs over space where there is none", "give one value");
                    sound = false;
                }
            }
        }
        if let Some(component_type) = self.set.component_type(&component.component_type) {
            for missing in missing(&component, component_type) {
                let dimension = component_type.parameter(missing).unwrap_or(Dimension::NONE);
                let message = format!("the parameter `{missing}` of {} is missing", component_type.name);
                let help = format!("add it, such as: {missing} = \"{}\"", dimension.example());
                table.node.wrong(ErrorKind::Name, message, help);
                sound = false;
            }
        }
        sound.then_some((component, fields))
    }

    /// The parameters of a component and of its parts, by path.
    fn parameter_paths(&self, component: &Component) -> BTreeMap<String, Dimension> {
        let mut paths = BTreeMap::new();
        if let Some(component_type) = self.set.component_type(&component.component_type) {
            for parameter in &component_type.parameters {
                if !component_type.fixed.iter().any(|fixed| fixed.name == parameter.name) {
                    paths.insert(parameter.name.clone(), parameter.dimension);
                }
            }
            for property in &component_type.properties {
                paths.insert(property.name.clone(), property.dimension);
            }
        }
        for child in &component.children {
            let stem = child.id.as_ref().unwrap_or(&child.slot);
            for (path, dimension) in self.parameter_paths(child) {
                paths.insert(format!("{stem}/{path}"), dimension);
            }
        }
        paths
    }

    fn flat(&self, node: &Node<'_>, component: &Component) -> Option<Dynamics> {
        flat(&self.set, node, component)
    }

    /// Reports that nothing is called `name`; `base` is what it should be, if anything.
    fn unknown<T>(&self, node: &Node<'_>, name: &str, base: &str) -> Option<T> {
        // The set holds what the experiment names rightly; what it may mean is in the whole library.
        let mut known: Vec<&str> = Vec::new();
        for set in [Some(&self.set), library::set().ok()].into_iter().flatten() {
            let fits = |component_type: &str| base.is_empty() || set.is_a(component_type, base);
            let components = set.components().filter(|c| fits(&c.component_type));
            known.extend(components.filter_map(|c| c.id.as_deref()));
            if base.is_empty() {
                known.extend(set.types().map(|t| t.name.as_str()));
            }
        }
        known.sort_unstable();
        known.dedup();
        let what = if base == "baseIonChannel" { "channel" } else { "component" };
        let mut help = suggestion(name, &known);
        if !help.starts_with("did you mean") {
            help = "`neuropil channels` lists what there is; own files are named in `library`".to_string();
        }
        node.wrong(ErrorKind::Name, format!("no {what} is called `{name}`"), help);
        None
    }
}

/// Makes a component flat; what is wrong with it is reported at `node`.
fn flat(set: &Set, node: &Node<'_>, component: &Component) -> Option<Dynamics> {
    match set.flatten(component) {
        Ok(dynamics) => Some(dynamics),
        Err(error) => {
            for part in error.all() {
                // Places inside the library's files are said in words: the mistake may be here.
                node.report(Error::new(part.kind(), part.to_string()));
            }
            None
        }
    }
}

/// The parameters that have no value.
fn missing<'a>(component: &Component, component_type: &'a ComponentType) -> Vec<&'a str> {
    let given = |name: &str| component.parameter(name).is_some();
    let fixed = |name: &str| component_type.fixed.iter().any(|fixed| fixed.name == name);
    let names = component_type.parameters.iter().map(|p| p.name.as_str());
    names.filter(|name| !given(name) && !fixed(name)).collect()
}

/// Leaves parameters open: what depends on them is not computed beforehand.
fn leave_open<'p>(component: &mut Component, paths: impl Iterator<Item = &'p str>) {
    paths.for_each(|path| set_parameter(component, path, f64::NAN));
}

/// Open parameters get a number, which others replace.
fn settle(dynamics: &mut Dynamics) {
    dynamics.parameters.iter_mut().filter(|p| p.value.is_nan()).for_each(|p| p.value = 0.0);
}

fn set_parameter(component: &mut Component, path: &str, value: f64) {
    let child = path.split_once('/').and_then(|(stem, rest)| {
        let found = component.children.iter().position(|c| c.id.as_ref().unwrap_or(&c.slot) == stem);
        found.map(|at| (at, rest))
    });
    if let Some((at, rest)) = child {
        if let Some(child) = component.children.get_mut(at) {
            set_parameter(child, rest, value);
        }
        return;
    }
    match component.parameters.iter_mut().find(|(name, _)| name == path) {
        Some((_, known)) => *known = value,
        None => component.parameters.push((path.to_string(), value)),
    }
}

/// The names that parameters which differ over space have in the flat system.
fn flat_names(node: &Node<'_>, dynamics: &Dynamics, fields: Vec<Setting>) -> Option<Vec<Setting>> {
    let mut named = Vec::with_capacity(fields.len());
    for (path, field) in fields {
        let ending = format!("/{path}");
        let found = dynamics.parameters.iter().find(|p| p.name == path || p.name.ends_with(&ending));
        let Some(parameter) = found else {
            let message =
                format!("`{path}` cannot differ over space: others are computed from it beforehand");
            node.wrong(ErrorKind::Unsupported, message, "give one value");
            return None;
        };
        named.push((parameter.name.clone(), field));
    }
    Some(named)
}

/// The temperature of a model whose file gives none: an error if anything depends on it.
pub(super) fn without_temperature(root: &Table<'_>, model: &Model) -> Option<f64> {
    let mut users: Vec<&str> = Vec::new();
    for population in &model.populations {
        let (densities, pools, synapses, point) = match &population.cell {
            PopulationCell::Cable(cell) => (&cell.densities[..], &cell.pools[..], &cell.synapses[..], None),
            PopulationCell::Point(cell) => (&[][..], &[][..], &cell.synapses[..], Some(&cell.dynamics)),
            PopulationCell::SpikeTimes(_) => continue,
        };
        let all = densities.iter().map(|d| &d.dynamics).chain(pools.iter().map(|p| &p.dynamics));
        let all = all.chain(synapses.iter().map(|s| &s.dynamics)).chain(point);
        let hot = all.filter(|d| d.inputs.iter().any(|i| i.name == "temperature"));
        users.extend(hot.map(|d| d.name.as_str()));
    }
    users.sort_unstable();
    users.dedup();
    if users.is_empty() {
        root.source().defaulted("temperature", "none given, and nothing depends on it");
        return Some(293.15);
    }
    root.node.wrong(
        ErrorKind::Name,
        format!("`temperature` is missing, and this goes by it: {}", users.join(", ")),
        "add it, such as: temperature = \"6.3 degC\"",
    );
    None
}
