"""A cell from an SWC file: Hodgkin-Huxley channels on the soma, passive elsewhere, current into the soma.

Read by NEURON's Import3d, cut by the d_lambda rule (0.1 at 100 Hz). Exact rates, backward Euler,
dt 0.025 ms. Writes data/NAME_v.csv (voltages at every step) and data/NAME_sections.csv (what the
sections and their compartments came out as); of the morphology itself nothing is kept.

usage: python swc_cell.py FILE.swc NAME [nA]   (nA 0: sections only)
"""
import os
import sys

from neuron import h

from writing import HERE, decimals, table, version

DT, TSTOP, DELAY, DURATION = 0.025, 60.0, 5.0, 45.0
path, name = sys.argv[1], sys.argv[2]
amplitude = float(sys.argv[3]) if len(sys.argv) > 3 else 0.5

h.load_file("stdlib.hoc")
h.load_file("import3d.hoc")
h.usetable_hh = 0
h.celsius = 6.3
reader = h.Import3d_SWC_read()
reader.input(path)
h.Import3d_GUI(reader, 0).instantiate(None)
sections = list(h.allsec())
for s in sections:
    s.Ra, s.cm = 150, 1
    s.nseg = int((s.L / (0.1 * h.lambda_f(100, sec=s)) + 0.9) / 2) * 2 + 1
    s.insert("pas")
    for seg in s:
        seg.pas.g, seg.pas.e = 5e-5, -65
soma = h.soma[0]
for s in h.soma:
    s.insert("hh")
    s.ena, s.ek = 50, -77
    for seg in s:
        seg.hh.gnabar, seg.hh.gkbar, seg.hh.gl = 0.3, 0.09, 0
clamp = h.IClamp(soma(0.5))
clamp.delay, clamp.dur, clamp.amp = DELAY, DURATION, amplitude

# The soma, and the far ends of the longest section of each kind.
kinds = sorted({s.name().split("[")[0] for s in sections} - {"soma"})
far = [max((s for s in sections if s.name().split("[")[0] == k), key=lambda s: s.L) for k in kinds]
places = [(soma, 0.5)] + [(s, 0.999) for s in far]
vectors = [h.Vector().record(s(x)._ref_v) for s, x in places]
h.dt = DT
h.finitialize(-65)
h.dt = DT
for _ in range(round(TSTOP / DT)):
    h.fadvance()

v = [list(x) for x in vectors]
spikes = [round(i * DT, 3) for i in range(1, len(v[0])) if v[0][i - 1] < 0 <= v[0][i]]
columns = [f"{s.name()} {x}" for s, x in places]
about = f"""pas 5e-5 S/cm2 at -65 mV everywhere, hh on the soma: gnabar 0.3, gkbar 0.09 S/cm2, gl 0, ena 50, ek -77; 6.3 degrees C,
exact rates; Ra 150 ohm cm, cm 1 uF/cm2; d_lambda 0.1 at 100 Hz; initial v -65 mV; {amplitude} nA into the
soma from {DELAY} ms for {DURATION} ms. Backward Euler, dt {DT} ms; row i is t = i * {DT} ms. mV.
{version()}, tests/reference/swc_cell.py. Soma spikes (upward 0 mV, end of step): {spikes}."""
if amplitude:
    table(f"{name}_v.csv", about, columns, zip(*v), decimals(5))
with open(os.path.join(HERE, "data", f"{name}_sections.csv"), "w", newline="\n") as f:
    f.write(f"# Sections as NEURON's Import3d makes them, compartments by the d_lambda rule; um, um2, Mohm. {version()}.\n")
    f.write("# ri: sum of the axial resistances from the section's start to the middle of its last compartment.\n")
    f.write("name,length,compartments,area,ri\n")
    for s in sections:
        ri, area = sum(x.ri() for x in s), sum(x.area() for x in s)
        f.write(f"{s.name()},{s.L:.9g},{s.nseg},{area:.9g},{ri:.9g}\n")
print(len(sections), "sections", sum(s.nseg for s in sections), "compartments, spikes", spikes,
      "area", sum(x.area() for s in sections for x in s))
