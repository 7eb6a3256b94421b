"""One compartment with one thing on it: synapses, clamps, a calcium pool, a kinetic scheme.

Cylinder 20 um x 20 um, cm 1 uF/cm2, dt 0.025 ms, backward Euler unless the file's name says
second_order (NEURON's secondorder = 2). Every case is also computed by the few lines of step.py, which
spell out the order of things within a step; the script fails where NEURON differs from them.

usage: nrnivmodl mod, then python single.py
"""
from neuron import h

import step
from writing import digits, table, version

DT = 0.025
h.usetable_hh = 0
h.celsius = 6.3


def soma(pas=True):
    s = h.Section(name="soma")
    s.L = s.diam = 20
    s.cm = 1
    if pas:
        s.insert("pas")
        s(0.5).pas.g, s(0.5).pas.e = 1e-4, -65
    return s


def run(refs, n, v0=-65.0, second_order=0):
    h.secondorder = second_order
    vectors = [h.Vector().record(r) for r in refs]
    h.dt = DT
    h.finitialize(v0)
    h.dt = DT
    for _ in range(n):
        h.fadvance()
    return [list(x) for x in vectors]


def write(name, about, columns, traces, expected, tolerance):
    """Writes a case. `expected`: the same columns by step.py."""
    worst = 0.0
    for column, got, want in zip(columns, traces, expected, strict=True):
        scale = max(abs(x) for x in got) or 1.0
        error = max(abs(a - b) for a, b in zip(got, want, strict=True)) / scale
        worst = max(worst, error)
        assert error < tolerance, f"{name} {column}: step.py differs by {error}"
    print(f"{name}: step.py agrees to {worst:.1e} of the range")
    about = (f"{about}\nCylinder 20 um x 20 um, cm 1 uF/cm2; row i is t = i * {DT} ms.\n"
             f"{version()}, tests/reference/single.py.")
    table(f"single_{name}.csv", about, columns, zip(*traces), digits(11))


PASSIVE = "pas 1e-4 S/cm2 at -65 mV, initial v -65 mV."
EVENTS = [(2.0, 0.002), (5.01, 0.001), (5.02, 0.003), (11.9876, 0.002), (12.0, 0.002)]


def hh(second_order):
    s = soma(pas=False)
    s.insert("hh")
    clamp = h.IClamp(s(0.5))
    clamp.delay, clamp.dur, clamp.amp = 1.0, 18.01, 0.3
    m = s(0.5).hh
    traces = run([s(0.5)._ref_v, m._ref_m, m._ref_h, m._ref_n, s(0.5)._ref_ina, s(0.5)._ref_ik], 1000,
                 second_order=second_order)
    want = step.hh(1000, DT, lambda t: 0.3 if 1.0 <= t < 1.0 + 18.01 else 0.0, second_order)
    write("hh_second_order" if second_order else "hh",
          "hh: gnabar 0.12, gkbar 0.036, gl 0.0003 S/cm2, el -54.3, ena 50, ek -77, 6.3 degrees C; initial v -65 mV.\n"
          "0.3 nA from 1 ms for 18.01 ms. v mV, ina and ik mA/cm2.",
          ["v", "m", "h", "n", "ina", "ik"], traces, want, 1e-9)


def synapse(kind):
    s = soma()
    y = getattr(h, kind)(s(0.5))
    y.e = 0
    if kind == "ExpSyn":
        y.tau = 2
        states, about = [y._ref_g], "ExpSyn: tau 2 ms, e 0 mV. g uS."
        columns = ["v", "i", "g"]
    else:
        y.tau1, y.tau2 = 0.5, 3
        states, about = [y._ref_A, y._ref_B], "Exp2Syn: tau1 0.5, tau2 3 ms, e 0 mV; g = B - A, uS."
        columns = ["v", "i", "A", "B"]

    # A NetCon reads its weight on delivery, so every event needs one of its own.
    cons = [h.NetCon(None, y) for _ in EVENTS]
    for con, (_, weight) in zip(cons, EVENTS):
        con.weight[0] = weight
    start = h.FInitializeHandler(lambda: [c.event(t) for c, (t, _) in zip(cons, EVENTS)])
    traces = run([s(0.5)._ref_v, y._ref_i] + states, 1000)
    del start
    want = step.synapse(1000, DT, EVENTS, [2.0] if kind == "ExpSyn" else [0.5, 3.0])
    write(kind.lower(), f"{PASSIVE}\n{about} v mV, i nA. Events (ms, uS): {EVENTS}.", columns, traces, want, 1e-10)


def alpha():
    s = soma()
    y = h.AlphaSynapse(s(0.5))
    y.onset, y.tau, y.gmax, y.e = 2.01, 1.5, 0.004, 0
    traces = run([s(0.5)._ref_v, y._ref_i], 800)
    write("alphasynapse", f"{PASSIVE}\nAlphaSynapse: onset 2.01, tau 1.5 ms, gmax 0.004 uS, e 0 mV. v mV, i nA.",
          ["v", "i"], traces, step.alpha(800, DT, 2.01, 1.5, 0.004), 1e-10)


def seclamp():
    s = soma(pas=False)
    s.insert("hh")
    c = h.SEClamp(s(0.5))
    c.rs = 0.5
    c.dur1, c.amp1, c.dur2, c.amp2, c.dur3, c.amp3 = 2, -65, 5.01, 0, 3, -40
    m = s(0.5).hh
    traces = run([s(0.5)._ref_v, c._ref_i, m._ref_m, m._ref_h, m._ref_n], 600)

    def level(t):
        return -65.0 if t < 2 else 0.0 if t < 2 + 5.01 else -40.0 if t < 2 + 5.01 + 3 else None
    write("seclamp", "hh as in single_hh.csv, initial v -65 mV.\n"
          "SEClamp: rs 0.5 Mohm; -65 mV for 2 ms, 0 mV for 5.01 ms, -40 mV for 3 ms, then off. v mV, i nA.",
          ["v", "i", "m", "h", "n"], traces, step.seclamp(600, DT, level, 0.5), 1e-9)


def calcium(kind):
    s = soma()
    s.insert("capool")
    s.insert(kind)
    h.cao0_ca_ion = 2
    clamp = h.IClamp(s(0.5))
    clamp.delay, clamp.dur, clamp.amp = 2, 15, 0.15
    seg, mech = s(0.5), getattr(s(0.5), kind)
    traces = run([seg._ref_v, mech._ref_m, seg._ref_cai, seg._ref_ica, seg._ref_eca], 1000)
    what = "caohm: gbar 0.001 S/cm2" if kind == "caohm" else "caghk: pbar 1e-4 cm/s"
    write(kind, f"{PASSIVE} 6.3 degrees C.\n{what}, taum 1.5 ms; capool: depth 0.1 um, tau 20 ms, rest 1e-4 mM; cao 2 mM.\n"
          "0.15 nA from 2 ms for 15 ms. v and eca mV, cai mM, ica mA/cm2.",
          ["v", "m", "cai", "ica", "eca"], traces, step.calcium(1000, DT, kind == "caghk"), 1e-7 if kind == "caghk" else 1e-10)


def kinetic():
    s = soma()
    s.insert("kin3")
    clamp = h.IClamp(s(0.5))
    clamp.delay, clamp.dur, clamp.amp = 2, 10, 0.15
    k = s(0.5).kin3
    traces = run([s(0.5)._ref_v, k._ref_c1, k._ref_c2, k._ref_o, k._ref_i], 1000)
    write("kin3", f"{PASSIVE}\nkin3: gbar 0.002 S/cm2, erev -80 mV. 0.15 nA from 2 ms for 10 ms. v mV, i mA/cm2.",
          ["v", "c1", "c2", "o", "i"], traces, step.kinetic(1000, DT), 2e-8)


hh(0)
hh(2)
synapse("ExpSyn")
synapse("Exp2Syn")
alpha()
seclamp()
calcium("caohm")
calcium("caghk")
kinetic()
