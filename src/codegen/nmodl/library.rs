//! Which mechanisms a model needs, each once.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Job;
use super::super::layout::Layout;
use super::super::names::Names;
use super::{Dialect, MECHANISMS_TAKEN, Mechanism, Role, Wanted};
use crate::dynamics::Dynamics;
use crate::engine::What;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Model, is_current_of};

/// The mechanisms of a model.
pub(crate) struct Library {
    all: Vec<Mechanism>,
    /// By shape and index of what is spread over its membrane.
    spread: BTreeMap<(usize, usize), usize>,
    /// By kind of what is at points.
    points: BTreeMap<usize, usize>,
    /// Names that are taken.
    pub(crate) names: Names,
    dialect: Dialect,
}

/// What tells two mechanisms apart.
#[derive(PartialEq)]
struct Key {
    dynamics: Dynamics,
    role: Role,
    varying: Vec<String>,
    partial: bool,
    recorded: Vec<String>,
}

impl Library {
    /// All mechanisms in `dialect` that are to be written (`needs`); what can't be said is told to `job`.
    pub(crate) fn new(
        job: &mut Job<'_>,
        model: &Model,
        layout: &Layout,
        dialect: Dialect,
        needs: &dyn Fn(&Dynamics) -> bool,
    ) -> Result<Library> {
        let mut library = Library {
            all: Vec::new(),
            spread: BTreeMap::new(),
            points: BTreeMap::new(),
            names: Names::new(MECHANISMS_TAKEN),
            dialect,
        };
        let mut keys: Vec<Key> = Vec::new();
        library.names.claim("spike_source");
        let recorded = Recorded::new(layout);
        for (s, shape) in layout.shapes.iter().enumerate() {
            let pools: BTreeSet<&str> = shape
                .plan
                .mechanisms
                .iter()
                .filter(|m| m.mechanism.is_pool)
                .filter_map(|m| m.mechanism.ion.as_deref())
                .collect();
            for (m, spread) in shape.plan.mechanisms.iter().enumerate() {
                let mechanism = &spread.mechanism;
                if spread.cover.iter().all(|cover| *cover <= 0.0) || !needs(&mechanism.dynamics) {
                    continue;
                }
                let ion = mechanism.ion.clone();
                let role = match (&ion, mechanism.is_pool) {
                    (Some(ion), true) => Role::Pool(ion.clone()),
                    (Some(own), false) => {
                        let fed = pools.iter().any(|pool| is_current_of(&format!("i{pool}"), own));
                        Role::Density(fed.then(|| own.to_lowercase()))
                    }
                    (None, _) => Role::Density(None),
                };
                let key = Key {
                    dynamics: (*mechanism.dynamics).clone(),
                    role,
                    varying: mechanism.varying.clone(),
                    partial: spread.cover.iter().any(|cover| *cover > 0.0 && *cover < 1.0)
                        || !covers_sections(layout, s, m),
                    recorded: recorded.spread.get(&(s, m)).cloned().unwrap_or_default(),
                };
                let name = match mechanism.is_pool {
                    true => mechanism.dynamics.name.clone(),
                    false => mechanism.name.clone(),
                };
                // Once on a section: two densities of one cell are two mechanisms.
                let own: BTreeSet<usize> =
                    library.spread.iter().filter(|((shape, _), _)| *shape == s).map(|(_, at)| *at).collect();
                match library.add(model, key, &name, &mut keys, &own) {
                    Ok(at) => {
                        library.spread.insert((s, m), at);
                    }
                    Err(error) => job.cannot(in_population(error, model, shape.population)),
                }
            }
        }
        let mut used: BTreeMap<usize, usize> = BTreeMap::new();
        for (p, laid) in layout.populations.iter().enumerate().filter(|(_, laid)| laid.shape.is_some()) {
            for placed in laid.cells.iter().flat_map(|cell| &cell.placed) {
                used.entry(placed.kind).or_insert(p);
            }
        }
        for (kind, population) in used {
            let Some(of) = layout.kinds.get(kind).filter(|of| needs(&of.dynamics)) else { continue };
            if !of.draws.is_empty() {
                let message = format!("'{}' draws random numbers inside its equations", of.name);
                job.cannot(in_population(Error::new(ErrorKind::Unsupported, message), model, population));
                continue;
            }
            let key = Key {
                dynamics: (*of.dynamics).clone(),
                role: Role::Point,
                varying: of.varying.clone(),
                partial: false,
                recorded: recorded.points.get(&kind).cloned().unwrap_or_default(),
            };
            match library.add(model, key, &of.name, &mut keys, &BTreeSet::new()) {
                Ok(at) => {
                    library.points.insert(kind, at);
                }
                Err(error) => job.cannot(in_population(error, model, population)),
            }
        }
        Ok(library)
    }

    fn add(
        &mut self,
        model: &Model,
        key: Key,
        name: &str,
        keys: &mut Vec<Key>,
        taken: &BTreeSet<usize>,
    ) -> Result<usize> {
        if let Some(known) = keys.iter().position(|k| *k == key)
            && !taken.contains(&known)
        {
            return Ok(known);
        }
        let wanted = Wanted {
            dynamics: &key.dynamics,
            role: key.role.clone(),
            name: self.names.claim(name),
            varying: key.varying.clone(),
            partial: key.partial,
            recorded: key.recorded.clone(),
            temperature_k: model.temperature_k,
        };
        let made = super::mechanism(&wanted, self.dialect)?;
        keys.push(key);
        self.all.push(made);
        Ok(self.all.len() - 1)
    }

    /// All, in order.
    pub(crate) fn written(&self) -> &[Mechanism] {
        &self.all
    }

    /// What is spread over the membrane of a shape.
    pub(crate) fn spread(&self, shape: usize, index: usize) -> Option<&Mechanism> {
        self.spread.get(&(shape, index)).and_then(|at| self.all.get(*at))
    }

    /// What is at points.
    pub(crate) fn point(&self, kind: usize) -> Option<&Mechanism> {
        self.points.get(&kind).and_then(|at| self.all.get(*at))
    }
}

/// Whether mechanism `m` of shape `s` is on whole sections only.
fn covers_sections(layout: &Layout, s: usize, m: usize) -> bool {
    let shape = &layout.shapes[s];
    let Some(spread) = shape.plan.mechanisms.get(m) else { return true };
    shape.sections.iter().all(|section| {
        let own = spread.cover.get(section.cvs.clone()).unwrap_or_default();
        own.iter().all(|c| *c > 0.0) || own.iter().all(|c| *c <= 0.0)
    })
}

pub(crate) fn in_population(error: Error, model: &Model, population: usize) -> Error {
    match model.populations.get(population) {
        Some(population) => error.in_element(format!("population '{}'", population.name)),
        None => error,
    }
}

/// Which variables are recorded of each mechanism.
struct Recorded {
    spread: BTreeMap<(usize, usize), Vec<String>>,
    points: BTreeMap<usize, Vec<String>>,
}

impl Recorded {
    fn new(layout: &Layout) -> Recorded {
        let mut out = Recorded { spread: BTreeMap::new(), points: BTreeMap::new() };
        let add = |list: &mut Vec<String>, variable: &str| {
            if !list.iter().any(|known| known == variable) {
                list.push(variable.to_string());
                list.sort();
            }
        };
        for laid in &layout.populations {
            for cell in &laid.cells {
                for (_, _, _, what) in &cell.recorded {
                    match (what, laid.shape) {
                        (What::Mechanism(index, variable), Some(shape)) => {
                            add(out.spread.entry((shape, *index)).or_default(), variable);
                        }
                        (What::Placed(slot, _, variable), _) => {
                            if let Some(placed) = cell.placed.get(*slot) {
                                add(out.points.entry(placed.kind).or_default(), variable);
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
        out
    }
}
