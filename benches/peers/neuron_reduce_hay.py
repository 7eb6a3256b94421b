"""neuron_reduce (Amsalem et al. 2020) on the layer-5 pyramidal cell of Hay et al. (2011), measured as `neuropil reduce` does.

    pip install neuron neuron_reduce pyspike
    # the model as published (ModelDB 139653, or OpenSourceBrain/L5bPyrCellHayEtAl2011, folder NEURON):
    cd NEURON && nrnivmodl mod && python neuron_reduce_hay.py MEAN_NA DEVIATION_NA [TRIALS]

Currents are normally distributed numbers, each held for 3 ms, into the soma for 1.5 s after 100 ms; both cells get the same.
"""
import sys

import numpy as np
import pyspike
import neuron_reduce
from neuron import h

mean, deviation = float(sys.argv[1]), float(sys.argv[2])
trials = int(sys.argv[3]) if len(sys.argv) > 3 else 10
h.load_file("stdrun.hoc")
h.load_file("import3d.hoc")
h.load_file("models/L5PCbiophys3.hoc")
h.load_file("models/L5PCtemplate.hoc")
h.celsius, h.dt, h.steps_per_ms = 34, 0.025, 40
SETTLE, SPAN, HOLD, WINDOW = 100.0, 1500.0, 3.0, 4.0


def run(soma):
    out = []
    for trial in range(trials):
        numbers = np.random.RandomState(trial).normal(mean, deviation, int(SPAN / HOLD))
        times = np.arange(0, SETTLE + SPAN, h.dt)
        current = np.where(times < SETTLE, 0.0, numbers[np.clip(((times - SETTLE) / HOLD).astype(int), 0, len(numbers) - 1)])
        clamp = h.IClamp(soma(0.5))
        clamp.delay, clamp.dur = 0, 1e9
        wave = h.Vector(current)
        wave.play(clamp._ref_amp, h.dt)
        v, spikes = h.Vector(), h.Vector()
        v.record(soma(0.5)._ref_v, 0.1)
        detector = h.NetCon(soma(0.5)._ref_v, None, sec=soma)
        detector.threshold = -20
        detector.record(spikes)
        h.finitialize(-77)
        h.continuerun(SETTLE + SPAN)
        s = np.array(spikes)
        out.append((np.array(v)[int(SETTLE / 0.1):], s[s > SETTLE] - SETTLE))
        wave.play_remove()
        del clamp
    return out


def coincidence(data, model):
    i = j = n = 0
    while i < len(data) and j < len(model):
        apart = model[j] - data[i]
        if abs(apart) <= WINDOW:
            i, j, n = i + 1, j + 1, n + 1
        elif apart < 0:
            j += 1
        else:
            i += 1
    chance = 2 * WINDOW * len(model) / SPAN
    total = len(data) + len(model)
    return 1.0 if total == 0 else (n - chance * len(data)) / (0.5 * total) / (1 - chance)


cell = h.L5PCtemplate("morphologies/cell1.asc")
before = sum(section.nseg for section in h.allsec())
full = run(cell.soma[0])
reduced_cell, _, _ = neuron_reduce.subtree_reductor(cell, [], [], reduction_frequency=0, total_segments_manual=-1)
soma = reduced_cell.soma[0] if hasattr(reduced_cell.soma, "__getitem__") else reduced_cell.soma
after = sum(section.nseg for section in h.allsec())
reduced = run(soma)
gamma, distance, rms, near = [], [], [], []
for (v, a), (w, b) in zip(full, reduced):
    gamma.append(coincidence(a, b))
    distance.append(pyspike.spike_distance(pyspike.SpikeTrain(a, [0, SPAN]), pyspike.SpikeTrain(b, [0, SPAN])))
    rms.append(np.mean((v - w) ** 2))
    t = np.arange(len(v)) * 0.1
    away = np.ones(len(v), bool)
    for s in list(a) + list(b):
        away &= ~((t - s >= -2) & (t - s < 10))
    near.append(np.mean((v - w)[away] ** 2))
print(f"compartments {before} -> {after}; spikes {sum(len(a) for _, a in full)} -> {sum(len(b) for _, b in reduced)}")
print(f"coincidence {np.mean(gamma):.3f}; SPIKE distance {np.mean(distance):.4f}; "
      f"rms {np.sqrt(np.mean(rms)):.2f} mV, {np.sqrt(np.mean(near)):.2f} mV away from spikes")
