//! One test for each thing that structures can say. What is expected is counted by hand.

use neuropil::dynamics::interpret::Instance;
use neuropil::model::{Connection, Contact, Receiver, Sender};
use neuropil::neuroml::structure::{Elaborated, Found};

use super::{dynamics, fault, network, set, sizes};

/// Something that ticks, something that counts what it gets, and plain containers.
const TYPES: &str = r#"
  <Dimension name="time" t="1"/>
  <ComponentType name="ticker">
    <Parameter name="period" dimension="time"/>
    <EventPort name="tick" direction="out"/>
    <Exposure name="since" dimension="time"/>
    <Dynamics>
      <StateVariable name="since" dimension="time" exposure="since"/>
      <TimeDerivative variable="since" value="1"/>
      <OnCondition test="since .gt. period">
        <StateAssignment variable="since" value="0"/>
        <EventOut port="tick"/>
      </OnCondition>
    </Dynamics>
  </ComponentType>
  <ComponentType name="counter">
    <EventPort name="up" direction="in"/>
    <EventPort name="down" direction="in"/>
    <EventPort name="odd" direction="out"/>
    <EventPort name="even" direction="out"/>
    <Exposure name="n" dimension="none"/>
    <Dynamics>
      <StateVariable name="n" dimension="none" exposure="n"/>
      <OnEvent port="up"><StateAssignment variable="n" value="n + 1"/><EventOut port="odd"/></OnEvent>
      <OnEvent port="down"><StateAssignment variable="n" value="n - 1"/><EventOut port="even"/></OnEvent>
    </Dynamics>
  </ComponentType>
  <ComponentType name="many">
    <ComponentReference name="of" type="Component"/>
    <Parameter name="size" dimension="none"/>
    <Structure><MultiInstantiate number="size" component="of"/></Structure>
  </ComponentType>
  <ComponentType name="net">
    <Children name="lists" type="many"/>
    <Children name="wires" type="wire"/>
  </ComponentType>
  <ComponentType name="wire"/>
  <ticker id="clock" period="10 ms"/>
  <counter id="count"/>
"#;

fn document(rest: &str) -> String {
    format!("{TYPES}{rest}")
}

/// Source and target cells of connections.
fn ends(connections: &[Connection]) -> Vec<((usize, usize), (usize, usize))> {
    connections.iter().map(|c| (c.source, c.target)).collect()
}

#[test]
fn lists_become_populations() {
    let body =
        document(r#"<net id="n"><many id="a" of="clock" size="3"/><many id="b" of="count" size="2"/></net>"#);
    let network = network(&body, "n");
    assert_eq!(sizes(&network), [("a", 3), ("b", 2)]);
    assert_eq!(network.populations[0].component, "clock");
    assert!(network.model.connections.is_empty());
    assert_eq!(dynamics(&network, 1).in_ports(), ["up", "down"]);
}

#[test]
fn ports_delays_and_weights_of_connections() {
    let body = document(
        r#"<ComponentType name="cable" extends="wire">
             <Path name="from"/><Path name="to"/>
             <Text name="out"/><Text name="into"/>
             <Parameter name="lag" dimension="time"/><Parameter name="w" dimension="none"/>
             <Structure>
               <With instance="from" as="a"/><With instance="to" as="b"/>
               <EventConnection from="a" to="b" sourcePort="out" targetPort="into" delay="lag">
                 <Assign property="weight" value="2 * w"/>
               </EventConnection>
             </Structure>
           </ComponentType>
           <net id="n">
             <many id="a" of="clock" size="1"/><many id="b" of="count" size="2"/>
             <cable from="a[0]" to="b[1]" into="down" lag="5 ms" w="3"/>
             <cable from="b[1]" to="b/0/count" out="even" into="up" lag="0 ms" w="0.5"/>
           </net>"#,
    );
    let network = network(&body, "n");
    let [first, second] = &network.model.connections[..] else { panic!("{:?}", network.model.connections) };
    assert_eq!((first.source, first.target), ((0, 0), (1, 1)));
    assert_eq!((first.port, first.delay_s, first.weight), (1, 0.005, 6.0));
    assert_eq!((first.sender, first.receiver), (Sender::Cell, Receiver::Cell));
    assert_eq!((second.source, second.target), ((1, 1), (1, 0)));
    assert_eq!((second.port, second.delay_s, second.weight), (0, 0.0, 1.0));
    assert_eq!(second.sender, Sender::Port(1));
}

#[test]
fn nested_loops_choose_their_pairs() {
    let body = document(
        r#"<ComponentType name="pattern" extends="wire">
             <Link name="source" type="many"/><Link name="target" type="many"/>
             <Child name="rule" type="rule"/>
           </ComponentType>
           <ComponentType name="rule">
             <Parameter name="kind" dimension="none"/>
             <Structure>
               <ForEach instances="../source" as="a">
                 <ForEach instances="../target" as="b">
                   <Choose>
                     <When test="kind .eq. 0"><EventConnection from="a" to="b"/></When>
                     <When test="kind .eq. 1">
                       <If test="a .eq. b"><EventConnection from="a" to="b" targetPort="up"/></If>
                     </When>
                     <Otherwise><If test="a .gt. b"><EventConnection from="a" to="b" targetPort="down"/></If></Otherwise>
                   </Choose>
                 </ForEach>
               </ForEach>
             </Structure>
           </ComponentType>
           <net id="n">
             <many id="p" of="clock" size="3"/><many id="q" of="count" size="4"/>
             <pattern source="p" target="q"><rule kind="0"/></pattern>
             <pattern source="p" target="q"><rule kind="1"/></pattern>
             <pattern source="p" target="q"><rule kind="2"/></pattern>
           </net>"#,
    );
    let connections = network(&body, "n").model.connections;
    assert_eq!(connections.len(), 12 + 3 + 3);
    assert_eq!(
        ends(&connections[12..]),
        [
            ((0, 0), (1, 0)),
            ((0, 1), (1, 1)),
            ((0, 2), (1, 2)),
            ((0, 1), (1, 0)),
            ((0, 2), (1, 0)),
            ((0, 2), (1, 1))
        ]
    );
    assert_eq!((connections[0].port, connections[17].port), (0, 1));
}

#[test]
fn items_have_properties_of_their_own() {
    let body = r#"
      <Dimension name="time" t="1"/>
      <ComponentType name="decay">
        <Property name="tau" dimension="time"/>
        <Exposure name="x" dimension="none"/>
        <Dynamics>
          <StateVariable name="x" dimension="none" exposure="x"/>
          <TimeDerivative variable="x" value="-x / tau"/>
        </Dynamics>
      </ComponentType>
      <ComponentType name="row">
        <Parameter name="n" dimension="none"/>
        <Parameter name="first" dimension="time"/>
        <DerivedParameter name="half" dimension="none" value="n / 2"/>
        <Structure>
          <MultiInstantiate componentType="decay" number="half" indexVariable="k">
            <Assign property="tau" value="first * (1 + k)"/>
          </MultiInstantiate>
        </Structure>
      </ComponentType>
      <row id="r" n="6" first="2 ms"/>"#;
    let set = set(body);
    let elaborated = Elaborated::new(&set, set.component("r").unwrap()).unwrap();
    let network = &elaborated.network;
    assert_eq!(network.model.populations.iter().map(|p| p.size).sum::<usize>(), 3);
    for item in 0..3 {
        let Found::Cell { population, cell, name } = elaborated.find(&format!("[{item}]/x")).unwrap() else {
            panic!("no cell")
        };
        assert_eq!((cell, name.as_str()), (0, "x"));
        let tau = dynamics(network, population).parameter("tau").unwrap().value;
        assert!((tau - 0.002 * (1 + item) as f64).abs() < 1e-15);
    }
}

#[test]
fn what_is_attached_and_summed_is_a_contact() {
    let body = attached("synapses[*]/current", "add", "current");
    let set = set(&body);
    let elaborated = Elaborated::new(&set, set.component("n").unwrap()).unwrap();
    let model = &elaborated.network.model;
    let cell = dynamics(&elaborated.network, 1);
    assert_eq!(cell.inputs.iter().map(|i| i.name.as_str()).collect::<Vec<_>>(), ["synapses[*]/i"]);
    assert_eq!(model.attachments.len(), 1);
    let contacts = &model.attachments[0].contacts;
    assert_eq!(
        *contacts,
        [
            Contact { cell: 0, location: None, weight: 2.0 },
            Contact { cell: 1, location: None, weight: 0.5 },
            Contact { cell: 1, location: None, weight: 4.0 }
        ]
    );
    assert!(model.attachments[0].dynamics.exposed("i").is_some());
    let to: Vec<_> = model.connections.iter().map(|c| (c.target, c.receiver, c.weight)).collect();
    let contact = |contact| Receiver::Contact { attachments: 0, contact };
    assert_eq!(to, [((1, 0), contact(0), 2.0), ((1, 1), contact(1), 0.5), ((1, 1), contact(2), 4.0)]);
    assert_eq!(
        elaborated.find("c[1]/synapses:s:1/g").unwrap(),
        Found::Contact { attachments: 0, contact: 2, name: "g".into() }
    );
}

#[test]
fn what_is_attached_and_multiplied_becomes_a_part() {
    let body = attached("synapses[*]/g", "multiply", "none");
    let network = network(&body, "n");
    assert!(network.model.attachments.is_empty());
    // One cell has one synapse, the other two, so they are not of one population.
    assert_eq!(sizes(&network), [("t", 1), ("c[0]", 1), ("c[1]", 1)]);
    let cell = dynamics(&network, 2);
    assert!(cell.inputs.is_empty());
    let ports: Vec<_> = network.model.connections.iter().map(|c| (c.target, c.receiver, c.port)).collect();
    assert_eq!(
        ports,
        [((1, 0), Receiver::Cell, 0), ((2, 0), Receiver::Cell, 0), ((2, 0), Receiver::Cell, 1)]
    );
    // Each event adds its weight: 0.5 · 4.
    let mut instance = Instance::new(cell, &[]).unwrap();
    instance.event("synapses[0]/in").unwrap();
    instance.event("synapses[1]/in").unwrap();
    assert_eq!(instance.value("total").unwrap(), 2.0);
}

/// Instances for each of others, made where the statement stands, before anything is connected.
#[test]
fn instances_are_made_for_each_of_others() {
    let body = document(
        r#"<ComponentType name="copies" extends="wire">
             <Link name="source" type="many"/><ComponentReference name="of" type="Component"/>
             <Structure>
               <ForEach instances="source" as="x">
                 <If test="x .lt. 2"><MultiInstantiate number="x + 1" component="of"/></If>
                 <EventConnection from="x" to="last" targetPort="up"/>
               </ForEach>
             </Structure>
             <Path name="last"/>
           </ComponentType>
           <ComponentType name="pairs">
             <ComponentReference name="of" type="Component"/>
             <Structure>
               <With instance="../a" as="there">
                 <ForEach instances="../a" as="x"><ChildInstance component="of"/></ForEach>
               </With>
             </Structure>
           </ComponentType>
           <ComponentType name="both" extends="net"><Children name="pairs" type="pairs"/></ComponentType>
           <both id="n">
             <copies id="c" source="a" of="count" last="./[2]"/>
             <many id="a" of="clock" size="3"/>
             <pairs id="p" of="count"/>
           </both>"#,
    );
    let network = network(&body, "n");
    let made: usize = sizes(&network).iter().filter(|(path, _)| path.starts_with('p')).map(|(_, n)| n).sum();
    assert_eq!(made, 3, "{:?}", sizes(&network));
    let [c, a] = ["c", "a"].map(|path| network.populations.iter().position(|p| p.path == path).unwrap());
    assert_eq!((network.model.populations[c].size, network.model.populations[a].size), (3, 3));
    assert_eq!(ends(&network.model.connections), [0, 1, 2].map(|i| ((a, i), (c, 2))));
}

/// The same within instances that are made in number: once for each number and each of the others, after what is made at once; and
/// connections stand in every round.
#[test]
fn loops_stand_within_rounds() {
    let body = document(
        r#"<ComponentType name="rounds" extends="wire">
             <Link name="source" type="many"/><ComponentReference name="of" type="Component"/>
             <Structure>
               <MultiInstantiate number="2" indexVariable="i" component="of">
                 <ForEach instances="source" as="x">
                   <If test="x .leq. i"><ChildInstance component="of"/></If>
                   <MultiInstantiate number="1 + i" component="of">
                     <If test="x .eq. 2"><EventConnection from="x" to="last" targetPort="up"/></If>
                   </MultiInstantiate>
                 </ForEach>
                 <If test="i .eq. 1"><MultiInstantiate number="2" component="of"/></If>
               </MultiInstantiate>
             </Structure>
             <Path name="last"/>
           </ComponentType>
           <net id="n"><rounds id="c" source="a" of="count" last="./[2]"/><many id="a" of="clock" size="3"/></net>"#,
    );
    let network = network(&body, "n");
    // At once 2 of the rounds and 2 of the second; then 3·1 and 3·2 items, and 1 and 2 that stand alone.
    let sizes = sizes(&network);
    let made: usize = sizes.iter().filter(|(path, _)| path.starts_with('c')).map(|(_, n)| n).sum();
    assert_eq!(made, 2 + 2 + 3 + 6 + 1 + 2, "{sizes:?}");
    let list = sizes.iter().find(|(path, _)| *path == "c").unwrap();
    assert_eq!(list.1, 2 + 2 + 3 + 6);
    let [c, a] = ["c", "a"].map(|path| network.populations.iter().position(|p| p.path == path).unwrap());
    assert_eq!(ends(&network.model.connections), vec![((a, 2), (c, 2)); 3]);
}

/// Something attached that contains a clock, whose ticks go to another cell: a part of the cell that it is on.
#[test]
fn what_is_attached_may_send_on() {
    let body = attached("synapses[*]/current", "add", "current").replace("<synapse id=\"s\"/>", "").replace(
        "<net id=\"n\">",
        r#"<ComponentType name="relay" extends="synapse">
             <Child name="inner" type="ticker"/>
             <Structure>
               <With instance="inner" as="a"/><With instance="../../[1]" as="b"/>
               <EventConnection from="a" to="b"/>
             </Structure>
           </ComponentType>
           <relay id="s"><inner id="i" type="ticker" period="2 ms"/></relay>
           <net id="n">"#,
    );
    let body = body.replace(
        "<Attachments name=\"synapses\" type=\"synapse\"/>",
        r#"<Attachments name="synapses" type="synapse"/><EventPort name="hear" direction="in"/>"#,
    );
    let body = body.replace(
        "<StateVariable name=\"v\" dimension=\"voltage\" exposure=\"v\"/>",
        r#"<StateVariable name="v" dimension="voltage" exposure="v"/>
           <OnEvent port="hear"><StateAssignment variable="v" value="v + volt"/></OnEvent>"#,
    );
    let network = network(&body, "n");
    assert!(network.model.attachments.is_empty());
    let sent: Vec<_> = network
        .model
        .connections
        .iter()
        .filter(|c| c.source.0 > 0)
        .map(|c| {
            let ports = &dynamics(&network, c.source.0).out_ports;
            let port = match c.sender {
                Sender::Cell => &ports[0],
                Sender::Port(port) => &ports[port as usize],
                other => panic!("{other:?}"),
            };
            (network.populations[c.source.0].path.as_str(), port.as_str(), c.target)
        })
        .collect();
    // That of the second cell's own relays goes to itself, within its dynamics.
    assert_eq!(sent, [("c[0]", "synapses[0]/inner/tick", (2, 0))]);
}

/// A clock that drives two cells through three synapses of which the cells read `path`.
fn attached(path: &str, reduce: &str, dimension: &str) -> String {
    document(&format!(
        r#"<Dimension name="voltage" m="1" l="2" t="-3" i="-1"/><Dimension name="current" i="1"/>
           <ComponentType name="synapse">
             <Property name="weight" dimension="none" defaultValue="1"/>
             <Requirement name="v" dimension="voltage"/>
             <EventPort name="in" direction="in"/>
             <Constant name="unit" dimension="current" value="1 A"/>
             <Constant name="volt" dimension="voltage" value="1 V"/>
             <Exposure name="current" dimension="current"/><Exposure name="g" dimension="none"/>
             <Dynamics>
               <StateVariable name="g" dimension="none" exposure="g"/>
               <DerivedVariable name="current" dimension="current" exposure="current" value="-g * unit * v / volt"/>
               <OnEvent port="in"><StateAssignment variable="g" value="g + weight"/></OnEvent>
             </Dynamics>
           </ComponentType>
           <ComponentType name="cell">
             <Attachments name="synapses" type="synapse"/>
             <Exposure name="v" dimension="voltage"/>
             <Constant name="volt" dimension="voltage" value="1 V"/>
             <Dynamics>
               <StateVariable name="v" dimension="voltage" exposure="v"/>
               <DerivedVariable name="total" dimension="{dimension}" select="{path}" reduce="{reduce}"/>
             </Dynamics>
           </ComponentType>
           <ComponentType name="cable" extends="wire">
             <Path name="from"/><Path name="to"/><Parameter name="w" dimension="none"/>
             <ComponentReference name="through" type="synapse"/>
             <Structure>
               <With instance="from" as="a"/><With instance="to" as="b"/>
               <EventConnection from="a" to="b" receiver="through"><Assign property="weight" value="w"/></EventConnection>
             </Structure>
           </ComponentType>
           <synapse id="s"/><cell id="c0"/>
           <net id="n">
             <many id="t" of="clock" size="1"/><many id="c" of="c0" size="2"/>
             <cable from="t[0]" to="c[0]" through="s" w="2"/>
             <cable from="t[0]" to="c[1]" through="s" w="0.5"/>
             <cable from="t[0]" to="c[1]" through="s" w="4"/>
           </net>"#
    ))
}

#[test]
fn faults_are_told_with_what_was_expected() {
    let wire = |structure: &str, attributes: &str| {
        document(&format!(
            r#"<ComponentType name="cable" extends="wire"><Path name="from"/><Path name="to"/>
                 <Structure>{structure}</Structure></ComponentType>
               <net id="x"><many id="a" of="clock" size="2"/><cable {attributes}/></net>"#
        ))
    };
    let plain =
        r#"<With instance="from" as="p"/><With instance="to" as="q"/><EventConnection from="p" to="q"/>"#;
    for (text, part) in [
        (wire(plain, r#"from="a[0]" to="b[0]""#), "has no 'b'"),
        (wire(plain, r#"from="a[0]" to="a[7]""#), "names nothing"),
        (wire(plain, r#"from="a[0]""#), "'to' is missing"),
        (wire(plain, r#"from="a[0]" to="a[1]""#), "no port that receives"),
        (
            wire(r#"<Gather pathParameter="from" collection="c"/>"#, ""),
            "<Gather> in a structure is not supported",
        ),
        (wire(r#"<With as="p"/>"#, ""), "expected either 'instance'"),
        (wire(r#"<EventConection from="p" to="q"/>"#, ""), "did you mean <EventConnection>"),
        (document(r#"<net id="x"><many id="a" of="clock" size="1.5"/></net>"#), "a whole number"),
        (document(r#"<net id="x"><many id="a" of="clock" size="1e9"/></net>"#), "a whole number up to"),
        (document(r#"<net id="x"/>"#), "nothing to run"),
    ] {
        let fault = fault(&text);
        assert!(fault.contains(part), "expected '{part}': {fault}");
        assert!(fault.contains("test.xml:"), "no place: {fault}");
    }
}

#[test]
fn what_would_never_end_is_refused() {
    // Each parameter reads the two before it.
    let mut chain = String::from(
        r#"<DerivedParameter name="p0" dimension="none" value="1"/><DerivedParameter name="p1" dimension="none" value="1"/>"#,
    );
    for n in 2..60 {
        chain.push_str(&format!(
            r#"<DerivedParameter name="p{n}" dimension="none" value="(p{} + p{}) / 2"/>"#,
            n - 1,
            n - 2
        ));
    }
    let body = document(&format!(
        r#"<ComponentType name="row"><ComponentReference name="of" type="Component"/>{chain}
             <Structure><MultiInstantiate number="p59" component="of"/></Structure></ComponentType>
           <row id="r" of="clock"/>"#
    ));
    assert_eq!(sizes(&network(&body, "r")), [("clock", 1)]);
    // Parameters that read each other.
    let circle =
        body.replace(r#"name="p0" dimension="none" value="1""#, r#"name="p0" dimension="none" value="p59""#);
    assert!(fault(&circle.replace("id=\"r\"", "id=\"x\"")).contains("derived from each other"));
    // Loops within loops.
    let mut loops = r#"<EventConnection from="a" to="b"/>"#.to_string();
    for n in 0..40 {
        loops = format!(r#"<ForEach instances="cells" as="i{n}">{loops}</ForEach>"#);
    }
    let body = document(&format!(
        r#"<ComponentType name="mad" extends="wire"><Text name="cells"/><Structure>
             {}</Structure></ComponentType>
           <net id="x"><many id="m" of="clock" size="30"/><mad cells="m"/></net>"#,
        loops.replace(r#"<EventConnection from="a" to="b"/>"#, r#"<If test="0 .eq. 1"/>"#)
    ));
    assert!(fault(&body).contains("loops within loops"));
}
