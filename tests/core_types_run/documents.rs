//! Small documents of everything that is no cell without a shape, with the range of what is recorded.

use super::Case;

/// A cell that stays where it is: its capacitance is large.
macro_rules! still {
    ($rest:literal) => {
        concat!(
            r#"<iafCell id="still" C="1mF" leakConductance="1pS" leakReversal="-60mV" thresh="1V" reset="-60mV"/>
               <izhikevichCell id="izh" v0="-70mV" thresh="30mV" a="0.02" b="0.2" c="-65" d="6"/>
               <spikeArray id="given"><spike id="0" time="5ms"/><spike id="1" time="10ms"/></spikeArray>"#,
            $rest
        )
    };
}

/// A cell with a shape: one compartment of 1000 µm² whose potential stands still, or nearly.
macro_rules! sphere {
    ($before:literal, $membrane:literal, $inside:literal, $network:literal) => {
        concat!(
            $before,
            r#"<ionChannelPassive id="leak" conductance="10pS"/>
               <cell id="cell"><morphology id="m"><segment id="0" name="soma">
                 <proximal x="0" y="0" z="0" diameter="10"/><distal x="31.830988618379067" y="0" z="0" diameter="10"/></segment>
                 <segmentGroup id="soma_group"><member segment="0"/></segmentGroup>
                 <segmentGroup id="same"><include segmentGroup="soma_group"/></segmentGroup>
                 <segmentGroup id="along"><path><from segment="0"/><to segment="0"/></path></segmentGroup>
                 <segmentGroup id="under"><subTree><from segment="0"/></subTree>
                   <inhomogeneousParameter id="dist" variable="p" metric="Path Length from root">
                     <proximal translationStart="0"/><distal normalizationEnd="1"/></inhomogeneousParameter></segmentGroup>
               </morphology><biophysicalProperties id="b"><membraneProperties>"#,
            $membrane,
            r#"<spikeThresh value="0mV"/><specificCapacitance value="1e6 uF_per_cm2" segmentGroup="same"/>
               <initMembPotential value="-60mV" segmentGroup="along"/>
               </membraneProperties><intracellularProperties>"#,
            $inside,
            r#"<resistivity value="100 ohm_cm" segmentGroup="under"/></intracellularProperties></biophysicalProperties></cell>
               <network id="n" type="networkWithTemperature" temperature="20 degC">
               <population id="p" component="cell" size="2"/>"#,
            $network,
            "</network>"
        )
    };
}

/// The area of the sphere, m², times the drive of 10 mV to a channel of 1 S/m²: 10 pA.
const TEN_PA: f64 = 1e-11;

pub const CASES: &[Case] = &[
    Case {
        name: "synapses of events",
        body: still!(
            r#"<alphaCurrentSynapse id="s0" tau="3ms" ibase="10pA"/>
               <expOneSynapse id="s1" gbase="1nS" erev="0mV" tauDecay="3ms"/>
               <alphaSynapse id="s2" gbase="1nS" erev="0mV" tau="2ms"/>
               <expTwoSynapse id="s3" gbase="1nS" erev="0mV" tauRise="1ms" tauDecay="4ms"/>
               <expThreeSynapse id="s4" gbase1="1nS" gbase2="0.5nS" erev="0mV" tauRise="1ms" tauDecay1="4ms" tauDecay2="9ms"/>
               <blockingPlasticSynapse id="s5" gbase="1nS" erev="0mV" tauRise="1ms" tauDecay="4ms">
                 <plasticityMechanism type="tsodyksMarkramDepMechanism" initReleaseProb="0.5" tauRec="120 ms"/>
                 <blockMechanism type="voltageConcDepBlockMechanism" species="mg" blockConcentration="1.2 mM"
                   scalingConc="1.9205441817997078 mM" scalingVolt="16.129032258064516 mV"/></blockingPlasticSynapse>
               <blockingPlasticSynapse id="s6" gbase="1nS" erev="0mV" tauRise="1ms" tauDecay="4ms">
                 <plasticityMechanism type="tsodyksMarkramDepFacMechanism" initReleaseProb="0.5" tauRec="120 ms" tauFac="10 ms"/>
                 </blockingPlasticSynapse>
               <doubleSynapse id="s7" synapse1="s1" synapse1Path="./s1" synapse2="s3" synapse2Path="./s3"/>
               <stdpSynapse id="s8" gbase="1nS" erev="0mV" tauRise="1ms" tauDecay="4ms"/>
               <network id="n"><population id="src" component="given" size="1"/><population id="p" component="still" size="9"/>
                 <synapticConnection from="src[0]" to="p[0]" synapse="s0" destination="synapses"/>
                 <synapticConnectionWD from="src[0]" to="p[1]" synapse="s1" destination="synapses" weight="2" delay="1ms"/>
                 <projection id="q2" presynapticPopulation="src" postsynapticPopulation="p" synapse="s2">
                   <connection id="0" preCellId="../src[0]" postCellId="../p[2]"/></projection>
                 <projection id="q3" presynapticPopulation="src" postsynapticPopulation="p" synapse="s3">
                   <connectionWD id="0" preCellId="../src[0]" postCellId="../p[3]" weight="0.5" delay="2ms"/></projection>
                 <synapticConnection from="src[0]" to="p[4]" synapse="s4"/><synapticConnection from="src[0]" to="p[5]" synapse="s5"/>
                 <synapticConnection from="src[0]" to="p[6]" synapse="s6"/><synapticConnection from="src[0]" to="p[7]" synapse="s7"/>
                 <synapticConnection from="src[0]" to="p[8]" synapse="s8"/></network>"#
        ),
        target: "n",
        quantities: &[
            // One: at the second event 2 (1 + e^(-5/3)). Alpha functions: e t/τ e^(-t/τ), twice.
            ("p[1]/synapses:s1:0/g", 0.0, 2e-9 * 1.188_875_602_837_563),
            ("p[2]/synapses:s2:0/g", 0.0, 1.308_046_985e-9),
            ("p[0]/iSyn", 0.0, 15.492_792_51e-12),
            // Differences of exponentials of peak 1, twice; depressed and facilitated by the use of resources.
            ("p[3]/synapses:s3:0/g", 0.0, 0.698_039_064e-9),
            ("p[4]/synapses:s4:0/g", 0.0, 2.220_137_037e-9),
            ("p[5]/synapses:s5:0/g", 0.0, 0.018_668_600_8e-9),
            ("p[6]/synapses:s6:0/g", 0.0, 0.540_699_138e-9),
            ("p[7]/iSyn", 0.0, 131.364_884_8e-12),
            ("p[8]/synapses:s8:0/g", 0.0, 1.396_078_127e-9),
        ],
    },
    Case {
        name: "synapses of PyNN",
        body: still!(
            r#"<IF_cond_exp id="pynn" cm="1e6" i_offset="0" tau_m="20" tau_refrac="1" tau_syn_E="5" tau_syn_I="5" v_init="-60"
                 v_reset="-60" v_rest="-60" v_thresh="-50" e_rev_E="0" e_rev_I="-80"/>
               <expCondSynapse id="e1" tau_syn="5" e_rev="0"/><alphaCondSynapse id="e2" tau_syn="3" e_rev="-80"/>
               <expCurrSynapse id="e3" tau_syn="5"/><alphaCurrSynapse id="e4" tau_syn="2"/>
               <SpikeSourcePoisson id="poisson" start="5ms" duration="1s" rate="2000Hz"/>
               <network id="n"><population id="src" component="given" size="1"/><population id="p" component="pynn" size="5"/>
                 <population id="q" component="poisson" size="1"/>
                 <synapticConnectionWD from="src[0]" to="p[0]" synapse="e1" weight="0.01" delay="1ms"/>
                 <synapticConnectionWD from="src[0]" to="p[1]" synapse="e2" weight="0.01" delay="1ms"/>
                 <synapticConnectionWD from="src[0]" to="p[2]" synapse="e3" weight="0.01" delay="1ms"/>
                 <synapticConnectionWD from="src[0]" to="p[3]" synapse="e4" weight="0.01" delay="1ms"/>
                 <synapticConnectionWD from="q[0]" to="p[4]" synapse="e3" weight="0.01" delay="1ms"/></network>"#
        ),
        target: "n",
        quantities: &[
            // 0.01 µS at 60 mV: 0.6 nA, and once more on top of e^-1 of it; alpha functions reach the weight.
            ("p[0]/iSyn", 0.0, 0.6e-9 * 1.367_879_441),
            ("p[1]/iSyn", -0.309_855_850e-9, 0.0),
            ("p[2]/iSyn", 0.0, 0.01e-9 * 1.367_879_441),
            ("p[3]/iSyn", 0.0, 0.013_080_469_85e-9),
            // Two a millisecond, each for 5 ms: about ten at once.
            ("p[4]/iSyn", 0.0, 0.1e-9),
        ],
    },
    Case {
        name: "currents",
        body: still!(
            r#"<pulseGenerator id="i0" delay="5ms" duration="10ms" amplitude="0.1nA"/>
               <sineGenerator id="i1" phase="0" delay="5ms" duration="20ms" amplitude="0.2nA" period="4ms"/>
               <rampGenerator id="i2" delay="5ms" duration="20ms" startAmplitude="0nA" finishAmplitude="0.4nA"
                 baselineAmplitude="-0.1nA"/>
               <compoundInput id="i3"><pulseGenerator id="a" delay="5ms" duration="10ms" amplitude="0.1nA"/>
                 <sineGenerator id="b" phase="0" delay="5ms" duration="20ms" amplitude="0.2nA" period="4ms"/></compoundInput>
               <voltageClamp id="i4" delay="5ms" duration="10ms" targetVoltage="-50mV" simpleSeriesResistance="10 Mohm"/>
               <voltageClampTriple id="i5" active="1" delay="5ms" duration="10ms" conditioningVoltage="-60mV"
                 testingVoltage="-40mV" returnVoltage="-70mV" simpleSeriesResistance="10 Mohm"/>
               <network id="n"><population id="p" component="still" size="7"/>
                 <explicitInput target="p[0]" input="i0" destination="synapses"/>
                 <inputList id="l1" component="i1" population="p"><input id="0" target="../p[1]" destination="synapses"/></inputList>
                 <inputList id="l2" component="i2" population="p"><inputW id="0" target="../p[2]" destination="synapses"
                   weight="2"/></inputList>
                 <explicitInput target="p[3]" input="i3"/><explicitInput target="p[4]" input="i4"/>
                 <explicitInput target="p[5]" input="i5"/></network>"#
        ),
        target: "n",
        quantities: &[
            ("p[0]/iSyn", 0.0, 0.1e-9),
            ("p[1]/iSyn", -0.2e-9, 0.2e-9),
            ("p[2]/iSyn", -0.2e-9, 0.8e-9),
            ("p[3]/iSyn", -0.2e-9, 0.3e-9),
            // 10 mV and 20 mV over 10 MΩ.
            ("p[4]/iSyn", 0.0, 1e-9),
            ("p[5]/iSyn", -1e-9, 2e-9),
        ],
    },
    Case {
        name: "currents without units",
        body: still!(
            r#"<pulseGeneratorDL id="i0" delay="5ms" duration="10ms" amplitude="10"/>
               <compoundInputDL id="i1"><sineGeneratorDL id="b" phase="0" delay="5ms" duration="20ms" amplitude="2" period="4ms"/>
                 <rampGeneratorDL id="r" delay="5ms" duration="20ms" startAmplitude="0" finishAmplitude="4" baselineAmplitude="-1"/>
               </compoundInputDL>
               <network id="n"><population id="p" component="izh" size="2"/>
                 <explicitInput target="p[0]" input="i0"/><explicitInput target="p[1]" input="i1"/></network>"#
        ),
        target: "n",
        quantities: &[("p[0]/i0/I", 0.0, 10.0), ("p[1]/i1/I", -1.404_01, 5.404_01)],
    },
    Case {
        name: "sources of spikes",
        body: still!(
            r#"<expOneSynapse id="s" gbase="1nS" erev="0mV" tauDecay="1s"/>
               <spikeGenerator id="a" period="9.999ms"/><spikeGeneratorRandom id="b" minISI="1ms" maxISI="3ms"/>
               <spikeGeneratorPoisson id="c" averageRate="1kHz"/>
               <spikeGeneratorRefPoisson id="d" averageRate="0.5kHz" minimumISI="1ms"/>
               <timedSynapticInput id="t" synapse="s" spikeTarget="./s"><spike id="0" time="5ms"/><spike id="1" time="8ms"/>
               </timedSynapticInput>
               <poissonFiringSynapse id="u" averageRate="1 kHz" synapse="s" spikeTarget="./s"/>
               <transientPoissonFiringSynapse id="w" delay="5ms" duration="1s" averageRate="1 kHz" synapse="s" spikeTarget="./s"/>
               <network id="n"><population id="p" component="still" size="7"/>
                 <population id="a0" component="a" size="1"/><population id="b0" component="b" size="1"/>
                 <population id="c0" component="c" size="1"/><population id="d0" component="d" size="1"/>
                 <synapticConnection from="a0[0]" to="p[0]" synapse="s"/><synapticConnection from="b0[0]" to="p[1]" synapse="s"/>
                 <synapticConnection from="c0[0]" to="p[2]" synapse="s"/><synapticConnection from="d0[0]" to="p[3]" synapse="s"/>
                 <explicitInput target="p[4]" input="t"/><explicitInput target="p[5]" input="u"/>
                 <explicitInput target="p[6]" input="w"/></network>"#
        ),
        target: "n",
        quantities: &[
            // As many as come, with what is left of them: regular ones here, at random below.
            ("p[0]/synapses:s:0/g", 0.0, 2.970_25e-9),
            ("p[4]/synapses:t:0/synapse/g", 0.0, 1.997_00e-9),
            ("p[1]/synapses:s:0/g", 0.0, 15e-9),
            ("p[2]/synapses:s:0/g", 0.0, 30e-9),
            ("p[3]/synapses:s:0/g", 0.0, 15e-9),
            ("p[5]/synapses:u:0/synapse/g", 0.0, 30e-9),
            ("p[6]/synapses:w:0/synapse/g", 0.0, 25e-9),
        ],
    },
    Case {
        name: "cells that see each other",
        body: still!(
            r#"<iafCell id="other" C="1mF" leakConductance="1pS" leakReversal="-40mV" thresh="1V" reset="-60mV"/>
               <gapJunction id="gj" conductance="1nS"/><silentSynapse id="silent"/>
               <linearGradedSynapse id="lin" conductance="2nS"/>
               <gradedSynapse id="gr" conductance="2nS" delta="5mV" Vth="-40mV" k="0.5per_ms" erev="0mV"/>
               <network id="n"><population id="a" type="populationList" component="still" size="3">
                   <instance id="0"><location x="0" y="0" z="0"/></instance><instance id="1"><location x="0" y="9" z="0"/></instance>
                   <instance id="2"><location x="0" y="0" z="7"/></instance></population>
                 <population id="b" type="populationList" component="other" size="3">
                   <instance id="0"><location x="0" y="0" z="0"/></instance><instance id="1"><location x="0" y="9" z="0"/></instance>
                   <instance id="2"><location x="0" y="0" z="7"/></instance></population>
                 <population id="c" component="still" size="3"/><population id="d" component="other" size="3"/>
                 <electricalProjection id="e1" presynapticPopulation="c" postsynapticPopulation="d">
                   <electricalConnection id="0" preCell="0" postCell="0" synapse="gj"/></electricalProjection>
                 <electricalProjection id="e2" presynapticPopulation="a" postsynapticPopulation="b">
                   <electricalConnectionInstance id="0" preCell="../a/0/still" postCell="../b/0/other" synapse="gj"/>
                   <electricalConnectionInstanceW id="1" preCell="../a/1/still" postCell="../b/1/other" synapse="gj" weight="3"/>
                   </electricalProjection>
                 <continuousProjection id="c1" presynapticPopulation="c" postsynapticPopulation="d">
                   <continuousConnection id="0" preCell="1" postCell="1" preComponent="silent" postComponent="lin"/>
                 </continuousProjection>
                 <continuousProjection id="c2" presynapticPopulation="b" postsynapticPopulation="a">
                   <continuousConnectionInstance id="0" preCell="../b/2/other" postCell="../a/2/still" preComponent="silent"
                     postComponent="gr"/></continuousProjection>
                 <continuousProjection id="c3" presynapticPopulation="a" postsynapticPopulation="d">
                   <continuousConnectionInstanceW id="0" preCell="../a/2/still" postCell="../d/2/other" preComponent="silent"
                     postComponent="lin" weight="0.5"/></continuousProjection></network>"#
        ),
        target: "n",
        quantities: &[
            // 20 mV, in nS.
            ("c[0]/iSyn", 20e-12, 20e-12),
            ("b/0/other/iSyn", -20e-12, -20e-12),
            ("a/1/still/iSyn", 60e-12, 60e-12),
            ("d[1]/iSyn", -40e-12, -40e-12),
            ("d[2]/iSyn", -20e-12, -20e-12),
            // Half of it opens at the threshold: 1 nS at 60 mV.
            ("a/2/still/iSyn", 0.299_251e-12, 60e-12),
        ],
    },
    Case {
        name: "places",
        body: still!(
            r#"<ComponentType name="counting" extends="baseCell"><EventPort name="in" direction="in"/>
                 <EventPort name="spike" direction="out"/><Exposure name="n" dimension="none"/><Dynamics>
                   <StateVariable name="n" dimension="none" exposure="n"/>
                   <OnEvent port="in"><StateAssignment variable="n" value="n + 1"/><EventOut port="spike"/></OnEvent></Dynamics>
               </ComponentType><counting id="count"/>
               <network id="n">
                 <space id="grid" basedOn="Grid"><structure xSpacing="100" ySpacing="50" zSpacing="10" xStart="0" yStart="0"
                   zStart="0"/></space>
                 <space id="free"/>
                 <region id="here" space="free"><rectangularExtent xStart="0" yStart="0" zStart="0" xLength="10" yLength="10"
                   zLength="10"/></region>
                 <population id="p" component="izh"><layout space="free"><random number="4" region="here"/></layout></population>
                 <population id="q" component="izh" size="6"><layout space="grid"><grid xSize="3" ySize="1" zSize="2"/></layout>
                 </population>
                 <population id="r" component="izh" size="2"><layout space="free"><unstructured number="2"/></layout>
                   <instance id="0"><location x="0" y="0" z="0"/></instance>
                   <instance id="1"><location x="1" y="0" z="0"/></instance></population>
                 <population id="t" component="count" size="2"/><population id="src" component="given" size="1"/>
                 <explicitConnection from="src[0]" to="t[1]" targetPort="in"/></network>"#
        ),
        target: "n",
        quantities: &[
            ("p[3]/U", -14.0, -14.0),
            ("q[5]/U", -14.0, -14.0),
            ("r/1/izh/U", -14.0, -14.0),
            ("t[1]/n", 0.0, 2.0),
        ],
    },
    Case {
        name: "densities",
        body: sphere!(
            "",
            r#"<channelDensity id="d0" ionChannel="leak" condDensity="1 S_per_m2" erev="-50mV" ion="non_specific"/>
               <channelDensityVShift id="d1" ionChannel="leak" condDensity="1 S_per_m2" erev="-50mV" vShift="5mV" ion="non_specific"/>
               <channelDensityNonUniform id="d2" ionChannel="leak" erev="-50mV" ion="non_specific">
                 <variableParameter parameter="condDensity" segmentGroup="under">
                   <inhomogeneousValue inhomogeneousParameter="dist" value="2 * p"/></variableParameter></channelDensityNonUniform>
               <channelPopulation id="d3" ionChannel="leak" number="100" erev="-50mV" segment="0" ion="non_specific"/>"#,
            "",
            ""
        ),
        target: "n",
        // Four times 1 S/m² on 1000 µm² (or a hundred channels of 10 pS) at 10 mV.
        quantities: &[("p[0]/iChannels", 4.0 * TEN_PA, 4.0 * TEN_PA)],
    },
    Case {
        name: "densities of calcium",
        body: sphere!(
            r#"<fixedFactorConcentrationModel id="still_ca" ion="ca" restingConc="1e-4 mM" decayConstant="10 ms"
                 rho="1e-30 mol_per_m_per_A_per_s"/>"#,
            r#"<channelDensityNernst id="d0" ionChannel="leak" condDensity="1 S_per_m2" ion="ca"/>
               <channelDensityNonUniformNernst id="d1" ionChannel="leak" ion="ca">
                 <variableParameter parameter="condDensity" segmentGroup="under">
                   <inhomogeneousValue inhomogeneousParameter="dist" value="2 * p"/></variableParameter>
               </channelDensityNonUniformNernst>
               <channelDensityGHK id="d2" ionChannel="leak" permeability="1e-9 m_per_s" ion="ca"/>
               <channelDensityNonUniformGHK id="d3" ionChannel="leak" ion="ca">
                 <variableParameter parameter="permeability" segmentGroup="under">
                   <inhomogeneousValue inhomogeneousParameter="dist" value="4e-9 * p"/></variableParameter>
               </channelDensityNonUniformGHK>
               <channelDensityGHK2 id="d4" ionChannel="leak" condDensity="1 S_per_m2" ion="ca"/>
               <channelPopulationNernst id="d5" ionChannel="leak" number="100" ion="ca"/>"#,
            r#"<species id="ca" ion="ca" concentrationModel="still_ca" initialConcentration="1e-4 mM"
                 initialExtConcentration="2 mM"/>"#,
            ""
        ),
        target: "n",
        // By hand from the equations of Nernst, Goldman, Hodgkin and Katz, at 20 degC and -60 mV.
        quantities: &[
            ("p[0]/b/membraneProperties/d0/iDensity", 0.185_091, 0.185_091),
            ("p[0]/b/membraneProperties/d1/iDensity", 0.185_091, 0.185_091),
            ("p[0]/b/membraneProperties/d2/iDensity", 1.849_60e-3, 1.849_60e-3),
            ("p[0]/b/membraneProperties/d3/iDensity", 3.699_20e-3, 3.699_20e-3),
            ("p[0]/b/membraneProperties/d4/iDensity", 0.060_498, 0.060_498),
            ("p[0]/b/membraneProperties/d5/i", 0.185_091e-9, 0.185_091e-9),
        ],
    },
    Case {
        name: "a pool of Traub's",
        body: sphere!(
            r#"<fixedFactorConcentrationModelTraub id="traub" ion="ca" species="ca" restingConc="2e-4 mM" beta="0.1 per_ms"
                 phi="1e-30 mol_per_m_per_A_per_s"/>"#,
            r#"<channelDensity id="d0" ionChannel="leak" condDensity="1 S_per_m2" erev="-60mV" ion="ca"/>"#,
            r#"<species id="ca" ion="ca" concentrationModel="traub" initialConcentration="1e-4 mM"
                 initialExtConcentration="2 mM"/>"#,
            ""
        ),
        target: "n",
        // To 2e-4 with 10 ms.
        quantities: &[("p[0]/caConc", 1e-4, 1.950_213e-4)],
    },
    Case {
        name: "two pools",
        body: r#"<ionChannelPassive id="leak" conductance="10pS"/>
          <decayingPoolConcentrationModel id="pool1" ion="ca" restingConc="1e-4 mM" decayConstant="10 ms" shellThickness="1 um"/>
          <decayingPoolConcentrationModel id="pool2" ion="ca2" restingConc="2e-4 mM" decayConstant="10 ms" shellThickness="1 um"/>
          <cell2CaPools id="cell"><morphology id="m">
            <segment id="0"><proximal x="0" y="0" z="0" diameter="10"/><distal x="31.8309886" y="0" z="0" diameter="10"/></segment>
            <segment id="1"><parent segment="0" fractionAlong="1"/><distal x="50" y="0" z="0" diameter="10"/></segment>
            </morphology>
            <biophysicalProperties2CaPools id="b"><membraneProperties2CaPools>
              <channelDensityNernstCa2 id="d0" ionChannel="leak" condDensity="1e-9 S_per_m2" ion="ca2"/>
              <channelDensity id="d1" ionChannel="leak" condDensity="1 S_per_m2" erev="-60mV" ion="ca"/>
              <spikeThresh value="0mV"/><specificCapacitance value="1e6 uF_per_cm2"/><initMembPotential value="-60mV"/>
            </membraneProperties2CaPools><intracellularProperties2CaPools>
              <species id="ca" ion="ca" concentrationModel="pool1" initialConcentration="1e-4 mM" initialExtConcentration="2 mM"/>
              <species id="ca2" ion="ca2" concentrationModel="pool2" initialConcentration="1e-4 mM" initialExtConcentration="2 mM"/>
              <resistivity value="100 ohm_cm"/></intracellularProperties2CaPools></biophysicalProperties2CaPools></cell2CaPools>
          <network id="n"><population id="p" component="cell" size="1"/></network>"#,
        target: "n",
        quantities: &[("p[0]/caConc", 1e-4, 1e-4), ("p[0]/caConc2", 1e-4, 1.950_213e-4)],
    },
    Case {
        name: "a point with channels and calcium",
        body: r#"<ionChannelPassive id="leak" conductance="10pS"/>
          <pointCellCondBasedCa id="c" C="10pF" v0="-60mV" thresh="0mV">
            <channelPopulation id="ks" ionChannel="leak" number="100" erev="-50mV" ion="ca"/></pointCellCondBasedCa>"#,
        target: "c",
        // 10 ms to -50 mV.
        quantities: &[("v", -60e-3, -50.497_871e-3), ("iCa", 0.497_871e-12, 10e-12)],
    },
];
