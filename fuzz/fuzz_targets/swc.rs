//! Whatever an SWC file holds, reading it ends with a cell or an error, and what was read can be
//! measured and written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neuropil::morph::{Metrics, swc};

fuzz_target!(|data: &[u8]| {
    if let Ok(reading) = swc::read_str(data, "fuzz.swc") {
        let _ = Metrics::of(&reading);
        let (text, _) = swc::to_text(&reading.morphology);
        let again = swc::read_str(text, "again.swc").expect("what was written can be read");
        assert_eq!(again.morphology.sections.is_empty(), reading.morphology.sections.is_empty());
    }
});
