//! Whatever bytes an XML file holds, reading it ends with an element or an error.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use neuropil::lems::{Element, raw};

/// Most elements, attributes and text that `length` bytes may give: nothing grows by being read.
fn size(element: &Element) -> usize {
    let own = element.name.len()
        + element.text.len()
        + element.attributes.iter().map(|a| a.name.len() + a.value.len()).sum::<usize>();
    own + element.children.iter().map(size).sum::<usize>()
}

fuzz_target!(|data: &[u8]| {
    let file = Path::new("fuzz.xml");
    if let Ok(text) = raw::decode(data.to_vec(), file)
        && let Ok(root) = raw::parse(&text, file)
    {
        assert!(size(&root) <= 2 * data.len(), "the document grew");
    }
});
