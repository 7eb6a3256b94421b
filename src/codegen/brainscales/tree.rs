//! Cells of a few passive compartments, as BrainScaleS-2 joins circuits (Kaiser et al. 2022, Neuroscience 489:290).

use serde::Serialize;

use crate::cable::NONE;
use crate::codegen::names::identifier;
use crate::codegen::tidy::tidy;
use crate::engine::CellPlan;
use crate::error::{Error, ErrorKind, Result};
use crate::hardware::brainscales::placement::{Contact, Line, Placement, place};
use crate::hardware::brainscales::{Range, bss2};
use crate::model::{CableCell, Density};
use crate::select::Location;

/// The channel that stands for threshold, reset and refractory time of a circuit.
const RESET: &str = "resetChannel";

/// A cell as the template has it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Tree {
    pub(super) class: String,
    pub(super) compartments: Vec<Compartment>,
    links: Vec<Link>,
    /// Circuits that it takes.
    pub(super) circuits: usize,
    /// Synaptic time constants that are wanted, a line each.
    pub(super) synapses: Vec<String>,
    /// Capacitance of the largest compartment, F.
    #[serde(skip)]
    pub(super) capacitance_f: f64,
    /// Label of each compartment, by its index in the discretisation.
    #[serde(skip)]
    pub(super) labels: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Compartment {
    pub(super) label: String,
    positions: Vec<usize>,
    /// The circuits on lines of their own.
    direct: Vec<usize>,
    /// The circuit that reaches the line of another, and its conductance, 0 to 1022.
    conductance: Option<(usize, u32)>,
    /// Setting of the capacitance, 0 to 63.
    capacitance: u32,
    /// Whether the cell says which of its compartments fire, and this one does.
    threshold: Option<&'static str>,
    /// Membrane time constant, ms of biology.
    tau_m: f64,
    /// Time constant to the compartment that the conductance leads to, ms of biology; 0 for none.
    tau_icc: f64,
    /// Reversal potential of the leak, mV, then in counts.
    pub(super) leak: f64,
    pub(super) firing: Option<Firing>,
}

/// Threshold and reset potential (mV, then counts) and refractory time (ms of biology).
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Firing {
    pub(super) threshold: f64,
    pub(super) reset: f64,
    refractory: f64,
}

#[derive(Debug, Clone, Serialize)]
struct Link {
    start: usize,
    stop: usize,
    row: usize,
}

/// With five digits, for remarks.
pub(super) fn readable(x: f64) -> f64 {
    format!("{x:.4e}").parse().unwrap_or(x)
}

fn unsupported(message: String) -> Error {
    Error::new(ErrorKind::Unsupported, message)
}

/// `value`, if need be the nearest in `range`: then that is told to `cannot`.
pub(super) fn within(what: &str, value: f64, range: &Range, cannot: &mut dyn FnMut(Error)) -> f64 {
    if range.holds(value) {
        return value;
    }
    let nearest = range.nearest(value);
    cannot(unsupported(format!(
        "{what} = {value} {unit}; BrainScaleS-2 takes {} to {} {unit}, the nearest is {nearest}",
        range.least,
        range.greatest,
        unit = range.unit,
    )));
    nearest
}

/// What a density is to the chip.
enum Role {
    Leak,
    Reset { threshold_v: f64, refractory_s: f64 },
}

fn role(density: &Density) -> Result<Role> {
    let uses = density.source.iter().flat_map(|source| &source.uses);
    if uses.into_iter().any(|used| used.name == RESET) {
        let own = |name: &str| {
            let parameters = density.dynamics.parameters.iter();
            parameters.filter(|p| p.name.rsplit('/').next() == Some(name)).map(|p| p.value).next()
        };
        if let (Some(threshold_v), Some(refractory_s)) = (own("threshold"), own("refract")) {
            return Ok(Role::Reset { threshold_v, refractory_s });
        }
    }
    let flat = tidy(&density.dynamics, &["iDensity"], &[], &[]);
    if flat.states.is_empty() && flat.parameter("condDensity").is_some() && flat.parameter("erev").is_some() {
        return Ok(Role::Leak);
    }
    let message = format!(
        "channel '{}': a circuit has a leak, an exponential term and an adaptation, no ion channels",
        density.name
    );
    let help = "`neuropil reduce MODEL --fit brainscales2` makes passive compartments of the cell and writes them for the chip";
    Err(unsupported(message).help(help))
}

/// The membrane of each compartment.
struct Membrane {
    leak_s: f64,
    /// Conductance times reversal potential.
    leak_a: f64,
    firing: Option<Firing>,
}

fn membranes(cell: &CableCell, plan: &CellPlan, roles: &[Role]) -> Vec<Membrane> {
    let cvs = &plan.discretisation.cvs;
    let mut found: Vec<Membrane> =
        cvs.iter().map(|_| Membrane { leak_s: 0.0, leak_a: 0.0, firing: None }).collect();
    let spreads = plan.mechanisms.iter().filter(|spread| !spread.mechanism.is_pool);
    for ((spread, role), _) in spreads.zip(roles).zip(&cell.densities) {
        let mechanism = &spread.mechanism;
        let value = |name: &str, cv: usize| {
            let at = mechanism.varying.iter().position(|varying| varying == name);
            let uniform = mechanism.dynamics.parameter(name).map_or(0.0, |p| p.value);
            at.map_or(uniform, |column| spread.values[column][cv])
        };
        for (cv, membrane) in found.iter_mut().enumerate().filter(|(cv, _)| spread.cover[*cv] > 0.0) {
            match role {
                Role::Leak => {
                    let leak = value("condDensity", cv) * spread.cover[cv] * cvs[cv].area_m2;
                    membrane.leak_s += leak;
                    membrane.leak_a += leak * value("erev", cv);
                }
                Role::Reset { threshold_v, refractory_s } => {
                    membrane.firing = Some(Firing {
                        threshold: threshold_v * 1e3,
                        reset: value("erev", cv) * 1e3,
                        refractory: readable(refractory_s * 1e3),
                    });
                }
            }
        }
    }
    found
}

/// Lays out `cell` as a tree called `class`; what of it the chip can't hold is told to `cannot`.
///
/// # Errors
/// If it is none: forks without a membrane, active channels, pools, too many compartments.
pub(super) fn tree(cell: &CableCell, class: &str, cannot: &mut dyn FnMut(Error)) -> Result<Tree> {
    if !cell.pools.is_empty() {
        return Err(unsupported("ion concentrations: a circuit has none".to_string()));
    }
    let roles: Vec<Role> = cell.densities.iter().map(role).collect::<Result<_>>()?;
    let plan = CellPlan::new(cell, &[])?;
    let cut = &plan.discretisation;
    let n = cut.cvs.len();
    let first = "reduce the cell first: neuropil reduce MODEL --fit brainscales2";
    if cut.node_cv.contains(&NONE) {
        let message = "branches that meet without a compartment between them: circuits meet at a compartment";
        return Err(unsupported(message.to_string()).help(first));
    }
    let mut neighbours: Vec<Vec<usize>> = vec![Vec::new(); n];
    let mut edges: Vec<(usize, usize, f64)> = Vec::new();
    for (node, parent) in cut.node_parent.iter().enumerate().filter(|(_, parent)| **parent != NONE) {
        let (a, b) = (cut.node_cv[node] as usize, cut.node_cv[*parent as usize] as usize);
        neighbours[a].push(b);
        neighbours[b].push(a);
        edges.push((a, b, plan.axial_s[node]));
    }
    let membranes = membranes(cell, &plan, &roles);
    let fires = membranes.iter().position(|membrane| membrane.firing.is_some());
    let end = fires.or_else(|| neighbours.iter().position(|list| list.len() < 2)).unwrap_or(0);
    let Some(placed) = place(&neighbours, end) else {
        let message = format!(
            "{n} compartments: the tree has no place on two rows of {} circuits: a row holds a chain with twigs of one compartment",
            bss2::MOST_COLUMNS
        );
        return Err(unsupported(message).help(first));
    };
    let capacitance = |cv: usize| plan.capacitance_f[cut.cvs[cv].node as usize];
    let largest = (0..n).map(capacitance).fold(0.0_f64, f64::max);
    let strongest = edges.iter().map(|(.., g)| *g).fold(0.0_f64, f64::max);
    let mut labels = vec![String::new(); n];
    let mut compartments = Vec::with_capacity(n);
    for (place, cv) in outwards(&placed, end).into_iter().enumerate() {
        let section = &cell.morphology.section(cut.cvs[cv].section).name;
        let label = format!("{}_{}", identifier(section), place);
        labels[cv].clone_from(&label);
        let size = capacitance(cv) / largest * f64::from(bss2::CAPACITANCE);
        let steps = Range { name: "", least: 1.0, greatest: f64::from(bss2::CAPACITANCE), unit: "steps" };
        if size < 0.5 {
            within(&format!("capacitance of compartment {label}"), readable(size), &steps, cannot);
        }
        let wanted = |what: &str, tau: f64, range: &Range, cannot: &mut dyn FnMut(Error)| {
            within(&format!("{what} of compartment {label}"), readable(tau * 1e3), range, cannot)
        };
        let tau_m = wanted("tau_m", capacitance(cv) / membranes[cv].leak_s, &bss2::TAU_M, cannot);
        let of = |contact: Contact| {
            let circuits = placed.circuits[cv].iter().filter(move |c| c.contact == Some(contact));
            circuits.map(crate::hardware::brainscales::placement::Circuit::number)
        };
        let own = of(Contact::Conductance).next().zip(placed.towards[cv]);
        let coupling = own.and_then(|(circuit, to)| {
            let g =
                edges.iter().find(|(a, b, _)| (*a, *b) == (cv, to) || (*b, *a) == (cv, to)).map(|e| e.2)?;
            let tau = wanted("tau_icc", capacitance(cv) / g, &bss2::BETWEEN_COMPARTMENTS, cannot);
            let setting = (g / strongest * f64::from(bss2::CAPMEM)).round().max(1.0);
            Some(((circuit, setting as u32), tau))
        });
        compartments.push(Compartment {
            label: label.clone(),
            positions: placed.circuits[cv].iter().map(|c| c.number()).collect(),
            direct: of(Contact::Direct).collect(),
            conductance: coupling.map(|(conductance, _)| conductance),
            capacitance: size.round().max(1.0) as u32,
            threshold: fires.map(|_| if membranes[cv].firing.is_some() { "True" } else { "False" }),
            tau_m,
            tau_icc: coupling.map_or(0.0, |(_, tau)| tau),
            leak: membranes[cv].leak_a / membranes[cv].leak_s * 1e3,
            firing: membranes[cv].firing.map(|firing| Firing {
                refractory: within(
                    &format!("tau_refrac of compartment {label}"),
                    firing.refractory,
                    &bss2::TAU_REFRAC,
                    cannot,
                ),
                ..firing
            }),
        });
    }
    let link = |line: &Line| Link { start: line.start, stop: line.stop, row: line.row };
    Ok(Tree {
        class: class.to_string(),
        compartments,
        links: placed.lines.iter().map(link).collect(),
        circuits: placed.n_circuits(),
        synapses: synapses(cell, cannot),
        capacitance_f: largest,
        labels,
    })
}

/// The compartments from the one in the middle of the placement on, `first` before its like.
fn outwards(placed: &Placement, first: usize) -> Vec<usize> {
    let centre = placed.towards.iter().position(Option::is_none).unwrap_or(first);
    let mut order = vec![centre];
    let mut at = 0;
    while let Some(node) = order.get(at).copied() {
        order.extend((0..placed.towards.len()).filter(|other| placed.towards[*other] == Some(node)));
        at += 1;
    }
    order
}

/// The synaptic time constants that are wanted; circuits have one for each receptor.
fn synapses(cell: &CableCell, cannot: &mut dyn FnMut(Error)) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, parameter) in [("excitatory", "tau_syn_E"), ("inhibitory", "tau_syn_I")] {
        let own = cell.synapses.iter().filter(|synapse| {
            crate::codegen::standard::receptor_of(synapse).is_ok_and(|receptor| receptor.name == name)
        });
        let mut known: Option<(f64, f64)> = None;
        for synapse in own {
            let of = |name: &str| synapse.dynamics.parameter(name).map_or(0.0, |p| readable(p.value * 1e3));
            let pair = (of("tauDecay"), of("erev"));
            match known {
                None => known = Some(pair),
                Some(known) if known != pair => cannot(unsupported(format!(
                    "synapse '{}' decays in {} ms towards {} mV; other {name} ones of the cell in {} ms towards {} mV, which are taken",
                    synapse.name, pair.0, pair.1, known.0, known.1
                ))),
                Some(_) => {}
            }
        }
        let range = bss2::range(parameter);
        if let (Some((tau, reversal)), Some(range)) = (known, range) {
            let tau = within(parameter, tau, range, cannot);
            lines.push(format!("{name}: {tau} ms, towards {reversal} mV"));
        }
    }
    lines
}

/// The label of the compartment that holds `location` of a cell laid out by [`tree`].
pub(super) fn label_at<'c>(tree: &'c Tree, plan: &CellPlan, location: Location) -> &'c str {
    let cv = plan.discretisation.cv_at(location.section, location.fraction) as usize;
    tree.labels.get(cv).map_or("", String::as_str)
}
