//! Programs that read what is recorded.

use super::builder::{Array, Builder, Template};
use super::membrane::MembranePlan;
use super::point::PointKind;
use crate::dynamics::Dynamics;
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::expr::CompareOp;
use crate::units::Dimension;

/// A variable of a mechanism that can be recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Observable {
    /// The flat name.
    pub variable: String,
    /// Its dimension.
    pub dimension: Dimension,
}

/// The name of the current of all channels together, into the cell, A.
pub const TOTAL_CURRENT: &str = "iChannels";

/// The threshold, V, of a variable `v > 0.02`, which is 1 while the potential is above it and 0 else.
pub fn threshold_v(variable: &str) -> Option<f64> {
    variable.strip_prefix("v > ")?.trim().parse().ok()
}

/// Names a user may give for exposures of densities and placed mechanisms.
const ALIASES: [(&str, &[&str]); 3] =
    [("i", &["i", "iDensity"]), ("g", &["g", "gDensity"]), ("concentration", &["concentration"])];

/// The variable of `dynamics` that a user means by `name`: a flat name, an exposure, or the last
/// part of a path (`m` for the gate `ionChannel/m/q`).
///
/// # Errors
/// If nothing, or more than one thing, has this name; says what there is.
pub fn find_variable(dynamics: &Dynamics, name: &str) -> Result<Observable> {
    let dimension = |variable: &str| {
        let states = dynamics.states.iter().chain(&dynamics.inputs).map(|v| (&v.name, v.dimension));
        let derived = dynamics.derived.iter().map(|d| (&d.name, d.dimension));
        let parameters = dynamics.parameters.iter().map(|p| (&p.name, p.dimension));
        states.chain(derived).chain(parameters).find(|(n, _)| *n == variable).map(|(_, d)| d)
    };
    let found = |variable: &str| {
        dimension(variable).map(|dimension| Observable { variable: variable.to_string(), dimension })
    };
    let aliases = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(&[][..], |(_, names)| names);
    for exposure in aliases.iter().copied().chain([name]) {
        if let Some(observable) = dynamics.exposed(exposure).and_then(found) {
            return Ok(observable);
        }
    }
    if let Some(observable) = found(name) {
        return Ok(observable);
    }
    // A gate or another child by its own name stands for its state.
    let names = || {
        let states = dynamics.states.iter().map(|s| s.name.as_str());
        states.chain(dynamics.derived.iter().map(|d| d.name.as_str()))
    };
    for ending in [format!("/{name}/q"), format!("/{name}")] {
        let whole = ending.strip_prefix('/').unwrap_or(&ending);
        let mut matching = names().filter(|n| n.ends_with(&ending) || *n == whole);
        match (matching.next(), matching.next()) {
            (Some(one), None) => {
                if let Some(observable) = found(one) {
                    return Ok(observable);
                }
            }
            (Some(one), Some(two)) => {
                return Err(Error::new(
                    ErrorKind::Name,
                    format!("'{name}' of '{}' could be '{one}' or '{two}'", dynamics.name),
                )
                .help("give the longer name"));
            }
            _ => {}
        }
    }
    let all: Vec<&str> = names().chain(dynamics.exposures.iter().map(|e| e.0.as_str())).collect();
    let mut error = Error::new(
        ErrorKind::Name,
        format!("'{}' has no variable '{name}'; it has {}", dynamics.name, all.join(", ")),
    );
    if let Some(near) = nearest(name, all.iter().copied()) {
        error = error.help(format!("did you mean '{near}'?"));
    }
    Err(error)
}

impl MembranePlan {
    /// A program that puts `variable` of mechanism `mechanism` into result 0, for the nodes and
    /// instances of its index lists. [`TOTAL_CURRENT`] is that of all mechanisms;
    /// `v > 0.02` whether the potential is above so many V.
    ///
    /// # Errors
    /// If the variable can't be computed.
    pub fn observe(&self, mechanism: usize, variable: &str) -> Result<Template> {
        let mut builder = Builder::observer();
        let states = self.states(&mut builder)?;
        let node = if variable == TOTAL_CURRENT {
            self.total_current(&mut builder, &states)?
        } else if let Some(threshold_v) = threshold_v(variable) {
            let mut scope = self.scope(&mut builder, mechanism, &states, &states[mechanism])?;
            let v = scope.node(&mut builder.graph, "v")?;
            let [threshold, yes, no] = [threshold_v, 1.0, 0.0].map(|x| builder.graph.constant(x));
            let above = builder.graph.compare(CompareOp::Gt, v, threshold);
            builder.graph.select(above, yes, no)
        } else {
            let mut scope = self.scope(&mut builder, mechanism, &states, &states[mechanism])?;
            scope.node(&mut builder.graph, variable)?
        };
        builder.store(node, Array::Result(0));
        builder.finish()
    }
}

impl PointKind {
    /// As [`MembranePlan::observe`].
    ///
    /// # Errors
    /// If the variable can't be computed.
    pub fn observe(&self, variable: &str) -> Result<Template> {
        let mut builder = Builder::observer();
        let states = self.states(&mut builder)?;
        let mut scope = self.scope(&mut builder, &states)?;
        let node = scope.node(&mut builder.graph, variable)?;
        builder.store(node, Array::Result(0));
        builder.finish()
    }
}
