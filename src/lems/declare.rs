//! From a `<ComponentType>` as written to a [`ComponentType`] with everything it inherits.

use std::sync::Arc;

use super::dynamics::read_dynamics;
use super::raw::Element;
use super::structure::read_structure;
use super::types::{ComponentType, DerivedValue, Direction, EventPort, Fixed, Named, Property, Slot, Source};
use super::vocabulary::Vocabulary;
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::expr::dims::dimension_of;
use crate::units::Dimension;

/// What an element of a type may be called, and its attributes besides `name` and `description`.
const ELEMENTS: &[(&str, &[&str])] = &[
    ("Parameter", &["dimension", "exposure", "default", "defaultValue", "value"]),
    ("Property", &["dimension", "defaultValue"]),
    ("Fixed", &["parameter", "value"]),
    ("Constant", &["symbol", "dimension", "value"]),
    ("DerivedParameter", &["dimension", "value", "select"]),
    ("IndexParameter", &[]),
    ("Exposure", &["dimension"]),
    ("Requirement", &["dimension"]),
    ("InstanceRequirement", &["type"]),
    ("ComponentRequirement", &["type"]),
    ("EventPort", &["direction"]),
    ("Text", &[]),
    ("Path", &[]),
    ("Link", &["type"]),
    ("ComponentReference", &["type", "local", "isAny", "root", "required"]),
    ("ComponentTypeReference", &[]),
    ("Child", &["type"]),
    ("Children", &["type", "min", "max"]),
    ("Attachments", &["type"]),
    ("Dynamics", &["simultaneous"]),
    ("Structure", &[]),
    ("Simulation", &["idCounter"]),
    ("notes", &[]),
    ("annotation", &[]),
    ("About", &[]),
    ("Meta", &["context"]),
    ("Assertion", &["test"]),
];

/// Longest chain of component types that extend each other.
pub(super) const MAX_BASES: usize = 128;
/// Most elements in a component type.
const MAX_ELEMENTS: usize = 10_000;

/// Whether an attribute may stand anywhere and says nothing about the model.
pub(super) fn is_metadata(attribute: &str) -> bool {
    matches!(attribute, "description" | "metaid" | "xmlns") || attribute.contains(':')
}

/// An error unless every attribute of `element` is known.
pub(super) fn check_attributes(element: &Element, known: &[&str]) -> Result<()> {
    let unknown =
        element.attributes.iter().find(|a| !is_metadata(&a.name) && !known.contains(&a.name.as_str()));
    match unknown {
        None => Ok(()),
        Some(attribute) => {
            let error = element.error(ErrorKind::Name, format!("unknown attribute '{}'", attribute.name));
            Err(match nearest(&attribute.name, known.iter().copied()) {
                Some(near) => error.help(format!("did you mean '{near}'?")),
                None => error,
            })
        }
    }
}

/// An error for an element that does not belong where it is.
pub(super) fn unknown_element<'a>(element: &Element, known: impl IntoIterator<Item = &'a str>) -> Error {
    let error = element.error(ErrorKind::Name, format!("unknown element <{}> here", element.name));
    match nearest(&element.name, known) {
        Some(near) => error.help(format!("did you mean <{near}>?")),
        None => error,
    }
}

fn with_name<'a>(own: &[&'a str]) -> Vec<&'a str> {
    own.iter().copied().chain(["name"]).collect()
}

/// Puts `item` into `list`, in the place of one of the same name.
pub(super) fn put<T>(list: &mut Vec<T>, item: T, name: impl Fn(&T) -> &str) {
    match list.iter().position(|known| name(known) == name(&item)) {
        Some(at) => list[at] = item,
        None => list.push(item),
    }
}

/// Puts a quantity into `list`; one inherited under the same name has to be of the same dimension.
fn put_named(list: &mut Vec<Named>, item: Named, element: &Element) -> Result<()> {
    if let Some(known) = list.iter().find(|n| n.name == item.name && n.dimension != item.dimension) {
        let message = format!(
            "'{}' is declared twice: with dimension [{}] and with [{}]",
            item.name, known.dimension, item.dimension
        );
        return Err(element.error(ErrorKind::Dimension, message));
    }
    put(list, item, |n| &n.name);
    Ok(())
}

fn slot(element: &Element, default_type: &str) -> Result<Slot> {
    let component_type = match element.get("type") {
        Some(name) => name.to_string(),
        None if default_type.is_empty() => element.require("type")?.to_string(),
        None => default_type.to_string(),
    };
    let local = element.get("local") == Some("true");
    let bound = |key: &str, default: usize| match element.get(key) {
        None => Ok(default),
        Some(text) => text.trim().parse::<usize>().map_err(|_| {
            element.error(ErrorKind::Syntax, format!("'{key}' is a whole number from 0 on, found '{text}'"))
        }),
    };
    let count = (bound("min", 0)?, bound("max", usize::MAX)?);
    Ok(Slot { name: element.require("name")?.to_string(), component_type, local, count })
}

/// Reads `element`, a `<ComponentType>`, that extends `base`.
///
/// # Errors
/// All that are found in it, joined.
pub(super) fn declare(
    element: &Element,
    base: Option<&ComponentType>,
    vocabulary: &Vocabulary,
) -> Result<ComponentType> {
    check_attributes(element, &["name", "extends", "standalone", "eg"])?;
    if element.children.iter().map(|child| 1 + child.children.len()).sum::<usize>() > MAX_ELEMENTS {
        let message = format!("a component type of more than {MAX_ELEMENTS} elements");
        return Err(element.error(ErrorKind::Limit, message).help("split it into child components"));
    }
    let mut out = base.cloned().unwrap_or_default();
    if let Some(base) = base {
        if base.bases.len() >= MAX_BASES {
            let message = format!("component types extend each other more than {MAX_BASES} deep");
            return Err(element.error(ErrorKind::Limit, message));
        }
        out.bases.insert(0, base.name.clone());
    }
    out.name = element.require("name")?.to_string();
    out.description = element.get("description").unwrap_or_default().to_string();
    out.origin = element.origin.clone();
    out.written = Arc::new(element.clone());
    let mut errors = Vec::new();
    let mut own_dynamics = None;
    let mut own_structure = None;
    for child in &element.children {
        let result = match child.name.as_str() {
            "Dynamics" | "Behavior" => {
                let before = own_dynamics.replace(child);
                if before.is_some() {
                    Err(child.error(ErrorKind::Name, "a second <Dynamics>"))
                } else {
                    Ok(())
                }
            }
            "Structure" => {
                let before = own_structure.replace(child);
                if before.is_some() {
                    Err(child.error(ErrorKind::Name, "a second <Structure>"))
                } else {
                    Ok(())
                }
            }
            _ => declare_one(&mut out, child, vocabulary),
        };
        errors.extend(result.err());
    }
    if let Some(dynamics) = own_dynamics {
        match read_dynamics(dynamics, base.map(|b| &b.dynamics), vocabulary) {
            Ok(read) => out.dynamics = read,
            Err(error) => errors.push(error),
        }
    }
    if let Some(structure) = own_structure {
        match read_structure(structure, vocabulary) {
            Ok(read) => out.structure = read,
            Err(error) => errors.push(error),
        }
    }
    infer_dimensions(&mut out);
    match Error::join(errors) {
        None => Ok(out),
        Some(error) => Err(error.in_element(element.label()).part_of("", &element.label())),
    }
}

/// Gives derived variables without a declared dimension that of their exposure or their expression.
fn infer_dimensions(out: &mut ComponentType) {
    for at in 0..out.dynamics.derived.len() {
        let derived = &out.dynamics.derived[at];
        if derived.dimension_declared {
            continue;
        }
        let exposed =
            derived.exposure.as_ref().and_then(|name| out.exposures.iter().find(|e| e.name == *name));
        let inferred = match (&derived.source, exposed) {
            (_, Some(exposure)) => Some(exposure.dimension),
            (Source::Value(expr), None) => {
                let names = |name: &str| out.quantity(name).or((name == "t").then_some(Dimension::TIME));
                dimension_of(expr, &names, None).ok()
            }
            (Source::Select { .. }, None) => None,
        };
        if let Some(dimension) = inferred {
            out.dynamics.derived[at].dimension = dimension;
        }
    }
}

fn declare_one(out: &mut ComponentType, child: &Element, vocabulary: &Vocabulary) -> Result<()> {
    let Some((_, attributes)) = ELEMENTS.iter().find(|(name, _)| *name == child.name) else {
        return Err(unknown_element(child, ELEMENTS.iter().map(|(name, _)| *name)));
    };
    check_attributes(child, &with_name(attributes))?;
    let name = || child.require("name").map(str::to_string);
    let named = || Ok(Named { name: name()?, dimension: vocabulary.dimension(child, "dimension")? });
    match child.name.as_str() {
        "Parameter" => put_named(&mut out.parameters, named()?, child)?,
        "Exposure" => put_named(&mut out.exposures, named()?, child)?,
        "Requirement" => put_named(&mut out.requirements, named()?, child)?,
        "Property" => {
            let Named { name, dimension } = named()?;
            let default =
                child.get("defaultValue").map(|_| vocabulary.value(child, "defaultValue", dimension));
            put(&mut out.properties, Property { name, dimension, default: default.transpose()? }, |p| {
                &p.name
            });
        }
        "Fixed" => {
            let name = child.require("parameter")?.to_string();
            let Some(dimension) = out.parameter(&name) else {
                let error = child.error(ErrorKind::Name, format!("there is no parameter '{name}' to fix"));
                return Err(match nearest(&name, out.parameters.iter().map(|p| p.name.as_str())) {
                    Some(near) => error.help(format!("did you mean '{near}'?")),
                    None => error,
                });
            };
            put(&mut out.fixed, Fixed { name, value: vocabulary.value(child, "value", dimension)? }, |f| {
                &f.name
            });
        }
        "Constant" => put(&mut out.constants, vocabulary.constant(child)?, |c| &c.name),
        "DerivedParameter" => {
            let Named { name, dimension } = named()?;
            let source = match child.get("select") {
                Some(path) => Source::Select { path: path.to_string(), reduce: None, required: true },
                None => Source::Value(vocabulary.expression(child, "value")?),
            };
            let derived = DerivedValue {
                name,
                dimension,
                dimension_declared: true,
                source,
                exposure: None,
                origin: child.origin.clone(),
            };
            // What a supertype leaves to its components may be worked out instead.
            out.parameters.retain(|p| p.name != derived.name || p.dimension != derived.dimension);
            put(&mut out.derived_parameters, derived, |d| &d.name);
        }
        "IndexParameter" => put(&mut out.index_parameters, name()?, |n| n),
        "InstanceRequirement" => put(&mut out.instance_requirements, slot(child, "Component")?, |s| &s.name),
        "ComponentRequirement" => put(&mut out.component_requirements, name()?, |n| n),
        "EventPort" => {
            let direction = match child.get("direction") {
                Some("in") => Direction::In,
                Some("out") => Direction::Out,
                other => {
                    let found = other.unwrap_or("nothing");
                    let message = format!("'direction' is 'in' or 'out', found '{found}'");
                    return Err(child.error(ErrorKind::Syntax, message));
                }
            };
            put(&mut out.event_ports, EventPort { name: name()?, direction }, |p| &p.name);
        }
        "Text" => put(&mut out.texts, name()?, |n| n),
        "Path" => put(&mut out.paths, name()?, |n| n),
        "Link" => put(&mut out.links, slot(child, "Component")?, |s| &s.name),
        "ComponentReference" => put(&mut out.references, slot(child, "Component")?, |s| &s.name),
        "Child" => put(&mut out.child, slot(child, "")?, |s| &s.name),
        "Children" => put(&mut out.children, slot(child, "")?, |s| &s.name),
        "Attachments" => put(&mut out.attachments, slot(child, "")?, |s| &s.name),
        "Simulation" => out.simulation.clone_from(&child.children),
        // For people, for other programs, or checked by nobody.
        _ => {}
    }
    Ok(())
}
