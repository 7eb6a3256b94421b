"""model

Made from model.toml by neuropil VERSION.

Runs on SpiNNaker with sPyNNaker 7.4 (pip install "sPyNNaker==1!7.4.1"):

    python run.py

Without a machine everything up to loading can be tried with a virtual board: [Machine] version = 5 and
virtual_board = True in ~/.spynnaker.cfg. Units are PyNN's: mV, ms, nF, nA, uS. Results go to spikes.csv and one
file for each recording.
"""
import csv
import pathlib

import numpy
import pyNN.spiNNaker as sim
from adaptive import Adaptive

HERE = pathlib.Path(__file__).parent


def listed(name):
    """The connections of a file: source, target, weight, delay."""
    return sim.FromListConnector(numpy.loadtxt(HERE / name, ndmin=2, delimiter=","))


def train(name, size):
    """Spike times of each cell of a source, ms."""
    times = [[] for _ in range(size)]
    with open(HERE / name) as file:
        for cell, time in csv.reader(file):
            times[int(cell)].append(float(time))
    return times


sim.setup(timestep=0.1)

# Populations
drive = sim.Population(1, sim.SpikeSourceArray(spike_times=train("drive_spikes.csv", 1)), label="drive")
cells = sim.Population(2, Adaptive(
), label="cells")
cells.record("spikes")

# Projections
in_2 = sim.Projection(
    drive, cells, listed("in_2.csv"),
    synapse_type=sim.StaticSynapse(), receptor_type="excitatory", label="in")

sim.run(100.0)

with open(HERE / "spikes.csv", "w", newline="") as file:
    rows = csv.writer(file)
    rows.writerow(["time (ms)", "cell"])
    fired = []
    for cell, times in enumerate(cells.get_data("spikes").segments[0].spiketrains):
        fired += [(float(t), "cells[%d]" % cell) for t in times]
    rows.writerows(sorted(fired))
sim.end()
