//! The files of `channels/`, embedded.

/// A file of the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// Its path below `channels/`: `ion/na.xml`.
    pub path: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(File { path: $path, text: include_str!(concat!("../../channels/", $path)) }),*]
    };
}

/// The component types of NeuroML 2, in an order in which each file stands after those it includes.
pub(super) const CORE: &[File] = files![
    "core/units.xml",
    "core/base.xml",
    "core/rates.xml",
    "core/gates.xml",
    "core/ion_channels.xml",
    "core/membrane.xml",
    "core/synapses.xml",
    "core/inputs.xml",
    "core/spike_sources.xml",
    "core/point_cells.xml",
    "core/pinsky_rinzel.xml",
    "core/cell.xml",
    "core/network.xml",
    "core/pynn.xml",
    "core/pynn_cells.xml",
    "core/simulation.xml",
    "core/plasticity.xml",
    "core/core.xml",
];

/// The components, one a file: the file's name is the component's id.
pub(super) const COMPONENTS: &[File] = files![
    "ion/pas.xml",
    "ion/na.xml",
    "ion/na_axon.xml",
    "ion/na_soma.xml",
    "ion/na_traub.xml",
    "ion/nap.xml",
    "ion/kdr.xml",
    "ion/k_p.xml",
    "ion/k_t.xml",
    "ion/k_traub.xml",
    "ion/kv3.xml",
    "ion/ka.xml",
    "ion/ka_dist.xml",
    "ion/km.xml",
    "ion/ih.xml",
    "ion/ca_hva.xml",
    "ion/ca_lva.xml",
    "ion/cal.xml",
    "ion/can.xml",
    "ion/cat.xml",
    "ion/sk.xml",
    "ion/bk.xml",
    "ion/reset.xml",
    "pool/ca_pool.xml",
    "pool/ca_pool_cortex.xml",
    "synapse/AMPA.xml",
    "synapse/NMDA.xml",
    "synapse/GABA_A.xml",
    "synapse/GABA_B.xml",
    "synapse/exp_syn.xml",
    "synapse/exp2_syn.xml",
    "synapse/alpha_syn.xml",
    "synapse/exp_curr.xml",
    "synapse/exp2_curr.xml",
    "synapse/alpha_curr.xml",
    "synapse/tsodyks_markram.xml",
    "synapse/tsodyks_markram_fac.xml",
    "synapse/gap_junction.xml",
    "plasticity/stdp_additive.xml",
    "plasticity/stdp_multiplicative.xml",
    "plasticity/stdp_mixed.xml",
    "plasticity/stdp_gutig.xml",
    "plasticity/stdp_vogels.xml",
    "plasticity/tsodyks_markram_connection.xml",
    "plasticity/stochastic_connection.xml",
    "plasticity/stochastic_tsodyks_markram.xml",
    "stimulus/step.xml",
    "stimulus/ramp.xml",
    "stimulus/sine.xml",
    "stimulus/noise.xml",
    "stimulus/voltage_clamp.xml",
    "stimulus/regular_spikes.xml",
    "stimulus/poisson_spikes.xml",
    "neuron/lif.xml",
    "neuron/adex.xml",
    "neuron/izhikevich.xml",
    "neuron/izhikevich_2007.xml",
    "neuron/if_curr_exp.xml",
    "neuron/if_curr_alpha.xml",
    "neuron/if_cond_exp.xml",
    "neuron/if_cond_alpha.xml",
    "neuron/if_curr_delta.xml",
    "neuron/if_cond_exp_gsfa_grr.xml",
    "neuron/if_facets_hardware1.xml",
    "neuron/izhikevich_pynn.xml",
    "neuron/gif_cond_exp.xml",
    "neuron/hh_cond_exp.xml",
    "neuron/eif_cond_exp_isfa_ista.xml",
    "neuron/eif_cond_alpha_isfa_ista.xml",
];

/// What documents call the core files: our own names, and those under which NeuroML publishes its own.
/// Any of them gives the whole core.
pub(super) const CORE_NAMES: &[&str] = &[
    "core.xml",
    "NeuroML2CoreTypes.xml",
    "NeuroMLCoreDimensions.xml",
    "NeuroMLCoreCompTypes.xml",
    "Cells.xml",
    "Channels.xml",
    "Inputs.xml",
    "Networks.xml",
    "PyNN.xml",
    "Simulation.xml",
    "Synapses.xml",
];
