//! Dimensions, units and constants that documents declare.

use std::collections::{BTreeMap, BTreeSet};

use super::raw::Element;
use super::types::Constant;
use crate::error::{Error, ErrorKind, Result, Warning, nearest};
use crate::expr::Expr;
use crate::expr::dims::dimension_of;
use crate::expr::eval::evaluate;
use crate::units::parse::split_number;
use crate::units::{Dimension, Quantity, Unit, parse_quantity, unit, unknown_unit};

/// Stands for the dimension `*`: a parameter that may be of any.
const ANY: Dimension = Dimension::new(i8::MAX, i8::MAX, i8::MAX, i8::MAX, i8::MAX, i8::MAX, i8::MAX);

/// Dimensions that are known without being declared.
const DIMENSIONS: &[(&str, Dimension)] = &[
    ("none", Dimension::NONE),
    ("*", ANY),
    ("time", Dimension::TIME),
    ("per_time", Dimension::PER_TIME),
    ("voltage", Dimension::VOLTAGE),
    ("per_voltage", Dimension::new(-1, -2, 3, 1, 0, 0, 0)),
    ("conductance", Dimension::CONDUCTANCE),
    ("conductanceDensity", Dimension::CONDUCTANCE_DENSITY),
    ("capacitance", Dimension::CAPACITANCE),
    ("specificCapacitance", Dimension::SPECIFIC_CAPACITANCE),
    ("resistance", Dimension::RESISTANCE),
    ("resistivity", Dimension::RESISTIVITY),
    ("charge", Dimension::CHARGE),
    ("charge_per_mole", Dimension::new(0, 0, 1, 1, 0, -1, 0)),
    ("current", Dimension::CURRENT),
    ("currentDensity", Dimension::CURRENT_DENSITY),
    ("length", Dimension::LENGTH),
    ("area", Dimension::AREA),
    ("volume", Dimension::VOLUME),
    ("concentration", Dimension::CONCENTRATION),
    ("substance", Dimension::new(0, 0, 0, 0, 0, 1, 0)),
    ("permeability", Dimension::PERMEABILITY),
    ("temperature", Dimension::TEMPERATURE),
    ("idealGasConstantDims", Dimension::new(1, 2, -2, 0, -1, -1, 0)),
    ("conductance_per_voltage", Dimension::new(-2, -4, 6, 3, 0, 0, 0)),
    ("rho_factor", Dimension::new(0, -1, -1, -1, 0, 1, 0)),
];

/// What documents may say of quantities.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Vocabulary {
    dimensions: BTreeMap<String, Dimension>,
    units: BTreeMap<String, Unit>,
    /// Units that may be declared anew.
    open_units: BTreeSet<String>,
    constants: BTreeMap<String, Constant>,
}

impl Vocabulary {
    pub(super) fn new() -> Vocabulary {
        let dimensions = DIMENSIONS.iter().map(|(name, d)| ((*name).to_string(), *d)).collect();
        Vocabulary {
            dimensions,
            units: BTreeMap::new(),
            open_units: BTreeSet::new(),
            constants: BTreeMap::new(),
        }
    }

    /// Lets documents that are read from now on declare the units known so far in their own way.
    pub(super) fn open(&mut self) {
        self.open_units = self.units.keys().cloned().collect();
    }

    /// `<Dimension name="voltage" m="1" l="2" t="-3" i="-1"/>`
    pub(super) fn declare_dimension(&mut self, element: &Element) -> Result<()> {
        let name = element.require("name")?;
        let mut powers = [0i8; 7];
        for (power, key) in powers.iter_mut().zip(["m", "l", "t", "i", "k", "n", "j"]) {
            if let Some(text) = element.get(key) {
                *power = text.trim().parse().map_err(|_| {
                    let message = format!("'{key}' is a small whole number, found '{text}'");
                    element.error(ErrorKind::Syntax, message)
                })?;
            }
        }
        let dimension = Dimension(powers);
        match self.dimensions.get(name) {
            None => {
                self.dimensions.insert(name.to_string(), dimension);
            }
            Some(known) if *known == dimension => {}
            // NeuroML 2.3.1 declares resistivity with the square of a mass. Its units and all models
            // mean ohm m, which is what is kept.
            Some(known)
                if *known == Dimension::RESISTIVITY && dimension == Dimension::new(2, 2, -3, -2, 0, 0, 0) => {
            }
            Some(known) => {
                let message =
                    format!("the dimension '{name}' is declared before as {known}, here as {dimension}");
                return Err(element.error(ErrorKind::Name, message));
            }
        }
        Ok(())
    }

    /// `<Unit symbol="mV" dimension="voltage" power="-3"/>`
    pub(super) fn declare_unit(&mut self, element: &Element) -> Result<Option<Warning>> {
        let symbol = element.require("symbol")?;
        let dimension = self.dimension(element, "dimension")?;
        let number = |key: &str, default: f64| match element.get(key) {
            None => Ok(default),
            Some(text) => match text.trim().parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(value),
                _ => Err(element.error(ErrorKind::Syntax, format!("'{key}' is a number, found '{text}'"))),
            },
        };
        let power = number("power", 0.0)?;
        if power.fract() != 0.0 || power.abs() > 300.0 {
            return Err(
                element.error(ErrorKind::Syntax, format!("'power' is a whole number, found '{power}'"))
            );
        }
        let ten: f64 = format!("1e{power}").parse().unwrap_or(1.0);
        let declared = Unit { dimension, scale: ten * number("scale", 1.0)?, offset: number("offset", 0.0)? };
        if !(declared.scale > 0.0 && declared.scale.is_finite()) {
            return Err(element.error(ErrorKind::Value, "a unit's scale is above zero and finite"));
        }
        let alike = |known: Unit| {
            let close = (known.scale / declared.scale - 1.0).abs() < 1e-6 && known.offset == declared.offset;
            known.dimension == declared.dimension && close
        };
        match self.units.get(symbol).copied().or_else(|| unit(symbol)) {
            // The unit known already has all digits of its scale.
            Some(known) if alike(known) => Ok(None),
            Some(known) if known.dimension == dimension => {
                let message = format!("the unit '{symbol}' is known with another scale: {}", known.scale);
                let error = element.error(ErrorKind::Name, message);
                let own = self.units.contains_key(symbol) && !self.open_units.remove(symbol);
                if own {
                    return Err(error);
                }
                self.units.insert(symbol.to_string(), declared);
                Ok(Some(error.as_warning("unit-declared-anew", "here the document's own is taken")))
            }
            _ => {
                self.units.insert(symbol.to_string(), declared);
                Ok(None)
            }
        }
    }

    /// `<Constant name="R" dimension="idealGasConstantDims" value="8.314 J_per_K_per_mol"/>`
    pub(super) fn declare_constant(&mut self, element: &Element) -> Result<()> {
        let constant = self.constant(element)?;
        match self.constants.get(&constant.name) {
            Some(known) if *known != constant => Err(element.error(
                ErrorKind::Name,
                format!("the constant '{}' is declared before with another value", constant.name),
            )),
            _ => {
                self.constants.insert(constant.name.clone(), constant);
                Ok(())
            }
        }
    }

    /// Reads a `<Constant>`, of a document or of a type.
    pub(super) fn constant(&self, element: &Element) -> Result<Constant> {
        // With a symbol, the name is a description.
        let name = element.get("symbol").map_or_else(|| element.require("name"), Ok)?.to_string();
        let dimension = self.dimension(element, "dimension")?;
        // A constant without a unit is in SI units.
        let plain =
            element.get("value").and_then(|text| text.trim().parse::<f64>().ok()).filter(|x| x.is_finite());
        let value = plain.map_or_else(|| self.value(element, "value", dimension), Ok);
        let value = value.or_else(|error| self.of_constants(element).ok_or(error))?;
        Ok(Constant { name, dimension, value })
    }

    /// The value of an expression of numbers and constants that are declared before: `N * k_B`.
    fn of_constants(&self, element: &Element) -> Option<f64> {
        let expr = self.expression(element, "value").ok()?;
        let value = evaluate(&expr, &|name| self.constants.get(name).map(|constant| constant.value)).ok()?;
        value.is_finite().then_some(value)
    }

    /// The constant of the document called `name`.
    pub(super) fn global(&self, name: &str) -> Option<&Constant> {
        self.constants.get(name)
    }

    /// The dimension that the attribute `key` of `element` names; none if it is absent.
    pub(super) fn dimension(&self, element: &Element, key: &str) -> Result<Dimension> {
        let Some(name) = element.get(key) else { return Ok(Dimension::NONE) };
        self.dimensions.get(name).copied().ok_or_else(|| {
            let error = element.error(ErrorKind::Name, format!("unknown dimension '{name}'"));
            match nearest(name, self.dimensions.keys().map(String::as_str)) {
                Some(known) => error.help(format!("did you mean '{known}'?")),
                None => error.help("declare it with <Dimension>"),
            }
        })
    }

    /// The SI value of the attribute `key` of `element`, which has to be of `dimension`.
    pub(super) fn value(&self, element: &Element, key: &str, dimension: Dimension) -> Result<f64> {
        let text = element.require(key)?;
        self.value_of(text, dimension)
            .map_err(|error| element.locate(error.about(format_args!("{key}=\"{text}\""))))
    }

    /// The SI value of `text`, which has to be of `dimension`.
    pub(super) fn value_of(&self, text: &str, dimension: Dimension) -> Result<f64> {
        // Most numbers of a large document are plain.
        if dimension == Dimension::NONE
            && let Ok(value) = text.parse::<f64>()
            && value.is_finite()
        {
            return Ok(value);
        }
        let number = |error: Error| match dimension {
            Dimension::NONE if error.kind() != ErrorKind::Value => {
                Error::new(error.kind(), "expected a number")
            }
            _ => error,
        };
        self.quantity(text)
            .map_err(number)
            .and_then(|quantity| if dimension == ANY { Ok(quantity.si) } else { quantity.expect(dimension) })
    }

    /// Reads a quantity with declared and built-in units.
    pub(super) fn quantity(&self, text: &str) -> Result<Quantity> {
        let text = text.trim();
        let split = split_number(text);
        let declared = split.and_then(|(number, symbol)| {
            let unit = self.units.get(symbol.trim())?;
            Some(Quantity {
                si: number.parse::<f64>().ok()? * unit.scale + unit.offset,
                dimension: unit.dimension,
            })
        });
        match declared {
            Some(quantity) if quantity.si.is_finite() => Ok(quantity),
            Some(_) => Err(Error::new(ErrorKind::Value, format!("'{text}' is beyond the range of numbers"))),
            None => parse_quantity(text).map_err(|error| {
                let symbol = split_number(text).map(|(_, symbol)| symbol.trim()).unwrap_or_default();
                let near = nearest(symbol, self.units.keys().map(String::as_str));
                match near {
                    Some(known) if error.kind() == ErrorKind::Dimension => {
                        unknown_unit(symbol).help(format!("did you mean '{known}'?"))
                    }
                    _ => error,
                }
            }),
        }
    }

    /// Checks `<Assertion dimension="voltage" matches="current * resistance"/>`: a warning if it does not hold.
    pub(super) fn asserted(&self, element: &Element) -> Result<Option<Warning>> {
        element.require("dimension")?;
        let dimension = self.dimension(element, "dimension")?;
        let expr = self.expression(element, "matches")?;
        let found = dimension_of(&expr, &|name| self.dimensions.get(name).copied(), None)
            .map_err(|error| element.locate(error.about("matches")))?;
        let text = element.get("matches").unwrap_or_default();
        let message = || format!("the assertion does not hold: '{text}' is [{found}], not [{dimension}]");
        Ok((found != dimension).then(|| Warning::new("assertion", message(), element.origin.place())))
    }

    /// Reads an expression of an attribute.
    pub(super) fn expression(&self, element: &Element, key: &str) -> Result<Expr> {
        let text = element.require(key)?;
        crate::expr::parse(text).map_err(|error| element.locate(error.about(key)))
    }
}
