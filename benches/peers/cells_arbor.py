"""Arbor on the workload `cells`. usage: python cells_arbor.py [--group N] [--cells 32] [--tstop 100]"""
import cells

parser = cells.options(__doc__)
parser.add_argument("--group", type=int, default=0, help="cells in a group; 0: all that a thread gets")
a = parser.parse_args()
clock = cells.Stopwatch()
import arbor
from arbor import units as U


def build(index):
    tree, segments, ends = arbor.segment_tree(), [], []
    r = cells.SOMA_UM / 2
    soma = tree.append(arbor.mnpos, arbor.mpoint(0, 0, 0, r), arbor.mpoint(2 * r, 0, 0, r), tag=1)
    branches = cells.cell(index)
    for number, (parent, n, diameter) in enumerate(branches):
        # Only lengths and radii matter; y keeps the branches apart.
        x, r = cells.SOMA_UM if parent < 0 else ends[parent], diameter / 200
        end = x + cells.COMPARTMENT_UM * n
        segments.append(tree.append(soma if parent < 0 else segments[parent],
                                    arbor.mpoint(x, number + 1, 0, r), arbor.mpoint(end, number + 1, 0, r), tag=3))
        ends.append(end)
    decor = arbor.decor()
    decor.set_property(Vm=-65 * U.mV, cm=1e-2 * U.F / U.m2, rL=100 * U.Ohm * U.cm, tempK=(273.15 + 6.3) * U.Kelvin)
    decor.set_ion("na", rev_pot=50 * U.mV)
    decor.set_ion("k", rev_pot=-77 * U.mV)
    decor.paint("(all)", arbor.density("hh", dict(gnabar=0.12, gkbar=0.036, gl=0.0003, el=-54.3)))
    decor.place("(location 0 0.5)", arbor.i_clamp(cells.current(index) * U.nA))
    decor.place("(location 0 0.5)", arbor.threshold_detector(cells.THRESHOLD * U.mV), "detector")
    # Arbor reports spikes only in a model that has connections: each cell gets one of weight 0.
    decor.place("(location 0 0.5)", arbor.synapse("expsyn"), "synapse")
    # A whole number of 10 um compartments fits into every branch; the slack is for rounding.
    policy = arbor.cv_policy(f"(replace (max-extent {cells.COMPARTMENT_UM * 1.0001}) (fixed-per-branch 1 (tag 1)))")
    return arbor.cable_cell(arbor.morphology(tree), decor, arbor.label_dict(), policy), cells.compartments(branches)


made = [build(index) for index in range(a.cells)]


class Recipe(arbor.recipe):
    def __init__(self):
        arbor.recipe.__init__(self)
        self.properties = arbor.neuron_cable_properties()

    def num_cells(self):
        return a.cells

    def cell_kind(self, gid):
        return arbor.cell_kind.cable

    def cell_description(self, gid):
        return made[gid][0]

    def connections_on(self, gid):
        return [arbor.connection(((gid + 1) % a.cells, "detector"), "synapse", 0.0, 10 * U.ms)]

    def global_properties(self, kind):
        return self.properties


recipe, context = Recipe(), arbor.context(threads=a.threads)
hint = arbor.partition_hint(cpu_group_size=a.group or max(1, a.cells // a.threads))
simulation = arbor.simulation(recipe, context, arbor.partition_load_balance(recipe, context, {arbor.cell_kind.cable: hint}))
simulation.record(arbor.spike_recording.all)
setup, _ = clock.read()
clock = cells.Stopwatch()
simulation.run(a.tstop * U.ms, a.dt * U.ms)
run = clock.read()
spikes = [(float(t), int(source[0])) for source, t in simulation.spikes()]
cells.emit("arbor", arbor.__version__, a, setup, run, sum(n for _, n in made), spikes)
