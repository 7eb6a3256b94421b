//! Connections with equations of their own: a point process each, between the spike and the synapse.

use super::super::Job;
use super::super::nmodl::library::Library;
use super::super::nmodl::{Dialect, Mechanism, Role, UNITS, Wanted, mechanism};
use super::super::python::quoted;
use super::network::{All, receiver, sender};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Connection, ConnectionRule, Model, Value};
use crate::units::shifted;
use crate::wiring;

/// The rules of a model.
pub(super) struct Rules {
    mechanisms: Vec<Mechanism>,
    /// For each projection with a rule its index, its mechanism, and its connections.
    of: Vec<(usize, usize, Vec<Connection>)>,
}

impl Rules {
    /// Those of `model`; what can't be said is told to `job`.
    ///
    /// # Errors
    /// If a projection can't be drawn.
    pub(super) fn new(job: &mut Job<'_>, model: &Model, library: &mut Library) -> Result<Rules> {
        let mut out = Rules { mechanisms: Vec::new(), of: Vec::new() };
        for (number, projection) in model.projections.iter().enumerate() {
            let mut cannot =
                |error: Error| job.cannot(error.in_element(format!("projection '{}'", projection.name)));
            if !projection.recordings.is_empty() {
                let message = "recordings of connections are not made for NEURON";
                cannot(Error::new(ErrorKind::Unsupported, message));
            }
            let Some(rule) = &projection.rule else { continue };
            let alike = |(known, ..): &&(usize, usize, Vec<Connection>)| {
                let other = model.projections.get(*known).and_then(|p| p.rule.as_ref());
                other.is_some_and(|o| o.dynamics == rule.dynamics && names(o) == names(rule))
            };
            let at = match out.of.iter().find(alike) {
                Some((_, at, _)) => *at,
                None => match written(rule, model, library) {
                    Ok(made) => {
                        out.mechanisms.push(made);
                        out.mechanisms.len() - 1
                    }
                    Err(error) => {
                        cannot(error);
                        continue;
                    }
                },
            };
            out.of.push((number, at, own(model, number)?));
        }
        Ok(out)
    }

    /// The mechanisms, in order.
    pub(super) fn written(&self) -> &[Mechanism] {
        &self.mechanisms
    }

    /// Connections that stand for themselves: those of the model and of projections without a rule.
    ///
    /// # Errors
    /// If a projection can't be drawn.
    pub(super) fn others(&self, model: &Model) -> Result<Vec<Connection>> {
        let mut all = model.connections.clone();
        for (number, _) in model.projections.iter().enumerate().filter(|(_, p)| p.rule.is_none()) {
            all.extend(own(model, number)?);
        }
        Ok(all)
    }

    /// The connections with rules, as rows.
    pub(super) fn rows(&self, job: &mut Job<'_>, all: &All<'_>) -> Vec<String> {
        let model = all.model;
        let mut rows = Vec::new();
        for (number, at, connections) in &self.of {
            let Some(projection) = model.projections.get(*number) else { continue };
            let Some(rule) = &projection.rule else { continue };
            let mut lost = 0;
            for c in connections {
                let (Some((name, instance, port)), Some(detector)) = (receiver(all, c), sender(model, c))
                else {
                    lost += 1;
                    continue;
                };
                rows.push(self.row(all, &self.mechanisms[*at], rule, c, (&name, instance, port), detector));
            }
            if lost > 0 {
                let message = format!("{lost} of its connections have ends that NEURON's code lacks");
                let error = Error::new(ErrorKind::Unsupported, message);
                job.cannot(error.in_element(format!("projection '{}'", projection.name)));
            }
        }
        rows
    }

    fn row(
        &self,
        all: &All<'_>,
        mechanism: &Mechanism,
        rule: &ConnectionRule,
        c: &Connection,
        (name, instance, port): (&str, usize, usize),
        detector: usize,
    ) -> String {
        let of = |p: usize| all.model.populations.get(p).map(|p| quoted(&p.name)).unwrap_or_default();
        let mut values: Vec<String> = Vec::new();
        for (parameter, value) in &rule.parameters {
            let dimension = rule.dynamics.parameter(parameter).map(|p| p.dimension);
            if let (Some(known), Value::Constant(si), Some(dimension)) =
                (mechanism.names.get(parameter), value, dimension)
            {
                values.push(format!("{}: {}", quoted(known), UNITS.value(*si, dimension)));
            }
        }
        if let Some(scale) = mechanism.names.get("weight") {
            values.push(format!("{}: {}", quoted(scale), shifted(c.weight, 0)));
        }
        let number = |port: &str| {
            let found = mechanism.ports.iter().position(|known| known == port);
            found.map_or("None".to_string(), |at| at.to_string())
        };
        // What the spikes of the target are behind those that arrive, as neuropil has it.
        let dt_s = all.model.run.dt_s;
        let back_s = wiring::whole_steps(2.0 * rule.dendritic_delay_fraction * c.delay_s, dt_s);
        format!(
            "({}, {}, {detector}, {}, {}, {}, {instance}, {port}, {}, {{{}}}, {}, {}, {}, {})",
            of(c.source.0),
            c.source.1,
            of(c.target.0),
            c.target.1,
            if name.is_empty() { "None".to_string() } else { quoted(name) },
            quoted(&mechanism.name),
            values.join(", "),
            number("pre"),
            number("post"),
            shifted(c.delay_s, -3),
            shifted(back_s, -3)
        )
    }
}

/// Parameters that are set.
fn names(rule: &ConnectionRule) -> Vec<&str> {
    rule.parameters.iter().map(|(name, _)| name.as_str()).collect()
}

fn written(rule: &ConnectionRule, model: &Model, library: &mut Library) -> Result<Mechanism> {
    if let Some((name, _)) = rule.parameters.iter().find(|(_, value)| !matches!(value, Value::Constant(_))) {
        let message = format!("'{name}' differs between connections, which is not made for NEURON");
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    let wanted = Wanted {
        dynamics: &rule.dynamics,
        role: Role::Rule,
        name: library.names.claim(&rule.dynamics.name),
        varying: rule.parameters.iter().map(|(name, _)| name.clone()).collect(),
        partial: false,
        recorded: Vec::new(),
        temperature_k: model.temperature_k,
    };
    mechanism(&wanted, Dialect::Neuron)
}

/// The connections of one projection, as drawn.
fn own(model: &Model, number: usize) -> Result<Vec<Connection>> {
    wiring::connections_of(model, number, wiring::MOST_LISTED)
}
