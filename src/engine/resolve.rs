//! From a model to members: selections become nodes, mechanisms become kinds.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::catalog::Catalog;
use super::lower::{PointKind, PointSite, TOTAL_CURRENT, find_variable};
use super::members::{CableMember, PlacedAt, PointMember, Request, What};
use super::plan::CellPlan;
use super::tables::{Column, Table};
use crate::dynamics::Dynamics;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{CableCell, CellSet, Model, Placed, PopulationCell, Recording, Site, Use, draw};
use crate::select::{Cable, Draw, Field, Location};
use crate::units::Dimension;

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
                match done.iter().find(|(known, _)| *known == key) {
                    Some((_, plan)) => Some(plan.clone()),
                    None => {
                        let plan = CellPlan::new(cell).map_err(|e| in_population(e, &population.name))?;
                        let plan = Arc::new(plan);
                        done.push((key, plan.clone()));
                        Some(plan)
                    }
                }
            }
            _ => None,
        });
    }
    Ok(plans)
}

fn in_population(error: Error, name: &str) -> Error {
    error.in_element(format!("population '{name}'"))
}

/// Everything that the groups are built from.
#[derive(Debug)]
pub struct Resolution<'a> {
    /// The populations.
    pub populations: Vec<Resolved<'a>>,
    /// Number in the model of the first cell of each population, and of all cells at the end.
    pub first_cell: Vec<u32>,
    /// The tables of samples.
    pub tables: Vec<Table>,
    /// Their sampling intervals in steps.
    pub intervals: Vec<u64>,
}

/// Resolves `model`.
///
/// # Errors
/// Anything wrong with a selection, a name or a value, with the population it is in.
pub fn resolve<'a>(
    model: &Model,
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
                let mut members = Vec::with_capacity(population.size);
                for i in 0..population.size {
                    let number = first_cell[p] + i as u32;
                    let mut placed = Vec::with_capacity(cell.synapses.len());
                    for (s, synapse) in cell.synapses.iter().enumerate() {
                        let draw = draw(model.seed, u64::from(number), Use::Synapse(s));
                        let at = place(synapse, &cable, plan, &draw, model, catalog).map_err(named)?;
                        placed.push(at);
                    }
                    members.push(CableMember {
                        plan,
                        cell: number,
                        initial_v: initial(i),
                        placed,
                        detectors: Vec::new(),
                        requests: Vec::new(),
                    });
                }
                Resolved::Cable(members)
            }
            (PopulationCell::Point(cell), _) => {
                let mut synapses = Vec::with_capacity(cell.synapses.len());
                for (s, synapse) in cell.synapses.iter().enumerate() {
                    let kind = self::kind(&synapse.dynamics, Vec::new(), model, catalog);
                    synapses.push(PlacedAt {
                        kind: kind.map_err(named)?,
                        nodes: vec![0],
                        values: Vec::new(),
                        use_id: Use::Synapse(s).id(),
                        noise_interval: 1,
                    });
                }
                let member = |i: usize| PointMember {
                    cell: first_cell[p] + i as u32,
                    // Compiled when all that sits on the cells is known.
                    kind: 0,
                    initial_v: initial(i),
                    placed: synapses.clone(),
                    requests: Vec::new(),
                };
                Resolved::Point((0..population.size).map(member).collect())
            }
            (PopulationCell::SpikeTimes(times), _) => Resolved::Times(times.clone()),
            (PopulationCell::Cable(_), None) => Resolved::Point(Vec::new()),
        });
    }
    let mut resolution = Resolution { populations, first_cell, tables: Vec::new(), intervals: Vec::new() };
    resolution.add_stimuli(model, catalog)?;
    resolution.compile_point_cells(model, catalog)?;
    resolution.add_detectors(model)?;
    resolution.add_recordings(model, catalog)?;
    Ok(resolution)
}

fn kind(
    dynamics: &Arc<Dynamics>,
    varying: Vec<String>,
    model: &Model,
    catalog: &mut Catalog,
) -> Result<usize> {
    catalog.kind(PointKind {
        name: dynamics.name.clone(),
        dynamics: dynamics.clone(),
        varying,
        temperature_k: model.temperature_k,
        site: PointSite::Placed,
        is_loaded: false,
    })
}

/// The nodes of `locations`.
fn nodes_of(plan: &CellPlan, locations: &[Location]) -> Vec<u32> {
    locations.iter().map(|l| plan.discretisation.node_at(l.section, l.fraction)).collect()
}

fn place(
    synapse: &Placed,
    cable: &Cable<'_>,
    plan: &CellPlan,
    draw: &Draw,
    model: &Model,
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
    Ok(PlacedAt {
        kind: kind(&dynamics, varying, model, catalog).map_err(named)?,
        nodes: nodes_of(plan, &locations),
        values,
        use_id: draw.use_id,
        noise_interval: 1,
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
fn checked(cells: &CellSet, size: usize, name: &str) -> Result<Vec<usize>> {
    let indices = cells.indices(size);
    match indices.iter().find(|&&i| i >= size) {
        Some(bad) => Err(in_population(
            Error::new(ErrorKind::Value, format!("there is no cell {bad}: the population has {size}")),
            name,
        )),
        None => Ok(indices),
    }
}

impl Resolution<'_> {
    fn add_stimuli(&mut self, model: &Model, catalog: &mut Catalog) -> Result<()> {
        for (s, stimulus) in model.stimuli.iter().enumerate() {
            let population = &model.populations[stimulus.population];
            let named = |e: Error| e.in_element(format!("stimulus '{}'", stimulus.name));
            let noise_interval = match stimulus.dynamics.parameter("noiseInterval") {
                Some(interval) => ((interval.value / model.run.dt_s).round() as u64).max(1),
                None => 1,
            };
            let kind = kind(&stimulus.dynamics, Vec::new(), model, catalog).map_err(named)?;
            for i in checked(&stimulus.cells, population.size, &population.name)? {
                let draw = draw(
                    model.seed,
                    u64::from(self.first_cell[stimulus.population] + i as u32),
                    Use::Stimulus(s),
                );
                let at =
                    |nodes| PlacedAt { kind, nodes, values: Vec::new(), use_id: draw.use_id, noise_interval };
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
            let is_loaded = placed.any(|at| catalog.kinds[at.kind].1.has_conductance);
            let kind = catalog.kind(PointKind {
                name: cell.dynamics.name.clone(),
                dynamics: cell.dynamics.clone(),
                varying: Vec::new(),
                temperature_k: model.temperature_k,
                site: PointSite::Cell,
                is_loaded,
            });
            let kind = kind.map_err(|e| in_population(e, &population.name))?;
            members.iter_mut().for_each(|member| member.kind = kind);
        }
        Ok(())
    }

    fn add_detectors(&mut self, model: &Model) -> Result<()> {
        for (d, detector) in model.spike_detectors.iter().enumerate() {
            let population = &model.populations[detector.population];
            let (Resolved::Cable(members), PopulationCell::Cable(cell), Some(points)) =
                (&mut self.populations[detector.population], &population.cell, &detector.points)
            else {
                continue;
            };
            for member in members {
                let cable = Cable::new(&cell.morphology, &member.plan.geometry);
                let draw = draw(model.seed, u64::from(member.cell), Use::SpikeDetector(d));
                let locations =
                    points.evaluate(&cable, &draw).map_err(|e| in_population(e, &population.name))?;
                if let Some(&node) = nodes_of(member.plan, &locations).first() {
                    member.detectors.push((node, detector.threshold_v));
                }
            }
        }
        Ok(())
    }

    fn add_recordings(&mut self, model: &Model, catalog: &Catalog) -> Result<()> {
        for (r, recording) in model.recordings.iter().enumerate() {
            let steps = (recording.interval_s / model.run.dt_s).round().max(1.0);
            self.intervals.push(steps as u64);
            let columns = self
                .add_recording(model, catalog, r, recording)
                .map_err(|e| e.in_element(format!("recording '{}'", recording.file)))?;
            let interval_s = steps * model.run.dt_s;
            self.tables.push(Table { file: recording.file.clone(), interval_s, columns });
        }
        Ok(())
    }

    fn add_recording(
        &mut self,
        model: &Model,
        catalog: &Catalog,
        table: usize,
        recording: &Recording,
    ) -> Result<Vec<Column>> {
        let population = &model.populations[recording.population];
        let mut columns = Vec::new();
        for i in checked(&recording.cells, population.size, &population.name)? {
            let prefix = format!("{}[{i}]", population.name);
            match (&mut self.populations[recording.population], &population.cell) {
                (Resolved::Cable(members), PopulationCell::Cable(cell)) => {
                    let member = &mut members[i];
                    let draw = draw(model.seed, u64::from(member.cell), Use::Recording(table));
                    let points = points_on(&cell.synapses, model, recording.population, &member.placed);
                    let asked = Asked { recording, table, prefix: &prefix, draw };
                    record_cable(&mut columns, member, cell, &points, &asked)?;
                }
                (Resolved::Point(members), PopulationCell::Point(cell)) => {
                    let member = &mut members[i];
                    let points = points_on(&cell.synapses, model, recording.population, &member.placed);
                    for variable in &recording.variables {
                        let (what, dimension) = point_variable(cell, member, &points, variable, catalog)?;
                        let column = columns.len();
                        member.requests.push(Request { table, column, node: 0, what });
                        columns.push(Column { name: format!("{prefix}.{variable}"), dimension });
                    }
                }
                _ => {
                    return Err(Error::new(
                        ErrorKind::Value,
                        format!(
                            "population '{}' is a list of spike times: it has no signals",
                            population.name
                        ),
                    ));
                }
            }
        }
        Ok(columns)
    }
}

/// Something at points that can be recorded: its name, its equations, its index among what is placed
/// on the cell.
type PointMechanism<'a> = (&'a str, &'a Dynamics, usize);

/// The synapses of a cell and the stimuli that act on it.
fn points_on<'a>(
    synapses: &'a [Placed],
    model: &'a Model,
    population: usize,
    placed: &[PlacedAt],
) -> Vec<PointMechanism<'a>> {
    let synapses = synapses.iter().enumerate().map(|(slot, s)| (s.name.as_str(), &*s.dynamics, slot));
    let stimuli = model.stimuli.iter().enumerate().filter(|(_, s)| s.population == population);
    let stimuli = stimuli.filter_map(|(index, s)| {
        let slot = placed.iter().position(|p| p.use_id == Use::Stimulus(index).id())?;
        Some((s.name.as_str(), &*s.dynamics, slot))
    });
    synapses.chain(stimuli).collect()
}

fn point_variable(
    cell: &crate::model::PointCell,
    member: &PointMember,
    points: &[PointMechanism<'_>],
    variable: &str,
    catalog: &Catalog,
) -> Result<(What, Dimension)> {
    if variable == "v" && cell.dynamics.exposed("v").is_some() {
        return Ok((What::V, Dimension::VOLTAGE));
    }
    if let Some((name, rest)) = variable.split_once('.')
        && let Some((_, _, slot)) = points.iter().find(|(known, ..)| *known == name)
    {
        let found = find_variable(&catalog.kinds[member.placed[*slot].kind].0.dynamics, rest)?;
        return Ok((What::Placed(*slot, 0, found.variable), found.dimension));
    }
    let found = find_variable(&cell.dynamics, variable)?;
    Ok((What::Cell(found.variable), found.dimension))
}

/// A recording on one cell.
struct Asked<'a> {
    recording: &'a Recording,
    table: usize,
    /// What columns of this cell begin with.
    prefix: &'a str,
    draw: Draw,
}

fn record_cable(
    columns: &mut Vec<Column>,
    member: &mut CableMember<'_>,
    cell: &CableCell,
    points: &[PointMechanism<'_>],
    asked: &Asked<'_>,
) -> Result<()> {
    let Asked { recording, table, prefix, draw } = asked;
    let cable = Cable::new(&cell.morphology, &member.plan.geometry);
    let discretisation = &member.plan.discretisation;
    let places: Vec<(Location, u32)> = match &recording.site {
        Site::Points(points) => {
            let locations = points.evaluate(&cable, draw)?;
            let nodes = nodes_of(member.plan, &locations);
            locations.into_iter().zip(nodes).collect()
        }
        Site::Region(region) => {
            let cover = region.evaluate(&cable)?;
            let middle = |cv: &crate::cable::Cv| Location { section: cv.section, fraction: cv.centre() };
            let inside = discretisation.cvs.iter().filter(|cv| cover.contains(middle(cv)));
            inside.map(|cv| (middle(cv), cv.node)).collect()
        }
        Site::Cell => {
            return Err(Error::new(ErrorKind::Value, "a cell with a shape is recorded at places")
                .help("say where, such as at = \"soma\""));
        }
    };
    if places.is_empty() {
        return Err(Error::new(ErrorKind::Selection, "no compartment has its middle in the recorded region"));
    }
    for variable in &recording.variables {
        let mut found_any = false;
        for &(location, node) in &places {
            let label = place_label(&cable, location);
            for (what, dimension, extra) in cable_variable(points, member, variable, node)? {
                found_any = true;
                let name = format!("{prefix}.{label}.{variable}{extra}");
                member.requests.push(Request { table: *table, column: columns.len(), node, what });
                columns.push(Column { name, dimension });
            }
        }
        // A region may reach beyond a mechanism; a recording of nothing at all is a mistake.
        if !found_any {
            let (name, _) = variable.split_once('.').unwrap_or((variable, ""));
            return Err(Error::new(
                ErrorKind::Selection,
                format!("'{name}' is at none of the {} recorded places", places.len()),
            ));
        }
    }
    Ok(())
}

/// The section, and the fraction unless it is the middle.
fn place_label(cable: &Cable<'_>, location: Location) -> String {
    let name = &cable.morphology.section(location.section).name;
    if location.fraction == 0.5 {
        name.clone()
    } else {
        let fraction = format!("{:.4}", location.fraction);
        let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
        format!("{name}({fraction})")
    }
}

/// What `variable` is at `node`: several where several instances of a synapse sit there.
fn cable_variable(
    points: &[PointMechanism<'_>],
    member: &CableMember<'_>,
    variable: &str,
    node: u32,
) -> Result<Vec<(What, Dimension, String)>> {
    if variable == "v" {
        return Ok(vec![(What::V, Dimension::VOLTAGE, String::new())]);
    }
    let plan = member.plan;
    if variable == TOTAL_CURRENT {
        let set = plan.sets.get(plan.node_set[node as usize] as usize);
        let first = set.and_then(|set| set.iter().find(|&&index| !plan.mechanisms[index].mechanism.is_pool));
        let what = |&index: &usize| {
            (What::Mechanism(index, variable.to_string()), Dimension::CURRENT, String::new())
        };
        return Ok(first.map(what).into_iter().collect());
    }
    // The pools of one ion may differ from place to place: the one that is here counts.
    let named = |name: &str| -> Vec<usize> {
        let meant = |m: &super::plan::Spread| {
            let ion = m.mechanism.is_pool && m.mechanism.ion.as_deref() == Some(name);
            ion || m.mechanism.name == name
        };
        (0..plan.mechanisms.len()).filter(|&index| meant(&plan.mechanisms[index])).collect()
    };
    // A name may itself have dots.
    let mut splits = variable.match_indices('.').map(|(at, _)| (&variable[..at], &variable[at + 1..]));
    let known = |name: &str| !named(name).is_empty() || points.iter().any(|(known, ..)| *known == name);
    let split = splits.find(|(name, _)| known(name)).or_else(|| variable.split_once('.'));
    let Some((name, rest)) = split else {
        return Err(Error::new(ErrorKind::Name, format!("'{variable}' can't be recorded"))
            .help("give 'v' or a path such as 'na.m' or 'AMPA.g'"));
    };
    let candidates = named(name);
    if !candidates.is_empty() {
        let set = plan.sets.get(plan.node_set[node as usize] as usize);
        let mut failed = None;
        let mut elsewhere = false;
        for index in candidates {
            match find_variable(&plan.mechanisms[index].mechanism.dynamics, rest) {
                Ok(found) if set.is_some_and(|set| set.contains(&index)) => {
                    return Ok(vec![(
                        What::Mechanism(index, found.variable),
                        found.dimension,
                        String::new(),
                    )]);
                }
                Ok(_) => elsewhere = true,
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        return match failed {
            Some(error) if !elsewhere => Err(error),
            _ => Ok(Vec::new()),
        };
    }
    if let Some(&(_, dynamics, slot)) = points.iter().find(|(known, ..)| *known == name) {
        let found = find_variable(dynamics, rest)?;
        let instances = member.placed[slot].nodes.iter().enumerate().filter(|(_, n)| **n == node);
        let here: Vec<usize> = instances.map(|(i, _)| i).collect();
        let extra = |i: usize| if here.len() > 1 { format!("[{i}]") } else { String::new() };
        return Ok(here
            .iter()
            .map(|&i| (What::Placed(slot, i, found.variable.clone()), found.dimension, extra(i)))
            .collect());
    }
    let names: BTreeMap<&str, ()> = plan
        .mechanisms
        .iter()
        .map(|m| m.mechanism.name.as_str())
        .chain(points.iter().map(|(name, ..)| *name))
        .map(|n| (n, ()))
        .collect();
    let names: Vec<&str> = names.into_keys().collect();
    Err(Error::new(
        ErrorKind::Name,
        format!("there is no mechanism '{name}' on the cell; it has {}", names.join(", ")),
    ))
}
