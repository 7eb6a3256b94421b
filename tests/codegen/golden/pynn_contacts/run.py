"""Made from contacts.xml by neuropil VERSION.

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


sim.setup(timestep=0.1, min_delay=1, max_delay=2)

# Populations
senders = sim.Population(
    3,
    sim.IF_cond_exp(
        cm=1,
        tau_m=20,
        v_rest=-60,
        v_thresh=-50,
        v_reset=-65,
        tau_refrac=2,
        i_offset=0,
        tau_syn_E=5,
        tau_syn_I=5,
        e_rev_E=0,
        e_rev_I=-70,
    ),
    initial_values={"v": -60},
    label="senders",
)
hearers = sim.Population(
    2,
    sim.IF_cond_exp(
        cm=1,
        tau_m=20,
        v_rest=-60,
        v_thresh=-50,
        v_reset=-65,
        tau_refrac=2,
        i_offset=0,
        tau_syn_E=3,
        tau_syn_I=6,
        e_rev_E=0,
        e_rev_I=-80,
    ),
    initial_values={"v": -60},
    label="hearers",
)

# Projections
connections_1 = sim.Projection(
    senders,
    hearers,
    sim.FromListConnector([(0, 0, 0.04, 1.0), (1, 1, 0.06, 2.0)]),
    sim.StaticSynapse(),
    receptor_type="excitatory",
    label="connections_1",
)
connections_2 = sim.Projection(
    senders,
    hearers,
    sim.FromListConnector([(2, 1, 0.01, 1.5)]),
    sim.StaticSynapse(),
    receptor_type="inhibitory",
    label="connections_2",
)

# Currents
long = sim.DCSource(start=10, stop=160, amplitude=0.8)
long.inject_into(senders)
brief = sim.DCSource(start=60, stop=80, amplitude=0.3)
brief.inject_into(senders[[2]])

# Recordings: file, and for each column its name, population, cell and variable
tables = {
    "output 0": [
        ("hearers[0]/v (mV)", hearers, 0, "v"),
        ("hearers[1]/v (mV)", hearers, 1, "v"),
    ],
}
hearers[[0]].record(["v"], sampling_interval=0.1)
hearers[[1]].record(["v"], sampling_interval=0.1)
spiking = [senders, hearers]
for population in spiking:
    population.record("spikes")

sim.run(200)

# Results, as neuropil writes them
results.mkdir(parents=True, exist_ok=True)
segments = {}
for population in [senders, hearers]:
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

first_cells = {"senders": 0, "hearers": 3}
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
