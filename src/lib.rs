//! # neuropil
//!
//! A simulator for neurons with real shapes.
//!
//! The same things that the command line does, from a program. An experiment file runs in four lines:
//!
//! ```
//! use std::ops::ControlFlow;
//! use neuropil::{engine, experiment};
//!
//! let experiment = experiment::read("examples/ball_and_stick.toml")?;
//! let mut simulation = engine::Simulation::new(&experiment.model, &engine::Options::default())?;
//! let mut results = engine::Memory::default();
//! simulation.run(&mut results, &mut |_| ControlFlow::Continue(()))?;
//!
//! assert_eq!(results.spikes.len(), 2);
//! assert!((results.spikes[0].time_s * 1e3 - 5.36).abs() < 0.01);
//! assert_eq!(simulation.cell_name(results.spikes[0].cell), "cells[1]");
//! # Ok::<(), neuropil::Error>(())
//! ```
//!
//! A reconstruction can be read, measured, and asked for places:
//!
//! ```
//! use neuropil::morph::{Geometry, swc};
//! use neuropil::select::{Cable, Draw, Points, Region};
//!
//! let reading = swc::read("morphologies/pyramidal_l5.swc")?;
//! let geometry = Geometry::of(&reading.morphology);
//! let cable = Cable::new(&reading.morphology, &geometry);
//!
//! let far: Region = "apical_dendrites & path_distance > 100 um".parse()?;
//! let cover = far.evaluate(&cable)?;
//! assert!(cover.length_um(&geometry) > 5000.0);
//!
//! let points: Points = "random_section(apical_dendrites)".parse()?;
//! let draw = Draw { seed: 1, cell: 0, use_id: 0 };
//! assert_eq!(points.evaluate(&cable, &draw)?, points.evaluate(&cable, &draw)?);
//! # Ok::<(), neuropil::Error>(())
//! ```
//!
//! A model can be built without a file; quantities are in SI units (µm for shapes):
//!
//! ```
//! use std::sync::Arc;
//! use neuropil::engine::{Memory, Options, Simulation};
//! use neuropil::model::{CableCell, CellSet, Density, Model, PopulationCell, Rule, Stimulus};
//! use neuropil::morph::{Morphology, SectionKind, SectionPlan};
//! use neuropil::select::Region;
//!
//! let shape = Morphology::from_sections("ball and stick", &[
//!     SectionPlan::cylinder("soma", SectionKind::Soma, 18.8, 18.8),
//!     SectionPlan::cylinder("dend", SectionKind::BasalDendrite, 500.0, 2.0).on("soma", 0.0),
//! ])?;
//! let soma: Region = "soma".parse()?;
//! let cell = CableCell::new(shape, 0.01, 5.0, -0.06) // F/m², Ω m, V
//!     .cut("dend".parse()?, Rule::PerSection(50))
//!     .with_channel(Density::ohmic("pas", Region::All, 3.0, -0.0543)?) // S/m², V
//!     .with_channel(Density::ohmic("na", soma.clone(), 1200.0, 0.05)?)
//!     .with_channel(Density::ohmic("kdr", soma.clone(), 360.0, -0.077)?);
//!
//! let mut model = Model::new("ball and stick", 0.1, 25e-6, 279.45); // s, s, K
//! let cells = model.add_population("cells", 1, PopulationCell::Cable(Arc::new(cell)));
//! let current = Stimulus::step(cells, CellSet::All, soma.clone().into(), 0.05, 0.15, 0.1e-9)?;
//! model.stimuli.push(current);
//! model.record(cells, soma.clone().into(), &["v", "na.m"], "soma");
//! model.detect_spikes(cells, soma.into(), 0.0);
//!
//! let mut results = Memory::default();
//! Simulation::new(&model, &Options::default())?.run(&mut results, &mut |_| std::ops::ControlFlow::Continue(()))?;
//! assert_eq!(results.spikes.len(), 1);
//! assert!((results.spikes[0].time_s * 1e3 - 52.606).abs() < 0.001);
//! assert_eq!(results.tables[0].len(), 4001 * 3); // time, v, na.m
//! # Ok::<(), neuropil::Error>(())
//! ```
//!
//! Text that an experiment file would hold can be put together in the program:
//!
//! ```
//! use neuropil::experiment;
//!
//! let text = r#"
//!     temperature = "6.3 degC"
//!     run = { duration = "5 ms", dt = "0.025 ms" }
//!     [cell.ball]
//!     morphology = { sections = [{ name = "soma", kind = "soma", length = "20 um", diameter = "20 um" }] }
//!     capacitance = "1 uF/cm2"
//!     axial_resistivity = "100 ohm cm"
//!     discretisation = 1
//!     initial_v = "-65 mV"
//!     channels.na = { on = "all", g = "0.12 S/cm", reversal = "50 mV" }
//!     [population.balls]
//!     cell = "ball"
//! "#;
//! // The density lacks a square: the error says where, what it is, and what it should be.
//! let error = experiment::parse(text, "mine.toml").unwrap_err().to_string();
//! assert!(error.starts_with("mine.toml:10:") && error.contains("conductance density"), "{error}");
//! ```
//!
//! `ARCHITECTURE.md` has the map of the modules and the order in which they stand on each other.

pub mod bench;
pub mod cable;
pub mod cli;
pub mod codegen;
pub mod dynamics;
pub mod engine;
pub mod error;
pub mod experiment;
pub mod expr;
pub mod hardware;
pub mod lems;
pub mod library;
pub mod machine;
pub mod model;
pub mod morph;
pub mod neuroml;
pub mod output;
pub mod plot;
pub mod reduce;
pub mod rng;
pub mod select;
pub mod simd;
pub mod units;
pub mod vm;
pub mod wiring;

pub use error::{Error, ErrorKind, Result, Warning};
