//! The networks of Brette et al. 2007, J Comput Neurosci 23:349-398: benchmarks 2 (`cuba`), 1 (`coba`)
//! and 3 (`cobahh`), 4000 point cells of which 3200 are excitatory.
//!
//! Graph and potentials at the start come from a stateless hash, the same on every simulator. The
//! networks are chaotic: what is compared are rates. In place of the paper's kick a constant current
//! keeps `coba` and `cobahh` alive.

use std::sync::Arc;

use serde_json::json;

use super::{Prepared, Workload, rounded, spikes_ms};
use crate::dynamics::Dynamics;
use crate::engine::Memory;
use crate::error::{Error, ErrorKind, Result};
use crate::lems::{Element, Set};
use crate::library;
use crate::model::{
    CellSet, Connection, Model, Placed, PointCell, PointStep, Population, PopulationCell, Run, Stimulus,
};
use crate::select::{Points, Region};

const CELLS: usize = 4000;
const PROBABILITY: f64 = 0.02;
/// Of five cells this many are excitatory.
const EXCITATORY_OF_5: usize = 4;
/// Constant current into the cells of `coba` and `cobahh`, A.
const DRIVE: f64 = 150e-12;

/// A leaky integrator with a refractory time, and a synapse whose current jumps and decays.
const TYPES: &str = r#"<Lems>
  <ComponentType name="heldIafCell" extends="baseCellMembPotCap">
    <Parameter name="leakReversal" dimension="voltage"/>
    <Parameter name="leakConductance" dimension="conductance"/>
    <Parameter name="drive" dimension="current"/>
    <Parameter name="thresh" dimension="voltage"/>
    <Parameter name="reset" dimension="voltage"/>
    <Parameter name="refract" dimension="time"/>
    <Attachments name="synapses" type="basePointCurrent"/>
    <Dynamics>
      <StateVariable name="v" dimension="voltage" exposure="v"/>
      <StateVariable name="release" dimension="time"/>
      <DerivedVariable name="iSyn" dimension="current" exposure="iSyn" select="synapses[*]/i" reduce="add"/>
      <DerivedVariable name="iMemb" dimension="current" exposure="iMemb" value="leakConductance * (leakReversal - v) + drive + iSyn"/>
      <TimeDerivative variable="v" value="iMemb / C"/>
      <OnStart>
        <StateAssignment variable="v" value="reset"/>
      </OnStart>
      <OnCondition test="t .lt. release">
        <StateAssignment variable="v" value="reset"/>
      </OnCondition>
      <OnCondition test="v .gt. thresh">
        <StateAssignment variable="v" value="reset"/>
        <StateAssignment variable="release" value="t + refract"/>
        <EventOut port="spike"/>
      </OnCondition>
    </Dynamics>
  </ComponentType>
  <ComponentType name="expOneCurrentSynapse" extends="baseCurrentBasedSynapse">
    <Property name="weight" dimension="none" defaultValue="1"/>
    <Parameter name="ibase" dimension="current"/>
    <Parameter name="tauDecay" dimension="time"/>
    <Dynamics>
      <StateVariable name="I" dimension="current"/>
      <TimeDerivative variable="I" value="-I / tauDecay"/>
      <DerivedVariable name="i" dimension="current" exposure="i" value="I"/>
      <OnStart>
        <StateAssignment variable="I" value="0"/>
      </OnStart>
      <OnEvent port="in">
        <StateAssignment variable="I" value="I + weight * ibase"/>
      </OnEvent>
    </Dynamics>
  </ComponentType>
</Lems>"#;

/// The output step of splitmix64 (Steele, Lea & Flood 2014).
fn mix(z: u64) -> u64 {
    let z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Number `k` of a stream, uniform in [0, 1); `key` is the stream's number mixed.
fn uniform(key: u64, k: u64) -> f64 {
    (mix(key.wrapping_add(k)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Every ordered pair of different cells with the given probability, by source, then target.
fn pairs(n: usize) -> Vec<(usize, usize)> {
    let key = mix(1);
    let mut pairs = Vec::with_capacity((n as f64 * n as f64 * PROBABILITY * 1.05) as usize);
    for source in 0..n {
        let hit = |target: &usize| uniform(key, (source * n + target) as u64) < PROBABILITY;
        pairs.extend((0..n).filter(hit).filter(|&target| target != source).map(|target| (source, target)));
    }
    pairs
}

/// What the three networks differ by.
struct Kind {
    cell: Arc<Dynamics>,
    /// The excitatory synapse and the inhibitory one.
    synapses: [Arc<Dynamics>; 2],
    /// Factors on their unit, nS or pA.
    weights: [f64; 2],
    stimuli: Vec<Stimulus>,
}

fn flat(set: &Set, element: &Element, name: &str) -> Result<Arc<Dynamics>> {
    let mut dynamics = set.flatten(&set.build(element)?)?;
    dynamics.name = name.to_string();
    Ok(Arc::new(dynamics))
}

fn lif(set: &Set, leak_reversal: &str, drive_a: f64, dt_ms: f64) -> Result<Arc<Dynamics>> {
    // Time is a sum of steps with rounding errors: half a step more leaves no doubt which steps are
    // within the 5 ms.
    let cell = Element::new("heldIafCell")
        .with("id", "cell")
        .with("C", "200 pF")
        .with("leakConductance", "10 nS")
        .with("leakReversal", leak_reversal)
        .with("drive", format!("{drive_a} A"))
        .with("thresh", "-50 mV")
        .with("reset", "-60 mV")
        .with("refract", format!("{} ms", 5.0 + 0.5 * dt_ms));
    flat(set, &cell, "cell")
}

fn hodgkin_huxley(set: &Set) -> Result<Arc<Dynamics>> {
    // Numbers of channels of 1 pS (leak) and 10 pS: 10 nS, 20 µS, 6 µS.
    let population = |id: &str, channel: &str, number: &str, erev: &str| {
        Element::new("channelPopulation")
            .with("id", id)
            .with("ionChannel", channel)
            .with("number", number)
            .with("ion", "non_specific")
            .with("erev", erev)
    };
    let mut cell = Element::new("pointCellCondBased")
        .with("id", "cell")
        .with("C", "200 pF")
        .with("v0", "-60 mV")
        .with("thresh", "-20 mV");
    cell.children = vec![
        population("leak", "pas", "1e4", "-60 mV"),
        population("na", "na_traub", "2e6", "50 mV"),
        population("k", "k_traub", "6e5", "-90 mV"),
    ];
    flat(set, &cell, "cell")
}

fn kind(workload: &Workload) -> Result<Kind> {
    let mut set = library::set()?.clone();
    set.read_str(TYPES, "<bench>", &library::resolver())?;
    let conductance = |id: &str, tau: &str, erev: &str| {
        let synapse = Element::new("expOneSynapse").with("id", id).with("gbase", "1 nS");
        flat(&set, &synapse.with("tauDecay", tau).with("erev", erev), id)
    };
    let current_synapse = |id: &str, tau: &str| {
        let synapse = Element::new("expOneCurrentSynapse").with("id", id).with("ibase", "1 pA");
        flat(&set, &synapse.with("tauDecay", tau), id)
    };
    if workload.name == "cuba" {
        return Ok(Kind {
            cell: lif(&set, "-49 mV", 0.0, workload.dt_ms)?,
            synapses: [current_synapse("exc", "5 ms")?, current_synapse("inh", "10 ms")?],
            weights: [16.2, -90.0],
            stimuli: Vec::new(),
        });
    }
    let (cell, stimuli) = if workload.name == "coba" {
        (lif(&set, "-60 mV", DRIVE, workload.dt_ms)?, Vec::new())
    } else {
        // It outlasts any run; a point cell has but one place.
        let drive = Stimulus::step(0, CellSet::All, Points::At(Region::All, 0.5), 0.0, 1e9, DRIVE)?;
        (hodgkin_huxley(&set)?, vec![drive])
    };
    Ok(Kind {
        cell,
        synapses: [conductance("exc", "5 ms", "0 mV")?, conductance("inh", "10 ms", "-80 mV")?],
        weights: [6.0, 67.0],
        stimuli,
    })
}

pub(super) fn prepare(workload: &Workload) -> Result<Prepared> {
    let n = workload.n.unwrap_or(CELLS);
    if n < 5 {
        return Err(Error::new(ErrorKind::Value, format!("{n} cells are too few")).help("take at least 5"));
    }
    if workload.delay_ms.is_nan() || workload.delay_ms < 0.0 {
        return Err(Error::new(ErrorKind::Value, "the delay must not be negative"));
    }
    let excitatory = n * EXCITATORY_OF_5 / 5;
    let kind = kind(workload)?;
    let placed = |(name, dynamics): (&str, &Arc<Dynamics>)| Placed {
        name: name.into(),
        dynamics: dynamics.clone(),
        source: None,
        points: Points::At(Region::All, 0.5),
        parameters: Vec::new(),
    };
    let synapses = ["exc", "inh"].into_iter().zip(&kind.synapses).map(placed).collect();
    let connections: Vec<Connection> = pairs(n)
        .into_iter()
        .map(|(source, target)| {
            let synapse = usize::from(source >= excitatory);
            let delay_s = workload.delay_ms * 1e-3;
            Connection::to_synapse((0, source), (0, target), (synapse, 0), kind.weights[synapse], delay_s)
        })
        .collect();
    let key = mix(2);
    let size = json!({
        "n": n, "synapses": connections.len(), "dt": workload.dt_ms, "delay": workload.delay_ms,
    });
    let tstop_ms = workload.tstop_ms.unwrap_or(1000.0);
    let model = Model {
        name: workload.name.clone(),
        seed: 0,
        temperature_k: 309.15,
        run: Run {
            dt_s: workload.dt_ms * 1e-3,
            duration_s: tstop_ms * 1e-3,
            method: workload.method,
            point_step: PointStep::default(),
        },
        populations: vec![Population {
            name: "cells".into(),
            size: n,
            cell: PopulationCell::Point(Arc::new(PointCell { dynamics: kind.cell, source: None, synapses })),
            dt_s: None,
            initial_v: (0..n as u64).map(|k| -0.060 + 0.010 * uniform(key, k)).collect(),
            positions: Vec::new(),
            parameters: Vec::new(),
            initial: Vec::new(),
        }],
        stimuli: kind.stimuli,
        attachments: Vec::new(),
        couplings: Vec::new(),
        connections,
        projections: Vec::new(),
        recordings: Vec::new(),
        spike_detectors: Vec::new(),
        event_recordings: Vec::new(),
    };
    let check = move |memory: &Memory| {
        let spikes = spikes_ms(&memory.spikes);
        // Times are whole steps but for rounding errors.
        let until = |end: f64| spikes.iter().filter(|s| s.0 <= end + 1e-6).count();
        let first: Vec<_> = spikes.iter().take(5).map(|s| (rounded(s.0, 3), s.1)).collect();
        let late = |inhibitory: bool| {
            let kind = spikes.iter().filter(|s| (s.1 as usize >= excitatory) == inhibitory);
            kind.filter(|s| s.0 > 500.0 + 1e-6).count() as f64
        };
        let span_s = (tstop_ms.min(1000.0) - 500.0) * 1e-3;
        let rate = |count: f64, cells: usize| {
            if span_s > 0.0 { Some(rounded(count / cells as f64 / span_s, 3)) } else { None }
        };
        json!({
            "n20": until(20.0),
            "n100": until(100.0),
            "first": first,
            "last_ms": spikes.last().map(|s| rounded(s.0, 2)),
            "rate_e_hz": rate(late(false), excitatory),
            "rate_i_hz": rate(late(true), n - excitatory),
        })
    };
    Ok(Prepared { model, size, check: Box::new(check) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Options;

    #[test]
    fn the_graph_is_that_of_the_other_simulators() {
        let pairs = pairs(CELLS);
        assert_eq!(pairs.len(), 320_177);
        let sum: usize = pairs.iter().map(|(source, target)| 31 * source + 17 * target).sum();
        assert_eq!(sum, 30_740_872_867);
    }

    /// Spikes of the first 20 ms inside the spread of NEST 3.10, Brian 2.9 and NEURON under PyNN,
    /// widened by 5 %.
    #[test]
    fn the_first_spikes_are_as_many_as_on_other_simulators() {
        let spread = [("cuba", 717.0, 724.0), ("coba", 2161.0, 2246.0), ("cobahh", 3087.0, 3267.0)];
        for (name, low, high) in spread {
            let workload =
                Workload { name: name.into(), dt_ms: 0.1, tstop_ms: Some(20.0), ..Workload::default() };
            let outcome = super::super::run(&workload, &Options { threads: 1, ..Options::default() });
            let outcome = outcome.unwrap();
            let n = outcome.check["n20"].as_f64().unwrap();
            assert!((low * 0.95..=high * 1.05).contains(&n), "{name}: {n} spikes");
        }
    }

    #[test]
    fn spikes_do_not_depend_on_groups_and_threads() {
        for name in ["cuba", "coba", "cobahh"] {
            let workload = Workload {
                name: name.into(),
                dt_ms: 0.1,
                tstop_ms: Some(60.0),
                n: Some(900),
                ..Workload::default()
            };
            let model = super::super::model(&workload).unwrap();
            let spikes = |threads, group_size| {
                let options = Options { threads, group_size, ..Options::default() };
                let mut simulation = crate::engine::Simulation::new(&model, &options).unwrap();
                let mut memory = Memory::default();
                simulation.run(&mut memory, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
                memory.spikes
            };
            let whole = spikes(1, 8192);
            assert!(whole.len() > 100, "{name}: {} spikes", whole.len());
            assert_eq!(whole, spikes(2, 70), "{name}");
        }
    }
}
