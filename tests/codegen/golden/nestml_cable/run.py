"""Ball and stick with calcium, for NEST 3.10 with NESTML 9. Made from model.toml by neuropil VERSION.

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
nest.resolution = 0.025
nest.Install(build.module())


def steps(times):
    """Times on the grid: the nearest steps, half-way ones to the earlier."""
    return np.maximum(np.ceil(np.asarray(times, dtype=float) / 0.025 - 0.5 - 1e-9), 1) * 0.025


def spikes(size, times):
    """Given spikes, ms."""
    return nest.Create("spike_generator", size, params=[{"spike_times": np.round(steps(t), 6)} for t in times])


def neurons(model, own):
    """Cells of a model: for each its compartments, the potential at which it spikes, its receptors."""
    cells = nest.Create(model, len(own))
    for cell, (tree, threshold, receptors) in zip(cells, own):
        cell.V_th = threshold
        cell.compartments = DATA["compartments"][tree]
        if receptors:
            cell.receptors = [
                {"comp_idx": node, "receptor_type": kind, **({"params": params} if params else {})}
                for node, kind, params in receptors
            ]
    return cells


# Populations; units are mV, pA, nS, pF, ms.
balls = neurons("balls_neuron_nestml", DATA["cells"]["balls"])
input_2 = spikes(1, DATA["spikes"]["input_2"])
# Names, first numbers in the list of spikes, cells.
populations = [
    ("balls", 0, balls),
    ("input", 2, input_2),
]
cells_named = {"balls": balls, "input_2": input_2}

# Connections, one by one, each to a receptor of its cell.
table = np.loadtxt(HERE / "connections.csv", delimiter=",", skiprows=1, ndmin=2)


def connect(number, source, target):
    """The connections of this number in the table. A step later: what a spike opens acts here as it is at the end of a step."""
    rows = table[table[:, 0] == number]
    pre = np.array(source.tolist())[rows[:, 1].astype(int)]
    post = np.array(target.tolist())[rows[:, 2].astype(int)]
    synapses = {
        "synapse_model": "static_synapse",
        "receptor_type": rows[:, 3].astype(int),
        "weight": rows[:, 4],
        "delay": np.round((rows[:, 5] + 1) * 0.025, 6),
    }
    nest.Connect(pre, post, "one_to_one", synapses)


connect(0, input_2, balls)

# Injected currents, pA, from step to step.
for name, cell, receptor, at, amplitudes in DATA["currents"]:
    generator = nest.Create(
        "step_current_generator",
        params={
            "amplitude_times": np.round([max(step, 1) * 0.025 for step in at], 6),
            "amplitude_values": amplitudes,
        },
    )
    nest.Connect(generator, cells_named[name][cell], syn_spec={"receptor_type": receptor, "delay": 0.025})

# What is recorded.
recorders = []
for name, first, cells in populations:
    if cells[0].model != "spike_generator":
        recorders.append((name, first, cells, nest.Create("spike_recorder")))
        nest.Connect(cells, recorders[-1][3])
meters = []
for recording in DATA["recordings"]:
    wanted = {}
    for _, population, cell, variable, *_ in recording["columns"]:
        wanted.setdefault((population, cell), []).append(variable)
    found = {}
    for (population, cell), variables in wanted.items():
        meter = nest.Create("multimeter", params={"record_from": variables, "interval": recording["interval"]})
        nest.Connect(meter, cells_named[population][cell])
        found[population, cell] = meter
    meters.append((recording, found))

# Two steps more: NEST shows the sample at a time, and the spikes, after that.
END = 100
nest.Simulate(END + 2 * 0.025)

# Results as neuropil writes them: ms, mV, nA, µS.
OUT.mkdir(parents=True, exist_ok=True)
fired = []
for name, first, cells, recorder in recorders:
    ids = {node: index for index, node in enumerate(cells.tolist())}
    events = recorder.get("events")
    for time, sender in zip(events["times"], events["senders"]):
        if time <= END + 1e-9:
            fired.append((float(time), first + ids[sender], f"{name}[{ids[sender]}]"))
variables = ["balls", "input_2"]
for (name, first, _), variable in zip(populations, variables):
    for index, times in enumerate(DATA["spikes"].get(variable, [])):
        fired.extend((t, first + index, f"{name}[{index}]") for t in times)
with open(OUT / "spikes.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["time (ms)", "source", "label"])
    for time, source, label in sorted(fired):
        writer.writerow([repr(round(time, 9)), source, label])
for recording, found in meters:
    columns = []
    for name, population, cell, variable, factor, start in recording["columns"]:
        events = found[population, cell].get("events")
        inside = events["times"] <= END + 1e-9
        times = np.concatenate([[0.0], events["times"][inside]])
        columns.append((name, times, np.concatenate([[start], events[variable][inside]]) * factor))
    with open(OUT / f"{recording['file']}.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time (ms)"] + [name for name, _, _ in columns])
        for row in range(len(columns[0][1])):
            writer.writerow([repr(round(float(columns[0][1][row]), 9))] + [repr(float(v[row])) for _, _, v in columns])
