//! Cells without a shape beside the interpreter: with channels of every kind of gate, rate and scaling.

use neuropil::dynamics::Dynamics;
use neuropil::dynamics::interpret::Instance;
use neuropil::engine::Options;
use neuropil::lems::Set;
use neuropil::library;
use neuropil::neuroml;

use super::sim::run_model;

/// Cells, each with what it refers to; the first state is looked at.
const CELLS: &[(&str, &str)] = &[
    ("iafTauCell", r#"<iafTauCell id="c" leakReversal="-45mV" thresh="-55mV" reset="-70mV" tau="30ms"/>"#),
    (
        "iafTauRefCell",
        r#"<iafTauRefCell id="c" leakReversal="-45mV" thresh="-55mV" reset="-70mV" tau="30ms" refract="3ms"/>"#,
    ),
    (
        "iafCell",
        r#"<iafCell id="c" leakReversal="-45mV" thresh="-55mV" reset="-70mV" C="0.2nF" leakConductance="0.01uS"/>"#,
    ),
    (
        "iafRefCell",
        r#"<iafRefCell id="c" leakReversal="-45mV" thresh="-55mV" reset="-70mV" C="0.2nF" leakConductance="0.01uS"
             refract="3ms"/>"#,
    ),
    (
        "adExIaFCell",
        r#"<adExIaFCell id="c" C="281pF" gL="30nS" EL="-40.6mV" reset="-48.5mV" VT="-50.4mV" thresh="-40.4mV" refract="0ms"
             delT="2mV" tauw="40ms" a="4nS" b="0.08nA"/>"#,
    ),
    (
        "izhikevichCell",
        r#"<izhikevichCell id="c" v0="-60mV" thresh="30mV" a="0.02" b="0.3" c="-50.0" d="2"/>"#,
    ),
    (
        "izhikevich2007Cell",
        r#"<izhikevich2007Cell id="c" v0="-30mV" C="100 pF" k="0.7 nS_per_mV" vr="-60 mV" vt="-40 mV" vpeak="35 mV"
             a="0.03 per_ms" b="-2 nS" c="-50 mV" d="100 pA"/>"#,
    ),
    (
        "hindmarshRose1984Cell",
        r#"<hindmarshRose1984Cell id="c" C="28.57142857pF" a="1.0" b="3.0" c="-3.0" d="5.0" s="4.0" x1="-1.3" r="0.002"
             x0="-1.1" y0="-9.0" z0="1.0" v_scaling="35.71428571mV"/>"#,
    ),
    ("fitzHughNagumoCell", r#"<fitzHughNagumoCell id="c" I="0.8"/>"#),
    (
        "fitzHughNagumo1969Cell",
        r#"<fitzHughNagumo1969Cell id="c" a="0.7" b="0.08" I="1.0" phi="0.08" V0="0.0" W0="0.0"/>"#,
    ),
    (
        "pinskyRinzelCA3Cell",
        r#"<pinskyRinzelCA3Cell id="c" iSoma="0.75 uA_per_cm2" iDend="0 uA_per_cm2" gc="2.1 mS_per_cm2"
             gLs="0.1 mS_per_cm2" gLd="0.1 mS_per_cm2" gNa="30 mS_per_cm2" gKdr="15 mS_per_cm2" gCa="10 mS_per_cm2"
             gKahp="0.8 mS_per_cm2" gKC="15 mS_per_cm2" eNa="60 mV" eCa="80 mV" eK="-75 mV" eL="-60 mV" qd0="0"
             pp="0.5" alphac="2" betac="0.1" gNmda="0 mS_per_cm2" gAmpa="0 mS_per_cm2" cm="3 uF_per_cm2"/>"#,
    ),
    (
        "IF_curr_exp",
        r#"<IF_curr_exp id="c" cm="1.0" i_offset="1.0" tau_m="20.0" tau_refrac="2.0" tau_syn_E="5.0" tau_syn_I="10.0"
             v_init="-65" v_reset="-62.0" v_rest="-65.0" v_thresh="-52.0"/>"#,
    ),
    (
        "IF_curr_alpha",
        r#"<IF_curr_alpha id="c" cm="1.0" i_offset="1.0" tau_m="20.0" tau_refrac="5.0" tau_syn_E="0.5" tau_syn_I="0.5"
             v_init="-65" v_reset="-62.0" v_rest="-65.0" v_thresh="-52.0"/>"#,
    ),
    (
        "IF_cond_exp",
        r#"<IF_cond_exp id="c" cm="1.0" i_offset="1.0" tau_m="20.0" tau_refrac="8.0" tau_syn_E="5.0" tau_syn_I="5.0"
             v_init="-68.0" v_reset="-70.0" v_rest="-65.0" v_thresh="-52.0" e_rev_E="0.0" e_rev_I="-80.0"/>"#,
    ),
    (
        "IF_cond_alpha",
        r#"<IF_cond_alpha id="c" cm="1.0" i_offset="0.9" tau_m="20.0" tau_refrac="5.0" tau_syn_E="0.3" tau_syn_I="0.5"
             v_init="-65" v_reset="-65.0" v_rest="-65.0" v_thresh="-50.0" e_rev_E="0.0" e_rev_I="-70.0"/>"#,
    ),
    (
        "EIF_cond_exp_isfa_ista",
        r#"<EIF_cond_exp_isfa_ista id="c" a="0.0" b="0.0805" cm="0.281" delta_T="2.0" i_offset="0.6" tau_m="9.3667"
             tau_refrac="5" tau_syn_E="5.0" tau_syn_I="5.0" tau_w="144.0" v_init="-65" v_reset="-68.0" v_rest="-70.6"
             v_spike="-40.0" v_thresh="-52.0" e_rev_E="0.0" e_rev_I="-80.0"/>"#,
    ),
    (
        "EIF_cond_alpha_isfa_ista",
        r#"<EIF_cond_alpha_isfa_ista id="c" a="0.0" b="0.0805" cm="0.281" delta_T="0" i_offset="0.6" tau_m="9.3667"
             tau_refrac="5" tau_syn_E="5.0" tau_syn_I="5.0" tau_w="144.0" v_init="-65" v_reset="-68.0" v_rest="-70.6"
             v_spike="-40.0" v_thresh="-52.0" e_rev_E="0.0" e_rev_I="-80.0"/>"#,
    ),
    (
        "HH_cond_exp",
        r#"<HH_cond_exp id="c" cm="0.2" i_offset="0.2" tau_syn_E="0.2" tau_syn_I="2.0" v_init="-65" gbar_Na="20.0"
             gbar_K="6.0" g_leak="0.01" e_rev_Na="50.0" e_rev_K="-90.0" e_rev_leak="-65.0" v_offset="-63.0" e_rev_E="0.0"
             e_rev_I="-80.0"/>"#,
    ),
    (
        "channels of Hodgkin and Huxley",
        r#"<ionChannelHH id="na" conductance="10pS" species="na">
             <gateHHrates id="m" instances="3"><q10Settings type="q10Fixed" fixedQ10="1.5"/>
               <forwardRate type="HHExpLinearRate" rate="1per_ms" midpoint="-40mV" scale="10mV"/>
               <reverseRate type="HHExpRate" rate="4per_ms" midpoint="-65mV" scale="-18mV"/></gateHHrates>
             <gateHHratesTau id="h" instances="1">
               <forwardRate type="HHExpRate" rate="0.07per_ms" midpoint="-65mV" scale="-20mV"/>
               <reverseRate type="HHSigmoidRate" rate="1per_ms" midpoint="-35mV" scale="10mV"/>
               <timeCourse type="fixedTimeCourse" tau="1.3 ms"/></gateHHratesTau>
           </ionChannelHH>
           <ionChannel id="k" type="ionChannelHH" conductance="10pS" species="k">
             <gateHHratesInf id="n" instances="4"><q10Settings type="q10ExpTemp" q10Factor="3" experimentalTemp="6.3 degC"/>
               <forwardRate type="HHExpLinearRate" rate="0.1per_ms" midpoint="-55mV" scale="10mV"/>
               <reverseRate type="HHExpRate" rate="0.125per_ms" midpoint="-65mV" scale="-80mV"/>
               <steadyState type="HHSigmoidVariable" rate="1" midpoint="-50mV" scale="12mV"/></gateHHratesInf>
             <gateHHratesTauInf id="o" instances="1">
               <forwardRate type="HHExpLinearRate" rate="0.1per_ms" midpoint="-55mV" scale="10mV"/>
               <reverseRate type="HHExpRate" rate="0.125per_ms" midpoint="-65mV" scale="-80mV"/>
               <timeCourse type="fixedTimeCourse" tau="3 ms"/>
               <steadyState type="HHSigmoidVariable" rate="1" midpoint="-60mV" scale="20mV"/></gateHHratesTauInf>
           </ionChannel>
           <ionChannelPassive id="leak" conductance="10pS"/>
           <pointCellCondBased id="c" C="10pF" v0="-65mV" thresh="20mV">
             <channelPopulation id="nas" ionChannel="na" number="120000" erev="50mV"/>
             <channelPopulation id="ks" ionChannel="k" number="36000" erev="-77mV"/>
             <channelPopulation id="leaks" ionChannel="leak" number="300" erev="-30mV"/>
           </pointCellCondBased>"#,
    ),
    (
        "other gates",
        r#"<ionChannel id="f" conductance="10pS">
             <q10ConductanceScaling q10Factor="1.4" experimentalTemp="20 degC"/>
             <gate id="a" type="gateHHtauInf" instances="2"><timeCourse type="fixedTimeCourse" tau="4 ms"/>
               <steadyState type="HHExpVariable" rate="0.2" midpoint="-60mV" scale="30mV"/></gate>
             <gateHHInstantaneous id="b" instances="1"><steadyState type="HHExpLinearVariable" rate="0.3" midpoint="-80mV"
               scale="30mV"/></gateHHInstantaneous>
             <gateFractional id="g" instances="1">
               <subGate id="fast" fractionalConductance="0.3"><notes/>
                 <steadyState type="HHSigmoidVariable" rate="1" midpoint="-47mV" scale="29mV"/>
                 <timeCourse type="fixedTimeCourse" tau="1 ms"/></subGate>
               <subGate id="slow" fractionalConductance="0.7">
                 <steadyState type="HHSigmoidVariable" rate="1" midpoint="-47mV" scale="29mV"/>
                 <timeCourse type="fixedTimeCourse" tau="20 ms"/></subGate>
             </gateFractional>
           </ionChannel>
           <ionChannelKS id="ks" conductance="10pS">
             <gateKS id="n" instances="2">
               <q10Settings type="q10Fixed" fixedQ10="1.2"/>
               <closedState id="c1"/><closedState id="c2"/><closedState id="c3"/><openState id="o1"/>
               <forwardTransition id="t1" from="c1" to="c2">
                 <rate type="HHExpLinearRate" rate="0.2per_ms" midpoint="-55mV" scale="10mV"/></forwardTransition>
               <reverseTransition id="t2" from="c1" to="c2">
                 <rate type="HHExpRate" rate="0.3per_ms" midpoint="-65mV" scale="-30mV"/></reverseTransition>
               <vHalfTransition id="t3" from="c2" to="c3" vHalf="-50mV" z="1.5" gamma="0.75" tau="3.2ms" tauMin="0.3ms"/>
               <tauInfTransition id="t4" from="c3" to="o1"><timeCourse type="fixedTimeCourse" tau="2 ms"/>
                 <steadyState type="HHSigmoidVariable" rate="1" midpoint="-50mV" scale="10mV"/></tauInfTransition>
             </gateKS>
           </ionChannelKS>
           <ionChannelVShift id="vs" conductance="10pS" vShift="10mV">
             <gateHHtauInf id="m" instances="1"><timeCourse type="fixedTimeCourse" tau="2 ms"/>
               <steadyState type="HHSigmoidVariable" rate="1" midpoint="-50mV" scale="5mV"/></gateHHtauInf>
           </ionChannelVShift>
           <pointCellCondBased id="c" C="10pF" v0="-75mV" thresh="20mV">
             <channelPopulation id="fs" ionChannel="f" number="4000" erev="10mV"/>
             <channelPopulation id="kss" ionChannel="ks" number="4000" erev="-30mV"/>
             <channelPopulation id="vss" ionChannel="vs" number="500" erev="-80mV"/>
           </pointCellCondBased>"#,
    ),
];

/// The documents, for who looks at what they are made of.
pub fn documents() -> impl Iterator<Item = String> {
    CELLS.iter().map(|(_, body)| document(body, 0.01))
}

fn document(body: &str, step_ms: f64) -> String {
    format!(
        "<Lems>\n<Target component=\"sim\"/>\n\
         <Include file=\"Cells.xml\"/><Include file=\"Simulation.xml\"/><Include file=\"PyNN.xml\"/>\n{body}\n\
         <Simulation id=\"sim\" length=\"30ms\" step=\"{step_ms}ms\" target=\"c\">\
         <OutputFile id=\"of\" fileName=\"out.dat\"><OutputColumn id=\"v\" quantity=\"{}\"/></OutputFile>\
         </Simulation></Lems>",
        if body.contains("<fitzHughNagumo") { "V" } else { "v" }
    )
}

/// The end of each step by the interpreter, in so many parts.
fn interpreted(dynamics: &Dynamics, name: &str, parts: u32) -> Vec<f64> {
    let inputs: Vec<(&str, f64)> = dynamics
        .inputs
        .iter()
        .map(|input| (input.name.as_str(), if input.name == "temperature" { 279.45 } else { 0.0 }))
        .collect();
    let mut instance = Instance::new(dynamics, &inputs).unwrap();
    let mut out = vec![instance.value(name).unwrap()];
    let reads_t = dynamics.inputs.iter().any(|input| input.name == "t");
    let step_s = 1e-5 / f64::from(parts);
    for step in 0..3_000 * parts {
        if reads_t {
            instance.set_input("t", f64::from(step) * step_s).unwrap();
        }
        instance.rk4(step_s).unwrap();
        instance.conditions().unwrap();
        if (step + 1) % parts == 0 {
            out.push(instance.value(name).unwrap());
        }
    }
    out
}

#[test]
fn cells_do_what_the_interpreter_does() {
    let mut wrong = Vec::new();
    for (name, body) in CELLS {
        let text = document(body, 0.01);
        let simulation = match neuroml::read_str(&text, "test.xml", &library::resolver()) {
            Ok(simulation) => simulation,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        let run = run_model(&simulation.model, &Options { threads: 1, ..Options::default() });
        let quantity = if body.contains("<fitzHughNagumo") { "V" } else { "v" };
        let got = run.column(&simulation.outputs[0].table, quantity);
        let mut set: Set = library::core().unwrap().clone();
        set.read_str(&text, "test.xml", &library::resolver()).unwrap();
        let dynamics = set.flatten(set.component("c").unwrap()).unwrap();
        // A potential that runs up is hard on a rule that looks for its end at the ends of steps.
        let parts = if name.starts_with("adEx") { 20 } else { 2 };
        let want = interpreted(&dynamics, quantity, parts);
        assert_eq!(got.len(), want.len());
        // Spikes may be a step apart: all but the steps around them are compared.
        let range = |column: &[f64]| {
            column.iter().fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(*x), high.max(*x)))
        };
        let (low, high) = range(&want);
        let off = got.iter().zip(&want).filter(|(a, b)| (*a - *b).abs() > 0.01 * (high - low)).count();
        if off > 60 || high - low < 1e-3 {
            wrong.push(format!(
                "{name}: {off} of {} samples differ, range {low} to {high}, {:?}",
                got.len(),
                range(&got)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
