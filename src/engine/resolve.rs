//! From a model to members: selections become nodes, mechanisms become kinds.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::catalog::Catalog;
use super::contacts::ContactPlace;
use super::differing::{Differing, own_parameters};
use super::lower::{PointKind, PointSite, current_alone, given, hosts, own_rate, peers};
use super::members::{CableMember, PlacedAt, PointMember};
use super::own::CableDiffering;
use super::plan::CellPlan;
use super::senders::Senders;
use super::steps::Steps;
use super::tables::Table;
use crate::dynamics::Dynamics;
use crate::dynamics::random::{Moment, with_draws};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    CableCell, CellSet, Draws, Model, Placed, PointStep, Population, PopulationCell, Stimulus, Use,
};
use crate::select::{Cable, Draw, Field, Location};

/// A population ready to be laid out.
#[derive(Debug)]
pub enum Resolved<'a> {
    /// Cable cells.
    Cable(Vec<CableMember<'a>>),
    /// Point cells.
    Point(Vec<PointMember>),
    /// Given spike times.
    Times(Arc<Vec<Vec<f64>>>),
}

/// The cell plans of a model: one for each distinct cable cell.
///
/// # Errors
/// If a cell can't be cut.
pub fn cell_plans(model: &Model) -> Result<Vec<Option<Arc<CellPlan>>>> {
    let mut done: Vec<(*const CableCell, Arc<CellPlan>)> = Vec::new();
    let mut plans = Vec::with_capacity(model.populations.len());
    for population in &model.populations {
        plans.push(match &population.cell {
            PopulationCell::Cable(cell) => {
                let key = Arc::as_ptr(cell);
                let named = |e: Error| in_population(e, &population.name);
                let open = CableDiffering::of(population, cell).map_err(named)?.open();
                match done.iter().find(|(known, _)| *known == key && open.is_empty()) {
                    Some((_, plan)) => Some(plan.clone()),
                    None => {
                        let plan = Arc::new(CellPlan::new(cell, &open).map_err(named)?);
                        if open.is_empty() {
                            done.push((key, plan.clone()));
                        }
                        Some(plan)
                    }
                }
            }
            _ => None,
        });
    }
    Ok(plans)
}

pub(super) fn in_population(error: Error, name: &str) -> Error {
    error.in_element(format!("population '{name}'"))
}

/// Everything that the groups are built from.
#[derive(Debug)]
pub struct Resolution<'a> {
    /// The populations.
    pub populations: Vec<Resolved<'a>>,
    /// Number in the model of the first cell of each population, and of all cells at the end.
    pub first_cell: Vec<u32>,
    /// What random choices are keyed by.
    pub draws: Draws,
    /// The tables of samples.
    pub tables: Vec<Table>,
    /// Their sampling intervals in ticks.
    pub intervals: Vec<u64>,
    /// Where the contacts of each of the model's attachments are.
    pub contacts: Vec<Vec<ContactPlace>>,
    /// Who sends events.
    pub senders: Senders,
}

/// Resolves `model`.
///
/// # Errors
/// Anything wrong with a selection, a name or a value, with the population it is in.
pub fn resolve<'a>(
    model: &Model,
    steps: &Steps,
    plans: &'a [Option<Arc<CellPlan>>],
    catalog: &mut Catalog,
) -> Result<Resolution<'a>> {
    let mut first_cell = vec![0u32];
    for population in &model.populations {
        let next = u32::try_from(population.size)
            .ok()
            .and_then(|n| first_cell[first_cell.len() - 1].checked_add(n))
            .ok_or_else(|| Error::new(ErrorKind::Limit, "a model can have at most 4,294,967,295 cells"))?;
        first_cell.push(next);
    }
    let draws = Draws::of(model);
    let mut populations = Vec::with_capacity(model.populations.len());
    for (p, population) in model.populations.iter().enumerate() {
        let named = |e: Error| in_population(e, &population.name);
        let initial = |i: usize| population.initial_v.get(i).copied();
        if !population.initial_v.is_empty() && population.initial_v.len() != population.size {
            return Err(named(Error::new(
                ErrorKind::Value,
                format!("{} initial potentials for {} cells", population.initial_v.len(), population.size),
            )));
        }
        populations.push(match (&population.cell, &plans[p]) {
            (PopulationCell::Cable(cell), Some(plan)) => {
                let cable = Cable::new(&cell.morphology, &plan.geometry);
                let differing = CableDiffering::of(population, cell).map_err(named)?;
                let mut members = Vec::with_capacity(population.size);
                for i in 0..population.size {
                    let mut placed = Vec::with_capacity(cell.synapses.len());
                    for (s, synapse) in cell.synapses.iter().enumerate() {
                        let draw = draws.at((p, i), Use::Synapse(s));
                        let own = differing.of_synapse(s, i);
                        let mut at =
                            place(synapse, (&cable, plan), (&draw, &own), (model, population), catalog)
                                .map_err(named)?;
                        at.initial = differing.synapse_states(s, i);
                        placed.push(at);
                    }
                    members.push(CableMember {
                        plan,
                        cell: first_cell[p] + i as u32,
                        key: draws.cell(p, i),
                        initial_v: initial(i),
                        own: differing.own(plan, i),
                        placed,
                        detectors: Vec::new(),
                        requests: Vec::new(),
                    });
                }
                Resolved::Cable(members)
            }
            (PopulationCell::Point(cell), _) => {
                let differing = Differing::of(population, cell).map_err(named)?;
                let mut synapses = Vec::with_capacity(cell.synapses.len());
                for (s, synapse) in cell.synapses.iter().enumerate() {
                    let varying = differing.of_synapse(s).map(|(name, _)| name.to_string()).collect();
                    let kind = placed_kind(&synapse.dynamics, (population, None), varying, None, model);
                    synapses.push(PlacedAt {
                        kind: kind.and_then(|kind| catalog.kind(kind)).map_err(named)?,
                        nodes: vec![0],
                        values: Vec::new(),
                        initial: Vec::new(),
                        use_id: Use::Synapse(s).id(),
                        noise_interval: 1,
                        senders: Vec::new(),
                    });
                }
                let member = |i: usize| PointMember {
                    cell: first_cell[p] + i as u32,
                    key: draws.cell(p, i),
                    // Compiled when all that sits on the cells is known.
                    kind: 0,
                    initial_v: initial(i),
                    values: differing.own.iter().map(|(_, values)| values[i]).collect(),
                    initial: differing.initial.iter().map(|(state, values)| (*state, values[i])).collect(),
                    placed: differing.placed(&synapses, i),
                    ports: Vec::new(),
                    requests: Vec::new(),
                };
                Resolved::Point((0..population.size).map(member).collect())
            }
            (PopulationCell::SpikeTimes(times), _) => Resolved::Times(times.clone()),
            (PopulationCell::Cable(_), None) => Resolved::Point(Vec::new()),
        });
    }
    let (tables, intervals, contacts, senders) = Default::default();
    let mut resolution = Resolution { populations, first_cell, draws, tables, intervals, contacts, senders };
    resolution.add_stimuli(model, catalog)?;
    resolution.add_attachments(model, catalog)?;
    resolution.compile_point_cells(model, catalog)?;
    resolution.add_senders(model)?;
    resolution.add_recordings(model, steps, catalog)?;
    Ok(resolution)
}

/// Instances of `dynamics` on cells of `population`, in their attachments `list` if that is said; for contacts, what they show to coupled ones.
///
/// # Errors
/// If these cells take nothing of it.
pub(super) fn placed_kind(
    dynamics: &Arc<Dynamics>,
    (population, list): (&Population, Option<&str>),
    varying: Vec<String>,
    coupled: Option<&[String]>,
    model: &Model,
) -> Result<PointKind> {
    if let (Some(name), None) = (peers(dynamics).next(), coupled) {
        let message = format!("'{}' reads 'peer/{name}': it works between two contacts only", dynamics.name);
        return Err(
            Error::new(ErrorKind::Unsupported, message).in_element(format!("<{}>", dynamics.component_type))
        );
    }
    let shows = coupled.unwrap_or_default().to_vec();
    let (gives, hosts, cell_rate) = match &population.cell {
        PopulationCell::Point(cell) => {
            let differing: Vec<&str> = own_parameters(population).map(|(name, _)| name.as_str()).collect();
            // Only what moves by itself asks for it.
            let asks = !dynamics.derivatives.is_empty() && model.run.point_step != PointStep::Fourth;
            let rate = asks.then(|| own_rate(&cell.dynamics, &differing));
            (given(&cell.dynamics, dynamics, list)?, hosts(&cell.dynamics, dynamics), rate.flatten())
        }
        _ => (current_alone(), Vec::new(), None),
    };
    let (dynamics, draws) = drawing(dynamics);
    Ok(PointKind {
        name: dynamics.name.clone(),
        dynamics,
        draws,
        varying,
        temperature_k: model.temperature_k,
        step_s: population.dt_s.unwrap_or(model.run.dt_s),
        site: PointSite::Placed,
        gives,
        shows,
        hosts,
        sends: false,
        on_point_cell: matches!(population.cell, PopulationCell::Point(_)),
        cell_rate,
        is_loaded: false,
        point_step: model.run.point_step,
    })
}

/// What cells show to what is on `members`: for each exposure its variable, or nothing if nobody reads it.
fn shown(cell: &Dynamics, members: &[PointMember], catalog: &Catalog) -> Vec<String> {
    let kinds: BTreeSet<usize> = members.iter().flat_map(|m| &m.placed).map(|at| at.kind).collect();
    let read: BTreeSet<u16> =
        kinds.iter().flat_map(|kind| &catalog.kinds[*kind].0.hosts).map(|(_, number)| *number).collect();
    let Some(last) = read.last() else { return Vec::new() };
    let mut shown = vec![String::new(); usize::from(*last) + 1];
    for number in read {
        shown[usize::from(number)].clone_from(&cell.exposures[usize::from(number)].1);
    }
    shown
}

/// The dynamics with inputs for the numbers that they draw.
pub(super) fn drawing(dynamics: &Arc<Dynamics>) -> (Arc<Dynamics>, Vec<Moment>) {
    match with_draws(dynamics) {
        (Cow::Borrowed(_), draws) => (dynamics.clone(), draws),
        (Cow::Owned(drawing), draws) => (Arc::new(drawing), draws),
    }
}

/// Steps of `dt_s` for which a number of noise is held.
pub(super) fn noise_steps(dynamics: &Dynamics, dt_s: f64) -> u64 {
    match dynamics.parameter("noiseInterval") {
        Some(interval) => ((interval.value / dt_s).round() as u64).max(1),
        None => 1,
    }
}

/// The nodes of `locations`.
pub(super) fn nodes_of(plan: &CellPlan, locations: &[Location]) -> Vec<u32> {
    locations.iter().map(|l| plan.discretisation.node_at(l.section, l.fraction)).collect()
}

fn place(
    synapse: &Placed,
    (cable, plan): (&Cable<'_>, &CellPlan),
    (draw, own): (&Draw, &[(&str, f64)]),
    (model, population): (&Model, &Population),
    catalog: &mut Catalog,
) -> Result<PlacedAt> {
    let named = |e: Error| e.in_element(format!("'{}'", synapse.name));
    let locations = synapse.points.evaluate(cable, draw).map_err(named)?;
    let (mut dynamics, mut varying, mut values) = (synapse.dynamics.clone(), Vec::new(), Vec::new());
    for (name, field) in &synapse.parameters {
        if dynamics.parameter(name).is_none() {
            let message = format!("'{}' has no parameter '{name}'", synapse.name);
            return Err(named(Error::new(ErrorKind::Name, message)));
        }
        if own.iter().any(|(known, _)| known == name) {
            continue;
        }
        let column = at_locations(field, cable, &locations, name).map_err(named)?;
        if field.as_constant().is_some() {
            let inner = Arc::make_mut(&mut dynamics);
            if let (Some(parameter), Some(&value)) =
                (inner.parameters.iter_mut().find(|p| p.name == *name), column.first())
            {
                parameter.value = value;
            }
        } else {
            varying.push(name.clone());
            values.push(column);
        }
    }
    for (name, value) in own {
        varying.push((*name).to_string());
        values.push(vec![*value; locations.len()]);
    }
    let kind = placed_kind(&dynamics, (population, None), varying, None, model);
    Ok(PlacedAt {
        kind: kind.and_then(|kind| catalog.kind(kind)).map_err(named)?,
        nodes: nodes_of(plan, &locations),
        values,
        initial: Vec::new(),
        use_id: draw.use_id,
        noise_interval: 1,
        senders: Vec::new(),
    })
}

fn at_locations(field: &Field, cable: &Cable<'_>, locations: &[Location], name: &str) -> Result<Vec<f64>> {
    let on_cell = field.on(cable)?;
    let mut values = Vec::with_capacity(locations.len());
    for &location in locations {
        values.push(on_cell.at(location)?.ok_or_else(|| {
            let section = &cable.morphology.section(location.section).name;
            let message = format!("'{name}' has no value at {section}({:.3})", location.fraction);
            Error::new(ErrorKind::Value, message)
        })?);
    }
    Ok(values)
}

/// The indices of `cells`, checked.
pub(super) fn checked(cells: &CellSet, size: usize, name: &str) -> Result<Vec<usize>> {
    let indices = cells.indices(size);
    match indices.iter().find(|&&i| i >= size) {
        Some(bad) => Err(in_population(
            Error::new(ErrorKind::Value, format!("there is no cell {bad}: the population has {size}")),
            name,
        )),
        None => Ok(indices),
    }
}

/// That each parameter of a stimulus that differs is there and has a number for each of `n` cells.
fn check_parameters(stimulus: &Stimulus, n: usize) -> Result<()> {
    for (name, values) in &stimulus.parameters {
        let wrong = |kind, message: String| Err(Error::new(kind, message));
        if stimulus.dynamics.parameter(name).is_none() {
            return wrong(ErrorKind::Name, format!("there is no parameter '{name}'"));
        }
        if name == "noiseInterval" {
            return wrong(
                ErrorKind::Unsupported,
                "the interval of noise is the same on all cells".to_string(),
            );
        }
        if values.len() != n {
            return wrong(ErrorKind::Value, format!("{} values of {name} for {n} cells", values.len()));
        }
    }
    Ok(())
}

impl Resolution<'_> {
    fn add_stimuli(&mut self, model: &Model, catalog: &mut Catalog) -> Result<()> {
        for (s, stimulus) in model.stimuli.iter().enumerate() {
            let population = &model.populations[stimulus.population];
            let named = |e: Error| e.in_element(format!("stimulus '{}'", stimulus.name));
            let noise_interval = noise_steps(&stimulus.dynamics, model.step_s(stimulus.population));
            let cells = checked(&stimulus.cells, population.size, &population.name)?;
            check_parameters(stimulus, cells.len()).map_err(named)?;
            let varying = stimulus.parameters.iter().map(|(name, _)| name.clone()).collect();
            let kind = placed_kind(&stimulus.dynamics, (population, None), varying, None, model);
            let kind = kind.and_then(|kind| catalog.kind(kind)).map_err(named)?;
            for (at, i) in cells.into_iter().enumerate() {
                let draw = self.draws.at((stimulus.population, i), Use::Stimulus(s));
                let at = |nodes: Vec<u32>| {
                    let values = stimulus.parameters.iter().map(|(_, values)| vec![values[at]; nodes.len()]);
                    let (values, use_id) = (values.collect(), draw.use_id);
                    let (initial, senders) = Default::default();
                    PlacedAt { kind, nodes, values, initial, use_id, noise_interval, senders }
                };
                match &mut self.populations[stimulus.population] {
                    Resolved::Cable(members) => {
                        let PopulationCell::Cable(cell) = &population.cell else { continue };
                        let member = &mut members[i];
                        let cable = Cable::new(&cell.morphology, &member.plan.geometry);
                        let points = stimulus.points.as_ref().ok_or_else(|| {
                            named(Error::new(
                                ErrorKind::Value,
                                "a stimulus of a cell with a shape needs a place",
                            ))
                        })?;
                        let locations = points.evaluate(&cable, &draw).map_err(named)?;
                        let nodes = nodes_of(member.plan, &locations);
                        member.placed.push(at(nodes));
                    }
                    Resolved::Point(members) => members[i].placed.push(at(vec![0])),
                    Resolved::Times(_) => {
                        return Err(named(Error::new(
                            ErrorKind::Value,
                            format!(
                                "population '{}' is a list of spike times: nothing can be injected",
                                population.name
                            ),
                        )));
                    }
                }
            }
        }
        Ok(())
    }

    fn compile_point_cells(&mut self, model: &Model, catalog: &mut Catalog) -> Result<()> {
        for (population, resolved) in model.populations.iter().zip(&mut self.populations) {
            let (PopulationCell::Point(cell), Resolved::Point(members)) = (&population.cell, resolved) else {
                continue;
            };
            let mut placed = members.iter().flat_map(|member| &member.placed);
            let shows = shown(&cell.dynamics, members, catalog);
            let is_loaded = placed.any(|at| catalog.kinds[at.kind].1.has_conductance);
            let (dynamics, draws) = drawing(&cell.dynamics);
            let kind = catalog.kind(PointKind {
                name: dynamics.name.clone(),
                dynamics,
                draws,
                varying: own_parameters(population).map(|(name, _)| name.clone()).collect(),
                temperature_k: model.temperature_k,
                step_s: population.dt_s.unwrap_or(model.run.dt_s),
                site: PointSite::Cell,
                gives: Vec::new(),
                shows,
                hosts: Vec::new(),
                sends: false,
                on_point_cell: false,
                cell_rate: None,
                is_loaded,
                point_step: model.run.point_step,
            });
            let kind = kind.map_err(|e| in_population(e, &population.name))?;
            members.iter_mut().for_each(|member| member.kind = kind);
        }
        Ok(())
    }
}
