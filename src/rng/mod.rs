//! Random numbers by counter: the value drawn depends on *what* is drawn, never on the order,
//! on threads or on what was drawn before.
//!
//! A [`Stream`] is named by a seed, a [`Purpose`] and two indices (which cell, which synapse, which
//! selection). Two streams of different names are independent, and the same name gives the same
//! numbers on every machine. Inside a stream numbers are taken in sequence ([`Stream::uniform`],
//! [`Stream::normal`], …) or at any index without state ([`Stream::uniform_at`],
//! [`Stream::normal_at`], [`Stream::block`]).
//!
//! ```
//! use neuropil::rng::{Purpose, Stream};
//!
//! let cell = 17;
//! let mut stream = Stream::new(42, Purpose::InitialValue, [cell, 0]);
//! let v = -65.0 + 2.0 * stream.normal();
//! assert_eq!(v, -65.0 + 2.0 * Stream::new(42, Purpose::InitialValue, [cell, 0]).normal());
//! ```
//!
//! The generator is Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy
//! as 1, 2, 3", SC 2011). All functions used on top of it (logarithm, cosine) come from the `libm`
//! crate, so that numbers are equal across platforms.

mod distribution;
mod draw;
mod philox;

pub use distribution::Distribution;
pub use philox::philox4x32;

use std::convert::Infallible;

/// What a stream of random numbers is for: streams of different purpose share no numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u32)]
pub enum Purpose {
    /// Where something is placed on a cell. Indices: cell, use.
    Location = 1,
    /// Noise that is injected step by step. Indices: cell, input.
    Noise = 2,
    /// Which cells are connected. Indices: projection, cell.
    Connection = 3,
    /// Values of parameters. Indices: cell, parameter.
    Parameter = 4,
    /// Values of variables at the start. Indices: cell, variable.
    InitialValue = 5,
    /// A stochastic process inside a mechanism (`random()` in its equations). Indices: cell,
    /// instance.
    Process = 6,
    /// Spike times of a random source. Indices: population, cell.
    SpikeSource = 7,
    /// Positions of cells in space, or shapes that are grown. Indices: population, cell.
    Structure = 8,
    /// Weights of connections. Indices: projection and source, target.
    Weight = 10,
    /// Delays of connections. Indices: projection and source, target.
    Delay = 11,
    /// Which of the contacts of a cell a connection takes. Indices: projection and source, target.
    Contact = 12,
    /// Parameters of connections. Indices: projection, parameter and source, target.
    ConnectionParameter = 13,
    /// What connections draw. Indices: projection and source, target.
    ConnectionProcess = 14,
    /// Anything a test or a tool draws for itself. Indices: free.
    Other = 9,
}

/// A stream of random numbers: [`Philox4x32-10`](philox4x32) under a key made of seed, purpose and
/// two indices.
///
/// Cheap to make (three Philox blocks), 48 bytes, 2⁶⁴ blocks of 128 bits long. Use one stream for
/// one thing: the sequential and the indexed access read the same numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    key: [u32; 2],
    high: [u32; 2],
    /// Position of the next 32-bit word.
    position: u64,
    /// The block that `position` is in, valid unless `position` is a multiple of 4.
    current: [u32; 4],
}

impl Stream {
    /// The stream of `seed` for `purpose` and the indices `key`, at its start.
    ///
    /// For one seed and purpose, distinct indices give distinct streams for certain (Philox is a
    /// bijection of the counter); otherwise a coincidence has probability 2⁻¹²⁸.
    pub fn new(seed: u64, purpose: Purpose, key: [u64; 2]) -> Stream {
        let [a, b, ..] = philox4x32([purpose as u32, 0, 0, 0], halves(seed));
        let ([k0, k1], [k2, k3]) = (halves(key[0]), halves(key[1]));
        let [c, d, e, f] = philox4x32([k0, k1, k2, k3], [a, b]);
        Stream { key: [c, d], high: [e, f], position: 0, current: [0; 4] }
    }

    /// The 128 random bits at block `index`. Costs one Philox block and has no state.
    pub fn block(&self, index: u64) -> [u32; 4] {
        let [low, high] = halves(index);
        philox4x32([low, high, self.high[0], self.high[1]], self.key)
    }

    /// The Philox key and the upper two words of its counter, for kernels that generate many blocks
    /// at once: block `i` is Philox of the counter `(i low, i high, upper[0], upper[1])`.
    pub fn state(&self) -> ([u32; 2], [u32; 2]) {
        (self.key, self.high)
    }

    /// The position in the sequence, in 32-bit words from the start.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Moves to `position` in 32-bit words from the start, as [`Stream::position`] gave it.
    pub fn seek(&mut self, position: u64) {
        self.position = position;
        if !position.is_multiple_of(4) {
            self.current = self.block(position / 4);
        }
    }

    fn word(&mut self) -> u32 {
        let at = (self.position % 4) as usize;
        if at == 0 {
            self.current = self.block(self.position / 4);
        }
        self.position = self.position.wrapping_add(1);
        self.current[at]
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        let low = self.word();
        join([low, self.word()])
    }
}

/// So that distributions and sequence functions of the `rand` family can draw from a stream.
impl rand::TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.word())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.bits())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(4) {
            let word = self.word().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

fn halves(x: u64) -> [u32; 2] {
    [x as u32, (x >> 32) as u32]
}

fn join([low, high]: [u32; 2]) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn sequence_and_blocks_agree_and_seeking_resumes() {
        let mut stream = Stream::new(7, Purpose::Other, [1, 2]);
        let words: Vec<u32> = (0..40).map(|_| stream.next_u32()).collect();
        for (i, block) in words.chunks(4).enumerate() {
            assert_eq!(block, stream.block(i as u64));
        }
        for start in 0..40 {
            stream.seek(start as u64);
            let rest: Vec<u32> = (start..40).map(|_| stream.next_u32()).collect();
            assert_eq!(rest, words[start..]);
        }
        let mut bytes = [0; 10];
        stream.seek(0);
        stream.fill_bytes(&mut bytes);
        assert_eq!(bytes[4..8], words[1].to_le_bytes());
        assert_eq!(bytes[8..], words[2].to_le_bytes()[..2]);
    }

    #[test]
    fn every_part_of_the_name_matters() {
        let first = |seed, purpose, key| Stream::new(seed, purpose, key).bits();
        let base = first(1, Purpose::Noise, [3, 4]);
        let mut all = vec![
            base,
            first(2, Purpose::Noise, [3, 4]),
            first(1 << 32, Purpose::Noise, [3, 4]),
            first(1, Purpose::Location, [3, 4]),
            first(1, Purpose::Noise, [4, 3]),
            first(1, Purpose::Noise, [3 << 32, 4]),
            first(1, Purpose::Noise, [3, 4 << 32]),
        ];
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 7);
        assert_eq!(base, first(1, Purpose::Noise, [3, 4]));
    }

    /// Results of published runs hang on these numbers: they must never change.
    #[test]
    fn the_numbers_are_pinned() {
        let mut stream = Stream::new(42, Purpose::Location, [0, 0]);
        assert_eq!(stream.bits(), PINNED_BITS);
        assert_eq!(stream.normal().to_bits(), PINNED_NORMAL);
    }
    const PINNED_BITS: u64 = 10_689_699_867_621_657_121;
    const PINNED_NORMAL: u64 = 4_599_331_631_032_080_757;
}
