//! A column of the table: a target, and what its tool shows of the code that is made for it.

mod arbor;
mod brian2;
mod chips;
pub mod nestml;
mod neuroml;
mod neuron;
mod nineml;
mod pynn;
pub mod sonata;
mod spinnaker;

use std::path::{Path, PathBuf};

use neuropil::codegen::{self, Generated, Options, Target};
use neuropil::model::Model;

use super::models::Case;
use super::same::Difference;

/// Targets whose tools compute what neuropil computes.
pub const COMPUTING: [Column; 6] = [
    Column { target: Target::Neuron, prove: neuron::prove },
    Column { target: Target::Arbor, prove: arbor::prove },
    Column { target: Target::Brian2, prove: brian2::prove },
    Column { target: Target::PyNn, prove: pynn::prove },
    Column { target: Target::NestMl, prove: nestml::prove },
    Column { target: Target::Sonata, prove: sonata::prove },
];

/// Targets that describe, or whose machines are not at hand.
pub const DESCRIBING: [Column; 6] = [
    Column { target: Target::NeuroMl, prove: neuroml::prove },
    Column { target: Target::NineMl, prove: nineml::prove },
    Column { target: Target::SpiNNaker, prove: spinnaker::prove },
    Column { target: Target::BrainScaleS2, prove: chips::prove },
    Column { target: Target::BrainScaleS1, prove: chips::prove },
    Column { target: Target::Spikey, prove: chips::prove },
];

/// A target, and what its tool shows.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// What code is made for.
    pub target: Target,
    prove: fn(&Code) -> Result<Option<Proof>, String>,
}

/// Code that was made, as a tool gets it.
#[derive(Debug)]
pub struct Code<'a> {
    /// What it was made from.
    pub model: &'a Model,
    /// Where its files are.
    pub folder: &'a Path,
    /// What was made.
    pub made: &'a Generated,
}

/// What a tool shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Proof {
    /// It computed: how far its results are from neuropil's.
    Computed(Difference),
    /// It does not compute; what it found right.
    Checked(String),
}

/// What became of a model.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The tool shows this.
    Shown(Proof),
    /// The code lacks something: what, and what the tool shows of the rest.
    Lossy(String, Proof),
    /// There is no code: why.
    Refused(String),
    /// The tool fails on the code: what it said.
    Failed(String),
    /// The tool or the model can't be had.
    Absent,
}

impl Column {
    /// The column of a target's name.
    pub fn named(name: &str) -> Option<Column> {
        COMPUTING.into_iter().chain(DESCRIBING).find(|column| column.target.name() == name)
    }

    /// Makes code of a case and gives it to the tool.
    pub fn run(&self, case: Case) -> Outcome {
        match case.model() {
            Some((model, origin)) => self.run_model(&model, origin),
            None => Outcome::Absent,
        }
    }

    /// Makes code of a model, which was read from `origin`, and gives it to the tool.
    pub fn run_model(&self, model: &Model, origin: PathBuf) -> Outcome {
        let options = Options { origin, ..Options::default() };
        let refused = match codegen::generate(model, self.target, &options) {
            Ok(made) => {
                return match self.prove(model, &made) {
                    Ok(Some(proof)) => Outcome::Shown(proof),
                    Ok(None) => Outcome::Absent,
                    Err(said) => Outcome::Failed(said),
                };
            }
            Err(error) => error.to_string(),
        };
        // What is left without what the target can't say.
        let made = match codegen::generate(model, self.target, &Options { lossy: true, ..options }) {
            Ok(made) if has_populations(model, &made) => made,
            _ => return Outcome::Refused(refused),
        };
        match self.prove(model, &made) {
            Ok(Some(proof)) => Outcome::Lossy(made.lost.join("\n"), proof),
            Ok(None) => Outcome::Absent,
            Err(_) => Outcome::Refused(refused),
        }
    }

    fn prove(&self, model: &Model, made: &Generated) -> Result<Option<Proof>, String> {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let folder = folder.path().join("made");
        codegen::write(made, &folder).map_err(|e| e.to_string())?;
        (self.prove)(&Code { model, folder: &folder, made })
    }
}

/// Whether all populations of the model are in the code. Where one is lost, that is no model any more.
fn has_populations(model: &Model, made: &Generated) -> bool {
    let texts: Vec<_> = made.files.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes)).collect();
    let is_there = |name: &str| texts.iter().any(|text| text.contains(&format!("\"{name}\"")));
    model.populations.iter().all(|population| is_there(&population.name))
}
