//! A dynamical system as equations for people.

use crate::dynamics::{Assignment, Dynamics};
use crate::output::DisplayUnit;
use crate::units::Dimension;

/// All equations of `dynamics`, in sections with headings. Constants are shown in the units in which
/// people read them; formulas are in SI units.
pub(super) fn text(dynamics: &Dynamics) -> String {
    let mut text = String::new();
    let mut section = |heading: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            text.push_str(&format!("\n{heading}\n"));
            for line in lines {
                text.push_str(&format!("  {line}\n"));
            }
        }
    };
    let parameter = |name: &str, value: f64, dimension: Dimension| {
        // A tenth of a room's temperature is a difference of two.
        if dimension == Dimension::TEMPERATURE && value < 100.0 {
            return format!("{name} = {value} K");
        }
        let unit = DisplayUnit::of(dimension);
        format!("{name} = {} {}", tidy(unit.display(value)), unit.label).trim_end().to_string()
    };
    section(
        "parameters",
        dynamics.parameters.iter().map(|p| parameter(&p.name, p.value, p.dimension)).collect(),
    );
    section("reads", dynamics.inputs.iter().map(|i| format!("{} [{}]", i.name, i.dimension)).collect());
    section("computes", dynamics.derived.iter().map(|d| format!("{} = {}", d.name, d.value)).collect());
    section(
        "integrates",
        dynamics
            .derivatives
            .iter()
            .filter_map(|(state, value)| {
                Some(format!("d {}/dt = {value}", dynamics.states.get(*state)?.name))
            })
            .collect(),
    );
    let assign = |assignments: &[Assignment]| -> String {
        let each = assignments.iter().filter_map(|a| {
            let state = dynamics.states.get(a.state)?;
            Some(format!("{} := {}", state.name, a.value))
        });
        each.collect::<Vec<_>>().join(", ")
    };
    section("starts with", dynamics.on_start.iter().map(|a| assign(std::slice::from_ref(a))).collect());
    section(
        "when",
        dynamics
            .conditions
            .iter()
            .map(|c| format!("{}: {}{}", c.test, assign(&c.assignments), sends(dynamics, &c.sends)))
            .collect(),
    );
    section(
        "on a spike",
        dynamics
            .events
            .iter()
            .filter(|e| !e.assignments.is_empty() || !e.sends.is_empty())
            .map(|e| format!("{}: {}{}", e.port, assign(&e.assignments), sends(dynamics, &e.sends)))
            .collect(),
    );
    section(
        "shows",
        dynamics
            .exposures
            .iter()
            .map(
                |(name, variable)| {
                    if name == variable { name.clone() } else { format!("{name} = {variable}") }
                },
            )
            .collect(),
    );
    text
}

fn sends(dynamics: &Dynamics, ports: &[usize]) -> String {
    let names: Vec<&str> =
        ports.iter().filter_map(|p| dynamics.out_ports.get(*p)).map(String::as_str).collect();
    if names.is_empty() { String::new() } else { format!(" and sends {}", names.join(", ")) }
}

/// Twelve digits: what a conversion of units adds is in those after.
fn tidy(x: f64) -> f64 {
    format!("{x:.11e}").parse().unwrap_or(x)
}
