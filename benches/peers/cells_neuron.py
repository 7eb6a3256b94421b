"""NEURON on the workload `cells`. usage: python cells_neuron.py [--notable] [--cells 32] [--tstop 100]"""
import cells

parser = cells.options(__doc__)
parser.add_argument("--notable", action="store_true", help="hh without its tables of rates")
a = parser.parse_args()
clock = cells.Stopwatch()
from neuron import h

keep, total = [], 0
context = h.ParallelContext()
times, who = h.Vector(), h.Vector()


def section(length, diameter, compartments):
    s = h.Section()
    s.L, s.diam, s.nseg, s.Ra, s.cm = length, diameter, compartments, 100, 1
    s.insert("hh")
    s.ena, s.ek = 50, -77
    for seg in s:
        seg.hh.gnabar, seg.hh.gkbar, seg.hh.gl, seg.hh.el = 0.12, 0.036, 0.0003, -54.3
    return s


for index in range(a.cells):
    branches = cells.cell(index)
    soma = section(cells.SOMA_UM, cells.SOMA_UM, 1)
    made = []
    for parent, n, diameter in branches:
        s = section(cells.COMPARTMENT_UM * n, diameter / 100, n)
        s.connect((soma if parent < 0 else made[parent])(1))
        made.append(s)
    clamp = h.IClamp(soma(0.5))
    clamp.delay, clamp.dur, clamp.amp = 0, 1e9, cells.current(index)
    con = h.NetCon(soma(0.5)._ref_v, None, sec=soma)
    con.threshold = cells.THRESHOLD
    con.record(times, who, index)
    keep += [soma, made, clamp, con]
    total += cells.compartments(branches)
h.celsius = 6.3
if a.notable:
    h.usetable_hh = 0
if a.threads > 1:
    context.nthread(a.threads)
context.set_maxstep(10)
h.dt = a.dt
h.finitialize(-65)
h.dt = a.dt
setup, _ = clock.read()
clock = cells.Stopwatch()
context.psolve(a.tstop)
run = clock.read()
cells.emit("neuron, exact rates" if a.notable else "neuron", h.nrnversion(0), a, setup, run, total, zip(times, who))
