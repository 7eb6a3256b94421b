//! Which cells: populations, `[view.NAME]` of them, and `[assembly.NAME]` of several.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::node::{Node, Table, suggestion};
use super::population::{ReadPopulation, cell_index};
use crate::error::ErrorKind;
use crate::model::{CellSet, Cells, name_key};
use crate::rng::{Purpose, Stream};

/// Everything that stands for cells.
#[derive(Debug)]
pub(super) struct Selections {
    named: Vec<(String, Cells)>,
    /// Samples are drawn by it.
    seed: u64,
    /// Samples of each population so far in stimuli and recordings: each is another one.
    samples: RefCell<BTreeMap<String, usize>>,
}

impl Selections {
    /// Populations, views and assemblies of the file.
    pub(super) fn read(root: &Table<'_>, populations: &[ReadPopulation], seed: u64) -> Option<Selections> {
        let all = |(index, p): (usize, &ReadPopulation)| (p.population.name.clone(), Cells::all(index));
        let named = populations.iter().enumerate().map(all).collect();
        let mut selections = Selections { named, seed, samples: RefCell::default() };
        let mut sound = true;
        for (key, is_view) in [("view", true), ("assembly", false)] {
            let Some(node) = root.get(key) else { continue };
            for (name, node) in node.table()?.rest() {
                if selections.named.iter().any(|(known, _)| *known == name) {
                    let message = format!("`{name}` is the name of other cells already");
                    node.wrong(ErrorKind::Name, message, "names of populations, views and assemblies differ");
                    sound = false;
                    continue;
                }
                let cells = if is_view {
                    selections.view(&name, &node, populations)
                } else {
                    selections.assembly(&node)
                };
                match cells {
                    Some(cells) => selections.named.push((name, cells)),
                    None => sound = false,
                }
            }
        }
        sound.then_some(selections)
    }

    fn assembly(&self, node: &Node<'_>) -> Option<Cells> {
        let table = node.table()?;
        let of = table.need("of", "[\"exc\", \"inh\"]").and_then(|node| self.cells(&node));
        table.finish();
        of
    }

    fn view(&self, name: &str, node: &Node<'_>, populations: &[ReadPopulation]) -> Option<Cells> {
        let table = node.table()?;
        let of = table.need("of", "\"exc\"").and_then(|node| self.cells(&node));
        let chosen = table.need("cells", "\"0..10\"");
        table.finish();
        let (of, chosen) = (of?, chosen?);
        let all: Vec<(usize, usize)> = of
            .parts
            .iter()
            .flat_map(|(p, set)| {
                set.indices(populations[*p].population.size).into_iter().map(move |index| (*p, index))
            })
            .collect();
        let indices = self.members(&chosen, all.len(), name)?;
        let mut parts: Vec<(usize, CellSet)> = Vec::new();
        for at in indices {
            let (population, index) = all[at];
            match parts.last_mut() {
                Some((last, CellSet::Indices(list))) if *last == population => list.push(index),
                _ => parts.push((population, CellSet::Indices(vec![index]))),
            }
        }
        Some(Cells { parts })
    }

    /// Some of the `n` cells of population `name`, in a stimulus or a recording (`of`). What is drawn depends on nothing that
    /// other populations have.
    pub(super) fn some(&self, node: &Node<'_>, n: usize, (of, name): (&str, &str)) -> Option<Vec<usize>> {
        let mut samples = self.samples.borrow_mut();
        let count = samples.entry(format!("{of} of {name}")).or_default();
        *count += 1;
        self.members(node, n, &format!("cells of {of} {count} of {name}"))
    }

    /// [`members`], samples being drawn for the use `what`.
    fn members(&self, node: &Node<'_>, n: usize, what: &str) -> Option<Vec<usize>> {
        let key = [name_key(what), u64::MAX];
        members(node, n, &mut Stream::new(self.seed, Purpose::Structure, key))
    }

    /// The cells that a name, or a list of names, stands for.
    pub(super) fn cells(&self, node: &Node<'_>) -> Option<Cells> {
        let mut cells = Cells::default();
        for item in node.one_or_more()? {
            let name = item.text()?;
            let Some((_, its)) = self.named.iter().find(|(known, _)| known == name) else {
                let known: Vec<&str> = self.named.iter().map(|(name, _)| name.as_str()).collect();
                let message = format!("no population, view or assembly is called `{name}`");
                item.wrong(ErrorKind::Name, message, suggestion(name, &known));
                return None;
            };
            cells.parts.extend(its.parts.iter().cloned());
        }
        Some(cells)
    }
}

/// Indices among `n` cells: `"all"`, `3`, `[0, 3]`, `"10..20"`, `"0..100:2"`, `[true, false, …]`, `{ sample = 50 }`.
fn members(node: &Node<'_>, n: usize, stream: &mut Stream) -> Option<Vec<usize>> {
    let none = |message: &str| {
        node.wrong(
            ErrorKind::Value,
            message,
            "\"all\", 3, [0, 3], \"10..20\", \"0..100:2\", { sample = 50 }",
        );
        None
    };
    let indices = if node.is_table() {
        let table = node.table()?;
        let count = table.need("sample", "50").and_then(|n| n.count());
        table.finish();
        let count = count?;
        if count > n as u64 {
            node.wrong(ErrorKind::Value, format!("a sample of {count} of {n} cells"), "take fewer");
            return None;
        }
        stream.choose(n as u64, count).into_iter().map(|i| i as usize).collect()
    } else if let Some(text) = node.as_text() {
        if text == "all" {
            (0..n).collect()
        } else {
            let (range, step) = text.split_once(':').unwrap_or((text, "1"));
            let whole = |text: &str, open: usize| {
                if text.trim().is_empty() { Some(open) } else { text.trim().parse::<usize>().ok() }
            };
            let ends = range.split_once("..").and_then(|(a, b)| Some((whole(a, 0)?, whole(b, n)?)));
            let (Some((first, end)), Some(step @ 1..)) = (ends, whole(step, 1)) else {
                return none(&format!("`{text}` is no set of cells"));
            };
            if end > n {
                return none(&format!("cells up to {end} of {n}"));
            }
            (first..end).step_by(step).collect()
        }
    } else {
        let items = node.one_or_more()?;
        let mask: Option<Vec<bool>> = items.iter().map(Node::as_bool).collect();
        match mask {
            Some(mask) if !mask.is_empty() => {
                if mask.len() != n {
                    return none(&format!("a mask of {} for {n} cells", mask.len()));
                }
                (0..n).filter(|i| mask[*i]).collect()
            }
            _ => items.iter().map(|item| cell_index(item, n)).collect::<Option<Vec<usize>>>()?,
        }
    };
    let mut indices: Vec<usize> = indices;
    indices.sort_unstable();
    indices.dedup();
    if indices.is_empty() { none("no cells") } else { Some(indices) }
}
