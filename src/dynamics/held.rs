//! Currents that conditions hold for a step: what they are at every moment.

use super::{Derived, Dynamics};
use crate::expr::Expr;
use crate::expr::eval::evaluate;

/// Most comparisons in the conditions that are looked at.
const MAX_COMPARISONS: usize = 64;

/// The same system with what it exposes as `exposure` as a derived variable, if that is a state that nothing but
/// conditions set, anew in every step, to a value that depends on the potential: the clamps of NeuroML,
/// `OnCondition t .geq. delay: i := (targetVoltage - v) / resistance`.
///
/// Held over a step such a current is stable only if the step is shorter than twice the time constant of what it
/// clamps. As a function of the potential it can be stepped implicitly, and means the same.
pub fn released(dynamics: &Dynamics, exposure: &str) -> Option<Dynamics> {
    let name = dynamics.exposed(exposure)?;
    let state = dynamics.state(name)?;
    let changes = dynamics.derivatives.iter().any(|(of, _)| *of == state)
        || dynamics.kinetic_schemes.iter().flatten().any(|of| *of == state)
        || dynamics.events.iter().flat_map(|e| &e.assignments).any(|a| a.state == state);
    if changes || !dynamics.inputs.iter().any(|input| input.name == "v") {
        return None;
    }
    let mut value = Expr::Number(0.0);
    for start in dynamics.on_start.iter().filter(|a| a.state == state) {
        value = start.value.clone();
        if !names(&value).iter().all(|name| dynamics.parameter(name).is_some()) {
            return None;
        }
    }
    let mut tests = Vec::new();
    let mut clamps = false;
    for condition in &dynamics.conditions {
        for assignment in condition.assignments.iter().filter(|a| a.state == state) {
            let known = |name: &&str| *name == "t" || dynamics.parameter(name).is_some();
            if !names(&condition.test).iter().all(known) || !is_plain(dynamics, name, &assignment.value) {
                return None;
            }
            clamps |= reads(dynamics, &assignment.value, "v");
            tests.push(&condition.test);
            value = Expr::Select(
                Box::new(condition.test.clone()),
                Box::new(assignment.value.clone()),
                Box::new(value),
            );
        }
    }
    if !clamps || !is_set_from_then_on(dynamics, &tests) {
        return None;
    }
    // After all that it reads, before all that read it.
    let needs = names(&value);
    let at = dynamics.derived.iter().rposition(|d| needs.contains(&d.name.as_str())).map_or(0, |at| at + 1);
    if dynamics.derived[..at].iter().any(|d| names(&d.value).contains(&name)) {
        return None;
    }
    let mut out = dynamics.clone();
    let dimension = out.states[state].dimension;
    out.derived.insert(at, Derived { name: name.to_string(), dimension, value });
    out.on_start.retain(|a| a.state != state);
    for condition in &mut out.conditions {
        condition.assignments.retain(|a| a.state != state);
    }
    out.conditions.retain(|c| !(c.assignments.is_empty() && c.sends.is_empty()));
    // States are known by their numbers.
    out.states.remove(state);
    let shift = |of: &mut usize| *of -= usize::from(*of > state);
    out.derivatives.iter_mut().for_each(|(of, _)| shift(of));
    out.kinetic_schemes.iter_mut().flatten().for_each(shift);
    let blocks = out.conditions.iter_mut().map(|c| &mut c.assignments);
    let blocks = blocks.chain(out.events.iter_mut().map(|e| &mut e.assignments));
    for assignment in blocks.chain(std::iter::once(&mut out.on_start)).flatten() {
        shift(&mut assignment.state);
    }
    Some(out)
}

fn names(expr: &Expr) -> Vec<&str> {
    let mut names = Vec::new();
    expr.visit_names(&mut |name| names.push(name));
    names
}

/// Whether a value may be worked out at any moment: it draws no numbers and does not read the state `own`.
fn is_plain(dynamics: &Dynamics, own: &str, value: &Expr) -> bool {
    !value.calls_random()
        && !reads(dynamics, value, own)
        && !dynamics.derived.iter().any(|d| d.value.calls_random() && reads(dynamics, value, &d.name))
}

/// Whether `value` reads `name`, through derived variables too.
fn reads(dynamics: &Dynamics, value: &Expr, name: &str) -> bool {
    let mut wanted: Vec<&str> = names(value);
    // Each derived variable comes after those it reads.
    for derived in dynamics.derived.iter().rev() {
        if wanted.contains(&derived.name.as_str()) {
            wanted.extend(names(&derived.value));
        }
    }
    wanted.contains(&name)
}

/// Whether from the first moment on at which one of `tests`, functions of the time, holds, one always does.
fn is_set_from_then_on(dynamics: &Dynamics, tests: &[&Expr]) -> bool {
    let at = |expr: &Expr, t: f64| {
        evaluate(expr, &|name| if name == "t" { Some(t) } else { dynamics.parameter(name).map(|p| p.value) })
            .ok()
    };
    // Where a comparison may change: where its sides, straight lines in time, meet.
    let mut turns = vec![0.0];
    let mut straight = true;
    for test in tests {
        test.visit(&mut |expr| {
            let Expr::Compare(_, a, b) = expr else { return };
            let line = |t: f64| Some(at(a, t)? - at(b, t)?);
            let (Some(first), Some(second), Some(third)) = (line(0.0), line(1.0), line(2.0)) else {
                straight = false;
                return;
            };
            let slope = second - first;
            straight &= (third - second - slope).abs() <= 1e-9 * (1.0 + slope.abs());
            if slope != 0.0 && -first / slope > 0.0 {
                turns.push(-first / slope);
            }
        });
    }
    if !straight || turns.len() > MAX_COMPARISONS {
        return false;
    }
    turns.sort_by(f64::total_cmp);
    let last = turns.last().copied().unwrap_or(0.0);
    let between = turns.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0);
    let mut moments: Vec<f64> = turns.iter().copied().chain(between).chain([2.0 * last + 1.0]).collect();
    moments.sort_by(f64::total_cmp);
    let holds =
        moments.iter().map(|t| tests.iter().any(|test| at(test, *t).is_some_and(|value| value != 0.0)));
    holds.is_sorted()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lems::Element;
    use crate::library;

    fn flat(element: Element) -> Dynamics {
        let set = library::core().unwrap();
        set.flatten(&set.build(&element.with("id", "x")).unwrap()).unwrap()
    }

    fn clamp(delay: &str) -> Dynamics {
        let clamp = Element::new("voltageClamp").with("delay", delay).with("duration", "2 ms");
        flat(clamp.with("targetVoltage", "10 mV").with("simpleSeriesResistance", "1 Mohm"))
    }

    #[test]
    fn a_clamp_is_a_function_of_the_potential() {
        let before = clamp("1 ms");
        let after = released(&before, "i").unwrap();
        assert!(after.states.is_empty() && after.conditions.is_empty());
        let value = |t: f64| {
            let known = |name: &str| match name {
                "t" => Some(t),
                "v" => Some(-0.05),
                "weight" => Some(2.0),
                name => after.parameter(name).map(|p| p.value),
            };
            evaluate(&after.derived.iter().find(|d| d.name == "i").unwrap().value, &known).unwrap()
        };
        let current = 2.0 * 0.06 / 1e6;
        for (t_ms, expected) in [(0.5, 0.0), (1.0, current), (2.9, current), (3.1, 0.0), (100.0, 0.0)] {
            assert!((value(t_ms * 1e-3) - expected).abs() < 1e-20, "{t_ms}");
        }
        // From the start on.
        assert!(released(&clamp("0 ms"), "i").is_some());
    }

    #[test]
    fn what_else_is_held_stays_held() {
        // It does not depend on the potential.
        let pulse = Element::new("pulseGenerator").with("delay", "1 ms").with("duration", "2 ms");
        assert!(released(&flat(pulse.with("amplitude", "1 nA")), "i").is_none());
        // Between 1 and 2 ms nothing sets it, so it keeps what it had.
        let mut gap = clamp("1 ms");
        gap.conditions.remove(1);
        assert!(released(&gap, "i").is_none());
        // An event sets it.
        let mut set = clamp("1 ms");
        set.events[0].assignments = vec![super::super::Assignment { state: 0, value: Expr::Number(0.0) }];
        assert!(released(&set, "i").is_none());
        // Its value reads itself.
        let mut own = clamp("1 ms");
        own.conditions[1].assignments[0].value = Expr::name("i");
        assert!(released(&own, "i").is_none());
    }
}
