//! Programs bound to their arrays: everything that a run relies on is checked here.

use std::sync::Arc;

use super::step::{self, Frame, Part};
use crate::error::Result;
use crate::simd::{AlignedVec, Level};
use crate::vm::direct::{constants_first, without_own_lists};
use crate::vm::join;
use crate::vm::program::malformed;
use crate::vm::{Address, Arena, Code, Op, Program};

/// Registers of one block should fit the first-level cache beside the arrays they meet.
const REGISTER_BYTES: usize = 24 * 1024;

/// So many programs run in turn at most.
pub(super) const MOST_IN_TURN: usize = 8;

/// Where a block of lanes is: `base[space] + offset`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    /// [`REGISTERS`] or [`ARENA`].
    pub space: usize,
    /// In f64.
    pub offset: usize,
}

/// Offsets count from the scratch registers.
pub(super) const REGISTERS: usize = 0;
/// Offsets count from the current block in the arena.
pub(super) const ARENA: usize = 1;

/// An operation with its addresses resolved.
#[derive(Debug, Clone, Copy)]
pub(super) struct BoundOp {
    pub code: Code,
    pub d: Slot,
    pub a: Slot,
    pub b: Slot,
    pub c: Slot,
    pub e: Slot,
    pub p: f64,
    pub q: f64,
    pub r: f64,
}

/// How the eight indices of a cache line of lanes lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pattern {
    /// One after the other: a plain load or store.
    Neighbours,
    /// All different: a sum may be gathered, added to and scattered at once.
    Different,
    /// Some are equal: sums go lane by lane.
    Any,
}

/// An index list and what is known of it.
#[derive(Debug, Clone)]
pub(super) struct IndexList {
    pub indices: Arc<[u32]>,
    /// Of each eight lanes.
    pub patterns: Vec<Pattern>,
}

impl IndexList {
    fn new(indices: Arc<[u32]>) -> IndexList {
        let pattern = |line: &[u32]| {
            if line.windows(2).all(|pair| pair[0].checked_add(1) == Some(pair[1])) {
                Pattern::Neighbours
            } else if (1..line.len()).all(|i| !line[..i].contains(&line[i])) {
                Pattern::Different
            } else {
                Pattern::Any
            }
        };
        let patterns = indices.chunks_exact(8).map(pattern).collect();
        IndexList { indices, patterns }
    }
}

/// Scratch registers of one thread.
#[derive(Debug, Default)]
pub struct Scratch {
    registers: AlignedVec,
    /// Lanes noted since it was emptied.
    pub noted: Vec<u32>,
}

impl Scratch {
    /// Makes room for `program`, so that running it does not allocate.
    pub fn fit(&mut self, program: &BoundProgram) {
        self.registers.grow(program.scratch());
    }
}

/// A program with the places of its arrays in an arena.
///
/// What holds of every value of this type, and what the kernels rely on: the program is well formed;
/// `lanes` and `block` are multiples of 8; each array used by blocks lies with all its lanes inside
/// `arena_len`; every index of every list that an operation uses leads to an element inside
/// `arena_len` and there is one for each lane; no written array shares memory with another, unless
/// the two are used by blocks and coincide.
#[derive(Debug, Clone)]
pub struct BoundProgram {
    /// As it was before it was bound, and where its arrays start.
    unbound: (Program, Vec<usize>),
    ops: Vec<BoundOp>,
    /// So many of them set registers that keep their values over all blocks.
    once: usize,
    keeps_to_lanes: bool,
    index_lists: Vec<IndexList>,
    n_registers: usize,
    n_uniforms: usize,
    lanes: usize,
    block: usize,
    arena_len: usize,
}

impl BoundProgram {
    /// Binds array `k` of `program` to the part of an arena of `arena_len` numbers that starts at
    /// `offsets[k]`.
    ///
    /// `lanes` is the number of instances with padding. An array that is only used through index
    /// lists may have any length: it reaches as far as its largest index.
    ///
    /// # Errors
    ///
    /// A program that is not well formed, `lanes` that is not a multiple of 8, a number of offsets
    /// or index lists that does not fit, too short an index list, an array that reaches outside the
    /// arena, or a written array that overlaps another.
    pub fn new(
        program: &Program,
        offsets: &[usize],
        lanes: usize,
        index_lists: Vec<Arc<[u32]>>,
        arena_len: usize,
    ) -> Result<BoundProgram> {
        program.verify()?;
        let program = &without_own_lists(program, &index_lists, lanes);
        if !lanes.is_multiple_of(8) {
            return Err(malformed(format!("{lanes} lanes are not a multiple of 8")));
        }
        if offsets.len() != program.n_arrays || index_lists.len() < program.n_index_lists() {
            return Err(malformed(format!(
                "{} offsets for {} arrays, {} index lists for {}",
                offsets.len(),
                program.n_arrays,
                index_lists.len(),
                program.n_index_lists()
            )));
        }
        // Kernels address through 31-bit indices.
        if arena_len >= 1 << 31 || offsets.iter().any(|&offset| offset > arena_len) {
            return Err(malformed(format!("an offset is beyond the arena of {arena_len}")));
        }
        check_arrays(program, offsets, lanes, &index_lists, arena_len)?;
        let unbound = (program.clone(), offsets.to_vec());
        let (program, once) = constants_first(program);
        program.verify()?;
        let block = default_block(program.n_registers);
        let keeps_to_lanes = program.ops.iter().all(|op| !op.code.is_indexed());
        let ops = program.ops.iter().map(|op| resolve(op, offsets, block)).collect();
        let (n_registers, n_uniforms) = (program.n_registers, program.n_uniforms);
        let index_lists = index_lists.into_iter().map(IndexList::new).collect();
        Ok(BoundProgram {
            unbound,
            ops,
            once,
            keeps_to_lanes,
            index_lists,
            n_registers,
            n_uniforms,
            lanes,
            block,
            arena_len,
        })
    }

    /// The same with blocks of `block` lanes (rounded up to a multiple of 8). Results do not change.
    pub fn with_block(mut self, block: usize) -> BoundProgram {
        let block = block.max(1).next_multiple_of(8);
        for op in &mut self.ops {
            for slot in [&mut op.d, &mut op.a, &mut op.b, &mut op.c, &mut op.e] {
                if slot.space == REGISTERS {
                    slot.offset = slot.offset / self.block * block;
                }
            }
        }
        self.block = block;
        self
    }

    /// Number of lanes with padding.
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// Whether every lane reads and writes what is of its own number only, in each of the arrays.
    pub fn keeps_to_lanes(&self) -> bool {
        self.keeps_to_lanes
    }

    /// Whether an operation takes the time step from the first uniform by itself.
    pub fn goes_by_step(&self) -> bool {
        self.ops.iter().any(|op| op.code.operands().step)
    }

    /// One program that does what `parts` do one after the other, if all keep to their lanes and have as many; the number beside
    /// each says where its uniforms start among those of all. The time step is the first of these. Of arrays that start
    /// at `passing` the values afterwards are those before; for the one that starts at `noted` too, but the lanes where it would be
    /// true are noted ([`Code::Note`]).
    ///
    /// # Errors
    /// As [`BoundProgram::new`].
    pub fn join<'p>(
        parts: &[(&'p BoundProgram, usize)],
        passing: &[usize],
        noted: Option<usize>,
    ) -> Result<Option<BoundProgram>> {
        let Some((&(first, _), rest)) = parts.split_first() else { return Ok(None) };
        let alike = |part: &BoundProgram| (part.lanes, part.arena_len) == (first.lanes, first.arena_len);
        if !parts.iter().all(|(part, _)| part.keeps_to_lanes) || !rest.iter().all(|(part, _)| alike(part)) {
            return Ok(None);
        }
        let part = |(part, uniforms): (&'p BoundProgram, usize)| {
            let (program, offsets) = &part.unbound;
            join::Part { program, offsets, uniforms }
        };
        let parts: Vec<join::Part<'_>> = parts.iter().copied().map(part).collect();
        let (program, offsets) = join::join(&parts, passing, noted)?;
        BoundProgram::new(&program, &offsets, first.lanes, Vec::new(), first.arena_len).map(Some)
    }

    /// Numbers of scratch that it needs.
    fn scratch(&self) -> usize {
        self.n_registers * self.block
    }

    /// Runs the program once over all lanes.
    ///
    /// # Panics
    ///
    /// If `arena` is not of the length it was bound to, `uniforms` is shorter than the program needs,
    /// or this machine lacks `level`.
    pub fn run(&self, level: Level, arena: &mut Arena, uniforms: &[f64], scratch: &mut Scratch) {
        assert!(level.is_available(), "this machine has no {}", level.name());
        self.check(arena, uniforms);
        scratch.registers.grow(self.scratch());
        let registers = scratch.registers.as_mut_ptr();
        let part = self.part(registers, arena.as_mut_ptr(), uniforms, &mut scratch.noted);
        // SAFETY: the level is available; what the type promises, with an arena of the length it was
        // bound to, enough uniforms and `n_registers * block` scratch, is what is asked for.
        unsafe { step::run(level, &[part]) }
    }

    /// # Panics
    ///
    /// If `arena` is not of the length it was bound to, or `uniforms` is shorter than the program needs.
    fn check(&self, arena: &Arena, uniforms: &[f64]) {
        assert_eq!(arena.len(), self.arena_len, "the program is bound to another arena");
        assert!(uniforms.len() >= self.n_uniforms, "too few uniforms");
    }

    /// The program with its memory.
    fn part<'a>(
        &'a self,
        registers: *mut f64,
        arena: *mut f64,
        uniforms: &'a [f64],
        noted: *mut Vec<u32>,
    ) -> Part<'a> {
        let (once, ops) = self.ops.split_at(self.once);
        let frame = Frame { registers, arena, uniforms, index_lists: &self.index_lists, noted };
        Part { once, ops, lanes: self.lanes, block: self.block, frame }
    }
}

/// Runs programs, each with its uniforms where there is one, one after the other on a stretch of lanes, then on the next: what one leaves
/// is still in the first-level cache when the next reads it. If all keep to their lanes
/// ([`BoundProgram::keeps_to_lanes`]) and their arrays coincide or do not meet, it is as if each ran by itself. At most
/// [`MOST_IN_TURN`].
///
/// # Panics
///
/// As [`BoundProgram::run`], and if there are more.
pub(super) fn run_in_turn(
    programs: &[Option<(&BoundProgram, &[f64])>],
    level: Level,
    arena: &mut Arena,
    scratch: &mut Scratch,
) {
    let programs = || programs.iter().flatten();
    assert!(level.is_available(), "this machine has no {}", level.name());
    programs().for_each(|(program, uniforms)| program.check(arena, uniforms));
    scratch.registers.grow(programs().map(|(program, _)| program.scratch()).sum());
    let noted: *mut Vec<u32> = &mut scratch.noted;
    let (registers, arena) = (scratch.registers.as_mut_ptr(), arena.as_mut_ptr());
    let mut parts: [Part<'_>; MOST_IN_TURN] = [const { Part::NONE }; MOST_IN_TURN];
    let (mut used, mut count) = (0, 0);
    for &(program, uniforms) in programs() {
        parts[count] = program.part(registers.wrapping_add(used), arena, uniforms, noted);
        used += program.scratch();
        count += 1;
    }
    // SAFETY: the level is available; what the type promises, with an arena of the length it was
    // bound to, enough uniforms and `n_registers * block` scratch of its own, is what `run` asks of each.
    unsafe { step::run(level, &parts[..count]) }
}

/// Lanes per block for a program of `n_registers` registers.
fn default_block(n_registers: usize) -> usize {
    (REGISTER_BYTES / (8 * n_registers.max(1))).clamp(64, 256) / 32 * 32
}

/// Checks the extents of the arrays and that they do not overlap improperly.
fn check_arrays(
    program: &Program,
    offsets: &[usize],
    lanes: usize,
    index_lists: &[Arc<[u32]>],
    arena_len: usize,
) -> Result<()> {
    let uses = program.array_uses();
    let mut extents: Vec<usize> = uses.iter().map(|array| if array.block { lanes } else { 0 }).collect();
    for op in &program.ops {
        if let (Some(list), Address::Array(k)) = (op.index_list(), op.a) {
            let Some(index) = index_lists[list].get(..lanes) else {
                return Err(malformed(format!("index list {list} is shorter than {lanes} lanes")));
            };
            let end = index.iter().max().map_or(0, |&last| last as usize + 1);
            let extent = &mut extents[usize::from(k)];
            *extent = (*extent).max(end);
        }
    }
    for (k, (&offset, &extent)) in offsets.iter().zip(&extents).enumerate() {
        if offset + extent > arena_len {
            return Err(malformed(format!(
                "array {k} reaches to {} in an arena of {arena_len}",
                offset + extent
            )));
        }
    }
    let mut order: Vec<usize> = (0..offsets.len()).filter(|&k| extents[k] > 0).collect();
    order.sort_by_key(|&k| (offsets[k], k));
    for (i, &k) in order.iter().enumerate() {
        let end = offsets[k] + extents[k];
        for &other in order[i + 1..].iter().take_while(|&&other| offsets[other] < end) {
            let one = offsets[k] == offsets[other] && [k, other].iter().all(|&k| is_plain(&uses[k]));
            let constant = [k, other].iter().all(|&k| !uses[k].written && uses[k].scatters == 0);
            if !one && !constant {
                return Err(malformed(format!("arrays {k} and {other} overlap and one is written")));
            }
        }
    }
    Ok(())
}

/// Whether an array is used by blocks only.
fn is_plain(array: &crate::vm::program::Use) -> bool {
    !array.gathered && array.scatters == 0
}

fn resolve(op: &Op, offsets: &[usize], block: usize) -> BoundOp {
    let slot = |address: Address| match address {
        Address::Register(k) => Slot { space: REGISTERS, offset: usize::from(k) * block },
        Address::Array(k) => Slot { space: ARENA, offset: offsets[usize::from(k)] },
    };
    let unused = Slot { space: REGISTERS, offset: 0 };
    let used = op.code.operands();
    let pick = |used: bool, address| if used { slot(address) } else { unused };
    BoundOp {
        code: op.code,
        d: pick(used.d, op.d),
        a: pick(used.a || op.code.is_indexed(), op.a),
        b: pick(used.b, op.b),
        c: pick(used.c, op.c),
        e: pick(used.e, op.e),
        p: op.p,
        q: op.q,
        r: op.r,
    }
}
