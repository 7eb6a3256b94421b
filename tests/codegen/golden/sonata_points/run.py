"""A small network: a SONATA circuit in NEST.

Made from model.toml by neuropil VERSION.

    python run.py

It needs BMTK 1.2 and NEST 3. What the simulator writes is in output, the same as neuropil would write it in results.
"""

import csv
import math
import os

import h5py
import nest
from bmtk.simulator import pointnet

os.chdir(os.path.dirname(os.path.abspath(__file__)))
DT = 1  # ms
STEPS = 100

# What was recorded: file, steps between samples, columns: header, parts as (report, population, node, section, x, factor, value at
# the start, steps between its samples), constant part. The simulator reports from the end of the first step on.
RECORD = [
    ("cells", 1, [
        ("cells[0].v (mV)", [("cells_cells_V_m", "cells", 0, 0, 0.5, 1, -65, 1)], 0),
        ("cells[1].v (mV)", [("cells_cells_V_m", "cells", 1, 0, 0.5, 1, -65, 1)], 0),
        ("cells[2].v (mV)", [("cells_cells_V_m", "cells", 2, 0, 0.5, 1, -65, 1)], 0),
    ]),
]

# Populations: name, name in the files, number of the first cell.
POPULATIONS = [
    ("drive", "drive", 0),
    ("cells", "cells", 2),
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
    for path in ["output/spikes.h5", "inputs/drive_spikes.h5"]:
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


config = pointnet.Config.from_json("simulation_config.json")
config.build_env()
network = pointnet.PointNetwork.from_config(config)
simulation = pointnet.PointSimulator.from_config(config, network)
# BMTK takes the parameters of types; those of nodes are set here.
for population in ["cells"]:
    with h5py.File(f"network/{population}_nodes.h5", "r") as file:
        group = file["nodes"][population]["0"]["dynamics_params"]
        own = {name: values[:] for name, values in group.items()}
    count = len(next(iter(own.values())))
    nodes = nest.NodeCollection(network.gid_map.get_nestids(population, range(count)))
    nodes.set([{name: float(values[i]) for name, values in own.items()} for i in range(count)])
# NEST tells what it recorded with a delay.
simulation.run(DT * STEPS + 5)
write("results")
