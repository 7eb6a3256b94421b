//! The method of a document that asks for none, and what it must not do to stiff cells.

use neuropil::model::{Method, Model};
use neuropil::neuroml;

mod common;
use common::sim::run_model;

/// Nothing but a leak of 1 S/m² and 0.01 F/m²: a time constant of 10 ms. `distal` is the end of its second
/// segment, if it has one.
fn document(second: &str, network: &str, inputs: &str, wish: &str) -> String {
    format!(
        r#"<Lems><Target component="sim"/>
<Include file="Cells.xml"/><Include file="Networks.xml"/><Include file="Simulation.xml"/>
<ionChannelPassive id="leak" conductance="10pS"/>
{inputs}
<cell id="c"><morphology id="m">
<segment id="0"><proximal x="0" y="0" z="0" diameter="20"/><distal x="0" y="20" z="0" diameter="20"/></segment>
{second}</morphology>
<biophysicalProperties id="b"><membraneProperties>
<channelDensity id="l" ionChannel="leak" condDensity="1 S_per_m2" erev="-65 mV" ion="non_specific"/>
<spikeThresh value="0 mV"/><specificCapacitance value="1 uF_per_cm2"/><initMembPotential value="-65 mV"/>
</membraneProperties><intracellularProperties><resistivity value="1 ohm_m"/></intracellularProperties>
</biophysicalProperties></cell>
<network id="n"><population id="p" component="c" size="2"/>{network}</network>
<Simulation id="sim" length="2ms" step="0.025ms" target="n">{wish}
<OutputFile id="o" fileName="o.dat"><OutputColumn id="v" quantity="p[0]/v"/></OutputFile>
</Simulation></Lems>"#
    )
}

fn read(text: &str) -> Model {
    let folder = std::env::temp_dir().join(format!("neuropil-method-{}-{:p}", std::process::id(), text));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("main.xml");
    std::fs::write(&path, text).unwrap();
    let read = neuroml::read(&path).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    read.model
}

const SECOND: &str = r#"<segment id="1"><parent segment="0" fractionAlong="0.5"/><proximal x="0" y="10" z="0" diameter="1"/>
<distal x="100" y="10" z="0" diameter="1"/></segment>"#;

#[test]
fn cells_with_a_shape_are_stepped_to_second_order() {
    let method = |second, network, inputs, wish| read(&document(second, network, inputs, wish)).run.method;
    assert_eq!(method("", "", "", ""), Method::CrankNicolson);
    assert_eq!(method(SECOND, "", "", ""), Method::DampedCrankNicolson);
    let wish = r#"<Meta for="neuropil" method="backward_euler"/>"#;
    assert_eq!(method("", "", "", wish), Method::BackwardEuler);
    let junction = r#"<electricalProjection id="e" presynapticPopulation="p" postsynapticPopulation="p">
        <electricalConnection id="0" preCell="0" postCell="1" synapse="gap"/></electricalProjection>"#;
    let gap = r#"<gapJunction id="gap" conductance="1 nS"/>"#;
    assert_eq!(method("", junction, gap, ""), Method::BackwardEuler);
}

/// A clamp of 1 mS on 12.6 pF: G dt / C = 2000. The leak of 1.26 nS holds the cell that part of the way from
/// the target to its reversal. A whole extrapolation would ring between -65 and +25 mV for thousands of steps.
#[test]
fn a_clamped_cell_rests_where_the_clamp_holds_it() {
    let clamp = r#"<ComponentType name="hold" extends="baseVoltageDepPointCurrent">
        <Parameter name="g" dimension="conductance"/><Parameter name="target" dimension="voltage"/>
        <Parameter name="onset" dimension="time"/>
        <Dynamics><ConditionalDerivedVariable name="i" exposure="i" dimension="current">
        <Case condition="t .geq. onset" value="g*(target - v)"/><Case value="0"/></ConditionalDerivedVariable>
        </Dynamics></ComponentType><hold id="clamp" g="1 mS" target="-20 mV" onset="1 ms"/>"#;
    let model = read(&document("", r#"<explicitInput target="p[0]" input="clamp"/>"#, clamp, ""));
    assert_eq!(model.run.method, Method::CrankNicolson);
    let run = run_model(&model, &neuropil::engine::Options::default());
    let v = run.column("output 0", "p[0]/v");
    let leak_s = std::f64::consts::PI * 20e-6 * 20e-6;
    let held = (1e-3 * -0.02 + leak_s * -0.065) / (1e-3 + leak_s);
    assert!(v[..=40].iter().all(|v| (v + 0.065).abs() < 1e-12), "before the clamp");
    for (step, v) in v.iter().enumerate().skip(41) {
        assert!((v - held).abs() < 1e-9, "step {step}: {v} V instead of {held} V");
    }
}

/// A disc of 1 µm on a cell of 20 µm, 10 mV apart at the start: they are one after 20 ns, a thousandth of a
/// step. Crank–Nicolson then swings to and fro; damped, it loses (1 − θ)/θ = 7/9 at each step.
#[test]
fn a_jump_along_a_stiff_cable_dies_out() {
    let disc = r#"<segment id="1"><parent segment="0"/><distal x="0" y="21" z="0" diameter="20"/></segment>
        <segmentGroup id="disc"><member segment="1"/></segmentGroup>"#;
    let last_swing_v = |wish: &str| {
        let apart =
            r#"<initMembPotential value="-65 mV"/><initMembPotential segmentGroup="disc" value="-55 mV"/>"#;
        let text = document(disc, "", "", wish)
            .replace(r#"<initMembPotential value="-65 mV"/>"#, apart)
            .replace("p[0]/v", "p/0/c/1/v");
        let run = run_model(&read(&text), &neuropil::engine::Options::default());
        let v = run.column("output 0", "p/0/c/1/v");
        (v[v.len() - 1] - v[v.len() - 2]).abs()
    };
    assert!(last_swing_v(r#"<Meta for="neuropil" method="crank_nicolson"/>"#) > 1e-3);
    // The leak moves the cell by 1 µV a step.
    let damped = last_swing_v("");
    assert!((0.5e-6..1.5e-6).contains(&damped), "{damped} V");
}
