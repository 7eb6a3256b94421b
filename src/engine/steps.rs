//! Time steps of populations, and the ticks that they are whole multiples of.

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Model, PopulationCell};

/// Ticks in a step at most: a run looks at all groups once a tick.
const MOST_TICKS: f64 = 1000.0;

/// The steps of a model's populations.
#[derive(Debug, Clone, PartialEq)]
pub struct Steps {
    /// The longest time of which every step is a whole multiple, s.
    pub tick_s: f64,
    /// The step of each population in ticks; 0 for lists of spike times, which have none.
    ticks: Vec<u64>,
}

impl Steps {
    /// Those of `model`.
    ///
    /// # Errors
    /// If a step is not positive, of a list of spike times, or has no time in common with the others.
    pub fn of(model: &Model) -> Result<Steps> {
        positive(model.run.dt_s)?;
        // The population whose step made it as short as this.
        let mut tick: Option<(f64, &str)> = None;
        for (number, population) in model.populations.iter().enumerate() {
            let named = |e: Error| e.in_element(format!("population '{}'", population.name));
            if let PopulationCell::SpikeTimes(_) = population.cell {
                if population.dt_s.is_some() {
                    let message = "a list of spike times has no time step";
                    return Err(named(Error::new(ErrorKind::Value, message)).help("leave its step out"));
                }
                continue;
            }
            let dt_s = model.step_s(number);
            positive(dt_s).map_err(named)?;
            let Some((before_s, other)) = tick else {
                tick = Some((dt_s, &population.name));
                continue;
            };
            let common_s = common(before_s, dt_s);
            if dt_s.max(before_s) / common_s > MOST_TICKS {
                let message = format!(
                    "its time step of {} ms and the {} ms of '{other}' are no multiples of a common one",
                    dt_s * 1e3,
                    before_s * 1e3
                );
                return Err(named(Error::new(ErrorKind::Value, message))
                    .help("choose steps such as 0.025 ms and 0.1 ms"));
            }
            if common_s != before_s {
                tick = Some((common_s, &population.name));
            }
        }
        let tick_s = tick.map_or(model.run.dt_s, |(tick_s, _)| tick_s);
        let ticks = (0..model.populations.len()).map(|p| match model.populations[p].cell {
            PopulationCell::SpikeTimes(_) => 0,
            _ => (model.step_s(p) / tick_s).round() as u64,
        });
        Ok(Steps { tick_s, ticks: ticks.collect() })
    }

    /// The step of population `number` in ticks; 1 for lists of spike times.
    pub fn ticks(&self, number: usize) -> u64 {
        self.ticks.get(number).map_or(1, |ticks| (*ticks).max(1))
    }

    /// Whether population `number` is a list of spike times, which has no steps.
    pub fn has_none(&self, number: usize) -> bool {
        self.ticks.get(number) == Some(&0)
    }

    /// Whether populations `a` and `b` have steps, and different ones.
    pub fn differ(&self, a: usize, b: usize) -> bool {
        match (self.ticks.get(a), self.ticks.get(b)) {
            (Some(&a), Some(&b)) => a != b && a != 0 && b != 0,
            _ => false,
        }
    }

    /// Checks that delays between populations of different steps can be kept, and that nothing between them goes on all the
    /// time.
    ///
    /// # Errors
    /// The first that is not so.
    pub fn check(&self, model: &Model) -> Result<()> {
        let name = |p: usize| &model.populations[p].name;
        let coupled = |a: usize, b: usize| {
            let message = format!(
                "a gap junction or graded synapse couples '{}' and '{}', whose time steps of {} ms and {} ms differ",
                name(a),
                name(b),
                model.step_s(a) * 1e3,
                model.step_s(b) * 1e3
            );
            Error::new(ErrorKind::Unsupported, message)
                .help("its sides read each other at every step: give both populations one step")
        };
        for coupling in &model.couplings {
            let population =
                |(list, _): (u32, u32)| model.attachments.get(list as usize).map(|l| l.population);
            let (Some(a), Some(b)) = (population(coupling.one), population(coupling.other)) else { continue };
            if self.differ(a, b) {
                return Err(coupled(a, b));
            }
        }
        for projection in model.projections.iter().filter(|projection| projection.junction.is_some()) {
            for (a, _) in &projection.source.parts {
                if let Some((b, _)) = projection.target.parts.iter().find(|(b, _)| self.differ(*a, *b)) {
                    return Err(coupled(*a, *b).in_element(format!("projection '{}'", projection.name)));
                }
            }
        }
        let known = |p: usize| p < model.populations.len();
        for c in model.connections.iter().filter(|c| known(c.source.0) && known(c.target.0)) {
            let (from, to) = (c.source.0, c.target.0);
            let dt_s = model.step_s(to);
            if self.differ(from, to) && c.delay_s < dt_s * (1.0 - 1e-9) {
                let message = format!(
                    "the delay from {}[{}] to {}[{}] is {} ms, shorter than the time step of {} ms of '{}'",
                    name(from),
                    c.source.1,
                    name(to),
                    c.target.1,
                    c.delay_s * 1e3,
                    dt_s * 1e3,
                    name(to)
                );
                return Err(Error::new(ErrorKind::Value, message).help(
                    "between populations of different time steps a delay is at least the target's step",
                ));
            }
        }
        Ok(())
    }
}

fn positive(dt_s: f64) -> Result<()> {
    if dt_s > 0.0 && dt_s.is_finite() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Value, format!("the time step must be positive, not {dt_s} s")))
}

/// The longest time of which `a` and `b` are whole multiples, by Euclid's way; 1e-9 of the shorter counts as nothing.
fn common(a: f64, b: f64) -> f64 {
    let (mut long, mut short) = (a.max(b), a.min(b));
    let nothing = 1e-9 * short;
    while short > nothing {
        let rest = (long - (long / short).round() * short).abs();
        (long, short) = (short, rest);
    }
    long
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_time_of_steps_divides_both() {
        assert_eq!(common(0.1e-3, 0.025e-3), 0.025e-3);
        assert_eq!(common(0.025e-3, 0.1e-3), 0.025e-3);
        assert!((common(0.05e-3, 0.02e-3) - 0.01e-3).abs() < 1e-12);
        assert!((common(0.025e-3, 0.01e-3) - 0.005e-3).abs() < 1e-12);
        assert_eq!(common(1e-4, 1e-4), 1e-4);
        assert!(common(1e-4, std::f64::consts::PI * 1e-5) < 1e-8);
    }
}
