"""model: a simulation in NEURON.

Made from model.toml by neuropil VERSION.

    nrnivmodl mod && python run.py

Writes its results into the folder results: a file for each recording, and the spikes.
"""

import csv
import os

from neuron import h

DT = 0.1  # ms
STEPS = 200

# Connections with equations of their own: as above up to the port; mechanism, values, ports for spikes of the source and of the
# target, their delays (ms).
RULES = [
    ("first", 0, 0, "first", 0, None, 0, 1, "stdp_additive", {"scale": 0.03}, 1, 0, 1, 2),
    ("first", 0, 0, "first", 1, None, 0, 1, "stdp_additive", {"scale": 0.03}, 1, 0, 1, 2),
    ("first", 0, 0, "first", 2, None, 0, 1, "stdp_additive", {"scale": 0.03}, 1, 0, 1, 2),
    ("first", 1, 0, "first", 0, None, 0, 1, "stdp_additive", {"scale": 0.03}, 1, 0, 1, 2),
    ("first", 1, 0, "first", 1, None, 0, 1, "stdp_additive", {"scale": 0.03}, 1, 0, 1, 2),
    ("first", 1, 0, "first", 2, None, 0, 1, "stdp_additive", {"scale": 0.03}, 1, 0, 1, 2),
    ("first", 2, 0, "first", 0, None, 0, 1, "stdp_additive", {"scale": 0.03}, 1, 0, 1, 2),
    ("first", 2, 0, "first", 1, None, 0, 1, "stdp_additive", {"scale": 0.03}, 1, 0, 1, 2),
    ("first", 2, 0, "first", 2, None, 0, 1, "stdp_additive", {"scale": 0.03}, 1, 0, 1, 2),
]

# Numbers that differ between cells without a shape: population, variable, a value for each cell.
VALUES = [
    ("first", "step_on", [0, 1, 0]),
    ("first", "v_thresh", [-52, -50, -48]),
]

# States at the start that differ: population, variable, a value for each cell.
STATES = [
    ("first", "vm", [-65, -60, -55]),
]

h.celsius = 20
h.dt = DT
h.secondorder = 0


# What has no shape has to sit somewhere; the section means nothing.
hub = h.Section(name="hub")

cells = {
    "first": [h.conductance(hub(0.5)) for _ in range(3)],
}
for population, name, values in VALUES:
    for cell, value in zip(cells[population], values):
        setattr(cell, name, value)

points, played = {}, []

# Where spikes leave: by population, cell and number of the detector a function that makes a connection to a target.
first_cell = {"first": 0, }
senders = {}
times, labels, keep = h.Vector(), h.Vector(), []


def record_spikes(connection, population, cell):
    connection.record(times, labels, first_cell[population] + cell)
    keep.append(connection)


for population in ["first", ]:
    for i, cell in enumerate(cells[population]):
        senders[population, i, 0] = lambda target, cell=cell: h.NetCon(cell, target)
        record_spikes(h.NetCon(cell, None), population, i)

for source, i, number, target, j, name, instance, port, mechanism, values, pre, post, delay, back in RULES:
    rule = getattr(h, mechanism)(hub(0.5))
    for parameter, value in values.items():
        setattr(rule, parameter, value)
    onward = h.NetCon(rule, cells[target][j] if name is None else points[target, j, name][instance])
    onward.delay = 0
    if port > 0:
        onward.weight[1] = port
    # The rule sets the weight with which a spike goes on.
    h.setpointer(onward._ref_weight[0], "passed", rule)
    keep += [rule, onward]
    for spikes, at, late in [(senders[source, i, number], pre, delay), (senders.get((target, j, 0)), post, back)]:
        if at is not None and spikes is not None:
            connection = spikes(rule)
            connection.delay = late
            connection.weight[1] = at
            keep.append(connection)


def above(threshold):
    return lambda v: float(v > threshold)


# What is recorded: file, steps between samples, columns: header, parts as (reference, factor), constant part.
RECORD = [
    ("v", 1, [
        ("first[0].v (mV)", [(cells["first"][0]._ref_vm, 1)], 0),
        ("first[1].v (mV)", [(cells["first"][1]._ref_vm, 1)], 0),
        ("first[2].v (mV)", [(cells["first"][2]._ref_vm, 1)], 0),
    ]),
]
recorded = [
    [[(h.Vector().record(reference), factor) for reference, factor in parts] for _, parts, _ in columns]
    for _, _, columns in RECORD
]


def start():
    h.finitialize()
    for population, name, values in STATES:
        for cell, value in zip(cells[population], values):
            if value is not None:
                setattr(cell, name, value)
    h.frecord_init()


def write(folder):
    os.makedirs(folder, exist_ok=True)
    for (name, every, columns), vectors in zip(RECORD, recorded):
        path = os.path.join(folder, name + ".csv")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", newline="", encoding="utf-8") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(["time (ms)"] + [header for header, _, _ in columns])
            for step in range(0, STEPS + 1, every):
                values = [
                    constant + sum(factor(vector[step]) if callable(factor) else vector[step] * factor for vector, factor in parts)
                    for parts, (_, _, constant) in zip(vectors, columns)
                ]
                out.writerow([repr(step * DT)] + [repr(value) for value in values])
    names = {first + i: f"{population}[{i}]" for population, first in first_cell.items() for i in range(len(cells[population]))}
    with open(os.path.join(folder, "spikes.csv"), "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["time (ms)", "source", "label"])
        for time, cell in sorted(zip(times, (int(label) for label in labels))):
            out.writerow([repr(round(time, 9)), cell, names[cell]])


if __name__ == "__main__":
    start()
    # One step more: NEURON looks for the spikes of a step when the next one begins.
    for _ in range(STEPS + 1):
        h.fadvance()
    write("results")
