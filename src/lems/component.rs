//! Components: instances of component types with values for their parameters.

use std::sync::Arc;

use super::declare::is_metadata;
use super::form::Form;
use super::raw::{Element, Origin};
use super::rows::Children;
use super::scan::Walk;
use super::set::Set;
use super::types::{ComponentType, Slot};
use crate::error::{Error, ErrorKind, MAX_ERRORS, Result, Warning, nearest};
use crate::units::Dimension;

/// Deepest nesting of a component that another extends.
const MAX_DEPTH: usize = 64;
/// Most components of one list of which a form is made: those that follow are seldom like the seventeenth.
const MAX_FORMS: usize = 16;

/// A component as a document or a program defines it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Component {
    /// Its id, if it has one.
    pub id: Option<String>,
    /// The name of its type.
    pub component_type: String,
    /// The child or children list of its parent that it is in; empty at the top.
    pub slot: String,
    /// The name of its element where that is not the type's.
    pub tag: Option<String>,
    /// Parameters that it sets, and properties that have no default, with SI values.
    pub parameters: Vec<(String, f64)>,
    /// Properties with a default that it would set: only the maker of an instance can (`Assign`).
    pub not_set: Vec<String>,
    /// Attributes that its type does not know, and that resemble none: they mean nothing.
    pub unknown: Vec<String>,
    /// Values of its texts, paths and links.
    pub texts: Vec<(String, String)>,
    /// Ids of the components that it refers to, by the reference's name.
    pub references: Vec<(String, String)>,
    /// Components within it, in order of writing.
    pub children: Children,
    /// Its notes, for people.
    pub notes: String,
    /// Tags and values of `property` elements, which are not part of the model.
    pub tags: Vec<(String, String)>,
    /// Wishes for single programs (`Meta` elements), as written.
    pub metas: Vec<Element>,
    /// Where it is defined.
    pub origin: Origin,
}

impl Component {
    /// The SI value that it sets for the parameter `name`.
    pub fn parameter(&self, name: &str) -> Option<f64> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// The value of the text, path or link `name`.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The id of the component that the reference `name` names.
    pub fn reference(&self, name: &str) -> Option<&str> {
        self.references.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The components in the child or children list `slot`.
    pub fn in_slot<'a>(&'a self, slot: &'a str) -> impl Iterator<Item = &'a Component> {
        self.children.in_slot(slot)
    }

    /// How many components it and all below it are, and how deep they are nested.
    pub(super) fn extent(&self) -> (usize, usize) {
        let (count, depth) = self.children.extent();
        (count + 1, depth + 1)
    }

    /// How it is called in messages: `<gate id="m">`.
    pub fn label(&self) -> String {
        match &self.id {
            Some(id) => format!("<{} id=\"{id}\">", self.component_type),
            None => format!("<{}>", self.component_type),
        }
    }

    /// Warnings about what it and all below it would set, and cannot.
    pub(super) fn warnings(&self, out: &mut Vec<Warning>) {
        for name in &self.not_set {
            let message = format!(
                "{}: '{name}' is a property, set by what makes an instance (a connection, an Assign), not by the \
                 component: this value is not used",
                self.label()
            );
            out.push(Warning::new("property-not-set", message, self.origin.place()));
        }
        for name in &self.unknown {
            let message =
                format!("{}: the attribute '{name}' means nothing: its type has none", self.label());
            out.push(Warning::new("unknown-attribute", message, self.origin.place()));
        }
        for child in self.children.single() {
            child.warnings(out);
        }
    }

    /// `error` with this component's name and place, unless it has its own.
    pub fn locate(&self, error: Error) -> Error {
        error.in_element(self.label()).at(self.origin.place())
    }

    /// An error about this component, with its place.
    pub fn error(&self, kind: ErrorKind, message: impl Into<String>) -> Error {
        self.locate(Error::new(kind, message))
    }

    fn set(list: &mut Vec<(String, String)>, name: &str, value: &str) {
        match list.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value.to_string(),
            None => list.push((name.to_string(), value.to_string())),
        }
    }
}

/// The type that the attribute `type` of `element` asks for, unless it is a text of the type that
/// the element is named for.
fn asked_type<'a>(element: &Element, set: &'a Set) -> Option<&'a ComponentType> {
    let asked = element.get("type").and_then(|name| set.component_type(name))?;
    let text =
        set.component_type(&element.name).is_some_and(|tag| tag.texts.iter().any(|text| text == "type"));
    (!text).then_some(asked)
}

/// The type that `element` at the top of a document asks for.
pub(super) fn top_type<'a>(element: &Element, set: &'a Set) -> Result<&'a ComponentType> {
    if element.name == "Component" {
        let name = element.require("type")?;
        return set.require_type(name).map_err(|error| element.locate(error));
    }
    let named = set.component_type(&element.name);
    if let (None, Some(asked), Some(named)) = (asked_type(element, set), element.get("type"), named)
        && !named.texts.iter().any(|text| text == "type")
    {
        // Read as what its element is called, it would be another model.
        return set.require_type(asked).map_err(|error| element.locate(error));
    }
    match asked_type(element, set).or(named) {
        Some(found) => Ok(found),
        None => {
            let error =
                element.error(ErrorKind::Name, format!("there is no component type '{}'", element.name));
            let shown = set.types().map(|t| t.name.as_str());
            Err(match nearest(&element.name, shown) {
                Some(near) => error.help(format!("did you mean <{near}>?")),
                None => error
                    .help("component types are declared with <ComponentType>, here or in an included file"),
            })
        }
    }
}

/// The component that `element` defines, which `walk` has just entered, of type `component_type`.
///
/// # Errors
/// All that are found in it and within it, joined.
pub(super) fn build(
    element: &Element,
    walk: &mut Walk<'_>,
    component_type: &ComponentType,
    set: &Set,
) -> Result<Component> {
    let mut errors = Vec::new();
    let component = build_all(element, walk, component_type, "", set, &mut errors);
    match Error::join(errors) {
        None => Ok(component),
        Some(error) => Err(error),
    }
}

/// As [`build`], and where something is wrong the component without that.
pub(super) fn build_all(
    element: &Element,
    walk: &mut Walk<'_>,
    component_type: &ComponentType,
    slot: &str,
    set: &Set,
    errors: &mut Vec<Error>,
) -> Component {
    let before = errors.len();
    let mut out = match element.get("extends") {
        None => Component::default(),
        Some(id) => match prototype(element, id, component_type, set) {
            Ok(prototype) => prototype,
            Err(error) => {
                errors.push(error);
                Component::default()
            }
        },
    };
    out.id = element.get("id").map(str::to_string);
    out.component_type.clone_from(&component_type.name);
    out.slot = slot.to_string();
    out.origin = element.origin.clone();
    out.not_set.clear();
    out.unknown.clear();
    for attribute in &element.attributes {
        errors.extend(
            set_attribute(&mut out, element, &attribute.name, &attribute.value, component_type, set).err(),
        );
    }
    for parameter in &component_type.parameters {
        let given = out.parameters.iter().any(|(name, _)| *name == parameter.name);
        let fixed = component_type.fixed.iter().any(|f| f.name == parameter.name);
        if !given && !fixed {
            let wrong = element.attributes.iter().any(|a| a.name == parameter.name);
            if !wrong {
                let message = format!("parameter '{}' is missing", parameter.name);
                let help = format!(
                    "it is a [{}], written like {}",
                    parameter.dimension,
                    parameter.dimension.example()
                );
                errors.push(element.error(ErrorKind::Value, message).help(help));
            }
        }
    }
    let mut inherited = out.children.len();
    let depth = walk.depth();
    let mut child = Element::default();
    // What is known of those that were read: many like them may follow.
    let (mut forms, mut tried) = (Vec::new(), 0);
    loop {
        out.children.add_rows(&forms, walk, set.vocabulary());
        let Some(entered) = walk.enter(&mut child).filter(|_| errors.len() < MAX_ERRORS) else { break };
        let (from, start) = (errors.len(), walk.start());
        let mut is_listed = false;
        if let Err(error) = entered {
            errors.push(error);
        } else if !set.is_of_broken_type(&child) {
            match add_child(&mut out, &child, walk, component_type, &mut inherited, set, errors) {
                Ok(listed) => is_listed = listed,
                Err(error) => errors.push(error),
            }
        }
        walk.leave(depth);
        if is_listed && errors.len() == from && tried < MAX_FORMS && walk.repeats(&child.name) {
            tried += 1;
            let made = walk.since(start).zip(out.children.last_single());
            forms.extend(made.and_then(|(text, last)| Form::of(text, last, set)).map(Arc::new));
        }
        if child.get("id").is_none() && errors.len() > from {
            // "<distal>" alone says little.
            let owned =
                errors.drain(from..).map(|e| e.part_of(&child.label(), &element.label())).collect::<Vec<_>>();
            errors.extend(owned);
        }
    }
    let lists = if errors.len() == before { component_type.children.as_slice() } else { &[] };
    for slot in lists {
        let (count, (least, most)) = (out.children.count_in(&slot.name), slot.count);
        if count < least || count > most {
            let wanted = if count < least { format!("at least {least}") } else { format!("at most {most}") };
            let message =
                format!("there are {count} {}, where a {} has {wanted}", slot.name, component_type.name);
            errors.push(element.error(ErrorKind::Value, message));
        }
    }
    out
}

fn prototype(element: &Element, id: &str, component_type: &ComponentType, set: &Set) -> Result<Component> {
    let Some(found) = set.component(id) else {
        return Err(element
            .error(ErrorKind::Name, format!("extends=\"{id}\": there is no component '{id}' before this")));
    };
    if !component_type.is_a(&found.component_type) {
        let message =
            format!("extends=\"{id}\": '{id}' is a {}, not a {}", found.component_type, component_type.name);
        return Err(element.error(ErrorKind::Name, message));
    }
    let (count, depth) = found.extent();
    if depth > MAX_DEPTH {
        let message = format!("extends=\"{id}\": '{id}' is nested more than {MAX_DEPTH} deep");
        return Err(element.error(ErrorKind::Limit, message));
    }
    if !set.may_copy(count) {
        let message = format!("extends=\"{id}\": too many components come into being by 'extends'");
        return Err(element.error(ErrorKind::Limit, message));
    }
    Ok(found.clone())
}

/// What an attribute says that cannot be wrong but for its value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Role {
    /// The id.
    Id,
    /// The value of a parameter, or of a property without default.
    Parameter(Dimension),
    /// The value of an index parameter.
    Index,
    /// A text, path or link.
    Text,
    /// The id of another component.
    Reference,
    /// Nothing about the model.
    Nothing,
}

/// The role of the attribute `name` in a component of the type `of`, if it is one of those.
pub(super) fn role(name: &str, of: &ComponentType) -> Option<Role> {
    let slot = |slots: &[Slot]| slots.iter().any(|slot| slot.name == name);
    let is = |names: &[String]| names.iter().any(|known| known == name);
    let property = || of.properties.iter().find(|p| p.name == name);
    if let Some(dimension) = of.parameter(name) {
        return of.fixed.iter().all(|fixed| fixed.name != name).then_some(Role::Parameter(dimension));
    }
    if let Some(property) = property() {
        return property.default.is_none().then_some(Role::Parameter(property.dimension));
    }
    if is(&of.index_parameters) {
        Some(Role::Index)
    } else if is(&of.component_requirements) {
        Some(Role::Text)
    } else if slot(&of.references) || slot(&of.child) {
        Some(Role::Reference)
    } else if is(&of.texts) || is(&of.paths) || slot(&of.links) || slot(&of.instance_requirements) {
        Some(Role::Text)
    } else {
        match name {
            "id" => Some(Role::Id),
            // They change what the others mean.
            "type" | "extends" => None,
            "neuroLexId" | "name" => Some(Role::Nothing),
            _ => is_metadata(name).then_some(Role::Nothing),
        }
    }
}

fn set_attribute(
    out: &mut Component,
    element: &Element,
    name: &str,
    value: &str,
    component_type: &ComponentType,
    set: &Set,
) -> Result<()> {
    let property = || component_type.properties.iter().find(|p| p.name == name).map(|p| p.dimension);
    let slot = |slots: &[Slot]| slots.iter().any(|slot| slot.name == name);
    if let Some(dimension) = component_type.parameter(name).or_else(property) {
        let value = set.vocabulary().value(element, name, dimension)?;
        let default = || component_type.properties.iter().any(|p| p.name == name && p.default.is_some());
        if component_type.parameter(name).is_none() && default() {
            out.not_set.push(name.to_string());
            return Ok(());
        }
        if let Some(fixed) = component_type.fixed.iter().find(|f| f.name == name) {
            if fixed.value == value {
                return Ok(());
            }
            let message = format!("'{name}' is fixed by the type {} and cannot be set", component_type.name);
            return Err(element.error(ErrorKind::Value, message));
        }
        match out.parameters.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => out.parameters.push((name.to_string(), value)),
        }
    } else if component_type.index_parameters.iter().any(|index| index == name) {
        let value = set.vocabulary().value(element, name, Dimension::NONE)?;
        if value < 0.0 || value.fract() != 0.0 {
            let message = format!("{name}=\"{value}\": an index is a whole number from 0 on");
            return Err(element.error(ErrorKind::Value, message));
        }
        out.parameters.push((name.to_string(), value));
    } else if component_type.component_requirements.iter().any(|required| required == name) {
        Component::set(&mut out.texts, name, value);
    } else if slot(&component_type.references) || slot(&component_type.child) {
        Component::set(&mut out.references, name, value);
    } else if component_type.texts.iter().any(|t| t == name)
        || component_type.paths.iter().any(|p| p == name)
        || slot(&component_type.links)
        || slot(&component_type.instance_requirements)
    {
        Component::set(&mut out.texts, name, value);
    } else if name == "type" && set.component_type(value).is_none() {
        // It names nothing: the element is what it is called.
        out.unknown.push(name.to_string());
    } else if !matches!(name, "id" | "type" | "extends" | "neuroLexId" | "name") && !is_metadata(name) {
        let known: Vec<&str> = component_type
            .parameters
            .iter()
            .map(|p| p.name.as_str())
            .chain(component_type.properties.iter().map(|p| p.name.as_str()))
            .chain(component_type.texts.iter().map(String::as_str))
            .chain(component_type.references.iter().map(|r| r.name.as_str()))
            .collect();
        // Likely a slip of the pen, unless what it resembles is there too.
        if let Some(near) = nearest(name, known.iter().copied()).filter(|near| element.get(near).is_none()) {
            let error = element.error(ErrorKind::Name, format!("unknown attribute '{name}'"));
            return Err(error.help(format!("did you mean '{near}'?")));
        }
        out.unknown.push(name.to_string());
    }
    Ok(())
}

/// Adds what `element` within it says. Gives whether it is in a list, where others like it may follow.
fn add_child(
    out: &mut Component,
    element: &Element,
    walk: &mut Walk<'_>,
    component_type: &ComponentType,
    inherited: &mut usize,
    set: &Set,
    errors: &mut Vec<Error>,
) -> Result<bool> {
    match element.name.as_str() {
        "notes" => {
            out.notes.push_str(walk.whole(element)?.text.trim());
            return Ok(false);
        }
        "Meta" => {
            out.metas.push(walk.whole(element)?);
            return Ok(false);
        }
        "annotation" => {
            collect_tags(&walk.whole(element)?, &mut out.tags);
            return Ok(false);
        }
        "property" if component_type.children.iter().all(|slot| slot.name != "property") => {
            collect_tag(element, &mut out.tags);
            return Ok(false);
        }
        _ => {}
    }
    let (slot, child_type) = place(element, component_type, set)?;
    if slot == "property" {
        collect_tag(element, &mut out.tags);
        return Ok(false);
    }
    let single = component_type.child.iter().any(|s| s.name == slot);
    if single {
        match out.children.position_in(&slot) {
            // A child of the prototype makes room for the one that is written.
            Some(at) if at < *inherited => {
                out.children.remove_in(&slot);
                *inherited -= 1;
            }
            Some(_) => {
                let message = format!("a second '{slot}', where a {} has one", component_type.name);
                return Err(element.error(ErrorKind::Name, message));
            }
            None => {}
        }
    }
    let mut child = build_all(element, walk, child_type, &slot, set, errors);
    child.tag = (element.name != child.component_type).then(|| element.name.clone());
    out.children.push(child);
    Ok(!single)
}

/// The slot that `element` goes to, and its type.
fn place<'a>(element: &Element, parent: &ComponentType, set: &'a Set) -> Result<(String, &'a ComponentType)> {
    let slots = || parent.child.iter().chain(&parent.children);
    // By the slot's name, with the type it asks for or the slot's own.
    if let Some(slot) = slots().find(|slot| slot.name == element.name) {
        // Types that extend a common base stand in for each other, as in the reference implementation.
        let related = |asked: &ComponentType| {
            let wanted = set.component_type(&slot.component_type);
            asked.is_a(&slot.component_type)
                || wanted.is_some_and(|wanted| wanted.bases.iter().any(|base| asked.is_a(base)))
        };
        if let Some(asked) = asked_type(element, set).filter(|asked| related(asked)) {
            return Ok((slot.name.clone(), asked));
        }
        let component_type = set.require_type(&slot.component_type).map_err(|error| element.locate(error))?;
        let texts = component_type.texts.iter().any(|text| text == "type");
        return match element.get("type") {
            Some(name) if !texts => {
                let message = format!("type=\"{name}\" is not a {}", slot.component_type);
                let error = element.error(ErrorKind::Name, message);
                let fits = set.types().filter(|t| t.is_a(&slot.component_type)).map(|t| t.name.as_str());
                Err(match nearest(name, fits) {
                    Some(near) => error.help(format!("did you mean '{near}'?")),
                    None => error,
                })
            }
            _ => Ok((slot.name.clone(), component_type)),
        };
    }
    // By its type.
    let tag = if element.name == "Component" { element.require("type")? } else { element.name.as_str() };
    let Some(component_type) = asked_type(element, set).or_else(|| set.component_type(tag)) else {
        return Err(does_not_fit(element, tag, parent, set));
    };
    // The slot with the nearest type.
    let distance = |slot: &Slot| {
        if component_type.name == slot.component_type {
            return Some(0);
        }
        component_type.bases.iter().position(|base| *base == slot.component_type).map(|at| at + 1)
    };
    let best = slots().filter_map(|slot| distance(slot).map(|d| (d, slot))).min_by_key(|(d, _)| *d);
    match best {
        Some((_, slot)) => Ok((slot.name.clone(), component_type)),
        None => Err(does_not_fit(element, tag, parent, set)),
    }
}

fn does_not_fit(element: &Element, tag: &str, parent: &ComponentType, set: &Set) -> Error {
    let slots: Vec<&Slot> = parent.child.iter().chain(&parent.children).collect();
    let error = if set.component_type(tag).is_some() {
        let message = format!("a {} has no place for a {tag}", parent.name);
        element.error(ErrorKind::Name, message)
    } else {
        element.error(ErrorKind::Name, format!("unknown element <{tag}> in a {}", parent.name))
    };
    let known: Vec<&str> =
        slots.iter().map(|s| s.name.as_str()).filter(|s| !matches!(*s, "notes" | "annotation")).collect();
    let types =
        set.types().filter(|t| slots.iter().any(|s| t.is_a(&s.component_type))).map(|t| t.name.as_str());
    match nearest(tag, known.iter().copied().chain(types)) {
        Some(near) => error.help(format!("did you mean <{near}>?")),
        None if known.is_empty() => error,
        None => error.help(format!("a {} has {}", parent.name, known.join(", "))),
    }
}

fn collect_tag(element: &Element, tags: &mut Vec<(String, String)>) {
    if let (Some(tag), Some(value)) = (element.get("tag"), element.get("value")) {
        tags.push((tag.to_string(), value.to_string()));
    }
}

fn collect_tags(element: &Element, tags: &mut Vec<(String, String)>) {
    for child in &element.children {
        if child.name == "property" {
            collect_tag(child, tags);
        }
        collect_tags(child, tags);
    }
}

/// Checks that everything that `component` and those within refer to exists. Whether it fits is for
/// those to say who use the reference.
pub(super) fn check_references(component: &Component, set: &Set, errors: &mut Vec<Error>) {
    if let Some(component_type) = set.component_type(&component.component_type) {
        for (name, id) in &component.references {
            let mut slots = component_type.references.iter().chain(&component_type.child);
            let Some(slot) = slots.find(|slot| slot.name == *name) else { continue };
            if slot.local {
                continue;
            }
            errors.extend(check_reference(component, slot, id, set).err());
        }
    }
    let mut children = component.children.cursor_referring();
    while let Some(child) = children.next() {
        if errors.len() >= MAX_ERRORS {
            return;
        }
        if !(child.references.is_empty() && child.children.is_empty()) {
            check_references(child, set, errors);
        }
    }
}

fn check_reference(component: &Component, slot: &Slot, id: &str, set: &Set) -> Result<()> {
    if set.component(id).is_some() || set.may_have(id) {
        return Ok(());
    }
    let error =
        component.error(ErrorKind::Name, format!("{}=\"{id}\": there is no component '{id}'", slot.name));
    let fits = set.components().filter(|c| set.is_a(&c.component_type, &slot.component_type));
    Err(match nearest(id, fits.filter_map(|c| c.id.as_deref())) {
        Some(near) => error.help(format!("did you mean '{near}'?")),
        None => error,
    })
}
