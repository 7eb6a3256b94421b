"""Two cells with a shape

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
defaultclock.dt = 0.025*ms


def table(name):
    """The columns of a table beside this script, by name."""
    return np.genfromtxt(here / name, delimiter=",", names=True, ndmin=1)


def sections(name, cells):
    """A morphology for so many cells of the shape in a table; of several cells each is a branch of an isolated root."""
    rows = table(name)
    shape = {}

    def build(parent):
        for number in np.unique(rows["section"]):
            own = rows[rows["section"] == number]
            section = Cylinder(n=len(own), length=sum(own["length_um"])*um, diameter=own["diameter_um"][0]*um)
            above = own["parent"][0]
            if above >= 0:
                setattr(shape[above], f"s{int(number)}", section)
                shape[number] = getattr(shape[above], f"s{int(number)}")
            elif parent is not None:
                name = f"c{len(parent.children) + 1}"
                setattr(parent, name, section)
                shape[number] = getattr(parent, name)
            else:
                shape[number] = section
        return shape[0]

    if cells == 1:
        return build(None)
    root = Cylinder(n=1, length=1*um, diameter=1*um)
    for _ in range(cells):
        build(root)
    return root


def set_geometry(neuron, name, cells):
    """Areas and axial conductances of the compartments as in a table."""
    rows = table(name)
    columns = [("length", "length_um", 1e-6), ("diameter", "diameter_um", 1e-6), ("area", "area_um2", 1e-12),
               ("r_length_1", "r_length_1_um", 1e-6), ("r_length_2", "r_length_2_um", 1e-6)]
    for variable, column, unit in columns:
        values = np.tile(rows[column], cells)*unit
        if cells > 1:
            values = np.concatenate([[1e-6], values])
            if variable.startswith("r_length"):
                # No current flows through the root.
                values[0] = 1e-20
                if variable == "r_length_1":
                    values[1::len(rows)] = 1e-20
        getattr(neuron, variable)
        neuron.variables[variable].get_value()[:] = values

# Constants
condDensity_pas = 0.3*mS/cm**2
erev_pas = -54.3*mV
erev_na = 50*mV
erev_kdr = -77*mV
erev_AMPA = 0*mV
gbase_AMPA = nS
tauDecay_AMPA = 1.7*ms
tauRise_AMPA = 0.2*ms
waveformFactor_AMPA = 1.5075793696542925
erev_NMDA = 0*mV
gbase_NMDA = nS
tauDecay_NMDA = 43*ms
tauRise_NMDA = 0.29*ms
waveformFactor_NMDA = 1.041550680041728
amplitude_pulse = 0.5*nA
delay_pulse = 5*ms
duration_pulse = 5*ms

# neurons
morphology = sections("compartments_neurons.csv", 2)
equations = """
iDensity_pas = condDensity_pas*(erev_pas - v) : amp/meter**2
iDensity_na = condDensity_na*(m_na**3*h_na)*(erev_na - v) : amp/meter**2
m_forwardRate_x_na = (v + 40*mV)/(10*mV) : 1
m_alpha_na = 1/ms*1/exprel(-(m_forwardRate_x_na)) : hertz
m_beta_na = 4/ms*exp((v + 65*mV)/((-18)*mV)) : hertz
m_inf_na = m_alpha_na/(m_alpha_na + m_beta_na) : 1
m_tau_na = 1/(m_alpha_na + m_beta_na) : second
h_alpha_na = 0.07/ms*exp((v + 65*mV)/((-20)*mV)) : hertz
h_beta_na = 1/ms/(1 + exp(-((v + 35*mV)/(10*mV)))) : hertz
h_inf_na = h_alpha_na/(h_alpha_na + h_beta_na) : 1
h_tau_na = 1/(h_alpha_na + h_beta_na) : second
dm_na/dt = (m_inf_na - m_na)/m_tau_na : 1
dh_na/dt = (h_inf_na - h_na)/h_tau_na : 1
condDensity_na : siemens/meter**2 (constant)
iDensity_kdr = condDensity_kdr*n_kdr**4*(erev_kdr - v) : amp/meter**2
n_forwardRate_x_kdr = (v + 55*mV)/(10*mV) : 1
n_alpha_kdr = 0.1/ms*1/exprel(-(n_forwardRate_x_kdr)) : hertz
n_beta_kdr = 0.125/ms*exp((v + 65*mV)/((-80)*mV)) : hertz
n_inf_kdr = n_alpha_kdr/(n_alpha_kdr + n_beta_kdr) : 1
n_tau_kdr = 1/(n_alpha_kdr + n_beta_kdr) : second
dn_kdr/dt = (n_inf_kdr - n_kdr)/n_tau_kdr : 1
condDensity_kdr : siemens/meter**2 (constant)
Im = iDensity_pas + iDensity_na + iDensity_kdr : amp/meter**2
g_AMPA = gbase_AMPA*(B_AMPA - A_AMPA) : siemens
i_AMPA = g_AMPA*(erev_AMPA - v) : amp (point current)
dA_AMPA/dt = -(A_AMPA/tauRise_AMPA) : 1
dB_AMPA/dt = -(B_AMPA/tauDecay_AMPA) : 1
blockFactor_NMDA = 1/(1 + mmolar/(3.57*mmolar)*exp(-(v/(16.129032258064516*mV)))) : 1
g_NMDA = blockFactor_NMDA*gbase_NMDA*(B_NMDA - A_NMDA) : siemens
i_NMDA = g_NMDA*(erev_NMDA - v) : amp (point current)
dA_NMDA/dt = -(A_NMDA/tauRise_NMDA) : 1
dB_NMDA/dt = -(B_NMDA/tauDecay_NMDA) : 1
i_pulse = int(not ((t + dt/2) >= delay_pulse + duration_pulse))*(int(((t + dt/2) >= delay_pulse) and ((t + dt/2) < delay_pulse + duration_pulse))*amplitude_pulse + int(not (((t + dt/2) >= delay_pulse) and ((t + dt/2) < delay_pulse + duration_pulse)))*(int((t + dt/2) < delay_pulse)*0*(1000000000*nA))) : amp
here_pulse : 1 (constant)
I_pulse = here_pulse*i_pulse : amp (point current)
spike_v : volt (constant)
"""
neurons = SpatialNeuron(
    morphology=morphology,
    model=equations,
    Ri=150*(ohm*cm),
    threshold="v > spike_v",
    refractory="v > spike_v",
    method="exponential_euler",
    name="neurons",
)
set_geometry(neurons, "compartments_neurons.csv", 2)
# The potential first, with the channels as they are, then the channels at the new potential.
neurons.diffusion_state_updater.order = -1
neurons.Cm = uF/cm**2
neurons.v = -65*mV
neurons.condDensity_na[1] = 120*mS/cm**2
neurons.condDensity_na[5] = 120*mS/cm**2
neurons.condDensity_kdr[1] = 36*mS/cm**2
neurons.condDensity_kdr[5] = 36*mS/cm**2
neurons.here_pulse[1] = 1
neurons.spike_v = inf*volt
neurons.spike_v[1::4] = 0*mV
neurons.m_na = "m_inf_na"
neurons.h_na = "h_inf_na"
neurons.n_kdr = "n_inf_kdr"

# Given spikes
volley = SpikeGeneratorGroup(1, [0, 0], [20, 22]*ms, name="volley")

# Connections
connections = Synapses(
    neurons,
    neurons,
    model="""
    w : 1
    """,
    on_pre="""
    A_NMDA_post += w*waveformFactor_NMDA
    B_NMDA_post += w*waveformFactor_NMDA
    """,
    name="connections",
)
connections.connect(i=[1], j=[8])
connections.w = 4
connections.pre.delay = 2*ms
connections_2 = Synapses(
    volley,
    neurons,
    model="""
    w : 1
    """,
    on_pre="""
    A_AMPA_post += w*waveformFactor_AMPA
    B_AMPA_post += w*waveformFactor_AMPA
    """,
    name="connections_2",
)
connections_2.connect(i=[0], j=[3])
connections_2.w = 8
connections_2.pre.delay = 0.975*ms

# Recordings
neurons_m_na = StateMonitor(neurons, "m_na", record=[1, 5], dt=0.025*ms)
neurons_v = StateMonitor(neurons, "v", record=[1, 5], dt=0.025*ms)
spike_monitors = [
    # monitor, label, number of the first cell, entries before it, entries of a cell, end of the step
    (SpikeMonitor(neurons), "neurons", 0, 1, 4, 0.025),
    # monitor, label, number of the first cell, entries before it, entries of a cell, end of the step
    (SpikeMonitor(volley), "volley", 2, 0, 1, 0),
]

# A spike that arrives at the end of a step meets cells that have been reset.
network = Network(collect())
network.add([monitor for monitor, *_ in spike_monitors])
network.schedule = ["start", "groups", "thresholds", "resets", "synapses", "end"]
network.run(50*ms)

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


neurons_m_na.record_single_timestep()
neurons_v.record_single_timestep()
write("soma", [
    ("neurons[0].soma.v (mV)", [(neurons_v, 1, 1000)], 0),
    ("neurons[0].soma.na.m", [(neurons_m_na, 1, 1)], 0),
    ("neurons[1].soma.v (mV)", [(neurons_v, 5, 1000)], 0),
    ("neurons[1].soma.na.m", [(neurons_m_na, 5, 1)], 0),
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
