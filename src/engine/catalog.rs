//! Compiled programs, each distinct one once for the whole run.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::lower::{MembranePlan, MembranePrograms, PointKind, PointPrograms};
use crate::dynamics::advance::Order;
use crate::error::Result;

/// The programs of a run.
#[derive(Debug)]
pub struct Catalog {
    /// Order in time.
    pub order: Order,
    /// Membrane plans.
    pub membranes: Vec<(MembranePlan, MembranePrograms)>,
    /// Point kinds.
    pub kinds: Vec<(PointKind, PointPrograms)>,
    /// Numbers of kinds by a short mark of what they are: kinds that differ are rarely compared.
    by_mark: HashMap<u64, Vec<usize>>,
}

impl Catalog {
    /// An empty catalogue for programs of order `order` in time.
    pub fn new(order: Order) -> Catalog {
        Catalog { order, membranes: Vec::new(), kinds: Vec::new(), by_mark: HashMap::new() }
    }

    /// The number of `plan`, compiled if it is new.
    ///
    /// # Errors
    /// If it can't be compiled.
    pub fn membrane(&mut self, plan: MembranePlan) -> Result<usize> {
        if let Some(known) = self.membranes.iter().position(|(p, _)| *p == plan) {
            return Ok(known);
        }
        let programs = plan.programs(self.order)?;
        self.membranes.push((plan, programs));
        Ok(self.membranes.len() - 1)
    }

    /// The number of `kind`, compiled if it is new.
    ///
    /// # Errors
    /// If it can't be compiled.
    pub fn kind(&mut self, kind: PointKind) -> Result<usize> {
        let mark = mark(&kind);
        let alike = self.by_mark.get(&mark).map_or(&[][..], Vec::as_slice);
        if let Some(&known) = alike.iter().find(|&&known| same(&self.kinds[known].0, &kind)) {
            return Ok(known);
        }
        let programs = kind.programs(self.order)?;
        self.kinds.push((kind, programs));
        self.by_mark.entry(mark).or_default().push(self.kinds.len() - 1);
        Ok(self.kinds.len() - 1)
    }

    /// An order of kinds by what they are: it does not depend on when they were met.
    pub fn compare(&self, a: usize, b: usize) -> Ordering {
        if a == b {
            return Ordering::Equal;
        }
        let [x, y] = [a, b].map(|kind| &self.kinds[kind].0);
        let names = |kind: &PointKind| (kind.name.clone(), kind.dynamics.component_type.clone());
        let numbers = |kind: &PointKind| -> Vec<u64> {
            kind.dynamics.parameters.iter().map(|parameter| parameter.value.to_bits()).collect()
        };
        // Kinds that are the same in all of this hardly share a group: then the first one met comes first.
        names(x)
            .cmp(&names(y))
            .then_with(|| x.varying.cmp(&y.varying))
            .then_with(|| numbers(x).cmp(&numbers(y)))
            .then_with(|| a.cmp(&b))
    }
}

/// A number that equal kinds share.
fn mark(kind: &PointKind) -> u64 {
    let mut hasher = DefaultHasher::new();
    let dynamics = &kind.dynamics;
    (&kind.name, &kind.varying, &dynamics.component_type, kind.is_loaded, kind.step_s.to_bits())
        .hash(&mut hasher);
    for parameter in &dynamics.parameters {
        parameter.value.to_bits().hash(&mut hasher);
    }
    hasher.finish()
}

fn same(a: &PointKind, b: &PointKind) -> bool {
    let equations = Arc::ptr_eq(&a.dynamics, &b.dynamics) || a.dynamics == b.dynamics;
    let rest = |k: &PointKind| {
        (k.temperature_k.to_bits(), k.step_s.to_bits(), k.site, k.is_loaded, k.cell_rate, k.sends)
    };
    let names = a.name == b.name
        && a.varying == b.varying
        && a.shows == b.shows
        && a.gives == b.gives
        && a.hosts == b.hosts;
    equations && names && rest(a) == rest(b)
}
