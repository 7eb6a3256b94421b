TITLE slow: expOneSynapse

COMMENT
Made from model.toml by neuropil VERSION
ENDCOMMENT

NEURON {
    THREADSAFE
    POINT_PROCESS slow
    NONSPECIFIC_CURRENT i
    RANGE gbase, erev, tauDecay, g, i
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
    gbase = 0.003 (uS)
    erev = 0 (mV)
    tauDecay = 10 (ms)
}

ASSIGNED {
    v (mV)
    i (nA)
}

STATE {
    g (uS)
}

INITIAL {
    g = 0
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = g*(v - erev)
}

DERIVATIVE states {
    g' = -(g/tauDecay)
}

NET_RECEIVE(weight) {
    g = g + weight*gbase
}
