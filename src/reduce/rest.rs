//! The state that a cell comes to when nothing is done to it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::cable::{Cv, NONE};
use crate::engine::{CellPlan, Options, Simulation, Sink, Spike};
use crate::error::Result;
use crate::model::{CableCell, CellSet, Method, Model, Pool, PopulationCell, Recording, Site};
use crate::select::{Cable, Field, Location, Region};

/// Time step of the run to rest, s. The state of rest does not depend on it.
const STEP_S: f64 = 2.5e-4;
/// How long nothing may change any more, s.
const SPAN_S: f64 = 0.25;
/// A cell runs for so many spans at least, and at most.
const LEAST_SPANS: usize = 2;
const MOST_SPANS: usize = 16;
/// One that still moves by more than [`ACTIVE_V`] after so many never comes to rest.
const ACTIVE_SPANS: usize = 8;
/// V.
const ACTIVE_V: f64 = 1e-3;
/// A potential that moves less than this in a span is at rest, V.
const STILL_V: f64 = 1e-5;
/// So is a concentration that moves less than this share of its size.
const STILL_SHARE: f64 = 1e-3;

/// The state of rest of a cell.
#[derive(Debug, Clone)]
pub(super) struct Rest {
    /// Potential of each node, V.
    pub v: Vec<f64>,
    /// Concentrations (inside, outside; mol/m³) of ions at each node that has a pool of them.
    pub concentrations: BTreeMap<String, Vec<Option<(f64, f64)>>>,
    /// Whether the cell really rests there; otherwise it is the mean of what it does by itself.
    pub is_still: bool,
    /// How long it took, s.
    pub took_s: f64,
}

/// What the columns of a table did in a span.
#[derive(Debug, Default)]
struct Span {
    last: Vec<f64>,
    low: Vec<f64>,
    high: Vec<f64>,
    sum: Vec<f64>,
    rows: usize,
}

/// Keeps of each table, span by span, what the columns did; the first table has potentials, the others concentrations.
#[derive(Debug, Default)]
struct Watch {
    widths: Vec<usize>,
    /// For each table its spans.
    tables: Vec<Vec<Span>>,
}

/// Lets `pools` start where `field` says for an ion, inside or (if true) outside. Whether all could be told so inside.
///
/// # Errors
/// Those of `field`.
pub(super) fn start_pools(pools: &mut [Pool], field: &dyn Fn(&str, bool) -> Result<Field>) -> Result<bool> {
    let mut all = true;
    for pool in pools {
        for (name, outside) in [("initialConcentration", false), ("initialExtConcentration", true)] {
            if pool.dynamics.parameter(name).is_some() {
                pool.parameters.retain(|(other, _)| other != name);
                pool.parameters.push((name.into(), field(&pool.ion, outside)?));
            } else {
                all &= outside;
            }
        }
    }
    Ok(all)
}

impl Sink for Watch {
    fn samples(&mut self, table: usize, rows: &[f64]) -> Result<()> {
        let Some(span) = self.tables.get_mut(table).and_then(|spans| spans.last_mut()) else { return Ok(()) };
        for row in rows.chunks_exact(self.widths[table] + 1) {
            let values = &row[1..];
            if span.rows == 0 {
                (span.low, span.high) = (values.to_vec(), values.to_vec());
                span.sum = vec![0.0; values.len()];
            }
            span.rows += 1;
            span.last = values.to_vec();
            span.low.iter_mut().zip(values).for_each(|(low, x)| *low = low.min(*x));
            span.high.iter_mut().zip(values).for_each(|(high, x)| *high = high.max(*x));
            span.sum.iter_mut().zip(values).for_each(|(sum, x)| *sum += x);
        }
        Ok(())
    }

    fn spikes(&mut self, _: &[Spike]) -> Result<()> {
        Ok(())
    }
}

impl Watch {
    fn of(simulation: &Simulation) -> Watch {
        let widths: Vec<usize> = simulation.tables().iter().map(|table| table.columns.len()).collect();
        Watch { tables: widths.iter().map(|_| Vec::new()).collect(), widths }
    }

    fn next_span(&mut self) {
        self.tables.iter_mut().for_each(|spans| spans.push(Span::default()));
    }

    /// How far the potential moved in the last span, V: the furthest.
    fn moved_v(&self) -> f64 {
        let span = self.tables.first().and_then(|spans| spans.last());
        let apart = span.into_iter().flat_map(|span| span.low.iter().zip(&span.high)).map(|(l, h)| h - l);
        apart.fold(0.0, f64::max)
    }

    /// Whether nothing changed in the last span.
    fn is_still(&self) -> bool {
        let steady = |span: &Span| {
            let moved = |(low, high): (&f64, &f64)| high - low <= STILL_SHARE * high.abs();
            span.low.iter().zip(&span.high).all(moved)
        };
        self.moved_v() < STILL_V && self.tables.iter().skip(1).filter_map(|spans| spans.last()).all(steady)
    }

    /// The columns of a table: as they were in the end, or if the cell does not rest on average over the later half.
    fn taken(&self, table: usize, is_still: bool) -> Vec<f64> {
        let spans = self.tables.get(table).map(Vec::as_slice).unwrap_or_default();
        if is_still {
            return spans.last().map(|span| span.last.clone()).unwrap_or_default();
        }
        let half = &spans[spans.len() / 2..];
        let rows: usize = half.iter().map(|span| span.rows).sum();
        let sum = |column: usize| half.iter().filter_map(|span| span.sum.get(column)).sum::<f64>();
        let mean = |column: usize| sum(column) / rows.max(1) as f64;
        (0..self.widths[table]).map(mean).collect()
    }
}

/// Runs `cell` without any input until it rests.
///
/// # Errors
/// If it cannot be run.
pub(super) fn rest(cell: &CableCell, plan: &CellPlan, temperature_k: f64) -> Result<Rest> {
    let model = watched(cell, temperature_k);
    let mut simulation = Simulation::new(&model, &Options { threads: 1, ..Options::default() })?;
    let mut watch = Watch::of(&simulation);
    let (mut spans, mut is_still) = (0, false);
    while spans < MOST_SPANS && !is_still {
        watch.next_span();
        spans += 1;
        let until = spans as f64 * SPAN_S;
        simulation.run_until(until, &mut watch, &mut |_| ControlFlow::Continue(()))?;
        is_still = spans >= LEAST_SPANS && watch.is_still();
        if spans == ACTIVE_SPANS && watch.moved_v() > ACTIVE_V {
            break;
        }
    }
    let tree = &plan.discretisation;
    let mut v = vec![0.0; tree.n_nodes()];
    for (cv, taken) in tree.cvs.iter().zip(watch.taken(0, is_still)) {
        v[cv.node as usize] = taken;
    }
    for node in 0..v.len() {
        if tree.node_cv[node] == NONE {
            v[node] = v[tree.node_parent[node] as usize];
        }
    }
    let mut concentrations = BTreeMap::new();
    let cable = Cable::new(&cell.morphology, &plan.geometry);
    for (at, pool) in cell.pools.iter().enumerate() {
        let (inner, outer) = (watch.taken(1 + 2 * at, is_still), watch.taken(2 + 2 * at, is_still));
        let cover = pool.region.evaluate(&cable)?;
        let is_covered = |cv: &&Cv| cover.contains(Location { section: cv.section, fraction: cv.centre() });
        let of_ion = concentrations.entry(pool.ion.clone()).or_insert_with(|| vec![None; tree.n_nodes()]);
        for (cv, values) in tree.cvs.iter().filter(is_covered).zip(inner.into_iter().zip(outer)) {
            of_ion[cv.node as usize] = Some(values);
        }
    }
    Ok(Rest { v, concentrations, is_still, took_s: spans as f64 * SPAN_S })
}

/// A model of `cell` alone whose potentials and concentrations are recorded everywhere.
fn watched(cell: &CableCell, temperature_k: f64) -> Model {
    let mut model = Model::new("rest", MOST_SPANS as f64 * SPAN_S, STEP_S, temperature_k);
    model.run.method = Method::BackwardEuler;
    let alone = CableCell { synapses: Vec::new(), ..cell.clone() };
    let population = model.add_population("cell", 1, PopulationCell::Cable(Arc::new(alone)));
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
    model
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Density, Discretisation, Rule};
    use crate::morph::{Morphology, SectionKind, SectionPlan};

    #[test]
    fn a_cell_rests_where_its_currents_meet() {
        let soma = SectionPlan::cylinder("soma", SectionKind::Soma, 20.0, 20.0);
        let shape = Morphology::from_sections("cell", &[soma]).unwrap();
        let mut cell = CableCell::new(shape, 0.01, 1.5, -0.04);
        cell.discretisation = Discretisation { rules: vec![(Region::All, Rule::PerSection(1))] };
        let pas = |g: f64, e: f64| Density::ohmic("pas", Region::All, g, e).unwrap();
        let cell = cell.with_channel(pas(1.0, -0.08)).with_channel(pas(3.0, -0.06));
        let plan = CellPlan::new(&cell, &[]).unwrap();
        let found = rest(&cell, &plan, 300.0).unwrap();
        assert!(found.is_still && (found.v[0] + 0.065).abs() < 1e-9, "{found:?}");
        assert_eq!(found.took_s, 0.5);
    }
}
