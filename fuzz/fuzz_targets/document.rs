//! Whatever a LEMS or NeuroML document holds, reading it on top of the core types ends with components
//! or an error, and each component becomes flat dynamics or an error.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use neuropil::lems::{Document, NoIncludes, Resolver};
use neuropil::{Result, library};

/// The core types, and nothing from the file system.
struct BuiltIn;

impl Resolver for BuiltIn {
    fn find(&self, from: &Path, href: &str) -> Result<Document> {
        let resolver = library::resolver();
        let built_in = resolver.built_in.iter().any(|(name, _)| *name == href);
        if built_in { resolver.find(from, href) } else { NoIncludes.find(from, href) }
    }
}

fuzz_target!(|text: &str| {
    let mut set = library::core().expect("the core types").clone();
    let known = set.components().count();
    if set.read_str(text, "fuzz.nml", &BuiltIn).is_ok() {
        for component in set.components().skip(known) {
            let _ = set.flatten(component);
        }
    }
});
