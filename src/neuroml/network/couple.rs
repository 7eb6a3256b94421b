//! Gap junctions and graded synapses: each end reads the other.

use std::sync::Arc;

use super::Reader;
use super::attach::Kind;
use crate::dynamics::Variable;
use crate::error::{ErrorKind, Result};
use crate::lems::Component;
use crate::model::{Coupling, PopulationCell};
use crate::neuroml::site::End;
use crate::units::Dimension;

const PRE: End = End { cell: "preCell", segment: "preSegment", fraction: "preFractionAlong" };
const POST: End = End { cell: "postCell", segment: "postSegment", fraction: "postFractionAlong" };

impl<'a> Reader<'a, '_> {
    pub(super) fn coupled_projection(&mut self, projection: &'a Component) -> Result<()> {
        let population = |reader: &Self, key: &str| match projection.reference(key) {
            Some(id) => reader.population_of(id, projection),
            None => Err(projection.error(ErrorKind::Syntax, format!("attribute '{key}' is missing"))),
        };
        let pre = population(self, "presynapticPopulation")?;
        let post = population(self, "postsynapticPopulation")?;
        self.check_room(projection)?;
        let mut count = 0;
        let mut connections = projection.children.cursor();
        while let Some(connection) = connections.next() {
            let is = |base: &str| self.set.is_a(&connection.component_type, base);
            let electrical = is("electricalConnection") || is("electricalConnectionInstance");
            if !electrical && !is("continuousConnection") && !is("continuousConnectionInstance") {
                if is("baseStandalone") {
                    continue;
                }
                let message = format!("a {} in an {}", connection.component_type, projection.component_type);
                return Err(connection.error(ErrorKind::Unsupported, message));
            }
            count += 1;
            let made = self.coupling(connection, electrical, pre, post);
            self.keep(made);
            if self.errors.len() > super::MAX_ERRORS {
                return Ok(());
            }
        }
        if count == 0 {
            self.warn("empty-projection", "it has no connections".to_string(), projection);
        }
        Ok(())
    }

    fn coupling(&mut self, connection: &Component, electrical: bool, pre: usize, post: usize) -> Result<()> {
        let (one, other) = if electrical {
            let kind = self.kind(connection, "synapse")?;
            if !kind.reads_peer {
                return Err(no_coupling(connection, &kind));
            }
            (Arc::clone(&kind), kind)
        } else {
            let (one, other) =
                (self.kind(connection, "preComponent")?, self.kind(connection, "postComponent")?);
            // One of them may be silent.
            if ![&one, &other].into_iter().any(|kind| self.couples(kind)) {
                return Err(no_coupling(connection, &one));
            }
            (one, other)
        };
        let weight = connection.parameter("weight").unwrap_or(1.0);
        let from = self.place(connection, PRE, Some(pre))?;
        let to = self.place(connection, POST, Some(post))?;
        let (one, other) =
            (self.giving(&one, from.population, &other), self.giving(&other, to.population, &one));
        let one = self.attach(connection, &one, from, weight, false)?;
        let other = self.attach(connection, &other, to, weight, false)?;
        self.out.model.couplings.push(Coupling { one, other });
        Ok(())
    }
}

impl Reader<'_, '_> {
    /// Whether `kind` is for couplings.
    fn couples(&self, kind: &Kind) -> bool {
        kind.reads_peer || self.set.is_a(&kind.component_type, "baseGradedSynapse")
    }

    /// `kind` on cells of `population`, or if `reader` reads quantities behind it that the cell exposes and that are
    /// no states (`peer/r`): the same with these exposed.
    fn giving(&mut self, kind: &Arc<Kind>, population: usize, reader: &Arc<Kind>) -> Arc<Kind> {
        let PopulationCell::Point(cell) = &self.out.model.populations[population].cell else {
            return Arc::clone(kind);
        };
        let wanted = reader.dynamics.inputs.iter().filter_map(|input| {
            let name = input.name.strip_prefix("peer/").filter(|name| *name != "v")?;
            let is_derived = cell.dynamics.exposed(name).is_some_and(|of| cell.dynamics.state(of).is_none());
            let missing = is_derived && kind.dynamics.exposed(name).is_none();
            missing.then(|| (name.to_string(), input.dimension))
        });
        let wanted: Vec<(String, Dimension)> = wanted.collect();
        if wanted.is_empty() {
            return Arc::clone(kind);
        }
        let key = (Arc::as_ptr(kind) as usize, Arc::as_ptr(reader) as usize);
        if let Some(known) = self.giving.get(&key) {
            return Arc::clone(known);
        }
        let mut dynamics = (*kind.dynamics).clone();
        for (name, dimension) in wanted {
            if dynamics.inputs.iter().all(|input| input.name != name) {
                dynamics.inputs.push(Variable { name: name.clone(), dimension });
            }
            dynamics.exposures.push((name.clone(), name));
        }
        let mut giving = (**kind).clone();
        giving.dynamics = Arc::new(dynamics);
        let giving = Arc::new(giving);
        self.giving.insert(key, Arc::clone(&giving));
        giving
    }
}

fn no_coupling(connection: &Component, kind: &Kind) -> crate::error::Error {
    let message = format!(
        "'{}' is a {}, which does not read the cell on the other side",
        kind.dynamics.name, kind.component_type
    );
    connection.error(ErrorKind::Value, message).help("expected a gap junction or a graded synapse")
}
