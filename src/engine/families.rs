//! Short lists of attachments whose equations differ in numbers alone are carried out as one kind, with these
//! numbers in arrays: a network may have hundreds of inputs, each a component of its own.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::dynamics::Dynamics;
use crate::model::Model;

/// Lists with fewer contacts than a vector has lanes are put together; in longer ones numbers that are
/// the same for all are worth their own program.
const SHORT: usize = 8;

/// The equations of a list as they are carried out.
#[derive(Debug, Clone)]
pub struct Shared {
    /// The equations: those of the first list of the family.
    pub dynamics: Arc<Dynamics>,
    /// Names of parameters that differ between lists of the family.
    pub varying: Vec<String>,
}

struct Family {
    lists: Vec<usize>,
    varying: Vec<bool>,
}

/// What each of the model's attachments is carried out as.
pub fn families(model: &Model) -> Vec<Shared> {
    let own =
        |list: &crate::model::Attachments| Shared { dynamics: list.dynamics.clone(), varying: Vec::new() };
    let mut shared: Vec<Shared> = model.attachments.iter().map(own).collect();
    let mut by_mark: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut families: Vec<Family> = Vec::new();
    for (number, list) in model.attachments.iter().enumerate().filter(|(_, l)| l.contacts.len() < SHORT) {
        let alike = by_mark.entry(mark(&list.dynamics)).or_default();
        let first = |family: usize| &*model.attachments[families[family].lists[0]].dynamics;
        match alike.iter().copied().find(|&family| same_equations(first(family), &list.dynamics)) {
            Some(family) => {
                let pairs = first(family).parameters.iter().zip(&list.dynamics.parameters);
                let differ: Vec<bool> = pairs.map(|(a, b)| a.value.to_bits() != b.value.to_bits()).collect();
                let family = &mut families[family];
                family.varying.iter_mut().zip(differ).for_each(|(varying, differs)| *varying |= differs);
                family.lists.push(number);
            }
            None => {
                alike.push(families.len());
                let varying = vec![false; list.dynamics.parameters.len()];
                families.push(Family { lists: vec![number], varying });
            }
        }
    }
    for family in families {
        let dynamics = &model.attachments[family.lists[0]].dynamics;
        let names = dynamics.parameters.iter().zip(&family.varying).filter(|(_, varying)| **varying);
        let varying: Vec<String> = names.map(|(parameter, _)| parameter.name.clone()).collect();
        for list in family.lists {
            shared[list] = Shared { dynamics: dynamics.clone(), varying: varying.clone() };
        }
    }
    shared
}

/// A number that dynamics with the same equations share.
fn mark(dynamics: &Dynamics) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&dynamics.component_type, dynamics.derived.len(), dynamics.parameters.len()).hash(&mut hasher);
    dynamics.states.iter().for_each(|state| state.name.hash(&mut hasher));
    hasher.finish()
}

/// Whether two dynamics differ in their names and in the values of parameters at most.
fn same_equations(a: &Dynamics, b: &Dynamics) -> bool {
    let parameters = |d: &Dynamics| d.parameters.len();
    let named = a.parameters.iter().zip(&b.parameters).all(|(p, q)| p.name == q.name);
    let what = a.component_type == b.component_type && a.base_types == b.base_types;
    let names = a.inputs == b.inputs && a.states == b.states && a.exposures == b.exposures;
    let values = a.derived == b.derived && a.derivatives == b.derivatives && a.on_start == b.on_start;
    let events = a.conditions == b.conditions && a.events == b.events && a.out_ports == b.out_ports;
    let rest = a.kinetic_schemes == b.kinetic_schemes && a.attachments == b.attachments;
    parameters(a) == parameters(b) && named && what && names && values && events && rest
}
