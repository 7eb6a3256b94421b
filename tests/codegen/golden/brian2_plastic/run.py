"""Plastic synapses

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
defaultclock.dt = 0.1*ms

# Constants
C_2 = 250*pF
leakConductance = 25*nS
leakReversal = -65*mV
refract = 2*ms
reset = -65*mV
thresh = -50*mV
erev_excitatory = 0*mV
gbase_excitatory = nS
tauDecay_excitatory = 5*ms
amplitude_swing = 0.1*nA
delay_swing = 20*ms
duration_swing = 120.00000000000001*ms
period_swing = 20*ms
phase_swing = 0
U_syn = 0.5
tau_facil_syn = 1e-6*ms
tau_syn_syn = 5*ms
A_minus_syn = 0.025
A_plus_syn = 0.02
tau_minus_syn = 20*ms
tau_plus_syn = 20*ms
w_max_syn = 4.999999999999999
w_min_syn = 0

# lambda
equations = """
iMemb = leakConductance*(leakReversal - v) + i_synapses : amp
dv/dt = int(regime == 0)*(iMemb/C_2) : volt
lastSpikeTime : second
regime : 1
i_excitatory = g_excitatory*(erev_excitatory - v) : amp
dg_excitatory/dt = -(g_excitatory/tauDecay_excitatory) : siemens
i_swing = int(not ((t + dt/2) >= delay_swing + duration_swing))*(int(((t + dt/2) >= delay_swing) and ((t + dt/2) < delay_swing + duration_swing))*(amplitude_swing*sin(phase_swing + 2*3.14159265*((t + dt/2) - delay_swing)/period_swing)) + int(not (((t + dt/2) >= delay_swing) and ((t + dt/2) < delay_swing + duration_swing)))*(int((t + dt/2) < delay_swing)*0*(1000000000*nA))) : amp (constant over dt)
here_2 : 1 (constant)
i_synapses = i_excitatory + here_2*i_swing : amp
t_end = (t_in_timesteps + 1)*dt : second
"""
lambda_2 = NeuronGroup(
    2,
    model=equations,
    threshold="(regime == 0) and (v > thresh)",
    reset="regime = 1\nv = reset\nlastSpikeTime = t_end",
    events={
        "event_1": "(regime == 1) and (t_end > lastSpikeTime + refract)",
    },
    method="rk4",
    name="lambda_2",
)
lambda_2.set_event_schedule("event_1", when="after_resets", order=2)
lambda_2.run_on_event("event_1", "regime = 0", when="after_resets", order=3)
lambda_2.here_2[1] = 1
lambda_2.v = "leakReversal"

# Given spikes
in_2 = SpikeGeneratorGroup(2, [0, 0, 1], [0, 12.3, 20]*ms, name="in_2")

# Connections
depressing = Synapses(
    in_2,
    lambda_2,
    model="""
    w : 1
    du_syn/dt = -(u_syn/tau_facil_syn) : 1 (event-driven)
    dy_syn/dt = -(y_syn/tau_syn_syn) : 1 (event-driven)
    dq_syn/dt = -(q_syn/(800*ms)) : 1 (event-driven)
    effective_syn : 1
    """,
    on_pre="""
    x_syn = 1 - y_syn - (q_syn - 1.0062893081761006*y_syn)
    u_syn = u_syn + U_syn*(1 - u_syn)
    effective_syn = x_syn*u_syn
    y_syn += effective_syn
    q_syn = q_syn + 1.0062893081761006*effective_syn
    effective_syn = w*effective_syn
    effective = effective_syn
    g_excitatory_post += effective*gbase_excitatory
    """,
    name="depressing",
)
depressing.connect(i=[0, 1], j=[0, 1])
depressing.w = 39.99999999999999
depressing.pre.delay = 0.9*ms
learning = Synapses(
    lambda_2,
    lambda_2,
    model="""
    w : 1
    w_syn : 1
    dr_syn/dt = -(r_syn/tau_plus_syn) : 1 (event-driven)
    do_syn/dt = -(o_syn/tau_minus_syn) : 1 (event-driven)
    oBefore_syn : 1
    postTime_syn : second
    """,
    on_pre="""
    oHeard_syn = int(t == postTime_syn)*oBefore_syn + int(not (t == postTime_syn))*o_syn
    lowered_syn = w_syn - A_minus_syn*oHeard_syn*w_max_syn
    depressed_syn = clip(lowered_syn, w_min_syn, w_max_syn)
    w_syn = depressed_syn
    r_syn += 1
    effective = w_syn
    g_excitatory_post += effective*gbase_excitatory
    """,
    on_post="""
    raised_syn = w_syn + A_plus_syn*r_syn*w_max_syn
    potentiated_syn = clip(raised_syn, w_min_syn, w_max_syn)
    w_syn = potentiated_syn
    oBefore_syn = o_syn
    o_syn += 1
    postTime_syn = t
    """,
    name="learning",
)
learning.connect(i=[0, 1], j=[1, 0])
learning.w = [1.9999999999999998, 2.9999999999999996]
learning.pre.delay = 1.5*ms
learning.post.delay = 3*ms
learning.w_syn = "w"
learning.postTime_syn = "(-1000000)*tau_minus_syn"

# Recordings
lambda_2_g_excitatory = StateMonitor(lambda_2, "g_excitatory", record=[0], dt=0.5*ms)
lambda_2_v = StateMonitor(lambda_2, "v", record=[0], dt=0.5*ms)
spike_monitors = [
    # monitor, label, number of the first cell, entries before it, entries of a cell, end of the step
    (SpikeMonitor(in_2), "in", 0, 0, 1, 0),
    # monitor, label, number of the first cell, entries before it, entries of a cell, end of the step
    (SpikeMonitor(lambda_2), "lambda", 2, 0, 1, 0.1),
]

# A spike that arrives at the end of a step meets cells that have been reset.
network = Network(collect())
network.add([monitor for monitor, *_ in spike_monitors])
network.schedule = ["start", "groups", "thresholds", "resets", "synapses", "end"]
network.run(200*ms)

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


lambda_2_g_excitatory.record_single_timestep()
lambda_2_v.record_single_timestep()
write("first", [
    ("lambda[0].v (mV)", [(lambda_2_v, 0, 1000)], 0),
    ("lambda[0].excitatory.g (µS)", [(lambda_2_g_excitatory, 0, 1000000)], 0),
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
