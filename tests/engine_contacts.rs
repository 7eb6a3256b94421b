//! Synapses and inputs at places of single cells.

mod common;

use std::sync::Arc;

use common::lems::{attach, flat, point, record, times, to_contact};
use common::sim::{Run, model, run_model, worst};
use neuropil::engine::{Options, Simulation};
use neuropil::model::{Attachments, CellSet, Contact, Model, PopulationCell, Receiver, Recording, Site};
use neuropil::morph::SectionId;
use neuropil::select::Location;

const BRANCHED: &str = r#"
run = { duration = "30 ms", dt = "0.05 ms" }
[cell.c]
morphology = { sections = [
    { name = "soma", kind = "soma", length = "20 um", diameter = "20 um" },
    { name = "dend", kind = "basal_dendrite", parent = "soma", length = "300 um", diameter = "2 um" },
] }
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
initial_v = "-65 mV"
discretisation = { soma = 1, dend = 15 }
channels.pas = { on = "all", g = "0.1 mS/cm2", reversal = "-65 mV" }
synapses.exp2_syn = { at = "dend(0.3) | dend(0.7)", gbase = "3 nS" }
[population.c]
cell = "c"
size = 3
[population.s]
spike_times = ["2 ms", "9 ms"]
[[connection]]
from = "s"
to = "c"
synapse = "exp2_syn"
pairs = "all_to_all"
points = "all"
weight = 1.5
delay = "1 ms"
[[record]]
population = "c"
at = "soma | dend(0.7)"
variables = ["v", "exp2_syn.g"]
file = "v"
"#;

fn single(model: &Model) -> Run {
    run_model(model, &Options { threads: 1, ..Options::default() })
}

fn fault(model: &Model) -> String {
    Simulation::new(model, &Options::default()).unwrap_err().to_string()
}

fn on(section: u32, fraction: f64, cell: u32, weight: f64) -> Contact {
    Contact { cell, location: Some(Location { section: SectionId(section), fraction }), weight }
}

/// The model of [`BRANCHED`] with its synapses as contacts, those of the last cell first.
fn as_contacts() -> Model {
    let mut model = model(BRANCHED);
    let PopulationCell::Cable(cell) = &mut model.populations[0].cell else { panic!("no cable") };
    let synapse = Arc::make_mut(cell).synapses.remove(0);
    let contacts: Vec<Contact> =
        [2, 1, 0].into_iter().flat_map(|cell| [on(1, 0.3, cell, 1.0), on(1, 0.7, cell, 1.0)]).collect();
    let dynamics = synapse.dynamics;
    model.attachments.push(Attachments {
        name: "exp2_syn".into(),
        population: 0,
        list: None,
        dynamics,
        contacts,
    });
    for c in &mut model.connections {
        let Receiver::Synapse { point, .. } = c.receiver else { panic!("no synapse") };
        let contact = (2 - c.target.1 as u32) * 2 + point;
        c.receiver = Receiver::Contact { attachments: 0, contact };
    }
    model
}

#[test]
fn contacts_do_what_the_synapses_of_the_cell_do() {
    let (want, got) = (single(&model(BRANCHED)), single(&as_contacts()));
    assert_eq!(want.names("v"), got.names("v"));
    for name in want.names("v") {
        assert_eq!(want.column("v", name), got.column("v", name), "{name}");
    }
    let v = got.column("v", "c[1].soma.v");
    assert!(v.iter().any(|v| *v > -0.0645), "the synapses do nothing");
}

#[test]
fn contacts_are_recorded_by_name_and_number_and_columns_share_a_table() {
    let mut model = as_contacts();
    let whole = |variable: &str, cell: usize, label: Option<&str>| Recording {
        population: 0,
        cells: CellSet::Indices(vec![cell]),
        site: Site::Cell,
        variables: vec![variable.into()],
        interval_s: 0.0,
        file: "own".into(),
        label: label.map(str::to_string),
    };
    model.connections.retain(|c| c.receiver != Receiver::Contact { attachments: 0, contact: 4 });
    model.recordings.push(whole("exp2_syn[1].g", 0, Some("far")));
    model.recordings.push(whole("exp2_syn.g", 0, None));
    model.recordings.push(whole("exp2_syn[0].i", 2, None));
    let run = single(&model);
    assert_eq!(run.names("own"), ["far", "c[0].exp2_syn.g[0]", "c[0].exp2_syn.g[1]", "c[2].exp2_syn[0].i"],);
    assert_eq!(run.tables.len(), 2);
    let far = run.column("own", "far");
    assert!(
        far == run.column("own", "c[0].exp2_syn.g[1]") && far == run.column("v", "c[0].dend(0.7).exp2_syn.g")
    );
    assert!(far.iter().any(|g| *g > 1e-9));
    assert!(run.column("own", "c[0].exp2_syn.g[0]").iter().all(|g| *g == 0.0));

    let with = |recording: Recording| {
        let mut model = as_contacts();
        model.recordings.push(recording);
        fault(&model)
    };
    assert!(with(whole("exp2_syn[2].g", 0, None)).contains("has 2 of these"));
    assert!(with(whole("v", 0, None)).contains("recorded at places"));
    let slow = Recording { interval_s: 1e-3, file: "v".into(), ..whole("exp2_syn[0].g", 0, None) };
    assert!(with(slow).contains("sampled every 0.05 ms and every 1 ms"));
    let mut model = as_contacts();
    model.attachments[0].contacts.truncate(4);
    model.connections.retain(|c| c.target.1 != 0);
    assert!(
        fault(&model).contains("no mechanism") || fault(&model).contains("no 'exp2_syn'"),
        "{}",
        fault(&model)
    );
}

/// A capacitor of 1 nF with a leak of 1 nS: what comes in raises v.
const CELL: &str =
    r#"<iafCell id="cell" C="1nF" leakConductance="1nS" leakReversal="0mV" thresh="1000mV" reset="0mV"/>"#;

#[test]
fn the_weight_of_a_contact_is_the_inputs_own() {
    let input = r#"<pulseGenerator id="input" delay="1ms" duration="10ms" amplitude="0.1nA"/>"#;
    let (cell, input) = (flat(CELL, "cell"), flat(input, "input"));
    let mut model = Model::new("weights", 20e-3, 0.1e-3, 300.0);
    let p = model.add_population("p", 4, point(cell));
    let list = attach(&mut model, "input", p, &input, &[0, 1, 2, 2]);
    for (contact, weight) in model.attachments[list as usize].contacts.iter_mut().zip([1.0, 2.0, -0.5, 4.0]) {
        contact.weight = weight;
    }
    record(&mut model, p, &["v"], "v");
    model.recordings.push(Recording {
        cells: CellSet::Indices(vec![2]),
        variables: vec!["input.i".into(), "input[1].i".into()],
        file: "i".into(),
        ..model.recordings[0].clone()
    });
    let run = single(&model);
    let one = run.column("v", "p[0].v");
    assert!(one.iter().any(|v| *v > 0.9e-3), "{one:?}");
    for (cell, factor) in [(1, 2.0), (2, 3.5), (3, 0.0)] {
        let want: Vec<f64> = one.iter().map(|v| v * factor).collect();
        let got = run.column("v", &format!("p[{cell}].v"));
        assert!(worst(&got, &want) < 1e-15, "cell {cell}: {:e}", worst(&got, &want));
    }
    assert_eq!(run.names("i"), ["p[2].input.i[0]", "p[2].input.i[1]", "p[2].input[1].i"]);
    assert_eq!(run.column("i", "p[2].input.i[0]")[50], -0.05e-9);
    assert_eq!(run.column("i", "p[2].input[1].i")[50], 0.4e-9);
}

/// A current that one port turns up and the other off.
const SWITCH: &str = r#"
<ComponentType name="switch" extends="basePointCurrent">
  <Property name="weight" dimension="none" defaultValue="1"/>
  <Parameter name="amplitude" dimension="current"/>
  <EventPort name="up" direction="in"/>
  <EventPort name="off" direction="in"/>
  <Dynamics>
    <StateVariable name="level" dimension="none"/>
    <DerivedVariable name="i" dimension="current" exposure="i" value="level * amplitude"/>
    <OnEvent port="up"><StateAssignment variable="level" value="level + weight"/></OnEvent>
    <OnEvent port="off"><StateAssignment variable="level" value="0"/></OnEvent>
  </Dynamics>
</ComponentType>
<switch id="input" amplitude="1nA"/>"#;

#[test]
fn events_come_in_at_the_port_that_they_are_sent_to() {
    let (cell, input) = (flat(CELL, "cell"), flat(SWITCH, "input"));
    assert_eq!(input.in_ports(), ["up", "off"]);
    let mut model = Model::new("ports", 20e-3, 0.1e-3, 300.0);
    let p = model.add_population("p", 1, point(cell));
    let s = model.add_population("s", 1, times(&[2e-3, 5e-3]));
    let list = attach(&mut model, "input", p, &input, &[0]);
    let up = to_contact((s, 0), (p, 0), (list, 0), 3.0, 1e-3);
    let mut off = to_contact((s, 0), (p, 0), (list, 0), 1.0, 2e-3);
    off.port = 1;
    model.connections = vec![off, up];
    record(&mut model, p, &["input.i"], "i");
    let run = single(&model);
    for (step, i) in run.scaled("i", "p[0].input.i", 1e9).iter().enumerate() {
        let on = (30..40).contains(&step) || (60..70).contains(&step);
        assert!((i - if on { 3.0 } else { 0.0 }).abs() < 1e-12, "step {step}: {i}");
    }
    model.connections[0].port = 2;
    assert!(fault(&model).contains("port 2 of what has 2"), "{}", fault(&model));
    model.connections[0].port = 0;
    model.connections[0].receiver = Receiver::Contact { attachments: list, contact: 1 };
    assert!(fault(&model).contains("contact 1"), "{}", fault(&model));
}

#[test]
fn very_many_contacts_are_laid_out() {
    let synapse = r#"<expOneSynapse id="syn" gbase="0.01nS" erev="0mV" tauDecay="2ms"/>"#;
    let cell = flat(CELL, "cell");
    let mut model = Model::new("many", 1e-3, 0.1e-3, 300.0);
    let p = model.add_population("p", 1000, point(cell));
    // As a reader may do it: the same equations read again for each of many lists.
    for list in 0..500 {
        let own = flat(synapse, "syn");
        let cells: Vec<u32> = (0..200).map(|k| (k * 7 + list) % 1000).collect();
        let at = attach(&mut model, &format!("l{list}"), p, &own, &cells);
        let link = |k: u32| to_contact((p, 0), (p, cells[k as usize] as usize), (at, k), 1.0, 1e-3);
        model.connections.extend((0..200).map(link));
    }
    let simulation = Simulation::new(&model, &Options::default()).unwrap();
    assert_eq!(simulation.summary().instances, 100_000);
}

#[test]
fn inputs_that_differ_in_numbers_alone_act_each_with_its_own() {
    let cell = flat(CELL, "cell");
    let mut model = Model::new("inputs", 20e-3, 0.1e-3, 300.0);
    let p = model.add_population("p", 40, point(cell));
    for k in 0..40 {
        let (start, amplitude) = (f64::from(k) * 0.2 + 0.02, 0.05 * f64::from(k + 1));
        let input = format!(
            r#"<pulseGenerator id="input{k}" delay="{start}ms" duration="5ms" amplitude="{amplitude}nA"/>"#
        );
        attach(&mut model, &format!("input{k}"), p, &flat(&input, &format!("input{k}")), &[k]);
        let recording = Recording {
            population: p,
            cells: CellSet::Indices(vec![k as usize]),
            site: Site::Cell,
            variables: vec![format!("input{k}.i"), format!("input{k}.amplitude")],
            interval_s: 0.0,
            file: "i".into(),
            label: None,
        };
        model.recordings.push(recording);
    }
    let run = single(&model);
    for k in 0..40 {
        let (start, amplitude) = (f64::from(k) * 0.2 + 0.02, 0.05 * f64::from(k + 1));
        let i = run.scaled("i", &format!("p[{k}].input{k}.i"), 1e9);
        for (step, i) in i.iter().enumerate() {
            // The input acts with its value of the middle of the step.
            let on = (start..start + 5.0).contains(&(0.1 * step as f64 + 0.05));
            assert!((i - if on { amplitude } else { 0.0 }).abs() < 1e-12, "input {k}, step {step}: {i}");
        }
        let given = run.scaled("i", &format!("p[{k}].input{k}.amplitude"), 1e9);
        assert!((given[0] - amplitude).abs() < 1e-12);
    }
}
