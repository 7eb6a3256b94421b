//! Weights of many events, added to the lanes that they hit.

use crate::simd::Level;
use crate::vm::Target;

/// For each target in turn `lanes[lane] = fma(weight, factor, lanes[lane])`: the same bits at every
/// level.
///
/// # Panics
///
/// If a target lies outside `lanes`, or this machine lacks `level`.
pub fn add_weighted(level: Level, lanes: &mut [f64], factor: f64, targets: &[Target]) {
    assert!(level.is_available(), "this machine has no {}", level.name());
    match level {
        // SAFETY: both levels have FMA, and the level is available.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 | Level::Avx512 => unsafe { add_fma(lanes, factor, targets) },
        _ => add(lanes, factor, targets),
    }
}

/// Begins to bring `targets` into the first-level cache.
pub fn fetch(targets: &[Target]) {
    #[cfg(target_arch = "x86_64")]
    for line in targets.chunks(64 / size_of::<Target>()) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint, and the address is one of ours.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = targets;
}

/// # Safety
///
/// This machine has FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "fma")]
unsafe fn add_fma(lanes: &mut [f64], factor: f64, targets: &[Target]) {
    add(lanes, factor, targets);
}

#[inline(always)]
fn add(lanes: &mut [f64], factor: f64, targets: &[Target]) {
    for target in targets {
        let lane = &mut lanes[target.lane as usize];
        *lane = target.weight.mul_add(factor, *lane);
    }
}
