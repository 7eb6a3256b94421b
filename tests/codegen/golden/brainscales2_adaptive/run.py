"""Two cells

Made from model.toml by neuropil VERSION, for BrainScaleS-2 (pynn_brainscales). Checked against tables of ranges, not run.

    python run.py

The chip runs 1000.0 times faster than biology: times here are ms of the chip, time constants us of the chip, which
are ms of biology. Potentials are counts of the chip's converter: -70.0 mV became 70.0, -55.0 mV
125.0. Weights are whole steps; one step was 3.1746e-4 uS.
"""
import csv
import pathlib

import pynn_brainscales.brainscales2 as pynn

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


pynn.setup()
drive = pynn.Population(2, pynn.cells.SpikeSourceArray(spike_times=train("drive_spikes.csv", 2)), label="drive")
# To be set by hand, in mV, ms, nF, nA, uS and nS of biology: cm = 0.281, i_offset = 0, tau_syn_E = 5, tau_syn_I = 5, v_rest = -65, v_thresh = -55, v_reset = -70, tau_m = 10, tau_refrac = 2, e_rev_E = 0, e_rev_I = -80, v_spike = -40, delta_T = 2, tau_w = 40, a = 4, b = 0.0805
cells = pynn.Population(2, pynn.cells.HXNeuron(
    threshold_enable=True,
    excitatory_input_enable=True,
    excitatory_input_enable_coba_mode=True,
    inhibitory_input_enable=True,
    inhibitory_input_enable_coba_mode=True,
    exponential_enable=True,
    adaptation_enable=True,
    adaptation_enable_pulse=True,
    membrane_capacitance_capacitance=63,
), label="cells")
cells.record(["spikes"])
in_2 = pynn.Projection(
    drive, cells,
    pynn.FromListConnector(listed("in_2.csv"), column_names=["weight", "delay"]),
    synapse_type=pynn.standardmodels.synapses.StaticSynapse(), receptor_type="excitatory", label="in")
pynn.PopulationView(cells, [0]).record(["v"])
pynn.PopulationView(cells, [1]).record(["v"])

pynn.run(0.1)

with open(HERE / "spikes.csv", "w", newline="") as file:
    rows = csv.writer(file)
    rows.writerow(["time (ms)", "cell"])
    for cell, times in enumerate(cells.get_data("spikes").segments[0].spiketrains):
        rows.writerows([float(t) * 1000.0, "cells[%d]" % cell] for t in times)
pynn.end()
