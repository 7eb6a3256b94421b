//! Where cells are: `structure`, `positions`, and the `space` of a projection.

use super::node::{Node, Table};
use crate::error::ErrorKind;
use crate::model::{Position, Space, Structure, name_key};
use crate::units::Dimension;

/// The places of the cells of population `name`, from its `structure` or `positions`; empty if there is neither.
pub(super) fn positions(table: &Table<'_>, name: &str, size: usize, seed: u64) -> Option<Vec<Position>> {
    let structure = match (table.get("structure"), table.get("positions")) {
        (None, None) => return Some(Vec::new()),
        (Some(node), Some(_)) => {
            node.wrong(ErrorKind::Syntax, "both `structure` and `positions`", "give one of the two");
            return None;
        }
        (None, Some(node)) => {
            let places: Option<Vec<Position>> = node.list()?.iter().map(place).collect();
            (Structure::Listed(places?), node)
        }
        (Some(node), None) => (structure(&node)?, node),
    };
    let (structure, node) = structure;
    match structure.positions(size, seed, name_key(name)) {
        Ok(places) => Some(places),
        Err(error) => {
            node.report(error);
            None
        }
    }
}

/// `[x, y, z]`, µm if plain numbers.
fn place(node: &Node<'_>) -> Option<Position> {
    let items = node.list()?;
    let [x, y, z] = items.as_slice() else {
        node.wrong(ErrorKind::Value, "not a place", "[x, y, z], in µm or with units");
        return None;
    };
    Some([um(x)?, um(y)?, um(z)?])
}

fn um(node: &Node<'_>) -> Option<f64> {
    if node.is_number() { node.number() } else { Some(node.quantity(Dimension::LENGTH)? * 1e6) }
}

fn structure(node: &Node<'_>) -> Option<Structure> {
    let table = node.table()?;
    let centre = match table.get("centre") {
        Some(node) => Some(place(&node)?),
        None => None,
    };
    let kinds = ["line", "grid2d", "grid3d", "box", "sphere"];
    let found = kinds.iter().find_map(|kind| table.get(kind).map(|node| (*kind, node)));
    let structure = match found {
        None => {
            if table.source().is_sound() {
                let help = "one of line, grid2d, grid3d, box, sphere; or `positions`";
                node.wrong(ErrorKind::Syntax, "no structure is named", help);
            }
            None
        }
        Some((kind, node)) => one(kind, &node, centre),
    };
    table.finish();
    structure
}

fn one(kind: &str, node: &Node<'_>, centre: Option<Position>) -> Option<Structure> {
    let centre = centre.unwrap_or_default();
    match kind {
        "sphere" => return Some(Structure::Sphere { radius: um(node)?, centre }),
        "box" => return Some(Structure::Box { size: place(node)?, centre }),
        _ => {}
    }
    let table = node.table()?;
    let length = |key: &str| match table.get(key) {
        Some(node) => um(&node),
        None => Some(1.0),
    };
    let ratio = |key: &str| match table.get(key) {
        Some(node) => node.positive(Dimension::NONE),
        None => Some(1.0),
    };
    let origin = match table.get("origin") {
        Some(node) => place(&node),
        None => Some([0.0; 3]),
    };
    let shuffled = match table.get("order") {
        Some(node) => node.word(&[("sequential", false), ("random", true)]),
        None => Some(false),
    };
    let structure = match kind {
        "line" => length("dx").zip(origin).map(|(dx, origin)| Structure::Line { dx, origin }),
        "grid2d" => (|| {
            Some(Structure::Grid2D {
                aspect_ratio: ratio("aspect_ratio")?,
                spacing: [length("dx")?, length("dy")?],
                origin: origin?,
                is_shuffled: shuffled?,
            })
        })(),
        _ => (|| {
            Some(Structure::Grid3D {
                aspect_ratio_xy: ratio("aspect_ratio_xy")?,
                aspect_ratio_xz: ratio("aspect_ratio_xz")?,
                spacing: [length("dx")?, length("dy")?, length("dz")?],
                origin: origin?,
                is_shuffled: shuffled?,
            })
        })(),
    };
    table.finish();
    structure
}

/// `space = { axes = "xy", scale = 1, offset = [0, 0, 0], periodic = { x = [0, 100] } }`
pub(super) fn space(node: &Node<'_>) -> Option<Space> {
    let table = node.table()?;
    let mut space = Space::default();
    if let Some(node) = table.get("axes") {
        let text = node.text()?;
        let known = |c: char| "xyz".contains(c);
        if text.is_empty() || !text.chars().all(known) {
            node.wrong(ErrorKind::Name, format!("`{text}` are no axes"), "such as \"xy\" or \"xyz\"");
            return None;
        }
        space.axes = ['x', 'y', 'z'].map(|axis| text.contains(axis));
    }
    if let Some(node) = table.get("scale") {
        space.scale = node.number()?;
    }
    if let Some(node) = table.get("offset") {
        space.offset = place(&node)?;
    }
    if let Some(node) = table.get("periodic") {
        let axes = node.table()?;
        for (axis, key) in ["x", "y", "z"].into_iter().enumerate() {
            let Some(node) = axes.get(key) else { continue };
            let ends = node.list()?;
            let [low, high] = ends.as_slice() else {
                node.wrong(ErrorKind::Value, "not an interval", "[low, high], in µm or with units");
                return None;
            };
            let (low, high) = (um(low)?, um(high)?);
            if low >= high {
                node.wrong(ErrorKind::Value, "an empty interval", "[low, high] with low below high");
                return None;
            }
            space.periodic[axis] = Some((low, high));
        }
        axes.finish();
    }
    table.finish();
    Some(space)
}
