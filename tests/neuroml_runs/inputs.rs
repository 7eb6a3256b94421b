//! Every input and spike source of the specification, in a run.

use super::{document, run, samples};

/// The step of all runs, s.
const DT: f64 = 25e-6;

/// A cell without a shape that only leaks, and one without units.
const CELLS: &str = r#"
  <iafCell id="quiet" leakReversal="-65mV" thresh="1V" reset="-65mV" C="1nF" leakConductance="1nS"/>
  <izhikevichCell id="plain" v0="-70mV" thresh="30mV" a="0.02" b="0.2" c="-50" d="2"/>
  <expOneSynapse id="syn" gbase="1nS" erev="0mV" tauDecay="1s"/>"#;

/// A network in which `input` is put on a cell `cell`.
fn on(cell: &str, input: &str, id: &str) -> String {
    format!(
        r#"{CELLS}{input}<network id="n"><population id="p" component="{cell}" size="1"/>
           <explicitInput target="p[0]" input="{id}"/></network>"#
    )
}

/// What `quantity` of the input on a cell is, sampled at every step.
fn of_input(cell: &str, input: &str, id: &str, quantity: &str) -> Vec<f64> {
    samples(&on(cell, input, id), "n", 20.0, &[&format!("p[0]/synapses:{id}:0/{quantity}")]).remove(0)
}

/// That a current follows a function of time (s), but for the step at each edge.
fn follows(input: &str, id: &str, unit: f64, expected: impl Fn(f64) -> f64, edges: &[f64]) {
    for (kind, cell, quantity, scale) in [("", "quiet", "i", unit), ("DL", "plain", "I", 1.0)] {
        // The same input without units.
        let text = if kind.is_empty() {
            input.to_string()
        } else {
            let named = input.replace("Generator", "GeneratorDL").replace("compoundInput", "compoundInputDL");
            named.replace("nA\"", "\"")
        };
        let got = of_input(cell, &text, id, quantity);
        assert_eq!(got.len(), 801);
        for (row, value) in got.iter().enumerate() {
            // Inputs are read at the middle of the step.
            let t = (row as f64 + 0.5) * DT;
            if edges.iter().all(|edge| (t - edge).abs() > 1.01 * DT) {
                let expected = expected(t) * scale;
                assert!((value - expected).abs() < 1e-9 * scale, "{id}{kind} at {t}: {value}, {expected}");
            }
        }
    }
}

#[test]
fn currents_over_time() {
    let within = |t: f64, from: f64, length: f64| t >= from && t < from + length;
    follows(
        r#"<pulseGenerator id="pulse" delay="5ms" duration="10ms" amplitude="2nA"/>"#,
        "pulse",
        1e-9,
        |t| if within(t, 5e-3, 10e-3) { 2.0 } else { 0.0 },
        &[5e-3, 15e-3],
    );
    // As the specification has it.
    #[allow(clippy::approx_constant)]
    let pi = 3.141_592_65;
    let sine = |t: f64| (0.5 + 2.0 * pi * (t - 2e-3) / 4e-3).sin();
    follows(
        r#"<sineGenerator id="sine" delay="2ms" duration="12ms" amplitude="3nA" period="4ms" phase="0.5"/>"#,
        "sine",
        1e-9,
        |t| if within(t, 2e-3, 12e-3) { 3.0 * sine(t) } else { 0.0 },
        &[2e-3, 14e-3],
    );
    let ramp = |t: f64| if within(t, 3e-3, 8e-3) { 1.0 + 4.0 * (t - 3e-3) / 8e-3 } else { 0.25 };
    follows(
        r#"<rampGenerator id="ramp" delay="3ms" duration="8ms" baselineAmplitude="0.25nA" startAmplitude="1nA"
             finishAmplitude="5nA"/>"#,
        "ramp",
        1e-9,
        ramp,
        &[3e-3, 11e-3],
    );
    follows(
        r#"<compoundInput id="both">
             <pulseGenerator id="a" delay="5ms" duration="10ms" amplitude="2nA"/>
             <rampGenerator id="b" delay="3ms" duration="8ms" baselineAmplitude="0.25nA" startAmplitude="1nA"
               finishAmplitude="5nA"/>
           </compoundInput>"#,
        "both",
        1e-9,
        |t| ramp(t) + if within(t, 5e-3, 10e-3) { 2.0 } else { 0.0 },
        &[3e-3, 5e-3, 11e-3, 15e-3],
    );
}

/// A capacitance of 1 nF behind 10 Mohm follows a clamp with a time constant of 10 ms, leak aside.
#[test]
fn clamps() {
    let clamp = r#"<voltageClamp id="clamp" delay="2ms" duration="10ms" targetVoltage="-20mV"
                     simpleSeriesResistance="10Mohm"/>"#;
    let got = samples(&on("quiet", clamp, "clamp"), "n", 20.0, &["p[0]/v", "p[0]/synapses:clamp:0/i"]);
    let (g, c, leak) = (1e-7, 1e-9, 1e-9);
    let end = (g * -0.02 + leak * -0.065) / (g + leak);
    let tau = c / (g + leak);
    for (row, (v, i)) in got[0].iter().zip(&got[1]).enumerate() {
        let t = row as f64 * DT;
        let expected = match t {
            t if t < 2e-3 => -0.065,
            t if t < 12e-3 => end + (-0.065 - end) * (-(t - 2e-3) / tau).exp(),
            _ => continue,
        };
        assert!((v - expected).abs() < 2e-4, "{t}: {v}, {expected}");
        if t > 2.1e-3 {
            assert!((i - g * (-0.02 - v)).abs() < 0.02 * g * 0.045, "{t}: {i}");
        }
    }
    let after = (12.1e-3 / DT) as usize;
    assert!(got[1][after..].iter().all(|i| *i == 0.0));

    let triple = r#"<voltageClampTriple id="steps" active="1" delay="5ms" duration="10ms" conditioningVoltage="-70mV"
                      testingVoltage="-10mV" returnVoltage="-80mV" simpleSeriesResistance="100kohm"/>"#;
    let v = samples(&on("quiet", triple, "steps"), "n", 20.0, &["p[0]/v"]).remove(0);
    // 0.1 ms is the time constant; each voltage is held.
    for (at_ms, expected) in [(4.9, -0.07), (14.9, -0.01), (19.9, -0.08)] {
        let held = v[(at_ms * 1e-3 / DT) as usize];
        assert!((held - expected).abs() < 2e-4, "{at_ms}: {held}");
    }
    let idle = triple.replace("active=\"1\"", "active=\"0\"");
    let v = samples(&on("quiet", &idle, "steps"), "n", 20.0, &["p[0]/v"]).remove(0);
    assert!(v.iter().all(|v| (v + 0.065).abs() < 1e-12));
}

/// However small the resistance against the step, a clamp holds: it is no current held for a step.
#[test]
fn stiff_clamps() {
    let cell = r#"<ionChannelPassive id="leak" conductance="10pS"/>
      <cell id="shape"><morphology id="m"><segment id="0"><proximal x="0" y="0" z="0" diameter="10"/>
        <distal x="10" y="0" z="0" diameter="10"/></segment></morphology>
        <biophysicalProperties id="b"><membraneProperties>
          <channelDensity id="l" ionChannel="leak" condDensity="1 S_per_m2" erev="-65mV" ion="non_specific"/>
          <specificCapacitance value="1 uF_per_cm2"/><initMembPotential value="-65mV"/>
        </membraneProperties><intracellularProperties><resistivity value="100 ohm_cm"/></intracellularProperties>
        </biophysicalProperties></cell>"#;
    let clamp = r#"<voltageClamp id="clamp" delay="2ms" duration="10ms" targetVoltage="-20mV"
                     simpleSeriesResistance="1kohm"/>"#;
    let area = std::f64::consts::PI * 1e-10;
    for (kind, leak) in [("quiet", 1e-9), ("shape", area)] {
        let got = samples(
            &on(kind, &format!("{cell}{clamp}"), "clamp"),
            "n",
            20.0,
            &["p[0]/v", "p[0]/synapses:clamp:0/i"],
        );
        for (v, i) in got[0].iter().zip(&got[1]).take(470).skip(100) {
            // At rest the clamp gives what leaks out.
            assert!((v + 0.02).abs() < 1e-7, "{kind}: {v}");
            assert!((i / (leak * 0.045) - 1.0).abs() < 1e-3, "{kind}: {i}");
        }
        assert!(got[0][700] < -0.0201, "{kind}: {}", got[0][700]);
    }
}

/// The times (ms) at which the only cell of a population of `source` sends.
fn spikes_ms(source: &str, id: &str, length_ms: f64) -> Vec<f64> {
    let body =
        format!(r#"{CELLS}{source}<network id="n"><population id="s" component="{id}" size="1"/></network>"#);
    let text = document(&body, "n", length_ms, &[]).replace(
        "</Simulation>",
        "<EventOutputFile id=\"e\" fileName=\"e.dat\" format=\"ID_TIME\">\
         <EventSelection id=\"0\" select=\"s[0]\" eventPort=\"spike\"/></EventOutputFile></Simulation>",
    );
    let (simulation, run) = run(&text);
    assert_eq!(simulation.events.len(), 1);
    run.spikes_ms(0)
}

fn near(got: &[f64], expected: &[f64]) -> bool {
    got.len() == expected.len() && got.iter().zip(expected).all(|(a, b)| (a - b).abs() <= DT * 1e3 * 1.001)
}

#[test]
fn sources_of_spikes() {
    let list = r#"<spikeArray id="s"><spike id="0" time="3ms"/><spike id="1" time="5.5ms"/>
                    <spike id="2" time="17ms"/></spikeArray>"#;
    let got = spikes_ms(list, "s", 20.0);
    assert!(near(&got, &[3.0, 5.5, 17.0]), "{got:?}");
    let got = spikes_ms(r#"<spikeGenerator id="s" period="6ms"/>"#, "s", 20.0);
    assert!(near(&got, &[6.0, 12.0, 18.0]), "{got:?}");

    let got = spikes_ms(r#"<spikeGeneratorRandom id="s" minISI="2ms" maxISI="4ms"/>"#, "s", 2000.0);
    let gaps = |times: &[f64]| times.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<f64>>();
    assert!(gaps(&got).iter().all(|gap| (1.97..=4.03).contains(gap)), "{got:?}");
    assert!((got.len() as f64 - 2000.0 / 3.0).abs() < 20.0, "{}", got.len());

    // 5 standard deviations of a Poisson count.
    for (source, rate_per_ms, least_ms) in [
        (r#"<spikeGeneratorPoisson id="s" averageRate="100Hz"/>"#, 0.1, 0.0),
        (r#"<spikeGeneratorRefPoisson id="s" averageRate="100Hz" minimumISI="5ms"/>"#, 0.1, 4.95),
    ] {
        let got = spikes_ms(source, "s", 10_000.0);
        let expected = 10_000.0 * rate_per_ms;
        assert!((got.len() as f64 - expected).abs() < 5.0 * expected.sqrt(), "{source}: {}", got.len());
        assert!(gaps(&got).iter().all(|gap| *gap >= least_ms), "{source}");
    }
}

/// Sources with a synapse of their own: each spike adds 1 nS, which hardly decays.
#[test]
fn sources_with_a_synapse() {
    let timed = r#"<timedSynapticInput id="in" synapse="syn" spikeTarget="./syn"><spike id="0" time="3ms"/>
                     <spike id="1" time="9ms"/></timedSynapticInput>"#;
    let g = of_input("quiet", timed, "in", "syn/g");
    for (at_ms, count) in [(2.5, 0.0), (3.5, 1.0), (8.5, 1.0), (9.5, 2.0), (19.0, 2.0)] {
        let here = g[(at_ms * 1e-3 / DT) as usize] * 1e9;
        assert!((here - count).abs() < 0.03 * count + 1e-12, "{at_ms}: {here}");
    }
    let [current, conductance, v] = &samples(
        &on("quiet", timed, "in"),
        "n",
        20.0,
        &["p[0]/synapses:in:0/i", "p[0]/synapses:in:0/syn/g", "p[0]/v"],
    )[..] else {
        panic!("three columns")
    };
    for row in [0, 130, 500, 800] {
        assert!(
            (current[row] + conductance[row] * v[row]).abs() < 1e-3 * conductance[row] * 0.065 + 1e-30,
            "{row}"
        );
    }

    let random = r#"<poissonFiringSynapse id="in" averageRate="5000Hz" synapse="syn" spikeTarget="./syn"/>"#;
    let got = of_input("quiet", random, "in", "syn/g");
    let count = got[800] * 1e9;
    assert!((count - 100.0).abs() < 50.0, "{count}");
    let brief = r#"<transientPoissonFiringSynapse id="in" averageRate="5000Hz" delay="5ms" duration="10ms" synapse="syn"
                     spikeTarget="./syn"/>"#;
    let got = of_input("quiet", brief, "in", "syn/g");
    let [before, after, end] = [4.9, 15.1, 19.9].map(|ms| got[(ms * 1e-3 / DT) as usize] * 1e9);
    assert!(before == 0.0 && (after - 50.0).abs() < 35.0 && end <= after, "{before} {after} {end}");
}
