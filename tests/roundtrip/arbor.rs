//! Arbor builds the catalogue, runs the recipe, and finds what neuropil finds.

use neuropil::codegen::{self, Options, Target};

use super::models::Case;
use super::same::{Difference, difference};
use super::tools::Tool;

const ARBOR: Tool = Tool {
    name: "arbor",
    requirements: "arbor==0.12.2\nnumpy==2.3.5\n",
    programs: &[("make", "make"), ("cmake", "cmake"), ("c++", "g++")],
};

/// Runs a case; `None` if Arbor or the case is not there.
///
/// # Errors
/// Why there is no code for it.
pub fn run(case: Case) -> Option<Result<Difference, String>> {
    let (model, origin) = case.model()?;
    let options = Options { origin, ..Options::default() };
    let made = match codegen::generate(&model, Target::Arbor, &options) {
        Ok(made) => made,
        Err(error) => return Some(Err(error.to_string())),
    };
    let environment = ARBOR.environment()?;
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("arbor");
    codegen::write(&made, &out).unwrap();
    environment.run("arbor-build-catalogue", &["model", "mod"], &out);
    environment.run("python", &["run.py"], &out);
    Some(Ok(difference(&model, &out.join("results"))))
}

#[test]
fn ball_and_stick_spikes_when_it_should() {
    let Some(result) = run(Case::named("ball and stick")) else { return };
    let found = result.unwrap();
    println!("{found:?}");
    assert!(found.counts.is_empty() && found.spikes == 2, "{found:?}");
    // Thresholds are interpolated in both. Arbor's cnexp takes (1 + a dt/2)/(1 - a dt/2) for the exponential, which
    // is of second order: a few tenths of a mV in the upstroke.
    assert!(found.spike_ms <= 0.002, "{found:?}");
    assert!(found.v_mv <= 0.3, "{found:?}");
}
