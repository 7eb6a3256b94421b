//! The one intermediate representation of everything with equations.
//!
//! A [`Dynamics`] is what is left of a LEMS component when its type's inheritance, its children and
//! its `select`/`reduce` paths have been resolved: a flat list of named quantities. The engine
//! compiles it, the interpreter runs it plainly, code generators print it. All values are SI.
//!
//! Names are flat paths: `q` of the child `m` is `m/q`.

pub mod advance;
mod diff;
pub mod fourth;
pub mod graph;
pub(crate) mod hash;
mod held;
pub mod linear;
pub mod random;
pub mod scope;
mod superpose;

use crate::expr::Expr;
use crate::units::Dimension;

pub mod interpret;

pub use held::released;
pub use superpose::superposes;

/// A flat dynamical system.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dynamics {
    /// The component's id or path, for messages and for recording (`na`).
    pub name: String,
    /// The name of its component type.
    pub component_type: String,
    /// Names of the component types that its type extends, nearest first.
    pub base_types: Vec<String>,
    /// Constants of the instance.
    pub parameters: Vec<Parameter>,
    /// What it reads from where it sits: `v`, `temperature`, `caConc`, `t`, …
    pub inputs: Vec<Variable>,
    /// What it integrates or keeps.
    pub states: Vec<Variable>,
    /// Derived variables, each after those it reads. Conditional ones are `Select` expressions.
    pub derived: Vec<Derived>,
    /// Time derivatives: index into `states` and the right-hand side in SI units per second.
    /// A state without one only changes by assignment.
    pub derivatives: Vec<(usize, Expr)>,
    /// Assignments at the start, in order. A state without one starts at 0.
    pub on_start: Vec<Assignment>,
    /// What happens when a condition holds.
    pub conditions: Vec<OnCondition>,
    /// What happens when an event arrives.
    pub events: Vec<OnEvent>,
    /// Lists of what may be attached to it: their names, and the component type that all in a list are of.
    pub attachments: Vec<(String, String)>,
    /// Event ports that send, in order of declaration.
    pub out_ports: Vec<String>,
    /// Kinetic schemes: each lists the states that are the occupancies of one scheme. They sum to 1,
    /// their derivatives are linear in them, and they start at the steady state of those derivatives
    /// (they have no entry in `on_start`).
    pub kinetic_schemes: Vec<Vec<usize>>,
    /// Exposed name → name of the parameter, input, state or derived variable behind it.
    pub exposures: Vec<(String, String)>,
}

/// A constant with its value in SI units.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Flat name.
    pub name: String,
    /// Its dimension.
    pub dimension: Dimension,
    /// SI value.
    pub value: f64,
}

/// A named quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Flat name.
    pub name: String,
    /// Its dimension.
    pub dimension: Dimension,
}

/// A quantity computed from others at every moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Derived {
    /// Flat name.
    pub name: String,
    /// Its dimension.
    pub dimension: Dimension,
    /// Its value.
    pub value: Expr,
}

/// `state := value`.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// Index into [`Dynamics::states`].
    pub state: usize,
    /// Its new value, from the values before any assignment of the same block that follows it.
    pub value: Expr,
}

/// What happens in every step in which `test` holds. LEMS regimes are lowered to these: the regime
/// is a state, and the test asks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct OnCondition {
    /// The condition.
    pub test: Expr,
    /// Assignments, in order.
    pub assignments: Vec<Assignment>,
    /// Ports to send an event on: indices into [`Dynamics::out_ports`].
    pub sends: Vec<usize>,
}

/// What happens when an event arrives at a port.
#[derive(Debug, Clone, PartialEq)]
pub struct OnEvent {
    /// The receiving port.
    pub port: String,
    /// Only when this holds, if given (an event handler inside a regime).
    pub test: Option<Expr>,
    /// Assignments, in order. `weight` among the inputs is the connection's weight.
    pub assignments: Vec<Assignment>,
    /// Ports to send on: indices into [`Dynamics::out_ports`].
    pub sends: Vec<usize>,
}

impl Dynamics {
    /// The name of the variable behind the exposure `name`.
    pub fn exposed(&self, name: &str) -> Option<&str> {
        self.exposures.iter().find(|(exposed, _)| exposed == name).map(|(_, variable)| variable.as_str())
    }

    /// Whether its type is `component_type` or extends it.
    pub fn is_a(&self, component_type: &str) -> bool {
        self.component_type == component_type || self.base_types.iter().any(|b| b == component_type)
    }

    /// The ports that receive, each once, in order of their first handler.
    pub fn in_ports(&self) -> Vec<&str> {
        let mut ports: Vec<&str> = Vec::new();
        for event in &self.events {
            if !ports.contains(&event.port.as_str()) {
                ports.push(&event.port);
            }
        }
        ports
    }

    /// Every expression: at the start, derived, derivatives, in conditions and events.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        let starts = self.on_start.iter().map(|a| &a.value);
        let derived = self.derived.iter().map(|d| &d.value);
        let derivatives = self.derivatives.iter().map(|(_, value)| value);
        let in_conditions =
            self.conditions.iter().flat_map(|c| c.assignments.iter().map(|a| &a.value).chain([&c.test]));
        let in_events =
            self.events.iter().flat_map(|e| e.assignments.iter().map(|a| &a.value).chain(&e.test));
        starts.chain(derived).chain(derivatives).chain(in_conditions).chain(in_events)
    }

    /// The index of the state `name`.
    pub fn state(&self, name: &str) -> Option<usize> {
        self.states.iter().position(|s| s.name == name)
    }

    /// The parameter `name`.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|p| p.name == name)
    }
}
