//! NESTML: neurons, plastic synapses, and what it has no words for.

use super::{generate, golden, refusal};

const NETWORK: &str = include_str!("../roundtrip/nineml_network.toml");

#[test]
fn a_network() {
    golden("nestml", &generate(NETWORK, "nestml", false).unwrap());
}

#[test]
fn cells_with_a_shape_are_refused_by_name() {
    let text = r#"
run = { duration = "1 ms", dt = "0.1 ms" }
[cell.ball]
morphology = { sections = [{ name = "soma", kind = "soma", length = "20 um", diameter = "20 um" }] }
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
discretisation = 1
initial_v = "-65 mV"
spike = { at = "soma", threshold = "0 mV" }
[cell.ball.channels]
pas = { on = "all", g = "0.3 mS/cm2", reversal = "-54.3 mV" }
[population.balls]
cell = "ball"
"#;
    let error = refusal(text, "nestml");
    assert!(error.contains("balls"), "{error}");
}
