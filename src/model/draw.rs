//! What random places depend on.

use crate::select::Draw;

/// What points on a cell are for. Different uses draw different random places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Use {
    /// Synapse of this index in the cell's list.
    Synapse(usize),
    /// Stimulus of this index in the model.
    Stimulus(usize),
    /// Recording of this index in the model.
    Recording(usize),
    /// Where the cell's spikes are detected.
    SpikeDetector,
}

/// What the random places of `what` on cell `cell` of population `population` depend on.
///
/// Whoever evaluates points of a model takes it from here, so that all see the same places. Neither
/// the sizes of other populations nor the number of other uses matter.
pub fn draw(seed: u64, population: usize, cell: usize, what: Use) -> Draw {
    let (kind, index) = match what {
        Use::Synapse(index) => (1, index),
        Use::Stimulus(index) => (2, index),
        Use::Recording(index) => (3, index),
        Use::SpikeDetector => (4, 0),
    };
    let join = |high: u64, low: usize| high << 40 | low as u64;
    Draw { seed, cell: join(population as u64, cell), use_id: join(kind, index) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_use_on_every_cell_draws_for_itself() {
        let mut seen = Vec::new();
        for population in 0..3 {
            for cell in 0..3 {
                for index in 0..3 {
                    let uses = [Use::Synapse(index), Use::Stimulus(index), Use::Recording(index)];
                    seen.extend(uses.map(|what| draw(1, population, cell, what)));
                }
                seen.push(draw(1, population, cell, Use::SpikeDetector));
            }
        }
        for (i, one) in seen.iter().enumerate() {
            assert!(!seen[..i].contains(one), "{one:?}");
        }
    }
}
