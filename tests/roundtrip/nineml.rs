//! The nineml library reads what is written, checks structure, references, ports and the dimensions of every expression, writes
//! it again, and reads that as the same.

use std::fs;

use super::generate;
use super::tools::Tool;

const NINEML: Tool = Tool { name: "nineml", requirements: "nineml==1.0.1\nsympy==1.14.0\n", programs: &[] };

/// The library is older than its Python: names that have moved since are given back to it.
const SCRIPT: &str = r#"
import collections, collections.abc, sys
for name in collections.abc.__all__:
    if not hasattr(collections, name):
        setattr(collections, name, getattr(collections.abc, name))
import sympy, sympy.core.numbers
if not hasattr(sympy, "numbers"):
    sympy.numbers = sympy.core.numbers
import nineml
document = nineml.read("./model.xml")
elements = list(document.elements)
for element in elements:
    if hasattr(element, "validate"):
        element.validate()
nineml.write("./again.xml", document)
again = {element.name: element for element in nineml.read("./again.xml").elements}
def said(element):
    """Its values: in which file the library found its class is not part of it."""
    kind = type(element).__name__
    if kind == "Population":
        return int(element.size), element.cell.name
    if kind == "Projection":
        parts = element.pre, element.post, element.response, element.plasticity
        return [part.name for part in parts], str(element.delay)
    if not hasattr(element, "properties"):
        return element
    return sorted((p.name, str(p.value), p.units.name) for p in element.properties)
different = [e.name for e in elements if said(again[e.name]) != said(e)]
assert not different, different
print("read", len(elements))
"#;

const NETWORK: &str = include_str!("nineml_network.toml");

#[test]
fn the_library_reads_checks_and_writes_it_again() {
    let Some(tool) = NINEML.environment() else { return };
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made");
    generate(NETWORK, "nineml", &made);
    fs::write(made.join("check.py"), SCRIPT).unwrap();
    let said = tool.run("python", &["check.py"], &made);
    assert!(said.contains("read 3"), "{said}");
}
