//! What random choices on a cell depend on.

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
    /// A number for it, unique on one cell.
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

/// What the random places of `what` on cell `cell` depend on. Cells are numbered over the whole
/// model: populations in order, cells in order.
///
/// Whoever evaluates points of a model takes it from here, so that all see the same places.
pub fn draw(seed: u64, cell: u64, what: Use) -> Draw {
    Draw { seed, cell, use_id: what.id() }
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
                seen.extend(uses.map(|what| draw(1, cell, what(index))));
            }
        }
        for (i, one) in seen.iter().enumerate() {
            assert!(!seen[..i].contains(one), "{one:?}");
        }
    }
}
