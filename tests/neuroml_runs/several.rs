//! Targets that ask for several runs, as jLEMS's old simulation sets do: one after the other.

use neuropil::engine::Options;

use super::{fault, read, sim};

/// A set of two simulations; `second` goes into the second.
fn set(second: &str) -> String {
    format!(
        r##"<Lems><Target component="all"/><Include file="Cells.xml"/><Include file="Simulation.xml"/>
        <ComponentType name="SimulationSet"><Children name="simulations" type="Simulation"/>
          <Children name="displays" type="Display"/></ComponentType>
        <ComponentType name="falling"><Parameter name="tau" dimension="time"/><Exposure name="x" dimension="none"/>
          <Dynamics><StateVariable name="x" dimension="none" exposure="x"/>
            <OnStart><StateAssignment variable="x" value="1"/></OnStart>
            <TimeDerivative variable="x" value="-x/tau"/></Dynamics></ComponentType>
        <falling id="fast" tau="1 ms"/><falling id="slow" tau="10 ms"/>
        <SimulationSet id="all">
          <Simulation id="one" length="5 ms" step="0.1 ms" target="fast" seed="7">
            <OutputFile id="o" fileName="one.dat"><OutputColumn id="x" quantity="x"/></OutputFile>
            <Display id="d" title="x" timeScale="1ms" xmin="0" xmax="5" ymin="0" ymax="1">
              <Line id="l" quantity="x" scale="1" color="#ff0000" timeScale="1ms"/></Display>
          </Simulation>
          <Simulation id="two" length="20 ms" step="0.5 ms" target="slow">{second}</Simulation>
        </SimulationSet></Lems>"##
    )
}

#[test]
fn each_run_is_one_of_its_own() {
    let mut first = read(&set(
        r##"<OutputFile id="o" fileName="two.dat"><OutputColumn id="x" quantity="x"/></OutputFile>
        <Display id="d" title="x" timeScale="1ms" xmin="0" xmax="5" ymin="0" ymax="1">
          <Line id="l" quantity="x" scale="1" color="#ff0000" timeScale="1ms"/></Display>"##,
    ));
    let later = std::mem::take(&mut first.later);
    assert_eq!((first.model.seed, later.len()), (7, 1));
    for (simulation, name, steps, end) in [(&first, "one.dat", 51, 5.0_f64), (&later[0], "two.dat", 41, 2.0)]
    {
        assert_eq!(simulation.outputs.len(), 1);
        assert_eq!(simulation.outputs[0].path.to_str(), Some(name));
        let run = sim::run_model(&simulation.model, &Options { threads: 1, ..Options::default() });
        let x = run.column(&simulation.outputs[0].table, "x");
        assert_eq!(x.len(), steps);
        assert!((x[steps - 1] - (-end).exp()).abs() < 1e-12, "{name}: {}", x[steps - 1]);
    }
    assert_eq!((first.displays[0].id.as_str(), later[0].displays[0].id.as_str()), ("d", "d_2"));
}

#[test]
fn two_runs_do_not_write_one_file() {
    let told = fault(&set(
        r##"<OutputFile id="o" fileName="one.dat"><OutputColumn id="x" quantity="x"/></OutputFile>"##,
    ));
    assert!(told.contains("two runs write 'one.dat'"), "{told}");
}
