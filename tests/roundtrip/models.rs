//! The models that every tool is given, as far as it can say them.

use std::path::{Path, PathBuf};

use neuropil::model::Model;
use neuropil::{experiment, neuroml};

/// A model by name.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// What the table calls it.
    pub name: &'static str,
    source: Source,
}

#[derive(Debug, Clone, Copy)]
enum Source {
    /// A file in `examples/`.
    Example(&'static str),
    /// An experiment.
    Text(&'static str),
    /// A case of the corpus of published models, and its document.
    Corpus(&'static str, &'static str),
}

/// All of them, in the order of the table.
pub const CASES: [Case; 12] = [
    Case { name: "ball and stick", source: Source::Example("ball_and_stick.toml") },
    Case { name: "Hodgkin-Huxley point neuron", source: Source::Text(HH) },
    Case { name: "adaptive exponential neuron", source: Source::Text(ADEX) },
    Case { name: "network of IF_cond_exp", source: Source::Text(NETWORK) },
    Case { name: "pyramidal cell from SWC, ten channel types and calcium", source: Source::Text(PYRAMIDAL) },
    Case { name: "Tsodyks-Markram synapses", source: Source::Text(DEPRESSION) },
    Case { name: "STDP", source: Source::Text(STDP) },
    Case {
        name: "published: cell with a kinetic scheme (NeuroML, Ex4)",
        source: Source::Corpus("neuroml2-nml2_ex4_ks", "LEMS_NML2_Ex4_KS.xml"),
    },
    Case {
        name: "published: deterministic Hodgkin-Huxley cell (NeuroML, Ex5)",
        source: Source::Corpus("neuroml2-nml2_ex5_detcell", "LEMSexamples/LEMS_NML2_Ex5_DetCell.xml"),
    },
    Case {
        name: "published: adaptive exponential neurons (NeuroML, Ex8)",
        source: Source::Corpus("neuroml2-nml2_ex8_adex", "LEMS_NML2_Ex8_AdEx.xml"),
    },
    Case {
        name: "published: cells of several compartments (NeuroML, Ex25)",
        source: Source::Corpus("neuroml2-nml2_ex25_multicomp", "LEMSexamples/LEMS_NML2_Ex25_MultiComp.xml"),
    },
    Case {
        name: "published: regular spiking cell (Pospischil et al. 2008)",
        source: Source::Corpus("pospischiletal2008-rs", "cells/RS/LEMS_RS.xml"),
    },
];

impl Case {
    /// The model, and the file that it is from; `None`, with a word about it, for a case of the corpus where that is not.
    pub fn model(&self) -> Option<(Model, PathBuf)> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        match self.source {
            Source::Example(file) => {
                let path = here.join("examples").join(file);
                Some((experiment::read(&path).unwrap().model, PathBuf::from(file)))
            }
            Source::Text(text) => {
                let path = here.join("examples/model.toml");
                Some((experiment::parse(text, path).unwrap().model, "model.toml".into()))
            }
            Source::Corpus(case, file) => {
                let corpus = std::env::var("NEUROPIL_CORPUS").unwrap_or("../shared/corpus".into());
                let path = here.join(corpus).join("neuroml").join(case).join("model").join(file);
                if !path.exists() {
                    eprintln!("SKIPPED: there is no corpus with {case}");
                    return None;
                }
                Some((neuroml::read(&path).unwrap().model, path))
            }
        }
    }
}

const HH: &str = r#"
seed = 1
run = { duration = "100 ms", dt = "0.025 ms" }
[cell.hh]
neuron = "HH_cond_exp"
[population.cells]
cell = "hh"
[[stimulus]]
name = "pulse"
kind = "step"
population = "cells"
start = "10 ms"
stop = "90 ms"
amplitude = "0.5 nA"
[[record]]
population = "cells"
variables = ["v"]
file = "v"
"#;

const ADEX: &str = r#"
seed = 1
run = { duration = "300 ms", dt = "0.05 ms" }
[cell.adex]
neuron = "adex"
[population.cells]
cell = "adex"
[[stimulus]]
name = "pulse"
kind = "step"
population = "cells"
start = "20 ms"
stop = "280 ms"
amplitude = "1 nA"
[[record]]
population = "cells"
variables = ["v", "w"]
file = "v"
"#;

const NETWORK: &str = r#"
seed = 3
run = { duration = "200 ms", dt = "0.1 ms" }
[cell.conductance]
neuron = "IF_cond_exp"
[population.drive]
size = 10
poisson = { rate = "100 Hz", start = "5 ms" }
[population.excitatory]
cell = "conductance"
size = 20
parameters = { v_thresh = { uniform = [-52.0, -48.0] } }
[population.inhibitory]
cell = "conductance"
size = 5
[[projection]]
from = "drive"
to = "excitatory"
synapse = "excitatory"
connector = { fixed_probability = 0.5 }
weight = 0.02
delay = "1 ms"
[[projection]]
from = "excitatory"
to = "inhibitory"
synapse = "excitatory"
connector = { fixed_probability = 0.5 }
weight = { normal = { mu = 0.02, sigma = 0.002 } }
delay = "2 ms"
[[projection]]
from = "inhibitory"
to = "excitatory"
synapse = "inhibitory"
connector = { fixed_probability = 0.5 }
weight = 0.03
delay = { uniform = ["1 ms", "3 ms"] }
[[record]]
population = "excitatory"
cells = [0, 1, 2]
variables = ["v"]
file = "v"
"#;

const PYRAMIDAL: &str = r#"
seed = 7
temperature = "34 degC"
run = { duration = "100 ms", dt = "0.025 ms" }
[cell.pyramidal]
morphology = "../morphologies/pyramidal_l5.swc"
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
initial_v = "-75 mV"
discretisation = { all = { max_length = "60 um" } }
spike = { at = "soma", threshold = "-20 mV" }
[cell.pyramidal.channels]
pas = { on = "all", g = "0.05 mS/cm2", reversal = "-75 mV" }
na = { channel = "na_soma", on = "soma", g = "1 S/cm2", reversal = "50 mV" }
nap = { on = "soma", g = "0.1 mS/cm2", reversal = "50 mV" }
kv3 = { on = "soma", g = "0.3 S/cm2", reversal = "-85 mV" }
k_p = { on = "soma", g = "1 mS/cm2", reversal = "-85 mV" }
km = { on = "apic", g = "0.05 mS/cm2", reversal = "-85 mV" }
ih = { on = "all", g = "by_distance(all, 0.02 mS/cm2 * exp(d / 323 um))", reversal = "-45 mV" }
ca_hva = { on = "soma | apic", g = "0.1 mS/cm2", reversal = "nernst" }
ca_lva = { on = "apic", g = "0.1 mS/cm2", reversal = "nernst" }
sk = { on = "soma | apic", g = "1 mS/cm2", reversal = "-85 mV" }
[cell.pyramidal.ions.ca]
pool = "ca_pool_cortex"
on = "soma | apic"
inside = "50 nM"
outside = "2 mM"
[population.cells]
cell = "pyramidal"
[[stimulus]]
kind = "step"
at = "soma"
start = "10 ms"
stop = "90 ms"
amplitude = "2 nA"
[[record]]
at = "soma"
variables = ["v", "ca.concentration"]
file = "soma"
"#;

const DEPRESSION: &str = r#"
seed = 2
temperature = "20 degC"
run = { duration = "200 ms", dt = "0.025 ms" }
[cell.ball]
morphology = { sections = [{ name = "soma", kind = "soma", length = "20 um", diameter = "20 um" }] }
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
initial_v = "-65 mV"
discretisation = { all = 1 }
spike = { at = "soma", threshold = "0 mV" }
channels.pas = { on = "all", g = "0.1 mS/cm2", reversal = "-65 mV" }
synapses.depressing = { synapse = "tsodyks_markram", at = "soma", gbase = "2 nS" }
synapses.facilitating = { synapse = "tsodyks_markram_fac", at = "soma", gbase = "2 nS" }
[population.cells]
cell = "ball"
[population.train]
spike_times = ["10 ms", "30 ms", "50 ms", "70 ms", "90 ms", "110 ms", "160 ms"]
[[connection]]
from = "train"
to = "cells"
synapse = "depressing"
pairs = [[0, 0]]
weight = 1
delay = "1 ms"
[[connection]]
from = "train"
to = "cells"
synapse = "facilitating"
pairs = [[0, 0]]
weight = 1
delay = "2 ms"
[[record]]
at = "soma"
variables = ["v"]
file = "v"
"#;

const STDP: &str = r#"
seed = 1
run = { duration = "1 s", dt = "0.1 ms" }
[cell.conductance]
neuron = "IF_cond_exp"
[population.target]
cell = "conductance"
[population.before]
regular = { start = "100 ms", interval = "100 ms" }
[population.training]
regular = { start = "107 ms", interval = "100 ms", stop = "700 ms" }
[population.after]
regular = { start = "122 ms", interval = "100 ms" }
[[projection]]
from = "training"
to = "target"
synapse = "excitatory"
connector = "all_to_all"
weight = 0.2
delay = "1 ms"
[[projection]]
name = "before"
from = "before"
to = "target"
synapse = "excitatory"
connector = "all_to_all"
weight = 0.008
delay = "1 ms"
plasticity = { rule = "stdp_additive", tau_plus = "20 ms", tau_minus = "20 ms", A_plus = 0.1, A_minus = 0.12, w_max = 0.02 }
[[projection]]
name = "after"
from = "after"
to = "target"
synapse = "excitatory"
connector = "all_to_all"
weight = 0.008
delay = "1 ms"
plasticity = { rule = "stdp_additive", tau_plus = "20 ms", tau_minus = "20 ms", A_plus = 0.1, A_minus = 0.12, w_max = 0.02 }
[[record]]
population = "target"
variables = ["v"]
file = "v"
"#;
