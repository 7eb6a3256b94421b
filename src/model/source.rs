//! What the dynamics of a model were made from, for those who write it down.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::lems::{Component, Element, Set};
use crate::library;

/// A component as a document would say it, with all that it stands on beside the NeuroML core types.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Source {
    /// The component.
    pub component: Element,
    /// The components that it refers to, and those that they refer to.
    pub uses: Vec<Element>,
    /// Component types that are not of the core, each after those it extends.
    pub types: Vec<Arc<Element>>,
}

impl Source {
    /// That of `component`, whose types and references are in `set`.
    pub fn of(set: &Set, component: &Component) -> Source {
        let mut gathered = Gathered { set, ids: BTreeSet::new(), types: BTreeSet::new() };
        let mut out = Source { component: set.element(component), ..Source::default() };
        let mut waiting = vec![component];
        while let Some(component) = waiting.pop() {
            gathered.type_of(&component.component_type, &mut out.types);
            for (_, id) in &component.references {
                let found = set.component(id).filter(|_| gathered.ids.insert(id.clone()));
                if let Some(found) = found {
                    out.uses.push(set.element(found));
                    waiting.push(found);
                }
            }
            waiting.extend(&component.children);
        }
        out
    }
}

/// What is known already of a [`Source`].
struct Gathered<'a> {
    set: &'a Set,
    ids: BTreeSet<String>,
    types: BTreeSet<String>,
}

impl Gathered<'_> {
    /// Adds the type `name` and those that it extends, unless the core has them.
    fn type_of(&mut self, name: &str, types: &mut Vec<Arc<Element>>) {
        let Some(found) = self.set.component_type(name) else { return };
        for name in found.bases.iter().rev().map(String::as_str).chain([name]) {
            let Some(found) = self.set.component_type(name) else { continue };
            let core = library::core().ok().and_then(|core| core.component_type(name));
            let is_core = core.is_some_and(|core| alike(&core.written, &found.written));
            if !is_core && self.types.insert(name.to_string()) {
                types.push(Arc::clone(&found.written));
            }
        }
    }
}

/// Whether two elements say the same, wherever they stand.
fn alike(one: &Element, other: &Element) -> bool {
    one.name == other.name
        && one.attributes == other.attributes
        && one.text == other.text
        && one.children.len() == other.children.len()
        && one.children.iter().zip(&other.children).all(|(a, b)| alike(a, b))
}
