//! Elementary functions: accuracy, special values, and agreement with their definitions.

use neuropil::simd::math;
use proptest::prelude::*;

/// Distance in units of the last place of the second.
fn ulps(got: f64, expected: f64) -> f64 {
    if got == expected || (got.is_nan() && expected.is_nan()) {
        return 0.0;
    }
    let ulp = f64::from_bits(expected.abs().to_bits() + 1) - expected.abs();
    (got - expected).abs() / ulp
}

const INF: f64 = f64::INFINITY;

#[test]
fn special_values() {
    assert_eq!(math::exp(0.0), 1.0);
    assert_eq!(math::exp(INF), INF);
    assert_eq!(math::exp(-INF), 0.0);
    assert_eq!(math::exp(710.0), INF);
    assert_eq!(math::exp(1e300), INF);
    assert_eq!(math::exp(-746.0), 0.0);
    assert_eq!(math::exp(-1e300), 0.0);
    assert!(math::exp(709.7).is_finite());
    assert!(math::exp(f64::NAN).is_nan());
    assert_eq!(math::exprel(0.0), 1.0);
    assert_eq!(math::exprel(-0.0), 1.0);
    assert_eq!(math::exprel(INF), 0.0);
    assert_eq!(math::exprel(-INF), INF);
    assert_eq!(math::exprel(-1e10), 1e10);
    assert_eq!(math::exprel(1e10), 0.0);
    assert!(math::exprel(f64::NAN).is_nan());
    assert_eq!(math::phi(0.0), 1.0);
    assert_eq!(math::phi(INF), INF);
    assert_eq!(math::phi(-INF), 0.0);
    assert!(math::phi(f64::NAN).is_nan());
    assert_eq!(math::ln(1.0), 0.0);
    assert_eq!(math::ln(0.0), -INF);
    assert_eq!(math::ln(INF), INF);
    assert!(math::ln(-1.0).is_nan());
    assert!(math::ln(f64::NAN).is_nan());
    assert_eq!(math::tanh(INF), 1.0);
    assert_eq!(math::tanh(-INF), -1.0);
    assert!(math::tanh(-0.0).is_sign_negative());
    assert!(math::tanh(f64::NAN).is_nan());
    assert_eq!(math::pow(2.0, 10.0), 1024.0);
    assert_eq!(math::expm1(-INF), -1.0);
}

#[test]
fn subnormal_results_and_arguments() {
    for x in [-708.4, -709.0, -720.5, -740.1, -744.9, -745.1] {
        assert!(ulps(math::exp(x), libm::exp(x)) <= 1.0, "exp({x})");
    }
    for x in [5e-324, 1e-320, 2.2e-308, 2.3e-308] {
        assert!(ulps(math::ln(x), libm::log(x)) <= 1.0, "ln({x})");
    }
    assert!(ulps(math::exprel(709.0), 709.0 * libm::exp(-709.0)) <= 2.0);
    assert!(ulps(math::exprel(720.0), 720.0 * libm::exp(-720.0)) <= 2.0);
}

/// Values computed with 50 digits and rounded.
#[test]
fn values_to_fifty_digits() {
    for (z, expected) in [
        (1e-9, 0.9999999995),
        (1e-6, 0.9999995000000833),
        (-1e-6, 1.0000005000000833),
        (1e-3, 0.999500083333332),
        (0.34, 0.8396148240487079),
        (-0.35, 1.1851875519230588),
        (0.36, 0.830776743751077),
        (1.0, 0.5819767068693265),
        (-1.04, 1.6085492709943279),
        (30.0, 2.807286890652315e-12),
    ] {
        assert!(ulps(math::exprel(z), expected) <= 3.0, "exprel({z}) = {}", math::exprel(z));
        assert!(ulps(math::phi(z), 1.0 / expected) <= 4.0, "phi({z})");
    }
    // The second, where ours and that of libm are on either side of the truth.
    for (x, expected) in [(0.5, 0.46211715726000973), (0.22313582909530125, 0.21950484499036432)] {
        assert!(ulps(math::tanh(x), expected) <= 3.0, "tanh({x}) = {}", math::tanh(x));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn close_to_libm(x in -708.0..709.0, y in -1.0..1.0, e in -1000..1000) {
        // Both sides are within an ulp of the truth.
        prop_assert!(ulps(math::exp(x), libm::exp(x)) <= 1.0);
        prop_assert!(ulps(math::exp(y), libm::exp(y)) <= 1.0);
        prop_assert!(ulps(math::expm1(y), libm::expm1(y)) <= 2.0);
        prop_assert!(ulps(math::expm1(10.0 * y), libm::expm1(10.0 * y)) <= 2.0);
        let m = (1.0 + y.abs()) * libm::exp2(f64::from(e));
        prop_assert!(ulps(math::ln(m), libm::log(m)) <= 1.0);
        prop_assert!(ulps(math::ln(1.0 + y / 3.0), libm::log(1.0 + y / 3.0)) <= 1.0);
        // Ours is within 3 of the truth, that of libm within 2.
        prop_assert!(ulps(math::tanh(4.0 * y), libm::tanh(4.0 * y)) <= 5.0);
        let z = y * 1e-3;
        // z/(e^z − 1) by its Bernoulli series, which is within an ulp for so small a z (and defined at 0).
        let series = 1.0 + z * (-0.5 + z * (1.0 / 12.0 + z * z * (-1.0 / 720.0 + z * z / 30240.0)));
        prop_assert!(ulps(math::exprel(z), series) <= 3.0, "exprel({z:e})");
    }
}

#[test]
fn powers_of_special_numbers() {
    for (x, y, wanted) in [
        (0.0, 2.5, 0.0),
        (0.0, -1.5, INF),
        (4.0, 0.5, 2.0),
        (1.0, 1e300, 1.0),
        (1e-200, 2.0, 0.0),
        (1e200, 2.0, INF),
        (5e-324, 0.5, libm::pow(5e-324, 0.5)),
        (INF, -1.0, 0.0),
        (-2.0, 3.0, -8.0),
        (3.7, 0.0, 1.0),
        (7.25, 1.0, 7.25),
    ] {
        assert_eq!(math::pow(x, y), wanted, "{x} ^ {y}");
    }
    assert!(math::pow(-2.0, 0.5).is_nan() && math::pow(f64::NAN, 1.0).is_nan());
    assert!(math::pow(2.0, f64::NAN).is_nan());
}

/// What rounding costs in the exponent grows with the exponent.
fn power_bound(x: f64, y: f64) -> f64 {
    2.0 + (y * libm::log(x)).abs() / 10.0
}

proptest! {
    /// The reference is itself within 0.53 ulp.
    #[test]
    fn powers(exponent in -300.0..300.0_f64, y in -60.0..60.0_f64) {
        let x = libm::exp2(exponent);
        let wanted = libm::pow(x, y);
        let off = ulps(math::pow(x, y), wanted);
        prop_assert!(off <= power_bound(x, y), "{x:e} ^ {y}: {:e}, {wanted:e}", math::pow(x, y));
    }

    #[test]
    fn powers_of_numbers_near_one(x in 0.5..2.0_f64, y in -900.0..900.0_f64) {
        prop_assert!(ulps(math::pow(x, y), libm::pow(x, y)) <= power_bound(x, y), "{x} ^ {y}");
    }
}
