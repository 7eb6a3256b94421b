//! What the kernel benchmarks run: a Hodgkin-Huxley membrane and trees to solve.

use std::time::Instant;

use neuropil::cable::hines::{Arrays, Hines};
use neuropil::cable::order::{CellTree, Forest, NO_PARENT};
use neuropil::simd::Level;
use neuropil::vm::{Address, Arena, BoundProgram, Code, Op, Program, Scratch, padded};

/// Least seconds per call of `work` over bursts of about half a millisecond: on a busy machine the
/// minimum is the only figure that repeats.
pub fn least_time(bursts: usize, mut work: impl FnMut()) -> f64 {
    let mut calls = 1;
    let mut time = |calls: u32| {
        let start = Instant::now();
        (0..calls).for_each(|_| work());
        start.elapsed().as_secs_f64()
    };
    while time(calls) < 2e-4 && calls < 1 << 20 {
        calls *= 2;
    }
    (0..bursts).map(|_| time(calls)).fold(f64::INFINITY, f64::min) / f64::from(calls)
}

/// The squid axon at 6.3 degrees Celsius (Hodgkin and Huxley, J Physiol 117:500, 1952) in SI units: gates,
/// sodium, potassium and leak current, and the row of the cable equation: 28 operations, 9
/// exponentials, 6 divisions.
pub fn squid_axon() -> Program {
    let [v, m, h, n, area, diagonal, capacity, d, rhs] = std::array::from_fn(|k| Address::Array(k as u16));
    let [r0, r1, r2, r3, r4] = std::array::from_fn(|k| Address::Register(k as u16));
    let op = |code, d, [a, b, c]: [Address; 3], p, q, r| Op { code, d, a, b, c, e: d, p, q, r };
    let three = |code, d, abc| op(code, d, abc, 0.0, 0.0, 0.0);
    let rate = |code, d, p, q, r| op(code, d, [v, d, d], p, q, r);
    let with = |code, d, a, p| op(code, d, [a, d, d], p, 0.0, 0.0);
    let (sodium, potassium, leak) = (0.05, -0.077, -0.0544);
    let ops = vec![
        rate(Code::ExpRel, r0, 1e3, -100.0, -4.0),
        rate(Code::Exp, r1, 4e3, -1.0 / 0.018, -65.0 / 18.0),
        three(Code::GateRates, m, [m, r0, r1]),
        rate(Code::Exp, r0, 70.0, -50.0, -3.25),
        rate(Code::Sigmoid, r1, 1e3, -100.0, -3.5),
        three(Code::GateRates, h, [h, r0, r1]),
        rate(Code::ExpRel, r0, 100.0, -100.0, -5.5),
        rate(Code::Exp, r1, 125.0, -12.5, -65.0 / 80.0),
        three(Code::GateRates, n, [n, r0, r1]),
        three(Code::Mul3, r0, [m, m, m]),
        three(Code::Mul, r0, [r0, h, r0]),
        with(Code::MulP, r0, r0, 1200.0),
        three(Code::Mul, r1, [n, n, n]),
        three(Code::Mul, r1, [r1, r1, r1]),
        with(Code::MulP, r1, r1, 360.0),
        three(Code::Add, r2, [r0, r1, r2]),
        with(Code::AddP, r2, r2, 3.0),
        with(Code::AddP, r3, v, -sodium),
        three(Code::Mul, r3, [r3, r0, r3]),
        with(Code::AddP, r4, v, -potassium),
        three(Code::Fma, r3, [r4, r1, r3]),
        op(Code::Affine, r4, [v, r4, r4], 3.0, -3.0 * leak, 0.0),
        three(Code::Add, r3, [r3, r4, r3]),
        three(Code::Mul, r2, [area, r2, r2]),
        three(Code::Add, d, [diagonal, r2, d]),
        three(Code::Mul, r3, [area, r3, r3]),
        three(Code::Fms, r3, [capacity, v, r3]),
        three(Code::Fma, rhs, [r2, v, r3]),
    ];
    Program { ops, n_registers: 5, n_arrays: 9, n_uniforms: 1 }
}

/// A program with arrays of `n` compartments at plausible values.
pub struct Membrane {
    bound: BoundProgram,
    arena: Arena,
    scratch: Scratch,
}

impl Membrane {
    /// The squid axon; `block` overrides the block size.
    pub fn squid_axon(n: usize, block: Option<usize>) -> Membrane {
        let program = squid_axon();
        let lanes = padded(n);
        let offsets: Vec<usize> = (0..program.n_arrays).map(|k| k * lanes).collect();
        let mut arena = Arena::zeros(lanes * program.n_arrays);
        for i in 0..lanes {
            let start = [-0.065 + 1e-4 * (i % 613) as f64, 0.05, 0.6, 0.32, 1e-9, 1e-6, 4e-7, 0.0, 0.0];
            for (k, value) in start.into_iter().enumerate() {
                arena[k * lanes + i] = value;
            }
        }
        let mut bound = BoundProgram::new(&program, &offsets, lanes, Vec::new(), arena.len()).unwrap();
        if let Some(block) = block {
            bound = bound.with_block(block);
        }
        Membrane { bound, arena, scratch: Scratch::default() }
    }

    /// One step.
    pub fn step(&mut self, level: Level) {
        self.bound.run(level, &mut self.arena, &[2.5e-5], &mut self.scratch);
    }
}

/// An unbranched cable of `n` nodes (Rallpack 1: Bhalla, Bilitch and Bower, Trends Neurosci 15:453,
/// 1992).
pub fn cable(n: u32) -> Vec<u32> {
    (0..n).map(|i| i.checked_sub(1).unwrap_or(NO_PARENT)).collect()
}

/// A binary tree of `depth` generations of one-compartment branches with a node at each fork (Rallpack 2).
pub fn forks(depth: u32) -> Vec<u32> {
    let mut parent = vec![NO_PARENT];
    let mut tips = vec![0];
    for _ in 1..depth {
        for tip in std::mem::take(&mut tips) {
            let fork = parent.len() as u32;
            parent.extend([tip, fork, fork]);
            tips.extend([fork + 1, fork + 2]);
        }
    }
    parent
}

/// A soma with `stems` dendrites of unequal binary branches, about `n` nodes; `seed` varies the shape.
pub fn dendrites(n: usize, stems: usize, seed: u64) -> Vec<u32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut parent = vec![NO_PARENT];
    let mut open: std::collections::VecDeque<u32> = vec![0; stems].into();
    while let Some(mut tip) = open.pop_front() {
        for _ in 0..4 + random(20) {
            parent.push(tip);
            tip = parent.len() as u32 - 1;
        }
        if parent.len() < n {
            open.extend([tip, tip]);
        }
    }
    parent
}

/// Trees with a matrix of plausible values.
pub struct Trees {
    hines: Hines,
    arrays: Arrays,
    arena: Arena,
    d: Vec<f64>,
    rhs: Vec<f64>,
}

impl Trees {
    /// The cells of `parents`, all of them passive or none.
    pub fn new(parents: &[Vec<u32>], passive: bool) -> Trees {
        let trees: Vec<CellTree> = parents.iter().map(|parent| CellTree::new(parent).unwrap()).collect();
        let forest = Forest::new(&trees).unwrap();
        let n = forest.len();
        let stride = padded(n);
        let [d, rhs, g, f, inverse] = std::array::from_fn(|k| k * stride);
        let arrays = Arrays { d, rhs, g, f, inverse };
        let mut arena = Arena::zeros(5 * stride);
        for (i, &p) in forest.parents().iter().enumerate() {
            arena[d + i] += 1.0 + (i % 7) as f64 * 0.01;
            arena[rhs + i] = -0.065;
            if p != NO_PARENT {
                arena[g + i] = 0.5;
                arena[d + i] += 0.5;
                arena[d + p as usize] += 0.5;
            }
        }
        let hines = Hines::new(&forest, &vec![passive; n], arrays, arena.len()).unwrap();
        hines.factor(&mut arena);
        let (d, rhs) = (arena[d..][..n].to_vec(), arena[rhs..][..n].to_vec());
        Trees { hines, arrays, arena, d, rhs }
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.d.len()
    }

    /// Sets the system anew (two copies, about 0.1 ns a node) and solves it.
    pub fn step(&mut self, level: Level) {
        let n = self.d.len();
        self.arena[self.arrays.d..][..n].copy_from_slice(&self.d);
        self.arena[self.arrays.rhs..][..n].copy_from_slice(&self.rhs);
        self.hines.solve(level, &mut self.arena);
    }
}
