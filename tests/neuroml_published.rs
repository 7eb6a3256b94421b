//! What published documents do that the standard does not foresee, or seldom: each was found in a model of others
//! and is told here in a few lines of our own.

use std::fs;

use neuropil::engine::Options;
use neuropil::neuroml::{self, Simulation};

mod common;
use common::sim::{Run, run_model};

const CORE: &str =
    r#"<Include file="Cells.xml"/><Include file="Networks.xml"/><Include file="Simulation.xml"/>"#;

/// Reads a document of `body` whose target is `sim`; `files` lie beside it.
fn read_beside(body: &str, files: &[(&str, &str)]) -> neuropil::Result<Simulation> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let main = folder.path().join("main.xml");
    fs::write(&main, format!("<Lems><Target component=\"sim\"/>\n{CORE}\n{body}\n</Lems>")).unwrap();
    neuroml::read(main)
}

#[track_caller]
fn read(body: &str) -> Simulation {
    read_beside(body, &[]).unwrap_or_else(|error| panic!("{error}"))
}

fn run(simulation: &Simulation) -> Run {
    run_model(&simulation.model, &Options { threads: 1, ..Options::default() })
}

/// The last sample of column `column` of the first file.
fn last(run: &Run, column: usize) -> f64 {
    let width = run.tables[0].columns.len() + 1;
    let table = &run.memory.tables[0];
    table[table.len() - width + 1 + column]
}

fn warns(simulation: &Simulation, name: &str) -> bool {
    simulation.warnings.iter().any(|warning| warning.name == name)
}

/// A simulation of `target` for 10 ms that writes `quantities`.
fn recording(target: &str, quantities: &[&str]) -> String {
    let column = |(i, q): (usize, &&str)| format!("<OutputColumn id=\"c{i}\" quantity=\"{q}\"/>");
    let columns: String = quantities.iter().enumerate().map(column).collect();
    format!(
        "<Simulation id=\"sim\" length=\"10 ms\" step=\"0.01 ms\" target=\"{target}\"><OutputFile id=\"o\" \
         fileName=\"o.dat\">{columns}</OutputFile></Simulation>"
    )
}

/// A cell that is held at v0, with one channel; its only child is named by its id, not by its slot.
#[test]
fn a_single_child_may_be_named_by_its_id() {
    let body = format!(
        r#"<ComponentType name="held" extends="baseCellMembPot"><Parameter name="v0" dimension="voltage"/>
        <Child name="channelPopulation" type="channelPopulation"/>
        <Dynamics><StateVariable name="v" dimension="voltage" exposure="v"/>
        <OnStart><StateAssignment variable="v" value="v0"/></OnStart></Dynamics></ComponentType>
        <ionChannelHH id="na" conductance="10 pS"><gateHHtauInf id="m" instances="1">
        <timeCourse type="fixedTimeCourse" tau="5 ms"/>
        <steadyState type="HHSigmoidVariable" rate="1" midpoint="-40 mV" scale="10 mV"/></gateHHtauInf></ionChannelHH>
        <held id="cell" v0="-40 mV"><channelPopulation id="test" ionChannel="na" number="1" erev="0 mV"/></held>
        <network id="net"><population id="pop" component="cell" size="1"/></network>{}"#,
        recording("net", &["pop[0]/test/na/m/inf", "pop[0]/channelPopulation/na/m/inf"])
    );
    let run = run(&read(&body));
    assert!((last(&run, 0) - 0.5).abs() < 1e-12 && (last(&run, 1) - 0.5).abs() < 1e-12);
}

/// A time course of 2 ms whose variable is declared without a dimension: the exposure has one.
#[test]
fn a_variable_may_have_another_dimension_than_its_exposure() {
    let body = format!(
        r#"<ComponentType name="slow" extends="baseVoltageDepTime"><Constant name="ms" dimension="time" value="1 ms"/>
        <Dynamics><DerivedVariable name="t" dimension="none" exposure="t" value="2 * ms"/></Dynamics></ComponentType>
        <ionChannelHH id="na" conductance="10 pS"><gateHHtauInf id="m" instances="1"><timeCourse type="slow"/>
        <steadyState type="HHSigmoidVariable" rate="1" midpoint="-40 mV" scale="10 mV"/></gateHHtauInf></ionChannelHH>
        <pointCellCondBased id="cell" C="1 pF" v0="-65 mV" thresh="0 mV">
        <channelPopulation id="p" ionChannel="na" number="0" erev="0 mV"/></pointCellCondBased>
        <network id="net"><population id="pop" component="cell" size="1"/></network>{}"#,
        recording("net", &["pop[0]/p/na/m/tau"])
    );
    let simulation = read(&body);
    assert!(warns(&simulation, "exposure-dimension") && warns(&simulation, "dimension-mismatch"));
    assert!((last(&run(&simulation), 0) - 2e-3).abs() < 1e-15);
}

/// The synapse reads the cell's potential, and the cell nothing of the synapse: g = 2 nS e^(-t / 3 ms) after an
/// event at 5 ms.
#[test]
fn synapses_may_sit_where_their_current_is_not_read() {
    let body = format!(
        r#"<ComponentType name="held" extends="baseCellMembPot"><Attachments name="synapses" type="basePointCurrent"/>
        <Dynamics><DerivedVariable name="v" dimension="voltage" exposure="v" value="v0"/></Dynamics>
        <Parameter name="v0" dimension="voltage"/></ComponentType>
        <held id="cell" v0="-40 mV"/><spikeArray id="in"><spike id="0" time="5 ms"/></spikeArray>
        <expOneSynapse id="syn" gbase="2 nS" erev="0 mV" tauDecay="3 ms"/>
        <network id="net"><population id="pop" component="cell" size="1"/><population id="from" component="in" size="1"/>
        <synapticConnection from="from[0]" to="pop[0]" synapse="syn" destination="synapses"/></network>{}"#,
        recording("net", &["pop[0]/syn/g", "pop[0]/syn/i"])
    );
    let simulation = read(&body);
    assert!(warns(&simulation, "current-not-read"));
    let run = run(&simulation);
    let g = 2e-9 * (-5.0f64 / 3.0).exp();
    assert!((last(&run, 0) / g - 1.0).abs() < 0.01, "{}", last(&run, 0));
    assert!((last(&run, 1) / (0.04 * g) - 1.0).abs() < 0.01, "{}", last(&run, 1));
}

/// Rates without potentials: what a synapse passes on is not the potential but another quantity of the cell on the
/// other side, and the end there says nothing of it. x' = (1 - x) / tau on the first cell, y = 3 x on the second.
#[test]
fn graded_synapses_read_any_quantity_of_the_other_cell() {
    let body = format!(
        r#"<ComponentType name="rate" extends="baseCellMembPotDL"><Exposure name="R" dimension="none"/>
        <Parameter name="tau" dimension="time"/><Parameter name="goal" dimension="none"/>
        <Attachments name="synapses" type="basePointCurrentDL"/>
        <Dynamics><StateVariable name="x" dimension="none"/>
        <DerivedVariable name="I" dimension="none" select="synapses[*]/I" reduce="add"/>
        <DerivedVariable name="V" dimension="none" exposure="V" value="0"/>
        <DerivedVariable name="R" dimension="none" exposure="R" value="x + I"/>
        <TimeDerivative variable="x" value="(goal - x) / tau"/></Dynamics></ComponentType>
        <ComponentType name="silent" extends="baseGradedSynapse0"><Dynamics>
        <DerivedVariable name="I" dimension="none" exposure="I" value="0"/></Dynamics></ComponentType>
        <ComponentType name="baseGradedSynapse0" extends="baseSynapseDL"/>
        <ComponentType name="passing" extends="baseGradedSynapse0"><Property name="weight" dimension="none" defaultValue="1"/>
        <InstanceRequirement name="peer" type="baseGradedSynapse0"/><Dynamics>
        <DerivedVariable name="there" dimension="none" select="peer/R"/>
        <DerivedVariable name="I" dimension="none" exposure="I" value="weight * there"/></Dynamics></ComponentType>
        <rate id="one" tau="4 ms" goal="1"/><rate id="two" tau="4 ms" goal="0"/><silent id="pre"/><passing id="post"/>
        <network id="net"><population id="a" component="one" size="1"/><population id="b" component="two" size="1"/>
        <continuousProjection id="c" presynapticPopulation="a" postsynapticPopulation="b">
        <continuousConnectionInstanceW id="0" preCell="../a[0]" postCell="../b[0]" preComponent="pre" postComponent="post"
        weight="3"/></continuousProjection></network>{}"#,
        recording("net", &["a[0]/R", "b[0]/R"])
    );
    let run = run(&read(&body));
    let x = 1.0 - (-2.5f64).exp();
    assert!((last(&run, 0) / x - 1.0).abs() < 1e-6, "{}", last(&run, 0));
    assert!((last(&run, 1) / (3.0 * x) - 1.0).abs() < 2e-3, "{}", last(&run, 1));
}

/// Rates that drive each other: x' = -y / tau, y' = x / tau go round a circle. With what the other was a step
/// ago they would spiral out, to a radius of exp(t dt / 2 tau^2) = 1.05.
#[test]
fn rates_that_drive_each_other_are_of_second_order() {
    let body = format!(
        r#"<ComponentType name="rate" extends="baseCellMembPotDL"><Exposure name="R" dimension="none"/>
        <Parameter name="tau" dimension="time"/><Parameter name="x0" dimension="none"/>
        <Attachments name="synapses" type="basePointCurrentDL"/>
        <Dynamics><StateVariable name="x" dimension="none" exposure="R"/>
        <DerivedVariable name="I" dimension="none" select="synapses[*]/I" reduce="add"/>
        <DerivedVariable name="V" dimension="none" exposure="V" value="0"/>
        <TimeDerivative variable="x" value="I / tau"/>
        <OnStart><StateAssignment variable="x" value="x0"/></OnStart></Dynamics></ComponentType>
        <ComponentType name="baseGradedSynapse0" extends="baseSynapseDL"/>
        <ComponentType name="passing" extends="baseGradedSynapse0"><Parameter name="factor" dimension="none"/>
        <InstanceRequirement name="peer" type="baseGradedSynapse0"/><Dynamics>
        <DerivedVariable name="there" dimension="none" select="peer/R"/>
        <DerivedVariable name="I" dimension="none" exposure="I" value="factor * there"/></Dynamics></ComponentType>
        <rate id="one" tau="1 ms" x0="1"/><rate id="two" tau="1 ms" x0="0"/>
        <passing id="minus" factor="-1"/><passing id="plus" factor="1"/>
        <network id="net"><population id="a" component="one" size="1"/><population id="b" component="two" size="1"/>
        <continuousProjection id="c" presynapticPopulation="a" postsynapticPopulation="b">
        <continuousConnectionInstance id="0" preCell="../a[0]" postCell="../b[0]" preComponent="minus" postComponent="plus"/>
        </continuousProjection></network>{}"#,
        recording("net", &["a[0]/R", "b[0]/R"])
    );
    let run = run(&read(&body));
    let (x, y) = (last(&run, 0), last(&run, 1));
    assert!((x - 10f64.cos()).abs() < 5e-4 && (y - 10f64.sin()).abs() < 5e-4, "{x} {y}");
}

/// A synapse that needs a quantity of its cell other than the potential: the current is 2 w nA.
#[test]
fn synapses_read_any_quantity_of_their_cell() {
    let body = format!(
        r#"<ComponentType name="leaky" extends="baseCellMembPot"><Exposure name="w" dimension="none"/>
        <Attachments name="synapses" type="basePointCurrent"/><Parameter name="C" dimension="capacitance"/>
        <Dynamics><StateVariable name="v" dimension="voltage" exposure="v"/>
        <StateVariable name="u" dimension="none"/>
        <DerivedVariable name="w" dimension="none" exposure="w" value="1 + u"/>
        <DerivedVariable name="i" dimension="current" select="synapses[*]/i" reduce="add"/>
        <TimeDerivative variable="v" value="i / C"/></Dynamics></ComponentType>
        <ComponentType name="scaled" extends="basePointCurrent"><Requirement name="w" dimension="none"/>
        <Parameter name="unit" dimension="current"/><EventPort name="in" direction="in"/>
        <Dynamics><DerivedVariable name="i" dimension="current" exposure="i" value="2 * w * unit"/></Dynamics>
        </ComponentType>
        <leaky id="cell" C="1 nF"/><scaled id="input" unit="1 nA"/>
        <network id="net"><population id="pop" component="cell" size="1"/>
        <explicitInput target="pop[0]" input="input"/></network>{}"#,
        recording("net", &["pop[0]/v"])
    );
    // 2 nA into 1 nF for 10 ms.
    assert!((last(&run(&read(&body)), 0) / 0.02 - 1.0).abs() < 1e-9);
}

/// A clamp of 10 ohm on a cell of 12.6 pF, whose time constant is 0.1 ns: taken as it stands, with a current that is
/// set after every step, it bursts at once.
#[test]
fn clamps_that_set_their_current_after_each_step_hold() {
    let body = format!(
        r#"<ionChannelPassive id="leak" conductance="10 pS"/>
        <cell id="c"><morphology id="m"><segment id="0"><proximal x="0" y="0" z="0" diameter="20"/>
        <distal x="0" y="20" z="0" diameter="20"/></segment></morphology>
        <biophysicalProperties id="b"><membraneProperties>
        <channelDensity id="l" ionChannel="leak" condDensity="1 S_per_m2" erev="-65 mV" ion="non_specific"/>
        <specificCapacitance value="1 uF_per_cm2"/><initMembPotential value="-65 mV"/>
        </membraneProperties><intracellularProperties><resistivity value="1 ohm_m"/></intracellularProperties>
        </biophysicalProperties></cell>
        <voltageClampTriple id="clamp" active="1" delay="2 ms" duration="5 ms" conditioningVoltage="-70 mV"
        testingVoltage="-20 mV" returnVoltage="-50 mV" simpleSeriesResistance="10 ohm"/>
        <network id="net"><population id="pop" component="c" size="1"/>
        <explicitInput target="pop[0]" input="clamp"/></network>{}"#,
        recording("net", &["pop[0]/v"])
    );
    let run = run(&read(&body));
    let v = |ms: f64| run.memory.tables[0][2 * (ms / 0.01).round() as usize + 1];
    for (ms, wanted) in [(1.0, -0.070), (3.0, -0.020), (6.9, -0.020), (7.1, -0.050), (10.0, -0.050)] {
        assert!((v(ms) - wanted).abs() < 1e-6, "{ms} ms: {}", v(ms));
    }
}

#[test]
fn spikes_of_cells_without_a_threshold_are_written_at_0_mv() {
    let body = r#"<ionChannelPassive id="leak" conductance="10 pS"/>
        <cell id="c"><morphology id="m"><segment id="0"><proximal x="0" y="0" z="0" diameter="20"/>
        <distal x="0" y="20" z="0" diameter="20"/></segment></morphology>
        <biophysicalProperties id="b"><membraneProperties>
        <channelDensity id="l" ionChannel="leak" condDensity="1 S_per_m2" erev="20 mV" ion="non_specific"/>
        <specificCapacitance value="1 uF_per_cm2"/><initMembPotential value="-65 mV"/>
        </membraneProperties><intracellularProperties><resistivity value="1 ohm_m"/></intracellularProperties>
        </biophysicalProperties></cell>
        <network id="net"><population id="pop" component="c" size="2"/></network>
        <Simulation id="sim" length="30 ms" step="0.01 ms" target="net">
        <EventOutputFile id="e" fileName="e.spikes" format="ID_TIME">
        <EventSelection id="1" select="pop[1]" eventPort="spike"/></EventOutputFile></Simulation>"#;
    let simulation = read(body);
    assert!(warns(&simulation, "no-spike-threshold"));
    // v = 20 mV - 85 mV e^(-t / 10 ms) passes 0 at 10 ms ln 4.25.
    let spikes = run(&simulation).memory.spikes;
    assert_eq!(spikes.len(), 2);
    assert!((spikes[0].time_s - 10e-3 * 4.25f64.ln()).abs() < 1e-6, "{spikes:?}");
}

#[test]
fn what_is_odd_and_harmless_is_told_and_the_run_goes_on() {
    let body = |cell: &str, quantity: &str| {
        format!(
            r#"<ComponentType name="odd" extends="baseCellMembPot"><Parameter name="a" dimension="none" />
            <Constant name="two" dimension="none" value="2"/>
            <Dynamics><StateVariable name="x" dimension="none"/>
            <DerivedVariable name="v" dimension="voltage" exposure="v" value="a * two * one_volt"/>
            <DerivedVariable name="v" dimension="voltage" exposure="v" value="a * two * one_volt"/>
            <OnCondition test="t .gt. 1"><DerivedVariable name="v" value="0"/></OnCondition></Dynamics>
            <Constant name="one_volt" dimension="voltage" value="1 V"/></ComponentType>
            <odd id="cell" {cell}/>
            <network id="net"><population id="pop" component="cell" size="1"/></network>{}"#,
            recording("net", &[quantity])
        )
    };
    let simulation = read(&body("a=\"3\" colour=\"red\"", "pop[0]/v"));
    assert!(warns(&simulation, "unknown-attribute") && warns(&simulation, "misplaced-element"));
    assert_eq!(last(&run(&simulation), 0), 6.0);
}

#[test]
fn documents_find_what_they_include_as_other_programs_do() {
    let channel = "<neuroml id=\"x\"><ionChannelPassive id=\"leak\" conductance=\"10 pS\"/></neuroml>";
    let main = |include: &str| {
        format!(
            "{include}<pointCellCondBased id=\"cell\" C=\"1 pF\" v0=\"-65 mV\" thresh=\"0 mV\"><channelPopulation id=\"p\" \
             ionChannel=\"leak\" number=\"1\" erev=\"0 mV\"/></pointCellCondBased><network id=\"net\"><population id=\"pop\" \
             component=\"cell\" size=\"1\"/></network>{}",
            recording("net", &["pop[0]/v"])
        )
    };
    let files = [("channels/leak.nml", channel), ("leak.nml", channel)];
    for include in [
        "<Include file=\"/channels/leak.nml\"/>",
        "<Include url=\"https://example.org/models/leak.nml\"/>",
        "<Include href=\"https://example.org/models/leak.nml\"/>",
    ] {
        if let Err(error) = read_beside(&main(include), &files) {
            panic!("{include}: {error}");
        }
    }
    let error = read_beside(&main("<Include url=\"https://example.org/other.nml\"/>"), &files).unwrap_err();
    assert!(error.to_string().contains("from the network"), "{error}");
}

#[test]
fn units_and_constants_of_a_document_s_own() {
    let body = format!(
        r#"<Unit symbol="M" dimension="concentration" power="0"/>
        <Constant symbol="N" dimension="none" value="6e23"/><Constant symbol="q" dimension="charge" value="1.5e-19"/>
        <Constant symbol="faraday" dimension="charge" value="N * q"/>
        <ComponentType name="odd" extends="baseCellMembPot"><Parameter name="c" dimension="concentration"/>
        <Constant name="ohm_per_s" dimension="voltage" value="1"/><Constant name="one" dimension="concentration" value="1"/>
        <Constant name="coulomb" dimension="charge" value="1"/>
        <Dynamics><DerivedVariable name="v" dimension="voltage" exposure="v"
        value="c / one * faraday / coulomb * ohm_per_s"/></Dynamics></ComponentType>
        <odd id="cell" c="2 M"/><network id="net"><population id="pop" component="cell" size="1"/></network>{}"#,
        recording("net", &["pop[0]/v"])
    );
    let simulation = read(&body);
    assert!(warns(&simulation, "unit-declared-anew"));
    assert!((last(&run(&simulation), 0) / 1.8e5 - 1.0).abs() < 1e-12);
}

/// A group marked as a section whose second segment hangs elsewhere: the segments say how the cell hangs together.
#[test]
fn a_group_that_is_no_section_is_a_plain_group() {
    let body = format!(
        r#"<ionChannelPassive id="leak" conductance="10 pS"/>
        <cell id="c"><morphology id="m"><segment id="0"><proximal x="0" y="0" z="0" diameter="20"/>
        <distal x="0" y="20" z="0" diameter="20"/></segment>
        <segment id="1"><parent segment="0"/><distal x="0" y="60" z="0" diameter="2"/></segment>
        <segment id="2"><parent segment="0"/><distal x="0" y="100" z="0" diameter="2"/></segment>
        <segmentGroup id="dend" neuroLexId="sao864921383"><member segment="1"/><member segment="2"/></segmentGroup>
        </morphology><biophysicalProperties id="b"><membraneProperties>
        <channelDensity id="l" ionChannel="leak" condDensity="1 S_per_m2" erev="-65 mV" ion="non_specific"/>
        <specificCapacitance value="1 uF_per_cm2"/><initMembPotential value="-65 mV"/>
        </membraneProperties><intracellularProperties><resistivity value="1 ohm_m"/></intracellularProperties>
        </biophysicalProperties></cell>
        <network id="net"><population id="pop" component="c" size="1"/></network>{}"#,
        recording("net", &["pop[0]/2/v", "pop/0/another/2/v"])
    );
    let simulation = read(&body);
    assert!(warns(&simulation, "no-section") && warns(&simulation, "other-component"));
}

/// The capacitance, which the core's type asks for, is worked out from a time constant of 5 ms: 1 nS * 5 ms = 5 pF.
#[test]
fn a_parameter_of_the_supertype_may_be_derived() {
    let body = format!(
        r#"<ComponentType name="relaxing" extends="baseCellMembPotCap"><Parameter name="tau" dimension="time"/>
        <Constant name="g" dimension="conductance" value="1 nS"/>
        <DerivedParameter name="C" dimension="capacitance" value="tau * g"/>
        <Dynamics><StateVariable name="v" dimension="voltage" exposure="v"/>
        <DerivedVariable name="iMemb" dimension="current" exposure="iMemb" value="-g * v"/>
        <DerivedVariable name="iSyn" dimension="current" exposure="iSyn" value="0 * g * v"/>
        <TimeDerivative variable="v" value="iMemb / C"/>
        <OnStart><StateAssignment variable="v" value="start"/></OnStart></Dynamics>
        <Parameter name="start" dimension="voltage"/></ComponentType>
        <relaxing id="cell" tau="5 ms" start="1 V"/>
        <network id="net"><population id="pop" component="cell" size="1"/></network>{}"#,
        recording("net", &["pop[0]/v"])
    );
    assert!((last(&run(&read(&body)), 0) / (-2.0f64).exp() - 1.0).abs() < 1e-6);
}

/// Times a second to make a time of a time; a potential's change by a potential. No number is wrong for it.
#[test]
fn contradictions_of_dimensions_that_change_no_number() {
    let body = |lag: &str, change: &str| {
        format!(
            r#"<ComponentType name="slow"><Parameter name="lag" dimension="time"/><Parameter name="goal" dimension="voltage"/>
            <Parameter name="speed" dimension="none"/><Constant name="SEC" dimension="time" value="1 s"/>
            <Exposure name="late" dimension="time"/><Exposure name="x" dimension="voltage"/>
            <Dynamics><StateVariable name="x" dimension="voltage" exposure="x"/>
            <DerivedVariable name="late" dimension="time" exposure="late" value="{lag}"/>
            <TimeDerivative variable="x" value="{change}"/></Dynamics></ComponentType>
            <slow id="s" lag="20 ms" goal="1 V" speed="100"/>{}"#,
            recording("s", &["late", "x"])
        )
    };
    let right = read(&body("lag / 2", "speed * (goal - x) / SEC"));
    assert!(!warns(&right, "dimension-mismatch"));
    let expected = [0, 1].map(|column| last(&run(&right), column));
    assert!((expected[1] - (1.0 - (-1f64).exp())).abs() < 1e-6, "{expected:?}");
    for (lag, change) in [
        ("lag / 2 * SEC", "speed * (goal - x) / SEC / SEC"),
        ("lag / 2 / SEC / SEC", "(goal - x) * speed * SEC"),
    ] {
        let odd = read(&body(lag, change));
        assert_eq!(
            odd.warnings.iter().filter(|w| w.name == "dimension-mismatch").count(),
            2,
            "{:?}",
            odd.warnings
        );
        assert_eq!([0, 1].map(|column| last(&run(&odd), column)), expected, "{lag} {change}");
    }
    let error = read_beside(&body("lag * lag", "speed * (goal - x) * lag"), &[]).unwrap_err().to_string();
    assert!(error.contains("'late': expected [time]") && error.contains("TimeDerivative of 'x'"), "{error}");
}

/// As Brian's exporter writes it: a population of a type of its own makes its cells from a type alone and sets what they
/// are, with a constant of theirs; a regime has a state of its own.
#[test]
fn populations_of_types_of_their_own() {
    let body = format!(
        r#"<ComponentType name="neuron" extends="baseCell"><Constant name="const_mV" dimension="voltage" value="1 mV"/>
        <Property name="v0" dimension="voltage"/><EventPort name="spike" direction="out"/>
        <Exposure name="v" dimension="voltage"/><Constant name="TAU" dimension="time" value="2 ms"/>
        <Constant name="REST" dimension="time" value="3 ms"/>
        <Dynamics><StateVariable name="v" dimension="voltage" exposure="v"/>
        <OnStart><StateAssignment variable="v" value="0"/></OnStart>
        <Regime name="resting"><StateVariable name="last" dimension="time"/>
          <OnEntry><StateAssignment variable="last" value="t"/><StateAssignment variable="v" value="0"/></OnEntry>
          <OnCondition test="t .gt. last + REST"><Transition regime="going"/></OnCondition></Regime>
        <Regime name="going" initial="true"><TimeDerivative variable="v" value="(v0 - v) / TAU"/>
          <OnCondition test="v .gt. 10 * const_mV"><EventOut port="spike"/><Transition regime="resting"/></OnCondition></Regime>
        </Dynamics></ComponentType>
        <ComponentType name="neuronMulti" extends="basePopulation"><Parameter name="N" dimension="none"/>
        <Structure><MultiInstantiate componentType="neuron" number="N">
          <Assign property="v0" value="20 * const_mV * index / (N - 1)"/></MultiInstantiate></Structure></ComponentType>
        <network id="net"><Component id="pop" type="neuronMulti" N="5"/></network>{}"#,
        recording("net", &["pop[0]/v", "pop[1]/v", "pop[4]/v"])
    );
    let simulation = read(&body);
    assert_eq!(simulation.model.populations.len(), 5, "each differs from the others");
    let run = run(&simulation);
    assert_eq!(last(&run, 0), 0.0);
    assert!((last(&run, 1) - 5e-3 * (1.0 - (-5f64).exp())).abs() < 1e-6);
    // 20 mV: every 2 ms · ln 2 + 3 ms; two spikes, and 1.227 ms on the way to the third.
    let period = 2.0 * 2f64.ln() + 3.0;
    let on = 10.0 - 2.0 * period;
    assert!((last(&run, 2) - 20e-3 * (1.0 - (-on / 2.0).exp())).abs() < 2e-4, "{} {on}", last(&run, 2));
    // The one before it, to 15 mV, sends two as well.
    assert_eq!(run.memory.spikes.len(), 4);
}
