//! Recordings: what is asked for becomes requests to the members and columns of tables.

use std::collections::{BTreeMap, HashMap};

use super::catalog::Catalog;
use super::lower::{TOTAL_CURRENT, find_variable, threshold_v};
use super::members::{CableMember, PlacedAt, PointMember, Request, What};
use super::resolve::{Resolution, Resolved, checked, nodes_of};
use super::steps::Steps;
use super::tables::{Column, Table};
use crate::dynamics::Dynamics;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{CableCell, Draws, Model, Placed, PointCell, PopulationCell, Recording, Site, Use};
use crate::select::{Cable, Draw, Location};
use crate::units::Dimension;

/// The current of all synapses and inputs at a compartment, into the cell, A.
const SYNAPTIC_CURRENT: &str = "iSyn";
/// The area of a compartment's membrane, m².
const MEMBRANE_AREA: &str = "surfaceArea";
/// Its capacitance by area, F/m².
const SPECIFIC_CAPACITANCE: &str = "totSpecCap";

/// What a variable is on one cell: several where several instances of a synapse are meant; the text
/// tells them apart.
type Found = Vec<(What, Dimension, String)>;

impl Resolution<'_> {
    /// Makes the tables.
    pub(super) fn add_recordings(&mut self, model: &Model, steps: &Steps, catalog: &Catalog) -> Result<()> {
        let names = Names::new(model);
        let mut known: HashMap<&str, usize> = HashMap::new();
        for (r, recording) in model.recordings.iter().enumerate() {
            let named = |e: Error| e.in_element(format!("recording '{}'", recording.file));
            let dt_s = model.step_s(recording.population);
            let (own, interval) = Table::new(&recording.file, recording.interval_s, dt_s);
            let interval = interval * steps.ticks(recording.population);
            let interval_s = own.interval_s;
            let table = *known.entry(&recording.file).or_insert_with(|| {
                self.intervals.push(interval);
                self.tables.push(own);
                self.tables.len() - 1
            });
            if self.intervals[table] != interval {
                let message = format!(
                    "its columns are sampled every {} ms and every {} ms",
                    self.tables[table].interval_s * 1e3,
                    interval_s * 1e3
                );
                return Err(named(Error::new(ErrorKind::Value, message))
                    .help("record them with one interval, or into two files"));
            }
            let mut columns = std::mem::take(&mut self.tables[table].columns);
            let first = columns.len();
            self.add_recording(model, catalog, &names, r, table, &mut columns).map_err(named)?;
            if let Some(label) = &recording.label {
                let several = columns.len() > first + 1;
                for (k, column) in columns[first..].iter_mut().enumerate() {
                    column.name = if several { format!("{label}[{k}]") } else { label.clone() };
                }
            }
            self.tables[table].columns = columns;
        }
        Ok(())
    }

    fn add_recording(
        &mut self,
        model: &Model,
        catalog: &Catalog,
        names: &Names<'_>,
        number: usize,
        table: usize,
        columns: &mut Vec<Column>,
    ) -> Result<()> {
        let recording = &model.recordings[number];
        let population = &model.populations[recording.population];
        let (of, draws) = (recording.population, &self.draws);
        let on = |synapses| On { synapses, population: of, names, model, draws };
        for i in checked(&recording.cells, population.size, &population.name)? {
            let prefix = format!("{}[{i}]", population.name);
            match (&mut self.populations[recording.population], &population.cell) {
                (Resolved::Cable(members), PopulationCell::Cable(cell)) => {
                    let member = &mut members[i];
                    let draw = self.draws.at((recording.population, i), Use::Recording(number));
                    let points = on(&cell.synapses);
                    let asked = Asked { recording, table, prefix: &prefix, draw };
                    record_cable(columns, member, cell, &points, &asked, catalog)?;
                }
                (Resolved::Point(members), PopulationCell::Point(cell)) => {
                    let member = &mut members[i];
                    let points = on(&cell.synapses);
                    for variable in &recording.variables {
                        for (what, dimension, extra) in
                            point_variable(cell, member, &points, variable, catalog)?
                        {
                            let column = columns.len();
                            member.requests.push(Request { table, column, node: 0, what });
                            columns.push(Column { name: format!("{prefix}.{variable}{extra}"), dimension });
                        }
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
        Ok(())
    }
}

/// Stimuli and attachments by population and name.
struct Names<'a> {
    placed: HashMap<(usize, &'a str), Vec<Use>>,
}

impl<'a> Names<'a> {
    fn new(model: &'a Model) -> Names<'a> {
        let mut placed: HashMap<(usize, &str), Vec<Use>> = HashMap::new();
        for (index, s) in model.stimuli.iter().enumerate() {
            placed.entry((s.population, &s.name)).or_default().push(Use::Stimulus(index));
        }
        for (index, list) in model.attachments.iter().enumerate() {
            placed.entry((list.population, &list.name)).or_default().push(Use::Attachments(index));
        }
        Names { placed }
    }
}

/// What sits at points of the cells of a population.
struct On<'a> {
    synapses: &'a [Placed],
    population: usize,
    names: &'a Names<'a>,
    model: &'a Model,
    draws: &'a Draws,
}

/// A variable of something at points.
struct PointVariable<'a> {
    /// Its equations.
    dynamics: &'a Dynamics,
    /// Index among what is placed on the cell.
    slot: usize,
    /// The only instance that is meant, if one.
    instance: Option<usize>,
    /// What of it.
    rest: &'a str,
}

impl<'a> On<'a> {
    /// What `NAME.x` or `NAME[k].x` means on a cell; none if nothing at points is called so. Names
    /// may have points in them.
    fn find(&self, variable: &'a str, placed: &[PlacedAt]) -> Result<Option<PointVariable<'a>>> {
        for (at, _) in variable.match_indices('.') {
            let (name, rest) = (&variable[..at], &variable[at + 1..]);
            let bracket = name.strip_suffix(']').and_then(|n| n.rsplit_once('['));
            let numbered = bracket.and_then(|(name, k)| Some((name, k.parse::<usize>().ok()?)));
            let whole = std::iter::once((name, None));
            for (name, instance) in whole.chain(numbered.map(|(name, k)| (name, Some(k)))) {
                if let Some(slot) = self.synapses.iter().position(|s| s.name == name) {
                    let dynamics = &*self.synapses[slot].dynamics;
                    return Ok(Some(PointVariable { dynamics, slot, instance, rest }));
                }
                let Some(uses) = self.names.placed.get(&(self.population, name)) else { continue };
                for &one in uses {
                    let Some(slot) = placed.iter().position(|p| p.use_id == self.draws.use_id(one)) else {
                        continue;
                    };
                    let dynamics = match one {
                        Use::Stimulus(index) => &*self.model.stimuli[index].dynamics,
                        Use::Attachments(index) => &*self.model.attachments[index].dynamics,
                        _ => continue,
                    };
                    return Ok(Some(PointVariable { dynamics, slot, instance, rest }));
                }
                let message = format!("there is no '{name}' on this cell of the population");
                return Err(Error::new(ErrorKind::Name, message));
            }
        }
        Ok(None)
    }

    /// The names of what may be there.
    fn names(&self) -> impl Iterator<Item = &'a str> {
        let own = self.population;
        let others = self.names.placed.keys().filter(move |(population, _)| *population == own);
        self.synapses.iter().map(|s| s.name.as_str()).chain(others.map(|(_, name)| *name))
    }
}

impl PointVariable<'_> {
    /// Those of the instances of which `here` is true.
    fn found(&self, placed: &[PlacedAt], here: impl Fn(u32) -> bool) -> Result<Found> {
        let found = find_variable(self.dynamics, self.rest)?;
        let nodes = &placed[self.slot].nodes;
        let one = |i: usize| (What::Placed(self.slot, i, found.variable.clone()), found.dimension);
        if let Some(instance) = self.instance {
            let Some(&node) = nodes.get(instance) else {
                let message = format!("there is no number {instance}: the cell has {} of these", nodes.len());
                return Err(Error::new(ErrorKind::Value, message));
            };
            let (what, dimension) = one(instance);
            return Ok(if here(node) { vec![(what, dimension, String::new())] } else { Vec::new() });
        }
        let those: Vec<usize> = (0..nodes.len()).filter(|&i| here(nodes[i])).collect();
        let extra = |i: usize| if those.len() > 1 { format!("[{i}]") } else { String::new() };
        Ok(those.iter().map(|&i| (one(i).0, found.dimension, extra(i))).collect())
    }
}

fn point_variable(
    cell: &PointCell,
    member: &PointMember,
    points: &On<'_>,
    variable: &str,
    catalog: &Catalog,
) -> Result<Found> {
    if let Some(point) = points.find(variable, &member.placed)? {
        let dynamics = &*catalog.kinds[member.placed[point.slot].kind].0.dynamics;
        return PointVariable { dynamics, ..point }.found(&member.placed, |_| true);
    }
    let found = find_variable(&cell.dynamics, variable)?;
    let potential = variable == "v" && cell.dynamics.exposed("v").is_some();
    let what = if potential { What::V } else { What::Cell(found.variable) };
    Ok(vec![(what, found.dimension, String::new())])
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
    points: &On<'_>,
    asked: &Asked<'_>,
    catalog: &Catalog,
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
            for variable in &recording.variables {
                let Some(point) = points.find(variable, &member.placed)? else {
                    let message = format!("'{variable}' of a cell with a shape is recorded at places");
                    return Err(
                        Error::new(ErrorKind::Value, message).help("say where, such as at = \"soma\"")
                    );
                };
                for (what, dimension, extra) in point.found(&member.placed, |_| true)? {
                    let name = format!("{prefix}.{variable}{extra}");
                    member.requests.push(Request { table: *table, column: columns.len(), node: 0, what });
                    columns.push(Column { name, dimension });
                }
            }
            return Ok(());
        }
    };
    if places.is_empty() {
        return Err(Error::new(ErrorKind::Selection, "no compartment has its middle in the recorded region"));
    }
    for variable in &recording.variables {
        let mut found_any = false;
        for &(location, node) in &places {
            let label = place_label(&cable, location);
            if variable == SYNAPTIC_CURRENT {
                found_any = true;
                for what in currents(member, node, catalog) {
                    member.requests.push(Request { table: *table, column: columns.len(), node, what });
                }
                let name = format!("{prefix}.{label}.{variable}");
                columns.push(Column { name, dimension: Dimension::CURRENT });
                continue;
            }
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

/// The currents into the cell of all that is placed at `node`, after a 0.
fn currents(member: &CableMember<'_>, node: u32, catalog: &Catalog) -> Vec<What> {
    let mut out = vec![What::Fixed(0.0)];
    for (slot, placed) in member.placed.iter().enumerate() {
        let Some(current) = catalog.kinds[placed.kind].0.dynamics.exposed("i") else { continue };
        let here = (0..placed.nodes.len()).filter(|&instance| placed.nodes[instance] == node);
        out.extend(here.map(|instance| What::Placed(slot, instance, current.to_string())));
    }
    out
}

/// What `variable` is at `node`.
fn cable_variable(points: &On<'_>, member: &CableMember<'_>, variable: &str, node: u32) -> Result<Found> {
    if variable == "v" {
        return Ok(vec![(What::V, Dimension::VOLTAGE, String::new())]);
    }
    let plan = member.plan;
    let (area_m2, capacitance_f) = (plan.area_m2[node as usize], member.capacitance_f(node as usize));
    let fixed = |value: f64, dimension| Ok(vec![(What::Fixed(value), dimension, String::new())]);
    match variable {
        MEMBRANE_AREA => return fixed(area_m2, Dimension::AREA),
        // Forks have no membrane.
        SPECIFIC_CAPACITANCE if area_m2 > 0.0 => {
            return fixed(capacitance_f / area_m2, Dimension::SPECIFIC_CAPACITANCE);
        }
        _ => {}
    }
    if variable == TOTAL_CURRENT || threshold_v(variable).is_some() {
        let dimension = if variable == TOTAL_CURRENT { Dimension::CURRENT } else { Dimension::NONE };
        let set = plan.sets.get(plan.node_set[node as usize] as usize);
        let first = set.and_then(|set| set.iter().find(|&&index| !plan.mechanisms[index].mechanism.is_pool));
        let what = |&index: &usize| (What::Mechanism(index, variable.to_string()), dimension, String::new());
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
    let Some((name, rest)) =
        splits.find(|(name, _)| !named(name).is_empty()).or_else(|| variable.split_once('.'))
    else {
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
    if let Some(point) = points.find(variable, &member.placed)? {
        return point.found(&member.placed, |at| at == node);
    }
    let mechanisms = plan.mechanisms.iter().map(|m| m.mechanism.name.as_str());
    let names: BTreeMap<&str, ()> = mechanisms.chain(points.names()).map(|n| (n, ())).collect();
    let names: Vec<&str> = names.into_keys().collect();
    Err(Error::new(
        ErrorKind::Name,
        format!("there is no mechanism '{name}' on the cell; it has {}", names.join(", ")),
    ))
}
