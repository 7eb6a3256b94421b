//! `[[segment]]`: one run after the other, each with what changes for it.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::check_name;
use super::node::{Node, Table, suggestion};
use crate::error::ErrorKind;
use crate::units::Dimension;

/// Segments at most: each is read as a page of its own.
const MOST: usize = 1000;

/// Tables whose entries have names, which a segment may change, and lists of tables by the key that names an item.
const NAMED: [&str; 4] = ["cell", "population", "view", "assembly"];
const LISTED: [(&str, &str); 3] = [("projection", "name"), ("stimulus", "name"), ("record", "file")];
/// What a segment may change as a whole.
const PLAIN: [&str; 2] = ["temperature", "seed"];

/// A segment as it is written.
#[derive(Debug)]
pub(super) struct Spec<'a> {
    /// The name of its folder of results.
    pub name: String,
    /// Whether it begins at time 0 with everything as at the start.
    pub reset: bool,
    /// When it ends, s after the last reset.
    pub until_s: f64,
    /// When the last segment before the next reset ends, s.
    pub end_s: f64,
    /// What it changes.
    changes: Vec<(String, Node<'a>)>,
}

/// The segments of a page; none if it has none, nothing if they are wrong.
pub(super) fn read<'a>(root: &Table<'a>) -> Option<Vec<Spec<'a>>> {
    let Some(node) = root.get("segment") else { return Some(Vec::new()) };
    let items = node.list()?;
    if items.is_empty() || items.len() > MOST {
        node.wrong(ErrorKind::Limit, format!("{} segments", items.len()), format!("from 1 to {MOST}"));
        return None;
    }
    let mut specs: Vec<Spec<'a>> = Vec::new();
    let mut sound = true;
    for (number, item) in items.iter().enumerate() {
        let Some((spec, duration_s)) = segment(item, number) else {
            sound = false;
            continue;
        };
        if specs.iter().any(|other| other.name == spec.name) {
            item.wrong(
                ErrorKind::Name,
                format!("two segments are called `{}`", spec.name),
                "choose another name",
            );
            sound = false;
        }
        let before_s = specs.last().filter(|_| !spec.reset).map_or(0.0, |last| last.until_s);
        specs.push(Spec { until_s: before_s + duration_s, ..spec });
    }
    let mut end_s = 0.0;
    let mut next_is_reset = true;
    for spec in specs.iter_mut().rev() {
        if next_is_reset {
            end_s = spec.until_s;
        }
        spec.end_s = end_s;
        next_is_reset = spec.reset;
    }
    sound.then_some(specs)
}

/// One of them, and its duration, s.
fn segment<'a>(item: &Node<'a>, number: usize) -> Option<(Spec<'a>, f64)> {
    let table = item.table()?;
    let duration = table.need("duration", "\"100 ms\"").and_then(|n| n.positive(Dimension::TIME));
    let reset = match table.get("reset") {
        Some(node) => node.truth(),
        None => Some(false),
    };
    let name = match table.get("name") {
        Some(node) => node.text().filter(|name| check_name(name, &node)).map(str::to_string),
        None => Some(format!("segment_{number}")),
    };
    let mut changes = table.rest();
    let known: Vec<&str> =
        NAMED.iter().chain(LISTED.iter().map(|(key, _)| key)).chain(&PLAIN).copied().collect();
    changes.retain(|(key, node)| {
        let fine = known.contains(&key.as_str());
        if !fine {
            let help = suggestion(key, &known);
            node.wrong(ErrorKind::Name, format!("`{key}` is nothing that a segment may change"), help);
        }
        fine
    });
    Some((Spec { name: name?, reset: reset?, until_s: 0.0, end_s: 0.0, changes }, duration?))
}

impl Spec<'_> {
    /// Whether it changes anything.
    pub(super) fn changes(&self) -> bool {
        !self.changes.is_empty()
    }
}

/// Changes `page` as `spec` says; nothing if that is wrong.
pub(super) fn apply<'a>(page: &mut DeTable<'a>, spec: &Spec<'a>) -> Option<()> {
    for (key, node) in &spec.changes {
        if let Some((_, by)) = LISTED.iter().find(|(listed, _)| listed == key) {
            for (name, change) in node.table()?.rest() {
                let items = match page.get_mut(key.as_str()).map(Spanned::get_mut) {
                    Some(DeValue::Array(items)) => items,
                    _ => {
                        change.wrong(ErrorKind::Name, format!("the page has no [[{key}]]"), "leave this out");
                        return None;
                    }
                };
                let names: Vec<Option<String>> = items.iter().map(|item| named(item.get_ref(), by)).collect();
                let Some(at) = names.iter().position(|known| known.as_deref() == Some(name.as_str())) else {
                    let known: Vec<&str> = names.iter().flatten().map(String::as_str).collect();
                    let message = format!("no [[{key}]] has {by} = \"{name}\"");
                    change.wrong(ErrorKind::Name, message, suggestion(&name, &known));
                    return None;
                };
                change.table()?;
                if let Some(item) = items.get_mut(at) {
                    merge(item, &change, &[key, &name]);
                }
            }
            continue;
        }
        match page.get_mut(key.as_str()) {
            Some(value) => merge(value, node, &[key]),
            None => {
                page.insert(node.key(key), node.spanned());
            }
        }
    }
    Some(())
}

fn named(item: &DeValue<'_>, by: &str) -> Option<String> {
    match item {
        DeValue::Table(table) => match table.get(by)?.get_ref() {
            DeValue::String(name) => Some(name.to_string()),
            _ => None,
        },
        _ => None,
    }
}

/// Whether what stands at `path` is a table of named things, of which only those that are named change.
fn is_merged(path: &[&str]) -> bool {
    matches!(
        path,
        [_] | [_, _]
            | ["cell", _, "channels" | "ions" | "synapses"]
            | ["population", _, "parameters" | "initial"]
            | ["cell", _, "channels" | "ions" | "synapses", _]
            | ["projection", _, "plasticity"]
    )
}

/// Puts `change` in place of `value`, or into it where both are tables of named things. The depth is that of [`is_merged`].
fn merge<'a>(value: &mut Spanned<DeValue<'a>>, change: &Node<'a>, path: &[&str]) {
    if let (DeValue::Table(into), true, true) = (value.get_mut(), change.is_table(), is_merged(path))
        && let Some(table) = change.table()
    {
        for (key, node) in table.rest() {
            match into.get_mut(key.as_str()) {
                Some(value) => merge(value, &node, &[path, &[key.as_str()]].concat()),
                None => {
                    into.insert(node.key(&key), node.spanned());
                }
            }
        }
        return;
    }
    *value = change.spanned();
}
