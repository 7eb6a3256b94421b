//! The loops of the solver, written once over lanes.

use super::Arrays;
use super::batches::{Batch, Mode, Shape, WIDE};
use crate::cable::order::PIECE;
use crate::simd::Level;
use crate::simd::arch::portable::Portable;
use crate::simd::lanes::Lanes;

/// The arrays of one solve.
pub(super) struct System<'a> {
    d: *mut f64,
    rhs: *mut f64,
    /// Where voltages go; may be `rhs`.
    v: *mut f64,
    g: *const f64,
    f: *mut f64,
    /// `1/d` of constant nodes, `m` of those whose diagonal is a quotient.
    inverse: *mut f64,
    parent: &'a [u32],
}

impl<'a> System<'a> {
    /// The arrays at their places in an arena, voltages from `v` on.
    ///
    /// # Safety
    ///
    /// `arena` is valid for `parent.len()` numbers after each of the starts.
    pub(super) unsafe fn new(arena: *mut f64, arrays: &Arrays, v: usize, parent: &'a [u32]) -> System<'a> {
        // SAFETY: the caller's promise.
        unsafe {
            System {
                d: arena.add(arrays.d),
                rhs: arena.add(arrays.rhs),
                v: arena.add(v),
                g: arena.add(arrays.g),
                f: arena.add(arrays.f),
                inverse: arena.add(arrays.inverse),
                parent,
            }
        }
    }
}

/// Eliminates from the last batch to the first and substitutes back.
///
/// # Safety
///
/// `level` is available. The arrays of `system` are valid for as many numbers as it has parents, do
/// not overlap (`v` may be `rhs`), and nothing else reads or writes them; `batches` are those of its parents.
pub(super) unsafe fn solve(level: Level, batches: &[Batch], system: &System<'_>) {
    // SAFETY: the caller's promise.
    unsafe {
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => solve_avx512(batches, system),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => solve_avx2(batches, system),
            _ => solve_lanes::<Portable<8>, Portable<4>>(batches, system),
        }
    }
}

/// # Safety
///
/// That of [`solve`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
unsafe fn solve_avx512(batches: &[Batch], system: &System<'_>) {
    use crate::simd::arch::{avx2::Avx2, avx512::Avx512};
    // SAFETY: passed on.
    unsafe { solve_lanes::<Avx512, Avx2>(batches, system) }
}

/// # Safety
///
/// That of [`solve`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn solve_avx2(batches: &[Batch], system: &System<'_>) {
    use crate::simd::arch::avx2::Avx2;
    // SAFETY: passed on.
    unsafe { solve_lanes::<Avx2, Avx2>(batches, system) }
}

/// # Safety
///
/// That of [`solve`]; `W` and `H` may be used here.
#[inline(always)]
unsafe fn solve_lanes<W: Lanes, H: Lanes>(batches: &[Batch], system: &System<'_>) {
    // SAFETY: passed on.
    unsafe {
        for batch in batches.iter().rev() {
            match batch.mode {
                Mode::Full => eliminate::<W, H, FULL>(batch, system),
                Mode::First => eliminate::<W, H, FIRST>(batch, system),
                Mode::Middle => eliminate::<W, H, MIDDLE>(batch, system),
                Mode::Last => eliminate::<W, H, LAST>(batch, system),
                Mode::Border => eliminate::<W, H, BORDER>(batch, system),
                Mode::Constant => eliminate::<W, H, CONSTANT>(batch, system),
            }
        }
        for batch in batches {
            substitute::<W, H>(batch, system);
        }
    }
}

// Modes as constants, so that each has its own loops.
const FULL: u8 = 0;
const BORDER: u8 = 1;
const CONSTANT: u8 = 2;
const FIRST: u8 = 3;
const MIDDLE: u8 = 4;
const LAST: u8 = 5;

/// Whether a mode's factors are constant.
const fn is_constant(mode: u8) -> bool {
    mode == BORDER || mode == CONSTANT
}

/// Whether a mode's diagonal is a quotient.
const fn is_quotient(mode: u8) -> bool {
    mode == MIDDLE || mode == LAST
}

/// Whether a mode makes the parent's diagonal a quotient.
const fn is_linked(mode: u8) -> bool {
    mode == FIRST || mode == MIDDLE
}

/// Calls a function for a ladder of `offset` lanes.
macro_rules! by_width {
    ($offset:expr, $f:ident [$($mode:ident)?] $args:tt) => {
        match $offset {
            1 => $f::<Portable<1> $(, $mode)?> $args,
            2 => $f::<Portable<2> $(, $mode)?> $args,
            3 => $f::<Portable<3> $(, $mode)?> $args,
            4 => $f::<H $(, $mode)?> $args,
            5 => $f::<Portable<5> $(, $mode)?> $args,
            6 => $f::<Portable<6> $(, $mode)?> $args,
            _ => $f::<Portable<7> $(, $mode)?> $args,
        }
    };
}

/// Factors, `y`, and the parents' shares of one batch.
///
/// # Safety
///
/// That of [`solve_lanes`].
#[inline(always)]
unsafe fn eliminate<W: Lanes, H: Lanes, const MODE: u8>(batch: &Batch, system: &System<'_>) {
    let Batch { start, len, .. } = *batch;
    let mut at = start + len;
    // SAFETY: passed on; every vector below lies in `start..start + len`, and its parents where the
    // shape says.
    unsafe {
        match batch.shape {
            Shape::Roots => {
                while at >= start + W::N {
                    at -= W::N;
                    root::<W, MODE>(at, W::N, system);
                }
                if at > start {
                    root::<W, MODE>(start, at - start, system);
                }
            }
            Shape::Run { offset } => {
                while at >= start + W::N {
                    at -= W::N;
                    eliminate_run::<W, MODE>(at, W::N, offset, system);
                }
                if at > start {
                    eliminate_run::<W, MODE>(start, at - start, offset, system);
                }
            }
            Shape::Ladder { offset } => {
                by_width!(offset, eliminate_ladder[MODE](start, len / offset, system));
            }
            Shape::Chain { offset, phase } => {
                by_width!(offset, eliminate_chain[MODE](start, len / offset, phase, system));
            }
            Shape::Indexed => {
                while at > start {
                    at -= W::N;
                    eliminate_indexed::<W, MODE>(at, system);
                }
            }
            Shape::Serial => {
                while at > start {
                    at -= 1;
                    let parent = *system.parent.get_unchecked(at) as usize;
                    eliminate_run::<Portable<1>, MODE>(at, 1, at - parent, system);
                }
            }
        }
    }
    const { assert!(WIDE.is_multiple_of(W::N) && H::N == 4) };
}

/// The first `n` lanes from `p`.
///
/// # Safety
///
/// The contract of [`Lanes`].
#[inline(always)]
unsafe fn load<L: Lanes>(p: *const f64, n: usize) -> L {
    // SAFETY: passed on.
    unsafe { if n == L::N { L::load(p) } else { L::load_first(p, n) } }
}

/// Stores the first `n` lanes at `p`.
///
/// # Safety
///
/// The contract of [`Lanes`].
#[inline(always)]
unsafe fn store<L: Lanes>(x: L, p: *mut f64, n: usize) {
    // SAFETY: passed on.
    unsafe { if n == L::N { x.store(p) } else { x.store_first(p, n) } }
}

/// `n` roots at `at`: their voltages.
///
/// # Safety
///
/// That of [`solve_lanes`]; the `n <= L::N` positions from `at` are inside the arrays.
#[inline(always)]
unsafe fn root<L: Lanes, const MODE: u8>(at: usize, n: usize, system: &System<'_>) {
    // SAFETY: passed on.
    unsafe {
        let inverse = inverse::<L, MODE>(at, n, system);
        store(load::<L>(system.rhs.add(at), n).mul(inverse), system.v.add(at), n);
    }
}

/// `1/d`.
///
/// # Safety
///
/// That of [`root`].
#[inline(always)]
unsafe fn inverse<L: Lanes, const MODE: u8>(at: usize, n: usize, system: &System<'_>) -> L {
    // SAFETY: passed on.
    unsafe {
        if is_constant(MODE) {
            return load(system.inverse.add(at), n);
        }
        above::<L, MODE>(at, n, system).div(load(system.d.add(at), n))
    }
}

/// `m`, 1 if the diagonal is no quotient.
///
/// # Safety
///
/// That of [`root`].
#[inline(always)]
unsafe fn above<L: Lanes, const MODE: u8>(at: usize, n: usize, system: &System<'_>) -> L {
    // SAFETY: passed on.
    unsafe { if is_quotient(MODE) { load(system.inverse.add(at), n) } else { L::splat(1.0) } }
}

/// `f`, given `1/d`; keeps it.
///
/// # Safety
///
/// That of [`root`].
#[inline(always)]
unsafe fn factor<L: Lanes, const MODE: u8>(at: usize, n: usize, inverse: L, system: &System<'_>) -> L {
    // SAFETY: passed on.
    unsafe {
        if !is_constant(MODE) {
            let f = load::<L>(system.g.add(at), n).mul(inverse);
            store(f, system.f.add(at), n);
            f
        } else {
            load(system.f.add(at), n)
        }
    }
}

/// What is left of the parents' diagonal, which was `parents`.
///
/// # Safety
///
/// That of [`root`].
#[inline(always)]
unsafe fn reduced<L: Lanes, const MODE: u8>(
    at: usize,
    n: usize,
    inverse: L,
    parents: L,
    system: &System<'_>,
) -> L {
    // SAFETY: passed on.
    unsafe {
        let g = load::<L>(system.g.add(at), n);
        if is_linked(MODE) {
            let (d, m) = (load(system.d.add(at), n), above::<L, MODE>(at, n, system));
            parents.fms(d, g.mul(g).mul(m))
        } else {
            inverse.fnma(g.mul(g), parents)
        }
    }
}

/// `n` positions whose parents are neighbours, `offset` before them.
///
/// # Safety
///
/// That of [`root`]; `n <= offset <= at`.
#[inline(always)]
unsafe fn eliminate_run<L: Lanes, const MODE: u8>(at: usize, n: usize, offset: usize, system: &System<'_>) {
    // SAFETY: passed on.
    unsafe {
        let inverse = inverse::<L, MODE>(at, n, system);
        let f = factor::<L, MODE>(at, n, inverse, system);
        let rhs = load::<L>(system.rhs.add(at), n);
        store(rhs.mul(inverse), system.rhs.add(at), n);
        let p = at - offset;
        if MODE != CONSTANT {
            let d = reduced::<L, MODE>(at, n, inverse, load(system.d.add(p), n), system);
            store(d, system.d.add(p), n);
            if is_linked(MODE) {
                store(load::<L>(system.d.add(at), n), system.inverse.add(p), n);
            }
        }
        store(f.fma(rhs, load(system.rhs.add(p), n)), system.rhs.add(p), n);
    }
}

/// A vector whose parents are different.
///
/// # Safety
///
/// That of [`root`]; the parents of the vector are different and lie before it.
#[inline(always)]
unsafe fn eliminate_indexed<L: Lanes, const MODE: u8>(at: usize, system: &System<'_>) {
    // SAFETY: passed on.
    unsafe {
        let p = system.parent.as_ptr().add(at);
        let inverse = inverse::<L, MODE>(at, L::N, system);
        let f = factor::<L, MODE>(at, L::N, inverse, system);
        let rhs = L::load(system.rhs.add(at));
        rhs.mul(inverse).store(system.rhs.add(at));
        if MODE != CONSTANT {
            let d = reduced::<L, MODE>(at, L::N, inverse, L::gather(system.d, p), system);
            d.scatter(system.d, p);
            if is_linked(MODE) {
                L::load(system.d.add(at)).scatter(system.inverse, p);
            }
        }
        f.fma(rhs, L::gather(system.rhs, p)).scatter(system.rhs, p);
    }
}

/// Rows of `L::N` positions, each the parents of the next: what a row leaves for the one before it
/// stays in registers.
///
/// # Safety
///
/// That of [`solve_lanes`]; the rows from `start` and the one before it are inside the arrays.
#[inline(always)]
unsafe fn eliminate_ladder<L: Lanes, const MODE: u8>(start: usize, rows: usize, system: &System<'_>) {
    // SAFETY: passed on.
    unsafe {
        let mut at = start + (rows - 1) * L::N;
        let mut d = L::load(system.d.add(at));
        let mut rhs = L::load(system.rhs.add(at));
        loop {
            let inverse =
                if MODE == FULL { L::splat(1.0).div(d) } else { inverse::<L, MODE>(at, L::N, system) };
            let f = factor::<L, MODE>(at, L::N, inverse, system);
            rhs.mul(inverse).store(system.rhs.add(at));
            let p = at - L::N;
            if MODE != CONSTANT {
                let g = L::load(system.g.add(at));
                d = inverse.fnma(g.mul(g), L::load(system.d.add(p)));
            }
            rhs = f.fma(rhs, L::load(system.rhs.add(p)));
            at = p;
            if at < start {
                break;
            }
        }
        if MODE != CONSTANT {
            d.store(system.d.add(at));
        }
        rhs.store(system.rhs.add(at));
    }
}

/// The same within chains; `MODE` is that of the last row, where elimination starts.
///
/// # Safety
///
/// That of [`eliminate_ladder`].
#[inline(always)]
unsafe fn eliminate_chain<L: Lanes, const MODE: u8>(
    start: usize,
    rows: usize,
    phase: u8,
    system: &System<'_>,
) {
    // SAFETY: passed on.
    unsafe {
        let mut at = start + (rows - 1) * L::N;
        let mut d = L::load(system.d.add(at));
        let mut m = above::<L, MODE>(at, L::N, system);
        let mut rhs = L::load(system.rhs.add(at));
        let piece = usize::from(PIECE);
        let mut phase = (usize::from(phase) + rows - 1) % piece;
        let mut linked;
        loop {
            let inverse = m.div(d);
            let g = L::load(system.g.add(at));
            let f = g.mul(inverse);
            f.store(system.f.add(at));
            rhs.mul(inverse).store(system.rhs.add(at));
            at -= L::N;
            let parents = L::load(system.d.add(at));
            linked = phase != 0;
            if linked {
                (d, m) = (parents.fms(d, g.mul(g).mul(m)), d);
                phase -= 1;
            } else {
                (d, m) = (inverse.fnma(g.mul(g), parents), L::splat(1.0));
                phase = piece - 1;
            }
            rhs = f.fma(rhs, L::load(system.rhs.add(at)));
            if at < start {
                break;
            }
        }
        d.store(system.d.add(at));
        if linked {
            m.store(system.inverse.add(at));
        }
        rhs.store(system.rhs.add(at));
    }
}

/// Voltages of one batch from those of the parents.
///
/// # Safety
///
/// That of [`solve_lanes`].
#[inline(always)]
unsafe fn substitute<W: Lanes, H: Lanes>(batch: &Batch, system: &System<'_>) {
    let Batch { start, len, .. } = *batch;
    let end = start + len;
    let mut at = start;
    // SAFETY: passed on; every vector below lies in `start..start + len`, and its parents where the
    // shape says.
    unsafe {
        match batch.shape {
            Shape::Roots => {}
            Shape::Run { offset } => {
                while at + W::N <= end {
                    voltage(at, W::N, W::load(system.v.add(at - offset)), system);
                    at += W::N;
                }
                if at < end {
                    voltage(at, end - at, W::load_first(system.v.add(at - offset), end - at), system);
                }
            }
            Shape::Ladder { offset } | Shape::Chain { offset, .. } => {
                by_width!(offset, substitute_ladder [] (start, len / offset, system));
            }
            Shape::Indexed => {
                while at < end {
                    let parents = W::gather(system.v, system.parent.as_ptr().add(at));
                    voltage(at, W::N, parents, system);
                    at += W::N;
                }
            }
            Shape::Serial => {
                while at < end {
                    let parent = *system.parent.get_unchecked(at) as usize;
                    voltage(at, 1, Portable::<1>::load(system.v.add(parent)), system);
                    at += 1;
                }
            }
        }
    }
}

/// Voltages of `n` positions at `at` from those of their parents; keeps and returns them.
///
/// # Safety
///
/// That of [`root`].
#[inline(always)]
unsafe fn voltage<L: Lanes>(at: usize, n: usize, parents: L, system: &System<'_>) -> L {
    // SAFETY: passed on.
    unsafe {
        let v = load::<L>(system.f.add(at), n).fma(parents, load(system.rhs.add(at), n));
        store(v, system.v.add(at), n);
        v
    }
}

/// Rows of `L::N` positions, each the parents of the next.
///
/// # Safety
///
/// That of [`eliminate_ladder`].
#[inline(always)]
unsafe fn substitute_ladder<L: Lanes>(start: usize, rows: usize, system: &System<'_>) {
    // SAFETY: passed on.
    unsafe {
        let mut v = L::load(system.v.add(start - L::N));
        for row in 0..rows {
            v = voltage(start + row * L::N, L::N, v, system);
        }
    }
}
