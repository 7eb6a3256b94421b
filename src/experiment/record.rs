//! `[[record]]`: sampled signals.

use super::cell::ReadCell;
use super::cells::Selections;
use super::node::{Node, Table, suggestion};
use super::population::{self, ReadPopulation};
use super::{pynn, values};
use crate::error::ErrorKind;
use crate::model::{
    CellSet, ConnectionRecording, PopulationCell, Projection, Recording, Run, Site, Stimulus,
};
use crate::units::Dimension;

/// All `[[record]]` of the file.
pub(super) fn read_all(
    root: &Table<'_>,
    cells: &[ReadCell],
    populations: &[ReadPopulation],
    selections: &Selections,
    (stimuli, projections): (&[Stimulus], &mut [Projection]),
    run: Option<Run>,
) -> Option<Vec<Recording>> {
    let mut recordings: Vec<Recording> = Vec::new();
    let mut sound = true;
    if let Some(node) = root.get("record") {
        for item in node.list()? {
            if item.table().is_some_and(|table| table.get("projection").is_some()) {
                sound &= of_connections(&item, projections, &recordings, (populations, run)).is_some();
                continue;
            }
            let parts = item.table().and_then(|table| population::targets(&table, populations, selections));
            sound &= parts.is_some();
            let mut file = None;
            for part in parts.into_iter().flatten() {
                let Some(mut recording) = read(&item, cells, populations, part, stimuli, run) else {
                    sound = false;
                    continue;
                };
                // The cells of an assembly are columns of one table.
                match &file {
                    Some(file) => recording.file = String::clone(file),
                    None => sound &= name_file(&item, &mut recording, &recordings, populations).is_some(),
                }
                file = Some(recording.file.clone());
                item.source.named(format!("recording '{}'", recording.file), item.place());
                recordings.push(recording);
            }
        }
    }
    sound.then_some(recordings)
}

fn read(
    node: &Node<'_>,
    cells: &[ReadCell],
    populations: &[ReadPopulation],
    (population, set): (usize, CellSet),
    stimuli: &[Stimulus],
    run: Option<Run>,
) -> Option<Recording> {
    let table = node.table()?;
    table.get("population");
    table.get("cells");
    let target = Some(&populations[population]);
    let site = site(&table, target);
    let variables = table.need("variables", "[\"v\"]").and_then(|n| {
        let (index, cell) = (population, target?.cell.map(|i| &cells[i]));
        variables(&n, cell, stimuli, index)
    });
    let interval = match table.get("every") {
        Some(node) => interval(&node, populations[population].step_s(run)),
        None => Some(0.0),
    };
    let file = match table.get("file") {
        Some(node) => node.text().map(str::to_string),
        None => Some(String::new()),
    };
    table.finish();
    Some(Recording {
        population,
        cells: set,
        site: site?,
        variables: variables?,
        interval_s: interval?,
        file: file?,
        label: None,
    })
}

/// `projection = "NAME"`: states of its connections.
fn of_connections(
    node: &Node<'_>,
    projections: &mut [Projection],
    earlier: &[Recording],
    (populations, run): (&[ReadPopulation], Option<Run>),
) -> Option<()> {
    let table = node.table()?;
    let of = table.get("projection")?;
    let contacts = match table.get("contacts") {
        Some(node) => Some((node.truth()?, node)).filter(|(wanted, _)| *wanted),
        None => None,
    };
    let given = match contacts {
        Some(_) => None,
        None => table.need("variables", "[\"w\"]"),
    };
    let variables = given.map(|n| {
        n.one_or_more()?.iter().map(|item| item.text().map(str::to_string)).collect::<Option<Vec<_>>>()
    });
    let every = if contacts.is_none() { table.get("every") } else { None };
    let file = match table.get("file") {
        Some(node) => Some((node.text()?.to_string(), node)),
        None => None,
    };
    table.finish();
    let name = of.text()?;
    let known: Vec<String> = projections.iter().map(|p| p.name.clone()).collect();
    let Some(at) = known.iter().position(|known| known == name) else {
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        of.wrong(ErrorKind::Name, format!("no projection is called `{name}`"), suggestion(name, &known));
        return None;
    };
    let taken = |name: &str| {
        let of_others = projections.iter().flat_map(|p| &p.recordings).any(|r| r.file == name)
            || projections.iter().any(|p| p.contacts_file.as_deref() == Some(name));
        name == "spikes" || name == "run" || of_others || earlier.iter().any(|r| r.file == name)
    };
    let interval = match every {
        Some(node) => {
            let target = projections[at].target.parts.first();
            interval(&node, target.map_or(0.0, |(population, _)| populations[*population].step_s(run)))
        }
        None => Some(0.0),
    };
    let file = match file {
        Some((file, node)) => {
            if taken(&file) || !is_plain(&file) {
                node.wrong(
                    ErrorKind::Value,
                    format!("`{file}` can not be the name of this file"),
                    "choose another",
                );
                return None;
            }
            file
        }
        None => {
            let mut stem: String = name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
            if contacts.is_some() {
                stem.push_str("_contacts");
            }
            (1..).map(|i| if i == 1 { stem.clone() } else { format!("{stem}_{i}") }).find(|n| !taken(n))?
        }
    };
    if let Some((_, node)) = contacts {
        if projections[at].contacts_file.replace(file).is_some() {
            node.wrong(ErrorKind::Name, "its contacts are listed twice", "leave one of the two out");
            return None;
        }
        return Some(());
    }
    let recording = ConnectionRecording { variables: variables??, interval_s: interval?, file };
    projections[at].recordings.push(recording);
    Some(())
}

/// Whether a file may be called so.
fn is_plain(name: &str) -> bool {
    name.chars().all(|c| c.is_alphanumeric() || "_-+.".contains(c)) && !name.starts_with('.')
}

fn site(table: &Table<'_>, population: Option<&ReadPopulation>) -> Option<Site> {
    let cable = population.is_none_or(|p| matches!(p.population.cell, PopulationCell::Cable(_)));
    let body = population.and_then(population::body);
    match (table.get("at"), table.get("over")) {
        (None, None) if !cable => Some(Site::Cell),
        (Some(node), _) | (None, Some(node)) if !cable => {
            values::no_places(&node, "`at` and `over`");
            None
        }
        (Some(at), None) => values::points(&at, body.as_ref()).map(Site::Points),
        (None, Some(over)) => values::region(&over, body.as_ref()).map(Site::Region),
        (Some(at), Some(_)) => {
            at.wrong(
                ErrorKind::Syntax,
                "both `at` and `over`",
                "`at` for points, `over` for every compartment of a region",
            );
            None
        }
        (None, None) => {
            table.need("at", "\"soma\"");
            None
        }
    }
}

/// Checks what stands before the dot; the engine knows what stands behind it.
fn variables(
    node: &Node<'_>,
    cell: Option<&ReadCell>,
    stimuli: &[Stimulus],
    population: usize,
) -> Option<Vec<String>> {
    let Some(cell) = cell else {
        node.wrong(ErrorKind::Value, "a source of spikes has nothing to record", "record from cells");
        return None;
    };
    let mut known: Vec<&str> = cell.synapses().iter().map(|s| s.name.as_str()).collect();
    let mut cable = false;
    if let PopulationCell::Cable(c) = &cell.cell {
        cable = true;
        known.extend(c.densities.iter().map(|d| d.name.as_str()));
        known.extend(c.pools.iter().map(|p| p.ion.as_str()));
    }
    known.extend(stimuli.iter().filter(|s| s.population == population).map(|s| s.name.as_str()));
    let items = node.one_or_more()?;
    if items.is_empty() {
        node.wrong(ErrorKind::Value, "nothing to record", "such as [\"v\", \"na.m\"]");
        return None;
    }
    let mut variables = Vec::new();
    let mut sound = true;
    for item in &items {
        let text = item.text()?;
        let its_name = pynn::recorded(&cell.cell, text);
        let text = its_name.as_deref().unwrap_or(text);
        match text.split_once('.') {
            Some((owner, _)) if !known.contains(&owner) => {
                let mut known = known.clone();
                known.push("v");
                let help = suggestion(owner, &known);
                item.wrong(ErrorKind::Name, format!("the cell `{}` has no `{owner}`", cell.name), help);
                sound = false;
            }
            None if cable && text != "v" => {
                let help = match known.contains(&text) {
                    true => format!("say what of it, such as \"{text}.i\""),
                    false => "\"v\", or a name and what of it: \"na.m\", \"na.i\", \"AMPA.g\"".to_string(),
                };
                item.wrong(ErrorKind::Name, format!("`{text}` is nothing that can be recorded"), help);
                sound = false;
            }
            _ if variables.iter().any(|v| v == text) => {
                item.wrong(ErrorKind::Name, format!("`{text}` stands twice"), "leave one out");
                sound = false;
            }
            _ => variables.push(text.to_string()),
        }
    }
    sound.then_some(variables)
}

/// `every`: a whole multiple of the step of what is recorded, where that is known.
fn interval(node: &Node<'_>, dt_s: f64) -> Option<f64> {
    let interval = node.positive(Dimension::TIME)?;
    if dt_s <= 0.0 {
        return Some(interval);
    }
    let steps = interval / dt_s;
    if steps < 0.999 || (steps - steps.round()).abs() > 1e-6 * steps {
        node.wrong(
            ErrorKind::Value,
            format!("{} ms is not a whole multiple of dt, {} ms", interval * 1e3, dt_s * 1e3),
            "choose a multiple",
        );
        return None;
    }
    Some(interval)
}

/// The file of a recording: its own name, or the population's, numbered from the second on.
fn name_file(
    node: &Node<'_>,
    recording: &mut Recording,
    earlier: &[Recording],
    populations: &[ReadPopulation],
) -> Option<()> {
    let taken = |name: &str| name == "spikes" || name == "run" || earlier.iter().any(|r| r.file == name);
    if recording.file.is_empty() {
        let name = &populations[recording.population].population.name;
        let free =
            (1..).map(|i| if i == 1 { name.clone() } else { format!("{name}_{i}") }).find(|n| !taken(n));
        recording.file = free?;
        return Some(());
    }
    if !is_plain(&recording.file) {
        node.wrong(
            ErrorKind::Value,
            format!("`{}` is not the name of a result file", recording.file),
            "letters, digits, _ and -, without folder and ending",
        );
        return None;
    }
    if taken(&recording.file) {
        let message = format!("another result goes to the file `{}`", recording.file);
        node.wrong(ErrorKind::Name, message, "choose another name");
        return None;
    }
    Some(())
}
