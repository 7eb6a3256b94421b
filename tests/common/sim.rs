//! Runs of the engine from the text of an experiment.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use neuropil::engine::{Memory, Options, Simulation, Spike, Table};
use neuropil::experiment;
use neuropil::model::Model;

/// What a run left.
#[derive(Debug, Clone)]
pub struct Run {
    /// What the tables are.
    pub tables: Vec<Table>,
    /// Samples and spikes.
    pub memory: Memory,
}

/// The model that `text` says; files that it names are looked up in the package's folder.
pub fn model(text: &str) -> Model {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("test.toml");
    experiment::parse(text, here).unwrap_or_else(|e| panic!("{e}\n{text}")).model
}

/// Runs `text` on one thread.
pub fn run(text: &str) -> Run {
    run_model(&model(text), &Options { threads: 1, ..Options::default() })
}

/// Runs `model`.
pub fn run_model(model: &Model, options: &Options) -> Run {
    let mut simulation = Simulation::new(model, options).unwrap_or_else(|e| panic!("{e}"));
    let mut memory = Memory::default();
    let go_on = &mut |_: &_| ControlFlow::Continue(());
    if let Err(e) = simulation.run(&mut memory, go_on) {
        let last = memory.tables.iter().map(|t| &t[t.len().saturating_sub(60)..]);
        panic!("{e}; last samples {:?}", last.collect::<Vec<_>>());
    }
    Run { tables: simulation.tables().to_vec(), memory }
}

impl Run {
    /// The times of table `file`, ms.
    pub fn times_ms(&self, file: &str) -> Vec<f64> {
        self.raw(file, 0).iter().map(|t| t * 1e3).collect()
    }

    fn raw(&self, file: &str, column: usize) -> Vec<f64> {
        let at = self.tables.iter().position(|t| t.file == file);
        let at = at.unwrap_or_else(|| panic!("no table {file}"));
        let width = self.tables[at].columns.len() + 1;
        self.memory.tables[at].chunks_exact(width).map(|row| row[column]).collect()
    }

    /// The names of the columns of table `file`.
    pub fn names(&self, file: &str) -> Vec<&str> {
        let table = self.tables.iter().find(|t| t.file == file);
        table.unwrap().columns.iter().map(|c| c.name.as_str()).collect()
    }

    /// The column `name` of table `file`, SI.
    pub fn column(&self, file: &str, name: &str) -> Vec<f64> {
        let names = self.names(file);
        let at = names.iter().position(|n| *n == name);
        self.raw(file, 1 + at.unwrap_or_else(|| panic!("no column {name}, but {names:?}")))
    }

    /// The same times `factor`.
    pub fn scaled(&self, file: &str, name: &str, factor: f64) -> Vec<f64> {
        self.column(file, name).iter().map(|x| x * factor).collect()
    }

    /// The spikes of cell `cell` of the model, ms.
    pub fn spikes_ms(&self, cell: u32) -> Vec<f64> {
        let own = self.memory.spikes.iter().filter(|s: &&Spike| s.cell == cell);
        own.map(|s| s.time_s * 1e3).collect()
    }
}

/// The greatest difference.
pub fn worst(got: &[f64], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len(), "numbers of samples differ");
    got.iter().zip(want).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// A file of the corpus, if the corpus is here.
pub fn corpus(file: &str) -> Option<PathBuf> {
    let corpus = std::env::var("NEUROPIL_CORPUS").unwrap_or("../shared/corpus".into());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(corpus).join(file);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not here", path.display());
    None
}
