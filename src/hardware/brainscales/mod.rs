//! BrainScaleS and Spikey: analog chips. What their circuits can be set to, from the chips' published software (2023–2026).

pub mod placement;

/// What a parameter can be set to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// PyNN's name of the parameter.
    pub name: &'static str,
    /// Least value.
    pub least: f64,
    /// Greatest value.
    pub greatest: f64,
    /// Their unit.
    pub unit: &'static str,
}

impl Range {
    const fn new(name: &'static str, least: f64, greatest: f64, unit: &'static str) -> Range {
        Range { name, least, greatest, unit }
    }

    /// The nearest value in the range.
    pub fn nearest(&self, value: f64) -> f64 {
        value.clamp(self.least, self.greatest)
    }

    /// Whether `value` is in the range.
    pub fn holds(&self, value: f64) -> bool {
        (self.least..=self.greatest).contains(&value)
    }
}

/// BrainScaleS-2 (HICANN-X), as pynn_brainscales and its calibration have it.
pub mod bss2 {
    use super::Range;

    /// How much faster than biology.
    pub const SPEED_UP: f64 = 1000.0;
    /// Neuron circuits on a chip.
    pub const CIRCUITS: usize = 512;
    /// Columns of circuits; there are two rows.
    pub const COLUMNS: usize = 256;
    /// Columns without a border between quadrants: a neuron that crosses one has not been tried.
    pub const MOST_COLUMNS: usize = 128;
    /// Synapses into a circuit.
    pub const FAN_IN: usize = 256;
    /// Greatest weight of a synapse; larger ones take several.
    pub const WEIGHT: u32 = 63;
    /// Cells whose potential the fast converter records: one of an even and one of an odd column.
    pub const TRACES: usize = 2;
    /// Capacitance of a circuit at the greatest setting (63), F.
    pub const CAPACITANCE_F: f64 = 2.2e-12;
    /// The greatest setting of the capacitance of a circuit; 0 leaves what the wires have.
    pub const CAPACITANCE: u32 = 63;
    /// The greatest setting of an analog parameter; 1023 turns its refresh off.
    pub const CAPMEM: u32 = 1022;
    /// Counts (of 8 bits) onto which the range of the potential is put: reset or rest, and threshold.
    pub const COUNTS: [f64; 2] = [70.0, 125.0];

    /// Membrane time constant, ms of biology.
    pub const TAU_M: Range = Range::new("tau_m", 0.5, 60.0, "ms");
    /// Refractory time, ms of biology.
    pub const TAU_REFRAC: Range = Range::new("tau_refrac", 0.04, 32.0, "ms");
    /// Ranges of calibrated cells; times in ms of biology, which are µs on the chip.
    pub const CALIBRATED: &[Range] = &[
        TAU_M,
        Range::new("tau_syn_E", 0.3, 30.0, "ms"),
        Range::new("tau_syn_I", 0.3, 30.0, "ms"),
        TAU_REFRAC,
        Range::new("v_rest", 50.0, 160.0, "counts"),
        Range::new("v_reset", 50.0, 160.0, "counts"),
        Range::new("v_thresh", 50.0, 220.0, "counts"),
    ];

    /// The range of the calibrated parameter `name`.
    pub fn range(name: &str) -> Option<&'static Range> {
        CALIBRATED.iter().find(|range| range.name == name)
    }

    /// Time constant between compartments, ms of biology.
    pub const BETWEEN_COMPARTMENTS: Range = Range::new("tau_icc", 0.1, 30.0, "ms");
}

/// BrainScaleS-1 (HICANN v4) with its default calibration: speed-up 10⁴, α_v = 10, shift 1.2 V, large capacitor.
pub mod bss1 {
    use super::Range;

    /// Neurons of a wafer: 384 chips of 512.
    pub const NEURONS: usize = 384 * 512;
    /// Greatest weight.
    pub const WEIGHT: u32 = 15;
    /// Cells that reach the wafer.
    pub const CELLS: [&str; 2] = ["IF_cond_exp", "EIF_cond_exp_isfa_ista"];
    /// Ranges in biology.
    pub const CALIBRATED: &[Range] = &[
        Range::new("tau_m", 5.41, 482.0, "ms"),
        Range::new("tau_refrac", 0.1475, 17.32, "ms"),
        Range::new("tau_syn_E", 1.299, 15.11, "ms"),
        Range::new("tau_syn_I", 1.299, 15.11, "ms"),
        Range::new("tau_w", 29.3, 354.0, "ms"),
        Range::new("delta_T", 0.121, 1.35, "mV"),
        Range::new("v_rest", -90.0, -20.0, "mV"),
        Range::new("v_reset", -90.0, -20.0, "mV"),
        Range::new("v_thresh", -90.0, -20.0, "mV"),
        Range::new("e_rev_E", -120.0, 20.0, "mV"),
        Range::new("e_rev_I", -120.0, 20.0, "mV"),
        Range::new("v_spike", -120.0, 60.0, "mV"),
    ];
    /// Capacitance of the large capacitor, F, and how much faster than biology and larger than its potentials the circuits are.
    const CAPACITANCE_F: f64 = 2.16456e-12;
    const SPEED_UP: f64 = 1e4;
    const VOLTAGES: f64 = 10.0;

    /// Ranges of what scales with the capacitance `cm_nf` (nF) of the neuron: `a` in nS, `b` in nA.
    pub fn adaptation(cm_nf: f64) -> [Range; 2] {
        let conductance = cm_nf * 1e-9 / (SPEED_UP * CAPACITANCE_F);
        let current = conductance / VOLTAGES;
        [
            Range::new("a", 2.537e-9 * conductance * 1e9, 4.958e-6 * conductance * 1e9, "nS"),
            Range::new("b", 3.24e-11 * current * 1e9, 6.926e-8 * current * 1e9, "nA"),
        ]
    }
}

/// Spikey.
pub mod spikey {
    use super::Range;

    /// Neurons.
    pub const NEURONS: usize = 384;
    /// Inputs of a neuron.
    pub const INPUTS: usize = 256;
    /// Neurons of which the potential can be recorded.
    pub const RECORDED: usize = 192;
    /// Greatest weight.
    pub const WEIGHT: u32 = 15;
    /// Capacitance that the interface assumes, nF.
    pub const CAPACITANCE_NF: f64 = 0.2;
    /// Excitatory reversal potential, mV: it can't be set.
    pub const E_REV_E_MV: f64 = 0.0;
    /// Ranges in biology: the common window of 0.5 to 1.4 V on the chip about the defaults.
    pub const RANGES: &[Range] = &[
        Range::new("v_reset", -80.0, -55.0, "mV"),
        Range::new("v_rest", -80.0, -55.0, "mV"),
        Range::new("e_rev_I", -80.0, -55.0, "mV"),
        Range::new("v_thresh", -80.0, -55.0, "mV"),
    ];
}

/// Weights in whole steps of which the largest takes `most`: the step, and each weight in steps. What rounds to 0 is gone.
///
/// ```
/// use neuropil::hardware::brainscales::quantised;
/// assert_eq!(quantised(&[0.5, 1.0, 0.001], 63), (1.0 / 63.0, vec![32, 63, 0]));
/// ```
pub fn quantised(weights: &[f64], most: u32) -> (f64, Vec<u32>) {
    let largest = weights.iter().fold(0.0_f64, |m, w| m.max(w.abs()));
    let step = largest / f64::from(most);
    let in_steps = |w: &f64| if step > 0.0 { (w.abs() / step).round() as u32 } else { 0 };
    (step, weights.iter().map(in_steps).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_legal_value() {
        let range = bss2::CALIBRATED[0];
        assert_eq!(
            (range.name, range.nearest(0.1), range.nearest(100.0), range.nearest(20.0)),
            ("tau_m", 0.5, 60.0, 20.0)
        );
        assert!(!range.holds(f64::NAN));
    }

    #[test]
    fn adaptation_of_brainscales1_scales_with_the_capacitance() {
        // 1 nF is 462 000 large capacitors; 10⁴ times faster that leaves 46.2.
        let [a, b] = bss1::adaptation(1.0);
        assert!((a.greatest - 229.05).abs() < 0.01 && (a.least - 0.11721).abs() < 1e-4, "{a:?}");
        assert!((b.greatest - 0.31997).abs() < 1e-4 && (b.least - 1.4968e-4).abs() < 1e-7, "{b:?}");
        assert_eq!(bss1::adaptation(2.0)[0].greatest, 2.0 * a.greatest);
    }

    #[test]
    fn weights_without_strength() {
        assert_eq!(quantised(&[0.0, 0.0], 15), (0.0, vec![0, 0]));
        assert_eq!(quantised(&[], 15).1, Vec::<u32>::new());
    }
}
