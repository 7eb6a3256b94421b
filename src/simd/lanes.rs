//! The lane trait: what a vector unit must offer.

/// `N` numbers that one instruction handles.
///
/// Everything else in this crate that wants SIMD is written once over this trait. Arithmetic is
/// IEEE 754 binary64, round to nearest even, and each function is one rounding (`fma` included), so
/// any two implementors give the same bits.
///
/// # Safety
///
/// One contract for all functions: the caller is compiled with, and runs on a processor with, the
/// target features that the implementor names (see [`Level`](super::Level)); a pointer argument is
/// valid for `N` elements from it (no alignment needed); an index argument points to `N` indices,
/// each below 2^31 and inside the allocation that `base` points into.
pub trait Lanes: Copy {
    /// Number of lanes.
    const N: usize;
    /// One truth value per lane.
    type Mask: Copy;

    /// All lanes `x`.
    unsafe fn splat(x: f64) -> Self;
    /// Lane `i` is `p[i]`.
    unsafe fn load(p: *const f64) -> Self;
    /// `p[i]` is lane `i`.
    unsafe fn store(self, p: *mut f64);
    /// Lane `i` is `p[i]` for `i < n`, else 0; `n <= N`, and `p` need only be valid for `n` elements.
    unsafe fn load_first(p: *const f64, n: usize) -> Self;
    /// `p[i]` is lane `i` for `i < n`; `n <= N`, and `p` need only be valid for `n` elements.
    unsafe fn store_first(self, p: *mut f64, n: usize);
    /// Lane `i` is `base[index[i]]`.
    unsafe fn gather(base: *const f64, index: *const u32) -> Self;
    /// `base[index[i]]` is lane `i`; of equal indices the last lane wins.
    unsafe fn scatter(self, base: *mut f64, index: *const u32);

    /// `self + b`
    unsafe fn add(self, b: Self) -> Self;
    /// `self - b`
    unsafe fn sub(self, b: Self) -> Self;
    /// `self * b`
    unsafe fn mul(self, b: Self) -> Self;
    /// `self / b`
    unsafe fn div(self, b: Self) -> Self;
    /// `self * b + c`
    unsafe fn fma(self, b: Self, c: Self) -> Self;
    /// `self * b - c`
    unsafe fn fms(self, b: Self, c: Self) -> Self;
    /// `-(self * b) + c`
    unsafe fn fnma(self, b: Self, c: Self) -> Self;
    /// `-self`
    unsafe fn neg(self) -> Self;
    /// `|self|`
    unsafe fn abs(self) -> Self;
    /// Square root.
    unsafe fn sqrt(self) -> Self;
    /// Largest whole number not above.
    unsafe fn floor(self) -> Self;
    /// Smallest whole number not below.
    unsafe fn ceil(self) -> Self;
    /// `if b < self { b } else { self }`
    unsafe fn min(self, b: Self) -> Self;
    /// `if b > self { b } else { self }`
    unsafe fn max(self, b: Self) -> Self;

    /// `self < b`
    unsafe fn lt(self, b: Self) -> Self::Mask;
    /// `self <= b`
    unsafe fn le(self, b: Self) -> Self::Mask;
    /// `self == b`
    unsafe fn eq(self, b: Self) -> Self::Mask;
    /// True if every lane is.
    unsafe fn all(mask: Self::Mask) -> bool;
    /// `a` where the mask is true, else `b`.
    unsafe fn select(mask: Self::Mask, a: Self, b: Self) -> Self;

    /// `self * 2^k` for whole `|k| <= 1100` with one rounding, subnormal and infinite results
    /// included; `0.5 < |self| < 2`, or NaN.
    unsafe fn scale(self, k: Self) -> Self;
    /// `self * 2^k` where `t = k + 1.5 * 2^52`; argument and result are normal numbers.
    unsafe fn scale_normal(self, t: Self) -> Self;
    /// `(m, e)` with `self = m * 2^e`, `e` whole, `sqrt(1/2) <= m < sqrt(2)` (to a few ulp); for
    /// positive normal numbers.
    unsafe fn split(self) -> (Self, Self);
}

/// Magic number of round-to-nearest by addition: `(x + ROUND) - ROUND` is `x` rounded to a whole
/// number for `|x| < 2^51`, and the low bits of `x + ROUND` hold that number in two's complement.
pub const ROUND: f64 = 6_755_399_441_055_744.0; // 1.5 * 2^52

/// Bits of 1.0.
pub const ONE_BITS: u64 = 0x3ff0_0000_0000_0000;

/// Upper 32 bits of sqrt(1/2): the lower end of the mantissa range of [`Lanes::split`].
pub const SPLIT_BITS: u64 = 0x3fe6_a09e_0000_0000;
