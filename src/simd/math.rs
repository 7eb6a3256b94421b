//! Elementary functions, the same bits on every machine.
//!
//! `exp`, `exprel`, `phi`, `ln` and `tanh` are written over [`Lanes`]; the rarer ones go lane by
//! lane through the `libm` crate, which is plain Rust and therefore as reproducible. The functions on
//! `f64` here are the one-lane forms: use them, not those of `std`, wherever a value reaches results.
//!
//! Polynomials are near-minimax (Chebyshev interpolation at 300 bits, then rounded to f64). The
//! reductions are the classical ones: `exp` by `x = k ln 2 + r` (Cody and Waite, Software Manual
//! for the Elementary Functions, 1980), `ln` by `ln(1 + f) = 2 artanh(f / (2 + f))` (Tang, ACM TOMS
//! 16:378, 1990).

use super::arch::portable::Portable;
use super::lanes::{Lanes, ROUND};

/// (e^r - 1 - r) / r² on |r| <= ln(2)/2; without the first, absolute error of what they add up to
/// 6.1e-16 r.
const EXP: [f64; 10] = [
    0.5,
    0.16666666666666666,
    0.04166666666665136,
    0.008333333333332155,
    0.0013888888905881542,
    0.0001984126985433861,
    2.4801536388690766e-05,
    2.755728006701698e-06,
    2.761380686153829e-07,
    2.5095554677111112e-08,
];

/// (2 artanh(s) - 2s) / s³ as a polynomial in s², |s| <= (sqrt(2) - 1)/(sqrt(2) + 1), error 3.2e-16.
const LOG: [f64; 7] = [
    0.666666666666667,
    0.3999999999989889,
    0.28571428626253836,
    0.22222211089379496,
    0.1818289243253687,
    0.15331611722055008,
    0.14617807153417325,
];

/// ln 2, upper 42 bits: `k * LN2_HI` is exact for the exponents of f64.
const LN2_HI: f64 = 0.6931471805598903;
/// ln 2 - `LN2_HI`.
const LN2_LO: f64 = 5.497923018708371e-14;

/// Up to here e^x and e^-x are normal numbers.
const NORMAL: f64 = 708.0;
/// e^x is 0 below and infinite above.
const EXP_RANGE: (f64, f64) = (-746.0, 710.0);

/// `c[0] + c[1] x + ...`, odd and even terms by Horner's rule in `x2 = x²` side by side: as many
/// operations as Horner's rule in `x` and half its latency.
///
/// # Safety
///
/// The contract of [`Lanes`].
#[inline(always)]
unsafe fn polynomial<L: Lanes, const N: usize>(x: L, x2: L, c: &[f64; N]) -> L {
    // SAFETY: passed on.
    unsafe {
        let mut sums = [L::splat(c[N - 2]), L::splat(c[N - 1])];
        for i in (0..N - 2).rev() {
            let sum = &mut sums[(N - i) % 2];
            *sum = sum.fma(x2, L::splat(c[i]));
        }
        // The last coefficient taken, c[0], is in the sum of the even terms.
        let [even, odd] = if N.is_multiple_of(2) { sums } else { [sums[1], sums[0]] };
        odd.fma(x, even)
    }
}

/// `(e^r - 1, k + ROUND, k)` with `x = k ln 2 + r`, |r| <= ln(2)/2.
///
/// # Safety
///
/// The contract of [`Lanes`].
#[inline(always)]
unsafe fn reduced<L: Lanes>(x: L) -> (L, L, L) {
    // SAFETY: passed on.
    unsafe {
        let round = L::splat(ROUND);
        let t = x.fma(L::splat(std::f64::consts::LOG2_E), round);
        let k = t.sub(round);
        let r = k.fnma(L::splat(LN2_LO), k.fnma(L::splat(LN2_HI), x));
        let r2 = r.mul(r);
        (r2.fma(polynomial(r, r2, &EXP), r), t, k)
    }
}

/// `f` of each lane, one at a time.
///
/// # Safety
///
/// The contract of [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn lane_by_lane<L: Lanes>(x: L, f: fn(f64) -> f64) -> L {
    let mut lanes = [0.0; 8];
    const { assert!(L::N <= 8) };
    // SAFETY: passed on; `N <= 8`.
    unsafe {
        x.store(lanes.as_mut_ptr());
        for lane in &mut lanes[..L::N] {
            *lane = f(*lane);
        }
        L::load(lanes.as_ptr())
    }
}

/// True if every lane is within the range where e^x and e^-x are normal; false if one is NaN.
///
/// # Safety
///
/// The contract of [`Lanes`].
#[inline(always)]
unsafe fn all_normal<L: Lanes>(x: L) -> bool {
    // SAFETY: passed on.
    unsafe { L::all(x.abs().le(L::splat(NORMAL))) }
}

/// e^x, at most 1 ulp off; gradual underflow, 0, infinity and NaN as they should be.
///
/// # Safety
///
/// The contract of [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn exp_lanes<L: Lanes>(x: L) -> L {
    // SAFETY: passed on.
    unsafe {
        let one = L::splat(1.0);
        if all_normal(x) {
            let (p, t, _) = reduced(x);
            return one.add(p).scale_normal(t);
        }
        let x = x.max(L::splat(EXP_RANGE.0)).min(L::splat(EXP_RANGE.1));
        let (p, _, k) = reduced(x);
        one.add(p).scale(k)
    }
}

/// e^x - 1 for |x| <= [`NORMAL`], without cancellation.
///
/// # Safety
///
/// The contract of [`Lanes`].
#[inline(always)]
unsafe fn expm1_normal<L: Lanes>(x: L) -> L {
    // SAFETY: passed on.
    unsafe {
        let one = L::splat(1.0);
        let (p, t, _) = reduced(x);
        let power = one.scale_normal(t);
        power.fma(p, power.sub(one))
    }
}

/// z / (e^z - 1), 1 at 0; at most 3 ulp off.
///
/// # Safety
///
/// The contract of [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn exprel_lanes<L: Lanes>(z: L) -> L {
    // SAFETY: passed on.
    unsafe {
        if !all_normal(z) {
            return lane_by_lane(z, exprel);
        }
        let ratio = z.div(expm1_normal(z));
        L::select(z.eq(L::splat(0.0)), L::splat(1.0), ratio)
    }
}

/// (e^z - 1) / z, 1 at 0; at most 3 ulp off.
///
/// # Safety
///
/// The contract of [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn phi_lanes<L: Lanes>(z: L) -> L {
    // SAFETY: passed on.
    unsafe {
        if !all_normal(z) {
            return lane_by_lane(z, phi);
        }
        let ratio = expm1_normal(z).div(z);
        L::select(z.eq(L::splat(0.0)), L::splat(1.0), ratio)
    }
}

/// tanh x = (e^2|x| - 1) / (e^2|x| + 1) with the sign of x; at most 3 ulp off.
///
/// # Safety
///
/// The contract of [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn tanh_lanes<L: Lanes>(x: L) -> L {
    // SAFETY: passed on.
    unsafe {
        let zero = L::splat(0.0);
        // Beyond 22 the result is 1 to the last bit; a NaN passes through.
        let a = x.abs().min(L::splat(22.0));
        let e = expm1_normal(a.add(a));
        let positive = e.div(e.add(L::splat(2.0)));
        let signed = L::select(x.lt(zero), positive.neg(), positive);
        L::select(x.eq(zero), x, signed)
    }
}

/// ln(m 2^e) for sqrt(1/2) <= m < sqrt(2).
///
/// # Safety
///
/// The contract of [`Lanes`].
#[inline(always)]
unsafe fn ln_of_parts<L: Lanes>(m: L, e: L) -> L {
    // SAFETY: passed on.
    unsafe {
        let f = m.sub(L::splat(1.0));
        let s = f.div(f.add(L::splat(2.0)));
        let z = s.mul(s);
        let rest = z.mul(polynomial(z, z.mul(z), &LOG));
        let half_square = f.mul(f).mul(L::splat(0.5));
        // ln(1 + f) = f - f²/2 + s (f²/2 + rest)
        let low = s.fma(half_square.add(rest), e.mul(L::splat(LN2_LO)));
        e.fma(L::splat(LN2_HI), f.sub(half_square.sub(low)))
    }
}

/// Natural logarithm, at most 1 ulp off; -infinity at 0, NaN below.
///
/// # Safety
///
/// The contract of [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn ln_lanes<L: Lanes>(x: L) -> L {
    // SAFETY: passed on.
    unsafe {
        if !(L::all(L::splat(f64::MIN_POSITIVE).le(x)) && L::all(x.le(L::splat(f64::MAX)))) {
            return lane_by_lane(x, ln);
        }
        let (m, e) = x.split();
        ln_of_parts(m, e)
    }
}

/// Up to here the exponent of a power is taken by lanes: the result is a normal number.
const POW_RANGE: f64 = 700.0;

/// `(sum, rest)` with `sum + rest = ln x` to about 58 bits, for positive normal `x`.
///
/// `ln(1 + f) = 2 artanh(s)` with `s = f / (2 + f)`: only `2 s` and the multiple of ln 2 need more than
/// the precision of one number.
///
/// # Safety
///
/// The contract of [`Lanes`].
#[inline(always)]
unsafe fn ln_in_two<L: Lanes>(x: L) -> (L, L) {
    // SAFETY: passed on.
    unsafe {
        let (m, e) = x.split();
        let two = L::splat(2.0);
        let f = m.sub(L::splat(1.0));
        let divisor = f.add(two);
        let divisor_rest = f.sub(divisor.sub(two));
        let s = f.div(divisor);
        let remainder = s.fnma(divisor_rest, s.fnma(divisor, f));
        let s_rest = remainder.div(divisor);
        let z = s.mul(s);
        let series = z.mul(s).mul(polynomial(z, z.mul(z), &LOG));
        let (whole, part) = (e.mul(L::splat(LN2_HI)), s.add(s));
        // `whole` is 0 or the larger one, so what the sum loses is known exactly.
        let sum = whole.add(part);
        let lost = part.sub(sum.sub(whole));
        let rest = lost.add(e.fma(L::splat(LN2_LO), s_rest.add(s_rest).add(series)));
        let total = sum.add(rest);
        (total, rest.sub(total.sub(sum)))
    }
}

/// x^y, at most 2 + |y ln x| / 10 ulp off; what is out of range for lanes as C's `pow`.
///
/// # Safety
///
/// The contract of [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn pow_lanes<L: Lanes>(x: L, y: L) -> L {
    // SAFETY: passed on; `N <= 8`.
    unsafe {
        let normal = L::all(L::splat(f64::MIN_POSITIVE).le(x)) && L::all(x.le(L::splat(f64::MAX)));
        if normal {
            let (sum, rest) = ln_in_two(x);
            let product = y.mul(sum);
            if L::all(product.abs().le(L::splat(POW_RANGE))) {
                let lost = y.fma(rest, y.fms(sum, product));
                let (p, t, _) = reduced(product);
                let one = L::splat(1.0);
                return one.add(lost.fma(one.add(p), p)).scale_normal(t);
            }
        }
        let (mut bases, mut exponents) = ([0.0; 8], [0.0; 8]);
        const { assert!(L::N <= 8) };
        x.store(bases.as_mut_ptr());
        y.store(exponents.as_mut_ptr());
        for (base, exponent) in bases[..L::N].iter_mut().zip(exponents) {
            *base = pow(*base, exponent);
        }
        L::load(bases.as_ptr())
    }
}

/// A function of lanes on one number.
macro_rules! one_lane {
    ($lanes:ident($x:expr)) => {{
        let mut out = 0.0;
        // SAFETY: `Portable` needs no target feature; `out` is one f64.
        unsafe { $lanes(Portable::<1>::splat($x)).store(&raw mut out) };
        out
    }};
}

/// e^x, at most 1 ulp off.
pub fn exp(x: f64) -> f64 {
    one_lane!(exp_lanes(x))
}

/// e^x - 1 without cancellation near 0; at most 2 ulp off.
pub fn expm1(x: f64) -> f64 {
    if x.abs() <= NORMAL { one_lane!(expm1_normal(x)) } else { exp(x) - 1.0 }
}

/// z / (e^z - 1) without cancellation near 0, and 1 at 0; at most 3 ulp off.
///
/// The rate function that Hodgkin and Huxley (J Physiol 117:500, 1952, eq. 12 and 20) write
/// `0.01 (v + 10) / (exp((v + 10)/10) - 1)`.
pub fn exprel(z: f64) -> f64 {
    if z.abs() <= NORMAL || z.is_nan() {
        if z.is_nan() { z } else { one_lane!(exprel_lanes(z)) }
    } else if z < 0.0 {
        -z
    } else if z.is_infinite() {
        0.0
    } else {
        z * exp(-z)
    }
}

/// (e^z - 1) / z without cancellation near 0, and 1 at 0; at most 3 ulp off.
///
/// The function phi_1 of exponential integrators (Hochbruck and Ostermann, Acta Numerica 19:209,
/// 2010, eq. 1.6).
pub fn phi(z: f64) -> f64 {
    if z.is_nan() {
        z
    } else if z.abs() <= NORMAL {
        one_lane!(phi_lanes(z))
    } else if z < 0.0 {
        -1.0 / z
    } else if z.is_infinite() {
        z
    } else {
        exp(z) / z
    }
}

/// Natural logarithm, at most 1 ulp off.
pub fn ln(x: f64) -> f64 {
    /// 2^54
    const LIFT: f64 = 18_014_398_509_481_984.0;
    if x.is_nan() || x == f64::INFINITY {
        x
    } else if x < 0.0 {
        f64::NAN
    } else if x == 0.0 {
        f64::NEG_INFINITY
    } else if x < f64::MIN_POSITIVE {
        let mut out = 0.0;
        // SAFETY: `Portable` needs no target feature; `out` is one f64.
        unsafe {
            let (m, e) = Portable::<1>::splat(x * LIFT).split();
            ln_of_parts(m, e.sub(Portable::splat(54.0))).store(&raw mut out);
        }
        out
    } else {
        one_lane!(ln_lanes(x))
    }
}

/// Hyperbolic tangent, at most 3 ulp off.
pub fn tanh(x: f64) -> f64 {
    one_lane!(tanh_lanes(x))
}

/// `x` to the power `y`, with C's special cases; at most 2 + |y ln x| / 10 ulp off.
pub fn pow(x: f64, y: f64) -> f64 {
    if (f64::MIN_POSITIVE..=f64::MAX).contains(&x) {
        let mut sum = 0.0;
        // SAFETY: `Portable` needs no target feature; `sum` is one f64.
        unsafe { ln_in_two(Portable::<1>::splat(x)).0.store(&raw mut sum) };
        if (y * sum).abs() <= POW_RANGE {
            let mut out = 0.0;
            // SAFETY: as above.
            unsafe { pow_lanes(Portable::<1>::splat(x), Portable::splat(y)).store(&raw mut out) };
            return out;
        }
    }
    libm::pow(x, y)
}

/// Sine of `x` in radians.
pub fn sin(x: f64) -> f64 {
    libm::sin(x)
}

/// Cosine of `x` in radians.
pub fn cos(x: f64) -> f64 {
    libm::cos(x)
}

/// Tangent of `x` in radians.
pub fn tan(x: f64) -> f64 {
    libm::tan(x)
}

/// Hyperbolic sine.
pub fn sinh(x: f64) -> f64 {
    libm::sinh(x)
}

/// Hyperbolic cosine.
pub fn cosh(x: f64) -> f64 {
    libm::cosh(x)
}
