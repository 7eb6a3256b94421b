//! Reading the `<Structure>` of a component type.

use super::declare::{check_attributes, unknown_element};
use super::raw::Element;
use super::types::{Assign, Build, Chosen, Statement, Structure};
use super::vocabulary::Vocabulary;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::Expr;

const ELEMENTS: &[&str] = &[
    "ChildInstance",
    "MultiInstantiate",
    "With",
    "ForEach",
    "EventConnection",
    "Tunnel",
    "Choose",
    "If",
    "Apply",
];

/// Elements that the reference implementation knows besides, for selections that it does not publish.
const UNSUPPORTED: &[&str] =
    &["CoInstantiate", "Gather", "GatherPairs", "PairFilter", "IncludePair", "PairsEventConnection"];

/// Reads `element`, a `<Structure>`.
///
/// # Errors
/// All that are found in it, joined.
pub(super) fn read_structure(element: &Element, vocabulary: &Vocabulary) -> Result<Structure> {
    check_attributes(element, &[])?;
    Ok(Structure { statements: statements(&element.children, vocabulary)? })
}

fn statements(elements: &[Element], vocabulary: &Vocabulary) -> Result<Vec<Statement>> {
    let mut errors = Vec::new();
    let mut out = Vec::new();
    for element in elements {
        // Properties of the instances that the element around makes.
        if element.name == "Assign" {
            continue;
        }
        match statement(element, vocabulary) {
            Ok(build) => out.push(Statement { build, origin: element.origin.clone() }),
            Err(error) => errors.push(error),
        }
    }
    match Error::join(errors) {
        None => Ok(out),
        Some(error) => Err(error),
    }
}

fn statement(element: &Element, vocabulary: &Vocabulary) -> Result<Build> {
    let text = |key: &str| element.require(key).map(str::to_string);
    let maybe = |key: &str| element.get(key).map(str::to_string);
    let within = || statements(&element.children, vocabulary);
    match element.name.as_str() {
        "ChildInstance" => {
            check_attributes(element, &["component", "componentType"])?;
            if element.get("component").is_none() {
                element.require("componentType")?;
            }
            nothing_within(element)?;
            Ok(Build::ChildInstance {
                component: maybe("component"),
                component_type: maybe("componentType"),
                assigns: assigns(element, vocabulary)?,
            })
        }
        "MultiInstantiate" => {
            check_attributes(
                element,
                &["component", "componentType", "type", "number", "indexVariable", "name"],
            )?;
            let within = within()?;
            let component = maybe("component");
            let component_type = maybe("componentType").or_else(|| maybe("type"));
            if component.is_none() && component_type.is_none() && within.is_empty() {
                return Err(element.error(
                    ErrorKind::Syntax,
                    "expected an attribute 'component' or 'componentType': what to make instances of",
                ));
            }
            Ok(Build::MultiInstantiate {
                number: vocabulary.expression(element, "number")?,
                index: maybe("indexVariable").unwrap_or_else(|| "index".to_string()),
                component,
                component_type,
                assigns: assigns(element, vocabulary)?,
                within,
            })
        }
        "With" => {
            check_attributes(element, &["instance", "list", "index", "as"])?;
            let chosen = match (element.get("instance"), element.get("list"), element.get("index")) {
                (Some(path), None, None) => Chosen::Instance(path.to_string()),
                (None, Some(list), Some(index)) => {
                    Chosen::Item { list: list.to_string(), index: index.to_string() }
                }
                _ => {
                    let message = "expected either 'instance', or 'list' and 'index'";
                    return Err(element.error(ErrorKind::Syntax, message));
                }
            };
            Ok(Build::With { chosen, name: text("as")?, within: within()? })
        }
        "ForEach" => {
            check_attributes(element, &["instances", "as"])?;
            Ok(Build::ForEach { instances: text("instances")?, name: text("as")?, within: within()? })
        }
        "EventConnection" => {
            check_attributes(
                element,
                &["from", "to", "sourcePort", "targetPort", "receiver", "receiverContainer", "delay"],
            )?;
            nothing_within(element)?;
            Ok(Build::EventConnection {
                from: text("from")?,
                to: text("to")?,
                source_port: maybe("sourcePort"),
                target_port: maybe("targetPort"),
                receiver: maybe("receiver"),
                container: maybe("receiverContainer"),
                delay: maybe("delay"),
                assigns: assigns(element, vocabulary)?,
            })
        }
        "Tunnel" => {
            check_attributes(element, &["name", "endA", "endB", "componentA", "componentB"])?;
            nothing_within(element)?;
            Ok(Build::Tunnel {
                name: text("name")?,
                ends: [text("endA")?, text("endB")?],
                components: [text("componentA")?, text("componentB")?],
                assigns: assigns(element, vocabulary)?,
            })
        }
        "If" => {
            check_attributes(element, &["test"])?;
            Ok(Build::Choose(vec![(Some(test(element, vocabulary)?), within()?)]))
        }
        "Choose" => {
            check_attributes(element, &[])?;
            let mut cases = Vec::new();
            for case in &element.children {
                let test = match case.name.as_str() {
                    "When" => {
                        check_attributes(case, &["test"])?;
                        Some(test(case, vocabulary)?)
                    }
                    "Otherwise" => {
                        check_attributes(case, &[])?;
                        None
                    }
                    _ => return Err(unknown_element(case, ["When", "Otherwise"])),
                };
                cases.push((test, statements(&case.children, vocabulary)?));
            }
            Ok(Build::Choose(cases))
        }
        "Apply" => {
            check_attributes(element, &["components"])?;
            Ok(Build::Apply { components: text("components")?, within: within()? })
        }
        name if UNSUPPORTED.contains(&name) => {
            let message = format!("<{name}> in a structure is not supported");
            Err(element
                .error(ErrorKind::Unsupported, message)
                .help("say it with ForEach, With and EventConnection"))
        }
        _ => Err(unknown_element(element, ELEMENTS.iter().copied())),
    }
}

fn test(element: &Element, vocabulary: &Vocabulary) -> Result<Expr> {
    vocabulary.expression(element, "test")
}

fn nothing_within(element: &Element) -> Result<()> {
    match element.children.iter().find(|child| child.name != "Assign") {
        None => Ok(()),
        Some(child) => Err(unknown_element(child, ["Assign"])),
    }
}

fn assigns(element: &Element, vocabulary: &Vocabulary) -> Result<Vec<Assign>> {
    let mut out = Vec::new();
    for child in element.children.iter().filter(|child| child.name == "Assign") {
        check_attributes(child, &["property", "value"])?;
        out.push(Assign {
            property: child.require("property")?.to_string(),
            value: vocabulary.expression(child, "value")?,
            origin: child.origin.clone(),
        });
    }
    Ok(out)
}
