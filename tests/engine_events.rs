//! Who sends events and who receives them: detectors, ports, cells, relays.

mod common;

use common::cable::upward_crossings;
use common::lems::{attach, flat, point, record, times, to_contact};
use common::sim::{Run, model, run_model};
use neuropil::engine::{Options, Simulation};
use neuropil::model::{
    CellSet, Connection, EventRecording, Model, Receiver, Recording, Sender, Site, SpikeDetector,
};
use neuropil::select::{Points, Region};

fn single(model: &Model) -> Run {
    run_model(model, &Options { threads: 1, ..Options::default() })
}

fn fault(model: &Model) -> String {
    Simulation::new(model, &Options::default()).unwrap_err().to_string()
}

/// Counts events: a current that each raises by its weight, in nA.
pub const COUNTER: &str = r#"
<ComponentType name="counter" extends="basePointCurrent">
  <Property name="weight" dimension="none" defaultValue="1"/>
  <Constant name="unit" dimension="current" value="1nA"/>
  <Exposure name="n" dimension="none"/>
  <EventPort name="in" direction="in"/>
  <Dynamics>
    <StateVariable name="n" dimension="none" exposure="n"/>
    <DerivedVariable name="i" dimension="current" exposure="i" value="0 * n * unit"/>
    <OnEvent port="in"><StateAssignment variable="n" value="n + weight"/></OnEvent>
  </Dynamics>
</ComponentType>
<counter id="counter"/>
<iafCell id="cell" C="1nF" leakConductance="1nS" leakReversal="0mV" thresh="1000mV" reset="0mV"/>"#;

/// Steps at which `n` grows.
fn arrivals(n: &[f64]) -> Vec<usize> {
    n.windows(2).enumerate().filter(|(_, pair)| pair[1] > pair[0]).map(|(i, _)| i + 1).collect()
}

const AXON: &str = r#"
temperature = "6.3 degC"
run = { duration = "20 ms", dt = "0.025 ms" }
[cell.x]
morphology = { sections = [
    { name = "soma", kind = "soma", length = "20 um", diameter = "20 um" },
    { name = "axon", kind = "axon", parent = "soma", length = "3000 um", diameter = "2 um" },
] }
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
initial_v = "-65 mV"
discretisation = { soma = 1, axon = 61 }
channels.pas = { on = "all", g = "0.3 mS/cm2", reversal = "-54.3 mV" }
channels.na = { on = "all", g = "120 mS/cm2", reversal = "50 mV" }
channels.kdr = { on = "all", g = "36 mS/cm2", reversal = "-77 mV" }
spike = { at = "soma", threshold = "0 mV" }
[population.x]
cell = "x"
size = 1
[[stimulus]]
kind = "step"
population = "x"
at = "soma"
start = "1 ms"
stop = "2 ms"
amplitude = "1.5 nA"
[[record]]
population = "x"
at = "soma | axon(1)"
variables = ["v"]
file = "v"
"#;

#[test]
fn other_detectors_of_a_cell_drive_connections_and_are_its_spikes_only_if_asked_for() {
    let mut model = model(AXON);
    let (cell, counter) = (flat(COUNTER, "cell"), flat(COUNTER, "counter"));
    let p = model.add_population("p", 3, point(cell));
    let end = SpikeDetector {
        population: 0,
        points: Some(Points::At(Region::Named("axon".into()), 1.0)),
        threshold_v: 0.0,
        is_output: false,
    };
    model.spike_detectors.push(end);
    let list = attach(&mut model, "c", p, &counter, &[0, 1, 2]);
    for (cell, sender) in [(0, Sender::Cell), (1, Sender::Detector(0)), (2, Sender::Detector(1))] {
        let link = to_contact((0, 0), (p, cell), (list, cell as u32), 1.0, 1e-3);
        model.connections.push(Connection { sender, ..link });
    }
    record(&mut model, p, &["c.n"], "n");
    let run = single(&model);
    let crossing = |name: &str| upward_crossings(&run.scaled("v", name, 1e3), 0.025, 0.0)[0];
    let (soma, tip) = (crossing("x[0].soma.v"), crossing("x[0].axon(1).v"));
    assert!(tip > soma + 2.0, "{soma} and {tip}: no propagation");
    let step = |time: f64| ((time + 1.0) / 0.025 - 0.5).ceil() as usize;
    for (cell, time) in [(0, soma), (1, soma), (2, tip)] {
        assert_eq!(arrivals(&run.column("n", &format!("p[{cell}].c.n"))), [step(time)], "cell {cell}");
    }
    assert_eq!(run.memory.spikes.len(), 1);
    assert!((run.spikes_ms(0)[0] - soma).abs() < 1e-9);
    model.spike_detectors[1].is_output = true;
    let both = single(&model).spikes_ms(0);
    assert!(both.len() == 2 && (both[1] - tip).abs() < 1e-9, "{both:?}");
    model.connections[2].sender = Sender::Detector(2);
    assert!(fault(&model).contains("no spike detector 2"), "{}", fault(&model));
}

/// Two clocks in one, each with its port; and a relay.
const CLOCKS: &str = r#"
<ComponentType name="clocks">
  <Parameter name="one" dimension="time"/>
  <Parameter name="other" dimension="time"/>
  <EventPort name="tick" direction="out"/>
  <EventPort name="tock" direction="out"/>
  <Dynamics>
    <StateVariable name="a" dimension="time"/>
    <StateVariable name="b" dimension="time"/>
    <TimeDerivative variable="a" value="1"/>
    <TimeDerivative variable="b" value="1"/>
    <OnCondition test="a .gt. one"><StateAssignment variable="a" value="0"/><EventOut port="tick"/></OnCondition>
    <OnCondition test="b .gt. other"><StateAssignment variable="b" value="0"/><EventOut port="tock"/></OnCondition>
  </Dynamics>
</ComponentType>
<clocks id="clocks" one="2.95ms" other="4.95ms"/>
<ComponentType name="relay">
  <Property name="weight" dimension="none" defaultValue="1"/>
  <Exposure name="sum" dimension="none"/>
  <EventPort name="in" direction="in"/>
  <EventPort name="clear" direction="in"/>
  <EventPort name="out" direction="out"/>
  <EventPort name="echo" direction="out"/>
  <Dynamics>
    <StateVariable name="sum" dimension="none" exposure="sum"/>
    <OnEvent port="in">
      <StateAssignment variable="sum" value="sum + weight"/>
      <EventOut port="out"/>
    </OnEvent>
    <OnEvent port="clear"><StateAssignment variable="sum" value="0"/><EventOut port="echo"/></OnEvent>
  </Dynamics>
</ComponentType>
<relay id="relay"/>"#;

#[test]
fn each_port_of_a_cell_sends_for_itself() {
    let (clocks, cell, counter) = (flat(CLOCKS, "clocks"), flat(COUNTER, "cell"), flat(COUNTER, "counter"));
    assert_eq!(clocks.out_ports, ["tick", "tock"]);
    let mut model = Model::new("ports", 20.5e-3, 0.1e-3, 300.0);
    let c = model.add_population("c", 2, point(clocks));
    let p = model.add_population("p", 3, point(cell));
    let list = attach(&mut model, "n", p, &counter, &[0, 1, 2]);
    for (cell, sender) in [(0, Sender::Cell), (1, Sender::Port(0)), (2, Sender::Port(1))] {
        let link = to_contact((c, 1), (p, cell), (list, cell as u32), 1.0, 1e-3);
        model.connections.push(Connection { sender, ..link });
    }
    record(&mut model, p, &["n.n"], "n");
    let run = single(&model);
    let (tick, tock) = (vec![40, 70, 100, 130, 160, 190], vec![60, 110, 160]);
    for (cell, want) in [(0, &tick), (1, &tick), (2, &tock)] {
        assert_eq!(arrivals(&run.column("n", &format!("p[{cell}].n.n"))), *want, "cell {cell}");
    }
    assert_eq!(run.spikes_ms(0).len(), 6, "only the first port's are the cell's spikes");
    model.connections[2].sender = Sender::Port(2);
    assert!(fault(&model).contains("2 ports that send, not a port 2"), "{}", fault(&model));
}

fn to_cell(
    source: (usize, usize),
    target: (usize, usize),
    port: u16,
    weight: f64,
    delay_s: f64,
) -> Connection {
    let receiver = Receiver::Cell;
    Connection { source, sender: Sender::Cell, target, receiver, port, weight, delay_s }
}

#[test]
fn cells_receive_events_and_send_them_on() {
    let (relay, cell, counter) = (flat(CLOCKS, "relay"), flat(COUNTER, "cell"), flat(COUNTER, "counter"));
    let mut model = Model::new("relays", 20e-3, 0.1e-3, 300.0);
    let s = model.add_population("s", 1, times(&[2e-3, 5e-3, 5e-3]));
    let r = model.add_population("r", 4, point(relay));
    let p = model.add_population("p", 1, point(cell));
    let list = attach(&mut model, "n", p, &counter, &[0]);
    model.connections = vec![
        to_cell((s, 0), (r, 0), 0, 2.0, 1e-3),
        to_cell((r, 0), (r, 1), 0, 3.0, 1.5e-3),
        // Without a delay it takes one step.
        to_cell((r, 1), (r, 2), 0, 4.0, 0.0),
        to_cell((r, 2), (r, 3), 1, 1.0, 1e-3),
        to_cell((r, 2), (r, 3), 0, 7.0, 3e-3),
    ];
    // The echo of the last cell.
    let link = to_contact((r, 3), (p, 0), (list, 0), 1.0, 1e-3);
    model.connections.push(Connection { sender: Sender::Port(1), ..link });
    record(&mut model, r, &["sum"], "sum");
    record(&mut model, p, &["n.n"], "n");
    let run = single(&model);
    let steps =
        |cell: u32| -> Vec<i64> { run.spikes_ms(cell).iter().map(|t| (t * 10.0).round() as i64).collect() };
    // Cells are numbered after the source.
    assert_eq!(steps(1), [30, 60, 60]);
    assert_eq!(steps(2), [45, 75, 75]);
    assert_eq!(steps(3), [46, 76, 76]);
    assert_eq!(steps(4), [76, 106, 106]);
    assert_eq!(*run.column("sum", "r[0].sum").last().unwrap(), 6.0);
    assert_eq!(*run.column("sum", "r[2].sum").last().unwrap(), 12.0);
    let last = run.column("sum", "r[3].sum");
    assert_eq!((last[75], last[76], last[85], last[86], last[106]), (0.0, 7.0, 7.0, 0.0, 14.0));
    assert_eq!(arrivals(&run.column("n", "p[0].n.n")), [66, 96]);
    assert_eq!(*run.column("n", "p[0].n.n").last().unwrap(), 3.0);
    let mut wrong = model.clone();
    wrong.connections[0].port = 2;
    assert!(fault(&wrong).contains("port 2 of what has 2"));
    // Many steps an epoch or one, large groups or small: the same.
    let want = single(&model).memory;
    for (threads, group_size) in [(1, 1), (2, 2), (4, 1)] {
        let got = run_model(&model, &Options { threads, group_size, ..Options::default() }).memory;
        assert_eq!((got.tables, got.spikes), (want.tables.clone(), want.spikes.clone()));
    }
}

#[test]
fn an_event_moves_a_neurons_own_potential() {
    // A leaky integrator whose events jump: as in Brunel 2000.
    let text = r#"
<ComponentType name="jumping" extends="baseCellMembPot">
  <Property name="weight" dimension="none" defaultValue="1"/>
  <Parameter name="tau" dimension="time"/>
  <Parameter name="thresh" dimension="voltage"/>
  <Constant name="mV" dimension="voltage" value="1mV"/>
  <EventPort name="in" direction="in"/>
  <Dynamics>
    <StateVariable name="v" dimension="voltage" exposure="v"/>
    <TimeDerivative variable="v" value="-v / tau"/>
    <OnEvent port="in"><StateAssignment variable="v" value="v + weight * mV"/></OnEvent>
    <OnCondition test="v .gt. thresh"><StateAssignment variable="v" value="0"/><EventOut port="spike"/></OnCondition>
  </Dynamics>
</ComponentType>
<jumping id="cell" tau="10ms" thresh="7mV"/>"#;
    let mut model = Model::new("jumps", 20e-3, 0.1e-3, 300.0);
    let s = model.add_population("s", 1, times(&[1e-3, 4e-3, 9e-3]));
    let p = model.add_population("p", 1, point(flat(text, "cell")));
    model.connections = vec![to_cell((s, 0), (p, 0), 0, 4.0, 1e-3)];
    record(&mut model, p, &["v"], "v");
    let run = single(&model);
    let v = run.scaled("v", "p[0].v", 1e3);
    let at = |i: usize| 0.1 * i as f64;
    for (i, v) in v.iter().enumerate().take(100) {
        let mut want = 0.0;
        for t in [2.0, 5.0] {
            want += if at(i) > t - 0.05 { 4.0 * (-(at(i) - t) / 10.0).exp() } else { 0.0 };
        }
        assert!((v - want).abs() < 1e-12, "step {i}: {v}, not {want}");
    }
    // The third jump goes beyond the threshold, which the end of the step sees.
    assert!(v[100] > 7.0 && v[101] == 0.0);
    assert_eq!(run.spikes_ms(1).iter().map(|t| (t * 10.0).round()).collect::<Vec<_>>(), [101.0]);
}

#[test]
fn inputs_with_a_generator_and_a_synapse_of_their_own_act() {
    let text = r#"
<iafCell id="cell" C="1nF" leakConductance="1nS" leakReversal="-65mV" thresh="1000mV" reset="0mV"/>
<expOneSynapse id="syn" gbase="1nS" erev="-65mV" tauDecay="5ms"/>
<timedSynapticInput id="timed" synapse="syn" spikeTarget="./syn">
  <spike id="0" time="2ms"/><spike id="1" time="7ms"/>
</timedSynapticInput>"#;
    let mut model = Model::new("timed", 20e-3, 0.1e-3, 300.0);
    let p = model.add_population("p", 1, point(flat(text, "cell")));
    attach(&mut model, "in", p, &flat(text, "timed"), &[0]);
    model.recordings.push(Recording {
        population: p,
        cells: CellSet::All,
        site: Site::Cell,
        variables: vec!["in.synapse/g".into()],
        interval_s: 0.0,
        file: "g".into(),
        label: Some("g".into()),
    });
    let g = single(&model).scaled("g", "g", 1e9);
    for (i, g) in g.iter().enumerate() {
        let t = 0.1 * i as f64;
        let past = [2.0, 7.0].into_iter().filter(|s| *s < t + 0.05);
        let want: f64 = past.map(|s| (-(t - s) / 5.0).exp()).sum();
        assert!((g - want).abs() < 1e-9, "step {i}: {g}, not {want}");
    }
}

/// A contact that ticks, on one cell, is heard by a counter on another, and recorded beside the cells' spikes.
#[test]
fn contacts_send_by_their_ports() {
    let ticks = r#"
<ComponentType name="ticks" extends="basePointCurrent">
  <Constant name="unit" dimension="current" value="1nA"/>
  <EventPort name="in" direction="in"/>
  <EventPort name="tick" direction="out"/>
  <EventPort name="echo" direction="out"/>
  <Dynamics>
    <StateVariable name="since" dimension="time"/>
    <TimeDerivative variable="since" value="1"/>
    <DerivedVariable name="i" dimension="current" exposure="i" value="0 * unit"/>
    <OnCondition test="since .gt. 2.99e-3"><StateAssignment variable="since" value="0"/><EventOut port="tick"/>
    </OnCondition>
    <OnEvent port="in"><EventOut port="echo"/></OnEvent>
  </Dynamics>
</ComponentType>
<ticks id="ticks"/>
<iafCell id="cell" C="1nF" leakConductance="1nS" leakReversal="0mV" thresh="1000mV" reset="0mV"/>"#;
    let (sends, cell, counter) = (flat(ticks, "ticks"), flat(ticks, "cell"), flat(COUNTER, "counter"));
    let mut model = Model::new("contacts", 10e-3, 0.1e-3, 300.0);
    let p = model.add_population("p", 3, point(cell));
    let from = attach(&mut model, "ticks", p, &sends, &[0, 1]);
    let to = attach(&mut model, "n", p, &counter, &[0, 1, 2]);
    let sender = |contact, port| Sender::Contact { attachments: from, contact, port };
    // The ticks of one go to the other, whose echoes go on to the third cell.
    let link = to_contact((p, 0), (p, 1), (from, 1), 1.0, 1e-3);
    model.connections.push(Connection { sender: sender(0, 0), ..link });
    let link = to_contact((p, 1), (p, 2), (to, 2), 1.0, 0.5e-3);
    model.connections.push(Connection { sender: sender(1, 1), ..link });
    let source = (p, 1);
    model.event_recordings = [0, 1].map(|port| EventRecording { source, sender: sender(1, port) }).to_vec();
    record(&mut model, p, &["n.n"], "n");
    let run = single(&model);
    assert_eq!(arrivals(&run.column("n", "p[2].n.n")), [45, 75]);
    assert_eq!(*run.column("n", "p[1].n.n").last().unwrap(), 0.0);
    let steps = |number: u32| -> Vec<i64> {
        run.spikes_ms(number).iter().map(|t| (t * 10.0).round() as i64).collect()
    };
    // Numbers after the three cells are those of recordings.
    assert_eq!(steps(3), [30, 60, 90]);
    assert_eq!(steps(4), [40, 70, 100]);
    assert!((0..3).all(|cell| steps(cell).is_empty()));
    model.connections[0].source = (p, 2);
    assert!(fault(&model).contains("on cell 2 of 'p' there is no contact 0"), "{}", fault(&model));
}
