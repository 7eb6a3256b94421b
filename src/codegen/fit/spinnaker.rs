//! An integrate-and-fire neuron in the numbers of SpiNNaker.

use super::limit::Limit;
use crate::hardware::brainscales::Range;
use crate::hardware::spinnaker::Accum;
use crate::reduce::point::Lif;

/// The neuron in s16.15.
pub(super) fn held(neuron: &Lif, limits: &mut Vec<Limit>) -> Lif {
    let mut number = |name: &'static str, value: f64, unit: &'static str| {
        let range = Range { name, least: Accum::MIN, greatest: Accum::MAX, unit };
        let nearest = Limit::check(limits, name.to_string(), value, &range);
        let held = Accum::from_host(nearest).map_or(nearest, Accum::value);
        // The chip divides by capacitances and time constants.
        if held > 0.0 || !matches!(name, "cm" | "tau_m") {
            return held;
        }
        let range = Range { least: Accum::STEP, ..range };
        Limit::check(limits, name.to_string(), value, &range)
    };
    let capacitance = number("cm", neuron.capacitance_f * 1e9, "nF");
    let tau = number("tau_m", neuron.capacitance_f / neuron.leak_s * 1e3, "ms");
    Lif {
        capacitance_f: capacitance * 1e-9,
        leak_s: capacitance / tau * 1e-6,
        rest_v: number("v_rest", neuron.rest_v * 1e3, "mV") * 1e-3,
        threshold_v: number("v_thresh", neuron.threshold_v * 1e3, "mV") * 1e-3,
        reset_v: number("v_reset", neuron.reset_v * 1e3, "mV") * 1e-3,
        refractory_s: number("tau_refrac", neuron.refractory_s * 1e3, "ms") * 1e-3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_s1615_cannot_hold_is_said() {
        let neuron = Lif {
            capacitance_f: 1.0,
            leak_s: 1.0,
            rest_v: -0.07,
            threshold_v: -0.05,
            reset_v: -0.075,
            refractory_s: 2e-3,
        };
        let mut limits = Vec::new();
        let held = held(&neuron, &mut limits);
        let told = limits[0].to_string();
        assert!(told.contains("cm = 1000000000 nF") && told.contains("the nearest is 65536"), "{told}");
        // −70 mV is a whole number of steps of 2⁻¹⁵.
        assert_eq!((held.rest_v, limits.len()), (-0.07, 1));
    }

    #[test]
    fn a_capacitance_below_half_a_step_is_not_zero() {
        let neuron = Lif {
            capacitance_f: 1e-15,
            leak_s: 1e-13,
            rest_v: -0.07,
            threshold_v: -0.05,
            reset_v: -0.075,
            refractory_s: 2e-3,
        };
        let mut limits = Vec::new();
        let held = held(&neuron, &mut limits);
        assert!(held.capacitance_f > 0.0 && limits[0].what == "cm", "{limits:?}");
    }
}
