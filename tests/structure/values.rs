//! What instances get from around them, and instances that are parts of others.

use neuropil::dynamics::interpret::Instance;
use neuropil::model::{Coupling, Receiver};
use neuropil::neuroml::structure::{Elaborated, Found};

use super::{dynamics, fault, network, set, sizes};

/// Things that decay at a rate that they are given.
const TYPES: &str = r#"
  <Dimension name="time" t="1"/><Dimension name="per_time" t="-1"/>
  <ComponentType name="decaying">
    <Requirement name="rate" dimension="per_time"/>
    <Exposure name="x" dimension="none"/>
    <Dynamics>
      <StateVariable name="x" dimension="none" exposure="x"/>
      <OnStart><StateAssignment variable="x" value="1"/></OnStart>
      <TimeDerivative variable="x" value="-rate * x"/>
    </Dynamics>
  </ComponentType>
  <ComponentType name="list">
    <ComponentReference name="of" type="Component"/>
    <Parameter name="size" dimension="none"/>
    <Structure><MultiInstantiate number="size" component="of"/></Structure>
  </ComponentType>
  <decaying id="d"/>
"#;

fn document(rest: &str) -> String {
    format!("{TYPES}{rest}")
}

#[test]
fn a_container_gives_its_parameters() {
    let body = document(
        r#"<ComponentType name="bath">
             <Parameter name="tau" dimension="time"/>
             <DerivedParameter name="rate" dimension="per_time" value="1 / tau"/>
             <Children name="lists" type="list"/>
           </ComponentType>
           <ComponentType name="baths"><Children name="baths" type="bath"/></ComponentType>
           <baths id="n">
             <bath id="slow" tau="1 s"><list id="a" of="d" size="2"/></bath>
             <bath id="fast" tau="10 ms"><list id="a" of="d" size="3"/></bath>
           </baths>"#,
    );
    let network = network(&body, "n");
    assert_eq!(sizes(&network), [("slow/a", 2), ("fast/a", 3)]);
    assert_eq!(dynamics(&network, 0).parameter("rate").unwrap().value, 1.0);
    assert_eq!(dynamics(&network, 1).parameter("rate").unwrap().value, 100.0);
}

#[test]
fn what_nothing_gives_is_named() {
    let body = document(
        r#"<ComponentType name="n"><Children name="l" type="list"/></ComponentType>
        <n id="x"><list of="d" size="1"/></n>"#,
    );
    let fault = fault(&body);
    assert!(
        fault.contains("needs 'rate', which nothing around it has") && fault.contains("<decaying id=\"d\">"),
        "{fault}"
    );
}

#[test]
fn items_know_their_number() {
    let body = r#"<ComponentType name="item">
             <Requirement name="index" dimension="none"/>
             <Exposure name="x" dimension="none"/>
             <Dynamics><DerivedVariable name="x" dimension="none" exposure="x" value="2 * index"/></Dynamics>
           </ComponentType>
           <ComponentType name="row"><Structure>
             <MultiInstantiate number="2" indexVariable="i">
               <MultiInstantiate number="i + 1" componentType="item"/>
             </MultiInstantiate>
           </Structure></ComponentType>
           <row id="r"/>"#;
    let set = set(body);
    let elaborated = Elaborated::new(&set, set.component("r").unwrap()).unwrap();
    assert_eq!(elaborated.network.model.populations.len(), 3);
    for item in 0..3usize {
        let Found::Cell { population, .. } = elaborated.find(&format!("[{item}]/x")).unwrap() else {
            panic!()
        };
        let instance = Instance::new(dynamics(&elaborated.network, population), &[]).unwrap();
        assert_eq!(instance.value("x").unwrap(), 2.0 * item as f64);
    }
}

#[test]
fn dynamics_around_others_are_part_of_each_and_a_cell_of_their_own() {
    let body = document(
        r#"<ComponentType name="cooling">
             <Parameter name="at" dimension="time"/>
             <Children name="lists" type="list"/>
             <Exposure name="rate" dimension="per_time"/>
             <Dynamics>
               <StateVariable name="rate" dimension="per_time" exposure="rate"/>
               <OnStart><StateAssignment variable="rate" value="2 / at"/></OnStart>
               <OnCondition test="t .gt. at"><StateAssignment variable="rate" value="0"/></OnCondition>
             </Dynamics>
           </ComponentType>
           <cooling id="c" at="1 s"><list id="a" of="d" size="4"/></cooling>"#,
    );
    let set = set(&body);
    let elaborated = Elaborated::new(&set, set.component("c").unwrap()).unwrap();
    assert_eq!(sizes(&elaborated.network), [("c", 1), ("a", 4)]);
    assert_eq!(elaborated.find("rate").unwrap(), Found::Cell { population: 0, cell: 0, name: "rate".into() });
    // Decays with rate 2 / s for 1 s, then stays.
    let mut cell = Instance::new(dynamics(&elaborated.network, 1), &[]).unwrap();
    let dt = 1e-3;
    for step in 0..2000 {
        cell.set_input("t", f64::from(step) * dt).unwrap();
        cell.rk4(dt).unwrap();
        cell.set_input("t", f64::from(step + 1) * dt).unwrap();
        cell.conditions().unwrap();
    }
    let x = cell.value("x").unwrap();
    assert!((x - (-2.0f64).exp()).abs() < 2.0 * dt, "{x}");
}

#[test]
fn a_type_that_sums_its_items_is_one_cell() {
    let body = document(
        r#"<ComponentType name="pool">
             <Parameter name="rate" dimension="per_time"/>
             <ComponentReference name="of" type="decaying"/>
             <Exposure name="sum" dimension="none"/>
             <Dynamics><DerivedVariable name="sum" dimension="none" exposure="sum" select="[*]/x" reduce="add"/></Dynamics>
             <Structure><MultiInstantiate number="5" component="of"/></Structure>
           </ComponentType>
           <pool id="p" of="d" rate="3 per_s"/><Unit symbol="per_s" dimension="per_time"/>"#,
    );
    let set = set(&body);
    let elaborated = Elaborated::new(&set, set.component("p").unwrap()).unwrap();
    assert_eq!(sizes(&elaborated.network), [("p", 1)]);
    let mut pool = Instance::new(dynamics(&elaborated.network, 0), &[]).unwrap();
    assert_eq!(pool.value("sum").unwrap(), 5.0);
    for _ in 0..1000 {
        pool.rk4(1e-3).unwrap();
    }
    pool.update().unwrap();
    assert!((pool.value("sum").unwrap() / (5.0 * (-3.0f64).exp()) - 1.0).abs() < 1e-9);
    assert_eq!(
        elaborated.find("[3]/x").unwrap(),
        Found::Cell { population: 0, cell: 0, name: "[3]/x".into() }
    );
}

/// Two cells that see each other through a tunnel of what is attached to them.
fn tunnel(select: &str) -> String {
    format!(
        r#"<Dimension name="voltage" m="1" l="2" t="-3" i="-1"/><Dimension name="current" i="1"/>
           <Dimension name="conductance" m="-1" l="-2" t="3" i="2"/>
           <Unit symbol="nS" dimension="conductance" power="-9"/>
           <ComponentType name="gap">
             <Property name="weight" dimension="none" defaultValue="1"/>
             <Parameter name="g" dimension="conductance"/>
             <Requirement name="v" dimension="voltage"/>
             <InstanceRequirement name="far" type="gap"/>
             <Exposure name="flow" dimension="current"/>
             <Dynamics>
               <DerivedVariable name="vFar" dimension="voltage" select="far/v"/>
               <DerivedVariable name="flow" dimension="current" exposure="flow" value="weight * g * (vFar - v)"/>
             </Dynamics>
           </ComponentType>
           <ComponentType name="sphere">
             <Attachments name="junctions" type="gap"/>
             <Exposure name="v" dimension="voltage"/>
             <Dynamics>
               <StateVariable name="v" dimension="voltage" exposure="v"/>
               <DerivedVariable name="iSum" dimension="current" select="{select}" reduce="add"/>
             </Dynamics>
           </ComponentType>
           <ComponentType name="row">
             <ComponentReference name="of" type="sphere"/><Parameter name="size" dimension="none"/>
             <Structure><MultiInstantiate number="size" component="of"/></Structure>
           </ComponentType>
           <ComponentType name="bridge">
             <ComponentReference name="rows" type="row" local="true"/>
             <ComponentReference name="through" type="gap"/>
             <IndexParameter name="one"/><IndexParameter name="other"/>
             <Parameter name="strength" dimension="none"/>
             <Structure>
               <With list="rows" index="one" as="p"/><With list="rows" index="other" as="q"/>
               <Tunnel name="far" endA="p" endB="q" componentA="through" componentB="through">
                 <Assign property="weight" value="strength"/>
               </Tunnel>
             </Structure>
           </ComponentType>
           <ComponentType name="net"><Children name="rows" type="row"/><Children name="bridges" type="bridge"/></ComponentType>
           <gap id="g" g="1 nS"/><sphere id="s"/>
           <net id="x"><row id="r" of="s" size="3"/><bridge rows="r" through="g" one="0" other="2" strength="4"/></net>"#
    )
}

#[test]
fn a_tunnel_couples_contacts() {
    let network = network(&tunnel("junctions[*]/flow"), "x");
    assert_eq!(sizes(&network), [("r", 3)]);
    let [attachments] = &network.model.attachments[..] else { panic!("{:?}", network.model.attachments) };
    let at: Vec<(u32, f64)> = attachments.contacts.iter().map(|c| (c.cell, c.weight)).collect();
    assert_eq!(at, [(0, 4.0), (2, 4.0)]);
    assert_eq!(network.model.couplings, [Coupling { one: (0, 0), other: (0, 1) }]);
    let inputs: Vec<&str> = attachments.dynamics.inputs.iter().map(|i| i.name.as_str()).collect();
    assert!(inputs.contains(&"peer/v") && inputs.contains(&"v") && inputs.contains(&"weight"), "{inputs:?}");
    assert!(attachments.dynamics.exposed("i").is_some());
}

#[test]
fn a_tunnel_that_can_be_no_current_is_refused() {
    let text = tunnel("junctions[*]/flow").replace("reduce=\"add\"", "reduce=\"multiply\"");
    let fault = fault(&text);
    assert!(fault.contains("a tunnel between cells"), "{fault}");
}

#[test]
fn the_cells_of_numbered_members_are_one_population() {
    let body = document(
        r#"<ComponentType name="crowd">
             <ComponentReference name="of" type="decaying"/>
             <Parameter name="rate" dimension="per_time"/>
             <Children name="members" type="member"/>
           </ComponentType>
           <ComponentType name="member">
             <Parameter name="x" dimension="none"/>
             <Structure><ChildInstance component="../of"/></Structure>
           </ComponentType>
           <Unit symbol="per_s" dimension="per_time"/>
           <crowd id="n" of="d" rate="1 per_s"><member id="0" x="1"/><member id="1" x="2"/></crowd>"#,
    );
    let set = set(&body);
    let elaborated = Elaborated::new(&set, set.component("n").unwrap()).unwrap();
    assert_eq!(elaborated.network.model.populations[0].size, 2);
    assert_eq!(elaborated.network.populations[0].component, "d");
    assert_eq!(elaborated.find("1/d/x").unwrap(), Found::Cell { population: 0, cell: 1, name: "x".into() });
}

#[test]
fn derived_parameters_search_the_document() {
    let text = |species: &str| {
        format!(
            r#"<ComponentType name="species"/><species id="na"/><species id="k"/>
               <ComponentType name="potential">
                 <ComponentReference name="of" type="species"/><Parameter name="e" dimension="none"/>
               </ComponentType>
               <ComponentType name="world"><Children name="all" type="potential"/></ComponentType>
               <world id="w"><potential of="na" e="50"/><potential of="k" e="-80"/></world>
               <ComponentType name="pore"><ComponentReference name="of" type="species"/></ComponentType>
               <ComponentType name="leak">
                 <ComponentReference name="through" type="pore"/>
                 <DerivedParameter name="e" dimension="none" select="//potential[of=through/of]/e"/>
                 <Exposure name="x" dimension="none"/>
                 <Dynamics><DerivedVariable name="x" dimension="none" exposure="x" value="2 * e"/></Dynamics>
               </ComponentType>
               <pore id="p" of="{species}"/><leak id="x" through="p"/>"#
        )
    };
    for (species, wanted) in [("na", 100.0), ("k", -160.0)] {
        let network = network(&text(species), "x");
        let instance = Instance::new(dynamics(&network, 0), &[]).unwrap();
        assert_eq!(instance.value("x").unwrap(), wanted);
    }
    let none = text("na").replace("<potential of=\"na\" e=\"50\"/>", "");
    assert!(fault(&none).contains("finds nothing"), "{}", fault(&none));
    let two = text("na").replace("of=\"k\"", "of=\"na\"");
    assert!(fault(&two).contains("finds 2 components"), "{}", fault(&two));
}

#[test]
fn events_that_take_time_leave_a_cell_and_come_back() {
    let body = |delay: &str| {
        format!(
            r#"<Dimension name="time" t="1"/><Unit symbol="ms" dimension="time" power="-3"/>
               <ComponentType name="echo">
                 <EventPort name="in" direction="in"/><EventPort name="out" direction="out"/>
                 <Exposure name="n" dimension="none"/>
                 <Dynamics>
                   <StateVariable name="n" dimension="none" exposure="n"/>
                   <OnEvent port="in"><StateAssignment variable="n" value="n + 1"/></OnEvent>
                   <OnCondition test="n .gt. 1"><EventOut port="out"/></OnCondition>
                 </Dynamics>
               </ComponentType>
               <ComponentType name="loop">
                 <Path name="at"/><Parameter name="lag" dimension="time"/>
                 <Structure><With instance="at" as="a"/><EventConnection from="a" to="a" delay="lag"/></Structure>
               </ComponentType>
               <ComponentType name="net"><Child name="e" type="echo"/><Children name="loops" type="loop"/></ComponentType>
               <net id="n"><e/><loop at="e" lag="{delay}"/></net>"#
        )
    };
    let delayed = network(&body("3 ms"), "n");
    let [connection] = &delayed.model.connections[..] else { panic!("{:?}", delayed.model.connections) };
    assert_eq!((connection.source, connection.target, connection.delay_s), ((0, 0), (0, 0), 0.003));
    assert_eq!(connection.receiver, Receiver::Cell);
    // At once, it is part of what the cell does.
    let direct = network(&body("0 ms"), "n");
    assert!(direct.model.connections.is_empty());
    assert_eq!(dynamics(&direct, 0).conditions[0].assignments.len(), 1);
}

#[test]
fn chance_decides_once_and_for_all() {
    let text = r#"
      <ComponentType name="bit">
        <Property name="x" dimension="none"/><Exposure name="y" dimension="none"/>
        <Dynamics><DerivedVariable name="y" dimension="none" exposure="y" value="x"/></Dynamics>
      </ComponentType>
      <ComponentType name="row">
        <Structure><MultiInstantiate componentType="bit" number="400">
          <Assign property="x" value="ceil(random(1) - 0.75)"/>
        </MultiInstantiate></Structure>
      </ComponentType>
      <row id="r"/>"#;
    let ones = || {
        let network = network(text, "r");
        assert!(network.assumptions[0].contains("random"), "{:?}", network.assumptions);
        let x = |p: usize| dynamics(&network, p).parameter("x").unwrap().value;
        (0..400).map(x).collect::<Vec<f64>>()
    };
    let count: f64 = ones().iter().sum();
    // A quarter of them: 100 with a standard deviation of 8.7.
    assert!((count - 100.0).abs() < 35.0, "{count}");
    assert_eq!(ones(), ones());
}

#[test]
fn assertions_and_counts_of_children_are_checked() {
    let checked =
        set(r#"<Dimension name="voltage" m="1" l="2" t="-3" i="-1"/><Dimension name="current" i="1"/>
           <Dimension name="resistance" m="1" l="2" t="-3" i="-2"/>
           <Assertion dimension="voltage" matches="current * resistance"/>
           <Assertion dimension="voltage" matches="current / resistance"/>"#);
    let told: Vec<String> = checked.warnings().iter().map(ToString::to_string).collect();
    assert!(told.len() == 1 && told[0].contains("current / resistance"), "{told:?}");
    let pair = |children: &str| {
        fault(&format!(
            r#"<ComponentType name="leaf"/><ComponentType name="pair"><Children name="leaves" type="leaf" min="2" max="3"/>
               </ComponentType><pair id="x">{children}</pair>"#
        ))
    };
    assert!(
        pair("<leaf/>").contains("there are 1 leaves, where a pair has at least 2"),
        "{}",
        pair("<leaf/>")
    );
    assert!(pair("<leaf/><leaf/><leaf/><leaf/>").contains("at most 3"));
    assert!(pair("<leaf/><leaf/>").contains("nothing to run"));
}
