//! The method of a run whose document asks for none.

use crate::dynamics::Dynamics;
use crate::dynamics::graph::Graph;
use crate::dynamics::scope::Scope;
use crate::model::{CableCell, Method, Model, PopulationCell, Rule};

/// The most accurate method that is safe for `model`: staggered Crank–Nicolson, damped if any cell is more
/// than one compartment; backward Euler if gap junctions tie potentials together, or if no cell has a shape.
///
/// A document gives equations and a time step. Crank–Nicolson has an error of second order in the step,
/// but rings along stiff cables unless it is damped. It continues the potential at the
/// other side of a gap junction from the past, which is not stable for every conductance.
pub(super) fn suited(model: &Model) -> Method {
    let mut cells = model.populations.iter().filter_map(|population| match &population.cell {
        PopulationCell::Cable(cell) => Some(cell),
        PopulationCell::Point(_) | PopulationCell::SpikeTimes(_) => None,
    });
    let any = cells.clone().next().is_some();
    let tied = model.attachments.iter().any(|attachments| passes_potential(&attachments.dynamics));
    match (any && !tied, cells.all(|cell| is_one_compartment(cell))) {
        (false, _) => Method::BackwardEuler,
        (true, true) => Method::CrankNicolson,
        (true, false) => Method::DampedCrankNicolson,
    }
}

/// Whether a cell is one compartment by its rules of discretisation, whatever its size.
fn is_one_compartment(cell: &CableCell) -> bool {
    let one_segment = cell.morphology.segments.len() == 1;
    cell.morphology.sections.len() == 1
        && cell.discretisation.rules.iter().all(|(_, rule)| match rule {
            Rule::PerSection(number) => *number == 1,
            Rule::PerSegment => one_segment,
            Rule::MaxLength(_) | Rule::DLambda { .. } => false,
        })
}

/// Whether the current of a contact depends at once on the potential at its partner: a gap junction
/// does, a graded synapse does not, as its states stand between. What cannot be told counts as such.
fn passes_potential(dynamics: &Dynamics) -> bool {
    if !dynamics.inputs.iter().any(|input| input.name == "peer/v") {
        return false;
    }
    depends_at_once(dynamics).unwrap_or(true)
}

fn depends_at_once(dynamics: &Dynamics) -> Option<bool> {
    let mut graph = Graph::new();
    let leaves = u32::try_from(dynamics.states.len() + dynamics.inputs.len()).ok()?;
    let leaves: Vec<_> = (0..leaves).map(|symbol| graph.symbol(symbol)).collect();
    let (states, inputs) = leaves.split_at(dynamics.states.len());
    let mut scope = Scope::new(dynamics, states);
    let mut peer = None;
    for (input, leaf) in dynamics.inputs.iter().zip(inputs) {
        scope.bind(&input.name, *leaf);
        if input.name == "peer/v" {
            peer = Some(*leaf);
        }
    }
    let Some(shown) = dynamics.exposed("i") else { return Some(false) };
    let current = scope.node(&mut graph, shown).ok()?;
    Some(graph.depends(current, peer?))
}
