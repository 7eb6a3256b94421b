//! Positions cut into batches that one loop can work through.

use super::Nodes;
use crate::cable::order::{NO_PARENT, PIECE};

/// Lanes of the widest vector unit: what an [`Shape::Indexed`] batch is made of.
pub(super) const WIDE: usize = 8;

/// Shortest run that is worth its own loop.
const SHORTEST_RUN: usize = 8;

/// Fewest rows of a chain that are worth their own loop.
const FEWEST_ROWS: usize = 4;

/// Which parents the positions of a batch have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// None.
    Roots,
    /// Position `i` has the parent `i - offset`, `offset >= 8`.
    Run { offset: usize },
    /// Position `i` has the parent `i - offset`, `offset < 8`; a whole number of rows of `offset`
    /// positions, so each position's parent is the one below it in the row before. Full or constant.
    Ladder { offset: usize },
    /// The same within chains, the first row in phase `phase`, the others in those that follow; the mode
    /// is that of the last row.
    Chain { offset: usize, phase: u8 },
    /// A whole number of vectors of [`WIDE`] positions; the parents of a vector are different and lie
    /// before it.
    Indexed,
    /// Any; parents lie before their children.
    Serial,
}

/// What there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Everything.
    Full,
    /// Everything; the parent's diagonal becomes a quotient.
    First,
    /// Everything; the own diagonal is a quotient, the parent's becomes one.
    Middle,
    /// Everything; the own diagonal is a quotient.
    Last,
    /// Factors are constant, those of the parents are not: these get their share of `d`.
    Border,
    /// Factors are constant, those of the parents too: only the right-hand side.
    Constant,
}

/// Neighbouring positions of one shape and mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Batch {
    pub shape: Shape,
    pub mode: Mode,
    pub start: usize,
    pub len: usize,
}

/// The batches of a forest, roots first; together they cover all positions.
pub(super) fn of(nodes: &Nodes<'_>) -> Vec<Batch> {
    let parent = nodes.parent;
    let mut batches: Vec<Batch> = Vec::new();
    let mut push = |shape, mode, start: usize, len: usize| match batches.last_mut() {
        Some(last)
            if last.shape == shape
                && last.mode == mode
                && !matches!(shape, Shape::Ladder { .. } | Shape::Chain { .. }) =>
        {
            last.len += len;
        }
        _ if len > 0 => batches.push(Batch { shape, mode, start, len }),
        _ => {}
    };
    let mode = |i| nodes.mode(i);
    let mut at = 0;
    while at < parent.len() {
        let this = mode(at);
        let same = |i: usize| i < parent.len() && mode(i) == this;
        if parent[at] == NO_PARENT {
            push(Shape::Roots, this, at, 1);
            at += 1;
            continue;
        }
        let offset = at - parent[at] as usize;
        let rows = chain_rows(nodes, at, offset);
        if offset < WIDE && rows >= FEWEST_ROWS {
            let shape = Shape::Chain { offset, phase: nodes.phase[at] };
            push(shape, mode(at + (rows - 1) * offset), at, rows * offset);
            at += rows * offset;
            continue;
        }
        let run = (at..).take_while(|&i| same(i) && parent[i] as usize == i - offset).count();
        if run >= SHORTEST_RUN && offset >= WIDE {
            push(Shape::Run { offset }, this, at, run);
            at += run;
        } else if run >= SHORTEST_RUN.max(2 * offset) && offset < WIDE && has_ladders(this) {
            // Whole rows at the end of the run, what is left before them one by one.
            let rest = run % offset;
            push(Shape::Serial, this, at, rest);
            push(Shape::Ladder { offset }, this, at + rest, run - rest);
            at += run;
        } else if same(at + WIDE - 1) && (at..at + WIDE).all(same) && is_indexed(&parent[at..at + WIDE], at) {
            push(Shape::Indexed, this, at, WIDE);
            at += WIDE;
        } else {
            push(Shape::Serial, this, at, 1);
            at += 1;
        }
    }
    batches
}

/// Whether a mode has loops for [`Shape::Ladder`].
fn has_ladders(mode: Mode) -> bool {
    matches!(mode, Mode::Full | Mode::Constant)
}

/// The rows of `offset` positions from `at` on that are a [`Shape::Chain`].
fn chain_rows(nodes: &Nodes<'_>, at: usize, offset: usize) -> usize {
    let n = nodes.parent.len();
    let in_chain = |i: usize, row: usize| {
        nodes.parent[i] as usize == i - offset
            && !nodes.constant[i]
            && usize::from(nodes.phase[i]) == (usize::from(nodes.phase[at]) + row) % usize::from(PIECE)
    };
    let mut rows = 0;
    while let start = at + rows * offset
        && start + offset <= n
        && (start..start + offset).all(|i| in_chain(i, rows))
    {
        rows += 1;
    }
    // In the last row either all diagonals are quotients or none is.
    let last = |rows: usize| &nodes.quotient[at + (rows - 1) * offset..at + rows * offset];
    if rows > 0 && last(rows).iter().any(|&quotient| quotient != last(rows)[0]) {
        rows -= 1;
    }
    rows
}

/// Whether the parents of a vector at `start` are different and lie before it.
fn is_indexed(parents: &[u32], start: usize) -> bool {
    parents.iter().enumerate().all(|(i, &p)| (p as usize) < start && !parents[..i].contains(&p))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cable::order::{CellTree, Forest};

    fn batches(parents: &[Vec<u32>], constant: &[bool]) -> Vec<Batch> {
        let trees: Vec<CellTree> = parents.iter().map(|parent| CellTree::new(parent).unwrap()).collect();
        let forest = Forest::new(&trees).unwrap();
        of(&Nodes::new(&forest, constant))
    }

    fn cable(n: u32) -> Vec<u32> {
        (0..n).map(|i| i.wrapping_sub(1)).collect()
    }

    #[test]
    fn a_cable_is_a_ladder_of_two() {
        let batch = |shape, start, len| Batch { shape, mode: Mode::Full, start, len };
        let expected = [
            batch(Shape::Roots, 0, 1),
            batch(Shape::Serial, 1, 2),
            batch(Shape::Ladder { offset: 2 }, 3, 48),
        ];
        assert_eq!(batches(&[cable(51)], &[]), expected);
        // A longer one is a chain; its first two nodes have another distance to their parent.
        let chain =
            Batch { shape: Shape::Chain { offset: 2, phase: 1 }, mode: Mode::First, start: 3, len: 98 };
        assert_eq!(batches(&[cable(101)], &[])[2..], [chain]);
    }

    #[test]
    fn many_cables_are_one_run_and_modes_split_it() {
        let cables = vec![cable(21); 8];
        let batch = |shape, mode, start, len| Batch { shape, mode, start, len };
        let expected = [
            batch(Shape::Roots, Mode::Full, 0, 8),
            batch(Shape::Run { offset: 8 }, Mode::Full, 8, 8),
            batch(Shape::Run { offset: 16 }, Mode::Full, 16, 152),
        ];
        assert_eq!(batches(&cables, &[]), expected);
        let constant: Vec<bool> = (0..168).map(|i| i >= 24).collect();
        let expected = [
            batch(Shape::Roots, Mode::Full, 0, 8),
            batch(Shape::Run { offset: 8 }, Mode::Full, 8, 8),
            batch(Shape::Run { offset: 16 }, Mode::Full, 16, 8),
            batch(Shape::Run { offset: 16 }, Mode::Border, 24, 16),
            batch(Shape::Run { offset: 16 }, Mode::Constant, 40, 128),
        ];
        assert_eq!(batches(&cables, &constant), expected);
    }
}
