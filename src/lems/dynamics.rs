//! Reading the `<Dynamics>` of a component type.

use super::declare::{check_attributes, unknown_element};
use super::raw::Element;
use super::types::{
    Action, DerivedValue, Handler, KineticScheme, Reduce, Regime, Source, StateVariable, TimeDerivative,
    Trigger, TypeDynamics,
};
use super::vocabulary::Vocabulary;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::Expr;

/// Most cases of a variable and most regimes: each makes the flat expressions one level deeper.
const MAX_CHOICES: usize = 256;

/// Elements of dynamics that mean nothing among actions. Documents have them there; the reference
/// implementation passes over them, and so do we, with a warning of [`misplaced`].
const MISPLACED: &[&str] =
    &["DerivedVariable", "ConditionalDerivedVariable", "StateVariable", "TimeDerivative"];

/// Elements of the type `written` that stand where they mean nothing.
pub(super) fn misplaced(written: &Element) -> Vec<&Element> {
    let dynamics = written.children.iter().filter(|e| matches!(e.name.as_str(), "Dynamics" | "Behavior"));
    let parts = dynamics.flat_map(|e| &e.children);
    let inner = parts.clone().filter(|e| e.name == "Regime").flat_map(|e| &e.children);
    let actions = parts.chain(inner).filter(|e| e.name.starts_with("On")).flat_map(|e| &e.children);
    actions.filter(|e| MISPLACED.contains(&e.name.as_str())).collect()
}

const ELEMENTS: &[&str] = &[
    "StateVariable",
    "DerivedVariable",
    "ConditionalDerivedVariable",
    "TimeDerivative",
    "OnStart",
    "OnCondition",
    "OnEvent",
    "Regime",
    "KineticScheme",
    "Super",
];

/// Reads `element`. Dynamics replace those of the supertype; those with a `<Super/>` add to them.
///
/// # Errors
/// All that are found in it, joined.
pub(super) fn read_dynamics(
    element: &Element,
    base: Option<&TypeDynamics>,
    vocabulary: &Vocabulary,
) -> Result<TypeDynamics> {
    let mut out = TypeDynamics::default();
    if element.children.iter().any(|child| child.name == "Super") {
        out = base.cloned().unwrap_or_default();
    }
    let inherited = out.clone();
    let mut errors = Vec::new();
    for (number, child) in element.children.iter().enumerate() {
        // Said twice in the same words it is one.
        let is_it = |other: &Element| other.name == child.name && other.attributes == child.attributes;
        if child.name == "DerivedVariable" && element.children[..number].iter().any(is_it) {
            continue;
        }
        errors.extend(read_one(&mut out, &inherited, child, vocabulary).err());
    }
    settle_names(&mut out, element);
    match Error::join(errors) {
        None => Ok(out),
        Some(error) => Err(error),
    }
}

fn read_one(
    out: &mut TypeDynamics,
    inherited: &TypeDynamics,
    child: &Element,
    vocabulary: &Vocabulary,
) -> Result<()> {
    let name = || child.require("name").map(str::to_string);
    match child.name.as_str() {
        "StateVariable" => {
            check_attributes(child, &["name", "dimension", "exposure"])?;
            let state = StateVariable {
                name: name()?,
                dimension: vocabulary.dimension(child, "dimension")?,
                exposure: child.get("exposure").map(str::to_string),
            };
            let own = inherited.states.iter().any(|s| s.name == state.name);
            add(&mut out.states, state, |s| &s.name, own, child)
        }
        "DerivedVariable" | "ConditionalDerivedVariable" => {
            let derived = if child.name == "DerivedVariable" {
                derived_variable(child, vocabulary)?
            } else {
                conditional_variable(child, vocabulary)?
            };
            let own = inherited.derived.iter().any(|d| d.name == derived.name);
            add(&mut out.derived, derived, |d| &d.name, own, child)
        }
        "TimeDerivative" => {
            let derivative = time_derivative(child, vocabulary)?;
            let own = inherited.derivatives.iter().any(|d| d.variable == derivative.variable);
            add(&mut out.derivatives, derivative, |d| &d.variable, own, child)
        }
        "OnStart" => {
            out.on_start.extend(actions(child, vocabulary)?);
            Ok(())
        }
        "OnCondition" | "OnEvent" => {
            out.handlers.push(handler(child, vocabulary)?);
            Ok(())
        }
        "Regime" => {
            // A state of one regime alone is one of all: it only changes in that one.
            for state in child.children.iter().filter(|inner| inner.name == "StateVariable") {
                if !out.states.iter().any(|known| state.get("name") == Some(&known.name)) {
                    read_one(out, inherited, state, vocabulary)?;
                }
            }
            let regime = regime(child, vocabulary)?;
            let own = inherited.regimes.iter().any(|r| r.name == regime.name);
            if out.regimes.len() >= MAX_CHOICES {
                return Err(child.error(ErrorKind::Limit, format!("more than {MAX_CHOICES} regimes")));
            }
            add(&mut out.regimes, regime, |r| &r.name, own, child)
        }
        "KineticScheme" => {
            out.schemes.push(kinetic_scheme(child)?);
            Ok(())
        }
        "Super" => Ok(()),
        _ => Err(unknown_element(child, ELEMENTS.iter().copied())),
    }
}

/// Adds `item`, in the place of an inherited one of the same name.
fn add<T>(
    list: &mut Vec<T>,
    item: T,
    name: impl Fn(&T) -> &str,
    replaces: bool,
    element: &Element,
) -> Result<()> {
    match list.iter().position(|known| name(known) == name(&item)) {
        None => list.push(item),
        Some(at) if replaces => list[at] = item,
        Some(_) => {
            let message = format!("'{}' is declared twice", name(&item));
            return Err(element.error(ErrorKind::Name, message));
        }
    }
    Ok(())
}

/// One variable for each name. Where a state variable and a derived variable share one, what `element`
/// declares replaces what it inherits; of two of the same level the derived variable holds, as its value would
/// overwrite the other at every step.
fn settle_names(out: &mut TypeDynamics, element: &Element) {
    let declares = |name: &str, state: bool| {
        let mut children = element.children.iter();
        children
            .any(|c| (c.name == "StateVariable") == state && is_variable(c) && c.get("name") == Some(name))
    };
    let shared = |s: &&StateVariable| out.derived.iter().any(|d| d.name == s.name);
    let shared: Vec<StateVariable> = out.states.iter().filter(shared).cloned().collect();
    for state in shared {
        let name = &state.name;
        if declares(name, true) && !declares(name, false) {
            out.derived.retain(|d| d.name != *name);
            continue;
        }
        out.states.retain(|s| s.name != *name);
        out.derivatives.retain(|d| d.variable != *name);
        let regimes = out.regimes.iter_mut().flat_map(|regime| {
            regime.derivatives.retain(|d| d.variable != *name);
            std::iter::once(&mut regime.on_entry)
                .chain(regime.handlers.iter_mut().map(|handler| &mut handler.actions))
        });
        let blocks = std::iter::once(&mut out.on_start)
            .chain(out.handlers.iter_mut().map(|handler| &mut handler.actions))
            .chain(regimes);
        for actions in blocks {
            actions.retain(|action| !matches!(action, Action::Assign { variable, .. } if variable == name));
        }
        for derived in out.derived.iter_mut().filter(|d| d.name == *name) {
            derived.exposure = derived.exposure.take().or_else(|| state.exposure.clone());
            out.computed.push((name.clone(), derived.origin.clone()));
        }
    }
}

/// Whether `element` declares a state variable or a derived one.
fn is_variable(element: &Element) -> bool {
    matches!(element.name.as_str(), "StateVariable" | "DerivedVariable" | "ConditionalDerivedVariable")
}

fn derived_variable(element: &Element, vocabulary: &Vocabulary) -> Result<DerivedValue> {
    check_attributes(
        element,
        &["name", "dimension", "exposure", "value", "select", "reduce", "required", "onAbsent", "exclusive"],
    )?;
    let source = match (element.get("value"), element.get("select")) {
        (Some(_), None) => Source::Value(vocabulary.expression(element, "value")?),
        (None, Some(path)) => {
            let reduce = match element.get("reduce") {
                None => None,
                Some("add") => Some(Reduce::Add),
                Some("multiply") => Some(Reduce::Multiply),
                Some(other) => {
                    let message = format!("'reduce' is 'add' or 'multiply', found '{other}'");
                    return Err(element.error(ErrorKind::Syntax, message));
                }
            };
            let required = element.get("required") != Some("false") && element.get("onAbsent").is_none();
            Source::Select { path: path.trim().to_string(), reduce, required }
        }
        _ => {
            return Err(element.error(ErrorKind::Syntax, "expected either 'value' or 'select'"));
        }
    };
    derived(element, source, vocabulary)
}

fn derived(element: &Element, source: Source, vocabulary: &Vocabulary) -> Result<DerivedValue> {
    Ok(DerivedValue {
        name: element.require("name")?.to_string(),
        dimension: vocabulary.dimension(element, "dimension")?,
        dimension_declared: element.get("dimension").is_some(),
        source,
        exposure: element.get("exposure").map(str::to_string),
        origin: element.origin.clone(),
    })
}

/// The first case whose condition holds gives the value; a case without condition always holds; with
/// no case left the value is 0.
fn conditional_variable(element: &Element, vocabulary: &Vocabulary) -> Result<DerivedValue> {
    check_attributes(element, &["name", "dimension", "exposure"])?;
    let mut value = Expr::Number(0.0);
    if element.children.len() > MAX_CHOICES {
        return Err(element.error(ErrorKind::Limit, format!("more than {MAX_CHOICES} cases")));
    }
    for case in element.children.iter().rev() {
        if case.name != "Case" {
            return Err(unknown_element(case, ["Case"]));
        }
        check_attributes(case, &["condition", "value"])?;
        let chosen = vocabulary.expression(case, "value")?;
        value = match case.get("condition") {
            None => chosen,
            Some(_) => {
                let condition = condition(case, "condition", vocabulary)?;
                Expr::Select(Box::new(condition), Box::new(chosen), Box::new(value))
            }
        };
    }
    derived(element, Source::Value(value), vocabulary)
}

/// An expression that has to be a condition.
fn condition(element: &Element, key: &str, vocabulary: &Vocabulary) -> Result<Expr> {
    let expr = vocabulary.expression(element, key)?;
    match expr {
        Expr::Compare(..) | Expr::And(..) | Expr::Or(..) | Expr::Not(_) => Ok(expr),
        _ => Err(element
            .error(ErrorKind::Syntax, format!("'{key}' is not a condition"))
            .help("a condition is written like 'v .gt. threshold'")),
    }
}

fn time_derivative(element: &Element, vocabulary: &Vocabulary) -> Result<TimeDerivative> {
    check_attributes(element, &["variable", "value"])?;
    Ok(TimeDerivative {
        variable: element.require("variable")?.to_string(),
        value: vocabulary.expression(element, "value")?,
        origin: element.origin.clone(),
    })
}

fn actions(element: &Element, vocabulary: &Vocabulary) -> Result<Vec<Action>> {
    let mut out = Vec::new();
    for child in element.children.iter().filter(|child| !MISPLACED.contains(&child.name.as_str())) {
        let origin = child.origin.clone();
        out.push(match child.name.as_str() {
            "StateAssignment" => {
                check_attributes(child, &["variable", "value"])?;
                let variable = child.require("variable")?.to_string();
                Action::Assign { variable, value: vocabulary.expression(child, "value")?, origin }
            }
            "EventOut" => {
                check_attributes(child, &["port"])?;
                Action::Send { port: child.require("port")?.to_string(), origin }
            }
            "Transition" => {
                check_attributes(child, &["regime"])?;
                Action::Transition { regime: child.require("regime")?.to_string(), origin }
            }
            _ => return Err(unknown_element(child, ["StateAssignment", "EventOut", "Transition"])),
        });
    }
    Ok(out)
}

fn handler(element: &Element, vocabulary: &Vocabulary) -> Result<Handler> {
    let trigger = if element.name == "OnEvent" {
        check_attributes(element, &["port"])?;
        Trigger::Event(element.require("port")?.to_string())
    } else {
        check_attributes(element, &["test"])?;
        Trigger::Condition(condition(element, "test", vocabulary)?)
    };
    Ok(Handler { trigger, actions: actions(element, vocabulary)?, origin: element.origin.clone() })
}

fn regime(element: &Element, vocabulary: &Vocabulary) -> Result<Regime> {
    check_attributes(element, &["name", "initial"])?;
    let mut out = Regime {
        name: element.require("name")?.to_string(),
        initial: element.get("initial") == Some("true"),
        derivatives: Vec::new(),
        on_entry: Vec::new(),
        handlers: Vec::new(),
        origin: element.origin.clone(),
    };
    for child in &element.children {
        match child.name.as_str() {
            "TimeDerivative" => {
                let derivative = time_derivative(child, vocabulary)?;
                add(&mut out.derivatives, derivative, |d| &d.variable, false, child)?;
            }
            "OnEntry" => out.on_entry.extend(actions(child, vocabulary)?),
            "OnCondition" | "OnEvent" => out.handlers.push(handler(child, vocabulary)?),
            // Read with the states of all.
            "StateVariable" => {}
            _ => return Err(unknown_element(child, ["TimeDerivative", "OnEntry", "OnCondition", "OnEvent"])),
        }
    }
    Ok(out)
}

fn kinetic_scheme(element: &Element) -> Result<KineticScheme> {
    check_attributes(
        element,
        &[
            "name",
            "nodes",
            "stateVariable",
            "edges",
            "edgeSource",
            "edgeTarget",
            "forwardRate",
            "reverseRate",
            "dependency",
            "step",
        ],
    )?;
    let text = |key: &str| element.require(key).map(str::to_string);
    Ok(KineticScheme {
        name: text("name")?,
        nodes: text("nodes")?,
        state_variable: text("stateVariable")?,
        edges: text("edges")?,
        edge_source: text("edgeSource")?,
        edge_target: text("edgeTarget")?,
        forward_rate: text("forwardRate")?,
        reverse_rate: text("reverseRate")?,
        origin: element.origin.clone(),
    })
}
