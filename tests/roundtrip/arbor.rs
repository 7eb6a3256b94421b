//! Arbor builds the catalogue, runs the recipe, and finds what neuropil finds.

use super::computed;

#[test]
fn ball_and_stick_spikes_when_it_should() {
    let Some(found) = computed("arbor", "ball and stick") else { return };
    assert!(found.counts.is_empty() && found.spikes == 2, "{found:?}");
    // Thresholds are interpolated in both. Arbor's cnexp takes (1 + a dt/2)/(1 - a dt/2) for the exponential, which
    // is of second order: a few tenths of a mV in the upstroke.
    assert!(found.spike_ms <= 0.002, "{found:?}");
    assert!(found.v_mv <= 0.3, "{found:?}");
}
