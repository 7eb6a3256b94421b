//! PyNN runs the script on NEST, or on NEURON if cells have a shape, and these find what neuropil finds.

use std::path::Path;

use neuropil::neuroml;

use super::columns::{Column, Outcome, Proof};
use super::{computed, holds, run};

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

/// NEURON solves the same equations by the same rule, with diameters in single precision: 18.8 µm is off by 4e-8 of itself.
#[test]
fn cells_with_a_shape_run_on_neuron() {
    holds("pynn", "ball and stick", 0.025, 1e-4);
    holds("pynn", "pyramidal cell from SWC, ten channel types and calcium", 0.025, 1e-3);
    holds("pynn", "Tsodyks-Markram synapses", 0.025, 1e-4);
}

/// Joints in the middle of a segment, compartments longer than PyNN's, receptors of PyNN's own and others, plastic synapses, currents
/// in dendrites. A spike is seen at the end of a step there and between steps in neuropil: up to a step for each synapse on the way.
#[test]
fn a_network_of_cells_with_a_shape_runs_on_neuron() {
    match run("pynn", include_str!("../codegen/cables.toml")) {
        Outcome::Absent => {}
        Outcome::Shown(Proof::Computed(found)) => {
            assert!(found.counts.is_empty() && found.spikes == 40, "{found:?}");
            assert!(found.spike_ms <= 4.0 * 0.025 && found.v_rms_mv < 0.25, "{found:?}");
        }
        other => panic!("{other:?}"),
    }
}

/// Synapses and inputs at single cells, as NeuroML's networks list them. NEST has spikes at the ends of steps, where neuropil has those of
/// NeuroML between: each of up to six intervals is up to a step longer.
#[test]
fn single_contacts_of_a_network_run_on_nest() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/codegen/contacts.xml");
    let model = neuroml::read(&path).unwrap().model;
    match Column::named("pynn").unwrap().run_model(&model, path) {
        Outcome::Absent => {}
        Outcome::Shown(Proof::Computed(found)) => {
            assert!(found.counts.is_empty() && found.spikes == 16, "{found:?}");
            assert!(found.spike_ms <= 6.0 * 0.1 && found.v_rms_mv < 0.3, "{found:?}");
        }
        other => panic!("{other:?}"),
    }
}
