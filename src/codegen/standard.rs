//! Point neurons as the standard cells of PyNN, which simulators and chips know by name.

use crate::dynamics::Dynamics;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Placed, PointCell, Population};

/// Receptors of PyNN's standard cells.
pub(crate) const RECEPTORS: [&str; 2] = ["excitatory", "inhibitory"];

/// Time constant (ms) of a receptor that a cell does not have.
const NO_RECEPTOR_MS: f64 = 5.0;

/// Synapses of cells of other types excite if they reverse above this, V.
const OWN_THRESHOLD_V: f64 = -0.05;

/// The cells of a population as a standard cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Standard {
    /// PyNN's name: `IF_cond_exp`.
    pub(crate) name: String,
    /// Its parameters in PyNN's units (mV, ms, nF, nA, µS), one value for all cells or one for each.
    pub(crate) parameters: Vec<(String, Vec<f64>)>,
    /// Initial values: `v` in mV, others in the type's units; one value for all cells or one for each.
    pub(crate) initial: Vec<(String, Vec<f64>)>,
    /// For each synapse of the cell the receptor that it is, and what a weight of 1 is in PyNN's units (µS, nA or mV).
    pub(crate) receptors: Vec<Receptor>,
}

/// A synapse of a cell as a receptor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Receptor {
    /// One of [`RECEPTORS`].
    pub(crate) name: &'static str,
    /// PyNN's weight for a weight of 1.
    pub(crate) weight: f64,
}

/// One cell.
struct One {
    name: String,
    parameters: Vec<(String, f64)>,
    initial: Vec<(String, f64)>,
    receptors: Vec<Receptor>,
}

/// The standard cell that the cells of `population` are.
///
/// # Errors
/// If there is none for their type or their synapses, with the reason.
pub(crate) fn standard(population: &Population, cell: &PointCell) -> Result<Standard> {
    let named = |e: Error| e.in_element(format!("population '{}'", population.name));
    let differs = !population.parameters.is_empty()
        || !population.initial.is_empty()
        || !population.initial_v.is_empty();
    if let Some((name, _)) = population.initial.iter().find(|(name, _)| name.contains('.')) {
        let message =
            format!("the state `{name}` of a receptor at the start is not said in PyNN's words yet");
        return Err(named(Error::new(ErrorKind::Unsupported, message)));
    }
    let n = if differs { population.size } else { 1 };
    let mut out: Option<Standard> = None;
    for at in 0..n {
        let own = of_cell(population, cell, at);
        let one = one(&own).map_err(named)?;
        let spread = |all: &[(String, f64)]| all.iter().map(|(n, x)| (n.clone(), vec![*x])).collect();
        match &mut out {
            None => {
                out = Some(Standard {
                    name: one.name,
                    parameters: spread(&one.parameters),
                    initial: spread(&one.initial),
                    receptors: one.receptors,
                });
            }
            Some(out) if out.receptors == one.receptors => {
                for ((_, values), (_, value)) in out.parameters.iter_mut().zip(one.parameters) {
                    values.push(value);
                }
                for ((_, values), (_, value)) in out.initial.iter_mut().zip(one.initial) {
                    values.push(value);
                }
            }
            Some(_) => {
                let message =
                    "synapses whose strength differs between cells are no receptors of a standard cell";
                return Err(named(Error::new(ErrorKind::Unsupported, message)));
            }
        }
    }
    let mut out = out.ok_or_else(|| named(Error::new(ErrorKind::Value, "it has no cells")))?;
    for (_, values) in out.parameters.iter_mut().chain(&mut out.initial) {
        if values.iter().all(|x| x.to_bits() == values[0].to_bits()) {
            values.truncate(1);
        }
    }
    Ok(out)
}

/// The receptor that an exponential synapse of a cell with a shape is: what reverses above [`OWN_THRESHOLD_V`] excites.
///
/// # Errors
/// If it is of another kind.
pub(crate) fn receptor_of(synapse: &Placed) -> Result<Receptor> {
    let of = |name: &str| synapse.dynamics.parameter(name).map(|p| p.value);
    match (synapse.dynamics.component_type.as_str(), of("erev"), of("gbase")) {
        ("expOneSynapse", Some(e), Some(g)) => {
            Ok(Receptor { name: RECEPTORS[usize::from(e < OWN_THRESHOLD_V)], weight: g * 1e6 })
        }
        _ => Err(no_receptor(synapse, "a compartment")),
    }
}

/// Cells of any type whose synapses are exponential: the receptors, and their parameters alone.
///
/// # Errors
/// If a synapse is of another kind, or cells differ.
pub(crate) fn own(population: &Population, cell: &PointCell) -> Result<Standard> {
    let named = |e: Error| e.in_element(format!("population '{}'", population.name));
    if !population.parameters.is_empty() {
        let message = "cells of a type of their own whose parameters differ are not written";
        return Err(named(Error::new(ErrorKind::Unsupported, message)));
    }
    let own = Own { cell, population, at: 0 };
    // What reverses above the potential at which most cells rest excites.
    let receptors = receptors(&own, OWN_THRESHOLD_V).map_err(named)?;
    if receptors.kind != "cond_exp" {
        let message = "its synapses are not exponential ones";
        return Err(named(Error::new(ErrorKind::Unsupported, message)));
    }
    Ok(Standard {
        name: cell.dynamics.component_type.clone(),
        parameters: receptors.parameters().into_iter().map(|(name, x)| (name, vec![x])).collect(),
        initial: Vec::new(),
        receptors: receptors.each,
    })
}

/// Cell `at` of the population, with its own parameters and initial values in place.
struct Own<'a> {
    cell: &'a PointCell,
    population: &'a Population,
    at: usize,
}

fn of_cell<'a>(population: &'a Population, cell: &'a PointCell, at: usize) -> Own<'a> {
    Own { cell, population, at }
}

impl Own<'_> {
    /// The value of a parameter of the cell (SI).
    fn parameter(&self, name: &str) -> Result<f64> {
        self.differing(name).or_else(|| self.cell.dynamics.parameter(name).map(|p| p.value)).ok_or_else(
            || {
                Error::new(
                    ErrorKind::Name,
                    format!("'{}' has no parameter '{name}'", self.cell.dynamics.name),
                )
            },
        )
    }

    /// The value of a parameter of one of its synapses (SI).
    fn of_synapse(&self, synapse: &Placed, name: &str) -> Result<f64> {
        let path = format!("{}.{name}", synapse.name);
        self.differing(&path).or_else(|| synapse.dynamics.parameter(name).map(|p| p.value)).ok_or_else(|| {
            Error::new(ErrorKind::Name, format!("'{}' has no parameter '{name}'", synapse.name))
        })
    }

    fn differing(&self, name: &str) -> Option<f64> {
        let (_, values) = self.population.parameters.iter().find(|(known, _)| known == name)?;
        values.get(self.at).copied()
    }

    /// The initial value of a state (SI), if one is given for the cell.
    fn initial(&self, state: &str) -> Option<f64> {
        let of_list = self.population.initial.iter().find(|(known, _)| known == state);
        let own = of_list.and_then(|(_, values)| values.get(self.at).copied());
        own.or_else(|| self.population.initial_v.get(self.at).copied().filter(|_| state == "v"))
    }
}

fn is_one_of(dynamics: &Dynamics, names: &[&str]) -> bool {
    names.contains(&dynamics.component_type.as_str())
}

fn one(own: &Own<'_>) -> Result<One> {
    let dynamics = &own.cell.dynamics;
    if dynamics.is_a("basePyNNCell") || is_one_of(dynamics, &["IF_curr_delta", "Izhikevich"]) {
        return of_pynn(own);
    }
    if is_one_of(dynamics, &["iafCell", "iafRefCell"]) {
        return of_iaf(own);
    }
    if is_one_of(dynamics, &["adExIaFCell"]) {
        return of_adex(own);
    }
    let message = format!("a cell of type {} is none of PyNN's standard cells", dynamics.component_type);
    Err(Error::new(ErrorKind::Unsupported, message)
        .help("standard cells are IF_…, EIF_…, HH_cond_exp, Izhikevich; iafCell, iafRefCell and adExIaFCell become such ones"))
}

/// A cell that is written as one of PyNN's: its parameters as they are.
fn of_pynn(own: &Own<'_>) -> Result<One> {
    let dynamics = &own.cell.dynamics;
    let mut parameters = Vec::new();
    let mut initial = Vec::new();
    for parameter in &dynamics.parameters {
        let name = parameter.name.as_str();
        let value = own.parameter(name)?;
        match name {
            "v_init" => initial.push(("v".to_string(), own.initial("v").map_or(value, |v| v * 1e3))),
            "u_init" => initial.push(("u".to_string(), own.initial("u").unwrap_or(value))),
            // Constants of the type and parameters derived from others.
            "MSEC" | "MVOLT" | "NFARAD" | "PAMP" | "NAMP" | "HAIR" | "THRESHOLD" | "eif_threshold" => {}
            _ if name.contains('/') => {}
            // PyNN counts this one in nS.
            "a" if dynamics.is_a("basePyNNCell") => parameters.push(("a".to_string(), value * 1e3)),
            _ => parameters.push((name.to_string(), value)),
        }
    }
    let mut receptors = Vec::new();
    let mut taken: [Option<&Placed>; 2] = [None; 2];
    for synapse in &own.cell.synapses {
        let at = RECEPTORS.iter().position(|receptor| *receptor == synapse.name);
        let at = match at {
            Some(at) if synapse.dynamics.is_a("basePynnSynapse") => at,
            _ => attached_receptor(own, &parameters, synapse)?,
        };
        // The constants are those of the synapse, whichever the cell has.
        for stem in ["tau_syn", "e_rev"] {
            let name = format!("{stem}_{}", ["E", "I"][at]);
            let Ok(of_synapse) = own.of_synapse(synapse, stem) else { continue };
            if let Some(known) = taken[at]
                && own.of_synapse(known, stem).ok() != Some(of_synapse)
            {
                return Err(second(synapse, at));
            }
            parameters.iter_mut().filter(|(n, _)| *n == name).for_each(|(_, value)| *value = of_synapse);
        }
        taken[at] = Some(synapse);
        receptors.push(Receptor { name: RECEPTORS[at], weight: 1.0 });
    }
    Ok(One { name: dynamics.component_type.clone(), parameters, initial, receptors })
}

/// The receptor of one of PyNN's cells, by its index, that a synapse is which a network puts on it: it must have the time course that
/// the cell's name says. What reverses above the threshold excites, and currents do.
fn attached_receptor(own: &Own<'_>, parameters: &[(String, f64)], synapse: &Placed) -> Result<usize> {
    let cell = own.cell.dynamics.component_type.as_str();
    let course = match synapse.dynamics.component_type.as_str() {
        "expCondSynapse" => "_cond_exp",
        "alphaCondSynapse" => "_cond_alpha",
        "expCurrSynapse" => "_curr_exp",
        "alphaCurrSynapse" => "_curr_alpha",
        _ => return Err(no_receptor(synapse, cell)),
    };
    if !cell.contains(course) {
        return Err(no_receptor(synapse, cell));
    }
    let threshold = parameters.iter().find(|(name, _)| name == "v_thresh").map_or(-50.0, |(_, mv)| *mv);
    let inhibits = own.of_synapse(synapse, "e_rev").is_ok_and(|e_rev| e_rev < threshold);
    Ok(usize::from(inhibits))
}

/// What is said of a second receptor of a kind.
fn second(synapse: &Placed, receptor: usize) -> Error {
    let message = format!(
        "synapse '{}' is a second {} receptor, with other constants: a standard cell has one of each",
        synapse.name, RECEPTORS[receptor]
    );
    Error::new(ErrorKind::Unsupported, message)
}

fn no_receptor(synapse: &Placed, cell: &str) -> Error {
    let message =
        format!("synapse '{}' ({}) is no receptor of {cell}", synapse.name, synapse.dynamics.component_type);
    Error::new(ErrorKind::Unsupported, message)
}

/// The two receptors of a cell of NeuroML as PyNN has them: which is which, their time constants (ms) and reversal potentials
/// (mV). What reverses above the threshold excites, or what is called so.
struct Receptors {
    kind: &'static str,
    tau_ms: [Option<f64>; 2],
    e_rev_mv: [Option<f64>; 2],
    each: Vec<Receptor>,
}

fn receptors(own: &Own<'_>, threshold_v: f64) -> Result<Receptors> {
    let mut found = Receptors { kind: "cond_exp", tau_ms: [None; 2], e_rev_mv: [None; 2], each: Vec::new() };
    for (at, synapse) in own.cell.synapses.iter().enumerate() {
        let (kind, tau, weight) = match synapse.dynamics.component_type.as_str() {
            "expOneSynapse" => ("cond_exp", "tauDecay", own.of_synapse(synapse, "gbase")? * 1e6),
            "alphaSynapse" => ("cond_alpha", "tau", own.of_synapse(synapse, "gbase")? * 1e6),
            "alphaCurrentSynapse" => ("curr_alpha", "tau", own.of_synapse(synapse, "ibase")? * 1e9),
            _ => return Err(no_receptor(synapse, "a standard cell")),
        };
        if at > 0 && kind != found.kind {
            let message = format!(
                "synapse '{}' is of another kind than '{}': a standard cell has receptors of one kind",
                synapse.name, own.cell.synapses[0].name
            );
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        found.kind = kind;
        let e_rev = own.of_synapse(synapse, "erev").ok();
        let excites = match e_rev {
            Some(e) => e >= threshold_v,
            None => synapse.name != "inhibitory",
        };
        let receptor = usize::from(!excites);
        let tau_ms = own.of_synapse(synapse, tau)? * 1e3;
        let e_rev_mv = e_rev.map(|e| e * 1e3);
        let taken = found.tau_ms[receptor].is_some_and(|known| known != tau_ms)
            || (found.tau_ms[receptor].is_some() && found.e_rev_mv[receptor] != e_rev_mv);
        if taken {
            return Err(second(synapse, receptor));
        }
        found.tau_ms[receptor] = Some(tau_ms);
        found.e_rev_mv[receptor] = e_rev_mv;
        found.each.push(Receptor { name: RECEPTORS[receptor], weight });
    }
    Ok(found)
}

impl Receptors {
    fn parameters(&self) -> Vec<(String, f64)> {
        let mut out = Vec::new();
        for (at, ending) in ["E", "I"].iter().enumerate() {
            out.push((format!("tau_syn_{ending}"), self.tau_ms[at].unwrap_or(NO_RECEPTOR_MS)));
        }
        if self.kind.starts_with("cond") {
            for (at, (ending, usual)) in [("E", 0.0), ("I", -70.0)].iter().enumerate() {
                out.push((format!("e_rev_{ending}"), self.e_rev_mv[at].unwrap_or(*usual)));
            }
        }
        out
    }
}

/// Leaky integrate and fire of NeuroML: PyNN's threshold is met where NeuroML's is passed, the step is the same.
fn of_iaf(own: &Own<'_>) -> Result<One> {
    let c = own.parameter("C")?;
    let leak = own.parameter("leakConductance")?;
    let rest = own.parameter("leakReversal")?;
    let receptors = receptors(own, own.parameter("thresh")?)?;
    let mut parameters = vec![
        ("cm".to_string(), c * 1e9),
        ("tau_m".to_string(), c / leak * 1e3),
        ("v_rest".to_string(), rest * 1e3),
        ("v_thresh".to_string(), own.parameter("thresh")? * 1e3),
        ("v_reset".to_string(), own.parameter("reset")? * 1e3),
        ("tau_refrac".to_string(), own.parameter("refract").unwrap_or(0.0) * 1e3),
        ("i_offset".to_string(), 0.0),
    ];
    parameters.extend(receptors.parameters());
    let initial = vec![("v".to_string(), own.initial("v").unwrap_or(rest) * 1e3)];
    Ok(One {
        name: format!("IF_{}", receptors.kind),
        parameters: tidied(parameters),
        initial: tidied(initial),
        receptors: receptors.each,
    })
}

/// The adaptive exponential cell of NeuroML.
fn of_adex(own: &Own<'_>) -> Result<One> {
    let receptors = receptors(own, own.parameter("VT")?)?;
    if !receptors.kind.starts_with("cond") {
        let message = "PyNN's exponential integrate-and-fire cells have conductances as receptors";
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    let (c, leak) = (own.parameter("C")?, own.parameter("gL")?);
    let rest = own.parameter("EL")?;
    let mut parameters = vec![
        ("cm".to_string(), c * 1e9),
        ("tau_m".to_string(), c / leak * 1e3),
        ("v_rest".to_string(), rest * 1e3),
        ("v_thresh".to_string(), own.parameter("VT")? * 1e3),
        ("v_spike".to_string(), own.parameter("thresh")? * 1e3),
        ("v_reset".to_string(), own.parameter("reset")? * 1e3),
        ("delta_T".to_string(), own.parameter("delT")? * 1e3),
        ("tau_refrac".to_string(), own.parameter("refract")? * 1e3),
        ("tau_w".to_string(), own.parameter("tauw")? * 1e3),
        // PyNN counts it in nS.
        ("a".to_string(), own.parameter("a")? * 1e9),
        ("b".to_string(), own.parameter("b")? * 1e9),
        ("i_offset".to_string(), 0.0),
    ];
    parameters.extend(receptors.parameters());
    let initial = vec![
        ("v".to_string(), own.initial("v").unwrap_or(rest) * 1e3),
        ("w".to_string(), own.initial("w").unwrap_or(0.0) * 1e9),
    ];
    let name = format!("EIF_{}_isfa_ista", receptors.kind);
    Ok(One { name, parameters: tidied(parameters), initial: tidied(initial), receptors: receptors.each })
}

/// Without the noise of unit conversion in the last digits: 0.25, not 0.25000000000000006.
fn tidied(values: Vec<(String, f64)>) -> Vec<(String, f64)> {
    let round = |x: f64| format!("{x:.14e}").parse().unwrap_or(x);
    values.into_iter().map(|(name, x)| (name, round(x))).collect()
}
