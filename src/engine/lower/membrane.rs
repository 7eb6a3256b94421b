//! Everything that is spread over the same compartments, fused into one program.
//!
//! The potential is read once, rates shared by several channels are computed once, and the program
//! leaves its part of the cable equation: conductance `G = −∂I/∂v` on the diagonal and
//! `I + G v` on the right-hand side.

use std::sync::Arc;

use super::advance::Step;
use super::builder::{Array, Builder, NodeArray, Template, list, uniform};
use super::conditions::apply_assignments;
use crate::dynamics::Dynamics;
use crate::dynamics::advance::{Order, kinetic_steady_state};
use crate::dynamics::graph::{Graph, Kind, NodeId};
use crate::dynamics::scope::Scope;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{concentration_input, is_current_of};
use crate::units::Dimension;

/// A density or a pool as it takes part in a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Mechanism {
    /// The name it is recorded by.
    pub name: String,
    /// Its equations.
    pub dynamics: Arc<Dynamics>,
    /// The ion: of a density's current, or of a pool.
    pub ion: Option<String>,
    /// Whether it is a concentration pool.
    pub is_pool: bool,
    /// Names of parameters that differ between compartments, in order.
    pub varying: Vec<String>,
    /// Whether it covers some compartments in part only.
    pub partial: bool,
}

impl Mechanism {
    /// The input of a pool that is the current of an ion: that of its own, else the first there is.
    pub(super) fn current_read(&self) -> Option<&str> {
        if !self.is_pool {
            return None;
        }
        let mut names = self.dynamics.inputs.iter().filter(|input| input.dimension == Dimension::CURRENT);
        let own = |name: &str| self.ion.as_ref().is_some_and(|ion| is_current_of(name, ion));
        let mut all = names.clone();
        let own = all.find(|input| own(&input.name));
        own.or_else(|| names.find(|input| input.name.starts_with('i'))).map(|input| input.name.as_str())
    }
}

/// The mechanisms on one set of compartments, pools first, and the instance arrays they need.
#[derive(Debug, Clone, PartialEq)]
pub struct MembranePlan {
    /// Pools, then densities.
    pub mechanisms: Vec<Mechanism>,
    /// Temperature, K.
    pub temperature_k: f64,
    /// Time step, s.
    pub step_s: f64,
    /// Whether the program goes over all nodes of the group in place; otherwise it gathers.
    pub in_place: bool,
}

/// What an instance array holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// State `state` of mechanism `mechanism`.
    State {
        /// Index of the mechanism.
        mechanism: usize,
        /// Index of the state.
        state: usize,
    },
    /// Varying parameter `parameter` (index into [`Mechanism::varying`]).
    Parameter {
        /// Index of the mechanism.
        mechanism: usize,
        /// Index into its varying parameters.
        parameter: usize,
    },
    /// Covered fraction of the compartment.
    Cover {
        /// Index of the mechanism.
        mechanism: usize,
    },
    /// The current of the pool's ion at the last evaluation, A.
    IonCurrent {
        /// Index of the pool.
        mechanism: usize,
    },
    /// Membrane area, m².
    Area,
}

/// The programs of a plan.
#[derive(Debug, Clone)]
pub struct MembranePrograms {
    /// Sets the states at the start.
    pub start: Template,
    /// Currents alone: the first step.
    pub currents: Template,
    /// Advances the states by one step, then currents: every other step.
    pub step: Template,
    /// Advances the states by half a step, then currents: the first step of the staggered scheme.
    pub half: Template,
    /// Whether the conductance is the same at all times.
    pub constant_conductance: bool,
}

impl MembranePlan {
    /// The instance arrays, in order.
    pub fn arrays(&self) -> Vec<Holds> {
        let mut arrays = vec![Holds::Area];
        for (mechanism, m) in self.mechanisms.iter().enumerate() {
            arrays.extend((0..m.dynamics.states.len()).map(|state| Holds::State { mechanism, state }));
            arrays.extend((0..m.varying.len()).map(|parameter| Holds::Parameter { mechanism, parameter }));
            if m.partial {
                arrays.push(Holds::Cover { mechanism });
            }
            if m.is_pool {
                arrays.push(Holds::IonCurrent { mechanism });
            }
        }
        arrays
    }

    /// The number of the instance array that holds `what`.
    pub fn array(&self, what: Holds) -> Option<usize> {
        self.arrays().iter().position(|a| *a == what)
    }

    /// The programs.
    ///
    /// # Errors
    /// If a mechanism needs what a compartment does not offer, or its equations have no program.
    pub fn programs(&self, order: Order) -> Result<MembranePrograms> {
        let h = self.step_s;
        let (currents, constant_conductance) = self.step(None)?;
        let centred = order == Order::Second;
        Ok(MembranePrograms {
            start: self.start()?,
            currents,
            step: self.step(Some(Step { h, order, centred }))?.0,
            half: self.step(Some(Step { h: 0.5 * h, order: Order::First, centred: true }))?.0,
            constant_conductance,
        })
    }

    fn instance(&self, builder: &mut Builder, what: Holds) -> Result<NodeId> {
        let array = self
            .array(what)
            .ok_or_else(|| Error::new(ErrorKind::Unsupported, format!("no instance array for {what:?}")))?;
        Ok(builder.read(Array::Instance(array)))
    }

    fn node(&self, builder: &mut Builder, array: NodeArray) -> NodeId {
        if self.in_place {
            builder.read(Array::Node(array))
        } else {
            builder.gather(Array::Node(array), list::NODE)
        }
    }

    /// The state nodes of every mechanism, from their arrays.
    pub(super) fn states(&self, builder: &mut Builder) -> Result<Vec<Vec<NodeId>>> {
        let mut all = Vec::with_capacity(self.mechanisms.len());
        for (mechanism, m) in self.mechanisms.iter().enumerate() {
            let mut states = Vec::with_capacity(m.dynamics.states.len());
            for state in 0..m.dynamics.states.len() {
                states.push(self.instance(builder, Holds::State { mechanism, state })?);
            }
            all.push(states);
        }
        Ok(all)
    }

    /// The scope of mechanism `index` when all mechanisms' states are `states`.
    pub(super) fn scope<'d>(
        &'d self,
        builder: &mut Builder,
        index: usize,
        states: &[Vec<NodeId>],
        own: &[NodeId],
    ) -> Result<Scope<'d>> {
        let m = &self.mechanisms[index];
        let mut scope = Scope::new(&m.dynamics, own);
        for (parameter, name) in m.varying.iter().enumerate() {
            let node = self.instance(builder, Holds::Parameter { mechanism: index, parameter })?;
            scope.bind(name, node);
        }
        for input in &m.dynamics.inputs {
            let node = self.input(builder, index, &input.name, states)?;
            scope.bind(&input.name, node);
        }
        Ok(scope)
    }

    fn input(
        &self,
        builder: &mut Builder,
        index: usize,
        name: &str,
        states: &[Vec<NodeId>],
    ) -> Result<NodeId> {
        let m = &self.mechanisms[index];
        match name {
            "v" => return Ok(self.node(builder, NodeArray::V)),
            "t" => return Ok(builder.uniform(uniform::TIME)),
            "temperature" => return Ok(builder.graph.constant(self.temperature_k)),
            "surfaceArea" => return self.instance(builder, Holds::Area),
            _ => {}
        }
        if m.current_read() == Some(name) {
            return self.instance(builder, Holds::IonCurrent { mechanism: index });
        }
        if let Some((ion, outside)) = concentration_input(name) {
            let exposure = if outside { "extConcentration" } else { "concentration" };
            let pools = self.mechanisms.iter().enumerate();
            for (other, pool) in pools.filter(|(i, p)| p.is_pool && *i != index) {
                if pool.ion.as_ref() == Some(&ion)
                    && let Some(variable) = pool.dynamics.exposed(exposure)
                {
                    let mut scope = self.scope(builder, other, states, &states[other])?;
                    return scope.node(&mut builder.graph, variable);
                }
            }
        }
        Err(Error::new(
            ErrorKind::Name,
            format!("'{}' needs '{name}', which nothing on this compartment provides", m.name),
        )
        .in_element(format!("<{}>", m.dynamics.component_type))
        .help(if name.contains("Conc") {
            format!("place a concentration pool for '{name}' on the same region")
        } else {
            "compartments provide v, t, temperature, surfaceArea and the concentrations of placed pools"
                .into()
        }))
    }

    fn start(&self) -> Result<Template> {
        let mut builder = Builder::default();
        let zero = builder.graph.constant(0.0);
        let mut states: Vec<Vec<NodeId>> =
            self.mechanisms.iter().map(|m| vec![zero; m.dynamics.states.len()]).collect();
        for (index, m) in self.mechanisms.iter().enumerate() {
            let all = states.clone();
            let own =
                apply_assignments(&mut builder, &m.dynamics.on_start, all[index].clone(), &mut |b, own| {
                    self.scope(b, index, &all, own)
                })?;
            let own =
                start_schemes(&mut builder, &m.dynamics, own, &mut |b, own| self.scope(b, index, &all, own))?;
            states[index] = own;
        }
        for (mechanism, own) in states.iter().enumerate() {
            for (state, &node) in own.iter().enumerate() {
                if let Some(array) = self.array(Holds::State { mechanism, state }) {
                    builder.store(node, Array::Instance(array));
                }
            }
        }
        builder.finish()
    }

    /// Currents, after a step of the states where one is given.
    fn step(&self, step: Option<Step>) -> Result<(Template, bool)> {
        let mut builder = Builder::default();
        let old = self.states(&mut builder)?;
        let mut states = old.clone();
        if let Some(step) = step {
            states = self.advanced(&mut builder, &old, step)?;
            for (mechanism, own) in states.iter().enumerate() {
                for (state, &node) in own.iter().enumerate() {
                    if node != old[mechanism][state]
                        && let Some(array) = self.array(Holds::State { mechanism, state })
                    {
                        builder.store(node, Array::Instance(array));
                    }
                }
            }
        }
        self.finish_currents(builder, &states)
    }

    fn finish_currents(&self, mut builder: Builder, states: &[Vec<NodeId>]) -> Result<(Template, bool)> {
        let currents = self.currents(&mut builder, states)?;
        for (mechanism, total) in self.fed(&mut builder, &currents)?.into_iter().enumerate() {
            if let (Some(total), Some(array)) = (total, self.array(Holds::IonCurrent { mechanism })) {
                builder.store(total, Array::Instance(array));
            }
        }
        let area = self.area(&mut builder)?;
        let v = self.node(&mut builder, NodeArray::V);
        let all: Vec<(NodeId, f64)> = currents.iter().map(|(_, i)| (*i, 1.0)).collect();
        let total = builder.graph.sum(0.0, &all);
        let (conductance, source) = linearise(&mut builder.graph, total, v);
        let time = builder.uniform(uniform::TIME);
        let mut changing = vec![v, time];
        changing.extend(states.iter().flatten());
        for (mechanism, _) in self.mechanisms.iter().enumerate().filter(|(_, m)| m.is_pool) {
            changing.push(self.instance(&mut builder, Holds::IonCurrent { mechanism })?);
        }
        let constant = !changing.iter().any(|&leaf| builder.graph.depends(conductance, leaf));
        let conductance = builder.graph.mul(area, conductance);
        let source = builder.graph.mul(area, source);
        // The whole sums, in place or gathered: which of the two a compartment gets depends on its group,
        // and must not show in its last bits.
        let diagonal0 = self.node(&mut builder, NodeArray::Diagonal0);
        let rate = self.node(&mut builder, NodeArray::CapacitanceRate);
        let charge = builder.graph.mul(rate, v);
        let rhs = builder.graph.add(charge, source);
        let diagonal = builder.graph.add(diagonal0, conductance);
        for (node, array) in [(rhs, NodeArray::Rhs), (diagonal, NodeArray::Diagonal)] {
            if self.in_place {
                builder.store(node, Array::Node(array));
            } else {
                builder.scatter(node, Array::Node(array), list::NODE);
            }
        }
        Ok((builder.finish()?, constant))
    }

    fn area(&self, builder: &mut Builder) -> Result<NodeId> {
        if self.in_place {
            return Ok(builder.read(Array::Node(NodeArray::Area)));
        }
        self.instance(builder, Holds::Area)
    }

    /// The current density of each channel, A/m², with its index.
    fn currents(&self, builder: &mut Builder, states: &[Vec<NodeId>]) -> Result<Vec<(usize, NodeId)>> {
        let channels = (0..self.mechanisms.len()).filter(|&index| !self.mechanisms[index].is_pool);
        channels.map(|index| Ok((index, self.current(builder, index, states)?))).collect()
    }

    /// For each pool the current of its ion, A, summed from `currents`; none for channels.
    fn fed(&self, builder: &mut Builder, currents: &[(usize, NodeId)]) -> Result<Vec<Option<NodeId>>> {
        let mut all = vec![None; self.mechanisms.len()];
        for (total, pool) in all.iter_mut().zip(&self.mechanisms).filter(|(_, m)| m.is_pool) {
            let feeds = |index: usize| match (&self.mechanisms[index].ion, pool.current_read()) {
                (Some(ion), Some(name)) => is_current_of(name, ion),
                _ => false,
            };
            let fed = currents.iter().filter(|(index, _)| feeds(*index));
            let own: Vec<(NodeId, f64)> = fed.map(|(_, i)| (*i, 1.0)).collect();
            let sum = builder.graph.sum(0.0, &own);
            let area = self.area(builder)?;
            *total = Some(builder.graph.mul(sum, area));
        }
        Ok(all)
    }

    /// For each pool the current of its ion with the states `states`, A; none for channels.
    pub(super) fn ion_currents(
        &self,
        builder: &mut Builder,
        states: &[Vec<NodeId>],
    ) -> Result<Vec<Option<NodeId>>> {
        let currents = self.currents(builder, states)?;
        self.fed(builder, &currents)
    }

    /// The current of all channels into the cell, A.
    pub(super) fn total_current(&self, builder: &mut Builder, states: &[Vec<NodeId>]) -> Result<NodeId> {
        let currents: Vec<(NodeId, f64)> =
            self.currents(builder, states)?.into_iter().map(|(_, current)| (current, 1.0)).collect();
        let area = self.instance(builder, Holds::Area)?;
        let total = builder.graph.sum(0.0, &currents);
        Ok(builder.graph.mul(total, area))
    }

    /// The current density of mechanism `index` into the cell, A/m².
    pub(super) fn current(
        &self,
        builder: &mut Builder,
        index: usize,
        states: &[Vec<NodeId>],
    ) -> Result<NodeId> {
        let m = &self.mechanisms[index];
        let variable = m.dynamics.exposed("iDensity").ok_or_else(|| {
            Error::new(
                ErrorKind::Unsupported,
                format!(
                    "'{}' exposes no current density (iDensity): it can't be spread over a membrane",
                    m.name
                ),
            )
            .in_element(format!("<{}>", m.dynamics.component_type))
        })?;
        let mut scope = self.scope(builder, index, states, &states[index])?;
        let current = scope.node(&mut builder.graph, variable)?;
        if !m.partial {
            return Ok(current);
        }
        let cover = self.instance(builder, Holds::Cover { mechanism: index })?;
        Ok(builder.graph.mul(cover, current))
    }
}

/// `(G, I + G v)` with `G = −∂I/∂v` for the current `I`; for a current linear in `v` the second is
/// `I` at `v = 0`, without rounding error from the difference.
pub fn linearise(graph: &mut Graph, current: NodeId, v: NodeId) -> (NodeId, NodeId) {
    let slope = graph.derivative(current, v);
    let conductance = graph.scale(slope, -1.0);
    let source = if graph.depends(conductance, v) || switches(graph, current, v) {
        let product = graph.mul(conductance, v);
        graph.add(current, product)
    } else {
        graph.substitute(current, &[(v, 0.0)])
    };
    (conductance, source)
}

/// Whether a choice inside `node` depends on `leaf`: then its derivative does not tell all.
fn switches(graph: &Graph, node: NodeId, leaf: NodeId) -> bool {
    let mut stack = vec![node];
    let mut seen = vec![false; graph.len()];
    while let Some(n) = stack.pop() {
        if std::mem::replace(&mut seen[n.0 as usize], true) {
            continue;
        }
        match *graph.kind(n) {
            Kind::Step(..) | Kind::Opaque(_) => continue,
            Kind::Select(test, ..) if graph.depends(test, leaf) => return true,
            Kind::Compare(_, inner) if graph.depends(inner, leaf) => return true,
            Kind::Call(crate::expr::Function::Floor | crate::expr::Function::Ceil, inner)
                if graph.depends(inner, leaf) =>
            {
                return true;
            }
            _ => {}
        }
        graph.operands(n, &mut |o| stack.push(o));
    }
    false
}

/// Kinetic schemes start at their steady state.
pub fn start_schemes<'d>(
    builder: &mut Builder,
    dynamics: &'d Dynamics,
    mut states: Vec<NodeId>,
    scope: &mut super::conditions::MakeScope<'_, 'd>,
) -> Result<Vec<NodeId>> {
    for scheme in &dynamics.kinetic_schemes {
        // Occupancies as leaves, so that the rates' dependence on them can be seen.
        let leaves: Vec<NodeId> = (0..scheme.len()).map(|i| builder.free_leaf(i)).collect();
        let mut with_leaves = states.clone();
        for (&state, &leaf) in scheme.iter().zip(&leaves) {
            with_leaves[state] = leaf;
        }
        let mut now = scope(builder, &with_leaves)?;
        let mut slopes = vec![builder.graph.constant(0.0); scheme.len()];
        for (state, value) in &dynamics.derivatives {
            if let Some(at) = scheme.iter().position(|s| s == state) {
                slopes[at] = now.expression(&mut builder.graph, value)?;
            }
        }
        let steady = kinetic_steady_state(&mut builder.graph, &leaves, &slopes);
        for (&state, node) in scheme.iter().zip(steady) {
            states[state] = node;
        }
    }
    Ok(states)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::Variable;
    use crate::expr::parse;

    /// Conductance and source of the current `text`, and both at `v`.
    fn linear(text: &str, v: f64) -> (bool, f64, f64) {
        let input = Variable { name: "v".into(), dimension: Dimension::NONE };
        let dynamics = Dynamics { inputs: vec![input], ..Dynamics::default() };
        let mut graph = Graph::new();
        let leaf = graph.symbol(0);
        let mut scope = Scope::new(&dynamics, &[]);
        scope.bind("v", leaf);
        let current = scope.expression(&mut graph, &parse(text).unwrap()).unwrap();
        let (conductance, source) = linearise(&mut graph, current, leaf);
        let fixed = !graph.depends(conductance, leaf) && !graph.depends(source, leaf);
        let mut at = |node| {
            let number = graph.substitute(node, &[(leaf, v)]);
            graph.value(number).unwrap()
        };
        (fixed, at(conductance), at(source))
    }

    #[test]
    fn a_current_becomes_a_conductance_and_a_source() {
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs();
        for (text, fixed, conductance, current) in [
            ("3 * (50 - v)", true, 3.0, 3.0 * 57.0),
            ("3 * (50 - v) + 2 * (v + 77) * (-1)", true, 5.0, 3.0 * 57.0 - 2.0 * 70.0),
            ("0.2", true, 0.0, 0.2),
            ("1 - v^2", false, -14.0, 1.0 - 49.0),
            (
                "(50 - v) / (1 + exp(-v))",
                false,
                1.0 / (1.0 + 7f64.exp()) - 57.0 * 7f64.exp() / (1.0 + 7f64.exp()).powi(2),
                57.0 / (1.0 + 7f64.exp()),
            ),
            // Straight on either side of a choice, but not through both.
            ("H(v) * (3 - v) + 2", false, 0.0, 2.0),
        ] {
            let (is_fixed, g, source) = linear(text, -7.0);
            assert_eq!(is_fixed, fixed, "{text}");
            // I = source − G v.
            assert!(near(g, conductance) && near(source - g * -7.0, current), "{text}: {g}, {source}");
        }
    }
}
