//! # neuropil
//!
//! A simulator for neurons with real shapes.
//!
//! Modules, lowest first; a module uses only those above it in this list.

pub mod bench;
pub mod cable;
pub mod cli;
pub mod dynamics;
pub mod engine;
pub mod error;
pub mod experiment;
pub mod expr;
pub mod lems;
pub mod library;
pub mod model;
pub mod morph;
pub mod output;
pub mod plot;
pub mod rng;
pub mod select;
pub mod simd;
pub mod units;
pub mod vm;

pub use error::{Error, ErrorKind, Result, Warning};
