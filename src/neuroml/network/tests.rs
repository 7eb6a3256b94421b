//! Small networks, checked in full.

use super::*;
use crate::lems::NoIncludes;
use crate::library;
use crate::model::{CableCell, Connection, Contact, Coupling, PopulationCell, Receiver, Sender};
use crate::morph::{Morphology, SectionId, SectionKind, SectionPlan};
use crate::neuroml::SegmentPlace;
use crate::select::{Location, Points, Region};

/// Cells, synapses and inputs that the networks are made of.
const PARTS: &str = r#"
  <iafCell id="iaf" leakReversal="-60 mV" thresh="-35 mV" reset="-65 mV" C="1 nF" leakConductance="10 nS"/>
  <spikeGenerator id="clock" period="10 ms"/>
  <spikeArray id="times"><spike id="0" time="7 ms"/><spike id="1" time="3 ms"/></spikeArray>
  <expOneSynapse id="fast" gbase="5 nS" erev="0 mV" tauDecay="3 ms"/>
  <expOneSynapse id="seen" gbase="5 nS" erev="0 mV" tauDecay="3 ms"/>
  <blockingPlasticSynapse id="plastic" gbase="5 nS" erev="0 mV" tauRise="1 ms" tauDecay="3 ms">
    <tsodyksMarkramDepMechanism id="p" initReleaseProb="0.5" tauRec="100 ms"/>
  </blockingPlasticSynapse>
  <gapJunction id="gap" conductance="10 pS"/>
  <silentSynapse id="silent"/>
  <gradedSynapse id="graded" conductance="5 pS" delta="5 mV" Vth="-55 mV" k="0.025 per_ms" erev="0 mV"/>
  <pulseGenerator id="pulse" delay="1 ms" duration="5 ms" amplitude="1 nA"/>
  <pulseGeneratorDL id="bare" delay="1 ms" duration="5 ms" amplitude="1"/>
  <poissonFiringSynapse id="noise" averageRate="50 Hz" synapse="fast" spikeTarget="./fast"/>
  <ComponentType name="warm" extends="baseCellMembPot">
    <Requirement name="temperature" dimension="temperature"/>
    <Constant name="K" dimension="temperature" value="1 K"/>
    <Constant name="V" dimension="voltage" value="1 V"/>
    <Dynamics><DerivedVariable name="v" dimension="voltage" exposure="v" value="V * temperature / K"/></Dynamics>
  </ComponentType>
  <warm id="warm"/>
  <Recorder id="r" quantity="p[0]/synapses:seen:1/g"/><Recorder id="r2" quantity="n/seen_times[0]/tsince"/>
  <Recorder id="r3" quantity="s/0/times"/>
  <ComponentType name="Recorder"><Path name="quantity"/></ComponentType>
"#;

/// Two sections of 10 µm with the segments 0, 3 and 4; 3 and 4 are the halves of the second section.
fn tree(spike_threshold_v: Option<f64>) -> Arc<Shaped> {
    let plans = [
        SectionPlan::cylinder("soma", SectionKind::Soma, 10.0, 10.0),
        SectionPlan::cylinder("dend", SectionKind::BasalDendrite, 10.0, 1.0).on("soma", 1.0),
    ];
    let morphology = Morphology::from_sections("tree", &plans).unwrap();
    let at = |section, fraction| Location { section: SectionId(section), fraction };
    let segment =
        |id, section, from, to| SegmentPlace { id, proximal: at(section, from), distal: at(section, to) };
    Arc::new(Shaped {
        cell: Arc::new(CableCell::new(morphology, 0.01, 1.0, -0.065)),
        segments: vec![segment(0, 0, 0.0, 1.0), segment(3, 1, 0.0, 0.5), segment(4, 1, 0.5, 1.0)],
        spike_threshold_v,
        names: Default::default(),
        assumptions: vec!["about the tree".to_string()],
        warnings: Vec::new(),
    })
}

/// A cell that is not read: the reader of cells has tests of its own.
const TREE: &str = r#"<cell id="tree"/>"#;

fn read_with(text: &str, threshold_v: Option<f64>) -> Result<Network> {
    let mut set = library::core().unwrap().clone();
    let text = format!("<neuroml>{PARTS}{TREE}{text}</neuroml>");
    set.read_str(&text, "net.nml", &NoIncludes)?;
    let found = set.components().find(|c| set.is_a(&c.component_type, "network")).unwrap().clone();
    network(&set, &found, &mut |component| {
        assert_eq!(component.id.as_deref(), Some("tree"));
        Ok(tree(threshold_v))
    })
}

fn read(text: &str) -> Network {
    read_with(&format!("<network id=\"n\">{text}</network>"), Some(-0.02)).unwrap()
}

fn refused(text: &str) -> String {
    read_with(&format!("<network id=\"n\">{text}</network>"), Some(-0.02)).unwrap_err().to_string()
}

/// Points `a` (3), `b` (2) and trees `t` (2).
const POPULATIONS: &str = r#"
  <population id="a" component="iaf" size="3"/>
  <population id="b" component="iaf" size="2"/>
  <population id="t" component="tree" size="2"/>
  <population id="s" component="times" size="2"/>
  <population id="c" component="clock" size="1"/>
"#;

fn with_populations(text: &str) -> Network {
    read(&format!("{POPULATIONS}{text}"))
}

#[test]
fn populations_of_every_kind() {
    let net = with_populations("");
    let sizes: Vec<(&str, usize)> = net.model.populations.iter().map(|p| (p.name.as_str(), p.size)).collect();
    assert_eq!(sizes, [("a", 3), ("b", 2), ("t", 2), ("s", 2), ("c", 1)]);
    let cells: Vec<&PopulationCell> = net.model.populations.iter().map(|p| &p.cell).collect();
    assert!(matches!(cells[0], PopulationCell::Point(cell) if cell.dynamics.name == "iaf"));
    assert!(matches!(cells[2], PopulationCell::Cable(_)));
    let PopulationCell::SpikeTimes(times) = cells[3] else { panic!("{cells:?}") };
    assert_eq!(**times, vec![vec![0.003, 0.007]; 2]);
    assert!(matches!(cells[4], PopulationCell::Point(cell) if cell.dynamics.out_ports == ["spike"]));
    // Spikes of cells with a shape are detected at the middle of the root.
    let detectors = &net.model.spike_detectors;
    assert_eq!(detectors.len(), 1);
    assert_eq!((detectors[0].population, detectors[0].threshold_v, detectors[0].is_output), (2, -0.02, true));
    assert_eq!(detectors[0].points, Some(Points::At(Region::Section("soma".into()), 0.5)));
    assert_eq!(net.assumptions, ["about the tree"]);
    assert!(net.warnings.is_empty(), "{:?}", net.warnings);
}

#[test]
fn lists_of_spike_times_with_a_recorded_quantity_have_equations() {
    let net = read(
        r#"<population id="seen_times" component="times" size="1"/><population id="s" component="times" size="1"/>"#,
    );
    let PopulationCell::Point(cell) = &net.model.populations[0].cell else { panic!("{net:?}") };
    assert!(cell.dynamics.exposed("tsince").is_some());
    assert_eq!(cell.dynamics.out_ports, ["spike"]);
    assert!(matches!(net.model.populations[1].cell, PopulationCell::SpikeTimes(_)));
}

#[test]
fn lists_and_layouts() {
    let net = read(
        r#"<population id="l" type="populationList" component="iaf" size="3">
             <annotation><property tag="color" value="1 0 0"/></annotation><property tag="radius" value="5"/>
             <instance id="7"><location x="7" y="0" z="1"/></instance>
             <instance id="2"><location x="2" y="0" z="0"/></instance>
             <instance id="0"><location x="0" y="0" z="0"/></instance>
           </population>
           <population id="m" component="iaf"><instance id="0"><location x="0" y="0" z="0"/></instance></population>
           <space id="grid" basedOn="Grid_3D"><structure xSpacing="10" ySpacing="20" zStart="5"/></space>
           <region id="box" space="grid"><rectangularExtent xStart="100" yStart="0" zStart="0" xLength="10" yLength="0" zLength="1"/></region>
           <population id="g" component="iaf"><layout space="grid"><grid xSize="2" ySize="3"/></layout></population>
           <population id="r" component="iaf"><layout><random number="50" region="box"/></layout></population>
           <population id="u" component="iaf" size="4"><layout><unstructured number="4"/></layout></population>
           <explicitInput target="l[7]" input="pulse"/>"#,
    );
    let sizes: Vec<usize> = net.model.populations.iter().map(|p| p.size).collect();
    assert_eq!(sizes, [3, 1, 6, 50, 4]);
    let list = &net.populations[0];
    assert_eq!(list.ids, [0, 2, 7]);
    assert_eq!(list.positions_um[2], [7.0, 0.0, 1.0]);
    assert_eq!((list.cell(7, 3), list.cell(1, 3)), (Some(2), None));
    assert_eq!(net.model.attachments[0].contacts[0].cell, 2);
    assert!(net.populations[1].ids.is_empty());
    assert_eq!(net.populations[2].positions_um[5], [10.0, 40.0, 5.0]);
    let scattered = &net.populations[3].positions_um;
    assert!(
        scattered.iter().all(|p| (100.0..110.0).contains(&p[0]) && p[1] == 0.0 && (0.0..1.0).contains(&p[2]))
    );
    assert!(scattered[0] != scattered[1]);
    assert!(net.warnings.is_empty(), "{:?}", net.warnings);
}

fn contact(cell: u32) -> Contact {
    Contact { cell, location: None, weight: 1.0 }
}

#[test]
fn connections_with_every_form_of_path() {
    let net = with_populations(
        r#"<projection id="p" presynapticPopulation="a" postsynapticPopulation="b" synapse="plastic">
             <connection id="0" preCellId="../a/2/iaf" postCellId="../b/0/iaf"/>
             <connection id="1" preCellId="../a[1]" postCellId="b[1]"/>
             <connectionWD id="2" preCellId="0" postCellId="0" weight="0.5" delay="2 ms"/>
           </projection>
           <synapticConnection from="a[0]" to="b[1]" synapse="plastic" destination="synapses"/>
           <synapticConnectionWD from="c[0]" to="b[1]" synapse="plastic" weight="2" delay="1 ms"/>
           <synapticConnection from="s[1]" to="b[1]" synapse="plastic"/>"#,
    );
    assert_eq!(net.model.attachments.len(), 1);
    let list = &net.model.attachments[0];
    assert_eq!((list.name.as_str(), list.population), ("plastic", 1));
    let cells: Vec<u32> = list.contacts.iter().map(|c| c.cell).collect();
    assert_eq!(cells, [0, 1, 0, 1, 1, 1]);
    let made: Vec<_> =
        net.model.connections.iter().map(|c| (c.source, c.target, c.weight, c.delay_s)).collect();
    let expected = [
        ((0, 2), (1, 0), 1.0, 0.0),
        ((0, 1), (1, 1), 1.0, 0.0),
        ((0, 0), (1, 0), 0.5, 0.002),
        ((0, 0), (1, 1), 1.0, 0.0),
        ((4, 0), (1, 1), 2.0, 0.001),
        ((3, 1), (1, 1), 1.0, 0.0),
    ];
    assert_eq!(made, expected);
    for (index, connection) in net.model.connections.iter().enumerate() {
        let receiver = Receiver::Contact { attachments: 0, contact: index as u32 };
        assert_eq!((connection.receiver, connection.sender, connection.port), (receiver, Sender::Cell, 0));
    }
}

#[test]
fn places_on_cells_with_a_shape() {
    let net = with_populations(
        r#"<projection id="p" presynapticPopulation="t" postsynapticPopulation="t" synapse="plastic">
             <connection id="0" preCellId="../t/0/tree" postCellId="../t/1/tree"/>
             <connection id="1" preCellId="../t/0/tree" postCellId="../t/1/tree" preSegmentId="0"
                         preFractionAlong="0.5" postSegmentId="3" postFractionAlong="0.5"/>
             <connection id="2" preCellId="../t/0/tree" postCellId="../t/1/tree" preSegmentId="4"
                         preFractionAlong="1" postSegmentId="4" postFractionAlong="0"/>
             <connection id="3" preCellId="../t/1/tree" postCellId="../t/1/tree" preSegmentId="4"
                         preFractionAlong="1"/>
           </projection>
           <inputList id="i" component="pulse" population="t">
             <input id="0" target="../t/1/tree" segmentId="4" fractionAlong="0.5" destination="synapses"/>
             <inputW id="1" target="../t/0/tree" destination="synapses" weight="3"/>
           </inputList>"#,
    );
    let places = |list: usize| -> Vec<(u32, f64)> {
        let contacts = &net.model.attachments[list].contacts;
        contacts.iter().map(|c| c.location.unwrap()).map(|l| (l.section.0, l.fraction)).collect()
    };
    assert_eq!(places(0), [(0, 0.5), (1, 0.25), (1, 0.5), (0, 0.5)]);
    assert_eq!(places(1), [(1, 0.75), (0, 0.5)]);
    let weights: Vec<f64> = net.model.attachments[1].contacts.iter().map(|c| c.weight).collect();
    assert_eq!(weights, [1.0, 3.0]);
    // One more detector, at the end of the dendrite, whose spikes are not the cell's.
    let senders: Vec<Sender> = net.model.connections.iter().map(|c| c.sender).collect();
    assert_eq!(senders, [Sender::Cell, Sender::Cell, Sender::Detector(1), Sender::Detector(1)]);
    let detector = &net.model.spike_detectors[1];
    assert_eq!(detector.points, Some(Points::At(Region::Section("dend".into()), 1.0)));
    assert!(!detector.is_output);
}

#[test]
fn linear_synapses_share_an_instance_unless_a_path_names_one() {
    let projection = |synapse: &str| {
        format!(
            r#"<projection id="{synapse}" presynapticPopulation="a" postsynapticPopulation="b" synapse="{synapse}">
                 <connectionWD id="0" preCellId="0" postCellId="0" weight="1" delay="1 ms"/>
                 <connectionWD id="1" preCellId="1" postCellId="0" weight="2" delay="1 ms"/>
                 <connectionWD id="2" preCellId="2" postCellId="1" weight="3" delay="1 ms"/>
               </projection>"#
        )
    };
    let all: String = ["fast", "seen", "plastic"].map(projection).concat();
    let net = with_populations(&all);
    assert_eq!(net.model.attachments[0].contacts, [contact(0), contact(1)]);
    assert_eq!(net.model.attachments[1].contacts.len(), 3);
    assert_eq!(net.model.attachments[2].contacts.len(), 3);
    let receivers: Vec<Receiver> = net.model.connections[..3].iter().map(|c| c.receiver).collect();
    let at = |contact| Receiver::Contact { attachments: 0, contact };
    assert_eq!(receivers, [at(0), at(0), at(1)]);
    let weights: Vec<f64> = net.model.connections[..3].iter().map(|c| c.weight).collect();
    assert_eq!(weights, [1.0, 2.0, 3.0]);
}

#[test]
fn gap_junctions_and_graded_synapses() {
    let net = with_populations(
        r#"<electricalProjection id="e" presynapticPopulation="a" postsynapticPopulation="t">
             <electricalConnectionInstanceW id="0" preCell="../a/2/iaf" postCell="../t/1/tree" postSegment="3"
                                            postFractionAlong="0" synapse="gap" weight="4"/>
             <electricalConnectionInstance id="1" preCell="../a[0]" postCell="../t[0]" synapse="gap"/>
           </electricalProjection>
           <continuousProjection id="c" presynapticPopulation="a" postsynapticPopulation="a">
             <continuousConnectionInstance id="0" preCell="../a[0]" postCell="../a[1]" preComponent="silent" postComponent="graded"/>
             <continuousConnectionInstanceW id="1" preCell="../a[1]" postCell="../a[2]" preComponent="silent" postComponent="graded" weight="9"/>
           </continuousProjection>"#,
    );
    let names: Vec<(&str, usize)> =
        net.model.attachments.iter().map(|a| (a.name.as_str(), a.population)).collect();
    assert_eq!(names, [("gap", 0), ("gap", 2), ("silent", 0), ("graded", 0)]);
    let pair = |one, other| Coupling { one, other };
    assert_eq!(
        net.model.couplings,
        [pair((0, 0), (1, 0)), pair((0, 1), (1, 1)), pair((2, 0), (3, 0)), pair((2, 1), (3, 1)),]
    );
    let on_tree = net.model.attachments[1].contacts[0];
    assert_eq!((on_tree.cell, on_tree.weight), (1, 4.0));
    assert_eq!(on_tree.location.map(|l| (l.section.0, l.fraction)), Some((1, 0.0)));
    assert_eq!(net.model.attachments[0].contacts[0].weight, 4.0);
    assert_eq!(net.model.attachments[3].contacts, [contact(1), Contact { weight: 9.0, ..contact(2) }]);
    assert!(net.model.connections.is_empty());
}

#[test]
fn inputs() {
    let net = with_populations(
        r#"<explicitInput target="a[1]" input="pulse" destination="synapses"/>
           <explicitInput target="a[1]" input="noise"/>
           <inputList id="i" component="noise" population="b">
             <input id="0" target="../b[1]" destination="synapses"/>
             <input id="1" target="../b[1]" destination="synapses"/>
           </inputList>"#,
    );
    let lists: Vec<(&str, usize, usize)> =
        net.model.attachments.iter().map(|a| (a.name.as_str(), a.population, a.contacts.len())).collect();
    assert_eq!(lists, [("pulse", 0, 1), ("noise", 0, 1), ("noise", 1, 2)]);
    assert!(net.model.attachments[1].dynamics.states.len() > 2);
}

#[test]
fn a_cell_alone() {
    let mut set = library::core().unwrap().clone();
    set.read_str(&format!("<neuroml>{PARTS}</neuroml>"), "net.nml", &NoIncludes).unwrap();
    let cell = set.component("iaf").unwrap();
    let net = single(&set, cell, &mut |_| Ok(tree(None))).unwrap();
    assert_eq!((net.model.populations[0].size, net.populations[0].path.as_str()), (1, ""));
    assert_eq!(net.populations[0].component, "iaf");
    let error = single(&set, set.component("seen").unwrap(), &mut |_| Ok(tree(None))).unwrap_err();
    assert!(error.message().contains("'seen' cannot be a cell: it reads 'v'"), "{error}");
}

#[test]
fn temperatures() {
    let warm = r#"<population id="w" component="warm" size="1"/>"#;
    let given = read_with(
        &format!(r#"<network id="n" type="networkWithTemperature" temperature="32 degC">{warm}</network>"#),
        None,
    );
    let given = given.unwrap();
    assert!((given.model.temperature_k - 305.15).abs() < 1e-9 && given.assumptions.is_empty());
    let assumed = read(warm);
    assert!((assumed.model.temperature_k - 279.45).abs() < 1e-9);
    let said = &assumed.assumptions[0];
    assert!(said.starts_with("The temperature is 6.3 degC") && said.ends_with("goes by it: warm."), "{said}");
    assert!(read(r#"<population id="a" component="iaf" size="1"/>"#).assumptions.is_empty());
}

#[test]
fn doubts_are_told() {
    let told = |text: &str| -> Vec<&'static str> {
        with_populations(text).warnings.iter().map(|w| w.name).collect()
    };
    let projection = |pre: &str, inside: &str| {
        format!(
            r#"<projection id="p" presynapticPopulation="{pre}" postsynapticPopulation="b" synapse="fast">{inside}</projection>"#
        )
    };
    assert_eq!(told(&projection("a", "")), ["empty-projection"]);
    let connection = r#"<connection id="0" preCellId="../b[0]" postCellId="../b[0]"/>"#;
    assert_eq!(told(&projection("a", connection)), ["other-population"]);
    let connection = r#"<connection id="0" preCellId="../a/0/abc" postCellId="../b[0]" postSegmentId="3"/>"#;
    assert_eq!(told(&projection("a", connection)), ["other-component", "segment-of-point-cell"]);
    assert_eq!(told(r#"<inputList id="i" component="pulse" population="a"/>"#), ["empty-input-list"]);
    assert_eq!(told(r#"<population id="z" component="iaf" size="0"/>"#), ["empty-population"]);
    let list =
        r#"<inputList id="i" component="pulse" population="q"><input id="0" target="../a[0]"/></inputList>"#;
    assert_eq!(told(list), ["other-population"]);
    // A cell without a threshold that sends spikes after all.
    let text = projection("t", r#"<connection id="0" preCellId="../t[0]" postCellId="../b[0]"/>"#);
    let net = read_with(&format!("<network id=\"n\">{POPULATIONS}{text}</network>"), None).unwrap();
    assert_eq!(net.warnings[0].name, "no-spike-threshold");
    assert_eq!(net.model.spike_detectors[0].threshold_v, 0.0);
    // Many alike are told a few times.
    let many = connection.repeat(100);
    let warnings = with_populations(&projection("a", &many)).warnings;
    assert_eq!(warnings.len(), 12);
    assert!(warnings[10].message.contains("and 95 more"), "{warnings:?}");
}

#[test]
fn what_is_wrong_is_refused_with_its_place() {
    let projection = |attributes: &str, inside: &str| {
        format!("{POPULATIONS}\n<projection id=\"p\" {attributes}>{inside}</projection>")
    };
    let a_to_b = |inside: &str| {
        projection("presynapticPopulation=\"a\" postsynapticPopulation=\"b\" synapse=\"fast\"", inside)
    };
    let a_to_t = |inside: &str| {
        projection("presynapticPopulation=\"a\" postsynapticPopulation=\"t\" synapse=\"fast\"", inside)
    };
    let input = |attributes: &str| format!("{POPULATIONS}<explicitInput {attributes}/>");
    for (text, wanted) in [
        (
            projection("presynapticPopulation=\"x\" postsynapticPopulation=\"b\" synapse=\"fast\"", ""),
            "there is no population 'x'",
        ),
        (
            projection("presynapticPopulation=\"a\" postsynapticPopulation=\"b\" synapse=\"fest\"", ""),
            "there is no component 'fest' (did you mean 'fast'?)",
        ),
        (
            projection("presynapticPopulation=\"a\" postsynapticPopulation=\"b\" synapse=\"pulse\"", ""),
            "in which events have no effect (expected a synapse)",
        ),
        (
            projection("presynapticPopulation=\"a\" postsynapticPopulation=\"b\" synapse=\"gap\"", ""),
            "gap junctions belong in an electricalProjection",
        ),
        (
            projection("presynapticPopulation=\"a\" postsynapticPopulation=\"b\" synapse=\"iaf\"", ""),
            "gives no current to a cell",
        ),
        (
            a_to_b(r#"<connection id="0" preCellId="../a/99/iaf" postCellId="../b/0/iaf"/>"#),
            "there is no cell 99 in 'a', which has 3 (they are numbered 0 to 2)",
        ),
        (a_to_b(r#"<connection id="0" preCellId="../q[0]" postCellId="../b[0]"/>"#), "there is no population 'q'"),
        (a_to_b(r#"<connection id="0" preCellId="../a[x]" postCellId="../b[0]"/>"#), "is not the path of a cell"),
        (
            a_to_b(r#"<connectionWD id="0" preCellId="0" postCellId="0" weight="1" delay="-1 ms"/>"#),
            "a delay of -1 ms",
        ),
        (
            a_to_t(r#"<connection id="0" preCellId="0" postCellId="0" postSegmentId="2"/>"#),
            "there is no segment 2 (it has 3 segments with ids from 0 to 4)",
        ),
        (
            a_to_t(r#"<connection id="0" preCellId="0" postCellId="0" postSegmentId="1.5"/>"#),
            "is not the id of a segment",
        ),
        (
            a_to_t(r#"<connection id="0" preCellId="0" postCellId="0" postFractionAlong="1.5"/>"#),
            "is not a fraction from 0 to 1",
        ),
        (
            projection(
                "presynapticPopulation=\"a\" postsynapticPopulation=\"s\" synapse=\"fast\"",
                r#"<connection id="0" preCellId="0" postCellId="0"/>"#,
            ),
            "'s' is a list of spike times: nothing can be attached to it",
        ),
        (
            projection(
                "presynapticPopulation=\"a\" postsynapticPopulation=\"c\" synapse=\"fast\"",
                r#"<connection id="0" preCellId="0" postCellId="0"/>"#,
            ),
            "a spikeGenerator takes no current",
        ),
        (input("target=\"a[0]\" input=\"fast\""), "a synapse, which by itself does nothing"),
        (input("target=\"a[0]\" input=\"bare\""), "'bare' gives I, and the cells of 'a' (a iafCell) take i"),
        (input("target=\"a[7]\" input=\"pulse\""), "there is no cell 7 in 'a'"),
        (input("target=\"7\" input=\"pulse\""), "does not say which population"),
        (
            r#"<population id="a" component="iaf" size="-1"/>"#.to_string(),
            "size=\"-1\" is not a number of cells",
        ),
        (r#"<population id="a" component="iaf" size="1.5"/>"#.to_string(), "size=\"1.5\" is not a number"),
        (r#"<population id="a" component="iaf"/>"#.to_string(), "its size is missing"),
        (r#"<population id="a" component="iaf" size="100000000000000"/>"#.to_string(), "GiB of memory"),
        (
            r#"<population id="a" component="iaf"><layout><grid xSize="4294967296" ySize="4294967296"/></layout></population>"#
                .to_string(),
            "GiB of memory",
        ),
        (
            r#"<population id="a" component="iaf"><layout><random number="5" region="x"/></layout></population>"#
                .to_string(),
            "there is no region 'x'",
        ),
        (
            r#"<population id="a" type="populationList" component="iaf"><instance id="1"/><instance id="1"/></population>"#
                .to_string(),
            "the instance 1 is listed before",
        ),
        (r#"<population id="a" component="fast" size="1"/>"#.to_string(), "'fast' cannot be a cell: it reads 'v'"),
        (
            r#"<population id="a" component="iaf" size="1"/><population id="a" component="iaf" size="1"/>"#
                .to_string(),
            "is used before, by another population",
        ),
    ] {
        let error = refused(&text);
        assert!(error.contains(wanted), "{text}\n{error}");
        assert!(error.starts_with("net.nml:"), "{error}");
    }
    // All of them in one go, but not without end.
    let wrong = r#"<connection id="0" preCellId="9" postCellId="0"/>"#.repeat(1000);
    let lines = refused(&a_to_b(&wrong)).lines().count();
    assert!((40..60).contains(&lines), "{lines}");
}

#[test]
fn events_from_cell_to_cell() {
    let parts = r#"
      <ComponentType name="relay" extends="baseSpikingCell"><EventPort name="in" direction="in"/>
        <Dynamics><OnEvent port="in"><EventOut port="spike"/></OnEvent></Dynamics></ComponentType>
      <relay id="relay"/>"#;
    let net = format!(
        r#"{parts}<network id="n"><population id="c" component="clock" size="1"/>
           <population id="r" component="relay" size="2"/><explicitConnection from="c[0]" to="r[1]"/></network>"#
    );
    let net = read_with(&net, None).unwrap();
    assert_eq!(
        net.model.connections,
        [Connection {
            source: (0, 0),
            sender: Sender::Cell,
            target: (1, 1),
            receiver: Receiver::Cell,
            port: 0,
            weight: 1.0,
            delay_s: 0.0
        }]
    );
}
