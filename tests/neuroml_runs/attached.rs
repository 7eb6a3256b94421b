//! What is attached to cells, and where.

use super::{document, fault, read, samples};

/// A cell that reads two lists of currents, one for the half.
const TWO_LISTS: &str = r#"
  <ComponentType name="twoLists" extends="baseCell">
    <Attachments name="near" type="basePointCurrent"/>
    <Attachments name="far" type="basePointCurrent"/>
    <Exposure name="here" dimension="current"/><Exposure name="there" dimension="current"/>
    <Dynamics>
      <DerivedVariable name="here" dimension="current" exposure="here" select="near[*]/i" reduce="add"/>
      <DerivedVariable name="distant" dimension="current" select="far[*]/i" reduce="add"/>
      <DerivedVariable name="there" dimension="current" exposure="there" value="distant / 2"/>
    </Dynamics>
  </ComponentType>
  <twoLists id="two"/>
  <pulseGenerator id="one" delay="0ms" duration="1s" amplitude="1nA"/>
  <pulseGenerator id="ten" delay="0ms" duration="1s" amplitude="10nA"/>"#;

fn with_inputs(first: &str, second: &str) -> String {
    format!(
        r#"{TWO_LISTS}<network id="n"><population id="p" component="two" size="1"/>
           <explicitInput target="p[0]" input="one" {first}/>
           <explicitInput target="p[0]" input="ten" {second}/>
           <explicitInput target="p[0]" input="ten" {second}/></network>"#
    )
}

#[test]
fn the_destination_chooses_among_lists_of_one_type() {
    for (first, second, expected) in [
        (r#"destination="near""#, r#"destination="far""#, [1e-9, 10e-9]),
        (r#"destination="far""#, r#"destination="near""#, [20e-9, 0.5e-9]),
        ("", "", [21e-9, 0.0]),
    ] {
        let got = samples(&with_inputs(first, second), "n", 1.0, &["p[0]/here", "p[0]/there"]);
        for (column, expected) in got.iter().zip(expected) {
            assert!((column.last().unwrap() - expected).abs() < 1e-18, "{first} {second}: {column:?}");
        }
    }
    let strange = with_inputs(r#"destination="middle""#, "");
    let warnings = read(&document(&strange, "n", 1.0, &["p[0]/here"])).warnings;
    let [warning] = &warnings[..] else { panic!("{warnings:?}") };
    assert!(warning.message.contains("takes attachments at far, near"), "{}", warning.message);
}

/// A cell with a shape sums up its `synapses`: what is in a list that a type adds is read by nothing.
#[test]
fn a_cell_with_a_shape_has_one_list() {
    let cell = r#"
      <ComponentType name="cellOfTwo" extends="cell"><Attachments name="more" type="basePointCurrent"/></ComponentType>
      <ionChannelPassive id="leak" conductance="10pS"/>
      <cellOfTwo id="c"><morphology id="m"><segment id="0"><proximal x="0" y="0" z="0" diameter="10"/>
        <distal x="10" y="0" z="0" diameter="10"/></segment></morphology>
        <biophysicalProperties id="b"><membraneProperties>
          <channelDensity id="l" ionChannel="leak" condDensity="1 S_per_m2" erev="-65mV" ion="non_specific"/>
          <specificCapacitance value="1 uF_per_cm2"/><initMembPotential value="-65mV"/>
        </membraneProperties><intracellularProperties><resistivity value="100 ohm_cm"/></intracellularProperties>
        </biophysicalProperties></cellOfTwo>"#;
    let with = |destination: &str| {
        let body = format!(
            r#"{TWO_LISTS}{cell}<network id="n"><population id="p" component="c" size="1"/>
               <explicitInput target="p[0]" input="one" destination="{destination}"/></network>"#
        );
        document(&body, "n", 1.0, &["p[0]/v"])
    };
    assert!(read(&with("synapses")).warnings.is_empty());
    let message = fault(&with("more"));
    assert!(message.contains("reads its attachments 'synapses' alone"), "{message}");
    assert!(read(&with("nothing")).warnings.iter().any(|w| w.name == "other-destination"));
}
