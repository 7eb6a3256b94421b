//! Compiled programs, each distinct one once for the whole run.

use super::lower::{MembranePlan, MembranePrograms, PointKind, PointPrograms};
use crate::dynamics::advance::Order;
use crate::error::Result;

/// The programs of a run.
#[derive(Debug)]
pub struct Catalog {
    /// Time step of the states, s.
    pub h: f64,
    /// Order in time.
    pub order: Order,
    /// Membrane plans.
    pub membranes: Vec<(MembranePlan, MembranePrograms)>,
    /// Point kinds.
    pub kinds: Vec<(PointKind, PointPrograms)>,
}

impl Catalog {
    /// An empty catalogue for time step `h` (s).
    pub fn new(h: f64, order: Order) -> Catalog {
        Catalog { h, order, membranes: Vec::new(), kinds: Vec::new() }
    }

    /// The number of `plan`, compiled if it is new.
    ///
    /// # Errors
    /// If it can't be compiled.
    pub fn membrane(&mut self, plan: MembranePlan) -> Result<usize> {
        if let Some(known) = self.membranes.iter().position(|(p, _)| *p == plan) {
            return Ok(known);
        }
        let programs = plan.programs(self.h, self.order)?;
        self.membranes.push((plan, programs));
        Ok(self.membranes.len() - 1)
    }

    /// The number of `kind`, compiled if it is new.
    ///
    /// # Errors
    /// If it can't be compiled.
    pub fn kind(&mut self, kind: PointKind) -> Result<usize> {
        if let Some(known) = self.kinds.iter().position(|(k, _)| *k == kind) {
            return Ok(known);
        }
        let programs = kind.programs(self.h, self.order)?;
        self.kinds.push((kind, programs));
        Ok(self.kinds.len() - 1)
    }
}
