"""Names that are taken: a simulation in NEURON.

Made from model.toml by neuropil VERSION.

    nrnivmodl mod && python run.py

Writes its results into the folder results: a file for each recording, and the spikes.
"""

import csv
import os

from neuron import h

from cells import neuron_2

DT = 0.025  # ms
STEPS = 800

# What sits at points: population, cell, name, mechanism, section, x, values.
POINTS = [
    ("lambda", 0, "ExpSyn", "ExpSyn_2", "dend", 0.5, {}),
    ("lambda", 0, "step", "step", "soma", 0.5, {}),
    ("lambda", 1, "ExpSyn", "ExpSyn_2", "dend", 0.5, {}),
]

# Who sends spikes to whom: population, cell, detector; population, cell, point, instance; port, weight, delay (ms).
CONNECTIONS = [
    ("train", 0, 0, "lambda", 1, "ExpSyn", 0, 0, 2, 1),
    ("lambda", 1, 0, "lambda", 0, "ExpSyn", 0, 0, 1, 1),
]

# Spikes that are given: times (ms) by population and cell.
SPIKE_TIMES = {
    ("train", 0): [5, 7.5],
}

h.celsius = 34
h.dt = DT
h.secondorder = 0


cells = {
    "lambda": [neuron_2("lambda" + f"[{i}]") for i in range(2)],
    "train": [h.spike_source() for _ in range(1)],
}

points, played = {}, []
for population, cell, name, mechanism, section, x, values in POINTS:
    point = getattr(h, mechanism)(cells[population][cell][section](x))
    for parameter, value in values.items():
        setattr(point, parameter, value)
    points.setdefault((population, cell, name), []).append(point)

# Where spikes leave: by population, cell and number of the detector a function that makes a connection to a target.
first_cell = {"lambda": 0, "train": 2, }
senders = {}
times, labels, keep = h.Vector(), h.Vector(), []


def record_spikes(connection, population, cell):
    connection.record(times, labels, first_cell[population] + cell)
    keep.append(connection)


def detector(population, cell, number, section, x, threshold, is_output):
    segment = cells[population][cell][section](x)

    def connect(target):
        connection = h.NetCon(segment._ref_v, target, sec=segment.sec)
        connection.threshold = threshold
        return connection

    senders[population, cell, number] = connect
    if is_output:
        record_spikes(connect(None), population, cell)


# Spike detectors: population, cells, number, section, x, threshold (mV), whether its spikes are among the results.
for population, of, number, section, x, threshold, is_output in [
    ("lambda", range(2), 0, "soma", 0.5, -20, True),
]:
    for cell in of:
        detector(population, cell, number, section, x, threshold, is_output)

for population in ["train", ]:
    for cell, source in enumerate(cells[population]):
        senders[population, cell, 0] = lambda target, source=source: h.NetCon(source, target)
        record_spikes(h.NetCon(source, None), population, cell)

for source, i, number, target, j, name, instance, port, weight, delay in CONNECTIONS:
    connection = senders[source, i, number](cells[target][j] if name is None else points[target, j, name][instance])
    connection.delay = delay
    connection.weight[0] = weight
    if port > 0:
        connection.weight[1] = port
    keep.append(connection)


def above(threshold):
    return lambda v: float(v > threshold)


# What is recorded: file, steps between samples, columns: header, parts as (reference, factor), constant part.
RECORD = [
    ("soma", 1, [
        ("lambda[0].soma.v (mV)", [(cells["lambda"][0]["soma"](0.5)._ref_v, 1)], 0),
        ("lambda[0].soma.Iₕ.i (mA/cm²)", [(cells["lambda"][0]["soma"](0.5).I_._ref_i, -1)], 0),
        ("lambda[0].soma.ca.concentration (mM)", [(cells["lambda"][0]["soma"](0.5).ca._ref_conc, 1)], 0),
        ("lambda[1].soma.v (mV)", [(cells["lambda"][1]["soma"](0.5)._ref_v, 1)], 0),
        ("lambda[1].soma.Iₕ.i (mA/cm²)", [(cells["lambda"][1]["soma"](0.5).I_._ref_i, -1)], 0),
        ("lambda[1].soma.ca.concentration (mM)", [(cells["lambda"][1]["soma"](0.5).ca._ref_conc, 1)], 0),
    ]),
]
recorded = [
    [[(h.Vector().record(reference), factor) for reference, factor in parts] for _, parts, _ in columns]
    for _, _, columns in RECORD
]


def start():
    for population in ["lambda", ]:
        for cell in cells[population]:
            cell.start()
    h.finitialize()
    for (population, cell), own in SPIKE_TIMES.items():
        tell = h.NetCon(None, cells[population][cell])
        keep.append(tell)
        for time in own:
            tell.event(time)


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
