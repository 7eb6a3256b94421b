//! The rules of the NeuroML schema that component types do not say, applied to components.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::Findings;
use crate::error::{ErrorKind, Warning};
use crate::lems::{Component, ComponentType, Set};
use crate::units::Dimension;

/// What an attribute has to look like.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// A letter or underscore, then letters, digits and underscores.
    Id,
    /// 0, 1, 2, …
    Index,
    /// 1, 2, 3, …
    Count,
    /// Any number.
    Number,
    /// A number above zero.
    Positive,
    /// A number not below zero.
    Least,
    /// From 0 to 1.
    Fraction,
    /// Anything.
    Text,
    /// One of these words.
    OneOf(Vec<String>),
}

impl Kind {
    fn read(text: &str) -> Kind {
        match text {
            "id" => Kind::Id,
            "index" => Kind::Index,
            "count" => Kind::Count,
            "number" => Kind::Number,
            "positive" => Kind::Positive,
            "least" => Kind::Least,
            "fraction" => Kind::Fraction,
            "text" => Kind::Text,
            words => Kind::OneOf(words.split('|').map(|word| word.replace('_', " ")).collect()),
        }
    }

    /// What is expected, if `text` is not it.
    fn misses(&self, text: &str) -> Option<String> {
        let number = text.trim().parse::<f64>().ok().filter(|x| x.is_finite());
        let (fits, expected) = match self {
            Kind::Id => (is_id(text), "a letter or _ and then letters, digits and _"),
            Kind::Index => (text.trim().parse::<u64>().is_ok(), "a whole number from 0"),
            Kind::Count => (text.trim().parse::<u64>().is_ok_and(|n| n > 0), "a whole number from 1"),
            Kind::Number => (number.is_some(), "a number"),
            Kind::Positive => (number.is_some_and(|x| x > 0.0), "a number above 0"),
            Kind::Least => (number.is_some_and(|x| x >= 0.0), "a number not below 0"),
            Kind::Fraction => (number.is_some_and(|x| (0.0..=1.0).contains(&x)), "a number from 0 to 1"),
            Kind::Text => (!text.trim().is_empty(), "something"),
            Kind::OneOf(words) => {
                let plain = text.replace('_', " ");
                let fits = words.contains(&plain);
                return (!fits).then(|| words.join(" or "));
            }
        };
        (!fits).then(|| expected.to_string())
    }

    /// What is expected of an SI value, if `value` is not it.
    fn misses_value(&self, value: f64) -> Option<&'static str> {
        let whole = value.fract() == 0.0;
        let (fits, expected) = match self {
            Kind::Index => (whole && value >= 0.0, "a whole number from 0"),
            Kind::Count => (whole && value >= 1.0, "a whole number from 1"),
            Kind::Positive => (value > 0.0, "a value above 0"),
            Kind::Least => (value >= 0.0, "a value not below 0"),
            Kind::Fraction => ((0.0..=1.0).contains(&value), "a number from 0 to 1"),
            Kind::OneOf(words) => (words.contains(&value.to_string()), "0 or 1"),
            Kind::Id | Kind::Number | Kind::Text => (true, ""),
        };
        (!fits).then_some(expected)
    }
}

/// Whether `text` is an id that NeuroML allows.
pub(super) fn is_id(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

struct Attribute {
    name: String,
    kind: Kind,
    required: bool,
}

struct Child {
    /// Name of its type, or of its slot.
    name: String,
    least: usize,
    most: usize,
}

struct Rule {
    attributes: Vec<Attribute>,
    children: Vec<Child>,
}

/// The rules by component type.
fn rules() -> &'static BTreeMap<String, Rule> {
    static RULES: OnceLock<BTreeMap<String, Rule>> = OnceLock::new();
    RULES.get_or_init(|| {
        let lines =
            include_str!("schema.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(read_rule).collect()
    })
}

fn read_rule(line: &str) -> (String, Rule) {
    let mut parts = line.split(':');
    let name = parts.next().unwrap_or_default().trim().to_string();
    let attribute = |word: &str| {
        let (name, kind) = word.split_once('=').unwrap_or((word, "text"));
        let (kind, required) = kind.strip_suffix('?').map_or((kind, true), |kind| (kind, false));
        Attribute { name: name.to_string(), kind: Kind::read(kind), required }
    };
    let child = |word: &str| {
        let (name, (least, most)) = match word.char_indices().last() {
            Some((at, '?')) => (&word[..at], (0, 1)),
            Some((at, '*')) => (&word[..at], (0, usize::MAX)),
            Some((at, '+')) => (&word[..at], (1, usize::MAX)),
            Some((at, '!')) => (&word[..at], (1, 1)),
            _ => (word, (1, 1)),
        };
        Child { name: name.to_string(), least, most }
    };
    let attributes = parts.next().unwrap_or_default().split_whitespace().map(attribute).collect();
    let children = parts.next().unwrap_or_default().split_whitespace().map(child).collect();
    (name, Rule { attributes, children })
}

/// The rule of a type: its own, or that of the nearest that it extends.
fn rule_of(of: &ComponentType) -> Option<&'static Rule> {
    let names = std::iter::once(&of.name).chain(&of.bases);
    names.filter_map(|name| rules().get(name)).next()
}

/// Checks `component` and all within it. `strict` holds for documents that are to follow the schema;
/// elsewhere only what stands there is looked at, not what is missing.
pub(super) fn check(component: &Component, set: &Set, strict: bool, findings: &mut Findings) {
    if strict {
        for name in &component.unknown {
            let message = format!("unknown attribute '{name}': a {} has none", component.component_type);
            findings.error(component.error(ErrorKind::Name, message));
        }
    }
    if let Some(of) = set.component_type(&component.component_type)
        && let Some(rule) = rule_of(of)
    {
        attributes(component, of, rule, strict, findings);
        if strict {
            children(component, of, set, rule, findings);
        }
    }
    for child in &component.children {
        check(child, set, strict, findings);
    }
}

fn attributes(component: &Component, of: &ComponentType, rule: &Rule, strict: bool, findings: &mut Findings) {
    for Attribute { name, kind, required } in &rule.attributes {
        let text = match name.as_str() {
            "id" => component.id.as_deref(),
            name => component.text(name).or_else(|| component.reference(name)),
        };
        if let Some(text) = text {
            if let Some(expected) = kind.misses(text).filter(|_| strict || *kind != Kind::Id) {
                let message = format!("{name}=\"{text}\": expected {expected}");
                findings.error(component.error(ErrorKind::Value, message));
            }
        } else if let Some(value) = component.parameter(name) {
            if let Some(expected) = kind.misses_value(value) {
                let si = if of.parameter(name).is_some_and(|d| d != Dimension::NONE) { " (SI)" } else { "" };
                let message = format!("'{name}' is {value}{si}: expected {expected}");
                findings.error(component.error(ErrorKind::Value, message));
            }
        } else if *required && strict && of.parameter(name).is_none() && !inside(component, name) {
            // What a parameter lacks is told by whoever reads it.
            let message = format!("attribute '{name}' is missing");
            findings.error(component.error(ErrorKind::Syntax, message));
        }
    }
}

/// Whether a component that could be named by a reference is written in place.
fn inside(component: &Component, slot: &str) -> bool {
    component.in_slot(slot).next().is_some()
}

fn children(component: &Component, of: &ComponentType, set: &Set, rule: &Rule, findings: &mut Findings) {
    // Types of one's own with dynamics of their own may need nothing of what they extend.
    let is_own = !rules().contains_key(&of.name) && of.written.children.iter().any(|c| c.name == "Dynamics");
    let is = |child: &Component, wanted: &Child| {
        child.slot == wanted.name || set.is_a(&child.component_type, &wanted.name)
    };
    for wanted in &rule.children {
        let named = component.reference(&wanted.name).is_some();
        let count = component.children.iter().filter(|child| is(child, wanted)).count() + usize::from(named);
        if matches!(wanted.name.as_str(), "notes" | "annotation") {
            continue;
        }
        if count < wanted.least && !is_own {
            findings.error(component.error(ErrorKind::Syntax, format!("a <{}> is missing", wanted.name)));
        } else if count > wanted.most {
            let message = format!("{count} elements <{}>, expected at most one", wanted.name);
            findings.error(component.error(ErrorKind::Syntax, message));
        }
    }
    // The schema asks for an order that means nothing.
    let places = component.children.iter().filter_map(|child| {
        let at = rule.children.iter().position(|wanted| is(child, wanted))?;
        Some((at, child))
    });
    let mut last = 0;
    for (at, child) in places {
        if at < last {
            let message = format!(
                "the schema asks for <{}> before <{}>: other programs may refuse the file",
                rule.children[at].name, rule.children[last].name
            );
            findings.warn(Warning::new("schema-order", message, child.origin.place()));
            return;
        }
        last = at;
    }
}

/// The order of the elements of whole documents, of which `components` are all in order of writing: one warning a file.
pub(super) fn order(components: &[&Component], neuroml: &BTreeSet<PathBuf>, findings: &mut Findings) {
    let Some(rule) = rules().get("neuroml") else { return };
    let mut last: BTreeMap<&Path, usize> = BTreeMap::new();
    let mut told: BTreeSet<&Path> = BTreeSet::new();
    for component in components {
        let file = component.origin.file();
        let name = component.tag.as_deref().unwrap_or(&component.component_type);
        let Some(at) = rule.children.iter().position(|child| child.name == name) else { continue };
        if !neuroml.contains(file) || told.contains(file) {
            continue;
        }
        let before = last.insert(file, at).unwrap_or(0);
        if at < before {
            let message = format!(
                "the schema asks for <{name}> before <{}>: other programs may refuse the file",
                rule.children[before].name
            );
            findings.warn(Warning::new("schema-order", message, component.origin.place()));
            told.insert(file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_of_a_component_type_and_names_what_it_has() {
        let core = crate::library::core().unwrap();
        for (name, rule) in rules() {
            if name == "neuroml" {
                assert!(rule.children.iter().all(|child| core.component_type(&child.name).is_some()));
                continue;
            }
            let of = core.component_type(name).unwrap_or_else(|| panic!("no type {name}"));
            for attribute in &rule.attributes {
                let known = attribute.name == "id"
                    || of.parameter(&attribute.name).is_some()
                    || of.texts.contains(&attribute.name)
                    || of.paths.contains(&attribute.name)
                    || of.index_parameters.contains(&attribute.name)
                    || of.properties.iter().any(|property| property.name == attribute.name)
                    || [&of.references, &of.child, &of.links]
                        .iter()
                        .any(|slots| slots.iter().any(|slot| slot.name == attribute.name));
                assert!(known, "{name} has no attribute {}", attribute.name);
            }
            for child in &rule.children {
                let mut slots = of.child.iter().chain(&of.children);
                let known =
                    core.component_type(&child.name).is_some() || slots.any(|slot| slot.name == child.name);
                assert!(known, "{name} has no child {}", child.name);
            }
        }
    }

    #[test]
    fn kinds() {
        assert!(is_id("_a1") && !is_id("1a") && !is_id("a-b") && !is_id(""));
        assert_eq!(Kind::read("index").misses("-1").as_deref(), Some("a whole number from 0"));
        assert_eq!(Kind::read("fraction").misses("0.5"), None);
        assert!(Kind::read("positive").misses("nan").is_some());
        assert!(Kind::read("ID_TIME|TIME_ID").misses("time").is_some());
        assert_eq!(Kind::read("ID_TIME|TIME_ID").misses("TIME_ID"), None);
    }
}
