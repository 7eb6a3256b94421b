//! The engine.

mod lower;
