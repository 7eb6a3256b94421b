"""adExIaFCell: a neuron model for sPyNNaker.

Made from model.toml by neuropil VERSION. Its C half is adaptive.h, built to adaptive.aplx (see there). Units: mV, ms, nA, uS, nF.
"""
from spinn_front_end_common.interface.ds import DataType
from spynnaker.pyNN.data import SpynnakerDataView
from spynnaker.pyNN.models.defaults import default_initial_values
from spynnaker.pyNN.models.neuron import AbstractPyNNNeuronModelStandard
from spynnaker.pyNN.models.neuron.input_types import InputTypeConductance
from spynnaker.pyNN.models.neuron.neuron_models import NeuronModel
from spynnaker.pyNN.models.neuron.synapse_types import SynapseTypeExponential
from spynnaker.pyNN.models.neuron.threshold_types import ThresholdTypeStatic
from spynnaker.pyNN.utilities.struct import Struct

#: Parameters and states, in the order of the C structure, with their units.
PARAMETERS = {
    "C": "nF",
    "gL": "uS",
    "EL": "mV",
    "VT": "mV",
    "delT": "mV",
    "thresh": "mV",
    "reset": "mV",
    "refract": "ms",
    "tauw": "ms",
    "a": "uS",
    "b": "nA",
}
STATES = {
    "v": "mV",
    "w": "nA",
    "lastSpikeTime": "ms",
    "regime": "",
    "t": "ms",
}


class AdaptiveModel(NeuronModel):
    """The equations."""

    def __init__(self, parameters, states):
        names = [*PARAMETERS, *STATES, "time_step"]
        super().__init__(
            [Struct([(DataType.S1615, name) for name in names])], {**PARAMETERS, **STATES, "time_step": "ms"})
        self._parameters = parameters
        self._states = states

    def add_parameters(self, parameters):
        for name, value in self._parameters.items():
            parameters[name] = self._convert(value)
        parameters["time_step"] = SpynnakerDataView.get_simulation_time_step_ms()

    def add_state_variables(self, state_variables):
        for name, value in self._states.items():
            state_variables[name] = self._convert(value)


class Adaptive(AbstractPyNNNeuronModelStandard):
    """adExIaFCell."""

    @default_initial_values({"v", "w", "lastSpikeTime", "regime", "t", "isyn_exc", "isyn_inh"})
    def __init__(
            self,
            C=0.281,
            gL=0.03,
            EL=-70.6,
            VT=-50.4,
            delT=2.0,
            thresh=20.0,
            reset=-70.6,
            refract=0.0,
            tauw=144.0,
            a=0.004,
            b=0.0805,
            v=-70.6,
            w=0.0,
            lastSpikeTime=0.0,
            regime=0.0,
            t=0.0,
            tau_syn_E=5.0,
            tau_syn_I=5.0,
            e_rev_E=0.0,
            e_rev_I=-70.0,
            isyn_exc=0.0, isyn_inh=0.0):
        parameters = {
            "C": C,
            "gL": gL,
            "EL": EL,
            "VT": VT,
            "delT": delT,
            "thresh": thresh,
            "reset": reset,
            "refract": refract,
            "tauw": tauw,
            "a": a,
            "b": b,
        }
        states = {
            "v": v,
            "w": w,
            "lastSpikeTime": lastSpikeTime,
            "regime": regime,
            "t": t,
        }
        super().__init__(
            model_name="adaptive", binary="adaptive.aplx",
            neuron_model=AdaptiveModel(parameters, states),
            input_type=InputTypeConductance(e_rev_E, e_rev_I),
            synapse_type=SynapseTypeExponential(tau_syn_E, tau_syn_I, isyn_exc, isyn_inh),
            # The C half returns 1 in a step in which the neuron fires.
            threshold_type=ThresholdTypeStatic(0.5))
