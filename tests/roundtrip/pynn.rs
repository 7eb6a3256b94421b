//! PyNN runs the script on NEST, and NEST finds what neuropil finds.

use super::{computed, holds};

#[test]
fn given_spikes_and_plasticity() {
    holds("pynn", "STDP", 0.1, 0.1);
}

/// NEST takes each spike to the next step, and integrates to 10⁻⁶ between.
#[test]
fn an_exponential_neuron_is_within_neuropils_own_error() {
    let Some(found) = computed("pynn", "adaptive exponential neuron") else { return };
    assert!(found.counts.is_empty(), "{found:?}");
    let (ours, theirs) = found.finer_ms.unwrap();
    assert!(theirs < ours, "{found:?}");
}
