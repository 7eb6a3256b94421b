//! Morphologies: a file, or sections written out in the experiment.

use std::sync::Arc;

use super::node::{Node, Table, suggestion};
use crate::error::{Error, ErrorKind, Place};
use crate::morph::{Morphology, Point, SectionId, SectionKind, SectionPlan, Shape, swc};
use crate::units::Dimension;

const UM: f64 = 1e6;

/// Reads `morphology = "file.swc"` or `morphology = { sections = […] }`.
pub(super) fn morphology(node: &Node<'_>, cell: &str) -> Option<Arc<Morphology>> {
    if node.is_table() {
        return sections(&node.table()?, cell).map(Arc::new);
    }
    let Some(name) = node.as_text() else {
        node.wrong(
            ErrorKind::Syntax,
            "expected the name of an SWC file or a table of sections",
            "such as \"cell.swc\" or { sections = [ … ] }",
        );
        return None;
    };
    let path = node.source.resolve(name);
    let read = match swc::read(&path) {
        Ok(read) => read,
        Err(error) => {
            // What is wrong inside the SWC file keeps its place there.
            node.source.report(match error.place().line {
                0 => {
                    let message = format!("{}: {}", path.display(), error.message());
                    Error::new(error.kind(), message).at(node.place()).in_element(&node.path)
                }
                _ => error,
            });
            return None;
        }
    };
    node.source.warnings.borrow_mut().extend(read.warnings);
    node.source.note(format!(
        "{cell}: {}, sections: {}, {}",
        path.display(),
        read.morphology.sections.len(),
        read.soma
    ));
    Some(Arc::new(read.morphology))
}

fn sections(table: &Table<'_>, cell: &str) -> Option<Morphology> {
    let example = "[ { name = \"soma\", kind = \"soma\", length = \"20 um\", diameter = \"20 um\" } ]";
    let list = table.need("sections", example);
    let groups = table.get("groups");
    table.finish();
    let list = list?.list()?;
    if list.is_empty() {
        table.node.wrong(ErrorKind::Value, "no sections", "a cell needs at least one");
        return None;
    }
    let mut plans: Vec<SectionPlan> = Vec::new();
    let mut places: Vec<(String, Place)> = Vec::new();
    let mut sound = true;
    for item in &list {
        match item.table().and_then(|table| section(&table, &plans)) {
            Some(plan) => {
                places.push((format!("section `{}`", plan.name), item.place()));
                plans.push(plan);
            }
            None => sound = false,
        }
    }
    if !sound {
        return None;
    }
    let mut morphology = match Morphology::from_sections(cell, &plans) {
        Ok(morphology) => morphology,
        Err(error) => {
            for part in error.all() {
                let text = part.to_string();
                let place = places.iter().find(|(element, _)| text.starts_with(element.as_str()));
                let place = place.map_or(table.node.place(), |(_, place)| place.clone());
                table.source().report(Error::new(part.kind(), text).at(place));
            }
            return None;
        }
    };
    if let Some(groups) = groups {
        read_groups(&groups.table()?, &mut morphology)?;
    }
    let count = match list.len() {
        1 => "1 section".to_string(),
        n => format!("{n} sections"),
    };
    table.source().note(format!("{cell}: {count} written in the file"));
    Some(morphology)
}

fn section(table: &Table<'_>, earlier: &[SectionPlan]) -> Option<SectionPlan> {
    let name = table.need("name", "\"dend\"").and_then(|n| n.text());
    let kind = table.need("kind", "\"basal_dendrite\"").and_then(|n| {
        n.word(&[
            ("soma", SectionKind::Soma),
            ("axon", SectionKind::Axon),
            ("dendrite", SectionKind::BasalDendrite),
            ("basal_dendrite", SectionKind::BasalDendrite),
            ("apical_dendrite", SectionKind::ApicalDendrite),
            ("undefined", SectionKind::Undefined),
        ])
    });
    let parent = parent(table, earlier);
    let shape = match table.get("points") {
        Some(points) => given_points(&points).map(Shape::Points),
        None => straight(table),
    };
    table.finish();
    let (name, kind, parent, shape) = (name?, kind?, parent?, shape?);
    if earlier.iter().any(|plan| plan.name == name) {
        let message = format!("two sections are called `{name}`");
        table.node.wrong(ErrorKind::Name, message, "names of sections are unique");
        return None;
    }
    Some(SectionPlan { name: name.to_string(), kind, shape, parent })
}

/// `Some(None)` for the root.
fn parent(table: &Table<'_>, earlier: &[SectionPlan]) -> Option<Option<(String, f64)>> {
    let at = table.get("at");
    let Some(node) = table.get("parent") else {
        if let Some(at) = at {
            at.wrong(ErrorKind::Value, "`at` without `parent`", "name the section it is joined to");
            return None;
        }
        if earlier.is_empty() {
            return Some(None);
        }
        table.node.wrong(
            ErrorKind::Name,
            "a second section without `parent`",
            "only the first section is the root: say what this one is joined to",
        );
        return None;
    };
    let name = node.text()?;
    if !earlier.iter().any(|plan| plan.name == name) {
        let known: Vec<&str> = earlier.iter().map(|plan| plan.name.as_str()).collect();
        let help = match known.is_empty() {
            true => "the first section is the root and has no parent".to_string(),
            false => format!("{}; a parent comes before its children", suggestion(name, &known)),
        };
        node.wrong(ErrorKind::Name, format!("no section `{name}` before this one"), help);
        return None;
    }
    let Some(at) = at else { return Some(Some((name.to_string(), 1.0))) };
    let fraction = at.number()?;
    if (0.0..=1.0).contains(&fraction) {
        return Some(Some((name.to_string(), fraction)));
    }
    let message = format!("{fraction} is not a fraction of the parent's length");
    at.wrong(ErrorKind::Value, message, "0 is its start, 1 its end");
    None
}

/// Points `[x, y, z, diameter]` in µm.
fn given_points(node: &Node<'_>) -> Option<Vec<Point>> {
    let items = node.list()?;
    let mut points = Vec::with_capacity(items.len());
    for item in &items {
        let numbers: Option<Vec<f64>> = item.list()?.iter().map(Node::number).collect();
        let &[x, y, z, diameter] = numbers?.as_slice() else {
            item.wrong(ErrorKind::Value, "a point is four numbers", "[x, y, z, diameter] in um");
            return None;
        };
        if diameter <= 0.0 {
            item.wrong(ErrorKind::Value, format!("a diameter of {diameter} um"), "it must be above 0");
            return None;
        }
        points.push(Point::new(x, y, z, diameter));
    }
    if points.len() < 2 {
        node.wrong(ErrorKind::Value, "a section needs two points or more", "give its start and its end");
        return None;
    }
    Some(points)
}

/// A straight section from `length` and `diameter` (or `[start, end]` diameters).
fn straight(table: &Table<'_>) -> Option<Shape> {
    let length = table.need("length", "\"500 um\"").and_then(|n| n.positive(Dimension::LENGTH));
    let node = table.need("diameter", "\"2 um\"");
    let diameters: Option<Vec<f64>> = node
        .as_ref()
        .and_then(Node::one_or_more)
        .and_then(|list| list.iter().map(|n| n.positive(Dimension::LENGTH)).collect());
    let direction = table.get("direction").map(|n| direction(&n));
    let diameters_um = match diameters?.as_slice() {
        [d] => [d * UM; 2],
        [near, far] => [near * UM, far * UM],
        _ => {
            let help = "[start, end]; for more use `points`";
            node?.wrong(ErrorKind::Value, "`diameter` is one value or two", help);
            return None;
        }
    };
    let direction = match direction {
        Some(direction) => Some(direction?),
        None => None,
    };
    Some(Shape::Frustum { length_um: length? * UM, diameters_um, direction })
}

fn direction(node: &Node<'_>) -> Option<[f64; 3]> {
    let numbers: Option<Vec<f64>> = node.list()?.iter().map(Node::number).collect();
    if let &[x, y, z] = numbers?.as_slice()
        && [x, y, z] != [0.0; 3]
    {
        return Some([x, y, z]);
    }
    node.wrong(ErrorKind::Value, "not a direction", "three numbers that are not all 0, such as [0, 1, 0]");
    None
}

fn read_groups(table: &Table<'_>, morphology: &mut Morphology) -> Option<()> {
    let mut sound = true;
    for (name, node) in table.rest() {
        let mut ids = Vec::new();
        for item in node.one_or_more()? {
            let section = item.text()?;
            match morphology.sections.iter().position(|s| s.name == section) {
                Some(index) => ids.push(SectionId(index as u32)),
                None => {
                    let known: Vec<&str> = morphology.sections.iter().map(|s| s.name.as_str()).collect();
                    let help = suggestion(section, &known);
                    item.wrong(ErrorKind::Name, format!("no section `{section}`"), help);
                    sound = false;
                }
            }
        }
        let members = morphology.segments_in(&ids);
        morphology.groups.insert(name, members);
    }
    sound.then_some(())
}
