//! Models that are no neurons, and cells with inputs of their own kinds: plain LEMS.

mod common;

use common::lems::{attach, flat, point, record, times, to_contact};
use common::sim::{Run, run_model, worst};
use neuropil::dynamics::interpret::Instance;
use neuropil::engine::{Options, Simulation};
use neuropil::model::{Model, PopulationCell};

fn single(model: &Model) -> Run {
    run_model(model, &Options { threads: 1, ..Options::default() })
}

/// One component as a model: `variables` of it.
fn alone(body: &str, id: &str, duration_s: f64, dt_s: f64, variables: &[&str]) -> Run {
    let mut model = Model::new(id, duration_s, dt_s, 300.0);
    let p = model.add_population("x", 1, point(flat(body, id)));
    record(&mut model, p, variables, "x");
    single(&model)
}

const OSCILLATORS: &str = r#"
<ComponentType name="fitzHughNagumoModel">
  <Parameter name="I" dimension="none"/>
  <Constant name="SEC" dimension="time" value="1 s"/>
  <Exposure name="V" dimension="none"/>
  <Exposure name="W" dimension="none"/>
  <Dynamics>
    <StateVariable name="V" dimension="none" exposure="V"/>
    <StateVariable name="W" dimension="none" exposure="W"/>
    <TimeDerivative variable="V" value="(V - V^3/3 - W + I) / SEC"/>
    <TimeDerivative variable="W" value="0.08 * (V + 0.7 - 0.8*W) / SEC"/>
  </Dynamics>
</ComponentType>
<fitzHughNagumoModel id="fn" I="0.8"/>
<ComponentType name="vanDerPol">
  <Constant name="SEC" dimension="time" value="1 s"/>
  <Exposure name="x" dimension="none"/>
  <Exposure name="y" dimension="none"/>
  <Dynamics>
    <StateVariable name="x" dimension="none" exposure="x"/>
    <StateVariable name="y" dimension="none" exposure="y"/>
    <TimeDerivative variable="x" value="y / SEC"/>
    <TimeDerivative variable="y" value="(2 * (1 - x^2) * y - x) / SEC"/>
    <OnStart><StateAssignment variable="x" value="1"/></OnStart>
  </Dynamics>
</ComponentType>
<vanDerPol id="vdp"/>
<ComponentType name="forced">
  <Constant name="SEC" dimension="time" value="1 s"/>
  <Exposure name="x" dimension="none"/>
  <Exposure name="y" dimension="none"/>
  <Dynamics>
    <StateVariable name="x" dimension="none" exposure="x"/>
    <StateVariable name="y" dimension="none" exposure="y"/>
    <TimeDerivative variable="x" value="cos(t / SEC) / SEC"/>
    <TimeDerivative variable="y" value="(x * y - y^2) / SEC"/>
    <OnStart><StateAssignment variable="y" value="1"/></OnStart>
  </Dynamics>
</ComponentType>
<forced id="forced"/>"#;

#[test]
fn systems_of_any_states_are_of_second_order() {
    for (id, names) in [("fn", ["V", "W"]), ("vdp", ["x", "y"]), ("forced", ["x", "y"])] {
        let dynamics = flat(OSCILLATORS, id);
        let mut reference = Instance::new(&dynamics, &[]).unwrap();
        let has_t = dynamics.inputs.iter().any(|input| input.name == "t");
        let mut want = [vec![], vec![]];
        for step in 0..=20_000 {
            if step % 1000 == 0 {
                want.iter_mut().zip(names).for_each(|(w, name)| w.push(reference.value(name).unwrap()));
            }
            if has_t {
                reference.set_input("t", f64::from(step) * 1e-3).unwrap();
            }
            reference.rk4(1e-3).unwrap();
        }
        let error = |dt: f64| {
            let run = alone(OSCILLATORS, id, 20.0, dt, &names);
            let every = (1.0 / dt).round() as usize;
            let of = |name: &str| -> Vec<f64> {
                run.column("x", &format!("x[0].{name}")).into_iter().step_by(every).collect()
            };
            names.iter().zip(&want).map(|(name, want)| worst(&of(name), want)).fold(0.0, f64::max)
        };
        let errors = [0.02, 0.01, 0.005].map(error);
        println!("{id}: off by {errors:?} at dt 0.02, 0.01, 0.005");
        let order = (errors[1] / errors[2]).log2();
        assert!((order - 2.0).abs() < 0.2, "{id}: order {order}, {errors:?}");
        assert!(errors[2] < 5e-3, "{id}: {errors:?}");
    }
}

#[test]
fn a_ball_bounces_with_the_height_that_is_left() {
    let ball = r#"
<ComponentType name="ball">
  <Parameter name="rebound" dimension="none"/>
  <Constant name="g" dimension="per_time" value="10 per_s"/>
  <Constant name="SEC" dimension="time" value="1 s"/>
  <Exposure name="h" dimension="none"/>
  <EventPort name="bounce" direction="out"/>
  <Dynamics>
    <StateVariable name="h" dimension="none" exposure="h"/>
    <StateVariable name="speed" dimension="none"/>
    <StateVariable name="count" dimension="none"/>
    <TimeDerivative variable="h" value="speed / SEC"/>
    <TimeDerivative variable="speed" value="-g"/>
    <OnStart><StateAssignment variable="h" value="5"/></OnStart>
    <OnCondition test="h .lt. 0 .and. speed .lt. 0">
      <StateAssignment variable="speed" value="-rebound * speed"/>
      <StateAssignment variable="h" value="0"/>
      <StateAssignment variable="count" value="count + 1"/>
      <EventOut port="bounce"/>
    </OnCondition>
  </Dynamics>
</ComponentType>
<ball id="ball" rebound="0.8"/>"#;
    let run = alone(ball, "ball", 6.0, 1e-3, &["h", "speed", "count"]);
    // Falls for 1 s, then flies for 2 × 0.8 s, 2 × 0.64 s, …; each seen at the end of a step.
    let (mut time, mut flight) = (1.0, 1.6);
    let bounces: Vec<f64> = run.spikes_ms(0).iter().map(|t| t * 1e-3).collect();
    assert_eq!(bounces.len(), 5, "{bounces:?}");
    for (k, got) in bounces.iter().enumerate() {
        assert!((-1e-9..0.003 * (k + 1) as f64).contains(&(got - time)), "bounce {k}: {got}, not {time}");
        time += flight;
        flight *= 0.8;
    }
    let (h, count) = (run.column("x", "x[0].h"), run.column("x", "x[0].count"));
    let top = |from: usize, to: usize| h[from..to].iter().copied().fold(f64::MIN, f64::max);
    assert!((top(1100, 2500) - 5.0 * 0.64).abs() < 0.05, "{}", top(1100, 2500));
    assert_eq!(*count.last().unwrap(), 5.0);
    assert!((h[500] - (5.0 - 5.0 * 0.25)).abs() < 1e-12, "{}", h[500]);
}

#[test]
fn regimes_hold_and_change() {
    // Rises for ever, but for 2 s after each passage of 1.
    let text = r#"
<ComponentType name="staged">
  <Constant name="SEC" dimension="time" value="1 s"/>
  <Exposure name="x" dimension="none"/>
  <EventPort name="done" direction="out"/>
  <Dynamics>
    <StateVariable name="x" dimension="none" exposure="x"/>
    <StateVariable name="since" dimension="time"/>
    <Regime name="rise" initial="true">
      <TimeDerivative variable="x" value="1 / SEC"/>
      <OnCondition test="x .gt. 0.995"><EventOut port="done"/><Transition regime="rest"/></OnCondition>
    </Regime>
    <Regime name="rest">
      <OnEntry><StateAssignment variable="x" value="0"/><StateAssignment variable="since" value="t"/></OnEntry>
      <OnCondition test="t .gt. since + 1.995 * SEC"><Transition regime="rise"/></OnCondition>
    </Regime>
  </Dynamics>
</ComponentType>
<staged id="staged"/>"#;
    let run = alone(text, "staged", 7.5, 0.01, &["x"]);
    let times: Vec<f64> = run.spikes_ms(0).iter().map(|t| (t * 0.1).round() / 100.0).collect();
    assert_eq!(times, [1.0, 4.0, 7.0]);
    let x = run.column("x", "x[0].x");
    assert!(x[100..=300].iter().all(|x| *x == 0.0) && (x[350] - 0.5).abs() < 1e-12, "{}", x[350]);
}

/// A cell without units with a list for currents of its own kind, and one for commands.
const LISTS: &str = r#"
<ComponentType name="plainCell">
  <Constant name="MS" dimension="time" value="1 ms"/>
  <Exposure name="V" dimension="none"/>
  <Attachments name="synapses" type="basePointCurrentDL"/>
  <Attachments name="commands" type="command"/>
  <Dynamics>
    <StateVariable name="V" dimension="none" exposure="V"/>
    <DerivedVariable name="ISyn" dimension="none" select="synapses[*]/I" reduce="add"/>
    <DerivedVariable name="total" dimension="none" select="commands[*]/I" reduce="add"/>
    <TimeDerivative variable="V" value="(ISyn + 100 * total - V) / MS"/>
  </Dynamics>
</ComponentType>
<ComponentType name="command">
  <Property name="weight" dimension="none" defaultValue="1"/>
  <Exposure name="I" dimension="none"/>
  <EventPort name="in" direction="in"/>
  <Dynamics>
    <StateVariable name="level" dimension="none"/>
    <DerivedVariable name="I" dimension="none" exposure="I" value="level"/>
    <OnEvent port="in"><StateAssignment variable="level" value="level + weight"/></OnEvent>
  </Dynamics>
</ComponentType>
<plainCell id="cell"/><command id="command"/>
<pulseGeneratorDL id="pulse" delay="1ms" duration="3ms" amplitude="2"/>
<iafCell id="iaf" C="1nF" leakConductance="1nS" leakReversal="-65mV" thresh="1000mV" reset="0mV"/>
<pulseGenerator id="amperes" delay="1ms" duration="3ms" amplitude="1nA"/>
<spikeGenerator id="clock" period="1ms"/>"#;

#[test]
fn cells_sum_up_what_is_attached_to_each_of_their_lists() {
    let [cell, command, pulse] = ["cell", "command", "pulse"].map(|id| flat(LISTS, id));
    let mut model = Model::new("lists", 10e-3, 0.1e-3, 300.0);
    let p = model.add_population("p", 2, point(cell));
    let s = model.add_population("s", 1, times(&[5e-3, 6e-3]));
    attach(&mut model, "pulse", p, &pulse, &[0, 0, 1]);
    let list = attach(&mut model, "command", p, &command, &[0, 1]);
    model.connections.push(to_contact((s, 0), (p, 1), (list, 1), 0.5, 0.0));
    record(&mut model, p, &["V", "ISyn", "total", "pulse[0].I"], "v");
    let run = single(&model);
    let synaptic = run.column("v", "p[0].ISyn");
    let total = run.column("v", "p[1].total");
    for i in 0..=100 {
        assert_eq!(synaptic[i], if (10..40).contains(&i) { 4.0 } else { 0.0 }, "step {i}");
        assert_eq!(
            total[i],
            if i >= 60 {
                1.0
            } else if i >= 50 {
                0.5
            } else {
                0.0
            },
            "step {i}"
        );
    }
    // Relaxation towards 4 for 3 ms, exactly.
    let v = run.column("v", "p[0].V");
    assert!((v[40] - 4.0 * (1.0 - (-3.0f64).exp())).abs() < 1e-12, "{}", v[40]);
    assert!((run.column("v", "p[1].V")[50] - 2.0 * (1.0 - (-3.0f64).exp()) * (-1.0f64).exp()).abs() < 1e-12);

    let wrong = |cell: &str, input: &str| {
        let mut model = Model::new("wrong", 1e-3, 0.1e-3, 300.0);
        let p = model.add_population("p", 1, point(flat(LISTS, cell)));
        attach(&mut model, "x", p, &flat(LISTS, input), &[0]);
        Simulation::new(&model, &Options::default()).unwrap_err().to_string()
    };
    assert!(wrong("cell", "amperes").contains("sums up synapses[*]/I"), "{}", wrong("cell", "amperes"));
    assert!(wrong("iaf", "pulse").contains("can't be placed"), "{}", wrong("iaf", "pulse"));
    assert!(wrong("clock", "amperes").contains("takes no inputs"), "{}", wrong("clock", "amperes"));
}

#[test]
fn receptors_in_stages_are_exact() {
    let text = r#"
<alphaSynapse id="alpha" gbase="1nS" erev="-65mV" tau="2ms"/>
<iafCell id="iaf" C="1nF" leakConductance="1nS" leakReversal="-65mV" thresh="1000mV" reset="0mV"/>"#;
    let error = |dt: f64| {
        let mut model = Model::new("alpha", 20e-3, dt, 300.0);
        let p = model.add_population("p", 1, point(flat(text, "iaf")));
        let s = model.add_population("s", 1, times(&[1e-3]));
        let list = attach(&mut model, "a", p, &flat(text, "alpha"), &[0]);
        model.connections.push(to_contact((s, 0), (p, 0), (list, 0), 1.0, 1e-3));
        record(&mut model, p, &["a.g"], "g");
        let g = single(&model).scaled("g", "p[0].a.g", 1e9);
        let shape = |i: usize| {
            let x = ((dt * 1e3 * i as f64 - 2.0) / 2.0).max(0.0);
            x * (1.0 - x).exp()
        };
        worst(&g, &(0..g.len()).map(shape).collect::<Vec<f64>>())
    };
    let errors = [0.2e-3, 0.1e-3, 0.05e-3].map(error);
    assert!(errors.iter().all(|error| *error < 1e-13), "{errors:?}");
}

#[test]
fn cells_without_a_potential_run_side_by_side() {
    let mut model = Model::new("fn", 1.0, 0.01, 300.0);
    let p = model.add_population("x", 2, point(flat(OSCILLATORS, "fn")));
    assert!(matches!(model.populations[p].cell, PopulationCell::Point(_)));
    record(&mut model, p, &["V", "W"], "x");
    let run = single(&model);
    assert_eq!(run.names("x"), ["x[0].V", "x[0].W", "x[1].V", "x[1].W"]);
    assert_eq!(run.column("x", "x[0].V"), run.column("x", "x[1].V"));
}
