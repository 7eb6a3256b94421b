//! Four lanes: AVX2 with FMA.

use std::arch::x86_64::*;

use crate::simd::lanes::{Lanes, ONE_BITS, ROUND, SPLIT_BITS};

/// Four lanes in a 256-bit register. Needs `avx2` and `fma`.
#[derive(Clone, Copy)]
pub struct Avx2(__m256d);

/// Functions of one expression over intrinsics.
macro_rules! lanes {
    ($($name:ident($($arg:ident: $ty:ty),*) $(-> $out:ty)? = $body:expr;)*) => {$(
        #[inline(always)]
        unsafe fn $name($($arg: $ty),*) $(-> $out)? {
            // SAFETY: the contract of `Lanes` is exactly what the intrinsics ask.
            unsafe { $body }
        }
    )*};
}

#[rustfmt::skip]
impl Lanes for Avx2 {
    const N: usize = 4;
    type Mask = __m256d;

    lanes! {
        splat(x: f64) -> Self = Avx2(_mm256_set1_pd(x));
        load(p: *const f64) -> Self = Avx2(_mm256_loadu_pd(p));
        store(self: Self, p: *mut f64) = _mm256_storeu_pd(p, self.0);
        load_first(p: *const f64, n: usize) -> Self = Avx2(_mm256_maskload_pd(p, first(n)));
        store_first(self: Self, p: *mut f64, n: usize) = _mm256_maskstore_pd(p, first(n), self.0);
        gather(base: *const f64, index: *const u32) -> Self = {
            // Four loads beat the gather instruction here.
            let at = |i: usize| *base.add(*index.add(i) as usize);
            Avx2(_mm256_setr_pd(at(0), at(1), at(2), at(3)))
        };
        scatter(self: Self, base: *mut f64, index: *const u32) = {
            let mut lanes = [0.0; 4];
            _mm256_storeu_pd(lanes.as_mut_ptr(), self.0);
            for (i, x) in lanes.into_iter().enumerate() {
                *base.add(*index.add(i) as usize) = x;
            }
        };

        add(self: Self, b: Self) -> Self = Avx2(_mm256_add_pd(self.0, b.0));
        sub(self: Self, b: Self) -> Self = Avx2(_mm256_sub_pd(self.0, b.0));
        mul(self: Self, b: Self) -> Self = Avx2(_mm256_mul_pd(self.0, b.0));
        div(self: Self, b: Self) -> Self = Avx2(_mm256_div_pd(self.0, b.0));
        fma(self: Self, b: Self, c: Self) -> Self = Avx2(_mm256_fmadd_pd(self.0, b.0, c.0));
        fms(self: Self, b: Self, c: Self) -> Self = Avx2(_mm256_fmsub_pd(self.0, b.0, c.0));
        fnma(self: Self, b: Self, c: Self) -> Self = Avx2(_mm256_fnmadd_pd(self.0, b.0, c.0));
        neg(self: Self) -> Self = Avx2(_mm256_xor_pd(self.0, _mm256_set1_pd(-0.0)));
        abs(self: Self) -> Self = Avx2(_mm256_andnot_pd(_mm256_set1_pd(-0.0), self.0));
        sqrt(self: Self) -> Self = Avx2(_mm256_sqrt_pd(self.0));
        floor(self: Self) -> Self = Avx2(_mm256_floor_pd(self.0));
        ceil(self: Self) -> Self = Avx2(_mm256_ceil_pd(self.0));
        // The instruction returns its second operand when the comparison fails.
        min(self: Self, b: Self) -> Self = Avx2(_mm256_min_pd(b.0, self.0));
        max(self: Self, b: Self) -> Self = Avx2(_mm256_max_pd(b.0, self.0));

        lt(self: Self, b: Self) -> __m256d = _mm256_cmp_pd::<_CMP_LT_OQ>(self.0, b.0);
        le(self: Self, b: Self) -> __m256d = _mm256_cmp_pd::<_CMP_LE_OQ>(self.0, b.0);
        eq(self: Self, b: Self) -> __m256d = _mm256_cmp_pd::<_CMP_EQ_OQ>(self.0, b.0);
        all(mask: __m256d) -> bool = _mm256_movemask_pd(mask) == 0xf;
        select(mask: __m256d, a: Self, b: Self) -> Self = Avx2(_mm256_blendv_pd(b.0, a.0, mask));

        scale(self: Self, k: Self) -> Self = {
            // Two factors, each a normal power of two; the first product is exact, the second rounds.
            let round = Avx2::splat(ROUND);
            let half = k.fma(Avx2::splat(0.5), round);
            let rest = k.sub(half.sub(round)).add(round);
            self.mul(Avx2::splat(1.0).scale_normal(half)).mul(Avx2::splat(1.0).scale_normal(rest))
        };
        scale_normal(self: Self, t: Self) -> Self = {
            let exponent = _mm256_slli_epi64::<52>(_mm256_castpd_si256(t.0));
            Avx2(_mm256_castsi256_pd(_mm256_add_epi64(_mm256_castpd_si256(self.0), exponent)))
        };
        split(self: Self) -> (Self, Self) = {
            let shift = _mm256_set1_epi64x((ONE_BITS - SPLIT_BITS) as i64);
            let shifted = _mm256_add_epi64(_mm256_castpd_si256(self.0), shift);
            let fraction = _mm256_and_si256(shifted, _mm256_set1_epi64x(0x000f_ffff_ffff_ffff));
            let m = _mm256_add_epi64(fraction, _mm256_set1_epi64x(SPLIT_BITS as i64));
            // The biased exponent under the bits of 2^52 is 2^52 + exponent, exactly.
            let biased = _mm256_or_si256(_mm256_srli_epi64::<52>(shifted), _mm256_set1_epi64x(TWO_52_BITS));
            let e = _mm256_sub_pd(_mm256_castsi256_pd(biased), _mm256_set1_pd(TWO_52 + 1023.0));
            (Avx2(_mm256_castsi256_pd(m)), Avx2(e))
        };
    }
}

/// 2^52
const TWO_52: f64 = 4_503_599_627_370_496.0;
/// Bits of 2^52.
const TWO_52_BITS: i64 = 0x4330_0000_0000_0000;

/// The first `n` of four lanes.
///
/// # Safety
///
/// The contract of [`Lanes`]; `n <= 4`.
#[inline(always)]
unsafe fn first(n: usize) -> __m256i {
    const EDGE: [i64; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];
    // SAFETY: four elements from `4 - n` on.
    unsafe { _mm256_loadu_si256(EDGE.as_ptr().add(4 - n).cast()) }
}
