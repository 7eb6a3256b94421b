//! Every exposure of a cell with a shape, and of what is in it and on it.

use super::{document, fault, samples};

/// One compartment, 20 µm wide and long: a density, a population, calcium with a pool; two synapses and an input.
const CELL: &str = r#"
  <ionChannelHH id="na" conductance="10pS" species="na">
    <gateHHrates id="m" instances="3">
      <forwardRate type="HHExpLinearRate" rate="1per_ms" midpoint="-40mV" scale="10mV"/>
      <reverseRate type="HHExpRate" rate="4per_ms" midpoint="-65mV" scale="-18mV"/>
    </gateHHrates>
  </ionChannelHH>
  <ionChannelHH id="cal" conductance="10pS" species="ca">
    <gateHHtauInf id="s" instances="2">
      <timeCourse type="fixedTimeCourse" tau="5ms"/>
      <steadyState type="HHSigmoidVariable" rate="1" midpoint="-50mV" scale="8mV"/>
    </gateHHtauInf>
  </ionChannelHH>
  <ionChannelPassive id="leak" conductance="10pS"/>
  <decayingPoolConcentrationModel id="pool" restingConc="1e-4mM" decayConstant="10ms" shellThickness="1um" ion="ca"/>
  <cell id="c">
    <morphology id="shape">
      <segment id="0"><proximal x="0" y="0" z="0" diameter="20"/><distal x="20" y="0" z="0" diameter="20"/></segment>
    </morphology>
    <biophysicalProperties id="bio">
      <membraneProperties>
        <channelDensity id="naChans" ionChannel="na" condDensity="20 mS_per_cm2" erev="50mV" ion="na"/>
        <channelDensityNernst id="caChans" ionChannel="cal" condDensity="1 mS_per_cm2" ion="ca"/>
        <channelPopulation id="leakPop" ionChannel="leak" number="1000" erev="-60mV" ion="non_specific"/>
        <spikeThresh value="-20mV"/>
        <specificCapacitance value="2 uF_per_cm2"/>
        <initMembPotential value="-65mV"/>
      </membraneProperties>
      <intracellularProperties>
        <species id="ca" ion="ca" concentrationModel="pool" initialConcentration="2e-4mM" initialExtConcentration="2mM"/>
        <resistivity value="100 ohm_cm"/>
      </intracellularProperties>
    </biophysicalProperties>
  </cell>
  <expTwoSynapse id="fast" gbase="2nS" erev="0mV" tauRise="0.5ms" tauDecay="3ms"/>
  <poissonFiringSynapse id="noise" averageRate="2000Hz" synapse="fast" spikeTarget="./fast"/>
  <pulseGenerator id="pulse" delay="1ms" duration="50ms" amplitude="0.1nA"/>
  <network id="n" type="networkWithTemperature" temperature="20degC">
    <population id="p" component="c" size="2"/>
    <explicitInput target="p[0]" input="pulse"/>
    <explicitInput target="p[0]" input="noise"/>
    <explicitInput target="p[0]" input="noise"/>
  </network>"#;

/// The area of the membrane, m².
const AREA: f64 = std::f64::consts::PI * 20e-6 * 20e-6;

fn recorded(quantities: &[&str]) -> Vec<Vec<f64>> {
    samples(CELL, "n", 10.0, quantities)
}

/// Whether two columns are the same but for the last digits.
fn alike(one: &[f64], other: &[f64]) -> bool {
    let most = one.iter().map(|x| x.abs()).fold(0.0, f64::max);
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| (a - b).abs() <= 1e-12 * most)
}

fn sum(columns: &[&[f64]]) -> Vec<f64> {
    (0..columns[0].len()).map(|row| columns.iter().map(|column| column[row]).sum()).collect()
}

#[test]
fn of_the_cell() {
    let got = recorded(&[
        "p[0]/surfaceArea",
        "p[0]/totSpecCap",
        "p[0]/bio/totSpecCap",
        "p[0]/bio/membraneProperties/totSpecCap",
        "p[0]/v",
        "p[0]/spiking",
        "p/0/c/0/v",
        "p/0/c/v",
    ]);
    assert!(got[0].iter().all(|area| (area / AREA - 1.0).abs() < 1e-12), "{}", got[0][0]);
    for column in &got[1..4] {
        assert!(column.iter().all(|c| (c / 0.02 - 1.0).abs() < 1e-12), "{}", column[0]);
    }
    let above: Vec<f64> = got[4].iter().map(|v| f64::from(*v > -0.02)).collect();
    assert!(above == got[5] && above.contains(&1.0) && above.contains(&0.0));
    assert!(got[4] == got[6] && got[4] == got[7]);
}

/// The currents of a compartment are the sums of those in it, and the concentrations those of its pool.
#[test]
fn sums_and_their_parts() {
    let inside = "p[0]/bio/membraneProperties";
    let within = |rest: &str| format!("{inside}/{rest}");
    let names = [
        "p[0]/iChannels".to_string(),
        within("totChanCurrent"),
        within("naChans/iDensity"),
        within("caChans/iDensity"),
        within("leakPop/i"),
        "p[0]/iCa".to_string(),
        within("iCa"),
        "p[0]/v".to_string(),
    ];
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let got = recorded(&names);
    let current = |density: &[f64]| density.iter().map(|i| i * AREA).collect::<Vec<f64>>();
    let (na, ca) = (current(&got[2]), current(&got[3]));
    assert!(alike(&got[0], &sum(&[&na, &ca, &got[4]])), "{:?} {:?}", &got[0][..3], &got[4][..3]);
    assert!(got[0] == got[1]);
    assert!(alike(&got[5], &ca) && got[5] == got[6]);
    // 1000 channels of 10 pS.
    let leak: Vec<f64> = got[7].iter().map(|v| 1e-8 * (-0.06 - v)).collect();
    assert!(alike(&got[4], &leak), "{:?} {:?}", &got[4][..3], &leak[..3]);

    let got = recorded(&[
        "p[0]/caConc",
        "p[0]/bio/intracellularProperties/caConc",
        "p[0]/bio/intracellularProperties/ca/concentration",
        "p[0]/bio/intracellularProperties/ca/concentrationModel/concentration",
        "p[0]/bio/intracellularProperties/ca/pool/concentration",
        "p[0]/caConcExt",
        "p[0]/bio/intracellularProperties/ca/extConcentration",
        "p[0]/bio/membraneProperties/caChans/erev",
    ]);
    // The pool is half a step away from where it starts.
    let (half, whole) = (got[0][0] - 2e-4, got[0][1] - got[0][0]);
    assert!(half > 0.0 && (2.0 * half / whole - 1.0).abs() < 0.01, "{:?}", &got[0][..3]);
    assert!(got[1..5].iter().all(|column| *column == got[0]));
    assert!(got[5] == got[6] && got[5].iter().all(|c| *c == 2.0));
    let nernst = |conc: &f64| 8.3144621 * 293.15 / (2.0 * 96485.3) * (2.0 / conc).ln();
    let nernst: Vec<f64> = got[0].iter().map(nernst).collect();
    assert!(alike(&got[7], &nernst), "{:?} {:?}", &got[7][..3], &nernst[..3]);
}

/// What is in a channel, down to its rates.
#[test]
fn of_channels() {
    let channel = "p[0]/bio/membraneProperties/naChans";
    let names =
        ["gDensity", "na/fopen", "na/m/q", "na/m/fcond", "na/m/inf", "na/m/tau", "na/m/forwardRate/r"];
    let names: Vec<String> = names.iter().map(|name| format!("{channel}/{name}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).chain(["p[0]/v"]).collect();
    let got = recorded(&names);
    let cubed: Vec<f64> = got[2].iter().map(|q| q.powi(3)).collect();
    assert!(alike(&got[1], &cubed) && alike(&got[3], &cubed));
    let conductance: Vec<f64> = cubed.iter().map(|f| 200.0 * f).collect();
    assert!(alike(&got[0], &conductance));
    for (row, v) in got[7].iter().enumerate() {
        let v = v * 1e3;
        let x = (v + 40.0) / 10.0;
        let (alpha, beta) = (1e3 * x / (1.0 - (-x).exp()), 4e3 * (-(v + 65.0) / 18.0).exp());
        assert!((got[6][row] / alpha - 1.0).abs() < 1e-9, "{} {alpha}", got[6][row]);
        assert!((got[4][row] * (alpha + beta) / alpha - 1.0).abs() < 1e-9);
        assert!((got[5][row] * (alpha + beta) - 1.0).abs() < 1e-9);
    }
}

/// The current of all that is on a cell, its parts, and what is in these.
#[test]
fn of_synapses_and_inputs() {
    let got = recorded(&[
        "p[0]/iSyn",
        "p[0]/synapses:pulse:0/i",
        "p[0]/synapses:noise:0/i",
        "p[0]/synapses:noise:1/i",
        "p[0]/synapses:noise:1/fast/g",
        "p[0]/v",
        "p[1]/iSyn",
        "p[0]/0/synapses:noise:0/fast/g",
    ]);
    assert!(alike(&got[0], &sum(&[&got[1], &got[2], &got[3]])), "{:?}", &got[0][..5]);
    assert!(got[1].contains(&1e-10) && got[2] != got[3] && got[2].iter().any(|i| *i != 0.0));
    assert!(got[4].iter().any(|g| *g > 0.0) && got[7] != got[4]);
    assert!(got[6].iter().all(|i| *i == 0.0));
}

#[test]
fn what_there_is_not_is_said_with_what_there_is() {
    let message = fault(&document(CELL, "n", 1.0, &["p[0]/iChanels"]));
    assert!(message.contains("iChannels") && message.contains("surfaceArea"), "{message}");
    let message = fault(&document(CELL, "n", 1.0, &["p[0]/bio/membraneProperties/naChans/na/m/p"]));
    assert!(message.contains("ionChannel/m/q"), "{message}");
}
