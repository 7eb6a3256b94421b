//! Eight lanes: AVX-512.

use std::arch::x86_64::*;

use crate::simd::lanes::{Lanes, ONE_BITS, SPLIT_BITS};

/// Eight lanes in a 512-bit register. Needs `avx512f` and `avx512dq`.
#[derive(Clone, Copy)]
pub struct Avx512(__m512d);

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
impl Lanes for Avx512 {
    const N: usize = 8;
    type Mask = __mmask8;

    lanes! {
        splat(x: f64) -> Self = Avx512(_mm512_set1_pd(x));
        load(p: *const f64) -> Self = Avx512(_mm512_loadu_pd(p));
        store(self: Self, p: *mut f64) = _mm512_storeu_pd(p, self.0);
        load_first(p: *const f64, n: usize) -> Self = Avx512(_mm512_maskz_loadu_pd(first(n), p));
        store_first(self: Self, p: *mut f64, n: usize) = _mm512_mask_storeu_pd(p, first(n), self.0);
        gather(base: *const f64, index: *const u32) -> Self =
            Avx512(_mm512_i32gather_pd::<8>(_mm256_loadu_si256(index.cast()), base));
        scatter(self: Self, base: *mut f64, index: *const u32) =
            _mm512_i32scatter_pd::<8>(base, _mm256_loadu_si256(index.cast()), self.0);

        add(self: Self, b: Self) -> Self = Avx512(_mm512_add_pd(self.0, b.0));
        sub(self: Self, b: Self) -> Self = Avx512(_mm512_sub_pd(self.0, b.0));
        mul(self: Self, b: Self) -> Self = Avx512(_mm512_mul_pd(self.0, b.0));
        div(self: Self, b: Self) -> Self = Avx512(_mm512_div_pd(self.0, b.0));
        fma(self: Self, b: Self, c: Self) -> Self = Avx512(_mm512_fmadd_pd(self.0, b.0, c.0));
        fms(self: Self, b: Self, c: Self) -> Self = Avx512(_mm512_fmsub_pd(self.0, b.0, c.0));
        fnma(self: Self, b: Self, c: Self) -> Self = Avx512(_mm512_fnmadd_pd(self.0, b.0, c.0));
        neg(self: Self) -> Self = Avx512(_mm512_xor_pd(self.0, _mm512_set1_pd(-0.0)));
        abs(self: Self) -> Self = Avx512(_mm512_andnot_pd(_mm512_set1_pd(-0.0), self.0));
        sqrt(self: Self) -> Self = Avx512(_mm512_sqrt_pd(self.0));
        floor(self: Self) -> Self =
            Avx512(_mm512_roundscale_pd::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>(self.0));
        ceil(self: Self) -> Self =
            Avx512(_mm512_roundscale_pd::<{ _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC }>(self.0));
        // The instruction returns its second operand when the comparison fails.
        min(self: Self, b: Self) -> Self = Avx512(_mm512_min_pd(b.0, self.0));
        max(self: Self, b: Self) -> Self = Avx512(_mm512_max_pd(b.0, self.0));

        lt(self: Self, b: Self) -> __mmask8 = _mm512_cmp_pd_mask::<_CMP_LT_OQ>(self.0, b.0);
        le(self: Self, b: Self) -> __mmask8 = _mm512_cmp_pd_mask::<_CMP_LE_OQ>(self.0, b.0);
        eq(self: Self, b: Self) -> __mmask8 = _mm512_cmp_pd_mask::<_CMP_EQ_OQ>(self.0, b.0);
        select(mask: __mmask8, a: Self, b: Self) -> Self =
            Avx512(_mm512_mask_blend_pd(mask, b.0, a.0));

        scale(self: Self, k: Self) -> Self = Avx512(_mm512_scalef_pd(self.0, k.0));
        scale_normal(self: Self, t: Self) -> Self = {
            let exponent = _mm512_slli_epi64::<52>(_mm512_castpd_si512(t.0));
            Avx512(_mm512_castsi512_pd(_mm512_add_epi64(_mm512_castpd_si512(self.0), exponent)))
        };
        split(self: Self) -> (Self, Self) = {
            let shift = _mm512_set1_epi64((ONE_BITS - SPLIT_BITS) as i64);
            let shifted = _mm512_add_epi64(_mm512_castpd_si512(self.0), shift);
            let fraction = _mm512_and_si512(shifted, _mm512_set1_epi64(0x000f_ffff_ffff_ffff));
            let m = _mm512_add_epi64(fraction, _mm512_set1_epi64(SPLIT_BITS as i64));
            let biased = _mm512_cvtepi64_pd(_mm512_srli_epi64::<52>(shifted));
            (Avx512(_mm512_castsi512_pd(m)), Avx512(_mm512_sub_pd(biased, _mm512_set1_pd(1023.0))))
        };
    }

    #[inline(always)]
    unsafe fn all(mask: __mmask8) -> bool {
        mask == 0xff
    }
}

/// The first `n` of eight lanes.
#[inline(always)]
fn first(n: usize) -> __mmask8 {
    ((1_u32 << n) - 1) as __mmask8
}
