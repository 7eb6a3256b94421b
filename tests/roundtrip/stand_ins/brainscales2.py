"""Stand-ins for pynn_brainscales, which needs bindings to the hardware: they check what the package and the chip would refuse.

    python brainscales2.py run.py

runs the script with them and prints, for each class of neurons, its compartments and which of them are coupled.
"""
import collections
import runpy
import sys
import types

COLUMNS = 256
RANGES = {
    "v_rest": (50, 160), "v_reset": (50, 160), "v_thresh": (50, 220), "tau_m": (0.5, 60), "tau_refrac": (0.04, 32),
    "tau_syn_E": (0.3, 30), "tau_syn_I": (0.3, 30), "cm": (0, 63),
}


class Compartment:
    def __init__(self, *, positions, label, connect_shared_line=(), connect_conductance=(), **parameters):
        through = [circuit for circuit, _ in connect_conductance]
        assert all(isinstance(p, int) for p in positions) and len(set(positions)) == len(positions)
        assert set(connect_shared_line) | set(through) <= set(positions), "a circuit of another compartment"
        assert not set(connect_shared_line) & set(through), "a circuit is on the line directly and through its conductance"
        assert all(isinstance(g, int) and 0 <= g <= 1022 for _, g in connect_conductance)
        assert 0 <= parameters["membrane_capacitance_capacitance"] <= 63
        touching = [positions[0]]
        for circuit in touching:
            near = {circuit - 1, circuit + 1, circuit - COLUMNS, circuit + COLUMNS}
            touching += [p for p in positions if p in near and p not in touching]
        assert len(touching) == len(positions), "circuits of a compartment touch"
        self.positions, self.label, self.direct, self.through = positions, label, connect_shared_line, through


SharedLineConnection = collections.namedtuple("SharedLineConnection", "start stop row")


def create_mc_neuron(name, compartments, connections=(), single_active_circuit=False):
    assert single_active_circuit, "capacitances and leaks are those of the first circuits"
    used = [p for c in compartments for p in c.positions]
    assert len(used) == len(set(used)) and max(used) < 2 * COLUMNS, "a circuit of two compartments"
    joined = set()
    for start, stop, row in connections:
        for column in range(start, stop):
            assert (row, column) not in joined, "a piece of line is joined twice"
            joined.add((row, column))

    def piece(circuit):
        row, column = divmod(circuit, COLUMNS)
        while (row, column - 1) in joined:
            column -= 1
        return row, column

    pieces = collections.defaultdict(lambda: ([], []))
    for at, compartment in enumerate(compartments):
        for circuit in compartment.direct:
            pieces[piece(circuit)][0].append(at)
        for circuit in compartment.through:
            pieces[piece(circuit)][1].append(at)
    coupled = []
    for direct, through in pieces.values():
        assert len(direct) == 1 and through, "a line that shorts compartments, or couples none"
        coupled += [(direct[0], other) for other in through]
    assert len(coupled) == len(compartments) - 1, "not all compartments hang together"
    labels = [c.label for c in compartments]
    print(name, " ".join(sorted(f"{labels[a]}-{labels[b]}" for a, b in coupled)))
    return type(name, (), {"labels": labels})


class Calibrated:
    def __init__(self, **parameters):
        for name, value in parameters.items():
            low, high = RANGES.get(name, (value, value))
            assert low <= value <= high, f"{name} = {value}"


class Sources:
    def __init__(self, spike_times):
        self.spike_times = spike_times


class Population:
    def __init__(self, size, cell, label=""):
        self.size, self.cell = size, cell

    def record(self, variables, locations=()):
        assert all(place in self.cell.labels for place in locations), "a place that the cell has not"

    def get_data(self, _):
        return types.SimpleNamespace(segments=[types.SimpleNamespace(spiketrains=[[]] * self.size)])


def connector(rows, column_names=None, location_selector=None):
    return rows, location_selector


def projection(source, target, connector, synapse_type=None, receptor_type=None, label=None):
    rows, place = connector
    for pre, post, weight, delay in rows:
        assert pre < source.size and post < target.size and delay == 0
        sign = {"excitatory": 1, "inhibitory": -1}[receptor_type]
        assert isinstance(weight, int) and 0 <= sign * weight <= 63
    assert place is None or place in target.cell.labels, "a place that the cell has not"


morphology = types.ModuleType("pynn_brainscales.brainscales2.morphology")
morphology.Compartment = Compartment
morphology.SharedLineConnection = SharedLineConnection
morphology.create_mc_neuron = create_mc_neuron
pynn = types.ModuleType("pynn_brainscales.brainscales2")
pynn.morphology = morphology
pynn.cells = types.SimpleNamespace(
    SpikeSourceArray=Sources, CalibHXNeuronCoba=Calibrated, CalibHXNeuronCuba=Calibrated)
pynn.standardmodels = types.SimpleNamespace(synapses=types.SimpleNamespace(StaticSynapse=lambda: None))
pynn.Population, pynn.Projection, pynn.FromListConnector = Population, projection, connector
pynn.PopulationView = lambda population, cells: population
pynn.setup = pynn.end = lambda: None
pynn.run = lambda duration: None
package = types.ModuleType("pynn_brainscales")
package.brainscales2 = pynn
sys.modules.update({m.__name__: m for m in (package, pynn, morphology)})
runpy.run_path(sys.argv[1])
