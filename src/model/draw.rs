//! What random choices on a cell depend on.

use super::Model;
use crate::select::Draw;

/// What random numbers on a cell are for: no two uses share any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Use {
    /// Synapse of this index in the cell's list.
    Synapse(usize),
    /// Stimulus of this index in the model.
    Stimulus(usize),
    /// Recording of this index in the model.
    Recording(usize),
    /// Spike detector of this index in the model.
    SpikeDetector(usize),
    /// Attachments of this index in the model.
    Attachments(usize),
}

impl Use {
    /// A number for it, unique on one cell if the index counts what is on that cell.
    pub fn id(self) -> u64 {
        let (kind, index) = match self {
            Use::Synapse(index) => (0, index),
            Use::Stimulus(index) => (1, index),
            Use::Recording(index) => (2, index),
            Use::SpikeDetector(index) => (3, index),
            // The last kind: its numbers may go on without an end.
            Use::Attachments(index) => (4, index),
        };
        (kind << 20) + index as u64
    }
}

/// A number for the name of a population or a projection (FNV-1a, 64 bits): random choices are keyed by it, so that they
/// do not depend on what else is in the model.
pub fn name_key(name: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    name.bytes().fold(0xCBF2_9CE4_8422_2325, step)
}

/// The number by which random choices on cell `index` of population `name` are keyed. It does not depend on what other
/// populations there are.
pub fn cell_key(name: &str, index: usize) -> u64 {
    name_key(name).wrapping_add(index as u64)
}

/// What the random choices on the cells of a model depend on: the seed, the name of a population, the index of a cell in it,
/// and what they are for, which is counted population by population. So nothing depends on the order in which unrelated
/// populations, stimuli and recordings are declared.
///
/// Whoever evaluates points of a model takes it from here, so that all see the same places.
#[derive(Debug, Clone)]
pub struct Draws {
    seed: u64,
    /// The key of the first cell of each population.
    cells: Vec<u64>,
    /// For stimuli, recordings, spike detectors and attachments: the number among those of the same population.
    ranks: [Vec<usize>; 4],
}

impl Draws {
    /// Those of `model`.
    pub fn of(model: &Model) -> Draws {
        let n = model.populations.len();
        let ranks = |populations: &mut dyn Iterator<Item = usize>| {
            let mut counts = vec![0; n];
            let mut rank = |population: usize| {
                let Some(count) = counts.get_mut(population) else { return 0 };
                *count += 1;
                *count - 1
            };
            populations.map(&mut rank).collect::<Vec<usize>>()
        };
        Draws {
            seed: model.seed,
            cells: model.populations.iter().map(|population| cell_key(&population.name, 0)).collect(),
            ranks: [
                ranks(&mut model.stimuli.iter().map(|s| s.population)),
                ranks(&mut model.recordings.iter().map(|r| r.population)),
                ranks(&mut model.spike_detectors.iter().map(|d| d.population)),
                ranks(&mut model.attachments.iter().map(|a| a.population)),
            ],
        }
    }

    /// The key of cell `index` of population `population`.
    pub fn cell(&self, population: usize, index: usize) -> u64 {
        self.cells.get(population).copied().unwrap_or_default().wrapping_add(index as u64)
    }

    /// The number of a use, unique on one cell; stimuli and the like have their index in the model.
    pub fn use_id(&self, what: Use) -> u64 {
        let rank = |list: usize, index: usize| self.ranks[list].get(index).copied().unwrap_or(index);
        match what {
            Use::Synapse(index) => Use::Synapse(index),
            Use::Stimulus(index) => Use::Stimulus(rank(0, index)),
            Use::Recording(index) => Use::Recording(rank(1, index)),
            Use::SpikeDetector(index) => Use::SpikeDetector(rank(2, index)),
            Use::Attachments(index) => Use::Attachments(rank(3, index)),
        }
        .id()
    }

    /// What the random places of `what` on cell `index` of population `population` depend on.
    pub fn at(&self, (population, index): (usize, usize), what: Use) -> Draw {
        Draw { seed: self.seed, cell: self.cell(population, index), use_id: self.use_id(what) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_use_on_every_cell_draws_for_itself() {
        let mut seen = Vec::new();
        for cell in 0..4 {
            for index in 0..3 {
                let uses =
                    [Use::Synapse, Use::Stimulus, Use::Recording, Use::SpikeDetector, Use::Attachments];
                seen.extend(uses.map(|what| (cell, what(index).id())));
            }
        }
        for (i, one) in seen.iter().enumerate() {
            assert!(!seen[..i].contains(one), "{one:?}");
        }
    }
}
