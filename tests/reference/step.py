"""NEURON's fixed step on one compartment, in plain Python.

With v, states and concentrations at t, one step to t + dt does, in this order:
1. events with a time up to t + dt/2 are delivered (a jump of g at t, whole);
2. currents are taken at v(t) with the states at t, clamps and other functions of time at t + dt/2;
   reversal potentials from the concentrations at t;
3. v is solved implicitly with the slope of the currents:
   (C/dt + G) (v' - v) = -I, and with secondorder = 2 over half the step, extrapolated;
4. states advance over dt with the rates at v(t + dt): exponentially (cnexp) or implicitly (sparse); pools
   with the currents of 2 (with secondorder = 2 moved along the slope to v(t + dt/2));
5. t + dt: everything is recorded. Recorded currents are those of 2, thus one step behind the voltage.
"""
from math import exp, log, pi

AREA = pi * 20e-4 * 20e-4   # cm2
TO_DENSITY = 1e-6 / AREA    # mA/cm2 per nA
CM = 1e-3                   # uF/cm2 in the unit of mA/cm2, ms and mV
F, R = 96485.33212331001, 8.31446261815324
G_PAS, E_PAS = 1e-4, -65.0


def trap(x, y):
    return y * (1 - x / y / 2) if abs(x / y) < 1e-6 else x / (exp(x / y) - 1)


def hh_rates(v):
    """[(steady state, time constant)] of m, h, n at 6.3 degrees C (Hodgkin & Huxley 1952)."""
    ab = [(0.1 * trap(-(v + 40), 10), 4 * exp(-(v + 65) / 18)),
          (0.07 * exp(-(v + 65) / 20), 1 / (exp(-(v + 35) / 10) + 1)),
          (0.01 * trap(-(v + 55), 10), 0.125 * exp(-(v + 65) / 80))]
    return [(a / (a + b), 1 / (a + b)) for a, b in ab]


def relax(x, steady, tau, dt):
    return x + (1 - exp(-dt / tau)) * (steady - x)


def advance(v, current, slope, dt, second_order=0):
    """v(t + dt) from the outward current (mA/cm2) and its slope at v(t)."""
    if second_order:
        return v + 2 * -current / (CM / (dt / 2) + slope)
    return v - current / (CM / dt + slope)


def hh_currents(v, m, h, n):
    """(ina, ik, il, slopes of the three)."""
    gna, gk, gl = 0.12 * m ** 3 * h, 0.036 * n ** 4, 0.0003
    return gna * (v - 50), gk * (v + 77), gl * (v + 54.3), gna, gk, gl


def grid(n, dt):
    t = 0.0
    for _ in range(n):
        mid = t + 0.5 * dt
        t = mid + 0.5 * dt
        yield mid


def hh(n, dt, injected, second_order):
    v = -65.0
    x = [s for s, _ in hh_rates(v)]
    first = hh_currents(v, *x)
    rows = [(v, *x, first[0], first[1])]
    for mid in grid(n, dt):
        ina, ik, il, gna, gk, gl = hh_currents(v, *x)
        new = advance(v, ina + ik + il - injected(mid) * TO_DENSITY, gna + gk + gl, dt, second_order)
        if second_order:
            ina, ik = ina + gna * (new - v) / 2, ik + gk * (new - v) / 2
        v = new
        x = [relax(y, steady, tau, dt) for y, (steady, tau) in zip(x, hh_rates(v))]
        rows.append((v, *x, ina, ik))
    return zip(*rows)


def synapse(n, dt, events, taus):
    """One time constant: ExpSyn; two: Exp2Syn, normalised to a peak of the weight."""
    factor = 1.0
    if len(taus) > 1:
        rise, decay = taus
        peak = rise * decay / (decay - rise) * log(decay / rise)
        factor = 1 / (exp(-peak / decay) - exp(-peak / rise))
    states, v, waiting = [0.0] * len(taus), E_PAS, sorted(events)
    rows = [(v, 0.0, *states)]
    for mid in grid(n, dt):
        while waiting and waiting[0][0] <= mid:
            weight = waiting.pop(0)[1]
            states = [x + weight * factor for x in states]
        g = states[0] if len(taus) == 1 else states[1] - states[0]
        i = g * v
        v = advance(v, G_PAS * (v - E_PAS) + i * TO_DENSITY, G_PAS + g * TO_DENSITY, dt)
        states = [relax(x, 0.0, tau, dt) for x, tau in zip(states, taus)]
        rows.append((v, i, *states))
    return zip(*rows)


def alpha(n, dt, onset, tau, gmax):
    v = E_PAS
    rows = [(v, 0.0)]
    for mid in grid(n, dt):
        x = (mid - onset) / tau
        # NEURON cuts the tail off after ten time constants.
        g = gmax * x * exp(1 - x) if 0 <= x <= 10 else 0.0
        i = g * v
        v = advance(v, G_PAS * (v - E_PAS) + i * TO_DENSITY, G_PAS + g * TO_DENSITY, dt)
        rows.append((v, i))
    return zip(*rows)


def seclamp(n, dt, level, rs):
    v = -65.0
    x = [s for s, _ in hh_rates(v)]
    rows = [(v, 0.0, *x)]
    for mid in grid(n, dt):
        ina, ik, il, gna, gk, gl = hh_currents(v, *x)
        target = level(mid)
        into, conductance = (0.0, 0.0) if target is None else ((target - v) / rs, 1 / rs)
        new = advance(v, ina + ik + il - into * TO_DENSITY, gna + gk + gl + conductance * TO_DENSITY, dt)
        v = new
        x = [relax(y, steady, tau, dt) for y, (steady, tau) in zip(x, hh_rates(v))]
        # Unlike other currents this one is recorded at the new voltage.
        rows.append((v, 0.0 if target is None else (target - v) / rs, *x))
    return zip(*rows)


def nernst(inside, outside, celsius=6.3):
    return 1e3 * R * (celsius + 273.15) / (2 * F) * log(outside / inside)


def ghk(v, inside, outside, celsius=6.3):
    u = 2e-3 * F * v / (R * (celsius + 273.15))
    ratio = lambda x: 1 - x / 2 if abs(x) < 1e-4 else x / (exp(x) - 1)
    return 2e-3 * F * (inside * ratio(-u) - outside * ratio(u))


def calcium(n, dt, permeable):
    v, cai, cao = E_PAS, 1e-4, 2.0
    steady = lambda v: 1 / (1 + exp(-(v + 20) / 6))
    m = steady(v)

    def current(v):
        if permeable:
            i = lambda v: 1e-4 * m * m * ghk(v, cai, cao)
            return i(v), (i(v + 0.001) - i(v)) / 0.001
        return 0.001 * m * m * (v - nernst(cai, cao)), 0.001 * m * m
    rows = [(v, m, cai, current(v)[0], nernst(cai, cao))]
    for mid in grid(n, dt):
        injected = 0.15 if 2 <= mid < 17 else 0.0
        eca = nernst(cai, cao)
        ica, slope = current(v)
        v = advance(v, G_PAS * (v - E_PAS) + ica - injected * TO_DENSITY, G_PAS + slope, dt)
        m = relax(m, steady(v), 1.5, dt)
        cai = relax(cai, 1e-4 - 20 * 1e4 * ica / (2 * F * 0.1), 20.0, dt)
        rows.append((v, m, cai, ica, eca))
    return zip(*rows)


def kinetic(n, dt):
    def implicit(c1, c2, o, dt):
        """One implicit step of the scheme at v, by elimination of c1 = 1 - c2 - o."""
        a, b = 0.4 * exp((v + 30) / 25), 0.2 * exp(-(v + 30) / 30)
        w = 1 / dt
        # c2: w (c2' - c2) = a (1 - c2' - o') - (b + 1) c2' + 0.3 o'; o: w (o' - o) = c2' - 0.3 o'
        p, q, r = w + a + b + 1, a - 0.3, w * c2 + a
        o_new = (w * o + r / p) / (w + 0.3 + q / p)
        c2_new = (r - q * o_new) / p
        return 1 - c2_new - o_new, c2_new, o_new
    v = E_PAS
    # For the steady state NEURON takes one step of 1e9 ms, which leaves errors of some 1e-9.
    x = implicit(1.0, 0.0, 0.0, 1e15)
    rows = [(v, *x, 0.002 * x[2] * (v + 80))]
    for mid in grid(n, dt):
        injected = 0.15 if 2 <= mid < 12 else 0.0
        g = 0.002 * x[2]
        i = g * (v + 80)
        v = advance(v, G_PAS * (v - E_PAS) + i - injected * TO_DENSITY, G_PAS + g, dt)
        x = implicit(*x, dt)
        rows.append((v, *x, i))
    return zip(*rows)
