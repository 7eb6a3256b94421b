//! Programs that wait to be run in turn.

use super::bound::{BoundProgram, MOST_IN_TURN, Scratch, run_in_turn};
use crate::simd::Level;
use crate::vm::Arena;

/// Programs on one arena, each with its uniforms, that are run as late as possible and then together, block by block
/// ([`run_in_turn`]). To be flushed before anything else looks at the arena.
#[derive(Debug)]
pub struct Queue<'p> {
    level: Level,
    waiting: [Option<(&'p BoundProgram, &'p [f64])>; MOST_IN_TURN],
    count: usize,
}

impl<'p> Queue<'p> {
    /// An empty one for vector unit `level`.
    pub fn new(level: Level) -> Queue<'p> {
        Queue { level, waiting: [None; MOST_IN_TURN], count: 0 }
    }

    /// Puts `program` behind the others, if it keeps to its lanes; else runs them and it.
    pub fn push(
        &mut self,
        program: &'p BoundProgram,
        uniforms: &'p [f64],
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) {
        if self.count == MOST_IN_TURN || !program.keeps_to_lanes() {
            self.flush(arena, scratch);
        }
        if program.keeps_to_lanes() {
            self.waiting[self.count] = Some((program, uniforms));
            self.count += 1;
        } else {
            program.run(self.level, arena, uniforms, scratch);
        }
    }

    /// Runs all that wait.
    pub fn flush(&mut self, arena: &mut Arena, scratch: &mut Scratch) {
        match &self.waiting[..std::mem::take(&mut self.count)] {
            [] => {}
            [Some((program, uniforms))] => program.run(self.level, arena, uniforms, scratch),
            several => run_in_turn(several, self.level, arena, scratch),
        }
    }
}
