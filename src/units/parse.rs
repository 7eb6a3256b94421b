//! Reading units and quantities.
//!
//! One grammar for the symbols of NeuroML and LEMS (`mS_per_cm2`, `kohm_cm`, `per_ms`) and for what
//! people write (`mS/cm2`, `uF/cm^2`, `µF/cm²`, `kOhm cm`, `1/ms`, `S cm-2`):
//!
//! ```text
//! unit   = ["1"] ("/" | "per_") factor rest* | factor rest*
//! rest   = ("*" | "·" | "_" | " ") factor | ("/" | "_per_" | " per ") factor
//! factor = [prefix] symbol [power] | "(" factor rest* ")" [power]
//! power  = ["^"] ["-"] digits | superscript digits
//! ```
//!
//! `/` divides by the one factor after it, as in arithmetic; `_per_` by all that follow joined with
//! `_`. A space or `·` after a `/` is refused as ambiguous: `J/(K mol)` is clear, `J/K mol` is not.
//! Prefixes stand only before symbols that are used with them: `kohm`, not `khour`.

use std::cell::RefCell;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{char, digit1, one_of, space0, space1};
use nom::combinator::{map_res, opt, recognize, value, verify};
use nom::multi::many1_count;
use nom::sequence::{delimited, pair, preceded};
use nom::{IResult, Parser};

use super::{Dimension, Quantity, Unit};
use crate::error::{Error, ErrorKind, Result, nearest};

/// Deepest nesting of parentheses within a unit.
const MAX_DEPTH: u32 = 8;
/// Most units that are kept in mind.
const MAX_KNOWN: usize = 32;

/// A unit being put together: `10^power * factor` of the SI unit. The power of ten is kept apart so
/// that `0.1 nA` can be rounded once, from its decimal digits.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Parts {
    dimension: Dimension,
    power: i32,
    factor: f64,
    offset: f64,
}

impl Parts {
    const ONE: Parts = Parts { dimension: Dimension::NONE, power: 0, factor: 1.0, offset: 0.0 };

    fn times(self, other: Parts) -> Option<Parts> {
        Some(Parts {
            dimension: self.dimension.times(other.dimension)?,
            power: self.power.checked_add(other.power)?,
            factor: self.factor * other.factor,
            offset: 0.0,
        })
    }

    fn power(self, exponent: i32) -> Option<Parts> {
        Some(Parts {
            dimension: self.dimension.power(exponent)?,
            power: self.power.checked_mul(exponent)?,
            factor: self.factor.powi(exponent),
            offset: if exponent == 1 { self.offset } else { 0.0 },
        })
    }

    fn unit(self) -> Option<Unit> {
        let scale = decimal("1", self.power)? * self.factor;
        (scale.is_finite() && scale > 0.0).then_some(Unit {
            dimension: self.dimension,
            scale,
            offset: self.offset,
        })
    }
}

/// `digits` with its decimal point moved by `shift`, rounded once.
fn decimal(digits: &str, shift: i32) -> Option<f64> {
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (digits, 0),
    };
    format!("{mantissa}e{}", exponent.checked_add(shift)?).parse().ok()
}

/// Which prefixes go with a symbol.
#[derive(Clone, Copy)]
enum Prefixes {
    /// None.
    No,
    /// f p n u m (amounts, time, molar).
    Small,
    /// All from a to T.
    All,
}

/// Symbol, dimension, power of ten, other factor, prefixes.
const SYMBOLS: &[(&str, Dimension, i32, f64, Prefixes)] = &[
    ("m", Dimension::LENGTH, 0, 1.0, Prefixes::All),
    ("g", Dimension::new(1, 0, 0, 0, 0, 0, 0), -3, 1.0, Prefixes::All),
    ("s", Dimension::TIME, 0, 1.0, Prefixes::Small),
    ("sec", Dimension::TIME, 0, 1.0, Prefixes::Small),
    ("min", Dimension::TIME, 0, 60.0, Prefixes::No),
    ("hour", Dimension::TIME, 0, 3600.0, Prefixes::No),
    ("h", Dimension::TIME, 0, 3600.0, Prefixes::No),
    ("A", Dimension::CURRENT, 0, 1.0, Prefixes::All),
    ("V", Dimension::VOLTAGE, 0, 1.0, Prefixes::All),
    ("S", Dimension::CONDUCTANCE, 0, 1.0, Prefixes::All),
    ("ohm", Dimension::RESISTANCE, 0, 1.0, Prefixes::All),
    ("Ohm", Dimension::RESISTANCE, 0, 1.0, Prefixes::All),
    ("Ω", Dimension::RESISTANCE, 0, 1.0, Prefixes::All),
    ("Ω", Dimension::RESISTANCE, 0, 1.0, Prefixes::All),
    ("F", Dimension::CAPACITANCE, 0, 1.0, Prefixes::All),
    ("C", Dimension::CHARGE, 0, 1.0, Prefixes::All),
    ("e", Dimension::CHARGE, 0, 1.602_176_634e-19, Prefixes::No),
    ("K", Dimension::TEMPERATURE, 0, 1.0, Prefixes::Small),
    ("mol", Dimension::new(0, 0, 0, 0, 0, 1, 0), 0, 1.0, Prefixes::All),
    ("M", Dimension::CONCENTRATION, 3, 1.0, Prefixes::Small),
    ("l", Dimension::VOLUME, -3, 1.0, Prefixes::Small),
    ("L", Dimension::VOLUME, -3, 1.0, Prefixes::Small),
    ("litre", Dimension::VOLUME, -3, 1.0, Prefixes::No),
    ("Hz", Dimension::PER_TIME, 0, 1.0, Prefixes::All),
    ("N", Dimension::new(1, 1, -2, 0, 0, 0, 0), 0, 1.0, Prefixes::All),
    ("J", Dimension::new(1, 2, -2, 0, 0, 0, 0), 0, 1.0, Prefixes::All),
    ("W", Dimension::new(1, 2, -3, 0, 0, 0, 0), 0, 1.0, Prefixes::All),
    ("Pa", Dimension::new(1, -1, -2, 0, 0, 0, 0), 0, 1.0, Prefixes::All),
    ("cd", Dimension::new(0, 0, 0, 0, 0, 0, 1), 0, 1.0, Prefixes::No),
];

/// Prefix, power of ten, whether it belongs to [`Prefixes::Small`].
const PREFIXES: &[(char, i32, bool)] = &[
    ('a', -18, true),
    ('f', -15, true),
    ('p', -12, true),
    ('n', -9, true),
    ('u', -6, true),
    ('µ', -6, true),
    ('μ', -6, true),
    ('m', -3, true),
    ('c', -2, false),
    ('d', -1, false),
    ('k', 3, false),
    ('K', 3, false),
    ('M', 6, false),
    ('G', 9, false),
    ('T', 12, false),
];

/// Symbols to suggest from, in errors.
const COMMON: &[&str] = &[
    "s",
    "ms",
    "us",
    "min",
    "hour",
    "per_s",
    "per_ms",
    "Hz",
    "kHz",
    "m",
    "cm",
    "mm",
    "um",
    "um2",
    "cm2",
    "um3",
    "V",
    "mV",
    "per_mV",
    "A",
    "uA",
    "nA",
    "pA",
    "S",
    "mS",
    "uS",
    "nS",
    "pS",
    "F",
    "uF",
    "nF",
    "pF",
    "ohm",
    "kohm",
    "Mohm",
    "ohm cm",
    "ohm_cm",
    "kohm_cm",
    "ohm_m",
    "S/cm2",
    "mS/cm2",
    "S_per_m2",
    "S_per_cm2",
    "mS_per_cm2",
    "uF/cm2",
    "uF_per_cm2",
    "F_per_m2",
    "A/m2",
    "uA/cm2",
    "mA/cm2",
    "uA_per_cm2",
    "mA_per_cm2",
    "M",
    "mM",
    "uM",
    "mol",
    "mol_per_m3",
    "mol_per_cm3",
    "cm/s",
    "cm_per_s",
    "m_per_s",
    "K",
    "degC",
    "C",
    "J_per_K_per_mol",
];

/// One symbol with or without a prefix: `mS`, `um`, `degC`.
fn symbol(name: &str) -> Option<Parts> {
    if name == "degC" || name == "°C" {
        return Some(Parts { dimension: Dimension::TEMPERATURE, offset: 273.15, ..Parts::ONE });
    }
    let parts = |&(_, dimension, power, factor, _): &(&str, Dimension, i32, f64, Prefixes)| Parts {
        dimension,
        power,
        factor,
        offset: 0.0,
    };
    if let Some(entry) = SYMBOLS.iter().find(|entry| entry.0 == name) {
        return Some(parts(entry));
    }
    let first = name.chars().next()?;
    let rest = &name[first.len_utf8()..];
    let (_, power, small) = PREFIXES.iter().find(|p| p.0 == first)?;
    let entry = SYMBOLS.iter().find(|entry| entry.0 == rest)?;
    let allowed = match entry.4 {
        Prefixes::No => false,
        Prefixes::Small => *small,
        // Capital K is kilo by custom before ohm only (`KOhm`).
        Prefixes::All => first != 'K' || matches!(rest, "ohm" | "Ohm" | "Ω"),
    };
    let mut found = parts(entry);
    found.power += power;
    allowed.then_some(found)
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '°' | 'µ' | 'Ω')
}

fn superscript(c: char) -> Option<char> {
    let at = "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().position(|s| s == c)?;
    char::from_digit(at as u32, 10)
}

fn exponent(input: &str) -> IResult<&str, i32> {
    let plain = preceded(opt(char('^')), map_res(recognize(pair(opt(char('-')), digit1)), str::parse::<i32>));
    let raised = map_res(
        pair(opt(char('⁻')), take_while1(|c| superscript(c).is_some())),
        |(minus, digits): (Option<char>, &str)| {
            let digits: String = digits.chars().filter_map(superscript).collect();
            digits.parse::<i32>().map(|x| if minus.is_some() { -x } else { x })
        },
    );
    alt((plain, raised)).parse(input)
}

fn failure<T>(input: &str) -> IResult<&str, T> {
    Err(nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::Verify)))
}

fn factor(input: &str, depth: u32) -> IResult<&str, Parts> {
    if depth > MAX_DEPTH {
        return failure(input);
    }
    let group = delimited(pair(char('('), space0), |i| product(i, depth + 1), pair(space0, char(')')));
    let atom =
        map_res(verify(take_while1(is_letter), |name: &str| name != "per"), |name| symbol(name).ok_or(()));
    let (rest, (base, power)) = pair(alt((group, atom)), opt(exponent)).parse(input)?;
    match base.power(power.unwrap_or(1)) {
        Some(parts) => Ok((rest, parts)),
        None => failure(input),
    }
}

/// How two factors are joined.
#[derive(Clone, Copy, PartialEq)]
enum Join {
    Times,
    Beside,
    Underscore,
    Over,
    Per,
}

fn join(input: &str) -> IResult<&str, Join> {
    let gap = |input| recognize(many1_count(one_of(" \t_"))).parse(input);
    alt((
        value(Join::Per, (gap, tag("per"), gap)),
        value(Join::Underscore, char('_')),
        value(Join::Over, delimited(space0, char('/'), space0)),
        value(Join::Times, delimited(space0, char('*'), space0)),
        value(Join::Beside, delimited(space0, one_of("·⋅"), space0)),
        value(Join::Beside, space1),
    ))
    .parse(input)
}

fn product(input: &str, depth: u32) -> IResult<&str, Parts> {
    let inverse = alt((
        value(Join::Over, (opt(char('1')), space0, char('/'), space0)),
        value(Join::Per, (opt((char('1'), space1)), tag("per"), one_of(" _"))),
    ));
    let (mut rest, inverse) = opt(inverse).parse(input)?;
    let mut last = inverse.unwrap_or(Join::Times);
    let mut all = Parts::ONE;
    loop {
        let (after, next) = factor(rest, depth)?;
        let below = matches!(last, Join::Over | Join::Per);
        let alone = all == Parts::ONE && !below;
        let signed = if below { next.power(-1) } else { Some(next) };
        let Some(product) = (if alone { signed } else { signed.and_then(|s| all.times(s)) }) else {
            return failure(rest);
        };
        all = product;
        rest = after;
        let Ok((after, joined)) = join(rest) else { return Ok((rest, all)) };
        last = match (last, joined) {
            (Join::Over, Join::Beside | Join::Underscore) => return failure(rest),
            // `_per_` holds for all that is joined by `_` after it.
            (Join::Per, Join::Underscore | Join::Beside) => Join::Per,
            (_, joined) => joined,
        };
        rest = after;
    }
}

fn whole(symbol: &str) -> Option<Parts> {
    thread_local! {
        /// Units read before: a document has few, and each a thousand times.
        static KNOWN: RefCell<Vec<(String, Parts)>> = const { RefCell::new(Vec::new()) };
    }
    let symbol = symbol.trim();
    KNOWN.with_borrow_mut(|known| {
        if let Some((_, parts)) = known.iter().find(|(text, _)| text == symbol) {
            return Some(*parts);
        }
        match product(symbol, 0) {
            Ok(("", parts)) => {
                if known.len() < MAX_KNOWN {
                    known.push((symbol.to_string(), parts));
                }
                Some(parts)
            }
            _ => None,
        }
    })
}

/// The unit called `symbol`: NeuroML's (`mS_per_cm2`, `per_ms`, `degC`) or as people write it
/// (`S/cm2`, `uF/cm^2`, `Ohm cm`, `1/ms`).
///
/// ```
/// use neuropil::units::{Dimension, unit};
/// let found = unit("mS/cm2").unwrap();
/// assert_eq!(found.dimension, Dimension::CONDUCTANCE_DENSITY);
/// assert_eq!(found.scale, 10.0);
/// assert_eq!(unit("mS_per_cm2"), Some(found));
/// assert_eq!(unit("apples"), None);
/// ```
pub fn unit(symbol: &str) -> Option<Unit> {
    whole(symbol)?.unit()
}

/// An error for a symbol that [`unit`] does not know, with the nearest one that it does.
pub fn unknown_unit(symbol: &str) -> Error {
    let error = Error::new(ErrorKind::Dimension, format!("unknown unit '{symbol}'"));
    match nearest(symbol, COMMON.iter().copied()) {
        Some(name) => error.help(format!("did you mean '{name}'?")),
        None => error.help("units are written like mV, nA, S/cm2, uF/cm2, ohm cm, 1/ms, degC"),
    }
}

/// Splits a text into its leading decimal number and the rest, which may be empty.
pub(crate) fn split_number(text: &str) -> Option<(&str, &str)> {
    let digits = |at: usize| text[at..].bytes().take_while(u8::is_ascii_digit).count();
    let byte = |at: usize| text.as_bytes().get(at).copied();
    let mut at = usize::from(matches!(byte(0), Some(b'-' | b'+')));
    let whole = digits(at);
    at += whole;
    let mut fraction = 0;
    if byte(at) == Some(b'.') {
        fraction = digits(at + 1);
        if whole + fraction > 0 {
            at += 1 + fraction;
        }
    }
    if whole + fraction == 0 {
        return None;
    }
    if matches!(byte(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(byte(at + 1), Some(b'-' | b'+')));
        let power = digits(at + 1 + sign);
        if power > 0 {
            at += 1 + sign + power;
        }
    }
    Some(text.split_at(at))
}

/// Reads a quantity such as `0.12 S/cm2`, `-65mV`, `6.3 degC` or `3`.
///
/// # Errors
/// If the text does not begin with a finite number, or its unit is unknown.
///
/// ```
/// let ra = neuropil::units::parse_quantity("500 ohm cm").unwrap();
/// assert_eq!(ra.si, 5.0);
/// assert_eq!(ra.dimension, neuropil::units::Dimension::RESISTIVITY);
/// ```
pub fn parse_quantity(text: &str) -> Result<Quantity> {
    let text = text.trim();
    let ascii_minus = text.replacen('\u{2212}', "-", 1);
    let text = if text.starts_with('\u{2212}') { ascii_minus.as_str() } else { text };
    let Some((number, symbol)) = split_number(text) else {
        let found = if text.is_empty() { "nothing".to_string() } else { format!("'{text}'") };
        return Err(Error::new(ErrorKind::Syntax, format!("expected a quantity, found {found}"))
            .help("a quantity is a number and a unit, such as 0.12 S/cm2"));
    };
    let plain: f64 = number.parse().unwrap_or(f64::NAN);
    let symbol = symbol.trim();
    let quantity = if symbol.is_empty() {
        Quantity { si: plain, dimension: Dimension::NONE }
    } else {
        let parts = whole(symbol).ok_or_else(|| unknown_unit(symbol))?;
        let unit = parts.unit().ok_or_else(|| unknown_unit(symbol))?;
        let exact = if parts.factor == 1.0 { decimal(number, parts.power) } else { None };
        let si = exact.unwrap_or(plain * unit.scale) + unit.offset;
        Quantity { si, dimension: unit.dimension }
    };
    if !quantity.si.is_finite() {
        return Err(Error::new(ErrorKind::Value, format!("'{text}' is beyond the range of numbers")));
    }
    Ok(quantity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(symbol: &str, dimension: Dimension, scale: f64) {
        let found = unit(symbol).unwrap_or_else(|| panic!("'{symbol}' is not known"));
        assert_eq!(found.dimension, dimension, "{symbol}");
        assert!((found.scale / scale - 1.0).abs() < 1e-15, "{symbol}: {}", found.scale);
        assert_eq!(found.offset, 0.0);
    }

    #[test]
    fn symbols_of_neuroml() {
        check("mS_per_cm2", Dimension::CONDUCTANCE_DENSITY, 10.0);
        check("S_per_m2", Dimension::CONDUCTANCE_DENSITY, 1.0);
        check("ohm_cm", Dimension::RESISTIVITY, 1e-2);
        check("kohm_cm", Dimension::RESISTIVITY, 10.0);
        check("per_ms", Dimension::PER_TIME, 1e3);
        check("Hz", Dimension::PER_TIME, 1.0);
        check("uF_per_cm2", Dimension::SPECIFIC_CAPACITANCE, 1e-2);
        check("mol_per_m3", Dimension::CONCENTRATION, 1.0);
        check("mM", Dimension::CONCENTRATION, 1.0);
        check("M", Dimension::CONCENTRATION, 1e3);
        check("m", Dimension::LENGTH, 1.0);
        check("um", Dimension::LENGTH, 1e-6);
        check("um3", Dimension::VOLUME, 1e-18);
        check("pA", Dimension::CURRENT, 1e-12);
        check("Mohm", Dimension::RESISTANCE, 1e6);
        check("litre", Dimension::VOLUME, 1e-3);
        check("per_hour", Dimension::PER_TIME, 1.0 / 3600.0);
        check("e", Dimension::CHARGE, 1.602_176_634e-19);
        check("nA_ms_per_amol", Dimension::new(0, 0, 1, 1, 0, -1, 0), 1e6);
        check("umol_per_cm_per_nA_per_ms", Dimension::new(0, -1, -1, -1, 0, 1, 0), 1e8);
        check("fJ_per_K_per_umol", Dimension::new(1, 2, -2, 0, -1, -1, 0), 1e-9);
        check("nS_per_mV", Dimension::new(-2, -4, 6, 3, 0, 0, 0), 1e-6);
    }

    #[test]
    fn units_as_people_write_them() {
        for density in ["S/cm2", "S/cm^2", "S/cm²", "S cm-2", "S cm^-2", "S·cm⁻²", "S / cm2", "S per cm2"]
        {
            check(density, Dimension::CONDUCTANCE_DENSITY, 1e4);
        }
        for capacitance in ["uF/cm2", "uF/cm^2", "µF/cm²", "μF/cm²", "uF_per_cm2"] {
            check(capacitance, Dimension::SPECIFIC_CAPACITANCE, 1e-2);
        }
        for resistivity in ["Ohm cm", "ohm*cm", "Ω cm", "ohm·cm", "ohm_cm"] {
            check(resistivity, Dimension::RESISTIVITY, 1e-2);
        }
        for rate in ["1/ms", "/ms", "per_ms", "per ms", "ms^-1", "ms-1", "kHz"] {
            check(rate, Dimension::PER_TIME, 1e3);
        }
        check("MOhm", Dimension::RESISTANCE, 1e6);
        check("J/(K mol)", Dimension::new(1, 2, -2, 0, -1, -1, 0), 1.0);
        check("J/K/mol", Dimension::new(1, 2, -2, 0, -1, -1, 0), 1.0);
        check("V*s/m", Dimension::new(1, 1, -2, -1, 0, 0, 0), 1.0);
    }

    #[test]
    fn celsius_has_an_offset_only_alone() {
        assert_eq!(unit("degC").map(|u| u.offset), Some(273.15));
        assert_eq!(unit("1/degC").map(|u| u.offset), Some(0.0));
        assert_eq!(unit("mV/degC").map(|u| u.offset), Some(0.0));
        assert_eq!(parse_quantity("6.3 degC").unwrap().si, 6.3 + 273.15);
    }

    #[test]
    fn nonsense_is_no_unit() {
        for symbol in [
            "",
            "apples",
            "khour",
            "kdegC",
            "mmin",
            "%",
            "S/",
            "S//m",
            "S/cm2 m",
            "m2cm",
            "m^",
            "per",
            "_m",
            "m_",
            "1",
            "m^999",
            "(m",
            "m)",
            "((((((((((m))))))))))",
            "cM",
            "KV",
        ] {
            assert_eq!(unit(symbol), None, "{symbol}");
        }
    }

    #[test]
    fn quantities_round_once() {
        assert_eq!(parse_quantity("0.1 nA").unwrap().si, 0.1e-9);
        assert_eq!(parse_quantity("-65mV").unwrap().si, -0.065);
        assert_eq!(parse_quantity("\u{2212}54.3 mV").unwrap().si, -0.0543);
        assert_eq!(parse_quantity("1e-3 S/cm2").unwrap().si, 10.0);
        assert_eq!(parse_quantity(".5e1").unwrap(), Quantity { si: 5.0, dimension: Dimension::NONE });
        assert_eq!(parse_quantity("+3. um").unwrap().si, 3e-6);
        assert_eq!(parse_quantity("2 min").unwrap().si, 120.0);
        // An `e` without digits is the elementary charge.
        assert_eq!(parse_quantity("2e").unwrap().dimension, Dimension::CHARGE);
    }

    #[test]
    fn errors_name_what_was_found() {
        let message = |text: &str| parse_quantity(text).unwrap_err().to_string();
        assert_eq!(message("0.12 mS_per_cm3x"), "unknown unit 'mS_per_cm3x' (did you mean 'mS_per_cm2'?)");
        assert!(message("").contains("found nothing"));
        assert!(message("mV").contains("found 'mV'"));
        assert!(message("NaN mV").contains("expected a quantity"));
        assert!(message("1e400 mV").contains("beyond the range"));
        assert!(message("1e99999999999 mV").contains("beyond the range"));
        let wrong = parse_quantity("3 mV").unwrap().expect(Dimension::CONDUCTANCE).unwrap_err().to_string();
        assert_eq!(wrong, "expected a conductance, found a voltage (a conductance is written like 1 nS)");
    }

    proptest! {
        #[test]
        fn printed_quantities_read_back(si in -1e30f64..1e30, powers in prop::array::uniform7(-4i8..5)) {
            let quantity = Quantity { si, dimension: Dimension(powers) };
            let text = quantity.to_string();
            let back = parse_quantity(&text).unwrap();
            prop_assert_eq!(back.dimension, quantity.dimension, "{}", text);
            prop_assert!((back.si - si).abs() <= si.abs() * 1e-15, "{}", text);
        }

        #[test]
        fn prefixes_scale(value in -1e6f64..1e6, prefix in 0usize..PREFIXES.len(), at in 0usize..4) {
            let (letter, power, _) = PREFIXES[prefix];
            prop_assume!(letter != 'K');
            let base = ["A", "V", "S", "F"][at];
            let quantity = parse_quantity(&format!("{value} {letter}{base}")).unwrap();
            prop_assert!((quantity.si - value * 10f64.powi(power)).abs() <= quantity.si.abs() * 1e-15);
            prop_assert_eq!(quantity.dimension, unit(base).unwrap().dimension);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,24}") {
            let _ = parse_quantity(&text);
            let _ = unit(&text);
        }
    }
}
