//! Events of what is attached to cells, and of second ports: as results, and as sources of connections.

use super::cables::{PARTS, WORLD};
use super::{fault, read, sim};
use neuropil::engine::Options;
use neuropil::neuroml::Simulation;

/// A document that writes `quantities`, and the events of `selections` (what, port).
fn document(body: &str, target: &str, quantities: &[&str], selections: &[(&str, &str)]) -> String {
    let text = super::document(body, target, 200.0, quantities);
    let one = |(at, (select, port)): (usize, &(&str, &str))| {
        format!("<EventSelection id=\"{at}\" select=\"{select}\" eventPort=\"{port}\"/>")
    };
    let all: String = selections.iter().enumerate().map(one).collect();
    let file =
        format!("<EventOutputFile id=\"ev\" fileName=\"ev.dat\" format=\"ID_TIME\">{all}</EventOutputFile>");
    text.replace("</Simulation>", &format!("{file}</Simulation>"))
}

/// The columns, and the steps of the events of each selection.
fn run(text: &str) -> (Vec<Vec<f64>>, Vec<Vec<usize>>) {
    let simulation: Simulation = read(text);
    let run = sim::run_model(&simulation.model, &Options { threads: 1, ..Options::default() });
    let cells: usize = simulation.model.populations.iter().map(|p| p.size).sum();
    let steps =
        |number: usize| run.spikes_ms(number as u32).iter().map(|t| (t / 0.025).round() as usize).collect();
    let events = simulation.events[0].selections.iter().map(|selection| match selection.recording {
        Some(recording) => steps(cells + recording),
        None => steps(selection.source.1),
    });
    let table = &simulation.outputs[0].table;
    let columns = run.names(table).iter().map(|name| run.column(table, name)).collect();
    (columns, events.collect())
}

/// Steps at which a column grows.
fn jumps(column: &[f64]) -> Vec<usize> {
    (1..column.len()).filter(|step| column[*step] > column[*step - 1]).collect()
}

const POISSON: &str = r#"
  <expOneSynapse id="fast" gbase="0.1nS" erev="0mV" tauDecay="0.5ms"/>
  <poissonFiringSynapse id="always" averageRate="300 Hz" synapse="fast" spikeTarget="./fast"/>
  <transientPoissonFiringSynapse id="a_while" delay="50ms" duration="100ms" averageRate="400 Hz" synapse="fast"
    spikeTarget="./fast"/>
  <iafCell id="silent" C="1nF" leakConductance="1nS" leakReversal="-70mV" thresh="1V" reset="-70mV"/>
  <network id="n"><population id="p" component="silent" size="2"/>
    <explicitInput target="p[0]" input="always"/><explicitInput target="p[1]" input="a_while"/>
    <explicitInput target="p[1]" input="always"/></network>"#;

/// A Poisson process sends through its own synapse: whenever it sends, the conductance jumps.
#[test]
fn the_events_of_a_poisson_synapse_are_those_that_its_synapse_hears() {
    let quantities = ["p[0]/always/synapse/g", "p[1]/synapses:a_while:0/synapse/g"];
    let selections =
        [("p[0]/always", "spike"), ("p[1]/silent/synapses:a_while:0", "spike"), ("p[0]", "spike")];
    let (columns, events) = run(&document(POISSON, "n", &quantities, &selections));
    for (column, events) in columns.iter().zip(&events) {
        let mut once = events.clone();
        once.dedup();
        assert_eq!(jumps(column), once);
        assert!(once.len() > 20, "{}", once.len());
    }
    assert!(events[1].iter().all(|step| (1999..=6001).contains(step)), "{:?}", events[1]);
    assert!(events[2].is_empty());
}

#[test]
fn what_sends_nothing_is_told() {
    for (select, port, told) in [
        ("p[0]/always", "in", "'always' have no port 'in' that sends"),
        ("p[0]/other", "spike", "the cell has no 'other' that sends events"),
        ("p[0]/always/synapse", "spike", "no port 'spike'"),
        ("p[0]", "tick", "cells of 'p' have no port 'tick' that sends"),
    ] {
        let message = fault(&document(POISSON, "n", &["p[0]/v"], &[(select, port)]));
        assert!(message.contains(told), "{select} {port}: {message}");
    }
}

/// A channel on a membrane is in every compartment: whose event would it be?
#[test]
fn events_of_what_is_spread_over_a_membrane_are_refused_by_name() {
    let body = r#"
      <ComponentType name="ticking" extends="baseIonChannel">
        <EventPort name="tick" direction="out"/><Parameter name="period" dimension="time"/>
        <Dynamics>
          <StateVariable name="s" dimension="time"/><TimeDerivative variable="s" value="1"/>
          <DerivedVariable name="fopen" dimension="none" exposure="fopen" value="1"/>
          <DerivedVariable name="g" dimension="conductance" exposure="g" value="conductance * fopen"/>
          <OnCondition test="s .gt. period"><StateAssignment variable="s" value="0"/><EventOut port="tick"/></OnCondition>
        </Dynamics>
      </ComponentType>
      <ticking id="leak" conductance="10pS" period="3ms"/>
      <cell id="c">
        <morphology id="m"><segment id="0"><proximal x="0" y="0" z="0" diameter="10"/>
          <distal x="0" y="10" z="0" diameter="10"/></segment></morphology>
        <biophysicalProperties id="b"><membraneProperties>
          <channelDensity id="leaks" ionChannel="leak" condDensity="0.3 mS_per_cm2" erev="-65 mV" ion="non_specific"/>
          <spikeThresh value="0mV"/><specificCapacitance value="1 uF_per_cm2"/>
          <initMembPotential value="-65 mV"/></membraneProperties>
          <intracellularProperties><resistivity value="0.1 kohm_cm"/></intracellularProperties></biophysicalProperties>
      </cell>
      <network id="n"><population id="p" component="c" size="1"/></network>"#;
    let select = "p[0]/b/membraneProperties/leaks/leak";
    let message = fault(&document(body, "n", &["p[0]/v"], &[(select, "tick")]));
    assert!(message.contains("events of 'leaks', which is spread over a membrane"), "{message}");
}

/// A cell with two ports: each can be recorded.
#[test]
fn a_second_port_of_a_cell() {
    let body = r#"
      <ComponentType name="twice" extends="baseCell">
        <EventPort name="spike" direction="out"/>
        <EventPort name="tick" direction="out"/>
        <Exposure name="n" dimension="none"/>
        <Constant name="A" dimension="time" value="9.99 ms"/><Constant name="B" dimension="time" value="24.99 ms"/>
        <Dynamics>
          <StateVariable name="n" dimension="none" exposure="n"/>
          <StateVariable name="a" dimension="time"/><StateVariable name="b" dimension="time"/>
          <TimeDerivative variable="a" value="1"/><TimeDerivative variable="b" value="1"/>
          <OnCondition test="a .gt. A"><StateAssignment variable="a" value="0 * A"/><EventOut port="spike"/></OnCondition>
          <OnCondition test="b .gt. B"><StateAssignment variable="b" value="0 * B"/><EventOut port="tick"/></OnCondition>
        </Dynamics>
      </ComponentType>
      <twice id="cell"/>
      <network id="n"><population id="p" component="cell" size="3"/></network>"#;
    let selections = [("p[1]", "tick"), ("p[1]", "spike"), ("p[2]/cell", "tick")];
    let (_, events) = run(&document(body, "n", &["p[0]/n"], &selections));
    let near = |got: &[usize], every: f64| {
        let steps: Vec<f64> = (1..=got.len()).map(|k| k as f64 * every / 0.025).collect();
        got.len() == (200.0 / every) as usize
            && got.iter().zip(steps).all(|(g, w)| (*g as f64 - w).abs() <= 1.0)
    };
    assert!(near(&events[0], 24.99) && near(&events[1], 9.99), "{events:?}");
    assert_eq!(events[0], events[2]);
}

/// What is attached to a cell with a shape sends to another cell.
#[test]
fn what_is_attached_to_a_cell_with_a_shape_sends() {
    let body = format!(
        r#"{PARTS}{WORLD}
        <ComponentType name="pacer" extends="basePointCurrent">
          <Parameter name="period" dimension="time"/>
          <Constant name="UNIT" dimension="current" value="1 pA"/>
          <EventPort name="beat" direction="out"/>
          <Dynamics>
            <StateVariable name="since" dimension="time"/>
            <DerivedVariable name="i" dimension="current" exposure="i" value="0 * UNIT"/>
            <TimeDerivative variable="since" value="1"/>
            <OnCondition test="since .gt. period"><StateAssignment variable="since" value="0 * period"/>
              <EventOut port="beat"/></OnCondition>
          </Dynamics>
        </ComponentType>
        <pacer id="pace" period="19.99ms"/>
        <ComponentType name="paced" extends="world"><Children name="beats" type="wire"/></ComponentType>
        <paced id="w" temperature="10 degC" number="3" member="c">
          <electrode id="e" input="pace" target="[0]"/>
          <wire id="w1" synapse="syn" from="[0]/synapses:pace:0" to="[2]" postSegmentId="1" lag="2ms" strength="2"/>
        </paced>"#
    );
    let (columns, events) =
        run(&document(&body, "w", &["[2]/synapses:syn:0/g"], &[("[0]/synapses:pace:0", "beat")]));
    assert_eq!(events[0].len(), 10, "{:?}", events[0]);
    assert!(events[0].iter().zip(1..).all(|(step, k)| step.abs_diff(800 * k) <= 10), "{:?}", events[0]);
    let arrived: Vec<usize> = events[0].iter().map(|step| step + 80).filter(|step| *step <= 8000).collect();
    assert_eq!(jumps(&columns[0]), arrived);
}
