"""Two cells

Made from model.toml by neuropil VERSION, for Spikey (PyNN 0.6). Checked against tables of ranges, not run.

    python run.py

Times and potentials are those of biology: the interface converts them (speed-up 10^4). Weights are in uS and take one of 16 steps; one step was
2.6667e-4 uS.
"""
import csv
import pathlib

import pyNN.hardware.spikey as pynn

HERE = pathlib.Path(__file__).parent


def listed(name):
    """Connections of a file: source, target, weight (uS), delay (ms)."""
    with open(HERE / name) as file:
        return [(int(i), int(j), float(w), float(d)) for i, j, w, d in csv.reader(file)]


def train(name, size):
    """Spike times of each cell of a source, ms."""
    times = [[] for _ in range(size)]
    with open(HERE / name) as file:
        for cell, time in csv.reader(file):
            times[int(cell)].append(float(time))
    return times


pynn.setup()
drive = [pynn.Population(1, pynn.SpikeSourceArray, {"spike_times": times}) for times in train("drive_spikes.csv", 2)]
cells = pynn.Population(2, pynn.IF_facets_hardware1, {
    "v_rest": -65,
    "v_thresh": -55,
    "v_reset": -70,
    "g_leak": 20,
    "tau_refrac": 2,
    "e_rev_I": -70,
})
cells.record()
for i, j, weight, delay in listed("in_2.csv"):
    pynn.Projection(drive[i], cells, pynn.FromListConnector([(0, j, weight, delay)]), target="excitatory")

pynn.run(100.0)

with open(HERE / "spikes.csv", "w", newline="") as file:
    rows = csv.writer(file)
    rows.writerow(["time (ms)", "cell"])
    rows.writerows([time, "cells[%d]" % cell] for cell, time in cells.getSpikes())
pynn.end()
