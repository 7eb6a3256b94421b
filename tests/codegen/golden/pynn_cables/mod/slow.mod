TITLE slow: expTwoSynapse

COMMENT
Made from model.toml by neuropil VERSION
ENDCOMMENT

NEURON {
    THREADSAFE
    POINT_PROCESS slow
    NONSPECIFIC_CURRENT i
    RANGE gbase, erev, tauRise, tauDecay, waveformFactor, A, B, g, i
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (nA) = (nanoamp)
    (uS) = (microsiemens)
    (S) = (siemens)
    (um) = (micron)
    (mM) = (milli/liter)
}

PARAMETER {
    gbase = 0.0005 (uS)
    erev = 0 (mV)
    tauRise = 1 (ms)
    tauDecay = 8 (ms)
    waveformFactor = 1.5381716487226929
}

ASSIGNED {
    v (mV)
    g (uS)
    i (nA)
}

STATE {
    A
    B
}

INITIAL {
    A = 0
    B = 0
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    g = gbase*(B - A)
    i = g*(v - erev)
}

DERIVATIVE states {
    A' = -(A/tauRise)
    B' = -(B/tauDecay)
}

NET_RECEIVE(weight) {
    A = A + weight*waveformFactor
    B = B + weight*waveformFactor
}
