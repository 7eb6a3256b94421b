//! The units in which people read results.

use std::borrow::Cow;

use crate::units::Dimension;

/// The unit of a column as people read it: `display = (si - offset) / scale`.
#[derive(Debug, Clone, PartialEq)]
pub struct DisplayUnit {
    /// The symbol: `mV`; empty for numbers without a dimension.
    pub label: Cow<'static, str>,
    /// SI units in one of it (mV: 0.001).
    pub scale: f64,
    /// SI value of its zero (°C: 273.15), else 0.
    pub offset: f64,
    /// `1 / scale` where that is a whole number (1000 for mV), else 0. Multiplying by it is good
    /// to one rounding (−0.065 V is −65 mV), dividing by the rounded scale is not.
    inverse: f64,
}

impl DisplayUnit {
    /// A unit `label` of `scale` SI units.
    pub fn new(label: impl Into<Cow<'static, str>>, scale: f64) -> DisplayUnit {
        let whole = (1.0 / scale).round();
        let inverse = if whole > 1.0 && (whole * scale - 1.0).abs() < 1e-12 { whole } else { 0.0 };
        DisplayUnit { label: label.into(), scale, offset: 0.0, inverse }
    }

    /// A number without a dimension.
    pub fn none() -> DisplayUnit {
        DisplayUnit::new("", 1.0)
    }

    /// The unit that electrophysiologists read quantities of `dimension` in; base SI units where
    /// there is no custom.
    pub fn of(dimension: Dimension) -> DisplayUnit {
        const CUSTOM: [(Dimension, &str, f64); 18] = [
            (Dimension::NONE, "", 1.0),
            (Dimension::VOLTAGE, "mV", 1e-3),
            (Dimension::TIME, "ms", 1e-3),
            (Dimension::CURRENT, "nA", 1e-9),
            (Dimension::CONDUCTANCE, "µS", 1e-6),
            (Dimension::CONCENTRATION, "mM", 1.0),
            (Dimension::CURRENT_DENSITY, "mA/cm²", 10.0),
            (Dimension::CONDUCTANCE_DENSITY, "S/cm²", 1e4),
            (Dimension::CAPACITANCE, "pF", 1e-12),
            (Dimension::SPECIFIC_CAPACITANCE, "µF/cm²", 1e-2),
            (Dimension::RESISTANCE, "MΩ", 1e6),
            (Dimension::RESISTIVITY, "Ω cm", 1e-2),
            (Dimension::LENGTH, "µm", 1e-6),
            (Dimension::AREA, "µm²", 1e-12),
            (Dimension::VOLUME, "µm³", 1e-18),
            (Dimension::PERMEABILITY, "cm/s", 1e-2),
            (Dimension::PER_TIME, "1/ms", 1e3),
            (Dimension::CHARGE, "pC", 1e-12),
        ];
        if dimension == Dimension::TEMPERATURE {
            return DisplayUnit { offset: 273.15, ..DisplayUnit::new("°C", 1.0) };
        }
        match CUSTOM.iter().find(|(d, _, _)| *d == dimension) {
            Some((_, label, scale)) => DisplayUnit::new(*label, *scale),
            None => DisplayUnit::new(dimension.to_string(), 1.0),
        }
    }

    /// An SI value in this unit.
    pub fn display(&self, si: f64) -> f64 {
        let from_zero = si - self.offset;
        if self.inverse != 0.0 { from_zero * self.inverse } else { from_zero / self.scale }
    }

    /// A value in this unit in SI.
    pub fn si(&self, display: f64) -> f64 {
        let from_zero = if self.inverse != 0.0 { display / self.inverse } else { display * self.scale };
        from_zero + self.offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voltages_are_right_to_one_rounding() {
        let mv = DisplayUnit::of(Dimension::VOLTAGE);
        for tenth in -1000..1000_i32 {
            let written = f64::from(tenth) / 10.0;
            let error = (mv.display(written / 1000.0) - written).abs();
            assert!(error <= written.abs() * f64::EPSILON, "{written} mV");
            assert_eq!(mv.si(written), written / 1000.0);
        }
    }

    #[test]
    fn every_scale_is_that_of_its_label() {
        assert_eq!(DisplayUnit::of(Dimension::VOLTAGE).display(-0.065), -65.0);
        let of = |d| DisplayUnit::of(d);
        assert_eq!(of(Dimension::CURRENT).display(2.5e-9), 2.5);
        assert_eq!(of(Dimension::CONDUCTANCE_DENSITY).display(1200.0), 0.12);
        assert_eq!(of(Dimension::CURRENT_DENSITY).display(1.0), 0.1);
        assert_eq!(of(Dimension::TEMPERATURE).display(279.45), 279.45 - 273.15);
        assert_eq!(of(Dimension::PER_TIME).display(1000.0), 1.0);
        assert_eq!(of(Dimension::NONE).label, "");
        let odd = Dimension::new(1, 0, 0, 0, 0, 0, 0);
        assert_eq!(of(odd).label, "kg");
        assert_eq!(of(odd).display(3.0), 3.0);
    }
}
