//! What of a chip's limits a model violates.

use std::fmt;

use serde::Serialize;

use crate::hardware::brainscales::Range;

/// A number that a chip cannot hold, and what is taken.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Limit {
    /// What it is of: `tau_m of soma`.
    pub what: String,
    /// The value that is wanted.
    pub value: f64,
    /// The least that the chip holds.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
    /// The nearest that it holds, which is taken.
    pub nearest: f64,
    /// The unit of all.
    pub unit: &'static str,
}

impl Limit {
    /// `value`, or the nearest in `range`: then that goes to `limits`.
    pub(super) fn check(limits: &mut Vec<Limit>, what: String, value: f64, range: &Range) -> f64 {
        if range.holds(value) {
            return value;
        }
        let nearest = range.nearest(value);
        limits.push(Limit {
            what,
            value,
            least: range.least,
            greatest: range.greatest,
            nearest,
            unit: range.unit,
        });
        nearest
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Limit { what, value, least, greatest, nearest, unit } = self;
        write!(
            f,
            "{what} = {} {unit}; the chip takes {} to {} {unit}, the nearest is {}",
            short(*value),
            short(*least),
            short(*greatest),
            short(*nearest)
        )
    }
}

/// Five digits.
pub(super) fn short(x: f64) -> String {
    format!("{x:.4e}").parse::<f64>().map_or_else(|_| x.to_string(), |x| x.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::brainscales::bss2;

    #[test]
    fn value_limit_and_nearest_are_said() {
        let mut limits = Vec::new();
        let range = bss2::range("tau_m").unwrap();
        assert_eq!(Limit::check(&mut limits, "tau_m of soma".into(), 100.0, range), 60.0);
        assert_eq!(Limit::check(&mut limits, "tau_m of dend".into(), 10.0, range), 10.0);
        assert_eq!(limits.len(), 1);
        assert_eq!(
            limits[0].to_string(),
            "tau_m of soma = 100 ms; the chip takes 0.5 to 60 ms, the nearest is 60"
        );
        assert_eq!(short(65535.999969), "65536");
        assert_eq!(short(-0.00012345678), "-0.00012346");
    }
}
