//! Values over space, regions and points, in the language of locations.

use super::node::{Node, example};
use crate::error::{ErrorKind, Result};
use crate::select::{Field, Points, Region};
use crate::units::{Dimension, parse_quantity};

/// The same value everywhere, SI.
pub(super) fn constant(si: f64, dimension: Dimension) -> Field {
    Field::constant(si, dimension)
}

/// A value over space: a quantity, or an expression of the language of locations.
pub(super) fn field(node: &Node<'_>, dimension: Dimension) -> Option<Field> {
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
    Some(field)
}

/// A region.
pub(super) fn region(node: &Node<'_>) -> Option<Region> {
    let text = node.text()?;
    node.accept(parse_region(text))
}

/// A region from its text.
pub(super) fn parse_region(text: &str) -> Result<Region> {
    text.parse()
}

/// Points.
pub(super) fn points(node: &Node<'_>) -> Option<Points> {
    let text = node.text()?;
    node.accept(text.parse())
}
