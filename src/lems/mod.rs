//! The LEMS language: reading component types and components, and flattening a component into a
//! [`Dynamics`](crate::dynamics::Dynamics).
//!
//! The language is that of Cannon et al. 2014 (Front. Neuroinform. 8:79), on which NeuroML 2 stands.
//! This module knows the language and no model: it has no word for a neuron. Three layers, each plain
//! data: elements as written ([`Element`]), component types and components ([`ComponentType`],
//! [`Component`]), flat dynamics.

mod check;
mod component;
mod declare;
mod dynamics;
mod flatten;
mod form;
mod include;
pub mod instances;
mod later;
mod print;
pub mod raw;
mod rows;
mod scan;
mod set;
mod structure;
pub mod types;
mod vocabulary;

pub use component::Component;
pub use include::{Document, Files, NoIncludes, Resolver};
pub use raw::Element;
pub use rows::{Children, Cursor};
pub use set::{Loaded, Set, Survey};
pub use types::ComponentType;
