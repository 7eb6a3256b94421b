"""Standard cells and synapses of PyNN under one input, run by a backend: `make.py nest 0.1` or `make.py neuron 0.01`.

Writes ../data/pynn_BACKEND_DT_v.csv (v in mV every half millisecond), ..._spikes.csv (cell, time in ms) and
..._weights.csv (synapse, time of the spike of the source in ms, weight). NEST takes spikes on the grid of time steps: with
PyNN's default some of its cells spike between the steps. PyNN 0.13.0 fails to record IF_curr_delta ("unknown recordable v")
and to initialise IF_cond_exp_gsfa_grr (KeyError: 'g_r') with NEST 3.10.0: these two are NEST's own models here, with the numbers
that PyNN translates to.
"""

import importlib
import os
import sys

BACKEND = sys.argv[1]
DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
EXC = [20.0, 35.0, 36.5, 60.0, 61.0, 62.0, 90.0, 120.0, 121.3, 150.0]
INH = [50.0, 75.0, 100.0, 101.0, 140.0]
# Kicks that make a cell spike, and the source of a plastic connection.
KICKS = [18.0, 33.5, 52.0, 71.0, 88.2, 110.0, 137.0, 160.0]
PRE = [15.0, 30.0, 40.0, 55.5, 80.0, 86.0, 105.0, 120.0, 145.0, 170.0, 185.0]
DURATION, DELAY = 200.0, 1.0
SETUP = dict(spike_precision="on_grid") if BACKEND == "nest" else {}

# So near to its threshold that it has no choice when to spike.
GIF = dict(i_offset=1.1, delta_v=0.0005, v_t_star=-48.0, lambda0=1.0)
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
    "gif": ("GIF_cond_exp", GIF, 0.02, 0.02),
}
# NEST's own names for what PyNN does not bring to run: type, parameters, what a weight is multiplied with.
NATIVE = {
    "curr_delta": (
        "iaf_psc_delta",
        dict(C_m=1000.0, tau_m=20.0, t_ref=3.0, E_L=-65.0, V_m=-65.0, V_th=-50.0, V_reset=-65.0, I_e=700.0),
        1.0,
    ),
    "gsfa": (
        "iaf_cond_exp_sfa_rr",
        dict(C_m=1000.0, g_L=50.0, t_ref=2.0, E_L=-65.0, V_m=-65.0, V_th=-50.0, V_reset=-65.0, I_e=1200.0, E_ex=0.0,
             E_in=-70.0, tau_syn_ex=5.0, tau_syn_in=5.0, tau_sfa=100.0, E_sfa=-75.0, q_sfa=15.0, tau_rr=2.0, E_rr=-75.0,
             q_rr=3000.0),
        1000.0,
    ),
}
# Short-term plasticity on a cell that does not spike: synapse, its parameters, weight.
SHORT_TERM = {
    "depressing": (dict(U=0.5, tau_rec=800.0, tau_facil=0.0), 2.0),
    "facilitating": (dict(U=0.04, tau_rec=100.0, tau_facil=1000.0), 4.0),
}
# The pair rule: weight dependence, its parameters. NEST wants w_min = 0.
PAIRS = {
    "additive": ("AdditiveWeightDependence", dict()),
    "multiplicative": ("MultiplicativeWeightDependence", dict()),
    "mixed": ("AdditivePotentiationMultiplicativeDepression", dict()),
    "gutig": ("GutigWeightDependence", dict(mu_plus=0.3, mu_minus=0.7)),
}


def setup(sim, dt):
    sim.setup(timestep=dt, min_delay=dt, max_delay=2.0, **SETUP)


def source(sim, times, cell, synapse, receptor):
    of = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
    return sim.Projection(of, cell, sim.AllToAllConnector(), synapse, receptor_type=receptor)


def recorded(cell):
    segment = cell.get_data().segments[0]
    spikes = [float(t) for t in segment.spiketrains[0].magnitude]
    return [float(v) for v in segment.filter(name="v")[0].magnitude[:, 0]], spikes


def run_one(sim, kind, parameters, weights, dt):
    """v of every step (mV) and the spike times (ms) of one cell."""
    setup(sim, dt)
    cell = sim.Population(1, getattr(sim, kind)(**parameters))
    cell.record(["spikes", "v"])
    for times, weight, receptor in zip((EXC, INH), weights, ("excitatory", "inhibitory")):
        source(sim, times, cell, sim.StaticSynapse(weight=weight, delay=DELAY), receptor)
    sim.run(DURATION)
    out = recorded(cell)
    sim.end()
    return out


def run_native(kind, parameters, factor, weights, dt):
    import nest

    nest.ResetKernel()
    nest.resolution = dt
    cell = nest.Create(kind, 1, parameters)
    # The meter's first sample is that of the first step.
    first = cell.get("V_m")
    meter = nest.Create("multimeter", 1, dict(record_from=["V_m"], interval=dt))
    nest.Connect(meter, cell, syn_spec=dict(delay=dt))
    detector = nest.Create("spike_recorder")
    nest.Connect(cell, detector)
    # Inhibitory weights are negative in NEST, of conductances too.
    for times, weight in zip((EXC, INH), (weights[0], -abs(weights[1]))):
        generator = nest.Create("spike_generator", 1, dict(spike_times=times))
        nest.Connect(generator, cell, syn_spec=dict(weight=weight * factor, delay=DELAY))
    nest.Simulate(DURATION + 1.0)
    spikes = [float(t) for t in detector.get("events")["times"] if t <= DURATION]
    return [first] + [float(v) for v in meter.get("events")["V_m"]], spikes


def run_short_term(sim, parameters, weight, dt):
    setup(sim, dt)
    cell = sim.Population(1, sim.IF_curr_exp(tau_syn_E=3.0))
    cell.record(["spikes", "v"])
    source(sim, EXC, cell, sim.TsodyksMarkramSynapse(weight=weight, delay=DELAY, **parameters), "excitatory")
    sim.run(DURATION)
    out = recorded(cell)
    sim.end()
    return out


def run_pairs(sim, dependence, parameters, dt):
    """v, spikes, and the weight after each spike of the source."""
    setup(sim, dt)
    cell = sim.Population(1, sim.IF_curr_exp(tau_syn_E=2.0, tau_refrac=2.0))
    cell.record(["spikes", "v"])
    source(sim, KICKS, cell, sim.StaticSynapse(weight=20.0, delay=DELAY), "excitatory")
    dependence = getattr(sim, dependence)(w_min=0.0, w_max=1.0, **parameters)
    # PyNN 0.13.0 forgets mu_plus and mu_minus on the way to NEST, and takes 0.5.
    dependence.parameter_space.update(**parameters)
    rule = sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(tau_plus=15.0, tau_minus=25.0, A_plus=0.07, A_minus=0.05),
        weight_dependence=dependence,
        weight=0.4,
        delay=DELAY,
    )
    plastic = source(sim, PRE, cell, rule, "excitatory")
    weights = []
    for time in PRE:
        sim.run_until(time + 2.0)
        weights.append((time, float(plastic.get("weight", format="list", with_address=False)[0])))
    sim.run_until(DURATION)
    out = recorded(cell)
    sim.end()
    return out + (weights,)


def run(dt):
    sim = importlib.import_module(f"pyNN.{BACKEND}")
    traces, spikes, weights = {}, [], []

    def attempt(name, make):
        try:
            traces[name], times, *more = make()
        except Exception as error:
            # PyNN 0.13 has no IF_curr_delta and no GIF_cond_exp with NEURON.
            print(f"{name} is left out: {error!r}")
            return
        spikes.extend((name, time) for time in times)
        weights.extend((name, *row) for row in (more[0] if more else []))

    for name, (kind, parameters, *strengths) in CELLS.items():
        if BACKEND == "nest" and name in NATIVE:
            attempt(name, lambda: run_native(*NATIVE[name], strengths, dt))
        else:
            attempt(name, lambda: run_one(sim, kind, parameters, strengths, dt))
    for name, (parameters, weight) in SHORT_TERM.items():
        attempt(name, lambda: run_short_term(sim, parameters, weight, dt))
    for name, (dependence, parameters) in PAIRS.items():
        attempt(name, lambda: run_pairs(sim, dependence, parameters, dt))
    stem = os.path.join(DATA, f"pynn_{BACKEND}_{dt}")
    head = f"# PyNN 0.13.0, {BACKEND}, dt {dt} ms; cells and input as in pynn/make.py\n"
    every = round(0.5 / dt)
    with open(f"{stem}_v.csv", "w") as out:
        out.write(head + "t," + ",".join(traces) + "\n")
        for row in range(0, round(DURATION / dt), every):
            out.write(f"{row * dt:.1f}," + ",".join(f"{v[row]:.9f}" for v in traces.values()) + "\n")
    with open(f"{stem}_spikes.csv", "w") as out:
        out.write(head + "cell,t\n")
        out.writelines(f"{name},{time:.6f}\n" for name, time in spikes)
    with open(f"{stem}_weights.csv", "w") as out:
        out.write(head + "synapse,t,weight\n")
        out.writelines(f"{name},{time:.1f},{weight:.9f}\n" for name, time, weight in weights)
    for name in traces:
        print(dt, name, [round(t, 2) for n, t in spikes if n == name])


run(float(sys.argv[2]))
