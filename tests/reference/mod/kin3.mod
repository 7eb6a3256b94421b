TITLE a channel with two closed states and an open one

COMMENT
C1 <-> C2 <-> O; the open channels carry a current with a reversal potential of their own.
Rates: C1 -> C2 a = 0.4 exp((v + 30) / 25), back b = 0.2 exp(-(v + 30) / 30); C2 -> O c = 1, back d = 0.3 (1/ms).
ENDCOMMENT

NEURON {
    SUFFIX kin3
    NONSPECIFIC_CURRENT i
    RANGE gbar, erev
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gbar = 0.002 (S/cm2)
    erev = -80 (mV)
}

ASSIGNED {
    v (mV)
    i (mA/cm2)
    a (/ms)
    b (/ms)
}

STATE { c1 c2 o }

INITIAL {
    SOLVE scheme STEADYSTATE sparse
}

BREAKPOINT {
    SOLVE scheme METHOD sparse
    i = gbar * o * (v - erev)
}

KINETIC scheme {
    a = 0.4 (/ms) * exp((v + 30 (mV)) / 25 (mV))
    b = 0.2 (/ms) * exp(-(v + 30 (mV)) / 30 (mV))
    ~ c1 <-> c2 (a, b)
    ~ c2 <-> o (1 (/ms), 0.3 (/ms))
    CONSERVE c1 + c2 + o = 1
}
