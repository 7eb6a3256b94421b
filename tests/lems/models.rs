//! Small models, run by the interpreter and compared with what is known of them.

use crate::flat;
use neuropil::dynamics::interpret::Instance;

/// FitzHugh 1961, Biophys. J. 1:445, in the form of Nagumo et al. 1962.
#[test]
fn fitzhugh_nagumo_cycles() {
    let dynamics = flat(
        r#"<ComponentType name="fitzHughNagumo">
             <Parameter name="I" dimension="none"/>
             <Constant name="a" dimension="none" value="0.7"/>
             <Constant name="b" dimension="none" value="0.8"/>
             <Constant name="SEC" dimension="time" value="1 s"/>
             <Exposure name="V" dimension="none"/>
             <Exposure name="W" dimension="none"/>
             <Dynamics>
               <StateVariable name="V" dimension="none" exposure="V"/>
               <StateVariable name="W" dimension="none" exposure="W"/>
               <TimeDerivative variable="V" value="(V - V^3/3 - W + I) / SEC"/>
               <TimeDerivative variable="W" value="0.08 * (V + a - b*W) / SEC"/>
             </Dynamics>
           </ComponentType>
           <fitzHughNagumo id="fn" I="0.8"/>"#,
        "fn",
    );
    let mut instance = Instance::new(&dynamics, &[]).unwrap();
    let (mut low, mut high, mut upstrokes) = (f64::MAX, f64::MIN, 0);
    for step in 0..20_000 {
        let before = instance.value("V").unwrap();
        instance.rk4(0.01).unwrap();
        let v = instance.value("V").unwrap();
        if step > 10_000 {
            (low, high) = (low.min(v), high.max(v));
        }
        upstrokes += u32::from(before < 0.0 && v >= 0.0);
    }
    assert!(low < -1.8 && high > 1.7, "{low} to {high}");
    assert!((5..=6).contains(&upstrokes), "{upstrokes} cycles in 200 s");
}

/// Hodgkin and Huxley 1952, J. Physiol. 117:500, the potassium gate at rest.
pub const GATES: &str = r#"
    <ComponentType name="rate">
      <Parameter name="rate" dimension="per_time"/>
      <Parameter name="midpoint" dimension="voltage"/>
      <Parameter name="scale" dimension="voltage"/>
      <Exposure name="r" dimension="per_time"/>
      <Requirement name="v" dimension="voltage"/>
    </ComponentType>
    <ComponentType name="expRate" extends="rate">
      <Dynamics>
        <DerivedVariable name="r" exposure="r" dimension="per_time" value="rate * exp((v - midpoint)/scale)"/>
      </Dynamics>
    </ComponentType>
    <ComponentType name="expLinearRate" extends="rate">
      <Dynamics>
        <DerivedVariable name="x" dimension="none" value="(v - midpoint)/scale"/>
        <ConditionalDerivedVariable name="r" exposure="r" dimension="per_time">
          <Case condition="x .neq. 0" value="rate * x / (1 - exp(-x))"/>
          <Case condition="x .eq. 0" value="rate"/>
        </ConditionalDerivedVariable>
      </Dynamics>
    </ComponentType>
    <ComponentType name="scaling">
      <Parameter name="factor" dimension="none"/>
      <Exposure name="q10" dimension="none"/>
      <Requirement name="temperature" dimension="temperature"/>
      <Dynamics>
        <DerivedVariable name="q10" exposure="q10" dimension="none"
                         value="factor^((temperature - reference)/tenDegrees)"/>
      </Dynamics>
      <Constant name="reference" dimension="temperature" value="6.3 degC"/>
      <Constant name="tenDegrees" dimension="temperature" value="10 K"/>
    </ComponentType>
    <ComponentType name="gate">
      <Parameter name="instances" dimension="none"/>
      <Exposure name="fcond" dimension="none"/>
      <Exposure name="q" dimension="none"/>
      <Child name="forwardRate" type="rate"/>
      <Child name="reverseRate" type="rate"/>
      <Children name="q10Settings" type="scaling"/>
      <Dynamics>
        <StateVariable name="q" exposure="q" dimension="none"/>
        <DerivedVariable name="rateScale" dimension="none" select="q10Settings[*]/q10" reduce="multiply"/>
        <DerivedVariable name="fcond" exposure="fcond" dimension="none" value="q^instances"/>
        <DerivedVariable name="tau" dimension="time" value="1/((alpha + beta) * rateScale)"/>
        <DerivedVariable name="inf" dimension="none" value="alpha/(alpha + beta)"/>
        <DerivedVariable name="alpha" dimension="per_time" select="forwardRate/r"/>
        <DerivedVariable name="beta" dimension="per_time" select="reverseRate/r"/>
        <TimeDerivative variable="q" value="(inf - q)/tau"/>
        <OnStart><StateAssignment variable="q" value="inf"/></OnStart>
      </Dynamics>
    </ComponentType>
    <ComponentType name="channel">
      <Parameter name="conductance" dimension="conductance"/>
      <Exposure name="g" dimension="conductance"/>
      <Requirement name="v" dimension="voltage"/>
      <Children name="gates" type="gate"/>
      <Dynamics>
        <DerivedVariable name="open" dimension="none" select="gates[*]/fcond" reduce="multiply"/>
        <DerivedVariable name="g" exposure="g" dimension="conductance" value="conductance * open"/>
      </Dynamics>
    </ComponentType>
    <channel id="na" conductance="10 pS">
      <gate id="m" instances="3">
        <forwardRate type="expLinearRate" rate="1 per_ms" midpoint="-40 mV" scale="10 mV"/>
        <reverseRate type="expRate" rate="4 per_ms" midpoint="-65 mV" scale="-18 mV"/>
        <q10Settings type="scaling" factor="3"/>
      </gate>
      <gate id="h" instances="1">
        <forwardRate type="expRate" rate="0.07 per_ms" midpoint="-65 mV" scale="-20 mV"/>
        <reverseRate type="expRate" rate="0.5 per_ms" midpoint="-65 mV" scale="30 mV"/>
      </gate>
    </channel>"#;

#[test]
fn channel_is_the_product_of_its_gates() {
    let dynamics = flat(GATES, "na");
    assert_eq!(crate::names(&dynamics.states), ["m/q", "h/q"]);
    assert_eq!(crate::names(&dynamics.inputs), ["v", "temperature"]);
    let open = dynamics.derived.iter().find(|d| d.name == "open").unwrap();
    assert_eq!(open.value.to_string(), "{m/fcond} * {h/fcond}");
    assert_eq!(dynamics.exposed("m/fcond"), Some("m/fcond"));
    assert_eq!(dynamics.parameter("m/forwardRate/midpoint").unwrap().value, -0.04);
    // Every derived variable comes after those it reads.
    for (at, derived) in dynamics.derived.iter().enumerate() {
        derived.value.visit_names(&mut |name| {
            if let Some(read) = dynamics.derived.iter().position(|d| d.name == name) {
                assert!(read < at, "{} reads {name} before it is computed", derived.name);
            }
        });
    }
}

#[test]
fn gates_have_the_published_rates() {
    let dynamics = flat(GATES, "na");
    let instance = Instance::new(&dynamics, &[("v", -0.055), ("temperature", 279.45 + 10.0)]).unwrap();
    let (alpha, beta) = (1.5 / (1.0 - (-1.5f64).exp()) * 1e3, 4e3 * (-10.0f64 / 18.0).exp());
    // At -55 mV: x = -1.5.
    let alpha = alpha - 1.5e3;
    let close = |name: &str, wanted: f64| {
        let found = instance.value(name).unwrap();
        assert!((found / wanted - 1.0).abs() < 1e-12, "{name}: {found}, expected {wanted}");
    };
    close("m/alpha", alpha);
    close("m/beta", beta);
    close("m/q", alpha / (alpha + beta));
    // Three times as fast ten degrees above the reference.
    close("m/tau", 1.0 / (3.0 * (alpha + beta)));
    let q = instance.value("m/q").unwrap().powi(3) * instance.value("h/q").unwrap();
    close("g", 10e-12 * q);
    // At the midpoint the rate is its limit.
    let instance = Instance::new(&dynamics, &[("v", -0.04), ("temperature", 279.45)]).unwrap();
    assert_eq!(instance.value("m/alpha").unwrap(), 1e3);
}

/// A leaky integrate-and-fire neuron with an absolute refractory period.
#[test]
fn regimes_fire_and_recover() {
    let dynamics = flat(
        r#"<ComponentType name="iaf">
             <Parameter name="tau" dimension="time"/>
             <Parameter name="refract" dimension="time"/>
             <Parameter name="drive" dimension="voltage"/>
             <Parameter name="thresh" dimension="voltage"/>
             <EventPort name="spike" direction="out"/>
             <EventPort name="in" direction="in"/>
             <Exposure name="v" dimension="voltage"/>
             <Dynamics>
               <StateVariable name="v" dimension="voltage" exposure="v"/>
               <StateVariable name="last" dimension="time"/>
               <Regime name="refractory">
                 <OnEntry>
                   <StateAssignment variable="last" value="t"/>
                   <StateAssignment variable="v" value="0"/>
                 </OnEntry>
                 <OnCondition test="t .gt. last + refract"><Transition regime="integrating"/></OnCondition>
               </Regime>
               <Regime name="integrating" initial="true">
                 <TimeDerivative variable="v" value="(drive - v)/tau"/>
                 <OnCondition test="v .gt. thresh">
                   <EventOut port="spike"/>
                   <Transition regime="refractory"/>
                 </OnCondition>
                 <OnEvent port="in"><StateAssignment variable="v" value="v + 0.1 * thresh"/></OnEvent>
               </Regime>
             </Dynamics>
           </ComponentType>
           <iaf id="n" tau="20 ms" refract="5 ms" drive="30 mV" thresh="15 mV"/>"#,
        "n",
    );
    assert_eq!(crate::names(&dynamics.states), ["v", "last", "regime"]);
    assert_eq!(dynamics.out_ports, ["spike"]);
    let mut instance = Instance::new(&dynamics, &[("t", 0.0)]).unwrap();
    let dt = 1e-6;
    let mut spikes = Vec::new();
    for step in 0..100_000 {
        let t = f64::from(step) * dt;
        instance.set_input("t", t).unwrap();
        instance.rk4(dt).unwrap();
        instance.set_input("t", t + dt).unwrap();
        if !instance.conditions().unwrap().is_empty() {
            spikes.push(t + dt);
            // In the refractory period nothing arrives.
            instance.event("in").unwrap();
            assert_eq!(instance.value("v").unwrap(), 0.0);
        }
    }
    // From 0 to half the drive: tau ln 2.
    let rise = 0.02 * 2f64.ln();
    assert!((spikes[0] - rise).abs() < 2.0 * dt, "{spikes:?}");
    for pair in spikes.windows(2) {
        assert!((pair[1] - pair[0] - rise - 0.005).abs() < 4.0 * dt, "{spikes:?}");
    }
    assert_eq!(spikes.len(), 5);
}

/// Two states with voltage-dependent transitions relax like one gate of Hodgkin and Huxley.
#[test]
fn kinetic_scheme_is_linear_and_conserved() {
    let dynamics = flat(
        r#"<ComponentType name="state">
             <Parameter name="relative" dimension="none"/>
             <Exposure name="occupancy" dimension="none"/>
             <Exposure name="q" dimension="none"/>
             <Dynamics>
               <StateVariable name="occupancy" exposure="occupancy" dimension="none"/>
               <DerivedVariable name="q" exposure="q" dimension="none" value="relative * occupancy"/>
             </Dynamics>
           </ComponentType>
           <ComponentType name="closed" extends="state"><Fixed parameter="relative" value="0"/></ComponentType>
           <ComponentType name="open" extends="state"><Fixed parameter="relative" value="1"/></ComponentType>
           <ComponentType name="transition">
             <Link name="from" type="state"/>
             <Link name="to" type="state"/>
             <Parameter name="forward" dimension="per_time"/>
             <Parameter name="reverse" dimension="per_time"/>
             <Exposure name="rf" dimension="per_time"/>
             <Exposure name="rr" dimension="per_time"/>
             <Requirement name="v" dimension="voltage"/>
             <Constant name="MV" dimension="voltage" value="1 mV"/>
             <Dynamics>
               <DerivedVariable name="rf" exposure="rf" dimension="per_time" value="forward * exp(v/(20*MV))"/>
               <DerivedVariable name="rr" exposure="rr" dimension="per_time" value="reverse * exp(-v/(20*MV))"/>
             </Dynamics>
           </ComponentType>
           <ComponentType name="gateKS">
             <Children name="states" type="state"/>
             <Children name="transitions" type="transition"/>
             <Exposure name="q" dimension="none"/>
             <Dynamics>
               <DerivedVariable name="q" exposure="q" dimension="none" select="states[*]/q" reduce="add"/>
               <KineticScheme name="ks" nodes="states" stateVariable="occupancy" edges="transitions"
                              edgeSource="from" edgeTarget="to" forwardRate="rf" reverseRate="rr"/>
             </Dynamics>
           </ComponentType>
           <gateKS id="n">
             <closed id="c"/><open id="o"/>
             <transition id="t" from="c" to="o" forward="50 per_s" reverse="200 per_s"/>
           </gateKS>"#,
        "n",
    );
    assert_eq!(dynamics.kinetic_schemes, [[0, 1]]);
    assert_eq!(dynamics.derivatives[1].1.to_string(), "{t/rf} * {c/occupancy} - {t/rr} * {o/occupancy}");
    let mut instance = Instance::new(&dynamics, &[("v", -0.02)]).unwrap();
    let rates = |v: f64| (50.0 * (v / 0.02).exp(), 200.0 * (-v / 0.02).exp());
    let (a, b) = rates(-0.02);
    let start = a / (a + b);
    assert!((instance.value("q").unwrap() - start).abs() < 1e-14);
    instance.set_input("v", 0.01).unwrap();
    for _ in 0..100 {
        instance.rk4(1e-5).unwrap();
    }
    let (a, b) = rates(0.01);
    let wanted = a / (a + b) + (start - a / (a + b)) * (-(a + b) * 1e-3).exp();
    assert!((instance.value("q").unwrap() - wanted).abs() < 1e-12);
    let sum = instance.value("c/occupancy").unwrap() + instance.value("o/occupancy").unwrap();
    assert!((sum - 1.0).abs() < 1e-14);
}

/// A synapse with a resource (Tsodyks, Pawelzik and Markram 1998, Neural Comput. 10:821): the event
/// that arrives is passed on to the child that keeps the resource.
#[test]
fn events_are_passed_on_within_a_component() {
    let dynamics = flat(
        r#"<ComponentType name="mechanism">
             <Exposure name="factor" dimension="none"/>
             <EventPort name="in" direction="in"/>
           </ComponentType>
           <ComponentType name="depression" extends="mechanism">
             <Parameter name="use" dimension="none"/>
             <Parameter name="tau" dimension="time"/>
             <Dynamics>
               <StateVariable name="R" dimension="none"/>
               <DerivedVariable name="factor" exposure="factor" dimension="none" value="R * use"/>
               <TimeDerivative variable="R" value="(1 - R)/tau"/>
               <OnStart><StateAssignment variable="R" value="1"/></OnStart>
               <OnEvent port="in"><StateAssignment variable="R" value="R * (1 - use)"/></OnEvent>
             </Dynamics>
             <Structure>
               <With instance="parent" as="a"/>
               <With instance="this" as="b"/>
               <EventConnection from="a" to="b"/>
             </Structure>
           </ComponentType>
           <ComponentType name="synapse">
             <Property name="weight" dimension="none" defaultValue="1"/>
             <Parameter name="tau" dimension="time"/>
             <Parameter name="gbase" dimension="conductance"/>
             <EventPort name="in" direction="in"/>
             <EventPort name="relay" direction="out"/>
             <Children name="mechanisms" type="mechanism"/>
             <Exposure name="g" dimension="conductance"/>
             <Dynamics>
               <StateVariable name="g" exposure="g" dimension="conductance"/>
               <DerivedVariable name="factor" dimension="none" select="mechanisms[*]/factor" reduce="multiply"/>
               <TimeDerivative variable="g" value="-g/tau"/>
               <OnEvent port="in">
                 <StateAssignment variable="g" value="g + weight * factor * gbase"/>
                 <EventOut port="relay"/>
               </OnEvent>
             </Dynamics>
           </ComponentType>
           <synapse id="s" tau="2 ms" gbase="1 nS"><depression use="0.5" tau="100 ms"/></synapse>"#,
        "s",
    );
    assert_eq!(dynamics.events.len(), 1);
    assert!(dynamics.out_ports.is_empty() && dynamics.events[0].sends.is_empty());
    let mut instance = Instance::new(&dynamics, &[("weight", 2.0)]).unwrap();
    for wanted in [1e-9, 1.5e-9, 1.75e-9] {
        instance.event("in").unwrap();
        assert!((instance.value("g").unwrap() / wanted - 1.0).abs() < 1e-14);
    }
    assert_eq!(instance.value("mechanisms/R").unwrap(), 0.125);
}
