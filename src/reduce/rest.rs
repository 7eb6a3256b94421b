//! The state that a cell comes to when nothing is done to it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::cable::NONE;
use crate::engine::{CellPlan, Memory, Options, Simulation};
use crate::error::Result;
use crate::model::{CableCell, CellSet, Method, Model, PopulationCell, Recording, Site};
use crate::select::Region;

/// Time step of the run to rest, s. The state of rest does not depend on it.
const STEP_S: f64 = 2.5e-4;
/// How long a cell may take to come to rest, s, in one go; it gets up to four.
const SPAN_S: f64 = 0.5;
/// A cell whose potential moves less than this in the last quarter is at rest, V.
const STILL_V: f64 = 5e-5;

/// The state of rest of a cell.
#[derive(Debug, Clone)]
pub(super) struct Rest {
    /// Potential of each node, V.
    pub v: Vec<f64>,
    /// Concentrations (inside, outside; mol/m³) of ions at each node that has a pool of them.
    pub concentrations: BTreeMap<String, Vec<Option<(f64, f64)>>>,
    /// Whether the cell really rests there; otherwise it is the mean of what it does by itself.
    pub is_still: bool,
}

/// Runs `cell` without any input until it rests.
///
/// # Errors
/// If it cannot be run.
pub(super) fn rest(cell: &Arc<CableCell>, plan: &CellPlan, temperature_k: f64) -> Result<Rest> {
    let mut alone = CableCell::clone(cell);
    alone.synapses.clear();
    let mut duration = SPAN_S;
    loop {
        let mut model = Model::new("rest", duration, STEP_S, temperature_k);
        model.run.method = Method::BackwardEuler;
        let population = model.add_population("cell", 1, PopulationCell::Cable(Arc::new(alone.clone())));
        let mut record = |site: Region, variable: String, file: String| {
            model.recordings.push(Recording {
                population,
                cells: CellSet::All,
                site: Site::Region(site),
                variables: vec![variable],
                interval_s: 4.0 * STEP_S,
                file,
                label: None,
            });
        };
        record(Region::All, "v".into(), "v".into());
        for (at, pool) in cell.pools.iter().enumerate() {
            for (what, name) in [("concentration", "in"), ("extConcentration", "out")] {
                record(pool.region.clone(), format!("{}.{what}", pool.ion), format!("{name}{at}"));
            }
        }
        let mut memory = Memory::default();
        let mut simulation = Simulation::new(&model, &Options { threads: 1, ..Options::default() })?;
        simulation.run(&mut memory, &mut |_| ControlFlow::Continue(()))?;
        let rows = |table: usize| {
            let width = simulation.tables()[table].columns.len() + 1;
            memory
                .tables
                .get(table)
                .map(|rows| rows.chunks_exact(width).collect::<Vec<_>>())
                .unwrap_or_default()
        };
        let v = rows(0);
        let tail = &v[v.len() * 3 / 4..];
        let moved = |column: usize| {
            let values = tail.iter().map(|row| row[column]);
            let (low, high) = values.fold((f64::MAX, f64::MIN), |(l, h), x| (l.min(x), h.max(x)));
            high - low
        };
        let cvs = &plan.discretisation.cvs;
        let is_still = (1..=cvs.len()).all(|column| moved(column) < STILL_V);
        if !is_still && duration < 4.0 * SPAN_S {
            duration *= 2.0;
            continue;
        }
        // At rest the last row counts, else the mean of the second half.
        let taken = |rows: &[&[f64]], column: usize| {
            if is_still {
                return rows.last().map_or(0.0, |row| row[column]);
            }
            let half = &rows[rows.len() / 2..];
            half.iter().map(|row| row[column]).sum::<f64>() / half.len().max(1) as f64
        };
        let mut node_v = vec![0.0; plan.discretisation.n_nodes()];
        for (at, cv) in cvs.iter().enumerate() {
            node_v[cv.node as usize] = taken(&v, at + 1);
        }
        for node in 0..node_v.len() {
            if plan.discretisation.node_cv[node] == NONE {
                node_v[node] = node_v[plan.discretisation.node_parent[node] as usize];
            }
        }
        let mut concentrations = BTreeMap::new();
        for (at, pool) in cell.pools.iter().enumerate() {
            let (inner, outer) = (rows(1 + 2 * at), rows(2 + 2 * at));
            let cover = pool.region.evaluate(&crate::select::Cable::new(&cell.morphology, &plan.geometry))?;
            let middle = |cv: &crate::cable::Cv| crate::select::Location {
                section: cv.section,
                fraction: cv.centre(),
            };
            let of_ion = concentrations
                .entry(pool.ion.clone())
                .or_insert_with(|| vec![None; plan.discretisation.n_nodes()]);
            for (column, cv) in cvs.iter().filter(|cv| cover.contains(middle(cv))).enumerate() {
                of_ion[cv.node as usize] = Some((taken(&inner, column + 1), taken(&outer, column + 1)));
            }
        }
        return Ok(Rest { v: node_v, concentrations, is_still });
    }
}
