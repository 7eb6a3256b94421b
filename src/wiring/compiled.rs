//! Formulas of who is connected, compiled: one source, a block of targets at a time.

use crate::dynamics::Dynamics;
use crate::dynamics::graph::Graph;
use crate::dynamics::scope::Scope;
use crate::error::Result;
use crate::model::{Formula, Position, Space};
use crate::simd::Level;
use crate::vm::{Arena, BoundProgram, Leaf, Outputs, Scratch, lower};

/// Targets that a formula is evaluated for at once.
pub const BLOCK: usize = 256;

/// Where the array of each of [`Formula::NAMES`] but `i` lies, in blocks; the value comes last.
const ARRAYS: [usize; 6] = [0, 1, 2, 3, usize::MAX, 4];
const VALUE: usize = 5;

/// A formula as a program over a block of targets.
#[derive(Debug)]
pub struct Compiled {
    program: BoundProgram,
    needs_place: bool,
}

/// Scratch of one thread.
#[derive(Debug)]
pub struct Work {
    arena: Arena,
    scratch: Scratch,
}

impl Default for Work {
    fn default() -> Work {
        Work { arena: Arena::zeros((VALUE + 1) * BLOCK), scratch: Scratch::default() }
    }
}

impl Compiled {
    /// Compiles `formula`.
    ///
    /// # Errors
    /// If it uses a function without a vector form.
    pub fn new(formula: &Formula) -> Result<Compiled> {
        let dynamics = Dynamics::default();
        let mut scope = Scope::new(&dynamics, &[]);
        let mut graph = Graph::new();
        let mut leaves = Vec::with_capacity(Formula::NAMES.len());
        for (symbol, name) in Formula::NAMES.into_iter().enumerate() {
            scope.bind(name, graph.symbol(symbol as u32));
            leaves.push(match name {
                "i" => Leaf::Uniform(0),
                _ => Leaf::Array(ARRAYS[symbol] as u16),
            });
        }
        let value = scope.expression(&mut graph, formula.expr())?;
        let value = graph.scale(value, formula.factor());
        let outputs = Outputs { stores: vec![(value, VALUE as u16)], ..Outputs::default() };
        let program = lower(&graph, &leaves, &outputs)?;
        let offsets: Vec<usize> = (0..program.n_arrays).map(|array| array * BLOCK).collect();
        let program = BoundProgram::new(&program, &offsets, BLOCK, Vec::new(), (VALUE + 1) * BLOCK)?;
        Ok(Compiled { program, needs_place: formula.uses()[..4].contains(&true) })
    }

    /// The values for source `i` at `place` and up to [`BLOCK`] `targets`, numbers and places of which
    /// `target` gives.
    pub fn run<'w>(
        &self,
        level: Level,
        work: &'w mut Work,
        space: &Space,
        (i, place): (u32, Position),
        targets: impl Iterator<Item = (u32, Position)>,
    ) -> &'w [f64] {
        let Work { arena, scratch } = work;
        for (lane, (j, target)) in targets.take(BLOCK).enumerate() {
            if self.needs_place {
                let [x, y, z] = space.displacement(place, target);
                let values = [(x * x + y * y + z * z).sqrt(), x, y, z];
                for (array, um) in values.into_iter().enumerate() {
                    arena[array * BLOCK + lane] = um * 1e-6;
                }
            }
            arena[ARRAYS[5] * BLOCK + lane] = f64::from(j);
        }
        self.program.run(level, arena, &[f64::from(i)], scratch);
        &arena[VALUE * BLOCK..]
    }
}
