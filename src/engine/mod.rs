//! The engine.

mod bind;
mod build;
mod catalog;
mod events;
mod group;
mod lower;
mod members;
mod plan;
