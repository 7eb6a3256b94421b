"""Ball and stick: two cells, one driven by a current step, one released from -70 mV.

Soma 18.8 um x 18.8 um, one compartment; dendrite 500 um x 2 um, 50 compartments, joined to the
start of the soma: dend.connect(soma(0)). NEURON's `hh` without its leak (gl = 0) on the soma, `pas`
everywhere. Exact rates (usetable_hh = 0), backward Euler, 6.3 degrees C.

usage: python ball_and_stick.py
"""
from neuron import h

from writing import decimals, digits, table, version

DT, TSTOP = 0.025, 200.0


def make(name, v0):
    soma, dend = h.Section(name=f"soma_{name}"), h.Section(name=f"dend_{name}")
    soma.L = soma.diam = 18.8
    dend.L, dend.diam, dend.nseg = 500, 2, 50
    dend.connect(soma(0))
    for s in (soma, dend):
        s.cm, s.Ra = 1, 500
        s.insert("pas")
        for seg in s:
            seg.pas.g, seg.pas.e = 0.0003, -54.3
    soma.insert("hh")
    soma(0.5).hh.gnabar, soma(0.5).hh.gkbar, soma(0.5).hh.gl = 0.120, 0.036, 0
    soma.ena, soma.ek = 50, -77
    for s in (soma, dend):
        for seg in s.allseg():
            seg.v = v0
    return soma, dend


def crossings(t, v, threshold=0.0):
    return [t[i] for i in range(1, len(v)) if v[i - 1] < threshold <= v[i]]


h.usetable_hh = 0
h.celsius = 6.3
h.secondorder = 0
cells = [make("0", -60.0), make("1", -70.0)]
stim = h.IClamp(cells[0][0](0.5))
stim.delay, stim.dur, stim.amp = 50, 100, 0.1

t = h.Vector().record(h._ref_t)
traces = []
for soma, dend in cells:
    at = soma(0.5)
    refs = [at._ref_v, dend(0.5)._ref_v, dend(0.99)._ref_v, at.hh._ref_m, at.hh._ref_h, at.hh._ref_n]
    traces.append([h.Vector().record(r) for r in refs])

h.dt = DT
h.finitialize()
h.dt = DT
steps = round(TSTOP / DT)
for _ in range(steps):
    h.fadvance()

MODEL = """
Two cells; soma 18.8 um x 18.8 um in 1 compartment, dendrite 500 um x 2 um in 50, joined to the soma's start.
cm 1 uF/cm2, Ra 500 ohm cm, pas 0.0003 S/cm2 at -54.3 mV everywhere, hh on the soma: gnabar 0.12, gkbar 0.036,
gl 0, ena 50, ek -77; 6.3 degrees C, exact rates. Initial v -60 mV (cell 0), -70 mV (cell 1).
0.1 nA into the soma of cell 0 from 50 to 150 ms. Backward Euler, dt 0.025 ms.
"""
for k, trace in enumerate(traces):
    v, dmid, dend_end, m, hh, n = [list(x) for x in trace]
    spikes = [round(x, 4) for x in crossings(list(t), v)]
    print(f"cell {k}: spikes at {spikes}")
    about = MODEL + f"{version()}, tests/reference/ball_and_stick.py. Cell {k}, spikes (upward 0 mV, end of step): {spikes}.\n"
    table(f"ball_and_stick_{k}_v.csv",
          about + "Row i is t = i * 0.025 ms; mV: soma(0.5), dend(0.5): the compartment 250..260 um from the soma.",
          ["v_soma", "v_dend"], zip(v, dmid), decimals(4))
    fine = range(0, steps + 1, 8)
    table(f"ball_and_stick_{k}_states.csv",
          about + "Row i is t = i * 0.2 ms (every eighth step); mV, gates without unit; v_dend_end: the last compartment.",
          ["v_soma", "v_dend", "v_dend_end", "m", "h", "n"],
          ([v[i], dmid[i], dend_end[i], m[i], hh[i], n[i]] for i in fine), digits(12))
