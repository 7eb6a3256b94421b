//! Whatever a LEMS or NeuroML document holds, reading it on top of the core types ends with components
//! or an error, each component becomes flat dynamics or an error, and what the target asks for becomes
//! a simulation that steps, or an error.
#![no_main]

use std::ops::ControlFlow;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use neuropil::engine::{self, Options, Sink, Spike};
use neuropil::lems::{Document, NoIncludes, Resolver};
use neuropil::model::Model;
use neuropil::{Result, library, neuroml};

/// The core types, and nothing from the file system.
struct BuiltIn;

impl Resolver for BuiltIn {
    fn find(&self, from: &Path, href: &str) -> Result<Document> {
        let resolver = library::resolver();
        let built_in = resolver.built_in.iter().any(|(name, _)| *name == href);
        if built_in { resolver.find(from, href) } else { NoIncludes.find(from, href) }
    }
}

/// Keeps nothing.
struct Nowhere;

impl Sink for Nowhere {
    fn samples(&mut self, _: usize, _: &[f64]) -> Result<()> {
        Ok(())
    }

    fn spikes(&mut self, _: &[Spike]) -> Result<()> {
        Ok(())
    }
}

/// Whether `text` has no number from which something large could be made: a million cells are no fault.
fn modest(text: &str) -> bool {
    let part = |c: char| c.is_ascii_digit() || matches!(c, 'e' | 'E' | '+' | '-' | '.');
    let numbers = text.split(|c| !part(c)).filter(|word| word.contains(|c: char| c.is_ascii_digit()));
    numbers.filter_map(|word| word.parse().ok()).all(|number: f64| number.abs() <= 1000.0)
}

fn steps(mut model: Model) {
    model.run.duration_s = 3.0 * model.run.dt_s;
    let options = Options { threads: 1, ..Options::default() };
    if let Ok(mut simulation) = engine::Simulation::new(&model, &options) {
        let _ = simulation.run(&mut Nowhere, &mut |_| ControlFlow::Continue(()));
    }
}

fuzz_target!(|text: &str| {
    let core = library::core().expect("the core types");
    let mut set = core.clone();
    let known = set.components().count();
    if set.read_str(text, "fuzz.nml", &BuiltIn).is_ok() {
        for component in set.components().skip(known) {
            let _ = set.flatten(component);
        }
    }
    if modest(text) && let Ok(simulation) = neuroml::read_str(text, "fuzz.nml", &BuiltIn) {
        steps(simulation.model);
    }
});
