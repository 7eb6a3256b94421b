//! Formulas of who is connected: of distance, displacement and indices.

use std::fmt::{self, Display, Formatter};

use crate::error::{Error, ErrorKind, Result};
use crate::expr::parse::parse_with_dimensions;
use crate::expr::{Expr, dims, eval};
use crate::units::{Dimension, unit};

/// An expression of who is connected, and the text it was written as.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    expr: Expr,
    dimension: Dimension,
    factor: f64,
    text: String,
}

impl Formula {
    /// The names that formulas know: distance, displacement from source to target along the axes
    /// (lengths), index of the source and of the target.
    pub const NAMES: [&'static str; 6] = ["d", "x", "y", "z", "i", "j"];

    /// Reads an expression of [`Formula::NAMES`].
    ///
    /// # Errors
    /// If it is none, uses other names, or its dimensions do not fit together.
    pub fn parse(text: &str) -> Result<Formula> {
        let parsed = parse_with_dimensions(text, &unit)?;
        let mut unknown = None;
        parsed.expr.visit_names(&mut |name| {
            if !Formula::NAMES.contains(&name) {
                unknown.get_or_insert(name.to_string());
            }
        });
        if let Some(name) = unknown {
            let message = format!("`{name}` is not known in `{text}`");
            let help = "known are the distance d, the displacement x, y, z, the indices i and j of source and target";
            return Err(Error::new(ErrorKind::Name, message).help(help));
        }
        let of_name = |name: &str| match name {
            "i" | "j" => Some(Dimension::NONE),
            name => Formula::NAMES.contains(&name).then_some(Dimension::LENGTH),
        };
        let dimension = dims::dimension_of(&parsed.expr, &of_name, Some(&parsed.literals))?;
        Ok(Formula { expr: parsed.expr, dimension, factor: 1.0, text: text.to_string() })
    }

    /// The same, `factor` times as great.
    #[must_use]
    pub fn scaled(mut self, factor: f64) -> Formula {
        self.factor *= factor;
        self
    }

    /// The dimension of what was written.
    pub fn dimension(&self) -> Dimension {
        self.dimension
    }

    /// The expression, in SI units, to be multiplied by [`Formula::factor`].
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// What the expression is to be multiplied by.
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// Which of [`Formula::NAMES`] it uses.
    pub fn uses(&self) -> [bool; 6] {
        let mut used = [false; 6];
        self.expr.visit_names(&mut |name| {
            if let Some(at) = Formula::NAMES.iter().position(|known| *known == name) {
                used[at] = true;
            }
        });
        used
    }

    /// Its value for the values of [`Formula::NAMES`], SI.
    ///
    /// # Errors
    /// If it has none.
    pub fn at(&self, values: &[f64; 6]) -> Result<f64> {
        let value = |name: &str| Formula::NAMES.iter().position(|known| *known == name).map(|at| values[at]);
        Ok(self.factor * eval::evaluate(&self.expr, &value)?)
    }
}

impl Display for Formula {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_know_their_names_and_dimensions() {
        let formula = Formula::parse("exp(-d / 100 um)").unwrap();
        assert_eq!((formula.dimension(), formula.uses()[0]), (Dimension::NONE, true));
        let at = formula.at(&[1e-4, 0.0, 0.0, 0.0, 0.0, 0.0]).unwrap();
        assert!((at - (-1.0f64).exp()).abs() < 1e-15);
        assert_eq!(Formula::parse("4 nS * (i - j)").unwrap().dimension(), Dimension::CONDUCTANCE);
        assert!(Formula::parse("exp(-d / 100)").is_err());
        assert!(Formula::parse("exp(-r / 1 um)").unwrap_err().to_string().contains("`r` is not known"));
    }
}
