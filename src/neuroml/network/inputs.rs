//! Inputs to single cells.

use std::sync::Arc;

use super::Reader;
use super::attach::Kind;
use crate::error::{ErrorKind, Result};
use crate::lems::Component;
use crate::neuroml::site::End;

const TARGET: End = End { cell: "target", segment: "segmentId", fraction: "fractionAlong" };

impl<'a> Reader<'a, '_> {
    pub(super) fn explicit_input(&mut self, input: &'a Component) -> Result<()> {
        let kind = self.input_kind(input, "input")?;
        self.input(input, None, &kind)
    }

    pub(super) fn input_list(&mut self, list: &'a Component) -> Result<()> {
        let Some(id) = list.text("population") else {
            return Err(list.error(ErrorKind::Syntax, "attribute 'population' is missing"));
        };
        // The language takes it for a text: it is the paths of the inputs that count.
        let population = match self.population_of(id, list) {
            Ok(population) => Some(population),
            Err(error) if list.children.iter().any(names_population) => {
                self.warn("other-population", error.message().to_string(), list);
                None
            }
            Err(error) => return Err(error),
        };
        let kind = self.input_kind(list, "component")?;
        self.check_room(list)?;
        let mut count = 0;
        let mut inputs = list.children.cursor();
        while let Some(input) = inputs.next() {
            if !self.set.is_a(&input.component_type, "input") {
                if self.set.is_a(&input.component_type, "baseStandalone") {
                    continue;
                }
                let message = format!("a {} in an inputList", input.component_type);
                return Err(input.error(ErrorKind::Unsupported, message));
            }
            count += 1;
            let made = self.input(input, population, &kind);
            self.keep(made);
            if self.errors.len() > super::MAX_ERRORS {
                return Ok(());
            }
        }
        if count == 0 {
            self.warn("empty-input-list", "it has no inputs".to_string(), list);
        }
        Ok(())
    }

    /// The input that the attribute `key` of `user` names: no synapse, which would wait for events in vain.
    fn input_kind(&mut self, user: &'a Component, key: &str) -> Result<Arc<Kind>> {
        let kind = self.kind(user, key)?;
        let waits = self.set.is_a(&kind.component_type, "baseSynapse")
            && kind.acts_on_events
            && kind.dynamics.conditions.is_empty();
        if !waits && !kind.reads_peer {
            return Ok(kind);
        }
        let message = format!(
            "{key}=\"{}\" is a {}, a synapse, which by itself does nothing",
            kind.dynamics.name, kind.component_type
        );
        let error = user.error(ErrorKind::Value, message);
        Err(error.help(
            "expected an input such as a pulseGenerator, or a poissonFiringSynapse, which drives its own",
        ))
    }

    fn input(&mut self, input: &Component, population: Option<usize>, kind: &Arc<Kind>) -> Result<()> {
        let at = self.place(input, TARGET, population)?;
        let weight = input.parameter("weight").unwrap_or(1.0);
        if weight != 1.0 && !kind.dynamics.inputs.iter().any(|input| input.name == "weight") {
            let message = format!("its weight has no effect: a {} does not read one", kind.component_type);
            self.warn("unread-weight", message, input);
        }
        self.attach(input, kind, at, weight, false)?;
        Ok(())
    }
}

/// Whether the path of an input's target says which population.
fn names_population(input: &Component) -> bool {
    input.text("target").is_some_and(|path| path.contains(['[', '/']))
}
