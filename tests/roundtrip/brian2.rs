//! Brian 2 runs the script, and finds what neuropil finds.

use std::path::Path;

use neuropil::experiment;

use super::columns::{Column, Outcome, Proof};
use super::{computed, holds};

#[test]
fn cells_with_a_shape_have_the_same_rule() {
    // The matrix is solved in another order; constants of channels are rounded to 14 digits.
    holds("brian2", "ball and stick", 0.025, 1e-5);
    holds("brian2", "Tsodyks-Markram synapses", 0.025, 1e-8);
}

#[test]
fn networks_of_cells_without_a_shape() {
    holds("brian2", "network of IF_cond_exp", 0.1, 0.1);
    holds("brian2", "adaptive exponential neuron", 0.05, 10.0);
}

/// Neuropil's rule is of second order, Brian's of fourth: Brian is as near to neuropil with a tenth of the step as that is itself.
#[test]
fn a_hodgkin_huxley_cell_is_within_neuropils_own_error() {
    let Some(found) = computed("brian2", "Hodgkin-Huxley point neuron") else { return };
    assert!(found.counts.is_empty(), "{found:?}");
    let (ours, theirs) = found.finer_ms.unwrap();
    assert!(ours <= 0.2 && theirs <= 0.025, "{found:?}");
}

/// What a rule derives is made of traces that have decayed to the spike.
#[test]
fn plastic_connections_hear_decayed_traces() {
    holds("brian2", "STDP", 0.1, 0.1);
}

/// Occupancies begin at their steady state. Neuropil's spikes are three steps from where they are with a tenth of the step, Brian's two.
#[test]
fn a_kinetic_scheme_of_a_cell_without_a_shape() {
    let name = "published: cell with a kinetic scheme (NeuroML, Ex4)";
    let Some(found) = computed("brian2", name) else { return };
    assert!(found.counts.is_empty(), "{found:?}");
    let (ours, theirs) = found.finer_ms.unwrap();
    assert!(ours <= 0.03 && theirs <= 0.02, "{found:?}");
}

/// Random sources may send twice in a step, which one source of Brian's can't.
#[test]
fn two_spikes_of_a_source_in_one_step_are_two() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/point_neurons.toml");
    let model = experiment::read(&path).unwrap().model;
    match Column::named("brian2").unwrap().run_model(&model, path) {
        Outcome::Absent => {}
        Outcome::Shown(Proof::Computed(found)) => {
            // The last of a source is nearest to the end of the run, where Brian is over.
            assert!(found.counts.iter().all(|(name, ..)| name.starts_with("noise")), "{found:?}");
            assert_eq!(found.spikes, 1325);
            assert!(found.spike_ms <= 0.1 * (1.0 + 1e-6), "{found:?}");
        }
        other => panic!("{other:?}"),
    }
}
