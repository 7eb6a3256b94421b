//! A kind of cable cell, cut into compartments and with every number of every compartment.

use std::sync::Arc;

use super::lower::Mechanism;
use crate::cable::order::CellTree;
use crate::cable::{Cv, Discretisation, Electrical, NONE};
use crate::dynamics::Dynamics;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{CableCell, Rule};
use crate::morph::{Geometry, SectionId};
use crate::select::{Cable, Cover, Field, Location, OnCell, Region};

/// A cable cell ready to be laid out.
#[derive(Debug)]
pub struct CellPlan {
    /// The compartments and the tree of nodes.
    pub discretisation: Discretisation,
    /// Lengths and distances.
    pub geometry: Geometry,
    /// The tree of nodes as the solver takes it.
    pub tree: CellTree,
    /// Axial conductance to the parent of each node, S.
    pub axial_s: Vec<f64>,
    /// Capacitance of each node, F; 0 at forks.
    pub capacitance_f: Vec<f64>,
    /// Capacitance by area of each compartment, F/m².
    pub specific_capacitance: Vec<f64>,
    /// Axial resistivity of each compartment, Ω m.
    pub resistivity_ohm_m: Vec<f64>,
    /// Membrane area of each node, m²; 0 at forks.
    pub area_m2: Vec<f64>,
    /// Potential of each node at the start, V.
    pub initial_v: Vec<f64>,
    /// Pools, then densities.
    pub mechanisms: Vec<Spread>,
    /// The distinct sets of mechanisms: indices into `mechanisms`.
    pub sets: Vec<Vec<usize>>,
    /// The set of each node, [`NONE`] where there are no mechanisms.
    pub node_set: Vec<u32>,
}

/// A mechanism spread over compartments.
#[derive(Debug)]
pub struct Spread {
    /// What takes part in membrane plans.
    pub mechanism: Mechanism,
    /// For each varying parameter its value in each compartment, SI.
    pub values: Vec<Vec<f64>>,
    /// Covered fraction of each compartment; 0 where it is not.
    pub cover: Vec<f64>,
}

impl CellPlan {
    /// Cuts and evaluates `cell`. The parameters `open` (index of the mechanism: pools, then densities; name) are kept in arrays,
    /// since cells of a population have their own.
    ///
    /// # Errors
    /// If the shape can't be cut, a selection is empty, or a value does not exist somewhere.
    pub fn new(cell: &CableCell, open: &[(usize, &str)]) -> Result<CellPlan> {
        let geometry = Geometry::of(&cell.morphology);
        let cable = Cable::new(&cell.morphology, &geometry);
        let discretisation = cut(cell, &cable)?;
        let cvs = &discretisation.cvs;
        let at_cv = |field: &Field, what: &str| -> Result<Vec<f64>> {
            let named = |e: Error| e.in_element(what.to_string());
            let on_cell = field.on(&cable).map_err(named)?;
            cvs.iter()
                .map(|cv| {
                    let mean = on_cell.mean(cv.section, cv.from, cv.to).map_err(named)?;
                    if mean.covered > 1.0 - 1e-9 {
                        return Ok(mean.value);
                    }
                    let name = &cell.morphology.section(cv.section).name;
                    Err(Error::new(
                        ErrorKind::Value,
                        format!("{what} has no value at {name}({:.3})", cv.centre()),
                    )
                    .help("give it a value on the whole cell"))
                })
                .collect()
        };
        let resistivity = at_cv(&cell.axial_resistivity, "the axial resistivity")?;
        let specific = at_cv(&cell.specific_capacitance, "the capacitance")?;
        let initial = at_cv(&cell.initial_v, "the initial potential")?;
        for (what, values) in [("axial resistivity", &resistivity), ("specific capacitance", &specific)] {
            if let Some(bad) = values.iter().find(|x| !(**x > 0.0 && x.is_finite())) {
                return Err(Error::new(
                    ErrorKind::Value,
                    format!("the {what} must be positive, not {bad} (SI)"),
                ));
            }
        }
        let axial_s = discretisation.axial_conductances(|cv| resistivity[cv]);
        let of_node = |value: &dyn Fn(usize) -> f64| -> Vec<f64> {
            let cv = |&cv: &u32| if cv == NONE { 0.0 } else { value(cv as usize) };
            discretisation.node_cv.iter().map(cv).collect()
        };
        let capacitance_f = of_node(&|cv| specific[cv] * cvs[cv].area_m2);
        let area_m2 = of_node(&|cv| cvs[cv].area_m2);
        let mut initial_v = of_node(&|cv| initial[cv]);
        for node in 0..initial_v.len() {
            if discretisation.node_cv[node] == NONE {
                // A fork starts at its parent's potential; it has no charge of its own.
                initial_v[node] = initial_v[discretisation.node_parent[node] as usize];
            }
        }
        let mut mechanisms: Vec<Spread> = Vec::new();
        let mut covers = Vec::new();
        let open =
            |at: usize| open.iter().filter(move |(index, _)| *index == at).map(|(_, name)| *name).collect();
        for pool in &cell.pools {
            let name = pool.dynamics.name.clone();
            let one = Source {
                name,
                dynamics: &pool.dynamics,
                region: &pool.region,
                parameters: &pool.parameters,
                open: open(mechanisms.len()),
            };
            mechanisms.push(spread(
                &one,
                Some(pool.ion.clone()),
                true,
                &discretisation,
                &cable,
                &mut covers,
            )?);
        }
        for density in &cell.densities {
            let one = Source {
                name: density.name.clone(),
                dynamics: &density.dynamics,
                region: &density.region,
                parameters: &density.parameters,
                open: open(mechanisms.len()),
            };
            mechanisms.push(spread(&one, density.ion.clone(), false, &discretisation, &cable, &mut covers)?);
        }
        let mut sets: Vec<Vec<usize>> = Vec::new();
        let mut cv_set = Vec::with_capacity(cvs.len());
        for cv in 0..cvs.len() {
            let set: Vec<usize> = (0..mechanisms.len()).filter(|&m| mechanisms[m].cover[cv] > 0.0).collect();
            cv_set.push(if set.is_empty() {
                NONE
            } else {
                let known = sets.iter().position(|s| *s == set);
                known.unwrap_or_else(|| {
                    sets.push(set);
                    sets.len() - 1
                }) as u32
            });
        }
        let node_set = discretisation
            .node_cv
            .iter()
            .map(|&cv| if cv == NONE { NONE } else { cv_set[cv as usize] })
            .collect();
        let tree = CellTree::new(&discretisation.node_parent)?;
        Ok(CellPlan {
            discretisation,
            tree,
            geometry,
            axial_s,
            capacitance_f,
            specific_capacitance: specific,
            resistivity_ohm_m: resistivity,
            area_m2,
            initial_v,
            mechanisms,
            sets,
            node_set,
        })
    }
}

/// Cuts the cell: every section by the last rule whose region holds its middle.
fn cut(cell: &CableCell, cable: &Cable<'_>) -> Result<Discretisation> {
    let mut covers: Vec<(Cover, Rule)> = Vec::with_capacity(cell.discretisation.rules.len());
    for (region, rule) in &cell.discretisation.rules {
        covers.push((region.evaluate(cable)?, *rule));
    }
    let mut rules = Vec::with_capacity(cell.morphology.sections.len());
    for id in cell.morphology.section_ids() {
        let rule = covers
            .iter()
            .rev()
            .find(|(cover, _)| cover.contains(Location { section: id, fraction: 0.5 }))
            .map(|(_, rule)| *rule);
        rules.push(rule.ok_or_else(|| {
            Error::new(
                ErrorKind::Value,
                format!("no discretisation rule reaches section '{}'", cell.morphology.section(id).name),
            )
            .help("give a rule for 'all' first")
        })?);
    }
    let resistivity = cell.axial_resistivity.on(cable)?;
    let capacitance = cell.specific_capacitance.on(cable)?;
    let middle = |field: &OnCell<'_>, section: SectionId| {
        field.at(Location { section, fraction: 0.5 }).ok().flatten().unwrap_or(f64::NAN)
    };
    let electrical = |id: SectionId| Electrical {
        resistivity_ohm_m: middle(&resistivity, id),
        capacitance_f_per_m2: middle(&capacitance, id),
    };
    Discretisation::new(&cell.morphology, &rules, electrical)
}

struct Source<'a> {
    name: String,
    dynamics: &'a Arc<Dynamics>,
    region: &'a Region,
    parameters: &'a [(String, Field)],
    /// Parameters that are kept in arrays.
    open: Vec<&'a str>,
}

/// The mechanism of `source` on each compartment. `covers` keeps what is covered by the regions met so far: mechanisms
/// share them.
fn spread<'a>(
    source: &Source<'a>,
    ion: Option<String>,
    is_pool: bool,
    discretisation: &Discretisation,
    cable: &Cable<'_>,
    covers: &mut Vec<(&'a Region, Vec<f64>)>,
) -> Result<Spread> {
    let named = |e: Error| e.in_element(format!("'{}'", source.name));
    let cvs = &discretisation.cvs;
    let cover = match covers.iter().find(|(region, _)| *region == source.region) {
        Some((_, cover)) => cover.clone(),
        None => {
            let region = source.region.evaluate(cable).map_err(named)?;
            let cover: Vec<f64> =
                cvs.iter().map(|cv| covered_fraction(&region, cv, cable.geometry)).collect();
            covers.push((source.region, cover.clone()));
            cover
        }
    };
    let covered: Vec<usize> = (0..cvs.len()).filter(|&cv| cover[cv] > 0.0).collect();
    let mut dynamics = source.dynamics.clone();
    let (mut varying, mut values) = (Vec::new(), Vec::new());
    for (name, field) in source.parameters {
        let on_cell = field.on(cable).map_err(named)?;
        let mut column = vec![0.0_f64; cvs.len()];
        for &cv in &covered {
            let place = &cvs[cv];
            let mean = on_cell.mean(place.section, place.from, place.to).map_err(named)?;
            if mean.covered <= 0.0 {
                let section = &cable.morphology.section(place.section).name;
                let message = format!("'{name}' has no value at {section}({:.3})", place.centre());
                return Err(named(Error::new(ErrorKind::Value, message)));
            }
            column[cv] = mean.value;
        }
        let first = covered.first().map_or(0.0, |&cv| column[cv]);
        let open = source.open.contains(&name.as_str());
        if !open && covered.iter().all(|&cv| column[cv].to_bits() == first.to_bits()) {
            let inner = Arc::make_mut(&mut dynamics);
            match inner.parameters.iter_mut().find(|p| p.name == *name) {
                Some(parameter) => parameter.value = first,
                None => return Err(named(no_parameter(&source.name, name))),
            }
        } else if dynamics.parameter(name).is_none() {
            return Err(named(no_parameter(&source.name, name)));
        } else {
            varying.push(name.clone());
            values.push(column);
        }
    }
    for name in &source.open {
        if !varying.iter().any(|known| known == name) {
            let value =
                dynamics.parameter(name).ok_or_else(|| named(no_parameter(&source.name, name)))?.value;
            varying.push((*name).to_string());
            values.push(vec![value; cvs.len()]);
        }
    }
    let partial = covered.iter().any(|&cv| cover[cv] != 1.0);
    let mechanism = Mechanism { name: source.name.clone(), dynamics, ion, is_pool, varying, partial };
    Ok(Spread { mechanism, values, cover })
}

fn no_parameter(mechanism: &str, name: &str) -> Error {
    Error::new(ErrorKind::Name, format!("'{mechanism}' has no parameter '{name}'"))
}

/// The covered fraction of a compartment's membrane area; within rounding of 0 or 1 it is 0 or 1.
fn covered_fraction(region: &Cover, cv: &Cv, geometry: &Geometry) -> f64 {
    let area = |from: f64, to: f64| geometry.area_um2(cv.section, from, to);
    let mut covered = 0.0;
    for span in region.on(cv.section) {
        let (from, to) = (span.from.max(cv.from), span.to.min(cv.to));
        if from <= cv.from && to >= cv.to {
            return 1.0;
        }
        if to > from {
            covered += area(from, to);
        }
    }
    if covered <= 0.0 {
        return 0.0;
    }
    match covered / area(cv.from, cv.to) {
        f if f < 1e-9 => 0.0,
        f if f > 1.0 - 1e-9 => 1.0,
        f => f,
    }
}
