//! One loop per operation.

use super::bound::{ARENA, BoundOp, IndexList, Pattern, REGISTERS};
use crate::simd::Level;
use crate::simd::arch::portable::Portable;
use crate::simd::lanes::Lanes;
use crate::simd::math::{self, exp_lanes, exprel_lanes, ln_lanes, phi_lanes, pow_lanes, tanh_lanes};
use crate::vm::Code;

/// Lanes of a cache line: blocks are made of whole ones.
const LINE: usize = 8;

/// The memory of a program.
pub(super) struct Frame<'a> {
    pub registers: *mut f64,
    pub arena: *mut f64,
    pub uniforms: &'a [f64],
    pub index_lists: &'a [IndexList],
    pub noted: *mut Vec<u32>,
}

/// A program and its memory.
pub(super) struct Part<'a> {
    /// Operations that set registers for all blocks.
    pub once: &'a [BoundOp],
    /// Those of each block.
    pub ops: &'a [BoundOp],
    pub lanes: usize,
    pub block: usize,
    pub frame: Frame<'a>,
}

impl Part<'_> {
    /// Nothing to do.
    pub const NONE: Part<'static> = Part {
        once: &[],
        ops: &[],
        lanes: 0,
        block: LINE,
        frame: Frame {
            registers: std::ptr::null_mut(),
            arena: std::ptr::null_mut(),
            uniforms: &[],
            index_lists: &[],
            noted: std::ptr::null_mut(),
        },
    };
}

/// Lanes after which the next part has its turn, or a few less: whole blocks.
const STRETCH: usize = 256;

/// Runs the parts in turn, stretch by stretch of lanes, each block by block.
///
/// # Safety
///
/// `level` is available. Of each part: `lanes` and `block` are multiples of 8, `block` is not 0. For every operation
/// and every `start` and `n`, multiples of 8, with `n <= block` and `start + n <= lanes`: each used slot of
/// the registers is valid for `block` numbers, each used slot of the arena for `n` numbers after
/// `start`, uniforms and index lists exist, lists have `lanes` indices, and each index added to the
/// slot of its whole array stays inside the arena. Operations in `once` write registers. If any notes lanes, `noted` is
/// valid. Nothing else reads or writes this memory.
pub(super) unsafe fn run(level: Level, parts: &[Part<'_>]) {
    // SAFETY: the caller's promise.
    unsafe {
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => run_avx512(parts),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => run_avx2(parts),
            _ => run_parts::<Portable<8>>(parts),
        }
    }
}

/// # Safety
///
/// That of [`run`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
unsafe fn run_avx512(parts: &[Part<'_>]) {
    // SAFETY: passed on.
    unsafe { run_parts::<crate::simd::arch::avx512::Avx512>(parts) }
}

/// # Safety
///
/// That of [`run`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn run_avx2(parts: &[Part<'_>]) {
    // SAFETY: passed on.
    unsafe { run_parts::<crate::simd::arch::avx2::Avx2>(parts) }
}

/// # Safety
///
/// That of [`run`], and `L` may be used here.
#[inline(always)]
unsafe fn run_parts<L: Lanes>(parts: &[Part<'_>]) {
    // One program alone has no one to wait for.
    let least = parts.iter().map(|part| part.block).min().unwrap_or(LINE);
    let length = if parts.len() == 1 { usize::MAX } else { (STRETCH / least).max(1) * least };
    let mut stretch = 0_usize;
    loop {
        let mut is_end = true;
        for part in parts {
            let mut start = stretch;
            let end = part.lanes.min(stretch.saturating_add(length));
            if start == 0 {
                for op in part.once {
                    // SAFETY: passed on.
                    unsafe { step::<L>(op, 0, part.block.min(part.lanes), &part.frame) }
                }
            }
            while start < end {
                let n = part.block.min(end - start);
                for op in part.ops {
                    // SAFETY: passed on.
                    unsafe { step::<L>(op, start, n, &part.frame) }
                }
                start += n;
            }
            is_end &= end == part.lanes;
        }
        if is_end {
            return;
        }
        stretch = stretch.saturating_add(length);
    }
}

/// One operation on the lanes from `start` to `start + n`.
///
/// # Safety
///
/// That of [`run_parts`].
#[inline(always)]
unsafe fn step<L: Lanes>(op: &BoundOp, start: usize, n: usize, frame: &Frame<'_>) {
    // SAFETY: the caller's promise makes every pointer below valid for `n` numbers, `n` a multiple of
    // `L::N`; destination and operands are the same block or do not meet.
    unsafe {
        let mut bases = [frame.registers; 2];
        bases[REGISTERS] = frame.registers;
        bases[ARENA] = frame.arena.add(start);
        let d = bases[op.d.space].add(op.d.offset);
        let a = bases[op.a.space].add(op.a.offset).cast_const();
        let b = bases[op.b.space].add(op.b.offset).cast_const();
        let c = bases[op.c.space].add(op.c.offset).cast_const();
        let e = bases[op.e.space].add(op.e.offset).cast_const();
        let (p, q, r) = (L::splat(op.p), L::splat(op.q), L::splat(op.r));
        let (zero, one) = (L::splat(0.0), L::splat(1.0));

        /// Applies an expression of the operands it names to all lanes.
        macro_rules! each {
            ([$($x:ident),*] $value:expr) => {{
                let mut i = 0;
                while i < n {
                    $(let $x = L::load($x.add(i));)*
                    L::store($value, d.add(i));
                    i += L::N;
                }
            }};
        }
        /// The same with a function of single numbers.
        macro_rules! each_lane {
            ([$($x:ident),*] $value:expr) => {
                for i in 0..n {
                    $(let $x = *$x.add(i);)*
                    *d.add(i) = $value;
                }
            };
        }

        /// Indexed access to a whole array, eight lanes at a time: `i` is the first of them in the block.
        macro_rules! each_line {
            (|$whole:ident, $index:ident, $pattern:ident, $i:ident| $body:expr) => {{
                let $whole = frame.arena.add(op.a.offset);
                let list = frame.index_lists.get_unchecked(op.p as usize);
                let mut $i = 0;
                while $i < n {
                    let $index = list.indices.as_ptr().add(start + $i);
                    let $pattern = *list.patterns.get_unchecked((start + $i) / LINE);
                    $body;
                    $i += LINE;
                }
            }};
        }
        /// The vectors of eight lanes.
        macro_rules! vectors {
            ($j:ident => $body:expr) => {{
                let mut $j = 0;
                while $j < LINE {
                    $body;
                    $j += L::N;
                }
            }};
        }

        match op.code {
            Code::Fill => each!([] p),
            Code::Uniform => {
                let value = L::splat(*frame.uniforms.get_unchecked(op.p as usize));
                each!([] value)
            }
            Code::Copy => each!([a] a),
            Code::Neg => each!([a] a.neg()),
            Code::Abs => each!([a] a.abs()),
            Code::Sqrt => each!([a] a.sqrt()),
            Code::Floor => each!([a] a.floor()),
            Code::Ceil => each!([a] a.ceil()),
            Code::Add => each!([a, b] a.add(b)),
            Code::AddP => each!([a] a.add(p)),
            Code::Sub => each!([a, b] a.sub(b)),
            Code::PSub => each!([a] p.sub(a)),
            Code::Mul => each!([a, b] a.mul(b)),
            Code::MulP => each!([a] a.mul(p)),
            Code::Mul3 => each!([a, b, c] a.mul(b).mul(c)),
            Code::Div => each!([a, b] a.div(b)),
            Code::PDiv => each!([a] p.div(a)),
            Code::Fma => each!([a, b, c] a.fma(b, c)),
            Code::Fms => each!([a, b, c] a.fms(b, c)),
            Code::Fnma => each!([a, b, c] a.fnma(b, c)),
            Code::Affine => each!([a] a.fma(p, q)),
            Code::FmaP => each!([a, b] a.fma(b, p)),
            Code::FmaScale => each!([a, b] a.fma(p, b)),
            Code::AddScaled => each!([a, b] a.mul(p).add(b)),
            Code::Linear2 => each!([a, b] b.fma(r, a.fma(p, q))),
            Code::Min => each!([a, b] a.min(b)),
            Code::Max => each!([a, b] a.max(b)),
            Code::Exp => each!([a] p.mul(exp_lanes(a.fma(q, r)))),
            Code::Sigmoid => each!([a] p.div(one.add(exp_lanes(a.fma(q, r))))),
            Code::ExpRel => each!([a] p.mul(exprel_lanes(a.fma(q, r)))),
            Code::Ln => each!([a] ln_lanes(a)),
            Code::Pow => each!([a, b] pow_lanes(a, b)),
            Code::Sin => each_lane!([a] math::sin(a)),
            Code::Cos => each_lane!([a] math::cos(a)),
            Code::Tan => each_lane!([a] math::tan(a)),
            Code::Sinh => each_lane!([a] math::sinh(a)),
            Code::Cosh => each_lane!([a] math::cosh(a)),
            Code::Tanh => each!([a] tanh_lanes(a)),
            Code::Lt => each!([a, b] L::select(a.lt(b), one, zero)),
            Code::Le => each!([a, b] L::select(a.le(b), one, zero)),
            Code::Eq => each!([a, b] L::select(a.eq(b), one, zero)),
            Code::And => each!([a, b] {
                L::select(a.eq(zero), zero, L::select(b.eq(zero), zero, one))
            }),
            Code::Or => each!([a, b] L::select(a.eq(zero), L::select(b.eq(zero), zero, one), one)),
            Code::Not => each!([a] L::select(a.eq(zero), one, zero)),
            // Few lanes, as a rule none, are changed in place.
            Code::Select if std::ptr::eq(c, d) => {
                let mut i = 0;
                while i < n && L::all(L::load(a.add(i)).eq(zero)) {
                    i += L::N;
                }
                while i < n {
                    let old = L::load(d.add(i));
                    L::select(L::load(a.add(i)).eq(zero), old, L::load(b.add(i))).store(d.add(i));
                    i += L::N;
                }
            }
            Code::Select => each!([a, b, c] L::select(a.eq(zero), c, b)),
            Code::SelectLt => each!([a, b, c, e] L::select(a.lt(b), c, e)),
            Code::ExpStep => {
                let h = L::splat(*frame.uniforms.get_unchecked(0));
                each!([a, b, c] b.mul(h).fma(phi_lanes(c.mul(h)), a))
            }
            Code::GateRates => {
                let h = L::splat(*frame.uniforms.get_unchecked(0));
                each!([a, b, c] {
                    let s = b.add(c);
                    let inf = b.div(s);
                    a.sub(inf).fma(exp_lanes(s.mul(h).neg()), inf)
                })
            }
            Code::GateTau => {
                let h = L::splat(*frame.uniforms.get_unchecked(0));
                each!([a, b, c] a.sub(b).fma(exp_lanes(h.div(c).neg()), b))
            }
            Code::Note => {
                let mut i = 0;
                while i < n {
                    if !L::all(L::load(a.add(i)).eq(zero)) {
                        let is_true = |lane: &usize| *a.add(*lane) != 0.0;
                        let lanes = (i..i + L::N).filter(is_true);
                        (*frame.noted).extend(lanes.map(|lane| (start + lane) as u32));
                    }
                    i += L::N;
                }
            }
            Code::Gather => each_line!(|whole, index, pattern, i| {
                if pattern == Pattern::Neighbours {
                    let from = whole.add(*index as usize).cast_const();
                    vectors!(j => L::load(from.add(j)).store(d.add(i + j)));
                } else {
                    vectors!(j => L::gather(whole.cast_const(), index.add(j)).store(d.add(i + j)));
                }
            }),
            Code::Scatter => each_line!(|whole, index, pattern, i| {
                if pattern == Pattern::Neighbours {
                    let to = whole.add(*index as usize);
                    vectors!(j => L::load(b.add(i + j)).store(to.add(j)));
                } else {
                    vectors!(j => L::load(b.add(i + j)).scatter(whole, index.add(j)));
                }
            }),
            Code::ScatterAdd => each_line!(|whole, index, pattern, i| {
                if pattern == Pattern::Neighbours {
                    let to = whole.add(*index as usize);
                    vectors!(j => L::load(to.add(j)).add(L::load(b.add(i + j))).store(to.add(j)));
                } else if pattern == Pattern::Different && L::N == LINE {
                    let sum = L::gather(whole.cast_const(), index).add(L::load(b.add(i)));
                    sum.scatter(whole, index);
                } else {
                    for j in 0..LINE {
                        *whole.add(*index.add(j) as usize) += *b.add(i + j);
                    }
                }
            }),
        }
    }
}
