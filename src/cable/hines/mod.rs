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
//! `d_p` is updated with `s g²` and not `f g`: one operation less between one division and the next,
//! which is what bounds a long unbranched cable.

mod batches;
mod kernels;

use crate::cable::order::{Forest, NO_PARENT};
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
    /// Working memory of the solver: `1/d` of the nodes with constant factors.
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
        let constant = constant_subtrees(forest, constant);
        let batches = batches::of(forest.parents(), &constant);
        Ok(Hines { batches, parent: forest.parents().to_vec(), constant, arrays, arena_len })
    }

    /// Whether the factors of each position are constant: those of its whole subtree are.
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
        let mut d = arena[self.arrays.d..][..n].to_vec();
        for i in (0..n).rev().filter(|&i| self.constant[i]) {
            let g = arena[self.arrays.g + i];
            let inverse = 1.0 / d[i];
            arena[self.arrays.inverse + i] = inverse;
            arena[self.arrays.f + i] = g * inverse;
            if let Some(dp) = d.get_mut(self.parent[i] as usize) {
                *dp = (-inverse).mul_add(g * g, *dp);
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

/// Which positions head a subtree whose diagonals are all constant.
fn constant_subtrees(forest: &Forest, constant: &[bool]) -> Vec<bool> {
    let mut all: Vec<bool> = (0..forest.len()).map(|i| constant.get(i) == Some(&true)).collect();
    for (i, &p) in forest.parents().iter().enumerate().rev() {
        if p != NO_PARENT && !all[i] {
            all[p as usize] = false;
        }
    }
    all
}

/// How the solver works through a position.
fn mode(parent: &[u32], constant: &[bool], i: usize) -> Mode {
    match (constant[i], constant.get(parent[i] as usize)) {
        (false, _) => Mode::Full,
        (true, Some(false)) => Mode::Border,
        (true, _) => Mode::Constant,
    }
}
