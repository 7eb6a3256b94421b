//! Networks of standard cells, in the names and units of NEST (ms, mV, pF, nS, pA).

use serde_json::{Map, Value, json};

use super::super::layout::Layout;
use super::super::points::{Current, Kind, Network, Wired};
use super::super::pynn::refractory_ms;
use super::super::standard::{RECEPTORS, Standard};
use super::super::units::rounded;
use super::super::{Job, unsupported};
use super::circuit::{Circuit, NEST, Populations, ms, pretty};
use super::results::{Part, Results, ResultsText, Stride};
use super::tables::{Edge, Nodes, Row};
use crate::engine::What;
use crate::error::Result;
use crate::units::Dimension;
use crate::wiring::nearest_step;

/// The cells by the names of PyNN and of NEST.
const CELLS: [(&str, &str); 8] = [
    ("IF_curr_alpha", "iaf_psc_alpha"),
    ("IF_curr_exp", "iaf_psc_exp"),
    ("IF_curr_delta", "iaf_psc_delta"),
    ("IF_cond_alpha", "iaf_cond_alpha"),
    ("IF_cond_exp", "iaf_cond_exp"),
    ("EIF_cond_alpha_isfa_ista", "aeif_cond_alpha"),
    ("EIF_cond_exp_isfa_ista", "aeif_cond_exp"),
    ("HH_cond_exp", "hh_cond_exp_traub"),
];

/// Parameters: PyNN's name, NEST's, and NEST's number for 1 of PyNN's.
const PARAMETERS: [(&str, &str, f64); 26] = [
    ("cm", "C_m", 1e3),
    ("v_rest", "E_L", 1.0),
    ("v_thresh", "V_th", 1.0),
    ("v_reset", "V_reset", 1.0),
    ("v_spike", "V_peak", 1.0),
    ("tau_refrac", "t_ref", 1.0),
    ("tau_syn_E", "tau_syn_ex", 1.0),
    ("tau_syn_I", "tau_syn_in", 1.0),
    ("e_rev_E", "E_ex", 1.0),
    ("e_rev_I", "E_in", 1.0),
    ("i_offset", "I_e", 1e3),
    ("delta_T", "Delta_T", 1.0),
    ("tau_w", "tau_w", 1.0),
    ("a", "a", 1.0),
    ("b", "b", 1e3),
    ("gbar_Na", "g_Na", 1e3),
    ("gbar_K", "g_K", 1e3),
    ("g_leak", "g_L", 1e3),
    ("e_rev_Na", "E_Na", 1.0),
    ("e_rev_K", "E_K", 1.0),
    ("e_rev_leak", "E_L", 1.0),
    ("v_offset", "V_T", 1.0),
    ("v", "V_m", 1.0),
    ("w", "w", 1e3),
    // Read with others, or what NEST's cells do not have.
    ("tau_m", "", 0.0),
    ("u", "", 0.0),
];

/// The circuit, and where its results are.
///
/// # Errors
/// If the model itself can't be drawn.
pub(super) fn circuit(job: &mut Job<'_>, names: &Populations) -> Result<(Circuit, ResultsText)> {
    let network = Network::of(job)?;
    let model = job.model;
    let mut out = Circuit::new(NEST);
    let dt_ms = ms(model.run.dt_s);
    for cells in &network.populations {
        let name = names.of(cells.index).to_string();
        match &cells.kind {
            Kind::Spikes(times) => out.give(&name, cells.index, on_grid(job, &name, times, dt_ms)),
            Kind::Standard(standard) => {
                let mut standard = standard.clone();
                for (_, values) in standard.parameters.iter_mut().filter(|(known, _)| known == "tau_refrac") {
                    values.iter_mut().for_each(|t| *t = refractory_ms(model, cells.index, *t, dt_ms));
                }
                let made = nodes(&mut out, &standard, &name, cells.size);
                match made {
                    Ok(mut nodes) => {
                        nodes.type_id = cells.index as u64;
                        nodes.columns = super::positions(&cells.positions);
                        out.nodes.push(nodes);
                    }
                    Err(error) => job.cannot(error.in_element(format!("population '{}'", cells.label))),
                }
            }
            // Not asked for.
            Kind::Own(_) | Kind::Shaped(_) => {}
        }
    }
    if out.nodes.iter().any(|nodes| !nodes.dynamics.is_empty()) {
        let line =
            "run.py gives nodes the parameters that they have of their own; BMTK alone knows those of types";
        job.out.differences.push(line.to_string());
    }
    for wired in &network.projections {
        if let Err(error) = wire(&mut out, &network, wired, names, dt_ms) {
            job.cannot(error);
        }
    }
    if out.edges.iter().flat_map(|e| &e.edges).any(|e| e.delay_ms < dt_ms * 0.999) {
        job.out.differences.push("delays below the time step become one time step".to_string());
        let edges = out.edges.iter_mut().flat_map(|edges| &mut edges.edges);
        edges.for_each(|edge| edge.delay_ms = edge.delay_ms.max(dt_ms));
    }
    for current in &network.currents {
        if let Err(error) = clamp(&mut out, job, current, names, dt_ms) {
            job.cannot(error);
        }
    }
    if !network.currents.is_empty() {
        job.out.differences.push("in NEST injected currents begin and end a step later".to_string());
    }
    let layout = Layout::new(model)?;
    let mut results = Results::new(model, &layout);
    reports(&mut out, &mut results, &layout, &network, names);
    let results = results.finish(&mut out, names);
    Ok((out, results))
}

/// Given times where neuropil lets them arrive: on the grid of the simulator, which has no spikes at time 0.
fn on_grid(job: &mut Job<'_>, name: &str, times: &[Vec<f64>], dt_ms: f64) -> Vec<Vec<f64>> {
    let moved = |t: &f64| rounded(nearest_step(*t, dt_ms).max(1.0) * dt_ms);
    let out: Vec<Vec<f64>> = times.iter().map(|of| of.iter().map(moved).collect()).collect();
    if out != times {
        let line = format!(
            "the spikes of '{name}' are given at the nearest time step, as neuropil lets them arrive"
        );
        job.out.differences.push(line);
    }
    out
}

fn nodes(out: &mut Circuit, standard: &Standard, name: &str, size: usize) -> Result<Nodes> {
    let Some((_, model)) = CELLS.iter().find(|(pynn, _)| *pynn == standard.name) else {
        let known: Vec<&str> = CELLS.iter().map(|(pynn, _)| *pynn).collect();
        let message = format!("{} is no cell of NEST that SONATA could name", standard.name);
        return Err(unsupported(message).help(format!("those are {}", known.join(", "))));
    };
    let mut parameters: Vec<(String, Vec<f64>)> = Vec::new();
    let own = |wanted: &str| standard.parameters.iter().find(|(name, _)| name == wanted).map(|(_, v)| v);
    for (pynn, values) in standard.parameters.iter().chain(&standard.initial) {
        let Some((_, nest, factor)) = PARAMETERS.iter().find(|(known, ..)| known == pynn) else {
            return Err(unsupported(format!("parameter '{pynn}' of {} has no name in NEST", standard.name)));
        };
        if !nest.is_empty() {
            parameters.push((nest.to_string(), values.iter().map(|x| rounded(x * factor)).collect()));
        }
    }
    if let (Some(tau), Some(cm)) = (own("tau_m"), own("cm")) {
        let at = |values: &[f64], k: usize| values.get(k).or(values.first()).copied().unwrap_or(f64::NAN);
        let conductance = |k| rounded(at(cm, k) / at(tau, k) * 1e3);
        parameters.push(match model.contains("_psc_") {
            true => ("tau_m".to_string(), tau.clone()),
            false => ("g_L".to_string(), (0..cm.len().max(tau.len())).map(conductance).collect()),
        });
    }
    let shared: Map<String, Value> = parameters
        .iter()
        .filter(|(_, values)| values.len() == 1)
        .map(|(name, values)| (name.clone(), json!(values[0])))
        .collect();
    let file = out.component("point_neuron_models_dir", name, ".json", pretty(&Value::Object(shared)));
    let of_type: Row = vec![
        ("model_type", "point_neuron".into()),
        ("model_template", format!("nest:{model}")),
        ("dynamics_params", file),
    ];
    let dynamics = parameters.into_iter().filter(|(_, values)| values.len() > 1).collect();
    Ok(Nodes { name: name.to_string(), size, of_type, dynamics, ..Nodes::default() })
}

fn wire(out: &mut Circuit, network: &Network, wired: &Wired, names: &Populations, dt_ms: f64) -> Result<()> {
    let named =
        |message: &str| unsupported(message.to_string()).in_element(format!("projection '{}'", wired.label));
    if wired.plasticity.is_some() {
        return Err(named("plasticity of connections is not said in SONATA's words yet")
            .help("leave it out with --lossy, or choose the target pynn or nestml"));
    }
    let Some(cells) = network.population(wired.target) else { return Ok(()) };
    let Kind::Standard(standard) = &cells.kind else { return Ok(()) };
    let inhibits = wired.receptor == RECEPTORS[1];
    // NEST tells receptors by the sign of the weight: of conductances it is the receptor's, of currents the weight's own.
    let unit = match standard.name.as_str() {
        "IF_curr_delta" => 1.0,
        name if name.contains("_curr_") => 1e3,
        _ if inhibits => -1e3,
        _ => 1e3,
    };
    let edge = |row: &super::super::points::Row, kind| Edge {
        source: row.pre,
        target: row.post,
        kind,
        weight: rounded(row.weight * unit),
        delay_ms: rounded(nearest_step(row.delay, dt_ms) * dt_ms),
        place: (0, 0.5),
    };
    let against = |weight: f64| if inhibits { weight > 0.0 } else { weight < 0.0 };
    if standard.name != "IF_curr_delta" && wired.rows.iter().any(|row| against(edge(row, 0).weight)) {
        let sign = if inhibits { "positive" } else { "negative" };
        let message =
            format!("a {sign} weight at the receptor '{}': NEST tells receptors by the sign", wired.receptor);
        return Err(named(&message));
    }
    let file = out.component("synaptic_models_dir", "static_synapse", ".json", pretty(&json!({})));
    let row: Row = vec![
        ("model_template", "static_synapse".into()),
        ("dynamics_params", file),
        ("projection", wired.label.clone()),
        ("receptor", wired.receptor.as_str().into()),
    ];
    let size = |population| network.population(population).map_or(0, |p| p.size);
    let end = |population| (names.of(population).to_string(), size(population));
    let edges = super::between(&mut out.edges, end(wired.source), end(wired.target), false);
    edges.types.push(row);
    let kind = edges.types.len() - 1;
    edges.edges.extend(wired.rows.iter().map(|row| edge(row, kind)));
    Ok(())
}

fn clamp(
    out: &mut Circuit,
    job: &mut Job<'_>,
    current: &Current,
    names: &Populations,
    dt_ms: f64,
) -> Result<()> {
    let model = job.model;
    let named =
        |message: &str| unsupported(message.to_string()).in_element(format!("stimulus '{}'", current.label));
    if current.sine.is_some() {
        return Err(named("SONATA has no current of a sine"));
    }
    let Some(&(start, amplitude)) = current.steps.first() else { return Ok(()) };
    let stop = current.steps.get(1).map_or(ms(model.run.duration_s), |(stop, _)| *stop);
    if start <= dt_ms {
        let line = format!(
            "stimulus '{}' begins with the second time step: BMTK leaves out earlier ones",
            current.label
        );
        job.out.differences.push(line);
    }
    let start = if start <= dt_ms { rounded(2.0 * dt_ms) } else { start };
    let size = model.populations.get(current.population).map_or(0, |p| p.size);
    let set = out.set(&current.label, names.of(current.population), &current.cells, size);
    let name = out.claim(&current.label);
    out.clamps.push((
        name,
        json!({
            "input_type": "current_clamp",
            "module": "IClamp",
            "node_set": set,
            "delay": start,
            "duration": rounded(stop - start),
            "amp": rounded(amplitude * 1e3),
        }),
    ));
    Ok(())
}

/// Reports of what is recorded; what is not in NEST's words is told already.
fn reports(
    out: &mut Circuit,
    results: &mut Results,
    layout: &Layout,
    network: &Network,
    names: &Populations,
) {
    for (p, laid) in layout.populations.iter().enumerate() {
        let Some(Kind::Standard(standard)) = network.population(p).map(|cells| &cells.kind) else { continue };
        for (cell, own) in laid.cells.iter().enumerate() {
            for (table, column, _, what) in &own.recorded {
                let start = |name: &str| {
                    let known = standard.initial.iter().find(|(known, _)| known == name);
                    known.and_then(|(_, values)| values.get(cell).or(values.first())).copied()
                };
                // NEST's name, SI for 1 of NEST's unit, value at the start in this unit.
                let (variable, unit, start) = match what {
                    What::V => ("V_m", 1e-3, start("v")),
                    What::Cell(name) if name == "v" => ("V_m", 1e-3, start("v")),
                    What::Cell(name) if name == "w" => ("w", 1e-12, start("w").map(|nano| nano * 1e3)),
                    What::Placed(slot, _, name) if name == "g" => match standard.receptors.get(*slot) {
                        Some(receptor) if receptor.name == RECEPTORS[0] => ("g_ex", 1e-9, Some(0.0)),
                        Some(_) => ("g_in", 1e-9, Some(0.0)),
                        None => continue,
                    },
                    _ => continue,
                };
                let column_of = layout.tables.get(*table).and_then(|t| t.columns.get(*column));
                // Types of PyNN count in nA and µS without saying so.
                let is_plain = column_of.is_some_and(|known| known.dimension == Dimension::NONE);
                let unit = if is_plain { 1e-3 } else { unit };
                let part = Part { population: names.of(p), cell, variable, place: (0, 0.5), unit, start };
                results.add(out, (*table, *column), &part, Stride::Own);
            }
        }
    }
}
