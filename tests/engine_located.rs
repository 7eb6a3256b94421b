//! Cells without a shape in LEMS documents: conditions met where they come to hold within a step, against
//! solutions on paper.

mod common;
use common::sim::{Run, run_model};

use neuropil::engine::Options;
use neuropil::model::{Model, PointStep};
use neuropil::neuroml;
use neuropil::simd::Level;

/// `types` with a network `n`, run with steps of `step_ms`.
fn document(types: &str, step_ms: f64, length_ms: f64, wish: &str) -> String {
    format!(
        r#"<Lems><Target component="sim"/>
<Include file="Cells.xml"/><Include file="Networks.xml"/><Include file="Simulation.xml"/>
{types}
<Simulation id="sim" length="{length_ms}ms" step="{step_ms}ms" target="n">{wish}
<EventOutputFile id="e" fileName="e.dat" format="TIME_ID">
<EventSelection id="0" select="p[0]" eventPort="spike"/></EventOutputFile>
</Simulation></Lems>"#
    )
}

fn read(text: &str) -> Model {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("main.xml");
    std::fs::write(&path, text).unwrap();
    neuroml::read(&path).unwrap_or_else(|e| panic!("{e}")).model
}

fn run(text: &str) -> Run {
    run_model(&read(text), &Options::default())
}

/// A leaky cell, 10 ms, driven to 1.5; at 1 it goes to 0 and rests for 2 ms.
const LEAKY: &str = r#"<ComponentType name="leaky" extends="baseSpikingCell">
  <Constant name="tau" dimension="time" value="10 ms"/><Constant name="rest" dimension="time" value="2 ms"/>
  <Dynamics>
    <StateVariable name="x" dimension="none"/><StateVariable name="last" dimension="time"/>
    <OnStart><StateAssignment variable="last" value="-rest"/></OnStart>
    <Regime name="moving" initial="true"><TimeDerivative variable="x" value="(1.5 - x)/tau"/>
      <OnCondition test="x .gt. 1"><StateAssignment variable="last" value="t"/><EventOut port="spike"/>
        <Transition regime="resting"/></OnCondition></Regime>
    <Regime name="resting"><OnEntry><StateAssignment variable="x" value="0"/></OnEntry>
      <OnCondition test="t .gt. last + rest"><Transition regime="moving"/></OnCondition></Regime>
  </Dynamics></ComponentType>
<leaky id="c"/><network id="n"><population id="p" component="c" size="1"/></network>"#;

/// x' = 1 + x² per ms from −30 at 30: a spike every 2 atan 30 ms. Within the last step it runs away.
const QUADRATIC: &str = r#"<ComponentType name="quadratic" extends="baseSpikingCell">
  <Constant name="ms" dimension="time" value="1 ms"/>
  <Dynamics>
    <StateVariable name="x" dimension="none"/>
    <OnStart><StateAssignment variable="x" value="-30"/></OnStart>
    <TimeDerivative variable="x" value="(1 + x*x)/ms"/>
    <OnCondition test="x .gt. 30"><StateAssignment variable="x" value="-30"/><EventOut port="spike"/></OnCondition>
  </Dynamics></ComponentType>
<quadratic id="c"/><network id="n"><population id="p" component="c" size="1"/></network>"#;

#[test]
fn what_is_exact_between_conditions_is_exact_with_them() {
    let spikes = run(&document(LEAKY, 0.3, 200.0, "")).spikes_ms(0);
    let period = 10.0 * 3_f64.ln() + 2.0;
    assert_eq!(spikes.len(), 15);
    for (n, spike) in spikes.iter().enumerate() {
        let want = 10.0 * 3_f64.ln() + n as f64 * period;
        assert!((spike - want).abs() < 1e-5, "spike {n}: {spike} ms, not {want} ms");
    }
}

#[test]
fn a_potential_that_runs_away_is_followed_to_its_threshold() {
    let period = 2.0 * 30_f64.atan();
    let error = |step_ms: f64| {
        let spikes = run(&document(QUADRATIC, step_ms, 100.0, "")).spikes_ms(0);
        assert_eq!(spikes.len(), 32, "step {step_ms} ms");
        (spikes[31] - 32.0 * period).abs()
    };
    // With conditions at the ends of steps each spike would come half a step late.
    assert!(error(0.02) < 1e-3, "{}", error(0.02));
    assert!(error(0.005) < 1e-5, "{}", error(0.005));
}

/// x' = e^x per ms from −3 at 25, so high that it gets there and leaves the range of numbers within any step: a spike every
/// e³ ms. Near its end the time left is a fraction of any step, so each may be off by a part of one. What it drives stays a number.
#[test]
fn a_potential_that_explodes_meets_its_threshold() {
    let cell = r#"<ComponentType name="exponential" extends="baseSpikingCell">
        <Constant name="ms" dimension="time" value="1 ms"/>
        <Dynamics>
          <StateVariable name="x" dimension="none"/><StateVariable name="y" dimension="none"/>
          <StateVariable name="n" dimension="none"/>
          <OnStart><StateAssignment variable="x" value="-3"/></OnStart>
          <TimeDerivative variable="x" value="exp(x)/ms"/><TimeDerivative variable="y" value="(x - y)/ms"/>
          <OnCondition test="x .gt. 25"><StateAssignment variable="x" value="-3"/>
            <StateAssignment variable="n" value="n + 1"/><EventOut port="spike"/></OnCondition>
          <OnCondition test="y .gt. 40"><StateAssignment variable="n" value="1000"/><EventOut port="spike"/></OnCondition>
        </Dynamics></ComponentType>
        <exponential id="c"/><network id="n"><population id="p" component="c" size="1"/></network>"#;
    for step_ms in [0.1, 0.025, 0.3] {
        let spikes = run(&document(cell, step_ms, 500.0, "")).spikes_ms(0);
        assert_eq!(spikes.len(), 24, "step {step_ms} ms: {spikes:?}");
        let late = spikes[23] - 24.0 * 3_f64.exp();
        assert!(late.abs() < 24.0 * 0.2 * step_ms, "step {step_ms} ms: {late} ms");
    }
}

#[test]
fn who_names_a_method_gets_conditions_at_the_ends_of_steps() {
    let wish = r#"<Meta for="neuropil" method="backward_euler"/>"#;
    let text = document(LEAKY, 0.25, 200.0, wish);
    assert_eq!(read(&text).run.point_step, PointStep::Midpoint);
    for spike in run(&text).spikes_ms(0) {
        assert!((spike / 0.25 - (spike / 0.25).round()).abs() < 1e-9, "{spike}");
    }
}

#[test]
fn what_goes_on_to_hold_is_met_once_a_step() {
    let ramp = r#"<ComponentType name="ramp" extends="baseSpikingCell"><Constant name="ms" dimension="time" value="1 ms"/>
        <Dynamics><StateVariable name="x" dimension="none"/><TimeDerivative variable="x" value="1/ms"/>
        <OnCondition test="x .gt. 2.05"><EventOut port="spike"/></OnCondition></Dynamics></ComponentType>
        <ramp id="c"/><network id="n"><population id="p" component="c" size="1"/></network>"#;
    let spikes = run(&document(ramp, 0.1, 3.0, "")).spikes_ms(0);
    let want: Vec<f64> = (21..=30).map(|step| f64::from(step) * 0.1).collect();
    assert_eq!(spikes.len(), want.len(), "{spikes:?}");
    assert!(spikes.iter().zip(&want).all(|(got, want)| (got - want).abs() < 1e-9), "{spikes:?}");
}

#[test]
fn bits_do_not_depend_on_lanes_threads_or_groups() {
    let cells = r#"<adExIaFCell id="c" C="281pF" gL="30nS" EL="-70.6mV" reset="-48.5mV" VT="-50.4mV"
        thresh="-40.4mV" refract="1ms" delT="2mV" tauw="40ms" a="4nS" b="0.08nA"/>"#;
    let inputs: String = (0..40)
        .map(|i| {
            format!(
                r#"<pulseGenerator id="i{i}" delay="0ms" duration="500ms" amplitude="{}nA"/>"#,
                0.7 + 0.011 * f64::from(i)
            )
        })
        .collect();
    let led: String = (0..40).map(|i| format!(r#"<explicitInput target="p[{i}]" input="i{i}"/>"#)).collect();
    let network = format!(
        r#"{cells}{inputs}<network id="n"><population id="p" component="c" size="40"/>{led}</network>"#
    );
    let model = read(&document(&network, 0.1, 200.0, ""));
    let all = |threads, level, group_size| {
        let run = run_model(&model, &Options { threads, level, group_size });
        run.memory.spikes.iter().map(|s| (s.cell, s.time_s.to_bits())).collect::<Vec<_>>()
    };
    let first = all(1, Level::Portable, 8192);
    assert!(first.len() > 300, "{}", first.len());
    for level in Level::available() {
        assert_eq!(all(1, level, 8192), first, "{level:?}");
        assert_eq!(all(2, level, 7), first, "{level:?}, groups of 7");
    }
    // And the step hardly matters: all spikes of the fortieth cell, with a finer one.
    let spikes = |step_ms| run(&document(&network, step_ms, 200.0, "")).spikes_ms(39);
    let fine = spikes(0.01);
    let error = |step_ms| {
        let coarse: Vec<f64> = spikes(step_ms);
        assert_eq!(coarse.len(), fine.len());
        coarse.iter().zip(&fine).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    assert!(error(0.1) < 2e-4 && error(0.05) < 1e-4, "{} ms, {} ms", error(0.1), error(0.05));
}

#[test]
fn like_cells_of_many_populations_advance_together() {
    let cells: String =
        (0..50).map(|i| format!(r#"<population id="q{i}" component="c" size="1"/>"#)).collect();
    let types = LEAKY.replace("</network>", &format!("{cells}</network>"));
    let model = read(&document(&types, 0.3, 30.0, ""));
    let simulation = neuropil::engine::Simulation::new(&model, &Options::default()).unwrap();
    assert_eq!((simulation.summary().cells, simulation.summary().groups), (51, 1));
    let run = run_model(&model, &Options::default());
    assert!((0..51).all(|cell| run.spikes_ms(cell) == run.spikes_ms(0)));
}
