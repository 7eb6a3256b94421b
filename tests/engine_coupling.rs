//! Contacts that read each other: gap junctions and graded synapses.

mod common;

use std::sync::Arc;

use common::lems::{attach, flat, point, record};
use common::sim::{Run, run_model, worst};
use neuropil::dynamics::interpret::Instance;
use neuropil::engine::{Options, Simulation};
use neuropil::model::{Attachments, CableCell, Contact, Coupling, Density, Method, Model, PopulationCell};
use neuropil::morph::{Morphology, SectionId, SectionKind, SectionPlan};
use neuropil::select::{Location, Points, Region};
use neuropil::simd::Level;

fn single(model: &Model) -> Run {
    run_model(model, &Options { threads: 1, ..Options::default() })
}

fn fault(model: &Model) -> String {
    Simulation::new(model, &Options::default()).unwrap_err().to_string()
}

const PASSIVE: &str = r#"
<iafCell id="cell" C="0.1nF" leakConductance="10nS" leakReversal="-65mV" thresh="1000mV" reset="0mV"/>
<gapJunction id="gap" conductance="5nS"/>"#;

/// Two passive point cells with a gap junction of twice 5 nS.
fn two_points(dt_s: f64, method: Method) -> Model {
    let mut model = Model::new("gap", 20e-3, dt_s, 300.0);
    model.run.method = method;
    let p = model.add_population("p", 2, point(flat(PASSIVE, "cell")));
    model.populations[p].initial_v = vec![-45e-3, -65e-3];
    let list = attach(&mut model, "gap", p, &flat(PASSIVE, "gap"), &[0, 1]);
    model.attachments[list as usize].contacts.iter_mut().for_each(|c| c.weight = 2.0);
    model.couplings = vec![Coupling { one: (list, 0), other: (list, 1) }];
    record(&mut model, p, &["v", "gap.i"], "v");
    model
}

/// The same of cells with a shape, one compartment each: 0.1 nF and 10 nS.
fn two_cables(dt_s: f64, method: Method) -> Model {
    let mut model = Model::new("gap", 20e-3, dt_s, 300.0);
    model.run.method = method;
    // 10⁴ µm² with 1 µF/cm² and 0.1 mS/cm².
    let section = SectionPlan::cylinder("soma", SectionKind::Soma, 100.0, 100.0 / std::f64::consts::PI);
    let morphology = Morphology::from_sections("ball", &[section]).unwrap();
    let mut cell = CableCell::new(morphology, 0.01, 1.0, -65e-3);
    cell.densities = vec![Density::ohmic("pas", Region::All, 1.0, -65e-3).unwrap()];
    let p = model.add_population("p", 2, PopulationCell::Cable(Arc::new(cell)));
    model.populations[p].initial_v = vec![-45e-3, -65e-3];
    let location = Some(Location { section: SectionId(0), fraction: 0.5 });
    let contacts = (0..2).map(|cell| Contact { cell, location, weight: 2.0 }).collect();
    let dynamics = flat(PASSIVE, "gap");
    model.attachments.push(Attachments { name: "gap".into(), population: p, list: None, dynamics, contacts });
    model.couplings = vec![Coupling { one: (0, 0), other: (0, 1) }];
    model.record(p, Points::At(Region::All, 0.5), &["v", "gap.i"], "v");
    model
}

#[test]
fn a_gap_junction_between_passive_cells_is_of_the_methods_order() {
    let error = |points: bool, dt_s: f64, method: Method| {
        let (model, place) = match points {
            true => (two_points(dt_s, method), ""),
            false => (two_cables(dt_s, method), ".soma"),
        };
        let run = single(&model);
        let [a, b] = [0, 1].map(|cell| run.scaled("v", &format!("p[{cell}]{place}.v"), 1e3));
        // Sum and difference decay by themselves: τ = C/g and C/(g + 2 G).
        let want = |i: usize, sign: f64| {
            let t = i as f64 * dt_s * 1e3;
            -65.0 + 10.0 * (-t / 10.0).exp() + sign * 10.0 * (-t / (0.1e3 / 30.0)).exp()
        };
        let curve = |sign| (0..a.len()).map(|i| want(i, sign)).collect::<Vec<f64>>();
        worst(&a, &curve(1.0)).max(worst(&b, &curve(-1.0)))
    };
    for points in [true, false] {
        for (method, order) in [(Method::BackwardEuler, 1.0), (Method::CrankNicolson, 2.0)] {
            let errors = [0.2e-3, 0.1e-3, 0.05e-3, 0.025e-3].map(|dt| error(points, dt, method));
            println!("points {points}, {method:?}: off by {errors:?} mV");
            for pair in errors.windows(2).skip(1) {
                let found = (pair[0] / pair[1]).log2();
                assert!(
                    (found - order).abs() < 0.15,
                    "points {points}, {method:?}: order {found}, {errors:?}"
                );
            }
            assert!(errors[3] < if order == 1.0 { 0.1 } else { 0.001 }, "{errors:?}");
        }
    }
    // What flows into one flows out of the other, but for the step between them.
    let run = single(&two_points(0.01e-3, Method::BackwardEuler));
    let [a, b] = [0, 1].map(|cell| run.scaled("v", &format!("p[{cell}].gap.i"), 1e12));
    assert!((a[0] + 200.0).abs() < 1e-9 && (b[0] - 200.0).abs() < 1e-9, "{} {}", a[0], b[0]);
}

/// Prinz, Bucher & Marder 2004: a graded synapse follows the other cell's potential.
const GRADED: &str = r#"
<iafCell id="cell" C="1nF" leakConductance="50nS" leakReversal="-50mV" thresh="1000mV" reset="0mV"/>
<gradedSynapse id="graded" conductance="20nS" delta="5mV" Vth="-45mV" k="0.025per_ms" erev="-70mV"/>
<silentSynapse id="silent"/>
<sineGenerator id="wave" delay="10ms" duration="400ms" amplitude="1nA" phase="0" period="80ms"/>"#;

#[test]
fn a_graded_synapse_follows_the_interpreter() {
    let [cell, graded, silent, wave] = ["cell", "graded", "silent", "wave"].map(|id| flat(GRADED, id));
    let mut model = Model::new("graded", 0.3, 0.05e-3, 300.0);
    let p = model.add_population("p", 2, point(cell.clone()));
    let [pre, post] =
        [(&silent, 0), (&graded, 1)].map(|(d, cell)| attach(&mut model, &d.name, p, d, &[cell]));
    attach(&mut model, "wave", p, &wave, &[0]);
    model.couplings = vec![Coupling { one: (pre, 0), other: (post, 0) }];
    record(&mut model, p, &["v"], "v");
    let mut only = model.recordings[0].clone();
    (only.cells, only.file) = (neuropil::model::CellSet::Indices(vec![1]), "s".into());
    only.variables = vec!["graded.s".into(), "graded.i".into()];
    model.recordings.push(only);
    let run = single(&model);
    let (v0, v1, s) =
        (run.column("v", "p[0].v"), run.column("v", "p[1].v"), run.column("s", "p[1].graded.s"));
    // The plain interpreter, at a tenth of the step.
    let mut cells = [0, 1].map(|_| Instance::new(&cell, &[]).unwrap());
    let mut synapse = Instance::new(&graded, &[("weight", 1.0)]).unwrap();
    let dt = 0.005e-3;
    let (mut worst_v, mut worst_s) = (0.0f64, 0.0f64);
    for step in 0..60_000 {
        let t = f64::from(step) * dt;
        let v = [0, 1].map(|k| cells[k].value("v").unwrap());
        synapse.set_input("v", v[1]).unwrap();
        synapse.set_input("peer/v", v[0]).unwrap();
        synapse.update().unwrap();
        if step % 10 == 0 {
            let at = step as usize / 10;
            worst_v = worst_v.max((v1[at] - v[1]).abs()).max((v0[at] - v[0]).abs());
            worst_s = worst_s.max((s[at] - synapse.value("s").unwrap()).abs());
        }
        let on = (10e-3..410e-3).contains(&t);
        let injected = if on { 1e-9 * (2.0 * std::f64::consts::PI * (t - 10e-3) / 80e-3).sin() } else { 0.0 };
        cells[0].set_input("synapses[*]/i", injected).unwrap();
        cells[1].set_input("synapses[*]/i", synapse.value("i").unwrap()).unwrap();
        synapse.rk4(dt).unwrap();
        cells.iter_mut().for_each(|cell| cell.rk4(dt).unwrap());
    }
    println!("graded: v off by {:.4} mV, s by {worst_s:.5}", worst_v * 1e3);
    let swing = v1.iter().copied().fold(f64::MIN, f64::max) - v1.iter().copied().fold(f64::MAX, f64::min);
    assert!(swing > 2e-3, "{swing}");
    assert!(worst_v < 0.05e-3 && worst_s < 2e-3);
}

/// A contact that reads what its partner exposes: a derived variable and a state.
const READING: &str = r#"
<ComponentType name="sender" extends="baseSynapse">
  <Requirement name="v" dimension="voltage"/>
  <InstanceRequirement name="peer" type="baseSynapse"/>
  <Exposure name="double" dimension="voltage"/>
  <Exposure name="clock" dimension="time"/>
  <Constant name="AMP" dimension="current" value="1 A"/>
  <Dynamics>
    <StateVariable name="clock" dimension="time" exposure="clock"/>
    <TimeDerivative variable="clock" value="1"/>
    <DerivedVariable name="double" dimension="voltage" exposure="double" value="2 * v"/>
    <DerivedVariable name="i" dimension="current" exposure="i" value="0 * AMP"/>
  </Dynamics>
</ComponentType>
<ComponentType name="reader" extends="baseSynapse">
  <InstanceRequirement name="peer" type="sender"/>
  <Constant name="S" dimension="conductance" value="1 nS"/>
  <Dynamics>
    <DerivedVariable name="seen" dimension="voltage" select="peer/double"/>
    <DerivedVariable name="age" dimension="time" select="peer/clock"/>
    <DerivedVariable name="i" dimension="current" exposure="i" value="0 * S * seen"/>
  </Dynamics>
</ComponentType>
<sender id="sender"/><reader id="reader"/>
<iafCell id="cell" C="1nF" leakConductance="50nS" leakReversal="-50mV" thresh="1000mV" reset="0mV"/>"#;

#[test]
fn exposures_of_the_partner_are_those_of_the_last_step() {
    let mut model = Model::new("reading", 5e-3, 0.1e-3, 300.0);
    let p = model.add_population("p", 1, point(flat(READING, "cell")));
    let q = model.add_population("q", 1, point(flat(READING, "cell")));
    model.populations[p].initial_v = vec![-70e-3];
    let from = attach(&mut model, "sender", p, &flat(READING, "sender"), &[0]);
    let to = attach(&mut model, "reader", q, &flat(READING, "reader"), &[0]);
    model.couplings = vec![Coupling { one: (to, 0), other: (from, 0) }];
    record(&mut model, p, &["v", "sender.clock"], "p");
    record(&mut model, q, &["reader.seen", "reader.age"], "q");
    let run = single(&model);
    let (v, clock) = (run.column("p", "p[0].v"), run.column("p", "p[0].sender.clock"));
    let (seen, age) = (run.column("q", "q[0].reader.seen"), run.column("q", "q[0].reader.age"));
    for i in 0..v.len() {
        assert_eq!(seen[i], 2.0 * v[i], "step {i}");
        assert_eq!(age[i], clock[i.saturating_sub(1)], "step {i}");
    }
    let mut wrong = model.clone();
    wrong.couplings.clear();
    assert!(fault(&wrong).contains("coupled with nothing"), "{}", fault(&wrong));
    wrong.couplings = vec![Coupling { one: (to, 0), other: (to, 0) }];
    assert!(fault(&wrong).contains("coupled twice"), "{}", fault(&wrong));
    wrong.couplings = vec![Coupling { one: (to, 0), other: (from, 7) }];
    assert!(fault(&wrong).contains("contact 7"), "{}", fault(&wrong));
    wrong.recordings.clear();
    wrong.attachments[to as usize].population = p;
    wrong.attachments[from as usize] = wrong.attachments[to as usize].clone();
    wrong.couplings = vec![Coupling { one: (to, 0), other: (from, 0) }];
    assert!(fault(&wrong).contains("does not expose"), "{}", fault(&wrong));
}

#[test]
fn coupled_cells_give_the_same_bits_in_every_way() {
    for method in [Method::BackwardEuler, Method::CrankNicolson] {
        let mut model = Model::new("ring", 20e-3, 0.1e-3, 300.0);
        model.run.method = method;
        let text = r#"
<iafCell id="cell" C="0.1nF" leakConductance="10nS" leakReversal="-65mV" thresh="-50mV" reset="-65mV"/>
<pulseGenerator id="pulse" delay="1ms" duration="10ms" amplitude="0.5nA"/>
<gapJunction id="gap" conductance="2nS"/>"#;
        let n = 12;
        let [a, b] = ["a", "b"].map(|name| model.add_population(name, n, point(flat(text, "cell"))));
        let cells: Vec<u32> = (0..n as u32).collect();
        let lists =
            [a, b].map(|p| attach(&mut model, "gap", p, &flat(text, "gap"), &[&cells[..], &cells].concat()));
        for k in 0..n as u32 {
            let next = n as u32 + (k + 1) % n as u32;
            model.couplings.push(Coupling { one: (lists[0], k), other: (lists[1], k) });
            model.couplings.push(Coupling { one: (lists[1], next), other: (lists[0], n as u32 + k) });
        }
        attach(&mut model, "pulse", a, &flat(text, "pulse"), &[0, 5]);
        record(&mut model, a, &["v", "gap.i"], "a");
        record(&mut model, b, &["v"], "b");
        let bits = |run: &Run| -> Vec<Vec<u64>> {
            run.memory.tables.iter().map(|t| t.iter().map(|x| x.to_bits()).collect()).collect()
        };
        let first = single(&model);
        assert!(first.memory.spikes.len() > 3);
        assert!(first.column("b", "b[6].v").iter().any(|v| (v + 65e-3).abs() > 1e-6), "nothing comes across");
        for level in Level::available() {
            for (threads, group_size) in [(1, 1), (2, 5), (4, 3)] {
                let run = run_model(&model, &Options { threads, level, group_size });
                assert!(bits(&run) == bits(&first) && run.memory.spikes == first.memory.spikes);
            }
        }
    }
}
