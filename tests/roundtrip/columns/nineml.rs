//! The nineml library reads what is written, checks structure, references, ports and the dimensions of every expression, writes
//! it again, and reads that as the same.

use super::{Code, Proof};
use crate::tools::Tool;

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
document = nineml.read("./" + sys.argv[1])
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
print(len(elements))
"#;

/// # Errors
/// What the library finds wrong.
pub fn prove(code: &Code) -> Result<Option<Proof>, String> {
    let Some(tool) = NINEML.environment() else { return Ok(None) };
    let mut files = code.made.files.iter().filter_map(|(path, _)| path.to_str());
    let document = files.rfind(|name| name.ends_with(".xml")).ok_or("there is no document")?;
    let elements = tool.run("python", &["-c", SCRIPT, document], code.folder)?;
    Ok(Some(Proof::Checked(format!("read, checked and written again ({} elements)", elements.trim()))))
}
