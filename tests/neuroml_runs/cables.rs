//! Cells with a shape in structures that are no NeuroML network give what they give in one.

use super::{document, fault, read, samples};

/// A cell of two sections that spikes, a synapse, an input.
pub(super) const PARTS: &str = r#"
  <ionChannelHH id="na" conductance="10pS" species="na">
    <gateHHrates id="m" instances="3">
      <forwardRate type="HHExpLinearRate" rate="1per_ms" midpoint="-40mV" scale="10mV"/>
      <reverseRate type="HHExpRate" rate="4per_ms" midpoint="-65mV" scale="-18mV"/>
    </gateHHrates>
    <gateHHrates id="h" instances="1">
      <forwardRate type="HHExpRate" rate="0.07per_ms" midpoint="-65mV" scale="-20mV"/>
      <reverseRate type="HHSigmoidRate" rate="1per_ms" midpoint="-35mV" scale="10mV"/>
    </gateHHrates>
  </ionChannelHH>
  <ionChannelHH id="k" conductance="10pS" species="k">
    <gateHHrates id="n" instances="4">
      <q10Settings type="q10ExpTemp" q10Factor="3" experimentalTemp="6.3 degC"/>
      <forwardRate type="HHExpLinearRate" rate="0.1per_ms" midpoint="-55mV" scale="10mV"/>
      <reverseRate type="HHExpRate" rate="0.125per_ms" midpoint="-65mV" scale="-80mV"/>
    </gateHHrates>
  </ionChannelHH>
  <ionChannelPassive id="leak" conductance="10pS"/>
  <cell id="c">
    <morphology id="shape">
      <segment id="0"><proximal x="0" y="0" z="0" diameter="20"/><distal x="20" y="0" z="0" diameter="20"/></segment>
      <segment id="1"><parent segment="0"/><proximal x="20" y="0" z="0" diameter="3"/>
        <distal x="300" y="0" z="0" diameter="2"/></segment>
      <segmentGroup id="soma" neuroLexId="sao864921383"><member segment="0"/></segmentGroup>
      <segmentGroup id="dend" neuroLexId="sao864921383"><property tag="numberInternalDivisions" value="7"/>
        <member segment="1"/></segmentGroup>
    </morphology>
    <biophysicalProperties id="bio">
      <membraneProperties>
        <channelDensity id="naChans" ionChannel="na" condDensity="120 mS_per_cm2" erev="50mV" ion="na"/>
        <channelDensity id="kChans" ionChannel="k" condDensity="36 mS_per_cm2" erev="-77mV" ion="k"/>
        <channelDensity id="leakChans" ionChannel="leak" condDensity="0.3 mS_per_cm2" erev="-54.3mV"
          ion="non_specific"/>
        <spikeThresh value="-20mV"/>
        <specificCapacitance value="1 uF_per_cm2"/>
        <initMembPotential value="-65mV"/>
      </membraneProperties>
      <intracellularProperties><resistivity value="100 ohm_cm"/></intracellularProperties>
    </biophysicalProperties>
  </cell>
  <expOneSynapse id="syn" gbase="5nS" erev="0mV" tauDecay="3ms"/>
  <gapJunction id="gap" conductance="2nS"/>
  <pulseGenerator id="pulse" delay="2ms" duration="15ms" amplitude="0.4nA"/>
"#;

/// A world of cells with wires and electrodes, in types of its own.
pub(super) const WORLD: &str = r#"
  <ComponentType name="world">
    <Parameter name="temperature" dimension="temperature"/>
    <Parameter name="number" dimension="none"/>
    <ComponentReference name="member" type="cell"/>
    <Children name="wires" type="wire"/>
    <Children name="electrodes" type="electrode"/>
    <Structure><MultiInstantiate number="number" component="member"/></Structure>
  </ComponentType>
  <ComponentType name="wire">
    <ComponentReference name="synapse" type="baseSynapse"/>
    <Path name="from"/><Path name="to"/><Text name="postSegmentId"/>
    <Parameter name="lag" dimension="time"/><Parameter name="strength" dimension="none"/>
    <Structure>
      <With instance="from" as="a"/><With instance="to" as="b"/>
      <EventConnection from="a" to="b" receiver="synapse" receiverContainer="synapses" delay="lag">
        <Assign property="weight" value="strength"/>
      </EventConnection>
    </Structure>
  </ComponentType>
  <ComponentType name="bridge" extends="wire">
    <Structure>
      <With instance="from" as="a"/><With instance="to" as="b"/>
      <Tunnel name="peer" endA="a" endB="b" componentA="synapse" componentB="synapse"/>
    </Structure>
  </ComponentType>
  <ComponentType name="electrode">
    <ComponentReference name="input" type="basePointCurrent"/>
    <Path name="target"/>
    <Structure>
      <With instance="target" as="cell"/>
      <EventConnection from="cell" to="cell" receiver="input" receiverContainer="synapses"/>
    </Structure>
  </ComponentType>
"#;

const IN_WORLD: [&str; 6] =
    ["[0]/v", "[1]/v", "[1]/1/v", "[2]/v", "[1]/synapses:syn:0/g", "[0]/bio/membraneProperties/kChans/k/n/q"];

fn in_world(temperature: &str) -> String {
    format!(
        r#"{PARTS}{WORLD}
        <world id="w" temperature="{temperature}" number="3" member="c">
          <wire id="w1" synapse="syn" from="[0]" to="[1]" postSegmentId="1" lag="1ms" strength="2"/>
          <bridge id="b" synapse="gap" from="[1]" to="[2]" lag="0ms" strength="1"/>
          <electrode id="e" input="pulse" target="[0]"/>
        </world>"#
    )
}

#[test]
fn a_structure_gives_what_a_network_gives() {
    let network = format!(
        r#"{PARTS}
        <network id="n" type="networkWithTemperature" temperature="10 degC">
          <population id="p" component="c" size="3"/>
          <projection id="pr" presynapticPopulation="p" postsynapticPopulation="p" synapse="syn">
            <connectionWD id="0" preCellId="../p/0/c" postCellId="../p/1/c" postSegmentId="1" weight="2" delay="1ms"/>
          </projection>
          <electricalProjection id="ep" presynapticPopulation="p" postsynapticPopulation="p">
            <electricalConnection id="0" preCell="1" postCell="2" synapse="gap"/>
          </electricalProjection>
          <explicitInput input="pulse" target="p[0]"/>
        </network>"#
    );
    let of_network = ["p[0]/v", "p[1]/v", "p[1]/1/v", "p[2]/v", "p[1]/synapses:syn:0/g"];
    let of_network = [&of_network[..], &["p[0]/bio/membraneProperties/kChans/k/n/q"]].concat();
    let expected = samples(&network, "n", 20.0, &of_network);
    let got = samples(&in_world("10 degC"), "w", 20.0, &IN_WORLD);
    for ((quantity, expected), got) in IN_WORLD.iter().zip(&expected).zip(&got) {
        assert!(expected == got, "{quantity}");
    }
    // Both cells have spiked, the third follows through the gap junction.
    let most = |column: &[f64]| column.iter().copied().fold(f64::MIN, f64::max);
    assert!(most(&got[0]) > 0.0 && most(&got[1]) > 0.0 && most(&got[3]) > -0.06, "{:?}", most(&got[3]));
}

/// A world that is warmed up can't hold cells whose channels have one temperature.
#[test]
fn what_does_not_fit_is_refused() {
    let changing = in_world("10 degC").replace(
        "<Parameter name=\"temperature\" dimension=\"temperature\"/>",
        "<Parameter name=\"start\" dimension=\"temperature\"/>
         <Constant name=\"K\" dimension=\"temperature\" value=\"1 K\"/>
         <Constant name=\"MS\" dimension=\"time\" value=\"1 ms\"/>
         <Exposure name=\"temperature\" dimension=\"temperature\"/>
         <Dynamics><DerivedVariable name=\"temperature\" dimension=\"temperature\" exposure=\"temperature\"
           value=\"start + K * t / MS\"/></Dynamics>",
    );
    let changing = changing.replace("temperature=\"10 degC\"", "start=\"10 degC\"");
    let message = fault(&document(&changing, "w", 20.0, &["[0]/v"]));
    assert!(message.contains("its temperature changes in the run"), "{message}");

    let far = in_world("10 degC").replace("postSegmentId=\"1\"", "postSegmentId=\"7\"");
    let message = fault(&document(&far, "w", 20.0, &["[0]/v"]));
    assert!(message.contains("postSegmentId=\"7\"") && message.contains("no segment 7"), "{message}");

    let text = document(&in_world("10 degC"), "w", 20.0, &["[0]/9/v"]);
    let message = fault(&text);
    assert!(message.contains("no segment 9"), "{message}");
}

/// A type that extends `cell` with equations of its own is what these say, not a cable.
#[test]
fn own_equations_replace_the_cable() {
    let body = format!(
        r#"{PARTS}
        <ComponentType name="lazyCell" extends="cell">
          <Constant name="TAU" dimension="time" value="5 ms"/>
          <Constant name="END" dimension="voltage" value="-50 mV"/>
          <Dynamics>
            <StateVariable name="v" dimension="voltage" exposure="v"/>
            <StateVariable name="spiking" dimension="none" exposure="spiking"/>
            <DerivedVariable name="surfaceArea" dimension="area" exposure="surfaceArea"
              select="morphology/segments[*]/surfaceArea" reduce="add"/>
            <TimeDerivative variable="v" value="(END - v) / TAU"/>
          </Dynamics>
        </ComponentType>
        <lazyCell id="lazy"><morphology id="m"><segment id="0"><proximal x="0" y="0" z="0" diameter="10"/>
          <distal x="10" y="0" z="0" diameter="10"/></segment></morphology></lazyCell>
        <network id="n"><population id="p" component="lazy" size="1"/></network>"#
    );
    let simulation = read(&document(&body, "n", 5.0, &["p[0]/v"]));
    assert!(simulation.warnings.is_empty(), "{:?}", simulation.warnings);
    for (target, prefix) in [("n", "p[0]/"), ("lazy", "")] {
        let [v, area] = ["v", "surfaceArea"].map(|name| format!("{prefix}{name}"));
        let got = samples(&body, target, 5.0, &[&v, &area]);
        let expected = -0.05 * (1.0 - (-1f64).exp());
        assert!((got[0].last().unwrap() - expected).abs() < 1e-9, "{:?}", got[0].last());
        assert!((got[1][0] - std::f64::consts::PI * 1e-10).abs() < 1e-17, "{:?}", got[1][0]);
    }
}
