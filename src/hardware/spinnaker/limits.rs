//! What sPyNNaker and the machine hold (sPyNNaker 7.4), for checks that its host software does not make.

/// Neurons on a core, as sPyNNaker places them by itself.
pub const NEURONS_PER_CORE: usize = 256;

/// Shortest time step without a warning, ms.
pub const LEAST_STEP_MS: f64 = 0.1;

/// Rate (Hz) that every source is planned for.
const PLANNED_RATE_HZ: f64 = 30.0;

/// Standard deviations above the mean that a sum of weights is planned for.
const SIGMA: f64 = 5.0;

/// Bits of a weight.
const WEIGHT_BITS: i32 = 16;

/// Standard cells that reach the machine.
pub const CELLS: [&str; 5] = ["IF_curr_exp", "IF_cond_exp", "IF_curr_alpha", "IF_curr_delta", "Izhikevich"];

/// The longest delay, in steps, for `neurons` on a core with `receptors` receptors.
///
/// ```
/// use neuropil::hardware::spinnaker::longest_delay;
/// assert_eq!(longest_delay(256, 2), 288);
/// assert_eq!(longest_delay(16, 2), 4608);
/// ```
pub fn longest_delay(neurons: usize, receptors: usize) -> u32 {
    let bits = |n: usize| n.max(1).next_power_of_two().trailing_zeros();
    9 << 14_u32.saturating_sub(bits(neurons) + bits(receptors)).min(20)
}

/// How the weights into one receptor of a population are kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightScale {
    /// Bits before the point beyond those of 1: sums of weights stay below 2 to this, doubled.
    pub shift: i32,
    /// The least weight and the step between weights, in the receptor's unit.
    pub step: f64,
    /// The greatest sum of weights in a time step, in the receptor's unit: larger ones saturate.
    pub limit: f64,
}

impl WeightScale {
    /// The scale for a population whose cells hear `incoming` weights each, in steps of `step_ms`. Conductances are kept
    /// 1024 times larger: `scale` is 1024 for them, else 1.
    pub fn plan(incoming: &[Vec<f64>], step_ms: f64, scale: f64) -> WeightScale {
        let per_step = PLANNED_RATE_HZ * step_ms * 1e-3;
        let mut most = 0.0_f64;
        for weights in incoming {
            let mean: f64 = weights.iter().map(|w| w.abs() * per_step).sum();
            let variance: f64 = weights.iter().map(|w| w * w * per_step).sum();
            let largest = weights.iter().fold(0.0_f64, |m, w| m.max(w.abs()));
            most = most.max((mean + SIGMA * variance.sqrt()).max(largest));
        }
        let sum = most * scale;
        let mut shift = if sum > 0.0 { libm::log2(sum).ceil() as i32 } else { 0 };
        if sum > 0.0 && libm::exp2(f64::from(shift)) == sum {
            shift += 1;
        }
        let shift = shift.max(0);
        WeightScale {
            shift,
            step: libm::exp2(f64::from(shift - (WEIGHT_BITS - 1))) / scale,
            limit: libm::exp2(f64::from(shift + 1)) / scale,
        }
    }

    /// A weight as it is kept, in steps.
    pub fn steps(&self, weight: f64) -> u16 {
        (weight.abs() / self.step).round().min(65535.0) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_hold_the_largest_sum() {
        // One weight of 1 nA: the sum 1 is a power of two and needs one bit more.
        let one = WeightScale::plan(&[vec![1.0]], 1.0, 1.0);
        assert_eq!((one.shift, one.step, one.limit), (1, libm::exp2(-14.0), 4.0));
        let small = WeightScale::plan(&[vec![0.01; 100], vec![]], 1.0, 1.0);
        assert_eq!(small.shift, 0);
        assert_eq!(small.steps(0.01), 328);
        // A conductance of 0.02 µS counts 1024 times: 20.48 needs five bits.
        let conductance = WeightScale::plan(&[vec![0.02]], 1.0, 1024.0);
        assert_eq!(conductance.shift, 5);
        assert_eq!(WeightScale::plan(&[], 1.0, 1.0).shift, 0);
    }

    #[test]
    fn delays_shrink_with_neurons_on_a_core() {
        assert_eq!(longest_delay(64, 2), 1152);
        assert_eq!(longest_delay(100, 2), longest_delay(128, 2));
    }
}
