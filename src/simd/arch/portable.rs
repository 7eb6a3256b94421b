//! Lanes as a plain array: any machine.
//!
//! On AArch64 this compiles to NEON with `fmla`: fused multiply-add is part of the base
//! instruction set there, and LLVM turns the short loops into vector instructions. On x86 without FMA
//! `f64::mul_add` calls the C library's exact `fma`: slow, same bits.

// Loops over `0..N` of fixed length are what LLVM turns into vector instructions most surely.
#![allow(clippy::needless_range_loop)]

use crate::simd::lanes::{Lanes, ONE_BITS, ROUND, SPLIT_BITS};

/// `N` lanes in an array. `Portable<1>` is the scalar form of every kernel.
#[derive(Clone, Copy)]
pub struct Portable<const N: usize>([f64; N]);

impl<const N: usize> Portable<N> {
    #[inline(always)]
    fn map(self, f: impl Fn(f64) -> f64) -> Self {
        let mut out = [0.0; N];
        for i in 0..N {
            out[i] = f(self.0[i]);
        }
        Portable(out)
    }

    #[inline(always)]
    fn zip(self, b: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        let mut out = [0.0; N];
        for i in 0..N {
            out[i] = f(self.0[i], b.0[i]);
        }
        Portable(out)
    }

    #[inline(always)]
    fn test(self, b: Self, f: impl Fn(f64, f64) -> bool) -> [bool; N] {
        let mut out = [false; N];
        for i in 0..N {
            out[i] = f(self.0[i], b.0[i]);
        }
        out
    }
}

impl<const N: usize> Lanes for Portable<N> {
    const N: usize = N;
    type Mask = [bool; N];

    #[inline(always)]
    unsafe fn splat(x: f64) -> Self {
        Portable([x; N])
    }
    #[inline(always)]
    unsafe fn load(p: *const f64) -> Self {
        // SAFETY: the trait's contract.
        Portable(unsafe { p.cast::<[f64; N]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f64) {
        // SAFETY: the trait's contract.
        unsafe { p.cast::<[f64; N]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn load_first(p: *const f64, n: usize) -> Self {
        let mut out = [0.0; N];
        for (i, x) in out.iter_mut().enumerate().take(n) {
            // SAFETY: the trait's contract.
            *x = unsafe { *p.add(i) };
        }
        Portable(out)
    }
    #[inline(always)]
    unsafe fn store_first(self, p: *mut f64, n: usize) {
        for (i, x) in self.0.into_iter().enumerate().take(n) {
            // SAFETY: the trait's contract.
            unsafe { *p.add(i) = x };
        }
    }
    #[inline(always)]
    unsafe fn gather(base: *const f64, index: *const u32) -> Self {
        let mut out = [0.0; N];
        for (i, x) in out.iter_mut().enumerate() {
            // SAFETY: the trait's contract.
            *x = unsafe { *base.add(*index.add(i) as usize) };
        }
        Portable(out)
    }
    #[inline(always)]
    unsafe fn scatter(self, base: *mut f64, index: *const u32) {
        for i in 0..N {
            // SAFETY: the trait's contract.
            unsafe { *base.add(*index.add(i) as usize) = self.0[i] };
        }
    }

    #[inline(always)]
    unsafe fn add(self, b: Self) -> Self {
        self.zip(b, |a, b| a + b)
    }
    #[inline(always)]
    unsafe fn sub(self, b: Self) -> Self {
        self.zip(b, |a, b| a - b)
    }
    #[inline(always)]
    unsafe fn mul(self, b: Self) -> Self {
        self.zip(b, |a, b| a * b)
    }
    #[inline(always)]
    unsafe fn div(self, b: Self) -> Self {
        self.zip(b, |a, b| a / b)
    }
    #[inline(always)]
    unsafe fn fma(self, b: Self, c: Self) -> Self {
        let mut out = [0.0; N];
        for i in 0..N {
            out[i] = self.0[i].mul_add(b.0[i], c.0[i]);
        }
        Portable(out)
    }
    #[inline(always)]
    unsafe fn fms(self, b: Self, c: Self) -> Self {
        let mut out = [0.0; N];
        for i in 0..N {
            out[i] = self.0[i].mul_add(b.0[i], -c.0[i]);
        }
        Portable(out)
    }
    #[inline(always)]
    unsafe fn fnma(self, b: Self, c: Self) -> Self {
        let mut out = [0.0; N];
        for i in 0..N {
            out[i] = (-self.0[i]).mul_add(b.0[i], c.0[i]);
        }
        Portable(out)
    }
    #[inline(always)]
    unsafe fn neg(self) -> Self {
        self.map(|a| -a)
    }
    #[inline(always)]
    unsafe fn abs(self) -> Self {
        self.map(f64::abs)
    }
    #[inline(always)]
    unsafe fn sqrt(self) -> Self {
        self.map(f64::sqrt)
    }
    #[inline(always)]
    unsafe fn floor(self) -> Self {
        self.map(f64::floor)
    }
    #[inline(always)]
    unsafe fn ceil(self) -> Self {
        self.map(f64::ceil)
    }
    #[inline(always)]
    unsafe fn min(self, b: Self) -> Self {
        self.zip(b, |a, b| if b < a { b } else { a })
    }
    #[inline(always)]
    unsafe fn max(self, b: Self) -> Self {
        self.zip(b, |a, b| if b > a { b } else { a })
    }

    #[inline(always)]
    unsafe fn lt(self, b: Self) -> [bool; N] {
        self.test(b, |a, b| a < b)
    }
    #[inline(always)]
    unsafe fn le(self, b: Self) -> [bool; N] {
        self.test(b, |a, b| a <= b)
    }
    #[inline(always)]
    unsafe fn eq(self, b: Self) -> [bool; N] {
        self.test(b, |a, b| a == b)
    }
    #[inline(always)]
    unsafe fn all(mask: [bool; N]) -> bool {
        mask.iter().fold(true, |all, lane| all & lane)
    }
    #[inline(always)]
    unsafe fn select(mask: [bool; N], a: Self, b: Self) -> Self {
        let mut out = [0.0; N];
        for i in 0..N {
            out[i] = if mask[i] { a.0[i] } else { b.0[i] };
        }
        Portable(out)
    }

    #[inline(always)]
    unsafe fn scale(self, k: Self) -> Self {
        // Two factors, each a normal power of two; the first product is exact, the second rounds.
        self.zip(k, |x, k| {
            let half = (0.5 * k + ROUND) - ROUND;
            let power = |k: f64| f64::from_bits(((k + ROUND).to_bits() << 52).wrapping_add(ONE_BITS));
            x * power(half) * power(k - half)
        })
    }
    #[inline(always)]
    unsafe fn scale_normal(self, t: Self) -> Self {
        self.zip(t, |x, t| f64::from_bits(x.to_bits().wrapping_add(t.to_bits() << 52)))
    }
    #[inline(always)]
    unsafe fn split(self) -> (Self, Self) {
        let shifted = |x: f64| x.to_bits().wrapping_add(ONE_BITS - SPLIT_BITS);
        let m = self.map(|x| f64::from_bits((shifted(x) & 0x000f_ffff_ffff_ffff).wrapping_add(SPLIT_BITS)));
        // Biased exponent under the bits of 2^52 is 2^52 + exponent; exact.
        let e = self.map(|x| f64::from_bits((shifted(x) >> 52) | TWO_52_BITS) - (TWO_52 + 1023.0));
        (m, e)
    }
}

/// 2^52
const TWO_52: f64 = 4_503_599_627_370_496.0;
/// Bits of 2^52.
const TWO_52_BITS: u64 = 0x4330_0000_0000_0000;
