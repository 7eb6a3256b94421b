//! What flattening makes of names, paths, references and inheritance.

use crate::{flat, names, set};
use neuropil::lems::{Document, Element, NoIncludes, Resolver, Set};
use neuropil::units::Dimension;
use std::path::{Path, PathBuf};

const DENSITY: &str = r#"
    <Constant name="R" dimension="idealGasConstantDims" value="8.3144621 J_per_K_per_mol"/>
    <ComponentType name="channel">
      <Text name="species"/>
      <Exposure name="open" dimension="none"/>
      <Requirement name="v" dimension="voltage"/>
      <Requirement name="shift" dimension="voltage"/>
      <Parameter name="half" dimension="voltage"/>
      <Dynamics>
        <DerivedVariable name="open" exposure="open" dimension="none" value="H(v - half - shift)"/>
      </Dynamics>
    </ComponentType>
    <ComponentType name="density">
      <ComponentReference name="ionChannel" type="channel"/>
      <Parameter name="gbar" dimension="conductanceDensity"/>
      <Parameter name="erev" dimension="voltage"/>
      <Parameter name="shift" dimension="voltage"/>
      <Requirement name="v" dimension="voltage"/>
      <Exposure name="iDensity" dimension="currentDensity"/>
      <Dynamics>
        <DerivedVariable name="f" dimension="none" select="ionChannel/open"/>
        <DerivedVariable name="i" exposure="iDensity" dimension="currentDensity" value="gbar * f * (erev - v)"/>
      </Dynamics>
      <Structure><ChildInstance component="ionChannel"/></Structure>
    </ComponentType>
    <channel id="na" half="-40 mV" species="na"/>"#;

#[test]
fn a_reference_becomes_part_of_the_whole() {
    let body = format!(
        "{DENSITY}<density id=\"d\" ionChannel=\"na\" gbar=\"2 mS_per_cm2\" erev=\"50 mV\" shift=\"5 mV\"/>"
    );
    let dynamics = flat(&body, "d");
    assert_eq!(names(&dynamics.inputs), ["v"]);
    let derived: Vec<String> = dynamics.derived.iter().map(|d| format!("{} = {}", d.name, d.value)).collect();
    assert_eq!(
        derived,
        [
            "ionChannel/open = H(v - {ionChannel/half} - shift)",
            "f = {ionChannel/open}",
            "i = gbar * f * (erev - v)"
        ]
    );
    assert_eq!(dynamics.exposed("iDensity"), Some("i"));
    assert_eq!(dynamics.parameter("gbar").unwrap().value, 20.0);
}

#[test]
fn components_are_made_from_code() {
    let set = set(DENSITY);
    let made = set
        .build(
            &Element::new("density")
                .with("id", "d")
                .with("ionChannel", "na")
                .with("gbar", "0.12 S/cm2")
                .with("erev", "50 mV")
                .with("shift", "0 mV"),
        )
        .unwrap();
    assert_eq!(set.flatten(&made).unwrap().parameter("gbar").unwrap().value, 1200.0);
    let wrong =
        set.build(&Element::new("density").with("id", "d").with("gbar", "1 nS")).unwrap_err().to_string();
    assert!(
        wrong.contains(
            "<density id=\"d\">: gbar=\"1 nS\": expected a conductance density, found a conductance"
        )
    );
    assert!(wrong.contains("parameter 'erev' is missing"), "{wrong}");
    let missing = set.build(&Element::new("density").with("ionChannel", "nb")).unwrap_err().to_string();
    assert!(!missing.is_empty());
}

#[test]
fn attachments_and_peers_are_inputs() {
    let dynamics = flat(
        r#"<ComponentType name="current"><Exposure name="i" dimension="current"/></ComponentType>
           <ComponentType name="junction">
             <InstanceRequirement name="peer" type="junction"/>
             <Attachments name="synapses" type="current"/>
             <Requirement name="v" dimension="voltage"/>
             <Parameter name="g" dimension="conductance"/>
             <Property name="weight" dimension="none" defaultValue="1"/>
             <Property name="gain" dimension="none" defaultValue="3"/>
             <Exposure name="i" dimension="current"/>
             <Dynamics>
               <DerivedVariable name="vpeer" dimension="voltage" select="peer/v"/>
               <DerivedVariable name="extra" dimension="current" select="synapses[*]/i" reduce="add"/>
               <DerivedVariable name="i" exposure="i" value="weight * gain * g * (vpeer - v) + extra"/>
             </Dynamics>
           </ComponentType>
           <junction id="j" g="1 nS"/>"#,
        "j",
    );
    assert_eq!(names(&dynamics.inputs), ["peer/v", "synapses[*]/i", "weight", "v"]);
    assert_eq!(dynamics.parameter("gain").unwrap().value, 3.0);
    assert_eq!(dynamics.derived.last().unwrap().dimension, Dimension::CURRENT);
}

/// jLEMS 0.12 says "Unused attribute in Component" and runs with the default.
#[test]
fn a_property_is_not_set_by_the_component_itself() {
    let body = r#"
        <ComponentType name="synapse">
          <Property name="weight" dimension="none" defaultValue="1"/>
          <Property name="gain" dimension="none"/>
          <Exposure name="i" dimension="none"/>
          <Dynamics><DerivedVariable name="i" exposure="i" value="weight * gain"/></Dynamics>
        </ComponentType>
        <ComponentType name="input">
          <ComponentReference name="synapse" type="synapse"/>
          <Exposure name="i" dimension="none"/>
          <Dynamics><DerivedVariable name="i" exposure="i" select="synapse/i"/></Dynamics>
          <Structure><ChildInstance component="synapse"/></Structure>
        </ComponentType>
        <synapse id="s" weight="0.1" gain="2"/>
        <input id="in" synapse="s"/>"#;
    let dynamics = flat(body, "in");
    let value = |name: &str| dynamics.parameters.iter().find(|p| p.name.ends_with(name)).unwrap().value;
    assert_eq!((value("weight"), value("gain")), (1.0, 2.0));
    let set = set(body);
    let warnings: Vec<_> = set.warnings().iter().filter(|w| w.name == "property-not-set").collect();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].message.contains("<synapse id=\"s\">: 'weight'"), "{}", warnings[0].message);
}

#[test]
fn paths_with_predicates_numbers_and_parents() {
    let body = r#"
        <ComponentType name="pool">
          <Text name="ion"/>
          <Parameter name="c" dimension="concentration"/>
          <Exposure name="conc" dimension="concentration"/>
          <Dynamics><DerivedVariable name="conc" exposure="conc" dimension="concentration" value="c"/></Dynamics>
        </ComponentType>
        <ComponentType name="reader">
          <Exposure name="seen" dimension="concentration"/>
          <Dynamics>
            <DerivedVariable name="seen" exposure="seen" dimension="concentration" select="../pools[1]/conc"/>
          </Dynamics>
        </ComponentType>
        <ComponentType name="cell">
          <Children name="pools" type="pool"/>
          <Child name="reader" type="reader"/>
          <Dynamics>
            <DerivedVariable name="ca" dimension="concentration" select="pools[ion='ca']/conc" reduce="add"/>
            <DerivedVariable name="none" dimension="concentration" select="pools[ion='k']/conc" reduce="add"/>
            <DerivedVariable name="maybe" dimension="concentration" select="pools[ion='k']/conc" required="false"/>
            <DerivedVariable name="one" dimension="concentration" select="a/conc"/>
          </Dynamics>
        </ComponentType>
        <cell id="x">
          <pool id="a" ion="ca" c="1 mM"/><pool id="b" ion="na" c="2 mM"/><pool id="d" ion="ca" c="3 mM"/>
          <reader/>
        </cell>"#;
    let dynamics = flat(body, "x");
    let value = |name: &str| dynamics.derived.iter().find(|d| d.name == name).unwrap().value.to_string();
    assert_eq!(value("ca"), "{a/conc} + {d/conc}");
    assert_eq!((value("none"), value("maybe"), value("one")), ("0".into(), "0".into(), "{a/conc}".into()));
    assert_eq!(value("reader/seen"), "{b/conc}");
}

#[test]
fn subtypes_replace_dynamics_and_keep_declarations() {
    let body = r#"
        <ComponentType name="base">
          <Parameter name="tau" dimension="time"/>
          <Exposure name="x" dimension="none"/>
          <Dynamics>
            <StateVariable name="x" exposure="x" dimension="none"/>
            <TimeDerivative variable="x" value="-x/tau"/>
          </Dynamics>
        </ComponentType>
        <ComponentType name="same" extends="base"/>
        <ComponentType name="other" extends="same">
          <Dynamics><DerivedVariable name="x" exposure="x" dimension="none" value="2"/></Dynamics>
        </ComponentType>
        <ComponentType name="more" extends="same">
          <Dynamics>
            <Super/>
            <DerivedVariable name="y" value="x^2"/>
          </Dynamics>
        </ComponentType>
        <same id="a" tau="1 s"/><other id="b" tau="1 s"/><more id="c" tau="1 s"/>
        <base id="d" tau="2 s"/><Component id="e" type="base" extends="d"/>"#;
    let set = set(body);
    let flatten = |id: &str| set.flatten(set.component(id).unwrap()).unwrap();
    assert_eq!(names(&flatten("a").states), ["x"]);
    assert!(flatten("b").states.is_empty());
    assert_eq!(flatten("b").base_types, ["same", "base"]);
    assert!(flatten("b").is_a("base") && set.is_a("other", "base") && !set.is_a("base", "other"));
    assert_eq!((flatten("c").states.len(), flatten("c").derived.len()), (1, 1));
    assert_eq!(flatten("e").parameter("tau").unwrap().value, 2.0);
}

#[test]
fn derived_parameters_are_computed_once() {
    let dynamics = flat(
        r#"<Constant name="factor" dimension="none" value="2"/>
           <ComponentType name="syn">
             <Parameter name="tau1" dimension="time"/>
             <Parameter name="tau2" dimension="time"/>
             <Requirement name="temperature" dimension="temperature"/>
             <DerivedParameter name="peak" dimension="time" value="scale * log(tau2/tau1) * tau1*tau2/(tau2 - tau1)"/>
             <DerivedParameter name="scale" dimension="none" value="factor/2"/>
             <DerivedParameter name="warm" dimension="temperature" value="temperature"/>
             <Dynamics><DerivedVariable name="y" dimension="time" value="peak * factor"/></Dynamics>
           </ComponentType>
           <syn id="s" tau1="1 ms" tau2="2 ms"/>"#,
        "s",
    );
    assert!((dynamics.parameter("peak").unwrap().value - 2e-3 * 2f64.ln()).abs() < 1e-18);
    assert_eq!(dynamics.parameter("factor").unwrap().value, 2.0);
    // What depends on an input cannot be computed before the run.
    assert_eq!(dynamics.derived[0].name, "warm");
}

#[test]
fn unnamed_children_get_names() {
    let dynamics = flat(
        r#"<ComponentType name="part">
             <Parameter name="p" dimension="none"/>
             <Exposure name="x" dimension="none"/>
             <Dynamics><StateVariable name="x" exposure="x" dimension="none"/></Dynamics>
           </ComponentType>
           <ComponentType name="whole">
             <Children name="parts" type="part"/>
             <Children name="others" type="part"/>
             <Dynamics><DerivedVariable name="sum" select="parts[*]/x" reduce="add"/></Dynamics>
           </ComponentType>
           <whole id="w"><parts p="1"/><parts p="2"/><others p="3"/></whole>"#,
        "w",
    );
    assert_eq!(names(&dynamics.states), ["parts[0]/x", "parts[1]/x", "others/x"]);
    assert_eq!(dynamics.derived[0].value.to_string(), "{parts[0]/x} + {parts[1]/x}");
}

#[test]
fn start_values_follow_what_they_read() {
    let dynamics = flat(
        r#"<ComponentType name="inner">
             <Requirement name="v" dimension="voltage"/>
             <Exposure name="y" dimension="voltage"/>
             <Dynamics>
               <StateVariable name="y" exposure="y" dimension="voltage"/>
               <OnStart><StateAssignment variable="y" value="2 * v"/></OnStart>
             </Dynamics>
           </ComponentType>
           <ComponentType name="outer">
             <Child name="inner" type="inner"/>
             <Dynamics>
               <StateVariable name="v" dimension="voltage"/>
               <StateVariable name="w" dimension="voltage"/>
               <DerivedVariable name="y" dimension="voltage" select="inner/y"/>
               <OnStart>
                 <StateAssignment variable="v" value="v0"/>
                 <StateAssignment variable="w" value="y"/>
               </OnStart>
             </Dynamics>
             <Parameter name="v0" dimension="voltage"/>
           </ComponentType>
           <outer id="o" v0="3 mV"><inner/></outer>"#,
        "o",
    );
    let order: Vec<&str> = dynamics.on_start.iter().map(|a| dynamics.states[a.state].name.as_str()).collect();
    assert_eq!(order, ["v", "inner/y", "w"]);
}

/// Documents by name, for includes.
struct Shelf(&'static [(&'static str, &'static str)]);

impl Resolver for Shelf {
    fn find(&self, _from: &Path, href: &str) -> neuropil::Result<Document> {
        let found = self.0.iter().find(|(name, _)| *name == href);
        let missing = || neuropil::Error::new(neuropil::ErrorKind::Io, format!("there is no '{href}'"));
        let (name, text) = found.ok_or_else(missing)?;
        Ok(Document { key: (*name).to_string(), file: PathBuf::from(name), text: (*text).to_string() })
    }
}

#[test]
fn includes_are_read_once_and_circles_end() {
    let shelf = Shelf(&[
        ("a.xml", r#"<Lems><Include file="b.xml"/><ComponentType name="one"/></Lems>"#),
        ("b.xml", r#"<neuroml><include href="a.xml"/><include href="b.xml"/><one id="p"/></neuroml>"#),
    ]);
    let mut set = Set::new();
    set.read_str(
        r#"<Lems><Include file="a.xml"/><Include file="b.xml"/><one id="q"/></Lems>"#,
        "m.xml",
        &shelf,
    )
    .unwrap();
    let ids: Vec<&str> = set.components().filter_map(|c| c.id.as_deref()).collect();
    assert_eq!(ids, ["p", "q"]);
    let error =
        set.read_str("<Lems>\n<Include file=\"c.xml\"/></Lems>", "n.xml", &shelf).unwrap_err().to_string();
    assert_eq!(error, "n.xml:2:1: <Include>: there is no 'c.xml'");
    // What failed left nothing behind, and can be read again.
    set.read_str("<Lems><one id=\"r\"/></Lems>", "n.xml", &NoIncludes).unwrap();
}

#[test]
fn a_name_of_a_state_and_of_a_derived_variable_is_the_derived_one() {
    // The state would be overwritten with the derived value at every step: jLEMS runs it so.
    let body = r#"
        <ComponentType name="doubled">
          <Constant name="rate" dimension="per_time" value="1 per_s"/>
          <Exposure name="open" dimension="none"/>
          <Dynamics>
            <StateVariable name="s" dimension="none"/>
            <StateVariable name="x" dimension="none" exposure="open"/>
            <DerivedVariable name="x" dimension="none" value="2 * s"/>
            <TimeDerivative variable="s" value="(1 - x) * rate"/>
            <OnStart><StateAssignment variable="x" value="7"/></OnStart>
            <OnCondition test="x .gt. 1"><StateAssignment variable="x" value="0"/></OnCondition>
          </Dynamics>
        </ComponentType>
        <ComponentType name="redone" extends="doubled">
          <Dynamics>
            <Super/>
            <StateVariable name="x" dimension="none" exposure="open"/>
            <OnStart><StateAssignment variable="x" value="3"/></OnStart>
          </Dynamics>
        </ComponentType>
        <doubled id="d"/>
        <redone id="r"/>"#;
    let dynamics = flat(body, "d");
    assert_eq!(names(&dynamics.states), ["s"]);
    assert_eq!(dynamics.exposed("open"), Some("x"));
    assert!(dynamics.on_start.is_empty());
    assert!(dynamics.conditions.iter().all(|condition| condition.assignments.is_empty()));
    let warnings: Vec<String> = set(body).warnings().iter().map(ToString::to_string).collect();
    assert!(warnings[0].contains("test.xml:9:") && warnings[0].contains("computed-state"), "{warnings:?}");
    // What a type declares itself replaces what it inherits.
    let dynamics = flat(body, "r");
    assert_eq!(names(&dynamics.states), ["s", "x"]);
    assert!(dynamics.derived.is_empty());
}
