"""A small network

Made from model.toml by neuropil VERSION.

Run it with:  python run.py
It needs Brian 2.9 (and SciPy, unless there is a C++ compiler). Results go into the folder results.
"""

import csv
import sys
from pathlib import Path

import numpy as np
from brian2 import *

here = Path(__file__).resolve().parent
results = Path(sys.argv[1] if len(sys.argv) > 1 else "results")
defaultclock.dt = 1*ms

# Constants
HAIR = 1e-6
MSEC = ms
MVOLT = mV
NFARAD = 1000*pF
cm_2 = 1
i_offset = 0
tau_m = 15
tau_refrac = 0.1
v_init = -65
v_reset = -65
v_rest = -65
MSEC_excitatory = ms
NAMP_excitatory = nA
tau_syn_excitatory = 5
MSEC_inhibitory = ms
NAMP_inhibitory = nA
tau_syn_inhibitory = 5
amplitude_pulse = 0.8*nA
delay_pulse = 20*ms
duration_pulse = 39.99999999999999*ms

# cells
equations = """
dv/dt = int(regime == 0)*((i_offset/cm_2 + (v_rest - v/MVOLT)/tau_m)*MVOLT/MSEC + i_synapses/(cm_2*NFARAD)) : volt
lastSpikeTime : second
regime : 1
v_thresh : 1 (constant)
i_excitatory = I_excitatory*NAMP_excitatory : amp
dI_excitatory/dt = -(I_excitatory/(tau_syn_excitatory*MSEC_excitatory)) : 1
i_inhibitory = I_inhibitory*NAMP_inhibitory : amp
dI_inhibitory/dt = -(I_inhibitory/(tau_syn_inhibitory*MSEC_inhibitory)) : 1
i_pulse = int(not ((t + dt/2) >= delay_pulse + duration_pulse))*(int(((t + dt/2) >= delay_pulse) and ((t + dt/2) < delay_pulse + duration_pulse))*amplitude_pulse + int(not (((t + dt/2) >= delay_pulse) and ((t + dt/2) < delay_pulse + duration_pulse)))*(int((t + dt/2) < delay_pulse)*0*(1000000000*nA))) : amp (constant over dt)
here_3 : 1 (constant)
i_synapses = i_excitatory + i_inhibitory + here_3*i_pulse : amp
t_end = (t_in_timesteps + 1)*dt : second
"""
cells = NeuronGroup(
    3,
    model=equations,
    threshold="(regime == 0) and (v > v_thresh*MVOLT)",
    reset="regime = 1\nv = v_reset*MVOLT\nlastSpikeTime = t_end",
    events={
        "event_1": "(regime == 1) and (t_end > lastSpikeTime + (tau_refrac - HAIR)*MSEC)",
    },
    method="rk4",
    name="cells",
)
cells.set_event_schedule("event_1", when="after_resets", order=2)
cells.run_on_event("event_1", "regime = 0", when="after_resets", order=3)
cells.v_thresh[0] = -50
cells.v_thresh[1] = -51
cells.v_thresh[2] = -52
cells.here_3[0] = 1
cells.here_3[2] = 1
cells.v = "v_init*MVOLT"

# Given spikes
drive = SpikeGeneratorGroup(2, [0, 1, 0], [5, 7, 10]*ms, name="drive")

# Connections
in_2 = Synapses(
    drive,
    cells,
    model="""
    w : 1
    """,
    on_pre="""
    I_excitatory_post += w
    """,
    name="in_2",
)
in_2.connect(i=[0, 0, 0, 1, 1, 1], j=[0, 1, 2, 0, 1, 2])
in_2.w = 2.5
in_2.pre.delay = 1*ms
within = Synapses(
    cells,
    cells,
    model="""
    w : 1
    """,
    on_pre="""
    I_inhibitory_post += w
    """,
    name="within",
)
within.connect(i=[0, 0, 1, 1, 2, 2], j=[1, 2, 0, 2, 0, 1])
within.w = -0.5
within.pre.delay = 3*ms

# Recordings
cells_v = StateMonitor(cells, "v", record=range(3), dt=1*ms)
spike_monitors = [
    # monitor, label, number of the first cell, entries before it, entries of a cell, end of the step
    (SpikeMonitor(drive), "drive", 0, 0, 1, 0),
    # monitor, label, number of the first cell, entries before it, entries of a cell, end of the step
    (SpikeMonitor(cells), "cells", 2, 0, 1, 1),
]

# A spike that arrives at the end of a step meets cells that have been reset.
network = Network(collect())
network.add([monitor for monitor, *_ in spike_monitors])
network.schedule = ["start", "groups", "thresholds", "resets", "synapses", "end"]
network.run(100*ms)

# Results, as neuropil writes them
results.mkdir(parents=True, exist_ok=True)


def column(parts, constant):
    """A column: values of monitors, each times a factor."""
    values = constant
    for monitor, entry, factor in parts:
        variable = monitor.record_variables[0]
        row = list(monitor.record).index(entry)
        values = values + getattr(monitor, variable + "_")[row]*factor
    return values


def write(name, columns):
    """Writes columns (header, parts, constant) as a table."""
    monitor = columns[0][1][0][0]
    values = [monitor.t_*1e3] + [column(parts, constant) for _, parts, constant in columns]
    values = [np.broadcast_to(of, values[0].shape) for of in values]
    with open(results / f"{name}.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time (ms)"] + [header for header, *_ in columns])
        writer.writerows(zip(*values))


cells_v.record_single_timestep()
write("cells", [
    ("cells[0].v (mV)", [(cells_v, 0, 1000)], 0),
    ("cells[1].v (mV)", [(cells_v, 1, 1000)], 0),
    ("cells[2].v (mV)", [(cells_v, 2, 1000)], 0),
])

spikes = []
for monitor, label, first, before, per_cell, later in spike_monitors:
    for entry, time in zip(monitor.i, monitor.t_*1e3):
        cell = (int(entry) - before)//per_cell
        spikes.append((float(time) + later, first + cell, f"{label}[{cell}]"))
with open(results / "spikes.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["time (ms)", "source", "label"])
    writer.writerows(sorted(spikes))
print(f"{len(spikes)} spikes; results are in {results}")
