//! Quantities as NeuroML documents write them.

use std::fmt::Write;

use super::{Dimension, Unit, unit};

/// Dimension, the unit that documents of NeuroML write it in, and the power of ten of that unit.
const UNITS: &[(Dimension, &str, i32)] = &[
    (Dimension::NONE, "", 0),
    (Dimension::VOLTAGE, "mV", -3),
    (Dimension::TIME, "ms", -3),
    (Dimension::PER_TIME, "per_s", 0),
    (Dimension::LENGTH, "um", -6),
    (Dimension::CURRENT, "nA", -9),
    (Dimension::CURRENT_DENSITY, "uA_per_cm2", -2),
    (Dimension::CONDUCTANCE, "nS", -9),
    (Dimension::CONDUCTANCE_DENSITY, "S_per_m2", 0),
    (Dimension::CAPACITANCE, "pF", -12),
    (Dimension::SPECIFIC_CAPACITANCE, "uF_per_cm2", -2),
    (Dimension::RESISTANCE, "Mohm", 6),
    (Dimension::RESISTIVITY, "ohm_cm", -2),
    (Dimension::CONCENTRATION, "mM", 0),
    (Dimension::PERMEABILITY, "cm_per_s", -2),
    (Dimension::new(-1, -2, 3, 1, 0, 0, 0), "per_mV", 3),
    (Dimension::new(-2, -4, 6, 3, 0, 0, 0), "nS_per_mV", -6),
    (Dimension::new(0, -1, -1, -1, 0, 1, 0), "mol_per_m_per_A_per_s", 0),
];

/// `si`, in SI units, as documents of NeuroML write it: `-65 mV`, `1.2e-7 mM`.
/// [`parse_quantity`](super::parse_quantity) gives back the same bits: the decimal point of the shortest text of `si`
/// is moved, nothing is multiplied.
///
/// ```
/// use neuropil::units::{Dimension, neuroml_text};
/// assert_eq!(neuroml_text(-0.065, Dimension::VOLTAGE), "-65 mV");
/// assert_eq!(neuroml_text(279.45, Dimension::TEMPERATURE), "6.3 degC");
/// ```
pub fn neuroml_text(si: f64, dimension: Dimension) -> String {
    if dimension == Dimension::TEMPERATURE
        && let Some(text) = celsius(si)
    {
        return text;
    }
    match UNITS.iter().find(|(known, ..)| *known == dimension) {
        Some((_, "", _)) => shifted(si, 0),
        Some((_, symbol, power)) => format!("{} {symbol}", shifted(si, *power)),
        None => format!("{} {}", shifted(si, 0), dimension.si_unit()),
    }
}

/// `value` divided by ten to the `power`, exactly, as text.
pub fn shifted(value: f64, power: i32) -> String {
    let mut out = String::new();
    push_shifted(&mut out, value, power);
    out
}

/// Appends what [`shifted`] says.
pub fn push_shifted(out: &mut String, value: f64, power: i32) {
    if !value.is_finite() {
        let _ = write!(out, "{value}");
        return;
    }
    if value.is_sign_negative() {
        out.push('-');
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value.abs());
    // By bytes: several times as fast as by characters.
    let cut = |text: &'_ str, at: u8| text.bytes().position(|byte| byte == at).unwrap_or(text.len());
    let (mantissa, exponent) = text.split_at(cut(text, b'e'));
    let exponent = exponent.get(1..).and_then(|text| text.parse::<i32>().ok()).unwrap_or(0);
    let (whole, fraction) = mantissa.split_at(cut(mantissa, b'.'));
    let fraction = fraction.get(1..).unwrap_or_default();
    // The digits alone, from the first to the last that is not 0; the longest number has 17, and zeros around them.
    let mut all = [b'0'; 48];
    let mut length = 0;
    for (place, digit) in all.iter_mut().zip(whole.bytes().chain(fraction.bytes())) {
        *place = digit;
        length += 1;
    }
    let all = std::str::from_utf8(&all[..length]).unwrap_or_default();
    let digits = all.trim_start_matches('0');
    let zeros = all.len() - digits.len();
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() {
        out.push('0');
        return;
    }
    // Digits before the point.
    let point = whole.len() as i32 - zeros as i32 + exponent;
    let before = point.saturating_sub(power);
    match usize::try_from(before) {
        Ok(before) if before >= digits.len() && before <= 15 => {
            out.push_str(digits);
            out.extend(std::iter::repeat_n('0', before - digits.len()));
        }
        Ok(before) if before > 0 && before < digits.len() => {
            out.push_str(&digits[..before]);
            out.push('.');
            out.push_str(&digits[before..]);
        }
        _ if (-4..=0).contains(&before) => {
            out.push_str("0.");
            out.extend(std::iter::repeat_n('0', before.unsigned_abs() as usize));
            out.push_str(digits);
        }
        _ => {
            out.push_str(&digits[..1]);
            if digits.len() > 1 {
                out.push('.');
                out.push_str(&digits[1..]);
            }
            let _ = write!(out, "e{}", before - 1);
        }
    }
}

/// A temperature of `kelvin` in degrees Celsius, with the fewest digits that give the same bits back.
fn celsius(kelvin: f64) -> Option<String> {
    let Unit { scale, offset, .. } = unit("degC")?;
    let about = kelvin - offset;
    (0..=17)
        .map(|digits| format!("{about:.digits$}"))
        .find(|text| text.parse::<f64>().is_ok_and(|degrees| degrees * scale + offset == kelvin))
        .map(|text| format!("{text} degC"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::units::parse_quantity;

    proptest! {
        #[test]
        fn every_number_comes_back(bits in any::<u64>(), at in 0..UNITS.len()) {
            let (si, dimension) = (f64::from_bits(bits), UNITS[at].0);
            // Moving the point must not leave the range of numbers.
            prop_assume!(si == 0.0 || (1e-280..1e280).contains(&si.abs()));
            let text = neuroml_text(si, dimension);
            let back = parse_quantity(&text).unwrap();
            prop_assert_eq!((back.si.to_bits(), back.dimension), (si.to_bits(), dimension), "{}", text);
        }

        #[test]
        fn shifting_moves_the_point_alone(bits in any::<u64>(), power in -30..30) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let text = shifted(value, power);
            // Moved back by text, it is the same number.
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let back = format!("{mantissa}e{}", exponent.parse::<i32>().unwrap() + power);
            prop_assert_eq!(back.parse::<f64>().unwrap().to_bits(), value.to_bits(), "{} {}", text, back);
        }

        #[test]
        fn usual_numbers_come_back(n in -99_999i32..99_999, e in -12i32..6, at in 0..UNITS.len()) {
            let si: f64 = format!("{n}e{e}").parse().unwrap();
            let text = neuroml_text(si, UNITS[at].0);
            prop_assert_eq!(parse_quantity(&text).unwrap().si.to_bits(), si.to_bits(), "{}", text);
        }

        #[test]
        fn temperatures_come_back(tenths in -200i32..1000) {
            let kelvin = parse_quantity(&format!("{} degC", f64::from(tenths) / 10.0)).unwrap().si;
            let text = neuroml_text(kelvin, Dimension::TEMPERATURE);
            prop_assert_eq!(parse_quantity(&text).unwrap().si.to_bits(), kelvin.to_bits(), "{}", text);
        }
    }

    #[test]
    fn as_people_write_them() {
        assert_eq!(neuroml_text(0.000_000_000_1, Dimension::CURRENT), "0.1 nA");
        assert_eq!(neuroml_text(1200.0, Dimension::CONDUCTANCE_DENSITY), "1200 S_per_m2");
        assert_eq!(neuroml_text(0.01, Dimension::SPECIFIC_CAPACITANCE), "1 uF_per_cm2");
        assert_eq!(neuroml_text(5.0, Dimension::RESISTIVITY), "500 ohm_cm");
        assert_eq!(neuroml_text(1e9, Dimension::TIME), "1000000000000 ms");
        assert_eq!(neuroml_text(3.5, Dimension::NONE), "3.5");
    }
}
