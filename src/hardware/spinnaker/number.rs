//! The numbers of SpiNNaker: signed 16.15 fixed point (ISO/IEC TR 18037 `accum`) and unsigned 0.32 fractions, with the
//! rounding of the compiled code.

use crate::error::{Error, ErrorKind, Result};

/// A signed fixed-point number of 16 bits before and 15 bits behind the point.
///
/// ```
/// use neuropil::hardware::spinnaker::Accum;
/// // Products are cut off towards minus infinity, quotients towards zero.
/// assert_eq!((Accum(-3) * Accum::literal(0.5)).0, -2);
/// assert_eq!((Accum::literal(-1.0) / Accum::literal(3.0)).0, -10922);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Accum(pub i32);

/// 2¹⁵.
const ONE: f64 = 32768.0;

impl Accum {
    /// The least step, 2⁻¹⁵.
    pub const STEP: f64 = 1.0 / ONE;
    /// The greatest value.
    pub const MAX: f64 = i32::MAX as f64 / ONE;
    /// The least value.
    pub const MIN: f64 = i32::MIN as f64 / ONE;

    /// As the host writes a parameter: to the nearest, ties to even.
    ///
    /// # Errors
    /// If `value` lies outside [`Accum::MIN`] … [`Accum::MAX`] or is no number.
    pub fn from_host(value: f64) -> Result<Accum> {
        let bits = (value * ONE).round_ties_even();
        if !(f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&bits) {
            let message = format!("{value} is outside of what s16.15 holds, {} to {}", Self::MIN, Self::MAX);
            return Err(Error::new(ErrorKind::Value, message));
        }
        Ok(Accum(bits as i32))
    }

    /// As the compiler converts a literal or a double: towards zero. Values out of range are cut to it.
    pub fn literal(value: f64) -> Accum {
        Accum((value * ONE).trunc() as i32)
    }

    /// Its value.
    pub fn value(self) -> f64 {
        f64::from(self.0) / ONE
    }

    /// The product with a fraction, towards minus infinity: how synapses decay.
    pub fn scaled(self, by: Fraction) -> Accum {
        Accum(((i64::from(self.0) * i64::from(by.0)) >> 32) as i32)
    }

    /// e to its power: 0 from −10.397 down, the greatest value from 11.09 up, otherwise cut off. The library on the
    /// chip was measured at most 1.03 steps from the exact value; this is the exact value cut off, so that a constant
    /// made with it may be one step off.
    pub fn exp(self) -> Accum {
        if self.0 < -340_695 {
            Accum(0)
        } else if self.0 > 363_408 {
            Accum(i32::MAX)
        } else {
            Accum::literal(libm::exp(self.value()))
        }
    }
}

impl std::ops::Add for Accum {
    type Output = Accum;
    /// Wraps around.
    fn add(self, other: Accum) -> Accum {
        Accum(self.0.wrapping_add(other.0))
    }
}

impl std::ops::Sub for Accum {
    type Output = Accum;
    /// Wraps around.
    fn sub(self, other: Accum) -> Accum {
        Accum(self.0.wrapping_sub(other.0))
    }
}

impl std::ops::Neg for Accum {
    type Output = Accum;
    fn neg(self) -> Accum {
        Accum(self.0.wrapping_neg())
    }
}

impl std::ops::Mul for Accum {
    type Output = Accum;
    /// Towards minus infinity; wraps around.
    fn mul(self, other: Accum) -> Accum {
        Accum(((i64::from(self.0) * i64::from(other.0)) >> 15) as i32)
    }
}

impl std::ops::Div for Accum {
    type Output = Accum;
    /// Towards zero; wraps around. A quotient by 0 is the greatest value of its sign, as there is none.
    fn div(self, other: Accum) -> Accum {
        match (i64::from(self.0) << 15).checked_div(i64::from(other.0)) {
            Some(quotient) => Accum(quotient as i32),
            None => Accum(if self.0 < 0 { i32::MIN } else { i32::MAX }),
        }
    }
}

/// An unsigned fraction of 32 bits, below 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Fraction(pub u32);

impl Fraction {
    /// `value` cut off; 1 and more is the greatest, 0 and less is 0.
    pub fn new(value: f64) -> Fraction {
        Fraction((value * 4_294_967_296.0) as u32)
    }

    /// e to the power of a negative number. e⁰ is 0: 1 does not exist.
    pub fn exp(power: Accum) -> Fraction {
        if power.0 >= 0 { Fraction(0) } else { Fraction::new(libm::exp(power.value())) }
    }

    /// Its value.
    pub fn value(self) -> f64 {
        f64::from(self.0) / 4_294_967_296.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_the_tool_chain_has_them() {
        assert_eq!(Accum::literal(0.1).0, 3276);
        assert_eq!(Accum::from_host(0.1).unwrap().0, 3277);
        assert_eq!(Accum::literal(-65.3).0, -2_139_750);
        let wrapped = Accum::literal(300.0) * Accum::literal(300.0);
        assert_eq!(wrapped.value(), -41072.0);
        assert!(Accum::from_host(65536.0).unwrap_err().to_string().contains("s16.15"));
        assert_eq!(Accum::from_host(-65536.0).unwrap().0, i32::MIN);
        assert!(Accum::from_host(f64::NAN).is_err());
        assert_eq!(Fraction::exp(Accum(0)).0, 0);
        assert_eq!(Accum::literal(-10.4).exp().0, 0);
        assert_eq!(Accum::literal(0.0).exp().value(), 1.0);
        // 0.05 is 1638 steps, a little less: its exponential is a step above that of −0.05 itself.
        assert_eq!(Accum::literal(-0.05).exp().0, 31170);
    }
}
