//! What published models have that the language does not: told, and run as other programs take it.

use super::{document, fault, read, samples};
use neuropil::neuroml;

/// A rate whose units are coupled by what they show of their state.
const RATES: &str = r#"
  <ComponentType name="unit" extends="baseCell">
    <Parameter name="start" dimension="none"/><Parameter name="tau" dimension="time"/>
    <Attachments name="synapses" type="basePointCurrentDL"/>
    <Exposure name="r" dimension="none"/>
    <Dynamics>
      <StateVariable name="r" dimension="none" exposure="r"/>
      <DerivedVariable name="drive" dimension="none" select="synapses[*]/I" reduce="add"/>
      <TimeDerivative variable="r" value="(drive - r) / tau"/>
      <OnStart><StateAssignment variable="r" value="start"/></OnStart>
    </Dynamics>
  </ComponentType>
  <ComponentType name="silent" extends="basePointCurrentDL">
    <Property name="weight" dimension="none" defaultValue="1"/>
    <Dynamics><DerivedVariable name="I" exposure="I" dimension="none" value="0"/></Dynamics>
  </ComponentType>
  <ComponentType name="follower" extends="basePointCurrentDL">
    <Property name="weight" dimension="none" defaultValue="1"/>
    <Requirement name="r" dimension="none"/>
    <InstanceRequirement name="peer" type="follower"/>
    <Dynamics>
      <DerivedVariable name="other" dimension="none" select="peer/r"/>
      <DerivedVariable name="I" exposure="I" dimension="none" value="weight * other"/>
    </Dynamics>
  </ComponentType>
  <unit id="held" start="2" tau="1e12s"/><unit id="free" start="0" tau="10ms"/>
  <silent id="none"/><follower id="follow"/>"#;

/// `peer/r` is what the other contact exposes, or the state `r` of the cell that it sits on.
#[test]
fn a_contact_reads_the_cell_on_the_other_side() {
    let coupled = |pre: &str, post: &str| {
        format!(
            r#"{RATES}<network id="n"><population id="a" component="held" size="1"/>
               <population id="b" component="free" size="1"/>
               <continuousProjection id="p" presynapticPopulation="a" postsynapticPopulation="b">
                 <continuousConnectionInstanceW id="0" preCell="../a/0/held" postCell="../b/0/free"
                   preComponent="{pre}" postComponent="{post}" weight="3"/>
               </continuousProjection></network>"#
        )
    };
    let r = samples(&coupled("none", "follow"), "n", 20.0, &["b[0]/r"]).remove(0);
    for (row, r) in r.iter().enumerate() {
        let expected = 6.0 * (1.0 - (-(row as f64) * 0.025 / 10.0).exp());
        assert!((r - expected).abs() < 1e-6, "{row}: {r}, {expected}");
    }
    let message = fault(&document(&coupled("none", "none"), "n", 1.0, &["b[0]/r"]));
    assert!(message.contains("does not read the cell on the other side"), "{message}");
}

#[test]
fn attributes_that_mean_nothing() {
    let of = |cell: &str, more: &str| {
        let types = RATES.replace("<Parameter name=\"start\"", "<Parameter name=\"start\" default=\"1\"");
        document(
            &format!(
                r#"{types}<unit id="x" {cell}/><network id="n" {more}><population id="p" component="x" size="1"/></network>"#
            ),
            "n",
            1.0,
            &["p[0]/r"],
        )
    };
    let warnings = read(&of(r#"start="1" tau="1s" colour="red""#, "")).warnings;
    let told: Vec<&str> =
        warnings.iter().filter(|w| w.name == "unknown-attribute").map(|w| w.message.as_str()).collect();
    assert!(told.len() == 2 && told[0].contains("'default'") && told[1].contains("'colour'"), "{told:?}");
    // A slip of the pen, and a parameter that only a default would give.
    let message = fault(&of(r#"strat="1" tau="1s""#, ""));
    assert!(message.contains("did you mean 'start'?"), "{message}");
    let message = fault(&of(r#"tau="1s""#, ""));
    assert!(message.contains("'start'"), "{message}");

    // In a document of NeuroML, check takes the schema's word.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.nml");
    let cell = r#"<neuroml id="d"><iafCell id="c" leakReversal="-60mV" thresh="-50mV" reset="-60mV" C="1nF"
                    leakConductance="1nS" colour="red"/></neuroml>"#;
    std::fs::write(&path, cell).unwrap();
    let report = neuroml::check(&path).unwrap();
    let errors: Vec<String> = report.errors.iter().map(ToString::to_string).collect();
    assert!(errors.len() == 1 && errors[0].contains("unknown attribute 'colour'"), "{errors:?}");
}

/// A child may be called by its id, and a time that is written as a plain number is in seconds.
#[test]
fn ids_of_children_and_plain_times() {
    let body = r#"
      <ComponentType name="flat" extends="baseVoltageDepTime">
        <Constant name="MS" dimension="time" value="1 ms"/>
        <Dynamics><DerivedVariable name="t" dimension="none" exposure="t" value="30 * MS"/></Dynamics>
      </ComponentType>
      <ionChannelHH id="chan" conductance="10pS">
        <gate id="m" instances="1" type="gateHHtauInf">
          <timeCourse type="flat"/>
          <steadyState type="HHSigmoidVariable" rate="1" midpoint="-50mV" scale="8mV"/>
        </gate>
      </ionChannelHH>
      <ComponentType name="patch" extends="baseCell">
        <Child name="channelPopulation" type="channelPopulation"/>
        <Exposure name="v" dimension="voltage"/>
        <Constant name="HELD" dimension="voltage" value="-50 mV"/>
        <Dynamics>
          <DerivedVariable name="v" dimension="voltage" exposure="v" value="HELD"/>
          <DerivedVariable name="i" dimension="current" select="channelPopulation/i"/>
        </Dynamics>
      </ComponentType>
      <patch id="held"><channelPopulation id="test" ionChannel="chan" number="1" erev="0mV"/></patch>
      <network id="n"><population id="p" component="held" size="1"/></network>"#;
    let simulation = read(&document(body, "n", 1.0, &["p[0]/test/chan/m/tau"]));
    assert!(simulation.warnings.iter().any(|w| w.message.contains("'t'")), "{:?}", simulation.warnings);
    let got = samples(body, "n", 1.0, &["p[0]/test/chan/m/tau", "p[0]/channelPopulation/ionChannel/m/inf"]);
    assert!(got[0].iter().all(|tau| (tau - 0.03).abs() < 1e-15) && got[1].iter().all(|inf| *inf == 0.5));
}
