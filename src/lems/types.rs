//! Component types: what a LEMS file declares, with names of dimensions and texts of expressions
//! resolved. See Cannon et al. 2014, Front. Neuroinform. 8:79, for the language.

use std::sync::Arc;

use super::raw::{Element, Origin};
use crate::expr::Expr;
use crate::units::Dimension;

/// A name with a dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// Name.
    pub name: String,
    /// Dimension.
    pub dimension: Dimension,
}

/// A constant of a type or of a whole document.
#[derive(Debug, Clone, PartialEq)]
pub struct Constant {
    /// Name.
    pub name: String,
    /// Dimension.
    pub dimension: Dimension,
    /// SI value.
    pub value: f64,
}

/// A quantity that every instance may set for itself, such as the weight of a connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Property {
    /// Name.
    pub name: String,
    /// Dimension.
    pub dimension: Dimension,
    /// SI value if nothing sets it.
    pub default: Option<f64>,
}

/// A named slot for other components: their least type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Name.
    pub name: String,
    /// What goes in has this type or one that extends it.
    pub component_type: String,
    /// For references: the component is looked for beside the referring one, not in the document.
    pub local: bool,
    /// For lists: how many there may be, least and most.
    pub count: (usize, usize),
}

/// A parameter of the supertype whose value the type fixes.
#[derive(Debug, Clone, PartialEq)]
pub struct Fixed {
    /// The parameter.
    pub name: String,
    /// Its SI value.
    pub value: f64,
}

/// Which way events pass a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// They arrive.
    In,
    /// They leave.
    Out,
}

/// A port for events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPort {
    /// Name.
    pub name: String,
    /// Which way.
    pub direction: Direction,
}

/// How the values that a path selects become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduce {
    /// Their sum, 0 for none.
    Add,
    /// Their product, 1 for none.
    Multiply,
}

/// Where a derived value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// An expression. Conditional variables are chains of [`Expr::Select`].
    Value(Expr),
    /// A path to values of other components.
    Select {
        /// As written: `gates[*]/fcond`.
        path: String,
        /// What to do with several.
        reduce: Option<Reduce>,
        /// Whether nothing found is an error.
        required: bool,
    },
}

/// A derived variable or a derived parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct DerivedValue {
    /// Name.
    pub name: String,
    /// Dimension: as declared, else that of its exposure, else that of its expression.
    pub dimension: Dimension,
    /// Whether the dimension was declared.
    pub dimension_declared: bool,
    /// What it is.
    pub source: Source,
    /// The exposure that shows it.
    pub exposure: Option<String>,
    /// Where it is declared.
    pub origin: Origin,
}

/// A state variable.
#[derive(Debug, Clone, PartialEq)]
pub struct StateVariable {
    /// Name.
    pub name: String,
    /// Dimension.
    pub dimension: Dimension,
    /// The exposure that shows it.
    pub exposure: Option<String>,
}

/// `d variable / dt = value`.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeDerivative {
    /// The state variable.
    pub variable: String,
    /// Its rate of change.
    pub value: Expr,
    /// Where it is declared.
    pub origin: Origin,
}

/// Something done at the start, on a condition, on an event or on entry to a regime.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// `variable := value`
    Assign {
        /// The state variable.
        variable: String,
        /// Its new value.
        value: Expr,
        /// Where it is declared.
        origin: Origin,
    },
    /// Sends an event on a port.
    Send {
        /// The port.
        port: String,
        /// Where it is declared.
        origin: Origin,
    },
    /// Goes over to another regime.
    Transition {
        /// Its name.
        regime: String,
        /// Where it is declared.
        origin: Origin,
    },
}

/// What sets off a list of actions.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// A condition that holds.
    Condition(Expr),
    /// An event at a port.
    Event(String),
}

/// Actions and what sets them off.
#[derive(Debug, Clone, PartialEq)]
pub struct Handler {
    /// When.
    pub trigger: Trigger,
    /// What, in order.
    pub actions: Vec<Action>,
    /// Where it is declared.
    pub origin: Origin,
}

/// A regime: one of several modes of the dynamics, of which one holds at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Regime {
    /// Name.
    pub name: String,
    /// Whether the component starts in it.
    pub initial: bool,
    /// Derivatives that hold in it.
    pub derivatives: Vec<TimeDerivative>,
    /// Actions on entering it.
    pub on_entry: Vec<Action>,
    /// Conditions and events while in it.
    pub handlers: Vec<Handler>,
    /// Where it is declared.
    pub origin: Origin,
}

/// A kinetic scheme over child components: Markov transitions between states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KineticScheme {
    /// Name.
    pub name: String,
    /// The children list that holds the states.
    pub nodes: String,
    /// The state variable of each that is its occupancy.
    pub state_variable: String,
    /// The children list that holds the transitions.
    pub edges: String,
    /// The link of a transition to where it begins.
    pub edge_source: String,
    /// The link of a transition to where it ends.
    pub edge_target: String,
    /// The exposure of a transition that is its forward rate.
    pub forward_rate: String,
    /// The exposure of a transition that is its reverse rate.
    pub reverse_rate: String,
    /// Where it is declared.
    pub origin: Origin,
}

/// The dynamics of a type.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TypeDynamics {
    /// State variables.
    pub states: Vec<StateVariable>,
    /// Derived variables, conditional ones among them, in order of writing.
    pub derived: Vec<DerivedValue>,
    /// Time derivatives outside regimes.
    pub derivatives: Vec<TimeDerivative>,
    /// Actions at the start.
    pub on_start: Vec<Action>,
    /// Conditions and events outside regimes.
    pub handlers: Vec<Handler>,
    /// Regimes.
    pub regimes: Vec<Regime>,
    /// Kinetic schemes.
    pub schemes: Vec<KineticScheme>,
    /// Names that a state variable was declared under too, with the place of the derived variable that holds:
    /// what is said of the state is left out.
    pub computed: Vec<(String, Origin)>,
}

/// What instances a type's structure makes and connects: its statements in order of writing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Structure {
    /// The statements.
    pub statements: Vec<Statement>,
}

impl Structure {
    /// The components of which it makes one instance, as written.
    pub fn child_instances(&self) -> impl Iterator<Item = &str> {
        self.statements.iter().filter_map(|statement| match &statement.build {
            Build::ChildInstance { component: Some(name), .. } => Some(name.as_str()),
            _ => None,
        })
    }

    /// The types of which it makes instances without a component.
    pub fn made_of_types(&self) -> Vec<&str> {
        let mut out = Vec::new();
        let mut waiting: Vec<&Statement> = self.statements.iter().collect();
        while let Some(statement) = waiting.pop() {
            match &statement.build {
                Build::ChildInstance { component_type, .. } => out.extend(component_type.as_deref()),
                Build::MultiInstantiate { component_type, within, .. } => {
                    out.extend(component_type.as_deref());
                    waiting.extend(within);
                }
                Build::With { within, .. } | Build::ForEach { within, .. } | Build::Apply { within, .. } => {
                    waiting.extend(within);
                }
                Build::Choose(cases) => waiting.extend(cases.iter().flat_map(|(_, within)| within)),
                Build::EventConnection { .. } | Build::Tunnel { .. } => {}
            }
        }
        out
    }
}

/// A statement of a structure.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// What it does.
    pub build: Build,
    /// Where it stands.
    pub origin: Origin,
}

/// A property of a new instance and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Assign {
    /// The property.
    pub property: String,
    /// Its value, of quantities of the component whose structure it is, and the index.
    pub value: Expr,
    /// Where it stands.
    pub origin: Origin,
}

/// Which instance a [`Build::With`] names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// The one at a path: `this`, `parent`, or the name of a path parameter.
    Instance(String),
    /// One of a list: the names of the attributes that hold its path and the index.
    Item {
        /// Name of what holds the list's path.
        list: String,
        /// Name of the index parameter.
        index: String,
    },
}

/// What a statement of a structure does.
#[derive(Debug, Clone, PartialEq)]
pub enum Build {
    /// An instance of a component becomes a child.
    ChildInstance {
        /// The reference that names it, maybe of a parent: `../component`.
        component: Option<String>,
        /// Or a type that needs no parameters.
        component_type: Option<String>,
        /// Its properties.
        assigns: Vec<Assign>,
    },
    /// Instances of a component become a list.
    MultiInstantiate {
        /// How many.
        number: Expr,
        /// The name of an instance's number in the assigned values.
        index: String,
        /// As in a child instance; without one, `within` makes the instances.
        component: Option<String>,
        /// As in a child instance.
        component_type: Option<String>,
        /// Their properties.
        assigns: Vec<Assign>,
        /// Statements done once for each number.
        within: Vec<Statement>,
    },
    /// A name for an instance, in what follows.
    With {
        /// Which.
        chosen: Chosen,
        /// Its name.
        name: String,
        /// Statements within.
        within: Vec<Statement>,
    },
    /// Statements for each instance of a list.
    ForEach {
        /// The list.
        instances: String,
        /// The instance's name in them.
        name: String,
        /// The statements.
        within: Vec<Statement>,
    },
    /// Events go from one instance to another.
    EventConnection {
        /// The sender.
        from: String,
        /// The receiver.
        to: String,
        /// Name of the text that names the sender's port.
        source_port: Option<String>,
        /// Name of the text that names the receiver's port.
        target_port: Option<String>,
        /// The reference to a component of which an instance is attached to `to` and receives.
        receiver: Option<String>,
        /// Name of the text that names the attachments it goes to.
        container: Option<String>,
        /// Name of the parameter that is the delay.
        delay: Option<String>,
        /// Properties of the receiver.
        assigns: Vec<Assign>,
    },
    /// Two attached instances that see each other under the tunnel's name.
    Tunnel {
        /// Its name.
        name: String,
        /// Whom the first is attached to, and whom the second.
        ends: [String; 2],
        /// The references to the components attached.
        components: [String; 2],
        /// Properties of both.
        assigns: Vec<Assign>,
    },
    /// The statements of the first test that holds; `None` always holds.
    Choose(Vec<(Option<Expr>, Vec<Statement>)>),
    /// Statements for each component of a children list, which becomes what they are seen from.
    Apply {
        /// The children list.
        components: String,
        /// The statements.
        within: Vec<Statement>,
    },
}

/// A component type with everything it inherits.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ComponentType {
    /// Name.
    pub name: String,
    /// Names of the types it extends, nearest first.
    pub bases: Vec<String>,
    /// What it is, for people.
    pub description: String,
    /// Where it is declared.
    pub origin: Origin,
    /// How it is declared.
    pub written: Arc<Element>,
    /// Parameters that a component has to set.
    pub parameters: Vec<Named>,
    /// Parameters that the type sets.
    pub fixed: Vec<Fixed>,
    /// Quantities of an instance with defaults.
    pub properties: Vec<Property>,
    /// Constants.
    pub constants: Vec<Constant>,
    /// Parameters computed from others.
    pub derived_parameters: Vec<DerivedValue>,
    /// Parameters that are the index of an instance.
    pub index_parameters: Vec<String>,
    /// What others may read.
    pub exposures: Vec<Named>,
    /// What has to be given from around.
    pub requirements: Vec<Named>,
    /// Instances that have to be given from outside.
    pub instance_requirements: Vec<Slot>,
    /// Components or texts that have to be found in an enclosing component.
    pub component_requirements: Vec<String>,
    /// Ports for events.
    pub event_ports: Vec<EventPort>,
    /// Attributes that are plain text.
    pub texts: Vec<String>,
    /// Attributes that are paths to instances.
    pub paths: Vec<String>,
    /// Attributes that name a sibling.
    pub links: Vec<Slot>,
    /// Attributes that name a component of the document.
    pub references: Vec<Slot>,
    /// Single children.
    pub child: Vec<Slot>,
    /// Lists of children.
    pub children: Vec<Slot>,
    /// Places where instances are attached from outside.
    pub attachments: Vec<Slot>,
    /// Its equations.
    pub dynamics: TypeDynamics,
    /// What its instances are made of.
    pub structure: Structure,
    /// Elements of its `Simulation`, as written: what to run, record and show.
    pub simulation: Vec<Element>,
}

impl ComponentType {
    /// The dimension of the parameter `name`.
    pub fn parameter(&self, name: &str) -> Option<Dimension> {
        self.parameters.iter().find(|p| p.name == name).map(|p| p.dimension)
    }

    /// Whether it is `name` or extends it.
    pub fn is_a(&self, name: &str) -> bool {
        self.name == name || self.bases.iter().any(|base| base == name)
    }

    /// Every quantity that its own expressions may name, with its dimension: parameters, constants,
    /// properties, states, derived variables, requirements.
    pub fn quantity(&self, name: &str) -> Option<Dimension> {
        let named = |list: &[Named]| list.iter().find(|n| n.name == name).map(|n| n.dimension);
        let derived = |list: &[DerivedValue]| list.iter().find(|n| n.name == name).map(|n| n.dimension);
        let state = || self.dynamics.states.iter().find(|s| s.name == name).map(|s| s.dimension);
        state()
            .or_else(|| derived(&self.dynamics.derived))
            .or_else(|| named(&self.parameters))
            .or_else(|| derived(&self.derived_parameters))
            .or_else(|| self.constants.iter().find(|c| c.name == name).map(|c| c.dimension))
            .or_else(|| self.properties.iter().find(|p| p.name == name).map(|p| p.dimension))
            .or_else(|| self.index_parameters.iter().any(|i| i == name).then_some(Dimension::NONE))
            .or_else(|| named(&self.requirements))
            .or_else(|| named(&self.exposures))
    }

    /// The names of all quantities, for suggestions.
    pub fn quantity_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.parameters.iter().map(|n| n.name.as_str()).collect();
        names.extend(self.dynamics.states.iter().map(|n| n.name.as_str()));
        names.extend(self.dynamics.derived.iter().map(|n| n.name.as_str()));
        names.extend(self.derived_parameters.iter().map(|n| n.name.as_str()));
        names.extend(self.constants.iter().map(|n| n.name.as_str()));
        names.extend(self.properties.iter().map(|n| n.name.as_str()));
        names.extend(self.requirements.iter().map(|n| n.name.as_str()));
        names
    }
}
