//! The leaky integrate-and-fire cells of sPyNNaker in its own arithmetic and order of operations.
//!
//! A step: add what arrived, integrate unless refractory, test the threshold, let synapses decay. Constants are made from the
//! s16.15 parameters as the chip does, with [`Accum::exp`] and [`Fraction::exp`].

use super::number::{Accum, Fraction};
use crate::error::Result;

/// How synapses act on a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// They are currents (nA): `IF_curr_exp`.
    Current,
    /// They are conductances (µS) with reversal potentials: `IF_cond_exp`.
    Conductance {
        /// Reversal potential of the excitatory receptor, mV.
        excitatory: Accum,
        /// Of the inhibitory one, mV.
        inhibitory: Accum,
    },
}

/// How many times larger conductances are kept on the chip.
pub const CONDUCTANCE_SCALE: f64 = 1024.0;

/// Bits of [`CONDUCTANCE_SCALE`].
const CONDUCTANCE_SHIFT: i32 = 10;

/// Parameters of a cell in PyNN's units: mV, ms, nF, nA.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameters {
    /// Membrane time constant, ms.
    pub tau_m: f64,
    /// Capacitance, nF.
    pub cm: f64,
    /// Resting potential, mV.
    pub v_rest: f64,
    /// Potential after a spike, mV.
    pub v_reset: f64,
    /// Threshold, mV.
    pub v_thresh: f64,
    /// Refractory period, ms.
    pub tau_refrac: f64,
    /// Constant current, nA.
    pub i_offset: f64,
    /// Time constants of the excitatory and the inhibitory synapse, ms.
    pub tau_syn: [f64; 2],
    /// Reversal potentials of the two, mV, if they are conductances.
    pub reversal: Option<[f64; 2]>,
}

/// A cell with its constants and state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lif {
    v_rest: Accum,
    v_reset: Accum,
    v_thresh: Accum,
    /// Membrane resistance, MΩ.
    resistance: Accum,
    i_offset: Accum,
    i_injected: Accum,
    /// e^(−h/τ_m).
    exp_tc: Accum,
    refractory_steps: i32,
    /// e^(−h/τ) of the synapses.
    decay: [Fraction; 2],
    /// (1 − e^(−h/τ)) τ/h: the mean over a step of what arrives at its start.
    initial: [Fraction; 2],
    input: Input,
    /// Potential, mV.
    pub v: Accum,
    /// Synaptic current (nA), or conductance times [`CONDUCTANCE_SCALE`] (µS), of the two receptors.
    pub synapse: [Accum; 2],
    refractory: i32,
}

impl Lif {
    /// A cell that starts at `v` (mV), for steps of `step_ms`.
    ///
    /// # Errors
    /// If a parameter does not fit into s16.15.
    pub fn new(parameters: &Parameters, v: f64, step_ms: f64) -> Result<Lif> {
        let number = |what: &str, x: f64| Accum::from_host(x).map_err(|e| e.about(what));
        let (tau_m, step) = (number("tau_m", parameters.tau_m)?, number("the time step", step_ms)?);
        let mut decay = [Fraction::default(); 2];
        let mut initial = [Fraction::default(); 2];
        for (receptor, tau) in parameters.tau_syn.iter().enumerate() {
            let tau = number("tau_syn", *tau)?;
            decay[receptor] = Fraction::exp(-(step / tau));
            let steps = tau.value() / step.value();
            initial[receptor] = Fraction::new((1.0 - decay[receptor].value()) * steps);
        }
        let input = match parameters.reversal {
            None => Input::Current,
            Some([excitatory, inhibitory]) => Input::Conductance {
                excitatory: number("e_rev_E", excitatory)?,
                inhibitory: number("e_rev_I", inhibitory)?,
            },
        };
        Ok(Lif {
            v_rest: number("v_rest", parameters.v_rest)?,
            v_reset: number("v_reset", parameters.v_reset)?,
            v_thresh: number("v_thresh", parameters.v_thresh)?,
            resistance: tau_m / number("cm", parameters.cm)?,
            i_offset: number("i_offset", parameters.i_offset)?,
            i_injected: Accum(0),
            exp_tc: (-(step / tau_m)).exp(),
            refractory_steps: (parameters.tau_refrac / step_ms).ceil() as i32,
            decay,
            initial,
            input,
            v: number("the initial potential", v)?,
            synapse: [Accum(0); 2],
            refractory: 0,
        })
    }

    /// A cell with its constants as they are on the chip: resting, reset and threshold potential (mV); membrane resistance
    /// (MΩ), constant current (nA), e^(−h/τ_m) and refractory steps; decay of the two synapses in a step, and the share of
    /// what arrives that acts in its first.
    pub fn with_constants(
        [v_rest, v_reset, v_thresh]: [Accum; 3],
        (resistance, i_offset, exp_tc, refractory_steps): (Accum, Accum, Accum, i32),
        decay: [Fraction; 2],
        initial: [Fraction; 2],
        input: Input,
    ) -> Lif {
        Lif {
            v_rest,
            v_reset,
            v_thresh,
            resistance,
            i_offset,
            i_injected: Accum(0),
            exp_tc,
            refractory_steps,
            decay,
            initial,
            input,
            v: v_rest,
            synapse: [Accum(0); 2],
            refractory: 0,
        }
    }

    /// Sets the current that is injected on top of the constant one, nA.
    ///
    /// # Errors
    /// If it does not fit into s16.15.
    pub fn inject(&mut self, current_na: f64) -> Result<()> {
        self.i_injected = Accum::from_host(current_na)?;
        Ok(())
    }

    /// One step with `arrived` at the two receptors (as [`Lif::synapse`] counts); whether the cell fires in it.
    pub fn step(&mut self, arrived: [Accum; 2]) -> bool {
        for (receptor, weight) in arrived.into_iter().enumerate() {
            self.synapse[receptor] = self.synapse[receptor] + weight.scaled(self.initial[receptor]);
        }
        let fires = if self.refractory <= 0 {
            let current = self.current() + self.i_offset + self.i_injected;
            let target = current * self.resistance + self.v_rest;
            self.v = target - self.exp_tc * (target - self.v);
            self.v >= self.v_thresh
        } else {
            self.refractory -= 1;
            false
        };
        if fires {
            self.v = self.v_reset;
            self.refractory = self.refractory_steps;
        }
        for (synapse, decay) in self.synapse.iter_mut().zip(self.decay) {
            *synapse = synapse.scaled(decay);
        }
        fires
    }

    /// The synaptic current at the cell's potential, nA.
    fn current(&self) -> Accum {
        let [excitatory, inhibitory] = self.synapse;
        match self.input {
            Input::Current => excitatory - inhibitory,
            Input::Conductance { excitatory: e, inhibitory: i } => {
                let back = |g: Accum| Accum(g.0 >> CONDUCTANCE_SHIFT);
                back(excitatory) * (e - self.v) + back(inhibitory) * (i - self.v)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run whose result compiled code gives: 85 spikes, the bits of the last potential, and a hash of all.
    #[test]
    fn a_cell_has_the_bits_of_compiled_code() {
        let literal = Accum::literal;
        let mut cell = Lif::with_constants(
            [literal(-65.0), literal(-70.0), literal(-50.0)],
            (literal(20.0), literal(0.3), Accum(31169), 2),
            [Fraction(3_516_421_808); 2],
            [Fraction(3_892_727_436); 2],
            Input::Current,
        );
        let (mut spikes, mut hash, mut lcg) = (0, 2_166_136_261_u32, 12_345_u32);
        for _ in 0..5000 {
            lcg = lcg.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let arrived = if lcg >> 28 == 0 { literal(1.5) } else { Accum(0) };
            spikes += u32::from(cell.step([arrived, Accum(0)]));
            for byte in cell.v.0.to_le_bytes() {
                hash = (hash ^ u32::from(byte)).wrapping_mul(16_777_619);
            }
        }
        assert_eq!((spikes, cell.v.0, format!("{hash:08x}").as_str()), (85, -1_929_156, "190dabdd"));
    }

    #[test]
    fn conductances_pull_towards_their_reversal() {
        let parameters = Parameters {
            tau_m: 20.0,
            cm: 1.0,
            v_rest: -65.0,
            v_reset: -65.0,
            v_thresh: 100.0,
            tau_refrac: 0.1,
            i_offset: 0.0,
            tau_syn: [5.0, 5.0],
            reversal: Some([0.0, -70.0]),
        };
        let mut cell = Lif::new(&parameters, -65.0, 0.1).unwrap();
        let weight = Accum::literal(0.01 * CONDUCTANCE_SCALE);
        let mut peak = cell.v.value();
        for step in 0..1000 {
            cell.step([if step == 10 { weight } else { Accum(0) }, Accum(0)]);
            peak = peak.max(cell.v.value());
        }
        // Exact: R = 20 MΩ, g(t) = 0.01 µS e^(−t/5 ms), driven towards 0 mV.
        let (mut v, mut best, h) = (-65.0, -65.0_f64, 1e-3);
        for step in 0..100_000 {
            let g = 0.01 * (-f64::from(step) * h / 5.0).exp();
            v += h * ((-65.0 - v) / 20.0 + g * (0.0 - v));
            best = best.max(v);
        }
        assert!((peak - best).abs() < 0.05, "{peak} {best}");
    }
}
