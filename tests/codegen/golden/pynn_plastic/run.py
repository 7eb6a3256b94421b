"""Made from model.toml by neuropil VERSION.

Run it with:  python run.py nest
or with another simulator: neuron, brian2. It needs PyNN 0.13. Units are those of PyNN: ms, mV, nA, nF, uS.
"""

import csv
import importlib
import sys
from pathlib import Path

from pyNN.parameters import Sequence

here = Path(__file__).resolve().parent
simulator = sys.argv[1] if len(sys.argv) > 1 else "nest"
results = Path(sys.argv[2] if len(sys.argv) > 2 else "results")
sim = importlib.import_module(f"pyNN.{simulator}")


def rows(name):
    """The rows of a table beside this script, as numbers."""
    with open(here / name, newline="") as file:
        reader = csv.reader(file)
        next(reader)
        return [[float(x) for x in row] for row in reader]


def connections(name):
    """Source, target, weight and delay of each connection."""
    return [(int(i), int(j), weight, delay) for i, j, weight, delay in rows(name)]


sim.setup(timestep=0.1, min_delay=0.1, max_delay=1.5)

# Populations
in_2 = sim.Population(
    2,
    sim.SpikeSourceArray(spike_times=[Sequence([0.2, 12.3]), Sequence([20])]),
    label="in",
)
lambda_2 = sim.Population(
    2,
    sim.IF_cond_exp(
        cm=0.25,
        tau_m=10,
        v_rest=-65,
        v_thresh=-50,
        v_reset=-65,
        tau_refrac=2.1,
        i_offset=0,
        tau_syn_E=5,
        tau_syn_I=5,
        e_rev_E=0,
        e_rev_I=-70,
    ),
    initial_values={"v": -65},
    label="lambda",
)

# Projections
depressing = sim.Projection(
    in_2,
    lambda_2,
    sim.OneToOneConnector(),
    sim.TsodyksMarkramSynapse(U=0.5, tau_rec=800, tau_facil=0, weight=0.04, delay=1),
    receptor_type="excitatory",
    label="depressing",
)
learning = sim.Projection(
    lambda_2,
    lambda_2,
    sim.FromListConnector([(0, 1, 0.002, 1.5), (1, 0, 0.003, 1.5)]),
    sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(tau_plus=20, tau_minus=20, A_plus=0.02, A_minus=0.025),
        weight_dependence=sim.AdditiveWeightDependence(w_min=0, w_max=0.005),
        dendritic_delay_fraction=1,
    ),
    receptor_type="excitatory",
    label="learning",
)

# Currents
swing = sim.ACSource(start=20, stop=140, amplitude=0.1, frequency=50, phase=0)
swing.inject_into(lambda_2[[1]])

# Recordings: file, and for each column its name, population, cell and variable
tables = {
    "first": [
        ("lambda[0].v (mV)", lambda_2, 0, "v"),
        ("lambda[0].excitatory.g (µS)", lambda_2, 0, "gsyn_exc"),
    ],
}
lambda_2[[0]].record(["v", "gsyn_exc"], sampling_interval=0.5)
spiking = [in_2, lambda_2]
for population in spiking:
    population.record("spikes")

sim.run(200)

# Results, as neuropil writes them
results.mkdir(parents=True, exist_ok=True)
segments = {}
for population in [in_2, lambda_2]:
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

first_cells = {"in": 0, "lambda": 2}
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
