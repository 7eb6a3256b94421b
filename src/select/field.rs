//! Values over space: a quantity everywhere, or one that differs from place to place.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use nom::Parser;

use super::Region;
use super::lex::{Fault, Read, argument_text, must, symbol, word};
use super::parse::{region, whole};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::parse::parse_with_dimensions;
use crate::expr::{Expr, dims, eval};
use crate::units::{Dimension, Quantity, parse_quantity, unit};

/// The name of the variable in formulas.
const VARIABLE: &str = "d";

/// Most layers in one field.
const MAX_LAYERS: usize = 10_000;

/// A value over space: layers, of which a later one covers those before it where they overlap.
///
/// As text: a quantity (`0.12 S/cm2`), `uniform(soma, 0.12 S/cm2)`,
/// `by_distance(dendrites, 0.05 S/cm2 * exp(-d / 200 um))`, `by_diameter(dendrites, …)`, several of
/// these with `;` between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    layers: Vec<Layer>,
}

/// A value on a region.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Where it holds.
    pub region: Region,
    /// What it is.
    pub value: Value,
}

/// A value, the same everywhere or by a formula.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// One quantity.
    Constant(Constant),
    /// A formula of `d`, the path distance from the middle of the soma (as
    /// [`PathDistance`](super::Measure::PathDistance)).
    ByDistance(Formula),
    /// A formula of `d`, the distance along the cable from the start of the root section (as
    /// [`RootDistance`](super::Measure::RootDistance)).
    ByRootDistance(Formula),
    /// A formula of `d`, the diameter.
    ByDiameter(Formula),
}

/// A quantity and the text it was written as.
#[derive(Debug, Clone, PartialEq)]
pub struct Constant {
    quantity: Quantity,
    text: String,
}

/// An expression of the length `d` and the text it was written as.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    expr: Expr,
    dimension: Dimension,
    text: String,
}

impl Constant {
    /// Its value in SI units.
    pub fn si(&self) -> f64 {
        self.quantity.si
    }
}

impl Formula {
    /// Its value, SI, for `d` of `um` µm.
    ///
    /// # Errors
    /// If it comes out as something other than a finite number.
    pub fn at(&self, um: f64) -> Result<f64> {
        let x = eval::evaluate(&self.expr, &|name| (name == VARIABLE).then_some(um * 1e-6))?;
        if x.is_finite() {
            Ok(x)
        } else {
            Err(Error::new(ErrorKind::Value, format!("`{}` is {x} for d = {um} um", self.text)))
        }
    }
}

impl Value {
    /// A quantity in SI units.
    pub fn constant(quantity: Quantity) -> Value {
        let symbol = si_symbol(quantity.dimension);
        let space = if symbol.is_empty() { "" } else { " " };
        Value::Constant(Constant { quantity, text: format!("{}{space}{symbol}", quantity.si) })
    }

    /// The value that `text` says, a formula of the distance `d` from the start of the root section.
    ///
    /// # Errors
    /// If it is no expression of `d`, or its dimensions do not fit together.
    pub fn by_root_distance(text: &str) -> Result<Value> {
        Ok(match value(text)? {
            Value::ByDistance(formula) => Value::ByRootDistance(formula),
            value => value,
        })
    }

    /// Its dimension.
    pub fn dimension(&self) -> Dimension {
        match self {
            Value::Constant(constant) => constant.quantity.dimension,
            Value::ByDistance(formula) | Value::ByRootDistance(formula) | Value::ByDiameter(formula) => {
                formula.dimension
            }
        }
    }

    /// The text it was written as.
    pub fn text(&self) -> &str {
        match self {
            Value::Constant(constant) => &constant.text,
            Value::ByDistance(formula) | Value::ByRootDistance(formula) | Value::ByDiameter(formula) => {
                &formula.text
            }
        }
    }

    /// The quantity in SI units, if it is the same everywhere.
    pub fn as_constant(&self) -> Option<f64> {
        match self {
            Value::Constant(constant) => Some(constant.quantity.si),
            _ => None,
        }
    }

    /// A bare 0 is a value of any dimension.
    fn fits(&self, dimension: Dimension) -> bool {
        self.dimension() == dimension || (self.dimension().is_none() && self.as_constant() == Some(0.0))
    }
}

impl Field {
    /// The same `si` (in SI units) everywhere.
    pub fn constant(si: f64, dimension: Dimension) -> Field {
        Field::uniform(Region::All, si, dimension)
    }

    /// `si` (in SI units) on `region`, nothing elsewhere.
    pub fn uniform(region: Region, si: f64, dimension: Dimension) -> Field {
        Field::layer(region, Value::constant(Quantity { si, dimension }))
    }

    /// `value` on `region`, nothing elsewhere.
    pub fn layer(region: Region, value: Value) -> Field {
        Field { layers: vec![Layer { region, value }] }
    }

    /// `fields` one over the other: where two overlap the later one holds.
    ///
    /// # Errors
    /// If there are none, or their dimensions differ.
    pub fn overlay(fields: Vec<Field>) -> Result<Field> {
        let layers: Vec<Layer> = fields.into_iter().flat_map(|field| field.layers).collect();
        let field = Field { layers };
        if field.layers.is_empty() {
            return Err(Error::new(ErrorKind::Value, "a value over space needs at least one layer"));
        }
        let dimension = field.dimension();
        match field.layers.iter().find(|layer| !layer.value.fits(dimension)) {
            Some(odd) => Err(Error::new(
                ErrorKind::Dimension,
                format!(
                    "`{}` is a {}, the layers before it are a {dimension}",
                    odd.value.text(),
                    odd.value.dimension()
                ),
            )),
            None => Ok(field),
        }
    }

    /// The layers, from the lowest up. Never empty.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The dimension of the values.
    pub fn dimension(&self) -> Dimension {
        let known = self.layers.iter().map(|layer| layer.value.dimension()).find(|d| !d.is_none());
        known.unwrap_or(Dimension::NONE)
    }

    /// Checks that the values are of dimension `wanted`; a bare 0 is of any.
    ///
    /// # Errors
    /// If they are not, with both dimensions and the text.
    pub fn expect(&self, wanted: Dimension) -> Result<()> {
        match self.layers.iter().find(|layer| !layer.value.fits(wanted)) {
            None => Ok(()),
            Some(odd) => Err(Error::new(
                ErrorKind::Dimension,
                format!(
                    "expected {wanted}, found `{}`, which is {}",
                    odd.value.text(),
                    odd.value.dimension()
                ),
            )),
        }
    }

    /// The one value in SI units, if it is the same on the whole of any cell.
    pub fn as_constant(&self) -> Option<f64> {
        match self.layers.last()? {
            Layer { region: Region::All, value } => value.as_constant(),
            _ => None,
        }
    }
}

/// The SI unit of `dimension`, in a form that [`unit`] reads.
fn si_symbol(dimension: Dimension) -> String {
    let named = [
        (Dimension::VOLTAGE, "V"),
        (Dimension::CURRENT, "A"),
        (Dimension::CURRENT_DENSITY, "A/m2"),
        (Dimension::CONDUCTANCE, "S"),
        (Dimension::CONDUCTANCE_DENSITY, "S/m2"),
        (Dimension::RESISTANCE, "ohm"),
        (Dimension::RESISTIVITY, "ohm m"),
        (Dimension::CAPACITANCE, "F"),
        (Dimension::SPECIFIC_CAPACITANCE, "F/m2"),
        (Dimension::CHARGE, "C"),
        (Dimension::PER_LENGTH, "1/m"),
        (Dimension::PER_TIME, "1/s"),
    ];
    if let Some((_, symbol)) = named.iter().find(|(d, _)| *d == dimension) {
        return (*symbol).to_string();
    }
    let base = ["kg", "m", "s", "A", "K", "mol", "cd"];
    let factors = dimension.0.iter().zip(base).filter(|(power, _)| **power != 0);
    let factors: Vec<String> = factors
        .map(|(power, symbol)| if *power == 1 { symbol.to_string() } else { format!("{symbol}^{power}") })
        .collect();
    factors.join(" ")
}

impl From<Quantity> for Field {
    fn from(quantity: Quantity) -> Field {
        Field::layer(Region::All, Value::constant(quantity))
    }
}

impl Display for Field {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (i, Layer { region, value }) in self.layers.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            match value {
                Value::Constant(constant) if *region == Region::All => f.write_str(&constant.text)?,
                Value::Constant(constant) => write!(f, "uniform({region}, {})", constant.text)?,
                Value::ByDistance(formula) => write!(f, "by_distance({region}, {})", formula.text)?,
                Value::ByRootDistance(formula) => {
                    write!(f, "by_root_distance({region}, {})", formula.text)?;
                }
                Value::ByDiameter(formula) => write!(f, "by_diameter({region}, {})", formula.text)?,
            }
        }
        Ok(())
    }
}

impl FromStr for Field {
    type Err = Error;

    fn from_str(text: &str) -> Result<Field> {
        whole(text, |text| read_field(text, 0))
    }
}

/// Reads layers with `;` between them.
pub(super) fn read_field(text: &str, depth: u32) -> Read<'_, Field> {
    let (mut rest, first) = layer(text, depth)?;
    let mut fields = vec![first];
    while let Ok((after, _)) = symbol(";").parse(rest) {
        if fields.len() >= MAX_LAYERS {
            return Fault::new(after, format!("more than {MAX_LAYERS} layers")).kind(ErrorKind::Limit).stop();
        }
        let (after, next) = layer(after, depth)?;
        fields.push(next);
        rest = after;
    }
    match Field::overlay(fields) {
        Ok(field) => Ok((rest, field)),
        Err(error) => Fault::new(text, error.message()).kind(error.kind()).stop(),
    }
}

fn layer(text: &str, depth: u32) -> Read<'_, Field> {
    let called = word(text).ok().and_then(|(rest, word)| {
        let (inner, _) = symbol("(").parse(rest).ok()?;
        matches!(word, "uniform" | "by_distance" | "by_root_distance" | "by_diameter")
            .then_some((word, inner))
    });
    let Some((word, inner)) = called else {
        let (rest, value) = read_value(text)?;
        return Ok((rest, Field::layer(Region::All, value)));
    };
    let (rest, region) = region(inner, depth + 1)?;
    let (at, ()) = must(rest, ",")?;
    let (rest, value) = read_value(at)?;
    let (rest, ()) = must(rest, ")")?;
    let value = match (word, value) {
        ("uniform", Value::ByDistance(_)) => {
            return Fault::new(at, "a uniform value does not depend on `d`")
                .help("write `by_distance` or `by_diameter` instead of `uniform`")
                .stop();
        }
        ("by_root_distance", Value::ByDistance(formula)) => Value::ByRootDistance(formula),
        ("by_diameter", Value::ByDistance(formula)) => Value::ByDiameter(formula),
        (_, value) => value,
    };
    Ok((rest, Field::layer(region, value)))
}

/// Reads a quantity, or an expression; one of `d` is taken as by distance.
pub(super) fn read_value(text: &str) -> Read<'_, Value> {
    let (rest, argument) = argument_text(text)?;
    let start = argument.trim_start();
    match value(start.trim_end()) {
        Ok(value) => Ok((rest, value)),
        Err(error) => {
            let fault = Fault::new(&text[text.len() - start.len() - rest.len()..], error.message());
            fault.kind(error.kind()).stop()
        }
    }
}

/// The text with `0.05 /um` written as `0.05 per_um`: expressions take a `/` behind a number as a
/// division, and here it would be one by an unknown name.
fn spell_per(text: &str) -> String {
    let word_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let mut spelt = String::with_capacity(text.len() + 8);
    for (i, c) in text.char_indices() {
        let follows_number = || {
            let before = spelt.trim_end();
            let last = &before[before.trim_end_matches(word_part).len()..];
            last.starts_with(|c: char| c.is_ascii_digit() || c == '.') && last.parse::<f64>().is_ok()
        };
        let unit_follows =
            || unit(text[i + 1..].split(|c| !word_part(c)).next().unwrap_or_default()).is_some();
        if c == '/' && follows_number() && unit_follows() {
            spelt.push_str(" per_");
        } else {
            spelt.push(c);
        }
    }
    spelt
}

fn value(text: &str) -> Result<Value> {
    let bare = match parse_quantity(text) {
        Ok(quantity) => return Ok(Value::Constant(Constant { quantity, text: text.to_string() })),
        Err(error) => error,
    };
    let parsed = match parse_with_dimensions(&spell_per(text), &unit) {
        Ok(parsed) => parsed,
        // `3 apples` is meant as a quantity, `3 mV * ` as a formula.
        Err(error) if text.contains(['*', '+', '(', 'd']) => return Err(error),
        Err(_) => return Err(bare),
    };
    let mut names = Vec::new();
    parsed.expr.visit_names(&mut |name| names.push(name.to_string()));
    if let Some(unknown) = names.iter().find(|name| *name != VARIABLE) {
        return Err(Error::new(
            ErrorKind::Name,
            format!("`{unknown}` is not known in `{text}`; the variable is `{VARIABLE}`, a length"),
        ));
    }
    let length = |name: &str| (name == VARIABLE).then_some(Dimension::LENGTH);
    let dimension = dims::dimension_of(&parsed.expr, &length, Some(&parsed.literals))?;
    let text = text.to_string();
    // Evaluated once here, so that what can have no value at all is found before a run.
    let si = eval::evaluate(&parsed.expr, &|_| Some(1e-4))?;
    Ok(if names.is_empty() {
        if !si.is_finite() {
            return Err(Error::new(ErrorKind::Value, format!("`{text}` is {si}")));
        }
        Value::Constant(Constant { quantity: Quantity { si, dimension }, text })
    } else {
        Value::ByDistance(Formula { expr: parsed.expr, dimension, text })
    })
}
