//! A catalogue, cells and a recipe for Arbor.

use super::neuron::{POINTS, SHAPED};
use super::{generate, golden, refusal};

#[test]
fn cells_with_a_shape_for_arbor() {
    // Arbor's probes see states, no currents.
    let shaped = SHAPED.replace("\"Iₕ.i\", ", "");
    golden("arbor_shaped", &generate(&shaped, "arbor", false).unwrap());
}

#[test]
fn what_arbor_lacks_is_refused_by_name_or_listed() {
    let error = refusal(SHAPED, "arbor");
    assert!(error.contains("Iₕ.i") && error.contains("lambda"), "{error}");
    let error = refusal(POINTS, "arbor");
    assert!(error.contains("cells without a shape") && error.contains("first"), "{error}");
    let clamp = SHAPED
        .replace("\"Iₕ.i\", ", "")
        .replace("kind = \"step\"", "kind = \"voltage_clamp\"")
        .replace("amplitude = \"0.5 nA\"", "voltage = \"-40 mV\"\nseries_resistance = \"1 Mohm\"");
    let error = refusal(&clamp, "arbor");
    assert!(error.contains("gives a mechanism no 't'"), "{error}");
    let made = generate(&clamp, "arbor", true).unwrap();
    assert!(made.lost.len() == 1 && made.lost[0].contains("voltage_clamp"), "{:?}", made.lost);
}
