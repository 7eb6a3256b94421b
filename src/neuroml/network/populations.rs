//! Populations: how many cells, of what kind, where in space.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Reader;
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::lems::Component;
use crate::machine;
use crate::model::{PointCell, PopulationCell, name_key};
use crate::neuroml::{Named, Shaped, is_cable};
use crate::rng::{Purpose, Stream};

/// What the cells of a population are.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    pub(super) cell: PopulationCell,
    pub(super) shaped: Option<Arc<Shaped>>,
    /// About what one takes, bytes.
    bytes: f64,
}

/// The cells of a population.
#[derive(Debug)]
pub(super) struct Members<'a> {
    pub(super) name: &'a str,
    pub(super) component: &'a Component,
    pub(super) size: usize,
    /// As in [`Named::ids`].
    pub(super) ids: Vec<u64>,
    /// As in [`Named::positions_um`].
    pub(super) positions_um: Vec<[f64; 3]>,
}

/// A box in space, µm.
#[derive(Debug, Clone, Copy)]
struct Extent {
    start: [f64; 3],
    length: [f64; 3],
}

impl<'a> Reader<'a, '_> {
    pub(super) fn population(&mut self, population: &'a Component) -> Result<()> {
        let Some(name) = population.id.as_deref() else {
            return Err(population.error(ErrorKind::Syntax, "attribute 'id' is missing"));
        };
        if self.by_id.contains_key(name) {
            let message = format!("the id '{name}' is used before, by another population");
            return Err(population.error(ErrorKind::Name, message));
        }
        let id = population.reference("component").unwrap_or_default();
        let Some(component) = self.set.component(id) else {
            let error = population
                .error(ErrorKind::Name, format!("component=\"{id}\": there is no component '{id}'"));
            let known = self.set.components().filter_map(|c| c.id.as_deref());
            return Err(match nearest(id, known) {
                Some(near) => error.help(format!("did you mean '{near}'?")),
                None => error,
            });
        };
        let listed: Vec<&Component> =
            population.children.iter().filter(|c| self.set.is_a(&c.component_type, "instance")).collect();
        let layout = population.children.iter().find(|c| c.slot == "layout");
        let cell = if self.is_recorded(name, component) {
            self.with_quantities(component)
        } else {
            self.members(component)
        };
        let cell = cell.map_err(|error| population.locate(error))?;
        let written = self.written_size(population)?;
        let (size, ids, positions_um) = if !listed.is_empty() {
            if let Some(written) = written.filter(|written| *written != listed.len() as u64) {
                let message =
                    format!("size=\"{written}\", but it lists {} instances, which count", listed.len());
                self.warn("population-size", message, population);
            }
            self.check_memory(population, listed.len() as u64, &cell)?;
            let (ids, positions) = instances(&listed)?;
            (listed.len(), ids, positions)
        } else if let Some(layout) = layout {
            let positions = self.laid_out(population, layout, written, &cell)?;
            let size = positions.0;
            (size, Vec::new(), positions.1)
        } else {
            let Some(size) = written else {
                let error = population.error(ErrorKind::Value, "its size is missing");
                return Err(error.help("write size=\"10\", list instances, or give a layout"));
            };
            self.check_memory(population, size, &cell)?;
            (size as usize, Vec::new(), Vec::new())
        };
        if size == 0 {
            self.warn("empty-population", "it has no cells".to_string(), population);
        }
        let at = self.out.model.populations.len();
        self.add_population(Members { name, component, size, ids, positions_um }, cell)?;
        self.by_id.insert(name, at);
        Ok(())
    }

    pub(super) fn add_population(&mut self, members: Members<'a>, cell: Cell) -> Result<()> {
        let Members { name, component, size, ids, positions_um } = members;
        let cells = match cell.cell {
            // Each cell has its list.
            PopulationCell::SpikeTimes(times) => {
                let times = times.first().cloned().unwrap_or_default();
                PopulationCell::SpikeTimes(Arc::new(vec![times; size]))
            }
            other => other,
        };
        let population = self.out.model.add_population(name, size, cells);
        self.out.populations.push(Named {
            path: name.to_string(),
            component: component.id.clone().unwrap_or_else(|| component.component_type.clone()),
            shaped: cell.shaped,
            ids,
            positions_um,
        });
        self.detect(population);
        Ok(())
    }

    /// The size that an attribute gives.
    fn written_size(&self, population: &Component) -> Result<Option<u64>> {
        let wrong = |found: String| {
            let error =
                population.error(ErrorKind::Value, format!("size=\"{found}\" is not a number of cells"));
            error.help("a size is a whole number, 0 or more")
        };
        if let Some(size) = population.parameter("size") {
            if size < 0.0 || size.fract() != 0.0 || size > 1e18 {
                return Err(wrong(size.to_string()));
            }
            return Ok(Some(size as u64));
        }
        match population.text("size").map(str::trim) {
            None | Some("") => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| wrong(text.to_string())),
        }
    }

    fn check_memory(&self, population: &Component, size: u64, cell: &Cell) -> Result<()> {
        let before = self.out.model.populations.iter().zip(&self.out.populations);
        let before: f64 = before
            .map(|(p, named)| {
                p.size as f64 * self.cells.get(named.component.as_str()).map_or(0.0, |c| c.bytes)
            })
            .sum();
        let bytes = before + size as f64 * cell.bytes;
        machine::has_room(bytes, || format!("{size} cells, with those before them,"))
            .map_err(|error| population.locate(error))?;
        match u32::try_from(size) {
            Ok(_) => Ok(()),
            Err(_) => Err(population.error(ErrorKind::Limit, format!("{size} cells cannot be numbered"))),
        }
    }

    /// What cells of `component` are.
    pub(super) fn members(&mut self, component: &'a Component) -> Result<Cell> {
        let id = component.id.as_deref().unwrap_or_default();
        if let Some(known) = self.cells.get(id) {
            return Ok(known.clone());
        }
        let of = self.set.component_type(&component.component_type);
        let cell = if of.is_some_and(|of| is_cable(self.set, of)) {
            let shaped = (self.shaped)(component)?;
            self.out.assumptions.extend(shaped.assumptions.iter().cloned());
            self.out.warnings.extend(shaped.warnings.iter().cloned());
            self.note_temperature_of_cell(&shaped.cell);
            // A section has some four compartments of 250 bytes each.
            let bytes = 1024.0 * (1.0 + shaped.cell.morphology.sections.len() as f64);
            Cell { cell: PopulationCell::Cable(Arc::clone(&shaped.cell)), shaped: Some(shaped), bytes }
        } else if component.component_type == "spikeArray" {
            let times = self.spike_times(component);
            let bytes = 64.0 + 8.0 * times.len() as f64;
            Cell { cell: PopulationCell::SpikeTimes(Arc::new(vec![times])), shaped: None, bytes }
        } else {
            self.with_quantities(component)?
        };
        self.cells.insert(id, cell.clone());
        Ok(cell)
    }

    /// A cell with the equations of `component`.
    fn with_quantities(&mut self, component: &Component) -> Result<Cell> {
        let dynamics = self.set.flatten_open(component)?;
        check_is_whole(component, &dynamics)?;
        self.note_temperature(&dynamics.name, &dynamics);
        let bytes = 200.0 + 8.0 * (dynamics.states.len() + dynamics.out_ports.len()) as f64;
        let cell = PointCell { dynamics: Arc::new(dynamics), source: None, synapses: Vec::new() };
        Ok(Cell { cell: PopulationCell::Point(Arc::new(cell)), shaped: None, bytes })
    }

    /// Whether a path leads to a quantity of the population `name` of lists of spike times: then
    /// times alone will not do.
    fn is_recorded(&self, name: &str, component: &Component) -> bool {
        let is_cell =
            |step: &str| step.bytes().all(|b| b.is_ascii_digit()) || Some(step) == component.id.as_deref();
        let leads_in = |path: &String| {
            let mut steps = path.trim().split('/');
            let found = steps.by_ref().any(|step| step.split('[').next() == Some(name));
            found && steps.any(|step| !is_cell(step))
        };
        component.component_type == "spikeArray" && self.paths.iter().any(leads_in)
    }

    fn spike_times(&mut self, component: &Component) -> Vec<f64> {
        let mut times: Vec<f64> =
            component.in_slot("spikes").filter_map(|spike| spike.parameter("time")).collect();
        if times.iter().any(|time| *time < 0.0) {
            let message = "spikes before the start come at the start".to_string();
            self.warn("negative-spike-time", message, component);
            times.iter_mut().for_each(|time| *time = time.max(0.0));
        }
        times.sort_by(f64::total_cmp);
        times
    }

    /// Number and positions of the cells of a population with a layout.
    fn laid_out(
        &mut self,
        population: &Component,
        layout: &Component,
        written: Option<u64>,
        cell: &Cell,
    ) -> Result<(usize, Vec<[f64; 3]>)> {
        let Some(how) = layout.children.first() else {
            return Err(layout.error(ErrorKind::Syntax, "expected <random>, <grid> or <unstructured> in it"));
        };
        let space = layout.text("space").map(|id| self.part(layout, id, "networkSpace")).transpose()?;
        let whole = |key: &str, default: Option<u64>| match how.text(key) {
            Some(text) => text.trim().parse::<u64>().map_err(|_| {
                how.error(ErrorKind::Value, format!("{key}=\"{text}\" is not a whole number, 0 or more"))
            }),
            None => {
                default.ok_or_else(|| how.error(ErrorKind::Syntax, format!("attribute '{key}' is missing")))
            }
        };
        let (size, positions_um) = match how.slot.as_str() {
            "grid" => {
                let counts = [whole("xSize", None)?, whole("ySize", Some(1))?, whole("zSize", Some(1))?];
                let size = counts.iter().try_fold(1u64, |all, n| all.checked_mul(*n)).unwrap_or(u64::MAX);
                self.check_memory(population, size, cell)?;
                (size, grid(counts, spacing(space)?))
            }
            "random" => {
                let number = whole("number", written)?;
                self.check_memory(population, number, cell)?;
                let extent = self.extent(how)?;
                (number, self.scattered(population, number, extent))
            }
            _ => {
                let number = whole("number", written)?;
                self.check_memory(population, number, cell)?;
                (number, Vec::new())
            }
        };
        if let Some(written) = written.filter(|written| *written != size) {
            let message = format!("size=\"{written}\", but its layout makes {size} cells, which count");
            self.warn("population-size", message, population);
        }
        Ok((size as usize, positions_um))
    }

    /// The region or space `id` of the network.
    fn part(&self, user: &Component, id: &str, what: &str) -> Result<&'a Component> {
        let parts = || self.network.children.iter().filter(|c| self.set.is_a(&c.component_type, what));
        parts().find(|c| c.id.as_deref() == Some(id)).ok_or_else(|| {
            let word = what.trim_start_matches("network").to_lowercase();
            let error = user.error(ErrorKind::Name, format!("there is no {word} '{id}' in the network"));
            match nearest(id, parts().filter_map(|c| c.id.as_deref())) {
                Some(near) => error.help(format!("did you mean '{near}'?")),
                None => error,
            }
        })
    }

    /// The box that a random layout fills; `None` if its region has none.
    fn extent(&self, how: &Component) -> Result<Option<Extent>> {
        let Some(id) = how.text("region") else { return Ok(None) };
        let region = self.part(how, id, "region")?;
        let Some(found) = region.children.iter().find(|c| c.slot == "rectangularExtent") else {
            return Ok(None);
        };
        let three = |x, y, z| [x, y, z].map(|key| found.parameter(key).unwrap_or(0.0));
        let extent = Extent {
            start: three("xStart", "yStart", "zStart"),
            length: three("xLength", "yLength", "zLength"),
        };
        if extent.length.iter().any(|length| *length < 0.0) {
            return Err(found.error(ErrorKind::Value, "a length of the box is below 0"));
        }
        Ok(Some(extent))
    }

    fn scattered(&self, population: &Component, number: u64, extent: Option<Extent>) -> Vec<[f64; 3]> {
        let Some(extent) = extent else { return Vec::new() };
        let key = name_key(population.id.as_deref().unwrap_or_default());
        (0..number)
            .map(|cell| {
                let mut stream = Stream::new(self.out.model.seed, Purpose::Structure, [key, cell]);
                std::array::from_fn(|axis| extent.start[axis] + extent.length[axis] * stream.uniform())
            })
            .collect()
    }
}

/// Start and distance of a grid's points along each axis, µm.
fn spacing(space: Option<&Component>) -> Result<Extent> {
    let mut out = Extent { start: [0.0; 3], length: [1.0; 3] };
    let Some(structure) = space.and_then(|space| space.children.iter().find(|c| c.slot == "structure"))
    else {
        return Ok(out);
    };
    let number =
        |key: &str, default: f64| match structure.text(key) {
            None => Ok(default),
            Some(text) => text.trim().parse::<f64>().ok().filter(|x| x.is_finite()).ok_or_else(|| {
                structure.error(ErrorKind::Value, format!("{key}=\"{text}\" is not a number"))
            }),
        };
    for (axis, letter) in ["x", "y", "z"].into_iter().enumerate() {
        out.start[axis] = number(&format!("{letter}Start"), 0.0)?;
        out.length[axis] = number(&format!("{letter}Spacing"), 1.0)?;
    }
    Ok(out)
}

fn grid(counts: [u64; 3], spacing: Extent) -> Vec<[f64; 3]> {
    let along = |axis: usize, n: u64| spacing.start[axis] + spacing.length[axis] * n as f64;
    let mut out = Vec::new();
    for i in 0..counts[0] {
        for j in 0..counts[1] {
            out.extend((0..counts[2]).map(|k| [along(0, i), along(1, j), along(2, k)]));
        }
    }
    out
}

/// Ids and positions of listed instances, by ascending id.
fn instances(listed: &[&Component]) -> Result<(Vec<u64>, Vec<[f64; 3]>)> {
    let mut found: Vec<(u64, Option<[f64; 3]>)> = Vec::with_capacity(listed.len());
    let mut first: BTreeMap<u64, &Component> = BTreeMap::new();
    for (index, instance) in listed.iter().enumerate() {
        let id = match instance.id.as_deref() {
            None => index as u64,
            Some(text) => text.trim().parse().map_err(|_| {
                let error = instance.error(ErrorKind::Value, format!("id=\"{text}\" is not a whole number"));
                error.help("ids of instances are whole numbers from 0 on")
            })?,
        };
        if let Some(other) = first.insert(id, instance) {
            let message = format!("the instance {id} is listed before, at {}", other.origin.place());
            return Err(instance.error(ErrorKind::Name, message));
        }
        let location = instance.children.iter().find(|c| c.slot == "location");
        let position = location.map(|l| ["x", "y", "z"].map(|axis| l.parameter(axis).unwrap_or(0.0)));
        found.push((id, position));
    }
    found.sort_by_key(|(id, _)| *id);
    let in_order = found.iter().enumerate().all(|(index, (id, _))| *id == index as u64);
    let ids = if in_order { Vec::new() } else { found.iter().map(|(id, _)| *id).collect() };
    let positions: Option<Vec<[f64; 3]>> = found.iter().map(|(_, position)| *position).collect();
    Ok((ids, positions.unwrap_or_default()))
}

/// That a component needs nothing from around it but the time, the temperature and what is attached.
fn check_is_whole(component: &Component, dynamics: &crate::dynamics::Dynamics) -> Result<()> {
    let given = |name: &str| matches!(name, "t" | "temperature" | "iSyn") || name.contains("[*]/");
    let Some(missing) = dynamics.inputs.iter().find(|input| !given(&input.name)) else { return Ok(()) };
    let message = format!(
        "'{}' cannot be a cell: it reads '{}', which something around it would have to give",
        dynamics.name, missing.name
    );
    let error: Error = component.error(ErrorKind::Value, message);
    Err(error.help("a population is made of cells, spike sources or other components that stand alone"))
}
