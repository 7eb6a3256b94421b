"""Standard cells of PyNN under one input, run by a backend: `make.py nest` or `make.py neuron`.

Writes ../data/pynn_BACKEND_DT_v.csv (v in mV every half millisecond) and ..._spikes.csv (cell, time in ms).
"""

import importlib
import os
import sys

BACKEND = sys.argv[1]
DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
EXC = [20.0, 35.0, 36.5, 60.0, 61.0, 62.0, 90.0, 120.0, 121.3, 150.0]
INH = [50.0, 75.0, 100.0, 101.0, 140.0]
DURATION, DELAY = 200.0, 1.0

# name: type, parameters, excitatory and inhibitory weight
CELLS = {
    "curr_exp": ("IF_curr_exp", dict(i_offset=0.7, tau_refrac=2.0, tau_syn_E=2.0, tau_syn_I=5.0), 2.0, -1.5),
    "curr_alpha": ("IF_curr_alpha", dict(i_offset=0.78), 3.0, -3.0),
    "curr_delta": ("IF_curr_delta", dict(i_offset=0.7, tau_refrac=3.0), 4.0, -5.0),
    "cond_exp": ("IF_cond_exp", dict(i_offset=0.6), 0.03, 0.04),
    "cond_alpha": ("IF_cond_alpha", dict(i_offset=0.78, tau_refrac=2.0), 0.2, 0.1),
    "gsfa": ("IF_cond_exp_gsfa_grr", dict(i_offset=1.2, tau_refrac=2.0), 0.03, 0.04),
    "facets": ("IF_facets_hardware1", dict(), 0.004, 0.002),
    "hh": ("HH_cond_exp", dict(i_offset=0.1), 0.3, 0.05),
    "eif_alpha": ("EIF_cond_alpha_isfa_ista", dict(i_offset=0.7, tau_refrac=1.0), 0.03, 0.03),
    "eif_exp": ("EIF_cond_exp_isfa_ista", dict(i_offset=0.7, tau_refrac=1.0), 0.02, 0.03),
    "izhikevich": ("Izhikevich", dict(i_offset=0.004), 4.0, -3.0),
}


def run_one(sim, kind, parameters, weights, dt):
    """v of every step (mV) and the spike times (ms) of one cell."""
    sim.setup(timestep=dt, min_delay=dt, max_delay=2.0)
    cell = sim.Population(1, getattr(sim, kind)(**parameters))
    cell.record(["spikes", "v"])
    for times, weight, receptor in zip((EXC, INH), weights, ("excitatory", "inhibitory")):
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
        synapse = sim.StaticSynapse(weight=weight, delay=DELAY)
        sim.Projection(source, cell, sim.AllToAllConnector(), synapse, receptor_type=receptor)
    sim.run(DURATION)
    segment = cell.get_data().segments[0]
    sim.end()
    spikes = [float(t) for t in segment.spiketrains[0].magnitude]
    return [float(v) for v in segment.filter(name="v")[0].magnitude[:, 0]], spikes


def run(dt):
    sim = importlib.import_module(f"pyNN.{BACKEND}")
    traces, spikes = {}, []
    for name, (kind, parameters, *weights) in CELLS.items():
        try:
            traces[name], times = run_one(sim, kind, parameters, weights, dt)
        except Exception as error:
            # PyNN 0.13 has no IF_curr_delta with NEURON, and fails on some cells with NEST 3.10.
            print(f"{kind} is left out: {error!r}")
            continue
        spikes += [(name, time) for time in times]
    stem = os.path.join(DATA, f"pynn_{BACKEND}_{dt}")
    head = f"# PyNN 0.13.0, {BACKEND}, dt {dt} ms; cells and input as in pynn/make.py\n"
    every = round(0.5 / dt)
    with open(f"{stem}_v.csv", "w") as out:
        out.write(head + "t," + ",".join(traces) + "\n")
        for row in range(0, round(DURATION / dt), every):
            out.write(f"{row * dt:.1f}," + ",".join(f"{v[row]:.6f}" for v in traces.values()) + "\n")
    with open(f"{stem}_spikes.csv", "w") as out:
        out.write(head + "cell,t\n")
        out.writelines(f"{name},{time:.6f}\n" for name, time in spikes)
    for name in traces:
        print(dt, name, [round(t, 2) for n, t in spikes if n == name])


run(float(sys.argv[2]))
