//! Whatever an experiment file holds, reading it ends with a model or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // Names of files are taken from the text: none that lies elsewhere is of interest here.
    if !text.contains(".swc") && !text.contains("library") {
        let _ = neuropil::experiment::parse(text, "fuzz.toml");
    }
});
