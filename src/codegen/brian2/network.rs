//! Connections as `Synapses`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Source;
use super::group::{Group, TAKEN};
use super::piece::{Constants, Piece, constant_values};
use crate::codegen::Job;
use crate::codegen::layout::Layout;
use crate::codegen::names::Names;
use crate::codegen::python::{SHORT, list, number, quoted};
use crate::codegen::rows::{Cell, table};
use crate::codegen::tidy::tidy;
use crate::codegen::units::rounded;
use crate::engine::own_port;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::Expr;
use crate::model::{Connection, ConnectionRule, Model, PopulationCell, Receiver, Sender};
use crate::units::Dimension;
use crate::wiring::{self, nearest_step};

/// A `Synapses` object as the template takes it.
#[derive(Debug, Serialize)]
pub(super) struct SynapsesText {
    pub(super) var: String,
    source: String,
    target: String,
    model: Vec<String>,
    on_pre: Vec<String>,
    on_post: Vec<String>,
    /// `i`, `j`, `w`, `delay` as lists, or the file that has them as columns.
    file: String,
    i: String,
    j: String,
    weight: String,
    delay: String,
    /// The delay of what the rule hears of the target.
    post_delay: String,
    starts: Vec<(String, String)>,
}

impl SynapsesText {
    /// Whether a file has the connections.
    pub(super) fn in_file(&self) -> bool {
        !self.file.is_empty()
    }
}

/// What connections have in common that are one `Synapses`: projection, source, target, what they do there.
type Key = (usize, usize, usize, Vec<String>);

/// All connections; `groups` by population, `sources` those of given spikes.
///
/// # Errors
/// If projections can't be drawn, or something in them has no word in Brian's equations.
pub(super) fn connect(
    job: &mut Job<'_>,
    model: &Model,
    layout: &Layout,
    groups: &BTreeMap<usize, Group>,
    sources: &BTreeMap<usize, Source>,
    constants: &mut Constants,
) -> Result<Vec<SynapsesText>> {
    let mut out = Vec::new();
    let mut lists = vec![(None, model.connections.clone())];
    for (number, projection) in model.projections.iter().enumerate() {
        lists.push((Some(projection), wiring::connections_of(model, number, wiring::MOST_LISTED)?));
    }
    for (which, (projection, connections)) in lists.into_iter().enumerate() {
        let label = projection.map_or("connections", |p| p.name.as_str());
        let rule = projection.and_then(|p| p.rule.as_ref());
        if rule.is_some_and(|rule| !rule.parameters.is_empty()) {
            let message = format!(
                "projection '{label}': rules with parameters that differ between connections are not made for Brian"
            );
            job.cannot(Error::new(ErrorKind::Unsupported, message));
            continue;
        }
        let mut sorted: BTreeMap<Key, Vec<(usize, usize, &Connection)>> = BTreeMap::new();
        let mut problem: Option<String> = None;
        for connection in &connections {
            match ends(model, layout, groups, sources, connection) {
                Ok(Ends { source, target, statements }) => {
                    let key = (which, connection.source.0, connection.target.0, statements);
                    let rows = sorted.entry(key).or_default();
                    match sources.get(&connection.source.0) {
                        Some(of) => rows.extend(of.entries(source).map(|entry| (entry, target, connection))),
                        None => rows.push((source, target, connection)),
                    }
                }
                Err(reason) => problem = problem.or(Some(reason)),
            }
        }
        if let Some(reason) = problem {
            let message = format!("{label}: {reason}");
            job.cannot(Error::new(ErrorKind::Unsupported, message));
        }
        for ((_, source, target, statements), rows) in sorted {
            let var = constants.claim(label);
            let from_source = sources.contains_key(&source);
            let name = |p: usize| {
                let group = groups.get(&p).map(|g| &g.var);
                group.or_else(|| sources.get(&p).map(|s| &s.var)).cloned().unwrap_or_default()
            };
            let text = synapses(
                job,
                (var, name(source), name(target)),
                from_source,
                &rows,
                statements,
                rule,
                model,
                constants,
            )?;
            out.push(text);
        }
    }
    Ok(out)
}

struct Ends {
    /// Entry in the source's group.
    source: usize,
    target: usize,
    statements: Vec<String>,
}

fn ends(
    model: &Model,
    layout: &Layout,
    groups: &BTreeMap<usize, Group>,
    sources: &BTreeMap<usize, Source>,
    c: &Connection,
) -> std::result::Result<Ends, String> {
    let (sp, sc) = c.source;
    let source = if sources.contains_key(&sp) {
        sc
    } else {
        let group = groups.get(&sp).ok_or("its source is not made for Brian")?;
        match (&model.populations[sp].cell, c.sender) {
            (PopulationCell::Point(_), Sender::Cell) => {}
            (PopulationCell::Point(cell), Sender::Port(port))
                if own_port(&cell.dynamics) == Some(usize::from(port)) => {}
            (PopulationCell::Cable(_), Sender::Cell) => {}
            (PopulationCell::Cable(_), Sender::Detector(d))
                if model.spike_detectors.iter().position(|x| x.population == sp) == Some(d as usize) => {}
            _ => return Err("a second sender of a cell is not made for Brian".to_string()),
        }
        let detector = layout.populations[sp].cells.get(sc).and_then(|cell| cell.detectors.first());
        match detector {
            Some((node, ..)) => group.entry(layout, sc, *node),
            None => group.entry(layout, sc, 0),
        }
    };
    let (tp, tc) = c.target;
    let group = groups.get(&tp).ok_or("its target is not made for Brian")?;
    let (slot, instance) = match c.receiver {
        Receiver::Synapse { synapse, point } => (synapse as usize, point as usize),
        Receiver::Contact { attachments, contact } => {
            layout.contact(attachments, contact).ok_or("a contact that is not there")?
        }
        Receiver::Cell => {
            let piece =
                group.cell.as_ref().ok_or("cells that receive by themselves are not made for Brian")?;
            let dynamics = match &model.populations[tp].cell {
                PopulationCell::Point(cell) => &cell.dynamics,
                _ => {
                    return Err("cells with a shape that receive by themselves are not made for Brian".into());
                }
            };
            let port =
                dynamics.in_ports().get(usize::from(c.port)).map(|p| p.to_string()).unwrap_or_default();
            let statements = handlers(piece, &port, &Expr::name("w")).map_err(|e| e.to_string())?;
            return Ok(Ends { source, target: group.entry(layout, tc, 0), statements });
        }
    };
    let number = group.instances.get(&(tc, slot, instance)).ok_or("its receptor is not made for Brian")?;
    let placed = &group.placed[*number];
    let node = layout.populations[tp].cells[tc].placed[slot].nodes[instance];
    let full = &layout.kinds[placed.kind()].dynamics;
    let port = full.in_ports().get(usize::from(c.port)).map(|p| p.to_string()).unwrap_or_default();
    let statements = handlers(&placed.piece, &port, &Expr::name("w")).map_err(|e| e.to_string())?;
    Ok(Ends { source, target: group.entry(layout, tc, node), statements })
}

/// What an event at `port` does, as statements of a synapse.
fn handlers(piece: &Piece, port: &str, weight: &Expr) -> Result<Vec<String>> {
    let change = |name: &str, given: Expr| match (name, &given) {
        ("weight", _) => weight.clone(),
        (_, Expr::Name(own)) if is_own(piece, name) => Expr::Name(format!("{own}_post")),
        _ => given,
    };
    let mut out = Vec::new();
    for event in piece.dynamics.events.iter().filter(|e| e.port == port) {
        out.extend(piece.statements(&event.assignments, event.test.as_ref(), "_post", &change)?);
    }
    Ok(out)
}

/// Whether a name is a variable of the group, no constant of the script.
fn is_own(piece: &Piece, name: &str) -> bool {
    let d = &piece.dynamics;
    d.states.iter().any(|s| s.name == name)
        || piece.varying.iter().any(|(path, _)| path == name)
        || d.inputs.iter().any(|i| i.name == name && i.name != "t")
        || d.derived.iter().any(|v| v.name == name)
            && !constant_values(d, &piece.varying.iter().map(|(p, _)| p.clone()).collect::<Vec<_>>())
                .contains_key(name)
}

#[allow(clippy::too_many_arguments)]
fn synapses(
    job: &mut Job<'_>,
    (var, source, target): (String, String, String),
    from_source: bool,
    rows: &[(usize, usize, &Connection)],
    statements: Vec<String>,
    rule: Option<&ConnectionRule>,
    model: &Model,
    constants: &mut Constants,
) -> Result<SynapsesText> {
    let dt_s = model.run.dt_s;
    // Given spikes are sent a step late: their way is a step shorter.
    let shift = if from_source { 1.0 } else { 0.0 };
    let steps: Vec<f64> =
        rows.iter().map(|(.., c)| (nearest_step(c.delay_s, dt_s) - shift).max(0.0)).collect();
    if from_source && rows.iter().any(|(.., c)| nearest_step(c.delay_s, dt_s) < 1.0) {
        job.out.differences.push(format!("{var}: given spikes without a delay arrive one time step later"));
    }
    let mut out = SynapsesText {
        var,
        source,
        target,
        model: vec!["w : 1".to_string()],
        on_pre: statements,
        on_post: Vec::new(),
        file: String::new(),
        i: String::new(),
        j: String::new(),
        weight: String::new(),
        delay: String::new(),
        post_delay: String::new(),
        starts: Vec::new(),
    };
    if let Some(rule) = rule {
        plastic(&mut out, rule, model, constants)?;
        let fraction = rule.dendritic_delay_fraction;
        let later: Vec<f64> =
            rows.iter().map(|(.., c)| (2.0 * fraction * nearest_step(c.delay_s, dt_s)).round()).collect();
        if !out.on_post.is_empty() {
            // All of a projection have one delay, or the rule hears each by its own.
            let first = later.first().copied().unwrap_or(0.0);
            if later.iter().any(|x| *x != first) {
                let message =
                    format!("{}: plasticity with delays that differ is not made for Brian", out.var);
                job.cannot(Error::new(ErrorKind::Unsupported, message));
            }
            out.post_delay = format!("{}*ms", number(rounded(first * dt_s * 1e3)));
        }
    }
    let ms = |steps: f64| rounded(steps * dt_s * 1e3);
    let same = |values: &[f64]| values.iter().all(|x| x.to_bits() == values[0].to_bits());
    let weights: Vec<f64> = rows.iter().map(|(.., c)| c.weight).collect();
    let delays: Vec<f64> = steps.iter().map(|s| ms(*s)).collect();
    let weight_of_all = same(&weights).then(|| number(weights[0]));
    let delay_of_all = same(&delays).then(|| format!("{}*ms", number(delays[0])));
    if rows.len() <= SHORT {
        let of =
            |f: &dyn Fn(&(usize, usize, &Connection)) -> f64| list(&rows.iter().map(f).collect::<Vec<_>>());
        out.i = of(&|r| r.0 as f64);
        out.j = of(&|r| r.1 as f64);
        out.weight = weight_of_all.unwrap_or_else(|| list(&weights));
        out.delay = delay_of_all.unwrap_or_else(|| format!("{}*ms", list(&delays)));
    } else {
        let file = format!("connections_{}.csv", out.var);
        let row = |((i, j, c), delay): (&(usize, usize, &Connection), &f64)| {
            [Cell::Index(*i), Cell::Index(*j), Cell::Number(c.weight), Cell::Number(*delay)]
        };
        job.out.text(&file, table("i,j,w,delay_ms", rows.iter().zip(&delays).map(row)));
        out.file = quoted(&file);
        out.weight = weight_of_all.unwrap_or_default();
        out.delay = delay_of_all.unwrap_or_default();
    }
    Ok(out)
}

/// Equations of the connections: their states go on between events by themselves.
fn plastic(
    out: &mut SynapsesText,
    rule: &ConnectionRule,
    model: &Model,
    constants: &mut Constants,
) -> Result<()> {
    let mut dynamics =
        tidy(&rule.dynamics, &["effective", "w"], &[("temperature", model.temperature_k)], &[]);
    // What decays within no time at all does so within a nanosecond.
    let divisors: Vec<String> = dynamics
        .derivatives
        .iter()
        .flat_map(|(_, rate)| {
            let mut names = Vec::new();
            rate.visit_names(&mut |name| names.push(name.to_string()));
            names
        })
        .collect();
    for parameter in &mut dynamics.parameters {
        if parameter.dimension == Dimension::TIME
            && parameter.value == 0.0
            && divisors.contains(&parameter.name)
        {
            parameter.value = 1e-9;
        }
    }
    let mut names = Names::new(TAKEN);
    let input = |name: &str| match name {
        "t" => Some(Expr::name("t")),
        "weight" => Some(Expr::name("w")),
        _ => None,
    };
    let piece = Piece::new(dynamics, "syn", &[], &input, &mut names, constants)
        .map_err(|e| e.in_element(out.var.clone()))?;
    for line in piece.state_lines()? {
        let is_rate = line.starts_with('d') && line.contains("/dt = ");
        out.model.push(if is_rate { format!("{line} (event-driven)") } else { line });
    }
    let as_is = |_: &str, given: Expr| given;
    let of_port = |port: &str| -> Result<Vec<String>> {
        let mut all = Vec::new();
        for event in piece.dynamics.events.iter().filter(|e| e.port == port) {
            let values = event.assignments.iter().map(|a| &a.value).chain(&event.test);
            all.extend(piece.derived_for(values)?);
            all.extend(piece.statements(&event.assignments, event.test.as_ref(), "", &as_is)?);
        }
        Ok(all)
    };
    let behind = piece.dynamics.exposed("effective").map(Expr::name);
    let effective = piece.dynamics.exposed("effective").and_then(|e| piece.named.get(e).cloned());
    let effective =
        effective.map(|e| super::units::SYNTAX.print(&e)).transpose()?.unwrap_or_else(|| "w".into());
    let mut on_pre = Vec::new();
    // With a spike of the target in the same step, Brian's order is by pathway: before the source's.
    on_pre.extend(of_port("pre")?);
    // What it is made of may have changed.
    on_pre.extend(piece.derived_for(&behind)?);
    on_pre.push(format!("effective = {effective}"));
    for statement in &out.on_pre {
        on_pre.push(with_weight(statement));
    }
    out.on_pre = on_pre;
    out.on_post = of_port("post")?;
    out.starts = piece.starts()?;
    out.starts.retain(|(_, value)| !value.is_empty());
    Ok(())
}

/// A statement with the effective weight in place of the weight.
fn with_weight(statement: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    let flush = |word: &mut String, out: &mut String| {
        out.push_str(if word == "w" { "effective" } else { word });
        word.clear();
    };
    for c in statement.chars() {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
        } else {
            flush(&mut word, &mut out);
            out.push(c);
        }
    }
    flush(&mut word, &mut out);
    out
}
