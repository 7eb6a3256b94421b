//! Dimensions, units and quantities. Every value inside neuropil is in SI units, except lengths of
//! morphologies, which are in µm (`_um`), as every reconstruction file has them.

use std::fmt;

pub mod parse;
mod print;

pub use parse::{parse_quantity, unit, unknown_unit};
pub use print::{neuroml_text, push_shifted, shifted};

use crate::error::{Error, ErrorKind, Result};

/// Powers of the SI base units: mass, length, time, current, temperature, amount, luminosity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Dimension(pub [i8; 7]);

impl Dimension {
    /// A dimension from the exponents of kg, m, s, A, K, mol, cd.
    pub const fn new(m: i8, l: i8, t: i8, i: i8, k: i8, n: i8, j: i8) -> Dimension {
        Dimension([m, l, t, i, k, n, j])
    }
    /// No dimension.
    pub const NONE: Dimension = Dimension::new(0, 0, 0, 0, 0, 0, 0);
    /// Length, m.
    pub const LENGTH: Dimension = Dimension::new(0, 1, 0, 0, 0, 0, 0);
    /// Area, m².
    pub const AREA: Dimension = Dimension::new(0, 2, 0, 0, 0, 0, 0);
    /// Volume, m³.
    pub const VOLUME: Dimension = Dimension::new(0, 3, 0, 0, 0, 0, 0);
    /// Time, s.
    pub const TIME: Dimension = Dimension::new(0, 0, 1, 0, 0, 0, 0);
    /// Rate, 1/s.
    pub const PER_TIME: Dimension = Dimension::new(0, 0, -1, 0, 0, 0, 0);
    /// Voltage, V.
    pub const VOLTAGE: Dimension = Dimension::new(1, 2, -3, -1, 0, 0, 0);
    /// Current, A.
    pub const CURRENT: Dimension = Dimension::new(0, 0, 0, 1, 0, 0, 0);
    /// Current density, A/m².
    pub const CURRENT_DENSITY: Dimension = Dimension::new(0, -2, 0, 1, 0, 0, 0);
    /// Conductance, S.
    pub const CONDUCTANCE: Dimension = Dimension::new(-1, -2, 3, 2, 0, 0, 0);
    /// Conductance density, S/m².
    pub const CONDUCTANCE_DENSITY: Dimension = Dimension::new(-1, -4, 3, 2, 0, 0, 0);
    /// Resistance, ohm.
    pub const RESISTANCE: Dimension = Dimension::new(1, 2, -3, -2, 0, 0, 0);
    /// Axial resistivity, ohm m.
    pub const RESISTIVITY: Dimension = Dimension::new(1, 3, -3, -2, 0, 0, 0);
    /// Capacitance, F.
    pub const CAPACITANCE: Dimension = Dimension::new(-1, -2, 4, 2, 0, 0, 0);
    /// Specific capacitance, F/m².
    pub const SPECIFIC_CAPACITANCE: Dimension = Dimension::new(-1, -4, 4, 2, 0, 0, 0);
    /// Concentration, mol/m³ (= mM).
    pub const CONCENTRATION: Dimension = Dimension::new(0, -3, 0, 0, 0, 1, 0);
    /// Permeability, m/s.
    pub const PERMEABILITY: Dimension = Dimension::new(0, 1, -1, 0, 0, 0, 0);
    /// Temperature, K.
    pub const TEMPERATURE: Dimension = Dimension::new(0, 0, 0, 0, 1, 0, 0);
    /// Charge, C.
    pub const CHARGE: Dimension = Dimension::new(0, 0, 1, 1, 0, 0, 0);
    /// Number per length, 1/m.
    pub const PER_LENGTH: Dimension = Dimension::new(0, -1, 0, 0, 0, 0, 0);

    /// The dimension of a product; `None` if an exponent leaves the range of `i8`.
    pub fn times(self, other: Dimension) -> Option<Dimension> {
        let mut out = self.0;
        for (o, e) in out.iter_mut().zip(other.0) {
            *o = o.checked_add(e)?;
        }
        Some(Dimension(out))
    }

    /// The dimension of a quotient; `None` if an exponent leaves the range of `i8`.
    pub fn over(self, other: Dimension) -> Option<Dimension> {
        self.times(other.power(-1)?)
    }

    /// The dimension of an integer power; `None` if an exponent leaves the range of `i8`.
    pub fn power(self, power: i32) -> Option<Dimension> {
        let mut out = self.0;
        for o in &mut out {
            *o = i8::try_from(i32::from(*o).checked_mul(power)?).ok()?;
        }
        Some(Dimension(out))
    }

    /// Whether this is no dimension at all.
    pub fn is_none(self) -> bool {
        self == Dimension::NONE
    }
}

/// The field's word for a dimension where there is one ("conductance density"), else base units.
impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [
            (Dimension::NONE, "dimensionless"),
            (Dimension::LENGTH, "length"),
            (Dimension::AREA, "area"),
            (Dimension::VOLUME, "volume"),
            (Dimension::TIME, "time"),
            (Dimension::PER_TIME, "rate (per time)"),
            (Dimension::VOLTAGE, "voltage"),
            (Dimension::CURRENT, "current"),
            (Dimension::CURRENT_DENSITY, "current density"),
            (Dimension::CONDUCTANCE, "conductance"),
            (Dimension::CONDUCTANCE_DENSITY, "conductance density"),
            (Dimension::RESISTANCE, "resistance"),
            (Dimension::RESISTIVITY, "resistivity"),
            (Dimension::CAPACITANCE, "capacitance"),
            (Dimension::SPECIFIC_CAPACITANCE, "specific capacitance"),
            (Dimension::CONCENTRATION, "concentration"),
            (Dimension::PERMEABILITY, "permeability"),
            (Dimension::TEMPERATURE, "temperature"),
            (Dimension::CHARGE, "charge"),
            (Dimension::PER_LENGTH, "number per length"),
        ];
        if let Some((_, name)) = named.iter().find(|(d, _)| d == self) {
            return f.write_str(name);
        }
        let mut space = "";
        for (e, symbol) in self.0.iter().zip(["kg", "m", "s", "A", "K", "mol", "cd"]) {
            match e {
                0 => continue,
                1 => write!(f, "{space}{symbol}")?,
                e => write!(f, "{space}{symbol}^{e}")?,
            }
            space = " ";
        }
        Ok(())
    }
}

impl Dimension {
    /// The coherent SI unit of this dimension, such as `S/m2`: a text that [`unit`] reads, with scale 1.
    /// Empty for no dimension.
    pub fn si_unit(self) -> String {
        if let Some((_, symbol, _)) = SYMBOLS.iter().find(|(d, _, _)| *d == self) {
            return (*symbol).to_string();
        }
        let mut out = Vec::new();
        for (e, symbol) in self.0.iter().zip(["kg", "m", "s", "A", "K", "mol", "cd"]) {
            match e {
                0 => {}
                1 => out.push(symbol.to_string()),
                e => out.push(format!("{symbol}^{e}")),
            }
        }
        out.join(" ")
    }

    /// A quantity of this dimension as people write it, such as `1 mS/cm2`, for messages.
    pub fn example(self) -> String {
        match SYMBOLS.iter().find(|(d, _, _)| *d == self) {
            Some((_, _, common)) => format!("1 {common}").trim_end().to_string(),
            None if self.is_none() => "1".to_string(),
            None => format!("1 {}", self.si_unit()),
        }
    }
}

/// Dimension, its SI unit, and the unit most used for it in this field.
const SYMBOLS: &[(Dimension, &str, &str)] = &[
    (Dimension::LENGTH, "m", "um"),
    (Dimension::AREA, "m2", "um2"),
    (Dimension::VOLUME, "m3", "um3"),
    (Dimension::TIME, "s", "ms"),
    (Dimension::PER_TIME, "1/s", "1/ms"),
    (Dimension::VOLTAGE, "V", "mV"),
    (Dimension::CURRENT, "A", "nA"),
    (Dimension::CURRENT_DENSITY, "A/m2", "mA/cm2"),
    (Dimension::CONDUCTANCE, "S", "nS"),
    (Dimension::CONDUCTANCE_DENSITY, "S/m2", "S/cm2"),
    (Dimension::RESISTANCE, "ohm", "Mohm"),
    (Dimension::RESISTIVITY, "ohm m", "ohm cm"),
    (Dimension::CAPACITANCE, "F", "pF"),
    (Dimension::SPECIFIC_CAPACITANCE, "F/m2", "uF/cm2"),
    (Dimension::CONCENTRATION, "mol/m3", "mM"),
    (Dimension::PERMEABILITY, "m/s", "cm/s"),
    (Dimension::TEMPERATURE, "K", "degC"),
    (Dimension::CHARGE, "C", "pC"),
    (Dimension::PER_LENGTH, "1/m", "1/um"),
];

/// A unit: `value_si = value * scale + offset`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// Its dimension.
    pub dimension: Dimension,
    /// SI units in one of it.
    pub scale: f64,
    /// SI value of its zero (degC: 273.15), else 0.
    pub offset: f64,
}

/// A value in SI units with its dimension.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantity {
    /// The value in SI units.
    pub si: f64,
    /// Its dimension.
    pub dimension: Dimension,
}

impl Quantity {
    /// The SI value, if the dimension is `wanted`.
    ///
    /// # Errors
    /// If it is another: the message names both and gives an example.
    pub fn expect(self, wanted: Dimension) -> Result<f64> {
        if self.dimension == wanted {
            return Ok(self.si);
        }
        let named = |d: Dimension| if d.is_none() { "plain number".to_string() } else { d.to_string() };
        Err(Error::new(
            ErrorKind::Dimension,
            format!("expected {}, found {}", article(&named(wanted)), article(&named(self.dimension))),
        )
        .help(format!("{} is written like {}", article(&named(wanted)), wanted.example())))
    }
}

/// "a voltage", "an area".
fn article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u', 'A']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

/// The SI value and unit: `1200 S/m2`. [`parse_quantity`] reads it back.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.si)?;
        if self.dimension.is_none() { Ok(()) } else { write!(f, " {}", self.dimension.si_unit()) }
    }
}
