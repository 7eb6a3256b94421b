//! The tree solver: one voltage per node from the cable equation's matrix, in time linear in the nodes.
//!
//! For every node `i` with parent `p` and children `c`
//!
//! ```text
//! d_i v_i - g_i v_p - sum_c g_c v_c = rhs_i
//! ```
//!
//! The matrix is symmetric with the pattern of a forest; elimination from the leaves fills nothing in
//! (Hines, Int J Bio-Med Comput 15:69, 1984):
//!
//! ```text
//! leaves to roots    s = 1/d_i    f_i = g_i s    y_i = rhs_i s
//!                    d_p = d_p - s g_i²          rhs_p = rhs_p + f_i rhs_i
//! roots to leaves    v_i = y_i + f_i v_p
//! ```
//!
//! Positions are worked through strictly from last to first, so the children of a node act on it in one
//! order, whatever group the cell is in; with the same fused operations for all vector widths the
//! result of a cell has the same bits in every group and on every machine.
//!
//! `d_p` is updated with `s g²` and not `f g`: one operation less between one division and the next.
//!
//! In a long unbranched run even so each division waits for the one before. Cells that consist of little
//! else have *chains*: there the diagonal is kept as a quotient `d = n/m`, and as the node has one child
//! only,
//!
//! ```text
//! n_p = d_p n_i - g_i² m_i       m_p = n_i       s = m_i / n_i
//! ```
//!
//! which is the recurrence of leading minors that Sturm sequences use (Wilkinson, The Algebraic
//! Eigenvalue Problem, 1965, ch. 5), as backward stable as elimination; divisions follow one another
//! without waiting. Every eighth node starts anew with `m = 1`, so nothing leaves the range of
//! numbers for diagonals from 1e-38 to 1e38. Which nodes are chains is a matter of the cell alone.

mod batches;
mod kernels;

use crate::cable::order::{Forest, NO_PARENT, NO_PHASE};
use crate::error::{Error, ErrorKind, Result};
use crate::simd::Level;
use crate::vm::Arena;
use batches::{Batch, Mode};

/// Where the arrays of a solve start in the arena; each has one number per position of the forest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrays {
    /// Diagonal, S. Destroyed, except at nodes with constant factors.
    pub d: usize,
    /// Right-hand side, A; after the solve the solution, V.
    pub rhs: usize,
    /// Conductance to the parent, S; 0 at roots. Only read.
    pub g: usize,
    /// Working memory of the solver: factors `f`. Constant ones must survive from step to step.
    pub f: usize,
    /// Working memory of the solver: `1/d` of the nodes with constant factors, which must survive; `m` of
    /// those in chains.
    pub inverse: usize,
}

/// The solver of one group of cells.
///
/// What holds of every value of this type, and what the kernels rely on: the five arrays lie, with all
/// positions, inside an arena of `arena_len` and do not overlap; the batches cover the positions from 0
/// without gaps; the parents of a batch lie where [`batches`] says.
#[derive(Debug, Clone)]
pub struct Hines {
    batches: Vec<Batch>,
    parent: Vec<u32>,
    constant: Vec<bool>,
    linked: Vec<bool>,
    arrays: Arrays,
    arena_len: usize,
}

impl Hines {
    /// The solver of `forest` on `arrays` in an arena of `arena_len` numbers.
    ///
    /// `constant[i]` says that the diagonal at position `i` does not change with time (a passive
    /// compartment without time-dependent conductance); shorter lists end in `false`. Where this
    /// holds for a whole subtree its factors are computed once, by [`Hines::factor`], and a step
    /// updates only the right-hand side.
    ///
    /// # Errors
    ///
    /// Arrays outside the arena or overlapping.
    pub fn new(forest: &Forest, constant: &[bool], arrays: Arrays, arena_len: usize) -> Result<Hines> {
        let n = forest.len();
        let mut starts = [arrays.d, arrays.rhs, arrays.g, arrays.f, arrays.inverse];
        starts.sort_unstable();
        let apart = starts.windows(2).all(|pair| pair[1] - pair[0] >= n);
        if !apart || arena_len >= 1 << 31 || arena_len.checked_sub(starts[4]).is_none_or(|rest| rest < n) {
            return Err(Error::new(
                ErrorKind::Value,
                format!("arrays of {n} nodes at {starts:?} overlap or reach beyond {arena_len}"),
            ));
        }
        let nodes = Nodes::new(forest, constant);
        let batches = batches::of(&nodes);
        let parent = forest.parents().to_vec();
        let Nodes { constant, linked, .. } = nodes;
        Ok(Hines { batches, parent, constant, linked, arrays, arena_len })
    }

    /// Whether the factors of each position are constant: the diagonals of its whole subtree are, and it
    /// does not share a piece of a chain with one whose are not.
    pub fn constant(&self) -> &[bool] {
        &self.constant
    }

    /// Computes the constant factors from the present `d` and `g`: at the start, and whenever a
    /// "constant" diagonal has changed after all (another time step). Changes neither `d` nor `rhs`.
    ///
    /// # Panics
    ///
    /// If `arena` is not of the length given to [`Hines::new`].
    pub fn factor(&self, arena: &mut Arena) {
        assert_eq!(arena.len(), self.arena_len, "the solver belongs to another arena");
        let n = self.parent.len();
        let (mut d, mut m) = (arena[self.arrays.d..][..n].to_vec(), vec![1.0; n]);
        for i in (0..n).rev().filter(|&i| self.constant[i]) {
            let g = arena[self.arrays.g + i];
            let inverse = m[i] / d[i];
            arena[self.arrays.inverse + i] = inverse;
            arena[self.arrays.f + i] = g * inverse;
            let p = self.parent[i] as usize;
            if self.linked[i] {
                d[p] = d[p].mul_add(d[i], -(g * g * m[i]));
                m[p] = d[i];
            } else if p < n {
                d[p] = (-inverse).mul_add(g * g, d[p]);
            }
        }
    }

    /// Solves for the voltages, which replace `rhs`; constant factors must be up to date.
    ///
    /// # Panics
    ///
    /// If `arena` is not of the length given to [`Hines::new`], or this machine lacks `level`.
    pub fn solve(&self, level: Level, arena: &mut Arena) {
        self.solve_into(level, arena, self.arrays.rhs);
    }

    /// Solves for the voltages, which go to the array that starts at `v`: `rhs` or one apart from all
    /// others. Elsewhere than in `rhs` they spare a copy; `rhs` is destroyed all the same.
    ///
    /// # Panics
    ///
    /// As [`Hines::solve`], or if the array at `v` reaches beyond the arena or overlaps another.
    pub fn solve_into(&self, level: Level, arena: &mut Arena, v: usize) {
        let Arrays { d, rhs, g, f, inverse } = self.arrays;
        let n = self.parent.len();
        assert_eq!(arena.len(), self.arena_len, "the solver belongs to another arena");
        assert!(level.is_available(), "this machine has no {}", level.name());
        let apart = |others: &[usize]| others.iter().all(|&other| v.abs_diff(other) >= n);
        assert!(v <= arena.len() && n <= arena.len() - v, "voltages reach beyond the arena");
        assert!(apart(&[d, g, f, inverse]) && (v == rhs || apart(&[rhs])), "voltages overlap another array");
        // SAFETY: the level is available; the arena has the length for which the promises of this type
        // hold, and the same is checked of `v` above.
        unsafe {
            let system = kernels::System::new(arena.as_mut_ptr(), &self.arrays, v, &self.parent);
            kernels::solve(level, &self.batches, &system);
        }
    }
}

/// What the batches are made from.
#[derive(Debug)]
struct Nodes<'a> {
    parent: &'a [u32],
    phase: &'a [u8],
    /// Whether the factors are constant.
    constant: Vec<bool>,
    /// Whether the parent's diagonal becomes a quotient.
    linked: Vec<bool>,
    /// Whether the own one is.
    quotient: Vec<bool>,
}

impl<'a> Nodes<'a> {
    fn new(forest: &'a Forest, diagonal: &[bool]) -> Nodes<'a> {
        let (n, parent, phase) = (forest.len(), forest.parents(), forest.phases());
        let linked: Vec<bool> = phase.iter().map(|&phase| phase != NO_PHASE && phase != 0).collect();
        let mut constant: Vec<bool> = (0..n).map(|i| diagonal.get(i) == Some(&true)).collect();
        for i in (0..n).rev().filter(|&i| parent[i] != NO_PARENT) {
            if !constant[i] {
                constant[parent[i] as usize] = false;
            }
        }
        let mut quotient = vec![false; n];
        for i in (0..n).filter(|&i| linked[i]) {
            let p = parent[i] as usize;
            constant[i] &= constant[p];
            quotient[p] = true;
        }
        Nodes { parent, phase, constant, linked, quotient }
    }

    /// How the solver works through a position.
    fn mode(&self, i: usize) -> Mode {
        match (self.constant[i], self.constant.get(self.parent[i] as usize)) {
            (true, Some(false)) => Mode::Border,
            (true, _) => Mode::Constant,
            (false, _) => match (self.quotient[i], self.linked[i]) {
                (false, false) => Mode::Full,
                (false, true) => Mode::First,
                (true, true) => Mode::Middle,
                (true, false) => Mode::Last,
            },
        }
    }
}
