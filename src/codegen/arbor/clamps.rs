//! Stimuli as Arbor's current clamps: an envelope, maybe times a sine.

use std::f64::consts::PI;

use crate::dynamics::Dynamics;
use crate::units::shifted;

/// The component types that become current clamps.
const CLAMPS: [&str; 3] = ["pulseGenerator", "rampGenerator", "sineGenerator"];

/// Whether something is a current clamp there.
pub(super) fn is_clamp(dynamics: &Dynamics) -> bool {
    CLAMPS.iter().any(|kind| dynamics.is_a(kind))
}

/// The envelope (ms, nA), the frequency (kHz) and the phase (radians) of a clamp `weight` times as strong.
pub(super) fn clamp(dynamics: &Dynamics, weight: f64) -> Option<String> {
    let of = |name: &str| dynamics.parameter(name).map(|p| p.value);
    let (delay, duration) = (of("delay")?, of("duration")?);
    let (begin, end) = (shifted(delay, -3), shifted(delay + duration, -3));
    let current = |x: f64| shifted(weight * x, -9);
    if dynamics.is_a("pulseGenerator") {
        let i = current(of("amplitude")?);
        return Some(format!("[({begin}, {i}), ({end}, {i}), ({end}, 0)], 0, 0"));
    }
    if dynamics.is_a("rampGenerator") {
        let [base, from, to] = ["baselineAmplitude", "startAmplitude", "finishAmplitude"].map(of);
        let [base, from, to] = [current(base?), current(from?), current(to?)];
        return Some(format!(
            "[(0, {base}), ({begin}, {base}), ({begin}, {from}), ({end}, {to}), ({end}, {base})], 0, 0"
        ));
    }
    if dynamics.is_a("sineGenerator") {
        let i = current(of("amplitude")?);
        let (period, phase) = (of("period")?, of("phase")?);
        // Arbor's sine begins at time 0.
        let phase = phase - 2.0 * PI * delay / period;
        let frequency = shifted(1.0 / period, 3);
        return Some(format!(
            "[({begin}, {i}), ({end}, {i}), ({end}, 0)], {frequency}, {}",
            shifted(phase, 0)
        ));
    }
    None
}
