//! The component types of `channels/core` against those that NeuroML publishes, where the corpus is at
//! hand: the same declarations, and the same value of every equation at random points.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use neuropil::expr::Expr;
use neuropil::expr::eval::evaluate_random;
use neuropil::lems::types::{
    Action, Build, DerivedValue, Handler, Slot, Source, Statement, TimeDerivative, Trigger,
};
use neuropil::lems::{ComponentType, Files, Set};
use neuropil::library;

/// Points at which each equation is compared.
const POINTS: u64 = 40;

/// What differs on purpose: type, what, why.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    ("resistivity", "parameter value", "the published dimension is not that of ohm metres"),
    ("forwardTransition", "child rate", "any rate will do, not only the forms of Hodgkin and Huxley"),
    ("reverseTransition", "child rate", "any rate will do, not only the forms of Hodgkin and Huxley"),
    ("pinskyRinzelCA3Cell", "state Sisat", "published as a state and as a derived variable"),
    ("population", "parameter size", "the schema allows it to be left out, for a list or a layout"),
    ("channelDensityNonUniform", "child variableParameter", "the schema allows several, one for a group"),
    (
        "channelDensityNonUniformNernst",
        "child variableParameter",
        "the schema allows several, one for a group",
    ),
    ("channelDensityNonUniformGHK", "child variableParameter", "the schema allows several, one for a group"),
    ("membraneProperties", "child initMembPotential", "the schema allows several, one for a group"),
    ("membraneProperties", "child spikeThresh", "the schema allows several, one for a group"),
    ("membraneProperties2CaPools", "child initMembPotential", "the schema allows several, one for a group"),
    ("membraneProperties2CaPools", "child spikeThresh", "the schema allows several, one for a group"),
];

/// The published core types, dimensions that do not hold put right.
fn published() -> Option<Set> {
    let corpus = std::env::var_os("NEUROPIL_CORPUS")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"));
    let folder = corpus.join("neuroml-spec/NeuroML2CoreTypes");
    if !folder.is_dir() {
        println!("skipped: there is no {}", folder.display());
        return None;
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path)
            .unwrap()
            .replace("value=\"tmp * 1e-3 *", "value=\"tmp * VOLT_SCALE *")
            .replace("value=\"-Si/150.0\"", "value=\"-Si/150.0/MSEC\"")
            .replace("value=\"-Wi/2.0\"", "value=\"-Wi/2.0/MSEC\"")
            .replace(
                "<Exposure name=\"A\" dimension=\"current\"/>",
                "<Exposure name=\"A\" dimension=\"none\"/>",
            );
        files.push((path.file_name().unwrap().to_string_lossy().into_owned(), text));
    }
    files.sort();
    let built_in: Vec<(&str, &str)> = files.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    let all = r#"<Lems><Include file="NeuroML2CoreTypes.xml"/><Include file="Simulation.xml"/></Lems>"#;
    let mut set = Set::new();
    set.read_str(all, "published", &Files { built_in: &built_in, ..Files::default() }).unwrap();
    Some(set)
}

/// Types that only name the parts of RDF annotations, which have no effect.
fn is_annotation(name: &str) -> bool {
    let start = name.split('_').next().unwrap_or(name);
    matches!(start, "rdf" | "rdfs" | "dc" | "dcterms" | "foaf" | "prism" | "collex" | "scoro" | "orcid")
        || start.starts_with("bq")
        || matches!(name, "baseAnnotation_without_ns" | "baseBqbiol" | "baseBqmodel")
}

/// A number that depends on a name and a seed alone.
fn number(name: &str, seed: u64) -> f64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ hash >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let unit = (hash >> 11) as f64 / (1u64 << 53) as f64;
    match name {
        "v" | "Vs" | "Vd" => -0.1 + 0.15 * unit,
        "temperature" => 280.0 + 30.0 * unit,
        _ => 0.05 + 2.0 * unit,
    }
}

/// The value of `expr` in `of`, names that stand for equations worked out, all others made up.
fn value(of: &ComponentType, expr: &Expr, seed: u64, depth: usize) -> f64 {
    assert!(depth < 50, "{} goes round in a circle", of.name);
    let name = |name: &str| Some(quantity(of, name, seed, depth));
    evaluate_random(expr, &name, &mut || Some(0.5)).unwrap()
}

fn quantity(of: &ComponentType, name: &str, seed: u64, depth: usize) -> f64 {
    if let Some(constant) = of.constants.iter().find(|c| c.name == name) {
        return constant.value;
    }
    let derived = of.dynamics.derived.iter().chain(&of.derived_parameters).find(|d| d.name == name);
    match derived.map(|d| &d.source) {
        Some(Source::Value(expr)) => value(of, expr, seed, depth + 1),
        Some(Source::Select { path, reduce, .. }) => number(&format!("{path} {reduce:?}"), seed),
        None => number(name, seed),
    }
}

/// What a type declares, as lines.
fn declarations(of: &ComponentType) -> BTreeMap<String, String> {
    let mut lines = BTreeMap::new();
    let mut add = |kind: &str, name: &str, what: String| lines.insert(format!("{kind} {name}"), what);
    for (kind, list) in
        [("parameter", &of.parameters), ("exposure", &of.exposures), ("requirement", &of.requirements)]
    {
        for named in list {
            add(kind, &named.name, named.dimension.to_string());
        }
    }
    for fixed in &of.fixed {
        add("fixed", &fixed.name, fixed.value.to_string());
    }
    for property in &of.properties {
        add("property", &property.name, format!("{} {:?}", property.dimension, property.default));
    }
    for constant in &of.constants {
        add("constant", &constant.name, format!("{} {}", constant.dimension, constant.value));
    }
    for port in &of.event_ports {
        add("port", &port.name, format!("{:?}", port.direction));
    }
    for state in &of.dynamics.states {
        add("state", &state.name, format!("{} {:?}", state.dimension, state.exposure));
    }
    for derived in of.dynamics.derived.iter().chain(&of.derived_parameters) {
        add("derived", &derived.name, format!("{} {:?}", derived.dimension, derived.exposure));
    }
    for scheme in &of.dynamics.schemes {
        let edges = [&scheme.edges, &scheme.edge_source, &scheme.edge_target];
        let rates = [&scheme.forward_rate, &scheme.reverse_rate];
        add(
            "scheme",
            &scheme.name,
            format!("{} {} {edges:?} {rates:?}", scheme.nodes, scheme.state_variable),
        );
    }
    for (kind, names) in [("text", &of.texts), ("path", &of.paths), ("index", &of.index_parameters)] {
        for name in names {
            add(kind, name, String::new());
        }
    }
    let slots: [(&str, &[Slot]); 6] = [
        ("child", &of.child),
        ("children", &of.children),
        ("reference", &of.references),
        ("link", &of.links),
        ("attachments", &of.attachments),
        ("peer", &of.instance_requirements),
    ];
    for (kind, slots) in slots {
        for slot in slots {
            add(kind, &slot.name, format!("{} {}", slot.component_type, slot.local));
        }
    }
    for reference in of.structure.child_instances() {
        add("instance", reference, String::new());
    }
    let connects = |s: &&Statement| matches!(s.build, Build::EventConnection { .. } | Build::Tunnel { .. });
    let connections = of.structure.statements.iter().filter(connects).count();
    add("connections", "", connections.to_string());
    lines
}

/// The equations of a type by what they give.
fn equations(of: &ComponentType) -> BTreeMap<String, Expr> {
    let mut out = BTreeMap::new();
    let derivatives = |out: &mut BTreeMap<String, Expr>, place: &str, list: &[TimeDerivative]| {
        for derivative in list {
            out.insert(format!("{place}d {}/dt", derivative.variable), derivative.value.clone());
        }
    };
    let actions = |out: &mut BTreeMap<String, Expr>, place: &str, list: &[Action]| {
        for action in list {
            match action {
                Action::Assign { variable, value, .. } => {
                    out.insert(format!("{place}{variable} :="), value.clone())
                }
                Action::Send { port, .. } => out.insert(format!("{place}send {port}"), Expr::Number(0.0)),
                Action::Transition { regime, .. } => {
                    out.insert(format!("{place}go to {regime}"), Expr::Number(0.0))
                }
            };
        }
    };
    let handlers = |out: &mut BTreeMap<String, Expr>, place: &str, list: &[Handler]| {
        for (number, handler) in list.iter().enumerate() {
            let place = match &handler.trigger {
                Trigger::Event(port) => format!("{place}on {port}: "),
                Trigger::Condition(test) => {
                    let conditions =
                        list[..number].iter().filter(|h| matches!(h.trigger, Trigger::Condition(_)));
                    let place = format!("{place}condition {}: ", conditions.count());
                    out.insert(format!("{place}test"), test.clone());
                    place
                }
            };
            actions(out, &place, &handler.actions);
        }
    };
    let derived: Vec<&DerivedValue> = of.dynamics.derived.iter().chain(&of.derived_parameters).collect();
    for derived in derived {
        out.insert(format!("{} =", derived.name), Expr::Name(derived.name.clone()));
    }
    derivatives(&mut out, "", &of.dynamics.derivatives);
    actions(&mut out, "start: ", &of.dynamics.on_start);
    handlers(&mut out, "", &of.dynamics.handlers);
    for regime in &of.dynamics.regimes {
        let place = format!("{}{}: ", regime.name, if regime.initial { " (initial)" } else { "" });
        derivatives(&mut out, &place, &regime.derivatives);
        actions(&mut out, &format!("{place}entry: "), &regime.on_entry);
        handlers(&mut out, &place, &regime.handlers);
    }
    out
}

fn intended(name: &str, what: &str) -> bool {
    DIFFERENCES.iter().any(|(known, item, _)| *known == name && *item == what)
}

#[test]
fn the_core_is_that_of_neuroml() {
    let Some(published) = published() else { return };
    let ours = library::core().unwrap();
    let mut wrong = Vec::new();
    let (mut types, mut compared) = (0, 0);
    for theirs in published.types().filter(|t| !is_annotation(&t.name)) {
        let name = &theirs.name;
        let Some(own) = ours.component_type(name) else {
            wrong.push(format!("{name} is missing"));
            continue;
        };
        types += 1;
        let own_bases: BTreeSet<&String> = own.bases.iter().collect();
        for base in theirs.bases.iter().filter(|base| !own_bases.contains(base)) {
            wrong.push(format!("{name} does not extend {base}"));
        }
        let (a, b) = (declarations(theirs), declarations(own));
        for (what, declared) in &a {
            // What is inside an annotation has no effect.
            let free = what.starts_with("child rdf") || intended(name, what) || name == "annotation";
            if !free && b.get(what) != Some(declared) {
                wrong.push(format!("{name}: {what} is {:?}, published {declared}", b.get(what)));
            }
        }
        // Nothing that a component would have to give, or that it lacks, is ours alone.
        for what in b.keys().filter(|what| !a.contains_key(*what)) {
            let kind = what.split(' ').next().unwrap_or_default();
            if matches!(
                kind,
                "parameter" | "requirement" | "exposure" | "port" | "fixed" | "state" | "scheme"
            ) {
                wrong.push(format!("{name}: {what} is not published"));
            }
        }
        let (a, b) = (equations(theirs), equations(own));
        for what in b.keys().filter(|what| !what.ends_with(" =") && !a.contains_key(*what)) {
            wrong.push(format!("{name}: '{what}' is not published"));
        }
        for (what, expr) in &a {
            let Some(own_expr) = b.get(what) else {
                wrong.push(format!("{name}: '{what}' is missing"));
                continue;
            };
            for seed in 0..POINTS {
                let (x, y) = (value(theirs, expr, seed, 0), value(own, own_expr, seed, 0));
                compared += 1;
                let same = x.is_nan() || x == y || (x - y).abs() <= 1e-9 * x.abs().max(y.abs());
                if !same {
                    wrong.push(format!("{name}: '{what}' is {y}, published {x}"));
                    break;
                }
            }
        }
    }
    assert!(types > 200 && compared > 10_000, "{types} types, {compared} values");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Quantities in each of the published units mean the same here.
#[test]
fn units_are_those_of_neuroml() {
    let Some(published) = published() else { return };
    let ours = library::core().unwrap();
    let text = |unit: &str, dimension: &str| {
        format!(
            "<Lems><ComponentType name=\"x\"><Parameter name=\"p\" dimension=\"{dimension}\"/></ComponentType>\
             <x id=\"a\" p=\"3 {unit}\"/></Lems>"
        )
    };
    for (unit, dimension) in [
        ("per_ms", "per_time"),
        ("mS_per_cm2", "conductanceDensity"),
        ("uF_per_cm2", "specificCapacitance"),
        ("kohm_cm", "resistivity"),
        ("nA_ms_per_amol", "charge_per_mole"),
        ("umol_per_cm_per_nA_per_ms", "rho_factor"),
        ("mol_per_cm3", "concentration"),
        ("nS_per_mV", "conductance_per_voltage"),
        ("degC", "temperature"),
        ("um_per_ms", "permeability"),
        ("e", "charge"),
    ] {
        let [theirs, own] = [&published, ours].map(|core| {
            let mut set = core.clone();
            set.read_str(&text(unit, dimension), "x.xml", &neuropil::lems::NoIncludes).unwrap();
            set.component("a").unwrap().parameter("p").unwrap()
        });
        assert!((theirs - own).abs() <= 1e-12 * own.abs(), "{unit}: {own}, published {theirs}");
    }
}
