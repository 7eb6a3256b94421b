: ExpSyn_2: expOneSynapse
: Made from model.toml by neuropil VERSION

NEURON {
    POINT_PROCESS ExpSyn_2
    NONSPECIFIC_CURRENT i
    RANGE gbase, erev, tauDecay, g
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
    v (mV)
    gbase = 0.001 (uS)
    erev = 0 (mV)
    tauDecay = 5 (ms)
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
