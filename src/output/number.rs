//! Numbers as text: the shortest digits that read back as the same value.

/// Appends `value` in the shortest form that reads back exactly, with an exponent outside
/// 1e-5 … 1e16; `nan`, `inf`, `-inf` as NumPy, pandas and R read them.
pub(super) fn push(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        out.extend_from_slice(b"nan");
    } else if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"inf" } else { b"-inf" });
    } else {
        let mut digits = zmij::Buffer::new();
        let text = digits.format_finite(value);
        out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
    }
}

/// A time in seconds freed from the noise of adding up steps: rounded to whole picoseconds and
/// given in units of 1 / `per_second` s, so that step 3 of 0.025 ms prints as 0.075.
pub(super) fn time(seconds: f64, per_second: f64) -> f64 {
    let pico = (seconds * 1e12).round();
    if pico.abs() < 9e15 { pico / (1e12 / per_second) } else { seconds * per_second }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(value: f64) -> String {
        let mut out = Vec::new();
        push(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn forms() {
        assert_eq!(text(-65.0), "-65");
        assert_eq!(text(0.1), "0.1");
        assert_eq!(text(1e-300), "1e-300");
        assert_eq!(text(6.02e23), "6.02e+23");
        assert_eq!(text(f64::NAN), "nan");
        assert_eq!(text(f64::NEG_INFINITY), "-inf");
        assert_eq!(text(0.0), "0");
    }

    #[test]
    fn times_are_multiples_of_the_step() {
        for step in 0..400_000_u32 {
            let shown = time(f64::from(step) * 0.025e-3, 1e3);
            assert_eq!(shown, f64::from(step) / 40.0);
        }
        assert_eq!(time(3600.0, 1e3), 3.6e6);
    }

    proptest! {
        #[test]
        fn round_trip(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(!value.is_nan());
            prop_assert_eq!(text(value).parse::<f64>().unwrap(), value);
            prop_assert!(text(value).len() <= 26);
            let size = value.abs();
            let plain = size == 0.0 || (1e-5..1e16).contains(&size) || size.is_infinite();
            let wanted = if plain { format!("{value}") } else { format!("{value:e}") };
            // Two texts of the same length may read back alike: …12 and …13 for …125.
            let found = text(value).replace("e+", "e");
            prop_assert_eq!((found.len(), found.find('e')), (wanted.len(), wanted.find('e')));
        }
    }
}
