//! Values over space, regions and points, in the language of locations.

use std::str::FromStr;
use std::sync::Arc;

use super::node::{Node, example};
use crate::error::{Error, ErrorKind};
use crate::morph::{Geometry, Morphology};
use crate::select::{Cable, Draw, Field, Points, Region};
use crate::units::{Dimension, parse_quantity};

/// The shape that places are looked up on as soon as they are read, so that a place which is not
/// there is reported where it is written.
#[derive(Debug)]
pub(super) struct Body {
    morphology: Arc<Morphology>,
    geometry: Geometry,
}

impl Body {
    pub(super) fn new(morphology: &Arc<Morphology>) -> Body {
        Body { morphology: Arc::clone(morphology), geometry: Geometry::of(morphology) }
    }

    /// For evaluating selections.
    pub(super) fn cable(&self) -> Cable<'_> {
        Cable::new(&self.morphology, &self.geometry)
    }
}

/// The same value everywhere, SI.
pub(super) fn constant(si: f64, dimension: Dimension) -> Field {
    Field::constant(si, dimension)
}

/// A value over space: a quantity, or an expression of the language of locations.
pub(super) fn field(node: &Node<'_>, dimension: Dimension, body: Option<&Body>) -> Option<Field> {
    if node.is_number() {
        if dimension.is_none() {
            return node.number().map(|x| constant(x, dimension));
        }
        node.wrong(
            ErrorKind::Dimension,
            format!("expected a {dimension} with its unit, found a number without one"),
            format!("write it as a string, such as \"{}\"", example(dimension)),
        );
        return None;
    }
    let text = node.text()?;
    if parse_quantity(text).is_ok() {
        let si = node.quantity_in(text, dimension)?;
        // Read again, so that the value is printed as it was written.
        return Some(text.parse().unwrap_or_else(|_| constant(si, dimension)));
    }
    let field: Field = node.accept(text.parse())?;
    if let Err(error) = field.expect(dimension) {
        node.report(error.help(format!("values are written such as \"{}\"", example(dimension))));
        return None;
    }
    if let Some(body) = body {
        node.accept(field.on(&body.cable()).map(drop))?;
    }
    Some(field)
}

/// A region; several in a list are all of them.
pub(super) fn region(node: &Node<'_>, body: Option<&Body>) -> Option<Region> {
    region_of(node, &all_of::<Region>(node)?, body)
}

/// The text of a selection; of several in a list, each of which can be read, that of their union.
fn all_of<S: FromStr<Err = Error>>(node: &Node<'_>) -> Option<String> {
    if !node.is_list() {
        return node.text().map(str::to_string);
    }
    let items = node.list()?;
    if items.is_empty() {
        node.wrong(ErrorKind::Value, "an empty list", "name a place, or several: [\"soma\", \"dend(0.5)\"]");
        return None;
    }
    let part = |item: &Node<'_>| {
        let text = item.text()?;
        item.accept(text.parse::<S>())?;
        Some(format!("({text})"))
    };
    Some(items.iter().map(part).collect::<Option<Vec<String>>>()?.join(" | "))
}

/// A region from `text`, a part of what stands at `node`.
pub(super) fn region_of(node: &Node<'_>, text: &str, body: Option<&Body>) -> Option<Region> {
    let region: Region = node.accept(text.parse())?;
    if let Some(body) = body {
        node.accept(region.evaluate(&body.cable()).map(drop))?;
    }
    Some(region)
}

/// Points; several in a list are all of them.
pub(super) fn points(node: &Node<'_>, body: Option<&Body>) -> Option<Points> {
    let points: Points = node.accept(all_of::<Points>(node)?.parse())?;
    if let Some(body) = body {
        // Whether there are any does not depend on chance, or hardly so: which ones does.
        node.accept(points.evaluate(&body.cable(), &Draw::default()).map(drop))?;
    }
    Some(points)
}

/// Reports a place where a point neuron can have none.
pub(super) fn no_places(node: &Node<'_>, key: &str) {
    node.wrong(ErrorKind::Value, "a point neuron has no places", format!("leave {key} out"));
}

/// What values of a dimension usually are in a neuron, SI.
const USUAL: [(Dimension, f64, f64); 4] = [
    (Dimension::VOLTAGE, -0.25, 0.25),
    (Dimension::TEMPERATURE, 263.0, 323.0),
    (Dimension::SPECIFIC_CAPACITANCE, 1e-3, 0.1),
    (Dimension::RESISTIVITY, 0.05, 50.0),
];

/// Warns of a value that looks like a slip of the unit.
pub(super) fn doubt(node: &Node<'_>, si: f64, dimension: Dimension) {
    if let Some((_, low, high)) = USUAL.iter().find(|(d, ..)| *d == dimension)
        && !(*low..=*high).contains(&si)
    {
        let message = format!("{} is an unusual {dimension} for a neuron: check its unit", node.path);
        node.source.warn("unusual-value", message, node.place());
    }
}
