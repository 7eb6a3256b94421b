//! Distributions that users name, as PyNN's `RandomDistribution` does.

use rand_distr::Distribution as _;

use super::Stream;

/// A distribution of numbers. Parameters are in the units of what is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Distribution {
    /// Even between `low` and `high`.
    Uniform {
        /// Least value.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// Whole numbers from `low` up to, but not including, `high`.
    UniformInt {
        /// Least value.
        low: i64,
        /// The one after the greatest.
        high: i64,
    },
    /// Normal, mean `mu` and standard deviation `sigma`.
    Normal {
        /// Mean.
        mu: f64,
        /// Standard deviation.
        sigma: f64,
    },
    /// Normal, drawn anew until between `low` and `high`.
    NormalClipped {
        /// Mean before clipping.
        mu: f64,
        /// Standard deviation before clipping.
        sigma: f64,
        /// Least value.
        low: f64,
        /// Greatest value.
        high: f64,
    },
    /// Normal, values outside put to the nearer of `low` and `high`.
    NormalClippedToBoundary {
        /// Mean before clipping.
        mu: f64,
        /// Standard deviation before clipping.
        sigma: f64,
        /// Least value.
        low: f64,
        /// Greatest value.
        high: f64,
    },
    /// Its logarithm is normal with `mu` and `sigma`.
    Lognormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// Exponential with mean `beta`.
    Exponential {
        /// Mean.
        beta: f64,
    },
    /// Gamma with shape `k` and scale `theta`: mean `k theta`.
    Gamma {
        /// Shape.
        k: f64,
        /// Scale.
        theta: f64,
    },
    /// Successes of `n` trials with probability `p`.
    Binomial {
        /// Trials.
        n: u64,
        /// Probability of each.
        p: f64,
    },
    /// Poisson with mean `lambda`.
    Poisson {
        /// Mean.
        lambda: f64,
    },
    /// Von Mises on the circle, radians in (−π, π] around `mu`.
    VonMises {
        /// Mean direction.
        mu: f64,
        /// Concentration.
        kappa: f64,
    },
}

/// Times that a clipped normal number is drawn before its distribution counts as impossible.
const MOST_TRIES: usize = 1000;

impl Distribution {
    /// Why no number can be drawn, if none can.
    pub fn fault(&self) -> Option<String> {
        use Distribution::{
            Binomial, Exponential, Gamma, Lognormal, Normal, NormalClipped, NormalClippedToBoundary, Poisson,
            Uniform, UniformInt, VonMises,
        };
        let sign = |name: &str, value: f64| {
            (value.is_nan() || value < 0.0).then(|| format!("{name} must not be negative, as {value} is"))
        };
        let order = |low: f64, high: f64| {
            (low.is_nan() || high.is_nan() || low > high)
                .then(|| format!("low ({low}) is above high ({high})"))
        };
        match *self {
            Uniform { low, high } => order(low, high),
            UniformInt { low, high } => {
                (low >= high).then(|| format!("there is no whole number from {low} to below {high}"))
            }
            Normal { sigma, .. } | Lognormal { sigma, .. } => sign("sigma", sigma),
            NormalClipped { mu, sigma, low, high } => {
                let far = sigma.mul_add(6.0, 0.0);
                sign("sigma", sigma).or(order(low, high)).or_else(|| {
                    (low - mu > far || mu - high > far)
                        .then(|| format!("almost no number around {mu} lies between {low} and {high}"))
                })
            }
            NormalClippedToBoundary { sigma, low, high, .. } => sign("sigma", sigma).or(order(low, high)),
            Exponential { beta } => sign("beta", beta),
            Gamma { k, theta } => {
                (!(k > 0.0 && theta > 0.0)).then(|| format!("k ({k}) and theta ({theta}) must be positive"))
            }
            Binomial { p, .. } => {
                (!(0.0..=1.0).contains(&p)).then(|| format!("p must be between 0 and 1, as {p} is not"))
            }
            Poisson { lambda } => sign("lambda", lambda),
            VonMises { kappa, .. } => sign("kappa", kappa),
        }
    }

    /// The next number of `stream` with this distribution; not a number where [`Self::fault`] says so.
    pub fn draw(&self, stream: &mut Stream) -> f64 {
        use Distribution::{
            Binomial, Exponential, Gamma, Lognormal, Normal, NormalClipped, NormalClippedToBoundary, Poisson,
            Uniform, UniformInt, VonMises,
        };
        match *self {
            Uniform { low, high } => (high - low).mul_add(stream.uniform(), low),
            UniformInt { low, high } => match high.checked_sub(low).filter(|n| *n > 0) {
                Some(n) => (low + stream.below(n as u64) as i64) as f64,
                None => f64::NAN,
            },
            Normal { mu, sigma } => sigma.mul_add(stream.normal(), mu),
            NormalClipped { mu, sigma, low, high } => {
                let drawn = (0..MOST_TRIES).map(|_| sigma.mul_add(stream.normal(), mu));
                drawn.into_iter().find(|x| (low..=high).contains(x)).unwrap_or(f64::NAN)
            }
            NormalClippedToBoundary { mu, sigma, low, high } => {
                sigma.mul_add(stream.normal(), mu).max(low).min(high)
            }
            Lognormal { mu, sigma } => libm::exp(sigma.mul_add(stream.normal(), mu)),
            Exponential { beta } => beta * stream.exponential(),
            Gamma { k, theta } => {
                rand_distr::Gamma::new(k, theta).map_or(f64::NAN, |gamma| gamma.sample(stream))
            }
            Binomial { n, p } => {
                rand_distr::Binomial::new(n, p).map_or(f64::NAN, |binomial| binomial.sample(stream) as f64)
            }
            Poisson { lambda } => stream.poisson(lambda) as f64,
            VonMises { mu, kappa } => von_mises(stream, mu, kappa),
        }
    }

    /// The distribution of `factor` times the number plus `offset`, where there is one of the same kind;
    /// that is how a distribution is given a unit.
    pub fn scaled(self, factor: f64) -> Option<Distribution> {
        use Distribution::{
            Exponential, Gamma, Lognormal, Normal, NormalClipped, NormalClippedToBoundary, Uniform,
        };
        Some(match self {
            Uniform { low, high } => Uniform { low: low * factor, high: high * factor },
            Normal { mu, sigma } => Normal { mu: mu * factor, sigma: sigma * factor },
            NormalClipped { mu, sigma, low, high } => NormalClipped {
                mu: mu * factor,
                sigma: sigma * factor,
                low: low * factor,
                high: high * factor,
            },
            NormalClippedToBoundary { mu, sigma, low, high } => NormalClippedToBoundary {
                mu: mu * factor,
                sigma: sigma * factor,
                low: low * factor,
                high: high * factor,
            },
            Lognormal { mu, sigma } if factor > 0.0 => Lognormal { mu: mu + libm::log(factor), sigma },
            Exponential { beta } => Exponential { beta: beta * factor },
            Gamma { k, theta } => Gamma { k, theta: theta * factor },
            _ => return None,
        })
    }
}

/// Best and Fisher 1979, "Efficient simulation of the von Mises distribution".
fn von_mises(stream: &mut Stream, mu: f64, kappa: f64) -> f64 {
    use std::f64::consts::{PI, TAU};
    let wrapped = |angle: f64| {
        let turned = libm::fmod(angle + PI, TAU);
        if turned <= 0.0 { turned + PI } else { turned - PI }
    };
    if kappa < 1e-8 {
        return wrapped(mu + TAU * stream.uniform());
    }
    let tau = 1.0 + (1.0 + 4.0 * kappa * kappa).sqrt();
    let rho = (tau - (2.0 * tau).sqrt()) / (2.0 * kappa);
    let r = (1.0 + rho * rho) / (2.0 * rho);
    loop {
        let z = libm::cos(PI * stream.uniform());
        let f = (1.0 + r * z) / (r + z);
        let c = kappa * (r - f);
        let u = stream.uniform_open();
        if c * (2.0 - c) > u || libm::log(c / u) + 1.0 >= c {
            let angle = libm::acos(f.clamp(-1.0, 1.0));
            return wrapped(if stream.uniform() < 0.5 { mu - angle } else { mu + angle });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Purpose;

    /// Mean and variance of 100,000 draws lie within five standard errors (and a little for heavy tails).
    fn moments(distribution: Distribution, mean: f64, variance: f64) {
        assert_eq!(distribution.fault(), None);
        let mut stream = Stream::new(7, Purpose::Other, [3, 0]);
        let n = 100_000;
        let drawn: Vec<f64> = (0..n).map(|_| distribution.draw(&mut stream)).collect();
        let m = drawn.iter().sum::<f64>() / n as f64;
        let v = drawn.iter().map(|x| (x - m).powi(2)).sum::<f64>() / n as f64;
        assert!(
            (m - mean).abs() < 5.0 * (variance / n as f64).sqrt(),
            "{distribution:?}: mean {m}, not {mean}"
        );
        assert!((v / variance - 1.0).abs() < 0.05, "{distribution:?}: variance {v}, not {variance}");
    }

    #[test]
    fn distributions_have_the_moments_of_their_laws() {
        use Distribution::*;
        moments(Uniform { low: -1.0, high: 3.0 }, 1.0, 16.0 / 12.0);
        moments(UniformInt { low: -2, high: 3 }, 0.0, 2.0);
        moments(Normal { mu: 2.0, sigma: 3.0 }, 2.0, 9.0);
        // Normal between −1 and 1 standard deviations: variance 1 − 2 φ(1) / (2 Φ(1) − 1).
        moments(NormalClipped { mu: 0.0, sigma: 1.0, low: -1.0, high: 1.0 }, 0.0, 0.291_125);
        moments(Lognormal { mu: 0.1, sigma: 0.3 }, (0.1f64 + 0.045).exp(), {
            let s2 = 0.09f64;
            (s2.exp() - 1.0) * (0.2 + s2).exp()
        });
        moments(Exponential { beta: 2.5 }, 2.5, 6.25);
        moments(Gamma { k: 0.7, theta: 2.0 }, 1.4, 2.8);
        moments(Gamma { k: 4.0, theta: 0.5 }, 2.0, 1.0);
        moments(Binomial { n: 40, p: 0.3 }, 12.0, 8.4);
        moments(Poisson { lambda: 4.0 }, 4.0, 4.0);
        // The real part of the first moment is I1(κ)/I0(κ): 0.697775 for κ = 2.
        let mut stream = Stream::new(7, Purpose::Other, [4, 0]);
        let vm = VonMises { mu: 1.0, kappa: 2.0 };
        let cosines = (0..100_000).map(|_| (vm.draw(&mut stream) - 1.0).cos()).sum::<f64>() / 1e5;
        assert!((cosines - 0.697_775).abs() < 0.006, "{cosines}");
    }

    #[test]
    fn impossible_distributions_say_so() {
        use Distribution::*;
        for distribution in [
            Uniform { low: 1.0, high: 0.0 },
            UniformInt { low: 2, high: 2 },
            Normal { mu: 0.0, sigma: -1.0 },
            NormalClipped { mu: 0.0, sigma: 1.0, low: 9.0, high: 10.0 },
            Gamma { k: 0.0, theta: 1.0 },
            Binomial { n: 3, p: 1.5 },
            Poisson { lambda: f64::NAN },
        ] {
            assert!(distribution.fault().is_some(), "{distribution:?}");
        }
    }
}
