//! NineML: classes, components, projections, and what it has no words for.

use super::{generate, golden, refusal};

/// Cells of two kinds, given spikes, drawn weights and delays.
const NETWORK: &str = include_str!("../roundtrip/nineml_network.toml");

#[test]
fn a_network() {
    golden("nineml", &generate(NETWORK, "nineml", false).unwrap());
}

#[test]
fn what_nineml_has_no_words_for_is_named() {
    let stimulus = "[[stimulus]]\nname = \"pulse\"\nkind = \"step\"\npopulation = \"first\"\nstart = \"1 ms\"\nstop = \"9 ms\"\namplitude = \"0.1 nA\"\n";
    let error = refusal(&format!("{NETWORK}{stimulus}"), "nineml");
    assert!(error.contains("stimulus 'pulse'"), "{error}");
    let plastic = "plasticity = { rule = \"stdp_additive\", w_max = \"30 nS\" }\n";
    let error = refusal(&format!("{NETWORK}{plastic}"), "nineml");
    assert!(error.contains("projection 'on'") && error.contains("choice"), "{error}");
}
