//! Channels, synapses, inputs, cells without a shape and whatever else has equations.

use super::formula::{equations, number, parameters, quantity};
use crate::lems::{Component, Set};

/// What the rates of a gate are called.
const LABELS: &[(&str, &str)] = &[
    ("forwardRate", "α"),
    ("reverseRate", "β"),
    ("timeCourse", "τ"),
    ("steadyState", "inf"),
    ("rate", "rate"),
];

/// Lines about `component`: its values, its equations, and those of all within it.
pub(super) fn lines(component: &Component, set: &Set) -> Vec<String> {
    let mut lines = Vec::new();
    if set.is_a(&component.component_type, "baseIonChannel") {
        channel(component, set, &mut lines);
    } else {
        plain(component, set, 0, &mut lines);
    }
    lines
}

/// What the component is in a few words: its type, and the ion of a channel.
pub(super) fn kind(component: &Component) -> String {
    match component.text("species").filter(|ion| *ion != "non_specific") {
        Some(ion) => format!("{}, {ion}", component.component_type),
        None => component.component_type.clone(),
    }
}

/// The gates of a channel with their powers: `m^3 h`.
pub(super) fn gates(channel: &Component) -> String {
    let gates = channel.in_slot("gates").map(|gate| {
        let id = gate.id.as_deref().unwrap_or("gate");
        match gate.parameter("instances").unwrap_or(1.0) {
            1.0 => id.to_string(),
            n => format!("{id}^{}", number(n)),
        }
    });
    gates.collect::<Vec<_>>().join(" ")
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth)
}

fn channel(channel: &Component, set: &Set, lines: &mut Vec<String>) {
    let gates = gates(channel);
    lines.push(if gates.is_empty() { "always open".to_string() } else { format!("open fraction = {gates}") });
    if own_type(channel, set, &["ionChannelHH", "ionChannelKS", "ionChannel", "ionChannelPassive"]) {
        lines.extend(equations(channel, set, &|_| None, true));
    }
    for child in &channel.children {
        if child.slot == "gates" {
            gate(child, set, lines);
        } else {
            other(child, set, 0, lines);
        }
    }
}

/// Whether the type of `component` is none of those of the core, whose equations are known.
fn own_type(component: &Component, set: &Set, core: &[&str]) -> bool {
    let base = set.component_type(&component.component_type);
    !core.contains(&component.component_type.as_str())
        && base.is_some_and(|of| !of.dynamics.derived.is_empty() || !of.dynamics.derivatives.is_empty())
}

fn gate(gate: &Component, set: &Set, lines: &mut Vec<String>) {
    let id = gate.id.as_deref().unwrap_or("q");
    let core = crate::library::core().is_ok_and(|core| core.component_type(&gate.component_type).is_some());
    let change = match gate.component_type.as_str() {
        "gateHHrates" => format!("d{id}/dt = α (1 - {id}) - β {id}"),
        "gateHHtauInf" => format!("d{id}/dt = (inf - {id}) / τ"),
        "gateHHratesTau" => format!("d{id}/dt = (inf - {id}) / τ, inf = α / (α + β)"),
        "gateHHratesInf" => format!("d{id}/dt = (inf - {id}) / τ, τ = 1 / (α + β)"),
        "gateHHratesTauInf" => format!("d{id}/dt = (inf - {id}) / τ"),
        "gateHHInstantaneous" => format!("{id} = inf"),
        "gateFractional" => format!("{id} is the sum of its parts, each times its share"),
        "gateKS" => format!("{id} is the occupancy of the open states"),
        _ => gate.component_type.clone(),
    };
    lines.push(format!("gate {id}: {change}"));
    if !core {
        lines.extend(equations(gate, set, &|_| None, true).into_iter().map(|line| format!("  {line}")));
    }
    for child in &gate.children {
        other(child, set, 1, lines);
    }
}

/// A part of a gate or of anything else.
fn other(part: &Component, set: &Set, depth: usize, lines: &mut Vec<String>) {
    let is = |base: &str| set.is_a(&part.component_type, base);
    let pad = indent(depth);
    if let Some((_, label)) = LABELS.iter().find(|(slot, _)| *slot == part.slot) {
        rate(part, set, label, &pad, lines);
    } else if is("baseQ10Settings") || is("baseConductanceScaling") {
        lines.push(format!("{pad}{}", scaling(part, set)));
    } else if is("KSState") {
        let open = if part.component_type == "openState" { ", open" } else { "" };
        lines.push(format!("{pad}state {}{open}", part.id.as_deref().unwrap_or("?")));
    } else if is("KSTransition") {
        let text = |name| part.text(name).unwrap_or("?");
        let arrow = match part.component_type.as_str() {
            "forwardTransition" => format!("{} → {}", text("from"), text("to")),
            "reverseTransition" => format!("{} ← {}", text("from"), text("to")),
            _ => format!("{} ⇄ {}", text("from"), text("to")),
        };
        lines.push(format!("{pad}{arrow}"));
        if part.children.is_empty() {
            let own = equations(part, set, &|_| None, true);
            lines.extend(own.into_iter().map(|line| format!("{pad}  {line}")));
        }
        for child in &part.children {
            other(child, set, depth + 1, lines);
        }
    } else if is("subGate") {
        let share = part.parameter("fractionalConductance").map(number).unwrap_or_default();
        lines.push(format!("{pad}part {}, share {share}", part.id.as_deref().unwrap_or("?")));
        for child in &part.children {
            other(child, set, depth + 1, lines);
        }
    } else {
        let name = part.id.as_deref().unwrap_or(&part.slot);
        lines.push(format!("{pad}{name} ({})", part.component_type));
        plain(part, set, depth + 1, lines);
    }
}

/// A function of the potential, called `label`.
fn rate(part: &Component, set: &Set, label: &str, pad: &str, lines: &mut Vec<String>) {
    if part.component_type == "fixedTimeCourse"
        && let Some(tau) = part.parameter("tau")
    {
        lines.push(format!("{pad}{label} = {}", quantity(tau, crate::units::Dimension::TIME)));
        return;
    }
    let shown = set.component_type(&part.component_type).and_then(|of| {
        let exposed = |name: &str| of.dynamics.derived.iter().find(|d| d.exposure.as_deref() == Some(name));
        ["r", "t", "x"].into_iter().find_map(exposed).map(|d| d.name.clone())
    });
    let rename = |name: &str| shown.as_deref().filter(|s| *s == name).map(|_| label.to_string());
    let own = equations(part, set, &rename, true);
    // What it is made of comes after it.
    let (main, rest): (Vec<String>, Vec<String>) =
        own.into_iter().partition(|line| line.starts_with(&format!("{label} = ")));
    lines.extend(main.into_iter().map(|line| format!("{pad}{line}")));
    lines.extend(rest.into_iter().map(|line| format!("{pad}  {line}")));
}

fn scaling(part: &Component, set: &Set) -> String {
    let what = if set.is_a(&part.component_type, "baseQ10Settings") { "speed" } else { "conductance" };
    match (part.parameter("q10Factor"), part.parameter("experimentalTemp"), part.parameter("fixedQ10")) {
        (Some(factor), Some(kelvin), _) => {
            let degrees = number(kelvin - 273.15);
            format!("{what} times {}^((T - {degrees} °C) / 10 K)", number(factor))
        }
        (_, _, Some(fixed)) => format!("{what} times {}", number(fixed)),
        _ => format!("{what}: {} {}", part.component_type, parameters(part, set)),
    }
}

/// Parameters, equations with their names, and what is within.
fn plain(component: &Component, set: &Set, depth: usize, lines: &mut Vec<String>) {
    let pad = indent(depth);
    let values = parameters(component, set);
    if !values.is_empty() {
        lines.push(format!("{pad}{values}"));
    }
    for (name, id) in &component.references {
        lines.push(format!("{pad}{name}: {id}"));
    }
    lines.extend(equations(component, set, &|_| None, false).into_iter().map(|line| format!("{pad}{line}")));
    let (spikes, rest): (Vec<&Component>, Vec<&Component>) =
        component.children.iter().partition(|child| child.component_type == "spike");
    if !spikes.is_empty() {
        let times: Vec<String> =
            spikes.iter().take(12).filter_map(|s| s.parameter("time")).map(|t| number(t * 1e3)).collect();
        let more = if spikes.len() > 12 { ", …" } else { "" };
        lines.push(format!("{pad}{} spikes at {}{more} ms", spikes.len(), times.join(", ")));
    }
    for child in rest {
        other(child, set, depth, lines);
    }
}
