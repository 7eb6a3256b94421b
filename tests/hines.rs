//! The tree solver: against a sparse direct solve, and the same bits for every grouping, vector unit
//! and choice of constant nodes.

use faer::prelude::Solve;
use faer::sparse::{SparseColMat, Triplet};
use neuropil::cable::hines::{Arrays, Hines};
use neuropil::cable::order::{CellTree, Forest, NO_PARENT};
use neuropil::simd::Level;
use neuropil::vm::{Arena, padded};
use proptest::prelude::*;

/// One cell: parents as given, conductances to them, diagonals and right-hand sides.
#[derive(Debug, Clone)]
struct Cell {
    parent: Vec<u32>,
    g: Vec<f64>,
    d: Vec<f64>,
    rhs: Vec<f64>,
    constant: Vec<bool>,
}

impl Cell {
    fn len(&self) -> usize {
        self.parent.len()
    }
}

/// Parents with a taste for long unbranched runs, bushes or stars.
fn parents() -> impl Strategy<Value = Vec<u32>> {
    (0..4, prop::collection::vec(any::<u32>(), 0..120)).prop_map(|(kind, random)| {
        let mut parent = vec![NO_PARENT];
        for r in random {
            let i = parent.len() as u32;
            parent.push(match kind {
                0 => i - 1,
                1 => r % i,
                2 => (i - 1) / 2,
                _ if r % 8 > 0 => i - 1,
                _ => r / 8 % i,
            });
        }
        parent
    })
}

fn cell() -> impl Strategy<Value = Cell> {
    (
        parents(),
        prop::collection::vec((-9.0..-6.0_f64, -12.0..-6.0_f64, -1.0..1.0_f64, 0..9_u8), 121),
        any::<bool>(),
    )
        .prop_map(|(parent, random, passive)| {
            let n = parent.len();
            let mut g: Vec<f64> = random[..n].iter().map(|r| 10_f64.powf(r.0)).collect();
            g[0] = 0.0;
            let mut d: Vec<f64> = random[..n].iter().map(|r| 10_f64.powf(r.1)).collect();
            for i in 1..n {
                d[i] += g[i];
                d[parent[i] as usize] += g[i];
            }
            let rhs = random[..n].iter().map(|r| r.2 * 1e-9).collect();
            let constant = random[..n].iter().map(|r| passive || r.3 > 0).collect();
            Cell { parent, g, d, rhs, constant }
        })
}

/// Voltages of each cell, solved together.
fn solve(cells: &[&Cell], level: Level, use_constant: bool) -> Vec<Vec<f64>> {
    let trees: Vec<CellTree> = cells.iter().map(|cell| CellTree::new(&cell.parent).unwrap()).collect();
    let forest = Forest::new(&trees).unwrap();
    let n = forest.len();
    let stride = padded(n);
    let arrays = Arrays { d: 0, rhs: stride, g: 2 * stride, f: 3 * stride, inverse: 4 * stride };
    let mut arena = Arena::zeros(6 * stride);
    let mut constant = vec![false; n];
    for (at, &(cell, node)) in forest.nodes().iter().enumerate() {
        let (cell, node) = (cells[cell as usize], node as usize);
        arena[arrays.d + at] = cell.d[node];
        arena[arrays.rhs + at] = cell.rhs[node];
        constant[at] = use_constant && cell.constant[node];
    }
    arena[arrays.g..][..n].copy_from_slice(&forest.axial(|cell| &cells[cell].g));
    let hines = Hines::new(&forest, &constant, arrays, arena.len()).unwrap();
    hines.factor(&mut arena);
    // Twice, as in two steps: constant factors survive, everything else is set anew.
    let (d, rhs) = (arena[..n].to_vec(), arena[arrays.rhs..][..n].to_vec());
    hines.solve(level, &mut arena);
    // The second time into an array of its own, with the same outcome.
    let first = arena[arrays.rhs..][..n].to_vec();
    for i in (0..n).filter(|&i| !hines.constant()[i]) {
        arena[i] = d[i];
    }
    arena[arrays.rhs..][..n].copy_from_slice(&rhs);
    let v = 5 * stride;
    hines.solve_into(level, &mut arena, v);
    assert_eq!(bits(&first), bits(&arena[v..][..n]));
    (0..cells.len()).map(|i| forest.positions(i).iter().map(|&at| arena[v + at as usize]).collect()).collect()
}

fn bits(v: &[f64]) -> Vec<u64> {
    v.iter().map(|x| x.to_bits()).collect()
}

/// Largest residual relative to the terms that make it up.
fn residual(cell: &Cell, v: &[f64]) -> f64 {
    let mut sum: Vec<f64> = (0..cell.len()).map(|i| cell.d[i] * v[i] - cell.rhs[i]).collect();
    let mut size: Vec<f64> = (0..cell.len()).map(|i| (cell.d[i] * v[i]).abs() + cell.rhs[i].abs()).collect();
    for i in 1..cell.len() {
        let p = cell.parent[i] as usize;
        for (here, there) in [(i, p), (p, i)] {
            sum[here] -= cell.g[i] * v[there];
            size[here] += (cell.g[i] * v[there]).abs();
        }
    }
    let largest = size.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    sum.iter().map(|r| r.abs() / largest).fold(0.0, f64::max)
}

/// The voltages by faer's sparse LU.
fn direct(cell: &Cell) -> Vec<f64> {
    let mut entries: Vec<_> = (0..cell.len()).map(|i| Triplet::new(i, i, cell.d[i])).collect();
    for i in 1..cell.len() {
        let p = cell.parent[i] as usize;
        entries.push(Triplet::new(i, p, -cell.g[i]));
        entries.push(Triplet::new(p, i, -cell.g[i]));
    }
    let matrix = SparseColMat::try_new_from_triplets(cell.len(), cell.len(), &entries).unwrap();
    let rhs = faer::Mat::from_fn(cell.len(), 1, |i, _| cell.rhs[i]);
    let v = matrix.sp_lu().unwrap().solve(&rhs);
    (0..cell.len()).map(|i| v[(i, 0)]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn agrees_with_a_direct_solve(cells in prop::collection::vec(cell(), 1..6)) {
        let group: Vec<&Cell> = cells.iter().collect();
        for (cell, v) in cells.iter().zip(solve(&group, Level::Portable, false)) {
            prop_assert!(residual(cell, &v) <= 1e-12, "residual {:e}", residual(cell, &v));
            let expected = direct(cell);
            let largest = expected.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
            for (a, b) in v.iter().zip(&expected) {
                prop_assert!((a - b).abs() <= 1e-9 * largest, "{a} is not {b}");
            }
        }
    }

    #[test]
    fn a_cell_has_the_same_bits_in_every_group(
        cells in prop::collection::vec(cell(), 1..12),
        copies in 1_usize..20,
    ) {
        let mut alone = Vec::new();
        for cell in &cells {
            alone.push(bits(&solve(&[cell], Level::Portable, false)[0]));
        }
        // Many of the first, then all, in both orders.
        let mut order: Vec<usize> = vec![0; copies];
        order.extend(0..cells.len());
        for _ in 0..2 {
            order.reverse();
            let group: Vec<&Cell> = order.iter().map(|&i| &cells[i]).collect();
            for level in Level::available() {
                for constant in [false, true] {
                    for (v, &i) in solve(&group, level, constant).iter().zip(&order) {
                        prop_assert_eq!(&bits(v), &alone[i], "{:?} constant {} cell {}", level, constant, i);
                    }
                }
            }
        }
    }
}

#[test]
fn arrays_must_lie_apart_inside_the_arena() {
    let tree = CellTree::new(&[NO_PARENT, 0, 1]).unwrap();
    let forest = Forest::new([&tree]).unwrap();
    let arrays = Arrays { d: 0, rhs: 8, g: 16, f: 24, inverse: 32 };
    assert!(Hines::new(&forest, &[], arrays, 35).is_ok());
    assert!(Hines::new(&forest, &[], arrays, 34).is_err());
    assert!(Hines::new(&forest, &[], Arrays { f: 18, ..arrays }, 40).is_err());
}
