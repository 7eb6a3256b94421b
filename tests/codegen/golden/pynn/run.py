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


sim.setup(timestep=1, min_delay=2, max_delay=3)

# Populations
drive = sim.Population(
    2,
    sim.SpikeSourceArray(spike_times=[Sequence([5, 10]), Sequence([7])]),
    label="drive",
)
cells = sim.Population(
    3,
    sim.IF_curr_exp(
        cm=1,
        i_offset=0,
        tau_syn_E=5,
        tau_syn_I=5,
        v_rest=-65,
        v_thresh=[-50, -51, -52],
        v_reset=-65,
        tau_m=15,
        tau_refrac=0.1,
    ),
    initial_values={"v": -65},
    label="cells",
)

# Projections
in_2 = sim.Projection(
    drive,
    cells,
    sim.AllToAllConnector(),
    sim.StaticSynapse(weight=2.5, delay=2),
    receptor_type="excitatory",
    label="in",
)
within = sim.Projection(
    cells,
    cells,
    sim.FromListConnector([(0, 1, -0.5, 3.0), (0, 2, -0.5, 3.0), (1, 0, -0.5, 3.0), (1, 2, -0.5, 3.0), (2, 0, -0.5, 3.0), (2, 1, -0.5, 3.0)]),
    sim.StaticSynapse(),
    receptor_type="inhibitory",
    label="within",
)

# Currents
pulse = sim.DCSource(start=20, stop=60, amplitude=0.8)
pulse.inject_into(cells[[0, 2]])

# Recordings: file, and for each column its name, population, cell and variable
tables = {
    "cells": [
        ("cells[0].v (mV)", cells, 0, "v"),
        ("cells[1].v (mV)", cells, 1, "v"),
        ("cells[2].v (mV)", cells, 2, "v"),
    ],
}
cells.record(["v"], sampling_interval=1)
spiking = [drive, cells]
for population in spiking:
    population.record("spikes")

sim.run(100)

# Results, as neuropil writes them
results.mkdir(parents=True, exist_ok=True)
segments = {}
for population in [drive, cells]:
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

first_cells = {"drive": 0, "cells": 2}
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
