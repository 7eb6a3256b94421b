"""The same cells as in make.py, solved to 1e-11 between the grid points of the time step by SciPy: `solve.py 0.1`.

What is left to a time step is what PyNN's cells mean by it: events act at grid points, a threshold is looked at at grid points,
and a reset is there. Writes ../data/pynn_exact_DT_v.csv and ..._spikes.csv as make.py does.
"""

import os
import sys

import numpy as np
from scipy.integrate import solve_ivp

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
EXC = [20.0, 35.0, 36.5, 60.0, 61.0, 62.0, 90.0, 120.0, 121.3, 150.0]
INH = [50.0, 75.0, 100.0, 101.0, 140.0]
DURATION, DELAY = 200.0, 1.0


def eif(alpha, weights):
    """Brette & Gerstner 2005 with PyNN's numbers; state: v, w, conductances (and their first stages), end of the clamp."""
    cm, tau_m, v_rest, v_thresh, v_spike, v_reset = 0.281, 9.3667, -70.6, -50.4, -40.0, -70.6
    a, b, delta, tau_w, i_offset, tau_refrac = 0.004, 0.0805, 2.0, 144.0, 0.7, 1.0

    def slope(clamped):
        def f(t, y):
            v, w, ge, ae, gi, ai = y
            current = ge * (0.0 - v) + gi * (-80.0 - v) + i_offset - w
            dv = (v_rest - v + delta * np.exp((v - v_thresh) / delta)) / tau_m + current / cm
            feed = np.e if alpha else 0.0
            return [0.0 if clamped else dv, (a * (v - v_rest) - w) / tau_w, (feed * ae - ge) / 5.0, -ae / 5.0,
                    (feed * ai - gi) / 5.0, -ai / 5.0]
        return f

    def spike(y):
        if y[0] > v_spike:
            return [v_reset, y[1] + b, *y[2:]]
        return None

    def event(y, port):
        y[2 + 2 * port + (1 if alpha else 0)] += weights[port]

    return [v_rest, 0, 0, 0, 0, 0], slope, spike, event, tau_refrac


def izhikevich(weights):
    def f(t, y):
        v, u = y
        return [0.04 * v * v + 5 * v + 140 - u + 1000 * 0.004, 0.02 * (0.2 * v - u)]

    def spike(y):
        return [-65.0, y[1] + 2.0] if y[0] >= 30 else None

    def event(y, port):
        y[0] += weights[port]

    return [-70.0, -14.0], lambda clamped: f, spike, event, 0.0


def hodgkin_huxley(weights, h0):
    """Traub & Miles 1991 with PyNN's numbers."""

    def ratio(x):
        return 1.0 if x == 0 else x / np.expm1(x)

    def f(t, y):
        v, m, h, n, ge, gi = y
        u = v + 63.0
        am, bm = 0.32 * 4 * ratio((13 - u) / 4), 0.28 * 5 * ratio((u - 40) / 5)
        ah, bh = 0.128 * np.exp((17 - u) / 18), 4 / (1 + np.exp((40 - u) / 5))
        an, bn = 0.032 * 5 * ratio((15 - u) / 5), 0.5 * np.exp((10 - u) / 40)
        ionic = 0.01 * (-65 - v) + 20 * m**3 * h * (50 - v) + 6 * n**4 * (-90 - v)
        dv = (ionic + 0.1 + ge * (0 - v) + gi * (-80 - v)) / 0.2
        return [dv, am * (1 - m) - bm * m, ah * (1 - h) - bh * h, an * (1 - n) - bn * n, -ge / 0.2, -gi / 2.0]

    def event(y, port):
        y[4 + port] += weights[port]

    return [-65.0, 0.0, h0, 0.0, 0.0, 0.0], lambda clamped: f, None, event, 0.0


CELLS = {
    "eif_exp": eif(False, (0.02, 0.03)),
    "eif_alpha": eif(True, (0.03, 0.03)),
    "izhikevich": izhikevich((4.0, -3.0)),
    # PyNN starts with h = 1 on NEST.
    "hh": hodgkin_huxley((0.3, 0.05), 1.0),
}


def run(cell, dt):
    start, slope, spike, event, refractory = cell
    y = [float(x) for x in start]
    times = sorted((round((t + DELAY) / dt), port) for port, list_ in enumerate((EXC, INH)) for t in list_)
    vs, spikes, clamp = [], [], 0
    for step in range(round(DURATION / dt)):
        while times and times[0][0] == step:
            event(y, times.pop(0)[1])
        vs.append(y[0])
        before = y[0]
        y = list(solve_ivp(slope(step < clamp), (0, dt), y, method="DOP853", rtol=1e-11, atol=1e-11).y[:, -1])
        if spike is None:
            # An upward passage of 10 mV.
            if before <= 10 < y[0]:
                spikes.append((step + 1) * dt)
        elif step >= clamp and (after := spike(y)) is not None:
            y, clamp = after, step + 1 + round(refractory / dt)
            spikes.append((step + 1) * dt)
    return vs, spikes


dt = float(sys.argv[1])
stem = os.path.join(DATA, f"pynn_exact_{dt}")
head = f"# SciPy, dt {dt} ms; cells and input as in pynn/solve.py\n"
runs = {name: run(cell, dt) for name, cell in CELLS.items()}
every = round(0.5 / dt)
with open(f"{stem}_v.csv", "w") as out:
    out.write(head + "t," + ",".join(runs) + "\n")
    for row in range(0, round(DURATION / dt), every):
        out.write(f"{row * dt:.1f}," + ",".join(f"{v[row]:.9f}" for v, _ in runs.values()) + "\n")
with open(f"{stem}_spikes.csv", "w") as out:
    out.write(head + "cell,t\n")
    out.writelines(f"{name},{time:.6f}\n" for name, (_, spikes) in runs.items() for time in spikes)
for name, (_, spikes) in runs.items():
    print(dt, name, [round(t, 2) for t in spikes])
