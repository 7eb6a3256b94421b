//! Numbers with a distribution, drawn from a [`Stream`].

use std::collections::BTreeMap;

use super::{Stream, join};

/// 53 random bits as a number in [0, 1).
fn half_open(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// 52 random bits as a number in (0, 1): the midpoints of 2⁵² equal intervals.
fn open(bits: u64) -> f64 {
    ((bits >> 12) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64)
}

/// A standard normal number from two words (Box and Muller 1958, the cosine of the pair).
fn box_muller(a: u64, b: u64) -> f64 {
    let radius = (-2.0 * libm::log(open(a))).sqrt();
    radius * libm::cos(std::f64::consts::TAU * half_open(b))
}

impl Stream {
    /// The next number, uniform in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        half_open(self.bits())
    }

    /// The next number, uniform in (0, 1): safe to take the logarithm of.
    pub fn uniform_open(&mut self) -> f64 {
        open(self.bits())
    }

    /// The next standard normal number (mean 0, standard deviation 1). Takes 128 bits.
    pub fn normal(&mut self) -> f64 {
        let a = self.bits();
        box_muller(a, self.bits())
    }

    /// The next exponential number of mean 1.
    pub fn exponential(&mut self) -> f64 {
        -libm::log(self.uniform_open())
    }

    /// The uniform number in [0, 1) at `index`, without state; `index` counts 64-bit words.
    pub fn uniform_at(&self, index: u64) -> f64 {
        let [a, b, c, d] = self.block(index / 2);
        half_open(join(if index.is_multiple_of(2) { [a, b] } else { [c, d] }))
    }

    /// The standard normal number at `index`, without state; `index` counts 128-bit blocks.
    pub fn normal_at(&self, index: u64) -> f64 {
        let [a, b, c, d] = self.block(index);
        box_muller(join([a, b]), join([c, d]))
    }

    /// A whole number in 0..`n`, each with exactly the same probability (Lemire 2019, "Fast random
    /// integer generation in an interval"). 0 when `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        let mut product = u128::from(self.bits()) * u128::from(n);
        if (product as u64) < n {
            // 2^64 mod n products fall in a residue class that is one too long: reject those.
            let threshold = n.wrapping_neg() % n;
            while (product as u64) < threshold {
                product = u128::from(self.bits()) * u128::from(n);
            }
        }
        (product >> 64) as u64
    }

    /// A Poisson number of mean `mean`; 0 for a mean that is not a positive number.
    ///
    /// By inversion below a mean of 30; from there by transformed rejection with squeeze
    /// (Hörmann 1993, "The transformed rejection method for generating Poisson random variables",
    /// algorithm PTRS). Means beyond 10¹⁵ are taken as 10¹⁵.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        if mean.is_nan() || mean <= 0.0 {
            0
        } else if mean < 30.0 {
            self.poisson_by_inversion(mean)
        } else {
            self.poisson_by_rejection(mean.min(1e15))
        }
    }

    fn poisson_by_inversion(&mut self, mean: f64) -> u64 {
        let u = self.uniform();
        let mut term = libm::exp(-mean);
        let mut sum = term;
        let mut k = 0;
        // Rounding may keep the sum below the largest u: no mean here reaches 1000.
        while u >= sum && k < 1000 {
            k += 1;
            term *= mean / k as f64;
            sum += term;
        }
        k
    }

    fn poisson_by_rejection(&mut self, mean: f64) -> u64 {
        let log_mean = libm::log(mean);
        let b = 0.931 + 2.53 * mean.sqrt();
        let a = -0.059 + 0.02483 * b;
        let log_inverse_alpha = libm::log(1.1239 + 1.1328 / (b - 3.4));
        let squeeze = 0.9277 - 3.6224 / (b - 2.0);
        loop {
            let u = self.uniform_open() - 0.5;
            let v = self.uniform_open();
            let us = 0.5 - u.abs();
            let k = ((2.0 * a / us + b) * u + mean + 0.43).floor();
            if us >= 0.07 && v <= squeeze {
                return k as u64;
            }
            if k < 0.0 || (us < 0.013 && v > us) {
                continue;
            }
            let accept = libm::log(v) + log_inverse_alpha - libm::log(a / (us * us) + b);
            if accept <= k * log_mean - mean - libm::lgamma(k + 1.0) {
                return k as u64;
            }
        }
    }

    /// `k` different whole numbers of 0..`n` in random order, each such list equally likely; all of
    /// them, shuffled, when `k` is `n` or more.
    pub fn choose(&mut self, n: u64, k: u64) -> Vec<u64> {
        // Fisher-Yates from the front; `moved` holds only the places that are no longer themselves.
        let mut moved: BTreeMap<u64, u64> = BTreeMap::new();
        (0..k.min(n))
            .map(|i| {
                let j = i + self.below(n - i);
                let at_i = moved.get(&i).copied().unwrap_or(i);
                moved.insert(j, at_i).unwrap_or(j)
            })
            .collect()
    }

    /// Puts `items` in random order, each order equally likely.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i as u64 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rng::{Purpose, Stream};
    use proptest::prelude::*;

    const N: usize = 100_000;

    fn stream(key: u64) -> Stream {
        Stream::new(1, Purpose::Other, [key, 0])
    }

    /// Mean and variance of N draws lie within five standard errors of theirs.
    fn moments(mean: f64, variance: f64, kurtosis: f64, mut draw: impl FnMut() -> f64) {
        let xs: Vec<f64> = (0..N).map(|_| draw()).collect();
        let m = xs.iter().sum::<f64>() / N as f64;
        let v = xs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / N as f64;
        let n = N as f64;
        assert!((m - mean).abs() < 5.0 * (variance / n).sqrt(), "mean {m}, not {mean}");
        assert!(
            (v - variance).abs() < 5.0 * variance * ((kurtosis - 1.0) / n).sqrt(),
            "variance {v}, not {variance}"
        );
    }

    #[test]
    fn moments_of_the_distributions() {
        let mut s = stream(1);
        moments(0.5, 1.0 / 12.0, 1.8, || s.uniform());
        moments(0.5, 1.0 / 12.0, 1.8, || s.uniform_open());
        moments(0.0, 1.0, 3.0, || s.normal());
        moments(1.0, 1.0, 9.0, || s.exponential());
        for mean in [0.1, 3.0, 29.9, 30.0, 200.0, 1e6] {
            moments(mean, mean, 3.0 + 1.0 / mean, || s.poisson(mean) as f64);
        }
        let mut i = 0;
        moments(0.0, 1.0, 3.0, || {
            i += 1;
            s.normal_at(i)
        });
    }

    #[test]
    fn poisson_probabilities_agree_with_the_law() {
        // Both methods, at a mean where both are valid.
        let mut s = stream(2);
        let mean = 29.0;
        for rejection in [false, true] {
            let mut counts = [0u32; 80];
            for _ in 0..N {
                let k = if rejection { s.poisson_by_rejection(mean) } else { s.poisson_by_inversion(mean) };
                counts[(k as usize).min(79)] += 1;
            }
            let mut p = (-mean).exp();
            for (k, &count) in counts.iter().enumerate() {
                let expected = p * N as f64;
                assert!(
                    (f64::from(count) - expected).abs() < 5.0 * expected.sqrt() + 3.0,
                    "{rejection} {k}: {count}, not {expected}"
                );
                p *= mean / (k + 1) as f64;
            }
        }
    }

    #[test]
    fn degenerate_arguments_are_safe() {
        let mut s = stream(3);
        for mean in [0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(s.poisson(mean), 0);
        }
        assert!(s.poisson(f64::INFINITY) > 0);
        assert_eq!((s.below(0), s.below(1)), (0, 0));
        assert!(s.choose(0, 3).is_empty() && s.choose(3, 0).is_empty());
        s.shuffle::<u8>(&mut []);
    }

    #[test]
    fn below_is_even() {
        let mut s = stream(4);
        let mut counts = [0u32; 7];
        (0..N).for_each(|_| counts[s.below(7) as usize] += 1);
        let expected = N as f64 / 7.0;
        assert!(
            counts.iter().all(|&c| (f64::from(c) - expected).abs() < 5.0 * expected.sqrt()),
            "{counts:?}"
        );
    }

    #[test]
    fn every_ordered_choice_is_as_likely() {
        let mut s = stream(5);
        let mut counts = std::collections::BTreeMap::new();
        (0..N).for_each(|_| *counts.entry(s.choose(4, 2)).or_insert(0u32) += 1);
        assert_eq!(counts.len(), 12);
        let expected = N as f64 / 12.0;
        assert!(
            counts.values().all(|&c| (f64::from(c) - expected).abs() < 5.0 * expected.sqrt()),
            "{counts:?}"
        );
    }

    proptest! {
        #[test]
        fn choices_are_different_and_in_range(n in 0u64..60, k in 0u64..70, key: u64) {
            let mut chosen = stream(key).choose(n, k);
            prop_assert_eq!(chosen.len() as u64, k.min(n));
            chosen.sort_unstable();
            chosen.dedup();
            prop_assert_eq!(chosen.len() as u64, k.min(n));
            prop_assert!(chosen.iter().all(|&x| x < n));
        }

        #[test]
        fn open_numbers_are_open(key: u64) {
            let u = stream(key).uniform_open();
            prop_assert!(u > 0.0 && u < 1.0);
            prop_assert_eq!(stream(key).uniform(), stream(key).uniform_at(0));
            prop_assert_eq!(stream(key).normal(), stream(key).normal_at(0));
        }
    }
}
