"""Two cells: a SONATA circuit in NEURON.

Made from model.toml by neuropil VERSION.

    (cd components/mechanisms && nrnivmodl) && python run.py

It needs BMTK 1.2 and NEURON. What the simulator writes is in output, the same as neuropil would write it in results.
"""

import csv
import math
import os

import h5py
from bmtk.simulator import bionet
from bmtk.simulator.bionet.morphology import Morphology
from bmtk.simulator.bionet.pyfunction_cache import add_synapse_model
from bmtk.simulator.bionet.virtualcell import VirtualCell
from neuron import h

os.chdir(os.path.dirname(os.path.abspath(__file__)))
DT = 0.025  # ms
STEPS = 800

# What was recorded: file, steps between samples, columns: header, parts as (report, population, node, section, x, factor, value at
# the start, steps between its samples), constant part. The simulator reports from the end of the first step on.
RECORD = [
    ("tuft", 1, [
        ("cells[0].tuft(0.9).v (mV)", [("tuft_cells_v", "cells", 0, 2, 0.9, 1, -65, 1)], 0),
        ("cells[1].tuft(0.9).v (mV)", [("tuft_cells_v", "cells", 1, 2, 0.9, 1, -65, 1)], 0),
    ]),
]

# Populations: name, name in the files, number of the first cell.
POPULATIONS = [
    ("cells", "cells", 0),
    ("train", "train", 2),
]


def reported(report, population, node, section, x, factor, start, every):
    """Value by step of what a report has of a place on a cell."""
    with h5py.File(f"output/{report}.h5", "r") as file:
        group = file["report"][population]
        mapping = group["mapping"]
        at = list(mapping["node_ids"]).index(node)
        begin, end = mapping["index_pointer"][at : at + 2]
        places = zip(mapping["element_ids"][begin:end], mapping["element_pos"][begin:end])
        nearest = min(enumerate(places), key=lambda place: (place[1][0] != section, abs(place[1][1] - x)))[0]
        values = group["data"][:, begin + nearest]
    return lambda step: start if step == 0 else factor * float(values[step // every - 1])


def write(folder):
    """Results as neuropil writes them."""
    os.makedirs(folder, exist_ok=True)
    for name, every, columns in RECORD:
        path = os.path.join(folder, name + ".csv")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        values = [([reported(*part) for part in parts], constant) for _, parts, constant in columns]
        with open(path, "w", newline="", encoding="utf-8") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(["time (ms)"] + [header for header, _, _ in columns])
            for step in range(0, STEPS + 1, every):
                row = [constant + sum(part(step) for part in parts) for parts, constant in values]
                out.writerow([repr(step * DT)] + [repr(value) for value in row])
    spikes = []
    for path in ["output/spikes.h5", "inputs/train_spikes.h5"]:
        with h5py.File(path, "r") as file:
            for name, known, first in POPULATIONS:
                group = file["spikes"].get(known)
                if group is None:
                    continue
                for time, node in zip(group["timestamps"], group["node_ids"]):
                    if time <= STEPS * DT * (1 + 1e-9):
                        spikes.append((float(time), first + int(node), f"{name}[{node}]"))
    with open(os.path.join(folder, "spikes.csv"), "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["time (ms)", "source", "label"])
        for time, cell, label in sorted(spikes):
            out.writerow([repr(round(time, 9)), cell, label])
    print(f"{len(spikes)} spikes; results are in {folder}")


def synapse(name):
    """Makes a point process with parameters at a place."""

    def place(parameters, x, section):
        point = getattr(h, name)(x, sec=section)
        for parameter, value in parameters.items():
            setattr(point, parameter, value)
        return point

    return place


for name in ["slow"]:
    add_synapse_model(synapse(name), name)

# BMTK's own sources of spikes are a VecStim, which NEURON does not come with.
sources, keep = [], []


def set_stim(cell, _, spikes):
    cell._hobj = h.spike_source()
    sources.append((cell._hobj, spikes.get_times(node_id=cell.node_id)))


def tell():
    for source, times in sources:
        connection = h.NetCon(None, source)
        keep.append(connection)
        for time in times if times is not None else []:
            connection.event(float(time))


VirtualCell.set_stim = set_stim
handler = h.FInitializeHandler(tell)

# Cells are made point by point: no line of a morphology belongs to a section.
Morphology.get_swc_id = lambda self, section, x: (-1, 0.0)

config = bionet.Config.from_json("simulation_config.json")
config.build_env()
network = bionet.BioNetwork.from_config(config)
# Compartments are those of the templates.
network.dL = None
simulation = bionet.BioSimulator.from_config(config, network=network)
h.secondorder = 0
simulation.run()
write("results")
bionet.nrn.quit_execution()
