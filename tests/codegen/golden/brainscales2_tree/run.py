"""model

Made from model.toml by neuropil VERSION, for BrainScaleS-2 (pynn_brainscales). Checked against tables of ranges, not run.

    python run.py

The chip runs 1000.0 times faster than biology: times here are ms of the chip, time constants us of the chip, which
are ms of biology. Potentials are counts of the chip's converter: -65.0 mV became 70.0, -50.0 mV
125.0. Weights are whole steps; one step was 1.5873e-5 uS.
"""
import csv
import pathlib

import pynn_brainscales.brainscales2 as pynn
from pynn_brainscales.brainscales2 import morphology
from pynn_brainscales.brainscales2.morphology import SharedLineConnection, create_mc_neuron

# Newer versions call it PlacedCompartment.
Compartment = getattr(morphology, "PlacedCompartment", None) or morphology.Compartment

HERE = pathlib.Path(__file__).parent


def listed(name):
    """Connections of a file: source, target, weight in steps."""
    with open(HERE / name) as file:
        return [(int(i), int(j), int(w), 0) for i, j, w in csv.reader(file)]


def train(name, size):
    """Spike times of each cell of a source, ms of the chip."""
    times = [[] for _ in range(size)]
    with open(HERE / name) as file:
        for cell, time in csv.reader(file):
            times[int(cell)].append(float(time))
    return times


# 4 of 512 circuits. Conductances between compartments are in proportion, 1022 the strongest. How strong that is, leaks,
# potentials and times have to be set on the chip, by its calibration or by search, for these values (ms of biology, which are us of
# the chip; potentials in counts):
#   compartment: membrane, leak to, to the next compartment
#   soma_0: 10.0, 70.0
#   dend_1: 10.0, 70.0, 4.506
#   dend_2: 10.0, 70.0, 9.0
#   synapses
#   excitatory: 5 ms, towards 0 mV
cellsCell = create_mc_neuron(
    "cellsCell",
    compartments=[
        Compartment(positions=[0], label="soma_0", connect_shared_line=[0], membrane_capacitance_capacitance=63),
        Compartment(positions=[1, 2], label="dend_1", connect_shared_line=[2], connect_conductance=[(1, 1022)], membrane_capacitance_capacitance=47),
        Compartment(positions=[3], label="dend_2", connect_conductance=[(3, 512)], membrane_capacitance_capacitance=47),
    ],
    connections=[
        SharedLineConnection(start=0, stop=1, row=0),
        SharedLineConnection(start=2, stop=3, row=0),
    ],
    single_active_circuit=True)

pynn.setup()
drive = pynn.Population(1, pynn.cells.SpikeSourceArray(spike_times=train("drive_spikes.csv", 1)), label="drive")
cells = pynn.Population(1, cellsCell(
), label="cells")
cells.record(["spikes"])
in_2 = pynn.Projection(
    drive, cells,
    pynn.FromListConnector(listed("in_2.csv"), column_names=["weight", "delay"], location_selector="dend_2"),
    synapse_type=pynn.standardmodels.synapses.StaticSynapse(), receptor_type="excitatory", label="in")
pynn.PopulationView(cells, [0]).record(["v"], locations=["soma_0"])
pynn.PopulationView(cells, [0]).record(["v"], locations=["dend_2"])

pynn.run(0.1)

with open(HERE / "spikes.csv", "w", newline="") as file:
    rows = csv.writer(file)
    rows.writerow(["time (ms)", "cell"])
    for cell, times in enumerate(cells.get_data("spikes").segments[0].spiketrains):
        rows.writerows([float(t) * 1000.0, "cells[%d]" % cell] for t in times)
pynn.end()
