//! PyNN's standard cells: they count in PyNN's units, have its defaults, and bring their receptors with them.

use std::sync::Arc;

use super::components::{Components, Instance};
use super::node::Node;
use crate::dynamics::Dynamics;
use crate::error::ErrorKind;
use crate::lems::{Component, Set};
use crate::model::{Placed, PopulationCell, Sign, Value};
use crate::rng::Distribution;
use crate::select::Points;
use crate::units::Dimension;

/// The receptors of a standard cell, and the ending of their parameters' names.
const RECEPTORS: [(&str, &str); 2] = [("excitatory", "E"), ("inhibitory", "I")];

/// PyNN's units: dimension, and the factor from SI to a plain number.
const UNITS: [(Dimension, f64); 7] = [
    (Dimension::NONE, 1.0),
    (Dimension::VOLTAGE, 1e3),
    (Dimension::TIME, 1e3),
    (Dimension::CURRENT, 1e9),
    (Dimension::CAPACITANCE, 1e9),
    (Dimension::CONDUCTANCE, 1e6),
    (Dimension::PER_TIME, 1.0),
];

/// Own cell types without a base in NeuroML.
const OWN: [&str; 2] = ["IF_curr_delta", "Izhikevich"];

/// Whether a type counts in PyNN's units.
pub(super) fn counts_plainly(set: &Set, component_type: &str) -> bool {
    ["basePyNNCell", "basePynnSynapse"].iter().any(|base| set.is_a(component_type, base))
        || OWN.iter().any(|own| set.is_a(component_type, own))
}

/// Whether flat dynamics are of such a type.
pub(super) fn is_standard(dynamics: &Dynamics) -> bool {
    ["basePyNNCell", "basePynnSynapse"].iter().chain(&OWN).any(|base| dynamics.is_a(base))
}

/// What `parameter` of such a type may be written in, and the factors to its plain number. Voltages are mV, and what
/// counts in nS has a name that says so.
pub(super) fn units(component_type: &str, parameter: &str) -> Vec<(Dimension, f64)> {
    let dimension = match parameter {
        "a" | "b" | "c" | "d" if component_type == "Izhikevich" => None,
        "cm" => Some(Dimension::CAPACITANCE),
        "a" | "g_leak" | "gbar_Na" | "gbar_K" | "q_sfa" | "q_rr" => Some(Dimension::CONDUCTANCE),
        "b" | "i_offset" => Some(Dimension::CURRENT),
        "lambda0" => Some(Dimension::PER_TIME),
        name if name.starts_with("tau_") => Some(Dimension::TIME),
        name if name.starts_with("a_eta") => Some(Dimension::CURRENT),
        "delta_T" | "delta_v" => Some(Dimension::VOLTAGE),
        name if name.starts_with("v_") || name.starts_with("e_rev") || name.starts_with("a_gamma") => {
            Some(Dimension::VOLTAGE)
        }
        _ => None,
    };
    // NeuroML counts this one in µS, and PyNN in nS.
    if parameter == "a" && component_type.starts_with("EIF_cond") {
        return vec![(Dimension::NONE, 1e-3), (Dimension::CONDUCTANCE, 1e6)];
    }
    let in_ns = matches!(parameter, "q_sfa" | "q_rr")
        || (parameter == "g_leak" && component_type == "IF_facets_hardware1");
    let factor = |d: Dimension| match in_ns {
        true => 1e9,
        false => UNITS.iter().find(|(known, _)| *known == d).map_or(1.0, |unit| unit.1),
    };
    std::iter::once((Dimension::NONE, 1.0)).chain(dimension.map(|d| (d, factor(d)))).collect()
}

/// The component with PyNN's defaults for a standard cell's type: it has the same name in small letters.
pub(super) fn with_defaults<'s>(set: &'s Set, component_type: &str) -> Option<&'s Component> {
    let small = component_type.to_lowercase();
    [small.clone(), format!("{small}_pynn")]
        .iter()
        .filter_map(|id| set.component(id))
        .find(|c| c.component_type == component_type && counts_plainly(set, component_type))
}

/// The receptors that a standard cell has by itself.
pub(super) fn receptors(node: &Node<'_>, cell: &Instance, components: &Components) -> Option<Vec<Placed>> {
    if !cell.dynamics.is_a("basePyNNCell") {
        return Some(Vec::new());
    }
    let number = |name: &str| cell.dynamics.parameter(name).map(|p| p.value);
    let is_alpha = ["IF_curr_alpha", "IF_cond_alpha", "EIF_cond_alpha_isfa_ista"]
        .iter()
        .any(|alpha| cell.dynamics.is_a(alpha));
    let mut receptors = Vec::with_capacity(2);
    for (name, ending) in RECEPTORS {
        let mut parameters = vec![("tau_syn", number(&format!("tau_syn_{ending}"))?)];
        let reversal = number(&format!("e_rev_{ending}"));
        parameters.extend(reversal.map(|e| ("e_rev", e)));
        let component_type = match (reversal.is_some(), is_alpha) {
            (true, true) => "alphaCondSynapse",
            (true, false) => "expCondSynapse",
            (false, true) => "alphaCurrSynapse",
            (false, false) => "expCurrSynapse",
        };
        let made = components.build(node, component_type, &parameters)?;
        let mut dynamics = made.dynamics;
        dynamics.name = name.to_string();
        receptors.push(Placed {
            name: name.to_string(),
            dynamics: Arc::new(dynamics),
            source: Some(Arc::new(made.source)),
            points: Points::Root,
            parameters: Vec::new(),
        });
    }
    Some(receptors)
}

/// The receptor's parameter that `parameter` of a standard cell is: `tau_syn_E` is `excitatory.tau_syn`.
pub(super) fn of_receptor(cell: &Dynamics, parameter: &str) -> Option<String> {
    let stem = ["tau_syn", "e_rev"].into_iter().find(|stem| parameter.starts_with(stem))?;
    let ending = parameter.strip_prefix(stem)?.strip_prefix('_')?;
    let (name, _) = RECEPTORS.iter().find(|(_, known)| *known == ending)?;
    cell.is_a("basePyNNCell").then(|| format!("{name}.{stem}"))
}

/// What PyNN calls a recorded variable: `gsyn_exc` is `excitatory.g`.
pub(super) fn recorded(cell: &PopulationCell, name: &str) -> Option<String> {
    let (PopulationCell::Point(point), Some(ending)) = (cell, name.strip_prefix("gsyn_")) else {
        return None;
    };
    let receptor = match ending {
        "exc" => "excitatory",
        "inh" => "inhibitory",
        _ => return None,
    };
    let placed = point.synapses.iter().find(|s| s.name == receptor && s.dynamics.exposed("g").is_some())?;
    Some(format!("{}.g", placed.name))
}

/// The state that PyNN's name of an initial value means: `gsyn_exc` is `g` of the excitatory receptor, `isyn_exc` its current.
pub(super) fn initial(cell: &PopulationCell, name: &str) -> Option<String> {
    let PopulationCell::Point(point) = cell else { return None };
    let ending = name.strip_prefix("gsyn_").or_else(|| name.strip_prefix("isyn_"))?;
    let receptor = match ending {
        "exc" => "excitatory",
        "inh" => "inhibitory",
        _ => return None,
    };
    let placed = point.synapses.iter().find(|s| s.name == receptor)?;
    let state = ["g", "I", "i"].into_iter().find(|state| placed.dynamics.state(state).is_some())?;
    Some(format!("{receptor}.{state}"))
}

/// What the initial value of a state of such a type may be written in: plain numbers count as in PyNN.
pub(super) fn state_units(state: &str, dimension: Dimension) -> Vec<(Dimension, f64)> {
    // Some have no dimension in their equations and count in these.
    let counted = match state {
        "g" | "g_s" | "g_r" => Some((Dimension::CONDUCTANCE, if state == "g" { 1e6 } else { 1e9 })),
        "I" | "i" | "w" => Some((Dimension::CURRENT, 1e9)),
        _ => None,
    };
    if let (true, Some(unit)) = (dimension.is_none(), counted) {
        return vec![(dimension, 1.0), unit];
    }
    let si = UNITS.iter().find(|(known, _)| *known == dimension).map_or(1.0, |(_, factor)| 1.0 / factor);
    let plain = (!dimension.is_none()).then_some((Dimension::NONE, si));
    std::iter::once((dimension, 1.0)).chain(plain).collect()
}

/// The sign that PyNN wants of weights: conductances are never negative, currents into `inhibitory` never positive and into
/// `excitatory` never negative.
pub(super) fn wanted_sign(receptor: &str, dynamics: &Dynamics) -> Option<Sign> {
    match (dynamics.exposed("g").is_some(), receptor) {
        (true, _) => Some(Sign::Conductance),
        (false, "inhibitory") if is_standard(dynamics) => Some(Sign::Inhibitory),
        (false, "excitatory") if is_standard(dynamics) => Some(Sign::Excitatory),
        _ => None,
    }
}

/// Reports a weight of the wrong sign, as far as that is known before it is drawn.
pub(super) fn check_sign(node: &Node<'_>, weight: &Value, sign: Option<Sign>) -> Option<()> {
    let (negative, positive) = signs(weight);
    let Some(sign) = sign.filter(|sign| negative && !sign.allows(-1.0) || positive && !sign.allows(1.0))
    else {
        return Some(());
    };
    node.wrong(ErrorKind::Value, sign.fault(), sign.help());
    None
}

/// Whether a weight is negative anywhere, and whether positive, as far as that is known beforehand.
fn signs(weight: &Value) -> (bool, bool) {
    let of = |list: &[f64]| (list.iter().any(|w| *w < 0.0), list.iter().any(|w| *w > 0.0));
    match weight {
        Value::Constant(w) => of(&[*w]),
        Value::Listed(list) => of(list),
        Value::Matrix(list) => of(list),
        Value::Random(Distribution::Uniform { low, high }) => of(&[*low, *high]),
        // What is drawn or computed is looked at when it is.
        _ => (false, false),
    }
}
