//! The LEMS language: reading, checking, flattening, and running what comes out.

#[path = "lems/errors.rs"]
mod errors;
#[path = "lems/flatten.rs"]
mod flatten;
#[path = "lems/models.rs"]
mod models;
#[path = "lems/robust.rs"]
mod robust;

use neuropil::dynamics::Dynamics;
use neuropil::lems::{NoIncludes, Set};

/// A set with the contents of one document.
fn set(body: &str) -> Set {
    let mut set = Set::new();
    set.read_str(&format!("<Lems>\n{body}\n</Lems>"), "test.xml", &NoIncludes)
        .unwrap_or_else(|e| panic!("{e}"));
    set
}

/// What a component of a document flattens to.
fn flat(body: &str, id: &str) -> Dynamics {
    let set = set(body);
    set.flatten(set.component(id).unwrap()).unwrap_or_else(|e| panic!("{e}"))
}

/// What is wrong with a document, or with flattening its component `x`.
fn fault(body: &str) -> String {
    let mut set = Set::new();
    if let Err(error) = set.read_str(&format!("<Lems>\n{body}\n</Lems>"), "test.xml", &NoIncludes) {
        return error.to_string();
    }
    match set.component("x").map(|x| set.flatten(x)) {
        Some(Err(error)) => error.to_string(),
        Some(Ok(_)) => "nothing is wrong".to_string(),
        None => "there is no component x".to_string(),
    }
}

fn names(list: &[neuropil::dynamics::Variable]) -> Vec<&str> {
    list.iter().map(|v| v.name.as_str()).collect()
}
