"""Made from model.toml by neuropil VERSION.

Run it with:  (cd mod && nrnivmodl) && python run.py neuron
Cells with a shape need PyNN 0.13 with its NEURON backend. Units are those of PyNN: ms, mV, nA, uS, S/cm2, uF/cm2, Ohm cm.
"""

import csv
import importlib
import sys
from pathlib import Path

import neuroml
from neuron import h
from pyNN.morphology import IonChannelDistribution, NeuroMLMorphology
from pyNN.parameters import IonicSpecies, Sequence
from pyNN.standardmodels import StandardIonChannelModel, StandardPostSynapticResponse, build_translations

here = Path(__file__).resolve().parent
simulator = sys.argv[1] if len(sys.argv) > 1 else "neuron"
results = Path(sys.argv[2] if len(sys.argv) > 2 else "results")
sim = importlib.import_module(f"pyNN.{simulator}")
sim.simulator.load_mechanisms(str(here / "mod"))


def rows(name):
    """The rows of a table beside this script, as numbers."""
    with open(here / name, newline="") as file:
        reader = csv.reader(file)
        next(reader)
        return [[float(x) for x in row] for row in reader]


def connections(name):
    """Source, target, weight and delay of each connection."""
    return [(int(i), int(j), weight, delay) for i, j, weight, delay in rows(name)]


def shape(name, groups={}):
    """The shape in a table beside this script, a segment for each compartment, with groups of segments."""
    segments = []
    with open(here / name, newline="") as file:
        for label, parent, *ends in list(csv.reader(file))[1:]:
            x, y, z, d, X, Y, Z, D = [float(number) for number in ends]
            segments.append(
                neuroml.Segment(
                    id=len(segments),
                    name=label,
                    parent=segments[int(parent)] if parent else None,
                    proximal=neuroml.Point3DWithDiam(x=x, y=y, z=z, diameter=d),
                    distal=neuroml.Point3DWithDiam(x=X, y=Y, z=Z, diameter=D),
                )
            )
    members = {label: [segments[i] for i in numbers] for label, numbers in groups.items()}
    segment_groups = [neuroml.SegmentGroup(id=label, members=own) for label, own in members.items()]
    return NeuroMLMorphology(neuroml.Morphology(segments=segments, segment_groups=segment_groups))


class BySegment(IonChannelDistribution):
    """A value for each segment."""

    def __init__(self, values):
        self.values = values

    def value_in(self, morphology, index):
        return self.values[index]


def mechanism(name, parameters, variables={}):
    """A channel of PyNN that is a mechanism of mod/. It is where the first of its parameters is above 0."""
    members = {
        "default_parameters": {parameter: 0.0 for parameter in parameters},
        "translations": build_translations(*((parameter, parameter) for parameter in parameters)),
        "variable_translations": {variable: (name, native) for variable, native in variables.items()},
        "model": name,
        "conductance_density_parameter": parameters[0],
        "get_schema": lambda self: {parameter: IonChannelDistribution for parameter in parameters},
    }
    return type(name, (StandardIonChannelModel,), members)


def receptor(name, parameters=()):
    """A receptor of PyNN that is a mechanism of mod/."""
    members = {
        "default_parameters": {"locations": None, **{parameter: 0.0 for parameter in parameters}},
        "translations": build_translations(*((p, p) for p in ["locations", *parameters])),
        "model": getattr(h, name),
        "recordable": [],
        "variable_map": {},
    }
    return type(name, (StandardPostSynapticResponse,), members)


def in_neuron(population, threshold, joints=(), nseg=None):
    """Tells NEURON itself what PyNN has no words for: the potential (mV) at which a spike is seen, which segments sit elsewhere
    than at the far end of their parents (0.5: in the middle), and into how many compartments a segment is cut."""
    for cell in population:
        sections = cell._cell.sections
        cell._cell.rec.threshold = threshold
        for segment, at in joints:
            parent = sections[segment].parentseg().sec
            h.disconnect(sec=sections[segment])
            sections[segment].connect(parent(at), 0)
        if nseg:
            for section in sections.values():
                section.nseg = nseg


class FirstNeuron(sim.MultiCompartmentNeuron):
    label = "first"
    ion_channels = {
        "pas": sim.PassiveLeak,
        "leak": mechanism("leak", ["gbar"]),
        "na": sim.NaChannel,
        "kdr": sim.KdrChannel,
        "km": mechanism("km", ["gbar"], {"m": "m"}),
    }
    post_synaptic_entities = {
        "fast": sim.CondExpPostSynapticResponse,
        "slow": receptor("slow"),
        "inhibitory": sim.CondAlphaPostSynapticResponse,
    }
    units = {**sim.MultiCompartmentNeuron.units, "km.m": "dimensionless"}


class SecondNeuron(sim.MultiCompartmentNeuron):
    label = "second"
    ion_channels = {
        "pas": sim.PassiveLeak,
        "leak": mechanism("leak", ["gbar"]),
        "na": sim.NaChannel,
        "kdr": sim.KdrChannel,
        "km": mechanism("km", ["gbar"]),
    }
    post_synaptic_entities = {
        "fast": sim.CondExpPostSynapticResponse,
        "slow": receptor("slow"),
        "inhibitory": sim.CondAlphaPostSynapticResponse,
    }


sim.setup(timestep=0.025, min_delay=1, max_delay=2)
uniform = sim.morphology.uniform
locations = sim.morphology.LabelledLocations
h.usetable_hh = 0  # rates as their formulas say, not from a table

# Populations
input_2 = sim.Population(
    2,
    sim.SpikeSourceArray(spike_times=[Sequence([5, 12, 40]), Sequence([20, 21.5])]),
    label="input",
)
first = sim.Population(
    2,
    FirstNeuron(
        morphology=shape("segments_first.csv", {"apical_dendrites": range(1, 9), "region": [0, *range(9, 12)]}),
        cm=1.0,
        Ra=150.0,
        ionic_species={"na": IonicSpecies("na", reversal_potential=50), "k": IonicSpecies("k", reversal_potential=-77)},
        pas={"conductance_density": uniform("apical_dendrites", 0.0001), "e_rev": -65},
        leak={"gbar": uniform("region", 0.0003)},
        na={"conductance_density": uniform("region", 0.12)},
        kdr={"conductance_density": uniform("region", 0.036)},
        km={"gbar": BySegment([0, 0.00002597222462657714, 0.000042892209131312686, 0.00007083496429801689, 0.0001168761569571355, 0.0001926962060129161, 0.0003177023336368134, 0.00005507088125524886, 0.00009079653332172972, 0, 0, 0])},
        fast={"locations": locations("left_1"), "e_syn": 0, "tau_syn": 2},
        slow={"locations": locations("left_2", "right_1", "axon_2")},
        inhibitory={"locations": locations("soma"), "e_syn": -75, "tau_syn": 3},
    ),
    initial_values={"v": -65},
    label="first",
)
in_neuron(first, threshold=-10, joints=[(1, 0.5), (7, 0.5), (9, 0)], nseg=1)
second = sim.Population(
    3,
    SecondNeuron(
        morphology=shape("segments_second.csv", {"apical_dendrites": range(1, 9), "region": [0, *range(9, 12)]}),
        cm=1.0,
        Ra=150.0,
        ionic_species={"na": IonicSpecies("na", reversal_potential=50), "k": IonicSpecies("k", reversal_potential=-77)},
        pas={"conductance_density": uniform("apical_dendrites", 0.0001), "e_rev": -65},
        leak={"gbar": uniform("region", 0.0003)},
        na={"conductance_density": uniform("region", 0.12)},
        kdr={"conductance_density": uniform("region", 0.036)},
        km={"gbar": BySegment([0, 0.00002597222462657714, 0.000042892209131312686, 0.00007083496429801689, 0.0001168761569571355, 0.0001926962060129161, 0.0003177023336368134, 0.00005507088125524886, 0.00009079653332172972, 0, 0, 0])},
        fast={"locations": locations("left_1"), "e_syn": 0, "tau_syn": 2},
        slow={"locations": locations("left_2", "right_1", "axon_2")},
        inhibitory={"locations": locations("soma"), "e_syn": -75, "tau_syn": 3},
    ),
    initial_values={"v": -65},
    label="second",
)
in_neuron(second, threshold=-10, joints=[(1, 0.5), (7, 0.5), (9, 0)], nseg=1)

# Projections
drive = sim.Projection(
    input_2,
    first,
    sim.AllToAllConnector(location_selector="left_1"),
    sim.StaticSynapse(weight=0.03, delay=1),
    receptor_type="fast",
    label="drive",
)
on_1 = sim.Projection(
    first,
    second,
    sim.FromListConnector([(0, 0, 40.0, 2.0), (0, 1, 50.0, 2.0), (1, 2, 60.0, 2.0)], location_selector="left_2"),
    sim.StaticSynapse(),
    receptor_type="slow",
    label="on_1",
)
on_2 = sim.Projection(
    first,
    second,
    sim.FromListConnector([(0, 0, 40.0, 2.0), (0, 1, 50.0, 2.0), (1, 2, 60.0, 2.0)], location_selector="right_1"),
    sim.StaticSynapse(),
    receptor_type="slow",
    label="on_2",
)
on_3 = sim.Projection(
    first,
    second,
    sim.FromListConnector([(0, 0, 40.0, 2.0), (0, 1, 50.0, 2.0), (1, 2, 60.0, 2.0)], location_selector="axon_2"),
    sim.StaticSynapse(),
    receptor_type="slow",
    label="on_3",
)
back = sim.Projection(
    second,
    first,
    sim.AllToAllConnector(location_selector="soma"),
    sim.StaticSynapse(weight=0.004, delay=1.5),
    receptor_type="inhibitory",
    label="back",
)
learning = sim.Projection(
    first,
    second,
    sim.AllToAllConnector(location_selector="left_1"),
    sim.TsodyksMarkramSynapse(U=0.5, tau_rec=200, tau_facil=0, weight=0.003, delay=1),
    receptor_type="fast",
    label="learning",
)

# Currents
swing = sim.ACSource(start=90, stop=140, amplitude=0.4, frequency=50, phase=0)
swing.inject_into(first, location="soma")
step = sim.DCSource(start=60, stop=100, amplitude=0.3)
step.inject_into(second[[0, 2]], location="right_0")

# Recordings: file, and for each column its name, population, cell and variable
tables = {
    "first": [
        ("first[0].trunk.v (mV)", first, 0, "trunk_1.v"),
        ("first[0].trunk.km.m", first, 0, "trunk_1.km.m"),
    ],
    "second": [
        ("second[0].left(0.9).v (mV)", second, 0, "left_2.v"),
        ("second[1].left(0.9).v (mV)", second, 1, "left_2.v"),
        ("second[2].left(0.9).v (mV)", second, 2, "left_2.v"),
    ],
}
first[[0]].record(["km.m", "v"], sampling_interval=0.025, locations=["trunk_1"])
second.record(["v"], sampling_interval=0.025, locations=["left_2"])
spiking = [input_2, first, second]
for population in spiking:
    population.record("spikes")

sim.run(150)

# Results, as neuropil writes them
results.mkdir(parents=True, exist_ok=True)
segments = {}
for population in [input_2, first, second]:
    segments[population.label] = population.get_data().segments[0]


def trace(population, cell, variable):
    """Times and values of a recorded variable of a cell."""
    signal = segments[population.label].filter(name=variable)[0]
    channel = list(signal.array_annotations["channel_index"]).index(cell)
    return signal.times.rescale("ms").magnitude, signal.magnitude[:, channel]


for name, columns in tables.items():
    traces = [trace(*column[1:]) for column in columns]
    with open(results / f"{name}.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time (ms)"] + [column[0] for column in columns])
        writer.writerows(zip(traces[0][0], *(values for _, values in traces)))

first_cells = {"input": 0, "first": 2, "second": 4}
spikes = []
for population in spiking:
    ids, times = segments[population.label].spiketrains.multiplexed
    for id_, time in zip(ids, times.rescale("ms").magnitude):
        cell = population.id_to_index(id_)
        spikes.append((float(time), first_cells[population.label] + cell, f"{population.label}[{cell}]"))
with open(results / "spikes.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["time (ms)", "source", "label"])
    writer.writerows(sorted(spikes))
sim.end()
print(f"{len(spikes)} spikes; results are in {results}")
