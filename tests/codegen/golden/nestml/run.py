"""Two kinds of cells, for NEST 3.10 with NESTML 9. Made from model.toml by neuropil VERSION.

    python3 run.py results

writes spikes.csv and the recordings as CSV into the folder results, as neuropil does. The first run compiles the models.
"""

import csv
import json
import sys
from pathlib import Path

import nest
import numpy as np

import build

HERE = Path(__file__).resolve().parent
OUT = Path(sys.argv[1] if len(sys.argv) > 1 else "results")
DATA = json.loads((HERE / "data.json").read_text())

nest.set_verbosity("M_ERROR")
nest.resolution = 0.1
nest.Install(build.module())


def steps(times):
    """Times on the grid: the nearest steps, half-way ones to the earlier."""
    return np.maximum(np.ceil(np.asarray(times, dtype=float) / 0.1 - 0.5 - 1e-9), 1) * 0.1


def spikes(size, times):
    """Given spikes, ms."""
    return nest.Create("spike_generator", size, params=[{"spike_times": np.round(steps(t), 6)} for t in times])


def relayed(size, times):
    """Given spikes of cells that may have synapses of their own: a relay repeats them a step later."""
    relay = nest.Create("parrot_neuron", size)
    earlier = [np.maximum(steps(t) - 0.1, 0.1) for t in times]
    source = nest.Create("spike_generator", size, params=[{"spike_times": np.round(t, 6)} for t in earlier])
    nest.Connect(source, relay, "one_to_one", {"delay": 0.1})
    return relay


def neurons(model, size, shared, own):
    """Cells of a model: values that they share, and those that differ."""
    cells = nest.Create(model, size)
    if "gsl_abs_error_tol" in cells[0].get():
        cells.set(gsl_abs_error_tol=1e-9, gsl_rel_error_tol=1e-9)
    if shared or own:
        cells.set({**shared, **own})
    return cells


# Populations; units are mV, pA, nS, pF, ms.
drive = spikes(2, DATA["spikes"]["drive"])
first_2 = neurons("lif_neuron_nestml", 3, {}, DATA["values"]["first_2"])
second = neurons("adaptive_neuron_nestml", 2, {}, {})
# Names, first numbers in the list of spikes, cells.
populations = [
    ("drive", 0, drive),
    ("first", 2, first_2),
    ("second", 5, second),
]

# Connections, one by one.
table = np.loadtxt(HERE / "connections.csv", delimiter=",", skiprows=1, ndmin=2)


def connect(number, source, target, port, synapse="static_synapse", starts=()):
    """The connections of this number in the table, to a port for spikes of the target's model."""
    rows = table[table[:, 0] == number]
    pre = np.array(source.tolist())[rows[:, 1].astype(int)]
    post = np.array(target.tolist())[rows[:, 2].astype(int)]
    ports = target[0].get("receptor_types") if "receptor_types" in target[0].get() else {}
    syn = {"synapse_model": synapse, "weight": rows[:, 3], "delay": np.round(rows[:, 4] * 0.1, 6)}
    syn.update({name: rows[:, 3] for name in starts})
    if ports:
        syn["receptor_type"] = np.full(len(rows), ports[port])
    nest.Connect(pre, post, "one_to_one", syn)


connect(0, drive, first_2, "EXCITATORY_SPIKES")  # 6
connect(1, first_2, second, "EXCITATORY_SPIKES")  # 6

# What is recorded.
recorders = []
for name, first, cells in populations:
    if cells[0].model not in ("spike_generator", "parrot_neuron"):
        recorders.append((name, first, cells, nest.Create("spike_recorder")))
        nest.Connect(cells, recorders[-1][3])

# Two steps more: NEST shows the sample at a time, and the spikes, after that.
END = 100
nest.Simulate(END + 2 * 0.1)

# Results as neuropil writes them: ms, mV, nA, µS.
OUT.mkdir(parents=True, exist_ok=True)
fired = []
for name, first, cells, recorder in recorders:
    ids = {node: index for index, node in enumerate(cells.tolist())}
    events = recorder.get("events")
    for time, sender in zip(events["times"], events["senders"]):
        if time <= END + 1e-9:
            fired.append((float(time), first + ids[sender], f"{name}[{ids[sender]}]"))
variables = ["drive", "first_2", "second"]
for (name, first, _), variable in zip(populations, variables):
    for index, times in enumerate(DATA["spikes"].get(variable, [])):
        fired.extend((t, first + index, f"{name}[{index}]") for t in times)
with open(OUT / "spikes.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["time (ms)", "source", "label"])
    for time, source, label in sorted(fired):
        writer.writerow([repr(round(time, 9)), source, label])
