//! Which instances may be one: those whose answers to events add up.

use std::collections::BTreeSet;

use super::graph::{Graph, Kind, NodeId};
use super::scope::Scope;
use super::{Assignment, Dynamics};
use crate::expr::{Expr, Function};

/// Whether any number of instances of `dynamics` at one place act together as one instance that
/// gets all their events, as far as what they expose as `exposure` goes.
///
/// That holds, exactly, if what it exposes is a sum of its states, each times a factor that all
/// instances share (`g * (erev - v)`); if the derivatives of these states are such sums too
/// (`-g / tau`); if they start at 0; and if nothing changes them but events, each of which adds an
/// amount that depends on no state (`g + weight * gbase`). What it sends is not looked at. Exponential and alpha synapses are of this
/// kind, also behind a voltage-dependent block; plastic ones are not.
pub fn superposes(dynamics: &Dynamics, exposure: &str) -> bool {
    additive(dynamics, exposure).unwrap_or(false)
}

/// `None` if something has no value at a moment (a random number).
fn additive(dynamics: &Dynamics, exposure: &str) -> Option<bool> {
    let Some(shown) = dynamics.exposed(exposure) else { return Some(false) };
    if dynamics.expressions().any(Expr::calls_random) {
        return None;
    }
    // What belongs to one connection: its weight outside events, the other side of a coupling.
    let single = |name: &str| name == "weight" || name.starts_with("peer/");
    let mut view = View::new(dynamics)?;
    let own: Vec<NodeId> = view.inputs_where(&single);
    let current = view.of(&Expr::name(shown))?;
    // The states that it depends on, through others too.
    let mut relevant: BTreeSet<usize> = BTreeSet::new();
    let mut waiting = vec![current];
    while let Some(node) = waiting.pop() {
        if !view.is_sum_of_states(node) || own.iter().any(|input| view.graph.depends(node, *input)) {
            return Some(false);
        }
        for state in 0..view.states.len() {
            if view.graph.depends(node, view.states[state]) && relevant.insert(state) {
                for (of, derivative) in &dynamics.derivatives {
                    if *of == state {
                        waiting.push(view.of(derivative)?);
                    }
                }
            }
        }
    }
    let touches = |list: &[Assignment]| list.iter().any(|a| relevant.contains(&a.state));
    if dynamics.conditions.iter().any(|c| touches(&c.assignments))
        || dynamics.kinetic_schemes.iter().flatten().any(|state| relevant.contains(state))
    {
        return Some(false);
    }
    for start in dynamics.on_start.iter().filter(|a| relevant.contains(&a.state)) {
        let value = view.of(&start.value)?;
        if view.graph.value(value) != Some(0.0) {
            return Some(false);
        }
    }
    for event in dynamics.events.iter().filter(|e| touches(&e.assignments)) {
        if event.test.is_some() {
            return Some(false);
        }
        for assignment in event.assignments.iter().filter(|a| relevant.contains(&a.state)) {
            let after = view.of(&assignment.value)?;
            let added = view.graph.sub(after, view.states[assignment.state]);
            if view.depends_on_states(added) {
                return Some(false);
            }
        }
    }
    Some(true)
}

/// The dynamics at one moment, with leaves for states and inputs.
struct View<'a> {
    graph: Graph,
    scope: Scope<'a>,
    states: Vec<NodeId>,
    inputs: Vec<NodeId>,
}

impl<'a> View<'a> {
    fn new(dynamics: &'a Dynamics) -> Option<View<'a>> {
        let mut graph = Graph::new();
        let leaves = dynamics.states.len() + dynamics.inputs.len();
        let leaves: Vec<NodeId> =
            (0..u32::try_from(leaves).ok()?).map(|symbol| graph.symbol(symbol)).collect();
        let (states, inputs) = leaves.split_at(dynamics.states.len());
        let mut scope = Scope::new(dynamics, states);
        for (input, leaf) in dynamics.inputs.iter().zip(inputs) {
            scope.bind(&input.name, *leaf);
        }
        Some(View { graph, scope, states: states.to_vec(), inputs: inputs.to_vec() })
    }

    fn inputs_where(&self, test: &dyn Fn(&str) -> bool) -> Vec<NodeId> {
        let named = self.scope.dynamics().inputs.iter().zip(&self.inputs);
        named.filter(|(input, _)| test(&input.name)).map(|(_, leaf)| *leaf).collect()
    }

    fn of(&mut self, expr: &Expr) -> Option<NodeId> {
        self.scope.expression(&mut self.graph, expr).ok()
    }

    fn depends_on_states(&self, node: NodeId) -> bool {
        self.states.iter().any(|state| self.graph.depends(node, *state))
    }

    /// Whether a comparison or a function with jumps within `node` depends on states: what the
    /// derivative does not show.
    fn jumps(&self, node: NodeId) -> bool {
        let mut seen = BTreeSet::new();
        let mut waiting = vec![node];
        while let Some(node) = waiting.pop() {
            if !seen.insert(node) {
                continue;
            }
            let has_jump = match self.graph.kind(node) {
                Kind::Compare(..) => true,
                Kind::Call(function, _) => matches!(
                    function,
                    Function::Floor | Function::Ceil | Function::Heaviside | Function::Factorial
                ),
                _ => false,
            };
            if has_jump && self.depends_on_states(node) {
                return true;
            }
            self.graph.operands(node, &mut |operand| waiting.push(operand));
        }
        false
    }

    /// Whether `node` is `Σ kᵢ xᵢ` over the states, the `kᵢ` free of states.
    fn is_sum_of_states(&mut self, node: NodeId) -> bool {
        let zeros: Vec<(NodeId, f64)> = self.states.iter().map(|state| (*state, 0.0)).collect();
        let at_zero = self.graph.substitute(node, &zeros);
        if self.graph.value(at_zero) != Some(0.0) || self.jumps(node) {
            return false;
        }
        (0..self.states.len()).all(|state| {
            let factor = self.graph.derivative(node, self.states[state]);
            !self.depends_on_states(factor)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lems::NoIncludes;
    use crate::library;

    /// Whether the component `text` of the core's types superposes.
    fn check(text: &str) -> bool {
        let mut set = library::core().unwrap().clone();
        set.read_str(&format!("<neuroml>{text}</neuroml>"), "a.nml", &NoIncludes).unwrap();
        let first = set.components().last().unwrap();
        superposes(&set.flatten(first).unwrap(), "i")
    }

    #[test]
    fn linear_synapses_do() {
        let g = "gbase=\"1 nS\" erev=\"0 mV\"";
        assert!(check(&format!("<expOneSynapse id=\"s\" {g} tauDecay=\"1 ms\"/>")));
        assert!(check(&format!("<alphaSynapse id=\"s\" {g} tau=\"1 ms\"/>")));
        assert!(check(&format!("<expTwoSynapse id=\"s\" {g} tauRise=\"1 ms\" tauDecay=\"2 ms\"/>")));
        assert!(check("<alphaCurrentSynapse id=\"s\" ibase=\"1 nA\" tau=\"1 ms\"/>"));
        // Its clock of the last event has no part in the current.
        assert!(check(&format!("<stdpSynapse id=\"s\" {g} tauRise=\"1 ms\" tauDecay=\"2 ms\"/>")));
        // The block depends on what all instances share.
        let block = "<voltageConcDepBlockMechanism species=\"mg\" \
                     blockConcentration=\"1.2 mM\" scalingConc=\"1.9 mM\" scalingVolt=\"16 mV\"/>";
        let nmda = format!("<blockingPlasticSynapse id=\"s\" {g} tauRise=\"1 ms\" tauDecay=\"9 ms\">");
        assert!(check(&format!("{nmda}{block}</blockingPlasticSynapse>")));
    }

    #[test]
    fn others_do_not() {
        let g = "gbase=\"1 nS\" erev=\"0 mV\"";
        let plastic = format!(
            "<blockingPlasticSynapse id=\"s\" {g} tauRise=\"1 ms\" tauDecay=\"9 ms\">
               <tsodyksMarkramDepMechanism id=\"p\" initReleaseProb=\"0.5\" tauRec=\"100 ms\"/>
             </blockingPlasticSynapse>"
        );
        assert!(!check(&plastic));
        assert!(!check("<pulseGenerator id=\"p\" delay=\"0 s\" duration=\"1 s\" amplitude=\"1 nA\"/>"));
        assert!(!check(&format!(
            "<expOneSynapse id=\"a\" {g} tauDecay=\"1 ms\"/>
             <poissonFiringSynapse id=\"p\" averageRate=\"9 Hz\" synapse=\"a\" spikeTarget=\"./a\"/>"
        )));
        assert!(!check(&format!(
            "<expOneSynapse id=\"a\" {g} tauDecay=\"1 ms\"/><expOneSynapse id=\"b\" {g} tauDecay=\"1 ms\"/>
             <doubleSynapse id=\"d\" synapse1=\"a\" synapse2=\"b\" synapse1Path=\"./a\" synapse2Path=\"./b\"/>"
        )));
    }

    /// A synapse of a type made here: derivative of g, event on g, current.
    fn custom(derivative: &str, event: &str, current: &str, start: &str) -> bool {
        check(&format!(
            "<ComponentType name=\"own\" extends=\"baseConductanceBasedSynapse\">
               <Property name=\"weight\" dimension=\"none\" defaultValue=\"1\"/>
               <Parameter name=\"tau\" dimension=\"time\"/>
               <Dynamics>
                 <StateVariable name=\"g\" dimension=\"conductance\" exposure=\"g\"/>
                 <TimeDerivative variable=\"g\" value=\"{derivative}\"/>
                 <DerivedVariable name=\"i\" dimension=\"current\" exposure=\"i\" value=\"{current}\"/>
                 <OnStart><StateAssignment variable=\"g\" value=\"{start}\"/></OnStart>
                 <OnEvent port=\"in\"><StateAssignment variable=\"g\" value=\"{event}\"/></OnEvent>
               </Dynamics>
             </ComponentType>
             <own id=\"o\" gbase=\"1 nS\" erev=\"0 mV\" tau=\"1 ms\"/>"
        ))
    }

    #[test]
    fn what_makes_the_difference() {
        let (decay, add, ohm) = ("-g / tau", "g + weight * gbase", "g * (erev - v)");
        assert!(custom(decay, add, ohm, "0 * gbase"));
        // Saturation.
        assert!(!custom(decay, "g + weight * (gbase - g)", ohm, "0 * gbase"));
        assert!(!custom(decay, "gbase", ohm, "0 * gbase"));
        assert!(!custom("-g * g / (gbase * tau)", add, ohm, "0 * gbase"));
        assert!(!custom("(gbase - g) / tau", add, ohm, "0 * gbase"));
        assert!(!custom(decay, add, "(g + gbase) * (erev - v)", "0 * gbase"));
        assert!(!custom(decay, add, "g * g / gbase * (erev - v)", "0 * gbase"));
        assert!(!custom(decay, add, ohm, "gbase"));
        // Jumps that a derivative does not show.
        assert!(!custom(decay, add, "ceil(g / gbase) * gbase * (erev - v)", "0 * gbase"));
        assert!(!custom("-(g + gbase * H(g / gbase - 1)) / tau", add, ohm, "0 * gbase"));
        // A weight outside events belongs to one connection.
        assert!(!custom(decay, "g + gbase", "weight * g * (erev - v)", "0 * gbase"));
    }
}
